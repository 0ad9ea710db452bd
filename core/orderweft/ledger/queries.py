"""What people ask the ledger: which orders, in which state, and why."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields
from heapq import nlargest
from itertools import chain, product
from operator import attrgetter
from typing import get_args

from .model import OrderState
from .store import Store


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as the ledger has it."""

    pipeline: str
    id: str
    number: str
    source: str
    destination: str
    state: str
    reason: str | None
    message: str | None
    fix: str | None
    customer: str | None
    revision: int
    delivered_revision: int | None
    tries: int
    retry_at: str | None
    receipt_id: str | None
    receipt_number: str | None
    receipt: str | None
    first_seen: str
    changed_at: str
    purged_at: str | None
    """Since when its contents are not kept any more."""
    erased_at: str | None
    """Since when its customer is not known any more."""
    export: int
    """How many deliveries of it there were to be; more than one when it was exported once more."""


@dataclass(frozen=True, slots=True)
class Urgent:
    """A held order whose ship window closes soon, or has closed."""

    closes: str
    """Last day of the window."""
    order: OrderRow


@dataclass(frozen=True, slots=True)
class Revision:
    """One form an order was seen in."""

    revision: int
    seen_at: str
    payload: str | None
    record: str | None
    problem: str | None
    skip: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery."""

    key: str
    revision: int
    started_at: str
    ended_at: str | None
    outcome: str | None
    message: str | None
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the source was told, and what it answered."""

    delivered: int
    message: str
    due: int
    outcome: str | None
    changed_at: str


@dataclass(frozen=True, slots=True)
class Action:
    """What a person has decided about an order."""

    done_at: str
    what: str
    who: str
    why: str | None
    outcome: str
    """What came of it."""
    key: str | None
    """Of the delivery it has superseded."""


@dataclass(frozen=True, slots=True)
class History:
    """Everything the ledger knows of one order."""

    order: OrderRow
    revisions: tuple[Revision, ...]
    attempts: tuple[Attempt, ...]
    told: Told | None
    actions: tuple[Action, ...]


def _columns(kind: type) -> str:
    return ", ".join(field.name for field in fields(kind))


_NAMES = [field.name for field in fields(OrderRow)]

# SQLite steps from each pipeline to the next one in the index, however many orders they have
_PIPELINES = """WITH RECURSIVE pipelines (pipeline) AS (
    SELECT min(pipeline) FROM orders
    UNION ALL SELECT (SELECT min(pipeline) FROM orders WHERE orders.pipeline > pipelines.pipeline)
    FROM pipelines WHERE pipeline IS NOT NULL)"""


def pipelines_of(store: Store) -> list[str]:
    """Return the pipelines that have orders."""
    rows = store.rows(f"{_PIPELINES} SELECT pipeline FROM pipelines WHERE pipeline IS NOT NULL")  # noqa: S608
    return [row["pipeline"] for row in rows]


def find(store: Store, text: str) -> list[OrderRow]:
    """Return the orders whose number, id, key or number at the destination is *text*."""
    rows = store.rows(
        f"""{_PIPELINES} SELECT {_columns(OrderRow)} FROM (
                SELECT pipeline, id FROM orders WHERE number = ?1
                UNION SELECT pipeline, id FROM orders WHERE receipt_number IN (?1, '#' || ?1)
                UNION SELECT orders.pipeline, id FROM pipelines CROSS JOIN orders USING (pipeline) WHERE id = ?1
                UNION SELECT pipeline, id FROM attempts WHERE key = ?1
                UNION SELECT pipeline, id FROM actions WHERE receipt_number IN (?1, '#' || ?1)
            ) CROSS JOIN orders USING (pipeline, id)
            ORDER BY pipeline, id LIMIT 50""",  # noqa: S608
        [text],
    )
    return [_order(row) for row in rows]


