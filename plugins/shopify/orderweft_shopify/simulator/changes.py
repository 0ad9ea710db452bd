"""What the root mutation fields work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .idempotency import Keys
from .metafields import Metafields
from .product_set import ProductSetter
from .store import Store

if TYPE_CHECKING:
    from .bulk import BulkOperations


class Changes:
    """The parts of the shop that mutations change."""

    def __init__(self, store: Store, metafields: Metafields, keys: Keys, bulk: BulkOperations) -> None:
        self._store = store
        self._metafields = metafields
        self._keys = keys
        self._bulk = bulk
        self._setter = ProductSetter(store, metafields)
