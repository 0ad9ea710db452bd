"""The root mutation fields that change products, variants and stocked items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from .call import Args, Call
from .changes import Changes
from .inventory import InventoryItem, Location, stock_at
from .product_set import write_item, write_variant
from .products import Product, ProductOptionValue, ProductVariant, touch_product
from .values import Refusal, UserError

Given = Mapping[str, Any]


class CatalogMutations(Changes):
    """The mutations of the catalog."""

    def product_set(self, _call: Call, args: Args) -> SimpleNamespace:
        """Create or change a product, now or in the background."""
        identifier, given = args.get("identifier"), args["input"]
        if not args["synchronous"]:
            operation = self._setter.set_later(identifier, given)
            return SimpleNamespace(product=None, product_set_operation=operation, user_errors=[])
        done = self._setter.set(identifier, given)
        if isinstance(done, Product):
            return SimpleNamespace(product=done, product_set_operation=None, user_errors=[])
        return SimpleNamespace(product=None, product_set_operation=None, user_errors=done)

    def product_variants_bulk_update(self, _call: Call, args: Args) -> SimpleNamespace:
        """Change variants of one product; all or none, unless asked otherwise."""
        _check_adjustments(args["variants"])
        product = self._store.find(Product, args["productId"])
        if product is None:
            error = UserError("Product does not exist", ("productId",), "PRODUCT_DOES_NOT_EXIST")
            return SimpleNamespace(product=None, product_variants=None, user_errors=[error])
        good, problems = [], []
        for index, given in enumerate(args["variants"]):
            variant = self._store.find(ProductVariant, given["id"]) if given.get("id") else None
            found = list(self._problems(product, variant, given, ("variants", str(index))))
            problems += found
            if variant and not found:
                good.append((variant, given))
        if problems and not args["allowPartialUpdates"]:
            return SimpleNamespace(product=product, product_variants=None, user_errors=problems)
        for variant, given in good:
            self._update(product, variant, given)
        variants = [variant for variant, _ in good]
        touch_product(self._store, product, variants)
        return SimpleNamespace(product=product, product_variants=variants, user_errors=problems)

    def inventory_item_update(self, _call: Call, args: Args) -> SimpleNamespace:
        """Change a stocked item."""
        item = self._store.find(InventoryItem, args["id"])
        if item is None:
            error = UserError("The product couldn't be updated because it does not exist.", ("id",))
            return SimpleNamespace(inventory_item=None, user_errors=[error])
        if "sku" in args["input"]:
            item.variant.sku = args["input"]["sku"]
        write_item(self._store, item, args["input"])
        touch_product(self._store, item.variant.product, [item.variant])
        return SimpleNamespace(inventory_item=item, user_errors=[])

    def _problems(
        self, product: Product, variant: ProductVariant | None, given: Given, path: tuple[str, ...]
    ) -> Iterator[UserError]:
        if not given.get("id"):
            yield UserError("Product variant is missing ID attribute", path, "PRODUCT_VARIANT_ID_MISSING")
            return
        if variant is None or variant.product is not product:
            yield UserError("Product variant does not exist", (*path, "id"), "PRODUCT_VARIANT_DOES_NOT_EXIST")
            return
        if given.get("inventoryQuantities") is not None:
            message = "Inventory quantities can only be provided during create."
            path_to = (*path, "inventoryQuantities")
            yield UserError(message, path_to, "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE")
        if (given.get("price") or 0) < 0:
            message = "Price must be greater than or equal to 0"
            yield UserError(message, (*path, "price"), "NEGATIVE_PRICE_VALUE")
        for index, each in enumerate(given.get("metafields") or ()):
            if problem := self._metafields.problem("PRODUCTVARIANT", variant, each):
                here = (*path, "metafields", str(index), problem.field)
                yield UserError(problem.message, here, "INVALID_VALUE")
        for index, each in enumerate(given.get("quantityAdjustments") or ()):
            if not self._fits(variant, each):
                here = (*path, "quantityAdjustments", str(index))
                yield UserError("The quantity adjustment does not fit the stored quantity.", here, "INVALID_VALUE")
        for index, each in enumerate(given.get("optionValues") or ()):
            if not any(option.name == each.get("optionName") for option in product.options):
                here = (*path, "optionValues", str(index))
                yield UserError("Option does not exist", here, "OPTION_DOES_NOT_EXIST")

    def _fits(self, variant: ProductVariant, given: Given) -> bool:
        """Return whether an adjustment is of a known location, from the quantity stored there."""
        location, expected = self._store.find(Location, given["locationId"]), given["changeFromQuantity"]
        level = variant.inventory_item.levels.get(given["locationId"])
        return location is not None and expected in (None, level.available if level else 0)

    def _update(self, product: Product, variant: ProductVariant, given: Given) -> None:
        write_variant(self._store, variant, given)
        for each in given.get("metafields") or ():
            self._metafields.write(variant, each)
        for each in given.get("optionValues") or ():
            place = [option.name for option in product.options].index(each["optionName"])
            option = product.options[place]
            value = option.value(each["name"])
            if value is None:
                gid = self._store.gid("ProductOptionValue")
                value = self._store.add(ProductOptionValue(gid, each["name"], option))
                option.option_values.append(value)
            variant.choices[place] = value
        for each in given.get("quantityAdjustments") or ():
            location = self._store.find(Location, each["locationId"])
            if location and each.get("adjustment") is not None:
                stock_at(self._store, variant, location).add(self._store.now(), available=each["adjustment"])


def _check_adjustments(variants: list[Given]) -> None:
    for each in variants:
        if any("changeFromQuantity" not in entry for entry in each.get("quantityAdjustments") or ()):
            message = "InventoryAdjustmentInput must include the following argument: changeFromQuantity."
            raise Refusal(message, "INVALID_FIELD_ARGUMENTS")
