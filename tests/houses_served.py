"""Houses that runs in other processes work on: served over HTTP, with something to do, and ways to end a process."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from orderweft.testing import FakeClock

from .routes import (
    in_the_shop,
    order_from_the_shop,
    order_from_zedonk,
    the_shop_has_each_order_once,
    zedonk_has_each_order_once,
)
from .wrecks import SKUS, House, house

STOCK = "shop_stock"


@contextmanager
def stocked(folder: Path, *, mode: str = "update", clock: FakeClock | None = None) -> Iterator[House]:
    """Open a house whose shop has a few styles and whose JOOR has the same ones; without a clock, of real servers."""
    with house(folder, clock=clock, served=clock is None) as home:
        for style in home.joor.products.keys() - {"1001", "1002"}:
            home.joor.delete_style(style)
        home.configure(**{STOCK: {"write_mode": mode}})
        yield home


def there(home: House) -> dict[str, int]:
    """Return the stock JOOR has, by barcode."""
    codes = {sku.barcode for sku in SKUS}
    return {code: pieces for (_, _, code), pieces in home.joor.stock.items() if code in codes}


def sell(home: House) -> None:
    """Let the shop sell one piece of everything."""
    for sku in SKUS:
        home.shop.set_stock(sku.sku, "London", home.shop.available(sku.sku, "London") - 1)


@contextmanager
def served(folder: Path, pipeline: str, in_flight: int = 1) -> Iterator[House]:
    """Open a house of real servers in which *pipeline* has something to do."""
    with stocked(folder) as home:
        home.tuning = {name: {"in_flight": in_flight} for name in ("shop", "zedonk")}
        home.configure()
        if pipeline != STOCK:
            order = order_from_the_shop if pipeline == "sales" else order_from_zedonk
            order(home, Random(1))
        yield home


def all_is_there_once(home: House, pipeline: str) -> None:
    if pipeline == "sales":
        the_shop_has_each_order_once(home)
    elif pipeline == "orders":
        zedonk_has_each_order_once(home)
    else:
        assert there(home) == in_the_shop(home)


def hitting(home: House, end: str, operation: str, by: int = signal.SIGKILL) -> Callable[[str, str], None]:
    """Return a watcher that sends the process a signal at one end of its next call."""

    def hit(moment: str, asked: str) -> None:
        if (moment, asked) == (end, operation):
            home.watchers.clear()
            home.kill(by)

    return hit
