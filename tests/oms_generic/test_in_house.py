"""The invented in-house system does what its module says."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import Http, Response
from orderweft.testing import ConnectionLost, FakeClock, Fault, Faulty, SimulatorServer
from orderweft_oms_generic.simulator import Simulator

from .calls import HOST, basic, bearer, request, says, simulator

LINE = {"sku": "1001-401-S", "pieces": 4, "price": "46.00"}
ORDER: dict[str, Any] = {
    "reference": "JR-1",
    "currency": "GBP",
    "customer": {"code": "C100", "name": "Example Store Ltd"},
    "lines": [LINE],
}


def call(sim: Simulator, method: str, path: str, body: Any = None, **query: Any) -> Response:
    """Send a call with the token."""
    return sim.handle(request(method, f"/api{path}", body, bearer(sim.settings()["token"]), **query))


def test_an_order_is_created_once_and_found_by_its_reference() -> None:
    """A repeat is refused by 409 with the existing id."""
    sim = simulator("in_house")
    assert call(sim, "POST", "/orders", ORDER).json() == {"id": 1001, "reference": "JR-1", "status": "open"}
    again = call(sim, "POST", "/orders", ORDER)
    assert (again.status, again.json()) == (409, {"error": "reference exists", "id": 1001})
    assert [row["id"] for row in says(call(sim, "GET", "/orders", reference="JR-1"))["orders"]] == [1001]
    assert says(call(sim, "GET", "/orders", reference="JR-2"))["orders"] == []
    lax = simulator("in_house", duplicates="accepted")
    assert [call(lax, "POST", "/orders", ORDER).status for _ in range(2)] == [201, 201]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"reference": ""}, {"reference": "is required"}),
        ({"customer": {"name": "A"}}, {"customer.code": "is required"}),
        ({"lines": []}, {"lines": "is required"}),
        ({"lines": [{**LINE, "sku": "NONE"}]}, {"lines.0.sku": "is unknown"}),
        ({"lines": [LINE, {**LINE, "pieces": 0}]}, {"lines.1.pieces": "is no whole number above 0"}),
        ({"lines": [{**LINE, "price": "dear"}]}, {"lines.0.price": "is no amount"}),
        ({"warehouse": "MOON"}, {"warehouse": "is unknown"}),
    ],
    ids=["reference", "customer", "lines", "sku", "pieces", "price", "warehouse"],
)
def test_wrong_fields_are_named(fields: dict[str, Any], errors: dict[str, str]) -> None:
    """A refused order leaves nothing behind."""
    sim = simulator("in_house")
    response = call(sim, "POST", "/orders", {**ORDER, **fields})
    assert (response.status, response.json()) == (422, {"errors": errors})
    assert sim.orders == {}


def test_client_credentials_give_a_token_for_ten_minutes() -> None:
    """The token comes from a form with Basic credentials, and runs out."""
    clock = FakeClock()
    sim = simulator("in_house", clock, auth="client_credentials")
    known = sim.settings()
    headers = {
        **basic(known["client_id"], known["client_secret"]), "content-type": "application/x-www-form-urlencoded"
    }  # fmt: skip
    asked = request("POST", "/oauth/token", headers=headers)
    assert sim.handle(asked).status == 401
    form = type(asked)("POST", f"{HOST}/oauth/token", headers, b"grant_type=client_credentials")
    token = bearer(says(sim.handle(form))["access_token"])
    read = request("GET", "/api/account", headers=token)
    assert sim.handle(read).status == 200
    clock.sleep(600)
    assert sim.handle(read).status == 401


def test_stock_is_paged_with_a_total_and_written_row_by_row() -> None:
    """The total is in a header; open orders reserve pieces in their warehouse."""
    sim = simulator("in_house")
    says(call(sim, "POST", "/orders", {**ORDER, "warehouse": "EU"}))
    page = call(sim, "GET", "/stock", page=2, size=100, warehouse="EU")
    assert (len(says(page)), page.headers["x-total-count"]) == (35, "135")
    row = says(call(sim, "PUT", "/stock/1001-401-S", {"warehouse": "EU", "on_hand": 9}))
    assert (row["on_hand"], row["reserved"], row["free"]) == (9, 4, 5)
    assert sim.stock["1001-401-S", "EU"] == 9
    products = call(sim, "GET", "/products", size=200)
    assert (len(says(products)), products.headers["x-total-count"]) == (150, "150")
    assert call(sim, "GET", "/stock", size=201).status == 400


def test_shipments_since_go_on_by_a_link() -> None:
    """Fifty at a time, oldest first, with the next address in the body."""
    clock = FakeClock()
    sim = simulator("in_house", clock)
    sim.ship(sim.add_order("A-0", {"1001-401-S": 1}), "T-0")
    clock.sleep(60)
    for number in range(1, 52):
        sim.ship(sim.add_order(f"A-{number}", {"1001-401-S": 1}), f"T-{number}")
    first = says(call(sim, "GET", "/shipments", since="2026-11-02T09:01:00Z"))
    assert (len(first["shipments"]), first["shipments"][0]["reference"]) == (50, "A-1")
    second = says(call(sim, "GET", first["next"].removeprefix("/api")))
    assert ([row["tracking"] for row in second["shipments"]], second["next"]) == (["T-51"], None)


def test_an_order_is_cancelled_until_something_has_left() -> None:
    """409 afterwards."""
    sim = simulator("in_house")
    says(call(sim, "POST", "/orders", ORDER))
    assert says(call(sim, "POST", "/orders/1001/cancel"))["status"] == "cancelled"
    shipped = sim.add_order("A-1", {"1001-401-S": 1})
    sim.ship(shipped, "T-1")
    assert call(sim, "POST", f"/orders/{shipped.id}/cancel").status == 409


def test_sixty_calls_a_minute() -> None:
    """Then 429, with the seconds to wait."""
    clock = FakeClock()
    sim = simulator("in_house", clock)
    assert {call(sim, "GET", "/account").status for _ in range(60)} == {200}
    clock.sleep(10)
    limited = call(sim, "GET", "/account")
    assert (limited.status, limited.headers["retry-after"]) == (429, "50")
    clock.sleep(50)
    assert call(sim, "GET", "/account").status == 200


def test_it_can_be_served_and_lose_answers() -> None:
    """Over real HTTP, and with the order there although the answer was lost."""
    sim = simulator("in_house")
    clock = FakeClock()
    faulty = Faulty(sim, Fault("order.create", "timeout_after"))
    with SimulatorServer(sim.handle) as server:
        http = Http(server.url, clock=clock)
        answer = http.read("GET", "/api/account", headers=bearer(sim.settings()["token"]))
        http.close()
    assert answer.json()["name"] == "Sample Brand"
    with pytest.raises(ConnectionLost):
        faulty(request("POST", "/api/orders", ORDER, bearer(sim.settings()["token"])))
    assert list(sim.by_external_id) == ["JR-1"]
