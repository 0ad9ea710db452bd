"""Text with columns to rows: encodings, separators and headings as tenants have them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from orderweft import SettingsError, UnavailableError

from ..config import PROFILE, Settings
from ..mapping import Notation, Row, decimal_mark, folded

MOST_ROWS = 1_000_000
MOST_COLUMNS = 16_384
"""As many as a spreadsheet has."""
_DELIMITERS = (",", ";", "\t", "|")
FLAG = "skip_"
"""What the headings of columns begin with that keep an item out of pipelines, such as `skip_push`."""
csv.field_size_limit(2**20)


@dataclass(frozen=True, slots=True)
class Table:
    """What one dataset holds now."""

    rows: tuple[Row, ...]
    columns: frozenset[str]
    """The profile's columns that are there."""
    taken_at: datetime | None
    """When the oldest part of it was written."""
    warnings: tuple[str, ...] = ()

    def check_column(self, column: str, unless: str) -> None:
        """Raise SettingsError when *column* is missing, so that every row would be left out *unless* that is set."""
        if column not in self.columns:
            raise SettingsError(
                f"what Zedonk gives has no column {column!r}, and every row would be left out; give the tenant's own "
                f"name in [columns], or set {unless}"
            )


def decoded(data: bytes, place: str) -> str:
    """Return the text of a file in UTF-8, with or without a mark, or in Windows' western encoding."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnavailableError(f"{place} is neither UTF-8 nor Windows-1252 text; have it exported again")


def parsed(dataset: str, text: str, place: str, settings: Settings) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the headings and the numbered records of a file; raises UnavailableError when it is not whole."""
    if not text.strip():
        raise UnavailableError(f"{place} is empty, it has not even headings; have it exported again")
    if settings.ends_with_line_break and not text.endswith(("\n", "\r")):
        raise UnavailableError(
            f"{place} breaks off in its last line; have it exported again, or set ends_with_line_break = false"
        )
    delimiter = max(_DELIMITERS, key=lambda mark: _known(dataset, text, mark, settings))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        headings = next(reader)
        rows = (
            (reader.line_num, _fitted(cells, len(headings), reader.line_num, place))
            for cells in reader
            if any(cell.strip() for cell in cells)
        )
        records = list(islice(rows, MOST_ROWS + 1))
    except csv.Error as error:
        raise UnavailableError(f"{place} breaks off or is damaged in line {reader.line_num} ({error})") from None
    if len(headings) > MOST_COLUMNS or len(records) > MOST_ROWS:
        raise UnavailableError(
            f"{place} has more than {MOST_COLUMNS} columns or {MOST_ROWS} rows; nothing of it is read"
        )
    return headings, records


def _known(dataset: str, text: str, delimiter: str, settings: Settings) -> int:
    try:
        headings = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return 0
    return len(_headed(dataset, headings, settings))


def _fitted(cells: list[str], width: int, line: int, place: str) -> list[str]:
    if len(cells) < width:
        raise UnavailableError(f"{place} breaks off in line {line}, which has {len(cells)} of {width} columns")
    if any(cell.strip() for cell in cells[width:]):
        raise UnavailableError(f"{place} has more cells than headings in line {line}; have it exported again")
    return cells[:width]


def _headed(dataset: str, headings: Sequence[str], settings: Settings) -> dict[str, str]:
    """Return the heading of each of the profile's columns that is there, however it is spelt."""
    named = settings.columns.get(dataset, {})
    spelt: dict[str, str] = {}
    for heading in headings:
        spelt.setdefault(folded(heading), heading)
        spelt[heading.strip()] = heading
    wanted = {column: named.get(column, column) for column in PROFILE.datasets[dataset].columns}
    return {
        column: found
        for column, name in wanted.items()
        if (found := spelt.get(name.strip()) or spelt.get(folded(name))) is not None
    }


def to_table(
    dataset: str,
    headings: Sequence[str],
    records: Iterable[tuple[str, Mapping[str, str]]],
    settings: Settings,
    *,
    place: str,
    taken_at: datetime | None = None,
) -> Table:
    """Build the table of *dataset* from *records*, each a place and its cells by heading.

    Raises SettingsError naming a needed column that is not there.
    """
    known = PROFILE.datasets[dataset]
    headed = _headed(dataset, headings, settings)
    missing = [column for column in known.required if column not in headed]
    if missing:
        named = settings.columns.get(dataset, {})
        columns = ", ".join(repr(named.get(column, column)) for column in missing)
        raise SettingsError(f"{place} has no column {columns}; give the tenant's own name in [columns.{dataset}]")
    read = {name: heading for heading in headings if (name := heading.strip().lower()).startswith(FLAG)} | headed
    extra = [heading for heading in headings if heading.strip() and heading not in read.values()]
    warnings = (f"{place}: columns nobody reads: {', '.join(extra)}",) if extra else ()
    cells = [(where, {column: found[heading] for column, heading in read.items() if heading in found})
             for where, found in records]  # fmt: skip
    mark = settings.decimal_mark
    notation = Notation(
        decimal_mark(row.get(column, "") for _, row in cells for column in known.numbers) if mark == "auto" else mark,
        settings.date_order,
        PROFILE.words["true"],
        PROFILE.words["false"],
    )
    rows = tuple(Row(row, where, notation) for where, row in cells)
    return Table(rows, frozenset(headed), taken_at, warnings)


def joined(tables: Sequence[Table]) -> Table:
    """Return several tables of one dataset as one."""
    if len(tables) == 1:
        return tables[0]
    taken = [table.taken_at for table in tables if table.taken_at]
    return Table(
        tuple(row for table in tables for row in table.rows),
        frozenset.intersection(*(table.columns for table in tables)) if tables else frozenset(),
        min(taken, default=None),
        tuple(dict.fromkeys(warning for table in tables for warning in table.warnings)),
    )


def written(rows: Sequence[Mapping[str, str]], dataset: str, settings: Settings) -> bytes:
    """Return *rows*, which all have the same columns, as a file; raises ValueError when its encoding lacks a mark."""
    named = settings.columns.get(dataset, {})
    out = io.StringIO(newline="")
    delimiter = "\t" if settings.delimiter == "tab" else settings.delimiter
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(named.get(column, column) for column in rows[0])
    writer.writerows(row.values() for row in rows)
    return out.getvalue().encode(settings.encoding)
