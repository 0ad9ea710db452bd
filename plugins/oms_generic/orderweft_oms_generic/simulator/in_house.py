"""An in-house REST system in memory. It is INVENTED: no vendor has it.

It stands for the small systems brands have written for themselves, for a profile somebody writes from scratch.

Address: everything below `/api`. JSON both ways, UTF-8. Instants are ISO 8601 in UTC (`2026-11-02T09:00:00Z`), money is
text (`"52.50"`), quantities are `pieces`.

Signing in: `Authorization: Bearer <token>`; with the switch `auth="client_credentials"` the token comes from
`POST /oauth/token`, a form with `grant_type=client_credentials`, and Basic `client_id:client_secret`; it lives ten
minutes.

`GET /api/account` -> `{"name": "...", "warehouses": ["MAIN", "EU"]}`
`POST /api/orders` -> 201 `{"id": 1, "reference": "...", "status": "open"}`; a known `reference` is refused by 409
`{"error": "reference exists", "id": 1}`; wrong fields by 422 `{"errors": {"lines.0.sku": "is unknown"}}`. Wanted are
`reference`, `currency`, `customer` with `code` and `name`, and `lines`, each with `sku` (or `barcode`) and `pieces`;
`price`, `deliver_to`, `ship_from`, `ship_until`, `warehouse` and `note` may be given, other fields are kept.
`GET /api/orders?reference=` -> `{"orders": [...]}`; also `changed_since`, `page`, `size`. An order has what it was
created with, `id`, `status` (`open`, `picking`, `shipped`, `cancelled`), `created_at`, `changed_at`, and each line
`line` and `shipped`; one that was entered by hand has its number as `reference`.
`GET /api/orders/<id>` -> one order; `POST /api/orders/<id>/cancel` -> that order, 409 when something of it has left.
`GET /api/stock?page=&size=&warehouse=` -> a bare list of `{"sku", "barcode", "warehouse", "on_hand", "reserved",
"free"}`, with the number of all rows in the header `X-Total-Count`; `size` is 50, at most 200.
`PUT /api/stock/<sku>` with `{"warehouse", "on_hand"}` -> that row; it sets the figure.
`GET /api/products?page=&size=` -> a bare list with `X-Total-Count`.
`GET /api/shipments?since=` -> `{"shipments": [...], "next": "/api/shipments?since=...&after=..."}`, 50 at a time;
`next` is null on the last page.

Limits: 60 calls in any minute; then 429 with `Retry-After` in seconds. Errors: `{"error": "..."}`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypedDict
from urllib.parse import urlencode

from orderweft import Clock, Request, Response

from .store import EU, MAIN, Item, Line, Order, Shipment, Store
from .switches import resolve
from .system import Call, System
from .wire import Refusal, Row, basic, bearer, body_of, instant, numbered, object_of, plain, positive, stamp, whole

STATUSES = ("open", "picking", "shipped", "cancelled")
_TOKEN_SECONDS = 600
_MOST_CALLS, _WINDOW = 60, 60.0
_PAGE = 50


class Switches(TypedDict, total=False):
    """The switches; the first value named is the default."""

    auth: Literal["token", "client_credentials"]
    throttle: Literal["on", "off"]
    unknown_sku: Literal["refused", "accepted"]
    duplicates: Literal["refused", "accepted"]


class InHouse(System):
    """The invented system its module describes.

    `auth`: the bearer token is the `token` of `settings`, or comes from the token endpoint: `client_credentials`.
    `throttle`: 60 calls in a minute, or `off`.
    `unknown_sku`: an order with an unknown item is `refused` or `accepted`.
    `duplicates`: a known `reference` is `refused` by 409, or `accepted`, as a system without that care would.
    """

    title = "In-house system"

    def __init__(self, clock: Clock, seed: int, switches: Mapping[str, Any]) -> None:
        self._switches = resolve(Switches, switches, self.title)
        super().__init__(clock, seed, Store(clock, first_order=1001, first_item=1, first_customer=1))
        self._tokens: dict[str, float] = {}
        self._recent: deque[float] = deque()
        if self._switches["auth"] == "token":
            self._tokens[self.secret("token")] = math.inf

    def calls(self) -> Sequence[Call]:
        """Return all kinds of call."""
        return (
            Call("auth.token", "POST", "/oauth/token", self._token),
            Call("account.check", "GET", "/api/account", self._account),
            Call("order.create", "POST", "/api/orders", self._create),
            Call("orders.read", "GET", "/api/orders", self._list),
            Call("order.read", "GET", "/api/orders/([0-9]+)", self._read),
            Call("order.cancel", "POST", "/api/orders/([0-9]+)/cancel", self._cancel),
            Call("stock.read", "GET", "/api/stock", self._stock),
            Call("stock.write", "PUT", "/api/stock/([^/]+)", self._write_stock),
            Call("products.read", "GET", "/api/products", self._products),
            Call("shipments.read", "GET", "/api/shipments", self._shipments),
        )

    def operation(self, request: Request) -> str:
        """Name what *request* asks for; the list of orders with a reference is `order.find`."""
        name = super().operation(request)
        return "order.find" if name == "orders.read" and "reference" in request.query else name

    def settings(self) -> Mapping[str, Any]:
        """Return the token, or what it is asked for with."""
        if self._switches["auth"] == "token":
            return {"token": self.secret("token")}
        return {"client_id": self.made_up("client-id"), "client_secret": self.secret("client-secret")}

    def admit(self, operation: str, request: Request) -> None:
        """Refuse a wrong or old token, and a call too many."""
        if operation == "auth.token":
            return
        now = self.clock.monotonic()
        if now >= self._tokens.get(bearer(request) or "", -math.inf):
            raise Refusal(401, "the token is not valid")
        while self._recent and self._recent[0] <= now - _WINDOW:
            self._recent.popleft()
        if self._switches["throttle"] == "on" and len(self._recent) >= _MOST_CALLS:
            wait = math.ceil(self._recent[0] + _WINDOW - now)
            raise Refusal(429, "too many calls", "", {"retry-after": str(wait)})
        self._recent.append(now)

    def refuse(self, refusal: Refusal, operation: str) -> Response:
        """Write *refusal*."""
        if refusal.status == 422:
            return Response.of_json({"errors": refusal.details}, 422)
        return Response.of_json({"error": refusal.message, **refusal.details}, refusal.status)

    def _token(self, request: Request) -> Response:
        known = self.settings()
        is_known = basic(request) == (known.get("client_id"), known.get("client_secret"))
        if request.form().get("grant_type") != "client_credentials" or not is_known:
            raise Refusal(401, "invalid_client")
        token = self.secret(f"token-{len(self._tokens)}")
        self._tokens[token] = self.clock.monotonic() + _TOKEN_SECONDS
        return Response.of_json({"access_token": token, "token_type": "Bearer", "expires_in": _TOKEN_SECONDS})

    def _account(self, request: Request) -> Response:
        return Response.of_json({"name": "Sample Brand", "warehouses": [MAIN, EU]})

    # orders

    def _create(self, request: Request) -> Response:
        body = object_of(body_of(request))
        lines, wrong = self._lines(body), self._wrong(body)
        for name, value in lines.items():
            if isinstance(value, str):
                wrong[name] = value
        if wrong:
            raise Refusal(422, "some fields are wrong", **wrong)
        reference = str(body["reference"])
        if reference in self.by_external_id and self._switches["duplicates"] == "refused":
            raise Refusal(409, "reference exists", id=self.by_external_id[reference][0].id)
        good = [line for line in lines.values() if isinstance(line, Line)]
        warehouse = str(body.get("warehouse") or MAIN)
        order = self.store.add_order(reference, "api", "open", good, body, warehouse=warehouse)
        return Response.of_json({"id": order.id, "reference": reference, "status": order.status}, 201)

    def _wrong(self, body: Row) -> dict[str, str]:
        customer = body.get("customer") if isinstance(body.get("customer"), dict) else {}
        given = {
            "reference": body.get("reference"),
            "currency": body.get("currency"),
            "customer.code": customer and customer.get("code"),
            "customer.name": customer and customer.get("name"),
            "lines": body.get("lines"),
        }
        wrong = {name: "is required" for name, value in given.items() if not value}
        if body.get("warehouse") not in (None, "", MAIN, EU):
            wrong["warehouse"] = "is unknown"
        return wrong

    def _lines(self, body: Row) -> dict[str, Line | str]:
        """Return the lines, or what is wrong with them, by the name of the field."""
        rows, found = body.get("lines"), dict[str, Line | str]()
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            at = f"lines.{index}"
            if not isinstance(row, dict):
                found[at] = "is no object"
                continue
            reference = str(row.get("sku") or row.get("barcode") or "")
            item = self.store.item(reference)
            if item is None and (not reference or self._switches["unknown_sku"] == "refused"):
                found[f"{at}.sku"] = "is unknown" if reference else "is required"
                continue
            try:
                pieces = whole(row.get("pieces"), "pieces", least=1)
                price = None if row.get("price") is None else Decimal(str(row["price"]))
            except Refusal:
                found[f"{at}.pieces"] = "is no whole number above 0"
            except InvalidOperation:
                found[f"{at}.price"] = "is no amount"
            else:
                found[at] = self.store.line(item.sku if item else reference, pieces, price, row)
        return found

    def _list(self, request: Request) -> Response:
        given = request.query
        since = instant(given["changed_since"]) if given.get("changed_since") else None
        found = [
            _order_row(order)
            for order in self.store.orders.values()
            if given.get("reference") in (None, order.external_id) and (since is None or order.modified_at >= since)
        ]
        page, headers = self._page(request, found)
        return Response.of_json({"orders": page}, headers=headers)

    def _page(self, request: Request, rows: Sequence[Row]) -> tuple[Sequence[Row], Mapping[str, str]]:
        page, size = positive(request, "page", 1), positive(request, "size", _PAGE)
        if size > 200:
            raise Refusal(400, "size is at most 200")
        return plain(numbered(rows, page, size)), {"x-total-count": str(len(rows))}

    def _named(self, number: str) -> Order:
        if number not in self.orders:
            raise Refusal(404, f"there is no order {number}")
        return self.orders[number]

    def _read(self, request: Request, number: str) -> Response:
        return Response.of_json(plain(_order_row(self._named(number))))

    def _cancel(self, request: Request, number: str) -> Response:
        order = self._named(number)
        if order.shipments:
            raise Refusal(409, "something of it has left", id=order.id)
        self.cancel(order)
        return self._read(request, number)

    # stock, products, shipments

    def _stock(self, request: Request) -> Response:
        wanted = request.query.get("warehouse")
        reserved = {place: self.store.committed(place) for place in (MAIN, EU)}
        rows = [
            _stock_row(self.items[sku], place, count, reserved[place].get(sku, 0))
            for (sku, place), count in self.stock.items()
            if wanted in (None, "", place)
        ]
        page, headers = self._page(request, rows)
        return Response.of_json(page, headers=headers)

    def _write_stock(self, request: Request, sku: str) -> Response:
        body = object_of(body_of(request))
        place, count = str(body.get("warehouse") or MAIN), whole(body.get("on_hand"), "on_hand")
        if sku not in self.items or place not in (MAIN, EU):
            raise Refusal(404, f"there is no {sku} in {place}")
        self.set_stock(sku, count, place)
        reserved = self.store.committed(place).get(sku, 0)
        return Response.of_json(_stock_row(self.items[sku], place, count, reserved))

    def _products(self, request: Request) -> Response:
        rows = [
            {
                "sku": item.sku, "barcode": item.barcode, "name": item.name, "style": item.style, "color": item.color,
                "size": item.size, "wholesale": str(item.price), "retail": str(item.retail),
                "changed_at": stamp(item.modified_at),
            }
            for item in self.items.values()
        ]  # fmt: skip
        page, headers = self._page(request, rows)
        return Response.of_json(page, headers=headers)

    def _shipments(self, request: Request) -> Response:
        given = request.query
        since = instant(given["since"]) if given.get("since") else None
        after = positive(request, "after", 0, least=0)
        found = [
            (order, shipment)
            for order in self.store.orders.values()
            for shipment in order.shipments
            if (since is None or shipment.shipped_at >= since) and shipment.id > after
        ]
        found.sort(key=lambda pair: pair[1].id)
        page, following = found[:_PAGE], None
        if len(found) > _PAGE:
            kept = {"since": given["since"]} if given.get("since") else {}
            following = f"/api/shipments?{urlencode({**kept, 'after': page[-1][1].id})}"
        return Response.of_json({"shipments": [_shipment_row(*pair) for pair in page], "next": following})

    # people

    def after_shipment(self, order: Order) -> None:
        """Put an order that has left altogether into status shipped."""
        self.store.place(order, "shipped" if order.shipped else "picking")

    def cancel(self, order: Order | str) -> None:
        """Cancel an order."""
        self.order(order).cancelled = True
        self.store.place(self.order(order), "cancelled")

    def move_to_folder(self, order: Order | str, folder: str) -> None:
        """Put an order into a status, such as `picking`."""
        if folder not in STATUSES:
            raise ValueError(f"there is no status {folder!r}")
        super().move_to_folder(order, folder)

    def add_order(self, external_id: str, pieces: Mapping[str, int], *, channel: str = "Shopify") -> Order:
        """Add an order of another channel, with *pieces* by SKU."""
        lines = [self._line(self.items[sku], count) for sku, count in pieces.items()]
        return self.store.add_order(external_id, channel, "open", lines, {"reference": external_id})

    def _line(self, item: Item, count: int) -> Line:
        return self.store.line(item.sku, count, item.price, {"barcode": item.barcode, "price": str(item.price)})


def _order_row(order: Order) -> Row:
    return {
        **order.fields,
        "id": order.id,
        "reference": order.external_id,
        "status": order.status,
        "created_at": stamp(order.created_at),
        "changed_at": stamp(order.modified_at),
        "lines": [
            {**line.fields, "line": line.id, "sku": line.sku, "pieces": line.quantity, "shipped": line.shipped}
            for line in order.lines
        ],
    }


def _stock_row(item: Item, place: str, count: int, reserved: int) -> Row:
    return {
        "sku": item.sku, "barcode": item.barcode, "warehouse": place, "on_hand": count, "reserved": reserved,
        "free": count - reserved,
    }  # fmt: skip


def _shipment_row(order: Order, shipment: Shipment) -> Row:
    skus = {line.id: line.sku for line in order.lines}
    return {
        "id": shipment.id,
        "order": order.id,
        "reference": order.external_id,
        "state": "sent",
        "carrier": shipment.carrier,
        "tracking": shipment.tracking,
        "warehouse": shipment.warehouse,
        "shipped_at": stamp(shipment.shipped_at),
        "lines": [{"line": line, "sku": skus[line], "pieces": count} for line, count in shipment.pieces.items()],
    }
