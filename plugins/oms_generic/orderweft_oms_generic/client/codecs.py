"""Files to data and orders to files: CSV, JSON, JSON lines and XML as a profile's formats say; no I/O.

What is read is bounded in size, depth and rows, and is whole or not at all: a file with a mistake gives nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from orderweft import SettingsError, TemplateError, UnavailableError

from ..profiles.expressions import Context, roots_of
from ..profiles.model import Format
from ..profiles.tree import render
from . import codecs_csv, codecs_xml

MOST_ROWS = 500_000
DEEPEST = 60


class BadFileError(UnavailableError):
    """Raised when a file cannot be read; the message names file, line and column, and nothing of the file counts."""


def decode(form: Format, data: bytes, place: str) -> Any:
    """Return what a whole file says, *place* being its name in messages.

    Rows of CSV are a list of maps; so is XML whose format names a repeated element, and other XML is a map. Numbers in
    JSON are exact, everything in CSV and XML is text.
    """
    try:
        if form.kind == "xml":
            return _bounded(codecs_xml.read(form, data, DEEPEST, MOST_ROWS))
        text = _text(form, data)
        if form.kind == "csv":
            return _bounded(codecs_csv.read(form, text, MOST_ROWS))
        return _bounded(_json(text))
    except ValueError as error:
        raise BadFileError(f"{place}{_link(str(error))}{error}") from None


def _link(problem: str) -> str:
    return ", " if problem.startswith(("line ", "element ")) else ": "


def _text(form: Format, data: bytes) -> str:
    encoding = "utf-8-sig" if form.encoding == "utf-8" else form.encoding
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: a byte there is no {form.encoding}") from None
    if "\0" in text:
        raise ValueError(f"line {text[: text.index(chr(0))].count(chr(10)) + 1}: there is a NUL, so this is no text")
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, character {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError(f"is nested more than {DEEPEST} deep") from None
    except (ValueError, InvalidOperation) as error:
        told = error if isinstance(error, ValueError) else "it is out of range"
        raise ValueError(f"a number in it: {told}") from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _bounded(value: Any) -> Any:
    """Return *value* unless it is too deep or has too long lists in it."""
    level, depth = [value], 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"is nested more than {DEEPEST} deep")
        if any(isinstance(item, list) and len(item) > MOST_ROWS for item in level):
            raise ValueError(f"has more than {MOST_ROWS} rows")
        level = [below for item in level for below in (item.values() if isinstance(item, dict) else item)]
    return value


def encode(form: Format, names: Context, where: str) -> bytes:
    """Return the file of one order; raises TemplateError, which names column or field, when it cannot be written."""
    encoding = form.encoding
    try:
        if form.kind == "csv":
            return codecs_csv.write(form, names, where).encode(encoding)
        if form.kind == "xml":
            return codecs_xml.write(form, render(form.tree, names, where, "text"), where)
        tree = render(form.tree, names, where)
        return f"{json.dumps(tree, ensure_ascii=False, allow_nan=False)}{form.line_end}".encode(encoding)
    except UnicodeEncodeError as error:
        lacks, around = error.object[error.start], error.object[max(0, error.start - 20) : error.start + 20]
        raise TemplateError(f"{where}: {form.encoding} has no {lacks!r}, which is in {around!r}") from None
    except ValueError as error:
        raise TemplateError(f"{where}: {error}") from None


def check_format(form: Format, where: str, *, written: bool) -> None:
    """Raise SettingsError when files cannot be read, or with *written* orders not be written, as *form* says."""
    wrong = list(_mistakes(form, written))
    if wrong:
        raise SettingsError("\n".join(f"{where}: {what}" for what in wrong))


def _mistakes(form: Format, written: bool) -> Iterator[str]:
    if form.kind == "xml":
        yield from codecs_xml.mistakes(form)
    if form.kind != "csv":
        if written and not form.tree:
            yield f"{form.kind} is written from `tree`"
        return
    if len(form.delimiter) != 1 or len(form.quote) > 1 or form.delimiter in (form.quote, "\r", "\n"):
        yield "`delimiter` must be one character and `quote` another, or nothing"
    if (written or not form.header or form.lines == "header_detail") and not form.columns:
        yield "csv needs `columns`, unless it is read and has headings"
    if form.lines == "header_detail" and codecs_csv.types_of(form) is None:
        yield "header_detail needs a first column in `columns` and `detail_columns`, with two values that tell them"
    yield from (
        f"columns.{column.name} names the line, and there is none in that row"
        for column in (form.columns if form.lines in ("row_per_order", "header_detail") else ())
        if roots_of(column.value) & {"line", "line_no"}
    )
    named = [column.name for column in form.columns]
    yield from (f"columns.{name} comes twice" for name in sorted({one for one in named if named.count(one) > 1}))
