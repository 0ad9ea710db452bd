"""Held orders are asked about, not offered blindly: once in a run, in batches, the first deadline first."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest
from orderweft import Accepted, Outcome, Reason, Receipt, Refused
from orderweft.ledger import EntryBook, Incoming, Ledger, Route, find
from orderweft.ledger.changes import ChangeBook
from orderweft.ledger.statements import PROBED
from orderweft.records.reason import CLASSES, Owner
from orderweft.testing import FakeClock

from .memory import CONFIG, World, order

SHORT = Refused(reason="no_stock", message="2 wanted, 1 there", fix="restock it")
TODAY = date(2026, 11, 2)


def closes(days: int) -> dict[str, object]:
    """Return the ship window of an order that closes in so many days."""
    return {"window": {"complete": (TODAY + timedelta(days=days)).isoformat()}}


def held(folder: Path, many: int = 1, *, can_probe: bool = True, why: Refused = SHORT) -> World:
    """Open a world in which so many orders were refused, for lack of stock; the last one has the first deadline."""
    world = World(folder, can_probe=can_probe)
    world.offer(*(order(number, **closes(30 + many - number)) for number in range(1, many + 1)))
    world.lacking = {str(number): why for number in range(1, many + 1)}
    world.script = ["lacking"] * many
    world.run()
    world.sent.clear()
    return world


@pytest.mark.parametrize("reason", PROBED)
def test_a_hold_is_released_by_the_cycle_after_its_cause_is_gone(tmp_path: Path, reason: Reason) -> None:
    """While what it waits for is missing the destination is asked and nothing is offered; then the order goes out."""
    world = held(tmp_path, why=Refused(reason=reason, message="not now"))
    assert find(world.ledger, "1")[0].reason == reason
    for _ in range(3):
        world.clock.sleep(300)
        assert world.run().held == 1
    assert (world.probed, world.sent, world.looked_up) == ([["1"]] * 3, [], [])
    assert find(world.ledger, "1")[0].changed_at[11:16] == "09:00"
    world.lacking.clear()
    world.clock.sleep(300)
    assert world.run().result == "done"
    assert (world.sent, world.state(1)) == (["wholesale:1"], "delivered")
    world.ledger.close()


def test_a_hold_is_asked_about_no_more_often_than_every_four_minutes(tmp_path: Path) -> None:
    """Runs in quick succession make no probe; a change of the configuration makes one at once."""
    world = held(tmp_path)
    world.run()
    world.clock.sleep(200)
    world.run()
    assert world.probed == []
    world.offer()
    world.configure(CONFIG + '[pipelines.orders.map]\n"note" = "new"\n')
    world.run()
    world.run()
    assert world.probed == [["1"]]
    world.ledger.close()


def test_probes_are_batched_and_the_first_deadline_comes_first(tmp_path: Path) -> None:
    """Of 250 held orders 100 are asked about at once, in the order their ship windows close; so they are sent."""
    world = held(tmp_path, 250)
    world.configure(CONFIG.replace('channel = "store"', 'channel = "store"\nin_flight = 1'))
    world.offer()
    world.lacking = {str(number): SHORT for number in range(1, 121)}
    world.clock.sleep(300)
    world.run()
    numbers = [str(number) for number in range(250, 0, -1)]
    assert world.probed == [numbers[:100], numbers[100:200], numbers[200:]]
    assert world.sent == [f"wholesale:{number}" for number in numbers[:130]]
    world.ledger.close()


def test_a_destination_that_says_yes_and_refuses_is_offered_less_and_less(tmp_path: Path) -> None:
    """Where the probe sees nothing wrong and the delivery is refused, the order waits an hour, then four."""
    world = held(tmp_path)
    world.lacking.clear()
    world.script = ["no stock"] * 3
    for wait, sent in ((300, 1), (300, 1), (3600, 2), (3600, 2), (4 * 3600, 3)):
        world.clock.sleep(wait)
        world.run()
        assert len(world.sent) == sent
    world.ledger.close()


def test_a_destination_without_probes_is_offered_held_orders_as_before(tmp_path: Path) -> None:
    """A refused order is offered again after a quarter of an hour."""
    world = held(tmp_path, can_probe=False)
    world.clock.sleep(300)
    world.run()
    assert world.sent == []
    world.clock.sleep(700)
    world.run()
    assert world.sent == ["wholesale:1"]
    world.ledger.close()


@pytest.mark.parametrize("can_probe", [True, False], ids=["asked", "offered"])
def test_a_hold_made_while_the_clock_was_ahead_is_due(tmp_path: Path, *, can_probe: bool) -> None:
    """A time to try again that no hold has by itself is not waited for; a day is."""
    world = held(tmp_path, can_probe=can_probe)
    world.offer()
    world.lacking.clear()
    for again, state in (("2026-11-03T09:00:00.000000Z", "held"), ("2027-11-02T09:00:00.000000Z", "delivered")):
        with world.ledger.transaction() as db:
            db.execute("UPDATE orders SET retry_at = ?", [again])
        world.run()
        assert world.state(1) == state
    assert world.probed == ([["1"]] if can_probe else [])
    world.ledger.close()


@pytest.mark.parametrize(
    "outcome",
    [SHORT, Accepted(receipt=Receipt(id="1", pending=True))],
    ids=["held", "pending"],
)
def test_a_record_put_off_while_the_clock_was_ahead_is_due(tmp_path: Path, outcome: Outcome) -> None:
    """A level that is held or was not confirmed is offered again once its time lies beyond any that is ever set."""
    ledger = Ledger(tmp_path / "orderweft.db", FakeClock())
    claim = ledger.claim("stock")
    due = []
    for again in (None, "2026-11-03T09:00:00.000000Z", "2027-11-02T09:00:00.000000Z"):
        with ledger.transaction() as db:
            db.execute("UPDATE entries SET retry_at = ?", [again])
        book = EntryBook(ledger, "stock", "", claim, ledger.start_run(claim))
        book.take_in([Incoming("a", "item a", '{"quantity":1}', "1", "item of a")])
        changes = book.changed()
        due.append(len(changes))
        if again is None:
            book.intend(changes)
            book.settle([(change, outcome) for change in changes])
    assert due == [1, 0, 1]
    ledger.close()


def test_a_change_put_off_while_the_clock_was_ahead_is_due(tmp_path: Path) -> None:
    """A held change of a delivered order is offered again once its time lies beyond any that is ever set."""
    world = World(tmp_path)
    for note in ("old", "new"):
        world.offer(order(1, note=note))
        world.run()
    due = []
    for again in ("2026-11-03T09:00:00.000000Z", "2027-11-02T09:00:00.000000Z"):
        with world.ledger.transaction() as db:
            db.execute("UPDATE changes SET state = 'held', config = 'same', retry_at = ?", [again])
        book = ChangeBook(world.ledger, Route("orders", "wholesale", "shop", "same"), None, 3)
        due.append(len(book.due("")))
    assert due == [0, 1]
    world.ledger.close()


def test_a_person_who_asks_for_one_order_gets_it_offered(tmp_path: Path) -> None:
    """Asked for by its number a held order is offered at once, without a probe."""
    world = held(tmp_path)
    world.run(number="1")
    assert (world.probed, world.sent) == ([], ["wholesale:1"])
    world.ledger.close()


def test_a_dry_run_says_exactly_what_would_be_held(tmp_path: Path) -> None:
    """New orders are asked about, too, and nothing is offered or stored."""
    world = World(tmp_path, can_probe=True)
    world.offer(order(1), order(2))
    world.lacking = {"2": SHORT}
    report = world.run(dry_run=True)
    assert [(one.number, one.action, one.message) for one in report.previews] == [
        ("2", "held", SHORT.message),
        ("1", "deliver", ""),
    ]
    assert (report.is_exact, report.counts["ready"], report.counts["held"], world.sent) == (True, 1, 1, [])
    world.ledger.close()


def test_deadlines_that_approach_are_urgent(tmp_path: Path) -> None:
    """A report names held orders whose window closes within urgent_days, those overdue too, the earliest first."""
    world = World(tmp_path)
    days = {1: 30, 2: 7, 3: -2, 4: 8}
    world.offer(*(order(number, **closes(left)) for number, left in days.items()), order(5))
    world.script = ["no stock"] * 5
    report = world.run()
    assert [(one.order.number, one.closes) for one in report.urgent] == [("3", "2026-10-31"), ("2", "2026-11-09")]
    world.configure(CONFIG + "urgent_days = 0\n")
    assert [one.order.number for one in world.run().urgent] == ["3"]
    world.ledger.close()


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_has_an_owner_and_a_fix(reason: Reason) -> None:
    """Nobody waits for nobody: each class of hold says whose it is to lift, and how."""
    assert CLASSES[reason].owner in get_args(Owner)
    assert CLASSES[reason].fix
