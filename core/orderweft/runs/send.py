"""Step *send*: the intent first, then the delivery, on as many threads as the destination bears."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from ..errors import (
    AuthenticationError,
    LedgerError,
    OrderweftError,
    PluginError,
    RecordError,
    SettingsError,
    UnavailableError,
)
from ..exchange import Delivery
from ..ledger import Intent, Staged
from ..records import Accepted, NotSent, Order, Outcome, Refused, Unknown
from ..scope import carried
from .job import Job

TRIES = 5
"""Calls made for one intent as long as the destination says that nothing was applied."""
LONGEST_WAIT = 60.0
"""Seconds spent on one intent in all; a destination that wants more is left to the next run."""


GIVE_UP = 3
"""Orders that could not be sent after which the run stops: then it is not the orders."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that has passed every check."""

    staged: Staged
    order: Order
    key: str


class Sender:
    """Deliver batches side by side; use it in a `with` block, whose end waits for all of them."""

    def __init__(self, job: Job) -> None:
        self._job = job
        limits = job.destination.limits
        self._batch = max(1, limits.batch_size)
        self._room = threading.BoundedSemaphore(limits.in_flight + 1)
        self._pool = ThreadPoolExecutor(limits.in_flight, thread_name_prefix="send")
        self._begun: set[Future[None]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._job.stop.set()
        finish(self._pool, self._begun, self._job.stop)

    def send(self, ready: Sequence[Ready]) -> None:
        """Hand over *ready*; blocks while enough is on its way, so that memory stays bounded."""
        for start in range(0, len(ready), self._batch):
            self._room.acquire()
            work = self._pool.submit(carried(self._work), ready[start : start + self._batch])
            self._begun.add(work)
            work.add_done_callback(self._done)

    def _work(self, batch: Sequence[Ready]) -> None:
        if not self._job.stop.is_set():
            _deliver(self._job, batch)

    def _done(self, work: Future[None]) -> None:
        self._begun.discard(work)
        self._room.release()
        if (error := work.exception()) is not None:
            self._job.fail(error)


def finish(pool: ThreadPoolExecutor, begun: Collection[Future[Any]], stop: threading.Event) -> None:
    """Wait for all that was *begun*; when the wait is interrupted, stop it first and wait all the same."""
    try:
        # an interrupted join takes its thread for ended while it still works: bugs.python.org/issue45274
        wait_for(list(begun))
    except KeyboardInterrupt:
        stop.set()
        wait_for(list(begun))
        raise
    finally:
        pool.shutdown()


def _deliver(job: Job, batch: Sequence[Ready]) -> None:
    intents, done = job.book.intend([(ready.staged, ready.key) for ready in batch])
    job.count(already_there=len(done))
    job.tell("intended")
    orders = {ready.key: ready.order for ready in batch}
    patience = LONGEST_WAIT
    for attempt in range(TRIES):
        outcomes = _call(job, intents, orders)
        job.tell("sent")
        final, again, wait = [], [], 0.0
        for intent, outcome in zip(intents, outcomes, strict=True):
            if isinstance(outcome, NotSent) and _worth_waiting(job, intent, outcome, attempt, patience):
                again.append(intent)
                wait = max(wait, pause(outcome, attempt))
            else:
                final.append((intent, outcome))
                if isinstance(outcome, Unknown):
                    job.last_doubt, job.doubts_left = outcome.message, True
        if final:
            job.book.settle(final, tried=not job.stop.is_set())
            job.held_now.update(intent.id for intent, outcome in final if isinstance(outcome, Refused))
            job.count(**_counted(outcome for _, outcome in final))
            job.tell("settled")
        if not again:
            return
        intents = again
        patience -= wait
        job.tell("waiting", f"{job.destination.name} takes no orders now; trying again in {wait:.0f} s")
        job.pause(wait)


def _call(job: Job, intents: Sequence[Intent], orders: dict[str, Order]) -> list[Outcome]:
    deliveries = [Delivery(orders[intent.key], intent.key) for intent in intents]
    if not deliveries:
        return []
    alone = len(deliveries) == 1
    try:
        with job.journal.about("send", job.destination.name, [(intent.id, intent.number) for intent in intents]):
            return job.destination.call_list("deliver_orders", len(deliveries), deliveries=deliveries)
    except LedgerError:
        raise
    except OrderweftError as error:
        outcome = as_outcome(job, error)
        # for a batch, an error does not tell which of its orders had been created before it was raised
        return [outcome if alone else Unknown(message=str(error))] * len(deliveries)


def as_outcome(job: Job, error: OrderweftError) -> Outcome:
    """Return what it means for the one order sent that *error* was raised; one all others would meet ends the run."""
    if isinstance(error, AuthenticationError | SettingsError | PluginError):
        job.fail(error)
    if isinstance(error, RecordError):
        return Refused(reason="refused", message=str(error))
    if isinstance(error, UnavailableError):
        return NotSent(message=str(error), retry_after=error.retry_after)
    if isinstance(error, AuthenticationError | SettingsError):
        return NotSent(message=str(error))
    return Unknown(message=str(error))


def pause(outcome: NotSent, attempt: int) -> float:
    """Return the seconds to wait before what was not sent is tried again."""
    return outcome.retry_after if outcome.retry_after is not None else 2.0**attempt


def _worth_waiting(job: Job, intent: Intent, outcome: NotSent, attempt: int, patience: float) -> bool:
    if job.stop.is_set():
        return False
    if attempt < TRIES - 1 and pause(outcome, attempt) <= patience:
        return True
    job.given_up[intent.id] = intent.number, outcome.message
    if len(job.given_up) >= GIVE_UP:
        job.fail(UnavailableError(job.destination.say(outcome.message), retry_after=outcome.retry_after))
    return False


def _counted(outcomes: Iterable[Outcome]) -> Counter[str]:
    names = {"accepted": "delivered", "refused": "held", "unknown": "in_doubt"}
    return Counter(
        "handed_over"
        if isinstance(outcome, Accepted) and outcome.receipt.pending
        else names.get(outcome.outcome, outcome.outcome)
        for outcome in outcomes
    )
