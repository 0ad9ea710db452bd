"""Whatever is uncertain about the three systems, played every way: stock, styles, customers and orders come through.

An account that needs a setting is told so, or holds what it cannot take, and nothing wrong is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from orderweft.errors import SettingsError
from orderweft.runs import RecordReport
from orderweft.testing import Fault, brand
from orderweft_joor.simulator.switches import Switches as JoorSwitches
from orderweft_joor.simulator.switches import resolve as resolved_joor
from orderweft_shopify.simulator.switches import Switches as ShopSwitches
from orderweft_zedonk.simulator.model import Sku
from orderweft_zedonk.simulator.switches import SEEDED
from orderweft_zedonk.simulator.switches import Switches as ZedonkSwitches

from . import test_switches as orders
from .houses_small import NOWHERE, SKUS, ZEDONK_STYLE, Small, small
from .joor.test_shipments import LEFT_OPEN as SHIPPED

Switch = Mapping[str, Any]
Case = tuple[Switch, Mapping[str, Any]]
"""Switches of a simulator, and the settings an account like that asks for."""

FROM_JOOR: Sequence[Case] = [
    ({"root_node": "whole"}, {}),
    ({"root_node": "list"}, {}),
    ({"list_name": "order"}, {}),
    ({"root_node": "list", "list_name": "order", "single_as_object": True}, {}),
    ({"single_as_object": True}, {}),
    ({"code": "text"}, {}),
    ({"empty_list": "list"}, {}),
    ({"missing": "null"}, {}),
    ({"numbers": "text"}, {}),
    ({"last_page": "zero"}, {}),
    ({"last_page": "empty"}, {}),
    ({"last_page": "repeat"}, {}),
    ({"last_page": "beyond"}, {}),
    ({"response_count": "page"}, {}),
    ({"sort": "newest"}, {}),
    ({"max_count": 1}, {}),
    ({"max_count": 1, "last_page": "beyond"}, {}),
    ({"inner_nodes": "kept"}, {}),
    ({"inner_nodes": "kept", "empty_list": "list", "missing": "null"}, {}),
    ({"style_key": "product_identifier"}, {"v4_external_id": "style_number", "catalog_api": "v4"}),
    ({"style_key": "product_identifier"}, {}),
    ({"v4_pages": "pages"}, {"catalog_api": "v4"}),
    ({"price_values": "number"}, {"catalog_api": "v4"}),
    ({"v2_errors": "status"}, {}),
    ({"auth": "lenient"}, {}),
    ({"throttle": "off"}, {}),
    ({"retry_after": True}, {}),
]
JOOR_STYLES = {
    "moves": "catalog",
    "source": "joor",
    "destination": "shop",
    "destination_options": {"price_label": "GBP Wholesale", "price_is": "wholesale"},
}
JOOR_STOCK = {
    "moves": "inventory",
    "source": "joor",
    "destination": "shop",
    "destination_options": {"stock_location": "London"},
}
FEW = [{"when": "customer.account_code not in ['C100', 'C107', 'C108']", "reason": "three are enough"}]
JOOR_CUSTOMERS = {"moves": "customers", "source": "joor", "destination": "shop", "skip": FEW}


def named(case: Any) -> str:
    """Return a name for a case."""
    if isinstance(case, Mapping) and "moves" in case:
        return f"{case['moves']} {case['source']} to {case['destination']}"
    if isinstance(case, Mapping):
        return ", ".join(f"{name}={value}" for name, value in case.items()) or "default"
    return str(case)


def told(report: RecordReport) -> str:
    """Return what a report says, whichever way it ended."""
    holds = "; ".join(f"{row.label}: {row.message} {row.fix or ''}" for row in report.holds[:3])
    return f"{report.result} {dict(report.counts)} {report.error} {report.stops} {holds}"


def done(report: RecordReport) -> RecordReport:
    """Assert that a run came through with nothing held, and return its report."""
    assert report.result == "done", told(report)
    return report


@pytest.mark.parametrize(("switches", "settings"), FROM_JOOR, ids=named)
def test_every_kind_of_joor_gives_the_same_stock_styles_and_customers(
    tmp_path: Path, switches: Switch, settings: Switch
) -> None:
    """However JOOR writes, pages and sorts, Shopify ends up with the same stock, prices and customers."""
    house = small(tmp_path, joor=switches, shop={}, settings={"joor": {"page_size": 1, **settings}})
    for sku in SKUS[::2]:
        house.shop.set_stock(sku.sku, "London", 7)
    house.joor.sell({SKUS[4].sku: 20})
    done(house.run(JOOR_STOCK))
    assert [house.shop.available(sku.sku, "London") for sku in SKUS] == [500] * 4 + [480] + [500] * 25
    house.settings["joor"] = {"catalog_api": "v2", **house.settings["joor"]}
    assert done(house.run(JOOR_STYLES)).counts["read"] == 2
    assert done(house.run(JOOR_CUSTOMERS)).counts["written"] == 2


# stock to JOOR

STOCK: Sequence[Case] = [
    ({"inventory_json": "wrapped"}, {"inventory_json": "list"}),
    ({"identifier_spelling": "identifer"}, {"item_identifier": "style", "identifier_spelling": "style_identifer"}),
    ({"identifier_spelling": "identifier"}, {"item_identifier": "style"}),
    ({"identifier_spelling": "identifer"}, {}),
    ({"immediate": "fails"}, {}),
    ({"immediate": "refused"}, {}),
    ({"immediate": "required"}, {"immediate_date": "IMMEDIATE"}),
    ({"immediate": "accepted"}, {"immediate_date": "IMMEDIATE"}),
    ({"inventory_dates": "iso"}, {}),
    ({"inventory_dates": "us"}, {"future_dates": "MM-DD-YYYY"}),
    ({"inventory_dates": "both"}, {"future_dates": "MM-DD-YYYY"}),
    ({"negative_stock": "clamped"}, {}),
    ({"made_to_order_stays": True}, {"made_to_order_flag": "always"}),
    ({"inventory_log": "object"}, {}),
    ({"inventory_log": "absent"}, {}),
    ({"log_sku": "joined"}, {}),
    ({"log_sku": "joined"}, {"item_identifier": "style"}),
    ({"inventory_log": "object", "log_sku": "joined", "root_node": "whole"}, {}),
    ({"max_rows": 7}, {"rows_per_call": 7}),
    ({"root_node": "whole", "code": "text", "numbers": "text", "missing": "null"}, {}),
]
_OF_SKU = "{{ (variant.sku | split('-'))[%d] }}"
SHOP_STOCK: dict[str, Any] = {
    "moves": "inventory",
    "source": "shop",
    "destination": "joor",
    "source_options": {
        "locations": ["London"],
        "product_search": "title:'Poplin Shirt' OR title:'Linen Blouse'",
        "style_number": _OF_SKU % 0,
        "style_identifier": f"ST-{_OF_SKU % 0}",
        "color_code": _OF_SKU % 1,
    },
    "destination_options": {"warehouse": "Default"},
    "map": {"warehouse.name": "Default"},
}
NEWEST, CURRENT, OLDER = "Spring Summer 2027", "Fall Winter 2026", "Spring Summer 2026"
ZEDONK_STOCK = {
    "moves": "inventory",
    "source": "zedonk",
    "destination": "joor",
    "source_options": {"stock_seasons": [NEWEST, CURRENT], "include_future_ats": True},
    "destination_options": {"warehouse": "Default", "known_warehouses": ["EU Warehouse"]},
    "map": {"item.style_identifier": "ST-{{ stock_level.item.style_number }}",
            "item.color_code": "{{ {'Navy': '401', 'Ecru': '110', 'Moss': '330'}[stock_level.item.color] }}"},
}  # fmt: skip
LATER = date(2027, 2, 3)
OF_LATER_STOCK = {"immediate", "inventory_dates", "made_to_order_stays", "inventory_log", "max_rows"}
"""What matters to stock that comes later, or is made to order."""


def of_1002(house: Small) -> list[Sku]:
    """Return Zedonk's SKUs of the one style that is moved."""
    return [sku for product in house.zedonk.products if product.style == ZEDONK_STYLE for sku in product.skus]


