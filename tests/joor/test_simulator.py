"""The JOOR simulator keeps to what is known of JOOR, and has a switch for what is not."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_type_hints
from urllib.parse import urlencode

import pytest
from orderweft import Http, Request, Response
from orderweft.testing import ConnectionLost, FakeClock, Fault, Faulty, SimulatorServer, brand
from orderweft_joor.simulator import Simulator
from orderweft_joor.simulator.switches import Switches

HOST = "https://joor.example"
JSON = {"accept": "application/json", "content-type": "application/json"}


def simulator(clock: FakeClock | None = None, **options: Any) -> Simulator:
    """Return a simulator whose clock stands still."""
    return Simulator(clock=clock or FakeClock(), **options)


def v2_request(sim: Simulator, path: str = "/v2/order/", **query: object) -> Request:
    """Return a v2 read with the right headers."""
    token = base64.b64encode(sim.settings()["token"].encode()).decode()
    return Request("GET", f"{HOST}{path}?{urlencode(query)}", {**JSON, "authorization": f"OAuth2 {token}"})


def v2(sim: Simulator, path: str = "/v2/order/", **query: object) -> Response:
    """Send a v2 read."""
    return sim.handle(v2_request(sim, path, **query))


def ids(response: Response) -> list[int]:
    """Return the order ids of a v2 answer in its default form."""
    return [order["order_id"] for order in response.json()["orders"] or []]


def sign_in(sim: Simulator, **fields: str) -> Response:
    """Ask for a v4 token, form-urlencoded."""
    known = sim.settings()
    form = {name: known[name] for name in ("client_id", "client_secret", "username", "password")}
    body = urlencode({"grant_type": "password", **form, **fields}).encode()
    return sim.handle(Request("POST", f"{HOST}/auth/", {"content-type": "application/x-www-form-urlencoded"}, body))


def v4(sim: Simulator, method: str, path: str, rows: Any = None, *, token: str | None = None, **query: Any) -> Response:
    """Send a v4 call, signed in anew unless *token* is given."""
    token = token or sign_in(sim).json()["access_token"]
    query = {"account": sim.settings()["account_id"], **query}
    headers = {**JSON, "authorization": f"Bearer {token}"}
    body = b"" if rows is None else json.dumps(rows).encode()
    return sim.handle(Request(method, f"{HOST}{path}?{urlencode(query)}", headers, body))


def acknowledge(sim: Simulator, *rows: dict[str, Any]) -> Any:
    """Send a v4 bulk update and return its answer."""
    return v4(sim, "POST", "/v4/orders/bulk_update", list(rows)).json()


def row(order_id: int, export_status: str = "SUCCESS", **more: Any) -> dict[str, Any]:
    """Return one row of an acknowledgement of an approved order."""
    return {"id": str(order_id), "status": "APPROVED", "export_status": export_status, **more}


def three(clock: FakeClock | None = None, **options: Any) -> Simulator:
    """Return a simulator with three plain approved orders."""
    sim = simulator(clock, orders="none", **options)
    for _ in range(3):
        sim.add_order()
    return sim


# the list call


def test_bare_list_call_consumes() -> None:
    """A bare read returns 50 approved and shipped orders not yet exported, and marks exactly those."""
    sim = simulator()
    answer = v2(sim)
    found = ids(answer)
    assert len(found) == 50
    assert {sim.orders[order_id].status for order_id in found} <= {"approved", "shipped"}
    assert sim.marked() == set(found)
    assert {sim.orders[order_id].export_state for order_id in found} == {"success"}
    assert sim.awkward["exported"] not in found
    assert answer.json()["response"]["start_from"] == 0
    assert answer.json()["response"]["next_start"] == 50


def test_sync_0_reads_all_export_states_and_marks_nothing() -> None:
    """Without sync every export state is returned and none is changed, not even by the account's validation."""
    sim = simulator(required_fields=("customer_code",))
    found = ids(v2(sim, sync=0, count=200))
    assert {sim.awkward[kind] for kind in ("exported", "export_failed", "no_customer_code")} <= set(found)
    assert sim.marked() == frozenset()


@pytest.mark.parametrize(
    ("order_type", "kinds"),
    [
        (1, {"notes"}),
        (2, {"approved", "shipped"}),
        (3, {"pending"}),
        (4, {"notes", "cart", "pending", "approved", "shipped"}),
        (5, {"cancelled"}),
        (6, {"approved"}),
        (7, {"shipped"}),
        (8, {"notes", "cart", "pending", "approved", "shipped", "cancelled"}),
    ],
)
def test_order_type_of_the_request(order_type: int, kinds: set[str]) -> None:
    """The request's codes choose the statuses, with a code set of their own."""
    sim = simulator()
    found = ids(v2(sim, sync=0, count=200, order_type=order_type))
    assert {sim.orders[order_id].status for order_id in found} == kinds


