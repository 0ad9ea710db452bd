"""Orders edited or cancelled in JOOR after Shopify has them, and what Shopify ships of them; by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from orderweft.testing import Fault

from .houses import House, house

ORDERS = {"moves": "orders", "source": "joor", "destination": "shop"}
SHIPMENTS = {
    "moves": "shipments",
    "source": "shop",
    "destination": "joor",
    "destination_options": {"experimental_shipments": True},
}
NAVY_S, NAVY_M = "1001-401-S", "1001-401-M"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    """JOOR with an approved order of ten pieces, and a shop."""
    with house(tmp_path, joor={}, shop={}) as opened:
        opened.pipe("orders", ORDERS)
        opened.joor.add_order({NAVY_S: 4, NAVY_M: 6})
        yield opened


def delivered(home: House, **changes: str) -> int:
    """Deliver the order under a pipeline with these settings, and return its number."""
    home.pipe("orders", ORDERS, **changes)
    home.say("run", "orders").expect(0, "1 order delivered")
    home.clock.sleep(900)
    (number,) = home.joor.orders
    return number


def in_shop(home: House) -> dict[str | None, int]:
    """Return what the one order in the shop asks for."""
    (order,) = home.shop.orders
    return {line.sku: line.current_quantity for line in order.line_items if line.current_quantity}


def test_ex4_alert_says_what_to_change_by_hand(home: House) -> None:
    """EX4: with `alert` the run and `orders show` tell each difference, and nothing is sent."""
    number = delivered(home, on_change="alert")
    home.joor.edit(number, quantity=9)
    told = "line 1 1001-401 S: 4 -> 9"
    home.say("run", "orders").expect(0, f"change #1001 at shop by hand: {told}")
    home.say("orders", "show", str(number)).expect(0, told)
    home.say("run", "orders").expect(0)
    assert in_shop(home) == {NAVY_S: 4, NAVY_M: 6}


@pytest.mark.parametrize(
    "fault", [None, "CommitEdit", "EditQuantity"], ids=["all goes well", "no answer", "staging lost"]
)
def test_ex4_update_changes_the_order_in_shopify_once(home: House, fault: str | None) -> None:
    """EX4: with `update` an edit is made in Shopify, whatever happens on the way; S11: there is no second order."""
    number = delivered(home, on_change="update")
    home.joor.edit(number, quantity=9)
    if fault:
        home.doors["shop"].faults.append(Fault(fault, "timeout_after"))
    home.say("run", "orders").expect(0)
    assert in_shop(home) == {NAVY_S: 9, NAVY_M: 6}
    home.say("orders", "why", str(number)).expect(0, "arrived at shop as #1001")
    home.say("run", "orders").expect(0)
    assert (home.doors["shop"].calls.count("CommitEdit"), len(home.shop.orders)) == (1, 1)


def test_ex4_a_change_shopify_cannot_take_waits_for_a_person(home: House) -> None:
    """EX4: once something was sent, the edit is held with what to do; done by hand, the next try lets it go."""
    number = delivered(home, on_change="update")
    (order,) = home.shop.orders
    home.shop.ship(order.name, {NAVY_M: 1})
    home.joor.edit(number, quantity=9)
    home.say("run", "orders").expect(3, "shop cannot follow: something of the order was sent out already")
    home.joor.edit(number, quantity=4)
    home.clock.sleep(900)
    home.say("run", "orders").expect(0)


def test_ex4_a_cancellation_is_passed_on(home: House) -> None:
    """EX4: with `on_cancel = "cancel"` an order cancelled in JOOR is cancelled in Shopify, and its stock is free."""
    number = delivered(home, on_cancel="cancel")
    free = home.shop.available(NAVY_S, "London")
    home.joor.cancel(number)
    home.say("run", "orders").expect(0)
    (order,) = home.shop.orders
    assert order.cancelled_at is not None
    assert home.shop.available(NAVY_S, "London") == free + 4


def test_ex4_check_says_when_a_destination_cannot(home: House) -> None:
    """EX4: whether the pair can do it is told by `check`, for the channel and for its settings."""
    home.pipe("orders", ORDERS, on_change="update", destination_options={"fulfil": True})
    home.say("check", "--offline").expect(2, 'on_change = "update" does not work with shop')


def test_shipments_of_the_shop_reach_joor(home: House) -> None:
    """S13: parcels become tracking numbers in JOOR; the last one ships the order; the same again writes nothing."""
    number = delivered(home)
    home.pipe("shipments", SHIPMENTS)
    (order,) = home.shop.orders
    home.shop.ship(order.name, {NAVY_S: 4}, tracking="T1")
    home.clock.sleep(900)
    home.say("run", "shipments").expect(0)
    there = home.joor.orders[number]
    assert (there.status, there.tracking) == ("approved", "T1")
    home.shop.ship(order.name, {NAVY_M: 6}, tracking="T2")
    home.clock.sleep(900)
    home.say("run", "shipments").expect(0)
    assert (there.status, there.tracking) == ("shipped", "T1, T2")
    home.written()
    home.say("run", "shipments").expect(0)
    assert home.written() == 0
    home.say("run", "orders").expect(0)
