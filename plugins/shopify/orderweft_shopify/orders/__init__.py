"""Orders of a Shopify store: deliver, find again, ask what one would lack, fetch."""

from __future__ import annotations

from .editing import cancel_orders, update_orders
from .hooks import (
    accepts,
    check_connection,
    deliver_orders,
    fetch_orders,
    find_orders,
    probe_orders,
    provides,
    reread_order,
    simulated_store,
)

__all__ = [
    "accepts",
    "cancel_orders",
    "check_connection",
    "deliver_orders",
    "fetch_orders",
    "find_orders",
    "probe_orders",
    "provides",
    "reread_order",
    "simulated_store",
    "update_orders",
]
