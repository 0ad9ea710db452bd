"""Mutants that break how a destination takes orders, and what it says about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from orderweft import (
    Accepted,
    AlreadyThere,
    Delivery,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    UnavailableError,
    Unknown,
    hookimpl,
)

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire

Deliver = Callable[[Office, Sequence[Delivery]], list[Outcome]]


def _delivering(work: Deliver) -> Hooks:
    @hookimpl
    def deliver_orders(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        return work(connection, deliveries)

    return [deliver_orders]


def _finding(work: Callable[[Office, Sequence[str]], dict[str, Any]]) -> Hooks:
    @hookimpl
    def find_orders(connection: Office, keys: Sequence[str]) -> dict[str, Receipt | Refused]:
        return work(connection, keys)

    return [find_orders]


def _changed(change: Callable[[Outcome], Outcome]) -> Hooks:
    """Deliver as it should be, and answer otherwise."""
    return _delivering(lambda connection, some: [change(one) for one in ch.deliver_orders(connection, some)])


def _rekeyed(connection: Office, deliveries: Sequence[Delivery], key: Callable[[Delivery], str]) -> list[Outcome]:
    return ch.deliver_orders(connection, [Delivery(one.order, key(one)) for one in deliveries])


@mutant("one_outcome_per_delivery")
def answers_in_reverse() -> Hooks:
    """Gives the outcomes of a batch in another order."""
    return _delivering(lambda connection, some: ch.deliver_orders(connection, some)[::-1])


@mutant("one_outcome_per_delivery")
def answers_for_the_batch() -> Hooks:
    """Gives one outcome for the whole batch."""
    return _delivering(lambda connection, some: ch.deliver_orders(connection, some)[:1])


@mutant("one_outcome_per_delivery")
def calls_for_nothing() -> Hooks:
    """Calls the channel although nothing is to be delivered."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        wire.ask(connection, "account")
        return ch.deliver_orders(connection, deliveries)

    return _delivering(work)


@mutant("delivered_orders_are_found")
def finds_by_another_key() -> Hooks:
    """Looks for keys under a prefix they were not delivered under."""
    return _finding(lambda connection, keys: ch.find_orders(connection, [f"x{key}" for key in keys]))


@mutant("delivered_orders_are_found")
def never_confirms() -> Hooks:
    """Calls every receipt pending for ever."""

    def work(connection: Office, keys: Sequence[str]) -> dict[str, Any]:
        found = ch.find_orders(connection, keys)
        return {key: receipt.model_copy(update={"pending": True}) for key, receipt in found.items()}

    return _finding(work)


@mutant("unknown_keys_are_left_out")
def finds_what_is_not_there() -> Hooks:
    """Gives a receipt for a key nobody has."""

    def work(connection: Office, keys: Sequence[str]) -> dict[str, Any]:
        return {key: Receipt(id=key) for key in keys} | ch.find_orders(connection, keys)

    return _finding(work)


@mutant("looking_up_changes_nothing")
def creates_what_it_looks_for() -> Hooks:
    """Leaves a row behind for each look-up."""

    def work(connection: Office, keys: Sequence[str]) -> dict[str, Any]:
        wire.put(connection, "customers", [{"id": f"looked-{len(keys)}", "name": "x", "addresses": []}])
        return ch.find_orders(connection, keys)

    return _finding(work)


@mutant("an_outage_is_no_absence")
def finds_nothing_in_an_outage() -> Hooks:
    """Says that no order is there when nobody can be asked."""

    def work(connection: Office, keys: Sequence[str]) -> dict[str, Any]:
        try:
            return ch.find_orders(connection, keys)
        except UnavailableError:
            return {}

    return _finding(work)


