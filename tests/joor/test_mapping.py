"""A JOOR order row becomes an order, or a sentence that names the field.

Run this file as a program to write the golden orders anew.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orderweft import InvalidRecordError, Order
from orderweft_joor.client import OrderFilter
from orderweft_joor.mapping import OrderState, to_order

GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.name.removesuffix(".row.json") for path in GOLDEN.glob("*.row.json"))


def row(name: str = "documented-example", **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.row.json").read_text(encoding="utf-8"), parse_float=Decimal)
    return found | fields


def row_with_line(**fields: Any) -> dict[str, Any]:
    found = row()
    return found | {"line_items": [found["line_items"][0] | fields]}


def written(name: str) -> str:
    return json.dumps(to_order(row(name)).to_data(), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_row_becomes_the_golden_order(name: str) -> None:
    """Each sample row becomes exactly the order stored beside it."""
    assert written(name) == (GOLDEN / f"{name}.order.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "status", "word"),
    [
        (0, "cancelled", "Cancelled"),
        (1, "draft", "In Progress"),
        (3, "pending", "Pending"),
        ("4", "approved", "Approved"),
        (Decimal("5"), "shipped", "Shipped"),
        ("6 ", "draft", "Notes"),
    ],
)
def test_each_state_has_a_status_and_keeps_its_word(code: object, status: str, word: str) -> None:
    """The state code of an answer, number or text, becomes a status; JOOR's own word stays readable."""
    order = to_order(row(order_type=code))
    assert (order.status, order.custom_fields["joor_status"]) == (status, word)


def test_the_two_code_sets_differ() -> None:
    """A state is never good as a filter: only Pending has the same number in both."""
    numbers = {state.name: int(state) for state in OrderState}
    same = {wanted.name for wanted in OrderFilter if numbers.get(wanted.name) == int(wanted)}
    assert same == {"PENDING"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"order_id": ""}, "order_id: is missing"),
        ({"order_type": "2"}, "order_type: JOOR's state '2' is not known"),
        ({"order_type": ""}, "order_type: is missing"),
        ({"order_currency": ""}, "order_currency: is missing"),
        ({"order_currency": "EURO"}, "order_currency: 'EURO' is not"),
        ({"order_total": "1,234.00"}, "order_total: '1,234.00' is not a number"),
        ({"order_discount": "NaN"}, "order_discount: 'NaN' is not an amount"),
        ({"order_total": Decimal("1E+9999")}, "order_total: '1E+9999' is not an amount"),
        ({"date_approved": "03/11/2026 09:00"}, "date_approved: '03/11/2026 09:00' is not a date"),
        ({"customer_code": {"code": "C100"}}, "customer_code: is not a single value"),
        ({"order_doors": ["Main St"]}, "order_doors[0]: is not an object"),
        ({"line_items": "none"}, "line_items[0]: is not an object"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_unreadable_field_is_named(fields: dict[str, Any], message: str) -> None:
    """A row that cannot be read says which field and why."""
    with pytest.raises(InvalidRecordError) as raised:
        to_order(row(**fields))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"item_quantity": ""}, "line_items[0].item_quantity: is missing"),
        ({"item_quantity": "2.5"}, "line_items[0].item_quantity: 2.5 is not a whole number"),
        ({"item_quantity": -1}, "line_items[0].item_quantity: -1 is not a whole number"),
        ({"item_price": ""}, "line_items[0].item_price: is missing"),
        ({"item_number": " "}, "line_items[0].item_number: is missing"),
        ({"item_price_extended": "249.98"}, "line_items[0].item_price_extended: 249.98 is not 5 times 50"),
        ({"item_multiplier": "6", "item_price_extended": "9.99"}, "line_items[0].item_price_extended: 9.99 is not 5"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_unreadable_line_is_named(fields: dict[str, Any], message: str) -> None:
    """A line that cannot be read, or whose amounts disagree, holds the order and says which line."""
    with pytest.raises(InvalidRecordError) as raised:
        to_order(row_with_line(**fields))
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("price", "extended", "policy", "expected"),
    [
        ("10.00", "240.00", "hold", (24, "10.00", 12)),
        ("10.00", "240.00", "units", (24, "10.00", 12)),
        ("10.00", "20.00", "hold", None),
        ("10.00", "20.00", "units", (2, "10.00", None)),
        ("120.00", "240.00", "packs", (24, "10.00", 12)),
        ("0.30", "0.60", "packs", (24, "0.025", 12)),
        ("10.00", "20.00", "packs", None),
        ("0.00", "0.00", "hold", None),
        ("0.00", "", "packs", (24, "0.00", 12)),
        ("10.00", "30.00", "units", None),
        ("10.00", "30.00", "packs", None),
    ],
    ids=[
        "proven", "proven whatever the setting", "ambiguous held", "ambiguous as units", "ambiguous as packs",
        "four places", "no exact price", "free is ambiguous", "nothing to check", "neither agrees", "neither, packs",
    ],
)  # fmt: skip
def test_case_packs_are_proven_or_decided_by_the_setting(
    price: str, extended: str, policy: Any, expected: tuple[int, str, int | None] | None
) -> None:
    """Two of a case pack of 12: the amounts prove what was counted, else the setting decides, else the order waits."""
    packed = row_with_line(
        item_multiplier="12", item_quantity=2, item_price=price, item_unit_price=price, item_price_extended=extended
    )
    if expected is None:
        with pytest.raises(InvalidRecordError, match=r"^line_items\[0\]\.item_"):
            to_order(packed, case_packs=policy)
        return
    line = to_order(packed, case_packs=policy).lines[0]
    assert (line.quantity, str(line.unit_price), line.pack_size) == expected


