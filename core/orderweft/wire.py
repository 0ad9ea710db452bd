"""A request and an answer as plain values, the same for the client and for simulators."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit


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
        return json.loads(self.body, parse_float=Decimal)


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
        return json.loads(self.body, parse_float=Decimal)

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Build an answer that carries *value* as JSON."""
        body = json.dumps(value, ensure_ascii=False, default=str).encode()
        return cls(status, {"content-type": "application/json", **(headers or {})}, body)