def test_order_type_of_the_response() -> None:
    """The response's codes are not those of the request."""
    sim = simulator()
    orders = {order["order_id"]: order for order in v2(sim, sync=0, count=200, order_type=8).json()["orders"]}
    kinds = ("cancelled", "cart", "pending", "approved", "shipped", "notes", "unknown_order_type")
    assert [orders[sim.awkward[kind]]["order_type"] for kind in kinds] == [0, 1, 3, 4, 5, 6, 2]


@pytest.mark.parametrize(
    ("export_status", "states"),
    [
        (1, {"never", "failed", "success", "modified"}),
        (2, {"never", "failed"}),
        (3, {"success", "modified"}),
        (4, {"modified"}),
        (5, {"never", "failed", "modified"}),
        (6, {"never"}),
        (7, {"never", "modified"}),
    ],
)
def test_export_status(export_status: int, states: set[str]) -> None:
    """The export filter tells never, failed, exported and modified since apart."""
    sim = simulator()
    found = ids(v2(sim, sync=0, count=200, export_status=export_status))
    assert {sim.orders[order_id].export_class for order_id in found} == states


def test_date_window_is_on_the_modified_date() -> None:
    """The window holds the orders modified between its ends, both included."""
    sim = simulator()
    order = sim.orders[sim.awkward["eop_comment"]]
    instant = order.modified_at.isoformat()
    assert ids(v2(sim, sync=0, date_start=instant, date_end=instant)) == [order.id]


def test_date_end_may_be_a_bare_day() -> None:
    """A window of bare days includes its last day."""
    clock = FakeClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    assert len(ids(v2(three(clock), sync=0, date_start="2026-11-01", date_end="2026-11-02"))) == 3


@pytest.mark.parametrize(
    "query",
    [
        {"date_start": "2026-11-01"},
        {"date_end": "2026-11-01"},
        {"date_start": "yesterday", "date_end": "2026-11-01"},
        {"order_type": "0"},
        {"order_type": "9"},
        {"export_status": "8"},
        {"check": "4"},
        {"count": "0"},
        {"start_from": "-1"},
        {"sync": "yes"},
    ],
    ids=urlencode,
)
def test_wrong_parameter_is_refused(query: dict[str, str]) -> None:
    """A parameter out of its range is an error and marks nothing."""
    sim = simulator()
    answer = v2(sim, **query)
    assert answer.json()["response"]["code"] == 400
    assert "orders" not in answer.json()
    assert sim.marked() == frozenset()


def test_customer_filter() -> None:
    """With a customer code only that customer's orders are returned."""
    sim = simulator()
    found = ids(v2(sim, sync=0, count=200, customer_code="C101"))
    assert {sim.orders[order_id].header["customer_code"] for order_id in found} == {"C101"}


def test_incomplete_order_vanishes_under_sync() -> None:
    """Under sync an order that lacks a required field is left out and failed, with the reason."""
    sim = simulator(required_fields=("customer_code", "door_names"))
    found = ids(v2(sim, count=200))
    assert found == [sim.awkward["door"]]
    failed = sim.orders[sim.awkward["no_customer_code"]]
    assert (failed.export_state, failed.export_details) == (
        "failed",
        "missing required fields: customer_code, door_names",
    )
    assert failed.id in sim.marked()


def test_deleted_style_fails_under_check_2() -> None:
    """The check for deleted styles fails the orders that hold one."""
    sim = three()
    sim.delete_style("1001")
    assert len(ids(v2(sim, sync=0, check=2))) == 3
    assert {order.export_details for order in sim.orders.values()} == {"deleted styles: 1001"}


def test_answer_lost_after_marking() -> None:
    """Orders are marked before the body is delivered, so that a lost body loses them."""
    sim = three()
    faulty = Faulty(sim, Fault("orders.read", "timeout_after"))
    with pytest.raises(ConnectionLost):
        faulty(v2_request(sim))
    assert len(sim.marked()) == 3
    assert ids(faulty(v2_request(sim))) == []


# forms


