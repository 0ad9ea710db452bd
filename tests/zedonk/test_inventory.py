"""Stock: available-to-sell of the chosen seasons added up, and what production brings."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import orderweft_zedonk
import pytest
from jsonschema import Draft202012Validator
from orderweft import Connection, RecordPage, SettingsError, StockLevel, UnavailableError
from orderweft.testing import FakeClock, brand
from orderweft_zedonk import Settings
from orderweft_zedonk.simulator import Simulator

from .test_files import STOCK, at, connect, export, lines

FW26, SS27 = "Fall Winter 2026", "Spring Summer 2027"
BOTH = [FW26, SS27]
CODE = "2000000000008"
FUTURE = ("Season", "Barcode", "Start Date", "Quantity")


def read(connection: Connection[Settings]) -> list[RecordPage]:
    return list(orderweft_zedonk.read_inventory(connection))


def levels(connection: Connection[Settings]) -> list[StockLevel]:
    return [level for page in read(connection) for level in page.records if isinstance(level, StockLevel)]


def stock(folder: Path, *rows: tuple[object, ...], **settings: Any) -> Connection[Settings]:
    export(folder, "inventory", lines(STOCK, *rows))
    return connect(folder, **{"stock_seasons": ["A", "B"], **settings})


def test_stock_is_the_sum_over_the_chosen_seasons(tmp_path: Path) -> None:
    """Other seasons do not count."""
    rows = [("A", 1, "", "Navy", "M", CODE, 5), ("B", 1, "", "Navy", "M", CODE, 7), ("C", 1, "", "Navy", "M", CODE, 90)]
    [level] = levels(stock(tmp_path, *rows))
    assert (level.quantity, level.bucket, level.warehouse, level.season) == (12, "immediate", None, None)
    assert level.item.model_dump(exclude_none=True) == {
        "id": "1//Navy/M",
        "style_number": "1",
        "style_identifier": "1",
        "color": "Navy",
        "size": "M",
        "barcode": CODE,
        "gtin": f"0{CODE}",
        "custom_fields": {},
    }


def test_an_item_without_stock_in_a_chosen_season_is_absent_not_zero(tmp_path: Path) -> None:
    """Nobody knows that it is zero."""
    assert levels(stock(tmp_path, ("A", 1, "", "Navy", "S", "", 1), ("B", 1, "", "Navy", "M", CODE, 1),
                        ("C", 1, "", "Navy", "L", "2000000000015", 9)))[0].item.barcode == CODE  # fmt: skip


def test_a_flag_on_any_row_of_an_item_keeps_it_out(tmp_path: Path) -> None:
    """The export's own columns `skip_...` become fields of the item, for production too; other rows lack them."""
    rows = [("A", 1, "", "Navy", "M", CODE, 5, "Y", ""), ("B", 1, "", "Navy", "M", CODE, 7, "N", ""),
            ("A", 1, "", "Navy", "S", "2000000000015", 4, "", "0")]  # fmt: skip
    export(tmp_path, "inventory", lines((*STOCK, "Skip_JOOR", "skip_push"), *rows))
    export(tmp_path, "future_inventory", lines(FUTURE, ("A", CODE, "2026-12-01", 3)))
    found = levels(connect(tmp_path, stock_seasons=["A", "B"], include_future_ats=True))
    assert [(level.item.size, level.bucket, level.item.custom_fields) for level in found] == [
        ("M", "immediate", {"skip_joor": "1"}),
        ("S", "immediate", {}),
        ("M", "future", {"skip_joor": "1"}),
    ]


def test_a_flag_nobody_understands_holds_the_item(tmp_path: Path) -> None:
    """It might mean that the item stays out."""
    rows = [("A", 1, "", "Navy", "M", CODE, 5, "perhaps"), ("A", 1, "", "Navy", "S", "2000000000015", 4, "")]
    export(tmp_path, "inventory", lines((*STOCK, "skip_push"), *rows))
    [page] = read(connect(tmp_path, stock_seasons=["A"]))
    assert [level.quantity for level in page.records if isinstance(level, StockLevel)] == [4]
    assert [(one.id, one.problem.partition(":")[0]) for one in page.unread] == [(CODE, "skip_push")]
    assert page.warnings == ()


@pytest.mark.parametrize("pieces", [CODE * 2, f"-{CODE}"], ids=["no number of pieces", "below zero"])
def test_a_number_nobody_can_have_is_told_and_the_rest_goes_on(tmp_path: Path, pieces: str) -> None:
    """Such as a barcode in the column of pieces."""
    rows = [("A", 1, "", "Navy", "M", CODE, pieces), ("A", 1, "", "Navy", "L", "2000000000015", 5)]
    [page] = read(stock(tmp_path, *rows, stock_seasons=["A"], negative_ats="send"))
    assert [level.quantity for level in page.records if isinstance(level, StockLevel)] == [5]
    assert [(one.id, "add up to more than" in one.problem) for one in page.unread] == [(CODE, True)]
    assert not page.complete


