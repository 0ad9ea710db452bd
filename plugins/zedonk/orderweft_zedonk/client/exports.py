"""The files Zedonk exports: which are the newest, whether they are whole, what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orderweft import Clock, Entry, Folder, RejectedError, UnavailableError

from ..config import Settings
from .table import Table, decoded, joined, parsed, to_table

AGELESS = ("seasons", "users", "order_status")
"""Lists that stay true, or of which an old one does no harm."""


class NoExportError(UnavailableError):
    """Raised when Zedonk has exported nothing of a dataset."""


@dataclass(frozen=True, slots=True)
class Export:
    """One exported file."""

    path: str
    entry: Entry
    scope: str
    """The season it is of; empty when it is of everything."""
    stamp: datetime


@dataclass(frozen=True, slots=True)
class About:
    """What a person wants to know of an export."""

    age: str
    warnings: tuple[str, ...]


class Exports:
    """The folder `out/`."""

    def __init__(self, folder: Folder, settings: Settings, clock: Clock) -> None:
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._read: dict[str, tuple[tuple[Export, ...], Table]] = {}

    def newest(self, dataset: str) -> tuple[Export, ...]:
        """Return the newest file of *dataset*, or the newest of each season where it is exported by season."""
        pattern = re.compile(
            rf"{re.escape(dataset)}_(?:(?P<scope>.+)_full_)?(?P<stamp>\d{{8}}T\d{{6}}Z)_(?P<batch>[^_]+)\.csv"
        )
        found: list[Export] = []
        for entry in self._folder.list(f"out/{dataset}"):
            match = None if entry.is_folder else pattern.fullmatch(entry.name)
            if match and (stamp := moment(match["stamp"])):
                found.append(Export(f"out/{dataset}/{entry.name}", entry, match["scope"] or "", stamp))
        found.sort(key=lambda export: (export.stamp, export.entry.name))
        by_scope = {export.scope: export for export in found}
        if not found:
            return ()
        if found[-1].scope == "":
            return (found[-1],)
        return tuple(export for scope, export in sorted(by_scope.items()) if scope)

    def table(self, dataset: str, *, any_age: bool = False) -> Table:
        """Return what the newest files of *dataset* hold; raises NoExportError when there is none."""
        files = self.newest(dataset)
        if not files:
            raise NoExportError(
                f"there is no file {dataset}_..._....csv in out/{dataset} of {self._folder.name}; have it exported"
            )
        for file in () if any_age or dataset in AGELESS else files:
            self._check_age(file)
        known = self._read.get(dataset)
        if known is None or known[0] != files:
            known = self._read[dataset] = files, joined([self._load(dataset, file) for file in files])
        return known[1]

    def about(self, dataset: str) -> About | None:
        """Return how old the export of *dataset* is, None when there is none."""
        files = self.newest(dataset)
        if not files:
            return None
        age, most = self._clock.now() - min(file.stamp for file in files), self._settings.max_age_hours
        hours = max(0, int(age.total_seconds() // 3600))
        is_old = most is not None and dataset not in AGELESS and age > timedelta(hours=most)
        warning = f"The export of {dataset} is older than max_age_hours = {most}; nothing is done with it."
        return About(f"{hours // 24} days" if hours >= 48 else f"{hours} hours", (warning,) if is_old else ())

    def _check_age(self, file: Export) -> None:
        most = self._settings.max_age_hours
        if most is not None and self._clock.now() - file.stamp > timedelta(hours=most):
            raise UnavailableError(
                f"{file.path} is of {file.stamp:%Y-%m-%d %H:%M} UTC, older than max_age_hours = {most}; "
                "have it exported again"
            )

    def _load(self, dataset: str, file: Export) -> Table:
        try:
            data = self._folder.read(file.path)
        except RejectedError as error:
            raise UnavailableError(f"{error}; it may just have been replaced, try again", retry_after=60) from error
        if len(data) != file.entry.size:
            raise UnavailableError(f"{file.path} is still being written; try again", retry_after=60)
        return from_bytes(dataset, data, file.path, self._settings, file.stamp)


def from_bytes(dataset: str, data: bytes, place: str, settings: Settings, stamp: datetime | None = None) -> Table:
    """Read a whole file."""
    headings, records = parsed(dataset, decoded(data, place), place, settings)
    named = ((f"{place}, line {line}", dict(zip(headings, cells, strict=True))) for line, cells in records)
    return to_table(dataset, headings, named, settings, place=place, taken_at=stamp)


def moment(text: str) -> datetime | None:
    """Return the instant that stands in a file's name, None when it is no instant."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
