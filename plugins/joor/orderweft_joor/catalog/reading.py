"""Read products: from the v4 lists, or from the v2 styles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from orderweft import (
    Connection,
    InvalidRecordError,
    Kind,
    Product,
    RecordPage,
    UnavailableError,
    Unread,
    hookimpl,
    marked_complete,
)

from ..client import ProductClient, StyleClient
from ..config import Settings
from ..mapping import Row, Tables, style_id, style_to_product, tables_of, v4_to_product
from .form import form_of

_AT_ONCE = 50


@hookimpl
def read_catalog(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield all products, each whole; the last page says whether nothing was left out."""
    pages = _v2_pages if connection.settings.catalog_api == "v2" else _v4_pages
    return marked_complete(pages(connection))


def _v2_pages(connection: Connection[Settings]) -> Iterator[RecordPage]:
    for rows in connection.once(StyleClient).styles():
        yield _page(
            rows, style_id, lambda row: style_to_product(row, channel=connection.channel, connection=connection.name)
        )


def _v4_pages(connection: Connection[Settings]) -> Iterator[RecordPage]:
    client = connection.once(ProductClient)
    products = client.listed("products")
    tables = _tables(client)
    keys = form_of(connection.settings).key_fields
    for first in range(0, max(1, len(products)), _AT_ONCE):
        rows = products[first : first + _AT_ONCE]
        skus = client.skus([str(row.get("id")) for row in rows])
        prices = client.prices([str(sku.get("id")) for listed in skus.values() for sku in listed])

        def read(row: Row, skus: dict[str, list[Any]] = skus, prices: dict[str, list[Any]] = prices) -> Product:
            own = skus.get(str(row.get("id")), [])
            return v4_to_product(
                row, own, prices, tables, keys=keys, channel=connection.channel, connection=connection.name
            )

        yield _page(rows, _product_id, read, len(products))


def _tables(client: ProductClient) -> Tables:
    try:
        seasons = client.listed("seasons")
    except UnavailableError:
        # The shape of seasons is not documented, and a product is whole without them.
        seasons = []
    categories, collections = client.listed("categories"), client.listed("collections")
    try:
        return tables_of(categories, collections, seasons)
    except InvalidRecordError as error:
        raise UnavailableError(f"categories, collections or seasons cannot be read: {error}") from None


def _page(
    rows: Sequence[Any],
    name: Callable[[Any], tuple[str, str]],
    read: Callable[[Row], Product],
    total: int | None = None,
) -> RecordPage:
    products: list[Product] = []
    unread: list[Unread] = []
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise InvalidRecordError("a row is not an object")
            products.append(read(row))
        except InvalidRecordError as error:
            unread.append(Unread(*name(row), problem=str(error)))
    return RecordPage(tuple(products), tuple(unread), total)


def _product_id(row: Any) -> tuple[str, str]:
    identity = str(row.get("id") or "product")
    label = " ".join(str(row[field]) for field in ("product_identifier", "name") if row.get(field))
    return identity, label or identity


@hookimpl(specname="provides")
def provides_catalog(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what every product read from JOOR carries."""
    if kind != "catalog" or (connection.settings.catalog_api == "v4" and connection.settings.missing_for_v4):
        return None
    v2 = connection.settings.catalog_api == "v2"
    never = {"vendor": False, "subcategory": False, "gender": False, "hs_code": False, "status": False}
    sku = {"type": "object", "properties": {"sku": False} if v2 else {}}
    color = {"type": "object", "properties": {"skus": {"type": "array", "items": sku}, "seasons": False}}
    return {
        "type": "object",
        "required": ["origin", "name", "colors", "sizes", "prices", "collections"],
        "properties": {**never, "colors": {"type": "array", "items": color}},
    }
