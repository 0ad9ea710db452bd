"""Share of the allowed rate that a run uses at a destination that paces it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import null_channels
from orderweft import (
    Accepted,
    Channel,
    Connection,
    Delivery,
    Limits,
    Outcome,
    Receipt,
    Request,
    Response,
    TokenBucket,
    hookimpl,
)
from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import run_orders

ORDERS = 1_000
CONFIG = """
[connections.source]
channel = "null_source"
orders = {orders}

[connections.shop]
channel = "paced"

[pipelines.orders]
moves = "orders"
source = "source"
destination = "shop"
"""


def measure(rate: float) -> float:
    """Return the share of *rate* calls a second that was used."""
    calls: list[float] = []

    def answer(request: Request) -> Response:
        calls.append(time.perf_counter())
        return Response.of_json({"ok": True})

    plugins = Plugins()
    plugins.register("null_source", null_channels.source())

    @hookimpl
    def describe() -> Channel:
        pacing = TokenBucket(rate=rate, burst=1)
        return Channel("Paced", null_channels.NullSettings, Limits(in_flight=4, batch_size=1, pacing=pacing))

    @hookimpl
    def deliver_orders(
        connection: Connection[null_channels.NullSettings], deliveries: Sequence[Delivery]
    ) -> list[Outcome]:
        for _ in deliveries:
            connection.http.write("POST", "orders", json={})
        return [Accepted(receipt=Receipt(id=delivery.key)) for delivery in deliveries]

    module = null_channels.destination()
    module.describe, module.deliver_orders = describe, deliver_orders
    plugins.register("paced", module)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orderweft.toml"
        path.write_text(CONFIG.format(orders=ORDERS))
        config = load_config(path, plugins)
        ledger = Ledger(config.ledger, SystemClock())
        report = run_orders(config.pipeline("orders"), plugins, ledger, SystemClock(), handlers={"shop": answer})
        ledger.close()
        assert report.counts["delivered"] == ORDERS, report
    return (ORDERS - 1) / (calls[-1] - calls[0]) / rate


def main() -> None:
    """Print the share for the rates partners allow, and one above them."""
    for rate in (40, 100, 200):
        print(f"{rate:>4} calls/s allowed: {measure(rate):.1%} used")


if __name__ == "__main__":
    main()
