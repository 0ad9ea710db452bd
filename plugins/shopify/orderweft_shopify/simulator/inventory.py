"""Products, variants and what is in stock where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .call import Args, Call
from .metafields import HasMetafields
from .search import Document, words
from .values import Refusal, check_kind, number_of

if TYPE_CHECKING:
    from .store import Store

ON_HAND = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
"""The quantities that make up `on_hand`."""

_ABSENT = """
    collection delivery_profile_id exclude_composite exclude_variants_with_components gift_card location_id managed
    managed_by metafields option1 option2 option3 product_ids product_publication_status product_type publishable_status
    published_status requires_components
"""
"""Filters that exist and are not simulated."""

VARIANT_FILTERS = {
    "barcode": "code",
    "id": "id",
    "inventory_quantity": "number",
    "product_id": "id",
    "product_status": "active draft archived unlisted",
    "sku": "code",
    "tag": "tags",
    "tag_not": "not tags",
    "taxable": "true false",
    "title": "text",
    "updated_at": "time",
    "vendor": "text",
    **dict.fromkeys(_ABSENT.split(), "absent"),
}


@dataclass(frozen=True)
class LocationAddress:
    """Where a location is."""

    address1: str
    city: str
    zip: str
    country: str
    country_code: str
    address2: str | None = None
    phone: str | None = None
    province: str | None = None
    province_code: str | None = None


@dataclass(eq=False)
class Location(HasMetafields):
    """A place that holds stock."""

    owner_type = "LOCATION"

    name: str
    address: LocationAddress
    created_at: datetime
    is_active: bool = True
    is_primary: bool = False
    deactivated_at: str | None = None
    stock: dict[str, InventoryLevel] = field(default_factory=dict, repr=False)
    address_verified: bool = True
    is_fulfillment_service: bool = False
    ships_inventory: bool = True

    @property
    def updated_at(self) -> datetime:
        """Return when it was last changed."""
        return self.created_at

    @property
    def fulfills_online_orders(self) -> bool:
        """Return whether orders may be fulfilled from here."""
        return self.is_active

    @property
    def has_active_inventory(self) -> bool:
        """Return whether anything is stocked here."""
        return self.is_active and bool(self.stock)

    def inventory_level(self, _call: Call, args: Args) -> InventoryLevel | None:
        """Return the level of one item."""
        return _visible(self.stock.get(check_kind(args["inventoryItemId"], "InventoryItem")), args)

    def inventory_levels(self, _call: Call, args: Args) -> list[InventoryLevel]:
        """Return the levels of all items stocked here."""
        return _levels(self.stock.values(), args)


@dataclass(eq=False)
class InventoryQuantity:
    """One named quantity of a level."""

    id: str
    name: str
    quantity: int
    updated_at: datetime


@dataclass(eq=False)
class InventoryLevel:
    """How much of an item is at a location."""

    id: str
    item: InventoryItem
    location: Location
    created_at: datetime
    updated_at: datetime
    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*ON_HAND, "incoming"), 0))
    can_deactivate: bool = True
    deactivation_alert: None = None

    @property
    def is_active(self) -> bool:
        """Return whether it counts."""
        return self.location.is_active

    @property
    def available(self) -> int:
        """Return what may be sold."""
        return self.amounts["available"]

    def quantities(self, _call: Call, args: Args) -> list[InventoryQuantity]:
        """Return the quantities asked for."""
        known = {**self.amounts, "on_hand": sum(self.amounts[name] for name in ON_HAND)}
        if unknown := [name for name in args["names"] if name not in known]:
            raise Refusal(f"Invalid inventory quantity name: {unknown[0]}", "BAD_REQUEST")
        number = number_of(self.id)
        return [
            InventoryQuantity(
                f"gid://shopify/InventoryQuantity/{number}?name={name}", name, known[name], self.updated_at
            )
            for name in args["names"]
        ]

    def add(self, now: datetime, **changes: int) -> None:
        """Change quantities by so much."""
        for name, change in changes.items():
            self.amounts[name] += change
        self.updated_at = now


@dataclass(eq=False)
class InventoryItem:
    """The stocked side of a variant."""

    id: str
    variant: ProductVariant
    tracked: bool
    created_at: datetime
    levels: dict[str, InventoryLevel] = field(default_factory=dict)
    requires_shipping: bool = True
    country_code_of_origin: None = None
    harmonized_system_code: None = None
    province_code_of_origin: None = None
    unit_cost: None = None

    @property
    def legacy_resource_id(self) -> int:
        """Return the number in the id."""
        return number_of(self.id)

    @property
    def sku(self) -> str | None:
        """Return the variant's SKU."""
        return self.variant.sku

    @property
    def updated_at(self) -> datetime:
        """Return when the variant was last changed."""
        return self.variant.updated_at

    @property
    def variants(self) -> list[ProductVariant]:
        """Return the variants that share this stock: one."""
        return [self.variant]

    @property
    def active_levels(self) -> list[InventoryLevel]:
        """Return the levels at active locations."""
        return [level for level in self.levels.values() if level.is_active]

    def duplicate_sku_count(self, call: Call, _args: Args) -> int:
        """Return how many other items have the same SKU."""
        return sum(other.sku == self.sku for other in call.store.all(ProductVariant)) - 1

    def inventory_level(self, _call: Call, args: Args) -> InventoryLevel | None:
        """Return the level at one location."""
        return _visible(self.levels.get(check_kind(args["locationId"], "Location")), args)

    def inventory_levels(self, _call: Call, args: Args) -> list[InventoryLevel]:
        """Return the levels at all locations."""
        return _levels(self.levels.values(), args)


