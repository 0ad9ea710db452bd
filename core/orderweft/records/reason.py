"""Whose it is to lift a hold, and how, for each reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .outcome import Reason

Owner = Literal["source team", "destination team", "operations team", "integration team"]
"""Who can lift a hold: those who work in the source, those who work in the destination, or those who run Orderweft."""


@dataclass(frozen=True, slots=True)
class ReasonClass:
    """What is usual for all orders that wait for one reason."""

    owner: Owner
    fix: str
    """What to do, where the destination does not say it better."""


CLASSES: Mapping[Reason, ReasonClass] = {
    "unknown_item": ReasonClass("destination team", "create the items named at the destination, under the same codes"),
    "unknown_customer": ReasonClass("destination team", "create the customer at the destination, under the same code"),
    "no_stock": ReasonClass("operations team", "add stock at the destination, or lower the order at the source"),
    "season_mismatch": ReasonClass("destination team", "create the season at the destination, or name one to use"),
    "invalid_field": ReasonClass("source team", "correct the order at the source, or set the field in the map"),
    "refused": ReasonClass("destination team", "ask whoever runs the destination what it has against the order"),
    "in_doubt": ReasonClass(
        "integration team", "look for the order at the destination, then `orderweft orders release`"
    ),
    "needs_person": ReasonClass(
        "operations team", "look at the order at the destination, then `orderweft orders release`"
    ),
}
"""Reason to hold an order → whose it is to lift, and how."""


def owner_of(reason: str | None) -> Owner | None:
    """Return whose it is to lift a hold for *reason*."""
    return next((one.owner for name, one in CLASSES.items() if name == reason), None)
