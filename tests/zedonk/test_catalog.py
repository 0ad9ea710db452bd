"""Products: styles, colors and sizes, prices by season, images."""

from __future__ import annotations

import io
import struct
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import orderweft_zedonk
import pytest
from jsonschema import Draft202012Validator
from orderweft import Connection, Price, Product, RecordPage, UnavailableError
from orderweft.testing import FakeClock, SftpServer, brand
from orderweft_zedonk import Settings
from orderweft_zedonk.simulator import Simulator
from PIL import Image

from .test_files import at, connect, export, lines

PRODUCTS = ("Style", "Fabric", "Colour", "Size", "Season", "Barcode", "Visible", "Catalogue", "Image 1", "Linesheet",
            "Description", "Active")  # fmt: skip
PRICES = ("Style", "Fabric", "Colour", "Season", "Price List", "Currency", "WSP", "RRP")
SEASONS = ("Season", "Start Date")
CODES = [sku.barcode for sku in brand.skus()]


def product(
    *, style: str = "1", fabric: str = "", color: str = "Navy", size: str = "M", season: str = "A",
    code: int | None = 0, visible: str = "true", catalogue: str = "true", image: str = "", sheet: str = "Main",
    active: str = "true",
) -> tuple[str, ...]:  # fmt: skip
    barcode = "" if code is None else CODES[code]
    return style, fabric, color, size, season, barcode, visible, catalogue, image, sheet, f"Shirt {style}", active


def price(season: str, wsp: str, *, style: str = "1", fabric: str = "", color: str = "Navy", name: str = "Wholesale",
          currency: str = "GBP", rrp: str = "") -> tuple[str, ...]:  # fmt: skip
    return style, fabric, color, season, name, currency, wsp, rrp


def tenant(folder: Path, *rows: tuple[str, ...], prices: Any = (), **settings: Any) -> Connection[Settings]:
    export(folder, "products", lines(PRODUCTS, *rows))
    export(folder, "prices", lines(PRICES, *prices))
    export(folder, "seasons", lines(SEASONS, ("A", "2026-01-01"), ("B", "2027-01-01"), ("C", "2027-01-01")))
    return connect(folder, **settings)


def read(connection: Connection[Settings]) -> list[RecordPage]:
    return list(orderweft_zedonk.read_catalog(connection))


def products(pages: list[RecordPage]) -> list[Product]:
    return [record for page in pages for record in page.records if isinstance(record, Product)]


def only(connection: Connection[Settings]) -> Product:
    [found] = products(read(connection))
    return found


def warnings(connection: Connection[Settings]) -> str:
    return "\n".join(warning for page in read(connection) for warning in page.warnings)


def test_a_style_has_its_colors_sizes_seasons_and_linesheets(tmp_path: Path) -> None:
    """One row per size and season becomes one product."""
    found = only(tenant(
        tmp_path,
        product(size="S"), product(size="S", season="B"), product(code=1), product(season="B", code=1),
        product(color="Ecru", size="S", code=2, sheet="Extra"),
    ))  # fmt: skip
    assert (found.style_number, found.style_identifier, found.name, found.sizes) == ("1", "1", "Shirt 1", ("S", "M"))
    assert [color.color for color in found.colors] == ["Navy", "Ecru"]
    assert [[sku.barcode for sku in color.skus] for color in found.colors] == [CODES[:2], [CODES[2]]]
    assert [season.name for season in found.seasons] == ["A", "B"]
    assert [[season.name for season in color.seasons] for color in found.colors] == [[], ["A"]]
    assert [sheet.name for sheet in found.collections] == ["Main", "Extra"]
    assert found.prices == ()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [(["A", "B"], "20.00"), (["A"], "10.00"), (["B", "C"], "30.00"), (["A", "B", "D"], "20.00")],
    ids=["the later season", "the only one", "two that start together", "one it is not visible in"],
)
def test_the_price_is_that_of_the_latest_chosen_season_it_is_visible_in(
    tmp_path: Path, chosen: list[str], expected: str
) -> None:
    """The start date decides, then the name."""
    rows = [product(season="A"), product(season="B"), product(season="C"), product(season="D", visible="false")]
    prices = [price("A", "10.00"), price("B", "20.00"), price("C", "30.00"), price("D", "40.00")]
    assert only(tenant(tmp_path, *rows, prices=prices, price_seasons=chosen)).prices[0].wholesale == Decimal(expected)