@dataclass(frozen=True)
class SelectedOption:
    """A value of a product option."""

    name: str
    value: str


@dataclass(frozen=True)
class ProductOption:
    """An option of a product, such as its size."""

    id: str
    name: str
    position: int
    values: list[str]


@dataclass(eq=False)
class ProductVariant(HasMetafields):
    """One color and size of a product."""

    owner_type = "PRODUCTVARIANT"

    product: Product
    sku: str | None
    barcode: str | None
    price: Decimal
    selected_options: list[SelectedOption]
    inventory_policy: str
    created_at: datetime
    updated_at: datetime
    inventory_item: InventoryItem = field(init=False)
    deleted: bool = False
    compare_at_price: None = None
    taxable: bool = True
    requires_components: bool = False
    show_unit_price: bool = False

    @property
    def title(self) -> str:
        """Return the option values joined."""
        return " / ".join(option.value for option in self.selected_options)

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
            "inventory_quantity": self.inventory_quantity,
            "tag": {tag.casefold() for tag in self.product.tags},
            "taxable": {str(self.taxable).casefold()},
            "updated_at": self.updated_at,
        }


@dataclass(eq=False)
class Product(HasMetafields):
    """A style."""

    owner_type = "PRODUCT"

    title: str
    handle: str
    vendor: str
    created_at: datetime
    updated_at: datetime
    options: list[ProductOption]
    variants: list[ProductVariant] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    product_type: str = "Apparel"
    status: str = "ACTIVE"
    is_gift_card: bool = False
    has_only_default_variant: bool = False
    tracks_inventory: bool = True

    @property
    def total_inventory(self) -> int:
        """Return what may be sold of all variants."""
        return sum(variant.inventory_quantity for variant in self.variants)

    @property
    def total_variants(self) -> int:
        """Return the number of variants."""
        return len(self.variants)


def stock_at(store: Store, variant: ProductVariant, location: Location) -> InventoryLevel:
    """Return the level of a variant at a location, stocking it there when it was not."""
    item = variant.inventory_item
    level = item.levels.get(location.id)
    if level is None:
        now = store.now()
        gid = f"{store.gid('InventoryLevel')}?inventory_item_id={number_of(item.id)}"
        level = store.add(InventoryLevel(gid, item, location, now, now))
        item.levels[location.id] = location.stock[item.id] = level
    return level


def index_variant(store: Store, variant: ProductVariant, *, at_once: bool = False) -> None:
    """Let search find the variant by what it is now."""
    document = None if variant.deleted else variant.document(whole=store.switches.whole_skus)
    store.indexes[ProductVariant].put(variant.id, document, at_once=at_once)


def short_of(wanted: Mapping[ProductVariant, int]) -> bool:
    """Return whether no single active location has enough of a variant that cannot be oversold."""
    return any(
        variant.limited and all(level.available < quantity for level in variant.inventory_item.active_levels)
        for variant, quantity in wanted.items()
    )


def route(variant: ProductVariant | None, quantity: int, locations: Iterable[Location]) -> Location | None:
    """Return where *quantity* should come from: the first active location with enough, else the first active one."""
    active = [location for location in locations if location.is_active]
    if variant is not None:
        for level in variant.inventory_item.active_levels:
            if level.available >= quantity:
                return level.location
    return active[0] if active else None


def _visible(level: InventoryLevel | None, args: Args) -> InventoryLevel | None:
    return level if level and (level.is_active or args.get("includeInactive")) else None


def _levels(levels: Iterable[InventoryLevel], args: Args) -> list[Any]:
    if args.get("query"):
        raise Refusal("inventoryLevels takes no query here", "NOT_SIMULATED")
    return [level for level in levels if _visible(level, args)]
