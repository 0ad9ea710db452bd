"""Calls of a profile to one account over HTTP: signed, paced, and understood as the profile says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from orderweft import (
    AuthenticationError,
    Connection,
    RejectedError,
    Request,
    Response,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
    retry_after,
)

from ..config import Settings
from ..profiles.answers import Verdict, classify, rows_in
from ..profiles.calls import RenderedCall, auth_of, budgets_of, render_call
from ..profiles.hosts import refuse_private
from ..profiles.model import Call, Reading
from ..profiles.paging import Progress, first_page, news, page_plan, windows_of
from .budgets import Budgets
from .sign_in import SignIn

READ_ATTEMPTS = 5
_WAIT_IF_NOT_SAID = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with what it means."""

    verdict: Verdict
    body: Any
    """Its JSON, else its text."""
    headers: Mapping[str, str]


class Client:
    """One account reached over HTTP; use `connection.once(Client)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._name, self._http, self._clock = connection.name, connection.http, connection.clock
        self._settings = connection.settings
        self._profile = connection.settings.system
        self._base = connection.settings.path
        for host in connection.settings.doubtful_hosts:
            refuse_private(host, self._profile.title)
        self._sign_in = connection.once(SignIn)
        self._budgets = connection.once(Budgets)

    @property
    def base(self) -> str:
        """Return the address all calls go below."""
        return f"{self._http.base_url}{self._base}"

    def write(self, call: Call, context: Mapping[str, Any]) -> Answer:
        """Send a call that changes something, once, and return its answer whatever it means.

        Raises TemplateError when it cannot be made, UnavailableError when it did not arrive and UnknownOutcomeError
        when it may have.
        """
        return self._send(call, render_call(self._profile, call, context))

    def read(self, call: Call, context: Mapping[str, Any]) -> Answer | None:
        """Return the good answer to a call that changes nothing, None when it says that there is no such thing.

        Raises TemplateError, RejectedError when it is refused, UnavailableError, AuthenticationError or SettingsError.
        """
        return self._ask(call, render_call(self._profile, call, context))

    def pages(self, reading: Reading, context: Mapping[str, Any]) -> Iterator[tuple[list[Any], bool]]:
        """Yield the raw rows of a list page by page, and with each whether it is the last."""
        if reading.window is None:
            yield from self._pages(reading, context)
            return
        windows = windows_of(self._profile, reading.window, context)
        seen: set[str] = set()  # what lies between two windows may come in both
        for number, window in enumerate(windows, 1):
            for rows, last in self._pages(reading, window):
                yield news(rows, seen), last and number == len(windows)

    def _pages(self, reading: Reading, context: Mapping[str, Any]) -> Iterator[tuple[list[Any], bool]]:
        call = reading.call
        assert call is not None
        paging, progress = self._profile.paging.get(reading.page or ""), Progress()
        following: RenderedCall | None = first_page(paging, render_call(self._profile, call, context))
        while following is not None:
            try:
                answer = self._ask(call, following)
            except RejectedError as error:
                raise SettingsError(str(error)) from None
            if answer is None:
                yield [], True
                return
            rows = rows_in(self._profile, reading.rows, answer.body, answer.headers, context)
            following, progress = page_plan(
                self._profile, paging, following, progress,
                body=answer.body, headers=answer.headers, rows=rows, base=self.base,
            )  # fmt: skip
            yield rows, following is None

    def _ask(self, call: Call, rendered: RenderedCall) -> Answer | None:
        for attempt in range(1, READ_ATTEMPTS + 1):
            wait = 0.5 * 2 ** (attempt - 1)
            try:
                answer = self._send(call, rendered)
            except (UnavailableError, UnknownOutcomeError) as error:
                told = str(error)
            else:
                verdict, told = answer.verdict, answer.verdict.message
                if verdict.is_ == "ok":
                    return answer
                if verdict.is_ == "absent":
                    return None
                if verdict.is_ not in ("throttled", "not_applied", "unknown"):
                    raise self.failure(verdict)
                wait = verdict.wait if verdict.wait is not None else wait
            if attempt < READ_ATTEMPTS:
                self._clock.sleep(wait)
        raise UnavailableError(told, retry_after=max(wait, _WAIT_IF_NOT_SAID))

    def failure(self, verdict: Verdict) -> AuthenticationError | SettingsError | RejectedError:
        """Return the error for an answer that repeating the call does not mend."""
        if verdict.is_ == "credentials":
            return AuthenticationError(f"{verdict.message}; check what [connections.{self._name}.values] says")
        return SettingsError(verdict.message) if verdict.is_ == "settings" else RejectedError(verdict.message)

    def _send(self, call: Call, rendered: RenderedCall) -> Answer:
        name = auth_of(self._profile, call, self._settings.texts)
        answer, sent = self._send_signed(call, rendered, name)
        # A call refused for its token has not been carried out, and may be made with another token.
        if answer.verdict.is_ == "credentials" and self._sign_in.renews(name, sent):
            answer, _ = self._send_signed(call, rendered, name)
        return answer

    def _send_signed(self, call: Call, rendered: RenderedCall, name: str | None) -> tuple[Answer, Mapping[str, str]]:
        request = self._request(rendered)
        signed = self._sign_in.headers(name, request)
        budgets = budgets_of(self._profile, call)
        self._budgets.spend(budgets, rendered.method)
        # Sent by `write`, reads too: it gives every answer back as it is, for the profile to say what it means.
        headers = {**request.headers, **signed}
        response = self._http.write(rendered.method, request.url, body=request.body, headers=headers)
        self._budgets.learn(budgets, response)
        body = _decoded(response)
        verdict = classify(self._profile, call, response.status, response.headers, body)
        if verdict.is_ == "throttled":
            wait = verdict.wait or retry_after(response, self._clock) or _WAIT_IF_NOT_SAID
            self._budgets.block(budgets, wait)
            verdict = replace(verdict, wait=wait)
        return Answer(verdict, body, response.headers), signed

    def _request(self, rendered: RenderedCall) -> Request:
        url = f"{self.base}{rendered.path}"
        if rendered.query:
            url = f"{url}?{urlencode(rendered.query)}"
        headers = {name.lower(): value for name, value in rendered.headers.items()}
        if rendered.form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            return Request(rendered.method, url, headers, urlencode(rendered.form).encode())
        # Order Desk asks for a content type on every call, those without a body too: apidocs.orderdesk.com.
        headers.setdefault("content-type", "application/json")
        body = b"" if rendered.json is None else json.dumps(rendered.json, ensure_ascii=False).encode()
        return Request(rendered.method, url, headers, body)


def _decoded(response: Response) -> Any:
    if not response.body.strip():
        return None
    try:
        return response.json()
    except ValueError:
        return response.text
