"""What JOOR remembers of one account's catalog: one set of products, which v2 calls styles."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from orderweft import Clock
from orderweft.testing import brand

from .model import money
from .switches import Switches
from .v4_wire import opaque

OptionKind = Literal["color", "size"]


@dataclass(frozen=True)
class PriceType:
    """A price label with its currency, set up by JOOR's staff."""

    id: str
    name: str
    currency: str


@dataclass
class Price:
    """What a SKU costs at one price type."""

    id: str
    price_type: PriceType
    wholesale: Decimal
    retail: Decimal | None = None


@dataclass
class Option:
    """One color or size of a product."""

    id: int
    kind: OptionKind
    value: str
    order_nbr: int
    code: str | None = None
    order_minimum: int | None = None
    status: str = "ACTIVE"
    swatch: str | None = None
    more: dict[str, Any] = field(default_factory=dict)
    """What only v2 knows of it, by its names."""


@dataclass
class Sku:
    """One product in one color and one size."""

    id: str
    product: Product = field(repr=False)
    color: Option
    size: Option
    external_id: str | None = None
    sku_identifier: str | None = None
    identifiers: list[dict[str, str]] = field(default_factory=list)
    prices: dict[str, Price] = field(default_factory=dict)
    """By the name of the price type."""

    @property
    def barcode(self) -> str | None:
        """Return what v2 knows as the UPC."""
        return next((each["value"] for each in self.identifiers if each["type"].upper() == "UPC"), None)


@dataclass
class Asset:
    """An image, a swatch or a video of a product."""

    id: int
    kind: str
    filename: str
    source: str | None
    """Its address, None for one that was sent."""
    display_order: int = 0
    external_id: str | None = None
    color: str | None = None


@dataclass
class Product:
    """A product with all that JOOR remembers of it."""

    id: str
    style_id: int
    name: str
    created_at: datetime
    modified_at: datetime
    external_id: str | None = None
    product_identifier: str | None = None
    description: str | None = None
    order_minimum: int | None = None
    category_ids: list[str] = field(default_factory=list)
    traits: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Value and code by the name of the trait."""
    tags: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    """What only v2 knows of it, by its names."""
    colors: dict[str, Option] = field(default_factory=dict)
    sizes: dict[str, Option] = field(default_factory=dict)
    skus: list[Sku] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)

    def options(self, kind: OptionKind) -> dict[str, Option]:
        """Return its colors or its sizes."""
        return self.colors if kind == "color" else self.sizes

    def sku(self, color: str, size: str) -> Sku | None:
        """Return the SKU in that color and size."""
        return next((sku for sku in self.skus if (sku.color.value, sku.size.value) == (color, size)), None)


@dataclass
class Item:
    """A product in a collection; no SKUs named means all of them."""

    product_id: str
    order_number: int | None = None
    sku_ids: list[str] = field(default_factory=list)


@dataclass
class Collection:
    """A collection, which v2 calls a delivery and people a linesheet."""

    id: str
    name: str
    external_id: str | None
    season_id: str | None = None
    start_ship_date: date | None = None
    complete_ship_date: date | None = None
    cancel_date: date | None = None
    minimum_shipping_window: int | None = None
    items: dict[str, Item] = field(default_factory=dict)
    """By the id of the product."""
    by_hand: bool = False


@dataclass(frozen=True)
class Named:
    """Something of the account's set-up: a season, a category or a trait."""

    id: str
    name: str
    more: dict[str, str] = field(default_factory=dict)


