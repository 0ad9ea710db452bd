"""The wholesale order: what a brand's customer bought, for which season and delivery window."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import (
    Blankable,
    CountryCode,
    CurrencyCode,
    Gtin14,
    Instant,
    Money,
    OptionalText,
    Origin,
    Quantity,
    Record,
    Text,
)

OrderStatus = Literal["draft", "pending", "approved", "processing", "part_shipped", "shipped", "closed", "cancelled"]
AddressRole = Literal["delivery", "accounts", "store"]


class Address(Record):
    """A postal address with its role on the order or the customer."""

    role: AddressRole
    """`delivery` (where goods go), `accounts` (where the bill goes) or `store` (the shop the goods are for)."""
    code: OptionalText = None
    """The brand's own ship-to, bill-to or store code."""
    name: OptionalText = None
    """Name of the company or place."""
    contact: OptionalText = None
    """Name of a person."""
    line1: OptionalText = None
    line2: OptionalText = None
    city: OptionalText = None
    region: OptionalText = None
    """State, province or county, as sent."""
    postcode: OptionalText = None
    country: Annotated[CountryCode | None, Blankable] = None
    phone: OptionalText = None
    email: OptionalText = None


class Named(Record):
    """Something with a name, a code, or both, such as a warehouse or a payment term."""

    name: OptionalText = None
    code: OptionalText = None


class SalesRep(Named):
    """The person who took the order."""

    email: OptionalText = None


class OrderCustomer(Record):
    """The customer as written on the order."""

    account_code: OptionalText = None
    """The brand's key for the customer: JOOR's customer code, Zedonk's account code."""
    name: OptionalText = None
    buyer: OptionalText = None
    """Name of the person who buys."""
    email: OptionalText = None
    phone: OptionalText = None
    group: Named | None = None
    company: Named | None = None
    """The retail group the customer belongs to."""
    tax_number: OptionalText = None


class Window(Record):
    """The days between which the goods are to arrive."""

    start: date | None = None
    """First day the brand may ship."""
    complete: date | None = None
    """Last day the goods are accepted; many brands call it the cancel date."""


class Tax(Record):
    """One tax as charged."""

    name: Text
    rate: Money
    """A fraction: 0.2 is 20 %."""
    amount: Money | None = None


class OrderLine(Record):
    """One style in one color and one size."""

    key: Text
    """Stays the same for this line as long as the order lives; unique within the order."""
    style_number: OptionalText = None
    style_identifier: OptionalText = None
    """The brand's unique key of the style, which may carry more than the number."""
    style_name: OptionalText = None
    color: OptionalText = None
    color_code: OptionalText = None
    size: OptionalText = None
    size_code: OptionalText = None
    sku: OptionalText = None
    barcode: OptionalText = None
    """As sent, leading zeros and all."""
    gtin: Annotated[Gtin14 | None, Blankable] = None
    """The barcode as GTIN-14, when its check digit is right."""
    quantity: Quantity
    """Pieces, never packs."""
    pack_size: Annotated[int, Field(ge=2)] | None = None
    """Pieces in a case pack, when the line was bought in packs."""
    unit_price: Money | None = None
    """What one piece costs after the line's own discounts and before the order's."""
    list_price: Money | None = None
    """What one piece costs before any discount."""
    retail_price: Money | None = None
    """Suggested retail price, in the order's retail currency."""
    warehouse: Named | None = None
    store: Named | None = None
    comment: OptionalText = None
    custom_fields: dict[str, str] = Field(default_factory=dict)


class Order(Record):
    """A wholesale order in canonical form; an absent field is unknown, not empty and not zero."""

    origin: Origin
    number: Text
    """The number people use for it."""
    status: OrderStatus
    currency: CurrencyCode
    retail_currency: Annotated[CurrencyCode | None, Blankable] = None
    price_label: OptionalText = None
    """Name of the price list the order was taken at."""
    kind: Named | None = None
    """The brand's own classification, such as re-order."""
    created_at: Instant | None = None
    approved_at: Instant | None = None
    modified_at: Instant | None = None
    purchase_order: OptionalText = None
    """The customer's own number for the order."""
    season: Named | None = None
    linesheet: Named | None = None
    """The linesheet, collection or delivery the order was taken from."""
    event: Named | None = None
    divisions: tuple[Named, ...] = ()
    window: Window | None = None
    warehouse: Named | None = None
    sales_rep: SalesRep | None = None
    payment_terms: Named | None = None
    ship_method: Named | None = None
    customer: OrderCustomer
    addresses: tuple[Address, ...] = ()
    lines: tuple[OrderLine, ...] = ()
    discount: Money | None = None
    """Amount taken off the whole order."""
    discount_percent: Money | None = None
    shipping_total: Money | None = None
    taxes: tuple[Tax, ...] = ()
    total: Money | None = None
    """The total the source states, whatever it counts in."""
    note: OptionalText = None
    internal_note: OptionalText = None
    """For the brand's own people; never shown to the customer."""
    custom_fields: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _keys_are_unique(self) -> Self:
        keys = [line.key for line in self.lines]
        if len(set(keys)) != len(keys):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise ValueError(f"lines: key {twice[0]!r} comes more than once")
        return self

    def address(self, role: AddressRole) -> Address | None:
        """Return the first address with *role*, or None."""
        return next((address for address in self.addresses if address.role == role), None)

    @property
    def lines_total(self) -> Decimal:
        """Return the sum of quantity times unit price over all lines that have a price."""
        return sum((line.quantity * line.unit_price for line in self.lines if line.unit_price is not None), Decimal(0))
