"""What may not be written anywhere: the secrets of the accounts this process has open, in every spelling."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote, unquote_plus
from weakref import WeakSet

from .wire import Request, Response

MASK = "***"
_HEADERS = ("authorization", "cookie", "set-cookie", "proxy-authorization")
_WORDS = ("token", "secret", "password")
_FIELD = re.compile(rf'("[^"]*(?:{"|".join(_WORDS)})[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*', re.IGNORECASE)


class Secrets:
    """The secrets of one account; they take themselves out of whatever they are shown."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._spellings: tuple[str, ...] = ()
        for text in texts:
            self.keep(text)
        with _lock:
            _known.add(self)

    def keep(self, text: str) -> None:
        """Take *text* for a secret from now on."""
        escaped = json.dumps(text)[1:-1]
        quoted = quote(text, safe="", errors="replace"), quote_plus(text, errors="replace")
        spellings = (text, *quoted, escaped, escaped.replace("/", r"\/"), json.dumps(text, ensure_ascii=False)[1:-1])
        with _lock:  # the longest first: one may be part of another
            self._spellings = tuple(sorted({*self._spellings, *filter(None, spellings)}, key=len, reverse=True))

    def out_of(self, text: str) -> str:
        """Return *text* without them."""
        for secret in self._spellings:
            text = text.replace(secret, MASK)
        return text

    def out_of_exchange(self, request: Request, response: Response | None) -> tuple[Request, Response | None]:
        """Return both without them, and without what is a credential by its name."""
        request = replace(request, url=self._encoded(request.url), headers=self._headers(request.headers))
        request = replace(request, body=self._body(request.headers, request.body))
        if response is not None:
            body = self._body(response.headers, response.body)
            response = replace(response, headers=self._headers(response.headers), body=body)
        return request, response

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name: MASK if name in _HEADERS or "token" in name else self.out_of(value) for name, value in headers.items()
        }

    def _body(self, headers: Mapping[str, str], body: bytes) -> bytes:
        text = body.decode("utf-8", "replace")
        is_form = "form-urlencoded" in headers.get("content-type", "")
        masked = self._encoded(text) if is_form else self.out_of(text)
        lowered = masked.lower()
        if any(word in lowered for word in _WORDS):  # many times faster than the replacement
            masked = _FIELD.sub(rf'\1"{MASK}', masked)
        return masked.encode()

    def _encoded(self, text: str) -> str:
        masked = self.out_of(text)
        for plain in (unquote(masked), unquote_plus(masked)):
            if (clean := self.out_of(plain)) != plain:
                return clean
        return masked


_known: WeakSet[Secrets] = WeakSet()
_lock = threading.Lock()


def without_secrets(text: str) -> str:
    """Return *text* without the secrets of any account this process has open."""
    with _lock:
        known = list(_known)
    for secrets in known:
        text = secrets.out_of(text)
    return text
