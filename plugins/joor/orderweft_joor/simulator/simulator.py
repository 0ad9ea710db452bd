"""JOOR's API in memory: v2, v4 and the token endpoint below one address."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal, NamedTuple, Unpack

from orderweft import Clock, Request, Response
from orderweft.testing import SystemClock, brand

from .account import Account
from .catalog import Collection, Product
from .make import change, currency_of, line_of, order_of
from .model import Order, Refusal, Status
from .operations import operation_of
from .sample import FIRST_ID, Sample
from .sign_in import SignIn
from .switches import Switches, resolve
from .throttle import Throttle

_CREDENTIALS = ("token", "account_id", "client_id", "client_secret", "username", "password")
_SECRETS = ("token", "client_secret", "password")
_REMEMBERED = 1000


class Call(NamedTuple):
    """One call that meant to change something."""

    operation: str
    query: Mapping[str, str]
    body: Any
    """Decoded, None where there is none or it is not JSON."""


class Simulator:
    """One JOOR account with the sample brand's orders, products, stock and customers.

    *orders* is `sample` or `none`; *many* adds that many ordinary orders. *catalog* `none` leaves products, stock,
    collections and customers out, as in a new account. The other arguments are switches, one for each thing the
    documentation leaves open; the first value named is the default, and flags are off.

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

    Styles and customers by v2:
    `inner_nodes`: in JSON the nodes of single rows, such as `price` in `prices`, are `dropped` or `kept`.
    `missing_record`: a single style or customer that is not there is `refused`, or the list is `empty`.
    `style_key`: v2's style identifier is v4's `external_id` or its `product_identifier`; the other is the style number.
    `jobs`: a job goes on with each of its `polls` or by the `clock` (after two minutes it is done either way), or is
    `stuck`.
    `match_hours`: how long JOOR's staff takes to match new customers; with 0 they wait for `match_customers`.
    `customer_codes`: a code is another customer's unless `exact`; or `loose`, whatever its case and outer spaces.

    Stock:
    `inventory_json`: the body is an `object`, that object `wrapped` in a list, or JSON is `refused`.
    `identifier_spelling`: a row may have `both` spellings, or only the documented `identifer`, or only `identifier`.
    `immediate`: `inventory_date` `IMMEDIATE` is `accepted`; or `fails` its row; or has the call `refused`; or a row
    without date fails, one being `required`.
    `inventory_dates`: dates are read in `both` documented forms, only in the `iso` or only in the `us` one.
    `unknown_warehouse`: its row passes and is `ignored`, passes into the `default` warehouse, or `fails`.
    `negative_stock`: a negative quantity `fails` its row or is `clamped` to 0.
    `overwrite_scope`: overwriting clears the `account` or only the `warehouses` its rows name.
    `absent_style`: a style absent from it, with no stock left, becomes `made_to_order` or is just `cleared`.
    `made_to_order_stays`: a quantity does not end that; only `made_to_order` false does.
    `inventory_log`: what became of the rows is a `list`, an `object` for a single row, or `absent`.
    `log_sku`: a row of it is named by its `key` (the UPC, or what stands for it) or by all fields `joined`.
    `max_rows`: the most rows a write takes; 0 for any number.

    Catalog by v4:
    `v4_pages`: lists other than orders come `all` at once, or in `pages`.
    `grid`: SKUs that do not fill every color in every size are `refused`, or the rest is `filled` in.
    `color_code`: a color's `external_id` is `required` or `optional`.
    `price_values`: prices are written as `text` or as a `number`.
    `duplicate_products`: a product is known again by `external_id`, by `product_identifier`, or not: `accepted`.
    `row_errors`: an error's details have the row `named` or leave it `unnamed`; a duplicate price always names its SKU.
    `asset_ids`: an asset's `external_id` is `unique` among those there, among all there `ever` were, or `free`.
    `ship_orders`: an update to SHIPPED is `accepted`, or `refused`. `hide_tracking`: rows lack the tracking number.
    `tracking_length`: characters it may have at most; without limit when 0.
    `collection_items`: items given to an update have the others `replaced`, or are `added`.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        orders: Literal["sample", "none"] = "sample",
        many: int = 0,
        catalog: Literal["sample", "none"] = "sample",
        **switches: Unpack[Switches],
    ) -> None:
        self._clock = clock or SystemClock()
        self._switches = resolve(switches)
        self._credentials = {name: f"simulated-{name}-{seed}" for name in _CREDENTIALS}
        self._credentials |= {name: brand.secret(self._credentials[name]) for name in _SECRETS}
        sample = Sample(self._clock.now(), seed)
        if orders == "sample":
            sample.fill()
        sample.extend(many)
        self.awkward: Mapping[str, int] = sample.awkward
        """The awkward orders of the sample: id by kind."""
        self.requests = 0
        """How many requests have come in."""
        random_ = random.Random(seed)
        self.log: deque[Call] = deque(maxlen=_REMEMBERED)
        """The last calls that meant to change something."""
        self._account = Account(sample.orders, self._credentials["account_id"], self._clock, self._switches, random_)
        if catalog == "sample":
            self._account.fill()
        self._sign_in = SignIn(self._credentials, self._clock, self._switches, random_)
        self._throttle = Throttle(self._clock)

    def operation(self, request: Request) -> str:
        """Name what *request* asks for: `orders.read`, `order.read`, `orders.v4_read` and so on, or `unknown`."""
        return operation_of(request)

    def handle(self, request: Request) -> Response:
        """Answer *request* and change the state accordingly."""
        self.requests += 1
        operation = self.operation(request)
        if operation == "auth.token":
            return self._sign_in.issue(request)
        if operation == "unknown":
            return Response(404, {"content-type": "text/plain"}, b"Not Found")
        is_v2 = request.path.startswith("/v2/")
        wire = self._account.v2 if is_v2 else self._account.v4
        allowed = self._sign_in.allows_v2(request) if is_v2 else self._sign_in.allows_v4(request)
        if not allowed:
            return wire.refuse(Refusal(401, "the credentials are not valid"))
        response = self._throttled(request)
        if response is None:
            try:
                self._note(operation, request)
                response = self._account.answer(operation, request)
            except Refusal as refusal:
                response = wire.refuse(refusal)
        account = {"x-throttling-account-id": self._credentials["account_id"]}
        return replace(response, headers={**response.headers, **account})

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials this simulator takes, by setting name."""
        return dict(self._credentials)

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count in this account: its orders, and what else was written to."""
        facts = {
            "orders": len(self.orders),
            "marked by being read": len(self.marked()),
            "acknowledged": len(self.acknowledged),
        }
        written = {call.operation.partition(".")[0] for call in self.log}
        if written & {"products", "skus", "prices", "styles"}:
            facts["products"] = len(self.products)
        if "inventory" in written:
            facts["items in stock"] = len({barcode for (_, _, barcode), pieces in self.stock.items() if pieces})
        if written & {"customer", "customers"}:
            facts["customers"] = len(self.customers)
            facts["customers waiting for JOOR"] = len(self.waiting_customers)
        return facts

    @property
    def products(self) -> Mapping[str, Product]:
        """Return every product by its style number."""
        catalog = self._account.catalog
        return {catalog.style_keys(product)[0]: product for product in catalog.products.values()}

    @property
    def collections(self) -> Mapping[str, Collection]:
        """Return every collection by its code, or its name where it has none."""
        return {each.external_id or each.name: each for each in self._account.catalog.collections.values()}

    @property
    def customers(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the fields of every connected customer by its code."""
        return {each.code: each.fields for each in self._account.customers.connected.values()}

    @property
    def waiting_customers(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the fields of every customer that JOOR's staff has yet to match, by its code."""
        return {each.code: each.fields for each in self._account.customers.waiting.values()}

    @property
    def stock(self) -> Mapping[tuple[str, date | None, str], int]:
        """Return the quantities by warehouse, day (None for now) and barcode."""
        buckets = self._account.stock.buckets.items()
        return {(warehouse, day, self._barcode(sku_id)): quantity for (warehouse, day, sku_id), quantity in buckets}

    @property
    def made_to_order(self) -> frozenset[str]:
        """Return the barcodes that can be ordered without stock."""
        return frozenset(self._barcode(sku_id) for sku_id in self._account.stock.made_to_order)

    @property
    def orders(self) -> Mapping[int, Order]:
        """Return every order by its id."""
        return self._account.books.orders

    @property
    def acknowledged(self) -> Mapping[int, tuple[str, str]]:
        """Return the last export status and description set by v4, by order id."""
        return self._account.books.acknowledged

    def marked(self) -> frozenset[int]:
        """Return the orders whose export state a read has changed."""
        return frozenset(self._account.books.marked)

    def approve(self, order_id: int) -> None:
        """Approve an order, as a person in JOOR."""
        self._account.books.change_status(self.orders[order_id], "approved")

    def cancel(self, order_id: int) -> None:
        """Cancel an order, as a person in JOOR."""
        self._account.books.change_status(self.orders[order_id], "cancelled")

    def to_pending(self, order_id: int) -> None:
        """Take an order back to pending, as a person in JOOR."""
        self._account.books.change_status(self.orders[order_id], "pending")

    def set_to_reexport(self, order_id: int) -> None:
        """Have an order exported once more, as a person in JOOR."""
        self._account.books.reset(self.orders[order_id])

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
        self._account.books.orders[order_id] = order
        return order_id

    def delete_style(self, style_number: str) -> None:
        """Delete a style, leaving it on the orders, so that `check=2` fails them."""
        self._account.books.deleted_styles.add(style_number)
        self._account.catalog.remove(style_number)

    def add_style_by_hand(
        self,
        style_number: str,
        name: str = "Sample Cape",
        *,
        colors: Sequence[str] = ("Black",),
        sizes: Sequence[str] = ("One Size",),
        barcodes: Sequence[str] = (),
    ) -> Product:
        """Add a style as a person in JOOR: without the brand's ids and color codes, with *barcodes* while they last."""
        catalog, left = self._account.catalog, list(barcodes)
        product = catalog.add_style(name, style_number, None)
        for color in [catalog.add_option(product, "color", color) for color in colors]:
            for size in [catalog.add_option(product, "size", size) for size in sizes]:
                catalog.add_sku(product, color, size, left.pop(0) if left else None)
        return product

    def sell(self, pieces: Mapping[str, int], *, customer: str = "C100", warehouse: str = "Default") -> int:
        """Have *customer* order *pieces* by SKU of the brand, pending and taken from stock; return the order's id."""
        barcodes = {sku.sku: sku.barcode for sku in brand.skus()}
        for name, quantity in pieces.items():
            sku = self._account.catalog.by_barcode(barcodes[name])
            if sku:
                self._account.stock.take(sku, quantity, warehouse)
        return self.add_order(pieces, customer=customer, status="pending", warehouse_name=warehouse)

    def rename_warehouse(self, old: str, new: str) -> None:
        """Give a warehouse another name, as a person in JOOR."""
        self._account.stock.rename(old, new)

    def match_customers(self) -> list[str]:
        """Match the customers that wait with retailers, as JOOR's staff; return their codes."""
        return self._account.customers.match()

    def _barcode(self, sku_id: str) -> str:
        sku = self._account.catalog.skus.get(sku_id)
        return sku.barcode or sku_id if sku else sku_id

    def _note(self, operation: str, request: Request) -> None:
        if request.method == "GET":
            return
        try:
            body = request.json() if request.body else None
        except ValueError:
            body = None
        self.log.append(Call(operation, request.query, body))

    def _throttled(self, request: Request) -> Response | None:
        wait = self._throttle.charge(request.method) if self._switches["throttle"] == "on" else 0.0
        if not wait:
            return None
        headers = {"content-type": "text/plain"}
        if self._switches["retry_after"]:
            headers["retry-after"] = str(int(wait) + 1)
        return Response(429, headers, b"Too Many Requests")
