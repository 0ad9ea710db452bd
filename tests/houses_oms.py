"""JOOR and a system behind `oms_generic`, reached by calls or by files, with runs between them that may die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

from orderweft import Folder, open_folder
from orderweft.clock import SystemClock
from orderweft.config import PipelineConfig, load_config
from orderweft.errors import LedgerError
from orderweft.ledger import Ledger, holds, listed, tally
from orderweft.ledger.store import LEASE
from orderweft.runs import (
    Moment,
    Observer,
    RecordOptions,
    RecordReport,
    Report,
    delivery_key,
    run_orders,
    run_records,
    unwatched,
)
from orderweft.testing import FakeClock, FaultKind, Faulty, FtpsServer, SftpServer, SimulatorServer, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_oms_generic.profiles.calls import key_of
from orderweft_oms_generic.simulator.rehearsal import Rehearsed

from .core.folders import Bucket
from .far_ends import Called, Exchanging, FarEnd, Kind
from .oms_generic.hooks import NOWHERE, STYLE_SKU, plugins, settings_of
from .scenarios import Said, heard, orderweft, toml_lines
from .wrecks import Died, watched

WRITES = frozenset({"order.create", "order.upsert", "order.cancel"})
"""The calls that change something about orders in any of the systems; the last is the second step of one of them."""
LOST: tuple[FaultKind, ...] = ("timeout_before", "timeout_after", "reset_mid_body")
"""How an answer is lost."""
BUSY = frozenset({"delivered", "already_there", "handed_over", "confirmed", "unconfirmed", "new", "held"})
"""What a run with nothing left to do does not count."""
KNOWN = ("C100", "C101", "C102")
UNREADABLE, UNWANTED = "C104", "C105"
"""Customers whose orders end as held, and as left out."""
ORDERS: Mapping[str, Any] = {
    "moves": "orders", "source": "joor", "destination": "oms",
    "map": {"internal_note": f"{{{{ order.custom_fields.no if order.customer.account_code == '{UNREADABLE}' }}}}"},
    "skip": [{"when": f"order.customer.account_code == '{UNWANTED}'", "reason": "not one of ours"}],
}  # fmt: skip
Place = Literal["local", "sftp", "ftps", "s3"]


@dataclass
class House:
    """A JOOR account, one system, and a pipeline between them that can be run, interrupted and looked into."""

    folder: Path
    joor: Joor
    far: FarEnd
    account: dict[str, Any]
    """The settings of the connection `oms`."""
    doors: Mapping[str, Faulty]
    clock: FakeClock | None
    """The time of everything; the machine's own when left out."""
    root: Path
    """Where the system's files lie, when they lie on this machine."""
    watchers: list[Callable[[str, str], None]] = field(default_factory=list)
    pipeline: dict[str, Any] = field(default_factory=lambda: dict(ORDERS))
    joor_settings: dict[str, Any] = field(default_factory=lambda: {"acknowledge": "v4"})
    served: dict[str, str] = field(default_factory=dict)
    """Where the ends are to be found by connection, where that is not this process."""
    victim: Any = None
    _chosen: PipelineConfig | None = None

    @property
    def oms(self) -> Rehearsed:
        """Return the system, where it is one that is called."""
        assert isinstance(self.far, Called)
        return self.far.sim

    @property
    def answers(self) -> bool:
        """Return whether the system answers to orders by files."""
        return isinstance(self.far, Exchanging) and self.far.kind != "csv"

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "orderweft.toml"

    def configure(self, pipeline: Mapping[str, Any] | None = None, **account: Any) -> None:
        """Write the configuration, with another *pipeline* or other settings of the system from now on."""
        self.pipeline, self.account = dict(pipeline or self.pipeline), {**self.account, **account}
        ends = {
            "joor": {"channel": "joor", "base_url": NOWHERE, **self.joor.settings(), **self.joor_settings},
            "oms": {"channel": "oms_generic", **self.account},
        }
        for name, address in self.served.items():
            ends[name]["base_url"] = address
        tables = [f"[connections.{name}]\n{toml_lines(table)}" for name, table in ends.items()]
        tables.append(f"[pipelines.{self.pipeline['moves']}]\n{toml_lines(self.pipeline)}")
        self.config.write_text("\n\n".join(tables), encoding="utf-8")
        self._chosen = load_config(self.config, plugins(), secrets_needed=False).pipeline(None)

    @property
    def chosen(self) -> PipelineConfig:
        """Return the pipeline as it is configured."""
        if self._chosen is None:
            self.configure()
        assert self._chosen is not None
        return self._chosen

    def say(self, *words: str) -> Said:
        """Run a command on this configuration; it must not tell anybody's secret or address."""
        assert self.chosen
        said = orderweft("--config", str(self.config), *words, clock=self.clock)
        values = self.account.get("values", {})
        secrets = [text for name, text in values.items() if name.endswith(("key", "token", "secret"))]
        people = [part for one in brand.buyers() for part in (one.email, one.phone, one.line1, one.buyer)]
        assert not [part for part in (*secrets, *people, self.joor.settings()["token"]) if part in said.text]
        return said

    def run(self, observer: Observer = unwatched) -> Report:
        """Run the pipeline of orders once in this process."""
        with self.ledger() as ledger:
            found = run_orders(self.chosen, plugins(), ledger, ledger.clock, observer=observer, handlers=self._handlers)
        return heard(found)

    def move(self, **options: Any) -> RecordReport:
        """Run a pipeline that moves anything but orders once."""
        given = RecordOptions(**options)
        with self.ledger() as ledger:
            found = run_records(self.chosen, plugins(), ledger, ledger.clock, options=given, handlers=self._handlers)
        return heard(found)

    @property
    def _handlers(self) -> dict[str, Faulty]:
        return {name: door for name, door in self.doors.items() if name not in self.served}

    def ledger(self) -> AbstractContextManager[Ledger]:
        """Open the ledger."""
        return closing(Ledger(self.folder / "orderweft.db", self.clock or SystemClock()))

    def die(
        self, *, at_moment: int = 0, at_call: int = 0, end: str = "before", among: Collection[str] = WRITES
    ) -> bool:
        """Run and die at that many moments, or before or after that many calls *among* some, and return whether it did.

        The ledger is closed at that very moment, nothing goes out after it from any of the process's threads, and the
        lease of the dead runs out.
        """
        seen: Counter[str] = Counter()
        lock, dead = threading.Lock(), threading.Event()
        with self.ledger() as ledger:

            def tick(kind: str, limit: int) -> None:
                with lock:
                    seen[kind] += 1
                    if seen[kind] == limit:
                        dead.set()
                if dead.is_set():
                    ledger.close()
                    raise Died

            def observe(moment: Moment, counts: Counter[str], note: str = "") -> None:
                tick("moment", at_moment)

            def watch(moment: str, operation: str) -> None:
                if operation in among or dead.is_set():
                    tick(moment, at_call if moment == end else 0)

            self.watchers.append(watch)
            with suppress(Died, LedgerError):
                run_orders(self.chosen, plugins(), ledger, ledger.clock, observer=observe, handlers=self._handlers)
            self.watchers.remove(watch)
        self.pass_time()
        return dead.is_set()

    def run_and_be_killed(self, at_moment: int) -> int:
        """Run in a process of its own that kills itself at that many moments, and return its exit code.

        It is -9 when it was killed; a watcher may kill it from outside by `kill`.
        """
        self.configure()
        self.victim = _FORKSERVER.Process(target=_run_in_child, args=(self.config, at_moment))
        self.victim.start()
        self.victim.join(60)
        assert self.victim.exitcode is not None
        return int(self.victim.exitcode)

    def kill(self) -> None:
        """Kill the process that runs."""
        if self.victim is not None and self.victim.pid is not None:
            os.kill(self.victim.pid, signal.SIGKILL)

    def pass_time(self) -> None:
        """Let a dead process's lease run out, and whatever else has to be waited for."""
        if self.clock is not None:
            self.clock.sleep(LEASE.total_seconds() + 900)

    def order(self, luck: Random) -> None:
        """Have two customers order whose orders go through, and two whose do not."""
        for code in (*luck.sample(KNOWN, 2), UNREADABLE, UNWANTED):
            wanted = {sku.sku: luck.randrange(1, 9) for sku in luck.sample(brand.skus(), 2)}
            self.joor.add_order(wanted, customer=code)

    def quiet(self) -> None:
        """Run until runs end well and have nothing left to do, with work done at the other end in between."""
        said = []
        for _ in range(8):
            report = self.run()
            self.far.work()
            self.pass_time()
            done = {name: count for name, count in report.counts.items() if count and name in BUSY}
            if report.result in ("done", "held") and not done and not report.warnings:
                return
            said.append((report.error, report.warnings, done))
        raise AssertionError(f"runs do not come to rest: {said}")

    def orders_of(self, *codes: str) -> set[int]:
        """Return JOOR's orders of these customers."""
        return {number for number, one in self.joor.orders.items() if one.header["customer_code"] in codes}

    def each_order_is_there_once(self, what: object = "") -> None:
        """Assert, after quiet runs, that the system has each order once and that all know how each stands."""
        self.quiet()
        settings: Any = self.chosen.destination.settings
        good, bad = self.orders_of(*KNOWN), self.orders_of(UNREADABLE)
        wanted = Counter(key_of(settings.system, delivery_key("joor", str(one)), settings.texts) for one in good)
        assert Counter(self.far.keys()) == wanted, what
        states = dict.fromkeys(good, "delivered") | dict.fromkeys(bad, "held")
        states |= dict.fromkeys(self.orders_of(UNWANTED), "skipped")
        assert self.states() == states, what
        told = {number: state for number, (state, _) in self.joor.acknowledged.items()}
        assert told == dict.fromkeys(good, "SUCCESS") | dict.fromkeys(bad, "FAILED"), what

    def states(self) -> dict[int, str]:
        """Return the state of each order in the ledger."""
        with self.ledger() as ledger:
            rows = listed(ledger, limit=10_000)
            assert sum(tally(ledger).values()) == len(rows)
            return {int(row.number): row.state for row in rows}

    def reasons(self) -> set[str | None]:
        """Return why orders are held."""
        with self.ledger() as ledger:
            return {row.reason for row in holds(ledger, "orders")}

    def nothing_more_is_sent(self) -> None:
        """Assert that further runs change nothing."""
        self.each_order_is_there_once()
        calls = [door.calls for door in self.doors.values()]
        written = sum(call in WRITES for made in calls for call in made)
        self.quiet()
        assert sum(call in WRITES for made in calls for call in made) == written
        self.each_order_is_there_once()


