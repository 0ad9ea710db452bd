"""Keeping people out of texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..ledger.alerts import Waiting

LEFT_OUT = "[left out]"
_SHARED = {"account_code", "role", "country", "city", "region", "postcode", "group", "company"}
"""Fields below a customer or an address that tell nobody's name."""


def public(one: Waiting, text: str, *, names: bool) -> str:
    """Return *text* about an order or record without names, addresses and numbers of people.

    With *names*, what the customer is called may stay.
    """
    if not one.people:
        return text
    name = name_of(one)
    private = {part for part in _identifying(json.loads(one.people)) if not (names and part in name)}
    if not names and name:
        private.add(name)
    if not private:
        return text
    longest_first = sorted(private, key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", LEFT_OUT, text, flags=re.IGNORECASE)


def label(one: Waiting, *, names: bool) -> str:
    """Return what *one* may be called."""
    if one.kind != "record" or names or not one.people:
        return one.label
    kind, _, code = one.about.partition(":")
    return code if kind == "code" else f"customer {code}"


def name_of(one: Waiting) -> str:
    """Return what the customer of *one* is called, if that is known."""
    if not one.people:
        return ""
    if one.kind == "record":
        return one.label.removeprefix(one.about.partition(":")[2]).strip()
    customer = json.loads(one.people)[0]
    return customer.get("name", "") if isinstance(customer, dict) else ""


def _identifying(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _SHARED:
                yield from _identifying(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _identifying(inner)
    elif isinstance(value, str) and len(value) > 1 and (re.search(r"[^\W\d]", value) or len(value) > 6):
        yield value
