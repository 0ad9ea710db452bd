"""Files a system puts into a folder: which are whole, claimed while they are read, kept where they are found again.

A file that was read goes to `done` and stays part of what is there: the newest one there is the present state as long
as no newer one came. So a run that stopped after reading loses nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

from orderweft import Clock, Entry, Folder, RejectedError, UnavailableError, UnknownOutcomeError

from ..profiles.folders import filled
from ..profiles.model import FileReading, Profile

PART = ".part"
"""Ending of files that are still being written."""
_RETRY = 60.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file, where it is now."""

    folder: str
    entry: Entry

    @property
    def path(self) -> str:
        """Return its path."""
        return posixpath.join(self.folder, self.entry.name)

    @property
    def age_key(self) -> tuple[datetime, str]:
        """Return what puts files in the order they were written in."""
        return self.entry.modified or datetime.min.replace(tzinfo=UTC), self.entry.name


class Inbox:
    """The files of one reading."""

    def __init__(
        self, profile: Profile, spec: FileReading, texts: Mapping[str, str | None], folder: Folder, clock: Clock
    ) -> None:
        """Look at nothing yet; raises SettingsError when the places named cannot be used together."""
        self.spec = filled(profile, spec, texts)
        self._folder, self._clock = folder, clock

    @property
    def place(self) -> str:
        """Return where files arrive, for messages."""
        return f"{self._folder.name}: {posixpath.join(self.spec.folder, self.spec.pattern)!r}"

    def arrived(self) -> list[Arrived]:
        """Return the files that are whole and not read yet, oldest first, those of a run that stopped before others."""
        spec = self.spec
        claimed = self._listed(spec.claim) if spec.claim is not None else []
        there = self._marked(self._folder.list(spec.folder))
        if spec.stable_seconds and there:
            self._clock.sleep(spec.stable_seconds)
            later = {entry.name: entry for entry in self._folder.list(spec.folder)}
            there = [one for one in there if later.get(one.entry.name) == one.entry]
        return claimed + sorted(there, key=lambda one: one.age_key)

    def kept(self, since: datetime | None = None) -> list[Arrived]:
        """Return the files read before that were written since *since*, oldest first."""
        listed = self._listed(self.spec.done) if self.spec.done is not None else []
        names = {one.entry.name for one in listed}
        first = [one for one in listed if not _is_earlier(one.entry.name, names)]
        return [one for one in first if since is None or one.entry.modified is None or one.entry.modified >= since]

    def claim(self, one: Arrived) -> Arrived:
        """Take a file out of its writer's way, if there is a folder for that."""
        if self.spec.claim is None or one.folder in (self.spec.claim, self.spec.done):
            return one
        return self._put(one, self.spec.claim)

    def load(self, one: Arrived) -> bytes:
        """Return the content of a file."""
        try:
            data = self._folder.read(one.path)
        except RejectedError as error:
            raise UnavailableError(str(error), retry_after=_RETRY) from error
        if len(data) != one.entry.size:
            raise UnavailableError(f"{one.path} is still being written; try again", retry_after=_RETRY)
        return data

    def finish(self, one: Arrived) -> None:
        """Put a file away that was read, if there is a folder for that."""
        if self.spec.done is not None and one.folder != self.spec.done:
            self._put(one, self.spec.done)

    def fail(self, one: Arrived) -> str:
        """Put a file away that cannot be read, if there is a folder for that, and return where it is."""
        if self.spec.failed is not None and one.folder != self.spec.done:
            one = self._put(one, self.spec.failed)
        return one.path

    def check_age(self, one: Arrived) -> None:
        """Raise UnavailableError when a file is older than the profile allows."""
        hours, modified = self.spec.max_age_hours, one.entry.modified
        if hours is None:
            return
        if modified is None:
            raise UnavailableError(f"{self._folder.name} does not tell when {one.path} was written (max_age_hours)")
        if self._clock.now() - modified > timedelta(hours=hours):
            raise UnavailableError(
                f"{one.path} is of {modified:%Y-%m-%d %H:%M} UTC, older than max_age_hours = {hours:g}; "
                "have it written again"
            )

    def listed(self) -> list[Arrived]:
        """Return the files that are there and not read yet, whole or not, oldest first."""
        return self._listed(self.spec.folder)

    def _listed(self, folder: str) -> list[Arrived]:
        found = [Arrived(folder, entry) for entry in self._folder.list(folder) if self._is_meant(entry)]
        return sorted(found, key=lambda one: one.age_key)

    def _is_meant(self, entry: Entry) -> bool:
        marker = self.spec.marker
        if entry.is_folder or entry.name.endswith(PART) or entry.name.startswith("."):
            return False
        return fnmatchcase(entry.name, self.spec.pattern) and not (marker and entry.name.endswith(marker))

    def _marked(self, entries: Sequence[Entry]) -> list[Arrived]:
        meant = [Arrived(self.spec.folder, entry) for entry in entries if self._is_meant(entry)]
        marker = self.spec.marker
        if not marker:
            return meant
        names = {entry.name for entry in entries}
        for name in sorted(names):
            whole = name.removesuffix(marker)
            # left by a run that stopped: it would make the next file of that name look whole while it is written
            if whole != name and whole not in names and self.spec.done is not None:
                self._unmark(posixpath.join(self.spec.folder, whole))
        return [one for one in meant if f"{one.entry.name}{marker}" in names]

    def _unmark(self, path: str) -> None:
        if not self._folder.exists(path):
            self._folder.delete(f"{path}{self.spec.marker}")

    def _put(self, one: Arrived, folder: str) -> Arrived:
        """Move a file to *folder*; an earlier file of its name there gets a number."""
        moved = replace(one, folder=folder)
        if self._folder.exists(moved.path):
            names = {entry.name for entry in self._folder.list(folder)}
            numbers = (number for number in range(1, len(names) + 2) if f"{one.entry.name}.{number}" not in names)
            self._move(moved.path, f"{moved.path}.{next(numbers)}")
        self._move(one.path, moved.path)
        if self.spec.marker and one.folder == self.spec.folder:
            self._unmark(one.path)
        return moved

    def _move(self, path: str, target: str) -> None:
        try:
            self._folder.move(path, target)
        except UnknownOutcomeError:
            # repeating a move is harmless: it finds its source gone when it was done
            if self._folder.exists(path):
                self._folder.move(path, target)
        except RejectedError as error:
            raise UnavailableError(str(error), retry_after=_RETRY) from error


def _is_earlier(name: str, names: set[str]) -> bool:
    """Return whether a file was given a number because another of its name came."""
    stem, dot, number = name.rpartition(".")
    return bool(dot) and number.isdecimal() and stem in names
