"""Orders in the Shopify simulator become what the recordings and the schema say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from orderweft.testing import brand

from .simulated import CREATE, DEFINE, DEFINITION, FIND, SKU, Shop, external, money, tax


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


def test_worked_example() -> None:
    """The example of the fact sheet gives its answer, at its cost."""
    shop = Shop(datetime(2026, 11, 21, 9, 59, tzinfo=UTC), currency="EUR")
    shop.data(DEFINE, definition=DEFINITION)
    customer = shop.data("{ customers(first: 1) { nodes { id } } }")["customers"]["nodes"][0]["id"]
    shipping = {"title": "Ground", "priceSet": money("5.00", "EUR"), "taxLines": [tax("0.50", "EUR")]}
    given = {
        "email": "buyer@retailer.example",
        "currency": "EUR",
        "test": True,
        "sourceIdentifier": "SRC-778812",
        "poNumber": "PO-4711",
        "tags": ["wholesale"],
        "processedAt": "2026-11-20T09:15:00Z",
        "financialStatus": "PENDING",
        "metafields": external("SRC-778812"),
        "customer": {"toAssociate": {"id": customer}},
        "lineItems": [shop.line(taxLines=[tax("2.40", "EUR")], priceSet=money("12.00", "EUR"))],
        "shippingLines": [shipping],
    }
    shop.clock.sleep(60)
    answer = shop.ask(CREATE, order=given, options={"inventoryBehaviour": "DECREMENT_OBEYING_POLICY"})
    order = answer["data"]["orderCreate"]["order"]
    euros = {amount: {"amount": amount, "currencyCode": "EUR"} for amount in ("24.0", "2.9", "5.0", "31.9")}
    expected = {
        "name": "#1001",
        "sourceIdentifier": "SRC-778812",
        "test": True,
        "createdAt": "2026-11-21T10:00:00Z",
        "updatedAt": "2026-11-21T10:00:00Z",
        "processedAt": "2026-11-20T09:15:00Z",
        "displayFinancialStatus": "PENDING",
        "displayFulfillmentStatus": "UNFULFILLED",
        "taxesIncluded": False,
        "subtotalPriceSet": {"shopMoney": euros["24.0"], "presentmentMoney": euros["24.0"]},
        "totalTaxSet": {"shopMoney": euros["2.9"]},
        "totalShippingPriceSet": {"shopMoney": euros["5.0"]},
        "totalPriceSet": {"shopMoney": euros["31.9"], "presentmentMoney": euros["31.9"]},
        "totalOutstandingSet": {"shopMoney": euros["31.9"]},
        "customer": {"id": customer},
        "email": brand.buyers()[0].email,  # the customer's own address wins
        "transactions": [],
    }
    assert {name: order[name] for name in expected} == expected
    (fulfillment,) = order["fulfillmentOrders"]["nodes"]
    assert (fulfillment["status"], fulfillment["requestStatus"]) == ("OPEN", "UNSUBMITTED")
    bucket = {"maximumAvailable": 2000, "currentlyAvailable": 1979, "restoreRate": 100}
    cost = {"requestedQueryCost": 42, "actualQueryCost": 21, "throttleStatus": bucket}
    assert answer["extensions"]["cost"] == cost
    assert shop.simulator.orders_by_external_id("SRC-778812")[0].id == order["id"]


@pytest.mark.parametrize(
    ("kind", "status", "amount", "shown", "outstanding", "capturable"),
    [
        pytest.param(None, None, "0", None, "24.0", "0.0", id="no money, no status"),
        pytest.param("SALE", "SUCCESS", "24.00", "PAID", "0.0", "0.0", id="paid"),
        pytest.param("SALE", "SUCCESS", "10.00", "PARTIALLY_PAID", "14.0", "0.0", id="paid in part"),
        pytest.param("SALE", "PENDING", "24.00", "PENDING", "24.0", "0.0", id="awaited"),
        pytest.param("AUTHORIZATION", "SUCCESS", "24.00", "AUTHORIZED", "0.0", "24.0", id="authorized"),
    ],
)
def test_financial_status(
    shop: Shop, kind: str | None, status: str, amount: str, shown: str | None, outstanding: str, capturable: str
) -> None:
    """The status follows from the transactions; without any it is null."""
    given = [{"kind": kind, "status": status, "gateway": "bank", "amountSet": money(amount)}] if kind else []
    order = shop.made(transactions=given)
    assert order["displayFinancialStatus"] == shown
    assert order["totalOutstandingSet"]["shopMoney"]["amount"] == outstanding
    assert order["totalCapturableSet"]["shopMoney"]["amount"] == capturable
    assert order["capturable"] is (kind == "AUTHORIZATION")


def test_line_taxes_shipping_taxes_and_presentment_add_up_apart(shop: Shop) -> None:
    """Shop money and presentment money are summed on their own; nothing converts."""

    def both(shop_amount: str, shown: str) -> dict[str, Any]:
        return {**money(shop_amount), "presentmentMoney": {"amount": shown, "currencyCode": "JPY"}}

    order = shop.made(
        shop.line(3, priceSet=both("10.00", "1900"), taxLines=[{**tax("1"), "priceSet": both("3.00", "570")}]),
        shippingLines=[{"title": "Air", "priceSet": both("5.00", "950")}],
        presentmentCurrency="JPY",
    )
    assert order["totalPriceSet"] == {
        "shopMoney": {"amount": "38.0", "currencyCode": "GBP"},
        "presentmentMoney": {"amount": "7220.0", "currencyCode": "JPY"},
    }


@pytest.mark.parametrize(("switch", "total"), [("within", "29.0"), ("added", "31.9")])
def test_included_taxes(switch: str, total: str) -> None:
    """Taxes within the prices are shown and, by default, not added."""
    shop = Shop(included_taxes=switch)
    shipping = [{"title": "Ground", "priceSet": money("5.00"), "taxLines": [tax("0.50")]}]
    order = shop.made(shop.line(taxLines=[tax("2.40")]), shippingLines=shipping, taxesIncluded=True)
    assert order["totalTaxSet"]["shopMoney"]["amount"] == "2.9"
    assert order["totalPriceSet"]["shopMoney"]["amount"] == total


@pytest.mark.parametrize(("switch", "total"), [("exact", "1.0"), ("rounded", "0.99")])
def test_order_taxes_are_spread_over_taxable_lines(switch: str, total: str) -> None:
    """Order-level tax ends on the taxable lines, with or without what rounding leaves."""
    shop = Shop(order_tax_split=switch)
    given = [shop.line(1, taxable=taxable) for taxable in (True, True, True, False)]
    order = shop.made(*given, taxLines=[tax("1.00")])
    assert order["totalTaxSet"]["shopMoney"]["amount"] == total
    lines = shop.read(order["id"], "lineItems(first: 9) { nodes { taxLines { title } } }")["lineItems"]["nodes"]
    assert [len(line["taxLines"]) for line in lines] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("kind", "discount", "subtotal", "shipping", "parts"),
    [
        ("itemFixedDiscountCode", {"amountSet": money("10.00")}, "26.0", "5.0", ["3.33", "6.67"]),
        ("itemPercentageDiscountCode", {"percentage": 10.0}, "32.4", "5.0", ["1.2", "2.4"]),
        ("freeShippingDiscountCode", {}, "36.0", "0.0", []),
    ],
    ids=["fixed", "percentage", "free shipping"],
)
def test_discount_code(
    shop: Shop, kind: str, discount: dict[str, Any], subtotal: str, shipping: str, parts: list[str]
) -> None:
    """A discount code is spread over the lines, or takes the shipping away; its parts add up."""
    code, air = {kind: {"code": "ANY", **discount}}, {"title": "Air", "priceSet": money("5.00")}
    order = shop.made(shop.line(1), shop.line(2), discountCode=code, shippingLines=[air])
    assert order["subtotalPriceSet"]["shopMoney"]["amount"] == subtotal
    assert order["totalShippingPriceSet"]["shopMoney"]["amount"] == shipping
    allocations = [each["discountAllocations"] for each in order["lineItems"]["nodes"]]
    assert [part["allocatedAmountSet"]["shopMoney"]["amount"] for line in allocations for part in line] == parts


def test_variant_fills_what_is_left_out() -> None:
    """A line without price, title and SKU takes the variant's."""
    shop = Shop()
    (line,) = shop.made(shop.line(1, title=None, priceSet=None) | {"sku": None})["lineItems"]["nodes"]
    assert (line["title"], line["sku"]) == ("Poplin Shirt", SKU)
    assert line["originalUnitPriceSet"]["shopMoney"]["amount"] == "110.0"


