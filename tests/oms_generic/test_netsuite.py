"""The fake of NetSuite keeps to what is known of its records and queries, and has a switch for what is not."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import Response
from orderweft.testing import FakeClock
from orderweft_oms_generic.simulator import Simulator
from orderweft_oms_generic.simulator.netsuite import NetSuite

from .calls import HOST, bearer, request, says, simulator
from .netsuite_calls import call, sql, token

ORDER: dict[str, Any] = {
    "entity": {"id": "501"},
    "tranDate": "2026-11-02",
    "otherRefNum": "PO-9",
    "item": {"items": [{"item": {"id": "14"}, "quantity": 4, "rate": 46.5}]},
    "custbody_joor_order": "48213",
}
EID = "/record/v1/salesOrder/eid:JR-1"
STRICT = {"x-netsuite-propertynamevalidation": "error"}


def order(**fields: Any) -> dict[str, Any]:
    """Return an order's body."""
    return {**ORDER, **fields}


def problem(response: Response, status: int = 400) -> dict[str, str]:
    """Return the first detail of a refusal."""
    body = response.json()
    assert (response.status, body["status"]) == (status, status)
    detail: dict[str, str] = body["o:errorDetails"][0]
    return detail


def test_an_upsert_creates_and_its_external_id_finds_the_order() -> None:
    """The new id is in Location only."""
    sim = simulator("netsuite")
    assert problem(call(sim, "GET", EID), 404)["o:errorCode"] == "NONEXISTENT_ID"
    response = call(sim, "PUT", EID, ORDER, STRICT)
    assert (response.status, response.body) == (204, b"")
    assert response.headers["location"] == f"{HOST}/services/rest/record/v1/salesOrder/88001"
    found = says(call(sim, "GET", EID.replace(":", "%3A")))
    assert (found["id"], found["externalId"], found["entity"]["id"]) == ("88001", "JR-1", "501")
    assert (found["status"]["refName"], found["total"]) == ("Pending Fulfillment", 186)
    (line,) = found["item"]["items"]
    assert (line["item"]["refName"], line["quantity"], line["rate"]) == ("1001-401-XS", 4, 46.5)
    assert says(call(sim, "GET", "/record/v1/salesOrder/88001"))["externalId"] == "JR-1"


@pytest.mark.parametrize(("rule", "quantities"), [("appends", [4, 4, 6]), ("replaces", [4, 6])], ids=str)
def test_an_upsert_again_may_add_the_lines_again(rule: str, quantities: list[int]) -> None:
    """Lines with their key are changed; without, they are added or replace the others."""
    sim = simulator("netsuite", reput=rule, put_location="created")
    says_nothing = call(sim, "PUT", EID, ORDER)
    assert says_nothing.status == 204
    more = {"item": {"items": [*ORDER["item"]["items"], {"item": {"id": "15"}, "quantity": 6}]}}
    again = call(sim, "PUT", EID, order(**more))
    assert "location" not in again.headers
    (kept,) = sim.orders.values()
    assert [line.quantity for line in kept.lines] == quantities
    keyed = {"items": [{"line": kept.lines[0].id, "item": {"id": "14"}, "quantity": 9}]}
    call(sim, "PUT", EID, order(item=keyed))
    assert kept.lines[0].quantity == 9


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"entity": None}, "entity"),
        ({"entity": {"id": "999"}}, "entity"),
        ({"entity": "501"}, "entity"),
        ({"item": None}, "item"),
        ({"item": {"items": [{"quantity": 1}]}}, "item.items[0].item"),
        ({"item": {"items": [{"item": {"id": "9999"}, "quantity": 1}]}}, "item"),
        ({"custbody_nobody": "x"}, "custbody_nobody"),
    ],
    ids=["no entity", "entity", "entity form", "no lines", "no item", "item", "field"],
)
def test_what_is_wrong_with_an_order_is_told_with_its_path(fields: dict[str, Any], path: str) -> None:
    """A refused order leaves nothing behind."""
    sim = simulator("netsuite")
    assert problem(call(sim, "PUT", EID, order(**fields), STRICT))["o:errorPath"] == path
    assert sim.orders == {}


