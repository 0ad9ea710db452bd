"""Extensiv Integration Manager (CartRover) in memory: Basic, an envelope that is always there, mutating GETs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypedDict

from orderweft import Clock, Request, Response

from . import cartrover_wire as form
from .store import MAIN, Item, Order, Store
from .switches import resolve
from .system import Call, System
from .wire import Bucket, Refusal, Row, basic, body_of, instant, numbered, object_of, plain, positive, rows_of, stamp

LIST_STATUSES: Mapping[str, tuple[str, ...]] = {
    "new": ("new",),
    "at_wms": ("at_wms",),
    "new_or_at_wms": ("new", "at_wms"),
    "partial": ("at_wms",),
    "shipped": ("shipped",),
    "confirmed": ("confirmed",),
    "shipped_or_confirmed": ("shipped", "confirmed"),
    "error": ("error",),
    "canceled": ("canceled",),
    "any": ("new", "at_wms", "shipped", "confirmed", "error", "canceled"),
}
_STATUS_OF = {"Invalid": 400, "Failure": 409, "RateLimit": 429}
_LEVELS = ("cart", "merchant", "warehouse")


class Switches(TypedDict, total=False):
    """The switches; the first value named is the default, flags are off and figures zero."""

    throttle: Literal["on", "off"]
    create_limited: bool
    error_status: Literal["ok", "by_kind"]
    text_field: Literal["message", "status_message"]
    merchant_reads: Literal["merchant_only", "cart_too"]
    missing_order: Literal["failure", "invalid", "empty"]
    batch_answer: Literal["response", "list"]
    ship_state: Literal["blank_ok", "required"]
    amounts: Literal["checked", "stored"]
    cust_ref_length: int
    unknown_item: Literal["accepted", "error", "refused"]
    cancel_minutes: Literal[15, 0]
    limit_over: Literal["clamped", "refused"]
    sku_field: Literal["sku", "item"]
    quantity_field: Literal["quantity_available", "quantity", "qty"]
    stock: Literal["available", "on_hand"]


class CartRover(System):
    """One merchant with one cart and one warehouse, below `/v1`; its one stock is that of the main warehouse.

    There are three pairs of credentials: the cart's, the merchant's, and the warehouse's, which goes with the header
    `X-Merchant-Pk`.

    `throttle`: 100 calls at once, one back every 0.6 s, or `off`.
    `create_limited`: creating an order counts as a call too; it did not when that was written.
    `error_status`: a refusal comes with HTTP 200 (`ok`), throttling included, or with a status `by_kind` (400 Invalid,
    409 Failure, 429 RateLimit); wrong credentials are 401 either way.
    `text_field`: its text is in `message` or, as in older documents, `status_message`.
    `merchant_reads`: `/merchant/...` takes merchant credentials (`merchant_only`), or the cart's too (`cart_too`).
    `missing_order`: an order that is not there is a `failure`, `invalid`, or an `empty` response.
    `batch_answer`: many creates are answered by one envelope with a list in `response`, or by a bare `list`.
    `ship_state`: the field has to be there and may be blank (`blank_ok`), or must be filled: `required`.
    `amounts`: sums given have to add up (`checked`), or are just `stored`.
    `cust_ref_length`: longer references are refused; 0 for any length.
    `unknown_item`: an order of an unknown item is `accepted`, goes to status `error`, or is `refused`.
    `cancel_minutes`: how long the older cancel call works after the order came; 0 for never.
    `limit_over`: a `limit` above 100 is `clamped` or `refused`.
    `sku_field`, `quantity_field`: how a stock row names these two; no source tells.
    `stock`: its figure is what is `available`, open orders taken off, or what lies `on_hand`.
    """

    title = "Extensiv Integration Manager"

    def __init__(self, clock: Clock, seed: int, switches: Mapping[str, Any]) -> None:
        self._switches = resolve(Switches, switches, self.title)
        super().__init__(clock, seed, Store(clock, first_order=5_400_001))
        self._bucket = Bucket(clock, 100, 1 / 0.6)
        self._ship_methods = {"Ground": "UPS_GROUND", "Express": "FEDEX_2DAY"}

    def calls(self) -> Sequence[Call]:
        """Return all kinds of call."""
        orders, either = "/v1/cart/orders", "/v1/(?:cart|merchant)/orders"
        return (
            Call("order.create", "POST", f"{orders}/cartrover", self._create),
            Call("orders.create", "POST", f"{orders}/batch", self._create),
            Call("order.cancel", "POST", f"{orders}/cancel/cartrover", self._cancel_early),
            Call("order.cancel", "GET", f"{orders}/wms_cancel/([^/]+)", self._cancel),
            Call("order.status", "GET", f"{orders}/status/([^/]+)", self._status),
            Call("orders.read", "GET", f"{either}/list/([^/]+)", self._list),
            Call("order.find", "GET", f"{either}/([^/]+)", self._read),
            Call("stock.read", "GET", "/v1/merchant/inventory", self._inventory),
            Call("stock.read_one", "GET", "/v1/merchant/inventory/([^/]+)", self._stock_of),
            Call("product.read", "GET", "/v1/merchant/product/([^/]+)", self._product),
            Call("merchants.read", "GET", "/v1/wms/merchant/list", self._merchants),
            Call("ship_methods.read", "GET", "/v1/wms/shipmethod/list", self._wms_methods),
            Call("ship_methods.mapped", "GET", "/v1/cart/shipmethod/list/([^/]+)", self._cart_methods),
            Call("ship_methods.map", "POST", "/v1/cart/shipmethod/([^/]+)", self._map_methods),
        )

    def settings(self) -> Mapping[str, Any]:
        """Return the three pairs of credentials, and the merchant's number."""
        pairs = {"cart": "", "merchant": "merchant_", "warehouse": "warehouse_"}
        users = {f"{prefix}api_user": self.made_up(f"{level}-user") for level, prefix in pairs.items()}
        keys = {f"{prefix}api_key": self.secret(f"{level}-key") for level, prefix in pairs.items()}
        return {**users, **keys, "merchant_pk": str(700 + self._seed)}

    def admit(self, operation: str, request: Request) -> None:
        """Refuse wrong credentials, those of another level, and calls that come too fast."""
        given = basic(request)
        pairs = [(self.made_up(f"{level}-user"), self.secret(f"{level}-key")) for level in _LEVELS]
        if given not in pairs:
            raise Refusal(401, "Invalid API user or key", "Failure")
        level, wanted = _LEVELS[pairs.index(given)], request.path.split("/")[2:3]
        allowed = {"cart": ["cart"], "merchant": ["merchant"], "warehouse": ["wms"]}[level]
        if level == "cart" and self._switches["merchant_reads"] == "cart_too":
            allowed.append("merchant")
        if operation != "unknown" and wanted[0] not in allowed:
            raise Refusal(401, f"{level.title()} credentials cannot use /{wanted[0]}", "Failure")
        names_merchant = request.headers.get("x-merchant-pk") == self.settings()["merchant_pk"]
        if level == "warehouse" and operation != "merchants.read" and not names_merchant:
            raise Refusal(400, "X-Merchant-Pk must name one of your merchants", "Invalid")
        if self._counts(operation) and self._bucket.take():
            raise Refusal(429, "API rate limit exceeded, please slow down", "RateLimit")

    def _counts(self, operation: str) -> bool:
        is_exempt = operation in ("order.create", "orders.create") and not self._switches["create_limited"]
        return self._switches["throttle"] == "on" and not is_exempt

    def headers(self, operation: str) -> Mapping[str, str]:
        """Return the number of the process, and the calls left."""
        process = {"x-cartrover-process-id": f"{self._seed:04d}{self.requests:08d}"}
        if self._switches["throttle"] == "off":
            return process
        return {**process, "x-cartrover-api-minute-hits-remaining": str(self._bucket.left)}

    def refuse(self, refusal: Refusal, operation: str) -> Response:
        """Write *refusal*."""
        code = refusal.code or "Invalid"
        is_ok = self._switches["error_status"] == "ok" and refusal.status != 401 and operation != "unknown"
        by_kind = refusal.status if refusal.status in (401, 404) else _STATUS_OF[code]
        return Response.of_json(self._error(refusal), 200 if is_ok else by_kind)

    def _error(self, refusal: Refusal) -> Row:
        text: Row = {self._switches["text_field"]: refusal.message}
        return {"success_code": False, "error_code": refusal.code or "Invalid", **text, **refusal.details}

    def _say(self, response: Any, headers: Mapping[str, str] | None = None) -> Response:
        return Response.of_json({"success_code": True, "response": plain(response)}, headers=headers)

    # orders

    def _create(self, request: Request) -> Response:
        body = body_of(request)
        if isinstance(body, dict):
            if self.operation(request) == "orders.create":
                raise Refusal(400, "A batch is a list of orders", "Invalid")
            return Response.of_json(self._created(body))
        answers: list[Row] = []
        for row in rows_of(body):
            try:
                answers.append(self._created(row))
            except Refusal as refusal:
                answers.append({**self._error(refusal), "cust_ref": row.get("cust_ref")})
        if self._switches["batch_answer"] == "list":
            return Response.of_json(answers)
        success = all(answer["success_code"] for answer in answers)
        return Response.of_json({"success_code": success, "response": answers})

    def _created(self, body: Row) -> Row:
        form.check(body, blank_state=self._switches["ship_state"] == "blank_ok")
        if self._switches["amounts"] == "checked":
            form.check_amounts(body)
        cust_ref, most = str(body["cust_ref"]), self._switches["cust_ref_length"]
        if most and len(cust_ref) > most:
            raise Refusal(400, f"cust_ref is longer than {most} characters", "Invalid")
        if cust_ref in self.by_external_id:
            raise Refusal(409, f"Duplicate order: cust_ref {cust_ref} already exists", "Failure", cust_ref=cust_ref)
        lines = [form.line_of(self.store, row) for row in body["items"]]
        unknown = [line.sku for line in lines if self.store.item(line.sku) is None]
        if unknown and self._switches["unknown_item"] == "refused":
            raise Refusal(400, f"Unknown item {unknown[0]}", "Invalid")
        status = "error" if unknown and self._switches["unknown_item"] == "error" else "new"
        channel = str(body.get("order_source") or "cartrover")
        order = self.store.add_order(cust_ref, channel, status, lines, body)
        return {"success_code": True, "cust_ref": cust_ref, "order_number": _number(order)}

    def _named(self, cust_ref: str) -> Order:
        for order in self.by_external_id.get(cust_ref, ()):
            return order
        code = "Invalid" if self._switches["missing_order"] == "invalid" else "Failure"
        raise Refusal(404, f"Order {cust_ref} not found", code)

    def _read(self, request: Request, cust_ref: str) -> Response:
        if cust_ref not in self.by_external_id and self._switches["missing_order"] == "empty":
            return self._say([])
        order = self._named(cust_ref)
        return self._say(form.order_row(order, _number(order)))

    def _status(self, request: Request, cust_ref: str) -> Response:
        order = self._named(cust_ref)
        shipments = [form.shipment_row(order, shipment) for shipment in order.shipments]
        return self._say({"cust_ref": cust_ref, "order_status": order.status, "shipments": shipments})

    def _list(self, request: Request, status: str) -> Response:
        if status not in LIST_STATUSES:
            raise Refusal(400, f"{status} is not an order status", "Invalid")
        start, end = (self._date(request, name) for name in ("from_date", "to_date"))
        source = request.query.get("order_source")
        found = [
            order
            for order in self.store.orders.values()
            if order.status in LIST_STATUSES[status]
            and (status != "partial" or (order.shipments and not order.shipped))
            and source in (None, "", order.channel)
            and (start is None or order.reached[order.status] >= start)
            and (end is None or order.reached[order.status] <= end)
        ]
        return self._paged(request, [form.order_row(order, _number(order)) for order in found])

    def _date(self, request: Request, name: str) -> datetime | None:
        text = request.query.get(name)
        if not text:
            return None
        try:
            return instant(text, "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
        except Refusal:
            raise Refusal(400, f"{name} {text!r} is not ISO 8601", "Invalid") from None

    def _paged(self, request: Request, rows: Sequence[Row]) -> Response:
        page, limit = positive(request, "page", 1), positive(request, "limit", 20)
        if limit > 100 and self._switches["limit_over"] == "refused":
            raise Refusal(400, "limit is at most 100", "Invalid")
        return self._say(numbered(rows, page, min(limit, 100)), {"total-records": str(len(rows))})

    def _cancel(self, request: Request, cust_ref: str) -> Response:
        order = self._named(cust_ref)
        if order.shipments or order.status not in ("new", "at_wms"):
            raise Refusal(409, f"Order {cust_ref} is {order.status} and cannot be canceled", "Failure")
        self.cancel(order)
        return self._say({"cust_ref": cust_ref, "order_status": order.status})

    def _cancel_early(self, request: Request) -> Response:
        order = self._named(str(object_of(body_of(request)).get("cust_ref")))
        latest = order.created_at + timedelta(minutes=self._switches["cancel_minutes"])
        if order.status != "new" or self.store.now() >= latest:
            raise Refusal(409, f"Order {order.external_id} can no longer be canceled", "Failure")
        self.cancel(order)
        return Response.of_json({"success_code": True, "cust_ref": order.external_id, "order_number": _number(order)})

    # stock, products, ship methods

    def _inventory(self, request: Request) -> Response:
        committed = self.store.committed()
        return self._paged(request, [self._stock_row(item, committed) for item in self.items.values()])

    def _stock_of(self, request: Request, sku: str) -> Response:
        return self._say(self._stock_row(self._item(sku), self.store.committed()))

    def _stock_row(self, item: Item, committed: Mapping[str, int]) -> Row:
        quantity = self.store.on_hand(item.sku, MAIN)
        if self._switches["stock"] == "available":
            quantity -= committed.get(item.sku, 0)
        return {
            self._switches["sku_field"]: item.sku,
            self._switches["quantity_field"]: quantity,
            "updated_date": stamp(item.modified_at),
        }

    def _item(self, sku: str) -> Item:
        if sku not in self.items:
            raise Refusal(404, f"Product {sku} not found", "Failure")
        return self.items[sku]

    def _product(self, request: Request, sku: str) -> Response:
        item = self._item(sku)
        aliases = [{"code_type": "UPC", "code": item.barcode}] if item.barcode else []
        return self._say({"sku": item.sku, "description": item.name, "aliases": aliases})

    def _merchants(self, request: Request) -> Response:
        return self._say([{"merchant_pk": self.settings()["merchant_pk"], "name": "Sample Brand"}])

    def _wms_methods(self, request: Request) -> Response:
        return self._say([{"wms_code": code} for code in sorted(self._ship_methods.values())])

    def _cart_methods(self, request: Request, source: str) -> Response:
        return self._say([{"cart_code": cart, "wms_code": wms} for cart, wms in self._ship_methods.items()])

    def _map_methods(self, request: Request, source: str) -> Response:
        body = object_of(body_of(request))
        if not body.get("cart_code") or not body.get("wms_code"):
            raise Refusal(400, "cart_code and wms_code are required", "Invalid")
        self._ship_methods[str(body["cart_code"])] = str(body["wms_code"])
        return self._say(body)

    # people

    def after_shipment(self, order: Order) -> None:
        """Put an order that has left altogether into status shipped; one that left in part stays at the warehouse."""
        self.store.place(order, "shipped" if order.shipped else "at_wms")

    def cancel(self, order: Order | str) -> None:
        """Cancel an order."""
        self.order(order).cancelled = True
        self.store.place(self.order(order), "canceled")

    def add_order(self, external_id: str, pieces: Mapping[str, int], *, channel: str = "Shopify") -> Order:
        """Add an order of another channel, with *pieces* by SKU."""
        lines = [self.store.line(sku, count, Decimal(1)) for sku, count in pieces.items()]
        return self.store.add_order(external_id, channel, "new", lines, {"cust_ref": external_id})

    def move_to_folder(self, order: Order | str, folder: str) -> None:
        """Put an order into a status, such as `at_wms` or `confirmed`."""
        if folder not in LIST_STATUSES["any"]:
            raise ValueError(f"there is no status {folder!r}")
        super().move_to_folder(order, folder)


def _number(order: Order) -> str:
    return f"CR{order.id}"
