"""When a pipeline runs: every so often, or by a cron expression in a time zone.

A *tick* is a moment a schedule names. Where clocks are put forward or back, a daily time that is missing or there twice
is one tick, as in Debian's cron: https://manpages.debian.org/cron.8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_INTERVAL = re.compile(r"^([1-9][0-9]*)\s*(m|h|d)$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LATE = timedelta(minutes=1)
"""How late a run may begin after its tick and still have the very next one, however close the floor."""
_UNHEARD = (CronSimError, StopIteration, ArithmeticError, AssertionError, ValueError)
"""What CronSim raises at expressions it does not take; it asserts on odd steps."""


def shortest_interval(schedule: str) -> timedelta:
    """Return the shortest time between two runs of *schedule*, an interval such as `15m` or a cron expression.

    Raises ValueError when it is neither.
    """
    try:
        if (interval := _interval(schedule)) is not None:
            return interval
        times = list(islice(_ticks(schedule, datetime(2026, 1, 1, tzinfo=UTC), UTC), 100))
        return min(later - earlier for earlier, later in pairwise(times))
    except _UNHEARD:
        raise ValueError("must be an interval such as '15m', '2h', '1d' or a cron expression of five fields") from None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of one pipeline."""

    text: str
    zone: ZoneInfo
    floor: timedelta = timedelta(0)
    """No run begins sooner after the one before."""
    delay: timedelta = timedelta(0)
    """How long after each tick of a cron expression a run begins, so that not all begin at once."""

    @property
    def shortest(self) -> timedelta:
        """Return the shortest time between two runs."""
        return max(shortest_interval(self.text), self.floor)

    def first(self, now: datetime) -> datetime:
        """Return when a pipeline that has never run begins: at once, or at the next tick of a cron expression."""
        if _interval(self.text) is not None:
            return now
        return next(_ticks(self.text, now - self.delay, self.zone)) + self.delay

    def after(self, last: datetime, pause: timedelta = timedelta(0)) -> datetime:
        """Return when to run after a run that began at *last*, no sooner than the floor and *pause* allow.

        It may lie in the past: then ticks were missed, and one run makes up for all of them.
        """
        soonest = last + max(self.floor, pause)
        if (interval := _interval(self.text)) is not None:
            return max(last + interval, soonest)
        tick = next(_ticks(self.text, max(last, soonest - _LATE) - self.delay, self.zone))
        return max(tick + self.delay, soonest)


def delay_of(name: str, longest: timedelta) -> timedelta:
    """Return the part of *longest* by which the pipeline *name* is put off: always the same, spread over all names."""
    share = int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32
    return timedelta(seconds=int(longest.total_seconds() * share))


def _interval(schedule: str) -> timedelta | None:
    match = _INTERVAL.match(schedule.strip())
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def _ticks(expression: str, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    # begun in the second of two equal hours, CronSim gives a tick of the first
    return (tick for each in CronSim(expression, after.astimezone(zone)) if (tick := each.astimezone(UTC)) > after)
