"""How the tenant writes values and files, and reads them back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from .rows import Value
from .switches import Switches

_POINT = re.compile(r"-?\d+(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_COMMA = re.compile(r"-?(\d{1,3}(\.\d{3})*|\d+)(,\d+)?")


def write_value(column: str, value: Value, switches: Switches, *, decimals: str) -> str:
    """Return *value* as the tenant writes it; nothing known is an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _write_decimal(value) if decimals == "comma" else str(value)
    if isinstance(value, date):
        return _write_date(value, switches)
    if column == "Barcode" and switches["leading_zeros"] == "stripped":
        return str(value).lstrip("0")
    return str(value)


def _write_decimal(value: Decimal) -> str:
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def _write_date(value: date, switches: Switches) -> str:
    if switches["dates"] == "instant":
        # how a .NET DataSet writes a date that has no time
        return datetime.combine(value, time.min).isoformat() + "+00:00"
    return value.strftime("%d/%m/%Y") if switches["dates"] == "uk" else value.isoformat()


def read_decimal(text: str, switches: Switches) -> Decimal | None:
    """Return the amount *text* says in the tenant's style, None when it is not one."""
    text = text.strip()
    if not (_COMMA if switches["decimals"] == "comma" else _POINT).fullmatch(text):
        return None
    return Decimal(text.replace(".", "").replace(",", ".") if switches["decimals"] == "comma" else text)


def read_whole(text: str) -> int | None:
    """Return the whole number *text* says, None when it is not one."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else None


def read_day(text: str) -> date | None:
    """Return the day *text* says as YYYY-MM-DD, None when it is not one."""
    try:
        return date.fromisoformat(text.strip()) if _DAY.fullmatch(text.strip()) else None
    except ValueError:
        return None


def write_csv(rows: Iterable[Sequence[str]], switches: Switches) -> bytes:
    """Return *rows* as a file in the tenant's dialect."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=switches["delimiter"], lineterminator=switches["newline"]).writerows(rows)
    return text.getvalue().encode(switches["encoding"], "replace")


def read_csv(data: bytes, switches: Switches) -> list[list[str]]:
    """Return the rows of a file in the tenant's dialect; raises ValueError when it is not one."""
    encoding = "cp1252" if switches["encoding"] == "cp1252" else "utf-8-sig"
    text = io.StringIO(data.decode(encoding), newline="")
    try:
        return [row for row in csv.reader(text, delimiter=switches["delimiter"], strict=True) if row]
    except csv.Error as error:
        raise ValueError(str(error)) from error
