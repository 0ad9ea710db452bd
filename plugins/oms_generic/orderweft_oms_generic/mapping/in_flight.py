"""Orders a system took after it had written its stock, taken off that stock; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderweft import Named, StockLevel, normalize_gtin


@dataclass(frozen=True, slots=True)
class Taken:
    """An order that was handed over: when, for which warehouse, and the pieces by the codes of their items."""

    at: datetime | None
    warehouse: tuple[str, ...]
    lines: tuple[tuple[str | None, str | None, int], ...]
    """SKU, barcode and pieces."""


def pieces_of(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be noted of an order to know later what it took."""
    place = order.get("warehouse") or {}
    lines = [[line.get("sku"), line.get("barcode"), int(line["quantity"])] for line in order.get("lines") or ()]
    return {"warehouse": [text for name in ("name", "code") if (text := place.get(name))], "lines": lines}


def less_taken(levels: Sequence[StockLevel], taken: Sequence[Taken], written: datetime) -> list[StockLevel]:
    """Return *levels* without what was *taken* after they were true: at their own time, else when they were *written*.

    Of an item in several places it is the place the order names, else the one with most.
    """
    left = list(levels)
    places: dict[str, list[int]] = {}
    for index, level in enumerate(levels):
        if level.quantity is not None and level.bucket == "immediate":
            for code in {level.item.sku, level.item.barcode, level.item.gtin} - {None}:
                places.setdefault(str(code), []).append(index)
    for order in taken:
        for sku, barcode, pieces in order.lines:
            codes = (sku, barcode, normalize_gtin(barcode))
            found = next((places[code] for code in codes if code in places), [])
            late = [index for index in found if order.at is None or order.at > (levels[index].updated_at or written)]
            if late:
                index = _chosen(left, late, order)
                rest = (left[index].quantity or 0) - pieces
                left[index] = left[index].model_copy(update={"quantity": rest})
    return left


def _chosen(levels: Sequence[StockLevel], late: Sequence[int], order: Taken) -> int:
    named = [index for index in late if set(order.warehouse) & _names(levels[index].warehouse)]
    return max(named or late, key=lambda index: levels[index].quantity or 0)


def _names(place: Named | None) -> set[str]:
    return {name for name in (place.name, place.code) if name} if place else set()
