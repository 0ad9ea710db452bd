"""What the ledger promises: durable before it says so, one writer at a time, nothing twice and nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from orderweft import (
    Accepted,
    AlreadyThere,
    Fetched,
    LeaseLostError,
    LedgerError,
    NotSent,
    Outcome,
    Page,
    Receipt,
    Refused,
    SettingsError,
    Unknown,
)
from orderweft.ledger import Intent, Ledger, OrderBook, Route, Staged, Verdict, find, history, holds, listed, tally
from orderweft.ledger.migrations import migrations
from orderweft.ledger.orders import MAX_TRIES, RETRY_AFTER
from orderweft.ledger.store import LEASE
from orderweft.testing import FakeClock
from sqlite_utils import Database

from .memory import fetched, order

Opened = Callable[..., Ledger]


@pytest.fixture
def opened(path: Path, clock: FakeClock) -> Iterator[Opened]:
    """Give a function that opens the ledger, once more each time."""
    ledgers: list[Ledger] = []

    def opens(where: Path | None = None) -> Ledger:
        ledgers.append(Ledger(where or path, clock))
        return ledgers[-1]

    yield opens
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def ledger(opened: Opened) -> Ledger:
    """Give a ledger."""
    return opened()


def booked(
    ledger: Ledger, pipeline: str = "orders", to: str = "shop", *, config: str = "1", acknowledge: bool = False
) -> OrderBook:
    """Claim a pipeline, begin a run and give its writing side."""
    claim = ledger.claim(pipeline)
    route = Route(pipeline, "wholesale", to, config, acknowledge)
    return ledger.book(route, claim, ledger.start_run(claim))


@pytest.fixture
def book(ledger: Ledger) -> OrderBook:
    """Give the writing side of one run."""
    return booked(ledger)


def page(*numbers: int, bookmark: str | None = None, spooled: tuple[int, ...] = (), **fields: Any) -> Page:
    """Build a page of small orders."""
    return Page(tuple(fetched(order(number, **fields)) for number in numbers), bookmark, spooled=spooled)


def key(staged: Staged) -> str:
    """Return the key an order is delivered under."""
    return f"wholesale:{staged.id}"


def sent(book: OrderBook, *numbers: int, **fields: Any) -> list[Intent]:
    """Stage orders and intend to deliver them."""
    staged = book.stage(page(*numbers, **fields))
    intents, _ = book.intend([(one, key(one)) for one in staged])
    return intents


def state(ledger: Ledger, number: int = 1, pipeline: str = "orders") -> tuple[str, str | None]:
    """Return the state and the reason of an order."""
    rows = ledger.rows("SELECT state, reason FROM orders WHERE id = ? AND pipeline = ?", [str(number), pipeline])
    return rows[0]["state"], rows[0]["reason"]


def due(book: OrderBook) -> list[str]:
    """Return the ids of the orders that are offered without being fetched again."""
    return [one.id for one in book.waiting("")]


RECEIPT = Receipt(id="9001", number="#1001")
ACCEPTED = Accepted(receipt=RECEIPT)
REFUSED = Refused(reason="no_stock", message="2 wanted, 1 there", fix="restock it")
NOT_SENT = NotSent(message="too busy")
UNKNOWN = Unknown(message="no answer")


# the file


def test_only_its_owner_may_read_the_ledger(book: OrderBook, path: Path) -> None:
    """The file and those beside it hold names and addresses, so their mode is 0600."""
    book.stage(page(1))
    files = sorted(path.parent.glob("orderweft.db*"))
    assert [file.name for file in files] == ["orderweft.db", "orderweft.db-shm", "orderweft.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_missing_folder_is_told(tmp_path: Path, clock: FakeClock) -> None:
    """The folder is named, and not created."""
    with pytest.raises(LedgerError, match=r"nowhere does not exist; create it or change `ledger`"):
        Ledger(tmp_path / "nowhere" / "orderweft.db", clock)
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_is_no_ledger(tmp_path: Path, clock: FakeClock) -> None:
    """A path that is a folder is told by its path."""
    with pytest.raises(LedgerError, match=str(tmp_path)):
        Ledger(tmp_path, clock)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"number,customer\n1,C1\n" * 400, id="a table"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 8000, id="a damaged header"),
    ],
)
def test_a_file_of_another_kind_is_refused_and_left_alone(path: Path, clock: FakeClock, content: bytes) -> None:
    """A wrong path never costs a person a file."""
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="the file is no ledger or is damaged"):
        Ledger(path, clock)
    assert path.read_bytes() == content


def test_a_damaged_page_is_told(opened: Opened, path: Path, clock: FakeClock) -> None:
    """A ledger that can be opened but not read through says so, and not with a traceback."""
    ledger = opened()
    booked(ledger).stage(page(*range(200)))
    ledger.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged"):
        Ledger(path, clock).rows("SELECT * FROM orders")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc here")
def test_a_folder_that_takes_no_files_is_told(clock: FakeClock) -> None:
    """Where nothing can be created the path is named."""
    with pytest.raises(LedgerError, match=r"/proc/self/orderweft\.db cannot be opened"):
        Ledger("/proc/self/orderweft.db", clock)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_ledger_that_may_not_be_written_is_told(opened: Opened, path: Path, clock: FakeClock, what: str) -> None:
    """Without write permission on file or folder nothing can be durable, so nothing is begun."""
    opened().close()
    protected = path if what == "file" else path.parent
    mode = stat.S_IMODE(protected.stat().st_mode)
    protected.chmod(mode & ~0o222)
    try:
        with pytest.raises(LedgerError, match="write permission"):
            Ledger(path, clock).claim("orders")
    finally:
        protected.chmod(mode)


def test_a_full_disk_loses_nothing_and_is_got_over(ledger: Ledger, book: OrderBook) -> None:
    """When a page does not fit, none of it is stored, its bookmark neither; with space again it is."""
    book.stage(page(1, bookmark="first"))
    with ledger.transaction() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 1}")
    large = page(*range(2, 200), bookmark="second", note="x" * 500)
    with pytest.raises(LedgerError, match="the disk is full; nothing of this step was written"):
        book.stage(large)
    assert tally(ledger) == {"staged": 1}
    assert ledger.bookmark("orders") == "first"
    with ledger.transaction() as db:
        db.execute("PRAGMA max_page_count = 100000")
    book.stage(large)
    assert tally(ledger) == {"staged": 199}
    assert ledger.bookmark("orders") == "second"


def test_a_full_disk_leaves_an_intent_unsent(ledger: Ledger, book: OrderBook) -> None:
    """When the intent cannot be stored the error comes before anything may be sent."""
    staged = book.stage(page(*range(100)))
    with ledger.transaction() as db:
        db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(LedgerError, match="the disk is full"):
        book.intend([(one, key(one) + "x" * 40) for one in staged])
    assert book.unsettled() == []


def test_a_ledger_locked_by_another_program_is_told(ledger: Ledger, book: OrderBook, path: Path) -> None:
    """Somebody's open transaction is waited for, and then told."""
    with ledger.transaction() as db:
        db.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="another process kept the ledger locked"):
        book.stage(page(1))
    other.execute("ROLLBACK")
    other.close()
    assert len(book.stage(page(1))) == 1


