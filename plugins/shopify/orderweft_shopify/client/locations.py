"""The locations of a store, and which of them the settings and the records mean."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from orderweft import Connection, Named, SettingsError

from ..config import Settings
from ..mapping.base import number_of
from .store import Client


@dataclass(frozen=True, slots=True)
class Place:
    """A location of the store."""

    id: str
    name: str
    is_active: bool


class Locations:
    """The locations of one store; use `connection.once(Locations)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._settings = connection.settings
        self._lock = threading.Lock()
        self._all: list[Place] | None = None

    def chosen(self) -> str | None:
        """Return the gid of the location that gets the orders, None when the settings name none."""
        setting = self._settings.location
        return None if setting is None else self._named("location", setting).id

    def read(self) -> frozenset[str] | None:
        """Return the gids of the locations whose stock is read; None for all."""
        names = self._settings.locations
        return frozenset(self._named("locations", name).id for name in names) if names else None

    def check(self) -> None:
        """Make sure that the store has every location the settings name."""
        self.chosen()
        self.read()
        if self._settings.stock_location:
            self._named("stock_location", self._settings.stock_location)

    def of(self, warehouse: Named | None) -> Place | str:
        """Return the location stock in *warehouse* belongs to, or a sentence why there is none."""
        active = [place for place in self._places() if place.is_active]
        if warehouse is None:
            if self._settings.stock_location:
                return self._named("stock_location", self._settings.stock_location)
            return active[0] if len(active) == 1 else "it names no warehouse, and the store has several locations"
        codes = {warehouse.code, warehouse.name} - {None}
        by_id = [place for place in active if codes & {place.id, number_of(place.id)}]
        found = by_id or [place for place in active if place.name == (warehouse.name or warehouse.code)]
        if len(found) == 1:
            return found[0]
        told = warehouse.name or warehouse.code
        return f"the store has {'several locations' if found else 'no active location'} {told!r}; {_listed(active)}"

    def _named(self, setting: str, wanted: str) -> Place:
        places = self._places()
        found = [place for place in places if wanted in (place.id, place.name)]
        if len(found) == 1 and found[0].is_active:
            return found[0]
        if found:
            what = "is the name of several locations, give the gid" if len(found) > 1 else "is not active"
            raise SettingsError(f"{setting}: {wanted!r} {what}")
        active = [place for place in places if place.is_active]
        raise SettingsError(f"{setting}: the store has no location {wanted!r}; {_listed(active)}")

    def _places(self) -> list[Place]:
        """Return all locations; asks the store once."""
        with self._lock:
            if self._all is None:
                nodes = self._client.nodes("Locations", "locations")
                self._all = [Place(node["id"], node["name"], node["isActive"]) for node in nodes]
            return self._all


def _listed(places: Sequence[Place]) -> str:
    return f"it has {', '.join(repr(place.name) for place in places) or 'none'}"
