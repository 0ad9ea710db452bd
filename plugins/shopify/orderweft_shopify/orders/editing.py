"""Orders that are in the store: brought to the form they have at their source now, or cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from orderweft import (
    Accepted,
    AlreadyThere,
    Connection,
    NotSent,
    OrderCancellation,
    OrderUpdate,
    Outcome,
    Refused,
    RejectedError,
    TemplateError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    hookimpl,
)

from ..client import RefusalError
from ..client.edits import Editor
from ..config import Settings
from ..mapping import differences, to_receipt
from ..mapping.edits import to_edit
from .desk import Desk, HeldError

T = TypeVar("T")

_UNTOUCHED = ("UNFULFILLED", "FULFILLMENT_NOT_REQUIRED")
_BY_HAND = "look at it in Shopify and agree with whoever packs it"


@hookimpl
def update_orders(connection: Connection[Settings], updates: Sequence[OrderUpdate]) -> list[Outcome] | None:
    """Change quantities, lines, note, purchase order and attributes of orders of which nothing was sent yet."""
    return _each(_update, connection, updates)


@hookimpl
def cancel_orders(connection: Connection[Settings], cancellations: Sequence[OrderCancellation]) -> list[Outcome] | None:
    """Cancel orders of which nothing was sent yet; nobody is refunded, and nobody is told."""
    return _each(_cancel, connection, cancellations)


def _each(
    work: Callable[[Connection[Settings], T], Outcome], connection: Connection[Settings], orders: Sequence[T]
) -> list[Outcome] | None:
    if connection.settings.fulfil or connection.settings.location:
        return None
    return [_answered(work, connection, order) for order in orders]


def _answered(work: Callable[[Connection[Settings], T], Outcome], connection: Connection[Settings], one: T) -> Outcome:
    try:
        return work(connection, one)
    except HeldError as held:
        return held.refused
    except (RejectedError, TemplateError) as error:
        return Refused(reason="needs_person", message=str(error), fix=_BY_HAND)
    except UnavailableError as error:
        return NotSent(message=str(error), retry_after=error.retry_after)
    except UnknownOutcomeError as error:
        return Unknown(message=str(error))


def _update(connection: Connection[Settings], update: OrderUpdate) -> Outcome:
    desk, editor, gid = connection.once(Desk), connection.once(Editor), update.receipt.id
    node = editor.read(gid)
    if node is None or node["cancelledAt"]:
        what = "is not in Shopify any more" if node is None else "was cancelled in Shopify"
        return Refused(reason="needs_person", message=f"the order {what}", fix="set it to re-export if it is wanted")
    if node["lineItems"]["pageInfo"]["hasNextPage"]:
        return Refused(reason="needs_person", message="the order has too many lines to be edited", fix=_BY_HAND)
    wanted, *known = (desk.form(order, update.key) for order in (update.order, *update.known))
    edit = to_edit(node, wanted, known)
    if isinstance(edit, Refused):
        return edit
    if not edit:
        return AlreadyThere(receipt=to_receipt(node, connection.settings.domain))
    if node["displayFulfillmentStatus"] not in _UNTOUCHED and (edit.quantities or edit.added):
        return Refused(reason="needs_person", message="something of the order was sent out already", fix=_BY_HAND)
    desk.check_stock_for(update.order, edit.more)
    done = editor.apply(gid, edit)
    remarks = [] if done is None else differences(wanted.totals, done.made, update.order.currency)
    return Accepted(receipt=to_receipt(node, connection.settings.domain, remarks))


def _cancel(connection: Connection[Settings], one: OrderCancellation) -> Outcome:
    editor, domain = connection.once(Editor), connection.settings.domain
    node = editor.read(one.receipt.id)
    if node is None:
        return Refused(reason="needs_person", message="the order is not in Shopify any more", fix=_BY_HAND)
    if node["cancelledAt"]:
        return AlreadyThere(receipt=to_receipt(node, domain))
    if node["displayFulfillmentStatus"] not in _UNTOUCHED:
        return Refused(reason="needs_person", message="something of the order was sent out already", fix=_BY_HAND)
    try:
        done = editor.cancel(one.receipt.id)
    except RefusalError as refusal:
        return Refused(reason="needs_person", message=str(refusal), fix="cancel it in Shopify by hand")
    if done is None:
        return Unknown(message="Shopify has taken the cancellation and not carried it out yet")
    return Accepted(receipt=to_receipt(done, domain))
