"""The wire to JOOR: addresses, sign-in, answers turned into values or errors; the only I/O."""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from orderweft import (
    Accepted,
    AuthenticationError,
    Connection,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    Response,
    SettingsError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
    retry_after,
)

from .config import Settings

BATCH = 100
_ORDERS_V2 = "/v2/order/"
_ORDERS_V4 = "/v4/orders"
_BULK_UPDATE = "/v4/orders/bulk_update"
_V4_PAGE = 200
_SECONDS_IF_NOT_SAID = 600
_encode = json.JSONEncoder(ensure_ascii=False).encode
_FOUND_LATER = "orders it may have marked as exported are found by their modification date (sync=0) in the next run"


class OrderFilter(IntEnum):
    """What `order_type` means in a request; the numbers differ from those of an answer."""

    NOTES = 1
    APPROVED_SHIPPED = 2
    PENDING = 3
    ALL_BUT_CANCELLED = 4
    CANCELLED = 5
    APPROVED = 6
    SHIPPED = 7
    ALL = 8


class DeclinedError(UnavailableError):
    """Raised when JOOR understood a call and declined it."""


class ForbiddenError(AuthenticationError):
    """Raised when JOOR knows the token and does not allow it the call."""


class UnreadableError(UnavailableError):
    """Raised when an answer is not what JOOR documents."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of order rows, as sent."""

    rows: tuple[Any, ...]
    next_start: int | None
    """Where JOOR says the next page starts; None when it does not say."""


def read_answer(body: str, where: str) -> Answer:
    """Return the rows in *body*, whichever way JOOR wraps them; *where* begins the message of an error."""
    try:
        document = json.loads(body, parse_float=Decimal)
    except ValueError:
        raise UnreadableError(f"{where}: the answer is not complete JSON; try again later") from None
    # The JSON of some v2 calls keeps the root node and that of others does not, so look at both levels.
    nodes = [node for node in _levels(document) if "response" in node or "orders" in node or "order" in node]
    if not nodes:
        raise UnreadableError(f"{where}: the answer is not a list of orders; check base_url")
    heads = [node["response"] for node in nodes if isinstance(node.get("response"), dict)]
    head: dict[str, Any] = heads[0] if heads else {}
    code = str(head.get("code") or 0).strip()
    if code not in ("", "0"):
        told = f"{where}: JOOR answered with code {code}: {_one_line(head.get('comment')) or 'no comment'}"
        raise {"401": AuthenticationError, "403": ForbiddenError}.get(code, DeclinedError)(told)
    if not any("orders" in node or "order" in node for node in nodes) and not str(head.get("code", "")).strip():
        raise UnreadableError(f"{where}: the answer has neither orders nor a code; try again later")
    following = str(head.get("next_start") or "").strip()
    holder = next((node for node in nodes if "orders" in node or "order" in node), {})
    return Answer(tuple(_rows(holder)), int(following) if following.isdecimal() else None)


