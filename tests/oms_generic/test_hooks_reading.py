"""Reading stock, shipments and orders out of the systems, and writing stock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
import pytest
from jsonschema import Draft202012Validator
from orderweft import (
    Fetched,
    Kind,
    OrderQuery,
    Page,
    RecordPage,
    SettingsError,
    Shipment,
    StockLevel,
    UnavailableError,
)
from orderweft.testing import Fault, FaultKind, Response, brand

from .hooks import SYSTEMS, Bench, order_of

FIRST = brand.skus()[0]
SMALL_PAGES = {
    system: ((f"size: {size}", "size: 40"), (f'"{param}": "{size}"', f'"{param}": "40"'))
    for system, param, size in (
        ("order_desk", "limit", 500),
        ("cartrover", "limit", 100),
        ("skubana", "limit", 100),
        ("netsuite", "limit", 1000),
        ("in_house", "size", 200),
    )
}
"""Changes to the profiles, and to their samples, that have lists come in pages of 40."""


def levels(bench: Bench) -> list[StockLevel]:
    """Return all stock, read whole."""
    pages = list(oms.read_inventory(bench.connection))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert not any(page.unread for page in pages)
    return [level for page in pages for level in page.records if isinstance(level, StockLevel)]


def in_system(bench: Bench) -> dict[tuple[str, str], int]:
    """Return the stock people see, by SKU and by what the system calls its places."""
    stock = bench.sim.stock
    if bench.system == "netsuite":
        return {(sku, {"MAIN": "5", "EU": "6"}[place]): count for (sku, place), count in stock.items()}
    if bench.system == "skubana":
        return {(sku, ""): sum(stock.get((sku, place), 0) for place in ("MAIN", "EU")) for sku, _ in stock}
    told = "MAIN" if bench.system == "in_house" else ""
    return {(sku, told): count for (sku, place), count in stock.items() if place == "MAIN"}


def read(bench: Bench) -> dict[tuple[str, str], int | None]:
    """Return the stock as it was read."""
    return {
        (level.item.sku or "", (level.warehouse and level.warehouse.code) or ""): level.quantity
        for level in levels(bench)
    }


@pytest.mark.parametrize("small", [False, True], ids=["large-pages", "small-pages"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_stock_is_read_whole(tmp_path: Path, system: str, small: bool) -> None:
    """Every figure is the system's own, whatever the size of its pages, below zero too."""
    changes = SMALL_PAGES[system] if small else ()
    bench = Bench(tmp_path, system, {}, {"changes": changes})
    bench.sim.set_stock(FIRST.sku, -4)
    assert read(bench) == in_system(bench)


@pytest.mark.parametrize(
    ("system", "switches", "values"),
    [
        ("order_desk", {"ids": "text", "zero_total": "number"}, {}),
        ("order_desk", {"limit_over": "refused", "throttle": "off", "error_status": "ok"}, {}),
        ("order_desk", {"content_type": "ignored", "sorted": "newest"}, {}),
        ("cartrover", {"sku_field": "item", "quantity_field": "qty", "text_field": "status_message"}, {}),
        ("cartrover", {"limit_over": "refused", "error_status": "by_kind", "throttle": "off"}, {}),
        ("skubana", {"limits": "off"}, {}),
        ("netsuite", {"suiteql_values": "typed", "suiteql_nulls": "null", "unordered": "stable"}, {}),
        ("netsuite", {"concurrency": 1, "overload": "429_with_code"}, {"sign_in": "tba"}),
        ("in_house", {"throttle": "off"}, {}),
    ],
)
def test_what_the_documentation_leaves_open_does_not_matter(
    tmp_path: Path, system: str, switches: dict[str, Any], values: dict[str, Any]
) -> None:
    """Stock is read and an order delivered, whichever way the system does what nobody has told."""
    bench = Bench(tmp_path, system, switches, {"changes": SMALL_PAGES[system], "values": values})
    assert bench.deliver(order_of()).outcome == "accepted"
    assert len(levels(bench)) >= 150


