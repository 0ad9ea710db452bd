"""JOOR, Shopify and Zedonk in memory, every pipeline between them, and processes that die in the middle of one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.errors import LedgerError
from orderweft.ledger import EntryRow, Ledger, OrderRow, entries, holds, tally
from orderweft.ledger.store import LEASE
from orderweft.plugins import Plugins
from orderweft.runs import Moment, Observer, RecordOptions, RecordReport, Report, run_orders, run_records, unwatched
from orderweft.testing import FakeClock, Faulty, SftpServer, SimulatorServer, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_zedonk.simulator import Simulator as Zedonk

from .scenarios import toml_lines

BATCHES = {"inventory": 15, "catalog": 2, "customers": 3}
"""Small batches, so that a run has several."""
SEASONS = ["Spring Summer 2027", "Fall Winter 2026"]
IN_JOOR = {"warehouse": "Default"}
SKUS = brand.skus()[:30]
"""What the shop has: the first two styles."""
SECRETS = {"token", "client_secret", "password", "key"}
NOWHERE = "http://127.0.0.1:9"
ELSEWHERE = [
    {"when": "stock_level.item.barcode not in '{}'".format(" ".join(sku.barcode for sku in SKUS)), "reason": "not sold"}
]
PIPELINES: Mapping[str, Mapping[str, Any]] = {
    "shop_stock": {
        "moves": "inventory", "source": "shop", "destination": "joor", "map": {"warehouse.name": "Default"},
        "destination_options": IN_JOOR,
    },
    "joor_stock": {
        "moves": "inventory", "source": "joor", "destination": "shop",
        "destination_options": {"stock_location": "London"},
    },
    "stock": {
        "moves": "inventory", "source": "zedonk", "destination": "joor", "source_options": {"stock_seasons": SEASONS},
        "destination_options": IN_JOOR, "skip": ELSEWHERE,
    },
    "customers": {"moves": "customers", "source": "zedonk", "destination": "joor"},
    "styles": {"moves": "catalog", "source": "zedonk", "destination": "joor"},
    "orders": {
        "moves": "orders", "source": "joor", "destination": "zedonk",
        "destination_options": {"import_season": SEASONS[0]},
    },
}  # fmt: skip


class Died(BaseException):
    """What stands for the end of a process, in a run within this one."""


@dataclass
class House:
    """A brand's three systems, with a configuration that has every pipeline between them."""

    folder: Path
    joor: Joor
    shop: Shopify
    zedonk: Zedonk
    clock: FakeClock | None
    """The time of everything; the machine's own when left out."""
    doors: Mapping[str, Faulty]
    """What answers in the place of each system, by connection."""
    watchers: list[Callable[[str, str], None]] = field(default_factory=list)
    addresses: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Where each system is to be found, where that is not this process."""
    victim: Any = None

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "orderweft.toml"

    def configure(self, **changes: Mapping[str, Any]) -> None:
        """Write the configuration anew, with *changes* to pipelines."""
        channels = {"joor": "joor", "shop": "shopify", "zedonk": "zedonk"}
        more: dict[str, dict[str, Any]] = {
            "joor": {"acknowledge": "v4"},
            "shop": {"settle_seconds": 0.05},
            "zedonk": {"settle_seconds": 0.05},
        }
        written = []
        for name, channel in channels.items():
            account = {**self.doors[name].simulator.settings(), **more[name], **self.addresses.get(name, {})}
            for secret in account.keys() & SECRETS:
                (self.folder / f"{name}-{secret}").write_text(account[secret], encoding="utf-8")
                account[secret] = f"file:{name}-{secret}"
            base = {} if channel == "zedonk" else {"base_url": NOWHERE}
            written.append(f"[connections.{name}]\n{toml_lines({'channel': channel, **base, **account})}")
        for name, table in PIPELINES.items():
            written.append(f"[pipelines.{name}]\n{toml_lines({**table, **changes.get(name, {})})}")
        self.config.write_text("\n\n".join(written), encoding="utf-8")

    def run(self, pipeline: str, observer: Observer = unwatched, **options: Any) -> Report | RecordReport:
        """Run a pipeline once in this process."""
        clock = self.clock or SystemClock()
        ledger = Ledger(self.folder / "orderweft.db", clock)
        handlers = {name: door for name, door in self.doors.items() if name not in self.addresses}
        try:
            return _run(self.config, pipeline, ledger, observer, handlers, **options)
        finally:
            ledger.close()

    def finish(self, pipeline: str) -> Report | RecordReport:
        """Run until a run ends well, each a quarter of an hour after the one before."""
        said = []
        for _ in range(6):
            report = self.run(pipeline)
            if report.result in ("done", "held"):
                return report
            said.append(report.error)
            self.pass_time()
        raise AssertionError(f"no run ends well: {said}")

    def die(
        self, pipeline: str, *, at_moment: int = 0, at_call: int = 0, end: str = "before", among: Collection[str] = ()
    ) -> bool:
        """Run and die at that many moments, or before or after that many calls *among* some, and return whether it did.

        The ledger is closed at that very moment, and the lease of the dead runs out.
        """
        clock = self.clock or SystemClock()
        ledger = Ledger(self.folder / "orderweft.db", clock)
        seen: Counter[str] = Counter()

        def tick(kind: str, limit: int) -> None:
            seen[kind] += 1
            if seen[kind] == limit:
                ledger.close()
                raise Died

        def observe(moment: Moment, counts: Counter[str], note: str = "") -> None:
            tick("moment", at_moment)

        def watch(moment: str, operation: str) -> None:
            if operation in among or not among:
                tick(moment, at_call if moment == end else 0)

        self.watchers.append(watch)
        with suppress(Died, LedgerError):
            _run(self.config, pipeline, ledger, observe, self.doors)
        self.watchers.remove(watch)
        ledger.close()
        self.pass_time()
        return seen["moment"] >= at_moment > 0 or seen[end] >= at_call > 0

    def pass_time(self) -> None:
        """Let a dead process's lease run out."""
        if self.clock is not None:
            self.clock.sleep(LEASE.total_seconds() + 1)

    def run_and_be_killed(self, pipeline: str, at_moment: int = 0, at_file: int = 0) -> int:
        """Run in a process of its own that kills itself at that many moments, or before it touches that many files.

        Returns its exit code, -9 when it was killed; a watcher may kill it from outside.
        """
        place = str(self.zedonk.folder)
        self.victim = _FORKSERVER.Process(target=_run_in_child, args=(self.config, pipeline, at_moment, at_file, place))
        self.victim.start()
        self.victim.join(60)
        assert self.victim.exitcode is not None
        return int(self.victim.exitcode)

    def kill(self) -> None:
        """Kill the process that runs."""
        if self.victim is not None and self.victim.pid is not None:
            os.kill(self.victim.pid, signal.SIGKILL)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Open the ledger to look into it."""
        ledger = Ledger(self.folder / "orderweft.db", self.clock or SystemClock())
        try:
            yield ledger
        finally:
            ledger.close()

    def records(self, pipeline: str, state: str | None = None) -> list[EntryRow]:
        """Return what the ledger has of a pipeline's records."""
        with self.ledger() as ledger:
            return entries(ledger, pipeline, state=state, limit=10_000)

    def order_states(self) -> tuple[dict[str, int], dict[str, str | None]]:
        """Return how many orders are in each state, and the reason of each hold by number."""
        with self.ledger() as ledger:
            held: list[OrderRow] = holds(ledger, "orders")
            return dict(tally(ledger, "orders")), {row.number: row.reason for row in held}