def test_a_closed_ledger_is_told(ledger: Ledger) -> None:
    """What comes too late gets a ledger's error."""
    ledger.close()
    with pytest.raises(LedgerError):
        ledger.claim("orders")


def test_what_is_committed_is_synced(ledger: Ledger) -> None:
    """The ledger uses a write-ahead log that is synced at each commit."""
    with ledger.transaction() as db:
        found = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert found == ["wal", 2]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, sqlite3.OperationalError])
def test_a_transaction_that_breaks_off_leaves_nothing(ledger: Ledger, error: type[BaseException]) -> None:
    """Whatever ends the block early, nothing of it is stored and the next transaction works."""
    expected = LedgerError if error is sqlite3.OperationalError else error

    def breaks_off() -> None:
        with ledger.transaction() as db:
            db.execute("INSERT INTO runs (pipeline, started_at) VALUES ('orders', 'now')")
            raise error

    with pytest.raises(expected):
        breaks_off()
    assert ledger.runs() == []
    ledger.start_run(ledger.claim("orders"))
    assert len(ledger.runs()) == 1


# versions


def test_opening_again_changes_nothing(opened: Opened, path: Path) -> None:
    """Migrations are applied once."""
    booked(opened()).stage(page(1))
    opened().close()
    with sqlite3.connect(path) as db:
        applied = db.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall()
    db.close()
    assert applied == [(migration.name,) for migration in migrations.pending(Database(memory=True))]
    assert tally(opened()) == {"staged": 1}


def every_schema(path: Path) -> list[tuple[Any, ...]]:
    """Return the schema of a file."""
    db = sqlite3.connect(path)
    found = db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
    db.close()
    return found


@pytest.mark.parametrize("first", ["m001_runs_and_claims", "m002_orders", "m003_records"])
def test_every_earlier_version_is_brought_up_to_date(opened: Opened, path: Path, tmp_path: Path, first: str) -> None:
    """A file of any earlier version becomes the same as a new one, and keeps what it holds."""
    old = Database(path)
    migrations.apply(old, stop_before=first)
    if first != "m001_runs_and_claims":
        old.execute("INSERT INTO runs (pipeline, started_at) VALUES ('orders', '2026-01-01T00:00:00Z')")
        old.conn.commit()
    old.close()
    assert len(opened().runs()) == (first != "m001_runs_and_claims")
    opened(tmp_path / "new.db").close()
    assert every_schema(path) == every_schema(tmp_path / "new.db")


def test_a_migration_that_fails_leaves_the_old_version(path: Path, clock: FakeClock) -> None:
    """Half a step is no step: the file stays as it was and can be migrated later."""
    old = Database(path)
    migrations.apply(old, stop_before="m002_orders")
    old.execute("CREATE TABLE revisions (in_the_way TEXT)")
    old.close()
    before = every_schema(path)
    with pytest.raises(LedgerError, match="revisions already exists"):
        Ledger(path, clock)
    assert every_schema(path) == before
    db = sqlite3.connect(path)
    db.execute("DROP TABLE revisions")
    db.close()
    Ledger(path, clock).close()


def test_a_newer_ledger_is_refused_and_left_alone(opened: Opened, path: Path, clock: FakeClock) -> None:
    """A version that does not know a ledger's form does not touch it, and says what to do."""
    opened().close()
    db = sqlite3.connect(path)
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('orderweft', 'm999_future', 'now')"
    )
    db.commit()
    db.close()
    with pytest.raises(LedgerError, match=r"written by a newer Orderweft \(it has m999_future\); upgrade this one"):
        Ledger(path, clock)
    assert len(every_schema(path)) > 5


