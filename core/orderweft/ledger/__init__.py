"""The durable memory: what was seen, decided, sent and answered."""

from __future__ import annotations

from .model import Intent, OrderState, Route, Staged, Verdict
from .orders import Ledger, OrderBook
from .queries import History, OrderRow, find, history, holds, listed, tally
from .store import Claim, RunRow, Store, stamp

__all__ = [
    "Claim",
    "History",
    "Intent",
    "Ledger",
    "OrderBook",
    "OrderRow",
    "OrderState",
    "Route",
    "RunRow",
    "Staged",
    "Store",
    "Verdict",
    "find",
    "history",
    "holds",
    "listed",
    "stamp",
    "tally",
]
