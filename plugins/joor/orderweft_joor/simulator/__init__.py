"""JOOR in memory, in its own wire format."""

from __future__ import annotations

from .simulator import Simulator

__all__ = ["Simulator"]
