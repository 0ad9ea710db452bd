"""Shipments of a simulated store."""

from __future__ import annotations

from typing import Any

import jsonschema
import orderweft_shopify as shopify
import pytest
from orderweft import Accepted, RecordPage, Shipment
from orderweft.testing import Fault, brand

from .hand_made import HandMadeStore, connect, page_of
from .test_with_simulator import Shop, order_for
from .test_with_simulator import connect as connect_simulated

SKUS = brand.skus()


def read(shop: Shop) -> list[Shipment]:
    """Read all shipments, once the index has caught up."""
    shop.clock.sleep(30)
    return shipments_in(list(shopify.read_shipments(shop.connection)))


def shipments_in(pages: list[RecordPage]) -> list[Shipment]:
    """Return the shipments of all pages."""
    return [record for page in pages for record in page.records if isinstance(record, Shipment)]


def delivered(shop: Shop, *wanted: tuple[int, int], key: str = "joor:9001") -> str:
    """Deliver an order and return its gid."""
    outcome = shop.deliver(order_for(*wanted), key)
    assert isinstance(outcome, Accepted)
    return outcome.receipt.id


def test_a_parcel_is_told_with_everything_on_it() -> None:
    """Key and number of the order, tracking, location, items and quantities; what is not sent yet is not in it."""
    shop = Shop()
    order = delivered(shop, (0, 3), (7, 1))
    shop.simulator.ship(order, {SKUS[0].sku: 2}, tracking="JD014600", company="DHL", url="https://dhl.example/JD014600")
    [shipment] = read(shop)
    assert (shipment.order_id, shipment.order_key) == (order, "joor:9001")
    assert shipment.order_number is not None
    assert shipment.number == f"{shipment.order_number}-F1"
    assert (shipment.carrier, shipment.tracking_numbers) == ("DHL", ("JD014600",))
    assert shipment.tracking_url == "https://dhl.example/JD014600"
    assert shipment.warehouse is not None
    assert shipment.warehouse.name == "London"
    [line] = shipment.lines
    assert (line.item.barcode, line.item.sku, line.quantity) == (SKUS[0].barcode, SKUS[0].sku, 2)
    assert (line.item.style_number, line.item.color, line.item.size) == ("1001", "Navy", "XS")
    assert (shipment.status, shipment.shipped_at is not None) == ("shipped", True)


def test_each_parcel_is_a_shipment_of_its_own() -> None:
    """An order sent in two parcels has two shipments, and changed tracking changes nothing else."""
    shop = Shop()
    order = delivered(shop, (0, 3))
    [first] = shop.simulator.ship(order, {SKUS[0].sku: 1})
    shop.simulator.ship(order)
    before = read(shop)
    assert [shipment.lines[0].quantity for shipment in before] == [1, 2]
    assert before[0].tracking_numbers == ()
    shop.simulator.retrack(first, "NEW-1", company="UPS")
    after = read(shop)
    assert after[0].tracking_numbers == ("NEW-1",)
    assert [shipment.origin.id for shipment in after] == [shipment.origin.id for shipment in before]


def test_an_order_sent_to_a_location_tells_its_parcel() -> None:
    """An order that arrives fulfilled at a location has a shipment from there."""
    shop = Shop(settings={"location": "Rotterdam"})
    delivered(shop, (0, 2))
    [shipment] = read(shop)
    assert shipment.warehouse is not None
    assert (shipment.warehouse.name, shipment.lines[0].quantity) == ("Rotterdam", 2)


def test_orders_of_others_can_be_told_too() -> None:
    """Orders no pipeline delivered are left out, unless the settings want all."""
    shop = Shop()
    shop.simulator.ship(delivered(shop, (0, 1)))
    shop.clock.sleep(30)
    for wanted, found in (("delivered", 0), ("all", 1)):
        more = {"shipments": wanted, "metafield_namespace": "another"}
        connection = connect_simulated(shop.simulator, shop.clock, shop.handler, **more)
        assert len(shipments_in(list(shopify.read_shipments(connection)))) == found


def test_old_orders_are_not_asked_for() -> None:
    """Orders that have not changed for longer than the settings say are left alone."""
    shop = Shop(settings={"shipment_days": 5})
    shop.simulator.ship(delivered(shop, (0, 1)))
    assert len(read(shop)) == 1
    shop.clock.sleep(6 * 86400)
    assert read(shop) == []


def test_shipments_keep_what_is_promised() -> None:
    """Every shipment read satisfies the schema the source vouches for, and the store takes none."""
    shop = Shop()
    shop.simulator.ship(delivered(shop, (0, 1)))
    schema = shopify.provides(shop.connection, "shipments")
    assert schema is not None
    jsonschema.Draft202012Validator(schema).validate(read(shop)[0].to_data())
    assert shopify.accepts(shop.connection, "shipments") is None