@pytest.mark.parametrize(("setting", "quantity"), [("zero", 0), ("send", -3)])
def test_what_is_oversold_is_zero_or_sent_as_it_is(tmp_path: Path, setting: str, quantity: int) -> None:
    """A season below zero takes from the others first."""
    rows = [("A", 1, "", "Navy", "M", CODE, -8), ("B", 1, "", "Navy", "M", CODE, 5)]
    [level] = levels(stock(tmp_path, *rows, negative_ats=setting))
    assert level.quantity == quantity


def test_zeros_a_spreadsheet_took_away_are_given_back(tmp_path: Path) -> None:
    """The tenant's other barcodes tell how long they are, and the same one in two spellings is one item."""
    rows = [("A", 1, "", "Navy", "M", "36000291452", 5), ("B", 1, "", "Navy", "M", "0036000291452", 7)]
    [level] = levels(stock(tmp_path, *rows))
    assert (level.quantity, level.item.barcode, level.item.gtin) == (12, "0036000291452", "00036000291452")
    found = levels(stock(tmp_path, *rows, barcode_match="exact"))
    assert [level.item.barcode for level in found] == ["36000291452", "0036000291452"]


def test_stock_is_told_by_location_where_there_are_several(tmp_path: Path) -> None:
    """Seasons are added up, locations are not."""
    export(tmp_path, "inventory", lines((*STOCK, "Location"), ("A", 1, "", "Navy", "M", CODE, 5, "Main"),
           ("A", 1, "", "Navy", "M", CODE, 6, "EU"), ("B", 1, "", "Navy", "M", CODE, 1, "EU")))  # fmt: skip
    found = levels(connect(tmp_path, stock_seasons=["A", "B"]))
    assert {level.warehouse and level.warehouse.name: level.quantity for level in found} == {"Main": 5, "EU": 7}
    assert len({level.identity for level in found}) == 2


def test_stock_without_a_barcode_is_left_out_or_told_by_its_fabric(tmp_path: Path) -> None:
    """The count of what is left out is told."""
    rows = [
        ("A", 1, "Wool", "Navy", "M", "", 5),
        ("A", 1, "Silk", "Navy", "M", "", 6),
        ("B", 1, "Silk", "Navy", "M", "", 1),
    ]
    pages = read(stock(tmp_path, *rows))
    assert [page.records for page in pages] == [()]
    assert pages[0].warnings == ("rows of stock without a barcode are left out: 3 (without_barcode)",)
    found = levels(stock(tmp_path, *rows, without_barcode="send"))
    assert {level.item.style_identifier: level.quantity for level in found} == {"1 Wool": 5, "1 Silk": 7}


def test_a_level_that_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    """One bad season makes the whole sum unknown, and the reading is not complete."""
    rows = [
        ("A", 1, "", "Navy", "M", CODE, 5),
        ("B", 1, "", "Navy", "M", CODE, "lots"),
        ("A", 1, "", "Navy", "S", "2000000000015", ""),
        ("A", 1, "", "Navy", "L", "2000000000022", 4),
        ("A", 2, "", "Navy", "L", "2000000000022", 4),
        ("A", 1, "", "Ecru", "L", "2000000000039", 4),
    ]
    [page] = read(stock(tmp_path, *rows))
    assert [level.item.color for level in page.records if isinstance(level, StockLevel)] == ["Ecru"]
    problems = {unread.id: unread.problem for unread in page.unread}
    assert problems[CODE].startswith("Available: 'lots' is not a number")
    assert problems["2000000000015"].startswith("Available: nothing is in it")
    assert "is on two items" in problems["2000000000022"]
    assert not page.complete


def test_amounts_in_continental_style_need_no_setting_where_they_are_clear(tmp_path: Path) -> None:
    """`1.234` is a thousand and more when another amount of the file says so."""
    columns = (*STOCK, "Closing")
    rows = [("A", 1, "", "Navy", "M", CODE, "1.234", "1.300,00"), ("B", 1, "", "Navy", "M", CODE, "1", "0")]
    export(tmp_path, "inventory", lines(columns, *rows, mark=";"))
    assert levels(connect(tmp_path, stock_seasons=["A", "B"]))[0].quantity == 1235


def test_what_production_brings_is_dated_with_the_start_of_its_docket(tmp_path: Path) -> None:
    """One level per day, dockets of one day and chosen seasons together."""
    export(tmp_path, "future_inventory", lines(FUTURE, ("A", CODE, "2027-03-01", 10), ("B", CODE, "2027-03-01", 5),
           ("A", CODE, "2027-04-01", 7), ("C", CODE, "2027-04-01", 99), ("A", "2000000000015", "", 1)))  # fmt: skip
    connection = stock(
        tmp_path, ("A", 1, "", "Navy", "M", CODE, 5), ("B", 1, "", "Navy", "S", "", 5), include_future_ats=True
    )
    [page] = read(connection)
    found = [level for level in page.records if isinstance(level, StockLevel)]
    assert [(level.available_on, level.quantity, level.item.size) for level in found] == [
        (None, 5, "M"),
        (date(2027, 3, 1), 15, "M"),
        (date(2027, 4, 1), 7, "M"),
    ]
    assert [unread.problem for unread in page.unread] == [
        "Start Date: nothing is in it (out/future_inventory/future_inventory_20261102T080000Z_a1.csv, line 6)"
    ]


