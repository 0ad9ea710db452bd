"""What an order consists of: lines, shipping lines, taxes and discounts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from .call import Args, Call
from .inventory import InventoryLevel
from .products import Product, ProductVariant
from .values import MoneyBag, MoneyV2, total


@dataclass(frozen=True)
class Attribute:
    """A custom attribute or property."""

    key: str
    value: str | None


@dataclass(frozen=True)
class Weight:
    """A weight."""

    unit: str
    value: float


@dataclass(frozen=True)
class TaxLine:
    """A tax on a line, as given; nothing is computed."""

    title: str
    rate: float
    price_set: MoneyBag
    channel_liable: bool | None = False
    source: str | None = None

    @property
    def price(self) -> Decimal:
        """Return the amount in shop currency."""
        return self.price_set.shop_money.amount

    @property
    def rate_percentage(self) -> float:
        """Return the rate in percent."""
        return self.rate * 100


@dataclass(frozen=True)
class PricingPercentageValue:
    """A discount in percent."""

    percentage: float


@dataclass(frozen=True)
class DiscountCodeApplication:
    """The discount code of an order."""

    code: str
    target_type: str
    value: PricingPercentageValue | MoneyV2
    index: int = 0
    allocation_method: str = "ACROSS"
    target_selection: str = "ALL"


@dataclass(frozen=True)
class DiscountAllocation:
    """The part of a discount that falls on one line."""

    allocated_amount_set: MoneyBag
    discount_application: DiscountCodeApplication

    @property
    def allocated_amount(self) -> MoneyV2:
        """Return the amount in shop currency."""
        return self.allocated_amount_set.shop_money


@dataclass
class Claim:
    """Stock set aside for a line, as far as it was not sent."""

    level: InventoryLevel
    quantity: int


@dataclass(eq=False)
class LineItem:
    """One line of an order."""

    id: str
    title: str
    variant_title: str | None
    sku: str | None
    vendor: str | None
    quantity: int
    original_unit_price_set: MoneyBag
    requires_shipping: bool
    taxable: bool
    is_gift_card: bool
    custom_attributes: list[Attribute]
    tax_lines: list[TaxLine]
    sold: ProductVariant | None
    weight: Weight | None = None
    discount_allocations: list[DiscountAllocation] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    fulfilled: int = 0
    removed: int = 0
    restockable: bool = True
    merchant_editable: bool = True

    @property
    def name(self) -> str:
        """Return the titles of product and variant."""
        return f"{self.title} - {self.variant_title}" if self.variant_title else self.title

    @property
    def variant(self) -> ProductVariant | None:
        """Return the variant, unless it was deleted since."""
        return None if self.sold is None or self.sold.deleted else self.sold

    @property
    def product(self) -> Product | None:
        """Return the product, unless the variant was deleted since."""
        return self.variant.product if self.variant else None

    @property
    def current_quantity(self) -> int:
        """Return the quantity without what was removed."""
        return self.quantity - self.removed

    @property
    def refundable_quantity(self) -> int:
        """Return the quantity that may be refunded."""
        return self.current_quantity

    @property
    def unfulfilled_quantity(self) -> int:
        """Return the quantity still to be sent."""
        return self.current_quantity - self.fulfilled

    @property
    def fulfillable_quantity(self) -> int:
        """Return the quantity still to be sent."""
        return self.unfulfilled_quantity

    @property
    def non_fulfillable_quantity(self) -> int:
        """Return the quantity that will not be sent."""
        return self.removed

    @property
    def original_total_set(self) -> MoneyBag:
        """Return unit price times quantity."""
        return self.original_unit_price_set.times(self.quantity)

    @property
    def discount(self) -> MoneyBag:
        """Return what all discounts take off."""
        zero = self.original_unit_price_set.times(0)
        return total((each.allocated_amount_set for each in self.discount_allocations), zero)

    @property
    def discounted_unit_price_set(self) -> MoneyBag:
        """Return the unit price after line discounts, of which there are none."""
        return self.original_unit_price_set

    @property
    def discounted_unit_price_after_all_discounts_set(self) -> MoneyBag:
        """Return the unit price after the order's discount as well, rounded."""
        return (self.original_total_set - self.discount).times(Decimal(1) / self.quantity)

    @property
    def price_after_all_discounts_before_taxes_set(self) -> MoneyBag:
        """Return the total after all discounts."""
        return self.original_total_set - self.discount

    @property
    def total_discount_set(self) -> MoneyBag:
        """Return the line discounts, of which there are none."""
        return self.original_unit_price_set.times(0)

    @property
    def unfulfilled_original_total_set(self) -> MoneyBag:
        """Return the price of what is still to be sent."""
        return self.original_unit_price_set.times(self.unfulfilled_quantity)

    @property
    def unfulfilled_discounted_total_set(self) -> MoneyBag:
        """Return the price of what is still to be sent, after line discounts."""
        return self.unfulfilled_original_total_set

    def discounted_total_set(self, _call: Call, args: Args) -> MoneyBag:
        """Return the total after discounts, the order's code included when asked for."""
        return self.original_total_set - self.discount if args["withCodeDiscounts"] else self.original_total_set


@dataclass(eq=False)
class ShippingLine:
    """A way of shipping with its price."""

    id: str
    title: str
    code: str | None
    source: str | None
    original_price_set: MoneyBag
    tax_lines: list[TaxLine]
    discount_allocations: list[DiscountAllocation] = field(default_factory=list)
    custom: bool = True
    is_removed: bool = False
    carrier_identifier: str | None = None
    delivery_category: str | None = None
    phone: str | None = None

    @property
    def discounted_price_set(self) -> MoneyBag:
        """Return the price after discounts."""
        zero = self.original_price_set.times(0)
        taken = total((each.allocated_amount_set for each in self.discount_allocations), zero)
        return self.original_price_set - taken

    @property
    def current_discounted_price_set(self) -> MoneyBag:
        """Return the price after discounts and refunds."""
        return self.discounted_price_set


def summed_taxes(parts: Iterable[Any], zero: MoneyBag) -> list[TaxLine]:
    """Return the tax lines of all *parts*, those of one title and rate added up."""
    found: dict[tuple[str, float], TaxLine] = {}
    for line in (line for part in parts for line in part.tax_lines):
        before = found.get((line.title, line.rate))
        amount = (before.price_set if before else zero) + line.price_set
        found[line.title, line.rate] = TaxLine(line.title, line.rate, amount, line.channel_liable, line.source)
    return list(found.values())
