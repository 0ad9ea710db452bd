"""What tells the revisions of an order apart."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from pydantic_core import to_json

from ..exchange import Fetched
from ..records import Order

_TEXTS = ("id", "number", "payload", "problem", "skip", "customer")


def seen_as(item: Fetched) -> tuple[Fetched, dict[str, Any] | None, str | None, str]:
    """Return *item* with its plain data, its canonical JSON, and what tells its revisions apart."""
    item = _sound(item)
    data = item.order.to_data() if item.order else None
    record = to_json(data).decode() if data else None
    return item, data, record, _fingerprint(item, record)


def _sound(item: Fetched) -> Fetched:
    """Spell out what SQLite takes for no text in *item*: half a surrogate pair, as JSON may hold it, and zero bytes."""
    texts = {name: text for name in _TEXTS if (text := getattr(item, name))}
    spelled = {
        name: text.encode("utf-8", "backslashreplace").decode().replace("\0", r"\x00") for name, text in texts.items()
    }
    return item if spelled == texts else replace(item, **spelled)


def _fingerprint(item: Fetched, record: str | None) -> str:
    """Tell revisions apart; a new modification stamp alone is none."""
    text = item.payload or "" if record is None or item.order is None else _unstamped(item.order, record)
    told = f"{text}\0{item.problem or ''}\0{item.skip or ''}"
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def _unstamped(order: Order, record: str) -> str:
    # both fields come before any text a source can choose the names of, so the first occurrence is the right one
    for name, value in (("revision", order.origin.revision), ("modified_at", order.modified_at)):
        if value is not None:
            before, found, after = record.partition(f',"{name}":"')
            record = before + after.partition('"')[2] if found else record
    return record
