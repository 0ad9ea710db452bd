"""Parcels in the Shopify simulator: what the warehouse sends, and how it reads."""

from __future__ import annotations

from typing import Any

import pytest

from .simulated import SKU, Shop

READ = """query Shipped($q: String) { orders(first: 10, query: $q, sortKey: UPDATED_AT) { nodes {
  name displayFulfillmentStatus updatedAt
  fulfillments(first: 10) {
    id name status displayStatus createdAt updatedAt totalQuantity location { name }
    trackingInfo(first: 5) { company number url }
    fulfillmentLineItems(first: 10) { nodes { quantity lineItem { sku } } }
    fulfillmentOrders(first: 5) { nodes { status } }
  }
  fulfillmentOrders(first: 5) { nodes {
    status supportedActions { action } lineItems(first: 5) { nodes { sku totalQuantity remainingQuantity } }
  } }
} } }"""
OPEN = """query Open($closed: Boolean = false, $q: String) {
  fulfillmentOrders(first: 10, includeClosed: $closed, query: $q) { nodes { orderName status } }
}"""
OTHER = "1001-401-S"


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


def only(shop: Shop) -> dict[str, Any]:
    """Return the only order as search shows it after its delay."""
    shop.clock.sleep(5)
    (order,) = shop.data(READ, q="")["orders"]["nodes"]
    found: dict[str, Any] = order
    return found


def test_a_parcel_takes_what_was_set_aside(shop: Shop) -> None:
    """Part of an order is sent: committed and on hand fall, the rest is still to be sent."""
    order = shop.made(shop.line(4), shop.line(2, OTHER), stock="DECREMENT_OBEYING_POLICY")
    shop.clock.sleep(60)
    (parcel,) = shop.simulator.ship("#1001", {SKU: 3}, tracking="JD01", company="DHL")
    assert parcel.name == "#1001-F1"
    quantities = [shop.simulator.quantity(SKU, "London", name) for name in ("available", "committed", "on_hand")]
    assert quantities == [496, 1, 497]
    found = only(shop)
    assert found["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    (shown,) = found["fulfillments"]
    assert shown | {"id": ""} == {
        "id": "", "name": "#1001-F1", "status": "SUCCESS", "displayStatus": "FULFILLED", "totalQuantity": 3,
        "createdAt": "2026-11-02T09:01:00Z", "updatedAt": "2026-11-02T09:01:00Z", "location": {"name": "London"},
        "trackingInfo": [{"company": "DHL", "number": "JD01", "url": None}],
        "fulfillmentLineItems": {"nodes": [{"quantity": 3, "lineItem": {"sku": SKU}}]},
        "fulfillmentOrders": {"nodes": [{"status": "IN_PROGRESS"}]},
    }  # fmt: skip
    (left,) = found["fulfillmentOrders"]["nodes"]
    assert left["status"] == "IN_PROGRESS"
    assert {"action": "CREATE_FULFILLMENT"} in left["supportedActions"]
    assert [line["remainingQuantity"] for line in left["lineItems"]["nodes"]] == [1, 2]
    shop.simulator.ship(order["id"])
    found = only(shop)
    assert found["displayFulfillmentStatus"] == "FULFILLED"
    assert [parcel["name"] for parcel in found["fulfillments"]] == ["#1001-F1", "#1001-F2"]
    assert found["fulfillments"][1]["trackingInfo"] == []
    assert found["fulfillmentOrders"]["nodes"][0] | {"lineItems": None} == {
        "status": "CLOSED", "supportedActions": [], "lineItems": None,
    }  # fmt: skip


def test_one_parcel_per_location(shop: Shop) -> None:
    """What comes from two locations is sent in two parcels."""
    shop.simulator.set_stock(OTHER, "London", 0)
    shop.made(shop.line(4), shop.line(2, OTHER), stock="DECREMENT_OBEYING_POLICY")
    parcels = shop.simulator.ship("#1001", tracking="1Z", url="https://track.example/1Z")
    assert [(parcel.location.name, parcel.total_quantity) for parcel in parcels if parcel.location] == [
        ("London", 4), ("Rotterdam", 2),
    ]  # fmt: skip
    assert {parcel.tracking_info[0].url for parcel in parcels} == {"https://track.example/1Z"}


def test_stock_that_was_not_claimed_stays(shop: Shop) -> None:
    """An order that left stock alone leaves it alone when it is sent, too."""
    shop.made(shop.line(4))
    shop.simulator.ship("#1001")
    assert shop.simulator.quantity(SKU, "London", "on_hand") == 500


def test_tracking_may_change(shop: Shop) -> None:
    """A tracking number that comes later moves the parcel and its order."""
    shop.made()
    (parcel,) = shop.simulator.ship("#1001")
    before = only(shop)
    shop.clock.sleep(60)
    shop.simulator.retrack(parcel, "JD02", company="DHL")
    after = only(shop)
    assert after["fulfillments"][0]["trackingInfo"] == [{"company": "DHL", "number": "JD02", "url": None}]
    assert after["fulfillments"][0]["updatedAt"] > before["fulfillments"][0]["updatedAt"]
    assert after["updatedAt"] > before["updatedAt"]
    query = "query F($id: ID!) { fulfillment(id: $id) { name order { name } } }"
    assert shop.data(query, id=parcel.id)["fulfillment"] == {"name": "#1001-F1", "order": {"name": "#1001"}}


def test_no_more_than_was_ordered(shop: Shop) -> None:
    """The warehouse cannot send what is not there to be sent."""
    shop.made(shop.line(4))
    with pytest.raises(ValueError, match="left to send"):
        shop.simulator.ship("#1001", {SKU: 5})
    with pytest.raises(KeyError):
        shop.simulator.ship("#999")
    shop.simulator.ship("#1001")
    with pytest.raises(ValueError, match="left to send"):
        shop.simulator.ship("#1001")


def test_fulfillment_orders_of_the_shop(shop: Shop) -> None:
    """What is to be sent is listed for the whole shop; what is closed only when asked for."""
    shop.made()
    shop.made()
    shop.simulator.ship("#1001")
    shop.clock.sleep(5)
    assert shop.data(OPEN)["fulfillmentOrders"]["nodes"] == [{"orderName": "#1002", "status": "OPEN"}]
    assert len(shop.data(OPEN, closed=True)["fulfillmentOrders"]["nodes"]) == 2
    closed = shop.data(OPEN, closed=True, q="status:closed")["fulfillmentOrders"]["nodes"]
    assert closed == [{"orderName": "#1001", "status": "CLOSED"}]
