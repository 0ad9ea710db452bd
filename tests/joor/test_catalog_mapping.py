"""Products and JOOR's rows of them, held against the examples and tables of JOOR's reference."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

import pytest
from orderweft import Image, InvalidRecordError, Named, Origin, Price, Product, ProductColor, Sku
from orderweft_joor.mapping import (
    CatalogForm,
    PictureFile,
    SkuRow,
    failures,
    fault_of,
    find_product,
    grid_of,
    measured,
    picture_name,
    price_rows,
    product_row,
    style_difference,
    style_row,
    style_to_product,
    tables_of,
    v4_to_product,
    with_products,
)

FORM = CatalogForm()
GIVEN: dict[str, Any] = {"channel": "joor", "connection": "joor"}

# JOOR's page on SKU data, how-to-create-update-price-data
SKU: dict[str, Any] = {
    "id": "MHw1NTE3MDk1fDE4MjMwODYy",
    "product_id": "3295521",
    "external_id": "nyhat0001",
    "sku_identifier": "nyhatblue001s1",
    "trait_values": [
        {
            "trait": {"id": "U0tVVHJhaXQ6U3R5bGVDb2xvcg==", "name": "Color"},
            "value": "Blue",
            "external_id": "blue001",
            "order_minimum": 0,
            "order_nbr": 1,
            "status": "ACTIVE",
            "hexColor": None,
            "swatch": None,
            "images": None,
        },
        {
            "trait": {"id": "U0tVVHJhaXQ6U2l6ZQ==", "name": "Size"},
            "value": "Small",
            "external_id": "S1",
            "order_minimum": None,
            "order_nbr": 1,
            "status": "ACTIVE",
            "hexColor": None,
        },
    ],
}
# JOOR's page on creating prices
PRICE_TYPE = {"id": "pricetype_id_222", "name": "USD-1", "currency_code": "USD", "retail_currency_code": "USD"}
PRICE = {
    "id": "price_id_333",
    "sku_id": SKU["id"],
    "price_type": PRICE_TYPE,
    "wholesale_value": "100.00",
    "retail_value": "200.00",
}
PRODUCT = {"id": "3295521", "name": "NY Hat", "external_id": "nyhat", "product_identifier": "NYH"}


def hat(*colors: ProductColor, **fields: Any) -> Product:
    skus = (Sku(size="Small", size_code="S1", sku="nyhatblue001s1"),)
    blue = ProductColor(color="Blue", color_code="blue001", skus=skus)
    known = {"style_number": "NYH", "style_identifier": "nyhat", "name": "NY Hat", "colors": colors or (blue,)}
    return Product(origin=Origin(channel="erp", connection="erp", id="1"), **{**known, **fields})


# v4 rows as records


def test_the_documented_rows_give_a_product() -> None:
    """A SKU and a price of JOOR's reference become a color, a size and a price."""
    tables = tables_of(
        [{"id": "2405", "name": "Hats"}],
        [{"id": "c", "name": "Main", "external_id": "M", "season_id": "s", "items": [{"product_id": "3295521"}]}],
        [{"id": "s", "name": "SS27"}],
    )
    row = {**PRODUCT, "category_ids": ["2405"], "order_minimum": 2, "tags": "", "description": None}
    product = v4_to_product(row, [SKU], {SKU["id"]: [PRICE]}, tables, **GIVEN)
    assert product.to_data() == {
        "origin": {**GIVEN, "id": "3295521"},
        "style_number": "NYH",
        "style_identifier": "nyhat",
        "name": "NY Hat",
        "category": "Hats",
        "minimum": 2,
        "tags": [],
        "seasons": [{"name": "SS27"}],
        "collections": [{"name": "Main", "code": "M"}],
        "prices": [{"label": "USD-1", "currency": "USD", "wholesale": "100.00", "retail": "200.00"}],
        "images": [],
        "sizes": ["Small"],
        "colors": [
            {
                "color": "Blue",
                "color_code": "blue001",
                "prices": [],
                "images": [],
                "seasons": [],
                "skus": [
                    {
                        "id": SKU["id"],
                        "size": "Small",
                        "size_code": "S1",
                        "sku": "nyhatblue001s1",
                        "prices": [],
                        "custom_fields": {},
                    }
                ],
                "custom_fields": {},
            }
        ],
        "custom_fields": {},
    }


