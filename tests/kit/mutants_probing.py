"""Mutants that break what a destination says it would refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orderweft import Order, Refused, UnavailableError, hookimpl

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire

NO = Refused(reason="no_stock", message="no")


def _probing(work: Callable[[Office, Sequence[Order]], Any]) -> Hooks:
    @hookimpl
    def probe_orders(connection: Office, orders: Sequence[Order]) -> list[Refused | None]:
        return work(connection, orders)  # type: ignore[no-any-return]

    return [probe_orders]


@mutant("one_answer_per_order")
def probes_in_reverse() -> Hooks:
    """Gives the answers in another order."""
    return _probing(lambda connection, orders: ch.probe_orders(connection, orders)[::-1])


@mutant("one_answer_per_order")
def tells_the_refused_only() -> Hooks:
    """Leaves out the orders that would be taken."""
    return _probing(lambda connection, orders: [one for one in ch.probe_orders(connection, orders) if one])


@mutant("one_answer_per_order")
def answers_yes_or_no() -> Hooks:
    """Answers with True and False."""
    return _probing(lambda connection, orders: [one is None for one in ch.probe_orders(connection, orders)])


@mutant("one_answer_per_order")
def asks_about_nothing() -> Hooks:
    """Calls the channel although it is asked about no order."""

    def work(connection: Office, orders: Sequence[Order]) -> list[Refused | None]:
        wire.ask(connection, "account")
        return ch.probe_orders(connection, orders)

    return _probing(work)


@mutant("probing_changes_nothing")
def creates_the_customer_on_the_way() -> Hooks:
    """Makes the customer of an order it is only asked about."""

    def work(connection: Office, orders: Sequence[Order]) -> list[Refused | None]:
        rows: list[Any] = [{"id": one.customer.account_code, "name": "x", "addresses": []} for one in orders]
        if rows:
            wire.put(connection, "customers", rows)
        return ch.probe_orders(connection, orders)

    return _probing(work)


@mutant("a_probe_says_what_a_delivery_does")
def fears_everything() -> Hooks:
    """Says that every order would be refused."""
    return _probing(lambda connection, orders: [NO for _ in orders])


@mutant("a_probe_says_what_a_delivery_does")
def sees_nothing_wrong() -> Hooks:
    """Says that every order would be taken."""
    return _probing(lambda connection, orders: [None for _ in orders])


def _guessing(guess: Refused | None) -> Hooks:
    def work(connection: Office, orders: Sequence[Order]) -> list[Refused | None]:
        try:
            return ch.probe_orders(connection, orders)
        except UnavailableError:
            return [guess for _ in orders]

    return _probing(work)


@mutant("an_outage_is_no_answer_to_a_probe")
def refuses_in_an_outage() -> Hooks:
    """Says that orders would be refused when nobody can be asked."""
    return _guessing(NO)


@mutant("an_outage_is_no_answer_to_a_probe")
def sees_nothing_wrong_in_an_outage() -> Hooks:
    """Says that orders would be taken when nobody can be asked."""
    return _guessing(None)
