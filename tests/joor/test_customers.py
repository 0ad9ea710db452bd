"""Customers: reading them from JOOR, and handing them to the job that takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orderweft_joor
import pytest
from orderweft import (
    Accepted,
    Address,
    AlreadyThere,
    Contact,
    Customer,
    Named,
    Origin,
    Outcome,
    Refused,
    Response,
    SettingsError,
    UnavailableError,
    Unknown,
)
from orderweft.testing import Fault, FaultKind, brand
from orderweft_joor.mapping import customer_difference, from_customer, to_customer

from .test_inventory import Account, connect, kinds

HEAD = {"code": 0, "comment": ""}


def customer(code: str | None = "C200", name: str = "New Shop", **fields: Any) -> Customer:
    delivery = Address(
        role="delivery", code="S1", line1="1 High Street", city="Leeds", country="GB", email="in@c.example"
    )
    bill = Address(role="accounts", code="B1", line1="2 Low Street", city="Leeds", country="GB")
    store = Address(role="store", code="X1", line1="3 Shop Street", city="York", country="GB")
    known = {"addresses": (delivery, bill, store), "contacts": (Contact(name="Kim", email="kim@c.example"),)}
    return Customer(
        origin=Origin(channel="erp", connection="erp", id="1"), account_code=code, name=name, **{**known, **fields}
    )


def write(account: Account, *customers: Customer) -> list[Outcome]:
    return orderweft_joor.write_customers(account.connection, customers)


def read(account: Account) -> list[Customer]:
    pages = list(orderweft_joor.read_customers(account.connection))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return [found for page in pages for found in page.records if isinstance(found, Customer)]


# Reading


FORMS: Sequence[dict[str, Any]] = (
    {},
    {"root_node": "whole"},
    {"root_node": "list"},
    {"inner_nodes": "kept"},
    {"empty_list": "list"},
    {"missing": "null"},
    {"numbers": "text"},
    {"last_page": "repeat"},
    {"max_count": 2},
)


@pytest.mark.parametrize("switches", FORMS, ids=str)
@pytest.mark.parametrize("page_size", [1, 4, 50])
def test_all_customers_are_read(switches: dict[str, Any], page_size: int) -> None:
    """However JOOR wraps and pages them, each connected buyer becomes a customer with two addresses."""
    found = read(Account(switches=switches, page_size=page_size))
    codes = [one.account_code for one in found]
    assert len(set(codes)) == len(codes) == len(brand.buyers()) - 1
    assert set(codes) < {buyer.code for buyer in brand.buyers()}
    assert [address.role for address in found[0].addresses] == ["delivery", "accounts"]
    assert (found[0].name, found[0].addresses[0].country) == ("Example Store Ltd", "GB")


def test_without_the_list_customers_are_no_source() -> None:
    """The address of the list is an assumption; without it nothing is promised and reading says what to set."""
    account = Account(customer_list=False)
    assert orderweft_joor.provides_customers(account.connection, "customers") is None
    with pytest.raises(SettingsError, match="customer_list"):
        list(orderweft_joor.read_customers(account.connection))


def test_a_customer_that_cannot_be_read_is_told() -> None:
    """A row without any name is named by its code, and the reading does not count as complete."""
    rows = [{"customer_code": "C1", "customer_alias": "Shop"}, {"customer_code": "C2"}]
    connection = connect(lambda request: Response.of_json({"response": HEAD, "connections": rows}), token="t")
    page = next(iter(orderweft_joor.read_customers(connection)))
    assert [(one.id, one.problem) for one in page.unread] == [("C2", "customer_name: is missing")]
    assert (len(page.records), page.complete) == (1, False)


# Writing


@pytest.mark.parametrize("switches", [{}, {"root_node": "whole"}, {"inner_nodes": "kept"}, {"jobs": "clock"}], ids=str)
@pytest.mark.parametrize("given", [{}, {"customer_list": False}, {"customer_json": "nested"}], ids=str)
def test_a_new_customer_is_taken_and_shows_once_joors_staff_have_matched_it(
    switches: dict[str, Any], given: dict[str, Any]
) -> None:
    """It is accepted as pending with a word on why, and found as it was sent a few days later."""
    account = Account(switches=switches, **given)
    outcome = write(account, customer())[0]
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.pending
    assert "business days" in outcome.receipt.remarks[0]
    account.joor.match_customers()
    known = write(account, customer())[0]
    assert isinstance(known, AlreadyThere)
    assert not known.receipt.pending
    assert account.wire.calls.count("customers.write") == 1


def test_the_store_address_never_leaves() -> None:
    """Delivery addresses go to shipping, accounts addresses to billing, and the shop's own stays at home."""
    account = Account()
    write(account, customer())
    sent = next(request for request in account.requests if request.method == "POST").json()
    row = sent["bulk_connections"]["connection"][0]
    assert [one["shipping_code"] for one in row["shipping"]["shipping_addresses"]] == ["S1"]
    assert [one["billing_code"] for one in row["billing"]["billing_addresses"]] == ["B1"]
    assert "X1" not in str(sent)


