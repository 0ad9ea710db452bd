"""A server over days that pass in a moment: what runs when, what a failure, a reload and a stop do, what it tells."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from shutil import which
from threading import Barrier, BrokenBarrierError, Event
from types import ModuleType
from typing import Any

import pytest
from orderweft import Channel, Connection, Fetched, Limits, OrderQuery, Page, SettingsError, TokenBucket, hookimpl
from orderweft.config import Config, ServeSettings, load_config
from orderweft.http import Http
from orderweft.ledger import Ledger
from orderweft.runs import Shared
from orderweft.serve import Finished, InTurn, Server, answer
from orderweft.testing import FakeClock, Request, Response

from .core.memory import CONFIG, MemorySettings, World, order

ROOT = Path(__file__).resolve().parent.parent
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SCHEDULED = f'{CONFIG}schedule = "15m"\n'
SECOND = """
[pipelines.others]
moves = "orders"
source = "wholesale"
destination = "shop"
schedule = "1h"
"""
FAST = "[serve]\njitter = 0\n"


class Unsteady(FakeClock):
    """A clock somebody sets back."""

    back = timedelta(0)

    def now(self) -> datetime:
        """Return the instant it shows."""
        return super().now() - self.back


class Days:
    """A server on a world whose clock jumps, and what it has run."""

    def __init__(self, folder: Path, text: str = SCHEDULED + FAST, kind: type[World] = World) -> None:
        self.world = kind(folder, text)
        self.clock = self.world.clock
        self.runs: list[Finished] = []
        self.begin = self.clock.now()

    @property
    def config(self) -> Config:
        """Return the configuration as it is on disk."""
        return load_config(self.world.path, self.world.plugins)

    def serve(self, pool: Executor | None = None, **options: Any) -> Server:
        """Start a server, as after a restart."""
        return Server(
            self.config, self.world.plugins, self.clock, pool=pool or InTurn(), on_finish=self.runs.append, **options
        )

    def drive(self, server: Server, span: timedelta) -> list[float]:
        """Let *span* pass and return after how many minutes, from the beginning on, each run began in it."""
        before, end = len(self.runs), self.clock.now() + span
        while self.clock.now() < end:
            wait = server.tick()
            self.clock.sleep(min(wait, (end - self.clock.now()).total_seconds()))
        return self.minutes()[before:]

    def minutes(self) -> list[float]:
        """Return after how many minutes each run began."""
        return [round((run.began - self.begin) / MINUTE, 2) for run in self.runs]

    def results(self) -> list[tuple[str, str]]:
        """Return pipeline and result of each run."""
        return [(run.pipeline.name, run.result) for run in self.runs]


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    """Give a market, a store and a pipeline between them every fifteen minutes."""
    made = Days(tmp_path)
    made.world.offer(order(1), order(2))
    yield made
    made.world.ledger.close()


def page(server: Server, path: str) -> tuple[int, Any]:
    """Return status and content of a page."""
    status, kind, body = answer(server, path)
    return status, json.loads(body) if "json" in kind else body.decode()


def test_a_day_of_quarters_of_an_hour(days: Days) -> None:
    """A pipeline runs at once and then every fifteen minutes, and delivers each order once."""
    assert days.drive(days.serve(), timedelta(hours=12)) == [15.0 * number for number in range(48)]
    assert sorted(days.world.sent) == ["wholesale:1", "wholesale:2"]


def test_what_was_slept_through_runs_once(days: Days) -> None:
    """After eight hours in which the machine was asleep there is one run, not thirty-two."""
    server = days.serve()
    days.drive(server, 10 * MINUTE)
    days.clock.sleep(8 * 3600)
    assert days.drive(server, 20 * MINUTE) == [490.0, 505.0]


def test_a_clock_that_is_set_back_stops_nothing(tmp_path: Path) -> None:
    """After three days back, a pipeline runs an interval later, and one that fails does so since then."""
    days = Days(tmp_path, SCHEDULED + FAST)
    days.clock = clock = Unsteady()
    server = days.serve()
    days.drive(server, 20 * MINUTE)
    clock.back = timedelta(days=3)
    assert days.drive(server, 40 * MINUTE) == [-4285.0, -4270.0]
    assert days.drive(days.serve(), 20 * MINUTE) == [-4255.0]
    server.lanes[0].past.failing_since = days.begin
    server.lanes[0].plan(clock.now())
    assert not server.lanes[0].is_failing(clock.now(), 3)
    assert server.lanes[0].is_failing(clock.now() + HOUR, 3)
    days.world.ledger.close()


def test_a_run_longer_than_its_interval_is_followed_by_one(days: Days) -> None:
    """A run of forty minutes is followed by one at once, and never overlaps another."""
    days.world.on_delivery = lambda: days.clock.sleep(20 * 60)
    assert days.drive(days.serve(), HOUR) == [0.0, 40.0, 55.0]
    ends = [run.began + timedelta(seconds=run.seconds) for run in days.runs]
    assert all(end <= after.began for end, after in zip(ends, days.runs[1:], strict=False))


def test_a_pipeline_that_runs_is_not_begun_again(days: Days) -> None:
    """While a run is under way, none of its pipeline begins, however late the next one is by then."""
    begun, held = Event(), Event()

    def hold() -> None:
        begun.set()
        held.wait(20)

    days.world.on_delivery = hold
    with ThreadPoolExecutor(2) as pool:
        server = days.serve(pool)
        server.tick()
        assert begun.wait(20)
        days.clock.sleep(3600)
        server.tick()
        held.set()
    assert [name for name, _ in days.results()] == ["orders"]
    assert len(days.world.ledger.runs("orders", 9)) == 1


def test_a_restart_neither_forgets_nor_repeats(days: Days) -> None:
    """When runs began is in the ledger: a new process goes on where the last one ended, as after a run by hand."""
    days.drive(days.serve(), 20 * MINUTE)
    assert days.drive(days.serve(), 20 * MINUTE) == [30.0]
    days.world.run()
    assert days.drive(days.serve(), 20 * MINUTE) == [55.0]


def test_a_run_by_hand_counts_at_once(days: Days) -> None:
    """A server that has not made a run itself puts off its own."""
    server = days.serve()
    days.drive(server, 10 * MINUTE)
    days.world.run()
    assert days.drive(server, 20 * MINUTE) == [25.0]


def test_a_cron_pipeline_waits_for_its_first_tick(tmp_path: Path) -> None:
    """A daily pipeline does not run when the process starts, but at its time in its own time zone."""
    days = Days(
        tmp_path, f'{CONFIG}schedule = "0 12 * * *"\ntimezone = "Europe/Berlin"\n{FAST}timezone = "Asia/Tokyo"\n'
    )
    assert days.drive(days.serve(), timedelta(hours=30)) == [120.0, 120.0 + 24 * 60]


def test_pipelines_do_not_all_begin_at_once(tmp_path: Path) -> None:
    """After a long pause each is put off by a part of `jitter` of its own."""
    days = Days(tmp_path, SCHEDULED + SECOND)
    days.drive(days.serve(), 2 * MINUTE)
    first, second = days.minutes()
    assert 0 <= first < second < 1


def test_failures_draw_runs_apart_and_stay_alone(tmp_path: Path) -> None:
    """A pipeline that fails again and again is tried less often, never more; the others go on; `/readyz` names it."""
    days = Days(tmp_path, SCHEDULED + SECOND + FAST)
    days.world.offer(order(1))
    days.world.busy = {"wholesale:1"}
    server = days.serve()
    failing = days.drive(server, 4 * HOUR)
    began = [(run.began - days.begin) / MINUTE for run in days.runs if run.pipeline.name == "orders"]
    gaps = [later - earlier for earlier, later in pairwise(began)]
    assert gaps == [15.0, 30.0, 60.0, 60.0, 60.0]
    assert len(failing) == len(began) + 4
    status, told = page(server, "/readyz")
    assert (status, told["ready"], told["pipelines"]["orders"]["ready"]) == (503, False, False)
    days.world.busy = set()
    days.drive(server, HOUR)
    assert page(server, "/readyz")[0] == 200


def test_a_bug_in_a_plugin_stops_nothing(days: Days) -> None:
    """What a hook raises without meaning to ends that run, and the next one is tried."""
    days.world.script = ["no such thing"]
    days.drive(days.serve(), 30 * MINUTE)
    assert days.results() == [("orders", "failed"), ("orders", "done")]
    assert isinstance(days.runs[0].error, ValueError)


def test_a_changed_schedule_counts_at_once(days: Days) -> None:
    """After a reload the new interval counts from the last run, and what runs ends under the old configuration."""
    server = days.serve()

    def slower() -> None:
        days.world.configure(SCHEDULED.replace("15m", "1h") + SECOND + FAST)
        server.reload(days.config)

    days.world.on_delivery = slower
    days.drive(server, 90 * MINUTE)
    assert {one.pipeline.settings.schedule for one in days.runs[:1]} == {"15m"}
    assert [(name, minute) for (name, _), minute in zip(days.results(), days.minutes(), strict=True)] == [
        ("orders", 0.0), ("others", 0.0), ("orders", 60.0), ("others", 60.0)
    ]  # fmt: skip


def test_a_stop_leaves_the_rest_to_the_next_start(days: Days) -> None:
    """The delivery under way is answered, no other one is begun, and the next process goes on as soon as it may."""
    world = days.world
    world.offer(*(order(number) for number in range(1, 9)))
    server = days.serve()
    world.on_delivery = server.stop
    days.drive(server, MINUTE)
    assert days.results() == [("orders", "interrupted")]
    assert 1 <= len(world.sent) <= 3
    assert page(server, "/readyz")[0] == 503
    world.on_delivery = lambda: None
    assert days.drive(days.serve(), 10 * MINUTE) == [5.0]
    assert sorted(world.sent) == [f"wholesale:{number}" for number in range(1, 9)]


def test_a_stop_ends_a_wait(days: Days) -> None:
    """A run that waits for a busy destination ends as interrupted, not as failed."""
    server = days.serve()
    days.world.busy = {"wholesale:1", "wholesale:2"}
    days.world.on_delivery = server.stop
    days.drive(server, MINUTE)
    assert days.results() == [("orders", "interrupted")]


def test_pipelines_run_side_by_side(tmp_path: Path) -> None:
    """Two pipelines read at the same moment, and neither waits for the other to end."""
    days, both = Days(tmp_path, SCHEDULED + SECOND + FAST), Barrier(2, timeout=20)

    class Meeting:
        def __iter__(self) -> Iterator[list[Fetched]]:
            both.wait()
            return iter([])

    days.world.pages = Meeting()
    with ThreadPoolExecutor(2) as pool:
        server = days.serve(pool)
        server.tick()
    assert sorted(days.results()) == [("orders", "done"), ("others", "done")]
    assert not server.running


def test_once_runs_what_is_due_and_ends(tmp_path: Path) -> None:
    """Called every few minutes it runs each pipeline when it is due, and the one that has never run at once."""
    days = Days(tmp_path, SCHEDULED + SECOND.replace("1h", "0 * * * *") + FAST)
    for _ in range(8):
        server = days.serve(once=True)
        while not server.is_over:
            days.clock.sleep(server.tick())
        days.clock.sleep(298)
    assert [name for name, _ in days.results()] == ["orders", "others", "orders", "orders"]
    first, _, second, third = days.minutes()
    assert min(second - first, third - second) >= 15


def test_pipelines_of_one_connection_share_its_pace(tmp_path: Path) -> None:
    """Whoever asks an account waits for all that was asked of it, and what is left can be told."""
    world = World(tmp_path)
    connection = load_config(world.path, world.plugins).connections["shop"]
    shared, limits = Shared(world.clock), Limits(pacing=TokenBucket(rate=1, burst=10))
    pacer = shared.pacer(connection, limits)
    pacer.acquire(cost=10)
    assert shared.budgets() == {"shop": 0.0}
    shared.pacer(connection, limits).acquire(cost=3)
    assert world.clock.monotonic() == 3.0
    assert shared.pacer(connection, Limits()) is not pacer


def test_pipelines_of_one_server_wait_for_each_other(tmp_path: Path) -> None:
    """Two pipelines that read from one account keep to its limit together: the second waits for what the first took."""

    class Busy(World):
        def _market(self) -> ModuleType:
            module = super()._market()

            @hookimpl
            def describe() -> Channel:
                return Channel("The market", MemorySettings, Limits(pacing=TokenBucket(rate=1, burst=10)))

            @hookimpl
            def fetch_orders(connection: Connection[MemorySettings], query: OrderQuery) -> Iterator[Page]:
                for _ in range(10):
                    connection.http.read("GET", "orders")
                yield Page(())

            vars(module).update(describe=describe, fetch_orders=fetch_orders)
            return module

    days = Days(tmp_path, SCHEDULED + SECOND + FAST, Busy)
    days.serve(handlers={"wholesale": lambda request: Response(200)}).tick()
    assert days.results() == [("orders", "done"), ("others", "done")]
    assert days.clock.monotonic() == 10.0
    days.world.ledger.close()


def test_pipelines_of_one_connection_share_its_calls_in_flight(tmp_path: Path) -> None:
    """An account that bears one call at a time is never asked for two things at once."""
    world, together, met = World(tmp_path), Barrier(2, timeout=0.3), list[bool]()
    connection = load_config(world.path, world.plugins).connections["shop"]
    pacer = Shared(world.clock).pacer(connection, Limits(in_flight=1))

    def handle(request: Request) -> Response:
        with suppress(BrokenBarrierError):
            together.wait()
            met.append(True)
        return Response(200)

    clients = [Http("http://127.0.0.1:9", clock=world.clock, handler=handle, pacer=pacer) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        answers = [threads.submit(client.read, "GET", "anything") for client in clients]
    assert [answer.result().status for answer in answers] == [200, 200]
    assert met == []


def test_metrics_and_health_tell_no_orders(days: Days) -> None:
    """The pages say how it goes, in numbers."""
    days.world.script = ["no stock"]
    server = days.serve()
    days.drive(server, 10 * MINUTE)
    status, told = page(server, "/metrics")
    assert status == 200
    for line in (
        'orderweft_runs_total{pipeline="orders",result="held"} 1.0',
        'orderweft_orders{pipeline="orders",state="delivered"} 1.0',
        'orderweft_held{pipeline="orders",reason="no_stock"} 1.0',
        'orderweft_lag_seconds{pipeline="orders"} 600.0',
        'orderweft_last_run_seconds{pipeline="orders"} 0.0',
        "orderweft_configuration_refused 0.0",
    ):
        assert f"\n{line}\n" in told
    assert "Example Store" not in told
    assert page(server, "/readyz")[1]["pipelines"]["orders"]["failures"] == 0
    server.tick()
    assert page(server, "/healthz") == (200, "ok\n")
    days.clock.sleep(90)
    assert page(server, "/healthz")[0] == 503
    assert page(server, "/")[0] == 404


def test_a_ledger_that_is_gone_is_told(days: Days) -> None:
    """Without its file nothing is ready, and looking does not make a new one."""
    server = days.serve()
    days.world.ledger.close()
    ledger = Path(server.config.ledger)
    for file in ledger.parent.glob(f"{ledger.name}*"):
        file.unlink()
    status, told = page(server, "/readyz")
    assert (status, told["ledger"]) == (503, False)
    assert page(server, "/metrics")[0] == 200
    assert not ledger.exists()
    days.world.ledger = Ledger(":memory:", days.clock)


def test_every_metric_is_described(days: Days) -> None:
    """The reference has each metric, and no other."""
    server = days.serve()
    days.drive(server, MINUTE)
    names = set(re.findall(r"^# HELP (orderweft_\w+)", page(server, "/metrics")[1], re.MULTILINE))
    manual = (ROOT / "docs/reference/metrics.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(orderweft_\w+)` \|", manual, re.MULTILINE)) == names


def test_nobody_else_is_let_in_unless_asked_for() -> None:
    """Unless the file says otherwise, the pages are to be had on this machine alone."""
    assert ServeSettings().address == ("127.0.0.1", 8787)


@pytest.mark.skipif(which("systemd-analyze") is None, reason="needs systemd")
def test_the_systemd_unit_is_sound(tmp_path: Path) -> None:
    """The unit in the examples is taken by systemd, and gives a stop longer than the process does."""
    unit = (ROOT / "examples/deploy/orderweft.service").read_text("utf-8")
    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(seconds) > ServeSettings().stop_seconds
    file = tmp_path / "orderweft.service"
    file.write_text(unit.replace("/opt/orderweft/bin/orderweft", sys.executable), "utf-8")
    done = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('listen = "localhost"', "serve.listen: must be an address with a port, such as '127.0.0.1:8787', or 'off'"),
        ('timezone = "Europe/Londn"', "serve.timezone: must be the name of a time zone; did you mean 'Europe/London'?"),
        ('jiter = 3', "serve.jiter: is not a setting; did you mean 'jitter'?"),
    ],
    ids=["no port", "no time zone", "unknown key"],
)  # fmt: skip
def test_a_mistake_in_the_table_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    """What is wrong in `[serve]` is named like any other mistake of the file."""
    with pytest.raises(SettingsError) as raised:
        Days(tmp_path, f"{CONFIG}\n[serve]\n{line}\n").serve()
    number = CONFIG.count("\n") + 3
    assert str(raised.value) == f"{tmp_path / 'orderweft.toml'}:{number}: {told}"
