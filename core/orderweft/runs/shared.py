"""What the runs of one process share: how fast each account may be asked, and the wish that all of them stop."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from weakref import WeakSet

from ..clock import Clock
from ..config import ConnectionConfig
from ..errors import UnavailableError
from ..pacing import Limits, Pacer


class Shared:
    """Give to each run that goes on side by side with others; safe to use from several threads.

    Runs that share nothing pace themselves as if each were alone with the account.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pacers: dict[str, tuple[tuple[str, Limits], Pacer]] = {}
        self._stops: WeakSet[threading.Event] = WeakSet()
        self.is_stopping = False

    def pacer(self, connection: ConnectionConfig, limits: Limits) -> Pacer:
        """Return the pacer of the account *connection* is, a new one when its address or *limits* have changed."""
        mark = (connection.settings.service_url, limits)
        with self._lock:
            known = self._pacers.get(connection.name)
            if known is None or known[0] != mark:
                known = mark, Pacer(limits.pacing, self._clock, in_flight=limits.in_flight)
                self._pacers[connection.name] = known
            return known[1]

    def budgets(self) -> Mapping[str, float]:
        """Return how many calls, or points, each connection has left at this moment, where there is a limit."""
        with self._lock:
            left = {name: pacer.left() for name, (_, pacer) in self._pacers.items()}
        return {name: many for name, many in left.items() if many is not None}

    def stopper(self) -> threading.Event:
        """Return what tells one run to stop: set together with all others by `stop`, or by that run alone."""
        event = threading.Event()
        with self._lock:
            self._stops.add(event)
            if self.is_stopping:
                event.set()
        return event

    def stop(self) -> None:
        """Have every run begin nothing more; each finishes what is in flight and ends as interrupted."""
        with self._lock:
            self.is_stopping = True
            for event in self._stops:
                event.set()

    def ended_by(self, failure: BaseException | None) -> BaseException | None:
        """Return what ended a run: the wish to stop, unless it has failed for another reason."""
        if self.is_stopping and (failure is None or isinstance(failure, UnavailableError)):
            return KeyboardInterrupt()
        return failure
