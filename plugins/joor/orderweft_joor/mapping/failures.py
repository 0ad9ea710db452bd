"""Which of the rows of a v4 call failed, by whatever its errors name; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

Owner = TypeVar("Owner")
Sent = TypeVar("Sent", bound=Mapping[str, Any])
_TWICE = re.compile(r"duplicate|already exists|be unique|not unique", re.IGNORECASE)


def failures(
    sent: Sequence[tuple[Owner, Sent]], data: Sequence[Mapping[str, Any]], errors: Sequence[Any]
) -> list[tuple[Owner, Sent, str, bool]]:
    """Return the rows that failed, each with its owner, what JOOR says, and whether it is called a duplicate.

    An error names its row by an id in its details or its text. What one says that names no row is held against every
    row that is not among the *data* JOOR gives back.
    """
    done = {key for row in data for key in _keys(row)}
    blamed: dict[int, list[Any]] = {}
    orphans: list[Any] = []
    for error in errors:
        words = set(_words(error))
        hit = [index for index, (_, row) in enumerate(sent) if words & set(_keys(row, parts=True))]
        for index in hit:
            blamed.setdefault(index, []).append(error)
        if not hit:
            orphans.append(error)
    found = []
    for index, (owner, row) in enumerate(sent):
        is_done = bool(done & set(_keys(row)))
        why = blamed.get(index) or ([] if is_done else orphans)
        # A row given back is done although an error names something it shares with another one.
        if why and not is_done:
            found.append((owner, row, _told(why), any(_is_duplicate(error) for error in why)))
    return found


def _keys(row: Mapping[str, Any], *, parts: bool = False) -> Iterator[str]:
    """Yield what tells *row* from every other one; with *parts* also what it may be named by in an error."""
    for name in ("id", "external_id"):
        if row.get(name):
            yield f"{row[name]}"
    if row.get("sku_id"):
        kind = row.get("price_type")
        identity = kind.get("id") if isinstance(kind, Mapping) else row.get("price_type_id")
        yield f"{row['sku_id']} {identity}"
        if parts:
            yield str(row["sku_id"])
    if parts and row.get("product_id"):
        yield str(row["product_id"])
    for name in ("product", "asset"):
        if isinstance(node := row.get(name), Mapping):
            yield from _keys(node) if name == "asset" or parts else ()


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for entry in value.values():
            yield from _words(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _words(entry)
    elif value is not None:
        yield str(value)
        yield from (word.strip(".,;:'\"()") for word in re.split(r"\s+", str(value)))


def _is_duplicate(error: Any) -> bool:
    # `DUPLICATED` is what public clients have seen for products and prices; for assets only the rule is known.
    told = f"{error.get('status')} {error.get('message')}" if isinstance(error, Mapping) else str(error)
    return bool(_TWICE.search(told))


def _told(errors: Sequence[Any]) -> str:
    texts = (error.get("message") or error.get("status") if isinstance(error, Mapping) else error for error in errors)
    return "; ".join(dict.fromkeys(" ".join(str(text or "no reason given").split())[:200] for text in texts))
