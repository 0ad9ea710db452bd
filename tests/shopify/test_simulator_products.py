"""Products in the Shopify simulator: read with all their parts, and set as a whole, what is left out deleted."""

from __future__ import annotations

from typing import Any

import pytest

from .simulated import DEFINE, SKU, Shop

PRODUCTS = """query Products($q: String, $first: Int = 20, $after: String) {
  products(first: $first, after: $after, query: $q, sortKey: TITLE) {
    nodes {
      id title handle vendor productType status tags descriptionHtml description updatedAt hasOnlyDefaultVariant
      options { id name position values optionValues { id name hasVariants } }
      featuredMedia { ... on MediaImage { alt image { url altText } } }
      media(first: 5) { nodes { id mediaContentType status ... on MediaImage { image { url } } } }
      variantsCount { count } priceRangeV2 { minVariantPrice { amount currencyCode } }
      metafields(first: 5) { nodes { namespace key value } }
      variants(first: 20) {
        nodes {
          id title sku barcode price compareAtPrice position inventoryPolicy inventoryQuantity taxable
          selectedOptions { name value optionValue { id } } image { url }
          metafield(namespace: "custom", key: "skip_push") { value }
          inventoryItem { id tracked unitCost { amount } measurement { weight { unit value } } }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
SET = """mutation Set($identifier: ProductSetIdentifiers, $input: ProductSetInput!, $sync: Boolean = true) {
  productSet(identifier: $identifier, input: $input, synchronous: $sync) {
    product {
      id handle title tags status media(first: 5) { nodes { id alt status } }
      options { name values } metafields(first: 5) { nodes { key value } }
      variants(first: 100) { nodes {
        id title sku price inventoryQuantity inventoryItem { id tracked } metafields(first: 5) { nodes { key } }
      } }
    }
    productSetOperation { id status }
    userErrors { field message code }
  }
}"""
OPERATION = """query Operation($id: ID!) { productOperation(id: $id) {
  status product { handle } ... on ProductSetOperation { id userErrors { field code } }
} }"""
OPTIONS = """query O($id: ID!) { product(id: $id) {
  options { id optionValues { id name } } variants(first: 5) { nodes { media(first: 1) { nodes { id } } } }
} }"""
BY_HANDLE = (
    """query P($identifier: ProductIdentifierInput!) { productByIdentifier(identifier: $identifier) { title } }"""
)
SIZES = ("S", "M")


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


def variant(size: str, **changes: Any) -> dict[str, Any]:
    """Return the input of a variant."""
    return {
        "optionValues": [{"optionName": "Size", "name": size}],
        "price": "12.00",
        "inventoryItem": {"sku": f"T-{size}", "tracked": True},
        **changes,
    }


def product(*variants: dict[str, Any], sizes: tuple[str, ...] = SIZES, **changes: Any) -> dict[str, Any]:
    """Return the input of a product."""
    return {
        "title": "Tee",
        "handle": "tee",
        "productOptions": [{"name": "Size", "values": [{"name": size} for size in sizes]}],
        "variants": list(variants) or [variant(size) for size in sizes],
        **changes,
    }


def put(shop: Shop, given: dict[str, Any], identifier: dict[str, Any] | None = None) -> dict[str, Any]:
    """Set a product that is not refused, and return it."""
    payload = shop.data(SET, input=given, identifier=identifier)["productSet"]
    assert payload["userErrors"] == []
    found: dict[str, Any] = payload["product"]
    return found


def refusals(shop: Shop, given: dict[str, Any], identifier: dict[str, Any] | None = None) -> list[tuple[Any, Any]]:
    """Return where and why a product is refused."""
    payload = shop.data(SET, input=given, identifier=identifier)["productSet"]
    assert (payload["product"] is None) is bool(payload["userErrors"])
    return [(error["field"], error["code"]) for error in payload["userErrors"]]


def test_sample_products_have_all_parts(shop: Shop) -> None:
    """The sample brand reads as a catalog does: options, images, vendor, type, and variants with barcodes."""
    shop.simulator.set_metafield(SKU, "skip_push", "true", type_="boolean")
    (found,) = shop.data(PRODUCTS, q="title:'Poplin Shirt'")["products"]["nodes"]
    assert (found["vendor"], found["productType"], found["status"]) == ("Example Brand", "Tops", "ACTIVE")
    assert found["description"] == "Poplin Shirt of the Example Brand."
    assert [(option["name"], len(option["values"])) for option in found["options"]] == [("Color", 3), ("Size", 5)]
    (image,) = found["media"]["nodes"]
    assert image["status"] == "READY"
    assert image["image"]["url"].startswith("https://cdn.shopify.com/s/files/1/9000/0001/files/style-1001.jpg?v=")
    assert found["priceRangeV2"]["minVariantPrice"] == {"amount": "110.0", "currencyCode": "GBP"}
    first = found["variants"]["nodes"][0]
    assert (first["sku"], first["title"], first["price"]) == (SKU, "Navy / XS", "110.00")
    assert [(option["name"], option["value"]) for option in first["selectedOptions"]] == [
        ("Color", "Navy"), ("Size", "XS"),
    ]  # fmt: skip
    assert [each["metafield"] for each in found["variants"]["nodes"][:2]] == [{"value": "true"}, None]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 11),
        ("vendor:'Example Brand' tag:wholesale", 10),
        ("product_type:knitwear", 1),
        ("sku:'1003-330-L'", 1),
        ("status:draft", 0),
        ("handle:poplin-shirt", 1),
        ("updated_at:>'2026-11-02T09:00:00Z'", 0),
    ],
)
def test_products_are_found(shop: Shop, query: str, count: int) -> None:
    """Products are searched by their fields and by the codes of their variants."""
    assert len(shop.data(PRODUCTS, q=query)["products"]["nodes"]) == count
    assert shop.data("query N($q: String) { productsCount(query: $q) { count } }", q=query) == {
        "productsCount": {"count": count}
    }


def test_products_in_pages(shop: Shop) -> None:
    """Every product is on one page."""
    titles, after = [], None
    while True:
        page = shop.data(PRODUCTS, first=4, after=after)["products"]
        titles += [node["title"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert (len(titles), titles) == (11, sorted(titles))


def test_what_is_gone_is_not_found(shop: Shop) -> None:
    """A deleted variant is out of search at once, and out of its product."""
    assert shop.variant()["sku"] == SKU
    shop.simulator.delete_variant(SKU)
    query = "query V($q: String!) { productVariants(first: 5, query: $q) { nodes { id } } }"
    assert shop.data(query, q=f"sku:'{SKU}'")["productVariants"]["nodes"] == []
    (found,) = shop.data(PRODUCTS, q="title:'Poplin Shirt'")["products"]["nodes"]
    assert found["variantsCount"] == {"count": 14}


def test_create(shop: Shop) -> None:
    """A new product has what was given, is stocked where told, and shows in search after a delay."""
    london = shop.data("{ location { id } }")["location"]["id"]
    stock = [{"locationId": london, "name": "available", "quantity": 7}]
    given = product(variant("S", inventoryQuantities=stock), variant("M"), tags=["b", "a"], vendor="Us")
    made = put(shop, given, {"handle": "tee"})
    assert (made["handle"], made["tags"], made["status"]) == ("tee", ["a", "b"], "ACTIVE")
    assert made["options"] == [{"name": "Size", "values": ["S", "M"]}]
    shown = [(each["title"], each["sku"], each["inventoryQuantity"]) for each in made["variants"]["nodes"]]
    assert shown == [("S", "T-S", 7), ("M", "T-M", 0)]
    assert shop.data(BY_HANDLE, identifier={"handle": "tee"}) == {"productByIdentifier": {"title": "Tee"}}
    assert shop.data(PRODUCTS, q="handle:tee")["products"]["nodes"] == []
    shop.clock.sleep(5)
    assert len(shop.data(PRODUCTS, q="handle:tee")["products"]["nodes"]) == 1


def test_bare_product_has_one_variant(shop: Shop) -> None:
    """Without options and variants there is a default variant, and a free handle is taken from the title."""
    made = [put(shop, {"title": "Poplin Shirt"}), put(shop, {"title": "Poplin Shirt"})]
    assert [each["handle"] for each in made] == ["poplin-shirt-1", "poplin-shirt-2"]
    (only,) = made[0]["variants"]["nodes"]
    assert (only["title"], only["price"], only["inventoryItem"]["tracked"]) == ("Default Title", "0.00", False)


def test_variants_left_out_are_deleted_with_their_stock(shop: Shop) -> None:
    """A variant that is named by id or by its options stays; any other is gone, and comes back empty."""
    made = put(shop, product())
    first, second = made["variants"]["nodes"]
    shop.simulator.set_stock("T-S", "London", 5)
    shop.simulator.set_stock("T-M", "London", 6)
    only = put(shop, product(variant("S"), sizes=("S",)), {"handle": "tee"})
    assert [(each["id"], each["inventoryQuantity"]) for each in only["variants"]["nodes"]] == [(first["id"], 5)]
    assert only["options"] == [{"name": "Size", "values": ["S"]}]
    both = put(shop, product(), {"handle": "tee"})["variants"]["nodes"]
    assert (both[0]["id"], both[0]["inventoryQuantity"]) == (first["id"], 5)
    assert both[1]["id"] != second["id"]
    assert both[1]["inventoryItem"]["id"] != second["inventoryItem"]["id"]
    assert both[1]["inventoryQuantity"] == 0
    assert shop.data("query V($id: ID!) { productVariant(id: $id) { id } }", id=second["id"]) == {
        "productVariant": None
    }


def test_variants_by_id_may_change_their_options(shop: Shop) -> None:
    """A variant named by its id keeps stock and history under other option values."""
    made = put(shop, product())["variants"]["nodes"]
    shop.simulator.set_stock("T-M", "London", 6)
    given = product(variant("S"), variant("L", id=made[1]["id"]), sizes=("S", "L"))
    changed = put(shop, given, {"handle": "tee"})["variants"]["nodes"]
    assert [(each["id"], each["title"]) for each in changed] == [(made[0]["id"], "S"), (made[1]["id"], "L")]
    assert changed[1]["inventoryQuantity"] == 6


def test_other_lists_replace_and_what_is_not_mentioned_stays(shop: Shop) -> None:
    """Tags, files and metafields that are given replace the stored ones; fields left out are untouched."""
    files = [{"originalSource": f"https://images.brand.example/{name}.jpg", "alt": name} for name in ("a", "b")]
    metafields = [
        {"namespace": "custom", "key": key, "type": "single_line_text_field", "value": key} for key in ("one", "two")
    ]
    made = put(shop, product(files=files, metafields=metafields, tags=["x"]))
    pictures = made["media"]["nodes"]
    assert [each["status"] for each in pictures] == ["PROCESSING", "PROCESSING"]
    same = put(shop, {"title": "Better Tee"}, {"id": made["id"]})
    assert same == made | {"title": "Better Tee"}
    shop.clock.sleep(1)
    kept = {"files": [{"id": pictures[1]["id"]}], "metafields": metafields[:1], "tags": []}
    less = put(shop, kept, {"id": made["id"]})
    assert less["media"]["nodes"] == [{"id": pictures[1]["id"], "alt": "b", "status": "READY"}]
    assert less["metafields"]["nodes"] == [{"key": "one", "value": "one"}]
    assert less["tags"] == []
    assert [each["id"] for each in less["variants"]["nodes"]] == [each["id"] for each in made["variants"]["nodes"]]


NOWHERE = "gid://shopify/Product/5"
TWICE = [variant("S"), variant("S")]
TOO_MANY = [{"name": str(number), "values": [{"name": "x"}]} for number in range(4)]


@pytest.mark.parametrize(
    ("changes", "identifier", "field", "code"),
    [
        pytest.param({"title": " "}, None, ["title"], "INVALID_PRODUCT", id="no title"),
        pytest.param({"productType": "x" * 256}, None, ["productType"], "INVALID_PRODUCT", id="long type"),
        pytest.param({"variants": None}, None, ["variants"], "VARIANTS_INPUT_MISSING", id="options alone"),
        pytest.param(
            {"productOptions": None}, None, ["productOptions"], "PRODUCT_OPTIONS_INPUT_MISSING", id="variants alone"
        ),
        pytest.param({"variants": TWICE}, None, ["variants", "1"], "INVALID_VARIANT", id="twice the same"),
        pytest.param(
            {"variants": [variant("XL")]}, None, ["variants", "0", "optionValues", "0"], "OPTION_VALUE_DOES_NOT_EXIST",
            id="unknown size",
        ),
        pytest.param(
            {"variants": [variant("S", optionValues=[])]}, None, ["variants", "0", "optionValues"], "INVALID_VARIANT",
            id="no size",
        ),
        pytest.param({"productOptions": TOO_MANY}, None, ["productOptions"], "OPTIONS_OVER_LIMIT", id="four options"),
        pytest.param({"handle": "poplin-shirt"}, None, ["handle"], None, id="handle taken"),
        pytest.param({"id": NOWHERE}, None, [], "PRODUCT_DOES_NOT_EXIST", id="unknown id"),
        pytest.param({}, {"id": NOWHERE}, [], "PRODUCT_DOES_NOT_EXIST", id="unknown identifier"),
        pytest.param({"id": NOWHERE}, {"handle": "tee"}, [], "ID_NOT_ALLOWED", id="two ids"),
        pytest.param({}, {"handle": "cup"}, [], "INPUT_MISMATCH", id="two handles"),
        pytest.param({"files": [{"alt": "x"}]}, None, ["files", "0"], "INVALID_INPUT", id="no file"),
    ],
)  # fmt: skip
def test_refusals(
    shop: Shop, changes: dict[str, Any], identifier: dict[str, Any] | None, field: list[str], code: str | None
) -> None:
    """A product that is not right is refused as a whole."""
    found = refusals(shop, product(**changes), identifier)
    assert (["input", *field], code) in found
    assert shop.data(BY_HANDLE, identifier={"handle": "tee"}) == {"productByIdentifier": None}


def test_handle_taken_has_a_code_by_switch() -> None:
    """The refusal of a handle has no code in recordings; by switch it has one."""
    shop = Shop(handle_taken_code="HANDLE_NOT_UNIQUE")
    payload = shop.data(SET, input=product(handle="poplin-shirt"))["productSet"]
    assert payload["userErrors"] == [
        {
            "field": ["input", "handle"],
            "message": "Handle 'poplin-shirt' already in use. Please provide a new handle.",
            "code": "HANDLE_NOT_UNIQUE",
        }
    ]


def test_custom_ids(shop: Shop) -> None:
    """A product is created and found again by a custom id; a value that another product has is refused."""
    named = {"namespace": "oms", "key": "style", "value": "ST-1"}
    answer = shop.ask(SET, input=product(), identifier={"customId": named})
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    definition = {"ownerType": "PRODUCT", "namespace": "oms", "key": "style", "name": "Style", "type": "id"}
    shop.data(DEFINE, definition=definition)
    made = put(shop, product(), {"customId": named})
    assert made["metafields"]["nodes"] == [{"key": "style", "value": "ST-1"}]
    assert put(shop, {"title": "Other"}, {"customId": named})["id"] == made["id"]
    other = {"title": "Cup", "metafields": [named | {"type": "id"}]}
    assert refusals(shop, other) == [(["input", "metafields", "0", "value"], "CAPABILITY_VIOLATION")]
    other["metafields"] = [named | {"type": "id", "value": "ST-2"}]
    assert refusals(shop, other, {"customId": named}) == [(["input"], "METAFIELD_MISMATCH")]


def test_in_the_background(shop: Shop) -> None:
    """A product may be set later; what became of it is asked for."""
    payload = shop.data(SET, input=product(), sync=False)["productSet"]
    assert (payload["product"], payload["productSetOperation"]["status"]) == (None, "CREATED")
    gid = payload["productSetOperation"]["id"]
    states = []
    for _ in range(3):
        states.append(shop.data(OPERATION, id=gid)["productOperation"]["status"])
        shop.clock.sleep(0.5)
    assert states == ["CREATED", "ACTIVE", "COMPLETE"]
    assert shop.data(OPERATION, id=gid)["productOperation"] == {
        "status": "COMPLETE", "product": {"handle": "tee"}, "id": gid, "userErrors": [],
    }  # fmt: skip
    again = shop.data(SET, input=product(), sync=False)["productSet"]["productSetOperation"]["id"]
    shop.clock.sleep(1)
    found = shop.data(OPERATION, id=again)["productOperation"]
    assert (found["product"], found["userErrors"]) == (None, [{"field": ["input", "handle"], "code": None}])


def test_large_products(shop: Shop) -> None:
    """A product may have 2,048 variants, far more than other lists may have entries."""
    sizes = tuple(str(number) for number in range(2049))
    assert refusals(shop, product(sizes=sizes)) == [(["input", "variants"], "VARIANTS_OVER_LIMIT")]
    assert len(put(shop, product(sizes=sizes[:300]))["variants"]["nodes"]) == 100


def test_parts_named_by_id(shop: Shop) -> None:
    """Options and values may be named by their ids, and renamed so; a variant's image is one of the product's."""
    image = {"originalSource": "https://images.brand.example/s.jpg"}
    made = put(shop, product(variant("S", file=image), variant("M"), files=[image]))
    (option,) = shop.data(OPTIONS, id=made["id"])["product"]["options"]
    small, medium = (value["id"] for value in option["optionValues"])
    given = {
        "productOptions": [
            {"id": option["id"], "name": "Fit", "values": [{"id": small, "name": "Slim"}, {"id": medium}]}
        ],
        "variants": [
            {"optionValues": [{"optionId": option["id"], "id": small}], "position": 2},
            {"optionValues": [{"optionName": "Fit", "name": "M"}], "position": 1},
        ],
    }
    kept = [{**each, "id": old["id"]} for each, old in zip(given["variants"], made["variants"]["nodes"], strict=True)]
    changed = put(shop, given | {"variants": kept}, {"id": made["id"]})
    assert changed["options"] == [{"name": "Fit", "values": ["Slim", "M"]}]
    assert [(each["title"], each["sku"]) for each in changed["variants"]["nodes"]] == [("M", "T-M"), ("Slim", "T-S")]
    images = shop.data(OPTIONS, id=made["id"])["product"]["variants"]["nodes"]
    assert [bool(each["media"]["nodes"]) for each in images] == [False, True]
    given["productOptions"] = [{"id": "gid://shopify/ProductOption/5", "values": [{"id": small}, {"name": "M"}]}]
    codes = {code for _, code in refusals(shop, given, {"id": made["id"]})}
    assert codes == {"OPTION_DOES_NOT_EXIST", "OPTION_VALUE_DOES_NOT_EXIST"}