@pytest.mark.parametrize("kind", ["refuse", "timeout_before", "timeout_after", "reset_mid_body"])
@pytest.mark.parametrize("system", ["order_desk", "in_house"])
def test_a_page_that_fails_is_asked_for_again(tmp_path: Path, system: str, kind: FaultKind) -> None:
    """A reading goes on after a lost page, and ends as unavailable when it never comes."""
    bench = Bench(tmp_path, system, {}, {"changes": SMALL_PAGES[system]})
    bench.spoil(Fault("stock.read", kind, call=2, times=2))
    assert len(levels(bench)) == 150
    bench.spoil(Fault("stock.read", kind, call=2, times=99))
    with pytest.raises(UnavailableError):
        levels(bench)


def test_a_throttled_page_waits_as_long_as_the_system_asks(tmp_path: Path) -> None:
    """The wait is the one in the system's own header."""
    bench = Bench(tmp_path, "order_desk")
    bench.spoil(Fault("stock.read", "answer_before", response=Response(429, {"x-retry-after": "40"})))
    assert len(levels(bench)) == 150
    assert 40 <= bench.clock.monotonic() < 45


def test_calls_keep_to_the_budget(tmp_path: Path) -> None:
    """A system that bears 60 calls a minute never has to refuse one."""
    bench = Bench(tmp_path, "in_house", {}, {"changes": (("size: 200", "size: 2"), ('"size": "200"', '"size": "2"'))})
    assert len(levels(bench)) == 150
    assert bench.clock.monotonic() >= 60
    assert bench.sim.requests == len(bench.door.calls) == 75


def test_a_refused_list_is_a_matter_of_the_settings(tmp_path: Path) -> None:
    """What a list is refused for is told, and is no empty list."""
    bench = Bench(tmp_path, "skubana", {}, {"values": {"warehouse_id": "99"}})
    with pytest.raises(SettingsError, match="Warehouse 99 does not exist"):
        levels(bench)


@pytest.mark.parametrize(("least", "told"), [(None, -4), (0, 0), (5, 0)], ids=["as-is", "zero", "five"])
def test_stock_below_the_minimum_is_told_as_none(tmp_path: Path, least: int | None, told: int) -> None:
    """Below the minimum there is nothing to sell; without one every figure is told as it is."""
    bench = Bench(tmp_path, "in_house", {}, {} if least is None else {"minimum_stock": least})
    bench.sim.set_stock(FIRST.sku, -4)
    short = next(sku.sku for sku in brand.skus() if sku.stock == 3)
    found = read(bench)
    assert found[FIRST.sku, "MAIN"] == told
    assert found[short, "MAIN"] == (0 if least == 5 else 3)


def test_a_row_that_cannot_be_read_is_told_and_the_rest_is_not_complete(tmp_path: Path) -> None:
    """One bad row is named; absence no longer means anything."""
    rows = [{"sku": "A", "warehouse": "MAIN", "free": "many"}, {"sku": "B", "warehouse": "MAIN", "free": 2}]
    bench = Bench(tmp_path, "in_house")
    bench.spoil(Fault("stock.read", "answer_before", response=Response.of_json(rows, headers={"x-total-count": "2"})))
    [page] = oms.read_inventory(bench.connection)
    assert ([row.id for row in page.unread], [row.label for row in page.unread]) == (["A@MAIN"], ["A"])
    assert "quantity" in page.unread[0].problem
    assert (len(page.records), page.complete) == (1, False)


def test_a_list_of_some_stock_is_not_taken_for_all_of_it(tmp_path: Path) -> None:
    """Where the profile says `complete: false`, the end of the list says nothing of what is not in it."""
    listed = "    page: by_page\n    rows:\n      from: body\n"
    partly = listed.replace("    rows:", "    complete: false\n    rows:")
    bench = Bench(tmp_path, "in_house", {}, {"changes": (*SMALL_PAGES["in_house"], (listed, partly))})
    pages = list(oms.read_inventory(bench.connection))
    assert [(len(page.records), page.complete) for page in pages] == [(40, False)] * 3 + [(30, False)]