# https://api-docs.jooraccess.com/docs/how-to-use-traits and /docs/how-to-create-update-sku-data; the last four ids are
# made after the same pattern
TRAITS = (
    *(
        Named(opaque("ProductTrait", key), name, {"type": "product"})
        for key, name in (
            ("CONTAINSFUR", "Contains Fur"),
            ("COUNTRYOFORIGIN", "Country of Origin"),
            ("DIVISION", "Division"),
            ("FABNAME", "Fabrication Name"),
            ("HEELHEIGHT", "Heel Height"),
            ("MATERIAL", "Material"),
            ("MEASUREMENTS", "Measurements"),
            ("SILHOUETTE", "Silhouette"),
            ("SOURCEOFMATERIALS", "Source of Materials"),
        )
    ),
    Named(opaque("SKUTrait", "StyleColor"), "Color", {"type": "sku"}),
    Named(opaque("SKUTrait", "Size"), "Size", {"type": "sku"}),
)
# the first four: https://api-docs.jooraccess.com/docs/how-to-use-categories
CATEGORIES = tuple(
    Named(number, name, {"parent_name": parent, "department": department})
    for number, name, parent, department in (
        ("2405", "Stationery", "General Home", "HOME"),
        ("2406", "Fragances", "Accessories", "HOME"),
        ("2407", "Jumpsuits", "Apparel", "BABY_GIRLS"),
        ("2408", "Skirts", "Apparel", "BABY_GIRLS"),
        ("2501", "Tops", "Apparel", "WOMENS"),
        ("2502", "Bottoms", "Apparel", "WOMENS"),
        ("2503", "Outerwear", "Apparel", "WOMENS"),
    )
)
SEASONS = tuple(Named(opaque("Season", code), name, {"code": code}) for code, name in brand.SEASONS)
CURRENCIES = ("USD", "GBP", "EUR", "JPY")


