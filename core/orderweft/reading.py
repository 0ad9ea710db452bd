"""What sources share when they read everything there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pydantic import ValidationError

from .exchange import Moved, RecordPage, Unread


def marked_complete(pages: Iterable[RecordPage]) -> Iterator[RecordPage]:
    """Yield *pages*, the last one marked as complete unless a record on any of them could not be read.

    Each page is kept until the next one has come, for only then it is known not to be the last.
    """
    held, whole = None, True
    for page in pages:
        if held is not None:
            yield held
        held, whole = page, whole and not page.unread
    if held is not None:
        yield replace(held, complete=whole)


def paged(
    records: Sequence[Moved], unread: Sequence[Unread], warnings: Sequence[str] = (), *, size: int = 500
) -> Iterator[RecordPage]:
    """Yield all there is, read beforehand, *size* records a page; what else is to be told comes on the last one."""
    starts = range(0, len(records), size) or range(1)
    for start in starts[:-1]:
        yield RecordPage(tuple(records[start : start + size]), total=len(records) + len(unread))
    yield RecordPage(
        tuple(records[starts[-1] :]),
        tuple(unread),
        total=len(records) + len(unread),
        complete=not unread,
        warnings=tuple(warnings),
    )


def first_mistake(error: ValidationError) -> str:
    """Return the first thing wrong with a record, its field in front; never the value."""
    detail = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(step) for step in detail["loc"])
    return f"{field}: {detail['msg'].removeprefix('Value error, ')}"
