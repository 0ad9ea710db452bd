"""Settings as they are written in `orderweft.toml`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"(?!.*''')[^\x00-\x08\x0b-\x1f\x7f]*\n", re.DOTALL)
"""Text of several lines that may stand between three apostrophes: https://toml.io/en/v1.0.0#string."""


def as_toml(path: Sequence[str], table: Mapping[str, Any]) -> str:
    """Return *table* under the heading *path*, the tables in it each under one of its own."""
    inner = {name: value for name, value in table.items() if isinstance(value, Mapping) and value}
    plain = {name: value for name, value in table.items() if name not in inner and value is not None}
    lines = [f"[{'.'.join(map(_key, path))}]", *(f"{_key(name)} = {_value(value)}" for name, value in plain.items())]
    return "\n\n".join(["\n".join(lines), *(as_toml([*path, name], value) for name, value in inner.items())])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float):
        return str(value)
    return f"'''\n{value}'''" if _LITERAL.fullmatch(str(value)) else _quoted(str(value))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
