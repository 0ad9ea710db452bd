"""What holds for a destination of orders: each arrives once, whatever happens on the way."""

from __future__ import annotations

from typing import Any

from ...errors import OrderweftError, UnavailableError
from ...exchange import Delivery
from ...records import Order, Outcome, Receipt, Refused, Unknown
from .base import Checks, taken
from .faults import ALL, DONE, OUTCOMES, worded
from .samples import NOBODYS
from .stage import Stage, attempt, needs


class Delivering(Checks):
    """What is true of `deliver_orders` and `find_orders`."""

    @needs("deliver_orders")
    def test_one_outcome_per_delivery(self) -> None:
        """Batches of none, one and as many as allowed give one outcome each, in the order of the deliveries."""
        stage = self.stage()
        most = min(stage.described.limits.batch_size, 10)
        line = stage.open()
        assert line.deliver() == [], "deliver_orders must return an empty list for no deliveries"
        assert not line.calls, "deliver_orders must send nothing when there is nothing to deliver"
        for size, first in {1: 0, most: 1}.items():
            deliveries = [self.delivery(first + place) for place in range(size)]
            outcomes = stage.open().deliver(*deliveries)
            right = isinstance(outcomes, list) and len(outcomes) == size
            assert right, f"deliver_orders must return one outcome for each of {size} deliveries; it gave {outcomes!r}"
            odd = [one for one in outcomes if not isinstance(one, OUTCOMES)]
            assert not odd, f"an outcome is one of five, and nothing else; deliver_orders gave {odd[0]!r}"
            stage.settle()
            if stage.can("find_orders"):
                _in_turn(stage, deliveries, outcomes)

    @needs("deliver_orders", "find_orders")
    def test_delivered_orders_are_found(self) -> None:
        """After its lag the channel finds an order under its key, with the receipt it was delivered with."""
        stage = self.stage()
        receipt = taken(stage.open().deliver(self.delivery(0))[0], stage)
        early = attempt(lambda: stage.open().find("kit.0"))
        assert isinstance(early, UnavailableError) or "kit.0" in early or stage.seconds, (
            "find_orders must find what was delivered, at once or after settle_seconds; "
            "until it is certain it must raise UnavailableError"
        )
        stage.settle()
        found = stage.open().find("kit.0").get("kit.0")
        assert isinstance(found, Receipt), f"find_orders must find what was delivered; it gave {found!r}"
        assert found.id == receipt.id, f"find_orders must give the same id as the delivery: {receipt.id}, {found.id}"
        assert not found.pending, "once the people there have done their part, a receipt must not be pending any more"

    @needs("find_orders")
    def test_unknown_keys_are_left_out(self) -> None:
        """A key the channel does not have is left out of the answer, beside one that it has."""
        stage = self.stage()
        if stage.can("deliver_orders"):
            self.stocked(stage, 1)
        wanted = {"kit.0"} if stage.can("deliver_orders") else set()
        found = set(stage.open().find(*wanted, "kit.nobody"))
        assert found == wanted, (
            f"find_orders must leave out what is not there: asked beside kit.nobody, it gave {found}"
        )
        assert stage.open().find() == {}, "find_orders must find nothing when it is asked for nothing"

    @needs("find_orders", "deliver_orders")
    def test_looking_up_changes_nothing(self) -> None:
        """Looking keys up leaves the account as it is, known keys and unknown ones alike."""
        stage = self.stage()
        self.stocked(stage, 1)
        before = dict(stage.simulator.facts())
        stage.open().find("kit.0", "kit.nobody")
        stage.settle()
        after = dict(stage.simulator.facts())
        assert before == after, f"find_orders must change nothing; before {before}, after it {after}"

    @needs("deliver_orders")
    def test_a_key_is_honored(self) -> None:
        """An order delivered again under its key is there once: AlreadyThere, or the same receipt again."""
        stage = self.stage()
        before = count_orders(stage)
        receipt = taken(stage.open().deliver(self.delivery(0))[0], stage)
        stage.settle()
        again = stage.open().deliver(self.delivery(0))[0]
        stage.settle()
        assert count_orders(stage) == before + 1, (
            f"deliver_orders must create each order once under its key; delivered twice it is there "
            f"{count_orders(stage) - before} times"
        )
        same = isinstance(again, DONE) and again.receipt.id == receipt.id
        assert same, f"a key that is known must be answered with the receipt there is; it gave {worded(again)}"

    @needs("deliver_orders")
    def test_another_key_is_another_order(self) -> None:
        """The same order under another key is a new order, for that is what a person means by exporting it again."""
        stage = self.stage()
        before = count_orders(stage)
        first = taken(stage.open().deliver(self.delivery(0, "kit.a"))[0], stage)
        stage.settle()
        second = taken(stage.open().deliver(self.delivery(0, "kit.b"))[0], stage)
        stage.settle()
        assert first.id != second.id, "two keys are two orders; they got one receipt"
        assert count_orders(stage) == before + 2, f"two keys are two orders; {count_orders(stage) - before} are there"

    @needs("deliver_orders")
    def test_a_refused_order_is_not_there(self) -> None:
        """An order that is refused was not written, and takes none of its neighbors with it."""
        stage = self.stage()
        before, bad = count_orders(stage), unknown_item(self.sample_order(1))
        deliveries = [self.delivery(0), Delivery(bad, "kit.1"), self.delivery(2)]
        outcomes: list[Outcome] = []
        size = stage.described.limits.batch_size
        for start in range(0, 3, size):
            made = attempt(lambda start=start: stage.open().deliver(*deliveries[start : start + size]))  # type: ignore[misc]
            refused = Refused(reason="refused", message="raised")
            outcomes += [refused] if isinstance(made, OrderweftError) else made
        stage.settle()
        assert isinstance(outcomes[0], DONE), f"a good order must pass beside a bad one; got {worded(outcomes[0])}"
        assert isinstance(outcomes[2], DONE), f"a good order must pass behind a bad one; got {worded(outcomes[2])}"
        expected = before + 2 + isinstance(outcomes[1], DONE)
        if not isinstance(outcomes[1], Unknown):
            assert count_orders(stage) == expected, (
                f"Refused and NotSent mean that nothing was written; the bad order was {worded(outcomes[1])}, "
                f"and {count_orders(stage) - before} orders are there"
            )

    @needs("deliver_orders", "find_orders", http=True)
    def test_never_twice_never_lost(self) -> None:
        """After any fault at any call, looking up and sending again as the host does leaves exactly one order."""
        stage = self.stage()
        line = stage.open()
        line.deliver(self.delivery(0))
        names = ("no answer, all done", "no answer, nothing done")
        for call in range(1, len(line.calls) + 1):
            for name in names:
                stage = self.stage()
                before = count_orders(stage)
                spoilt = stage.open(ALL[name].at("*", call))
                attempt(lambda spoilt=spoilt: spoilt.deliver(self.delivery(0)))  # type: ignore[misc]
                stage.settle()
                if "kit.0" not in stage.open().find("kit.0"):
                    attempt(lambda stage=stage: stage.open().deliver(self.delivery(0)))  # type: ignore[misc]
                    stage.settle()
                count = count_orders(stage) - before
                assert count == 1, (
                    f"after {name} at call {call} ({line.calls[call - 1]}), looking up and sending again must leave "
                    f"one order; there are {count}"
                )


def count_orders(stage: Stage) -> int:
    """Return how many orders the simulator counts."""
    facts = stage.simulator.facts()
    assert "orders" in facts, "the simulator of a destination of orders must count them in facts() as `orders`"
    return facts["orders"]


def _in_turn(stage: Stage, deliveries: list[Delivery], outcomes: list[Outcome]) -> None:
    found = stage.open().find(*(delivery.key for delivery in deliveries))
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        there: Any = found.get(delivery.key)
        receipt = taken(outcome, stage)
        assert there is not None, f"find_orders must find each of {len(deliveries)} deliveries; one is not there"
        assert there.id == receipt.id, "outcomes must come in the order of the deliveries; receipts are mixed up"


def unknown_item(order: Order) -> Order:
    """Return *order* with an item on its first line that nobody has."""
    return order.model_copy(update={"lines": (order.lines[0].model_copy(update=NOBODYS), *order.lines[1:])})