def test_what_is_inactive_is_marked() -> None:
    """A SKU whose color or size is inactive cannot be ordered, and says so for the pipeline's rules."""
    traits = [{**SKU["trait_values"][0], "status": "INACTIVE"}, SKU["trait_values"][1]]
    product = v4_to_product(PRODUCT, [{**SKU, "trait_values": traits}], {}, tables_of([], [], []), **GIVEN)
    assert product.colors[0].skus[0].custom_fields == {"joor_status": "inactive"}


@pytest.mark.parametrize(
    ("row", "sku", "price", "field"),
    [
        ({"name": ""}, {}, {}, "name: is missing"),
        ({}, {"id": ""}, {}, "id: is missing"),
        ({}, {}, {"wholesale_value": "a lot"}, "wholesale_value: 'a lot' is not a number"),
        ({}, {}, {"price_type": {"currency_code": "XXQ"}}, "currency_code"),
    ],
    ids=["no name", "a SKU without id", "no number", "no currency"],
)
def test_what_cannot_be_read_is_named(
    row: dict[str, Any], sku: dict[str, Any], price: dict[str, Any], field: str
) -> None:
    """The message begins with the field."""
    with pytest.raises(InvalidRecordError, match=field):
        v4_to_product(
            {**PRODUCT, **row}, [{**SKU, **sku}], {SKU["id"]: [{**PRICE, **price}]}, tables_of([], [], []), **GIVEN
        )


# records as v4 rows


def test_new_rows_have_the_documented_names() -> None:
    """A product and its SKU are created with the fields of JOOR's reference; no status is ever among them."""
    assert product_row(
        hat(description="A hat", category="Hats", division="Women"), None, {"Hats": ["2405"]}, ["Division"], FORM
    ) == {
        "name": "NY Hat",
        "external_id": "nyhat",
        "product_identifier": "NYH",
        "description": "A hat",
        "category_ids": ["2405"],
        "product_trait_values": [{"trait_name": "Division", "value": "Women"}],
    }
    skus = (Sku(size="Small", size_code="S1", sku="nyhatblue001s1", barcode="8001234567898"),)
    grid = grid_of(hat(ProductColor(color="Blue", color_code="blue001", skus=skus)), (), FORM)
    assert grid.create == [
        {
            "external_id": "nyhatblue001s1",
            "sku_identifier": "nyhatblue001s1",
            "trait_values": [
                {
                    "trait_id": "U0tVVHJhaXQ6U3R5bGVDb2xvcg==",
                    "value": "Blue",
                    "external_id": "blue001",
                    "order_nbr": 1,
                },
                {"trait_id": "U0tVVHJhaXQ6U2l6ZQ==", "value": "Small", "external_id": "S1", "order_nbr": 1},
            ],
            "identifiers": [{"type": "UPC", "value": "8001234567898"}],
        }
    ]
    assert (grid.update, grid.filled) == ([], 0)


@pytest.mark.parametrize(
    ("there", "is_left_alone"),
    [
        pytest.param({"UPC": "111", "EAN": "222"}, True, id="as EAN beside a UPC"),
        pytest.param({"EAN": "222"}, True, id="as EAN"),
        pytest.param({"UPC": "111"}, False, id="another one"),
        pytest.param({}, False, id="none"),
    ],
)
def test_a_barcode_joor_has_under_another_type_costs_none(there: dict[str, str], is_left_alone: bool) -> None:
    """The other barcodes of a SKU would be lost."""
    row = SkuRow.of({**SKU, "identifiers": [{"type": kind, "value": value} for kind, value in there.items()]})
    skus = (Sku(size="Small", size_code="S1", sku="nyhatblue001s1", barcode="222"),)
    grid = grid_of(hat(ProductColor(color="Blue", color_code="blue001", skus=skus)), [row], FORM)
    assert (grid.update == []) == is_left_alone


