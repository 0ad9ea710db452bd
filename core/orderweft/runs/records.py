"""One run of stock, catalog, customers or shipments: read, map, check, compare, plan, guard, write, settle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from hashlib import blake2b

from ..clock import Clock
from ..config import PipelineConfig
from ..errors import ChannelError, LeaseLostError, OrderweftError, SettingsError
from ..http import Exchange
from ..ledger import Change, Claim, EntryBook, Ledger, entries, tally_entries
from ..plugins import Plugins
from ..records import StockLevel
from ..scope import listener, within
from ..settings import Settings
from .ends import End, Handlers, StoppableClock, open_end, rules_of, watch
from .gather import Gatherer
from .guard import objections, refusal
from .job import Observer, log_end, unwatched
from .record_job import Planned, RecordJob, RecordOptions, RecordReport, differences
from .shared import Shared
from .write import write

MAX_PLANNED = 200_000
MAX_HOLDS = 5_000


def run_records(
    config: PipelineConfig,
    plugins: Plugins,
    ledger: Ledger,
    clock: Clock,
    *,
    options: RecordOptions | None = None,
    observer: Observer = unwatched,
    handlers: Handlers | None = None,
    on_exchange: Callable[[Exchange], None] | None = None,
    shared: Shared | None = None,
) -> RecordReport:
    """Run *config*, which moves anything but orders, once and return how it went; in a dry run, how it would go.

    A channel that fails ends the run with the report's `error`; a guard that stops it, with `stops`. Raises
    SettingsError when the pair cannot work as configured and LedgerError when the ledger cannot be used or another
    process runs the pipeline.
    """
    options = options or RecordOptions()
    shared = shared or Shared(clock)
    stop = shared.stopper()
    patient = StoppableClock(clock, stop)
    opened = partial(open_end, handlers=handlers, on_exchange=listener(on_exchange), shared=shared)
    with (
        opened(config.source, plugins, patient) as source,
        opened(config.destination, plugins, patient) as destination,
        ledger.apart() as own,
        nullcontext() if options.dry_run else own.claimed(config.name) as claim,
    ):
        run = 0 if claim is None else own.start_run(claim)
        job = RecordJob(
            config=config,
            source=source,
            destination=destination,
            ledger=own,
            book=_book(own, config, source, destination, claim, run, retry=options.retry),
            clock=clock,
            options=options,
            report=RecordReport(config.name, config.settings.moves, run or None, Counter()),
            observer=observer,
            stop=stop,
        )
        watch(patient, (source, destination), job.tell_wait, None if claim is None else own.keep_alive(claim))
        _go_through(job, shared)
    return job.report


def _go_through(job: RecordJob, shared: Shared) -> None:
    try:
        with within("run", pipeline=job.config.name, run=job.report.run or 0):
            _run(job)
    finally:
        job.failure = shared.ended_by(job.failure)
        _finish(job)
    if job.failure is not None and not isinstance(job.failure, ChannelError | KeyboardInterrupt):
        raise job.failure


def _book(
    ledger: Ledger, config: PipelineConfig, source: End, destination: End, claim: Claim | None, run: int, *, retry: bool
) -> EntryBook:
    rules = rules_of(config, source, destination)
    return EntryBook(ledger, config.name, rules, claim, run, target=_target(destination), retry=retry)


def _target(destination: End) -> str:
    """Return what changes when records may be written to another place or in another way."""
    settings = destination.connection.settings
    own = settings.model_dump_json(exclude=set(Settings.model_fields))
    return blake2b(f"{destination.name}\0{own}".encode(), digest_size=8).hexdigest()


def _run(job: RecordJob) -> None:
    try:
        if job.overwrites and job.options.limit is not None:
            raise SettingsError("an overwrite is everything or nothing; leave --limit out")
        if not job.options.dry_run:
            for end in (job.source, job.destination):
                job.ledger.recognize(end.name, end.identity)
        _compare(job)
        is_first = not job.book.count_confirmed()
        if job.overwrites and (is_first or job.options.dry_run) and job.destination.can("read_inventory"):
            _look(job)
        refused = refusal(job)
        job.report.stops, job.report.is_final = [*filter(None, [refused]), *objections(job)], refused is not None
        if job.options.dry_run:
            _plan(job)
        elif job.may_write:
            write(job)
        job.came_through = True
    except (OrderweftError, KeyboardInterrupt) as error:
        job.failure = job.failure or error
        job.stop.set()


def _compare(job: RecordJob) -> None:
    """Hold what was read against what the destination last confirmed."""
    kind = job.config.settings.moves
    Gatherer(job).gather()
    if job.knows_absence and kind == "inventory" and not job.overwrites:
        job.book.zero_dates_gone()
    if not job.options.dry_run:
        job.book.release(complete=job.knows_absence)
    changed, waiting = job.book.count_changed(), job.book.count_waiting()
    job.count(changed=changed, waiting=waiting, unchanged=max(0, job.book.count_incoming() - changed - waiting))
    if job.knows_absence and not job.overwrites and kind != "shipments":
        _tell_missing(job)
    if job.overwrites and job.report.counts["skipped"]:
        job.report.warnings.append(
            f"stock levels left out by flags or rules, which an overwrite clears: {job.report.counts['skipped']}"
        )
    job.tell("decided")


def _tell_missing(job: RecordJob) -> None:
    missing = job.book.missing(stocked=job.config.settings.moves == "inventory")
    if missing:
        are, stay = ("is", "stays as it is") if len(missing) == 1 else ("are", "stay as they are")
        job.report.warnings.append(
            f"{len(missing)} sent before {are} no longer at {job.source.title} and {stay} at "
            f"{job.destination.title}, such as {missing[0][1]}"
        )


def _plan(job: RecordJob) -> None:
    """Note what a run would do."""
    job.count(new=0)
    changes = list(job.book.everything()) if job.overwrites else job.book.changed(limit=MAX_PLANNED)
    for change in changes:
        planned = _planned(change)
        if planned.differences or not job.overwrites:
            job.report.planned.append(planned)
            job.count(new=int(planned.action == "new"))
    if job.overwrites:
        _plan_clearing(job)
    if len(job.report.planned) >= MAX_PLANNED:
        job.report.warnings.append(f"only the first {MAX_PLANNED} changes are shown")
    if not job.complete:
        job.report.warnings.append(f"{job.source.title} did not give everything; there may be more")


def _planned(change: Change) -> Planned:
    changes, before = differences(change), change.before
    if before is None:
        return Planned(change.key, change.label, "new", changes)
    if not changes:
        return Planned(change.key, change.label, "again", message="the same again; it may not have arrived")
    falls = (before.get("quantity") or 0) > 0 and (change.after.get("quantity") or 0) <= 0
    return Planned(change.key, change.label, "zero" if falls else "change", changes)


def _plan_clearing(job: RecordJob) -> None:
    """Note what an overwrite would clear: what was sent before, and what the destination says it has."""
    gone = {**job.unnamed, **dict(job.book.cleared())}
    job.count(cleared=len(gone))
    job.report.planned.extend(
        Planned(key, label, "zero", message="not in the source; an overwrite clears it") for key, label in gone.items()
    )


def _look(job: RecordJob) -> None:
    """Find out what the destination has and the source does not name, where that can be told."""
    with job.destination.named():
        for page in job.destination.call("read_inventory"):
            for level in page.records:
                if isinstance(level, StockLevel) and level.quantity:
                    job.stocked += 1
                    if not job.book.has_item(level.item.key_by(job.item_code)):
                        job.unnamed[level.identity_by(job.item_code)] = level.label


def _finish(job: RecordJob) -> None:
    report, failure = job.report, job.failure
    for remark, labels in job.remarks.items():
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        report.warnings.append(f"{labels[0]}{more}: {remark}")
    recorded = not job.options.dry_run and not isinstance(failure, LeaseLostError)
    if recorded:
        report.held = tally_entries(job.ledger, job.config.name).get("held", 0)
        report.holds = entries(job.ledger, job.config.name, state="held", limit=MAX_HOLDS)
    if isinstance(failure, KeyboardInterrupt):
        report.result = "interrupted"
    elif failure is not None or not job.came_through:
        report.result, report.error = "failed", str(failure or "an unexpected error")
    elif not job.may_write:
        report.result = "stopped"
    elif report.held:
        report.result = "held"
    if recorded:
        message = report.error or ("; ".join(report.stops) if report.result == "stopped" else None)
        job.ledger.end_run(report.run or 0, report.result, report.counts, message)
    job.tell("ended")
    log_end(report.pipeline, report.run, report.result, report.held, report.counts, report.error)