@pytest.mark.parametrize(("switches", "settings"), STOCK, ids=named)
def test_every_kind_of_joor_takes_the_same_stock(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """However JOOR wants its rows and answers them, each level is there, and one it does not know is held alone."""
    house = small(tmp_path, joor=switches, shop={}, settings={"joor": settings})
    levels = {sku: 100 + place for place, sku in enumerate(SKUS)}
    for sku, quantity in levels.items():
        house.shop.set_stock(sku.sku, "London", quantity)
    house.shop.set_stock(SKUS[6].sku, "London", -3)
    house.joor.add_style_by_hand("1003", colors=["Navy"])
    done(house.run(SHOP_STOCK))
    assert [house.joor.stock["Default", None, sku.barcode] for sku in SKUS] == [
        max(0, house.shop.available(sku.sku, "London")) for sku in SKUS
    ]
    house.shop.set_stock(SKUS[7].sku, "London", 9)
    house.shop.set_stock(SKUS[17].sku, "London", 9)
    house.joor.delete_style("1001")
    report = house.run(SHOP_STOCK)
    if switches.get("inventory_log") == "absent":
        assert "counts 1 updates for 2 rows" in str(report.warnings)
    else:
        assert [row.label for row in report.holds] == ["1001 Ecru M (2000000000077) in Default"], told(report)


@pytest.mark.parametrize(
    ("switches", "settings"), [case for case in STOCK if case[0].keys() & OF_LATER_STOCK], ids=named
)
def test_every_kind_of_joor_takes_the_same_future_stock(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """Zedonk's dockets become future stock, made to order ends where pieces are counted, and nothing is sent twice."""
    house = small(tmp_path, joor=switches, zedonk={}, settings={"joor": settings})
    skus = of_1002(house)
    house.zedonk.add_docket(skus[2].barcode, 60, LATER)
    house.zedonk.set_stock(skus[1].barcode, -900)
    house.zedonk.export_files()
    house.make_to_order(skus[3].barcode)
    done(house.run(ZEDONK_STOCK))
    assert [house.joor.stock["Default", None, sku.barcode] for sku in skus] == [500, 0] + [500] * 13
    assert house.joor.stock["Default", LATER, skus[2].barcode] == 60
    assert not house.joor.made_to_order
    house.joor.log.clear()
    done(house.run(ZEDONK_STOCK))
    assert not house.joor.log


HELD_STOCK: Sequence[tuple[Switch, Switch, str, str]] = [
    ({"inventory_json": "wrapped"}, {}, "failed", "the body must be a list"),
    ({"inventory_json": "refused"}, {}, "failed", "Content-Type must be application/xml"),
    ({"inventory_json": "refused", "v2_errors": "status"}, {}, "failed", "Content-Type must be application/xml"),
    ({"identifier_spelling": "identifer"}, {"item_identifier": "style"}, "held", "identifier_spelling"),
    ({"immediate": "required"}, {}, "held", "immediate_date"),
    ({"immediate": "fails"}, {"immediate_date": "IMMEDIATE"}, "held", "immediate_date"),
    ({"immediate": "refused"}, {"immediate_date": "IMMEDIATE"}, "failed", "inventory_date must be a date"),
    ({"max_rows": 7}, {}, "failed", "at most 7 rows per call"),
    ({"negative_stock": "fails"}, {"negative_stock": "refuse"}, "held", "1001 Ecru S"),
    ({"negative_stock": "clamped"}, {"negative_stock": "refuse"}, "held", "1001 Ecru S"),
]
"""Switches and settings that do not go together, how a run ends, and what is said of it."""


@pytest.mark.parametrize(("switches", "settings", "result", "words"), HELD_STOCK, ids=named)
def test_a_joor_that_wants_other_rows_is_told(
    tmp_path: Path, switches: Switch, settings: Switch, result: str, words: str
) -> None:
    """What JOOR does not take in this form is said, and its stock stays as it was."""
    house = small(tmp_path, joor=switches, shop={}, settings={"joor": settings})
    for sku in SKUS:
        house.shop.set_stock(sku.sku, "London", 11)
    house.shop.set_stock(SKUS[6].sku, "London", -3)
    report = house.run(SHOP_STOCK)
    assert report.result == result, told(report)
    assert words in told(report)
    held = SKUS if "negative_stock" not in settings else SKUS[6:7]
    assert {house.joor.stock["Default", None, sku.barcode] for sku in held} == {500}


def test_future_stock_in_the_other_form_is_held(tmp_path: Path) -> None:
    """A JOOR that reads dates as the US write them refuses ours by name, and takes what is there now."""
    house = small(tmp_path, joor={"inventory_dates": "us"}, zedonk={})
    house.zedonk.add_docket(of_1002(house)[2].barcode, 60, LATER)
    house.zedonk.export_files()
    report = house.run(ZEDONK_STOCK)
    assert [row.label for row in report.holds] == ["1002 Navy M (2000000000176) from 2027-02-03"], told(report)
    assert "future_dates" in told(report)
    assert {day for _, day, _ in house.joor.stock} == {None}


@pytest.mark.parametrize("switch", ["ignored", "default", "fails"])
def test_stock_of_an_unknown_warehouse_never_reaches_joor(tmp_path: Path, switch: str) -> None:
    """Whatever JOOR would do with a warehouse it does not know, stock for one is held before it is sent."""
    house = small(tmp_path, joor={"unknown_warehouse": switch}, shop={})
    before = dict(house.joor.stock)
    report = house.run({**SHOP_STOCK, "map": {}})
    assert (report.result, report.counts["held"]) == ("held", 30)
    assert "'London' is not among JOOR's known warehouses" in told(report)
    assert house.joor.stock == before


BOTH = {"warehouse.name": "{{ {'London': 'Default', 'Rotterdam': 'EU Warehouse'}[stock_level.warehouse.name] }}"}


@pytest.mark.parametrize("absent", ["made_to_order", "cleared"])
@pytest.mark.parametrize(
    ("scope", "setting"),
    [("account", "account"), ("warehouses", "account"), ("warehouses", "warehouse")],
    ids=["account", "warehouses", "warehouses, as told"],
)
def test_overwriting_clears_no_more_than_is_meant(tmp_path: Path, scope: str, setting: str, absent: str) -> None:
    """An overwrite of one warehouse is refused unless JOOR is said to clear no other; one of all is right anyway."""
    house = small(
        tmp_path,
        joor={"overwrite_scope": scope, "absent_style": absent},
        shop={},
        settings={"joor": {"overwrite_scope": setting, "known_warehouses": ["EU Warehouse"]}},
    )
    [elsewhere] = house.joor.add_style_by_hand("9001", barcodes=["2099999999998"]).skus
    both = {**SHOP_STOCK, "source_options": {**SHOP_STOCK["source_options"], "locations": ["London", "Rotterdam"]}}
    both |= {"write_mode": "overwrite", "map": BOTH}
    done(house.run(both))
    assert {house.joor.stock["Default", None, sku.barcode] for sku in SKUS} == {500}
    assert {house.joor.stock["EU Warehouse", None, sku.barcode] for sku in SKUS} == {200}
    assert (elsewhere.barcode in house.joor.made_to_order) is (absent == "made_to_order")
    before = dict(house.joor.stock)
    house.shop.set_stock(SKUS[0].sku, "London", 4)
    one = {**SHOP_STOCK, "write_mode": "overwrite", "guard": {"zeroed_percent": 100, "missing_percent": 100}}
    if setting == "account":
        with pytest.raises(SettingsError, match="it may clear the whole account, and there is no stock for EU"):
            house.run(one)
        assert house.joor.stock == before
    else:
        done(house.run(one))
        assert house.joor.stock == {**before, ("Default", None, SKUS[0].barcode): 4}


# styles to JOOR

CATALOG: Sequence[Case] = [
    ({"style_key": "product_identifier"}, {"v4_external_id": "style_number"}),
    ({"style_key": "product_identifier"}, {"catalog_api": "v2"}),
    ({"missing_record": "empty"}, {}),
    ({"missing_record": "empty"}, {"catalog_api": "v2"}),
    ({"v4_pages": "pages"}, {}),
    ({"grid": "filled"}, {}),
    ({"color_code": "optional"}, {}),
    ({"price_values": "number"}, {}),
    ({"duplicate_products": "product_identifier"}, {}),
    ({"duplicate_products": "accepted"}, {}),
    ({"row_errors": "unnamed"}, {}),
    ({"asset_ids": "ever"}, {}),
    ({"asset_ids": "free"}, {}),
    ({"collection_items": "added"}, {}),
    ({"max_rows": 15}, {"rows_per_call": 15}),
    ({"max_rows": 1}, {"catalog_api": "v2", "rows_per_call": 1}),
    ({"jobs": "clock"}, {"catalog_api": "v2"}),
    ({"inner_nodes": "kept"}, {"catalog_api": "v2"}),
    ({"root_node": "list", "single_as_object": True, "missing": "null"}, {"catalog_api": "v2"}),
    ({"numbers": "text", "empty_list": "list"}, {"catalog_api": "v2"}),
    ({"ship_dates": "instants"}, {"catalog_api": "v2"}),
    ({"v2_errors": "status"}, {"catalog_api": "v2"}),
    ({"v2_errors": "status"}, {}),
]
CODES = "{{ {'Navy': '401', 'Ecru': '110', 'Moss': '330'}[color.color] }}"
ZEDONK_STYLES: dict[str, Any] = {
    "moves": "catalog",
    "source": "zedonk",
    "destination": "joor",
    "source_options": {
        "price_seasons": [NEWEST, CURRENT],
        "price_lists": ["Wholesale"],
        "image_url": "https://cdn.example/{name}",
    },
    "map": {
        "style_identifier": "ST-{{ product.style_number }}",
        "prices.*.label": "{{ price.currency }} Wholesale",
        "colors.*.color_code": CODES,
    },
}


def restyle(house: Small, price: str, *, new: bool = False) -> None:
    """Give style 1002 another price; add a *new* style in a collection, which lacks one color in one size."""
    for color in ("Navy", "Ecru", "Moss"):
        house.zedonk.set_price("1002", color, NEWEST, price)
    for color, barcodes in NEW.items() if new else ():
        made = house.zedonk.add_product("4001", color, barcodes, season=NEWEST, wsp="50.00")
        made.linesheet, made.image = "Spring Summer 2027 Main", "1001-Poplin-Navy.png"
    house.zedonk.export_files()


NEW = {"Navy": {"S": "2099999999998", "M": "2099999999981"}, "Ecru": {"S": "2099999999974"}}


def is_right(house: Small, price: str) -> bool:
    """Assert that JOOR has both styles, each once, as Zedonk has them."""
    products = house.joor_products
    assert sorted((product.name, len(product.skus)) for product in products) == [
        ("Linen Blouse", 15), ("Poplin Shirt", 15), ("Style 4001", 4)
    ]  # fmt: skip
    found = {product.name: product for product in products}
    for name, amount in (("Linen Blouse", price), ("Style 4001", "50.00")):
        kept = [sku for sku in found[name].skus if sku.barcode]
        assert {sku.prices["GBP Wholesale"].wholesale for sku in kept} == {Decimal(amount)}
    new = {sku.barcode for sku in found["Style 4001"].skus if sku.barcode}
    assert new == {code for barcodes in NEW.values() for code in barcodes.values()}
    assert {color.code for color in found["Style 4001"].colors.values()} == {"401", "110"}
    assert len({asset.source for asset in found["Linen Blouse"].assets}) == len(found["Linen Blouse"].assets) == 3
    assert [len(collection.items) for collection in house.joor.collections.values()] == [3, 2]
    return True


@pytest.mark.parametrize(("switches", "settings"), CATALOG, ids=named)
def test_every_kind_of_joor_takes_the_same_styles(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """A style that is there is changed, a new one made, whole and once, and then only what changes is sent."""
    house = small(tmp_path, joor=switches, zedonk={}, settings={"joor": settings})
    restyle(house, "47.00", new=True)
    assert done(house.run(ZEDONK_STYLES)).counts["written"] == 2
    assert is_right(house, "47.00")
    restyle(house, "48.00")
    assert done(house.run(ZEDONK_STYLES, minutes=1)).counts["written"] == 1
    assert is_right(house, "48.00")


LOST: Sequence[tuple[Switch, str]] = [
    *(({"row_errors": form}, operation) for form in ("named", "unnamed")
      for operation in ("products.create", "skus.create", "prices.create", "assets.create", "images.create")),
    *(({"duplicate_products": key}, "products.create") for key in ("product_identifier", "accepted")),
    *(({"asset_ids": kind}, operation) for kind in ("ever", "free")
      for operation in ("assets.create", "images.create")),
]  # fmt: skip


@pytest.mark.parametrize(("switches", "operation"), LOST, ids=named)
def test_a_lost_answer_makes_no_second_style(tmp_path: Path, switches: Switch, operation: str) -> None:
    """Whatever JOOR knows a product, a price and a picture again by, a call repeated without need adds nothing."""
    house = small(tmp_path, joor={"throttle": "off", **switches}, zedonk={})
    restyle(house, "47.00", new=True)
    house.spoil("joor", Fault(operation, "timeout_after"))
    house.run(ZEDONK_STYLES)
    done(house.run(ZEDONK_STYLES, minutes=20))
    assert is_right(house, "47.00")


@pytest.mark.parametrize(
    ("switches", "settings", "result", "words"),
    [
        ({"style_key": "product_identifier"}, {}, "held", "the other way round; see v4_external_id"),
        ({"max_rows": 15}, {}, "held", "at most 15 rows per call"),
        ({"max_rows": 1}, {"catalog_api": "v2"}, "failed", "at most 1 rows per call"),
    ],
    ids=named,
)
def test_a_joor_that_wants_other_styles_is_told(
    tmp_path: Path, switches: Switch, settings: Switch, result: str, words: str
) -> None:
    """What JOOR does not take in this form is said, and its style stays as it was."""
    house = small(tmp_path, joor=switches, zedonk={}, settings={"joor": settings})
    restyle(house, "47.00", new=True)
    report = house.run(ZEDONK_STYLES)
    assert report.result == result, told(report)
    assert words in told(report)
    [there] = [product for product in house.joor.products.values() if product.name == "Linen Blouse"]
    assert {sku.prices["GBP Wholesale"].wholesale for sku in there.skus} == {Decimal("52.50")}


def test_styles_of_a_job_that_never_ends_stay_unconfirmed(tmp_path: Path) -> None:
    """Styles handed to a job that does not end are told to be so, and offered again the next day."""
    house = small(tmp_path, joor={"jobs": "stuck"}, zedonk={}, settings={"joor": {"catalog_api": "v2"}})
    restyle(house, "47.00")
    report = house.run(ZEDONK_STYLES)
    assert report.counts["pending"] == 1
    assert "JOOR's job 1 has not ended yet" in str(report.warnings)
    assert house.run(ZEDONK_STYLES, minutes=30 * 60).counts["pending"] == 1


# customers to JOOR

CUSTOMERS: Sequence[Case] = [
    *(({name: value}, {}) for name, value in (
        ("root_node", "whole"), ("root_node", "list"), ("list_name", "order"), ("single_as_object", True),
        ("code", "text"), ("empty_list", "list"), ("missing", "null"), ("numbers", "text"), ("last_page", "repeat"),
        ("max_count", 1), ("inner_nodes", "kept"), ("missing_record", "empty"), ("jobs", "clock"),
        ("match_hours", 24), ("customer_codes", "loose"), ("v2_errors", "status"), ("sort", "newest"),
    )),
    ({"missing_record": "empty"}, {"customer_list": False}),
    ({"missing_record": "refused"}, {"customer_list": False}),
    ({"v2_errors": "status"}, {"customer_list": False}),
    ({"customer_codes": "loose"}, {"customer_list": False}),
    ({"inner_nodes": "kept"}, {"customer_json": "nested"}),
    ({"max_rows": 2}, {"rows_per_call": 2}),
]  # fmt: skip
ZEDONK_CUSTOMERS = {
    "moves": "customers",
    "source": "zedonk",
    "destination": "joor",
    "skip": [{"when": "customer.account_code not in ['C100', 'C101', 'C107']", "reason": "three are enough"}],
}


@pytest.mark.parametrize(("switches", "settings"), CUSTOMERS, ids=named)
def test_every_kind_of_joor_takes_the_same_customers(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """A customer JOOR has is changed and loses nothing, a new one waits for JOOR's staff, and nothing is sent twice."""
    house = small(tmp_path, joor=switches, zedonk={}, settings={"joor": {"page_size": 2, **settings}})
    house.zedonk.rename_customer("C101", "O'Brien & Søn; Ltd")
    house.zedonk.export_files()
    report = done(house.run(ZEDONK_CUSTOMERS))
    assert (report.counts["written"], report.counts["pending"]) == (2, 1)
    there = house.joor.customers["C101"]
    assert (there["customer_alias"], there["sales_rep_code"]) == ("O'Brien & Søn; Ltd", "REP1")
    assert [one["shipping_code"] for one in there["shipping"]["shipping_addresses"]] == ["C101-S1"]
    lines = [one["billing_address_2"] for one in there["billing"]["billing_addresses"]]
    assert sorted(line or "" for line in lines) == ["", "Accounts Payable"]
    if not switches.get("match_hours"):
        house.joor.match_customers()
    house.zedonk.export_files()
    report = done(house.run(ZEDONK_CUSTOMERS, minutes=25 * 60))
    assert sorted(house.joor.customers) == [f"C10{number}" for number in range(10)]
    house.joor.log.clear()
    done(house.run(ZEDONK_CUSTOMERS, minutes=1))
    assert not house.joor.log


@pytest.mark.parametrize(
    ("codes", "listed"), [("exact", True), ("loose", True), ("loose", False)], ids=["exact", "loose", "one by one"]
)
def test_a_code_that_is_nearly_joors_is_held(tmp_path: Path, codes: str, listed: bool) -> None:
    """Whether JOOR takes two spellings for one customer or not, a code it does not have exactly is never sent.

    One case is beyond help: without the list, a JOOR that looks codes up exactly tells nobody of the other spelling.
    """
    house = small(tmp_path, joor={"customer_codes": codes}, zedonk={}, settings={"joor": {"customer_list": listed}})
    house.zedonk.customers["Muster Mode GmbH"].account_code = "c101 "
    house.zedonk.export_files()
    report = house.run({**ZEDONK_CUSTOMERS, "skip": [{"when": "customer.name != 'Muster Mode GmbH'", "reason": "one"}]})
    assert report.result == "held"
    assert "JOOR knows the customer as 'C101'" in told(report)
    assert not house.joor.waiting_customers


def test_customers_of_a_job_that_never_ends_stay_unconfirmed(tmp_path: Path) -> None:
    """Customers handed to a job that does not end are told to be so; nobody is told that they are there."""
    house = small(tmp_path, joor={"jobs": "stuck"}, zedonk={})
    house.zedonk.rename_customer("C101", "O'Brien & Søn; Ltd")
    house.zedonk.export_files()
    report = house.run(ZEDONK_CUSTOMERS)
    assert (report.counts["written"], report.counts["pending"]) == (0, 3)
    assert "JOOR's job 1 has not ended yet" in str(report.warnings)


# from Shopify to JOOR

FROM_SHOP: Sequence[Case] = [
    ({"currency": "EUR"}, {}),
    ({"presentment_currencies": ()}, {}),
    ({"scopes": ("read_products", "read_inventory", "read_locations")}, {}),
    ({"personal_data": False}, {}),
    ({"offline": False}, {}),
    ({"token_lifetime": 1}, {}),
    ({"token_lifetime": 1, "bulk_nesting": 3}, {"bulk_from": 1}),
    ({"version": "2026-07"}, {}),
    ({"version": "2026-07", "bulk_nesting": 3}, {"bulk_from": 1}),
    ({"bucket_size": 500}, {}),
    ({"restore_rate": 50, "bucket_size": 500}, {}),
    ({"bulk_nesting": 2}, {"bulk_from": 1}),
    ({"bulk_nesting": 3}, {"bulk_from": 1}),
    ({"bulk_nesting": 5}, {"read_by": "bulk"}),
    ({"bulk_nesting": 3, "bulk_parent": "object"}, {"read_by": "bulk"}),
    ({"bulk_nesting": 3, "bulk_seconds": 0.0}, {"read_by": "bulk"}),
    ({"bulk_nesting": 3, "bulk_seconds": 600.0}, {"read_by": "bulk"}),
    ({"bulk_nesting": 3, "bulk_limit": 1}, {"read_by": "bulk"}),
    ({"bulk_nesting": 3, "job_seconds": 0.0}, {"read_by": "bulk"}),
]
_FROM_SHOP = {**SHOP_STOCK["source_options"], "price_is": "wholesale"}
SHOP_STYLES = {
    "moves": "catalog",
    "source": "shop",
    "destination": "joor",
    "source_options": {name: value for name, value in _FROM_SHOP.items() if name != "locations"},
    "map": {"prices.*.label": "{{ price.currency }} Wholesale"},
}


@pytest.mark.parametrize(("switches", "settings"), FROM_SHOP, ids=named)
def test_every_kind_of_shop_gives_the_same_stock_and_styles(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """However a shop limits reading, JOOR gets each level and each price, and flags keep items out."""
    house = small(tmp_path, joor={}, shop=switches, settings={"shop": settings})
    for place, sku in enumerate(SKUS):
        house.shop.set_stock(sku.sku, "London", 100 + place)
    house.shop.set_metafield(SKUS[4].sku, "skip_joor", "1", namespace="orderweft")
    done(house.run(SHOP_STOCK))
    found = [house.joor.stock["Default", None, sku.barcode] for sku in SKUS]
    assert found == [*range(100, 104), 500, *range(105, 130)]
    report = done(house.run(SHOP_STYLES))
    assert report.counts["written"] == 2
    label = f"{switches.get('currency', 'GBP')} Wholesale"
    there = {sku.prices[label].wholesale for product in house.joor.products.values() for sku in product.skus}
    assert there == {sku.retail for sku in SKUS}


NOT_FROM_SHOP: Sequence[tuple[Switch, Switch, str]] = [
    ({"scopes": ("read_products",)}, {}, "access"),
    ({"bulk_nesting": 2}, {"read_by": "bulk"}, 'set read_by = "pages"'),
    ({"bulk_nesting": 3, "bulk_seconds": 600.0}, {"read_by": "bulk", "bulk_wait": 60}, "bulk_wait"),
]


@pytest.mark.parametrize(("switches", "settings", "words"), NOT_FROM_SHOP, ids=named)
def test_a_shop_that_cannot_be_read_so_is_told(tmp_path: Path, switches: Switch, settings: Switch, words: str) -> None:
    """A reading that does not come through says what to do, and JOOR's stock stays as it was."""
    house = small(tmp_path, joor={}, shop=switches, settings={"shop": settings})
    before = dict(house.joor.stock)
    try:
        said = told(house.run(SHOP_STOCK))
    except SettingsError as error:
        said = str(error)
    assert words in said
    assert house.joor.stock == before


# to Shopify

TO_SHOP: Sequence[Case] = [
    *(({name: value}, {}) for name, value in (
        ("currency", "EUR"), ("presentment_currencies", ()), ("offline", False), ("token_lifetime", 1),
        ("version", "2026-07"), ("bucket_size", 500), ("restore_rate", 50), ("search_delay", 0.0),
        ("search_delay", 600.0), ("identifier_delay", 30.0), ("whole_skus", True),
        ("duplicate_external_id", "accepted"), ("contact_limit", True), ("custom_id_kept", False),
        ("job_seconds", 0.0), ("job_seconds", 300.0), ("unstocked_location", "refused"), ("stale_field", "entry"),
        ("stale_field", "none"), ("stale_batch", "partly"), ("replayed_quantities", "old"), ("refused_key", "failed"),
        ("working_seconds", 20.0), ("sku_count", "all"), ("handle_taken_code", "HANDLE_NOT_UNIQUE"),
    )),
    ({"stale_field": "none", "stale_batch": "partly"}, {}),
    ({"stale_field": "entry", "stale_batch": "partly", "replayed_quantities": "old"}, {}),
    ({"refused_key": "failed", "working_seconds": 20.0, "replayed_quantities": "old"}, {}),
    ({"unstocked_location": "refused", "stale_batch": "partly"}, {}),
    ({"sku_count": "all"}, {"item_identifier": "sku"}),
]  # fmt: skip
OF_STOCK = {"unstocked_location", "stale_field", "stale_batch", "replayed_quantities", "refused_key", "working_seconds"}
"""What matters to stock only."""
OF_OTHERS = {
    "currency", "presentment_currencies", "offline", "identifier_delay", "duplicate_external_id", "contact_limit",
    "custom_id_kept", "job_seconds", "handle_taken_code",
}  # fmt: skip
"""What matters to products and customers only."""
STYLES_TO_SHOP = {
    "moves": "catalog",
    "source": "zedonk",
    "destination": "shop",
    "source_options": ZEDONK_STYLES["source_options"],
    "destination_options": {"price_label": "Wholesale", "price_is": "wholesale"},
}


@pytest.mark.parametrize(
    ("switches", "settings"), [case for case in TO_SHOP if not case[0].keys() & OF_OTHERS], ids=named
)
def test_every_kind_of_shop_takes_the_same_stock(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """Although others write meanwhile, an answer is lost and an item is new there, the shop ends with JOOR's stock."""
    house = small(tmp_path, joor={}, shop=switches, settings={"shop": settings})
    house.shop.unstock(SKUS[0].sku, "London")
    for sku in SKUS[1:9]:
        house.shop.set_stock(sku.sku, "London", 1)
    sold: list[str] = []

    def sell(moment: str, operation: str) -> None:
        if (moment, operation) == ("before", "SetQuantities") and not sold:
            sold.append(SKUS[2].sku)
            house.shop.set_stock(SKUS[2].sku, "London", 3)

    house.spoil("shop", Fault("SetQuantities", "timeout_after", call=2), watch=sell)
    pipeline = {**JOOR_STOCK, "map": {"item.sku": _SKU_OF_JOOR}} if settings else JOOR_STOCK
    done(house.run(pipeline))
    assert sold
    assert {house.shop.available(sku.sku, "London") for sku in SKUS} == {500}
    house.joor.sell({SKUS[5].sku: 20})
    assert done(house.run(pipeline)).counts["written"] == 1
    assert house.shop.available(SKUS[5].sku, "London") == 480


_SKU_OF_JOOR = "{{ stock_level.item.style_number }}-{{ stock_level.item.color_code }}-{{ stock_level.item.size }}"


@pytest.mark.parametrize(
    ("switches", "settings"), [case for case in TO_SHOP if not (case[0].keys() & OF_STOCK or case[1])], ids=named
)
def test_every_kind_of_shop_takes_the_same_styles_and_customers(
    tmp_path: Path, switches: Switch, settings: Switch
) -> None:
    """A product is changed and one made, customers are tied to their codes, and a second run finds all of it there."""
    house = small(tmp_path, joor={}, shop=switches, zedonk={}, settings={"shop": settings})
    restyle(house, "47.00", new=True)
    assert done(house.run(STYLES_TO_SHOP)).counts["written"] == 2
    assert done(house.run(JOOR_CUSTOMERS)).counts["written"] == 2
    rate = {"EUR": Decimal("1.15")}.get(switches.get("currency", ""), Decimal(1))
    products = house.shop_products
    assert {variant.price for variant in products["Linen Blouse"].variants} == {47 * rate}
    assert sorted(variant.barcode for variant in products["Style 4001"].variants if variant.barcode) == sorted(
        code for barcodes in NEW.values() for code in barcodes.values()
    )
    for pipeline in (STYLES_TO_SHOP, JOOR_CUSTOMERS):
        assert done(house.run(pipeline, minutes=15)).counts["written"] == 0
    emails = [customer.email for customer in house.shop_customers]
    assert emails.count(brand.buyers()[0].email) == emails.count("orders@c108.example") == 1


@pytest.mark.parametrize("code", ["none", "HANDLE_NOT_UNIQUE"])
def test_a_handle_that_is_taken_meanwhile_is_told(tmp_path: Path, code: str) -> None:
    """A style whose handle another product has come to have is held once that one is seen to hold other items."""
    house = small(tmp_path, shop={"handle_taken_code": code}, zedonk={})
    house.settings["shop"] = {"product_identifier": "handle"}
    restyle(house, "47.00", new=True)
    other = house.shop_products["Poplin Shirt"]

    def rename(moment: str, operation: str) -> None:
        if (moment, operation) == ("before", "SetProduct"):
            other.handle = "4001"

    house.spoil("shop", watch=rename)
    report = house.run(STYLES_TO_SHOP)
    assert "4001 Style 4001" in {row.label for row in report.holds}, told(report)
    assert "the variant there has the barcode" in told(report)
    assert len(other.variants) == 15


NOT_TO_SHOP: Sequence[tuple[Switch, Mapping[str, Any], str]] = [
    ({"scopes": ("write_products", "write_inventory", "read_locations")}, JOOR_CUSTOMERS, "`write_customers`"),
    ({"scopes": ("read_products", "read_inventory", "read_locations")}, JOOR_STOCK, "`write_inventory`"),
    ({"personal_data": False}, JOOR_CUSTOMERS, "protected-customer-data"),
]


@pytest.mark.parametrize(("switches", "pipeline", "words"), NOT_TO_SHOP, ids=named)
def test_a_shop_that_lets_nobody_write_is_told(
    tmp_path: Path, switches: Switch, pipeline: Mapping[str, Any], words: str
) -> None:
    """A scope or approval the app lacks is named, and nothing is written."""
    house = small(tmp_path, joor={}, shop=switches)
    house.shop.set_stock(SKUS[0].sku, "London", 1)
    before = len(house.shop_customers)
    report = house.run(pipeline)
    assert report.result == "failed"
    assert words in str(report.error)
    assert (house.shop.available(SKUS[0].sku, "London"), len(house.shop_customers)) == (1, before)


def test_an_item_that_is_not_stocked_is_left_so_when_told(tmp_path: Path) -> None:
    """With `activate = false` a level where the item is not stocked is held, and the others are written."""
    house = small(tmp_path, joor={}, shop={"unstocked_location": "refused"}, settings={"shop": {"activate": False}})
    house.shop.unstock(SKUS[0].sku, "London")
    house.shop.set_stock(SKUS[1].sku, "London", 1)
    report = house.run(JOOR_STOCK)
    assert report.counts["held"] == 1
    assert "the item is not stocked there" in told(report)
    assert house.shop.available(SKUS[1].sku, "London") == 500


# from Zedonk to JOOR

REPORTS = {"read_by": "reports", "report_url": NOWHERE}
FROM_ZEDONK: Sequence[Case] = [
    ({"root": "Response", "namespace": "none", "nulls": "absent", "empty_data": "absent"}, REPORTS),
    ({"root": "DataAPIResult", "namespace": "default", "nulls": "empty", "empty_data": "absent"}, REPORTS),
    ({"root": "NewDataSet", "namespace": "prefixed", "nulls": "absent", "empty_data": "empty"}, REPORTS),
    ({"root": "Response", "namespace": "prefixed", "nulls": "empty", "empty_data": "empty"}, REPORTS),
    ({"root": "NewDataSet", "namespace": "default", "nulls": "empty", "column_names": "stripped"}, REPORTS),
    *(({name: value}, REPORTS) for name, value in (
        ("dates", "instant"), ("countries", "name"), ("column_order", "profile"), ("leading_zeros", "stripped"),
        ("dropped_columns", ("Website", "Linesheet", "Fabric")),
    )),
    ({"dates": "uk"}, {**REPORTS, "date_order": "day"}),
    ({"namespace": "prefixed", "column_names": "stripped", "nulls": "empty", "dates": "instant"}, REPORTS),
    *(({name: value}, {}) for name, value in (
        ("dates", "instant"), ("decimals", "comma"), ("countries", "name"), ("encoding", "utf-8-sig"),
        ("encoding", "utf-8"), ("encoding", "cp1252"), ("delimiter", ";"), ("newline", "\n"), ("newline", "\r\n"),
        ("column_order", "profile"), ("dropped_columns", ("Website", "Previous Season", "County")),
        ("old_exports", "kept"), ("results", "missing"), ("barcodes", "upc_a"), ("leading_zeros", "stripped"),
        ("seasons", "codes"), ("locations", "several"), ("customer_export", "eligible"), ("projected", "printed"),
    )),
    ({"dates": "uk"}, {"date_order": "day"}),
    ({"barcodes": "upc_a", "leading_zeros": "stripped"}, {"barcode_type": "upc_a"}),
    ({"encoding": "cp1252", "delimiter": ";", "newline": "\r\n", "decimals": "comma", "dates": "uk"},
     {"date_order": "day"}),
]  # fmt: skip
NEW_ACCOUNT = {"catalog": "none", "match_hours": 24}


def fill(house: Small) -> tuple[list[str], list[Sku]]:
    """Give Zedonk a thousand's price, stock below zero and in production, and marks from beyond ASCII."""
    zedonk = house.zedonk
    older, current, newest = zedonk.seasons
    for color in ("Navy", "Ecru", "Moss"):
        zedonk.set_price("1002", color, newest, "1047.00")
    skus = of_1002(house)
    zedonk.set_stock(skus[0].barcode, 1234, season=current)
    zedonk.set_stock(skus[1].barcode, -900, season=current)
    zedonk.set_stock(skus[3].barcode, 0, season=older)
    zedonk.add_docket(skus[2].barcode, 60, LATER, season=newest)
    zedonk.rename_customer("C101", "O'Brien & Søn; Ltd, “X”")
    house.zedonk.export_files()
    return [newest, current, older], skus


def moved(seasons: Sequence[str], pipeline: Mapping[str, Any]) -> dict[str, Any]:
    """Return *pipeline* with these seasons."""
    options = pipeline.get("source_options", {})
    return {**pipeline, "source_options": {name: seasons if name.endswith("seasons") else value
                                           for name, value in options.items()}}  # fmt: skip


@pytest.mark.parametrize(("switches", "settings"), FROM_ZEDONK, ids=named)
def test_every_kind_of_zedonk_gives_the_same(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """However Zedonk exports, JOOR ends up with its prices, its stock now and later, and its customers."""
    house = small(tmp_path, joor=NEW_ACCOUNT, zedonk=switches, settings={"zedonk": settings})
    seasons, skus = fill(house)
    done(house.run(moved(seasons, ZEDONK_STYLES)))
    [product] = house.joor.products.values()
    assert sorted(sku.barcode or "" for sku in product.skus) == sorted(sku.barcode for sku in skus)
    found = {name: price.wholesale for name, price in product.skus[0].prices.items()}
    assert found == {
        "GBP Wholesale": Decimal("1047.00"),
        "EUR Wholesale": Decimal("1204.05"),
        "USD Wholesale": Decimal("1308.75"),
    }
    done(house.run(moved(seasons, ZEDONK_STOCK)))
    there = {sku.barcode: 0 for sku in skus}
    for (_, day, barcode), quantity in house.joor.stock.items():
        there[barcode] += quantity if day is None else 0
    # a fifth of what is in the newest season is in the second warehouse, where there are two
    low = 40 if switches.get("locations") == "several" else 0
    several = 60 if low else 0
    assert [there[sku.barcode] for sku in skus] == [1434 + several, low + several, *[500] * 13]
    assert house.joor.stock["Default", LATER, skus[2].barcode] == 60
    done(house.run(ZEDONK_CUSTOMERS))
    house.clock.sleep(25 * 3600)
    house.zedonk.export_files()
    done(house.run(ZEDONK_CUSTOMERS))
    there_too = house.joor.customers["C101"]
    assert there_too["customer_alias"] == "O'Brien & Søn; Ltd, “X”"
    assert [one["shipping_country"] for one in there_too["shipping"]["shipping_addresses"]] == ["DE"]


def test_a_zedonk_that_shows_nothing_below_zero_is_believed(tmp_path: Path) -> None:
    """A tenant that clamps each season hides that sales of one season use up the other's; its figures are sent."""
    house = small(tmp_path, joor=NEW_ACCOUNT, zedonk={"negative_ats": "clamped"})
    seasons, skus = fill(house)
    done(house.run(moved(seasons, ZEDONK_STYLES)))
    done(house.run(moved(seasons, ZEDONK_STOCK)))
    assert house.joor.stock["Default", None, skus[1].barcode] == 200


NOT_FROM_ZEDONK: Sequence[tuple[Switch, Switch, Mapping[str, Any], str]] = [
    ({"dates": "uk"}, {}, ZEDONK_STYLES, "date_order"),
    ({"dates": "uk"}, {}, ZEDONK_STOCK, "date_order"),
    ({"dates": "uk"}, REPORTS, ZEDONK_STYLES, "date_order"),
    ({"barcodes": "upc_a", "leading_zeros": "stripped"}, {}, ZEDONK_STYLES, "barcode_type"),
    ({"barcodes": "upc_a", "leading_zeros": "stripped"}, {}, ZEDONK_STOCK, "barcode_type"),
    ({"dropped_columns": ("Colour",)}, {}, ZEDONK_STYLES, "has no column 'Colour'"),
    ({"dropped_columns": ("Available",)}, REPORTS, ZEDONK_STOCK, "has no column 'Available'"),
    ({"errors": "body"}, {**REPORTS, "report_password": "wrong"}, ZEDONK_STOCK, "not valid"),
    ({"errors": "status"}, {**REPORTS, "report_password": "wrong"}, ZEDONK_STOCK, "check username, the password"),
    ({"errors": "body"}, {**REPORTS, "reports": {"inventory": "Nope"}}, ZEDONK_STOCK, "There is no such report"),
    ({"errors": "status"}, {**REPORTS, "reports": {"inventory": "Nope"}}, ZEDONK_STOCK, "Nope"),
]


@pytest.mark.parametrize(("switches", "settings", "pipeline", "words"), NOT_FROM_ZEDONK, ids=named)
def test_a_zedonk_that_cannot_be_read_so_is_told(
    tmp_path: Path, switches: Switch, settings: Switch, pipeline: Mapping[str, Any], words: str
) -> None:
    """What cannot be understood is said with the setting or the column it is about, and JOOR gets none of it."""
    house = small(tmp_path, joor=NEW_ACCOUNT, zedonk=switches, settings={"zedonk": settings})
    seasons, _ = fill(house)
    try:
        said = told(house.run(moved(seasons, pipeline)))
    except SettingsError as error:
        said = str(error)
    assert words in said
    assert not house.joor.products
    assert not house.joor.stock


@pytest.mark.parametrize("apostrophes", ["refused", "doubled"])
@pytest.mark.parametrize("quote", ["refuse", "double"])
def test_a_season_with_an_apostrophe_is_read_where_that_is_possible(
    tmp_path: Path, apostrophes: str, quote: str
) -> None:
    """A report of such a season is asked for only as the settings say; a tenant that does not understand it is told."""
    settings = {**REPORTS, "report_quote": quote}
    house = small(tmp_path, joor={}, zedonk={"apostrophes": apostrophes}, settings={"zedonk": settings})
    house.zedonk.add_season("Kids' 2027", date(2027, 1, 1))
    [sku, *_] = of_1002(house)
    house.zedonk.set_stock(sku.barcode, 33, season="Kids' 2027")
    pipeline = moved(["Kids' 2027"], ZEDONK_STOCK)
    if (apostrophes, quote) == ("doubled", "double"):
        done(house.run(pipeline))
        assert house.joor.stock["Default", None, sku.barcode] == 33
    else:
        try:
            said = told(house.run(pipeline))
        except SettingsError as error:
            said = str(error)
        assert "Kids' 2027" in said
        assert house.joor.stock["Default", None, sku.barcode] == 500


# orders from JOOR to Zedonk

TO_ZEDONK: Sequence[Case] = [
    *(({name: value}, {}) for name, value in (
        ("dates", "instant"), ("dates", "uk"), ("countries", "name"), ("encoding", "utf-8"),
        ("encoding", "utf-8-sig"), ("newline", "\n"), ("newline", "\r\n"), ("column_order", "profile"),
        ("dropped_columns", ("Website", "Previous Season", "Contact")), ("old_exports", "kept"),
        ("results", "missing"), ("barcodes", "upc_a"), ("leading_zeros", "stripped"), ("locations", "several"),
        ("customer_export", "eligible"), ("unmatched_line", "dropped"), ("duplicates", "created"),
        ("order_identity", "order_reference"), ("new_addresses", "exact"),
    )),
    ({"decimals": "comma"}, {"decimal_mark": ","}),
    ({"encoding": "cp1252"}, {"encoding": "cp1252"}),
    ({"delimiter": ";"}, {"delimiter": ";"}),
    ({"seasons": "codes"}, {"season_by": "code"}),
    ({"unit_price": "unit"}, {"unit_price_means": "unit"}),
    ({"unit_price": "unit", "decimals": "comma"}, {"unit_price_means": "unit", "decimal_mark": ","}),
    ({"barcodes": "upc_a", "leading_zeros": "stripped"}, {"barcode_type": "upc_a"}),
    ({"duplicates": "created", "order_identity": "order_reference", "results": "missing"}, {}),
]  # fmt: skip


def ordered(house: Small) -> tuple[list[int], dict[str, Any]]:
    """Have two orders with marks from beyond ASCII in JOOR; return them, and the pipeline that moves them."""
    house.zedonk.rename_customer("C101", "O'Brien & Søn; Ltd")
    house.zedonk.export_files()
    numbers = [
        house.joor.add_order({"1002-401-S": 3, "1002-401-M": 2}),
        house.joor.add_order({"1002-401-L": 1000}, customer="C101", shipping_address_1="9 Kåre; “Quay”",
                             order_comments="“Merci”; 1,5"),
    ]  # fmt: skip
    barcodes = {(sku.product.color, sku.size): sku.barcode for sku in of_1002(house)}
    for number in numbers:
        for place, line in enumerate(house.joor.orders[number].lines):
            house.joor.edit(number, line=place, barcode=barcodes[line.color, line.size])
    older, _, _ = house.zedonk.seasons
    return numbers, {
        "moves": "orders",
        "source": "joor",
        "destination": "zedonk",
        "source_options": {"acknowledge": "v4"},
        "destination_options": {"import_season": older},
    }


@pytest.mark.parametrize(("switches", "settings"), TO_ZEDONK, ids=named)
def test_every_kind_of_zedonk_takes_the_same_orders(tmp_path: Path, switches: Switch, settings: Switch) -> None:
    """However Zedonk reads files, each order is there once, whole and priced rightly, and JOOR hears of it."""
    house = small(tmp_path, joor={}, zedonk=switches, settings={"zedonk": settings})
    numbers, pipeline = ordered(house)
    for _ in range(3):
        assert house.run_orders(pipeline, minutes=20).held == 0
        house.zedonk.work()
    found = {order.reference: order for order in house.zedonk.orders.values()}
    assert sorted(found) == [str(number) for number in numbers]
    assert len(found) == len(house.zedonk.orders)
    first, second = (found[str(number)] for number in numbers)
    assert [(line.quantity, line.price, line.total) for line in first.lines] == [
        (3, Decimal("52.50"), Decimal("157.50")),
        (2, Decimal("52.50"), Decimal("105.00")),
    ]
    assert [(line.quantity, line.total) for line in second.lines] == [(1000, Decimal(52500))]
    codes = switches.get("seasons") == "codes"
    assert {first.season, second.season} == ({"FW26", "SS27"} if codes else {OLDER})
    assert second.delivery is not None
    assert (second.delivery.line1, "“Merci”; 1,5" in second.comments) == ("9 Kåre; “Quay”", True)
    assert {status for status, _ in house.joor.acknowledged.values()} == {"SUCCESS"}
    kept = [one.line1 for one in house.zedonk.customers["O'Brien & Søn; Ltd"].addresses["Delivery"]]
    # a tenant that compares contact and mail, for which orders have no column, adds the order's own spelling
    assert kept.count("9 Kåre; “Quay”") == (2 if switches.get("new_addresses") == "exact" else 1)


NOT_TO_ZEDONK: Sequence[tuple[Switch, Switch, str]] = [
    ({"decimals": "comma"}, {}, "'157.50' is not an amount"),
    ({"encoding": "cp1252"}, {}, "the file has no column Order Reference"),
    ({"delimiter": ";"}, {}, "the file has no column Order Reference"),
    ({"unmatched_line": "refused"}, {"check_items": False}, "the barcode 2000000099991 is not known"),
    ({"barcodes": "upc_a"}, {}, "2000000099991"),
]


@pytest.mark.parametrize(("switches", "settings", "words"), NOT_TO_ZEDONK, ids=named)
def test_a_zedonk_that_wants_other_files_is_told(
    tmp_path: Path, switches: Switch, settings: Switch, words: str
) -> None:
    """An order file that Zedonk does not take is held with what it says, nothing is imported, and JOOR hears of it."""
    house = small(tmp_path, joor={}, zedonk=switches, settings={"zedonk": settings})
    [number, second], pipeline = ordered(house)
    house.joor.cancel(second)
    if "is not an amount" not in words and "no column" not in words:
        house.joor.edit(number, barcode="2000000099991")
    for _ in range(2):
        report = house.run_orders(pipeline, minutes=20)
        house.zedonk.work()
    assert (report.result, report.held) == ("held", 1)
    assert words in str(report.holds[0].message)
    assert not house.zedonk.orders
    assert house.joor.acknowledged[number][0] == "FAILED"


def test_barcodes_that_lost_their_zeros_stop_orders(tmp_path: Path) -> None:
    """Where nobody can tell what zeros the exported barcodes have lost, no order is handed over until it is said."""
    house = small(tmp_path, joor={}, zedonk={"barcodes": "upc_a", "leading_zeros": "stripped"})
    _, pipeline = ordered(house)
    try:
        said = str(house.run_orders(pipeline, minutes=20).error)
    except SettingsError as error:
        said = str(error)
    assert "barcode_type" in said
    assert not list((house.zedonk.folder / "in").rglob("*.csv"))


@pytest.mark.parametrize("unmatched", ["refused", "dropped"])
def test_a_line_that_zedonk_loses_meanwhile_is_told(tmp_path: Path, unmatched: str) -> None:
    """An item that is gone when the file is imported has the order held, or its receipt says which line is missing."""
    house = small(tmp_path, joor={}, zedonk={"unmatched_line": unmatched})
    [number, second], pipeline = ordered(house)
    house.joor.cancel(second)
    house.run_orders(pipeline, minutes=20)
    lost = of_1002(house)[1]
    barcode, lost.barcode = lost.barcode, "2099999999998"
    house.zedonk.work()
    report = house.run_orders(pipeline, minutes=20)
    status, _ = house.joor.acknowledged[number]
    if unmatched == "refused":
        assert (report.held, status, len(house.zedonk.orders)) == (1, "FAILED", 0)
    else:
        [order] = house.zedonk.orders.values()
        assert (report.held, status, len(order.lines)) == (0, "SUCCESS", 1)
        assert f"the barcode {barcode} is not known" in house.history(number)


# all of them


def values_of(cases: Sequence[Sequence[Any]]) -> set[tuple[str, Any]]:
    """Return the switches of cases, each with its value."""
    return {(name, value) for case in cases for name, value in case[0].items()}


def missing(kinds: Mapping[str, Any], tried: set[tuple[str, Any]], defaults: Mapping[str, Any]) -> list[str]:
    """Return what has had no turn: a value that is not the default, or a switch without a list of values."""
    lacking = []
    for name, kind in kinds.items():
        found = {value for switch, value in tried if switch == name} | {defaults.get(name)}
        if get_origin(kind) is Literal:
            lacking += [f"{name}={value}" for value in get_args(kind) if value not in found]
        elif len(found) < 2:
            lacking.append(name)
    return lacking


def test_every_value_of_every_switch_has_its_turn() -> None:
    """A switch or a value that is added to a simulator is missed here, unless only orders know of it."""
    joor = values_of([*orders.JOOR, *FROM_JOOR, *STOCK, *HELD_STOCK, *CATALOG, *LOST, *CUSTOMERS, *SHIPPED])
    joor |= {("unknown_warehouse", value) for value in ("default", "fails")}
    joor |= {("overwrite_scope", "warehouses"), ("absent_style", "cleared"), ("jobs", "stuck")}
    assert not missing(get_type_hints(JoorSwitches), joor, resolved_joor({}))
    shop = values_of([*orders.SHOP, *FROM_SHOP, *TO_SHOP, *NOT_TO_SHOP])
    first = {each.name: each.default for each in fields(ShopSwitches)}
    assert not missing(get_type_hints(ShopSwitches), shop, first)
    zedonk = values_of([*FROM_ZEDONK, *NOT_FROM_ZEDONK, *TO_ZEDONK]) | {
        ("apostrophes", "doubled"),
        ("negative_ats", "clamped"),
    }
    kinds = get_type_hints(ZedonkSwitches)
    first = {name: get_args(kind)[0] for name, kind in kinds.items() if get_origin(kind) is Literal}
    assert not missing(kinds, zedonk, {name: value for name, value in first.items() if name not in SEEDED})
