"""What has to be known before an order can be written, such as the system's id of its customer and its items."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from orderweft import Connection, Reason, Refused, RejectedError, TemplateError, UnavailableError

from ..config import Settings
from ..profiles.answers import created_value, lookup_value
from ..profiles.calls import render_call, scope
from ..profiles.expressions import compiled, leaf_text
from ..profiles.model import Lookup
from . import Client

_SHOWN = 20


class HeldError(RejectedError):
    """Raised when an order cannot go to the system as it is; carries the outcome."""

    def __init__(self, reason: Reason, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.refused = Refused(reason=reason, message=message, fix=fix)


class Lookups:
    """What one account has been asked for; use `connection.once(Lookups)`.

    What was found is remembered as long as the connection lives; what was not is asked for again.
    """

    def __init__(self, connection: Connection[Settings]) -> None:
        self._settings, self._profile = connection.settings, connection.settings.system
        self._client = connection.once(Client)
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}

    def resolve(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value of every lookup of an order; raises HeldError naming all that is not there."""
        assert self._profile.orders is not None
        found: dict[str, Any] = {}
        for name, lookup in self._profile.orders.lookups.items():
            names = {**context, "lookups": dict(found)}
            found[name] = self._found(lookup, names)
        return found

    def probe(self, context: Mapping[str, Any], misses: set[str]) -> None:
        """Raise HeldError when something an order needs is not there and would not be created.

        What is found with the help of something that would be created cannot be asked for yet. What was not found is
        noted in *misses* and not asked for again.
        """
        assert self._profile.orders is not None
        found: dict[str, Any] = {}
        is_whole = True
        for name, lookup in self._profile.orders.lookups.items():
            if lookup.create is not None:
                is_whole = False
                continue
            names = {**context, "lookups": dict(found)}
            try:
                found[name] = self._found(lookup, names, misses)
            except TemplateError:
                if is_whole:
                    raise

    def forget(self) -> None:
        """Ask for everything again, because something that was remembered may no longer hold."""
        with self._lock:
            self._known.clear()

    def _found(self, lookup: Lookup, names: Mapping[str, Any], misses: set[str] | None = None) -> Any:
        return self._one(lookup, names, misses) if lookup.each is None else self._each(lookup, names, misses)

    def _one(self, lookup: Lookup, names: Mapping[str, Any], misses: set[str] | None) -> Any:
        value = self._value(lookup, names, misses)
        if value is None:
            raise self._missing(lookup, [self._label(lookup, names)])
        return value

    def _each(self, lookup: Lookup, names: Mapping[str, Any], misses: set[str] | None) -> dict[str, Any]:
        items = compiled(lookup.each or "").value(scope(self._profile, names)) or []
        if not isinstance(items, list):
            raise TemplateError(f"{self._profile.id} lookups: `{lookup.each}` gives no list")
        found: dict[str, Any] = {}
        missing: list[str] = []
        nameless = 0
        for item in items:
            inner = {**names, "item": item}
            by = leaf_text(lookup.by, scope(self._profile, inner))
            if not by:
                nameless += 1
            elif by not in found:
                found[by] = self._value(lookup, inner, misses)
                missing += [self._label(lookup, inner) or by] if found[by] is None else []
        if nameless:
            raise HeldError("invalid_field", f"{nameless} of {len(items)} lines lack `{lookup.by}`")
        if missing:
            raise self._missing(lookup, missing)
        return found

    def _value(self, lookup: Lookup, names: Mapping[str, Any], misses: set[str] | None) -> Any:
        key = json.dumps(asdict(render_call(self._profile, lookup.call, names)), sort_keys=True)
        with self._lock:
            if key in self._known:
                return self._known[key]
        if misses is not None and key in misses:
            return None
        answer = self._client.read(lookup.call, names)
        value = None if answer is None else lookup_value(self._profile, lookup, answer.body, answer.headers, names)
        if value is None and lookup.create is not None:
            value = self._create(lookup, names)
        if value is not None:
            with self._lock:
                self._known[key] = value
        elif misses is not None:
            misses.add(key)
        return value

    def _create(self, lookup: Lookup, names: Mapping[str, Any]) -> Any:
        """Make what is not there; where the answer does not tell, the order is tried again, which looks first."""
        assert lookup.create is not None
        answer = self._client.write(lookup.create, names)
        verdict = answer.verdict
        if verdict.is_ == "ok":
            try:
                return created_value(self._profile, lookup, answer.body, answer.headers, names)
            except TemplateError as error:
                raise UnavailableError(f"{self._label(lookup, names)} was created: {error}", retry_after=5) from None
        if verdict.is_ in ("throttled", "not_applied", "unknown", "already_there"):
            raise UnavailableError(verdict.message, retry_after=verdict.wait)
        if verdict.is_ in ("credentials", "settings"):
            raise self._client.failure(verdict)
        message = f"{self._label(lookup, names)} is not there and cannot be created: {verdict.message}"
        raise HeldError(lookup.reason, message, verdict.fix)

    def _label(self, lookup: Lookup, names: Mapping[str, Any]) -> str:
        return leaf_text(lookup.label, scope(self._profile, names)) or ""

    def _missing(self, lookup: Lookup, labels: list[str]) -> HeldError:
        more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
        told = f"{', '.join(labels[:_SHOWN])}{more}".strip() or "what the order names"
        return HeldError(lookup.reason, f"not in {self._profile.title}: {told}", f"add it in {self._profile.title}")