def listed(store: Store, *, pipeline: str | None = None, state: str | None = None, limit: int = 50) -> list[OrderRow]:
    """Return the orders last changed, newest first."""
    # the index alone tells how far back it goes, so that no order of a state that has none so new is read
    moments = "SELECT changed_at FROM orders WHERE pipeline = ? AND state = ? ORDER BY changed_at DESC LIMIT ?"
    newest = f"""SELECT {_columns(OrderRow)} FROM orders WHERE pipeline = ? AND state = ? AND changed_at >= ?
        ORDER BY changed_at DESC, number LIMIT ?"""  # noqa: S608
    places = product([pipeline] if pipeline else pipelines_of(store), [state] if state else get_args(OrderState))
    last = {place: [row["changed_at"] for row in store.rows(moments, [*place, limit])] for place in places}
    oldest = min(nlargest(limit, chain.from_iterable(last.values())), default="")
    found = [_order(row) for place in last for row in store.rows(newest, [*place, oldest, limit])]
    found.sort(key=attrgetter("number"))
    return sorted(found, key=attrgetter("changed_at"), reverse=True)[:limit]


def holds(store: Store, pipeline: str, limit: int = 200) -> list[OrderRow]:
    """Return the orders that are held, by reason and number."""
    rows = store.rows(
        f"""SELECT {_columns(OrderRow)} FROM orders INDEXED BY orders_unfinished
            WHERE pipeline = ? AND state = 'held' AND state IN ('staged', 'sending', 'held')
            ORDER BY reason, number LIMIT ?""",  # noqa: S608
        [pipeline, limit],
    )
    return [_order(row) for row in rows]


def held_for(
    store: Store, *, pipeline: str | None = None, reason: str | None = None, before: str | None = None
) -> list[OrderRow]:
    """Return all orders held in *pipeline* for *reason* that were first seen *before* a moment, by number."""
    rows = store.rows(
        f"""SELECT {_columns(OrderRow)} FROM orders
            WHERE state = 'held' AND pipeline IN (SELECT value FROM json_each(?1))
              AND (?2 IS NULL OR reason = ?2) AND (?3 IS NULL OR first_seen < ?3)
            ORDER BY pipeline, number, id""",  # noqa: S608
        [json.dumps([pipeline] if pipeline else pipelines_of(store)), reason, before],
    )
    return [_order(row) for row in rows]


def closing(store: Store, pipeline: str, last: str, limit: int = 200) -> list[Urgent]:
    """Return held orders whose ship window closes on the day *last* or earlier, each after that day, by day."""
    rows = store.rows(
        f"""SELECT * FROM (
                SELECT json_extract(record, '$.window.complete') AS closes, {_columns(OrderRow)}
                FROM orders INDEXED BY orders_unfinished
                CROSS JOIN (SELECT pipeline, id, revision, record FROM revisions) USING (pipeline, id, revision)
                WHERE pipeline = ? AND state = 'held' AND state IN ('staged', 'sending', 'held'))
            WHERE closes <= ? ORDER BY closes, number LIMIT ?""",  # noqa: S608
        [pipeline, last, limit],
    )
    return [Urgent(row["closes"], OrderRow(**{name: row[name] for name in _NAMES})) for row in rows]


def tally(store: Store, pipeline: str | None = None) -> dict[str, int]:
    """Return how many orders are in each state."""
    rows = store.rows(
        """SELECT state, sum(many) AS many FROM tallies WHERE many > 0 AND (?1 IS NULL OR pipeline = ?1)
           GROUP BY state""",
        [pipeline],
    )
    return {row["state"]: row["many"] for row in rows}


def history(store: Store, order: OrderRow) -> History:
    """Return everything known of *order*."""
    at = [order.pipeline, order.id]
    revisions = store.rows(
        f"SELECT {_columns(Revision)} FROM revisions WHERE pipeline = ? AND id = ? ORDER BY revision",  # noqa: S608
        at,
    )
    attempts = store.rows(
        f"SELECT {_columns(Attempt)} FROM attempts WHERE pipeline = ? AND id = ? ORDER BY attempt",  # noqa: S608
        at,
    )
    told = store.rows(f"SELECT {_columns(Told)} FROM acknowledgements WHERE pipeline = ? AND id = ?", at)  # noqa: S608
    actions = store.rows(
        f"SELECT {_columns(Action)} FROM actions WHERE pipeline = ? AND id = ? ORDER BY action",  # noqa: S608
        at,
    )
    return History(
        order,
        tuple(Revision(**dict(row)) for row in revisions),
        tuple(Attempt(**dict(row)) for row in attempts),
        Told(**dict(told[0])) if told else None,
        tuple(Action(**dict(row)) for row in actions),
    )


def _order(row: sqlite3.Row) -> OrderRow:
    return OrderRow(**dict(row))