def test_unknown_fields_vanish_without_the_strict_header() -> None:
    """The order is there without them; an account can have more custom fields, and ask for more fields."""
    sim = simulator("netsuite", custom_fields=("custbody_season",), required_fields=("department",))
    assert problem(call(sim, "PUT", EID, ORDER))["o:errorPath"] == "department"
    more = order(department={"id": "3"}, custbody_season="SS27", custbody_nobody="x")
    assert call(sim, "PUT", EID, more).status == 204
    found = says(call(sim, "GET", EID))
    assert (found["custbody_season"], "custbody_nobody" in found) == ("SS27", False)


@pytest.mark.parametrize("external_id", ["JR%7C1", "JR%2F1", "JR.1"], ids=["pipe", "slash", "dot"])
def test_external_ids_have_few_characters(external_id: str) -> None:
    """Letters, digits, underscores and hyphens only."""
    sim = simulator("netsuite")
    assert call(sim, "PUT", f"/record/v1/salesOrder/eid:{external_id}", ORDER).status == 400


def test_post_creates_and_refuses_a_known_external_id() -> None:
    """Without an external id every POST is a new order."""
    sim = simulator("netsuite")
    assert call(sim, "POST", "/record/v1/salesOrder", ORDER).status == 204
    assert call(sim, "POST", "/record/v1/salesOrder", ORDER).status == 204
    assert call(sim, "POST", "/record/v1/salesOrder", order(externalId="JR-1")).status == 204
    assert call(sim, "POST", "/record/v1/salesOrder", order(externalId="JR-1")).status == 400
    assert len(sim.orders) == 3
    assert call(simulator("netsuite", legacy_tax=True), "PUT", EID, ORDER).status == 400


def test_ids_are_resolved_by_suiteql() -> None:
    """Customers by code, items by SKU or barcode; values are text, and nothing is left out silently."""
    sim = simulator("netsuite")
    assert sql(sim, "SELECT id, entityid FROM customer WHERE entityid IN ('C101', 'C109')")["items"] == [
        {"links": [], "id": "502", "entityid": "C101"}
    ]
    barcode = sim.items["1001-401-S"].barcode
    found = sql(sim, f"SELECT ID, itemid FROM Item WHERE upccode = '{barcode}'")["items"]
    assert found == [{"links": [], "id": "15", "itemid": "1001-401-S"}]
    typed = simulator("netsuite", suiteql_values="typed")
    assert sql(typed, "SELECT id FROM item WHERE itemid = '1001-401-S'")["items"][0]["id"] == 15


def test_stock_per_location_by_suiteql() -> None:
    """Available is on hand less what open orders wait for."""
    sim = simulator("netsuite")
    call(sim, "PUT", EID, ORDER)
    text = (
        "SELECT i.itemid, l.name, a.quantityonhand, a.quantityavailable FROM aggregateitemlocation a"
        " JOIN item i ON i.id = a.item JOIN location l ON l.id = a.location WHERE i.id = 14 ORDER BY l.id"
    )
    rows = [(row["name"], row["quantityonhand"], row["quantityavailable"]) for row in sql(sim, text)["items"]]
    assert rows == [("MAIN", "500", "496"), ("EU", "200", "200")]


def test_pages_without_a_full_order_shift() -> None:
    """Pages of an unordered query repeat and skip rows; with ORDER BY they do not."""
    sim = simulator("netsuite")

    def both(text: str) -> tuple[int, set[str]]:
        pages = [sql(sim, text, limit=100, offset=offset) for offset in (0, 100)]
        assert [page["hasMore"] for page in pages] == [True, False]
        assert pages[0]["links"][-1]["rel"] == "next"
        return pages[0]["totalResults"], {row["id"] for page in pages for row in page["items"]}

    total, ids = both("SELECT id FROM item ORDER BY id")
    assert (total, len(ids)) == (150, 150)
    assert len(both("SELECT id FROM item")[1]) < 150
    assert len(both("SELECT id FROM item ORDER BY itemtype")[1]) < 150


