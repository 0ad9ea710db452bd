"""The prices of a `Product` as rows of JOOR's price calls; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orderweft import InvalidRecordError, Price, Product

from .grids import CatalogForm, Grid, Pair
from .values import Row, minor_of, number, text, tidy

_VALUES = ("wholesale_value", "retail_value")


@dataclass
class PriceRows:
    """What has to be sent so that JOOR has the prices."""

    create: list[dict[str, Any]] = field(default_factory=list)
    update: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def price_type_of(price: Price, types: Sequence[Row]) -> Row:
    """Return the price type of exactly this label and currency; raise InvalidRecordError naming a missing one."""
    there = [row for row in types if text(row, "currency_code") == price.currency]
    fits = [row for row in there if price.label is None or text(row, "name") == price.label]
    if len(fits) == 1:
        return fits[0]
    names = ", ".join(repr(text(row, "name")) for row in there) or "none"
    if fits:
        raise InvalidRecordError(
            f"prices: {price.currency} has several price types in JOOR ({names}), and none is named"
        )
    wanted = f"{price.label!r} in {price.currency}" if price.label else price.currency
    raise InvalidRecordError(f"prices: JOOR has no price type {wanted}; in {price.currency} it has {names}")


def check_prices(product: Product, types: Sequence[Row], form: CatalogForm) -> None:
    """Raise InvalidRecordError when some price of *product* has no price type, or two different ones have the same."""
    for color in product.colors:
        for sku in color.skus or (None,):
            amounts: dict[str, Decimal] = {}
            for price in product.prices_of(color, sku):
                wholesale = _wholesale(price, form)
                if wholesale is None:
                    continue
                identity = text(price_type_of(price, types), "id") or ""
                if amounts.setdefault(identity, wholesale) != wholesale:
                    raise InvalidRecordError(
                        f"prices: {_name(price)} is given twice, as {amounts[identity]} and {wholesale}; "
                        "leave one of the price lists out, or name them as JOOR does"
                    )


def _wholesale(price: Price, form: CatalogForm) -> Decimal | None:
    return None if form.zero_price == "missing" and not price.wholesale else price.wholesale


def price_rows(
    product: Product,
    grid: Grid,
    ids: Mapping[Pair, str],
    there: Mapping[str, Sequence[Row]],
    types: Sequence[Row],
    form: CatalogForm,
) -> PriceRows:
    """Return the rows for every SKU of *grid*, whose ids are *ids*, beside the prices already *there* by SKU."""
    rows, zeros, foreign = PriceRows(), set(), set()
    for pair, (color, sku) in grid.cells.items():
        known: dict[str, Row] = {_type_id(row): row for row in there.get(ids[pair], ())}
        for price in product.prices_of(color, sku):
            if _wholesale(price, form) is None:
                zeros.add(_name(price))
                continue
            kind = price_type_of(price, types)
            values = _values(price, kind)
            if price.retail is not None and "retail_value" not in values:
                foreign.add(_name(price))
            identity = text(kind, "id") or ""
            if identity not in known:
                rows.create.append({"sku_id": ids[pair], "price_type_id": identity, **values})
            elif any(number(known[identity], name) != Decimal(value) for name, value in values.items()):
                rows.update.append({"id": text(known[identity], "id"), **values})
    rows.remarks += [f"The price {name} has no wholesale value above zero and was left out." for name in sorted(zeros)]
    rows.remarks += [
        f"The retail price of {name} is in another currency than its price type in JOOR and was left out."
        for name in sorted(foreign)
    ]
    return rows


def _name(price: Price) -> str:
    return f"{price.label} {price.currency}" if price.label else price.currency


def _type_id(row: Row) -> str:
    kind = row.get("price_type")
    return (text(kind, "id") if isinstance(kind, Mapping) else text(row, "price_type_id")) or ""


def _values(price: Price, kind: Row) -> dict[str, str]:
    values = {"wholesale_value": _written(price.wholesale or Decimal(0), price.currency)}
    currency = price.retail_currency or price.currency
    # A price type has a retail currency of its own: the answer to prices/bulk_create in JOOR's reference.
    if price.retail is not None and currency == (text(kind, "retail_currency_code") or text(kind, "currency_code")):
        values["retail_value"] = _written(price.retail, currency)
    return values


def _written(amount: Decimal, currency: str) -> str:
    return f"{tidy(amount, minor_of(currency)):f}"


def duplicated(row: Row, there: Sequence[Row]) -> dict[str, Any] | None:
    """Return the update for a new price *row* that is *there* after all; None when it is not."""
    known = next((known for known in there if _type_id(known) == row["price_type_id"]), None)
    if known is None:
        return None
    return {"id": text(known, "id")} | {name: row[name] for name in _VALUES if name in row}
