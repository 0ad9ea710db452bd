"""Products of a simulated store: read as styles, written without losing anything that is there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import jsonschema
import orderweft_shopify as shopify
import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    Image,
    NotSent,
    Origin,
    Outcome,
    Price,
    Product,
    ProductColor,
    Refused,
    Sku,
    UnavailableError,
    Unknown,
)
from orderweft.testing import Fault, brand

from .test_with_simulator import Shop

SKUS = brand.skus()
PRICES = (Price(currency="GBP", wholesale=Decimal("40.00"), retail=Decimal("99.00")),)


def read(shop: Shop) -> list[Product]:
    """Read all products, once the index has caught up."""
    shop.clock.sleep(30)
    pages = list(shopify.read_catalog(shop.connection))
    assert pages[-1].complete
    return [record for page in pages for record in page.records if isinstance(record, Product)]


def product_of(shop: Shop, name: str = "Poplin Shirt") -> Product:
    """Return one product as the store has it."""
    return next(product for product in read(shop) if product.name == name)


def write(shop: Shop, *products: Product) -> list[Outcome]:
    """Write products in one call."""
    return shopify.write_catalog(shop.connection, list(products))


def style(number: str = "2001", colors: Sequence[str | None] = ("Red", "Blue"), **changes: Any) -> Product:
    """Return a style of another system, in sizes S and M, with barcodes made of its number."""
    sizes = changes.pop("sizes", ("S", "M"))
    values = {
        "origin": Origin(channel="zedonk", connection="zedonk", id=number),
        "style_number": number,
        "name": f"Style {number}",
        "description": "Fine cloth.\nCool wash & dry.",
        "vendor": "Example Brand",
        "category": "Tops",
        "tags": ("new", "wholesale"),
        "prices": PRICES,
        "sizes": [size for size in sizes if size],
        "images": (Image(url="https://images.example/2001.jpg"),),
        "colors": [
            ProductColor(
                color=color,
                skus=tuple(
                    Sku(size=size, sku=f"{number}-{color}-{size}", barcode=f"3{number}{column}{row}")
                    for row, size in enumerate(sizes)
                ),
            )
            for column, color in enumerate(colors)
        ],
    }
    return Product.model_validate({**values, **changes})


def of_brand(number: str, **changes: Any) -> Product:
    """Return a style of the sample brand as another system has it, with the barcodes the store knows."""
    skus = [sku for sku in SKUS if sku.style_number == number]
    colors = [
        ProductColor(
            color=color,
            color_code=code,
            skus=tuple(Sku(size=sku.size, sku=sku.sku, barcode=sku.barcode) for sku in skus if sku.color == color),
        )
        for color, code in brand.COLORS
    ]
    values = {
        "origin": Origin(channel="zedonk", connection="zedonk", id=number),
        "style_number": number,
        "name": skus[0].style_name,
        "prices": (Price(currency="GBP", retail=skus[0].retail),),
        "colors": colors,
    }
    return Product.model_validate({**values, **changes})


def variants_of(product: Product) -> dict[tuple[str | None, str | None], tuple[str | None, str | None]]:
    """Return id and barcode of each variant by color and size."""
    return {(color.color, sku.size): (sku.id, sku.barcode) for color in product.colors for sku in color.skus}


# reading


def test_a_product_is_a_style_in_colors_and_sizes() -> None:
    """Options make the grid, the price is retail in the store's currency, and the picture has its address."""
    product = product_of(Shop())
    assert (product.style_number, product.status, product.category) == ("poplin-shirt", "active", "Tops")
    assert product.sizes == brand.SIZES
    assert [color.color for color in product.colors] == ["Navy", "Ecru", "Moss"]
    assert [sku.size for sku in product.colors[0].skus] == list(brand.SIZES)
    assert product.prices == (Price(currency="GBP", retail=Decimal("110.00")),)
    assert all(not color.prices and not any(sku.prices for sku in color.skus) for color in product.colors)
    assert product.images[0].name == "style-1001.jpg"
    assert (product.images[0].width, product.images[0].height) == (1200, 1600)


