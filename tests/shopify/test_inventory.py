"""Stock of a simulated store, read in both ways and written with everything that can come between."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import jsonschema
import orderweft_shopify as shopify
import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    AuthenticationError,
    Item,
    Named,
    NotSent,
    Origin,
    Outcome,
    Product,
    RecordPage,
    Refused,
    Request,
    Response,
    SettingsError,
    StockLevel,
    UnavailableError,
    Unknown,
)
from orderweft.testing import Fault, brand
from orderweft_shopify.client import Client
from pydantic import ValidationError

from .test_with_simulator import Shop, connect

SKUS = brand.skus()
KEYED = "SetQuantities"


def level_of(sku: brand.Sku | None, quantity: int | None, location: str | None = "London", **more: Any) -> StockLevel:
    """Return a stock level of another system."""
    item = Item(barcode=sku.barcode, sku=sku.sku, style_number=sku.style_number) if sku else Item()
    values = {
        "origin": Origin(channel="wms", connection="wms", id="1"),
        "item": item,
        "warehouse": Named(name=location) if location else None,
        "quantity": quantity,
    }
    return StockLevel.model_validate({**values, **more})


def write(shop: Shop, *levels: StockLevel) -> list[Outcome]:
    """Write levels in one call."""
    return shopify.write_inventory(shop.connection, list(levels), "update")


def read(shop: Shop) -> list[RecordPage]:
    """Read all pages of stock."""
    return list(shopify.read_inventory(shop.connection))


def levels_in(pages: Sequence[RecordPage]) -> list[StockLevel]:
    """Return the levels of all pages."""
    return [record for page in pages for record in page.records if isinstance(record, StockLevel)]


def reasons(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what became of each level, refusals by their reason."""
    return [outcome.reason if isinstance(outcome, Refused) else outcome.outcome for outcome in outcomes]


def quantities(shop: Shop, *skus: brand.Sku) -> list[int]:
    """Return what the store has of each SKU in London."""
    return [shop.simulator.available(sku.sku, "London") for sku in skus]


def interfere(shop: Shop, operation: str, act: Callable[[], None], times: int = 1) -> None:
    """Let another system act right before the next calls of *operation*."""
    left = times

    def handler(request: Request) -> Response:
        nonlocal left
        if left and shop.simulator.operation(request) == operation:
            left -= 1
            act()
        return shop.handler(request)

    shop.connection = connect(shop.simulator, shop.clock, handler)


# reading


@pytest.mark.parametrize("nesting", [2, 3])
@pytest.mark.parametrize("parent", ["node", "object"])
def test_both_ways_of_reading_tell_the_same(nesting: int, parent: str) -> None:
    """Pages and the bulk operation give the same levels, and only the last page says that it is all."""
    told = []
    for settings in ({"read_by": "pages"}, {"bulk_from": 1}):
        pages = read(Shop(bulk_nesting=nesting, bulk_parent=parent, settings=settings))
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        told.append(sorted(levels_in(pages), key=lambda level: level.origin.id))
    assert told[0] == told[1]
    assert len(told[0]) == 2 * 135 + 15 + 5


def test_a_level_says_what_and_where() -> None:
    """A level carries every name of the item, the location with its number, and when it was counted."""
    level = next(level for level in levels_in(read(Shop())) if level.item.sku == SKUS[0].sku)
    assert (level.item.barcode, level.item.gtin) == (SKUS[0].barcode, f"0{SKUS[0].barcode}")
    assert (level.item.style_name, level.item.color, level.item.size) == ("Poplin Shirt", "Navy", "XS")
    assert level.item.style_number == "poplin-shirt"
    assert level.warehouse is not None
    assert level.warehouse.name == "London"
    assert (level.warehouse.code or "").isdigit()
    assert (level.quantity, level.bucket) == (500, "immediate")
    assert level.updated_at is not None


def test_levels_keep_what_is_promised() -> None:
    """Every level read satisfies the schema the source vouches for."""
    shop = Shop()
    schema = shopify.provides(shop.connection, "inventory")
    assert schema is not None
    checker = jsonschema.Draft202012Validator(schema)
    assert all(checker.is_valid(level.to_data()) for level in levels_in(read(shop)))


