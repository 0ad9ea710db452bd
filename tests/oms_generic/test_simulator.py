"""All fakes share one door, one way to be watched and one way to be worked in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from orderweft import Request, Response
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

from . import netsuite_calls, test_cartrover, test_order_desk, test_skubana
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


def names(answer: Response, *wanted: str) -> set[str]:
    """Return which of the fields *wanted* an answer has, those of what it holds after a dot."""
    found = {f"{name}.{inner}" for name, part in answer.json().items() if isinstance(part, dict) for inner in part}
    return {*wanted} & {*answer.json(), *found}


# Bodies, and fields of answers, as the vendors' pages and public clients of them have them: apidocs.orderdesk.com,
# developers.cartrover.com, documentation.skubana.com, Oracle's help on REST records.
@pytest.mark.parametrize(
    ("system", "call", "create", "body", "answers", "find", "finds"),
    [
        ("order_desk", test_order_desk.call, "POST /orders", """
{"source_id":"JR-48213","source_name":"JOOR","email":"buyer@nordhaus.example","payment_status":"Pending",
 "folder_id":44,"shipping_method":"Ground",
 "shipping":{"company":"Nordhaus","address1":"1 Quay St","city":"Portland","state":"OR",
  "postal_code":"97201","country":"US"},
 "order_items":[{"name":"Tee Black S","code":"TEE-BLK-S","price":18.5,"quantity":12}],
 "order_metadata":{"po_number":"PO-9","joor_order":"48213"}}
""", ("status", "order.id", "order.source_id", "order.folder_id"), ("/orders", {"source_id": "JR-48213"}),
         ("status", "total_records", "records_returned", "orders")),
        ("cartrover", test_cartrover.call, "POST /cart/orders/cartrover", """
{"cust_ref":"JR-48213","cust_po_no":"PO-9","order_date":"2026-11-02","currency_code":"USD","ship_is_billing":true,
 "ship_company":"Nordhaus","ship_address_1":"1 Quay St","ship_city":"Portland","ship_state":"OR",
 "ship_zip":"97201","ship_country":"US",
 "items":[{"line_no":1,"item":"TEE-BLK-S","quantity":12,"price":18.5,"extended_amount":222.0}]}
""", ("success_code", "cust_ref", "order_number"), ("/cart/orders/status/JR-48213", {}),
         ("success_code", "response.order_status", "response.shipments")),
        ("skubana", test_skubana.call, "PUT /v1/order", """
{"salesChannelId":77,"orderNumber":"JR-48213","orderDate":"2026-11-02T09:00:00Z",
 "shipName":"Nordhaus","shipAddress1":"1 Quay St","shipCity":"Portland","shipState":"OR",
 "shipZipCode":"97201","shipCountry":"US",
 "insuranceCost":{"amount":0,"currency":"USD"},"insuredValue":{"amount":0,"currency":"USD"},
 "orderItems":[{"listingSku":"TEE-BLK-S","quantityOrdered":12,"unitPrice":{"amount":18.5,"currency":"USD"}}]}
""", ("orderId", "orderNumber", "orderStatus"),
         ("/v1.1/orders", {"orderNumber": ["JR-48213"], "salesChannelId": 77}), ()),
        ("netsuite", netsuite_calls.call, "PUT /record/v1/salesOrder/eid:JR-48213", """
{"entity":{"id":"501"},"tranDate":"2026-11-02","otherRefNum":"PO-9","memo":"JOOR 48213",
 "item":{"items":[{"item":{"id":"14"},"quantity":12,"rate":18.5}]},"custbody_joor_order":"48213"}
""", (), ("/record/v1/salesOrder/eid:JR-48213", {}), ("id", "tranId", "externalId", "entity.id", "otherRefNum")),
    ],
    ids=["order_desk", "cartrover", "skubana", "netsuite"],
)  # fmt: skip
def test_the_documented_example_is_taken_and_answered_as_documented(
    system: str, call: Callable[..., Response], create: str, body: str, answers: tuple[str, ...],
    find: tuple[str, dict[str, Any]], finds: tuple[str, ...],
) -> None:  # fmt: skip
    """A fake that took only what we send would prove nothing."""
    sim = simulator(system)
    sim.system.store.rename(sim.items["1001-401-XS"], "TEE-BLK-S")
    answer = call(sim, *create.split(), json.loads(body))
    assert answer.status in (200, 201, 204), answer.text
    if answers:
        assert names(answer, *answers) == {*answers}
    else:
        assert (answer.status, answer.body, answer.headers["location"].rpartition("/")[0]) == (
            204, b"", f"{HOST}/services/rest/record/v1/salesOrder",
        )  # fmt: skip
    [order] = sim.by_external_id["JR-48213"]
    assert [(line.quantity, str(line.price)) for line in order.lines] == [(12, "18.5")]
    there = call(sim, "GET", find[0], **find[1])
    if finds:
        assert names(there, *finds) == {*finds}
    else:
        assert [row["orderNumber"] for row in there.json()] == ["JR-48213"]


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
