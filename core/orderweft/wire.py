"""A request and an answer as plain values, the same for the client and for simulators."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEEPEST = 100
"""Levels of lists and objects a JSON text may have."""
_FURTHEST = 400
"""Digits before or after the point of a number; beyond, counting with it would fill the memory."""


def decode_json(text: str | bytes) -> Any:
    """Return what a JSON text says, decimals kept exact; raises ValueError whatever is wrong with it."""
    try:
        value = json.loads(text, parse_float=_decimal, parse_constant=_no_number)
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} deep") from None
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [below for one in level if isinstance(one, dict | list) for below in _inside(one)]
        if not level:
            return value
    raise ValueError(f"it is nested more than {DEEPEST} deep")


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]} is out of range") from None
    if number and abs(number.adjusted()) > _FURTHEST:
        raise ValueError(f"{text[:40]} is out of range")
    return number


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """Return the path without the query."""
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        """Return the query parameters; the last one wins where a name comes twice."""
        pairs = parse_qs(urlsplit(self.url).query, keep_blank_values=True)
        return {name: values[-1] for name, values in pairs.items()}

    def form(self) -> dict[str, str]:
        """Return the fields of a form-urlencoded body."""
        pairs = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in pairs.items()}

    def json(self) -> Any:
        """Return the decoded body, decimals kept exact; raises ValueError when it is not JSON."""
        return decode_json(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """Return the body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the decoded body, decimals kept exact; raises ValueError when it is not JSON."""
        return decode_json(self.body)

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Build an answer that carries *value* as JSON."""
        body = json.dumps(value, ensure_ascii=False, default=str).encode()
        return cls(status, {"content-type": "application/json", **(headers or {})}, body)
