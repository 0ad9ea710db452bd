"""What needs a person now, and what each alert channel was told of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from .statements import BY_HAND
from .store import Store, stamp

Kind = Literal["order", "record", "change", "note", "run", "alert"]
"""`change` of a delivered order, which waits like an order; `note` of one, which is told once and has no end."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order, change or record that is held now."""

    kind: Kind
    about: str
    """The order's id or the record's key."""
    label: str
    """What people call it."""
    reason: str
    message: str
    fix: str | None
    account: str | None
    """The customer's account code."""
    deadline: str | None
    """The last day of an order's ship window."""
    people: str
    """The customer and addresses as JSON, to keep them out of texts; empty where a record is about no person."""


@dataclass(frozen=True, slots=True)
class ToldRow:
    """What one alert channel was told, or may have been."""

    row: int
    kind: Kind
    about: str
    reason: str
    urgent: int
    told_at: str | None
    tried_at: str
    doubts: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """How one alert channel does."""

    alert: str
    sent: int
    sent_at: str | None
    failures: int
    failed_at: str | None
    """Since when it fails; None when the last message was taken."""
    problem: str | None


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing a message is about."""

    kind: Kind
    about: str
    reason: str
    urgent: bool
    row: int | None = None
    """Its row, when it was told before or may have been."""


_OF_ORDER = """fix, json_extract(record, '$.customer.account_code') AS account,
        json_extract(record, '$.window.complete') AS deadline,
        json_array(json_extract(record, '$.customer'), json_extract(record, '$.addresses'),
            json_extract(record, '$.sales_rep'), iif(record IS NULL, orders.customer, NULL)) AS people"""

_HELD_ORDERS = f"""SELECT 'order' AS kind, orders.id AS about, orders.number AS label, orders.reason, orders.message,
        orders.{_OF_ORDER}
    FROM orders INDEXED BY orders_unfinished LEFT JOIN revisions USING (pipeline, id, revision)
    WHERE orders.pipeline = ? AND orders.state = 'held' AND orders.state IN ('staged', 'sending', 'held')
    ORDER BY orders.reason, orders.number"""  # noqa: S608  no value of the outside

_HELD_CHANGES = f"""SELECT 'change' AS kind, orders.id AS about, orders.number AS label, changes.reason,
        changes.message, changes.{_OF_ORDER}
    FROM changes INDEXED BY changes_open CROSS JOIN orders USING (pipeline, id, revision)
    LEFT JOIN revisions USING (pipeline, id, revision)
    WHERE changes.pipeline = ? AND changes.state = 'held' AND changes.state IN ('waiting', 'sending', 'held')
      AND orders.state = 'delivered' AND orders.revision > orders.delivered_revision
    ORDER BY changes.reason, orders.number"""  # noqa: S608  no value of the outside

_HELD_RECORDS = """SELECT 'record' AS kind, key AS about, label, reason, message, fix, NULL AS account,
        NULL AS deadline,
        json_array(NULL, json_extract(record, '$.contacts'), json_extract(record, '$.addresses')) AS people
    FROM (SELECT *, coalesce(trying, sent) AS record FROM entries WHERE pipeline = ? AND state = 'held')
    ORDER BY reason, label"""

_NOTED = f"""SELECT changes.id || '@' || changes.revision AS about, number AS label, cancelled, diff,
        coalesce(receipt_number, receipt_id) AS receipt
    FROM changes CROSS JOIN orders USING (pipeline, id)
    WHERE changes.pipeline = ? AND changes.state = 'noted' AND changes.seen_at > ? AND diff <> '[]'
      AND changes.config IS NOT '{BY_HAND}'
    ORDER BY number"""  # noqa: S608  no value of the outside

_ENDS = """SELECT 'order' AS kind, orders.id AS about, number AS label,
        iif(json_extract(receipt, '$.pending'), 'handed_over', state) AS state,
        iif(json_extract(receipt, '$.pending'), NULL, coalesce(receipt_number, receipt_id)) AS receipt
    FROM json_each(?2) AS wanted CROSS JOIN orders ON orders.pipeline = ?1 AND orders.id = wanted.value
    UNION ALL SELECT 'record', entries.key, label, state, NULL
    FROM json_each(?2) AS wanted CROSS JOIN entries ON entries.pipeline = ?1 AND entries.key = wanted.value"""


@dataclass(frozen=True, slots=True)
class Noted:
    """A change of an order after its delivery that is not sent on."""

    about: str
    """The order's id and its revision."""
    label: str
    cancelled: int
    diff: str
    """How it differs, as JSON sentences without anything personal."""
    receipt: str | None


