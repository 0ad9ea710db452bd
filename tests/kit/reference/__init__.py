"""The reference channel: small, complete, and true to the contract."""

from __future__ import annotations

from . import channel, wire

__all__ = ["channel", "wire"]
