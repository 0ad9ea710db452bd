"""The v2 calls for styles, and what a background job does with the styles it was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orderweft import Request, Response

from .catalog import Catalog, Collection, Option, Product, Sku
from .switches import Switches
from .v2_wire import Wire, check_formats, segments, window

# a style's fields for the traits of a v4 product: value and code
TRAIT_FIELDS: dict[str, tuple[str, str | None]] = {
    "Division": ("division", "division_code"),
    "Country of Origin": ("style_country_origin", None),
    "Fabrication Name": ("fabrication", "fabrication_code"),
    "Measurements": ("measurements", None),
    "Silhouette": ("silhouette", "silhouette_code"),
    "Source of Materials": ("source_of_materials", None),
    "Material": ("material", None),
    "Heel Height": ("heel_height", None),
    "Contains Fur": ("contains_fur", None),
}
MORE_FIELDS = ("made_to_order", "best_seller")


class Styles:
    """Answer the v2 calls that read styles."""

    def __init__(
        self, catalog: Catalog, available: Callable[[Sku], int | None], switches: Switches, wire: Wire
    ) -> None:
        self._catalog = catalog
        self._available = available
        self._newest = switches["sort"] == "newest"
        self._wire = wire

    def read(self, request: Request) -> Response:
        """Answer the list of styles."""
        check_formats(request)
        given = request.query
        created, modified = window(given, "date_created"), window(given)
        found = sorted(
            (
                product
                for product in self._catalog.products.values()
                if (created is None or created[0] <= product.created_at <= created[1])
                and (modified is None or modified[0] <= product.modified_at <= modified[1])
            ),
            key=lambda product: product.style_id,
            reverse=self._newest,
        )
        span = self._wire.span(given)
        rows = [self._row(product) for product in found[span.start : span.start + span.count]]
        return self._wire.answer(rows, "style", **self._wire.page(span, len(found)))

    def read_one(self, request: Request) -> Response:
        """Answer one style by its id, or by its style number and style identifier."""
        check_formats(request)
        _, kind, *keys = segments(request)
        if kind == "style-number":
            product = self._catalog.by_style(keys[0], keys[1])
        else:
            product = self._catalog.by_style_id(int(keys[0])) if keys[0].isdecimal() else None
        return self._wire.found(self._row(product) if product else None, "style", " ".join(keys))

    def _row(self, product: Product) -> dict[str, Any]:
        number, identifier = self._catalog.style_keys(product)
        return {
            "style_id": product.style_id,
            "style_name": product.name,
            "style_number": number,
            "style_identifier": identifier,
            "style_description": product.description,
            **_traits(product.traits),
            "minimum": product.order_minimum,
            **{name: product.more.get(name) for name in MORE_FIELDS},
            "prices": _prices(product),
            "colors": [_color(product, color) for color in product.colors.values()],
            "sizes": [_size(size) for size in product.sizes.values()],
            "skus": [self._sku(sku) for sku in product.skus],
            "deliveries": [_delivery(collection) for collection in self._catalog.listings(product)],
            "tags": [_tag(tag) for tag in product.tags],
            "category_id": product.category_ids[0] if product.category_ids else None,
            "style_images": [
                {"filename": each.filename, "display_order": each.display_order}
                for each in product.assets
                if each.kind == "image" and each.color is None
            ],
        }

    def _sku(self, sku: Sku) -> dict[str, Any]:
        return {
            "sku_color_code": sku.color.code,
            "sku_size": sku.size.value,
            "upc": sku.barcode,
            "inventory_available": self._available(sku),
        }


def _color(product: Product, color: Option) -> dict[str, Any]:
    images = [each.filename for each in product.assets if each.kind == "image" and each.color == (color.code or "")]
    return {
        "color_name": color.value,
        "color_code": color.code,
        "color_image": images[0] if images else None,
        "color_hex": color.more.get("color_hex"),
        "minimum": color.order_minimum,
    }


def _size(size: Option) -> dict[str, Any]:
    return {
        "size_name": size.value,
        "size_code": size.code,
        "size_description": size.more.get("size_description"),
        "size_multiplier": size.more.get("size_multiplier", 1),
    }


def _tag(tag: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tag_group": tag.get("name"),
        "tag_name": tag.get("name"),
        "tag_value": tag.get("value"),
        "tag_value_code": tag.get("code"),
    }


def _traits(traits: Mapping[str, tuple[str, str | None]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for trait, (value_name, code_name) in TRAIT_FIELDS.items():
        value, code = traits.get(trait, (None, None))
        fields[value_name] = value
        if code_name:
            fields[code_name] = code
    return fields


def _prices(product: Product) -> list[dict[str, Any]]:
    return [
        {
            "price_label": label.name,
            "price_currency": label.currency,
            "price_wholesale": wholesale,
            "price_retail": retail,
            "price_currency_retail": label.currency,
        }
        for label, wholesale, retail in dict.fromkeys(
            (price.price_type, price.wholesale, price.retail) for sku in product.skus for price in sku.prices.values()
        )
    ]


def _delivery(collection: Collection) -> dict[str, Any]:
    return {
        "delivery_name": collection.name,
        "delivery_code": collection.external_id,
        "date_delivery_start": collection.start_ship_date,
        "date_delivery_end": collection.complete_ship_date,
        "date_cancel": collection.cancel_date,
    }
