"""What two connections have under the same codes and names, what only one has, and which orders that would hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple, get_args

from .errors import ChannelError, InvalidRecordError, TemplateError
from .exchange import Fetched, Kind, Moved, OrderQuery, Unread
from .plugins import MOVES
from .records import Customer, Item, Named, Product, ProductColor, Sku, StockLevel
from .rules import FieldMap, SkipRules
from .runs import End

Subject = Literal["barcodes", "customers", "seasons", "warehouses", "prices", "orders"]
What = Literal["only_a", "only_b", "written", "ambiguous"]
"""The classes of difference; each folded value is in one of them at most."""
SUBJECTS: tuple[Subject, ...] = get_args(Subject)
WHATS: tuple[What, ...] = get_args(What)
CODES: tuple[Subject, ...] = ("barcodes", "customers")
"""What orders are matched by."""

_READ_BY: Mapping[Subject, tuple[Kind, ...]] = {
    "barcodes": ("catalog", "inventory"),
    "customers": ("customers",),
    "seasons": ("catalog",),
    "warehouses": ("inventory",),
    "prices": ("catalog", "customers"),
}
"""For each subject the kinds of record that tell it; the first that a connection can supply is read."""
_SHORT = 60
_MANY = 20
"""Further places a value is remembered to stand on; a placeholder may stand on all of them."""
NAMES: Mapping[Subject, str] = {
    "barcodes": "barcodes", "customers": "account codes", "seasons": "seasons", "warehouses": "warehouses",
    "prices": "price labels", "orders": "orders",
}  # fmt: skip
_LIST = {
    "barcodes": "products or stock", "customers": "customers", "seasons": "products", "warehouses": "stock",
    "prices": "prices",
}  # fmt: skip
_INVISIBLE = dict.fromkeys((0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("unicode form", lambda text: unicodedata.normalize("NFKC", text.translate(_INVISIBLE))),
    ("spaces", lambda text: "".join(text.split())),
    ("case", str.casefold),
    ("leading zeros", lambda text: text.lstrip("0") or text[-1:]),
)


def fold(value: str, *, leave: str = "") -> str:
    """Return *value* in the form all spellings of it share; the step called *leave* is left out."""
    for name, step in _STEPS:
        if name != leave:
            value = step(value)
    return value


def differing(one: str, other: str) -> str:
    """Return in what two values of the same folded form differ, such as `case and leading zeros`."""
    names = [name for name, _ in _STEPS if fold(one, leave=name) != fold(other, leave=name)]
    if not names:  # more than one step would do, as with K and the sign for kelvin
        names = [name for name, step in _STEPS if step(one) == step(other)][:1]
    return " and ".join(names) or "spelling"


class Use(NamedTuple):
    """A value where it stands."""

    value: str
    label: str
    owner: int
    """Tells it from other uses; those of one owner in one spelling are the same."""


class Values:
    """What one connection has of one subject, by folded form; of each record only a short label is kept."""

    def __init__(self) -> None:
        self.first: dict[str, Use] = {}
        self.others: dict[str, list[Use]] = {}
        self.without = 0
        """Records that have no such value."""

    def add(self, value: str | None, label: str, owner: object = None) -> None:
        """Take in *value*, which *owner* has; without one it belongs to nobody in particular."""
        if value is None:
            self.without += 1
            return
        key = fold(value)
        use = Use(value, label[:_SHORT], hash((owner, value)))
        first = self.first.setdefault(value if key == value else key, use)
        if first.owner == use.owner:
            return
        others = self.others.setdefault(key, [])
        if len(others) < _MANY and all(other.owner != use.owner for other in others):
            others.append(use)

    def uses(self, key: str) -> tuple[Use, ...]:
        """Return where the folded *key* stands."""
        first = self.first.get(key)
        return () if first is None else (first, *self.others.get(key, ()))

    def has(self, value: str) -> bool:
        """Return whether *value* stands in one place, exactly as it is spelled."""
        return sum(use.value == value for use in self.uses(fold(value))) == 1


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not once on both sides in the same spelling."""

    what: What
    uses_a: tuple[Use, ...]
    uses_b: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One subject on both sides: each folded value counts once, as the same or as one difference."""

    subject: Subject
    total_a: int
    total_b: int
    without_a: int
    without_b: int
    """Records that have no such value."""
    same: int
    differences: tuple[Difference, ...]


@dataclass(slots=True)
class Cause:
    """A code because of which orders would be held."""

    there: tuple[Use, ...]
    """Where the destination has it, however it is spelled."""
    orders: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Waiting:
    """The orders of one connection, and those of them that another could not place today."""

    source: str
    destination: str
    checked: tuple[Subject, ...]
    """The codes that could be looked at."""
    orders: int = 0
    held: int = 0
    unreadable: int = 0
    causes: dict[tuple[Subject, str], Cause] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found."""

    a: str
    b: str
    comparisons: tuple[Comparison, ...]
    waiting: tuple[Waiting, ...]
    not_compared: Mapping[Subject, str]
    """Subject → why not."""
    notes: tuple[str, ...]
    failed: bool
    """True when a channel could not be read."""

    @property
    def matches(self) -> bool:
        """Return whether nothing that was looked at differs or waits."""
        held = any(one.held or one.unreadable for one in self.waiting)
        return not held and not any(one.differences for one in self.comparisons)


