"""What the connectors for OMS and WMS do today, asked of the command line and seen at the simulators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from orderweft.testing import FakeClock, brand

from .houses_oms import House, calling, exchanging
from .oms_generic.hooks import SYSTEMS
from .test_oms_stock import IN_JOOR, STOCK, Store, rows_sent, shelves, stock_of, truth

ORDERS = {"moves": "orders", "source": "joor", "destination": "oms"}
NAVY_S = "1001-401-S"
UPC = {**IN_JOOR, "item_identifier": "upc"}
BY_BARCODE = {"stock_code": "barcode"}
Opens = Callable[..., House]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """Give a function that opens a system and a JOOR account as real servers, with a pipeline of orders."""
    with ExitStack() as running:

        def open_one(system: str = "order_desk", pipeline: Any = ORDERS, **more: Any) -> House:
            opened: AbstractContextManager[House] = calling(
                tmp_path, system, served=True, **{"clock": FakeClock(), **more}
            )
            home = running.enter_context(opened)
            home.configure(pipeline)
            return home

        yield open_one


def done(home: House, *words: str) -> None:
    """Assert that a run ends well."""
    said = home.say("run", *words)
    assert said.code == 0, said.text


def in_joor(home: House, sku: str, warehouse: str = "Default") -> int | None:
    """Return what JOOR shows of a SKU."""
    return shelves(home, {(warehouse, sku): 0})[warehouse, sku]


# What Order Desk does


def test_od2_new_orders_are_looked_for_as_often_as_the_user_chooses(opens: Opens) -> None:
    """OD2: an interval is chosen in the pipeline, none shorter than JOOR allows; each run takes what is new."""
    home = opens()
    text = home.config.read_text(encoding="utf-8")
    home.config.write_text(f'{text}\nschedule = "5m"', encoding="utf-8")
    home.say("check", "--offline").expect(2, "shorter than joor allows; the shortest is 15m")
    home.configure({**ORDERS, "schedule": "15m"})
    home.say("check", "--offline").expect(0)
    for count in (1, 2):
        home.joor.add_order()
        done(home)
        assert len(home.oms.orders) == count


def test_od3_orders_are_placed_in_the_chosen_folder(opens: Opens) -> None:
    """OD3: new orders go to the folder of the settings, and to the store's first one without."""
    home = opens()
    home.joor.add_order()
    done(home)
    home.configure(values={**home.account["values"], "order_folder": "45"})
    home.joor.add_order()
    done(home)
    assert [order.status for order in home.oms.orders.values()] == ["New", "Prepared"]


def test_od4_the_default_warehouse_is_that_of_orders_and_of_stock(opens: Opens) -> None:
    """OD4: orders and stock that name no warehouse get the one of the settings."""
    home = opens(
        pipeline={**ORDERS, "source_options": {"warehouse": "Default"}},
        extra={"order_metadata.warehouse": "=order.warehouse.name"},
    )
    home.joor.add_order()
    done(home)
    [order] = home.oms.orders.values()
    assert order.fields["order_metadata"]["warehouse"] == "Default"
    home.oms.set_stock(NAVY_S, 7)
    home.configure(STOCK)
    done(home)
    assert (in_joor(home, NAVY_S), in_joor(home, NAVY_S, "EU Warehouse")) == (7, None)


def test_od8_everything_from_a_date_is_imported_now(opens: Opens) -> None:
    """OD8: `--since` takes everything from that day on, however old."""
    clock = FakeClock(datetime(2026, 9, 1, 9, tzinfo=UTC))
    home = opens(clock=clock)
    home.joor.add_order()
    clock.sleep(40 * 86_400)
    done(home)
    assert not home.oms.orders
    done(home, "--since", "2026-09-01")
    assert len(home.oms.orders) == 1


