"""What Zedonk's connector for JOOR does today, asked of the command line and seen at both simulators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from orderweft.testing import brand
from orderweft_joor.simulator.model import Status
from orderweft_zedonk.simulator.model import Address, Order
from PIL import Image

from .houses import (
    BARCODES,
    CURRENT,
    NEWEST,
    OLDER,
    ORDERS,
    ZEDONK_CUSTOMERS,
    ZEDONK_STOCK,
    ZEDONK_STYLES,
    House,
    house,
)

KNOWN = [buyer.code for buyer in brand.buyers()[:8]]
"""The account codes Zedonk has."""


@pytest.fixture
def both(tmp_path: Path) -> Iterator[House]:
    """Give a JOOR account with products and customers, and a Zedonk tenant whose folder is a plain one."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        yield opened


@pytest.fixture
def new(tmp_path: Path) -> Iterator[House]:
    """Give a JOOR account without products and customers, and a Zedonk tenant."""
    with house(tmp_path, joor={"catalog": "none", "match_hours": 0}, zedonk={}) as opened:
        yield opened


def takes_orders(opened: House, **settings: Any) -> None:
    """Set up the pipeline of orders."""
    opened.pipe("orders", ORDERS, destination_options={"import_season": CURRENT, **settings})


def imports(opened: House) -> list[Order]:
    """Let a run hand over, Zedonk's people import and a second run hear of it; return Zedonk's orders."""
    opened.say("run", "orders")
    opened.zedonk.work()
    opened.clock.sleep(1200)
    opened.say("run", "orders")
    return list(opened.zedonk.orders.values())


# Orders from JOOR


def test_z1_approved_orders_become_orders_in_zedonk(tmp_path: Path) -> None:
    """Only approved JOOR orders are imported, over SFTP, and JOOR hears of each when Zedonk has confirmed it."""
    with house(tmp_path, joor={}, zedonk={}, sftp=True) as opened:
        takes_orders(opened)
        statuses: tuple[Status, ...] = ("notes", "cart", "pending", "shipped", "cancelled")
        approved = opened.joor.add_order({"1001-401-S": 4, "1002-110-M": 1})
        for status in statuses:
            opened.joor.add_order(status=status)
        said = opened.say("run")
        said.expect(0, "1 order handed over, to be confirmed by the destination")
        assert opened.joor.acknowledged == {}
        opened.say("orders", "why", str(approved)).expect(0, "was handed over to zedonk", "has not been confirmed yet")
        opened.zedonk.work()
        opened.say("run").expect(0, "1 order confirmed that had been handed over before")
        [order] = opened.zedonk.orders.values()
        assert (order.reference, order.customer.account_code, order.currency) == (str(approved), "C100", "GBP")
        assert [(line.sku.barcode, line.quantity, line.total) for line in order.lines] == [
            (BARCODES["1001-401-S"], 4, Decimal("184.00")),
            (BARCODES["1002-110-M"], 1, Decimal("52.50")),
        ]
        assert opened.joor.acknowledged == {approved: ("SUCCESS", f"Delivered as {order.number}.")}
        opened.say("orders", "why", str(approved)).expect(0, f"arrived at zedonk as {order.number}")


def test_z1_orders_are_imported_one_time_only(both: House) -> None:
    """An order that was handed over is not handed over again: not by another run, and not after an edit in JOOR."""
    takes_orders(both)
    number = both.joor.add_order()
    assert len(imports(both)) == 1
    both.joor.edit(number, quantity=9)
    both.clock.sleep(60)
    assert [line.quantity for line in imports(both)[0].lines] == [4, 6]
    assert len(both.zedonk.imported_files) == 2  # the order and an address


