"""What the steps of one run share."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Literal, Protocol

from ..clock import Clock
from ..config import PipelineConfig
from ..errors import UnavailableError
from ..journal import Journal
from ..ledger import Ledger, OrderBook, OrderRow, Urgent
from ..ledger.changes import ChangeBook, OrderChange
from ..rules import FieldMap, SkipRules
from ..scope import tell_end
from .check import OrderCheck
from .ends import End, StoppableClock

Moment = Literal["staged", "decided", "intended", "sent", "settled", "acknowledged", "waiting", "ended"]
"""The moments a run tells of; each follows its durable write, except `sent`, which precedes one, and `waiting`."""


log = logging.getLogger("orderweft.runs")
MAX_WARNINGS = 20
"""Warnings a report takes of one kind, however many orders there are."""


class Observer(Protocol):
    """Somebody who watches a run, such as a progress bar; called from several threads."""

    def __call__(self, moment: Moment, counts: Counter[str], note: str = "") -> None:
        """Take notice of *moment*."""
        ...


def unwatched(moment: Moment, counts: Counter[str], note: str = "") -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a person may ask of one run."""

    since: datetime | None = None
    number: str | None = None
    limit: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What a dry run would do with one order."""

    number: str
    customer: str
    action: str
    message: str = ""
    total: str = ""


@dataclass
class Report:
    """How a run went."""

    pipeline: str
    run: int | None
    counts: Counter[str]
    held: int = 0
    """How many orders are held now."""
    staged: int = 0
    """How many orders wait for the next run."""
    sending: int = 0
    """How many orders were sent and have no answer yet."""
    holds: list[OrderRow] = field(default_factory=list)
    """The first of them."""
    urgent: list[Urgent] = field(default_factory=list)
    """Those whose ship window closes soon, the first deadline first."""
    is_exact: bool = False
    """Whether the destination was asked in a dry run what it would refuse."""
    previews: list[Preview] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changes: list[OrderChange] = field(default_factory=list)
    """Orders changed after their delivery: what was noted of them or done now, and all that is held."""
    error: str | None = None
    result: Literal["done", "held", "failed", "interrupted"] = "done"


@dataclass
class Job:
    """One run under way."""

    config: PipelineConfig
    source: End
    destination: End
    ledger: Ledger
    book: OrderBook
    changes: ChangeBook
    clock: Clock
    options: RunOptions
    report: Report
    checks: OrderCheck
    journal: Journal
    observer: Observer = unwatched
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when nothing more may be begun."""
    failure: BaseException | None = None
    last_doubt: str = ""
    """What was said when the last outcome became unknown."""
    given_up: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Orders left to the next run, by id: their number, and what the destination said."""
    held_now: set[str] = field(default_factory=set)
    """Orders this run has held, by id; it does not offer them once more."""
    doubts_left: bool = False
    """Whether orders were sent since the last look-up whose outcome is not known."""
    came_through: bool = False
    """Whether every step was gone through."""
    begun: int = 0
    """Deliveries begun, for `--limit`."""
    field_map: FieldMap = field(init=False)
    rules: SkipRules = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        settings = self.config.settings
        self.field_map = FieldMap(settings.map)
        self.rules = SkipRules((rule.when, rule.reason) for rule in settings.skip)

    def warn(self, texts: Iterable[str]) -> None:
        """Add warnings to the report, as many as there is room for."""
        self.report.warnings += islice(texts, max(0, MAX_WARNINGS - len(self.report.warnings)))

    def count(self, **more: int) -> None:
        """Add to the report's counts."""
        with self._lock:
            self.report.counts.update(more)

    def tell(self, moment: Moment, note: str = "") -> None:
        """Tell the observer."""
        self.observer(moment, self.report.counts, note)
        if moment == "waiting":
            log.info(note)
        if moment != "sent":
            self.journal.flush(whole=moment == "ended")
        if moment == "ended" and self.journal.problem:
            self.report.warnings.append(f"not all of the journal was written: {self.journal.problem}")

    def tell_wait(self, seconds: float) -> None:
        """Tell the observer that a channel lets nothing through for so long."""
        self.tell("waiting", f"a channel's limit is used up, or it asked for a pause; going on in {seconds:.0f} s")

    def fail(self, error: BaseException) -> None:
        """Keep the first failure and begin nothing more."""
        with self._lock:
            self.failure = self.failure or error
        self.stop.set()

    def wait_until_certain(self, since: datetime, what: str) -> None:
        """Wait until *what* was sent without an answer, the last of it *since*, has arrived or never will."""
        if wait := self.destination.seconds_in_doubt(since):
            self.tell("waiting", f"{what} sent without an answer; looking for it in {wait:.0f} s (settle_seconds)")
            self.pause(wait)

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the run is to stop."""
        with suppress(UnavailableError):
            StoppableClock(self.clock, self.stop).sleep(seconds)


def log_end(pipeline: str, run: int | None, result: str, held: int, counts: Counter[str], error: str | None) -> None:
    """Log that a run has ended, and how."""
    tell_end(pipeline, result, counts)
    told = {"pipeline": pipeline, "run": run, "result": result, "held": held, "counts": dict(+counts), "error": error}
    log.info("run ended", extra={name: one for name, one in told.items() if one is not None})
