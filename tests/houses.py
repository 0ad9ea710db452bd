"""JOOR, Shopify and Zedonk played over real HTTP and in real folders, and configurations that connect any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from orderweft.testing import FakeClock, Faulty, SftpServer, Simulator, SimulatorServer, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_zedonk.simulator import Simulator as Zedonk

from .scenarios import JOOR, SECRETS, SHOP, Said, orderweft, toml_lines

NEWEST, CURRENT, OLDER = "Spring Summer 2027", "Fall Winter 2026", "Spring Summer 2026"
"""The seasons Zedonk has, and JOOR but for the last."""
SEASONS = (NEWEST, CURRENT)
BARCODES = {sku.sku: sku.barcode for sku in brand.skus()}
"""By SKU; all three simulators have them."""

ORDERS = {"moves": "orders", "source": "joor", "destination": "zedonk"}
IN_JOOR = {"warehouse": "Default"}
SHOP_STOCK = {
    "moves": "inventory",
    "source": "shop",
    "destination": "joor",
    "source_options": {"locations": ["London"], "product_search": "NOT title:Awkward"},
    "destination_options": IN_JOOR,
    "map": {"warehouse.name": "Default"},
}
"""The brand's 150 levels in London become those of JOOR's first warehouse."""
SHOP_STYLES = {
    "moves": "catalog",
    "source": "shop",
    "destination": "joor",
    "source_options": {
        "style_number": "{{ (variant.sku | split('-'))[0] }}",
        "price_is": "wholesale",
        "product_search": "NOT title:Awkward",
    },
}
ZEDONK_STOCK = {
    "moves": "inventory",
    "source": "zedonk",
    "destination": "joor",
    "source_options": {"stock_seasons": SEASONS},
    "destination_options": IN_JOOR,
}
ZEDONK_STYLES = {
    "moves": "catalog",
    "source": "zedonk",
    "destination": "joor",
    "source_options": {"price_seasons": SEASONS, "price_lists": ["Wholesale"]},
    "map": {
        "prices.*.label": "{{ price.currency }} {{ price.label }}",
        "colors.*.prices.*.label": "{{ price.currency }} {{ price.label }}",
        "colors.*.color_code": "{{ color.color | upper }}",
    },
}
ZEDONK_CUSTOMERS = {"moves": "customers", "source": "zedonk", "destination": "joor"}
Table = Mapping[str, Any]


@dataclass
class House:
    """Accounts on this machine, each a connection of the channel's name, and pipelines between them."""

    folder: Path
    clock: FakeClock
    simulators: dict[str, Simulator] = field(default_factory=dict)
    doors: dict[str, Faulty] = field(default_factory=dict)
    """What stands between the simulators and their clients, to make calls fail."""
    sftp: SftpServer | None = None
    """What serves Zedonk's folder, when not the folder itself is used."""
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    pipelines: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def joor(self) -> Joor:
        """Return the JOOR account."""
        return cast(Joor, self.simulators["joor"])

    @property
    def shop(self) -> Shopify:
        """Return the Shopify shop."""
        return cast(Shopify, self.simulators["shop"])

    @property
    def zedonk(self) -> Zedonk:
        """Return the Zedonk tenant."""
        return cast(Zedonk, self.simulators["zedonk"])

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.folder / "orderweft.toml"

    def connect(self, name: str, **settings: Any) -> None:
        """Change settings of a connection; None drops one."""
        self.connections[name] |= settings
        self.write()

    def pipe(self, name: str, table: Table | None = None, /, **changes: Any) -> None:
        """Set up a pipeline, or change one; tables within are merged, None drops a key."""
        merged = {**(table if table is not None else self.pipelines[name])}
        for key, value in changes.items():
            if isinstance(value, Mapping):
                inner = {**merged.get(key, {}), **value}
                merged[key] = {name: one for name, one in inner.items() if one is not None}
            else:
                merged[key] = value
        self.pipelines[name] = merged
        self.write()

    def write(self, extra: str = "") -> None:
        """Write the configuration, with *extra* at its end."""
        tables = [(f"connections.{name}", table) for name, table in self.connections.items()]
        tables += [(f"pipelines.{name}", table) for name, table in self.pipelines.items()]
        text = "\n\n".join(f"[{name}]\n{toml_lines(table)}" for name, table in tables)
        self.config.write_text(f"{text}\n\n{extra}", encoding="utf-8")

    def say(self, *words: str, **more: Any) -> Said:
        """Run a command on this configuration; it must not tell anybody's secret or address."""
        said = orderweft("--config", str(self.config), *words, clock=self.clock, **more)
        assert not (leaked := self.leaks(said.text)), leaked
        return said

    def leaks(self, text: str) -> list[str]:
        """Return the secrets of all accounts, and the addresses of people, that stand in *text*."""
        settings = [table for one in self.simulators.values() for table in one.settings().items()]
        secrets = [str(value) for name, value in settings if name in SECRETS]
        people = [part for one in brand.buyers() for part in (one.email, one.phone, one.line1, one.buyer)]
        return [part for part in (*secrets, *people) if part in text]

    def written(self) -> int:
        """Return how many calls have meant to change something in JOOR, and forget them."""
        calls = len(self.joor.log)
        self.joor.log.clear()
        return calls

    def stock_rows(self) -> list[dict[str, Any]]:
        """Return the rows of stock JOOR was sent since last asked."""
        calls = [call.body for call in self.joor.log if call.operation == "inventory.write"]
        self.joor.log.clear()
        return [row for body in calls for row in body["inventory_items"]]

    def in_joor(self, sku: str, *, warehouse: str = "Default", day: Any = None) -> int | None:
        """Return what JOOR has of a SKU of the brand in a warehouse, now or from a day on."""
        return self.joor.stock.get((warehouse, day, BARCODES[sku]))


