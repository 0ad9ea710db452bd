"""Whatever happens on the way, after a quiet run the shop has the depot's stock, and nothing is sent twice for it."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from orderweft import Outcome, StockLevel, UnavailableError, Unknown, UnknownOutcomeError, Unread, WriteMode

from .shelves import Shelves, level

UNFIT = {"properties": {"custom_fields": {"properties": {"unfit": False}}}}
DAYS = ("2027-01-15", "2027-02-15")
OUTCOMES = ["accept", "accept", "pending", "refuse", "unknown but there", "unknown and lost", "not sent"]
LONG = 3 * 24 * 3600.0

items = st.integers(1, 4)
quantities = st.integers(0, 3)
days = st.sampled_from([None, None, *DAYS])


def dated(item: int, day: str | None, quantity: int, **more: Any) -> StockLevel:
    """Build a level that is there now or on a day; item 4 is known to the depot by an id."""
    future = {"bucket": "future", "available_on": day} if day else {}
    return level(item, quantity, item={"id": "4"} if item == 4 else {}, **future, **more)


class Stock(RuleBasedStateMachine):
    """Levels change at the depot and runs go wrong; the depot is what the shop has to be in the end."""

    @initialize(mode=st.sampled_from(["update", "overwrite"]), batch_size=st.sampled_from([1, 3]))
    def open(self, mode: WriteMode, batch_size: int) -> None:
        """Open an empty depot and an empty shop."""
        self.folder = tempfile.TemporaryDirectory()
        self.mode = mode
        self.shelves = Shelves(Path(self.folder.name), extra=f'write_mode = "{mode}"\n', batch_size=batch_size)
        self.shelves.accepted_schema = UNFIT
        self.depot: dict[str, StockLevel] = {}
        self.twins: set[str] = set()

    def _put(self, item: int, day: str | None, quantity: int, **more: Any) -> str:
        one = dated(item, day, quantity, **more)
        self.depot[one.identity] = one
        return one.identity

    @rule(item=items, day=days, quantity=quantities)
    def set_level(self, item: int, day: str | None, quantity: int) -> None:
        """Give a level another quantity, and take any flag off it."""
        self._put(item, day, quantity)

    @rule(item=items, day=days, quantity=quantities, what=st.sampled_from(["skip_push", "skip_shop", "unfit"]))
    def mark_level(self, item: int, day: str | None, quantity: int, what: str) -> None:
        """Flag a level, or give it what the shop does not accept."""
        self._put(item, day, quantity, custom_fields={what: "1"})

    @rule(item=items, day=days)
    def lose_level(self, item: int, day: str | None) -> None:
        """Take a level out of the depot."""
        self.depot.pop(self._put(item, day, 0))

    @rule(item=items, day=days)
    def refuse_level(self, item: int, day: str | None) -> None:
        """Let the shop refuse a level, or take it again."""
        self.shelves.refuses ^= {dated(item, day, 0).identity}

    @rule(item=items)
    def twin_level(self, item: int) -> None:
        """Let a second level of the same identity appear, or vanish; item 4 has an id, so that its levels add up."""
        self.twins ^= {level(item).identity}

    @rule(minutes=st.sampled_from([1, 20, 2000]))
    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.shelves.clock.sleep(minutes * 60)

    def _load(self, random: Random, *, page_size: int = 1000) -> None:
        """Lay out the depot in any order, on pages of any size that may overlap."""
        records = [
            *self.depot.values(),
            *(other for key, one in self.depot.items() if (other := self._other(key, one))),
        ]
        random.shuffle(records)
        self.shelves.records = [*records, *records[:1]] if page_size % 2 else [*records]
        self.shelves.page_size, self.shelves.unread = page_size, []
        self.shelves.complete, self.shelves.fails, self.shelves.script = True, None, []
        self.shelves.on_call, self.shelves.on_answer = lambda: None, list

    def _other(self, key: str, one: StockLevel) -> StockLevel | None:
        """Return the second level of the same identity, if there is one."""
        if key not in self.twins or one.custom_fields:
            return None
        origin = one.origin.model_copy(update={"id": f"{one.origin.id}/2"})
        return one.model_copy(update={"origin": origin, "quantity": 2, "season": "the other"})

    @rule(random=st.randoms(use_true_random=False), script=st.lists(st.sampled_from(OUTCOMES), max_size=8),
          allow=st.booleans(), page_size=st.integers(1, 4), limit=st.sampled_from([None, None, 1]))  # fmt: skip
    def run(self, random: Random, script: list[str], allow: bool, page_size: int, limit: int | None) -> None:
        """Run while the shop answers this and that."""
        self._load(random, page_size=page_size)
        self.shelves.script = script
        self.shelves.run(allow_drop=allow, limit=limit if self.mode == "update" else None)

    @rule(random=st.randoms(use_true_random=False), how=st.sampled_from(["breaks", "incomplete", "unread"]))
    def read_badly(self, random: Random, how: str) -> None:
        """Run on a reading that breaks off, has a record nobody can read, or leaves out a part without a word."""
        self._load(random)
        if how == "breaks":
            self.shelves.fails = UnavailableError("the depot is closed")
        elif how == "unread":
            self.shelves.unread = [Unread("x", "S?", "quantity: not a number")]
        else:
            self.shelves.complete = False
            self.shelves.records = self.shelves.records[::2]
        before = len(self.shelves.calls)
        report = self.shelves.run()
        if how == "breaks" or (self.mode == "overwrite"):
            assert len(self.shelves.calls) == before
            assert report.result in ("failed", "stopped")

    @rule(random=st.randoms(use_true_random=False), how=st.sampled_from(["closed", "lost", "silent"]))
    def write_badly(self, random: Random, how: str) -> None:
        """Run while the shop is closed, or its answers are lost one way or another."""
        self._load(random)

        def raises(error: Exception) -> Any:
            raise error

        def silent(outcomes: list[Outcome]) -> list[Outcome]:
            return [Unknown(message="no answer") for _ in outcomes]

        if how == "closed":
            self.shelves.on_call = lambda: raises(UnavailableError("the shop is closed"))
        elif how == "lost":
            self.shelves.on_answer = lambda _: raises(UnknownOutcomeError("the connection broke"))
        else:
            self.shelves.on_answer = silent
        self.shelves.run(allow_drop=True)

    @rule(random=st.randoms(use_true_random=False), moments=st.integers(1, 12), allow=st.booleans(),
          script=st.lists(st.sampled_from(OUTCOMES), max_size=4))  # fmt: skip
    def die(self, random: Random, moments: int, allow: bool, script: list[str]) -> None:
        """Run in a process that is killed on the way."""
        self._load(random, page_size=2)
        self.shelves.script = script
        self.shelves.run_and_die(moments, allow_drop=allow)

    @rule(random=st.randoms(use_true_random=False))
    def rest(self, random: Random) -> None:
        """Run in peace, however long everything has waited."""
        self._load(random)
        self.shelves.clock.sleep(LONG)
        calls = len(self.shelves.calls)
        report = self.shelves.run(allow_drop=True)
        if report.is_final:
            assert (report.result, len(self.shelves.calls)) == ("stopped", calls)
            self._assert_holds(report.held)
            return
        assert report.result in ("done", "held"), report
        good = {
            key: (one.quantity or 0) + (2 if key in self.twins else 0)
            for key, one in self.depot.items()
            if not one.custom_fields and key not in self.shelves.refuses and (key not in self.twins or one.item.id)
        }
        there = self.shelves.quantities()
        if self.mode == "overwrite":
            # nothing is overwritten only to take away a level of zero
            assert {key: quantity for key, quantity in there.items() if quantity or key in good} == good
        else:
            assert {key: there.get(key) for key in good} == good
            self._assert_dates_gone(there)
        self._assert_holds(report.held)
        calls = len(self.shelves.calls)
        self.shelves.run(allow_drop=True)
        assert len(self.shelves.calls) == calls
        assert not [row for row in self.shelves.rows("sending").values() if row.key in good]

    def _assert_dates_gone(self, there: dict[str, int | None]) -> None:
        """A future level that is gone, of an item that is not, has come to nothing at the shop."""
        counted = {one.item.key for one in self.depot.values() if not one.custom_fields}
        for key, quantity in there.items():
            if "|future@" in key and key not in self.depot and key not in self.shelves.refuses:
                assert not quantity or key.partition("|")[0] not in counted

    def _assert_holds(self, held: int) -> None:
        """What is held is in the depot and unfit, one of twins or refused; or it is refused and its date is gone."""
        skipped = {key for key, one in self.depot.items() if {"skip_push", "skip_shop"} & one.custom_fields.keys()}
        unfit = {key for key, one in self.depot.items() if "unfit" in one.custom_fields}
        twins = {key for key in self.twins & self.depot.keys() - skipped - unfit if not self.depot[key].item.id}
        rows = self.shelves.rows("held")
        assert held == len(rows)
        assert unfit | twins <= rows.keys()
        for key in rows.keys() - unfit - twins:
            assert key in self.shelves.refuses
            assert key not in skipped
            assert key in self.depot or "|future@" in key

    def teardown(self) -> None:
        """Rest, mend what is unfit or a twin, rest again, and close everything."""
        if hasattr(self, "shelves"):
            self.rest(Random(1))
            self.twins.clear()
            self.depot = {key: one for key, one in self.depot.items() if "unfit" not in one.custom_fields}
            self.rest(Random(2))
            assert not self.shelves.held().keys() - self.shelves.refuses
            self.shelves.ledger.close()
            self.folder.cleanup()


TestStock = Stock.TestCase
TestStock.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)


def test_the_moments_a_run_can_die_at(tmp_path: Path) -> None:
    """The process can be killed after each durable step of a run, and after each call that nobody has noted yet."""
    shelves = Shelves(tmp_path, batch_size=1)
    shelves.records = [level(1), level(2)]
    seen = shelves.run_and_die(1000)
    assert Counter(seen) == Counter(staged=1, decided=1, intended=2, sent=2, settled=2, ended=1)
