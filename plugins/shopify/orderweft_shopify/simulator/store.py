"""The state of the shop: everything it holds, by id, and the indexes over it."""

from __future__ import annotations

import random
import zlib
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from orderweft import Clock

from .search import Index
from .switches import Switches
from .values import check_kind, kind_of

T = TypeVar("T")


class Store:
    """All objects by kind and id; kinds are classes named as in the schema."""

    def __init__(self, clock: Clock, seed: int, switches: Switches) -> None:
        self.clock = clock
        self.switches = switches
        self.granted = switches.granted
        self.random = random.Random(seed)
        self.indexes: defaultdict[type, Index] = defaultdict(lambda: Index(switches.search_delay, clock))
        self._tables: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self._numbers: dict[str, int] = {}
        self._seed = seed
        self._jobs: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> datetime:
        """Return the instant, to the second."""
        return self.clock.now().replace(microsecond=0)

    def gid(self, kind: str) -> str:
        """Return a new id; each kind counts from a large number of its own."""
        first = (1000 + zlib.crc32(f"{kind}{self._seed}".encode()) % 8000) * 10**9
        self._numbers[kind] = self._numbers.get(kind, first) + 1
        return f"gid://shopify/{kind}/{self._numbers[kind]}"

    def add(self, thing: T) -> T:
        """Keep a new object."""
        self._tables[type(thing).__name__][thing.id] = thing  # type: ignore[attr-defined]
        return thing

    def remove(self, thing: Any) -> None:
        """Forget an object."""
        del self._tables[type(thing).__name__][thing.id]

    def all(self, kind: type[T]) -> list[T]:
        """Return all objects of *kind*, oldest first."""
        return list(self._tables[kind.__name__].values())

    def count(self, kind: type[Any]) -> int:
        """Return how many objects of *kind* there are."""
        return len(self._tables[kind.__name__])

    def get(self, kind: type[T], gid: str) -> T | None:
        """Return an object by an id known to be well-formed."""
        return self._tables[kind.__name__].get(gid)

    def find(self, kind: type[T], gid: str) -> T | None:
        """Return an object by id; a malformed id or one of another kind is a top-level error."""
        return self._tables[kind.__name__].get(check_kind(gid, kind.__name__))

    def node(self, gid: str) -> Any:
        """Return an object of whatever kind its id names."""
        return self._tables[kind_of(gid)].get(gid)

    def later(self, work: Callable[[], None], seconds: float | None = None) -> None:
        """Do *work* after so many *seconds*, or after the time an asynchronous job takes."""
        wait = self.switches.job_seconds if seconds is None else seconds
        self._jobs.append((self.clock.monotonic() + wait, work))

    def run_jobs(self) -> None:
        """Do the work of the jobs that are through by now."""
        now = self.clock.monotonic()
        due = [work for when, work in self._jobs if when <= now]
        self._jobs = [(when, work) for when, work in self._jobs if when > now]
        for work in due:
            work()
