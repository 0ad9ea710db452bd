"""What a message is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ..ledger.alerts import Kind, Waiting

ABOUT_ALL = ("run", "alert")
"""Kinds that are about no single order or record."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that needs a person."""

    kind: Kind
    about: str
    reason: str
    label: str
    """What people call it."""
    message: str
    fix: str | None
    command: str
    """What to type to learn more."""
    customer: str | None = None
    """Its account code, and its name where that may be told."""
    deadline: date | None = None
    """The last day of an order's ship window."""
    is_urgent: bool = False
    is_again: bool = False
    """Whether it was told before."""


@dataclass(frozen=True, slots=True)
class Over:
    """One thing that was told before and needs nobody any more."""

    kind: Kind
    label: str
    message: str
    """What became of it."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One message to one alert channel."""

    id: str
    """The same when it is sent again because nobody knows whether it arrived."""
    pipeline: str
    """Empty when it is about none."""
    run: int | None
    at: datetime
    noun: str
    """What the pipeline moves, such as `orders`."""
    problems: tuple[Problem, ...] = ()
    over: tuple[Over, ...] = ()
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What is true of a pipeline after a run, for all alert channels."""

    pipeline: str
    run: int | None
    noun: str
    held: tuple[Waiting, ...]
    failures: tuple[Problem, ...]
    """Why the run failed, or what stopped it."""
    works: bool
    """Whether the run shows that earlier failures are over."""
    notes: tuple[Problem, ...] = ()
    """Changes of delivered orders that are not sent on."""
