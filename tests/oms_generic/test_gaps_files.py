"""Places of files that are looked at before anything runs, the ways an order stands in a table, and old notes."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    Delivery,
    Receipt,
    RecordPage,
    Refused,
    SettingsError,
    StockLevel,
    UnavailableError,
    open_folder,
)
from orderweft.testing import FakeClock
from orderweft_oms_generic.client import files_archive
from orderweft_oms_generic.config import Settings
from orderweft_oms_generic.inventory import read_inventory
from orderweft_oms_generic.orders import deliver_orders, find_orders
from pydantic import ValidationError

from .files_text import ANSWERED, World, delivery, order, profile
from .test_files_orders import Dying, Stops
from .test_files_profiles import SKU, connected, hand_over

PLAIN = (ANSWERED, "")


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("folder: stock", "folder: ../stock", 30, "inventory.read.file.folder: must be a path below the folder"),
        ("folder: stock", "folder: /srv/stock", 30, "inventory.read.file.folder: must be a path below the folder"),
        ('folder: stock, pattern: "*.csv"', "folder: stock, pattern: in/*.csv", 30, "pattern: must be the name"),
        ("folder: stock", "folder: stock, done: '${settings.done}'", 30, "there is no `done`"),
        ("folder: stock", "folder: stock, done: '${settings.folder}/../..'", 30, "file.done: must be a path below"),
        ("done: answers/done", "done: 'C:\\done'", 25, "orders.file.answer.done: must be a path below"),
        ('"${settings.folder}/o_${key}.csv"', '"../${settings.folder}/o_${key}.csv"', 22, "orders.file.path: must be"),
        ("format: orders\n", 'format: "x_${settings.folder}"\n', 23, "settings.folder needs `choices`"),
        ("format: stock}", 'format: "${settings.folder}"}', 30, "settings.folder needs `choices`"),
        ("answers: {kind: csv}", "answers: {like: nothing}", 8, "answers must be like a format that says all"),
    ],
    ids=["up", "root", "pattern", "unknown", "up-again", "drive", "orders", "format", "format-read", "like"],
)
def test_places_are_looked_at_when_a_profile_is_loaded(old: str, new: str, line: int, told: str) -> None:
    """What leads out of the folder, and what cannot be evaluated, is told with file and line."""
    with pytest.raises(SettingsError) as caught:
        profile((old, new))
    [mistake] = str(caught.value).splitlines()
    assert mistake.startswith(f"small.yaml:{line}: ")
    assert told in mistake


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"stock_folder": "../elsewhere"}, "folder '../elsewhere' must be a path below the folder"),
        ({"order_folder": "/etc"}, "the path of orders '/etc/order_key.csv' must be a path below"),
        ({"lines": "sideways"}, "lines must be repeat or sparse or header_detail or one_row"),
    ],
    ids=["stock", "orders", "lines"],
)
def test_places_are_looked_at_when_the_settings_are_loaded(tmp_path: Path, values: dict[str, str], told: str) -> None:
    """A folder the settings name stays below that of the connection."""
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"profile": "files_csv", "folder": str(tmp_path), "values": values})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ("repeat", ["order_key,", "joor=48213,48213,", "joor=48213,48213,"]),
        ("sparse", ["order_key,", "joor=48213,48213,", "joor=48213,,"]),
        ("header_detail", ["H,joor=48213,48213,", "D,joor=48213,1,1001-401-XS,", "D,joor=48213,2,1001-401-S,"]),
        ("one_row", ["order_key,", "joor=48213,48213,"]),
    ],
)
def test_an_order_stands_in_its_file_as_the_settings_say(tmp_path: Path, lines: str, rows: list[str]) -> None:
    """A table of any of the four kinds takes no profile of one's own."""
    connection = connected(str(tmp_path), "csv", values={"lines": lines})
    assert isinstance(hand_over(connection), Accepted)
    [file] = (tmp_path / "orders").glob("*.csv")
    written = file.read_text(encoding="utf-8").splitlines()
    assert len(written) == len(rows)
    assert all(one.startswith(row) for one, row in zip(written, rows, strict=True))
    assert "1001-401-XS x 12; 1001-401-S x 13" in written[-1] or lines != "one_row"


