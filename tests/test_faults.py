"""Whatever goes wrong at a channel: the run does what the table of faults says, and in the end everything is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from orderweft import SettingsError
from orderweft.testing import FakeClock, SftpServer, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_zedonk.simulator import Simulator as Zedonk

from .fault_table import ROWS, WORKS, Outcome, Row
from .streets import PLUGINS, Street

MANY = 3
SWITCHES: Mapping[str, Mapping[str, Any]] = {"joor": {"orders": "none", "many": MANY}}
NUMBER = 9_000_002
WORDS: Mapping[str, Outcome] = {"done": "goes on", "held": "holds", "failed": "ends"}


class Slow(FakeClock):
    """A clock that is behind another one."""

    def __init__(self, clock: FakeClock, behind: timedelta) -> None:
        super().__init__()
        self._other, self._behind = clock, behind

    def now(self) -> Any:
        """Return the instant it shows."""
        return self._other.now() - self._behind


def unknown_state(street: Street, running: ExitStack) -> None:
    """Give an order a state that no page of JOOR's names."""
    joor(street).orders[NUMBER].type_code = 2


def slow_clock(street: Street, running: ExitStack) -> None:
    """Let JOOR be played by the clock of a machine that is slow."""
    slow = Slow(street.clock, timedelta(minutes=50))
    street.play("from", Joor(clock=slow, **SWITCHES["joor"]))


def sale(street: Street, running: ExitStack) -> None:
    """Sell a piece between the reading of stock and the writing."""
    shop, sku = shopify(street, "to"), brand.skus()[0].sku

    def sell(moment: str, operation: str) -> None:
        if (moment, operation) == ("before", "SetQuantities") and shop.available(sku, "London") == 7:
            shop.set_stock(sku, "London", 6)

    street.play("to", shop, watch=sell)


def bulk(fate: Any, street: Street, running: ExitStack) -> None:
    """Let the next bulk operation come to nothing."""
    shopify(street, "from").plan_bulk(fate)


def half_written_export(street: Street, running: ExitStack) -> None:
    """Leave a half-written file beside the exports."""
    zedonk(street, "from").leave_part("customers")


def cut_export(street: Street, running: ExitStack) -> None:
    """Cut an export off in the middle of a row."""
    zedonk(street, "from").truncate_export("customers")


def empty_export(street: Street, running: ExitStack) -> None:
    """Leave nothing of an export, not even its headings."""
    zedonk(street, "from").empty_export("customers", header=False)


def vanished_exports(street: Street, running: ExitStack) -> None:
    """Remove all exports of customers."""
    for file in zedonk(street, "from").exports("customers"):
        file.unlink()


def joor(street: Street) -> Joor:
    """Return the JOOR account orders come from."""
    return cast(Joor, street.ends["from"])


def shopify(street: Street, name: str) -> Shopify:
    """Return the shop at one end."""
    return cast(Shopify, street.ends[name])


def zedonk(street: Street, name: str) -> Zedonk:
    """Return the tenant at one end."""
    return cast(Zedonk, street.ends[name])


def vanished_order(street: Street, running: ExitStack) -> None:
    """Let somebody delete a file that was handed over, before it is imported."""

    def delete() -> None:
        for file in sorted((zedonk(street, "to").folder / "in" / "orders").glob("*.csv"))[:1]:
            file.unlink()
        street.before_work = lambda: None

    street.before_work = delete


def sftp(operation: Any, kind: Any, street: Street, running: ExitStack) -> None:
    """Reach the folder over a server one of whose answers goes wrong."""
    server = serve(street, running)
    server.fail(operation, kind)


def wrong_host_key(street: Street, running: ExitStack) -> None:
    """Reach the folder over a server that shows another key than the one known."""
    right = serve(street, running).host_key
    street.accounts["to"]["host_key"] = f"SHA256:{'A' * 43}"
    street.mend = lambda: street.accounts["to"].update(host_key=right)


