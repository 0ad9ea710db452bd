"""Where orders come in at a system: looked for, made in one step or several, found again, gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orderweft import (
    Accepted,
    AlreadyThere,
    AuthenticationError,
    Connection,
    Delivery,
    NotSent,
    Order,
    Outcome,
    Reason,
    Receipt,
    Refused,
    RejectedError,
    SettingsError,
    TemplateError,
    UnavailableError,
    Unknown,
    UnknownOutcomeError,
)

from ..config import Settings
from ..mapping import with_codes
from ..profiles.answers import Found, Verdict, find_result, receipt_of, saved_values
from ..profiles.calls import key_of, scope
from ..profiles.expressions import Node, compiled
from ..profiles.model import Finding, Step
from . import Answer, Client
from .lookups import HeldError, Lookups


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as a look-up found it, and what it tells in the place of the answer to its creation."""

    found: Found
    saved: Mapping[str, str]


class Desk:
    """Where the orders of one account come in; use `connection.once(Desk)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        orders = connection.settings.system.orders
        assert orders is not None
        self._settings, self._profile, self._orders = connection.settings, connection.settings.system, orders
        self._client = connection.once(Client)
        self._lookups = connection.once(Lookups)
        self._put_off: set[str] = set()
        """Keys of orders that were looked for and not there, and whose creation was throttled."""

    def deliver(self, delivery: Delivery) -> Outcome:
        """Create one order, or what is missing of it, and say what came of it."""
        try:
            key = key_of(self._profile, delivery.key, self._settings.texts)
            order = with_codes(delivery.order.to_data(), self._settings)
            context: dict[str, Any] = {"settings": self._settings.texts, "key": key, "order": order}
            seen = self._look(key) if self._looks_first and not self._known_absent(key) else None
            rest = self._orders.steps if seen is None else self._missing(seen, context)
            if rest is None:
                assert seen is not None
                return self._undecided(seen)
            if not rest:
                assert seen is not None
                return AlreadyThere(receipt=_receipt(seen.found))
            context["lookups"] = self._lookups.resolve(context)
        except (TemplateError, RejectedError) as error:
            return _refused(error)
        except (UnavailableError, UnknownOutcomeError) as error:
            # Whatever became of that call, it was not one that creates the order.
            return NotSent(message=str(error), retry_after=error.retry_after)
        return self._write(rest, context, seen)

    def probe(self, orders: Sequence[Order]) -> list[Refused | None]:
        """Return what each order would be held for because it is not there, or None; nothing is created."""
        misses = set[str]()
        return [self._lacking(order, misses) for order in orders]

    def _lacking(self, order: Order, misses: set[str]) -> Refused | None:
        context = {"settings": self._settings.texts, "key": "", "order": with_codes(order.to_data(), self._settings)}
        try:
            self._lookups.probe(context, misses)
        except (TemplateError, RejectedError) as error:
            return _refused(error)
        return None

    def look_up(self, delivery_key: str) -> Receipt | Refused | None:
        """Return the receipt of an order that is wholly there, or what a person has to decide; None for any other."""
        try:
            key = key_of(self._profile, delivery_key, self._settings.texts)
            seen = self._look(key)
            rest = () if seen is None else self._missing(seen, {"settings": self._settings.texts, "key": key})
        except TemplateError as error:
            raise SettingsError(str(error)) from None
        except HeldError as held:
            return held.refused
        except RejectedError as error:
            # a refused look-up tells nothing of the order
            raise UnavailableError(str(error), retry_after=60) from None
        if seen is None or rest:
            return None
        return self._undecided(seen) if rest is None else _receipt(seen.found)

    @property
    def _looks_first(self) -> bool:
        return self._orders.write == "find_first" or len(self._orders.steps) > 1

    def _known_absent(self, key: str) -> bool:
        """Return whether a look would only find what the last one did, and use up the call that was waited for."""
        put_off = key in self._put_off
        self._put_off.discard(key)
        return put_off

    @property
    def _find(self) -> Finding:
        assert self._orders.find is not None
        return self._orders.find

    def _look(self, key: str) -> Seen | None:
        """Look for an order; raises HeldError when there are several, of which a person must choose."""
        context = {"settings": self._settings.texts, "key": key}
        answer = self._client.read(self._find.call, context)
        if answer is None:
            return None
        try:
            found = find_result(self._profile, self._find, answer.body, answer.headers, context)
        except RejectedError as error:
            raise HeldError("needs_person", str(error), "keep one of them and cancel the others") from None
        except TemplateError as error:
            raise UnavailableError(str(error), retry_after=60) from None
        return None if found is None else Seen(found, self._saved(answer, context))

    def _saved(self, answer: Answer, context: Mapping[str, Any]) -> Mapping[str, str]:
        """Return what the step that creates orders would have saved, as far as an order that was found tells it."""
        saved: dict[str, str] = {}
        step = self._orders.steps[0]
        for name in step.save:
            alone = step.model_copy(update={"save": {name: step.save[name]}})
            try:
                saved |= saved_values(self._profile, alone, answer.body, answer.headers, {**context, "saved": {}})
            except TemplateError:
                continue
        return saved

    # steps

    def _missing(self, seen: Seen, context: Mapping[str, Any]) -> Sequence[Step] | None:
        """Return the steps whose effect a found order lacks, or None when it cannot be told.

        That is told by a step's `when` over what is `saved` of the order. With an idempotency header every step may be
        made again, and is.
        """
        names = scope(self._profile, {"lookups": {}, **context, "saved": seen.saved})
        missing: list[Step] = []
        for step in self._orders.steps[1:]:
            mentioned = _mentioned(step)
            if "saved" not in mentioned and self._orders.write != "header":
                return None
            untold = step.when is None or ("order" in mentioned and "order" not in context)
            if untold or compiled(step.when or "").holds(names):
                missing.append(step)
        return missing

    def _write(self, steps: Sequence[Step], context: dict[str, Any], seen: Seen | None) -> Outcome:
        saved = dict(seen.saved) if seen else {}
        last: Answer | None = None
        for step in steps:
            context["saved"] = saved
            begun = seen is not None or last is not None
            try:
                if step.when is not None and not compiled(step.when).holds(scope(self._profile, context)):
                    continue
                answer = self._client.write(step.call, context)
            except (TemplateError, UnavailableError, UnknownOutcomeError, AuthenticationError, SettingsError) as error:
                return self._failed(step, error, begun)
            if answer.verdict.is_ == "already_there" and not begun:
                return self._there_already(context, answer.verdict)
            if answer.verdict.is_ != "ok":
                if answer.verdict.is_ == "throttled" and not begun:
                    self._put_off.add(str(context["key"]))
                return self._declined(step, answer.verdict, begun)
            last = answer
            try:
                saved |= saved_values(self._profile, step, answer.body, answer.headers, context)
            except TemplateError as error:
                return Unknown(message=f"{self._profile.title} took the order, but: {error}")
        if last is None and seen is None:
            return Refused(reason="invalid_field", message=f"no step of {self._profile.id} is meant for this order")
        if seen is not None:
            return AlreadyThere(receipt=_receipt(seen.found))
        assert last is not None
        return self._made(last, context)

    def _made(self, last: Answer, context: Mapping[str, Any]) -> Outcome:
        """Return the receipt of an order just made, looked up when the answer does not tell it."""
        try:
            found = receipt_of(self._profile, self._orders, last.body, last.headers, context)
            if found is None and (seen := self._look(str(context["key"]))) is not None:
                found = seen.found
        except HeldError as held:
            return held.refused
        except (TemplateError, RejectedError, UnavailableError, AuthenticationError, SettingsError) as error:
            return Unknown(message=f"{self._profile.title} took the order and did not tell its id: {error}")
        if found is None:
            return Unknown(message=f"{self._profile.title} took the order and did not tell its id")
        return Accepted(receipt=_receipt(found))

    def _there_already(self, context: Mapping[str, Any], verdict: Verdict) -> Outcome:
        """Believe that an order is there only when it is found: another channel's may have been meant."""
        try:
            seen = self._look(str(context["key"]))
            rest = () if seen is None else self._missing(seen, context)
        except HeldError as held:
            return held.refused
        except (TemplateError, RejectedError, UnavailableError, AuthenticationError, SettingsError) as error:
            return Unknown(message=f"{verdict.message}; it could not be looked up: {error}")
        if seen is None:
            named = f" as {verdict.receipt}" if verdict.receipt else ""
            return Refused(
                reason="needs_person",
                message=f"{verdict.message}; it is said to be there{named} and is not found under {context['key']}",
                fix=f"look in {self._profile.title} whose order that is, and for orders that look like copies",
            )
        if rest is None:
            return self._undecided(seen)
        return self._write(rest, dict(context), seen) if rest else AlreadyThere(receipt=_receipt(seen.found))

    def _declined(self, step: Step, verdict: Verdict, begun: bool) -> Outcome:
        """Return what an answer other than a good one makes of the order."""
        if verdict.is_ in ("credentials", "settings"):
            error = self._client.failure(verdict)
            if not begun:
                raise error
            return self._failed(step, error, begun)
        self._lookups.forget()
        if verdict.is_ == "unknown":
            return Unknown(message=verdict.message)
        message = self._told(step, verdict.message, begun)
        if begun and not self._goes_on:
            return Unknown(message=message)
        if verdict.is_ in ("throttled", "not_applied"):
            return NotSent(message=message, retry_after=verdict.wait)
        return Refused(reason=verdict.reason, message=message, fix=verdict.fix)

    def _failed(self, step: Step, error: Exception, begun: bool) -> Outcome:
        """Return what a call that got no answer makes of the order."""
        message = self._told(step, str(error), begun)
        if isinstance(error, UnknownOutcomeError) or (begun and not self._goes_on):
            return Unknown(message=message)
        if isinstance(error, TemplateError):
            return Refused(reason="invalid_field", message=message)
        if isinstance(error, UnavailableError):
            return NotSent(message=message, retry_after=error.retry_after)
        if not begun:
            raise error
        return NotSent(message=message)

    @property
    def _goes_on(self) -> bool:
        """Return whether delivering an order again goes on at the step it lacks."""
        return self._orders.write == "header" or all("saved" in _mentioned(step) for step in self._orders.steps[1:])

    def _told(self, step: Step, message: str, begun: bool) -> str:
        return f"the order is there, but its step {step.name} is not done: {message}" if begun else message

    def _undecided(self, seen: Seen) -> Refused:
        names = ", ".join(step.name for step in self._orders.steps[1:])
        return Refused(
            reason="needs_person",
            message=f"it is there as {seen.found.number or seen.found.id}, and whether {names} was done cannot be told",
            fix=f"complete it in {self._profile.title}; a `when` over `saved` in the profile would tell it",
        )


def _refused(error: TemplateError | RejectedError) -> Refused:
    if isinstance(error, HeldError):
        return error.refused
    reason: Reason = "invalid_field" if isinstance(error, TemplateError) else "refused"
    return Refused(reason=reason, message=str(error))


def _receipt(found: Found) -> Receipt:
    # half of a surrogate pair, as JSON may hold it, can neither be stored nor shown
    id_, number = (text.encode(errors="replace").decode() if text else None for text in (found.id, found.number))
    return Receipt(id=id_ or "?", number=number, cancelled=found.cancelled)


def _mentioned(step: Step) -> set[str]:
    """Return the names in the condition of *step*."""
    return set() if step.when is None else set(_fields(compiled(step.when).tree))


def _fields(node: Node) -> Iterator[str]:
    """Yield the names in an expression."""
    if node["type"] == "field":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, dict):
            yield from _fields(child)
