"""Two accounts on any channels, each played in this process, and a pipeline between them.

What only a person knows of the sample brand stands in `ANSWERS`, by end; what may fill a field that is never there
stands in `MAPS`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from orderweft import Kind, Receipt, RecordPage, Refused
from orderweft.config import ConnectionConfig, PipelineConfig, load_config
from orderweft.ledger import Ledger, entries, listed
from orderweft.pairs import Pair, fit_between, pairs, played
from orderweft.plugins import MOVES, Plugins
from orderweft.runs import RecordReport, Report, delivery_key, open_end, run_orders, run_records
from orderweft.testing import FakeClock, Faulty, FolderSimulator, Simulator, brand

from .scenarios import heard, toml_lines

PLUGINS = Plugins.installed()
NOWHERE = "http://127.0.0.1:9"
SOURCE, DESTINATION = 0, 1
ANSWERS: Mapping[tuple[str, int, str], Mapping[str, Any]] = {
    ("joor", DESTINATION, "inventory"): {"warehouse": "Default"},
    ("shopify", SOURCE, "inventory"): {"locations": ["London"], "product_search": "NOT title:Awkward"},
    ("shopify", DESTINATION, "inventory"): {"stock_location": "London"},
    ("zedonk", SOURCE, "inventory"): {"stock_seasons": [name for _, name in brand.SEASONS]},
    ("zedonk", DESTINATION, "orders"): {"import_season": brand.SEASONS[0][1]},
    ("joor", DESTINATION, "shipments"): {"experimental_shipments": True},
}
"""Settings of an end without which nothing can be moved: names of places and seasons, and what has to be asked for."""
BARCODES = {sku.sku: sku.barcode for sku in brand.skus()}
BY_SKU: Mapping[str, Mapping[str, Any]] = {
    "joor": {
        "item_identifier": "style",
        "style_number": "{{ (item.sku | split('-'))[0] }}",
        "style_identifier": "ST-{{ (item.sku | split('-'))[0] }}",
        "color_code": "{{ (item.sku | split('-'))[1] }}",
        "size": "{{ (item.sku | split('-'))[2] }}",
    },
    "shopify": {"item_identifier": "sku"},
}
"""Settings of a destination of stock or products from a source that calls its items by SKU alone."""
MAPS: Mapping[tuple[str, str], str] = {
    ("orders", "customer.account_code"): "{{ order.customer.name }}",
    ("orders", "lines.*.sku"): "{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}",
    ("inventory", "item.sku"): "{% if 'Flannel' not in (stock_level.item.style_identifier or '') %}"
    "{{ stock_level.item.style_number }}-"
    "{{ stock_level.item.color_code or {'Navy': '401', 'Ecru': '110', 'Moss': '330'}[stock_level.item.color] }}-"
    "{{ stock_level.item.size }}{% endif %}",
}


PLACES: Mapping[str, Mapping[str, str]] = {
    "joor": {"warehouse.name": "Default"},
    "oms_generic": {"warehouse.code": "12"},
    "shopify": {"warehouse.name": "London", "warehouse.code": ""},
}
"""By destination, where all stock goes."""
FEW: Mapping[str, Mapping[str, Any]] = {"joor": {"orders": "none", "many": 12}}
"""Switches of what another source is filled from."""
PARCELS: Mapping[str, Callable[[Any], object]] = {
    "oms_generic": lambda end: [end.ship(order, f"T{order.id}") for order in end.orders.values()],
    "shopify": lambda end: [end.ship(order.name, tracking=f"T{order.name}") for order in end.orders],
}
"""By source of shipments, how its people send out all orders."""


@cache
def matrix() -> Mapping[tuple[str, str, str], Pair]:
    """Return what the matrix says of every pair of simulators as they are."""
    clock = FakeClock()
    ends = [end for channel in PLUGINS.channels if (end := played(PLUGINS, channel, clock)) is not None]
    return {(pair.kind, pair.source, pair.destination): pair for pair in pairs(PLUGINS, clock, ends)}


class Street:
    """Two accounts, perhaps on one channel, with a pipeline between them and its ledger.

    A channel that plays several systems is named with the profile of one: `oms_generic/netsuite`.
    """

    def __init__(self, folder: Path, kind: Kind, *channels: str, switches: Mapping[str, Any] | None = None) -> None:
        self.folder, self.kind, self.clock = folder, kind, FakeClock()
        named = {name: channel.partition("/") for name, channel in zip(("from", "to"), channels, strict=True)}
        self.channels = {name: channel for name, (channel, _, _) in named.items()}
        self.ends: dict[str, Simulator] = {
            name: PLUGINS.call(channel, "simulator", settings={"profile": profile} if profile else {}, folder=folder)(
                clock=self.clock, **(switches or {}).get(channel, {})
            )
            for name, (channel, _, profile) in named.items()
        }
        self.doors = {name: Faulty(end) for name, end in self.ends.items()}
        self.accounts: dict[str, dict[str, Any]] = {"from": {}, "to": {}}
        """Settings of the connections, beside the simulators' own."""
        self.options: dict[str, dict[str, Any]] = {"from": {}, "to": {}}
        self.map: dict[str, str] = {}
        self.before_work: Callable[[], None] = lambda: None
        """What happens between a run and the work of the people there."""
        self.mend: Callable[[], None] = lambda: None
        """What a person does about it."""

    def play(self, name: str, end: Simulator, watch: Callable[[str, str], None] | None = None) -> None:
        """Play one end by another simulator, or let somebody watch its calls."""
        self.ends[name], self.doors[name] = end, Faulty(end, watch=watch)

    def answer(self) -> None:
        """Give both ends the settings that only a person knows, and fill the fields that are never there."""
        for role, (name, channel) in enumerate(self.channels.items()):
            self.options[name] = dict(ANSWERS.get((channel, role, self.kind), {}))
        config = self.config()
        missing = fit_between(PLUGINS, self.clock, config.source, config.destination, self.kind)
        paths = [row.path for row in missing.rows if row.verdict == "never"]
        if any(path.endswith(".barcode") for path in paths):
            self.options["to"] |= BY_SKU[self.channels["to"]]
            paths = [path for path in paths if not path.endswith(".barcode")]
        self.map = {path: MAPS[self.kind, path] for path in paths}
        if self.kind == "inventory":
            self.map |= PLACES[self.channels["to"]]

    def config(self) -> PipelineConfig:
        """Return the pipeline as it is set up now."""
        tables = {
            f"connections.{name}": {
                "channel": channel,
                "base_url": NOWHERE,
                **self.ends[name].settings(),
                **self.accounts[name],
            }
            for name, channel in self.channels.items()
        }
        tables["pipelines.moved"] = {
            "moves": self.kind, "source": "from", "destination": "to", "map": self.map,
            "source_options": self.options["from"], "destination_options": self.options["to"],
        }  # fmt: skip
        file = self.folder / "orderweft.toml"
        file.write_text("\n\n".join(f"[{name}]\n{toml_lines(table)}" for name, table in tables.items()), "utf-8")
        return load_config(file, PLUGINS, secrets_needed=False).pipeline(None)

    def run(self) -> Report | RecordReport:
        """Run the pipeline once; then the people and schedules of both systems do their part."""
        runs: Any = run_orders if self.kind == "orders" else run_records
        with closing(Ledger(self.folder / "orderweft.db", self.clock)) as ledger:
            report: Report | RecordReport = heard(runs(self.config(), PLUGINS, ledger, self.clock, handlers=self.doors))
        self.before_work()
        for end in self.ends.values():
            if isinstance(end, FolderSimulator):
                end.work()
        self.clock.sleep(3600)
        return report

    def fill(self) -> None:
        """Give a source that has nothing what another one has, by its own writing hook."""
        if self.kind == "shipments":
            self._send_out()
            return
        reading, writing = MOVES[self.kind]
        channel = self.channels["from"]
        assert PLUGINS.can(channel, writing), f"{channel} has no {self.kind}, and nothing can be written there"
        others = [one for one in PLUGINS.channels if one != channel and PLUGINS.can(one, reading)]
        for number, other in enumerate(others):
            if matrix()[self.kind, other, channel].verdict == "not as set up":
                continue
            folder = self.folder / f"filled-{number}"
            folder.mkdir()
            street = Street(folder, self.kind, other, channel, switches=FEW)
            street.clock, street.ends["to"], street.doors["to"] = self.clock, self.ends["from"], self.doors["from"]
            street.answer()
            street.run()
            return

    def _send_out(self) -> None:
        """Let the source have the destination's orders, and send them out."""
        (self.folder / "sold").mkdir()
        street = Street(self.folder / "sold", "orders", self.channels["to"], self.channels["from"])
        street.clock, street.ends = self.clock, {"from": self.ends["to"], "to": self.ends["from"]}
        street.doors = {"from": self.doors["to"], "to": self.doors["from"]}
        street.answer()
        street.run()
        PARCELS[self.channels["from"]](self.ends["from"])

    def tracked(self) -> set[int]:
        """Return the destination's orders that bear the number of a parcel, JOOR's."""
        return {number for number, order in self.ends["to"].orders.items() if order.tracking}  # type: ignore[attr-defined]

    def there(self) -> Counter[str]:
        """Return what the destination has of stock, products or customers."""
        channel, role = self.channels["to"], ANSWERS.get((self.channels["to"], SOURCE, self.kind), {})
        given = {"base_url": NOWHERE, **self.ends["to"].settings(), **role}
        config = ConnectionConfig("to", channel, PLUGINS.channels[channel].settings.model_validate(given))
        with open_end(config, PLUGINS, self.clock, handlers=self.doors) as end:
            pages: list[RecordPage] = list(end.call(MOVES[self.kind][0]))
        return words(self.kind, [record.to_data() for page in pages for record in page.records])

    def sent(self) -> Counter[str]:
        """Return what the ledger has as sent of stock, products or customers."""
        with closing(Ledger(self.folder / "orderweft.db", self.clock)) as ledger:
            rows = entries(ledger, "moved", state="sent", limit=1000)
        return words(self.kind, [json.loads(row.sent or "") for row in rows])

    def states(self) -> Counter[str]:
        """Return how many of the stock levels, products or customers are in which state."""
        with closing(Ledger(self.folder / "orderweft.db", self.clock)) as ledger:
            return Counter(row.state for row in entries(ledger, "moved", limit=1000))

    def delivered(self) -> set[str]:
        """Return the keys of the orders that were handed over, as the ledger has it."""
        with closing(Ledger(self.folder / "orderweft.db", self.clock)) as ledger:
            return {delivery_key("from", one.id) for one in listed(ledger, state="delivered", limit=1000)}

    def receipts(self, keys: Sequence[str]) -> Mapping[str, Receipt | Refused]:
        """Return what the destination says of the orders of *keys*."""
        with open_end(self.config().destination, PLUGINS, self.clock, handlers=self.doors) as end:
            found: Mapping[str, Receipt | Refused] = end.call("find_orders", keys=keys)
        return found


def words(kind: Kind, records: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """Return what matters of *records* to both ends: pieces by item, barcodes with a style, or customers by code."""
    if kind == "inventory":
        pieces = [(_code(one["item"]), one.get("quantity", 0)) for one in records]
        return sum((Counter({code: many}) for code, many in pieces), Counter())
    if kind == "catalog":
        skus = [sku for one in records for color in one["colors"] for sku in color["skus"]]
        return Counter({code: 1 for sku in skus if (code := _code(sku))})
    return Counter(f"{one.get('account_code')} {one['name']}" for one in records)


def _code(item: Mapping[str, Any]) -> str:
    """Return the barcode of an item, which one with the SKU alone has by the brand's list."""
    return item.get("barcode") or BARCODES.get(item.get("sku", ""), "")


def changed(report: Report | RecordReport) -> int:
    """Return how much a run has sent that was taken."""
    return sum(report.counts[name] for name in ("delivered", "handed_over", "written", "pending"))
