"""Idempotency keys: the first call with a key decides, the same call again gets its outcome for a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from .call import Args, Call
from .store import Store
from .values import Refusal, UserError

_DAY = 86400.0
_REFUSALS = {
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": (
        "The same idempotency key cannot be used with different operation parameters."
    ),
    "IDEMPOTENCY_CONCURRENT_REQUEST": "This request is currently in progress, please try again.",
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": (
        "A previous request with this idempotency key failed. Retry with a new idempotency key."
    ),
}

Payload = SimpleNamespace


@dataclass
class KeyedCall:
    """The first call with a key, and what came of it."""

    body: str
    since: float
    outcome: Payload | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    """What was answered, for shops that repeat it as it was."""


class Keys:
    """The keys of the last 24 hours."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._calls: dict[str, KeyedCall] = {}
        self.failures = 0
        """How many of the coming calls fail inside, their keys used up."""

    def once(self, call: Call, name: str, args: Args, work: Callable[[], Payload]) -> Payload:
        """Do *work* unless its key was seen before; *name* and *args* have to be the same then."""
        now, key = self._store.clock.monotonic(), _checked(call.key)
        body = json.dumps([name, args, call.variables], default=str)
        first = self._calls.get(key)
        if first is None or now - first.since >= _DAY:
            first = self._calls[key] = KeyedCall(body, now)
            if self.failures:
                self.failures -= 1
                raise Refusal("Internal error. Looks like something went wrong on our end.", "INTERNAL_SERVER_ERROR")
            first.outcome = work()
            call.answered.append((call.answer_name, first.shown))
            return first.outcome
        if first.body != body:
            return _refused("IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
        if now - first.since < self._store.switches.working_seconds:
            return _refused("IDEMPOTENCY_CONCURRENT_REQUEST")
        outcome = first.outcome
        if outcome is None or (outcome.user_errors and self._store.switches.refused_key == "failed"):
            return _refused("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")
        if self._store.switches.replayed_quantities == "old":
            call.answered.append((call.answer_name, first.shown))
        return outcome


def remember(call: Call, data: dict[str, Any] | None) -> None:
    """Keep what keyed calls answered, or put back into *data* what they answered before."""
    for name, shown in call.answered:
        if data is not None and name in data:
            if "answer" in shown:
                data[name] = shown["answer"]
            shown["answer"] = data[name]


def _checked(key: str | None) -> str:
    if key is None:
        message = "The @idempotent directive is required for this mutation but was not provided."
        raise Refusal(message, "BAD_REQUEST")
    if not key.strip():
        raise Refusal("The idempotency key can't be blank.", "BAD_REQUEST")
    return key


def _refused(code: str) -> Payload:
    error = UserError(_REFUSALS[code], None, code)
    return SimpleNamespace(inventory_adjustment_group=None, inventory_level=None, user_errors=[error])
