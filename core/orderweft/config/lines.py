"""Find the line a setting stands on, which the TOML parser does not tell."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Sequence

_TABLE = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")


class Lines:
    """Where each table and key of a TOML text begins."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        repeated: Counter[tuple[str, ...]] = Counter()
        inside: str | None = None
        for number, line in enumerate(text.splitlines(), 1):
            if inside is not None:
                inside = None if inside in line else inside
                continue
            if header := _TABLE.match(line):
                table = _parts(header[2])
                if header[1] == "[[":
                    repeated[table] += 1
                    table = (*table, str(repeated[table] - 1))
                self._found.setdefault(table, number)
            elif key := _KEY.match(line):
                self._found.setdefault((*table, *_parts(key[1])), number)
                inside = _opens(line[key.end() :])

    def of(self, path: Sequence[str | int]) -> int | None:
        """Return the line *path* stands on, or that of the nearest table around it."""
        wanted = tuple(str(part) for part in path)
        for length in range(len(wanted), 0, -1):
            if line := self._found.get(wanted[:length]):
                return line
        return None


def _parts(dotted: str) -> tuple[str, ...]:
    try:
        value = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return (dotted,)
    parts = []
    while isinstance(value, dict):
        (name, value), *_ = value.items()
        parts.append(name)
    return tuple(parts)


def _opens(rest: str) -> str | None:
    for mark in ('"""', "'''"):
        if rest.count(mark) == 1:
            return mark
    return None
