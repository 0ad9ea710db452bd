"""What a product's options, templates and metafields make of it: a style in colors and sizes; no I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from orderweft import Item, Template, normalize_gtin

from ..config import Settings

STYLE_KEY = "style"
"""Key of the metafield that ties a product to its style."""

_NO_OPTION = (None, "Default Title")
Node = Mapping[str, Any]


class _Fields(dict[str, str]):
    """Metafields as templates see them: empty where there is none."""

    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class StyleSku:
    """One variant as a color and a size of its style."""

    node: Node
    color: str | None
    color_code: str | None
    size: str | None
    fields: Mapping[str, str]
    """Its own metafields."""
    place: tuple[tuple[int, ...], tuple[int, ...]]
    """Where color and size stand in the order of the product's options."""


@dataclass(frozen=True, slots=True)
class Style:
    """One product as a style."""

    node: Node
    number: str | None
    identifier: str | None
    fields: Mapping[str, str]
    """The product's metafields."""
    skus: tuple[StyleSku, ...]

    def label(self, sku: StyleSku) -> str:
        """Return what people call one variant."""
        words = (self.node["title"], sku.color, sku.size, sku.node["barcode"] or sku.node["sku"])
        return " ".join(word for word in words if word)

    def item(self, sku: StyleSku) -> Item:
        """Return one variant as an item; raises pydantic's ValidationError."""
        values = {
            "id": sku.node["id"],
            "style_number": self.number,
            "style_identifier": self.identifier,
            "style_name": self.node["title"],
            "color": sku.color,
            "color_code": sku.color_code,
            "size": sku.size,
            "sku": sku.node["sku"],
            "barcode": sku.node["barcode"],
            "gtin": normalize_gtin(sku.node["barcode"]),
            "custom_fields": {**self.fields, **sku.fields},
        }
        return Item.model_validate(values)


class Styles:
    """Turns products into styles as the settings say; templates are compiled once."""

    def __init__(self, settings: Settings) -> None:
        self._number = Template(settings.style_number)
        self._identifier = Template(settings.style_identifier)
        self._color_code = Template(settings.color_code)
        self._settings = settings

    def read(self, node: Node) -> Style:
        """Return the product *node* as a style; raises TemplateError."""
        fields = _fields(node["metafields"])
        product = {
            "handle": node["handle"],
            "title": node["title"],
            "vendor": node["vendor"],
            "type": node["productType"],
            "tags": list(node["tags"]),
            "metafields": fields,
        }
        ranks = {
            option["name"]: {value["name"]: rank for rank, value in enumerate(option["optionValues"])}
            for option in node["options"]
        }
        skus = tuple(self._sku(variant, product, ranks) for variant in node["variants"])
        first = {"product": product, "variant": _variant(node["variants"][0] if node["variants"] else {})}
        return Style(
            node,
            number=self._number.render(**first).strip() or None,
            identifier=self._identifier.render(**first).strip() or None,
            fields={key: text for key, text in fields.items() if key != STYLE_KEY},
            skus=skus,
        )

    def _sku(self, node: Node, product: Node, ranks: Mapping[str, Mapping[str, int]]) -> StyleSku:
        color, sizes = split_options(node["selectedOptions"], self._settings)
        code = self._color_code.render(product=product, variant=_variant(node)).strip()
        colors, ordered = (
            tuple(ranks.get(each["name"], {}).get(each["value"], 0) for each in options) for options in (color, sizes)
        )
        return StyleSku(
            node,
            color=color[0]["value"] if color else None,
            color_code=code or None,
            size=" / ".join(option["value"] for option in sizes) or None,
            fields=_fields(node["metafields"]),
            place=(colors, ordered),
        )


def split_options(options: Collection[Node], settings: Settings) -> tuple[list[Node], list[Node]]:
    """Return the option that tells the color, if there is one, and those that make up the size, its own first."""
    colors, sizes = folded(settings.color_options), folded(settings.size_options)
    # A product without options has one all the same:
    # https://shopify.dev/docs/api/admin-graphql/latest/objects/ProductOption
    real = [option for option in options if option["name"] != "Title" or option.get("value") not in _NO_OPTION]
    color = [option for option in real if option["name"].casefold() in colors][:1]
    others = [option for option in real if option not in color]
    return color, sorted(others, key=lambda option: option["name"].casefold() not in sizes)


def folded(names: Collection[str]) -> frozenset[str]:
    """Return *names* without regard to case."""
    return frozenset(name.casefold() for name in names)


def _fields(metafields: Collection[Node]) -> _Fields:
    return _Fields((field["key"], str(field["value"])) for field in metafields)


def _variant(node: Node) -> dict[str, Any]:
    options = {option["name"]: option["value"] for option in node.get("selectedOptions", ())}
    return {
        "sku": node.get("sku") or "",
        "barcode": node.get("barcode") or "",
        "options": _Fields(options),
        "metafields": _fields(node.get("metafields", ())),
    }
