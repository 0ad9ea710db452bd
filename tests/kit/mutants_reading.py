"""Mutants that break what a channel reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from orderweft import (
    AuthenticationError,
    OrderQuery,
    Page,
    RecordPage,
    UnavailableError,
    Unread,
    hookimpl,
)

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire


@mutant("records_carry_their_origin")
def forgets_the_connection() -> Hooks:
    """Writes the channel's name where the connection's belongs."""

    @hookimpl
    def read_customers(connection: Office) -> Iterator[RecordPage]:
        return ch.read_customers(replace(connection, name="reference"))

    return [read_customers]


@mutant("records_carry_their_origin")
def gives_one_id_to_all() -> Hooks:
    """Gives every product the same id."""

    @hookimpl
    def read_catalog(connection: Office) -> Iterator[RecordPage]:
        for page in ch.read_catalog(connection):
            same = page.records[0].origin
            yield replace(page, records=tuple(one.model_copy(update={"origin": same}) for one in page.records))

    return [read_catalog]


@mutant("reading_does_not_consume")
def gives_each_order_once() -> Hooks:
    """Forgets at once what it has read."""
    seen: set[str] = set()

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            fresh = tuple(item for item in page.items if item.id not in seen)
            seen.update(item.id for item in fresh)
            yield replace(page, items=fresh)

    return [fetch_orders]


@mutant("reading_does_not_consume")
def makes_up_ids() -> Hooks:
    """Numbers levels anew with each reading."""
    numbers = iter(range(10_000))

    @hookimpl
    def read_inventory(connection: Office) -> Iterator[RecordPage]:
        for page in ch.read_inventory(connection):
            made = [one.origin.model_copy(update={"id": str(next(numbers))}) for one in page.records]
            records = zip(page.records, made, strict=True)
            yield replace(page, records=tuple(one.model_copy(update={"origin": origin}) for one, origin in records))

    return [read_inventory]


@mutant("reading_changes_nothing")
def marks_what_it_reads() -> Hooks:
    """Marks orders as exported by reading them."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            wire.put(connection, "told", [{"id": item.id, "message": "exported"} for item in page.items])
            yield page

    return [fetch_orders]


@mutant("complete_means_complete")
def is_complete_too_soon() -> Hooks:
    """Calls every page of stock the whole of it."""

    @hookimpl
    def read_inventory(connection: Office) -> Iterator[RecordPage]:
        for page in ch.read_inventory(connection):
            yield RecordPage(page.records[:9], complete=True)
            yield RecordPage(page.records[9:], complete=True)

    return [read_inventory]


def _with_unread(unread: Unread, *, complete: bool) -> Hooks:
    @hookimpl
    def read_catalog(connection: Office) -> Iterator[RecordPage]:
        for page in ch.read_catalog(connection):
            yield replace(page, unread=(unread,), complete=complete)

    return [read_catalog]


@mutant("complete_means_complete")
def is_complete_without_what_it_cannot_read() -> Hooks:
    """Leaves a product unread and says that this is all there is."""
    return _with_unread(Unread("9", "9", "price: is no amount"), complete=True)


@mutant("what_is_unread_is_told")
def does_not_say_why() -> Hooks:
    """Leaves a product unread without a reason."""
    return _with_unread(Unread("9", "9", ""), complete=False)


@mutant("what_is_unread_is_told")
def leaves_out_without_a_word() -> Hooks:
    """Gives neither an order nor a reason."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            yield replace(page, items=tuple(replace(item, order=None) for item in page.items))

    return [fetch_orders]


@mutant("a_passing_fault_is_outlived")
def reads_as_if_it_wrote() -> Hooks:
    """Reads by `http.write`, which repeats nothing."""

    @hookimpl
    def read_customers(connection: Office) -> Iterator[RecordPage]:
        response = connection.http.write("GET", "customers", headers=wire.headers(connection))
        rows = wire.decoded(connection, response)["rows"]
        yield RecordPage(tuple(ch.to_customer(connection, row) for row in rows), complete=True)

    return [read_customers]


@mutant("a_lasting_fault_is_told")
def takes_an_outage_for_nothing() -> Hooks:
    """Gives an empty list when the channel cannot be reached."""

    @hookimpl
    def read_customers(connection: Office) -> Iterator[RecordPage]:
        with suppress(UnavailableError):
            yield from ch.read_customers(connection)

    return [read_customers]


@mutant("a_lasting_fault_is_told")
def trips_over_what_is_no_json() -> Hooks:
    """Expects JSON whatever comes."""

    @hookimpl
    def read_catalog(connection: Office) -> Iterator[RecordPage]:
        response = connection.http.read("GET", "products", headers=wire.headers(connection))
        if response.status == 401:
            raise AuthenticationError("check token")
        rows = response.json()["rows"]
        yield RecordPage(tuple(ch.to_product(connection, row) for row in rows), complete=True)

    return [read_catalog]


@mutant("a_reading_never_just_ends")
def ends_where_it_breaks_off() -> Hooks:
    """Takes a failure in the middle for the end."""

    @hookimpl
    def read_inventory(connection: Office) -> Iterator[RecordPage]:
        small = connection.settings.model_copy(update={"page_size": 20})
        pages = ch.reading(replace(connection, settings=small), "stock", ch.to_level)
        read: list[Any] = []
        with suppress(UnavailableError):
            for page in pages:
                read += page.records
        yield RecordPage(tuple(read), complete=True)

    return [read_inventory]


@mutant("the_wait_of_a_read_is_passed_on")
def forgets_how_long_to_wait() -> Hooks:
    """Raises UnavailableError without what the channel said of waiting."""

    @hookimpl
    def read_customers(connection: Office) -> Iterator[RecordPage]:
        try:
            yield from ch.read_customers(connection)
        except UnavailableError as error:
            raise UnavailableError(str(error)) from error

    return [read_customers]


@mutant("sign_in_that_ends_is_told")
def takes_a_withdrawn_token_for_an_outage() -> Hooks:
    """Calls it an outage when the credentials are refused in the middle."""

    @hookimpl
    def read_customers(connection: Office) -> Iterator[RecordPage]:
        try:
            yield from ch.read_customers(connection)
        except AuthenticationError as error:
            raise UnavailableError("try again later", retry_after=60) from error

    return [read_customers]
