"""Looking a ledger over: whether the file is sound, what is in it adds up, and it has room to work."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from sqlite_utils import Database

from ..clock import Clock
from .entries import EntryState
from .migrations import migrations
from .model import OrderState
from .purge import beside
from .statements import BY_HAND, NOT_OPEN
from .store import LEASE, stamp

MAX_WAL = 64 * 1024 * 1024
"""Bytes the journal may have; SQLite empties it at about 4 MB unless somebody keeps reading."""
MIN_FREE = 100 * 1024 * 1024
"""Bytes of disk that should be free in any case."""

UNREADABLE = (sqlite3.DatabaseError, OverflowError, MemoryError)
"""What reading a damaged file raises; destroyed lengths look like texts no memory holds."""
_OUT_OF_REACH = {
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
}  # fmt: skip
"""Errors that say nothing about what is in the file."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    check: str
    """Which check has found it."""
    found: str
    """What is wrong, with an example."""
    means: str
    fix: str
    """What to do."""
    repairs: bool = False
    """Whether `doctor --repair` mends it."""


def open_as_is(path: Path, *, writing: bool = False) -> sqlite3.Connection:
    """Open a ledger without bringing it up to date; unless *writing*, a journal beside it is left as it is."""
    wal = beside(path)[1]
    # who closes a writable file last takes the journal in; who opens another leaves an empty journal behind
    mode = "ro" if not writing and wal.exists() and wal.stat().st_size else "rw"
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


