"""A channel that lives in this process and does as a script says, for tests of the host side alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from orderweft import (
    Accepted,
    Account,
    Acknowledgement,
    AlreadyThere,
    AuthenticationError,
    Channel,
    Connection,
    Delivery,
    Fetched,
    Kind,
    Limits,
    NotSent,
    Order,
    OrderQuery,
    Outcome,
    Page,
    Receipt,
    Refused,
    RejectedError,
    Settings,
    UnavailableError,
    Unknown,
    account_field,
    hookimpl,
)
from orderweft.config import load_config
from orderweft.ledger import Ledger
from orderweft.plugins import Plugins
from orderweft.runs import Report, RunOptions, run_orders
from orderweft.testing import FakeClock

CONFIG = """
[connections.wholesale]
channel = "market"

[connections.shop]
channel = "store"

[pipelines.orders]
moves = "orders"
source = "wholesale"
destination = "shop"
"""


class MemorySettings(Settings):
    """Settings of a channel in memory."""

    account: str | None = account_field(default=None, identity=True)
    taste: str = "plain"

    @property
    def service_url(self) -> str:
        """Return an address nobody asks."""
        return "http://127.0.0.1:9"


def order(number: int, **fields: Any) -> Order:
    """Build a small order."""
    return Order.model_validate(
        {
            "origin": {"channel": "market", "connection": "wholesale", "id": str(number)},
            "number": str(number),
            "status": "approved",
            "currency": "EUR",
            "customer": {"account_code": "C1", "name": "Example Store"},
            "lines": [{"key": "1", "barcode": "2000000000008", "quantity": 2, "unit_price": "10.00"}],
            **fields,
        }
    )


def fetched(one: Order, **more: Any) -> Fetched:
    """Wrap an order as a source does."""
    return Fetched(one.origin.id, one.number, one, **more)


class World:
    """A market that has orders and a store that takes them; both do what the test sets."""

    def __init__(
        self,
        folder: Path,
        config: str = CONFIG,
        *,
        can_find: bool = True,
        can_probe: bool = False,
        batch_size: int = 1,
    ) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.pages: Iterable[list[Fetched]] = []
        self.queries: list[OrderQuery] = []
        self.arrived: dict[str, Order] = {}
        self.sent: list[str] = []
        self.script: list[str] = []
        """What the store does at the next deliveries; then it accepts."""
        self.on_delivery: Callable[[], object] = lambda: None
        """Called at the beginning of each delivering call, on its thread."""
        self.busy: set[str] = set()
        """Keys the store always postpones."""
        self.reread: list[str] = []
        self.readable: dict[str, Fetched] = {}
        """What a payload is read as when it is read again."""
        self.told: list[Acknowledgement] = []
        self.tell_script: list[Outcome] = []
        self.wants_to_know = False
        self.looked_up: list[str] = []
        self.cancelled: set[str] = set()
        """Keys of deliveries the store has cancelled since."""
        self.lacking: dict[str, Refused] = {}
        """What a probe says of an order, by number; every other one would be taken."""
        self.probed: list[list[str]] = []
        """The numbers of each probe."""
        self.accepted_schema: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.plugins = Plugins()
        self.plugins.register("market", self._market())
        self.plugins.register("store", self._store(batch_size, can_find=can_find, can_probe=can_probe))
        self.path = folder / "orderweft.toml"
        self.configure(config)
        self.ledger = Ledger(folder / "orderweft.db", self.clock)

    def configure(self, text: str) -> None:
        """Write the configuration anew."""
        self.path.write_text(text, encoding="utf-8")

    def offer(self, *orders: Order) -> None:
        """Let the market offer exactly these, on one page."""
        self.pages = [[fetched(one) for one in orders]]

    def run(self, pipeline: str = "orders", **options: Any) -> Report:
        """Run a pipeline once."""
        config = load_config(self.path, self.plugins).pipeline(pipeline)
        return run_orders(config, self.plugins, self.ledger, self.clock, options=RunOptions(**options))

    def state(self, number: int | str, pipeline: str = "orders") -> str:
        """Return the state of an order in the ledger."""
        rows = self.ledger.rows("SELECT state FROM orders WHERE number = ? AND pipeline = ?", [str(number), pipeline])
        return str(rows[0]["state"]) if rows else "unseen"

    def _market(self) -> ModuleType:
        @hookimpl
        def describe() -> Channel:
            return Channel("The market", MemorySettings)

        @hookimpl
        def check_connection(connection: Connection[MemorySettings]) -> Account:
            return Account("market", "The market")

        @hookimpl
        def provides(connection: Connection[MemorySettings], kind: Kind) -> dict[str, Any]:
            return {}

        @hookimpl
        def fetch_orders(connection: Connection[MemorySettings], query: OrderQuery) -> Iterator[Page]:
            self.queries.append(query)
            for index, items in enumerate(self.pages):
                kept = [item for item in items if query.number in (None, item.number)]
                yield Page(tuple(kept), bookmark=f"after page {index + 1}")

        @hookimpl
        def reread_order(connection: Connection[MemorySettings], payload: str) -> Fetched:
            self.reread.append(payload)
            return self.readable.get(payload) or Fetched(payload, payload, None, payload=payload, problem="set taste")

        @hookimpl
        def acknowledge_orders(
            connection: Connection[MemorySettings], acknowledgements: Sequence[Acknowledgement]
        ) -> list[Outcome] | None:
            if not self.wants_to_know:
                return None
            self.told.extend(acknowledgements)
            return [
                self.tell_script.pop(0) if self.tell_script else Accepted(receipt=Receipt(id=told.id))
                for told in acknowledgements
            ]

        return _module(describe, check_connection, provides, fetch_orders, reread_order, acknowledge_orders)

    def _store(self, batch_size: int, *, can_find: bool, can_probe: bool) -> ModuleType:
        @hookimpl
        def describe() -> Channel:
            return Channel("The store", MemorySettings, Limits(in_flight=2, batch_size=batch_size, settle_seconds=60))

        @hookimpl
        def check_connection(connection: Connection[MemorySettings]) -> Account:
            return Account("store", "The store")

        @hookimpl
        def accepts(connection: Connection[MemorySettings], kind: Kind) -> dict[str, Any]:
            return self.accepted_schema

        @hookimpl
        def deliver_orders(connection: Connection[MemorySettings], deliveries: Sequence[Delivery]) -> list[Outcome]:
            self.on_delivery()
            with self._lock:
                return [self._take(delivery) for delivery in deliveries]

        @hookimpl
        def find_orders(connection: Connection[MemorySettings], keys: Sequence[str]) -> dict[str, Receipt]:
            self.looked_up.extend(keys)
            found = [key for key in keys if key in self.arrived]
            return {key: Receipt(id=key, number=f"S-{key}", cancelled=key in self.cancelled) for key in found}

        @hookimpl
        def probe_orders(connection: Connection[MemorySettings], orders: Sequence[Order]) -> list[Refused | None]:
            self.probed += [[one.number for one in orders]] if orders else []
            return [self.lacking.get(one.number) for one in orders]

        hooks: list[Any] = [describe, check_connection, accepts, deliver_orders]
        return _module(*hooks, *([find_orders] if can_find else []), *([probe_orders] if can_probe else []))

    def _take(self, delivery: Delivery) -> Outcome:
        key = delivery.key
        self.sent.append(key)
        what = "not sent" if key in self.busy else self.script.pop(0) if self.script else "accept"
        receipt = Receipt(id=key, number=f"S-{key}")
        if what in ("accept", "unknown but there") and key in self.arrived:
            raise AssertionError(f"{key} was delivered twice")
        match what:
            case "accept":
                self.arrived[key] = delivery.order
                return Accepted(receipt=receipt)
            case "already there":
                return AlreadyThere(receipt=receipt)
            case "unknown but there":
                self.arrived[key] = delivery.order
                return Unknown(message="no answer")
            case "unknown and lost":
                return Unknown(message="no answer")
            case "not sent":
                return NotSent(message="too busy", retry_after=1)
            case "no stock":
                return Refused(reason="no_stock", message="2 wanted, 1 there", fix="restock it")
            case "lacking":
                return self.lacking[delivery.order.number]
            case "rejected":
                raise RejectedError("the store has no use for it")
            case "unavailable":
                raise UnavailableError("the store is closed")
            case "credentials":
                raise AuthenticationError("the store does not know us")
            case _:
                raise ValueError(what)


def _module(*hooks: Any) -> ModuleType:
    module = ModuleType("memory")
    for hook in hooks:
        setattr(module, hook.__name__, hook)
    return module
