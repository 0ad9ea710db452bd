"""The JOOR channel."""

from __future__ import annotations

from .config import Settings, describe
from .orders import (
    acknowledge_orders,
    check_connection,
    fetch_orders,
    find_orders,
    provides,
    reread_order,
    simulator,
)

__all__ = [
    "Settings",
    "acknowledge_orders",
    "check_connection",
    "describe",
    "fetch_orders",
    "find_orders",
    "provides",
    "reread_order",
    "simulator",
]