def test_default_form() -> None:
    """By default the list stands beside its envelope, empty values are empty text, instants carry an offset."""
    sim = simulator()
    body = v2(sim, f"/v2/order/{sim.awkward['no_warehouse']}", sync=0).json()
    order = body["orders"][0]
    assert body["response"]["code"] == 0
    assert (order["warehouse_name"], order["order_doors"]) == ("", "")
    assert order["date_modified"].endswith("+00:00")
    assert len(order["date_ship_start"]) == 10
    assert isinstance(order["order_total"], Decimal)


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, '{"orders": [1, 2, 3], "response": 0}'),
        ({"root_node": "whole"}, '{"orders": {"orders": [1, 2, 3], "response": 0}}'),
        ({"root_node": "list"}, '{"orders": {"orders": [1, 2, 3]}, "response": 0}'),
        ({"list_name": "order"}, '{"order": [1, 2, 3], "response": 0}'),
        ({"root_node": "list", "list_name": "order"}, '{"orders": {"order": [1, 2, 3]}, "response": 0}'),
        ({"code": "text"}, '{"orders": [1, 2, 3], "response": "0"}'),
    ],
    ids=str,
)
def test_envelope_forms(switches: dict[str, Any], expected: str) -> None:
    """The root node, the name of the list and the type of the code are as switched."""

    def outline(value: Any) -> Any:
        if isinstance(value, list):
            return [order["order_id"] - 9_000_000 for order in value]
        if "code" in value:
            return value["code"]
        return {name: outline(item) for name, item in value.items()}

    body = v2(three(**switches)).json()
    assert json.dumps(outline(body), sort_keys=True) == expected


def test_single_order_as_object() -> None:
    """A page of one order can be an object; a page of several stays a list."""
    sim = three(single_as_object=True)
    assert v2(sim, sync=0, count=1).json()["orders"]["order_id"] == 9_000_001
    assert len(v2(sim, sync=0).json()["orders"]) == 3


@pytest.mark.parametrize(
    ("switches", "field", "expected"),
    [
        ({"empty_list": "list"}, "order_doors", []),
        ({"missing": "null"}, "order_event", None),
        ({"numbers": "text"}, "order_id", "9000001"),
        ({"numbers": "text"}, "order_total", "460.00"),
        ({"numbers": "number"}, "order_total", 460),
        ({"dates": "seconds"}, "date_modified", "2026-11-02T09:00:00"),
        ({"dates": "offset"}, "date_modified", "2026-11-02T09:00:00+00:00"),
        ({"dates": "fraction"}, "date_modified", "2026-11-02T09:00:00.000+00:00"),
        ({"dates": "days"}, "date_modified", "2026-11-02"),
        ({"ship_dates": "instants"}, "date_ship_start", "2027-01-01T00:00:00+00:00"),
    ],
    ids=str,
)
def test_value_forms(switches: dict[str, Any], field: str, expected: object) -> None:
    """Empty values, numbers and dates come in the form switched."""
    body = v2(three(**switches), sync=0).json()
    assert body["orders"][0][field] == expected


def test_empty_page_forms() -> None:
    """An empty page is empty text or an empty list."""
    assert v2(simulator(orders="none")).json()["orders"] == ""
    assert v2(simulator(orders="none", empty_list="list")).json()["orders"] == []


def test_door_code_is_null_in_every_form() -> None:
    """The door's code is null even where other missing fields are empty text."""
    sim = simulator()
    order = v2(sim, f"/v2/order/{sim.awkward['door']}", sync=0).json()["orders"][0]
    assert order["order_doors"][0]["door_code"] is None
    assert {line["item_door_id"] for line in order["line_items"]} == {7}


@pytest.mark.parametrize(("case_packs", "quantity"), [("units", 24), ("packs", 4)])
def test_case_pack_forms(case_packs: str, quantity: int) -> None:
    """A case pack is counted in pieces or packs; its extended price covers all pieces either way."""
    sim = simulator(case_packs=case_packs)
    order = v2(sim, f"/v2/order/{sim.awkward['case_pack']}", sync=0).json()["orders"][0]
    packed, loose = order["line_items"]
    assert (packed["item_multiplier"], packed["item_quantity"], loose["item_quantity"]) == (6, quantity, 4)
    assert packed["item_price_extended"] == packed["item_price"] * 24


# paging and order


@pytest.mark.parametrize(
    ("last_page", "expected"), [("absent", None), ("zero", 0), ("empty", ""), ("repeat", 2), ("beyond", 4)]
)
def test_last_page_forms(last_page: str, expected: object) -> None:
    """The last page says in the switched form that there is no next one."""
    sim = three(last_page=last_page)
    assert v2(sim, sync=0, count=2).json()["response"]["next_start"] == 2
    assert v2(sim, sync=0, count=2, start_from=2).json()["response"].get("next_start") == expected