@pytest.mark.parametrize("parent", ["node", "object"])
def test_both_ways_of_reading_tell_the_same(parent: str) -> None:
    """Pages and the bulk operation give the same products."""
    settings = {"read_by": "bulk"}
    in_bulk = read(Shop(settings=settings, bulk_nesting=3, bulk_parent=parent))
    by_pages = read(Shop(settings={"read_by": "pages"}))
    assert sorted(in_bulk, key=lambda product: product.origin.id) == by_pages
    assert len(by_pages) == 11


def test_products_keep_what_is_promised() -> None:
    """Every product read satisfies the schema the source vouches for."""
    shop = Shop()
    schema = shopify.provides(shop.connection, "catalog")
    assert schema is not None
    checker = jsonschema.Draft202012Validator(schema)
    assert all(checker.is_valid(product.to_data()) for product in read(shop))


def test_an_option_that_is_neither_makes_up_the_size() -> None:
    """A product whose options do not tell a color is a style in one color."""
    awkward = product_of(Shop(), "Awkward Sample")
    [color] = awkward.colors
    assert color.color is None
    assert [sku.size for sku in color.skus] == ["1", "2", "3", "4", "5", "6"]


def test_other_names_of_options_can_be_given() -> None:
    """The names of the options that tell color and size are settings."""
    product = product_of(Shop(settings={"color_options": ["Size"], "size_options": ["Color"]}))
    assert [color.color for color in product.colors] == list(brand.SIZES)
    assert product.sizes == ("Navy", "Ecru", "Moss")


def test_the_price_may_be_the_wholesale_price() -> None:
    """What a price is, and what its list is called, are settings."""
    product = product_of(Shop(settings={"price_is": "wholesale", "price_label": "GB"}))
    assert product.prices == (Price(label="GB", currency="GBP", wholesale=Decimal("110.00")),)


def test_a_wholesale_price_stands_in_a_metafield() -> None:
    """A variant's metafield, a number or an amount with its currency, is its wholesale price where it has one."""
    shop = Shop(settings={"wholesale_metafield": "wholesale"})
    money = '{"amount": "52.00", "currency_code": "EUR"}'
    for sku, value in ((SKUS[0], "46.00"), (SKUS[1], money)):
        shop.simulator.set_metafield(sku.sku, "wholesale", value, namespace="orderweft")
    product = product_of(shop)
    first, second, third = product.colors[0].skus[:3]
    own, abroad, none = (product.prices_of(product.colors[0], sku)[0] for sku in (first, second, third))
    assert (own.wholesale, own.retail, own.currency) == (Decimal("46.00"), Decimal("110.00"), "GBP")
    assert (abroad.wholesale, abroad.currency, abroad.retail_currency) == (Decimal("52.00"), "EUR", "GBP")
    assert none.wholesale is None


def test_a_price_that_cannot_be_read_holds_its_product_only() -> None:
    """The other products go on, and the reading does not claim to be everything."""
    shop = Shop(settings={"wholesale_metafield": "wholesale"})
    shop.simulator.set_metafield(SKUS[0].sku, "wholesale", "a lot", namespace="orderweft")
    pages = list(shopify.read_catalog(shop.connection))
    [unread] = [each for page in pages for each in page.unread]
    assert (unread.label, "is no price" in unread.problem) == ("Poplin Shirt", True)
    assert sum(len(page.records) for page in pages) == 10
    assert not pages[-1].complete


# writing


