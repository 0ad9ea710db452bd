"""What is sent of a product: a new one whole, an existing one with all it has and what is different; no I/O."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from orderweft import Image, Price, Product, ProductColor, RejectedError, Sku

from ..config import Settings
from .base import known, one_line
from .styles import STYLE_KEY, Node, folded, split_options

MAX_VARIANTS = 2048
"""Variants a product may have: https://shopify.dev/docs/api/admin-graphql/latest/mutations/productSet"""


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """The variables of `SetProduct`; nothing is to be sent when there is no *given*."""

    given: dict[str, Any] | None
    identifier: dict[str, Any]
    variants: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One variant as it should be."""

    color: str | None
    size: str | None
    sku: Sku
    price: Decimal | None
    image: str | None

    @property
    def label(self) -> str:
        words = (self.color, self.size, self.sku.barcode or self.sku.sku)
        return " ".join(word for word in words if word) or "the only variant"


def style_of(product: Product) -> str | None:
    """Return what the product's style is known by in the store."""
    return product.style_identifier or product.style_number


def handle_of(product: Product) -> str:
    """Return the handle of a product that is known by its style number."""
    return re.sub(r"[^a-z0-9]+", "-", (style_of(product) or "").lower()).strip("-")


def identifier_of(product: Product, settings: Settings) -> dict[str, Any]:
    """Return what a product is looked for by."""
    if settings.product_identifier == "handle":
        return {"handle": handle_of(product)}
    return {"customId": {"namespace": settings.metafield_namespace, "key": STYLE_KEY, "value": style_of(product)}}


def from_product(product: Product, stored: Node | None, settings: Settings, currency: str) -> ProductDraft:
    """Build what is sent; *stored* is the product as the store has it, whole. Raises RejectedError with a sentence."""
    wanted = list(_wanted(product, settings, currency))
    remarks: tuple[str, ...] = ()
    if any(image.url is None for image in _all_images(product)):
        remarks += ("images without a public address were left out",)
    if settings.zero_price == "missing" and any(each.price == 0 for each in wanted):
        wanted = [replace(each, price=each.price or None) for each in wanted]
        remarks += ("prices of 0.00 were left out (zero_price)",)
    if stored is None:
        given = _new(product, wanted, settings, currency)
        return ProductDraft(given, identifier_of(product, settings), len(given["variants"]), remarks)
    changes = _changed(product, stored, settings)
    variants, options, differ = _Merge(product, stored, settings, currency).of(wanted)
    if len(variants) > MAX_VARIANTS:
        raise RejectedError(f"it would have {len(variants)} variants; Shopify takes {MAX_VARIANTS}")
    # Options and variants are lists that replace what is there, so they go together and whole, or not at all.
    lists = {"productOptions": options, "variants": variants} if differ else {}
    return ProductDraft({**changes, **lists} or None, {"id": stored["id"]}, len(variants), remarks)


def _all_images(product: Product) -> Iterator[Image]:
    yield from product.images
    for color in product.colors:
        yield from color.images


def _wanted(product: Product, settings: Settings, currency: str) -> Iterator[_Wanted]:
    for color in product.colors:
        image = next((image.url for image in color.images if image.url), None)
        for sku in color.skus:
            price = _price(product.prices_of(color, sku), settings, currency)
            yield _Wanted(_name(color), sku.size or sku.size_code, sku, price, image)


def _name(color: ProductColor) -> str | None:
    return color.color or color.color_code


def _price(prices: Sequence[Price], settings: Settings, currency: str) -> Decimal | None:
    retail = settings.price_is == "retail"
    amounts: dict[Decimal, None] = {}
    for price in prices:
        amount = price.retail if retail else price.wholesale
        in_currency = ((price.retail_currency if retail else None) or price.currency) == currency
        if amount is not None and in_currency and settings.price_label in (None, price.label):
            amounts[amount] = None
    if len(amounts) > 1:
        told = " and ".join(f"{amount:f}" for amount in amounts)
        raise RejectedError(f"it has several {settings.price_is} prices in {currency}, {told}; choose by price_label")
    return next(iter(amounts), None)


