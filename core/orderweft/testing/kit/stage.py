"""Where a check plays: an account of the channel in memory, and connections to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from pydantic import BaseModel, SecretStr

from ...connection import Connection, MemorySpool
from ...errors import OrderweftError, SettingsError
from ...exchange import Acknowledgement, Channel, Delivery, Fetched, Kind, Moved, OrderQuery, Page, RecordPage
from ...http import Exchange, Http
from ...plugins import GROUP, MOVES, Plugins
from ...records import Outcome, Receipt, Refused
from ...settings import Settings
from ...simulation import Fault, Faulty, FolderSimulator, Simulator
from ...wire import Request, Response
from ..clock import FakeClock

NOWHERE = "http://127.0.0.1:9"
"""The address of channels that are played in this process; nothing listens there."""
KINDS: tuple[Kind, ...] = ("orders", "inventory", "catalog", "customers", "shipments")
RECORD_KINDS: tuple[Kind, ...] = KINDS[1:]
READING = {kind: hooks[0] for kind, hooks in MOVES.items()}
WRITING = {kind: hooks[1] for kind, hooks in MOVES.items()}
ALL_READING = tuple(READING.values())
Watch = Callable[[Request, Response], Response]
"""Sees every answer before the channel does, and may give another one."""

F = TypeVar("F", bound=Callable[..., None])


@dataclass(frozen=True)
class Needs:
    """What a channel must have for a check to be made."""

    every: tuple[str, ...] = ()
    """All of these hooks."""
    some: tuple[str, ...] = ()
    """At least one of these hooks."""
    http: bool = False
    """That it speaks HTTP, where faults can be played."""


def needs(*every: str, some: Sequence[str] = (), http: bool = False) -> Callable[[F], F]:
    """Mark a check as one for channels that have *every* hook, and *some* one of those."""

    def mark(check: F) -> F:
        cast(Any, check).needs = Needs(every, tuple(some), http)
        return check

    return mark


@dataclass
class Line:
    """A connection to the account, with what passes over it."""

    stage: Stage
    connection: Connection[Any]
    door: Faulty
    exchanges: list[Exchange]
    threads: set[threading.Thread]
    """The threads calls came from."""
    spool: MemorySpool

    @property
    def calls(self) -> list[str]:
        """Return the operations asked for so far."""
        return self.door.calls

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call *hook* of the channel with this connection; what it yields comes as a list."""
        made = self.stage.plugins.call(self.stage.channel, hook, connection=self.connection, **arguments)
        return list(made) if isinstance(made, Iterator) else made

    def orders(self, **query: Any) -> list[Page]:
        """Fetch orders to the end."""
        pages: list[Page] = self.call("fetch_orders", query=OrderQuery(**query))
        return pages

    def read(self, kind: Kind) -> list[RecordPage]:
        """Read stock, products, customers or shipments to the end."""
        pages: list[RecordPage] = self.call(READING[kind])
        return pages

    def pages(self, kind: Kind) -> Sequence[Any]:
        """Read orders, or records of another *kind*, to the end."""
        return self.orders() if kind == "orders" else self.read(kind)

    def records(self, kind: Kind) -> list[Moved]:
        """Return all records of *kind* that can be read."""
        return [record for page in self.read(kind) for record in page.records]

    def deliver(self, *deliveries: Delivery) -> list[Outcome]:
        """Deliver orders in one call."""
        outcomes: list[Outcome] = self.call("deliver_orders", deliveries=list(deliveries))
        return outcomes

    def find(self, *keys: str) -> dict[str, Receipt | Refused]:
        """Look keys up."""
        found: dict[str, Receipt | Refused] = self.call("find_orders", keys=list(keys))
        return found

    def write(self, kind: Kind, records: Sequence[Moved], mode: str = "update") -> list[Outcome]:
        """Write stock, products, customers or shipments in one call."""
        more = {"mode": mode} if kind == "inventory" else {}
        named = {"inventory": "levels", "catalog": "products"}.get(kind, kind)
        outcomes: list[Outcome] = self.call(WRITING[kind], **{named: list(records)}, **more)
        return outcomes

    def acknowledge(self, *told: Acknowledgement) -> list[Outcome] | None:
        """Tell the source what became of orders."""
        outcomes: list[Outcome] | None = self.call("acknowledge_orders", acknowledgements=list(told))
        return outcomes


