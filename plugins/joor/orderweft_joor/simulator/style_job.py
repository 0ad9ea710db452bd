"""What a background job does with a style: it creates or changes one product, or skips it without a word."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .catalog import Catalog, Collection, Item, PriceType, Product
from .v2_styles import MORE_FIELDS, TRAIT_FIELDS
from .v2_wire import listed

# https://api-docs.jooraccess.com/v2.0/reference/create-styles
_REQUIRED = {"style_name": 100, "style_number": 45, "style_identifier": 100}
_DATES = {
    "date_delivery_start": "start_ship_date",
    "date_delivery_end": "complete_ship_date",
    "date_cancel": "cancel_date",
}


class StyleJob:
    """Write styles into the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def write(self, row: dict[str, Any]) -> None:
        """Create or change the style that *row* identifies; a row that lacks what is required changes nothing."""
        if not all(0 < len(str(row.get(name) or "")) <= most for name, most in _REQUIRED.items()):
            return
        prices = self._prices(row)
        if prices is None:
            return
        catalog = self._catalog
        name, number, identifier = (str(row[key]) for key in _REQUIRED)
        product = catalog.by_identifier(identifier) or catalog.add_style(name, number, identifier)
        _describe(product, row)
        self._grid(product, row)
        for sku in product.skus:
            for price_type, wholesale, retail in prices:
                catalog.set_price(sku, price_type, wholesale, retail)
        self._deliver(product, row)
        catalog.touch(product)

    def _prices(self, row: dict[str, Any]) -> list[tuple[PriceType, Decimal, Decimal | None]] | None:
        labels = {(label.name, label.currency): label for label in self._catalog.price_types.values()}
        prices = []
        for given in listed(row.get("prices"), "price"):
            label = labels.get((given.get("price_label"), given.get("price_currency")))
            try:
                wholesale = Decimal(str(given.get("price_wholesale")))
                retail = Decimal(str(given["price_retail"])) if given.get("price_retail") else None
            except InvalidOperation:
                return None
            if label is None:
                return None
            prices.append((label, wholesale, retail))
        return prices

    def _grid(self, product: Product, row: dict[str, Any]) -> None:
        catalog = self._catalog
        for given in listed(row.get("colors"), "color"):
            color = catalog.add_option(product, "color", str(given.get("color_name")), given.get("color_code"))
            color.more["color_hex"] = given.get("color_hex")
        for given in listed(row.get("sizes"), "size"):
            size = catalog.add_option(product, "size", str(given.get("size_name")), given.get("size_code"))
            size.more |= {name: given[name] for name in ("size_description", "size_multiplier") if name in given}
        for color in product.colors.values():
            for size in product.sizes.values():
                if product.sku(color.value, size.value) is None:
                    catalog.add_sku(product, color, size)
        barcodes = {
            (given.get("sku_color_code"), given.get("sku_size")): given.get("upc")
            for given in listed(row.get("skus"), "sku")
        }
        for sku in product.skus:
            barcode = barcodes.get((sku.color.code, sku.size.value))
            if barcode:
                others = [each for each in sku.identifiers if each["type"] != "UPC"]
                sku.identifiers = [{"type": "UPC", "value": str(barcode)}, *others]

    def _deliver(self, product: Product, row: dict[str, Any]) -> None:
        mode = str(row.get("delivery_overwrite", 1))
        wanted = [self._collection(given) for given in listed(row.get("deliveries"), "delivery")]
        for collection in wanted:
            if mode == "4":
                collection.items.pop(product.id, None)
            else:
                collection.items.setdefault(product.id, Item(product.id, len(collection.items) + 1))
        if mode in ("1", "2"):
            for collection in list(self._catalog.listings(product)):
                if collection not in wanted and not (mode == "2" and collection.by_hand):
                    del collection.items[product.id]

    def _collection(self, given: dict[str, Any]) -> Collection:
        code, name = given.get("delivery_code"), str(given.get("delivery_name") or given.get("delivery_code"))
        collections = self._catalog.collections.values()
        found = next((each for each in collections if code and each.external_id == code), None)
        found = found or next((each for each in collections if each.name == name), None)
        found = found or self._catalog.add_collection(name, code)
        for given_name, own_name in _DATES.items():
            if given.get(given_name):
                setattr(found, own_name, _day(str(given[given_name])))
        return found


def _describe(product: Product, row: dict[str, Any]) -> None:
    product.name = str(row["style_name"])
    if "style_description" in row:
        product.description = row["style_description"]
    if "minimum" in row:
        product.order_minimum = int(row["minimum"]) if str(row["minimum"]).isdecimal() else None
    if "category_id" in row:
        product.category_ids = [str(row["category_id"])]
    if "tags" in row:
        product.tags = [
            {"name": tag.get("tag_name"), "value": tag.get("tag_value"), "code": tag.get("tag_value_code")}
            for tag in listed(row["tags"], "tag")
        ]
    for trait, (value_name, code_name) in TRAIT_FIELDS.items():
        if row.get(value_name):
            product.traits[trait] = (str(row[value_name]), row.get(code_name) if code_name else None)
    product.more |= {name: row[name] for name in MORE_FIELDS if name in row}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
