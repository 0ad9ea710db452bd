"""Orders per second through the whole run, and its peak memory, with channels that cost nothing.

`python benchmarks/throughput.py` prints both; `python benchmarks/throughput.py 10000` measures one size.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import null_channels
from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import run_orders

SIZES = (1_000, 10_000, 100_000)
CONFIG = """
[connections.source]
channel = "null_source"
orders = {orders}

[connections.shop]
channel = "null_destination"

[pipelines.orders]
moves = "orders"
source = "source"
destination = "shop"
"""


def measure(orders: int) -> tuple[float, float]:
    """Return orders per second and peak memory in MiB of a run of *orders*."""
    plugins = Plugins()
    plugins.register("null_source", null_channels.source())
    plugins.register("null_destination", null_channels.destination())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orderweft.toml"
        path.write_text(CONFIG.format(orders=orders))
        config = load_config(path, plugins)
        ledger = Ledger(config.ledger, SystemClock())
        gc.freeze()  # as `orderweft run` does
        started = time.perf_counter()
        report = run_orders(config.pipeline("orders"), plugins, ledger, SystemClock())
        seconds = time.perf_counter() - started
        ledger.close()
        assert report.counts["delivered"] == orders, report
    return orders / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures, each size in a process of its own."""
    if len(sys.argv) > 1:
        rate, peak = measure(int(sys.argv[1]))
        print(f"{int(sys.argv[1]):>8} orders of 20 lines: {rate:>7.0f} orders/s, peak {peak:.0f} MiB")
        return
    for size in SIZES:
        subprocess.run([sys.executable, __file__, str(size)], check=True)


if __name__ == "__main__":
    main()
