"""The durable memory: what was seen, decided, sent and answered."""

from __future__ import annotations

from .actions import ActionBook, Signature
from .entries import EntryBook, EntryRow, entries, tally_entries
from .model import Change, Incoming, Intent, Misfit, OrderState, Route, Staged, Verdict
from .orders import Ledger, OrderBook
from .queries import History, OrderRow, Urgent, closing, find, held_for, history, holds, listed, tally
from .store import Claim, RunRow, Store, stamp

__all__ = [
    "ActionBook",
    "Change",
    "Claim",
    "EntryBook",
    "EntryRow",
    "History",
    "Incoming",
    "Intent",
    "Ledger",
    "Misfit",
    "OrderBook",
    "OrderRow",
    "OrderState",
    "Route",
    "RunRow",
    "Signature",
    "Staged",
    "Store",
    "Urgent",
    "Verdict",
    "closing",
    "entries",
    "find",
    "held_for",
    "history",
    "holds",
    "listed",
    "stamp",
    "tally",
    "tally_entries",
]
