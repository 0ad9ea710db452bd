"""Checking a connection, its schemas and its settings."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import jsonschema
import orderweft_shopify as shopify
import pytest
from orderweft import (
    Address,
    AuthenticationError,
    OrderCustomer,
    OrderQuery,
)
from pydantic import ValidationError

from .hand_made import APP, HandMadeStore, connect, deliver, lines_of, order_of, page_of, stored


def shop(*scopes: str, development: bool = False) -> dict[str, Any]:
    plan = {"publicDisplayName": "Basic", "partnerDevelopment": development}
    return {
        "shop": {
            "name": "Example Brand",
            "myshopifyDomain": "example.myshopify.com",
            "currencyCode": "EUR",
            "ianaTimezone": "Europe/Berlin",
            "plan": plan,
        },
        "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in scopes]},
    }


SCOPES = ("write_orders", "write_customers", "read_products", "read_inventory", "read_locations")


def test_checking_names_the_account() -> None:
    """A working connection names the store, its currency, plan and time zone, and changes nothing."""
    store = HandMadeStore(Shop=shop(*SCOPES))
    account = shopify.check_connection(connect(store, location="Main"))
    assert (account.id, account.name) == ("example.myshopify.com", "Example Brand")
    assert account.details == ("currency EUR", "plan Basic", "time zone Europe/Berlin")
    assert account.warnings == ()
    assert store.writes() == []


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        pytest.param({}, "read_inventory, read_locations, write_customers", id="all"),
        pytest.param({"create_customers": False, "check_stock": False}, "read_customers", id="less asked for"),
        pytest.param(
            {"create_customers": False, "check_stock": False, "location": "Main"},
            "read_customers, read_locations",
            id="a location",
        ),
    ],
)
def test_missing_scopes_are_named_at_once(settings: dict[str, Any], missing: str) -> None:
    """Every access scope the settings need and the app lacks stands in one message."""
    store = HandMadeStore(Shop=shop("write_orders", "write_products"))
    with pytest.raises(AuthenticationError, match=f"scopes {missing};"):
        shopify.check_connection(connect(store, **settings))


def test_what_will_bite_later_is_a_warning() -> None:
    """Another API version, a development store without pace and too long a first reading are pointed out."""
    store = HandMadeStore(Shop=shop(*SCOPES, development=True))
    account = shopify.check_connection(connect(store, api_version="2025-10", first_run_days=90))
    assert [bool(re.search(word, text)) for word, text in zip(
        ("2026-10 instead of 2025-10", "orders_per_minute = 5", "read_all_orders"), account.warnings, strict=True
    )] == [True] * 3  # fmt: skip


def test_what_is_read_keeps_what_is_promised() -> None:
    """An order of the store satisfies the schema the source vouches for."""
    store = HandMadeStore(ReadOrders={"orders": page_of([stored(1)])})
    connection = connect(store)
    [page] = list(shopify.fetch_orders(connection, OrderQuery()))
    order = page.items[0].order
    schema = shopify.provides(connection, "orders")
    assert order is not None
    assert schema is not None
    jsonschema.Draft202012Validator(schema).validate(order.to_data())
    assert shopify.accepts(connection, "shipments") is None


def _without(field: str) -> dict[str, Any]:
    return {"lines": tuple(line.model_copy(update={field: None}) for line in lines_of((0, 1)))}


@pytest.mark.parametrize(
    ("change", "settings", "fits"),
    [
        pytest.param({}, {}, True, id="as it is"),
        pytest.param({"lines": ()}, {}, False, id="no lines"),
        pytest.param(_without("barcode"), {}, False, id="no barcode"),
        pytest.param(_without("barcode"), {"item_identifier": "sku"}, True, id="SKU instead"),
        pytest.param(_without("unit_price"), {}, False, id="no price"),
        pytest.param({"lines": lines_of((0, 0))}, {}, False, id="nothing of it"),
        pytest.param({"customer": OrderCustomer(name="Example")}, {}, False, id="nameless customer"),
        pytest.param({"customer": OrderCustomer(email="a@b.example")}, {}, True, id="e-mail only"),
        pytest.param({"discount": Decimal(-1)}, {}, False, id="negative discount"),
    ],
)
def test_what_the_store_requires(change: dict[str, Any], settings: dict[str, Any], fits: bool) -> None:
    """Each order is measured against what the store needs under these settings."""
    schema = shopify.accepts(connect(HandMadeStore(), **settings), "orders")
    assert schema is not None
    order = order_of().model_copy(update=change)
    assert jsonschema.Draft202012Validator(schema).is_valid(order.to_data()) is fits


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        pytest.param({"shop": "example.com/x"}, "store's name", id="not a shop"),
        pytest.param({"token": None}, "either token", id="no credentials"),
        pytest.param(APP, "either token", id="both credentials"),
        pytest.param({"token": None, "client_id": "id"}, "either token", id="half a pair"),
        pytest.param({"taxes": {"UK": {"name": "VAT", "rate": 0.2}}}, "GB", id="country"),
        pytest.param({"taxes": {"GB": {"name": "VAT", "rate": 20}}}, "less than 1", id="rate"),
        pytest.param({"note_template": "{{ order."}, "template", id="template"),
        pytest.param({"tags": ["x" * 41]}, "40", id="long tag"),
    ],
)
def test_wrong_settings_are_told(settings: dict[str, Any], says: str) -> None:
    """Settings that cannot work are refused with what is expected."""
    with pytest.raises(ValidationError, match=says):
        shopify.Settings.model_validate({"shop": "example", "token": "t", **settings})


@pytest.mark.parametrize("shop", ["example", "Example.myshopify.com"])
def test_the_address_follows_from_the_shop(shop: str) -> None:
    """The shop's name is enough, and base_url stands above it."""
    assert shopify.Settings.model_validate({"shop": shop, "token": "t"}).service_url == "https://example.myshopify.com"
    told = {"shop": shop, "token": "t", "base_url": "http://127.0.0.1:8080/"}
    assert shopify.Settings.model_validate(told).service_url == "http://127.0.0.1:8080"


def test_the_default_note_says_terms_method_and_linesheet() -> None:
    """Payment terms, shipping method and linesheet come before the order's own note, each only when known."""
    named = {"payment_terms": {"name": "Net 30"}, "ship_method": {"code": "DHL"}, "linesheet": {"name": "Main"}}
    store = HandMadeStore()
    connection = connect(store)
    deliver(connection, order_of(**named, note="Ship complete"))
    deliver(connection, order_of(), key="joor:9002")
    first, second = (sent["order"].get("note") for sent in store.called("CreateOrder"))
    assert first == "Payment terms: Net 30\nShipping method: DHL\nLinesheet: Main\nShip complete"
    assert second is None


def test_taxes_follow_the_country_of_the_bill() -> None:
    """The accounts address decides on the tax; the delivery address only where there is no other."""
    store = HandMadeStore()
    connection = connect(store, taxes={"GB": {"name": "VAT", "rate": 0.2}})
    delivery = Address(role="delivery", country="GB")
    deliver(connection, order_of(addresses=(delivery, Address(role="accounts", country="DE"))))
    deliver(connection, order_of(addresses=(delivery,)), key="joor:9002")
    abroad, home = (sent["order"]["lineItems"][0].get("taxLines") for sent in store.called("CreateOrder"))
    assert abroad is None
    assert home[0]["title"] == "VAT"
