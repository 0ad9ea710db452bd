"""The v4 order calls: the list without lines, and the bulk update that acknowledges."""

from __future__ import annotations

from typing import Any

from orderweft import Request, Response

from .books import Books
from .model import ExportState, Order, Refusal, Status
from .switches import Switches
from .v4_wire import Wire, ids, opaque, page, written

_STATUSES: dict[str, Status] = {
    "IN_PROGRESS": "cart",
    "NOTES": "notes",
    "PENDING": "pending",
    "APPROVED": "approved",
    "SHIPPED": "shipped",
    "CANCELLED": "cancelled",
}
_STATUS_NAMES = {status: name for name, status in _STATUSES.items()}
_EXPORT_STATES: dict[str, ExportState] = {"SUCCESS": "success", "FAILED": "failed", "UNDEFINED": "never"}


class V4:
    """Answer the v4 order calls."""

    def __init__(self, books: Books, switches: Switches, wire: Wire) -> None:
        self._books = books
        self._wire = wire
        self._switches = switches

    def read(self, request: Request) -> Response:
        """Answer the order list; it marks nothing."""
        self._wire.check(request)
        given = request.query
        wanted = ids(given, "order_ids")
        status = _one_of(given, "status", _STATUSES)
        export = _one_of(given, "export_status", _EXPORT_STATES)
        found = [
            order
            for _, order in sorted(self._books.orders.items())
            if (wanted is None or str(order.id) in wanted)
            and status in (None, order.status)
            and export in (None, self._books.v4_state(order))
        ]
        return written([self._row(order) for order in page(given, found)], [])

    def bulk_update(self, request: Request) -> Response:
        """Apply each row that can be applied and report the others."""
        data, errors = [], []
        for row in self._wire.rows(request):
            order_id = str(row.get("id", ""))
            try:
                data.append(self._row(self._update(order_id, row)))
            except Refusal as refusal:
                name = "NOT_FOUND" if refusal.status == 404 else "INVALID"
                key = self._switches["error_details"]
                details = {} if key == "none" else {key: order_id}
                errors.append({"status": name, "message": refusal.comment, "details": details})
        return written(data, errors)

    def _update(self, order_id: str, row: dict[str, Any]) -> Order:
        order = self._books.orders.get(int(order_id)) if order_id.isdecimal() else None
        if order is None:
            raise Refusal(404, f"Order {order_id} does not exist")
        status = _STATUSES.get(str(row.get("status")))
        if status is None:
            raise Refusal(400, f"status is required and one of {', '.join(_STATUSES)}")
        if status == "cart" and order.status != "cart":
            raise Refusal(400, "An order cannot go back to IN_PROGRESS")
        given = row.get("export_status")
        wanted = None if given is None else str(given) or "UNDEFINED"
        if wanted is not None and wanted not in _EXPORT_STATES:
            raise Refusal(400, f"export_status is one of {', '.join(_EXPORT_STATES)}")
        tracking = row.get("tracking_number")
        if status == "shipped" != order.status and self._switches["ship_orders"] == "refused":
            raise Refusal(400, "Orders are shipped from their shipments")
        if tracking is not None and 0 < self._switches["tracking_length"] < len(str(tracking)):
            raise Refusal(400, "tracking_number is too long")
        if tracking is not None:
            order.tracking = str(tracking) or None
        if status != order.status:
            self._books.change_status(order, status)
        if wanted is not None:
            description = str(row.get("export_description") or "")
            self._books.acknowledge(order, _EXPORT_STATES[wanted], wanted, description)
        return order

    def _row(self, order: Order) -> dict[str, Any]:
        tracking = {} if self._switches["hide_tracking"] else {"tracking_number": order.tracking}
        return {**_row(order), **tracking}


def _one_of(given: dict[str, str], name: str, values: dict[str, Any]) -> Any:
    text = given.get(name)
    if text and text not in values:
        raise Refusal(400, f"{name} is one of {', '.join(values)}")
    return values[text] if text else None


def _row(order: Order) -> dict[str, Any]:
    header = order.header
    return {
        "id": str(order.id),
        "retailer_id": opaque("Retailer", header["customer_name"]),
        "price_type_id": opaque("PriceType", header["order_currency_name"]),
        "collection_id": opaque("Collection", header["order_delivery_code"]),
        "status": _STATUS_NAMES[order.status],
        "customer": {"name": header["customer_name"], "buyer_name": header["customer_buyer_name"]},
        "buyer": {"name": header["customer_buyer_name"], "email": header["shipping_email"]},
        "shipping_address": {
            "name": header["shipping_name"],
            "line1": header["shipping_address_1"],
            "line2": header["shipping_address_2"],
            "city": header["shipping_city"],
            "state": header["shipping_region"],
            "zip": header["shipping_postal_code"],
            "country": header["shipping_country"],
            "phone": header["shipping_phone"],
            "email": header["shipping_email"],
        },
        "total": str(order.total),
        "shipping_price": str(header["order_shipping_total"]),
        "quantity": order.quantity,
        "comments": header["order_comments"],
        "internal_comments": header["order_internal_comments"],
    }
