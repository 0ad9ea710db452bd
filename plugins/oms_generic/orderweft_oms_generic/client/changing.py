"""Orders that are there: brought to the form they have at their source now, or cancelled, as the profile says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from orderweft import (
    Accepted,
    AlreadyThere,
    Connection,
    NotSent,
    Order,
    OrderCancellation,
    OrderUpdate,
    Outcome,
    Receipt,
    Refused,
    RejectedError,
    TemplateError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    order_differences,
)

from ..config import Settings
from ..mapping import with_codes
from ..profiles.answers import find_result, raw_found
from ..profiles.calls import key_of, scope
from ..profiles.expressions import compiled
from ..profiles.model import Cancelling, Editing
from ..profiles.tree import render
from . import Client

T = TypeVar("T", OrderUpdate, OrderCancellation)


class Editor:
    """The one who changes orders of one account; use `connection.once(Editor)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._settings, self._profile = connection.settings, connection.settings.system
        self._client = connection.once(Client)

    @property
    def update(self) -> Editing | None:
        """Return how orders are changed, None where nothing says so or a setting it needs is not given."""
        update = None if self._profile.orders is None else self._profile.orders.update
        return update if self._can(update) else None

    @property
    def cancel(self) -> Cancelling | None:
        """Return how orders are cancelled, None where nothing says so or a setting it needs is not given."""
        cancel = None if self._profile.orders is None else self._profile.orders.cancel
        return cancel if self._can(cancel) else None

    def _can(self, change: Cancelling | None) -> bool:
        return change is not None and all(self._settings.texts.get(name) for name in change.settings)

    def bring(self, update: OrderUpdate) -> Outcome:
        """Bring one order to its new form."""
        return self._told(self._bring, update)

    def call_off(self, one: OrderCancellation) -> Outcome:
        """Cancel one order."""
        return self._told(self._call_off, one)

    def _told(self, change: Callable[[T], Outcome], one: T) -> Outcome:
        try:
            return change(one)
        except (TemplateError, RejectedError) as error:
            return self._by_hand(str(error))
        except UnavailableError as error:
            return NotSent(message=str(error), retry_after=error.retry_after)
        except UnknownOutcomeError as error:
            return Unknown(message=str(error))

    def _bring(self, update: OrderUpdate) -> Outcome:
        edit = self.update
        assert edit is not None
        kept = update.known[0].model_copy(update={name: getattr(update.order, name) for name in edit.covers})
        if others := order_differences(kept, update.order):
            return self._by_hand(f"the system is told of {', '.join(edit.covers)} only; {'; '.join(others[:5])}")
        context, receipt = self._there(update.key)
        if receipt is None or receipt.cancelled:
            gone = "is not there any more" if receipt is None else "was cancelled there"
            return self._by_hand(f"the order {gone}")
        has = render(edit.has, context, f"{self._profile.id} orders.update.has")
        wanted, *known = (self._wanted(edit, order, context) for order in (update.order, *update.known))
        if has == wanted:
            return AlreadyThere(receipt=receipt)
        if has not in known:
            return self._by_hand(f"it was changed in {self._profile.title} meanwhile")
        return self._send(edit, {**context, "order": self._data(update.order), "wanted": wanted}, receipt)

    def _call_off(self, one: OrderCancellation) -> Outcome:
        cancel = self.cancel
        assert cancel is not None
        context, receipt = self._there(one.key)
        if receipt is None:
            return self._by_hand("the order is not there any more")
        if receipt.cancelled:
            return AlreadyThere(receipt=receipt)
        return self._send(cancel, context, receipt.model_copy(update={"cancelled": True}))

    def _there(self, delivery_key: str) -> tuple[dict[str, Any], Receipt | None]:
        """Read an order back; return what can be named of it, and its receipt where it is there."""
        orders = self._profile.orders
        assert orders is not None
        assert orders.find is not None
        key = key_of(self._profile, delivery_key, self._settings.texts)
        context: dict[str, Any] = {"settings": self._settings.texts, "key": key}
        answer = self._client.read(orders.find.call, context)
        if answer is None:
            return context, None
        found = find_result(self._profile, orders.find, answer.body, answer.headers, context)
        if found is None:
            return context, None
        context["found"] = raw_found(self._profile, orders.find, answer.body, answer.headers, context)
        return scope(self._profile, context), Receipt(id=found.id, number=found.number, cancelled=found.cancelled)

    def _wanted(self, edit: Editing, order: Order, context: dict[str, Any]) -> Any:
        return render(edit.wants, {**context, "order": self._data(order)}, f"{self._profile.id} orders.update.wants")

    def _data(self, order: Order) -> dict[str, Any]:
        return with_codes(order.to_data(), self._settings)

    def _send(self, change: Cancelling, context: dict[str, Any], receipt: Receipt) -> Outcome:
        if not compiled(change.open).holds(context):
            return self._by_hand(f"it has gone too far in {self._profile.title} to be changed")
        verdict = self._client.write(change.call, context).verdict
        if verdict.is_ in ("credentials", "settings"):
            raise self._client.failure(verdict)
        if verdict.is_ in ("ok", "already_there"):
            return Accepted(receipt=receipt)
        if verdict.is_ == "unknown":
            return Unknown(message=verdict.message)
        if verdict.is_ in ("throttled", "not_applied"):
            return NotSent(message=verdict.message, retry_after=verdict.wait)
        return self._by_hand(verdict.message)

    def _by_hand(self, message: str) -> Refused:
        fix = f"change the order in {self._profile.title} by hand; the next try compares both"
        return Refused(reason="needs_person", message=message, fix=fix)
