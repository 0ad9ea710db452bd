"""An order: what it was given, its states, and what it can be found by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from .call import Args, Call
from .customers import Customer, MailingAddress, PurchasingCompany
from .fulfillment import Fulfillment, FulfillmentOrder
from .lines import Attribute, DiscountCodeApplication, ShippingLine
from .order_search import order_document
from .payments import PaymentTerms, Refund
from .totals import Totals

if TYPE_CHECKING:
    from .store import Store


@dataclass(frozen=True)
class Count:
    """A number of things."""

    count: int
    precision: str = "EXACT"


@dataclass(frozen=True)
class OrderCancellation:
    """What was said when an order was cancelled."""

    staff_note: str | None


@dataclass(eq=False)
class Order(Totals):
    """An order; what it was given, and everything that follows from it."""

    owner_type = "ORDER"

    name: str
    number: int
    created_at: datetime
    updated_at: datetime
    processed_at: datetime
    confirmation_number: str
    status_page_url: str
    test: bool
    taxes_included: bool
    given_status: str | None
    discount_applications: list[DiscountCodeApplication] = field(default_factory=list)
    fulfillment_orders: list[FulfillmentOrder] = field(default_factory=list)
    fulfillments: list[Fulfillment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    customer: Customer | None = None
    purchasing_company: PurchasingCompany | None = None
    payment_terms: PaymentTerms | None = None
    billing_address: MailingAddress | None = None
    shipping_address: MailingAddress | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    po_number: str | None = None
    tags: list[str] = field(default_factory=list)
    custom_attributes: list[Attribute] = field(default_factory=list)
    source_identifier: str | None = None
    source_name: str | None = None
    registered_source_url: str | None = None
    referrer_url: str | None = None
    closed_at: datetime | None = None
    cancel_reason: str | None = None
    cancellation: OrderCancellation | None = None
    restocked: bool = False
    customer_accepts_marketing: bool = False
    contact_changed: float | None = None
    born: float = 0.0
    client_ip: None = None
    customer_locale: None = None
    retail_location: None = None
    confirmed: bool = True
    duties_included: bool = False
    edited: bool = False
    estimated_taxes: bool = False
    merchant_editable: bool = True
    return_status: str = "NO_RETURN"
    current_total_duties_set: None = None
    original_total_duties_set: None = None

    @property
    def external_id(self) -> str | None:
        """Return the value of its first metafield of type id."""
        return next((each.value for each in self.held.values() if each.type == "id"), None)

    @property
    def customer_id(self) -> str | None:
        """Return the id of the customer."""
        return self.customer.id if self.customer else None

    @property
    def total(self) -> Decimal:
        """Return the total in the order's currency."""
        return self.total_price_set.shop_money.amount

    @property
    def display_financial_status(self) -> str | None:
        """Return the status given, else what the transactions say; with neither there is none."""
        if self.given_status:
            return self.given_status
        received = self.total_received_set.shop_money.amount
        if received:
            return "PAID" if received >= self.total else "PARTIALLY_PAID"
        if self.total_capturable_set.shop_money.amount:
            return "AUTHORIZED"
        return "PENDING" if any(each.status == "PENDING" for each in self.transactions) else None

    @property
    def fulfillment_state(self) -> str:
        """Return how much was sent."""
        if self.restocked:
            return "RESTOCKED"
        sent = sum(line.fulfilled for line in self.line_items)
        if sent:
            return "PARTIALLY_FULFILLED" if any(line.unfulfilled_quantity for line in self.line_items) else "FULFILLED"
        return "UNFULFILLED" if self.requires_shipping else "FULFILLMENT_NOT_REQUIRED"

    def display_fulfillment_status(self, call: Call, _args: Args) -> str:
        """Return how much was sent, in the words of the version asked for."""
        state = self.fulfillment_state
        return "UNFULFILLED" if state == "FULFILLMENT_NOT_REQUIRED" and call.version < "2026-10" else state

    @property
    def fully_paid(self) -> bool:
        """Return whether all the money came in."""
        return self.display_financial_status == "PAID"

    @property
    def unpaid(self) -> bool:
        """Return whether no money came in."""
        return not self.total_received_set.shop_money.amount

    @property
    def can_mark_as_paid(self) -> bool:
        """Return whether a person may book it as paid."""
        return not self.cancelled_at and bool(self.total_outstanding_set.shop_money.amount)

    @property
    def capturable(self) -> bool:
        """Return whether there is something to capture."""
        return bool(self.total_capturable_set.shop_money.amount)

    @property
    def refundable(self) -> bool:
        """Return whether there is money to give back."""
        return bool(self.net_payment_set.shop_money.amount)

    @property
    def closed(self) -> bool:
        """Return whether it is archived."""
        return self.closed_at is not None

    @property
    def requires_shipping(self) -> bool:
        """Return whether any line is shipped."""
        return any(line.requires_shipping for line in self.line_items)

    @property
    def fulfillable(self) -> bool:
        """Return whether anything is left to send."""
        return any(each.status in ("OPEN", "IN_PROGRESS") for each in self.fulfillment_orders)

    @property
    def restockable(self) -> bool:
        """Return whether anything can go back to stock."""
        return any(line.claims for line in self.line_items)

    @property
    def purchasing_entity(self) -> Customer | PurchasingCompany | None:
        """Return the company, else the customer."""
        return self.purchasing_company or self.customer

    @property
    def display_address(self) -> MailingAddress | None:
        """Return the shipping address, else the billing address."""
        return self.shipping_address or self.billing_address

    @property
    def billing_address_matches_shipping_address(self) -> bool:
        """Return whether both addresses are the same."""
        billing, shipping = self.billing_address, self.shipping_address
        return billing is not None and shipping is not None and billing.parts == shipping.parts

    @property
    def can_notify_customer(self) -> bool:
        """Return whether there is an address to write to."""
        return bool(self.email or self.phone)

    @property
    def discount_codes(self) -> list[str]:
        """Return the discount code, if any."""
        return [each.code for each in self.discount_applications]

    @property
    def discount_code(self) -> str | None:
        """Return the discount code, if any."""
        return next(iter(self.discount_codes), None)

    @property
    def fulfillments_count(self) -> Count:
        """Return the number of parcels."""
        return Count(len(self.fulfillments))

    @property
    def transactions_count(self) -> Count:
        """Return the number of transactions."""
        return Count(len(self.transactions))

    @property
    def payment_gateway_names(self) -> list[str]:
        """Return the gateways of the transactions."""
        return list(dict.fromkeys(each.gateway for each in self.transactions if each.gateway))

    @property
    def shipping_line(self) -> ShippingLine | None:
        """Return the first shipping line."""
        return self.shipping_lines[0] if self.shipping_lines else None

    @property
    def subtotal_line_items_quantity(self) -> int:
        """Return the pieces ordered."""
        return sum(line.quantity for line in self.line_items)

    @property
    def current_subtotal_line_items_quantity(self) -> int:
        """Return the pieces ordered and not removed."""
        return sum(line.current_quantity for line in self.line_items)

    @property
    def tax_exempt(self) -> bool:
        """Return whether the customer pays no taxes."""
        return bool(self.customer and self.customer.tax_exempt)


def touch(store: Store, order: Order) -> None:
    """Note a change, and let search find the order by what it is now, a while later."""
    order.updated_at = store.now()
    store.indexes[Order].put(order.id, order_document(order))
    for each in order.fulfillment_orders:
        store.indexes[FulfillmentOrder].put(each.id, each.document())
