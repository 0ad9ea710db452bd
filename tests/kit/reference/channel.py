"""A small channel that can do everything, and keeps the contract; the mutants are it with one thing broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderweft import (
    Accepted,
    Account,
    Acknowledgement,
    Address,
    AlreadyThere,
    Channel,
    Customer,
    Delivery,
    Fetched,
    Item,
    Kind,
    Limits,
    Order,
    OrderCancellation,
    OrderCustomer,
    OrderLine,
    OrderQuery,
    OrderUpdate,
    Outcome,
    Page,
    Price,
    Product,
    ProductColor,
    Receipt,
    RecordPage,
    Refused,
    RejectedError,
    Shipment,
    ShipmentLine,
    Sku,
    StockLevel,
    Unknown,
    UnknownOutcomeError,
    Unread,
    WriteMode,
    first_mistake,
    hookimpl,
    marked_complete,
    normalize_gtin,
)
from orderweft.testing import Simulator
from pydantic import ValidationError

from .simulator import Simulator as BackOffice
from .wire import Office, Settings, ask, origin, pages, put, written

_NEEDS: Mapping[str, Any] = {
    "orders": {"required": ["customer", "lines"], "properties": {"lines": {"minItems": 1}}},
    "inventory": {"required": ["item"], "properties": {"item": {"required": ["barcode"]}}},
    "catalog": {"required": ["style_number"]},
    "customers": {"required": ["account_code"]},
    "shipments": {"required": ["lines"]},
}
_GIVES: Mapping[str, Any] = {
    "orders": {"required": ["origin", "number", "customer", "lines"], "properties": {"season": False}},
    "inventory": {"required": ["item", "quantity"], "properties": {"warehouse": False}},
    "catalog": {
        "required": ["style_number", "colors"],
        "properties": {"prices": {"items": {"properties": {"label": False, "retail": False}}}},
    },
    "customers": {"required": ["account_code"], "properties": {"currency": False, "contacts": {"maxItems": 0}}},
    "shipments": {"required": ["lines"]},
}
_KEPT = {"purchase_order", "window", "addresses", "note"}
"""Fields of an order that are stored as they are."""


@hookimpl
def describe() -> Channel:
    """Describe the back office."""
    return Channel("Reference", Settings, Limits(in_flight=2, batch_size=5))


@hookimpl
def simulator(settings: Mapping[str, Any], folder: Path) -> Callable[..., Simulator]:
    """Return the class that plays it."""
    return BackOffice


@hookimpl
def provides(connection: Office, kind: Kind) -> dict[str, Any] | None:
    """Say what is always there."""
    return {"type": "object", **_GIVES[kind]}


@hookimpl
def accepts(connection: Office, kind: Kind) -> dict[str, Any] | None:
    """Say what is needed."""
    return {"type": "object", **_NEEDS[kind]}


@hookimpl
def check_connection(connection: Office) -> Account:
    """Ask who we are."""
    body = ask(connection, "account")
    return Account(body["id"], body["name"])


# orders


def to_order(connection: Office, row: Mapping[str, Any]) -> Order:
    """Read an order; raises ValidationError."""
    lines = tuple(
        OrderLine(key=str(n), barcode=line["barcode"], quantity=line["quantity"], unit_price=line["price"])
        for n, line in enumerate(row["lines"])
    )
    return Order(
        origin=origin(connection, row),
        number=row["number"],
        status="approved",
        currency=row["currency"],
        modified_at=row["changed"],
        customer=OrderCustomer(account_code=row["customer"]),
        lines=lines,
        **row.get("more", {}),
    )


def fetched(connection: Office, row: Mapping[str, Any]) -> Fetched:
    """Read an order, or say why it cannot be read."""
    payload = json.dumps(row)
    try:
        return Fetched(row["id"], row["number"], to_order(connection, row), payload)
    except ValidationError as error:
        return Fetched(row["id"], row["number"], None, payload, problem=first_mistake(error))


@hookimpl
def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
    """Yield orders from a version on."""
    params: dict[str, Any] = {}
    if query.number is not None:
        params["number"] = query.number
    elif query.since is not None:
        params["since"] = query.since.isoformat()
    elif query.bookmark is not None:
        params["after"] = int(query.bookmark)
    for rows, reached in pages(connection, "orders", **params):
        yield Page(tuple(fetched(connection, row) for row in rows), str(reached))


@hookimpl
def reread_order(connection: Office, payload: str) -> Fetched:
    """Read a stored order again."""
    return fetched(connection, json.loads(payload, parse_float=Decimal))


@hookimpl
def acknowledge_orders(connection: Office, acknowledgements: Sequence[Acknowledgement]) -> list[Outcome] | None:
    """Say what became of orders."""
    if not acknowledgements:
        return []
    rows = [{"id": one.id, "message": one.message} for one in acknowledgements]
    try:
        put(connection, "told", rows)
    except UnknownOutcomeError as error:
        return [Unknown(message=str(error))] * len(rows)
    return [Accepted(receipt=Receipt(id=one.id)) for one in acknowledgements]


def from_order(delivery: Delivery) -> dict[str, Any]:
    """Write an order; raises RejectedError when it lacks something."""
    order = delivery.order
    if not order.lines or any(line.barcode is None or line.unit_price is None for line in order.lines):
        raise RejectedError(f"order {order.number} has lines without barcode or price")
    customer = order.customer.account_code
    more = order.model_dump(mode="json", include=_KEPT, exclude_none=True)
    row = {"key": delivery.key, "customer": customer, "currency": order.currency, "lines": lines_of(order)}
    return {**row, "more": more}


def lines_of(order: Order) -> list[dict[str, Any]]:
    """Write the lines of an order."""
    return [{"barcode": one.barcode, "quantity": one.quantity, "price": str(one.unit_price)} for one in order.lines]


@hookimpl
def deliver_orders(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Create orders under their keys."""
    return written(connection, "orders", [from_order(delivery) for delivery in deliveries])