def test_queries_want_their_header_and_sense() -> None:
    """Without `Prefer: transient`, with nonsense or with more than 1000 rows a page, 400."""
    sim = simulator("netsuite")
    assert call(sim, "POST", "/query/v1/suiteql", {"q": "SELECT id FROM item"}).status == 400
    for text in ("SELECT nothing FROM item", "DELETE FROM item"):
        problem(call(sim, "POST", "/query/v1/suiteql", {"q": text}, {"prefer": "transient"}))
    wide = call(sim, "POST", "/query/v1/suiteql", {"q": "SELECT id FROM item"}, {"prefer": "transient"}, limit=1001)
    problem(wide)


def test_orders_and_shipments_by_suiteql() -> None:
    """Transactions have a type; dates are compared by TO_DATE; a word in quotes stays as it is."""
    clock = FakeClock()
    sim = simulator("netsuite", clock)
    call(sim, "PUT", EID, ORDER)
    clock.sleep(200)
    sim.ship("JR-1", "1Z1")
    text = "SELECT id, trackingnumberlist FROM transaction WHERE type = 'ItemShip'"
    since = " AND lastmodifieddate >= TO_DATE('2026-11-02 09:03:00', 'YYYY-MM-DD HH24:MI:SS')"
    (shipped,) = sql(sim, text + since)["items"]
    assert shipped["trackingnumberlist"] == "1Z1"
    text = (
        "SELECT t.externalid, BUILTIN.DF(t.status) AS status FROM transaction t WHERE t.externalid <> 'a transaction'"
    )
    assert sql(sim, text)["items"] == [{"links": [], "externalid": "JR-1", "status": "Sales Order : Pending Billing"}]
    text = "SELECT quantity FROM transactionline WHERE transactionline.transaction = 88001 AND mainline = 'F'"
    assert sql(sim, text)["items"] == [{"links": [], "quantity": "4"}]


def test_a_sales_order_is_transformed_into_a_fulfillment() -> None:
    """In part and then the rest; the fulfillment is a record of its own."""
    sim = simulator("netsuite")
    call(sim, "PUT", EID, ORDER)
    (line,) = sim.by_external_id["JR-1"][0].lines
    path = "/record/v1/salesOrder/88001/!transform/itemFulfillment"
    body = {
        "item": {"items": [{"orderLine": line.id, "quantity": 1}]},
        "package": {"items": [{"packageTrackingNumber": "1Z1"}]},
    }
    response = call(sim, "POST", path, body)
    assert response.status == 204
    made = says(call(sim, "GET", response.headers["location"].partition("/services/rest")[2]))
    assert (made["createdFrom"]["id"], made["package"]["items"][0]["packageTrackingNumber"]) == ("88001", "1Z1")
    assert says(call(sim, "GET", EID))["status"]["refName"] == "Partially Fulfilled"
    too_many = {"item": {"items": [{"orderLine": line.id, "quantity": 4}]}}
    problem(call(sim, "POST", path, too_many))
    assert call(sim, "POST", path).status == 204
    problem(call(sim, "POST", path))
    assert (sim.stock["1001-401-XS", "MAIN"], sim.orders["88001"].status) == (496, "Pending Billing")
    listed = says(call(sim, "GET", "/record/v1/itemFulfillment", limit=1))
    assert (listed["totalResults"], listed["hasMore"], len(listed["items"])) == (2, True, 1)


def test_customers_items_and_stock_are_written() -> None:
    """Upserts by external id; stock changes by differences."""
    sim = simulator("netsuite")
    assert call(sim, "PUT", "/record/v1/customer/eid:C108", {"companyName": "Mihon", "entityId": "C108"}).status == 204
    assert says(call(sim, "GET", "/record/v1/customer/eid:C108"))["id"] == "509"
    problem(call(sim, "POST", "/record/v1/customer", {"companyName": "Mihon", "entityId": "C108"}))
    assert call(sim, "PUT", "/record/v1/inventoryItem/eid:1001-401-S", {"displayName": "New"}).status == 204
    assert sim.items["1001-401-S"].name == "New"
    rows = [{"item": {"id": "15"}, "location": {"id": "6"}, "adjustQtyBy": -3}]
    body = {"account": {"id": "1"}, "inventory": {"items": rows}}
    assert call(sim, "POST", "/record/v1/inventoryAdjustment", body).status == 204
    assert sim.stock["1001-401-S", "EU"] == 197


