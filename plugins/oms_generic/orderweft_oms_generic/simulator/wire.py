"""What the wire formats share: refusals, buckets of calls, pages, numbers and instants."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from orderweft import Clock, Request

Row = dict[str, Any]
_STAMP = "%Y-%m-%dT%H:%M:%SZ"
T = TypeVar("T")


class Refusal(Exception):
    """Raised when a system answers a call with an error instead of doing it."""

    def __init__(
        self, status: int, message: str, code: str = "", headers: Mapping[str, str] | None = None, /, **details: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        """The system's own word for the kind of error."""
        self.details = details
        self.headers = headers or {}


class Bucket:
    """So many calls at once, coming back at *rate* a second."""

    def __init__(self, clock: Clock, burst: float, rate: float) -> None:
        self._clock = clock
        self._burst = self._level = burst
        self._rate = rate
        self._at = clock.monotonic()

    def take(self) -> float:
        """Book one call and return 0, or the seconds until one may be booked."""
        now = self._clock.monotonic()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level < 1 - 1e-9:
            return (1 - self._level) / self._rate
        self._level -= 1
        return 0.0

    @property
    def left(self) -> int:
        """Return how many calls are left."""
        return int(self._level + 1e-9)


def many(request: Request, name: str) -> list[str]:
    """Return all values of a query parameter."""
    return parse_qs(urlsplit(request.url).query, keep_blank_values=True).get(name, [])


def body_of(request: Request) -> Any:
    """Return the decoded body; refuses one that is not JSON."""
    try:
        return request.json()
    except ValueError:
        raise Refusal(400, "The request body is not valid JSON") from None


def object_of(value: Any, what: str = "The request body") -> Row:
    """Return *value* when it is an object; refuses anything else."""
    if not isinstance(value, dict):
        raise Refusal(400, f"{what} must be an object")
    return value


def rows_of(value: Any, what: str = "The request body") -> list[Row]:
    """Return *value* when it is a list of objects; refuses anything else."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise Refusal(400, f"{what} must be a list of objects")
    return value


def whole(value: Any, what: str, *, least: int | None = None) -> int:
    """Return *value* as a whole number; refuses anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Refusal(400, f"{what} must be a whole number")
    try:
        exact = Decimal(value)
    except InvalidOperation:
        raise Refusal(400, f"{what} must be a whole number") from None
    if not exact.is_finite() or exact != exact.to_integral_value() or (least is not None and exact < least):
        raise Refusal(400, f"{what} must be a whole number" + (f" of at least {least}" if least is not None else ""))
    return int(exact)


def amount(value: Any, what: str) -> Decimal:
    """Return a JSON number; refuses anything else, numbers in quotes too."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Refusal(400, f"{what} must be a number")
    return Decimal(value)


def plain(value: Any) -> Any:
    """Return *value* with its exact decimals as JSON numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def positive(request: Request, name: str, default: int, *, least: int = 1) -> int:
    """Return a whole number of the query."""
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise Refusal(400, f"{name} must be a whole number of at least {least}")
    return int(text)


def numbered(rows: Sequence[T], page: int, size: int) -> Sequence[T]:
    """Return page *page*, counted from 1."""
    return rows[(page - 1) * size : page * size]


def stamp(at: datetime) -> str:
    """Write an instant: ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).strftime(_STAMP)


def instant(text: str, *forms: str) -> datetime:
    """Return the instant *text* stands for in one of *forms*, by default that of `stamp`; UTC without an offset."""
    for form in forms or (_STAMP,):
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007  the zone follows
        except ValueError:
            continue
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    raise Refusal(400, f"{text!r} is not a date in the form expected")


def basic(request: Request) -> tuple[str, str] | None:
    """Return the user and password of Basic authentication."""
    kind, _, coded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, password


def bearer(request: Request) -> str | None:
    """Return the token of Bearer authentication."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" and token else None
