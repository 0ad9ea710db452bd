"""What people and other systems do in the shop while a run goes on."""

from __future__ import annotations

from collections.abc import Mapping

from .bulk import BulkOperations, Fate
from .changing import cancel
from .fulfillment import Fulfillment, FulfillmentTrackingInfo
from .idempotency import Keys
from .inventory import Location, stock_at
from .metafields import Metafields
from .orders import Order
from .products import ProductVariant, index_variant, remove_variant, touch_product
from .shipping import retrack, ship
from .store import Store


class Admin:
    """The admin of the shop, its warehouse, and whoever else has access."""

    def __init__(self, store: Store, metafields: Metafields, keys: Keys, bulk: BulkOperations) -> None:
        self._store = store
        self._metafields = metafields
        self._keys = keys
        self._bulk = bulk

    def set_stock(self, sku: str, location: str, available: int) -> None:
        """Set what is available of every variant with this SKU at a location."""
        for variant in self._variants(sku):
            level = stock_at(self._store, variant, self._location(location))
            level.add(self._store.now(), available=available - level.available)
            index_variant(self._store, variant)

    def available(self, sku: str, location: str) -> int:
        """Return what is available of a SKU at a location."""
        return self.quantity(sku, location, "available")

    def quantity(self, sku: str, location: str, name: str) -> int:
        """Return one quantity of a SKU at a location."""
        place = self._location(location)
        levels = [variant.inventory_item.levels.get(place.id) for variant in self._variants(sku)]
        return sum(level.quantity(name) for level in levels if level)

    def unstock(self, sku: str, location: str) -> None:
        """Stop stocking a SKU at a location; its quantities there are kept, and count no more."""
        place = self._location(location)
        for variant in self._variants(sku):
            stock_at(self._store, variant, place).stocked = False
            index_variant(self._store, variant)

    def track(self, sku: str, *, tracked: bool) -> None:
        """Keep quantities of a SKU from now on, or no longer."""
        for variant in self._variants(sku):
            variant.inventory_item.tracked = tracked
            index_variant(self._store, variant)

    def bundle(self, sku: str) -> None:
        """Turn a SKU into a bundle, whose stock is that of its components."""
        for variant in self._variants(sku):
            variant.requires_components = True

    def deactivate_location(self, name: str) -> None:
        """Deactivate a location; its stock no longer counts."""
        location = self._location(name)
        location.is_active, location.deactivated_at = False, self._store.now().isoformat()

    def activate_location(self, name: str) -> None:
        """Activate a location again."""
        location = self._location(name)
        location.is_active, location.deactivated_at = True, None

    def delete_variant(self, sku: str) -> None:
        """Delete every variant with this SKU; orders keep their lines."""
        for variant in self._variants(sku):
            remove_variant(self._store, variant)
            touch_product(self._store, variant.product)

    def rename_sku(self, old: str, new: str) -> None:
        """Give every variant with this SKU another one, which others may have already."""
        for variant in self._variants(old):
            variant.sku = new
            touch_product(self._store, variant.product, [variant])

    def set_metafield(
        self, sku: str, key: str, value: str, *, namespace: str = "custom", type_: str = "single_line_text_field"
    ) -> None:
        """Write a metafield of every variant with this SKU."""
        for variant in self._variants(sku):
            given = {"namespace": namespace, "key": key, "value": value, "type": type_}
            problem = self._metafields.problem(variant.owner_type, variant, given)
            if problem:
                raise ValueError(problem.message)
            self._metafields.write(variant, given)
            touch_product(self._store, variant.product, [variant])

    def cancel_order(self, order_id: str, *, restock: bool = True) -> None:
        """Cancel an order at once."""
        cancel(self._store, self._order(order_id), "CUSTOMER", restock=restock)

    def ship(
        self,
        order: str,
        lines: Mapping[str, int] | None = None,
        *,
        tracking: str | None = None,
        company: str | None = None,
        url: str | None = None,
    ) -> list[Fulfillment]:
        """Send what is left of an order, by name or id, or so many pieces of the SKUs in *lines*; tells the parcels."""
        return ship(self._store, self._order(order), lines, _followed(tracking, company, url))

    def retrack(
        self, parcel: Fulfillment, tracking: str, *, company: str | None = None, url: str | None = None
    ) -> None:
        """Change the tracking number of a parcel."""
        retrack(self._store, parcel, _followed(tracking, company, url))

    def plan_bulk(self, *fates: Fate) -> None:
        """Decide what becomes of the bulk operations started next."""
        self._bulk.fates.extend(fates)

    def fail_inside(self, times: int = 1) -> None:
        """Let the next calls with an idempotency key fail inside: nothing is done, and their keys are used up."""
        self._keys.failures += times

    def _order(self, name_or_id: str) -> Order:
        for order in self._store.all(Order):
            if name_or_id in (order.id, order.name):
                return order
        raise KeyError(name_or_id)

    def _variants(self, sku: str) -> list[ProductVariant]:
        found = [variant for variant in self._store.all(ProductVariant) if variant.sku == sku]
        if not found:
            raise KeyError(sku)
        return found

    def _location(self, name: str) -> Location:
        return next(location for location in self._store.all(Location) if location.name == name)


def _followed(tracking: str | None, company: str | None, url: str | None) -> list[FulfillmentTrackingInfo]:
    return [FulfillmentTrackingInfo(company, tracking, url)] if tracking or url else []
