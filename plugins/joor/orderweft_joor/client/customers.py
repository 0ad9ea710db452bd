"""Customers on the wire: JOOR calls the link between a brand and a retailer a connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from orderweft import Connection

from ..config import Settings
from . import jobs
from .answers import NotThereError
from .wire import Wire

_CONNECTIONS = "/v2/connection"
_BULK = "/v2/bulk-connection"
_NAMES = ("connections", "connection")
_KEYS = ("customer_account_id", "connection_id", "customer_code")


class CustomerClient:
    """The customers of one account on JOOR."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._wire = connection.once(Wire)

    def customers(self) -> Iterator[tuple[Any, ...]]:
        """Yield all connection rows, page by page."""
        yield from self._wire.pages(_CONNECTIONS, _NAMES, _KEYS, f"{self._wire.name}: reading customers")

    def customer(self, code: str) -> dict[str, Any] | None:
        """Return the connection with exactly this customer code, or None when there is none."""
        path = f"{_CONNECTIONS}/customer_code/{quote(code, safe='')}/"
        try:
            answer = self._wire.rows(path, _NAMES, f"{self._wire.name}: reading a customer")
        except NotThereError:
            return None
        return next((row for row in answer.rows if isinstance(row, dict) and row.get("customer_code")), None)

    def send(self, rows: Sequence[Mapping[str, Any]]) -> str | None:
        """Hand *rows* to a background job and return its id."""
        # The JSON form follows that of bulk styles, seen in public code; the XML of JOOR's reference has these nodes.
        document = {"bulk_connections": {"connection": list(rows)}}
        where = f"{self._wire.name}: sending customers"
        return jobs.begin(self._wire, _BULK, document, "bulk_connections_job_id", where)

    def wait(self, job: str) -> bool:
        """Wait for a job; return whether it has ended."""
        return jobs.wait(self._wire, f"{_BULK}/{quote(job, safe='')}", f"{self._wire.name}: waiting for customers")