def test_flags_on_an_item_come_along(tmp_path: Path) -> None:
    """What keeps an item out of a push is read as a custom field."""
    bench = Bench(tmp_path, "order_desk")
    bench.sim.items[FIRST.sku].fields["metadata"] = {"skip_joor": "1"}
    flagged = {level.item.sku: level.item.custom_fields for level in levels(bench) if level.item.custom_fields}
    assert flagged == {FIRST.sku: {"skip_joor": "1"}}


@pytest.mark.parametrize(
    ("system", "switches"), [("order_desk", {"code": "barcode"}), ("skubana", {}), ("in_house", {})]
)
def test_barcodes_that_stand_where_skus_do_are_read_as_barcodes(
    tmp_path: Path, system: str, switches: dict[str, Any]
) -> None:
    """With `item_code = "barcode"` the system's code is the barcode, both ways."""
    bench = Bench(tmp_path, system, switches, {"item_code": "barcode"})
    if system == "skubana":
        bench.sim.system.store.rename(bench.sim.items[FIRST.sku], FIRST.barcode)
    first = next(level.item for level in levels(bench) if level.item.barcode == FIRST.barcode)
    assert first.gtin == FIRST.barcode.zfill(14)
    assert first.sku == (FIRST.sku if system == "in_house" else None)


# shipments


@pytest.mark.parametrize("system", ["order_desk", "skubana", "netsuite", "in_house"])
def test_shipments_carry_the_key_of_their_order(tmp_path: Path, system: str) -> None:
    """Parcels come with tracking and the key the order was delivered under, on more than one page."""
    bench = Bench(tmp_path, system)
    for number in range(60 if system == "in_house" else 2):
        bench.deliver(order_of((0, 1)), f"joor:{number}")
        bench.clock.sleep(2)
        *_, order = bench.sim.orders.values()
        bench.sim.ship(order, f"1Z{number}")
    pages = list(oms.read_shipments(bench.connection))
    found = [parcel for page in pages for parcel in page.records if isinstance(parcel, Shipment)]
    told = {parcel.order_key: parcel.tracking_numbers for parcel in found}
    assert told == {f"joor:{number}": (f"1Z{number}",) for number in range(len(bench.sim.orders))}
    assert not any(page.complete for page in pages)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("kind", ["orders", "inventory", "catalog", "customers", "shipments"])
def test_abilities_follow_the_profile(tmp_path: Path, system: str, kind: Kind) -> None:
    """What the profile does not say cannot be done, and saying so needs no call; what it does say is guaranteed."""
    bench = Bench(tmp_path, system)
    bench.deliver(order_of())
    [order] = bench.sim.orders.values()
    bench.clock.sleep(5)
    bench.sim.ship(order, "1Z")
    schema = oms.provides(bench.connection, kind)
    bench.seen.clear()
    if schema is None:
        with pytest.raises(SettingsError, match="supplies no"):
            list(reading(bench, kind))
        assert bench.seen == []
        return
    check = Draft202012Validator(schema)
    for record in reading(bench, kind):
        check.validate(record.to_data())


def reading(bench: Bench, kind: Kind) -> Iterator[Any]:
    """Yield every record of a kind."""
    if kind == "orders":
        for fetched in oms.fetch_orders(bench.connection, OrderQuery()):
            yield from (item.order for item in fetched.items)
        return
    hooks = {"inventory": oms.read_inventory, "catalog": oms.read_catalog, "customers": oms.read_customers,
             "shipments": oms.read_shipments}  # fmt: skip
    pages: Iterator[RecordPage] = hooks[kind](bench.connection)
    for page in pages:
        yield from page.records


# orders as a source


def fetch(bench: Bench, **query: Any) -> tuple[list[Fetched], str | None]:
    """Return the orders fetched and the bookmark reached."""
    pages: list[Page] = list(oms.fetch_orders(bench.connection, OrderQuery(**query)))
    return [item for page in pages for item in page.items], pages[-1].bookmark