def examine(path: Path, clock: Clock, *, free: Callable[[Path], int] | None = None) -> list[Finding]:
    """Return what is wrong with the ledger at *path*, and change nothing; *free* tells the bytes free in a folder."""
    found = [*_modes(path), *_room(path, free or _free)]
    try:
        with closing(open_as_is(path)) as db:
            damage = list(_damage(db))
            found += damage or [*_version(db), *_contents(db, stamp(clock.now()), stamp(clock.now() + 2 * LEASE))]
    except UNREADABLE as error:
        at_hand = getattr(error, "sqlite_errorcode", 0) & 0xFF not in _OUT_OF_REACH
        found.append(_damaged(str(error) or "impossible lengths") if at_hand else _unusable(path, str(error)))
    return found


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _modes(path: Path) -> Iterator[Finding]:
    if os.name != "posix":
        return
    for file in beside(path):
        if file.exists() and (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077:
            yield Finding(
                "file mode", f"{file} has mode {mode:04o}", "others on this machine can read names and addresses",
                f"chmod 600 {file}", repairs=True,
            )  # fmt: skip


def _room(path: Path, free: Callable[[Path], int]) -> Iterator[Finding]:
    needed, there = max(MIN_FREE, path.stat().st_size), free(path.parent)
    if there < needed:
        yield Finding(
            "disk", f"{there // 2**20} MB are free where the ledger is; it wants {needed // 2**20} MB",
            "a run that finds the disk full stops, and a purge cannot give room back",
            "free some space, or `orderweft purge` while there is still a little",
        )  # fmt: skip
    wal = beside(path)[1]
    if wal.exists() and (size := wal.stat().st_size) > MAX_WAL:
        yield Finding(
            "journal", f"{wal} has grown to {size // 2**20} MB", "everything that opens the ledger gets slower",
            "end programs that keep the ledger open for reading", repairs=True,
        )  # fmt: skip


def _damage(db: sqlite3.Connection) -> Iterator[Finding]:
    told = [str(row[0]) for row in db.execute("PRAGMA integrity_check(20)")]
    if told != ["ok"]:
        yield _damaged("; ".join(" ".join(text.split()) for text in told[:3]))
    elif rows := db.execute("PRAGMA foreign_key_check").fetchall():
        yield _damaged(f"rows of {rows[0][0]} refer to what is not there")


def _damaged(what: str) -> Finding:
    return Finding(
        "file", f"the file is damaged: {what}", "orders may be missing from it; runs stop at the damaged place",
        "restore a backup if there is a recent one; otherwise `orderweft doctor --repair` copies the file aside and "
        "saves row by row what can be read", repairs="not a database" not in what,
    )  # fmt: skip


def _unusable(path: Path, what: str) -> Finding:
    return Finding(
        "file", f"{path} cannot be used: {what}", "no pipeline can run",
        "give this user permission to write the file and its folder, or end the program that keeps it locked",
    )  # fmt: skip


def _version(db: sqlite3.Connection) -> Iterator[Finding]:
    new = Database(memory=True)
    names = [migration.name for migration in migrations.pending(new)]
    migrations.apply(new)
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema")}
    known = "_sqlite_migrations" in tables
    rows = db.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = 'orderweft'") if known else []
    applied = {row[0] for row in rows}
    if newer := sorted(applied - set(names)):
        yield Finding(
            "version", f"a newer Orderweft has written it: it has {newer[0]}", "this one does not touch it",
            "upgrade Orderweft",
        )  # fmt: skip
    elif older := [name for name in names if name not in applied]:
        yield Finding(
            "version", f"an older Orderweft has written it: it lacks {older[0]}", "no harm: nothing has used it since",
            "any other command brings it up to date; make a backup first", repairs=True,
        )  # fmt: skip
    else:
        whole = {row[0]: row[1] for row in new.execute("SELECT name, type FROM sqlite_schema WHERE sql IS NOT NULL")}
        for name in sorted(whole.keys() - tables):
            yield Finding(
                "version", f"the {whole[name]} {name} is missing", "somebody has changed the ledger by hand",
                "restore a backup" if whole[name] == "table" else "nothing by hand; it is made anew",
                repairs=whole[name] != "table",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must not be found in the tables: rows with a name for people."""

    check: str
    rows: str
    found: str
    means: str
    fix: str
    repair: str | None = None
    """The statement that mends it."""


def _one_of(states: Sequence[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)


_NO_ORDER = "NOT EXISTS (SELECT 1 FROM orders WHERE orders.pipeline = {0}.pipeline AND orders.id = {0}.id)"
_AGAIN = "`orderweft run --order NUMBER` reads it again"
_DEAD = "holder IS NOT NULL AND (expires_at IS NULL OR expires_at <= :now OR expires_at > :latest)"

_COUNTED = """SELECT pipeline, state, sum(one) AS counted, sum(many) AS many FROM (
        SELECT pipeline, state, 1 AS one, 0 AS many FROM orders
        UNION ALL SELECT pipeline, state, 0, many FROM tallies)
    GROUP BY pipeline, state"""
_KNOWN = """SELECT pipeline, id FROM revisions
    UNION SELECT pipeline, id FROM attempts
    WHERE outcome IS NULL OR outcome IN ('accepted', 'already_there', 'unknown')"""
_LAST = "SELECT {0} FROM {1} AS last WHERE last.pipeline = known.pipeline AND last.id = known.id {2} DESC LIMIT 1"
_CONFIRMED = "AND receipt IS NOT NULL AND outcome IN ('accepted', 'already_there') ORDER BY attempt"
_RECEIPT = f"({_LAST.format('{0}', 'attempts', _CONFIRMED)})"
_ATTEMPT = f"({_LAST.format('{0}', 'attempts', 'ORDER BY attempt')})"
_REVISION = f"({_LAST.format('{0}', 'revisions', 'ORDER BY revision')})"
_ACTION = f"({_LAST.format('{0}', 'actions', 'ORDER BY action')})"
_STATE = f"""CASE WHEN {_ATTEMPT.format("coalesce(outcome, 'unknown') = 'unknown'")} THEN 'sending'
             WHEN {_RECEIPT.format("1")} THEN 'delivered'
             WHEN {_ACTION.format("what = 'skip'")} THEN 'skipped' ELSE 'staged' END"""
_ALL = "(SELECT count({0}) FROM {1} AS one WHERE one.pipeline = known.pipeline AND one.id = known.id{2})"
_EXPORT = f"""max(1 + {_ALL.format("*", "actions", " AND what = 're-export'")},
            coalesce({_ATTEMPT.format("outcome IS 'superseded'")}, 0)
            + {_ALL.format("DISTINCT key", "attempts", "")})"""
_REBUILT = f"""INSERT INTO orders (pipeline, id, number, source, destination, state, message, config, export, revision,
        fingerprint, delivered_revision, receipt_id, receipt_number, receipt, first_seen, changed_at, run)
    SELECT pipeline, id, coalesce({_REVISION.format("json_extract(record, '$.number')")}, id),
        coalesce({_REVISION.format("json_extract(record, '$.origin.connection')")}, ''),
        coalesce({_ATTEMPT.format("destination")}, ''),
        {_STATE},
        iif({_STATE} = 'skipped', coalesce({_ACTION.format("why")}, 'left out by hand'), NULL),
        iif({_STATE} = 'skipped', '{BY_HAND}', NULL), {_EXPORT},
        coalesce({_REVISION.format("revision")}, {_ATTEMPT.format("revision")}),
        coalesce({_REVISION.format("fingerprint")}, ''), {_RECEIPT.format("revision")},
        {_RECEIPT.format("json_extract(receipt, '$.id')")}, {_RECEIPT.format("json_extract(receipt, '$.number')")},
        {_RECEIPT.format("receipt")}, coalesce({_REVISION.format("seen_at")}, :now), :now,
        coalesce({_REVISION.format("run")}, {_ATTEMPT.format("run")})
    FROM ({_KNOWN}) AS known WHERE {_NO_ORDER.format("known")}"""  # noqa: S608  no value of the outside

INVARIANTS = (
    Invariant(
        "state", f"number FROM orders WHERE state NOT IN ({_one_of(get_args(OrderState))})",
        "orders in no known state", "no run touches them", "restore a backup; the ledger is not to be written by hand",
    ),
    Invariant(
        "reason",
        "number FROM orders WHERE state IN ('held', 'skipped', 'superseded', 'cancelled') AND message IS NULL"
        " OR state = 'held' AND reason IS NULL",
        "orders that are held or left out without a reason", "nobody can tell what to do about them", _AGAIN,
    ),
    Invariant(
        "receipt", "number FROM orders WHERE state = 'delivered' AND (receipt IS NULL OR receipt_id IS NULL)",
        "delivered orders without a receipt", "they are not sent again, but nobody can tell where they are",
        "look for them at the destination by their keys",
    ),
    Invariant(
        "contents", "number FROM orders WHERE state IN ('staged', 'sending', 'held') AND NOT EXISTS (SELECT 1 FROM"
        " revisions WHERE revisions.pipeline = orders.pipeline AND revisions.id = orders.id"
        " AND revisions.revision = orders.revision)",
        "orders without contents that are not delivered yet", "no run can send them", _AGAIN,
    ),
    Invariant(
        "attempt", f"number FROM orders WHERE state = 'sending' AND {NOT_OPEN}",
        "orders under way without an open attempt", "nothing looks them up, and nothing sends them again",
        "look for them at the destination by their keys",
    ),
    Invariant("key", "id FROM attempts WHERE trim(key) = ''",
        "attempts without a key", "nobody can look up what became of them", "look for the orders at the destination"),
    Invariant("orphan", f"id FROM ({_KNOWN}) AS known WHERE {_NO_ORDER.format('known')}",
        "orders that are missing although there are contents of them or attempts at them",
        "what was delivered is not sent twice all the same, but nobody finds it",
        "nothing by hand; they are made anew from what is there", repair=_REBUILT),
    Invariant("orphan", f"id FROM acknowledgements WHERE receipt IS NULL AND {_NO_ORDER.format('acknowledgements')}",
        "notes to the source on orders the ledger does not have", "the source may be told of a hold long over",
        "nothing by hand",
        repair=f"DELETE FROM acknowledgements WHERE receipt IS NULL AND {_NO_ORDER.format('acknowledgements')}"),  # noqa: S608
    Invariant("claim", f"pipeline FROM claims WHERE {_DEAD}",
        "claims on pipelines whose run is over or died", "the next run waits for none of them", "nothing by hand",
        repair=f"UPDATE claims SET holder = NULL, expires_at = NULL WHERE {_DEAD}"),  # noqa: S608
    Invariant("tally", f"state FROM ({_COUNTED}) WHERE counted <> many",
        "counts of orders that are not right", "lists and reports tell wrong numbers", "nothing by hand",
        repair=f"INSERT INTO tallies SELECT pipeline, state, counted FROM ({_COUNTED}) WHERE counted <> many"  # noqa: S608
        " ON CONFLICT (pipeline, state) DO UPDATE SET many = excluded.many"),
    Invariant("record", f"label FROM entries WHERE state NOT IN ({_one_of(get_args(EntryState))})",
        "records in no known state", "no run touches them", "restore a backup"),
    Invariant("record", "label FROM entries WHERE state = 'held' AND (reason IS NULL OR message IS NULL)",
        "records that are held without a reason", "nobody can tell what to do about them",
        "`orderweft run PIPELINE --retry` decides them anew"),
    Invariant("record", "label FROM entries WHERE state = 'sent' AND (sent IS NULL OR receipt IS NULL)"
        " OR state = 'sending' AND trying IS NULL",
        "records that count as sent or under way without saying what was", "changes of theirs may be missed",
        "`orderweft match` compares both sides"),
    Invariant("target", "label FROM entries WHERE state <> 'held' AND target IS NULL",
        "records sent to nobody knows where", "they are sent once more, which is harmless", "run their pipeline"),
)  # fmt: skip
"""What must not be found, where every table is there."""


def _contents(db: sqlite3.Connection, now: str, latest: str) -> Iterator[Finding]:
    """Count what breaks each invariant; a ledger of an older form has not all tables yet."""
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not {"orders", "entries", "tallies"} <= tables:
        return
    for one in INVARIANTS:
        column, _, rest = one.rows.partition(" FROM ")
        sql = f"SELECT count(*), min(one) FROM (SELECT {column} AS one FROM {rest})"  # noqa: S608  our own statements
        many, example = db.execute(sql, {"now": now, "latest": latest}).fetchone()
        if many:
            found = f"{many} {one.found}, such as {example}"
            yield Finding(one.check, found, one.means, one.fix, repairs=one.repair is not None)
