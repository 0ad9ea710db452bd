"""What a process that runs pipelines asks the ledger: when each ran well last, and what waits for somebody."""

from __future__ import annotations

from datetime import datetime

from .store import Store

_HELD = """SELECT pipeline, reason, sum(many) AS many FROM (
        SELECT pipeline, reason, count(*) AS many FROM orders INDEXED BY orders_unfinished
        WHERE state = 'held' AND state IN ('staged', 'sending', 'held') GROUP BY pipeline, reason
        UNION ALL
        SELECT pipeline, reason, count(*) AS many FROM entries INDEXED BY entries_by_state
        WHERE state = 'held' AND state <> 'sent' GROUP BY pipeline, reason
        UNION ALL
        SELECT pipeline, changes.reason, 1 FROM changes INDEXED BY changes_open
        CROSS JOIN orders USING (pipeline, id, revision)
        WHERE changes.state = 'held' AND changes.state IN ('waiting', 'sending', 'held')
          AND orders.state = 'delivered' AND revision > delivered_revision)
    GROUP BY pipeline, reason"""


def moment(stamped: str) -> datetime:
    """Return the moment the ledger wrote as *stamped*."""
    return datetime.fromisoformat(stamped)


def last_success(store: Store, pipeline: str) -> datetime | None:
    """Return when *pipeline* last came through; None when it never did."""
    rows = store.rows(
        """SELECT ended_at FROM runs WHERE pipeline = ? AND result IN ('done', 'held') AND ended_at IS NOT NULL
           ORDER BY id DESC LIMIT 1""",
        [pipeline],
    )
    return moment(rows[0]["ended_at"]) if rows else None


def held_by_reason(store: Store) -> dict[tuple[str, str], int]:
    """Return how many orders, changes of delivered orders and other records are held, by pipeline and reason class."""
    return {(row["pipeline"], row["reason"] or "unknown"): row["many"] for row in store.rows(_HELD)}


def orders_by_state(store: Store) -> dict[tuple[str, str], int]:
    """Return how many orders there are, by pipeline and state."""
    rows = store.rows("SELECT pipeline, state, many FROM tallies WHERE many > 0")
    return {(row["pipeline"], row["state"]): row["many"] for row in rows}