def test_a_new_style_is_created_whole_and_once() -> None:
    """Options, variants, prices, texts, tags and picture arrive, as a draft; the second time there is nothing to do."""
    shop = Shop()
    [outcome] = write(shop, style())
    assert isinstance(outcome, Accepted)
    made = product_of(shop, "Style 2001")
    assert made.origin.id == outcome.receipt.id
    assert outcome.receipt.url == f"https://example.myshopify.com/admin/products/{made.origin.id.rpartition('/')[2]}"
    assert (made.status, made.vendor, made.category, made.tags) == (
        "draft", "Example Brand", "Tops", ("new", "wholesale"),
    )  # fmt: skip
    assert made.description == "Fine cloth. Cool wash & dry."
    assert made.sizes == ("S", "M")
    assert [(color.color, [sku.barcode for sku in color.skus]) for color in made.colors] == [
        ("Red", ["3200100", "3200101"]),
        ("Blue", ["3200110", "3200111"]),
    ]
    assert made.prices == (Price(currency="GBP", retail=Decimal("99.00")),)
    assert len(made.images) == 1
    assert isinstance(write(shop, style())[0], AlreadyThere)
    assert shop.handler.calls.count("SetProduct") == 1


@pytest.mark.parametrize(
    ("product", "grid"),
    [
        pytest.param(style(colors=[None]), {(None, "S"), (None, "M")}, id="sizes only"),
        pytest.param(style(sizes=[None]), {("Red", None), ("Blue", None)}, id="colors only"),
        pytest.param(style(colors=[None], sizes=[None]), {(None, None)}, id="one piece"),
    ],
)
def test_a_style_has_the_options_it_needs(product: Product, grid: set[Any]) -> None:
    """Without a color there is no option for it, without a size none for that, and reading back tells the same."""
    shop = Shop()
    assert isinstance(write(shop, product)[0], Accepted)
    assert set(variants_of(product_of(shop, "Style 2001"))) == grid
    assert isinstance(write(shop, product)[0], AlreadyThere)


def test_what_the_store_has_of_a_style_is_kept() -> None:
    """Colors and sizes we do not name, their ids, stock and metafields, other tags and pictures stay as they are."""
    shop = Shop()
    before = product_of(shop)
    named = of_brand("1001", prices=(Price(currency="GBP", retail=Decimal("120.00")),), tags=("SS27",))
    part = named.model_copy(update={"colors": named.colors[:1]})
    [outcome] = write(shop, part)
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.id == before.origin.id
    after = product_of(shop)
    assert variants_of(after) == variants_of(before)
    assert [after.prices_of(color)[0].retail for color in after.colors] == [Decimal("120.00")] + [Decimal("110.00")] * 2
    assert set(after.tags) == {"SS27", "wholesale"}
    assert after.images == before.images
    assert (after.status, after.description) == (before.status, before.description)
    assert shop.simulator.available(SKUS[14].sku, "London") == 500


@pytest.mark.parametrize(("setting", "costs"), [("missing", "110.00"), ("send", "0.00")])
def test_a_price_of_nothing_is_taken_for_none(setting: str, costs: str) -> None:
    """What the store has for sale is not given away; a setting says that 0.00 is meant."""
    shop = Shop(settings={"zero_price": setting})
    free = (Price(currency="GBP", retail=Decimal("0.00")),)
    [outcome] = write(shop, of_brand("1001", prices=free))
    assert isinstance(outcome, Accepted | AlreadyThere)
    assert ("prices of 0.00 were left out (zero_price)" in outcome.receipt.remarks) == (setting == "missing")
    assert product_of(shop).prices == (Price(currency="GBP", retail=Decimal(costs)),)
    assert isinstance(write(shop, style(prices=free))[0], Refused) == (setting == "missing")


@pytest.mark.parametrize("turned", [False, True], ids=["one way round", "the other"])
@pytest.mark.parametrize("chosen", [None, "Outlet"])
def test_which_of_several_prices_is_meant_has_to_be_said(chosen: str | None, turned: bool) -> None:
    """The order of the lists does not decide what the store charges."""
    shop = Shop(settings={"price_label": chosen})
    lists = [Price(label=label, currency="GBP", retail=Decimal(amount)) for label, amount in
             (("Main", "99.00"), ("Main, too", "99.00"), ("Outlet", "49.00"))]  # fmt: skip
    [outcome] = write(shop, of_brand("1001", prices=tuple(lists[::-1] if turned else lists)))
    assert product_of(shop).prices[0].retail == Decimal("49.00" if chosen else "110.00")
    assert isinstance(outcome, Accepted if chosen else Refused)
    [outcome] = write(shop, of_brand("1001", prices=tuple(lists[2:])))
    assert product_of(shop).prices[0].retail == Decimal("49.00")


