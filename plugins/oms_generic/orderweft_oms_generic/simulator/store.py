"""What an order-management system remembers, whatever its wire format: orders, items, stock, customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderweft import Clock
from orderweft.testing import brand

MAIN, EU = (code for _, code in brand.WAREHOUSES)
UNKNOWN_BUYERS = 2
"""So many of the brand's last customers are not known here yet."""


@dataclass
class Item:
    """One product that can be ordered."""

    id: int
    sku: str
    barcode: str
    name: str
    price: Decimal
    retail: Decimal
    modified_at: datetime
    style: str = ""
    color: str = ""
    size: str = ""
    active: bool = True
    external_id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    """What else was sent, by its names on the wire."""


@dataclass
class Customer:
    """One customer; *code* is the brand's own key for it."""

    id: int
    code: str
    name: str
    email: str
    modified_at: datetime
    external_id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    """What else was sent, by its names on the wire."""


@dataclass
class Line:
    """Pieces of one item on an order."""

    id: int
    sku: str
    """The item as the order names it, whether it is known here or not."""
    quantity: int
    price: Decimal | None = None
    shipped: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
    """The line as it was sent, by its names on the wire."""

    @property
    def open(self) -> int:
        """Return the pieces not shipped yet."""
        return max(0, self.quantity - self.shipped)


@dataclass
class Shipment:
    """One parcel; *pieces* counts by line."""

    id: int
    tracking: str
    carrier: str
    shipped_at: datetime
    warehouse: str
    pieces: dict[int, int]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class Order:
    """One order."""

    id: int
    external_id: str
    channel: str
    """Where it comes from, as the system names it."""
    status: str
    """A folder or a status, as the system names it."""
    created_at: datetime
    modified_at: datetime
    lines: list[Line]
    fields: dict[str, Any]
    """The order as it was sent, by its names on the wire."""
    warehouse: str = MAIN
    cancelled: bool = False
    shipments: list[Shipment] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    """Notes, and what the system did by itself."""
    reached: dict[str, datetime] = field(default_factory=dict)
    """When it came to each status."""

    @property
    def shipped(self) -> bool:
        """Return whether nothing is left to ship."""
        return bool(self.shipments) and not any(line.open for line in self.lines)


