"""The samples of a profile as what its system is asked and answers: recognized again, and answered alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlencode

from orderweft import Request, Response

from ..profiles.answers import classify
from ..profiles.calls import RenderedCall, key_of
from ..profiles.dry_run import asked
from ..profiles.expressions import leaf
from ..profiles.model import Class, Profile, Sample
from ..profiles.places import Place
from .wire import plain

Texts = Mapping[str, str]
"""Texts in a sample, and what stands in their place now."""


@dataclass(frozen=True)
class Example:
    """One sample of a call: what the system answered, and what that means."""

    sample: Sample
    is_: Class

    def answer(self, texts: Texts) -> Response:
        """Answer as in the sample, with other *texts*."""
        headers = {name.lower(): _within(value, texts) for name, value in self.sample.headers.items()}
        body = replaced(self.sample.body, texts)
        if body is None or isinstance(body, str):
            return Response(self.sample.status, headers, (body or "").encode())
        return Response.of_json(plain(body), self.sample.status, headers)


class Played:
    """One call of a profile, played out of its samples."""

    def __init__(self, profile: Profile, place: Place) -> None:
        """Take the samples of *place*; the first that has a request tells how one looks."""
        self.profile, self.place = profile, place
        source = leaf(place.call.path)
        parts = (re.escape(part) if isinstance(part, str) else "([^/]+)" for part in source.parts)
        self._path = re.compile(".*?" + ("(.+)" if source.is_expression else "".join(parts)))
        own = [sample for sample in profile.samples if sample.operation == place.name]
        self.examples = [Example(one, classify(profile, place.call, one.status, one.headers, one.body).is_)
                         for one in own]  # fmt: skip

    @cached_property
    def _first(self) -> tuple[Sample, Texts]:
        for example in self.examples:
            if (found := asked(self.profile, example.sample)) is not None:
                return example.sample, self.fields(as_request("", found[1])) or {}
        raise AssertionError("a profile loads only when each of its calls has a sample with a request")

    @property
    def pattern(self) -> Texts:
        """Return the fields of a request as in the first sample."""
        return self._first[1]

    def fields(self, request: Request) -> Texts | None:
        """Return what *request* says, by where it says it, or None when it is not this call."""
        found = self._path.fullmatch(request.path)
        if found is None or request.method != self.place.call.method:
            return None
        said = {f"path.{index}": unquote(part) for index, part in enumerate(found.groups())}
        said |= {f"query.{name}": text for name, text in request.query.items()}
        said |= {f"headers.{name}": text for name, text in request.headers.items()}
        try:
            said |= dict(_leaves("json", request.json()))
        except ValueError:
            said |= {f"form.{name}": text for name, text in request.form().items()}
        return said

    def likeness(self, said: Texts) -> int:
        """Return how much a request is like the sample: what it names, and what it says there."""
        return sum(1 + (said[name] == text) for name, text in self.pattern.items() if name in said)

    def texts(self, said: Texts) -> dict[str, str]:
        """Return what a request says in the place of each text of the sample."""
        differing = {
            text: said[name] for name, text in reversed(list(self.pattern.items())) if said.get(name, text) != text
        }
        key = self.key(said)
        return differing if key is None else {**differing, self._sample_key: key}

    @cached_property
    def _sample_key(self) -> str:
        sample = self._first[0]
        defaults = {name: spec.default for name, spec in self.profile.settings.items()}
        given = sample.given.get("settings", {})
        return key_of(self.profile, str(sample.given.get("key", "")), {**defaults, **given})

    def key(self, said: Texts) -> str | None:
        """Return the key of the order a request names, if it names any."""
        if "key" not in self._first[0].given:
            return None
        for name, text in self.pattern.items():
            before, found, behind = text.partition(self._sample_key)
            now = said.get(name, "")
            if found and now.startswith(before) and now.endswith(behind) and len(now) > len(before) + len(behind):
                return now[len(before) : len(now) - len(behind)]
        return None

    def example(self, fits: Callable[[Example], Any]) -> Example | None:
        """Return the first example that *fits*."""
        return next(filter(fits, self.examples), None)


def _leaves(place: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{place}.{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(f"{place}.{index}", inner)
    elif value is not None:
        yield place, str(value)


def replaced(value: Any, texts: Texts) -> Any:
    """Return *value* with other texts and numbers in it."""
    if isinstance(value, dict):
        return {name: replaced(inner, texts) for name, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner, texts) for inner in value]
    if value is None or isinstance(value, bool) or str(value) not in texts:
        return value
    text = texts[str(value)]
    return text if isinstance(value, str) or not text.isdecimal() else int(text)


def _within(text: str, texts: Texts) -> str:
    for old, new in texts.items():
        text = text.replace(old, new) if old else text
    return text


def without_more(body: Any, headers: Texts) -> Iterator[tuple[Any, Texts]]:
    """Yield an answer as it is, then without one of the things that may say that the list goes on, then without any."""
    yield body, headers
    for name in headers:
        yield body, {other: text for other, text in headers.items() if other != name}
    places = list(_scalars(body, ()))
    for place in places:
        yield _emptied(body, [place]), headers
    yield _emptied(body, places), {}


def _scalars(value: Any, path: Sequence[str]) -> Iterator[Sequence[str]]:
    for name, inner in value.items() if isinstance(value, dict) else ():
        if not isinstance(inner, dict | list):
            yield (*path, name)
        yield from _scalars(inner, (*path, name))


def _emptied(body: Any, places: Sequence[Sequence[str]]) -> Any:
    copy = plain(body)
    for place in places:
        inner = copy
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = None
    return copy


def as_request(base: str, call: RenderedCall) -> Request:
    """Return *call* as it goes over the wire, below the address *base*."""
    query = f"?{urlencode(call.query)}" if call.query else ""
    headers = {name.lower(): value for name, value in call.headers.items()}
    body = urlencode(call.form or {}) if call.json is None else json.dumps(call.json)
    return Request(call.method, f"{base}{call.path}{query}", headers, body.encode())
