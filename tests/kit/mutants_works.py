"""Mutants that break what holds whatever a channel does: its limits, and what it keeps to itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from orderweft import (
    Delivery,
    OrderQuery,
    OrderUpdate,
    Outcome,
    Page,
    Receipt,
    Refused,
    StockLevel,
    WriteMode,
    hookimpl,
)
from orderweft.testing import brand

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire

_LOG = logging.getLogger(__name__)


@mutant("calls_at_the_same_time_are_bounded")
def delivers_on_five_threads() -> Hooks:
    """Makes more calls at the same time than it may when it delivers."""

    @hookimpl
    def deliver_orders(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        together = Barrier(5)

        def ask(_: int) -> None:
            together.wait()
            wire.ask(connection, "account")

        with ThreadPoolExecutor(5) as threads:
            list(threads.map(ask, range(5)))
        return ch.deliver_orders(connection, deliveries)

    return [deliver_orders]


@mutant("the_pace_is_kept")
def writes_without_waiting_its_turn() -> Hooks:
    """Makes its calls at no cost when it writes stock."""

    @hookimpl
    def write_inventory(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
        for one in levels:
            row = {"id": one.item.barcode, "style": one.item.style_number, "quantity": one.quantity}
            connection.http.write("POST", "stock", cost=0, json={"rows": [row]}, headers=wire.headers(connection))
        return ch.write_inventory(connection, [], mode)

    return [write_inventory]


@mutant("secrets_stay_inside")
def logs_its_token_when_it_looks_up() -> Hooks:
    """Writes the token into the log when it looks orders up."""

    @hookimpl
    def find_orders(connection: Office, keys: Sequence[str]) -> dict[str, Receipt | Refused]:
        _LOG.info("asking with %s", connection.settings.token.get_secret_value())
        return ch.find_orders(connection, keys)

    return [find_orders]


@mutant("people_stay_inside")
def logs_whose_order_it_updates() -> Hooks:
    """Writes the customer of an order it updates into the log."""

    @hookimpl
    def update_orders(connection: Office, updates: Sequence[OrderUpdate]) -> list[Outcome]:
        _LOG.info("updating orders of %s", [one.order.customer for one in updates])
        return ch.update_orders(connection, updates)

    return [update_orders]


@mutant("people_stay_inside", only=("fetch_orders", "provides"))
def logs_whose_orders_it_reads() -> Hooks:
    """Writes a mail address into the log, and is a source of orders and nothing else."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        _LOG.info("reading orders of %s", brand.buyers()[0].email)
        yield from ch.fetch_orders(connection, query)

    return [fetch_orders]
