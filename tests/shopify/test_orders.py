"""Delivering orders once, and finding them again."""

from __future__ import annotations

from typing import Any

import orderweft_shopify as shopify
import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    Refused,
    SettingsError,
)

from .hand_made import (
    CREATED,
    KEY,
    NO_DEFINITION,
    SKUS,
    Answer,
    HandMadeStore,
    connect,
    deliver,
    lines_of,
    money,
    order_node,
    order_of,
    page_of,
    variant_id,
)


def test_an_order_is_created_with_one_write() -> None:
    """A new order costs one mutation, and its receipt says where it is."""
    store = HandMadeStore()
    outcome = deliver(connect(store))
    assert isinstance(outcome, Accepted)
    assert (outcome.receipt.id, outcome.receipt.number) == (CREATED, "#1001")
    assert outcome.receipt.url == "https://example.myshopify.com/admin/orders/42"
    assert store.writes() == ["CreateOrder"]
    [sent] = store.called("CreateOrder")
    assert sent["order"]["metafields"] == [{"namespace": "orderweft", "key": "external_id", "type": "id", "value": KEY}]
    assert sent["order"]["customer"] == {"toAssociate": {"id": "gid://shopify/Customer/7"}}
    assert [line["variantId"] for line in sent["order"]["lineItems"]] == [variant_id(0), variant_id(7)]


def test_a_known_key_is_not_written_again() -> None:
    """An order found under its key is already there, cancelled or not."""
    store = HandMadeStore(FindOrder={"orderByIdentifier": order_node(cancelledAt="2026-11-02T10:00:00Z")})
    outcome = deliver(connect(store))
    assert isinstance(outcome, AlreadyThere)
    assert outcome.receipt.cancelled
    assert [name for name, _ in store.calls] == ["FindOrder"]


def test_totals_that_differ_are_remarked_on() -> None:
    """The order stands, and the receipt says which total Shopify sees otherwise."""
    node = order_node(totalPriceSet=money("1.0"))
    store = HandMadeStore(CreateOrder={"orderCreate": {"order": node, "userErrors": []}})
    outcome = deliver(connect(store))
    assert isinstance(outcome, Accepted)
    [remark] = outcome.receipt.remarks
    assert "total in Shopify is 1.0 EUR" in remark


def test_an_order_that_was_made_with_reservations_stands() -> None:
    """Where Shopify gives an order, it exists; what is said against it becomes a remark."""
    error = {"field": ["order", "tags"], "message": "Tags were cut", "code": None}
    store = HandMadeStore(CreateOrder={"orderCreate": {"order": order_node(), "userErrors": [error]}})
    outcome = deliver(connect(store))
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.remarks == ("order.tags: Tags were cut",)


def test_unknown_items_are_all_named() -> None:
    """Lines the store has no variant for hold the order; nothing is written."""
    store = HandMadeStore()
    strange = (*lines_of((0, 1)), lines_of((1, 1))[0].model_copy(update={"key": "x", "barcode": "2999999999990"}))
    outcome = deliver(connect(store), order_of(lines=strange))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_item"
    assert "1001 Navy S (barcode 2999999999990)" in outcome.message
    assert SKUS[0].barcode not in outcome.message
    assert store.writes() == []


def test_codes_that_only_look_alike_do_not_count() -> None:
    """What a search returns is compared exactly, case and all."""
    other = {**HandMadeStore().variant(0), "sku": SKUS[0].sku.lower()}
    store = HandMadeStore(VariantSearch={"productVariants": page_of([other])})
    outcome = deliver(connect(store, item_identifier="sku"), order_of((0, 1)))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_item"


def test_an_ambiguous_code_is_never_guessed() -> None:
    """Two variants with one barcode hold the order and are named, even when they come on different pages."""
    twin = {**HandMadeStore().variant(0), "id": variant_id(99)}
    pages: list[Answer] = [
        {"productVariants": page_of([HandMadeStore().variant(0)], cursor="2")},
        {"productVariants": page_of([twin])},
    ]
    store = HandMadeStore(VariantSearch=pages)
    outcome = deliver(connect(store), order_of((0, 1)))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_item"
    assert "several variants have the same barcode: 1001 Navy XS" in outcome.message
    assert store.writes() == []


