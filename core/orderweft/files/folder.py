"""What a folder of exchanged files can do, wherever it is."""

from __future__ import annotations

import builtins
import posixpath
import threading
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from ..errors import RejectedError, SettingsError, UnavailableError

LARGEST_FILE = 64 * 2**20
PART = ".part"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder."""

    name: str
    size: int
    modified: datetime | None
    is_folder: bool = False


class Folder(ABC):
    """Files shared with a channel; safe to use from several threads, one call at a time.

    Paths are relative to the folder and use `/`; one that could lead out of it raises SettingsError. A file that is not
    there, or is there with another content, raises RejectedError; refused credentials or rights AuthenticationError.
    UnavailableError means that nothing was applied, UnknownOutcomeError that a rename or delete was asked for and its
    answer is missing.
    """

    name: str
    """Where it is, for messages."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def list(self, path: str = "") -> builtins.list[Entry]:
        """Return what is directly in *path*, by name; nothing when there is no such folder.

        Nothing is left out: files still being written (`.part`) and folders are in it too.
        """
        path = _checked(path)
        with self._turn(path):
            try:
                entries = sorted(self._entries(path), key=lambda entry: entry.name)
            except FileNotFoundError:
                return []
        for entry in entries:
            if entry.name in ("", ".", "..") or "/" in entry.name:
                raise UnavailableError(f"{self.name}: {path!r} holds {entry.name[:80]!r}, which is no name of a file")
        return entries

    def read(self, path: str, *, limit: int = LARGEST_FILE) -> bytes:
        """Return the content of a file of at most *limit* bytes."""
        path = _checked_file(path)
        with self._turn(path):
            data = self._load(path, limit)
        if len(data) > limit:
            raise RejectedError(f"{self.name}: {path!r} is larger than {limit} bytes")
        return data

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file as `path + '.part'`, then rename it; nobody ever reads half of it under its own name.

        The same content being there already is success, which makes repeating harmless; another content is left as it
        is and raises RejectedError. A `.part` left by a crash is replaced; missing folders are made.

        Two programs that write one path at the same moment share its `.part` and must be kept apart by the caller. A
        file that appears just before the rename is not replaced in a local folder, unless its drive knows no hard
        links; over SFTP that is the server's doing: the protocol forbids replacing and OpenSSH refuses it, but with a
        careless server the later one wins.
        """
        path = _checked_file(path)
        with self._turn(path):
            if self._holds(path, data):
                return
            self._make_folder(posixpath.dirname(path))
            self._store(path + PART, data)
            with suppress(FileNotFoundError):
                if self._rename(path + PART, path):
                    return
            if not self._holds(path, data):
                raise UnavailableError(f"{self.name}: another program writes {path!r} at the same time")

    def move(self, path: str, target: str) -> None:
        """Move a file to *target*, making missing folders; a file already there is never replaced."""
        path, target = _checked_file(path), _checked_file(target)
        with self._turn(path):
            if not self._exists(path):
                raise FileNotFoundError(path)
            self._make_folder(posixpath.dirname(target))
            if path != target and not self._rename(path, target):
                raise RejectedError(f"{self.name}: {target!r} is there already; {path!r} was not moved")

    def delete(self, path: str) -> None:
        """Delete a file; one that is not there is no error."""
        path = _checked_file(path)
        with self._turn(path), suppress(FileNotFoundError):
            self._remove(path)

    def exists(self, path: str) -> bool:
        """Return whether there is a file or folder of that name."""
        path = _checked(path)
        with self._turn(path):
            return self._exists(path)

    def close(self) -> None:  # noqa: B027  a local folder keeps nothing open
        """Close what is kept open; a later call opens it again."""

    @contextmanager
    def _turn(self, path: str) -> Iterator[None]:
        with self._lock:
            self._ready()
            try:
                yield
            except FileNotFoundError:
                raise RejectedError(f"{self.name}: {path!r} is not there") from None

    def _holds(self, path: str, data: bytes) -> bool:
        try:
            there = self._load(path, len(data))
        except FileNotFoundError:
            return False
        if there != data:
            raise RejectedError(f"{self.name}: {path!r} is there already with another content and is left as it is")
        return True

    # what each kind of folder does in its own way; a missing file raises FileNotFoundError

    def _ready(self) -> None:  # noqa: B027  a local folder is always ready
        """Prepare for one call."""

    @abstractmethod
    def _entries(self, path: str) -> builtins.list[Entry]:
        """Return what is in a folder."""

    @abstractmethod
    def _load(self, path: str, limit: int) -> bytes:
        """Return the first *limit* + 1 bytes of a file."""

    @abstractmethod
    def _store(self, path: str, data: bytes) -> None:
        """Write a new file in the place of any old one and make it durable."""

    @abstractmethod
    def _rename(self, path: str, target: str) -> bool:
        """Rename a file unless *target* is there; return whether it was done."""

    @abstractmethod
    def _make_folder(self, path: str) -> None:
        """Make a folder and those above it as far as they are missing."""

    @abstractmethod
    def _remove(self, path: str) -> None:
        """Remove a file."""

    @abstractmethod
    def _exists(self, path: str) -> bool:
        """Return whether anything is there."""


def _checked(path: str) -> str:
    """Return *path* in its shortest form; refuse one that could lead out of its folder."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or "\\" in path or ".." in parts:
        raise SettingsError(f"{path!r} must be a path below the folder, with / between its parts and no '..'")
    if not all(_is_fit(mark) for mark in path):
        raise SettingsError(f"{path!r} must not hold control characters")
    return "/".join(parts)


def _is_fit(mark: str) -> bool:
    # a byte that is no UTF-8 reads as one of these: PEP 383
    return unicodedata.category(mark) not in ("Cc", "Cs") or "\udc80" <= mark <= "\udcff"


def _checked_file(path: str) -> str:
    checked = _checked(path)
    if not checked or path.endswith("/"):
        raise SettingsError(f"{path!r} must name a file")
    return checked
