"""Orders on the wire: reading them, taking them from the export queue, marking them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from orderweft import (
    Accepted,
    Connection,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
)

from ..config import Settings
from .answers import Answer, json_text, messages, read_answer
from .wire import Wire, Written

BATCH = 100
_ORDERS_V2 = "/v2/order/"
_ORDERS_V4 = "/v4/orders"
_BULK_UPDATE = "/v4/orders/bulk_update"
_FOUND_LATER = "orders it may have marked as exported are found by their modification date (sync=0) in the next run"


class OrderFilter(IntEnum):
    """What `order_type` means in a request; the numbers differ from those of an answer."""

    NOTES = 1
    APPROVED_SHIPPED = 2
    PENDING = 3
    ALL_BUT_CANCELLED = 4
    CANCELLED = 5
    APPROVED = 6
    SHIPPED = 7
    ALL = 8


class Client:
    """The orders of one account on JOOR."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._wire = connection.once(Wire)
        self._name = connection.name

    def orders(
        self,
        wanted: OrderFilter,
        *,
        start: int | None = None,
        count: int,
        modified: tuple[datetime, datetime] | None = None,
    ) -> Answer:
        """Read a page of orders without marking them."""
        since, until = modified or (None, None)
        params = {
            "sync": 0,
            "order_type": int(wanted),
            "date_start": since and _timestamp(since),
            "date_end": until and _timestamp(until),
            "start_from": start,
            "count": count,
        }
        where = f"{self._name}: reading orders"
        body = self._wire.v2(
            self._wire.http.read, "GET", _ORDERS_V2, where, check="base_url and order_status", params=params
        )
        return read_answer(body, where)

    def take_orders(self, wanted: OrderFilter, *, count: int) -> str:
        """Take orders from JOOR's export queue, which marks them as exported, and return the raw answer."""
        where = f"{self._name}: taking orders from the export queue (sync=1)"
        params = {"sync": 1, "order_type": int(wanted), "start_from": 0, "count": count}
        try:
            return self._wire.v2(
                self._wire.http.write, "GET", _ORDERS_V2, where, check="base_url and order_status", params=params
            )
        except UnknownOutcomeError as error:
            told = str(error).removeprefix(f"{where}: ")
            raise UnavailableError(f"{where}: {told}; {_FOUND_LATER}", retry_after=error.retry_after) from error

    def order_states(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the v4 status of each order of *ids* that exists."""
        return {identity: str(row.get("status") or "") for identity, row in self.order_rows(ids).items()}

    def order_rows(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the v4 row of each order of *ids* that exists; it has no lines."""
        self._wire.need_v4()
        found: dict[str, dict[str, Any]] = {}
        for first in range(0, len(ids), BATCH):
            found.update(self._v4_orders(ids[first : first + BATCH]))
        return {identity: found[identity] for identity in ids if identity in found}

    def mark_orders(
        self,
        marks: Sequence[Mapping[str, str]],
        what: str = "what became of orders",
        by_hand: str = "the export result",
    ) -> list[Outcome]:
        """Write export results, or *what* else, at most BATCH; one outcome each. Repeating it is harmless."""
        where = f"{self._name}: telling JOOR {what}"
        try:
            written = self._wire.write_v4(_BULK_UPDATE, marks, where)
        except UnavailableError as error:
            told = str(error).removeprefix(f"{where}: ")
            return [NotSent(message=f"{where}: {told}", retry_after=error.retry_after) for _ in marks]
        except UnknownOutcomeError as error:
            told = str(error).removeprefix(f"{where}: ")
            return [Unknown(message=f"{where}: {told}") for _ in marks]
        return _mark_outcomes(marks, written, where, f"Set {by_hand} in JOOR by hand.")

    def sign_in(self) -> None:
        """Make sure that the v4 credentials are good, and that they reach the account."""
        self._wire.v4(self._wire.http.read, "GET", _ORDERS_V4, params={"page": 1, "page_size": 1})

    def _v4_orders(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        where = f"{self._name}: looking orders up in JOOR"
        rows = self._wire.all_v4(_ORDERS_V4, where, until=ids, order_ids=",".join(ids))
        return {str(row.get("id")): row for row in rows}


def _timestamp(instant: datetime) -> str:
    # YYYY-MM-DDThh:mm:ss.sTZD: api-docs.jooraccess.com/docs/definitions-and-conventions
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 100_000}Z"


def _mark_outcomes(marks: Sequence[Mapping[str, str]], written: Written, where: str, fix: str) -> list[Outcome]:
    done = {str(row.get("id")) for row in written.data}
    told = f"{where}: {written.told}"
    # v4 answers can be a success for some rows and an error for others; an error names its row in its text or details.
    blamed = {word: messages([error]) for error in written.errors for word in re.findall(r"[\w=-]+", json_text(error))}
    some_blamed = any(mark["id"] in blamed for mark in marks)
    outcomes: list[Outcome] = []
    for mark in marks:
        if mark["id"] in blamed or (written.failed and not some_blamed):
            message = f"{where}: {blamed[mark['id']]}" if mark["id"] in blamed else told
            outcomes.append(Refused(reason="refused", message=message, fix=fix))
        elif not written.failed and (mark["id"] in done or not written.errors):
            outcomes.append(Accepted(receipt=Receipt(id=mark["id"])))
        else:
            outcomes.append(NotSent(message=told))
    return outcomes
