"""What connectors do with stock and products today and what only this one does, asked of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from orderweft.testing import Fault, Response, brand

from .houses import (
    BARCODES,
    IN_JOOR,
    ORDERS,
    SEASONS,
    SHOP_STOCK,
    SHOP_STYLES,
    ZEDONK_CUSTOMERS,
    ZEDONK_STOCK,
    ZEDONK_STYLES,
    House,
    house,
)

NAVY_S = "1001-401-S"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[House]:
    """Give a Shopify shop whose stock in London goes to a JOOR account that has the same products."""
    with house(tmp_path, joor={}, shop={}) as opened:
        opened.pipe("stock", SHOP_STOCK)
        yield opened


def changes(opened: House, stock: dict[str, int]) -> None:
    """Set stock in London, and let the shop's index follow."""
    for sku, quantity in stock.items():
        opened.shop.set_stock(sku, "London", quantity)
    opened.clock.sleep(60)


def sent(opened: House) -> dict[str, int]:
    """Return what JOOR was sent since last asked, by barcode."""
    return {row["upc"]: row["inventory"] for row in opened.stock_rows()}


# What Order Desk does


def test_od5_stock_is_sent_when_there_is_a_pipeline_for_it(tmp_path: Path) -> None:
    """Without an inventory pipeline JOOR's stock is left alone; with one, counts are sent as they change."""
    with house(tmp_path, joor={}, shop={}) as opened:
        opened.pipe("orders", ORDERS, destination="shop")
        opened.shop.set_stock(NAVY_S, "London", 10)
        opened.say("run")
        assert (opened.written(), opened.in_joor(NAVY_S)) == (0, 500)
        opened.pipe("stock", SHOP_STOCK)
        opened.say("run", "stock").expect(0, "150 stock levels written")
        assert (len(sent(opened)), opened.in_joor(NAVY_S)) == (150, 10)
        changes(opened, {NAVY_S: 9})
        opened.say("run", "stock").expect(0, "1 stock level written, 149 unchanged")
        assert sent(opened) == {BARCODES[NAVY_S]: 9}


@pytest.mark.parametrize(("mode", "others"), [("update", 500), ("overwrite", None)], ids=["update", "overwrite"])
def test_od6_update_leaves_others_alone_and_overwrite_drops_them(both: House, mode: str, others: int | None) -> None:
    """`update` leaves each style alone that the source does not name; `overwrite` takes its stock away."""
    both.pipe("stock", write_mode=mode, source_options={"product_search": "title:Poplin*"})
    changes(both, {NAVY_S: 8})
    both.say("run", "--allow-drop").expect(0, "15 stock levels written")
    assert (both.in_joor(NAVY_S), both.in_joor("1002-401-S")) == (8, others)


def test_od6_the_first_overwrite_is_stopped_when_it_would_clear_much(both: House) -> None:
    """What nobody has sent before counts too: an account full of stock is not cleared without a word."""
    both.pipe("stock", write_mode="overwrite", source_options={"product_search": "title:Poplin*"})
    told = "135 of 150 stock levels at JOOR are not at Shopify, and an overwrite clears them (90 %"
    both.say("plan").expect(3, told, "To zero: 135 stock levels", "The guard would stop it")
    both.say("run").expect(3, told, "Stopped before anything was written")
    assert both.written() == 0


def test_od6_an_overwrite_of_everything_needs_no_leave(both: House) -> None:
    """A complete source overwrites at once, and again only when something has changed."""
    both.pipe("stock", write_mode="overwrite")
    both.say("run").expect(0, "150 stock levels written")
    both.written()
    both.say("run").expect(0, "0 stock levels written, 150 unchanged")
    assert both.written() == 0
    changes(both, {NAVY_S: 8})
    both.say("run").expect(0, "150 stock levels written")
    assert len(sent(both)) == 150


