"""What a profile can do, in the words of pipelines, and on what it was tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from orderweft import Kind

from .model import Profile
from .places import READ_BY, readings_of, writings_of

_WRITTEN: Mapping[str, Kind] = {"inventory.write": "inventory", "write_customers": "customers"}


def takes(profile: Profile) -> list[Kind]:
    """Return the kinds of record the system takes."""
    orders: list[Kind] = ["orders"] if profile.orders is not None else []
    return orders + [_WRITTEN[name] for name in writings_of(profile)]


def gives(profile: Profile) -> list[Kind]:
    """Return the kinds of record that are read from the system."""
    return [kind for kind, name in READ_BY.items() if name in readings_of(profile)]


def tried(profile: Profile) -> Mapping[str, int]:
    """Return how many samples there are of each operation; a profile that was loaded has passed them all."""
    return Counter(sample.operation for sample in profile.samples)
