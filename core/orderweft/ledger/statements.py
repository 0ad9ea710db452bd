"""The longer SQL statements about orders."""

from __future__ import annotations

BY_HAND = "by hand"
"""What stands in the place of the rules where a person has decided, which no change of rules or order undoes."""


def is_due(retry_at: str, now: str) -> str:
    """Return the condition that what waits until *retry_at* is due *now*, both expressions of SQL.

    Nothing waits for two days: a time beyond that was set while the clock was ahead.
    """
    return f"({retry_at} <= {now} OR {retry_at} > strftime('%Y-%m-%dT%H:%M:%S', {now}, '+2 days'))"


NEW_ORDER = """INSERT INTO orders (pipeline, id, number, source, destination, state, customer, revision, fingerprint,
    first_seen, changed_at, run) VALUES (?, ?, ?, ?, ?, 'staged', ?, 1, ?, ?, ?, ?)"""

CHANGED_ORDER = """UPDATE orders SET number = ?1, state = ?2, customer = ?3, revision = ?4, fingerprint = ?5,
    changed_at = ?6, run = ?7,
    reason = iif(?2 = 'staged', NULL, reason), message = iif(?2 = 'staged', NULL, message),
    fix = iif(?2 = 'staged', NULL, fix), tries = iif(?2 = 'staged', 0, tries),
    retry_at = iif(?2 = 'staged', NULL, retry_at), purged_at = NULL, erased_at = NULL
    WHERE pipeline = ?8 AND id = ?9"""

NEW_REVISION = """INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (pipeline, id, revision) DO UPDATE SET
        payload = excluded.payload, record = excluded.record, problem = excluded.problem, skip = excluded.skip"""

TELL = """INSERT INTO acknowledgements (pipeline, id, number, delivered, reason, message, receipt, due, changed_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)
    ON CONFLICT (pipeline, id) DO UPDATE SET number = excluded.number, delivered = excluded.delivered,
        reason = excluded.reason, message = excluded.message, receipt = excluded.receipt, due = 1, tries = 0,
        changed_at = excluded.changed_at
    WHERE delivered <> excluded.delivered OR reason <> excluded.reason"""

STAGED_COLUMNS = """SELECT orders.id, orders.number, orders.state, orders.revision, revisions.record,
    revisions.problem, revisions.skip, orders.export"""

NOT_OPEN = """NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.pipeline = orders.pipeline
    AND attempts.id = orders.id AND (attempts.outcome IS NULL OR attempts.outcome = 'unknown'))"""

HAS_CONTENTS = "(orders.purged_at IS NULL OR orders.erased_at IS NOT NULL)"
"""What was purged is not sent before it was read again; of what was erased a run says so."""

WAITING = f"""{STAGED_COLUMNS}
    FROM orders INDEXED BY orders_unfinished CROSS JOIN revisions USING (pipeline, id, revision)
    WHERE orders.pipeline = ? AND orders.state IN ('staged', 'sending', 'held') AND orders.id > ?
      AND (orders.state = 'staged' OR orders.state = 'held'
        AND ({is_due("orders.retry_at", "?3")} OR orders.config IS NOT ?))
      AND {HAS_CONTENTS}
      AND {NOT_OPEN}
    ORDER BY orders.id LIMIT ?"""

BY_NUMBER = f"""{STAGED_COLUMNS}
    FROM orders CROSS JOIN revisions USING (pipeline, id, revision)
    WHERE orders.pipeline = ? AND orders.number = ? AND orders.state IN ('staged', 'held', 'skipped')
      AND NOT (orders.state = 'skipped' AND (orders.purged_at IS NOT NULL OR orders.config IS '{BY_HAND}'))
      AND {HAS_CONTENTS} AND {NOT_OPEN}"""

EARLIER = """SELECT attempts.key, attempts.pipeline,
        iif(outcome = 'superseded', coalesce(orders.receipt, attempts.receipt), attempts.receipt) AS receipt
    FROM json_each(?) AS wanted CROSS JOIN attempts
    LEFT JOIN orders ON orders.pipeline = attempts.pipeline AND orders.id = attempts.id
    WHERE attempts.destination = ? AND attempts.key = wanted.value
      AND (outcome IS NULL OR outcome IN ('accepted', 'already_there', 'superseded', 'unknown'))"""

PROBED = ("unknown_item", "unknown_customer", "no_stock", "season_mismatch", "refused")
"""Reasons to hold an order of which a destination may tell, without any delivery, that they are gone."""
_PROBED = ", ".join(f"'{reason}'" for reason in PROBED)

HELD_BY_DEADLINE = f"""SELECT orders.id
    FROM orders INDEXED BY orders_unfinished CROSS JOIN revisions USING (pipeline, id, revision)
    WHERE orders.pipeline = ? AND orders.state IN ('staged', 'sending', 'held') AND orders.state = 'held'
      AND orders.reason IN ({_PROBED}) AND ({is_due("orders.retry_at", "?2")} OR orders.config IS NOT ?)
      AND {HAS_CONTENTS} AND {NOT_OPEN}
    ORDER BY coalesce(json_extract(revisions.record, '$.window.complete'), '9999'), orders.first_seen, orders.id"""  # noqa: S608  no value of the outside

BY_ID = f"""{STAGED_COLUMNS}
    FROM (SELECT key AS place, value FROM json_each(?)) AS wanted
    CROSS JOIN orders CROSS JOIN revisions USING (pipeline, id, revision)
    WHERE orders.pipeline = ? AND orders.id = wanted.value AND orders.state = 'held'
    ORDER BY wanted.place"""  # noqa: S608  no value of the outside

DELIVERED = """UPDATE orders SET state = 'delivered', reason = NULL, message = NULL, fix = NULL, retry_at = NULL,
    delivered_revision = ?, receipt_id = ?, receipt_number = ?, receipt = ?, config = ?, changed_at = ?, run = ?
    WHERE pipeline = ? AND id = ?"""

UNREADABLE = """SELECT orders.id, revisions.payload
    FROM orders INDEXED BY orders_unfinished CROSS JOIN revisions USING (pipeline, id, revision)
    WHERE orders.pipeline = ? AND orders.state IN ('staged', 'sending', 'held') AND orders.state = 'held'
      AND orders.id > ? AND orders.config IS NOT ?
      AND revisions.record IS NULL AND revisions.payload IS NOT NULL
    ORDER BY orders.id LIMIT 100"""

PENDING = """SELECT max(attempts.attempt) AS attempt, orders.id, orders.number, attempts.key, attempts.revision,
        attempts.started_at
    FROM orders INDEXED BY orders_pending CROSS JOIN attempts USING (pipeline, id)
    WHERE orders.pipeline = ? AND orders.id > ? AND orders.state = 'delivered'
      AND json_extract(orders.receipt, '$.pending') AND attempts.outcome IN ('accepted', 'already_there')
    GROUP BY orders.id ORDER BY orders.id LIMIT ?"""

NOT_AFTER_ALL = """UPDATE orders SET state = 'staged', delivered_revision = NULL, receipt_id = NULL,
    receipt_number = NULL, receipt = NULL WHERE pipeline = ? AND id = ?"""
