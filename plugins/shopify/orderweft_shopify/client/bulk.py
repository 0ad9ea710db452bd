"""Bulk operations: one query over everything, its result a file of lines."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from orderweft import (
    AuthenticationError,
    Clock,
    Connection,
    OrderweftError,
    UnavailableError,
    UnknownOutcomeError,
    decode_json,
)

from ..config import Settings
from .answers import RefusalError, ThrottledError
from .shapes import line_misfit
from .store import Client

CHUNK = 8 * 2**20
"""Bytes of the result fetched at a time."""
_LONGEST_PAUSE = 30.0
# Since 2026-01 five may run at once; what else runs belongs to this app too and ends by itself.
# https://shopify.dev/docs/api/usage/bulk-operations/queries
_OCCUPIED = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_INSTEAD = 'the next run tries again; read_by = "pages" does without'


def turns(clock: Clock, longest: float) -> Iterator[None]:
    """Yield again and again, after growing pauses, until *longest* seconds are over."""
    pause, until = 1.0, clock.monotonic() + longest
    while True:
        yield
        if clock.monotonic() >= until:
            return
        clock.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


class Lines:
    """The lines of a result in a temporary database, so that any number of them fits; use it in a `with` block."""

    def __init__(self) -> None:
        # A database without a name lives on disk only as far as it outgrows the cache: https://sqlite.org/inmemorydb.html
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE lines (parent TEXT, id TEXT, item TEXT, body TEXT NOT NULL)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def fill(self, lines: Iterable[bytes], operation: str) -> int:
        """Take *lines* in and return how many there are.

        Raises ValueError at one not asked for by *operation*, and at one below an object that is not there.
        """
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO lines VALUES (?, ?, ?, ?)", (_row(line, operation) for line in lines))
        self._db.execute("COMMIT")
        self._db.execute("CREATE INDEX below ON lines (parent)")
        known = "SELECT id FROM lines WHERE id NOTNULL UNION SELECT item FROM lines WHERE item NOTNULL"
        lost = f"SELECT parent FROM lines WHERE parent NOT IN ({known}) LIMIT 1"  # noqa: S608  constants only
        if found := self._db.execute(lost).fetchone():
            raise ValueError(f"a line is below {found[0][:80]}, which is not there")
        return int(self._db.execute("SELECT count(*) FROM lines").fetchone()[0])

    def roots(self) -> Iterator[dict[str, Any]]:
        """Yield the objects that stand below no other, in the order of the file."""
        for (body,) in self._db.execute("SELECT body FROM lines WHERE parent IS NULL ORDER BY rowid"):
            yield decode_json(body)

    def below(self, *ids: str) -> list[dict[str, Any]]:
        """Return the objects directly below any of *ids*, in the order of the file."""
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT body FROM lines WHERE parent IN ({marks}) ORDER BY rowid"  # noqa: S608  marks only
        return [decode_json(body) for (body,) in self._db.execute(sql, ids)]


class Bulk:
    """Bulk queries of one store, one after the other; use `connection.once(Bulk)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._http, self._clock = connection.http, connection.clock
        self._longest = connection.settings.bulk_wait
        self._lock = threading.Lock()

    def read(self, operation: str, document: str) -> Lines:
        """Return everything *document* asks for, which *operation* is when its places are filled in.

        Raises UnavailableError unless all of it has come, and RefusalError when Shopify will not run such a query.
        """
        with self._lock:
            done = self._run(document)
        with ExitStack() as opened:
            lines = opened.enter_context(Lines())
            expected = int(Decimal(done["objectCount"]))
            try:
                count = lines.fill(self._fetched(done["url"], expected), operation) if done["url"] else 0
            except ValueError as error:
                what = f"the result of the bulk operation is cut short or cannot be read ({error})"
                raise UnavailableError(f"{what}; {_INSTEAD}") from error
            if count != expected:
                text = f"the result of the bulk operation has {count} of {expected} lines"
                raise UnavailableError(f"{text}; {_INSTEAD}")
            opened.pop_all()
            return lines

    def _run(self, document: str) -> Mapping[str, Any]:
        """Start *document* and return the operation once it is complete."""
        id_: str | None = None
        for _ in turns(self._clock, self._longest):
            id_ = id_ or self._start(document)
            if id_ is None:
                continue
            state = self._client.query("BulkState", id=id_)["bulkOperation"]
            if state is None:
                raise UnavailableError(f"Shopify has lost the bulk operation; {_INSTEAD}")
            if state["status"] == "COMPLETED":
                return dict(state)
            _raise_for_state(state)
        if id_ is None:
            raise UnavailableError(f"other bulk operations of this app keep the store busy; {_INSTEAD}")
        with suppress(OrderweftError):
            self._client.mutate("CancelBulk", "bulkOperation", id=id_)
        minutes = f"{self._longest / 60:.0f} minutes"
        raise UnavailableError(f"the bulk operation is not done after {minutes} (bulk_wait); {_INSTEAD}")

    def _start(self, document: str) -> str | None:
        """Return the gid of the operation; None when the store could not take it just now."""
        try:
            return str(self._client.mutate("RunBulkQuery", "bulkOperation", query=document).made["id"])
        except RefusalError as refusal:
            if not refusal.codes & _OCCUPIED:
                raise
            return None
        except (ThrottledError, UnknownOutcomeError):
            # One that runs without being waited for does no harm: it reads.
            return None

    def _fetched(self, url: str, expected: int) -> Iterator[bytes]:
        """Yield the lines of the file at *url*; raises ValueError soon when it has more than *expected* ones."""
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.netloc != self._http.host:
            raise UnavailableError("the result of the bulk operation is at an address that is not secure")
        if parts.query:
            # whoever has the signed address can read the file: https://shopify.dev/docs/api/usage/bulk-operations/queries
            self._http.keep_secret(parts.query)
        rest, count = b"", 0
        for chunk in self._chunks(url):
            *whole, rest = (rest + chunk).split(b"\n")
            count += len(whole)
            if count > expected + 1 or len(rest) > CHUNK:
                raise ValueError(f"it does not end after {expected} lines")
            yield from (line for line in whole if line.strip())
        if rest.strip():
            yield rest

    def _chunks(self, url: str) -> Iterator[bytes]:
        """Yield the bytes at *url*; a server that gives no ranges sends everything at once."""
        start = 0
        while True:
            headers = {"accept": "*/*", "accept-encoding": "identity", "range": f"bytes={start}-{start + CHUNK - 1}"}
            response = self._http.read("GET", url, headers=headers, cost=0)
            if response.status not in (200, 206):
                what = f"the result of the bulk operation cannot be fetched (HTTP {response.status})"
                raise UnavailableError(f"{what}; {_INSTEAD}")
            yield response.body
            start += len(response.body)
            total = response.headers.get("content-range", "").rpartition("/")[2]
            if response.status == 200 or not response.body or (total.isdigit() and start >= int(total)):
                return


def _row(line: bytes, operation: str) -> tuple[str | None, str | None, str | None, str]:
    """Return what *line* hangs on, what can hang on it, and its text."""
    value = decode_json(line)
    if not isinstance(value, dict):
        raise ValueError("a line is no object")
    if told := line_misfit(operation, value):
        raise ValueError(told)
    return value.get("__parentId"), value.get("id"), (value.get("inventoryItem") or {}).get("id"), line.decode()


def _raise_for_state(state: Mapping[str, Any]) -> None:
    """Raise what it means that an operation has ended without being complete; what it has so far is never used."""
    status, code = state["status"], state["errorCode"]
    if code == "ACCESS_DENIED":
        text = "the app may not read what the bulk operation asks for; check its access scopes, then install it again"
        raise AuthenticationError(text)
    if status in ("FAILED", "EXPIRED", "CANCELED", "CANCELING"):
        why = f" ({code})" if code else ""
        raise UnavailableError(f"the bulk operation was {status.lower()}{why}; {_INSTEAD}", retry_after=60)
