"""Stock of any OMS on JOOR's shelves: what the system has is what JOOR shows, and no bad file empties a shelf."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from orderweft.testing import FakeClock, Fault, FaultKind, brand

from .far_ends import Kind
from .houses_oms import LOST, House, calling, exchanging, over_sftp
from .oms_generic.hooks import SYSTEMS
from .oms_generic.test_files_reading import Meanwhile

SKUS = brand.skus()
_PART = "{{ (item.sku | split('-'))[%d] }}"
IN_JOOR = {
    "warehouse": "Default", "known_warehouses": ["EU Warehouse"], "item_identifier": "style",
    "style_number": _PART % 0, "style_identifier": f"ST-{_PART % 0}", "color_code": _PART % 1, "size": _PART % 2,
}  # fmt: skip
STOCK: dict[str, Any] = {"moves": "inventory", "source": "oms", "destination": "joor", "destination_options": IN_JOOR}
PLACES = {"netsuite": {"5": "Default", "6": "EU Warehouse"}, "in_house": {"MAIN": "Default"}}
"""What the systems call JOOR's warehouses, where they tell."""


def stock_of(system: str) -> dict[str, Any]:
    """Return the pipeline that brings a system's stock to JOOR."""
    if system not in PLACES:
        return STOCK
    return {**STOCK, "map": {"warehouse.name": f"{{{{ {PLACES[system]}[stock_level.warehouse.code] }}}}"}}


def truth(home: House, *, less_open: bool | None = None) -> dict[tuple[str, str], int]:
    """Return what the system says can be sold, by JOOR's warehouse and SKU.

    That is what lies there *less* what *open* orders wait for, unless told otherwise but for Order Desk. Extensiv Order
    Manager tells the sum of its warehouses, the others each or one.
    """
    system, store = home.account["profile"].rpartition("/")[2].removesuffix(".yaml"), home.oms.system.store
    less_open = system != "order_desk" if less_open is None else less_open
    places = {"Default": "MAIN", "EU Warehouse": "EU"} if system == "netsuite" else {"Default": "MAIN"}
    there: dict[tuple[str, str], int] = {}
    for name, place in places.items():
        for sku in {sku for sku, kept in store.stock if kept == place or system == "skubana"}:
            place_or_all = None if system == "skubana" else place
            waiting = store.committed(place_or_all) if less_open else {}
            there[name, sku] = max(0, store.on_hand(sku, place_or_all) - waiting.get(sku, 0))
    return there


def shelves(home: House, wanted: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int | None]:
    """Return what JOOR shows of the same."""
    barcodes = {sku.sku: sku.barcode for sku in SKUS}
    return {(name, sku): home.joor.stock.get((name, None, barcodes[sku])) for name, sku in wanted}


def rows_sent(home: House) -> int:
    """Return how many rows of stock JOOR was sent since last asked."""
    bodies = [call.body for call in home.joor.log if call.operation == "inventory.write"]
    home.joor.log.clear()
    return sum(len(body["inventory_items"]) for body in bodies)


