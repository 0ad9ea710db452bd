"""What the warehouse does: parcels are sent, and followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .fulfillment import Fulfillment, FulfillmentLineItem, FulfillmentOrder, FulfillmentTrackingInfo
from .lines import LineItem
from .orders import Order, touch
from .products import index_variant
from .store import Store


def ship(
    store: Store, order: Order, wanted: Mapping[str, int] | None, tracking: list[FulfillmentTrackingInfo]
) -> list[Fulfillment]:
    """Send what is left of an order, or of the SKUs *wanted* so many pieces: one parcel per location."""
    remaining: Counter[str] = Counter()
    for each in order.fulfillment_orders:
        remaining.update({line.sku or "": line.remaining_quantity for line in each.line_items})
    left = remaining if wanted is None else Counter(wanted)
    if not left.total() or not left <= remaining:
        raise ValueError(f"{order.name} has not got this much left to send")
    parcels = [
        _send(store, order, each, taken, tracking) for each in order.fulfillment_orders if (taken := _take(each, left))
    ]
    touch(store, order)
    return parcels


def retrack(store: Store, parcel: Fulfillment, tracking: list[FulfillmentTrackingInfo]) -> None:
    """Change how a parcel is followed."""
    parcel.tracking_info, parcel.changed_at = tracking, store.now()
    touch(store, parcel.order)


def _take(fulfillment_order: FulfillmentOrder, left: Counter[str]) -> dict[LineItem, int]:
    """Take from the lines of a fulfillment order what is *left* to be sent."""
    taken = {}
    for line in fulfillment_order.line_items:
        quantity = min(left[line.sku or ""], line.remaining_quantity)
        if quantity:
            taken[line.line_item] = quantity
            line.remaining_quantity -= quantity
            left[line.sku or ""] -= quantity
    return taken


def _send(
    store: Store,
    order: Order,
    fulfillment_order: FulfillmentOrder,
    taken: Mapping[LineItem, int],
    tracking: list[FulfillmentTrackingInfo],
) -> Fulfillment:
    now = store.now()
    for line, quantity in taken.items():
        line.fulfilled += quantity
        _hand_over(store, line, quantity)
    over = not any(line.remaining_quantity for line in fulfillment_order.line_items)
    fulfillment_order.status, fulfillment_order.updated_at = "CLOSED" if over else "IN_PROGRESS", now
    lines = [FulfillmentLineItem(store.gid("FulfillmentLineItem"), line, quantity) for line, quantity in taken.items()]
    name = f"{order.name}-F{len(order.fulfillments) + 1}"
    place = fulfillment_order.assigned_location.location
    parcel = store.add(Fulfillment(store.gid("Fulfillment"), order, name, place, now, lines, tracking))
    order.fulfillments.append(parcel)
    return parcel


def _hand_over(store: Store, line: LineItem, quantity: int) -> None:
    """Take what was set aside for a line out of stock: committed and on hand fall together."""
    for claim in line.claims:
        gone = min(quantity, claim.quantity)
        claim.quantity -= gone
        quantity -= gone
        claim.level.add(store.now(), committed=-gone)
    if line.sold and line.claims:
        index_variant(store, line.sold)
