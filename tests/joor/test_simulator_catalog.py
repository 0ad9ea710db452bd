"""The JOOR simulator's catalog: products and prices by v4, styles and images by v2, one account behind both."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from orderweft import Request, Response
from orderweft.testing import FakeClock, brand
from orderweft_joor.simulator import Simulator

from .test_simulator import HOST, simulator, v2, v2_request, v4

COLOR, SIZE = "U0tVVHJhaXQ6U3R5bGVDb2xvcg==", "U0tVVHJhaXQ6U2l6ZQ=="
GRID = [("Red", "R1"), ("Blue", "B1")], ["S", "M"]


def empty(**options: Any) -> Simulator:
    """Return a new account: no products, collections, customers or orders."""
    return simulator(catalog="none", orders="none", **options)


def get(sim: Simulator, path: str, **query: Any) -> Any:
    """Return the rows of a v4 list."""
    return v4(sim, "GET", f"/v4/{path}", **query).json()["data"]


def post(sim: Simulator, path: str, *rows: Any, **query: Any) -> Any:
    """Return what a v4 write answers."""
    return v4(sim, "POST", f"/v4/{path}", list(rows), **query).json()


def write(sim: Simulator, method: str, path: str, body: Any = None, **query: object) -> Response:
    """Send a v2 write."""
    headers = v2_request(sim).headers
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return sim.handle(Request(method, f"{HOST}{path}?{urlencode(query)}", headers, sent))


def product(sim: Simulator, **fields: Any) -> str:
    """Create a product and return its id."""
    row = {"name": "Cape", "external_id": "ST-2001", "product_identifier": "2001", **fields}
    return str(post(sim, "products/bulk_create", row)["data"][0]["id"])


def sku(product_id: str, color: tuple[str, str | None], size: str, **fields: Any) -> dict[str, Any]:
    """Return a row that creates a SKU."""
    return {
        "product_id": product_id,
        "external_id": f"2001-{color[1]}-{size}",
        "trait_values": [
            {"trait_id": COLOR, "value": color[0], "external_id": color[1]},
            {"trait_name": "Size", "value": size},
        ],
        **fields,
    }


def grid(product_id: str) -> list[dict[str, Any]]:
    """Return rows for two colors in two sizes."""
    return [sku(product_id, color, size) for color in GRID[0] for size in GRID[1]]


def statuses(answer: Any) -> list[str]:
    """Return the kinds of errors in a v4 answer."""
    return [error["status"] for error in answer["errors"]]


# the sample, seen by both generations


def test_the_sample_brand_is_in_the_account() -> None:
    """The account has the brand's styles in every color and size with barcodes, prices and two collections."""
    sim = simulator()
    assert len(get(sim, "products")) == 10
    skus = get(sim, "skus")
    assert [row["external_id"] for row in skus] == [each.sku for each in brand.skus()]
    assert {row["identifiers"][0]["value"] for row in skus} == {each.barcode for each in brand.skus()}
    assert {row["name"] for row in get(sim, "price_types")} >= {"USD Wholesale", "GBP Wholesale", "EUR Wholesale"}
    prices = get(sim, "prices", sku_ids=skus[0]["id"])
    assert {(row["price_type"]["currency_code"], row["wholesale_value"]) for row in prices} == {
        ("USD", "46.00"), ("GBP", "46.00"), ("EUR", "46.00"), ("JPY", "46"),
    }  # fmt: skip
    assert [(row["external_id"], len(row["items"])) for row in get(sim, "collections")] == [
        ("SS27M", 10),
        ("FW26M", 10),
    ]


def test_orders_fit_the_catalog() -> None:
    """The lines of ordinary orders name styles, prices and linesheets that are in the account."""
    sim = simulator()
    labels = {row["name"] for row in get(sim, "price_types")}
    awkward = set(sim.awkward.values())
    for order in sim.orders.values():
        assert order.header["order_currency_name"] in labels
        assert order.header["order_delivery_code"] in sim.collections
        for line in order.lines if order.id not in awkward else []:
            found = sim.products[line.style_number].sku(line.color, line.size)
            assert found is not None
            assert (found.barcode, found.product.style_id) == (line.barcode, line.style_id)
    rows = v4(sim, "GET", "/v4/orders").json()["data"]
    assert {row["collection_id"] for row in rows} <= {row["id"] for row in get(sim, "collections")}
    assert {row["price_type_id"] for row in rows} <= {row["id"] for row in get(sim, "price_types")}


