"""Products from Shopify's payloads; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import unquote, urlsplit

from orderweft import InvalidRecordError, Product, decode_json, normalize_gtin

from ..config import Settings
from .base import Source, known, one_line
from .styles import Node, Style, StyleSku

Prices = tuple[dict[str, Any], ...]

_STATUSES: Mapping[str, str] = {"ACTIVE": "active", "UNLISTED": "active", "DRAFT": "draft", "ARCHIVED": "archived"}


def to_product(style: Style, source: Source, settings: Settings, currency: str) -> Product:
    """Read one product; raises pydantic's ValidationError or InvalidRecordError when a field cannot be read."""
    node, skus = style.node, sorted(style.skus, key=lambda sku: sku.place)
    prices = {sku.node["id"]: _prices(style, sku, settings, currency) for sku in skus}
    common = prices[skus[0].node["id"]] if skus else ()
    colors = dict.fromkeys((sku.color, sku.color_code) for sku in skus)
    item = style.skus[0].node["inventoryItem"] if style.skus else {}
    values = {
        "origin": source.origin(node["id"], node["updatedAt"]),
        "style_number": style.number,
        "style_identifier": style.identifier,
        "name": node["title"],
        "description": one_line(node["description"]),
        "vendor": node["vendor"],
        "category": node["productType"],
        "country_of_origin": item.get("countryCodeOfOrigin"),
        "hs_code": item.get("harmonizedSystemCode"),
        "status": _STATUSES.get(node["status"]),
        "tags": list(node["tags"]),
        "prices": common,
        "images": _images(media.get("image") for media in node["media"]),
        "sizes": [size for size in dict.fromkeys(sku.size for sku in sorted(skus, key=_size_place)) if size],
        "colors": [
            _color(name, code, [sku for sku in skus if (sku.color, sku.color_code) == (name, code)], prices, common)
            for name, code in colors
        ],
        "updated_at": node["updatedAt"],
        "custom_fields": dict(style.fields),
    }
    return Product.model_validate(values)


def _size_place(sku: StyleSku) -> tuple[int, ...]:
    return sku.place[1]


def _color(
    name: str | None, code: str | None, skus: Sequence[StyleSku], prices: Mapping[str, Prices], common: Prices
) -> dict[str, Any]:
    own = prices[skus[0].node["id"]]
    return {
        "color": name,
        "color_code": code,
        "prices": () if own == common else own,
        "images": _images(sku.node.get("image") for sku in skus),
        "skus": [_sku(sku, prices[sku.node["id"]], own) for sku in skus],
    }


def _sku(sku: StyleSku, prices: Prices, common: Prices) -> dict[str, Any]:
    return {
        "id": sku.node["id"],
        "size": sku.size,
        "sku": sku.node["sku"],
        "barcode": sku.node["barcode"],
        "gtin": normalize_gtin(sku.node["barcode"]),
        "prices": () if prices == common else prices,
        "custom_fields": dict(sku.fields),
    }


def _prices(style: Style, sku: StyleSku, settings: Settings, currency: str) -> Prices:
    price, before = Decimal(str(sku.node["price"])), Decimal(str(sku.node["compareAtPrice"] or 0))
    own = before if settings.compare_at and before > price else price
    values: dict[str, Any] = {"label": settings.price_label, "currency": currency, settings.price_is: own}
    key = settings.wholesale_metafield
    told = (sku.fields.get(key) or style.fields.get(key)) if key else None
    if told:
        amount, other = _amount(told, f"metafield {settings.flags_namespace}.{key} of {style.label(sku)}")
        abroad = other is not None and other != currency
        values |= {"wholesale": amount, **({"currency": other, "retail_currency": currency} if abroad else {})}
    return (known(values),)


def _amount(text: str, where: str) -> tuple[Decimal, str | None]:
    """Return the amount and currency of a metafield of the type number or money."""
    # https://shopify.dev/docs/apps/build/metafields/list-of-data-types
    try:
        value = decode_json(text)
        amount, currency = (value["amount"], value.get("currency_code")) if isinstance(value, dict) else (value, None)
        return Decimal(str(amount)), currency
    except (ValueError, KeyError, InvalidOperation) as error:
        raise InvalidRecordError(f"{where}: {text!r} is no price") from error


def _images(images: Iterable[Node | None]) -> list[dict[str, Any]]:
    found = {image["url"]: image for image in images if image}
    return [
        {
            "url": url,
            "name": unquote(urlsplit(url).path.rpartition("/")[2]),
            "width": image["width"],
            "height": image["height"],
        }
        for url, image in found.items()
    ]
