"""Locations, stocked items, and how much of each is where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from .call import Args, Call
from .metafields import HasMetafields
from .values import MoneyV2, Refusal, check_kind, number_of

if TYPE_CHECKING:
    from .lines import Weight
    from .products import ProductVariant
    from .store import Store

ON_HAND = ("available", "committed", "reserved", "damaged", "safety_stock", "quality_control")
"""The quantities that make up `on_hand`."""

QUANTITIES = (*ON_HAND, "incoming", "on_hand")
"""All names of quantities."""


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
    amounts: Counter[str] = field(default_factory=Counter)
    stocked: bool = True
    """Whether the item is stocked there; when it no longer is, the quantities are kept."""
    can_deactivate: bool = True
    deactivation_alert: None = None

    @property
    def is_active(self) -> bool:
        """Return whether it counts."""
        return self.stocked and self.location.is_active

    @property
    def available(self) -> int:
        """Return what may be sold."""
        return self.amounts["available"]

    def quantity(self, name: str) -> int:
        """Return one quantity; what is on hand is the sum of its parts."""
        return sum(self.amounts[part] for part in ON_HAND) if name == "on_hand" else self.amounts[name]

    def quantities(self, _call: Call, args: Args) -> list[InventoryQuantity]:
        """Return the quantities asked for."""
        if unknown := [name for name in args["names"] if name not in QUANTITIES]:
            raise Refusal(f"Invalid inventory quantity name: {unknown[0]}", "BAD_REQUEST")
        prefix = f"gid://shopify/InventoryQuantity/{number_of(self.id)}?name="
        return [InventoryQuantity(prefix + name, name, self.quantity(name), self.updated_at) for name in args["names"]]

    def add(self, now: datetime, **changes: int) -> None:
        """Change quantities by so much."""
        for name, change in changes.items():
            self.amounts[name] += change
        self.updated_at = now


@dataclass(frozen=True)
class InventoryItemMeasurement:
    """What an item weighs."""

    id: str
    weight: Weight | None


@dataclass(eq=False)
class InventoryItem:
    """The stocked side of a variant."""

    id: str
    variant: ProductVariant
    tracked: bool
    created_at: datetime
    levels: dict[str, InventoryLevel] = field(default_factory=dict)
    requires_shipping: bool = True
    country_code_of_origin: str | None = None
    harmonized_system_code: str | None = None
    province_code_of_origin: str | None = None
    unit_cost: MoneyV2 | None = None
    weight: Weight | None = None
    inventory_history_url: None = None

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

    @property
    def measurement(self) -> InventoryItemMeasurement:
        """Return what it weighs."""
        return InventoryItemMeasurement(f"gid://shopify/InventoryItemMeasurement/{number_of(self.id)}", self.weight)

    @property
    def tracked_editable(self) -> SimpleNamespace:
        """Return that tracking may be switched."""
        return SimpleNamespace(locked=False, reason=None)

    @property
    def locations_count(self) -> SimpleNamespace:
        """Return at how many locations it is stocked."""
        return SimpleNamespace(count=len(self.active_levels), precision="EXACT")

    def duplicate_sku_count(self, call: Call, _args: Args) -> int:
        """Return how many items have the same SKU, itself counted by switch."""
        if call.sku_counts is None:
            call.sku_counts = Counter(item.sku for item in call.store.all(InventoryItem))
        return call.sku_counts[self.sku] - (call.switches.sku_count == "others")

    def inventory_level(self, _call: Call, args: Args) -> InventoryLevel | None:
        """Return the level at one location."""
        return _visible(self.levels.get(check_kind(args["locationId"], "Location")), args)

    def inventory_levels(self, _call: Call, args: Args) -> list[InventoryLevel]:
        """Return the levels at all locations."""
        return _levels(self.levels.values(), args)


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
        raise Refusal("The Shopify simulator does not implement inventoryLevels(query:)", "NOT_SIMULATED")
    return [level for level in levels if _visible(level, args)]
