"""v4 products, SKUs and prices as a `Product`; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orderweft import (
    InvalidRecordError,
    Named,
    Origin,
    Price,
    Product,
    ProductColor,
    Sku,
    country_code,
    normalize_gtin,
)
from pydantic import ValidationError

from .values import Row, count, currency_of, entries, instant, minor_of, number, reason, required, text, tidy

# The ids of the two SKU traits: api-docs.jooraccess.com/docs/how-to-create-update-sku-data
COLOR_TRAIT = "U0tVVHJhaXQ6U3R5bGVDb2xvcg=="
SIZE_TRAIT = "U0tVVHJhaXQ6U2l6ZQ=="
PRODUCT_TRAITS = {
    "country_of_origin": "Country of Origin",
    "division": "Division",
    "fabrication": "Fabrication Name",
    "materials": "Material",
    "silhouette": "Silhouette",
}
"""Fields of a product, and the names of the v4 traits that hold them."""
_LAST = 10**9


@dataclass(frozen=True, slots=True)
class Trait:
    """One trait value of a SKU: its color or its size."""

    name: str | None = None
    code: str | None = None
    position: int = _LAST
    active: bool = True


@dataclass(frozen=True, slots=True)
class SkuRow:
    """A v4 SKU row, read part by part."""

    id: str
    product_id: str
    color: Trait
    size: Trait
    sku: str | None
    external_id: str | None
    identifiers: Mapping[str, str] | None
    """Values by type in lower case; None where JOOR does not tell."""

    @classmethod
    def of(cls, row: Row) -> SkuRow:
        """Read *row*."""
        traits = {kind: _trait(entry) for entry in entries(row, "trait_values") if (kind := _kind(entry))}
        told = row.get("identifiers")
        known = {
            (text(entry, "type") or "").lower(): text(entry, "value") or "" for entry in entries(row, "identifiers")
        }
        return cls(
            id=required("id", text(row, "id")),
            product_id=text(row, "product_id") or "",
            color=traits.get("color", Trait()),
            size=traits.get("size", Trait()),
            sku=text(row, "sku_identifier"),
            external_id=text(row, "external_id"),
            identifiers=None if told is None else {kind: value for kind, value in known.items() if value},
        )

    @property
    def barcode(self) -> str | None:
        """Return the UPC, or the EAN or GTIN in its place."""
        return next(iter(self.barcodes), None)

    @property
    def barcodes(self) -> tuple[str, ...]:
        """Return the UPC, EAN and GTIN, as far as JOOR has them."""
        known = self.identifiers or {}
        return tuple(known[kind] for kind in ("upc", "ean", "gtin") if kind in known)


def _kind(entry: Row) -> str | None:
    trait = entry.get("trait")
    node = trait if isinstance(trait, Mapping) else {}
    identity = text(node, "id") or text(entry, "trait_id")
    name = (text(node, "name") or text(entry, "trait_name") or "").lower()
    if identity == COLOR_TRAIT or name in ("color", "colour"):
        return "color"
    return "size" if identity == SIZE_TRAIT or name == "size" else None


def _trait(entry: Row) -> Trait:
    position = count(entry, "order_nbr")
    active = (text(entry, "status") or "ACTIVE").upper() != "INACTIVE"
    return Trait(text(entry, "value"), text(entry, "external_id"), _LAST if position is None else position, active)


@dataclass(frozen=True)
class Tables:
    """What v4 rows refer to by id."""

    categories: Mapping[str, str] = field(default_factory=dict)
    collections: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)
    """By id of the product."""
    seasons: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)
    """By id of the product."""


def v4_to_product(
    row: Row,
    skus: Sequence[Row],
    prices: Mapping[str, Sequence[Row]],
    tables: Tables,
    *,
    keys: tuple[str, str] = ("external_id", "product_identifier"),
    channel: str,
    connection: str,
) -> Product:
    """Return the product in *row* with its SKUs and, by id of the SKU, their prices.

    *keys* are the fields that hold the style identifier and the style number.
    """
    identity = required("id", text(row, "id"))
    try:
        read = sorted((SkuRow.of(sku) for sku in skus), key=lambda sku: (sku.color.position, sku.size.position))
        priced = {sku.id: tuple(_price(price) for price in prices.get(sku.id, ())) for sku in read}
        common = _common(priced.values())
        categories = [text({"id": value}, "id") or "" for value in row.get("category_ids") or ()]
        return Product(
            origin=Origin(channel=channel, connection=connection, id=identity),
            style_number=text(row, keys[1]),
            style_identifier=text(row, keys[0]),
            name=required("name", text(row, "name")),
            description=text(row, "description"),
            category=next((tables.categories[entry] for entry in categories if entry in tables.categories), None),
            minimum=count(row, "order_minimum") or None,
            tags=tuple(_tags(row)),
            seasons=tables.seasons.get(identity, ()),
            collections=tables.collections.get(identity, ()),
            prices=common or (),
            sizes=tuple(dict.fromkeys(sku.size.name for sku in sorted(read, key=_by_size) if sku.size.name)),
            colors=tuple(_colors(read, priced, lifted=common is not None)),
            updated_at=instant(row, "updated_at"),
            **_traits(row),
        )
    except (InvalidRecordError, ValidationError) as error:
        raise InvalidRecordError(reason(error)) from None


def _by_size(sku: SkuRow) -> int:
    return sku.size.position


def _traits(row: Row) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for entry in entries(row, "product_trait_values"):
        trait = entry.get("trait")
        name = text(trait, "name") if isinstance(trait, Mapping) else text(entry, "trait_name")
        values[name or ""] = text(entry, "value")
    found = {field: values.get(name) for field, name in PRODUCT_TRAITS.items()}
    return {**found, "country_of_origin": country_code(found["country_of_origin"])}


def _tags(row: Row) -> list[str]:
    return [tag for entry in entries(row, "tags") if (tag := text(entry, "value") or text(entry, "name"))]


def _price(row: Row) -> Price:
    kind = row.get("price_type")
    node: Row = kind if isinstance(kind, Mapping) else row
    currency = required("prices.currency_code", currency_of(node, "currency_code"))
    retail_currency = currency_of(node, "retail_currency_code")
    return Price(
        label=text(node, "name"),
        currency=currency,
        wholesale=tidy(number(row, "wholesale_value"), minor_of(currency)),
        retail=tidy(number(row, "retail_value"), minor_of(retail_currency or currency)),
        retail_currency=None if retail_currency == currency else retail_currency,
    )


def _common(prices: Iterable[tuple[Price, ...]]) -> tuple[Price, ...] | None:
    """Return what all have in common: the same prices, in whatever order; None when they differ."""
    first: tuple[Price, ...] | None = None
    for entry in prices:
        if first is None:
            first = entry
        elif sorted(first, key=repr) != sorted(entry, key=repr):
            return None
    return first


def _colors(skus: Sequence[SkuRow], prices: Mapping[str, tuple[Price, ...]], *, lifted: bool) -> list[ProductColor]:
    colors = []
    for name in dict.fromkeys(sku.color.name for sku in skus):
        own = [sku for sku in skus if sku.color.name == name]
        common = () if lifted else _common(prices[sku.id] for sku in own)
        colors.append(
            ProductColor(
                color=name,
                color_code=own[0].color.code,
                prices=common or (),
                skus=tuple(_sku(sku, prices[sku.id] if common is None else ()) for sku in own),
            )
        )
    return colors


def _sku(sku: SkuRow, prices: tuple[Price, ...]) -> Sku:
    sold = sku.color.active and sku.size.active
    return Sku(
        id=sku.id,
        size=sku.size.name,
        size_code=sku.size.code,
        sku=sku.sku,
        barcode=sku.barcode,
        gtin=normalize_gtin(sku.barcode),
        prices=prices,
        # An inactive color or size cannot be ordered: api-docs.jooraccess.com/docs/how-to-create-update-sku-data
        custom_fields={} if sold else {"joor_status": "inactive"},
    )


def tables_of(categories: Sequence[Row], collections: Sequence[Row], seasons: Sequence[Row]) -> Tables:
    """Return the lists that v4 rows refer to, by the ids they are looked up by."""
    names = {text(row, "id"): text(row, "name") for row in seasons}
    codes = {text(row, "id"): text(row, "external_id") or text(row, "code") for row in seasons}
    shown: dict[str, list[Named]] = {}
    worn: dict[str, list[Named]] = {}
    for row in collections:
        collection = Named(name=text(row, "name"), code=text(row, "external_id"))
        season_id = text(row, "season_id")
        season = Named(name=names.get(season_id), code=codes.get(season_id))
        for product_id in product_ids(row):
            shown.setdefault(product_id, []).append(collection)
            if (season.name or season.code) and season not in worn.setdefault(product_id, []):
                worn[product_id].append(season)
    return Tables(
        {text(row, "id") or "": text(row, "name") or "" for row in categories},
        {identity: tuple(entries) for identity, entries in shown.items()},
        {identity: tuple(entries) for identity, entries in worn.items() if entries},
    )


def product_ids(collection: Row) -> list[str]:
    """Return the ids of the products in a collection."""
    return [identity for item in entries(collection, "items") if (identity := text(item, "product_id"))]