def test_only_the_chosen_locations_count() -> None:
    """With `locations` set nothing else is read, and a name the store does not have stops the reading."""
    levels = levels_in(read(Shop(settings={"locations": ["Rotterdam"]})))
    assert {level.warehouse and level.warehouse.name for level in levels} == {"Rotterdam"}
    with pytest.raises(SettingsError, match="locations: the store has no location 'Paris'; it has 'London'"):
        read(Shop(settings={"locations": ["Paris"]}))


def test_a_location_that_is_closed_does_not_count() -> None:
    """Stock at a deactivated location cannot be sold."""
    shop = Shop()
    shop.simulator.deactivate_location("Rotterdam")
    assert {level.warehouse and level.warehouse.name for level in levels_in(read(shop))} == {"London"}


def test_untracked_items_are_left_out_and_told() -> None:
    """What Shopify does not count is no stock; a warning on the last page says how many items that are."""
    pages = read(Shop())
    assert pages[-1].warnings == ("items whose stock Shopify does not track are left out: 1 (untracked)",)
    [made] = [
        level for level in levels_in(read(Shop(settings={"untracked": "made_to_order"}))) if level.quantity is None
    ]
    assert (made.bucket, made.item.sku) == ("made_to_order", "9001-888-OS")


@pytest.mark.parametrize("by", ["pages", "bulk"])
def test_metafields_become_flags_of_the_item(by: str) -> None:
    """A metafield in the namespace of the settings is a custom field; others are not read."""
    shop = Shop(settings={"read_by": by}, bulk_nesting=3)
    shop.simulator.set_metafield(SKUS[0].sku, "skip_joor", "1", namespace="orderweft")
    shop.simulator.set_metafield(SKUS[0].sku, "care", "dry clean", namespace="custom")
    fields = {level.item.sku: level.item.custom_fields for level in levels_in(read(shop))}
    assert fields[SKUS[0].sku] == {"skip_joor": "1"}
    assert fields[SKUS[1].sku] == {}


@pytest.mark.parametrize("by", ["pages", "bulk"])
def test_flags_of_a_product_hold_for_all_its_items(by: str) -> None:
    """A product's metafield stands below those of its variants, which come first."""
    shop = Shop(settings={"read_by": by}, bulk_nesting=3)
    records = (record for page in shopify.read_catalog(shop.connection) for record in page.records)
    product = next(record for record in records if isinstance(record, Product))
    told = {"ownerId": product.origin.id, "namespace": "orderweft", "key": "skip_push", "value": "1"}
    field = {**told, "type": "single_line_text_field"}
    shop.connection.once(Client).mutate("SetMetafields", "metafields", metafields=[field])
    first = next(product.items())
    shop.simulator.set_metafield(str(first.sku), "skip_push", "0", namespace="orderweft")
    flags = {
        level.item.sku: level.item.custom_fields.get("skip_push")
        for level in levels_in(read(shop))
        if level.item.style_name == first.style_name
    }
    assert flags.pop(first.sku) == "0"
    assert set(flags.values()) == {"1"}


def test_a_template_that_fails_holds_its_product_only() -> None:
    """A product the settings make no style of is told, and the reading does not claim to be everything."""
    shop = Shop(settings={"style_number": "{{ (variant.sku | split('-'))[3] if product.vendor else product.handle }}"})
    pages = read(shop)
    assert {each.id.split("/")[3] for page in pages for each in page.unread} == {"Product"}
    assert not pages[-1].complete


def test_templates_name_the_style_and_the_color() -> None:
    """Style number, identifier and color code come from wherever the store keeps them."""
    templates = {
        "style_number": "{{ variant.sku | split('-') | first }}",
        "style_identifier": "ST-{{ variant.sku | split('-') | first }}",
        "color_code": "{{ (variant.sku | split('-'))[1] }}",
    }
    level = next(level for level in levels_in(read(Shop(settings=templates))) if level.item.sku == SKUS[7].sku)
    assert (level.item.style_number, level.item.style_identifier) == ("1001", "ST-1001")
    assert level.item.color_code == SKUS[7].color_code


def test_on_hand_counts_what_orders_have_taken() -> None:
    """With `on_hand` the pieces orders have committed still count."""
    shop = Shop(settings={"quantity_name": "on_hand"})
    shop.deliver()
    level = next(level for level in levels_in(read(shop)) if level.item.sku == SKUS[0].sku)
    assert (level.quantity, shop.simulator.available(SKUS[0].sku, "London")) == (500, 498)


