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

from .routes import EVERY, in_step, stays_quiet, wreck

SEEDS = int(os.environ.get("SOAK_SEEDS", "5000"))
FIRST = int(os.environ.get("SOAK_FIRST", "1000"))
"""The first seed; the tests have those below."""
PROCESSES = int(os.environ.get("SOAK_PROCESSES", "2"))
IN_ONE_HOUSE = 25
"""Seeds that go through one house, one after another."""


def soak(number: int, seeds: range) -> tuple[str, Counter[str], Counter[str], list[str]]:
    """Wreck one house by *seeds*; return its pipeline, what went wrong, the fates of its orders, and complaints."""
    route = EVERY[number % len(EVERY)]
    wrecks, complaints = Counter[str](), list[str]()
    with tempfile.TemporaryDirectory() as folder, in_step(Path(folder), route) as home:
        try:
            for seed in seeds:
                wrecks.update(wreck(home, route, seed))
            stays_quiet(home, route)
        except AssertionError as error:
            complaints.append(f"{route}, {error}: {error.__cause__}")
        return str(route), wrecks, Counter(home.fates.values()), complaints


def main() -> int:
    """Wreck and report; return 1 when anything was lost, doubled or left without an end."""
    houses = [range(at, min(at + IN_ONE_HOUSE, FIRST + SEEDS)) for at in range(FIRST, FIRST + SEEDS, IN_ONE_HOUSE)]
    began = time.monotonic()
    seeds, fates = Counter[str](), Counter[str]()
    steps: dict[str, Counter[str]] = {}
    complaints: list[str] = []
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        work = {pool.submit(soak, number, seeds_): len(seeds_) for number, seeds_ in enumerate(houses)}
        for done in as_completed(work):
            route, wrecks, ends, complained = done.result()
            seeds[route] += work[done]
            steps.setdefault(route, Counter()).update(wrecks)
            fates.update(ends)
            complaints += complained
            sys.stderr.write(f"\r{seeds.total()} of {SEEDS} seeds ")
    report(seeds, steps, fates, complaints, time.monotonic() - began)
    return bool(complaints)


def report(
    seeds: Counter[str],
    steps: dict[str, Counter[str]],
    fates: Counter[str],
    complaints: list[str],
    seconds: float,
) -> None:
    """Print the tables."""
    screen = Console(width=110)
    sys.stderr.write("\r")
    kinds = Counter[str]()
    for counted in steps.values():
        kinds.update(counted)
    deaths = Table("went wrong", "times", title="Deaths by step, and lost answers")
    for what, times in sorted(grouped(kinds).items(), key=lambda pair: (-pair[1], pair[0])):
        deaths.add_row(what, str(times))
    screen.print(deaths)
    runs = Table("pipeline", "seeds", "runs wrecked", "of them by death", title="Pipelines")
    for route in map(str, EVERY):
        counted = steps.get(route, Counter())
        died = sum(times for what, times in counted.items() if what.startswith("death"))
        runs.add_row(route, str(seeds[route]), str(counted.total()), str(died))
    screen.print(runs)
    for complaint in complaints:
        screen.print(complaint, markup=False)
    ends = ", ".join(f"{many} {fate}" for fate, many in sorted(fates.items()))
    bad = len(complaints)
    verdict = "lost 0, doubled 0" if not bad else f"{bad} houses with something lost, doubled or left open"
    screen.print(f"{seeds.total()} seeds, {kinds.total()} wrecked runs in {seconds:.0f} s: {verdict}.")
    screen.print(f"{fates.total()} orders fetched, each in exactly one final state with its reason: {ends}.")


def grouped(kinds: Counter[str]) -> Counter[str]:
    """Return how often each kind of thing went wrong, without the number of the call it happened at."""
    found = Counter[str]()
    for what, times in kinds.items():
        head, _, tail = what.rpartition(" ")
        found[head if tail.isdecimal() else what] += times
    return found


if __name__ == "__main__":
    sys.exit(main())
