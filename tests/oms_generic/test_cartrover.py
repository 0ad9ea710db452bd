"""The fake of Extensiv Integration Manager keeps to what is known of it, and has a switch for what is not."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft import Response
from orderweft.testing import FakeClock
from orderweft_oms_generic.simulator import Simulator

from .calls import basic, request, says, simulator

LINE = {"line_no": 1, "item": "1001-401-S", "quantity": 4, "price": 46, "extended_amount": 184}
ORDER: dict[str, Any] = {
    "cust_ref": "JR-1",
    "order_date": "2026-11-02",
    "ship_is_billing": True,
    "ship_company": "Example Store Ltd",
    "ship_address_1": "12 Sample Street",
    "ship_city": "London",
    "ship_state": "",
    "ship_zip": "EC1A 1BB",
    "ship_country": "GB",
    "items": [LINE],
}
CREATE = "/cart/orders/cartrover"


def call(sim: Simulator, method: str, path: str, body: Any = None, *, level: str = "", **query: Any) -> Response:
    """Send a call with the cart's credentials, or the merchant's for what is the merchant's."""
    level = level or ("merchant_" if path.startswith("/merchant") else "")
    known = sim.settings()
    headers = basic(known[f"{level}api_user"], known[f"{level}api_key"])
    return sim.handle(request(method, f"/v1{path}", body, headers, **query))


def order(**fields: Any) -> dict[str, Any]:
    """Return an order's body."""
    return {**ORDER, **fields}


def refused(response: Response, code: str, status: int = 200) -> dict[str, Any]:
    """Return the envelope of a refusal."""
    answer: dict[str, Any] = response.json()
    assert (response.status, answer["success_code"], answer["error_code"]) == (status, False, code)
    return answer


def test_each_level_has_its_own_credentials() -> None:
    """The cart's create orders, the merchant's read stock; with the switch the cart's read too."""
    sim = simulator("cartrover")
    known = sim.settings()
    assert call(sim, "POST", CREATE, ORDER, level="merchant_").status == 401
    assert call(sim, "GET", "/merchant/inventory", level="").status == 200
    assert sim.handle(request("GET", "/v1/merchant/inventory", headers=basic(known["api_user"], "no"))).status == 401
    cart = basic(known["api_user"], known["api_key"])
    assert sim.handle(request("GET", "/v1/merchant/inventory", headers=cart)).status == 401
    lax = simulator("cartrover", merchant_reads="cart_too")
    assert lax.handle(request("GET", "/v1/merchant/inventory", headers=cart)).status == 200


def test_an_order_is_created_and_found_by_its_reference() -> None:
    """The answer has its number at the top, a read has the order under `response`; every answer names its process."""
    sim = simulator("cartrover")
    response = call(sim, "POST", CREATE, ORDER)
    created = says(response)
    assert (created["success_code"], created["cust_ref"], created["order_number"]) == (True, "JR-1", "CR5400001")
    assert response.headers["x-cartrover-process-id"]
    found = says(call(sim, "GET", "/cart/orders/JR-1"))["response"]
    assert (found["order_number"], found["order_status"]) == ("CR5400001", "new")
    assert says(call(sim, "GET", "/merchant/orders/JR-1"))["response"] == found


def test_a_reference_is_unquoted() -> None:
    """A slash in the reference travels as %2F."""
    sim = simulator("cartrover")
    says(call(sim, "POST", CREATE, order(cust_ref="JR/1")))
    assert says(call(sim, "GET", "/cart/orders/JR%2F1"))["response"]["cust_ref"] == "JR/1"


@pytest.mark.parametrize(
    "fields",
    [
        {"cust_ref": ""},
        {"ship_address_1": ""},
        {"ship_zip": None},
        {"ship_state": None},
        {"ship_company": ""},
        {"order_date": "11/02/2026"},
        {"ship_is_billing": "yes"},
        {"items": []},
        {"items": [{**LINE, "item": ""}]},
        {"items": [{**LINE, "quantity": 0}]},
        {"items": [{**LINE, "extended_amount": 180}]},
        {"sub_total": 180},
        {"sub_total": 184, "shipping_handling": 15, "grand_total": 184},
        {"items": [{**LINE, "line_tax": 20}], "sales_tax": 10},
        {"items": [{**LINE, "addl_discount": 5}]},
    ],
    ids=str,
)
def test_what_is_wrong_with_an_order_is_invalid(fields: dict[str, Any]) -> None:
    """A refused order leaves nothing behind."""
    sim = simulator("cartrover")
    refused(call(sim, "POST", CREATE, order(**fields)), "Invalid")
    assert sim.orders == {}


