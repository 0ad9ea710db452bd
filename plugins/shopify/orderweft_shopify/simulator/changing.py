"""What happens to an order after it was created."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .customers import Customer, MailingAddress, clean_tags, normal_email, touch_customer
from .lines import Attribute
from .metafields import Metafields
from .order_checks import MAX_NOTE, MAX_TAG
from .orders import Order, OrderCancellation, touch
from .payments import OrderTransaction, Refund, RefundLineItem
from .products import Product, index_variant, touch_product
from .store import Store
from .values import UserError

TOO_MANY = "Too many attempts. Please try again later."
MAX_STAFF_NOTE = 255


@dataclass(eq=False)
class Job:
    """Work that goes on after the answer."""

    id: str
    done: bool = False


def update_order(store: Store, metafields: Metafields, given: Mapping[str, Any]) -> Order | list[UserError]:
    """Change what orderUpdate may change; tags and custom attributes replace the stored ones."""
    order = store.find(Order, given["id"])
    if order is None:
        return [UserError("Order does not exist", ("id",))]
    problems = [
        UserError(f"Metafields {problem.message}", ("metafields",))
        for each in given.get("metafields") or ()
        if (problem := metafields.problem("ORDER", order, each))
    ]
    if len(given.get("note") or "") > MAX_NOTE:
        problems.append(UserError(f"Note is too long (maximum is {MAX_NOTE} characters)", ("note",)))
    if any(len(tag) > MAX_TAG for tag in clean_tags(given.get("tags") or ())):
        problems.append(UserError(f"Tags is invalid: each tag may have {MAX_TAG} characters at most", ("tags",)))
    problems = problems or _contact_problems(store, order, given)
    if not problems:
        _write(store, order, given)
        for each in given.get("metafields") or ():
            metafields.write(order, each)
        touch(store, order)
    return problems or order


def request_cancel(store: Store, args: Mapping[str, Any]) -> Job | UserError:
    """Cancel an order a little later, or say why not."""
    order = store.find(Order, args["orderId"])
    if order is None:
        return UserError("Order does not exist", ("orderId",), "NOT_FOUND")
    if order.cancelled_at:
        return UserError("Cannot cancel an order that has already been cancelled", ("orderId",), "INVALID")
    if any(line.fulfilled for line in order.line_items):
        return UserError("Cannot cancel an order with outstanding fulfillments", ("orderId",), "INVALID")
    if len(args.get("staffNote") or "") > MAX_STAFF_NOTE:
        message = f"Staff note is too long (maximum is {MAX_STAFF_NOTE} characters)"
        return UserError(message, ("staffNote",), "INVALID")
    job = store.add(Job(store.gid("Job")))
    method = args.get("refundMethod") or {}
    refund = bool(args.get("refund") or method.get("originalPaymentMethodsRefund"))

    def work() -> None:
        if not order.cancelled_at:
            cancel(store, order, args["reason"], restock=args["restock"], refund=refund, note=args.get("staffNote"))
        job.done = True

    store.later(work)
    return job


def cancel(
    store: Store, order: Order, reason: str, *, restock: bool, refund: bool = False, note: str | None = None
) -> None:
    """Cancel an order: nothing is sent any more, stock is given back when *restock* says so."""
    now = store.now()
    status = order.display_financial_status
    taken = [
        RefundLineItem(store.gid("RefundLineItem"), line, line.unfulfilled_quantity, restock)
        for line in order.line_items
    ]
    for line in order.line_items:
        for claim in line.claims:
            claim.level.add(now, committed=-claim.quantity, available=claim.quantity if restock else 0)
        if line.sold and line.claims:
            index_variant(store, line.sold)
        line.removed = line.unfulfilled_quantity
    for each in order.fulfillment_orders:
        each.close("CANCELLED", now)
    paid, back = order.net_payment_set, []
    if refund and any(paid.amounts):
        transaction = OrderTransaction(
            store.gid("OrderTransaction"), order, "REFUND", "SUCCESS", "manual", paid, now, now
        )
        back.append(store.add(transaction))
        order.transactions.append(transaction)
        order.given_status = "REFUNDED"
    elif not any(paid.amounts) and status:
        order.given_status = "VOIDED"
    returned = paid if back else order.zero
    order.refunds.append(store.add(Refund(store.gid("Refund"), order, now, taken, back, returned)))
    order.cancelled_at, order.cancel_reason, order.cancellation = now, reason, OrderCancellation(note)
    touch(store, order)


def add_tags(store: Store, target: Any, tags: Iterable[str]) -> None:
    """Add tags to an order, a customer or a product, each once whatever its case."""
    target.tags = clean_tags([*target.tags, *tags])
    if isinstance(target, Order):
        touch(store, target)
    elif isinstance(target, Customer):
        touch_customer(store, target)
    elif isinstance(target, Product):
        touch_product(store, target)


def _contact_problems(store: Store, order: Order, given: Mapping[str, Any]) -> list[UserError]:
    now = store.clock.monotonic()
    if all(given.get(name, getattr(order, name)) == getattr(order, name) for name in ("email", "phone")):
        return []
    if store.switches.contact_limit and order.contact_changed is not None and now - order.contact_changed < 60:
        return [UserError(TOO_MANY)]
    order.contact_changed = now
    return []


def _write(store: Store, order: Order, given: Mapping[str, Any]) -> None:
    if "email" in given:
        order.email = normal_email(given["email"])
    if "phone" in given:
        order.phone = given["phone"]
    if "note" in given:
        order.note = given["note"]
    if "poNumber" in given:
        order.po_number = given["poNumber"]
    if given.get("tags") is not None:
        order.tags = clean_tags(given["tags"])
    if given.get("shippingAddress"):
        order.shipping_address = MailingAddress.of(store, given["shippingAddress"])
    if given.get("customAttributes") is not None:
        order.custom_attributes = [Attribute(each["key"], each["value"]) for each in given["customAttributes"]]
