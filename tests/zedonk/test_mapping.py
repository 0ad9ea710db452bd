"""Values as people and spreadsheets write them, and orders as rows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import pytest
from orderweft import Address, InvalidRecordError, Named, Order, OrderCustomer, OrderLine, Origin, Window
from orderweft.testing import brand
from orderweft_zedonk.config import PROFILE
from orderweft_zedonk.mapping import (
    Barcodes,
    DecimalMark,
    Draft,
    Notation,
    Row,
    address_key,
    decimal_mark,
    from_order,
    item_cells,
    name_line,
)

HOME = brand.buyers()[0].line1
COLUMNS = PROFILE.datasets["orders"].columns


def row(value: str, notation: Notation | None = None) -> Row:
    return Row({"It": value}, "line 2", notation or Notation())


def order(**fields: object) -> Order:
    given = {
        "origin": Origin(channel="joor", connection="joor", id="77"),
        "number": "8001",
        "status": "approved",
        "currency": "GBP",
        "season": Named(name="Spring Summer 2027", code="SS27"),
        "customer": OrderCustomer(account_code="C100", name="Example Store"),
        "window": Window(start=date(2027, 1, 15), complete=date(2027, 2, 28)),
        "addresses": (
            Address(role="delivery", name="Example Store Leeds", line1="9 New Road", city="Leeds", postcode="LS1 1AA",
                    country="GB"),
            Address(role="accounts", line1=HOME.lower(), line2="accounts payable", city="LONDON",
                    postcode="EC1A1BB", country="GB"),
            Address(role="store", line1="3 High Street", city="York"),
        ),
        "lines": (
            OrderLine(key="1", style_number="1001", color="Navy", size="XS", barcode="2000000000008", quantity=3,
                      unit_price=Decimal("46.00")),
            OrderLine(key="2", style_number="1001", color="Navy", size="S", barcode="2000000000015", quantity=2,
                      unit_price=Decimal("46.00")),
        ),
        "purchase_order": "PO-9",
        "note": "Ring first",
    }  # fmt: skip
    return Order.model_validate({**given, **fields})


def draft(given: Order, **fields: object) -> Draft:
    values: dict[str, object] = {
        "key": "joor:77",
        "reference": "8001",
        "customer_name": "Example Store Ltd",
        "items": {line.key: item_cells(line) for line in given.lines},
        "season": "Spring Summer 2027",
        "approved": True,
        "owner": "jane",
        "comments": "PO PO-9. Ring first",
        "currency": "GBP",
        "is_line_total": True,
    }
    return Draft(**{**values, **fields})  # type: ignore[arg-type]  # the fields are named in each test


@pytest.mark.parametrize(
    ("value", "mark", "expected"),
    [
        ("12", None, "12"),
        ("12.50", None, "12.50"),
        ("12,50", None, "12.50"),
        ("1.234,56", None, "1234.56"),
        ("1,234.56", None, "1234.56"),
        ("1.234.567", None, "1234567"),
        ("1 234,56", None, "1234.56"),
        ("1'234.56", None, "1234.56"),
        ("-7", None, "-7"),
        (".5", None, "0.5"),
        ("1.234", ".", "1.234"),
        ("1.234", ",", "1234"),
        ("1,234", ",", "1.234"),
    ],
)
def test_amounts_are_read_by_either_decimal_mark(value: str, mark: DecimalMark | None, expected: str) -> None:
    """What can be read in one way only needs no setting."""
    assert row(value, Notation(mark)).amount("It") == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "mark", "told"),
    [
        ("1.234", None, "two ways"),
        ("1,000", None, "two ways"),
        ("1.234,56", ".", "not a number"),
        ("12.50", ",", "not a number"),
        ("£12", None, "not a number"),
        ("1,23,4", None, "not a number"),
        ("2E+12", None, "not a number"),
        ("-", None, "not a number"),
    ],
)
def test_amounts_that_are_unclear_are_refused(value: str, mark: DecimalMark | None, told: str) -> None:
    """Nobody guesses a factor of a thousand."""
    with pytest.raises(InvalidRecordError, match=rf"^It: .*{told}.*decimal_mark \(line 2\)"):
        row(value, Notation(mark)).amount("It")


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["1.234", "12,50"], ","),
        (["1,234", "12.50", "7"], "."),
        (["1.234", "7"], None),
        (["12,50", "12.50"], None),
        ([], None),
    ],
    ids=["comma", "point", "open", "contradiction", "nothing"],
)
def test_a_file_tells_its_decimal_mark_by_its_clear_amounts(values: list[str], mark: DecimalMark | None) -> None:
    """One clear amount settles the others."""
    assert decimal_mark(values) == mark


def test_whole_numbers_have_no_fraction() -> None:
    """`3.00` is three pieces, `2.5` is a mistake."""
    assert row("3.00").whole("It") == 3
    assert row("").whole("It") is None
    with pytest.raises(InvalidRecordError, match="whole number"):
        row("2.5").whole("It")


@pytest.mark.parametrize(
    ("value", "order", "expected"),
    [
        ("2027-03-04", "year", date(2027, 3, 4)),
        ("2027-03-04T00:00:00+01:00", "day", date(2027, 3, 4)),
        ("2027-03-04 10:00", "month", date(2027, 3, 4)),
        ("04/03/2027", "day", date(2027, 3, 4)),
        ("4.3.2027", "day", date(2027, 3, 4)),
        ("03/04/2027", "month", date(2027, 3, 4)),
    ],
)
def test_days_are_read_in_the_order_the_setting_says(
    value: str, order: Literal["year", "day", "month"], expected: date
) -> None:
    """The form that begins with the year is understood always."""
    assert row(value, Notation(date_order=order)).day("It") == expected


@pytest.mark.parametrize("value", ["04/03/2027", "2027-13-01", "soon", "2027-03-041"])
def test_a_day_in_another_form_is_refused(value: str) -> None:
    """Day and month are never guessed."""
    with pytest.raises(InvalidRecordError, match="date_order"):
        row(value).day("It")


def test_words_for_true_and_false_come_from_the_profile() -> None:
    """Any other word is refused, and nothing means the default."""
    notation = Notation(true=PROFILE.words["true"], false=PROFILE.words["false"])
    assert row("YES", notation).flag("It", default=False)
    assert not row("0", notation).flag("It", default=True)
    assert row(" ", notation).flag("It", default=True)
    with pytest.raises(InvalidRecordError, match="neither true nor false"):
        row("perhaps", notation).flag("It", default=True)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("0036000291452", "036000291452"),
        ("36000291452", "036000291452"),
        ("0036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        ("N-17", "N-17"),
    ],
    ids=["UPC-A and EAN-13", "lost zero", "EAN-13 and GTIN-14", "plain", "no GTIN"],
)
def test_barcodes_are_the_same_whatever_zeros_they_begin_with(theirs: str, ours: str) -> None:
    """A spreadsheet takes zeros away, and UPC-A is an EAN-13 without the first one."""
    assert Barcodes().key(theirs) == Barcodes().key(ours)
    exact = Barcodes(exact=True)
    assert (exact.key(theirs) == exact.key(ours)) == (theirs == ours)


@pytest.mark.parametrize(
    ("kind", "there", "raw", "written"),
    [
        ("auto", ["4006381333931", "36000291452"], "36000291452", "0036000291452"),
        ("auto", ["036000291452", "12345670"], "0036000291452", "036000291452"),
        ("ean_13", [], "036000291452", "0036000291452"),
        ("upc_a", [], "4006381333931", "4006381333931"),
        ("auto", ["N-17"], "N-17", "N-17"),
    ],
    ids=["EAN-13", "UPC-A", "told", "does not fit", "no GTIN"],
)
def test_barcodes_are_written_as_long_as_the_tenants_own(kind: str, there: list[str], raw: str, written: str) -> None:
    """A tenant has barcodes of one kind only, so a lost zero can be given back."""
    assert Barcodes.of(there, "gtin", kind).written(raw) == written


def test_one_address_has_many_spellings() -> None:
    """Case, blanks, accents, punctuation and the split into lines make no other address; a role does."""
    one = Address(role="delivery", line1="8, rue de l'Été", city="Paris", postcode="75 002", country="FR")
    two = Address(
        role="delivery", line1="8 rue", line2="de l Ete", city="PARIS", region="IDF", postcode="75002", country="FR"
    )
    assert address_key(one) == address_key(two)
    assert address_key(one) != address_key(one.model_copy(update={"role": "accounts"}))
    assert address_key(one) != address_key(one.model_copy(update={"line1": "9, rue de l'Été"}))


def test_an_order_is_one_row_per_line_with_the_head_on_each() -> None:
    """All that the extended columns can carry."""
    given = order()
    rows = from_order(given, draft(given), COLUMNS)
    assert [list(each) for each in rows] == [list(COLUMNS)] * 2
    assert {name: value for name, value in rows[0].items() if value} == {
        "Order Reference": "8001",
        "Customer Name": "Example Store Ltd",
        "Account Code": "C100",
        "Style": "1001",
        "Colour": "Navy",
        "Size": "XS",
        "Barcode": "2000000000008",
        "Sales Order Quantity": "3",
        "Currency": "GBP",
        "Unit Price": "138.00",
        "Amount per Unit": "46.00",
        "Season": "Spring Summer 2027",
        "Approved": "true",
        "Order Owner": "jane",
        "Delivery Start": "2027-01-15",
        "Delivery Cancel": "2027-02-28",
        "Comments": "PO PO-9. Ring first",
        "External Id": "joor:77",
        "Delivery Name": "Example Store Leeds",
        "Delivery Line 1": "9 New Road",
        "Delivery City": "Leeds",
        "Delivery Postcode": "LS1 1AA",
        "Delivery Country": "GB",
        "Accounts Line 1": HOME.lower(),
        "Accounts Line 2": "accounts payable",
        "Accounts City": "LONDON",
        "Accounts Postcode": "EC1A1BB",
        "Accounts Country": "GB",
    }
    assert (rows[1]["Size"], rows[1]["Unit Price"], rows[1]["External Id"]) == ("S", "92.00", "joor:77")


def test_the_store_address_of_an_order_is_never_sent() -> None:
    """Zedonk takes it from its own customer."""
    given = order()
    assert not any(
        "High Street" in value for each in from_order(given, draft(given), COLUMNS) for value in each.values()
    )


def test_an_unknown_price_stays_empty() -> None:
    """It is not zero."""
    given = order(lines=(OrderLine(key="1", barcode="2000000000008", quantity=3),))
    assert from_order(given, draft(given), COLUMNS)[0]["Unit Price"] == ""


def test_prices_follow_the_settings() -> None:
    """The price of one piece in both columns, with a comma."""
    given = order()
    cells = from_order(given, draft(given, is_line_total=False, mark=","), COLUMNS)[0]
    assert (cells["Unit Price"], cells["Amount per Unit"]) == ("46,00", "46,00")


def test_a_line_is_called_by_what_people_know_it_by() -> None:
    """Its words and its barcode, or what there is of them."""
    assert name_line(order().lines[0]) == "1001 Navy XS (2000000000008)"
    assert name_line(OrderLine(key="4", quantity=1)) == "line 4"
