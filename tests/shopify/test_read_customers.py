"""Customers of a simulated store as accounts: read, created and brought up to date."""

from __future__ import annotations

from typing import Any

import jsonschema
import orderweft_shopify as shopify
import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    Customer,
    NotSent,
    Origin,
    Outcome,
    Refused,
    UnavailableError,
    Unknown,
)
from orderweft.testing import Fault, brand

from .hand_made import HandMadeStore, connect, page_of
from .test_with_simulator import Shop, order_for

BUYERS = brand.buyers()
WRITES = {"CreateCustomer", "SetCustomer", "AddAddress", "ChangeAddress", "SetMetafields"}


def account(number: int, **changes: Any) -> Customer:
    """Return a customer of the sample brand as another system has it, with two addresses."""
    buyer = BUYERS[number]
    place = {
        "name": buyer.name,
        "city": buyer.city,
        "postcode": buyer.postcode,
        "country": buyer.country,
        "region": buyer.region,
    }
    values = {
        "origin": Origin(channel="zedonk", connection="zedonk", id=buyer.code),
        "account_code": buyer.code,
        "name": buyer.name,
        "contacts": [{"name": buyer.buyer, "email": buyer.email, "phone": buyer.phone}],
        "addresses": [
            {"role": "delivery", "line1": buyer.line1, **place},
            {"role": "accounts", "line1": f"Office, {buyer.line1}", **place},
        ],
    }
    return Customer.model_validate({**values, **changes})


def write(shop: Shop, *customers: Customer) -> list[Outcome]:
    """Write customers in one call."""
    return shopify.write_customers(shop.connection, list(customers))


def read(shop: Shop) -> dict[str | None, Customer]:
    """Read all customers by account code, once the index has caught up."""
    shop.clock.sleep(30)
    pages = list(shopify.read_customers(shop.connection))
    assert pages[-1].complete
    found = [record for page in pages for record in page.records if isinstance(record, Customer)]
    return {customer.account_code: customer for customer in found}


def writes(shop: Shop) -> list[str]:
    """Return the writing calls so far."""
    return [name for name in shop.handler.calls if name in WRITES]


def test_an_account_reads_back_as_it_was_written() -> None:
    """Code, name, contact and the role of each address survive the store."""
    shop = Shop()
    sent = account(9)
    assert isinstance(write(shop, sent)[0], Accepted)
    got = read(shop)["C109"]
    phone = (sent.contacts[0].phone or "").replace(" ", "")
    assert (got.name, got.contacts[0]) == (sent.name, sent.contacts[0].model_copy(update={"phone": phone}))
    assert [(address.role, address.line1, address.country) for address in got.addresses] == [
        (address.role, address.line1, address.country) for address in sent.addresses
    ]


def test_writing_the_same_again_changes_nothing() -> None:
    """The second time there is nothing to do, for new customers and for those the store had."""
    shop = Shop()
    write(shop, account(0), account(9))
    before = writes(shop)
    assert all(isinstance(outcome, AlreadyThere) for outcome in write(shop, account(0), account(9)))
    assert writes(shop) == before
    assert shop.simulator.facts()["customers"] == 9


def test_a_customer_the_store_has_by_email_gets_the_account_code() -> None:
    """The store's own customer becomes the account; its address is taken over, not doubled."""
    shop = Shop()
    [outcome] = write(shop, account(0))
    assert isinstance(outcome, Accepted)
    assert shop.simulator.facts()["customers"] == 8
    got = read(shop)["C100"]
    assert [address.role for address in got.addresses] == ["delivery", "accounts"]
    assert got.origin.id == outcome.receipt.id