def test_which_products_count_can_be_searched() -> None:
    """A search limits what is read, and one Shopify does not understand stops the reading instead of giving all."""
    assert levels_in(read(Shop(settings={"product_search": "title:'Silk Scarf'"})))
    for by in ("pages", "bulk"):
        with pytest.raises(SettingsError, match="ignores the search filter colour"):
            read(Shop(settings={"product_search": "colour:navy", "read_by": by}))


@pytest.mark.parametrize(
    ("fate", "error", "says"),
    [
        pytest.param("failed", UnavailableError, "was failed", id="failed"),
        pytest.param("expired", UnavailableError, "expired", id="expired"),
        pytest.param("stuck", UnavailableError, "bulk_wait", id="stuck"),
        pytest.param("cut", UnavailableError, "cut short|of 4", id="cut short"),
        pytest.param("forbidden", UnavailableError, "HTTP 403", id="address expired"),
    ],
)
def test_a_bulk_operation_that_is_not_complete_gives_nothing(fate: Any, error: type[Exception], says: str) -> None:
    """Whatever happens to a bulk operation, part of the stock is never taken for all of it."""
    shop = Shop(settings={"read_by": "bulk", "bulk_wait": 60}, bulk_nesting=3)
    shop.simulator.plan_bulk(fate)
    with pytest.raises(error, match=says):
        read(shop)


def test_a_bulk_operation_waits_for_its_turn() -> None:
    """While the store runs as many as it may, the next one waits and then goes on."""
    shop = Shop(settings={"read_by": "bulk"}, bulk_nesting=3, bulk_limit=1, bulk_seconds=20.0)
    other = connect(shop.simulator, shop.clock, shop.handler, read_by="bulk")
    start = "RunBulkQuery"
    shop.handler.faults.append(Fault(start, "timeout_after"))
    assert levels_in(list(shopify.read_inventory(other)))
    assert shop.handler.calls.count(start) > 2


@pytest.mark.parametrize("operation", ["CountProducts", "BulkState", "bulk.download", "ReadProducts"])
def test_a_lost_answer_of_a_reading_is_asked_for_again(operation: str) -> None:
    """Reading may be repeated, so one lost answer does not stop it."""
    by = "pages" if operation == "ReadProducts" else "bulk"
    shop = Shop(Fault(operation, "reset_mid_body"), settings={"read_by": by}, bulk_nesting=3)
    assert len(levels_in(read(shop))) == 290


def test_a_large_result_is_fetched_in_pieces() -> None:
    """A server that serves ranges is asked for one after the other, and no line is lost between them."""
    shop = Shop(settings={"read_by": "bulk"}, bulk_nesting=3)
    ranges: list[str] = []

    def handler(request: Request) -> Response:
        answer = shop.handler(request)
        if shop.simulator.operation(request) != "bulk.download":
            return answer
        start, end = (int(place) for place in request.headers["range"].removeprefix("bytes=").split("-"))
        ranges.append(request.headers["range"])
        piece = answer.body[start : min(end + 1, start + 1000)]
        told = f"bytes {start}-{start + len(piece) - 1}/{len(answer.body)}"
        return Response(206, {"content-range": told}, piece)

    shop.connection = connect(shop.simulator, shop.clock, handler, read_by="bulk")
    assert len(levels_in(read(shop))) == 290
    assert len(ranges) > 50


# writing


def test_levels_are_set_and_read_back() -> None:
    """What is written is there afterwards; what is there already costs no write."""
    shop = Shop()
    wanted = [level_of(SKUS[0], 7), level_of(SKUS[0], 8, "Rotterdam"), level_of(SKUS[1], 500), level_of(SKUS[2], 0)]
    assert reasons(write(shop, *wanted)) == ["accepted", "accepted", "already_there", "accepted"]
    assert quantities(shop, *SKUS[:3]) == [7, 500, 0]
    assert shop.simulator.available(SKUS[0].sku, "Rotterdam") == 8
    assert set(reasons(write(shop, *wanted))) == {"already_there"}
    assert shop.handler.calls.count(KEYED) == 1


