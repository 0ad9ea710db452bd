"""The JOOR simulator's customers: connections that JOOR's staff has to match first."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from orderweft.testing import FakeClock, brand
from orderweft_joor.simulator import Simulator

from .test_simulator import simulator, v2
from .test_simulator_catalog import write


def row(code: str = "N1", **more: Any) -> dict[str, Any]:
    """Return a connection as the brand sends it."""
    named = {"customer_name": "New Store", "customer_alias": "New Store", "customer_contact_name": "New Store"}
    return {"customer_code": code, **named, **more}


def send(sim: Simulator, *rows: dict[str, Any], method: str = "POST") -> Any:
    """Send a bulk call and return what it says of its job."""
    answer = write(sim, method, "/v2/bulk-connection", {"bulk_connections": {"connection": list(rows)}}).json()
    return answer["bulk_connections"]["bulk_connections_jobs"][0]


def poll(sim: Simulator, job: int = 1) -> Any:
    """Return what a job says of itself."""
    return v2(sim, f"/v2/bulk-connection/{job}").json()["bulk_connections"]["bulk_connections_jobs"][0]


def finish(sim: Simulator, *rows: dict[str, Any]) -> None:
    """Have a bulk call done."""
    job = send(sim, *rows)["bulk_connections_job_id"]
    while poll(sim, job)["status"] != "finished":
        pass


def connected(**options: Any) -> Simulator:
    """Return the sample account without orders."""
    return simulator(orders="none", **options)


def by_code(sim: Simulator, code: str) -> Any:
    """Return the connection of that code in a list, or the answer that refuses it."""
    answer = v2(sim, f"/v2/connection/customer_code/{quote(code, safe='')}/").json()
    return answer.get("connections", answer["response"]["code"])


def test_the_sample_brands_customers_but_one_are_connected() -> None:
    """Every customer of the brand is connected, save one whose link was removed."""
    sim = simulator()
    codes = {buyer.code for buyer in brand.buyers()}
    assert set(sim.customers) == codes - {"C107"}
    listed = v2(sim, "/v2/connection").json()
    assert {each["customer_code"] for each in listed["connections"]} == set(sim.customers)
    assert listed["response"]["count"] == 9


def test_customers_fit_the_orders() -> None:
    """An order has the addresses of its customer, under the same codes."""
    sim = simulator()
    for order in sim.orders.values():
        if order.id not in sim.awkward.values() and order.header["customer_code"] in sim.customers:
            customer = sim.customers[order.header["customer_code"]]
            shipping = customer["shipping"]["shipping_addresses"][0]
            assert order.header["shipping_code"] == shipping["shipping_code"]
            assert order.header["shipping_city"] == shipping["shipping_city"]
            assert order.header["billing_code"] == customer["billing"]["billing_addresses"][0]["billing_code"]


def test_reading_one_customer() -> None:
    """A customer is found by its code or by JOOR's id, and has no name but its alias."""
    sim = connected()
    found = by_code(sim, "C101")[0]
    assert (found["customer_alias"], found["customer_group_code"]) == ("Muster Mode GmbH", "IND")
    assert "customer_name" not in found
    assert found["billing"]["billing_addresses"][0]["billing_state"] == "BE"
    assert v2(sim, f"/v2/connection/{found['customer_account_id']}/").json()["connections"] == [found]
    assert by_code(sim, "C107") == 404
    assert by_code(connected(missing_record="empty"), "C107") == ""


def test_customers_come_in_pages() -> None:
    """The list of customers is paged like that of orders, in the same forms."""
    sim = connected(root_node="list", list_name="order", single_as_object=True)
    answer = v2(sim, "/v2/connection", start_from=8, count=4).json()
    assert answer["connections"]["connection"]["customer_code"] == "C109"
    assert v2(sim, "/v2/connection", count=4).json()["response"]["next_start"] == 4


def test_inner_nodes_kept() -> None:
    """Lists within a customer may hold their rows under the name a row has in XML."""
    found = by_code(connected(inner_nodes="kept"), "C101")[0]
    assert found["warehouses"]["warehouse"][0]["warehouse_name"] == "Default"
    assert found["billing"]["billing_addresses"]["billing_address"][0]["billing_code"] == "C101-B1"


def test_a_new_customer_waits_for_joors_staff() -> None:
    """A new customer cannot be read before somebody at JOOR has matched it."""
    sim = connected()
    finish(sim, row(), row("C107"))
    assert (by_code(sim, "N1"), set(sim.waiting_customers)) == (404, {"N1", "C107"})
    assert (sim.facts()["customers"], sim.facts()["customers waiting for JOOR"]) == (9, 2)
    assert sim.match_customers() == ["N1", "C107"]
    assert by_code(sim, "N1")[0]["customer_code"] == "N1"
    assert not sim.waiting_customers


def test_staff_may_take_so_many_hours() -> None:
    """Waiting customers are matched by themselves when the time has come."""
    clock = FakeClock()
    sim = connected(clock=clock, match_hours=24)
    finish(sim, row())
    clock.sleep(24 * 3600 - 1)
    assert by_code(sim, "N1") == 404
    clock.sleep(1)
    assert by_code(sim, "N1")[0]["customer_code"] == "N1"


