"""The ledger's care: what doctor finds and mends, what a purge lets go, and that a million orders are no burden."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from orderweft import Accepted, Fetched, LedgerError, NotSent, Page, Receipt, Refused, Unknown
from orderweft.ledger import EntryBook, Incoming, Ledger, OrderBook, Route, find, history, listed, tally
from orderweft.ledger.integrity import INVARIANTS, MAX_WAL, examine
from orderweft.ledger.purge import compact, nothing_running, purge
from orderweft.ledger.repair import repair
from orderweft.ledger.store import LEASE
from orderweft.testing import FakeClock

from .memory import World, fetched, order

PLENTY = 2**40
DAY = 24 * 3600


def booked(ledger: Ledger, *, acknowledge: bool = False) -> OrderBook:
    """Claim the pipeline, begin a run and give its writing side."""
    claim = ledger.claim("orders")
    return ledger.book(Route("orders", "wholesale", "shop", "1", acknowledge), claim, ledger.start_run(claim))


def fill(ledger: Ledger, *numbers: int, outcome: Any = None, acknowledge: bool = False, **fields: Any) -> OrderBook:
    """Deliver orders with an outcome, an acceptance unless another is given, and end the run."""
    book = booked(ledger, acknowledge=acknowledge)
    staged = book.stage(Page(tuple(fetched(order(number, **fields)) for number in numbers), "mark"))
    intents, _ = book.intend([(one, f"wholesale:{one.id}") for one in staged])
    accepted = [Accepted(receipt=Receipt(id=intent.id, number=f"S-{intent.id}")) for intent in intents]
    book.settle([(intent, outcome or answer) for intent, answer in zip(intents, accepted, strict=True)])
    ledger.rows("UPDATE claims SET holder = NULL, expires_at = NULL")
    return book


def findings(path: Path, clock: FakeClock, free: int = PLENTY) -> list[str]:
    """Return the checks that find something."""
    return [found.check for found in examine(path, clock, free=lambda _: free)]


def mended(path: Path, clock: FakeClock) -> str:
    """Repair what can be and return what was done."""
    return "; ".join(repair(path, clock, examine(path, clock, free=lambda _: PLENTY)))


# doctor


def test_a_ledger_after_all_kinds_of_outcome_is_sound(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """What runs leave behind is no finding, whatever happened in them."""
    refused = Refused(reason="no_stock", message="none there")
    for number, outcome in enumerate((None, refused, NotSent(message="busy"), Unknown(message="no answer"))):
        fill(ledger, number, outcome=outcome, acknowledge=True)
    book = EntryBook(ledger, "stock", "1", claim := ledger.claim("stock"), ledger.start_run(claim), target="t")
    book.take_in([Incoming("a", "item a", '{"quantity":1}', "1"), Incoming("b", "item b", '{"quantity":1}', "1")])
    book.intend(changes := book.changed())
    book.settle([(changes[0], Accepted(receipt=Receipt(id="1")))])
    assert findings(path, clock) == []


BROKEN = {
    "state": "UPDATE orders SET state = 'lost'",
    "reason": "UPDATE orders SET state = 'held', reason = NULL, message = NULL",
    "receipt": "UPDATE orders SET receipt = NULL",
    "contents": "UPDATE orders SET state = 'staged', revision = 7",
    "attempt": "UPDATE orders SET state = 'sending'",
    "key": "UPDATE attempts SET key = ' '",
    "orphan": "DELETE FROM orders",
    "claim": "UPDATE claims SET holder = 'there:1:2:3', expires_at = '2026-01-01T00:00:00Z'",
    "record": "UPDATE entries SET sent = NULL",
    "tally": "UPDATE tallies SET many = 7 WHERE state = 'delivered'",
    "target": "UPDATE entries SET target = NULL",
}


@pytest.mark.parametrize("check", BROKEN)
def test_each_broken_rule_is_found(ledger: Ledger, path: Path, clock: FakeClock, check: str) -> None:
    """A finding names an example, what it means and what to do; a repair mends it, or leaves it alone."""
    fill(ledger, 1)
    ledger.rows(
        "INSERT INTO entries (pipeline, key, label, state, sent, mark, target, receipt, changed_at, run)"
        " VALUES ('stock', 'a', 'item a', 'sent', '{}', '1', 't', '{}', 'now', 1)"
    )
    ledger.rows(BROKEN[check])
    (found,) = examine(path, clock, free=lambda _: PLENTY)
    assert found.check == check
    assert found.found.startswith("1 ")
    assert found.means
    assert found.fix
    repair(path, clock, [found])
    assert findings(path, clock) == ([] if found.repairs else [check])
    assert ledger.rows("SELECT receipt FROM attempts")[0]["receipt"] == Receipt(id="1", number="S-1").to_json()


def test_every_rule_is_broken_once() -> None:
    """No rule is without its test."""
    assert {one.check for one in INVARIANTS} == set(BROKEN)


def test_missing_orders_are_made_anew(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """From contents, attempts and receipts: what was delivered stays so, what was under way is looked up."""
    fill(ledger, 1)
    fill(ledger, 2, outcome=Unknown(message="no answer"))
    fill(ledger, 3, outcome=NotSent(message="busy"))
    before = {row["id"]: dict(row) for row in ledger.rows("SELECT * FROM orders")}
    ledger.rows("DELETE FROM orders")
    ledger.rows("DELETE FROM revisions WHERE id = '1'")
    assert "mended 3" in mended(path, clock)
    after = {row["id"]: dict(row) for row in ledger.rows("SELECT * FROM orders")}
    for name in ("number", "state", "destination", "receipt_number", "receipt", "delivered_revision"):
        assert [after[key][name] for key in "123"] == [before[key][name] for key in "123"]
    book = booked(ledger)
    staged = book.stage(Page(tuple(fetched(order(number)) for number in (1, 2, 3))))
    assert [one.state for one in staged] == ["delivered", "sending", "staged"]
    assert [intent.id for intent in book.unsettled()] == ["2"]


def test_files_open_to_others_are_closed(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """The journal holds addresses too."""
    fill(ledger, 1)
    files = [path, path.with_name("orderweft.db-wal")]
    for file in files:
        file.chmod(0o644)
    assert findings(path, clock) == ["file mode", "file mode"]
    mended(path, clock)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("umask", [0, 0o777], ids=oct)
def test_a_ledger_is_private_whatever_the_umask(path: Path, clock: FakeClock, umask: int) -> None:
    """The file and those beside it are for their owner alone, and for that one in any case."""
    before = os.umask(umask)
    try:
        with closing(Ledger(path, clock)) as ledger:
            fill(ledger, 1)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("orderweft.db*")}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("orderweft.db", "orderweft.db-wal", "orderweft.db-shm"), 0o600)


def test_too_little_room_is_told_before_it_hurts(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """Less free disk than the ledger's own size, or a grown journal, is a finding."""
    fill(ledger, 1)
    assert findings(path, clock, free=2**20) == ["disk"]
    wal = path.with_name("orderweft.db-wal")
    os.truncate(wal, MAX_WAL + 1)
    assert findings(path, clock) == ["journal"]
    assert "emptied the journal" in mended(path, clock)
    assert wal.stat().st_size == 0


