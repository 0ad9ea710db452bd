"""Find the line a setting stands on, which the TOML parser does not tell."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence

_PIECE = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}(?!")|\'{3}.*?\'{3,5}(?!\')|"(?:\\.|[^"\\])*"|'[^']*'|\#[^\n]*|[\[\]{}\n]|[^"'\#\[\]{}\n]+''',
    re.DOTALL,
)
_HEADER = re.compile(r"(\[\[?)(.+?)\]\]?$", re.DOTALL)
_KEY = re.compile(r"""((?:"(?:\\.|[^"\\])*"|'[^']*'|[^=])*)=""")


class Lines:
    """Where each table and key of a valid TOML text begins."""

    def __init__(self, text: str) -> None:
        self._found: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        repeated: Counter[tuple[str, ...]] = Counter()
        for number, statement in _statements(text):
            if header := _HEADER.match(statement):
                table = _parts(header[2])
                if header[1] == "[[":
                    repeated[table] += 1
                    table = (*table, str(repeated[table] - 1))
                self._found.setdefault(table, number)
            elif key := _KEY.match(statement):
                self._found.setdefault((*table, *_parts(key[1])), number)

    def of(self, path: Sequence[str | int]) -> int | None:
        """Return the line *path* stands on, or that of the nearest table around it."""
        wanted = tuple(str(part) for part in path)
        for length in range(len(wanted), 0, -1):
            if line := self._found.get(wanted[:length]):
                return line
        return None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Give each header and each key with its value, comments left out, and the line it begins on."""
    number, depth, begun, parts = 1, 0, 1, list[str]()
    for piece in _PIECE.findall(f"{text}\n"):
        if piece == "\n" and depth == 0:
            if statement := "".join(parts).strip():
                yield begun, statement
            begun, parts = number + 1, []
        elif not piece.startswith("#"):
            depth += (piece in "[{") - (piece in "]}")
            parts.append(piece)
        number += piece.count("\n")


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