def test_od7_items_are_named_by_upc_or_by_four_templates(both: House) -> None:
    """An item goes out by its UPC, or by style number, style identifier, color code and size, each a template."""
    both.say("run").expect(0)
    assert set(both.joor.log[-1].body["inventory_items"][0]) == {"upc", "warehouse", "inventory"}
    both.joor.log.clear()
    both.pipe(
        "stock",
        destination_options={
            "item_identifier": "style",
            "style_number": "{{ (item.sku | split('-'))[0] }}",
            "style_identifier": "ST-{{ (item.sku | split('-'))[0] }}",
            "color_code": "{{ (item.sku | split('-'))[1] }}",
            "size": "{{ (item.sku | split('-'))[2] | upper }}",
        },
    )
    changes(both, {NAVY_S: 8})
    both.say("run").expect(0)
    [row] = [row for row in both.stock_rows() if row["inventory"] == 8]
    assert {**row, "warehouse": None} == {
        "warehouse": None,
        "style_number": "1001",
        "style_identifier": "ST-1001",
        "color_code": "401",
        "size": "S",
        "inventory": 8,
    }
    assert both.in_joor(NAVY_S) == 8


@pytest.mark.parametrize(("flag", "stays_out"), [("skip_push", True), ("skip_joor", True), ("skip_zedonk", False)])
def test_od9_an_item_is_kept_out_by_a_flag(both: House, flag: str, stays_out: bool) -> None:
    """`skip_push` keeps an item out of every push, `skip_joor` out of those to JOOR, another channel's does not."""
    both.shop.set_metafield(NAVY_S, flag, "1", namespace="orderweft")
    changes(both, {NAVY_S: 8, "1001-401-M": 9})
    said = both.say("run", "--json")
    assert (said.code, said.json["counts"].get("skipped", 0)) == (0, int(stays_out))
    assert (both.in_joor(NAVY_S), both.in_joor("1001-401-M")) == (500 if stays_out else 8, 9)


# What Extensiv and Zedonk do


def test_ex2_levels_of_the_backend_reach_joor(tmp_path: Path) -> None:
    """Stock read from the system that runs the warehouse is delivered to JOOR, in the warehouse of that name."""
    with house(tmp_path, joor={}, zedonk={"locations": "several"}) as opened:
        opened.pipe("stock", ZEDONK_STOCK, destination_options={"known_warehouses": ["EU Warehouse"]})
        opened.zedonk.set_stock(BARCODES[NAVY_S], 33, season=SEASONS[0], location="EU Warehouse")
        opened.zedonk.set_stock(BARCODES[NAVY_S], 4, season=SEASONS[1], location="EU Warehouse")
        opened.zedonk.export_files()
        opened.say("run")
        assert opened.in_joor(NAVY_S, warehouse="EU Warehouse") == 37
        assert opened.in_joor(NAVY_S) == 400


def test_ex3_details_and_prices_of_products_are_kept_up_to_date(tmp_path: Path) -> None:
    """A style whose price and category change in the backend changes in JOOR, and only that one is sent."""
    with house(tmp_path, joor={"catalog": "none"}, zedonk={}) as opened:
        opened.pipe("styles", ZEDONK_STYLES)
        opened.say("run").expect(0)
        for color, _ in brand.COLORS:
            opened.zedonk.set_price("1002", color, SEASONS[0], "61.00")
        opened.zedonk.work()
        opened.say("plan").expect(0, "prices.0.wholesale 52.50 61.00")
        opened.say("run").expect(0, "1 product written, 14 unchanged")
        costs = {sku.prices["GBP Wholesale"].wholesale for sku in opened.joor.products["1002"].skus}
        assert costs == {Decimal("61.00")}


@pytest.mark.parametrize(
    ("table", "settings", "told"),
    [
        ({**ZEDONK_STYLES, "source": "joor", "destination": "zedonk"}, {}, "zedonk cannot take catalog"),
        ({**ZEDONK_STOCK, "source_options": {}}, {}, "zedonk (zedonk) cannot supply inventory with these settings"),
        ({**ZEDONK_STYLES, "map": {}}, {"client_id": None}, "JOOR's v4 API, which takes styles, needs client_id"),
    ],
    ids=["never", "not with these settings", "not without v4"],
)
def test_ex3_a_backend_that_cannot_is_told_when_it_is_configured(
    tmp_path: Path, table: dict[str, Any], settings: dict[str, Any], told: str
) -> None:
    """What an end cannot supply or take is said by `check`, without asking anybody, before the first run."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        opened.connect("joor", **({"acknowledge": "none", **settings} if settings else {}))
        opened.pipe("records", table)
        opened.say("check", "--offline").expect(2, told)


def test_ex7_stock_needs_a_warehouse(tmp_path: Path) -> None:
    """Without a warehouse of JOOR's no stock is sent, and the setting that is missing is named."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        opened.pipe("stock", ZEDONK_STOCK, destination_options={"warehouse": None})
        for command in (("check", "--offline"), ("run",)):
            opened.say(*command).expect(2, "JOOR needs a warehouse for stock: set warehouse to its name")
        assert opened.written() == 0
        opened.pipe("stock", destination_options=IN_JOOR)
        opened.say("run")
        assert opened.in_joor("1002-110-L") == 500