def test_z2_an_unknown_barcode_is_never_guessed(both: House) -> None:
    """An order with a barcode Zedonk does not know is held with that barcode named, and goes once Zedonk knows it."""
    takes_orders(both)
    number = both.joor.add_order()
    both.joor.edit(number, barcode="2099999999998")
    both.say("run").expect(3, "unknown item", "2099999999998")
    assert "2000000000022" not in both.say("orders", "why", str(number)).text  # the other line is known
    assert not list((both.zedonk.folder / "in").rglob("*.csv"))
    both.zedonk.add_product("HAND-1", "Navy", {"S": "2099999999998"})
    both.zedonk.work()
    both.clock.sleep(1200)
    [order] = imports(both)
    assert [line.sku.barcode for line in order.lines] == ["2099999999998", BARCODES["1001-401-M"]]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("C108", "no active customer with the account code 'C108'"),
        ("c100", "it has 'C100', which is not the same"),
        ("C200", "the customer with the account code 'C200' is inactive in Zedonk"),
    ],
    ids=["unknown", "another case", "inactive"],
)
def test_z3_an_order_without_a_valid_account_code_is_held(both: House, code: str, told: str) -> None:
    """Customers are matched by account code exactly; an order of any other is held, and JOOR hears why."""
    takes_orders(both)
    number = both.joor.add_order(customer_code=code)
    assert both.say("run").code == 3
    both.say("orders", "why", str(number)).expect(0, "is held", told)
    assert (imports(both), both.joor.acknowledged[number][0]) == ([], "FAILED")


def test_z4_addresses_of_the_order_are_joors(both: House) -> None:
    """Delivery and accounts addresses come from JOOR, and the customer in Zedonk is given those it lacks."""
    takes_orders(both)
    both.joor.add_order(shipping_address_1="9 New Quay", shipping_city="Bristol", shipping_postal_code="BS1 1AA")
    customer = both.zedonk.customers["Example Store Ltd"]
    before = {role: list(addresses) for role, addresses in customer.addresses.items()}
    [order] = imports(both)
    assert order.delivery is not None
    assert order.accounts is not None
    assert (order.delivery.line1, order.delivery.city) == ("9 New Quay", "Bristol")
    assert (order.accounts.line1, order.accounts.city) == (brand.buyers()[0].line1, "London")
    assert [one.line1 for one in added(before, customer.addresses, "Delivery")] == ["9 New Quay"]
    assert added(before, customer.addresses, "Store") == []
    both.joor.add_order(shipping_address_1="9 new quay", shipping_city="BRISTOL", shipping_postal_code="BS11AA")
    imports(both)
    assert len(added(before, customer.addresses, "Delivery")) == 1  # the same, written otherwise


def added(before: Any, after: Any, role: str) -> list[Address]:
    """Return the addresses a customer has been given."""
    return [one for one in after[role] if one not in before[role]]


def test_z5_the_store_address_is_zedonks_own(both: House) -> None:
    """The store address on an order is that of the customer in Zedonk, whatever JOOR has."""
    takes_orders(both)
    both.joor.add_order(shipping_address_1="9 New Quay")
    [order] = imports(both)
    assert order.store is not None
    assert order.store.line1 == "1 Shop Arcade"


@pytest.mark.parametrize(
    ("zedonk", "becomes"), [({"seasons": "codes"}, "FW26"), ({}, OLDER)], ids=["it has it", "it has not"]
)
def test_z6_the_season_is_joors_where_zedonk_has_it(tmp_path: Path, zedonk: dict[str, Any], becomes: str) -> None:
    """An order keeps its season when Zedonk has one of exactly that name; otherwise it gets the import season."""
    with house(tmp_path, joor={}, zedonk=zedonk) as opened:
        takes_orders(opened, import_season="SS27" if zedonk else OLDER)
        opened.joor.add_order()
        assert [order.season for order in imports(opened)] == [becomes]


def test_z6_seasons_of_other_names_are_translated_by_the_map(both: House) -> None:
    """JOOR gives an order the code of its season; the pipeline's map makes Zedonk's name of it."""
    takes_orders(both, import_season=OLDER)
    both.pipe("orders", map={"season.name": "{{ order.linesheet.name | replace(' Main', '') }}"})
    both.joor.add_order()
    both.joor.add_order()
    assert {order.reference: order.season for order in imports(both)} == {"9000001": CURRENT, "9000002": NEWEST}


def test_z6_without_an_import_season_nothing_is_chosen(both: House) -> None:
    """An order of a season Zedonk lacks is held when no import season is set, with the seasons there are."""
    takes_orders(both, import_season=None)
    number = both.joor.add_order()
    assert both.say("run").code == 3
    told = f"Zedonk has no season 'FW26'; it has '{CURRENT}', '{OLDER}', '{NEWEST}'"
    both.say("orders", "why", str(number)).expect(0, told, "set import_season")
    both.zedonk.add_season("FW26", date(2026, 7, 1))
    both.zedonk.work()
    both.clock.sleep(1200)
    assert [(order.reference, order.season) for order in imports(both)] == [(str(number), "FW26")]