def test_prices_are_rows_of_text() -> None:
    """Amounts are written as text with the decimals of their currency."""
    product = hat(prices=(Price(label="USD-1", currency="USD", wholesale=Decimal("100"), retail=Decimal("200.5")),))
    grid = grid_of(product, [SkuRow.of(SKU)], FORM)
    ids = dict.fromkeys(grid.cells, SKU["id"])
    rows = price_rows(product, grid, ids, {}, [PRICE_TYPE], FORM)
    assert rows.create == [
        {
            "sku_id": SKU["id"],
            "price_type_id": "pricetype_id_222",
            "wholesale_value": "100.00",
            "retail_value": "200.50",
        }
    ]
    known = price_rows(product, grid, ids, {SKU["id"]: [PRICE]}, [PRICE_TYPE], FORM)
    assert (known.create, known.update) == (
        [],
        [{"id": "price_id_333", "wholesale_value": "100.00", "retail_value": "200.50"}],
    )


def test_a_retail_price_in_another_currency_is_left_out() -> None:
    """A price type has one retail currency; a price in another one is not written under it."""
    price = Price(label="USD-1", currency="USD", wholesale=Decimal(9), retail=Decimal(20), retail_currency="EUR")
    product = hat(prices=(price,))
    grid = grid_of(product, [SkuRow.of(SKU)], FORM)
    rows = price_rows(product, grid, dict.fromkeys(grid.cells, "1"), {}, [PRICE_TYPE], FORM)
    assert "retail_value" not in rows.create[0]
    assert "USD-1 USD is in another currency" in rows.remarks[0]


def test_a_price_without_a_name_takes_the_only_price_type_of_its_currency() -> None:
    """Where the currency has several price types, a person has to name one."""
    product = hat(prices=(Price(currency="USD", wholesale=Decimal(9)),))
    grid = grid_of(product, [SkuRow.of(SKU)], FORM)
    ids = dict.fromkeys(grid.cells, "1")
    assert price_rows(product, grid, ids, {}, [PRICE_TYPE], FORM).create[0]["price_type_id"] == "pricetype_id_222"
    with pytest.raises(InvalidRecordError, match="several price types"):
        price_rows(product, grid, ids, {}, [PRICE_TYPE, {**PRICE_TYPE, "id": "2", "name": "USD-2"}], FORM)


@pytest.mark.parametrize(
    ("colors", "told"),
    [
        ([ProductColor(color="A")], "there is no SKU"),
        ([ProductColor(color="A"), ProductColor(color="A")], "'A' comes more than once"),
        ([ProductColor(color="A", skus=(Sku(size="S"), Sku(size="S")))], "'A' has size 'S' more than once"),
        (
            [ProductColor(color=name, color_code="1", skus=(Sku(size="S"),)) for name in "AB"],
            "the code '1' belongs to more than one color",
        ),
    ],
    ids=["no SKU", "a color twice", "a size twice", "a code twice"],
)
def test_a_grid_that_makes_no_sense_is_refused(colors: list[ProductColor], told: str) -> None:
    """What would become something else in JOOR is held."""
    with pytest.raises(InvalidRecordError, match=told):
        grid_of(hat(*colors), (), FORM)


def test_what_has_no_color_or_size_gets_a_name() -> None:
    """JOOR needs both of every SKU; the settings name them."""
    grid = grid_of(hat(ProductColor(skus=(Sku(barcode="1"),))), (), CatalogForm(one_color="Solid", one_size="OS"))
    assert list(grid.cells) == [("Solid", "OS")]
    assert [trait["value"] for trait in grid.create[0]["trait_values"]] == ["Solid", "OS"]


def test_a_product_with_another_key_is_another_product() -> None:
    """Two styles may share their number; one without a key in JOOR is adopted."""
    other = {"id": "1", "external_id": "other", "product_identifier": "NYH"}
    assert find_product(hat(), [other], FORM) is None
    assert find_product(hat(), [other, {"id": "2", "external_id": "", "product_identifier": "NYH"}], FORM) is not None
    assert find_product(hat(style_identifier=None), [other], FORM) is other