@contextmanager
def house(
    folder: Path,
    *,
    clock: FakeClock | None = None,
    served: bool = False,
    sftp: SftpServer | None = None,
    joor: Mapping[str, Any] | None = None,
    shop: Mapping[str, Any] | None = None,
    zedonk: Mapping[str, Any] | None = None,
) -> Iterator[House]:
    """Open a house; with *served*, JOOR and Shopify are real servers, for runs in other processes.

    *joor*, *shop* and *zedonk* are switches of the simulators. With *sftp* Zedonk's folder is reached over it.
    """
    exchange = sftp.folder if sftp else folder / "zedonk"
    ends: dict[str, Any] = {
        "joor": Joor(clock=clock, **{"orders": "none", "throttle": "off", **(joor or {})}),
        "shop": Shopify(clock=clock, **(shop or {})),
        "zedonk": Zedonk(clock=clock, folder=exchange, **(zedonk or {})),
    }
    watchers: list[Callable[[str, str], None]] = []

    def watch(moment: str, operation: str) -> None:
        for watcher in watchers:
            watcher(moment, operation)

    doors = {name: Faulty(end, watch=watch) for name, end in ends.items()}
    _shrink(ends["shop"])
    with ExitStack() as running:
        opened = House(folder, ends["joor"], ends["shop"], ends["zedonk"], clock, doors, watchers)
        if served:
            for name in ("joor", "shop"):
                opened.addresses[name] = {"base_url": running.enter_context(SimulatorServer(doors[name])).url}
        if sftp is not None:
            opened.addresses["zedonk"] = {
                "folder": sftp.address, "password": sftp.password, "host_key": sftp.host_key
            }  # fmt: skip
        opened.configure()
        yield opened


def _shrink(shop: Shopify) -> None:
    """Take out of the shop what is not among `SKUS`, so that it is read in a moment."""
    kept = {sku.sku for sku in SKUS}
    for name in {*(sku.sku for sku in brand.skus()), *shop.awkward.values()} - kept:
        with suppress(KeyError):
            shop.delete_variant(name)


@cache
def _plugins() -> Plugins:
    """Return the installed plugins, each taking small batches of records."""
    plugins = Plugins.installed()
    for name, channel in plugins.channels.items():
        plugins.channels[name] = replace(channel, limits=replace(channel.limits, batch_sizes=BATCHES))
    return plugins


def _run(
    config: Path, pipeline: str, ledger: Ledger, observer: Observer, handlers: Mapping[str, Any], **options: Any
) -> Report | RecordReport:
    plugins = _plugins()
    chosen = load_config(config, plugins).pipeline(pipeline)
    if chosen.settings.moves == "orders":
        return run_orders(chosen, plugins, ledger, ledger.clock, observer=observer, handlers=handlers)
    wanted = RecordOptions(**options)
    return run_records(chosen, plugins, ledger, ledger.clock, options=wanted, observer=observer, handlers=handlers)


_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["tests.scenarios", "tests.wrecks"])


def _run_in_child(config: Path, pipeline: str, at_moment: int, at_file: int, folder: str) -> None:
    seen: Counter[str] = Counter()

    def end(kind: str, limit: int) -> None:
        seen[kind] += 1
        if seen[kind] == limit:
            os.kill(os.getpid(), signal.SIGKILL)

    def observe(moment: Moment, counts: Counter[str], note: str = "") -> None:
        end("moment", at_moment)

    def audit(event: str, given: tuple[Any, ...]) -> None:
        if event in ("open", "os.link", "os.rename", "os.remove") and str(given[0]).startswith(folder):
            end("file", at_file)

    sys.addaudithook(audit)
    ledger = Ledger(config.parent / "orderweft.db", SystemClock())
    report = _run(config, pipeline, ledger, observe, {})
    os._exit(0 if report.result in ("done", "held") else 1)