@pytest.mark.parametrize(("response_count", "expected"), [("total", 3), ("page", 2)])
def test_response_count_forms(response_count: str, expected: int) -> None:
    """The envelope counts the whole result or the page."""
    assert v2(three(response_count=response_count), sync=0, count=2).json()["response"]["count"] == expected


@pytest.mark.parametrize(("paging", "second_page"), [("live", []), ("snapshot", [9_000_003])])
def test_paging_under_sync(paging: str, second_page: list[int]) -> None:
    """Marking the first page shifts the second one, unless paging goes over a snapshot."""
    sim = three(paging=paging)
    assert ids(v2(sim, count=2)) == [9_000_001, 9_000_002]
    assert ids(v2(sim, count=2, start_from=2)) == second_page


@pytest.mark.parametrize(("paging", "second_page"), [("live", []), ("snapshot", [9_000_003])])
def test_paging_while_an_order_leaves_the_window(paging: str, second_page: list[int]) -> None:
    """A plain read shifts likewise when an order is modified between its pages."""
    clock = FakeClock()
    sim = three(clock, paging=paging)
    window: dict[str, Any] = {"sync": 0, "count": 2, "date_start": "2026-11-01", "date_end": clock.now().isoformat()}
    assert ids(v2(sim, **window)) == [9_000_001, 9_000_002]
    clock.sleep(60)
    sim.edit(9_000_001, quantity=1)
    assert ids(v2(sim, **window, start_from=2)) == second_page


@pytest.mark.parametrize(
    ("sort", "expected"), [("id", [1, 2, 3]), ("modified", [2, 3, 1]), ("newest", [3, 2, 1])], ids=str
)
def test_sort_orders(sort: str, expected: list[int]) -> None:
    """The list is sorted as switched."""
    clock = FakeClock()
    sim = three(clock, sort=sort)
    clock.sleep(60)
    sim.edit(9_000_001, customer_purchase_order="PO-2")
    assert [order_id - 9_000_000 for order_id in ids(v2(sim, sync=0))] == expected


def test_max_count_caps_the_page() -> None:
    """A page is no larger than the maximum, and says where the next one starts."""
    answer = v2(three(max_count=2), sync=0, count=100)
    assert len(ids(answer)) == answer.json()["response"]["next_start"] == 2


# other readings of v2


def test_ignored_order_type() -> None:
    """The server can ignore the status filter."""
    sim = simulator(ignore_order_type=True)
    found = ids(v2(sim, sync=0, count=200, order_type=6))
    assert sim.awkward["cancelled"] in found


def test_carts_left_out() -> None:
    """Orders in progress can be missing from "all"."""
    sim = simulator(carts="left_out")
    assert sim.awkward["cart"] not in ids(v2(sim, sync=0, count=200, order_type=8))


@pytest.mark.parametrize(("honored", "marked"), [(False, 9_000_001), (True, 9_000_003)])
def test_order_id_parameter(honored: bool, marked: int) -> None:
    """A server that ignores `order_id` marks another order than was meant."""
    sim = three(order_id_filter=honored)
    v2(sim, count=1, order_id=9_000_003)
    assert sim.marked() == {marked}


def test_sync_0_refused() -> None:
    """An account that only allows reading with marks answers sync=0 with an error."""
    sim = three(sync_0="refused")
    for path in ("/v2/order/", "/v2/order/9000001"):
        assert v2(sim, path, sync=0).json()["response"]["code"] == 403
    assert len(ids(v2(sim))) == 3


@pytest.mark.parametrize(
    ("single_read", "bare", "sync_0"), [("by_sync", 1, 0), ("never", 0, 0), ("always", 1, 1)], ids=str
)
def test_single_read_marks(single_read: str, bare: int, sync_0: int) -> None:
    """Reading one order marks it as the list does, never, or always."""
    for query, expected in (({}, bare), ({"sync": 0}, sync_0)):
        sim = three(single_read=single_read)
        assert ids(v2(sim, "/v2/order/9000002", **query)) == [9_000_002]
        assert len(sim.marked()) == expected


@pytest.mark.parametrize(("v2_errors", "status"), [("code", 200), ("status", 404)])
def test_refusals_by_code_or_status(v2_errors: str, status: int) -> None:
    """A refusal carries its code, under HTTP 200 or its own status."""
    answer = v2(three(v2_errors=v2_errors), "/v2/order/1")
    assert (answer.status, answer.json()["response"]["code"]) == (status, 404)


