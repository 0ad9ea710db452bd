"""What holds for a destination that tells what it would refuse: it is right about it, and does nothing."""

from __future__ import annotations

from typing import Any

from ...exchange import Delivery
from ...records import Order, Refused
from .base import Checks
from .delivering import unknown_item
from .faults import DONE, worded
from .stage import Line, attempt, needs


class Probing(Checks):
    """What is true of `probe_orders`."""

    @needs("probe_orders")
    def test_one_answer_per_order(self) -> None:
        """None, one and several orders give one answer each, a refusal or None, in their order."""
        line = self.stage().open()
        assert _probed(line) == [], "probe_orders must return an empty list for no orders, where it can tell anything"
        assert not line.calls, "probe_orders must ask nothing when it is asked about nothing"
        good, bad = self.sample_order(0), unknown_item(self.sample_order(1))
        for orders in ([good], [good, bad, self.sample_order(2)], [bad, good]):
            answers = _probed(self.stage().open(), *orders)
            assert len(answers) == len(orders), f"probe_orders must answer for each of {len(orders)}; got {answers!r}"
            odd = [one for one in answers if one is not None and not isinstance(one, Refused)]
            assert not odd, f"probe_orders answers with Refused or None; it gave {odd[0]!r}"
            alone = [_probed(self.stage().open(), order)[0] is None for order in orders]
            assert [one is None for one in answers] == alone, (
                f"answers must come in the order of the orders; alone they are taken: {alone}, together {answers!r}"
            )

    @needs("probe_orders")
    def test_probing_changes_nothing(self) -> None:
        """Asking about orders leaves the account as it is, whatever the answers are."""
        stage = self.stage()
        before = stage.state()
        orders = [self.sample_order(0), unknown_item(self.sample_order(1)), _newcomer(self.sample_order(2))]
        _probed(stage.open(), *orders)
        stage.settle()
        after = stage.state()
        differing = sorted(name for name in before if before[name] != after[name])
        assert not differing, f"probe_orders must change nothing; it has changed {', '.join(differing)}"

    @needs("probe_orders", "deliver_orders")
    def test_a_probe_says_what_a_delivery_does(self) -> None:
        """What would be taken is not called refused, and what is refused for an unknown item was foreseen."""
        for order in (self.sample_order(0), unknown_item(self.sample_order(1))):
            stage = self.stage()
            foreseen = _probed(stage.open(), order)[0]
            done: Any = attempt(lambda stage=stage, order=order: stage.open().deliver(Delivery(order, "kit.0")))  # type: ignore[misc]
            became: Any = done[0] if isinstance(done, list) else done
            assert not (foreseen and isinstance(became, DONE)), (
                f"probe_orders must not refuse what is taken; it said {worded(foreseen)}"
            )
            surprise = foreseen is None and isinstance(became, Refused) and became.reason == "unknown_item"
            assert not surprise, f"probe_orders must foresee a refusal that does not depend on luck: {worded(became)}"


def _probed(line: Line, *orders: Order) -> list[Any]:
    answers: Any = line.call("probe_orders", orders=list(orders))
    assert isinstance(answers, list), f"probe_orders must return a list; it gave {answers!r}"
    return answers


def _newcomer(order: Order) -> Order:
    """Return the order of a customer nobody knows."""
    who = {"account_code": "KIT-NEW", "name": "Kit Newcomer", "email": "newcomer@example.com"}
    return order.model_copy(update={"customer": order.customer.model_copy(update=who)})
