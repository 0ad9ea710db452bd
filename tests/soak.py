"""Wreck runs of every pipeline by thousands of seeds, and print what died where and what came of it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .misfortunes import EVERY, in_step, kill, stays_quiet, wreck
from .routes import Route
from .wrecks import House

SEEDS = int(os.environ.get("SOAK_SEEDS", "5000"))
FIRST = int(os.environ.get("SOAK_FIRST", "1000"))
"""The first seed; the tests have those below."""
PROCESSES = int(os.environ.get("SOAK_PROCESSES", "2"))
IN_ONE_HOUSE = 25
"""Seeds that go through one house, one after another; the last is a process of its own, killed by SIGKILL."""


def soak(number: int, seeds: range) -> tuple[str, Counter[str], Counter[str], list[str]]:
    """Wreck one house by *seeds*; return its pipeline, what went wrong, how its orders ended, and complaints."""
    route = EVERY[number % len(EVERY)]
    wrecks, ended, complaints = Counter[str](), Counter[str](), list[str]()
    *most, last = seeds
    with tempfile.TemporaryDirectory() as folder:
        for name, served, few in (("here", False, most), ("apart", True, [last])):
            with in_step(Path(folder) / name, route, served=served) as home:
                try:
                    for seed in few:
                        wrecks.update((kill if served else wreck)(home, route, seed))
                    stays_quiet(home, route)
                except AssertionError as error:
                    complaints.append(f"{route}, {error}: {error.__cause__}")
                ended.update(ends(home, route))
    return str(route), wrecks, ended, complaints


def ends(home: House, route: Route) -> Counter[str]:
    """Return how the orders of a house ended, as its ledger tells, each with its reason."""
    return Counter(
        f"{row.state} ({'with a receipt' if row.receipt_id else row.reason or row.message or 'WITHOUT A REASON'})"
        for row in home.orders(route.pipeline)
    )


def main() -> int:
    """Wreck and report; return 1 when anything was lost, doubled or left without an end."""
    houses = [range(at, min(at + IN_ONE_HOUSE, FIRST + SEEDS)) for at in range(FIRST, FIRST + SEEDS, IN_ONE_HOUSE)]
    began = time.monotonic()
    seeds, ended = Counter[str](), Counter[str]()
    steps: dict[str, Counter[str]] = {}
    complaints: list[str] = []
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        work = {pool.submit(soak, number, seeds_): len(seeds_) for number, seeds_ in enumerate(houses)}
        for done in as_completed(work):
            route, wrecks, states, complained = done.result()
            seeds[route] += work[done]
            steps.setdefault(route, Counter()).update(wrecks)
            ended.update(states)
            complaints += complained
            sys.stderr.write(f"\r{seeds.total()} of {SEEDS} seeds ")
    report(seeds, steps, ended, complaints, time.monotonic() - began)
    return bool(complaints)


def report(
    seeds: Counter[str],
    steps: dict[str, Counter[str]],
    ended: Counter[str],
    complaints: list[str],
    seconds: float,
) -> None:
    """Print the tables."""
    screen = Console(width=110)
    sys.stderr.write("\r")
    kinds = Counter[str]()
    for counted in steps.values():
        kinds.update(counted)
    deaths = Table("went wrong", "times", title="Deaths, and lost answers")
    for what, times in sorted(grouped(kinds).items(), key=lambda pair: (-pair[1], pair[0])):
        deaths.add_row(what, str(times))
    screen.print(deaths)
    runs = Table("pipeline", "seeds", "runs wrecked", "of them by death", title="Pipelines")
    for route in map(str, EVERY):
        counted = steps.get(route, Counter())
        died = sum(times for what, times in counted.items() if what.startswith(("death", "SIGKILL")))
        runs.add_row(route, str(seeds[route]), str(counted.total()), str(died))
    screen.print(runs)
    for complaint in complaints:
        screen.print(complaint, markup=False)
    bad = len(complaints)
    verdict = "lost 0, doubled 0" if not bad else f"{bad} houses with something lost, doubled or left open"
    screen.print(f"{seeds.total()} seeds, {kinds.total()} wrecked runs in {seconds:.0f} s: {verdict}.")
    if not bad:
        told = ", ".join(f"{many} {end}" for end, many in sorted(ended.items()))
        screen.print(f"{ended.total()} orders in the ledgers, each in exactly one final state: {told}.")


def grouped(kinds: Counter[str]) -> Counter[str]:
    """Return how often each kind of thing went wrong, without the number of the call it happened at."""
    found = Counter[str]()
    for what, times in kinds.items():
        head, _, tail = what.rpartition(" ")
        found[head if tail.isdecimal() else what] += times
    return found


if __name__ == "__main__":
    sys.exit(main())
