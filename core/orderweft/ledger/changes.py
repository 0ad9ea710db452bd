"""What the ledger knows of orders that were changed or cancelled at their source after they were delivered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import ValidationError

from ..records import Accepted, AlreadyThere, NotSent, Order, Outcome, Receipt, Refused
from .model import Route
from .orders import MAX_TRIES, RETRY_AFTER
from .statements import is_due
from .store import Claim, Store, stamp

ChangeState = Literal["noted", "waiting", "sending", "done", "held", "superseded"]
"""`noted`: people were told, and nothing is sent. `sending`: it was sent and may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One form of an order that came after the delivered one, and what becomes of it at the destination."""

    pipeline: str
    id: str
    number: str
    destination: str
    revision: int
    base: int
    """The revision it was compared with: the newest one the destination is known to have."""
    cancelled: bool
    """Whether it says that the order is cancelled."""
    state: ChangeState
    seen_at: str
    diff: tuple[str, ...] = ()
    """How it differs from the form the destination has, in sentences without anything personal."""
    reason: str | None = None
    message: str | None = None
    fix: str | None = None
    tries: int = 0
    doubts: int = 0
    """How often it was sent without an answer since the destination last told what it has."""
    started_at: str | None = None
    ended_at: str | None = None
    outcome: str | None = None
    key: str | None = None
    """The key the order was delivered under, where this pipeline delivered it."""
    export: int = 1
    """Which delivery of the order it was."""
    receipt: Receipt | None = None
    customer: str | None = None

    @property
    def there(self) -> str:
        """Return what the order is called at the destination."""
        return (self.receipt.number or self.receipt.id) if self.receipt else ""


@dataclass(frozen=True, slots=True)
class Late:
    """A form of a delivered order that nobody has judged yet."""

    change: OrderChange
    order: Order | None
    before: Order | None
    """The form the destination has; None when it is not kept any more."""
    problem: str | None
    skip: str | None


_KEY = """(SELECT key FROM attempts WHERE attempts.pipeline = orders.pipeline AND attempts.id = orders.id
    AND attempts.outcome IN ('accepted', 'already_there') ORDER BY attempt DESC LIMIT 1) AS key"""

_STILL = "orders.state = 'delivered' AND orders.revision > orders.delivered_revision"
"""Orders of which the destination has an older form than the source; there is an index of them."""

_UNSEEN = f"""SELECT orders.pipeline, orders.id, orders.number, orders.destination, orders.revision,
        orders.delivered_revision AS base, orders.receipt, newest.record, newest.problem, newest.skip,
        confirmed.record AS before, newest.seen_at, orders.export, {_KEY}
    FROM orders INDEXED BY orders_changed CROSS JOIN revisions AS newest USING (pipeline, id, revision)
    LEFT JOIN revisions AS confirmed ON confirmed.pipeline = orders.pipeline AND confirmed.id = orders.id
        AND confirmed.revision = orders.delivered_revision
    WHERE orders.pipeline = ? AND orders.id > ? AND {_STILL}
      AND NOT EXISTS (SELECT 1 FROM changes WHERE changes.pipeline = orders.pipeline AND changes.id = orders.id
          AND changes.revision = orders.revision)
    ORDER BY orders.id LIMIT ?"""  # noqa: S608  our own statements, here and below

_CHANGE = f"""SELECT changes.*, orders.number, orders.destination, orders.receipt, orders.export, orders.customer,
        {_KEY}
    FROM changes CROSS JOIN orders USING (pipeline, id)"""  # noqa: S608

_DUE = f"""{_CHANGE}
    WHERE changes.pipeline = ? AND changes.id > ? AND changes.state IN ('waiting', 'sending', 'held')
      AND {_STILL} AND orders.revision = changes.revision AND NOT coalesce(json_extract(orders.receipt, '$.pending'), 0)
      AND (changes.state <> 'held' OR {is_due("changes.retry_at", "?3")} OR changes.config IS NOT ?)
    ORDER BY changes.id LIMIT ?"""

_HELD = f"""{_CHANGE}
    WHERE (?1 IS NULL OR changes.pipeline = ?1)
      AND changes.state IN ('waiting', 'sending', 'held') AND changes.state = 'held' AND {_STILL}
      AND orders.revision = changes.revision ORDER BY orders.number, changes.pipeline"""

_FORMS = """SELECT revisions.revision, record FROM revisions JOIN orders USING (pipeline, id)
    WHERE pipeline = ?1 AND id = ?2 AND record IS NOT NULL AND (revisions.revision = delivered_revision
        OR revisions.revision > delivered_revision AND EXISTS (SELECT 1 FROM changes
            WHERE changes.pipeline = ?1 AND changes.id = ?2 AND changes.revision = revisions.revision AND doubts > 0))
    ORDER BY revisions.revision"""

_OPEN = """UPDATE changes SET state = 'sending', tries = tries + 1, doubts = doubts + 1, started_at = ?1,
        ended_at = NULL, outcome = NULL, run = ?2
    WHERE pipeline = ?3 AND id = ?4 AND revision = ?5 AND EXISTS (SELECT 1 FROM orders
        WHERE orders.pipeline = ?3 AND orders.id = ?4 AND state = 'delivered' AND revision = ?5)"""


class ChangeBook:
    """Everything one run writes about orders changed after their delivery; each method is one durable transaction."""

    def __init__(self, store: Store, route: Route, claim: Claim | None, run: int) -> None:
        self._store, self._route, self._claim, self._run = store, route, claim, run

    def unseen(self, after: str, limit: int = 100) -> list[Late]:
        """Return the delivered orders beyond id *after* whose newest form was not judged yet."""
        return [_late(row) for row in self._store.rows(_UNSEEN, [self._route.pipeline, after, limit])]

    def note(self, changes: Sequence[OrderChange]) -> None:
        """Store what was decided about new forms; earlier ones of the same orders are superseded by them."""
        with self._store.transaction(self._claim) as db:
            for one in changes:
                at = [one.pipeline, one.id, one.revision]
                db.execute(
                    """UPDATE changes SET state = 'superseded' WHERE pipeline = ? AND id = ? AND revision < ?
                       AND state IN ('noted', 'waiting', 'sending', 'held')""",
                    at,
                )
                db.execute(
                    """INSERT OR IGNORE INTO changes
                           (pipeline, id, revision, base, cancelled, state, seen_at, diff, run)
                       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                    [*at, one.base, int(one.cancelled), one.state, one.seen_at, json.dumps(one.diff), self._run],
                )
                self._end(db, one)

    def due(self, after: str, limit: int = 100, *, retry: bool = False) -> list[OrderChange]:
        """Return what is to be sent, of orders beyond id *after*: what waits, what is in doubt, and holds due again.

        With *retry*, every hold is due.
        """
        due = "9999" if retry else self._store.now()
        values = [self._route.pipeline, after, due, self._route.config, limit]
        return [_change(row) for row in self._store.rows(_DUE, values)]

    def forms(self, change: OrderChange) -> dict[int, Order]:
        """Return the forms the destination may have of an order by revision, the confirmed one first."""
        rows = self._store.rows(_FORMS, [change.pipeline, change.id])
        return {row["revision"]: order for row in rows if (order := _order(row["record"])) is not None}

    def before(self, id_: str) -> tuple[int, Order | None]:
        """Return the revision the destination has of a delivered order, and its form where that is kept."""
        (row,) = self._store.rows(
            """SELECT delivered_revision, record FROM orders LEFT JOIN revisions ON revisions.pipeline = orders.pipeline
               AND revisions.id = orders.id AND revisions.revision = delivered_revision
               WHERE orders.pipeline = ? AND orders.id = ?""",
            [self._route.pipeline, id_],
        )
        return row["delivered_revision"], _order(row["record"])

    def in_doubt(self, change: OrderChange) -> str | None:
        """Return when a form of an order was last sent of which nobody knows whether it arrived; None for never.

        One without any answer may have left its process as late as this run began.
        """
        (row,) = self._store.rows(
            """SELECT max(coalesce(changes.ended_at, max(changes.started_at, coalesce(
                   (SELECT runs.started_at FROM runs WHERE runs.id = ?), '')))) AS since
               FROM changes WHERE pipeline = ? AND id = ? AND doubts > 0""",
            [self._run, change.pipeline, change.id],
        )
        since: str | None = row["since"]
        return since

    def newest(self, change: OrderChange) -> Late:
        """Return the form *change* is of, as it was stored."""
        (row,) = self._store.rows(
            "SELECT record, problem, skip FROM revisions WHERE pipeline = ? AND id = ? AND revision = ?",
            [change.pipeline, change.id, change.revision],
        )
        return Late(change, _order(row["record"]), None, row["problem"], row["skip"])

    def intend(self, change: OrderChange) -> bool:
        """Store the intent to send *change* and return whether it may go: not when a newer form was seen since.

        Raises LeaseLostError when another process has taken over; then nothing may be sent.
        """
        at = [change.pipeline, change.id, change.revision]
        with self._store.transaction(self._claim) as db:
            return db.execute(_OPEN, [self._store.now(), self._run, *at]).rowcount == 1

    def settle(self, change: OrderChange, outcome: Outcome) -> OrderChange:
        """Store what the destination answered to an intended *change*, and return it as it stands now."""
        now, tries = self._store.now(), change.tries + 1
        ended = replace(change, tries=tries, ended_at=now, outcome=outcome.outcome)
        if isinstance(outcome, Accepted | AlreadyThere):
            done = replace(ended, state="done", doubts=0, reason=None, message=None, fix=None, receipt=outcome.receipt)
        elif isinstance(outcome, Refused):
            done = replace(ended, state="held", reason=outcome.reason, message=outcome.message, fix=outcome.fix)
        elif isinstance(outcome, NotSent) and tries < MAX_TRIES:
            done = replace(ended, state="waiting", message=outcome.message)
        elif isinstance(outcome, NotSent):
            fix = f"look at what {change.destination} may not bear in it; it is tried again from time to time"
            done = replace(ended, state="held", reason="refused", message=outcome.message, fix=fix)
        else:
            done = replace(ended, state="sending", doubts=change.doubts + 1, message=outcome.message)
        if done.state == "sending" and tries >= MAX_TRIES:
            fix = f"look at the order at {change.destination}; it is looked up again from time to time"
            done = replace(done, state="held", reason="in_doubt", fix=fix)
        with self._store.transaction(self._claim) as db:
            self._end(db, done)
            if isinstance(outcome, Accepted | AlreadyThere):
                self._confirmed(db, done)
        return done

    def _end(self, db: sqlite3.Connection, one: OrderChange) -> None:
        again = None
        if one.state == "held":
            wait = RETRY_AFTER[min(one.tries, len(RETRY_AFTER) - 1)]
            again = stamp(self._store.clock.now() + wait)
        db.execute(
            """UPDATE changes SET state = ?, reason = ?, message = ?, fix = ?, retry_at = ?, config = ?, doubts = ?,
                      ended_at = ?, outcome = ?, run = ?
               WHERE pipeline = ? AND id = ? AND revision = ?""",
            [one.state, one.reason, one.message, one.fix, again, self._route.config, one.doubts, one.ended_at,
             one.outcome, self._run, one.pipeline, one.id, one.revision],
        )  # fmt: skip

    def _confirmed(self, db: sqlite3.Connection, one: OrderChange) -> None:
        at = [one.pipeline, one.id]
        assert one.receipt is not None
        db.execute(
            """UPDATE orders SET delivered_revision = ?, receipt_id = ?, receipt_number = ?, receipt = ?, changed_at = ?
               WHERE pipeline = ? AND id = ? AND state = 'delivered'""",
            [one.revision, one.receipt.id, one.receipt.number, one.receipt.to_json(), self._store.now(), *at],
        )
        db.execute("UPDATE changes SET doubts = 0 WHERE pipeline = ? AND id = ? AND revision < ?", [*at, one.revision])