# What the connector for Shopify does


def test_s3_an_order_takes_the_stock_of_its_location(tmp_path: Path) -> None:
    """An order assigned to a location is fulfilled from there, and JOOR hears what is left in that warehouse."""
    with house(tmp_path, joor={}, shop={}) as opened:
        opened.pipe("orders", ORDERS, destination="shop", destination_options={"location": "Rotterdam"})
        opened.pipe("stock", SHOP_STOCK, source_options={"locations": ["Rotterdam"]})
        opened.joor.add_order({NAVY_S: 4})
        opened.say("run", "orders").expect(0, "1 order delivered")
        assert opened.shop.orders[0].fulfillment_state == "FULFILLED"
        opened.clock.sleep(60)
        opened.say("run", "stock").expect(0)
        assert (opened.in_joor(NAVY_S), opened.in_joor("1001-401-M")) == (196, 200)


def test_s13_shopifys_products_and_stock_are_synced_to_joor(tmp_path: Path) -> None:
    """A new JOOR account gets the shop's products with colors, sizes, barcodes and prices, and then their stock."""
    with house(tmp_path, joor={"catalog": "none"}, shop={}) as opened:
        opened.pipe("styles", SHOP_STYLES)
        opened.pipe("stock", SHOP_STOCK)
        opened.say("run", "styles").expect(0, "10 products written")
        blouse = opened.joor.products["1002"]
        assert {(sku.color.value, sku.size.value, sku.barcode) for sku in blouse.skus} == {
            (sku.color, sku.size, sku.barcode) for sku in brand.skus() if sku.style_number == "1002"
        }
        assert {price.wholesale for sku in blouse.skus for price in sku.prices.values()} == {Decimal("125.00")}
        opened.say("run", "stock").expect(0, "150 stock levels written")
        assert opened.in_joor("1002-110-M") == 500
        opened.say("run", "styles").expect(0, "0 products written, 10 unchanged")


# What none of them does


@pytest.mark.parametrize("words", [("plan", "stock"), ("run", "stock", "--dry-run")], ids=["plan", "run --dry-run"])
def test_b3_a_plan_shows_what_would_change_and_changes_nothing(both: House, words: tuple[str, ...]) -> None:
    """A plan tells what is there, what would be and what would be held, and leaves JOOR and the ledger as they are."""
    said = both.say(*words)
    said.expect(0, "New: 150 stock levels", "Nothing was changed. A run would write 150 stock levels")
    assert (both.written(), list(both.folder.glob("*.db*"))) == (0, [])
    both.say("run")
    both.written()
    before = (both.folder / "orderweft.db").read_bytes()
    changes(both, {NAVY_S: 8, "1001-401-M": 0})
    said = both.say(*words)
    said.expect(0, "To zero: 1 stock level", "Changed: 1 stock level", "quantity 500 0", "quantity 500 8")
    assert (both.written(), both.in_joor(NAVY_S)) == (0, 500)
    assert (both.folder / "orderweft.db").read_bytes() == before


def test_b8_only_what_changed_is_sent(both: House) -> None:
    """Of 150 levels two that changed are sent, in one call; when nothing changed nothing is."""
    both.say("run")
    both.written()
    both.say("run").expect(0, "0 stock levels written, 150 unchanged")
    assert both.written() == 0
    changes(both, {NAVY_S: 8, "1003-110-L": 7})
    both.say("run").expect(0, "2 stock levels written, 148 unchanged")
    assert len(both.joor.log) == 1
    assert sent(both) == {BARCODES[NAVY_S]: 8, BARCODES["1003-110-L"]: 7}


