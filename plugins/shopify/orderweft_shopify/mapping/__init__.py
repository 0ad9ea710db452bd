"""Canonical records to and from Shopify's payloads; no I/O."""

from __future__ import annotations

from .accounts import (
    ROLES_KEY,
    changed_account,
    contact_of,
    is_same,
    keyed_addresses,
    phone_of,
    roles_of,
    sent_address,
    to_account,
)
from .addresses import email_of, from_address, from_customer, to_address, to_customer
from .base import Source, iso, known, number_of
from .orders import MAX_NOTE, ORDER_KEY, Draft, Totals, differences, from_order, name_line, to_order, to_receipt
from .product_set import from_product, identifier_of, style_of
from .products import to_product
from .schemas import accepted, provided
from .shipments import to_shipment
from .stock import to_levels
from .styles import STYLE_KEY, Style, Styles

__all__ = [
    "MAX_NOTE",
    "ORDER_KEY",
    "ROLES_KEY",
    "STYLE_KEY",
    "Draft",
    "Source",
    "Style",
    "Styles",
    "Totals",
    "accepted",
    "changed_account",
    "contact_of",
    "differences",
    "email_of",
    "from_address",
    "from_customer",
    "from_order",
    "from_product",
    "identifier_of",
    "is_same",
    "iso",
    "keyed_addresses",
    "known",
    "name_line",
    "number_of",
    "phone_of",
    "provided",
    "roles_of",
    "sent_address",
    "style_of",
    "to_account",
    "to_address",
    "to_customer",
    "to_levels",
    "to_order",
    "to_product",
    "to_receipt",
    "to_shipment",
]