class Store:
    """One account with the sample brand's items, stock and customers, and no orders."""

    def __init__(self, clock: Clock, *, first_order: int, first_item: int = 14, first_customer: int = 501) -> None:
        self.clock = clock
        self.orders: dict[int, Order] = {}
        self.items: dict[str, Item] = {}
        """By SKU."""
        self.stock: dict[tuple[str, str], int] = {}
        """Pieces on hand by SKU and warehouse; no entry where the item was never kept."""
        self.customers: dict[int, Customer] = {}
        self._next = {"order": first_order, "item": first_item, "customer": first_customer, "part": 1}
        for sku in brand.skus():
            self.add_item(
                sku.sku, f"{sku.style_name} {sku.color} {sku.size}",
                barcode=sku.barcode, price=sku.wholesale, retail=sku.retail,
                style=sku.style_number, color=sku.color, size=sku.size,
            )  # fmt: skip
            self.stock[sku.sku, MAIN] = sku.stock
            if sku.stock > 3:
                self.stock[sku.sku, EU] = sku.stock * 2 // 5
        for buyer in brand.buyers()[:-UNKNOWN_BUYERS]:
            self.add_customer(buyer.code, buyer.name, email=buyer.email)

    def number(self, kind: str = "part") -> int:
        """Return the next number of *kind*."""
        self._next[kind] += 1
        return self._next[kind] - 1

    def now(self) -> datetime:
        """Return the instant, to the second."""
        return self.clock.now().replace(microsecond=0)

    def add_item(self, sku: str, name: str, **more: Any) -> Item:
        """Add an item."""
        given = {"barcode": "", "price": Decimal(0), "retail": Decimal(0), **more}
        item = Item(id=self.number("item"), sku=sku, name=name, modified_at=self.now(), **given)
        self.items[sku] = item
        return item

    def add_customer(self, code: str, name: str, **more: Any) -> Customer:
        """Add a customer."""
        given = {"email": "", **more}
        customer = Customer(id=self.number("customer"), code=code, name=name, modified_at=self.now(), **given)
        self.customers[customer.id] = customer
        return customer

    def add_order(
        self, external_id: str, channel: str, status: str, lines: Iterable[Line], fields: Mapping[str, Any], **more: Any
    ) -> Order:
        """Add an order; without *external_id* its own id stands for it."""
        now, number = self.now(), self.number("order")
        order = Order(
            number, external_id or str(number), channel, status, now, now, list(lines), dict(fields),
            reached={status: now}, **more,
        )  # fmt: skip
        self.orders[number] = order
        return order

    def line(
        self, sku: str, quantity: int, price: Decimal | None = None, fields: Mapping[str, Any] | None = None
    ) -> Line:
        """Return a new line, with its *fields* as they were sent."""
        return Line(self.number(), sku, quantity, price, fields=dict(fields or {}))

    def place(self, order: Order, status: str) -> None:
        """Put *order* into *status*."""
        order.status = status
        order.modified_at = order.reached[status] = self.now()

    def ship(
        self,
        order: Order,
        tracking: str,
        *,
        pieces: Mapping[int, int] | None = None,
        carrier: str = "UPS",
        warehouse: str | None = None,
        **fields: Any,
    ) -> Shipment:
        """Ship *pieces* by line, or all that is open, out of the stock of *warehouse*."""
        if order.cancelled:
            raise ValueError(f"order {order.id} is cancelled")
        sent = {line.id: line.open for line in order.lines if line.open} if pieces is None else dict(pieces)
        place = warehouse or order.warehouse
        for line in order.lines:
            line.shipped += sent.get(line.id, 0)
            item = self.item(line.sku)
            if item and line.id in sent:
                self.stock[item.sku, place] = self.stock.get((item.sku, place), 0) - sent[line.id]
        shipment = Shipment(self.number(), tracking, carrier, self.now(), place, sent, fields)
        order.shipments.append(shipment)
        order.modified_at = self.now()
        return shipment

    def set_stock(self, sku: str, quantity: int, warehouse: str = MAIN) -> None:
        """Say how many pieces of an item lie in *warehouse*."""
        self.items[sku].modified_at = self.now()
        self.stock[sku, warehouse] = quantity

    def rename(self, item: Item, sku: str) -> None:
        """Give an item another SKU; its stock goes with it."""
        self.items = {sku if one is item else old: one for old, one in self.items.items()}
        self.stock = {(sku if old == item.sku else old, place): count for (old, place), count in self.stock.items()}
        item.sku = sku

    def item(self, reference: str) -> Item | None:
        """Return the item with that SKU or barcode."""
        if reference in self.items:
            return self.items[reference]
        return next((item for item in self.items.values() if reference and item.barcode == reference), None)

    def on_hand(self, sku: str, warehouse: str | None = None) -> int:
        """Return the pieces that lie in *warehouse*, or in all."""
        places = [warehouse] if warehouse else [MAIN, EU]
        return sum(self.stock.get((sku, place), 0) for place in places)

    def committed(self, warehouse: str | None = None) -> Mapping[str, int]:
        """Return the pieces that open orders wait for, by SKU."""
        waiting: dict[str, int] = {}
        for order in self.orders.values():
            if order.cancelled or warehouse not in (None, order.warehouse):
                continue
            for line in order.lines:
                if line.open and (item := self.item(line.sku)):
                    waiting[item.sku] = waiting.get(item.sku, 0) + line.open
        return waiting

    def by_external_id(self) -> Mapping[str, Sequence[Order]]:
        """Return all orders by what other systems call them; more than one is a duplicate or another channel's."""
        found: dict[str, list[Order]] = {}
        for order in self.orders.values():
            found.setdefault(order.external_id, []).append(order)
        return found