def compare(subject: Subject, at_a: Values, at_b: Values) -> Comparison:
    """Compare what two connections have of one subject."""
    same = 0
    found: list[tuple[int, str, Difference]] = []
    for key in (*at_a.first, *(key for key in at_b.first if key not in at_a.first)):
        uses = at_a.uses(key), at_b.uses(key)
        what: What
        if max(map(len, uses)) > 1:
            what = "ambiguous"
        elif not all(uses):
            what = "only_a" if uses[0] else "only_b"
        elif uses[0][0].value == uses[1][0].value:
            same += 1
            continue
        else:
            what = "written"
        found.append((WHATS.index(what), key, Difference(what, *uses)))
    differences = tuple(row[2] for row in sorted(found, key=lambda row: row[:2]))
    return Comparison(subject, len(at_a.first), len(at_b.first), at_a.without, at_b.without, same, differences)


@dataclass(frozen=True, slots=True)
class Flow:
    """Where orders come from, and what is done with them on their way."""

    end: End
    map: FieldMap = field(default_factory=lambda: FieldMap({}))
    skip: SkipRules = field(default_factory=lambda: SkipRules([]))


def match_ends(
    a: End,
    b: End,
    *,
    wanted: Collection[Subject] = SUBJECTS,
    flows: Iterable[Flow] = (),
    observe: Callable[[str], None] = lambda text: None,
) -> Report:
    """Read both connections and compare the subjects *wanted*; changes nothing at either.

    Orders of a connection without a flow are read as its own settings say. What cannot be read is told in the report,
    and the rest goes on.
    """
    sides = (Side(a, observe), Side(b, observe))
    own = {flow.end.name: flow for flow in flows}
    ways = [
        (own.get(one.name) or Flow(one.end), one, other)
        for one, other in (sides, sides[::-1])
        if "orders" in wanted and _can(one.end, "orders", 0) and _can(other.end, "orders", 1)
    ]
    subjects = [subject for subject in _READ_BY if subject in wanted]
    for side, other in (sides, sides[::-1]):
        needed = [subject for subject in subjects if other.kind_of(subject)]
        side.read({*needed, *(CODES if any(there is side for _, _, there in ways) else ())})
    obstacles = {subject: why for subject in subjects if (why := _obstacle(subject, *sides))}
    compared = [subject for subject in subjects if subject not in obstacles]
    comparisons = [compare(one, sides[0].values[one], sides[1].values[one]) for one in compared]
    waiting = [one for flow, source, other in ways if (one := source.orders(flow, other)) is not None]
    for subject, why in chain(*(side.unread.items() for side in sides)):
        obstacles.setdefault(subject, why)
    if "orders" in wanted and not waiting:
        obstacles.setdefault("orders", f"no orders of {a.name} or {b.name} can be held against what the other has")
    notes, failed = (*sides[0].notes, *sides[1].notes), any(side.unread for side in sides)
    return Report(a.name, b.name, tuple(comparisons), tuple(waiting), obstacles, notes, failed)


def _can(end: End, kind: Kind, role: int) -> bool:
    """Return whether an end can read (0) or write (1) *kind*, and says so of its settings if it says anything."""
    asked = ("provides", "accepts")[role]
    return end.can(MOVES[kind][role]) and (not end.can(asked) or end.call(asked, kind=kind) is not None)


def _obstacle(subject: Subject, one: Side, other: Side) -> str | None:
    """Return why a subject cannot be compared, or None."""
    if unable := [side.name for side in (one, other) if side.kind_of(subject) is None]:
        return f"{' and '.join(unable)} cannot list {_LIST[subject]}"
    if unread := [side.unread[subject] for side in (one, other) if subject in side.unread]:
        return "; ".join(unread)
    silent = [side.name for side in (one, other) if not side.values[subject].first]
    if silent and subject not in CODES:
        return f"{' and '.join(silent)} {'names' if len(silent) == 1 else 'name'} no {NAMES[subject]}"
    return None