@dataclass(frozen=True, slots=True)
class End:
    """What became of an order or record that was held once."""

    kind: Kind
    about: str
    label: str
    state: str
    receipt: str | None


def waiting(store: Store, pipeline: str) -> list[Waiting]:
    """Return all that is held of *pipeline*, by reason and number."""
    statements = (_HELD_ORDERS, _HELD_CHANGES, _HELD_RECORDS)
    return [Waiting(**dict(row)) for one in statements for row in store.rows(one, [pipeline])]


def noted(store: Store, pipeline: str, since: datetime) -> list[Noted]:
    """Return the changes of delivered orders of *pipeline* seen since a moment that are not sent on."""
    return [Noted(**dict(row)) for row in store.rows(_NOTED, [pipeline, stamp(since)])]


def ends(store: Store, pipeline: str, abouts: Sequence[str]) -> list[End]:
    """Return how the orders and records of *pipeline* with these ids and keys stand."""
    return [End(**dict(row)) for row in store.rows(_ENDS, [pipeline, json.dumps(list(abouts))])]


def told(store: Store, alert: str, pipeline: str) -> list[ToldRow]:
    """Return what *alert* was told of *pipeline*, or may have been, and was not told the end of."""
    columns = ", ".join(field.name for field in fields(ToldRow))
    rows = store.rows(
        f"SELECT {columns} FROM alerts WHERE alert = ? AND pipeline = ? ORDER BY row",  # noqa: S608  our own columns
        [alert, pipeline],
    )
    return [ToldRow(**dict(row)) for row in rows]


def intend(store: Store, alert: str, pipeline: str, tellings: Sequence[Telling]) -> list[int]:
    """Store that *alert* is about to be told of these, and return their rows; until settled each is in doubt."""
    now = store.now()
    with store.transaction() as db:
        return [_tried(db, alert, pipeline, one, now) for one in tellings]


def _tried(db: sqlite3.Connection, alert: str, pipeline: str, one: Telling, now: str) -> int:
    if one.row is not None:
        db.execute("UPDATE alerts SET tried_at = ?, doubts = doubts + 1 WHERE row = ?", [now, one.row])
        return one.row
    done = db.execute(
        """INSERT INTO alerts (alert, pipeline, kind, about, reason, urgent, tried_at, doubts)
           VALUES (?, ?, ?, ?, ?, 0, ?, 1)""",
        [alert, pipeline, one.kind, one.about, one.reason, now],
    )
    return int(done.lastrowid or 0)


def settle_taken(store: Store, alert: str, told_now: Sequence[tuple[int, Telling]], over: Sequence[int]) -> None:
    """Store that *alert* has taken a message: what it told of, and which rows it told the end of."""
    now = store.now()
    with store.transaction() as db:
        db.executemany(
            "UPDATE alerts SET told_at = ?, reason = ?, urgent = ?, doubts = 0 WHERE row = ?",
            [(now, one.reason, one.urgent, row) for row, one in told_now],
        )
        db.executemany("DELETE FROM alerts WHERE row = ?", [(row,) for row in over])
        db.execute(
            """INSERT INTO alert_channels VALUES (?1, 1, ?2, 0, NULL, NULL)
               ON CONFLICT (alert) DO UPDATE SET sent = sent + 1, sent_at = ?2, failed_at = NULL, problem = NULL""",
            [alert, now],
        )


def settle_failed(store: Store, alert: str, rows: Sequence[int], problem: str, *, in_doubt: bool) -> None:
    """Store that a message did not get through to *alert*; unless *in_doubt*, certainly not."""
    now = store.now()
    with store.transaction() as db:
        if not in_doubt:
            db.executemany("UPDATE alerts SET doubts = doubts - 1 WHERE row = ?", [(row,) for row in rows])
        db.execute(
            """INSERT INTO alert_channels VALUES (?1, 0, NULL, 1, ?2, ?3)
               ON CONFLICT (alert) DO UPDATE SET failures = failures + 1, failed_at = coalesce(failed_at, ?2),
                   problem = ?3""",
            [alert, now, problem],
        )


def forget(store: Store, rows: Sequence[int]) -> None:
    """Remove rows of what nobody needs to be told the end of."""
    if rows:
        with store.transaction() as db:
            db.executemany("DELETE FROM alerts WHERE row = ?", [(row,) for row in rows])


def alert_channels(store: Store) -> dict[str, AlertRow]:
    """Return how each alert channel does that ever had something to tell, by name."""
    return {row["alert"]: AlertRow(**dict(row)) for row in store.rows("SELECT * FROM alert_channels")}
