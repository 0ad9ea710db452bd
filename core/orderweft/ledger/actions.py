"""What people decide about orders; each decision is one transaction together with who took it, when and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingsError
from ..records import Accepted, Outcome
from .model import Intent, Route
from .orders import OrderBook
from .queries import OrderRow
from .statements import BY_HAND, NOT_OPEN
from .store import Claim, Store

What = Literal["retry", "release", "skip", "re-export"]

_RETRY = f"""UPDATE orders SET state = 'staged', reason = NULL, fix = NULL, config = NULL, tries = 0, retry_at = NULL,
    changed_at = ? WHERE pipeline = ? AND id = ? AND {NOT_OPEN}
    AND (state = 'held' AND reason NOT IN ('in_doubt', 'needs_person') OR state = 'skipped' AND config = '{BY_HAND}')"""  # noqa: S608  no value of the outside

_SKIP = f"""UPDATE orders SET state = 'skipped', reason = NULL, message = ?, fix = NULL, config = '{BY_HAND}',
    retry_at = NULL, changed_at = ? WHERE pipeline = ? AND id = ? AND {NOT_OPEN}
    AND (state = 'staged' OR state = 'held' AND reason IS NOT 'in_doubt')"""  # noqa: S608  no value of the outside

_LEAVE = f"""UPDATE changes SET state = 'noted', reason = NULL, message = ?, fix = NULL, retry_at = NULL,
    config = '{BY_HAND}' WHERE pipeline = ? AND id = ? AND revision = ? AND state = 'held'"""  # noqa: S608  no value of the outside

# its source is told anew, as soon as there is something to tell
_UNTOLD = "UPDATE acknowledgements SET delivered = 0, reason = '', due = 0 WHERE pipeline = ? AND id = ?"

_SUPERSEDED = """UPDATE attempts SET outcome = 'superseded', message = ?
    WHERE pipeline = ? AND id = ? AND outcome IN ('accepted', 'already_there')"""

_ONCE_MORE = """UPDATE orders SET state = 'staged', reason = NULL, message = NULL, fix = NULL, config = NULL, tries = 0,
    retry_at = NULL, delivered_revision = NULL, receipt_id = NULL, receipt_number = NULL, receipt = NULL,
    export = 1 + max(export, (SELECT count(DISTINCT key) FROM attempts
        WHERE attempts.pipeline = orders.pipeline AND attempts.id = orders.id)),
    changed_at = ? WHERE pipeline = ? AND id = ? AND state = 'delivered'"""

_LAST = """SELECT attempt, id, key, revision, coalesce(ended_at, ?) AS started_at, outcome FROM attempts
    WHERE pipeline = ? AND id = ? ORDER BY attempt DESC LIMIT 1"""


_SAME = "UPDATE orders SET changed_at = changed_at WHERE pipeline = ? AND id = ? AND state = ? AND reason IS ?"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decides, and why."""

    who: str
    why: str | None = None


class ActionBook(OrderBook):
    """Everything people's decisions write about the orders of one pipeline, while no run of it is under way.

    Each raises SettingsError when the order has become something else by now; then nothing was written.
    """

    def __init__(self, store: Store, route: Route, claim: Claim, by: Signature) -> None:
        [last] = store.rows("SELECT coalesce(max(id), 0) AS run FROM runs WHERE pipeline = ?", [route.pipeline])
        super().__init__(store, route, claim, last["run"])
        self._by = by

    def last(self, order: OrderRow) -> tuple[Intent, bool] | None:
        """Return the last attempt at *order*, and whether it is open; one without outcome may have left just now.

        None when there was none since it was last exported once more: what was superseded tells nothing of it.
        """
        rows = self._store.rows(_LAST, [self._store.now(), order.pipeline, order.id])
        for row in rows:
            if row["outcome"] == "superseded":
                return None
            intent = Intent(row["attempt"], row["id"], order.number, row["key"], row["revision"], row["started_at"])
            return intent, row["outcome"] in (None, "unknown")
        return None

    def retry(self, orders: Sequence[OrderRow]) -> None:
        """Have the next run offer *orders* again."""
        with self._store.transaction(self._claim) as db:
            for order in orders:
                self._done(order, db.execute(_RETRY, [self._store.now(), order.pipeline, order.id]))
                run = "next run" if order.purged_at is None else "run that reads it anew"
                self._sign(db, order, "retry", f"the {run} tries it again")

    def skip(self, orders: Sequence[OrderRow]) -> list[str]:
        """Leave *orders* out for good, whatever becomes of them at the source; of delivered ones their held change.

        Return what was done about each.
        """
        why, told = self._by.why or "left out by hand", []
        with self._store.transaction(self._claim) as db:
            for order in orders:
                at = [order.pipeline, order.id]
                if order.state == "delivered":
                    outcome = "its change after delivery is left out"
                    self._done(order, db.execute(_LEAVE, [why, *at, order.revision]))
                else:
                    outcome = "it is left out"
                    self._done(order, db.execute(_SKIP, [why, self._store.now(), *at]))
                self._sign(db, order, "skip", outcome)
                told.append(f"Order {order.number}: {outcome}.")
        return told

    def release(self, order: OrderRow, intent: Intent, answer: Outcome, outcome: str, *, is_open: bool) -> None:
        """Store what was found out about *order*, whose last attempt is *intent*."""
        with self._store.transaction(self._claim) as db:
            self._done(order, db.execute(_SAME, [order.pipeline, order.id, order.state, order.reason]))
            if not is_open and isinstance(answer, Accepted):
                db.execute("UPDATE attempts SET outcome = NULL WHERE attempt = ?", [intent.attempt])
            self._settle(db, [(intent, answer)], tried=False)
            self._sign(db, order, "release", outcome)

    def supersede(self, order: OrderRow, key: str, found: str) -> None:
        """Have the next run deliver *order* once more under a key of its own; the delivery under *key* is over."""
        with self._store.transaction(self._claim) as db:
            self._done(order, db.execute(_ONCE_MORE, [self._store.now(), order.pipeline, order.id]))
            db.execute(_SUPERSEDED, [f"{found}; it is exported once more", order.pipeline, order.id])
            db.execute(_UNTOLD, [order.pipeline, order.id])
            self._sign(db, order, "re-export", f"{found}; the next run delivers it once more", key)

    def _done(self, order: OrderRow, cursor: sqlite3.Cursor) -> None:
        if cursor.rowcount != 1 and order.state == "skipped":
            raise SettingsError(
                f"order {order.number} was left out by a rule or a setting and not by a person ({order.message}); "
                "change those, and it is decided anew"
            )
        if cursor.rowcount != 1:
            raise SettingsError(
                f"order {order.number} is not what it was a moment ago; nothing was changed, look again"
            )

    def _sign(self, db: sqlite3.Connection, order: OrderRow, what: What, outcome: str, key: str | None = None) -> None:
        db.execute(
            "INSERT INTO actions (pipeline, id, done_at, what, who, why, outcome, key, receipt_number)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [order.pipeline, order.id, self._store.now(), what, self._by.who, self._by.why, outcome, key,
             key and (order.receipt_number or order.receipt_id)],
        )  # fmt: skip
