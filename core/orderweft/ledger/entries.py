"""What the ledger knows of stock, products, customers and shipments: what the destination last confirmed of each."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Literal

from ..records import Accepted, AlreadyThere, Outcome, Refused
from .model import Change, Incoming, Misfit
from .orders import RETRY_AFTER
from .statements import is_due
from .store import Claim, Store, stamp

EntryState = Literal["sending", "sent", "pending", "held"]

PENDING_AGAIN = timedelta(days=1)
"""How long a record that was taken but not confirmed waits before it is offered again."""

_STOCKED = "coalesce(json_extract({0}, '$.quantity'), json_extract({0}, '$.bucket') = 'made_to_order', 0) > 0"
_THERE = f"({_STOCKED.format('entries.sent')} OR {_STOCKED.format('entries.trying')})"
"""Levels that may be above zero at the destination."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One record as the ledger has it."""

    pipeline: str
    key: str
    label: str
    state: EntryState
    sent: str | None
    reason: str | None
    message: str | None
    fix: str | None
    tries: int
    retry_at: str | None
    receipt: str | None
    sent_at: str | None
    changed_at: str


# `times` is how often it came: once goes out, more often are twins, 0 is left out, and NULL is held.
_INCOMING = """CREATE TEMP TABLE IF NOT EXISTS incoming (
    key TEXT PRIMARY KEY, label TEXT NOT NULL, record TEXT NOT NULL, mark TEXT NOT NULL, item TEXT, times INTEGER,
    parts TEXT
) WITHOUT ROWID"""

_AGAIN = is_due("entries.retry_at", ":due")

# An entry under way may or may not have arrived, so it is sent whatever it was; a held one waits for a change. What was
# confirmed under other settings of the destination may be somewhere else now.
_CHANGED = f"""FROM incoming LEFT JOIN entries ON entries.pipeline = :pipeline AND entries.key = incoming.key
    WHERE incoming.times = 1 AND (
        entries.key IS NULL
        OR entries.state = 'sending'
        OR entries.target IS NOT :target
        OR entries.state = 'pending' AND (entries.mark IS NOT incoming.mark OR {_AGAIN})
        OR entries.state = 'sent' AND entries.mark IS NOT incoming.mark
        OR entries.state = 'held' AND entries.mark IS NOT incoming.mark
           AND (entries.offered IS NOT incoming.mark OR entries.config IS NOT :config OR {_AGAIN}))"""


