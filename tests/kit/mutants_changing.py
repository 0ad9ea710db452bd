"""Mutants that break how a destination changes and cancels orders it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from orderweft import (
    Accepted,
    AlreadyThere,
    NotSent,
    OrderCancellation,
    OrderUpdate,
    Outcome,
    Refused,
    Unknown,
    hookimpl,
)

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire


def _updating(work: Callable[[Office, Sequence[OrderUpdate]], list[Outcome]]) -> Hooks:
    @hookimpl
    def update_orders(connection: Office, updates: Sequence[OrderUpdate]) -> list[Outcome]:
        return work(connection, updates)

    return [update_orders]


def _cancelling(work: Callable[[Office, Sequence[OrderCancellation]], list[Outcome]]) -> Hooks:
    @hookimpl
    def cancel_orders(connection: Office, cancellations: Sequence[OrderCancellation]) -> list[Outcome]:
        return work(connection, cancellations)

    return [cancel_orders]


def _written(connection: Office, some: Sequence[OrderUpdate]) -> list[Outcome]:
    """Write without reading back."""
    rows = [{"id": one.receipt.id, "lines": ch.lines_of(one.order)} for one in some]
    return wire.written(connection, "edits", rows)


@mutant("an_update_is_made_once")
def writes_blindly() -> Hooks:
    """Never reads back, so that the same again is written again."""
    return _updating(_written)


@mutant("an_update_is_made_once")
def asks_about_nothing() -> Hooks:
    """Asks who it is even when there is nothing to update."""

    def work(connection: Office, some: Sequence[OrderUpdate]) -> list[Outcome]:
        wire.ask(connection, "account")
        return ch.update_orders(connection, some)

    return _updating(work)


@mutant("quantities_are_set_and_not_added_to")
def adds_pieces() -> Hooks:
    """Adds the pieces there are more to those there are, and never takes any away."""

    def work(connection: Office, some: Sequence[OrderUpdate]) -> list[Outcome]:
        more = [one for one in some if one.order.lines[0].quantity > one.known[-1].lines[0].quantity]
        return ch.update_orders(connection, more) or [Accepted(receipt=one.receipt) for one in some]

    return _updating(work)


@mutant("others_edits_are_left_alone")
def writes_over_others() -> Hooks:
    """Writes over whatever somebody has changed there."""

    def work(connection: Office, some: Sequence[OrderUpdate]) -> list[Outcome]:
        first = ch.update_orders(connection, some)
        return [_written(connection, [one])[0] if isinstance(answer, Refused) else answer
                for one, answer in zip(some, first, strict=True)]  # fmt: skip

    return _updating(work)


@mutant("others_edits_are_left_alone")
def knows_one_form() -> Hooks:
    """Takes none but the first of the forms it may have for one of ours."""
    return _updating(
        lambda connection, some: ch.update_orders(connection, [replace(one, known=one.known[:1]) for one in some])
    )


@mutant("an_update_outlives_any_fault")
def says_done_without_an_answer() -> Hooks:
    """Takes no answer for a yes."""

    def work(connection: Office, some: Sequence[OrderUpdate]) -> list[Outcome]:
        answers = zip(some, ch.update_orders(connection, some), strict=True)
        return [Accepted(receipt=one.receipt) if isinstance(answer, Unknown) else answer for one, answer in answers]

    return _updating(work)


@mutant("a_cancellation_is_made_once")
def keeps_quiet_about_it() -> Hooks:
    """Cancels, and gives a receipt that does not say so."""

    def work(connection: Office, some: Sequence[OrderCancellation]) -> list[Outcome]:
        ch.cancel_orders(connection, some)
        return [Accepted(receipt=one.receipt) for one in some]

    return _cancelling(work)


@mutant("a_cancellation_is_made_once")
def refuses_what_is_cancelled() -> Hooks:
    """Says no when an order was cancelled before."""

    def work(connection: Office, some: Sequence[OrderCancellation]) -> list[Outcome]:
        answers = ch.cancel_orders(connection, some)
        no = Refused(reason="refused", message="it was cancelled before")
        return [no if isinstance(answer, AlreadyThere) else answer for answer in answers]

    return _cancelling(work)


@mutant("only_the_order_named_is_cancelled")
def cancels_every_order() -> Hooks:
    """Cancels all orders there are."""

    def work(connection: Office, some: Sequence[OrderCancellation]) -> list[Outcome]:
        answers = ch.cancel_orders(connection, some)
        if some:
            rows = wire.ask(connection, "orders")["rows"]
            wire.written(connection, "edits", [{"id": row["id"], "cancelled": True} for row in rows])
        return answers

    return _cancelling(work)


@mutant("outcomes_of_updates_are_true")
def refuses_an_update_without_an_answer() -> Hooks:
    """Says of an update that may have been made that it was refused."""
    return _updating(lambda connection, some: [_no(one) for one in ch.update_orders(connection, some)])


@mutant("outcomes_of_cancellations_are_true")
def takes_every_order_for_cancelled() -> Hooks:
    """Says that an order is cancelled whatever the answer was."""

    def work(connection: Office, some: Sequence[OrderCancellation]) -> list[Outcome]:
        answers = zip(some, ch.cancel_orders(connection, some), strict=True)
        return [
            Accepted(receipt=one.receipt.model_copy(update={"cancelled": True}))
            if isinstance(answer, Unknown | NotSent)
            else answer
            for one, answer in answers
        ]

    return _cancelling(work)


@mutant("a_write_goes_out_once")
def updates_again() -> Hooks:
    """Makes an update again when it got no answer, and calls it refused when it gets none again."""

    def work(connection: Office, some: Sequence[OrderUpdate]) -> list[Outcome]:
        answers = ch.update_orders(connection, some)
        if any(isinstance(one, Unknown) for one in answers):
            answers = ch.update_orders(connection, some)
        return [_no(one) for one in answers]

    return _updating(work)


@mutant("a_write_goes_out_once")
def cancels_again() -> Hooks:
    """Cancels an order again when it got no answer."""

    def work(connection: Office, some: Sequence[OrderCancellation]) -> list[Outcome]:
        answers = ch.cancel_orders(connection, some)
        return ch.cancel_orders(connection, some) if any(isinstance(one, Unknown) for one in answers) else answers

    return _cancelling(work)


def _no(outcome: Outcome) -> Outcome:
    return Refused(reason="needs_person", message="it failed") if isinstance(outcome, Unknown) else outcome
