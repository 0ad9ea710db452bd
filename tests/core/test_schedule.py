"""When a pipeline runs next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from orderweft.schedule import Schedule, delay_of

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = timedelta(minutes=15)


def at(text: str) -> datetime:
    """Return a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(schedule: Schedule, begin: str, end: str) -> list[datetime]:
    """Return when a pipeline runs between two moments, if each run begins when it is due."""
    found, last = list[datetime](), schedule.after(at(begin))
    while last < at(end):
        found.append(last)
        last = schedule.after(last)
    return found


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        ("2026-03-28 12:00", "2026-03-30 12:00", ["2026-03-29 01:00", "2026-03-30 00:30"]),
        ("2026-10-24 12:00", "2026-10-26 12:00", ["2026-10-25 00:30", "2026-10-26 01:30"]),
    ],
    ids=["02:30 is missing", "02:30 is there twice"],
)
def test_a_daily_time_runs_once_where_clocks_are_changed(begin: str, end: str, wanted: list[str]) -> None:
    """A time that is missing runs right after the gap, one that is there twice runs the first time only."""
    assert ticks(Schedule("30 2 * * *", BERLIN, QUARTER), begin, end) == [at(one) for one in wanted]


def test_a_run_in_the_second_of_two_equal_hours_is_not_followed_by_a_tick_of_the_first() -> None:
    """What ran late, at 02:15 for the second time, runs next on the next day."""
    schedule = Schedule("30 2 * * *", BERLIN)
    assert schedule.after(at("2026-10-25 01:15")) == at("2026-10-26 01:30")


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"], ids=["in spring", "in autumn"])
@pytest.mark.parametrize("text", ["*/15 * * * *", "15m"], ids=["cron", "interval"])
def test_every_quarter_of_an_hour_means_just_that_where_clocks_are_changed(text: str, day: str) -> None:
    """Steps of minutes do not care what the clock on the wall shows."""
    found = ticks(Schedule(text, BERLIN, QUARTER), f"{day} 00:00", f"{day} 06:00")
    assert {later - earlier for earlier, later in pairwise(found)} == {QUARTER}


@pytest.mark.parametrize("late", [0.0, 0.4, 59.0], ids=["on time", "a moment late", "almost a minute late"])
def test_a_cron_run_is_never_closer_to_the_last_than_the_floor(late: float) -> None:
    """A run that began a little late has the very next tick all the same, put off so that the floor is kept."""
    last = at("2026-11-02 09:15") + timedelta(seconds=late)
    assert Schedule("*/15 * * * *", BERLIN, QUARTER).after(last) == last + QUARTER


def test_a_tick_too_close_to_a_run_between_ticks_is_left_out() -> None:
    """After a run by hand at 09:14 the next tick is 09:30, not 09:29."""
    schedule = Schedule("*/15 * * * *", BERLIN, QUARTER)
    assert schedule.after(at("2026-11-02 09:14")) == at("2026-11-02 09:30")


def test_what_was_missed_is_one_tick_in_the_past() -> None:
    """However long nothing ran, the next run is due, and the one after it lies ahead."""
    schedule = Schedule("0 7 * * *", BERLIN, QUARTER)
    assert schedule.after(at("2026-11-02 06:00")) < at("2026-11-09 12:00")
    assert schedule.after(at("2026-11-09 12:00")) == at("2026-11-10 06:00")


def test_pipelines_are_put_off_each_by_its_own_part() -> None:
    """The delay follows from the name alone, and names are spread over the whole of it."""
    longest = timedelta(seconds=60)
    delays = {name: delay_of(name, longest) for name in (f"pipeline {number}" for number in range(100))}
    assert delays == {name: delay_of(name, longest) for name in delays}
    assert all(timedelta(0) <= delay < longest for delay in delays.values())
    assert len(set(delays.values())) > 40
    schedule = Schedule("0 7 * * *", BERLIN, QUARTER, timedelta(seconds=20))
    assert schedule.first(at("2026-11-02 06:00")) == at("2026-11-02 06:00:20")
    assert schedule.after(at("2026-11-02 06:00:20")) == at("2026-11-03 06:00:20")
