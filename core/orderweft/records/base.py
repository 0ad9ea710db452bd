"""What all records share: the base model and the types of their fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import pycountry
from iso4217 import Currency as _Iso4217
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from stdnum import ean

from ..errors import InvalidRecordError

MONEY_PLACES = 6
"""Decimal places an amount may have; up to six, Python writes a Decimal without an exponent."""
MONEY_PATTERN = r"^-?(0|[1-9][0-9]{0,23})(\.[0-9]{1,6})?$"
INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$"

_CURRENCIES = {currency.code: currency for currency in _Iso4217}
_COUNTRIES = frozenset(country.alpha_2 for country in pycountry.countries)


def _to_decimal(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("money must not be a binary float; pass text or a Decimal")
    if isinstance(value, bool):
        raise ValueError("money must be text such as '19.90'")
    try:
        amount = Decimal(value.strip() if isinstance(value, str) else value)
    except (InvalidOperation, TypeError, ValueError):
        raise ValueError("money must be text such as '19.90'") from None
    if not amount.is_finite():
        raise ValueError("money must be a finite amount")
    if amount.adjusted() > 23 or int(amount.as_tuple().exponent) < -MONEY_PLACES:
        raise ValueError(f"money must have at most 24 digits and {MONEY_PLACES} decimal places")
    if not amount:
        amount = amount.copy_abs()
    return amount.quantize(Decimal(1)) if int(amount.as_tuple().exponent) > 0 else amount


def _check_currency(code: str) -> str:
    if code not in _CURRENCIES:
        raise ValueError(f"{code!r} is not an ISO 4217 currency code")
    return code


def _check_country(code: str) -> str:
    if code not in _COUNTRIES:
        raise ValueError(f"{code!r} is not an ISO 3166 alpha-2 country code")
    return code


def _check_gtin(code: str) -> str:
    if normalize_gtin(code) != code:
        raise ValueError(f"{code!r} is not a GTIN-14 with a right check digit")
    return code


def _to_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text as sent, trimmed, never empty."""

Blankable = BeforeValidator(_blank_to_none)
"""Reads empty text as absent, on optional fields."""

OptionalText = Annotated[Text | None, Blankable]

Money = Annotated[
    Decimal,
    BeforeValidator(_to_decimal),
    WithJsonSchema({"type": "string", "pattern": MONEY_PATTERN, "title": "Money"}),
]
"""A decimal amount; JSON carries it as text such as "19.90"."""

CurrencyCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{3}$", min_length=3, max_length=3), AfterValidator(_check_currency)
]
CountryCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}$", min_length=2, max_length=2), AfterValidator(_check_country)
]
Gtin14 = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{14}$", min_length=14, max_length=14), AfterValidator(_check_gtin)
]
Quantity = Annotated[int, Field(ge=0, le=2**53 - 1, strict=False)]


def _instant_text(instant: datetime) -> str:
    text = instant.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


Instant = Annotated[
    datetime,
    AfterValidator(_to_utc),
    PlainSerializer(_instant_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN}),
]
"""A moment in UTC; JSON carries it as "2026-11-21T10:00:00Z"."""


class Record(BaseModel):
    """A frozen value; unknown fields are refused, absent ones are None."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def to_json(self) -> str:
        """Return the canonical JSON text: absent fields left out, money as text."""
        return self.model_dump_json(exclude_none=True)

    def to_data(self) -> dict[str, Any]:
        """Return the canonical form as plain JSON values."""
        return self.model_dump(mode="json", exclude_none=True)


class Origin(Record):
    """Where a record comes from; *connection* and *id* together are its identity."""

    channel: Text
    """Channel id, such as `joor`."""
    connection: Text
    """Name of the connection it was read from."""
    id: Text
    """The source's own id of the record."""
    revision: OptionalText = None
    """The source's version or modification stamp, as sent."""


def normalize_gtin(barcode: str | None) -> str | None:
    """Return *barcode* as GTIN-14, or None when it is no GTIN with a right check digit.

    Takes 8, 12, 13 or 14 digits; blanks and dashes inside are ignored.
    """
    digits = re.sub(r"[\s-]", "", barcode) if isinstance(barcode, str) else ""
    if not (digits.isascii() and digits.isdigit() and ean.is_valid(digits)):
        return None
    return digits.zfill(14)


def currency_exponent(code: str) -> int:
    """Return the number of decimal places of *code*: 2 for EUR, 0 for JPY."""
    currency = _CURRENCIES.get(code)
    if currency is None:
        raise InvalidRecordError(f"{code!r} is not an ISO 4217 currency code")
    return currency.exponent if currency.exponent is not None else 2


def country_code(text: str | None) -> str | None:
    """Return the ISO 3166 alpha-2 code for a code of two or three letters or an English name, else None."""
    wanted = (text or "").strip()
    if not wanted:
        return None
    try:
        return str(pycountry.countries.lookup(wanted).alpha_2)
    except LookupError:
        return None


def region_code(country: str | None, region: str | None) -> str | None:
    """Return the part of the ISO 3166-2 code behind the dash for *region*, a code or a name, else None."""
    wanted = (region or "").strip().casefold()
    if not wanted or not country:
        return None
    subdivisions: Any = pycountry.subdivisions
    for entry in subdivisions.get(country_code=country) or ():
        code = entry.code.partition("-")[2]
        if wanted in (code.casefold(), entry.name.casefold()):
            return str(code)
    return None