def change(home: House, luck: Random) -> None:
    """Have stock counted anew and sold, below zero too."""
    for sku in luck.sample(SKUS, 12):
        home.oms.set_stock(sku.sku, luck.choice([0, 1, 700, -4]))
    home.oms.add_order(f"other-{luck.random()}", {luck.choice(SKUS).sku: 3})


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_shelves_show_what_the_system_has(tmp_path: Path, system: str) -> None:
    """After each run JOOR shows what the system can sell; only what changed is sent, and never twice."""
    with calling(tmp_path, system, switches={"quantity_field": "qty"} if system == "cartrover" else {}) as home:
        home.configure(stock_of(system))
        luck = Random(system)
        for _ in range(3):
            change(home, luck)
            report = home.move()
            assert report.result == "done", (report.error, report.holds[:2])
            wanted = truth(home)
            assert shelves(home, wanted) == wanted
        assert 150 <= rows_sent(home) < len(wanted) + 60
        home.move()
        assert rows_sent(home) == 0


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_leaves_the_shelves_right(tmp_path: Path, kind: FaultKind) -> None:
    """A page of the system's, and a write of JOOR's, without an answer: the runs that follow put the shelves right."""
    with calling(tmp_path, "order_desk") as home:
        home.configure(STOCK)
        luck = Random(kind)
        for end, operation, times in (("oms", "stock.read", 9), ("joor", "inventory.write", 1)):
            change(home, luck)
            door = home.doors[end]
            door.faults[:] = [Fault(operation, kind, call=door.calls.count(operation) + 1, times=times)]
            home.move()
            door.faults.clear()
            home.pass_time()
            assert home.move().result == "done"
            wanted = truth(home)
            assert shelves(home, wanted) == wanted


# files


class Store:
    """A system that writes its stock into a folder."""

    def __init__(self, home: House, kind: Kind = "csv") -> None:
        self.home, self.kind, self.files = home, kind, 0
        self.stock = {sku.sku: 100 + number for number, sku in enumerate(SKUS)}

    @property
    def shelves(self) -> dict[tuple[str, str], int]:
        """Return what JOOR is to show."""
        return {("Default", sku): count for sku, count in self.stock.items()}

    def written(self, rows: int | None = None) -> bytes:
        """Return the stock, or so many rows of it, as a file holds it."""
        chosen = list(self.stock.items())[:rows]
        if self.kind == "csv":
            lines = [f"{sku},,Default,{count},2026-11-02T08:00:00Z" for sku, count in chosen]
            return "\r\n".join(["sku,upc,warehouse,qty_available,as_of", *lines, ""]).encode()
        if self.kind == "json":
            told = ",".join(f'{{"sku": "{sku}", "warehouse": "Default", "quantity": {n}}}' for sku, n in chosen)
            return f'{{"stock": [{told}]}}'.encode()
        told = "".join(
            f"<level><sku>{sku}</sku><warehouse>Default</warehouse><quantity>{n}</quantity></level>"
            for sku, n in chosen
        )
        return f"<stock>{told}</stock>".encode()

    def export(self, data: bytes | None = None) -> Path:
        """Write the stock, or *data* in its place, into a new file."""
        self.files += 1
        file = self.home.root / "stock" / f"stock-{self.files}.{self.kind}"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(self.written() if data is None else data)
        assert self.home.clock is not None
        moment = self.home.clock.now().timestamp()
        os.utime(file, (moment, moment))
        self.home.clock.sleep(3600)
        return file


def arrives(store: Store) -> None:
    """Assert that a run puts the stock on the shelves."""
    report = store.home.move()
    assert report.result == "done", (report.error, report.holds[:2])
    assert shelves(store.home, store.shelves) == store.shelves


@contextmanager
def exporting(folder: Path, kind: Kind = "csv", clock: FakeClock | None = None) -> Iterator[Store]:
    """Open a house whose system exports its stock, CSV to a server, and has done so once."""
    with ExitStack() as running:
        if kind == "csv":
            home, _ = running.enter_context(over_sftp(folder, kind, clock=clock))
        else:
            home = running.enter_context(exchanging(folder, kind))
        home.configure(STOCK)
        store = Store(home, kind)
        store.export()
        arrives(store)
        yield store


@pytest.mark.parametrize("kind", ["csv", "json", "xml"])
def test_the_shelves_show_what_the_newest_file_says(tmp_path: Path, kind: Kind) -> None:
    """Of several files the newest counts, from run to run, and nothing is sent while there is none that is newer."""
    with exporting(tmp_path, kind) as store:
        store.stock["1001-401-S"] = 1
        store.export()
        store.stock["1001-401-S"] = 0
        store.export()
        rows_sent(store.home)
        arrives(store)
        assert rows_sent(store.home) == 1
        arrives(store)
        assert rows_sent(store.home) == 0