def test_seasons_must_be_chosen_and_exist(tmp_path: Path) -> None:
    """No stock is read of seasons nobody named or Zedonk does not have."""
    assert orderweft_zedonk.provides(stock(tmp_path, stock_seasons=[]), "inventory") is None
    with pytest.raises(SettingsError, match="stock_seasons: name"):
        read(stock(tmp_path, stock_seasons=[]))
    with pytest.raises(SettingsError, match="no stock of a season 'B'; its seasons are A"):
        read(stock(tmp_path, ("A", 1, "", "Navy", "M", CODE, 5)))


def test_a_known_season_without_stock_is_only_told(tmp_path: Path) -> None:
    """A new season has none yet, but somebody has to say so: sums without a season are too small."""
    export(tmp_path, "seasons", lines(("Season", "Start Date"), ("A", "2026-01-01"), ("B", "2027-01-01")))
    with pytest.raises(UnavailableError, match="no stock of 'B'; export it again"):
        read(stock(tmp_path, ("A", 1, "", "Navy", "M", CODE, 5)))
    [page] = read(stock(tmp_path, ("A", 1, "", "Navy", "M", CODE, 5), empty_seasons="allow"))
    assert page.complete
    assert page.warnings == ("Zedonk has no stock of B",)


# against the simulator


@pytest.mark.parametrize("read_by", ["files", "reports"])
@pytest.mark.parametrize("seed", range(4))
def test_all_stock_of_the_sample_brand_is_read(seed: int, read_by: str) -> None:
    """Whatever is unknown of names, order and encoding, by files and by reports alike."""
    connection = at(Simulator(clock=FakeClock(), seed=seed), read_by=read_by, stock_seasons=BOTH)
    pages = read(connection)
    assert pages[-1].complete
    found = {
        level.item.barcode: level.quantity for page in pages for level in page.records if isinstance(level, StockLevel)
    }
    assert all(found[sku.barcode] == sku.stock for sku in brand.skus() if sku.barcode in found)
    assert len(found.keys() & {sku.barcode for sku in brand.skus()}) >= 149


@pytest.mark.parametrize(
    ("switches", "settings"),
    [
        ({"encoding": "cp1252", "delimiter": ";", "decimals": "comma", "dates": "uk"}, {"date_order": "day"}),
        ({"dates": "instant", "column_order": "shuffled", "old_exports": "kept"}, {}),
        ({"barcodes": "upc_a"}, {}),
        ({"column_names": "stripped", "nulls": "absent", "namespace": "prefixed"}, {"read_by": "reports"}),
        ({"column_names": "encoded", "nulls": "empty", "namespace": "default"}, {"read_by": "reports"}),
        ({"locations": "several"}, {}),
    ],
    ids=["continental", "instants", "UPC-A", "stripped names", "encoded names", "locations"],
)
def test_what_is_unknown_of_zedonk_does_not_matter(switches: dict[str, Any], settings: dict[str, Any]) -> None:
    """The same levels come out, future ones included, whichever way each unknown thing is."""
    pages = read(at(Simulator(clock=FakeClock(), **switches), stock_seasons=BOTH, include_future_ats=True, **settings))
    assert pages[-1].complete
    found = [level for page in pages for level in page.records if isinstance(level, StockLevel)]
    assert len({level.identity for level in found}) == len(found) > 150
    assert sum(1 for level in found if level.bucket == "future") >= 3
    assert all(level.item.gtin for level in found)


def test_every_level_is_as_promised() -> None:
    """What `provides` says holds for all of them."""
    connection = at(Simulator(clock=FakeClock()), stock_seasons=BOTH)
    promised = orderweft_zedonk.provides(connection, "inventory")
    assert promised is not None
    check = Draft202012Validator(promised)
    assert all(check.is_valid(level.to_data()) for level in levels(connection))


def test_a_cut_off_export_stops_the_reading() -> None:
    """Half a stock list is no stock list."""
    simulator = Simulator(clock=FakeClock())
    simulator.truncate_export("inventory")
    with pytest.raises(UnavailableError, match="breaks off"):
        read(at(simulator, stock_seasons=BOTH))


def test_a_half_written_export_is_passed_over() -> None:
    """The complete one beside it is read."""
    simulator = Simulator(clock=FakeClock())
    simulator.leave_part("inventory")
    assert read(at(simulator, stock_seasons=BOTH))[-1].complete


def test_an_export_without_even_headings_is_an_error() -> None:
    """It is no empty warehouse."""
    simulator = Simulator(clock=FakeClock())
    simulator.empty_export("inventory", header=False)
    with pytest.raises(UnavailableError, match="empty"):
        read(at(simulator, stock_seasons=BOTH))