def test_a_new_account_is_set_up_but_empty() -> None:
    """Without the sample there is no product, customer, stock or collection, but there are price types and seasons."""
    sim = empty()
    assert not any(get(sim, path) for path in ("products", "skus", "prices", "collections"))
    assert all(get(sim, path) for path in ("price_types", "categories", "traits", "seasons"))
    assert not any((sim.products, sim.customers, sim.stock, sim.collections))


def test_style_shows_what_v4_made() -> None:
    """A product with its SKUs and prices made by v4 is a style of v2, under its own id."""
    sim = empty()
    product_id = product(
        sim, category_ids=["2408"], product_trait_values=[{"trait_name": "Division", "value": "Women"}]
    )
    rows = grid(product_id)
    rows[0]["identifiers"] = [{"type": "upc", "value": "8001234567898"}]
    skus = post(sim, "skus/bulk_create", *rows)["data"]
    label = get(sim, "price_types")[0]
    for row in skus:
        post(sim, "prices/bulk_create", {"sku_id": row["id"], "price_type_id": label["id"], "wholesale_value": "50.00"})
    style = v2(sim, "/v2/style-number/2001/ST-2001").json()["styles"][0]
    assert (style["style_name"], style["division"], style["category_id"]) == ("Cape", "Women", "2408")
    assert [color["color_code"] for color in style["colors"]] == ["R1", "B1"]
    assert [size["size_name"] for size in style["sizes"]] == ["S", "M"]
    assert style["skus"][0] == {
        "sku_color_code": "R1", "sku_size": "S", "upc": "8001234567898", "inventory_available": "",
    }  # fmt: skip
    assert [(price["price_label"], price["price_wholesale"]) for price in style["prices"]] == [(label["name"], 50)]
    assert str(style["style_id"]) != product_id
    assert v2(sim, f"/v2/style/{style['style_id']}").json()["styles"][0] == style


# products


def test_creating_products_half_succeeds() -> None:
    """Products that can be created are, in one answer with the errors of the others."""
    sim = simulator(orders="none")
    answer = post(
        sim,
        "products/bulk_create",
        {"name": "Cape", "external_id": "ST-2001"},
        {"external_id": "ST-2002"},
        {"name": "Shirt", "external_id": "ST-1001"},
        {"name": "Cap", "external_id": "ST-2003", "category_ids": ["9"]},
        {"name": "Cap", "external_id": "ST-2003", "product_trait_values": [{"trait_id": "x", "value": "y"}]},
    )
    assert [row["external_id"] for row in answer["data"]] == ["ST-2001"]
    assert statuses(answer) == ["INVALID", "DUPLICATED", "INVALID", "INVALID"]
    assert answer["errors"][1]["details"] == {"external_id": "ST-1001"}
    assert len(sim.products) == 11


@pytest.mark.parametrize(
    ("switch", "left"),
    [("external_id", [True, False]), ("product_identifier", [False, True]), ("accepted", [False, False])],
    ids=str,
)
def test_what_makes_a_product_a_duplicate(switch: str, left: list[bool]) -> None:
    """A product is known again by its external id, its identifier, or not at all."""
    sim = simulator(orders="none", duplicate_products=switch)
    same_id, same_number = (
        post(sim, "products/bulk_create", {"name": "Cape", **fields})
        for fields in (
            {"external_id": "ST-1001", "product_identifier": "9"},
            {"external_id": "9", "product_identifier": "1001"},
        )
    )
    assert [bool(answer["errors"]) for answer in (same_id, same_number)] == left


def test_unnamed_row_errors() -> None:
    """An error may not say which row it is about."""
    sim = empty(row_errors="unnamed")
    assert post(sim, "products/bulk_create", {"external_id": "1"})["errors"][0]["details"] == {}


def test_updating_a_product() -> None:
    """An update changes the fields it gives and leaves the others."""
    sim = simulator(orders="none")
    first = get(sim, "products")[0]
    answer = post(sim, "products/bulk_update", {"id": first["id"], "description": "Crisp"}, {"id": "1", "name": "?"})
    assert (answer["data"][0]["description"], answer["data"][0]["name"]) == ("Crisp", first["name"])
    assert statuses(answer) == ["NOT_FOUND"]
    assert sim.products["1001"].description == "Crisp"


