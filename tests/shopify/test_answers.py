"""Everything the channel can answer, and what each answer must become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLEnumType
from orderweft import (
    Accepted,
    AlreadyThere,
    AuthenticationError,
    NotSent,
    Refused,
    SettingsError,
    UnavailableError,
    Unknown,
)
from orderweft.testing import ConnectionLost, ConnectionRefused, FakeClock
from orderweft_shopify.client import Client, RefusalError

from .hand_made import (
    BAD_TOKEN,
    HTML,
    NO_DEFINITION,
    PARTIAL,
    HandMadeStore,
    connect,
    deliver,
    errors,
    http,
    knowing,
    order_node,
    page_of,
    user_error,
)
from .test_documents import subset


def raising(error: type[Exception]) -> Callable[[dict[str, Any]], Any]:
    def act(variables: dict[str, Any]) -> Any:
        raise error

    return act


ORDER_LOST: dict[str, Any] = {"data": {"orderCreate": {"order": None, "userErrors": []}}}
NULLED: dict[str, Any] = {"data": {"orderCreate": None}}

# Each row: the answer, what reading makes of it, what creating an order makes of it.
ANSWERS: dict[str, tuple[Any, type[Exception], type[Any]]] = {
    # the transport
    "connection refused": (raising(ConnectionRefused), UnavailableError, NotSent),
    "no answer": (raising(ConnectionLost), UnavailableError, Unknown),
    # the HTTP status
    "400": (http(400, b"bad"), RefusalError, Refused),
    "401": (http(401, BAD_TOKEN), AuthenticationError, AuthenticationError),
    "402": (http(402), UnavailableError, NotSent),
    "403": (http(403, HTML), AuthenticationError, AuthenticationError),
    "404": (http(404, b'{"errors": "Not Found"}'), AuthenticationError, AuthenticationError),
    "406": (http(406), RefusalError, Refused),
    "408": (http(408), UnavailableError, Unknown),
    "423": (http(423), UnavailableError, NotSent),
    "429": (http(429, retry_after="4"), UnavailableError, NotSent),
    "430": (http(430), UnavailableError, NotSent),
    "500": (http(500), UnavailableError, Unknown),
    "502 in HTML": (http(502, HTML), UnavailableError, Unknown),
    "redirect": (http(301, location="https://elsewhere.example/"), UnavailableError, NotSent),
    "200 in HTML": (http(200, HTML), UnavailableError, Unknown),
    "200 and a list": (http(200, b"[]"), UnavailableError, Unknown),
    # GraphQL errors
    "THROTTLED": (errors("THROTTLED"), UnavailableError, NotSent),
    "MAX_COST_EXCEEDED": (errors("MAX_COST_EXCEEDED"), SettingsError, SettingsError),
    "ACCESS_DENIED": (errors("ACCESS_DENIED") | NULLED, AuthenticationError, AuthenticationError),
    "ACCESS_DENIED beside data": (errors("ACCESS_DENIED") | PARTIAL, AuthenticationError, Accepted),
    "SHOP_INACTIVE": (errors("SHOP_INACTIVE"), UnavailableError, NotSent),
    "INTERNAL_SERVER_ERROR": (errors("INTERNAL_SERVER_ERROR"), UnavailableError, Unknown),
    "INTERNAL_SERVER_ERROR and null": (errors("INTERNAL_SERVER_ERROR") | NULLED, UnavailableError, Unknown),
    "INTERNAL_SERVER_ERROR inside": (errors("INTERNAL_SERVER_ERROR") | ORDER_LOST, UnavailableError, Unknown),
    "BAD_REQUEST": (errors("BAD_REQUEST") | NULLED, RefusalError, Refused),
    "INVALID_VARIABLE": (errors("INVALID_VARIABLE"), RefusalError, Refused),
    "INVALID_FIELD_ARGUMENTS": (errors("INVALID_FIELD_ARGUMENTS") | NULLED, RefusalError, Refused),
    "MAX_INPUT_SIZE_EXCEEDED": (errors("MAX_INPUT_SIZE_EXCEEDED"), RefusalError, Refused),
    "RESOURCE_NOT_FOUND": (errors("RESOURCE_NOT_FOUND") | NULLED, RefusalError, Refused),
    "NOT_FOUND": (NO_DEFINITION, RefusalError, Refused),
    "undefinedField": (errors("undefinedField"), SettingsError, SettingsError),
    "undefinedDirective": (errors("undefinedDirective"), SettingsError, SettingsError),
    "argumentLiteralsIncompatible": (errors("argumentLiteralsIncompatible"), SettingsError, SettingsError),
    "missingRequiredArguments": (errors("missingRequiredArguments"), SettingsError, SettingsError),
    "missingRequiredInputObjectAttribute": (
        errors("missingRequiredInputObjectAttribute"),
        SettingsError,
        SettingsError,
    ),
    "invalidOneOfInputObject": (errors("invalidOneOfInputObject"), SettingsError, SettingsError),
    "PARSE_ERROR": (errors("PARSE_ERROR"), SettingsError, SettingsError),
    "a code of a later version": (errors("BEAMED_UP") | NULLED, UnavailableError, Unknown),
    "an error without a code": (errors(None) | NULLED, UnavailableError, Unknown),
    "too many attempts": (errors(None, "Too many attempts. Please try again later."), UnavailableError, NotSent),
    "an error below the mutation": (
        {"errors": [{"message": "no", "path": ["orderCreate", "order"], "extensions": {"code": "BAD_REQUEST"}}]}
        | NULLED,
        RefusalError,
        Unknown,
    ),
    "neither data nor errors": ({"extensions": {}}, UnavailableError, Unknown),
    "no order and no error": ({"extensions": {}, **ORDER_LOST}, Exception, Unknown),
}


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - {"no order and no error"}))
def test_each_answer_to_a_reading_is_mapped(name: str) -> None:
    """Whatever a reading is answered with ends in the error that says what happens next, bounded in time."""
    answer, error, _ = ANSWERS[name]
    clock = FakeClock()
    client = connect(HandMadeStore(Shop=answer), clock).once(Client)
    with pytest.raises(error) as caught:
        client.query("Shop")
    assert type(caught.value) is error or isinstance(caught.value, UnavailableError)
    assert clock.monotonic() < 120


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_each_answer_to_a_write_is_mapped(name: str) -> None:
    """An order is created at most once, and each answer says whether it was."""
    answer, _, result = ANSWERS[name]
    store = HandMadeStore(CreateOrder=answer)
    connection = connect(store)
    if issubclass(result, Exception):
        with pytest.raises(result):
            deliver(connection)
    else:
        assert type(deliver(connection)) is result
    assert len(store.called("CreateOrder")) == 1


def test_failures_name_the_request() -> None:
    """Shopify's support asks for the id of the request, so messages carry it."""
    for name in ("402", "400", "INTERNAL_SERVER_ERROR"):
        outcome = deliver(connect(HandMadeStore(CreateOrder=ANSWERS[name][0])))
        assert "request req-1" in outcome.to_data()["message"]


