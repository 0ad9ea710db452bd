"""Canonical records and their schemas as a profile has them; no I/O."""

from __future__ import annotations

from .in_flight import Taken, less_taken, pieces_of
from .records import has_own_code, to_record, to_records, with_codes
from .schemas import accepted, provided, reading_of
from .stock import as_told

__all__ = [
    "Taken",
    "accepted",
    "as_told",
    "has_own_code",
    "less_taken",
    "pieces_of",
    "provided",
    "reading_of",
    "to_record",
    "to_records",
    "with_codes",
]
