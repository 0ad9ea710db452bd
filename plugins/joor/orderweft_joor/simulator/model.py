"""Orders as JOOR keeps them, before they are written in any wire format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from orderweft import currency_exponent

Status = Literal["cart", "notes", "pending", "approved", "shipped", "cancelled"]
ExportState = Literal["never", "success", "failed"]


class Refusal(Exception):
    """Raised when JOOR answers a call with an error instead of doing it."""

    def __init__(self, status: int, comment: str) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment


def money(amount: Decimal, currency: str) -> Decimal:
    """Return *amount* in the smallest unit of *currency*, halves up: 52.50 is 53 in JPY."""
    return amount.quantize(Decimal(1).scaleb(-currency_exponent(currency)), ROUND_HALF_UP)


@dataclass
class Line:
    """One style in one color and one size on an order; *quantity* counts pieces."""

    style_id: int
    style_number: str
    style_identifier: str
    style_name: str
    color: str
    color_code: str
    size: str
    barcode: str | None
    quantity: int
    unit_price: Decimal | None
    price: Decimal | None
    """After the style's discount."""
    retail: Decimal | None
    adjustment: Decimal = Decimal(0)
    pack: int = 1
    """Pieces in a case pack."""
    door_id: int | None = None
    comment: str | None = None
    tags: tuple[dict[str, str], ...] = ()
    stated_extended: Decimal | None = None
    """What the order says instead of the right figure."""

    @property
    def extended(self) -> Decimal | None:
        """Return the line's amount, None without a price."""
        return None if self.price is None else (self.price + self.adjustment) * self.quantity


@dataclass
class Order:
    """One order with all that JOOR remembers of it."""

    id: int
    status: Status
    created_at: datetime
    modified_at: datetime
    approved_at: datetime | None
    header: dict[str, Any]
    """The fields no other attribute holds, by their names on the wire; None when missing."""
    lines: list[Line]
    discount: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)
    """When set, it says what *discount* is."""
    type_code: int | None = None
    """The `order_type` the order states instead of its status's own."""
    export_state: ExportState = "never"
    export_details: str = ""
    exported_at: datetime | None = None
    tracking: str | None = None

    @property
    def currency(self) -> str:
        """Return the wholesale currency."""
        return str(self.header["order_currency"])

    @property
    def discount_amount(self) -> Decimal:
        """Return what is taken off the whole order."""
        if self.discount_percent:
            return money(self._subtotal * self.discount_percent / 100, self.currency)
        return self.discount

    @property
    def total(self) -> Decimal:
        """Return all lines, less the order's discount, plus shipping."""
        shipping: Decimal = self.header["order_shipping_total"]
        return self._subtotal - self.discount_amount + shipping

    @property
    def quantity(self) -> int:
        """Return the pieces of all lines."""
        return sum(line.quantity for line in self.lines)

    @property
    def export_class(self) -> Literal["never", "failed", "success", "modified"]:
        """Return the export state, `modified` standing for success with a later modification."""
        if self.export_state == "success" and self.exported_at is not None and self.modified_at > self.exported_at:
            return "modified"
        return self.export_state

    @property
    def _subtotal(self) -> Decimal:
        return sum((line.extended for line in self.lines if line.extended is not None), Decimal(0))
