"""The wire to a system: sign-in, budgets, calls and files; the only I/O."""

from __future__ import annotations

from .rest import Answer, Client

__all__ = ["Answer", "Client"]
