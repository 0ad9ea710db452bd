"""Letting go of what finished orders contained; that there were such orders, and what became of them, stays known."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ..errors import LedgerError
from .exchanges import drop_said
from .statements import NOT_OPEN
from .store import Store, stamp

BATCH = 2000
"""Orders that lose their contents in one transaction."""

# a source that is still to be told, a destination that is still to confirm or to take a change, and an attempt whose
# end nobody knows keep an order open whatever its state says
_FINISHED = f"""FROM orders
    WHERE (orders.pipeline, orders.id) > (?, ?) AND orders.changed_at < ?
      AND orders.state IN ('delivered', 'skipped', 'superseded', 'cancelled')
      AND NOT coalesce(json_extract(orders.receipt, '$.pending'), 0)
      AND {NOT_OPEN}
      AND NOT EXISTS (SELECT 1 FROM acknowledgements AS told
          WHERE told.pipeline = orders.pipeline AND told.id = orders.id AND told.due = 1)
      AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.pipeline = orders.pipeline AND changes.id = orders.id
          AND changes.state IN ('waiting', 'sending', 'held'))
      AND EXISTS (SELECT 1 FROM revisions WHERE revisions.pipeline = orders.pipeline AND revisions.id = orders.id
          AND (revisions.record IS NOT NULL OR revisions.payload IS NOT NULL))
    ORDER BY orders.pipeline, orders.id LIMIT {BATCH}"""  # noqa: S608  no value of the outside


@dataclass
class Purged:
    """How many orders in each state have lost their contents, or would."""

    orders: Counter[str] = field(default_factory=Counter)
    size: int = 0
    """Characters of contents."""


def purge(store: Store, before: datetime, *, keep: bool = True) -> Purged:
    """Let go of the contents of all finished orders last changed before a moment; without *keep*, only count them.

    Their keys, receipts, reasons and fingerprints stay, so that none of them is ever sent again.
    """
    done, at, now = Purged(), ("", ""), store.now()
    note = f"its contents were purged on {now[:10]}"
    while True:
        with store.transaction(keep=keep) as db:
            rows = db.execute(
                f"SELECT orders.pipeline, orders.id, orders.state {_FINISHED}",
                [*at, stamp(before)],
            ).fetchall()
            keys = [(row["pipeline"], row["id"]) for row in rows]
            done.size += sum(_size(db, key) for key in keys)
            db.executemany("UPDATE orders SET purged_at = ? WHERE pipeline = ? AND id = ?", [(now, *k) for k in keys])
            drop_contents(db, keys, note)
        done.orders.update(row["state"] for row in rows)
        if len(rows) < BATCH:
            return done
        at = keys[-1]


def drop_contents(db: sqlite3.Connection, keys: Sequence[tuple[str, str]], note: str) -> None:
    """Remove what the orders of *keys* contained in any revision, and note why there is nothing."""
    db.executemany(
        """UPDATE revisions SET payload = NULL, record = NULL, problem = coalesce(problem || '; ', '') || ?
           WHERE pipeline = ? AND id = ? AND (payload IS NOT NULL OR record IS NOT NULL)""",
        [(note, *key) for key in keys],
    )
    drop_said(db, keys)


def _size(db: sqlite3.Connection, key: tuple[str, str]) -> int:
    row = db.execute(
        "SELECT total(coalesce(length(payload), 0) + coalesce(length(record), 0)) FROM revisions"
        " WHERE pipeline = ? AND id = ?",
        key,
    ).fetchone()
    return int(row[0])


@contextmanager
def nothing_running(store: Store) -> Iterator[Callable[[], None]]:
    """Claim every pipeline that ever ran, so that no run uses what is about to go.

    Gives what prolongs the claims after a long wait; it raises LedgerError where a pipeline has run in spite of them.
    Raises LedgerError when one is running.
    """
    with ExitStack() as stack:
        rows = store.rows("SELECT pipeline FROM claims ORDER BY pipeline")
        claims = [stack.enter_context(store.claimed(row["pipeline"])) for row in rows]
        held = {claim.pipeline: claim.fence for claim in claims}

        def still_alone() -> None:
            for row in store.rows("SELECT pipeline, fence FROM claims ORDER BY pipeline"):
                if held.get(row["pipeline"]) != row["fence"]:
                    raise LedgerError(f"pipeline {row['pipeline']!r} has run meanwhile; nothing was removed, try again")
            for claim in claims:
                store.keep_alive(claim)()

        yield still_alone


def compact(path: Path) -> int:
    """Write the ledger anew without the room of what is gone, and return how many bytes that has freed.

    Nothing of what is gone is left in the file, or in those beside it. Raises LedgerError when the disk has no room
    for the second copy this takes, or when somebody else is using the ledger.
    """
    before = _occupied(path)
    if (free := shutil.disk_usage(path.parent).free) < before:
        raise LedgerError(
            f"{path} cannot be written anew: that needs {before} bytes of free disk, and {free} are there"
        )
    try:
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as db:
            db.execute("PRAGMA secure_delete = ON")
            db.execute("VACUUM")
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.Error as error:
        raise LedgerError(f"{path} could not be written anew: {error}; what was removed is removed") from None
    if busy:
        raise LedgerError(f"{path} is in use, so its journal could not be emptied; run this once more later")
    return before - _occupied(path)


def _occupied(path: Path) -> int:
    return sum(file.stat().st_size for file in beside(path) if file.exists())


def beside(path: Path) -> list[Path]:
    """Return the file of a ledger and those SQLite keeps beside it."""
    return [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
