"""The fake of Order Desk keeps to what is known of it, and has a switch for what is not."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import Response
from orderweft.testing import FakeClock
from orderweft_oms_generic.simulator import Simulator

from .calls import request, says, simulator

ITEM = {"name": "Poplin Shirt Navy S", "code": "1001-401-S", "price": 46, "quantity": 4}
ORDER: dict[str, Any] = {
    "source_id": "JR-1",
    "source_name": "JOOR",
    "payment_status": "Pending",
    "folder_id": 44,
    "shipping": {"company": "Example Store Ltd", "city": "London", "country": "GB"},
    "order_items": [ITEM],
}


def call(sim: Simulator, method: str, path: str, body: Any = None, **query: Any) -> Response:
    """Send a call with the right headers."""
    known = sim.settings()
    keys = {"orderdesk-store-id": known["store_id"], "orderdesk-api-key": known["api_key"]}
    return sim.handle(request(method, f"/api/v2{path}", body, {**keys, "content-type": "application/json"}, **query))


def order(**fields: Any) -> dict[str, Any]:
    """Return an order's body."""
    return {**ORDER, **fields}


def refused(response: Response, status: int = 400) -> str:
    """Return the text of a refusal."""
    assert response.status == status, response.text
    assert response.json()["status"] == "error"
    return str(response.json()["message"])


def test_credentials_and_content_type_are_asked_for_on_every_call() -> None:
    """Both headers and the content type have to be right, on reads too."""
    sim = simulator("order_desk")
    assert says(call(sim, "GET", "/test"))["status"] == "success"
    known = sim.settings()
    keys = {"orderdesk-store-id": known["store_id"], "orderdesk-api-key": known["api_key"]}
    assert refused(sim.handle(request("GET", "/api/v2/test", headers=keys))).startswith("The Content-Type")
    assert sim.handle(request("GET", "/api/v2/test", headers={**keys, "orderdesk-api-key": "no"})).status == 401
    lax = simulator("order_desk", content_type="writes")
    assert lax.handle(request("GET", "/api/v2/test", headers=keys)).status == 200


def test_an_order_is_created_and_found_by_its_source() -> None:
    """What is sent comes back with ids, dates and the folder; the missing address is the other one."""
    sim = simulator("order_desk")
    response = call(sim, "POST", "/orders", ORDER)
    assert response.status == 201
    created = says(response)["order"]
    assert (created["source_id"], created["folder_id"], created["payment_status"]) == ("JR-1", 44, "Pending")
    assert created["customer"] == ORDER["shipping"]
    assert created["date_added"] == "2026-11-02 09:00:00"
    found = says(call(sim, "GET", "/orders", source_id="JR-1", source_name="JOOR"))
    assert (found["total_records"], found["records_returned"]) == (1, 1)
    assert found["orders"][0]["id"] == created["id"]
    assert says(call(sim, "GET", "/orders", source_id="JR-1", source_name="Shopify"))["orders"] == []
    assert sim.by_external_id["JR-1"][0].lines[0].quantity == 4


def test_defaults_are_the_dangerous_ones() -> None:
    """Without payment status an order counts as paid; without folder it lies in the first."""
    sim = simulator("order_desk")
    bare = {"customer": {"first_name": "Alex"}, "order_items": [ITEM]}
    created = says(call(sim, "POST", "/orders", bare))["order"]
    assert (created["payment_status"], created["source_name"]) == ("Captured", "Order Desk")
    assert (created["folder_id"], created["source_id"]) == (40, str(created["id"]))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"order_items": []}, "at least one item"),
        ({"shipping": {"city": "London"}}, "a name or a company"),
        ({"payment_status": "Paid"}, "not a payment status"),
        ({"order_items": [{**ITEM, "delivery_type": "drone"}]}, "delivery type"),
        ({"order_items": [{**ITEM, "price": "46.00"}]}, "must be a number"),
        ({"order_items": [{**ITEM, "quantity": 0}]}, "whole number"),
        ({"order_metadata": {"note": "x" * 2000}}, "2000 characters"),
        ({"checkout_data": {"note": "x" * 3500}}, "3500 characters"),
        ({"folder_id": 99}, "no folder"),
    ],
    ids=["lines", "name", "payment", "delivery", "price", "quantity", "metadata", "checkout", "folder"],
)
def test_what_is_wrong_with_an_order_is_told(fields: dict[str, Any], text: str) -> None:
    """A refused order leaves nothing behind."""
    sim = simulator("order_desk")
    assert text in refused(call(sim, "POST", "/orders", order(**fields)))
    assert sim.orders == {}


