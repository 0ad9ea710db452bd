"""The customer of a wholesale brand: a retailer with an account."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from .base import Blankable, CurrencyCode, OptionalText, Origin, Record, Text
from .order import Address, Named


class Contact(Record):
    """A person at the customer."""

    name: OptionalText = None
    email: OptionalText = None
    phone: OptionalText = None


class Customer(Record):
    """A retailer the brand sells to."""

    origin: Origin
    account_code: OptionalText = None
    name: Text
    status: Literal["active", "inactive", "on_hold"] | None = None
    currency: Annotated[CurrencyCode | None, Blankable] = None
    price_label: OptionalText = None
    payment_terms: Named | None = None
    ship_method: Named | None = None
    group: Named | None = None
    company: Named | None = None
    tax_number: OptionalText = None
    addresses: tuple[Address, ...] = ()
    contacts: tuple[Contact, ...] = ()
    custom_fields: dict[str, str] = Field(default_factory=dict)
