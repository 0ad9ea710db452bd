"""JOOR and Shopify played over real HTTP, and runs against them in processes that may be killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import Report, RunOptions, run_orders
from orderweft.testing import Faulty, SimulatorServer
from orderweft_joor.simulator import Simulator as Joor
from orderweft_shopify.simulator import Simulator as Shopify

CONFIG = """
[connections.joor]
channel = "joor"
base_url = "{joor}"
acknowledge = "v4"
{joor_account}

[connections.shop]
channel = "shopify"
base_url = "{shop}"
settle_seconds = 0.05
timeout = 2
{shop_account}

[pipelines.orders]
moves = "orders"
source = "joor"
destination = "shop"
"""


def _lines(settings: Any) -> str:
    return "\n".join(f'{name} = "{value}"' for name, value in settings.items())


@dataclass
class Scene:
    """A JOOR account and a Shopify shop on this machine, with a configuration that connects them."""

    folder: Path
    joor: Joor
    shop: Shopify
    joor_door: Faulty
    shop_door: Faulty
    watchers: list[Callable[[str, str], None]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "orderweft.toml"

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

    victim: Any = None


_FORKSERVER = multiprocessing.get_context("forkserver")
_FORKSERVER.set_forkserver_preload(["tests.scenarios"])


@contextmanager
def scene(
    folder: Path, orders: int, *, joor: dict[str, Any] | None = None, shop: dict[str, Any] | None = None
) -> Iterator[Scene]:
    """Open a scene with so many ordinary approved orders; *joor* and *shop* are switches of the simulators."""
    account = Joor(orders="none", many=orders, **(joor or {}))
    store = Shopify(**(shop or {}))
    watchers: list[Callable[[str, str], None]] = []

    def watch(moment: str, operation: str) -> None:
        for watcher in watchers:
            watcher(moment, operation)

    doors = Faulty(account, watch=watch), Faulty(store, watch=watch)
    with SimulatorServer(doors[0]) as joor_server, SimulatorServer(doors[1]) as shop_server:
        opened = Scene(folder, account, store, *doors, watchers)
        opened.config.write_text(
            CONFIG.format(
                joor=joor_server.url,
                shop=shop_server.url,
                joor_account=_lines(account.settings()),
                shop_account=_lines(store.settings()),
            )
        )
        yield opened


def run_once(config: Path, observer: Any = None, **options: Any) -> Report:
    """Run the one pipeline of *config* against whatever it names."""
    plugins = Plugins.installed()
    loaded = load_config(config, plugins)
    ledger = Ledger(loaded.ledger, SystemClock())
    try:
        return run_orders(
            loaded.pipeline(None),
            plugins,
            ledger,
            SystemClock(),
            options=RunOptions(**options),
            **({"observer": observer} if observer else {}),
        )
    finally:
        ledger.close()


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
