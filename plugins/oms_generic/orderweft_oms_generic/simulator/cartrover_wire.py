"""CartRover's bodies: what it asks of an order, and how it writes orders and shipments."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from .store import Line, Order, Shipment, Store
from .wire import Refusal, Row, amount, instant, rows_of, stamp, whole

_REQUIRED = ("cust_ref", "ship_address_1", "ship_city", "ship_zip", "ship_country")
_NAMES = ("ship_company", "ship_name", "ship_first_name", "ship_last_name")
_CENT = Decimal("0.01")


def check(body: Row, *, blank_state: bool) -> None:
    """Refuse an order that lacks what the platform wants."""
    for name in _REQUIRED:
        if not body.get(name):
            raise Refusal(400, f"{name} is required", "Invalid")
    if body.get("ship_state") is None or (not blank_state and not body["ship_state"]):
        raise Refusal(400, "ship_state is required", "Invalid")
    if not any(body.get(name) for name in _NAMES):
        raise Refusal(400, "A ship-to name or company is required", "Invalid")
    if body.get("ship_is_billing") not in (None, True, False, "Y", "N"):
        raise Refusal(400, "ship_is_billing must be Y or N", "Invalid")
    if body.get("order_date"):
        instant(str(body["order_date"]), "%Y-%m-%d")
    items = rows_of(body.get("items"), "items")
    if not items:
        raise Refusal(400, "items is required", "Invalid")
    for row in items:
        if not row.get("item"):
            raise Refusal(400, "item is required on every line", "Invalid")
        whole(row.get("quantity"), "quantity", least=1)


def check_amounts(body: Row) -> None:
    """Refuse an order whose sums do not add up; what is not given is not checked."""
    lines = rows_of(body["items"])
    for row in lines:
        price, discount = (amount(row.get(name) or 0, name) for name in ("price", "discount"))
        _same(row, "extended_amount", (price - discount) * whole(row["quantity"], "quantity"))
    if "sub_total" in body and all("extended_amount" in row for row in lines):
        _same(body, "sub_total", _sum(lines, "extended_amount"))
    if any(row.get("line_tax") is not None for row in lines):
        _same(body, "sales_tax", _sum(lines, "line_tax"))
    discount = amount(body.get("order_discount") or 0, "order_discount")
    if discount < _sum(lines, "addl_discount"):
        raise Refusal(400, "order_discount must be positive and include every addl_discount", "Invalid")
    if "sub_total" in body:
        parts = (amount(body.get(name) or 0, name) for name in ("sub_total", "sales_tax", "shipping_handling"))
        _same(body, "grand_total", sum(parts, Decimal(0)) - discount)


def _sum(rows: Sequence[Row], name: str) -> Decimal:
    return sum((amount(row.get(name) or 0, name) for row in rows), Decimal(0))


def _same(row: Row, name: str, wanted: Decimal) -> None:
    if row.get(name) is not None and abs(amount(row[name], name) - wanted) >= _CENT:
        raise Refusal(400, f"{name} is {row[name]} and should be {wanted}", "Invalid")


def line_of(store: Store, row: Row) -> Line:
    """Return the line *row* stands for."""
    price = None if row.get("price") is None else amount(row["price"], "price")
    return store.line(str(row["item"]), whole(row["quantity"], "quantity"), price, row)


def order_row(order: Order, number: str) -> Row:
    """Write an order."""
    return {
        **order.fields,
        "cust_ref": order.external_id,
        "order_number": number,
        "order_source": order.channel,
        "order_status": order.status,
        "created_date": stamp(order.created_at),
        "updated_date": stamp(order.modified_at),
        "items": [{**line.fields, "item": line.sku, "quantity": line.quantity} for line in order.lines],
    }


def shipment_row(order: Order, shipment: Shipment) -> Row:
    """Write a shipment."""
    lines = {line.id: line for line in order.lines}
    sizes: dict[str, Any] = {f"box_{side}": None for side in ("length", "width", "height", "weight")}
    return {
        "carrier": shipment.carrier,
        "method": shipment.fields.get("method", "Ground"),
        "tracking_no": shipment.tracking,
        "date": stamp(shipment.shipped_at),
        "total_cost": shipment.fields.get("total_cost", 0),
        **sizes,
        "items": [
            {"item": lines[line].sku, "quantity": count, "carton_code": None} for line, count in shipment.pieces.items()
        ],
    }