@pytest.mark.parametrize(
    ("switches", "answer"),
    [
        ({}, "refused"),
        ({"duplicate_names": "id_in_field"}, "named"),
        ({"duplicates": "accepted"}, "accepted"),
        ({"duplicates": "by_source_id"}, "refused"),
    ],
    ids=["text", "field", "accepted", "by source id"],
)
def test_a_duplicate(switches: dict[str, Any], answer: str) -> None:
    """A repeat is refused and names the existing order, or is accepted."""
    sim = simulator("order_desk", **switches)
    first = says(call(sim, "POST", "/orders", ORDER))["order"]
    again = call(sim, "POST", "/orders", ORDER)
    if answer == "accepted":
        assert again.status == 201
        assert sim.facts() == {"orders": 2, "ordered twice": 1}
        return
    assert "duplicate" in refused(again)
    assert again.json().get("order_id") == (first["id"] if answer == "named" else None)
    other = call(sim, "POST", "/orders", order(source_name="Fair"))
    assert other.status == (400 if switches.get("duplicates") == "by_source_id" else 201)


def test_a_refusal_can_come_with_http_200() -> None:
    """With the switch only the body tells."""
    sim = simulator("order_desk", error_status="ok")
    assert refused(call(sim, "GET", "/orders/1"), 200) == "Order 1 was not found"


def test_calls_come_back_three_a_second() -> None:
    """Twenty at once; then 429 with the seconds to wait, until the bucket has filled again."""
    clock = FakeClock()
    sim = simulator("order_desk", clock)
    answers = [call(sim, "GET", "/test") for _ in range(21)]
    assert [answer.headers["x-tokens-remaining"] for answer in answers[:2]] == ["19", "18"]
    assert [answer.status for answer in answers[19:]] == [200, 429]
    assert answers[20].headers["x-retry-after"] == "1"
    clock.sleep(1)
    assert [call(sim, "GET", "/test").status for _ in range(4)] == [200, 200, 200, 429]


def test_lists_are_paged_and_filtered_by_date() -> None:
    """`limit` and `offset` cut the list, `total_records` counts it; dates are UTC, or the store's own as `_local`."""
    clock = FakeClock()
    sim = simulator("order_desk", clock, throttle="off")
    for number in range(3):
        sim.add_order(f"A-{number}", {"1001-401-S": 1})
        clock.sleep(3600)
    page = says(call(sim, "GET", "/orders", limit=2, offset=2))
    assert (page["total_records"], page["records_returned"]) == (3, 1)
    later = says(call(sim, "GET", "/orders", modified_start_date="2026-11-02 10:00:00", order_by="date_modified"))
    assert [row["source_id"] for row in later["orders"]] == ["A-1", "A-2"]
    local = says(call(sim, "GET", "/orders", modified_end_date_local="2026-11-02 05:00:00"))
    assert [row["source_id"] for row in local["orders"]] == ["A-0", "A-1"]
    assert "date" in refused(call(sim, "GET", "/orders", modified_start_date="2026-11-02T10:00:00Z"))


def test_php_writes_empty_maps_as_lists_and_no_records_as_text() -> None:
    """An empty map is `[]`, none of something is "0", and ids may be text in single answers."""
    sim = simulator("order_desk", ids="mixed")
    assert says(call(sim, "GET", "/orders"))["total_records"] == "0"
    created = says(call(sim, "POST", "/orders", ORDER))["order"]
    assert created["order_metadata"] == []
    assert isinstance(created["id"], str)
    assert says(call(sim, "GET", "/orders"))["orders"][0]["id"] == int(created["id"])


@pytest.mark.parametrize(("rule", "email"), [("replaces", None), ("merges", "a@b.example")], ids=["replaces", "merges"])
def test_an_update_replaces_or_merges(rule: str, email: str | None) -> None:
    """What a PUT leaves out is cleared, or kept."""
    sim = simulator("order_desk", order_put=rule)
    created = says(call(sim, "POST", "/orders", order(email="a@b.example")))["order"]
    changed = says(call(sim, "PUT", f"/orders/{created['id']}", order(folder_id=45)))["order"]
    assert (changed.get("email"), changed["folder_id"]) == (email, 45)


def test_moving_runs_the_rules_of_the_folder() -> None:
    """Orders move by folder id or name, and each move is a side effect."""
    sim = simulator("order_desk")
    number = says(call(sim, "POST", "/orders", ORDER))["order"]["id"]
    says(call(sim, "POST", "/move-orders", {"order_id_list": [number], "destination_folder_name": "Prepared"}))
    says(call(sim, "POST", "/move-orders", {"order_id_list": [number], "destination_folder_id": 40}))
    assert sim.orders[str(number)].status == "New"
    assert sim.system.rules_run == [(number, "Prepared"), (number, "New")]  # type: ignore[attr-defined]
    refused(call(sim, "POST", "/move-orders", {"order_id_list": [number], "destination_folder_name": "Nowhere"}))