@contextmanager
def calling(
    folder: Path,
    system: str,
    *,
    switches: Mapping[str, Any] | None = None,
    joor: Mapping[str, Any] | None = None,
    served: bool = False,
    clock: FakeClock | None = None,
    **settings: Any,
) -> Iterator[House]:
    """Open a house with a system that is called; *switches* are its own, *settings* those of its connection.

    *changes* among them are made to the text of its profile. With *served* both ends are real servers, for commands and
    for runs in other processes.
    """
    clock = clock or (None if served else FakeClock())
    account = Joor(clock=clock, **{"orders": "none", "throttle": "off", **(joor or {})})
    sim = Rehearsed(clock=clock, system=system, **(switches or {}))
    with ExitStack() as running:
        opened = _house(folder, account, Called(sim), settings_of(sim, folder, **{"item_code": STYLE_SKU, **settings}),
                        {"joor": account, "oms": sim}, clock)  # fmt: skip
        if served:
            for name, door in opened.doors.items():
                opened.served[name] = running.enter_context(SimulatorServer(door)).url
        yield opened


@contextmanager
def exchanging(
    folder: Path,
    kind: Kind,
    *,
    place: Place = "local",
    server: Any = None,
    joor: Mapping[str, Any] | None = None,
    served: bool = False,
    clock: FakeClock | None = None,
    **settings: Any,
) -> Iterator[House]:
    """Open a house with a system that exchanges files of a kind in a folder on this machine, or on *server*.

    For S3, *server* is the address of one.
    """
    clock = None if served else clock or FakeClock()
    account = Joor(clock=clock, **{"orders": "none", "throttle": "off", **(joor or {})})
    reached, behind = _reached(folder, place, server)
    with ExitStack() as running, closing(behind):
        values = {"profile": f"files_{kind}", "item_code": STYLE_SKU, **reached, **settings}
        opened = _house(folder, account, Exchanging(behind, kind), values, {"joor": account}, clock)
        opened.root = folder / "exchange" if place == "local" else getattr(server, "folder", folder)
        if served:
            opened.served["joor"] = running.enter_context(SimulatorServer(opened.doors["joor"])).url
        yield opened