def test_v4_lists_at_once_or_in_pages() -> None:
    """Lists come whole whatever page is asked for, or in pages of 50."""
    assert len(get(simulator(), "skus", page=2, page_size=10)) == 150
    sim = simulator(v4_pages="pages")
    assert [len(get(sim, "skus", page=page)) for page in (1, 3, 4)] == [50, 50, 0]
    assert len(get(sim, "skus", page=2, page_size=100)) == 50
    assert v4(sim, "GET", "/v4/skus", page_size=201).status == 400


@pytest.mark.parametrize(
    "path", ["products/bulk_create", "skus/bulk_update", "prices/bulk_create", "collections/bulk_update"]
)
def test_a_write_takes_so_many_rows(path: str) -> None:
    """An account may limit the rows of a call; a body that is no list of objects is refused as well."""
    sim = simulator(max_rows=2, orders="none")
    assert v4(sim, "POST", f"/v4/{path}", [{}] * 3).status == 413
    assert v4(sim, "POST", f"/v4/{path}", {"name": "Cape"}).status == 400
    assert v4(sim, "POST", f"/v4/{path}", [{}], account="").status == 400


# SKUs


@pytest.mark.parametrize("switch", ["refused", "filled"])
def test_a_product_needs_its_whole_grid(switch: str) -> None:
    """SKUs that leave a combination out are refused with the whole product, or the rest is filled in."""
    sim = empty(grid=switch)
    product_id = product(sim)
    answer = post(sim, "skus/bulk_create", *grid(product_id)[:3])
    if switch == "refused":
        assert statuses(answer) == ["INVALID"] * 3
        assert "Blue/M" in answer["errors"][0]["message"]
        assert sim.products["2001"].skus == []
    else:
        assert len(answer["data"]) == 3
        assert [row["external_id"] for row in get(sim, "skus", product_ids=product_id)][3] is None
        assert len(sim.products["2001"].skus) == 4


def test_a_color_is_added_in_all_sizes() -> None:
    """A later color has to come in every size the product has, and what exists is a duplicate."""
    sim = empty()
    product_id = product(sim)
    post(sim, "skus/bulk_create", *grid(product_id))
    assert statuses(post(sim, "skus/bulk_create", sku(product_id, ("Green", "G1"), "S"))) == ["INVALID"]
    answer = post(sim, "skus/bulk_create", *grid(product_id), *(sku(product_id, ("Green", "G1"), s) for s in GRID[1]))
    assert (len(answer["data"]), statuses(answer)) == (2, ["DUPLICATED"] * 4)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"trait_values": [{"trait_id": COLOR, "value": "Red", "external_id": "R1"}]}, "a Color and a Size"),
        ({"product_id": "1"}, "does not exist"),
        ({"identifiers": [{"type": "ISBN", "value": "1"}]}, "UPC, GTIN, EAN, MPN"),
        ({"trait_values": [{"trait_name": "Fit", "value": "Slim"}]}, "Trait Fit does not exist"),
    ],
    ids=str,
)
def test_a_sku_that_is_refused(change: dict[str, Any], told: str) -> None:
    """A SKU needs a product, a color and a size, and known kinds of identifiers."""
    sim = empty()
    answer = post(sim, "skus/bulk_create", {**sku(product(sim), ("Red", "R1"), "S"), **change})
    assert (answer["data"], len(answer["errors"])) == ([], 1)
    assert told in answer["errors"][0]["message"]


def test_color_code_required_or_not() -> None:
    """A color without a code is refused unless the account does without."""
    for switch, made in (("required", 0), ("optional", 1)):
        sim = empty(color_code=switch)
        assert len(post(sim, "skus/bulk_create", sku(product(sim), ("Red", None), "S"))["data"]) == made
    assert statuses(post(empty(), "skus/bulk_create", sku("1", ("Red", "x" * 101), "S"))) == ["NOT_FOUND"]


def test_sizes_differ_by_case() -> None:
    """`Small` and `small` are two sizes."""
    sim = empty()
    product_id = product(sim)
    assert (
        len(post(sim, "skus/bulk_create", *(sku(product_id, ("Red", "R1"), s) for s in ("Small", "small")))["data"])
        == 2
    )