BAD: Mapping[str, Callable[[Store], bytes]] = {
    "no byte": lambda store: b"",
    "no row": lambda store: store.written(0),
    "a tenth of the rows": lambda store: store.written(15),
    "half a figure": lambda store: store.written()[: store.written().rindex(b"249") + 1],
    "another table": lambda store: b"name;count\r\nshirt;0\r\n",
    "no text": lambda store: b"\xff\xfe\x00\x01" * 50,
}


def places(file: Path) -> list[str]:
    """Return the folders a file lies in that was put beside them."""
    return [found.parent.name for found in file.parent.rglob(file.name)]


@pytest.mark.parametrize("kind", ["csv", "json", "xml"])
def test_a_bad_file_empties_no_shelf(tmp_path: Path, kind: Kind) -> None:
    """A file that is empty, much shorter than the one before or damaged changes nothing; the next good one counts.

    A damaged one is put where failed ones go, and a short one waits where it was claimed until the next is done with.
    """
    with exporting(tmp_path, kind) as store:
        for bad, content in BAD.items():
            rows_sent(store.home)
            file = store.export(content(store))
            reports = [store.home.move() for _ in range(2)]
            assert rows_sent(store.home) == 0, (bad, [report.counts for report in reports])
            assert "done" not in [report.result for report in reports[:1]], bad
            is_short = bad in ("no row", "a tenth of the rows")
            assert places(file) == ["processing" if is_short else "failed"], bad
            store.stock["1001-401-S"] += 1
            good = store.export()
            store.home.move()
            arrives(store)
            assert (places(file), places(good)) == (["done" if is_short else "failed"], ["done"]), bad


def test_a_file_of_zeros_waits_for_a_person(tmp_path: Path) -> None:
    """A whole file that says that everything is gone goes out when a person says so."""
    with exporting(tmp_path) as store:
        before = shelves(store.home, store.shelves)
        store.stock = dict.fromkeys(store.stock, 0)
        store.export()
        report = store.home.move()
        assert shelves(store.home, store.shelves) == before
        assert "would fall to zero" in str(report.stops)
        assert store.home.move(allow_drop=True).result == "done"
        assert shelves(store.home, store.shelves) == store.shelves


def test_a_file_that_is_still_growing_is_not_read(tmp_path: Path) -> None:
    """What is written while we look is left for the next run; the run before it sends nothing of it."""
    clock = Meanwhile(lambda: None)
    with exporting(tmp_path, clock=clock) as store:
        before = store.shelves
        store.stock = {sku: count + 1 for sku, count in store.stock.items()}
        whole = store.written()
        file = store.export(whole[:3000])

        def goes_on() -> None:
            size = file.stat().st_size if file.exists() else 0
            file.write_bytes(whole[: size + 10])

        clock.then = goes_on
        store.home.move()
        assert file.stat().st_size > 3000
        assert shelves(store.home, before) == before
        clock.then = lambda: None
        file.write_bytes(whole)
        arrives(store)


def test_a_file_with_the_ending_of_half_written_ones_is_not_read(tmp_path: Path) -> None:
    """A file that its writer has not renamed yet is no stock."""
    with exporting(tmp_path) as store:
        rows_sent(store.home)
        half = store.export(store.written(140))
        half.rename(half.with_name(f"{half.name}.part"))
        assert store.home.move().result == "done"
        assert rows_sent(store.home) == 0


def test_old_stock_is_not_sold_from(tmp_path: Path) -> None:
    """Once the newest file is older than the profile allows, a run says so instead of taking it for the present."""
    with exporting(tmp_path) as store:
        assert store.home.clock is not None
        store.home.clock.sleep(80 * 3600)
        report = store.home.move()
        assert report.result == "failed"
        assert "max_age_hours" in str(report.error)