@hookimpl
def find_orders(connection: Office, keys: Sequence[str]) -> dict[str, Receipt | Refused]:
    """Find orders by key."""
    if not keys:
        return {}
    rows = ask(connection, "orders", key=",".join(keys))["rows"]
    return {row["key"]: Receipt(id=row["id"], number=row["number"]) for row in rows}


@hookimpl
def update_orders(connection: Office, updates: Sequence[OrderUpdate]) -> list[Outcome]:
    """Set the lines of orders, unless somebody else has."""
    return [_updated(connection, update) for update in updates]


def _updated(connection: Office, update: OrderUpdate) -> Outcome:
    (row,) = ask(connection, "orders", key=update.key)["rows"]
    if row["lines"] == lines_of(update.order):
        return AlreadyThere(receipt=update.receipt)
    if row["lines"] not in [lines_of(order) for order in update.known]:
        return Refused(reason="needs_person", message="somebody has edited it", fix="compare both")
    return written(connection, "edits", [{"id": row["id"], "lines": lines_of(update.order)}])[0]


@hookimpl
def cancel_orders(connection: Office, cancellations: Sequence[OrderCancellation]) -> list[Outcome]:
    """Cancel orders."""
    return [_cancelled(connection, one) for one in cancellations]


def _cancelled(connection: Office, one: OrderCancellation) -> Outcome:
    (row,) = ask(connection, "orders", key=one.key)["rows"]
    receipt = one.receipt.model_copy(update={"cancelled": True})
    if row.get("cancelled"):
        return AlreadyThere(receipt=receipt)
    outcome = written(connection, "edits", [{"id": row["id"], "cancelled": True}])[0]
    return Accepted(receipt=receipt) if isinstance(outcome, Accepted) else outcome


@hookimpl
def probe_orders(connection: Office, orders: Sequence[Order]) -> list[Refused | None]:
    """Tell which orders have an item that is not in stock."""
    known = {row["id"] for rows, _ in pages(connection, "stock") for row in rows} if orders else set()
    strange = ([line.barcode for line in order.lines if line.barcode not in known] for order in orders)
    return [Refused(reason="unknown_item", message=f"not there: {codes[0]}") if codes else None for codes in strange]


# stock


def reading(connection: Office, table: str, read: Callable[[Office, Any], Any]) -> Iterator[RecordPage]:
    """Yield a whole table; rows that cannot be read apart."""
    for rows, _ in pages(connection, table):
        records, unread = [], []
        for row in rows:
            try:
                records.append(read(connection, row))
            except ValidationError as error:
                unread.append(Unread(row["id"], str(row["id"]), first_mistake(error)))
        yield RecordPage(tuple(records), tuple(unread))


