"""What holds for a source of orders."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ...errors import UnavailableError
from ...exchange import Acknowledgement, OrderQuery, Page
from ...records import Receipt, Refused, Unknown
from ...wire import Request, Response
from .base import Checks
from .faults import ALL, worded
from .stage import Line, Stage, attempt, fetched_texts, needs
from .watching import io_watched


class Fetching(Checks):
    """What is true of `fetch_orders` and the hooks around it."""

    def source(self) -> Stage:
        """Set up an account with orders to fetch, on several pages where the size of a page can be set."""
        stage = self.stage()
        if stage.can("deliver_orders"):
            self.stocked(stage)
        if "page_size" in type(stage.settings()).model_fields:
            orders = len(fetched_texts(stage.open().orders()))
            stage.given = {**stage.given, "page_size": max(1, math.ceil(orders / 4))}
        return stage

    @needs("fetch_orders")
    def test_bookmarks_survive_storage(self) -> None:
        """A bookmark is text or None, and the same after it was written as JSON in UTF-8 and read again."""
        for page in self.source().open().orders():
            mark = page.bookmark
            assert mark is None or isinstance(mark, str), f"a bookmark must be text, for it is stored; got {mark!r}"
            try:
                kept = json.loads(json.dumps(mark, ensure_ascii=False).encode())
            except UnicodeEncodeError:
                kept = None
            assert kept == mark, f"a bookmark must survive being stored as UTF-8; {mark!r} does not"

    @needs("fetch_orders")
    def test_no_page_is_lost(self) -> None:
        """What was read up to a page and what comes after its bookmark are everything, at every page's edge."""
        stage = self.source()
        pages = stage.open().orders()
        whole, seen = set(fetched_texts(pages)), set[str]()
        for number, page in enumerate(pages, 1):
            seen |= set(fetched_texts([page]))
            rest = set(fetched_texts(stage.open().orders(bookmark=page.bookmark)))
            lost = sorted(whole - seen - rest)
            assert not lost, (
                f"asking from a bookmark on must lose nothing; after page {number} of {len(pages)} "
                f"{len(lost)} orders are neither before nor behind it: {lost[0][:60]}"
            )

    @needs("fetch_orders", http=True)
    def test_an_interrupted_fetch_goes_on(self) -> None:
        """A fetch that breaks off raises; going on from its last page's bookmark gives all the rest."""
        stage = self.source()
        line = stage.open()
        whole = set(fetched_texts(line.orders()))
        for call in sorted({1, len(line.calls) // 2 + 1, len(line.calls)}):
            seen: list[Page] = []
            broken = stage.open(ALL["half an answer"].at("*", call, 999))
            error = attempt(lambda seen=seen, broken=broken: _gather(broken, seen))  # type: ignore[misc]
            assert isinstance(error, UnavailableError), (
                f"fetch_orders must raise UnavailableError when it breaks off at call {call}; it ended quietly"
            )
            mark = seen[-1].bookmark if seen else None
            lost = whole - set(fetched_texts(seen)) - set(fetched_texts(stage.open().orders(bookmark=mark)))
            assert not lost, f"after a fetch broke off at call {call}, its bookmark must lead on; {len(lost)} are lost"

    @needs("fetch_orders")
    def test_peeking_changes_nothing(self) -> None:
        """With `peek` nothing is marked, spooled or kept from the reading after it."""
        stage = self.source()
        whole, facts = set(fetched_texts(stage.open().orders())), dict(stage.simulator.facts())
        line = stage.open()
        peeked = set(fetched_texts(line.orders(peek=True)))
        assert dict(stage.simulator.facts()) == facts, "a peek must change nothing at the source; its counts differ"
        assert not line.spool.pending(), "a peek must put nothing into the spool, for nobody takes it from there"
        assert peeked <= whole, "a peek must tell the same of an order as a reading does"
        assert set(fetched_texts(line.orders())) == whole, "after a peek, a reading must still give everything"

    @needs("fetch_orders")
    def test_one_order_by_its_number(self) -> None:
        """A query with a number gives the orders of that number and no other."""
        stage = self.source()
        numbers = [item.number for page in stage.open().orders() for item in page.items if item.order]
        assert numbers, "the simulator must have orders to fetch when it is made without arguments"
        for number in {numbers[0], numbers[-1]}:
            found = [item.number for page in stage.open().orders(number=number) for item in page.items]
            assert found, f"fetch_orders must find the order of number {number!r} when asked for it"
            assert set(found) == {number}, f"asked for order {number!r}, fetch_orders must give no others: {found[:5]}"

    @needs("fetch_orders")
    def test_since_is_obeyed(self) -> None:
        """A query with `since` gives all that has changed since, wherever the bookmark stands."""
        stage = self.source()
        since = stage.clock.now() - timedelta(days=20)
        pages = stage.open().orders()
        wanted = {
            item.id
            for page in pages
            for item in page.items
            if item.order and item.order.modified_at and item.order.modified_at > since
        }
        again = stage.open().orders(since=since, bookmark=pages[-1].bookmark)
        lost = wanted - {item.id for page in again for item in page.items}
        assert not lost, f"fetch_orders must give all orders changed since the date asked for; it left out {len(lost)}"

    @needs("fetch_orders", "deliver_orders")
    def test_a_new_order_comes_after_the_bookmark(self) -> None:
        """An order that arrives after a reading is in the next one, which begins at the last bookmark."""
        stage = self.source()
        mark = stage.open().orders()[-1].bookmark
        stage.clock.sleep(60)
        before = {item.id for page in stage.open().orders() for item in page.items}
        assert stage.open().deliver(self.delivery(20))
        stage.settle()
        whole = {item.id for page in stage.open().orders() for item in page.items}
        after = {item.id for page in stage.open().orders(bookmark=mark) for item in page.items}
        assert whole - before, "an order that was delivered must be there to be fetched"
        assert whole - before <= after, "a bookmark must not lie behind orders that come later; a new one was missed"

    @needs("fetch_orders", http=True)
    def test_an_unreadable_order_stops_nothing(self) -> None:
        """An order with a currency nobody knows is told with its problem; those beside it are read all the same."""
        stage = self.source()
        clean = fetched_texts(stage.open().orders())
        spoiler = _Spoiler()
        line = stage.open(watch=spoiler)
        try:
            seen = fetched_texts(line.orders())
        except Exception as error:  # a stranger's hook may raise anything
            raise AssertionError(
                f"fetch_orders must go on past an order it cannot read, as a Fetched with a problem; "
                f"it raised {worded(error)}"
            ) from error
        lost = set(clean) - set(seen)
        assert len(lost) <= spoiler.spoilt, f"one unreadable order must not take others with it; {len(lost)} are gone"
        assert len(set(seen)) >= len(set(clean)), (
            "an order that cannot be read must become a Fetched with a problem; it was dropped without a word"
        )

    @needs("fetch_orders", "reread_order")
    def test_rereading_gives_the_same(self) -> None:
        """`reread_order` makes the same order of a payload as `fetch_orders` did, and asks nobody."""
        stage = self.source()
        items = [item for page in stage.open().orders() for item in page.items if item.payload]
        line = stage.open()
        for item in items[:10]:
            with io_watched() as seen:
                again = line.call("reread_order", payload=item.payload)
            assert not line.calls, f"reread_order must not do any I/O; it called {line.calls[0]}"
            assert not seen, f"reread_order must not do any I/O; it did: {seen[0]}"
            assert (again.id, again.number) == (item.id, item.number), "reread_order must give the order it was of"
            assert again.order == item.order, f"reread_order must read order {item.number} as fetch_orders did"

    @needs("fetch_orders", "acknowledge_orders")
    def test_acknowledging_can_be_repeated(self) -> None:
        """Acknowledging gives one outcome each, in order, and is harmless when it is done twice."""
        stage = self.source()
        wanted = stage.open().acknowledge()
        if wanted is None:
            return
        assert wanted == [], f"with nothing to acknowledge the answer is an empty list; got {wanted!r}"
        items = [item for page in stage.open().orders() for item in page.items if item.order][:3]
        told = [
            Acknowledgement(item.id, item.number, place != 1, "It arrived.", Receipt(id="R") if place != 1 else None)
            for place, item in enumerate(items)
        ]
        first, again = (stage.open().acknowledge(*told) for _ in range(2))
        for outcomes in (first, again):
            assert len(outcomes or ()) == len(told), f"acknowledge_orders must give {len(told)} outcomes; {outcomes!r}"
            bad = [one for one in outcomes or () if isinstance(one, Refused | Unknown)]
            assert not bad, f"acknowledging, also twice, must be harmless; it gave {worded(bad[0])}"


def _gather(line: Line, seen: list[Page]) -> None:
    made: Iterator[Page] = line.stage.plugins.call(
        line.stage.channel, "fetch_orders", connection=line.connection, query=OrderQuery()
    )
    for page in made:
        seen.append(page)  # noqa: PERF402  what came before an error has to be kept


def with_body(response: Response, body: Any) -> Response:
    """Return *response* with another body."""
    return Response(response.status, response.headers, json.dumps(body, default=_plain).encode())


class _Spoiler:
    """Puts a currency nobody knows into the first of several rows of each answer."""

    def __init__(self) -> None:
        self.spoilt = 0

    def __call__(self, request: Request, response: Response) -> Response:
        try:
            body = response.json()
        except ValueError:
            return response
        rows = next(_lists(body), None)
        if rows is None or not _spoil(rows[0]):
            return response
        self.spoilt += 1
        return with_body(response, body)


def _lists(body: Any) -> Iterator[list[Any]]:
    """Yield the outermost lists of rows that have a currency."""
    if isinstance(body, list) and len(body) > 1 and "currency" in json.dumps(body[0], default=_plain).lower():
        yield body
    for inner in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _lists(inner)


def _spoil(row: Any) -> bool:
    done = False
    if isinstance(row, dict):
        for name, value in row.items():
            if "currency" in name.lower() and isinstance(value, str):
                row[name], done = "???", True
            else:
                done = _spoil(value) or done
    elif isinstance(row, list):
        done = sum(_spoil(inner) for inner in row) > 0
    return done


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
