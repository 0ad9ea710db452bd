"""A v2 style as a `Product`; pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from orderweft import (
    Image,
    InvalidRecordError,
    Item,
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

from .values import Row, count, currency_of, instant, minor_of, named, number, reason, required, text, tidy, wrapped


class Style:
    """A v2 style row, read part by part."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.number = text(row, "style_number")
        self.identifier = text(row, "style_identifier")
        self.name = text(row, "style_name")
        # The name of JOOR's own id in an answer is not documented; orders and stock rows call it so.
        self.id = text(row, "style_id") or text(row, "id") or self.identifier or self.number or ""
        if not self.id:
            raise InvalidRecordError("style_identifier: is missing")

    @cached_property
    def skus(self) -> list[Row]:
        """Return the SKUs."""
        return wrapped(self.row, "skus", "sku")

    @cached_property
    def colors(self) -> list[Row]:
        """Return the colors."""
        return wrapped(self.row, "colors", "color")

    @cached_property
    def sizes(self) -> list[Row]:
        """Return the sizes in their order."""
        return wrapped(self.row, "sizes", "size")

    def color_name(self, code: str | None) -> str | None:
        """Return the name of the color with *code*; None when several have it, or none at all."""
        names = [text(color, "color_name") for color in self.colors if text(color, "color_code") == code]
        return names[0] if len(names) == 1 else None

    def size_code(self, name: str | None) -> str | None:
        """Return the code of the size called *name*."""
        return next((text(size, "size_code") for size in self.sizes if text(size, "size_name") == name), None)

    def item(self, sku: Row) -> Item:
        """Return *sku* by every name it goes by."""
        code, size, barcode = text(sku, "sku_color_code"), text(sku, "sku_size"), text(sku, "upc")
        return Item(
            id="/".join(part or "" for part in (self.id, code, size)),
            style_number=self.number,
            style_identifier=self.identifier,
            style_name=self.name,
            color=self.color_name(code),
            color_code=code,
            size=size,
            size_code=self.size_code(size),
            barcode=barcode,
            gtin=normalize_gtin(barcode),
        )


def style_id(row: object) -> tuple[str, str]:
    """Return the id of a style and what people call it, as far as the row tells."""
    fields = row if isinstance(row, dict) else {}
    names = ("style_id", "id", "style_identifier", "style_number")
    identity = next((str(fields[name]).strip() for name in names if fields.get(name)), "style")
    label = " ".join(str(fields[name]) for name in ("style_number", "style_name") if fields.get(name))
    return identity, label or identity


def style_to_product(row: Row, *, channel: str, connection: str) -> Product:
    """Return the product in a v2 style row."""
    style = Style(row)
    deliveries = wrapped(row, "deliveries", "delivery")
    seasons = (named(entry, "season_name", "season_code") for entry in deliveries)
    shown = (named(entry, "delivery_name", "delivery_code") for entry in deliveries)
    try:
        return Product(
            origin=Origin(
                channel=channel, connection=connection, id=style.id, revision=text(row, "date_modified") or None
            ),
            style_number=style.number,
            style_identifier=style.identifier,
            name=required("style_name", style.name),
            description=text(row, "style_description"),
            division=text(row, "division"),
            silhouette=text(row, "silhouette"),
            materials=text(row, "material"),
            fabrication=text(row, "fabrication"),
            country_of_origin=country_code(text(row, "style_country_origin")),
            minimum=count(row, "minimum") or None,
            seasons=_unique(seasons),
            collections=_unique(shown),
            prices=tuple(_prices(row)),
            sizes=tuple(name for size in style.sizes if (name := text(size, "size_name"))),
            colors=tuple(_colors(style)),
            updated_at=instant(row, "date_modified"),
        )
    except ValidationError as error:
        raise InvalidRecordError(reason(error)) from None


def _unique(found: Iterator[Named | None]) -> tuple[Named, ...]:
    return tuple(dict.fromkeys(entry for entry in found if entry))


def _prices(row: Row) -> Iterator[Price]:
    for index, entry in enumerate(wrapped(row, "prices", "price")):
        try:
            currency = required("price_currency", currency_of(entry, "price_currency"))
            retail_currency = currency_of(entry, "price_currency_retail")
            yield Price(
                label=text(entry, "price_label"),
                currency=currency,
                wholesale=tidy(number(entry, "price_wholesale"), minor_of(currency)),
                retail=tidy(number(entry, "price_retail"), minor_of(retail_currency or currency)),
                retail_currency=None if retail_currency == currency else retail_currency,
            )
        except (InvalidRecordError, ValidationError) as error:
            raise InvalidRecordError(f"prices[{index}].{reason(error)}") from None


def _colors(style: Style) -> Iterator[ProductColor]:
    codes = [text(color, "color_code") for color in style.colors]
    if codes.count(None) > 1:
        raise InvalidRecordError("colors: several have no color_code, so their SKUs cannot be told apart")
    pictures = {text(color, "color_code"): text(color, "color_image") for color in style.colors}
    for code in dict.fromkeys([*codes, *(text(sku, "sku_color_code") for sku in style.skus)]):
        picture = pictures.get(code) or ""
        yield ProductColor(
            color=style.color_name(code),
            color_code=code,
            images=(Image(url=picture),) if picture.startswith("http") else (),
            skus=tuple(_sku(style.item(sku)) for sku in style.skus if text(sku, "sku_color_code") == code),
        )


def _sku(item: Item) -> Sku:
    return Sku(id=item.id, size=item.size, size_code=item.size_code, barcode=item.barcode, gtin=item.gtin)