@pytest.mark.parametrize("approved", [False, True], ids=["not approved", "approved"])
def test_z7_orders_arrive_approved_or_not(both: House, approved: bool) -> None:
    """Imported orders are approved by setting, whatever Zedonk's own import settings say."""
    takes_orders(both, import_approved=approved)
    both.zedonk.import_settings.approved = not approved
    both.joor.add_order()
    assert [order.approved for order in imports(both)] == [approved]


@pytest.mark.parametrize(("given", "owner"), [("omar", "omar"), (None, "jane")], ids=["chosen", "Zedonk's own"])
def test_z8_orders_get_their_owner(both: House, given: str | None, owner: str) -> None:
    """Imported orders get the chosen owner, or the one of Zedonk's import settings."""
    takes_orders(both, order_owner=given)
    both.joor.add_order()
    assert [order.owner for order in imports(both)] == [owner]


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("order_owner", "bob", "order_owner: Zedonk has no user 'bob'"),
        ("import_season", "SS27", "import_season: Zedonk has no season 'SS27'; it has Fall Winter 2026"),
    ],
    ids=["owner", "season"],
)
def test_z8_a_name_zedonk_does_not_know_is_told_before_anything_is_sent(
    both: House, command: str, setting: str, value: str, told: str
) -> None:
    """An owner or season that is not in Zedonk stops the pipeline at its check, and no order is held for it."""
    takes_orders(both, **{setting: value})
    both.joor.add_order()
    both.say(command).expect(2, told)
    assert both.joor.acknowledged == {}


# Customers to JOOR


def test_z9_active_customers_with_a_code_go_to_joor(new: House) -> None:
    """Only active customers with an account code are handed to JOOR, and are there when its staff have matched them."""
    new.pipe("customers", ZEDONK_CUSTOMERS)
    said = new.say("run")
    said.expect(0, "they are inactive", "they have no account code", "taken and not confirmed yet")
    assert sorted(new.joor.waiting_customers) == KNOWN
    new.joor.match_customers()
    new.clock.sleep(90_000)
    new.say("run").expect(0)
    assert sorted(new.joor.customers) == KNOWN
    new.say("run").expect(0, "0 customers written, 8 unchanged")


def test_z9_customers_carry_delivery_and_accounts_addresses_only(new: House) -> None:
    """The store address never leaves Zedonk."""
    new.pipe("customers", ZEDONK_CUSTOMERS)
    new.say("run").expect(0)
    sent = str(new.joor.waiting_customers["C100"])
    assert "12 Sample Street" in sent
    assert "Accounts Payable" in sent
    assert "Shop Arcade" not in sent


def test_z9_a_customer_that_changes_is_updated(new: House) -> None:
    """A customer renamed in Zedonk is renamed in JOOR, and only that one is sent."""
    new.pipe("customers", ZEDONK_CUSTOMERS)
    new.say("run")
    new.joor.match_customers()
    new.clock.sleep(90_000)
    new.say("run")
    new.zedonk.rename_customer("C101", "Muster Mode AG")
    new.zedonk.work()
    new.clock.sleep(60)
    new.say("run").expect(0, "1 customer written, 7 unchanged")
    assert "Muster Mode AG" in str(new.joor.customers["C101"])


# Products to JOOR


def test_z10_products_go_with_barcodes_prices_and_their_first_image(new: House) -> None:
    """Each style arrives with its colors and sizes, a barcode and the wholesale prices on each, and one image each."""
    new.pipe("styles", ZEDONK_STYLES, source_options={"image_folder": str(new.folder / "pictures")})
    new.say("run", "styles").expect(0, "15 products written", "1005 Navy: 1005-Twill-Navy.png: there is no such file")
    blouse = new.joor.products["1002"]
    sent = {sku.barcode: {name: price.wholesale for name, price in sku.prices.items()} for sku in blouse.skus}
    assert set(sent) == {code for sku, code in BARCODES.items() if sku.startswith("1002-")}
    assert sent[BARCODES["1002-401-S"]] == {
        "GBP Wholesale": Decimal("52.50"),
        "EUR Wholesale": Decimal("60.38"),
        "USD Wholesale": Decimal("65.63"),
    }
    assert {asset.color: asset.filename.partition("-Linen")[0] for asset in blouse.assets} == dict.fromkeys(
        ("NAVY", "ECRU", "MOSS"), "1002"
    )
    new.say("run", "styles").expect(0, "0 products written, 15 unchanged")