@pytest.mark.parametrize(("flag", "stays_out"), [("skip_push", True), ("skip_joor", True), ("skip_shopify", False)])
def test_od9_a_flag_at_an_item_keeps_it_out(opens: Opens, flag: str, stays_out: bool) -> None:
    """OD9: in Order Desk `skip_push|1` keeps an item's stock out of every push, `skip_joor|1` out of JOOR's only."""
    home = opens(pipeline=STOCK)
    home.oms.items[NAVY_S].fields["metadata"] = {flag: "1"}
    home.oms.set_stock(NAVY_S, 7)
    done(home)
    assert in_joor(home, NAVY_S) == (500 if stays_out else 7)
    assert len(home.joor.log) == 1


# What Extensiv Integration Manager does


@pytest.mark.parametrize("system", SYSTEMS)
def test_ex1_ex9_new_orders_and_their_customers_are_delivered(opens: Opens, system: str) -> None:
    """EX1, EX9: to whichever system, each new order is delivered with its lines, and says whose it is."""
    home = opens(system)
    home.say("check").expect(0, "signed in as", "The pair fits.")
    home.joor.add_order({NAVY_S: 4, "1002-110-M": 6}, customer="C101")
    done(home)
    [order] = home.oms.orders.values()
    assert [(home.oms.items[line.sku].sku, line.quantity) for line in order.lines] == [(NAVY_S, 4), ("1002-110-M", 6)]
    buyer = next(buyer for buyer in brand.buyers() if buyer.code == "C101")
    known = home.oms.customers["C101"].id
    assert buyer.name in str(order.fields) or order.fields["entity"]["id"] == str(known)


def test_ex1_a_customer_the_system_has_to_know_is_named(opens: Opens) -> None:
    """EX1: where orders belong to customer records, one of a customer without any is held, and says so."""
    home = opens("netsuite")
    home.joor.add_order(customer="C108")
    home.say("run").expect(3, "not in NetSuite: C108")
    assert not home.oms.orders


@pytest.mark.parametrize("system", SYSTEMS)
def test_ex2_ex9_stock_is_delivered_to_joor(opens: Opens, system: str) -> None:
    """EX2, EX9: from whichever system, levels go to JOOR; and only those that changed, once they are there."""
    home = opens(system, pipeline=stock_of(system))
    done(home)
    rows_sent(home)
    home.oms.set_stock(NAVY_S, 7)
    done(home)
    wanted = truth(home)
    assert shelves(home, wanted) == wanted
    assert rows_sent(home) == 1


CATALOG = {
    "moves": "catalog",
    "source": "oms",
    "destination": "joor",
    "map": {
        "prices.*.label": "EUR Wholesale",
        "colors.*.skus.*.prices.*.label": "{{ price.currency }} Wholesale",
        "style_identifier": "ST-{{ product.style_number }}",
        "colors.*.color_code": "{{ (color.color_code or color.color) | upper }}",
    },
}


LISTED = {
    "in_house": {},
    "order_desk": {"price_currency": "EUR"},
}
"""Systems that tell prices, with what their profiles ask for products."""


@pytest.mark.parametrize(("system", "values"), LISTED.items(), ids=list(LISTED))
def test_ex3_listings_and_prices_are_kept_up_to_date(opens: Opens, system: str, values: dict[str, str]) -> None:
    """EX3: products of a system that supplies them become styles in JOOR, and prices follow later."""
    home = opens(system, pipeline=CATALOG, values=values)
    done(home)
    for sku, item in home.oms.items.items():
        if sku.startswith("1001-"):
            item.price = Decimal("48.00")
    done(home)
    prices = {
        style: {sku.prices["EUR Wholesale"].wholesale for sku in home.joor.products[style].skus}
        for style in ("1001", "1002")
    }
    assert prices == {"1001": {Decimal("48.00")}, "1002": {Decimal("52.50")}}
    written = len(home.joor.log)
    done(home)
    assert len(home.joor.log) == written


