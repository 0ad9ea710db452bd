"""Order-management systems in memory, each in its own wire format."""

from __future__ import annotations

from .simulator import SYSTEMS, Simulator

__all__ = ["SYSTEMS", "Simulator"]
