"""Order Desk's bodies: what it asks of an order, an item and a shipment, and how it writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .store import Item, Line, Order, Shipment, Store
from .wire import Refusal, Row, amount, instant, object_of, plain, rows_of, whole

STAMP = "%Y-%m-%d %H:%M:%S"
PAYMENT_STATUSES = (
    "Approved", "Authorized", "Captured", "Fully Refunded", "Partially Refunded", "Pending", "Rejected", "Voided",
)  # fmt: skip
DELIVERY_TYPES = ("ship", "noship", "download", "future")
ITEM_FIELDS = (
    "name", "code", "price", "cost", "weight", "stock", "location", "manufacturer_sku", "variation_list", "metadata",
    "update_source",
)  # fmt: skip
SHIPMENT_FIELDS = ("shipment_method", "cost", "weight", "tracking_url", "status")
_LONGEST = {"checkout_data": 3500, "order_metadata": 2000}
_OWN = ("id", "date_added", "date_updated", "order_shipments", "order_total", "status")


def stamp(at: datetime) -> str:
    """Write an instant: UTC without saying so."""
    return at.astimezone(UTC).strftime(STAMP)


def php(value: Any) -> Any:
    """Return *value* as PHP writes it: an empty map is an empty list."""
    if isinstance(value, Mapping):
        return {name: php(one) for name, one in value.items()} or []
    if isinstance(value, list | tuple):
        return [php(one) for one in value]
    return plain(value)


def order_fields(body: Row) -> Row:
    """Return an order as it is kept, or refuse it."""
    rows = rows_of(body.get("order_items"), "order_items")
    if not rows:
        raise Refusal(400, "An order needs at least one item")
    for row in rows:
        _check_line(row)
    shipping, customer = _map(body, "shipping"), _map(body, "customer")
    if not any(address.get(name) for address in (shipping, customer) for name in _NAMES):
        raise Refusal(400, "An order needs a name or a company in the shipping or the customer address")
    for name, most in _LONGEST.items():
        if len(json.dumps(plain(_map(body, name)), ensure_ascii=False)) > most:
            raise Refusal(400, f"{name} is longer than {most} characters")
    payment_status = body.get("payment_status") or "Captured"
    if payment_status not in PAYMENT_STATUSES:
        raise Refusal(400, f"{payment_status} is not a payment status")
    return {
        **{name: value for name, value in body.items() if name not in _OWN},
        "source_id": body.get("source_id"),
        "source_name": body.get("source_name") or "Order Desk",
        "payment_status": payment_status,
        "shipping": shipping or customer,
        "customer": customer or shipping,
        "checkout_data": _map(body, "checkout_data"),
        "order_metadata": _map(body, "order_metadata"),
        "order_items": rows,
    }


_NAMES = ("name", "first_name", "last_name", "company")


def _map(body: Row, name: str) -> Row:
    """Return a map of *body*; an empty list is an empty map to PHP."""
    return object_of(body.get(name) or {}, name)


def _check_line(row: Row) -> None:
    whole(row.get("quantity", 1), "quantity", least=1)
    amount(row.get("price", 0), "price")
    if row.get("delivery_type", "ship") not in DELIVERY_TYPES:
        raise Refusal(400, f"{row['delivery_type']} is not a delivery type")


def line_of(store: Store, row: Row, known: Line | None = None) -> Line:
    """Return the line *row* stands for; what was shipped of a *known* one stays so."""
    line = store.line(
        str(row.get("code") or ""), whole(row.get("quantity", 1), "quantity"), amount(row.get("price", 0), "price"), row
    )
    if known:
        line.id, line.shipped = known.id, known.shipped
    return line


def matches(order: Order, given: Mapping[str, str], folders: Mapping[int, str], zone: str) -> bool:
    """Return whether *order* is among those asked for; blank filters ask for nothing."""
    if given.get("source_id") and order.external_id != given["source_id"]:
        return False
    if given.get("source_name") and order.channel != given["source_name"]:
        return False
    if given.get("folder_id") and folders.get(whole(given["folder_id"], "folder_id")) != order.status:
        return False
    for suffix, place in (("", UTC), ("_local", ZoneInfo(zone))):
        start, end = given.get(f"modified_start_date{suffix}"), given.get(f"modified_end_date{suffix}")
        if start and order.modified_at < _at(start, place):
            return False
        if end and order.modified_at > _at(end, place):
            return False
    return True


def _at(text: str, place: Any) -> datetime:
    return instant(text, STAMP).replace(tzinfo=place)


def as_sent(order: Order, folders: Mapping[int, str]) -> Row:
    """Return an order in the form a create takes."""
    folder = next(number for number, name in folders.items() if name == order.status)
    return {**order.fields, "folder_id": folder, "order_items": [_line_row(line) for line in order.lines]}


def _line_row(line: Line) -> Row:
    return {"delivery_type": "ship", "metadata": {}, **line.fields, "id": line.id, "quantity": line.quantity}


def order_row(order: Order, number: int | str, folder: int | str, shipments: list[Row]) -> Row:
    """Write an order."""
    return {
        **order.fields,
        "id": number,
        "source_id": order.external_id,
        "folder_id": folder,
        "order_total": sum((line.price or 0) * line.quantity for line in order.lines),
        "order_items": [_line_row(line) for line in order.lines],
        "order_shipments": shipments,
        "date_added": stamp(order.created_at),
        "date_updated": stamp(order.modified_at),
    }


def item_fields(body: Row) -> Row:
    """Return an item as it is kept, or refuse it; what is unknown vanishes."""
    for name in ("name", "code"):
        if not body.get(name):
            raise Refusal(400, f"{name} is required")
    amount(body.get("price") or 0, "price")
    whole(body.get("stock") or 0, "stock")
    return {name: body[name] for name in ITEM_FIELDS if name in body}


def item_row(item: Item, number: int | str, code: str, other: str, stock: int) -> Row:
    """Write an item."""
    variations = {name: value for name, value in (("Color", item.color), ("Size", item.size)) if value}
    kept = {"cost": 0, "weight": 0, "location": "", "metadata": {}, "update_source": "", "date_added": ""}
    if not item.fields:
        kept |= {"manufacturer_sku": other, "variation_list": variations, "date_added": stamp(item.modified_at)}
    else:
        kept |= {"manufacturer_sku": "", "variation_list": {}}
    return {
        **kept,
        **item.fields,
        "id": number,
        "name": item.name,
        "code": code,
        "price": item.price,
        "stock": stock,
        "date_updated": stamp(item.modified_at),
    }


def check_shipment(row: Row) -> None:
    """Refuse a shipment without its number."""
    if not row.get("tracking_number"):
        raise Refusal(400, "tracking_number is required")


def shipment_row(order: Order, shipment: Shipment, number: int | str) -> Row:
    """Write a shipment."""
    lines = {line.id: line for line in order.lines}
    return {
        "shipment_method": "", "cost": 0, "weight": 0, "tracking_url": "", "status": "",
        **shipment.fields,
        "id": shipment.id,
        "order_id": number,
        "tracking_number": shipment.tracking,
        "carrier_code": shipment.carrier,
        "order_items": [
            {"id": line, "code": lines[line].sku, "quantity": count}
            for line, count in shipment.pieces.items()
            if line in lines
        ],
        "date_added": stamp(shipment.shipped_at),
    }  # fmt: skip
