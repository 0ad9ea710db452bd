"""The fake of Extensiv Order Manager keeps to what is known of it, and has a switch for what is not."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import Response
from orderweft.testing import FakeClock
from orderweft_oms_generic.simulator import Simulator
from orderweft_oms_generic.simulator.skubana import Skubana

from .calls import basic, bearer, request, says, simulator

NOTHING = {"amount": 0, "currency": "GBP"}
LINE = {"listingSku": "1001-401-S", "quantityOrdered": 4, "unitPrice": {"amount": 46.5, "currency": "GBP"}}
ORDER: dict[str, Any] = {
    "salesChannelId": 77,
    "orderNumber": "JR-1",
    "orderDate": "2026-11-01T09:00:00Z",
    "shipName": "Example Store Ltd",
    "shipAddress1": "12 Sample Street",
    "shipCity": "London",
    "shipCountry": "GB",
    "insuranceCost": NOTHING,
    "insuredValue": NOTHING,
    "orderItems": [LINE],
}


def quick(**switches: Any) -> Simulator:
    """Return a fake without limits."""
    return simulator("skubana", limits="off", **switches)


def call(sim: Simulator, method: str, path: str, body: Any = None, **query: Any) -> Response:
    """Send a call with the pasted token."""
    return sim.handle(request(method, path, body, bearer(sim.settings()["token"]), **query))


def order(**fields: Any) -> dict[str, Any]:
    """Return an order's body."""
    return {**ORDER, **fields}


def test_a_token_is_wanted() -> None:
    """A pasted token may do everything; another one nothing."""
    sim = quick()
    assert sim.handle(request("GET", "/v1/warehouses", headers=bearer("no"))).status == 401
    assert [row["name"] for row in says(call(sim, "GET", "/v1/warehouses"))] == ["MAIN", "EU"]


def test_a_code_is_exchanged_for_a_token_with_scopes() -> None:
    """The grant travels in the query, the app's credentials by Basic; a code works once."""
    sim = quick()
    system = sim.system
    assert isinstance(system, Skubana)
    known = sim.settings()
    query = {"grant_type": "authorization_code", "code": system.authorize("read_orders")}
    app = basic(known["app_key"], known["app_secret"])
    asked = request("POST", "/oauth/token", headers=app, **query)
    token = bearer(says(sim.handle(asked))["access_token"])
    assert sim.handle(asked).status == 400
    assert sim.handle(request("GET", "/v1.1/orders", headers=token)).status == 200
    assert sim.handle(request("PUT", "/v1/order", ORDER, token)).status == 403
    assert sim.handle(request("GET", "/v1/productstocks/total", headers=token)).status == 403


def test_put_creates_an_order_and_its_number_finds_it() -> None:
    """The answer is the order; it is found by number and channel."""
    sim = quick()
    created = says(call(sim, "PUT", "/v1/order", ORDER))
    assert (created["orderId"], created["orderStatus"]) == (33_000_001, "AWAITING_SHIPMENT")
    assert created["orderItems"][0]["product"]["masterSku"] == "1001-401-S"
    asked = request("GET", "/v1.1/orders", None, bearer(sim.settings()["token"]), orderNumber=["JR-1"])
    assert sim.operation(asked) == "order.find"
    found = says(call(sim, "GET", "/v1.1/orders", orderNumber=["JR-0", "JR-1"], salesChannelId=77))
    assert [row["orderId"] for row in found] == [created["orderId"]]
    assert says(call(sim, "GET", "/v1.1/orders", orderNumber=["JR-1"], salesChannelId=78)) == []


@pytest.mark.parametrize(("path", "works"), [("/v1/order", False), ("/v1.1/orders", True)], ids=["v1", "v1.1"])
def test_the_create_path_is_a_switch(path: str, works: bool) -> None:
    """With `v1.1` only the newer path creates; the answer can be results and errors."""
    sim = quick(create_path="v1.1", create_answer="results")
    response = call(sim, "PUT", path, ORDER)
    assert response.status == (200 if works else 404)
    assert not works or response.json()["results"][0]["orderNumber"] == "JR-1"


