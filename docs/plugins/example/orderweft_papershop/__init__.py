"""The Papershop channel: its settings and the hooks it implements."""

from .config import Settings, describe
from .orders import accepts, check_connection, deliver_orders, find_orders, simulator

__all__ = ["Settings", "accepts", "check_connection", "deliver_orders", "describe", "find_orders", "simulator"]