class Side:
    """One connection and what it told."""

    def __init__(self, end: End, observe: Callable[[str], None]) -> None:
        self.end, self.name, self._observe = end, end.name, observe
        self.values: dict[Subject, Values] = {}
        self.unread: dict[Subject, str] = {}
        """Subject → why it could not be read."""
        self.notes: list[str] = []
        self._kinds = {kind for kinds in _READ_BY.values() for kind in kinds if _can(end, kind, 0)}

    def kind_of(self, subject: Subject) -> Kind | None:
        """Return the kind of record that tells *subject* here, or None."""
        return next((kind for kind in _READ_BY[subject] if kind in self._kinds), None)

    def read(self, subjects: Collection[Subject]) -> None:
        """Read what tells *subjects*, each kind of record once; what cannot be read is noted."""
        kinds = {subject: self.kind_of(subject) for subject in _READ_BY if subject in subjects}
        for kind in dict.fromkeys(kind for kind in kinds.values() if kind is not None):
            mine = {subject: Values() for subject in kinds if kinds[subject] == kind}
            try:
                self._read(kind, mine)
            except ChannelError as error:
                self.unread |= dict.fromkeys(mine, str(error).rstrip("."))
            else:
                self.values |= mine

    def _read(self, kind: Kind, into: Mapping[Subject, Values]) -> None:
        read, complete = 0, False
        unread: list[Unread] = []
        warnings: dict[str, None] = {}
        for page in _pages(self.end, MOVES[kind][0]):
            for record in page.records:
                _add(record, into)
            read += len(page.records)
            unread += page.unread
            warnings |= dict.fromkeys(page.warnings)
            complete = page.complete
            self._observe(f"{self.name}: {read:,} records of its {kind} read")
        self.notes += [self.end.say(warning) for warning in warnings]
        if unread:
            first = f"{unread[0].label}: {unread[0].problem}"
            self.notes.append(
                f"{self.name}: records of its {kind} that cannot be read: {len(unread):,}, such as {first}"
            )
        elif not complete:
            self.notes.append(f"{self.name} did not tell its {kind} in full; what seems to be missing may be there")

    def orders(self, flow: Flow, other: Side) -> Waiting | None:
        """Look at the orders that are there today; None when they cannot be read or there is nothing to look at."""
        known = {code: other.values[code] for code in CODES if code in other.values}
        found = Waiting(self.name, other.name, tuple(known))
        seen: set[str] = set()
        try:
            for page in _pages(flow.end, "fetch_orders", query=OrderQuery(peek=True)) if known else ():
                for item in page.items:
                    if item.skip is None and item.id not in seen:
                        seen.add(item.id)
                        _weigh(item, flow, known, found)
                self._observe(f"{self.name}: {len(seen):,} orders read")
        except ChannelError as error:
            self.unread["orders"] = str(error).rstrip(".")
            return None
        return found if known else None


def _weigh(item: Fetched, flow: Flow, known: Mapping[Subject, Values], found: Waiting) -> None:
    """Count one order, and the codes because of which it would be held."""
    order = item.order
    try:
        if order is not None and flow.skip.reason(order) is not None:
            return
        order = order and flow.map.apply(order)
    except (TemplateError, InvalidRecordError):
        order = None
    found.orders += 1
    if order is None:
        found.unreadable += 1
        return
    codes: list[tuple[Subject, str | None]] = [("barcodes", line.barcode) for line in order.lines]
    codes.append(("customers", order.customer.account_code))
    lost = {(subject, code) for subject, code in codes if code and subject in known and not known[subject].has(code)}
    for subject, code in lost:
        cause = found.causes.setdefault((subject, code), Cause(known[subject].uses(fold(code))))
        cause.orders += 1
        if len(cause.examples) < 3:
            cause.examples.append(f"{order.number} ({order.customer.name or 'no name'})")
    found.held += bool(lost)


def _pages(end: End, hook: str, **arguments: Any) -> Iterator[Any]:
    with end.named():
        yield from end.call(hook, **arguments) or ()


def _add(record: Moved, into: Mapping[Subject, Values]) -> None:
    """Take out of *record* what belongs to the subjects of *into*."""
    if isinstance(record, Product):
        _add_product(record, into)
    elif isinstance(record, StockLevel):
        if (barcodes := into.get("barcodes")) is not None:
            item = record.item
            label = _label(item.style_number or item.style_identifier or item.style_name, item, item)
            barcodes.add(item.barcode, label, item.id or item.sku or label)
        _add_named(into.get("warehouses"), record.warehouse)
    elif isinstance(record, Customer):
        if (codes := into.get("customers")) is not None:
            codes.add(record.account_code, record.name, record.origin.id)
        if (prices := into.get("prices")) is not None and record.price_label:
            prices.add(record.currency and f"{record.price_label} ({record.currency})", f"of {record.label}")


def _add_product(product: Product, into: Mapping[Subject, Values]) -> None:
    style = product.style_number or product.style_identifier or product.name
    skus = [(color, sku) for color in product.colors for sku in color.skus]
    if (barcodes := into.get("barcodes")) is not None:
        for color, sku in skus:
            label = _label(style, color, sku)
            barcodes.add(sku.barcode, label, sku.id or (product.identity, label, sku.sku))
    if (prices := into.get("prices")) is not None:
        given = (product.prices, *(color.prices for color in product.colors), *(sku.prices for _, sku in skus))
        for price in chain.from_iterable(given):
            prices.add(f"{price.label or 'no label'} ({price.currency})", f"of {product.label}")
    for season in chain(product.seasons, *(color.seasons for color in product.colors)):
        _add_named(into.get("seasons"), season)


def _add_named(values: Values | None, named: Named | None) -> None:
    """Take in a name, or the code where there is no name."""
    if values is not None and named is not None and (name := named.name or named.code):
        values.add(name, f"code {named.code}" if named.code and named.code != name else "")


def _label(style: str | None, color: ProductColor | Item, size: Sku | Item) -> str:
    words = (style or size.sku, color.color or color.color_code, size.size or size.size_code)
    return " ".join(word for word in words if word)
