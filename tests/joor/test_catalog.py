"""Products: reading them from JOOR and writing them, by the v4 API and as v2 styles."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import orderweft_joor
import pytest
from orderweft import (
    Accepted,
    AuthenticationError,
    Image,
    Named,
    NotSent,
    Outcome,
    Price,
    Product,
    Refused,
    Response,
    SettingsError,
    StockLevel,
    UnavailableError,
    Unknown,
)
from orderweft.testing import Fault, FaultKind, brand

from .test_inventory import Account, connect, kinds

APIS = ("v4", "v2")
NEW: dict[str, Any] = {"catalog": "none"}


def read(account: Account) -> list[Product]:
    pages = list(orderweft_joor.read_catalog(account.connection))
    assert [page.unread for page in pages] == [()] * len(pages)
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return [found for page in pages for found in page.records if isinstance(found, Product)]


SAMPLE = read(Account())
SHIRT = SAMPLE[0]


def write(account: Account, *products: Product) -> list[Outcome]:
    return orderweft_joor.write_catalog(account.connection, products)


def changed(product: Product, **fields: Any) -> Product:
    return product.model_copy(update=fields)


def with_sku(product: Product, **fields: Any) -> Product:
    """Return *product* with its first SKU changed."""
    color = product.colors[0]
    skus = (color.skus[0].model_copy(update=fields), *color.skus[1:])
    return changed(product, colors=(color.model_copy(update={"skus": skus}), *product.colors[1:]))


def without_collections(products: Sequence[Product] = SAMPLE) -> list[Product]:
    return [changed(product, collections=(), seasons=()) for product in products]


def renumbered(number: str, **fields: Any) -> Product:
    """Return a product like the first one that JOOR does not have yet."""
    colors = []
    for color in SHIRT.colors:
        codes = {sku.size: f"{number}-{color.color_code}-{sku.size}" for sku in color.skus}
        skus = [sku.model_copy(update={"sku": codes[sku.size], "barcode": None, "gtin": None}) for sku in color.skus]
        colors.append(color.model_copy(update={"skus": tuple(skus)}))
    known = {"style_number": number, "style_identifier": f"ST-{number}", "collections": (), "seasons": ()}
    return changed(SHIRT, **{**known, "colors": tuple(colors), **fields})


def essence(product: Product, *, skus: bool = True) -> dict[str, Any]:
    """Return *product* without the ids JOOR gives; *skus* says whether v4's SKU codes count."""
    data: Any = changed(product, origin=SHIRT.origin, category=None).to_data()
    for color in data["colors"]:
        for sku in color["skus"]:
            sku.pop("id")
            if not skus:
                sku.pop("sku", None)
    return dict(data)


def writes(account: Account) -> list[str]:
    """Return the operations that may have changed something."""
    return [f"{request.method} {request.path}" for request in account.requests if request.method != "GET"]


def sent(account: Account, path: str) -> list[dict[str, Any]]:
    return [row for request in account.requests if request.path == path for row in request.json()]


def accepted(outcome: Outcome) -> Accepted:
    assert isinstance(outcome, Accepted), outcome
    return outcome


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused), outcome
    return outcome


# Reading


@pytest.mark.parametrize(
    "switches",
    [{}, {"v4_pages": "pages"}, {"price_values": "number"}, {"missing": "null"}, {"numbers": "text"}],
    ids=str,
)
def test_all_products_are_read_by_v4(switches: dict[str, Any]) -> None:
    """Each style comes whole: colors with codes, sizes in order, barcodes, prices by price type, collections."""
    products = read(Account(switches=switches))
    assert [essence(product) for product in products] == [essence(product) for product in SAMPLE]
    shirt = products[0]
    assert (shirt.style_number, shirt.style_identifier, shirt.sizes) == ("1001", "ST-1001", brand.SIZES)
    assert [(color.color, color.color_code) for color in shirt.colors] == list(brand.COLORS)
    assert [item.barcode for product in products for item in product.items()] == [sku.barcode for sku in brand.skus()]
    assert {price.currency: (price.wholesale, price.retail) for price in shirt.prices}["USD"] == (
        Decimal(46),
        Decimal(110),
    )
    assert [collection.code for collection in shirt.collections] == ["SS27M", "FW26M"]


