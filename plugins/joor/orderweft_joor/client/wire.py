"""Signed calls to one JOOR account, v2 and v4, with every answer turned into rows or an error."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from orderweft import (
    AuthenticationError,
    Connection,
    Response,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
    retry_after,
)

from ..config import Settings
from .answers import (
    Answer,
    DeclinedError,
    ForbiddenError,
    NotThereError,
    UnreadableError,
    json_text,
    messages,
    read_answer,
    v4_body,
)

V4_PAGE = 200
_SECONDS_IF_NOT_SAID = 600
_MOST_PAGES = 5000


@dataclass(frozen=True, slots=True)
class Written:
    """What a v4 call made of its rows: those it took, and the errors about the others."""

    data: tuple[dict[str, Any], ...] = ()
    errors: tuple[Any, ...] = ()
    status: int = 200

    @property
    def failed(self) -> bool:
        """Return whether the call as a whole was declined."""
        return self.status >= 400

    @property
    def told(self) -> str:
        """Return what JOOR says went wrong."""
        return messages(self.errors) or f"HTTP {self.status}"


class Wire:
    """One account on JOOR; the clients of its areas share it through `connection.once(Wire)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self.name = connection.name
        self.http = connection.http
        self.clock = connection.clock
        self.settings = connection.settings
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def v2(
        self,
        send: Callable[..., Response],
        method: str,
        path: str,
        where: str,
        *,
        content_type: str = "application/json",
        check: str = "base_url",
        **parts: Any,
    ) -> str:
        """Send one v2 call and return the body of its answer; *check* names the settings a refusal may lie in."""
        token = self.settings.token.get_secret_value().strip()
        headers = {
            "authorization": f"OAuth2 {base64.b64encode(token.encode()).decode()}",
            # JOOR's v2 documentation says that calls without a content type are not processed.
            "content-type": content_type,
        }
        response = send(method, path, headers=headers, **parts)
        if response.status in (401, 403):
            told = f"{where}: JOOR refuses the token (HTTP {response.status}); check token, and that sandbox fits it"
            raise AuthenticationError(told) if response.status == 401 else ForbiddenError(told)
        if response.status == 429:
            raise UnavailableError(f"{where}: JOOR's rate limit is reached", retry_after=self.throttled_for(response))
        if response.status >= 500:
            raise UnknownOutcomeError(f"{where}: JOOR answered HTTP {response.status}", retry_after=60)
        if response.status >= 400:
            with suppress(UnreadableError):
                read_answer(response.text, where)
            kind = NotThereError if response.status == 404 else DeclinedError
            raise kind(f"{where}: JOOR answered HTTP {response.status}; check {check}")
        # a byte that is no UTF-8 becomes half of a surrogate pair, which no record takes: better than another letter
        return response.body.decode(errors="surrogateescape")

    def rows(self, path: str, names: tuple[str, str], where: str, **params: Any) -> Answer:
        """Read one page of v2 rows."""
        return read_answer(self.v2(self.http.read, "GET", path, where, params=params or None), where, names)

    def pages(self, path: str, names: tuple[str, str], keys: Sequence[str], where: str) -> Iterator[tuple[Any, ...]]:
        """Yield all v2 rows of a list, page by page; *keys* are the fields that may tell one from another.

        Each page begins with the last row of the one before; when it is not there, rows have moved meanwhile.
        """
        count, position, last, overlap = self.settings.page_size, 0, "", 0
        while True:
            start, asked = position - overlap, count + overlap
            answer = self.rows(path, names, where, start_from=start, count=asked)
            ids = [_identity(row, keys) for row in answer.rows]
            if overlap and last not in ids:
                raise UnavailableError(f"{where}: the list changes while it is read; try again later", retry_after=300)
            fresh = answer.rows[ids.index(last) + 1 :] if overlap else answer.rows
            yield fresh
            announced = answer.next_start is not None and answer.next_start > start
            if fresh and (announced or len(answer.rows) >= asked):
                position, last, overlap = start + len(answer.rows), ids[-1], 1
            elif overlap and announced and not fresh:
                # JOOR's largest page is not documented; where it is a single row, nothing can overlap.
                overlap = 0
            else:
                return

    def read_v4(self, path: str, where: str, **params: Any) -> list[dict[str, Any]]:
        """Read v4 rows; errors beside them count as a failure."""
        response = self.v4(self.http.read, "GET", path, params=params)
        data, errors = v4_body(response, where)
        if errors or response.status >= 400:
            raise UnavailableError(f"{where}: {messages(errors) or f'HTTP {response.status}'}")
        return data

    def all_v4(self, path: str, where: str, *, until: Collection[str] = (), **params: Any) -> list[dict[str, Any]]:
        """Read v4 rows to the end, or *until* those with these ids are there, in pages or all at once."""
        # Whether v4 lists other than orders have pages is not documented; a repeated row means that they have none.
        found: dict[str, dict[str, Any]] = {}
        for page in range(1, _MOST_PAGES + 1):
            rows = self.read_v4(path, where, page=page, page_size=V4_PAGE, **params)
            more = {str(row.get("id") or json_text(row)): row for row in rows}
            if more.keys() <= found.keys():
                break
            found.update(more)
            if len(rows) > V4_PAGE or (until and found.keys() >= set(until)):
                break
        else:
            raise UnavailableError(f"{where}: the list has no end")
        return list(found.values())

    def write_v4(self, path: str, rows: Sequence[Any], where: str, **params: Any) -> Written:
        """Send *rows* in one v4 call; raises UnknownOutcomeError when it may have been applied."""
        response = self.v4(self.http.write, "POST", path, params=params, json=list(rows))
        if response.status == 429:
            raise UnavailableError(f"{where}: JOOR's rate limit is reached", retry_after=self.throttled_for(response))
        if response.status >= 500:
            raise UnknownOutcomeError(f"{where}: JOOR answered HTTP {response.status}", retry_after=60)
        try:
            data, errors = v4_body(response, where)
        except UnreadableError as error:
            if response.status < 400:
                raise UnknownOutcomeError(str(error), retry_after=60) from error
            data, errors = [], []
        return Written(tuple(data), tuple(errors), response.status)

    def v4(
        self,
        send: Callable[..., Response],
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        **parts: Any,
    ) -> Response:
        """Send one v4 call, signed in anew when JOOR no longer knows the token."""
        self.need_v4()
        for last in (False, True):
            token = self._bearer()
            response = send(
                method,
                path,
                params={"account": self.settings.account_id, **(params or {})},
                headers={"authorization": f"Bearer {token}"},
                **parts,
            )
            if response.status != 401 or last:
                break
            self._forget(token)
        if response.status in (401, 403):
            raise AuthenticationError(
                f"{self.name}: JOOR refuses the v4 call (HTTP {response.status}); "
                "check account_id and what the user may do in JOOR"
            )
        return response

    def throttled_for(self, response: Response) -> float:
        """Return the seconds until a throttled call makes sense again."""
        # Whether JOOR sends Retry-After is not documented; its window is at most 300 s long.
        told = retry_after(response, self.clock)
        return told if told is not None else self.http.pacer.seconds_left_in_window() or 300.0

    def need_v4(self) -> None:
        """Raise SettingsError naming what the v4 sign-in lacks."""
        if missing := self.settings.missing_for_v4:
            raise SettingsError(f"{self.name}: JOOR's v4 API needs {', '.join(missing)}; set them")

    def _bearer(self) -> str:
        with self._lock:
            if self._token is None or self.clock.monotonic() >= self._renew_at:
                self._token, seconds = self._fresh_token()
                self._renew_at = self.clock.monotonic() + 0.8 * seconds
            return self._token

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token = None

    def _fresh_token(self) -> tuple[str, float]:
        settings = self.settings
        assert settings.client_secret is not None
        assert settings.password is not None
        form = {
            "grant_type": "password",
            "client_id": settings.client_id or "",
            "client_secret": settings.client_secret.get_secret_value(),
            "username": settings.username or "",
            "password": settings.password.get_secret_value(),
        }
        where = f"{self.name}: signing in to JOOR's v4 API"
        response = self.http.read("POST", settings.sign_in_url, form=form)
        if response.status in (400, 401, 403):
            raise AuthenticationError(
                f"{where}: refused (HTTP {response.status}); check client_id, client_secret, username and password"
            )
        try:
            answer = response.json()
            token, seconds = str(answer["access_token"]), float(answer.get("expires_in") or _SECONDS_IF_NOT_SAID)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise UnavailableError(f"{where}: no token in the answer (HTTP {response.status})") from None
        self.http.keep_secret(token)
        return token, seconds


def _identity(row: Any, keys: Sequence[str]) -> str:
    if isinstance(row, dict):
        for key in keys:
            if row.get(key):
                return f"{key}:{row[key]}"
    return json_text(row)
