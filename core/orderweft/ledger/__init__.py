"""The durable memory: what was seen, decided, sent and answered."""

from __future__ import annotations

from .entries import EntryBook, EntryRow, entries, tally_entries
from .model import Change, Incoming, Intent, Misfit, OrderState, Route, Staged, Verdict
from .orders import Ledger, OrderBook
from .queries import History, OrderRow, find, history, holds, listed, tally
from .store import Claim, RunRow, Store, stamp

__all__ = [
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
    "Staged",
    "Store",
    "Verdict",
    "entries",
    "find",
    "history",
    "holds",
    "listed",
    "stamp",
    "tally",
    "tally_entries",
]