def serve(street: Street, running: ExitStack) -> SftpServer:
    """Serve the folder of the tenant over SFTP."""
    end = zedonk(street, "to")
    server = running.enter_context(SftpServer(end.folder, password=str(end.settings()["password"])))
    street.accounts["to"] = {"folder": server.address, "host_key": server.host_key}
    return server


HANDS: Mapping[str, Callable[[Street, ExitStack], None]] = {
    "unknown state": unknown_state,
    "slow clock": slow_clock,
    "sale": sale,
    "bulk failed": partial(bulk, "failed"),
    "bulk stuck": partial(bulk, "stuck"),
    "bulk cut": partial(bulk, "cut"),
    "half-written export": half_written_export,
    "cut export": cut_export,
    "empty export": empty_export,
    "vanished exports": vanished_exports,
    "vanished order": vanished_order,
    "sftp write refuse": partial(sftp, "write", "refuse"),
    "sftp write permission": partial(sftp, "write", "permission"),
    "sftp write lose_before": partial(sftp, "write", "lose_before"),
    "sftp rename lose_after": partial(sftp, "rename", "lose_after"),
    "wrong host key": wrong_host_key,
}
"""What happens at a channel that is no failing call and no switch."""


def open_street(folder: Path, row: Row, running: ExitStack) -> Street:
    """Open the two accounts of *row*, with what goes wrong there."""
    work = WORKS[row.work]
    switches = {**SWITCHES, row.channel: {**SWITCHES.get(row.channel, {}), **row.switches}}
    street = Street(folder, work.kind, work.source, work.destination, switches=switches)
    street.answer()
    side = "from" if work.source == row.channel else "to"
    street.accounts[side] = dict(work.options)
    if work.kind == "inventory" and work.destination == "shopify":
        shopify(street, "to").set_stock(brand.skus()[0].sku, "London", 7)
    if row.hand:
        HANDS[row.hand](street, running)
    street.doors[side].faults.extend(row.calls)
    return street


def run(street: Street) -> tuple[Outcome, str]:
    """Run once and return how it went, and all that was told."""
    try:
        report = street.run()
    except SettingsError as error:
        return "refuses", str(error)
    told = [report.error or "", *(hold.message or "" for hold in report.holds), *report.warnings]
    return WORDS[report.result], " ".join(told)


def all_is_there(street: Street, *, but: int) -> None:
    """Assert that everything is at the destination once, *but* so many orders that wait for a person."""
    if street.kind == "orders":
        keys = street.delivered()
        assert len(keys) == MANY - but
        assert set(street.receipts(sorted(keys))) == keys
        facts = street.ends["to"].facts()
        assert (facts["orders"], facts.get("ordered twice", 0)) == (len(keys), 0)
    else:
        assert (sent := street.sent())
        assert sent == street.there() & sent
        assert street.states().keys() <= {"sent", "pending"}


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_fault_does_what_the_table_says(tmp_path: Path, row: Row) -> None:
    """The run goes as the table says and tells what it says; after a quiet one the table's end is reached."""
    with ExitStack() as running:
        street = open_street(tmp_path, row, running)
        outcome, told = run(street)
        assert outcome == row.run, told
        assert row.told in told or row.end == "held", told
        assert row.told or outcome == "goes on"
        for fault in row.calls:
            assert any(fault.operation in door.calls for door in street.doors.values())
        for door in street.doors.values():
            door.faults.clear()
        street.mend()
        quiet, later = run(street)
        assert (quiet, row.told in told + later) == ("holds" if row.end == "held" else "goes on", True), later
        all_is_there(street, but=int(row.end == "held"))
        if row.work == "joor notes":
            assert {status for status, _ in joor(street).acknowledged.values()} == {"SUCCESS"}
            assert len(joor(street).acknowledged) == MANY


def test_the_table_is_whole() -> None:
    """Every channel has its faults, and nothing in the table or beside it is left unused."""
    assert {row.channel for row in ROWS} == set(PLUGINS.channels)
    assert {row.work for row in ROWS} == set(WORKS)
    assert {row.hand for row in ROWS} - {""} == set(HANDS)
    assert len({row.id for row in ROWS}) == len(ROWS)