@pytest.mark.parametrize("name", ["accept", "content-type"])
def test_formats_must_be_named(name: str) -> None:
    """A call that does not say what it sends and accepts is not processed."""
    sim = three()
    request = v2_request(sim)
    headers = {**request.headers, name: "*/*"}
    assert sim.handle(Request("GET", request.url, headers)).json()["response"]["code"] in (406, 415)
    assert sim.marked() == frozenset()


@pytest.mark.parametrize(
    ("scheme", "encoded", "strict"),
    [("OAuth2", True, 200), ("OAuth2", False, 401), ("Bearer", True, 401), ("Bearer", False, 401)],
)
def test_token_schemes(scheme: str, encoded: bool, strict: int) -> None:
    """Only the documented scheme with the encoded token passes; a lenient account also takes a bearer."""
    for auth, expected in (("strict", strict), ("lenient", 200 if scheme == "Bearer" else strict)):
        sim = three(auth=auth)
        token = sim.settings()["token"]
        given = base64.b64encode(token.encode()).decode() if encoded else token
        request = Request("GET", f"{HOST}/v2/order", {**JSON, "authorization": f"{scheme} {given}"})
        assert sim.handle(request).status == expected


# credits


def test_window_of_credits() -> None:
    """300 reads exhaust a window; it refills at once when it closes, 300 seconds after its first call."""
    clock = FakeClock()
    sim = three(clock)
    clock.sleep(1000)
    answers = [v2(sim, sync=0) for _ in range(300)]
    assert {answer.status for answer in answers} == {200}
    assert answers[0].headers["x-throttling-account-id"] == sim.settings()["account_id"]
    clock.sleep(299)
    refused = v2(sim)
    assert refused.status == 429
    assert refused.headers["x-throttling-account-id"] == sim.settings()["account_id"]
    assert "retry-after" not in refused.headers
    assert sim.marked() == frozenset()
    clock.sleep(1)
    assert v2(sim, sync=0).status == 200
    assert sim.requests == 302


def test_a_write_costs_five() -> None:
    """One bulk write and 295 reads exhaust a window; signing in costs nothing."""
    sim = three(retry_after=True)
    token = sign_in(sim).json()["access_token"]
    assert v4(sim, "POST", "/v4/orders/bulk_update", [], token=token).status == 200
    assert {v2(sim, sync=0).status for _ in range(295)} == {200}
    refused = v4(sim, "GET", "/v4/orders", token=token)
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) >= 300


def test_throttle_off() -> None:
    """Without a throttle an account bears any number of calls."""
    sim = three(throttle="off")
    assert {v2(sim, sync=0).status for _ in range(301)} == {200}


# v4


def test_sign_in_answer() -> None:
    """A sign-in gives a bearer token for ten hours."""
    body = sign_in(simulator()).json()
    assert (body["token_type"], body["expires_in"], body["refresh_expires_in"]) == ("Bearer", 36000, 7776000)


def test_sign_in_by_multipart() -> None:
    """The token endpoint also takes the documented multipart form, and its address without the slash."""
    sim = simulator()
    fields = {"grant_type": "password", **sim.settings()}
    parts = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    )
    headers = {"content-type": "multipart/form-data; boundary=cut"}
    answer = sim.handle(Request("POST", f"{HOST}/auth", headers, f"{parts}--cut--\r\n".encode()))
    assert v4(sim, "GET", "/v4/orders", token=answer.json()["access_token"]).status == 200


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"password": "wrong"}, 401), ({"grant_type": "refresh_token"}, 400), ({"username": ""}, 400)],
    ids=str,
)
def test_sign_in_refused(fields: dict[str, str], status: int) -> None:
    """A wrong password, another grant or a missing field gives no token."""
    answer = sign_in(simulator(), **fields)
    assert (answer.status, "access_token" in answer.json()) == (status, False)


def test_token_expires_and_is_renewed() -> None:
    """A token serves 36000 seconds; a new one may be asked for at any time and leaves earlier ones valid."""
    clock = FakeClock()
    sim = simulator(clock)
    first = sign_in(sim).json()["access_token"]
    clock.sleep(35_999)
    second = sign_in(sim).json()["access_token"]
    assert {v4(sim, "GET", "/v4/orders", token=token).status for token in (first, second)} == {200}
    clock.sleep(1)
    assert v4(sim, "GET", "/v4/orders", token=first).status == 401
    assert v4(sim, "GET", "/v4/orders", token=second).status == 200


def test_v4_token_without_scheme() -> None:
    """A bare token passes only where the account is lenient."""
    for auth, status in (("strict", 401), ("lenient", 200)):
        sim = simulator(auth=auth)
        token = sign_in(sim).json()["access_token"]
        url = f"{HOST}/v4/orders?account={sim.settings()['account_id']}"
        assert sim.handle(Request("GET", url, {"authorization": token})).status == status


