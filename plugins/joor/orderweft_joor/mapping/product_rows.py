"""A `Product` as rows of v4 products and collections; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orderweft import InvalidRecordError, Named, Product

from .grids import CatalogForm, style_key
from .products import PRODUCT_TRAITS, product_ids
from .values import Row, count, entries, text


def find_product(product: Product, rows: Sequence[Row], form: CatalogForm) -> Row | None:
    """Return the row of *product*, by its key or else by its number; raise InvalidRecordError when that is not sure."""
    key, (key_field, number_field) = style_key(product), form.key_fields
    fits = [row for row in rows if text(row, key_field) == key]
    if not fits and product.style_number:
        fits = [row for row in rows if text(row, number_field) == product.style_number]
        # A product with another key is another one: two styles may share their number.
        fits = [row for row in fits if not (product.style_identifier and text(row, key_field))]
    if len(fits) > 1:
        raise InvalidRecordError(f"style_number: JOOR has {len(fits)} products {key!r} and cannot tell them apart")
    swapped = (product.style_number, product.style_identifier)
    if (
        not fits
        and None not in swapped
        and any((text(row, key_field), text(row, number_field)) == swapped for row in rows)
    ):
        raise InvalidRecordError(
            "style_identifier: JOOR has it as the number and the other way round; see v4_external_id"
        )
    return fits[0] if fits else None


def product_row(
    product: Product,
    there: Row | None,
    categories: Mapping[str, Sequence[str]],
    traits: Sequence[str],
    form: CatalogForm,
) -> dict[str, Any] | None:
    """Return the row that creates or changes *product*; None when JOOR has all of it already."""
    key = style_key(product)
    keys = dict(zip(form.key_fields, (key, product.style_number or key), strict=True))
    wanted: dict[str, Any] = {"name": product.name, **keys}
    if product.description:
        wanted["description"] = product.description
    if product.minimum:
        wanted["order_minimum"] = product.minimum
    ids = categories.get(product.category or "", ())
    if len(ids) == 1 and not (there and there.get("category_ids")):
        wanted["category_ids"] = list(ids)
    if values := _trait_values(product, there, traits):
        wanted["product_trait_values"] = values
    if there is None:
        return wanted
    if text(there, "external_id") is not None:
        wanted.pop("external_id")
    changes = {name: value for name, value in wanted.items() if _differs(there, name, value)}
    # The name is required of a new product; of a change, only the id.
    return {"id": text(there, "id"), "name": product.name, **changes} if changes else None


def _differs(there: Row, name: str, value: Any) -> bool:
    if isinstance(value, list):
        return True
    return count(there, name) != value if isinstance(value, int) else text(there, name) != value.strip()


def _trait_values(product: Product, there: Row | None, traits: Sequence[str]) -> list[dict[str, Any]]:
    """Return all trait values when one has to change: whether those left out stay is not documented."""
    own = {name: getattr(product, field) for field, name in PRODUCT_TRAITS.items() if name in traits}
    own = {name: value for name, value in own.items() if value}
    kept: dict[str, dict[str, Any]] = {}
    for entry in entries(there or {}, "product_trait_values"):
        trait = entry.get("trait")
        name = (text(trait, "name") if isinstance(trait, Mapping) else text(entry, "trait_name")) or ""
        code = text(entry, "external_id")
        kept[name] = {"trait_name": name, "value": text(entry, "value"), **({"external_id": code} if code else {})}
    if all(name in kept and kept[name]["value"] == value for name, value in own.items()):
        return []
    return list({**kept, **{name: {"trait_name": name, "value": value} for name, value in own.items()}}.values())


def find_collection(wanted: Named, rows: Sequence[Row]) -> Row | None:
    """Return the collection with this code, or else with exactly this name."""
    by_code = [row for row in rows if wanted.code and text(row, "external_id") == wanted.code]
    by_name = [row for row in rows if wanted.name and text(row, "name") == wanted.name]
    return next(iter(by_code or by_name), None)


def with_products(collection: Row, added: Sequence[str]) -> dict[str, Any] | None:
    """Return the row that adds products to *collection* and keeps all that is there; None when they are in it."""
    known = product_ids(collection)
    fresh = [identity for identity in added if identity not in known]
    if not fresh:
        return None
    # Whether the items sent replace those there is not documented, so all of them are sent.
    fields = ("product_id", "order_number", "sku_ids")
    kept = [
        {name: item[name] for name in fields if item.get(name) is not None} for item in entries(collection, "items")
    ]
    row = {name: collection[name] for name in ("id", "name", "season_id", "delivery") if collection.get(name)}
    return {**row, "items": [*kept, *({"product_id": identity} for identity in fresh)]}
