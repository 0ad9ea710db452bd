"""Stock on the wire: one bulk call, and its answer row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orderweft import Connection, UnknownOutcomeError

from ..config import Settings
from .answers import DeclinedError, UnreadableError, check_code, found, read_document
from .wire import Wire

_BULK_INVENTORY = "/v2/bulk-inventory"
_CHECK = "inventory_json, immediate_date and rows_per_call"


@dataclass(frozen=True, slots=True)
class StockAnswer:
    """What JOOR says of the rows of one call."""

    log: tuple[Mapping[str, Any], ...]
    """One entry per row, as far as JOOR gives any."""
    count: int | None
    """How many updates JOOR says it performed."""
    id: str
    """JOOR's id of the call."""


class InventoryClient:
    """The stock of one account on JOOR."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._wire = connection.once(Wire)

    def set_stock(self, rows: Sequence[Mapping[str, Any]], *, overwrite: bool) -> StockAnswer:
        """Send all *rows* in one call."""
        settings, where = self._wire.settings, f"{self._wire.name}: sending stock"
        document: Any = {"inventory_items": list(rows)}
        params = {"overwrite": 1 if overwrite else None, "dec_pending": 1 if settings.dec_pending else None}
        body = self._wire.v2(
            self._wire.http.write,
            "POST",
            _BULK_INVENTORY,
            where,
            check=f"base_url, {_CHECK}",
            params=params,
            json=[document] if settings.inventory_json == "list" else document,
        )
        try:
            return _stock_answer(body, where)
        except UnreadableError as error:
            raise UnknownOutcomeError(str(error)) from error


def _stock_answer(body: str, where: str) -> StockAnswer:
    document = read_document(body, where)
    log = tuple(_entries(list(found(document, "inventory_log"))))
    try:
        head = check_code(document, where)
    except DeclinedError as error:
        if not log:
            raise DeclinedError(f"{error}; check {_CHECK}") from error
        head = {}
    counts = [str(value).strip() for value in found(document, "sku_count")]
    count = int(counts[0]) if counts and counts[0].isdecimal() else None
    identity = str(head.get("log_id") or "").encode(errors="replace").decode().strip()
    return StockAnswer(log, count, identity or "bulk-inventory")


def _entries(node: Any) -> list[Mapping[str, Any]]:
    """Return the entries of a log, which comes as a list, as one object, wrapped, or as empty text."""
    if isinstance(node, list):
        return [entry for below in node for entry in _entries(below)]
    if not isinstance(node, dict):
        return []
    if "status" in node or "inventory_log_id" in node:
        return [node]
    return [entry for below in node.values() for entry in _entries(below)]