@pytest.mark.parametrize(("account", "status"), [("", 400), ("other", 403)])
def test_v4_account_is_required(account: str, status: int) -> None:
    """Every v4 call names the account signed in to."""
    answer = v4(simulator(), "GET", "/v4/orders", account=account)
    assert (answer.status, answer.json()["data"]) == (status, [])


def test_v4_list_filters_and_pages() -> None:
    """The v4 list filters by ids, status and export status, comes in pages, has no lines and marks nothing."""
    sim = simulator()
    cancelled, failed = sim.awkward["cancelled"], sim.awkward["export_failed"]

    def found(**query: Any) -> list[int]:
        return [int(order["id"]) for order in v4(sim, "GET", "/v4/orders", **query).json()["data"]]

    assert found(order_ids=f"{cancelled},{failed},1") == [cancelled, failed]
    assert found(status="CANCELLED") == [cancelled]
    assert found(export_status="FAILED") == [failed]
    assert found(page=2, page_size=10) == list(sim.orders)[10:20]
    assert v4(sim, "GET", "/v4/orders", page_size=201).status == 400
    assert "line_items" not in v4(sim, "GET", "/v4/orders").json()["data"][0]
    assert sim.marked() == frozenset()


def test_acknowledgement_half_succeeds() -> None:
    """Rows that can be applied are, in one 200 with the errors of the others."""
    sim = three()
    answer = acknowledge(
        sim,
        row(9_000_001, export_description="Order 1001"),
        row(77),
        {"id": "9000002", "export_status": "SUCCESS"},
        row(9_000_002, "DONE"),
        {**row(9_000_002), "status": "IN_PROGRESS"},
        row(9_000_003, "FAILED", export_description="Barcode 1 is not known"),
    )
    assert [order["id"] for order in answer["data"]] == ["9000001", "9000003"]
    assert [(error["status"], error["details"]) for error in answer["errors"]] == [
        ("NOT_FOUND", {"id": "77"}),
        *[("INVALID", {"id": "9000002"})] * 3,
    ]
    assert sim.acknowledged == {
        9_000_001: ("SUCCESS", "Order 1001"),
        9_000_003: ("FAILED", "Barcode 1 is not known"),
    }
    assert [order.export_state for order in sim.orders.values()] == ["success", "never", "failed"]
    assert sim.orders[9_000_003].export_details == "Barcode 1 is not known"
    assert sim.marked() == frozenset()
    assert sim.facts() == {"orders": 3, "marked by being read": 0, "acknowledged": 2}


@pytest.mark.parametrize(("error_details", "expected"), [("order_id", {"order_id": "7"}), ("none", {})])
def test_error_details_forms(error_details: str, expected: dict[str, str]) -> None:
    """What an error says of its row is as switched."""
    assert acknowledge(three(error_details=error_details), row(7))["errors"][0]["details"] == expected


@pytest.mark.parametrize("body", [{"id": "9000001"}, ["9000001"]], ids=["object", "texts"])
def test_bulk_update_takes_a_list_of_objects(body: Any) -> None:
    """A body of any other form is refused as a whole."""
    answer = v4(three(), "POST", "/v4/orders/bulk_update", body)
    assert (answer.status, len(answer.json()["errors"])) == (400, 1)


def test_bulk_update_changes_the_status() -> None:
    """The status a row must carry is applied, also where the order has another one by now."""
    clock = FakeClock()
    sim = three(clock)
    sim.to_pending(9_000_001)
    clock.sleep(60)
    acknowledge(sim, row(9_000_001))
    order = sim.orders[9_000_001]
    assert (order.status, order.modified_at, order.approved_at) == ("approved", clock.now(), clock.now())


@pytest.mark.parametrize(("v4_export", "left"), [("shared", [2, 3]), ("separate", [1, 2, 3])], ids=str)
def test_v4_export_state_and_v2(v4_export: str, left: list[int]) -> None:
    """An acknowledgement takes the order out of the v2 feed, and a v2 read shows in v4, unless they are separate."""
    sim = three(v4_export=v4_export)
    acknowledge(sim, row(9_000_001))
    assert [order_id - 9_000_000 for order_id in ids(v2(sim, sync=0, export_status=2))] == left
    v2(sim)
    succeeded = v4(sim, "GET", "/v4/orders", export_status="SUCCESS").json()["data"]
    assert len(succeeded) == (3 if v4_export == "shared" else 1)