def _html(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br>\n")


def _new(product: Product, wanted: Sequence[_Wanted], settings: Settings, currency: str) -> dict[str, Any]:
    if not wanted:
        raise RejectedError("it has no color with a size")
    if len(wanted) > MAX_VARIANTS:
        raise RejectedError(f"it has {len(wanted)} variants; Shopify takes {MAX_VARIANTS}")
    unpriced = [each.label for each in wanted if each.price is None]
    if unpriced:
        raise RejectedError(f"no {settings.price_is} price in {currency}: {', '.join(unpriced[:3])}")
    axes = {
        settings.color_options[0]: [each.color for each in wanted],
        settings.size_options[0]: [each.size for each in wanted],
    }
    used = {name: values for name, values in axes.items() if any(values)} or {"Title": ["Default Title"] * len(wanted)}
    places = list(zip(*used.values(), strict=True))
    for each, place in zip(wanted, places, strict=True):
        if None in place:
            raise RejectedError(f"{each.label} has no {' or '.join(used)}, and others have")
        if places.count(place) > 1:
            raise RejectedError(f"{' '.join(map(str, place))} comes more than once")
    order = {size: rank for rank, size in enumerate(product.sizes)}
    options = [
        {"name": name, "values": [{"name": value} for value in sorted(dict.fromkeys(values), key=_by(order))]}
        for name, values in used.items()
    ]
    variants = [
        {
            "optionValues": [{"optionName": name, "name": value} for name, value in zip(used, place, strict=True)],
            **_of_new(each, product),
            **({"file": _file(each.image)} if each.image else {}),
        }
        for each, place in zip(wanted, places, strict=True)
    ]
    own = settings.product_identifier == "metafield"
    key = {"namespace": settings.metafield_namespace, "key": STYLE_KEY, "type": "id", "value": style_of(product)}
    values = {
        "title": product.name,
        "handle": None if own else handle_of(product),
        "descriptionHtml": _html(product.description) if product.description else None,
        "vendor": product.vendor,
        "productType": product.category,
        "tags": list(product.tags),
        "status": settings.product_status,
        "metafields": [key] if own else None,
        "files": _files(product),
        "productOptions": options,
        "variants": variants,
    }
    return known(values)


def _by(order: Mapping[str, int]) -> Any:
    return lambda value: order.get(value, len(order))


def _files(product: Product) -> list[dict[str, Any]]:
    urls = dict.fromkeys(image.url for image in _all_images(product) if image.url)
    return [_file(url) for url in urls]


def _file(url: str) -> dict[str, Any]:
    return {"originalSource": url, "contentType": "IMAGE"}


def _of_new(wanted: _Wanted, product: Product) -> dict[str, Any]:
    """Return what a new variant has besides its options."""
    item = known(
        {"tracked": True, "countryCodeOfOrigin": product.country_of_origin, "harmonizedSystemCode": _hs(product)}
    )
    return known(
        {
            "sku": wanted.sku.sku,
            "barcode": wanted.sku.barcode,
            "price": f"{wanted.price:f}" if wanted.price is not None else None,
            "inventoryItem": item,
        }
    )


def _hs(product: Product) -> str | None:
    # 6 to 13 digits: https://shopify.dev/docs/api/admin-graphql/latest/input-objects/InventoryItemInput
    digits = re.sub(r"[ .]", "", product.hs_code or "")
    return digits if re.fullmatch(r"[0-9]{6,13}", digits) else None


def _changed(product: Product, stored: Node, settings: Settings) -> dict[str, Any]:
    """Return the fields of the product itself that are different; texts the record does not tell are left alone."""
    changes: dict[str, Any] = {}
    if settings.product_texts == "overwrite":
        told = {"title": product.name, "vendor": product.vendor, "productType": product.category}
        changes = {name: text for name, text in told.items() if text and text != stored[name]}
        text = product.description
        if text and _html(text) != stored["descriptionHtml"] and one_line(text) != one_line(stored["description"]):
            changes["descriptionHtml"] = _html(text)
    there = folded(stored["tags"])
    new = [tag for tag in product.tags if tag.casefold() not in there]
    if new:
        changes["tags"] = [*stored["tags"], *new]
    if not stored["media"] and (files := _files(product)):
        changes["files"] = files
    return changes


class _Merge:
    """Puts the variants of a product in among those the store has; none of those is left out."""

    def __init__(self, product: Product, stored: Node, settings: Settings, currency: str) -> None:
        self._product, self._stored, self._settings, self._currency = product, stored, settings, currency
        self._by = settings.item_identifier
        self._values = {
            option["name"]: [value["name"] for value in option["optionValues"]] for option in stored["options"]
        }
        color, others = split_options(stored["options"], settings)
        self._color = color[0]["name"] if color else None
        self._sizes = [option["name"] for option in others]
        self._placed = {variant["id"]: self._place_of(variant) for variant in stored["variants"]}
        if not color and len(product.colors) > 1:
            raise RejectedError(f"it has several colors, and the product there has only {self._names()}")

    def of(self, wanted: Sequence[_Wanted]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
        """Return all variants, all options, and whether anything of them is different from what is there."""
        variants: dict[str, dict[str, Any]] = {variant["id"]: _kept(variant) for variant in self._stored["variants"]}
        new: list[dict[str, Any]] = []
        differ = False
        taken: set[str] = set()
        for each in wanted:
            there = self._find(each)
            if there is None:
                new.append(self._added(each))
                continue
            if there["id"] in taken:
                raise RejectedError(f"{each.label}: another of its items is the same variant in the store")
            taken.add(there["id"])
            changes = self._changes(each, there)
            variants[there["id"]] |= changes
            differ = differ or bool(changes)
        options = [
            {"name": name, "values": [{"name": value} for value in values]} for name, values in self._values.items()
        ]
        return [*variants.values(), *new], options, differ or bool(new)

    def _names(self) -> str:
        return "the options " + ", ".join(repr(name) for name in self._values)

    def _find(self, wanted: _Wanted) -> Node | None:
        code = getattr(wanted.sku, self._by)
        found = [variant for variant in self._stored["variants"] if code and variant[self._by] == code]
        if not found:
            place = ((wanted.color if self._color else None) or "").casefold(), (wanted.size or "").casefold()
            found = [variant for variant in self._stored["variants"] if self._placed[variant["id"]] == place]
            other = found[0][self._by] if found else None
            if code and other and other != code:
                raise RejectedError(f"{wanted.label}: the variant there has the {self._by} {other!r}")
        if len(found) > 1:
            raise RejectedError(f"{wanted.label}: several variants there have the {self._by} {code!r}")
        return found[0] if found else None

    def _place_of(self, variant: Node) -> tuple[str, str]:
        color, others = split_options(variant["selectedOptions"], self._settings)
        size = " / ".join(option["value"] for option in others)
        return (color[0]["value"] if color else "").casefold(), size.casefold()

    def _changes(self, wanted: _Wanted, there: Node) -> dict[str, Any]:
        changes = {name: text for name in ("sku", "barcode") if (text := getattr(wanted.sku, name)) and not there[name]}
        if wanted.price is not None and Decimal(str(there["price"])) != wanted.price:
            changes["price"] = f"{wanted.price:f}"
        return changes

    def _added(self, wanted: _Wanted) -> dict[str, Any]:
        if wanted.price is None:
            raise RejectedError(f"no {self._settings.price_is} price in {self._currency}: {wanted.label}")
        axes = {self._color: wanted.color, **dict.fromkeys(self._sizes[:1], wanted.size)}
        given = {name: value for name, value in axes.items() if name}
        if None in given.values() or set(given) != set(self._values):
            raise RejectedError(f"{wanted.label} cannot be added, for the product there has {self._names()}")
        for name, value in given.items():
            if value not in self._values[name]:
                self._values[name].append(str(value))
        options = [{"optionName": name, "name": given[name]} for name in self._values]
        return {"optionValues": options, **_of_new(wanted, self._product)}


def _kept(variant: Node) -> dict[str, Any]:
    options = [{"optionName": each["name"], "name": each["value"]} for each in variant["selectedOptions"]]
    return {"id": variant["id"], "optionValues": options}
