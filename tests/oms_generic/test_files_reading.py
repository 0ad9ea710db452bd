"""Files read: when they are whole, which of them, and where they go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from orderweft import SettingsError, UnavailableError, open_folder
from orderweft.testing import FakeClock, SftpServer

from .files_text import World, day, profile, reading_as

FOLDERS = "claim: stock/busy, done: stock/done, failed: stock/failed"
KEPT = reading_as(FOLDERS)


def table(*quantities: int) -> str:
    return "sku,qty\n" + "".join(f"S{number},{many}\n" for number, many in enumerate(quantities))


def counts(pages: list[tuple[list[dict[str, str]], bool]]) -> list[list[str]]:
    assert [last for _, last in pages][-1]
    return [[row["qty"] for row in rows] for rows, _ in pages]


def test_the_newest_file_is_the_stock(tmp_path: Path) -> None:
    """Older ones, files being written, notes and folders are left alone; nothing is moved unless told so."""
    world = World(tmp_path, profile())
    world.put("stock/b.csv", table(1), day(1))
    world.put("stock/a.csv", table(2), day(2))
    for name in ("c.csv.part", ".c.csv", "c.txt", "old/c.csv"):
        world.put(f"stock/{name}", table(3), day(3))
    assert counts(world.stock()) == [["2"]]
    assert world.names("stock") == [".c.csv", "a.csv", "b.csv", "c.csv.part", "c.txt"]


def test_no_file_is_not_no_stock(tmp_path: Path) -> None:
    """A system that has not written yet must not look as if it were sold out."""
    with pytest.raises(UnavailableError, match="there is no whole file") as caught:
        World(tmp_path, KEPT).stock()
    assert caught.value.retry_after


def test_a_file_that_was_read_stays_known(tmp_path: Path) -> None:
    """It goes to `done` with what it replaces, and is the stock until another comes; a crash loses nothing."""
    world = World(tmp_path, KEPT)
    world.put("stock/stock.csv", table(1), day(1))
    assert counts(world.stock()) == [["1"]]
    assert (world.names("stock"), world.names("stock/done")) == ([], ["stock.csv"])
    assert counts(world.again().stock()) == [["1"]]
    world.put("stock/stock.csv", table(2), day(2))
    reading = KEPT.inventory.read
    assert reading is not None
    stopped = world.again().files.read(reading)
    assert next(stopped)[0] == [{"sku": "S0", "qty": "2"}]
    stopped.close()  # type: ignore[attr-defined]
    assert world.names("stock/busy") == ["stock.csv"]
    assert counts(world.again().stock()) == [["2"]]
    assert world.names("stock/done") == ["stock.csv", "stock.csv.1"]
    assert "S0,1" in world.text("stock/done/stock.csv.1")
    assert counts(world.again().stock()) == [["2"]]


def test_a_look_moves_nothing(tmp_path: Path) -> None:
    """A dry run reads the same and leaves everything where it is."""
    world = World(tmp_path, KEPT)
    world.put("stock/a.csv", table(1))
    assert counts(world.stock(peek=True)) == [["1"]]
    assert world.names("stock") == ["a.csv"]


def test_a_file_without_its_marker_is_not_whole(tmp_path: Path) -> None:
    """Only marked files are read; the marker goes with its file, and one left over marks nothing."""
    world = World(tmp_path, reading_as(f"marker: .ok, {FOLDERS}"))
    world.put("stock/a.csv", table(1), day(1))
    world.put("stock/a.csv.ok", "")
    world.put("stock/b.csv", table(2), day(2))
    world.put("stock/gone.csv.ok", "")
    assert counts(world.stock()) == [["1"]]
    assert world.names("stock") == ["b.csv"]
    assert world.names("stock/done") == ["a.csv"]


class Meanwhile(FakeClock):
    """A clock during whose waits something happens."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self.then = then

    def sleep(self, seconds: float) -> None:
        """Move on, and let it happen."""
        super().sleep(seconds)
        self.then()


def test_a_file_that_grows_is_not_whole(tmp_path: Path) -> None:
    """Size and time must stay the same for as long as the profile says; the file before is read instead."""
    clock = Meanwhile(lambda: world.put("stock/b.csv", table(2, 3), day(2, 1)))
    world = World(tmp_path, reading_as("stable_seconds: 20"), clock)
    world.put("stock/a.csv", table(1), day(1))
    world.put("stock/b.csv", table(2), day(2))
    assert counts(world.stock()) == [["1"]]
    assert clock.monotonic() == 20
    clock.then = lambda: None
    assert counts(world.stock()) == [["2", "3"]]


def test_an_old_file_is_not_the_stock(tmp_path: Path) -> None:
    """A system that stopped writing is told of, also when its last file was read before."""
    world = World(tmp_path, reading_as(f"max_age_hours: 26, {FOLDERS}"))
    world.put("stock/a.csv", table(1), day(1, 8))
    world.clock.sleep(-1)
    assert counts(world.stock()) == [["1"]]
    world.clock.sleep(3600)
    world.clock.sleep(3600)
    with pytest.raises(UnavailableError, match=r"stock/done/a.csv is of 2026-11-01 08:00 UTC, older than .* = 26;"):
        world.stock()


