"""Stock of many SKUs through the whole run: everything the first time, one in a hundred changed the second, nothing
changed the third.

`python benchmarks/stock.py` measures 100,000 SKUs; `python benchmarks/stock.py 20000` another number. The channels cost
nothing: one gives levels it has in memory, the other takes batches of 1,000 and forgets them.
"""

from __future__ import annotations

import gc
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from null_channels import NullSettings, channel_of
from orderweft import (
    Accepted,
    Account,
    Channel,
    Connection,
    Kind,
    Limits,
    Outcome,
    Receipt,
    RecordPage,
    StockLevel,
    WriteMode,
    hookimpl,
)
from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import run_records
from stdnum import ean

PAGE = 1000
CONFIG = """
[connections.depot]
channel = "depot"

[connections.shop]
channel = "shop"

[pipelines.stock]
moves = "inventory"
source = "depot"
destination = "shop"
"""


def level(number: int, changed: bool) -> StockLevel:
    """Build the level of one SKU."""
    digits = f"20{number:010d}"
    barcode = digits + ean.calc_check_digit(digits)
    return StockLevel.model_validate(
        {
            "origin": {"channel": "depot", "connection": "depot", "id": str(number)},
            "item": {"style_number": f"S{number // 15}", "color": "Navy", "color_code": f"{number % 3}",
                     "size": str(number % 5), "barcode": barcode, "gtin": barcode.zfill(14)},
            "warehouse": {"name": "Default"},
            "quantity": number % 97 + changed,
        }
    )  # fmt: skip


class World:
    """A depot whose stock changes, and a shop that counts what it is told."""

    def __init__(self, many: int) -> None:
        self.many, self.changed, self.rows, self.calls = many, 0, 0, 0

    def depot(self) -> ModuleType:
        """Return the source."""

        @hookimpl
        def describe() -> Channel:
            return Channel("Depot", NullSettings)

        @hookimpl
        def check_connection(connection: Connection[NullSettings]) -> Account:
            return Account("depot", "depot")

        @hookimpl
        def read_inventory(connection: Connection[NullSettings]) -> Iterator[RecordPage]:
            for start in range(0, self.many, PAGE):
                end = min(start + PAGE, self.many)
                levels = tuple(level(number, number < self.changed) for number in range(start, end))
                yield RecordPage(levels, complete=end == self.many)

        return channel_of(describe, check_connection, read_inventory)

    def shop(self) -> ModuleType:
        """Return the destination."""

        @hookimpl
        def describe() -> Channel:
            return Channel("Shop", NullSettings, Limits(batch_sizes={"inventory": 1000}))

        @hookimpl
        def check_connection(connection: Connection[NullSettings]) -> Account:
            return Account("shop", "shop")

        @hookimpl
        def accepts(connection: Connection[NullSettings], kind: Kind) -> dict[str, Any]:
            return {"properties": {"item": {"required": ["barcode"]}}}

        @hookimpl
        def write_inventory(
            connection: Connection[NullSettings], levels: Sequence[StockLevel], mode: WriteMode
        ) -> list[Outcome]:
            self.calls += 1
            self.rows += len(levels)
            return [Accepted(receipt=Receipt(id=one.identity)) for one in levels]

        return channel_of(describe, check_connection, accepts, write_inventory)


def main() -> None:
    """Print the figures."""
    world = World(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    plugins = Plugins()
    plugins.register("depot", world.depot())
    plugins.register("shop", world.shop())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orderweft.toml"
        path.write_text(CONFIG)
        config = load_config(path, plugins)
        ledger = Ledger(config.ledger, SystemClock())
        gc.freeze()
        for name, changed in (("first sync", 0), ("1 % changed", world.many // 100), ("nothing changed", 0)):
            world.changed = changed or world.changed
            world.rows = world.calls = 0
            started = time.perf_counter()
            report = run_records(config.pipeline("stock"), plugins, ledger, SystemClock())
            seconds = time.perf_counter() - started
            assert report.result == "done", report
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{world.many:>8} SKUs, {name:<16} {world.rows:>7} rows in {world.calls:>4} requests, "
                f"{seconds:>6.1f} s, {world.many / seconds:>7.0f} SKUs/s, peak {peak:.0f} MiB"
            )
        ledger.close()
        print(f"ledger: {config.ledger.stat().st_size / world.many:.0f} bytes per SKU")


if __name__ == "__main__":
    main()
