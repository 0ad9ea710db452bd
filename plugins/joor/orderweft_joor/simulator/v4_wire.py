"""What all v4 calls share: the account, lists of rows, paging, and answers that half succeed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from orderweft import Request, Response

from .model import Refusal
from .switches import Switches

Row = dict[str, Any]
T = TypeVar("T")


class RowError(Exception):
    """Raised when one row of a call cannot be applied."""

    def __init__(self, message: str, name: str = "INVALID", details: Row | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.details = details
        """What names the row; None for its own key."""


class Wire:
    """Read v4 calls and write their answers."""

    def __init__(self, account: str, switches: Switches) -> None:
        self._account = account
        self._switches = switches

    def check(self, request: Request) -> None:
        """Refuse a call that does not name the account."""
        account = request.query.get("account")
        if not account:
            raise Refusal(400, "The account parameter is required")
        if account != self._account:
            raise Refusal(403, "You have no access to this account")

    def rows(self, request: Request) -> list[Row]:
        """Return the rows of a write."""
        self.check(request)
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refusal(415, "Content-Type must be application/json")
        try:
            rows = request.json()
        except ValueError:
            raise Refusal(400, "the body is not JSON") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refusal(400, "the body must be a list of objects")
        most = self._switches["max_rows"]
        if most and len(rows) > most:
            raise Refusal(413, f"at most {most} rows per call")
        return rows

    def listed(self, request: Request, found: Iterable[T], write: Callable[[T], Row]) -> Response:
        """Write the page of *found* that is asked for, or all of it."""
        self.check(request)
        rows = list(found)
        if self._switches["v4_pages"] == "pages":
            rows = page(request.query, rows)
        return written([write(row) for row in rows], [])

    def each(self, rows: Sequence[Row], apply: Callable[[Row], Row], key: str, status: int = 200) -> Response:
        """Apply each row that can be applied and report the others, named by *key* unless they name themselves."""
        data, errors = [], []
        for row in rows:
            try:
                data.append(apply(row))
            except RowError as error:
                errors.append(self.error(error, row, key))
        return written(data, errors, status)

    def error(self, error: RowError, row: Row, key: str) -> Row:
        """Write what became of *row*."""
        details = error.details
        if details is None:
            details = {key: row.get(key)} if self._switches["row_errors"] == "named" else {}
        return {"status": error.name, "message": error.message, "details": details}

    def refuse(self, refusal: Refusal) -> Response:
        """Write *refusal* as v4 does."""
        error = {"status": str(refusal.status), "message": refusal.comment, "details": {}}
        return written([], [error], refusal.status)


def written(data: list[Row], errors: list[Row], status: int = 200) -> Response:
    """Write an answer of v4."""
    return Response.of_json({"data": data, "errors": errors}, status)


def page(given: dict[str, str], rows: list[T]) -> list[T]:
    """Return the page of *rows* that `page` and `page_size` ask for."""
    size = _positive(given, "page_size", 50)
    if size > 200:
        raise Refusal(400, "page_size must be at most 200")
    start = (_positive(given, "page", 1) - 1) * size
    return rows[start : start + size]


def ids(given: dict[str, str], name: str) -> set[str] | None:
    """Return the ids of a comma-separated parameter, None without it."""
    return {text.strip() for text in given[name].split(",")} if given.get(name) else None


def opaque(kind: str, name: str) -> str:
    """Return an id in the form of the documented trait ids: Base64 of a kind and a name."""
    return base64.b64encode(f"{kind}:{name}".encode()).decode()


def text(row: Row, name: str, *, required: bool = False, most: int | None = None) -> str | None:
    """Return a text of *row*; raises RowError where it is no text, too long, or missing though *required*."""
    value = row.get(name)
    if value is None or value == "":
        if required:
            raise RowError(f"{name} is required")
        return None
    if not isinstance(value, str):
        raise RowError(f"{name} must be a string")
    if most is not None and len(value) > most:
        raise RowError(f"{name} has at most {most} characters")
    return value


def count(row: Row, name: str) -> int | None:
    """Return a whole number of *row*; raises RowError where it is none."""
    value = row.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise RowError(f"{name} must be a whole number")
    return value


def objects(row: Row, name: str) -> list[Row]:
    """Return a list of objects of *row*, empty when it is missing."""
    value = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise RowError(f"{name} must be a list of objects")
    return value


def texts(row: Row, name: str) -> list[str]:
    """Return a list of texts of *row*, empty when it is missing."""
    value = row.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise RowError(f"{name} must be a list of strings")
    return value


def _positive(given: dict[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isdecimal() or int(value) < 1:
        raise Refusal(400, f"{name} must be a positive number")
    return int(value)