def test_variant_fills_nothing() -> None:
    """With the switch off the price is zero and a missing title refuses the order."""
    shop = Shop(variant_defaults=False)
    (line,) = shop.made(shop.line(1, priceSet=None) | {"sku": None})["lineItems"]["nodes"]
    assert (line["originalUnitPriceSet"]["shopMoney"]["amount"], line["sku"]) == ("0.0", None)
    assert "blank" in shop.create(shop.line(1, title=None))["userErrors"][0]["message"]


@pytest.mark.parametrize(
    ("behavior", "quantity", "london", "rotterdam"),
    [
        ("BYPASS", 2, 500, 200),
        ("DECREMENT_OBEYING_POLICY", 2, 498, 200),
        ("DECREMENT_OBEYING_POLICY", 500, 0, 200),
        ("DECREMENT_IGNORING_POLICY", 501, -1, 200),
    ],
)
def test_stock_behaviors(shop: Shop, behavior: str, quantity: int, london: int, rotterdam: int) -> None:
    """Stock is left alone, or taken where there is enough, else from the first location."""
    shop.made(shop.line(quantity), stock=behavior)
    assert shop.simulator.available(SKU, "London") == london
    assert shop.simulator.available(SKU, "Rotterdam") == rotterdam
    assert shop.variant()["inventoryQuantity"] == london + rotterdam


