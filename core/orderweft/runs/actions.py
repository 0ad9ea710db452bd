"""What people do about single orders between runs: try again, release, leave out, export once more."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..clock import Clock
from ..config import PipelineConfig
from ..errors import SettingsError
from ..ledger import ActionBook, Intent, Ledger, OrderRow, Route, Signature
from ..ledger.changes import changes_of
from ..plugins import Plugins
from ..records import Accepted, NotSent, Receipt, Refused
from .ends import End, Handlers, StoppableClock, open_end, watch
from .orders import delivery_key, route_of

LOOK_BACK = timedelta(days=60)
"""How long before it was first seen an order may have been changed last at its source."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a person says became of an order: its *receipt* at the destination, or None when it has not arrived."""

    receipt: str | None


def retry(ledger: Ledger, orders: Sequence[OrderRow], by: Signature) -> list[str]:
    """Have the next run of their pipelines offer held *orders* again, and those left out by hand.

    Returns a sentence for each, which says how one is read again whose contents are not kept any more. Raises
    SettingsError when one of them may not simply be sent again; then nothing was changed in its pipeline.
    """
    for order in orders:
        if order.state == "held" and order.reason in ("in_doubt", "needs_person"):
            raise SettingsError(
                f"order {order.number} may have arrived, so it is not just sent again; "
                f"`orderweft orders release {order.number}` finds out"
            )
        if order.state == "staged":
            number = order.number
            raise SettingsError(f"order {number} goes out with the next run; `orderweft run --order {number}` is one")
        if order.state not in ("held", "skipped"):
            raise SettingsError(f"order {order.number} is {order.state}; only one that is held can be tried again")
    for book, mine in _books(ledger, orders, by):
        book.retry(mine)
    return [f"Order {order.number}: the next run tries it again{_unread(order)}." for order in orders]


def skip(ledger: Ledger, orders: Sequence[OrderRow], by: Signature) -> list[str]:
    """Leave *orders* out for good, whatever becomes of them at the source; of delivered ones their held change.

    Returns a sentence for each. Raises SettingsError when one of them is delivered, or may be, and no change of it is
    held; then nothing was changed in its pipeline.
    """
    for order in orders:
        if order.state == "sending" or order.reason == "in_doubt":
            raise SettingsError(
                f"order {order.number} may have arrived; `orderweft orders release {order.number}` finds out first"
            )
        if order.state not in ("held", "staged") and not _has_held_change(ledger, order):
            raise SettingsError(f"order {order.number} is {order.state}; only one that still waits can be left out")
    return [told for book, mine in _books(ledger, orders, by) for told in book.skip(mine)]


def _has_held_change(ledger: Ledger, order: OrderRow) -> bool:
    changes = changes_of(ledger, order.pipeline, order.id)
    return order.state == "delivered" and any((one.revision, one.state) == (order.revision, "held") for one in changes)


def _books(
    ledger: Ledger, orders: Sequence[OrderRow], by: Signature
) -> Iterator[tuple[ActionBook, Sequence[OrderRow]]]:
    for pipeline in dict.fromkeys(order.pipeline for order in orders):
        mine = [order for order in orders if order.pipeline == pipeline]
        with ledger.claimed(pipeline) as claim:
            yield ActionBook(ledger, Route(pipeline, mine[0].source, mine[0].destination), claim, by), mine


