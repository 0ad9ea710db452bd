"""Notes of orders long settled, put together in a few files: nothing is forgotten, and folders stay small.

Every file here is written once, under a name made of its content, before the notes in it are deleted. So whoever finds
no note looks here next, and an order that was handed over is known for good.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from orderweft import Entry, Folder, RejectedError, UnavailableError

from .files_inbox import PART

SETTLED_AFTER = timedelta(days=90)
"""How old a note is before it is put here."""
FEWEST, MOST = 200, 2000
"""How many notes are worth a file, and how many go into one."""
_ENDING = ".jsonl"


@dataclass(frozen=True, slots=True)
class Archived:
    """What was noted of one order: where it was handed over, and what was answered, if answers are read."""

    path: str
    answer: str | None


class Archive:
    """The notes put together below one folder or several."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._read: set[str] = set()
        self._known: dict[str, Archived] = {}

    def of(self, notes: str, key: str) -> Archived | None:
        """Return what was noted of *key* below the folder *notes*."""
        place = f"{notes}/archive"
        for entry in self._folder.list(place):
            path = f"{place}/{entry.name}"
            if entry.name.endswith(_ENDING) and path not in self._read:
                self._load(notes, path)
                self._read.add(path)
        return self._known.get(f"{notes}/{key}")

    def _load(self, notes: str, path: str) -> None:
        try:
            rows = [json.loads(line) for line in self._folder.read(path).splitlines()]
            found = {f"{notes}/{row['key']}": Archived(row["path"], row.get("answer")) for row in rows}
        except (ValueError, KeyError, TypeError) as error:
            raise UnavailableError(f"{self._folder.name}: {path!r} is damaged; look at it") from error
        self._known |= found

    def fold(self, notes: str, now: datetime, *, answered: bool) -> None:
        """Put the notes below *notes* together that are old enough, when there are many.

        Only of orders whose file is gone and, where the system answers, that it has accepted.
        """
        old = [entry for entry in self._folder.list(f"{notes}/sent") if _is_old(entry, now)]
        if len(old) < FEWEST:
            return
        settled = dict(self._settled(notes, old[:MOST], answered=answered))
        if not settled:
            return
        rows = ({"key": key, "path": one.path, "answer": one.answer} for key, one in settled.items())
        data = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
        self._folder.write(f"{notes}/archive/{sha256(data).hexdigest()[:16]}{_ENDING}", data)
        for key, one in settled.items():
            self._folder.delete(f"{notes}/pieces/{key}")
            self._folder.delete(f"{notes}/sent/{key}")
            if one.answer is not None:
                self._folder.delete(f"{notes}/answers/{key}")

    def _settled(self, notes: str, old: list[Entry], *, answered: bool) -> Iterator[tuple[str, Archived]]:
        there: dict[str, set[str]] = {}
        for entry in old:
            path = self._folder.read(f"{notes}/sent/{entry.name}", limit=4096).decode("utf-8", "replace").strip()
            place, name = posixpath.split(path)
            if place not in there:
                there[place] = {one.name for one in self._folder.list(place)}
            if not path or {name, f"{name}{PART}"} & there[place]:
                continue
            answer = self._answer(f"{notes}/answers/{entry.name}")
            if not answered or _is_yes(answer):
                yield entry.name, Archived(path, answer)

    def _answer(self, path: str) -> str | None:
        try:
            return self._folder.read(path).decode()
        except RejectedError:
            return None


def _is_yes(answer: str | None) -> bool:
    try:
        return answer is not None and json.loads(answer)["accepted"] == "yes"
    except (ValueError, KeyError, TypeError):
        return False


def _is_old(entry: Entry, now: datetime) -> bool:
    is_note = not entry.is_folder and not entry.name.endswith(PART)
    return is_note and entry.modified is not None and now - entry.modified > SETTLED_AFTER
