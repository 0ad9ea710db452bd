"""productSet: a product as it is to be; what its lists leave out is deleted."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .customers import clean_tags
from .inventory import InventoryItem, Location, stock_at
from .lines import Weight
from .media import MediaImage, add_image
from .metafields import HasMetafields, Metafields, full_namespace
from .product_plan import Plan, PlannedVariant
from .products import (
    SEO,
    Product,
    ProductOption,
    ProductOptionValue,
    ProductVariant,
    remove_variant,
    touch_product,
)
from .schema import not_simulated
from .store import Store
from .values import MoneyV2, UserError

Given = Mapping[str, Any]
_PLAIN = {
    "title": "title",
    "vendor": "vendor",
    "productType": "product_type",
    "status": "status",
    "descriptionHtml": "description_html",
    "templateSuffix": "template_suffix",
    "requiresSellingPlan": "requires_selling_plan",
    "giftCard": "is_gift_card",
}
_PLAIN_VARIANT = {
    "sku": "sku",
    "barcode": "barcode",
    "price": "price",
    "compareAtPrice": "compare_at_price",
    "inventoryPolicy": "inventory_policy",
    "taxable": "taxable",
    "taxCode": "tax_code",
    "requiresComponents": "requires_components",
    "showUnitPrice": "show_unit_price",
}
_PLAIN_ITEM = {
    "tracked": "tracked",
    "requiresShipping": "requires_shipping",
    "countryCodeOfOrigin": "country_code_of_origin",
    "harmonizedSystemCode": "harmonized_system_code",
    "provinceCodeOfOrigin": "province_code_of_origin",
}
_LAST = 10**6
_DEFAULT: Given = {
    "productOptions": [{"name": "Title", "values": [{"name": "Default Title"}]}],
    "variants": [{"optionValues": [{"optionName": "Title", "name": "Default Title"}]}],
}
"""The lists of a product that is made without any."""


@dataclass(eq=False)
class ProductSetOperation:
    """A product that is set in the background."""

    id: str
    status: str = "CREATED"
    product: Product | None = None
    user_errors: list[UserError] = field(default_factory=list)


class ProductSetter:
    """Sets products as productSet does: all of it, or nothing."""

    def __init__(self, store: Store, metafields: Metafields) -> None:
        self._store = store
        self._metafields = metafields

    def set(self, identifier: Given | None, given: Given) -> Product | list[UserError]:
        """Create or change a product, or say why not."""
        if unknown := [name for name in ("category", "collections", "combinedListingRole") if given.get(name)]:
            raise not_simulated(f"ProductSetInput.{unknown[0]}")
        product = self._identified(identifier, given)
        if isinstance(product, UserError):
            return [product]
        if product is None and given.get("variants") is None and given.get("productOptions") is None:
            given = {**given, **_DEFAULT}
        plan = Plan(self._store, self._metafields, product, given)
        problems = [*plan.problems, *self._handle_problems(product, given)]
        if problems:
            return problems
        custom_id = (identifier or {}).get("customId")
        if product is None and custom_id and self._store.switches.custom_id_kept:
            own = {**custom_id, "type": "id"}
            given = {**given, "metafields": [*_others(given.get("metafields") or (), own), own]}
        return self._write(product, plan, given)

    def set_later(self, identifier: Given | None, given: Given) -> ProductSetOperation:
        """Create or change a product in the background."""
        operation = self._store.add(ProductSetOperation(self._store.gid("ProductSetOperation")))

        def begin() -> None:
            operation.status = "ACTIVE"

        def work() -> None:
            done = self.set(identifier, given)
            operation.status = "COMPLETE"
            if isinstance(done, Product):
                operation.product = done
            else:
                operation.user_errors = done

        self._store.later(begin, self._store.switches.job_seconds / 2)
        self._store.later(work)
        return operation

    def _identified(self, identifier: Given | None, given: Given) -> Product | UserError | None:
        if identifier and given.get("id"):
            return UserError("The id field is not allowed if identifier is provided.", ("input",), "ID_NOT_ALLOWED")
        gone = UserError("Product does not exist", ("input",), "PRODUCT_DOES_NOT_EXIST")
        if not identifier:
            return (self._store.find(Product, given["id"]) or gone) if given.get("id") else None
        if "handle" in identifier and given.get("handle") is None:
            message = "The input field corresponding to the identifier is required."
            return UserError(message, ("input",), "MISSING_FIELD_REQUIRED")
        if "handle" in identifier and given["handle"] != identifier["handle"]:
            message = "The identifier value does not match the value of the corresponding field in the input."
            return UserError(message, ("input",), "INPUT_MISMATCH")
        wanted = identifier.get("customId")
        if wanted and given.get("metafields") and not _names(given["metafields"], wanted):
            message = "The input argument `metafields` (if present) must contain the `customId` value."
            return UserError(message, ("input",), "METAFIELD_MISMATCH")
        found = product_identified(self._store, self._metafields, identifier)
        return found or (gone if "id" in identifier else None)

    def _handle_problems(self, product: Product | None, given: Given) -> list[UserError]:
        handle = given.get("handle")
        if handle is None or by_handle(self._store, handle) in (None, product):
            return []
        code = self._store.switches.handle_taken_code
        message = f"Handle '{handle}' already in use. Please provide a new handle."
        return [UserError(message, ("input", "handle"), None if code == "none" else code)]

    def _write(self, product: Product | None, plan: Plan, given: Given) -> Product:
        store, now = self._store, self._store.now()
        if product is None:
            handle = given.get("handle") or _free_handle(store, given["title"])
            product = store.add(Product(store.gid("Product"), given["title"], handle, now, now))
            product.published_at = now
        for name, attribute in _PLAIN.items():
            if given.get(name) is not None:
                setattr(product, attribute, given[name])
        product.handle = given.get("handle") or product.handle
        if given.get("tags") is not None:
            product.tags = clean_tags(given["tags"])
        if given.get("seo") is not None:
            product.seo = SEO(given["seo"].get("title"), given["seo"].get("description"))
        if given.get("files") is not None:
            product.media = [self._file(each) for each in given["files"]]
        self._replace_metafields(product, given)
        if plan.variants:
            self._write_options(product, plan)
            self._write_variants(product, plan)
        product.has_only_default_variant = [option.name for option in product.options] == ["Title"]
        touch_product(store, product, [each.stored for each in plan.variants if each.stored])
        return product

    def _write_options(self, product: Product, plan: Plan) -> None:
        options = []
        for planned in plan.options:
            option = planned.stored or self._store.add(ProductOption(self._store.gid("ProductOption"), planned.name))
            option.name, option.product = planned.name, product
            values = []
            for name, stored in planned.values.items():
                value = stored or ProductOptionValue(self._store.gid("ProductOptionValue"), name, option)
                value.name = name
                values.append(self._store.add(value))
            option.option_values = values
            options.append(option)
        product.options = options

    def _write_variants(self, product: Product, plan: Plan) -> None:
        kept = {each.stored.id for each in plan.variants if each.stored}
        for variant in [each for each in product.variants if each.id not in kept]:
            remove_variant(self._store, variant)
        for planned in plan.variants:
            is_new = planned.stored is None
            variant = planned.stored = planned.stored or new_variant(self._store, product)
            variant.choices = [
                value
                for option, name in zip(product.options, planned.values, strict=True)
                if (value := option.value(name))
            ]
            write_variant(self._store, variant, planned.given)
            self._replace_metafields(variant, planned.given)
            self._stock(variant, planned, is_new=is_new)
            if planned.given.get("file"):
                variant.media = [self._variant_file(product, planned.given["file"])]
        order = sorted(plan.variants, key=lambda each: each.given.get("position") or _LAST)
        product.variants = [each.stored for each in order if each.stored]

    def _stock(self, variant: ProductVariant, planned: PlannedVariant, *, is_new: bool) -> None:
        if is_new and not planned.given.get("inventoryQuantities"):
            stock_at(self._store, variant, next(each for each in self._store.all(Location) if each.is_primary))
        for each in planned.given.get("inventoryQuantities") or ():
            location = self._store.find(Location, each["locationId"])
            assert location is not None
            level = stock_at(self._store, variant, location)
            level.add(self._store.now(), available=each["quantity"] - level.quantity(each["name"]))

    def _file(self, given: Given) -> MediaImage:
        image = self._store.find(MediaImage, given["id"]) if given.get("id") else add_image(self._store, given)
        assert image is not None
        image.alt = given.get("alt", image.alt)
        return image

    def _variant_file(self, product: Product, given: Given) -> MediaImage:
        """Return the product's image that is meant; it has to be among the files of the product, too."""
        same = (
            each for each in product.media if given.get("id") == each.id or given.get("originalSource") == each.source
        )
        return next(same, None) or self._file(given)

    def _replace_metafields(self, owner: HasMetafields, given: Given) -> None:
        if given.get("metafields") is None:
            return
        named = {(full_namespace(each.get("namespace")), each["key"]) for each in given["metafields"]}
        for name in [name for name in owner.held if name not in named]:
            self._metafields.delete(owner, name)
        for each in given["metafields"]:
            self._metafields.write(owner, each)


