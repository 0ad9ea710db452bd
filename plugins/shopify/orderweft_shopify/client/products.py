"""Products read whole, in one bulk operation or page by page, into one and the same form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from orderweft import ChannelError, Connection, SettingsError, UnknownOutcomeError

from ..config import Settings
from .answers import RefusalError, to_problem, worded
from .bulk import Bulk, Lines, turns
from .documents import documents
from .store import Client

PAGE = 10
"""Products in one page; with their variants and levels they stay below the 1,000 points a query may cost."""
REACH = 25_000
"""Objects Shopify lets anybody page through: https://shopify.dev/docs/api/usage/limits"""
IN_BULK = 100
"""Products handed on together from a bulk result."""

_LISTED = 250
Node = dict[str, Any]
_KIND = re.compile(r"gid://shopify/(\w+)/")


class Products:
    """The products of one store; use `connection.once(Products)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._bulk = connection.once(Bulk)
        self._settings, self._clock = connection.settings, connection.clock

    def read(self, want: Literal["stock", "catalog"]) -> Iterator[tuple[list[Node], bool]]:
        """Yield products in groups, each with whether it is known to be the last of all there are.

        A product has `metafields`, `media` and `variants` as plain lists; a variant has `metafields`, and its inventory
        item has `levels` when *want* is stock.
        """
        search = self._settings.product_search or ""
        lines = self._lines(want, search)
        held: list[Node] = []
        seen = 0
        for group in self._by_pages(want, search) if lines is None else _in_groups(lines):
            if seen:
                yield held, False
            held, seen = group, seen + len(group)
        yield held, lines is not None or seen < REACH

    def whole(self, id_: str, style_key: str) -> Node | None:
        """Return one product with all its variants and the metafield *style_key*; None when it is gone."""
        own = {"ownNamespace": self._settings.metafield_namespace, "styleKey": style_key}
        node = self._client.query("ReadProduct", id=id_, stock=False, **self._names(), **own)["product"]
        return self._completed(node, stock=False) if node else None

    def find(self, identifier: Node) -> str | None:
        """Return the gid of the product with *identifier*."""
        try:
            node = self._client.query("FindProduct", identifier=identifier)["productByIdentifier"]
        except RefusalError as refusal:
            # The metafield has no definition yet, so no product carries it.
            if refusal.codes == {"NOT_FOUND"}:
                return None
            raise
        return str(node["id"]) if node else None

    def of(self, variants: Sequence[str]) -> set[str]:
        """Return the gids of the products these *variants* belong to."""
        found: set[str] = set()
        for start in range(0, len(variants), _LISTED):
            nodes = self._client.listed("ProductsOf", "variants", variants[start : start + _LISTED])
            found |= {node["product"]["id"] for node in nodes if node}
        return found

    def set(self, given: Node, identifier: Node, *, large: bool) -> str:
        """Create or update a product and return its gid; waits for a *large* one, which Shopify writes later."""
        sent: Node = {"input": given, "identifier": identifier, "now": not large}
        made = self._client.mutate("SetProduct", "productSetOperation" if large else "product", **sent).made
        return self._awaited(made["id"]) if large else str(made["id"])

    def _awaited(self, id_: str) -> str:
        """Return the gid of the product a background operation writes; any error leaves it in doubt."""
        try:
            for _ in turns(self._clock, self._settings.bulk_wait):
                state = self._client.query("ProductSetState", id=id_)["productOperation"] or {}
                problems = tuple(to_problem(error) for error in state.get("userErrors", ()))
                if state.get("status") == "COMPLETE" and problems:
                    raise RefusalError(f"SetProduct: {worded(problems)}", problems)
                if state.get("status") == "COMPLETE" and state["product"]:
                    return str(state["product"]["id"])
        except ChannelError as error:
            raise UnknownOutcomeError(str(error)) from error
        raise UnknownOutcomeError("SetProduct: Shopify does not tell what became of the product (bulk_wait)")

    def _lines(self, want: str, search: str) -> Lines | None:
        """Return the result of a bulk operation, or None where pages are to be read."""
        by, names = self._settings.read_by, self._names()
        if by == "pages":
            return None
        # Asked before every bulk operation, which would not tell that it ignores a misspelt search.
        try:
            counted = self._client.query("CountProducts", query=search)["productsCount"]
        except RefusalError as refusal:
            raise SettingsError(str(refusal)) from refusal
        if by == "auto" and (counted or {"count": 0})["count"] < self._settings.bulk_from:
            return None
        operation = "BulkStock" if want == "stock" else "BulkCatalog"
        document = documents()[operation]
        words = {"SEARCH": search, "NAMESPACE": names["namespace"], "QUANTITY": names["names"][0]}
        for place, text in words.items():
            document = document.replace(f'"{place}"', json.dumps(text))
        try:
            return self._bulk.read(operation, document)
        except RefusalError as refusal:
            if by == "bulk":
                raise SettingsError(f'{refusal}; check api_version, or set read_by = "pages"') from refusal
            return None

    def _names(self) -> Node:
        return {"namespace": self._settings.flags_namespace, "names": [self._settings.quantity_name]}

    # page by page

    def _by_pages(self, want: str, search: str) -> Iterator[list[Node]]:
        stock = want == "stock"
        variables = {**self._names(), "query": search, "stock": stock, "first": PAGE}
        for page in self._client.pages("ReadProducts", "products", **variables):
            yield [self._completed(node, stock=stock) for node in page["nodes"]]

    def _completed(self, node: Node, *, stock: bool) -> Node:
        """Return *node* with plain lists in place of first pages."""
        more = {**self._names(), "stock": stock}
        variants = self._rest(node["variants"], "ReadVariants", "product.variants", product=node["id"], **more)
        for variant in variants:
            variant["metafields"] = self._fields(variant)
            if stock:
                item = variant["inventoryItem"]
                at = "inventoryItem.inventoryLevels"
                names = {"item": item["id"], "names": more["names"]}
                item["levels"] = self._rest(item.pop("inventoryLevels"), "ReadLevels", at, **names)
        media = [] if stock else self._rest(node["media"], "ReadMedia", "product.media", product=node["id"])
        return {**node, "metafields": self._fields(node), "variants": variants, "media": media}

    def _fields(self, owner: Node) -> list[Node]:
        names = {"owner": owner["id"], "namespace": self._settings.flags_namespace}
        return self._rest(owner["metafields"], "ReadFields", "node.metafields", **names)

    def _rest(self, first: Node, operation: str, at: str, **variables: Any) -> list[Node]:
        nodes = list(first["nodes"])
        if first["pageInfo"]["hasNextPage"]:
            nodes += self._client.nodes(operation, at, after=first["pageInfo"]["endCursor"], **variables)
        return nodes


def _in_groups(lines: Lines) -> Iterator[list[Node]]:
    with lines:
        group: list[Node] = []
        for root in lines.roots():
            group.append(_regrouped(root, lines))
            if len(group) == IN_BULK:
                yield group
                group = []
        yield group


def _regrouped(product: Node, lines: Lines) -> Node:
    """Return *product* with what the lines have below it."""
    found = _by_kind(lines.below(product["id"]))
    variants = sorted(found.get("ProductVariant", []), key=lambda variant: variant["position"])
    for variant in variants:
        item = variant["inventoryItem"]
        # Whether the levels hang on the variant or on its item is not recorded; the ids tell either way.
        below = _by_kind(lines.below(variant["id"], item["id"]))
        variant["metafields"] = below.get("Metafield", [])
        item["levels"] = below.get("InventoryLevel", [])
    media = found.get("MediaImage", [])
    return {**product, "variants": variants, "metafields": found.get("Metafield", []), "media": media}


def _by_kind(nodes: list[Node]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in nodes:
        told = _KIND.match(node["id"]) if node.get("id") else None
        found.setdefault(told[1] if told else "", []).append(node)
    return found
