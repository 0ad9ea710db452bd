"""Stock quantities: read what is there, set them under a key that makes repeating harmless."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from orderweft import ChannelError, Connection, UnavailableError, UnknownOutcomeError

from ..config import Settings
from .answers import Mutated, RefusalError, ThrottledError
from .store import Client

TRIES = 3
"""How often a call is sent with one and the same key."""
_PAUSE = 2.0
_AT_ONCE = 100
_RUNNING, _FAILED = {"IDEMPOTENCY_CONCURRENT_REQUEST"}, {"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"}


class Stored(NamedTuple):
    """What the store has of one item at one location."""

    tracked: bool
    quantity: int | None
    """None when the item is not stocked there."""


class Change(NamedTuple):
    """One quantity to be set, and what it has to be until then."""

    item: str
    location: str
    quantity: int
    stored: int | None


class Quantities:
    """The quantities of one store; use `connection.once(Quantities)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._client = connection.once(Client)
        self._clock = connection.clock
        self._name = connection.settings.quantity_name

    def read(self, items: Sequence[str], location: str) -> dict[str, Stored]:
        """Return what is stored of *items* at *location*; an item that is gone is left out."""
        found: dict[str, Stored] = {}
        # A hundred stay below the 1,000 points a query may cost even if each id is charged for.
        for start in range(0, len(items), _AT_ONCE):
            batch = items[start : start + _AT_ONCE]
            nodes = self._client.listed("StockAt", "items", batch, location=location, names=[self._name])
            found |= {
                node["id"]: Stored(node["tracked"], self._count(node["inventoryLevel"])) for node in nodes if node
            }
        return found

    def activate(self, item: str, location: str) -> int | None:
        """Stock *item* at *location* and return its quantity there."""
        sent = {"item": item, "location": location, "names": [self._name]}
        return self._count(self._keyed("ActivateItem", "inventoryLevel", lambda key: sent).made)

    def set(self, changes: Sequence[Change]) -> Mutated:
        """Set all quantities in one call; raises RefusalError when none was set.

        Makes nothing when nothing was to be changed; problems beside what was made tell that some were not set.
        """
        quantities = [
            {
                "inventoryItemId": change.item,
                "locationId": change.location,
                "quantity": change.quantity,
                "changeFromQuantity": change.stored,
            }
            for change in changes
        ]

        def sent(key: str) -> dict[str, Any]:
            # It shows in the item's history: https://shopify.dev/docs/api/admin-graphql/latest/mutations/inventorySetQuantities
            uri = f"gid://orderweft/StockUpdate/{key}"
            values = {"name": self._name, "reason": "correction", "referenceDocumentUri": uri, "quantities": quantities}
            return {"input": values}

        return self._keyed("SetQuantities", "inventoryAdjustmentGroup", sent)

    def _keyed(self, operation: str, gives: str, sent: Callable[[str], dict[str, Any]]) -> Mutated:
        """Send a call under a new key, and under the same one again when it is not known what became of it."""
        key, doubt = str(uuid.uuid4()), ""
        for left in range(TRIES - 1, -1, -1):
            try:
                if left < TRIES - 1:
                    self._clock.sleep(_PAUSE)
                return self._client.mutate(operation, gives, nothing_is_fine=True, **sent(key), key=key)
            except RefusalError as refusal:
                if refusal.codes == _FAILED:
                    # Nothing was done under this key, and nothing ever will be.
                    key, doubt = str(uuid.uuid4()), ""
                    if not left:
                        raise UnavailableError(str(refusal), retry_after=60) from refusal
                elif refusal.codes == _RUNNING:
                    doubt = str(refusal)
                else:
                    raise
            except ChannelError as error:
                if isinstance(error, UnknownOutcomeError):
                    doubt = str(error)
                elif not doubt and not (left and isinstance(error, ThrottledError)):
                    raise
        raise UnknownOutcomeError(doubt)

    def _count(self, level: Mapping[str, Any] | None) -> int | None:
        if not level or not level["isActive"]:
            return None
        return next((int(entry["quantity"]) for entry in level["quantities"] if entry["name"] == self._name), None)
