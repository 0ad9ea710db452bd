"""The books of one tenant and their arithmetic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from orderweft import Clock

from .model import (
    Address,
    Customer,
    DeliveryNote,
    Docket,
    ImportSettings,
    LogEntry,
    Order,
    Product,
    Role,
    Season,
    Sku,
    Stock,
)
from .switches import Switches

BASE_CURRENCY = "GBP"
CENT = Decimal("0.01")


@dataclass
class Sales:
    """What orders took of one SKU in one season."""

    sold: int = 0
    closed: int = 0
    shipped: int = 0


@dataclass(frozen=True)
class Position:
    """The stock of one SKU in one season at one location."""

    season: str
    location: str
    sku: Sku
    closing: int
    available: int
    projected: int


class Tenant:
    """One Zedonk tenant; *imports* are its connector's import settings."""

    def __init__(self, clock: Clock, switches: Switches, imports: ImportSettings) -> None:
        self.clock = clock
        self.switches = switches
        self.imports = imports
        self.seasons: dict[str, Season] = {}
        self.default_season = imports.season
        self.main_location = ""
        """The location orders are sold from and production is booked into; blank without the locations module."""
        self.users: list[str] = []
        self.currencies: dict[str, str] = {}
        """The enabled currencies: name by ISO code."""
        self.vocabulary: dict[str, set[str]] = {}
        """The values a customer's drop-down columns may hold."""
        self.customers: list[Customer] = []
        self.products: list[Product] = []
        self.stock: dict[tuple[str, str, Sku], Stock] = {}
        self.dockets: list[Docket] = []
        self.orders: dict[str, Order] = {}
        self.images: dict[str, tuple[int, int]] = {}
        """The picture files there are, with their width and height."""
        self.log: list[LogEntry] = []

    def skus(self) -> Iterator[Sku]:
        """Give the SKUs of all products."""
        return (sku for product in self.products for sku in product.skus)

    def sku_by_barcode(self, barcode: str) -> Sku | None:
        """Return the SKU that has exactly *barcode*."""
        return next((sku for sku in self.skus() if sku.barcode == barcode), None) if barcode else None

    def product(self, style: str, color: str, fabric: str | None = None) -> Product:
        """Return a product; *fabric* is needed where two share style and color, else the first is taken."""
        for product in self.products:
            if (product.style, product.color) == (style, color) and fabric in (None, product.fabric):
                return product
        raise KeyError(f"no product {style} {fabric or ''} {color}")

    def customer(self, account_code: str) -> Customer | None:
        """Return the customer of exactly *account_code*."""
        return next((one for one in self.customers if one.account_code == account_code), None) if account_code else None

    def customer_by_name(self, name: str) -> Customer | None:
        """Return the customer of exactly *name*."""
        return next((one for one in self.customers if one.name == name), None)

    # stock

    def sales(self) -> dict[tuple[str, Sku], Sales]:
        """Add up what the orders take, by season and SKU; orders not approved count as not sold."""
        taken: dict[tuple[str, Sku], Sales] = defaultdict(Sales)
        for order in self.orders.values():
            for position, line in enumerate(order.lines):
                sales, shipped = taken[order.season, line.sku], order.shipped(position)
                sales.shipped += shipped
                if order.approved and order.active:
                    sales.sold += line.quantity
                    sales.closed += (line.quantity - shipped) if order.force_closed else 0
        return taken

    def positions(self) -> Iterator[Position]:
        """Give the stock of every SKU in each season and location it is kept in."""
        taken, coming, main = self.sales(), self.outstanding(), self.main_location
        for (season, location, sku), stock in self.stock.items():
            at_main = location == main
            sales = taken.get((season, sku), Sales()) if at_main else Sales()
            there = stock.opening + stock.adjustments + stock.received
            available = there - sales.sold + sales.closed
            if self.switches["projected"] == "production":
                projected = available + (coming.get((season, sku), 0) if at_main else 0) - stock.movement
            else:
                projected = there - sales.sold - stock.movement
            yield Position(season, location, sku, there - sales.shipped, available, projected)

    def outstanding(self) -> dict[tuple[str, Sku], int]:
        """Add up what production still owes, by season and SKU."""
        coming: dict[tuple[str, Sku], int] = defaultdict(int)
        for docket in self.dockets:
            for sku, quantity in docket.outstanding.items():
                coming[docket.season, sku] += quantity
        return coming

    def available(self, sku: Sku, season: str | None = None) -> int:
        """Return what is available to sell of *sku*, in one season or in all."""
        return sum(at.available for at in self.positions() if at.sku is sku and season in (None, at.season))

    def receive(self, docket: Docket) -> None:
        """Book in all that *docket* still owes."""
        for sku, quantity in docket.outstanding.items():
            key = docket.season, self.main_location, sku
            self.stock.setdefault(key, Stock()).received += quantity
        docket.outstanding.clear()

    # prices

    def in_currency(self, amount: Decimal, season: str, currency: str) -> Decimal:
        """Convert *amount* of the base currency at the rate of *season*; 0 where the season has no rate."""
        rate = self.seasons[season].rates.get(currency, Decimal(0))
        return (amount * rate).quantize(CENT, ROUND_HALF_UP)

    def price(self, product: Product, season: str, currency: str) -> Decimal:
        """Return the wholesale price of *product*, 0 where it has none in *season*."""
        costing = product.seasons.get(season)
        return self.in_currency(costing.wsp, season, currency) if costing and costing.visible else Decimal("0.00")

    # addresses and orders

    def add_order(self, order: Order) -> None:
        """Enter *order*."""
        self.orders[order.number] = order
        for line in order.lines:
            self.stock.setdefault((order.season, self.main_location, line.sku), Stock())

    def keep_address(self, customer: Customer, role: Role, given: Address) -> bool:
        """Add *given* to the customer unless it is there already; say whether it was added."""
        known = {self._address_key(address) for address in customer.addresses[role]}
        if self._address_key(given) in known:
            return False
        customer.addresses[role].append(replace(given))
        return True

    def _address_key(self, address: Address) -> tuple[str, ...]:
        if self.switches["new_addresses"] == "exact":
            return astuple(address)
        postal = replace(address, contact="", email="", phone="")
        return tuple("".join(part.split()).casefold() for part in astuple(postal))

    def next_order_number(self) -> str:
        """Return the number the next order gets."""
        return f"SO{10001 + len(self.orders)}"

    def ship(self, order: Order, pieces: dict[int, int], carrier: str, tracking: str) -> DeliveryNote:
        """Ship *pieces* by position of the line, or all that is left when there are none."""
        left = {index: line.quantity - order.shipped(index) for index, line in enumerate(order.lines)}
        chosen = pieces or {index: quantity for index, quantity in left.items() if quantity}
        if not chosen or any(quantity > left[index] for index, quantity in chosen.items()):
            raise ValueError(f"{order.number} has fewer pieces left to ship")
        number = f"DN{20001 + sum(len(one.notes) for one in self.orders.values())}"
        note = DeliveryNote(number, self.clock.now().date(), chosen, carrier, tracking)
        order.notes.append(note)
        return note

    def note(self, file: str, key: str, code: str, message: str) -> None:
        """Write a line in the log."""
        self.log.append(LogEntry(self.clock.now(), file, key, code, message))
