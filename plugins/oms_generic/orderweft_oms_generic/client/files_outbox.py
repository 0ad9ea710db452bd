"""Orders handed over as files: each once, and known afterwards although the system takes the file away.

A file is handed over at one instant, by the rename of what is prepared beside it. Before that rename a note is written
into `.orderweft/` of its folder. So at any moment, whatever has stopped in between: with the note there and what was
prepared gone, it was handed over; otherwise it was not, unless it can be seen. With a marker, it is the marker that is
prepared and renamed, for without it the file is not looked at.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from datetime import datetime

from orderweft import Folder, RejectedError, SettingsError, TemplateError, UnavailableError, UnknownOutcomeError

from ..profiles.expressions import Context, leaf, roots_of
from ..profiles.folders import marker_of
from ..profiles.model import FileWriting, Profile
from ..profiles.tree import render_text
from .files_archive import Archive, Archived
from .files_inbox import PART

NOTES = ".orderweft"
"""Folder of our notes, below the one the files go to."""
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the file of one order belongs."""

    key: str
    path: str
    hands_over: str
    """What appears when it is handed over: the marker, else the file itself."""
    notes: str
    """The folder of our notes."""

    @property
    def note(self) -> str:
        """Return where it is noted that it is handed over."""
        return f"{self.notes}/sent/{self.key}"

    @property
    def pieces(self) -> str:
        """Return where it is noted what the order takes of the stock."""
        return f"{self.notes}/pieces/{self.key}"

    @property
    def answer(self) -> str:
        """Return where the system's answer is noted."""
        return f"{self.notes}/answers/{self.key}"

    @property
    def prepared(self) -> str:
        """Return where that waits for its rename."""
        return f"{self.hands_over}{PART}"


class Outbox:
    """The folder orders are handed over in."""

    def __init__(self, profile: Profile, writing: FileWriting, folder: Folder) -> None:
        """Do nothing yet; raises SettingsError when the profile's path does not tell orders apart."""
        self._profile, self._writing, self._folder = profile, writing, folder
        self._archive = Archive(folder)
        if "key" not in [expression.source for expression in leaf(writing.path).expressions]:
            raise SettingsError(f"{profile.id} orders.file.path: needs ${{key}}, so that its name tells the order")
        if roots_of(writing.path) - {"key", "settings"}:
            raise SettingsError(
                f"{profile.id} orders.file.path: may name key and settings only, or an order is not found again"
            )

    def spot(self, key: str, names: Context) -> Spot:
        """Return where the order of *key* belongs; raises TemplateError when it is no name of a file."""
        if not is_name(key):
            raise TemplateError(f"{self._profile.id} orders.key: {key[:80]!r} cannot be part of a file's name")
        path = render_text(self._writing.path, {**names, "key": key}, f"{self._profile.id} orders.file.path")
        if path is None:
            raise TemplateError(f"{self._profile.id} orders.file.path: `{self._writing.path}` has an empty part")
        folder = posixpath.dirname(path)
        notes = posixpath.join(folder, NOTES)
        return Spot(key, path, f"{path}{marker_of(self._profile, self._writing, names['settings'])}", notes)

    def has_note(self, spot: Spot) -> bool:
        """Return whether the file was prepared by us."""
        return self._folder.exists(spot.note) or self.archived(spot) is not None

    def archived(self, spot: Spot) -> Archived | None:
        """Return what was noted long ago of an order without a note, which may just have been put away."""
        return self._archive.of(spot.notes, spot.key)

    def tidy(self, spot: Spot, now: datetime) -> None:
        """Put old notes beside *spot* together, when there are many."""
        self._archive.fold(spot.notes, now, answered=self._writing.answer is not None)

    def handed_over(self, spot: Spot) -> bool:
        """Return whether the file was handed over, certainly; for whoever alone may hand it over, for it tidies up."""
        if self._folder.exists(spot.hands_over):
            # a copy may be left where a rename is none: in S3, and on drives with hard links
            self._folder.delete(spot.prepared)
            return True
        return self._was_taken(spot)

    def is_out(self, spot: Spot) -> bool:
        """Return whether the file was handed over, and change nothing, for another may be handing it over now."""
        return self._folder.exists(spot.hands_over) or self._was_taken(spot)

    def _was_taken(self, spot: Spot) -> bool:
        noted = self._noted(spot)
        if noted is None:
            return self.archived(spot) is not None
        return not self._folder.exists(f"{noted}{PART}")

    def holds(self, spot: Spot, data: bytes) -> bool:
        """Return whether the file that is there is *data*; one that was taken away meanwhile counts as such."""
        try:
            return self._folder.read(spot.path) == data
        except RejectedError:
            return not self._folder.exists(spot.path)

    def adopt(self, spot: Spot) -> None:
        """Note that the file was handed over, by whomever."""
        self._folder.write(spot.note, spot.hands_over.encode())

    def put(self, spot: Spot, data: bytes, *, again: bool) -> None:
        """Hand over *data*; with *again* in the place of a file that was refused.

        Raises UnknownOutcomeError when it may have been handed over, UnavailableError or RejectedError when it was not.
        """
        try:
            self._prepare(spot, data, again)
        except UnknownOutcomeError as error:
            raise UnavailableError(f"{error}; nothing was handed over") from error
        try:
            self._folder.move(spot.prepared, spot.hands_over)
        except RejectedError:
            # with its note there and nothing to be seen, it would count as handed over
            if not self._folder.exists(spot.prepared) and not self._folder.exists(spot.hands_over):
                self._folder.delete(spot.note)
            raise

    def _prepare(self, spot: Spot, data: bytes, again: bool) -> None:
        # The order of these is what keeps an order from being lost or doubled; see above.
        folder, marker = self._folder, spot.hands_over != spot.path
        folder.delete(spot.note)
        if again:
            folder.delete(spot.hands_over)
        folder.delete(spot.prepared)
        if marker:
            self._write_anew(spot.path, data)
        folder.write(spot.prepared, b"" if marker else data)
        folder.write(spot.note, spot.hands_over.encode())
        folder.delete(spot.answer)

    def _write_anew(self, path: str, data: bytes) -> None:
        """Write a file that nobody looks at yet in the place of an earlier one."""
        try:
            self._folder.write(path, data)
        except RejectedError:
            self._folder.delete(path)
            self._folder.write(path, data)

    def _noted(self, spot: Spot) -> str | None:
        if not self._folder.exists(spot.note):
            return None
        try:
            text = self._folder.read(spot.note, limit=4096).decode("utf-8", "replace").strip()
        except RejectedError:
            if self._folder.exists(spot.note):
                raise
            return None  # it has just been put away
        return text or spot.hands_over


def is_name(text: str) -> bool:
    """Return whether *text* can be the name of a file."""
    return (
        0 < len(text) <= _LONGEST_NAME
        and text.isprintable()
        and not text.startswith(".")
        and not any(mark in text for mark in '/\\"<>|?*')
    )
