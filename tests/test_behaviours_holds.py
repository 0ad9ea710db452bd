"""Held orders that release themselves at a Shopify store, as a user would see it."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from orderweft.testing import Fault

from .conftest import OpenScene
from .scenarios import Scene

PEOPLE = '[pipelines.people]\nmoves = "customers"\nsource = "joor"\ndestination = "shop"\n'
SHORT = "1010-401-S"
"""An item of which there are 3."""
ASKING = {"oauth.token", "VariantSearch", "Variants"}
"""What it takes to ask about any number of orders."""


def calls_of(opened: Scene, *words: str) -> Counter[str]:
    """Run, and return what the shop was asked meanwhile."""
    before = Counter(opened.shop_door.calls)
    opened.say("run", *words)
    return Counter(opened.shop_door.calls) - before


def restock(opened: Scene, many: int) -> None:
    """Set what there is of the short item."""
    opened.shop.set_stock(SHORT, "London", many)


def test_a_restock_releases_a_hold_within_one_cycle(open_scene: OpenScene) -> None:
    """Until the stock is there a run asks two questions and offers nothing; then the order goes out by itself."""
    opened = open_scene()
    number = opened.joor.add_order({SHORT: 4})
    opened.say("run").expect(3)
    for _ in range(2):
        opened.wait(300)
        assert calls_of(opened) == Counter(ASKING)
    restock(opened, 4)
    opened.wait(300)
    opened.say("run").expect(0, "1 order delivered")
    assert opened.delivered == [number]


def test_many_holds_are_asked_about_at_once(open_scene: OpenScene) -> None:
    """What 60 orders wait for is asked in as many calls as what one waits for."""
    opened = open_scene()
    for _ in range(60):
        opened.joor.add_order({SHORT: 4})
    opened.say("run").expect(3)
    opened.wait(300)
    assert calls_of(opened) == Counter(ASKING)


def test_stock_goes_to_the_order_with_the_first_deadline(open_scene: OpenScene) -> None:
    """Of three orders that wait for the same item, a restock that is enough for one sends the one that closes first."""
    opened = open_scene()
    windows = ["2027-03-31", "2026-12-01", "2027-01-15"]
    numbers = [opened.joor.add_order({SHORT: 4}, date_ship_end=date.fromisoformat(day)) for day in windows]
    opened.say("run").expect(3)
    restock(opened, 5)
    opened.wait(300)
    opened.say("run").expect(3, "1 order delivered", "2 orders wait")
    assert opened.delivered == [numbers[1]]


@pytest.mark.parametrize("remedy", ["the customer", "the setting"])
def test_an_unknown_customer_is_waited_for(open_scene: OpenScene, remedy: str) -> None:
    """An order held for its customer goes out once the shop has one, or may make one; asking creates none."""
    opened = open_scene(settings={"shop": {"create_customers": False}})
    number = opened.joor.add_order({"1001-401-S": 1}, customer="C108")
    opened.say("run").expect(3)
    opened.wait(300)
    assert calls_of(opened) == Counter({**dict.fromkeys(ASKING, 1), "FindCustomer": 2})
    if remedy == "the setting":
        opened.configure(shop={"create_customers": True})
    else:
        opened.configure(PEOPLE)
        opened.say("run", "people").expect(0)
        opened.wait(300)
    opened.say("run", "orders").expect(0)
    assert opened.delivered == [number]


def test_a_dry_run_is_exact(open_scene: OpenScene) -> None:
    """What the shop would refuse is shown as held, with the reason, and the rest is sure to be delivered."""
    opened = open_scene(1)
    opened.joor.add_order({SHORT: 4})
    before = Counter(opened.shop_door.calls)
    said = opened.say("run", "--dry-run")
    said.expect(0, "A run would deliver 1 order.", "not enough stock: 1010 Navy S")
    assert not {"CreateOrder", "CreateCustomer"} & set(Counter(opened.shop_door.calls) - before)


def test_a_store_that_cannot_be_asked_ends_the_run_and_loses_nothing(open_scene: OpenScene) -> None:
    """When the probe gets no answer the run fails, and the next one asks again."""
    opened = open_scene()
    opened.joor.add_order({SHORT: 4})
    opened.say("run").expect(3)
    restock(opened, 4)
    opened.wait(300)
    opened.shop_door.faults.append(Fault("VariantSearch", "timeout_before", times=100))
    opened.say("run").expect(4)
    opened.shop_door.faults.clear()
    opened.say("run").expect(0, "1 order delivered")


@pytest.mark.parametrize("days", [7, 30], ids=["not yet", "soon"])
def test_deadlines_that_approach_are_told_first(open_scene: OpenScene, days: int) -> None:
    """A run begins with the held orders whose ship window closes within urgent_days, and --json has them too."""
    opened = open_scene(settings={"orders": {"urgent_days": days}})
    number = opened.joor.add_order({SHORT: 4}, date_ship_end=date(2026, 11, 20))
    said = opened.say("run")
    assert ("held whose ship window closes soon" in said.text) == (days == 30)
    told = opened.say("run", "--json").json
    assert told["urgent"] == ([{"number": str(number), "closes": "2026-11-20"}] if days == 30 else [])
    assert told["holds"][0]["owner"] == "operations team"
