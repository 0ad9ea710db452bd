"""Processes that start together, that were frozen, that are interrupted; pipelines side by side in one of them."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from subprocess import PIPE
from threading import Barrier, Event, get_ident
from typing import Any

import pytest
from orderweft import Request, Response
from orderweft.errors import LeaseLostError, LedgerError
from orderweft.ledger.store import LEASE
from orderweft.runs import Moment
from orderweft.testing import FakeClock, Faulty, Simulator

from .houses_served import STOCK, all_is_there_once, hitting, sell, served
from .misfortunes import in_step, stays_quiet
from .routes import FILES, ROUTES, SALES, STYLES, Route, order_from_zedonk, the_shop_has_each_order_once
from .scenarios import COMMAND
from .wrecks import House, house

WRITES = {"CreateOrder", "inventory.write", "orders.acknowledge"}


def writes(home: House) -> tuple[int, list[str]]:
    """Return how many calls have meant to change anything, and which files there are."""
    calls = [*home.doors["joor"].calls, *home.doors["shop"].calls]
    files = [file.name for file in sorted(home.zedonk.folder.rglob("*"))]
    return sum(call in WRITES for call in calls), files


def everything(home: House) -> list[str]:
    """Return all the ledger holds but the calls in its journal, which tells what happened whoever held the claim."""
    with closing(sqlite3.connect(home.folder / "orderweft.db")) as db:
        return [line for line in db.iterdump() if "exchange" not in line.partition("(")[0]]


# Two at once


def test_processes_that_start_together(tmp_path: Path) -> None:
    """Of several processes that start on no ledger at one moment one runs, and the others say who does."""
    with served(tmp_path, "sales") as home:
        refused = Event()

        def hold_up(moment: str, operation: str) -> None:
            if operation == "CreateOrder":
                refused.wait(30)

        home.watchers.append(hold_up)
        command = [str(COMMAND), "--config", str(home.config), "run", "sales"]
        started = [subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) for _ in range(3)]
        with ThreadPoolExecutor(3) as waiting:
            said = [waiting.submit(one.communicate) for one in started]
            for _ in zip(range(2), as_completed(said), strict=False):
                pass
            refused.set()
        told = [one.result()[1] for one in said]
        assert sorted(one.returncode for one in started) == [1, 1, 3], told
        [winner] = [one for one in started if one.returncode == 3]
        for one, error in zip(started, told, strict=True):
            if one is not winner:
                words = " ".join(error.split())
                assert "pipeline 'sales' is already running on" in words
                assert f"(process {winner.pid})" in words
        the_shop_has_each_order_once(home)


def test_pipelines_side_by_side_in_one_process(tmp_path: Path) -> None:
    """Threads that share one ledger run different pipelines at once, and none sees what another reads."""
    with house(tmp_path, clock=FakeClock(), joor={"duplicate_products": "accepted"}) as home:
        for style in home.joor.products.keys() - STYLES:
            home.joor.delete_style(style)
        together = [route for route in (FILES, *ROUTES) if route.pipeline not in ("joor_stock", "stock")]
        meeting = Barrier(len(together))
        met = set[int]()

        def meet(moment: Moment, counts: Counter[str], note: str = "") -> None:
            if moment == "staged" and get_ident() not in met:
                met.add(get_ident())
                meeting.wait(30)

        order_from_zedonk(home, Random(1))
        with home.ledger() as ledger, ThreadPoolExecutor(len(together)) as threads:
            runs = [threads.submit(home.run_on, ledger, route.pipeline, meet) for route in together]
            assert {run.result().result for run in runs} <= {"done", "held"}
            assert len(met) == len(together)
        for route in together:
            route.agree(home)


# Frozen


@pytest.mark.parametrize(
    ("pipeline", "at"),
    [("sales", "intended"), ("sales", "FindCustomer"), ("sales", "sent"), ("orders", "intended"), ("orders", "sent"),
     (STOCK, "intended"), (STOCK, "inventory.write"), (STOCK, "sent")],
)  # fmt: skip
def test_a_frozen_process_that_wakes_up(tmp_path: Path, pipeline: str, at: Any) -> None:
    """A process that another has taken over from while it was stopped sends nothing more and writes nothing."""
    with served(tmp_path, pipeline) as home:
        home.watchers.append(hitting(home, "after", at, signal.SIGSTOP))
        home.start(pipeline, at_moment=at, by=signal.SIGSTOP)
        home.frozen()
        home.clock = FakeClock(datetime.now(UTC) + LEASE + timedelta(minutes=1))
        home.finish(pipeline)
        if pipeline == STOCK:
            sell(home)
            home.finish(pipeline)
        sent, known = writes(home), everything(home)
        home.kill(signal.SIGCONT)
        assert home.ended() == 3
        assert everything(home) == known
        assert writes(home) == sent
        all_is_there_once(home, pipeline)


class Late(Faulty):
    """A way to a system on which one request is late: it leaves, and *meanwhile* happens before it arrives."""

    def __init__(self, simulator: Simulator, operation: str, meanwhile: Callable[[], None]) -> None:
        super().__init__(simulator)
        self._operation, self._meanwhile = operation, [meanwhile]

    def __call__(self, request: Request) -> Response:
        """Answer *request*."""
        if self._meanwhile and self.simulator.operation(request) == self._operation:
            self._meanwhile.pop()()
        return super().__call__(request)


@pytest.mark.parametrize(
    ("route", "operation"), [(SALES[0], "CreateOrder"), (ROUTES[1], "SetQuantities")], ids=["sales", "joor_stock"]
)
def test_a_process_frozen_between_the_check_and_the_call(tmp_path: Path, route: Route, operation: str) -> None:
    """Shopify refuses the one request it still sends when it wakes up: nothing is there twice, and nothing undone."""
    with in_step(tmp_path, route) as home:
        known = list[str]()

        def take_over() -> None:
            route.change(home, Random(2))
            while not known:
                home.pass_time()
                with suppress(LedgerError):  # its other thread is not frozen, and may have prolonged the claim
                    home.finish(route.pipeline)
                    known.extend(everything(home))

        route.change(home, Random(1))
        assert home.die(route.pipeline, at_moment=1)  # so that what it has staged waits, and nothing is read meanwhile
        home.doors = {**home.doors, "shop": Late(home.shop, operation, take_over)}
        with pytest.raises(LeaseLostError):
            home.run(route.pipeline)
        assert home.doors["shop"].calls[-1] == operation
        assert everything(home) == known
        route.agree(home)
        stays_quiet(home, route)


# Interrupted


@pytest.mark.parametrize("module", ["orderweft.errors", "orderweft.cli.output"])
def test_ctrl_c_while_the_command_loads(tmp_path: Path, module: str) -> None:
    """A command interrupted before it has begun anything ends with code 130 and says nothing."""
    words = [sys.executable, "-X", "importtime", str(COMMAND), "run"]
    with subprocess.Popen(words, stdout=PIPE, stderr=PIPE, text=True, cwd=tmp_path) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.rpartition("|")[2].strip() == module:
                process.send_signal(signal.SIGINT)
                break
        told = [line for line in process.stderr if not line.startswith("import time:")]
    assert (process.returncode, told) == (130, [])


@pytest.mark.parametrize(
    ("pipeline", "operation", "number"),
    [("sales", "CreateOrder", signal.SIGTERM), (STOCK, "inventory.write", signal.SIGINT)],
    ids=["orders by SIGTERM", "stock by Ctrl-C"],
)
def test_an_interrupted_run_finishes_what_is_in_flight(
    tmp_path: Path, pipeline: str, operation: str, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM let the call under way be answered, say what the next run does, and end with code 130."""
    with served(tmp_path, pipeline) as home:
        command = [str(COMMAND), "--config", str(home.config), "run", pipeline]

        def interrupt(moment: str, asked: str) -> None:
            if (moment, asked) == ("before", operation):
                home.watchers.clear()
                process.send_signal(number)

        home.watchers.append(interrupt)
        with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode, "Traceback" in err) == (130, False), err
        assert "Interrupted" in out
        assert "he next run goes on from here." in out
        with home.ledger() as ledger:
            assert ledger.runs()[0].result == "interrupted"
            assert not ledger.rows("SELECT 1 FROM attempts WHERE outcome IS NULL")
            assert not ledger.rows("SELECT 1 FROM entries WHERE state = 'sending'")
        calls = home.doors["shop" if pipeline == "sales" else "joor"].calls.count(operation)
        assert calls == 1
        home.finish(pipeline)
        all_is_there_once(home, pipeline)
