"""The filters of reports: `1=1`, then ` and (expression)` or ` or (expression)` any number of times."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .rows import Row, Value

_CLAUSE = re.compile(
    r"\s+(?P<join>and|or)\s+\(\s*(?P<column>\[[^\]]+\]|\w+)\s*(?P<operator><=|>=|<>|!=|=|<|>)\s*"
    r"(?P<value>'(?:[^']|'')*'|-?\d+(?:\.\d+)?)\s*\)",
    re.IGNORECASE,
)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le,
    ">=": operator.ge,
}  # fmt: skip


class BadFilterError(ValueError):
    """Raised for a filter that the grammar does not know."""


@dataclass(frozen=True)
class Clause:
    """One comparison of a column with a value, and how it is joined to those before."""

    join: str
    column: str
    operator: str
    value: str

    def holds(self, row: Mapping[str, Value]) -> bool:
        """Say whether *row* meets it; a row that knows no value does not."""
        known = row[self.column]
        if known is None:
            return False
        compare = _COMPARE[self.operator]
        if isinstance(known, bool):
            return compare("true" if known else "false", self.value.lower())
        if isinstance(known, int | Decimal):
            try:
                return compare(known, Decimal(self.value))
            except InvalidOperation:
                return False
        return compare(known.isoformat() if isinstance(known, date) else known, self.value)


class Filter:
    """A filter as it came in *text*; `''` inside quotes stands for an apostrophe where *doubled*."""

    def __init__(self, text: str, *, doubled: bool) -> None:
        self.clauses: list[Clause] = []
        if not text:
            return
        if not text.startswith("1=1"):
            raise BadFilterError("a filter begins with 1=1")
        place = 3
        while place < len(text):
            match = _CLAUSE.match(text, place)
            if match is None:
                raise BadFilterError(f"incorrect syntax near {text[place : place + 20]!r}")
            value = match["value"]
            if value.startswith("'"):
                value = value[1:-1]
                if "''" in value and not doubled:
                    raise BadFilterError("incorrect syntax near an apostrophe")
                value = value.replace("''", "'")
            self.clauses.append(Clause(match["join"].lower(), _folded(match["column"]), match["operator"], value))
            place = match.end()

    @property
    def names_season(self) -> bool:
        """Say whether a clause asks for a season."""
        return any(clause.column == "season" for clause in self.clauses)

    def select(self, rows: Sequence[Row], columns: Sequence[str]) -> list[Row]:
        """Return the *rows* that meet it; `and` binds tighter than `or`."""
        known = {_folded(name) for name in columns}
        for clause in self.clauses:
            if clause.column not in known:
                raise BadFilterError(f"there is no column {clause.column!r}")
        if not self.clauses:
            return list(rows)
        return [row for row in rows if self._holds({_folded(name): value for name, value in row.items()})]

    def _holds(self, row: Mapping[str, Value]) -> bool:
        groups: list[bool] = [True]
        for clause in self.clauses:
            if clause.join == "or":
                groups.append(clause.holds(row))
            else:
                groups[-1] = groups[-1] and clause.holds(row)
        return any(groups)


def _folded(name: str) -> str:
    return name.strip("[]").replace(" ", "").casefold()
