"""What holds at the edges of what a channel reads: between pages, and between one reading and the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...exchange import Fetched, Kind
from ...wire import Request, Response
from .base import Checks
from .fetching import with_body
from .stage import ALL_READING, KINDS, READING, Stage, fetched_texts, needs, told

_SMALL = 2
"""Rows asked for in one call, where that is a setting."""


class Paging(Checks):
    """What is true between pages, and between one reading of orders and the next."""

    @needs(some=ALL_READING)
    def test_small_pages_hold_the_same(self) -> None:
        """However small its pages, a reading gives each record once, and the same ones as in large pages."""
        if "page_size" not in type(self.stage().settings()).model_fields:
            return
        stages = self.stage(), self.stage(page_size=_SMALL)
        for stage in stages:
            self._filled(stage)
        grown = False
        for kind in KINDS:
            if stages[0].can(READING[kind]):
                lines = [stage.open() for stage in stages]
                whole, parts = (Counter(_texts(line.pages(kind), kind)) for line in lines)
                lost, more = sorted(whole - parts), sorted(parts - whole)
                assert not lost, f"{READING[kind]} must lose nothing between pages; it lost {len(lost)}: {lost[0][:99]}"
                assert not more, f"{READING[kind]} must give each record once; {len(more)} came twice or otherwise"
                calls = [len(line.calls) for line in lines]
                assert calls[1] > 1 or len(whole) <= _SMALL, f"{READING[kind]} must read in pages of page_size"
                grown |= calls[1] > calls[0]
        assert grown, "page_size must say how many rows one call asks for; made small, no reading takes more calls"

    @needs("fetch_orders", http=True)
    def test_a_late_order_is_still_fetched(self) -> None:
        """An order that the source's index shows only after a reading is in the next one, from the bookmark on."""
        for place in (-1, -2):
            stage = self.stage()
            self._filled(stage)
            dated = sorted(_dated(stage), key=lambda one: one[0])
            assert len(dated) > 1, "the simulator must have two orders to fetch that say when they were modified"
            if place == -2:
                if "overlap_minutes" not in type(stage.settings()).model_fields:
                    return
                apart = dated[-1][0] - dated[-2][0]
                stage.given = {**stage.given, "overlap_minutes": int(apart.total_seconds() // 60) + 2}
            late = dated[place][1]
            mark = stage.open(watch=_Hiding(late.id)).orders()[-1].bookmark
            stage.clock.sleep(60)
            seen = {item.id for page in stage.open().orders(bookmark=mark) for item in page.items}
            assert late.id in seen, (
                "a bookmark must not lie behind an order that has not been seen, and the next reading must reach back "
                f"by the overlap there is; order {late.number}, which the source showed late, was missed"
            )

    def _filled(self, stage: Stage) -> None:
        if stage.can("write_shipments") and stage.can("deliver_orders"):
            stage.open().write("shipments", self.samples("shipments", stage, 4))
        elif stage.can("deliver_orders"):
            self.stocked(stage, 4)


def _texts(pages: Sequence[Any], kind: Kind) -> list[str]:
    """Return what is on *pages* as texts; orders once each, because pages of orders may repeat."""
    if kind == "orders":
        return sorted(set(fetched_texts(pages)))
    return told(record for page in pages for record in page.records)


def _dated(stage: Stage) -> list[tuple[Any, Fetched]]:
    items = {item.id: item for page in stage.open().orders() for item in page.items}.values()
    return [(item.order.modified_at, item) for item in items if item.order and item.order.modified_at]


class _Hiding:
    """Leaves the row of one order out of the lists of every answer."""

    def __init__(self, id_: str) -> None:
        self._id = id_

    def __call__(self, request: Request, response: Response) -> Response:
        try:
            body = response.json()
        except ValueError:
            return response
        return with_body(response, self._without(body))

    def _without(self, body: Any) -> Any:
        if isinstance(body, list):
            return [self._without(row) for row in body if not self._is_it(row)]
        return {name: self._without(value) for name, value in body.items()} if isinstance(body, Mapping) else body

    def _is_it(self, row: Any) -> bool:
        return isinstance(row, Mapping) and self._id in [str(value) for value in row.values()]