def test_a_changed_customer_keeps_what_only_joor_knows() -> None:
    """JOOR updates in full, so the fields and addresses the source does not tell are sent along."""
    account = Account()
    before = {one.account_code: one for one in read(account)}["C100"]
    new = customer("C100", "Example Store plc", contacts=())
    assert kinds(write(account, new)) == ["accepted"]
    after = {one.account_code: one for one in read(account)}["C100"]
    assert after.name == "Example Store plc"
    assert (after.sales_rep, after.group, after.contacts) == (before.sales_rep, before.group, before.contacts)
    assert {address.code for address in after.addresses} == {"S1", "B1", "C100-S1", "C100-B1"}


def test_nothing_is_sent_for_customers_joor_has_already() -> None:
    """What was read from JOOR and comes back unchanged costs no write."""
    account = Account()
    assert set(kinds(write(account, *read(account)))) == {"already_there"}
    assert "customers.write" not in account.wire.calls


@pytest.mark.parametrize(
    ("code", "given"),
    [
        pytest.param("c100", {}, id="case"),
        pytest.param("C 100", {}, id="space"),
        pytest.param("c100", {"customer_list": False}, id="case, looked up one by one"),
    ],
)
def test_a_code_that_is_nearly_joors_is_held(code: str, given: dict[str, Any]) -> None:
    """A code that differs by case or space would make a second customer."""
    account = Account(switches={"customer_codes": "loose"}, **given)
    outcome = write(account, customer(code))[0]
    assert isinstance(outcome, Refused)
    assert "JOOR knows the customer as 'C100'" in outcome.message
    assert "exactly 'C100'" in (outcome.fix or "")


@pytest.mark.parametrize(
    ("customers", "told"),
    [
        pytest.param([customer(None)], "no account code", id="no code"),
        pytest.param([customer(status="inactive")], "status is 'inactive'", id="not active"),
        pytest.param([customer("A1"), customer("a1")], "nearly that of A1", id="two nearly alike"),
    ],
)
def test_customers_joor_must_not_get_are_held(customers: list[Customer], told: str) -> None:
    """Only active customers with a code of their own go out."""
    outcome = write(Account(), *customers)[-1]
    assert isinstance(outcome, Refused)
    assert told in outcome.message


def test_a_change_joor_did_not_make_is_told_with_its_field() -> None:
    """The job gives no results, so what it left undone is found by reading the customer again."""
    answers = iter(
        [
            {"response": HEAD, "connections": [{"customer_code": "C1", "customer_alias": "Old"}]},
            {"bulk_connections": {"response": HEAD, "bulk_connections_jobs": [{"bulk_connections_job_id": 9}]}},
            {"response": HEAD, "bulk_connections_jobs": [{"bulk_connections_job_id": 9, "status": "finished"}]},
            {"response": HEAD, "connection": {"customer_code": "C1", "customer_alias": "Old"}},
        ]
    )
    connection = connect(lambda request: Response.of_json(next(answers)), token="t")
    outcome = orderweft_joor.write_customers(connection, [customer("C1", addresses=())])[0]
    assert isinstance(outcome, Refused)
    assert "job 9 has ended and customer_alias is not what was sent" in outcome.message