def test_an_existing_customer_is_updated_in_full() -> None:
    """An update takes away what it does not give; an address that keeps its code keeps its id."""
    sim = connected()
    address = sim.customers["C101"]["billing"]["billing_addresses"][0]
    billing = {"billing_addresses": {"billing_address": {"billing_code": "C101-B1", "billing_city": "Bonn"}}}
    finish(sim, row("C101", billing=billing))
    found = by_code(sim, "C101")[0]
    assert (found["customer_alias"], found["customer_group_code"], found["warehouses"]) == ("New Store", "", "")
    changed = found["billing"]["billing_addresses"][0]
    assert (changed["billing_city"], changed["billing_phone"]) == ("Bonn", "")
    assert changed["billing_address_id"] == address["billing_address_id"]
    assert not sim.waiting_customers


@pytest.mark.parametrize("code", ["c101", " C101"])
def test_codes_that_nearly_match(code: str) -> None:
    """A code that differs by case or space makes a second customer, unless the account is loose about it."""
    sim = connected()
    finish(sim, row(code))
    assert set(sim.waiting_customers) == {code}
    loose = connected(customer_codes="loose")
    finish(loose, row(code))
    assert not loose.waiting_customers
    assert by_code(loose, "C101")[0]["customer_alias"] == "New Store"


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_job_goes_on_with_each_poll(method: str) -> None:
    """A job is queued, started and finished, and nothing is done before."""
    sim = connected()
    assert send(sim, row("C101"), row("C102"), method=method)["status"] == "queued"
    told = [poll(sim) for _ in range(4)]
    assert [each["status"] for each in told] == ["queued", "started", "finished", "finished"]
    assert [each["connection_record_progress"] for each in told] == [0, 1, 2, 2]
    assert {each["connection_record_count"] for each in told} == {2}
    assert sim.customers["C101"]["customer_name"] == "New Store"


@pytest.mark.parametrize(("jobs", "expected"), [("clock", "finished"), ("polls", "finished"), ("stuck", "queued")])
def test_a_job_goes_on_with_time(jobs: str, expected: str) -> None:
    """Whoever polls, a job is done after two minutes, unless it is stuck."""
    clock = FakeClock()
    sim = connected(clock=clock, jobs=jobs)
    send(sim, row("C101"))
    if jobs == "clock":
        assert {poll(sim)["status"] for _ in range(5)} == {"queued"}
    clock.sleep(60)
    assert poll(sim)["status"] == ("queued" if jobs == "stuck" else "started")
    clock.sleep(60)
    assert poll(sim)["status"] == expected


def test_an_unknown_job() -> None:
    """A job that is not there is an error, another kind of job's number included."""
    sim = connected()
    send(sim, row())
    assert v2(sim, "/v2/bulk-style/1").json()["response"]["code"] == 404


def test_a_job_is_silent_about_rows() -> None:
    """A job finishes without a word on the rows it could not take."""
    sim = connected()
    finish(sim, row("N1", customer_alias=""), row("N" * 51), {"customer_code": "N2"}, row("N3"))
    assert poll(sim)["connection_record_progress"] == 4
    assert set(sim.waiting_customers) == {"N3"}


@pytest.mark.parametrize("node", ["connections", "connection"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_single_write(node: str, method: str) -> None:
    """A single write updates at once, has new customers wait, and is refused for a row that lacks something."""
    sim = connected()
    body = {node: row("C101")} if node == "connection" else {node: [row("C101"), row()]}
    assert write(sim, method, "/v2/connection", body).json()["connections"][0]["customer_alias"] == "New Store"
    assert len(sim.waiting_customers) == (node == "connections")
    refused = write(sim, method, "/v2/connection", {"connection": {"customer_code": "N2"}}).json()
    assert refused["response"] | {"log_id": ""} == {"code": 400, "comment": "customer_name is required", "log_id": ""}


def test_removing_a_link() -> None:
    """Removing a customer answers without a root node; its orders stay."""
    sim = simulator()
    orders = len(sim.orders)
    answer = write(sim, "DELETE", "/v2/connection", customer_code="C101").json()
    assert answer["connection"] == {"connection_deleted": {"customer_code": "C101"}}
    assert answer["response"]["code"] == 0
    assert ("C101" in sim.customers, len(sim.orders)) == (False, orders)
    assert write(sim, "DELETE", "/v2/connection/", customer_code="C101").json()["response"]["code"] == 404


@pytest.mark.parametrize(
    "body", [{}, [], {"bulk_connections": {}}, {"bulk_connections": {"connection": ["C1"]}}], ids=str
)
def test_a_bulk_call_needs_rows(body: Any) -> None:
    """A bulk call without rows, or with rows that are none, is an error."""
    assert write(connected(), "POST", "/v2/bulk-connection", body).json()["response"]["code"] == 400
