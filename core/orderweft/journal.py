"""The journal of a run: what was said about each order, written many at a time, once what came of it is durable.

It is for people who want to know. What keeps an order from getting lost is elsewhere in the ledger; of the journal, a
process that dies loses what was not written yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from .clock import Clock
from .config.journal import Kept
from .errors import LedgerError
from .http import Exchange
from .ledger import Store, stamp
from .ledger.exchanges import ExchangeRow, MappedRow, note
from .records import Order
from .scope import Scope, current, within

LONGEST = 64 * 1024
"""Characters kept of one body."""
MANY, HEAVY = 100, 4 * 2**20
"""Exchanges, and bytes of bodies, that are written together."""


class Journal:
    """What one run says to its channels; with `none`, nothing is kept."""

    def __init__(self, store: Store, clock: Clock, kept: Kept) -> None:
        self._store, self._clock, self._kept = store, clock, kept
        self._said: list[tuple[Scope, str, Exchange]] = []
        self._mapped: list[MappedRow] = []
        self._size = 0
        self._lock = threading.Lock()
        self.problem: str | None = None
        """Why it could not be written; then nothing more is kept."""

    @property
    def is_on(self) -> bool:
        """Return whether anything is kept."""
        return self._kept != "none" and self.problem is None

    @contextmanager
    def about(self, step: str, connection: str, orders: Sequence[tuple[str, str]] = ()) -> Iterator[None]:
        """Do the block as *step* at *connection*, about *orders* of these ids and numbers."""
        heard: list[tuple[Scope, str, Exchange]] = []
        try:
            with within(step, step=step, connection=connection, orders=tuple(orders), heard=heard):
                yield
        finally:
            # only now a sign-in in it has said which token is to be kept out
            self._keep(heard)

    def listener(self) -> Callable[[Exchange], None] | None:
        """Return what takes the exchanges of this run; None when none is kept."""
        return None if self._kept == "none" else self._hear

    def keep_mapped(self, id: str, revision: int, order: Order) -> None:  # noqa: A002  the record's own word
        """Keep an order as it was mapped."""
        if self.is_on:
            now, scope = stamp(self._clock.now()), current()
            row = MappedRow(scope.pipeline, id, revision, scope.run, now, order.to_json())
            with self._lock:
                self._mapped.append(row)

    def flush(self, *, whole: bool = False) -> None:
        """Write what was kept when it is much, or *whole* at the end; a ledger that fails ends the journal alone."""
        with self._lock:
            if not whole and len(self._said) + len(self._mapped) < MANY and self._size < HEAVY:
                return
            said, mapped = self._said, self._mapped
            self._said, self._mapped, self._size = [], [], 0
        if not said and not mapped:
            return
        try:
            note(self._store, [_row(*one) for one in said], mapped)
        except LedgerError as error:
            self.problem = str(error)

    def _hear(self, exchange: Exchange) -> None:
        scope = current()
        if scope.heard is not None and (scope.orders or self._kept == "all"):
            begun = self._clock.now() - timedelta(seconds=exchange.seconds)
            scope.heard.append((scope, stamp(begun), exchange))

    def _keep(self, heard: Sequence[tuple[Scope, str, Exchange]]) -> None:
        if heard and self.is_on:
            with self._lock:
                self._said += heard
                self._size += sum(exchange.size for _, _, exchange in heard)


def _row(scope: Scope, started_at: str, exchange: Exchange) -> tuple[ExchangeRow, list[str]]:
    request, response = exchange.request, exchange.response
    row = ExchangeRow(
        run=scope.run,
        pipeline=scope.pipeline,
        connection=scope.connection,
        step=scope.step,
        started_at=started_at,
        seconds=round(exchange.seconds, 3),
        is_write=int(exchange.is_write),
        method=exchange.method,
        url=request.url,
        request=_cut(request.body),
        status=exchange.status,
        response=None if response is None else _cut(response.body),
        error=exchange.error,
    )
    return row, [id_ for id_, _ in scope.orders]


def _cut(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (cut; {len(text)} characters in all)"
