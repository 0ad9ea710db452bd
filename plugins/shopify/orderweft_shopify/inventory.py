"""Stock of a Shopify store: read it, set it, and tell whether it is enough for an order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orderweft import (
    Accepted,
    AlreadyThere,
    ChannelError,
    Connection,
    NotSent,
    OrderLine,
    Outcome,
    Reason,
    Receipt,
    RecordPage,
    Refused,
    SettingsError,
    StockLevel,
    TemplateError,
    Unknown,
    UnknownOutcomeError,
    Unread,
    WriteMode,
    hookimpl,
)

from .catalog import Catalog, Variant
from .client import Change, Locations, Place, Problem, Products, Quantities, RefusalError
from .config import Settings
from .mapping import Source, Styles, to_levels

WRITTEN_AT_ONCE = 250
"""Entries one call may have: https://shopify.dev/docs/api/usage/limits"""
ROUNDS = 3
"""How often levels that change meanwhile are read again."""
_STALE = frozenset({"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"})
_FOR_ALL = frozenset({"input.name", "input.reason", "input.referenceDocumentUri"})
_REASONS: Mapping[str, Reason] = {
    "INVALID_INVENTORY_ITEM": "unknown_item",
    "INVALID_LOCATION": "invalid_field",
    "INVALID_QUANTITY_NEGATIVE": "invalid_field",
    "INVALID_QUANTITY_TOO_HIGH": "invalid_field",
    "INVALID_QUANTITY_TOO_LOW": "invalid_field",
}
_ENTRY = re.compile(r"\bquantities\.(\d+)\b")


@dataclass(frozen=True, slots=True)
class Shortage:
    """One item an order wants more of than there is."""

    line: OrderLine
    """The first line that asks for it."""
    wanted: int
    """By all lines of the order together."""
    available: int


def shortages(
    pairs: Iterable[tuple[OrderLine, Variant]], location: str | None, taken: Mapping[str, int]
) -> list[Shortage]:
    """Return what is not available in the wanted quantity at *location*, or at all locations together.

    What is *taken* of a variant, by its id, is not available any more.
    """
    wanted: Counter[str] = Counter()
    first: dict[str, tuple[OrderLine, Variant]] = {}
    for line, variant in pairs:
        wanted[variant.id] += line.quantity
        first.setdefault(variant.id, (line, variant))
    return [
        Shortage(line, wanted[variant.id], available)
        for line, variant in first.values()
        if variant.limited
        and (
            available := sum(count for place, count in variant.levels if location in (None, place))
            - taken.get(variant.id, 0)
        )
        < wanted[variant.id]
    ]


def is_shortage(problem: Problem) -> bool:
    """Return whether Shopify says that there is too little stock."""
    # Reported from a live store: code INVALID, "Line items Unable to reserve inventory".
    return problem.code == "INVENTORY_CLAIM_FAILED" or "reserve inventory" in problem.message.lower()


