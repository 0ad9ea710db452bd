"""The functions an expression may call: a fixed set that reads nothing but its arguments.

Money and other decimals come as text or Decimal and are computed exactly. A function that is given null answers null,
except those that are there to deal with it. Whatever cannot be done raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import quote

LONGEST_TEXT = 200_000
"""Characters a text in an expression may have."""
_LONGEST_SEARCHED = 1000
_LONGEST_PATTERN = 60
_MOST_DIGITS = 40
_HASH_DIGITS = 10
_KEY_MARKS = ":._-"
"""What a key of a delivery has besides letters and digits."""
_EXACT = Context(prec=120, rounding=ROUND_HALF_UP)
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\??|.", re.DOTALL)
_FORMAT = re.compile(r"(?:%[YmdHMSyjf%]|[^%])*")


@dataclass(frozen=True, slots=True)
class Function:
    """A function with how many arguments it takes; *takes_null* when null is not simply passed on."""

    call: Callable[..., Any]
    fewest: int
    most: int
    takes_null: bool = False


def shown(value: Any) -> str:
    """Return *value* short enough for a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def decimal_of(value: Any) -> Decimal:
    """Return *value*, a number or its text, as Decimal."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, str) and len(value) <= _MOST_DIGITS:
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            raise ValueError(f"{shown(value)} is not a number") from None
    else:
        raise ValueError(f"{shown(value)} is not a number")
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{shown(value)} is not a number of usual size")
    return number


def text_of(value: Any) -> str:
    """Return a text, number or truth value as text, decimals without an exponent."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(decimal_of(value), "f")
    raise ValueError(f"{shown(value)} is a list or a map where a text is expected")


