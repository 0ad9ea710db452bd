"""Orders read from a store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orderweft_shopify as shopify
import pytest
from orderweft import (
    OrderQuery,
    Page,
    UnavailableError,
)

from .hand_made import Answer, HandMadeStore, connect, page_of, stored


def fetch(store: HandMadeStore, query: OrderQuery | None = None, **settings: Any) -> list[Page]:
    return list(shopify.fetch_orders(connect(store, **settings), query or OrderQuery()))


def test_the_first_reading_goes_back_as_far_as_the_settings_say() -> None:
    """Without a bookmark the window opens first_run_days ago, oldest change first, with the bookmark at the last."""
    rows = [stored(1, "2026-11-01T08:00:00Z"), stored(2, "2026-11-01T09:00:00Z")]
    store = HandMadeStore(ReadOrders={"orders": page_of(rows)})
    [page] = fetch(store, first_run_days=7, page_size=25)
    assert [item.number for item in page.items] == ["1", "2"]
    assert page.bookmark == "2026-11-01T09:00:00Z"
    [asked] = store.called("ReadOrders")
    assert asked["query"] == "updated_at:>='2026-10-26T09:00:00Z'"
    assert asked["first"] == 25


def test_each_page_moves_the_bookmark_to_its_own_end() -> None:
    """Only what has been handed over counts as reached."""
    pages: list[Answer] = [
        {"orders": page_of([stored(1, "2026-11-01T08:00:00Z")], cursor="c1")},
        {"orders": page_of([stored(2, "2026-11-01T09:00:00Z")])},
    ]
    store = HandMadeStore(ReadOrders=pages)
    assert [page.bookmark for page in fetch(store)] == ["2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z"]
    assert [asked["after"] for asked in store.called("ReadOrders")] == [None, "c1"]


def test_later_readings_overlap() -> None:
    """A reading begins overlap_minutes before the bookmark, and old rows do not move it back."""
    store = HandMadeStore(ReadOrders={"orders": page_of([stored(1, "2026-11-01T07:55:00Z")])})
    [page] = fetch(store, OrderQuery(bookmark="2026-11-01T08:00:00Z"), overlap_minutes=30)
    assert store.called("ReadOrders")[0]["query"] == "updated_at:>='2026-11-01T07:30:00Z'"
    assert page.bookmark == "2026-11-01T08:00:00Z"


def test_reading_nothing_yields_no_page() -> None:
    """A store without changes gives no page and leaves the bookmark."""
    assert fetch(HandMadeStore(ReadOrders={"orders": page_of([])})) == []


def test_a_date_asked_for_does_not_move_the_bookmark() -> None:
    """Orders since a date come out of turn; the next reading in turn goes on where it was."""
    store = HandMadeStore(ReadOrders={"orders": page_of([stored(1)])})
    [page] = fetch(store, OrderQuery(since=datetime(2026, 9, 1, 2, tzinfo=UTC) - timedelta(hours=2)))
    assert store.called("ReadOrders")[0]["query"] == "updated_at:>='2026-09-01T00:00:00Z'"
    assert page.bookmark is None


@pytest.mark.parametrize("number", ["1001", "#1001"])
def test_one_order_by_its_number(number: str) -> None:
    """The number is taken with or without its sign and compared exactly."""
    store = HandMadeStore(ReadOrders={"orders": page_of([stored(1001), stored(10010)])})
    [page] = fetch(store, OrderQuery(number=number))
    assert [item.number for item in page.items] == ["1001"]
    assert store.called("ReadOrders")[0]["query"] == "name:'1001' OR name:'#1001'"


def test_all_lines_of_a_long_order_are_read() -> None:
    """Lines beyond the first page of an order are fetched to the last."""
    first, second = stored(1), stored(2)
    first["lineItems"] = page_of(first["lineItems"]["nodes"], cursor="more")
    store = HandMadeStore(
        ReadOrders={"orders": page_of([first])}, ReadLines={"order": {"lineItems": second["lineItems"]}}
    )
    [page] = fetch(store)
    order = page.items[0].order
    assert order is not None
    assert [line.key for line in order.lines] == ["gid://shopify/LineItem/1", "gid://shopify/LineItem/2"]
    assert store.called("ReadLines") == [{"order": "gid://shopify/Order/1", "after": "more"}]


def test_an_order_that_goes_while_it_is_read_is_not_read_in_part() -> None:
    """Half an order is worse than none: the reading stops and comes again."""
    row = stored(1)
    row["lineItems"] = page_of(row["lineItems"]["nodes"], cursor="more")
    store = HandMadeStore(ReadOrders={"orders": page_of([row])}, ReadLines={"order": None})
    with pytest.raises(UnavailableError):
        fetch(store)


def test_every_row_is_accounted_for() -> None:
    """Test orders are skipped with a sentence, unreadable ones kept with the field, cancelled ones read."""
    rows = [
        stored(1, test=True),
        stored(2, currencyCode="XXY"),
        stored(3, cancelledAt="2026-11-01T08:00:00Z"),
    ]
    store = HandMadeStore(ReadOrders={"orders": page_of(rows)})
    [page] = fetch(store)
    tried, broken, cancelled = page.items
    assert tried.skip == "it is a test order"
    assert broken.order is None
    assert (broken.problem or "").startswith("currency: ")
    assert json.loads(broken.payload or "")["currencyCode"] == "XXY"
    assert cancelled.order is not None
    assert cancelled.order.status == "cancelled"


def test_reading_starts_over_before_paging_ends() -> None:
    """Shopify lets nobody page without end, so a long backlog is read in several searches."""
    empty = page_of([])
    many = [stored(number, currencyCode="", lineItems=empty) for number in range(20_000)]
    store = HandMadeStore(
        ReadOrders=[
            {"orders": page_of(many, cursor="c1")},
            {"orders": page_of([stored(1, "2026-11-01T09:00:00Z")])},
        ]
    )
    assert [page.bookmark for page in fetch(store)] == ["2026-11-01T08:00:00Z", "2026-11-01T09:00:00Z"]
    second = store.called("ReadOrders")[1]
    assert second["query"] == "updated_at:>='2026-11-01T08:00:00Z'"
    assert second["after"] is None