@hookimpl
def read_inventory(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield the levels of all tracked items at all wanted locations."""
    settings = connection.settings
    styles, source = Styles(settings), Source(connection.channel, connection.name)
    places = connection.once(Locations).read()
    whole, untracked = True, 0
    for nodes, last in connection.once(Products).read("stock"):
        records: list[StockLevel] = []
        unread: list[Unread] = []
        for node in nodes:
            try:
                found = list(to_levels(styles.read(node), source, settings, places))
            except TemplateError as error:
                found = [Unread(node["id"], node["title"], str(error))]
            records += [level for level in found if isinstance(level, StockLevel)]
            unread += [level for level in found if isinstance(level, Unread)]
            untracked += found.count(None)
        whole = whole and not unread
        told = f"items whose stock Shopify does not track are left out: {untracked} (untracked)"
        warnings = (told,) if last and untracked else ()
        yield RecordPage(tuple(records), tuple(unread), complete=last and whole, warnings=warnings)


@hookimpl
def write_inventory(connection: Connection[Settings], levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    """Set levels, each only if it still is what was read right before."""
    if mode == "overwrite":
        text = 'Shopify has no call that clears all stock that is not named; use write_mode = "update"'
        raise SettingsError(text)
    return _Writing(connection, levels).outcomes()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One level on its way into the store."""

    index: int
    """Where it stands in the call."""
    label: str
    quantity: int
    place: Place
    item: str = ""
    stored: int | None = None
    """What the store has; None when the item is not stocked at the place."""
    activated: bool = False

    @property
    def change(self) -> Change:
        """Return what is sent of it."""
        return Change(self.item, self.place.id, self.quantity, self.stored)


class _Writing:
    """One call of `write_inventory`."""

    def __init__(self, connection: Connection[Settings], levels: Sequence[StockLevel]) -> None:
        self._settings = connection.settings
        self._quantities = connection.once(Quantities)
        self._catalog = connection.once(Catalog)
        self._locations = connection.once(Locations)
        self._levels = levels
        self._outcomes: dict[int, Outcome] = {}
        self._wrote = False
        """Whether anything may have been changed; from then on an error is an outcome."""

    def outcomes(self) -> list[Outcome]:
        """Write all levels and return what became of each."""
        entries = self._without_twins(self._with_items(self._wanted()))
        for start in range(0, len(entries), WRITTEN_AT_ONCE):
            try:
                self._send(self._stocked(self._compared(entries[start : start + WRITTEN_AT_ONCE])))
            except ChannelError as error:
                if not self._wrote:
                    raise
                unsent = NotSent(message=str(error), retry_after=error.retry_after)
                for entry in entries[start:]:
                    self._outcomes.setdefault(entry.index, unsent)
                break
        return [self._outcomes[index] for index in range(len(self._levels))]

    def _wanted(self) -> list[_Entry]:
        """Return the levels Shopify has a place for."""
        entries = []
        for index, level in enumerate(self._levels):
            place = self._locations.of(level.warehouse)
            if level.bucket != "immediate" or level.quantity is None:
                self._outcomes[index] = self._dateless(level)
            elif isinstance(place, str):
                fix = "map the warehouse to the name of a location, or set stock_location"
                self._refuse(index, "invalid_field", f"{level.label}: {place}", fix)
            else:
                entries.append(_Entry(index, level.label, level.quantity, place))
        return entries

    def _dateless(self, level: StockLevel) -> Outcome:
        what = "made-to-order stock" if level.bucket == "made_to_order" else "stock for a later day"
        text = f"Shopify keeps no {what}"
        if self._settings.future_stock == "drop":
            return Accepted(receipt=Receipt(id=level.identity, remarks=(f"{text}; it was left out (future_stock)",)))
        fix = 'send only what is there now, or set future_stock = "drop"'
        return Refused(reason="invalid_field", message=f"{level.label}: {text}", fix=fix)

    def _with_items(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Return the entries whose item is exactly one variant of the store."""
        by = self._settings.item_identifier
        codes = {entry.index: getattr(self._levels[entry.index].item, by) for entry in entries}
        found = self._catalog.find([code for code in codes.values() if code], with_levels=False)
        kept = []
        for entry in entries:
            code = codes[entry.index]
            if code in found.variants:
                kept.append(replace(entry, item=found.variants[code].item))
            elif not code:
                self._refuse(entry.index, "invalid_field", f"{entry.label}: it has no {by}")
            elif code in found.ambiguous:
                fix = f"give each variant a {by} of its own"
                self._refuse(
                    entry.index, "unknown_item", f"{entry.label}: several variants have the {by} {code!r}", fix
                )
            else:
                text = f"{entry.label}: the store has no variant with the {by} {code!r}"
                self._refuse(entry.index, "unknown_item", text, f"give one product variant that {by}")
        return kept

    def _without_twins(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Return the entries that are the only one of their item and place; Shopify takes no others."""
        count = Counter((entry.item, entry.place.id) for entry in entries)
        for entry in entries:
            if count[entry.item, entry.place.id] > 1:
                text = f"{entry.label}: several levels are for this item at {entry.place.name!r}"
                self._refuse(entry.index, "invalid_field", text, "give one level for each item and location")
        return [entry for entry in entries if entry.index not in self._outcomes]

    def _compared(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Return the entries with what the store has now."""
        places = {entry.place.id: [each.item for each in entries if each.place == entry.place] for entry in entries}
        found = {place: self._quantities.read(items, place) for place, items in places.items()}
        kept = []
        for entry in entries:
            stored = found[entry.place.id].get(entry.item)
            if stored is None:
                self._refuse(entry.index, "unknown_item", f"{entry.label}: its variant is gone")
            elif not stored.tracked:
                fix = "switch the tracking of its quantity on in Shopify"
                self._refuse(entry.index, "refused", f"{entry.label}: Shopify does not track the stock of it", fix)
            else:
                kept.append(replace(entry, stored=stored.quantity))
        return kept

    def _stocked(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Return the entries once each is stocked at its place."""
        kept = []
        for entry in entries:
            label = f"{entry.label} at {entry.place.name!r}"
            if entry.stored is not None:
                kept.append(entry)
            elif not self._settings.activate:
                fix = "stock it there, or set activate"
                self._refuse(entry.index, "refused", f"{label}: the item is not stocked there", fix)
            else:
                try:
                    stored = self._quantities.activate(entry.item, entry.place.id)
                except RefusalError as refusal:
                    self._refuse(entry.index, "refused", f"{label}: {refusal}")
                    continue
                except UnknownOutcomeError as error:
                    self._outcomes[entry.index] = Unknown(message=str(error))
                else:
                    kept.append(replace(entry, stored=stored, activated=True))
                self._wrote = True
        return kept

    def _send(self, entries: Sequence[_Entry]) -> None:
        """Set all *entries*: again without those the store refuses, and again with what has changed meanwhile."""
        rounds = ROUNDS
        while entries := self._differing(entries):
            try:
                refusal = self._set(entries)
            except UnknownOutcomeError as error:
                self._settle(entries, Unknown(message=str(error)))
                self._wrote = True
                return
            if refusal is None:
                return
            left = self._without_refused(entries, refusal)
            is_stale = bool(refusal.codes & _STALE)
            rounds -= is_stale
            if not rounds:
                text = f"the stock changes faster than it can be written: {refusal}"
                self._settle(left, NotSent(message=text, retry_after=60))
                return
            # Whether a refusal of some leaves the others unwritten is not certain, so all are looked at again.
            left = self._compared(left)
            if not is_stale and len(left) == len(entries):
                half = len(left) // 2
                self._send(left[:half])
                left = left[half:]
            entries = left

    def _set(self, entries: Sequence[_Entry]) -> RefusalError | None:
        """Set all *entries* in one call, and return what the store has against some of them."""
        try:
            made = self._quantities.set([entry.change for entry in entries])
        except RefusalError as refusal:
            return refusal
        self._wrote = True
        # What names neither an entry nor a changed quantity concerns a field of the answer only.
        problems = tuple(problem for problem in made.problems if problem.field or problem.code in _STALE)
        if problems:
            return RefusalError("; ".join(map(str, problems)), problems)
        for entry in entries:
            receipt = Receipt(id=entry.item, at=(made.made or {}).get("createdAt"))
            self._outcomes[entry.index] = Accepted(receipt=receipt)
        return None

    def _differing(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Return the entries that are not yet as they should be."""
        for entry in entries:
            if entry.stored == entry.quantity:
                receipt = Receipt(id=entry.item)
                there = Accepted(receipt=receipt) if entry.activated else AlreadyThere(receipt=receipt)
                self._outcomes[entry.index] = there
        return [entry for entry in entries if entry.stored != entry.quantity]

    def _without_refused(self, entries: Sequence[_Entry], refusal: RefusalError) -> list[_Entry]:
        """Return the entries nothing is said against; none of them has been written."""
        for problem in refusal.problems:
            named = _ENTRY.search(problem.field)
            if problem.code in _STALE:
                continue
            if named and int(named[1]) < len(entries):
                told = [entries[int(named[1])]]
            else:
                told = list(entries) if len(entries) == 1 or problem.field in _FOR_ALL else []
            for entry in told:
                self._refuse(
                    entry.index, _REASONS.get(problem.code or "", "refused"), f"{entry.label}: {problem.message}"
                )
        return [entry for entry in entries if entry.index not in self._outcomes]

    def _settle(self, entries: Sequence[_Entry], outcome: Outcome) -> None:
        self._outcomes |= {entry.index: outcome for entry in entries}

    def _refuse(self, index: int, reason: Reason, message: str, fix: str | None = None) -> None:
        self._outcomes[index] = Refused(reason=reason, message=message, fix=fix)
