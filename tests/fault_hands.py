"""What somebody or something does at a channel that is no failing call and no switch, for the table of faults."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from orderweft import Request, Response
from orderweft.testing import Faulty, SftpServer, Simulator, brand

from .streets import Street

NUMBER = 9_000_002
ORDERS, LEVELS = ("data", "orders", "nodes"), ()
"""Where the rows of an answer stand."""
_NAME = b'"customer_name": "'


@dataclass(frozen=True)
class Play:
    """Two accounts, and the end of the street something happens at."""

    street: Street
    side: str
    running: ExitStack

    @property
    def end(self) -> Any:
        """Return the simulator there."""
        return self.street.ends[self.side]


class Altered(Faulty):
    """A handler that changes the answers to one operation: each is given with how many of them there were before."""

    def __init__(self, simulator: Simulator, operation: str, change: Callable[[Response, int], Response]) -> None:
        super().__init__(simulator)
        self._operation, self._change = operation, change

    def __call__(self, request: Request) -> Response:
        """Answer *request*."""
        response = super().__call__(request)
        if self.simulator.operation(request) != self._operation:
            return response
        return self._change(response, self.calls.count(self._operation) - 1)


def alter(operation: str, change: Callable[[Response, int], Response], play: Play) -> None:
    """Change the answers to one operation."""
    play.street.doors[play.side] = Altered(play.end, operation, change)


def respell(old: bytes, new: bytes, response: Response, before: int) -> Response:
    """Write another word for the first *old* one of the first answer."""
    assert before or old in response.body
    return response if before else replace(response, body=response.body.replace(old, new, 1))


def on_rows(at: Sequence[str], change: Callable[[list[Any]], list[Any]], response: Response, before: int) -> Response:
    """Change the rows that stand *at* a place of an answer."""
    body = json.loads(response.body)
    holder: Any = {"": body}
    *way, last = ("", *at)
    for name in way:
        holder = holder[name]
    holder[last] = change(holder[last])
    body = body if at else holder[last]
    return replace(response, body=json.dumps(body).encode())


class Again:
    """Rows of which the last one of a page comes once more on the next one."""

    def __init__(self) -> None:
        self._last: list[Any] = []

    def __call__(self, rows: list[Any]) -> list[Any]:
        """Return *rows* with the last one of the page before in front."""
        rows, self._last = [*self._last, *rows], rows[-1:]
        return rows


def twice(operation: str, at: Sequence[str], play: Play) -> None:
    """Have the last row of each page come once more."""
    alter(operation, partial(on_rows, at, Again()), play)


def reverse(operation: str, at: Sequence[str], play: Play) -> None:
    """Have the rows of each page come in another order."""
    alter(operation, partial(on_rows, at, lambda rows: rows[::-1]), play)


def page_again(play: Play) -> None:
    """Answer each call for a page with the first one, until somebody mends it."""
    first: list[Response] = []

    def change(response: Response, before: int) -> Response:
        first.append(response)
        return first[0]

    alter("ReadOrders", change, play)
    play.street.mend = lambda: play.street.doors.update({play.side: Faulty(play.end)})


def row_error(play: Play) -> None:
    """Have a bulk result say an error in the place of its first row."""

    def change(response: Response, before: int) -> Response:
        _, _, others = response.body.partition(b"\n")
        return replace(response, body=b'{"errors":[{"message":"Internal error"}],"__lineNumber":0}\n' + others)

    alter("bulk.download", change, play)


def rotation(play: Play) -> None:
    """Have the secret of the account replaced, and only later in the settings too."""
    street, name = play.street, {"joor": "token", "shopify": "client_secret", "zedonk": "password"}
    channel, account = street.channels[play.side], street.accounts[play.side]
    if channel == "oms_generic":
        old: dict[str, Any] = {"values": {**play.end.settings()["values"], "api_key": "the-one-of-last-year"}}
    else:
        old = {name[channel]: "the-one-of-last-year"}
    street.accounts[play.side] = {**account, **old}
    street.mend = lambda: street.accounts.update({play.side: account})


def seven_orders(play: Play) -> None:
    """Have more orders come than are taken in a minute."""
    for _ in range(4):
        play.street.ends["from"].add_order({brand.skus()[0].sku: 1})  # type: ignore[attr-defined]


def unknown_state(play: Play) -> None:
    """Give an order a state that no page of JOOR's names."""
    play.end.orders[NUMBER].type_code = 2


def unknown_flag(play: Play) -> None:
    """Write a word into a column of yes and no."""
    file = play.end.exports("customers")[-1]
    headings, *rows = csv.reader(io.StringIO(file.read_text("utf-8-sig")))
    flag = headings.index("Active")
    next(row for row in rows if row[flag] == "true")[flag] = "perhaps"
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    file.write_text(text.getvalue(), "utf-8")


