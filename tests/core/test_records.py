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
    Image,
    InvalidRecordError,
    Item,
    Money,
    Order,
    Product,
    ProductColor,
    Shipment,
    Sku,
    StockLevel,
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
@settings(max_examples=20, deadline=None)
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


# stock, products, customers and shipments

ORIGIN = {"channel": "depot", "connection": "depot", "id": "7"}


def item(**fields: Any) -> Item:
    """Build an item."""
    return Item.model_validate(fields)


@pytest.mark.parametrize(
    ("one", "key", "label"),
    [
        pytest.param(
            item(style_number="D1", color="Navy", color_code="401", size="M", barcode="4006381333931",
                 gtin="04006381333931", sku="X"),
            "barcode:04006381333931", "D1 Navy M (4006381333931)", id="GTIN before all",
        ),
        pytest.param(item(barcode="36000291452", sku="X"), "barcode:36000291452", "X (36000291452)", id="any barcode"),
        pytest.param(item(sku="X", style_number="D1", size="M"), "sku:X", "D1 M", id="SKU before style"),
        pytest.param(
            item(style_identifier="D1-SS27", style_number="D1", color="Navy", color_code="401", size="M"),
            "style:D1-SS27/401/M", "D1 Navy M", id="codes before names",
        ),
        pytest.param(item(style_number="D1", color="Navy", size_code="2"), "style:D1/Navy/2", "D1 Navy", id="names"),
        pytest.param(item(style_number="D1"), "style:D1//", "D1", id="one size"),
        pytest.param(item(id="9", color="Navy"), "id:9", "Navy", id="the source's id"),
        pytest.param(item(id="9"), "id:9", "id:9", id="nothing else"),
        pytest.param(item(barcode="B1"), "barcode:B1", "B1", id="barcode alone"),
    ],
)  # fmt: skip
def test_items_are_known_by_their_surest_name(one: Item, key: str, label: str) -> None:
    """The same item has the same key whichever of its other fields a system gives."""
    assert (one.key, one.label) == (key, label)


def test_one_barcode_is_one_item_however_it_is_written() -> None:
    """12, 13 or 14 digits, with a check digit that is right."""
    written = ("036000291452", "0036000291452", "00036000291452")
    assert {item(barcode=code, gtin=normalize_gtin(code)).key for code in written} == {"barcode:00036000291452"}


def stock(**fields: Any) -> StockLevel:
    """Build a stock level."""
    return StockLevel.model_validate({"origin": ORIGIN, "item": {"barcode": "B1"}, **fields})


FUTURE = {"bucket": "future", "available_on": "2027-01-15"}


@pytest.mark.parametrize(
    ("fields", "identity", "label"),
    [
        ({"quantity": 1}, "barcode:B1||immediate", "B1"),
        ({"quantity": 1, "warehouse": {"name": "Main", "code": "M"}}, "barcode:B1|Main|immediate", "B1 in Main"),
        ({"quantity": 1, "warehouse": {"code": "M"}}, "barcode:B1|M|immediate", "B1 in M"),
        ({"quantity": 1, **FUTURE}, "barcode:B1||future@2027-01-15", "B1 from 2027-01-15"),
        ({"bucket": "made_to_order"}, "barcode:B1||made_to_order", "B1"),
        ({"quantity": -3, "season": "SS27"}, "barcode:B1||immediate", "B1"),
    ],
)
def test_a_level_is_an_item_in_a_place_at_a_time(fields: dict[str, Any], identity: str, label: str) -> None:
    """Item, warehouse, bucket and day tell levels apart; season and quantity do not."""
    level = stock(**fields)
    assert (level.identity, level.label) == (identity, label)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "every level needs one"),
        ({"bucket": "made_to_order", "quantity": 5}, "made to order, which has none"),
        ({"bucket": "future", "quantity": 5}, "a future level needs the day"),
        ({"quantity": 5, "available_on": "2027-01-15"}, "no other has one"),
        ({"bucket": "made_to_order", "available_on": "2027-01-15"}, "no other has one"),
        ({"quantity": 1.5}, "integer"),
        ({"quantity": 2**53 + 1}, "less than or equal"),
        ({"quantity": 1, "bucket": "sold"}, "immediate"),
    ],
)
def test_a_level_that_contradicts_itself_is_refused(fields: dict[str, Any], told: str) -> None:
    """Quantity and day belong to the bucket."""
    with pytest.raises(ValidationError, match=told):
        stock(**fields)