@pytest.mark.parametrize(
    "switches", [{}, {"root_node": "whole"}, {"inner_nodes": "kept"}, {"numbers": "text"}, {"max_count": 3}], ids=str
)
def test_v2_styles_give_the_same_products(switches: dict[str, Any]) -> None:
    """The older API shows the same catalog; only the SKU codes of v4 are missing."""
    products = read(Account(switches=switches, catalog_api="v2", page_size=4))
    expected = [changed(product, seasons=()) for product in SAMPLE]
    found = [changed(product, seasons=()) for product in products]
    assert [essence(product) for product in found] == [essence(product, skus=False) for product in expected]


def test_a_new_account_has_no_products() -> None:
    """An empty catalog is one empty, complete page."""
    for api in APIS:
        assert read(Account(switches=NEW, catalog_api=api)) == []


def test_a_product_that_cannot_be_read_is_told_and_the_rest_goes_on() -> None:
    """A style with a broken price is named; the others are read, and absence means nothing then."""
    price = {"price_label": "A", "price_currency": "XXQ"}
    styles = [{"style_id": 1, "style_name": "A", "prices": [price]}, {"style_id": 2, "style_name": "B"}, "?"]
    answer = Response.of_json({"response": {"code": 0}, "styles": styles})
    page = next(iter(orderweft_joor.read_catalog(connect(lambda request: answer, token="t", catalog_api="v2"))))
    assert [(one.id, one.problem.partition(":")[0]) for one in page.unread] == [
        ("1", "prices[0].price_currency"),
        ("style", "a row is not an object"),
    ]
    assert (len(page.records), page.complete) == (1, False)


def test_the_v4_catalog_needs_the_v4_sign_in() -> None:
    """Without its credentials nothing is promised, and the message names the settings."""
    connection = connect(lambda request: Response(500), token="t")
    assert orderweft_joor.provides_catalog(connection, "catalog") is None
    with pytest.raises(SettingsError, match="account_id"):
        orderweft_joor.accepts_catalog(connection, "catalog")
    with pytest.raises(SettingsError, match="account_id"):
        list(orderweft_joor.read_catalog(connection))


# Writing: a new account, and the same again


SWITCHES: Sequence[dict[str, Any]] = (
    {},
    {"grid": "filled"},
    {"v4_pages": "pages"},
    {"price_values": "number"},
    {"row_errors": "unnamed"},
    {"color_code": "optional"},
    {"duplicate_products": "product_identifier"},
    {"duplicate_products": "accepted"},
    {"root_node": "whole", "inner_nodes": "kept"},
    {"jobs": "clock"},
)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_a_catalog_is_written_as_it_was_read(switches: dict[str, Any], api: str) -> None:
    """Into a new account every product goes whole; writing it again finds all of it there and sends nothing."""
    account = Account(switches={**NEW, **switches}, catalog_api=api, job_wait=600)
    products = without_collections()
    assert set(kinds(write(account, *products))) == {"accepted"}
    expected = [essence(product, skus=api == "v4") for product in products]
    assert [essence(product) for product in read(account)] == expected
    done = writes(account)
    assert set(kinds(write(account, *products))) == {"already_there"}
    later = Account(catalog_api=api)
    assert set(kinds(write(later, *products))) == {"already_there"}
    assert writes(account) == done
    assert [call for call in writes(later) if "auth" not in call] == []


def test_a_batch_takes_one_call_of_each_kind() -> None:
    """Ten styles with 150 SKUs and 600 prices are created in four calls, or five when there are more rows."""
    account = Account(switches=NEW)
    write(account, *without_collections())
    assert [call for call in writes(account) if "auth" not in call] == [
        "POST /v4/products/bulk_create",
        "POST /v4/skus/bulk_create",
        "POST /v4/prices/bulk_create",
        "POST /v4/prices/bulk_create",
    ]


