"""What a server knows of one pipeline: its schedule, how its last runs went, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from ..config import Config, PipelineConfig
from ..ledger import Ledger
from ..ledger.status import last_success, moment
from ..plugins import Plugins
from ..schedule import Schedule, delay_of, shortest_interval

_LONGEST_PAUSE = timedelta(hours=1)
"""How far failures draw runs apart, unless the schedule is slower anyway."""
_LOOKED_BACK = 20
"""Runs looked at to tell since when a pipeline fails."""


@dataclass
class Past:
    """How the last runs of a pipeline went."""

    run: int | None = None
    """The number of the last one the ledger knows."""
    began: datetime | None = None
    """When the last one began; None when there was none."""
    succeeded: datetime | None = None
    failures: int = 0
    """How many failed since one came through."""
    failing_since: datetime | None = None
    cut_off: bool = False
    """Whether the last one was stopped in the middle, or died."""

    @classmethod
    def read(cls, ledger: Ledger, pipeline: str) -> Past:
        """Return what *ledger* has of *pipeline*, whoever ran it."""
        runs = ledger.runs(pipeline, _LOOKED_BACK)
        failed = list(takewhile(lambda run: run.result == "failed", runs))
        return cls(
            runs[0].id if runs else None,
            moment(runs[0].started_at) if runs else None,
            last_success(ledger, pipeline),
            len(failed),
            moment(failed[-1].started_at) if failed else None,
            bool(runs) and runs[0].result in (None, "interrupted"),
        )

    def clamp(self, now: datetime) -> None:
        """Take what happened while the clock was ahead as of *now*: nothing has happened in the future."""
        self.began = self.began and min(self.began, now)
        self.succeeded = self.succeeded and min(self.succeeded, now)
        self.failing_since = self.failing_since and min(self.failing_since, now)

    def add(self, run: int | None, began: datetime, ended: datetime, result: str) -> None:
        """Take in a run that has ended."""
        self.run = run or self.run
        self.began, self.cut_off = began, result == "interrupted"
        if result == "failed":
            self.failures += 1
            self.failing_since = self.failing_since or began
        elif result != "interrupted":
            self.failures, self.failing_since = 0, None
        if result in ("done", "held"):
            self.succeeded = ended


@dataclass
class Lane:
    """One pipeline of the present configuration that has a schedule."""

    config: PipelineConfig
    schedule: Schedule
    due: datetime
    past: Past = field(default_factory=Past)

    @property
    def name(self) -> str:
        """Return the pipeline's name."""
        return self.config.name

    def plan(self, now: datetime) -> None:
        """Set when the next run is due.

        A run that was cut off is continued as soon as the channels bear it; failures in a row draw runs apart.
        """
        past, schedule = self.past, self.schedule
        past.clamp(now)
        if past.began is None:
            self.due = schedule.first(now)
        elif past.cut_off:
            self.due = past.began + schedule.floor
        else:
            shortest = schedule.shortest
            pause = min(shortest * 2 ** min(max(0, past.failures - 1), 8), max(shortest, _LONGEST_PAUSE))
            self.due = schedule.after(past.began, pause if past.failures else timedelta(0))

    def is_failing(self, now: datetime, intervals: int) -> bool:
        """Return whether it has been failing for longer than so many of its intervals."""
        since = self.past.failing_since
        return since is not None and now - since > self.schedule.shortest * intervals


def schedule_of(pipeline: PipelineConfig, config: Config, plugins: Plugins) -> Schedule | None:
    """Return when *pipeline* is to run; None when it has no schedule."""
    text = pipeline.settings.schedule
    if text is None:
        return None
    return Schedule(
        text,
        ZoneInfo(pipeline.settings.timezone or config.serve.timezone),
        max(plugins.channels[end.channel].min_interval for end in (pipeline.source, pipeline.destination)),
        delay_of(pipeline.name, min(timedelta(seconds=config.serve.jitter), shortest_interval(text) / 10)),
    )