@pytest.mark.parametrize(
    ("fit", "kept", "lacking"),
    [
        (False, {"1002": (1320, 1800), "1003": (500, 500), "1004": (2640, 3600)}, {"1004"}),
        (True, {"1002": (1320, 1800), "1003": (660, 900), "1004": (1320, 1800)}, set()),
    ],
    ids=["as they are", "fitted"],
)
def test_z11_images_are_checked_and_fitted_by_setting(
    new: House, fit: bool, kept: dict[str, tuple[int, int]], lacking: set[str]
) -> None:
    """An image of another form is told and one too large not sent; with `fit_images` both arrive as JOOR wants them."""
    pictures = new.folder / "pictures"
    new.pipe("styles", ZEDONK_STYLES, source_options={"image_folder": str(pictures), "fit_images": fit})
    said = new.say("run", "styles")
    said.expect(0)
    for told in ("500 x 500 pixels are fewer than 660 x 900", "2640 x 3600 pixels are more than 1320 x 1800"):
        assert (told in said.text) is not fit
    sizes = {path.name[:4]: Image.open(BytesIO(path.read_bytes())).size for path in pictures.iterdir()}
    assert {style: sizes[style] for style in kept} == kept
    assert {style for style, product in new.joor.products.items() if not product.assets} == lacking


def price(opened: House, style: str) -> Decimal | None:
    """Return what the first SKU of a style costs in JOOR in pounds."""
    found = opened.joor.products[style].skus[0].prices.get("GBP Wholesale")
    return found.wholesale if found else None


def test_z12_the_most_recent_of_the_selected_seasons_sets_the_price(new: House) -> None:
    """Prices come from the selected seasons; of several in which a product is visible, the latest to start counts."""
    new.pipe("styles", ZEDONK_STYLES)
    new.zedonk.set_price("1002", "Navy", NEWEST, "60.00")
    new.zedonk.set_visible("1003", "Navy", NEWEST, visible=False)
    new.zedonk.set_price("1003", "Navy", CURRENT, "70.00")
    new.zedonk.work()
    new.say("run").expect(0)
    assert (price(new, "1002"), price(new, "1003")) == (Decimal("60.00"), Decimal("70.00"))
    new.pipe("styles", source_options={"price_seasons": [CURRENT]})
    new.say("run").expect(3, "prices of 2 products would fall to 0.00", "1001 Flannel Shirt")
    new.say("run", "--allow-drop").expect(0)
    assert (price(new, "1002"), price(new, "1003")) == (Decimal("52.50"), Decimal("70.00"))


@pytest.mark.parametrize(("setting", "costs"), [("send", Decimal("0.00")), ("missing", None)])
def test_z12_a_product_visible_in_no_season_costs_nothing(new: House, setting: str, costs: Decimal | None) -> None:
    """A product in the catalogue that no selected season shows goes out at 0.00; JOOR gets that price by setting."""
    new.pipe("styles", ZEDONK_STYLES, destination_options={"zero_price": setting})
    new.say("run").expect(0, "visible in none of the price seasons: 2001 Velvet Navy; 2002 Tweed Moss")
    assert (price(new, "2001"), price(new, "2002")) == (costs, costs)


# Stock to JOOR


def test_z13_stock_of_the_selected_seasons_is_added_up(tmp_path: Path) -> None:
    """What can be sold in the selected seasons is sent as one total per item, over SFTP; other seasons do not count."""
    with house(tmp_path, joor={}, zedonk={}, sftp=True) as opened:
        opened.pipe("stock", ZEDONK_STOCK)
        opened.zedonk.set_stock(BARCODES["1001-401-S"], 40, season=NEWEST)
        opened.zedonk.set_stock(BARCODES["1001-401-S"], 7, season=CURRENT)
        opened.zedonk.work()
        assert opened.say("run").code == 3  # JOOR lacks some of Zedonk's products
        assert opened.in_joor("1001-401-S") == 47
        opened.pipe("stock", source_options={"stock_seasons": [CURRENT]})
        opened.say("run", "--allow-drop")
        assert opened.in_joor("1001-401-S") == 7


