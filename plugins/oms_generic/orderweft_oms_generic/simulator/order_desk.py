"""Order Desk in memory: two headers, a leaky bucket, a status in every body, PHP's idea of JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypedDict

from orderweft import Clock, Request, Response

from . import order_desk_wire as form
from .store import MAIN, Item, Order, Shipment, Store
from .switches import resolve
from .system import Call, System
from .wire import Bucket, Refusal, Row, amount, body_of, object_of, positive, rows_of, whole

FOLDERS = {40: "New", 44: "JOOR", 45: "Prepared", 46: "Shipped", 47: "Cancelled"}
TIME_ZONE = "America/New_York"


class Switches(TypedDict, total=False):
    """The switches; the first value named is the default, flags are off."""

    throttle: Literal["on", "off"]
    content_type: Literal["every", "writes", "ignored"]
    error_status: Literal["by_kind", "ok"]
    created_status: Literal[201, 200]
    duplicates: Literal["by_channel", "by_source_id", "accepted"]
    duplicate_names: Literal["id_in_text", "id_in_field", "source_id_in_text"]
    ids: Literal["number", "text", "mixed"]
    zero_total: Literal["text", "number"]
    store_answer: Literal["flat", "wrapped"]
    unknown_folder: Literal["refused", "first"]
    order_put: Literal["replaces", "merges"]
    item_put: Literal["replaces", "merges"]
    batch_body: Literal["array", "object", "both"]
    sorted: Literal["oldest", "newest"]
    find_delay: Literal[0, 600]
    limit_over: Literal["clamped", "refused"]
    code: Literal["sku", "barcode"]
    stock: Literal["on_hand", "available"]
    shipment_items: bool


class OrderDesk(System):
    """One Order Desk store below `/api/v2`, with the folders `FOLDERS`; its one stock is that of the main warehouse.

    `throttle`: 20 calls at once and 3 a second, as the vendor says, or `off`, as an older copy of its page had it.
    `content_type`: `Content-Type: application/json` is wanted on `every` call, on `writes`, or `ignored`.
    `error_status`: the HTTP status of a refusal is told `by_kind` (400, 401, 404), or is 200 (`ok`) with the error in
    the body; 429 always is a status.
    `created_status`: the HTTP status after something was created.
    `duplicates`: a create is refused when the channel has an order of that source id (`by_channel`), when any channel
    has (`by_source_id`), or never: `accepted`.
    `duplicate_names`: the refusal names the existing order by its `id_in_text`, by `order_id` beside the message
    (`id_in_field`), or just repeats the `source_id_in_text`.
    `ids`: ids are numbers, `text`, or `mixed`: numbers in lists and text in single answers.
    `zero_total`: `total_records` without any is the `text` "0" or the `number`.
    `store_answer`: `GET /store` has folders and settings at the top (`flat`) or below `store` (`wrapped`).
    `unknown_folder`: an order for a folder that is not there is `refused` or put into the `first`.
    `order_put`, `item_put`: what a `PUT` leaves out is cleared (`replaces`) or kept (`merges`).
    `batch_body`: `PUT /batch-inventory-items` takes a bare `array`, an `object` with `inventory_items`, or `both`.
    `sorted`: lists begin with the `oldest` or the `newest`.
    `find_delay`: seconds until a new order is in lists.
    `limit_over`: a `limit` above 500 is `clamped` or `refused`.
    `code`: an item's `code` is the `sku`, with the barcode in `manufacturer_sku`, or the `barcode`, with the SKU there.
    `stock`: `stock` is what lies `on_hand` or what is `available`, open orders taken off.
    `shipment_items`: a shipment tells the pieces in it.

    People move orders between folders by `move_to_folder`, which runs the folder's rules; `rules_run` tells of that.
    """

    title = "Order Desk"

    def __init__(self, clock: Clock, seed: int, switches: Mapping[str, Any]) -> None:
        self._switches = resolve(Switches, switches, self.title)
        super().__init__(clock, seed, Store(clock, first_order=71_000_001))
        self._bucket = Bucket(clock, 20, 3)
        self.rules_run: list[tuple[int, str]] = []
        """The folders whose rules ran, with the order moved there."""

    def calls(self) -> Sequence[Call]:
        """Return all kinds of call."""
        root, order, item = "/api/v2", "/api/v2/orders/([^/]+)", "/api/v2/inventory-items"
        return (
            Call("account.check", "GET", f"{root}/test", self._test),
            Call("account.read", "GET", f"{root}/store", self._store),
            Call("order.create", "POST", f"{root}/orders", self._create),
            Call("orders.read", "GET", f"{root}/orders", self._list),
            Call("order.read", "GET", order, self._read),
            Call("order.update", "PUT", order, self._update),
            Call("order.move", "POST", f"{root}/move-orders", self._move),
            Call("order.note", "POST", f"{order}/order-history", self._note),
            Call("stock.read", "GET", item, self._items),
            Call("item.read", "GET", f"{item}/([^/]+)", self._item),
            Call("item.create", "POST", item, self._create_item),
            Call("stock.write", "PUT", f"{item}/([^/]+)", self._update_item),
            Call("stock.write_many", "PUT", f"{root}/batch-inventory-items", self._update_items),
            Call("shipments.read", "GET", f"{order}/shipments", self._shipments),
            Call("shipment.create", "POST", f"{order}/shipments", self._ship),
            Call("shipments.create", "POST", f"{root}/batch-shipments", self._ship_many),
        )

    def operation(self, request: Request) -> str:
        """Name what *request* asks for; the list of orders with a source id is `order.find`."""
        name = super().operation(request)
        return "order.find" if name == "orders.read" and "source_id" in request.query else name

    def settings(self) -> Mapping[str, Any]:
        """Return the two credentials."""
        return {"store_id": str(10_000 + self._seed), "api_key": self.secret("api-key")}

    def admit(self, operation: str, request: Request) -> None:
        """Refuse wrong credentials, a wrong content type and calls that come too fast."""
        known, given = self.settings(), request.headers
        names = ("orderdesk-store-id", "orderdesk-api-key")
        if [given.get(name) for name in names] != [known["store_id"], known["api_key"]]:
            raise Refusal(401, "Your store ID or API key is not valid")
        asked = self._switches["content_type"]
        is_asked = asked == "every" or (asked == "writes" and request.method != "GET")
        if is_asked and not given.get("content-type", "").startswith("application/json"):
            raise Refusal(400, "The Content-Type must be application/json")
        if self._switches["throttle"] == "on" and (wait := self._bucket.take()):
            raise Refusal(429, "Too many requests", "", {"x-retry-after": str(math.ceil(wait))})

    def headers(self, operation: str) -> Mapping[str, str]:
        """Return the calls left."""
        return {"x-tokens-remaining": str(self._bucket.left)} if self._switches["throttle"] == "on" else {}

    def refuse(self, refusal: Refusal, operation: str) -> Response:
        """Write *refusal*."""
        is_ok = self._switches["error_status"] == "ok" and refusal.status != 429 and operation != "unknown"
        body = {"status": "error", "message": refusal.message, **refusal.details}
        return Response.of_json(body, 200 if is_ok else refusal.status)

    def _say(self, status: int = 200, /, **body: Any) -> Response:
        return Response.of_json(form.php({"status": "success", **body}), status)

    def _id(self, number: int, *, single: bool) -> int | str:
        as_text = self._switches["ids"] == "text" or (self._switches["ids"] == "mixed" and single)
        return str(number) if as_text else number

    # the account

    def _test(self, request: Request) -> Response:
        return self._say(message="Connection Successful", current_date_time=form.stamp(self.store.now()))

    def _store(self, request: Request) -> Response:
        folders = {str(number): name for number, name in FOLDERS.items()}
        store = {"id": self.settings()["store_id"], "folders": folders, "settings": {"time_zone": TIME_ZONE}}
        return self._say(store=store) if self._switches["store_answer"] == "wrapped" else self._say(**store)

    # orders

    def _create(self, request: Request) -> Response:
        fields = form.order_fields(object_of(body_of(request)))
        source_id, channel = str(fields["source_id"] or ""), str(fields["source_name"])
        self._refuse_duplicate(source_id, channel)
        folder = self._folder(fields.pop("folder_id", None))
        lines = [form.line_of(self.store, row) for row in fields.pop("order_items")]
        order = self.store.add_order(source_id, channel, folder, lines, fields)
        message = f"Order {order.id} added"
        return self._say(self._switches["created_status"], message=message, order=self._written(order, single=True))

    def _refuse_duplicate(self, source_id: str, channel: str) -> None:
        rule = self._switches["duplicates"]
        same = [order for order in self.by_external_id.get(source_id, ()) if source_id]
        if rule == "by_channel":
            same = [order for order in same if order.channel == channel]
        if rule == "accepted" or not same:
            return
        naming = self._switches["duplicate_names"]
        if naming == "id_in_field":
            raise Refusal(400, "This order is a duplicate", order_id=self._id(same[0].id, single=True))
        name = f"ID {same[0].id}" if naming == "id_in_text" else source_id
        raise Refusal(400, f"This order is a duplicate of an existing order: {name}")

    def _folder(self, given: Any) -> str:
        if given is None:
            return FOLDERS[min(FOLDERS)]
        number = whole(given, "folder_id")
        if number not in FOLDERS and self._switches["unknown_folder"] == "refused":
            raise Refusal(400, f"There is no folder {number}")
        return FOLDERS.get(number, FOLDERS[min(FOLDERS)])

    def _list(self, request: Request) -> Response:
        given, newest_known = request.query, self.store.now() - timedelta(seconds=self._switches["find_delay"])
        known = (order for order in self.store.orders.values() if order.created_at <= newest_known)
        rows = [order for order in known if form.matches(order, given, FOLDERS, TIME_ZONE)]
        order_by = given.get("order_by", "date_added")
        if order_by not in ("date_added", "date_modified", "id"):
            raise Refusal(400, f"Orders cannot be sorted by {order_by}")
        newest = self._switches["sorted"] == "newest"
        rows.sort(
            key=lambda row: (row.modified_at if order_by == "date_modified" else row.created_at, row.id), reverse=newest
        )
        return self._paged(request, "orders", [self._written(order, single=False) for order in rows])

    def _paged(self, request: Request, name: str, rows: list[Row]) -> Response:
        limit, offset = positive(request, "limit", 50), positive(request, "offset", 0, least=0)
        if limit > 500 and self._switches["limit_over"] == "refused":
            raise Refusal(400, "The limit is at most 500")
        page = rows[offset : offset + min(limit, 500)]
        total = "0" if not rows and self._switches["zero_total"] == "text" else len(rows)
        return self._say(**{"total_records": total, "records_returned": len(page), name: page})

    def _named(self, number: str) -> Order:
        if number not in self.orders:
            raise Refusal(404, f"Order {number} was not found")
        return self.orders[number]

    def _read(self, request: Request, number: str) -> Response:
        return self._say(order=self._written(self._named(number), single=True))

    def _update(self, request: Request, number: str) -> Response:
        order, body = self._named(number), object_of(body_of(request))
        if self._switches["order_put"] == "merges":
            body = {**form.as_sent(order, FOLDERS), **body}
        fields = form.order_fields(body)
        folder = self._folder(fields.pop("folder_id", None))
        rows, known = fields.pop("order_items"), {str(line.id): line for line in order.lines}
        order.lines = [form.line_of(self.store, row, known.get(str(row.get("id")))) for row in rows]
        order.external_id, order.channel = str(fields["source_id"] or order.id), str(fields["source_name"])
        order.fields = fields
        self.store.place(order, folder)
        return self._say(message=f"Order {order.id} updated", order=self._written(order, single=True))

    def _move(self, request: Request) -> Response:
        body = object_of(body_of(request))
        numbers = body.get("order_id_list")
        if not isinstance(numbers, list) or not numbers:
            raise Refusal(400, "order_id_list must be a list of order ids")
        orders = [self._named(str(number)) for number in numbers]
        if "destination_folder_id" in body:
            folder = FOLDERS.get(whole(body["destination_folder_id"], "destination_folder_id"), "")
        else:
            folder = str(body.get("destination_folder_name") or "")
        if folder not in FOLDERS.values():
            raise Refusal(400, "The destination folder was not found")
        for order in orders:
            self.move_to_folder(order, folder)
        return self._say(message=f"{len(orders)} orders moved")

    def _note(self, request: Request, number: str) -> Response:
        order, content = self._named(number), object_of(body_of(request)).get("content")
        if not isinstance(content, str) or not content:
            raise Refusal(400, "content is required")
        order.history.append(content)
        return self._say(self._switches["created_status"], message="Order history added")

    def _written(self, order: Order, *, single: bool) -> Row:
        """Write an order."""
        folder = next(number for number, name in FOLDERS.items() if name == order.status)
        return form.order_row(
            order, self._id(order.id, single=single), self._id(folder, single=single),
            [self._shipment(order, shipment, single=single) for shipment in order.shipments],
        )  # fmt: skip

    # items and stock

    def _items(self, request: Request) -> Response:
        code = request.query.get("code")
        items = [item for item in self.items.values() if code in (None, self._code(item))]
        return self._paged(request, "inventory_items", [self._item_row(item, single=False) for item in items])

    def _item(self, request: Request, number: str) -> Response:
        return self._say(inventory_item=self._item_row(self._item_of(number), single=True))

    def _create_item(self, request: Request) -> Response:
        body = form.item_fields(object_of(body_of(request)))
        code = str(body["code"])
        if code in {self._code(item) for item in self.items.values()}:
            raise Refusal(400, f"The code {code} is taken")
        item = self.store.add_item(code, str(body["name"]))
        self._set_item(item, body)
        return self._say(self._switches["created_status"], inventory_item=self._item_row(item, single=True))

    def _update_item(self, request: Request, number: str) -> Response:
        item, body = self._item_of(number), object_of(body_of(request))
        self._set_item(item, self._item_body(item, body))
        return self._say(inventory_item=self._item_row(item, single=True))

    def _update_items(self, request: Request) -> Response:
        body, wanted = body_of(request), self._switches["batch_body"]
        if isinstance(body, dict) and wanted != "array":
            body = body.get("inventory_items")
        elif isinstance(body, list) and wanted == "object":
            raise Refusal(400, "inventory_items is required")
        rows = [(self._item_of(str(row.get("id"))), row) for row in rows_of(body)]
        written = [(item, self._item_body(item, row)) for item, row in rows]
        for item, row in written:
            self._set_item(item, row)
        return self._say(message=f"{len(written)} inventory items updated")

    def _item_body(self, item: Item, body: Row) -> Row:
        if self._switches["item_put"] == "merges":
            kept = self._item_row(item, single=True)
            body = {name: body.get(name, kept.get(name)) for name in {*form.ITEM_FIELDS} & {*kept, *body}}
        return form.item_fields(body)

    def _set_item(self, item: Item, body: Row) -> None:
        if str(body["code"]) != self._code(item):
            self.store.rename(item, str(body["code"]))
        item.name, item.price = str(body["name"]), amount(body.get("price") or 0, "price")
        item.fields = {"date_added": item.fields.get("date_added", form.stamp(self.store.now())), **body}
        self.store.set_stock(item.sku, whole(body.get("stock") or 0, "stock"))

    def _item_of(self, number: str) -> Item:
        found = next((item for item in self.items.values() if str(item.id) == number), None)
        if found is None:
            raise Refusal(404, f"Inventory item {number} was not found")
        return found

    def _code(self, item: Item) -> str:
        return item.barcode if self._switches["code"] == "barcode" and item.barcode else item.sku

    def _item_row(self, item: Item, *, single: bool) -> Row:
        stock = self.store.on_hand(item.sku, MAIN)
        if self._switches["stock"] == "available":
            stock -= self.store.committed().get(item.sku, 0)
        other = item.sku if self._code(item) != item.sku else item.barcode
        return form.item_row(item, self._id(item.id, single=single), self._code(item), other, stock)

    # shipments

    def _shipments(self, request: Request, number: str) -> Response:
        order = self._named(number)
        return self._say(shipments=[self._shipment(order, one, single=False) for one in order.shipments])

    def _ship(self, request: Request, number: str) -> Response:
        order = self._named(number)
        shipment = self._shipped(order, object_of(body_of(request)))
        return self._say(self._switches["created_status"], shipment=self._shipment(order, shipment, single=True))

    def _ship_many(self, request: Request) -> Response:
        rows = rows_of(body_of(request))
        orders = [self._named(str(row.get("order_id"))) for row in rows]
        for row in rows:
            form.check_shipment(row)
        for order, row in zip(orders, rows, strict=True):
            self._shipped(order, row)
        return self._say(self._switches["created_status"], message=f"{len(rows)} shipments added")

    def _shipped(self, order: Order, row: Row) -> Shipment:
        form.check_shipment(row)
        fields = {name: row[name] for name in form.SHIPMENT_FIELDS if name in row}
        carrier = str(row.get("carrier_code") or "")
        return self.ship(order, str(row["tracking_number"]), carrier=carrier, **fields)

    def _shipment(self, order: Order, shipment: Shipment, *, single: bool) -> Row:
        row = form.shipment_row(order, shipment, self._id(order.id, single=single))
        return row if self._switches["shipment_items"] else {k: v for k, v in row.items() if k != "order_items"}

    # people

    def after_shipment(self, order: Order) -> None:
        """Put an order that has left altogether into its folder."""
        if order.shipped:
            self.move_to_folder(order, "Shipped")

    def move_to_folder(self, order: Order | str, folder: str) -> None:
        """Put an order into a folder, which runs the rules of that folder."""
        if folder not in FOLDERS.values():
            raise ValueError(f"there is no folder {folder!r}")
        found = self.order(order)
        self.store.place(found, folder)
        self.rules_run.append((found.id, folder))

    def cancel(self, order: Order | str) -> None:
        """Cancel an order: it goes into the folder for that."""
        self.order(order).cancelled = True
        self.move_to_folder(order, "Cancelled")

    def add_order(self, external_id: str, pieces: Mapping[str, int], *, channel: str = "Shopify") -> Order:
        """Add an order of another channel, with *pieces* by SKU."""
        body = {
            "source_id": external_id, "source_name": channel, "shipping": {"company": "Somebody Else"},
            "order_items": [{"name": sku, "code": sku, "price": 1, "quantity": count} for sku, count in pieces.items()],
        }  # fmt: skip
        fields = form.order_fields(body)
        lines = [form.line_of(self.store, row) for row in fields.pop("order_items")]
        return self.store.add_order(external_id, channel, FOLDERS[min(FOLDERS)], lines, fields)
