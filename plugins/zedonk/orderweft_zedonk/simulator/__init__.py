"""A Zedonk tenant in memory, in its own formats."""

from __future__ import annotations

from .simulator import Simulator

__all__ = ["Simulator"]
