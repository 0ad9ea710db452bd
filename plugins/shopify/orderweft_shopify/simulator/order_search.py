"""What orders can be found by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .search import Document, words
from .values import number_of

if TYPE_CHECKING:
    from .orders import Order

_STATUSES = "open closed cancelled not_closed"
_FINANCIAL = "paid pending authorized partially_paid partially_refunded refunded voided expired"
_FULFILLMENT = "unshipped shipped fulfilled partial scheduled on_hold unfulfilled request_declined"

_ABSENT = """
    cart_token channel channel_id chargeback_status checkout_token credit_card_last4 delivery_method
    fraud_protection_level fulfillment_location_id location_id payment_id payment_provider_id reference_location_id
    return_status risk_level sales_channel total_weight user_id
"""
"""Filters that exist and are not simulated."""

ORDER_FILTERS = {
    "confirmation_number": "text",
    "created_at": "time",
    "current_total_price": "number",
    "customer_id": "id",
    "discount_code": "text",
    "email": "text",
    "financial_status": _FINANCIAL,
    "fulfillment_status": _FULFILLMENT,
    "gateway": "text",
    "id": "id",
    "metafields": "exact",
    "name": "text",
    "po_number": "text",
    "processed_at": "time",
    "sku": "text",
    "source_identifier": "text",
    "source_name": "text",
    "status": _STATUSES,
    "subtotal_line_items_quantity": "number",
    "tag": "tags",
    "tag_not": "not tags",
    "test": "true false",
    "updated_at": "time",
    **dict.fromkeys(_ABSENT.split(), "absent"),
}


def order_document(order: Order) -> Document:
    """Return what an order can be found by."""
    skus = " ".join(line.sku or "" for line in order.line_items)
    who = order.customer.display_name if order.customer else ""
    texts = {
        "confirmation_number": order.confirmation_number,
        "discount_code": order.discount_code,
        "email": order.email,
        "gateway": " ".join(order.payment_gateway_names),
        "name": order.name,
        "po_number": order.po_number,
        "sku": skus,
        "source_identifier": order.source_identifier,
        "source_name": order.source_name,
    }
    return {
        **{name: words(text) for name, text in texts.items()},
        **{f"metafields.{namespace}.{key}": each.value for (namespace, key), each in order.held.items()},
        "created_at": order.created_at,
        "current_total_price": float(order.current_total_price_set.shop_money.amount),
        "customer_id": number_of(order.customer.id) if order.customer else None,
        "customer_name": who,
        "default": words(f"{order.name} {order.email} {who} {order.po_number} {' '.join(order.tags)}"),
        "financial_status": {(order.display_financial_status or "").casefold()},
        "fulfillment_status": set(_fulfillment_words(order.fulfillment_state)),
        "id": number_of(order.id),
        "order_number": order.number,
        "processed_at": order.processed_at,
        "status": set(_status_words(order)),
        "subtotal_line_items_quantity": order.subtotal_line_items_quantity,
        "tag": {tag.casefold() for tag in order.tags},
        "test": {str(order.test).casefold()},
        "total_price": float(order.total),
        "updated_at": order.updated_at,
    }


def _status_words(order: Order) -> Iterator[str]:
    if order.cancelled_at:
        yield "cancelled"
    if order.closed_at:
        yield "closed"
    else:
        yield "not_closed"
        if not order.cancelled_at:
            yield "open"


def _fulfillment_words(state: str) -> tuple[str, ...]:
    return {
        "FULFILLED": ("fulfilled", "shipped"),
        "PARTIALLY_FULFILLED": ("partial",),
        "UNFULFILLED": ("unfulfilled", "unshipped"),
    }.get(state, ())
