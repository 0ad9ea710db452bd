"""One run of a pipeline of orders: fetch, stage, decide, map, check, send, settle, release, follow, acknowledge."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from hashlib import blake2b

from ..clock import Clock
from ..config import PipelineConfig
from ..errors import ChannelError, LeaseLostError, OrderweftError, SettingsError, UnavailableError
from ..exchange import Page
from ..http import Exchange
from ..journal import Journal
from ..ledger import Ledger, Route, Staged, Verdict, holds, tally
from ..ledger.changes import ChangeBook
from ..plugins import Plugins
from ..records import Order, Receipt
from ..scope import listener, within
from .acknowledge import acknowledge
from .changes import follow, foreseen, refuse_unable
from .check import OrderCheck
from .decide import decide
from .ends import End, Handlers, StoppableClock, open_end, rules_of, watch
from .fetch import PageReader, pages
from .holds import PROBED_AT_ONCE, probed, urgent
from .job import Job, Observer, Preview, Report, RunOptions, log_end, unwatched
from .map import map_order
from .send import Ready, Sender
from .settle import confirm_pending, settle_open
from .shared import Shared

WAITING_PAGE = 100
ROUNDS = 3
"""How often a run sends again what a look-up has shown not to have arrived."""
MAX_PREVIEWS = 10_000


def run_orders(
    config: PipelineConfig,
    plugins: Plugins,
    ledger: Ledger,
    clock: Clock,
    *,
    options: RunOptions | None = None,
    observer: Observer = unwatched,
    handlers: Handlers | None = None,
    on_exchange: Callable[[Exchange], None] | None = None,
    shared: Shared | None = None,
) -> Report:
    """Run *config* once and return how it went.

    A channel that fails ends the run with the report's `error`. Raises SettingsError when the pair cannot work as
    configured and LedgerError when the ledger cannot be used or another process runs the pipeline. Runs side by side in
    one process are given the same *shared*.
    """
    options = options or RunOptions()
    shared = shared or Shared(clock)
    stop = shared.stopper()
    patient = StoppableClock(clock, stop)
    spool = None if options.dry_run else ledger.spool(config.name)
    journal = Journal(ledger, clock, "none" if options.dry_run else config.journal.exchanges)
    opened = partial(open_end, handlers=handlers, on_exchange=listener(on_exchange, journal.listener()), shared=shared)
    with (
        opened(config.source, plugins, patient, spool=spool) as source,
        opened(config.destination, plugins, patient) as destination,
    ):
        route, checks = route_of(config, source, destination), _checks(config, source, destination)
        with nullcontext() if options.dry_run else ledger.claimed(config.name) as claim:
            run = 0 if claim is None else ledger.start_run(claim)
            job = Job(
                config=config,
                source=source,
                destination=destination,
                ledger=ledger,
                book=ledger.book(route, claim, run),
                changes=ChangeBook(ledger, route, claim, run),
                clock=clock,
                options=options,
                report=Report(config.name, run or None, Counter(), is_exact=route.probes),
                checks=checks,
                journal=journal,
                observer=observer,
                stop=stop,
            )
            watch(patient, (source, destination), job.tell_wait, None if claim is None else ledger.keep_alive(claim))
            _go_through(job, shared)
        return job.report


def _go_through(job: Job, shared: Shared) -> None:
    try:
        _run(job)
    finally:
        job.failure = shared.ended_by(job.failure)
        _finish(job)
    if job.failure is not None and not isinstance(job.failure, ChannelError | KeyboardInterrupt):
        raise job.failure


def route_of(config: PipelineConfig, source: End, destination: End) -> Route:
    """Return between which connections *config* moves orders, and by which rules."""
    wanted = source.can("acknowledge_orders") and source.call("acknowledge_orders", acknowledgements=[]) is not None
    probes = destination.can("probe_orders") and destination.call("probe_orders", orders=[]) is not None
    return Route(config.name, source.name, destination.name, rules_of(config, source, destination), wanted, probes)


def _checks(config: PipelineConfig, source: End, destination: End) -> OrderCheck:
    refuse_unable(config, destination)
    accepts = destination.call("accepts", kind="orders")
    if accepts is None:
        raise SettingsError(destination.why_it_takes_no("orders"))
    return OrderCheck(accepts, source.title, destination.title)


def _run(job: Job) -> None:
    try:
        with within("run", pipeline=job.config.name, run=job.report.run or 0):
            if job.options.dry_run:
                _preview(job)
            else:
                _deliver(job)
        job.came_through = True
    except (OrderweftError, KeyboardInterrupt) as error:
        job.fail(error)


def _deliver(job: Job) -> None:
    for end in (job.source, job.destination):
        job.ledger.recognize(end.name, end.identity)
    settle_open(job)
    confirm_pending(job)
    _fetch(job)
    _release_holds(job)
    for _ in range(ROUNDS):
        _send_waiting(job)
        if job.stop.is_set() or not job.doubts_left or not settle_open(job):
            break
        job.doubts_left = False
    else:
        job.fail(UnavailableError(job.destination.say(f"orders get no answer: {job.last_doubt}")))
    if not job.stop.is_set():
        follow(job, delivery_key)
    if not job.stop.is_set():
        acknowledge(job)
    if job.given_up and job.failure is None:
        number, message = next(iter(job.given_up.values()))
        job.fail(UnavailableError(job.destination.say(f"order {number} could not be sent: {message}")))


def _fetch(job: Job) -> None:
    """Stage what the source has to tell, and send what is new of it while the next page is read."""
    live = job.options.since is None and job.options.number is None
    found = False
    with Sender(job) as sender, PageReader(pages(job), job.stop) as reader:
        while (page := reader.take()) is not None:
            staged = job.book.stage(page, move_bookmark=live)
            found = found or bool(staged)
            _note(job, page, staged)
            if job.stop.is_set() or _enough(job):
                break
            reader.advance()
            _work(job, [one for one in staged if one.state == "staged"], sender)
    if job.options.number is not None and not found:
        job.report.warnings.append(
            f"{job.source.name} has no order {job.options.number} among those it was asked for; "
            "an older one may need --since together with --order"
        )


def _note(job: Job, page: Page, staged: Sequence[Staged]) -> None:
    job.count(
        fetched=len(page.items),
        new=sum(one.new for one in staged),
        changed=sum(one.changed and not one.new for one in staged),
        known=sum(one.state == "delivered" for one in staged),
    )
    job.tell("staged")


def _send_waiting(job: Job) -> None:
    """Send what was fetched earlier: after fetching, so that no order goes out in a form the source has changed."""
    if job.stop.is_set() or _enough(job):
        return
    with Sender(job) as sender:
        _read_again(job)
        for staged in _waiting(job):
            _work(job, [one for one in staged if one.id not in job.given_up], sender)
            if _enough(job):
                return


def _release_holds(job: Job) -> None:
    """Offer held orders the destination would take now, the first deadline first; it is asked about each once."""
    if not job.book.route.probes or job.options.number is not None:
        return
    ids = job.book.held()
    for start in range(0, len(ids), PROBED_AT_ONCE):
        if job.stop.is_set() or _enough(job):
            return
        # what these take has to be gone from the stock before the next ones are asked about
        with Sender(job) as sender:
            _work(job, job.book.these(ids[start : start + PROBED_AT_ONCE]), sender, probing=True)


def _read_again(job: Job) -> None:
    """Read stored payloads anew that could not be read, once the settings have changed."""
    if not job.source.can("reread_order"):
        return
    after = ""
    while payloads := job.book.unreadable(after):
        after = max(payloads)
        items = [job.source.call("reread_order", payload=payload) for payload in payloads.values()]
        job.book.stage(Page(tuple(item for item in items if item.id in payloads)), move_bookmark=False)
        job.tell("staged")


def _waiting(job: Job) -> Iterator[list[Staged]]:
    if job.options.number is not None:
        yield [one for one in job.book.one(job.options.number) if one.id not in job.held_now]
        return
    after = ""
    while not job.stop.is_set() and (staged := job.book.waiting(after, WAITING_PAGE)):
        after = staged[-1].id
        yield staged


def _work(job: Job, staged: Sequence[Staged], sender: Sender, *, probing: bool = False) -> None:
    verdicts, ready = _sort(job, staged)
    job.book.decide(verdicts)
    job.held_now.update(verdict.staged.id for verdict in verdicts)
    if probing:
        still_held, ready = probed(job, ready)
        job.book.decide(still_held)
    job.count(
        skipped=sum(verdict.state == "skipped" for verdict in verdicts),
        cancelled=sum(verdict.state == "cancelled" for verdict in verdicts),
        held=sum(verdict.state == "held" for verdict in verdicts),
    )
    if verdicts:
        job.tell("decided")
    if job.options.limit is not None:
        ready = ready[: max(0, job.options.limit - job.begun)]
    job.begun += len(ready)
    sender.send(ready)


def _enough(job: Job) -> bool:
    return job.options.limit is not None and job.begun >= job.options.limit


def _sort(job: Job, staged: Sequence[Staged]) -> tuple[list[Verdict], list[Ready]]:
    verdicts: list[Verdict] = []
    ready: list[Ready] = []
    for one in staged:
        judged = _judge(job, one)
        if isinstance(judged, Verdict):
            verdicts.append(judged)
        else:
            ready.append(Ready(one, judged, delivery_key(job.config.settings.source, one.id, one.export)))
    return verdicts, ready


def _judge(job: Job, staged: Staged) -> Order | Verdict:
    verdict = decide(staged, job.rules, job.source.title)
    if verdict is not None or staged.order is None:
        assert verdict is not None
        return verdict
    mapped = map_order(staged, staged.order, job.field_map)
    if isinstance(mapped, Verdict):
        return mapped
    if mapped is not staged.order:
        job.journal.keep_mapped(staged.id, staged.revision, mapped)
    data = staged.data if mapped is staged.order and staged.data else mapped.to_data()
    return job.checks.hold(staged, data) or mapped


def delivery_key(connection: str, id: str, export: int = 1) -> str:  # noqa: A002  the record's own word
    """Return the key of an order's delivery: its identity, readable where that is possible, and which *export* it is.

    The name of a connection has neither colon nor dot, so no two deliveries have the same key.
    """
    plain = f"{connection}:{id}" if export == 1 else f"{connection}.{export}:{id}"
    if len(plain) <= 64 and re.fullmatch(r"[A-Za-z0-9._:-]+", plain):
        return plain
    return f"{blake2b(plain.encode(), digest_size=16).hexdigest()}"


def _preview(job: Job) -> None:
    seen: set[str] = set()
    for page in pages(job):
        staged = [one for one in job.book.stage(page, keep=False) if one.id not in seen]
        seen.update(one.id for one in staged)
        job.count(fetched=len(page.items), new=sum(one.new for one in staged))
        late = ((one, foreseen(job, one)) for one in staged)
        job.report.previews += [_previewed(one, *what) for one, what in late if what is not None]
        if not _foresee(job, [one for one in staged if one.state == "staged"]):
            return
    for staged in _waiting(job):
        if not _foresee(job, [one for one in staged if one.id not in seen]):
            return


def _foresee(job: Job, staged: Sequence[Staged]) -> bool:
    """Note what would become of *staged*; return whether there is room for more."""
    verdicts, ready = _sort(job, staged)
    for verdict in verdicts:
        job.count(**{verdict.state: 1})
        job.report.previews.append(_previewed(verdict.staged, verdict.state, verdict.message))
    if job.options.limit is not None:
        ready = ready[: job.options.limit - job.begun]
    there = {}
    if ready and job.destination.can("find_orders"):
        there = job.destination.call("find_orders", keys=[one.key for one in ready])
    if job.report.is_exact:
        would_be_held, _ = probed(job, [one for one in ready if one.key not in there])
        ready = _without(job, ready, would_be_held)
    for one in ready:
        job.begun += 1
        found = there.get(one.key)
        receipt = found if isinstance(found, Receipt) else None
        job.count(**{"already_there" if receipt else "ready": 1})
        message = f"it is there as {receipt.number or receipt.id}" if receipt else ""
        job.report.previews.append(_previewed(one.staged, "already there" if receipt else "deliver", message))
    if len(job.report.previews) >= MAX_PREVIEWS:
        job.report.warnings.append(f"only the first {MAX_PREVIEWS} orders are shown")
        return False
    return not _enough(job)


def _without(job: Job, ready: Sequence[Ready], held: Sequence[Verdict]) -> list[Ready]:
    """Note those of *ready* that would be *held*, and return the others."""
    job.count(held=len(held))
    job.report.previews += [_previewed(one.staged, "held", one.message) for one in held]
    ids = {one.staged.id for one in held}
    return [one for one in ready if one.staged.id not in ids]


def _previewed(staged: Staged, action: str, message: str) -> Preview:
    order = staged.order
    if order is None:
        return Preview(staged.number, "", action, message)
    customer = " ".join(part for part in (order.customer.account_code, order.customer.name) if part)
    return Preview(staged.number, customer, action, message, f"{order.lines_total} {order.currency}")


def _finish(job: Job) -> None:
    report, failure = job.report, job.failure
    recorded = not job.options.dry_run and not isinstance(failure, LeaseLostError)
    if recorded:
        states = tally(job.ledger, job.config.name)
        report.held, report.staged, report.sending = (states.get(name, 0) for name in ("held", "staged", "sending"))
        report.holds = holds(job.ledger, job.config.name)
        report.urgent = urgent(job)
    if isinstance(failure, KeyboardInterrupt):
        report.result = "interrupted"
    elif failure is not None or not job.came_through:
        report.result, report.error = "failed", str(failure or "an unexpected error")
    elif report.held or any(one.state == "held" for one in report.changes):
        report.result = "held"
    if recorded:
        job.ledger.end_run(report.run or 0, report.result, report.counts, report.error)
    job.tell("ended")
    log_end(report.pipeline, report.run, report.result, report.held, report.counts, report.error)