def test_orders_are_fetched_from_the_newest_change_on(tmp_path: Path) -> None:
    """The bookmark is the system's own time of the newest change; the next reading reaches back a little."""
    bench = Bench(tmp_path, "in_house", {}, {"overlap_minutes": 10, "changes": SMALL_PAGES["in_house"]})
    for number in range(50):
        bench.sim.add_order(f"o-{number}", {FIRST.sku: 1})
    for order in bench.sim.orders.values():
        order.fields |= {"currency": "EUR", "customer": {"code": "C1", "name": "N"}}
    items, bookmark = fetch(bench)
    assert (len(items), bookmark) == (50, "2026-11-02T09:00:00Z")
    bench.clock.sleep(3600)
    bench.sim.move_to_folder("o-7", "picking")
    items, bookmark = fetch(bench, bookmark=bookmark)
    assert len(items) == 50
    assert bookmark == "2026-11-02T10:00:00Z"
    items, bookmark = fetch(bench, bookmark=bookmark)
    assert [(item.number, item.order and item.order.status) for item in items] == [("o-7", "processing")]


@pytest.mark.parametrize(("people", "status"), [("none", "approved"), ("cancel", "cancelled"), ("ship", "shipped")])
def test_orders_of_a_sales_channel_are_fetched(tmp_path: Path, people: str, status: str) -> None:
    """Extensiv Order Manager tells orders of all channels or of one, with what it was given and what became of them."""
    bench = Bench(tmp_path, "skubana")
    sent = order_of()
    bench.deliver(sent, "W-1")
    bench.clock.sleep(60)
    if people == "cancel":
        bench.sim.cancel("W-1")
    elif people == "ship":
        bench.sim.ship("W-1", "1Z")
    [item], bookmark = fetch(bench)
    assert item.order is not None
    assert (item.number, item.order.status, item.order.currency) == ("W-1", status, sent.currency)
    assert item.order.addresses == sent.addresses
    told = [[(line.sku, line.quantity, line.unit_price) for line in one.lines] for one in (item.order, sent)]
    assert told[0] == told[1]
    assert bookmark == ("2026-11-02T09:00:00Z" if people == "none" else "2026-11-02T09:01:00Z")
    assert len(fetch(bench, number="W-1")[0]) == 1
    assert fetch(bench, number="W-2")[0] == []
    assert fetch(Bench(tmp_path, "skubana", {}, {"values": {"read_channel_id": "78"}}))[0] == []


def test_orders_asked_for_out_of_turn_do_not_move_the_bookmark(tmp_path: Path) -> None:
    """An order by number, or everything since a day, leaves the point of the readings in turn alone."""
    bench = Bench(tmp_path, "in_house")
    for number in range(3):
        bench.sim.add_order(f"o-{number}", {FIRST.sku: 1}).fields.update(currency="EUR", customer={"code": "C1"})
    items, bookmark = fetch(bench, number="o-1", bookmark="2026-11-01T00:00:00Z")
    assert ([item.number for item in items], bookmark) == (["o-1"], "2026-11-01T00:00:00Z")
    items, bookmark = fetch(bench, since=datetime(2026, 11, 1, tzinfo=UTC))
    assert (len(items), bookmark) == (3, None)


def test_orders_before_the_earliest_day_are_left_out(tmp_path: Path) -> None:
    """They are told with the reason, and not delivered."""
    bench = Bench(tmp_path, "in_house", {}, {"earliest_order_date": "2026-11-03"})
    bench.sim.add_order("old", {FIRST.sku: 1}).fields.update(currency="EUR", customer={"code": "C1"})
    bench.clock.sleep(86_400)
    bench.sim.move_to_folder("old", "picking")
    bench.sim.add_order("new", {FIRST.sku: 1}).fields.update(currency="EUR", customer={"code": "C1"})
    items, _ = fetch(bench)
    assert {item.number: item.skip for item in items} == {
        "old": "it was taken before 2026-11-03 (earliest_order_date)", "new": None,
    }  # fmt: skip