@pytest.mark.parametrize(
    ("product", "paths"),
    [
        pytest.param(changed(SHIRT, name="Poplin Shirt II"), ["products/bulk_update"], id="the name"),
        pytest.param(with_sku(SHIRT, barcode="4006381333931"), ["skus/bulk_update"], id="a barcode"),
        pytest.param(
            changed(SHIRT, prices=(Price(label="USD Wholesale", currency="USD", wholesale=Decimal("47.00")),)),
            ["prices/bulk_update"],
            id="a price",
        ),
    ],
)
def test_only_what_differs_is_sent(product: Product, paths: list[str]) -> None:
    """A changed name, barcode or price costs one call, and reads back as it was sent."""
    account = Account()
    assert kinds(write(account, product)) == ["accepted"]
    assert [call for call in writes(account) if "auth" not in call] == [f"POST /v4/{path}" for path in paths]
    found = read(account)[0]
    assert (found.name, found.colors[0].skus[0].barcode) == (product.name, product.colors[0].skus[0].barcode)
    assert {price.currency: price.wholesale for price in found.prices}["USD"] == product.prices[0].wholesale


def test_what_was_changed_back_is_sent_again() -> None:
    """Within one run, too, a product is compared with what JOOR has by then."""
    account = Account()
    other = changed(SHIRT, name="Other")
    assert kinds(write(account, other)) == ["accepted"]
    assert kinds(write(account, SHIRT)) == ["accepted"]
    assert read(account)[0].name == SHIRT.name


@pytest.mark.parametrize("api", APIS)
def test_a_new_color_and_size_keep_the_old_ones(api: str) -> None:
    """What JOOR has beyond the source stays, and nothing is ever made inactive or deleted."""
    account = Account(catalog_api=api)
    skus = tuple(
        sku.model_copy(update={"size": size, "sku": f"N-{size}", "barcode": None, "gtin": None})
        for size, sku in zip(("S", "XXL"), SHIRT.colors[0].skus, strict=False)
    )
    red = SHIRT.colors[0].model_copy(update={"color": "Red", "color_code": "900", "skus": skus})
    outcome = accepted(write(account, changed(SHIRT, sizes=("S", "XXL"), colors=(red,)))[0])
    assert not outcome.receipt.pending
    found = read(account)[0]
    assert [color.color for color in found.colors] == ["Navy", "Ecru", "Moss", "Red"]
    assert set(found.sizes) == {*brand.SIZES, "XXL"}
    assert {sku.barcode for sku in found.colors[0].skus} >= {sku.barcode for sku in SHIRT.colors[0].skus}
    assert not any(request.method == "DELETE" or b"INACTIVE" in request.body for request in account.requests)


def test_a_color_that_was_renamed_is_the_same_color() -> None:
    """A color with JOOR's code and another name gets the new name instead of a second color."""
    account = Account()
    navy = SHIRT.colors[0].model_copy(update={"color": "Midnight"})
    assert kinds(write(account, changed(SHIRT, colors=(navy, *SHIRT.colors[1:])))) == ["accepted"]
    assert [color.color for color in read(account)[0].colors] == ["Midnight", "Ecru", "Moss"]


# Grid


@pytest.mark.parametrize("grid", ["refused", "filled"])
def test_an_incomplete_grid_is_filled_without_upc(grid: str) -> None:
    """JOOR wants each color in each size; those the source lacks are added without a UPC, and a remark says so."""
    account = Account(switches={**NEW, "grid": grid})
    navy = SHIRT.colors[0].model_copy(update={"skus": SHIRT.colors[0].skus[:3]})
    outcome = accepted(write(account, changed(SHIRT, collections=(), colors=(navy, *SHIRT.colors[1:])))[0])
    assert any("2 SKUs were added without UPC" in remark for remark in outcome.receipt.remarks)
    barcodes = [sku.barcode for sku in read(account)[0].colors[0].skus]
    assert barcodes == [*(sku.barcode for sku in SHIRT.colors[0].skus[:3]), None, None]


