"""The product: a style with its colors, sizes, prices and images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from .base import Blankable, CountryCode, CurrencyCode, Gtin14, Instant, Money, OptionalText, Origin, Record, Text
from .item import Item
from .order import Named


class Price(Record):
    """What one piece costs on one price list."""

    label: OptionalText = None
    """Name of the price list."""
    currency: CurrencyCode
    wholesale: Money | None = None
    retail: Money | None = None
    """Suggested retail price, in `retail_currency`."""
    retail_currency: Annotated[CurrencyCode | None, Blankable] = None
    """Where it differs from `currency`."""


class Image(Record):
    """A picture of the style or of one of its colors."""

    url: OptionalText = None
    """Where anybody can fetch it."""
    file: OptionalText = None
    """Path of a copy on this machine, when it has no public address."""
    name: OptionalText = None
    """File name people know it by."""
    width: Annotated[int, Field(ge=1)] | None = None
    """In pixels."""
    height: Annotated[int, Field(ge=1)] | None = None
    """In pixels."""
    checksum: OptionalText = None
    """Changes when the picture does."""

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.url is None and self.file is None:
            raise ValueError("url: an image needs an address or a file")
        return self


class Sku(Record):
    """One size of one color."""

    id: OptionalText = None
    """The source's own id of it."""
    size: OptionalText = None
    size_code: OptionalText = None
    sku: OptionalText = None
    barcode: OptionalText = None
    """As sent, leading zeros and all."""
    gtin: Annotated[Gtin14 | None, Blankable] = None
    """The barcode as GTIN-14, when its check digit is right."""
    prices: tuple[Price, ...] = ()
    """Where they differ from those of the color."""
    custom_fields: dict[str, str] = Field(default_factory=dict)


class ProductColor(Record):
    """One color of a style."""

    color: OptionalText = None
    """Its name; absent for a style that comes in one color without a name."""
    color_code: OptionalText = None
    prices: tuple[Price, ...] = ()
    """Where they differ from those of the style."""
    images: tuple[Image, ...] = ()
    seasons: tuple[Named, ...] = ()
    """In which it is visible, where that differs from the style."""
    skus: tuple[Sku, ...] = ()
    custom_fields: dict[str, str] = Field(default_factory=dict)


class Product(Record):
    """A style with everything that is sold of it."""

    origin: Origin
    style_number: OptionalText = None
    style_identifier: OptionalText = None
    """The brand's unique key of the style, which may carry more than the number."""
    name: Text
    description: OptionalText = None
    vendor: OptionalText = None
    division: OptionalText = None
    category: OptionalText = None
    subcategory: OptionalText = None
    gender: OptionalText = None
    silhouette: OptionalText = None
    materials: OptionalText = None
    fabrication: OptionalText = None
    country_of_origin: Annotated[CountryCode | None, Blankable] = None
    hs_code: OptionalText = None
    minimum: Annotated[int, Field(ge=0)] | None = None
    """Fewest pieces one order may have of it."""
    status: Literal["active", "draft", "archived"] | None = None
    tags: tuple[Text, ...] = ()
    seasons: tuple[Named, ...] = ()
    """In which it is visible."""
    collections: tuple[Named, ...] = ()
    """The linesheets, collections or folders it is shown in."""
    prices: tuple[Price, ...] = ()
    images: tuple[Image, ...] = ()
    sizes: tuple[Text, ...] = ()
    """The whole size scale, in its order."""
    colors: tuple[ProductColor, ...] = ()
    updated_at: Instant | None = None
    custom_fields: dict[str, str] = Field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Return what tells it from every other product: style identifier, else number, else the source's id."""
        style = self.style_identifier or self.style_number
        return f"style:{style}" if style else f"id:{self.origin.id}"

    @property
    def label(self) -> str:
        """Return what people call it."""
        style = self.style_number or self.style_identifier
        return f"{style} {self.name}" if style else self.name

    def items(self) -> Iterator[Item]:
        """Yield every size of every color as an item, with the product's custom fields below the SKU's own."""
        for color in self.colors:
            for sku in color.skus:
                yield Item(
                    id=sku.id,
                    style_number=self.style_number,
                    style_identifier=self.style_identifier,
                    style_name=self.name,
                    color=color.color,
                    color_code=color.color_code,
                    size=sku.size,
                    size_code=sku.size_code,
                    sku=sku.sku,
                    barcode=sku.barcode,
                    gtin=sku.gtin,
                    custom_fields={**self.custom_fields, **color.custom_fields, **sku.custom_fields},
                )

    def prices_of(self, color: ProductColor, sku: Sku | None = None) -> tuple[Price, ...]:
        """Return the prices that hold for *sku* in *color*: the most specific ones given."""
        return (sku.prices if sku else ()) or color.prices or self.prices
