"""Stock in the Shopify simulator: written with keys and expected quantities, all entries or none."""

from __future__ import annotations

from typing import Any

import pytest
from orderweft_shopify.simulator import Simulator

from .simulated import SKU, Shop

SET = """mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { reason referenceDocumentUri changes {
      name delta quantityAfterChange location { name }
      item { inventoryLevels(first: 5) { nodes { quantities(names: ["available"]) { quantity } } } }
    } }
    userErrors { field message code }
  }
}"""
ADJUST = """mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { changes { name delta ledgerDocumentUri } } userErrors { field code }
  }
}"""
ACTIVATE = """mutation Activate($item: ID!, $location: ID!, $available: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available) @idempotent(key: $key) {
    inventoryLevel { isActive quantities(names: ["available", "on_hand"]) { quantity } } userErrors { field message }
  }
}"""
ITEMS = """query Items($q: String!) { inventoryItems(first: 5, query: $q) { nodes {
  id sku tracked duplicateSkuCount
  inventoryLevels(first: 5) { nodes { location { id name } isActive quantities(names: [
    "available", "committed", "reserved", "damaged", "safety_stock", "quality_control", "incoming", "on_hand"
  ]) { name quantity } } }
} } }"""
LOCATIONS = "{ locations(first: 5) { nodes { id name } } }"
SCARF = "1010-401-S"
OTHER = "1001-401-S"


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


def item(shop: Shop, sku: str = SKU) -> dict[str, Any]:
    """Return the stocked item of a SKU."""
    found = shop.data(ITEMS, q=f"sku:'{sku}'")["inventoryItems"]["nodes"]
    return next(each for each in found if each["sku"] == sku)


def place(shop: Shop, name: str = "London") -> str:
    """Return the id of a location."""
    return next(str(each["id"]) for each in shop.data(LOCATIONS)["locations"]["nodes"] if each["name"] == name)


def entry(shop: Shop, quantity: int, expected: int | None, sku: str = SKU, location: str = "London") -> dict[str, Any]:
    """Return one entry of a batch."""
    where = {"inventoryItemId": item(shop, sku)["id"], "locationId": place(shop, location)}
    return {**where, "quantity": quantity, "changeFromQuantity": expected}


def write(shop: Shop, *entries: dict[str, Any], key: str = "k-1", **more: Any) -> dict[str, Any]:
    """Set quantities and return the payload."""
    given = {"name": "available", "reason": "correction", "quantities": list(entries), **more}
    payload: dict[str, Any] = shop.data(SET, input=given, key=key)["inventorySetQuantities"]
    return payload


