"""What this machine does to runs of stock, catalog and customers: killed processes, two at once, a full disk."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from orderweft.errors import LeaseLostError, LedgerError
from orderweft.ledger.store import LEASE
from orderweft.runs import Moment, RecordReport, unwatched
from orderweft.testing import FakeClock

from .houses_served import STOCK, hitting, sell, served, stocked, there
from .routes import in_the_shop, order_from_the_shop, the_shop_has_each_order_once
from .scenarios import COMMAND
from .test_failures_local import nobody
from .wrecks import SKUS, House


def written(home: House) -> int:
    return home.doors["joor"].calls.count("inventory.write")


def run(home: House, **options: bool) -> RecordReport:
    report = home.run(STOCK, unwatched, **options)
    assert isinstance(report, RecordReport)
    return report


# Killed


@pytest.mark.parametrize("moment", [2, 4, 5, 8])
def test_a_process_killed_at_a_moment(tmp_path: Path, moment: int) -> None:
    """The next run takes over at once, sends what is missing, and the one after it nothing."""
    with stocked(tmp_path) as home:
        assert home.run_and_be_killed(STOCK, at_moment=moment) == -9
        home.finish(STOCK)
        assert there(home) == in_the_shop(home)
        calls = written(home)
        assert calls <= 3
        assert home.run_and_be_killed(STOCK) == 0
        assert written(home) == calls


@pytest.mark.parametrize("in_flight", [1, 2, 8])
def test_a_process_killed_with_orders_in_flight(tmp_path: Path, in_flight: int) -> None:
    """Killed at moments of a run and at either end of a creation, a process loses and repeats no order."""
    with served(tmp_path, "sales", in_flight) as home:
        for moment in (3, 5, 4 + in_flight):
            assert home.run_and_be_killed("sales", at_moment=moment) == -9
            order_from_the_shop(home, Random(moment))
        for end in ("before", "after"):
            home.watchers.append(hitting(home, end, "CreateOrder"))
            assert home.run_and_be_killed("sales") == -9
        home.finish("sales")
        the_shop_has_each_order_once(home)


@pytest.mark.parametrize("end", ["before", "after"])
@pytest.mark.parametrize(
    ("pipeline", "operation"), [("shop_stock", "inventory.write"), ("joor_stock", "SetQuantities")]
)
def test_a_process_killed_while_the_destination_works(tmp_path: Path, pipeline: str, operation: str, end: str) -> None:
    """Whether the call was applied or not, the next runs end with nothing under way and nothing more to send."""
    with stocked(tmp_path) as home:
        sell(home)
        home.watchers.append(hitting(home, end, operation))
        assert home.run_and_be_killed(pipeline) == -9
        home.finish(pipeline)
        assert {row.state for row in home.records(pipeline)} <= {"sent", "pending", "held"}
        calls = Counter(home.doors["joor"].calls)[operation], Counter(home.doors["shop"].calls)[operation]
        home.finish(pipeline)
        assert (home.doors["joor"].calls.count(operation), home.doors["shop"].calls.count(operation)) == calls


# Overwriting


@pytest.mark.parametrize("first", [True, False], ids=["the first", "a later one"])
def test_an_overwrite_that_dies_is_done_again(tmp_path: Path, first: bool) -> None:
    """At whatever moment a process dies, the next overwrite is whole, and JOOR has nothing but what the shop has."""
    with stocked(tmp_path, mode="overwrite", clock=FakeClock()) as home:
        if not first:
            run(home)
        for moment in (4, 5) if first else (1, 2, 3, 4, 5, 6):
            sell(home)
            assert home.die(STOCK, at_moment=moment)
            if not first:
                home.finish(STOCK)
                assert there(home) == in_the_shop(home)
        run(home)
        assert there(home) == in_the_shop(home)
        assert len(home.joor.stock) == len(SKUS)
        calls = written(home)
        run(home)
        assert written(home) == calls


@pytest.mark.parametrize("mode", ["overwrite", "update"])
@pytest.mark.parametrize("first", [True, False], ids=["the first", "a later one"])
@pytest.mark.parametrize("moment", [4, 5], ids=["before the call", "after it"])
def test_the_guard_after_a_death(tmp_path: Path, mode: str, first: bool, moment: int) -> None:
    """What may have arrived counts: shelves that would be emptied after a crash stop the run until it is allowed."""
    with stocked(tmp_path, mode=mode, clock=FakeClock()) as home:
        if not first:
            run(home)
            sell(home)
        assert home.die(STOCK, at_moment=moment)
        before = there(home)
        for sku in SKUS[:12]:
            if mode == "overwrite":
                home.shop.delete_variant(sku.sku)
            else:
                for place in ("London", "Rotterdam"):
                    home.shop.set_stock(sku.sku, place, 0)
        report = run(home)
        assert report.result == "stopped"
        assert "12 of " in report.stops[0]
        assert "would fall to zero" in report.stops[0]
        assert there(home) == before
        run(home, allow_drop=True)
        emptied = {sku.barcode for sku in SKUS[:12]}
        assert {code for code, pieces in there(home).items() if pieces} == {sku.barcode for sku in SKUS} - emptied


# Two at once


@pytest.mark.parametrize("moment", ["staged", "decided", "intended", "sent", "settled"])
def test_a_second_run_is_refused(tmp_path: Path, moment: Moment) -> None:
    """While one process runs the pipeline another gets a message that names it, and the first goes on."""
    with stocked(tmp_path, clock=FakeClock()) as home:
        refused: list[str] = []

        def observe(now: Moment, counts: Counter[str], note: str = "") -> None:
            if now == moment and not refused:
                with pytest.raises(LedgerError) as error:
                    run(home)
                refused.append(str(error.value))

        home.run(STOCK, observe)  # type: ignore[arg-type]
        assert "pipeline 'shop_stock' is already running on" in refused[0]
        assert there(home) == in_the_shop(home)
        assert written(home) == 2


@pytest.mark.parametrize("moment", ["staged", "decided", "sent", "settled"])
def test_a_run_that_slept_too_long_stops(tmp_path: Path, moment: Moment) -> None:
    """A process that sleeps past its lease finds the pipeline taken over, records nothing, and stops."""
    with stocked(tmp_path, clock=FakeClock()) as home:
        slept: list[str] = []

        def observe(now: Moment, counts: Counter[str], note: str = "") -> None:
            if now == moment and not slept and home.clock:
                slept.append(now)
                home.clock.sleep(LEASE.total_seconds() + 1)
                sell(home)
                run(home)

        with pytest.raises(LeaseLostError, match="another process has taken pipeline 'shop_stock' over"):
            home.run(STOCK, observe)  # type: ignore[arg-type]
        assert there(home) == in_the_shop(home)
        calls = written(home)
        run(home)
        assert written(home) == calls


# The ledger's disk


@pytest.mark.parametrize("size", [60_000, 150_000], ids=["at the start", "in the middle"])
def test_a_full_disk(tmp_path: Path, size: int) -> None:
    """A disk that fills up ends the run with a message; the next run sends what is missing."""
    with stocked(tmp_path) as home:
        command = [str(COMMAND), "--config", str(home.config), "run", STOCK]
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)
        assert done.returncode == 1, done
        assert "orderweft.db" in done.stderr
        assert "run again" in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr
        home.finish(STOCK)
        assert there(home) == in_the_shop(home)


def test_a_ledger_that_may_not_be_written() -> None:
    """A ledger without write permission is named before anything is asked of the channels."""
    folder = Path(tempfile.mkdtemp())  # pytest's own is closed to everybody else
    try:
        with stocked(folder, clock=FakeClock()) as home:
            run(home)
            sell(home)
            asked = {name: len(door.calls) for name, door in home.doors.items()}
            for file in (*folder.glob("orderweft.db*"), folder):
                file.chmod(0o555 if file.is_dir() else 0o444)
            for secret in folder.glob("*-*"):
                secret.chmod(0o644)
            with nobody(), pytest.raises(LedgerError, match=r"orderweft\.db.* needs write permission"):
                run(home)
            assert {name: len(door.calls) for name, door in home.doors.items()} == asked
            folder.chmod(0o755)
            for file in folder.glob("orderweft.db*"):
                file.chmod(0o600)
            home.finish(STOCK)
            assert there(home) == in_the_shop(home)
    finally:
        shutil.rmtree(folder)
