"""The power fails: whatever of the last commit has reached the disk, the ledger is whole and the next runs go on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from threading import RLock
from typing import NamedTuple

import pytest
from orderweft.clock import Clock
from orderweft.ledger import Claim, Ledger
from orderweft.testing import FakeClock

from .misfortunes import comes_right, in_step, stays_quiet
from .routes import ROUTES, SALES, Route
from .wrecks import MortalLedger

PAGES_BEFORE_CHECKPOINT = 12
"""So few that pages go from the log into the file several times in a run."""
POWER = (SALES[0], ROUTES[0])


class Files(NamedTuple):
    """What is on the disk of a ledger."""

    main: bytes
    log: bytes

    def lay_down(self, path: Path) -> None:
        """Make this what *path* and its log hold, as a machine finds them that has just started."""
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        path.with_name(f"{path.name}-wal").write_bytes(self.log)
        path.write_bytes(self.main)


class RecordedLedger(MortalLedger):
    """A ledger that keeps what is on the disk after its last commit, and after the one before."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._recording = RLock()
        self.before = self.after = Files(b"", b"")
        super().__init__(path, clock)
        self.rows(f"PRAGMA wal_autocheckpoint = {PAGES_BEFORE_CHECKPOINT}")
        self.before = self.after = self._files()

    @contextmanager
    def transaction(self, claim: Claim | None = None, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction, and let no other thread commit before its files are kept."""
        with self._recording, super().transaction(claim, keep=keep) as db:
            yield db

    def committed(self) -> None:
        """Keep what is on the disk now."""
        self.before, self.after = self.after, self._files()
        super().committed()

    def _files(self) -> Files:
        log = Path(f"{self.path}-wal")
        return Files(Path(self.path).read_bytes(), log.read_bytes() if log.exists() else b"")


def torn(before: Files, after: Files, luck: Random, many: int) -> list[Files]:
    """Return what a power cut during the last commit can leave: the log cut anywhere, the file written in parts."""
    first = next((at for at, (a, b) in enumerate(zip(before.log, after.log, strict=False)) if a != b), None)
    first = min(len(before.log), len(after.log)) if first is None else first
    cuts = {first, first + 1, len(after.log) - 1, *(luck.randint(first, len(after.log)) for _ in range(many))}
    found = [Files(before.main, after.log[:cut] + before.log[cut:]) for cut in sorted(cuts) if cut <= len(after.log)]
    if before.main != after.main:
        for _ in range(many):
            pages = range(0, len(after.main), 4096)
            parts = [luck.choice([before.main, after.main])[at : at + 4096] for at in pages]
            short = before.main.ljust(len(after.main), b"\0")
            whole = [
                part.ljust(4096, b"\0") if part else short[at : at + 4096]
                for at, part in zip(pages, parts, strict=True)
            ]
            found.append(Files(b"".join(whole), after.log))
    return found


def contents(path: Path) -> list[str]:
    """Return all a ledger holds, after checking that it is whole."""
    ledger = Ledger(path, FakeClock())
    ledger.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(db.iterdump())


@pytest.mark.parametrize("route", POWER, ids=str)
def test_the_power_fails_during_any_commit(tmp_path: Path, route: Route) -> None:
    """The ledger holds what it held before that commit or after it, and the next runs lose and repeat nothing."""
    with in_step(tmp_path, route) as home:
        home.mortal = RecordedLedger
        path, copy, luck, checkpoints = tmp_path / "orderweft.db", tmp_path / "copy.db", Random(1), 0
        for commit in count(1):
            sent, changed = route.received(home), route.change(home, luck)
            if not home.die(route.pipeline, at_commit=commit):
                break
            assert isinstance(home.dead, RecordedLedger)
            before, after = home.dead.before, home.dead.after
            checkpoints += before.main != after.main
            whole = []
            for files in (before, after):
                files.lay_down(copy)
                whole.append(contents(copy))
            wrecks = torn(before, after, luck, 6)
            for files in wrecks:
                files.lay_down(copy)
                assert contents(copy) in whole
            luck.choice(wrecks).lay_down(path)
            most = changed + route.batch - (route.received(home) - sent)
            comes_right(home, route, f"power fails at commit {commit}", most)
        assert commit > 12
        assert checkpoints > 1
        stays_quiet(home, route)


def test_a_commit_is_on_the_disk_before_anything_leaves(tmp_path: Path) -> None:
    """Every connection to the ledger waits for the disk at each commit, so that no intent is lost with the power."""
    ledger = Ledger(tmp_path / "orderweft.db", FakeClock())
    with ledger.apart() as other:
        for one in (ledger, other):
            assert one.rows("PRAGMA journal_mode")[0][0] == "wal"
            assert one.rows("PRAGMA synchronous")[0][0] == 2  # FULL
    ledger.close()
