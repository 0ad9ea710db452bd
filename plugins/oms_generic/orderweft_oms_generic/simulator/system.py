"""What every fake system is: a store, a table of calls, and the people who work there."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import unquote

from orderweft import Clock, Request, Response
from orderweft.testing import brand

from .store import MAIN, Customer, Item, Order, Shipment, Store
from .wire import Refusal


class Call(NamedTuple):
    """One kind of call: its name, method, path, and what answers it with the unquoted groups of the path."""

    name: str
    method: str
    path: str
    answer: Callable[..., Response]


class System(ABC):
    """An order-management system in memory.

    The wire's paths begin at the root of the host, as at the vendor's. An order is named by its own id, or by its
    external id where only one has that.
    """

    title: str

    def __init__(self, clock: Clock, seed: int, store: Store) -> None:
        self.clock = clock
        self.store = store
        self.requests = 0
        """How many requests have come in."""
        self._seed = seed
        self._calls = [(call, re.compile(call.path)) for call in self.calls()]

    # the wire

    @abstractmethod
    def calls(self) -> Sequence[Call]:
        """Return all kinds of call; the first that matches answers."""

    @abstractmethod
    def admit(self, operation: str, request: Request) -> None:
        """Refuse a call with wrong credentials, or one too many."""

    @abstractmethod
    def refuse(self, refusal: Refusal, operation: str) -> Response:
        """Write *refusal*."""

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Return the credentials it takes, by setting name."""

    def headers(self, operation: str) -> Mapping[str, str]:
        """Return what every answer carries."""
        return {}

    def operation(self, request: Request) -> str:
        """Name what *request* asks for, or `unknown`."""
        found = self._find(request)
        return found[0].name if found else "unknown"

    def handle(self, request: Request) -> Response:
        """Answer *request* and change the state accordingly."""
        self.requests += 1
        operation = self.operation(request)
        try:
            self.admit(operation, request)
            response = self.answer(request)
        except Refusal as refusal:
            response = self.refuse(refusal, operation)
            response = replace(response, headers={**response.headers, **refusal.headers})
        return replace(response, headers={**response.headers, **self.headers(operation)})

    def answer(self, request: Request) -> Response:
        """Answer a call that was admitted."""
        found = self._find(request)
        if found is None:
            raise Refusal(404, f"There is no {request.method} {request.path}")
        call, parts = found
        return call.answer(request, *(unquote(part) for part in parts))

    def made_up(self, name: str) -> str:
        """Return the account's own word for *name*, which is no secret."""
        return f"simulated-{name}-{self._seed}"

    def secret(self, name: str) -> str:
        """Return a made-up credential."""
        return brand.secret(self.made_up(name))

    def _find(self, request: Request) -> tuple[Call, Sequence[str]] | None:
        for call, path in self._calls:
            if request.method == call.method and (match := path.fullmatch(request.path)):
                return call, match.groups()
        return None

    # what people see

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return every order by its id."""
        return {str(number): order for number, order in self.store.orders.items()}

    @property
    def by_external_id(self) -> Mapping[str, Sequence[Order]]:
        """Return the orders by external id; more than one is a duplicate, or another channel's."""
        return self.store.by_external_id()

    @property
    def stock(self) -> Mapping[tuple[str, str], int]:
        """Return the pieces on hand by SKU and warehouse code."""
        return self.store.stock

    @property
    def items(self) -> Mapping[str, Item]:
        """Return the products by SKU."""
        return self.store.items

    @property
    def customers(self) -> Mapping[str, Customer]:
        """Return the customers by code."""
        return {customer.code: customer for customer in self.store.customers.values()}

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there."""
        orders = self.store.orders.values()
        facts = {
            "orders": len(orders),
            "ordered twice": len(orders) - len({(order.channel, order.external_id) for order in orders}),
            "shipments": sum(len(order.shipments) for order in orders),
        }
        return {name: count for name, count in facts.items() if count or name == "orders"}

    # what people do

    def order(self, named: Order | str) -> Order:
        """Return the order *named* by its id or, where only one has it, by its external id."""
        if isinstance(named, Order):
            return named
        if named in self.orders:
            return self.orders[named]
        (only,) = self.by_external_id[named]
        return only

    def ship(self, order: Order | str, tracking: str, **details: Any) -> Shipment:
        """Ship what is open of an order, or `pieces` by SKU, with `carrier` from `warehouse`."""
        found, pieces = self.order(order), details.pop("pieces", None)
        if pieces is not None:
            details["pieces"] = {line.id: pieces[line.sku] for line in found.lines if line.sku in pieces}
        shipment = self.store.ship(found, tracking, **details)
        self.after_shipment(found)
        return shipment

    @abstractmethod
    def after_shipment(self, order: Order) -> None:
        """Put an order where it goes when something of it has left."""

    @abstractmethod
    def cancel(self, order: Order | str) -> None:
        """Cancel an order."""

    @abstractmethod
    def add_order(self, external_id: str, pieces: Mapping[str, int], *, channel: str = "Shopify") -> Order:
        """Add an order of another channel, with *pieces* by SKU."""

    def move_to_folder(self, order: Order | str, folder: str) -> None:
        """Put an order into a folder, or into a status where the system has no folders."""
        self.store.place(self.order(order), folder)

    def set_stock(self, sku: str, quantity: int, warehouse: str = MAIN) -> None:
        """Say how many pieces of an item lie in a warehouse."""
        self.store.set_stock(sku, quantity, warehouse)
