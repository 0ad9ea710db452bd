"""Whatever goes wrong at a channel: the run does what the table of faults says, and in the end everything is there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from orderweft import (
    OrderweftError,
    Page,
    RecordPage,
    SettingsError,
    hookimpl,
)
from orderweft.ledger import Ledger
from orderweft.plugins import MOVES, Plugins
from orderweft.runs import run_orders, run_records
from orderweft.testing import FakeClock, FolderSimulator, brand

from .fault_hands import HANDS, Play
from .fault_table import NOT_HERE, ROWS
from .fault_words import CHANNELS, FAULTS, WORKS, Course, Row
from .streets import Street

MANY = 3
SWITCHES: Mapping[str, Mapping[str, Any]] = {"joor": {"orders": "none", "many": MANY}}
COURSES: Mapping[str, Course] = {"done": "goes on", "held": "holds", "failed": "ends"}
USUAL = ("Page", "Accepted", "AlreadyThere")
MEANT = {"UnavailableError": "NotSent", "UnknownOutcomeError": "Unknown"}
"""The outcome an error raised by a hook that writes stands for."""
Watched = Generator[None, Any, Any]


class Watch:
    """A plugin that takes down what hooks answer, by hook."""

    def __init__(self) -> None:
        self.answers: defaultdict[str, list[str]] = defaultdict(list)

    @hookimpl(wrapper=True)
    def fetch_orders(self) -> Watched:
        """Watch orders come."""
        return (yield from self._read("fetch_orders"))

    @hookimpl(wrapper=True)
    def read_inventory(self) -> Watched:
        """Watch stock come."""
        return (yield from self._read("read_inventory"))

    @hookimpl(wrapper=True)
    def read_catalog(self) -> Watched:
        """Watch products come."""
        return (yield from self._read("read_catalog"))

    @hookimpl(wrapper=True)
    def read_customers(self) -> Watched:
        """Watch customers come."""
        return (yield from self._read("read_customers"))

    @hookimpl(wrapper=True)
    def deliver_orders(self) -> Watched:
        """Watch orders go."""
        return (yield from self._written("deliver_orders"))

    @hookimpl(wrapper=True)
    def acknowledge_orders(self) -> Watched:
        """Watch notes on orders go."""
        return (yield from self._written("acknowledge_orders"))

    @hookimpl(wrapper=True)
    def write_inventory(self) -> Watched:
        """Watch stock go."""
        return (yield from self._written("write_inventory"))

    @hookimpl(wrapper=True)
    def write_catalog(self) -> Watched:
        """Watch products go."""
        return (yield from self._written("write_catalog"))

    @hookimpl(wrapper=True)
    def write_customers(self) -> Watched:
        """Watch customers go."""
        return (yield from self._written("write_customers"))

    def _read(self, hook: str) -> Watched:
        pages = yield
        return None if pages is None else self._pages(pages, self.answers[hook])

    def _pages(self, pages: Iterator[Page | RecordPage], answers: list[str]) -> Iterator[Page | RecordPage]:
        try:
            for page in pages:
                whole = not (page.unread if isinstance(page, RecordPage) else any(one.problem for one in page.items))
                answers.append("Page" if whole else "Unread")
                yield page
        except OrderweftError as error:
            answers.append(named(error))
            raise

    def _written(self, hook: str) -> Watched:
        try:
            outcomes = yield
        except OrderweftError as error:
            self.answers[hook].append(MEANT.get(named(error), named(error)))
            raise
        self.answers[hook] += [type(outcome).__name__ for outcome in outcomes or ()]
        return outcomes


class Apart(FakeClock):
    """A clock that is ahead of another one, or behind it."""

    def __init__(self, clock: FakeClock, ahead: timedelta) -> None:
        super().__init__()
        self._other, self.ahead = clock, ahead

    def now(self) -> Any:
        """Return the instant it shows."""
        return self._other.now() + self.ahead

    def monotonic(self) -> float:
        """Return the seconds passed, which are the same everywhere."""
        return self._other.monotonic()


def named(error: OrderweftError) -> str:
    """Return which of the errors of a contract it is, whatever a plugin makes of that."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == OrderweftError.__module__)


WATCH, PLUGINS = Watch(), Plugins.installed()
PLUGINS.register("watch", WATCH)


def open_street(folder: Path, row: Row, running: ExitStack) -> Street:
    """Open the two accounts of *row*, with what goes wrong there."""
    work, side = WORKS[row.work], row.side
    switches = {**SWITCHES, row.channel: {**SWITCHES.get(row.channel, {}), **row.switches}}
    street = Street(folder, work.kind, work.source, work.destination, switches=switches)
    if row.ahead:
        skew(street, side, work.source if side == "from" else work.destination, row.ahead, switches[row.channel])
    if work.kind == "orders" and work.source != "joor":
        fill(street, work.source)
    street.answer()
    street.accounts[side] = dict(work.options)
    if work.kind == "inventory" and work.destination == "shopify":
        end: Any = street.ends["to"]
        end.set_stock(brand.skus()[0].sku, "London", 7)
    if row.hand:
        HANDS[row.hand](Play(street, side, running))
    street.doors[side].faults.extend(row.calls)
    return street


