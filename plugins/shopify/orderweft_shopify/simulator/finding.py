"""Searching and sorting lists of objects, and who may see old orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeVar

from .call import Args, Call
from .orders import Order
from .paging import Connection, Key, page_of_rows
from .schema import not_simulated
from .search import Document, Fields, Search
from .store import Store
from .values import timestamp

_VISIBLE = timedelta(days=60)
ORDER_SORTS = {
    "CREATED_AT": "created_at",
    "CURRENT_TOTAL_PRICE": "current_total_price",
    "CUSTOMER_NAME": "customer_name",
    "ID": "id",
    "ORDER_NUMBER": "order_number",
    "PO_NUMBER": "po_number",
    "PROCESSED_AT": "processed_at",
    "RELEVANCE": "id",
    "TOTAL_ITEMS_QUANTITY": "subtotal_line_items_quantity",
    "TOTAL_PRICE": "total_price",
    "UPDATED_AT": "updated_at",
}
CUSTOMER_SORTS = {
    "CREATED_AT": "customer_date",
    "ID": "id",
    "NAME": "default",
    "RELEVANCE": "id",
    "UPDATED_AT": "updated_at",
}
PRODUCT_SORTS = {
    "CREATED_AT": "created_at",
    "ID": "id",
    "PRODUCT_TYPE": "product_type",
    "RELEVANCE": "id",
    "TITLE": "title",
    "UPDATED_AT": "updated_at",
    "VENDOR": "vendor",
}
VARIANT_SORTS = {
    "FULL_TITLE": "title",
    "ID": "id",
    "INVENTORY_QUANTITY": "inventory_quantity",
    "RELEVANCE": "id",
    "SKU": "sku",
}
BY_ID = {"ID": "id", "CREATED_AT": "created_at", "UPDATED_AT": "updated_at"}
T = TypeVar("T")


class Finder:
    """What all searches have in common."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._latest: dict[tuple[str, str, str], tuple[int, list[tuple[Key, Any]]]] = {}

    def _visible(self, order: Order | None) -> Order | None:
        if order is None or "read_all_orders" in self._store.granted:
            return order
        return order if order.created_at >= self._store.now() - _VISIBLE else None

    def _search(
        self, call: Call, kind: type[Any], fields: Fields, sorts: dict[str, str], args: Args, name: str
    ) -> Connection:
        wanted = args.get("sortKey") or "ID"
        sort = sorts.get(wanted)
        if sort is None:
            raise not_simulated(f"{name} sorted by {wanted}")
        return page_of_rows(self._rows(call, kind, fields, sort, args, name), args, wanted, whole=call.whole)

    def _rows(self, call: Call, kind: type[T], fields: Fields, sort: str, args: Args, name: str) -> list[tuple[Key, T]]:
        """Return what a search finds, sorted; the list for the latest query of a kind is kept for its next page."""
        if args.get("savedSearchId"):
            raise not_simulated(f"{name} with a saved search")
        store, text = self._store, args.get("query") or ""
        documents = store.indexes[kind].documents()
        version, kept = self._latest.get((name, text, sort), (-1, []))
        if version == store.indexes[kind].version and kind is not Order:
            return kept
        search = Search(text, fields, store.now(), whole=store.switches.whole_skus)
        rows = [(_sort_key(documents[gid], sort), store.get(kind, gid)) for gid in search.matches(documents)]
        if search.warnings:
            warnings = list(search.warnings.values())
            call.searches.append({"path": [name], "query": search.text, "warnings": warnings})
        shown = [(key, found) for key, found in rows if found is not None and self._shown(found)]
        shown.sort(key=lambda row: row[0])
        self._latest = {key: value for key, value in self._latest.items() if key[0] != name}
        if not search.warnings and "now" not in text:
            self._latest[name, text, sort] = (store.indexes[kind].version, shown)
        return shown

    def _shown(self, found: Any) -> bool:
        return not isinstance(found, Order) or self._visible(found) is not None


def _sort_key(document: Document, sort: str) -> Key:
    value = document[sort]
    return (timestamp(value) if isinstance(value, datetime) else value, document["id"])
