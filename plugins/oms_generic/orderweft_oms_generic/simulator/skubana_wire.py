"""Skubana's bodies: what it asks of an order, and how it writes orders, products, shipments and errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .store import Item, Line, Order, Shipment, Store
from .wire import Refusal, Row, amount, instant, object_of, plain, rows_of, stamp, whole

STATUSES = (
    "UNRESOLVED", "AWAITING_PAYMENT", "AWAITING_SHIPMENT", "AWAITING_MC_FULFILLMENT", "AWAITING_3PL_EXPORT",
    "AWAITING_DROPSHIP", "PENDING_FULFILLMENT", "SHIPPED", "CANCELLED", "ON_HOLD", "SKU_UNPROCESSED",
    "PROCESSED_OUTSIDE_OF_SKUBANA", "FBA_INBOUND_SHIPMENT_PLAN",
)  # fmt: skip
_MOST_PIECES = 100_000_000


def at(text: str) -> datetime:
    """Read an instant, in the one form there is."""
    return instant(text)


def is_between(when: datetime | None, start: str | None, end: str | None) -> bool:
    """Return whether an instant lies between two, where those are given."""
    if start and (when is None or when < at(start)):
        return False
    return not (end and (when is None or when > at(end)))


def is_within(when: datetime | None, given: Mapping[str, str], name: str) -> bool:
    """Return whether an instant lies in the range the query gives by *name*."""
    return is_between(when, given.get(f"{name}From"), given.get(f"{name}To"))


def key_of(names: Mapping[int, str], name: str) -> str:
    """Return the number of a channel or warehouse, as it stands in a query."""
    return str(next(number for number, one in names.items() if one == name))


def named(names: Mapping[int, str], number: Any) -> str:
    """Return the channel or warehouse of that number, as it stands in a body; blank when there is none."""
    return names.get(number, "") if isinstance(number, int) else ""


def error(refusal: Refusal, index: int) -> Row:
    """Write what became of one row."""
    return {
        "message": refusal.message,
        "errorCode": refusal.code or "ERR000",
        "identifier": refusal.details.get("identifier"),
        "index": index,
    }


def check(body: Row, channels: Mapping[int, str]) -> None:
    """Refuse an order that lacks what is required."""
    for name in ("salesChannelId", "shipName", "shipAddress1", "shipCity", "shipCountry"):
        if not body.get(name):
            raise Refusal(400, f"{name} is required")
    if not named(channels, body["salesChannelId"]):
        raise Refusal(400, f"Sales channel {body['salesChannelId']} does not exist")
    for name in ("insuranceCost", "insuredValue"):
        _check_money(body.get(name), name)
    if body.get("orderDate"):
        at(str(body["orderDate"]))
    for row in rows_of(body.get("orderItems") or [], "orderItems"):
        if not row.get("listingSku"):
            raise Refusal(400, "listingSku is required")
        whole(row.get("quantityOrdered"), "quantityOrdered", least=1)
        if row.get("unitPrice") is not None:
            _check_money(row["unitPrice"], "unitPrice")


def _check_money(value: Any, name: str) -> None:
    money = object_of(value, name)
    amount(money.get("amount"), f"{name}.amount")
    if not isinstance(money.get("currency"), str):
        raise Refusal(400, f"{name}.currency is required")


def line_of(store: Store, row: Row) -> Line:
    """Return the line *row* stands for."""
    price = row.get("unitPrice")
    return store.line(
        str(row["listingSku"]), whole(row["quantityOrdered"], "quantityOrdered"),
        amount(price["amount"], "unitPrice") if price else None, row,
    )  # fmt: skip


def quantity_of(row: Row) -> int:
    """Return the quantity a row of stock sets."""
    quantity = whole(row.get("onHandQuantity"), "onHandQuantity", least=0)
    if quantity > _MOST_PIECES:
        raise Refusal(400, f"onHandQuantity is at most {_MOST_PIECES}")
    return quantity


def order_date(order: Order) -> datetime:
    """Return the day an order was taken."""
    given = order.fields.get("orderDate")
    return at(str(given)) if given else order.created_at


def order_row(store: Store, order: Order, channel: int, warehouse: int) -> Row:
    """Write an order."""
    shipped = order.shipments[-1].shipped_at if order.shipments else None
    row = {
        **order.fields,
        "orderId": order.id,
        "orderNumber": order.external_id,
        "salesChannelId": channel,
        "warehouseId": warehouse,
        "orderStatus": order.status,
        "orderDate": stamp(order_date(order)),
        "createdDate": stamp(order.created_at),
        "modifiedDate": stamp(order.modified_at),
        "shipDate": stamp(shipped) if shipped else None,
        "orderItems": [_line_row(store, line) for line in order.lines],
    }
    return dict(plain(row))


def _line_row(store: Store, line: Line) -> Row:
    item = store.item(line.sku)
    return {
        **line.fields,
        "orderItemId": line.id,
        "listingSku": line.sku,
        "quantityOrdered": line.quantity,
        "quantityShipped": line.shipped,
        "product": product_name(item) if item else None,
    }


def product_name(item: Item) -> Row:
    """Write what names a product."""
    return {"productId": item.id, "masterSku": item.sku, "name": item.name}


def product_row(item: Item) -> Row:
    """Write a product."""
    return {
        **product_name(item),
        "upc": item.barcode,
        "active": item.active,
        "retail": {"amount": item.retail, "currency": "USD"},
        "modifiedDate": stamp(item.modified_at),
    }


def shipment_row(order: Order, shipment: Shipment) -> Row:
    """Write a shipment."""
    lines = {line.id: line for line in order.lines}
    return {
        "shipmentId": shipment.id,
        "orderId": order.id,
        "orderNumber": order.external_id,
        "trackingNumber": shipment.tracking,
        "shipMethod": {"shippingCarrier": shipment.carrier},
        "deliveryStatus": shipment.fields.get("deliveryStatus", "UNKNOWN"),
        "shipDate": stamp(shipment.shipped_at),
        "items": [
            {"orderItemId": line, "listingSku": lines[line].sku, "quantity": count}
            for line, count in shipment.pieces.items()
            if line in lines
        ],
    }