class Catalog:
    """The products and collections of one account, shared by both generations of the API."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self.products: dict[str, Product] = {}
        """By v4 id."""
        self.collections: dict[str, Collection] = {}
        self.prices: dict[str, tuple[Sku, Price]] = {}
        self.skus: dict[str, Sku] = {}
        self.asset_ids: set[str] = set()
        """Every external id an asset ever had."""
        self.price_types = {
            each.name: each
            for each in (
                PriceType(opaque("PriceType", f"{currency} Wholesale"), f"{currency} Wholesale", currency)
                for currency in CURRENCIES
            )
        }
        self._clock = clock
        self._swapped = switches["style_key"] == "product_identifier"
        self._next = 0
        self._barcodes: dict[str, Sku] | None = None
        self._styles: dict[tuple[str, str], Product] | None = None

    def number(self) -> int:
        """Return a number that was not used before."""
        self._next += 1
        return self._next

    def style_keys(self, product: Product) -> tuple[str, str]:
        """Return the style number and the style identifier of *product*, the one for the other when it lacks one."""
        number, identifier = product.product_identifier, product.external_id
        if self._swapped:
            number, identifier = identifier, number
        return number or identifier or "", identifier or number or ""

    def add_product(self, name: str, style_id: int | None = None) -> Product:
        """Add a product without any SKU."""
        number, now = self.number(), self._clock.now()
        product = Product(str(3_290_000 + number), style_id or 710_000 + number, name, now, now)
        self.products[product.id] = product
        self.touch(product)
        return product

    def add_style(self, name: str, number: str, identifier: str | None, style_id: int | None = None) -> Product:
        """Add a product by its style number and style identifier."""
        product = self.add_product(name, style_id)
        product.product_identifier, product.external_id = (
            (identifier, number) if self._swapped else (number, identifier)
        )
        return product

    def add_option(self, product: Product, kind: OptionKind, value: str, code: str | None = None) -> Option:
        """Return the color or size *value* of *product*, made when it is new."""
        options = product.options(kind)
        if value not in options:
            options[value] = Option(1_800_000 + self.number(), kind, value, len(options) + 1)
        options[value].code = code or options[value].code
        return options[value]

    def add_sku(self, product: Product, color: Option, size: Option, barcode: str | None = None) -> Sku:
        """Add *product* in one color and size."""
        identifiers = [{"type": "UPC", "value": barcode}] if barcode else []
        # the documented example of an id decodes to such a triple
        sku_id = base64.b64encode(f"0|{color.id}|{size.id}".encode()).decode()
        sku = Sku(sku_id, product, color, size, identifiers=identifiers)
        product.skus.append(sku)
        self.skus[sku.id] = sku
        self.touch(product)
        return sku

    def set_price(self, sku: Sku, price_type: PriceType, wholesale: Decimal, retail: Decimal | None) -> Price:
        """Set what *sku* costs at *price_type*."""
        price = sku.prices.get(price_type.name)
        if price is None:
            price = Price(str(self.number() + 50_000_000), price_type, wholesale, retail)
            sku.prices[price_type.name] = price
            self.prices[price.id] = (sku, price)
        price.wholesale, price.retail = wholesale, retail
        self.touch(sku.product)
        return price

    def add_collection(self, name: str, external_id: str | None) -> Collection:
        """Add an empty collection, to be shipped at once."""
        key = external_id or str(self.number())
        collection = Collection(opaque("Collection", key), name, external_id)
        self.collections[collection.id] = collection
        return collection

    def touch(self, product: Product) -> None:
        """Note that *product* was changed now."""
        product.modified_at = self._clock.now()
        self._barcodes = self._styles = None

    def remove(self, style_number: str) -> None:
        """Drop the products of that style number."""
        for product in [each for each in self.products.values() if self.style_keys(each)[0] == style_number]:
            del self.products[product.id]
            for sku in product.skus:
                del self.skus[sku.id]
                for price in sku.prices.values():
                    del self.prices[price.id]
            for collection in self.collections.values():
                collection.items.pop(product.id, None)
            self.touch(product)

    def by_barcode(self, barcode: str) -> Sku | None:
        """Return the SKU with that UPC."""
        if self._barcodes is None:
            self._barcodes = {sku.barcode: sku for sku in reversed(self.skus.values()) if sku.barcode}
        return self._barcodes.get(barcode)

    def by_style(self, number: str, identifier: str) -> Product | None:
        """Return the product with that style number and style identifier."""
        if self._styles is None:
            self._styles = {self.style_keys(product): product for product in self.products.values()}
        return self._styles.get((number, identifier))

    def by_identifier(self, identifier: str) -> Product | None:
        """Return the product with that style identifier."""
        return next((each for each in self.products.values() if self.style_keys(each)[1] == identifier), None)

    def by_style_id(self, style_id: int) -> Product | None:
        """Return the product that v2 knows by *style_id*."""
        return next((product for product in self.products.values() if product.style_id == style_id), None)

    def listings(self, product: Product) -> Iterator[Collection]:
        """Yield the collections that *product* is in."""
        return (collection for collection in self.collections.values() if product.id in collection.items)


def fill(catalog: Catalog) -> None:
    """Add the sample brand's products, priced in every price type and listed in one collection per season."""
    for entry in brand.skus():
        product = catalog.by_style(entry.style_number, entry.style_identifier)
        if product is None:
            style_id = 700_000 + int(entry.style_number)
            product = catalog.add_style(entry.style_name, entry.style_number, entry.style_identifier, style_id)
            product.category_ids = ["2501"]
        color = catalog.add_option(product, "color", entry.color, entry.color_code)
        sku = catalog.add_sku(product, color, catalog.add_option(product, "size", entry.size), entry.barcode)
        sku.external_id = sku.sku_identifier = entry.sku
        for label in catalog.price_types.values():
            wholesale, retail = (money(amount, label.currency) for amount in (entry.wholesale, entry.retail))
            catalog.set_price(sku, label, wholesale, retail)
    deliveries: Sequence[tuple[date | None, date | None]] = (
        (date(2027, 1, 15), date(2027, 2, 28)),
        (None, None),
    )
    for (code, name), (start, complete) in zip(brand.SEASONS, deliveries, strict=True):
        collection = catalog.add_collection(f"{name} Main", f"{code}M")
        collection.season_id = opaque("Season", code)
        collection.start_ship_date, collection.complete_ship_date = start, complete
        for number, product_id in enumerate(catalog.products, 1):
            collection.items[product_id] = Item(product_id, number)
