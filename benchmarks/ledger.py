"""A ledger of a million orders: how long people and runs wait for it, and how large it is.

`python benchmarks/ledger.py` measures 1,000,000 orders; `python benchmarks/ledger.py 100000` another number. A hundred
of them go through the ledger's own calls; the others are copies of their rows under other numbers. Commands are timed
without the start of the interpreter: the first time, and when the file is warm. It ends with 1 when one takes longer
than it should when the file is warm.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import null_channels
from orderweft import Accepted, Fetched, Page, Receipt, Refused
from orderweft.cli import main
from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.ledger import Ledger, Route, Verdict
from orderweft.plugins import Plugins
from orderweft.runs import run_orders
from throughput import CONFIG

TEMPLATES = 100
"""Orders that are staged, sent and answered: one is held, one skipped."""
LINES = 8
ANSWER, START = 200, 1000
"""Milliseconds a person waits for an answer at most, and a schedule for a run to begin."""
_COPIES = "WITH RECURSIVE copies (copy) AS (SELECT 1 UNION ALL SELECT copy + 1 FROM copies WHERE copy < ?)"


def build(path: Path, many: int) -> None:
    """Write a ledger of *many* orders."""
    with closing(Ledger(path, SystemClock())) as ledger:
        with ledger.claimed("orders") as claim:
            book = ledger.book(Route("orders", "source", "shop", "1"), claim, run := ledger.start_run(claim))
            orders = [null_channels.sample_order(number, LINES) for number in range(TEMPLATES)]
            staged = book.stage(Page(tuple(Fetched(one.origin.id, one.number, one) for one in orders), "0"))
            intents, _ = book.intend([(one, f"source:{one.id}") for one in staged[:-1]])
            accepted = [Accepted(receipt=Receipt(id=f"gid://{one.id}", number=f"#{one.id}")) for one in intents]
            refused = Refused(reason="no_stock", message="2 wanted, 1 there", fix="restock it")
            book.settle([(intents[0], refused), *zip(intents[1:], accepted[1:], strict=True)])
            book.decide([Verdict(staged[-1], "skipped", None, "a sample order")])
            ledger.end_run(run, "held", {"fetched": TEMPLATES})
        _multiply(ledger, many // TEMPLATES - 1)


def _multiply(ledger: Ledger, copies: int) -> None:
    """Copy all rows under other numbers, each copy some seconds older than the one before; holds only now and then."""
    later = "strftime('%Y-%m-%dT%H:%M:%f000Z', {0}, '-' || (copy * 7) || ' seconds')"
    changes = {name: f"{name} || '-' || copy" for name in ("id", "number", "receipt_id", "key", "receipt_number")}
    changes |= {name: later.format(name) for name in ("changed_at", "first_seen", "seen_at", "started_at", "ended_at")}
    for table in ("orders", "revisions", "attempts"):
        columns = [row["name"] for row in ledger.rows(f"PRAGMA table_info({table})") if row["name"] != "attempt"]
        values = ", ".join(changes.get(name, name) for name in columns)
        chosen = f"SELECT {values} FROM copies CROSS JOIN {table} WHERE id <> '0' OR copy % 100 = 0"
        with ledger.transaction() as db:
            db.execute(f"INSERT INTO {table} ({', '.join(columns)}) {_COPIES} {chosen}", [copies])


class Timing(NamedTuple):
    """How many milliseconds something takes the first time and when everything is warm, and may take then."""

    what: str
    first: float
    again: float
    aim: int

    @property
    def is_met(self) -> bool:
        """Return whether it is fast enough."""
        return self.again <= self.aim


def timed(what: str, work: Callable[[], object], aim: int) -> Timing:
    """Do *work* twice, and show how long it takes beside how long it may."""
    took = []
    for _ in range(2):
        begun = time.perf_counter()
        with redirect_stdout(io.StringIO()):
            work()
        took.append(1000 * (time.perf_counter() - begun))
    timing = Timing(what, took[0], took[1], aim)
    shown(what, *(f"{number:.0f}" for number in timing[1:]), "yes" if timing.is_met else "NO")
    return timing


def shown(what: str, *cells: str) -> None:
    """Print a row of the table."""
    print(f"{what:30}" + "".join(f"{cell:>12}" for cell in cells))


def measure(many: int) -> list[Timing]:
    """Build a ledger and measure what is asked of it."""
    plugins = Plugins()
    plugins.register("null_source", null_channels.source())
    plugins.register("null_destination", null_channels.destination())
    with tempfile.TemporaryDirectory() as folder:
        path, plain, empty = (Path(folder) / name for name in ("orderweft.db", "run.toml", "empty.toml"))
        plain.write_text(CONFIG.format(orders=0), "utf-8")
        empty.touch()
        begun = time.perf_counter()
        build(path, many)
        print(f"{many:,} orders built in {time.perf_counter() - begun:.0f} s")
        print(f"{path.stat().st_size / many:.0f} bytes per order, {path.stat().st_size / 1e6:,.0f} MB in all")

        def say(*words: str) -> None:
            main(["--config", str(empty), *words], standalone_mode=False)

        def run() -> None:
            with closing(Ledger(path, SystemClock())) as ledger:
                run_orders(load_config(plain, plugins).pipeline("orders"), plugins, ledger, SystemClock())

        middle = f"50-{many // TEMPLATES // 2}"
        with redirect_stdout(io.StringIO()):
            say("runs")  # what is loaded once is loaded by now
        shown("milliseconds", "first", "again", "aim", "met again")
        return [
            timed("orders list", lambda: say("orders", "list"), ANSWER),
            timed("orders list --state skipped", lambda: say("orders", "list", "--state", "skipped"), ANSWER),
            timed("orders why NUMBER", lambda: say("orders", "why", middle), ANSWER),
            timed("orders show NUMBER", lambda: say("orders", "show", middle), ANSWER),
            timed("a run with nothing to do", run, START),
        ]


if __name__ == "__main__":
    timings = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    sys.exit(not all(timing.is_met for timing in timings))
