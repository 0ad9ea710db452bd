"""The v4 catalog on the wire: products, SKUs, prices, collections, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from orderweft import Connection

from ..config import Settings
from .answers import UnreadableError
from .wire import Wire, Written

_PRODUCTS_AT_ONCE = 50
_SKUS_AT_ONCE = 100

V4Row = dict[str, Any]


class ProductClient:
    """The v4 catalog of one account on JOOR."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._wire = connection.once(Wire)

    def listed(self, what: str) -> list[V4Row]:
        """Return all rows of a list, such as `products` or `price_types`."""
        return self._wire.all_v4(f"/v4/{what}", f"{self._wire.name}: reading {what.replace('_', ' ')}")

    def skus(self, product_ids: Sequence[str]) -> dict[str, list[V4Row]]:
        """Return the SKUs of each product of *product_ids*."""
        rows = self._by_ids("skus", "product_ids", product_ids, _PRODUCTS_AT_ONCE)
        return _grouped(rows, "product_id", product_ids)

    def prices(self, sku_ids: Sequence[str]) -> dict[str, list[V4Row]]:
        """Return the prices of each SKU of *sku_ids*."""
        return _grouped(self._by_ids("prices", "sku_ids", sku_ids, _SKUS_AT_ONCE), "sku_id", sku_ids)

    def write(self, path: str, rows: Sequence[V4Row]) -> Written:
        """Send *rows* to a bulk call, such as `skus/bulk_create`."""
        return self._wire.write_v4(f"/v4/{path}", rows, f"{self._wire.name}: sending {path.partition('/')[0]}")

    def _by_ids(self, what: str, name: str, ids: Sequence[str], at_once: int) -> Iterator[V4Row]:
        where = f"{self._wire.name}: reading {what}"
        for first in range(0, len(ids), at_once):
            yield from self._wire.all_v4(f"/v4/{what}", where, **{name: ",".join(ids[first : first + at_once])})


def _grouped(rows: Iterable[V4Row], key: str, ids: Sequence[str]) -> dict[str, list[V4Row]]:
    found: dict[str, list[V4Row]] = {identity: [] for identity in ids}
    for row in rows:
        if not row.get(key):
            raise UnreadableError(f"{key}: is missing in a row of JOOR's answer; try again later")
        found.setdefault(str(row.get(key)), []).append(row)
    return found
