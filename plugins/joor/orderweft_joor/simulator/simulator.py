"""JOOR's order API in memory: v2, v4 and the token endpoint below one address."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, Unpack

from orderweft import Clock, Request, Response
from orderweft.testing import SystemClock, brand

from .books import Books
from .make import change, currency_of, line_of, order_of
from .model import Order, Refusal, Status
from .sample import FIRST_ID, Sample
from .sign_in import SignIn
from .switches import Switches, resolve
from .throttle import Throttle
from .v2 import V2
from .v4 import V4

_OPERATIONS = (
    ("orders.read", "GET", re.compile(r"/v2/order/?")),
    ("order.read", "GET", re.compile(r"/v2/order/[^/]+/?")),
    ("orders.v4_read", "GET", re.compile(r"/v4/orders/?")),
    ("orders.acknowledge", "POST", re.compile(r"/v4/orders/bulk_update/?")),
    ("auth.token", "POST", re.compile(r"/auth/?")),
)
_CREDENTIALS = ("token", "account_id", "client_id", "client_secret", "username", "password")


class Simulator:
    """One JOOR account with the sample brand's orders.

    *orders* is `sample` or `none`; *many* adds that many ordinary orders. The other arguments are switches, one for
    each thing the documentation leaves open; the first value named is the default, and flags are off.

    How v2 writes:
    `root_node`: `none`, a node around the `whole` answer, or one around the `list`.
    `list_name`: the list is called `orders` or `order`.
    `single_as_object`: a single order comes as an object instead of a list.
    `code`: `number` or `text`.
    `empty_list`: an empty list is empty `text` or a `list`.
    `missing`: a missing scalar is empty `text` or `null`.
    `numbers`: every other number is a `number` or `text`.
    `dates`: instants with `offset`, in bare `seconds`, with a `fraction`, or as bare `days`.
    `ship_dates`: ship dates as bare `days` or as `instants`.
    `case_packs`: `item_quantity` counts `units` or `packs`; the extended price always covers all pieces.

    How v2 pages:
    `last_page`: its `next_start` is `absent`, `zero`, `empty` text, a `repeat` of `start_from`, or `beyond` the end.
    `response_count`: `response.count` is the `total` or that of the `page`.
    `paging`: `live`, so that what leaves the result shifts the rest, or a `snapshot` taken with the first page.
    `sort`: by `id`, by `modified` date, or `newest` first.
    `max_count`: the largest page, whatever `count` asks for; 0 for any size.

    What v2 reads find, mark and refuse:
    `ignore_order_type`: every status is returned, whatever `order_type` asks for.
    `carts`: orders in progress are `included` in "all" (4 and 8) or `left_out`.
    `order_id_filter`: the list honors a parameter `order_id` instead of ignoring it.
    `sync_0`: reading without marking is `allowed` or `refused` with code 403.
    `single_read`: reading one order marks it `by_sync` as the list does, `never`, or `always`, `sync=0` or not.
    `required_fields`: header fields the account's validation asks for, none by default.
    `v2_errors`: a refusal is told by `code` under HTTP 200 or by HTTP `status`; 401 and 429 always by status.

    Credentials and credits:
    `auth`: `strict` takes `OAuth2 base64(token)` on v2 and `Bearer` on v4 only; `lenient` also what clients were seen
    to send.
    `throttle`: `on` or `off`.
    `retry_after`: a 429 carries that header.

    v4:
    `v4_export`: the export state is `shared` with v2, both ways, or kept `separate`.
    `v4_undefined`: `UNDEFINED` `resets` a shared state or `keeps` it.
    `export_modifies`: a change of the export state, by whomever, counts as a modification.
    `error_details`: an error names its row by `id`, by `order_id`, or not at all: `none`.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        orders: Literal["sample", "none"] = "sample",
        many: int = 0,
        **switches: Unpack[Switches],
    ) -> None:
        self._clock = clock or SystemClock()
        self._switches = resolve(switches)
        self._credentials = {name: f"simulated-{name}-{seed}" for name in _CREDENTIALS}
        sample = Sample(self._clock.now(), seed)
        if orders == "sample":
            sample.fill()
        sample.extend(many)
        self.awkward: Mapping[str, int] = sample.awkward
        """The awkward orders of the sample: id by kind."""
        self.requests = 0
        """How many requests have come in."""
        random_ = random.Random(seed)
        self._books = Books(sample.orders, self._clock, self._switches)
        self._sign_in = SignIn(self._credentials, self._clock, self._switches, random_)
        self._throttle = Throttle(self._clock)
        self._v2 = V2(self._books, self._switches, random_)
        self._v4 = V4(self._books, self._credentials["account_id"], self._switches)
        self._answers: dict[str, Callable[[Request], Response]] = {
            "orders.read": self._v2.read_list,
            "order.read": self._v2.read_one,
            "orders.v4_read": self._v4.read,
            "orders.acknowledge": self._v4.bulk_update,
        }

    def operation(self, request: Request) -> str:
        """Name what *request* asks for: `orders.read`, `order.read`, `orders.v4_read` and so on, or `unknown`."""
        for name, method, path in _OPERATIONS:
            if request.method == method and path.fullmatch(request.path):
                return name
        return "unknown"

    def handle(self, request: Request) -> Response:
        """Answer *request* and change the state accordingly."""
        self.requests += 1
        operation = self.operation(request)
        if operation == "auth.token":
            return self._sign_in.issue(request)
        if operation == "unknown":
            return Response(404, {"content-type": "text/plain"}, b"Not Found")
        api: V2 | V4 = self._v2 if request.path.startswith("/v2/") else self._v4
        allowed = self._sign_in.allows_v2(request) if api is self._v2 else self._sign_in.allows_v4(request)
        if not allowed:
            return api.refuse(Refusal(401, "the credentials are not valid"))
        response = self._throttled(request)
        if response is None:
            try:
                response = self._answers[operation](request)
            except Refusal as refusal:
                response = api.refuse(refusal)
        account = {"x-throttling-account-id": self._credentials["account_id"]}
        return replace(response, headers={**response.headers, **account})

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials this simulator takes, by setting name."""
        return dict(self._credentials)

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count in this account."""
        return {
            "orders": len(self.orders),
            "marked by being read": len(self.marked()),
            "acknowledged": len(self.acknowledged),
        }

    @property
    def orders(self) -> Mapping[int, Order]:
        """Return every order by its id."""
        return self._books.orders

    @property
    def acknowledged(self) -> Mapping[int, tuple[str, str]]:
        """Return the last export status and description set by v4, by order id."""
        return self._books.acknowledged

    def marked(self) -> frozenset[int]:
        """Return the orders whose export state a read has changed."""
        return frozenset(self._books.marked)

    def approve(self, order_id: int) -> None:
        """Approve an order, as a person in JOOR."""
        self._books.change_status(self.orders[order_id], "approved")

    def cancel(self, order_id: int) -> None:
        """Cancel an order, as a person in JOOR."""
        self._books.change_status(self.orders[order_id], "cancelled")

    def to_pending(self, order_id: int) -> None:
        """Take an order back to pending, as a person in JOOR."""
        self._books.change_status(self.orders[order_id], "pending")

    def set_to_reexport(self, order_id: int) -> None:
        """Have an order exported once more, as a person in JOOR."""
        self._books.reset(self.orders[order_id])

    def edit(
        self, order_id: int, *, line: int = 0, quantity: int | None = None, barcode: str | None = None, **fields: Any
    ) -> None:
        """Change the *quantity* or *barcode* of one line, and header *fields* by their names on the wire."""
        order = self.orders[order_id]
        change(order, **fields)
        if quantity is not None:
            order.lines[line].quantity = quantity
        if barcode is not None:
            order.lines[line].barcode = barcode
        order.modified_at = self._clock.now()

    def add_order(
        self,
        pieces: Mapping[str, int] | None = None,
        *,
        customer: str = "C100",
        status: Status = "approved",
        **fields: Any,
    ) -> int:
        """Add an order of *customer*, with *pieces* by SKU of the sample brand, and return its id."""
        buyer = next(buyer for buyer in brand.buyers() if buyer.code == customer)
        skus = {sku.sku: sku for sku in brand.skus()}
        wanted = pieces if pieces is not None else {"1001-401-S": 4, "1001-401-M": 6}
        lines = [line_of(skus[sku], quantity, currency_of(buyer)) for sku, quantity in wanted.items()]
        order_id = max(self.orders, default=FIRST_ID - 1) + 1
        now = self._clock.now()
        order = order_of(order_id, buyer, lines, status=status, created_at=now, modified_at=now, **fields)
        self._books.orders[order_id] = order
        return order_id

    def delete_style(self, style_number: str) -> None:
        """Delete a style, leaving it on the orders, so that `check=2` fails them."""
        self._books.deleted_styles.add(style_number)

    def _throttled(self, request: Request) -> Response | None:
        wait = self._throttle.charge(request.method) if self._switches["throttle"] == "on" else 0.0
        if not wait:
            return None
        headers = {"content-type": "text/plain"}
        if self._switches["retry_after"]:
            headers["retry-after"] = str(int(wait) + 1)
        return Response(429, headers, b"Too Many Requests")
