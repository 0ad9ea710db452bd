"""The Shopify simulator speaks the wire format: documents, tokens, costs, search and access."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from orderweft.testing import Fault, Faulty, Request, Response, SimulatorServer, brand
from orderweft.testing import Simulator as AnySimulator
from orderweft_shopify.simulator import Simulator, answers
from orderweft_shopify.simulator.switches import SCOPES

from .simulated import CREATE, DEFINE, DEFINITION, ENDPOINT, FIND, ORDERS, SKU, VARIANTS, Shop, external


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


def test_is_a_simulator() -> None:
    """It has what every simulator has."""
    kind: type[AnySimulator] = Simulator
    assert set(kind().settings()) == {"shop", "client_id", "client_secret"}


def test_unknown_id_is_null(shop: Shop) -> None:
    """A well-formed id of nothing gives null without an error."""
    data = shop.data('{ order(id: "gid://shopify/Order/1") { id } nodes(ids: ["gid://shopify/Product/5"]) { id } }')
    assert data == {"order": None, "nodes": [None]}


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"client_secret": "wrong"}, "invalid_client"), ({"grant_type": "x"}, "unsupported_grant_type")],
)
def test_token_refused(shop: Shop, changes: dict[str, str], error: str) -> None:
    """Wrong credentials get no token."""
    response = shop.sign_in(**changes)
    assert (response.status, response.json()) == (400, {"error": error})


def test_token_expires() -> None:
    """An expired or wrong token gets 401 with a text for errors; a new one works."""
    shop = Shop(token_lifetime=3600)
    granted = shop.sign_in().json()
    assert granted["expires_in"] == 3600
    assert "write_orders" in granted["scope"].split(",")
    shop.clock.sleep(3601)
    response = shop.post("{ shop { id } }")
    message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    assert (response.status, response.json()) == (401, {"errors": message})
    shop.token = shop.sign_in().json()["access_token"]
    assert shop.data("{ shop { currencyCode } }") == {"shop": {"currencyCode": "GBP"}}


@pytest.mark.parametrize(
    ("asked", "served"),
    [("2026-10", "2026-10"), ("2026-07", "2026-07"), ("2024-01", "2026-07"), ("2027-01", None), ("nope", None)],
)
def test_versions(shop: Shop, asked: str, served: str | None) -> None:
    """A retired version is served as the oldest one, with a header that says so; an unknown one is not found."""
    response = shop.post("{ shop { id } }", url=ENDPOINT.replace("2026-10", asked))
    assert response.headers.get("x-shopify-api-version") == served
    assert response.status == (200 if served else 404)


def test_version_switch() -> None:
    """The version that answers may be another than the one asked for."""
    assert Shop(version="2026-07").post("{ shop { id } }").headers["x-shopify-api-version"] == "2026-07"


def test_other_shops_are_not_found(shop: Shop) -> None:
    """Another shop's address leads nowhere."""
    assert shop.post("{ shop { id } }", url=ENDPOINT.replace("example", "other")).status == 404


def test_throttling() -> None:
    """An empty bucket answers THROTTLED over HTTP 200, executes nothing, and fills up again."""
    shop = Shop(bucket_size=60, restore_rate=10)
    given = {"order": {"lineItems": [shop.line()]}}
    shop.clock.sleep(60)
    first = shop.ask(CREATE, **given)
    assert first["extensions"]["cost"]["requestedQueryCost"] == 42
    left = first["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]
    assert left == 60 - first["extensions"]["cost"]["actualQueryCost"]
    response = shop.post(CREATE, given)
    assert response.status == 200
    assert response.json() == answers.throttled(42, left, maximum=60, restore_rate=10).json()
    assert len(shop.simulator.orders) == 1
    shop.clock.sleep((42 - left) / 10)
    assert shop.data(CREATE, **given)["orderCreate"]["order"]["name"] == "#1002"


FRAGMENT = " fragment F on Order { customer { id } ... on Node { __typename } }"


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ products: orders(first: 10) { nodes { id } } }", 6),
        ("{ orders(first: 250) { nodes { id } pageInfo { hasNextPage } } }", 13),
        ("{ orders(first: 20) { nodes { lineItems(first: 5) { nodes { id } } } } }", 32),
        ("{ orders(first: 250) { edges { cursor node { id } } } }", 13),
        ("{ ordersCount { count } }", 10),
        ("query Q($n: Int = 50) { orders(first: $n) { nodes { ...F customer @skip(if: true) { id } } } }", 16),
    ],
)
def test_costs(shop: Shop, document: str, cost: int) -> None:
    """The requested cost is what the recordings show for such a query."""
    answer = shop.ask(document + (FRAGMENT if "...F" in document else ""))
    assert answer["extensions"]["cost"]["requestedQueryCost"] == cost