@pytest.mark.parametrize(
    "fields",
    [
        {"salesChannelId": None},
        {"salesChannelId": 5},
        {"salesChannelId": "77"},
        {"shipName": ""},
        {"shipCity": None},
        {"insuranceCost": None},
        {"insuredValue": 0},
        {"insuredValue": {"amount": "0", "currency": "GBP"}},
        {"orderDate": "2026-11-01"},
        {"orderItems": [{**LINE, "unitPrice": 46.5}]},
        {"orderItems": [{**LINE, "quantityOrdered": 0}]},
        {"orderItems": [{"quantityOrdered": 1}]},
    ],
    ids=str,
)
def test_what_is_wrong_with_an_order_is_told(fields: dict[str, Any]) -> None:
    """A refused order leaves nothing behind."""
    sim = quick()
    response = call(sim, "PUT", "/v1/order", order(**fields))
    assert (response.status, response.json()["errors"][0]["index"]) == (400, 1)
    assert sim.orders == {}


@pytest.mark.parametrize(
    ("rule", "status", "count"), [("accepted", 200, 2), ("refused", 400, 1), ("replaced", 200, 1)], ids=str
)
def test_a_repeat(rule: str, status: int, count: int) -> None:
    """Nobody knows what a second create does; another channel's order of that number is another order."""
    sim = quick(duplicates=rule)
    says(call(sim, "PUT", "/v1/order", ORDER))
    assert call(sim, "PUT", "/v1/order", ORDER).status == status
    assert len(sim.orders) == count
    says(call(sim, "PUT", "/v1/order", order(salesChannelId=78)))
    assert len(sim.orders) == count + 1


def test_an_unknown_sku_waits_or_is_refused() -> None:
    """The order gets a status of its own, or ERR053."""
    body = order(orderItems=[{**LINE, "listingSku": "HAND-1"}])
    assert says(call(quick(), "PUT", "/v1/order", body))["orderStatus"] == "SKU_UNPROCESSED"
    refused = call(quick(unknown_sku="refused"), "PUT", "/v1/order", body)
    assert refused.json()["errors"][0]["errorCode"] == "ERR053"


