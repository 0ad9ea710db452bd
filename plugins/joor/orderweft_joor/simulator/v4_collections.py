"""The v4 calls for collections."""

from __future__ import annotations

from datetime import date

from orderweft import Request, Response

from .catalog import SEASONS, Catalog, Collection, Item
from .switches import Switches
from .v4_wire import Row, RowError, Wire, count, objects, text, texts

_DATES = ("start_ship_date", "complete_ship_date", "cancel_date")


class Collections:
    """Answer the v4 calls for collections."""

    def __init__(self, catalog: Catalog, switches: Switches, wire: Wire) -> None:
        self._catalog = catalog
        self._replaced = switches["collection_items"] == "replaced"
        self._wire = wire

    def read(self, request: Request) -> Response:
        """Answer the collections."""
        return self._wire.listed(request, self._catalog.collections.values(), _row)

    def create(self, request: Request) -> Response:
        """Create the collections that do not exist yet."""

        def create(row: Row) -> Row:
            name, external_id = (str(text(row, key, required=True)) for key in ("name", "external_id"))
            if any(each.external_id == external_id for each in self._catalog.collections.values()):
                raise RowError(f"A collection with external_id {external_id} already exists", "DUPLICATED")
            self._check(row)
            return self._change(self._catalog.add_collection(name, external_id), row)

        return self._wire.each(self._wire.rows(request), create, "external_id", 201)

    def update(self, request: Request) -> Response:
        """Change what rows give of collections that exist."""

        def update(row: Row) -> Row:
            collection = self._catalog.collections.get(str(row.get("id")))
            if collection is None:
                raise RowError(f"Collection {row.get('id')} does not exist", "NOT_FOUND")
            self._check(row)
            return self._change(collection, row)

        return self._wire.each(self._wire.rows(request), update, "id")

    def _check(self, row: Row) -> None:
        text(row, "name", required=True)
        season = text(row, "season_id")
        if season and season not in {each.id for each in SEASONS}:
            raise RowError(f"Season {season} does not exist")
        delivery = _delivery(row)
        count(delivery, "minimum_shipping_window")
        start, complete = (_date(delivery, name) for name in _DATES[:2])
        _date(delivery, "cancel_date")
        if bool(start) != bool(complete):
            # https://api-docs.jooraccess.com/v2.0/reference/create-order has both texts
            raise RowError("Invalid delivery window. You must provide both the start and end date")
        if start and complete and start > complete:
            raise RowError(f"Delivery window start: {start} is later than end: {complete}")
        self._items(row)

    def _items(self, row: Row) -> list[Item]:
        items = []
        for given in objects(row, "items"):
            product = self._catalog.products.get(str(given.get("product_id")))
            if product is None:
                raise RowError(f"Product {given.get('product_id')} does not exist")
            sku_ids = texts(given, "sku_ids")
            if not set(sku_ids) <= {sku.id for sku in product.skus}:
                raise RowError(f"sku_ids must be SKUs of the product {product.id}")
            items.append(Item(product.id, count(given, "order_number"), sku_ids))
        return items

    def _change(self, collection: Collection, row: Row) -> Row:
        collection.name = str(row["name"])
        for name in {"external_id", "season_id"} & row.keys():
            setattr(collection, name, text(row, name))
        if "delivery" in row:
            delivery = _delivery(row)
            for name in _DATES:
                setattr(collection, name, _date(delivery, name))
            collection.minimum_shipping_window = count(delivery, "minimum_shipping_window")
        if "items" in row:
            if self._replaced:
                collection.items.clear()
            collection.items |= {item.product_id: item for item in self._items(row)}
        return _row(collection)


def _delivery(row: Row) -> Row:
    delivery = row.get("delivery") or {}
    if not isinstance(delivery, dict):
        raise RowError("delivery must be an object")
    return delivery


def _date(delivery: Row, name: str) -> date | None:
    given = text(delivery, name)
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise RowError(f"{name} must be a date: YYYY-MM-DD") from None


def _row(collection: Collection) -> Row:
    dates = {name: getattr(collection, name) for name in _DATES}
    return {
        "id": collection.id,
        "name": collection.name,
        "external_id": collection.external_id,
        "season_id": collection.season_id,
        "delivery": {**dates, "minimum_shipping_window": collection.minimum_shipping_window},
        "items": [
            {"product_id": item.product_id, "order_number": item.order_number, "sku_ids": item.sku_ids}
            for item in collection.items.values()
        ],
    }