def test_missing_scope_gives_partial_data() -> None:
    """What a scope is missing for is null with an error that names it; the rest is there."""
    shop = Shop(scopes=("write_orders", "read_products"))
    answer = shop.ask(CREATE, order={"lineItems": [shop.line()]})
    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert codes == {"ACCESS_DENIED"}
    query = "query O($id: ID!) { order(id: $id) { name customer { id } paymentTerms { id } } shop { name } }"
    order = shop.simulator.orders[0]
    answer = shop.ask(query, id=order.id)
    assert answer["data"] == {
        "order": {"name": "#1001", "customer": None, "paymentTerms": None}, "shop": {"name": "Example Brand"},
    }  # fmt: skip
    messages = {error["message"] for error in answer["errors"]}
    assert "Access denied for customer field. Required access: `read_customers` access scope." in messages
    granted = shop.data("{ currentAppInstallation { accessScopes { handle } } }")["currentAppInstallation"]
    assert [scope["handle"] for scope in granted["accessScopes"]] == ["read_products", "write_orders"]


def test_nodes_need_the_scope_of_their_kind() -> None:
    """An object by id is guarded as it is by name."""
    shop = Shop(scopes=("read_orders",))
    (error,) = shop.ask('{ node(id: "gid://shopify/Customer/1") { id } }')["errors"]
    assert error["extensions"]["requiredAccess"] == "`read_customers` access scope."


def test_orders_need_an_offline_token() -> None:
    """By switch, client-credentials tokens do not count as offline tokens."""
    shop = Shop(offline=False)
    answer = shop.ask(CREATE, order={"lineItems": [shop.line()]})
    assert answer["data"] == {"orderCreate": None}
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_personal_data_refused() -> None:
    """Without approval, names and addresses are null, each with an error."""
    query = "{ customers(first: 1) { nodes { id email defaultAddress { city zip } } } }"
    answer = Shop(personal_data=False).ask(query)
    (customer,) = answer["data"]["customers"]["nodes"]
    assert customer | {"id": ""} == {"id": "", "email": None, "defaultAddress": {"city": "London", "zip": None}}
    assert [error["path"][-1] for error in answer["errors"]] == ["email", "zip"]
    assert "not approved" in answer["errors"][0]["message"]


def test_old_orders_are_invisible_without_a_scope() -> None:
    """After 60 days an order is seen with read_all_orders only."""
    shop = Shop(scopes=[scope for scope in SCOPES if scope != "read_all_orders"])
    order = shop.made()
    query = "query O($id: ID!) { order(id: $id) { name } orders(first: 1) { nodes { id } } }"
    shop.clock.sleep(59 * 86400)
    shop.token = shop.sign_in().json()["access_token"]
    assert shop.data(query, id=order["id"])["order"] == {"name": "#1001"}
    shop.clock.sleep(2 * 86400)
    shop.token = shop.sign_in().json()["access_token"]
    assert shop.data(query, id=order["id"]) == {"order": None, "orders": {"nodes": []}}


