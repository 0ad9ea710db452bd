"""Mutants that write something else than they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from orderweft import Customer, Delivery, Order, Outcome, Product, hookimpl

from .mutation import Hooks, Office, mutant
from .reference import channel as ch


def _orders(change: Callable[[Order], dict[str, Any]]) -> Hooks:
    """Deliver orders with something *change*d."""

    @hookimpl
    def deliver_orders(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        changed = [replace(one, order=one.order.model_copy(update=change(one.order))) for one in deliveries]
        return ch.deliver_orders(connection, changed)

    return [deliver_orders]


@mutant("delivered_orders_read_back")
def forgets_the_purchase_order() -> Hooks:
    """Delivers orders without the customer's own number."""
    return _orders(lambda order: {"purchase_order": None})


@mutant("delivered_orders_read_back")
def ships_a_day_late() -> Hooks:
    """Delivers orders with a window that ends a day later."""

    def change(order: Order) -> dict[str, Any]:
        assert order.window is not None
        assert order.window.complete is not None
        later = order.window.complete + timedelta(days=1)
        return {"window": order.window.model_copy(update={"complete": later})}

    return _orders(change)


@mutant("delivered_orders_read_back")
def ships_to_the_accounts_department() -> Hooks:
    """Takes the address of the bill for that of the goods, and the other way round."""

    def change(order: Order) -> dict[str, Any]:
        first, second = order.addresses
        roles = {"role": second.role}, {"role": first.role}
        return {"addresses": (first.model_copy(update=roles[0]), second.model_copy(update=roles[1]))}

    return _orders(change)


@mutant("delivered_orders_read_back")
def drops_the_note() -> Hooks:
    """Delivers orders without their notes."""
    return _orders(lambda order: {"note": None})


@mutant("products_read_back")
def charges_more() -> Hooks:
    """Writes products at wholesale prices that are 1.00 too high."""

    def dearer(product: Product) -> Product:
        prices = [one.model_copy(update={"wholesale": one.wholesale and one.wholesale + 1}) for one in product.prices]
        return product.model_copy(update={"prices": tuple(prices)})

    @hookimpl
    def write_catalog(connection: Office, products: Sequence[Product]) -> list[Outcome]:
        return ch.write_catalog(connection, [dearer(one) for one in products])

    return [write_catalog]


@mutant("customers_read_back")
def keeps_the_first_address() -> Hooks:
    """Writes customers with one address of several."""

    @hookimpl
    def write_customers(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        short = [one.model_copy(update={"addresses": one.addresses[:1]}) for one in customers]
        return ch.write_customers(connection, short)

    return [write_customers]
