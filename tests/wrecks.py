"""JOOR, Shopify and Zedonk in memory, every pipeline between them, and processes that die in the middle of one."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from orderweft.clock import Clock, SystemClock
from orderweft.config import load_config
from orderweft.errors import LeaseLostError, LedgerError
from orderweft.ledger import Claim, EntryRow, Ledger, OrderRow, entries, listed
from orderweft.ledger.store import LEASE
from orderweft.plugins import Plugins
from orderweft.runs import Moment, Observer, RecordOptions, RecordReport, Report, run_orders, run_records, unwatched
from orderweft.testing import FakeClock, Faulty, SftpServer, SimulatorServer, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_zedonk.simulator import Simulator as Zedonk

from .scenarios import heard, toml_lines

BATCHES = {"inventory": 15, "catalog": 2, "customers": 3, "shipments": 2}
"""Small batches, so that a run has several."""
SEASONS = ["Spring Summer 2027", "Fall Winter 2026"]
IN_JOOR = {"warehouse": "Default"}
SKUS = brand.skus()[:30]
"""What the shop has: the first two styles."""
SECRETS = {"token", "client_secret", "password", "key"}
OWN_STORE = "C109"
"""The customer whose orders a rule leaves out."""
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
    "sales": {
        "moves": "orders", "source": "joor", "destination": "shop", "destination_options": {"check_stock": False},
        "skip": [{"when": f"order.customer.account_code == '{OWN_STORE}'", "reason": "our own store"}],
    },
    "changes": {
        "moves": "orders", "source": "joor", "destination": "shop", "destination_options": {"check_stock": False},
        "on_change": "update", "on_cancel": "cancel",
    },
    "shipments": {
        "moves": "shipments", "source": "shop", "destination": "joor",
        "destination_options": {"experimental_shipments": True},
    },
    "shop_styles": {
        "moves": "catalog", "source": "zedonk", "destination": "shop",
        "source_options": {"price_seasons": SEASONS, "price_lists": ["Wholesale"]},
        "destination_options": {"price_is": "wholesale"},
        "skip": [{"when": "product.style_number < '3000'", "reason": "not of this season"}],
    },
    "shop_customers": {"moves": "customers", "source": "zedonk", "destination": "shop"},
}  # fmt: skip


class Died(BaseException):
    """What stands for the end of a process, in a run within this one."""


class QuickLedger(Ledger):
    """A ledger that does not wait for the disk, for tests in which the power stays on."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock)
        self.rows("PRAGMA synchronous = OFF")


class MortalLedger(QuickLedger):
    """A ledger that tells of each commit right after it, with all of a run on its one connection."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.on_commit: Callable[[], None] = lambda: None
        super().__init__(path, clock)

    @contextmanager
    def transaction(self, claim: Claim | None = None, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction."""
        with super().transaction(claim, keep=keep) as db:
            yield db
        self.committed()

    def committed(self) -> None:
        """Take notice of a commit."""
        self.on_commit()

    @contextmanager
    def apart(self) -> Iterator[Self]:
        """Give this connection itself, so that all ends with it."""
        yield self