@contextmanager
def house(
    folder: Path,
    *,
    joor: Table | None = None,
    shop: Table | None = None,
    zedonk: Table | None = None,
    sftp: bool = False,
    clock: FakeClock | None = None,
) -> Iterator[House]:
    """Open the accounts named, with switches of their simulators; JOOR has no orders unless they say otherwise.

    With *sftp* Zedonk's folder is reached over SFTP.
    """
    opened = House(folder, clock or FakeClock())
    made: dict[str, Simulator] = {}
    if joor is not None:
        made["joor"] = Joor(clock=opened.clock, **{"orders": "none", **joor})
    if shop is not None:
        made["shop"] = Shopify(clock=opened.clock, **shop)
    if zedonk is not None:
        made["zedonk"] = Zedonk(clock=opened.clock, **zedonk)
    with ExitStack() as running:
        for name, simulator in made.items():
            opened.simulators[name] = simulator
            opened.doors[name] = Faulty(simulator)
            server = running.enter_context(SimulatorServer(opened.doors[name]))
            account = {**simulator.settings(), "base_url": server.url}
            account |= JOOR if name == "joor" else SHOP if name == "shop" else {}
            if name == "zedonk" and sftp:
                opened.sftp = running.enter_context(SftpServer(opened.zedonk.folder, password=account["password"]))
                account |= {"folder": opened.sftp.address, "host_key": opened.sftp.host_key}
            channel = "shopify" if name == "shop" else name
            opened.connections[name] = {"channel": channel, **_kept(folder, name, account)}
        opened.write()
        yield opened


def _kept(folder: Path, name: str, account: dict[str, Any]) -> dict[str, Any]:
    """Return the account's settings, its secrets kept in files."""
    for secret in account.keys() & {*SECRETS, "key"}:
        (folder / f"{name}-{secret}").write_text(account[secret], encoding="utf-8")
        account[secret] = f"file:{name}-{secret}"
    return account