def test_every_price_list_and_currency_is_read(tmp_path: Path) -> None:
    """Wholesale is WSP, retail is RRP; what is not there stays unknown."""
    prices = [
        price("A", "46.00", rrp="110.00"),
        price("A", "52", name="EXW", currency="Euro"),
        price("A", "", name="Outlet", rrp="99"),
    ]
    connection = tenant(tmp_path, product(), prices=prices, price_seasons=["A"])
    assert only(connection).prices == (
        Price(label="Wholesale", currency="GBP", wholesale=Decimal("46.00"), retail=Decimal("110.00")),
        Price(label="EXW", currency="EUR", wholesale=Decimal("52")),
        Price(label="Outlet", currency="GBP", retail=Decimal("99")),
    )


def test_colors_have_their_own_prices_where_they_differ(tmp_path: Path) -> None:
    """Otherwise they are those of the style."""
    rows = [product(), product(color="Ecru", code=1)]
    prices = [price("A", "46.00"), price("A", "50.00", color="Ecru")]
    found = only(tenant(tmp_path, *rows, prices=prices, price_seasons=["A"]))
    assert found.prices == ()
    assert [color.prices[0].wholesale for color in found.colors] == [Decimal("46.00"), Decimal("50.00")]


@pytest.mark.parametrize(("setting", "expected"), [("zero", [Decimal("0.00")] * 2), ("missing", [])])
def test_a_product_visible_in_no_chosen_season_costs_nothing_or_what_nobody_knows(
    tmp_path: Path, setting: str, expected: list[Decimal]
) -> None:
    """Zedonk's own connector exports it at 0.00, in every price list."""
    rows = [product(style="2", season="B", code=1), product(season="A")]
    prices = [price("B", "20.00", style="2"), price("A", "1"), price("A", "1", currency="EUR")]
    connection = tenant(tmp_path, *rows, prices=prices, price_seasons=["A"], invisible_price=setting)
    found = {each.style_number: [given.wholesale for given in each.prices] for each in products(read(connection))}
    assert found["2"] == expected
    assert "visible in none of the price seasons: 2 Navy" in warnings(connection)


def test_a_price_of_two_seasons_without_dates_is_not_guessed(tmp_path: Path) -> None:
    """Nobody knows which is the newer one."""
    connection = tenant(tmp_path, product(), product(season="B"), prices=[price("A", "1")], price_seasons=["A", "B"])
    export(tmp_path, "seasons", lines(SEASONS, ("A", "31/01/2026"), ("B", "2027-01-01")), stamp="20261102T083000Z")
    with pytest.raises(UnavailableError, match=r"when the season 'A' starts.*date_order"):
        read(connection)


def test_only_the_connector_catalogue_is_read(tmp_path: Path) -> None:
    """Or everything, by setting, except what is inactive."""
    rows = [product(), product(style="2", code=1, catalogue="false"), product(style="3", code=2, active="false")]
    assert [found.style_number for found in products(read(tenant(tmp_path, *rows)))] == ["1"]
    connection = tenant(tmp_path, *rows, catalogue_only=False)
    assert [found.style_number for found in products(read(connection))] == ["1", "2"]
    assert "inactive products are left out: 1" in warnings(connection)


def test_sizes_without_a_barcode_are_left_out_and_counted(tmp_path: Path) -> None:
    """Connectors export only what has a barcode."""
    rows = [product(), product(size="L", code=None), product(size="L", season="B", code=None)]
    connection = tenant(tmp_path, *rows)
    assert [sku.size for sku in only(connection).colors[0].skus] == ["M"]
    assert "sizes without a barcode are left out: 1" in warnings(connection)
    assert [sku.size for sku in only(tenant(tmp_path, *rows, without_barcode="send")).colors[0].skus] == ["M", "L"]