def test_updating_skus() -> None:
    """A SKU is changed by its id or its external id, down to the name of a color that keeps its code."""
    sim = simulator(orders="none")
    first, second = get(sim, "skus")[:2]
    post(sim, "skus/bulk_update", {"id": first["id"], "identifiers": [{"type": "UPC", "value": "123"}]})
    post(
        sim,
        "skus/bulk_update_by_external_id",
        {
            "external_id": second["external_id"],
            "trait_values": [{"trait_id": COLOR, "value": "Ink", "external_id": "401"}],
        },
    )
    changed = sim.products["1001"]
    assert (changed.skus[0].barcode, list(changed.colors)) == ("123", ["Ink", "Ecru", "Moss"])
    refused = {"id": first["id"], "trait_values": [{"trait_id": SIZE, "value": "XXL"}]}
    assert statuses(post(sim, "skus/bulk_update", refused, {"id": "?"})) == ["INVALID", "NOT_FOUND"]


def test_an_inactive_color_leaves_every_order() -> None:
    """Setting a color inactive takes its lines off all orders, for good; the color can come back."""
    clock = FakeClock()
    sim = simulator(clock, orders="none")
    order_id = sim.add_order({"1001-401-S": 2, "1001-110-S": 1, "1002-401-S": 1})
    clock.sleep(60)
    first = get(sim, "skus")[0]
    for status, lines in (("INACTIVE", 2), ("ACTIVE", 2)):
        navy = {"trait_id": COLOR, "value": "Navy", "external_id": "401", "status": status}
        answer = post(sim, "skus/bulk_update", {"id": first["id"], "trait_values": [navy]})
        assert answer["data"][0]["trait_values"][0]["status"] == status
        assert len(sim.orders[order_id].lines) == lines
    assert sim.orders[order_id].modified_at == clock.now()


# prices


def test_prices() -> None:
    """A price is created once per SKU and price type; what exists is a duplicate that names its SKU, to be updated."""
    sim = empty()
    product_id = product(sim)
    made = post(sim, "skus/bulk_create", *grid(product_id))["data"][0]
    by_name = {"price_type_name": "EUR Wholesale", "price_type_currency_code": "EUR"}
    row = {"sku_id": made["id"], **by_name, "wholesale_value": "100.00", "retail_value": "200.00"}
    created = post(sim, "prices/bulk_create", row)["data"][0]
    assert (created["wholesale_value"], created["price_type"]["name"]) == ("100.00", "EUR Wholesale")
    again = post(sim, "prices/bulk_create", row)["errors"][0]
    assert (again["status"], again["details"]) == ("DUPLICATED", {"sku_id": made["id"]})
    post(sim, "prices/bulk_update", {"id": created["id"], "wholesale_value": "90.00"})
    price = sim.products["2001"].skus[0].prices["EUR Wholesale"]
    assert (price.wholesale, price.retail) == (Decimal("90.00"), Decimal("200.00"))


@pytest.mark.parametrize(
    "change",
    [{"wholesale_value": 100}, {"wholesale_value": "cheap"}, {"wholesale_value": "-1"}, {"wholesale_value": None},
     {"price_type_id": "?"}, {"sku_id": "?"}],
    ids=str,
)  # fmt: skip
def test_a_price_that_is_refused(change: dict[str, Any]) -> None:
    """A price is text, known to its SKU and price type, and not negative."""
    sim = simulator(orders="none")
    sku_id, type_id = get(sim, "skus")[0]["id"], get(sim, "price_types")[0]["id"]
    row = {"sku_id": sku_id, "price_type_id": type_id, "wholesale_value": "1.00", **change}
    assert statuses(post(sim, "prices/bulk_create", row))[0] in ("INVALID", "NOT_FOUND")


def test_price_values_as_text_or_number() -> None:
    """Prices are written as text or as numbers."""
    for switch, kind in (("text", str), ("number", Decimal)):
        assert {type(row["wholesale_value"]) for row in get(simulator(price_values=switch), "prices")} == {kind}


# collections