def test_variants_are_looked_for_in_batches_and_remembered() -> None:
    """A hundred and twenty items take three searches, the second order none."""
    store = HandMadeStore()
    connection = connect(store)
    order = order_of(*((number, 1) for number in range(120)))
    assert isinstance(deliver(connection, order), Accepted)
    assert len(store.called("VariantSearch")) == 3
    assert store.called("VariantSearch")[0]["query"].count(" OR ") == 49
    assert isinstance(deliver(connection, order, "joor:9002"), Accepted)
    assert len(store.called("VariantSearch")) == 3


def test_a_remembered_variant_that_lost_its_code_is_looked_for_again() -> None:
    """Memory serves for ids only: a barcode moved to another variant is noticed."""
    store = HandMadeStore()
    connection = connect(store)
    assert isinstance(deliver(connection, order_of((0, 1))), Accepted)
    moved = {**store.variant(0), "id": variant_id(5)}
    store.answers["VariantSearch"] = {"productVariants": page_of([moved])}
    store.answers["Variants"] = lambda asked: {"nodes": [moved if asked["ids"] == [variant_id(5)] else None]}
    assert isinstance(deliver(connection, order_of((0, 1)), "joor:9002"), Accepted)
    assert store.called("CreateOrder")[-1]["order"]["lineItems"][0]["variantId"] == variant_id(5)


def test_searched_codes_are_quoted() -> None:
    """A quote or backslash in a SKU cannot change what is searched for."""
    store = HandMadeStore()
    odd = lines_of((0, 1))[0].model_copy(update={"sku": "5'8\\ OR *"})
    deliver(connect(store, item_identifier="sku"), order_of(lines=(odd,)))
    assert store.called("VariantSearch")[0]["query"] == r"sku:'5\'8\\ OR *'"


def test_too_little_stock_holds_the_order() -> None:
    """Demand is summed over the lines of an order; wanted and available are named."""
    store = HandMadeStore()
    outcome = deliver(connect(store), order_of((135, 2), (0, 1), (135, 2)))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "no_stock"
    assert f"(barcode {SKUS[135].barcode}): 4 wanted, 3 available" in outcome.message
    assert store.writes() == []


@pytest.mark.parametrize(
    ("settings", "change", "accepted", "behavior"),
    [
        pytest.param({}, {}, False, None, id="checked over all active locations"),
        pytest.param({"location": "Main"}, {"stock": 500}, True, "DECREMENT_OBEYING_POLICY", id="enough at one"),
        pytest.param({"location": "gid://shopify/Location/2"}, {"stock": 500}, False, None, id="short at one"),
        pytest.param({}, {"policy": "CONTINUE"}, True, "DECREMENT_OBEYING_POLICY", id="may be oversold"),
        pytest.param({}, {"tracked": False}, True, "DECREMENT_OBEYING_POLICY", id="not tracked"),
        pytest.param({"check_stock": False}, {}, True, "DECREMENT_IGNORING_POLICY", id="bypassed"),
        pytest.param({"check_stock": False, "reserve_stock": False}, {}, True, "BYPASS", id="stock left alone"),
    ],
)
def test_what_counts_as_stock(
    settings: dict[str, Any], change: dict[str, Any], accepted: bool, behavior: str | None
) -> None:
    """Only limited items can be short, and only where the settings look."""
    store = HandMadeStore()
    store.stock[variant_id(135)] = change.get("stock", 3)
    store.policy, store.tracked = change.get("policy", "DENY"), change.get("tracked", True)
    outcome = deliver(connect(store, **settings), order_of((135, 4)))
    assert isinstance(outcome, Accepted if accepted else Refused)
    assert [sent["options"]["inventoryBehaviour"] for sent in store.called("CreateOrder")] == [behavior][:accepted]


def test_stock_levels_are_read_to_the_last_location() -> None:
    """An item at more locations than one page holds is summed over all of them."""
    store = HandMadeStore()
    item = store.variant(135)
    levels = item["inventoryItem"]["inventoryLevels"]["nodes"]
    item["inventoryItem"]["inventoryLevels"] = page_of(levels[:1], cursor="next")
    store.answers["Variants"] = {"nodes": [item]}
    rest = page_of([{**levels[1], "quantities": [{"name": "available", "quantity": 8}]}])
    store.answers["InventoryLevels"] = {"inventoryItem": {"inventoryLevels": rest}}
    assert isinstance(deliver(connect(store), order_of((135, 10))), Accepted)
    assert store.called("InventoryLevels") == [{"item": "gid://i", "after": "next"}]


