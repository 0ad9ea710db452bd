"""Tell JOOR what was shipped of its orders: tracking numbers, and SHIPPED once all of an order is on its way.

Experimental: JOOR documents no resource for shipments. The fields used are those of its v4 order update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orderweft import (
    Accepted,
    AlreadyThere,
    Connection,
    Kind,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    SettingsError,
    Shipment,
    UnavailableError,
    hookimpl,
)

from .client import BATCH, Client
from .config import Settings

_SEPARATOR = ", "
_ON_ITS_WAY = ("shipped", "delivered")
_OPEN = ("PENDING", "APPROVED", "SHIPPED")
"""States in which an order of JOOR's can be on its way."""


@dataclass(frozen=True, slots=True)
class _Order:
    """One order of JOOR's with the parcels told of it now."""

    id: str
    row: dict[str, Any]
    parcels: Sequence[Shipment]

    @property
    def had(self) -> list[str]:
        """Return the tracking numbers JOOR shows."""
        told = str(self.row.get("tracking_number") or "").split(",")
        return [number.strip() for number in told if number.strip()]

    @property
    def status(self) -> str:
        """Return the status it has."""
        return str(self.row.get("status") or "").upper()


@hookimpl
def write_shipments(connection: Connection[Settings], shipments: Sequence[Shipment]) -> list[Outcome]:
    """Add the tracking numbers to each order; one whose last piece was sent becomes shipped."""
    if not connection.settings.experimental_shipments:
        raise SettingsError(
            f"{connection.name}: JOOR is told of shipments only with experimental_shipments = true; "
            "read docs/channels/joor.md first"
        )
    parcels: dict[str, list[Shipment]] = {}
    for shipment in shipments:
        if identity := _order_id(shipment):
            parcels.setdefault(identity, []).append(shipment)
    known = list(parcels)
    outcomes: dict[str, Outcome] = {}
    for first in range(0, len(known), BATCH):
        outcomes |= _tell(connection, {one: parcels[one] for one in known[first : first + BATCH]})
    return [outcomes[identity] if (identity := _order_id(one)) else _nameless(one) for one in shipments]


def _order_id(shipment: Shipment) -> str | None:
    """Return JOOR's id of the order a shipment is for: the end of the key a pipeline has delivered it under."""
    _, colon, identity = (shipment.order_key or "").rpartition(":")
    return identity or None if colon else None


def _nameless(shipment: Shipment) -> Refused:
    return Refused(
        reason="needs_person",
        message=f"{shipment.label}: it does not say which order of JOOR's it is for",
        fix="only orders that a pipeline from JOOR has delivered carry the key this needs",
    )


def _tell(connection: Connection[Settings], parcels: Mapping[str, Sequence[Shipment]]) -> dict[str, Outcome]:
    client = connection.once(Client)
    try:
        rows = client.order_rows(list(parcels))
    except UnavailableError as error:
        return {identity: NotSent(message=str(error), retry_after=error.retry_after) for identity in parcels}
    orders = {identity: _Order(identity, row, parcels[identity]) for identity, row in rows.items()}
    outcomes: dict[str, Outcome] = {identity: _gone(identity) for identity in parcels if identity not in orders}
    changes: dict[str, dict[str, str]] = {}
    for identity, order in orders.items():
        answer = _change(order)
        if isinstance(answer, dict):
            changes[identity] = answer
        else:
            outcomes[identity] = answer
    if changes:
        written = client.mark_orders(list(changes.values()), "what was shipped", "tracking number and status")
        for identity, outcome in zip(changes, written, strict=True):
            outcomes[identity] = _remarked(orders[identity], outcome)
    return outcomes


def _change(order: _Order) -> dict[str, str] | Outcome:
    """Return the row that tells JOOR what it does not have, or the outcome when there is none to send."""
    if order.status not in _OPEN:
        text = (
            f"order {order.id} is {order.status.lower() or 'in an unknown state'} in JOOR, and something of it was sent"
        )
        return Refused(reason="needs_person", message=text, fix="look at the order in JOOR")
    sent = [parcel for parcel in order.parcels if parcel.status in _ON_ITS_WAY]
    gone = {number for parcel in order.parcels if parcel.status == "cancelled" for number in parcel.tracking_numbers}
    fresh = [number for parcel in sent for number in parcel.tracking_numbers]
    numbers = list(dict.fromkeys([one for one in order.had if one not in gone or one in fresh] + fresh))
    status = "SHIPPED" if _all_sent(order, sent) else order.status
    if numbers == order.had and status == order.status:
        return AlreadyThere(receipt=Receipt(id=order.id, number=order.id))
    return {"id": order.id, "status": status, "tracking_number": _SEPARATOR.join(numbers)}


def _all_sent(order: _Order, sent: Sequence[Shipment]) -> bool:
    """Return whether nothing of the order is left: its source says so, or these parcels have all its pieces."""
    if any(parcel.custom_fields.get("order_status") == "shipped" for parcel in sent):
        return True
    pieces, ordered = sum(line.quantity for parcel in sent for line in parcel.lines), order.row.get("quantity")
    return isinstance(ordered, int) and 0 < ordered <= pieces


def _remarked(order: _Order, outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Accepted) or "tracking_number" in order.row:
        return outcome
    remark = "JOOR does not show which tracking numbers an order has, so earlier ones may be gone"
    return Accepted(receipt=outcome.receipt.model_copy(update={"remarks": (remark,)}))


def _gone(identity: str) -> Refused:
    fix = "check that account_id is the account the orders come from"
    return Refused(reason="refused", message=f"JOOR does not know order {identity}", fix=fix)


@hookimpl(specname="accepts")
def accepts_shipments(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what a shipment needs before JOOR is told of it."""
    if kind != "shipments" or not connection.settings.experimental_shipments:
        return None
    return {"type": "object", "required": ["order_key"], "properties": {"order_key": {"pattern": ":"}}}
