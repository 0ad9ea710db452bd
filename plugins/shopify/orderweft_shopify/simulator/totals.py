"""The sums of an order; shop money and presentment money are added up apart, nothing converts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from .lines import LineItem, ShippingLine, TaxLine, summed_taxes
from .metafields import HasMetafields
from .payments import OrderTransaction
from .values import MoneyBag, total


@dataclass(eq=False)
class Totals(HasMetafields):
    """The parts of an order that cost money, and what they add up to."""

    zero: MoneyBag
    """No money, in the currencies of the order."""
    tax_on_top: bool
    line_items: list[LineItem] = field(default_factory=list, kw_only=True)
    shipping_lines: list[ShippingLine] = field(default_factory=list, kw_only=True)
    transactions: list[OrderTransaction] = field(default_factory=list, kw_only=True)
    cancelled_at: datetime | None = field(default=None, kw_only=True)

    @property
    def currency_code(self) -> str:
        """Return the shop-facing currency."""
        return self.zero.shop_money.currency_code

    @property
    def presentment_currency_code(self) -> str:
        """Return the currency shown to the customer."""
        return self.zero.presentment_money.currency_code

    def _sum(self, bags: Iterable[MoneyBag]) -> MoneyBag:
        return total(bags, self.zero)

    @property
    def cart_discount_amount_set(self) -> MoneyBag:
        """Return the discounts on lines."""
        return self._sum(line.discount for line in self.line_items)

    @property
    def total_discounts_set(self) -> MoneyBag:
        """Return all discounts."""
        shipping = (line.original_price_set - line.discounted_price_set for line in self.shipping_lines)
        return self._sum(shipping) + self.cart_discount_amount_set

    @property
    def subtotal_price_set(self) -> MoneyBag:
        """Return the lines after discounts."""
        return self._sum(line.original_total_set for line in self.line_items) - self.cart_discount_amount_set

    @property
    def total_shipping_price_set(self) -> MoneyBag:
        """Return the shipping after discounts."""
        return self._sum(line.discounted_price_set for line in self.shipping_lines)

    @property
    def tax_lines(self) -> list[TaxLine]:
        """Return the taxes of lines and shipping, added up by title and rate."""
        return summed_taxes([*self.line_items, *self.shipping_lines], self.zero)

    @property
    def total_tax_set(self) -> MoneyBag:
        """Return all taxes."""
        return self._sum(line.price_set for line in self.tax_lines)

    @property
    def total_price_set(self) -> MoneyBag:
        """Return subtotal, shipping and whatever tax is on top."""
        net = self.subtotal_price_set + self.total_shipping_price_set
        return net + self.total_tax_set if self.tax_on_top else net

    @property
    def original_total_price_set(self) -> MoneyBag:
        """Return the total as it was at first."""
        return self.total_price_set

    def _current(self, bag: MoneyBag) -> MoneyBag:
        return self.zero if self.cancelled_at else bag

    @property
    def current_total_price_set(self) -> MoneyBag:
        """Return the total after cancellation."""
        return self._current(self.total_price_set)

    @property
    def current_subtotal_price_set(self) -> MoneyBag:
        """Return the subtotal after cancellation."""
        return self._current(self.subtotal_price_set)

    @property
    def current_total_tax_set(self) -> MoneyBag:
        """Return the taxes after cancellation."""
        return self._current(self.total_tax_set)

    @property
    def current_tax_lines(self) -> list[TaxLine]:
        """Return the taxes after cancellation."""
        return [] if self.cancelled_at else self.tax_lines

    @property
    def current_total_discounts_set(self) -> MoneyBag:
        """Return the discounts after cancellation."""
        return self._current(self.total_discounts_set)

    @property
    def current_cart_discount_amount_set(self) -> MoneyBag:
        """Return the discounts on lines after cancellation."""
        return self._current(self.cart_discount_amount_set)

    @property
    def current_shipping_price_set(self) -> MoneyBag:
        """Return the shipping after cancellation."""
        return self._current(self.total_shipping_price_set)

    def _moved(self, *kinds: str) -> MoneyBag:
        return self._sum(
            each.amount_set for each in self.transactions if each.kind in kinds and each.status == "SUCCESS"
        )

    @property
    def total_received_set(self) -> MoneyBag:
        """Return the money received."""
        return self._moved("SALE", "CAPTURE")

    @property
    def total_refunded_set(self) -> MoneyBag:
        """Return the money given back."""
        return self._moved("REFUND")

    @property
    def net_payment_set(self) -> MoneyBag:
        """Return the money kept."""
        return self.total_received_set - self.total_refunded_set

    @property
    def total_capturable_set(self) -> MoneyBag:
        """Return what may be captured: authorized, not yet captured."""
        if self.cancelled_at:
            return self.zero
        return self._moved("AUTHORIZATION") - self._moved("CAPTURE")

    @property
    def total_outstanding_set(self) -> MoneyBag:
        """Return what neither came in nor is authorized."""
        if self.cancelled_at:
            return self.zero
        left = self.total_price_set - self.net_payment_set - self.total_capturable_set
        return left.with_amounts(*(max(Decimal(0), amount) for amount in left.amounts))
