"""Writing in parts, where JOOR does not take all rows in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from orderweft import ChannelError, NotSent, Outcome

T = TypeVar("T")


def in_parts(records: Sequence[T], most: int | None, write: Callable[[Sequence[T]], list[Outcome]]) -> list[Outcome]:
    """Return what became of *records*, handed to *write* so many at a time; all at once when *most* is None.

    An error counts for all records only as long as none was written.
    """
    outcomes: list[Outcome] = []
    step = most or max(1, len(records))
    for first in range(0, len(records), step):
        try:
            outcomes += write(records[first : first + step])
        except ChannelError as error:
            if not outcomes:
                raise
            left = len(records) - len(outcomes)
            return outcomes + [NotSent(message=str(error), retry_after=error.retry_after)] * left
    return outcomes