def test_right_amounts_pass() -> None:
    """The discount is per unit; the order's discount contains the lines' additional ones."""
    sim = simulator("cartrover")
    line = {**LINE, "discount": 1, "extended_amount": 180, "addl_discount": 5, "line_tax": 20}
    sums = {"sub_total": 180, "sales_tax": 20, "shipping_handling": 15, "order_discount": 10, "grand_total": 205}
    says(call(sim, "POST", CREATE, order(items=[line], **sums)))
    assert len(sim.orders) == 1


@pytest.mark.parametrize(("rule", "status"), [("ok", 200), ("by_kind", 409)], ids=["in the body", "by status"])
def test_a_repeated_reference_is_a_failure(rule: str, status: int) -> None:
    """A duplicate is refused, under HTTP 200 unless the switch says otherwise."""
    sim = simulator("cartrover", error_status=rule)
    says(call(sim, "POST", CREATE, ORDER))
    assert "JR-1" in refused(call(sim, "POST", CREATE, ORDER), "Failure", status)["message"]
    assert len(sim.orders) == 1


@pytest.mark.parametrize(("rule", "code"), [("failure", "Failure"), ("invalid", "Invalid"), ("empty", None)], ids=str)
def test_an_order_that_is_not_there(rule: str, code: str | None) -> None:
    """It fails, is invalid, or the response is empty."""
    sim = simulator("cartrover", missing_order=rule, text_field="status_message")
    response = call(sim, "GET", "/cart/orders/JR-1")
    if code is None:
        assert says(response) == {"success_code": True, "response": []}
    else:
        assert refused(response, code)["status_message"]


@pytest.mark.parametrize("form", ["response", "list"])
def test_a_batch_succeeds_in_part(form: str) -> None:
    """Each order of a batch has its own outcome."""
    sim = simulator("cartrover", batch_answer=form)
    answer = says(call(sim, "POST", "/cart/orders/batch", [ORDER, ORDER, order(cust_ref="JR-2", ship_city="")]))
    rows = answer if form == "list" else answer["response"]
    assert form == "list" or answer["success_code"] is False
    assert [row.get("error_code") for row in rows] == [None, "Failure", "Invalid"]
    assert list(sim.by_external_id) == ["JR-1"]


def test_throttling_is_told_in_the_body() -> None:
    """A hundred calls at once, one more every 0.6 s; creating an order is exempt."""
    clock = FakeClock()
    sim = simulator("cartrover", clock)
    answers = [call(sim, "GET", "/merchant/product/1001-401-S") for _ in range(100)]
    assert answers[-1].headers["x-cartrover-api-minute-hits-remaining"] == "0"
    refused(call(sim, "GET", "/merchant/product/1001-401-S"), "RateLimit")
    says(call(sim, "POST", CREATE, ORDER))
    clock.sleep(0.6)
    assert says(call(sim, "GET", "/merchant/product/1001-401-S"))["success_code"]
    limited = simulator("cartrover", clock, create_limited=True, error_status="by_kind")
    for number in range(100):
        says(call(limited, "POST", CREATE, order(cust_ref=str(number))))
    refused(call(limited, "POST", CREATE, ORDER), "RateLimit", 429)


def test_lists_are_by_status_and_its_date() -> None:
    """What the dates mean depends on the status; the total is in a header; a bare plus is a space and no date."""
    clock = FakeClock()
    sim = simulator("cartrover", clock)
    for number in range(3):
        sim.add_order(f"A-{number}", {"1001-401-S": 1})
    clock.sleep(3600)
    sim.ship("A-1", "1Z1")
    page = call(sim, "GET", "/cart/orders/list/new", limit=1, page=2)
    assert ([row["cust_ref"] for row in says(page)["response"]], page.headers["total-records"]) == (["A-2"], "2")
    shipped = says(call(sim, "GET", "/cart/orders/list/shipped", from_date="2026-11-02T11:00:00+01:00"))
    assert [row["cust_ref"] for row in shipped["response"]] == ["A-1"]
    path = "/cart/orders/list/any?from_date=2026-11-02T11:00:00+01:00"
    refused(call(sim, "GET", path), "Invalid")
    refused(call(sim, "GET", "/cart/orders/list/lost"), "Invalid")