def test_pages_end_with_an_empty_one() -> None:
    """Bare lists, from page 1; `limit` lies between 10 and 1000."""
    sim = quick()
    pages = [says(call(sim, "GET", "/v1/productstocks/total", page=page)) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [100, 50, 0]
    for limit in (9, 1001):
        assert call(sim, "GET", "/v1/productstocks/total", limit=limit).status == 400


def test_lists_are_filtered_by_date_and_status() -> None:
    """Ranges go by the date they name, in one form only."""
    clock = FakeClock()
    sim = simulator("skubana", clock, limits="off")
    says(call(sim, "PUT", "/v1/order", ORDER))
    clock.sleep(3600)
    sim.move_to_folder("JR-1", "ON_HOLD")
    since = {"modifiedDateFrom": "2026-11-02T10:00:00Z"}
    assert len(says(call(sim, "GET", "/v1.1/orders", **since, status="ON_HOLD"))) == 1
    assert says(call(sim, "GET", "/v1.1/orders", createdDateFrom="2026-11-02T10:00:00Z")) == []
    assert says(call(sim, "GET", "/v1.1/orders", orderDateTo="2026-11-01T09:00:00Z"))
    assert call(sim, "GET", "/v1.1/orders", modifiedDateFrom="2026-11-02").status == 400


def test_stock_is_told_with_what_is_locked() -> None:
    """Open orders lock pieces; a warehouse tells only what it keeps."""
    sim = quick()
    says(call(sim, "PUT", "/v1/order", ORDER))
    main = {
        row["product"]["masterSku"]: row
        for row in says(call(sim, "GET", "/v1/productstocks/total", warehouseId=11, limit=1000))
    }
    assert (main["1001-401-S"]["onHandQuantity"], main["1001-401-S"]["lockedQuantity"]) == (500, 4)
    total = says(call(sim, "GET", "/v1/productstocks/total"))[1]
    assert (total["product"]["masterSku"], total["onHandQuantity"]) == ("1001-401-S", 700)
    assert len(says(call(sim, "GET", "/v1/productstocks/total", warehouseId=12, limit=1000))) == 135
    (bin_,) = says(call(sim, "GET", "/v1/inventory", sku="1001-401-S", warehouseId=12))
    assert (bin_["stockLocationName"], bin_["onHandQuantity"]) == ("GLOBAL", 200)


def test_adjusting_stock_overwrites_and_reports_each_row() -> None:
    """Rows that fail stand beside those that do not, counted from 1."""
    sim = quick()
    row = {"masterSku": "1001-401-S", "onHandQuantity": 7, "warehouseId": 11, "stockLocationName": "A-01"}
    rows = [row, {**row, "masterSku": "NONE"}, {**row, "stockLocationName": "B-02"}, {**row, "onHandQuantity": 10**9}]
    answer = says(call(sim, "POST", "/v1.1/inventory/adjust", rows))
    assert [(one["index"], one["errorCode"]) for one in answer["errors"]] == [
        (2, "ERR053"), (3, "ERR097"), (4, "ERR000")
    ]  # fmt: skip
    assert (len(answer["results"]), sim.stock["1001-401-S", "MAIN"]) == (1, 7)
    assert call(sim, "POST", "/v1.1/inventory/adjust", [row] * 201).status == 400


def test_stock_has_to_be_created_before_it_is_adjusted() -> None:
    """PUT creates what POST then changes, and is not repeatable."""
    sim = quick()
    row = {"masterSku": "1010-401-S", "onHandQuantity": 7, "warehouseId": 12, "stockLocationName": "GLOBAL"}
    assert says(call(sim, "POST", "/v1.1/inventory/adjust", [row]))["errors"][0]["errorCode"] == "ERR097"
    assert says(call(sim, "PUT", "/v1.1/inventory", [row]))["errors"] == []
    assert says(call(sim, "PUT", "/v1.1/inventory", [row]))["errors"]
    assert sim.stock["1010-401-S", "EU"] == 7


@pytest.mark.parametrize(("unit", "after"), [("milliseconds", "10000"), ("seconds", "10")], ids=str)
def test_limits_are_per_endpoint(unit: str, after: str) -> None:
    """Adjusting stock is allowed once in ten seconds, while other calls go on."""
    clock = FakeClock()
    sim = simulator("skubana", clock, retry_unit=unit)
    says(call(sim, "POST", "/v1.1/inventory/adjust", []))
    limited = call(sim, "POST", "/v1.1/inventory/adjust", [])
    assert (limited.status, limited.headers["x-skubana-quota-retryafter"]) == (429, after)
    assert [call(sim, "GET", "/v1.1/orders").status for _ in range(6)] == [200] * 5 + [429]
    clock.sleep(10)
    says(call(sim, "POST", "/v1.1/inventory/adjust", []))


def test_products_are_asked_for_in_quotes() -> None:
    """SKUs travel quoted; there can be a most."""
    sim = quick(skus_per_call=2)
    rows = says(call(sim, "GET", "/v1.1/products", sku='"1001-401-S","1001-401-M"'))
    assert {row["masterSku"] for row in rows} == {"1001-401-S", "1001-401-M"}
    assert rows[0]["upc"] in {item.barcode for item in sim.items.values()}
    for text in ("1001-401-S", '"a","b","c"'):
        assert call(sim, "GET", "/v1.1/products", sku=text).status == 400


def test_post_updates_orders() -> None:
    """A status is changed by POST; an unknown order is reported beside."""
    sim = quick()
    number = says(call(sim, "PUT", "/v1/order", ORDER))["orderId"]
    answer = says(call(sim, "POST", "/v1.1/orders", [{"orderId": number, "orderStatus": "CANCELLED"}, {"orderId": 1}]))
    assert (answer["results"][0]["orderStatus"], answer["errors"][0]["index"]) == ("CANCELLED", 2)
    assert sim.orders[str(number)].cancelled


def test_shipments_of_people_and_of_the_api() -> None:
    """Both are listed by date and order number; a week can be the most."""
    sim = quick(shipment_window="week")
    says(call(sim, "PUT", "/v1/order", ORDER))
    sim.ship("JR-1", "1Z1", pieces={"1001-401-S": 1})
    parcel = {"trackingNumber": "1Z2", "shipMethod": {"shippingCarrier": "FEDEX"}}
    named = {"orderNumber": "JR-1", "salesChannelId": 77}
    answer = says(
        call(sim, "PUT", "/v1.1/shipment/external", [{**named, "shipments": [parcel]}, {**named, "shipments": [{}]}])
    )
    assert (answer["results"][0]["orderStatus"], answer["errors"][0]["index"]) == ("SHIPPED", 2)
    window = {"shipmentFromDate": "2026-11-01T00:00:00Z", "shipmentToDate": "2026-11-08T00:00:00Z"}
    rows = says(call(sim, "GET", "/v1/shipments", **window))
    assert [row["trackingNumber"] for row in rows] == ["1Z1", "1Z2"]
    assert [item["quantity"] for row in rows for item in row["items"]] == [1, 3]
    assert call(sim, "GET", "/v1/shipments", **{**window, "shipmentToDate": "2026-11-09T00:00:00Z"}).status == 400
    assert len(says(call(sim, "GET", "/v1/shipments", orderNumber=["JR-1"]))) == 2