def test_an_index_dropped_by_hand_comes_back(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """Runs name their indexes, so a missing one stops them; a missing table cannot be made up."""
    fill(ledger, 1)
    ledger.rows("DROP INDEX orders_unfinished")
    ledger.rows("DROP TRIGGER orders_added")
    assert findings(path, clock) == ["version"] * 2
    assert "made the index orders_unfinished anew" in mended(path, clock)
    assert findings(path, clock) == []
    ledger.rows("DROP TABLE spool")
    (found,) = examine(path, clock, free=lambda _: PLENTY)
    assert (found.found, found.repairs) == ("the table spool is missing", False)


def leaves(path: Path, table: str) -> tuple[int, list[int]]:
    """Return the page size of a ledger, and the leaf pages of a table but the outermost ones."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = db.execute("PRAGMA page_size").fetchone()[0]
        root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]).fetchone()[0]
    data = path.read_bytes()
    page = data[(root - 1) * size : root * size]
    assert page[0] in (2, 5), f"{table} has but one page"
    cells = int.from_bytes(page[3:5], "big")
    places = [int.from_bytes(page[12 + 2 * cell : 14 + 2 * cell], "big") for cell in range(cells)]
    return size, [int.from_bytes(page[place : place + 4], "big") for place in places][1:]


@pytest.mark.parametrize("table", ["orders", "revisions", "attempts"])
def test_a_damaged_file_is_saved_row_by_row(ledger: Ledger, path: Path, clock: FakeClock, table: str) -> None:
    """Two destroyed pages cost no order: each is found by what else is known of it, and none is sent again."""
    numbers = range(1000, 1160)
    fill(ledger, *numbers, note="x" * 300)
    ledger.close()
    size, pages = leaves(path, table)
    with path.open("r+b") as file:
        for page in (pages[0], pages[-1]):
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)
    assert findings(path, clock) == ["file"]
    told = mended(path, clock)
    assert "kept the damaged file as" in told
    assert f"could not read all of: {table}" in told
    (aside,) = path.parent.glob("orderweft.db.damaged-*Z")
    assert aside.stat().st_mode & 0o777 == 0o600
    assert b"\xff" * size in aside.read_bytes()
    assert findings(path, clock) == []
    with closing(Ledger(path, clock)) as saved:
        assert tally(saved, "orders") == {"delivered": len(numbers)}
        staged = booked(saved).stage(Page(tuple(fetched(order(number, note="x" * 300)) for number in numbers)))
        assert {one.state for one in staged} == {"delivered"}


def test_a_file_that_cannot_be_saved_stays_as_it_is(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """Where even the list of tables is destroyed, nothing is put in its place."""
    fill(ledger, 1)
    ledger.close()
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3996)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"cannot be repaired: .*; it was not changed. Restore a backup"):
        mended(path, clock)
    assert path.read_bytes() == before
    assert not [*path.parent.glob("*.saved*"), *path.parent.glob("*.damaged*")]


def test_a_damaged_file_is_left_alone_while_a_run_uses_it(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """What a run writes meanwhile would be lost with the file it writes to."""
    fill(ledger, *range(1000, 1160))
    ledger.claim("orders")
    size, pages = leaves(path, "orders")
    with path.open("r+b") as file:
        file.seek((pages[0] - 1) * size)
        file.write(b"\xff" * size)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="'orders' is running; wait for it to end"):
        mended(path, clock)
    assert path.read_bytes() == before


def test_a_file_that_is_no_ledger_is_told(path: Path, clock: FakeClock) -> None:
    """There is nothing to save, and nothing is tried."""
    path.write_bytes(b"names and addresses" * 100)
    path.chmod(0o600)
    (found,) = examine(path, clock, free=lambda _: PLENTY)
    assert "not a database" in found.found
    assert not found.repairs


# purge


def aged(ledger: Ledger, clock: FakeClock) -> None:
    """Store an order in every state, and let a hundred days pass."""
    book = fill(ledger, 1)
    fill(ledger, 2, outcome=Refused(reason="no_stock", message="none there"))
    fill(ledger, 3, outcome=Unknown(message="no answer"))
    fill(ledger, 4, acknowledge=True)
    fill(ledger, 5, outcome=Accepted(receipt=Receipt(id="5", pending=True)))
    fill(ledger, 6, outcome=NotSent(message="busy"))
    book = booked(ledger)
    book.stage(Page(tuple(fetched(order(number)) for number in (7, 8, 9))))
    for number, state in ((7, "skipped"), (8, "cancelled"), (9, "superseded")):
        ledger.rows(
            "UPDATE orders SET state = ?, message = 'left out', config = '1' WHERE id = ?", [state, str(number)]
        )
    ledger.rows("UPDATE claims SET holder = NULL, expires_at = NULL")
    ledger.spool("orders").put('{"orders": []}')
    clock.sleep(100 * DAY)
    fill(ledger, 10)


def kept(ledger: Ledger) -> set[str]:
    """Return the orders whose contents are there."""
    return {row["id"] for row in ledger.rows("SELECT id FROM revisions WHERE record IS NOT NULL")}


def test_only_what_is_over_loses_its_contents(ledger: Ledger, clock: FakeClock) -> None:
    """Held, in doubt, unconfirmed, unacknowledged, waiting and young orders keep theirs; all else stays known."""
    aged(ledger, clock)
    before = {row["id"]: dict(row) for row in ledger.rows("SELECT * FROM orders")}
    counts, limit = tally(ledger), clock.now() - timedelta(days=90)
    assert purge(ledger, limit, keep=False).orders == {"delivered": 1, "skipped": 1, "cancelled": 1, "superseded": 1}
    assert len(kept(ledger)) == 10
    assert purge(ledger, limit).orders.total() == 4
    assert kept(ledger) == {"2", "3", "4", "5", "6", "10"}
    after = {row["id"]: dict(row) for row in ledger.rows("SELECT * FROM orders")}
    assert {key: {**row, "purged_at": None} for key, row in after.items()} == before
    assert {key for key, row in after.items() if row["purged_at"]} == {"1", "7", "8", "9"}
    assert tally(ledger) == counts
    assert len(ledger.spool("orders").pending()) == 1
    assert purge(ledger, limit).orders.total() == 0


@pytest.mark.parametrize("state", ["waiting", "sending", "held", "done"])
def test_a_change_on_its_way_keeps_the_contents(ledger: Ledger, clock: FakeClock, state: str) -> None:
    """They are what it would be made of; once it is over, they go."""
    fill(ledger, 1)
    ledger.rows(
        "INSERT INTO changes (pipeline, id, revision, base, cancelled, state, seen_at, diff, run)"
        " VALUES ('orders', '1', 2, 1, 0, ?, 'now', '[]', 1)",
        [state],
    )
    clock.sleep(DAY)
    assert purge(ledger, clock.now()).orders.total() == (state == "done")
    assert kept(ledger) == (set() if state == "done" else {"1"})


def test_what_was_purged_is_not_sent_again(tmp_path: Path) -> None:
    """Read again it is known; changed it is told and not sent; left out it is decided anew, with its contents."""
    world = World(tmp_path)
    world.offer(order(1), order(2), order(3, lines=[]))
    rule = '\n[[pipelines.orders.skip]]\nwhen = "order.lines | length == 0"\nreason = "empty"\n'
    world.configure(world.path.read_text() + rule)
    world.run()
    world.clock.sleep(100 * DAY)
    assert purge(world.ledger, world.clock.now()).orders == {"delivered": 2, "skipped": 1}
    world.offer(order(1), order(2, note="please"), order(3, lines=[]))
    report = world.run()
    assert (report.counts["delivered"], report.counts["changed"], report.counts["known"]) == (0, 1, 2)
    assert world.run(number="3").result == "done"
    assert [world.state(number) for number in (1, 2, 3)] == ["delivered", "delivered", "skipped"]
    world.configure(world.path.read_text().replace(rule, ""))
    world.busy = {"wholesale:3"}
    world.run()
    world.busy, world.pages = set(), []
    world.run()
    assert world.sent.count("wholesale:1") == world.sent.count("wholesale:2") == 1
    assert world.arrived.keys() == {"wholesale:1", "wholesale:2", "wholesale:3"}
    (one,) = find(world.ledger, "3")
    assert one.purged_at is None
    world.ledger.close()


def test_what_was_purged_leaves_the_disk(ledger: Ledger, path: Path, clock: FakeClock) -> None:
    """The room is given back, and nothing of what was there can be found in the files."""
    fill(ledger, *range(50), note="canary in the mine " * 50)
    clock.sleep(DAY)
    purge(ledger, clock.now())
    assert compact(path) > 40_000
    assert b"canary in the mine" not in b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert "purged on 2026-11-03" in (history(ledger, find(ledger, "7")[0]).revisions[0].problem or "")


def test_nothing_is_removed_while_a_run_is_under_way(ledger: Ledger) -> None:
    """The run might need it."""
    fill(ledger, 1)
    ledger.claim("orders")
    with pytest.raises(LedgerError, match="'orders' is already running"), nothing_running(ledger):
        pass


def test_runs_are_kept_out_after_a_long_question(ledger: Ledger, clock: FakeClock) -> None:
    """Whoever answers late still has the claims, and for as long again."""
    fill(ledger, 1)
    with nothing_running(ledger) as still_alone:
        clock.sleep(2 * LEASE.total_seconds())
        still_alone()
        with pytest.raises(LedgerError, match="'orders' is already running"):
            ledger.claim("orders")


@pytest.mark.parametrize("pipeline", ["orders", "new"])
def test_a_run_during_a_long_question_is_noticed(ledger: Ledger, clock: FakeClock, pipeline: str) -> None:
    """What was found before it is not what is there now, whether it has ended or not."""
    fill(ledger, 1)
    with nothing_running(ledger) as still_alone:
        clock.sleep(2 * LEASE.total_seconds())
        with ledger.claimed(pipeline):
            pass
        with pytest.raises(LedgerError, match=f"'{pipeline}' has run meanwhile; nothing was removed"):
            still_alone()


# growth


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda ledger: find(ledger, "7"), id="why"),
        pytest.param(lambda ledger: history(ledger, find(ledger, "7")[0]), id="show"),
        pytest.param(listed, id="list"),
        pytest.param(lambda ledger: listed(ledger, pipeline="orders", state="held"), id="list of one state"),
    ],
)
def test_what_people_ask_does_not_read_everything(ledger: Ledger, ask: Callable[[Ledger], object]) -> None:
    """Each step of each query goes by an index, and by more of it than the pipeline."""
    fill(ledger, 7)
    asked: list[str] = []
    with ledger.transaction() as db:
        db.set_trace_callback(asked.append)
    ask(ledger)
    with ledger.transaction() as db:
        db.set_trace_callback(None)
    plans = [
        row["detail"]
        for sql in asked
        if sql.startswith(("SELECT", "WITH"))
        for row in ledger.rows(f"EXPLAIN QUERY PLAN {sql}")
    ]
    assert plans
    for step in plans:
        assert not step.startswith(("SCAN orders", "SCAN attempts", "SCAN revisions")), plans
        assert not step.endswith(("(pipeline=?)", "(pipeline=? AND id>?)")), plans


def test_lists_are_merged_from_all_pipelines_and_states(ledger: Ledger, clock: FakeClock) -> None:
    """Newest first, by number where several changed at once, at most as many as asked for."""
    fill(ledger, 2, 1)
    clock.sleep(60)
    fill(ledger, 3, outcome=Refused(reason="no_stock", message="none there"))
    with ledger.transaction() as db:
        db.execute("UPDATE orders SET pipeline = 'others' WHERE id = '2'")
    assert [row.number for row in listed(ledger)] == ["3", "1", "2"]
    assert [row.number for row in listed(ledger, limit=2)] == ["3", "1"]
    assert [row.number for row in listed(ledger, pipeline="others")] == ["2"]
    assert [row.number for row in listed(ledger, state="delivered")] == ["1", "2"]


def test_an_unread_order_is_found_too(ledger: Ledger) -> None:
    """By its id, in whatever pipeline."""
    booked(ledger).stage(Page((Fetched("id-9", "9", None, payload="{}", problem="it has no lines"),)))
    assert [row.number for row in find(ledger, "id-9")] == ["9"]