def test_status_and_shipments() -> None:
    """A part leaves the order at the warehouse and in the list `partial`; all of it makes it shipped."""
    sim = simulator("cartrover")
    says(call(sim, "POST", CREATE, ORDER))
    sim.move_to_folder("JR-1", "at_wms")
    sim.ship("JR-1", "1Z1", pieces={"1001-401-S": 1}, carrier="FedEx")
    status = says(call(sim, "GET", "/cart/orders/status/JR-1"))["response"]
    assert status["order_status"] == "at_wms"
    (parcel,) = status["shipments"]
    assert (parcel["carrier"], parcel["tracking_no"], parcel["date"]) == ("FedEx", "1Z1", "2026-11-02T09:00:00Z")
    assert parcel["items"] == [{"item": "1001-401-S", "quantity": 1, "carton_code": None}]
    assert len(says(call(sim, "GET", "/merchant/orders/list/partial"))["response"]) == 1
    sim.ship("JR-1", "1Z2")
    assert says(call(sim, "GET", "/cart/orders/status/JR-1"))["response"]["order_status"] == "shipped"


def test_a_get_cancels() -> None:
    """`wms_cancel` works until something is shipped, the older call for a while after the order came."""
    clock = FakeClock()
    sim = simulator("cartrover", clock)
    for number in range(4):
        sim.add_order(f"A-{number}", {"1001-401-S": 1})
    assert says(call(sim, "GET", "/cart/orders/wms_cancel/A-0"))["response"]["order_status"] == "canceled"
    sim.ship("A-1", "1Z1")
    refused(call(sim, "GET", "/cart/orders/wms_cancel/A-1"), "Failure")
    says(call(sim, "POST", "/cart/orders/cancel/cartrover", {"cust_ref": "A-2"}))
    clock.sleep(900)
    refused(call(sim, "POST", "/cart/orders/cancel/cartrover", {"cust_ref": "A-3"}), "Failure")
    assert [order.cancelled for order in sim.orders.values()] == [True, False, True, False]


def test_stock_and_products() -> None:
    """One figure per SKU, open orders taken off; barcodes are aliases."""
    sim = simulator("cartrover", quantity_field="qty", sku_field="item")
    says(call(sim, "POST", CREATE, ORDER))
    row = says(call(sim, "GET", "/merchant/inventory/1001-401-S"))["response"]
    assert (row["item"], row["qty"]) == ("1001-401-S", 496)
    page = call(sim, "GET", "/merchant/inventory", limit=500, page=2)
    assert (len(says(page)["response"]), page.headers["total-records"]) == (50, "150")
    product = says(call(sim, "GET", "/merchant/product/1001-401-S"))["response"]
    assert product["aliases"] == [{"code_type": "UPC", "code": sim.items["1001-401-S"].barcode}]
    refused(call(sim, "GET", "/merchant/product/NONE"), "Failure")


@pytest.mark.parametrize(("rule", "status"), [("accepted", "new"), ("error", "error"), ("refused", None)], ids=str)
def test_an_unknown_item(rule: str, status: str | None) -> None:
    """It passes, puts the order into error, or has it refused."""
    sim = simulator("cartrover", unknown_item=rule)
    response = call(sim, "POST", CREATE, order(items=[{"item": "HAND-1", "quantity": 1}]))
    if status is None:
        refused(response, "Invalid")
    else:
        assert sim.by_external_id["JR-1"][0].status == status


def test_long_references_can_be_refused() -> None:
    """With a length set, a longer reference is invalid."""
    sim = simulator("cartrover", cust_ref_length=8)
    refused(call(sim, "POST", CREATE, order(cust_ref="JR-123456")), "Invalid")


def test_the_warehouse_names_its_merchant() -> None:
    """Warehouse credentials list the merchants, and name one in a header for all else."""
    sim = simulator("cartrover")
    (merchant,) = says(call(sim, "GET", "/wms/merchant/list", level="warehouse_"))["response"]
    refused(call(sim, "GET", "/wms/shipmethod/list", level="warehouse_"), "Invalid")
    known = sim.settings()
    headers = {
        **basic(known["warehouse_api_user"], known["warehouse_api_key"]), "x-merchant-pk": merchant["merchant_pk"]
    }  # fmt: skip
    methods = says(sim.handle(request("GET", "/v1/wms/shipmethod/list", headers=headers)))["response"]
    assert {"wms_code": "UPS_GROUND"} in methods
    says(call(sim, "POST", "/cart/shipmethod/joor", {"cart_code": "Air", "wms_code": "DHL"}))
    assert {"cart_code": "Air", "wms_code": "DHL"} in says(call(sim, "GET", "/cart/shipmethod/list/joor"))["response"]