def test_a_file_with_far_fewer_rows_is_not_the_stock(tmp_path: Path) -> None:
    """Half a file must not empty the shelves; the next whole one is read, and a person can say that it is right."""
    world = World(tmp_path, KEPT)
    world.put("stock/a.csv", table(1, 2, 3, 4), day(1))
    world.stock()
    for name in ("b.csv", "c.csv"):
        world.put(f"stock/{name}", table(1), day(2))
        with pytest.raises(UnavailableError, match=rf"{name} has 1 rows and stock/done/a.csv, the one before, 4;"):
            world.again().stock()
    world.put("stock/d.csv", table(1, 2), day(3))
    assert counts(world.again().stock()) == [["1", "2"]]
    assert world.names("stock/done") == ["a.csv", "b.csv", "c.csv", "d.csv"]
    plain = World(tmp_path / "plain", profile())
    plain.put("stock/a.csv", table(1, 2, 3, 4), day(1))
    plain.put("stock/b.csv", table(1), day(2))
    with pytest.raises(UnavailableError, match="shrink_percent = 50"):
        plain.stock()
    assert counts(World(tmp_path / "plain", reading_as("shrink_percent: 80")).stock()) == [["1"]]


def test_a_damaged_file_is_put_aside_and_told(tmp_path: Path) -> None:
    """The message names file, line and column; afterwards the file before counts again."""
    world = World(tmp_path, KEPT)
    world.put("stock/a.csv", table(1), day(1))
    world.stock()
    world.put("stock/b.csv", "sku,qty\nS0\n", day(2))
    with pytest.raises(UnavailableError) as caught:
        world.stock()
    assert str(caught.value).startswith("stock/busy/b.csv, line 2, column 'qty'")
    assert "'stock/failed/b.csv'" in str(caught.value)
    assert counts(world.stock()) == [["1"]]


ALL = reading_as(f"pick: all, max_age_hours: 72, {FOLDERS}")


def test_all_files_are_read_oldest_first(tmp_path: Path) -> None:
    """Those read before are read again for as long as the profile says, for the records must stay known."""
    world = World(tmp_path, ALL)
    world.put("stock/old.csv", table(9), day(1) - (day(9) - day(1)))
    world.put("stock/b.csv", table(1), day(1))
    world.put("stock/a.csv", table(2), day(2))
    assert counts(world.stock()) == [["9"], ["1"], ["2"]]
    world.put("stock/c.csv", table(3), day(2, 1))
    assert counts(world.again().stock()) == [["1"], ["2"], ["3"]]
    assert counts(world.again().stock(since=day(2))) == [["2"], ["3"]]


def test_a_file_sent_twice_tells_nothing_new(tmp_path: Path) -> None:
    """Rows that an earlier file has word for word are left out; the same row twice in one file is not."""
    world = World(tmp_path, ALL)
    world.put("stock/a.csv", "sku,qty\nA,1\nA,1\n", day(1))
    world.put("stock/b.csv", "sku,qty\nA,1\nB,2\n", day(2))
    assert counts(world.stock()) == [["1", "1"], ["2"]]


def test_a_damaged_file_does_not_hide_the_others(tmp_path: Path) -> None:
    """They are given, nothing counts as complete, and none of them is put away before all could be read."""
    world = World(tmp_path, ALL)
    world.put("stock/a.csv", "sku,qty\nS0\n", day(1))
    world.put("stock/b.csv", table(2), day(2))
    reading = ALL.inventory.read
    assert reading is not None
    pages = world.files.read(reading)
    assert next(pages) == ([{"sku": "S0", "qty": "2"}], False)
    with pytest.raises(UnavailableError, match="line 2, column 'qty'"):
        next(pages)
    assert counts(world.again().stock()) == [["2"]]


@pytest.mark.parametrize(
    "spec",
    ["claim: stock/busy", "done: stock", "done: stock/x, failed: stock/x/"],
    ids=["claim without done", "done is folder", "done is failed"],
)
def test_folders_that_cannot_work_are_told(tmp_path: Path, spec: str) -> None:
    """Before anything is read."""
    with pytest.raises(SettingsError):
        World(tmp_path, reading_as(spec))


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("kind", ["lose_before", "lose_after"])
def test_a_move_without_an_answer_is_looked_up(tmp_path: Path, kind: str, call: int) -> None:
    """Over real SFTP the answer to a claim or to putting away is lost; the file is read and put away all the same."""
    with SftpServer(tmp_path) as server:
        folder = open_folder(server.address, password=server.password, host_key=server.host_key, timeout=10.0)
        world = World(tmp_path, KEPT, folder=folder)
        world.put("stock/a.csv", table(1), day(1))
        server.fail("rename", kind, call)  # type: ignore[arg-type]
        assert counts(world.stock()) == [["1"]]
        assert (world.names("stock/busy"), world.names("stock/done")) == ([], ["a.csv"])
        folder.close()


def test_the_check_says_what_is_there(tmp_path: Path) -> None:
    """A person sees how old the newest file is, and which folder is missing; nothing is changed."""
    world = World(tmp_path, KEPT)
    assert "there is no folder 'stock'" in world.files.check().warnings[0]
    world.put("stock/a.csv", table(1), day(1))
    account = world.files.check()
    assert account.id == str(tmp_path)
    assert "inventory.read: newest file stock/a.csv, 33 hours old" in account.details
    assert account.warnings == ()
    assert world.names("stock") == ["a.csv"]
