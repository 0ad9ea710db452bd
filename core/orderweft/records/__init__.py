"""The canonical records every channel is mapped to and from."""

from __future__ import annotations

from .base import (
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
    country_code,
    currency_exponent,
    normalize_gtin,
    region_code,
)
from .customer import Contact, Customer
from .item import Item
from .order import (
    Address,
    AddressRole,
    Named,
    Order,
    OrderCustomer,
    OrderLine,
    OrderStatus,
    SalesRep,
    Tax,
    Window,
)
from .outcome import Accepted, AlreadyThere, NotSent, Outcome, Reason, Receipt, Refused, Unknown
from .product import Image, Price, Product, ProductColor, Sku
from .shipment import Shipment, ShipmentLine
from .stock import Bucket, StockLevel

__all__ = [
    "Accepted",
    "Address",
    "AddressRole",
    "AlreadyThere",
    "Bucket",
    "Contact",
    "CountryCode",
    "CurrencyCode",
    "Customer",
    "Gtin14",
    "Image",
    "Instant",
    "Item",
    "Money",
    "Named",
    "NotSent",
    "OptionalText",
    "Order",
    "OrderCustomer",
    "OrderLine",
    "OrderStatus",
    "Origin",
    "Outcome",
    "Price",
    "Product",
    "ProductColor",
    "Quantity",
    "Reason",
    "Receipt",
    "Record",
    "Refused",
    "SalesRep",
    "Shipment",
    "ShipmentLine",
    "Sku",
    "StockLevel",
    "Tax",
    "Text",
    "Unknown",
    "Window",
    "country_code",
    "currency_exponent",
    "normalize_gtin",
    "region_code",
]
