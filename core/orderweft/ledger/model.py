"""What is passed to and from the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from ..records import Order, Reason

OrderState = Literal["staged", "sending", "delivered", "skipped", "held", "superseded", "cancelled"]


@dataclass(frozen=True, slots=True)
class Route:
    """Between which connections a pipeline moves orders, and by which rules."""

    pipeline: str
    source: str
    destination: str
    config: str = ""
    """Fingerprint of the rules; a hold is decided anew when it changes."""
    acknowledge: bool = False
    """Whether the source wants to know what became of its orders."""
    probes: bool = False
    """Whether the destination tells without any delivery what it would refuse."""


@dataclass(frozen=True, slots=True)
class Staged:
    """An order as the ledger has it now."""

    id: str
    number: str
    state: OrderState
    revision: int
    order: Order | None
    problem: str | None = None
    skip: str | None = None
    data: dict[str, Any] | None = None
    """The order as plain JSON values."""
    new: bool = False
    changed: bool = False
    """True when this page brought a revision not seen before."""
    export: int = 1
    """How many deliveries of it there were to be, this one included; each has a key of its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about an order that is not sent."""

    staged: Staged
    state: OrderState
    reason: Reason | None
    message: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """An attempt at a delivery, durable before any byte leaves."""

    attempt: int
    id: str
    number: str
    key: str
    revision: int
    started_at: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as it is now at the source, after mapping and checking."""

    key: str
    """Its identity at the destination."""
    label: str
    record: str
    """Canonical JSON."""
    mark: str
    """What tells its contents apart."""
    item: str | None = None
    """The key of the item, on stock levels."""
    times: int = 1
    """How many different records have this identity; with more than one, none of them goes out."""
    parts: str | None = None
    """What it was added up from, for whoever reads on."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A record that cannot be sent as it is."""

    key: str
    label: str
    reason: str
    message: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A record that is not what the destination last confirmed."""

    key: str
    label: str
    sent: str | None
    """What was last confirmed, as canonical JSON; None for a record that never was."""
    record: str
    mark: str

    @property
    def before(self) -> dict[str, Any] | None:
        """Return what was last confirmed as plain data."""
        return json.loads(self.sent) if self.sent else None

    @property
    def after(self) -> dict[str, Any]:
        """Return the record as plain data."""
        data: dict[str, Any] = json.loads(self.record)
        return data