@dataclass
class Stage:
    """One account of the channel under test, played in memory under a clock that jumps."""

    plugin: Any
    channel: str
    given: Mapping[str, Any]
    """Settings besides the account's own."""
    switches: Mapping[str, Any]
    lag: float | None = None
    seed: int = 0
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.plugins = Plugins()
        self.plugins.register(self.channel, self.plugin)
        self.simulator: Simulator = self.playing()(clock=self.clock, seed=self.seed, **self.switches)

    def playing(self) -> Callable[..., Simulator]:
        """Return what plays the channel, for a connection with the settings given."""
        made: Callable[..., Simulator] | None = self.plugins.call(
            self.channel, "simulator", settings=dict(self.given), folder=Path()
        )
        assert made is not None, "a channel must implement simulator(), or nobody can try it without an account"
        return made

    @property
    def described(self) -> Channel:
        """Return what the channel says it is."""
        return self.plugins.channels[self.channel]

    @property
    def is_folder(self) -> bool:
        """Return whether the channel is a folder files are exchanged in."""
        return isinstance(self.simulator, FolderSimulator)

    @property
    def seconds(self) -> float:
        """Return how long the channel may take to show what it was given."""
        return self.described.limits.settle_seconds if self.lag is None else self.lag

    def can(self, hook: str) -> bool:
        """Return whether the channel can do *hook* with these settings."""
        return hook in self.usable

    def account(self) -> dict[str, Any]:
        """Return the settings of the account as a person would give them."""
        base = {} if self.is_folder else {"base_url": NOWHERE}
        return {**base, **self.simulator.settings(), **self.given}

    def settings(self, **changes: Any) -> Settings:
        """Return the checked settings of the account."""
        account = json.dumps({**self.account(), **changes}, sort_keys=True, default=str)
        return _checked(self.described.settings, account)

    def open(
        self,
        *faults: Fault,
        name: str = "kit",
        watch: Watch | None = None,
        pacing: Any = None,
        settings: Settings | None = None,
    ) -> Line:
        """Open a connection of its own, over which *faults* happen."""
        door, exchanges, spool = Faulty(self.simulator, *faults), list[Exchange](), MemorySpool()
        chosen = settings or self.settings()
        limits, threads = self.described.limits, set[threading.Thread]()

        def answer(request: Request) -> Response:
            threads.add(threading.current_thread())
            response = door(request)
            return watch(request, response) if watch else response

        http = Http(
            chosen.service_url,
            clock=self.clock,
            limits=replace(limits, pacing=pacing or limits.pacing),
            handler=answer,
            secrets=secrets_of(chosen),
            on_exchange=exchanges.append,
        )
        connection: Connection[Any] = Connection(name, self.channel, chosen, http, self.clock, spool)
        return Line(self, connection, door, exchanges, threads, spool)

    def settle(self) -> None:
        """Let the time pass that the channel takes, and the people there do their part."""
        self.clock.sleep(self.seconds)
        if isinstance(self.simulator, FolderSimulator):
            self.simulator.work()

    @cached_property
    def usable(self) -> frozenset[str]:
        """Return the hooks the channel implements, without those it says no to with these settings."""
        own, line = set(self.plugins.abilities(self.channel)), self.open()
        for role, asked in enumerate(("provides", "accepts")):
            for kind in KINDS:
                hooks = MOVES[kind]
                if asked in own and hooks[role] in own and said_no(line, asked, kind):
                    own.discard(hooks[role])
        for hook, named in (("update_orders", "updates"), ("cancel_orders", "cancellations")):
            if hook in own and attempt(lambda hook=hook, named=named: line.call(hook, **{named: []})) is None:  # type: ignore[misc]
                own.discard(hook)
        if "probe_orders" in own and attempt(lambda: line.call("probe_orders", orders=[])) is None:
            own.discard("probe_orders")
        if "fetch_orders" not in own:
            own -= {"acknowledge_orders", "reread_order"}
        return frozenset(own)

    def state(self) -> dict[str, Any]:
        """Return all that can be seen of the account: its counts, and every record that can be read."""
        line, usable = self.open(), self.usable
        seen: dict[str, Any] = {"facts": dict(self.simulator.facts())}
        for kind in RECORD_KINDS:
            if READING[kind] in usable:
                seen[kind] = told(line.records(kind))
        if "fetch_orders" in usable:
            seen["orders"] = sorted(set(fetched_texts(line.orders())))
        return seen


@cache
def _checked(kind: type[Settings], account: str) -> Settings:
    """Return checked settings, which are frozen; to check them anew for each of many accounts can take long."""
    return kind.model_validate(json.loads(account))


def said_no(line: Line, hook: str, kind: Kind) -> bool:
    """Return whether `provides` or `accepts` says that *kind* cannot be moved."""
    try:
        return line.call(hook, kind=kind) is None
    except SettingsError:
        return True


def told(records: Any) -> list[str]:
    """Return *records* as sorted texts."""
    return sorted(record.to_json() for record in records)


def fetched_texts(pages: Sequence[Page]) -> list[str]:
    """Return what was fetched, each as one text."""
    return [_text(item) for page in pages for item in page.items]


def _text(item: Fetched) -> str:
    return f"{item.id}: {item.order.to_json() if item.order else item.problem or item.skip}"


def attempt(work: Callable[[], Any]) -> Any:
    """Return what *work* returns, or the error of ours that it raises; a stranger's own error goes on."""
    try:
        return work()
    except OrderweftError as error:
        return error


def secrets_of(value: Any) -> list[str]:
    """Return the secrets in settings, in tables too."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, BaseModel):
        return [secret for name in type(value).model_fields for secret in secrets_of(getattr(value, name))]
    if isinstance(value, Mapping):
        return [secret for inner in value.values() for secret in secrets_of(inner)]
    return []


def channel_of(plugin: Any) -> str:
    """Return the channel id of *plugin*: the name of its entry point, else what its module's name suggests."""
    return _named(plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__name__)


@cache
def _named(module: str) -> str:
    entries = (entry.name for entry in entry_points(group=GROUP) if entry.value == module)
    return next(entries, module.rpartition(".")[2].removeprefix("orderweft_"))
