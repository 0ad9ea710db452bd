"""The v4 calls for products, SKUs and what they refer to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from orderweft import Request, Response

from .books import Books
from .catalog import CATEGORIES, SEASONS, TRAITS, Catalog, Named, Option, OptionKind, Product, Sku
from .switches import Switches
from .v4_wire import Row, RowError, Wire, count, ids, objects, text, texts, written

_PRODUCT_TRAITS = [trait for trait in TRAITS if trait.more["type"] == "product"]
_SKU_TRAITS = [trait for trait in TRAITS if trait.more["type"] == "sku"]
_KINDS: dict[str, OptionKind] = {"Color": "color", "Size": "size"}
_IDENTIFIERS = ("UPC", "GTIN", "EAN", "MPN")


@dataclass(frozen=True)
class _Spec:
    """A color or size as a row gives it."""

    value: str
    code: str | None
    order_minimum: int | None
    order_nbr: int | None
    status: str | None


class Products:
    """Answer the v4 calls for products and SKUs."""

    def __init__(self, catalog: Catalog, books: Books, switches: Switches, wire: Wire) -> None:
        self._catalog = catalog
        self._books = books
        self._switches = switches
        self._wire = wire

    def read_products(self, request: Request) -> Response:
        """Answer the products."""
        return self._wire.listed(request, self._catalog.products.values(), _product_row)

    def read_skus(self, request: Request) -> Response:
        """Answer the SKUs, of the products named or of all."""
        wanted = ids(request.query, "product_ids")
        found = (sku for sku in self._catalog.skus.values() if wanted is None or sku.product.id in wanted)
        return self._wire.listed(request, found, _sku_row)

    def read_categories(self, request: Request) -> Response:
        """Answer the categories."""
        return self._wire.listed(request, CATEGORIES, _named_row)

    def read_traits(self, request: Request) -> Response:
        """Answer the traits of products and SKUs."""
        return self._wire.listed(request, TRAITS, _named_row)

    def read_seasons(self, request: Request) -> Response:
        """Answer the seasons."""
        return self._wire.listed(request, SEASONS, _named_row)

    def create_products(self, request: Request) -> Response:
        """Create the products that do not exist yet."""

        def create(row: Row) -> Row:
            name = text(row, "name", required=True)
            self._refuse_duplicate(row)
            changes = _product_changes(row)
            return _product_row(self._change(self._catalog.add_product(str(name)), changes))

        return self._wire.each(self._wire.rows(request), create, "external_id", 201)

    def update_products(self, request: Request) -> Response:
        """Change what rows give of products that exist."""

        def update(row: Row) -> Row:
            product = self._catalog.products.get(str(row.get("id")))
            if product is None:
                raise RowError(f"Product {row.get('id')} does not exist", "NOT_FOUND")
            return _product_row(self._change(product, _product_changes(row)))

        return self._wire.each(self._wire.rows(request), update, "id")

    def create_skus(self, request: Request) -> Response:
        """Create SKUs, product by product, each of which must end with every color in every size."""
        data: list[Row] = []
        errors: list[Row] = []
        accepted: dict[str, list[tuple[Row, _Spec, _Spec]]] = defaultdict(list)
        for row in self._wire.rows(request):
            try:
                color, size = self._new_place(row, accepted)
                accepted[str(row["product_id"])].append((row, color, size))
            except RowError as error:
                errors.append(self._wire.error(error, row, "external_id"))
        for product_id, places in accepted.items():
            product = self._catalog.products[product_id]
            absent = _holes(product, [(color.value, size.value) for _, color, size in places])
            if absent and self._switches["grid"] == "refused":
                some = ", ".join("/".join(place) for place in absent[:5])
                hole = RowError(f"Every combination of color and size is required; missing: {some}")
                errors += [self._wire.error(hole, row, "external_id") for row, _, _ in places]
                continue
            data += [_sku_row(self._create(product, row, color, size)) for row, color, size in places]
            for color_name, size_name in absent:
                self._catalog.add_sku(product, product.colors[color_name], product.sizes[size_name])
        return written(data, errors, 201)

    def update_skus(self, request: Request) -> Response:
        """Change what rows give of SKUs named by id."""
        return self._wire.each(self._wire.rows(request), lambda row: self._update(row, "id"), "id")

    def update_skus_by_external_id(self, request: Request) -> Response:
        """Change what rows give of SKUs named by external id."""
        return self._wire.each(self._wire.rows(request), lambda row: self._update(row, "external_id"), "external_id")

    def _refuse_duplicate(self, row: Row) -> None:
        key = self._switches["duplicate_products"]
        if key == "accepted" or not row.get(key):
            return
        if any(getattr(product, key) == row[key] for product in self._catalog.products.values()):
            raise RowError(f"A product with {key} {row[key]} already exists", "DUPLICATED")

    def _change(self, product: Product, changes: dict[str, Any]) -> Product:
        for name, value in changes.items():
            setattr(product, name, value)
        self._catalog.touch(product)
        return product

    def _new_place(self, row: Row, accepted: dict[str, list[tuple[Row, _Spec, _Spec]]]) -> tuple[_Spec, _Spec]:
        product = self._catalog.products.get(str(row.get("product_id")))
        if product is None:
            raise RowError(f"Product {row.get('product_id')} does not exist", "NOT_FOUND")
        specs = self._specs(row)
        if len(specs) < 2:
            raise RowError("trait_values must name a Color and a Size")
        color, size = specs["color"], specs["size"]
        _identifiers(row), text(row, "external_id"), text(row, "sku_identifier")
        taken = [(other[1].value, other[2].value) for other in accepted.get(product.id, [])]
        if product.sku(color.value, size.value) or (color.value, size.value) in taken:
            raise RowError(f"A SKU in {color.value} and {size.value} already exists", "DUPLICATED")
        return color, size

    def _specs(self, row: Row) -> dict[OptionKind, _Spec]:
        specs: dict[OptionKind, _Spec] = {}
        for given in objects(row, "trait_values"):
            kind = _KINDS[_trait(given, _SKU_TRAITS).name]
            if kind in specs:
                raise RowError(f"trait_values names two values for {kind}")
            required = kind == "color" and self._switches["color_code"] == "required"
            code = text(given, "external_id", required=required, most=100)
            status = text(given, "status")
            if status not in (None, "ACTIVE", "INACTIVE"):
                raise RowError("status is ACTIVE or INACTIVE")
            value = str(text(given, "value", required=True))
            specs[kind] = _Spec(value, code, count(given, "order_minimum"), count(given, "order_nbr"), status)
        return specs

    def _create(self, product: Product, row: Row, color: _Spec, size: _Spec) -> Sku:
        of_color = self._catalog.add_option(product, "color", color.value)
        of_size = self._catalog.add_option(product, "size", size.value)
        self._apply(product, of_color, color)
        self._apply(product, of_size, size)
        sku = self._catalog.add_sku(product, of_color, of_size)
        sku.external_id, sku.sku_identifier = text(row, "external_id"), text(row, "sku_identifier")
        sku.identifiers = _identifiers(row)
        self._catalog.touch(product)
        return sku

    def _update(self, row: Row, key: str) -> Row:
        wanted = row.get(key)
        found = self._catalog.skus.get(str(wanted)) if key == "id" else self._by_external_id(wanted)
        if found is None:
            raise RowError(f"SKU {wanted} does not exist", "NOT_FOUND")
        identifiers, specs = _identifiers(row), self._specs(row)
        options = {"color": found.color, "size": found.size}
        for kind, spec in specs.items():
            if spec.value != options[kind].value and not (spec.code and spec.code == options[kind].code):
                raise RowError(f"A SKU cannot move to another {kind}")
            if spec.value != options[kind].value and spec.value in found.product.options(kind):
                raise RowError(f"The product already has the {kind} {spec.value}")
        for kind, spec in specs.items():
            _rename(found.product, options[kind], spec.value)
            self._apply(found.product, options[kind], spec)
        if "identifiers" in row:
            found.identifiers = identifiers
        for name in {"external_id", "sku_identifier"} & row.keys():
            setattr(found, name, text(row, name))
        self._catalog.touch(found.product)
        return _sku_row(found)

    def _by_external_id(self, wanted: object) -> Sku | None:
        return next((sku for sku in self._catalog.skus.values() if wanted and sku.external_id == wanted), None)

    def _apply(self, product: Product, option: Option, spec: _Spec) -> None:
        for name in ("code", "order_minimum", "order_nbr", "status"):
            value = getattr(spec, name)
            if value is not None:
                setattr(option, name, value)
        if spec.status == "INACTIVE":
            # https://api-docs.jooraccess.com/docs/how-to-use-traits: it is removed from every order
            self._books.drop_lines(product.style_id, option.kind, option.value)


def _rename(product: Product, option: Option, value: str) -> None:
    options = product.options(option.kind)
    option.value = value
    renamed = {each.value: each for each in options.values()}
    options.clear()
    options.update(renamed)


def _holes(product: Product, more: list[tuple[str, str]]) -> list[tuple[str, str]]:
    there = {*more, *((sku.color.value, sku.size.value) for sku in product.skus)}
    colors, sizes = (dict.fromkeys(place[side] for place in there) for side in (0, 1))
    return [(color, size) for color in colors for size in sizes if (color, size) not in there]


def _trait(given: Row, among: list[Named]) -> Named:
    wanted, name = given.get("trait_id"), str(given.get("trait_name") or "").casefold()
    for trait in among:
        if trait.id == wanted or (not wanted and trait.name.casefold() == name):
            return trait
    raise RowError(f"Trait {wanted or given.get('trait_name')} does not exist")


def _identifiers(row: Row) -> list[dict[str, str]]:
    given = objects(row, "identifiers")
    for one in given:
        if str(one.get("type")).upper() not in _IDENTIFIERS or not isinstance(one.get("value"), str):
            raise RowError(f"An identifier has a value and a type: {', '.join(_IDENTIFIERS)}")
    return [{"type": str(one["type"]).upper(), "value": one["value"]} for one in given]


def _product_changes(row: Row) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: text(row, name, required=name == "name")
        for name in ("name", "external_id", "product_identifier", "description")
        if name in row
    }
    if "order_minimum" in row:
        changes["order_minimum"] = count(row, "order_minimum")
    if "category_ids" in row:
        changes["category_ids"] = texts(row, "category_ids")
        unknown = sorted(set(changes["category_ids"]) - {category.id for category in CATEGORIES})
        if unknown:
            raise RowError(f"Category {unknown[0]} does not exist")
    if "product_trait_values" in row:
        changes["traits"] = {
            _trait(given, _PRODUCT_TRAITS).name: (str(text(given, "value", required=True)), text(given, "external_id"))
            for given in objects(row, "product_trait_values")
        }
    if "tags" in row:
        changes["tags"] = objects(row, "tags")
    return changes


def _product_row(product: Product) -> Row:
    return {
        "id": product.id,
        "name": product.name,
        "external_id": product.external_id,
        "product_identifier": product.product_identifier,
        "description": product.description,
        "order_minimum": product.order_minimum,
        "category_ids": product.category_ids,
        "product_trait_values": [
            {
                "trait": _named_row(trait),
                "value": product.traits[trait.name][0],
                "external_id": product.traits[trait.name][1],
            }
            for trait in _PRODUCT_TRAITS
            if trait.name in product.traits
        ],
        "tags": product.tags,
    }


def _sku_row(sku: Sku) -> Row:
    traits = zip(_SKU_TRAITS, (sku.color, sku.size), strict=True)
    return {
        "id": sku.id,
        "product_id": sku.product.id,
        "external_id": sku.external_id,
        "sku_identifier": sku.sku_identifier,
        "trait_values": [
            {
                "trait": {"id": trait.id, "name": trait.name},
                "value": option.value,
                "external_id": option.code,
                "order_minimum": option.order_minimum,
                "order_nbr": option.order_nbr,
                "status": option.status,
                "hexColor": option.more.get("color_hex"),
                **({"swatch": option.swatch, "images": None} if option.kind == "color" else {}),
            }
            for trait, option in traits
        ],
        "identifiers": sku.identifiers,
    }


def _named_row(named: Named) -> Row:
    return {"id": named.id, "name": named.name, **named.more}