class CalmLedger(Ledger):
    """The ledger of a process that stops itself, and never in the middle of a commit of another of its threads."""

    gate = threading.RLock()

    @contextmanager
    def transaction(self, claim: Claim | None = None, *, keep: bool = True) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction, behind the gate."""
        with self.gate, super().transaction(claim, keep=keep) as db:
            yield db


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
    tuning: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Further settings of connections."""
    fates: dict[int, str] = field(default_factory=dict)
    """In which state each order of JOOR's has to end."""
    victim: Any = None
    last_words: str = ""
    mortal: type[MortalLedger] = MortalLedger
    dead: MortalLedger | None = None
    """The ledger of the process that died last."""

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
            account = {**self.doors[name].simulator.settings(), **more[name], **self.tuning.get(name, {})}
            account |= self.addresses.get(name, {})
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
        with self.ledger() as ledger:
            return self.run_on(ledger, pipeline, observer, **options)

    def run_on(
        self, ledger: Ledger, pipeline: str, observer: Observer = unwatched, **options: Any
    ) -> Report | RecordReport:
        """Run a pipeline once in this process with a ledger that is open."""
        handlers = {name: door for name, door in self.doors.items() if name not in self.addresses}
        return _run(self.config, pipeline, ledger, observer, handlers, **options)

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
        self,
        pipeline: str,
        *,
        at_moment: int = 0,
        at_call: int = 0,
        at_commit: int = 0,
        at_step: int = 0,
        end: str = "before",
        among: Collection[str] = (),
    ) -> bool:
        """Run and die at that many moments, calls, commits or steps, and return whether it did.

        It dies before or after a call *among* some, as *end* says. A step is a commit or an answer, so that there is
        nothing else between one and the next. The ledger is closed at that very moment, nothing is asked of anybody
        after it, and the lease of the dead runs out. `last_words` tell where it was.
        """
        ledger = self.dead = self.mortal(self.folder / "orderweft.db", self.clock or SystemClock())
        limits = {"moment": at_moment, end: at_call, "commit": at_commit, "step": at_step}
        seen = Counter[str]()
        lock, self.last_words, last_moment = threading.Lock(), "", "start"

        def tick(kind: str, where: str) -> None:
            with lock:
                seen[kind] += 1
                if not self.last_words and seen[kind] == limits.get(kind):
                    self.last_words = where
            if self.last_words:
                ledger.close()
                raise Died

        def observe(moment: Moment, counts: Counter[str], note: str = "") -> None:
            nonlocal last_moment
            last_moment = moment
            tick("moment", f"moment {moment}")

        def watch(moment: str, operation: str) -> None:
            if operation in among or not among or self.last_words:
                tick(moment, f"{moment} {operation}")
            if moment == "after":
                tick("step", f"after {operation}")

        def commit() -> None:
            tick("commit", f"after a commit, last told: {last_moment}")
            tick("step", f"after a commit, last told: {last_moment}")

        ledger.on_commit = commit
        self.watchers.append(watch)
        with suppress(Died, LedgerError):
            _run(self.config, pipeline, ledger, observe, self.doors)
        self.watchers.remove(watch)
        ledger.close()
        self.pass_time()
        return bool(self.last_words)

    def pass_time(self) -> None:
        """Let a dead process's lease run out."""
        if self.clock is not None:
            self.clock.sleep(LEASE.total_seconds() + 1)

    def start(self, pipeline: str, at_moment: int | Moment = 0, at_file: int = 0, by: int = signal.SIGKILL) -> None:
        """Run in a process of its own that sends itself *by* at a moment, or before it touches that many files."""
        place = str(self.zedonk.folder)
        given = self.config, pipeline, at_moment, at_file, place, by
        self.victim = _FORKSERVER.Process(target=_run_in_child, args=given)
        self.victim.start()

    def ended(self) -> int:
        """Wait for that process and return its exit code: -9 when it was killed, 3 when it had lost its claim."""
        self.victim.join(60)
        assert self.victim.exitcode is not None
        return int(self.victim.exitcode)

    def run_and_be_killed(self, pipeline: str, at_moment: int = 0, at_file: int = 0) -> int:
        """Run in a process of its own that kills itself at that many moments, or before it touches that many files.

        Returns its exit code, -9 when it was killed; a watcher may kill it from outside.
        """
        self.start(pipeline, at_moment, at_file)
        return self.ended()

    def run_and_be_cut(self, pipeline: str, call: int, seconds: float) -> bool:
        """Run in a process of its own, kill it so long after its *call*th call, and return whether that ended it.

        It is killed from outside, wherever it is then.
        """
        calls, due = itertools.count(1), threading.Event()

        def watch(moment: str, operation: str) -> None:
            if moment == "before" and next(calls) >= call:
                due.set()

        self.watchers.append(watch)
        self.start(pipeline)
        while not due.wait(0.01) and self.victim.is_alive():
            pass
        self.victim.join(seconds)
        self.victim.kill()
        self.watchers.remove(watch)
        return self.ended() == -signal.SIGKILL

    def frozen(self) -> None:
        """Wait until the process has been stopped by a signal."""
        state = Path(f"/proc/{self.victim.pid}/stat")
        for _ in range(2_000):
            if state.read_text().rpartition(") ")[2].startswith("T"):
                return
            self.victim.join(0.01)
        raise AssertionError("it was not stopped")

    def kill(self, by: int = signal.SIGKILL) -> None:
        """Kill the process that runs, or send it another signal."""
        if self.victim is not None and self.victim.pid is not None:
            os.kill(self.victim.pid, by)

    def ledger(self) -> AbstractContextManager[Ledger]:
        """Open the ledger to look into it."""
        return closing(QuickLedger(self.folder / "orderweft.db", self.clock or SystemClock()))

    def records(self, pipeline: str, state: str | None = None) -> list[EntryRow]:
        """Return what the ledger has of a pipeline's records."""
        with self.ledger() as ledger:
            return entries(ledger, pipeline, state=state, limit=10_000)

    def orders(self, pipeline: str) -> list[OrderRow]:
        """Return what the ledger has of a pipeline's orders."""
        with self.ledger() as ledger:
            return listed(ledger, pipeline=pipeline, limit=10_000)


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
    doors = watched(ends, watchers)
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


def watched(ends: Mapping[str, Any], watchers: Collection[Callable[[str, str], None]]) -> dict[str, Faulty]:
    """Return what answers in the place of *ends*, and tells *watchers* of each call."""

    def watch(moment: str, operation: str) -> None:
        for watcher in watchers:
            watcher(moment, operation)

    return {name: Faulty(end, watch=watch) for name, end in ends.items()}


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
        return heard(run_orders(chosen, plugins, ledger, ledger.clock, observer=observer, handlers=handlers))
    wanted = RecordOptions(**options)
    return heard(
        run_records(chosen, plugins, ledger, ledger.clock, options=wanted, observer=observer, handlers=handlers)
    )


_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["tests.scenarios", "tests.wrecks"])


def _run_in_child(config: Path, pipeline: str, at_moment: int | Moment, at_file: int, folder: str, by: int) -> None:
    seen: Counter[str] = Counter()

    def end(kind: str, limit: int | Moment) -> None:
        seen[kind] += 1
        if seen[kind] == limit:
            with CalmLedger.gate if by == signal.SIGSTOP else nullcontext():
                signal.pthread_kill(threading.get_ident(), by)  # this thread goes no further, whichever else may

    def observe(moment: Moment, counts: Counter[str], note: str = "") -> None:
        end("moment", at_moment)
        if moment == at_moment:
            end(moment, 1)

    def audit(event: str, given: tuple[Any, ...]) -> None:
        if event in ("open", "os.link", "os.rename", "os.remove") and str(given[0]).startswith(folder):
            end("file", at_file)

    sys.addaudithook(audit)
    kind = CalmLedger if by == signal.SIGSTOP else Ledger
    ledger = kind(config.parent / "orderweft.db", SystemClock())
    try:
        report = _run(config, pipeline, ledger, observe, {})
    except LeaseLostError:
        os._exit(3)
    os._exit(0 if report.result in ("done", "held") else 1)
