"""The customer of a wholesale brand: a retailer with an account."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Blankable, CurrencyCode, Instant, OptionalText, Origin, Record, Text
from .order import Address, Named, SalesRep


class Contact(Record):
    """A person at the customer."""

    name: OptionalText = None
    email: OptionalText = None
    phone: OptionalText = None


class Customer(Record):
    """A retailer the brand sells to."""

    origin: Origin
    account_code: OptionalText = None
    """The brand's key for the customer: JOOR's customer code, Zedonk's account code."""
    name: Text
    status: Literal["active", "inactive", "on_hold"] | None = None
    currency: Annotated[CurrencyCode | None, Blankable] = None
    price_label: OptionalText = None
    payment_terms: Named | None = None
    ship_method: Named | None = None
    sales_rep: SalesRep | None = None
    warehouses: tuple[Named, ...] = ()
    group: Named | None = None
    company: Named | None = None
    """The retail group the customer belongs to."""
    tax_number: OptionalText = None
    addresses: tuple[Address, ...] = ()
    contacts: tuple[Contact, ...] = ()
    """The people there, the one who buys first."""
    updated_at: Instant | None = None
    custom_fields: dict[str, str] = Field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Return what tells it from every other customer: the account code, else the source's id."""
        return f"code:{self.account_code}" if self.account_code else f"id:{self.origin.id}"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"{self.account_code} {self.name}" if self.account_code else self.name