def test_b8_holds_for_products_and_customers_too(tmp_path: Path) -> None:
    """One style and one customer that changed are sent, and the others are not."""
    with house(tmp_path, joor={"catalog": "none", "match_hours": 1}, zedonk={}) as opened:
        opened.pipe("styles", ZEDONK_STYLES)
        opened.pipe("customers", ZEDONK_CUSTOMERS)
        opened.say("run", "styles")
        opened.say("run", "customers")
        opened.clock.sleep(90_000)
        opened.say("run", "customers")
        opened.zedonk.set_price("1010", "Navy", SEASONS[0], "33.00")
        opened.zedonk.rename_customer("C104", "Tienda Nueva SL")
        opened.zedonk.work()
        opened.written()
        opened.say("run", "styles").expect(0, "1 product written, 14 unchanged")
        opened.say("run", "customers").expect(0, "1 customer written, 7 unchanged")
        assert [len(call.body) for call in opened.joor.log if call.operation.startswith("customers")] == [1]


def test_a_level_that_goes_and_comes_back_is_sent_each_time(both: House) -> None:
    """10, then 5, then 10 again: what was confirmed last counts, not what was sent once."""
    for quantity in (10, 5, 10):
        changes(both, {NAVY_S: quantity})
        both.say("run").expect(0)
        assert (sent(both)[BARCODES[NAVY_S]], both.in_joor(NAVY_S)) == (quantity, quantity)


def test_an_answer_that_is_lost_has_the_level_sent_again(both: House) -> None:
    """When JOOR has taken the stock and its answer is lost, the same is sent again and counted once."""
    both.say("run")
    changes(both, {NAVY_S: 8})
    both.written()
    both.doors["joor"].faults.append(Fault("inventory.write", "timeout_after", call=2))
    both.say("run").expect(0, "1 stock level written, 149 unchanged")
    assert ([row["inventory"] for row in both.stock_rows()], both.in_joor(NAVY_S)) == ([8, 8], 8)


def test_a_destination_that_is_down_loses_nothing(both: House) -> None:
    """When JOOR cannot be reached the run says so, and the next one sends what is left."""
    both.doors["joor"].faults.append(Fault("inventory.write", "answer_before", times=4, response=Response(503)))
    both.say("run").expect(4, "joor", "503")
    assert both.in_joor(NAVY_S) == 500
    changes(both, {NAVY_S: 8})
    both.say("run").expect(0, "150 stock levels written")
    assert both.in_joor(NAVY_S) == 8


def test_a_row_joor_does_not_take_is_held_by_itself(both: House) -> None:
    """A barcode JOOR does not know holds its own level, and goes once the product is there."""
    both.joor.delete_style("1010")
    said = both.say("run")
    said.expect(3, "135 stock levels written", "15 stock levels held", "15 stock levels wait for somebody")
    both.say("records", "stock", "ribbed-top Navy M").expect(0, "held", "Make sure that the UPC")
    barcodes = [sku.barcode for sku in brand.skus() if sku.style_number == "1010"]
    both.joor.add_style_by_hand("1010", colors=("Navy", "Ecru", "Moss"), sizes=brand.SIZES, barcodes=barcodes)
    both.written()
    both.say("run").expect(3, "0 stock levels written")  # not at once, so that JOOR is not asked the same all day
    both.clock.sleep(86_400)
    both.say("run").expect(0, "15 stock levels written, 135 unchanged")
    assert both.in_joor("1010-401-M") == 3


def test_two_items_of_one_barcode_are_both_held(both: House) -> None:
    """Items that JOOR could not tell apart are held, never added up or chosen from; the others go."""
    both.pipe("stock", source_options={"product_search": None})
    [held] = [one for one in both.say("run", "--json").json["holds"] if "2900000000001" in one["label"]]
    assert "2 records of Shopify are the same for JOOR" in held["message"]
    assert held["message"].endswith("none of them is sent")
    assert "2900000000001" not in {row["upc"] for row in both.stock_rows()}


# The guard