def test_items_hold_stock_and_are_replaced_as_a_whole() -> None:
    """An item is found by its code; a PUT without stock clears it."""
    sim = simulator("order_desk")
    (item,) = says(call(sim, "GET", "/inventory-items", code="1001-401-S"))["inventory_items"]
    assert (item["stock"], item["variation_list"]) == (500, {"Color": "Navy", "Size": "S"})
    body = {"name": item["name"], "code": item["code"], "price": 46}
    says(call(sim, "PUT", f"/inventory-items/{item['id']}", body))
    assert sim.stock["1001-401-S", "MAIN"] == 0
    refused(call(sim, "PUT", f"/inventory-items/{item['id']}", {"stock": 3}))
    says(call(sim, "POST", "/inventory-items", {"name": "New", "code": "NEW", "stock": 2}))
    assert sim.stock["NEW", "MAIN"] == 2
    assert "taken" in refused(call(sim, "POST", "/inventory-items", {"name": "New", "code": "NEW"}))


def test_an_item_can_get_another_code() -> None:
    """Its stock goes with it, and what a merging PUT leaves out is kept."""
    sim = simulator("order_desk", item_put="merges")
    (item,) = says(call(sim, "GET", "/inventory-items", code="1001-401-S"))["inventory_items"]
    says(call(sim, "PUT", f"/inventory-items/{item['id']}", {"code": "NEW"}))
    assert sim.stock["NEW", "MAIN"] == 500
    assert says(call(sim, "GET", f"/inventory-items/{item['id']}"))["inventory_item"]["price"] == 46
    assert "found" in refused(call(sim, "GET", "/inventory-items/1"), 404)


def test_available_stock_leaves_open_orders_out() -> None:
    """With the switch open orders are taken off; `code` may be the barcode."""
    sim = simulator("order_desk", stock="available", code="barcode")
    item = sim.items["1001-401-S"]
    sim.add_order("A-1", {item.sku: 4})
    (row,) = says(call(sim, "GET", "/inventory-items", code=item.barcode))["inventory_items"]
    assert (row["stock"], row["manufacturer_sku"]) == (496, item.sku)


@pytest.mark.parametrize("form", ["array", "object"])
def test_many_items_are_written_in_the_form_the_switch_says(form: str) -> None:
    """The other form is refused."""
    sim = simulator("order_desk", batch_body=form)
    (item,) = says(call(sim, "GET", "/inventory-items", code="1001-401-S"))["inventory_items"]
    rows = [{**item, "stock": 7}]
    bodies: dict[str, Any] = {"array": rows, "object": {"inventory_items": rows}}
    other = "object" if form == "array" else "array"
    refused(call(sim, "PUT", "/batch-inventory-items", bodies[other]))
    says(call(sim, "PUT", "/batch-inventory-items", bodies[form]))
    assert sim.stock["1001-401-S", "MAIN"] == 7


def test_shipments_are_read_written_and_embedded() -> None:
    """A parcel needs its number; a person's and the API's are listed and embedded in the order."""
    sim = simulator("order_desk")
    number = says(call(sim, "POST", "/orders", ORDER))["order"]["id"]
    refused(call(sim, "POST", f"/orders/{number}/shipments", {"carrier_code": "UPS"}))
    sim.ship("JR-1", "1Z1", pieces={"1001-401-S": 1})
    says(call(sim, "POST", "/batch-shipments", [{"order_id": number, "tracking_number": "1Z2"}]))
    rows = says(call(sim, "GET", f"/orders/{number}/shipments"))["shipments"]
    assert [row["tracking_number"] for row in rows] == ["1Z1", "1Z2"]
    assert "order_items" not in rows[0]
    assert len(says(call(sim, "GET", f"/orders/{number}"))["order"]["order_shipments"]) == 2
    assert sim.orders[str(number)].status == "Shipped"


@pytest.mark.parametrize("where", ["flat", "wrapped"])
def test_the_store_tells_its_folders(where: str) -> None:
    """Folders by id and the time zone, at the top or below `store`."""
    answer = says(call(simulator("order_desk", store_answer=where), "GET", "/store"))
    store = answer["store"] if where == "wrapped" else answer
    assert (store["folders"]["44"], store["settings"]["time_zone"]) == ("JOOR", "America/New_York")


def test_a_note_needs_text() -> None:
    """A note ends up in the order's history."""
    sim = simulator("order_desk")
    number = says(call(sim, "POST", "/orders", ORDER))["order"]["id"]
    says(call(sim, "POST", f"/orders/{number}/order-history", {"content": "Call first"}))
    refused(call(sim, "POST", f"/orders/{number}/order-history", {}))
    assert sim.orders[str(number)].history == ["Call first"]