def test_collections() -> None:
    """A collection lists products with a window of both dates; an update replaces its items."""
    sim = simulator(orders="none")
    first, second = (row["id"] for row in get(sim, "products")[:2])
    window = {"start_ship_date": "2027-01-15", "complete_ship_date": "2027-02-15"}
    row = {"name": "Resort", "external_id": "RS", "delivery": window, "items": [{"product_id": first}]}
    made = post(sim, "collections/bulk_create", row)["data"][0]
    assert (made["delivery"]["start_ship_date"], made["items"][0]["sku_ids"]) == ("2027-01-15", [])
    assert statuses(post(sim, "collections/bulk_create", row)) == ["DUPLICATED"]
    post(sim, "collections/bulk_update", {"id": made["id"], "name": "Resort 27", "items": [{"product_id": second}]})
    changed = sim.collections["RS"]
    assert (changed.name, list(changed.items), changed.start_ship_date) == ("Resort 27", [second], date(2027, 1, 15))


def test_collection_items_may_be_added() -> None:
    """An account may add items to those there."""
    sim = simulator(orders="none", collection_items="added")
    listed = get(sim, "collections")[0]
    items = [{"product_id": listed["items"][0]["product_id"], "order_number": 7}]
    post(sim, "collections/bulk_update", {"id": listed["id"], "name": "Main", "items": items})
    assert len(sim.collections["SS27M"].items) == 10


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, "name is required"),
        ({"external_id": None}, "external_id is required"),
        ({"delivery": {"start_ship_date": "2027-01-15"}}, "both the start and end date"),
        ({"delivery": {"start_ship_date": "2027-01-15", "complete_ship_date": "2027-01-14"}}, "is later than end"),
        ({"season_id": "?"}, "Season ? does not exist"),
        ({"items": [{"product_id": "?"}]}, "Product ? does not exist"),
    ],
    ids=str,
)
def test_a_collection_that_is_refused(change: dict[str, Any], told: str) -> None:
    """A collection needs a name, a code, whole windows, and products and seasons that exist."""
    answer = post(
        simulator(orders="none"), "collections/bulk_create", {"name": "Resort", "external_id": "RS", **change}
    )
    assert told in answer["errors"][0]["message"]


# assets


def image(product_id: str, **asset: Any) -> dict[str, Any]:
    """Return a row that adds an image."""
    shown = {"type": "image", "filename": "a.jpg", "source_url": "https://brand.example/a.jpg", "external_id": "I1"}
    return {"product": {"id": product_id}, "asset": {**shown, **asset}, "display_order": 1}


@pytest.mark.parametrize(
    ("switch", "again", "replaced"), [("unique", 1, 2), ("ever", 1, 0), ("free", 2, 1)], ids=["unique", "ever", "free"]
)
def test_an_asset_sent_again(switch: str, again: int, replaced: int) -> None:
    """An external id may be taken as long as its asset is there, for ever, or never; replacing frees it or not."""
    sim = simulator(orders="none", asset_ids=switch)
    product_id = get(sim, "products")[0]["id"]
    for _ in range(2):
        post(sim, "assets/products", image(product_id))
    assert len(sim.products["1001"].assets) == again
    post(sim, "assets/products", image(product_id), replace_all="true")
    assert len(sim.products["1001"].assets) == (1 if replaced else 0)


@pytest.mark.parametrize(
    "asset",
    [{"type": "sound"}, {"filename": "a.bmp"}, {"filename": "x" * 97 + ".jpg"}, {"source_url": ""}, {"type": "video"}],
    ids=str,
)
def test_an_asset_that_is_refused(asset: dict[str, Any]) -> None:
    """An asset has a kind, a name that fits it, and an address."""
    sim = simulator(orders="none")
    assert statuses(post(sim, "assets/products", image(get(sim, "products")[0]["id"], **asset))) == ["INVALID"]


def test_one_video_per_product() -> None:
    """A product has one video at most."""
    sim = simulator(orders="none")
    rows = [image(get(sim, "products")[0]["id"], type="video", filename="a.mp4", external_id=key) for key in "ab"]
    assert statuses(post(sim, "assets/products", *rows)) == ["INVALID"]