def sale(play: Play) -> None:
    """Sell a piece between the reading of stock and the writing."""
    shop, sku = play.end, brand.skus()[0].sku

    def sell(moment: str, operation: str) -> None:
        if (moment, operation) == ("before", "SetQuantities") and shop.available(sku, "London") == 7:
            shop.set_stock(sku, "London", 6)

    play.street.play(play.side, shop, watch=sell)


def expired_tokens(play: Play) -> None:
    """Let all tokens expire right before an order is created."""
    left = [play.end.system]

    def expire(moment: str, operation: str) -> None:
        if (moment, operation) == ("before", "order.upsert") and left:
            left.pop().expire_tokens()

    play.street.play(play.side, play.end, watch=expire)


def deactivated_location(play: Play) -> None:
    """Deactivate the location stock is written to, until somebody thinks better of it."""
    play.end.deactivate_location("London")
    play.street.mend = lambda: play.end.activate_location("London")


def bulk(fate: Any, play: Play) -> None:
    """Let the next bulk operation come to nothing."""
    play.end.plan_bulk(fate)


def half_written_export(play: Play) -> None:
    """Leave a half-written file beside the exports."""
    play.end.leave_part("customers")


def cut_export(play: Play) -> None:
    """Cut an export off in the middle of a row."""
    play.end.truncate_export("customers")


def empty_export(play: Play) -> None:
    """Leave nothing of an export, not even its headings."""
    play.end.empty_export("customers", header=False)


def vanished_exports(play: Play) -> None:
    """Remove all exports of customers."""
    for file in play.end.exports("customers"):
        file.unlink()


def exported_twice(play: Play) -> None:
    """Export everything once more."""
    play.end.export_files()


def vanished_order(play: Play) -> None:
    """Let somebody delete a file that was handed over, before it is imported."""

    def delete() -> None:
        for file in sorted((play.end.folder / "in" / "orders").glob("*.csv"))[:1]:
            file.unlink()
        play.street.before_work = lambda: None

    play.street.before_work = delete


def sftp(operation: Any, kind: Any, play: Play) -> None:
    """Reach the folder over a server one of whose answers goes wrong."""
    serve(play).fail(operation, kind)


def wrong_host_key(play: Play) -> None:
    """Reach the folder over a server that shows another key than the one known."""
    right, account = serve(play).host_key, play.street.accounts[play.side]
    account["host_key"] = f"SHA256:{'A' * 43}"
    play.street.mend = lambda: account.update(host_key=right)


def serve(play: Play) -> SftpServer:
    """Serve the folder of the tenant over SFTP."""
    server = play.running.enter_context(SftpServer(play.end.folder, password=str(play.end.settings()["password"])))
    play.street.accounts[play.side] = {"folder": server.address, "host_key": server.host_key}
    return server


HANDS: Mapping[str, Callable[[Play], None]] = {
    "rotation": rotation,
    "unknown state": unknown_state,
    "unknown fulfillment": partial(alter, "ReadOrders", partial(respell, b'"UNFULFILLED"', b'"BEAMED_UP"')),
    "unknown order state": partial(alter, "orders.read", partial(respell, b'"AWAITING_SHIPMENT"', b'"BEAMED_UP"')),
    "a name in Latin-1": partial(alter, "orders.read", partial(respell, _NAME, _NAME + b"\xe4")),
    "unknown flag": unknown_flag,
    "seven orders": seven_orders,
    "sale": sale,
    "deactivated location": deactivated_location,
    "order twice": partial(twice, "ReadOrders", ORDERS),
    "orders reversed": partial(reverse, "ReadOrders", ORDERS),
    "page again": page_again,
    "row twice": partial(twice, "stock.read", LEVELS),
    "rows reversed": partial(reverse, "stock.read", LEVELS),
    "bulk failed": partial(bulk, "failed"),
    "bulk expired": partial(bulk, "expired"),
    "bulk stuck": partial(bulk, "stuck"),
    "bulk cut": partial(bulk, "cut"),
    "bulk row error": row_error,
    "half-written export": half_written_export,
    "cut export": cut_export,
    "empty export": empty_export,
    "vanished exports": vanished_exports,
    "exported twice": exported_twice,
    "vanished order": vanished_order,
    "sftp write refuse": partial(sftp, "write", "refuse"),
    "sftp write permission": partial(sftp, "write", "permission"),
    "sftp write lose_before": partial(sftp, "write", "lose_before"),
    "sftp rename lose_after": partial(sftp, "rename", "lose_after"),
    "wrong host key": wrong_host_key,
    "expired tokens": expired_tokens,
}
