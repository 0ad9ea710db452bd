"""Mending a ledger without taking anything from it: what is safe to mend, and saving a damaged file row by row."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import get_args

from sqlite_utils import Database

from ..clock import Clock
from ..errors import LedgerError
from .changes import ChangeState
from .entries import EntryState
from .integrity import INVARIANTS, UNREADABLE, Finding, open_as_is
from .migrations import migrations
from .model import OrderState
from .purge import beside
from .store import LEASE, Store, stamp

_TABLES = (
    "runs", "claims", "bookmarks", "spool", "accounts", "revisions", "attempts", "orders", "acknowledgements",
)  # fmt: skip
"""The tables whose order matters: orders are looked for one by one once it is known which there were."""
_JSON = {"receipt", "record", "sent", "trying", "identity", "counts"}
"""Columns that hold JSON."""
_STATES = {*get_args(OrderState), *get_args(EntryState), *get_args(ChangeState)}


def repair(path: Path, clock: Clock, findings: Sequence[Finding]) -> list[str]:
    """Mend what of *findings* can be mended without losing anything, and return what was done.

    Raises LedgerError when the ledger is in use.
    """
    done: list[str] = []
    checks = {finding.check for finding in findings if finding.repairs}
    if "file" in checks:
        done += save(path, clock).told(path)
    if "version" in checks:
        Store(path, clock).close()
        done += _rebuilt(path)
    done += _statements(path, clock, checks)
    if "journal" in checks:
        with closing(open_as_is(path, writing=True)) as db:
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        done.append("the journal is in use and was not emptied" if busy else "emptied the journal")
    for file in beside(path) if "file mode" in checks else []:
        with suppress(FileNotFoundError):
            file.chmod(0o600)
            done.append(f"closed {file} to others")
    return done


def _rebuilt(path: Path) -> list[str]:
    """Bring back indexes and triggers somebody has dropped."""
    whole = Database(memory=True)
    migrations.apply(whole)
    done = ["brought the ledger up to date"]
    with closing(open_as_is(path, writing=True)) as db:
        there = {row[0] for row in db.execute("SELECT name FROM sqlite_schema")}
        made = whole.execute(
            "SELECT type || ' ' || name, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger')"
        )
        missing = [(what, sql) for what, name, sql in made if sql is not None and name not in there]
        for _, sql in missing:
            db.execute(sql)
    done += [f"made the {what} anew" for what, _ in missing]
    return done


def _statements(path: Path, clock: Clock, checks: set[str]) -> list[str]:
    wanted = [one for one in INVARIANTS if one.repair is not None and one.check in checks]
    if not wanted:
        return []
    values = {"now": stamp(clock.now()), "latest": stamp(clock.now() + 2 * LEASE)}
    with closing(Store(path, clock)) as store, store.transaction() as db:
        counted = [(db.execute(one.repair or "", values).rowcount, one.found) for one in wanted]
    return [f"mended {many}: {found}" for many, found in counted if many]


@dataclass
class Saved:
    """What came out of a damaged file."""

    aside: Path
    """The damaged file."""
    rows: dict[str, int] = field(default_factory=dict)
    """How many rows could be read, by table."""
    torn: list[str] = field(default_factory=list)
    """Tables that could not be read from end to end."""
    refused: int = 0
    """Rows that made no sense any more."""
    rebuilt: int = 0
    """Orders made anew from their contents and attempts."""

    def told(self, path: Path) -> list[str]:
        """Return sentences about it."""
        saved = ", ".join(f"{many} of {table}" for table, many in self.rows.items())
        told = [f"kept the damaged file as {self.aside}", f"saved into a new {path.name}: {saved}"]
        if self.torn:
            told.append(f"could not read all of: {', '.join(self.torn)}; rows of these are missing")
        if self.refused:
            told.append(f"left out {self.refused} rows that made no sense any more")
        if self.rebuilt:
            told.append(f"made {self.rebuilt} orders anew from their contents and attempts")
        return told


def save(path: Path, clock: Clock) -> Saved:
    """Put a new file with every readable row in the place of a damaged one, which is kept aside.

    Nobody else can use the damaged one from before its rows are read until it is replaced. Raises LedgerError when
    somebody uses it already, when a run is under way, or when nothing can be read.
    """
    aside = path.with_name(f"{path.name}.damaged-{clock.now():%Y%m%dT%H%M%SZ}")
    saved, fresh = Saved(aside), path.with_name(f"{path.name}.saved")
    try:
        with closing(open_as_is(path)) as old:
            _nobody_runs(old, clock)
        with closing(open_as_is(path, writing=True)) as old:
            _shut_out_others(old)
            _nobody_runs(old, clock)
            _remove(beside(fresh))
            _read_into(fresh, old, clock, saved)
            _replace(path, fresh, aside, old)
    except (LedgerError, OSError, *UNREADABLE) as error:
        _remove(beside(fresh))
        raise LedgerError(
            f"{path} cannot be repaired: {error}; it was not changed. Restore a backup where nothing else helps"
        ) from error
    return saved


def _shut_out_others(old: sqlite3.Connection) -> None:
    """Keep everybody else from reading and writing the file until *old* is closed."""
    old.text_factory = lambda raw: raw.decode("utf-8", "replace")
    old.execute("PRAGMA writable_schema = ON")  # bears mistakes in the schema: sqlite.org/pragma.html
    old.execute("PRAGMA busy_timeout = 1000")
    # set before the first access, it holds the file itself beyond every transaction: sqlite.org/wal.html#noshm
    old.execute("PRAGMA locking_mode = EXCLUSIVE")
    try:
        old.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        raise LedgerError("another program has it open; end that one, such as `orderweft serve`, first") from error


def _read_into(fresh: Path, old: sqlite3.Connection, clock: Clock, saved: Saved) -> None:
    with closing(Store(fresh, clock)) as store, store.transaction() as new:
        try:
            _carry_over(old, new, saved)
        except UNREADABLE as error:
            raise LedgerError(f"{error}, from beginning to end") from error
        rebuild = next(one.repair for one in INVARIANTS if one.check == "orphan")
        saved.rebuilt = new.execute(rebuild or "", {"now": store.now()}).rowcount


def _replace(path: Path, fresh: Path, aside: Path, old: sqlite3.Connection) -> None:
    """Put *fresh* in the place of the file *old* holds, such that the file at *path* is whole at every moment."""
    old.execute("ROLLBACK")
    # a journal must neither be missed by the old file nor be found by the new one
    if old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        raise LedgerError("its journal could not be emptied")
    _remove(beside(path)[1:])
    if os.name != "posix":  # Windows replaces no file that somebody has open
        old.close()
    # a second name, no copy: closing the file once read would drop the lock on it: sqlite.org/howtocorrupt.html
    os.link(path, aside)
    try:
        aside.chmod(0o600)
        os.replace(fresh, path)
    except OSError:
        aside.unlink()
        raise


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _nobody_runs(db: sqlite3.Connection, clock: Clock) -> None:
    now = stamp(clock.now())
    with suppress(*UNREADABLE):  # the damage may be here; a run that is under way has the file open in any case
        for row in db.execute("SELECT pipeline FROM claims WHERE holder IS NOT NULL AND expires_at > ?", [now]):
            raise LedgerError(f"pipeline {row[0]!r} is running; wait for it to end, or at most 15 minutes")


def _carry_over(old: sqlite3.Connection, new: sqlite3.Connection, saved: Saved) -> None:
    sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
    there = {row[0] for row in old.execute(sql)}
    ours = {row[0] for row in new.execute(sql)}
    for table in sorted(
        (ours & there) - {"tallies"}, key=lambda name: _TABLES.index(name) if name in _TABLES else len(_TABLES)
    ):
        saved.rows[table] = _Reader(old, new, table, saved).read()


class _Reader:
    """Carries the rows of one table over, around whatever cannot be read."""

    def __init__(self, old: sqlite3.Connection, new: sqlite3.Connection, table: str, saved: Saved) -> None:
        self.old, self.new, self.table, self.saved = old, new, table, saved
        info = new.execute(f"PRAGMA table_info({table})").fetchall()
        self.keys = [row["name"] for row in sorted(info, key=lambda row: row["pk"]) if row["pk"]]
        sql = new.execute("SELECT sql FROM sqlite_schema WHERE name = ?", [table]).fetchone()[0]
        self.has_rowid = "WITHOUT ROWID" not in sql
        has = {row[1] for row in old.execute(f"PRAGMA table_info({table})")}
        names = ([] if self.keys else ["rowid"]) + [row["name"] for row in info if row["name"] in has]
        self.columns = ", ".join(names)
        self.insert = f"INSERT OR IGNORE INTO {table} ({self.columns}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608

    def read(self) -> int:
        """Read from the front, if that breaks off from the back, then what is known to be in between."""
        order = ["rowid"] if self.has_rowid else self.keys
        if not self.take(f"ORDER BY {', '.join(order)}"):
            self.saved.torn.append(self.table)
            self.take(f"ORDER BY {', '.join(f'{name} DESC' for name in order)}")
            if self.has_rowid:
                self.between(*self.span())
            elif self.keys == ["pipeline", "id"]:
                for key in self.missing():
                    self.take("WHERE pipeline = ? AND id = ?", key)
        return int(self.new.execute(f"SELECT count(*) FROM {self.table}").fetchone()[0])  # noqa: S608

    def take(self, which: str, values: Sequence[object] = ()) -> bool:
        """Carry over the rows *which* gives, until one cannot be read; return whether all could."""
        try:
            for row in self.old.execute(f"SELECT {self.columns} FROM {self.table} {which}", values):  # noqa: S608
                try:
                    self.check(row)
                    self.new.execute(self.insert, tuple(row))
                except (sqlite3.IntegrityError, ValueError):
                    self.saved.refused += 1
        except UNREADABLE:
            return False
        return True

    def check(self, row: sqlite3.Row) -> None:
        """Raise ValueError where a row holds what no ledger writes."""
        if "state" in row.keys() and row["state"] not in _STATES:  # noqa: SIM118  a row is no mapping
            raise ValueError(row["state"])
        for name in _JSON & set(row.keys()):
            if row[name] is not None:
                json.loads(row[name])

    def span(self) -> tuple[int, int]:
        """Return between which row numbers there may be more."""
        numbers = [row[0] for row in self.new.execute(f"SELECT rowid FROM {self.table} ORDER BY rowid")]  # noqa: S608
        gaps = [(low + 1, high - 1) for low, high in pairwise(numbers) if high - low > 1]
        return (gaps[0][0], gaps[-1][1]) if gaps else (1, 0)

    def between(self, low: int, high: int) -> None:
        """Halve a range of row numbers until what cannot be read is alone."""
        if low <= high and not self.take("WHERE rowid BETWEEN ? AND ?", [low, high]) and low < high:
            middle = (low + high) // 2
            self.between(low, middle)
            self.between(middle + 1, high)

    def missing(self) -> Iterator[tuple[str, str]]:
        """Give the orders that revisions and attempts know and this table does not have yet."""
        yield from (
            (row[0], row[1])
            for row in self.new.execute(
                f"SELECT pipeline, id FROM revisions UNION SELECT pipeline, id FROM attempts"  # noqa: S608
                f" EXCEPT SELECT pipeline, id FROM {self.table}"
            ).fetchall()
        )
