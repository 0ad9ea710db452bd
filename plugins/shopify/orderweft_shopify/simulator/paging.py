"""Connections: one page of a list, by cursor."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .call import Args
from .values import Refusal

MAX_PAGE = 250
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A node with its cursor."""

    node: Any
    cursor: str


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page lies within its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """One page of nodes."""

    rows: Sequence[tuple[Key, Any]]
    sort: str
    more_after: bool
    more_before: bool

    @property
    def nodes(self) -> list[Any]:
        """Return the nodes of the page."""
        return [node for _, node in self.rows]

    @property
    def edges(self) -> list[Edge]:
        """Return the nodes with their cursors."""
        return [Edge(node, _cursor(self.sort, key)) for key, node in self.rows]

    @property
    def page_info(self) -> PageInfo:
        """Return what the page says about itself."""
        ends = [_cursor(self.sort, key) for key, _ in (self.rows[:1] and [self.rows[0], self.rows[-1]])]
        return PageInfo(self.more_after, self.more_before, ends[0] if ends else None, ends[-1] if ends else None)


def page(nodes: Sequence[Any], args: Args, *, whole: bool = False) -> Connection:
    """Return the page of an ordered list that *args* ask for, or the *whole* list."""
    return page_of_rows([((position,), node) for position, node in enumerate(nodes)], args, "POSITION", whole=whole)


def page_of_rows(rows: list[tuple[Key, Any]], args: Args, sort: str, *, whole: bool = False) -> Connection:
    """Return the page of *rows*, sorted by their keys, that *args* ask for, or the *whole* list."""
    if whole:
        return Connection(rows, sort, more_after=False, more_before=False)
    size, from_end = _size(args)
    if args.get("reverse"):
        rows = rows[::-1]
    length = len(rows)
    start, stop = 0, length
    if args.get("after") is not None:
        start = _position(rows, _key(args["after"], sort), bool(args.get("reverse")), past=True)
    if args.get("before") is not None:
        stop = _position(rows, _key(args["before"], sort), bool(args.get("reverse")), past=False)
    stop = max(start, stop)
    if from_end:
        start = max(start, stop - size)
    else:
        stop = min(stop, start + size)
    return Connection(rows[start:stop], sort, stop < length, start > 0)


def _size(args: Args) -> tuple[int, bool]:
    first, last = args.get("first"), args.get("last")
    if first is None and last is None:
        raise Refusal("you must provide one of first or last", "BAD_REQUEST")
    if first is not None and last is not None:
        raise Refusal("providing both first and last is not supported", "BAD_REQUEST")
    size = int(last if first is None else first)  # type: ignore[arg-type]
    if not 1 <= size <= MAX_PAGE:
        raise Refusal(f"{'last' if first is None else 'first'} must be between 1 and {MAX_PAGE}", "BAD_REQUEST")
    return size, first is None


def _position(rows: list[tuple[Key, Any]], key: Key, backwards: bool, *, past: bool) -> int:
    """Return the index of the first row at *key*, or past it, even when that row is gone or has moved."""
    for index, (other, _) in enumerate(rows):
        ahead = other < key if backwards else other > key
        if ahead or (other == key and not past):
            return index
    return len(rows)


def _cursor(sort: str, key: Key) -> str:
    return base64.b64encode(json.dumps([sort, *key]).encode()).decode()


def _key(cursor: str, sort: str) -> Key:
    try:
        made_for, *key = json.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise Refusal("Invalid cursor", "BAD_REQUEST") from None
    if made_for != sort:
        raise Refusal("Invalid cursor for current pagination sort.", "BAD_REQUEST")
    return tuple(key)
