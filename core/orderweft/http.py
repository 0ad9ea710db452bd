"""The only place that builds an HTTP client, and the only one that imports httpx.

A *read* may be repeated and is, a bounded number of times. A *write* goes out once: it ends with an answer, with
`UnavailableError` (certainly not applied) or with `UnknownOutcomeError` (may have been applied).
"""

from __future__ import annotations

import email.utils
import json as jsonlib
import random
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache, cached_property, partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from .clock import Clock
from .errors import ChannelError, SettingsError, UnavailableError, UnknownOutcomeError
from .pacing import Limits, Pacer
from .secrecy import Secrets
from .unpacking import ASKED_FOR, Unpacking
from .wire import Request, Response

READ_ATTEMPTS = 4
LONGEST_WAIT = 300.0
"""A read whose channel asks for a longer pause is left to the next run; a claim on a pipeline lasts longer."""
MAX_BODY = 64 * 2**20
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


@dataclass(frozen=True)
class Exchange:
    """One request with its answer or failure; secrets are removed when it is looked at."""

    method: str
    is_write: bool
    """Whether it may have changed something."""
    status: int | None
    error: str | None
    seconds: float
    size: int
    """Bytes of both bodies."""
    _clean: Callable[[], tuple[Request, Response | None]] = field(repr=False)

    @property
    def request(self) -> Request:
        """Return the request without secrets."""
        return self._cleaned[0]

    @property
    def response(self) -> Response | None:
        """Return the answer without secrets; None when there was none."""
        return self._cleaned[1]

    @cached_property
    def _cleaned(self) -> tuple[Request, Response | None]:
        return self._clean()


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
        pacer: Pacer | None = None,
    ) -> None:
        limits = limits or Limits()
        self.base_url = _checked(base_url.rstrip("/"))
        self.host = urlsplit(base_url).netloc
        self.pacer = pacer or Pacer(limits.pacing, clock, in_flight=limits.in_flight)
        self._clock = clock
        self._timeout = timeout
        self._secrets = Secrets(secrets)
        self._on_exchange = on_exchange
        self.before_write: Callable[[], None] = lambda: None
        """Called right before each request that may change something leaves; when it raises, the request does not."""
        self._jitter = random.Random()
        pool = max(1, min(limits.in_flight, 8))
        self._client = httpx.Client(
            headers={"accept-encoding": ASKED_FOR},
            transport=None if handler is None else _InProcess(handler),
            verify=_trusted() if handler is None else False,
            limits=httpx.Limits(max_connections=pool, max_keepalive_connections=pool),
            follow_redirects=False,
            trust_env=True,
        )

    def keep_secret(self, text: str) -> None:
        """Keep *text*, such as a token a sign-in returned, out of every exchange that is passed on and of the log."""
        self._secrets.keep(text)

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
        self.pacer.acquire(request.method, cost, clock=self._clock)
        with self.pacer.slots:
            if at_last is not None:
                at_last()
            return self._sent(request, timeout, is_write=at_last is not None)

    def _sent(self, request: Request, timeout: float, *, is_write: bool) -> Response:
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
                self._on_exchange(
                    Exchange(
                        method=request.method,
                        is_write=is_write,
                        status=None if response is None else response.status,
                        error=str(failure) if failure else None,
                        seconds=seconds,
                        size=len(request.body) + (0 if response is None else len(response.body)),
                        _clean=partial(self._secrets.out_of_exchange, request, response),
                    )
                )

    def _exchange(self, request: Request, timeout: float) -> Response:
        limits = httpx.Timeout(timeout, connect=min(5.0, timeout))
        latest, host = self._clock.monotonic() + timeout * 2, _host(request)
        with self._client.stream(
            request.method, request.url, headers=dict(request.headers), content=request.body, timeout=limits
        ) as answer:
            data, received = bytearray(), 0
            try:
                unpacking = Unpacking(answer.headers.get("content-encoding", ""))
                for chunk in answer.iter_raw():
                    received += len(chunk)
                    for piece in unpacking.pieces(chunk):
                        data += piece
                        if self._clock.monotonic() > latest:
                            raise UnknownOutcomeError(f"{host} did not finish its answer in {timeout * 2:.0f} s")
                        if max(received, len(data)) > MAX_BODY:
                            raise UnknownOutcomeError(f"{host} sent more than {MAX_BODY // 2**20} MB in one answer")
                if received:
                    unpacking.end()
            except ValueError as error:
                raise UnknownOutcomeError(f"{host} sent an answer {error}") from None
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, headers, bytes(data))


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
        body = httpx.ByteStream(answer.body)  # given as content, it would be unpacked at once
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=body, request=request)