def is_empty(value: Any) -> bool:
    """Return whether *value* is null, or a text, list or map with nothing in it."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def rounded(value: Any, places: Any = 0) -> Decimal:
    """Return *value* with *places* decimal places, halves away from zero as on an invoice."""
    scale = int(decimal_of(places))
    if not 0 <= scale <= 12:
        raise ValueError(f"cannot round to {scale} places; 0 to 12 are possible")
    return decimal_of(value).quantize(Decimal(1).scaleb(-scale), context=_EXACT)


def instant_of(value: Any, given: str | None = None) -> datetime:
    """Return *value*, written in ISO 8601 or in the format *given*, in UTC; one without a zone is in UTC."""
    text = text_of(value).strip()
    try:
        if given is None:
            instant = datetime.fromisoformat(text)
        else:
            instant = datetime.strptime(text, check_format(given)).replace(tzinfo=UTC)
    except ValueError:
        expected = "such as 2026-11-02 or 2026-11-02T09:00:00Z" if given is None else f"as {given}"
        raise ValueError(f"{shown(value)} is not a day or time {expected}") from None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def date_text(value: Any, wanted: str = "%Y-%m-%d", given: str | None = None) -> str:
    """Return the day of *value* in the format *wanted*."""
    return instant_of(value, given).strftime(check_format(wanted))


def datetime_text(value: Any, wanted: str = "%Y-%m-%dT%H:%M:%SZ", given: str | None = None) -> str:
    """Return the moment of *value* in UTC in the format *wanted*."""
    return instant_of(value, given).strftime(check_format(wanted))


def check_format(text: str) -> str:
    """Return *text* when it is a format of day and time that means the same in every language."""
    if not isinstance(text, str) or len(text) > 40 or not _FORMAT.fullmatch(text):
        raise ValueError(f"{shown(text)} is no format; it may have %Y %m %d %H %M %S %y %j %f and %% in it")
    return text


def fit_key(text: Any, allowed: Any, longest: Any) -> str:
    """Return *text* with the characters *allowed* only and no longer than *longest*.

    Whenever anything is replaced or cut, a hash of the whole text is appended, so that two keys never become one.
    """
    whole, most = text_of(text), int(decimal_of(longest))
    kept, stand_in = _allowed(text_of(allowed))
    if most < _HASH_DIGITS + 2:
        raise ValueError(f"a key of {most} characters is too short; the least is {_HASH_DIGITS + 2}")
    fitted = kept.sub(stand_in, whole)
    if fitted == whole and len(whole) <= most:
        return whole
    digest = sha256(whole.encode()).hexdigest()[:_HASH_DIGITS]
    tail = f"{stand_in}{digest if not kept.search(digest) else digest.upper()}"
    return f"{fitted[: most - len(tail)]}{tail}"


def unfitted(text: str, allowed: str) -> tuple[str, str, str] | None:
    """Return what stands before the hash of a fitted key, what replaces characters, and the ones it may stand for.

    None when *text* ends in no hash.
    """
    kept, stand_in = _allowed(allowed)
    fitted = re.fullmatch(rf"(.+){re.escape(stand_in)}[0-9a-fA-F]{{{_HASH_DIGITS}}}", text)
    if fitted is None:
        return None
    return fitted[1], stand_in, "".join(mark for mark in _KEY_MARKS if kept.search(mark))


@cache
def _allowed(characters: str) -> tuple[re.Pattern[str], str]:
    if not characters or characters.startswith("^") or any(mark in characters for mark in "[]\\"):
        raise ValueError(f"{shown(characters)} does not list characters, such as A-Za-z0-9_-")
    try:
        others = re.compile(f"[^{characters}]")
    except re.error:
        raise ValueError(f"{shown(characters)} does not list characters, such as A-Za-z0-9_-") from None
    if others.search("0123456789"):
        raise ValueError("a key needs all digits among its characters")
    if others.search("abcdef") and others.search("ABCDEF"):
        raise ValueError("a key needs the letters a to f or A to F among its characters")
    return others, next((mark for mark in "-_.x" if not others.search(mark)), "0")


@cache
def checked_pattern(pattern: str) -> re.Pattern[str]:
    """Return *pattern* compiled, when nothing it is tried on can keep it busy for long."""
    tokens = _TOKEN.findall(pattern) if len(pattern) <= _LONGEST_PATTERN else []
    repeats = [index for index, token in enumerate(tokens) if token in ("*", "+", "?", "{")]
    after_group = any(index and tokens[index - 1] == ")" for index in repeats)
    back = any(re.fullmatch(r"\\[1-9]", token) for token in tokens)
    if not tokens or len(repeats) > 2 or after_group or back or "(?" in tokens:
        raise ValueError(
            f"{shown(pattern)} is not a pattern of at most {_LONGEST_PATTERN} characters and two repetitions,"
            " without repeated groups, back references and (?"
        )
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{shown(pattern)} is not a pattern: {error}") from None


def _replace_re(text: Any, pattern: Any, replacement: Any) -> str:
    whole, instead = text_of(text), text_of(replacement)
    if len(whole) > _LONGEST_SEARCHED or len(instead) > _LONGEST_PATTERN:
        raise ValueError(f"replace_re takes texts of up to {_LONGEST_SEARCHED} characters")
    return checked_pattern(text_of(pattern)).sub(lambda _: instead, whole)


def _split(text: Any, separator: Any) -> list[str]:
    if not text_of(separator):
        raise ValueError("split needs something to split at")
    return text_of(text).split(text_of(separator))


def _after_last(text: Any, separator: Any) -> str:
    if not text_of(separator):
        raise ValueError("after_last needs something to look for")
    return text_of(text).rpartition(text_of(separator))[2]


def _pick(values: Any, key: Any) -> Any:
    if not isinstance(values, dict):
        if values == []:  # PHP writes an empty map as an empty list
            return None
        raise ValueError(f"pick needs a map, not {shown(values)}")
    return values.get(text_of(key))


def _where(entries: Any, field: Any, value: Any) -> list[Any]:
    """Return the maps whose *field* is *value*; a filter of JMESPath cannot name anything outside the list."""
    wanted = text_of(value)
    maps = [entry for entry in _list(entries) if isinstance(entry, dict) and entry.get(field) is not None]
    return [entry for entry in maps if text_of(entry[field]) == wanted]


def _lookup(maps: Mapping[str, Mapping[str, str]], name: Any, value: Any) -> str | None:
    if name not in maps:
        raise ValueError(f"there is no map {shown(name)}")
    values = maps[name]
    return values.get(text_of(value) if value is not None else "", values.get("*"))


def _days_before(when: Any, days: Any) -> str:
    count = int(decimal_of(days))
    if not 0 <= count <= 36_500:
        raise ValueError(f"{count} is not a number of days")
    return datetime_text((instant_of(when) - timedelta(days=count)).isoformat())


def _urlpath(text: Any) -> str:
    segment = text_of(text)
    if segment in ("", ".", "..") or not segment.isprintable():
        raise ValueError(f"{shown(segment)} cannot be part of a path")
    return quote(segment, safe="")


def _sqltext(text: Any) -> str:
    value = text_of(text)
    if not value.isprintable() or "\\" in value:
        raise ValueError(f"{shown(value)} cannot be part of a query")
    return "'" + value.replace("'", "''") + "'"


def _join(separator: Any, texts: Any) -> str:
    return text_of(separator).join(text_of(text) for text in _list(texts) if text is not None)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{shown(value)} is not a list")
    return value


def _sum(values: Any) -> Decimal:
    total = Decimal(0)
    for value in _list(values):
        total = total if value is None else _EXACT.add(total, decimal_of(value))
    return total


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is not a map")
    return value


def _merge(*maps: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for one in maps:
        merged |= _map(one)
    return merged


def _contains(whole: Any, part: Any) -> bool:
    return part in whole if isinstance(whole, list) else text_of(part) in text_of(whole)


def _length(value: Any) -> int:
    if not isinstance(value, str | list | dict):
        raise ValueError(f"{shown(value)} has no length")
    return len(value)


def _type(value: Any) -> str:
    kinds = ((bool, "boolean"), (str, "string"), (int | Decimal, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if not is_empty(value)), None)


FUNCTIONS: Mapping[str, Function] = {
    "add": Function(lambda a, b: _EXACT.add(decimal_of(a), decimal_of(b)), 2, 2),
    "after_last": Function(_after_last, 2, 2),
    "coalesce": Function(_coalesce, 1, 9, takes_null=True),
    "concat": Function(lambda *texts: "".join(text_of(t) for t in texts if t is not None), 1, 20, takes_null=True),
    "contains": Function(_contains, 2, 2),
    "date": Function(date_text, 1, 3),
    "datetime": Function(datetime_text, 1, 3),
    "days_before": Function(_days_before, 2, 2),
    "ends_with": Function(lambda text, end: text_of(text).endswith(text_of(end)), 2, 2),
    "fit_key": Function(fit_key, 3, 3),
    "join": Function(_join, 2, 2),
    "keys": Function(lambda value: list(_map(value)), 1, 1),
    "length": Function(_length, 1, 1),
    "lookup": Function(_lookup, 2, 2, takes_null=True),
    "lower": Function(lambda text: text_of(text).lower(), 1, 1),
    "merge": Function(_merge, 1, 9),
    "mul": Function(lambda a, b: _EXACT.multiply(decimal_of(a), decimal_of(b)), 2, 2),
    "number": Function(decimal_of, 1, 1),
    "pick": Function(_pick, 2, 2),
    "replace_re": Function(_replace_re, 3, 3),
    "round": Function(rounded, 1, 2),
    "split": Function(_split, 2, 2),
    "sqltext": Function(_sqltext, 1, 1),
    "starts_with": Function(lambda text, begin: text_of(text).startswith(text_of(begin)), 2, 2),
    "sub": Function(lambda a, b: _EXACT.subtract(decimal_of(a), decimal_of(b)), 2, 2),
    "sum": Function(_sum, 1, 1),
    "text": Function(text_of, 1, 1),
    "to_array": Function(lambda value: value if isinstance(value, list) else [value], 1, 1),
    "trim": Function(lambda text: text_of(text).strip(), 1, 1),
    "type": Function(_type, 1, 1, takes_null=True),
    "upper": Function(lambda text: text_of(text).upper(), 1, 1),
    "urlpath": Function(_urlpath, 1, 1),
    "values": Function(lambda value: list(_map(value).values()), 1, 1),
    "where": Function(_where, 3, 3),
}
"""By name; `lookup` is given the profile's maps before its arguments."""
