"""Customers: who is read, and with which addresses and people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orderweft_zedonk
import pytest
from jsonschema import Draft202012Validator
from orderweft import Connection, Customer, RecordPage, UnavailableError
from orderweft.testing import FakeClock, brand
from orderweft_zedonk import Settings
from orderweft_zedonk.simulator import Simulator

from .test_files import at, connect, export, lines

CUSTOMERS = ("Customer Name", "Account Code", "Active", "Currency Name", "On Hold Status", "Category", "Territory")
ADDRESSES = ("Customer Name", "Account Code", "Address Type", "Name", "Line 1", "City", "Postcode", "Country")
CONTACTS = ("Customer Name", "Account Code", "Name", "Email", "Phone", "Default")
ONE = ("Example Store Ltd", "C100", "true", "Pound Sterling", "", "Independent", "UK")


def read(connection: Connection[Settings]) -> RecordPage:
    """Return the only page."""
    [page] = orderweft_zedonk.read_customers(connection)
    return page


def customers(page: RecordPage) -> list[Customer]:
    return [record for record in page.records if isinstance(record, Customer)]


def tenant(folder: Path, *rows: tuple[str, ...], **settings: Any) -> Connection[Settings]:
    export(folder, "customers", lines(CUSTOMERS, *rows))
    export(folder, "addresses", lines(
        ADDRESSES,
        ("Example Store Ltd", "C100", "Delivery", "Back door", "12 Sample St", "London", "EC1A 1BB", "United Kingdom"),
        ("Example Store Ltd", "", "Accounts", "", "1 Ledger Lane", "London", "EC1A 1BB", "Atlantis"),
        ("Example Store Ltd", "C100", "Store", "", "3 High Street", "York", "", "GB"),
        ("Somebody else", "C1", "Delivery", "", "5 Elsewhere", "Bath", "", "GB"),
    ))  # fmt: skip
    export(folder, "contacts", lines(CONTACTS, ("Example Store Ltd", "C100", "Kim", "kim@example.com", "", ""),
           ("Example Store Ltd", "C100", "Alex", "alex@example.com", "1", "true")))  # fmt: skip
    return connect(folder, **settings)


def test_a_customer_has_its_delivery_and_accounts_addresses_and_the_default_contact_first(tmp_path: Path) -> None:
    """The store address never leaves Zedonk; a country nobody knows is left out and told."""
    page = read(tenant(tmp_path, ONE))
    [customer] = customers(page)
    assert customer.model_dump(exclude_none=True, exclude={"origin"}) == {
        "account_code": "C100",
        "name": "Example Store Ltd",
        "status": "active",
        "currency": "GBP",
        "group": {"name": "Independent"},
        "addresses": (
            {"role": "delivery", "name": "Back door", "line1": "12 Sample St", "city": "London",
             "postcode": "EC1A 1BB", "country": "GB"},
            {"role": "accounts", "line1": "1 Ledger Lane", "city": "London", "postcode": "EC1A 1BB"},
        ),
        "contacts": (
            {"name": "Alex", "email": "alex@example.com", "phone": "1"},
            {"name": "Kim", "email": "kim@example.com"},
        ),
        "warehouses": (),
        "custom_fields": {"territory": "UK"},
    }  # fmt: skip
    assert customer.origin.id == "C100"
    assert page.complete
    assert page.warnings == ("nobody knows the countries Atlantis; they are left out",)


def test_inactive_customers_and_those_without_a_code_are_left_out_and_counted(tmp_path: Path) -> None:
    """Leaving the account code blank is how a customer is kept out of a connector."""
    rows = [ONE, ("Gone", "C1", "false", "", "", "", ""), ("Private", "", "true", "", "", "", "")]
    page = read(tenant(tmp_path, *rows))
    assert [customer.name for customer in customers(page)] == ["Example Store Ltd"]
    assert "customers left out: 1; they are inactive (inactive_customers)" in page.warnings
    assert "customers left out: 1; they have no account code (customers_without_code)" in page.warnings
    page = read(tenant(tmp_path, *rows, inactive_customers=True, customers_without_code=True))
    assert [(each.name, each.status, each.origin.id) for each in customers(page)] == [
        ("Example Store Ltd", "active", "C100"),
        ("Gone", "inactive", "C1"),
        ("Private", "active", "name:Private"),
    ]


def test_a_customer_on_hold_says_so(tmp_path: Path) -> None:
    """It is active and waits."""
    assert customers(read(tenant(tmp_path, ("A", "C1", "true", "EUR", "yes", "", ""))))[0].status == "on_hold"


def test_two_customers_with_one_account_code_are_told_and_neither_is_read(tmp_path: Path) -> None:
    """Nobody could tell them apart at the destination."""
    page = read(
        tenant(tmp_path, ONE, ("Twin", "C100", "true", "", "", "", ""), ("Odd", "C7", "perhaps", "", "", "", ""))
    )
    assert page.records == ()
    assert [unread.problem.split(" (")[0] for unread in page.unread] == [
        "Account Code: 'C100' is on 2 customers",
        "Account Code: 'C100' is on 2 customers",
        "Active: 'perhaps' is neither true nor false",
    ]
    assert not page.complete


@pytest.mark.parametrize(
    ("name", "settings", "code"),
    [
        ("EUR", {}, "EUR"),
        ("US Dollar", {}, "USD"),
        ("House money", {"currency_names": {"House money": "CHF"}}, "CHF"),
        ("Doubloon", {}, None),
    ],
)
def test_currencies_are_known_by_code_by_common_name_and_by_setting(
    tmp_path: Path, name: str, settings: dict[str, Any], code: str | None
) -> None:
    """Zedonk has names for its currencies; one nobody knows is left out and told."""
    page = read(tenant(tmp_path, ("A", "C1", "true", name, "", "", ""), **settings))
    assert customers(page)[0].currency == code
    assert any(name in warning and "currency_names" in warning for warning in page.warnings) == (code is None)


def test_missing_columns_and_files_beside_are_told(tmp_path: Path) -> None:
    """What is not known is absent, not empty."""
    export(tmp_path, "customers", lines(("Customer Name", "Account Code"), ("A", "C1")))
    page = read(connect(tmp_path))
    assert customers(page)[0].addresses == ()
    assert page.warnings == (
        "Zedonk exports no addresses",
        "Zedonk exports no contacts",
        "the customer export has no column Active; all customers are taken for active",
    )


@pytest.mark.parametrize("read_by", ["files", "reports"])
@pytest.mark.parametrize(
    "switches",
    [{}, {"seed": 3, "countries": "name"}, {"customer_export": "eligible"}, {"encoding": "cp1252", "delimiter": ";"}],
    ids=["usual", "country names", "eligible only", "western"],
)
def test_the_sample_brands_customers_are_read(switches: dict[str, Any], read_by: str) -> None:
    """Eight of them, of which the last two buyers are none, as `provides` promises."""
    connection = at(Simulator(clock=FakeClock(), **switches), read_by=read_by)
    page = read(connection)
    found = customers(page)
    assert [customer.account_code for customer in found] == [buyer.code for buyer in brand.buyers()[:8]]
    assert all(
        customer.addresses[0].country == buyer.country for customer, buyer in zip(found, brand.buyers(), strict=False)
    )
    assert found[0].contacts[0].name == brand.buyers()[0].buyer
    assert {address.role for customer in found for address in customer.addresses} == {"delivery", "accounts"}
    promised = orderweft_zedonk.provides(connection, "customers")
    assert promised is not None
    assert all(Draft202012Validator(promised).is_valid(customer.to_data()) for customer in found)


def test_an_old_customer_export_is_not_read() -> None:
    """Nobody works with customers of two weeks ago."""
    clock = FakeClock()
    simulator = Simulator(clock=clock)
    clock.sleep(14 * 24 * 3600)
    with pytest.raises(UnavailableError, match="max_age_hours"):
        read(at(simulator, clock))


def test_a_renamed_customer_keeps_its_identity() -> None:
    """The account code is the key, not the name."""
    clock = FakeClock()
    simulator = Simulator(clock=clock)
    before = customers(read(at(simulator, clock)))[0]
    simulator.rename_customer("C100", "Example Stores plc")
    clock.sleep(60)
    simulator.work()
    after = customers(read(at(simulator, clock)))
    assert [each.name for each in after if each.identity == before.identity] == ["Example Stores plc"]
