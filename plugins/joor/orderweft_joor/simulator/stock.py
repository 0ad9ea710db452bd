"""What JOOR remembers of one account's stock, and what each row of a call does to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from orderweft.testing import brand

from .books import Books
from .catalog import Catalog, Product, Sku
from .switches import Switches

Key = tuple[str, date | None, str]
"""Warehouse, day (None for what is there now), and the id of the SKU."""


class RowFailure(Exception):
    """Raised when one row of a call fails."""


@dataclass(frozen=True)
class _Write:
    """What one row that names its SKUs rightly asks for."""

    skus: tuple[Sku, ...]
    warehouse: str | None
    """None when the account has none of that name."""
    day: date | None
    quantity: int
    made_to_order: bool | None


class Stock:
    """The stock of one account, by warehouse, day and SKU."""

    def __init__(self, catalog: Catalog, books: Books, switches: Switches) -> None:
        self.buckets: dict[Key, int] = {}
        self.made_to_order: set[str] = set()
        """The ids of SKUs that can be ordered without stock."""
        self.warehouses = [name for name, _ in brand.WAREHOUSES]
        self._catalog = catalog
        self._books = books
        self._switches = switches

    def fill(self) -> None:
        """Put the sample brand's stock into the first warehouse."""
        for entry in brand.skus():
            sku = self._catalog.by_barcode(entry.barcode)
            if sku:
                self.buckets[self.warehouses[0], None, sku.id] = entry.stock

    def available(self, sku: Sku) -> int | None:
        """Return the pieces there now in all warehouses, None where nothing was ever said."""
        there = [self.buckets[key] for name in self.warehouses if (key := (name, None, sku.id)) in self.buckets]
        return sum(there) if there else None

    def take(self, sku: Sku, quantity: int, warehouse: str) -> None:
        """Take pieces that are sold, as far as they are there."""
        key = (warehouse, None, sku.id)
        if key in self.buckets:
            self.buckets[key] = max(0, self.buckets[key] - quantity)

    def rename(self, old: str, new: str) -> None:
        """Give a warehouse another name; its stock stays."""
        self.warehouses[self.warehouses.index(old)] = new
        self.buckets = {
            (new if warehouse == old else warehouse, day, sku_id): quantity
            for (warehouse, day, sku_id), quantity in self.buckets.items()
        }

    def clear(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Clear what an overwriting call replaces, and see to the styles it does not name."""
        rows = list(rows)
        cleared = set(self.warehouses)
        if self._switches["overwrite_scope"] == "warehouses":
            cleared = {_text(row, "warehouse") or self.warehouses[0] for row in rows}
        named: set[str] = set()
        for row in rows:
            try:
                named |= {sku.product.id for sku in self.find(row)}
            except RowFailure:
                continue
        self.buckets = {key: quantity for key, quantity in self.buckets.items() if key[0] not in cleared}
        left = {sku_id for _, _, sku_id in self.buckets}
        if self._switches["absent_style"] == "made_to_order":
            for product in self._catalog.products.values():
                if product.id not in named and not any(sku.id in left for sku in product.skus):
                    self.made_to_order |= {sku.id for sku in product.skus}

    def pending(self) -> Counter[tuple[str, int, str, str]]:
        """Return the pieces on pending orders."""
        return self._books.pending(self.warehouses[0])

    def apply(self, row: Mapping[str, Any], pending: Counter[tuple[str, int, str, str]] | None) -> None:
        """Apply one row; with *pending* those pieces are subtracted from what is there now."""
        write = self._write(row)
        for sku in write.skus if write.warehouse else ():
            warehouse = write.warehouse or ""
            if write.made_to_order:
                self.made_to_order.add(sku.id)
                self.buckets = {key: quantity for key, quantity in self.buckets.items() if key[2] != sku.id}
                continue
            quantity = write.quantity
            if pending is not None and write.day is None:
                place = (warehouse, sku.product.style_id, sku.color.value, sku.size.value)
                quantity = max(0, quantity - pending[place])
            self.buckets[warehouse, write.day, sku.id] = quantity
            if write.made_to_order is False or not self._switches["made_to_order_stays"]:
                self.made_to_order.discard(sku.id)

    def find(self, row: Mapping[str, Any]) -> tuple[Sku, ...]:
        """Return the SKUs that *row* names; raises RowFailure for none."""
        barcode = _text(row, "upc")
        if barcode:
            sku = self._catalog.by_barcode(barcode)
            if sku is None:
                raise RowFailure(f"UPC {barcode} does not exist")
            return (sku,)
        product = self._product(row)
        color, color_id = _text(row, "color_code"), _text(row, "style_color_id")
        size, size_code = _text(row, "size"), _text(row, "size_code")
        found = tuple(
            sku
            for sku in product.skus
            if (sku.color.code == color if color else str(sku.color.id) == color_id)
            and (sku.size.value == size if size else size_code is not None and sku.size.code == size_code)
        )
        if not found:
            raise RowFailure("the style has no such color and size")
        return found

    def _product(self, row: Mapping[str, Any]) -> Product:
        spelling = self._switches["identifier_spelling"]
        names = ("style_identifer", "style_identifier") if spelling == "both" else (f"style_{spelling}",)
        identifier = next((text for name in names if (text := _text(row, name))), None)
        number, style_id = _text(row, "style_number"), _text(row, "style_id")
        product = None
        if number and identifier:
            product = self._catalog.by_style(number, identifier)
        elif style_id and style_id.isdecimal():
            product = self._catalog.by_style_id(int(style_id))
        if product is None:
            raise RowFailure("no UPC, and no style of that number and identifier")
        return product

    def _write(self, row: Mapping[str, Any]) -> _Write:
        skus = self.find(row)
        day = self._day(_text(row, "inventory_date"))
        flag = row.get("made_to_order")
        if flag not in (None, True, False, 0, 1, "true", "false", "0", "1"):
            raise RowFailure("made_to_order is true or false")
        made_to_order = None if flag is None else flag in (True, "true", "1")
        return _Write(skus, self._warehouse(_text(row, "warehouse")), day, self._quantity(row), made_to_order)

    def _quantity(self, row: Mapping[str, Any]) -> int:
        given = _text(row, "inventory") or ""
        if not given.removeprefix("-").isdecimal():
            raise RowFailure("inventory must be a whole number")
        if int(given) < 0 and self._switches["negative_stock"] == "fails":
            raise RowFailure("inventory must not be negative")
        return max(0, int(given))

    def _warehouse(self, name: str | None) -> str | None:
        if name is None or name in self.warehouses:
            return name or self.warehouses[0]
        # https://api-docs.jooraccess.com/v2.0/reference/introduction-6 promises "unexpected results"
        match self._switches["unknown_warehouse"]:
            case "fails":
                raise RowFailure(f"warehouse {name} does not exist")
            case "default":
                return self.warehouses[0]
            case _:
                return None

    def _day(self, given: str | None) -> date | None:
        immediate = self._switches["immediate"]
        if given is None and immediate == "required":
            raise RowFailure("inventory_date is required")
        if given is None or given == "IMMEDIATE":
            if given and immediate == "fails":
                raise RowFailure("inventory_date must be a date")
            return None
        formats = {"iso": ("%Y-%m-%d",), "us": ("%m-%d-%Y",), "both": ("%Y-%m-%d", "%m-%d-%Y")}
        for form in formats[self._switches["inventory_dates"]]:
            try:
                return datetime.strptime(given, form).date()  # noqa: DTZ007  a day has no zone
            except ValueError:
                continue
        raise RowFailure(f"inventory_date {given} is not a date")


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None or value == "" else str(value)
