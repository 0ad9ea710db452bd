"""Nothing lost and nothing twice, whatever dies and whenever: counted at the simulators."""

from __future__ import annotations

from collections import Counter
from itertools import count, product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from orderweft.testing import Fault

from .misfortunes import EVERY, comes_right, in_step, stays_quiet, wreck
from .routes import ROUTES, Route
from .wrecks import SKUS

SEEDS = 200


@pytest.mark.parametrize("route", EVERY, ids=str)
def test_death_at_every_step(tmp_path: Path, route: Route) -> None:
    """A process that dies after any commit or any answer leaves nothing wrong, and at most one batch to be repeated."""
    with in_step(tmp_path, route) as home:
        luck = Random(route.pipeline)
        for step in count(1, route.stride):
            sent, changed = route.received(home), route.change(home, luck)
            if not home.die(route.pipeline, at_step=step):
                break
            most = changed + route.batch - (route.received(home) - sent)
            comes_right(home, route, f"step {step}: {home.last_words}", most)
        assert step > 14
        stays_quiet(home, route)


@pytest.mark.parametrize("route", EVERY, ids=str)
def test_every_write_may_lose_its_answer(tmp_path: Path, route: Route) -> None:
    """The connection is cut at one write of each kind, or at all of them; what was not told is sent again."""
    kinds: list[Any] = ["timeout_before", "timeout_after", "reset_mid_body"]
    with in_step(tmp_path, route) as home:
        luck = Random(route.pipeline)
        for kind, (times, write) in product(kinds, ((1, 2), (100, 1))):
            changed = route.change(home, luck)
            for door in home.doors.values():
                done = Counter(door.calls)
                door.faults[:] = [Fault(name, kind, call=done[name] + write, times=times) for name in route.writes]
            home.run(route.pipeline)
            for door in home.doors.values():
                door.faults.clear()
            home.pass_time()
            comes_right(home, route, f"{kind} at write {write}, {times} times", changed + route.batch)
        stays_quiet(home, route)


@pytest.mark.parametrize("route", EVERY, ids=str)
def test_seeded_misfortunes(tmp_path: Path, route: Route) -> None:
    """Things go wrong again and again while the source goes on changing; quiet runs put everything right."""
    with in_step(tmp_path, route) as home:
        for seed in range(EVERY.index(route), SEEDS, len(EVERY)):
            wreck(home, route, seed)
        stays_quiet(home, route)


@pytest.mark.parametrize("times", [1, 2, 20], ids=["once", "twice", "always"])
def test_a_stranger_who_changes_stock_in_between(tmp_path: Path, times: int) -> None:
    """Stock that somebody changes between Orderweft's look and its write ends as the source has it."""
    route, left = ROUTES[1], [times]
    with in_step(tmp_path, route) as home:

        def meddle(moment: str, operation: str) -> None:
            if (moment, operation) == ("before", "SetQuantities") and left[0]:
                left[0] -= 1
                for sku in SKUS:
                    home.shop.set_stock(sku.sku, "London", 900 + left[0])

        changed = {sku.sku for sku in SKUS}
        home.joor.sell(dict.fromkeys(changed, 1))
        home.watchers.append(meddle)
        home.run(route.pipeline)
        left[0] = 0
        home.pass_time()
        comes_right(home, route, f"a stranger, {times}", len(changed))
        stays_quiet(home, route)