@pytest.mark.parametrize(
    ("dialect", "mark", "end", "coding", "price", "figure"),
    [
        ("comma", ",", "\r\n", "utf-8", "12.50", "7.00"),
        ("semicolon", ";", "\r\n", "cp1252", "12,50", '"7,00"'),
        ("tab", "\t", "\n", "utf-8", "12.50", "7.00"),
    ],
    ids=["comma", "semicolon", "tab"],
)
def test_files_are_written_and_read_in_the_dialect_of_the_settings(
    tmp_path: Path, dialect: str, mark: str, end: str, coding: str, price: str, figure: str
) -> None:
    """Separator, letters, ends of lines and decimal mark are the system's; a figure in another dialect is not read."""
    connection = connected(str(tmp_path), "csv", values={"dialect": dialect})
    buyer, address = {"account_code": "C100", "name": "Éclair"}, {"role": "delivery", "country": "FR"}
    line = {"key": "1", "sku": "A", "quantity": 2, "unit_price": "12.50"}
    one = order("48213", customer=buyer, addresses=[address], lines=[line])
    assert isinstance(deliver_orders(connection, [Delivery(one, "joor:48213")])[0], Accepted)
    head, row, rest = (tmp_path / "orders/order_joor=48213.csv").read_bytes().decode(coding).split(end)
    told = dict(zip(head.split(mark), row.split(mark), strict=True))
    assert (told["order_key"], told["company"], told["unit_price"], rest) == ("joor=48213", "Éclair", price, "")
    figures = ("7.00", '"7,00"', "1.000,5" if mark != "," else "1.000.5")
    rows = [["sku", "upc", "warehouse", "qty_available", "as_of"], *([f"Ä {one}", "", "", one, ""] for one in figures)]
    (tmp_path / "stock").mkdir()
    (tmp_path / "stock/s.csv").write_bytes("".join(f"{mark.join(row)}{end}" for row in rows).encode(coding))
    [page] = read_inventory(connection)
    levels = [(level.item.sku, level.quantity) for level in page.records if isinstance(level, StockLevel)]
    assert (levels, len(page.unread)) == ([(f"Ä {figure}", 7)], 2)


@pytest.mark.parametrize("marker", ["", ".ok"], ids=["none", "ok"])
def test_markers_are_a_setting(tmp_path: Path, marker: str) -> None:
    """Orders get one when the settings say so, and files without theirs are not read."""
    values = {"order_marker": marker, "marker": marker}
    connection = connected(str(tmp_path), "csv", values=values)
    assert isinstance(hand_over(connection), Accepted)
    names = {file.name for file in (tmp_path / "orders").iterdir() if file.is_file()}
    assert names == {"order_joor=48213.csv", f"order_joor=48213.csv{marker}"}
    (tmp_path / "stock").mkdir()
    (tmp_path / "stock/s.csv").write_text("sku,upc,warehouse,qty_available,as_of\nA,,,1,\n", encoding="utf-8")
    if marker:
        with pytest.raises(UnavailableError, match="no whole file"):
            list(read_inventory(connection))
        (tmp_path / "stock/s.csv.ok").touch()
    assert [len(page.records) for page in read_inventory(connection)] == [1]


# notes


def settled(world: World, *, answered: bool) -> None:
    """Leave the notes of orders that were taken, and answered, long ago; the last but one was not."""
    for number in range(files_archive.FEWEST):
        world.put(f"orders/.orderweft/sent/old-{number}", f"orders/o_old-{number}.csv")
        if answered and number:
            text = f'{{"accepted": "yes", "file": "a.csv", "message": "", "id": "W{number}", "number": null}}'
            world.put(f"orders/.orderweft/answers/old-{number}", text)
    world.clock.sleep(files_archive.SETTLED_AFTER.total_seconds() + 3600)


@pytest.mark.parametrize("answered", [False, True], ids=["no-answers", "answers"])
def test_old_notes_are_put_together_and_stay_known(tmp_path: Path, answered: bool) -> None:
    """Hundreds of notes become one file, and none of their orders is handed over again, by any later run."""
    world = World(tmp_path, profile() if answered else profile(PLAIN))
    settled(world, answered=answered)
    world.put("orders/o_old-7.csv", "not taken yet")
    assert isinstance(world.files.deliver([delivery()])[0], Accepted)
    left = {"old-7", "joor-1", *(["old-0"] if answered else [])}
    assert set(world.names("orders/.orderweft/sent")) == left
    assert len(world.names("orders/.orderweft/archive")) == 1
    assert len(world.names("orders/.orderweft/answers")) == int(answered)
    for later in (world, world.again()):
        found = later.files.find(["old-1", "old-7", "old-199", "never"])
        assert set(found) == {"old-1", "old-7", "old-199"}
        receipt = found["old-199"]
        assert isinstance(receipt, Receipt)
        assert (receipt.id, receipt.pending) == ("W199" if answered else "old-199", False)
        [again] = later.files.deliver([Delivery(order(), "old-1")])
        assert isinstance(again, AlreadyThere)
    assert world.names("orders") == ["o_joor-1.csv", "o_old-7.csv"]


