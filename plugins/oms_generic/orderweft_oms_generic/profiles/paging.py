"""How a list goes on: the next request or the end, decided from the answers so far; no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from orderweft import TemplateError, UnavailableError, decode_json

from .calls import RenderedCall, scope
from .expressions import compiled
from .functions import datetime_text, decimal_of, instant_of, is_empty, text_of
from .model import Paging, Profile, Window
from .tree import render_text

_LINK = re.compile(r'<([^<>]*)>[^,<]*?;\s*rel="?([A-Za-z]+)"?')
_LONGEST_TOKEN = 4000
_MOST_WINDOWS = 1000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a list has been read."""

    pages: int = 0
    rows: int = 0
    digest: str = ""
    tokens: frozenset[str] = frozenset()
    total: int | None = None
    """How many rows there are in all, when the system says."""


def first_page(paging: Paging | None, call: RenderedCall) -> RenderedCall:
    """Return *call* as the request for the first page."""
    if paging is None or paging.kind == "none":
        return call
    sizes = {paging.size_param: paging.size} if paging.size_param else {}
    if paging.kind in ("page", "offset", "header_json"):
        return _with(paging, call, {**sizes, paging.param: _first(paging)})
    return _with(paging, call, sizes)


def page_plan(
    profile: Profile,
    paging: Paging | None,
    call: RenderedCall,
    progress: Progress,
    *,
    body: Any,
    headers: Mapping[str, str],
    rows: list[Any],
    base: str = "",
) -> tuple[RenderedCall | None, Progress]:
    """Return the request after *call*, whose answer held *rows*, or None at the end; and how far the list is read.

    Raises UnavailableError for a list that does not end, repeats itself, leads to another host, or ends before the
    total it tells.
    """
    if paging is None or paging.kind == "none":
        return None, replace(progress, pages=1, rows=len(rows))
    names = _names(profile, paging, body, headers, rows)
    try:
        total = _total(paging, names)
        token = None if paging.next is None else _token(compiled(paging.next).value(names))
        more = None if paging.more is None else compiled(paging.more).holds(names)
    except (TemplateError, ValueError) as error:
        raise UnavailableError(f"{profile.id} paging: {error}") from None
    now = _advanced(profile, paging, progress, rows, total)
    if paging.kind in ("cursor", "next_link", "id_after"):
        goes_on = token is not None and more is not False and bool(rows or paging.kind != "id_after")
    else:
        goes_on = _goes_on(paging, now, rows, more)
    if not goes_on:
        if now.total is not None and now.rows < now.total:
            raise UnavailableError(f"{profile.title} told of {now.total} rows and gave {now.rows}")
        return None, now
    if now.pages >= paging.most_pages:
        raise UnavailableError(f"{profile.title} has more than {paging.most_pages} pages; the list does not end")
    if now.rows > paging.most_rows:
        raise UnavailableError(f"{profile.title} has more than {paging.most_rows} rows; the list does not end")
    if token is not None:
        if token in now.tokens:
            raise UnavailableError(f"{profile.title} gave the same place in the list twice: {token[:80]}")
        now = replace(now, tokens=now.tokens | {token})
    return _next(profile, paging, call, now, token, base), now


def news(rows: list[Any], seen: set[str]) -> list[Any]:
    """Return the rows that were not *seen* word for word, and note them."""
    texts = [json.dumps(row, sort_keys=True, default=str) for row in rows]
    fresh = [row for row, text in zip(rows, texts, strict=True) if text not in seen]
    seen.update(texts)
    return fresh


