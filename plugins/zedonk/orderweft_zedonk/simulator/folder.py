"""The folder a tenant exchanges files by: where things are, and how they are named."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orderweft import Clock

INCOMING = ("customers", "addresses", "orders")
"""What can be imported, in the order in which files of the same second are taken."""
_BATCH = re.compile(r"(?P<scope>.+)_(?P<stamp>\d{8}T\d{6}Z)_(?P<batch>[A-Za-z0-9.-]+)\.csv")


@dataclass(frozen=True)
class Incoming:
    """One complete file in `in/`."""

    path: Path
    dataset: str
    stamp: str
    batch: str | None
    """None when the name is not that of a batch."""


class Folder:
    """The directories below *root* and the files in them."""

    def __init__(self, root: Path, clock: Clock, outgoing: tuple[str, ...]) -> None:
        self.root = root
        self._clock = clock
        self._last: datetime | None = None
        for name in ("done", "failed", "results", "images"):
            (root / name).mkdir(parents=True, exist_ok=True)
        for way, datasets in (("out", outgoing), ("in", INCOMING)):
            for dataset in datasets:
                (root / way / dataset).mkdir(parents=True, exist_ok=True)

    def stamp(self) -> str:
        """Return the time for the names of one round of exports, at least a second after the last one."""
        now = self._clock.now().replace(microsecond=0)
        if self._last is not None:
            now = max(now, self._last + timedelta(seconds=1))
        self._last = now
        return f"{now:%Y%m%dT%H%M%SZ}"

    def incoming(self) -> list[Incoming]:
        """Return the complete files that wait, the oldest first."""
        found = [self._read_name(path, dataset) for dataset in INCOMING for path in self._waiting(dataset)]
        return sorted(found, key=lambda one: (one.stamp, INCOMING.index(one.dataset), one.path.name))

    def _waiting(self, dataset: str) -> Iterator[Path]:
        return (self.root / "in" / dataset).glob("*.csv")

    def _read_name(self, path: Path, dataset: str) -> Incoming:
        name = _BATCH.fullmatch(path.name)
        if name is None or name["scope"] != dataset:
            return Incoming(path, dataset, "", None)
        return Incoming(path, dataset, name["stamp"], name["batch"])

    def exports(self, dataset: str) -> list[Path]:
        """Return the complete exports of *dataset*, the oldest first."""
        paths = (self.root / "out" / dataset).glob("*.csv")
        return sorted(paths, key=lambda path: (path.stem.split("_")[-2], path.name))

    def export(self, dataset: str, scope: str, stamp: str, data: bytes) -> Path:
        """Write *data* as one batch of *dataset* and return its path."""
        batch = hashlib.sha256(data).hexdigest()[:16]
        name = "_".join(part for part in (dataset, scope, stamp, batch) if part)
        return put(self.root / "out" / dataset / f"{name}.csv", data)

    def finish(self, file: Path, *, failed: bool) -> None:
        """Move an imported *file* away."""
        os.replace(file, self.root / ("failed" if failed else "done") / file.name)


def put(path: Path, data: bytes) -> Path:
    """Write a whole file beside its name and then give it the name."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)
    return path


def slug(text: str) -> str:
    """Return *text* as it can stand between underscores in a file name: `AUTUMN/WINTER 20` is `AUTUMN-WINTER-20`."""
    return re.sub(r"[^\w]|_", "-", text)