def test_only_what_is_different_is_changed() -> None:
    """A new name and an address that has moved are changed where they are; everything else is left alone."""
    shop = Shop()
    write(shop, account(0))
    shop.handler.calls.clear()
    moved = account(0).addresses[1].model_copy(update={"line1": "1 New Road"})
    changed = account(
        0,
        contacts=[{"name": "Kim Neu", "email": BUYERS[0].email}],
        addresses=(account(0).addresses[0].model_copy(update={"contact": BUYERS[0].buyer}), moved),
    )
    write(shop, changed)
    assert writes(shop) == ["SetCustomer", "ChangeAddress"]
    got = read(shop)["C100"]
    assert got.contacts[0].name == "Kim Neu"
    assert [address.line1 for address in got.addresses] == [BUYERS[0].line1, "1 New Road"]
    sent = next(variables["input"] for name, variables in shop.simulator.log if name == "SetCustomer")
    assert set(sent) == {"firstName", "lastName"}


def test_marketing_consent_is_never_touched() -> None:
    """Nothing that is sent speaks of marketing, tags or notes."""
    shop = Shop()
    write(shop, account(0), account(9))
    names = {key for name, variables in shop.simulator.log if name in WRITES for key in (variables.get("input") or {})}
    assert names <= {"email", "phone", "firstName", "lastName"}


def test_addresses_we_do_not_name_stay() -> None:
    """A store's own address of the customer is never deleted."""
    shop = Shop()
    write(shop, account(0))
    write(shop, account(0, addresses=[{"role": "store", "code": "S1", "line1": "9 Shop Lane", "country": "GB"}]))
    got = read(shop)["C100"]
    assert [(address.role, address.code) for address in got.addresses] == [
        ("delivery", None),
        ("accounts", None),
        ("store", "S1"),
    ]


def test_an_email_of_another_account_is_refused_by_name() -> None:
    """Two accounts never become one because they share an address, and the message does not tell it."""
    shop = Shop()
    write(shop, account(0))
    twin = account(1, contacts=[{"name": "Kim Neu", "email": BUYERS[0].email}])
    [outcome] = write(shop, twin)
    assert isinstance(outcome, Refused)
    assert "belongs to the account 'C100'" in outcome.message
    assert outcome.message.startswith("C101")
    assert BUYERS[0].email not in outcome.message


@pytest.mark.parametrize("field", ["email", "phone"])
def test_what_belongs_to_another_customer_is_refused_by_name(field: str) -> None:
    """An e-mail address or phone number that is taken holds this customer, and the next goes on."""
    shop = Shop()
    write(shop, account(0))
    clash = {"name": "Alex", "email": BUYERS[0].email, field: getattr(BUYERS[1], field)}
    refused, written = write(shop, account(0, contacts=[clash]), account(9))
    assert isinstance(refused, Refused)
    assert "belongs to another customer" in refused.message
    assert getattr(BUYERS[1], field) not in refused.message
    assert isinstance(written, Accepted)


def test_a_customer_needs_an_account_code() -> None:
    """Without one it is refused, and the schema says so beforehand."""
    shop = Shop()
    nameless = account(9, account_code=None)
    assert isinstance(write(shop, nameless)[0], Refused)
    schema = shopify.accepts(shop.connection, "customers")
    assert schema is not None
    checker = jsonschema.Draft202012Validator(schema)
    assert not checker.is_valid(nameless.to_data())
    assert checker.is_valid(account(9).to_data())


def test_a_phone_number_shopify_would_refuse_is_left_out() -> None:
    """A number that is not in international form does not keep the customer out."""
    shop = Shop()
    [outcome] = write(shop, account(9, contacts=[{"name": "Kim", "email": "k@x.example", "phone": "020 7946"}]))
    assert isinstance(outcome, Accepted)
    assert "left out" in outcome.receipt.remarks[0]
    assert read(shop)["C109"].contacts[0].phone is None


@pytest.mark.parametrize("kept", [True, False], ids=["account code kept", "account code dropped"])
@pytest.mark.parametrize("operation", ["CreateCustomer", "AddAddress"])
@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_lost_answer_is_completed_by_repeating(operation: str, kind: Any, kept: bool) -> None:
    """Whatever was done without an answer, writing again finds it, and there is one customer with two addresses."""
    shop = Shop(Fault(operation, kind), custom_id_kept=kept)
    assert isinstance(write(shop, account(9))[0], Unknown)
    assert isinstance(write(shop, account(9))[0], Accepted)
    assert shop.simulator.facts()["customers"] == 9
    assert [address.role for address in read(shop)["C109"].addresses] == ["delivery", "accounts"]


