"""The only place that builds an HTTP client, and the only one that imports httpx.

A *read* may be repeated and is, a bounded number of times. A *write* goes out once: it ends with an answer, with
`UnavailableError` (certainly not applied) or with `UnknownOutcomeError` (may have been applied).
"""

from __future__ import annotations

import email.utils
import json as jsonlib
import random
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from functools import cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

import httpx

from .clock import Clock
from .errors import ChannelError, SettingsError, UnavailableError, UnknownOutcomeError
from .pacing import Limits, Pacer
from .wire import Request, Response

READ_ATTEMPTS = 4
LONGEST_WAIT = 300.0
"""A read whose channel asks for a longer pause is left to the next run; a claim on a pipeline lasts longer."""
MAX_BODY = 64 * 2**20
_SECRET_HEADERS = ("authorization", "cookie", "set-cookie", "proxy-authorization")
_SECRET_FIELD = re.compile(r'("[^"]*(?:token|secret|password)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*', re.IGNORECASE)
_REDIRECTS = (301, 302, 303, 307, 308)
# A server may carry a request out and then answer 302 or 303: RFC 9110, section 15.4.
_MAYBE_DONE = (302, 303)
_NOT_APPLIED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its answer or failure, secrets removed."""

    request: Request
    response: Response | None
    error: str | None
    seconds: float


class Http:
    """The HTTP client of one account: paced, bounded, never following a redirect."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        limits: Limits | None = None,
        timeout: float = 30.0,
        handler: Callable[[Request], Response] | None = None,
        secrets: Iterable[str] = (),
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        limits = limits or Limits()
        self.base_url = _checked(base_url.rstrip("/"))
        self.host = urlsplit(base_url).netloc
        self.pacer = Pacer(limits.pacing, clock)
        self._clock = clock
        self._timeout = timeout
        self._secrets: set[str] = set()
        for secret in secrets:
            self.keep_secret(secret)
        self._on_exchange = on_exchange
        self.before_write: Callable[[], None] = lambda: None
        """Called right before each request that may change something leaves; when it raises, the request does not."""
        self._jitter = random.Random()
        pool = max(1, min(limits.in_flight, 8))
        self._client = httpx.Client(
            transport=None if handler is None else _InProcess(handler),
            verify=_trusted() if handler is None else False,
            limits=httpx.Limits(max_connections=pool, max_keepalive_connections=pool),
            follow_redirects=False,
            trust_env=True,
        )

    def keep_secret(self, text: str) -> None:
        """Keep *text*, such as a token a sign-in returned, out of every exchange that is passed on."""
        escaped = jsonlib.dumps(text)[1:-1]
        quoted = quote(text, safe="", errors="replace"), quote_plus(text, errors="replace")
        spellings = (text, *quoted, escaped, escaped.replace("/", r"\/"),
                     jsonlib.dumps(text, ensure_ascii=False)[1:-1])  # fmt: skip
        self._secrets.update(spelling for spelling in spellings if spelling)

    def close(self) -> None:
        """Close the connections kept open."""
        self._client.close()

    def read(self, method: str, url: str, *, cost: float = 1.0, **parts: Any) -> Response:
        """Send a request that changes nothing, again if need be, and return the answer.

        *url* is a path below the base address or a full address. *parts*: `params`, `json`, `form`, `headers`, `body`.
        A 429 or 5xx is tried again, after as long as the channel asks by Retry-After; the last one, and a redirect,
        raise UnavailableError.
        """
        request = self._request(method, url, **parts)
        for attempt in range(1, READ_ATTEMPTS + 1):
            last = attempt == READ_ATTEMPTS
            try:
                response = self._send(request, cost, self._timeout)
            except UnknownOutcomeError as error:
                if last:
                    raise UnavailableError(str(error), retry_after=60) from error
                self._back_off(attempt, None)
                continue
            except UnavailableError:
                if last:
                    raise
                self._back_off(attempt, None)
                continue
            if response.status in _REDIRECTS:
                raise UnavailableError(_redirected(request, response))
            if response.status != 429 and response.status < 500:
                return response
            after = retry_after(response, self._clock)
            if last or (after or 0) > LONGEST_WAIT:
                raise UnavailableError(
                    f"{_host(request)} answered HTTP {response.status} {_times(attempt)}", retry_after=after
                )
            self._back_off(attempt, after if after is not None else self._throttle_wait(response))
        raise AssertionError("unreachable")

    def write(self, method: str, url: str, *, cost: float = 1.0, **parts: Any) -> Response:
        """Send a request that may change something, once, and return the answer whatever its status.

        Raises UnavailableError when it certainly did not arrive and UnknownOutcomeError when it may have.
        """
        request = self._request(method, url, **parts)
        response = self._send(request, cost, self._timeout * 2, self.before_write)
        if response.status in _REDIRECTS:
            kind = UnknownOutcomeError if response.status in _MAYBE_DONE else UnavailableError
            raise kind(_redirected(request, response))
        if response.status == 429 and (after := retry_after(response, self._clock)):
            self.pacer.block(min(after, LONGEST_WAIT))
        return response

    def _throttle_wait(self, response: Response) -> float | None:
        return self.pacer.seconds_left_in_window() or None if response.status == 429 else None

    def _back_off(self, attempt: int, after: float | None) -> None:
        wait = after if after is not None else 0.5 * 2 ** (attempt - 1) * (1 + self._jitter.random() / 4)
        self.pacer.block(wait)

    def _request(self, method: str, url: str, **parts: Any) -> Request:
        try:
            return self._built(method, url, **parts)
        except (UnicodeEncodeError, httpx.InvalidURL):  # half of a surrogate pair, as an answer's link or id may hold
            raise UnavailableError(f"{self.host}: an address has characters in it that cannot be sent") from None

    def _built(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        full = url if "://" in url else f"{self.base_url}/{url.lstrip('/')}"
        sent = {"accept": "application/json", "user-agent": "orderweft"}
        if json is not None:
            body = jsonlib.dumps(json, ensure_ascii=False).encode()
            sent["content-type"] = "application/json"
        elif form is not None:
            body = str(httpx.QueryParams(dict(form))).encode()
            sent["content-type"] = "application/x-www-form-urlencoded"
        for name, value in (headers or {}).items():
            if not (value.isascii() and value.isprintable()):
                raise SettingsError(f"the setting sent in the header {name} may hold plain ASCII characters only")
            sent[name.lower()] = value
        if params:
            given = {name: str(value) for name, value in params.items() if value is not None}
            full = str(httpx.URL(full).copy_merge_params(given))
        full.encode()
        return Request(method.upper(), full, sent, body)

    def _send(
        self, request: Request, cost: float, timeout: float, at_last: Callable[[], None] | None = None
    ) -> Response:
        self.pacer.acquire(request.method, cost)
        if at_last is not None:
            at_last()
        started = self._clock.monotonic()
        response: Response | None = None
        failure: ChannelError | None = None
        try:
            response = self._exchange(request, timeout)
            return response
        except _NOT_APPLIED as error:
            failure = UnavailableError(_why_not_sent(_host(request), error))
            raise failure from error
        except httpx.RequestError as error:
            failure = UnknownOutcomeError(f"{_host(request)} gave no complete answer ({type(error).__name__})")
            raise failure from error
        except UnknownOutcomeError as error:
            failure = error
            raise
        finally:
            if self._on_exchange:
                seconds = self._clock.monotonic() - started
                self._on_exchange(self._clean(Exchange(request, response, str(failure) if failure else None, seconds)))

    def _exchange(self, request: Request, timeout: float) -> Response:
        limits = httpx.Timeout(timeout, connect=min(5.0, timeout))
        latest = self._clock.monotonic() + timeout * 2
        with self._client.stream(
            request.method, request.url, headers=dict(request.headers), content=request.body, timeout=limits
        ) as answer:
            chunks, size = [], 0
            for chunk in answer.iter_bytes():
                size += len(chunk)
                if self._clock.monotonic() > latest:
                    raise UnknownOutcomeError(f"{_host(request)} did not finish its answer in {timeout * 2:.0f} s")
                if size > MAX_BODY:
                    raise UnknownOutcomeError(f"{_host(request)} sent more than {MAX_BODY // 2**20} MB in one answer")
                chunks.append(chunk)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, headers, b"".join(chunks))

    def _clean(self, exchange: Exchange) -> Exchange:
        request, response = exchange.request, exchange.response
        request = replace(request, url=self._mask_encoded(request.url), headers=self._mask_headers(request.headers))
        request = replace(request, body=self._mask_body(request.headers, request.body))
        if response is not None:
            body = self._mask_body(response.headers, response.body)
            response = replace(response, headers=self._mask_headers(response.headers), body=body)
        return replace(exchange, request=request, response=response)

    def _mask_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name: "***" if name in _SECRET_HEADERS or "token" in name else self._mask(value)
            for name, value in headers.items()
        }

    def _mask_body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        text = body.decode("utf-8", "replace")
        is_form = "form-urlencoded" in headers.get("content-type", "")
        masked = self._mask_encoded(text) if is_form else self._mask(text)
        return _SECRET_FIELD.sub(r'\1"***', masked).encode()

    def _mask_encoded(self, text: str) -> str:
        masked = self._mask(text)
        for plain in (unquote(masked), unquote_plus(masked)):
            if (clean := self._mask(plain)) != plain:
                return clean
        return masked

    def _mask(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def retry_after(response: Response, clock: Clock) -> float | None:
    """Return the seconds a Retry-After header asks for, whether it gives seconds or a date, else None."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return min(max(0.0, float(value)), 3600.0)
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return min(max(0.0, (when - clock.now()).total_seconds()), 3600.0)


def _checked(base_url: str) -> str:
    try:
        httpx.URL(base_url)
        _ = urlsplit(base_url).port
    except (httpx.InvalidURL, ValueError) as error:
        raise SettingsError(f"{base_url!r} is not an address ({error}); check base_url") from None
    return base_url


@cache
def _trusted() -> ssl.SSLContext:
    """Return what certificates are checked against; it is shared because reading it takes longer than a small run."""
    return httpx.create_ssl_context()


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc


def _redirected(request: Request, response: Response) -> str:
    target = urlsplit(response.headers.get("location", "")).netloc or "another address"
    return f"{_host(request)} redirects to {target}, which is not followed; check base_url"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _why_not_sent(host: str, error: Exception) -> str:
    text = str(error)
    if "certificate" in text.lower():
        return f"{host}: the TLS certificate cannot be trusted; check base_url and this machine's certificates"
    if "ssl" in text.lower():
        return f"{host} does not speak TLS as it should; check base_url"
    if isinstance(error, httpx.ConnectTimeout):
        return f"{host} does not answer; check the network and base_url"
    return f"{host} cannot be reached ({text or type(error).__name__}); check the network and base_url"


class ConnectionRefused(Exception):
    """Raised by a handler to act as a server that cannot be reached; nothing was done."""


class ConnectionLost(Exception):
    """Raised by a handler to act as a server that never answers; it may have done the work."""


class _InProcess(httpx.BaseTransport):
    def __init__(self, handler: Callable[[Request], Response]) -> None:
        self._handler = handler

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(request.method, str(request.url), headers, request.read())
        try:
            answer = self._handler(asked)
        except ConnectionRefused as error:
            raise httpx.ConnectError("connection refused", request=request) from error
        except ConnectionLost as error:
            raise httpx.ReadTimeout("no answer", request=request) from error
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)
