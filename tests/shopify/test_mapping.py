"""Canonical orders to Shopify's payloads and back, shown by golden files.

`python -m tests.shopify.test_mapping` writes the expected halves anew; read the difference before keeping it.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from orderweft import Delivery, Order, Origin, Template, values_of
from orderweft_shopify import Settings
from orderweft_shopify.catalog import Variant
from orderweft_shopify.mapping import Totals, differences, from_order, name_line, to_order, to_receipt
from pydantic import ValidationError

GOLDEN = Path(__file__).parent / "golden"
ORIGIN = Origin(channel="shopify", connection="shop", id="gid://shopify/Order/1")


def _variant(order: Order, position: int) -> Variant:
    line = order.lines[position]
    return Variant(
        id=f"gid://shopify/ProductVariant/{position + 1}",
        sku=f"SKU-{position + 1}",
        barcode=line.barcode,
        title=f"Product {line.style_number}",
        options=f"{line.color} / {line.size}",
        limited=True,
        levels=(),
    )


def _sent(case: dict[str, Any]) -> dict[str, Any]:
    order = Order.model_validate(case["order"])
    settings = Settings.model_validate({"shop": "example", "token": "t", **case["settings"]})
    draft = from_order(
        Delivery(order, "joor:1001"),
        settings,
        variants={str(line.barcode): _variant(order, position) for position, line in enumerate(order.lines)},
        customer="gid://shopify/Customer/7001",
        location=settings.location,
        note=Template(settings.note_template).render(order=values_of(order)).strip(),
    )
    return {
        "sent": {"order": draft.order, "options": draft.options},
        "totals": {name: f"{getattr(draft.totals, name):f}" for name in ("subtotal", "tax", "shipping", "total")},
    }


def _read(case: dict[str, Any]) -> dict[str, Any]:
    return {"order": to_order(case["node"], case["node"]["lineItems"]["nodes"], ORIGIN).to_data()}


def _cases(kind: str) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in sorted(GOLDEN.glob(f"{kind}-*.json"))]


@pytest.mark.parametrize("path", _cases("create"))
def test_an_order_becomes_a_complete_order_input(path: Path) -> None:
    """Everything Shopify does not work out by itself is sent, and nothing unknown is."""
    case = json.loads(path.read_text("utf-8"))
    assert _sent(case) == {"sent": case["sent"], "totals": case["totals"]}


@pytest.mark.parametrize("path", _cases("read"))
def test_a_stored_order_becomes_a_canonical_one(path: Path) -> None:
    """An order of the store is read as it stands after edits, removals and cancellation."""
    case = json.loads(path.read_text("utf-8"))
    assert _read(case) == {"order": case["order"]}


def _case(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return case


def test_the_shares_of_a_discount_add_up() -> None:
    """Taxes are reckoned on amounts that together are exactly the lines less the discount."""
    case = _case("create-plain")
    case["order"]["discount"] = "10.00"
    case["order"]["currency"] = "JPY"
    case["settings"] = {"taxes": {"DE": {"name": "MwSt.", "rate": 0.19}}}
    sent = _sent(case)
    amounts = [line["taxLines"][0]["priceSet"]["shopMoney"]["amount"] for line in sent["sent"]["order"]["lineItems"]]
    assert all("." not in amount for amount in amounts)
    assert sum(map(int, amounts)) == int(sent["totals"]["tax"])


def test_a_long_note_is_cut_and_said_so() -> None:
    """A note beyond what Shopify takes is cut, and the receipt will tell."""
    case = _case("create-plain")
    order = Order.model_validate(case["order"])
    draft = from_order(
        Delivery(order, "k"),
        Settings.model_validate({"shop": "example", "token": "t"}),
        variants={str(line.barcode): _variant(order, 0) for line in order.lines},
        customer="gid://shopify/Customer/1",
        location=None,
        note="x" * 6000,
    )
    assert len(draft.order["note"]) == 5000
    assert draft.remarks == ("the note was cut to 5000 characters",)


def _money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def test_equal_totals_are_not_remarked_on() -> None:
    """Amounts are compared as numbers, so 31.9 is 31.90."""
    ours = Totals(Decimal("24.00"), Decimal("2.90"), Decimal("5.00"))
    node = {
        "subtotalPriceSet": _money("24.0"),
        "totalTaxSet": _money("2.9"),
        "totalShippingPriceSet": _money("5.0"),
        "totalPriceSet": _money("31.9"),
    }
    assert differences(ours, node, "EUR") == []
    assert differences(ours, {**node, "totalPriceSet": _money("31.0")}, "EUR") == [
        "the total in Shopify is 31.0 EUR, ours is 31.90 EUR"
    ]
    assert differences(ours, {**node, "totalTaxSet": _money("2.9", "USD")}, "EUR") == [
        "the tax in Shopify is 2.9 USD, ours is 2.90 EUR"
    ]


def test_a_receipt_leads_to_the_order() -> None:
    """The receipt has Shopify's id, the number people see, the time and a link into the admin."""
    node = {"id": "gid://shopify/Order/42", "name": "#1001", "createdAt": "2026-11-21T10:00:00Z", "cancelledAt": None}
    receipt = to_receipt(node, "example.myshopify.com")
    assert receipt.to_data() == {
        "id": "gid://shopify/Order/42",
        "number": "#1001",
        "at": "2026-11-21T10:00:00Z",
        "url": "https://example.myshopify.com/admin/orders/42",
        "remarks": [],
        "cancelled": False,
        "pending": False,
    }
    assert to_receipt({**node, "cancelledAt": "2026-11-22T10:00:00Z"}, "example.myshopify.com").cancelled


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({}, "approved", id="open"),
        pytest.param({"displayFulfillmentStatus": "IN_PROGRESS"}, "processing", id="in progress"),
        pytest.param({"displayFulfillmentStatus": "PARTIALLY_FULFILLED"}, "part_shipped", id="part shipped"),
        pytest.param({"displayFulfillmentStatus": "FULFILLED"}, "shipped", id="shipped"),
        pytest.param({"displayFulfillmentStatus": "BEAMED_UP"}, "approved", id="a status of a later version"),
        pytest.param({"closedAt": "2026-11-21T10:00:00Z"}, "closed", id="archived"),
        pytest.param({"cancelledAt": "2026-11-21T10:00:00Z"}, "cancelled", id="cancelled"),
    ],
)
def test_the_status_of_a_stored_order(change: dict[str, Any], status: str) -> None:
    """Cancellation and fulfillment make the status; an unknown one does not stop the reading."""
    node = {**_case("read-edited")["node"], **change}
    assert to_order(node, node["lineItems"]["nodes"], ORIGIN).status == status


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"currencyCode": "XXY"}, "currency", id="unknown currency"),
        pytest.param({"processedAt": "yesterday"}, "created_at", id="no time"),
    ],
)
def test_an_unreadable_field_is_named(change: dict[str, Any], field: str) -> None:
    """What cannot be read raises an error that names the field."""
    node = {**_case("read-edited")["node"], **change}
    with pytest.raises(ValidationError, match=field):
        to_order(node, node["lineItems"]["nodes"], ORIGIN)


def test_lines_are_named_as_people_know_them() -> None:
    """Style, color, size and barcode; less when less is known."""
    order = Order.model_validate(_case("create-plain")["order"])
    assert name_line(order.lines[0]) == "1001 Navy M (barcode 2000000000022)"
    assert name_line(order.lines[0].model_copy(update={"barcode": None, "style_number": None})) == (
        "Poplin Shirt Navy M (no barcode and no SKU)"
    )


if __name__ == "__main__":
    for golden in sorted(GOLDEN.glob("*.json")):
        told = json.loads(golden.read_text("utf-8"))
        told |= _sent(told) if golden.stem.startswith("create") else _read(told)
        golden.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
