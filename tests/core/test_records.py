"""Records keep what they are given, exactly, through JSON and back."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orderweft import (
    Customer,
    InvalidRecordError,
    Money,
    Order,
    Tax,
    country_code,
    currency_exponent,
    normalize_gtin,
    region_code,
)
from orderweft.schema import RECORDS
from pydantic import TypeAdapter, ValidationError
from stdnum import ean

from ..strategies import amounts, barcodes, countries, currencies, records, texts

MONEY = TypeAdapter(Money)
ORDER: dict[str, Any] = {
    "origin": {"channel": "joor", "connection": "joor", "id": "1"},
    "number": "1",
    "status": "approved",
    "currency": "EUR",
    "customer": {},
}


@pytest.mark.parametrize("kind", sorted(RECORDS))
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_json_round_trip(kind: str, data: st.DataObject) -> None:
    """Every record read back from its JSON is the same record, and writes the same JSON."""
    record = data.draw(records(RECORDS[kind]))

    again = TypeAdapter(RECORDS[kind]).validate_json(record.to_json())

    assert again == record
    assert again.to_json() == record.to_json()
    assert json.loads(record.to_json()) == record.to_data()


@given(amount=amounts)
def test_money_is_exact(amount: Decimal) -> None:
    """Money keeps every digit, trailing zeros included, and is plain decimal text in JSON."""
    tax = Tax(name="VAT", rate=amount)

    text = json.loads(tax.to_json())["rate"]

    assert text == f"{amount if amount else amount.copy_abs():f}"
    assert str(Tax.model_validate_json(tax.to_json()).rate) == str(tax.rate)


@pytest.mark.parametrize(
    ("given_as", "written"),
    [
        pytest.param("19.90", "19.90", id="trailing zero"),
        pytest.param("19.990", "19.990", id="three places"),
        pytest.param(" 5 ", "5", id="blanks"),
        pytest.param(5, "5", id="integer"),
        pytest.param("1E+3", "1000", id="exponent"),
        pytest.param("-0.00", "0.00", id="negative zero"),
        pytest.param("1234567890123456.78", "1234567890123456.78", id="more digits than a float has"),
    ],
)
def test_money_reads(given_as: Any, written: str) -> None:
    """Amounts are read from text and integers and written as plain decimal text."""
    assert json.loads(MONEY.dump_json(MONEY.validate_python(given_as))) == written


@pytest.mark.parametrize(
    "wrong",
    [19.9, True, "", "19,90", "1.000,00", "€5", "NaN", "Infinity", "1e99", "0." + "0" * 40 + "1", None],
    ids=str,
)
def test_money_refuses(wrong: Any) -> None:
    """Whatever is not exactly one finite amount is refused, floats included."""
    with pytest.raises(ValidationError):
        MONEY.validate_python(wrong)


@given(barcode=barcodes)
def test_gtin_keeps_its_number(barcode: str) -> None:
    """A GTIN of 8, 12, 13 or 14 digits becomes 14 digits by leading zeros, once and for all."""
    gtin = normalize_gtin(barcode)

    assert gtin is not None
    assert len(gtin) == 14
    assert gtin.endswith(barcode)
    assert set(gtin[: 14 - len(barcode)]) <= {"0"}
    assert ean.is_valid(gtin)
    assert normalize_gtin(gtin) == gtin


@given(barcode=barcodes, wrong=st.integers(1, 9))
def test_gtin_refuses_a_wrong_check_digit(barcode: str, wrong: int) -> None:
    """A barcode whose check digit is wrong is no GTIN."""
    assert normalize_gtin(barcode[:-1] + str((int(barcode[-1]) + wrong) % 10)) is None


@pytest.mark.parametrize(
    ("barcode", "gtin"),
    [
        pytest.param("4006381333931", "04006381333931", id="EAN-13"),
        pytest.param("036000291452", "00036000291452", id="UPC-A"),
        pytest.param("96385074", "00000096385074", id="EAN-8"),
        pytest.param("4006381-333931", "04006381333931", id="dash"),
        pytest.param(" 4006381 333931 ", "04006381333931", id="blanks"),
        pytest.param("36000291452", None, id="leading zero lost"),
        pytest.param("400638133393\uff11", None, id="full-width digit"),
        pytest.param("400638133393X", None, id="letter"),
        pytest.param("1001-401-M", None, id="SKU"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
    ],
)
def test_gtin_examples(barcode: str | None, gtin: str | None) -> None:
    """Only barcodes with the right number of digits and the right check digit become GTINs."""
    assert normalize_gtin(barcode) == gtin


@given(code=currencies)
def test_every_currency_is_known(code: str) -> None:
    """An order may be in any ISO 4217 currency, and its number of decimal places is known."""
    assert Order.model_validate({**ORDER, "currency": code}).currency == code
    assert 0 <= currency_exponent(code) <= 4


@pytest.mark.parametrize(("code", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_currency_exponents(code: str, places: int) -> None:
    """Currencies have the decimal places ISO 4217 gives them."""
    assert currency_exponent(code) == places


@pytest.mark.parametrize("code", ["EURO", "eur", "EUR\n", "XYZ", "€", ""])
def test_wrong_currencies(code: str) -> None:
    """Whatever is not a currency code is refused."""
    with pytest.raises(ValidationError):
        Order.model_validate({**ORDER, "currency": code})
    with pytest.raises(InvalidRecordError):
        currency_exponent(code)


@given(code=countries)
def test_every_country_is_known(code: str) -> None:
    """Every alpha-2 code stands for itself."""
    assert country_code(code) == code == country_code(code.lower())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Germany", "DE"),
        ("DEU", "DE"),
        ("united kingdom", "GB"),
        (" FR ", "FR"),
        ("Atlantis", None),
        ("", None),
        (None, None),
    ],
)
def test_country_names(text: str | None, code: str | None) -> None:
    """A country is found by code or English name; an unknown one is None, never a guess."""
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("country", "region", "code"),
    [
        ("US", "Oregon", "OR"),
        ("US", "or", "OR"),
        ("DE", "BE", "BE"),
        ("US", "Bavaria", None),
        (None, "OR", None),
        ("US", None, None),
    ],
)
def test_region_codes(country: str | None, region: str | None, code: str | None) -> None:
    """A region is found by code or name within its country only."""
    assert region_code(country, region) == code


@given(text=texts)
def test_text_is_trimmed_and_kept(text: str) -> None:
    """Text is kept as sent, without blanks around it."""
    assert Order.model_validate({**ORDER, "number": f"  {text}\t"}).number == text


@pytest.mark.parametrize("blank", ["", "   ", "\n"], ids=repr)
def test_blank_text_is_absent(blank: str) -> None:
    """An optional field of blanks is absent and is left out of the JSON."""
    order = Order.model_validate({**ORDER, "note": blank, "retail_currency": blank})

    assert order.note is None
    assert order.retail_currency is None
    assert not {"note", "retail_currency"} & order.to_data().keys()


def test_required_text_is_not_blank() -> None:
    """A required field of blanks is refused."""
    with pytest.raises(ValidationError):
        Order.model_validate({**ORDER, "number": " "})


def test_instants_are_utc() -> None:
    """An instant is written in UTC whatever its time zone was, and needs one."""
    order = Order.model_validate({**ORDER, "created_at": "2026-11-21T12:30:00+02:00"})

    assert order.to_data()["created_at"] == "2026-11-21T10:30:00Z"
    with pytest.raises(ValidationError):
        Order.model_validate({**ORDER, "created_at": "2026-11-21T12:30:00"})


def test_line_keys_are_unique() -> None:
    """Two lines of one order cannot have the same key."""
    with pytest.raises(ValidationError, match="'a' comes more than once"):
        Order.model_validate({**ORDER, "lines": [{"key": "a", "quantity": 1}, {"key": "a", "quantity": 2}]})


def test_records_are_frozen_and_closed() -> None:
    """A record cannot be changed, and takes no field it does not know."""
    customer = Customer.model_validate({"origin": ORDER["origin"], "name": "Example Store Ltd"})

    with pytest.raises(ValidationError):
        customer.name = "Another"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Customer.model_validate({"origin": ORDER["origin"], "name": "Example Store Ltd", "nmae": "x"})