@pytest.mark.parametrize("system", ["netsuite", "skubana"])
def test_ex3_ex9_listings_of_the_named_systems_are_kept_up_to_date(opens: Opens, system: str) -> None:
    """EX3, EX9: items of NetSuite and Extensiv Order Manager become styles in JOOR, one added later too."""
    home = opens(system, pipeline=CATALOG)
    home.say("check", "--offline").expect(0, "The pair fits.")
    done(home)
    home.oms.system.store.add_item("1001-401-3XL", "Poplin Shirt", barcode="2000000099991")
    home.oms.set_stock("1001-401-3XL", 3)
    done(home)
    skus = {sku.sku_identifier for sku in home.joor.products["1001"].skus}
    # JOOR has every color in every size; those nobody named have no code
    assert skus - {None} == {sku.sku for sku in brand.skus() if sku.style_number == "1001"} | {"1001-401-3XL"}


def test_ex3_a_system_without_product_details_is_told_at_once(opens: Opens) -> None:
    """EX3: where the system cannot supply products, checking a pipeline of them says so before any run."""
    opens("cartrover", pipeline=CATALOG).say("check", "--offline").expect(2, "cannot supply catalog")


def test_ex4_an_edit_after_delivery_changes_nothing_there(opens: Opens) -> None:
    """EX4: a delivered order that is edited or cancelled in JOOR stays as it was delivered, and people are told."""
    home = opens()
    number = home.joor.add_order({NAVY_S: 4})
    done(home)
    home.pass_time()
    home.joor.edit(number, quantity=99)
    home.say("run").expect(0, f"order {number} was changed at joor after it was delivered; oms is not told")
    home.pass_time()
    home.joor.cancel(number)
    home.say("run").expect(0, f"order {number} was cancelled at joor after it was delivered")
    [order] = home.oms.orders.values()
    assert ([line.quantity for line in order.lines], order.cancelled) == ([4], False)


def test_ex4_an_edit_and_a_cancellation_follow_where_the_profile_can(opens: Opens) -> None:
    """EX4: Order Desk gets the new quantities of the same order, and then has it in its folder of cancelled orders."""
    following = {**ORDERS, "on_change": "update", "on_cancel": "cancel"}
    home = opens(pipeline=following)
    home.configure(following, values={**home.account["values"], "cancelled_folder": "47"})
    number = home.joor.add_order({NAVY_S: 4})
    done(home)
    home.pass_time()
    home.joor.edit(number, quantity=9)
    home.say("run").expect(0, "updated")
    [order] = home.oms.orders.values()
    assert ([line.quantity for line in order.lines], order.status) == ([9], "New")
    home.pass_time()
    home.joor.cancel(number)
    home.say("run").expect(0)
    [order] = home.oms.orders.values()
    assert order.status == "Cancelled"
    home.say("orders", "why", str(number)).expect(0, "It was cancelled at joor since, and then at oms.")


def test_ex9_a_system_that_is_gone_is_told(opens: Opens) -> None:
    """EX9: TradeGecko is no longer there; a connection to it says so instead of trying."""
    home = opens()
    old = '[connections.old]\nchannel = "oms_generic"\nprofile = "tradegecko"\nvalues = { token = "gone" }\n'
    home.config.write_text(f"{old}\n{home.config.read_text(encoding='utf-8')}", encoding="utf-8")
    home.say("check", "--offline").expect(2, "connections.old", "Gecko is no longer there")


# What Extensiv documents besides


def test_only_news_is_sent(opens: Opens) -> None:
    """Parity: JOOR is sent what has changed since it was last told, and nothing when nothing has."""
    home = opens(pipeline=STOCK)
    for sku, rows in ((None, 150), (NAVY_S, 1), (None, 0)):
        if sku:
            home.oms.set_stock(sku, 7)
        done(home)
        assert rows_sent(home) == rows


def test_orders_that_have_arrived_are_taken_off_the_stock(opens: Opens) -> None:
    """Parity: pieces on orders delivered since are subtracted where the system tells what is available."""
    home = opens("cartrover")
    home.joor.add_order({NAVY_S: 4})
    done(home)
    home.configure(STOCK)
    done(home)
    assert in_joor(home, NAVY_S) == 496


