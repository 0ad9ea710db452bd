"""What a Zedonk tenant keeps, before it is written in any format."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Role = Literal["Delivery", "Accounts", "Store"]
CustomerType = Literal["Wholesale", "Consignment", "Retail"]


@dataclass
class Season:
    """One season; seasons are ordered by *start_date*."""

    name: str
    start_date: date
    previous: str | None = None
    active: bool = True
    delivery_start: date | None = None
    delivery_cancel: date | None = None
    rates: dict[str, Decimal] = field(default_factory=lambda: {"GBP": Decimal(1)})
    """What one unit of the base currency costs, by currency."""


@dataclass
class Costing:
    """What one product costs in one season, in the base currency."""

    wsp: Decimal
    rrp: Decimal
    cost: Decimal
    visible: bool = True


@dataclass(eq=False)
class Product:
    """One style in one fabric and one color, which three are its identity."""

    style: str
    fabric: str
    color: str
    description: str
    seasons: dict[str, Costing]
    skus: list[Sku] = field(default_factory=list, repr=False)
    textile: str = ""
    country: str = "Portugal"
    category: str = ""
    gender: str = "Womens"
    subcategory: str = ""
    silhouette: str = ""
    linesheet: str = ""
    skid: str = ""
    image: str = ""
    in_catalogue: bool = True
    active: bool = True


@dataclass(eq=False)
class Sku:
    """One product in one size."""

    product: Product
    size: str
    barcode: str


@dataclass
class Address:
    """One address of a customer or an order."""

    name: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    county: str = ""
    postcode: str = ""
    country: str = ""
    contact: str = ""
    email: str = ""
    phone: str = ""

    @property
    def is_blank(self) -> bool:
        """Say whether nothing is filled in."""
        return not any(getattr(self, part.name) for part in fields(self))


@dataclass
class Contact:
    """One person at a customer."""

    name: str
    email: str = ""
    phone: str = ""
    is_default: bool = False


@dataclass(eq=False)
class Customer:
    """One customer; the name is unique."""

    name: str
    account_code: str = ""
    type: CustomerType = "Wholesale"
    currency: str = "GBP"
    active: bool = True
    more: dict[str, str] = field(default_factory=dict)
    """The fields no other attribute holds, by their column names."""
    addresses: dict[Role, list[Address]] = field(default_factory=lambda: {"Delivery": [], "Accounts": [], "Store": []})
    contacts: list[Contact] = field(default_factory=list)


@dataclass
class Stock:
    """What moved of one SKU in one season at one location."""

    opening: int = 0
    adjustments: int = 0
    received: int = 0
    movement: int = 0
    """The seasonal stock movement of the printed formula."""


@dataclass(eq=False)
class Docket:
    """One production docket of one season; *outstanding* pieces by SKU are not booked in yet."""

    number: str
    season: str
    start_date: date
    outstanding: dict[Sku, int]


@dataclass(eq=False)
class DeliveryNote:
    """What of an order left together, by the position of the line."""

    number: str
    shipped_on: date
    pieces: dict[int, int]
    carrier: str = ""
    tracking: str = ""
    invoiced: bool = False


@dataclass
class OrderLine:
    """One SKU of an order; *price* is that of one piece."""

    sku: Sku
    quantity: int
    price: Decimal
    total: Decimal
    matched_by: Literal["barcode", "style"]


@dataclass(eq=False)
class Order:
    """One sales order."""

    number: str
    reference: str
    external_id: str
    customer: Customer
    season: str
    approved: bool
    owner: str
    currency: str
    lines: list[OrderLine]
    delivery_start: date | None
    delivery_cancel: date | None
    comments: str
    delivery: Address | None
    accounts: Address | None
    store: Address | None
    imported_at: datetime
    imported_as: tuple[tuple[tuple[str, str], ...], ...] = field(repr=False)
    """The rows as they came, to tell a repetition from an amendment."""
    active: bool = True
    locked: bool = False
    force_closed: bool = False
    notes: list[DeliveryNote] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        """Return the amount of all lines."""
        return sum((line.total for line in self.lines), Decimal(0))

    def shipped(self, position: int) -> int:
        """Return the pieces shipped of the line at *position*."""
        return sum(note.pieces.get(position, 0) for note in self.notes)


@dataclass
class ImportSettings:
    """The connector's import settings, used where an order says nothing or names no season of the tenant."""

    season: str
    approved: bool
    owner: str


@dataclass(frozen=True)
class LogEntry:
    """One line of the connector's log."""

    at: datetime
    file: str
    key: str
    code: str
    message: str
