"""The SKUs of a `Product` as JOOR wants them: every color in every size; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from orderweft import InvalidRecordError, Product, ProductColor, Sku

from .products import COLOR_TRAIT, SIZE_TRAIT, SkuRow, Trait

Pair = tuple[str, str]
"""Name of the color, name of the size."""


@dataclass(frozen=True, slots=True)
class CatalogForm:
    """How this account writes its products."""

    one_color: str = "One Color"
    one_size: str = "One Size"
    incomplete_grid: Literal["fill", "refuse"] = "fill"
    upc_type: str = "UPC"
    zero_price: Literal["missing", "send"] = "missing"
    v4_external_id: Literal["style_identifier", "style_number"] = "style_identifier"

    @property
    def key_fields(self) -> tuple[str, str]:
        """Return the v4 fields that hold the style identifier and the style number."""
        fields = ("external_id", "product_identifier")
        return fields if self.v4_external_id == "style_identifier" else (fields[1], fields[0])


@dataclass
class Grid:
    """All combinations of a product's colors and sizes, and what has to be sent to have them in JOOR."""

    cells: dict[Pair, tuple[ProductColor, Sku | None]] = field(default_factory=dict)
    """What the source says of each combination; None for a SKU it does not have."""
    create: list[dict[str, Any]] = field(default_factory=list)
    """Rows of SKUs that JOOR lacks, without the id of the product."""
    update: list[dict[str, Any]] = field(default_factory=list)
    filled: int = 0
    """How many of those to create the source does not have."""


def style_key(product: Product) -> str:
    """Return the brand's unique key of the style."""
    key = product.style_identifier or product.style_number
    if key is None:
        raise InvalidRecordError("style_number: is missing, and so is style_identifier")
    return key


def cells_of(
    product: Product, form: CatalogForm
) -> tuple[dict[str, ProductColor], dict[str, str | None], dict[Pair, Sku]]:
    """Return the colors by name, the codes of the sizes by name in their order, and the SKUs of *product*."""
    colors: dict[str, ProductColor] = {}
    sizes: dict[str, str | None] = dict.fromkeys(product.sizes)
    skus: dict[Pair, Sku] = {}
    for color in product.colors:
        name = color.color or color.color_code or form.one_color
        if name in colors:
            raise InvalidRecordError(f"colors: {name!r} comes more than once")
        colors[name] = color
        for sku in color.skus:
            size = sku.size or sku.size_code or form.one_size
            if (name, size) in skus:
                raise InvalidRecordError(f"colors: {name!r} has size {size!r} more than once")
            skus[name, size] = sku
            sizes[size] = sizes.get(size) or sku.size_code
    if not skus:
        raise InvalidRecordError("colors: there is no SKU")
    codes = [color.color_code for color in colors.values() if color.color_code]
    if twice := next((code for code in codes if codes.count(code) > 1), None):
        raise InvalidRecordError(f"colors: the code {twice!r} belongs to more than one color")
    used = {size for _, size in skus}
    return colors, {size: code for size, code in sizes.items() if size in used}, skus


def grid_of(product: Product, there: Sequence[SkuRow], form: CatalogForm) -> Grid:
    """Return the full grid of *product* beside the SKUs that are *there* already."""
    colors, sizes, skus = cells_of(product, form)
    missing = [(color, size) for color in colors for size in sizes if (color, size) not in skus]
    if missing and form.incomplete_grid == "refuse":
        raise InvalidRecordError(
            f"colors: {missing[0][0]!r} lacks size {missing[0][1]!r}, and JOOR wants every color in every size"
        )
    known = {(sku.color.name or "", sku.size.name or ""): sku for sku in there}
    names = _names_there(colors, there)
    extra_colors = {name: _color_there(name, there) for name, _ in known if name not in names.values()}
    extra_sizes = {size: _size_code_there(size, there) for _, size in known if size not in sizes}
    order = (_in_order(there, "color", colors), _in_order(there, "size", sizes))
    grid = Grid()
    # JOOR checks that the grid is full, so colors and sizes it has beyond the source's get their combinations, too.
    for name, color in {**colors, **extra_colors}.items():
        for size, size_code in {**sizes, **extra_sizes}.items():
            sku = skus.get((name, size))
            row = known.get((names.get(name, name), size))
            if row is None:
                grid.create.append(_new(product, color, sku, (name, size), size_code, form, order))
                grid.filled += sku is None
            elif change := _change(row, name, color, sku, form):
                grid.update.append(change)
            if name in colors and size in sizes:
                grid.cells[name, size] = (color, sku)
    return grid


