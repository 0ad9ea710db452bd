"""The v4 calls for price types and prices."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from orderweft import Request, Response

from .catalog import Catalog, Price, PriceType, Sku
from .switches import Switches
from .v4_wire import Row, RowError, Wire, ids, text


class Prices:
    """Answer the v4 calls for price types and prices."""

    def __init__(self, catalog: Catalog, switches: Switches, wire: Wire) -> None:
        self._catalog = catalog
        self._as_text = switches["price_values"] == "text"
        self._wire = wire

    def read_types(self, request: Request) -> Response:
        """Answer the price types."""
        return self._wire.listed(request, self._catalog.price_types.values(), _type_row)

    def read(self, request: Request) -> Response:
        """Answer the prices, of the SKUs named or of all."""
        wanted = ids(request.query, "sku_ids")
        found = (pair for pair in self._catalog.prices.values() if wanted is None or pair[0].id in wanted)
        return self._wire.listed(request, found, lambda pair: self._row(*pair))

    def create(self, request: Request) -> Response:
        """Create the prices that do not exist yet."""
        return self._wire.each(self._wire.rows(request), self._create, "sku_id", 201)

    def update(self, request: Request) -> Response:
        """Change the values of prices that exist."""
        return self._wire.each(self._wire.rows(request), self._update, "id")

    def _create(self, row: Row) -> Row:
        sku = self._catalog.skus.get(str(row.get("sku_id")))
        if sku is None:
            raise RowError(f"SKU {row.get('sku_id')} does not exist", "NOT_FOUND")
        price_type = self._type(row)
        wholesale = _amount(row, "wholesale_value")
        if wholesale is None:
            raise RowError("wholesale_value is required")
        retail = _amount(row, "retail_value")
        if price_type.name in sku.prices:
            # a public client reads the SKU off the details of this error
            raise RowError("The price already exists", "DUPLICATED", {"sku_id": sku.id})
        return self._row(sku, self._catalog.set_price(sku, price_type, wholesale, retail))

    def _update(self, row: Row) -> Row:
        found = self._catalog.prices.get(str(row.get("id")))
        if found is None:
            raise RowError(f"Price {row.get('id')} does not exist", "NOT_FOUND")
        sku, price = found
        wholesale, retail = _amount(row, "wholesale_value"), _amount(row, "retail_value")
        wholesale = price.wholesale if wholesale is None else wholesale
        retail = price.retail if retail is None else retail
        return self._row(sku, self._catalog.set_price(sku, price.price_type, wholesale, retail))

    def _type(self, row: Row) -> PriceType:
        wanted = row.get("price_type_id")
        pair = (row.get("price_type_name"), row.get("price_type_currency_code"))
        for price_type in self._catalog.price_types.values():
            if price_type.id == wanted or (not wanted and (price_type.name, price_type.currency) == pair):
                return price_type
        raise RowError(f"Price type {wanted or ' '.join(str(part) for part in pair)} does not exist", "NOT_FOUND")

    def _row(self, sku: Sku, price: Price) -> Row:
        wholesale, retail = self._value(price.wholesale), self._value(price.retail)
        return {
            "id": price.id,
            "sku_id": sku.id,
            "price_type": _type_row(price.price_type),
            "wholesale_value": wholesale,
            "retail_value": retail,
        }

    def _value(self, amount: Decimal | None) -> str | float | None:
        return None if amount is None else str(amount) if self._as_text else float(amount)


def _amount(row: Row, name: str) -> Decimal | None:
    value = text(row, name)
    if value is None:
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise RowError(f"{name} must be an amount") from None
    if not amount.is_finite() or amount < 0:
        raise RowError(f"{name} must not be negative")
    return amount


def _type_row(price_type: PriceType) -> Row:
    return {
        "id": price_type.id,
        "name": price_type.name,
        "currency_code": price_type.currency,
        "retail_currency_code": price_type.currency,
    }
