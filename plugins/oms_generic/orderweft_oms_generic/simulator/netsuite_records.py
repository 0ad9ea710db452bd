"""NetSuite's records: which fields they have, and how they are read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .store import Customer, Item, Line, Order, Shipment, Store
from .wire import Refusal, Row, amount, instant, object_of, rows_of, stamp, whole

_CLASSIFICATION = ("subsidiary", "location", "department", "class")
FIELDS: Mapping[str, frozenset[str]] = {
    "salesOrder": frozenset(
        (
            *_CLASSIFICATION, "externalId", "entity", "tranDate", "otherRefNum", "memo", "item", "email", "currency",
            "exchangeRate", "terms", "shipDate", "shipMethod", "shipComplete", "shippingCost", "shippingAddress",
            "billingAddress", "shipAddressList", "billAddressList", "startDate", "endDate", "discountItem",
            "discountRate", "salesRep", "orderStatus", "toBeEmailed",
        )
    ),
    "line": frozenset(
        (*_CLASSIFICATION, "line", "item", "quantity", "rate", "amount", "price", "units", "description")
    ),
    "customer": frozenset(
        (
            "externalId", "entityId", "companyName", "email", "phone", "isPerson", "firstName", "lastName",
            "subsidiary", "currency", "terms", "addressBook", "comments", "category",
        )
    ),
    "inventoryItem": frozenset(
        ("externalId", "itemId", "displayName", "upcCode", "basePrice", "isInactive", "subsidiary", "taxSchedule")
    ),
    "inventoryAdjustment": frozenset(
        ("externalId", "account", "subsidiary", "adjLocation", "tranDate", "memo", "inventory")
    ),
    "itemFulfillment": frozenset(("item", "package", "shipStatus", "tranDate", "memo")),
}  # fmt: skip
STATUSES = ("Pending Approval", "Pending Fulfillment", "Partially Fulfilled", "Pending Billing", "Billed", "Closed",
            "Cancelled")  # fmt: skip

KeyedLine = tuple[Any, Line]
"""A line as it was sent, with the line key it was sent with, if any."""


@dataclass(frozen=True)
class Reader:
    """How strictly one call's body is read."""

    custom: frozenset[str]
    """The custom fields this account has."""
    strict: bool
    """Whether unknown fields fail instead of vanishing."""

    def known(self, body: Row, record: str, path: str = "") -> Row:
        """Return what *record* has of *body*."""
        kept = {}
        for name, value in body.items():
            if name in FIELDS[record] or name in self.custom:
                kept[name] = value
            elif self.strict:
                raise Refusal(400, f"Unknown reference or field: {name}", "INVALID_CONTENT", path=f"{path}{name}")
        return kept

    def lines(self, body: Row, store: Store) -> list[KeyedLine]:
        """Return the lines of an order, each with its line key where it has one."""
        sublist = object_of(body.get("item") or {}, "item")
        found = []
        for index, given in enumerate(rows_of(sublist.get("items") or [], "item.items")):
            path = f"item.items[{index}]."
            row = self.known(given, "line", path)
            item = item_of(store, reference(row, "item", path))
            quantity = whole(row.get("quantity"), f"{path}quantity", least=1)
            rate = item.price if row.get("rate") is None else amount(row["rate"], f"{path}rate")
            found.append((row.get("line"), store.line(item.sku, quantity, rate, row)))
        return found


def reference(row: Row, name: str, path: str = "") -> int:
    """Return the internal id a field refers to."""
    value = row.get(name)
    if value is None:
        raise Refusal(400, f"Please enter value(s) for: {name}", "USER_ERROR", path=f"{path}{name}")
    number = value.get("id") if isinstance(value, dict) else None
    if not isinstance(number, int | str) or not str(number).isdecimal():
        raise Refusal(400, f"{name} must refer to a record by its id", "INVALID_CONTENT", path=f"{path}{name}")
    return int(number)


def item_of(store: Store, number: int) -> Item:
    """Return the item of that internal id."""
    for item in store.items.values():
        if item.id == number:
            return item
    raise Refusal(400, f"Invalid reference key {number} for item", "INVALID_KEY_OR_REF", path="item")


def check_external_id(text: str) -> None:
    """Refuse an external id with other characters than letters, digits, `_` and `-`."""
    if "|" in text:
        raise Refusal(400, "An external id with a pipe stands for several", "INVALID_ID")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise Refusal(400, f"Invalid external id {text}", "INVALID_ID")


