"""Search in the Shopify simulator finds too much, too late, and warns instead of failing."""

from __future__ import annotations

import pytest

from .simulated import DEFINE, DEFINITION, FIND, ORDERS, VARIANTS, Shop, external


@pytest.fixture
def shop() -> Shop:
    """Return a shop with every switch as it is by default."""
    return Shop()


LIKE_THE_DUPLICATE = ["duplicate_sku", "duplicate_sku", "longer_sku", "other_case_sku"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("sku:'9001-999-OS'", LIKE_THE_DUPLICATE, id="phrase, any case"),
        pytest.param("sku:9001.999.os", LIKE_THE_DUPLICATE, id="dots for dashes"),
        pytest.param("barcode:2900000000001", ["duplicate_sku", "duplicate_sku"], id="barcode of two"),
        pytest.param("sku:'9001-888-OS' OR sku:\"9001-777-OS\"", ["oversold_sku", "untracked_sku"], id="or"),
        pytest.param("sku:9001* -sku:'9001-999'", ["oversold_sku", "untracked_sku"], id="prefix and not"),
        pytest.param("title:awkward (sku:'-B' OR sku:'9001-888')", ["longer_sku", "untracked_sku"], id="group"),
        pytest.param("title:awkward sku:9001\\-777\\-OS", ["oversold_sku"], id="escapes"),
    ],
)
def test_search_finds_too_much(shop: Shop, query: str, found: list[str]) -> None:
    """SKUs are found by their words, in any case, longer ones too: exactness is the caller's business."""
    nodes = shop.data(VARIANTS, q=query)["productVariants"]["nodes"]
    assert sorted(node["sku"] for node in nodes) == sorted(shop.simulator.awkward[name] for name in found)


def test_search_by_whole_skus() -> None:
    """With the switch on, SKUs are not cut into words."""
    nodes = Shop(whole_skus=True).data(VARIANTS, q="sku:9001-999-OS")["productVariants"]["nodes"]
    assert sorted(node["sku"] for node in nodes) == ["9001-999-OS", "9001-999-OS", "9001-999-os"]


@pytest.mark.parametrize(
    ("query", "found", "code"),
    [("skuu:'1001-401-XS'", 50, "invalid_field"), ("inventory_quantity:many", 0, "invalid_value")],
)
def test_search_warnings(shop: Shop, query: str, found: int, code: str) -> None:
    """An unknown filter is dropped and matches everything; a bad value matches nothing; both only warn."""
    answer = shop.ask(VARIANTS, q=query)
    assert len(answer["data"]["productVariants"]["nodes"]) == found
    (search,) = answer["extensions"]["search"]
    (warning,) = search["warnings"]
    assert (warning["code"], warning["field"]) == (code, query.split(":", maxsplit=1)[0])


def test_index_lags(shop: Shop) -> None:
    """A write shows in search after a delay, and by identifier at once."""
    shop.data(DEFINE, definition=DEFINITION)
    order = shop.made(metafields=external("S-1"), sourceIdentifier="S-1", tags=["wholesale"])
    queries = ("source_identifier:'S-1'", "updated_at:>='2026-11-02T09:00:00Z' tag:WHOLESALE", "name:1001 status:open")
    assert [shop.data(ORDERS, q=q, first=5)["orders"]["nodes"] for q in queries] == [[], [], []]
    assert shop.data(FIND, value="S-1")["orderByIdentifier"]["id"] == order["id"]
    shop.clock.sleep(5)
    assert [len(shop.data(ORDERS, q=q, first=5)["orders"]["nodes"]) for q in queries] == [1, 1, 1]
    shop.simulator.cancel_order(order["id"])
    assert len(shop.data(ORDERS, q="status:open", first=5)["orders"]["nodes"]) == 1
    shop.clock.sleep(5)
    assert shop.data(ORDERS, q="status:open", first=5)["orders"]["nodes"] == []
    assert len(shop.data(ORDERS, q="status:cancelled", first=5)["orders"]["nodes"]) == 1


def test_every_page_is_reached_once(shop: Shop) -> None:
    """Pages follow their cursors to the end; a cursor of another sort order is refused."""
    for number in range(7):
        shop.made(name=f"N{number}")
        shop.clock.sleep(number % 2)
    shop.clock.sleep(5)
    names, after = [], None
    while True:
        page = shop.data(ORDERS, q="", first=3, after=after)["orders"]
        names += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert names == [f"N{number}" for number in range(7)]
    last = shop.data("{ orders(last: 2, sortKey: ID) { nodes { name } pageInfo { hasPreviousPage } } }")["orders"]
    assert last == {"nodes": [{"name": "N5"}, {"name": "N6"}], "pageInfo": {"hasPreviousPage": True}}
    answer = shop.ask("query P($a: String) { orders(first: 1, after: $a) { nodes { id } } }", a=after)
    assert "Invalid cursor" in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("created_at:2026", True),
        ("created_at:2026-11 created_at:<now", True),
        ("created_at:'2026-11-02T09:00:00Z'", True),
        ("created_at:'2026-11-02T10:00:00+01:00'", True),
        ("created_at:>2026-11-02", False),
        ("created_at:<='2026-11-02'", True),
        ("created_at:>='2026-11-02T09:00:01Z'", False),
        ("processed_at:<2026", False),
    ],
)
def test_times(shop: Shop, query: str, found: bool) -> None:
    """A time in a filter stands for all of its year, month, day or second."""
    shop.made()
    shop.clock.sleep(5)
    assert bool(shop.data(ORDERS, q=query, first=1)["orders"]["nodes"]) is found


@pytest.mark.parametrize(
    "query",
    [
        "financial_status:paid,pending fulfillment_status:unfulfilled",
        "tag:WHOLESALE tag_not:retail",
        "po_number:PO\\-1 total NOT status:closed",
        "current_total_price:>=24 test:false",
        "metafields.oms.external_id:S-1",
        "wholesale",
        "email:*",
    ],
)
def test_order_filters(shop: Shop, query: str) -> None:
    """An order is found by what was put into it."""
    shop.made(
        financialStatus="PENDING", tags=["wholesale", "total"], poNumber="PO-1", email="a@b.example",
        metafields=external("S-1"),
    )  # fmt: skip
    shop.clock.sleep(5)
    answer = shop.ask(ORDERS, q=query, first=1)
    assert len(answer["data"]["orders"]["nodes"]) == 1
    assert "search" not in answer["extensions"]
