"""Orders in Order Desk are changed or cancelled, as its profile says; other profiles say nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
import pytest
from orderweft import Accepted, AlreadyThere, Order, OrderCancellation, OrderUpdate, Outcome, Refused, Unknown
from orderweft.testing import Fault

from .hooks import Bench, order_of

KEY = "joor:9000001"
CANCELLED = {"values": {"cancelled_folder": "47"}}


class Desk(Bench):
    """Order Desk with one order."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.first = order_of()
        outcome = self.deliver(self.first)
        assert isinstance(outcome, Accepted), outcome
        self.receipt = outcome.receipt

    def update(self, order: Order, *known: Order) -> Outcome:
        """Bring the order to a form."""
        update = OrderUpdate(order, known or (self.first,), KEY, self.receipt, 2)
        [outcome] = oms.update_orders(self.reconnected(), [update]) or []
        return outcome

    def cancel(self) -> Outcome:
        """Cancel the order."""
        cancellation = OrderCancellation(KEY, "9000001", self.receipt)
        [outcome] = oms.cancel_orders(self.reconnected(), [cancellation]) or []
        return outcome

    def quantities(self) -> list[int]:
        """Return what the one order asks for."""
        [order] = self.sim.orders.values()
        return [line.quantity for line in order.lines]


def edited(order: Order, *quantities: int, **fields: Any) -> Order:
    """Return *order* with other quantities; lines for which there is none are gone."""
    lines = (one.model_copy(update={"quantity": many}) for one, many in zip(order.lines, quantities, strict=False))
    return order.model_copy(update={"lines": tuple(lines), **fields})


def test_quantities_and_lines_follow_once(tmp_path: Path) -> None:
    """The whole order goes back with other items; the same again writes nothing, somebody else's edit stays."""
    desk = Desk(tmp_path, "order_desk")
    wanted = edited(desk.first, 5)
    assert isinstance(desk.update(wanted), Accepted)
    assert desk.quantities() == [5]
    assert isinstance(desk.update(wanted), AlreadyThere)
    assert isinstance(desk.update(edited(desk.first, 7, 7)), Refused)
    assert isinstance(desk.update(desk.first, wanted), Accepted)
    assert desk.quantities() == [2, 3]
    assert desk.door.calls.count("order.update") == 2


def test_what_the_profile_does_not_carry_waits_for_a_person(tmp_path: Path) -> None:
    """An edit of anything but the lines is not taken for done."""
    desk = Desk(tmp_path, "order_desk")
    outcome = desk.update(edited(desk.first, 5, 3, note="Ring first"))
    assert isinstance(outcome, Refused)
    assert outcome.message == "the system is told of lines only; note changed"
    assert desk.quantities() == [2, 3]


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_lost_answer_is_read_back(tmp_path: Path, kind: Any) -> None:
    """What came of it shows at the next try, which ends where it should."""
    desk = Desk(tmp_path, "order_desk")
    desk.door.faults.append(Fault("order.update", kind))
    assert isinstance(desk.update(edited(desk.first, 5, 3)), Unknown)
    again = desk.update(edited(desk.first, 5, 3))
    assert isinstance(again, AlreadyThere if kind == "timeout_after" else Accepted)
    assert desk.quantities() == [5, 3]


def test_an_order_is_cancelled_by_its_folder(tmp_path: Path) -> None:
    """It is moved to the folder the settings name; there it is found cancelled, and not edited any more."""
    desk = Desk(tmp_path, "order_desk", {}, CANCELLED)
    outcome = desk.cancel()
    assert isinstance(outcome, Accepted), outcome
    assert outcome.receipt.cancelled
    assert isinstance(desk.cancel(), AlreadyThere)
    assert isinstance(desk.update(edited(desk.first, 5, 3)), Refused)


def test_a_profile_that_says_nothing_of_it_cannot(tmp_path: Path) -> None:
    """Where a profile has no `update` or `cancel`, or a setting for it is not given, the channel says so."""
    assert oms.update_orders(Bench(tmp_path, "cartrover").connection, []) is None
    assert oms.cancel_orders(Bench(tmp_path, "cartrover").connection, []) is None
    assert oms.cancel_orders(Bench(tmp_path, "order_desk").connection, []) is None
    assert oms.update_orders(Bench(tmp_path, "order_desk").connection, []) == []
