"""What may go wrong with any route: deaths at a step or around a call, and lost answers; and what holds after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from orderweft.testing import FakeClock, Fault

from .routes import FILES, ROUTES, SALES, STYLES, Route
from .routes_shop import CHANGES, PARCELS, SHOP_CUSTOMERS, SHOP_STYLES
from .wrecks import House, house

FLIGHTS = tuple(replace(ROUTES[1], in_flight=many, stride=stride) for many, stride in ((2, 4), (8, 7)))
EVERY = (*SALES, CHANGES, FILES, *ROUTES, *FLIGHTS, PARCELS, SHOP_STYLES, SHOP_CUSTOMERS)


@contextmanager
def in_step(folder: Path, route: Route, *, served: bool = False) -> Iterator[House]:
    """Open a house in which the route's destination has all its source has; with *served*, of real servers."""
    folder.mkdir(exist_ok=True)
    clock, at_once = (None, {"search_delay": 0.0, "job_seconds": 0.0}) if served else (FakeClock(), {})
    with house(folder, clock=clock, served=served, joor={"duplicate_products": "accepted"}, shop=at_once) as home:
        if route.pipeline in ("shop_stock", "joor_stock"):
            for style in home.joor.products.keys() - STYLES:
                home.joor.delete_style(style)
        if route.in_flight is not None:
            home.tuning = {"shop": {"in_flight": route.in_flight}, "joor": {"page_size": route.in_flight + 2}}
            home.configure()
        home.finish(route.pipeline)
        route.agree(home)
        yield home


def comes_right(home: House, route: Route, what: object, most: int) -> None:
    """Assert that quiet runs put everything right with at most so many records sent."""
    sent = route.received(home)
    home.finish(route.pipeline)
    home.pass_time()
    try:
        route.agree(home)
        assert route.received(home) - sent <= most
        assert not home.records(route.pipeline, "sending")
    except AssertionError as error:
        raise AssertionError(f"{route.pipeline} after {what}") from error


def stays_quiet(home: House, route: Route) -> None:
    """Assert that, once everything is there, nothing more is sent."""
    home.finish(route.pipeline)
    written = route.written(home)
    home.finish(route.pipeline)
    assert route.written(home) == written
    route.agree(home)


LOST = ("timeout_before", "timeout_after", "reset_mid_body", "refuse")
"""How an answer is lost."""


def misfortune(home: House, route: Route, luck: Random) -> str:
    """Run once with something going wrong: a death at a step, around a call, or lost answers; return what and where."""
    kind: Any = luck.choice([*["step"] * 4, *["before", "after"] * 2, *LOST])
    at = luck.randrange(1, 9)
    if kind == "step":
        home.die(route.pipeline, at_step=luck.randint(1, route.steps))
    elif kind in ("before", "after"):
        among = route.writes if luck.random() < 0.5 else ()
        home.die(route.pipeline, at_call=at, end=kind, among=among)
    else:
        door = home.doors[luck.choice([name for name in home.doors if name != "zedonk"])]
        door.faults[:] = [Fault("*", kind, call=len(door.calls) + at, times=luck.choice([1, 1, 3, 30]))]
        home.run(route.pipeline)
        door.faults.clear()
        home.pass_time()
        return f"{kind} {at}"
    return f"death {home.last_words}" if home.last_words else "no death"


def wreck(home: House, route: Route, seed: int) -> list[str]:
    """Let things go wrong, once or twice in a row while the source goes on changing, and assert that all comes right.

    A run that gets no answers may send each record four times. Returns what has gone wrong.
    """
    luck, told, changed = Random(seed), list[str](), 0
    sent = route.received(home)
    for _ in range(1 + (seed % 4 == 0)):
        changed += route.change(home, luck)
        told.append(misfortune(home, route, luck))
    repeated = sum(4 * (changed if what.startswith(LOST) else route.batch) for what in told)
    comes_right(home, route, f"seed {seed}: {told}", changed + repeated - (route.received(home) - sent))
    return told


def kill(home: House, route: Route, seed: int) -> list[str]:
    """Have the process of a run killed by SIGKILL at a moment nobody has chosen, and assert that all comes right."""
    luck = Random(seed)
    sent, changed = route.received(home), route.change(home, luck)
    call = luck.randint(1, 1 + route.steps // 5)
    killed = home.run_and_be_cut(route.pipeline, call, luck.uniform(0, 0.15))
    told = f"SIGKILL after call {call}" if killed else "no death"
    most = changed + 4 * route.batch - (route.received(home) - sent)
    comes_right(home, route, f"seed {seed}: {told}", most)
    return [told]