def test_orders_handed_over_since_are_taken_off_the_stock_of_a_file(tmp_path: Path) -> None:
    """Parity: in-flight correction; orders a system of files was given since it wrote its stock are subtracted."""
    with exchanging(tmp_path, "csv", subtract_in_flight=True) as home:
        store = Store(home)
        store.export()
        home.configure(ORDERS)
        home.joor.add_order({NAVY_S: 4})
        home.run()
        home.configure(STOCK)
        assert home.move().result == "done"
        assert in_joor(home, NAVY_S) == store.stock[NAVY_S] - 4


def test_below_the_minimum_level_joor_is_told_there_is_none(opens: Opens) -> None:
    """Parity: Minimum Inventory Level; stock below it is shown as 0."""
    home = opens(pipeline={**STOCK, "source_options": {"minimum_stock": 5}})
    home.oms.set_stock(NAVY_S, 4)
    home.oms.set_stock("1001-401-M", 5)
    done(home)
    assert (in_joor(home, NAVY_S), in_joor(home, "1001-401-M")) == (0, 5)


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_alias_stands_for_the_item_both_ways(opens: Opens, system: str) -> None:
    """Parity: "Translate Item Code"; a template says what the system calls an item, JOOR's templates what JOOR does."""
    alias = "W.{{ line.style_number }}/{{ line.color_code }}/{{ line.size }}"
    part = "{{ (item.sku | replace('W.', '') | split('/'))[%d] }}"
    options = {"style_number": part % 0, "style_identifier": f"ST-{part % 0}", "color_code": part % 1, "size": part % 2}
    home = opens(system, item_code=alias)
    store = home.oms.system.store
    for sku in brand.skus():
        store.rename(store.items[sku.sku], f"W.{sku.style_number}/{sku.color_code}/{sku.size}")
    home.joor.add_order({NAVY_S: 4})
    done(home)
    [order] = home.oms.orders.values()
    assert [home.oms.items[line.sku].barcode for line in order.lines] == ["2000000000015"]
    home.oms.set_stock("W.1001/401/M", 9)
    stock = stock_of(system)
    home.configure({**stock, "destination_options": {**stock["destination_options"], **options}})
    done(home)
    assert in_joor(home, "1001-401-M") == (209 if system == "skubana" else 9)


def test_items_without_the_alias_are_told(opens: Opens) -> None:
    """Parity: "Push Inventory Using Alias"; an item JOOR cannot be told of by it is held and named, not left out."""
    home = opens(
        "in_house", pipeline={**stock_of("in_house"), "destination_options": UPC, "source_options": BY_BARCODE}
    )
    home.oms.items[NAVY_S].barcode = ""
    home.oms.set_stock(NAVY_S, 7)
    said = home.say("run")
    assert NAVY_S in said.text
    assert in_joor(home, NAVY_S) == 500
    assert in_joor(home, "1001-401-M") == 500


@pytest.mark.parametrize(
    ("values", "left"), [({}, 696), ({"subtract_locked": "no"}, 700), ({"warehouse_id": "12"}, 200)]
)
def test_skubana_tells_stock_as_it_is_asked_to(opens: Opens, values: dict[str, str], left: int) -> None:
    """Parity: locked pieces are subtracted or not, and all warehouses are told or one."""
    home = opens("skubana", pipeline={**STOCK, "map": {"warehouse.name": "Default"}}, values=values)
    home.oms.add_order("other", {NAVY_S: 4})
    done(home)
    assert in_joor(home, NAVY_S) == left


def test_a_first_run_reaches_back_as_far_as_it_is_told(opens: Opens) -> None:
    """Parity: Earliest Order Date; the first run takes recent orders only, as many days back as the settings say."""
    clock = FakeClock(datetime(2026, 9, 1, 9, tzinfo=UTC))
    home = opens(clock=clock, pipeline={**ORDERS, "source_options": {"first_run_days": 3}})
    for _ in range(2):
        home.joor.add_order()
        clock.sleep(2 * 86_400)
    done(home)
    assert len(home.oms.orders) == 1
