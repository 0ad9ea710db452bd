"""What is to be sent from where, and what was sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .inventory import Location
from .lines import LineItem
from .products import ProductVariant
from .search import Document, words
from .values import number_of

if TYPE_CHECKING:
    from .orders import Order
    from .store import Store

FULFILLMENT_ORDER_FILTERS = {
    "assigned_location_id": "id",
    "id": "id",
    "status": "open in_progress scheduled on_hold incomplete closed cancelled",
    "updated_at": "time",
}
_ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "HOLD"),
}


@dataclass(frozen=True)
class FulfillmentOrderSupportedAction:
    """Something that may be done now."""

    action: str
    external_url: str | None = None


@dataclass(frozen=True)
class FulfillmentOrderAssignedLocation:
    """Where a fulfillment order is to be sent from, as it was when assigned."""

    location: Location

    @property
    def name(self) -> str:
        """Return the name of the location."""
        return self.location.name

    @property
    def country_code(self) -> str:
        """Return the country of the location."""
        return self.location.address.country_code


@dataclass(eq=False)
class FulfillmentOrderLineItem:
    """Part of an order line in a fulfillment order."""

    id: str
    line_item: LineItem
    total_quantity: int
    remaining_quantity: int

    @property
    def variant(self) -> ProductVariant | None:
        """Return the variant of the line."""
        return self.line_item.variant

    @property
    def inventory_item_id(self) -> str | None:
        """Return the id of the stocked item."""
        return self.variant.inventory_item.id if self.variant else None

    @property
    def sku(self) -> str | None:
        """Return the SKU of the line."""
        return self.line_item.sku

    @property
    def product_title(self) -> str:
        """Return the title of the line."""
        return self.line_item.title

    @property
    def variant_title(self) -> str | None:
        """Return the variant's title on the line."""
        return self.line_item.variant_title

    @property
    def vendor(self) -> str | None:
        """Return the vendor on the line."""
        return self.line_item.vendor

    @property
    def requires_shipping(self) -> bool:
        """Return whether the line is shipped."""
        return self.line_item.requires_shipping


@dataclass(eq=False)
class FulfillmentOrder:
    """Lines of one order to be sent from one location."""

    id: str
    order: Order
    assigned_location: FulfillmentOrderAssignedLocation
    line_items: list[FulfillmentOrderLineItem]
    created_at: datetime
    updated_at: datetime
    status: str = "OPEN"
    request_status: str = "UNSUBMITTED"
    fulfill_by: datetime | None = None
    fulfillment_holds: list[Any] = field(default_factory=list)

    @property
    def fulfill_at(self) -> datetime:
        """Return when it may be sent: at once."""
        return self.created_at

    @property
    def order_id(self) -> str:
        """Return the id of the order."""
        return self.order.id

    @property
    def order_name(self) -> str:
        """Return the name of the order."""
        return self.order.name

    @property
    def order_processed_at(self) -> datetime:
        """Return the date of the order."""
        return self.order.processed_at

    @property
    def supported_actions(self) -> list[FulfillmentOrderSupportedAction]:
        """Return what may be done now."""
        return [FulfillmentOrderSupportedAction(name) for name in (_ACTIONS.get(self.status, ()))]

    def document(self) -> Document:
        """Return what it can be found by."""
        return {
            "default": words(self.order.name),
            "assigned_location_id": number_of(self.assigned_location.location.id),
            "id": number_of(self.id),
            "status": {self.status.casefold()},
            "updated_at": self.updated_at,
        }

    @property
    def fulfillments(self) -> list[Fulfillment]:
        """Return the parcels with its lines."""
        lines = [line.line_item for line in self.line_items]
        return [
            each
            for each in self.order.fulfillments
            if any(part.line_item in lines for part in each.fulfillment_line_items)
        ]

    def close(self, status: str, now: datetime) -> None:
        """End it with nothing left to send."""
        self.status, self.updated_at = status, now
        for line in self.line_items:
            line.remaining_quantity = 0


@dataclass(frozen=True)
class FulfillmentTrackingInfo:
    """How a parcel is followed."""

    company: str | None
    number: str | None
    url: str | None = None


@dataclass(eq=False)
class FulfillmentLineItem:
    """A line in a parcel."""

    id: str
    line_item: LineItem
    quantity: int


@dataclass(eq=False)
class Fulfillment:
    """One parcel."""

    id: str
    order: Order
    name: str
    location: Location | None
    created_at: datetime
    fulfillment_line_items: list[FulfillmentLineItem]
    tracking_info: list[FulfillmentTrackingInfo]
    display_status: str = "FULFILLED"
    status: str = "SUCCESS"
    delivered_at: datetime | None = None
    estimated_delivery_at: datetime | None = None
    in_transit_at: datetime | None = None
    changed_at: datetime | None = None

    @property
    def legacy_resource_id(self) -> int:
        """Return the number in the id."""
        return number_of(self.id)

    @property
    def updated_at(self) -> datetime:
        """Return when it was last changed."""
        return self.changed_at or self.created_at

    @property
    def fulfillment_orders(self) -> list[FulfillmentOrder]:
        """Return the fulfillment orders its lines come from."""
        return [each for each in self.order.fulfillment_orders if self in each.fulfillments]

    @property
    def total_quantity(self) -> int:
        """Return the pieces in it."""
        return sum(line.quantity for line in self.fulfillment_line_items)

    @property
    def requires_shipping(self) -> bool:
        """Return whether anything in it is shipped."""
        return any(line.line_item.requires_shipping for line in self.fulfillment_line_items)


def plan(store: Store, order: Order, places: dict[LineItem, Location | None]) -> None:
    """Make one fulfillment order per location for the lines that are shipped."""
    now = store.now()
    for location in dict.fromkeys(place for line, place in places.items() if place and line.requires_shipping):
        lines = [
            FulfillmentOrderLineItem(
                store.gid("FulfillmentOrderLineItem"), line, line.quantity, line.quantity - line.fulfilled
            )
            for line, place in places.items()
            if place is location and line.requires_shipping
        ]
        made = FulfillmentOrder(
            store.gid("FulfillmentOrder"), order, FulfillmentOrderAssignedLocation(location), lines, now, now
        )
        if not any(line.remaining_quantity for line in lines):
            made.close("CLOSED", now)
        order.fulfillment_orders.append(store.add(made))


def send(
    store: Store, order: Order, location: Location | None, tracking: list[FulfillmentTrackingInfo], shown: str
) -> None:
    """Note one parcel with all lines that were sent when the order was created."""
    lines = [
        FulfillmentLineItem(store.gid("FulfillmentLineItem"), line, line.fulfilled)
        for line in order.line_items
        if line.fulfilled
    ]
    gid, name = store.gid("Fulfillment"), f"{order.name}-F{len(order.fulfillments) + 1}"
    made = Fulfillment(gid, order, name, location, store.now(), lines, tracking, shown)
    order.fulfillments.append(store.add(made))