def test_many_may_open_a_new_ledger_at_once(path: Path, clock: FakeClock) -> None:
    """Processes started by the same tick of a scheduler create one ledger, and all of them work."""
    ready, failures = threading.Barrier(6), list[BaseException]()

    def opens(name: str) -> None:
        ready.wait()
        try:
            ledger = Ledger(path, clock)
            booked(ledger, name).stage(page(1))
            ledger.close()
        except LedgerError as error:
            failures.append(error)

    threads = [threading.Thread(target=opens, args=(f"p{index}",)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    ledger = Ledger(path, clock)
    assert tally(ledger) == {"staged": 6}
    ledger.close()


# several writers


def test_two_that_write_at_once_lose_nothing(opened: Opened) -> None:
    """Two runs of two pipelines on one file, each on several threads, store all they say they stored."""
    books = [booked(opened(), name, f"shop of {name}") for name in ("one", "two")]
    failures: list[BaseException] = []

    def work(book: OrderBook, begin: int) -> None:
        try:
            for number in range(begin, begin + 20):
                intents = sent(book, number)
                book.settle([(intent, ACCEPTED) for intent in intents])
        except LedgerError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(book, begin)) for book in books for begin in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    ledger = opened()
    assert tally(ledger, "one") == tally(ledger, "two") == {"delivered": 60}
    accepted = ledger.rows("SELECT destination, key FROM attempts WHERE outcome = 'accepted'")
    assert len(accepted) == len({tuple(row) for row in accepted}) == 120


# claims


def test_a_claim_is_refused_while_another_holds_it(opened: Opened) -> None:
    """The message names host and process; another pipeline is free, and a released one too."""
    one, two = opened(), opened()
    claim = one.claim("orders")
    with pytest.raises(LedgerError, match=rf"'orders' is already running on .+ \(process {os.getpid()}\)"):
        two.claim("orders")
    two.claim("inventory")
    one.release(claim)
    assert two.claim("orders").fence == claim.fence + 1


def test_a_claim_expires_without_a_write(opened: Opened, clock: FakeClock) -> None:
    """A lease counts from the last write; each write of its holder prolongs it."""
    one, two = opened(), opened()
    book = booked(one)
    for number in range(3):
        clock.sleep(LEASE.total_seconds() - 1)
        book.stage(page(number))
    with pytest.raises(LedgerError, match="already running"):
        two.claim("orders")
    clock.sleep(LEASE.total_seconds())
    two.claim("orders")


def test_who_lost_the_claim_can_write_nothing(opened: Opened, clock: FakeClock) -> None:
    """Every write of a run is refused after a takeover, and changes nothing; giving back harms nobody."""
    old, new = opened(), opened()
    book = booked(old)
    claim = old.claim("other")
    intents = sent(book, 1, 2)
    staged = book.stage(page(3))
    clock.sleep(LEASE.total_seconds() + 1)
    taken = new.claim("orders")
    new.claim("other")
    before = tally(new)
    late: list[Callable[[], object]] = [
        lambda: book.stage(page(9, bookmark="late")),
        lambda: book.decide([Verdict(staged[0], "skipped", None, "late")]),
        lambda: book.intend([(staged[0], key(staged[0]))]),
        lambda: book.settle([(intents[0], ACCEPTED)]),
        lambda: book.park(intents, "late", str),
        lambda: book.acknowledged([]),
        lambda: old.start_run(claim),
    ]
    for write in late:
        with pytest.raises(LeaseLostError, match=r"has taken pipeline '(orders|other)' over; this run stops"):
            write()
    assert tally(new) == before
    assert new.bookmark("orders") is None
    old.release(claim)
    with new.transaction(taken):
        pass
    with pytest.raises(LedgerError, match="already running"):
        opened().claim("other")


def test_an_expired_claim_nobody_took_goes_on(ledger: Ledger, book: OrderBook, clock: FakeClock) -> None:
    """A slow run whose pipeline nobody wanted meanwhile writes on."""
    clock.sleep(10 * LEASE.total_seconds())
    book.stage(page(1))
    assert tally(ledger) == {"staged": 1}


def test_a_claim_is_kept_alive_while_a_run_waits(opened: Opened, clock: FakeClock) -> None:
    """Waiting counts as living: the lease is prolonged now and then, without a write for every second."""
    one, two = opened(), opened()
    claim = one.claim("orders")
    prolong = one.keep_alive(claim)
    expiries = set[str]()
    for _ in range(2 * int(LEASE.total_seconds())):
        clock.sleep(1)
        prolong()
        expiries.add(one.rows("SELECT expires_at FROM claims")[0]["expires_at"])
        if len(expiries) > 1:
            with pytest.raises(LedgerError, match="already running"):
                two.claim("orders")
    assert 10 < len(expiries) < 40
    clock.sleep(LEASE.total_seconds() + 1)
    two.claim("orders")
    with pytest.raises(LeaseLostError):
        prolong()


@pytest.mark.parametrize("error", [None, ZeroDivisionError, KeyboardInterrupt])
def test_a_claim_ends_with_its_block(opened: Opened, error: type[BaseException] | None) -> None:
    """However a run ends, the next one need not wait for a lease."""

    def run() -> None:
        with opened().claimed("orders"):
            if error is not None:
                raise error

    if error is None:
        run()
    else:
        with pytest.raises(error):
            run()
    assert opened().claim("orders").fence == 2


def test_a_clock_that_was_set_back_locks_nobody_out(opened: Opened, path: Path, clock: FakeClock) -> None:
    """Another machine's claim that expires later than any can was made by a wrong clock, and is not waited for."""
    fast = FakeClock(clock.now() + timedelta(days=365))
    ahead = Ledger(path, fast)
    ahead.claim("orders")
    with pytest.raises(LedgerError, match="already running"):
        opened().claim("orders")
    with ahead.transaction() as db:
        db.execute("UPDATE claims SET holder = 'elsewhere:0:1:1'")
    assert opened().claim("orders").fence == 2
    ahead.close()


def test_a_connection_stays_one_account(ledger: Ledger, opened: Opened) -> None:
    """What is known of orders holds for the account they were sent to; another one under its name is refused."""
    ledger.recognize("shop", {"shop": "example"})
    ledger.recognize("shop", {"shop": "example", "sandbox": "False"})
    ledger.recognize("shop", {})
    ledger.recognize("other", {"shop": "another"})
    with pytest.raises(SettingsError, match="shop was 'example' and is 'another'; give the connection another name"):
        opened().recognize("shop", {"shop": "another"})
    with pytest.raises(SettingsError, match="sandbox was 'False' and is 'True'"):
        opened().recognize("shop", {"sandbox": "True"})
    ledger.recognize("shop", {"shop": "example", "sandbox": "False"})


CLAIMING = """
import sys
from orderweft.ledger import Ledger
from orderweft.testing import FakeClock
ledger = Ledger(sys.argv[1], FakeClock())
ledger.claim("orders")
print("claimed", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def claiming(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Give another process that holds the pipeline."""
    with subprocess.Popen(
        [sys.executable, "-c", CLAIMING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


def test_a_dead_process_is_followed_at_once(opened: Opened, claiming: subprocess.Popen[str]) -> None:
    """While the other process lives it is left alone; when it was killed nobody waits for its lease."""
    ledger = opened()
    with pytest.raises(LedgerError, match=rf"\(process {claiming.pid}\)"):
        ledger.claim("orders")
    claiming.kill()
    claiming.wait()
    assert ledger.claim("orders").fence == 2


@pytest.mark.parametrize("part", [0, 1], ids=["host", "process namespace"])
def test_a_process_that_cannot_be_seen_from_here_keeps_its_lease(
    opened: Opened, claiming: subprocess.Popen[str], clock: FakeClock, part: int
) -> None:
    """Nobody can tell whether a process on another host, or in another container, is dead; its lease is respected."""
    claiming.kill()
    claiming.wait()
    ledger = opened()
    with ledger.transaction() as db:
        holder = db.execute("SELECT holder FROM claims").fetchone()[0].split(":")
        holder[part] = f"not-{holder[part]}"
        db.execute("UPDATE claims SET holder = ?", [":".join(holder)])
    with pytest.raises(LedgerError, match="already running"):
        ledger.claim("orders")
    clock.sleep(LEASE.total_seconds() + 1)
    ledger.claim("orders")


def test_runs_are_written_down(ledger: Ledger, clock: FakeClock) -> None:
    """A run that died is one without an end; the newest comes first."""
    claim = ledger.claim("orders")
    ledger.start_run(claim)
    clock.sleep(60)
    run = ledger.start_run(claim)
    ledger.end_run(run, "held", {"held": 2}, "two wait")
    ledger.start_run(ledger.claim("inventory"))
    assert [(row.result, dict(row.counts), row.message) for row in ledger.runs("orders")] == [
        ("held", {"held": 2}, "two wait"),
        (None, {}, None),
    ]
    assert [row.pipeline for row in ledger.runs(limit=2)] == ["inventory", "orders"]


# staging


def test_a_page_and_its_bookmark_are_stored_together(ledger: Ledger, book: OrderBook) -> None:
    """After a page its orders are staged and the bookmark has moved; a page without one leaves it."""
    staged = book.stage(page(1, 2, bookmark="a"))
    assert [(one.id, one.state, one.revision, one.new, one.changed) for one in staged] == [
        ("1", "staged", 1, True, True),
        ("2", "staged", 1, True, True),
    ]
    book.stage(page(3))
    assert ledger.bookmark("orders") == "a"
    assert due(book) == ["1", "2", "3"]


def test_what_is_known_is_told_apart_from_what_changed(ledger: Ledger, book: OrderBook) -> None:
    """An order seen again keeps its revision; a changed one gets the next, and each is kept."""
    book.stage(page(1, 2))
    same, changed = book.stage(Page((fetched(order(1)), fetched(order(2, note="new")))))
    assert (same.new, same.changed, same.revision) == (False, False, 1)
    assert (changed.new, changed.changed, changed.revision) == (False, True, 2)
    revisions = history(ledger, find(ledger, "2")[0]).revisions
    assert [(one.revision, "new" in (one.record or "")) for one in revisions] == [(1, False), (2, True)]


def test_a_page_may_name_an_order_twice(ledger: Ledger, book: OrderBook) -> None:
    """Of two mentions on one page the last counts, so that nothing is stored or offered twice."""
    staged = book.stage(Page((fetched(order(1)), fetched(order(1, note="later")))))
    assert [one.order.note for one in staged if one.order] == ["later"]
    assert tally(ledger) == {"staged": 1}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(fetched(order(1)), id="order"),
        pytest.param(Fetched("1", "1", None, payload="{}", problem="odd"), id="unreadable"),
        pytest.param(fetched(order(1), skip="pending"), id="left out"),
    ],
)
@pytest.mark.parametrize(
    "after",
    [
        pytest.param(fetched(order(1, note="x")), id="order"),
        pytest.param(Fetched("1", "1", None, payload="[]", problem="odd"), id="another text"),
        pytest.param(Fetched("1", "1", None, payload="{}", problem="odder"), id="another problem"),
        pytest.param(fetched(order(1), skip="cancelled"), id="left out otherwise"),
    ],
)
def test_every_difference_is_a_revision(book: OrderBook, before: Fetched, after: Fetched) -> None:
    """Whatever changes about an order, its text, its problem or why it is left out, makes it be decided anew."""
    book.stage(Page((before,)))
    first = book.waiting("")[0]
    book.decide([Verdict(first, "skipped", None, "for now")])
    (staged,) = book.stage(Page((after,)))
    assert (staged.changed, staged.state) == (True, "staged")
    (waits,) = book.waiting("")
    assert (waits.revision, waits.problem, waits.skip, waits.order) == (2, after.problem, after.skip, after.order)
    assert book.stage(Page((after,)))[0].changed is False


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(st.text(st.characters(), min_size=1, max_size=8), min_size=1, max_size=5, unique=True),
    text=st.text(st.characters()),
)
def test_any_text_a_source_gives_is_stored_and_known_again(clock: FakeClock, ids: list[str], text: str) -> None:
    """Odd ids and texts, half surrogate pairs and zero bytes included, never stop a page or make an order new twice."""
    ledger = Ledger(":memory:", clock)
    book = booked(ledger)
    items = tuple(Fetched(one, one, None, payload=text, problem=text or "empty", customer=text) for one in ids)
    first = book.stage(Page(items, bookmark="here"))
    again = book.stage(Page(items))
    assert all(one.new for one in first)
    assert not any(one.new or one.changed for one in again)
    assert sum(tally(ledger).values()) == len(first)
    assert len(book.waiting("", 1000)) == len(first)
    ledger.close()


