"""All a channel can be asked to do, for checks of what holds whatever it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from ...exchange import Acknowledgement, Kind, OrderCancellation, OrderUpdate
from ...records import Receipt
from .base import Checks
from .stage import KINDS, READING, WRITING, Line, Stage

Work = Callable[[Line], Any]
"""Calls a hook over a line; what it returns is the channel's word, and nothing when that is the caller's own data."""


def works(kit: Checks, stage: Stage) -> Mapping[str, Work]:
    """Return a way to call each hook the account can use, by its name; what they need is prepared."""
    usable = stage.usable
    made: dict[str, Work] = {"check_connection": lambda line: line.call("check_connection")}
    made |= {READING[kind]: _reading(kind) for kind in KINDS}
    made |= {WRITING[kind]: _writing(kit, stage, kind) for kind in KINDS if _can_write(usable, kind)}
    made |= _rereading(stage) if "fetch_orders" in usable else {}
    made |= _changing(kit, stage) if "deliver_orders" in usable else {}
    made["find_orders"] = lambda line: line.find("kit.0", "kit.nobody")
    made["probe_orders"] = lambda line: line.call("probe_orders", orders=[kit.sample_order(0)])
    return {hook: work for hook, work in made.items() if hook in usable}


def _can_write(usable: frozenset[str], kind: Kind) -> bool:
    return WRITING[kind] in usable and (kind != "shipments" or "deliver_orders" in usable)


def _reading(kind: Kind) -> Work:
    def read(line: Line) -> None:
        line.pages(kind)

    return read


def _writing(kit: Checks, stage: Stage, kind: Kind) -> Work:
    if kind == "orders":
        numbers = count(50)
        return lambda line: line.deliver(kit.delivery(next(numbers)))
    records = kit.samples(kind, stage, 1)
    return lambda line: line.write(kind, records)


def _rereading(stage: Stage) -> dict[str, Work]:
    items = [item for page in stage.open().orders() for item in page.items if item.order][:1]
    receipt = Receipt(id="R", number="R")
    told = [Acknowledgement(item.id, item.number, True, "It arrived.", receipt) for item in items]

    def reread(line: Line) -> None:
        for item in items:
            if item.payload:
                line.call("reread_order", payload=item.payload)

    return {"reread_order": reread, "acknowledge_orders": lambda line: line.acknowledge(*told)}


def _changing(kit: Checks, stage: Stage) -> dict[str, Work]:
    receipts, order, other = kit.stocked(stage, 2), kit.sample_order(0), kit.delivery(1)
    first = order.lines[0].model_copy(update={"quantity": order.lines[0].quantity + 1})
    more = order.model_copy(update={"lines": (first, *order.lines[1:])})
    update = OrderUpdate(more, (order,), kit.delivery(0).key, receipts[0], 2)
    cancellation = OrderCancellation(other.key, other.order.number, receipts[1])
    return {
        "update_orders": lambda line: line.call("update_orders", updates=[update]),
        "cancel_orders": lambda line: line.call("cancel_orders", cancellations=[cancellation]),
    }
