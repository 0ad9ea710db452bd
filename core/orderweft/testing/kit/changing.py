"""What holds for a destination that changes or cancels orders: once, absolutely, and never over others' edits."""

from __future__ import annotations

from typing import Any

from ...exchange import OrderCancellation, OrderUpdate
from ...records import AlreadyThere, Order, Receipt, Refused
from .base import Checks
from .deeds import more
from .faults import ALL, DONE, worded
from .stage import Line, attempt, needs

KEY = "kit.0"


class Changing(Checks):
    """What is true of `update_orders` and `cancel_orders`."""

    @needs("update_orders", "deliver_orders")
    def test_an_update_is_made_once(self) -> None:
        """An order is brought to its new form; that again finds it so, and there is no other order."""
        stage = self.stage()
        line = stage.open()
        assert line.call("update_orders", updates=[]) == [], "update_orders must return an empty list for no updates"
        assert not line.calls, "update_orders must send nothing when there is nothing to update"
        receipt, before = self.stocked(stage, 1)[0], stage.simulator.facts()
        answer = self._update(stage.open(), receipt, self.form(3), self.form(0))
        assert isinstance(answer, DONE) and answer.receipt.id == receipt.id, (  # noqa: PT018  the second needs the first
            f"update_orders must take other quantities and answer with the same id; it gave {worded(answer)}"
        )
        stage.settle()
        again = self._update(stage.open(), receipt, self.form(3), self.form(0))
        assert isinstance(again, AlreadyThere), (
            f"update_orders must read back first, and find an order that is as wanted; it gave {worded(again)}"
        )
        after = stage.simulator.facts()
        assert after.get("orders") == before.get("orders"), "update_orders must make no order of its own"

    @needs("update_orders", "deliver_orders")
    def test_quantities_are_set_and_not_added_to(self) -> None:
        """Several forms one after the other end in the last one, fewer pieces as well as more."""
        stage = self.stage()
        receipt, last = self.stocked(stage, 1)[0], self.form(0)
        for pieces in (3, 1, 5):
            answer = self._update(stage.open(), receipt, self.form(pieces), last)
            assert isinstance(answer, DONE), f"update_orders must take any quantity; it gave {worded(answer)}"
            last = self.form(pieces)
            stage.settle()
        answer = self._update(stage.open(), receipt, last, self.form(0))
        assert isinstance(answer, AlreadyThere), (
            f"update_orders must set quantities, never add to them; the last form is not there: {worded(answer)}"
        )

    @needs("update_orders", "deliver_orders")
    def test_others_edits_are_left_alone(self) -> None:
        """An order that is like no form it can have of ours was edited there; it is refused, and stays as it is."""
        stage = self.stage()
        receipt = self.stocked(stage, 1)[0]
        self._update(stage.open(), receipt, self.form(7), self.form(0))
        stage.settle()
        answer = self._update(stage.open(), receipt, self.form(3), self.form(0))
        assert isinstance(answer, Refused), (
            f"update_orders must refuse an order that is like none of the forms `known`; it gave {worded(answer)}"
        )
        answer = self._update(stage.open(), receipt, self.form(3), self.form(0), self.form(7))
        assert isinstance(answer, DONE), (
            f"update_orders must take an order that is like one of the forms `known`; it gave {worded(answer)}"
        )

    @needs("update_orders", "deliver_orders", http=True)
    def test_an_update_outlives_any_fault(self) -> None:
        """After any fault at any call, the same update again leaves the order as it is to be."""
        stage = self.stage()
        receipt, line = self.stocked(stage, 1)[0], stage.open()
        self._update(line, receipt, self.form(3), self.form(0))
        for call in range(1, len(line.calls) + 1):
            for name in ("no answer, all done", "no answer, nothing done"):
                stage = self.stage()
                receipt = self.stocked(stage, 1)[0]
                spoilt = stage.open(ALL[name].at("*", call))
                answer: Any = attempt(lambda: self._update(spoilt, receipt, self.form(3), self.form(0)))  # noqa: B023
                stage.settle()
                again = self._update(stage.open(), receipt, self.form(3), self.form(0))
                assert isinstance(again, DONE), (
                    f"after {name} at call {call}, update_orders must go on where it was; it gave {worded(again)}"
                )
                told = isinstance(answer, DONE) and not isinstance(again, AlreadyThere)
                assert not told, f"after {name} at call {call}, update_orders said it was done and it was not"

    @needs("cancel_orders", "deliver_orders")
    def test_a_cancellation_is_made_once(self) -> None:
        """A cancelled order says so in its receipt, at once and when it is cancelled again."""
        stage = self.stage()
        line = stage.open()
        assert line.call("cancel_orders", cancellations=[]) == [], "cancel_orders must return an empty list for none"
        assert not line.calls, "cancel_orders must send nothing when there is nothing to cancel"
        receipt = self.stocked(stage, 1)[0]
        answer = self._cancel(stage.open(), receipt)
        assert isinstance(answer, DONE), f"cancel_orders must cancel a new order; it gave {worded(answer)}"
        assert answer.receipt.cancelled, "the receipt of a cancelled order must say `cancelled`"
        stage.settle()
        again = self._cancel(stage.open(), receipt)
        assert isinstance(again, AlreadyThere), f"cancelled again, it must be AlreadyThere; it gave {worded(again)}"
        assert again.receipt.cancelled, "the receipt of an order that was cancelled before must say `cancelled`"

    @needs("cancel_orders", "deliver_orders")
    def test_only_the_order_named_is_cancelled(self) -> None:
        """Another order beside it stays, and can be cancelled later."""
        stage = self.stage()
        first, second = self.stocked(stage, 2)
        self._cancel(stage.open(), first)
        stage.settle()
        answer = self._cancel(stage.open(), second, "kit.1")
        assert isinstance(answer, DONE), f"cancel_orders must cancel any new order; it gave {worded(answer)}"
        assert not isinstance(answer, AlreadyThere), "cancel_orders must cancel the order named, and no other"

    def form(self, pieces: int) -> Order:
        """Return the first sample order with so many pieces more of its first line."""
        return more(self.sample_order(0), pieces)

    def _update(self, line: Line, receipt: Receipt, wanted: Order, *known: Order) -> Any:
        return line.call("update_orders", updates=[OrderUpdate(wanted, known, KEY, receipt, 2)])[0]

    def _cancel(self, line: Line, receipt: Receipt, key: str = KEY) -> Any:
        number = self.sample_order(0).number
        return line.call("cancel_orders", cancellations=[OrderCancellation(key, number, receipt)])[0]
