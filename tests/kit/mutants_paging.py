"""Mutants that lose or repeat records between pages, and orders between one reading and the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from orderweft import Channel, Limits, OrderQuery, Page, RecordPage, hookimpl

from .mutants_fetching import runs_ahead
from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire


@mutant("small_pages_hold_the_same")
def loses_the_first_row_of_a_page() -> Hooks:
    """Leaves out the first level of each page but the first."""

    @hookimpl
    def read_inventory(connection: Office) -> Iterator[RecordPage]:
        for place, page in enumerate(ch.read_inventory(connection)):
            yield replace(page, records=page.records[1:] if place else page.records)

    return [read_inventory]


@mutant("small_pages_hold_the_same")
def repeats_the_last_row_of_a_page() -> Hooks:
    """Gives the last customer of a page again on the next one."""

    @hookimpl
    def read_customers(connection: Office) -> Iterator[RecordPage]:
        last = RecordPage(())
        for page in ch.read_customers(connection):
            yield replace(page, records=(*last.records[-1:], *page.records))
            last = page

    return [read_customers]


@mutant("small_pages_hold_the_same")
def asks_for_the_whole() -> Hooks:
    """Reads stock in one call, however small its pages are to be."""

    @hookimpl
    def read_inventory(connection: Office) -> Iterator[RecordPage]:
        large = connection.settings.model_copy(update={"page_size": 1000})
        return ch.read_inventory(replace(connection, settings=large))

    return [read_inventory]


mutant("a_late_order_is_still_fetched", only=("fetch_orders", "provides"))(runs_ahead)


class _Overlapping(wire.Settings):
    overlap_minutes: int = 10
    """How far a reading reaches back."""


@mutant("a_late_order_is_still_fetched", only=("fetch_orders", "provides"))
def does_not_reach_back() -> Hooks:
    """Has a setting for how far it reaches back, and does not look at it."""

    @hookimpl
    def describe() -> Channel:
        return Channel("Broken", _Overlapping, Limits(in_flight=2, batch_size=5))

    return [describe]


@mutant("a_late_order_is_still_fetched", only=("fetch_orders", "provides"))
def takes_its_clock_for_the_bookmark() -> Hooks:
    """Goes on from the end of the last reading, whatever it has seen."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        params = {"since": query.bookmark} if query.bookmark else {}
        end = connection.clock.now() + timedelta(seconds=1)
        for rows, _ in wire.pages(connection, "orders", **params):
            yield Page(tuple(ch.fetched(connection, row) for row in rows), end.isoformat())

    return [fetch_orders]
