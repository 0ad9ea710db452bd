"""Orders per second from JOOR to Shopify over real HTTP, both played by simulators in processes of their own."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import run_orders
from orderweft.testing import SimulatorServer

ORDERS = 400
CONFIG = """
[connections.joor]
channel = "joor"
base_url = "{joor[0]}"
{joor[1]}

[connections.shop]
channel = "shopify"
base_url = "{shopify[0]}"
{shopify[1]}
in_flight = {in_flight}

[pipelines.orders]
moves = "orders"
source = "joor"
destination = "shop"
"""


def play(channel: str, switches: dict[str, Any], pipe: Pipe) -> None:
    """Serve *channel* until the pipe is closed."""
    kind = Plugins.installed().call(channel, "simulator", settings={}, folder=Path())
    simulator = kind(**switches)
    settings = "\n".join(f'{name} = "{value}"' for name, value in simulator.settings().items())
    with SimulatorServer(simulator.handle) as server:
        pipe.send((server.url, settings))
        pipe.recv()


def measure(in_flight: int) -> float:
    """Return orders per second with so many calls at a time, the shop's own rate limit taken away."""
    spawn = multiprocessing.get_context("spawn")
    doors, pipes = {}, []
    for channel, switches in (
        ("joor", {"orders": "none", "many": ORDERS}),
        ("shopify", {"bucket_size": 1_000_000, "restore_rate": 1_000_000}),
    ):
        ours, theirs = spawn.Pipe()
        spawn.Process(target=play, args=(channel, switches, theirs), daemon=True).start()
        doors[channel] = ours.recv()
        pipes.append(ours)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orderweft.toml"
        path.write_text(CONFIG.format(**doors, in_flight=in_flight))
        plugins = Plugins.installed()
        config = load_config(path, plugins)
        ledger = Ledger(config.ledger, SystemClock())
        started = time.perf_counter()
        report = run_orders(config.pipeline("orders"), plugins, ledger, SystemClock())
        seconds = time.perf_counter() - started
        ledger.close()
    for pipe in pipes:
        pipe.send("stop")
    assert report.counts["delivered"] == ORDERS, report
    return ORDERS / seconds


def main() -> None:
    """Print the figures."""
    for in_flight in (1, 4):
        print(f"{ORDERS} orders over loopback HTTP, {in_flight} calls at a time: {measure(in_flight):.0f} orders/s")


if __name__ == "__main__":
    main()
