"""Canonical records and their schemas as a profile has them; no I/O."""

from __future__ import annotations

from .records import has_own_code, to_record, to_records, with_codes
from .schemas import accepted, provided, reading_of

__all__ = [
    "accepted",
    "has_own_code",
    "provided",
    "reading_of",
    "to_record",
    "to_records",
    "with_codes",
]
