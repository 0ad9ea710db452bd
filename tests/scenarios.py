"""JOOR and Shopify played over real HTTP; the command line and runs against them, in processes that may be killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sysconfig
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner
from orderweft import Http
from orderweft.cli import main
from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import RecordReport, Report, RunOptions, delivery_key, run_orders
from orderweft.testing import FakeClock, Faulty, SimulatorServer, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_shopify.simulator.orders import Order as ShopOrder

from . import canary

COMMAND = Path(sysconfig.get_path("scripts")) / "orderweft"
JOOR = {"acknowledge": "v4"}
SHOP = {"settle_seconds": 0.05, "timeout": 2}
PIPELINE = {"moves": "orders", "source": "joor", "destination": "shop"}
SECRETS = ("token", "client_secret", "password")
RUN_KEYS = {"staged", "pipeline", "run", "result", "error", "warnings", "counts", "held", "holds", "previews", "urgent",
            "changes"}  # fmt: skip
"""What `run --json` and `rehearse --json` say of a run."""
Tables = Mapping[str, Mapping[str, Any]]
Told = TypeVar("Told", bound=Report | RecordReport)


@dataclass(frozen=True)
class Said:
    """What a command has said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Return all of it with the white space evened out, so that tables can be searched for sentences."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def json(self) -> Any:
        """Return the JSON on standard output."""
        return json.loads(self.out)

    def expect(self, code: int, *words: str) -> None:
        """Assert the exit code, that the message holds all *words*, and that no traceback is shown."""
        assert self.code == code, self.text
        assert "Traceback" not in self.text
        for word in words:
            assert word in self.text, self.text


def orderweft(
    *words: str, clock: FakeClock | None = None, charset: str = "utf-8", private: bool = False, **more: Any
) -> Said:
    """Run a command in this process, which tells of people when *private*; an error without a message is raised."""
    done = CliRunner(charset=charset).invoke(
        main, words, obj=clock, catch_exceptions=False, prog_name="orderweft", **more
    )
    canary.hear(f"orderweft {' '.join(words)}", done.output, may_tell_names=private)
    return Said(done.exit_code, done.stdout, done.stderr)


@dataclass
class Scene:
    """A JOOR account and a Shopify shop on this machine, with a configuration that connects them."""

    folder: Path
    joor: Joor
    shop: Shopify
    joor_door: Faulty
    shop_door: Faulty
    tables: Tables
    """What the configuration says at first, by table."""
    clock: FakeClock | None = None
    """The time of both ends and of commands; the machine's own when left out."""
    watchers: list[Callable[[str, str], None]] = field(default_factory=list)
    victim: Any = None

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "orderweft.toml"

    @property
    def delivered(self) -> list[int]:
        """Return the JOOR orders that are in the shop, as often as they are there."""
        numbers = {delivery_key("joor", str(number)): number for number in self.joor.orders}
        return sorted(numbers[str(order.external_id)] for order in self.shop.orders)

    def configure(self, extra: str = "", /, **changes: Any) -> None:
        """Write the configuration anew, with *changes* to the tables `joor`, `shop` and `orders`; None drops a key."""
        tables = {name: {**table, **changes.get(name, {})} for name, table in self.tables.items()}
        written = [
            f"[{'pipelines' if name == 'orders' else 'connections'}.{name}]\n{toml_lines(table)}"
            for name, table in tables.items()
        ]
        self.config.write_text("\n\n".join([*written, extra]), encoding="utf-8")

    def say(self, *words: str, private: bool = False, **more: Any) -> Said:
        """Run a command on this configuration; unless *private*, what it says must hold nobody's secret or address."""
        said = orderweft("--config", str(self.config), *words, clock=self.clock, private=private, **more)
        assert private or not (leaked := self.leaks(said.text)), leaked
        return said

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """Run a command on this configuration in a process of its own."""
        command = [str(COMMAND), "--config", str(self.config), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def ended(self, process: subprocess.Popen[str]) -> Said:
        """Return what a process has said when it has ended, with nobody's secret or address in it."""
        out, err = process.communicate(timeout=60)
        canary.hear(f"process {process.args!s}", out + err)
        assert not (leaked := self.leaks(out + err)), leaked
        return Said(process.returncode, out, err)

    def leaks(self, text: str) -> list[str]:
        """Return the secrets of both accounts, and the addresses of people, that stand in *text*."""
        accounts = {**self.joor.settings(), **self.shop.settings()}
        secrets = [str(value) for name, value in accounts.items() if name in SECRETS]
        people = [part for one in brand.buyers() for part in (one.email, one.phone, one.line1, one.buyer)]
        return [part for part in (*secrets, *people) if part in text]

    def wait(self, seconds: float) -> None:
        """Let time pass on the common clock."""
        assert self.clock is not None
        self.clock.sleep(seconds)

    def order(self, number: int) -> ShopOrder:
        """Return the one order in the shop that a JOOR order has become."""
        [order] = self.shop.orders_by_external_id(delivery_key("joor", str(number)))
        return order

    def why(self, number: int) -> str:
        """Return what `orders why` says of an order."""
        return self.say("orders", "why", str(number)).text

    def all_arrive(self) -> None:
        """Assert that, nothing failing any more, a run delivers exactly what is missing, and tells JOOR of all."""
        self.joor_door.faults.clear()
        self.shop_door.faults.clear()
        self.say("run").expect(0)
        assert self.delivered == sorted(self.joor.orders)
        assert sorted(self.joor.acknowledged) == self.delivered
        assert {status for status, _ in self.joor.acknowledged.values()} == {"SUCCESS"}

    def run(self, **options: Any) -> Report:
        """Run the pipeline once in this process."""
        return run_once(self.config, **options)

    def run_and_die(self, at_moment: int | None = None) -> int:
        """Run the pipeline in a process of its own and return its exit code; -9 when it was killed.

        With *at_moment* it kills itself at that many moments of the run; a watcher may kill it from outside.
        """
        process = _FORKSERVER.Process(target=_run_in_child, args=(self.config, at_moment))
        self.victim = process
        process.start()
        process.join(60)
        assert process.exitcode is not None
        return process.exitcode

    def kill(self) -> None:
        """Kill the process that runs."""
        if self.victim.pid is not None:
            os.kill(self.victim.pid, signal.SIGKILL)


_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["tests.scenarios"])
# what every run of a child needs is made before the children are forked
Http("https://127.0.0.1", clock=SystemClock()).close()