@pytest.mark.parametrize("call", [1, 2, 150], ids=["written", "first", "late"])
def test_a_stop_while_notes_are_put_together_forgets_none(tmp_path: Path, call: int) -> None:
    """The file is whole before the first note goes."""
    world = World(tmp_path, profile(PLAIN))
    settled(world, answered=False)
    dying = Dying(open_folder(str(tmp_path)), call, after=True)
    with pytest.raises(Stops):
        files_archive.Archive(dying).fold("orders/.orderweft", world.clock.now(), answered=False)
    keys = [f"old-{number}" for number in range(files_archive.FEWEST)]
    assert set(world.again().files.find(keys)) == set(keys)


# orders under way


@pytest.mark.parametrize("wanted", [True, False], ids=["subtracted", "as-written"])
def test_orders_handed_over_after_the_stock_was_written_are_taken_off(tmp_path: Path, wanted: bool) -> None:
    """Those before it are in it, refused ones took nothing, and the place an order names comes before the fullest."""
    connection = connected(str(tmp_path), "json", subtract_in_flight=wanted)
    lines = [{"key": "a", "barcode": SKU.barcode, "quantity": 2}, {"key": "b", "sku": "X", "quantity": 1}]
    now = FakeClock().now()

    def deliver(number: str, hours: float, **more: Any) -> None:
        buyer = {"role": "delivery", "country": "GB"}
        one = order(number, lines=lines, addresses=[buyer], **more)
        assert isinstance(deliver_orders(connection, [Delivery(one, f"joor:{number}")])[0], Accepted)
        if wanted:
            at = (now + timedelta(hours=hours)).timestamp()
            os.utime(tmp_path / f"orders/.orderweft/pieces/joor={number}", (at, at))

    for number, hours, more in (
        ("1", -5.0, {}), ("2", -1.0, {}), ("3", -1.0, {"warehouse": {"code": "EU"}}), ("4", -1.0, {}),
    ):  # fmt: skip
        deliver(number, hours, **more)
    answers = [{"order_key": "joor=4", "status": "rejected"}]
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers/a.json").write_text(json.dumps({"answers": answers}), encoding="utf-8")
    find_orders(connection, ["joor:4"])
    stock = [{"sku": "S", "upc": SKU.barcode, "warehouse": place, "quantity": pieces}
             for place, pieces in (("MAIN", 9), ("EU", 5))]  # fmt: skip
    file = tmp_path / "stock/s.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"stock": [*stock, {"sku": "X", "quantity": 1}]}), encoding="utf-8")
    at = (now - timedelta(hours=3)).timestamp()
    os.utime(file, (at, at))
    [page] = read_inventory(connection)
    told = [one.quantity for one in page.records if isinstance(one, StockLevel)]
    assert told == ([7, 3, -1] if wanted else [9, 5, 1])


@pytest.mark.parametrize("subtracts", [False, True], ids=["as-written", "subtracted"])
def test_a_long_file_is_told_in_pages(tmp_path: Path, subtracts: bool) -> None:
    """The last page alone is complete, a bad row anywhere spoils it; an order is taken off once, on whatever page."""
    connection = connected(str(tmp_path), "csv", subtract_in_flight=subtracts)
    line = {"key": "a", "sku": "A", "quantity": 2}
    one = order("1", lines=[line], addresses=[{"role": "delivery", "country": "GB"}])
    assert isinstance(deliver_orders(connection, [Delivery(one, "joor:1")])[0], Accepted)
    rows = ["A,,MAIN,9,", *(f"B{number},,MAIN,1," for number in range(1499)), "A,,EU,5,"]
    world = World(tmp_path, connection.settings.system)
    hour = timedelta(hours=1)

    def pages_of(name: str, rows: list[str], ago: timedelta) -> list[RecordPage]:
        text = "\n".join(["sku,upc,warehouse,qty_available,as_of", *rows, ""])
        world.put(f"stock/{name}.csv", text, world.clock.now() - ago)
        return list(read_inventory(connection))

    pages = pages_of("whole", rows, 3 * hour)
    assert [(len(page.records), page.complete) for page in pages] == (
        [(1501, True)] if subtracts else [(1000, False), (501, True)]
    )
    levels = [level for page in pages for level in page.records if isinstance(level, StockLevel)]
    assert [level.quantity for level in levels if level.item.sku == "A"] == ([7, 5] if subtracts else [9, 5])
    pages = pages_of("spoilt", [*rows[:9], "C,,MAIN,x,", *rows[9:], ",,,3,"], 2 * hour)
    assert [row.id for page in pages for row in page.unread] == ["C", "row 1503"]
    assert not any(page.complete for page in pages)