def _names_there(colors: Mapping[str, ProductColor], there: Sequence[SkuRow]) -> dict[str, str]:
    """Return under which name JOOR has each color: the same one, or another one with the same code."""
    names = {sku.color.name or "" for sku in there}
    codes = {sku.color.code: sku.color.name or "" for sku in there if sku.color.code}
    return {
        name: name if name in names else codes.get(color.color_code or name, name) for name, color in colors.items()
    }


def _in_order(there: Sequence[SkuRow], kind: Literal["color", "size"], wanted: Iterable[str]) -> list[str]:
    """Return the names JOOR has in its order, followed by the new ones."""
    traits: list[Trait] = sorted((getattr(sku, kind) for sku in there), key=lambda trait: trait.position)
    return list(dict.fromkeys([*(trait.name or "" for trait in traits), *wanted]))


def _color_there(name: str, there: Sequence[SkuRow]) -> ProductColor:
    code = next((sku.color.code for sku in there if sku.color.name == name), None)
    return ProductColor(color=name, color_code=code)


def _size_code_there(size: str, there: Sequence[SkuRow]) -> str | None:
    return next((sku.size.code for sku in there if sku.size.name == size), None)


def _new(
    product: Product,
    color: ProductColor,
    sku: Sku | None,
    pair: Pair,
    size_code: str | None,
    form: CatalogForm,
    order: tuple[list[str], list[str]],
) -> dict[str, Any]:
    name, size = pair
    # A public client reports that JOOR requires a color code on every color, of at most 100 characters.
    color_code = (color.color_code or name)[:100]
    own = sku.sku or sku.barcode if sku else None
    row: dict[str, Any] = {
        "external_id": own or f"{style_key(product)}-{color_code}-{size_code or size}",
        "trait_values": [
            _trait(COLOR_TRAIT, name, color_code, order[0]),
            _trait(SIZE_TRAIT, size, size_code, order[1]),
        ],
    }
    if sku and sku.sku:
        row["sku_identifier"] = sku.sku
    if sku and sku.barcode:
        row["identifiers"] = [{"type": form.upc_type, "value": sku.barcode}]
    return row


def _trait(trait: str, value: str, code: str | None, order: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"trait_id": trait, "value": value}
    if code:
        made["external_id"] = code
    if value in order:
        made["order_nbr"] = order.index(value) + 1
    return made


def _change(row: SkuRow, name: str, color: ProductColor, sku: Sku | None, form: CatalogForm) -> dict[str, Any] | None:
    change: dict[str, Any] = {}
    if sku and sku.barcode and (row.identifiers is None or sku.barcode not in row.barcodes):
        others = {kind: value for kind, value in (row.identifiers or {}).items() if kind not in ("upc", "ean", "gtin")}
        kept = [{"type": kind.upper(), "value": value} for kind, value in others.items()]
        change["identifiers"] = [*kept, {"type": form.upc_type, "value": sku.barcode}]
    if sku and sku.sku and row.sku != sku.sku:
        change["sku_identifier"] = sku.sku
    if row.color.name != name:
        size = {
            "trait_id": SIZE_TRAIT,
            "value": row.size.name,
            **({"external_id": row.size.code} if row.size.code else {}),
        }
        change["trait_values"] = [
            {"trait_id": COLOR_TRAIT, "value": name, "external_id": color.color_code or name},
            size,
        ]
    return {"id": row.id, **change} if change else None
