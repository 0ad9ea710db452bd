"""What was said between Orderweft and the channels about orders, and orders as they were mapped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

from .store import Store, stamp

_DELETE = (
    "DELETE FROM exchanges WHERE exchange = ?",
    "DELETE FROM exchange_orders WHERE exchange = ?",
)


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One request with its answer or failure, secrets removed, long bodies cut."""

    run: int
    pipeline: str
    connection: str
    step: str
    started_at: str
    seconds: float
    is_write: int
    method: str
    url: str
    request: str
    status: int | None
    response: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class MappedRow:
    """An order as the pipeline's templates have made it."""

    pipeline: str
    id: str
    revision: int
    run: int
    mapped_at: str
    record: str


_COLUMNS = ", ".join(field.name for field in fields(ExchangeRow))
_MAPPED = ", ".join(field.name for field in fields(MappedRow))


def note(store: Store, exchanges: Iterable[tuple[ExchangeRow, Sequence[str]]], mapped: Iterable[MappedRow]) -> None:
    """Store *exchanges*, each with the ids of its orders, and orders as *mapped*."""
    with store.transaction() as db:
        for row, ids in exchanges:
            values = astuple(row)
            marks = ", ".join("?" * len(values))
            number = db.execute(f"INSERT INTO exchanges ({_COLUMNS}) VALUES ({marks})", values).lastrowid  # noqa: S608
            db.executemany("INSERT INTO exchange_orders VALUES (?, ?, ?)", [(row.pipeline, id_, number) for id_ in ids])
        db.executemany(
            f"INSERT OR REPLACE INTO mapped ({_MAPPED}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
            [astuple(row) for row in mapped],
        )


def exchanges_of(store: Store, pipeline: str, id: str) -> list[ExchangeRow]:  # noqa: A002  the record's own word
    """Return the exchanges about an order, in their order."""
    rows = store.rows(
        f"""SELECT {_COLUMNS} FROM exchanges WHERE exchange IN
            (SELECT exchange FROM exchange_orders WHERE pipeline = ? AND id = ?) ORDER BY exchange""",  # noqa: S608
        [pipeline, id],
    )
    return [ExchangeRow(**dict(row)) for row in rows]


def mapped_of(store: Store, pipeline: str, id: str) -> list[MappedRow]:  # noqa: A002  the record's own word
    """Return the forms an order was mapped into, by revision."""
    sql = f"SELECT {_MAPPED} FROM mapped WHERE pipeline = ? AND id = ? ORDER BY revision"  # noqa: S608
    return [MappedRow(**dict(row)) for row in store.rows(sql, [pipeline, id])]


def drop_said(db: sqlite3.Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Remove what was said of the orders of *keys*; what was said of several goes with the first of them."""
    for key in keys:
        found = db.execute("SELECT exchange FROM exchange_orders WHERE pipeline = ? AND id = ?", key).fetchall()
        for statement in _DELETE:
            db.executemany(statement, [(row["exchange"],) for row in found])
    db.executemany("DELETE FROM mapped WHERE pipeline = ? AND id = ?", keys)


def drop_loose(db: sqlite3.Connection) -> None:
    """Remove what was said of no order in particular, such as when many were read."""
    db.execute("DELETE FROM exchanges WHERE exchange NOT IN (SELECT exchange FROM exchange_orders)")


def drop_old(store: Store, before: datetime, *, keep: bool = True) -> int:
    """Remove what was said and mapped before a moment and return how many exchanges; without *keep*, only count."""
    with store.transaction(keep=keep) as db:
        done = db.execute("DELETE FROM exchanges WHERE started_at < ?", [stamp(before)]).rowcount
        db.execute("DELETE FROM exchange_orders WHERE exchange NOT IN (SELECT exchange FROM exchanges)")
        db.execute("DELETE FROM mapped WHERE mapped_at < ?", [stamp(before)])
    return done
