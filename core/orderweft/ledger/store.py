"""The SQLite file behind the ledger: opening, transactions, claims, runs, bookmarks and the spool."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlite_utils import Database

from ..clock import Clock
from ..errors import LeaseLostError, LedgerError, SettingsError
from .migrations import migrations

LEASE = timedelta(minutes=15)
"""How long a claim lasts after its holder's last write; longer than any single wait in a run."""

PROLONGED_EVERY = timedelta(minutes=1)
"""How much of a claim may be gone before it is prolonged without a write."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one pipeline, until somebody with a higher fence takes it over."""

    pipeline: str
    holder: str
    fence: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One execution of a pipeline."""

    id: int
    pipeline: str
    started_at: str
    ended_at: str | None
    result: str | None
    message: str | None
    counts: Mapping[str, int]


def stamp(moment: datetime) -> str:
    """Return *moment* as the ledger writes it; such texts sort by time."""
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


class Store:
    """One ledger file; its methods may be called from several threads."""

    def __init__(self, path: Path | str, clock: Clock) -> None:
        self.path = str(path)
        self.clock = clock
        self._lock = threading.RLock()
        self._apart: set[Self] = set()
        with _explained(self.path):
            if self.path != ":memory:":
                _create_private(Path(self.path))
            self._file = self._at_path()
            self._db = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            with _explained(self.path):
                self._db.row_factory = sqlite3.Row
                self._log_ahead()
                # with NORMAL a commit outlives the process but not a power cut, and an intent has to outlive both:
                # sqlite.org/pragma.html#pragma_synchronous
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
            self._migrate()
        except LedgerError:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file, and whatever of it was opened apart."""
        with self._lock:
            for store in self._apart:
                store.close()
            self._db.close()

    @contextmanager
    def apart(self) -> Iterator[Self]:
        """Give the same ledger over a connection of its own during the block, with temporary tables of its own.

        So several runs of records go side by side in one process. A ledger in memory has but one connection.
        """
        if self.path == ":memory:":
            yield self
            return
        store = type(self)(self.path, self.clock)
        with self._lock:
            self._apart.add(store)
        try:
            yield store
        finally:
            with self._lock:
                self._apart.discard(store)
            store.close()

    @contextmanager
    def transaction(self, claim: Claim | None = None, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """Run the block in one durable transaction; with *claim*, only while it still holds, which is then prolonged.

        Without *keep* everything is undone at the end. Raises LeaseLostError or LedgerError; then nothing was written.
        """
        with self._lock, _explained(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                # what is written to a file that was replaced is lost with it
                if self._at_path() != self._file:
                    raise LeaseLostError(f"{self.path} was replaced by another file meanwhile; this run stops")
                if claim is not None:
                    self._prolong(claim)
                yield self._db
                self._db.execute("COMMIT" if keep else "ROLLBACK")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock, _explained(self.path):
            return self._db.execute(sql, values).fetchall()

    def now(self) -> str:
        """Return the present moment as the ledger writes it."""
        return stamp(self.clock.now())

    def claim(self, pipeline: str) -> Claim:
        """Claim *pipeline*; raises LedgerError when another living process runs it."""
        holder = f"{_here()}:{id(self)}"
        with self.transaction() as db:
            row = db.execute("SELECT * FROM claims WHERE pipeline = ?", [pipeline]).fetchone()
            if row is not None and row["holder"] and self._is_held(row["holder"], row["expires_at"]):
                host, _, process = row["holder"].split(":")[:3]
                raise LedgerError(
                    f"pipeline {pipeline!r} is already running on {host} (process {process}); wait for it to end"
                )
            fence = (row["fence"] if row is not None else 0) + 1
            db.execute(
                "INSERT OR REPLACE INTO claims (pipeline, holder, fence, expires_at) VALUES (?, ?, ?, ?)",
                [pipeline, holder, fence, stamp(self.clock.now() + LEASE)],
            )
        return Claim(pipeline, holder, fence)

    def _is_held(self, holder: str, expires_at: str) -> bool:
        here = _lives_here(holder)
        if here is not None:
            return here and expires_at > self.now()
        # one that expires later than any claim can was made by a clock that has been set back since
        return self.now() < expires_at < stamp(self.clock.now() + 2 * LEASE)

    @contextmanager
    def claimed(self, pipeline: str) -> Iterator[Claim]:
        """Hold the claim on *pipeline* during the block; raises LedgerError when another living process runs it."""
        claim = self.claim(pipeline)
        try:
            yield claim
        finally:
            self.release(claim)

    def keep_alive(self, claim: Claim) -> Callable[[], None]:
        """Return what makes sure that *claim* still holds when it is called, and prolongs it at most once a minute.

        It is for long waits, and for the moment before each call that may change something at a channel: it raises
        LeaseLostError when another process has taken over.
        """

        def still_held() -> None:
            rows = self.rows(
                "SELECT expires_at FROM claims WHERE pipeline = ? AND fence = ? AND holder = ?",
                [claim.pipeline, claim.fence, claim.holder],
            )
            if not rows:
                raise _lost(claim)
            if rows[0]["expires_at"] < stamp(self.clock.now() + LEASE - PROLONGED_EVERY):
                with self.transaction(claim):
                    pass

        return still_held

    def recognize(self, connection: str, identity: Mapping[str, str]) -> None:
        """Remember which account *connection* is; raises SettingsError when it was another one before.

        What the ledger knows of orders holds for that account only.
        """
        with self.transaction() as db:
            row = db.execute("SELECT identity FROM accounts WHERE connection = ?", [connection]).fetchone()
            known: dict[str, str] = json.loads(row["identity"]) if row is not None else {}
            for name in sorted(known.keys() & identity.keys()):
                if known[name] != identity[name]:
                    raise SettingsError(
                        f"connection {connection!r} was another account when {self.path} was written: "
                        f"{name} was {known[name]!r} and is {identity[name]!r}; "
                        "give the connection another name, or use another ledger"
                    )
            db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", [connection, json.dumps({**known, **identity})])

    def release(self, claim: Claim) -> None:
        """Give the claim back, unless somebody else has it by now."""
        with self.transaction() as db:
            db.execute(
                "UPDATE claims SET holder = NULL, expires_at = NULL WHERE pipeline = ? AND fence = ?",
                [claim.pipeline, claim.fence],
            )

    def start_run(self, claim: Claim) -> int:
        """Write down that a run begins and return its number."""
        with self.transaction(claim) as db:
            cursor = db.execute("INSERT INTO runs (pipeline, started_at) VALUES (?, ?)", [claim.pipeline, self.now()])
            return int(cursor.lastrowid or 0)

    def end_run(self, run: int, result: str, counts: Mapping[str, int], message: str | None = None) -> None:
        """Write down how a run ended."""
        with self.transaction() as db:
            db.execute(
                "UPDATE runs SET ended_at = ?, result = ?, counts = ?, message = ? WHERE id = ?",
                [self.now(), result, json.dumps(counts), message, run],
            )

    def runs(self, pipeline: str | None = None, limit: int = 20) -> list[RunRow]:
        """Return the last runs, newest first."""
        where, values = ("WHERE pipeline = ?", [pipeline]) if pipeline else ("", [])
        rows = self.rows(f"SELECT * FROM runs {where} ORDER BY id DESC LIMIT {int(limit)}", values)  # noqa: S608
        return [RunRow(**{**dict(row), "counts": json.loads(row["counts"])}) for row in rows]

    def bookmark(self, pipeline: str) -> str | None:
        """Return the point the pipeline's source was read up to."""
        found = self.rows("SELECT bookmark FROM bookmarks WHERE pipeline = ?", [pipeline])
        return found[0]["bookmark"] if found else None

    def spool(self, pipeline: str) -> PipelineSpool:
        """Return the durable spool of *pipeline*'s source."""
        return PipelineSpool(self, pipeline)

    def _at_path(self) -> tuple[int, int] | None:
        """Return what tells the file that is at the path now from any other; None for a ledger in memory."""
        if self.path == ":memory:":
            return None
        found = os.stat(self.path)
        return found.st_dev, found.st_ino

    def _log_ahead(self) -> None:
        """Switch to the write-ahead log, in which a reader waits for no writer."""
        for left in reversed(range(10)):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if not left:
                    raise
                # of processes that switch a new file at the same moment, all but one are refused without any wait
                self._db.execute("BEGIN IMMEDIATE")
                self._db.execute("ROLLBACK")

    def _prolong(self, claim: Claim) -> None:
        done = self._db.execute(
            "UPDATE claims SET expires_at = ? WHERE pipeline = ? AND fence = ? AND holder = ?",
            [stamp(self.clock.now() + LEASE), claim.pipeline, claim.fence, claim.holder],
        )
        if done.rowcount != 1:
            raise _lost(claim)

    def _migrate(self) -> None:
        with _explained(self.path):
            db = Database(self._db)
            known = {migration.name for migration in migrations.pending(db)}
            applied = {migration.name for migration in migrations.applied(db)}
            if newer := sorted(applied - _all_names()):
                raise LedgerError(
                    f"{self.path} was written by a newer Orderweft (it has {newer[0]}); upgrade this one, "
                    "or start with another ledger file"
                )
            if known:
                with self.transaction():
                    migrations.apply(db)


def _all_names() -> set[str]:
    return {migration.name for migration in migrations.pending(Database(memory=True))}


def _lost(claim: Claim) -> LeaseLostError:
    return LeaseLostError(f"another process has taken pipeline {claim.pipeline!r} over; this run stops")


class PipelineSpool:
    """What reading has consumed and no stage has stored yet, for one pipeline."""

    def __init__(self, store: Store, pipeline: str) -> None:
        self._store = store
        self._pipeline = pipeline

    def put(self, payload: str) -> int:
        """Store *payload* durably and return its entry number."""
        with self._store.transaction() as db:
            cursor = db.execute(
                "INSERT INTO spool (pipeline, payload, put_at) VALUES (?, ?, ?)",
                [self._pipeline, payload, self._store.now()],
            )
            return int(cursor.lastrowid or 0)

    def pending(self) -> Sequence[tuple[int, str]]:
        """Return the entries not yet staged, oldest first."""
        rows = self._store.rows("SELECT entry, payload FROM spool WHERE pipeline = ? ORDER BY entry", [self._pipeline])
        return [(row["entry"], row["payload"]) for row in rows]


def _create_private(path: Path) -> None:
    if not path.parent.is_dir():
        raise LedgerError(f"{path.parent} does not exist; create it or change `ledger` in the configuration")
    if path.is_dir():
        raise LedgerError(f"{path} is a folder; `ledger` in the configuration has to name a file")
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        path.chmod(0o600)  # whatever the umask has taken away
    elif not os.access(path, os.W_OK):
        raise LedgerError(f"{path} may not be written by this user; the ledger needs write permission")


def _here() -> str:
    """Name this process: host, namespace of process ids (containers of one host name have their own) and id."""
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        namespace = 0
    return f"{socket.gethostname()}:{namespace}:{os.getpid()}"


def _lives_here(holder: str) -> bool | None:
    """Return whether a process of this machine lives; None for one of another machine."""
    host, namespace, process = holder.split(":")[:3]
    # On Windows os.kill(process, 0) sends Ctrl-C: docs.python.org/3/library/os.html#os.kill
    if [host, namespace] != _here().split(":")[:2] or os.name != "posix":
        return None
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(f"{path} cannot be opened: {error.strerror or error}") from error
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {_advice(str(error))}") from error


def _advice(text: str) -> str:
    lowered = text.lower()
    if "full" in lowered:
        return "the disk is full; nothing of this step was written. Free some space and run again"
    if "disk i/o" in lowered:
        return (
            "the disk cannot be written (over quota or faulty); nothing of this step was written, run again when it can"
        )
    if "readonly" in lowered or "read-only" in lowered:
        return "the file or its folder is read-only; the ledger needs write permission"
    if "locked" in lowered:
        return "another process kept the ledger locked for 30 seconds; run again when it is done"
    if "not a database" in lowered or "malformed" in lowered:
        return (
            "the file is no ledger or is damaged; restore it from a backup, choose another file, or let "
            "`orderweft doctor --repair` save what can be read"
        )
    return text