def to_level(connection: Office, row: Mapping[str, Any]) -> StockLevel:
    """Read a level."""
    item = Item(style_number=row["style"], barcode=row["id"], gtin=normalize_gtin(row["id"]))
    return StockLevel(origin=origin(connection, row), item=item, quantity=row["quantity"], updated_at=row["changed"])


@hookimpl
def read_inventory(connection: Office) -> Iterator[RecordPage]:
    """Yield all levels."""
    return marked_complete(reading(connection, "stock", to_level))


@hookimpl
def write_inventory(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    """Set levels."""
    rows = [{"id": one.item.barcode or "", "style": one.item.style_number, "quantity": one.quantity} for one in levels]
    return written(connection, "stock", rows, overwrite=mode == "overwrite")


# products


def to_product(connection: Office, row: Mapping[str, Any]) -> Product:
    """Read a product."""
    colors = tuple(
        ProductColor(
            color=color,
            skus=tuple(
                Sku(size=one["size"], barcode=one["barcode"], gtin=normalize_gtin(one["barcode"]))
                for one in row["sizes"]
                if one["color"] == color
            ),
        )
        for color in dict.fromkeys(one["color"] for one in row["sizes"])
    )
    prices = (Price(currency="GBP", wholesale=row["price"]),)
    return Product(
        origin=origin(connection, row), style_number=row["id"], name=row["name"], prices=prices, colors=colors
    )


@hookimpl
def read_catalog(connection: Office) -> Iterator[RecordPage]:
    """Yield all products."""
    return marked_complete(reading(connection, "products", to_product))


@hookimpl
def write_catalog(connection: Office, products: Sequence[Product]) -> list[Outcome]:
    """Write products by style number."""
    return written(connection, "products", [from_product(one) for one in products])


def from_product(product: Product) -> dict[str, Any]:
    """Write a product; raises RejectedError when it lacks its number."""
    if product.style_number is None:
        raise RejectedError(f"{product.label} has no style number")
    sizes = [{"barcode": one.barcode, "color": one.color, "size": one.size} for one in product.items()]
    price = str(product.prices[0].wholesale) if product.prices else "0"
    return {"id": product.style_number, "name": product.name, "price": price, "sizes": sizes}


# customers


def to_customer(connection: Office, row: Mapping[str, Any]) -> Customer:
    """Read a customer."""
    addresses = tuple(Address.model_validate(one) for one in row["addresses"])
    return Customer(origin=origin(connection, row), account_code=row["id"], name=row["name"], addresses=addresses)


@hookimpl
def read_customers(connection: Office) -> Iterator[RecordPage]:
    """Yield all customers."""
    return marked_complete(reading(connection, "customers", to_customer))


@hookimpl
def write_customers(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
    """Write customers by code."""
    return written(connection, "customers", [from_customer(one) for one in customers])


def from_customer(customer: Customer) -> dict[str, Any]:
    """Write a customer; raises RejectedError when it lacks its code."""
    if customer.account_code is None:
        raise RejectedError(f"{customer.name} has no account code")
    addresses = [one.to_data() for one in customer.addresses]
    return {"id": customer.account_code, "name": customer.name, "addresses": addresses}


# shipments


def to_shipment(connection: Office, row: Mapping[str, Any]) -> Shipment:
    """Read a shipment."""
    lines = tuple(ShipmentLine(item=Item(barcode=code), quantity=pieces) for code, pieces in row["pieces"].items())
    return Shipment(
        origin=origin(connection, row), order_id=row["order"], tracking_numbers=tuple(row["tracking"]), lines=lines
    )


@hookimpl
def read_shipments(connection: Office) -> Iterator[RecordPage]:
    """Yield all shipments."""
    return marked_complete(reading(connection, "shipments", to_shipment))


@hookimpl
def write_shipments(connection: Office, shipments: Sequence[Shipment]) -> list[Outcome]:
    """Tell of shipments."""
    rows = [
        {
            "id": f"{one.order_id}/{one.origin.id}",
            "order": one.order_id,
            "tracking": list(one.tracking_numbers),
            "pieces": {line.item.barcode: line.quantity for line in one.lines},
        }
        for one in shipments
    ]
    return written(connection, "shipments", rows)