def test_decrement_moves_available_to_committed(shop: Shop) -> None:
    """What is on hand stays until the goods leave; routing prefers the location with enough."""
    shop.simulator.set_stock(SKU, "London", 1)
    order = shop.made(stock="DECREMENT_OBEYING_POLICY")
    assert order["fulfillmentOrders"]["nodes"][0]["assignedLocation"]["name"] == "Rotterdam"
    levels = """query L($id: ID!) { productVariant(id: $id) { inventoryItem { inventoryLevels(first: 9) {
      nodes { location { name } quantities(names: ["available", "committed", "on_hand"]) { quantity } } } } } }"""
    nodes = shop.data(levels, id=shop.variant()["id"])["productVariant"]["inventoryItem"]["inventoryLevels"]["nodes"]
    found = {node["location"]["name"]: [each["quantity"] for each in node["quantities"]] for node in nodes}
    assert found == {"London": [1, 0, 1], "Rotterdam": [198, 2, 200]}


@pytest.mark.parametrize("code", ["INVALID", "INVENTORY_CLAIM_FAILED"])
def test_out_of_stock(code: str) -> None:
    """Too little stock refuses the order in the recorded words, under either code; a bypass goes through."""
    shop = Shop(out_of_stock_code=code)
    line = shop.line(4, "1010-401-XS")
    payload = shop.create(line, stock="DECREMENT_OBEYING_POLICY")
    message = "Line items Unable to reserve inventory"
    assert payload["userErrors"] == [{"field": ["order", "lineItems"], "message": message, "code": code}]
    assert shop.made(line)["name"] == "#1001"
    for name in ("untracked_sku", "oversold_sku"):
        shop.made(shop.line(9, shop.simulator.awkward[name]), stock="DECREMENT_OBEYING_POLICY")


