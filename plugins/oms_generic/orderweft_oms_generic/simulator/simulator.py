"""The door to all fakes: one class that plays the system it is told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orderweft import Clock, Request, Response
from orderweft.testing import SystemClock

from .cartrover import CartRover
from .in_house import InHouse
from .netsuite import NetSuite
from .order_desk import OrderDesk
from .skubana import Skubana
from .store import MAIN, Customer, Item, Order, Shipment
from .system import System

SYSTEMS: Mapping[str, type[OrderDesk | CartRover | Skubana | NetSuite | InHouse]] = {
    "order_desk": OrderDesk,
    "cartrover": CartRover,
    "skubana": Skubana,
    "netsuite": NetSuite,
    "in_house": InHouse,
}


class Simulator:
    """One account of an order-management system, with the sample brand's items, stock and customers.

    *system* is `order_desk`, `cartrover` (Extensiv Integration Manager), `skubana` (Extensiv Order Manager), `netsuite`
    or `in_house`; the class in the module of that name documents the wire, the switches and what its people can do.
    `system` gives it, for what the others have not.
    """

    def __init__(
        self, *, clock: Clock | None = None, seed: int = 0, system: str = "order_desk", **switches: Any
    ) -> None:
        if system not in SYSTEMS:
            raise ValueError(f"system is one of {', '.join(SYSTEMS)}, not {system!r}")
        self.system: System = SYSTEMS[system](clock or SystemClock(), seed, switches)

    def operation(self, request: Request) -> str:
        """Name what *request* asks for: `order.create`, `order.find`, `stock.read` and so on, or `unknown`."""
        return self.system.operation(request)

    def handle(self, request: Request) -> Response:
        """Answer *request* and change the state accordingly."""
        return self.system.handle(request)

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials it takes, by setting name."""
        return self.system.settings()

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there."""
        return self.system.facts()

    @property
    def requests(self) -> int:
        """Return how many requests have come in."""
        return self.system.requests

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return every order by its id."""
        return self.system.orders

    @property
    def by_external_id(self) -> Mapping[str, Sequence[Order]]:
        """Return the orders by external id; more than one is a duplicate, or another channel's."""
        return self.system.by_external_id

    @property
    def stock(self) -> Mapping[tuple[str, str], int]:
        """Return the pieces on hand by SKU and warehouse code."""
        return self.system.stock

    @property
    def items(self) -> Mapping[str, Item]:
        """Return the products by SKU."""
        return self.system.items

    @property
    def customers(self) -> Mapping[str, Customer]:
        """Return the customers by code."""
        return self.system.customers

    def ship(self, order: Order | str, tracking: str, **details: Any) -> Shipment:
        """Ship what is open of an order, or `pieces` by SKU, with `carrier` from `warehouse`."""
        return self.system.ship(order, tracking, **details)

    def cancel(self, order: Order | str) -> None:
        """Cancel an order."""
        self.system.cancel(order)

    def add_order(self, external_id: str, pieces: Mapping[str, int], *, channel: str = "Shopify") -> Order:
        """Add an order of another channel, with *pieces* by SKU."""
        return self.system.add_order(external_id, pieces, channel=channel)

    def move_to_folder(self, order: Order | str, folder: str) -> None:
        """Put an order into a folder, or into a status where the system has no folders."""
        self.system.move_to_folder(order, folder)

    def set_stock(self, sku: str, quantity: int, warehouse: str = MAIN) -> None:
        """Say how many pieces of an item lie in a warehouse."""
        self.system.set_stock(sku, quantity, warehouse)
