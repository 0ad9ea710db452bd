"""All fakes share one door, one way to be watched and one way to be worked in."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from orderweft import Request
from orderweft.testing import Simulator as Protocol
from orderweft.testing import brand
from orderweft_oms_generic.simulator import (
    SYSTEMS,
    Simulator,
    cartrover,
    in_house,
    netsuite_switches,
    order_desk,
    skubana,
)

from .calls import HOST, simulator

SWITCHES = {
    "order_desk": order_desk.Switches,
    "cartrover": cartrover.Switches,
    "skubana": skubana.Switches,
    "netsuite": netsuite_switches.Switches,
    "in_house": in_house.Switches,
}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_is_a_simulator(system: str) -> None:
    """It names operations, answers, has credentials and counts its orders."""
    sim: Protocol = simulator(system)
    unknown = Request("GET", f"{HOST}/nowhere")
    assert sim.operation(unknown) == "unknown"
    assert sim.handle(unknown).status in (400, 401)
    assert sim.settings()
    assert sim.facts() == {"orders": 0}


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_knows_the_brand(system: str) -> None:
    """Its items, barcodes and stock are the sample brand's, and all but the last two customers."""
    sim = simulator(system)
    assert {sku: item.barcode for sku, item in sim.items.items()} == {sku.sku: sku.barcode for sku in brand.skus()}
    assert sim.stock["1001-401-S", "MAIN"] == 500
    assert sim.stock["1010-401-S", "MAIN"] == 3
    assert list(sim.customers) == [buyer.code for buyer in brand.buyers()][:-2]


@pytest.mark.parametrize("system", SYSTEMS)
def test_people_ship_and_cancel(system: str) -> None:
    """Shipping takes from the stock and leaves the rest of the order open; what is cancelled cannot be shipped."""
    sim = simulator(system)
    order = sim.add_order("A-1", {"1001-401-S": 4, "1001-401-M": 6})
    sim.ship("A-1", "T-1", pieces={"1001-401-S": 3})
    assert sim.stock["1001-401-S", "MAIN"] == 497
    assert [line.open for line in order.lines] == [1, 6]
    sim.ship(order, "T-2")
    assert order.shipped
    assert sim.facts()["shipments"] == 2
    other = sim.add_order("A-2", {"1001-401-S": 4})
    sim.cancel(other)
    with pytest.raises(ValueError, match="cancelled"):
        sim.ship(other, "T-3")


def test_the_same_external_id_of_another_channel_is_no_duplicate() -> None:
    """Orders are counted twice by channel and external id together."""
    sim = simulator("order_desk")
    for channel in ("Shopify", "Amazon"):
        sim.add_order("A-1", {"1001-401-S": 1}, channel=channel)
    assert len(sim.by_external_id["A-1"]) == 2
    assert "ordered twice" not in sim.facts()


@pytest.mark.parametrize(
    ("switches", "error"),
    [({"system": "nowhere"}, ValueError), ({"nothing": True}, TypeError), ({"ids": "roman"}, ValueError)],
    ids=["system", "switch", "value"],
)
def test_a_switch_that_does_not_exist_is_an_error(switches: dict[str, Any], error: type[Exception]) -> None:
    """A misspelt system, switch or value is told at once."""
    with pytest.raises(error):
        Simulator(**switches)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_switch_is_documented(system: str) -> None:
    """Each switch is explained where the system is."""
    text = SYSTEMS[system].__doc__ or ""
    assert [name for name in get_type_hints(SWITCHES[system]) if f"`{name}`" not in text] == []
