"""Products of a Shopify store: read them, write them, and find the variants that order lines mean."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderweft import (
    Accepted,
    AlreadyThere,
    ChannelError,
    Connection,
    InvalidRecordError,
    NotSent,
    Outcome,
    Product,
    Reason,
    Receipt,
    RecordPage,
    Refused,
    RejectedError,
    TemplateError,
    Unknown,
    UnknownOutcomeError,
    Unread,
    first_mistake,
    hookimpl,
)
from pydantic import ValidationError

from .client import Client, Products, RefusalError
from .config import Settings
from .mapping import (
    STYLE_KEY,
    Source,
    Styles,
    from_product,
    identifier_of,
    number_of,
    style_of,
    to_product,
)

BATCH = 50
"""Codes looked for in one search."""
REMEMBERED = 5000
AT_ONCE = 100
"""Variants up to which a product is written while we wait."""


@hookimpl
def read_catalog(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield all products as styles in colors and sizes, priced in the store's currency."""
    settings = connection.settings
    styles, source = Styles(settings), Source(connection.channel, connection.name)
    currency = connection.once(Client).currency()
    whole = True
    for nodes, last in connection.once(Products).read("catalog"):
        records: list[Product] = []
        unread: list[Unread] = []
        for node in nodes:
            try:
                records.append(to_product(styles.read(node), source, settings, currency))
            except ValidationError as error:
                unread.append(Unread(node["id"], node["title"], first_mistake(error)))
            except (InvalidRecordError, TemplateError) as error:
                unread.append(Unread(node["id"], node["title"], str(error)))
        whole = whole and not unread
        yield RecordPage(tuple(records), tuple(unread), complete=last and whole)


@hookimpl
def write_catalog(connection: Connection[Settings], products: Sequence[Product]) -> list[Outcome]:
    """Create each product, or bring the one that is there up to date with all its variants."""
    shelf = connection.once(Shelf)
    outcomes: list[Outcome] = []
    for product in products:
        try:
            outcomes.append(shelf.put(product))
        except ChannelError as error:
            if not any(isinstance(outcome, Accepted | Unknown) for outcome in outcomes):
                raise
            outcomes.append(NotSent(message=str(error), retry_after=error.retry_after))
    return outcomes


class Shelf:
    """Where products come in at one store; use `connection.once(Shelf)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._settings = connection.settings
        self._client = connection.once(Client)
        self._products = connection.once(Products)
        self._catalog = connection.once(Catalog)

    def put(self, product: Product) -> Outcome:
        """Create or update one product, and say what came of it; raises when nothing of it was done."""
        try:
            return self._put(product)
        except RefusalError as refusal:
            reason: Reason = "invalid_field" if any(problem.field for problem in refusal.problems) else "refused"
            return Refused(reason=reason, message=f"{product.label}: {refusal}")
        except RejectedError as error:
            return Refused(reason="invalid_field", message=f"{product.label}: {error}")
        except UnknownOutcomeError as error:
            return Unknown(message=str(error))

    def _put(self, product: Product) -> Outcome:
        style = style_of(product)
        if not style:
            raise RejectedError("it has neither a style identifier nor a style number")
        keyed = self._settings.product_identifier == "metafield"
        if keyed:
            self._client.define_metafield("PRODUCT", STYLE_KEY, "Style")
        stored = self._stored(product, style)
        draft = from_product(product, stored, self._settings, self._client.currency())
        untied = keyed and stored is not None and not stored["style"]
        if draft.given is None and not untied and stored is not None:
            return AlreadyThere(receipt=self._receipt(stored["id"], draft.remarks))
        if untied and stored is not None:
            # First, because it changes nothing anybody sees, and without it the style is found again by its items.
            key = {"namespace": self._settings.metafield_namespace, "key": STYLE_KEY, "type": "id"}
            sent = [{**key, "value": style, "ownerId": stored["id"]}]
            self._client.mutate("SetMetafields", "metafields", metafields=sent)
        id_ = stored["id"] if stored else ""
        if draft.given is not None:
            id_ = self._products.set(draft.given, draft.identifier, large=draft.variants > AT_ONCE)
        return Accepted(receipt=self._receipt(id_, draft.remarks))

    def _stored(self, product: Product, style: str) -> dict[str, Any] | None:
        """Return the product as the store has it, whole, None when it has none; raises RejectedError when in doubt."""
        found = self._products.find(identifier_of(product, self._settings)) or self._by_items(product)
        stored = self._products.whole(found, STYLE_KEY) if found else None
        if stored is None:
            return None
        other = (stored["style"] or {}).get("value")
        if other not in (None, style):
            raise RejectedError(f"its items are those of the style {other!r} in the store")
        if len(stored["variants"]) != stored["variantsCount"]["count"]:
            raise RejectedError(
                "the variants it has in the store cannot all be read, and writing would delete the rest"
            )
        return stored

    def _by_items(self, product: Product) -> str | None:
        """Return the gid of the product that has the items of *product*."""
        codes = [getattr(item, self._settings.item_identifier) for item in product.items()]
        found = self._catalog.find([code for code in codes if code], with_levels=False)
        if found.ambiguous:
            by = self._settings.item_identifier
            raise RejectedError(f"several variants have the {by} {', '.join(sorted(found.ambiguous))}")
        owners = self._products.of([variant.id for variant in found.variants.values()])
        if len(owners) > 1:
            raise RejectedError(f"its items lie on {len(owners)} products of the store")
        return next(iter(owners), None)

    def _receipt(self, id_: str, remarks: Sequence[str]) -> Receipt:
        url = f"https://{self._settings.domain}/admin/products/{number_of(id_)}"
        return Receipt(id=id_, url=url, remarks=tuple(remarks))


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
    item: str = ""
    """The gid of what its stock is counted under."""


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
            nodes = self._client.listed("Variants", "ids", [ids[code] for code in batch], withLevels=with_levels)
            for code, node in zip(batch, nodes, strict=True):
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
        item=node["inventoryItem"]["id"],
    )


def quoted(text: str) -> str:
    """Return *text* as a quoted value of Shopify's search syntax."""
    # https://shopify.dev/docs/api/usage/search-syntax
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')
    return f"'{escaped}'"


def _batches(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(codes), BATCH):
        yield codes[start : start + BATCH]
