"""What a thread is doing right now: for which run, in which step, about which orders.

The journal, the log and traces ask here. A thread does not inherit it from the one that starts it; `carried` hands it
on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from typing import Any, ParamSpec, Protocol, TypeVar

from .http import Exchange

log = logging.getLogger("orderweft.http")
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Scope:
    """What is being done; fields that do not apply are empty."""

    pipeline: str = ""
    run: int = 0
    step: str = ""
    connection: str = ""
    hook: str = ""
    orders: tuple[tuple[str, str], ...] = ()
    """Id and number of each order it is about."""
    heard: list[tuple[Scope, str, Exchange]] | None = None
    """Takes the exchanges the journal wants, each with the moment it began."""


class Tracer(Protocol):
    """Whoever measures what is done, such as OpenTelemetry."""

    def span(self, name: str, scope: Scope) -> AbstractContextManager[object]:
        """Measure the block."""
        ...

    def exchanged(self, exchange: Exchange) -> None:
        """Take notice of a request that has been answered or has failed."""
        ...

    def ended(self, pipeline: str, result: str, counts: Mapping[str, int]) -> None:
        """Take notice of how a run has ended."""
        ...


_IDLE = Scope()
_current: ContextVar[Scope] = ContextVar("scope", default=_IDLE)
_tracers: list[Tracer] = []


def current() -> Scope:
    """Return what this thread is doing."""
    return _current.get()


@contextmanager
def within(name: str, **more: Any) -> Iterator[Scope]:
    """Do the block as *name*, with *more* fields of the scope set."""
    scope = replace(_current.get(), **more)
    token = _current.set(scope)
    try:
        with _tracers[-1].span(name, scope) if _tracers else nullcontext():
            yield scope
    finally:
        _current.reset(token)


def carried(work: Callable[P, R]) -> Callable[P, R]:
    """Return *work*, to be done once by another thread in the scope of this one."""
    context = copy_context()

    def in_scope(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.run(work, *args, **kwargs)

    return in_scope


@contextmanager
def traced_by(tracer: Tracer) -> Iterator[None]:
    """Have *tracer* measure all that is done in the block, on any thread."""
    _tracers.append(tracer)
    try:
        yield
    finally:
        _tracers.remove(tracer)


def tell_end(pipeline: str, result: str, counts: Mapping[str, int]) -> None:
    """Tell the tracer how a run has ended."""
    for tracer in _tracers[-1:]:
        tracer.ended(pipeline, result, counts)


def listener(*others: Callable[[Exchange], None] | None) -> Callable[[Exchange], None] | None:
    """Return what tells the tracer, a log that wants it and *others* of each exchange; None when nobody listens."""
    own = (*(tracer.exchanged for tracer in _tracers[-1:]), _log if log.isEnabledFor(logging.DEBUG) else None)
    wanted = [one for one in (*others, *own) if one is not None]

    def tell(exchange: Exchange) -> None:
        for one in wanted:
            one(exchange)

    return tell if wanted else None


def _log(exchange: Exchange) -> None:
    told = {
        "method": exchange.method,
        "path": exchange.request.path,
        "status": exchange.status,
        "seconds": round(exchange.seconds, 3),
        "error": exchange.error,
    }
    log.debug("told" if exchange.is_write else "asked", extra={name: one for name, one in told.items() if one})