def test_without_keep_nothing_is_stored(ledger: Ledger, book: OrderBook) -> None:
    """A dry run learns what a page would be, and leaves no trace."""
    entry = ledger.spool("orders").put("raw")
    staged = book.stage(page(1, bookmark="a", spooled=(entry,)), keep=False)
    assert staged[0].new
    assert tally(ledger) == {}
    assert ledger.bookmark("orders") is None
    assert ledger.spool("orders").pending() == [(entry, "raw")]


def test_a_bookmark_may_stay(ledger: Ledger, book: OrderBook) -> None:
    """A manual import stores its orders and leaves the reading point."""
    book.stage(page(1, bookmark="live"))
    book.stage(page(2, bookmark="old"), move_bookmark=False)
    assert ledger.bookmark("orders") == "live"
    assert tally(ledger) == {"staged": 2}


def test_the_spool_is_emptied_with_the_page_and_not_before(opened: Opened, clock: FakeClock) -> None:
    """What a read consumed stays until its orders are stored, and goes in the same transaction."""
    ledger = opened()
    book = booked(ledger)
    spool = ledger.spool("orders")
    entries = [spool.put(text) for text in ("one", "two", "three")]
    assert ledger.spool("inventory").pending() == []
    book.stage(page(1, spooled=(entries[0], entries[2])))
    assert spool.pending() == [(entries[1], "two")]
    clock.sleep(LEASE.total_seconds() + 1)
    opened().claim("orders")
    with pytest.raises(LeaseLostError):
        book.stage(page(2, spooled=(entries[1],)))
    assert opened().spool("orders").pending() == [(entries[1], "two")]
    assert spool.put("four") not in entries


def test_an_order_of_an_older_version_is_held_and_stops_nobody(ledger: Ledger, book: OrderBook) -> None:
    """A stored order whose form does not fit this version is a problem of that order alone."""
    book.stage(page(1, 2))
    with ledger.transaction() as db:
        db.execute("UPDATE revisions SET record = replace(record, 'approved', 'long gone') WHERE id = '1'")
    first, second = book.waiting("")
    assert first.order is None
    assert "stored by another version" in (first.problem or "")
    assert second.order is not None


def test_what_could_not_be_read_is_known_when_the_rules_change(
    ledger: Ledger, opened: Opened, clock: FakeClock
) -> None:
    """Orders held unread under other settings are given with the payload they came with."""
    book = booked(ledger)
    for number in (1, 2):
        (staged,) = book.stage(Page((Fetched(f"{number}", f"{number}", None, payload=f"<{number}>", problem="odd"),)))
        book.decide([Verdict(staged, "held", "invalid_field", "odd")])
        clock.sleep(60)
    book.stage(page(3))
    assert book.unreadable("") == {}
    clock.sleep(LEASE.total_seconds() + 1)
    assert booked(opened(), config="2").unreadable("") == {"1": "<1>", "2": "<2>"}