def _house(
    folder: Path, joor: Joor, far: FarEnd, account: dict[str, Any], ends: Mapping[str, Any], clock: FakeClock | None
) -> House:
    watchers: list[Callable[[str, str], None]] = []
    return House(folder, joor, far, account, watched(ends, watchers), clock, folder, watchers)


def _reached(folder: Path, place: Place, server: Any) -> tuple[dict[str, Any], Folder]:
    """Return the settings by which we reach the folder, and the folder as the system itself does."""
    if place == "s3":
        keys: dict[str, Any] = {"access_key": "key", "secret_key": "secret", "region": "us-east-1"}
        address = f"s3://{Bucket().name}/exchange"
        return {**keys, "folder": address, "endpoint": server}, open_folder(address, **keys, endpoint=server)
    if place == "local":
        (folder / "exchange").mkdir(exist_ok=True)
        return {"folder": str(folder / "exchange")}, open_folder(str(folder / "exchange"))
    reached = {"folder": server.address, "password": server.password}
    trusted = {"host_key": server.host_key} if place == "sftp" else {"ca_certificate": server.certificate}
    return {**reached, **trusted}, open_folder(str(server.folder))


@contextmanager
def over_sftp(folder: Path, kind: Kind, **more: Any) -> Iterator[tuple[House, SftpServer]]:
    """Open a house whose system exchanges files on an SFTP server."""
    (folder / "sftp").mkdir()
    with SftpServer(folder / "sftp") as server, exchanging(folder, kind, place="sftp", server=server, **more) as home:
        yield home, server


@contextmanager
def over_ftps(folder: Path, kind: Kind, **more: Any) -> Iterator[tuple[House, FtpsServer]]:
    """Open a house whose system exchanges files on an FTPS server."""
    (folder / "ftps").mkdir()
    with FtpsServer(folder / "ftps") as server, exchanging(folder, kind, place="ftps", server=server, **more) as home:
        yield home, server


_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["tests.houses_oms"])


def _run_in_child(config: Path, at_moment: int) -> None:
    seen = 0

    def observe(moment: Moment, counts: Counter[str], note: str = "") -> None:
        nonlocal seen
        seen += 1
        if seen == at_moment:
            os.kill(os.getpid(), signal.SIGKILL)

    ledger = Ledger(config.parent / "orderweft.db", SystemClock())
    chosen = load_config(config, plugins()).pipeline(None)
    report = run_orders(chosen, plugins(), ledger, ledger.clock, observer=observe)
    os._exit(0 if report.result in ("done", "held") else 1)
