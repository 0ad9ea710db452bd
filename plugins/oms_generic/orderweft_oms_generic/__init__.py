"""Order-management systems reached by profiles."""

from __future__ import annotations

from .catalog import read_catalog
from .commands import commands
from .config import Settings, describe
from .customers import read_customers, write_customers
from .inventory import read_inventory, write_inventory
from .orders import (
    accepts,
    cancel_orders,
    check_connection,
    deliver_orders,
    fetch_orders,
    find_orders,
    probe_orders,
    provides,
    reread_order,
    simulator,
    update_orders,
)
from .shipments import read_shipments

__all__ = [
    "Settings",
    "accepts",
    "cancel_orders",
    "check_connection",
    "commands",
    "deliver_orders",
    "describe",
    "fetch_orders",
    "find_orders",
    "probe_orders",
    "provides",
    "read_catalog",
    "read_customers",
    "read_inventory",
    "read_shipments",
    "reread_order",
    "simulator",
    "update_orders",
    "write_customers",
    "write_inventory",
]