def test_a_product_found_the_other_way_round_is_held() -> None:
    """Which v4 field holds which key is an assumption, so a product with the two swapped is not made a second time."""
    swapped = {"id": "1", "external_id": "NYH", "product_identifier": "nyhat"}
    with pytest.raises(InvalidRecordError, match="see v4_external_id"):
        find_product(hat(), [swapped], FORM)
    other = CatalogForm(v4_external_id="style_number")
    assert find_product(hat(), [swapped], other) is swapped
    row = product_row(hat(), None, {}, [], other)
    assert row == {"name": "NY Hat", "external_id": "NYH", "product_identifier": "nyhat"}


def test_a_change_keeps_the_traits_joor_has() -> None:
    """Whether traits left out stay is not documented, so those JOOR has are sent along with a changed one."""
    there = {
        **PRODUCT,
        "product_trait_values": [
            {"trait": {"name": "Heel Height"}, "value": "flat", "external_id": ""},
            {"trait": {"name": "Division"}, "value": "Men", "external_id": "M"},
        ],
    }
    row = product_row(hat(division="Women"), there, {}, ["Division", "Heel Height"], FORM)
    assert row == {
        "id": "3295521",
        "name": "NY Hat",
        "product_trait_values": [
            {"trait_name": "Heel Height", "value": "flat"},
            {"trait_name": "Division", "value": "Women"},
        ],
    }
    assert product_row(hat(division="Men"), there, {}, ["Division"], FORM) is None


def test_a_collection_keeps_its_items_and_dates() -> None:
    """The row that adds a product holds all that was there."""
    collection = {
        "id": "c",
        "name": "Main",
        "external_id": "M",
        "season_id": "s",
        "delivery": {"start_ship_date": "2027-01-15"},
        "items": [{"product_id": "1", "order_number": 4, "sku_ids": ["a"], "more": "?"}],
    }
    assert with_products(collection, ["1"]) is None
    assert with_products(collection, ["1", "2"]) == {
        "id": "c",
        "name": "Main",
        "season_id": "s",
        "delivery": {"start_ship_date": "2027-01-15"},
        "items": [{"product_id": "1", "order_number": 4, "sku_ids": ["a"]}, {"product_id": "2"}],
    }


@pytest.mark.parametrize(
    ("data", "errors", "expected"),
    [
        pytest.param([], [], {}, id="all went well"),
        pytest.param([], [{"message": "b is wrong"}], {"B": "b is wrong"}, id="named in the text"),
        pytest.param([], [{"message": "no", "details": {"external_id": "a"}}], {"A": "no"}, id="named in the details"),
        pytest.param([{"external_id": "a"}], [{"message": "no"}], {"B": "no"}, id="not named, one given back"),
        pytest.param([], [{"message": "no"}], {"A": "no", "B": "no"}, id="not named"),
        pytest.param([], ["broken"], {"A": "broken", "B": "broken"}, id="plain text"),
    ],
)
def test_errors_are_laid_to_their_rows(data: list[Any], errors: list[Any], expected: dict[str, str]) -> None:
    """An error counts against the row it names, or else against those that were not given back."""
    sent = [("A", {"external_id": "a"}), ("B", {"external_id": "b"})]
    assert {owner: told for owner, _, told, _ in failures(sent, data, errors)} == expected


def test_a_duplicate_price_names_its_sku() -> None:
    """JOOR calls a price it has already DUPLICATED and names the SKU in the details."""
    sent = [("A", {"sku_id": "1", "price_type_id": "p"}), ("B", {"sku_id": "2", "price_type_id": "p"})]
    error = {"status": "DUPLICATED", "message": "There is one", "details": {"sku_id": "2"}}
    assert [
        (owner, again)
        for owner, _, _, again in failures(sent, [{"id": "9", "sku_id": "1", "price_type": {"id": "p"}}], [error])
    ] == [("B", True)]