def test_a_new_color_and_size_join_those_that_are_there() -> None:
    """New variants are added to the product, and every one it has keeps its id."""
    shop = Shop()
    before = product_of(shop)
    more = ProductColor(color="Rust", skus=(Sku(size="M", sku="N-1", barcode="3990001"), Sku(size="XXL", sku="N-2")))
    base = of_brand("1001")
    assert isinstance(write(shop, base.model_copy(update={"colors": (*base.colors, more)}))[0], Accepted)
    after = product_of(shop)
    assert variants_of(before).items() <= variants_of(after).items()
    assert set(variants_of(after)) - set(variants_of(before)) == {("Rust", "M"), ("Rust", "XXL")}
    assert after.sizes == (*brand.SIZES, "XXL")


def test_a_style_that_is_there_without_its_number_is_found_by_its_items() -> None:
    """A product made by hand is not made twice: its barcodes tell it, and from then on the style's own number does."""
    shop = Shop()
    assert isinstance(write(shop, of_brand("1001"))[0], Accepted)
    assert "SetProduct" not in shop.handler.calls
    shop.handler.calls.clear()
    renamed = of_brand("1001", name="Poplin Shirt New")
    assert isinstance(write(shop, renamed)[0], Accepted)
    assert shop.handler.calls == ["FindProduct", "ReadProduct", "SetProduct"]
    assert product_of(shop, "Poplin Shirt New").origin.id.startswith("gid://shopify/Product/")
    assert len(read(shop)) == 11


def test_a_handle_can_be_what_a_style_is_known_by() -> None:
    """With `product_identifier = "handle"` no metafield is needed."""
    shop = Shop(settings={"product_identifier": "handle"})
    assert isinstance(write(shop, style("SS 20/01"))[0], Accepted)
    assert product_of(shop, "Style SS 20/01").style_number == "ss-20-01"
    assert isinstance(write(shop, style("SS 20/01"))[0], AlreadyThere)
    assert "DefineMetafield" not in shop.handler.calls


def test_texts_of_the_store_can_be_kept() -> None:
    """With `product_texts = "keep"` prices follow, and words do not."""
    shop = Shop(settings={"product_texts": "keep"})
    wanted = of_brand("1001", name="Other", description="Other", prices=(Price(currency="GBP", retail=Decimal(1)),))
    write(shop, wanted)
    after = product_of(shop)
    assert after.description == "Poplin Shirt of the Example Brand."
    assert after.prices[0].retail == Decimal("1.00")