@mutant("an_outage_is_no_absence")
def finds_what_it_gets_to() -> Hooks:
    """Looks each order up by itself and leaves out what it got no answer for."""

    def work(connection: Office, keys: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in keys:
            with suppress(UnavailableError):
                found |= ch.find_orders(connection, [key])
        return found

    return _finding(work)


@mutant("an_outage_is_no_absence")
def crashes_in_an_outage() -> Hooks:
    """Raises an error of its own when nobody can be asked."""

    def work(connection: Office, keys: Sequence[str]) -> dict[str, Any]:
        try:
            return ch.find_orders(connection, keys)
        except UnavailableError as error:
            raise RuntimeError("no answer") from error

    return _finding(work)


@mutant("a_key_is_honored")
def ignores_the_key() -> Hooks:
    """Delivers each time under a key of its own."""
    numbers = iter(range(1000))
    return _delivering(partial(_rekeyed, key=lambda one: f"{one.key}.{next(numbers)}"))


@mutant("a_key_is_honored")
def answers_otherwise_to_a_known_key() -> Hooks:
    """Gives another receipt for an order that is there already."""

    def change(outcome: Outcome) -> Outcome:
        return AlreadyThere(receipt=Receipt(id="another")) if isinstance(outcome, AlreadyThere) else outcome

    return _changed(change)


@mutant("another_key_is_another_order")
def goes_by_the_number() -> Hooks:
    """Takes orders of one number for one order, whatever their keys."""
    return _delivering(partial(_rekeyed, key=lambda one: one.order.number))


@mutant("delivered_orders_read_back")
def loses_a_line() -> Hooks:
    """Delivers orders without their last line."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        short = [one.order.model_copy(update={"lines": one.order.lines[:1]}) for one in deliveries]
        return ch.deliver_orders(
            connection, [Delivery(order, one.key) for order, one in zip(short, deliveries, strict=True)]
        )

    return _delivering(work)


@mutant("a_refused_order_is_not_there")
def refuses_what_it_has_written() -> Hooks:
    """Writes an order without the line it does not like, and calls it refused."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        outcomes = ch.deliver_orders(connection, deliveries)
        for place, (one, outcome) in enumerate(zip(deliveries, outcomes, strict=True)):
            if isinstance(outcome, Refused):
                rest = one.order.model_copy(update={"lines": one.order.lines[1:]})
                ch.deliver_orders(connection, [Delivery(rest, f"{one.key}.{place}")])
        return outcomes

    return _delivering(work)


@mutant("a_refused_order_is_not_there")
def refuses_all_because_of_one() -> Hooks:
    """Refuses a batch as a whole because of one order in it."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        outcomes = ch.deliver_orders(connection, deliveries)
        bad = next((one for one in outcomes if isinstance(one, Refused)), None)
        return [bad] * len(outcomes) if bad else outcomes

    return _delivering(work)


@mutant("outcomes_of_deliveries_are_true")
def calls_an_unknown_outcome_refused() -> Hooks:
    """Reports an unknown outcome as a refusal."""

    def change(outcome: Outcome) -> Outcome:
        return Refused(reason="refused", message="it failed") if isinstance(outcome, Unknown) else outcome

    return _changed(change)


@mutant("outcomes_of_deliveries_are_true")
def calls_an_unknown_outcome_not_sent() -> Hooks:
    """Reports an unknown outcome as safe to repeat."""

    def change(outcome: Outcome) -> Outcome:
        return NotSent(message="it failed") if isinstance(outcome, Unknown) else outcome

    return _changed(change)


@mutant("outcomes_of_deliveries_are_true")
def hopes_for_the_best() -> Hooks:
    """Reports an unknown outcome as accepted."""

    def change(outcome: Outcome) -> Outcome:
        return Accepted(receipt=Receipt(id="?")) if isinstance(outcome, Unknown) else outcome

    return _changed(change)


@mutant("outcomes_of_deliveries_are_true")
def calls_everything_unknown() -> Hooks:
    """Says of a call that certainly did not arrive that it may have."""

    def change(outcome: Outcome) -> Outcome:
        return Unknown(message=outcome.message) if isinstance(outcome, NotSent) else outcome

    return _changed(change)


@mutant("outcomes_of_deliveries_are_true")
def crashes_at_what_is_no_json() -> Hooks:
    """Expects JSON whatever comes."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        if not deliveries:
            return []
        rows = [ch.from_order(one) for one in deliveries]
        answer = connection.http.write("POST", "orders", json={"rows": rows}, headers=wire.headers(connection))
        return [wire.outcome_of(result) for result in answer.json()["results"]]

    return _delivering(work)


@mutant("outcomes_of_deliveries_are_true")
def knows_the_first_order_only() -> Hooks:
    """Says of a batch without an answer that all but its first order were not sent."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        outcomes = ch.deliver_orders(connection, deliveries)
        rest = [NotSent(message="it comes later") if isinstance(one, Unknown) else one for one in outcomes[1:]]
        return [*outcomes[:1], *rest]

    return _delivering(work)


@mutant("a_write_goes_out_once")
def tries_a_write_again() -> Hooks:
    """Sends a write again when it got no answer."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        outcomes = ch.deliver_orders(connection, deliveries)
        if any(isinstance(one, Unknown) for one in outcomes):
            outcomes = ch.deliver_orders(connection, deliveries)
        return outcomes

    return _delivering(work)


@mutant("a_write_goes_out_once")
def writes_as_if_it_read() -> Hooks:
    """Writes by `http.read`, which repeats what got no answer."""

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        if not deliveries:
            return []
        body = {"rows": [ch.from_order(one) for one in deliveries]}
        answer = connection.http.read("POST", "orders", json=body, headers=wire.headers(connection))
        return [wire.outcome_of(result) for result in wire.decoded(connection, answer)["results"]]

    return _delivering(work)


@mutant("the_wait_of_a_write_is_passed_on")
def does_not_say_when_to_try_again() -> Hooks:
    """Leaves out how long the channel asked to wait."""

    def change(outcome: Outcome) -> Outcome:
        return NotSent(message=outcome.message) if isinstance(outcome, NotSent) else outcome

    return _changed(change)


@mutant("never_twice_never_lost")
def delivers_a_draft_first() -> Hooks:
    """Creates an order under a key of no meaning before it creates it under its own."""
    numbers = iter(range(1000))

    def work(connection: Office, deliveries: Sequence[Delivery]) -> list[Outcome]:
        drafts = _rekeyed(connection, deliveries, lambda one: f"draft.{next(numbers)}")
        return drafts if any(isinstance(one, Unknown) for one in drafts) else ch.deliver_orders(connection, deliveries)

    return _delivering(work)
