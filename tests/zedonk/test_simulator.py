"""The Zedonk simulator's folder: what is taken from it, what is put there, and how stock follows."""

from __future__ import annotations

import csv
import gc
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from orderweft.testing import FakeClock, brand
from orderweft_zedonk.simulator import Simulator
from orderweft_zedonk.simulator.orders_in import COMMUNITY, EXTENSIONS
from orderweft_zedonk.simulator.rows import COLUMNS
from orderweft_zedonk.simulator.switches import Switches

NEWEST, CURRENT, OLDER = "Spring Summer 2027", "Fall Winter 2026", "Spring Summer 2026"
FIRST, SECOND, THIRD = (sku.barcode for sku in brand.skus()[:3])
HOME = brand.buyers()[0].line1
Rows = Sequence[Mapping[str, str]]


def simulator(**options: Any) -> Simulator:
    """Return a simulator whose clock stands still."""
    return Simulator(clock=FakeClock(), **options)


def order(barcode: str = FIRST, **more: str) -> dict[str, str]:
    """Return one row of an order of four pieces, other columns by their names with underscores for blanks."""
    row = {
        "Order Reference": "PO-1", "Customer Name": "Example Store Ltd", "Account Code": "C100", "Barcode": barcode,
        "Sales Order Quantity": "4", "Currency": "GBP", "Unit Price": "184.00", "Amount per Unit": "46.00",
    }  # fmt: skip
    return row | {name.replace("_", " "): value for name, value in more.items()}