def windows_of(profile: Profile, window: Window, context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return *context* once for each stretch of time from the window's first instant to `now`, oldest first."""
    start = render_text(window.from_, scope(profile, context), f"{profile.id} window.from")
    if start is None:
        raise TemplateError(f"{profile.id} window.from: `{window.from_}` gives nothing")
    try:
        since, now = instant_of(start), instant_of(context["now"])
    except ValueError as error:
        raise TemplateError(f"{profile.id} window.from: {error}") from None
    windows: list[dict[str, Any]] = []
    while since < now or not windows:
        until = min(since + timedelta(days=window.days), max(since, now))
        windows.append(
            {**context, "since": datetime_text(since.isoformat()), "until": datetime_text(until.isoformat())}
        )
        since = until
        if len(windows) > _MOST_WINDOWS:
            raise TemplateError(f"{profile.id} window: {start} is more than {_MOST_WINDOWS} windows back")
    return windows


def _names(profile: Profile, paging: Paging, body: Any, headers: Mapping[str, str], rows: list[Any]) -> dict[str, Any]:
    lower = {name.lower(): value for name, value in headers.items()}
    told: Any = None
    if paging.header is not None and (text := lower.get(paging.header.lower())):
        try:
            told = decode_json(text)
        except ValueError:
            raise UnavailableError(f"{profile.title} sent a header {paging.header} that is not JSON") from None
    links = {rel.lower(): address for address, rel in _LINK.findall(lower.get("link", "")[:_LONGEST_TOKEN])}
    return scope(profile, {"body": body, "headers": lower, "rows": rows, "paging": told, "links": links})


def _total(paging: Paging, names: dict[str, Any]) -> int | None:
    total = None if paging.total is None else compiled(paging.total).value(names)
    return None if is_empty(total) else int(decimal_of(total))


def _token(value: Any) -> str | None:
    return None if is_empty(value) or value is False else text_of(value)[:_LONGEST_TOKEN]


def _advanced(profile: Profile, paging: Paging, progress: Progress, rows: list[Any], total: int | None) -> Progress:
    text = json.dumps(rows, sort_keys=True, default=str, ensure_ascii=False)
    digest = sha256(text.encode("utf-8", "replace")).hexdigest() if rows else ""
    if digest and digest == progress.digest:
        raise UnavailableError(f"{profile.title} sent the same page twice; does it know {paging.param!r}?")
    return Progress(
        pages=progress.pages + 1,
        rows=progress.rows + len(rows),
        digest=digest,
        tokens=progress.tokens,
        total=total if total is not None else progress.total,
    )


def _goes_on(paging: Paging, now: Progress, rows: list[Any], more: bool | None) -> bool:
    if not rows:
        return False
    if more is not None:
        return more
    if now.total is not None:
        return now.rows < now.total
    return not (paging.stop_on_short_page and len(rows) < paging.size)


def _next(
    profile: Profile, paging: Paging, call: RenderedCall, now: Progress, token: str | None, base: str
) -> RenderedCall:
    if paging.kind == "next_link":
        return _linked(profile, call, str(token), base)
    if paging.kind in ("cursor", "id_after"):
        return _with(paging, call, {paging.param: token})
    reached = now.rows if paging.kind == "offset" else now.pages
    return _with(paging, call, {paging.param: _first(paging) + reached})


def _first(paging: Paging) -> int:
    return paging.first if paging.first is not None else int(paging.kind != "offset")


def _linked(profile: Profile, call: RenderedCall, link: str, base: str) -> RenderedCall:
    """Follow a link below the base only, for the credentials go with it."""
    address = urljoin(f"{base}{call.path}", link)
    parts = urlsplit(address)
    own = urlsplit(base)
    prefix = f"{own.path}/"
    if (parts.scheme, parts.netloc) != (own.scheme, own.netloc) or not parts.path.startswith(prefix):
        raise UnavailableError(f"{profile.title} gave a next page outside {base}: {address[:120]}")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return replace(call, path=parts.path[len(own.path) :], query=query)


def _with(paging: Paging, call: RenderedCall, values: Mapping[str, Any]) -> RenderedCall:
    if paging.place == "query":
        return replace(call, query={**call.query, **{name: str(value) for name, value in values.items()}})
    return replace(call, json={**(call.json or {}), **values})
