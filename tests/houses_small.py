"""JOOR, Shopify and Zedonk in this process, with a handful of styles each, and any pipeline between two of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from orderweft.config import load_config
from orderweft.ledger import Ledger, find, history
from orderweft.plugins import Plugins
from orderweft.runs import RecordReport, Report, run_orders, run_records
from orderweft.testing import FakeClock, Fault, Faulty, Simulator, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_joor.simulator.catalog import Product as JoorProduct
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_shopify.simulator.customers import Customer
from orderweft_shopify.simulator.products import Product
from orderweft_zedonk.simulator import Simulator as Zedonk

from .scenarios import heard, toml_lines

Table = Mapping[str, Any]
STYLES = ("1001", "1002")
"""The styles that JOOR and Shopify keep."""
ZEDONK_STYLE = "1002"
"""The one that Zedonk keeps."""
SKUS = tuple(sku for sku in brand.skus() if sku.style_number in STYLES)
NOWHERE = "http://127.0.0.1:9"
_CHANNELS = {"joor": "joor", "shop": "shopify", "zedonk": "zedonk"}


@cache
def _plugins() -> Plugins:
    return Plugins.installed()


@dataclass
class Small:
    """Some of a brand's systems, each a connection, and what runs between them."""

    folder: Path
    clock: FakeClock
    ends: dict[str, Simulator]
    settings: dict[str, dict[str, Any]]
    """Settings by connection, beside the accounts' own."""
    doors: dict[str, Faulty] = field(default_factory=dict)
    """What stands between the systems and their clients."""

    @property
    def joor(self) -> Joor:
        """Return the JOOR account."""
        return cast(Joor, self.ends["joor"])

    @property
    def shop(self) -> Shopify:
        """Return the Shopify store."""
        return cast(Shopify, self.ends["shop"])

    @property
    def zedonk(self) -> Zedonk:
        """Return the Zedonk tenant."""
        return cast(Zedonk, self.ends["zedonk"])

    @property
    def shop_products(self) -> dict[str, Product]:
        """Return the store's products by title."""
        return {product.title: product for product in self.shop._store.all(Product)}  # noqa: SLF001

    @property
    def shop_customers(self) -> list[Customer]:
        """Return the store's customers."""
        return self.shop._store.all(Customer)  # noqa: SLF001

    @property
    def joor_products(self) -> list[JoorProduct]:
        """Return JOOR's products, each as often as it is there."""
        return list(self.joor._account.catalog.products.values())  # noqa: SLF001

    def make_to_order(self, barcode: str) -> None:
        """Let an item be ordered from JOOR without stock."""
        account = self.joor._account  # noqa: SLF001
        sku = account.catalog.by_barcode(barcode)
        assert sku is not None
        account.stock.made_to_order.add(sku.id)

    def history(self, number: int) -> str:
        """Return all the ledger has of an order from JOOR."""
        ledger = Ledger(self.folder / "orderweft.db", self.clock)
        try:
            return str([history(ledger, order) for order in find(ledger, str(number))])
        finally:
            ledger.close()

    def run(self, pipeline: Table, *, minutes: float = 0) -> RecordReport:
        """Run *pipeline*, which moves anything but orders, once, after so many *minutes*."""
        return cast(RecordReport, self._run(pipeline, run_records, minutes))

    def run_orders(self, pipeline: Table, *, minutes: float = 0) -> Report:
        """Run *pipeline*, which moves orders, once, after so many *minutes*."""
        return cast(Report, self._run(pipeline, run_orders, minutes))

    def _run(self, pipeline: Table, run: Callable[..., Any], minutes: float) -> Any:
        self.clock.sleep(minutes * 60)
        config = self.folder / "orderweft.toml"
        config.write_text(self._written(pipeline), encoding="utf-8")
        ledger = Ledger(self.folder / "orderweft.db", self.clock)
        try:
            chosen = load_config(config, _plugins(), secrets_needed=False).pipeline(None)
            return heard(run(chosen, _plugins(), ledger, self.clock, handlers=self.doors))
        finally:
            ledger.close()

    def _written(self, pipeline: Table) -> str:
        tables = []
        for name, end in self.ends.items():
            base = {} if name == "zedonk" else {"base_url": NOWHERE}
            account = {"channel": _CHANNELS[name], **base, **end.settings(), **self.settings.get(name, {})}
            tables.append(f"[connections.{name}]\n{toml_lines(account)}")
        return "\n\n".join([*tables, f"[pipelines.{pipeline['moves']}]\n{toml_lines(pipeline)}"])

    def spoil(self, name: str, *faults: Fault, watch: Callable[[str, str], None] | None = None) -> None:
        """Make calls of a system fail, or let something happen in between."""
        self.doors[name] = Faulty(self.ends[name], *faults, watch=watch)


def small(
    folder: Path,
    *,
    joor: Table | None = None,
    shop: Table | None = None,
    zedonk: Table | None = None,
    settings: Mapping[str, Table] | None = None,
) -> Small:
    """Open the systems named, with switches of their simulators and *settings* by connection."""
    clock = FakeClock()
    given = {name: dict(table) for name, table in (settings or {}).items()}
    opened = Small(folder, clock, {}, given)
    if joor is not None:
        opened.ends["joor"] = Joor(clock=clock, **{"orders": "none", **joor})
        for style in {sku.style_number for sku in brand.skus()} - set(STYLES):
            opened.joor.delete_style(style)
    if shop is not None:
        opened.ends["shop"] = Shopify(clock=clock, **shop)
        for name in {sku.sku for sku in brand.skus()} - {sku.sku for sku in SKUS}:
            with suppress(KeyError):
                opened.shop.delete_variant(name)
    if zedonk is not None:
        opened.ends["zedonk"] = Zedonk(clock=clock, folder=folder / "zedonk", **zedonk)
        _shrink(opened.zedonk)
    opened.doors = {name: Faulty(end) for name, end in opened.ends.items()}
    return opened


def _shrink(zedonk: Zedonk) -> None:
    """Leave a tenant one style."""
    tenant = zedonk._tenant  # noqa: SLF001
    tenant.products[:] = [product for product in tenant.products if product.style == ZEDONK_STYLE]
    kept = {id(sku) for sku in tenant.skus()}
    tenant.stock = {place: stock for place, stock in tenant.stock.items() if id(place[2]) in kept}
    tenant.dockets.clear()
    zedonk.export_files()
