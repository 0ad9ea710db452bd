"""What `orderweft.toml` may say."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..errors import SettingsError
from ..exchange import Kind, WriteMode
from ..settings import Settings

_INTERVAL = re.compile(r"^([1-9][0-9]*)\s*(m|h|d)$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def shortest_interval(schedule: str) -> timedelta:
    """Return the shortest time between two runs of *schedule*, an interval such as `15m` or a cron expression.

    Raises ValueError when it is neither.
    """
    try:
        if match := _INTERVAL.match(schedule.strip()):
            return timedelta(**{_UNITS[match[2]]: int(match[1])})
        ticks = CronSim(schedule, datetime(2026, 1, 1, tzinfo=UTC))
        times = [next(ticks) for _ in range(100)]
    except (CronSimError, StopIteration, ArithmeticError, AssertionError, ValueError):  # CronSim asserts on odd steps
        raise ValueError("must be an interval such as '15m', '2h', '1d' or a cron expression of five fields") from None
    return min(later - earlier for earlier, later in pairwise(times))


def _check_schedule(schedule: str) -> str:
    shortest_interval(schedule)
    return schedule


class SkipRule(BaseModel):
    """Records that a pipeline leaves out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str = Field(min_length=1)
    """A minijinja expression over the record, such as `order.lines | length == 0`."""
    reason: str = Field(min_length=1)
    """What `orders why` says of such an order."""


class Guard(BaseModel):
    """What stops a run before it does damage, in a `[pipelines.NAME.guard]` table; `--allow-drop` lets one through."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    zeroed_percent: Annotated[int, Field(ge=0, le=100)] = 20
    """Stop when more than this share of the stock levels above zero would go to zero in one run."""
    fewer_percent: Annotated[int, Field(ge=0, le=100)] = 50
    """Stop when all pieces together would become fewer by more than this share, as when half of a feed is cut off."""
    missing_percent: Annotated[int, Field(ge=0, le=100)] = 30
    """Stop an overwrite when more than this share of what was sent before is not in the source any more."""
    few: Annotated[int, Field(ge=0)] = 5
    """So many may always go to zero or be missing."""
    zero_prices: bool = False
    """Whether prices may fall to 0.00."""


class PipelineSettings(BaseModel):
    """One `[pipelines.NAME]` table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    moves: Kind
    source: str
    destination: str
    schedule: Annotated[str, AfterValidator(_check_schedule)] | None = None
    source_options: dict[str, Any] = Field(default_factory=dict)
    destination_options: dict[str, Any] = Field(default_factory=dict)
    map: dict[str, str] = Field(default_factory=dict)
    skip: list[SkipRule] = Field(default_factory=list)
    write_mode: WriteMode = "update"
    guard: Guard = Guard()

    @model_validator(mode="after")
    def _belongs_to_the_kind(self) -> Self:
        if self.moves != "inventory" and "write_mode" in self.model_fields_set:
            raise ValueError(f"write_mode is for inventory; this pipeline moves {self.moves}")
        if self.moves == "orders" and "guard" in self.model_fields_set:
            raise ValueError("guard is for inventory, catalog, customers and shipments; this pipeline moves orders")
        return self

    def fingerprint(self) -> str:
        """Return a text that changes when the rules by which orders are decided change."""
        rules = self.model_dump(mode="json", exclude={"schedule", "guard", "write_mode"})
        return hashlib.blake2b(json.dumps(rules, sort_keys=True).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One `[connections.NAME]` table, checked by its channel."""

    name: str
    channel: str
    settings: Settings


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """One pipeline with the settings its two connections have in it."""

    name: str
    settings: PipelineSettings
    source: ConnectionConfig
    destination: ConnectionConfig


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file that is right in itself."""

    path: Path
    ledger: Path
    connections: Mapping[str, ConnectionConfig]
    pipelines: Mapping[str, PipelineConfig]
    warnings: tuple[str, ...] = field(default=())

    def pipeline(self, name: str | None) -> PipelineConfig:
        """Return the pipeline *name*, or the only one; raises SettingsError naming those there are."""
        if name is None and len(self.pipelines) == 1:
            return next(iter(self.pipelines.values()))
        found = self.pipelines.get(name or "")
        if found is None:
            names = ", ".join(sorted(self.pipelines)) or "none"
            asked = f"no pipeline is called {name!r}" if name else "say which pipeline"
            raise SettingsError(f"{self.path}: {asked}; there are: {names}")
        return found