def test_a_swatch_of_a_color() -> None:
    """A color gets its swatch by its code."""
    sim = simulator(orders="none")
    product_id = get(sim, "products")[0]["id"]
    asset = {"type": "swatch", "filename": "navy.png", "source_url": "https://brand.example/navy.png"}
    rows = [
        {"product": {"id": product_id}, "asset": asset,
         "sku_trait_value": {"trait": {"name": "color"}, "value": {"external_id": code}}}
        for code in ("401", "999")
    ]  # fmt: skip
    assert statuses(post(sim, "assets/sku_trait_values/", *rows)) == ["NOT_FOUND"]
    assert get(sim, "skus")[0]["trait_values"][0]["swatch"] == asset["source_url"]


# styles by v2


def test_styles_come_in_pages() -> None:
    """The list of styles is paged like that of orders."""
    sim = simulator()
    answer = v2(sim, "/v2/style", count=4, start_from=8).json()
    assert [style["style_number"] for style in answer["styles"]] == ["1009", "1010"]
    assert (answer["response"]["start_from"], answer["response"]["count"]) == (8, 10)
    assert "next_start" not in answer["response"]
    assert v2(sim, "/v2/style", count=4).json()["response"]["next_start"] == 4


@pytest.mark.parametrize(
    ("switches", "path"),
    [
        ({"root_node": "whole"}, ("styles", "styles", 0)),
        ({"root_node": "list"}, ("styles", "styles", 0)),
        ({"list_name": "order"}, ("style", 0)),
        ({"single_as_object": True}, ("styles",)),
    ],
    ids=str,
)
def test_style_forms(switches: dict[str, Any], path: tuple[str | int, ...]) -> None:
    """The list of styles takes the same forms as that of orders."""
    found: Any = v2(simulator(**switches), "/v2/style", count=1, start_from=9).json()
    for part in path:
        found = found[part]
    assert found["style_number"] == "1010"


def test_inner_nodes_kept() -> None:
    """Lists within a style may hold their rows under the name a row has in XML."""
    style = v2(simulator(inner_nodes="kept"), "/v2/style", count=1).json()["styles"][0]
    assert len(style["skus"]["sku"]) == 15


def test_style_windows() -> None:
    """Styles are found by the pairs of dates of their making and their last change, each of which must be whole."""
    clock = FakeClock()
    sim = simulator(clock, orders="none")
    clock.sleep(timedelta(days=3).total_seconds())
    post(sim, "products/bulk_update", {"id": get(sim, "products")[0]["id"], "description": "Crisp"})
    changed = v2(sim, "/v2/style", date_start="2026-11-04", date_end="2026-11-06").json()["styles"]
    assert [style["style_number"] for style in changed] == ["1001"]
    assert v2(sim, "/v2/style", date_created_start="2026-11-04", date_created_end="2026-11-06").json()["styles"] == ""
    assert v2(sim, "/v2/style", date_created_start="2026-11-04").json()["response"]["code"] == 400


@pytest.mark.parametrize("path", ["/v2/style/1", "/v2/style/one", "/v2/style-number/1001/other"])
def test_a_style_that_is_not_there(path: str) -> None:
    """A style that is not there is an error, or an empty list."""
    assert v2(simulator(), path).json()["response"]["code"] == 404
    assert v2(simulator(missing_record="empty"), path).json()["styles"] == ""


@pytest.mark.parametrize("switch", ["external_id", "product_identifier"])
def test_which_field_is_the_style_identifier(switch: str) -> None:
    """The style identifier is one of v4's two keys, the style number the other."""
    sim = simulator(style_key=switch, orders="none")
    style = v2(sim, "/v2/style", count=1).json()["styles"][0]
    assert (style["style_number"], style["style_identifier"]) == ("1001", "ST-1001")
    assert get(sim, "products")[0][switch] == "ST-1001"


def test_people_make_and_delete_styles() -> None:
    """A style made by hand lacks the brand's ids; a deleted one is gone from the catalog."""
    sim = simulator(orders="none")
    sim.add_style_by_hand("HAND-1", colors=["Black", "White"], barcodes=["2099999999998"])
    sim.delete_style("1001")
    style = v2(sim, "/v2/style", start_from=9).json()["styles"][0]
    assert (style["style_number"], style["style_identifier"]) == ("HAND-1", "HAND-1")
    assert [(each["sku_color_code"], each["upc"]) for each in style["skus"]] == [("", "2099999999998"), ("", "")]
    assert "1001" not in sim.products