@pytest.mark.parametrize("api", APIS)
def test_an_incomplete_grid_is_held_by_setting(api: str) -> None:
    """With incomplete_grid = "refuse" the missing combination is named and nothing is written."""
    account = Account(switches=NEW, catalog_api=api, incomplete_grid="refuse")
    navy = SHIRT.colors[0].model_copy(update={"skus": SHIRT.colors[0].skus[:4]})
    held = refused(write(account, changed(SHIRT, colors=(navy, *SHIRT.colors[1:])))[0])
    assert "'Navy' lacks size 'XL'" in held.message
    assert "bulk" not in " ".join(writes(account))


# Prices


@pytest.mark.parametrize(
    ("price", "told"),
    [
        pytest.param(
            Price(label="usd wholesale", currency="USD", wholesale=Decimal(5)), "'usd wholesale' in USD", id="the name"
        ),
        pytest.param(Price(label="USD Wholesale", currency="CAD", wholesale=Decimal(5)), "in CAD", id="the currency"),
    ],
)
def test_a_price_without_its_price_type_holds_that_product(price: Price, told: str) -> None:
    """Name and currency have to be exactly those of a price type; the other products go on."""
    account = Account(switches=NEW)
    outcomes = write(account, changed(SHIRT, prices=(price,)), without_collections()[1])
    assert kinds(outcomes) == ["refused", "accepted"]
    assert told in refused(outcomes[0]).message
    assert "price type" in (refused(outcomes[0]).fix or "")
    assert [product.style_number for product in read(account)] == ["1002"]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("zero_price", "expected"), [("missing", []), ("send", [Decimal("0.00")])])
def test_a_price_of_zero_is_left_out_or_sent(zero_price: str, expected: list[Decimal], api: str) -> None:
    """Some sources export 0.00 for what has no price; a setting says whether it is one."""
    account = Account(switches=NEW, catalog_api=api, zero_price=zero_price)
    free = changed(
        SHIRT, collections=(), prices=(Price(label="EUR Wholesale", currency="EUR", wholesale=Decimal("0.00")),)
    )
    outcome = accepted(write(account, free)[0])
    assert [price.wholesale for price in read(account)[0].prices] == expected
    assert any("EUR Wholesale EUR has no wholesale value" in remark for remark in outcome.receipt.remarks) == (
        not expected
    )


def test_prices_may_differ_by_sku() -> None:
    """A dearer size keeps its own price, and reads back on its SKU."""
    account = Account(switches=NEW)
    dear = (Price(label="USD Wholesale", currency="USD", wholesale=Decimal("60.00"), retail=Decimal("140.00")),)
    write(account, changed(with_sku(SHIRT, prices=dear), collections=()))
    found = read(account)[0]
    assert found.prices_of(found.colors[0], found.colors[0].skus[0]) == dear
    assert {price.wholesale for price in found.prices_of(found.colors[1], found.colors[1].skus[0])} == {46}


# What is there already


def test_a_product_that_came_to_be_meanwhile_is_changed_instead() -> None:
    """When JOOR calls a new product a duplicate, it is looked up and updated."""
    account = Account(switches=NEW)
    write(account, changed(SAMPLE[1], collections=()))
    other = connect(account.wire, account.clock, **account.joor.settings())
    orderweft_joor.write_catalog(other, [changed(SHIRT, collections=(), name="Made meanwhile")])
    assert kinds(write(account, changed(SHIRT, collections=()))) == ["accepted"]
    assert [product.name for product in read(account)] == ["Linen Blouse", "Poplin Shirt"]


