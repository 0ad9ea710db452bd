"""What a repair makes of orders whose row is lost, and that no run writes to a file that is being replaced."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from orderweft import Accepted, LeaseLostError, LedgerError, Page, Receipt
from orderweft.ledger import Ledger, OrderBook, Route, find
from orderweft.ledger.actions import ActionBook, Signature
from orderweft.ledger.integrity import examine
from orderweft.ledger.repair import repair, save
from orderweft.testing import FakeClock

from .memory import fetched, order

ROUTE = Route("orders", "wholesale", "shop", "1")
BY = Signature("Kim", "they called")


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """Give a ledger in which order 7 is delivered as R1."""
    with closing(Ledger(path, FakeClock())) as opened:
        stage(opened, 7)
        deliver(opened, "wholesale:7", "R1")
        yield opened


def book(ledger: Ledger) -> OrderBook:
    """Give the writing side of a run."""
    claim = ledger.claim("orders")
    return ledger.book(ROUTE, claim, ledger.start_run(claim))


def freed(ledger: Ledger) -> None:
    """Let no run be under way."""
    ledger.rows("UPDATE claims SET holder = NULL, expires_at = NULL")


def stage(ledger: Ledger, number: int) -> None:
    """Read an order."""
    book(ledger).stage(Page((fetched(order(number)),)))
    freed(ledger)


def deliver(ledger: Ledger, key: str, receipt: str | None) -> None:
    """Send what waits under *key*; without *receipt* no answer has come yet."""
    run = book(ledger)
    intents, _ = run.intend([(one, key) for one in run.waiting("")])
    run.settle([(intent, Accepted(receipt=Receipt(id=receipt))) for intent in intents if receipt])
    freed(ledger)


def decide(ledger: Ledger, what: str, number: str = "7") -> None:
    """Re-export an order, or leave it out."""
    (row,) = find(ledger, number)
    with ledger.claimed("orders") as claim:
        person = ActionBook(ledger, ROUTE, claim, BY)
        if what == "skip":
            person.skip([row])
        else:
            person.supersede(row, "wholesale:7", "cancelled there")


HISTORIES = {
    "delivered": [],
    "to be exported once more": ["re-export"],
    "under way once more": ["re-export", ("wholesale.2:7", None)],
    "delivered once more": ["re-export", ("wholesale.2:7", "R2")],
    "twice cancelled": ["re-export", ("wholesale.2:7", "R2"), "re-export"],
    "left out instead of the second export": ["re-export", "skip"],
}


@pytest.mark.parametrize("steps", HISTORIES.values(), ids=HISTORIES.keys())
def test_a_lost_row_comes_back_as_it_was(ledger: Ledger, path: Path, steps: list[str | tuple[str, str | None]]) -> None:
    """A cancelled export is no delivery, the next has a key of its own, and who was left out by hand stays out."""
    for step in steps:
        if isinstance(step, str):
            decide(ledger, step)
        else:
            deliver(ledger, *step)
    stored = "SELECT state, export, receipt_id, delivered_revision, config, message FROM orders"
    before = tuple(ledger.rows(stored)[0])
    ledger.rows("DELETE FROM orders")
    repair(path, ledger.clock, examine(path, ledger.clock))
    state, *rest, config, message = ledger.rows(stored)[0]
    assert (state, *rest) == before[:-2]
    assert (config, message) == ((before[-2:]) if state == "skipped" else (None, None))


class Meanwhile(FakeClock):
    """A clock that has another process try to write to the ledger as soon as the saved copy of it is begun."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.told: list[str] = []

    def now(self) -> datetime:
        """Tell the time, after the other process had its turn."""
        if not self.told and self.path.with_name(f"{self.path.name}.saved").exists():
            script = (
                "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], timeout=0);"
                "db.execute('BEGIN IMMEDIATE'); db.execute('DELETE FROM bookmarks'); db.commit()"
            )
            done = subprocess.run(
                [sys.executable, "-c", script, str(self.path)], capture_output=True, text=True, check=False
            )
            self.told.append(done.stderr)
        return super().now()


def test_nobody_writes_to_a_file_that_is_being_saved(ledger: Ledger, path: Path) -> None:
    """What another process wrote meanwhile would be lost with the file."""
    ledger.close()
    clock = Meanwhile(path)
    assert save(path, clock).rows["orders"] == 1
    (told,) = clock.told
    assert "database is locked" in told


def test_a_file_somebody_has_open_is_not_replaced(ledger: Ledger, path: Path) -> None:
    """Even where no claim tells of a run: it may be one whose claim is in the damaged part."""
    before = path.stat().st_ino
    with pytest.raises(LedgerError, match="another program has it open; end that one"):
        save(path, ledger.clock)
    assert path.stat().st_ino == before
    assert not [*path.parent.glob("*.saved*"), *path.parent.glob("*.damaged*")]


@pytest.fixture
def killed(ledger: Ledger, path: Path, tmp_path: Path) -> Path:
    """Give the path of a ledger whose process was killed: its last writes are in the journal only."""
    left = tmp_path / "left"
    left.mkdir()
    for file in (path, path.with_name("orderweft.db-wal")):
        (left / file.name).write_bytes(file.read_bytes())
    return left / path.name


def delivered(path: Path) -> list[str]:
    """Return the state of order 7 in the ledger at *path*."""
    with closing(Ledger(path, FakeClock())) as opened:
        return [row.state for row in find(opened, "7")]


def test_what_only_the_journal_holds_is_saved(killed: Path) -> None:
    """The journal goes with the old file: what is in it is in the new one."""
    assert save(killed, FakeClock()).rows["orders"] == 1
    assert not killed.with_name("orderweft.db-wal").exists()
    assert delivered(killed) == ["delivered"]


KILLED_AT = """
import os, sys
from pathlib import Path
from orderweft.ledger.repair import save
from orderweft.testing import FakeClock
sys.addaudithook(lambda event, _: os._exit(9) if event == sys.argv[2] else None)
save(Path(sys.argv[1]), FakeClock())
"""


@pytest.mark.parametrize("event", ["os.link", "os.rename"])
def test_a_repair_that_is_killed_leaves_a_whole_ledger(killed: Path, event: str) -> None:
    """The old file needs no journal any more when the journal goes, and the new one never finds it."""
    assert subprocess.run([sys.executable, "-c", KILLED_AT, str(killed), event], check=False).returncode == 9
    assert not killed.with_name("orderweft.db-wal").exists()
    assert delivered(killed) == ["delivered"]


def test_a_repair_that_ends_before_the_replacement_loses_nothing(killed: Path) -> None:
    """What lies there under the other name stays."""
    aside = killed.with_name(f"orderweft.db.damaged-{FakeClock().now():%Y%m%dT%H%M%SZ}")
    aside.write_text("of an earlier repair")
    with pytest.raises(LedgerError, match=r"cannot be repaired: .*File exists"):
        save(killed, FakeClock())
    assert aside.read_text() == "of an earlier repair"
    assert delivered(killed) == ["delivered"]


def test_no_run_writes_to_a_file_that_was_replaced(ledger: Ledger, path: Path) -> None:
    """It stops as if another process had taken over, before it writes an intent nobody would find."""
    other = path.with_name("other.db")
    with closing(Ledger(other, ledger.clock)):
        pass
    other.replace(path)
    with pytest.raises(LeaseLostError, match="was replaced by another file"):
        ledger.claim("orders")