# deciding, sending, settling


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        pytest.param(ACCEPTED, ("delivered", None), id="accepted"),
        pytest.param(AlreadyThere(receipt=RECEIPT), ("delivered", None), id="already there"),
        pytest.param(REFUSED, ("held", "no_stock"), id="refused"),
        pytest.param(NOT_SENT, ("staged", None), id="not sent"),
        pytest.param(UNKNOWN, ("sending", None), id="unknown"),
    ],
)
def test_each_outcome_ends_in_its_state(ledger: Ledger, book: OrderBook, outcome: Outcome, ends: Any) -> None:
    """An answer moves the order on; only an unknown one leaves the attempt open."""
    (intent,) = sent(book, 1)
    assert state(ledger) == ("sending", None)
    assert due(book) == []
    book.settle([(intent, outcome)])
    assert state(ledger) == ends
    assert [one.attempt for one in book.unsettled()] == ([intent.attempt] if outcome is UNKNOWN else [])
    (attempt,) = history(ledger, find(ledger, "1")[0]).attempts
    assert (attempt.outcome, attempt.key, attempt.revision) == (outcome.outcome, "wholesale:1", 1)


def test_a_receipt_is_kept_with_its_order(ledger: Ledger, book: OrderBook) -> None:
    """What the destination gave in return can be found by either number."""
    book.settle([(intent, ACCEPTED) for intent in sent(book, 1)])
    row = find(ledger, "1001")[0]
    assert (row.receipt_id, row.receipt_number, row.delivered_revision) == ("9001", "#1001", 1)
    assert Receipt.model_validate_json(row.receipt or "") == RECEIPT


def test_what_is_delivered_or_under_way_is_not_intended_again(ledger: Ledger, book: OrderBook) -> None:
    """An order read twice is sent once, whether its first delivery is settled or not."""
    staged = book.stage(page(1, 2))
    deliveries = [(one, key(one)) for one in staged]
    intents, _ = book.intend(deliveries)
    book.settle([(intents[0], ACCEPTED)])
    assert book.intend(deliveries) == ([], [])
    assert len(ledger.rows("SELECT * FROM attempts")) == 2


def test_what_changed_since_it_was_judged_is_not_sent(ledger: Ledger, book: OrderBook) -> None:
    """An order cancelled on a later page, while its older form waits for its turn to be sent, does not go out."""
    (judged,) = book.stage(page(1))
    (cancelled,) = book.stage(Page((fetched(order(1, status="cancelled"), skip="It is cancelled."),)))
    book.decide([Verdict(cancelled, "cancelled", None, "It is cancelled.")])
    assert book.intend([(judged, key(judged))]) == ([], [])
    assert state(ledger) == ("cancelled", None)
    assert ledger.rows("SELECT * FROM attempts") == []


def test_a_change_while_it_is_sent_is_kept_for_later(ledger: Ledger, book: OrderBook) -> None:
    """A revision seen while the order is under way does not stop it; the one that was sent counts as delivered."""
    (intent,) = sent(book, 1)
    (seen,) = book.stage(page(1, note="changed"))
    assert (seen.state, seen.revision) == ("sending", 2)
    book.settle([(intent, ACCEPTED)])
    row = find(ledger, "1")[0]
    assert (row.state, row.revision, row.delivered_revision) == ("delivered", 2, 1)


def test_a_correction_while_it_is_refused_is_not_lost(ledger: Ledger, book: OrderBook) -> None:
    """When the form that was refused is not the newest any more, the newest is offered, not held for its elder."""
    (intent,) = sent(book, 1)
    book.stage(page(1, note="corrected"))
    book.settle([(intent, Refused(reason="invalid_field", message="the note is missing"))])
    (waits,) = book.waiting("")
    assert waits.order is not None
    assert waits.order.note == "corrected"


@pytest.mark.parametrize("later", [REFUSED, NOT_SENT, UNKNOWN], ids=lambda outcome: outcome.outcome)
def test_a_receipt_is_never_taken_back(ledger: Ledger, book: OrderBook, later: Outcome) -> None:
    """Once an attempt is accepted, a belated other outcome of it changes nothing."""
    (intent,) = sent(book, 1)
    book.settle([(intent, ACCEPTED)])
    book.settle([(intent, later)])
    assert state(ledger) == ("delivered", None)
    assert book.unsettled() == []
    assert due(book) == []


def test_a_refused_order_is_offered_at_growing_intervals(book: OrderBook, clock: FakeClock) -> None:
    """Each refusal doubles the patience, up to a day."""
    book.stage(page(1))
    for wait in (*RETRY_AFTER, RETRY_AFTER[-1]):
        (staged,) = book.waiting("")
        intents, _ = book.intend([(staged, key(staged))])
        book.settle([(intents[0], REFUSED)])
        clock.sleep(wait.total_seconds() - 1)
        assert due(book) == []
        clock.sleep(1)
        assert due(book) == ["1"]


@pytest.mark.parametrize("reason", ["invalid_field", "needs_person"])
def test_what_only_a_person_can_mend_is_not_offered_by_itself(
    ledger: Ledger, opened: Opened, clock: FakeClock, reason: Any
) -> None:
    """Such a hold waits for other rules, another revision, or to be asked for."""
    book = booked(ledger)
    book.settle([(intent, Refused(reason=reason, message="no")) for intent in sent(book, 1)])
    clock.sleep(timedelta(days=400).total_seconds())
    assert due(book) == []
    assert [one.id for one in book.one("1")] == ["1"]
    assert due(booked(opened(), config="2")) == ["1"]
    assert book.route.config == "1"


def test_an_order_that_never_gets_through_is_held_in_the_end(ledger: Ledger, book: OrderBook, clock: FakeClock) -> None:
    """Tries that fail are counted, so that one order cannot keep a pipeline busy; a new form of it begins anew."""
    for count in range(MAX_TRIES - 1):
        intents = sent(book, 1) if count == 0 else book.intend([(one, key(one)) for one in book.waiting("")])[0]
        book.settle([(intents[0], NOT_SENT)], tried=True)
        assert state(ledger) == ("staged", None)
    book.stage(page(1, note="changed"))
    for count in range(MAX_TRIES):
        assert state(ledger) == ("staged", None), count
        intents, _ = book.intend([(one, key(one)) for one in book.waiting("")])
        book.settle([(intents[0], NOT_SENT)], tried=True)
    assert state(ledger) == ("held", "refused")
    assert due(book) == []
    clock.sleep(RETRY_AFTER[-1].total_seconds())
    assert due(book) == ["1"]


