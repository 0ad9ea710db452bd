"""Variants and stocked items in the Shopify simulator, changed one by one."""

from __future__ import annotations

from typing import Any

import pytest

from .simulated import SKU, Shop

UPDATE = """mutation Update($id: ID!, $variants: [ProductVariantsBulkInput!]!, $partly: Boolean = false) {
  productVariantsBulkUpdate(productId: $id, variants: $variants, allowPartialUpdates: $partly) {
    productVariants { id sku price barcode } userErrors { field code }
  }
}"""
PARTS = """query Parts($q: String!) { productVariants(first: 1, query: $q) { nodes {
  id sku title product { id options { name values } } metafield(namespace: "custom", key: "season") { value }
  inventoryItem { id tracked requiresShipping unitCost { amount currencyCode } measurement { weight { unit value } } }
} } location { id } }"""
ITEM = """mutation Item($id: ID!, $input: InventoryItemInput!) {
  inventoryItemUpdate(id: $id, input: $input) { inventoryItem { sku tracked } userErrors { field message } }
}"""
OTHER = "1001-401-S"


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop(search_delay=0)


def parts(shop: Shop, sku: str = SKU) -> dict[str, Any]:
    """Return a variant with its parts."""
    found: dict[str, Any] = shop.data(PARTS, q=f"sku:'{sku}'")["productVariants"]["nodes"][0]
    return found


def change(shop: Shop, *variants: dict[str, Any], partly: bool = False, product: str = "") -> dict[str, Any]:
    """Change variants of the first style and return the payload."""
    product = product or parts(shop)["product"]["id"]
    payload: dict[str, Any] = shop.data(UPDATE, id=product, variants=list(variants), partly=partly)[
        "productVariantsBulkUpdate"
    ]
    return payload


def test_all_or_those_that_are_right(shop: Shop) -> None:
    """Variants of one product are changed all together, or by wish those that are right."""
    first, second = parts(shop), parts(shop, OTHER)
    good = {"id": first["id"], "price": "13.00", "barcode": "2900000000056", "inventoryItem": {"sku": "T-1"}}
    bad = {"id": second["id"], "price": "9.00", "inventoryQuantities": []}
    payload = change(shop, good, bad)
    code = "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"
    assert payload["userErrors"] == [{"field": ["variants", "1", "inventoryQuantities"], "code": code}]
    assert payload["productVariants"] is None
    payload = change(shop, good, bad, partly=True)
    changed = {"id": first["id"], "sku": "T-1", "price": "13.00", "barcode": "2900000000056"}
    assert payload["productVariants"] == [changed]
    assert [parts(shop, sku)["id"] for sku in ("T-1", OTHER)] == [first["id"], second["id"]]


def test_refusals(shop: Shop) -> None:
    """What is wrong with a variant is told at its place, and an unknown product at all."""
    mine = parts(shop)["id"]
    season = {"namespace": "custom", "key": "season", "value": " ", "type": "single_line_text_field"}
    payload = change(
        shop,
        {"id": parts(shop, "1002-401-XS")["id"]},
        {"price": "1.00"},
        {"id": mine, "price": "-1.00"},
        {"id": mine, "metafields": [season]},
        {"id": mine, "optionValues": [{"optionName": "Fit", "name": "Slim"}]},
    )
    assert [(error["field"][1:], error["code"]) for error in payload["userErrors"]] == [
        (["0", "id"], "PRODUCT_VARIANT_DOES_NOT_EXIST"),
        (["1"], "PRODUCT_VARIANT_ID_MISSING"),
        (["2", "price"], "NEGATIVE_PRICE_VALUE"),
        (["3", "metafields", "0", "value"], "INVALID_VALUE"),
        (["4", "optionValues", "0"], "OPTION_DOES_NOT_EXIST"),
    ]
    payload = change(shop, {"id": mine}, product="gid://shopify/Product/5")
    assert payload["userErrors"] == [{"field": ["productId"], "code": "PRODUCT_DOES_NOT_EXIST"}]


def test_other_parts_of_a_variant(shop: Shop) -> None:
    """Metafields are added, option values may be new, and the stocked item keeps cost and weight."""
    given = {
        "id": parts(shop)["id"],
        "metafields": [{"namespace": "custom", "key": "season", "value": "SS27", "type": "single_line_text_field"}],
        "optionValues": [{"optionName": "Size", "name": "XXS"}, {"optionName": "Color", "name": "Ecru"}],
        "inventoryItem": {"cost": "20.5", "measurement": {"weight": {"unit": "GRAMS", "value": 300}}},
    }
    assert change(shop, given)["userErrors"] == []
    found = parts(shop)
    assert (found["title"], found["metafield"]) == ("Ecru / XXS", {"value": "SS27"})
    assert "XXS" in found["product"]["options"][1]["values"]
    item = found["inventoryItem"]
    assert item["unitCost"] == {"amount": "20.5", "currencyCode": "GBP"}
    assert item["measurement"] == {"weight": {"unit": "GRAMS", "value": 300.0}}


def test_adjustments_need_an_expectation(shop: Shop) -> None:
    """Stock changed together with a variant needs `changeFromQuantity`, too."""
    location = shop.data("{ location { id } }")["location"]["id"]
    adjustment: dict[str, Any] = {"locationId": location, "adjustment": 2}
    given = {"id": parts(shop)["id"], "quantityAdjustments": [adjustment]}
    (error,) = shop.ask(UPDATE, id=parts(shop)["product"]["id"], variants=[given])["errors"]
    assert error["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    adjustment["changeFromQuantity"] = 9
    assert [error["code"] for error in change(shop, given)["userErrors"]] == ["INVALID_VALUE"]
    adjustment["changeFromQuantity"] = 500
    assert change(shop, given)["userErrors"] == []
    assert shop.simulator.available(SKU, "London") == 502


def test_stocked_items_are_changed(shop: Shop) -> None:
    """A stocked item takes another SKU and may no longer be tracked."""
    gid = parts(shop)["inventoryItem"]["id"]
    done = shop.data(ITEM, id=gid, input={"sku": "T-9", "tracked": False})["inventoryItemUpdate"]
    assert done == {"inventoryItem": {"sku": "T-9", "tracked": False}, "userErrors": []}
    assert parts(shop, "T-9")["inventoryItem"]["tracked"] is False
    missing = shop.data(ITEM, id="gid://shopify/InventoryItem/5", input={})["inventoryItemUpdate"]
    assert [error["field"] for error in missing["userErrors"]] == [["id"]]
