"""Products, their options and variants, and what they can be found by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING

from .call import Args, Call
from .inventory import InventoryItem
from .media import Image, MediaImage
from .metafields import HasMetafields
from .search import Document, words
from .values import MoneyV2, number_of

if TYPE_CHECKING:
    from .store import Store

_STATUSES = "active draft archived unlisted"
_ABSENT_VARIANT = """
    collection delivery_profile_id exclude_composite exclude_variants_with_components gift_card location_id managed
    managed_by metafields option1 option2 option3 product_ids product_publication_status publishable_status
    published_status requires_components
"""
_ABSENT_PRODUCT = """
    bundles category_id collection_id combined_listing_role delivery_profile_id error_feedback gift_card
    has_only_composites has_only_default_variant has_variant_with_components inventory_total is_price_reduced metafields
    out_of_stock_somewhere price product_configuration_owner product_publication_status publication_ids
    publishable_status published_at published_status
"""
VARIANT_FILTERS = {
    "barcode": "code",
    "id": "id",
    "inventory_quantity": "number",
    "product_id": "id",
    "product_status": _STATUSES,
    "product_type": "text",
    "sku": "code",
    "tag": "tags",
    "tag_not": "not tags",
    "taxable": "true false",
    "title": "text",
    "updated_at": "time",
    "vendor": "text",
    **dict.fromkeys(_ABSENT_VARIANT.split(), "absent"),
}
PRODUCT_FILTERS = {
    "barcode": "code",
    "created_at": "time",
    "handle": "text",
    "id": "id",
    "product_type": "text",
    "sku": "code",
    "status": _STATUSES,
    "tag": "tags",
    "tag_not": "not tags",
    "title": "text",
    "updated_at": "time",
    "vendor": "text",
    **dict.fromkeys(_ABSENT_PRODUCT.split(), "absent"),
}
ITEM_FILTERS = {"created_at": "time", "id": "id", "sku": "code", "updated_at": "time"}


@dataclass(eq=False)
class ProductOption:
    """An option of a product, such as its size."""

    id: str
    name: str
    option_values: list[ProductOptionValue] = field(default_factory=list)
    product: Product | None = None

    @property
    def position(self) -> int:
        """Return its place among the options of its product, from 1."""
        return self.product.options.index(self) + 1 if self.product else 1

    @property
    def values(self) -> list[str]:
        """Return the names of the values that variants have."""
        return [value.name for value in self.option_values if value.has_variants]

    def value(self, name: str) -> ProductOptionValue | None:
        """Return a value by name."""
        return next((value for value in self.option_values if value.name == name), None)


@dataclass(eq=False)
class ProductOptionValue:
    """One of the values of an option, such as M."""

    id: str
    name: str
    option: ProductOption
    linked_metafield_value: None = None

    @property
    def has_variants(self) -> bool:
        """Return whether any variant has this value."""
        product = self.option.product
        return product is not None and any(self in variant.choices for variant in product.variants)


@dataclass(frozen=True)
class SelectedOption:
    """A value of a product option."""

    option_value: ProductOptionValue

    @property
    def name(self) -> str:
        """Return the name of the option."""
        return self.option_value.option.name

    @property
    def value(self) -> str:
        """Return the name of the value."""
        return self.option_value.name


@dataclass(eq=False)
class ProductVariant(HasMetafields):
    """One color and size of a product."""

    owner_type = "PRODUCTVARIANT"

    product: Product
    choices: list[ProductOptionValue]
    created_at: datetime
    updated_at: datetime
    sku: str | None = None
    barcode: str | None = None
    price: Decimal = Decimal("0.00")
    inventory_policy: str = "DENY"
    compare_at_price: Decimal | None = None
    inventory_item: InventoryItem = field(init=False)
    media: list[MediaImage] = field(default_factory=list)
    deleted: bool = False
    taxable: bool = True
    tax_code: str | None = None
    requires_components: bool = False
    show_unit_price: bool = False
    unit_price: None = None

    @property
    def selected_options(self) -> list[SelectedOption]:
        """Return its option values, in the order of the options."""
        return [SelectedOption(choice) for choice in self.choices]

    @property
    def title(self) -> str:
        """Return the option values joined."""
        return " / ".join(choice.name for choice in self.choices)

    @property
    def display_name(self) -> str:
        """Return the titles of product and variant."""
        return f"{self.product.title} - {self.title}"

    @property
    def position(self) -> int:
        """Return its place among the variants of its product, from 1."""
        return self.product.variants.index(self) + 1

    @property
    def inventory_quantity(self) -> int:
        """Return what may be sold over all active locations."""
        return sum(level.available for level in self.inventory_item.active_levels)

    @property
    def sellable_online_quantity(self) -> int:
        """Return what may be sold online."""
        return self.inventory_quantity

    @property
    def available_for_sale(self) -> bool:
        """Return whether it can be bought now."""
        return not self.limited or self.inventory_quantity > 0

    @property
    def limited(self) -> bool:
        """Return whether it cannot be sold beyond its stock."""
        return self.inventory_item.tracked and self.inventory_policy == "DENY"

    def image(self, call: Call, args: Args) -> Image | None:
        """Return its picture, once it is processed."""
        return self.media[0].image(call, args) if self.media else None

    def document(self, *, whole: bool) -> Document:
        """Return what it can be found by; *whole* keeps SKU and barcode in one piece."""
        return {
            "default": words(f"{self.product.title} {self.title} {self.sku} {self.barcode}"),
            "id": number_of(self.id),
            "sku": words(self.sku, whole=whole),
            "barcode": words(self.barcode, whole=whole),
            "title": words(f"{self.product.title} {self.title}"),
            "vendor": words(self.product.vendor),
            "product_id": number_of(self.product.id),
            "product_status": {self.product.status.casefold()},
            "product_type": words(self.product.product_type),
            "inventory_quantity": self.inventory_quantity,
            "tag": {tag.casefold() for tag in self.product.tags},
            "taxable": {str(self.taxable).casefold()},
            "updated_at": self.updated_at,
        }


@dataclass(frozen=True)
class SEO:
    """What search engines are told."""

    title: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class ProductPriceRangeV2:
    """The prices of the variants, from and to."""

    min_variant_price: MoneyV2
    max_variant_price: MoneyV2


@dataclass(eq=False)
class Product(HasMetafields):
    """A style."""

    owner_type = "PRODUCT"

    title: str
    handle: str
    created_at: datetime
    updated_at: datetime
    vendor: str = ""
    product_type: str = ""
    options: list[ProductOption] = field(default_factory=list)
    variants: list[ProductVariant] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    media: list[MediaImage] = field(default_factory=list)
    status: str = "ACTIVE"
    description_html: str = ""
    seo: SEO = SEO()
    template_suffix: str | None = None
    published_at: datetime | None = None
    requires_selling_plan: bool = False
    is_gift_card: bool = False
    has_only_default_variant: bool = False
    tracks_inventory: bool = True
    collections: list[None] = field(default_factory=list)
    online_store_url: None = None

    @property
    def total_inventory(self) -> int:
        """Return what may be sold of all variants."""
        return sum(variant.inventory_quantity for variant in self.variants)

    @property
    def total_variants(self) -> int:
        """Return the number of variants."""
        return len(self.variants)

    @property
    def variants_count(self) -> SimpleNamespace:
        """Return the number of variants, as an object."""
        return SimpleNamespace(count=len(self.variants), precision="EXACT")

    @property
    def media_count(self) -> SimpleNamespace:
        """Return the number of images."""
        return SimpleNamespace(count=len(self.media), precision="EXACT")

    @property
    def has_out_of_stock_variants(self) -> bool:
        """Return whether any variant has nothing left."""
        return any(variant.inventory_item.tracked and variant.inventory_quantity <= 0 for variant in self.variants)

    @property
    def body_html(self) -> str:
        """Return the description."""
        return self.description_html

    def description(self, _call: Call, args: Args) -> str:
        """Return the description without tags."""
        return re.sub(r"<[^>]+>", "", self.description_html)[: args.get("truncateAt")]

    @property
    def featured_media(self) -> MediaImage | None:
        """Return the first image."""
        return self.media[0] if self.media else None

    def featured_image(self, call: Call, args: Args) -> Image | None:
        """Return the picture of the first image."""
        return self.media[0].image(call, args) if self.media else None

    def images(self, call: Call, args: Args) -> list[Image]:
        """Return the pictures that are processed."""
        return [shown for each in self.media if (shown := each.image(call, args))]

    def price_range_v2(self, call: Call, _args: Args) -> ProductPriceRangeV2:
        """Return the lowest and the highest price."""
        prices = [variant.price for variant in self.variants]
        low, high = (MoneyV2(price, call.switches.currency) for price in (min(prices), max(prices)))
        return ProductPriceRangeV2(low, high)

    def document(self, *, whole: bool) -> Document:
        """Return what it can be found by; *whole* keeps SKUs and barcodes in one piece."""
        skus, barcodes = (
            " ".join(filter(None, codes))
            for codes in ([each.sku for each in self.variants], [each.barcode for each in self.variants])
        )
        return {
            "default": words(f"{self.title} {self.vendor} {self.product_type} {' '.join(self.tags)} {skus}"),
            "id": number_of(self.id),
            "barcode": words(barcodes, whole=whole),
            "created_at": self.created_at,
            "handle": words(self.handle),
            "product_type": words(self.product_type),
            "sku": words(skus, whole=whole),
            "status": {self.status.casefold()},
            "tag": {tag.casefold() for tag in self.tags},
            "title": words(self.title),
            "updated_at": self.updated_at,
            "vendor": words(self.vendor),
        }


def index_variant(store: Store, variant: ProductVariant, *, at_once: bool = False) -> None:
    """Let search find the variant and its stocked item by what they are now."""
    item, whole = variant.inventory_item, store.switches.whole_skus
    document = shown = None
    if not variant.deleted:
        document = variant.document(whole=whole)
        shown = {name: document[name] for name in ("default", "sku", "updated_at")}
        shown |= {"id": number_of(item.id), "created_at": item.created_at}
    store.indexes[ProductVariant].put(variant.id, document, at_once=at_once)
    store.indexes[InventoryItem].put(item.id, shown, at_once=at_once)


def touch_product(
    store: Store, product: Product, changed: Iterable[ProductVariant] = (), *, at_once: bool = False
) -> None:
    """Note a change of a product and of its *changed* variants, and let search find all by what they are now."""
    product.updated_at = store.now()
    store.indexes[Product].put(product.id, product.document(whole=store.switches.whole_skus), at_once=at_once)
    for variant in changed:
        variant.updated_at = product.updated_at
    for variant in product.variants:
        index_variant(store, variant, at_once=at_once)


def remove_variant(store: Store, variant: ProductVariant) -> None:
    """Delete a variant with its stock; orders keep their lines."""
    variant.deleted = True
    variant.product.variants.remove(variant)
    for level in variant.inventory_item.levels.values():
        del level.location.stock[variant.inventory_item.id]
        store.remove(level)
    store.remove(variant.inventory_item)
    store.remove(variant)
    index_variant(store, variant)


def short_of(wanted: Mapping[ProductVariant, int]) -> bool:
    """Return whether no single active location has enough of a variant that cannot be oversold."""
    return any(
        variant.limited and all(level.available < quantity for level in variant.inventory_item.active_levels)
        for variant, quantity in wanted.items()
    )