@pytest.mark.parametrize(("v4_undefined", "left"), [("resets", 3), ("keeps", 2)])
def test_v4_undefined(v4_undefined: str, left: int) -> None:
    """UNDEFINED, or empty text, may put an order back into the v2 feed."""
    sim = three(v4_undefined=v4_undefined)
    acknowledge(sim, row(9_000_001))
    acknowledge(sim, row(9_000_001, ""))
    assert len(ids(v2(sim, sync=0, export_status=2))) == left
    assert sim.acknowledged[9_000_001] == ("UNDEFINED", "")


@pytest.mark.parametrize("moves", [False, True])
def test_export_change_may_count_as_modification(moves: bool) -> None:
    """Whether an acknowledgement moves the modified date is as switched; it is never a change since export."""
    clock = FakeClock()
    sim = three(clock, export_modifies=moves)
    clock.sleep(60)
    acknowledge(sim, row(9_000_001))
    order = sim.orders[9_000_001]
    assert (order.modified_at == clock.now()) is moves
    assert order.export_class == "success"


# people in JOOR


def test_people_change_orders() -> None:
    """Approving, taking back, canceling and editing move the modified date; editing changes the total."""
    clock = FakeClock()
    sim = simulator(clock, orders="none")
    order = sim.orders[sim.add_order({"1001-401-S": 2}, customer="C108", status="pending")]
    assert (order.total, order.currency, order.approved_at) == (Decimal(92), "JPY", None)
    for act, status in ((sim.approve, "approved"), (sim.to_pending, "pending"), (sim.cancel, "cancelled")):
        clock.sleep(60)
        act(order.id)
        assert (order.status, order.modified_at) == (status, clock.now())
    clock.sleep(60)
    sim.edit(order.id, quantity=5, barcode="123", customer_code="C1")
    assert (order.total, order.modified_at) == (Decimal(230), clock.now())
    assert (order.lines[0].barcode, order.header["customer_code"]) == ("123", "C1")


def test_unknown_header_field_is_refused() -> None:
    """A header field JOOR does not have cannot be set by mistake."""
    sim = three()
    with pytest.raises(ValueError, match="no header field 'po'"):
        sim.edit(9_000_001, po="PO-1")


def test_edit_after_export_and_re_export() -> None:
    """An edit makes an exported order modified since export; setting it to re-export makes it new again."""
    clock = FakeClock()
    sim = three(clock)
    v2(sim)
    clock.sleep(60)
    sim.edit(9_000_002, quantity=1)
    assert ids(v2(sim, sync=0, export_status=4)) == [9_000_002]
    sim.set_to_reexport(9_000_002)
    assert ids(v2(sim)) == [9_000_002]


# the data set and the object


def test_data_set_is_deterministic_and_recent() -> None:
    """The same seed gives the same orders, all modified within the last ten days; another seed gives others."""
    clock = FakeClock()
    one, two, other = simulator(clock), simulator(clock), simulator(clock, seed=1)
    assert dict(one.orders) == dict(two.orders)
    assert dict(one.orders) != dict(other.orders)
    assert len(one.orders) >= 60
    for order in one.orders.values():
        assert order.created_at < order.modified_at < clock.now() < order.modified_at + timedelta(days=10)


def test_totals_add_up() -> None:
    """Every total is its lines less the discount plus shipping; one order alone has a line that disagrees."""
    sim = simulator()
    disagreeing = set()
    for order in v2(sim, sync=0, count=200, order_type=8).json()["orders"]:
        lines = [line for line in order["line_items"] or [] if line["item_price"] != ""]
        right = [(line["item_price"] + line["item_price_adjustment"]) * line["item_quantity"] for line in lines]
        assert order["order_total"] == sum(right) - order["order_discount"] + order["order_shipping_total"]
        if right != [line["item_price_extended"] for line in lines]:
            disagreeing.add(order["order_id"])
    assert disagreeing == {sim.awkward["extended_disagrees"]}


def test_ordinary_orders_are_plain() -> None:
    """Ordinary orders are approved, have 4 to 20 known and stocked lines, and the currency of their country."""
    sim = simulator()
    known = {sku.barcode: sku for sku in brand.skus()}
    awkward = set(sim.awkward.values())
    ordinary = [order for order in sim.orders.values() if order.id not in awkward]
    assert {order.currency for order in ordinary} == {"GBP", "EUR", "USD", "JPY"}
    for order in ordinary:
        assert (order.status, order.export_state) == ("approved", "never")
        assert 4 <= len(order.lines) <= 20
        assert all(2 <= line.quantity <= 12 <= known[line.barcode or ""].stock for line in order.lines)
        if order.currency == "JPY":
            assert all(line.price == int(line.price or 0) for line in order.lines)


