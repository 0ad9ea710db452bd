"""Steps *write* and *settle* of stock, catalog, customers and shipments: batch by batch, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import (
    AuthenticationError,
    LedgerError,
    OrderweftError,
    PluginError,
    RecordError,
    SettingsError,
    TemplateError,
    UnavailableError,
)
from ..exchange import Moved
from ..interrupts import put_off
from ..ledger import Change
from ..plugins import MOVES
from ..records import Accepted, AlreadyThere, NotSent, Outcome, Refused, Unknown
from ..schema import RECORD_OF, RECORDS
from .ends import ARGUMENTS, StoppableClock
from .record_job import RecordJob

BATCH = 100
"""Records in one writing call where the channel names no size."""
TRIES = 4
LONGEST_WAIT = 120.0
"""Seconds waited for one batch in all before it is left to the next run."""
GIVE_UP = 2
"""Batches in a row of which nothing was taken, after which the run stops: then it is not the records."""


def write(job: RecordJob) -> None:
    """Write what has changed, or everything to a destination that is overwritten.

    Raises ChannelError when the destination takes nothing more; what it has taken by then is settled.
    """
    if job.overwrites:
        _overwrite(job)
    else:
        _update(job)
    if job.put_off:
        raise UnavailableError(job.destination.say(job.put_off))


def _overwrite(job: RecordJob) -> None:
    if job.book.count_changed() or job.book.cleared():
        job.book.doubt()
        _write_batch(job, list(job.book.everything()))
        if not job.put_off:
            job.book.forget_cleared()


def _update(job: RecordJob) -> None:
    left, in_vain = job.options.limit, 0
    for batch in _batches(job):
        now = batch if left is None else batch[:left]
        if not now or job.stop.is_set():
            return
        in_vain = 0 if _write_batch(job, now) else in_vain + 1
        if in_vain == GIVE_UP:
            return
        left = None if left is None else left - len(now)


def _batches(job: RecordJob) -> Iterator[list[Change]]:
    size = job.destination.limits.batch_sizes.get(job.config.settings.moves, BATCH)
    after = ""
    while batch := job.book.changed(after=after, limit=size):
        after = batch[-1].key
        yield batch


def _write_batch(job: RecordJob, batch: Sequence[Change]) -> bool:
    """Write *batch* and return whether any of it was answered; what was not is left to the next run."""
    waited, left = 0.0, list(batch)
    for attempt in range(TRIES):
        with put_off(job.stop.set):
            job.book.intend(left)
            job.tell("intended")
            answered = list(zip(left, _call(job, left), strict=True))
            job.tell("sent")
            job.book.settle(answered)
            again = [(change, outcome) for change, outcome in answered if isinstance(outcome, NotSent | Unknown)]
            # a second call with the rest of a snapshot alone would clear what the first one has set
            whole = job.overwrites and again
            _count(job, [] if whole else answered)
            job.tell("settled")
        if not again:
            return True
        label, told = again[0][0].label, again[0][1].message.removeprefix(f"{job.destination.name}: ")
        left = list(batch) if whole else [change for change, _ in again]
        wait = max(_pause(job, outcome, attempt) for _, outcome in again)
        if attempt == TRIES - 1 or waited + wait > LONGEST_WAIT or job.stop.is_set():
            break
        waited += wait
        job.tell("waiting", f"{job.destination.name} takes nothing now; trying again in {wait:.0f} s")
        StoppableClock(job.clock, job.stop).sleep(wait)
    job.count(not_sent=len(left))
    job.put_off = job.put_off or f"{label} could not be written: {told}"
    return len(left) < len(batch)


def _call(job: RecordJob, batch: Sequence[Change]) -> list[Outcome]:
    kind = job.config.settings.moves
    model = RECORDS[RECORD_OF[kind]]
    records: list[Moved] = [model.model_validate_json(change.record) for change in batch]
    name = ARGUMENTS.get(kind, kind)
    more = {"mode": job.config.settings.write_mode} if kind == "inventory" else {}
    try:
        return job.destination.call_list(MOVES[kind][1], len(records), **{name: records}, **more)
    except (AuthenticationError, LedgerError, PluginError, SettingsError):
        raise
    except UnavailableError as error:
        return [NotSent(message=str(error), retry_after=error.retry_after)] * len(records)
    except (RecordError, TemplateError) as error:
        if len(records) == 1:
            return [Refused(reason="refused", message=str(error))]
        channel = job.destination.connection.channel
        raise PluginError(
            f"plugin {channel!r}: {MOVES[kind][1]} raised for a batch what is about one record: {error}"
        ) from error
    except OrderweftError as error:
        return [Unknown(message=str(error))] * len(records)


def _pause(job: RecordJob, outcome: Outcome, attempt: int) -> float:
    if isinstance(outcome, NotSent) and outcome.retry_after is not None:
        return outcome.retry_after
    settle = job.destination.limits.settle_seconds if isinstance(outcome, Unknown) else 0.0
    return max(2.0**attempt, settle)


def _count(job: RecordJob, answered: Sequence[tuple[Change, Outcome]]) -> None:
    for change, outcome in answered:
        if isinstance(outcome, Accepted | AlreadyThere):
            job.count(**{"pending" if outcome.receipt.pending else "written": 1})
            for remark in outcome.receipt.remarks:
                job.remarks.setdefault(remark, []).append(change.label)
        elif isinstance(outcome, Refused):
            job.count(held=1)