def test_a_style_made_by_hand_is_found_by_its_number() -> None:
    """A product without the brand's key is adopted rather than made a second time."""
    account = Account()
    made = account.joor.add_style_by_hand("2001", "Cape", colors=("Black",), sizes=("S", "M"))
    cape = changed(SHIRT, style_number="2001", style_identifier="ST-2001", name="Cape", collections=())
    outcome = accepted(write(account, cape)[0])
    assert outcome.receipt.id == made.id
    assert len(read(account)) == len(SAMPLE) + 1
    found = read(account)[-1]
    assert found.style_identifier == "ST-2001"
    assert [color.color for color in found.colors][-3:] == ["Navy", "Ecru", "Moss"]


def test_two_products_of_one_number_are_held() -> None:
    """Where JOOR's products cannot be told apart, a person has to."""
    account = Account()
    write(account, renumbered("1001", style_identifier="ST-9"))
    held = refused(write(account, changed(SHIRT, style_identifier=None))[0])
    assert "cannot tell them apart" in held.message


def test_two_products_with_one_key_in_a_batch_are_held() -> None:
    """The second of two styles with the same identifier would undo the first."""
    outcomes = write(Account(), SHIRT, changed(SHIRT, name="Other"))
    assert kinds(outcomes) == ["already_there", "refused"]


def test_the_two_keys_of_a_style_may_be_the_other_way_round() -> None:
    """An account whose external_id is the style number is told as such, and read and written by setting."""
    switches = {"style_key": "product_identifier"}
    held = refused(write(Account(switches=switches), SHIRT)[0])
    assert "see v4_external_id" in held.message
    account = Account(switches=switches, v4_external_id="style_number")
    assert [essence(product) for product in read(account)] == [essence(product) for product in SAMPLE]
    assert kinds(write(account, *SAMPLE)) == ["already_there"] * len(SAMPLE)
    new = renumbered("3001", images=(Image(url="https://img.example/shirt.jpg"),))
    assert accepted(write(account, new)[0]).receipt.remarks == ()
    assert read(account)[-1].style_identifier == "ST-3001"


# Collections


@pytest.mark.parametrize("items", ["replaced", "added"])
def test_a_product_is_added_to_the_collections_it_names(items: str) -> None:
    """Whatever JOOR makes of the list sent, all other products stay in the collection, and its dates, too."""
    account = Account(switches={"collection_items": items})
    before = account.joor.collections["SS27M"]
    held, start = set(before.items), before.start_ship_date
    outcome = accepted(write(account, renumbered("3001", collections=(Named(code="SS27M"),)))[0])
    after = account.joor.collections["SS27M"]
    assert set(after.items) == held | {outcome.receipt.id}
    assert after.start_ship_date == start
    assert outcome.receipt.remarks == ()


def test_a_collection_joor_lacks_is_a_remark() -> None:
    """The product goes out all the same; by setting collections are left alone altogether."""
    wanted = changed(SHIRT, name="New", collections=(Named(name="Resort"),))
    outcome = accepted(write(Account(), wanted)[0])
    assert "no collection 'Resort'" in outcome.receipt.remarks[0]
    alone = Account(collections="leave")
    assert accepted(write(alone, wanted)[0]).receipt.remarks == ()
    assert "collections.read" not in alone.wire.calls


def test_v2_only_ever_adds_to_linesheets() -> None:
    """delivery_overwrite is 3, for its default takes a style off every linesheet not named."""
    account = Account(switches=NEW, catalog_api="v2")
    write(account, changed(SHIRT, collections=(Named(name="Main", code="M"),)))
    row = next(request for request in account.requests if request.method == "POST").json()["bulk_styles"]["style"][0]
    assert row["delivery_overwrite"] == 3
    assert row["deliveries"] == [{"delivery_name": "Main", "delivery_code": "M"}]


# Pictures