@pytest.mark.parametrize(
    ("location", "says"),
    [
        pytest.param("Nowhere", "'Main', 'Outlet', 'Outlet'", id="unknown"),
        pytest.param("Outlet", "several locations", id="ambiguous"),
        pytest.param("Closed", "not active", id="inactive"),
    ],
)
def test_a_location_must_be_one_active_one(location: str, says: str) -> None:
    """The store's first location never stands in for the one that was meant."""
    with pytest.raises(SettingsError, match=says):
        deliver(connect(HandMadeStore(), location=location))


def test_the_key_is_made_unique_before_the_first_order() -> None:
    """A store without the metafield definition gets it, once, just before an order is created."""
    missing = NO_DEFINITION | {"data": {"orderByIdentifier": None}}
    store = HandMadeStore(FindOrder=[missing, {"orderByIdentifier": None}])
    connection = connect(store)
    assert isinstance(deliver(connection), Accepted)
    assert isinstance(deliver(connection, key="joor:9002"), Accepted)
    assert store.writes() == ["DefineMetafield", "CreateOrder", "CreateOrder"]
    assert store.called("DefineMetafield")[0]["definition"] == {
        "ownerType": "ORDER",
        "namespace": "orderweft",
        "key": "external_id",
        "name": "External id",
        "type": "id",
    }


def test_a_definition_somebody_else_made_meanwhile_is_as_good() -> None:
    """TAKEN is success, and an order found by the definition is not created again."""
    taken = {"field": ["definition", "key"], "message": "Key is in use", "code": "TAKEN"}
    missing = NO_DEFINITION | {"data": {"orderByIdentifier": None}}
    store = HandMadeStore(
        FindOrder=[missing, {"orderByIdentifier": order_node()}],
        DefineMetafield={"metafieldDefinitionCreate": {"createdDefinition": None, "userErrors": [taken]}},
    )
    assert isinstance(deliver(connect(store)), AlreadyThere)
    assert "CreateOrder" not in store.writes()


@pytest.mark.parametrize("code", ["TAKEN", "RESOURCE_TYPE_LIMIT_EXCEEDED"])
def test_a_store_that_cannot_keep_keys_unique_gets_no_orders(code: str) -> None:
    """Without a unique key nothing is created; the settings have to change."""
    error = {"field": ["definition"], "message": "no", "code": code}
    store = HandMadeStore(
        FindOrder=NO_DEFINITION | {"data": {"orderByIdentifier": None}},
        DefineMetafield={"metafieldDefinitionCreate": {"createdDefinition": None, "userErrors": [error]}},
    )
    with pytest.raises(SettingsError, match="metafield_namespace"):
        deliver(connect(store))
    assert "CreateOrder" not in store.writes()


def test_keys_are_found_by_identifier_and_at_second_sight() -> None:
    """An order without our metafield is found by its source identifier, compared exactly."""

    def search(variables: dict[str, Any]) -> dict[str, Any]:
        assert variables["query"] == "source_identifier:'joor:2' OR source_identifier:'joor:3'"
        near = order_node(id="gid://shopify/Order/1", sourceIdentifier="JOOR:2")
        right = order_node(sourceIdentifier="joor:2", cancelledAt="2026-11-02T10:00:00Z")
        return {"orders": page_of([near, right])}

    def find(variables: dict[str, Any]) -> dict[str, Any]:
        known = variables["identifier"]["customId"]["value"] == "joor:1"
        return {"orderByIdentifier": order_node(id="gid://shopify/Order/9") if known else None}

    store = HandMadeStore(FindOrder=find, SearchOrders=search)
    found = shopify.find_orders(connect(store), ["joor:1", "joor:2", "joor:3"])
    assert {key: receipt.id for key, receipt in found.items()} == {"joor:1": "gid://shopify/Order/9", "joor:2": CREATED}
    assert found["joor:2"].cancelled
    assert store.writes() == []
