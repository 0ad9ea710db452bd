"""What the ledger writes of orders: staged, decided, intended, settled, acknowledged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from ..exchange import Acknowledgement, Page
from ..records import Accepted, AlreadyThere, NotSent, Outcome, Receipt, Refused
from ..records.reason import CLASSES
from . import statements
from .fingerprint import seen_as
from .model import Intent, Route, Staged, Verdict
from .staged import FIXED, customer_of, from_row, in_doubt_elsewhere, stands
from .store import Claim, Store, stamp

MAX_TRIES = 6
"""Tries without success after which an order is held, so that it cannot keep a pipeline busy for ever."""

RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (15, 60, 240, 1440))
"""How long a refused order waits before it is offered again: the first time, the second time, and so on."""

MAX_REFUSALS = 10
"""Runs in which a source that refuses a note is told again, should its settings be corrected meanwhile."""

PROBE_AFTER = timedelta(minutes=4)
"""How long such an order waits where the destination can be asked without offering it: less than any schedule."""

_NEVER_AGAIN = ("invalid_field", "needs_person", "in_doubt")
"""Holds that only a change of the order, the configuration or a person releases."""


class Ledger(Store):
    """The ledger of orders: a `Store` that opens `OrderBook`s."""

    def book(self, route: Route, claim: Claim | None, run: int) -> OrderBook:
        """Return the writing side for one run of one pipeline."""
        return OrderBook(self, route, claim, run)


class OrderBook:
    """Everything one run writes about its orders; each method is one durable transaction."""

    def __init__(self, store: Store, route: Route, claim: Claim | None, run: int) -> None:
        self._store = store
        self.route = route
        self._claim = claim
        self._run = run

    def stage(self, page: Page, *, move_bookmark: bool = True, keep: bool = True) -> list[Staged]:
        """Store the page's new and changed orders with its bookmark, and return all of them as they stand now.

        Without *keep* nothing is stored; the answer is the same.
        """
        seen = {one[0].id: one for one in map(seen_as, page.items)}
        pipeline, now = self.route.pipeline, self._store.now()
        with self._store.transaction(self._claim, keep=keep) as db:
            known = self._known(db, seen)
            staged, news, updates, revisions = [], [], [], []
            for item, data, record, mark in seen.values():
                row = known.get(item.id)
                entry = stands(item, data, row, mark, self.route.config)
                staged.append(entry)
                # what a purge let go is stored again when it is to be decided anew
                renewed = entry.changed or (row is not None and row["purged_at"] and entry.state == "staged")
                if row is None:
                    news.append((pipeline, item.id, item.number, self.route.source, self.route.destination,
                                 customer_of(item), mark, now, now, self._run))  # fmt: skip
                elif renewed:
                    updates.append((item.number, entry.state, customer_of(item), entry.revision, mark, now, self._run,
                                    pipeline, item.id))  # fmt: skip
                if renewed:
                    revisions.append((pipeline, item.id, entry.revision, mark, now, self._run, item.payload, record,
                                      item.problem, item.skip))  # fmt: skip
            db.executemany(statements.NEW_ORDER, news)
            db.executemany(statements.CHANGED_ORDER, updates)
            db.executemany(statements.NEW_REVISION, revisions)
            db.executemany("DELETE FROM spool WHERE entry = ?", [(entry,) for entry in page.spooled])
            if move_bookmark and page.bookmark is not None:
                db.execute("INSERT OR REPLACE INTO bookmarks VALUES (?, ?, ?)", [pipeline, page.bookmark, now])
        return staged

    def waiting(self, after: str, limit: int = 100) -> list[Staged]:
        """Return orders that are due without being fetched again: staged ones, and holds worth another try."""
        rows = self._store.rows(
            statements.WAITING, [self.route.pipeline, after, self._store.now(), self.route.config, limit]
        )
        return [from_row(row) for row in rows]

    def unreadable(self, after: str) -> dict[str, str]:
        """Return the payloads of orders beyond id *after* that were held unread under other settings, by id."""
        rows = self._store.rows(statements.UNREADABLE, [self.route.pipeline, after, self.route.config])
        return {row["id"]: row["payload"] for row in rows}

    def one(self, number: str) -> list[Staged]:
        """Return the orders of *number* that are not delivered, whatever they wait for, except those in doubt."""
        rows = self._store.rows(statements.BY_NUMBER, [self.route.pipeline, number])
        return [from_row(row) for row in rows]

    def held(self) -> list[str]:
        """Return the ids of due holds the destination can be asked about, the first deadline first."""
        rows = self._store.rows(
            statements.HELD_BY_DEADLINE, [self.route.pipeline, self._store.now(), self.route.config]
        )
        return [row["id"] for row in rows]

    def these(self, ids: Sequence[str]) -> list[Staged]:
        """Return those held orders in this order."""
        return [from_row(row) for row in self._store.rows(statements.BY_ID, [json.dumps(ids), self.route.pipeline])]

    def decide(self, verdicts: Sequence[Verdict]) -> None:
        """Store verdicts on orders that are not sent."""
        if not verdicts:
            return
        with self._store.transaction(self._claim) as db:
            for verdict in verdicts:
                self._verdict(db, verdict)

    def intend(self, deliveries: Iterable[tuple[Staged, str]]) -> tuple[list[Intent], list[Staged]]:
        """Store the intent to deliver; return the intents, and the orders that another pipeline has delivered before.

        An order that is under way or delivered by now, or was seen in another revision since, is left out, so that one
        read twice is sent once, and one cancelled meanwhile not at all.
        Raises LeaseLostError when another process has taken over; then nothing may be sent.
        """
        wanted = {staged.id: (staged, key) for staged, key in deliveries}
        route, now = self.route, self._store.now()
        intents, done = [], []
        with self._store.transaction(self._claim) as db:
            known = self._known(db, wanted)
            earlier = self._earlier(db, [key for _, key in wanted.values()])
            attempt = db.execute("SELECT coalesce(max(attempt), 0) FROM attempts").fetchone()[0]
            for staged, key in wanted.values():
                before = earlier.get(key)
                if known[staged.id]["state"] in FIXED or known[staged.id]["revision"] != staged.revision:
                    continue
                if before is None:
                    attempt += 1
                    intents.append(Intent(attempt, staged.id, staged.number, key, staged.revision, now))
                elif before["receipt"] is None:
                    self._verdict(db, in_doubt_elsewhere(staged, before["pipeline"]), retry_at=now)
                else:
                    done.append((staged, Receipt.model_validate_json(before["receipt"])))
            db.executemany(
                "INSERT INTO attempts (attempt, destination, key, pipeline, id, revision, run, started_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (i.attempt, route.destination, i.key, route.pipeline, i.id, i.revision, self._run, now)
                    for i in intents
                ],
            )
            db.executemany(
                "UPDATE orders SET state = 'sending', changed_at = ?, run = ? WHERE pipeline = ? AND id = ?",
                [(now, self._run, route.pipeline, intent.id) for intent in intents],
            )
            self._delivered(db, done)
        return intents, [staged for staged, _ in done]

    def settle(self, outcomes: Sequence[tuple[Intent, Outcome]], *, tried: bool = False) -> None:
        """Store what the destination answered; with *tried*, a not-sent one counts as a try that failed."""
        with self._store.transaction(self._claim) as db:
            self._settle(db, outcomes, tried=tried)

    def _settle(self, db: sqlite3.Connection, outcomes: Sequence[tuple[Intent, Outcome]], *, tried: bool) -> None:
        now = self._store.now()
        answers, delivered = [], []
        for intent, outcome in outcomes:
            receipt = outcome.receipt if isinstance(outcome, Accepted | AlreadyThere) else None
            message = None if isinstance(outcome, Accepted | AlreadyThere) else outcome.message
            answers.append((now, outcome.outcome, message, receipt and receipt.to_json(), intent.attempt))
            if receipt is not None:
                delivered.append((intent, receipt))
        db.executemany(
            "UPDATE attempts SET ended_at = ?, outcome = ?, message = ?, receipt = ?"
            " WHERE attempt = ? AND coalesce(outcome, 'unknown') = 'unknown'",
            answers,
        )
        self._delivered(db, delivered)
        for intent, outcome in outcomes:
            if isinstance(outcome, Refused):
                self._refused(db, intent, outcome)
            elif isinstance(outcome, NotSent):
                self._put_back(db, intent, outcome.message, tries=int(tried))

    def unsettled(self, after: int = 0, limit: int = 100) -> list[Intent]:
        """Return the oldest attempts above number *after* whose outcome is not known.

        One without any outcome may have left its process as late as this run began.
        """
        rows = self._store.rows(
            """SELECT attempts.attempt, attempts.id, orders.number, attempts.key, attempts.revision,
                      coalesce(attempts.ended_at, max(attempts.started_at, coalesce(
                          (SELECT runs.started_at FROM runs WHERE runs.id = ?), ''))) AS started_at
               FROM attempts CROSS JOIN orders USING (pipeline, id)
               WHERE attempts.pipeline = ? AND attempts.attempt > ?
                 AND (attempts.outcome IS NULL OR attempts.outcome = 'unknown')
               ORDER BY attempts.attempt LIMIT ?""",
            [self._run, self.route.pipeline, after, limit],
        )
        return [Intent(**dict(row)) for row in rows]

    def park(self, intents: Sequence[Intent], message: str, fix: Callable[[Intent], str]) -> int:
        """Hold orders whose outcome nobody can tell by now and return how many are new; their intents stay open."""
        parked = 0
        with self._store.transaction(self._claim) as db:
            for intent in intents:
                done = db.execute(
                    """UPDATE orders SET state = 'held', reason = 'in_doubt', message = ?, fix = ?, changed_at = ?
                       WHERE pipeline = ? AND id = ? AND state <> 'held'""",
                    [message, fix(intent), self._store.now(), self.route.pipeline, intent.id],
                )
                parked += done.rowcount
        return parked

    def pending(self, after: str, limit: int) -> list[Intent]:
        """Return the deliveries of orders beyond id *after* that the destination has not confirmed yet."""
        return [
            Intent(**dict(row)) for row in self._store.rows(statements.PENDING, [self.route.pipeline, after, limit])
        ]

    def confirm(self, answers: Sequence[tuple[Intent, Receipt | Refused]]) -> None:
        """Store what became of deliveries that were pending: a receipt at last, or a refusal, which holds the order."""
        with self._store.transaction(self._claim) as db:
            for intent, answer in answers:
                refusal = answer if isinstance(answer, Refused) else None
                receipt = None if isinstance(answer, Refused) else answer
                db.execute(
                    "UPDATE attempts SET ended_at = ?, outcome = ?, message = ?, receipt = ? WHERE attempt = ?",
                    [self._store.now(), refusal.outcome if refusal else "accepted", refusal and refusal.message,
                     receipt and receipt.to_json(), intent.attempt],
                )  # fmt: skip
                if receipt is not None:
                    self._delivered(db, [(intent, receipt)])
                elif refusal is not None:
                    db.execute(statements.NOT_AFTER_ALL, [self.route.pipeline, intent.id])
                    self._hold(db, intent, refusal, 0)

    def unacknowledged(self, after: str, limit: int) -> list[Acknowledgement]:
        """Return what the source has still to be told of orders beyond id *after*."""
        rows = self._store.rows(
            "SELECT * FROM acknowledgements INDEXED BY acknowledgements_due"
            " WHERE pipeline = ? AND due = 1 AND id > ? ORDER BY id LIMIT ?",
            [self.route.pipeline, after, limit],
        )
        return [
            Acknowledgement(
                id=row["id"],
                number=row["number"],
                delivered=bool(row["delivered"]),
                message=row["message"],
                receipt=Receipt.model_validate_json(row["receipt"]) if row["receipt"] else None,
            )
            for row in rows
        ]

    def acknowledged(self, answers: Sequence[tuple[Acknowledgement, Outcome]]) -> None:
        """Store what the source answered; what it did not take stays due, what it refuses for a number of runs."""
        with self._store.transaction(self._claim) as db:
            for told, outcome in answers:
                due = {"not_sent": 1, "unknown": 1, "refused": f"tries < {MAX_REFUSALS}"}.get(outcome.outcome, 0)
                text = outcome.outcome if isinstance(outcome, Accepted | AlreadyThere) else outcome.message
                db.execute(
                    f"""UPDATE acknowledgements SET due = {due}, tries = tries + 1, outcome = ?, changed_at = ?
                       WHERE pipeline = ? AND id = ? AND message = ?""",  # noqa: S608  no value of the outside
                    [text, self._store.now(), self.route.pipeline, told.id, told.message],
                )

    def _known(self, db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, sqlite3.Row]:
        rows = db.execute(
            """SELECT orders.id, orders.state, orders.reason, orders.revision, orders.fingerprint,
                      orders.config, orders.export, orders.purged_at, orders.erased_at
               FROM json_each(?) AS wanted CROSS JOIN orders
               WHERE orders.pipeline = ? AND orders.id = wanted.value""",
            [json.dumps(list(ids)), self.route.pipeline],
        )
        return {row["id"]: row for row in rows}

    def _earlier(self, db: sqlite3.Connection, keys: Sequence[str]) -> dict[str, sqlite3.Row]:
        """Return the attempts at the same deliveries that succeeded or may have; those without receipt are open."""
        rows = db.execute(statements.EARLIER, [json.dumps(keys), self.route.destination])
        return {row["key"]: row for row in rows}

    def _verdict(self, db: sqlite3.Connection, verdict: Verdict, *, retry_at: str | None = None) -> None:
        staged, now = verdict.staged, self._store.now()
        fix = CLASSES[verdict.reason].fix if verdict.reason else None
        if verdict.reason in statements.PROBED:
            retry_at = stamp(self._store.clock.now() + PROBE_AFTER)
        db.execute(
            """UPDATE orders SET state = ?1, reason = ?2, message = ?3, fix = ?4, config = ?5, retry_at = ?6,
                      changed_at = iif(state = ?1 AND reason IS ?2 AND message IS ?3, changed_at, ?7), run = ?8
               WHERE pipeline = ?9 AND id = ?10 AND state NOT IN ('delivered', 'sending')""",
            [verdict.state, verdict.reason, verdict.message, verdict.fix or fix, self.route.config, retry_at,
             now, self._run, self.route.pipeline, staged.id],
        )  # fmt: skip
        if verdict.state == "held":
            self._tell_source(db, staged, verdict.reason or "", verdict.message, None)

    def _put_back(self, db: sqlite3.Connection, intent: Intent, message: str, tries: int = 0) -> None:
        db.execute(
            """UPDATE orders SET state = 'staged', reason = NULL, message = ?, fix = NULL, retry_at = NULL,
                      tries = tries + ?, changed_at = ?
               WHERE pipeline = ? AND id = ? AND state <> 'delivered'""",
            [message, tries, self._store.now(), self.route.pipeline, intent.id],
        )
        tried, revision = self._tries(db, intent)
        if tries and tried >= MAX_TRIES and revision == intent.revision:
            fix = f"look for what {self.route.destination} may not bear in it; it is tried again from time to time"
            text = f"it could not be delivered in {MAX_TRIES} tries; the last one: {message}"
            self._hold(db, intent, Refused(reason="refused", message=text, fix=fix), tried)

    def _tries(self, db: sqlite3.Connection, intent: Intent) -> tuple[int, int]:
        """Return how often the order was tried, and its newest revision."""
        row = db.execute(
            "SELECT tries, revision FROM orders WHERE pipeline = ? AND id = ?", [self.route.pipeline, intent.id]
        ).fetchone()
        return row["tries"], row["revision"]

    def _delivered(self, db: sqlite3.Connection, delivered: Sequence[tuple[Intent | Staged, Receipt]]) -> None:
        now, route = self._store.now(), self.route
        rows = [
            (one.revision, receipt.id, receipt.number, receipt.to_json(), route.config, now, self._run,
             route.pipeline, one.id)
            for one, receipt in delivered
        ]  # fmt: skip
        db.executemany(statements.DELIVERED, rows)
        if route.acknowledge:
            for one, receipt in delivered:
                if not receipt.pending:
                    self._tell_source(db, one, "", f"Delivered as {receipt.number or receipt.id}.", receipt)

    def _refused(self, db: sqlite3.Connection, intent: Intent, outcome: Refused) -> None:
        tries, revision = self._tries(db, intent)
        if revision != intent.revision:
            self._put_back(db, intent, f"refused in a form that was changed meanwhile: {outcome.message}")
        else:
            self._hold(db, intent, outcome, tries)

    def _hold(self, db: sqlite3.Connection, intent: Intent, outcome: Refused, tries: int) -> None:
        wait = None if outcome.reason in _NEVER_AGAIN else RETRY_AFTER[min(tries, len(RETRY_AFTER) - 1)]
        if wait and self.route.probes and not tries:
            wait = PROBE_AFTER
        db.execute(
            """UPDATE orders SET state = 'held', reason = ?, message = ?, fix = ?, config = ?, tries = tries + 1,
                      retry_at = ?, changed_at = ?, run = ?
               WHERE pipeline = ? AND id = ? AND state <> 'delivered'""",
            [outcome.reason, outcome.message, outcome.fix or CLASSES[outcome.reason].fix, self.route.config,
             stamp(self._store.clock.now() + wait) if wait else None, self._store.now(), self._run,
             self.route.pipeline, intent.id],
        )  # fmt: skip
        self._tell_source(db, intent, outcome.reason, outcome.message, None)

    def _tell_source(
        self, db: sqlite3.Connection, one: Intent | Staged, reason: str, text: str, receipt: Receipt | None
    ) -> None:
        # an order in doubt may be there: the source is told when it is known
        if not self.route.acknowledge or reason == "in_doubt":
            return
        message = text if receipt is not None else f"Not delivered: {text}"
        told = [self.route.pipeline, one.id, one.number, int(receipt is not None), reason, message]
        db.execute(statements.TELL, [*told, receipt and receipt.to_json(), self._store.now()])
