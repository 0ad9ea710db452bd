"""Records of one identity: levels of one item from several places are added up, a record read twice counts once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from ..exchange import Moved
from ..ledger import Incoming
from ..records import StockLevel
from .record_job import mark_of


def parts_of(record: Moved) -> str:
    """Return what *record* adds to others of its identity: the item at the source, and how many pieces come from it.

    Only levels of an item the source names by an id can be added up.
    """
    item, pieces = (record.item.id, record.quantity) if isinstance(record, StockLevel) else (None, None)
    return json.dumps([item, {record.origin.id: pieces}])


def merged(coming: Iterable[Incoming], earlier: Mapping[str, Incoming]) -> list[Incoming]:
    """Return *coming* with each identity once, put together with what came *earlier*."""
    together: dict[str, Incoming] = {}
    for one in coming:
        before = together.get(one.key) or earlier.get(one.key)
        together[one.key] = one if before is None else _together(before, one)
    return list(together.values())


def _together(before: Incoming, one: Incoming) -> Incoming:
    item_before, pieces_before = json.loads(before.parts or "[null, {}]")
    item, pieces = json.loads(one.parts or "[null, {}]")
    pieces = {**pieces_before, **pieces}
    parts = json.dumps([item, pieces])
    if len(pieces) == 1:
        return one
    if before.times > 1 or item is None or item != item_before:
        return replace(one, times=len(pieces), parts=parts)
    # whatever order they come in, the same part says all but the quantity
    first, data = min(((part, json.loads(part.record)) for part in (one, before)), key=lambda pair: _origin(pair[1]))
    if None not in pieces.values():
        data["quantity"] = sum(pieces.values())
    return replace(first, record=to_json(data).decode(), mark=mark_of(data), parts=parts)


def _origin(data: Mapping[str, Any]) -> str:
    return str(data["origin"]["id"])
