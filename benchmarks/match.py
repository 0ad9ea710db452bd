"""Seconds and peak memory of `orderweft match` over two catalogs, with channels that cost nothing but their records.

`python benchmarks/match.py` compares 200,000 SKUs; `python benchmarks/match.py 50000` as many as told.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

from orderweft import (
    Channel,
    Connection,
    Limits,
    Origin,
    Product,
    ProductColor,
    RecordPage,
    Settings,
    Sku,
    hookimpl,
)
from orderweft.clock import SystemClock
from orderweft.config import load_config
from orderweft.match import Report, match_ends
from orderweft.plugins import Plugins
from orderweft.runs import open_end

SKUS = 200_000
PER_PRODUCT = 20
PAGE = 100
CONFIG = """
[connections.wholesale]
channel = "listed"
skus = {skus}

[connections.erp]
channel = "listed"
skus = {skus}
skewed = true
"""


class ListedSettings(Settings):
    """Settings of a catalog made up as it is read."""

    skus: int = 0
    skewed: bool = False

    @property
    def service_url(self) -> str:
        """Return an address nobody asks."""
        return "http://127.0.0.1:9"


def product(number: int, skewed: bool) -> Product:
    """Build one style; of a skewed one every tenth barcode lacks its leading zero and every hundredth is another."""
    skus = []
    for size in range(PER_PRODUCT):
        index = number * PER_PRODUCT + size
        barcode = f"0{4_000_000_000_000 + index}"
        if skewed and index % 100 == 0:
            barcode = f"9{barcode}"
        elif skewed and index % 10 == 0:
            barcode = barcode[1:]
        skus.append(Sku(id=f"{skewed}-{index}", size=str(size), barcode=barcode))
    return Product(
        origin=Origin(channel="listed", connection="listed", id=str(number)),
        style_number=str(number),
        name=f"Style {number}",
        colors=(ProductColor(color="Navy", skus=tuple(skus)),),
    )


def channel() -> ModuleType:
    """Return a plugin that has a catalog."""

    @hookimpl
    def describe() -> Channel:
        return Channel("Listed", ListedSettings, Limits())

    @hookimpl
    def read_catalog(connection: Connection[ListedSettings]) -> Iterator[RecordPage]:
        products = connection.settings.skus // PER_PRODUCT
        for start in range(0, products, PAGE):
            numbers = range(start, min(start + PAGE, products))
            made = tuple(product(number, connection.settings.skewed) for number in numbers)
            yield RecordPage(made, complete=start + PAGE >= products)

    module = ModuleType("listed")
    vars(module).update(describe=describe, read_catalog=read_catalog)
    return module


def measure(skus: int) -> tuple[float, Report]:
    """Return the seconds a comparison takes, and what it found."""
    plugins = Plugins()
    plugins.register("listed", channel())
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        path = Path(folder) / "orderweft.toml"
        path.write_text(CONFIG.format(skus=skus))
        clock = SystemClock()
        connections = load_config(path, plugins).connections.values()
        one, other = (opened.enter_context(open_end(connection, plugins, clock)) for connection in connections)
        started = time.perf_counter()
        found = match_ends(one, other, wanted=["barcodes"])
        return time.perf_counter() - started, found


def main() -> None:
    """Print the figures."""
    skus = int(sys.argv[1]) if len(sys.argv) > 1 else SKUS
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, found = measure(skus)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (barcodes,) = found.comparisons
    print(
        f"{skus:>8} SKUs on each side: {seconds:.1f} s, peak {peak:.0f} MiB ({peak - before:.0f} above the start); "
        f"{barcodes.same} the same, {len(barcodes.differences)} differences"
    )


if __name__ == "__main__":
    main()