class Desk:
    """Where orders of one pipeline are asked about and decided on; use `desk`, while no run is under way."""

    def __init__(self, destination: End, book: ActionBook, clock: Clock) -> None:
        self._destination = destination
        self._book = book
        self._clock = clock

    def release(self, order: OrderRow, said: Claimed | None = None) -> str:
        """Find out what became of an order that is in doubt or waits for a person, and return it in a sentence.

        The destination is asked where it can be; what the person has *said* counts where it cannot tell.
        """
        waits = order.state == "held" and order.reason in ("in_doubt", "needs_person")
        if not waits and order.state != "sending":
            why = f"held for {order.reason}" if order.state == "held" else order.state
            raise SettingsError(f"order {order.number} is {why}; only one in doubt or left to a person is released")
        last = self._book.last(order)
        if last is None:
            raise SettingsError(f"order {order.number}: {order.fix}")
        intent, is_open = last
        answer = self._ask(intent, is_open=is_open)
        outcome, told = self._judged(order, answer, said, is_open=is_open)
        self._book.release(order, intent, outcome, told, is_open=is_open)
        return f"Order {order.number}: {told}."

    def re_export(self, order: OrderRow, *, cancelled_by_hand: bool = False) -> str:
        """Have a delivered order delivered once more under a key of its own, and return what was found in a sentence.

        Raises SettingsError when the destination does not show the earlier one as cancelled and nobody vouches for it.
        """
        if order.state != "delivered":
            raise SettingsError(
                f"order {order.number} is {order.state}; only a delivered one can be exported once more"
            )
        last = self._book.last(order)
        key = last[0].key if last else delivery_key(order.source, order.id, order.export)
        name, there = self._destination.name, order.receipt_number or order.receipt_id
        if not self._can_tell:
            found, is_cancelled = f"{name} cannot be asked about {there}", False
        else:
            receipt = self._find(key)
            is_cancelled = isinstance(receipt, Receipt) and receipt.cancelled
            shown = "has cancelled" if is_cancelled else "does not show as cancelled"
            found = f"{name} {shown} {there}" if receipt else f"{name} does not have {there} any more"
        if not is_cancelled and not cancelled_by_hand:
            raise SettingsError(
                f"order {order.number} is not exported once more, for there would be two: {found}; cancel it there, or "
                "say --cancelled-by-hand with --reason when it is"
            )
        told = found if is_cancelled else f"{found}, and a person says that it is cancelled"
        self._book.supersede(order, key, told)
        return f"Order {order.number}: {told}; the next run delivers it once more{_unread(order)}."

    @property
    def _can_tell(self) -> bool:
        return self._destination.can("find_orders")

    def _ask(self, intent: Intent, *, is_open: bool) -> Receipt | Refused | None:
        if not self._can_tell:
            return None
        if is_open:
            # what has just left may not be found yet
            self._clock.sleep(self._destination.seconds_in_doubt(datetime.fromisoformat(intent.started_at)))
        return self._find(intent.key)

    def _find(self, key: str) -> Receipt | Refused | None:
        found: dict[str, Receipt | Refused] = self._destination.call("find_orders", keys=[key])
        return found.get(key)

    def _judged(
        self, order: OrderRow, answer: Receipt | Refused | None, said: Claimed | None, *, is_open: bool
    ) -> tuple[Accepted | NotSent | Refused, str]:
        name = self._destination.name
        if isinstance(answer, Receipt):
            return Accepted(receipt=answer), f"{name} has it as {answer.number or answer.id}"
        if isinstance(answer, Refused):
            return answer, f"{name} has refused it: {answer.message}"
        if said is not None and said.receipt is not None:
            receipt = Receipt(id=said.receipt, number=said.receipt, at=self._clock.now())
            return Accepted(receipt=receipt), f"a person says that {name} has it as {said.receipt}"
        again = f"the next run sends it again{_unread(order)}"
        if self._can_tell and is_open:
            return NotSent(message=f"{name} does not have it"), f"{name} does not have it; {again}"
        if said is not None:
            return NotSent(message="a person says that it has not arrived"), f"it has not arrived; {again}"
        why = "does not have it under our key" if self._can_tell else "cannot be asked about it"
        raise SettingsError(f"order {order.number}: {name} {why}; look there and say --arrived NUMBER or --not-arrived")


@contextmanager
def desk(
    config: PipelineConfig,
    plugins: Plugins,
    ledger: Ledger,
    clock: Clock,
    by: Signature,
    *,
    handlers: Handlers | None = None,
) -> Iterator[Desk]:
    """Give the desk of a pipeline of orders, which no run may begin on during the block."""
    patient = StoppableClock(clock, threading.Event())
    with (
        open_end(config.source, plugins, patient, handlers=handlers) as source,
        open_end(config.destination, plugins, patient, handlers=handlers) as destination,
        ledger.claimed(config.name) as claim,
    ):
        watch(patient, (source, destination), lambda _: None, ledger.keep_alive(claim))
        ledger.recognize(destination.name, destination.identity)
        book = ActionBook(ledger, route_of(config, source, destination), claim, by)
        yield Desk(destination, book, patient)


def looked_back(order: OrderRow) -> datetime | None:
    """Return since when its source is asked for an *order* whose contents are not kept any more; None when they are."""
    return datetime.fromisoformat(order.first_seen) - LOOK_BACK if order.purged_at is not None else None


def _unread(order: OrderRow) -> str:
    if (since := looked_back(order)) is None:
        return ""
    command = f"orderweft run {order.pipeline} --order {order.number} --since {since:%Y-%m-%d}"
    return f", but what it contained is not kept any more: `{command}` reads it again"
