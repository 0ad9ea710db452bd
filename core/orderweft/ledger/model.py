"""What is passed to and from the ledger of orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..records import Order

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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about an order that is not sent."""

    staged: Staged
    state: OrderState
    reason: str | None
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