def test_fulfilled_from_a_location(shop: Shop) -> None:
    """A fulfillment makes a parcel, closes the fulfillment orders and takes the stock for good."""
    rotterdam = shop.data("{ locations(first: 9) { nodes { id name } } }")["locations"]["nodes"][1]["id"]
    parcel = {"locationId": rotterdam, "trackingNumber": "T1", "trackingNumbers": ["T2"]}
    order = shop.made(stock="DECREMENT_OBEYING_POLICY", fulfillment=parcel)
    assert order["displayFulfillmentStatus"] == "FULFILLED"
    parcels = shop.read(order["id"], "fulfillments { name trackingInfo { number } }")["fulfillments"]
    assert parcels == [{"name": "#1001-F1", "trackingInfo": [{"number": "T1"}]}]
    assert order["fulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
    assert shop.simulator.available(SKU, "Rotterdam") == 198


@pytest.mark.parametrize(("version", "status"), [("2026-07", "UNFULFILLED"), ("2026-10", "FULFILLMENT_NOT_REQUIRED")])
def test_not_shippable(version: str, status: str) -> None:
    """Lines that do not say they are shipped make no fulfillment order."""
    shop = Shop()
    given = {"order": {"lineItems": [shop.line(requiresShipping=None)]}}
    answer = shop.post(CREATE, given, f"https://example.myshopify.com/admin/api/{version}/graphql.json").json()
    order = answer["data"]["orderCreate"]["order"]
    assert order["fulfillmentOrders"]["nodes"] == []
    assert order["displayFulfillmentStatus"] == status


@pytest.mark.parametrize("state", ["refused", "accepted"])
def test_repeated_external_id(state: str) -> None:
    """A unique value may be used once only, or not, by switch; the look-up finds the first order."""
    shop = Shop(duplicate_external_id=state)
    shop.data(DEFINE, definition=DEFINITION)
    first = shop.made(metafields=external("S-1"))
    again = shop.create(metafields=external("S-1"))
    assert bool(again["order"]) is (state == "accepted")
    assert [error["field"] for error in again["userErrors"]] == [["order", "metafields"]] * (state == "refused")
    assert shop.data(FIND, value="S-1")["orderByIdentifier"]["id"] == first["id"]
    assert len(shop.simulator.orders_by_external_id("S-1")) == (2 if state == "accepted" else 1)


@pytest.mark.parametrize("delay", [0.0, 30.0])
def test_identifier_delay(delay: float) -> None:
    """The look-up by custom id sees an order at once, or only after a while."""
    shop = Shop(identifier_delay=delay)
    shop.data(DEFINE, definition=DEFINITION)
    shop.made(metafields=external("S-1"))
    assert (shop.data(FIND, value="S-1")["orderByIdentifier"] is None) is (delay > 0)
    shop.clock.sleep(delay)
    assert shop.data(FIND, value="S-1")["orderByIdentifier"]["name"] == "#1001"


def test_definition_of_type_id_is_unique(shop: Shop) -> None:
    """Such a definition cannot go without unique values, and exists once."""
    off = DEFINITION | {"capabilities": {"uniqueValues": {"enabled": False}}}
    codes = []
    for definition in (off, DEFINITION, DEFINITION):
        payload = shop.data(DEFINE, definition=definition)["metafieldDefinitionCreate"]
        codes.append([error["code"] for error in payload["userErrors"]])
    assert codes == [["CAPABILITY_REQUIRED_BUT_DISABLED"], [], ["TAKEN"]]


@pytest.mark.parametrize("limit", ["user_error", "top_level"])
def test_five_orders_per_minute(limit: str) -> None:
    """A development store refuses the sixth order within a minute, in either shape, and takes it later."""
    shop = Shop(order_limit=limit)
    order = {"order": {"lineItems": [shop.line()]}}
    for _ in range(5):
        shop.data(CREATE, **order)
    answer = shop.ask(CREATE, **order)
    payload = answer["data"]["orderCreate"]
    (error,) = answer["errors"] if limit == "top_level" else payload["userErrors"]
    assert error["message"] == "Too many attempts. Please try again later."
    assert len(shop.simulator.orders) == 5
    shop.clock.sleep(61)
    assert shop.data(CREATE, **order)["orderCreate"]["order"]


def test_upserted_customer_and_default_address(shop: Shop) -> None:
    """A customer is found by e-mail in any case or created; the order's address becomes the default one."""
    address = {"company": "New Ltd", "address1": "1 Road", "city": "York", "zip": "YO1 1AA", "countryCode": "GB"}
    new = {"toUpsert": {"email": " New@Shop.example ", "firstName": "Nia"}}
    first = shop.made(customer=new, shippingAddress=address)
    second = shop.made(customer={"toAssociate": {"email": "new@shop.example"}})
    assert first["customer"] == second["customer"]
    query = "query C($id: ID!) { customer(id: $id) { email numberOfOrders defaultAddress { city country } } }"
    assert shop.data(query, id=first["customer"]["id"])["customer"] == {
        "email": "new@shop.example",
        "numberOfOrders": "2",
        "defaultAddress": {"city": "York", "country": "United Kingdom"},
    }


def test_tags_are_sorted_sets(shop: Shop) -> None:
    """Tags come back sorted, each once whatever its case; tagsAdd adds, orderUpdate replaces."""
    order = shop.made(tags=["b", "A", "a", "c, d"])
    assert order["tags"] == ["A", "b", "c", "d"]
    add = 'mutation T($id: ID!) { tagsAdd(id: $id, tags: ["B", "e"]) { node { ... on Order { tags } } } }'
    assert shop.data(add, id=order["id"])["tagsAdd"]["node"]["tags"] == ["A", "b", "c", "d", "e"]
    update = (
        "mutation U($i: OrderInput!) { orderUpdate(input: $i) { order { tags note } userErrors { field message } } }"
    )
    done = shop.data(update, i={"id": order["id"], "tags": ["z"], "note": "n"})["orderUpdate"]
    assert done == {"order": {"tags": ["z"], "note": "n"}, "userErrors": []}


@pytest.mark.parametrize("limited", [False, True])
def test_contact_limit(limited: bool) -> None:
    """Changing an order's e-mail address twice within a minute is refused, or not, by switch."""
    shop = Shop(contact_limit=limited)
    order = shop.made()
    update = "mutation U($i: OrderInput!) { orderUpdate(input: $i) { userErrors { message } } }"
    answers = [
        shop.data(update, i={"id": order["id"], "email": f"a{number}@b.example"})["orderUpdate"]["userErrors"]
        for number in range(2)
    ]
    assert answers == [[], [{"message": "Too many attempts. Please try again later."}] if limited else []]


def test_cancel_is_a_job(shop: Shop) -> None:
    """Cancelling takes a while, gives the stock back, voids what is unpaid and works once."""
    order = shop.made(stock="DECREMENT_OBEYING_POLICY", financialStatus="PENDING")
    cancel = """mutation C($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: true) {
      job { id done } orderCancelUserErrors { field message code } } }"""
    state = """query S($id: ID!, $job: ID!) { job(id: $job) { done } order(id: $id) {
      cancelledAt displayFinancialStatus currentTotalPriceSet { shopMoney { amount } } } }"""
    job = shop.data(cancel, id=order["id"])["orderCancel"]["job"]
    before = shop.data(state, id=order["id"], job=job["id"])
    assert (job["done"], before["job"]["done"], before["order"]["cancelledAt"]) == (False, False, None)
    shop.clock.sleep(1)
    after = shop.data(state, id=order["id"], job=job["id"])
    assert after["job"]["done"]
    assert after["order"]["displayFinancialStatus"] == "VOIDED"
    assert after["order"]["currentTotalPriceSet"]["shopMoney"]["amount"] == "0.0"
    assert shop.simulator.available(SKU, "London") == 500
    assert shop.data(cancel, id=order["id"])["orderCancel"]["orderCancelUserErrors"][0]["code"] == "INVALID"


def test_cancel_gives_money_back(shop: Shop) -> None:
    """A paid order that is cancelled with a refund is refunded, and the parts say so."""
    paid = [{"kind": "SALE", "status": "SUCCESS", "gateway": "bank", "amountSet": money("24.00")}]
    order = shop.made(transactions=paid)
    cancel = """mutation C($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: false, staffNote: "n",
      refundMethod: {originalPaymentMethodsRefund: true}) { job { id } } }"""
    shop.data(cancel, id=order["id"])
    shop.clock.sleep(1)
    selection = "displayFinancialStatus totalPrice cancellation { staffNote } refunds { totalRefunded { amount } }"
    assert shop.read(order["id"], selection) == {
        "displayFinancialStatus": "REFUNDED",
        "totalPrice": "24.00",
        "cancellation": {"staffNote": "n"},
        "refunds": [{"totalRefunded": {"amount": "24.0"}}],
    }


@pytest.mark.parametrize(
    ("template", "schedule", "ok"),
    [(4, {"issuedAt": "2026-11-02T09:00:00Z"}, True), (4, {}, False), (7, {}, False), (1, {}, True), (99, {}, False)],
    ids=["net", "net without a date", "fixed without a date", "on receipt", "unknown"],
)
def test_payment_terms(shop: Shop, template: int, schedule: dict[str, str], ok: bool) -> None:
    """Terms are set after the order was created; every refusal has the same code and no field."""
    order = shop.made(financialStatus="PENDING")
    create = """mutation P($id: ID!, $a: PaymentTermsCreateInput!) {
      paymentTermsCreate(referenceId: $id, paymentTermsAttributes: $a) {
        paymentTerms { dueInDays } userErrors { field code } } }"""
    given = {"paymentTermsTemplateId": f"gid://shopify/PaymentTermsTemplate/{template}"}
    given |= {"paymentSchedules": [schedule]} if schedule else {}  # type: ignore[dict-item]
    payload = shop.data(create, id=order["id"], a=given)["paymentTermsCreate"]
    refused = [{"field": None, "code": "PAYMENT_TERMS_CREATION_UNSUCCESSFUL"}]
    assert payload["userErrors"] == ([] if ok else refused)


def test_deleted_variant_leaves_its_lines(shop: Shop) -> None:
    """The line of a deleted variant keeps its texts and points nowhere."""
    order = shop.made()
    shop.simulator.delete_variant(SKU)
    query = (
        "query O($id: ID!) { order(id: $id) { lineItems(first: 1) { nodes { sku variant { id } product { id } } } } }"
    )
    (line,) = shop.data(query, id=order["id"])["order"]["lineItems"]["nodes"]
    assert line == {"sku": SKU, "variant": None, "product": None}


def test_company_order(shop: Shop) -> None:
    """An order for a company branch reads as bought by the company."""
    branches = "company { locations(first: 1) { nodes { id } } }"
    query = f"{{ customers(first: 1) {{ nodes {{ companyContactProfiles {{ {branches} }} }} }} }}"
    (customer,) = shop.data(query)["customers"]["nodes"]
    branch = customer["companyContactProfiles"][0]["company"]["locations"]["nodes"][0]["id"]
    order = shop.made(companyLocationId=branch)
    selection = "... on PurchasingCompany { company { externalId } contact { id } location { id } }"
    entity = shop.read(order["id"], f"purchasingEntity {{ __typename {selection} }}")["purchasingEntity"]
    assert entity["__typename"] == "PurchasingCompany"
    assert (entity["company"]["externalId"], entity["location"]["id"]) == ("C100", branch)