def test_a_run_that_stops_costs_an_order_no_try(ledger: Ledger, book: OrderBook) -> None:
    """Orders put back because the run ended wait without being counted as failures."""
    book.stage(page(1))
    for _ in range(3 * MAX_TRIES):
        intents, _ = book.intend([(one, key(one)) for one in book.waiting("")])
        book.settle([(intents[0], NOT_SENT)])
    assert state(ledger) == ("staged", None)


def test_verdicts_stay_off_what_is_sent(ledger: Ledger, book: OrderBook) -> None:
    """A verdict that comes too late changes neither an order under way nor a delivered one."""
    staged = book.stage(page(1, 2, 3))
    intents, _ = book.intend([(one, key(one)) for one in staged[:2]])
    book.settle([(intents[0], ACCEPTED)])
    book.decide([Verdict(one, "skipped", None, "filtered") for one in staged])
    assert [state(ledger, number)[0] for number in (1, 2, 3)] == ["delivered", "sending", "skipped"]


def test_waiting_orders_come_in_pages(book: OrderBook) -> None:
    """Each page goes on behind the last; none comes twice, none is left out."""
    book.stage(page(*range(250)))
    seen, after = list[str](), ""
    while found := book.waiting(after, 100):
        seen.extend(one.id for one in found)
        after = found[-1].id
    assert sorted(seen) == sorted(str(number) for number in range(250))


def test_open_attempts_come_in_pages_and_survive_their_run(ledger: Ledger, opened: Opened, clock: FakeClock) -> None:
    """What a dead run left open is found by the next, oldest first."""
    intents = sent(booked(ledger), *range(150))
    clock.sleep(LEASE.total_seconds() + 1)
    book = booked(opened())
    first = book.unsettled(0, 100)
    assert [one.attempt for one in first + book.unsettled(first[-1].attempt, 100)] == [one.attempt for one in intents]
    assert due(book) == []


def test_an_attempt_without_any_outcome_may_have_left_until_the_next_run_began(
    ledger: Ledger, opened: Opened, clock: FakeClock
) -> None:
    """An intent may wait long for its turn before it leaves; a dead process's is looked up with that in mind."""
    book = booked(ledger)
    silent, lost = sent(book, 1, 2)
    clock.sleep(100)
    book.settle([(lost, UNKNOWN)])
    told = clock.now()
    clock.sleep(LEASE.total_seconds() + 1)
    began = clock.now()
    later = booked(opened())
    clock.sleep(5)
    moments = {one.attempt: datetime.fromisoformat(one.started_at) for one in later.unsettled()}
    assert moments == {silent.attempt: began, lost.attempt: told}


def test_a_parked_order_waits_for_a_person_with_its_attempt_open(
    ledger: Ledger, book: OrderBook, clock: FakeClock
) -> None:
    """Nobody knows whether it arrived, so neither time nor a change nor asking for it sends it again."""
    (intent,) = sent(book, 1)
    book.settle([(intent, UNKNOWN)])
    book.park([intent], "nobody knows", lambda intent: "look there")
    assert state(ledger) == ("held", "in_doubt")
    clock.sleep(timedelta(days=400).total_seconds())
    (seen,) = book.stage(page(1, note="changed"))
    assert seen.state == "held"
    assert due(book) == []
    assert book.one("1") == []
    assert [one.attempt for one in book.unsettled()] == [intent.attempt]
    book.settle([(intent, ACCEPTED)])
    assert state(ledger) == ("delivered", None)


def test_a_refusal_before_does_not_release_an_order_in_doubt(ledger: Ledger, book: OrderBook, clock: FakeClock) -> None:
    """An order refused once and then sent without an answer is not offered when its old waiting time is over."""
    book.settle([(intent, REFUSED) for intent in sent(book, 1)])
    clock.sleep(RETRY_AFTER[0].total_seconds())
    (staged,) = book.waiting("")
    intents, _ = book.intend([(staged, key(staged))])
    book.settle([(intents[0], UNKNOWN)])
    book.park(intents, "nobody knows", lambda intent: "look there")
    clock.sleep(timedelta(days=400).total_seconds())
    assert due(book) == []


# two pipelines to one destination


def test_what_another_pipeline_delivered_counts_as_delivered(opened: Opened) -> None:
    """A pipeline that is renamed or doubled takes over the receipt instead of sending again."""
    ledger = opened()
    one, two = booked(ledger, "one"), booked(ledger, "two")
    one.settle([(intent, ACCEPTED) for intent in sent(one, 1)])
    (staged,) = two.stage(page(1))
    assert two.intend([(staged, key(staged))]) == ([], [staged])
    assert state(ledger, 1, "two") == ("delivered", None)
    assert len(ledger.rows("SELECT * FROM attempts")) == 1


@pytest.mark.parametrize("outcome", [ACCEPTED, NOT_SENT], ids=lambda outcome: outcome.outcome)
@pytest.mark.parametrize("asked", [False, True], ids=["under way", "without an answer"])
def test_what_another_pipeline_does_not_know_waits_for_it(opened: Opened, outcome: Outcome, asked: bool) -> None:
    """While another pipeline's delivery is open the order is held, and goes on as soon as it is settled."""
    ledger = opened()
    one, two = booked(ledger, "one"), booked(ledger, "two")
    (intent,) = sent(one, 1)
    if asked:
        one.settle([(intent, UNKNOWN)])
    (staged,) = two.stage(page(1))
    assert two.intend([(staged, key(staged))]) == ([], [])
    assert state(ledger, 1, "two") == ("held", "in_doubt")
    assert two.unsettled() == []
    (waits,) = two.waiting("")
    assert two.intend([(waits, key(waits))]) == ([], [])
    one.settle([(intent, outcome)])
    (waits,) = two.waiting("")
    intents, done = two.intend([(waits, key(waits))])
    assert (len(intents), len(done)) == ((0, 1) if outcome is ACCEPTED else (1, 0))


# telling the source


def test_the_source_is_told_until_it_has_taken_it(ledger: Ledger) -> None:
    """An acknowledgement stays due after no answer or a failure, and is over after any other."""
    book = booked(ledger, acknowledge=True)
    book.settle([(intent, ACCEPTED) for intent in sent(book, 1)])
    for answer in (NOT_SENT, UNKNOWN, ACCEPTED):
        (told,) = book.unacknowledged("", 10)
        assert (told.id, told.delivered, told.message, told.receipt) == ("1", True, "Delivered as #1001.", RECEIPT)
        book.acknowledged([(told, answer)])
    assert book.unacknowledged("", 10) == []


