"""Orders handed over to Zedonk as files: none lost and none twice, whatever dies and whenever they are imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from orderweft.testing import FakeClock, SftpServer

from .routes import order_from_zedonk, zedonk_has_each_order_once
from .wrecks import House, house

CHUNKS = 2


class Watched(SftpServer):
    """An SFTP server that lets somebody do something at one of its operations."""

    _left = 0

    def do(self, work: Callable[[], object], operations: int) -> None:
        """Do *work* before so many operations have passed."""
        self._work, self._left = work, operations

    def calm(self) -> None:
        """Let nothing more happen."""
        self._left = 0
        self._faults.clear()

    def due(self, operation: Any) -> Any:
        """Count one operation, and let happen what is to happen at it."""
        self._left -= 1
        if self._left == 0:
            self._work()
        return super().due(operation)


@contextmanager
def handing_over(folder: Path, sftp: Watched | None = None, clock: FakeClock | None = None) -> Iterator[House]:
    """Open a house whose Zedonk would make two orders of one handed over twice."""
    with house(folder, clock=clock, served=clock is None, sftp=sftp, zedonk={"duplicates": "created"}) as home:
        yield home


@contextmanager
def over_sftp(folder: Path, clock: FakeClock | None = None) -> Iterator[tuple[House, Watched]]:
    """Open such a house with Zedonk's folder on a server."""
    (folder / "exchange").mkdir()
    with Watched(folder / "exchange") as server, handing_over(folder, server, clock) as home:
        yield home, server


def each_order_is_there_once(home: House, what: object = "") -> None:
    """Assert, after quiet runs and an import, that Zedonk has each order once and all know how each stands."""
    home.finish("orders")
    try:
        zedonk_has_each_order_once(home)
    except AssertionError as error:
        raise AssertionError(f"after {what}") from error


def nothing_more_is_handed_over(home: House) -> None:
    """Assert that further runs and imports change nothing."""
    each_order_is_there_once(home)
    imported = list(home.zedonk.imported_files)
    for _ in range(2):
        home.finish("orders")
        home.zedonk.work()
    assert list(home.zedonk.imported_files) == imported


def test_killed_at_every_file(tmp_path: Path) -> None:
    """A process killed before it opens, names or removes a file leaves nothing that the next run gets wrong."""
    with handing_over(tmp_path) as home:
        luck = Random(2)
        for file in count(1, 3):
            order_from_zedonk(home, luck)
            if home.run_and_be_killed("orders", at_file=file) != -9:
                break
            if file % 2:
                home.zedonk.work()
            each_order_is_there_once(home, f"file {file}")
        assert file > 12
        nothing_more_is_handed_over(home)


# the server for tests leaves a file open that it loses while opening it
FAULTS: list[Any] = [
    (operation, kind)
    for operation in ("open", "write", "rename", "list", "read")
    for kind in ("refuse", "permission", "lose_before", "lose_after")
    if (operation, kind) not in [("open", "lose_after"), ("open", "permission"), ("read", "permission")]
]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_server_that_fails(tmp_path: Path, chunk: int) -> None:
    """The server refuses or is lost at any operation, while people import and export at any other; all comes right."""
    told: list[str] = []
    with over_sftp(tmp_path, FakeClock()) as (home, server):
        for seed in range(chunk, len(FAULTS), CHUNKS):
            luck = Random(seed)
            order_from_zedonk(home, luck)
            operation, kind = FAULTS[seed]
            for call in luck.sample(range(1, 5), 2):
                server.fail(operation, kind, call=call)
            server.do(home.zedonk.work, luck.randrange(1, 40))
            home.run("orders")
            server.calm()
            home.pass_time()
            told.append(f"{operation} {kind}")
            if len(told) % 3 == 0:
                each_order_is_there_once(home, told)
        nothing_more_is_handed_over(home)


@pytest.mark.parametrize("kind", ["refuse", "lose_before", "lose_after"])
def test_every_rename_may_lose_its_answer(tmp_path: Path, kind: Any) -> None:
    """The one step that hands an order over goes wrong for every order in turn, with and without an import after it."""
    with over_sftp(tmp_path, FakeClock()) as (home, server):
        for call in (1, 2):
            order_from_zedonk(home, Random(call))
            server.fail("rename", kind, call=call)
            home.run("orders")
            server.calm()
            if call == 2:
                home.zedonk.work()
            home.pass_time()
            each_order_is_there_once(home, f"{kind} at {call}")


def test_killed_at_any_operation_of_the_server(tmp_path: Path) -> None:
    """A process killed while the server works for it neither loses nor repeats an order."""
    with over_sftp(tmp_path) as (home, server):
        luck = Random(3)
        for operation in range(3, 90, 12):
            order_from_zedonk(home, luck)
            server.do(home.kill, operation)
            ended = home.run_and_be_killed("orders")
            server.calm()
            if luck.random() < 0.5:
                home.zedonk.work()
            each_order_is_there_once(home, f"operation {operation}")
            if ended != -9:
                break
        assert operation > 14
        nothing_more_is_handed_over(home)