class EntryBook:
    """Everything one run reads and writes about the records of its pipeline.

    *config* tells apart the rules records are decided by, *target* the places they are written to. With *retry*, what
    waits for its time is due now. Without a claim, as in a dry run, only the table of what is coming in is written,
    which is gone with the process.
    """

    def __init__(
        self,
        store: Store,
        pipeline: str,
        config: str,
        claim: Claim | None,
        run: int,
        *,
        target: str = "",
        retry: bool = False,
    ) -> None:
        self._store, self._claim, self._run = store, claim, run
        now = store.now()
        due = "9999" if retry else now
        self._names = {"pipeline": pipeline, "config": config, "target": target, "now": now, "due": due}
        with store.transaction(claim) as db:
            db.execute(_INCOMING)
            db.execute("CREATE INDEX IF NOT EXISTS temp.incoming_by_item ON incoming (item)")
            db.execute("DELETE FROM incoming")

    def taken(self, keys: Iterable[str]) -> dict[str, Incoming]:
        """Return those of *keys* that came in before."""
        rows = self._store.rows(
            """SELECT key, label, record, mark, item, times, parts FROM incoming
               WHERE key IN (SELECT value FROM json_each(?)) AND times > 0""",
            [json.dumps(list(keys))],
        )
        return {row["key"]: Incoming(**dict(row)) for row in rows}

    def take_in(self, records: Iterable[Incoming]) -> None:
        """Remember what has been read, in the place of what came under the same key before; what is held stays so."""
        rows = [(one.key, one.label, one.record, one.mark, one.item, one.times, one.parts) for one in records]
        with self._store.transaction(self._claim) as db:
            db.executemany(
                """INSERT INTO incoming VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
                   label = excluded.label, record = excluded.record, mark = excluded.mark, item = excluded.item,
                   times = excluded.times, parts = excluded.parts WHERE times IS NOT NULL""",
                rows,
            )

    def set_aside(self, keys: Iterable[str]) -> None:
        """Remember that these are at the source and are to be left out."""
        self._keep_back(keys, "VALUES (?, '', '{}', '', NULL, 0, NULL) ON CONFLICT (key) DO NOTHING")

    def keep_back(self, keys: Iterable[str]) -> None:
        """Remember that these are at the source and cannot go out."""
        self._keep_back(keys, "VALUES (?, '', '{}', '', NULL, NULL, NULL) ON CONFLICT (key) DO UPDATE SET times = NULL")

    def _keep_back(self, keys: Iterable[str], how: str) -> None:
        with self._store.transaction(self._claim) as db:
            db.executemany(f"INSERT INTO incoming {how}", [(key,) for key in keys])

    def twice(self) -> list[tuple[str, str, int]]:
        """Return key, label and number of the records that came more than once."""
        rows = self._store.rows("SELECT key, label, times FROM incoming WHERE times > 1 ORDER BY key")
        return [(row["key"], row["label"], row["times"]) for row in rows]

    def zero_dates_gone(self) -> int:
        """Take in a zero for each future level that may be there, whose item still has levels but no longer that one.

        Only right when everything was read. Returns how many there are.
        """
        with self._store.transaction(self._claim) as db:
            done = db.execute(
                f"""INSERT INTO incoming
                    SELECT key, label, json_set(coalesce(trying, sent), '$.quantity', 0), 'gone:' || key, item, 1, NULL
                    FROM entries WHERE pipeline = :pipeline AND item IS NOT NULL
                      AND json_extract(coalesce(trying, sent), '$.bucket') = 'future' AND {_THERE}
                      AND key NOT IN (SELECT key FROM incoming)
                      AND item IN (SELECT item FROM incoming)""",  # noqa: S608  no value of the outside
                self._names,
            )
            return done.rowcount

    def changed(self, *, after: str = "", limit: int = -1) -> list[Change]:
        """Return what is not as last confirmed, by key, beyond *after*."""
        rows = self._store.rows(
            f"""SELECT incoming.key, incoming.label, incoming.record, incoming.mark, entries.sent {_CHANGED}
                AND incoming.key > :after ORDER BY incoming.key LIMIT :limit""",
            {**self._names, "after": after, "limit": limit},
        )
        return [_change(row) for row in rows]

    def everything(self) -> Iterator[Change]:
        """Yield all that came in, for a destination that takes nothing less."""
        rows = self._store.rows(
            """SELECT incoming.key, incoming.label, incoming.record, incoming.mark, entries.sent
               FROM incoming LEFT JOIN entries ON entries.pipeline = :pipeline AND entries.key = incoming.key
               WHERE incoming.times = 1 ORDER BY incoming.key""",
            self._names,
        )
        return map(_change, rows)

    def count_changed(self) -> int:
        """Return how many records are not as last confirmed."""
        return int(self._store.rows(f"SELECT count(*) {_CHANGED}", self._names)[0][0])

    def count_waiting(self) -> int:
        """Return how many records that came in are held and not tried again now."""
        waiting = f"""SELECT count(*) FROM incoming JOIN entries USING (key)
            WHERE entries.pipeline = :pipeline AND entries.state = 'held' AND times = 1
              AND entries.mark IS NOT incoming.mark AND key NOT IN (SELECT incoming.key {_CHANGED})"""  # noqa: S608
        return int(self._store.rows(waiting, self._names)[0][0])

    def count_incoming(self) -> int:
        """Return how many records came in that can go out."""
        return int(self._store.rows("SELECT count(*) FROM incoming WHERE times = 1")[0][0])

    def count_confirmed(self, *, stocked: bool = False) -> int:
        """Return how many records the destination has confirmed; with *stocked*, the levels that may be above zero."""
        where = _THERE if stocked else "sent IS NOT NULL"
        return int(
            self._store.rows(
                f"SELECT count(*) FROM entries WHERE pipeline = :pipeline AND {where}",  # noqa: S608
                self._names,
            )[0][0]
        )

    def has_stock(self) -> bool:
        """Return whether a level above zero came in."""
        stocked = _STOCKED.format("record")
        return bool(self._store.rows(f"SELECT 1 FROM incoming WHERE times > 0 AND {stocked} LIMIT 1"))  # noqa: S608

    def zeroed(self) -> list[Change]:
        """Return the changes that take a level that may be above zero to zero or below."""
        rows = self._store.rows(
            f"""SELECT incoming.key, incoming.label, incoming.record, incoming.mark, entries.sent {_CHANGED}
                AND {_THERE} AND NOT {_STOCKED.format("incoming.record")}
                ORDER BY incoming.key""",
            self._names,
        )
        return [_change(row) for row in rows]

    def pieces(self) -> tuple[int, int, int]:
        """Return the pieces last confirmed of the levels that came in, those now, and how many of the levels fall."""
        before = "max(coalesce(json_extract(sent, '$.quantity'), 0), 0)"
        now = "max(coalesce(json_extract(incoming.record, '$.quantity'), 0), 0)"
        row = self._store.rows(
            f"""SELECT total({before}), total({now}), total({now} < {before})
                FROM incoming JOIN entries USING (key)
                WHERE entries.pipeline = :pipeline AND sent IS NOT NULL AND times = 1""",  # noqa: S608
            self._names,
        )[0]
        return int(row[0]), int(row[1]), int(row[2])

    def missing(self, *, stocked: bool = False) -> list[tuple[str, str]]:
        """Return key and label of what was confirmed once and did not come in now; with *stocked*, of the levels that
        may be above zero.
        """
        where = _THERE if stocked else "sent IS NOT NULL"
        rows = self._store.rows(
            f"""SELECT key, label FROM entries WHERE pipeline = :pipeline AND {where}
                AND key NOT IN (SELECT key FROM incoming) ORDER BY key""",  # noqa: S608
            self._names,
        )
        return [(row["key"], row["label"]) for row in rows]

    def cleared(self) -> list[tuple[str, str]]:
        """Return key and label of the levels above zero that an overwrite would clear, whatever keeps them back."""
        rows = self._store.rows(
            f"""SELECT key, label FROM entries WHERE pipeline = :pipeline AND {_THERE}
                AND NOT EXISTS (SELECT 1 FROM incoming WHERE incoming.key = entries.key AND times = 1)
                ORDER BY key""",  # noqa: S608  no value of the outside
            self._names,
        )
        return [(row["key"], row["label"]) for row in rows]

    def doubt(self) -> None:
        """Take nothing for confirmed any more, because the destination is about to be overwritten."""
        with self._store.transaction(self._claim) as db:
            db.execute("UPDATE entries SET mark = NULL WHERE pipeline = :pipeline", self._names)

    def forget_cleared(self) -> None:
        """Forget what the destination has cleared: all but what it has just taken."""
        with self._store.transaction(self._claim) as db:
            db.execute(
                """UPDATE entries SET sent = NULL, mark = NULL, trying = NULL
                   WHERE pipeline = :pipeline AND state = 'held'""",
                self._names,
            )
            db.execute(
                """DELETE FROM entries WHERE pipeline = :pipeline AND NOT EXISTS
                       (SELECT 1 FROM incoming WHERE incoming.key = entries.key AND times IS NOT 0)""",
                self._names,
            )

    def has_item(self, item: str) -> bool:
        """Return whether a level of the item with this key came in."""
        return bool(self._store.rows("SELECT 1 FROM incoming WHERE item = ? LIMIT 1", [item]))

    def hold(self, misfits: Sequence[Misfit]) -> None:
        """Store why records cannot be sent as they are; what the destination confirmed of them before stays known."""
        self.keep_back(one.key for one in misfits)
        rows = [{**self._names, "key": one.key, "label": one.label, "reason": one.reason, "message": one.message,
                 "fix": one.fix, "run": self._run} for one in misfits]  # fmt: skip
        with self._store.transaction(self._claim) as db:
            db.executemany(
                """INSERT INTO entries (pipeline, key, label, state, reason, message, fix, config, changed_at, run)
                   VALUES (:pipeline, :key, :label, 'held', :reason, :message, :fix, :config, :now, :run)
                   ON CONFLICT (pipeline, key) DO UPDATE SET label = excluded.label, state = 'held',
                       reason = excluded.reason, message = excluded.message, fix = excluded.fix, offered = NULL,
                       mark = iif(entries.state IN ('sending', 'pending'), NULL, entries.mark),
                       config = excluded.config, retry_at = NULL, run = excluded.run,
                       changed_at = iif(entries.state = 'held' AND entries.message = excluded.message,
                                        entries.changed_at, excluded.changed_at)""",
                rows,
            )

    def release(self, *, complete: bool) -> None:
        """End holds that nothing keeps any more: of records that came in as last confirmed, that are to be left out
        now, or that can be read now; and, when everything was read, of those gone from the source.
        """
        nothing_keeps_it = """(
            EXISTS (SELECT 1 FROM incoming WHERE incoming.key = entries.key
                AND (times = 0 OR times = 1 AND incoming.mark = entries.mark))
            OR key LIKE 'unread:%' AND key IN
                (SELECT 'unread:' || json_extract(record, '$.origin.id') FROM incoming WHERE times > 0)"""
        if complete:
            nothing_keeps_it += " OR NOT EXISTS (SELECT 1 FROM incoming WHERE incoming.key = entries.key)"
        where = f"pipeline = :pipeline AND state = 'held' AND run < :run AND {nothing_keeps_it})"
        values = {**self._names, "run": self._run}
        with self._store.transaction(self._claim) as db:
            db.execute(f"DELETE FROM entries WHERE sent IS NULL AND {where}", values)  # noqa: S608
            db.execute(
                f"""UPDATE entries SET state = 'sent', reason = NULL, message = NULL, fix = NULL, retry_at = NULL,
                       offered = NULL, tries = 0 WHERE {where}""",  # noqa: S608  no value of the outside
                values,
            )

    def intend(self, changes: Sequence[Change]) -> None:
        """Store that these are about to be sent; until an answer is stored, nobody knows what the destination has."""
        rows = [{**self._names, "key": one.key, "label": one.label, "mark": one.mark, "record": one.record,
                 "run": self._run} for one in changes]  # fmt: skip
        with self._store.transaction(self._claim) as db:
            db.executemany(
                """INSERT INTO entries (pipeline, key, label, state, offered, trying, item, target, config, changed_at,
                       run)
                   VALUES (:pipeline, :key, :label, 'sending', :mark, :record,
                       (SELECT item FROM incoming WHERE key = :key), :target, :config, :now, :run)
                   ON CONFLICT (pipeline, key) DO UPDATE SET label = excluded.label, state = 'sending',
                       mark = iif(entries.state IN ('sending', 'pending') OR entries.target IS NOT excluded.target,
                                  NULL, entries.mark),
                       offered = excluded.offered, trying = excluded.trying, item = excluded.item,
                       target = excluded.target, config = excluded.config, run = excluded.run,
                       changed_at = excluded.changed_at""",
                rows,
            )

    def settle(self, outcomes: Sequence[tuple[Change, Outcome]]) -> None:
        """Store what the destination answered; what is not known stays under way and is sent again."""
        with self._store.transaction(self._claim) as db:
            for change, outcome in outcomes:
                if isinstance(outcome, Accepted | AlreadyThere):
                    self._confirmed(db, change, outcome)
                elif isinstance(outcome, Refused):
                    self._refused(db, change, outcome)

    def _confirmed(self, db: sqlite3.Connection, change: Change, outcome: Accepted | AlreadyThere) -> None:
        pending, now = outcome.receipt.pending, self._store.clock.now()
        db.execute(
            """UPDATE entries SET state = :state, sent = :sent, mark = :mark, trying = NULL, reason = NULL,
                   message = :message, fix = NULL, tries = 0, retry_at = :retry, receipt = :receipt,
                   sent_at = :now, changed_at = :now
               WHERE pipeline = :pipeline AND key = :key""",
            {
                **self._names,
                "key": change.key,
                "state": "pending" if pending else "sent",
                "sent": change.record,
                "mark": change.mark,
                "message": " ".join(outcome.receipt.remarks) or None,
                "retry": stamp(now + PENDING_AGAIN) if pending else None,
                "receipt": outcome.receipt.to_json(),
            },
        )

    def _refused(self, db: sqlite3.Connection, change: Change, outcome: Refused) -> None:
        # some channels take a product or customer in several calls, and refuse it half-way
        where = {**self._names, "key": change.key}
        row = db.execute("SELECT tries FROM entries WHERE pipeline = :pipeline AND key = :key", where).fetchone()
        wait = RETRY_AFTER[min(row["tries"], len(RETRY_AFTER) - 1)]
        db.execute(
            """UPDATE entries SET state = 'held', reason = :reason, message = :message, fix = :fix, tries = tries + 1,
                   trying = NULL, mark = NULL, retry_at = :retry, changed_at = :now
               WHERE pipeline = :pipeline AND key = :key""",
            {**where, "reason": outcome.reason, "message": outcome.message, "fix": outcome.fix,
             "retry": stamp(self._store.clock.now() + wait)},
        )  # fmt: skip


def _change(row: sqlite3.Row) -> Change:
    return Change(row["key"], row["label"], row["sent"], row["record"], row["mark"])


def entries(
    store: Store, pipeline: str, *, state: str | None = None, text: str | None = None, limit: int = 200
) -> list[EntryRow]:
    """Return the records of *pipeline*, held ones first; with *text*, those whose key or label has it in it."""
    columns = ", ".join(field.name for field in fields(EntryRow))
    rows = store.rows(
        f"""SELECT {columns} FROM entries
            WHERE pipeline = :pipeline AND (:state IS NULL OR state = :state)
              AND (:text IS NULL OR instr(lower(label || ' ' || key), lower(:text)))
            ORDER BY state = 'held' DESC, reason, label LIMIT :limit""",  # noqa: S608  names of our own columns
        {"pipeline": pipeline, "state": state, "text": text, "limit": limit},
    )
    return [EntryRow(**dict(row)) for row in rows]


def tally_entries(store: Store, pipeline: str) -> dict[str, int]:
    """Return how many records of *pipeline* are in each state."""
    rows = store.rows("SELECT state, count(*) AS many FROM entries WHERE pipeline = ? GROUP BY state", [pipeline])
    return {row["state"]: row["many"] for row in rows}
