"""Orders edited or cancelled in JOOR after Shopify has them, and what Shopify ships of them; by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from orderweft.config import load_config
from orderweft.plugins import Plugins
from orderweft.serve import InTurn, Server, answer
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


def metric(home: House, name: str) -> list[str]:
    """Return the lines of a metric without its name, as a server on this configuration gives them."""
    plugins = Plugins.installed()
    server = Server(load_config(home.config, plugins), plugins, home.clock, pool=InTurn())
    lines = answer(server, "/metrics")[2].decode().splitlines()
    return [line.removeprefix(name) for line in lines if line.startswith(f"{name}{{")]


def test_ex4_alert_says_what_to_change_by_hand(home: House) -> None:
    """EX4: with `alert` the run and `orders show` tell each difference, and nothing is sent."""
    number = delivered(home, on_change="alert")
    home.joor.edit(number, quantity=9)
    told = "line 1 1001-401 S: 4 -> 9"
    home.say("run", "orders").expect(0, f"change #1001 at shop by hand: {told}")
    home.say("orders", "show", str(number)).expect(0, told, "What to do: change #1001 at shop by hand.")
    home.say("run", "orders").expect(0)
    assert in_shop(home) == {NAVY_S: 4, NAVY_M: 6}
    home.joor.cancel(number)
    home.say("run", "orders").expect(0)
    told = "It was cancelled at joor since; an order is delivered once, so the cancellation was not sent."
    home.say("orders", "why", str(number)).expect(0, told, "What to do: cancel #1001 at shop by hand.")


@pytest.mark.parametrize(
    "fault", [None, "CommitEdit", "EditQuantity"], ids=["all goes well", "no answer", "staging lost"]
)
def test_ex4_update_changes_the_order_in_shopify_once(home: House, fault: str | None) -> None:
    """EX4: with `update` an edit is made in Shopify, whatever happens on the way; S11: there is no second order."""
    number = delivered(home, on_change="update")
    home.joor.edit(number, quantity=9, order_comments="Ring first")
    if fault:
        home.doors["shop"].faults.append(Fault(fault, "timeout_after"))
    home.say("run", "orders").expect(0)
    assert in_shop(home) == {NAVY_S: 9, NAVY_M: 6}
    assert "Ring first" in str(home.shop.orders[0].note)
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
    told = "It was edited at joor since; the edit is held: something of the order was sent out already"
    home.say("orders", "why", str(number)).expect(0, told, "What to do:", f"`orderweft run --order {number}`")
    home.say("orders", "list", "--state", "held").expect(0, "change held", "#1001", "Changes held after delivery: 1.")
    [held] = home.say("orders", "list", "--json").json["held_changes"]
    assert (held["number"], held["reason"]) == (str(number), "needs_person")
    assert metric(home, "orderweft_held") == ['{pipeline="orders",reason="needs_person"} 1.0']
    home.joor.edit(number, quantity=4)
    home.clock.sleep(900)
    home.say("run", "orders").expect(0)
    assert metric(home, "orderweft_held") == []


def test_a_held_change_is_left_out_by_hand(home: House) -> None:
    """`orders skip` settles a change that stays undone: nobody is told of it again, and its history says by whom."""
    number = delivered(home, on_change="update")
    home.shop.ship(home.shop.orders[0].name, {NAVY_M: 1})
    home.joor.edit(number, quantity=9)
    home.say("run", "orders").expect(3)
    words = ("orders", "skip", str(number), "--reason", "a second order was made", "--by", "ann")
    home.say(*words).expect(0, f"Order {number}: its change after delivery is left out.")
    home.say("orders", "why", str(number)).expect(0, "the edit was not sent: a second order was made.")
    home.say("orders", "show", str(number)).expect(0, "skip by ann", "a second order was made")
    home.clock.sleep(2 * 86_400)
    home.say("run", "orders").expect(0)
    assert metric(home, "orderweft_held") == home.say("orders", "list", "--json").json["held_changes"] == []
    home.say(*words).expect(2, "is delivered; only one that still waits")


def test_a_change_in_doubt_says_so(home: House) -> None:
    """EX4: while nobody knows whether an edit has arrived, `orders why` says that it is looked up first."""
    number = delivered(home, on_change="update")
    home.joor.edit(number, quantity=9)
    home.doors["shop"].faults.append(Fault("CommitEdit", "timeout_before", times=2))
    home.say("run", "orders")
    told = "the edit was sent to shop and the answer is not known; the next run looks it up"
    home.say("orders", "why", str(number)).expect(0, told)


def test_ex4_a_cancellation_is_passed_on(home: House) -> None:
    """EX4: with `on_cancel = "cancel"` an order cancelled in JOOR is cancelled in Shopify, and its stock is free."""
    number = delivered(home, on_cancel="cancel")
    free = home.shop.available(NAVY_S, "London")
    home.joor.cancel(number)
    home.say("run", "orders").expect(0)
    (order,) = home.shop.orders
    assert order.cancelled_at is not None
    told = "It was cancelled at joor since, and then at shop."
    home.say("orders", "why", str(number)).expect(0, "arrived at shop as #1001", told)
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
