"""Two channels in memory that hold stock, products, customers and shipments, for tests of the host side alone."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from orderweft import (
    Accepted,
    Account,
    Channel,
    Connection,
    Customer,
    Kind,
    Limits,
    NotSent,
    Outcome,
    Product,
    Receipt,
    RecordPage,
    Refused,
    Shipment,
    StockLevel,
    Unknown,
    Unread,
    WriteMode,
    hookimpl,
)
from orderweft.config import load_config
from orderweft.exchange import Moved
from orderweft.ledger import EntryRow, Ledger, entries
from orderweft.ledger.store import LEASE
from orderweft.plugins import Plugins
from orderweft.runs import RecordOptions, RecordReport, run_records
from orderweft.runs.job import Moment, Observer, unwatched
from orderweft.testing import FakeClock

from .memory import MemorySettings

CONFIG = """
[connections.depot]
channel = "depot"

[connections.shop]
channel = "shop"

[pipelines.stock]
moves = "{kind}"
source = "depot"
destination = "shop"
"""


def level(item: int | str, quantity: int | None = 1, /, **more: Any) -> StockLevel:
    """Build a stock level of item number *item*; the keyword `item` gives fields of the item."""
    origin = {"channel": "depot", "connection": "depot", "id": str(item)}
    fields = more.pop("item", {})
    item_fields = {"style_number": f"S{item}", "size": "M", "barcode": f"B{item}", **fields}
    return StockLevel.model_validate({"origin": origin, "item": item_fields, "quantity": quantity, **more})


def product(number: int, wholesale: str = "10.00", **more: Any) -> Product:
    """Build a product in one color and one size."""
    origin = {"channel": "depot", "connection": "depot", "id": str(number)}
    prices = [{"label": "USD", "currency": "USD", "wholesale": wholesale}]
    colors = [{"color": "Navy", "color_code": "401", "skus": [{"size": "M", "barcode": f"B{number}"}]}]
    return Product.model_validate(
        {"origin": origin, "style_number": f"S{number}", "name": f"Style {number}", "prices": prices, "colors": colors,
         **more}
    )  # fmt: skip


def customer(number: int, **more: Any) -> Customer:
    """Build a customer."""
    origin = {"channel": "depot", "connection": "depot", "id": str(number)}
    return Customer.model_validate(
        {"origin": origin, "account_code": f"C{number}", "name": f"Customer {number}", **more}
    )


def shipment(number: int, **more: Any) -> Shipment:
    """Build a shipment."""
    origin = {"channel": "depot", "connection": "depot", "id": str(number)}
    return Shipment.model_validate({"origin": origin, "order_id": f"O{number}", **more})


class Killed(BaseException):
    """What stands for the end of a process."""


class Shelves:
    """A depot that has records and a shop that takes them; both do what the test sets."""

    def __init__(self, folder: Path, kind: Kind = "inventory", extra: str = "", *, batch_size: int = 100) -> None:
        self.folder, self.kind = folder, kind
        self.clock = FakeClock()
        self.pages: list[RecordPage] | None = None
        """What the depot gives instead of `records`."""
        self.page_size = 1000
        self.records: list[Moved] = []
        self.unread: list[Unread] = []
        self.complete = True
        self.fails: BaseException | None = None
        """Raised by the depot after its records."""
        self.there: dict[str, Moved] = {}
        """What the shop has, by identity."""
        self.calls: list[tuple[list[str], WriteMode]] = []
        """Identities and mode of each writing call."""
        self.script: list[str] = []
        """What the shop does with the next records; then it accepts."""
        self.refuses: set[str] = set()
        """Identities the shop never takes."""
        self.on_call: Callable[[], object] = lambda: None
        """Called in the middle of each writing call: before anything of it is applied."""
        self.on_answer: Callable[[list[Outcome]], list[Outcome]] = list
        """Gives what the shop answers, when everything is applied."""
        self.accepted_schema: dict[str, Any] | None = {}
        self.plugins = Plugins()
        self.plugins.register("depot", self._depot())
        self.plugins.register("shop", self._shop(batch_size))
        self.path = folder / "orderweft.toml"
        self.configure(extra)
        self.ledger = Ledger(folder / "orderweft.db", self.clock)

    def configure(self, extra: str = "", *, config: str = CONFIG) -> None:
        """Write the configuration anew, *extra* at the end of the pipeline's table."""
        self.path.write_text(config.replace("{kind}", self.kind) + extra, encoding="utf-8")

    def run(self, *, observer: Observer = unwatched, ledger: Ledger | None = None, **options: Any) -> RecordReport:
        """Run the pipeline once."""
        config = load_config(self.path, self.plugins).pipeline(None)
        wanted = RecordOptions(**options)
        ledger = ledger or self.ledger
        return run_records(config, self.plugins, ledger, self.clock, options=wanted, observer=observer)

    def run_and_die(self, moments: int, **options: Any) -> list[Moment]:
        """Run until so many moments have passed, as a process that is killed then, and return the moments.

        What is in the ledger after that is undone, and the lease of the dead has run out.
        """
        seen: list[Moment] = []
        copy = self.folder / "copy.db"

        def watch(moment: Moment, counts: Counter[str], note: str = "") -> None:
            seen.append(moment)
            if len(seen) == moments:
                with sqlite3.connect(self.ledger.path) as live, sqlite3.connect(copy) as dead:
                    live.backup(dead)
                live.close()
                dead.close()
                raise Killed

        try:
            self.run(observer=watch, **options)
        except Killed:
            self.ledger.close()
            for file in self.folder.glob("orderweft.db*"):
                file.unlink()
            copy.rename(self.ledger.path)
            self.clock.sleep(LEASE.total_seconds() + 1)
            self.ledger = Ledger(self.ledger.path, self.clock)
        return seen

    def rows(self, state: str | None = None) -> dict[str, EntryRow]:
        """Return what the ledger has, by key."""
        return {row.key: row for row in entries(self.ledger, "stock", state=state, limit=100_000)}

    def held(self) -> dict[str, str | None]:
        """Return the message of each hold, by key."""
        return {key: row.message for key, row in self.rows("held").items()}

    def plan(self) -> RecordReport:
        """Return what a run would do."""
        return self.run(dry_run=True)

    def sends(self, **options: Any) -> list[str]:
        """Run once and return the identities of what was sent in that run."""
        before = len(self.calls)
        self.run(**options)
        return [identity for identities, _ in self.calls[before:] for identity in identities]

    @property
    def sent(self) -> list[str]:
        """Return the identities of all records written so far, in order."""
        return [identity for identities, _ in self.calls for identity in identities]

    def quantities(self) -> dict[str, int | None]:
        """Return what the shop has of each level."""
        return {key: one.quantity for key, one in self.there.items() if isinstance(one, StockLevel)}

    def _read(self) -> Iterator[RecordPage]:
        if self.pages is not None:
            yield from self.pages
        else:
            whole = self.complete and self.fails is None
            starts = range(0, len(self.records) or 1, self.page_size)
            for start in starts:
                last = start == starts[-1]
                records = tuple(self.records[start : start + self.page_size])
                yield RecordPage(records, tuple(self.unread) if last else (), complete=last and whole)
        if self.fails is not None:
            raise self.fails

    def _depot(self) -> ModuleType:
        @hookimpl
        def describe() -> Channel:
            return Channel("The depot", MemorySettings)

        @hookimpl
        def check_connection(connection: Connection[MemorySettings]) -> Account:
            return Account("depot", "The depot")

        @hookimpl
        def read_inventory(connection: Connection[MemorySettings]) -> Iterator[RecordPage]:
            return self._read()

        @hookimpl
        def read_catalog(connection: Connection[MemorySettings]) -> Iterator[RecordPage]:
            return self._read()

        @hookimpl
        def read_customers(connection: Connection[MemorySettings]) -> Iterator[RecordPage]:
            return self._read()

        @hookimpl
        def read_shipments(connection: Connection[MemorySettings]) -> Iterator[RecordPage]:
            return self._read()

        return _module(describe, check_connection, read_inventory, read_catalog, read_customers, read_shipments)

    def _shop(self, batch_size: int) -> ModuleType:
        sizes = dict.fromkeys(("inventory", "catalog", "customers", "shipments"), batch_size)

        @hookimpl
        def describe() -> Channel:
            return Channel("The shop", MemorySettings, Limits(batch_sizes=sizes))

        @hookimpl
        def check_connection(connection: Connection[MemorySettings]) -> Account:
            return Account("shop", "The shop")

        @hookimpl
        def accepts(connection: Connection[MemorySettings], kind: Kind) -> dict[str, Any] | None:
            return self.accepted_schema

        @hookimpl
        def read_inventory(connection: Connection[MemorySettings]) -> Iterator[RecordPage]:
            yield RecordPage(tuple(self.there.values()), complete=True)

        @hookimpl
        def write_inventory(
            connection: Connection[MemorySettings], levels: Sequence[StockLevel], mode: WriteMode
        ) -> list[Outcome]:
            return self._write(levels, mode)

        @hookimpl
        def write_catalog(connection: Connection[MemorySettings], products: Sequence[Product]) -> list[Outcome]:
            return self._write(products)

        @hookimpl
        def write_customers(connection: Connection[MemorySettings], customers: Sequence[Customer]) -> list[Outcome]:
            return self._write(customers)

        @hookimpl
        def write_shipments(connection: Connection[MemorySettings], shipments: Sequence[Shipment]) -> list[Outcome]:
            return self._write(shipments)

        writers = (write_inventory, write_catalog, write_customers, write_shipments)
        return _module(describe, check_connection, accepts, read_inventory, *writers)

    def _write(self, records: Sequence[Moved], mode: WriteMode = "update") -> list[Outcome]:
        self.calls.append(([one.identity for one in records], mode))
        self.on_call()
        if mode == "overwrite":
            self.there.clear()
        return self.on_answer([self._take(one) for one in records])

    def _take(self, record: Moved) -> Outcome:
        receipt = Receipt(id=record.identity)
        if record.identity in self.refuses:
            return Refused(reason="unknown_item", message="the shop has no such item", fix="create it there")
        match self.script.pop(0) if self.script else "accept":
            case "accept":
                self.there[record.identity] = record
                return Accepted(receipt=receipt)
            case "pending":
                self.there[record.identity] = record
                return Accepted(receipt=Receipt(id=record.identity, pending=True, remarks=("the shop looks at it",)))
            case "refuse":
                return Refused(reason="unknown_item", message="the shop has no such item", fix="create it there")
            case "unknown but there":
                self.there[record.identity] = record
                return Unknown(message="no answer")
            case "unknown and lost":
                return Unknown(message="no answer")
            case "not sent":
                return NotSent(message="too busy", retry_after=1)
            case what:
                raise ValueError(what)


def _module(*hooks: Any) -> ModuleType:
    module = ModuleType("shelves")
    for hook in hooks:
        setattr(module, hook.__name__, hook)
    return module