# Each row: message, field and code of a user error, what becomes of the order, and for what reason it is held.
LINES = ["order", "lineItems"]
TOO_MANY = "Too many attempts. Please try again later."
REFUSALS: dict[str, tuple[str, list[str] | None, str | None, type[Any], str | None]] = {
    "a field": ("Line items Title can't be blank", LINES, "INVALID", Refused, "invalid_field"),
    "no field": ("Order Line items is invalid", None, "INVALID", Refused, "refused"),
    "claim failed": ("could not claim", LINES, "INVENTORY_CLAIM_FAILED", Refused, "no_stock"),
    "not reserved": ("Line items Unable to reserve inventory", LINES, "INVALID", Refused, "no_stock"),
    "date": ("no", ["order", "processedAt"], "PROCESSED_AT_INVALID", Refused, "invalid_field"),
    "tax rate": ("no", ["order"], "TAX_LINE_RATE_MISSING", Refused, "invalid_field"),
    "service": ("no", ["order"], "FULFILLMENT_SERVICE_INVALID", Refused, "invalid_field"),
    "two customers": ("no", ["order"], "REDUNDANT_CUSTOMER_FIELDS", Refused, "invalid_field"),
    "dormant shop": ("dormant", None, "SHOP_DORMANT", NotSent, None),
    "sixth in a minute": (TOO_MANY, None, None, NotSent, None),
    "a code of a later version": ("beamed up", None, "BEAMED_UP", Refused, "refused"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_of_an_order_is_mapped(name: str) -> None:
    """User errors hold the order with Shopify's words, or tell when to come again."""
    message, field, code, kind, reason = REFUSALS[name]
    store = HandMadeStore(CreateOrder=user_error(message, field, code))
    outcome = deliver(connect(store))
    assert type(outcome) is kind
    assert message in outcome.to_data()["message"]
    assert outcome.to_data().get("reason") == reason
    assert len(store.called("CreateOrder")) == 1


def test_every_code_of_the_schema_is_in_the_table() -> None:
    """A refusal of `orderCreate` that Shopify's schema names has its row."""
    codes = subset().type_map["OrderCreateUserErrorCode"]
    assert isinstance(codes, GraphQLEnumType)
    assert set(codes.values) <= {code for _, _, code, _, _ in REFUSALS.values()}


def test_the_sixth_order_in_a_minute_comes_again_after_one() -> None:
    """A development store's refusal says to wait a minute."""
    store = HandMadeStore(CreateOrder=user_error(TOO_MANY, None, None))
    outcome = deliver(connect(store))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == 60


@pytest.mark.parametrize(
    "error",
    [
        pytest.param({"code": "TAKEN", "field": ["order", "metafields", "0", "value"], "message": "no"}, id="code"),
        pytest.param(
            {"code": "INVALID", "field": ["order", "metafields"], "message": "Value already taken"}, id="text"
        ),
        pytest.param({"code": None, "field": None, "message": "Metafield value must be unique"}, id="text alone"),
    ],
)
@pytest.mark.parametrize("there", [True, False], ids=["found", "not found"])
def test_a_key_that_is_taken_is_looked_up(error: dict[str, Any], there: bool) -> None:
    """When Shopify says the key is in use, the order that has it is the answer; else it is in doubt."""
    second = {"orderByIdentifier": order_node() if there else None}
    store = HandMadeStore(
        FindOrder=[{"orderByIdentifier": None}, second],
        CreateOrder={"orderCreate": {"order": None, "userErrors": [error]}},
    )
    outcome = deliver(connect(store))
    if there:
        assert isinstance(outcome, AlreadyThere)
    else:
        assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("operation", ["CreateCustomer", "DefineMetafield"])
def test_an_unknown_outcome_before_the_order_leaves_it_unsent(operation: str) -> None:
    """Only the call that creates the order can leave it in doubt; preparing it can be repeated."""
    store = HandMadeStore(FindCustomer=knowing(), **{operation: http(502)})
    outcome = deliver(connect(store))
    assert isinstance(outcome, NotSent)
    assert store.called("CreateOrder") == []


def test_a_template_that_fails_holds_the_order() -> None:
    """A note that cannot be made holds the order and names the template."""
    outcome = deliver(connect(HandMadeStore(), note_template="{{ order.nothing }}"))
    assert isinstance(outcome, Refused)
    assert "template" in outcome.message


def test_a_dropped_search_filter_is_an_error() -> None:
    """A search Shopify does not understand returns everything, so its warning is never overlooked."""
    answer = {
        "data": {"productVariants": page_of([HandMadeStore().variant(0)])},
        "extensions": {"search": [{"warnings": [{"field": "barcode", "code": "invalid_field", "message": "no"}]}]},
    }
    with pytest.raises(SettingsError, match="ignores the search filter barcode"):
        deliver(connect(HandMadeStore(VariantSearch=answer)))