def png(width: int, height: int, extra: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(extra)


def pictured(*images: Image, color: Image | None = None) -> Product:
    colors = SHIRT.colors
    if color:
        colors = (colors[0].model_copy(update={"images": (color,)}), *colors[1:])
    return changed(SHIRT, collections=(), images=images, colors=colors)


def picture_posts(account: Account) -> list[str]:
    return [call for call in writes(account) if "assets" in call or "image" in call]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "switches",
    [{"asset_ids": "unique"}, {"asset_ids": "ever"}, {"asset_ids": "free"}],
    ids=str,
)
def test_a_picture_is_sent_once(tmp_path: Path, api: str, switches: dict[str, Any]) -> None:
    """By address or as a file, for the style or a color: what JOOR has is not sent again, what changed is."""
    file = tmp_path / "shirt.png"
    file.write_bytes(png(660, 900))
    account = Account(switches=switches, catalog_api=api)
    product = pictured(
        Image(url="https://img.example/shirt.jpg", checksum="1"),
        Image(file=str(file)),
        color=Image(url="https://img.example/navy.jpg"),
    )
    outcome = accepted(write(account, product)[0])
    assert outcome.receipt.remarks == ()
    assert len(picture_posts(account)) == 3
    again = Account(catalog_api=api)
    again.joor, again.wire = account.joor, account.wire
    write(again, product)
    assert picture_posts(again) == []
    file.write_bytes(png(1320, 1800))
    assert kinds(write(again, product)) == ["accepted"]
    assert len(picture_posts(again)) == 1


@pytest.mark.parametrize(
    ("data", "told", "is_sent"),
    [
        pytest.param(png(1320, 1801), "1320 x 1801 pixels; the greatest size is 1320 x 1800", False, id="too large"),
        pytest.param(png(700, 900), "JOOR wants 660 x 900 or a multiple", True, id="another ratio"),
        pytest.param(b"GIF89a", "neither JPEG nor PNG", False, id="a GIF"),
        pytest.param(png(660, 900, 5 * 2**20), "more than 4 MB", False, id="too heavy"),
        pytest.param(None, "cannot be read", False, id="no file"),
    ],
)
def test_a_wrong_picture_is_a_remark(tmp_path: Path, data: bytes | None, told: str, is_sent: bool) -> None:
    """The product goes out; what is wrong with the picture is told."""
    file = tmp_path / "shirt.png"
    if data is not None:
        file.write_bytes(data)
    account = Account()
    outcome = write(account, changed(pictured(Image(file=str(file))), name="New"))[0]
    assert any(told in remark for remark in accepted(outcome).receipt.remarks)
    assert bool(picture_posts(account)) == is_sent


def test_pictures_can_be_left_alone() -> None:
    """With images = "leave" none is looked up or sent."""
    account = Account(images="leave")
    assert kinds(write(account, pictured(Image(url="https://img.example/shirt.jpg")))) == ["already_there"]
    assert "style.read" not in account.wire.calls


# When something goes wrong


@pytest.mark.parametrize("details", [{"external_id": "ST-1002"}, {}], ids=["named", "not named"])
def test_a_product_joor_refuses_does_not_stop_the_others(details: dict[str, str]) -> None:
    """One bad row inside a partial success is told for its product; the other is taken at the next attempt at last."""
    error = {"status": "INVALID", "message": "the name is too long", "details": details}
    account = Account(switches=NEW)
    write(account, without_collections()[0])
    made = account.joor.products["1001"].id
    account.joor.products["1001"].external_id = "gone"
    taken = {"data": [{"id": made, "external_id": "ST-1001"}], "errors": [error]}
    fault = Fault("products.create", "answer_before", call=2, response=Response.of_json(taken))
    account.wire.faults.append(fault)
    account.connection = connect(account.wire, account.clock, **account.joor.settings())
    renamed = changed(without_collections()[0], style_number="1")
    outcomes = write(account, renamed, without_collections()[1])
    assert kinds(outcomes) == ["accepted", "refused"]
    assert "the name is too long" in refused(outcomes[1]).message


