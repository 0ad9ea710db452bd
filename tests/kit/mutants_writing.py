"""Mutants that break what a channel writes besides orders, and what it lets out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from orderweft import (
    Accepted,
    Account,
    Customer,
    Delivery,
    NotSent,
    Outcome,
    Product,
    Receipt,
    Refused,
    Shipment,
    StockLevel,
    UnavailableError,
    Unknown,
    WriteMode,
    hookimpl,
)

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire


def _levels(work: Callable[[Office, Sequence[StockLevel], WriteMode], list[Outcome]]) -> Hooks:
    @hookimpl
    def write_inventory(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
        return work(connection, levels, mode)

    return [write_inventory]


def _products(change: Callable[[Product], Product]) -> Hooks:
    @hookimpl
    def write_catalog(connection: Office, products: Sequence[Product]) -> list[Outcome]:
        return ch.write_catalog(connection, [change(one) for one in products])

    return [write_catalog]


def _customers(work: Callable[[Office, Sequence[Customer]], list[Outcome]]) -> Hooks:
    @hookimpl
    def write_customers(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        return work(connection, customers)

    return [write_customers]


@mutant("stock_reads_back")
def adds_instead_of_setting() -> Hooks:
    """Adds what it is given to what is there."""

    def work(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
        there = {row["id"]: row["quantity"] for row in wire.ask(connection, "stock")["rows"]}
        sums = [
            one.model_copy(update={"quantity": (one.quantity or 0) + there.get(one.item.barcode, 0)}) for one in levels
        ]
        return ch.write_inventory(connection, sums, mode)

    return _levels(work)


@mutant("stock_reads_back")
def sends_each_quantity_once() -> Hooks:
    """Leaves out a quantity it has sent before, although it was another one since."""
    sent: set[tuple[str | None, int | None]] = set()

    def work(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
        fresh = [one for one in levels if (one.item.barcode, one.quantity) not in sent]
        sent.update((one.item.barcode, one.quantity) for one in levels)
        ch.write_inventory(connection, fresh, mode)
        return [Accepted(receipt=Receipt(id=one.item.barcode or "?")) for one in levels]

    return _levels(work)


@mutant("products_read_back")
def forgets_a_size() -> Hooks:
    """Writes products without their last size."""

    def change(product: Product) -> Product:
        colors = [one.model_copy(update={"skus": one.skus[:-1]}) for one in product.colors]
        return product.model_copy(update={"colors": tuple(colors)})

    return _products(change)


@mutant("customers_read_back")
def keeps_no_address() -> Hooks:
    """Writes customers without where they are."""

    def work(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        return ch.write_customers(connection, [one.model_copy(update={"addresses": ()}) for one in customers])

    return _customers(work)


@mutant("shipments_read_back")
def loses_the_tracking_number() -> Hooks:
    """Writes shipments without their tracking numbers."""

    @hookimpl
    def write_shipments(connection: Office, shipments: Sequence[Shipment]) -> list[Outcome]:
        return ch.write_shipments(connection, [one.model_copy(update={"tracking_numbers": ()}) for one in shipments])

    return [write_shipments]


@mutant("one_outcome_per_record")
def says_nothing_of_what_went_well() -> Hooks:
    """Gives outcomes for refused records only."""

    def work(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        return [one for one in ch.write_customers(connection, customers) if isinstance(one, Refused)]

    return _customers(work)


@mutant("a_bad_record_spoils_no_other")
def refuses_the_batch() -> Hooks:
    """Refuses all levels because of one."""

    def work(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
        outcomes = ch.write_inventory(connection, levels, mode)
        bad = next((one for one in outcomes if isinstance(one, Refused)), None)
        return [bad] * len(outcomes) if bad else outcomes

    return _levels(work)


def _twins(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
    """Write customers, each as another one when there is one already."""
    there = {row["id"] for row in wire.ask(connection, "customers")["rows"]}
    new = [
        one.model_copy(update={"account_code": f"{one.account_code}-{len(there)}"})
        if one.account_code in there
        else one
        for one in customers
    ]
    return ch.write_customers(connection, new)


@mutant("writing_again_is_harmless")
def creates_without_looking() -> Hooks:
    """Creates a customer again when it is written again."""
    return _customers(_twins)


@mutant("a_lost_record_is_written_once")
def creates_again_after_a_lost_answer() -> Hooks:
    """Creates a customer again when the first answer was lost."""
    return _customers(_twins)


def _overwriting(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    return ch.write_inventory(connection, levels, "overwrite")


@mutant("an_update_leaves_the_rest")
def always_overwrites() -> Hooks:
    """Clears what is not named, whatever the mode."""
    return _levels(_overwriting)


@mutant("an_overwrite_clears_or_is_refused")
def never_overwrites() -> Hooks:
    """Takes an overwrite for an update."""
    return _levels(lambda connection, levels, mode: ch.write_inventory(connection, levels, "update"))


@mutant("outcomes_of_customers_are_true")
def blames_the_record() -> Hooks:
    """Refuses records when the channel cannot be reached."""

    def work(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        outcomes = ch.write_customers(connection, customers)
        held = Refused(reason="refused", message="it could not be written")
        return [held if isinstance(one, NotSent) else one for one in outcomes]

    return _customers(work)


@mutant("outcomes_of_customers_are_true")
def accepts_what_got_no_answer() -> Hooks:
    """Calls records written when there was no answer."""

    def work(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        outcomes = ch.write_customers(connection, customers)
        return [Accepted(receipt=Receipt(id="?")) if isinstance(one, Unknown) else one for one in outcomes]

    return _customers(work)


@mutant("outcomes_of_stock_are_true")
def knows_the_first_level_only() -> Hooks:
    """Says of levels without an answer that all but the first were not sent."""

    def work(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
        outcomes = ch.write_inventory(connection, levels, mode)
        rest = [NotSent(message="it comes later") if isinstance(one, Unknown) else one for one in outcomes[1:]]
        return [*outcomes[:1], *rest]

    return _levels(work)


@mutant("outcomes_of_products_are_true")
def crashes_when_a_product_gets_no_answer() -> Hooks:
    """Raises an error of its own for products that may have arrived."""

    @hookimpl
    def write_catalog(connection: Office, products: Sequence[Product]) -> list[Outcome]:
        outcomes = ch.write_catalog(connection, products)
        if any(isinstance(one, Unknown) for one in outcomes):
            raise KeyError("results")
        return outcomes

    return [write_catalog]


@mutant("outcomes_of_shipments_are_true")
def calls_a_shipment_not_sent() -> Hooks:
    """Says of a shipment that may have arrived that it was not sent."""

    @hookimpl
    def write_shipments(connection: Office, shipments: Sequence[Shipment]) -> list[Outcome]:
        outcomes = ch.write_shipments(connection, shipments)
        return [NotSent(message="it failed") if isinstance(one, Unknown) else one for one in outcomes]

    return [write_shipments]


def _sent_again(outcomes: list[Outcome], write: Callable[[], list[Outcome]]) -> list[Outcome]:
    return write() if any(isinstance(one, Unknown) for one in outcomes) else outcomes


@mutant("a_write_goes_out_once")
def writes_levels_again() -> Hooks:
    """Writes stock again when it got no answer."""

    def work(connection: Office, levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
        write = partial(ch.write_inventory, connection, levels, mode)
        return _sent_again(write(), write)

    return _levels(work)


@mutant("a_write_goes_out_once")
def writes_customers_again() -> Hooks:
    """Writes customers again when it got no answer."""

    def work(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        write = partial(ch.write_customers, connection, customers)
        return _sent_again(write(), write)

    return _customers(work)


@mutant("a_write_goes_out_once")
def writes_products_again() -> Hooks:
    """Writes products again when it got no answer."""

    @hookimpl
    def write_catalog(connection: Office, products: Sequence[Product]) -> list[Outcome]:
        write = partial(ch.write_catalog, connection, products)
        return _sent_again(write(), write)

    return [write_catalog]


@mutant("a_write_goes_out_once")
def writes_shipments_again() -> Hooks:
    """Writes shipments again when it got no answer."""

    @hookimpl
    def write_shipments(connection: Office, shipments: Sequence[Shipment]) -> list[Outcome]:
        write = partial(ch.write_shipments, connection, shipments)
        return _sent_again(write(), write)

    return [write_shipments]


# what stays inside


@mutant("secrets_stay_inside")
def logs_its_token() -> Hooks:
    """Writes the token into the log."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        logging.getLogger(__name__).info("calling with %s", wire.headers(connection))
        return ch.check_connection(connection)

    return [check_connection]


@mutant("secrets_stay_inside")
def tells_its_token_in_an_error() -> Hooks:
    """Puts the token into an error."""

    @hookimpl
    def check_connection(connection: Office) -> Account:
        try:
            return ch.check_connection(connection)
        except UnavailableError as error:
            raise UnavailableError(f"{error} with {wire.headers(connection)}") from error

    return [check_connection]


@mutant("people_stay_inside")
def tells_where_people_live() -> Hooks:
    """Puts an order's addresses into an outcome."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        outcomes = ch.deliver_orders(connection, deliveries)
        return [
            Unknown(message=f"no answer for {one.order.addresses}") if isinstance(outcome, Unknown) else outcome
            for one, outcome in zip(deliveries, outcomes, strict=True)
        ]

    @hookimpl
    def deliver_orders(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        return work(connection, deliveries)

    return [deliver_orders]


@mutant("people_stay_inside")
def logs_its_customers() -> Hooks:
    """Writes customers into the log."""

    def work(connection: Office, customers: Sequence[Customer]) -> list[Outcome]:
        logging.getLogger(__name__).debug("writing %s", customers)
        return ch.write_customers(connection, customers)

    return _customers(work)
