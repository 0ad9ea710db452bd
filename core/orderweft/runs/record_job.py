"""What the steps of one run of stock, catalog, customers or shipments share."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import to_json

from ..clock import Clock
from ..config import PipelineConfig
from ..ledger import Change, EntryBook, EntryRow, Ledger
from ..provenance import leaves
from .ends import End
from .job import Moment, Observer, log, unwatched


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """What a person may ask of one run."""

    limit: int | None = None
    dry_run: bool = False
    allow_drop: bool = False
    retry: bool = False
    """Offer held records again at once."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of a record that changes."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be done with one record."""

    key: str
    label: str
    action: Literal["new", "change", "zero", "again", "hold", "skip"]
    """`zero`: an overwrite would clear it, or a level falls to zero. `again`: as before, as it may not be there.
    `skip`: a flag or rule leaves it out."""
    differences: tuple[Difference, ...] = ()
    message: str = ""


@dataclass
class RecordReport:
    """How a run went, or what it would do."""

    pipeline: str
    kind: str
    run: int | None
    counts: Counter[str]
    held: int = 0
    """How many records are held now."""
    holds: list[EntryRow] = field(default_factory=list)
    """The first of them."""
    planned: list[Planned] = field(default_factory=list)
    """In a dry run only."""
    is_final: bool = False
    """Whether nobody can let it through."""
    stops: list[str] = field(default_factory=list)
    """Why the guard let nothing out."""
    warnings: list[str] = field(default_factory=list)
    error: str | None = None
    result: Literal["done", "held", "stopped", "failed", "interrupted"] = "done"


@dataclass
class RecordJob:
    """One run under way."""

    config: PipelineConfig
    source: End
    destination: End
    ledger: Ledger
    book: EntryBook
    clock: Clock
    options: RecordOptions
    report: RecordReport
    observer: Observer = unwatched
    stop: threading.Event = field(default_factory=threading.Event)
    item_code: str | None = None
    """The code by which the destination calls items, when it needs one."""
    complete: bool = False
    """Whether the source has given everything."""
    astray: bool = False
    """Whether a record came that could not be mapped, so that nobody knows what it is at the destination."""
    unnamed: dict[str, str] = field(default_factory=dict)
    """Identity and label of the levels above zero that the destination has and the source does not name; known of an
    overwrite that is planned, or is the first."""
    stocked: int = 0
    """How many levels above zero the destination has, known likewise."""
    remarks: dict[str, list[str]] = field(default_factory=dict)
    """What the destination remarked, and of which records."""
    put_off: str = ""
    """What was said of the first record left to the next run."""
    came_through: bool = False
    """Whether every step was gone through."""
    failure: BaseException | None = None

    @property
    def overwrites(self) -> bool:
        """Return whether the destination is given a complete snapshot."""
        return self.config.settings.write_mode == "overwrite"

    @property
    def knows_absence(self) -> bool:
        """Return whether what did not come is certainly gone from the source."""
        return self.complete and not self.astray

    @property
    def may_write(self) -> bool:
        """Return whether the guard lets this run through, or a person does."""
        return not self.report.stops or (self.options.allow_drop and not self.report.is_final)

    def count(self, **more: int) -> None:
        """Add to the report's counts."""
        self.report.counts.update(more)

    def tell(self, moment: Moment, note: str = "") -> None:
        """Tell the observer."""
        self.observer(moment, self.report.counts, note)
        if moment == "waiting":
            log.info(note)

    def tell_wait(self, seconds: float) -> None:
        """Tell the observer that a channel lets nothing through for so long."""
        self.tell("waiting", f"a channel's limit is used up, or it asked for a pause; going on in {seconds:.0f} s")


def differences(change: Change) -> tuple[Difference, ...]:
    """Return the fields in which a change differs from what was last confirmed; all of them for a new record."""
    before, after = (dict(leaves(content(data or {}))) for data in (change.before, change.after))
    return tuple(
        Difference(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def content(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a record matters to the destination: not where and when it was read."""
    return {name: value for name, value in data.items() if name not in ("origin", "updated_at")}


def mark_of(data: dict[str, Any]) -> str:
    """Return what tells the contents of records apart."""
    return hashlib.blake2b(to_json(content(data)), digest_size=16).hexdigest()