def test_z13_orders_in_zedonk_lower_what_can_be_sold(both: House) -> None:
    """An approved order imported from JOOR is no longer available, and JOOR hears so with the next stock."""
    takes_orders(both, import_approved=True)
    both.pipe("stock", ZEDONK_STOCK)
    both.say("run", "stock")
    before = both.in_joor("1001-401-M")
    both.joor.add_order({"1001-401-M": 6})
    imports(both)
    both.zedonk.work()
    both.say("run", "stock")
    assert before is not None
    assert both.in_joor("1001-401-M") == before - 6


def test_z14_what_production_brings_is_sent_with_the_day_it_starts(both: House) -> None:
    """Future available-to-sell goes out by setting, dated with the start of the product line on the docket."""
    both.pipe("stock", ZEDONK_STOCK)
    both.say("run")
    assert {day for _, day, _ in both.joor.stock} == {None}
    both.pipe("stock", source_options={"include_future_ats": True})
    both.zedonk.add_docket(BARCODES["1005-330-L"], 30, date(2027, 3, 1))
    both.zedonk.work()
    both.say("run")
    assert both.in_joor("1005-330-L", day=date(2027, 3, 1)) == 30
    today = both.clock.now().date()
    assert both.in_joor("1001-401-M", day=today + timedelta(days=60)) == 120
    assert both.in_joor("1001-401-M", day=today + timedelta(days=95)) == 80


def test_z14_a_docket_that_is_moved_leaves_nothing_on_its_old_day(both: House) -> None:
    """When production is late, the pieces move to the new day; when it has come, they are there now."""
    both.pipe("stock", ZEDONK_STOCK, source_options={"include_future_ats": True})
    docket = both.zedonk.add_docket(BARCODES["1005-330-L"], 30, date(2027, 3, 1))
    both.zedonk.work()
    both.say("run")
    docket.start_date = date(2027, 4, 15)
    both.zedonk.work()
    both.say("run")
    old, moved = (both.in_joor("1005-330-L", day=day) for day in (date(2027, 3, 1), date(2027, 4, 15)))
    assert (old, moved) == (0, 30)
    both.zedonk.receive_docket(docket)
    both.zedonk.work()
    both.say("run")
    assert both.in_joor("1005-330-L", day=date(2027, 4, 15)) == 0
    assert both.in_joor("1005-330-L") == 530


# Before going live


def test_z15_a_new_account_is_filled_from_zedonk(new: House) -> None:
    """With a new JOOR account `match` says to send everything; after both exports all barcodes and codes are shared."""
    new.pipe("styles", ZEDONK_STYLES)
    new.pipe("customers", ZEDONK_CUSTOMERS)
    said = new.say("match", "zedonk", "joor")
    said.expect(3, "Barcodes: 0 of 164 at zedonk are at joor", "Account codes: 0 of 8 at zedonk are at joor")
    assert new.written() == 0
    new.say("run", "styles").expect(0)
    new.say("run", "customers").expect(0)
    new.joor.match_customers()
    new.say("match", "zedonk", "joor", "--only", "barcodes", "--only", "customers").expect(
        0, "have the same 164", "have the same 8", "it is safe to start"
    )


def test_z15_an_account_that_exists_is_compared_first(both: House) -> None:
    """With an existing account `match` tells which codes differ and which orders would wait, and writes nothing."""
    takes_orders(both)
    both.zedonk.customers["Muster Mode GmbH"].account_code = "c101 "
    both.zedonk.sku(BARCODES["1001-401-S"]).barcode = "2000000099994"
    both.zedonk.work()
    both.joor.add_order()
    both.joor.add_order(customer="C101")
    said = both.say("match", "joor", "zedonk", "--csv", str(both.folder / "fix"))
    said.expect(3, "It is not safe to start yet", "of 2 orders at joor, 2 would be held today", "differs in")
    fixes = {path.stem: path.read_text("utf-8-sig") for path in (both.folder / "fix").iterdir()}
    assert "only at zedonk,,2000000099994,,1001 Navy S" in fixes["barcodes"]
    assert "c101" in fixes["customers"]
    assert both.written() == 0
    assert not list((both.zedonk.folder / "in").rglob("*.csv"))
