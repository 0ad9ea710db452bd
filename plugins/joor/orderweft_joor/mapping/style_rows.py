"""A `Product` as a row of JOOR's bulk call for v2 styles; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from orderweft import InvalidRecordError, Named, Price, Product

from .grids import CatalogForm, Pair, cells_of, style_key
from .styles import Style
from .values import Row, minor_of, number, text, tidy, wrapped

_TEXTS = {
    "style_description": "description",
    "division": "division",
    "silhouette": "silhouette",
    "material": "materials",
    "fabrication": "fabrication",
    "style_country_origin": "country_of_origin",
}
_KEYS: dict[str, Callable[[Row], Any]] = {
    "prices": lambda row: (text(row, "price_label"), text(row, "price_currency")),
    "colors": lambda row: text(row, "color_code"),
    "sizes": lambda row: text(row, "size_name"),
    "skus": lambda row: (text(row, "sku_color_code"), text(row, "sku_size")),
}
_NODES = {"prices": "price", "colors": "color", "sizes": "size", "skus": "sku"}


def style_row(
    product: Product, there: Row | None, form: CatalogForm, *, deliveries: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return the row that creates or changes the style of *product*, and remarks.

    Whether a style is replaced as a whole is not documented, so what is *there* already is sent along.
    """
    colors, sizes, skus = cells_of(product, form)
    codes = {name: color.color_code or name for name, color in colors.items()}
    missing = [(color, size) for color in colors for size in sizes if (color, size) not in skus]
    if missing and form.incomplete_grid == "refuse":
        raise InvalidRecordError(f"colors: {missing[0][0]!r} lacks size {missing[0][1]!r}")
    prices, remarks = _prices(product, form)
    row: dict[str, Any] = {
        "style_name": product.name,
        "style_number": product.style_number or style_key(product),
        "style_identifier": style_key(product),
        **{name: value for name, field in _TEXTS.items() if (value := getattr(product, field))},
        **({"minimum": product.minimum} if product.minimum else {}),
        "prices": prices,
        "colors": [{"color_name": name, "color_code": codes[name]} for name in colors],
        "sizes": [{"size_name": name, **({"size_code": code} if code else {})} for name, code in sizes.items()],
        "skus": [_sku(codes[pair[0]], pair, skus[pair].barcode) for pair in skus],
    }
    for name, key in _KEYS.items():
        known = {key(entry) for entry in row[name]}
        row[name] += [_sent_again(old) for old in wrapped(there or {}, name, _NODES[name]) if key(old) not in known]
    shown = [
        (text(one, "delivery_name"), text(one, "delivery_code"))
        for one in wrapped(there or {}, "deliveries", "delivery")
    ]
    fresh = [one for one in product.collections if deliveries and not _is_shown(one, shown)]
    if fresh:
        names = [{"delivery_name": one.name, "delivery_code": one.code} for one in fresh]
        row["deliveries"] = [{name: value for name, value in entry.items() if value} for entry in names]
    # 3: only add to the linesheets named; the default, 1, takes a style off all others.
    return {**row, "delivery_overwrite": 3}, remarks


def _sent_again(entry: Row) -> dict[str, Any]:
    """Return what JOOR has as it is sent, amounts as text like those beside it."""
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in entry.items()}


def _is_shown(collection: Named, shown: Sequence[tuple[str | None, str | None]]) -> bool:
    return any(code == collection.code if collection.code and code else name == collection.name for name, code in shown)


def _sku(color_code: str, pair: Pair, barcode: str | None) -> dict[str, str]:
    return {"sku_color_code": color_code, "sku_size": pair[1], **({"upc": barcode} if barcode else {})}


def _prices(product: Product, form: CatalogForm) -> tuple[list[dict[str, str]], list[str]]:
    found: dict[tuple[str | None, str], Price] = {}
    for color in product.colors:
        for sku in color.skus:
            for price in product.prices_of(color, sku):
                other = found.setdefault((price.label, price.currency), price)
                if other != price:
                    raise InvalidRecordError(f"prices: a v2 style has one price in {price.currency} for all its SKUs")
    rows, remarks = [], []
    for price in found.values():
        if price.wholesale is None or (not price.wholesale and form.zero_price == "missing"):
            name = f"{price.label} {price.currency}" if price.label else price.currency
            remarks.append(f"The price {name} has no wholesale value above zero and was left out.")
            continue
        if price.label is None:
            raise InvalidRecordError(f"prices: the one in {price.currency} names no price list")
        retail_currency = price.retail_currency or price.currency
        row = {
            "price_label": price.label,
            "price_currency": price.currency,
            "price_wholesale": f"{tidy(price.wholesale, minor_of(price.currency)):f}",
        }
        if price.retail is not None:
            row["price_retail"] = f"{tidy(price.retail, minor_of(retail_currency)):f}"
            row["price_currency_retail"] = retail_currency
        rows.append(row)
    return rows, remarks


def style_difference(sent: Row, there: Row) -> str | None:
    """Return the first field in which the style *there* is not what was *sent*; None when it has all of it."""
    style = Style(there)
    for name in ("style_name", *_TEXTS):
        if name in sent and (name == "style_name" or name in there) and text(there, name) != text(sent, name):
            return name
    barcodes = {(text(sku, "sku_color_code"), text(sku, "sku_size")): text(sku, "upc") for sku in style.skus}
    for sku in sent["skus"]:
        pair = (text(sku, "sku_color_code"), text(sku, "sku_size"))
        if pair not in barcodes or (text(sku, "upc") and barcodes[pair] != text(sku, "upc")):
            return f"skus ({pair[0]} {pair[1]})"
    prices = {_KEYS["prices"](price): price for price in wrapped(there, "prices", "price")}
    return _price_difference(sent["prices"], prices)


def _price_difference(sent: Sequence[Row], there: dict[Any, Row]) -> str | None:
    for price in sent:
        label, currency = _KEYS["prices"](price)
        known = there.get((label, currency))
        if known is None or number(known, "price_wholesale") != number(price, "price_wholesale"):
            return f"prices ({label} {currency})"
        if "price_retail" in price and number(known, "price_retail") != number(price, "price_retail"):
            return f"prices ({label} {currency})"
    return None
