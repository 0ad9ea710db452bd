"""Writes of stock: quantities set, adjusted, items stocked at a location."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from .call import Args, Call
from .changes import Changes
from .inventory import ON_HAND, InventoryItem, InventoryLevel, Location, stock_at
from .products import ProductVariant, index_variant
from .store import Store
from .values import Refusal, UserError

_REASONS = """
    correction cycle_count_available damaged movement_canceled movement_created movement_received movement_updated other
    promotion quality_control received reservation_created reservation_deleted reservation_updated restock safety_stock
    shrinkage
"""
LIMIT = 10**9
_SETTABLE = ("available", "on_hand")
_ADJUSTABLE = ("available", "damaged", "incoming", "quality_control", "reserved", "safety_stock")
_URI = re.compile(r"gid://[^/\s]+/[^/\s]+/\S+|(?!gid:)[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)
_STALE = "The changeFromQuantity value does not match persisted value."
Given = Mapping[str, Any]


@dataclass(frozen=True)
class InventoryChange:
    """One quantity that changed."""

    name: str
    delta: int
    item: InventoryItem
    location: Location
    ledger_document_uri: str | None = None
    quantity_after_change: None = None


@dataclass(eq=False)
class InventoryAdjustmentGroup:
    """What one call changed."""

    id: str
    created_at: datetime
    reason: str
    reference_document_uri: str | None
    all_changes: list[InventoryChange]
    app: None = None

    def changes(self, _call: Call, args: Args) -> list[InventoryChange]:
        """Return the changes, or those asked for."""
        items, places, names = (args.get(name) for name in ("inventoryItemIds", "locationIds", "quantityNames"))
        return [
            change
            for change in self.all_changes
            if (items is None or change.item.id in items)
            and (places is None or change.location.id in places)
            and (names is None or change.name in names)
        ]


@dataclass(frozen=True)
class _Entry:
    """One entry of a batch, found in the shop."""

    index: int
    given: Given
    item: InventoryItem
    location: Location

    @property
    def level(self) -> InventoryLevel | None:
        return self.item.levels.get(self.location.id)

    def stored(self, name: str) -> int:
        return self.level.quantity(name) if self.level else 0


@dataclass(frozen=True)
class _Batch:
    """The entries of one call: where they stand in the input, and which type they have."""

    given: Given
    list_name: str
    type_name: str

    @property
    def name(self) -> str:
        return str(self.given["name"])

    def path(self, index: int, *inner: str) -> tuple[str, ...]:
        return ("input", self.list_name, str(index), *inner)

    def check_keys(self) -> None:
        """Refuse the call when an entry leaves `changeFromQuantity` out, which null does not."""
        if any("changeFromQuantity" not in each for each in self.given[self.list_name]):
            message = f"{self.type_name} must include the following argument: changeFromQuantity."
            raise Refusal(message, "INVALID_FIELD_ARGUMENTS")


class StockMutations(Changes):
    """The mutations of stock."""

    def inventory_set_quantities(self, call: Call, args: Args) -> SimpleNamespace:
        """Set what is available or on hand; all entries or none."""
        batch = _Batch(args["input"], "quantities", "InventoryQuantityInput")
        batch.check_keys()
        return self._keys.once(call, "inventorySetQuantities", args, lambda: self._set(batch))

    def inventory_adjust_quantities(self, call: Call, args: Args) -> SimpleNamespace:
        """Change a quantity by so much; all entries or none."""
        batch = _Batch(args["input"], "changes", "InventoryChangeInput")
        batch.check_keys()
        return self._keys.once(call, "inventoryAdjustQuantities", args, lambda: self._adjust(batch))

    def inventory_activate(self, call: Call, args: Args) -> SimpleNamespace:
        """Stock an item at a location."""
        return self._keys.once(call, "inventoryActivate", args, lambda: self._activate(args))

    def _set(self, batch: _Batch) -> SimpleNamespace:
        entries, problems = self._found(batch)
        if batch.name not in _SETTABLE:
            message = "The quantity name must be either 'available' or 'on_hand'."
            problems.append(UserError(message, ("input", "name"), "INVALID_NAME"))
        problems += _duplicates(batch, entries)
        for entry in entries:
            problems += _out_of_range(batch, entry, "quantity", entry.given["quantity"])
            if batch.name == "on_hand" and entry.given["quantity"] < 0:
                path = batch.path(entry.index, "quantity")
                problems.append(UserError("The quantity can't be negative.", path, "INVALID_QUANTITY_NEGATIVE"))
        return self._finish(batch, entries, problems, lambda entry: entry.given["quantity"] - entry.stored(batch.name))

    def _adjust(self, batch: _Batch) -> SimpleNamespace:
        entries, problems = self._found(batch)
        if batch.name not in _ADJUSTABLE:
            message = f"The quantity name must be one of: {', '.join(_ADJUSTABLE)}."
            problems.append(UserError(message, ("input", "name"), "INVALID_QUANTITY_NAME"))
        problems += _ledger_problems(batch)
        for entry in entries:
            problems += _out_of_range(batch, entry, "delta", entry.stored(batch.name) + entry.given["delta"])
        return self._finish(batch, entries, problems, lambda entry: entry.given["delta"])

    def _finish(self, batch: _Batch, entries: list[_Entry], problems: list[UserError], delta: Any) -> SimpleNamespace:
        stale = [] if problems else [entry for entry in entries if _is_stale(batch, entry)]
        if stale and self._store.switches.stale_batch == "partly":
            entries = [entry for entry in entries if entry not in stale]
        elif stale or problems:
            entries = []
        problems += [self._stale(batch, entry) for entry in stale]
        changes = [change for entry in entries for change in self._write(batch, entry, delta(entry))]
        group = None
        if changes:
            now, given = self._store.now(), batch.given
            gid = self._store.gid("InventoryAdjustmentGroup")
            group = InventoryAdjustmentGroup(gid, now, given["reason"], given.get("referenceDocumentUri"), changes)
            self._store.add(group)
        return SimpleNamespace(inventory_adjustment_group=group, user_errors=problems)

    def _found(self, batch: _Batch) -> tuple[list[_Entry], list[UserError]]:
        """Return the entries whose item and location exist, and what is wrong so far."""
        problems = list(_common_problems(batch.given))
        entries: list[_Entry] = []
        for index, given in enumerate(batch.given[batch.list_name]):
            item = self._store.find(InventoryItem, given["inventoryItemId"])
            location = self._store.find(Location, given["locationId"])
            item_path, location_path = batch.path(index, "inventoryItemId"), batch.path(index, "locationId")
            if item is None:
                message = "The specified inventory item could not be found."
                problems.append(UserError(message, item_path, "INVALID_INVENTORY_ITEM"))
            elif item.variant.requires_components:
                message = "The specified inventory item is not allowed to be adjusted via API."
                problems.append(UserError(message, item_path, "NON_MUTABLE_INVENTORY_ITEM"))
            if location is None or not location.is_active:
                message = "The specified location could not be found."
                problems.append(UserError(message, location_path, "INVALID_LOCATION"))
            elif item and self._refuses(item, location):
                message = "The specified inventory item is not stocked at the location."
                problems.append(UserError(message, location_path))
            if item and location:
                entries.append(_Entry(index, given, item, location))
        return entries, problems

    def _refuses(self, item: InventoryItem, location: Location) -> bool:
        level = item.levels.get(location.id)
        return self._store.switches.unstocked_location == "refused" and not (level and level.is_active)

    def _stale(self, batch: _Batch, entry: _Entry) -> UserError:
        where = self._store.switches.stale_field
        path = batch.path(entry.index, *(["changeFromQuantity"] if where == "quantity" else []))
        return UserError(_STALE, None if where == "none" else path, "CHANGE_FROM_QUANTITY_STALE")

    def _write(self, batch: _Batch, entry: _Entry, delta: int) -> Iterator[InventoryChange]:
        """Change a quantity; those of items that are not tracked are not kept."""
        if not entry.item.tracked:
            return
        level, ledger = stock_at(self._store, entry.item.variant, entry.location), entry.given.get("ledgerDocumentUri")
        level.stocked = True
        if not delta:
            return
        part = "available" if batch.name == "on_hand" else batch.name
        level.add(self._store.now(), **{part: delta})
        index_variant(self._store, entry.item.variant)
        yield InventoryChange(part, delta, entry.item, entry.location, ledger)
        if part in ON_HAND:
            yield InventoryChange("on_hand", delta, entry.item, entry.location, ledger)

    def _activate(self, args: Args) -> SimpleNamespace:
        item = self._store.find(InventoryItem, args["inventoryItemId"])
        location = self._store.find(Location, args["locationId"])
        wanted = {name: args[name] for name in ("available", "onHand") if args.get(name) is not None}
        if item is None or location is None or not location.is_active:
            which = "inventory item" if item is None else "location"
            return _level(None, f"The {which} could not be found.", "inventoryItemId" if item is None else "locationId")
        level = item.levels.get(location.id)
        if level and level.is_active:
            what = "available" if "available" in wanted else "on hand"
            message = f"Not allowed to set {what} quantity when the item is already active at the location."
            return _level(None, message, next(iter(wanted))) if wanted else _level(level)
        level = activate(self._store, item.variant, location)
        if wanted:
            target = wanted.get("available", wanted.get("onHand", 0) - level.quantity("on_hand") + level.available)
            level.add(self._store.now(), available=target - level.available)
        return _level(level)


def activate(store: Store, variant: ProductVariant, location: Location) -> InventoryLevel:
    """Stock a variant at a location; quantities from before come back."""
    level = stock_at(store, variant, location)
    level.stocked, level.updated_at = True, store.now()
    index_variant(store, variant)
    return level


def _level(level: InventoryLevel | None, problem: str = "", field: str = "") -> SimpleNamespace:
    return SimpleNamespace(inventory_level=level, user_errors=[UserError(problem, (field,))] if problem else [])


def _common_problems(given: Given) -> Iterator[UserError]:
    if given["reason"] not in _REASONS.split():
        yield UserError("The specified reason is invalid.", ("input", "reason"), "INVALID_REASON")
    reference = given.get("referenceDocumentUri")
    if reference is not None and not _URI.fullmatch(reference):
        message = "The specified reference document is invalid."
        yield UserError(message, ("input", "referenceDocumentUri"), "INVALID_REFERENCE_DOCUMENT")


def _duplicates(batch: _Batch, entries: list[_Entry]) -> Iterator[UserError]:
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        pair = (entry.item.id, entry.location.id)
        if pair in seen:
            message = "The combination of inventoryItemId and locationId must be unique."
            yield UserError(message, batch.path(entry.index), "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")
        seen.add(pair)


def _out_of_range(batch: _Batch, entry: _Entry, field: str, quantity: int) -> Iterator[UserError]:
    if quantity > LIMIT:
        message = "The total quantity can't be higher than 1,000,000,000."
        yield UserError(message, batch.path(entry.index, field), "INVALID_QUANTITY_TOO_HIGH")
    if quantity < -LIMIT:
        message = "The total quantity can't be lower than -1,000,000,000."
        yield UserError(message, batch.path(entry.index, field), "INVALID_QUANTITY_TOO_LOW")


def _is_stale(batch: _Batch, entry: _Entry) -> bool:
    expected = entry.given["changeFromQuantity"]
    return expected is not None and expected != entry.stored(batch.name)


def _ledger_problems(batch: _Batch) -> Iterator[UserError]:
    ledgers = [each.get("ledgerDocumentUri") for each in batch.given["changes"]]
    for index, ledger in enumerate(ledgers):
        path = batch.path(index, "ledgerDocumentUri")
        if batch.name == "available":
            if ledger is not None:
                message = "A ledger document URI is not allowed when adjusting available."
                yield UserError(message, path, "INVALID_AVAILABLE_DOCUMENT")
        elif ledger is None:
            message = "A ledger document URI is required except when adjusting available."
            yield UserError(message, path, "INVALID_QUANTITY_DOCUMENT")
        elif ledger.startswith("gid://shopify/"):
            yield UserError(
                "Internal (gid://shopify/) ledger documents are not allowed.", path, "INTERNAL_LEDGER_DOCUMENT"
            )
        elif not _URI.fullmatch(ledger):
            yield UserError("The specified ledger document is invalid.", path, "INVALID_LEDGER_DOCUMENT")
    if len(set(ledgers) - {None}) > 1:
        message = "All changes must have the same ledger document URI."
        yield UserError(message, ("input", "changes"), "MAX_ONE_LEDGER_DOCUMENT")
