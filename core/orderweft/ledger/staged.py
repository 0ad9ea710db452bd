"""How an order stands: as it was fetched, against what the ledger knows of it, and as the ledger has it."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from pydantic import ValidationError

from ..exchange import Fetched
from ..records import Order
from .model import OrderState, Staged, Verdict
from .statements import BY_HAND

FIXED = ("delivered", "sending")
"""States that a new revision does not change."""


def stands(item: Fetched, data: dict[str, Any] | None, row: sqlite3.Row | None, mark: str, config: str) -> Staged:
    """Return how a fetched order stands, given its *row* if the ledger knows it."""
    changed = row is None or row["fingerprint"] != mark
    state: OrderState = "staged"
    if row is not None:
        decided_once = row["config"] == config or row["state"] not in ("skipped", "held") or row["erased_at"]
        decided_alike = not changed and decided_once
        by_hand = row["state"] == "skipped" and row["config"] == BY_HAND
        if decided_alike or by_hand or row["state"] in FIXED or row["reason"] == "in_doubt":
            state = row["state"]
    revision = (row["revision"] if row is not None else 0) + (1 if changed else 0)
    return Staged(
        item.id,
        item.number,
        state,
        revision,
        item.order,
        item.problem,
        item.skip,
        data,
        new=row is None,
        changed=changed,
        export=row["export"] if row is not None else 1,
    )


def from_row(row: sqlite3.Row) -> Staged:
    """Return an order as the ledger has it, to be decided anew."""
    data = json.loads(row["record"]) if row["record"] else None
    order, problem = None, row["problem"]
    try:
        order = Order.model_validate(data) if data else None
    except ValidationError as error:
        problem = f"it was stored by another version, and {error.error_count()} of its fields do not fit this one"
    return Staged(
        row["id"], row["number"], "staged", row["revision"], order, problem, row["skip"], data, export=row["export"]
    )


def customer_of(item: Fetched) -> str | None:
    """Return whose order it is, for people."""
    if item.order is None:
        return item.customer
    customer = item.order.customer
    return " ".join(part for part in (customer.account_code, customer.name) if part) or None


def in_doubt_elsewhere(staged: Staged, pipeline: str) -> Verdict:
    """Return the hold of an order that another pipeline may have delivered."""
    return Verdict(
        staged,
        "held",
        "in_doubt",
        f"pipeline {pipeline!r} has sent this order to the same destination and does not know yet whether it arrived",
        f"run pipeline {pipeline!r}, which looks it up first; then this one goes on with it",
    )