def errors(payload: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Return where and which the refusals are."""
    return [(error["field"], error["code"]) for error in payload["userErrors"]]


def test_quantities_add_up(shop: Shop) -> None:
    """What is on hand is the sum of its parts, orders included; incoming stock is no part of it."""
    shop.made(shop.line(4), stock="DECREMENT_OBEYING_POLICY")
    adjust = {"name": "damaged", "reason": "damaged"}
    change = entry(shop, 0, None) | {"delta": 3, "ledgerDocumentUri": "gid://us/Report/1"}
    del change["quantity"]
    done = shop.data(ADJUST, input={**adjust, "changes": [change]}, key="k")["inventoryAdjustQuantities"]
    shown = [(each["name"], each["delta"]) for each in done["inventoryAdjustmentGroup"]["changes"]]
    assert shown == [("damaged", 3), ("on_hand", 3)]
    level = next(each for each in item(shop)["inventoryLevels"]["nodes"] if each["location"]["name"] == "London")
    found = {each["name"]: each["quantity"] for each in level["quantities"]}
    assert found == {
        "available": 496, "committed": 4, "reserved": 0, "damaged": 3, "safety_stock": 0, "quality_control": 0,
        "incoming": 0, "on_hand": 503,
    }  # fmt: skip
    write(shop, entry(shop, 100, 503), name="on_hand")
    assert [shop.simulator.quantity(SKU, "London", name) for name in ("available", "on_hand")] == [93, 100]


def test_set_tells_both_changes(shop: Shop) -> None:
    """A write lists the change of what is available and of what is on hand, and no quantity after it."""
    payload = write(shop, entry(shop, 40, 500), referenceDocumentUri="gid://us/Run/1")
    group = payload["inventoryAdjustmentGroup"]
    assert (group["reason"], group["referenceDocumentUri"]) == ("correction", "gid://us/Run/1")
    shown = [(each["name"], each["delta"], each["quantityAfterChange"]) for each in group["changes"]]
    assert shown == [("available", -460, None), ("on_hand", -460, None)]
    assert shop.simulator.available(SKU, "London") == 40


def test_unchanged_has_no_group(shop: Shop) -> None:
    """Setting what is there already is a success without a group."""
    assert write(shop, entry(shop, 500, 500)) == {"inventoryAdjustmentGroup": None, "userErrors": []}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"inventoryItemId": "gid://shopify/InventoryItem/5"}, "inventoryItemId", "INVALID_INVENTORY_ITEM"),
        ({"locationId": "gid://shopify/Location/5"}, "locationId", "INVALID_LOCATION"),
        ({"quantity": 1_000_000_001}, "quantity", "INVALID_QUANTITY_TOO_HIGH"),
        ({"quantity": -1_000_000_001}, "quantity", "INVALID_QUANTITY_TOO_LOW"),
        ({"changeFromQuantity": 7}, "changeFromQuantity", "CHANGE_FROM_QUANTITY_STALE"),
    ],
)
def test_one_bad_entry_refuses_all(shop: Shop, changes: dict[str, Any], field: str, code: str) -> None:
    """A refusal names its entry, and nothing of the batch is written."""
    payload = write(shop, entry(shop, 1, None, OTHER), entry(shop, 2, None) | changes)
    assert errors(payload) == [(["input", "quantities", "1", field], code)]
    assert payload["inventoryAdjustmentGroup"] is None
    assert [shop.simulator.available(sku, "London") for sku in (OTHER, SKU)] == [500, 500]


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"name": "committed"}, ["input", "name"], "INVALID_NAME"),
        ({"reason": "because"}, ["input", "reason"], "INVALID_REASON"),
        ({"referenceDocumentUri": "gid://us"}, ["input", "referenceDocumentUri"], "INVALID_REFERENCE_DOCUMENT"),
    ],
)
def test_what_is_wrong_with_all(shop: Shop, more: dict[str, Any], field: list[str], code: str) -> None:
    """A wrong name, reason or document is refused."""
    assert errors(write(shop, entry(shop, 1, None), **more)) == [(field, code)]


def test_less_than_nothing(shop: Shop) -> None:
    """What is available may be negative, what is on hand may not."""
    payload = write(shop, entry(shop, -1, None), name="on_hand")
    assert errors(payload) == [(["input", "quantities", "0", "quantity"], "INVALID_QUANTITY_NEGATIVE")]
    assert errors(write(shop, entry(shop, -1, None), key="k-2")) == []
    assert shop.simulator.available(SKU, "London") == -1


def test_duplicates_and_bundles_are_refused(shop: Shop) -> None:
    """An item may come once per location, and bundles compute their stock themselves."""
    payload = write(shop, entry(shop, 1, None), entry(shop, 2, None))
    assert errors(payload) == [(["input", "quantities", "1"], "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")]
    shop.simulator.bundle(SKU)
    assert errors(write(shop, entry(shop, 1, None), key="k-2")) == [
        (["input", "quantities", "0", "inventoryItemId"], "NON_MUTABLE_INVENTORY_ITEM")
    ]


def test_inactive_location_is_refused(shop: Shop) -> None:
    """A location that was deactivated takes no stock."""
    given = entry(shop, 1, None)
    shop.simulator.deactivate_location("London")
    assert errors(write(shop, given)) == [(["input", "quantities", "0", "locationId"], "INVALID_LOCATION")]


def test_rules_beyond_the_schema(shop: Shop) -> None:
    """A missing key, a blank one, a missing expectation and too long a batch are top-level errors."""
    good = entry(shop, 1, None)
    given = {"name": "available", "reason": "correction", "quantities": [good]}
    bare = SET.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    answer = shop.ask(bare, input=given)
    assert answer["data"] == {"inventorySetQuantities": None}
    message = "The @idempotent directive is required for this mutation but was not provided."
    assert answer["errors"][0]["message"] == message
    assert shop.ask(SET, input=given, key=" ")["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    short = [{key: value for key, value in good.items() if key != "changeFromQuantity"}]
    (error,) = shop.ask(SET, input=given | {"quantities": short}, key="k")["errors"]
    assert error["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    assert error["message"] == "InventoryQuantityInput must include the following argument: changeFromQuantity."
    (error,) = shop.ask(SET, input=given | {"quantities": [good] * 251}, key="k")["errors"]
    assert error["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


def test_same_key_again(shop: Shop) -> None:
    """A repeated call does nothing and shows quantities of today; another one with the key is refused."""
    given = entry(shop, 40, 500)
    first = write(shop, given)
    shop.simulator.set_stock(SKU, "London", 7)
    again = write(shop, given)
    assert shop.simulator.available(SKU, "London") == 7
    assert [each["delta"] for each in again["inventoryAdjustmentGroup"]["changes"]] == [-460, -460]
    assert levels(first)[0] == 40
    assert levels(again)[0] == 7
    assert errors(write(shop, given | {"quantity": 41})) == [(None, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")]


def levels(payload: dict[str, Any]) -> list[int]:
    """Return what is available by what an answer shows."""
    nodes = payload["inventoryAdjustmentGroup"]["changes"][0]["item"]["inventoryLevels"]["nodes"]
    return [node["quantities"][0]["quantity"] for node in nodes]


def test_same_key_shows_the_past() -> None:
    """By switch, a repeated call shows what was answered first."""
    shop = Shop(replayed_quantities="old")
    given = entry(shop, 40, 500)
    first = write(shop, given)
    shop.simulator.set_stock(SKU, "London", 7)
    assert write(shop, given) == first
    assert shop.simulator.available(SKU, "London") == 7


def test_keys_are_forgotten_after_a_day(shop: Shop) -> None:
    """After 24 hours a key is new again."""
    given = entry(shop, 40, None)
    write(shop, given)
    shop.simulator.set_stock(SKU, "London", 7)
    shop.clock.sleep(86399)
    shop.token = shop.sign_in().json()["access_token"]
    write(shop, given)
    assert shop.simulator.available(SKU, "London") == 7
    shop.clock.sleep(1)
    write(shop, given)
    assert shop.simulator.available(SKU, "London") == 40


def test_key_of_a_call_still_running() -> None:
    """By switch, a call goes on for a while after its answer was lost."""
    shop = Shop(working_seconds=60)
    given = entry(shop, 40, 500)
    write(shop, given)
    assert errors(write(shop, given)) == [(None, "IDEMPOTENCY_CONCURRENT_REQUEST")]
    shop.clock.sleep(60)
    assert errors(write(shop, given)) == []


def test_key_of_a_call_that_failed(shop: Shop) -> None:
    """A call that failed inside did nothing, and its key is of no more use."""
    given = {"name": "available", "reason": "correction", "quantities": [entry(shop, 40, 500)]}
    shop.simulator.fail_inside()
    (error,) = shop.ask(SET, input=given, key="k-1")["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    payload = shop.data(SET, input=given, key="k-1")["inventorySetQuantities"]
    assert errors(payload) == [(None, "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")]
    assert errors(shop.data(SET, input=given, key="k-2")["inventorySetQuantities"]) == []


@pytest.mark.parametrize(
    ("refused_key", "code"),
    [("replayed", "CHANGE_FROM_QUANTITY_STALE"), ("failed", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")],
)
def test_key_of_a_call_that_was_refused(refused_key: str, code: str) -> None:
    """By switch, refusals are repeated, or use the key up."""
    shop = Shop(refused_key=refused_key)
    given = entry(shop, 40, 7)
    write(shop, given)
    assert errors(write(shop, given))[0][1] == code


@pytest.mark.parametrize(
    ("stale_field", "field"),
    [
        ("quantity", ["input", "quantities", "1", "changeFromQuantity"]),
        ("entry", ["input", "quantities", "1"]),
        ("none", None),
    ],
)
def test_where_a_stale_quantity_shows(stale_field: str, field: list[str] | None) -> None:
    """By switch, a stale expectation points at different places."""
    shop = Shop(stale_field=stale_field)
    payload = write(shop, entry(shop, 1, 500, OTHER), entry(shop, 1, 9))
    assert errors(payload) == [(field, "CHANGE_FROM_QUANTITY_STALE")]


def test_stale_entry_alone_is_left_out() -> None:
    """By switch, the other entries of a batch with a stale one are written."""
    shop = Shop(stale_batch="partly")
    payload = write(shop, entry(shop, 1, 500, OTHER), entry(shop, 1, 9))
    assert errors(payload) == [(["input", "quantities", "1", "changeFromQuantity"], "CHANGE_FROM_QUANTITY_STALE")]
    assert [shop.simulator.available(sku, "London") for sku in (OTHER, SKU)] == [1, 500]


def test_write_where_it_is_not_stocked(shop: Shop) -> None:
    """A write to a location stocks the item there."""
    assert len(item(shop, SCARF)["inventoryLevels"]["nodes"]) == 1
    assert errors(write(shop, entry(shop, 5, 0, SCARF, "Rotterdam"))) == []
    assert shop.simulator.available(SCARF, "Rotterdam") == 5
    assert len(item(shop, SCARF)["inventoryLevels"]["nodes"]) == 2


def test_write_where_it_is_not_stocked_is_refused() -> None:
    """By switch, an item has to be stocked at a location first."""
    shop = Shop(unstocked_location="refused")
    given = entry(shop, 5, 0, SCARF, "Rotterdam")
    assert errors(write(shop, given)) == [(["input", "quantities", "0", "locationId"], None)]
    where = {"item": given["inventoryItemId"], "location": given["locationId"]}
    done = shop.data(ACTIVATE, **where, key="a-1")["inventoryActivate"]
    assert done["inventoryLevel"] == {"isActive": True, "quantities": [{"quantity": 0}, {"quantity": 0}]}
    assert errors(write(shop, given, key="k-2")) == []


def test_activate(shop: Shop) -> None:
    """An item is stocked with a quantity once; again it only works without one; old quantities come back."""
    where = {"item": item(shop, SCARF)["id"], "location": place(shop, "Rotterdam")}
    done = shop.data(ACTIVATE, **where, available=4, key="a-1")["inventoryActivate"]
    assert done["inventoryLevel"]["quantities"] == [{"quantity": 4}, {"quantity": 4}]
    refused = shop.data(ACTIVATE, **where, available=9, key="a-2")["inventoryActivate"]
    message = "Not allowed to set available quantity when the item is already active at the location."
    assert refused["userErrors"] == [{"field": ["available"], "message": message}]
    assert shop.data(ACTIVATE, **where, key="a-3")["inventoryActivate"]["userErrors"] == []
    shop.simulator.unstock(SCARF, "Rotterdam")
    assert len(item(shop, SCARF)["inventoryLevels"]["nodes"]) == 1
    done = shop.data(ACTIVATE, **where, key="a-4")["inventoryActivate"]
    assert done["inventoryLevel"]["quantities"][0] == {"quantity": 4}


def test_untracked_items_keep_no_quantities(shop: Shop) -> None:
    """A write to an item that is not tracked changes nothing and says nothing."""
    sku = shop.simulator.awkward["untracked_sku"]
    assert item(shop, sku)["tracked"] is False
    assert write(shop, entry(shop, 5, None, sku)) == {"inventoryAdjustmentGroup": None, "userErrors": []}
    assert shop.simulator.available(sku, "London") == 0
    shop.simulator.track(sku, tracked=True)
    write(shop, entry(shop, 5, None, sku), key="k-2")
    assert shop.simulator.available(sku, "London") == 5


@pytest.mark.parametrize(
    ("name", "changes", "code"),
    [
        ("available", {"ledgerDocumentUri": "gid://us/A/1"}, "INVALID_AVAILABLE_DOCUMENT"),
        ("reserved", {}, "INVALID_QUANTITY_DOCUMENT"),
        ("reserved", {"ledgerDocumentUri": "gid://shopify/Order/1"}, "INTERNAL_LEDGER_DOCUMENT"),
        ("reserved", {"ledgerDocumentUri": "nothing"}, "INVALID_LEDGER_DOCUMENT"),
        ("on_hand", {"ledgerDocumentUri": "gid://us/A/1"}, "INVALID_QUANTITY_NAME"),
        ("available", {"changeFromQuantity": 1}, "CHANGE_FROM_QUANTITY_STALE"),
    ],
)
def test_adjust_refuses(shop: Shop, name: str, changes: dict[str, Any], code: str) -> None:
    """Adjustments have rules of their own about names and documents."""
    change = entry(shop, 0, None) | {"delta": 1} | changes
    del change["quantity"]
    given = {"name": name, "reason": "other", "changes": [change]}
    assert [
        error["code"] for error in shop.data(ADJUST, input=given, key="k")["inventoryAdjustQuantities"]["userErrors"]
    ] == [code]


@pytest.mark.parametrize(("sku_count", "count"), [("others", 1), ("all", 2)])
def test_duplicate_skus_are_counted(sku_count: str, count: int) -> None:
    """An item tells how many others share its SKU, by switch itself included."""
    shop = Shop(sku_count=sku_count)
    assert item(shop, shop.simulator.awkward["duplicate_sku"])["duplicateSkuCount"] == count
    shop.simulator.rename_sku(OTHER, SKU)
    assert item(shop)["duplicateSkuCount"] == count


def test_writing_needs_the_scope() -> None:
    """Without write_inventory nothing is written."""
    shop = Shop(scopes=("read_inventory", "read_locations", "read_products"))
    given = {"name": "available", "reason": "correction", "quantities": [entry(shop, 1, None)]}
    (error,) = shop.ask(SET, input=given, key="k")["errors"]
    assert error["extensions"]["requiredAccess"] == "`write_inventory` access scope."


def test_many_skus() -> None:
    """Extra SKUs for load tests come with stock."""
    simulator = Simulator(many=250)
    assert [simulator.available(f"MANY-{number:06d}", "London") for number in (0, 99, 249)] == [0, 99, 49]
    with pytest.raises(KeyError):
        simulator.available("MANY-000250", "London")