# styles by a job


def styles(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a bulk call."""
    shared = {"style_name": "Cape", "style_number": "2001", "style_identifier": "ST-2001"}
    return {"bulk_styles": {"style": [{**shared, **row} for row in rows]}}


DETAILS = {
    "division": "Women",
    "prices": [{"price_label": "GBP Wholesale", "price_currency": "GBP", "price_wholesale": "50", "price_retail": 110}],
    "colors": [{"color_name": "Red", "color_code": "R1"}, {"color_name": "Blue", "color_code": "B1"}],
    "sizes": {"size": [{"size_name": "S"}, {"size_name": "M"}]},
    "skus": [{"sku_color_code": "R1", "sku_size": "M", "upc": "8001234567898"}],
    "deliveries": [{"delivery_code": "SS27M", "date_cancel": "2027-03-31"}],
    "style_description": "Warm",
    "minimum": 3,
    "category_id": 2408,
    "tags": [{"tag_name": "Fit", "tag_value": "Regular"}],
    "made_to_order": True,
}


def test_a_job_writes_styles() -> None:
    """A job is queued, started and finished; only then its styles are there, for v4 as well."""
    sim = simulator(orders="none")
    job = write(sim, "POST", "/v2/bulk-style", styles(DETAILS)).json()["bulk_styles"]["bulk_styles_jobs"][0]
    told = []
    for _ in range(3):
        assert "2001" not in sim.products
        answer = v2(sim, f"/v2/bulk-style/{job['bulk_styles_job_id']}").json()["bulk_styles"]
        told.append((answer["bulk_styles_jobs"][0]["status"], answer["bulk_styles_jobs"][0]["style_record_progress"]))
    assert told == [("queued", 0), ("started", 0), ("finished", 1)]
    made = sim.products["2001"]
    assert [sku.barcode for sku in made.skus] == [None, "8001234567898", None, None]
    assert made.skus[0].prices["GBP Wholesale"].retail == Decimal(110)
    assert get(sim, "products")[-1]["product_trait_values"][0]["value"] == "Women"
    assert made.id in sim.collections["SS27M"].items
    assert sim.collections["SS27M"].cancel_date == date(2027, 3, 31)
    style = v2(sim, "/v2/style", start_from=10).json()["styles"][0]
    assert (style["style_description"], style["minimum"], style["category_id"]) == ("Warm", 3, "2408")
    assert (style["tags"][0]["tag_value"], style["made_to_order"]) == ("Regular", True)


@pytest.mark.parametrize(
    "change",
    [{"style_name": ""}, {"style_number": "x" * 46}, {"prices": [{"price_label": "GBP", "price_currency": "GBP"}]}],
    ids=["nameless", "too long", "unknown label"],
)
def test_a_job_is_silent_about_rows(change: dict[str, Any]) -> None:
    """A style that cannot be written is left out of a job that finishes all the same."""
    clock = FakeClock()
    sim = simulator(clock, orders="none")
    write(sim, "POST", "/v2/bulk-style", styles(change, {}))
    clock.sleep(120)
    job = v2(sim, "/v2/bulk-style/1").json()["bulk_styles"]["bulk_styles_jobs"][0]
    assert (job["status"], job["style_record_progress"], len(sim.products)) == ("finished", 2, 11)


@pytest.mark.parametrize(
    ("overwrite", "left"),
    [(None, ["FW26M"]), (1, ["FW26M"]), (2, ["FW26M", "HAND"]), (3, None), (4, ["SS27M", "HAND"])],
)
def test_linesheets_of_a_style(overwrite: int | None, left: list[str] | None) -> None:
    """By default a style stays on the linesheets it is listed with, and on no other."""
    clock = FakeClock()
    sim = simulator(clock, orders="none")
    listed = sim.products["1001"].id
    post(sim, "collections/bulk_create", {"name": "By hand", "external_id": "HAND", "items": [{"product_id": listed}]})
    sim.collections["HAND"].by_hand = True
    row = {
        "style_name": "Shirt",
        "style_number": "1001",
        "style_identifier": "ST-1001",
        "delivery_overwrite": overwrite,
    }
    row = {name: value for name, value in row.items() if value is not None}
    write(sim, "POST", "/v2/bulk-style", styles({**row, "deliveries": [{"delivery_code": "FW26M"}]}))
    clock.sleep(120)
    v2(sim, "/v2/style")
    found = [code for code, each in sim.collections.items() if listed in each.items]
    assert found == (left or ["SS27M", "FW26M", "HAND"])


# images by v2

IMAGE = "/v2/style-number/1001/ST-1001/image/"


def upload(sim: Simulator, body: bytes = b"\xff\xd8\xff...", kind: str = "image/jpeg", **query: Any) -> Any:
    """Send an image and return the answer."""
    headers = {**v2_request(sim).headers, "content-type": kind}
    return sim.handle(Request("POST", f"{HOST}{IMAGE}?{urlencode(query)}", headers, body)).json()


def test_images_are_stored_under_another_name() -> None:
    """An image, sent or named by its address, is stored under a longer name, by which it can be deleted."""
    sim = simulator(orders="none")
    upload(sim, filename="a.jpg", display_order=1)
    upload(sim, b"", filename="b.png", display_order=2, url="https://brand.example/b.png")
    names = [each["filename"] for each in v2(sim, "/v2/style", count=1).json()["styles"][0]["style_images"]]
    assert (names[0][:2], names[0][-4:], len(names)) == ("a_", ".jpg", 2)
    assert write(sim, "DELETE", IMAGE, filename="a.jpg").json()["response"]["code"] == 404
    assert write(sim, "DELETE", IMAGE, filename=names[0]).json()["image_deleted"]["style_number"] == "1001"
    upload(sim, filename="c.jpg", display_order=1, replace_existing="true")
    assert [asset.filename[0] for asset in sim.products["1001"].assets] == ["c"]


def test_one_image_per_color() -> None:
    """A color has one image and one swatch, unless the existing one is to be replaced."""
    sim = simulator(orders="none")
    query: dict[str, Any] = {"filename": "a.jpg", "display_order": 1, "color_code": "401"}
    upload(sim, **query)
    assert upload(sim, **query)["response"]["code"] == 400
    upload(sim, **query, swatch="true")
    upload(sim, **query, replace_existing="true")
    assert [asset.kind for asset in sim.products["1001"].assets] == ["swatch", "image"]


@pytest.mark.parametrize(
    ("body", "kind", "query"),
    [
        (b"\xff\xd8\xff", "image/jpeg", {"display_order": 1}),
        (b"\xff\xd8\xff", "image/jpeg", {"filename": "x" * 66 + ".jpg", "display_order": 1}),
        (b"\xff\xd8\xff", "image/jpeg", {"filename": "a.gif", "display_order": 1}),
        (b"\xff\xd8\xff", "image/jpeg", {"filename": "a.jpg"}),
        (b"\xff\xd8\xff", "image/jpeg", {"filename": "a.jpg", "display_order": 1, "swatch": "true"}),
        (b"\xff\xd8\xff", "image/jpeg", {"filename": "a.jpg", "display_order": 1, "color_code": "999"}),
        (b"\xff\xd8\xff", "application/json", {"filename": "a.jpg", "display_order": 1}),
        (b"GIF89a", "image/jpeg", {"filename": "a.jpg", "display_order": 1}),
        (b"\x89PNG\r\n" + bytes(4 << 20), "image/png", {"filename": "a.png", "display_order": 1}),
    ],
    ids=["nameless", "long name", "ending", "no order", "swatch", "color", "type", "not an image", "too large"],
)
def test_an_image_that_is_refused(body: bytes, kind: str, query: dict[str, Any]) -> None:
    """An image has a name, a place, and the form JOOR takes."""
    sim = simulator(orders="none")
    assert upload(sim, body, kind, **query)["response"]["code"] >= 400
    assert sim.products["1001"].assets == []


def test_writes_are_remembered() -> None:
    """Each call that meant to change something can be looked at."""
    sim = simulator(orders="none")
    post(sim, "products/bulk_create", {"name": "Cape"})
    upload(sim, filename="a.jpg", display_order=1)
    assert [(call.operation, call.body) for call in sim.log] == [
        ("products.create", [{"name": "Cape"}]),
        ("images.create", None),
    ]
    assert sim.log[1].query["filename"] == "a.jpg"
    assert sim.facts()["products"] == 11