def new_variant(store: Store, product: Product) -> ProductVariant:
    """Make an empty variant of a product, not tracked."""
    now = store.now()
    variant = store.add(ProductVariant(store.gid("ProductVariant"), product, [], now, now))
    variant.inventory_item = store.add(InventoryItem(store.gid("InventoryItem"), variant, False, now))
    product.variants.append(variant)
    return variant


def write_variant(store: Store, variant: ProductVariant, given: Given) -> None:
    """Store the plain fields of a variant and of its stocked item."""
    item_given = given.get("inventoryItem") or {}
    if "sku" in item_given:
        variant.sku = item_given["sku"]
    for name, attribute in _PLAIN_VARIANT.items():
        if name in given and (given[name] is not None or name in ("barcode", "compareAtPrice", "sku")):
            setattr(variant, attribute, given[name])
    write_item(store, variant.inventory_item, item_given)


def write_item(store: Store, item: InventoryItem, given: Given) -> None:
    """Store the fields of a stocked item but the SKU."""
    for name, attribute in _PLAIN_ITEM.items():
        if given.get(name) is not None:
            setattr(item, attribute, given[name])
    if given.get("cost") is not None:
        item.unit_cost = MoneyV2(given["cost"], store.switches.currency)
    if weight := (given.get("measurement") or {}).get("weight"):
        item.weight = Weight(weight["unit"], weight["value"])


def product_identified(store: Store, metafields: Metafields, identifier: Given) -> Product | None:
    """Return the product an identifier names."""
    ((name, value),) = identifier.items()
    if name == "id":
        return store.find(Product, value)
    if name == "handle":
        return by_handle(store, value)
    found = metafields.owner("PRODUCT", value)
    return found if isinstance(found, Product) else None


def by_handle(store: Store, handle: str) -> Product | None:
    """Return the product with a handle."""
    return next((product for product in store.all(Product) if product.handle == handle), None)


def _free_handle(store: Store, title: str) -> str:
    plain = "-".join(re.findall(r"\w+", title.lower())) or "product"
    handles = itertools.chain([plain], (f"{plain}-{number}" for number in itertools.count(1)))
    return next(handle for handle in handles if by_handle(store, handle) is None)


def _names(metafields: Sequence[Given], custom_id: Given) -> bool:
    return any(_key(each) == _key(custom_id) and each.get("value") == custom_id["value"] for each in metafields)


def _others(metafields: Sequence[Given], own: Given) -> list[Given]:
    return [each for each in metafields if _key(each) != _key(own)]


def _key(given: Given) -> tuple[str, str]:
    return full_namespace(given.get("namespace")), given["key"]