def test_orders_under_way_are_counted_without_a_change(tmp_path: Path) -> None:
    """What is prepared may be another pipeline's, which is about to rename it, so the stock run leaves it alone."""
    world = World(tmp_path, profile(PLAIN))
    assert isinstance(world.files.deliver([delivery()])[0], Accepted)
    world.put("orders/o_joor-1.csv.part", "prepared anew")
    world.put("orders/.orderweft/pieces/joor-1", '{"warehouse": [], "lines": [["TEE-S", null, 12]]}')
    looking = World(tmp_path, profile(PLAIN), world.clock, Dying(world.folder, 1, after=False))
    [taken] = looking.files.in_flight(world.clock.now() - timedelta(hours=1))
    assert taken.lines == (("TEE-S", None, 12),)
    assert world.names("orders") == ["o_joor-1.csv", "o_joor-1.csv.part"]


@pytest.mark.parametrize("note", ["{", "[]", '{"warehouse": [], "lines": [["A", null]]}'], ids=["cut", "list", "short"])
def test_a_damaged_note_of_an_order_under_way_is_told(tmp_path: Path, note: str) -> None:
    """Stock is not told too high for it; the file is named."""
    world = World(tmp_path, profile(PLAIN))
    assert isinstance(world.files.deliver([delivery()])[0], Accepted)
    world.put("orders/.orderweft/pieces/joor-1", note)
    with pytest.raises(UnavailableError, match=r"pieces/joor-1' is damaged; look at it"):
        world.files.in_flight(world.clock.now() - timedelta(hours=1))


class Tidied(Dying):
    """A folder in which another process puts old notes away, right before they are read."""

    def __init__(self, root: Path) -> None:
        super().__init__(open_folder(str(root)), 0, after=False)
        self._root = root

    def __getattribute__(self, name: str) -> object:
        if name == "read":
            for kind in ("sent", "pieces"):
                (self._root / f"orders/.orderweft/{kind}/joor-1").unlink(missing_ok=True)
        return super().__getattribute__(name)


@pytest.mark.parametrize("is_taken", [True, False], ids=["taken", "there"])
def test_a_note_that_is_put_away_meanwhile_counts_no_more(tmp_path: Path, is_taken: bool) -> None:
    """What is that old is in the stock already."""
    world = World(tmp_path, profile(PLAIN))
    assert isinstance(world.files.deliver([delivery()])[0], Accepted)
    world.put("orders/.orderweft/pieces/joor-1", '{"warehouse": [], "lines": [["TEE-S", null, 12]]}')
    if is_taken:
        (tmp_path / "orders/o_joor-1.csv").unlink()
    looking = World(tmp_path, profile(PLAIN), world.clock, Tidied(tmp_path))
    assert looking.files.in_flight(world.clock.now() - timedelta(hours=1)) == []


class Robbed(Dying):
    """A folder out of which somebody takes what is prepared, right before it is renamed."""

    def __init__(self, root: Path) -> None:
        super().__init__(open_folder(str(root)), 0, after=False)
        self._root = root

    def __getattribute__(self, name: str) -> object:
        if name == "move":
            for prepared in self._root.glob("orders/*.part"):
                prepared.unlink()
        return super().__getattribute__(name)


def test_what_was_taken_before_its_rename_was_not_handed_over(tmp_path: Path) -> None:
    """No note is left that would tell otherwise, and the order is handed over when it is sent again."""
    robbed = World(tmp_path, profile(PLAIN), folder=Robbed(tmp_path))
    assert isinstance(robbed.files.deliver([delivery()])[0], Refused)
    world = World(tmp_path, profile(PLAIN))
    assert world.files.find(["joor-1"]) == {}
    assert isinstance(world.files.deliver([delivery()])[0], Accepted)
    assert world.names("orders") == ["o_joor-1.csv"]


def test_a_system_that_is_asked_for_its_stock_subtracts_orders_itself() -> None:
    """What it tells is as of now, so that the setting has no meaning there and is refused."""
    values = {"store_id": "1", "api_key": "k"}
    with pytest.raises(ValidationError, match="subtract_in_flight is for systems that take orders and give stock as"):
        Settings.model_validate({"profile": "order_desk", "values": values, "subtract_in_flight": True})