def drop(sim: Simulator, rows: Rows, *, dataset: str = "orders", batch: str = "b1", second: int = 0,
         columns: Sequence[str] = (), delimiter: str = ",", encoding: str = "utf-8") -> str:  # fmt: skip
    """Put a file into the folder and return its name."""
    given = list(dict.fromkeys([*columns, *(COMMUNITY if dataset == "orders" else ()), *(n for r in rows for n in r)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, given, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    name = f"{dataset}_20261102T0900{second:02d}Z_{batch}.csv"
    (sim.folder / "in" / dataset / name).write_bytes(text.getvalue().encode(encoding))
    return name


def send(sim: Simulator, *rows: Mapping[str, str], dataset: str = "orders", batch: str = "b1") -> list[str]:
    """Have *rows* imported and return the status and code of each, as `CREATED` or `ERROR conflict`."""
    drop(sim, rows, dataset=dataset, batch=batch)
    sim.import_files()
    return [f"{row['status']} {row['code']}".strip() for row in results(sim, batch)]


def results(sim: Simulator, batch: str = "b1") -> list[dict[str, str]]:
    """Return the result file of *batch*."""
    return table(sim.folder / "results" / f"{batch}.csv")


def table(path: Path, *, delimiter: str = ",", encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    """Return the rows of a file."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline=""), delimiter=delimiter))


def header(sim: Simulator, dataset: str) -> tuple[str, ...]:
    """Return the columns of the last export of *dataset*."""
    return tuple(sim.exports(dataset)[0].read_text("utf-8-sig").splitlines()[0].split(","))


def export(sim: Simulator, dataset: str, **form: str) -> list[dict[str, str]]:
    """Return the rows of all exports of *dataset*, made anew."""
    sim.export_files()
    return [row for path in sim.exports(dataset) for row in table(path, **form)]


def stock(sim: Simulator, barcode: str = FIRST, season: str = CURRENT) -> dict[str, str]:
    """Return the exported stock of one SKU in one season."""
    return next(row for row in export(sim, "inventory") if (row["Barcode"], row["Season"]) == (barcode, season))


# the folder and its files


def test_the_first_exports_are_there_from_the_start() -> None:
    """Each data set has its directory with a batch in it, named by the protocol, and stock has one for each season."""
    sim = simulator()
    assert {path.name for path in (sim.folder / "out").iterdir()} == set(COLUMNS)
    assert {path.name for path in sim.folder.iterdir()} == {"out", "in", "done", "failed", "results", "images"}
    for dataset in set(COLUMNS) - {"inventory"}:
        assert re.fullmatch(dataset + r"_20261102T090000Z_[0-9a-f]{16}\.csv", sim.exports(dataset)[0].name)
    assert sorted(path.name.rsplit("_", 2)[0] for path in sim.exports("inventory")) == [
        "inventory_Fall-Winter-2026_full", "inventory_Spring-Summer-2026_full", "inventory_Spring-Summer-2027_full",
    ]  # fmt: skip
    assert sim.settings()["folder"] == str(sim.folder)


@pytest.mark.parametrize("dataset", COLUMNS)
def test_an_export_has_the_columns_of_the_profile(dataset: str) -> None:
    """The columns are those of the profile, in an order that the seed chooses."""
    sims = [*(simulator(seed=seed) for seed in (1, 1, 2)), simulator(column_order="profile")]
    first, same, other, plain = (header(sim, dataset) for sim in sims)
    assert first == same
    assert sorted(first) == sorted(other) == sorted(COLUMNS[dataset])
    assert plain == COLUMNS[dataset]


def test_an_unchanged_export_keeps_its_batch_id_and_replaces_the_old_one() -> None:
    """The batch id comes from the content, the time moves on, and the old export goes or stays by switch."""
    sim, keeper = simulator(), simulator(old_exports="kept")
    first = sim.exports("products")[0].name
    sim.work()
    keeper.work()
    (second,) = (path.name for path in sim.exports("products"))
    assert (first.split("_")[2], first.split("_")[1] < second.split("_")[1]) == (second.split("_")[2], True)
    assert len(keeper.exports("products")) == 2
    assert len(keeper.exports("inventory")) == 6


def test_a_private_folder_goes_with_its_simulator(tmp_path: Path) -> None:
    """A folder of one's own stays."""
    sim = simulator()
    private = sim.folder
    Simulator(clock=FakeClock(), folder=tmp_path)
    assert private.is_dir()
    del sim
    gc.collect()
    assert not private.exists()
    assert (tmp_path / "out" / "products").is_dir()


def test_files_are_taken_oldest_first_and_never_half_written() -> None:
    """The time in the name decides, customers go before orders in the same second, and `.part` files wait."""
    sim = simulator()
    late = drop(sim, [order()], second=9)
    early = drop(sim, [order(Order_Reference="PO-2")], batch="b2", second=3)
    customer = drop(sim, [{"Customer Name": "New Sample Shop"}], dataset="customers", batch="b3", second=3)
    part = sim.folder / "in" / "orders" / "orders_20261102T090000Z_b4.csv.part"
    part.write_text("Order Reference")
    assert sim.import_files() == [customer, early, late]
    assert part.exists()
    assert [one.reference for one in sim.orders.values()] == ["PO-2", "PO-1"]
    assert sorted(path.name for path in (sim.folder / "done").iterdir()) == sorted([customer, early, late])
    assert list(sim.imported_files) == [customer, early, late]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (",".join(COMMUNITY).encode(), "empty_file"),
        (b"Order Reference,Barcode\nPO-1,1", "missing_column"),
        (",".join([*COMMUNITY, "Barcode"]).encode() + b"\n" + b"," * 12, "repeated_column"),
        (",".join(COMMUNITY).encode() + b"\nPO-1,Example", "bad_row"),
        (",".join(COMMUNITY).encode() + b'\n"PO-1', "bad_file"),
        ("Bestellung,Stück".encode("cp1252"), "bad_file"),
    ],
    ids=["nothing", "header", "missing column", "repeated column", "cut row", "open quote", "other encoding"],
)
def test_a_file_that_is_no_table_of_orders_fails_whole(content: bytes, code: str) -> None:
    """The result names no row, and the file goes to `failed/`."""
    sim = simulator()
    name = drop(sim, [order()])
    (sim.folder / "in" / "orders" / name).write_bytes(content)
    sim.work()
    assert [(row["row"], row["status"], row["code"]) for row in results(sim)] == [("0", "ERROR", code)]
    assert (sim.folder / "failed" / name).exists()


def test_a_file_with_a_name_of_its_own_fails_without_a_result() -> None:
    """Who puts a file there by hand learns it from the log."""
    sim = simulator()
    (sim.folder / "in" / "orders" / "monday.csv").write_text("Order Reference\n")
    sim.work()
    assert [entry.code for entry in sim.log] == ["bad_name"]
    assert list((sim.folder / "results").iterdir()) == []


# orders


def test_an_order_is_created_with_all_its_columns() -> None:
    """The extension columns say more than the community ones, in any order."""
    sim = simulator()
    row = order(
        Season=NEWEST, Approved="true", Order_Owner="omar", Delivery_Start="2027-02-01", Delivery_Cancel="2027-02-28",
        Comments="Call first", External_Id="joor:9000001", Delivery_Name="Example Pop-up", Delivery_Line_1="1 New Road",
        Delivery_City="London", Delivery_Postcode="N1 1AA", Delivery_Country="GB", Delivery_Phone="+44 20 7946 0000",
        Accounts_Name="Example Head Office", Accounts_Line_1="2 Old Road",
    )  # fmt: skip
    drop(sim, [row], columns=sorted({*COMMUNITY, *EXTENSIONS}))
    sim.import_files()
    (made,) = sim.orders.values()
    assert results(sim) == [
        {"row": "1", "key": "joor:9000001", "status": "CREATED", "code": "", "message": "sales order SO10001"}
    ]
    assert (made.number, made.reference, made.external_id) == ("SO10001", "PO-1", "joor:9000001")
    assert (made.season, made.approved, made.owner, made.currency) == (NEWEST, True, "omar", "GBP")
    assert (made.delivery_start, made.delivery_cancel) == (date(2027, 2, 1), date(2027, 2, 28))
    assert (made.comments, made.total) == ("Call first", Decimal("184.00"))
    assert made.delivery
    assert (made.delivery.name, made.delivery.line1, made.delivery.phone) == (
        "Example Pop-up", "1 New Road", "+44 20 7946 0000",
    )  # fmt: skip
    assert made.accounts
    assert made.accounts.name == "Example Head Office"


def test_without_extension_columns_the_import_settings_decide() -> None:
    """Season, approval and owner come from the settings, dates from the season, addresses from the customer."""
    sim = simulator()
    sim.import_settings.owner = "omar"
    assert send(sim, order()) == ["CREATED"]
    (made,) = sim.orders.values()
    assert (made.season, made.approved, made.owner) == (CURRENT, False, "omar")
    assert (made.delivery_start, made.delivery_cancel) == (date(2026, 7, 15), date(2026, 9, 13))
    customer = sim.customers["Example Store Ltd"]
    assert (made.delivery, made.accounts) == (customer.addresses["Delivery"][0], customer.addresses["Accounts"][0])


@pytest.mark.parametrize(
    ("given", "season"),
    [(NEWEST, NEWEST), (NEWEST.upper(), CURRENT), (NEWEST + " ", CURRENT), ("SS27", CURRENT), ("", CURRENT)],
    ids=["equal", "case", "blank behind", "code", "blank"],
)
def test_a_season_must_be_exactly_one_of_the_tenants(given: str, season: str) -> None:
    """Any other name gets the import season."""
    sim = simulator()
    send(sim, order(Season=given))
    assert [one.season for one in sim.orders.values()] == [season]


def test_seasons_can_be_called_by_their_codes() -> None:
    """A tenant may use what JOOR has as season codes."""
    sim = simulator(seasons="codes")
    send(sim, order(Season="SS27"))
    assert list(sim.seasons) == ["SS26", "FW26", "SS27"]
    assert [one.season for one in sim.orders.values()] == ["SS27"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Barcode": "2099999999998"}, "unknown_barcode"),
        ({"Barcode": "0" + FIRST}, "unknown_barcode"),
        ({"Barcode": "", "Style": "1001", "Colour": "Navy", "Size": "M"}, "unknown_product"),
        ({"Account Code": ""}, "blank_account_code"),
        ({"Account Code": "X1"}, "unknown_account_code"),
        ({"Account Code": "c100"}, "unknown_account_code"),
        ({"Account Code": "C100 "}, "unknown_account_code"),
        ({"Account Code": "C200"}, "inactive_customer"),
        ({"Account Code": "C108"}, "unknown_account_code"),
        ({"Currency": "JPY"}, "currency_not_enabled"),
        ({"Order Owner": "alex"}, "unknown_owner"),
        ({"Approved": "maybe"}, "bad_value"),
        ({"Delivery Start": "31/12/2026"}, "bad_date"),
        ({"Sales Order Quantity": "0"}, "bad_quantity"),
        ({"Sales Order Quantity": "1.5"}, "bad_quantity"),
        ({"Unit Price": "1.234,56"}, "bad_number"),
        ({"Order Reference": ""}, "missing_key"),
    ],
    ids=lambda case: " ".join(case.values()) or "blank" if isinstance(case, dict) else case,
)
def test_an_order_that_cannot_be_taken_is_refused_and_logged(change: dict[str, str], code: str) -> None:
    """The result and the log say why, and nothing is kept."""
    sim = simulator()
    assert send(sim, {**order(), **change}) == [f"ERROR {code}"]
    assert not sim.orders
    assert [entry.code for entry in sim.log] == [code]


def test_a_retail_customer_has_no_wholesale_orders() -> None:
    """The type of the customer decides."""
    sim = simulator()
    sim.customers["Example Store Ltd"].type = "Retail"
    assert send(sim, order()) == ["ERROR retail_customer"]


def test_one_wrong_line_refuses_the_whole_file() -> None:
    """Every row is an error: the wrong one with its reason, the others because of it."""
    sim = simulator()
    given = [order(), order("2099999999998"), order(Order_Reference="PO-2")]
    assert send(sim, *given) == ["ERROR file_refused", "ERROR unknown_barcode", "ERROR file_refused"]
    assert not sim.orders
    assert [path.name for path in (sim.folder / "failed").iterdir()] == ["orders_20261102T090000Z_b1.csv"]


def test_an_unknown_line_can_be_dropped_alone() -> None:
    """By switch the rest of the order is taken, unless nothing is left."""
    sim = simulator(unmatched_line="dropped")
    assert send(sim, order(), order("2099999999998"), order(THIRD)) == ["CREATED", "SKIPPED unknown_barcode", "CREATED"]
    assert [line.sku.barcode for line in sim.orders["SO10001"].lines] == [FIRST, THIRD]
    assert send(sim, order("2099999999998", Order_Reference="PO-2"), batch="b2") == ["ERROR no_lines"]


def test_rows_of_one_order_agree() -> None:
    """What belongs to the order is the same on each of its rows."""
    assert send(simulator(), order(), order(SECOND, Currency="EUR")) == ["ERROR inconsistent"] * 2


def test_a_line_without_barcode_is_known_by_style_fabric_color_and_size() -> None:
    """The fabric tells two products of the same style and color apart."""
    sim = simulator()
    named = {"Style": "1001", "Colour": "Navy", "Size": "M"}
    assert (
        send(sim, {**order(""), **named, "Fabric": "Flannel"}, {**order(""), **named, "Fabric": "Poplin"})
        == ["CREATED"] * 2
    )
    lines = sim.orders["SO10001"].lines
    assert [(line.sku.product.fabric, line.matched_by) for line in lines] == [("Flannel", "style"), ("Poplin", "style")]


def test_an_order_of_many_lines_is_taken_whole() -> None:
    """Real wholesale orders have more than a hundred lines."""
    sim = simulator()
    drop(sim, [order(sku.barcode) for sku in brand.skus()[:134]])
    sim.import_files()
    assert len(sim.orders["SO10001"].lines) == 134
    assert len(results(sim)) == 134


@pytest.mark.parametrize(
    ("switch", "unit_price", "amount_per_unit", "price", "total"),
    [
        ("line_total", "184.00", "46.00", "46.00", "184.00"),
        ("line_total", "184.00", "", "46.00", "184.00"),
        ("line_total", "46.00", "46.00", "11.50", "46.00"),
        ("line_total", "", "46.00", "46.00", "184.00"),
        ("unit", "46.00", "46.00", "46.00", "184.00"),
        ("unit", "184.00", "46.00", "184.00", "736.00"),
        ("unit", "", "", "46.00", "184.00"),
        ("unit", "0.00", "", "0.00", "0.00"),
    ],
)
def test_unit_price_is_read_as_the_tenant_reads_it(
    switch: str, unit_price: str, amount_per_unit: str, price: str, total: str
) -> None:
    """Who sends the other meaning gets another amount, and who sends no price the price list's."""
    sim = simulator(unit_price=switch)
    send(sim, {**order(), "Unit Price": unit_price, "Amount per Unit": amount_per_unit})
    (line,) = sim.orders["SO10001"].lines
    assert (line.price, line.total) == (Decimal(price), Decimal(total))


# once only


@pytest.mark.parametrize("key", [{}, {"External Id": "x1"}], ids=["reference", "external id"])
def test_the_same_order_twice_is_one_order(key: dict[str, str]) -> None:
    """A repetition, in the same file or in another, with its rows in another order, is skipped."""
    sim = simulator()
    rows = [order() | key, order(SECOND) | key]
    assert send(sim, *rows) == ["CREATED"] * 2
    assert send(sim, *rows) == ["SKIPPED duplicate"] * 2
    assert send(sim, *rows[::-1], batch="b2") == ["SKIPPED duplicate"] * 2
    assert list(sim.orders) == ["SO10001"]
    assert "SO10001" in results(sim)[0]["message"]


def test_an_order_amended_since_is_a_conflict() -> None:
    """It is reported and not applied, and a repetition is still known although the customer has gone."""
    sim = simulator()
    send(sim, order())
    sim.deactivate("Example Store Ltd")
    assert send(sim, order(Sales_Order_Quantity="5"), batch="b2") == ["ERROR conflict"]
    assert sim.orders["SO10001"].lines[0].quantity == 4
    assert send(sim, order(), batch="b3") == ["SKIPPED duplicate"]


def test_duplicates_can_become_orders_of_their_own() -> None:
    """How Zedonk handles a second import is not known."""
    sim = simulator(duplicates="created")
    assert [send(sim, order()), send(sim, order())] == [["CREATED"], ["CREATED"]]
    assert list(sim.orders) == ["SO10001", "SO10002"]


@pytest.mark.parametrize(("identity", "count"), [("external_id", 2), ("order_reference", 1)])
def test_an_order_is_known_again_by_the_key_of_the_switch(identity: str, count: int) -> None:
    """Two orders of one reference are told apart by their external ids, or are a conflict."""
    sim = simulator(order_identity=identity)
    send(sim, order(External_Id="x1"))
    send(sim, order(External_Id="x2"), batch="b2")
    assert len(sim.orders) == count


# addresses


@pytest.mark.parametrize(
    ("switch", "line", "added"),
    [
        ("folded", "5 Other  Street", 1),
        ("folded", HOME, 0),
        ("folded", HOME.replace(" ", "  ").upper(), 0),
        ("exact", HOME.replace(" ", "  "), 1),
    ],
    ids=["another", "the same", "another spelling", "exactly"],
)
def test_a_new_address_is_added_to_the_customer_once(switch: str, line: str, added: int) -> None:
    """The order keeps it as it came; whether another spelling is another address is a switch."""
    sim = simulator(new_addresses=switch)
    mine = sim.customers["Example Store Ltd"].addresses
    home = {"Delivery Name": "Example Store Ltd", "Delivery City": "London", "Delivery Postcode": "EC1A1BB",
            "Delivery Country": "GB", "Delivery Line 1": line}  # fmt: skip
    for batch in ("b1", "b2"):
        send(sim, {**order(Order_Reference=batch), **home}, batch=batch)
    assert (len(mine["Delivery"]), len(mine["Accounts"]), len(mine["Store"])) == (1 + added, 1, 1)
    made = sim.orders["SO10002"]
    assert made.delivery
    assert made.delivery.line1 == line


def test_the_store_address_is_always_the_customers_own() -> None:
    """A column for it is not known, and logged."""
    sim = simulator()
    send(sim, order(Store_Line_1="9 Elsewhere"))
    assert sim.orders["SO10001"].store == sim.customers["Example Store Ltd"].addresses["Store"][0]
    assert [entry.code for entry in sim.log] == ["unknown_column"]


def test_addresses_come_in_row_by_row() -> None:
    """The account code goes before the name, a known address is skipped, and a store address is refused."""
    sim = simulator()
    there = {"Customer Name": "whatever", "Account Code": "C101", "Address Type": "Accounts", "Line 1": "9 New Road"}
    rows = [
        there,
        there | {"Line 1": "9 new road"},
        there | {"Account Code": "", "Customer Name": "Example Store Ltd", "Address Type": "Delivery"},
        there | {"Address Type": "Store"},
        there | {"Account Code": "c101"},
    ]
    assert send(sim, *rows, dataset="addresses") == [
        "CREATED", "SKIPPED duplicate", "CREATED", "ERROR bad_value", "ERROR unknown_customer",
    ]  # fmt: skip
    assert len(sim.customers["Muster Mode GmbH"].addresses["Accounts"]) == 2
    assert len(list((sim.folder / "done").iterdir())) == 1


# customers


def test_customers_are_created_or_updated_by_name_row_by_row() -> None:
    """A wrong row leaves the others and the customer alone."""
    sim = simulator()
    rows = [
        {"Customer Name": "New Sample Shop", "Account Code": "C300", "Currency Name": "Euro", "Territory": "Europe"},
        {"Customer Name": "Example Store Ltd", "Website": "https://shop.example", "Active": "false"},
        {"Customer Name": "Muster Mode GmbH", "Website": "https://kept.example", "Category": "Palace"},
        {"Customer Name": "Muster Mode GmbH", "Currency Name": "EUR"},
        {"Customer Name": "Other Sample Shop", "Account Code": "C100"},
        {"Customer Name": ""},
    ]
    assert send(sim, *rows, dataset="customers") == [
        "CREATED", "UPDATED", "ERROR unknown_value", "ERROR unknown_currency", "ERROR account_code_taken",
        "ERROR missing_key",
    ]  # fmt: skip
    made = sim.customers["New Sample Shop"]
    assert (made.account_code, made.currency, made.more["Territory"]) == ("C300", "EUR", "Europe")
    assert (sim.customers["Example Store Ltd"].active, sim.customers["Example Store Ltd"].account_code) == (
        False,
        "C100",
    )
    assert "Website" not in sim.customers["Muster Mode GmbH"].more
    assert send(sim, {"Customer Name": ""}, dataset="customers", batch="b2") == ["ERROR missing_key"]
    assert len(list((sim.folder / "failed").iterdir())) == 1


def test_a_type_cannot_change_to_retail_once_there_are_orders() -> None:
    """Before that it can."""
    sim = simulator()
    send(sim, order())
    retail = [{"Customer Name": name, "Type": "Retail"} for name in ("Example Store Ltd", "Muster Mode GmbH")]
    assert send(sim, *retail, dataset="customers", batch="b2") == ["ERROR type_is_fixed", "UPDATED"]


def test_a_renamed_customer_is_still_known_by_account_code() -> None:
    """The name on an order row does not matter."""
    sim = simulator()
    sim.rename_customer("C100", "Example Stores plc")
    assert send(sim, order()) == ["CREATED"]
    assert sim.orders["SO10001"].customer.name == "Example Stores plc"


@pytest.mark.parametrize(("switch", "awkward"), [("all", {"C200", ""}), ("eligible", set())])
def test_who_is_exported_is_a_switch(switch: str, awkward: set[str]) -> None:
    """All customers with their state, or only active ones with an account code; the last two buyers are unknown."""
    rows = export(simulator(customer_export=switch), "customers")
    assert {row["Account Code"] for row in rows} == {f"C10{number}" for number in range(8)} | awkward


# stock


def test_approved_orders_lower_what_is_available_in_their_season() -> None:
    """Unapproved ones do not; what force-closed ones had not shipped is available again."""
    sim = simulator()
    assert (sim.available(FIRST), sim.available(FIRST, CURRENT), sim.available(FIRST, NEWEST)) == (500, 300, 200)
    send(sim, order())
    assert sim.available(FIRST) == 500
    sim.approve("SO10001")
    assert (sim.available(FIRST, CURRENT), sim.available(FIRST, NEWEST)) == (296, 200)
    sim.ship("SO10001", {0: 1}, carrier="Sample Post", tracking="T1")
    assert (stock(sim)["Available"], stock(sim)["Closing"]) == ("296", "299")
    sim.force_close("SO10001")
    assert (stock(sim)["Available"], stock(sim)["Closing"]) == ("299", "299")


@pytest.mark.parametrize(("switch", "before", "received"), [("production", "400", "400"), ("printed", "200", "400")])
def test_projected_follows_the_formula_of_the_switch(switch: str, before: str, received: str) -> None:
    """With production it does not change when goods arrive; as printed it rises then."""
    sim = simulator(projected=switch)
    assert stock(sim, SECOND, NEWEST)["Projected"] == before
    for docket in sim.dockets:
        sim.receive_docket(docket)
    assert stock(sim, SECOND, NEWEST)["Projected"] == received
    assert stock(sim, SECOND, NEWEST)["Available"] == "400"
    assert export(sim, "future_inventory") == []


@pytest.mark.parametrize(("switch", "shown"), [("shown", "-3"), ("clamped", "0")])
def test_oversold_stock_is_shown_or_clamped(switch: str, shown: str) -> None:
    """It is summed as it is."""
    sim = simulator(negative_ats=switch)
    sim.set_stock(FIRST, -3, season=CURRENT)
    assert stock(sim)["Available"] == shown
    assert sim.available(FIRST) == 197


def test_each_docket_has_a_date_of_its_own() -> None:
    """Two dockets for one SKU are two rows."""
    sim = simulator()
    sim.add_docket(THIRD, 7, date(2027, 3, 1))
    rows = [row for row in export(sim, "future_inventory") if row["Barcode"] == THIRD]
    assert [(row["Season"], row["Start Date"], row["Quantity"]) for row in rows] == [
        (NEWEST, "2027-01-01", "120"), (NEWEST, "2027-02-05", "80"), (CURRENT, "2027-03-01", "7"),
    ]  # fmt: skip


def test_stock_can_lie_at_several_locations() -> None:
    """Its total is the same, and orders are sold from the first."""
    sim = simulator(locations="several")
    send(sim, order(Approved="true"))
    rows = [row for row in export(sim, "inventory") if (row["Barcode"], row["Season"]) == (FIRST, CURRENT)]
    assert {row["Location"]: row["Available"] for row in rows} == {"Default": "236", "EU Warehouse": "60"}


def test_the_status_of_orders_has_a_row_for_each_delivery_note() -> None:
    """What was shipped is that of the note; a line without one has a row of its own."""
    sim = simulator()
    send(sim, order(Approved="true"), order(SECOND, Approved="true"))
    sim.lock("SO10001")
    sim.ship("SO10001", {0: 1}, carrier="Sample Post", tracking="T1")
    sim.ship("SO10001", {0: 3})
    rows = export(sim, "order_status")
    assert [(row["Barcode"], row["Ordered"], row["Shipped"], row["DN Number"], row["Tracking"]) for row in rows] == [
        (FIRST, "4", "1", "DN20001", "T1"), (FIRST, "4", "3", "DN20002", ""), (SECOND, "4", "0", "", ""),
    ]  # fmt: skip
    assert {(row["SO Number"], row["Approved"], row["Locked"], row["DN Shipped Date"]) for row in rows} == {
        ("SO10001", "true", "true", "2026-11-02"), ("SO10001", "true", "true", ""),
    }  # fmt: skip
    with pytest.raises(ValueError, match="fewer pieces left"):
        sim.ship("SO10001", {0: 1})


# products


def test_the_sample_has_one_of_every_awkward_product() -> None:
    """They stand beside the brand's 150 SKUs, which are all plain."""
    sim = simulator()
    rows = export(sim, "products")
    assert {sku.barcode for sku in brand.skus()} <= {row["Barcode"] for row in rows}
    by_style: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_style.setdefault(row["Style"], []).append(row)
    assert {(row["Season"], row["Visible"]) for row in by_style["2001"]} == {(NEWEST, "false")}
    assert {(row["Season"], row["Visible"]) for row in by_style["2002"]} == {(OLDER, "true")}
    assert [row["Size"] for row in by_style["2004"] if not row["Barcode"]] == ["M"]
    assert {row["Fabric"] for row in by_style["1001"] if row["Colour"] == "Navy"} == {"Poplin", "Flannel"}
    prices = {(row["Style"], row["Season"]): row["WSP"] for row in export(sim, "prices") if row["Currency"] == "GBP"}
    assert (prices["2001", NEWEST], prices["2003", NEWEST], prices["2003", CURRENT]) == ("0.00", "0.00", "95.00")


def test_what_people_do_to_products_shows_in_the_next_export() -> None:
    """Leaving the catalogue or a season is a flag, not a deletion."""
    sim = simulator()
    sim.take_from_catalogue("1002")
    sim.set_visible("1001", "Navy", CURRENT, visible=False)
    sim.set_price("1001", "Ecru", CURRENT, "50.00")
    rows = export(sim, "products")
    assert {row["Style"] for row in rows if row["Catalogue"] == "false"} == {"1002"}
    hidden = {(row["Style"], row["Colour"], row["Season"]) for row in rows if row["Visible"] == "false"}
    assert hidden == {("1001", "Navy", CURRENT), ("2001", "Navy", NEWEST)}
    prices = {(row["Colour"], row["Price List"], row["Currency"]): row["WSP"] for row in export(sim, "prices")
              if (row["Style"], row["Season"]) == ("1001", CURRENT)}  # fmt: skip
    assert (prices["Ecru", "Wholesale", "GBP"], prices["Ecru", "EX-WORKS", "EUR"]) == ("50.00", "51.75")


def test_pictures_are_real_and_of_several_sizes() -> None:
    """One product names a file that is not there; another size is another file."""
    sim = simulator()
    folder = sim.folder / "images"
    sizes = {path.name: tuple(int.from_bytes(path.read_bytes()[at : at + 4], "big") for at in (16, 20))
             for path in folder.iterdir()}  # fmt: skip
    assert set(sizes.values()) == {(660, 900), (1320, 1800), (500, 500), (2640, 3600)}
    assert {row["Image 1"] for row in export(sim, "products")} - set(sizes) == {"1005-Twill-Navy.png"}
    assert len({path.read_bytes() for path in folder.iterdir()}) == len(sizes)


# how files are written


def test_files_are_written_in_the_dialect_of_the_switches() -> None:
    """Encoding, delimiter, line ends, dates, amounts, country names and columns all follow."""
    sim = simulator(
        encoding="cp1252", delimiter=";", newline="\r\n", dates="uk", decimals="comma", countries="name",
        column_order="profile", dropped_columns=("Cost", "Location"),
    )  # fmt: skip
    sim.set_price("1001", "Navy", CURRENT, "1234.50")
    form = {"delimiter": ";", "encoding": "cp1252"}
    prices = export(sim, "prices", **form)
    assert tuple(prices[0]) == tuple(name for name in COLUMNS["prices"] if name != "Cost")
    assert next(row["WSP"] for row in prices if row["Season"] == CURRENT) == "1.234,50"
    assert table(sim.exports("seasons")[0], **form)[0]["Start Date"] == "15/01/2026"
    addresses = table(sim.exports("addresses")[0], **form)
    assert {"Germany", "Finland"} <= {row["Country"] for row in addresses}
    assert {row["Line 1"] for row in addresses} >= {"Näytekatu 5"}
    assert b"\r\n" in sim.exports("seasons")[0].read_bytes()
    drop(sim, [order(Unit_Price="1.184,00", Amount_per_Unit="296,00")], delimiter=";", encoding="cp1252")
    sim.import_files()
    assert sim.orders["SO10001"].total == Decimal("1184.00")


def test_dates_can_be_instants() -> None:
    """As a serialized data set has them."""
    assert export(simulator(dates="instant"), "seasons")[0]["Start Date"] == "2026-01-15T00:00:00+00:00"


def test_barcodes_are_of_one_kind_and_a_spreadsheet_may_have_eaten_their_zeros() -> None:
    """A UPC-A tenant keeps twelve digits of a code with a leading zero, an EAN-13 tenant pads it."""
    for kind, kept in (("upc_a", "012345678905"), ("ean_13", "0012345678905")):
        sim = simulator(barcodes=kind)
        sim.add_product("3001", "Navy", {"M": "012345678905"})
        assert kept in {row["Barcode"] for row in export(sim, "products")}
        assert send(sim, order(kept)) == ["CREATED"]
    stripped = simulator(barcodes="upc_a", leading_zeros="stripped")
    rows = [row for row in export(stripped, "inventory") if row["Barcode"]]
    assert all(len(row["Barcode"]) < 12 for row in rows)
    assert len(stripped.products[0].skus[0].barcode) == 12


def test_the_seed_chooses_what_nothing_is_known_of() -> None:
    """Byte order mark and line ends differ between seeds and not between two simulators of one seed."""
    sims = [simulator(seed=seed) for seed in (*range(12), 11)]
    written = [sim.exports("users")[0].read_bytes() for sim in sims]
    assert len(set(written)) > 2
    assert written[-1] == written[-2]
    assert len({data.startswith(b"\xef\xbb\xbf") for data in written}) == 2


def test_results_may_not_be_written() -> None:
    """Then only the place of the file tells."""
    sim = simulator(results="missing")
    name = drop(sim, [order()])
    sim.work()
    assert list((sim.folder / "results").iterdir()) == []
    assert (sim.folder / "done" / name).exists()


# faults


def test_files_can_go_wrong() -> None:
    """A half-written, a truncated and an empty export, and a lost result, are a person's to ask for."""
    sim = simulator()
    complete = len(table(sim.exports("products")[0]))
    part = sim.leave_part("products")
    assert part.name.endswith(".csv.part")
    assert sim.exports("products")[-1] != part
    cut = table(sim.truncate_export("products"))
    assert 0 < len(cut) < complete
    assert None in cut[-1].values()
    assert len(table(sim.truncate_export("prices", rows=3))) == 3
    assert sim.empty_export("customers").read_text("utf-8-sig").strip().count("\n") == 0
    assert sim.empty_export("users", header=False).read_bytes() == b""
    send(sim, order())
    sim.lose_result("b1")
    assert not (sim.folder / "results" / "b1.csv").exists()
    sim.export_files()
    assert len(table(sim.exports("products")[0])) == complete


# switches


def test_every_switch_is_documented() -> None:
    """The class says what each one means."""
    assert [name for name in get_type_hints(Switches) if f"`{name}`:" not in (Simulator.__doc__ or "")] == []


def test_a_switch_or_value_that_does_not_exist_is_told() -> None:
    """A typing mistake in a test must not play the default."""
    with pytest.raises(TypeError, match="no switch 'rooot'"):
        simulator(rooot="Response")
    with pytest.raises(ValueError, match="dates is one of"):
        simulator(dates="us")