PRODUCT = Product.model_validate({
    "origin": ORIGIN, "style_number": "D1", "style_identifier": "D1-SS27", "name": "Dress",
    "prices": [{"currency": "EUR", "wholesale": "10"}], "custom_fields": {"a": "1", "b": "1", "c": "1"},
    "colors": [
        {"color": "Navy", "color_code": "401", "custom_fields": {"b": "2", "c": "2"}, "skus": [
            {"id": "9", "size": "M", "size_code": "2", "sku": "X", "barcode": "4006381333931", "gtin": "04006381333931",
             "custom_fields": {"c": "3"}},
            {"size": "L", "prices": [{"currency": "EUR", "wholesale": "12"}]},
        ]},
        {"color": "Sand", "prices": [{"currency": "EUR", "wholesale": "11"}], "skus": [{"size": "S"}]},
        {"color": "Gold"},
    ],
})  # fmt: skip


def test_a_product_gives_its_items() -> None:
    """Every size of every color, with all it is known by and the nearest custom fields."""
    first, second, third = PRODUCT.items()
    assert first == item(
        id="9", style_number="D1", style_identifier="D1-SS27", style_name="Dress", color="Navy", color_code="401",
        size="M", size_code="2", sku="X", barcode="4006381333931", gtin="04006381333931",
        custom_fields={"a": "1", "b": "2", "c": "3"},
    )  # fmt: skip
    assert [one.key for one in (second, third)] == ["style:D1-SS27/401/L", "style:D1-SS27/Sand/S"]
    assert third.custom_fields == {"a": "1", "b": "1", "c": "1"}


def test_the_nearest_price_holds() -> None:
    """That of the size, else of the color, else of the style."""
    navy, sand, gold = PRODUCT.colors

    def wholesale(color: ProductColor, sku: Sku | None = None) -> list[str]:
        return [str(price.wholesale) for price in PRODUCT.prices_of(color, sku)]

    assert [wholesale(navy, sku) for sku in navy.skus] == [["10"], ["12"]]
    assert (wholesale(navy), wholesale(sand, sand.skus[0]), wholesale(sand), wholesale(gold)) == (
        ["10"], ["11"], ["11"], ["10"],
    )  # fmt: skip
    assert Product(origin=PRODUCT.origin, name="Dress").prices_of(gold) == ()


@pytest.mark.parametrize(
    ("model", "fields", "identity", "label"),
    [
        (Product, {"name": "Dress", "style_identifier": "D1-A", "style_number": "D1"}, "style:D1-A", "D1 Dress"),
        (Product, {"name": "Dress", "style_number": "D1"}, "style:D1", "D1 Dress"),
        (Product, {"name": "Dress"}, "id:7", "Dress"),
        (Customer, {"name": "Shop", "account_code": "C1"}, "code:C1", "C1 Shop"),
        (Customer, {"name": "Shop"}, "id:7", "Shop"),
        (Shipment, {"order_id": "5"}, "id:7", "7 of order 5"),
        (Shipment, {"order_id": "5", "order_number": "A5", "number": "P1"}, "id:7", "P1 of order A5"),
    ],
)
def test_records_are_known_by_what_people_call_them(
    model: type[Product | Customer | Shipment], fields: dict[str, Any], identity: str, label: str
) -> None:
    """The brand's own key first, the source's id when there is none."""
    record = model.model_validate({"origin": ORIGIN, **fields})
    assert (record.identity, record.label) == (identity, label)


def test_an_image_is_somewhere() -> None:
    """It has an address or is a file."""
    assert Image(file="a.jpg").url is None
    with pytest.raises(ValidationError, match="an image needs an address or a file"):
        Image(name="a.jpg", url=" ")
