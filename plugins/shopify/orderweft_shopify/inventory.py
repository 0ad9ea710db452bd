"""Whether an order's pieces are in stock, and at which location."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from orderweft import Connection, OrderLine, SettingsError

from .catalog import Variant
from .client import Client, Problem
from .config import Settings


@dataclass(frozen=True, slots=True)
class Shortage:
    """One item an order wants more of than there is."""

    line: OrderLine
    """The first line that asks for it."""
    wanted: int
    """By all lines of the order together."""
    available: int


class Locations:
    """The locations of one store; use `connection.once(Locations)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._setting = connection.settings.location
        self._lock = threading.Lock()
        self._chosen: str | None = None

    def chosen(self) -> str | None:
        """Return the gid of the location in the settings, None when they name none; asks the store once."""
        with self._lock:
            if self._setting is not None and self._chosen is None:
                self._chosen = self._look_up(self._setting)
            return self._chosen

    def _look_up(self, wanted: str) -> str:
        nodes = list(self._client.nodes("Locations", "locations"))
        found = [node for node in nodes if wanted in (node["id"], node["name"])]
        if len(found) == 1 and found[0]["isActive"]:
            return str(found[0]["id"])
        if found:
            what = "is the name of several locations, give the gid" if len(found) > 1 else "is not active"
            raise SettingsError(f"location: {wanted!r} {what}")
        names = ", ".join(repr(node["name"]) for node in nodes if node["isActive"])
        raise SettingsError(f"location: the store has no location {wanted!r}; it has {names or 'none'}")


def shortages(pairs: Iterable[tuple[OrderLine, Variant]], location: str | None) -> list[Shortage]:
    """Return what is not available in the wanted quantity at *location*, or at all locations together."""
    wanted: Counter[str] = Counter()
    first: dict[str, tuple[OrderLine, Variant]] = {}
    for line, variant in pairs:
        wanted[variant.id] += line.quantity
        first.setdefault(variant.id, (line, variant))
    return [
        Shortage(line, wanted[variant.id], available)
        for line, variant in first.values()
        if variant.limited
        and (available := sum(count for place, count in variant.levels if location in (None, place)))
        < wanted[variant.id]
    ]


def is_shortage(problem: Problem) -> bool:
    """Return whether Shopify says that there is too little stock."""
    # Reported from a live store: code INVALID, "Line items Unable to reserve inventory".
    return problem.code == "INVENTORY_CLAIM_FAILED" or "reserve inventory" in problem.message.lower()