def test_a_call_declined_because_of_one_product_takes_none() -> None:
    """The product JOOR blames is held; the others were not written and come again."""
    error = {"status": "INVALID", "message": "the name is too long", "details": {"external_id": "ST-1002"}}
    declined = Response.of_json({"data": [], "errors": [error]}, status=400)
    account = Account(Fault("products.create", "answer_before", response=declined), switches=NEW)
    outcomes = write(account, *without_collections()[:3])
    assert kinds(outcomes) == ["not_sent", "refused", "not_sent"]
    assert kinds(write(account, *without_collections()[:1])) == ["accepted"]


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        pytest.param("products.create", "timeout_after", id="products"),
        pytest.param("products.create", "timeout_before", id="products that did not arrive"),
        pytest.param("skus.create", "timeout_after", id="SKUs"),
        pytest.param("prices.create", "reset_mid_body", id="prices"),
    ],
)
def test_an_unknown_outcome_in_the_middle_is_told_as_such(operation: str, kind: FaultKind) -> None:
    """What may have been written is unknown, what was not begun is not sent; a new attempt completes it."""
    account = Account(Fault(operation, kind))
    new = renumbered("3001")
    outcomes = write(account, new, SAMPLE[1])
    assert [type(outcome) for outcome in outcomes] == [Unknown, NotSent]
    again = write(account, new, SAMPLE[1])
    assert set(kinds(again)) <= {"accepted", "already_there"}
    found = read(account)
    assert essence(found[-1]) == essence(new)
    assert len(found) == len(SAMPLE) + 1


def test_the_rate_limit_in_the_middle_leaves_the_rest_for_later() -> None:
    """What was written in part is in doubt, what was not begun comes again after the window."""
    account = Account(Fault("skus.create", "answer_before", response=Response(429, {"retry-after": "120"})))
    outcomes = write(account, renumbered("3001"), SAMPLE[1])
    assert type(outcomes[0]) is Unknown
    assert isinstance(outcomes[1], NotSent)
    assert outcomes[1].retry_after == 120


@pytest.mark.parametrize(
    ("operation", "response", "error"),
    [
        pytest.param("products.create", Response(429), UnavailableError, id="the rate limit"),
        pytest.param("products.create", Response(403), AuthenticationError, id="a missing permission"),
        pytest.param("price_types.read", Response(404), UnavailableError, id="a list that is not there"),
    ],
)
def test_before_anything_is_written_a_failure_raises(
    operation: str, response: Response, error: type[Exception]
) -> None:
    """Nothing was applied, so the whole call can be made again."""
    account = Account(Fault(operation, "answer_before", response=response), switches=NEW)
    with pytest.raises(error):
        write(account, SHIRT)


def test_a_v2_job_that_does_not_end_leaves_products_pending() -> None:
    """They are taken and asked about again; an ended job without them is a refusal."""
    account = Account(switches={**NEW, "jobs": "stuck"}, catalog_api="v2", job_wait=30)
    assert accepted(write(account, without_collections()[0])[0]).receipt.pending
    head = {"code": 0}
    answers = iter(
        [
            {"response": {"code": 404, "comment": "Style not found"}},
            {"bulk_styles": {"response": head, "bulk_styles_jobs": [{"bulk_styles_job_id": 4}]}},
            {"bulk_styles": {"response": head, "bulk_styles_jobs": [{"bulk_styles_job_id": 4, "status": "finished"}]}},
            {"response": {"code": 404, "comment": "Style not found"}},
        ]
    )
    lost = connect(lambda request: Response.of_json(next(answers)), token="t", catalog_api="v2")
    outcome = refused(orderweft_joor.write_catalog(lost, [without_collections()[0]])[0])
    assert "job 4 has ended without the style itself" in outcome.message


def test_stock_written_shows_on_the_products_written() -> None:
    """A catalog made by v4 takes stock by UPC, and the v2 styles show it."""
    account = Account(switches=NEW, warehouse="Default")
    write(account, *without_collections()[:1])
    origin = SHIRT.origin
    items = list(SHIRT.items())
    levels = [StockLevel(origin=origin, item=item, quantity=4) for item in items]
    assert set(kinds(orderweft_joor.write_inventory(account.connection, levels, "update"))) == {"accepted"}
    found = [level for page in orderweft_joor.read_inventory(account.connection) for level in page.records]
    assert [level.quantity for level in found if isinstance(level, StockLevel)] == [4] * len(items)