def test_news_that_come_while_the_source_is_told_are_told_too(ledger: Ledger, clock: FakeClock) -> None:
    """An answer to the hold does not tick off the delivery that followed it."""
    book = booked(ledger, acknowledge=True)
    book.settle([(intent, REFUSED) for intent in sent(book, 1)])
    (told,) = book.unacknowledged("", 10)
    assert (told.delivered, told.message) == (False, "Not delivered: 2 wanted, 1 there")
    clock.sleep(RETRY_AFTER[0].total_seconds())
    (staged,) = book.waiting("")
    intents, _ = book.intend([(staged, key(staged))])
    book.settle([(intents[0], ACCEPTED)])
    book.acknowledged([(told, ACCEPTED)])
    assert [one.delivered for one in book.unacknowledged("", 10)] == [True]


def test_the_same_hold_is_told_once(ledger: Ledger) -> None:
    """A hold decided again in the same words is no news to the source."""
    book = booked(ledger, acknowledge=True)
    (staged,) = book.stage(page(1))
    for _ in range(2):
        book.decide([Verdict(staged, "held", "invalid_field", "it lacks a season")])
        book.acknowledged([(told, ACCEPTED) for told in book.unacknowledged("", 10)])
    assert history(ledger, find(ledger, "1")[0]).told is not None
    assert book.unacknowledged("", 10) == []


def test_a_source_that_does_not_want_to_know_is_not_told(book: OrderBook) -> None:
    """Without acknowledgements nothing becomes due."""
    book.settle([(intent, ACCEPTED) for intent in sent(book, 1)])
    assert book.unacknowledged("", 10) == []


# looking things up


def test_orders_are_found_by_whatever_a_person_has(ledger: Ledger, book: OrderBook) -> None:
    """The number, the id, the key, and the number at the destination with or without its mark all find the order."""
    named = fetched(order(1).model_copy(update={"number": "PO-77"}))
    (staged,) = book.stage(Page((named,)))
    intents, _ = book.intend([(staged, key(staged))])
    book.settle([(intents[0], ACCEPTED)])
    for text in ("PO-77", "1", "wholesale:1", "#1001", "1001"):
        assert [row.id for row in find(ledger, text)] == ["1"], text
    assert find(ledger, "2") == []


def test_lists_and_holds_tell_what_there_is(ledger: Ledger, book: OrderBook, clock: FakeClock) -> None:
    """Orders are listed newest change first, by state and pipeline; holds by their reason."""
    staged = book.stage(page(1, 2, 3))
    clock.sleep(1)
    book.decide([Verdict(staged[1], "held", "invalid_field", "it lacks a season", "add it")])
    assert [row.number for row in listed(ledger)] == ["2", "1", "3"]
    assert [row.number for row in listed(ledger, state="staged", limit=1)] == ["1"]
    assert listed(ledger, pipeline="other") == []
    (hold,) = holds(ledger, "orders")
    assert (hold.number, hold.reason, hold.message, hold.fix) == ("2", "invalid_field", "it lacks a season", "add it")
    assert tally(ledger) == tally(ledger, "orders") == {"staged": 2, "held": 1}


# speed that lasts


def test_what_a_run_asks_does_not_read_what_is_finished(ledger: Ledger, book: OrderBook, clock: FakeClock) -> None:
    """However many orders were delivered, none of the statements of a run reads through them, or sorts them."""
    asked: list[str] = []
    route = Route("orders", "wholesale", "shop", "1", acknowledge=True)
    asking = ledger.book(route, None, 1)
    with ledger.transaction() as db:
        db.set_trace_callback(asked.append)
    staged = asking.stage(page(1, 2))
    asking.waiting("")
    asking.one("1")
    asking.unreadable("")
    intents, _ = asking.intend([(one, key(one)) for one in staged])
    asking.unsettled()
    asking.settle([(intents[0], ACCEPTED), (intents[1], REFUSED)])
    asking.unacknowledged("", 10)
    holds(ledger, "orders")
    ledger.bookmark("orders")
    ledger.runs("orders")
    with ledger.transaction() as db:
        db.set_trace_callback(None)
    for sql in asked:
        if sql.startswith(("SELECT", "UPDATE")):
            assert_reads_little(ledger, sql)
    plans = [" ".join(plan(ledger, sql)) for sql in asked if "revisions.record" in sql and "orders.id >" in sql]
    assert plans
    assert all("orders_unfinished (pipeline=? AND id>?)" in told for told in plans)
    assert not any("TEMP B-TREE" in told for told in plans)


def plan(ledger: Ledger, sql: str) -> list[str]:
    """Return how SQLite goes about *sql*."""
    return [row["detail"] for row in ledger.rows(f"EXPLAIN QUERY PLAN {sql}")]


def assert_reads_little(ledger: Ledger, sql: str) -> None:
    """Assert that *sql* scans nothing but the list it was given, and finds the rest by an index of its own."""
    for step in plan(ledger, sql):
        if step.startswith("SCAN"):
            assert step.startswith("SCAN wanted VIRTUAL TABLE"), sql
        for table in ("orders", "acknowledgements"):
            assert not step.startswith(f"SEARCH {table} USING PRIMARY KEY (pipeline=?)"), sql
            assert not step.startswith(f"SEARCH {table} USING PRIMARY KEY (pipeline=? AND id>?)"), sql


# any course of events