def test_awkward_orders_are_as_named() -> None:
    """Every awkward order is awkward in the way its name says."""
    sim = simulator()
    order = {kind: sim.orders[order_id] for kind, order_id in sim.awkward.items()}
    assert order["no_customer_code"].header["customer_code"] is None
    assert order["spaced_customer_code"].header["customer_code"] == " C101  "
    assert order["wrong_case_customer_code"].header["customer_code"] == "c102"
    assert "<eop>" in order["eop_comment"].header["order_comments"]
    assert not order["unicode"].header["shipping_name"].isascii()
    assert order["unknown_country"].header["shipping_country"] == "Freedonia"
    assert order["other_warehouse"].header["warehouse_code"] == "EU"
    assert order["no_warehouse"].header["warehouse_code"] is None
    assert order["no_ship_dates"].header["date_ship_end"] is None
    assert order["short_ship_date"].header["date_ship_end"] == "0"
    numbers = {order[kind].header["customer_purchase_order"] for kind in ("same_po_first", "same_po_second")}
    assert numbers == {"PO-SAME-1"}
    assert order["missing_barcode"].lines[0].barcode is None
    assert order["unknown_barcode"].lines[1].barcode not in {sku.barcode for sku in brand.skus()}
    assert order["case_pack"].lines[0].pack == 6
    assert (len(order["many_lines"].lines), len(order["no_lines"].lines)) == (134, 0)
    assert all((line.style_number, line.quantity) == ("1010", 5) for line in order["short_stock"].lines)
    assert order["no_price"].lines[2].price is None
    assert order["style_discount"].lines[0].price == Decimal("0.9") * (order["style_discount"].lines[0].unit_price or 0)
    assert order["price_adjustment"].lines[0].adjustment < 0 < order["price_adjustment"].lines[1].adjustment
    assert order["order_discount"].discount_amount == 25
    assert order["order_discount_percent"].discount_amount > 0
    assert order["style_tags"].lines[0].tags[0]["style_tag_value"] == "Regular"


def test_many_more_orders() -> None:
    """Any number of small orders can be added to the sample or to an empty account."""
    sim = simulator(orders="none", many=1000)
    assert len(sim.orders) == 1000
    assert sim.awkward == {}
    assert len(simulator(many=10).orders) == len(simulator().orders) + 10


def test_operations_are_named() -> None:
    """Each call has a name, and anything else is unknown and not found."""
    sim = simulator()
    names = {
        ("GET", "/v2/order"): "orders.read",
        ("GET", "/v2/order/5/"): "order.read",
        ("GET", "/v4/orders"): "orders.v4_read",
        ("POST", "/v4/orders/bulk_update"): "orders.acknowledge",
        ("POST", "/auth"): "auth.token",
        ("POST", "/v2/order/"): "unknown",
        ("GET", "/v2/shipment"): "unknown",
    }
    for (method, path), name in names.items():
        assert sim.operation(Request(method, HOST + path)) == name
    assert sim.handle(Request("GET", f"{HOST}/v2/shipment")).status == 404


def test_switches_are_checked_and_documented() -> None:
    """Every switch is described in the docstring, and a name or value that does not exist is refused."""
    assert [name for name in get_type_hints(Switches) if f"`{name}`:" not in (Simulator.__doc__ or "")] == []
    with pytest.raises(TypeError, match="no switch 'pagging'"):
        simulator(pagging="live")
    with pytest.raises(ValueError, match="paging is one of"):
        simulator(paging="dead")


def test_serves_over_real_http() -> None:
    """All three interfaces answer below one address over real HTTP."""
    sim = three()
    with SimulatorServer(sim.handle) as server:
        http = Http(server.url, clock=FakeClock())
        known = sim.settings()
        form = {name: known[name] for name in ("client_id", "client_secret", "username", "password")}
        token = http.write("POST", "/auth/", form={"grant_type": "password", **form}).json()["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        listed = http.read("GET", "/v4/orders", params={"account": known["account_id"]}, headers=bearer)
        found = http.read("GET", "/v2/order/", params={"sync": 0}, headers=v2_request(sim).headers)
        http.close()
    assert len(listed.json()["data"]) == len(ids(found)) == 3


def test_accounts_do_not_share_credentials() -> None:
    """Another seed is another account, which refuses this one's token."""
    assert simulator(seed=1).handle(v2_request(simulator())).status == 401
