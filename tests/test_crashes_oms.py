"""Orders on their way to any OMS: none lost and none twice, at whatever moment a process dies or an answer is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from orderweft.testing import FakeClock, Fault

from .far_ends import Kind
from .houses_oms import LOST, WRITES, House, calling, exchanging, over_sftp
from .oms_generic.test_hooks_faults import FIND_FIRST, HEADER, UPSERT
from .oms_generic.test_hooks_orders import STEPS

COPIES = {"duplicates": "accepted"}
WAYS: Mapping[str, tuple[str, Mapping[str, Any], tuple[tuple[str, str], ...]]] = {
    "order_desk": ("order_desk", {}, ()),
    "order_desk that takes copies": ("order_desk", COPIES, ()),
    "cartrover": ("cartrover", {}, ()),
    "skubana": ("skubana", {}, ()),
    "netsuite": ("netsuite", {}, ()),
    "netsuite by upsert": ("netsuite", {"reput": "replaces"}, UPSERT),
    "in_house": ("in_house", {}, ()),
    "in_house by header": ("in_house", {}, HEADER),
    "in_house by a look first": ("in_house", COPIES, FIND_FIRST),
    "in_house in two steps": ("in_house", {}, STEPS),
}
"""Every way in which orders are written: the system, its switches, and changes to its profile."""
LIVE = ("order_desk that takes copies", "cartrover", "skubana", "netsuite")
"""One way for each system that is really there."""
each_way = pytest.mark.parametrize("way", WAYS)


@contextmanager
def going(folder: Path, way: str, *, served: bool = False) -> Iterator[House]:
    """Open a house whose orders are written in a way."""
    system, switches, changes = WAYS[way]
    with calling(folder, system, switches=switches, served=served, clock=FakeClock(), changes=changes) as home:
        yield home


@each_way
def test_death_at_every_moment(tmp_path: Path, way: str) -> None:
    """A process that dies after any durable step, or before or after any byte leaves, loses and repeats nothing.

    Each way takes every other moment; as each order has the same ones, each kind of moment has its turn.
    """
    with going(tmp_path, way) as home:
        luck = Random(way)
        for moment in count(1 + list(WAYS).index(way) % 2, 2):
            home.order(luck)
            if not home.die(at_moment=moment):
                break
            home.each_order_is_there_once(f"moment {moment}")
        assert moment > 10
        home.nothing_more_is_sent()


@each_way
def test_death_while_an_answer_is_on_its_way(tmp_path: Path, way: str) -> None:
    """A process that dies between a write and its answer finds out what became of it."""
    with going(tmp_path, way) as home:
        luck = Random(way)
        for call in count(1):
            home.order(luck)
            if not home.die(at_call=call, end="after"):
                break
            home.each_order_is_there_once(f"call {call}")
        assert call > 2
        home.nothing_more_is_sent()


@pytest.mark.parametrize("in_flight", [2, 8])
def test_death_with_several_in_flight(tmp_path: Path, in_flight: int) -> None:
    """With several orders on their way at once, a death at any moment or at either end of a call loses none of them."""
    with going(tmp_path, "order_desk that takes copies") as home:
        home.configure(in_flight=in_flight)
        luck, died = Random(in_flight), 0
        moments = range(1, 6 + 5 * in_flight, 1 + in_flight // 2)
        deaths: list[dict[str, Any]] = [{"at_moment": moment} for moment in moments]
        deaths += [{"at_call": call, "end": end} for call in (1, in_flight) for end in ("before", "after")]
        for death in deaths:
            for _ in range(in_flight // 2):
                home.order(luck)
            died += home.die(**death)
            home.each_order_is_there_once(death)
        assert died > 6
        home.nothing_more_is_sent()


@pytest.mark.parametrize(("way", "served"), [*((way, False) for way in WAYS), *((way, True) for way in LIVE)], ids=str)
def test_every_write_may_lose_its_answer(tmp_path: Path, way: str, served: bool) -> None:
    """Each writing call in turn, that to JOOR too, gets no answer or half of one, done or not; over real HTTP alike."""
    with going(tmp_path, way, served=served) as home:
        luck, tried = Random(way), set()
        for end, kinds, names in (("oms", LOST, WRITES), ("joor", LOST[:2], {"orders.acknowledge"})):
            door = home.doors[end]
            for kind in kinds:
                for call in (1,) if kind == "reset_mid_body" else (1, 2):
                    home.order(luck)
                    door.calls.clear()
                    door.faults[:] = [Fault(name, kind, call=call) for name in sorted(names)]
                    home.run()
                    tried |= {(name, call) for name in names if door.calls.count(name) >= call}
                    door.faults.clear()
                    home.pass_time()
                    home.each_order_is_there_once(f"{kind} at write {call}")
        written = {name for name, call in tried if call == 2} - {"orders.acknowledge"}
        assert written == WRITES & {*home.doors["oms"].calls}
        assert ("orders.acknowledge", 1) in tried
        home.nothing_more_is_sent()


def test_a_system_that_never_answers_is_given_up_for_the_run(tmp_path: Path) -> None:
    """As long as no write and no look-up gets an answer the run fails, and when they do again all is right."""
    with going(tmp_path, "order_desk that takes copies") as home:
        home.order(Random(1))
        home.doors["oms"].faults[:] = [
            Fault("order.create", "timeout_after", times=99), Fault("order.find", "timeout_before", times=99)
        ]  # fmt: skip
        assert home.run().result == "failed"
        assert not [state for state in home.states().values() if state == "delivered"]
        home.doors["oms"].faults.clear()
        home.pass_time()
        home.nothing_more_is_sent()


@pytest.mark.parametrize("way", [way for way in WAYS if way != "order_desk that takes copies"])
def test_a_lost_ledger_makes_no_copies(tmp_path: Path, way: str) -> None:
    """An installation that has lost its ledger finds its orders in the system, by whatever guards it there."""
    with going(tmp_path, way) as home:
        home.order(Random(way))
        home.each_order_is_there_once()
        for file in tmp_path.glob("orderweft.db*"):
            file.unlink()
        home.order(Random(2))
        home.each_order_is_there_once()


def misfortune(home: House, luck: Random) -> str:
    """Run once with something going wrong at either end."""
    kind: Any = luck.choice(["moment", "before", "after", "refuse", *LOST])
    at = luck.randrange(1, 8)
    if kind == "moment":
        home.die(at_moment=at)
    elif kind in ("before", "after"):
        home.die(at_call=at, end=kind, among={call for door in home.doors.values() for call in door.calls} | WRITES)
    else:
        door = home.doors[luck.choice(sorted(home.doors))]
        door.faults[:] = [Fault("*", kind, call=len(door.calls) + at, times=luck.choice([1, 1, 4, 30]))]
        home.run()
        door.faults.clear()
    home.pass_time()
    return f"{kind} {at}"


@pytest.mark.parametrize("chunk", range(3))
def test_seeded_misfortunes(tmp_path: Path, chunk: int) -> None:
    """Things go wrong again and again while customers go on ordering; quiet runs put everything right."""
    for number, way in enumerate(list(WAYS)[chunk::3]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with going(folder, way) as home:
            luck, told = Random(f"{way} {chunk}"), []
            for _ in range(3):
                home.order(luck)
                told.append(misfortune(home, luck))
            home.each_order_is_there_once(f"{way}: {told}")
            home.nothing_more_is_sent()


# files


@pytest.mark.parametrize("kind", ["csv", "json", "xml"])
def test_death_at_every_moment_of_handing_over(tmp_path: Path, kind: Kind) -> None:
    """Whether the system takes the files before or after the next run, each order is in one file, once.

    CSV is handed over on an SFTP server.
    """
    with ExitStack() as running:
        if kind == "csv":
            home, _ = running.enter_context(over_sftp(tmp_path, kind))
        else:
            home = running.enter_context(exchanging(tmp_path, kind))
        luck = Random(kind)
        for moment in count(1 + (kind == "xml"), 2):
            home.order(luck)
            if not home.die(at_moment=moment):
                break
            if luck.random() < 0.5:
                home.far.work()
            home.each_order_is_there_once(f"moment {moment}")
        assert moment > 8
        home.nothing_more_is_sent()


# for real


@pytest.mark.parametrize("way", LIVE)
def test_a_killed_process(tmp_path: Path, way: str) -> None:
    """A process that is killed from within, or while the system works for it, leaves nothing the next gets wrong."""
    system, switches, changes = WAYS[way]
    with calling(tmp_path, system, switches=switches, served=True, changes=changes) as home:
        luck = Random(way)
        home.order(luck)
        assert home.run_and_be_killed(at_moment=4) == -9
        home.each_order_is_there_once("killed at a moment")
        home.order(luck)
        home.watchers.append(lambda moment, name: home.kill() if moment == "after" and name in WRITES else None)
        assert home.run_and_be_killed(at_moment=0) == -9
        home.watchers.clear()
        home.each_order_is_there_once("killed at a call")


def test_a_process_killed_while_it_hands_over(tmp_path: Path) -> None:
    """With the folder on an SFTP server and the process killed for good, each order is in one file, once."""
    with over_sftp(tmp_path, "json", served=True) as (home, _):
        luck = Random(4)
        for moment in (3, 5):
            home.order(luck)
            assert home.run_and_be_killed(at_moment=moment) == -9
            home.each_order_is_there_once(f"moment {moment}")
