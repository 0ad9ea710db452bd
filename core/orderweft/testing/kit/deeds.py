"""All that a channel can be asked to change: what to do with each hook, and how to see that it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...exchange import Acknowledgement, Kind, OrderCancellation, OrderUpdate
from ...records import AlreadyThere, Order, Receipt
from .base import Checks
from .delivering import count_orders
from .faults import DONE, Commit, commits
from .stage import RECORD_KINDS, WRITING, Line, Stage, fetched_texts
from .writing import seen

RECORDS: dict[str, Kind] = {WRITING[kind]: kind for kind in RECORD_KINDS}
"""The hooks that write records, with the kind each writes."""
_CHANGES = {"update_orders": "updates", "cancel_orders": "cancellations"}
_NAMES = {
    "deliver_orders": "deliveries",
    **_CHANGES,
    "acknowledge_orders": "acknowledgements",
    **{hook: {"inventory": "levels", "catalog": "products"}.get(kind, kind) for hook, kind in RECORDS.items()},
}
HOOKS = tuple(_NAMES)
"""Every hook that changes something."""
MOST = 3
"""As many things as one call is tried with."""


@dataclass(frozen=True)
class Deed:
    """Something to do by one hook, on an account of its own."""

    stage: Stage
    hook: str
    things: Sequence[Any]

    def do(self, line: Line, things: Sequence[Any]) -> Any:
        """Call the hook with *things*."""
        more = {"mode": "update"} if self.hook == "write_inventory" else {}
        return line.call(self.hook, **{_NAMES[self.hook]: list(things)}, **more)

    def outcomes(self, line: Line) -> Sequence[Any]:
        """Do all of it and return an outcome each; whatever is raised is the outcome of all."""
        try:
            made = self.do(line, self.things)
        except Exception as error:  # a stranger's hook may raise anything
            made = error
        self.stage.settle()
        right = isinstance(made, list) and len(made) == len(self.things)
        return made if right else [made] * len(self.things)

    def look(self) -> Any:
        """Return what can be seen of what it changes."""
        if self.hook in RECORDS:
            return seen(self.stage, RECORDS[self.hook])
        if self.hook == "deliver_orders":
            return count_orders(self.stage)
        orders = self.hook in _CHANGES and self.stage.can("fetch_orders")
        return dict(self.stage.simulator.facts()), fetched_texts(self.stage.open().orders()) if orders else []

    def is_whole(self, after: Any) -> bool:
        """Return whether what is seen of it is what is seen *after* it was done, where all of it can be seen."""
        return self.hook not in _CHANGES and bool(self.look() == after)

    def is_done(self, thing: Any) -> bool:
        """Return whether *thing* was done before: again, it is there already or changes nothing."""
        before = self.look()
        (answer,) = self.do(self.stage.open(), [thing])
        self.stage.settle()
        # the form of an order may not be seen from outside, but a change has to read back first
        unseen = self.hook in _CHANGES or not isinstance(answer, DONE)
        return isinstance(answer, AlreadyThere) or (not unseen and self.look() == before)


def prepared(kit: Checks, hook: str, count: int) -> Deed:
    """Set up an account on which *hook* has *count* things to do."""
    stage = kit.stage()
    if hook == "deliver_orders":
        return Deed(stage, hook, [kit.delivery(number) for number in range(count)])
    if hook in _CHANGES:
        receipts = kit.stocked(stage, count)
        return Deed(stage, hook, [_change(kit, hook, number, receipt) for number, receipt in enumerate(receipts)])
    if hook == "write_shipments":
        return Deed(stage, hook, kit.samples("shipments", stage, count))
    if hook == "acknowledge_orders" and stage.can("deliver_orders"):
        kit.stocked(stage, MOST)
    channel: Any = type(kit)
    return Deed(stage, hook, _same(channel, hook)[:count])


def size_of(stage: Stage, hook: str) -> int:
    """Return how many things one call of *hook* is tried with: as many as it takes, up to a few."""
    limits = stage.described.limits
    return min(MOST, limits.batch_sizes.get(RECORDS[hook], MOST) if hook in RECORDS else limits.batch_size)


@dataclass(frozen=True)
class Course:
    """How a deed goes when nothing goes wrong."""

    calls: Sequence[str]
    """The operations asked for."""
    writes: Sequence[Commit]
    """The calls that changed something."""
    after: Any
    """What is seen of it at the end."""

    @property
    def harmless(self) -> set[str]:
        """Return the operations that change nothing."""
        return set(self.calls) - {one.operation for one in self.writes}


def course(kit: Checks, hook: str, count: int) -> Course:
    """Do *count* things by *hook* without faults, and tell how it went; it goes the same each time."""
    channel: Any = type(kit)
    return _course(channel, hook, count)


@cache
def _course(kit: Any, hook: str, count: int) -> Course:
    deed = prepared(kit(), hook, count)
    known = {one.operation for one in _course(kit, hook, 1).writes} if count > 1 else ()
    found, line = commits(deed.stage, lambda line: deed.do(line, deed.things), deed.look, known)
    if not found and hook == "update_orders":
        said = [place for place, one in enumerate(line.exchanges, 1) if one.is_write and one.method != "GET"]
        found = [Commit(line.calls[place - 1], line.calls[:place].count(line.calls[place - 1])) for place in said]
    assert found, f"{hook} must change what can be seen of the account: the counts in facts(), or what is read"
    deed.stage.settle()
    return Course(tuple(line.calls), tuple(found), deed.look())


@cache
def _same(kit: Any, hook: str) -> Sequence[Any]:
    """Return what is written or acknowledged on any account; to read for it can take long."""
    stage = kit.stage()
    if hook in RECORDS:
        return tuple(kit().samples(RECORDS[hook], stage, MOST))
    if stage.can("deliver_orders"):
        kit().stocked(stage, MOST)
    items = [item for page in stage.open().orders() for item in page.items if item.order][:MOST]
    return tuple(Acknowledgement(one.id, one.number, True, "It arrived.", Receipt(id="R", number="R")) for one in items)


def _change(kit: Checks, hook: str, number: int, receipt: Receipt) -> Any:
    order, key = kit.sample_order(number), kit.delivery(number).key
    if hook == "cancel_orders":
        return OrderCancellation(key, order.number, receipt)
    return OrderUpdate(more(order, 3), (order,), key, receipt, 2)


def more(order: Order, pieces: int) -> Order:
    """Return *order* with so many pieces more of its first line."""
    line = order.lines[0].model_copy(update={"quantity": order.lines[0].quantity + pieces})
    return order.model_copy(update={"lines": (line, *order.lines[1:])})