def held_changes(store: Store, pipeline: str | None) -> list[OrderChange]:
    """Return the changes of delivered orders that wait for a person, by number; of all pipelines without one."""
    return [_change(row) for row in store.rows(_HELD, [pipeline])]


def changes_of(store: Store, pipeline: str, id_: str) -> list[OrderChange]:
    """Return every form of an order that came after its delivery, the oldest first."""
    rows = store.rows(
        f"{_CHANGE} WHERE changes.pipeline = ? AND changes.id = ? ORDER BY changes.revision", [pipeline, id_]
    )
    return [_change(row) for row in rows]


def _late(row: sqlite3.Row) -> Late:
    order = _order(row["record"])
    change = OrderChange(
        row["pipeline"],
        row["id"],
        row["number"],
        row["destination"],
        row["revision"],
        row["base"],
        cancelled=order is not None and order.status == "cancelled",
        state="noted",
        seen_at=row["seen_at"],
        key=row["key"],
        export=row["export"],
        receipt=_receipt(row["receipt"]),
    )
    return Late(change, order, _order(row["before"]), row["problem"], row["skip"])


def _change(row: sqlite3.Row) -> OrderChange:
    data: dict[str, Any] = {name: row[name] for name in row.keys() if name in OrderChange.__slots__}  # noqa: SIM118  a row is no mapping
    told = {"cancelled": bool(row["cancelled"]), "diff": tuple(json.loads(row["diff"]))}
    return OrderChange(**{**data, **told, "receipt": _receipt(row["receipt"])})


def _receipt(text: str | None) -> Receipt | None:
    return Receipt.model_validate_json(text) if text else None


def _order(text: str | None) -> Order | None:
    try:
        return Order.model_validate_json(text) if text else None
    except ValidationError:  # it was stored by another version
        return None
