"""Reading products out of the systems, and what NetSuite tells of shipments: rows that belong together."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import orderweft_oms_generic as oms
import pytest
from orderweft import Connection, Price, Product, Response, Shipment
from orderweft.testing import FakeClock, brand
from orderweft_oms_generic.simulator.rehearsal import rehearsed

from .hooks import NOWHERE, Bench, connect, order_of
from .test_hooks_reading import FIRST, SMALL_PAGES


def products(bench: Bench) -> list[Product]:
    """Return all products, read whole."""
    return products_of(bench.connection)


def products_of(connection: Connection[oms.Settings]) -> list[Product]:
    """Return all products of a connection, read whole."""
    [page] = oms.read_catalog(connection)
    assert (page.unread, page.complete) == ((), True)
    return [product for product in page.records if isinstance(product, Product)]


@pytest.mark.parametrize("system", ["order_desk", "skubana", "netsuite", "in_house"])
def test_products_are_grouped_over_all_pages(tmp_path: Path, system: str) -> None:
    """Rows of one style make one product, on whatever pages they come; SKUs tell the style where nothing else does."""
    bench = Bench(tmp_path, system, {}, {"changes": SMALL_PAGES[system]})
    found = products(bench)
    assert [len(list(product.items())) for product in found] == [15] * 10
    told = {(item.style_number, item.color_code or item.color, item.size, item.sku, item.barcode)
            for product in found for item in product.items()}  # fmt: skip
    assert told == {
        (sku.style_number, sku.color if system == "in_house" else sku.color_code, sku.size, sku.sku,
         None if system == "order_desk" else sku.barcode)
        for sku in brand.skus()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("system", "values", "wholesale", "retail"),
    [
        ("order_desk", {"price_currency": "GBP"}, "46.00", None),
        ("order_desk", {"price_currency": "GBP", "price_is": "retail"}, None, "46.00"),
        ("order_desk", {}, None, None),
        ("skubana", {}, None, "110.00"),
        ("netsuite", {}, None, None),
    ],
)
def test_items_without_a_style_are_products_of_their_own(
    tmp_path: Path, system: str, values: dict[str, str], wholesale: str | None, retail: str | None
) -> None:
    """Each has the SKU as its style number; prices are told where it is known what they are."""
    bench = Bench(tmp_path, system, {}, {"values": {"style_separator": "", **values}})
    found = {product.style_number: product for product in products(bench)}
    assert found.keys() == {sku.sku for sku in brand.skus()}
    first = found[FIRST.sku]
    [color] = first.colors
    told = [(price.wholesale, price.retail) for price in first.prices_of(color, color.skus[0])]
    wanted = [None if text is None else Decimal(text) for text in (wholesale, retail)]
    assert told == ([] if wanted == [None, None] else [tuple(wanted)])


@pytest.mark.parametrize("kind", ["csv", "json", "xml"])
def test_products_are_read_from_files(kind: str) -> None:
    """A file has a row for each size, with its prices; rows of one style are one product."""
    clock = FakeClock()
    system = rehearsed({"profile": f"files_{kind}"}, Path())(clock=clock)
    clock.sleep(60)
    found = products_of(connect(system.handle, {**system.settings(), "base_url": NOWHERE}, clock))
    told = {(product.style_number, product.name, color.color, size.size, size.sku, size.barcode, size.gtin, size.prices)
            for product in found for color in product.colors for size in color.skus}  # fmt: skip
    assert told == {
        (sku.style_number, sku.style_name, sku.color, sku.size, sku.sku, sku.barcode, sku.barcode.zfill(14),
         (Price(currency="USD", wholesale=sku.wholesale, retail=sku.retail),))
        for sku in brand.skus()
    }  # fmt: skip


def test_products_with_a_decimal_comma(tmp_path: Path) -> None:
    """Prices are read in the dialect of the files; an item without style or price is a product without either."""
    rows = "style;name;color;size;sku;upc;currency;wholesale;retail", "TEE;T\xe9e;;S;TEE-S;;EUR;12,50;", ";;;;CAP;;;;"
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "1.csv").write_text("\n".join([*rows, ""]), encoding="cp1252")
    given = {"profile": "files_csv", "folder": str(tmp_path), "values": {"dialect": "semicolon"}, "base_url": NOWHERE}
    clock = FakeClock(datetime(2100, 1, 1, tzinfo=UTC))
    tee, cap = products_of(connect(lambda request: Response(404), given, clock))
    assert (tee.name, tee.colors[0].skus[0].prices) == ("T\xe9e", (Price(currency="EUR", wholesale=Decimal("12.50")),))
    assert (cap.style_number, cap.colors[0].skus[0].prices) == ("CAP", ())


@pytest.mark.parametrize("system", ["skubana", "netsuite"])
def test_items_no_longer_sold_are_no_products(tmp_path: Path, system: str) -> None:
    """An item that is not active is left out, and so is one nobody keeps in stock where services stand beside."""
    bench = Bench(tmp_path, system, {}, {"values": {"style_separator": ""}})
    bench.sim.items[FIRST.sku].active = False
    bench.sim.system.store.add_item("GIFT-WRAP", "Gift wrap")
    found = {product.style_number for product in products(bench)}
    assert FIRST.sku not in found
    assert len(found) == (149 if system == "netsuite" else 150)


@pytest.mark.parametrize("values", ["text", "typed"])
def test_a_fulfillment_is_told_with_its_items(tmp_path: Path, values: str) -> None:
    """NetSuite tells a row for each item shipped; those of one fulfillment are one shipment, on whatever pages."""
    changes = (("size: 1000", "size: 2"), ('"limit": "1000"', '"limit": "2"'))
    bench = Bench(tmp_path, "netsuite", {"suiteql_values": values}, {"changes": changes})
    bench.deliver(order_of((0, 2), (7, 3), (8, 1)))
    [order] = bench.sim.orders.values()
    bench.sim.ship(order, "1Z1, 1Z2", pieces={FIRST.sku: 2})
    bench.clock.sleep(86_400)
    bench.sim.ship(order, "")
    [page] = oms.read_shipments(bench.connection)
    told = [one for one in page.records if isinstance(one, Shipment)]
    assert [one.tracking_numbers for one in told] == [("1Z1", "1Z2"), ()]
    assert [{line.item.sku: line.quantity for line in one.lines} for one in told] == [
        {FIRST.sku: 2}, {brand.skus()[7].sku: 3, brand.skus()[8].sku: 1},
    ]  # fmt: skip
    assert [one.shipped_at and one.shipped_at.isoformat()[:10] for one in told] == ["2026-11-02", "2026-11-03"]
    bench.clock.sleep(14 * 86_400)
    assert [len(page.records) for page in oms.read_shipments(bench.connection)] == [1]
