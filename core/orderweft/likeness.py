"""When two values of different texts are the same, and how much alike two fields are called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, NamedTuple

SHORTEST = 4
"""Characters, or digits, that do not stand in two places by chance."""
_KEPT = 2**15
"""Answers that are not worked out twice, for the same values stand in many lines."""
_ALIKE = 0.8
"""From here on two names are the same word in another spelling."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,40})(?:\.[0-9]{1,40})?")
_PADDED = re.compile(r"0[0-9]{11,13}")
"""A barcode as GTIN-13 or GTIN-14."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9]{2}:[0-9]{2}.*")
_WORD = re.compile(r"[^\W_]+")
_STEP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")

_LABELS = ("key", "name", "label")
"""What says of a `value` beside it what it is."""
_SORTS = ("role", "type")
"""What says of a group of fields what it is."""
_SAYS_NOTHING = frozenset({"data", "input", "item", "items", "line", "lines", "order", "orders", "value", "variables"})
_MEANS = {
    "bill": "accounts", "billing": "accounts", "ean": "barcode", "gtin": "barcode", "invoice": "accounts",
    "postal": "postcode", "province": "region", "qty": "quantity", "ship": "delivery", "shipping": "delivery",
    "state": "region", "street": "line", "upc": "barcode", "zip": "postcode",
}  # fmt: skip
"""Words of other systems for those of our records."""


@lru_cache(maxsize=_KEPT, typed=True)
def sames(value: Any, *, is_origin: bool) -> tuple[Hashable, ...]:
    """Return what *value* is looked up by, or held under as *is_origin*, the exact first: equal ones share one of them.

    Numbers and barcodes are equal by number, instants by moment, and an instant and a day by day.
    """
    if isinstance(value, bool):
        return (("flag", value),)
    if isinstance(value, int | float | Decimal):
        return (("number", Decimal(str(value))),)
    text = str(value).strip()
    if _NUMBER.fullmatch(text) or _PADDED.fullmatch(text):
        return (("number", Decimal(text)),)
    if _DATE.fullmatch(text):
        return (("day", text),) if is_origin else (("day", text), ("within", text))
    if (found := _MOMENT.fullmatch(text)) and (moment := _moment(text)) is not None:
        return ("moment", moment), ("within" if is_origin else "day", found[1])
    return (("text", text),) if text else ()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=_KEPT, typed=True)
def is_weak(value: Any) -> bool:
    """Return whether *value* is so short that it stands in many places by chance."""
    if isinstance(value, bool):
        return True
    text = text_of(value)
    if _NUMBER.fullmatch(text):
        whole, _, rest = text.partition(".")
        text = (whole + rest.rstrip("0")).lstrip("-0")
    return len(text) < SHORTEST


def text_of(value: Any) -> str:
    """Return *value* as it is written."""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


# texts within texts


@lru_cache(maxsize=_KEPT, typed=True)
def phrase(value: Any) -> str | None:
    """Return *value* from its first word to its last, when it is long enough to be known again within a longer text."""
    text = text_of(value)
    if isinstance(value, bool) or len(text) < SHORTEST or ("." in text and _NUMBER.fullmatch(text)):
        return None
    words = list(_WORD.finditer(text))
    return text[words[0].start() : words[-1].end()] if words else None


class Phrases:
    """Phrases that are looked for within texts, many at once."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._known = frozenset(phrases)
        self._lengths: dict[str, set[int]] = defaultdict(set)
        for one in self._known:
            words = _WORD.findall(one)
            self._lengths[words[0]].add(len(words))

    def within(self, value: Any) -> Iterator[str]:
        """Give the phrases that stand in *value*, each time the longest, none of them all of it."""
        text = text_of(value)
        if isinstance(value, bool) or _NUMBER.fullmatch(text) or _DATE.match(text):
            return
        words = list(_WORD.finditer(text))
        place = 0
        while place < len(words):
            start = words[place].start()
            for length in sorted(self._lengths.get(words[place][0], ()), reverse=True):
                end = place + length
                if end <= len(words) and (one := text[start : words[end - 1].end()]) in self._known and one != text:
                    yield one
                    place = end - 1
                    break
            place += 1


# names


class Called(NamedTuple):
    """What a value is called."""

    name: tuple[str, ...]
    """The words of its own name, or of the label beside it."""
    around: frozenset[str]
    """The words of the groups it stands in."""
    is_label: bool = False
    """It says what the value beside it is."""


class Names:
    """What values by dotted path are called."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._around: dict[str, frozenset[str]] = {"": frozenset()}

    def of(self, path: str) -> Called:
        """Return what the value at *path* is called."""
        group, _, last = path.rpartition(".")
        inside = f"{group}." if group else ""
        name = _words(last)
        if last == "value":
            label = next((self._values[one] for label in _LABELS if (one := f"{inside}{label}") in self._values), None)
            name = _words(label) if isinstance(label, str) else name
        return Called(name, self._of_group(group), last in _LABELS and f"{inside}value" in self._values)

    def _of_group(self, group: str) -> frozenset[str]:
        known = self._around.get(group)
        if known is None:
            above, _, step = group.rpartition(".")
            sorts = [said for sort in _SORTS if isinstance(said := self._values.get(f"{group}.{sort}"), str)]
            known = self._of_group(above).union(_words(step), *map(_words, sorts))
            self._around[group] = known
        return known


@lru_cache(maxsize=_KEPT)
def _words(name: str) -> tuple[str, ...]:
    words = (_MEANS.get(word.lower(), word.lower()) for word in _STEP.findall(name[:100]) if not word.isdecimal())
    return tuple(word for word in words if word not in _SAYS_NOTHING)


@lru_cache(maxsize=_KEPT)
def likeness(one: Called, other: Called) -> float:
    """Return how much alike both are called; the name itself counts most, the groups around it less."""
    mine, its = set(one.name), set(other.name)
    shared = 2 * len(mine & its) / (len(mine) + len(its) or 1)
    across = len(mine & other.around) + len(its & one.around)
    around = len(one.around & other.around) / (len(one.around | other.around) or 1)
    return _spelling(one, other) + shared + across / (len(mine) + len(its) or 1) + around / 2


@lru_cache(maxsize=_KEPT)
def speaks_for(one: Called, other: Called) -> bool:
    """Return whether the names alone make it likely that both are the same field."""
    mine, its = set(one.name), set(other.name)
    return bool(mine & its or mine & other.around or its & one.around) or _spelling(one, other) >= _ALIKE


def _spelling(one: Called, other: Called) -> float:
    if not (one.name and other.name):
        return 0.0
    return SequenceMatcher(None, " ".join(one.name), " ".join(other.name), autojunk=False).ratio()