NEW, OLD, NOBODY = "new@shop.example", brand.buyers()[0].email, "gid://shopify/Customer/1"
SET_CUSTOMER = """mutation S($identifier: CustomerSetIdentifiers, $input: CustomerSetInput!) {
  customerSet(identifier: $identifier, input: $input) { customer { id email tags } userErrors { field code } } }"""


@pytest.mark.parametrize(
    ("identifier", "given", "code"),
    [
        pytest.param({"email": NEW}, {"email": "New@Shop.example", "firstName": "Nia"}, None, id="created"),
        pytest.param({"email": OLD}, {"email": OLD}, None, id="updated"),
        pytest.param({"email": NEW}, {"firstName": "Nia"}, "MISSING_FIELD_REQUIRED", id="not in the input"),
        pytest.param({"email": NEW}, {"email": OLD}, "INPUT_MISMATCH", id="mismatch"),
        pytest.param({"id": NOBODY}, {"firstName": "Nia"}, "NOT_FOUND", id="unknown id"),
        pytest.param({"id": NOBODY}, {"id": NOBODY}, "ID_NOT_ALLOWED", id="id twice"),
        pytest.param(None, {"email": OLD}, "TAKEN", id="taken"),
        pytest.param(None, {"note": "nobody"}, None, id="nameless"),
    ],
)
def test_customer_set(shop: Shop, identifier: dict[str, str] | None, given: dict[str, str], code: str | None) -> None:
    """Customers are created or updated by identifier, or refused with the code that fits."""
    payload = shop.data(SET_CUSTOMER, identifier=identifier, input=given)["customerSet"]
    assert [error["code"] for error in payload["userErrors"]] == ([code] if code or "note" in given else [])
    assert (payload["customer"] is None) is bool(payload["userErrors"])


def test_customer_create_and_look_up(shop: Shop) -> None:
    """A new customer is found by identifier at once, by search later."""
    create = (
        "mutation C($i: CustomerInput!) { customerCreate(input: $i) { customer { id } userErrors { field message } } }"
    )
    made = shop.data(create, i={"email": "nia@shop.example", "phone": "+44 20 7946 0999"})["customerCreate"]
    query = """{ customerByIdentifier(identifier: {emailAddress: "NIA@shop.example"}) { id }
      customers(first: 5, query: "email:'nia@shop.example'") { nodes { id } } }"""
    assert shop.data(query) == {"customerByIdentifier": made["customer"], "customers": {"nodes": []}}
    shop.clock.sleep(5)
    assert shop.data(query)["customers"]["nodes"] == [made["customer"]]
    again = shop.data(create, i={"email": "nia@shop.example"})["customerCreate"]
    assert again["userErrors"] == [{"field": ["email"], "message": "Email has already been taken"}]


def test_metafields_are_set_all_or_none(shop: Shop) -> None:
    """One bad entry refuses the batch; a stale digest is noticed."""
    order = shop.made()
    set_ = """mutation M($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) {
      metafields { value compareDigest } userErrors { field code elementIndex } } }"""
    good = {
        "ownerId": order["id"],
        "namespace": "oms",
        "key": "season",
        "type": "single_line_text_field",
        "value": "FW",
    }
    bad = good | {"key": "year", "type": "number_integer"}
    refused = shop.data(set_, m=[good, bad])["metafieldsSet"]
    assert refused["userErrors"] == [
        {"field": ["metafields", "1", "value"], "code": "INVALID_VALUE", "elementIndex": 1}
    ]
    assert shop.simulator.orders[0].held == {}
    assert shop.data(set_, m=[good | {"compareDigest": None}])["metafieldsSet"]["userErrors"] == []
    stale = shop.data(set_, m=[good | {"compareDigest": None}])["metafieldsSet"]["userErrors"]
    assert [error["code"] for error in stale] == ["STALE_OBJECT"]