def test_a_held_case_pack_names_the_setting() -> None:
    """The sentence on a held case pack says which setting decides."""
    with pytest.raises(InvalidRecordError, match='case_packs = "units" or "packs"'):
        to_order(row_with_line(item_multiplier=5, item_price_extended="250.00"))


@pytest.mark.parametrize("extended", ["249.99", "250.00", "250.01"])
def test_a_minor_unit_of_rounding_is_no_disagreement(extended: str) -> None:
    """An extended price one cent off is rounding."""
    assert to_order(row_with_line(item_price_extended=extended)).lines[0].quantity == 5


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("46.0", "46.00"), ("46", "46.00"), ("0.025", "0.025"), ("42.300000000000004", "42.30"), ("1e2", "100.00")],
)
def test_an_amount_reads_the_same_however_it_is_sent(sent: str, stored: str) -> None:
    """Amounts have the places of their currency, whether JOOR writes a number or text, and no binary noise."""
    priced = row_with_line(item_price=Decimal(sent), item_price_extended="")
    assert to_order(priced).to_data()["lines"][0]["unit_price"] == stored


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-11-03", "2026-11-03T00:00:00Z"),
        ("2026-11-03 09:00:00", "2026-11-03T09:00:00Z"),
        ("2026-11-03T09:00:00-05:00", "2026-11-03T14:00:00Z"),
        ("", None),
        ("2026", None),
        (None, None),
    ],
    ids=["day", "no offset", "offset", "empty", "short", "null"],
)
def test_dates_come_in_several_forms(sent: str | None, stored: str | None) -> None:
    """Dates without an offset are UTC; empty and stunted ones are absent."""
    assert to_order(row(date_approved=sent)).to_data().get("approved_at") == stored


@pytest.mark.parametrize(
    "forms",
    [
        {"shipping_country_iso_two": "DE"},
        {"shipping_country_iso_two": "", "shipping_country_iso_three": "DEU"},
        {"shipping_country": "Germany", "shipping_country_iso_three": "??"},
    ],
    ids=["two letters", "three letters", "name"],
)
def test_country_is_found_in_any_form(forms: dict[str, str]) -> None:
    """The country of an address is read from whichever field has it."""
    address = to_order(row(**forms)).address("delivery")
    assert address is not None
    assert address.country == "DE"


def test_order_without_warehouse_gets_the_default() -> None:
    """The default warehouse goes to orders that name none, and to no other."""
    unassigned = to_order(row(warehouse_name="", warehouse_code=""), warehouse="EU Warehouse").warehouse
    assigned = to_order(row(), warehouse="EU Warehouse").warehouse
    assert unassigned is not None
    assert assigned is not None
    assert (unassigned.name, assigned.name) == ("EU Warehouse", "Default")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(row("every-field"))), st.sampled_from(sorted(row()["line_items"][0])), anything)
def test_any_value_is_an_order_or_a_named_problem(field: str, line_field: str, value: Any) -> None:
    """Whatever stands in a field, the row becomes an order or raises InvalidRecordError, and nothing else."""
    for sample in (row("every-field", **{field: value}), row_with_line(**{line_field: value})):
        assert isinstance(read(sample), Order) or ": " in str(read(sample))


def read(sample: dict[str, Any]) -> Order | str:
    try:
        return to_order(sample)
    except InvalidRecordError as error:
        return str(error)


if __name__ == "__main__":
    for name in NAMES:
        (GOLDEN / f"{name}.order.json").write_text(written(name), encoding="utf-8")
