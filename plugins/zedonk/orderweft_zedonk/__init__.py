"""The Zedonk channel."""

from __future__ import annotations

from .catalog import read_catalog
from .config import Settings, accepts, describe, provides
from .customers import read_customers
from .inventory import read_inventory
from .orders import check_connection, deliver_orders, find_orders, probe_orders, simulator

__all__ = [
    "Settings",
    "accepts",
    "check_connection",
    "deliver_orders",
    "describe",
    "find_orders",
    "probe_orders",
    "provides",
    "read_catalog",
    "read_customers",
    "read_inventory",
    "simulator",
]
