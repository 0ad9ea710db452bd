"""Where in a profile its calls stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orderweft import Kind

from .model import Call, Profile, Reading, Writing

Path = tuple[str | int, ...]
READ_BY: Mapping[Kind, str] = {
    "orders": "fetch_orders",
    "inventory": "inventory.read",
    "catalog": "catalog",
    "customers": "customers",
    "shipments": "shipments",
}
"""The operation that reads each kind of record."""


@dataclass(frozen=True, slots=True)
class Place:
    """A call with its name in samples and messages, and whether it changes anything."""

    name: str
    path: Path
    call: Call
    writes: bool


def readings_of(profile: Profile) -> dict[str, tuple[Path, Reading]]:
    """Return what the profile reads, by the name of the operation."""
    found = {
        "fetch_orders": (("fetch_orders",), profile.fetch_orders),
        "inventory.read": (("inventory", "read"), profile.inventory.read),
        "catalog": (("catalog",), profile.catalog),
        "customers": (("customers",), profile.customers),
        "shipments": (("shipments",), profile.shipments),
    }
    return {name: (path, reading) for name, (path, reading) in found.items() if reading is not None}


def writings_of(profile: Profile) -> dict[str, tuple[Path, Writing]]:
    """Return what the profile writes besides orders, by the name of the operation."""
    found = {
        "inventory.write": (("inventory", "write"), profile.inventory.write),
        "write_customers": (("write_customers",), profile.write_customers),
    }
    return {name: (path, writing) for name, (path, writing) in found.items() if writing is not None}


def calls_of(profile: Profile) -> Iterator[Place]:
    """Yield every call of the profile."""
    if profile.check is not None:
        yield Place("check", ("check", "call"), profile.check.call, writes=False)
    if (orders := profile.orders) is not None:
        if orders.find is not None:
            yield Place("orders.find", ("orders", "find", "call"), orders.find.call, writes=False)
        for name, lookup in orders.lookups.items():
            path = ("orders", "lookups", name)
            yield Place(f"orders.lookups.{name}", (*path, "call"), lookup.call, writes=False)
            if lookup.create is not None:
                yield Place(f"orders.lookups.{name}.create", (*path, "create"), lookup.create, writes=True)
        for index, step in enumerate(orders.steps):
            yield Place(f"orders.steps.{step.name}", ("orders", "steps", index, "call"), step.call, writes=True)
        for changing, change in (("update", orders.update), ("cancel", orders.cancel)):
            if change is not None:
                yield Place(f"orders.{changing}", ("orders", changing, "call"), change.call, writes=True)
    for name, (path_, reading) in readings_of(profile).items():
        if reading.call is not None:
            yield Place(name, (*path_, "call"), reading.call, writes=False)
    for name, (path_, writing) in writings_of(profile).items():
        if writing.find is not None:
            yield Place(f"{name}.find", (*path_, "find"), writing.find, writes=False)
        yield Place(name, (*path_, "call"), writing.call, writes=True)


def place_of(profile: Profile, call: Call) -> Place:
    """Return the place of *call*; one that is not the profile's own changes something unless it is a GET."""
    found = next((place for place in calls_of(profile) if place.call is call), None)
    return found or Place("call", (), call, call.method != "GET")