def check_order(row: Row, store: Store, required: Sequence[str]) -> None:
    """Refuse an order without what its form asks for."""
    customer = reference(row, "entity")
    if customer not in store.customers:
        raise Refusal(400, f"Invalid reference key {customer} for entity", "INVALID_KEY_OR_REF", path="entity")
    for name in required:
        if row.get(name) in (None, "", {}):
            raise Refusal(400, f"Please enter value(s) for: {name}", "USER_ERROR", path=name)
    if row.get("tranDate"):
        instant(str(row["tranDate"]), "%Y-%m-%d")


def pieces_of(body: Row, order: Order) -> dict[int, int] | None:
    """Return the pieces a fulfillment takes, by line; None for all that is open."""
    if "item" not in body:
        return None
    open_ = {line.id: line.open for line in order.lines}
    pieces = {}
    for row in rows_of(object_of(body["item"], "item").get("items"), "item.items"):
        line = whole(row.get("orderLine"), "item.items.orderLine")
        count = whole(row.get("quantity", open_.get(line)), "item.items.quantity", least=1)
        if count > open_.get(line, 0):
            raise Refusal(400, f"Line {line} has no {count} pieces to fulfill", "USER_ERROR", path="item.items")
        pieces[line] = count
    return pieces


def adjustments(body: Row, store: Store, places: Mapping[int, str]) -> list[tuple[str, str, int]]:
    """Return what a stock adjustment changes: SKU, warehouse and difference."""
    found = []
    for row in rows_of(object_of(body.get("inventory") or {}, "inventory").get("items"), "inventory.items"):
        place = reference({"location": body.get("adjLocation"), **row}, "location", "inventory.items.")
        if place not in places:
            raise Refusal(400, f"Invalid reference key {place} for location", "INVALID_KEY_OR_REF", path="location")
        item = item_of(store, reference(row, "item", "inventory.items."))
        found.append((item.sku, places[place], whole(row.get("adjustQtyBy"), "inventory.items.adjustQtyBy")))
    return found


def order_row(store: Store, order: Order) -> Row:
    """Write an order without its lines."""
    customer = store.customers[int(order.fields["entity"]["id"])]
    has_external_id = order.external_id != str(order.id)
    return {
        **{name: value for name, value in order.fields.items() if name != "item"},
        "id": str(order.id),
        "tranId": f"SO{order.id}",
        **({"externalId": order.external_id} if has_external_id else {}),
        "entity": {"id": str(customer.id), "refName": f"{customer.code} {customer.name}".strip()},
        "status": {"id": str(STATUSES.index(order.status)), "refName": order.status},
        "total": sum((line.price or 0) * line.quantity for line in order.lines),
        "createdDate": stamp(order.created_at),
        "lastModifiedDate": stamp(order.modified_at),
    }


def line_row(store: Store, line: Line) -> Row:
    """Write a line of an order."""
    item = store.items[line.sku]
    return {
        **line.fields,
        "line": line.id,
        "item": {"id": str(item.id), "refName": item.sku},
        "quantity": line.quantity,
        "rate": line.price,
        "amount": (line.price or 0) * line.quantity,
        "quantityFulfilled": line.shipped,
    }


def customer_row(store: Store, customer: Customer) -> Row:
    """Write a customer."""
    return {
        **customer.fields,
        "id": str(customer.id),
        **({"externalId": customer.external_id} if customer.external_id else {}),
        "entityId": customer.code,
        "companyName": customer.name,
        "email": customer.email,
        "lastModifiedDate": stamp(customer.modified_at),
    }


def item_row(store: Store, item: Item) -> Row:
    """Write an item."""
    return {
        **item.fields,
        "id": str(item.id),
        **({"externalId": item.external_id} if item.external_id else {}),
        "itemId": item.sku,
        "displayName": item.name,
        "upcCode": item.barcode,
        "basePrice": item.price,
        "isInactive": not item.active,
        "lastModifiedDate": stamp(item.modified_at),
    }


def fulfillment_row(store: Store, order: Order, shipment: Shipment) -> Row:
    """Write a fulfillment."""
    skus = {line.id: line.sku for line in order.lines}
    rows = [
        {"orderLine": line, "item": {"id": str(store.items[skus[line]].id)}, "quantity": count}
        for line, count in shipment.pieces.items()
    ]
    return {
        "id": str(shipment.id),
        "tranId": f"IF{shipment.id}",
        "createdFrom": {"id": str(order.id), "refName": f"Sales Order #SO{order.id}"},
        "shipStatus": {"id": "C", "refName": "Shipped"},
        "tranDate": stamp(shipment.shipped_at)[:10],
        "item": {"items": rows},
        "package": {"items": [{"packageTrackingNumber": shipment.tracking, "packageDescr": shipment.carrier}]},
    }