def test_a_job_that_does_not_end_leaves_the_customers_pending() -> None:
    """After the waiting time the run goes on; the customers are asked about again."""
    account = Account(switches={"jobs": "stuck"}, job_wait=60)
    started = account.clock.monotonic()
    outcomes = write(account, customer(), customer("C100", "Example Store plc"))
    assert all(isinstance(outcome, Accepted) and outcome.receipt.pending for outcome in outcomes)
    assert 60 <= account.clock.monotonic() - started < 100
    polls = account.wire.calls.count("customers.job")
    assert polls < 8


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        pytest.param("customers.write", "timeout_after", id="the hand-over"),
        pytest.param("customers.write", "reset_mid_body", id="half its answer"),
        pytest.param("customers.job", "refuse", id="the job"),
        pytest.param("customer.read", "refuse", id="the look at the result"),
    ],
)
def test_without_an_answer_customers_are_in_doubt(operation: str, kind: FaultKind) -> None:
    """Once they were handed over, a failure of any later call leaves them unknown, and a new attempt is harmless."""
    account = Account(Fault(operation, kind, times=4))
    assert [type(outcome) for outcome in write(account, customer())] == [Unknown]
    account.wire.faults.clear()
    write(account, customer())
    account.joor.match_customers()
    assert kinds(write(account, customer())) == ["already_there"]
    assert list(account.joor.customers).count("C200") == 1


def test_when_joor_cannot_be_asked_nothing_is_sent() -> None:
    """A failure before the hand-over raises, for nothing was applied."""
    account = Account(Fault("customers.read", "refuse", times=4))
    with pytest.raises(UnavailableError):
        write(account, customer())
    assert "customers.write" not in account.wire.calls


# The mapping by itself


def test_each_documented_field_is_sent() -> None:
    """The row has the names of JOOR's page on connections."""
    full = customer(
        group=Named(name="Independents", code="IND"),
        company=Named(name="Group", code="G"),
        warehouses=(Named(name="EU"),),
    )
    row = from_customer(full, None)
    assert row == {
        "customer_name": "New Shop",
        "customer_alias": "New Shop",
        "customer_contact_name": "New Shop",
        "customer_code": "C200",
        "customer_contact_email": "kim@c.example",
        "customer_buyer_name": "Kim",
        "company_number_name": "Group",
        "company_number_code": "G",
        "customer_group_name": "Independents",
        "customer_group_code": "IND",
        "warehouses": [{"warehouse_name": "EU"}],
        "billing": {
            "billing_addresses": [
                {
                    "billing_code": "B1",
                    "billing_address_1": "2 Low Street",
                    "billing_city": "Leeds",
                    "billing_country": "GB",
                }
            ]
        },
        "shipping": {
            "shipping_addresses": [
                {
                    "shipping_code": "S1",
                    "shipping_address_1": "1 High Street",
                    "shipping_city": "Leeds",
                    "shipping_country": "GB",
                    "shipping_email": "in@c.example",
                }
            ]
        },
    }
    assert customer_difference(row, row) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer_alias": "Other"}, "customer_alias"),
        ({"billing": {"billing_addresses": ""}}, "billing_address B1"),
        ({"warehouses": ""}, "warehouses"),
    ],
    ids=["a text", "an address", "a warehouse"],
)
def test_a_difference_is_named(change: dict[str, Any], field: str) -> None:
    """The first field that is not as sent is given by JOOR's name for it."""
    row = from_customer(customer(warehouses=(Named(name="EU"),)), None)
    assert customer_difference(row, {**row, **change}) == field


def test_a_country_may_be_written_in_any_form() -> None:
    """JOOR's country names and codes mean the same as the code that was sent."""
    row = from_customer(customer(), None)
    address = {**row["billing"]["billing_addresses"][0], "billing_country": "United Kingdom"}
    assert customer_difference(row, {**row, "billing": {"billing_addresses": {"billing_address": [address]}}}) is None


def test_xml_nodes_inside_json_are_seen_through() -> None:
    """A row whose lists carry the XML's inner nodes reads as one without."""
    plain = from_customer(customer(), None)
    nested = from_customer(customer(), None, nested=True)
    assert nested["billing"] == {"billing_addresses": {"billing_address": plain["billing"]["billing_addresses"]}}
    given = {"channel": "joor", "connection": "joor"}
    assert to_customer(plain, **given) == to_customer(nested, **given)
