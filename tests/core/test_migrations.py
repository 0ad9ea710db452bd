"""Ledgers of every earlier form, with real rows in them, are opened, keep all they hold, and go on being used."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from orderweft import LedgerError
from orderweft.ledger import EntryBook, Incoming, Ledger, entries, history
from orderweft.ledger.integrity import examine
from orderweft.ledger.migrations import migrations
from orderweft.ledger.queries import find
from orderweft.testing import FakeClock
from sqlite_utils import Database

from .memory import CONFIG, World, order

FORMS = Path(__file__).parent / "ledgers"
"""What a ledger was when its last migration was the one the file is named for, as SQL.

1 delivered, its source still to be told; 2 held for lack of stock; 3 in doubt, its attempt open; 4 left out by a rule;
5 could not be read; 6 was being sent when its run died; 7 staged. Of stock: a sent, b pending, c refused, d under way,
e held before it was ever sent. One answer in the spool.
"""
NAMES = sorted(path.stem for path in FORMS.glob("*.sql"))
SKIP = """
[[pipelines.orders.skip]]
when = "order.number == '4'"
reason = "a sample order"
"""
ALL = CONFIG.replace('channel = "store"', 'channel = "store"\nin_flight = 1\naccount = "ours"') + SKIP


def written(folder: Path, name: str) -> Path:
    """Write the ledger of an earlier form into *folder*."""
    path = folder / "orderweft.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((FORMS / f"{name}.sql").read_text("utf-8"))
    path.chmod(0o600)
    return path


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table by name."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: [dict(row) for row in db.execute(f'SELECT * FROM "{name}"')] for name in names}


def schema(path: Path) -> list[tuple[str, ...]]:
    """Return the tables and indexes of a file, spaces aside."""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
    return [(kind, name, " ".join((sql or "").split())) for kind, name, sql in rows]


def offered(world: World) -> None:
    """Let the source offer the orders of the ledger as they were, and one more."""
    world.wants_to_know = True
    world.offer(*(order(number) for number in (1, 2, 3, 4, 6, 7, 8)))


def test_there_is_a_ledger_of_every_earlier_form() -> None:
    """Whoever adds a migration leaves a ledger of the form before behind."""
    released = [migration.name.split("_")[0] for migration in migrations.pending(Database(memory=True))]
    assert released[:-1] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_earlier_form_becomes_the_present_one_and_keeps_all(tmp_path: Path, name: str) -> None:
    """Nothing is lost or changed on the way, and nothing is missing afterwards."""
    path = written(tmp_path, name)
    before = contents(path)
    Ledger(path, FakeClock()).close()
    after = contents(path)
    for table, rows in before.items():
        if "sqlite" not in table:
            assert [{key: row[key] for key in old} for old, row in zip(rows, after[table], strict=True)] == rows
    (tmp_path / "new").mkdir()
    Ledger(tmp_path / "new" / "orderweft.db", FakeClock()).close()
    assert schema(path) == schema(tmp_path / "new" / "orderweft.db")
    assert [one.check for one in examine(path, FakeClock(), free=lambda _: 2**40)] == []


def test_a_run_goes_on_with_orders_of_an_earlier_form(tmp_path: Path) -> None:
    """What was delivered is not sent again, what was under way is looked up, what waited is sent."""
    for name in NAMES[1:]:
        (folder := tmp_path / name).mkdir()
        written(folder, name)
        world = World(folder, ALL)
        world.clock.sleep(3600)
        offered(world)
        world.arrived["wholesale:6"] = order(6)
        report = world.run()
        assert sorted(world.sent) == ["wholesale:2", "wholesale:3", "wholesale:7", "wholesale:8"]
        assert (report.result, report.held) == ("held", 1)
        states = [world.state(number) for number in range(1, 9)]
        assert states == [*["delivered"] * 3, "skipped", "held", *["delivered"] * 3]
        assert {told.number for told in world.told if told.delivered} == {"1", "2", "3", "6", "7", "8"}
        (one,) = find(world.ledger, "1")
        assert (one.receipt_number, len(history(world.ledger, one).revisions)) == ("S-wholesale:1", 1)
        world.ledger.close()


def test_a_ledger_without_orders_yet_is_used(tmp_path: Path) -> None:
    """The first form knew runs, bookmarks and accounts; a run goes on from its bookmark."""
    written(tmp_path, NAMES[0])
    world = World(tmp_path, ALL)
    world.clock.sleep(3600)
    offered(world)
    world.run()
    assert world.queries[0].bookmark == "after page 1"
    assert len(world.sent) == 6
    assert [run.id for run in world.ledger.runs()] == [3, 2, 1]
    world.ledger.close()


def test_records_of_an_earlier_form_are_compared_with(tmp_path: Path) -> None:
    """What was confirmed stays so; what was under way is sent again."""
    ledger = Ledger(written(tmp_path, "m003"), FakeClock())
    claim = ledger.claim("stock")
    book = EntryBook(ledger, "stock", "1", claim, ledger.start_run(claim), target="t")
    for key, quantity in (("a", 3), ("b", 0), ("c", 4), ("d", 5)):
        record = f'{{"bucket":"immediate","quantity":{quantity}}}'
        book.take_in([Incoming(key, f"item {key}", record, str(quantity), f"item of {key}")])
    assert [change.key for change in book.changed()] == ["d"]
    assert {row.key: row.state for row in entries(ledger, "stock")} == {
        "a": "sent", "b": "pending", "c": "held", "d": "sending", "e": "held",
    }  # fmt: skip
    ledger.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_migration_that_is_cut_off_leaves_the_earlier_form(tmp_path: Path, name: str) -> None:
    """Whatever breaks it off half-way, the file is as it was, and the next opening brings it up to date."""
    path = written(tmp_path, name)
    (tmp_path / "new").mkdir()
    Ledger(tmp_path / "new" / "orderweft.db", FakeClock()).close()
    known = {there for _, there, _ in schema(path)}
    whole = schema(tmp_path / "new" / "orderweft.db")
    in_the_way = [made for kind, made, sql in whole if kind == "index" and sql and made not in known][-1]
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"CREATE TABLE {in_the_way} (in_the_way TEXT)")
    before, held = schema(path), contents(path)
    with pytest.raises(LedgerError, match=f"already a table named {in_the_way}"):
        Ledger(path, FakeClock())
    assert schema(path) == before
    assert contents(path) == held
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"DROP TABLE {in_the_way}")
    Ledger(path, FakeClock()).close()


def test_a_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """It is told in a sentence and left as it is."""
    path = written(tmp_path, "m003")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('orderweft', 'm900_later')")
    before = contents(path)
    with pytest.raises(LedgerError, match=r"written by a newer Orderweft \(it has m900_later\); upgrade this one"):
        Ledger(path, FakeClock())
    assert contents(path) == before
    (found,) = examine(path, FakeClock(), free=lambda _: 2**40)
    assert (found.check, found.fix, found.repairs) == ("version", "upgrade Orderweft", False)