def skew(street: Street, side: str, channel: str, ahead: timedelta, switches: Mapping[str, Any]) -> None:
    """Let one end be played by the clock of another machine, until somebody sets it."""
    clock = Apart(street.clock, ahead)
    name, _, profile = channel.partition("/")
    kind = PLUGINS.call(name, "simulator", settings={"profile": profile} if profile else {}, folder=street.folder)
    street.play(side, kind(clock=clock, **switches))

    def mend() -> None:
        clock.ahead = timedelta()
        work(street)

    street.mend = mend


def fill(street: Street, source: str) -> None:
    """Have orders of JOOR's arrive at the *source* of a street."""
    folder = street.folder / "before"
    folder.mkdir()
    before = Street(folder, "orders", "joor", source, switches=SWITCHES)
    before.clock, before.ends["to"], before.doors["to"] = street.clock, street.ends["from"], street.doors["from"]
    before.answer()
    before.run()


def run(street: Street) -> tuple[Course, str]:
    """Run once, let people do their work, and return how it went, and all that was told."""
    runs: Any = run_orders if street.kind == "orders" else run_records
    try:
        with closing(Ledger(street.folder / "orderweft.db", street.clock)) as ledger:
            report = runs(street.config(), PLUGINS, ledger, street.clock, handlers=street.doors)
    except SettingsError as error:
        return "refuses", str(error)
    street.before_work()
    work(street)
    street.clock.sleep(3600)
    told = [report.error or "", *(hold.message or "" for hold in report.holds), *report.warnings]
    return COURSES[report.result], " ".join(told)


def work(street: Street) -> None:
    """Let the people and schedules of both systems do their part."""
    for end in street.ends.values():
        if isinstance(end, FolderSimulator):
            end.work()


def answer_at(row: Row) -> str:
    """Return the first answer of the hook at work that is not as usual, or else the first one."""
    reads, writes = MOVES[WORKS[row.work].kind]
    hook = "acknowledge_orders" if row.work == "joor notes" else reads if row.side == "from" else writes
    answers = WATCH.answers[hook]
    return next((one for one in answers if one not in USUAL), next(iter(answers), "nothing"))


def all_is_there(street: Street, *, but: int) -> None:
    """Assert that everything is at the destination once, *but* so many orders that wait for a person."""
    if street.kind != "orders":
        assert (sent := street.sent())
        assert sent == street.there() & sent
        assert street.states().keys() <= {"sent", "pending", *(["held"] if but else [])}
        assert street.states()["held"] == but
        return
    keys = street.delivered()
    assert len(keys) == street.ends["from"].facts()["orders"] - but
    assert set(street.receipts(sorted(keys))) == keys
    facts = street.ends["to"].facts()
    assert (facts["orders"], facts.get("ordered twice", 0)) == (len(keys), 0)
    with closing(Ledger(street.folder / "orderweft.db", street.clock)) as ledger:
        last = ledger.rows("SELECT outcome, max(attempt) FROM attempts GROUP BY id")
        assert Counter(outcome in ("accepted", "already_there") for outcome, _ in last)[True] == len(keys)


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_a_fault_does_what_the_table_says(tmp_path: Path, row: Row) -> None:
    """The hook answers, the run goes and tells as the table says; after a quiet one the table's end is reached."""
    with ExitStack() as running:
        street = open_street(tmp_path, row, running)
        WATCH.answers.clear()
        course, told = run(street)
        assert (answer_at(row), course) == (row.answer, row.run), told
        assert row.told in told or row.end == "held", told
        assert row.told or course == "goes on"
        for fault in row.calls:
            assert any(fault.operation in door.calls for door in street.doors.values())
        for door in street.doors.values():
            door.faults.clear()
        street.mend()
        quiet, later = run(street)
        assert (quiet, row.told in told + later) == ("holds" if row.end == "held" else "goes on", True), later
        all_is_there(street, but=int(row.end == "held"))
        if row.work == "joor notes":
            end: Any = street.ends["from"]
            assert {status for status, _ in end.acknowledged.values()} == {"SUCCESS"}
            assert len(end.acknowledged) == MANY


def test_the_table_is_whole() -> None:
    """Every channel has every fault or a reason why not, and nothing in the table or beside it is left unused."""
    assert set(CHANNELS) == set(PLUGINS.channels)
    shown = {(row.channel, row.kin) for row in ROWS if row.kin in FAULTS}
    absent = {(channel, fault) for channel, fault, reason in NOT_HERE if len(reason.split()) > 3}
    assert len(absent) == len(NOT_HERE)
    assert not shown & absent
    assert shown | absent == set(product(CHANNELS, FAULTS))
    assert {row.work for row in ROWS} == set(WORKS)
    assert {row.hand for row in ROWS} - {""} == set(HANDS)
    assert len({row.id for row in ROWS}) == len(ROWS)
