"""The scheduler: which pipeline is due, one run of each at a time, those of different pipelines side by side."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from ..alerts import alert, failed
from ..clock import Clock
from ..config import Config, PipelineConfig
from ..errors import LedgerError, OrderweftError
from ..ledger import Ledger
from ..plugins import Plugins
from ..runs import Handlers, RecordReport, Report, Shared, run_orders, run_records
from .lane import Lane, Past, schedule_of

P = ParamSpec("P")
T = TypeVar("T")
SIDE_BY_SIDE = 32
"""Runs at the same time; more have to wait."""
SOON = timedelta(minutes=1)
"""A server that runs once also waits for what is due within this time, as whoever starts it is not exact either."""
SET_BACK = 60.0
"""Seconds by which a clock may go back without any run being planned anew."""


class InTurn(Executor):
    """Do what is submitted at once, one thing after the other, so that nothing depends on threads."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call *fn* and return what became of it."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(fn, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended."""

    pipeline: PipelineConfig
    zone: ZoneInfo
    """The time zone it is scheduled in."""
    began: datetime
    seconds: float
    report: Report | RecordReport | None
    """None when it could not even be reported, because of `error`."""
    error: BaseException | None = None

    @property
    def result(self) -> str:
        """Return how it went, in the words of the ledger."""
        return self.report.result if self.report is not None else "failed"


class Server:
    """Run the pipelines of a configuration by their schedules; see the package on how to drive it.

    Nothing is kept open between two runs, so that a reload may lead to another ledger. What a schedule goes by is in
    the ledger: a restart neither forgets a run nor makes up for one twice. When it cannot be opened now, LedgerError is
    raised; later, the run fails.
    """

    def __init__(
        self,
        config: Config,
        plugins: Plugins,
        clock: Clock,
        *,
        once: bool = False,
        pool: Executor | None = None,
        handlers: Handlers | None = None,
        on_finish: Callable[[Finished], None] = lambda finished: None,
    ) -> None:
        self.config, self.plugins, self.clock = config, plugins, clock
        self.shared = Shared(clock)
        self.is_refused = False
        """Whether the configuration on disk had mistakes when it was last read."""
        self.ended: Counter[tuple[str, str]] = Counter()
        """Runs since the start, by pipeline and result."""
        self.seconds: dict[str, float] = {}
        """How long the last run of each pipeline took."""
        self.ticked = clock.monotonic()
        """When it last looked for what is due."""
        self._looked = clock.now()
        self._once, self._handlers, self._on_finish = once, handlers, on_finish
        self._pool = pool or ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="run")
        self._lock, self._telling = threading.RLock(), threading.Lock()
        self._running: dict[str, datetime] = {}
        self._lanes = self._made(config, {})

    @property
    def lanes(self) -> list[Lane]:
        """Return what is known of each pipeline that has a schedule; of one that runs once, those still to run."""
        with self._lock:
            return list(self._lanes.values())

    @property
    def running(self) -> dict[str, datetime]:
        """Return which pipelines run, and since when."""
        with self._lock:
            return dict(self._running)

    @property
    def is_stopping(self) -> bool:
        """Return whether nothing more is begun."""
        return self.shared.is_stopping

    @property
    def is_over(self) -> bool:
        """Return whether nothing runs and nothing is left to run, as is the end of a server that runs once."""
        with self._lock:
            return not self._lanes and not self._running

    def tick(self) -> float:
        """Start every pipeline that is due, and return the seconds until the next one is."""
        now = self.clock.now()
        self._keep_up(now)
        config = self.config
        for lane in self._take_due(now):
            began = self.clock.monotonic()
            work = self._pool.submit(self._run, lane, config)
            work.add_done_callback(partial(self._note, lane, config, now, began))
        with self._lock:
            waits = [lane.due - self.clock.now() for name, lane in self._lanes.items() if name not in self._running]
        return max(0.001, min((wait.total_seconds() for wait in waits), default=1.0))

    def reload(self, config: Config) -> None:
        """Go by *config* from now on; what runs ends under the configuration it began with."""
        with self._lock:
            known = self._lanes if config.ledger == self.config.ledger else {}
            self._lanes = self._made(config, known)
            self.config, self.is_refused = config, False

    def stop(self) -> None:
        """Begin nothing more, and have each run end as soon as what it has in flight is answered."""
        self.shared.stop()

    def ledger(self) -> closing[Ledger]:
        """Open the ledger for a block."""
        return closing(Ledger(self.config.ledger, self.clock))

    def _made(self, config: Config, known: dict[str, Lane]) -> dict[str, Lane]:
        now, lanes = self.clock.now(), dict[str, Lane]()
        with closing(Ledger(config.ledger, self.clock)) as ledger:
            for name, pipeline in config.pipelines.items():
                if (schedule := schedule_of(pipeline, config, self.plugins)) is None:
                    continue
                before = known.get(name)
                lane = Lane(pipeline, schedule, now, before.past if before else Past.read(ledger, name))
                if not (self._once and lane.past.began is None):
                    lane.plan(now)
                if before is None and lane.due <= now and not self._once:
                    lane.due = now + schedule.delay  # so that not all are made up for at once
                elif before is not None and before.schedule != schedule and lane.due <= now:
                    lane.due = schedule.first(now)  # the ticks that were missed are those of another schedule
                if not self._once or lane.due <= now + SOON:
                    lanes[name] = lane
        return lanes

    def _keep_up(self, now: datetime) -> None:
        """Plan anew after the clock was set back: until it catches up, nothing would be due."""
        ticked = self.clock.monotonic()
        behind = ticked - self.ticked - (now - self._looked).total_seconds()
        self.ticked, self._looked = ticked, now
        if behind > SET_BACK:
            with self._lock:
                for lane in self._lanes.values():
                    if lane.due > now:
                        lane.plan(now)

    def _take_due(self, now: datetime) -> Iterator[Lane]:
        if self.is_stopping:
            return
        with self._lock:
            due = [lane for name, lane in self._lanes.items() if lane.due <= now and name not in self._running]
            self._running.update((lane.name, now) for lane in due)
            if self._once:
                self._lanes = {name: lane for name, lane in self._lanes.items() if lane not in due}
        yield from due

    def _run(self, lane: Lane, config: Config) -> Report | RecordReport | None:
        """Run a pipeline, unless somebody else has done so by now."""
        with closing(Ledger(config.ledger, self.clock)) as ledger:
            now = self.clock.now()
            past = Past.read(ledger, lane.name)
            if past.run != lane.past.run:
                with self._lock:
                    lane.past = past
                    lane.plan(now)
            if lane.due > now or self.is_stopping:
                return None
            run: Any = run_orders if lane.config.settings.moves == "orders" else run_records
            report: Report | RecordReport = run(
                lane.config, self.plugins, ledger, self.clock, handlers=self._handlers, shared=self.shared
            )
            return report

    def _note(
        self, lane: Lane, config: Config, began: datetime, started: float, done: Future[Report | RecordReport | None]
    ) -> None:
        """Take in how a run went, whatever it raised, tell whom it concerns, and plan the next."""
        error = done.exception()
        report = None if error is not None else done.result()
        seconds = self.clock.monotonic() - started
        finished = Finished(lane.config, lane.schedule.zone, began, seconds, report, error)
        try:
            if report is not None or error is not None:
                self._take_in(lane, finished)
                try:
                    self._tell(finished, config)
                finally:
                    self._on_finish(finished)
        finally:
            with self._lock:
                del self._running[lane.name]

    def _take_in(self, lane: Lane, finished: Finished) -> None:
        run = finished.report.run if finished.report is not None else None
        with self._lock:
            self.ended[lane.name, finished.result] += 1
            self.seconds[lane.name] = finished.seconds
            lane.past.add(run, finished.began, self.clock.now(), finished.result)
            present = self._lanes.get(lane.name)
            if present is not None:  # a reload may have made another one of it, or have left it out
                present.past = lane.past
                present.plan(self.clock.now())

    def _tell(self, finished: Finished, config: Config) -> None:
        name, error = finished.pipeline.name, finished.error
        if config.alerts and not isinstance(error, LedgerError):
            known = error if isinstance(error, OrderweftError) else OrderweftError(f"unexpected {type(error).__name__}")
            with self._telling, suppress(LedgerError), closing(Ledger(config.ledger, self.clock)) as ledger:
                alert(finished.report or failed(name, known), config, ledger, self.clock)
