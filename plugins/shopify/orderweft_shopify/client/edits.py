"""Changing and cancelling an order that is in the store."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orderweft import ChannelError, Connection, RejectedError, UnavailableError, UnknownOutcomeError

from ..config import Settings
from ..mapping.edits import Edit
from .answers import Mutated, RefusalError
from .store import Client

_LOOKS, _PAUSE = 5, 2.0
"""How often, and after how many seconds each, it is looked whether a cancellation was carried out."""


class Editor:
    """The one who changes orders; use `connection.once(Editor)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client, self._clock = connection.once(Client), connection.clock
        self._restock = connection.settings.reserve_stock

    def read(self, gid: str) -> dict[str, Any] | None:
        """Return an order as it is now, None when it is gone."""
        node: dict[str, Any] | None = self._client.query("OrderToEdit", id=gid)["order"]
        return node

    def apply(self, gid: str, edit: Edit) -> Mutated | None:
        """Change an order and return what its lines come to, None when those stay.

        Lines are staged first, and nothing is changed before all of them could be. Raises RejectedError or
        UnavailableError when nothing was changed, UnknownOutcomeError when something may have been.
        """
        session = self._staged(gid, edit) if edit.quantities or edit.added else None
        if edit.fields:
            self._client.mutate("UpdateOrder", "order", input={"id": gid, **edit.fields})
        if session is None:
            return None
        try:
            return self._client.mutate("CommitEdit", "order", edit=session)
        except (RejectedError, ChannelError) as error:
            if not edit.fields:
                raise
            told = f"{error}; note, purchase order and attributes are changed already"
            if isinstance(error, ChannelError):
                raise UnknownOutcomeError(told, retry_after=error.retry_after) from error
            raise RejectedError(told) from error

    def cancel(self, gid: str) -> dict[str, Any] | None:
        """Cancel an order, and return it once that shows; None while it does not."""
        self._client.mutate("CancelOrder", "job", id=gid, restock=self._restock)
        for _ in range(_LOOKS):
            node = self.read(gid)
            if node is not None and node["cancelledAt"]:
                return node
            self._clock.sleep(_PAUSE)
        return None

    def _staged(self, gid: str, edit: Edit) -> str:
        """Stage the lines of *edit* in a session of their own, which is forgotten unless it is committed."""
        try:
            session = self._client.mutate("BeginEdit", "calculatedOrder", id=gid).made
            lines = {(one["variant"] or {}).get("id"): one["id"] for one in session["lineItems"]["nodes"]
                     if one["quantity"]}  # fmt: skip
            for variant, quantity in edit.quantities.items():
                if variant not in lines:
                    raise UnavailableError("the order was changed while it was read; the next try looks again")
                wanted = {"line": lines[variant], "quantity": quantity, "restock": self._restock}
                self._client.mutate("EditQuantity", "calculatedLineItem", edit=session["id"], **wanted)
            for variant, quantity in edit.added.items():
                self._add(session["id"], variant, quantity, edit)
        except UnknownOutcomeError as error:
            # whatever became of that call, it changed nothing but the session
            raise UnavailableError(str(error), retry_after=error.retry_after) from error
        return str(session["id"])

    def _add(self, session: str, variant: str, quantity: int, edit: Edit) -> None:
        made = self._client.mutate(
            "EditAdd", "calculatedLineItem", edit=session, variant=variant, quantity=quantity
        ).made
        price = (made.get("originalUnitPriceSet") or {}).get("shopMoney")
        # An edit adds a variant at the store's own price and has no way to say another.
        # https://shopify.dev/docs/api/admin-graphql/latest/mutations/orderEditAddVariant
        if price is None or Decimal(str(price["amount"])) != edit.prices[variant]:
            theirs = "no price" if price is None else f"{price['amount']} {price['currencyCode']}"
            text = f"Shopify would add a line at {theirs} instead of {edit.prices[variant]:f}"
            raise RefusalError(text, ())
