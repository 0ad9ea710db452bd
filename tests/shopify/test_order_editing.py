"""Orders that are in the store are brought to a new form, or cancelled, with the simulated store and its faults."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orderweft_shopify as shopify
import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    NotSent,
    Order,
    OrderCancellation,
    OrderUpdate,
    Outcome,
    Refused,
    Unknown,
    Window,
)
from orderweft.testing import Fault, brand

from .hand_made import KEY, lines_of
from .test_with_simulator import Shop, order_for

WRITES = ("BeginEdit", "EditQuantity", "EditAdd", "UpdateOrder", "CommitEdit", "CancelOrder")
SKUS = brand.skus()


class Store(Shop):
    """A simulated store that has one order: four pieces of SKU 0 and two of SKU 7."""

    def __init__(self, *faults: Fault, **more: Any) -> None:
        super().__init__(*faults, **more)
        self.first = order_for((0, 4), (7, 2))
        outcome = self.deliver(self.first)
        assert isinstance(outcome, Accepted)
        self.receipt = outcome.receipt

    def update(self, order: Order, *known: Order) -> Outcome:
        """Bring the order to a form."""
        update = OrderUpdate(order, known or (self.first,), KEY, self.receipt, 2)
        [outcome] = shopify.update_orders(self.connection, [update]) or []
        return outcome

    def cancel(self) -> Outcome:
        """Cancel the order."""
        cancellation = OrderCancellation(KEY, "9001", self.receipt)
        [outcome] = shopify.cancel_orders(self.connection, [cancellation]) or []
        return outcome

    def edits(self) -> list[str]:
        """Return the changes asked for, in order."""
        return [name for name in self.handler.calls if name in WRITES]

    def quantities(self) -> dict[str | None, int]:
        """Return what the order in the store asks for, by SKU."""
        [order] = self.read()
        return {line.sku: line.quantity for line in order.lines}


def at_shop_price(number: int, quantity: int) -> Order:
    """Return the order with one line more, at what the store asks for it."""
    (line,) = lines_of((number, quantity))
    price = SKUS[number].retail
    more = line.model_copy(update={"key": "9", "unit_price": price})
    return order_for(lines=(*lines_of((0, 4), (7, 2)), more))


def test_quantities_lines_and_texts_follow_once() -> None:
    """More of one line, none of the other, another day and number; the same again changes nothing."""
    store = Store()
    wanted = order_for(
        (0, 7), purchase_order="PO 2", note="Ring first", window=Window.model_validate({"start": "2027-02-01"})
    )
    assert isinstance(store.update(wanted), Accepted)
    assert store.quantities() == {SKUS[0].sku: 7}
    [there] = store.read()
    assert (there.purchase_order, str(there.window and there.window.start)) == ("PO 2", "2027-02-01")
    assert "Ring first" in (there.note or "")
    assert store.edits() == ["BeginEdit", "EditQuantity", "EditQuantity", "UpdateOrder", "CommitEdit"]
    assert isinstance(store.update(wanted), AlreadyThere)
    assert len(store.edits()) == 5
    assert isinstance(store.update(store.first, wanted), Refused)
    assert len(store.simulator.orders) == 1


def test_stock_follows_the_quantities() -> None:
    """More pieces are set aside and fewer given back, at once with the edit."""
    store = Store()
    had = store.simulator.available(SKUS[0].sku, "London")
    store.update(order_for((0, 6), (7, 2)))
    assert store.simulator.available(SKUS[0].sku, "London") == had - 2
    store.update(order_for((0, 1), (7, 2)), order_for((0, 6), (7, 2)))
    assert store.simulator.available(SKUS[0].sku, "London") == had + 3


def test_a_line_is_added_at_the_stores_price_or_not_at_all() -> None:
    """Shopify adds a variant at its own price; where the order says another one, nothing is changed."""
    store = Store()
    outcome = store.update(order_for((0, 4), (7, 2), (20, 3)))
    assert isinstance(outcome, Refused)
    assert "Shopify would add a line at" in outcome.message
    assert store.quantities() == {SKUS[0].sku: 4, SKUS[7].sku: 2}
    assert isinstance(store.update(at_shop_price(20, 3)), Accepted)
    assert store.quantities() == {SKUS[0].sku: 4, SKUS[7].sku: 2, SKUS[20].sku: 3}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"discount": Decimal("5.00")}, "the discount"),
        ({"shipping_total": Decimal("9.00")}, "the shipping cost"),
        ({"lines": tuple(line.model_copy(update={"unit_price": Decimal(1)}) for line in lines_of((0, 4), (7, 2)))},
         "the price of a line"),
    ],
    ids=["discount", "shipping", "price"],
)  # fmt: skip
def test_what_cannot_be_changed_is_left_to_a_person(fields: dict[str, Any], told: str) -> None:
    """It is named, with what to do, and nothing is changed."""
    store = Store()
    outcome = store.update(order_for((0, 4), (7, 2), **fields))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, told in outcome.message, store.edits()) == ("needs_person", True, [])


def test_more_than_there_is_holds_the_edit() -> None:
    """The stock of the pieces added is looked at, as it is for an order."""
    store = Store(settings={"check_stock": True})
    outcome = store.update(order_for((0, 100_000), (7, 2)))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, store.edits()) == ("no_stock", [])


def test_what_was_sent_out_or_cancelled_is_left_to_a_person() -> None:
    """An order is changed and cancelled only while nothing of it was sent."""
    store = Store()
    store.simulator.ship(store.receipt.number or "", {SKUS[0].sku: 1})
    for outcome in (store.update(order_for((0, 5), (7, 2))), store.cancel()):
        assert isinstance(outcome, Refused)
        assert "sent out already" in outcome.message
    other = Store()
    other.simulator.cancel_order(other.receipt.number or "")
    outcome = other.update(order_for((0, 5), (7, 2)))
    assert isinstance(outcome, Refused)
    assert "was cancelled in Shopify" in outcome.message
    assert store.edits() == other.edits() == []


def test_somebody_elses_edit_is_not_overwritten() -> None:
    """Quantities that no form of ours has were changed by somebody, and stay."""
    store = Store()
    store.update(order_for((0, 9), (7, 2)))
    outcome = store.update(order_for((0, 5), (7, 2)))
    assert isinstance(outcome, Refused)
    assert outcome.message == "its quantities were changed in Shopify meanwhile"
    assert isinstance(store.update(order_for((0, 5), (7, 2)), store.first, order_for((0, 9), (7, 2))), Accepted)


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_mid_body"])
@pytest.mark.parametrize("operation", ["BeginEdit", "EditQuantity", "UpdateOrder", "CommitEdit"])
def test_an_answer_that_is_lost_is_made_good_by_the_next_try(operation: str, kind: Any) -> None:
    """Staging changes nothing; after the rest the order is read back, and the edit is there once."""
    store = Store(Fault(operation, kind))
    wanted = order_for((0, 5), (7, 2), purchase_order="PO 2")
    outcome = store.update(wanted)
    assert isinstance(outcome, NotSent if operation in ("BeginEdit", "EditQuantity") else Unknown)
    again = store.update(wanted)
    arrived = operation == "CommitEdit" and kind != "timeout_before"
    assert isinstance(again, AlreadyThere if arrived else Accepted), again
    assert store.quantities() == {SKUS[0].sku: 5, SKUS[7].sku: 2}


@pytest.mark.parametrize("texts", [True, False], ids=["texts-changed", "lines-only"])
def test_a_commit_that_is_put_off_leaves_a_doubt_where_texts_were_changed(texts: bool) -> None:
    """Only where nothing was changed is it said so; the next try makes good what is missing."""
    store = Store(Fault("CommitEdit", "refuse", times=100))
    wanted = order_for((0, 5), (7, 2), **({"purchase_order": "PO 2"} if texts else {}))
    outcome = store.update(wanted)
    assert isinstance(outcome, Unknown if texts else NotSent), outcome
    assert ("are changed already" in outcome.message) is texts
    store.handler.faults.clear()
    assert isinstance(store.update(wanted), Accepted)
    assert store.quantities() == {SKUS[0].sku: 5, SKUS[7].sku: 2}


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_cancellation_is_done_once(kind: Any) -> None:
    """The receipt says so, stock comes back, and a lost answer is looked up."""
    store = Store(Fault("CancelOrder", kind))
    had = store.simulator.available(SKUS[0].sku, "London")
    assert isinstance(store.cancel(), Unknown)
    store.clock.sleep(60)
    again = store.cancel()
    assert isinstance(again, AlreadyThere if kind == "timeout_after" else Accepted)
    assert again.receipt.cancelled
    assert store.simulator.available(SKUS[0].sku, "London") == had + 4


def test_orders_that_arrive_fulfilled_are_never_edited() -> None:
    """With a location or `fulfil` there is no time in which an order could be changed, and the channel says so."""
    shop = Shop(settings={"fulfil": True})
    assert shopify.update_orders(shop.connection, []) is None
    assert shopify.cancel_orders(shop.connection, []) is None
    assert shopify.update_orders(Shop().connection, []) == []
