"""Step *fetch*: pages from the source, the next one read while the present one is worked on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from ..exchange import OrderQuery, Page
from ..scope import carried
from .job import Job
from .send import finish


class PageReader:
    """Read pages one ahead, but never before the last one is stored: `take` a page, store it, `advance`."""

    def __init__(self, pages: Iterator[Page], stop: threading.Event) -> None:
        self._pages = pages
        self._stop = stop
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="fetch")
        self._next: Future[Page | None] | None = None

    def __enter__(self) -> Self:
        self.advance()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stop.set()
        finish(self._pool, [self._next] if self._next else [], self._stop)

    def advance(self) -> None:
        """Begin to read the next page."""
        self._next = self._pool.submit(carried(next), self._pages, None)

    def take(self) -> Page | None:
        """Return the page being read, or None at the end; raises what the source raised."""
        assert self._next is not None
        return self._next.result()


def pages(job: Job) -> Iterator[Page]:
    """Ask the source from the bookmark on, or for what the person asked for."""
    options = job.options
    live = options.since is None and options.number is None
    query = OrderQuery(
        bookmark=job.ledger.bookmark(job.config.name) if live else None,
        since=options.since,
        number=options.number,
        peek=options.dry_run,
    )
    with job.source.named():
        found = iter(job.source.call("fetch_orders", query=query))
        while (page := _next(job, found)) is not None:
            yield page


def _next(job: Job, found: Iterator[Page]) -> Page | None:
    with job.journal.about("fetch", job.source.name):
        return next(found, None)