@contextmanager
def scene(
    folder: Path,
    orders: int = 0,
    *,
    clock: FakeClock | None = None,
    joor: Mapping[str, Any] | None = None,
    shop: Mapping[str, Any] | None = None,
    settings: Tables | None = None,
) -> Iterator[Scene]:
    """Open a scene with so many ordinary approved orders; *joor* and *shop* are switches of the simulators.

    *settings* are those of the tables `joor`, `shop` and `orders`, beyond what connects them.
    """
    account = Joor(clock=clock, **{"orders": "none", "many": orders, **(joor or {})})
    store = Shopify(clock=clock, **(shop or {}))
    watchers: list[Callable[[str, str], None]] = []

    def watch(moment: str, operation: str) -> None:
        for watcher in watchers:
            watcher(moment, operation)

    doors = Faulty(account, watch=watch), Faulty(store, watch=watch)
    with SimulatorServer(doors[0]) as joor_server, SimulatorServer(doors[1]) as shop_server:
        given = settings or {}
        tables = {
            "joor": {"channel": "joor", "base_url": joor_server.url, **JOOR, **_kept(folder, "joor", account)},
            "shop": {"channel": "shopify", "base_url": shop_server.url, **SHOP, **_kept(folder, "shop", store)},
            "orders": PIPELINE,
        }
        merged = {name: {**table, **given.get(name, {})} for name, table in tables.items()}
        opened = Scene(folder, account, store, *doors, merged, clock, watchers)
        opened.configure()
        yield opened


def _kept(folder: Path, name: str, simulator: Joor | Shopify) -> dict[str, Any]:
    """Return the account's settings, its secrets kept in files."""
    settings = dict(simulator.settings())
    for secret in settings.keys() & set(SECRETS):
        (folder / f"{name}-{secret}").write_text(settings[secret], encoding="utf-8")
        settings[secret] = f"file:{name}-{secret}"
    return settings


def toml_lines(table: Mapping[str, Any]) -> str:
    """Write a table without its header; whatever is None is left out."""
    return "\n".join(f"{json.dumps(name)} = {_toml(value)}" for name, value in table.items() if value is not None)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def run_once(config: Path, observer: Any = None, **options: Any) -> Report:
    """Run the one pipeline of *config* against whatever it names."""
    plugins = Plugins.installed()
    loaded = load_config(config, plugins)
    ledger = Ledger(loaded.ledger, SystemClock())
    try:
        report = run_orders(
            loaded.pipeline(None),
            plugins,
            ledger,
            SystemClock(),
            options=RunOptions(**options),
            **({"observer": observer} if observer else {}),
        )
        return heard(report)
    finally:
        ledger.close()


def heard(report: Told) -> Told:
    """Return *report*, its sentences searched for the secrets and the customer of this run."""
    holds = [f"{one.message} {one.fix}" for one in report.holds]
    canary.hear("report", "\n".join([report.error or "", *report.warnings, *holds]))
    return report


def _run_in_child(config: Path, at_moment: int | None) -> None:
    seen = 0
    lock = threading.Lock()

    def observe(moment: str, counts: Counter[str], note: str = "") -> None:
        nonlocal seen
        with lock:
            seen += 1
            if seen == at_moment:
                os.kill(os.getpid(), signal.SIGKILL)

    report = run_once(config, observe)
    os._exit(0 if report.result in ("done", "held") else 1)