@pytest.mark.parametrize(
    ("product", "says"),
    [
        pytest.param(style().model_copy(update={"style_number": None}), "neither", id="no style"),
        pytest.param(style(prices=(Price(currency="EUR", retail=Decimal(1)),)), "no retail price in GBP", id="price"),
        pytest.param(style(colors=["Red", "Red"]), "comes more than once", id="the same color twice"),
        pytest.param(style(colors=["Red", None]), "has no Color or Size", id="a color without a name"),
        pytest.param(style(colors=[]), "no color", id="nothing"),
        pytest.param(
            of_brand("1001", colors=(of_brand("1001").colors[0], of_brand("1002").colors[0])), "2 products", id="mixed"
        ),
        pytest.param(
            of_brand("1001", colors=(ProductColor(color="X", skus=(Sku(size="S", barcode="2900000000001"),)),)),
            "several variants",
            id="ambiguous",
        ),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_sentence(product: Product, says: str) -> None:
    """Such a style is refused by name before anything of it is written, and the next one goes on."""
    shop = Shop()
    refused, written = write(shop, product, style("2002"))
    assert isinstance(refused, Refused)
    assert says in refused.message
    assert refused.message.startswith(product.label)
    assert isinstance(written, Accepted)


def test_another_barcode_at_the_same_place_is_not_overwritten() -> None:
    """A variant that has another barcode there is a question for a person."""
    shop = Shop()
    first = of_brand("1001").colors[0].model_copy(update={"skus": (Sku(size="XS", barcode="3990009"),)})
    write(shop, of_brand("1001"))
    [outcome] = write(shop, of_brand("1001", colors=(first,)))
    assert isinstance(outcome, Refused)
    assert repr(SKUS[0].barcode) in outcome.message


def test_items_that_belong_to_another_style_are_refused() -> None:
    """Two styles never share one product."""
    shop = Shop()
    write(shop, of_brand("1001"))
    [outcome] = write(shop, of_brand("1001", style_number="1001-B"))
    assert isinstance(outcome, Refused)
    assert "the style '1001'" in outcome.message


def test_a_variant_added_meanwhile_is_not_lost() -> None:
    """Where not all variants can be read, nothing is written, because that would delete the rest."""
    shop = Shop()
    write(shop, style())
    answer = shop.simulator.handle

    def hide_one(request: Any) -> Any:
        response = answer(request)
        if shop.simulator.operation(request) != "ReadProduct":
            return response
        body = response.json()
        body["data"]["product"]["variants"]["nodes"].pop()
        return type(response).of_json(body)

    shop.handler.simulator.handle = hide_one  # type: ignore[method-assign]
    [outcome] = write(shop, style(name="Renamed"))
    assert isinstance(outcome, Refused)
    assert "cannot all be read" in outcome.message


def test_a_large_style_is_written_in_the_background() -> None:
    """More than a hundred variants are handed over and waited for."""
    shop = Shop(job_seconds=20.0)
    large = style(colors=[f"Color {number}" for number in range(30)], sizes=["S", "M", "L", "XL"])
    assert isinstance(write(shop, large)[0], Accepted)
    assert shop.handler.calls.count("ProductSetState") > 2
    assert len(variants_of(product_of(shop, "Style 2001"))) == 120


def test_a_large_style_that_is_not_done_in_time_is_in_doubt() -> None:
    """When Shopify does not tell, nobody pretends to know."""
    shop = Shop(job_seconds=600.0, settings={"bulk_wait": 30})
    large = style(colors=[f"Color {number}" for number in range(30)], sizes=["S", "M", "L", "XL"])
    assert isinstance(write(shop, large)[0], Unknown)


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after"])
def test_a_lost_answer_is_in_doubt_and_harmless_to_repeat(kind: Any) -> None:
    """Writing the same again finds what is there, and never makes a second product."""
    shop = Shop(Fault("SetProduct", kind))
    assert isinstance(write(shop, style())[0], Unknown)
    assert isinstance(write(shop, style())[0], Accepted if kind == "timeout_before" else AlreadyThere)
    assert len(read(shop)) == 12


def test_a_store_that_goes_away_leaves_the_rest_for_later() -> None:
    """Before the first write an error counts for the whole call; after it, only for what is left."""
    shop = Shop(Fault("SetProduct", "refuse"))
    with pytest.raises(UnavailableError):
        write(shop, style("2001"), style("2002"))
    shop = Shop(Fault("SetProduct", "refuse", call=2))
    outcomes = write(shop, style("2001"), style("2002"), style("2003"))
    assert [type(outcome).__name__ for outcome in outcomes] == ["Accepted", NotSent.__name__, "Accepted"]


def test_what_the_store_requires_of_a_product() -> None:
    """Each product is measured against what the store needs under these settings."""
    schema = shopify.accepts(Shop().connection, "catalog")
    assert schema is not None
    checker = jsonschema.Draft202012Validator(schema)
    assert checker.is_valid(style().to_data())
    assert not checker.is_valid(style(colors=[]).to_data())
    assert not checker.is_valid(style().model_copy(update={"style_number": None}).to_data())
    assert not checker.is_valid(style(name="x" * 256).to_data())
