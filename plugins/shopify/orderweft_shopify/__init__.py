"""The Shopify channel."""

from __future__ import annotations

from .config import Settings, describe
from .orders import (
    accepts,
    check_connection,
    deliver_orders,
    fetch_orders,
    find_orders,
    provides,
    reread_order,
    simulated_store,
)

__all__ = [
    "Settings",
    "accepts",
    "check_connection",
    "deliver_orders",
    "describe",
    "fetch_orders",
    "find_orders",
    "provides",
    "reread_order",
    "simulated_store",
]
