"""What `orderweft.toml` may say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..errors import SettingsError
from ..exchange import Kind, WriteMode
from ..schedule import shortest_interval
from ..settings import Settings
from .alerts import Alert
from .journal import JournalSettings
from .serve import ServeSettings, TimeZone


def _check_schedule(schedule: str) -> str:
    shortest_interval(schedule)
    return schedule


_NO_RULES = ("schedule", "timezone", "guard", "write_mode", "on_change", "on_cancel", "urgent_days")
"""Settings that have no part in what becomes of an order before it is delivered."""


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
    timezone: TimeZone | None = None
    source_options: dict[str, Any] = Field(default_factory=dict)
    destination_options: dict[str, Any] = Field(default_factory=dict)
    map: dict[str, str] = Field(default_factory=dict)
    skip: list[SkipRule] = Field(default_factory=list)
    write_mode: WriteMode = "update"
    guard: Guard = Guard()
    urgent_days: Annotated[int, Field(ge=0)] = 7
    on_change: Literal["ignore", "alert", "update"] = "ignore"
    """What happens when an order is edited at the source after it was delivered."""
    on_cancel: Literal["ignore", "alert", "cancel"] = "ignore"
    """What happens when an order is cancelled at the source after it was delivered."""

    @model_validator(mode="after")
    def _belongs_to_the_kind(self) -> Self:
        if self.moves != "inventory" and "write_mode" in self.model_fields_set:
            raise ValueError(f"write_mode is for inventory; this pipeline moves {self.moves}")
        if self.moves == "orders" and "guard" in self.model_fields_set:
            raise ValueError("guard is for inventory, catalog, customers and shipments; this pipeline moves orders")
        for name in ("on_change", "on_cancel"):
            if self.moves != "orders" and name in self.model_fields_set:
                raise ValueError(f"{name} is for orders; this pipeline moves {self.moves}")
        return self

    def fingerprint(self) -> str:
        """Return a text that changes when the rules by which orders are decided change."""
        rules = self.model_dump(mode="json", exclude=set(_NO_RULES))
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
    journal: JournalSettings = field(default_factory=JournalSettings)


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration file that is right in itself."""

    path: Path
    ledger: Path
    connections: Mapping[str, ConnectionConfig]
    pipelines: Mapping[str, PipelineConfig]
    warnings: tuple[str, ...] = field(default=())
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    serve: ServeSettings = field(default_factory=ServeSettings)
    journal: JournalSettings = field(default_factory=JournalSettings)

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