def json_text(value: Any) -> str:
    """Return *value* as JSON text with every decimal exactly as it was sent."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_encode(key)}: {json_text(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    return _encode(value)


class Client:
    """One account on JOOR, reached through its connection."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._name = connection.name
        self._http = connection.http
        self._clock = connection.clock
        self._settings = connection.settings
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def orders(
        self,
        wanted: OrderFilter,
        *,
        start: int | None = None,
        count: int,
        modified: tuple[datetime, datetime] | None = None,
    ) -> Answer:
        """Read a page of orders without marking them."""
        since, until = modified or (None, None)
        params = {
            "sync": 0,
            "order_type": int(wanted),
            "date_start": since and _timestamp(since),
            "date_end": until and _timestamp(until),
            "start_from": start,
            "count": count,
        }
        where = f"{self._name}: reading orders"
        return read_answer(self._v2(self._http.read, params, where), where)

    def take_orders(self, wanted: OrderFilter, *, count: int) -> str:
        """Take orders from JOOR's export queue, which marks them as exported, and return the raw answer."""
        where = f"{self._name}: taking orders from the export queue (sync=1)"
        params = {"sync": 1, "order_type": int(wanted), "start_from": 0, "count": count}
        try:
            return self._v2(self._http.write, params, where)
        except UnknownOutcomeError as error:
            raise UnavailableError(f"{where}: {error}; {_FOUND_LATER}") from error

    def order_states(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the v4 status of each order of *ids* that exists."""
        self._need_v4()
        found: dict[str, str] = {}
        for first in range(0, len(ids), BATCH):
            found.update(self._v4_orders(ids[first : first + BATCH]))
        return {identity: found[identity] for identity in ids if identity in found}

    def mark_orders(self, marks: Sequence[Mapping[str, str]]) -> list[Outcome]:
        """Write export results, at most BATCH; one outcome each. Repeating it is harmless."""
        where = f"{self._name}: telling JOOR what became of orders"
        try:
            response = self._v4(self._http.write, "POST", _BULK_UPDATE, json=list(marks))
        except UnavailableError as error:
            return [NotSent(message=f"{where}: {error}", retry_after=error.retry_after) for _ in marks]
        except UnknownOutcomeError as error:
            return [Unknown(message=f"{where}: {error}") for _ in marks]
        if response.status == 429:
            wait = self._throttled_for(response)
            return [NotSent(message=f"{where}: the rate limit is reached", retry_after=wait) for _ in marks]
        if response.status >= 500:
            return [Unknown(message=f"{where}: HTTP {response.status}") for _ in marks]
        return _mark_outcomes(marks, response, where)

    def sign_in(self) -> None:
        """Make sure that the v4 credentials are good, and that they reach the account."""
        self._need_v4()
        self._v4(self._http.read, "GET", _ORDERS_V4, params={"page": 1, "page_size": 1})

    def _v2(self, send: Callable[..., Response], params: Mapping[str, Any], where: str) -> str:
        token = self._settings.token.get_secret_value().strip()
        headers = {
            "authorization": f"OAuth2 {base64.b64encode(token.encode()).decode()}",
            # JOOR's v2 documentation says that calls without a content type are not processed.
            "content-type": "application/json",
        }
        response = send("GET", _ORDERS_V2, params=params, headers=headers)
        if response.status in (401, 403):
            told = f"{where}: JOOR refuses the token (HTTP {response.status}); check token, and that sandbox fits it"
            raise AuthenticationError(told) if response.status == 401 else ForbiddenError(told)
        if response.status == 429:
            raise UnavailableError(f"{where}: JOOR's rate limit is reached", retry_after=self._throttled_for(response))
        if response.status >= 500:
            raise UnavailableError(f"{where}: JOOR answered HTTP {response.status}; {_FOUND_LATER}", retry_after=60)
        if response.status >= 400:
            with suppress(UnreadableError):
                read_answer(response.text, where)
            raise DeclinedError(f"{where}: JOOR answered HTTP {response.status}; check base_url and order_status")
        return response.text

    def _throttled_for(self, response: Response) -> float:
        # Whether JOOR sends Retry-After is not documented; its window is at most 300 s long.
        told = retry_after(response, self._clock)
        return told if told is not None else self._http.pacer.seconds_left_in_window() or 300.0

    def _v4_orders(self, ids: Sequence[str]) -> dict[str, str]:
        where = f"{self._name}: looking orders up in JOOR"
        found: dict[str, str] = {}
        for page in itertools.count(1):
            params = {"order_ids": ",".join(ids), "page": page, "page_size": _V4_PAGE}
            response = self._v4(self._http.read, "GET", _ORDERS_V4, params=params)
            data, errors = _v4_body(response, where)
            if errors or response.status >= 400:
                told = _messages(errors) or f"HTTP {response.status}"
                raise UnavailableError(f"{where}: {told}")
            more = {str(row.get("id")): str(row.get("status") or "") for row in data}
            if more.keys() <= found.keys():
                break
            found.update(more)
            if found.keys() >= set(ids):
                break
        return found

    def _v4(
        self,
        send: Callable[..., Response],
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        **parts: Any,
    ) -> Response:
        for last in (False, True):
            token = self._bearer()
            response = send(
                method,
                path,
                params={"account": self._settings.account_id, **(params or {})},
                headers={"authorization": f"Bearer {token}"},
                **parts,
            )
            if response.status != 401 or last:
                break
            self._forget(token)
        if response.status in (401, 403):
            raise AuthenticationError(
                f"{self._name}: JOOR refuses the v4 call (HTTP {response.status}); "
                "check account_id and what the user may do in JOOR"
            )
        return response

    def _need_v4(self) -> None:
        if missing := self._settings.missing_for_v4:
            raise SettingsError(f"{self._name}: JOOR's v4 order API needs {', '.join(missing)}; set them")

    def _bearer(self) -> str:
        with self._lock:
            if self._token is None or self._clock.monotonic() >= self._renew_at:
                self._token, seconds = self._fresh_token()
                self._renew_at = self._clock.monotonic() + 0.8 * seconds
            return self._token

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token = None

    def _fresh_token(self) -> tuple[str, float]:
        settings = self._settings
        assert settings.client_secret is not None
        assert settings.password is not None
        form = {
            "grant_type": "password",
            "client_id": settings.client_id or "",
            "client_secret": settings.client_secret.get_secret_value(),
            "username": settings.username or "",
            "password": settings.password.get_secret_value(),
        }
        where = f"{self._name}: signing in to JOOR's v4 API"
        response = self._http.read("POST", settings.sign_in_url, form=form)
        if response.status in (400, 401, 403):
            raise AuthenticationError(
                f"{where}: refused (HTTP {response.status}); check client_id, client_secret, username and password"
            )
        try:
            answer = response.json()
            token, seconds = str(answer["access_token"]), float(answer.get("expires_in") or _SECONDS_IF_NOT_SAID)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UnavailableError(f"{where}: no token in the answer (HTTP {response.status})") from None
        self._http.keep_secret(token)
        return token, seconds


def _levels(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        yield document
        yield from (value for value in document.values() if isinstance(value, dict))


def _rows(node: Any) -> list[Any]:
    while isinstance(node, dict) and ("orders" in node or "order" in node):
        node = node.get("orders", node.get("order"))
    if isinstance(node, list):
        return node
    # An empty list comes as "", and a node that holds nothing but the envelope has no orders either.
    nothing = (
        not node or (isinstance(node, str) and not node.strip()) or (isinstance(node, dict) and "response" in node)
    )
    return [] if nothing else [node]


def _timestamp(instant: datetime) -> str:
    # YYYY-MM-DDThh:mm:ss.sTZD: api-docs.jooraccess.com/docs/definitions-and-conventions
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 100_000}Z"


def _one_line(value: Any) -> str:
    return " ".join(str(value or "").split())[:200]


def _v4_body(response: Response, where: str) -> tuple[list[dict[str, Any]], list[Any]]:
    try:
        body = response.json()
    except ValueError:
        raise UnreadableError(f"{where}: HTTP {response.status} without complete JSON") from None
    parts = body if isinstance(body, dict) else {}
    data, errors = (parts.get(name) or [] for name in ("data", "errors"))
    return [row for row in data if isinstance(row, dict)], list(errors)


def _messages(errors: Sequence[Any]) -> str:
    told = (error.get("message") or error.get("status") if isinstance(error, dict) else error for error in errors)
    return "; ".join(_one_line(message) for message in told)


def _mark_outcomes(marks: Sequence[Mapping[str, str]], response: Response, where: str) -> list[Outcome]:
    try:
        data, errors = _v4_body(response, where)
    except UnreadableError as error:
        if response.status < 400:
            return [Unknown(message=str(error)) for _ in marks]
        data, errors = [], []
    done = {str(row.get("id")) for row in data}
    told = f"{where}: {_messages(errors) or f'HTTP {response.status}'}"
    # v4 answers can be a success for some rows and an error for others; an error names its row in its text or details.
    blamed = {word: _messages([error]) for error in errors for word in re.findall(r"[\w=-]+", json_text(error))}
    some_blamed = any(mark["id"] in blamed for mark in marks)
    outcomes: list[Outcome] = []
    for mark in marks:
        if mark["id"] in blamed or (response.status >= 400 and not some_blamed):
            message = f"{where}: {blamed[mark['id']]}" if mark["id"] in blamed else told
            outcomes.append(Refused(reason="refused", message=message, fix="Set the export result in JOOR by hand."))
        elif response.status < 400 and (mark["id"] in done or not errors):
            outcomes.append(Accepted(receipt=Receipt(id=mark["id"])))
        else:
            outcomes.append(NotSent(message=told))
    return outcomes