def test_a_renamed_item_stays_on_its_orders() -> None:
    """Lines refer to items by id; the stock goes with the item."""
    sim = simulator("netsuite")
    call(sim, "PUT", EID, ORDER)
    assert call(sim, "PUT", "/record/v1/inventoryItem/eid:1001-401-XS", {"itemId": "NEW"}).status == 204
    (line,) = says(call(sim, "GET", EID))["item"]["items"]
    assert (line["item"]["refName"], sim.stock["NEW", "MAIN"]) == ("NEW", 500)
    problem(call(sim, "PUT", "/record/v1/inventoryItem/eid:1001-401-S", {"itemId": "NEW"}))


def test_lines_can_come_as_a_link() -> None:
    """Unless they are asked for."""
    sim = simulator("netsuite", sublists="linked")
    call(sim, "PUT", EID, ORDER)
    assert "items" not in says(call(sim, "GET", EID))["item"]
    assert says(call(sim, "GET", EID, expandSubResources="true"))["item"]["items"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("429", 429, None),
        ("429_with_code", 429, "SSS_REQUEST_LIMIT_EXCEEDED"),
        ("400", 400, "SSS_REQUEST_LIMIT_EXCEEDED"),
        ("401", 401, "INVALID_LOGIN"),
    ],
    ids=str,
)
def test_too_many_calls_of_everybody(kind: str, status: int, code: str | None) -> None:
    """While others hold all the places, a call is refused in one of several disguises."""
    clock = FakeClock()
    sim = simulator("netsuite", clock, overload=kind)
    assert isinstance(sim.system, NetSuite)
    sim.system.busy(4, 10)
    assert call(sim, "PUT", EID, ORDER).status == 204
    sim.system.busy(1, 10)
    assert problem(call(sim, "GET", EID), status).get("o:errorCode") == code
    clock.sleep(10)
    says(call(sim, "GET", EID))


def test_a_job_is_done_later_and_its_key_works_once() -> None:
    """202 with the job's address; the same key again is 400 with that address."""
    clock = FakeClock()
    sim = simulator("netsuite", clock)
    headers = {"prefer": "respond-async", "x-netsuite-idempotency-key": "k-1"}
    first = call(sim, "POST", "/record/v1/salesOrder", ORDER, headers)
    assert first.status == 202
    again = call(sim, "POST", "/record/v1/salesOrder", ORDER, headers)
    assert problem(again)["o:errorCode"] == "IDEMPOTENCY_ERROR"
    assert again.headers["location"] == first.headers["location"]
    path = first.headers["location"].partition("/services/rest")[2]
    assert says(call(sim, "GET", path))["completed"] is False
    clock.sleep(5)
    assert says(call(sim, "GET", path))["progress"] == "succeeded"
    assert call(sim, "GET", f"{path}/task/1/result").headers["location"].endswith("/salesOrder/88001")
    assert len(sim.orders) == 1


@pytest.mark.parametrize(("rule", "count"), [("ignored", 2), ("honored", 1)], ids=str)
def test_the_key_without_a_job(rule: str, count: int) -> None:
    """It is documented for jobs only."""
    sim = simulator("netsuite", sync_idempotency=rule)
    for _ in range(2):
        call(sim, "POST", "/record/v1/salesOrder", ORDER, {"x-netsuite-idempotency-key": "k-1"})
    assert len(sim.orders) == count


def test_the_catalog_tells_custom_fields() -> None:
    """In its own media type."""
    sim = simulator("netsuite")
    headers = {"accept": "application/swagger+json"}
    schema = says(call(sim, "GET", "/record/v1/metadata-catalog", None, headers, select="salesOrder"))
    assert "custbody_joor_order" in schema["components"]["schemas"]["salesOrder"]["properties"]


def test_operations_are_named_after_what_they_touch() -> None:
    """Creates, finds and queries can be told apart."""
    sim: Simulator = simulator("netsuite")
    headers = bearer(token(sim))
    named = {
        sim.operation(request(method, f"/services/rest{path}", body, headers))
        for method, path, body in (
            ("PUT", EID, ORDER),
            ("GET", EID, None),
            ("POST", "/query/v1/suiteql", {"q": "SELECT id FROM customer"}),
        )
    }
    assert named == {"order.upsert", "order.find", "query.customer"}
