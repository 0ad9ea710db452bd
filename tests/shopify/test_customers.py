"""The customers orders belong to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orderweft import (
    Accepted,
    Address,
    OrderCustomer,
    Refused,
)

from .hand_made import NO_DEFINITION, HandMadeStore, connect, deliver, knowing, order_of


def test_a_customer_is_known_by_account_code() -> None:
    """The unique account code finds the customer, whatever the e-mail address."""
    by_code = {"id": "gid://shopify/Customer/1", "accountCode": {"value": "C101"}}
    store = HandMadeStore(FindCustomer=knowing(code=by_code))
    assert isinstance(deliver(connect(store)), Accepted)
    assert store.called("CreateOrder")[0]["order"]["customer"]["toAssociate"]["id"] == "gid://shopify/Customer/1"
    assert store.called("FindCustomer")[0]["identifier"] == {
        "customId": {"namespace": "orderweft", "key": "account_code", "value": "C101"}
    }


def test_a_customer_is_else_known_by_email_and_left_alone() -> None:
    """A customer the store has under the e-mail address is taken as it is."""
    store = HandMadeStore(FindCustomer=knowing(email={"id": "gid://shopify/Customer/2", "accountCode": None}))
    assert isinstance(deliver(connect(store)), Accepted)
    assert store.writes() == ["CreateOrder"]
    sent = store.called("CreateOrder")[0]["order"]
    assert sent["customer"] == {"toAssociate": {"id": "gid://shopify/Customer/2"}}
    assert not {"email", "phone"} & set(sent)


def test_the_email_on_an_address_stands_for_the_customers() -> None:
    """A source that knows no e-mail address of the customer itself gives one with the bill or the delivery."""
    store = HandMadeStore(FindCustomer=knowing(email={"id": "gid://shopify/Customer/2", "accountCode": None}))
    addresses = (
        Address(role="delivery", email="shop@c101.example"),
        Address(role="accounts", email="bills@c101.example"),
    )
    for number, given in enumerate((addresses, addresses[:1])):
        order = order_of(customer=OrderCustomer(account_code="C101"), addresses=given)
        assert isinstance(deliver(connect(store), order, f"joor:{number}"), Accepted)
    asked = [variables["identifier"].get("emailAddress") for variables in store.called("FindCustomer")]
    assert asked == [None, "bills@c101.example", None, "shop@c101.example"]
    assert store.writes() == ["CreateOrder", "CreateOrder"]


def test_a_new_customer_is_created_under_its_account_code() -> None:
    """Name and free e-mail address are given, and the account code is what makes it unique."""
    store = HandMadeStore(FindCustomer=knowing())
    assert isinstance(deliver(connect(store)), Accepted)
    assert store.writes() == ["DefineMetafield", "CreateCustomer", "CreateOrder"]
    [created] = store.called("CreateCustomer")
    assert created["input"] == {"lastName": "Muster Mode GmbH", "email": "orders@c101.example"}
    assert created["identifier"]["customId"]["value"] == "C101"


def test_retailers_that_share_an_email_stay_apart() -> None:
    """An e-mail address that belongs to another account code is not used for this one."""
    other = {"id": "gid://shopify/Customer/3", "accountCode": {"value": "C999"}}
    store = HandMadeStore(FindCustomer=knowing(email=other))
    assert isinstance(deliver(connect(store)), Accepted)
    assert store.called("CreateCustomer")[0]["input"] == {"lastName": "Muster Mode GmbH"}


def test_the_account_code_is_written_where_the_store_did_not_keep_it() -> None:
    """A created customer without the metafield gets it."""
    made = {"customerSet": {"customer": {"id": "gid://shopify/Customer/8", "accountCode": None}, "userErrors": []}}
    store = HandMadeStore(FindCustomer=knowing(), CreateCustomer=made)
    assert isinstance(deliver(connect(store)), Accepted)
    [written] = store.called("SetMetafields")
    assert written["metafields"][0] == {
        "namespace": "orderweft",
        "key": "account_code",
        "value": "C101",
        "type": "id",
        "ownerId": "gid://shopify/Customer/8",
    }


def test_a_customer_is_not_created_against_the_settings() -> None:
    """With create_customers off, an unknown customer holds the order without a write."""
    store = HandMadeStore(FindCustomer=NO_DEFINITION | {"data": {"customerByIdentifier": None}})
    outcome = deliver(connect(store, create_customers=False))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_customer"
    assert "'C101'" in outcome.message
    assert "c101.example" not in outcome.message
    assert store.writes() == []


def test_a_refused_customer_holds_the_order() -> None:
    """What Shopify has against a new customer is told, with the field."""
    error = {"field": ["input", "email"], "message": "Email has already been taken", "code": "TAKEN"}
    store = HandMadeStore(
        FindCustomer=knowing(), CreateCustomer={"customerSet": {"customer": None, "userErrors": [error]}}
    )
    outcome = deliver(connect(store))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_customer"
    assert "input.email: Email has already been taken" in outcome.message


def test_two_orders_of_a_new_customer_create_it_once() -> None:
    """Deliveries at the same time wait for the first to create their common customer."""
    created = threading.Event()
    both = threading.Barrier(2)
    node = {"id": "gid://shopify/Customer/8", "accountCode": {"value": "C101"}}

    def find(variables: dict[str, Any]) -> dict[str, Any]:
        if not created.is_set() and store.calls.count(("FindCustomer", variables)) <= 2:
            both.wait(5)
        return {"customerByIdentifier": node if created.is_set() else None}

    def create(variables: dict[str, Any]) -> dict[str, Any]:
        created.set()
        return {
            "customerSet": {
                "customer": node,
                "userErrors": [],
            }
        }

    store = HandMadeStore(FindCustomer=find, CreateCustomer=create)
    connection = connect(store)
    order = order_of(customer=OrderCustomer(account_code="C101"))
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda key: deliver(connection, order, key), ["joor:1", "joor:2"]))
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(store.called("CreateCustomer")) == 1
