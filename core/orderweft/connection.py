"""What a hook gets: one account on a channel, with its settings, its HTTP client and the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from .clock import Clock
from .http import Http
from .settings import Settings

S_co = TypeVar("S_co", bound=Settings, covariant=True)
T = TypeVar("T")


class Spool(Protocol):
    """A durable place for what a read has consumed, until it is staged."""

    def put(self, payload: str) -> int:
        """Store *payload* durably and return its entry number."""
        ...

    def pending(self) -> Sequence[tuple[int, str]]:
        """Return the entries not yet staged, oldest first."""
        ...


class MemorySpool:
    """A spool for use without a ledger, as in a check."""

    def __init__(self) -> None:
        self._entries: dict[int, str] = {}

    def put(self, payload: str) -> int:
        """Keep *payload* for as long as this object lives."""
        entry = len(self._entries) + 1
        self._entries[entry] = payload
        return entry

    def pending(self) -> Sequence[tuple[int, str]]:
        """Return all entries."""
        return list(self._entries.items())


@dataclass(frozen=True)
class Connection(Generic[S_co]):
    """One account on a channel.

    Nothing about an account lives outside of this object, so that two connections share nothing.
    """

    name: str
    channel: str
    settings: S_co
    http: Http
    clock: Clock
    spool: Spool = field(default_factory=MemorySpool)
    _made: dict[Any, Any] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def once(self, factory: Callable[[Connection[Any]], T]) -> T:
        """Return what *factory* makes of this connection, made at the first call and kept.

        What has a `close` method is closed with the connection.
        """
        with self._lock:
            if factory not in self._made:
                self._made[factory] = factory(self)
            made: T = self._made[factory]
            return made

    def close(self) -> None:
        """Give back what the connection holds open."""
        for made in self._made.values():
            close = getattr(made, "close", None)
            if callable(close):
                close()
        self.http.close()