def test_a_level_goes_back_to_what_it_was() -> None:
    """The same number written once more later is a new write, not a repetition of the first."""
    shop = Shop()
    for quantity in (10, 5, 10):
        assert reasons(write(shop, level_of(SKUS[0], quantity))) == ["accepted"]
        assert quantities(shop, SKUS[0]) == [quantity]


def test_a_warehouse_is_known_by_name_number_or_gid() -> None:
    """The location is found by its name, its number or its gid; a level without a warehouse needs a setting."""
    shop = Shop()
    gid = next(level for level in levels_in(read(shop)) if level.warehouse and level.warehouse.name == "London")
    code = gid.warehouse.code if gid.warehouse else None
    by_number = level_of(SKUS[0], 3, warehouse={"name": "Main", "code": code})
    by_gid = level_of(SKUS[1], 4, f"gid://shopify/Location/{code}")
    assert reasons(write(shop, by_number, by_gid)) == ["accepted", "accepted"]
    [outcome] = write(shop, level_of(SKUS[0], 5, None))
    assert isinstance(outcome, Refused)
    assert "names no warehouse" in outcome.message
    chosen = Shop(settings={"stock_location": "London"})
    assert reasons(write(chosen, level_of(SKUS[0], 5, None))) == ["accepted"]


@pytest.mark.parametrize(
    ("level", "reason", "says"),
    [
        pytest.param(level_of(SKUS[0], 1, "Paris"), "invalid_field", "no active location 'Paris'", id="location"),
        pytest.param(level_of(None, 1), "invalid_field", "has no barcode", id="no barcode"),
        pytest.param(
            level_of(SKUS[0], 1, item={"barcode": "2999999999990"}), "unknown_item", "no variant", id="unknown"
        ),
        pytest.param(
            level_of(SKUS[0], 1, item={"barcode": "2900000000001"}), "unknown_item", "several variants", id="ambiguous"
        ),
        pytest.param(
            level_of(SKUS[0], 1, item={"barcode": "2900000000032"}), "refused", "does not track", id="untracked"
        ),
        pytest.param(
            level_of(SKUS[0], 1, bucket="future", available_on=date(2027, 1, 1)),
            "invalid_field",
            "keeps no stock for a later day",
            id="future",
        ),
        pytest.param(
            level_of(SKUS[0], None, bucket="made_to_order"), "invalid_field", "made-to-order", id="made to order"
        ),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(level: StockLevel, reason: str, says: str) -> None:
    """One level the store has no place for is refused with a sentence, and the others are written."""
    shop = Shop()
    refused, written = write(shop, level, level_of(SKUS[5], 9))
    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert says in refused.message
    assert isinstance(written, Accepted)


def test_an_item_can_be_known_by_its_sku() -> None:
    """With `item_identifier = "sku"` the SKU counts, to the letter."""
    shop = Shop(settings={"item_identifier": "sku"})
    other = level_of(None, 4, item={"sku": SKUS[0].sku.lower()})
    assert reasons(write(shop, level_of(None, 3, item={"sku": SKUS[0].sku}), other)) == ["accepted", "unknown_item"]


def test_future_stock_can_be_dropped() -> None:
    """With `future_stock = "drop"` it is taken for settled, with a remark."""
    shop = Shop(settings={"future_stock": "drop"})
    [outcome] = write(shop, level_of(SKUS[0], 1, bucket="future", available_on=date(2027, 1, 1)))
    assert isinstance(outcome, Accepted)
    assert "left out" in outcome.receipt.remarks[0]
    assert KEYED not in shop.handler.calls


def test_two_levels_of_one_place_are_both_refused() -> None:
    """Nobody can tell which of two numbers for one item and location is right."""
    shop = Shop()
    outcomes = write(shop, level_of(SKUS[0], 1), level_of(SKUS[0], 2), level_of(SKUS[1], 3))
    assert reasons(outcomes) == ["invalid_field", "invalid_field", "accepted"]


def test_overwriting_is_refused_before_anything_is_sent() -> None:
    """Shopify has no call that clears what is not named."""
    shop = Shop()
    with pytest.raises(SettingsError, match="write_mode"):
        shopify.write_inventory(shop.connection, [level_of(SKUS[0], 1)], "overwrite")
    assert shop.handler.calls == []


@pytest.mark.parametrize("field", ["entry", "quantity", "none"])
@pytest.mark.parametrize("batch", ["refused", "partly"])
def test_stock_sold_meanwhile_is_looked_at_again(field: str, batch: str) -> None:
    """A number that changed between reading and writing is read again, and then set under a new key."""
    shop = Shop(stale_field=field, stale_batch=batch)
    interfere(shop, KEYED, lambda: shop.simulator.set_stock(SKUS[1].sku, "London", 77))
    outcomes = write(shop, level_of(SKUS[0], 1), level_of(SKUS[1], 2), level_of(SKUS[2], 3))
    assert all(isinstance(outcome, Accepted | AlreadyThere) for outcome in outcomes)
    assert quantities(shop, *SKUS[:3]) == [1, 2, 3]
    keys = [variables["key"] for name, variables in shop.simulator.log if name == KEYED]
    assert len(keys) == len(set(keys)) == 2


def test_stock_that_never_stands_still_is_left_for_later() -> None:
    """After three rounds the level is not sent, so that a run comes to an end."""
    shop, sold = Shop(), iter(range(400, 0, -1))
    interfere(shop, KEYED, lambda: shop.simulator.set_stock(SKUS[0].sku, "London", next(sold)), times=9)
    [outcome] = write(shop, level_of(SKUS[0], 1))
    assert isinstance(outcome, NotSent)
    assert shop.handler.calls.count(KEYED) == 3


def test_one_bad_item_does_not_keep_the_others_back() -> None:
    """Shopify refuses a whole batch for one entry; that one is refused by name and the rest is sent without it."""
    shop = Shop()
    shop.simulator.bundle(SKUS[1].sku)
    outcomes = write(shop, *(level_of(sku, 5) for sku in SKUS[:4]))
    assert reasons(outcomes) == ["accepted", "refused", "accepted", "accepted"]
    assert quantities(shop, SKUS[0], SKUS[2], SKUS[3]) == [5, 5, 5]


def test_an_item_deleted_meanwhile_is_told() -> None:
    """A variant that disappears between the look-up and the write is refused alone."""
    shop = Shop()
    interfere(shop, "StockAt", lambda: shop.simulator.delete_variant(SKUS[1].sku))
    assert reasons(write(shop, level_of(SKUS[0], 5), level_of(SKUS[1], 5))) == ["accepted", "unknown_item"]


def test_a_negative_count_is_refused_where_it_cannot_be() -> None:
    """Available stock may be below zero; what is on the shelf may not."""
    assert reasons(write(Shop(), level_of(SKUS[0], -2))) == ["accepted"]
    shop = Shop(settings={"quantity_name": "on_hand"})
    assert reasons(write(shop, level_of(SKUS[0], -2), level_of(SKUS[1], 2))) == ["invalid_field", "accepted"]
    schema = shopify.accepts(shop.connection, "inventory")
    assert schema is not None
    assert not jsonschema.Draft202012Validator(schema).is_valid(level_of(SKUS[0], -2).to_data())


@pytest.mark.parametrize("stocked", ["accepted", "refused"])
def test_an_item_is_stocked_where_it_was_not(stocked: str) -> None:
    """An item that is not stocked at the location is activated there first, whether or not Shopify needs it."""
    shop = Shop(unstocked_location=stocked)
    shop.simulator.unstock(SKUS[0].sku, "Rotterdam")
    assert reasons(write(shop, level_of(SKUS[0], 5, "Rotterdam"))) == ["accepted"]
    assert shop.simulator.available(SKUS[0].sku, "Rotterdam") == 5
    assert shop.handler.calls.count("ActivateItem") == 1


def test_activating_can_be_switched_off() -> None:
    """With `activate = false` such a level is refused with what to do."""
    shop = Shop(settings={"activate": False})
    shop.simulator.unstock(SKUS[0].sku, "Rotterdam")
    [outcome] = write(shop, level_of(SKUS[0], 5, "Rotterdam"))
    assert isinstance(outcome, Refused)
    assert "not stocked there" in outcome.message


# lost answers


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_mid_body"])
@pytest.mark.parametrize("operation", [KEYED, "ActivateItem"])
def test_a_lost_answer_is_repeated_under_the_same_key(kind: Any, operation: str) -> None:
    """The same call under the same key is harmless, and tells what became of the first."""
    shop = Shop(Fault(operation, kind))
    shop.simulator.unstock(SKUS[0].sku, "Rotterdam")
    assert reasons(write(shop, level_of(SKUS[0], 5, "Rotterdam"))) == ["accepted"]
    assert shop.simulator.available(SKUS[0].sku, "Rotterdam") == 5
    sent = [json.dumps(variables, sort_keys=True) for name, variables in shop.simulator.log if name == operation]
    assert len(set(sent)) == 1


def test_no_answer_at_all_is_in_doubt() -> None:
    """When no repetition is answered either, nobody pretends to know."""
    shop = Shop(Fault(KEYED, "timeout_after", times=9))
    assert reasons(write(shop, level_of(SKUS[0], 5), level_of(SKUS[1], 500))) == ["unknown", "already_there"]


def test_a_doubt_stays_when_the_store_goes_away() -> None:
    """A call without an answer is in doubt, whatever becomes of its repetitions."""
    shop = Shop(Fault(KEYED, "timeout_after"), Fault(KEYED, "refuse", call=2, times=9))
    assert reasons(write(shop, level_of(SKUS[0], 5))) == ["unknown"]
    assert quantities(shop, SKUS[0]) == [5]
    assert reasons(write(shop, level_of(SKUS[0], 5))) == ["already_there"]


@pytest.mark.parametrize("seconds", [3.0, 30.0])
def test_a_call_that_still_runs_is_waited_for(seconds: float) -> None:
    """A key that is still being worked on is asked for again; one that takes too long is in doubt."""
    shop = Shop(Fault(KEYED, "timeout_after"), working_seconds=seconds)
    [outcome] = write(shop, level_of(SKUS[0], 5))
    assert isinstance(outcome, Accepted if seconds < 4 else Unknown)


def test_a_key_whose_call_failed_inside_is_replaced() -> None:
    """Shopify wants a new key after a failure of its own, and nothing was written with the old one."""
    shop = Shop()
    shop.simulator.fail_inside()
    assert reasons(write(shop, level_of(SKUS[0], 5))) == ["accepted"]
    assert quantities(shop, SKUS[0]) == [5]
    shop.simulator.fail_inside(9)
    assert reasons(write(shop, level_of(SKUS[0], 6))) == ["unknown"]


def test_a_store_that_cannot_be_reached_takes_nothing() -> None:
    """Before the first write an error counts for the whole call; after it, only for what is left."""
    shop = Shop(Fault(KEYED, "refuse"))
    with pytest.raises(UnavailableError):
        write(shop, level_of(SKUS[0], 5))
    shop = Shop(Fault(KEYED, "refuse"))
    shop.simulator.unstock(SKUS[0].sku, "Rotterdam")
    assert reasons(write(shop, level_of(SKUS[0], 5, "Rotterdam"))) == ["not_sent"]


def test_a_missing_scope_is_told() -> None:
    """Without `write_inventory` nothing is written, and the message names the scope."""
    scopes = ("write_orders", "read_products", "write_customers", "read_inventory", "read_locations")
    with pytest.raises(AuthenticationError, match="write_inventory"):
        write(Shop(scopes=scopes), level_of(SKUS[0], 5))


def test_every_write_compares_and_has_a_key() -> None:
    """No quantity is sent without what it has to be until then, and no key is used for two bodies."""
    shop = Shop()
    write(shop, *(level_of(sku, number) for number, sku in enumerate(SKUS[:30])))
    write(shop, *(level_of(sku, number + 1) for number, sku in enumerate(SKUS[:30])))
    sent = [variables for name, variables in shop.simulator.log if name == KEYED]
    assert len({variables["key"] for variables in sent}) == len(sent) == 2
    entries = [entry for variables in sent for entry in variables["input"]["quantities"]]
    assert all(isinstance(entry["changeFromQuantity"], int) for entry in entries)


def test_settings_that_cannot_both_hold_are_told() -> None:
    """A wholesale price of its own leaves the variant's price to be retail."""
    with pytest.raises(ValidationError, match="price_is"):
        shopify.Settings.model_validate(
            {"shop": "a", "token": "t", "price_is": "wholesale", "wholesale_metafield": "ws"}
        )
