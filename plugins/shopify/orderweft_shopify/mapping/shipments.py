"""Shipments from Shopify's payloads; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from orderweft import Shipment, normalize_gtin

from ..config import Settings
from .base import Source, number_of
from .styles import Node, split_options

_FAILED = frozenset({"CANCELLED", "ERROR", "FAILURE"})
_SENT = {"FULFILLED": "shipped", "PARTIALLY_FULFILLED": "part_shipped"}
"""What is told of the whole order with each of its parcels, so that whoever gets the last one knows it is."""
_NOT_YET = frozenset({"OPEN", "PENDING"})


def to_shipment(order: Node, fulfillment: Node, lines: Sequence[Node], source: Source, settings: Settings) -> Shipment:
    """Read one fulfillment of *order* with all its *lines*; raises pydantic's ValidationError."""
    tracking: Sequence[Mapping[str, Any]] = fulfillment["trackingInfo"]
    location = fulfillment["location"]
    values = {
        "origin": source.origin(fulfillment["id"]),
        "number": fulfillment["name"].removeprefix("#"),
        "order_id": order["id"],
        "order_number": order["name"].removeprefix("#"),
        "order_key": (order["key"] or {}).get("value"),
        "status": _status(fulfillment),
        "shipped_at": fulfillment["createdAt"],
        "carrier": next((told["company"] for told in tracking if told["company"]), None),
        "tracking_numbers": [told["number"] for told in tracking if told["number"]],
        "tracking_url": next((told["url"] for told in tracking if told["url"]), None),
        "warehouse": {"name": location["name"], "code": number_of(location["id"])} if location else None,
        "custom_fields": {"order_status": _SENT[sent]}
        if (sent := order.get("displayFulfillmentStatus")) in _SENT
        else {},
        "lines": [_line(line, settings) for line in lines if line["quantity"]],
    }
    return Shipment.model_validate(values)


def _status(fulfillment: Node) -> Literal["open", "shipped", "delivered", "cancelled"]:
    if fulfillment["status"] in _FAILED:
        return "cancelled"
    if fulfillment["displayStatus"] == "DELIVERED":
        return "delivered"
    return "open" if fulfillment["status"] in _NOT_YET else "shipped"


def _line(shipped: Node, settings: Settings) -> dict[str, Any]:
    line = shipped["lineItem"]
    told = {entry["key"]: entry["value"] for entry in line["customAttributes"]}
    # A deleted product leaves no variant behind.
    variant = line["variant"] or {}
    color, sizes = split_options(variant.get("selectedOptions") or (), settings)
    item = {
        "id": variant.get("id"),
        "style_number": told.get("Style"),
        "style_name": line["title"],
        "color": color[0]["value"] if color else told.get("Color"),
        "size": " / ".join(option["value"] for option in sizes) or told.get("Size"),
        "sku": line["sku"],
        "barcode": variant.get("barcode"),
        "gtin": normalize_gtin(variant.get("barcode")),
    }
    return {"item": item, "quantity": shipped["quantity"], "order_line": line["id"]}
