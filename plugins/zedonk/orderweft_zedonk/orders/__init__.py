"""Orders: hand them to Zedonk as files, find out what became of them, tell what one would lack."""

from __future__ import annotations

from .hooks import check_connection, deliver_orders, find_orders, probe_orders, simulator

__all__ = ["check_connection", "deliver_orders", "find_orders", "probe_orders", "simulator"]
