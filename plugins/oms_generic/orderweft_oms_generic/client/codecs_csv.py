"""Rows of text with columns, in the dialects and line modes that are found in the wild."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from orderweft import TemplateError

from ..profiles.expressions import Context, leaf, roots_of
from ..profiles.model import Column, Format
from ..profiles.tree import render_text

MOST_COLUMNS = 16_384
"""As many as a spreadsheet has."""
LINES = "lines"
"""Where the detail rows of a header row are found when it is read."""
# Cells a spreadsheet computes: owasp.org/www-community/attacks/CSV_Injection. A plain number does no harm.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
_NUMBERED = re.compile(r"\border\.lines\[(\d+)\]")
Row = dict[str, Any]


def read(form: Format, text: str, most_rows: int) -> list[Row]:
    """Return the rows of a file by column; raises ValueError naming the line."""
    records = list(islice(_records(form, text), most_rows + 2))
    if len(records) > most_rows + 1:
        raise ValueError(f"has more than {most_rows} rows")
    if form.lines == "header_detail":
        return _nested(form, records)
    if form.header and not records:
        raise ValueError("is empty; it has not even headings")
    if form.header:
        (line, cells), *records = records
        names = _headings(form, cells, line)
    else:
        names = [column.name for column in form.columns]
    rows = [_row(names, cells, line) for line, cells in records]
    if form.lines == "row_per_line_sparse":
        _fill_down(rows, names)
    return rows


def _records(form: Format, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        strict=True,
    )
    try:
        for cells in reader:
            if len(cells) > MOST_COLUMNS:
                raise ValueError(f"line {reader.line_num}: it has more than {MOST_COLUMNS} columns")
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: it breaks off or is damaged ({error})") from None


def _headings(form: Format, cells: Sequence[str], line: int) -> list[str]:
    """Return the names of the columns, as the format spells them; raises ValueError when one is missing or twice."""
    spelt = {column.name.strip().casefold(): column.name for column in form.columns}
    names = [spelt.get(cell.strip().casefold(), cell.strip()) for cell in cells]
    missing = [column.name for column in form.columns if column.needed and column.name not in names]
    if missing:
        raise ValueError(f"line {line}: there is no column {', '.join(map(repr, missing))}")
    twice = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if twice:
        raise ValueError(f"line {line}: the column {twice[0]!r} comes twice")
    return names


def _row(names: Sequence[str], cells: Sequence[str], line: int) -> Row:
    if len(cells) < len(names):
        raise ValueError(f"line {line}, column {names[len(cells)]!r}: the line breaks off before it")
    if any(cell.strip() for cell in cells[len(names) :]):
        raise ValueError(f"line {line}, column {len(names) + 1}: there is more than the {len(names)} columns")
    return {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}


def _fill_down(rows: Sequence[Row], names: Sequence[str]) -> None:
    """Give the first column, which is the key, to the later rows of an order that leave it out."""
    key, last = names[0], ""
    for row in rows:
        last = row[key] = row[key] or last


def _nested(form: Format, records: Sequence[tuple[int, list[str]]]) -> list[Row]:
    header, detail = types_of(form) or ("", "")
    outer, inner = ([column.name for column in columns] for columns in (form.columns, form.detail_columns))
    headings = [[name.casefold() for name in names] for names in (outer, inner)] if form.header else []
    rows: list[Row] = []
    for line, cells in records:
        if [cell.strip().casefold() for cell in cells] in headings:
            continue
        kind = cells[0].strip()
        if kind == header:
            rows.append({**_row(outer, cells, line), LINES: []})
        elif kind == detail and rows:
            rows[-1][LINES].append(_row(inner, cells, line))
        else:
            what = "comes before any header row" if kind == detail else f"is neither {header!r} nor {detail!r}"
            raise ValueError(f"line {line}, column {outer[0]!r}: {kind!r} {what}")
    return rows


def types_of(form: Format) -> tuple[str, str] | None:
    """Return what tells header rows from detail rows: the literal values of their first columns."""
    if not form.columns or not form.detail_columns:
        return None
    header, detail = form.columns[0].value, form.detail_columns[0].value
    literal = not any(leaf(value).expressions for value in (header, detail))
    return (header, detail) if literal and header and detail and header != detail else None


def write(form: Format, names: Context, where: str) -> str:
    """Return the file of one order; raises TemplateError naming line and column."""
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=form.delimiter,
        quotechar=form.quote or None,
        quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
        lineterminator=form.line_end,
    )
    try:
        if form.header:
            writer.writerow([column.name for column in form.columns])
        if form.header and form.lines == "header_detail":
            writer.writerow([column.name for column in form.detail_columns])
        writer.writerows(_written(form, names, where))
    except csv.Error as error:
        raise TemplateError(f"{where}: a cell holds {form.delimiter!r} or a line break, and nothing quotes it"
                            f" ({error})") from None  # fmt: skip
    return out.getvalue()


def _written(form: Format, names: Context, where: str) -> Iterator[list[str]]:
    lines = names["order"].get("lines") or []
    if form.lines in ("row_per_order", "header_detail"):
        _check_room(form, len(lines), where)
        yield [_cell(form, column, names, where) for column in form.columns]
        if form.lines == "row_per_order":
            return
    elif not lines:
        raise TemplateError(f"{where}: the order has no lines, and so no rows")
    columns = form.detail_columns if form.lines == "header_detail" else form.columns
    for number, line in enumerate(lines, 1):
        inner = {**names, "line": line, "line_no": number}
        sparse = form.lines == "row_per_line_sparse" and number > 1
        yield [
            _cell(form, column, inner, f"{where}, line {number} of the order")
            if not sparse or not index or _repeats(column)
            else ""
            for index, column in enumerate(columns)
        ]


def _repeats(column: Column) -> bool:
    """Return whether *column* stands on every row of an order, because it tells of the line or is the key."""
    return bool(roots_of(column.value) & {"line", "line_no", "key"})


def _check_room(form: Format, count: int, where: str) -> None:
    """Refuse an order with more lines than there are numbered columns, for the rest would be lost."""
    places = [int(number) for column in form.columns for number in _NUMBERED.findall(column.value)]
    if form.lines == "row_per_order" and places and count > max(places) + 1:
        raise TemplateError(f"{where}: the order has {count} lines, and there are columns for {max(places) + 1}")


def _cell(form: Format, column: Column, names: Context, where: str) -> str:
    text = render_text(column.value, names, f"{where}, column {column.name}")
    if text is None:
        if column.needed:
            raise TemplateError(f"{where}, column {column.name}: `{column.value}` gives nothing, and a value is needed")
        return ""
    # a lone \r would not be quoted where lines end in \n, and readers take it for a line end
    text = re.sub(r"\r\n?", "\n", text)
    if form.formula_guard and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    if "\0" in text:
        raise TemplateError(f"{where}, column {column.name}: there is a NUL in it")
    return text