def test_one_color_in_two_fabrics_makes_two_products(tmp_path: Path) -> None:
    """They have the style number in common, and the collision is told."""
    rows = [product(fabric="Wool"), product(fabric="Silk", code=1), product(fabric="Wool", color="Ecru", code=2)]
    prices = [price("A", "10", fabric="Wool"), price("A", "20", fabric="Silk")]
    connection = tenant(tmp_path, *rows, prices=prices, price_seasons=["A"])
    found = {each.identity: each for each in products(read(connection))}
    assert list(found) == ["style:1 Wool", "style:1 Silk"]
    assert {each.style_number for each in found.values()} == {"1"}
    assert [each.fabrication for each in found.values()] == ["Wool", "Silk"]
    assert found["style:1 Silk"].prices[0].wholesale == 20
    assert "style 1 has the same color in several fabrics (Navy in Wool, Silk)" in warnings(connection)


def test_fabrics_that_do_not_collide_stay_one_product(tmp_path: Path) -> None:
    """Each color names its own."""
    found = only(tenant(tmp_path, product(fabric="Wool"), product(fabric="Silk", color="Ecru", code=1)))
    assert (found.style_identifier, found.fabrication) == ("1", "Wool / Silk")
    assert [color.custom_fields for color in found.colors] == [{"fabric": "Wool"}, {"fabric": "Silk"}]


def test_a_product_that_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    """The column and the line are named."""
    rows = [product(), product(style="2", code=1), product(style="3", code=2), product(style="3", code=3, season="B")]
    prices = [price("A", "1"), price("A", "cheap", style="2"), price("A", "2", style="3")]
    pages = read(tenant(tmp_path, *rows, prices=prices, price_seasons=["A"]))
    assert [found.style_number for found in products(pages)] == ["1"]
    problems = {unread.id: unread.problem for page in pages for unread in page.unread}
    assert problems["2"].startswith("WSP: 'cheap' is not a number")
    assert problems["3"].startswith("Barcode: size M has two")
    assert not pages[-1].complete


# images


def picture(width: int, height: int, form: str = "PNG", color: str = "navy") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), color).save(out, form)
    return out.getvalue()


