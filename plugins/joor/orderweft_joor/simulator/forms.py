"""How v2 writes values, orders and envelopes as JSON, by the switches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from .model import Line, Order, Status
from .switches import Switches

# as public clients read them; not the numbers of the request parameter of the same name
_STATUS_CODES: dict[Status, int] = {"cancelled": 0, "cart": 1, "pending": 3, "approved": 4, "shipped": 5, "notes": 6}
_SINGULAR = {
    "prices": "price",
    "colors": "color",
    "sizes": "size",
    "skus": "sku",
    "deliveries": "delivery",
    "tags": "tag",
    "style_images": "style_image",
    "warehouses": "warehouse",
    "billing_addresses": "billing_address",
    "shipping_addresses": "shipping_address",
}


class Forms:
    """Write v2 answers in the forms the switches choose."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def body(
        self, response: dict[str, Any], rows: Sequence[dict[str, Any]] | None = None, kind: str = "order"
    ) -> dict[str, Any]:
        """Return a whole answer: its envelope and, unless it is an error, its *rows*, each a *kind*."""
        switches = self._switches
        plural = f"{kind}s"
        content: dict[str, Any] = {"response": self.envelope(response)}
        if rows is not None:
            written = self.value([self._nested(row) for row in rows] if kind != "order" else rows)
            if len(rows) == 1 and switches["single_as_object"]:
                written = written[0]
            listed: dict[str, Any] = {plural if switches["list_name"] == "orders" else kind: written}
            content |= {plural: listed} if switches["root_node"] == "list" else listed
        return {plural: content} if switches["root_node"] == "whole" else content

    def envelope(self, response: dict[str, Any]) -> dict[str, Any]:
        """Return the node `response` of an answer."""
        code = response["code"]
        written = {**self.value(response), "code": str(code) if self._switches["code"] == "text" else code}
        # the documented examples write an absent comment as empty text
        return written | {"comment": written["comment"] or ""} if "comment" in written else written

    def _nested(self, value: Any) -> Any:
        match value:
            case dict() if self._switches["inner_nodes"] == "kept":
                return {
                    name: {_SINGULAR[name]: [self._nested(one) for one in item]}
                    if isinstance(item, list) and item
                    else self._nested(item)
                    for name, item in value.items()
                }
            case _:
                return value

    def value(self, value: Any) -> Any:
        """Return *value* in its wire form."""
        match value:
            case None:
                return "" if self._switches["missing"] == "text" else None
            case dict():
                # public clients read a door's code as text or null, whatever other fields do
                return {name: item if name == "door_code" else self.value(item) for name, item in value.items()}
            case list() | tuple():
                empty: Any = "" if self._switches["empty_list"] == "text" else []
                return [self.value(item) for item in value] or empty
            case bool() | str():
                return value
            case int() | Decimal():
                return self._number(value)
            case datetime():
                return self._instant(value)
            case date():
                if self._switches["ship_dates"] == "days":
                    return value.isoformat()
                return self._instant(datetime.combine(value, time(), UTC))
        raise TypeError(f"no wire form for {type(value).__name__}")

    def _number(self, value: int | Decimal) -> str | int | float:
        if self._switches["numbers"] == "text":
            return str(value)
        return float(value) if isinstance(value, Decimal) and int(value.as_tuple().exponent) < 0 else int(value)

    def _instant(self, instant: datetime) -> str:
        match self._switches["dates"]:
            case "seconds":
                return f"{instant:%Y-%m-%dT%H:%M:%S}"
            case "fraction":
                return instant.isoformat(timespec="milliseconds")
            case "days":
                return f"{instant:%Y-%m-%d}"
            case _:
                return instant.isoformat(timespec="seconds")


def order_row(order: Order, *, packs: bool) -> dict[str, Any]:
    """Return *order* by the names of the wire, its values still plain; *packs*: case packs are counted, not pieces."""
    return {
        "order_id": order.id,
        "order_type": _STATUS_CODES[order.status] if order.type_code is None else order.type_code,
        **order.header,
        "order_discount": order.discount_amount,
        "order_discount_percent": order.discount_percent,
        "order_total": order.total,
        "date_created": order.created_at,
        "date_approved": order.approved_at,
        "date_modified": order.modified_at,
        "line_items": [_line_row(line, packs=packs) for line in order.lines],
    }


def _line_row(line: Line, *, packs: bool) -> dict[str, Any]:
    return {
        "item_name": line.style_name,
        "item_number": line.style_number,
        "item_style_id": line.style_id,
        "item_style_identifier": line.style_identifier,
        "item_color": line.color,
        "item_color_code": line.color_code,
        "item_size": line.size,
        "item_size_code": None,
        "item_upc": line.barcode,
        "item_quantity": line.quantity // line.pack if packs else line.quantity,
        "item_multiplier": line.pack,
        "item_unit_price": line.unit_price,
        "item_price": line.price,
        "item_price_adjustment": line.adjustment,
        "item_price_extended": line.extended if line.stated_extended is None else line.stated_extended,
        "item_retail_price": line.retail,
        "item_comment": line.comment,
        "item_color_comment": None,
        "item_door_id": line.door_id,
        "style_tags": line.tags,
    }