def test_an_order_that_cannot_be_read_can_be_read_later(tmp_path: Path) -> None:
    """It is told with what is wrong and the text it came as, from which it is read again."""
    bench = Bench(tmp_path, "in_house")
    bench.sim.add_order("o-1", {FIRST.sku: 1}).fields.update(customer={"code": "C1"})
    [item], _ = fetch(bench)
    assert item.order is None
    assert "currency" in (item.problem or "")
    assert item.payload is not None
    again = oms.reread_order(bench.connection, item.payload.replace('"reference"', '"currency": "EUR", "reference"'))
    assert again.order is not None
    assert (again.number, again.order.currency) == ("o-1", "EUR")


# writing stock


def changed(quantities: dict[str, int], **fields: Any) -> list[StockLevel]:
    """Return levels with those quantities."""
    origin = {"channel": "joor", "connection": "joor"}
    return [StockLevel.model_validate({"origin": {**origin, "id": sku}, "item": {"sku": sku}, "quantity": quantity,
                                       **fields}) for sku, quantity in quantities.items()]  # fmt: skip


def test_stock_is_written_and_each_refusal_told(tmp_path: Path) -> None:
    """Rows are set in as many calls as it takes; what the system does not know is named."""
    bench = Bench(tmp_path, "in_house")
    outcomes = oms.write_inventory(bench.connection, changed({FIRST.sku: 7, "NO": 1, "1001-401-S": 0}), "update")
    assert [outcome.outcome for outcome in outcomes] == ["accepted", "refused", "accepted"]
    assert (bench.sim.stock[FIRST.sku, "MAIN"], bench.sim.stock["1001-401-S", "MAIN"]) == (7, 0)


def test_refusals_beside_successes_are_told_row_by_row(tmp_path: Path) -> None:
    """A batch with two bad rows sets the others."""
    values = {"warehouse_id": 11, "stock_location": "A-01"}
    bench = Bench(tmp_path, "skubana", {}, {"values": values})
    quantities = {sku.sku: 9 for sku in brand.skus()} | {"NO": 1} | {f"NEW-{number}": 1 for number in range(60)}
    outcomes = oms.write_inventory(bench.connection, changed(quantities), "update")
    assert [outcome.outcome for outcome in outcomes] == ["accepted"] * 150 + ["refused"] * 61
    assert {bench.sim.stock[sku.sku, "MAIN"] for sku in brand.skus()} == {9}
    assert bench.door.calls == ["stock.write"] * 2


@pytest.mark.parametrize(
    ("kind", "outcomes"),
    [("refuse", ["accepted", "not_sent", "not_sent"]), ("timeout_after", ["accepted", "unknown", "not_sent"])],
)
def test_a_call_that_fails_leaves_the_rest_for_later(tmp_path: Path, kind: FaultKind, outcomes: list[str]) -> None:
    """What was applied is told as applied, what is in doubt as that, and the rest was not begun."""
    bench = Bench(tmp_path, "in_house")
    bench.spoil(Fault("stock.write", kind, call=2))
    quantities = {sku.sku: 1 for sku in brand.skus()[:3]}
    found = oms.write_inventory(bench.connection, changed(quantities), "update")
    assert [outcome.outcome for outcome in found] == outcomes
    bench.spoil(Fault("stock.write", "refuse"))
    with pytest.raises(UnavailableError):
        oms.write_inventory(bench.connection, changed(quantities), "update")


def test_stock_cannot_be_overwritten_where_the_profile_does_not_say_how(tmp_path: Path) -> None:
    """Nothing is sent when the mode or the kind is not in the profile."""
    bench = Bench(tmp_path, "in_house")
    with pytest.raises(SettingsError, match="overwrite"):
        oms.write_inventory(bench.connection, changed({FIRST.sku: 1}), "overwrite")
    rover = Bench(tmp_path, "cartrover")
    assert oms.accepts(rover.connection, "inventory") is None
    with pytest.raises(SettingsError, match="takes no stock"):
        oms.write_inventory(rover.connection, changed({FIRST.sku: 1}), "update")
    assert bench.seen == rover.seen == []
