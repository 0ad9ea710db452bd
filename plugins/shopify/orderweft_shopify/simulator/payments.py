"""Money that moved, or is to move: transactions, refunds and payment terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .call import Args, Call
from .lines import LineItem
from .store import Store
from .values import MoneyBag, MoneyV2, UserError, number_of

if TYPE_CHECKING:
    from .inventory import Location
    from .orders import Order


@dataclass(eq=False)
class OrderTransaction:
    """One movement of money."""

    id: str
    order: Order
    kind: str
    status: str
    gateway: str | None
    amount_set: MoneyBag
    created_at: datetime
    processed_at: datetime
    test: bool = False
    authorization_code: str | None = None
    receipt_json: Any = None
    parent_transaction: OrderTransaction | None = None
    location: Location | None = None
    account_number: str | None = None
    error_code: str | None = None
    payment_id: str | None = None
    multi_capturable: bool = False

    @property
    def formatted_gateway(self) -> str | None:
        """Return the name of the gateway."""
        return self.gateway

    @property
    def manual_payment_gateway(self) -> bool:
        """Return whether a person books it."""
        return self.gateway in (None, "manual")

    @property
    def amount_v2(self) -> MoneyV2:
        """Return the amount in shop currency."""
        return self.amount_set.shop_money


@dataclass(eq=False)
class RefundLineItem:
    """A line taken back."""

    id: str
    line_item: LineItem
    quantity: int
    restocked: bool
    location: Location | None = None

    @property
    def restock_type(self) -> str:
        """Return what happened to the goods."""
        return "CANCEL" if self.restocked else "NO_RESTOCK"

    @property
    def price_set(self) -> MoneyBag:
        """Return the unit price."""
        return self.line_item.original_unit_price_set

    @property
    def subtotal_set(self) -> MoneyBag:
        """Return the price of what was taken back."""
        return self.price_set.times(self.quantity)


@dataclass(eq=False)
class Refund:
    """Lines taken back and money returned."""

    id: str
    order: Order
    created_at: datetime
    refund_line_items: list[RefundLineItem]
    transactions: list[OrderTransaction]
    total_refunded_set: MoneyBag
    note: str | None = None

    @property
    def legacy_resource_id(self) -> int:
        """Return the number in the id."""
        return number_of(self.id)

    @property
    def processed_at(self) -> datetime:
        """Return when it was booked."""
        return self.created_at

    @property
    def updated_at(self) -> datetime:
        """Return when it was last changed."""
        return self.created_at

    @property
    def total_refunded(self) -> MoneyV2:
        """Return the amount in shop currency."""
        return self.total_refunded_set.shop_money


@dataclass(eq=False)
class PaymentTermsTemplate:
    """Terms the shop knows."""

    id: str
    name: str
    payment_terms_type: str
    due_in_days: int | None = None

    @property
    def description(self) -> str:
        """Return the name."""
        return self.name

    @property
    def translated_name(self) -> str:
        """Return the name."""
        return self.name


@dataclass(eq=False)
class PaymentSchedule:
    """When a payment is due."""

    id: str
    payment_terms: PaymentTerms
    issued_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None = None

    @property
    def balance_due(self) -> MoneyV2:
        """Return what is still to be paid."""
        return self.payment_terms.order.total_outstanding_set.shop_money

    @property
    def total_balance(self) -> MoneyV2:
        """Return what is still to be paid."""
        return self.balance_due

    def due(self, call: Call, _args: Args) -> bool:
        """Return whether the day has come."""
        return self.due_at is not None and self.due_at <= call.store.now()


@dataclass(eq=False)
class PaymentTerms:
    """When an order is to be paid."""

    id: str
    order: Order
    template: PaymentTermsTemplate
    payment_schedules: list[PaymentSchedule] = field(default_factory=list)

    @property
    def payment_terms_name(self) -> str:
        """Return the name of the template."""
        return self.template.name

    @property
    def translated_name(self) -> str:
        """Return the name of the template."""
        return self.template.name

    @property
    def payment_terms_type(self) -> str:
        """Return the type of the template."""
        return self.template.payment_terms_type

    @property
    def due_in_days(self) -> int | None:
        """Return the days of the template."""
        return self.template.due_in_days

    def due(self, call: Call, args: Args) -> bool:
        """Return whether any schedule is due."""
        return any(schedule.due(call, args) for schedule in self.payment_schedules)

    def overdue(self, call: Call, args: Args) -> bool:
        """Return whether any schedule is due and unpaid."""
        return self.due(call, args) and not self.order.fully_paid


TEMPLATES = (
    ("Due on receipt", "RECEIPT", None),
    ("Net 7", "NET", 7),
    ("Net 15", "NET", 15),
    ("Net 30", "NET", 30),
    ("Net 60", "NET", 60),
    ("Net 90", "NET", 90),
    ("Fixed", "FIXED", None),
    ("Net 45", "NET", 45),
    ("Due on fulfillment", "FULFILLMENT", None),
)
"""The terms seen on development stores, in the order of their ids from 1."""


def set_terms(store: Store, order: Order | None, given: Mapping[str, Any]) -> PaymentTerms | UserError:
    """Give an order payment terms, or say why not."""
    template = store.find(PaymentTermsTemplate, given["paymentTermsTemplateId"])
    schedules = given.get("paymentSchedules") or []
    message = _why_not(order, template, schedules)
    if message:
        return UserError(message, None, "PAYMENT_TERMS_CREATION_UNSUCCESSFUL")
    assert order is not None
    assert template is not None
    terms = store.add(PaymentTerms(store.gid("PaymentTerms"), order, template))
    schedule = schedules[0] if schedules else {}
    issued, due = schedule.get("issuedAt"), schedule.get("dueAt")
    if template.due_in_days is not None and issued is not None:
        due = issued + timedelta(days=template.due_in_days)
    terms.payment_schedules.append(store.add(PaymentSchedule(store.gid("PaymentSchedule"), terms, issued, due)))
    order.payment_terms = terms
    return terms


def _why_not(order: Order | None, template: PaymentTermsTemplate | None, schedules: list[Any]) -> str | None:
    if order is None:
        return "Reference not found."
    if template is None:
        return "Could not find payment terms template."
    if order.payment_terms is not None:
        return "Payment terms already exist on the reference."
    if order.fully_paid:
        return "Cannot create payment terms on an Order that has already been paid in full."
    if len(schedules) > 1:
        return "Cannot create payment terms with multiple schedules."
    schedule = schedules[0] if schedules else {}
    kind = template.payment_terms_type
    if kind == "NET" and schedule.get("issuedAt") is None:
        return "An issued at date is required with net payment terms."
    if kind == "FIXED" and schedule.get("dueAt") is None:
        return "A due date is required with fixed or net payment terms."
    if kind != "FIXED" and schedule.get("dueAt") is not None:
        return "A due date cannot be set with event or net payment terms."
    return None
