"""Readers of single fields, which may come as text, number, `""` or not at all; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from orderweft import Address, AddressRole, InvalidRecordError, Named, country_code, currency_exponent, first_mistake
from pydantic import ValidationError

Row = Mapping[str, Any]
T = TypeVar("T")


def text(row: Row, field: str) -> str | None:
    """Return *field* as trimmed text, or None when it is empty or not there."""
    value = row.get(field)
    if isinstance(value, Mapping | list):
        raise InvalidRecordError(f"{field}: is not a single value")
    return None if value is None else str(value).strip() or None


def named(row: Row, name: str | None, code: str) -> Named | None:
    """Return the pair of fields *name* and *code*, or None when both are empty."""
    pair = Named(name=text(row, name) if name else None, code=text(row, code))
    return pair if pair.name or pair.code else None


def reason(error: InvalidRecordError | ValidationError) -> str:
    """Return what is wrong, with the field's name in front."""
    if isinstance(error, InvalidRecordError):
        return str(error)
    return first_mistake(error)


def required(field: str, value: T | None) -> T:
    """Return *value*; raise InvalidRecordError when there is none."""
    if value is None:
        raise InvalidRecordError(f"{field}: is missing")
    return value


def number(row: Row, field: str) -> Decimal | None:
    """Return *field* as a number, rid of the noise of binary floats."""
    written = text(row, field)
    if written is None:
        return None
    try:
        read = Decimal(written)
    except InvalidOperation:
        raise InvalidRecordError(f"{field}: {written[:40]!r} is not a number") from None
    if not read.is_finite() or abs(read.adjusted()) > 15:
        raise InvalidRecordError(f"{field}: {written[:40]!r} is not an amount")
    rounded = round(read, 6)  # numbers may carry the noise of a binary float, 42.300000000000004
    return read if read == rounded else rounded


def tidy(amount: Decimal | None, minor: Decimal) -> Decimal | None:
    """Return *amount* with the decimal places of its currency, or with fewer or more where it has others."""
    # JOOR writes amounts as numbers, 46.0, or as text, "46.00": both are the same amount.
    if amount is None:
        return None
    return amount.quantize(minor) if amount == amount.quantize(minor) else amount.normalize()


def whole(row: Row, field: str) -> int | None:
    """Return *field* as a whole number, which may be below zero."""
    read = number(row, field)
    if read is None:
        return None
    if read != int(read):
        raise InvalidRecordError(f"{field}: {read} is not a whole number of pieces")
    return int(read)


def count(row: Row, field: str) -> int | None:
    """Return *field* as a number of pieces."""
    read = whole(row, field)
    if read is not None and read < 0:
        raise InvalidRecordError(f"{field}: {read} is not a whole number of pieces")
    return read


def flag(row: Row, field: str) -> bool:
    """Return whether *field* says yes, as a boolean, a number or a word."""
    return (text(row, field) or "").lower() in ("1", "true", "yes", "y")


def currency_of(row: Row, field: str) -> str | None:
    """Return *field* as a currency code."""
    code = (text(row, field) or "").upper()
    try:
        currency_exponent(code or "USD")
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{field}: {error}") from None
    return code or None


def minor_of(code: str) -> Decimal:
    """Return the smallest unit of a currency."""
    return Decimal(1).scaleb(-currency_exponent(code))


def instant(row: Row, field: str) -> datetime | None:
    """Return *field* as an instant."""
    written = text(row, field)
    # JOOR's dates may be empty or shorter than a day; one without an offset is UTC (v2 definitions and conventions).
    if written is None or len(written) < 10:
        return None
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        raise InvalidRecordError(f"{field}: {written[:40]!r} is not a date") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def day(row: Row, field: str) -> date | None:
    """Return *field* as a day."""
    read = instant(row, field)
    return read.date() if read else None


def comment(row: Row, field: str) -> str | None:
    """Return *field* as a text of several lines."""
    written = text(row, field)
    # JOOR ends paragraphs of comments with a literal <eop>; seen in a production ingester.
    return "\n".join(part.strip() for part in written.split("<eop>")).strip() or None if written else None


def entries(row: Row, field: str) -> list[Row]:
    """Return the objects of a list, which may be `""` when empty and a single object when it has one."""
    value = row.get(field)
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    listed = value if isinstance(value, list) else [value]
    for index, entry in enumerate(listed):
        if not isinstance(entry, Mapping):
            raise InvalidRecordError(f"{field}[{index}]: is not an object")
    return listed


def wrapped(row: Row, field: str, entry: str) -> list[Row]:
    """Return the objects of a list whose JSON may carry the XML's inner node *entry*, around all or around each."""
    listed = entries(row, field)
    if len(listed) == 1 and isinstance(listed[0].get(entry), list):
        listed = entries(listed[0], entry)
    return [
        below if list(item) == [entry] and isinstance(below := item[entry], Mapping) else item
        for item in listed
        if list(item) != [entry] or item[entry] not in ("", None)
    ]


def countries(row: Row, prefix: str) -> list[str]:
    """Return the country after *prefix* in each form it is written in, the surest first."""
    forms = (text(row, f"{prefix}_country{form}") for form in ("_iso_two", "_iso_three", ""))
    return [form for form in forms if form]


def country(row: Row, prefix: str) -> str | None:
    """Return the code of the country after *prefix*."""
    return next((code for code in map(country_code, countries(row, prefix)) if code), None)


def address(row: Row, role: AddressRole, prefix: str, region: str = "region") -> Address | None:
    """Return the address whose fields begin with *prefix*, or None when they are empty."""
    parts = {
        "code": text(row, f"{prefix}_code"),
        "name": text(row, f"{prefix}_name"),
        "line1": text(row, f"{prefix}_address_1"),
        "line2": text(row, f"{prefix}_address_2"),
        "city": text(row, f"{prefix}_city"),
        "region": text(row, f"{prefix}_{region}"),
        "postcode": text(row, f"{prefix}_postal_code"),
        "country": country(row, prefix),
        "phone": text(row, f"{prefix}_phone"),
        "email": text(row, f"{prefix}_email"),
    }
    return Address.model_validate({"role": role, **parts}) if any(parts.values()) else None
