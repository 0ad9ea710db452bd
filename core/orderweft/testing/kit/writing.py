"""What holds for a destination of stock, products, customers and shipments."""

from __future__ import annotations

from typing import Any

from ...errors import SettingsError
from ...exchange import Kind, Moved
from ...records import StockLevel
from .base import Checks, taken
from .faults import DONE, OUTCOMES, worded
from .samples import NOBODYS
from .stage import READING, RECORD_KINDS, WRITING, Stage, attempt, needs, told

_HOOKS = tuple(WRITING[kind] for kind in RECORD_KINDS)


class Writing(Checks):
    """What is true of every hook that writes records."""

    def writable(self, stage: Stage) -> list[Kind]:
        """Return the kinds that can be written."""
        usable = stage.usable
        kinds = [kind for kind in RECORD_KINDS if WRITING[kind] in usable]
        return kinds if "deliver_orders" in usable else [kind for kind in kinds if kind != "shipments"]

    @needs(some=_HOOKS)
    def test_one_outcome_per_record(self) -> None:
        """Batches of none, one and several give one outcome each, in order."""
        stage = self.stage()
        for kind in self.writable(stage):
            records = self.samples(kind, stage)
            assert stage.open().write(kind, []) == [], f"{WRITING[kind]} must return an empty list for no records"
            for batch in (records[:1], records):
                outcomes = stage.open().write(kind, batch)
                right = isinstance(outcomes, list) and len(outcomes) == len(batch)
                assert right, f"{WRITING[kind]} must return one outcome for each of {len(batch)}; got {outcomes!r}"
                odd = [one for one in outcomes if not isinstance(one, OUTCOMES)]
                assert not odd, f"an outcome is one of five, and nothing else; {WRITING[kind]} gave {odd[0]!r}"

    @needs("write_inventory")
    def test_a_bad_record_spoils_no_other(self) -> None:
        """Of three records, the one in the middle that nobody knows is the one that is refused, if any is."""
        stage = self.stage()
        good = [self.level(stage, number, 30 + number) for number in range(2)]
        bad = good[0].model_copy(update={"item": good[0].item.model_copy(update=NOBODYS)})
        outcomes = stage.open().write("inventory", [good[0], bad, good[1]])
        assert isinstance(outcomes[0], DONE), f"a good record must pass before a bad one; got {worded(outcomes[0])}"
        assert isinstance(outcomes[2], DONE), f"a good record must pass behind a bad one; got {worded(outcomes[2])}"

    @needs(some=_HOOKS)
    def test_writing_again_is_harmless(self) -> None:
        """Writing the same again is taken again and leaves the account as it is: that is what follows a crash."""
        stage = self.stage()
        for kind in self.writable(stage):
            records = self.samples(kind, stage)
            after = []
            for _ in range(2):
                outcomes = stage.open().write(kind, records)
                stage.settle()
                bad = [one for one in outcomes if not isinstance(one, DONE)]
                assert not bad, f"{WRITING[kind]} must take the same again; it gave {worded(bad[0])}"
                after.append(seen(stage, kind))
            assert after[0] == after[1], f"{WRITING[kind]} must be harmless when repeated; the account differs after it"

    @needs("write_inventory", "read_inventory")
    def test_an_update_leaves_the_rest(self) -> None:
        """With mode `update`, stock that is not named stays as it is."""
        stage = self.stage()
        level = self.level(stage, 0, 77)
        before = _others(stage, level)
        taken(stage.open().write("inventory", [level])[0], stage)
        stage.settle()
        assert _others(stage, level) == before, "write_inventory must leave alone what is not named, with mode update"

    @needs("write_inventory", "read_inventory")
    def test_an_overwrite_clears_or_is_refused(self) -> None:
        """With mode `overwrite`, what is not named has no stock after it, unless SettingsError refuses the whole."""
        stage = self.stage()
        level = self.level(stage, 0, 77)
        before = _timeless(stage, "inventory")
        answer = attempt(lambda: stage.open().write("inventory", [level], "overwrite"))
        stage.settle()
        if isinstance(answer, SettingsError):
            assert _timeless(stage, "inventory") == before, "an overwrite that is refused must change nothing"
            return
        left = [one for one in stage.open().records("inventory") if isinstance(one, StockLevel)]
        kept = [one for one in left if one.item.key != level.item.key and one.quantity]
        assert not kept, f"overwrite must clear what is not named, or raise SettingsError; {len(kept)} levels are left"


def seen(stage: Stage, kind: Kind) -> Any:
    """Return what can be seen of the records of *kind*, and of what is counted there."""
    return dict(stage.simulator.facts()), _timeless(stage, kind)


def _timeless(stage: Stage, kind: Kind) -> list[str]:
    """Return the records of *kind* as texts, without when they were changed."""
    if not stage.can(READING[kind]):
        return []
    return told(_dateless(record) for record in stage.open().records(kind))


def _dateless(record: Moved) -> Moved:
    fields = {"updated_at": None} if "updated_at" in type(record).model_fields else {}
    return record.model_copy(update={**fields, "origin": record.origin.model_copy(update={"revision": None})})


def _others(stage: Stage, level: StockLevel) -> list[str]:
    read = [one for one in stage.open().records("inventory") if isinstance(one, StockLevel)]
    return told(_dateless(one) for one in read if one.item.key != level.item.key)
