"""Extensiv Order Manager (Skubana) in memory: PUT creates, POST updates, errors beside successes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from orderweft import Clock, Request, Response

from . import skubana_wire as form
from .store import EU, MAIN, Order, Store
from .switches import resolve
from .system import Call, System
from .wire import Bucket, Refusal, Row, basic, bearer, body_of, many, numbered, object_of, plain, positive, rows_of

WAREHOUSES = {11: MAIN, 12: EU}
LOCATIONS = {MAIN: "A-01", EU: "GLOBAL"}
"""The one stock location of each warehouse; the second belongs to a 3PL, and there it is called so."""
CHANNELS = {77: "JOOR", 78: "Shopify"}
_BUCKETS = {"products": (5, 5), "totals": (10, 10), "adjust": (1, 1 / 10), "stock": (1, 1 / 30), "other": (5, 5)}
_GROUP_OF = {
    "products.read": "products",
    "stock.read": "totals",
    "stock.write": "adjust",
    "stock.create": "stock",
}
_SCOPE_OF = {"order": "orders", "orders": "orders", "stock": "inventory", "products": "products",
             "shipment": "shipments", "shipments": "shipments"}  # fmt: skip
_RANGES: Mapping[str, Callable[[Order], datetime | None]] = {
    "modified": lambda order: order.modified_at,
    "created": lambda order: order.created_at,
    "order": form.order_date,
    "payment": lambda order: order.created_at,
    "ship": lambda order: order.shipments[-1].shipped_at if order.shipments else None,
}


class Switches(TypedDict, total=False):
    """The switches; the first value named is the default and figures are zero."""

    limits: Literal["client", "tap", "off"]
    retry_unit: Literal["milliseconds", "seconds"]
    create_path: Literal["v1", "v1.1", "both"]
    create_answer: Literal["order", "results"]
    duplicates: Literal["accepted", "refused", "replaced"]
    unknown_sku: Literal["unprocessed", "refused"]
    shipment_window: Literal["any", "week"]
    skus_per_call: int


class Skubana(System):
    """One account with the channels `CHANNELS` and the warehouses `WAREHOUSES`, the second one a 3PL's.

    A merchant pastes the token of `settings`, which may do everything; `authorize` gives a code to be exchanged for a
    token with scopes. Only two error codes are known, ERR053 and ERR097; other errors carry ERR000, which is made up.

    `limits`: calls per endpoint as one `client` keeps them (5 a second; stock totals 10; adjusting stock 1 in 10
    seconds, creating it 1 in 30), 1 call in 5 seconds as a `tap` does, or `off`.
    `retry_unit`: `x-skubana-quota-retryAfter` counts `milliseconds` or `seconds`.
    `create_path`: orders are created at `PUT /v1/order` (`v1`), at `PUT /v1.1/orders` (`v1.1`), or at `both`.
    `create_answer`: a create is answered by the `order` or, as other writes are, by `results` and errors.
    `duplicates`: a second order of the same channel and number is `accepted`, `refused`, or has the first one
    `replaced`.
    `unknown_sku`: an order of an unknown SKU gets the status SKU_UNPROCESSED (`unprocessed`), or is `refused`.
    `shipment_window`: shipments can be asked for over `any` range, or over a `week` at most.
    `skus_per_call`: the most SKUs in one read of products; 0 for any number.
    """

    title = "Extensiv Order Manager"

    def __init__(self, clock: Clock, seed: int, switches: Mapping[str, Any]) -> None:
        self._switches = resolve(Switches, switches, self.title)
        super().__init__(clock, seed, Store(clock, first_order=33_000_001))
        buckets = dict.fromkeys(_BUCKETS, (1.0, 1 / 5)) if self._switches["limits"] == "tap" else _BUCKETS
        self._buckets = {name: Bucket(clock, burst, rate) for name, (burst, rate) in buckets.items()}
        self._codes: dict[str, frozenset[str]] = {}
        self._tokens: dict[str, frozenset[str] | None] = {self.secret("token"): None}

    def calls(self) -> Sequence[Call]:
        """Return all kinds of call."""
        creates = [("/v1/order", "v1"), ("/v1.1/orders", "v1.1")]
        return (
            Call("auth.token", "POST", "/oauth/token", self._token),
            *(
                Call("order.create", "PUT", path, self._create)
                for path, version in creates
                if self._switches["create_path"] in (version, "both")
            ),
            Call("orders.read", "GET", "/v1.1/orders", self._list),
            Call("order.update", "POST", "/v1.1/orders", self._update),
            Call("stock.read", "GET", "/v1/productstocks/total", self._totals),
            Call("stock.read_bins", "GET", "/v1/inventory", self._bins),
            Call("stock.write", "POST", "/v1.1/inventory/adjust", self._adjust),
            Call("stock.create", "PUT", "/v1.1/inventory", self._create_stock),
            Call("products.read", "GET", "/v1.1/products", self._products),
            Call("warehouses.read", "GET", "/v1/warehouses", self._warehouses),
            Call("channels.read", "GET", "/v1/saleschannels", self._channels),
            Call("shipments.read", "GET", "/v1/shipments", self._shipments),
            Call("shipment.create", "PUT", "/v1.1/shipment/external", self._ship_outside),
        )

    def operation(self, request: Request) -> str:
        """Name what *request* asks for; the list of orders with order numbers is `order.find`."""
        name = super().operation(request)
        return "order.find" if name == "orders.read" and many(request, "orderNumber[]") else name

    def settings(self) -> Mapping[str, Any]:
        """Return the token, and the credentials of the app."""
        return {
            "token": self.secret("token"),
            "app_key": self.secret("app-key"),
            "app_secret": self.secret("app-secret"),
            "sales_channel_id": "77",
        }

    def admit(self, operation: str, request: Request) -> None:
        """Refuse a wrong token, one without the scope, and calls that come too fast."""
        if operation == "auth.token":
            return
        token = bearer(request)
        if token not in self._tokens:
            raise Refusal(401, "Unauthorized")
        scopes, (kind, _, act) = self._tokens[token], operation.partition(".")
        verb = "read" if act.startswith(("read", "find")) else "write"
        if scopes is not None and kind in _SCOPE_OF and f"{verb}_{_SCOPE_OF[kind]}" not in scopes:
            raise Refusal(403, f"The scope {verb}_{_SCOPE_OF[kind]} is missing")
        if self._switches["limits"] == "off":
            return
        if wait := self._buckets[_GROUP_OF.get(operation, "other")].take():
            unit = 1000 if self._switches["retry_unit"] == "milliseconds" else 1
            raise Refusal(429, "Quota exceeded", "", {"x-skubana-quota-retryafter": str(math.ceil(wait * unit))})

    def refuse(self, refusal: Refusal, operation: str) -> Response:
        """Write *refusal*."""
        if refusal.status == 400:
            return Response.of_json({"results": [], "errors": [form.error(refusal, 1)]}, 400)
        return Response.of_json({"message": refusal.message}, refusal.status)

    def _token(self, request: Request) -> Response:
        known, given = self.settings(), request.query
        if basic(request) != (known["app_key"], known["app_secret"]):
            raise Refusal(401, "Unknown app")
        if given.get("grant_type") != "authorization_code" or given.get("code") not in self._codes:
            raise Refusal(400, "The grant is not valid")
        token = self.secret(f"token-{len(self._tokens)}")
        scopes = self._codes.pop(given["code"])
        self._tokens[token] = scopes
        return Response.of_json({"access_token": token, "token_type": "bearer", "scope": " ".join(sorted(scopes))})

    # orders

    def _create(self, request: Request) -> Response:
        body = body_of(request)
        if isinstance(body, list):
            return self._each(body, lambda row: self._row(self._created(row)), "orderNumber")
        order = self._created(object_of(body))
        if self._switches["create_answer"] == "results":
            return Response.of_json({"results": [self._row(order)], "errors": []})
        return Response.of_json(self._row(order))

    def _created(self, body: Row) -> Order:
        form.check(body, CHANNELS)
        channel, number = CHANNELS[body["salesChannelId"]], str(body.get("orderNumber") or "")
        same = [order for order in self.by_external_id.get(number, ()) if order.channel == channel]
        if same and self._switches["duplicates"] == "refused":
            raise Refusal(400, f"Order number {number} already exists", identifier=number)
        lines = [form.line_of(self.store, row) for row in body.get("orderItems") or []]
        unknown = [line.sku for line in lines if self.store.item(line.sku) is None]
        if unknown and self._switches["unknown_sku"] == "refused":
            raise Refusal(400, f"Product {unknown[0]} does not exist", "ERR053", identifier=unknown[0])
        status = "SKU_UNPROCESSED" if unknown else "AWAITING_SHIPMENT"
        if same and self._switches["duplicates"] == "replaced":
            same[0].lines, same[0].fields = lines, body
            self.store.place(same[0], status)
            return same[0]
        return self.store.add_order(number, channel, status, lines, body)

    def _list(self, request: Request) -> Response:
        given, numbers = request.query, many(request, "orderNumber[]")
        found = [
            order
            for order in self.store.orders.values()
            if (not numbers or order.external_id in numbers)
            and given.get("salesChannelId") in (None, "", form.key_of(CHANNELS, order.channel))
            and given.get("warehouseId") in (None, "", form.key_of(WAREHOUSES, order.warehouse))
            and given.get("status") in (None, "", order.status)
            and all(form.is_within(at(order), given, f"{name}Date") for name, at in _RANGES.items())
        ]
        return self._paged(request, [self._row(order) for order in found])

    def _update(self, request: Request) -> Response:
        return self._each(body_of(request), self._updated, "orderId")

    def _updated(self, row: Row) -> Row:
        order = self._named(row)
        status = row.get("orderStatus", order.status)
        if status not in form.STATUSES:
            raise Refusal(400, f"{status} is not an order status")
        order.fields |= {name: value for name, value in row.items() if name not in ("orderId", "orderStatus")}
        self.move_to_folder(order, status)
        return self._row(order)

    def _named(self, row: Row) -> Order:
        if "orderId" in row:
            if str(row["orderId"]) in self.orders:
                return self.orders[str(row["orderId"])]
        else:
            channel = form.named(CHANNELS, row.get("salesChannelId"))
            for order in self.by_external_id.get(str(row.get("orderNumber")), ()):
                if order.channel == channel:
                    return order
        raise Refusal(400, "Order does not exist")

    def _row(self, order: Order) -> Row:
        channel, warehouse = form.key_of(CHANNELS, order.channel), form.key_of(WAREHOUSES, order.warehouse)
        return form.order_row(self.store, order, int(channel), int(warehouse))

    def _each(self, body: Any, apply: Callable[[Row], Row], identifier: str) -> Response:
        """Apply each row that can be applied, or the only one, and report the others beside, counted from 1."""
        results, errors = [], []
        for index, row in enumerate(rows_of(body if isinstance(body, list) else [body]), start=1):
            try:
                results.append(apply(row))
            except Refusal as refusal:
                refusal.details.setdefault("identifier", str(row.get(identifier)))
                errors.append(form.error(refusal, index))
        return Response.of_json(plain({"results": results, "errors": errors}))

    def _paged(self, request: Request, rows: Sequence[Row]) -> Response:
        page, limit = positive(request, "page", 1), positive(request, "limit", 100, least=10)
        if limit > 1000:
            raise Refusal(400, "limit is at most 1000")
        return Response.of_json(plain(numbered(rows, page, limit)))

    # stock and products

    def _place(self, request: Request) -> str | None:
        named = request.query.get("warehouseId")
        if not named:
            return None
        if not named.isdecimal() or int(named) not in WAREHOUSES:
            raise Refusal(400, f"Warehouse {named} does not exist")
        return WAREHOUSES[int(named)]

    def _totals(self, request: Request) -> Response:
        place = self._place(request)
        locked = self.store.committed(place)
        rows = [
            {
                "product": form.product_name(item),
                "onHandQuantity": self.store.on_hand(item.sku, place),
                "lockedQuantity": locked.get(item.sku, 0),
                "inTransitQuantity": 0,
            }
            for item in self.items.values()
            if place is None or (item.sku, place) in self.stock
        ]
        return self._paged(request, rows)

    def _bins(self, request: Request) -> Response:
        place, sku = self._place(request), request.query.get("sku")
        rows = [
            {
                "product": form.product_name(self.items[kept]),
                "warehouseId": int(form.key_of(WAREHOUSES, warehouse)),
                "stockLocationName": LOCATIONS[warehouse],
                "onHandQuantity": count,
            }
            for (kept, warehouse), count in self.stock.items()
            if place in (None, warehouse) and sku in (None, "", kept)
        ]
        return self._paged(request, rows)

    def _adjust(self, request: Request) -> Response:
        return self._stock_rows(request, create=False)

    def _create_stock(self, request: Request) -> Response:
        return self._stock_rows(request, create=True)

    def _stock_rows(self, request: Request, *, create: bool) -> Response:
        rows = rows_of(body_of(request))
        if len(rows) > 200:
            raise Refusal(400, "At most 200 rows per call")
        return self._each(rows, lambda row: self._stock_row(row, create=create), "masterSku")

    def _stock_row(self, row: Row, *, create: bool) -> Row:
        sku, place = str(row.get("masterSku")), form.named(WAREHOUSES, row.get("warehouseId"))
        if sku not in self.items:
            raise Refusal(400, "Product does not exist", "ERR053")
        is_there = (sku, place) in self.stock and row.get("stockLocationName") == LOCATIONS[place]
        if not create and not is_there:
            raise Refusal(400, "Product stock not found at this location", "ERR097")
        if create and (is_there or place not in LOCATIONS or row.get("stockLocationName") != LOCATIONS[place]):
            raise Refusal(400, "Product stock cannot be created at this location")
        self.store.set_stock(sku, form.quantity_of(row), place)
        return row

    def _products(self, request: Request) -> Response:
        wanted, given = request.query.get("sku"), request.query
        skus = re.findall(r'"([^"]*)"', wanted or "")
        if wanted and ",".join(f'"{sku}"' for sku in skus) != wanted:
            raise Refusal(400, 'sku takes values in quotes: sku="A","B"')
        if self._switches["skus_per_call"] and len(skus) > self._switches["skus_per_call"]:
            raise Refusal(400, f"At most {self._switches['skus_per_call']} SKUs per call")
        rows = [
            form.product_row(item)
            for item in self.items.values()
            if (not skus or item.sku in skus) and form.is_within(item.modified_at, given, "modifiedDate")
        ]
        return self._paged(request, rows)

    def _warehouses(self, request: Request) -> Response:
        rows = [{"warehouseId": number, "name": name, "active": True} for number, name in WAREHOUSES.items()]
        return self._paged(request, rows)

    def _channels(self, request: Request) -> Response:
        rows = [{"salesChannelId": number, "name": name, "active": True} for number, name in CHANNELS.items()]
        return self._paged(request, rows)

    # shipments

    def _shipments(self, request: Request) -> Response:
        given, numbers = request.query, many(request, "orderNumber[]")
        if self._switches["shipment_window"] == "week" and not numbers:
            self._check_week(given)
        rows = [
            form.shipment_row(order, shipment)
            for order in self.store.orders.values()
            for shipment in order.shipments
            if (not numbers or order.external_id in numbers)
            and form.is_between(shipment.shipped_at, given.get("shipmentFromDate"), given.get("shipmentToDate"))
        ]
        return self._paged(request, rows)

    def _check_week(self, given: Mapping[str, str]) -> None:
        start, end = (form.at(given.get(name, "")) for name in ("shipmentFromDate", "shipmentToDate"))
        if end - start > timedelta(days=7):
            raise Refusal(400, "At most 7 days per call")

    def _ship_outside(self, request: Request) -> Response:
        return self._each(body_of(request), self._shipped, "orderNumber")

    def _shipped(self, row: Row) -> Row:
        order, parcels = self._named(row), rows_of(row.get("shipments"), "shipments")
        for parcel in parcels:
            method = object_of(parcel.get("shipMethod") or {}, "shipMethod")
            if not parcel.get("trackingNumber") or not method.get("shippingCarrier"):
                raise Refusal(400, "trackingNumber and shipMethod.shippingCarrier are required")
        for parcel in parcels:
            self.ship(order, str(parcel["trackingNumber"]), carrier=str(parcel["shipMethod"]["shippingCarrier"]))
        return self._row(order)

    # people

    def authorize(self, *scopes: str) -> str:
        """Let an app in, as a person at `/oauth/authorize`, and return the code it gets."""
        code = self.secret(f"code-{len(self._codes)}")
        self._codes[code] = frozenset(scopes)
        return code

    def after_shipment(self, order: Order) -> None:
        """Put an order that has left altogether into status SHIPPED."""
        if order.shipped:
            self.store.place(order, "SHIPPED")

    def cancel(self, order: Order | str) -> None:
        """Cancel an order."""
        self.move_to_folder(order, "CANCELLED")

    def move_to_folder(self, order: Order | str, folder: str) -> None:
        """Put an order into a status, such as `ON_HOLD`."""
        if folder not in form.STATUSES:
            raise ValueError(f"there is no status {folder!r}")
        self.order(order).cancelled = folder == "CANCELLED"
        super().move_to_folder(order, folder)

    def add_order(self, external_id: str, pieces: Mapping[str, int], *, channel: str = "Shopify") -> Order:
        """Add an order of another channel, with *pieces* by SKU."""
        lines = [self.store.line(sku, count) for sku, count in pieces.items()]
        fields = {"shipName": "Somebody Else"}
        return self.store.add_order(external_id, channel, "AWAITING_SHIPMENT", lines, fields)