# v2 styles


def test_a_style_row_has_the_documented_names() -> None:
    """The row of a bulk-style call has the fields of JOOR's table and keeps what is there."""
    product = hat(
        prices=(Price(label="USD-1", currency="USD", wholesale=Decimal(100)),), collections=(Named(code="M"),)
    )
    there = {
        "style_name": "NY Hat",
        "style_number": "NYH",
        "colors": [{"color_name": "Red", "color_code": "r"}],
        "skus": [{"sku_color_code": "r", "sku_size": "Small", "upc": "1"}],
        "prices": [{"price_label": "GBP", "price_currency": "GBP", "price_wholesale": Decimal("46.0")}],
        "deliveries": "",
    }
    row, remarks = style_row(product, there, FORM, deliveries=True)
    assert row == {
        "style_name": "NY Hat",
        "style_number": "NYH",
        "style_identifier": "nyhat",
        "prices": [
            {"price_label": "USD-1", "price_currency": "USD", "price_wholesale": "100.00"},
            {"price_label": "GBP", "price_currency": "GBP", "price_wholesale": "46.0"},
        ],
        "colors": [{"color_name": "Blue", "color_code": "blue001"}, {"color_name": "Red", "color_code": "r"}],
        "sizes": [{"size_name": "Small", "size_code": "S1"}],
        "skus": [
            {"sku_color_code": "blue001", "sku_size": "Small"},
            {"sku_color_code": "r", "sku_size": "Small", "upc": "1"},
        ],
        "deliveries": [{"delivery_code": "M"}],
        "delivery_overwrite": 3,
    }
    assert remarks == []
    assert style_difference(row, row) is None
    assert style_difference(row, there) == "skus (blue001 Small)"
    assert style_difference(row, {**row, "prices": ""}) == "prices (USD-1 USD)"


def test_colors_that_cannot_be_told_apart_make_a_style_unreadable() -> None:
    """A v2 SKU names its color by code only, so several colors without one are not guessed at."""
    colors = [{"color_name": "Black"}, {"color_name": "White", "color_code": ""}]
    row = {"style_id": 1, "style_name": "Cape", "colors": colors, "skus": [{"sku_size": "S"}]}
    with pytest.raises(InvalidRecordError, match="colors: several have no color_code"):
        style_to_product(row, **GIVEN)


# pictures


def jpeg(width: int, height: int) -> bytes:
    header = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10)
    return header + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + bytes(10)


def test_a_jpeg_tells_its_size() -> None:
    """The kind and size of a file are read from its first bytes; what is neither JPEG nor PNG has none."""
    found = measured(jpeg(660, 900))
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 660, 900)
    assert measured(b"RIFF....WEBP").media_type is None
    assert measured(b"\xff\xd8\xff").width is None


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        (Image(url="https://img.example/a.jpg", width=660, height=900), None),
        (Image(url="https://img.example/a.webp"), ("is neither JPEG nor PNG", False)),
        (Image(url="https://img.example/picture?id=1"), None),
    ],
    ids=["ideal", "another kind", "no suffix"],
)
def test_a_picture_is_judged_by_what_is_known_of_it(image: Image, fault: tuple[str, bool] | None) -> None:
    """Without the file, its address and the source's figures have to do."""
    assert fault_of(image, None) == fault


def test_a_name_carries_the_picture_and_fits_joor() -> None:
    """Another picture has another name, the same one the same, and none is longer than JOOR takes."""
    long = Image(url=f"https://img.example/{'x' * 200}.png", checksum="1")
    assert len(picture_name(long, None)) == 69
    assert picture_name(long, None) == picture_name(long, None)
    assert picture_name(long, None) != picture_name(long.model_copy(update={"checksum": "2"}), None)
    file = PictureFile(b"1", "image/jpeg")
    assert picture_name(Image(file="/pictures/Front view.png"), file).startswith("Front-view-")
    assert picture_name(Image(file="/pictures/Front view.png"), file).endswith(".jpg")
