"""Step *check*: an order must have what the destination needs before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..ledger import Staged, Verdict
from ..misses import Miss
from ..schema import Checker, load


class OrderCheck:
    """Canonical schema and the destination's `accepts`, compiled together."""

    def __init__(self, accepts: Mapping[str, Any] | None, source: str, destination: str) -> None:
        self._checker = Checker(load("order"), dict(accepts or {}))
        self._source, self._destination = source, destination

    def hold(self, staged: Staged, data: dict[str, Any]) -> Verdict | None:
        """Return the hold that names each field the order, as plain *data*, lacks, or None when it fits."""
        misses = self._checker.misses(data)
        if not misses:
            return None
        return Verdict(
            staged,
            "held",
            "invalid_field",
            f"{self._destination} needs more than the order has: {misses_told(misses, data)}",
            f"add it at {self._source}, or set it by a template in the pipeline's map",
        )


def misses_told(misses: Sequence[Miss], data: Mapping[str, Any]) -> str:
    """Return the first misses as one text, and how many more there are."""
    shown = "; ".join(f"{_place(miss.path, data)} {miss.message}" for miss in misses[:5])
    return f"{shown}; and {len(misses) - 5} more" if len(misses) > 5 else shown


def _place(path: str, data: Mapping[str, Any]) -> str:
    """Return where a miss is, for a person: a line by its number, style, color and size."""
    name, _, rest = path.partition(".")
    index, _, field = rest.partition(".")
    if name != "lines" or not index.isdecimal():
        return path
    line = data["lines"][int(index)]
    words = [str(line[key]) for key in ("style_number", "color", "size") if key in line]
    which = f"line {int(index) + 1}" + (f" ({' '.join(words)})" if words else "")
    return f"{field} of {which}" if field else which