def test_a_store_that_goes_away_leaves_the_rest_for_later() -> None:
    """Before the first write an error counts for the whole call; after it, only for what is left."""
    with pytest.raises(UnavailableError):
        write(Shop(Fault("CreateCustomer", "refuse")), account(9))
    outcomes = write(Shop(Fault("CreateCustomer", "refuse")), account(0), account(9))
    assert [type(outcome) for outcome in outcomes] == [Accepted, NotSent]


def test_an_order_finds_the_account() -> None:
    """A customer written here is the one later orders of its account code belong to."""
    shop = Shop()
    [outcome] = write(shop, account(9))
    assert isinstance(outcome, Accepted)
    assert isinstance(shop.deliver(order_for(customer={"account_code": "C109"})), Accepted)
    assert shop.simulator.facts()["customers"] == 9


def test_consumers_are_read_only_when_asked_for() -> None:
    """Customers without an account code are left out, unless the settings want all."""
    shop = Shop()
    write(shop, account(9))
    assert set(read(shop)) == {"C109"}
    everybody = Shop(settings={"customers": "all"})
    everybody.clock.sleep(30)
    pages = list(shopify.read_customers(everybody.connection))
    found = [record for page in pages for record in page.records]
    assert len(found) == 8
    schema = shopify.provides(everybody.connection, "customers")
    assert schema is not None
    checker = jsonschema.Draft202012Validator(schema)
    assert all(checker.is_valid(customer.to_data()) for customer in found)


def test_an_address_that_names_no_place_is_left_out() -> None:
    """It takes no other address of the customer for its own, nor writes into one."""
    shop = Shop()
    sent = account(9)
    delivery, accounts = sent.addresses
    write(shop, sent.model_copy(update={"addresses": (delivery,)}))
    there = read(shop)["C109"].addresses
    nowhere = accounts.model_copy(update={"line1": None, "city": None, "postcode": None, "phone": "+49301234567"})
    [outcome] = write(shop, sent.model_copy(update={"addresses": (delivery, nowhere)}))
    assert isinstance(outcome, AlreadyThere)
    assert read(shop)["C109"].addresses == there
    write(shop, sent.model_copy(update={"addresses": (nowhere, *sent.addresses)}))
    assert [address.role for address in read(shop)["C109"].addresses] == ["delivery", "accounts"]


KIM: dict[str, Any] = {
    **dict.fromkeys(("firstName", "lastName", "note", "roles", "defaultAddress", "defaultEmailAddress")),
    "id": "gid://shopify/Customer/1",
    "displayName": "Kim",
    "defaultPhoneNumber": None,
    "tags": [],
    "updatedAt": "2026-11-01T08:00:00Z",
    "accountCode": {"value": "C1"},
    "addressesV2": page_of([]),
}


def test_a_customer_that_cannot_be_read_is_told() -> None:
    """One unreadable customer is named, the others are read, and the reading does not claim to be everything."""
    bad = {**KIM, "updatedAt": "soon", "accountCode": {"value": "C2"}}
    store = HandMadeStore(ReadCustomers={"customers": page_of([KIM, bad])})
    pages = list(shopify.read_customers(connect(store)))
    assert [each.label for page in pages for each in page.unread] == ["C2"]
    assert [record.label for page in pages for record in page.records] == ["C1 Kim"]
    assert not pages[-1].complete


def test_a_long_list_of_customers_is_read_to_its_end() -> None:
    """Shopify lets nobody page endlessly, so after a while the reading goes on from the last number."""
    node = {**KIM, "id": "gid://shopify/Customer/77", "accountCode": None}
    pages = [{"customers": page_of([node] * 10_000, "next")}, {"customers": page_of([])}]
    store = HandMadeStore(ReadCustomers=list(pages))
    assert list(shopify.read_customers(connect(store)))[-1].complete
    assert [asked["query"] for asked in store.called("ReadCustomers")] == ["", "id:>77"]
