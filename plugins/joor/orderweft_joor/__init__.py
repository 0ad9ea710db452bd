"""The JOOR channel."""

from __future__ import annotations

from .catalog import accepts_catalog, provides_catalog, read_catalog, write_catalog
from .config import Settings, describe
from .customers import accepts_customers, provides_customers, read_customers, write_customers
from .inventory import accepts_inventory, provides_inventory, read_inventory, write_inventory
from .orders import (
    acknowledge_orders,
    check_connection,
    fetch_orders,
    find_orders,
    provides,
    reread_order,
    simulator,
)
from .shipments import accepts_shipments, write_shipments

__all__ = [
    "Settings",
    "accepts_catalog",
    "accepts_customers",
    "accepts_inventory",
    "accepts_shipments",
    "acknowledge_orders",
    "check_connection",
    "describe",
    "fetch_orders",
    "find_orders",
    "provides",
    "provides_catalog",
    "provides_customers",
    "provides_inventory",
    "read_catalog",
    "read_customers",
    "read_inventory",
    "reread_order",
    "simulator",
    "write_catalog",
    "write_customers",
    "write_inventory",
    "write_shipments",
]
