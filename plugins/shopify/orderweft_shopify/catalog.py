"""Find the product variants that order lines mean."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderweft import Connection

from .client import Client
from .config import Settings

BATCH = 50
"""Codes looked for in one search."""
REMEMBERED = 5000


@dataclass(frozen=True, slots=True)
class Variant:
    """What the store knows of one item."""

    id: str
    sku: str | None
    barcode: str | None
    title: str
    options: str
    """Its color, size and the like in one text, such as `Navy / M`."""
    limited: bool
    """False when it may be sold without being in stock."""
    levels: tuple[tuple[str, int], ...]
    """Available pieces at each active location; empty when not asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """The variants of some codes; a code that is in neither is unknown to the store."""

    variants: Mapping[str, Variant] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()
    """Codes several variants carry."""


class Catalog:
    """The product variants of one store; use `connection.once(Catalog)`.

    Which variant a code means is remembered; everything else is read afresh.
    """

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._by = connection.settings.item_identifier
        self._lock = threading.Lock()
        self._ids: dict[str, str] = {}

    def find(self, codes: Iterable[str], *, with_levels: bool) -> Found:
        """Return the variants that carry *codes* exactly, with the levels of their stock if wanted."""
        wanted = list(dict.fromkeys(codes))
        with self._lock:
            known = {code: self._ids[code] for code in wanted if code in self._ids}
        variants = self._read(known, with_levels)
        searched = self._search([code for code in wanted if code not in variants])
        fresh = {code: next(iter(ids)) for code, ids in searched.items() if len(ids) == 1}
        variants |= self._read(fresh, with_levels)
        self._remember({code: variant.id for code, variant in variants.items()})
        return Found(variants, frozenset(code for code, ids in searched.items() if len(ids) > 1))

    def _search(self, codes: Sequence[str]) -> dict[str, set[str]]:
        """Return the ids of the variants that carry each code, as far as Shopify's index knows."""
        found: dict[str, set[str]] = {}
        for batch in _batches(codes):
            query = " OR ".join(f"{self._by}:{quoted(code)}" for code in batch)
            for node in self._client.nodes("VariantSearch", "productVariants", query=query):
                # The index may fold case and split words; only the very same code counts.
                if node[self._by] in batch:
                    found.setdefault(node[self._by], set()).add(node["id"])
        return found

    def _read(self, ids: Mapping[str, str], with_levels: bool) -> dict[str, Variant]:
        """Return those variants that still carry their code."""
        read: dict[str, Variant] = {}
        for batch in _batches(list(ids)):
            data = self._client.query("Variants", ids=[ids[code] for code in batch], withLevels=with_levels)
            for code, node in zip(batch, data["nodes"], strict=True):
                if node and node.get(self._by) == code:
                    read[code] = to_variant(node, self._levels(node["inventoryItem"]))
        return read

    def _levels(self, item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        first = item.get("inventoryLevels")
        if first is None:
            return
        yield from first["nodes"]
        if first["pageInfo"]["hasNextPage"]:
            after = first["pageInfo"]["endCursor"]
            at = "inventoryItem.inventoryLevels"
            yield from self._client.nodes("InventoryLevels", at, item=item["id"], after=after)

    def _remember(self, ids: Mapping[str, str]) -> None:
        with self._lock:
            self._ids |= ids
            for code in list(self._ids)[: max(0, len(self._ids) - REMEMBERED)]:
                del self._ids[code]


def to_variant(node: Mapping[str, Any], levels: Iterable[Mapping[str, Any]]) -> Variant:
    """Read one product variant and the levels of its stock."""
    available: dict[str, int] = {}
    for level in levels:
        if level["location"]["isActive"]:
            counts = {entry["name"]: int(entry["quantity"]) for entry in level["quantities"]}
            available[level["location"]["id"]] = counts.get("available", 0)
    return Variant(
        id=node["id"],
        sku=node["sku"],
        barcode=node["barcode"],
        title=node["product"]["title"],
        options=node["title"],
        limited=node["inventoryItem"]["tracked"] and node["inventoryPolicy"] != "CONTINUE",
        levels=tuple(available.items()),
    )


def quoted(text: str) -> str:
    """Return *text* as a quoted value of Shopify's search syntax."""
    # https://shopify.dev/docs/api/usage/search-syntax
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    return f"'{escaped}'"


def _batches(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(codes), BATCH):
        yield codes[start : start + BATCH]