def test_the_guard_stops_a_run_that_would_empty_the_shelves(both: House) -> None:
    """When much would fall to zero nothing is sent, counts and examples are told, and a person may let it through."""
    both.say("run")
    both.written()
    changes(both, dict.fromkeys(list(BARCODES)[:40], 0))
    said = both.say("run")
    said.expect(3, "40 of 150 stock levels would fall to zero (27 %, zeroed_percent allows 20)", "and 35 more")
    said.expect(3, "poplin-shirt Navy XS (2000000000008) in Default", "`orderweft run stock --allow-drop` goes on")
    assert (both.written(), both.in_joor(NAVY_S)) == (0, 500)
    both.say("plan").expect(3, "To zero: 40 stock levels", "The guard would stop it")
    both.say("run", "--allow-drop").expect(0, "40 stock levels written", "let through by --allow-drop")
    assert both.in_joor(NAVY_S) == 0
    both.say("run").expect(0, "0 stock levels written")


@pytest.mark.parametrize(
    ("spoilt", "code", "told"),
    [
        ("empty", 4, "Zedonk's export has no stock of"),
        ("short", 3, "stock levels sent before are no longer at Zedonk"),
        ("cut off", 4, "inventory"),
    ],
)
def test_the_guard_stops_a_source_that_is_not_whole(tmp_path: Path, spoilt: str, code: int, told: str) -> None:
    """An export that is empty, far too short, or cut off in the middle of a row clears nothing in JOOR."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        item = "stock_level.item"
        unknown = f"{item}.style_number in ['2001', '2003', '2004'] or {item}.custom_fields.fabric == 'Flannel'"
        opened.pipe("stock", ZEDONK_STOCK, write_mode="overwrite", source_options={"stock_seasons": [SEASONS[0]]})
        opened.pipe("stock", skip=[{"when": unknown, "reason": "not in JOOR"}])
        opened.say("run").expect(0, "150 stock levels written")
        opened.written()
        if spoilt == "empty":
            opened.zedonk.empty_export("inventory")
        else:
            opened.zedonk.truncate_export("inventory", rows=60 if spoilt == "short" else None)
        opened.say("run").expect(code, told)
        assert (opened.written(), opened.in_joor("1002-401-S")) == (0, 200)


def test_an_overwrite_is_refused_while_something_is_held(both: House) -> None:
    """An overwrite clears what it does not name, so one held level stops it, even one that only lacks a barcode."""
    both.pipe("stock", write_mode="overwrite", source_options={"product_search": None})
    both.say("run", "--json").expect(3)
    assert both.written() == 0
    said = both.say("run")
    said.expect(3, "1 stock level is held, and an overwrite would clear it")
    both.pipe("stock", skip=[{"when": "'awkward' in stock_level.item.style_number", "reason": "samples"}])
    both.say("run").expect(
        0, "150 stock levels written", "stock levels left out by flags or rules, which an overwrite clears: "
    )


def test_an_overwrite_is_everything_or_nothing(both: House) -> None:
    """`--limit` and an overwrite do not go together."""
    both.pipe("stock", write_mode="overwrite")
    both.say("run", "--limit", "3").expect(2, "an overwrite is everything or nothing; leave --limit out")


def test_future_stock_that_moves_leaves_nothing_behind(tmp_path: Path) -> None:
    """A day that is no longer told of an item that still is falls to zero; so does one that has become stock of now."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        opened.pipe("stock", ZEDONK_STOCK, source_options={"include_future_ats": True})
        docket = opened.zedonk.add_docket(BARCODES["1005-330-L"], 30, date(2027, 3, 1))
        opened.zedonk.work()
        opened.say("run")
        docket.start_date = date(2027, 4, 15)
        opened.zedonk.work()
        plan = opened.say("plan", "--json").json["planned"]
        assert {one["label"].rpartition(" from ")[2]: one["action"] for one in plan if "1005" in one["label"]} == {
            "2027-03-01": "zero",
            "2027-04-15": "new",
        }
        opened.stock_rows()
        opened.say("run")
        rows = {row.get("inventory_date"): row["inventory"] for row in opened.stock_rows() if "upc" in row}
        assert (rows["2027-03-01"], rows["2027-04-15"]) == (0, 30)
