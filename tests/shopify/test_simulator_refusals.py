"""What the Shopify simulator refuses, and in which layer of the answer it says so."""

from __future__ import annotations

from typing import Any

import pytest

from .simulated import CREATE, SKU, Shop, money, tax

CUSTOMER = "gid://shopify/Customer/1"
VARIANT = "gid://shopify/ProductVariant/9"
BY_CUSTOM_ID = (
    """{ orderByIdentifier(identifier: {customId: {namespace: "oms", key: "external_id", value: "1"}}) { id } }"""
)
TOO_DEAR = """{ orders(first: 250) { nodes { lineItems(first: 250) { nodes {
  variant { inventoryItem { inventoryLevels(first: 9) { nodes { location { id } } } } } } } } } }"""
UPDATE = "mutation { orderUpdate(input: {%s}) { userErrors { message%s } } }"


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ("{ shop { nmae } }", "undefinedField", "Field 'nmae' doesn't exist on type 'Shop'"),
        ("{ shop ", "PARSE_ERROR", "Syntax Error"),
        ("{ order { id } }", "missingRequiredArguments", "Field 'order' is missing required arguments: id"),
        ("{ shop(x: 1) { id } }", "argumentNotAccepted", "Field 'shop' doesn't accept argument 'x'"),
        ("{ shop @nope { id } }", "undefinedDirective", "Directive @nope is not defined"),
        (UPDATE % ("note: 1", ""), "missingRequiredInputObjectAttribute", "'id' on InputObject 'OrderInput'"),
        (UPDATE % ("id: 1, note: 1", ""), "argumentLiteralsIncompatible", "String"),
        (UPDATE % ("id: 1", " code"), "undefinedField", "Field 'code' doesn't exist on type 'UserError'"),
        ("{ orderByIdentifier(identifier: {}) { id } }", "invalidOneOfInputObject", "exactly one argument"),
        ("{ orders(first: 1) { nodes { events(first: 1) { nodes { id } } } } }", "NOT_SIMULATED", "Order.events"),
        ("mutation { productCreate(product: {}) { product { id } } }", "NOT_SIMULATED", "Mutation.productCreate"),
        (TOO_DEAR, "MAX_COST_EXCEEDED", "exceeds the single query max cost limit (1000)"),
    ],
)
def test_documents(shop: Shop, document: str, code: str, message: str) -> None:
    """What is wrong with a document comes back without data and without cost."""
    answer = shop.ask(document)
    assert set(answer) == {"errors"}
    assert code in [error["extensions"]["code"] for error in answer["errors"]]
    assert any(message in error["message"] for error in answer["errors"])


@pytest.mark.parametrize(
    ("order", "code", "message"),
    [
        (None, "INVALID_VARIABLE", "Variable $order of type OrderCreateOrderInput! was provided invalid value"),
        ({"nope": 1}, "INVALID_VARIABLE", "for nope (Field is not defined on OrderCreateOrderInput)"),
        ({"lineItems": [{}]}, "INVALID_VARIABLE", "for lineItems.0.quantity (Expected value to not be null)"),
        ({"lineItems": [{"quantity": "2"}]}, "INVALID_VARIABLE", "for lineItems.0.quantity ("),
        ({"processedAt": "2026-11-20"}, "INVALID_VARIABLE", "for processedAt (Invalid DateTime"),
        ({"financialStatus": "Paid"}, "INVALID_VARIABLE", 'Expected "Paid" to be one of: AUTHORIZED, '),
        ({"customer": {"toUpsert": {}, "toAssociate": {}}}, "INVALID_VARIABLE", "requires exactly one argument"),
        ({"lineItems": [{"quantity": 1}] * 251}, "MAX_INPUT_SIZE_EXCEEDED", "The input array size of 251 is greater"),
    ],
)
def test_variables(shop: Shop, order: dict[str, Any] | None, code: str, message: str) -> None:
    """What is wrong with a variable is one error for the variable, with the paths of its problems."""
    answer = shop.ask(CREATE, **({"order": order} if order is not None else {}))
    (error,) = answer["errors"]
    assert set(answer) == {"errors"}
    assert error["extensions"]["code"] == code
    assert message in error["message"]
    assert shop.simulator.orders == []


