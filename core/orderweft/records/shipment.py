"""The shipment: what left a warehouse for an order."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Instant, OptionalText, Origin, Quantity, Record, Text
from .item import Item
from .order import Named


class ShipmentLine(Record):
    """Pieces of one item in a shipment."""

    item: Item
    quantity: Quantity
    order_line: OptionalText = None
    """The source's own id of the line of the order."""


class Shipment(Record):
    """One parcel or delivery for one order."""

    origin: Origin
    number: OptionalText = None
    """The number people use for it."""
    order_id: Text
    """The source's own id of the order."""
    order_number: OptionalText = None
    """The number the order has at the source of the shipment."""
    order_key: OptionalText = None
    """The key the order was delivered under, when it was delivered by a pipeline."""
    status: Literal["open", "shipped", "delivered", "cancelled"] = "shipped"
    shipped_at: Instant | None = None
    carrier: OptionalText = None
    tracking_numbers: tuple[Text, ...] = ()
    tracking_url: OptionalText = None
    warehouse: Named | None = None
    lines: tuple[ShipmentLine, ...] = ()
    custom_fields: dict[str, str] = Field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Return what tells it from every other shipment of its source."""
        return f"id:{self.origin.id}"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"{self.number or self.origin.id} of order {self.order_number or self.order_id}"