class Courses(RuleBasedStateMachine):
    """Two pipelines from one source to one destination, in any order of events, against what must hold of them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="orderweft-test-"))
        self.clock = FakeClock()
        self.open_ledger()
        self.known: dict[tuple[str, str], int] = {}
        """Pipeline and id → revisions seen."""
        self.content: dict[tuple[str, str], int] = {}
        self.delivered: set[tuple[str, str]] = set()
        self.arrived: Counter[str] = Counter()
        """Key → how often the destination took it."""
        self.judged: dict[str, list[Staged]] = {"one": [], "two": []}
        """What a sender may still have in its queue."""

    def open_ledger(self) -> None:
        """Open the ledger and begin a run of each pipeline."""
        self.ledger = Ledger(self.folder / "orderweft.db", self.clock)
        self.books = {name: booked(self.ledger, name) for name in ("one", "two")}

    def teardown(self) -> None:
        """Remove the file."""
        self.ledger.close()
        shutil.rmtree(self.folder)

    pipelines = st.sampled_from(["one", "two"])
    numbers = st.integers(1, 2)

    @initialize()
    def begin(self) -> None:
        """Have something to begin with."""
        for name in ("one", "two"):
            self.stage(name, 1, 0)

    @rule(name=pipelines, number=numbers, content=st.integers(0, 2))
    def stage(self, name: str, number: int, content: int) -> None:
        """Fetch an order in one of three forms."""
        skip = "It is cancelled." if content == 2 else None
        page = Page((fetched(order(number, note=f"{content}"), skip=skip),), bookmark=f"{content}")
        (staged,) = self.books[name].stage(page)
        self.judged[name].append(staged)
        at = (name, str(number))
        changed = self.content.get(at) != content
        self.known[at] = self.known.get(at, 0) + changed
        self.content[at] = content
        assert staged.changed == changed
        assert staged.revision == self.known[at]

    @rule(name=pipelines, to=st.sampled_from(["held", "skipped", "cancelled"]))
    def decide(self, name: str, to: Any) -> None:
        """Hold, skip or cancel what waits first."""
        for staged in self.books[name].waiting("", 1):
            self.books[name].decide([Verdict(staged, to, "invalid_field" if to == "held" else None, "decided")])

    @rule(name=pipelines)
    def intend_what_waits(self, name: str) -> None:
        """Intend to deliver what is offered."""
        self.intend(name, self.books[name].waiting(""))

    @rule(name=pipelines, number=numbers)
    def intend_what_is_asked_for(self, name: str, number: int) -> None:
        """Intend to deliver the order a person names."""
        self.intend(name, self.books[name].one(str(number)))

    @rule(name=pipelines)
    def intend_what_was_seen(self, name: str) -> None:
        """Intend to deliver each order in every form it was ever handed on in, as a slow sender might."""
        for staged in self.judged[name]:
            self.intend(name, [staged])

    def intend(self, name: str, staged: list[Staged]) -> None:
        """Intend to deliver *staged*, in their newest form if at all."""
        intents, done = self.books[name].intend([(one, key(one)) for one in staged])
        self.delivered |= {(name, one.id) for one in done}
        assert all(one.revision == self.known[name, one.id] for one in intents)

    @rule(name=pipelines, outcome=st.sampled_from([ACCEPTED, REFUSED, NOT_SENT, UNKNOWN]), newest=st.booleans())
    def settle(self, name: str, outcome: Outcome, newest: bool) -> None:
        """Let the destination answer one open attempt, or be looked up about it."""
        for intent in self.books[name].unsettled()[-1:] if newest else self.books[name].unsettled()[:1]:
            self.books[name].settle([(intent, outcome)])
            if outcome is ACCEPTED:
                self.arrived[intent.key] += 1
                self.delivered.add((name, intent.id))

    @rule(name=pipelines)
    def park(self, name: str) -> None:
        """Give up asking about what is open."""
        self.books[name].park(self.books[name].unsettled(), "nobody knows", lambda intent: "look there")

    @rule(seconds=st.sampled_from([1, 60, 86400]))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.sleep(seconds)

    @rule(config=st.sampled_from(["1", "2"]), name=pipelines)
    def change_rules(self, config: str, name: str) -> None:
        """Go on with other rules."""
        old = self.books[name]
        self.ledger.rows("SELECT 1")
        self.clock.sleep(LEASE.total_seconds() + 1)
        self.books[name] = booked(self.ledger, name, config=config)
        with pytest.raises(LeaseLostError):
            old.stage(page(1))

    @precondition(lambda self: self.known)
    @rule()
    def crash(self) -> None:
        """Die and be followed."""
        self.ledger.close()
        self.clock.sleep(LEASE.total_seconds() + 1)
        self.open_ledger()

    @invariant()
    def every_order_is_there_once_in_one_state(self) -> None:
        """No order ever staged is lost, and what is delivered stays so."""
        rows = self.ledger.rows("SELECT pipeline, id, state, reason, revision, receipt FROM orders")
        found = {(row["pipeline"], row["id"]): row for row in rows}
        assert {at: row["revision"] for at, row in found.items()} == self.known
        assert {at for at, row in found.items() if row["state"] == "delivered"} == self.delivered
        open_ = {
            (row["pipeline"], row["id"])
            for row in self.ledger.rows(
                "SELECT pipeline, id FROM attempts WHERE outcome IS NULL OR outcome = 'unknown'"
            )
        }
        for at, row in found.items():
            assert row["state"] in ("staged", "sending", "delivered", "skipped", "held", "cancelled")
            assert (row["receipt"] is not None) == (row["state"] == "delivered")
            if row["state"] == "sending":
                assert at in open_
            if at in open_:
                assert (row["state"], row["reason"]) in (("sending", row["reason"]), ("held", "in_doubt"))

    @invariant()
    def every_revision_is_kept(self) -> None:
        """Each form an order was seen in is there, counted without a gap."""
        rows = self.ledger.rows(
            "SELECT pipeline, id, count(*) AS many, max(revision) AS last FROM revisions GROUP BY 1, 2"
        )
        assert {(row["pipeline"], row["id"]): row["many"] for row in rows} == self.known
        assert all(row["many"] == row["last"] for row in rows)

    @invariant()
    def nothing_arrives_twice(self) -> None:
        """Per key one attempt at most is accepted, and none is open beside it or beside another."""
        assert all(times == 1 for times in self.arrived.values())
        rows = self.ledger.rows(
            """SELECT key, sum(outcome IS 'accepted') AS accepted, sum(outcome IS NULL OR outcome = 'unknown') AS open
               FROM attempts GROUP BY key"""
        )
        assert all(row["accepted"] + row["open"] <= 1 for row in rows)

    @invariant()
    def nothing_open_or_delivered_is_offered(self) -> None:
        """An order with an open attempt, or delivered, is offered neither by itself nor when asked for."""
        for name, book in self.books.items():
            shut = {one.id for one in book.unsettled()} | {id for pipeline, id in self.delivered if pipeline == name}  # noqa: A001
            assert shut.isdisjoint(one.id for one in book.waiting(""))
            assert shut.isdisjoint(one.id for number in range(1, 3) for one in book.one(str(number)))

    @invariant()
    def whatever_is_staged_is_offered(self) -> None:
        """A staged order never has to be fetched again to go on."""
        for name, book in self.books.items():
            staged = self.ledger.rows("SELECT id FROM orders WHERE pipeline = ? AND state = 'staged'", [name])
            assert {row["id"] for row in staged} <= {one.id for one in book.waiting("")}


TestCourses = Courses.TestCase
TestCourses.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)