def bomb() -> bytes:
    """Give a PNG that says it is 40,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def pictured(folder: Path, data: bytes | None, **settings: Any) -> Connection[Settings]:
    (folder / "images").mkdir(exist_ok=True)
    if data is not None:
        (folder / "images" / "one.png").write_bytes(data)
    return tenant(folder, product(image="one.png"), **settings)


@pytest.mark.parametrize("size", [(660, 900), (1320, 1800), (990, 1350), (700, 955)], ids=str)
def test_an_image_of_the_right_form_is_given_as_it_is(tmp_path: Path, size: tuple[int, int]) -> None:
    """660 x 900 or a larger multiple up to 1320 x 1800, to the pixel."""
    connection = pictured(tmp_path, picture(*size))
    [image] = only(connection).colors[0].images
    assert (image.width, image.height, image.name) == (*size, "one.png")
    assert image.file == str(tmp_path / "images" / "one.png")
    assert "images" not in warnings(connection)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (picture(500, 500), "fewer than 660 x 900"),
        (picture(2640, 3600), "more than 1320 x 1800"),
        (picture(900, 900), "not in the ratio"),
        (b"not a picture", "no image that can be read"),
        (picture(660, 900)[:400], "no image that can be read"),
        (bomb(), "too many"),
        (None, "there is no such file in images/"),
    ],
    ids=["small", "large", "square", "text", "cut off", "bomb", "missing"],
)
def test_an_image_of_another_form_or_none_is_told_and_the_product_goes_on(
    tmp_path: Path, data: bytes | None, told: str
) -> None:
    """Those that can be read are given all the same."""
    connection = pictured(tmp_path, data)
    assert len(only(connection).colors[0].images) == ("than" in told or "ratio" in told)
    assert "1 Navy: one.png: " in warnings(connection)
    assert told in warnings(connection)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((500, 500), (660, 900)), ((2640, 3600), (1320, 1800)), ((1800, 900), (1320, 1800)), ((900, 900), (902, 1230))],
    ids=["small", "large", "wide", "square"],
)
def test_images_are_fitted_by_scaling_down_and_padding(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Never distorted, never enlarged; the copy is kept and named by its content."""
    copies = tmp_path / "copies"
    connection = pictured(tmp_path, picture(*size), fit_images=True, image_folder=str(copies))
    [image] = only(connection).colors[0].images
    assert image.file is not None
    assert Path(image.file).parent == copies
    with Image.open(image.file) as copy:
        assert copy.size == (image.width, image.height) == expected
        middle, corner = copy.getpixel((expected[0] // 2, expected[1] // 2)), copy.getpixel((2, 2))
    assert isinstance(middle, tuple)
    assert middle[2] > 90
    assert (corner == (255, 255, 255)) == (size != (2640, 3600))
    assert "images" not in warnings(connection)
    assert only(connection).colors[0].images == (image,)


def test_an_image_has_a_public_address_where_the_settings_say_so(tmp_path: Path) -> None:
    """Its name is put into it, and its checksum changes with the picture."""
    connection = pictured(tmp_path, picture(660, 900), image_url="https://cdn.example/z/{name}?v=1")
    [image] = only(connection).colors[0].images
    assert (image.url, image.file) == ("https://cdn.example/z/one.png?v=1", None)
    again = pictured(tmp_path, picture(660, 900, color="red"), image_url="https://cdn.example/z/{name}?v=1")
    assert only(again).colors[0].images[0].checksum != image.checksum


def test_images_on_a_server_need_a_place_others_can_reach(tmp_path: Path) -> None:
    """A copy on this machine or an address."""
    pictured(tmp_path, picture(660, 900))
    with SftpServer(tmp_path) as server:
        way: dict[str, Any] = {"password": server.password, "host_key": server.host_key}
        connection = connect(server.address, **way)
        assert only(connection).colors[0].images == ()
        assert "set image_url or image_folder" in warnings(connection)
        connection.close()
        connection = connect(server.address, **way, image_folder=str(tmp_path / "copies"))
        [image] = only(connection).colors[0].images
        assert image.file is not None
        assert Path(image.file).read_bytes() == picture(660, 900)
        connection.close()


def test_two_prices_of_one_list_hold_the_product(tmp_path: Path) -> None:
    """Nobody knows which one is meant; the same price twice is one price, and other products go on."""
    prices = (price("A", "40.00"), price("A", "45.00"), *[price("A", "50.00", style="2")] * 2)
    connection = tenant(tmp_path, product(), product(style="2", code=1), prices=prices, price_seasons=["A"])
    [page] = read(connection)
    assert [(one.id, "'Wholesale' has two prices in GBP" in one.problem) for one in page.unread] == [("1", True)]
    assert [[each.wholesale for each in one.prices] for one in products([page])] == [[Decimal("50.00")]]


# against the simulator


@pytest.mark.parametrize("read_by", ["files", "reports"])
@pytest.mark.parametrize(
    ("switches", "settings"),
    [
        ({}, {}),
        ({"seed": 5}, {}),
        ({"decimals": "comma", "delimiter": ";", "encoding": "cp1252", "dates": "uk"}, {"date_order": "day"}),
        ({"barcodes": "upc_a", "dates": "instant"}, {}),
    ],
    ids=["usual", "another seed", "continental", "UPC-A"],
)
def test_the_sample_brands_catalog_is_read(switches: dict[str, Any], settings: dict[str, Any], read_by: str) -> None:
    """Ten styles with their prices, as `provides` promises."""
    chosen = ["Fall Winter 2026", "Spring Summer 2027"]
    connection = at(Simulator(clock=FakeClock(), **switches), read_by=read_by, price_seasons=chosen, **settings)
    pages = read(connection)
    assert pages[-1].complete
    found = products(pages)
    styles = {sku.style_number: sku.wholesale for sku in brand.skus()}
    for style, wholesale in styles.items():
        costs = [each.prices[0].wholesale for each in found if each.style_number == style and each.prices]
        assert wholesale in costs
    promised = orderweft_zedonk.provides(connection, "catalog")
    assert promised is not None
    assert all(Draft202012Validator(promised).is_valid(each.to_data()) for each in found)


def test_a_style_taken_from_the_catalogue_is_not_read_any_more() -> None:
    """It is not deleted, it is just not there."""
    clock = FakeClock()
    simulator = Simulator(clock=clock)
    simulator.take_from_catalogue("1002")
    clock.sleep(60)
    simulator.work()
    assert "1002" not in {found.style_number for found in products(read(at(simulator, clock)))}