@pytest.mark.parametrize(
    ("document", "code", "message"),
    [
        ("{ orders { nodes { id } } }", "BAD_REQUEST", "you must provide one of first or last"),
        ("{ orders(first: 1, last: 1) { nodes { id } } }", "BAD_REQUEST", "both first and last"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST", "250"),
        ('{ orders(first: 1, query: "created_at:>x") { nodes { id } } }', "BAD_REQUEST", "Invalid timestamp for query"),
        ('{ order(id: "gid://shopify/Order/0") { id } }', "RESOURCE_NOT_FOUND", "Invalid id: gid://shopify/Order/0"),
        ('{ node(id: "nonsense") { id } }', "RESOURCE_NOT_FOUND", "Invalid id: nonsense"),
        (BY_CUSTOM_ID, "NOT_FOUND", "Metafield definition of type 'id' is required when using custom ids."),
        ("{ customers(first: 1) { nodes { lifetimeDuration } } }", "NOT_SIMULATED", "Customer.lifetimeDuration"),
    ],
)
def test_fields(shop: Shop, document: str, code: str, message: str) -> None:
    """What a field refuses comes with a path and with the cost."""
    answer = shop.ask(document)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    assert message in error["message"]
    assert error["path"]
    assert answer["extensions"]["cost"]["actualQueryCost"] >= 0


@pytest.mark.parametrize(
    ("changes", "order", "code", "path", "message"),
    [
        ({"variantId": VARIANT, "title": None}, {}, None, ["lineItems"], "Line items Title can't be blank"),
        ({"quantity": 0}, {}, "INVALID", ["lineItems"], "Quantity must be greater than 0"),
        ({"priceSet": money("-1.00")}, {}, "INVALID", ["lineItems"], "greater than or equal to 0"),
        ({"priceSet": money("1.00", "EUR")}, {}, "INVALID", ["lineItems"], "must be GBP and GBP"),
        ({}, {"presentmentCurrency": "EUR"}, "INVALID", ["lineItems"], "must be GBP and EUR"),
        ({}, {"presentmentCurrency": "CHF"}, "INVALID", ["presentmentCurrency"], "not enabled"),
        ({"taxLines": [tax("1.00")]}, {"taxLines": [tax("1.00")]}, "INVALID", ["taxLines"], "not on both"),
        ({}, {"note": "x" * 5001}, "INVALID", ["note"], "too long"),
        ({}, {"tags": ["x" * 41]}, "INVALID", ["tags"], "40 characters"),
        ({}, {"email": "nobody"}, "INVALID", ["email"], "Email is invalid"),
        ({}, {"customer": {"toAssociate": {"id": CUSTOMER}}}, "INVALID", ["customer"], "does not exist"),
        ({}, {"fulfillment": {"locationId": "gid://shopify/Location/1"}}, "INVALID", ["fulfillment", "locationId"], ""),
    ],
)
def test_orders(
    shop: Shop, changes: dict[str, Any], order: dict[str, Any], code: str | None, path: list[str], message: str
) -> None:
    """What is refused names its field and changes nothing."""
    upsert = {"customer": {"toUpsert": {"email": "new@shop.example"}}}
    payload = shop.create(shop.line(**changes), stock="DECREMENT_IGNORING_POLICY", **(upsert | order))
    error = payload["userErrors"][0]
    assert payload["order"] is None
    assert (error["field"], error["code"]) == (["order", *path], code)
    assert message in error["message"]
    assert shop.simulator.orders == []
    assert shop.data('{ customerByIdentifier(identifier: {emailAddress: "new@shop.example"}) { id } }') == {
        "customerByIdentifier": None
    }
    assert shop.simulator.available(SKU, "London") == 500


def test_customers_of_orders(shop: Shop) -> None:
    """A customer named twice, or one who takes another's phone number, refuses the order."""
    twice = shop.create(customerId=CUSTOMER, customer={"toAssociate": {"id": CUSTOMER}})["userErrors"]
    assert [error["code"] for error in twice] == ["REDUNDANT_CUSTOMER_FIELDS"]
    upsert = {"email": "new@shop.example", "phone": "+44 20 7946 0001"}
    (taken,) = shop.create(customer={"toUpsert": upsert})["userErrors"]
    assert (taken["field"][-1], taken["message"]) == ("phone", "Phone has already been taken")


def test_metafields_of_orders(shop: Shop) -> None:
    """A metafield of a type that does not exist refuses the order."""
    (error,) = shop.create(metafields=[{"namespace": "oms", "key": "x1", "type": "nope", "value": "1"}])["userErrors"]
    assert (error["field"], error["code"]) == (["order", "metafields"], "INVALID")


@pytest.mark.parametrize("state", ["accepted", "refused"])
def test_foreign_currency(state: str) -> None:
    """An order in another currency than the shop's is taken in that currency, or refused, by switch."""
    shop = Shop(foreign_currency=state)
    payload = shop.create(shop.line(priceSet=money("12.00", "EUR")), currency="EUR")
    assert bool(payload["order"]) is (state == "accepted")
    assert [error["field"] for error in payload["userErrors"]] == [["order", "currency"]] * (state == "refused")