def test_a_lost_answer_is_asked_for_again() -> None:
    """Reading may be repeated."""
    shop = Shop(Fault("ReadShipments", "reset_mid_body"))
    shop.simulator.ship(delivered(shop, (0, 1)))
    assert len(read(shop)) == 1


def fulfillment(**changes: Any) -> dict[str, Any]:
    """Return a fulfillment as Shopify tells it."""
    line: dict[str, Any] = {"id": "gid://1", "title": "Gone", "sku": None, "variant": None, "customAttributes": []}
    return {
        "id": "gid://shopify/Fulfillment/1",
        "name": "#1001-F1",
        "status": "SUCCESS",
        "displayStatus": "FULFILLED",
        "createdAt": "2026-11-01T08:00:00Z",
        "location": None,
        "trackingInfo": [],
        "fulfillmentLineItems": page_of([{"id": "gid://2", "quantity": 1, "lineItem": line}]),
        **changes,
    }


def store_of(*fulfillments: dict[str, Any], **answers: Any) -> HandMadeStore:
    """Return a store with one order that has these fulfillments."""
    order = {
        "id": "gid://shopify/Order/1",
        "name": "#1001",
        "test": False,
        "displayFulfillmentStatus": "PARTIALLY_FULFILLED",
        "updatedAt": "2026-11-01T08:00:00Z",
        "key": {"value": "joor:1"},
        "fulfillments": list(fulfillments),
    }
    return HandMadeStore(ReadShipments={"orders": page_of([order])}, **answers)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({}, "shipped", id="sent"),
        pytest.param({"displayStatus": "IN_TRANSIT"}, "shipped", id="on its way"),
        pytest.param({"displayStatus": "DELIVERED"}, "delivered", id="arrived"),
        pytest.param({"displayStatus": "BEAMED_UP"}, "shipped", id="a status of a later version"),
        pytest.param({"status": "CANCELLED", "displayStatus": "CANCELED"}, "cancelled", id="cancelled"),
        pytest.param({"status": "FAILURE"}, "cancelled", id="failed"),
        pytest.param({"status": "PENDING", "displayStatus": None}, "open", id="not yet"),
    ],
)
def test_the_status_of_a_parcel(change: dict[str, Any], status: str) -> None:
    """What Shopify says of a parcel makes its status; one it does not know yet does not stop the reading."""
    [page] = list(shopify.read_shipments(connect(store_of(fulfillment(**change)))))
    assert [shipment.status for shipment in shipments_in([page])] == [status]


def test_every_line_of_a_large_parcel_is_read() -> None:
    """Lines beyond the first page are asked for, and those of deleted products keep their names."""
    line = fulfillment()["fulfillmentLineItems"]["nodes"][0]
    more = {"fulfillment": {"fulfillmentLineItems": page_of([line, line])}}
    store = store_of(fulfillment(fulfillmentLineItems=page_of([line], "next")), ReadShippedLines=more)
    [shipment] = shipments_in(list(shopify.read_shipments(connect(store))))
    assert [line.item.style_name for line in shipment.lines] == ["Gone"] * 3


def test_a_parcel_that_cannot_be_read_is_told() -> None:
    """One fulfillment without a readable date is held by itself."""
    [page] = list(shopify.read_shipments(connect(store_of(fulfillment(), fulfillment(createdAt="soon")))))
    assert len(page.records) == 1
    assert [each.problem.partition(":")[0] for each in page.unread] == ["shipped_at"]


def test_an_order_with_more_parcels_than_are_read_is_told() -> None:
    """Nothing is lost silently."""
    [page] = list(shopify.read_shipments(connect(store_of(*[fulfillment()] * 50))))
    assert "more than" in page.unread[0].problem


def test_a_long_list_of_orders_is_read_to_its_end() -> None:
    """Shopify lets nobody page endlessly, so after a while the reading goes on from the last change."""
    first = {
        "id": "gid://shopify/Order/1", "name": "#1", "test": True, "updatedAt": "2026-10-20T08:00:00Z",
        "displayFulfillmentStatus": "UNFULFILLED",
        "key": None, "fulfillments": [],
    }  # fmt: skip
    pages = [{"orders": page_of([first] * 10_000, "next")}, {"orders": page_of([first])}]
    store = HandMadeStore(ReadShipments=list(pages))
    assert shipments_in(list(shopify.read_shipments(connect(store)))) == []
    assert [asked["query"] for asked in store.called("ReadShipments")] == [
        "updated_at:>='2026-10-03T09:00:00Z'",
        "updated_at:>='2026-10-20T08:00:00Z'",
    ]