def test_locations(shop: Shop) -> None:
    """A deactivated location is hidden, and its stock with it, unless asked for."""
    before = shop.variant()["inventoryQuantity"]
    shop.simulator.deactivate_location("Rotterdam")
    query = "query L($all: Boolean) { locations(first: 9, includeInactive: $all) { nodes { name isActive } } }"
    assert shop.data(query, all=False)["locations"]["nodes"] == [{"name": "London", "isActive": True}]
    assert len(shop.data(query, all=True)["locations"]["nodes"]) == 2
    assert (before, shop.variant()["inventoryQuantity"]) == (700, 500)


def test_renamed_sku(shop: Shop) -> None:
    """A renamed SKU is found under its old name until the index catches up."""
    shop.simulator.rename_sku(SKU, "NEW-1")
    assert shop.data(VARIANTS, q=f"sku:'{SKU}'")["productVariants"]["nodes"][0]["sku"] == "NEW-1"
    shop.clock.sleep(5)
    assert shop.data(VARIANTS, q=f"sku:'{SKU}'")["productVariants"]["nodes"] == []


def test_holds_the_sample_brand(shop: Shop) -> None:
    """Every SKU of the brand is there with barcode and stock; the last two customers are not."""
    found: dict[str, dict[str, Any]] = {}
    for sku in brand.skus()[::10]:
        found[sku.sku] = shop.variant(sku.sku)
        assert found[sku.sku]["barcode"] == sku.barcode
        assert found[sku.sku]["inventoryQuantity"] == (3 if sku.style_number == "1010" else 700)
    emails = shop.data("{ customers(first: 50) { nodes { email note } } }")["customers"]["nodes"]
    assert [node["email"] for node in emails] == [buyer.email for buyer in brand.buyers()[:8]]


def test_log_and_names(shop: Shop) -> None:
    """Every request is logged with its operation and variables."""
    shop.data(ORDERS, q="name:1", first=1)
    assert shop.simulator.log == [("oauth.token", {}), ("Orders", {"q": "name:1", "first": 1})]
    assert shop.simulator.requests == 2
    assert shop.simulator.operation(Request("GET", "https://example.myshopify.com/nowhere")) == "unknown"


def test_lost_answer_after_commit(shop: Shop) -> None:
    """A fault after execution leaves the order behind; the look-up finds it."""
    shop.data(DEFINE, definition=DEFINITION)
    given = {"order": {"lineItems": [shop.line()], "metafields": external("S-1")}}
    faulty = Faulty(shop.simulator, Fault("CreateOrder", "answer_after", response=answers.html_502()))
    body = json.dumps({"query": CREATE, "variables": given}).encode()
    lost = faulty(Request("POST", ENDPOINT, {"x-shopify-access-token": shop.token}, body))
    assert lost.status == 502
    assert shop.data(FIND, value="S-1")["orderByIdentifier"]["name"] == "#1001"


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (answers.throttled(), 200), (answers.internal_error(), 200), (answers.internal_error(500), 500),
        (answers.too_many_requests(3), 429), (answers.blocked_430(), 430), (answers.frozen_402(), 402),
        (answers.locked_423(), 423), (answers.unauthorized(), 401), (answers.shop_inactive(), 200),
    ],
)  # fmt: skip
def test_canned_answers(response: Response, status: int) -> None:
    """Each canned answer has its status and an `errors` member."""
    assert response.status == status
    assert response.json()["errors"]


def test_truncated_answer() -> None:
    """The truncated answer is not JSON."""
    with pytest.raises(ValueError, match="Unterminated"):
        answers.truncated_json().json()


def test_over_http(shop: Shop) -> None:
    """It answers over real HTTP as it does in memory."""
    with SimulatorServer(shop.simulator.handle) as server:
        body = json.dumps({"query": "{ shop { name } }"}).encode()
        path = f"{server.url}/admin/api/2026-10/graphql.json"
        request = urllib.request.Request(path, body, {"X-Shopify-Access-Token": shop.token})
        with urllib.request.urlopen(request) as response:
            assert json.load(response)["data"] == {"shop": {"name": "Example Brand"}}
