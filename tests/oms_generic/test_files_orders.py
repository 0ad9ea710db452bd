"""Orders handed over as files: once each, whatever stops in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    Folder,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    SettingsError,
    UnavailableError,
    Unknown,
    open_folder,
)
from orderweft.testing import SftpServer
from orderweft_oms_generic.profiles.model import Profile

from .files_text import ANSWERED, World, delivery, profile

PLAIN = profile((ANSWERED, ""))
MARKED = profile((ANSWERED, ""), ('marker: ""', "marker: .ready"))
TOLD = profile()
KEY, FILE = "joor-1", "orders/o_joor-1.csv"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SftpServer]:
    """Give an SFTP server."""
    with SftpServer(tmp_path) as served:
        yield served


def over_sftp(server: SftpServer) -> Folder:
    return open_folder(server.address, password=server.password, host_key=server.host_key, timeout=10.0)


def hand_over(world: World, **more: Any) -> Outcome:
    return world.files.deliver([delivery(**more)])[0]


def test_an_order_is_one_file(tmp_path: Path) -> None:
    """Its name tells the key; nothing half-written is left; a second time changes nothing."""
    world = World(tmp_path, PLAIN)
    outcome = hand_over(world)
    assert isinstance(outcome, Accepted)
    assert outcome.receipt == Receipt(id=KEY, at=world.clock.now(), remarks=(f"handed over as {FILE}",))
    assert world.text(FILE) == "key,number,sku,qty\r\njoor-1,1,TEE-S,12\r\njoor-1,1,TEE-M,3\r\n"
    assert world.names("orders") == ["o_joor-1.csv"]
    assert world.files.find([KEY, "joor-2"]) == {KEY: Receipt(id=KEY, remarks=(f"handed over as {FILE}",))}
    assert isinstance(hand_over(world.again()), AlreadyThere)


def test_a_file_that_was_taken_away_is_known(tmp_path: Path) -> None:
    """The system takes the file and deletes it; the order is neither missing nor sent again."""
    world = World(tmp_path, PLAIN)
    hand_over(world)
    (tmp_path / FILE).unlink()
    assert KEY in world.again().files.find([KEY])
    assert isinstance(hand_over(world.again()), AlreadyThere)
    assert world.names("orders") == []


def test_a_file_of_that_name_is_never_replaced(tmp_path: Path) -> None:
    """The same content counts as handed over; another one holds the order."""
    world = World(tmp_path, PLAIN)
    world.put(FILE, "key,number,sku,qty\r\njoor-1,1,TEE-S,12\r\njoor-1,1,TEE-M,3\r\n")
    assert isinstance(hand_over(world), AlreadyThere)
    world.put("orders/o_joor-2.csv", "something else")
    outcome = world.files.deliver([delivery("2")])[0]
    assert isinstance(outcome, Refused)
    assert "is there already with another content" in outcome.message
    assert world.text("orders/o_joor-2.csv") == "something else"


def test_an_order_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """The column is named, nothing is written, and the others go on."""
    world = World(tmp_path, PLAIN)
    bad = delivery("1", lines=[{"key": "a", "quantity": 1}])
    first, second = world.files.deliver([bad, delivery("2")])
    assert isinstance(first, Refused)
    assert first.reason == "invalid_field"
    assert "column sku" in first.message
    assert isinstance(second, Accepted)
    assert world.names("orders") == ["o_joor-2.csv"]


class Stops(Exception):
    """The process ends here."""


class Dying(Folder):
    """A folder whose user dies before, or right after, the so-manieth change."""

    def __init__(self, inner: Folder, at: int, *, after: bool) -> None:
        super().__init__()
        self.name, self._inner, self._left, self._after = inner.name, inner, at, after

    def __getattribute__(self, name: str) -> object:
        if name not in ("list", "read", "write", "move", "delete", "exists"):
            return super().__getattribute__(name)
        call = getattr(self._inner, name)
        return self._counted(call) if name in ("write", "move", "delete") else call

    def _counted(self, call: object) -> object:
        def counted(*arguments: object) -> object:
            self._left -= 1
            if not self._left and not self._after:
                raise Stops
            result = call(*arguments)  # type: ignore[operator]
            if not self._left:
                raise Stops
            return result

        return counted

    _entries = _load = _store = _rename = _make_folder = _remove = _exists = None  # type: ignore[assignment]


@pytest.mark.parametrize("is_taken", [False, True], ids=["left there", "taken at once"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("of", [PLAIN, MARKED, TOLD], ids=["plain", "marked", "answered"])
def test_a_crash_loses_and_doubles_nothing(tmp_path: Path, of: Profile, at: int, after: bool, is_taken: bool) -> None:
    """The process dies at any change in the folder; what the system sees it may take at once."""
    world = World(tmp_path, of)
    taken: list[str] = []

    def take() -> None:
        marker = ".ready" if of is MARKED else ""
        for name in world.names("orders"):
            if name.endswith(f".csv{marker}"):
                taken.append(world.text(f"orders/{name.removesuffix(marker)}"))
                for one in {name, name.removesuffix(marker)}:
                    (tmp_path / "orders" / one).unlink()

    dying = World(tmp_path, of, world.clock, Dying(world.folder, at, after=after))
    try:
        hand_over(dying)
    except Stops:
        if is_taken:
            take()
    found = world.again().files.find([KEY])
    if KEY not in found:
        assert isinstance(hand_over(world.again()), Accepted)
    assert KEY in world.again().files.find([KEY])
    take()
    assert len(taken) == 1
    assert taken[0].count("\r\n") == 3
    assert KEY in world.again().files.find([KEY])


@pytest.mark.parametrize("at", range(1, 7))
def test_a_crash_after_a_crash(tmp_path: Path, at: int) -> None:
    """The second attempt dies too, at any change, with the order prepared by the first still there."""
    world = World(tmp_path, PLAIN)
    for last in (6, at):
        dying = World(tmp_path, PLAIN, world.clock, Dying(world.folder, last, after=False))
        with pytest.raises(Stops):
            hand_over(dying)
    assert world.again().files.find([KEY]) == {}
    assert isinstance(hand_over(world.again()), Accepted)
    assert world.names("orders") == ["o_joor-1.csv"]


def test_a_copy_left_by_a_move_tells_nothing(tmp_path: Path) -> None:
    """Where a move is a copy and a delete, it may stop in between; the copy does not make the order go out again."""
    world = World(tmp_path, PLAIN)
    hand_over(world)
    world.put(f"{FILE}.part", world.text(FILE))
    assert KEY in world.again().files.find([KEY])
    (tmp_path / FILE).unlink()
    assert KEY in world.again().files.find([KEY])


def test_without_its_marker_a_file_is_not_handed_over(tmp_path: Path) -> None:
    """A crash between the file and its marker: the order is not there yet, and the next attempt completes it."""
    world = World(tmp_path, MARKED)
    hand_over(world)
    assert world.names("orders") == ["o_joor-1.csv", "o_joor-1.csv.ready"]
    other = World(tmp_path, MARKED)
    world.put("orders/o_joor-2.csv", "as an earlier version of the profile wrote it")
    assert "joor-2" not in other.files.find(["joor-2"])
    assert isinstance(other.files.deliver([delivery("2")])[0], Accepted)
    assert "joor-2,2,TEE-S" in world.text("orders/o_joor-2.csv")


@pytest.mark.parametrize("kind", ["lose_before", "lose_after"])
@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("of", [PLAIN, MARKED], ids=["plain", "marked"])
def test_a_rename_without_an_answer_is_looked_up(server: SftpServer, of: Profile, call: int, kind: str) -> None:
    """Over real SFTP the answer to any rename is lost: the outcome is never guessed, and the order is there once."""
    with closing(over_sftp(server)) as folder:
        world = World(server.folder, of, folder=folder)
        server.fail("rename", kind, call)  # type: ignore[arg-type]
        outcome = hand_over(world)
        assert isinstance(outcome, NotSent | Unknown | Accepted)
        is_there = KEY in world.again().files.find([KEY])
        if isinstance(outcome, NotSent):
            assert not is_there
        if isinstance(outcome, Unknown):
            assert is_there == (kind == "lose_after")
        assert isinstance(hand_over(world.again()), AlreadyThere if is_there else Accepted)
        assert [name for name in world.names("orders") if name.endswith(".csv")] == ["o_joor-1.csv"]
        assert [name for name in world.names("orders") if name.endswith(".part")] == []


@pytest.mark.parametrize("operation", ["open", "write"])
def test_a_connection_lost_while_writing_hands_nothing_over(server: SftpServer, operation: str) -> None:
    """Nobody sees half an order; it is sent again."""
    with closing(over_sftp(server)) as folder:
        world = World(server.folder, PLAIN, folder=folder)
        server.fail(operation, "lose_before")  # type: ignore[arg-type]
        assert isinstance(hand_over(world), NotSent)
        assert [name for name in world.names("orders") if not name.endswith(".part")] == []
        assert world.files.find([KEY]) == {}
        assert isinstance(hand_over(world), Accepted)
        assert world.text(FILE).count("\r\n") == 3


# answers


def test_an_order_waits_for_its_answer(tmp_path: Path) -> None:
    """It is pending while it lies there and after it was taken, and accepted once the system says so."""
    world = World(tmp_path, TOLD)
    outcome = hand_over(world)
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.pending
    (tmp_path / FILE).unlink()
    assert world.files.find([KEY]) == {
        KEY: Receipt(id=KEY, remarks=(f"handed over as {FILE}",), pending=True)
    }  # fmt: skip
    world.put("answers/1.csv", "key,ok,message,id\njoor-1,yes,,W-7\njoor-9,no,not ours,\n")
    assert world.files.find([KEY]) == {KEY: Receipt(id="W-7")}
    assert world.names("answers") == []
    assert world.names("answers/done") == ["1.csv"]
    assert world.again().files.find([KEY, "joor-9"]) == {KEY: Receipt(id="W-7")}
    outcome = hand_over(world.again())
    assert outcome == AlreadyThere(receipt=Receipt(id="W-7"))


def test_a_refused_order_can_be_handed_over_again(tmp_path: Path) -> None:
    """The refusal is told as the system says it; released, the order goes out as it is then, and waits anew."""
    world = World(tmp_path, TOLD)
    hand_over(world)
    world.put("answers/1.csv", "key,ok,message\njoor-1,no,unknown TEE-S\n")
    found = world.files.find([KEY])[KEY]
    assert isinstance(found, Refused)
    assert (found.reason, found.message) == ("refused", f"Small refused {FILE} (1.csv): unknown TEE-S")
    mended = [{"key": "a", "sku": "TEE-XS", "quantity": 12}]
    outcome = hand_over(world.again(), lines=mended)
    assert isinstance(outcome, Accepted)
    assert "TEE-XS" in world.text(FILE)
    assert isinstance(receipt := world.again().files.find([KEY])[KEY], Receipt)
    assert receipt.pending
    world.put("answers/1.csv", "key,ok\njoor-1,yes\n")
    assert world.files.find([KEY]) == {KEY: Receipt(id=KEY)}
    assert world.names("answers/done") == ["1.csv", "1.csv.1"]
    world.put("answers/2.csv", "key,ok,message\njoor-1,no,comes twice\n")
    assert world.files.find([KEY]) == {KEY: Receipt(id=KEY)}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 9))
def test_a_crash_while_an_order_is_handed_over_again(tmp_path: Path, at: int, after: bool) -> None:
    """Whatever stops, the order is still refused, or not there, or its new file waits for its new answer."""
    world = World(tmp_path, TOLD)
    hand_over(world)
    world.put("answers/1.csv", "key,ok\njoor-1,no\n")
    assert isinstance(world.files.find([KEY])[KEY], Refused)
    dying = World(tmp_path, TOLD, world.clock, Dying(world.folder, at, after=after))
    with suppress(Stops):
        hand_over(dying, lines=[{"key": "a", "sku": "NEW", "quantity": 1}])
    found = world.again().files.find([KEY]).get(KEY)
    if isinstance(found, Receipt):
        assert found.pending
        assert "NEW" in world.text(FILE)
    else:
        assert isinstance(hand_over(world.again(), lines=[{"key": "a", "sku": "NEW", "quantity": 1}]), Accepted)
        assert "NEW" in world.text(FILE)


def test_a_part_that_was_taken_is_for_a_person(tmp_path: Path) -> None:
    """Lines taken and lines refused: sent again, those taken would be doubled."""
    world = World(tmp_path, TOLD)
    hand_over(world)
    world.put("answers/1.csv", "key,ok,message\njoor-1,yes,\njoor-1,no,no TEE-M\n")
    for outcome in (world.files.find([KEY])[KEY], hand_over(world.again())):
        assert isinstance(outcome, Refused)
        assert outcome.reason == "needs_person"
        assert "no TEE-M" in outcome.message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("key,ok\njoor-1,perhaps\n", "`accepted` of joor-1 is 'perhaps'"),
        ("key,ok\n../../x,yes\n", "is no key of an order"),
        ("key,ok\njoor-1\n", "line 2, column 'ok'"),
    ],
    ids=["words", "key", "broken off"],
)
def test_an_answer_that_cannot_be_read_is_told(tmp_path: Path, text: str, problem: str) -> None:
    """It is never taken for yes or no; it is put aside, and what can be read counts."""
    world = World(tmp_path, TOLD)
    world.files.deliver([delivery("1"), delivery("2")])
    world.put("answers/1.csv", text)
    world.put("answers/2.csv", "key,ok\njoor-2,yes\n")
    with pytest.raises(UnavailableError) as caught:
        world.files.find([KEY, "joor-2"])
    assert problem in str(caught.value)
    assert "'answers/failed/1.csv'" in str(caught.value)
    found = world.files.find([KEY, "joor-2"])
    assert [isinstance(one, Receipt) and one.pending for one in found.values()] == [True, False]


@pytest.mark.parametrize(
    ("path", "problem"),
    [('"${lower(key)}.csv"', r"needs \$\{key\}"), ('"${order.number}_${key}.csv"', "may name key and settings only")],
)
def test_a_path_must_tell_orders_apart(tmp_path: Path, path: str, problem: str) -> None:
    """An order whose file cannot be found by its key alone could be sent twice."""
    changed = profile(('"${settings.folder}/o_${key}.csv"', path))
    with pytest.raises(SettingsError, match=problem):
        World(tmp_path, changed)


def test_answers_need_a_place_to_go(tmp_path: Path) -> None:
    """An old refusal that stays where it is would be read as the answer to the next attempt."""
    with pytest.raises(SettingsError, match="needs a folder `done`"):
        World(tmp_path, profile((", done: answers/done", "")))
