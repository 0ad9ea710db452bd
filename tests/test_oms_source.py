"""Orders that begin in an OMS: each reaches the shop once, and follows what becomes of it, by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orderweft.plugins import Plugins
from orderweft.runs import delivery_key
from orderweft.testing import Fault, Faulty, SimulatorServer, brand
from orderweft_oms_generic.simulator.rehearsal import Rehearsed
from orderweft_oms_generic.simulator.store import Order
from orderweft_shopify.simulator.orders import Order as ShopOrder

from .houses import House, house

ORDERS = {"moves": "orders", "source": "oms", "destination": "shop", "on_change": "update", "on_cancel": "cancel"}
NAVY_S, NAVY_M = "1001-401-S", "1001-401-M"
BUYER = brand.buyers()[0]


@contextmanager
def street(folder: Path) -> Iterator[tuple[House, Rehearsed]]:
    """Open a shop and the in-house system the starter's profile is for, with a pipeline of orders from there."""
    with house(folder, shop={}) as home:
        make = Plugins.installed().call("oms_generic", "simulator", settings={"profile": "rest_starter"}, folder=folder)
        sim: Rehearsed = make(clock=home.clock)
        home.simulators["oms"], home.doors["oms"] = sim, Faulty(sim)
        with SimulatorServer(home.doors["oms"]) as server:
            home.connections["oms"] = {"channel": "oms_generic", **sim.settings(), "base_url": server.url}
            home.pipe("orders", ORDERS)
            yield home, sim


def enter(sim: Rehearsed, number: str) -> Order:
    """Enter an order of ten pieces in the in-house system."""
    order = sim.add_order(number, {NAVY_S: 4, NAVY_M: 6})
    place = {"name": BUYER.name, "street": BUYER.line1, "city": BUYER.city, "zip": BUYER.postcode, "country": "GB"}
    order.fields |= {"currency": "GBP", "customer": {"code": BUYER.code, "name": BUYER.name}, "deliver_to": place}
    return order


def in_shop(home: House, entered: Order) -> ShopOrder:
    """Return the one order in the shop that an order has become."""
    [order] = home.shop.orders_by_external_id(delivery_key("oms", str(entered.id)))
    return order


def pieces(order: ShopOrder) -> dict[str | None, int]:
    """Return what an order in the shop asks for."""
    return {line.sku: line.current_quantity for line in order.line_items if line.current_quantity}


def test_orders_of_an_in_house_system_reach_the_shop_once(tmp_path: Path) -> None:
    """An answer lost at either end doubles none; an edit and a cancellation in the system are made in the shop."""
    with street(tmp_path) as (home, sim):
        entered = [enter(sim, "W-1"), enter(sim, "W-2")]
        home.say("check").expect(0, "The pair fits.")
        home.doors["oms"].faults.append(Fault("orders.read", "reset_mid_body"))
        home.doors["shop"].faults.append(Fault("CreateOrder", "timeout_after"))
        home.say("run").expect(0, "2 orders delivered")
        home.clock.sleep(900)
        home.say("run").expect(0, "0 orders delivered")
        first, second = (in_shop(home, order) for order in entered)
        assert pieces(first) == pieces(second) == {NAVY_S: 4, NAVY_M: 6}
        entered[0].lines[0].quantity = 9
        sim.move_to_folder(entered[0], "open")
        sim.cancel(entered[1])
        home.clock.sleep(900)
        home.say("run").expect(0)
        assert (pieces(first), first.cancelled_at) == ({NAVY_S: 9, NAVY_M: 6}, None)
        assert second.cancelled_at is not None
        home.say("orders", "why", "W-2").expect(0, "It was cancelled at oms since, and then at shop.")
        home.say("run", "--order", "W-1").expect(0)
        assert len(home.shop.orders) == 2
