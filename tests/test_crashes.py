"""No order lost and none twice, whatever dies and whenever: counted at the simulators."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from orderweft.testing import Fault

from .scenarios import Scene, scene

ORDERS = 3
SEEDS = 200
CHUNKS = 20


def each_order_is_there_once(opened: Scene) -> None:
    """Assert that the shop has every JOOR order exactly once, and that reading has marked none."""
    wanted = sorted(f"joor:{number}" for number in opened.joor.orders)
    assert sorted(str(order.external_id) for order in opened.shop.orders) == wanted
    assert not opened.joor.marked()
    assert {state for state, _ in opened.joor.acknowledged.values()} == {"SUCCESS"}
    assert len(opened.joor.acknowledged) == len(wanted)


def finish(opened: Scene) -> None:
    """Run until a run ends well."""
    for _ in range(6):
        if opened.run_and_die() == 0:
            return
    raise AssertionError("no run ends well")


def wreck(opened: Scene, seed: int) -> str:
    """Plan one misfortune: a death at a moment of the run, at either end of a call, or a lost answer."""
    luck = random.Random(seed)
    kind = luck.choice(["moment", "before", "after", "lost", "cut"])
    at = luck.randrange(1, 40)
    if kind == "moment":
        opened.run_and_die(at_moment=at)
    elif kind in ("before", "after"):
        calls = 0

        def watch(moment: str, operation: str) -> None:
            nonlocal calls
            calls += moment == kind
            if calls == at and moment == kind:
                opened.kill()

        opened.watchers.append(watch)
        opened.run_and_die()
        opened.watchers.clear()
    else:
        door = luck.choice([opened.joor_door, opened.shop_door])
        door.faults.append(Fault("*", "timeout_after" if kind == "lost" else "reset_mid_body", call=at))
        opened.run_and_die()
    return f"{kind} {at}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_seeded_misfortunes(tmp_path: Path, chunk: int) -> None:
    """Processes die and answers are lost, twice in a row; afterwards every order is there exactly once."""
    for seed in range(chunk * SEEDS // CHUNKS, (chunk + 1) * SEEDS // CHUNKS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with scene(folder, ORDERS) as opened:
            what = wreck(opened, seed), wreck(opened, seed + 100_000)
            finish(opened)
            try:
                each_order_is_there_once(opened)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {what}") from error


@pytest.mark.parametrize("moment", range(1, 24))
def test_death_at_every_moment(tmp_path: Path, moment: int) -> None:
    """A process killed at any moment of its run leaves nothing that the next run does not put right."""
    with scene(tmp_path, 2) as opened:
        opened.run_and_die(at_moment=moment)
        finish(opened)
        each_order_is_there_once(opened)


@pytest.mark.parametrize("operation", ["CreateOrder", "orders.acknowledge"])
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_mid_body"])
def test_every_write_may_lose_its_answer(tmp_path: Path, operation: str, kind: str) -> None:
    """The connection is cut at every single call of a write; no order is lost and none is there twice."""
    with scene(tmp_path, 4) as opened:
        door = opened.shop_door if operation == "CreateOrder" else opened.joor_door
        door.faults.append(Fault(operation, kind, call=1, times=4))  # type: ignore[arg-type]
        for _ in range(5):
            finish(opened)
        each_order_is_there_once(opened)
        assert operation in door.calls
