"""What answers mean: their class, what they found, their rows; no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orderweft import Reason, RejectedError, TemplateError, UnavailableError

from .calls import scope
from .expressions import Context, compiled, leaf_text
from .functions import decimal_of, is_empty
from .model import Call, Class, Delivering, Finding, Lookup, Profile, Rows, Rule, Step, Writing
from .places import place_of
from .tree import render, render_text

_LONGEST_QUOTE = 300
_SHORTEST_WAIT = 1.0
_LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means, and what to tell of it."""

    is_: Class
    reason: Reason
    message: str
    fix: str | None = None
    wait: float | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An order as the system has it."""

    id: str
    number: str | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be read."""

    id: str
    label: str
    problem: str


def classify(profile: Profile, call: Call, status: int, headers: Mapping[str, str], body: Any) -> Verdict:
    """Return what the answer to *call* means; never raises, for a write's outcome must not be lost.

    *body* is the decoded JSON, else the text. The call's rules come first, then the profile's, then what HTTP says. An
    answer that cannot be understood leaves a write unknown.
    """
    place = place_of(profile, call)
    context = scope(profile, {"status": status, "headers": _lower(headers), "body": body})
    said = f"{profile.title} answered HTTP {status}{_quote(body)}"
    unclear: Class = "unknown" if place.writes else "settings"
    if isinstance(body, str) and status < 300 and not place.writes:
        # A proxy's page, or half an answer: it says nothing about the profile, and may hold anybody's data.
        unclear, said = "not_applied", f"{profile.title} answered HTTP {status} without complete JSON"
    try:
        for rule in (*call.rules, *profile.rules):
            if (not rule.status or status in rule.status) and (rule.when is None or compiled(rule.when).holds(context)):
                verdict = _verdict(profile, rule, context, said)
                return replace(verdict, is_="not_applied") if rule.is_ == "unknown" and not place.writes else verdict
        if status < 300 and (call.ok is None or compiled(call.ok).holds(context)):
            return Verdict("ok", "refused", said)
    except TemplateError as error:
        return Verdict(unclear, "in_doubt", f"{said}; {profile.id} {place.name}: {error}")
    if status < 300:
        return Verdict(unclear, "in_doubt", f"{said}, which the profile {profile.id} does not know as done")
    return _by_status(status, place.writes, said)


def _by_status(status: int, writes: bool, said: str) -> Verdict:
    if status in (401, 403):
        return Verdict("credentials", "refused", said)
    if status == 429:
        return Verdict("throttled", "refused", said)
    if 400 <= status < 500 and status != 408:
        return Verdict("refused" if writes else "settings", "refused", said)
    return Verdict("unknown", "in_doubt", said) if writes else Verdict("not_applied", "refused", said)


def _verdict(profile: Profile, rule: Rule, context: Context, said: str) -> Verdict:
    message, wait, receipt = (_told(source, context) for source in (rule.message, rule.wait, rule.receipt))
    return Verdict(
        is_=rule.is_,
        reason=rule.reason,
        message=said if message is None else f"{profile.title}: {message[:_LONGEST_QUOTE]}",
        fix=rule.fix,
        wait=_seconds(wait),
        receipt=receipt,
    )


def _told(source: str | None, context: Context) -> str | None:
    """Return what an answer tells; what it tells in a form of its own is no reason to doubt what it means."""
    try:
        return leaf_text(source, context)
    except TemplateError:
        return None


def _seconds(wait: str | None) -> float | None:
    try:
        return None if wait is None else min(max(float(decimal_of(wait)), _SHORTEST_WAIT), _LONGEST_WAIT)
    except ValueError:
        return None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _quote(body: Any) -> str:
    if is_empty(body):
        return ""
    try:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        return ""
    text = " ".join(text.split())
    return f": {text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + '...'}"


def answered(profile: Profile, context: Context, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return *context* with an answer in it, as everything that reads answers sees it."""
    return scope(profile, {**context, "body": body, "headers": _lower(headers)})


def find_result(
    profile: Profile, finding: Finding, body: Any, headers: Mapping[str, str], context: Context
) -> Found | None:
    """Return the order a good answer holds, or None; *context* has the `key` asked for.

    Raises RejectedError when there are several, of which a person must choose, and TemplateError when it has no id.
    """
    names, where = answered(profile, context, body, headers), f"{profile.id} orders.find"
    there = _value(finding.found, names, f"{where}.found")
    candidates = there if isinstance(there, list) else [] if is_empty(there) else [there]
    if not candidates:
        return None
    names["found"] = candidates[0]
    ids = {_id(finding.id, {**names, "found": one}, f"{where}.id") for one in candidates}
    if len(ids) > 1:
        several = ", ".join(sorted(ids)[:5])
        raise RejectedError(f"{profile.title} has {len(ids)} orders with the key {names.get('key')}: {several}")
    number = None if finding.number is None else render_text(finding.number, names, f"{where}.number")
    cancelled = finding.cancelled is not None and compiled(finding.cancelled).holds(names)
    return Found(ids.pop(), number, cancelled)


def raw_found(profile: Profile, finding: Finding, body: Any, headers: Mapping[str, str], context: Context) -> Any:
    """Return the order a good answer holds, as the system writes it."""
    there = _value(finding.found, answered(profile, context, body, headers), f"{profile.id} orders.find.found")
    return there[0] if isinstance(there, list) else there


def lookup_value(profile: Profile, lookup: Lookup, body: Any, headers: Mapping[str, str], context: Context) -> Any:
    """Return what a good answer to a lookup found, or None."""
    value = _value(lookup.found, answered(profile, context, body, headers), f"{profile.id} orders.lookups")
    return None if is_empty(value) else value


def created_value(profile: Profile, lookup: Lookup, body: Any, headers: Mapping[str, str], context: Context) -> Any:
    """Return the id of what a lookup created; raises TemplateError when the answer does not tell."""
    value = _value(lookup.created or "", answered(profile, context, body, headers), f"{profile.id} orders.lookups")
    if is_empty(value):
        raise TemplateError(f"{profile.id} orders.lookups: `{lookup.created}` gives nothing")
    return value


def record_found(profile: Profile, writing: Writing, body: Any, headers: Mapping[str, str], context: Context) -> Any:
    """Return what the system has of a record that is to be written, or None."""
    value = _value(writing.found or "", answered(profile, context, body, headers), f"{profile.id} found")
    return None if is_empty(value) else value


def saved_values(
    profile: Profile, step: Step, body: Any, headers: Mapping[str, str], context: Context
) -> dict[str, str]:
    """Return what *step* saves of its answer."""
    names, where = answered(profile, context, body, headers), f"{profile.id} orders.steps.{step.name}.save"
    texts = {name: render_text(source, names, f"{where}.{name}") for name, source in step.save.items()}
    return {name: text for name, text in texts.items() if text is not None}


def receipt_of(
    profile: Profile, orders: Delivering, body: Any, headers: Mapping[str, str], context: Context
) -> Found | None:
    """Return the new order after its last step, or None when the answer does not tell and it has to be looked up."""
    names = answered(profile, context, body, headers)
    id_ = render_text(orders.id, names, f"{profile.id} orders.id")
    number = None if orders.number is None else render_text(orders.number, names, f"{profile.id} orders.number")
    return None if id_ is None or not id_.strip() else Found(id_, number)


def row_errors(
    profile: Profile, writing: Writing, body: Any, headers: Mapping[str, str], context: Context
) -> dict[int, str]:
    """Return the refusals inside a good answer by the index of the record, from 0.

    Raises TemplateError when one names no record, for then nothing is known of any.
    """
    if writing.row_errors is None:
        return {}
    where = f"{profile.id} row_errors"
    errors = _value(writing.row_errors, answered(profile, context, body, headers), where) or []
    told: dict[int, str] = {}
    for error in errors if isinstance(errors, list) else [errors]:
        try:
            index = int(decimal_of(error["index"]))
        except (KeyError, TypeError, ValueError):
            raise TemplateError(f"{where}: a refusal names no record: {str(error)[:80]}") from None
        if not 0 <= index < len(context.get("records", ())):
            raise TemplateError(f"{where}: a refusal names record {index}, which was not sent")
        told[index] = str(error.get("message") or "refused")
    return told


def rows_in(profile: Profile, rows: Rows, body: Any, headers: Mapping[str, str], context: Context) -> list[Any]:
    """Return the raw rows of an answer; raises UnavailableError when there is no list at all."""
    try:
        found = _value(rows.from_, answered(profile, context, body, headers), f"{profile.id} rows")
    except TemplateError as error:
        raise UnavailableError(str(error)) from None
    if not isinstance(found, list):
        raise UnavailableError(f"{profile.title} sent no list of rows where {profile.id} has `{rows.from_}`")
    return found


def records_of(
    profile: Profile, rows: Rows, found: list[Any], context: Context, *, first: int = 1
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return raw rows as records, and those that cannot be read; rows that are grouped must all be there.

    *first* is the number of the first row, by which one without an id is told.
    """
    records: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, members in enumerate(_grouped(profile, rows, found, context, problems, first), first):
        names = scope(profile, {**context, **members[0], "rows": members})
        try:
            records.append(render(rows.record, names, f"{profile.id} record", "text"))
        except TemplateError as error:
            problems.append(_problem(rows, names, number, str(error)))
    return records, problems


def read_rows(
    profile: Profile, rows: Rows, body: Any, headers: Mapping[str, str], context: Context
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the records of one answer, and the rows that cannot be read."""
    return records_of(profile, rows, rows_in(profile, rows, body, headers, context), context)


def _grouped(
    profile: Profile, rows: Rows, found: list[Any], context: Context, problems: list[Problem], first: int
) -> list[list[dict[str, Any]]]:
    groups: dict[Any, list[dict[str, Any]]] = {}
    for number, row in enumerate(found, first):
        names = scope(profile, {**context, "row": row})
        try:
            children = [None] if rows.children is None else _value(rows.children, names, "children") or []
            if not isinstance(children, list):
                raise TemplateError(f"{profile.id} rows.children: `{rows.children}` gives no list")
            for child in children:
                member = {"row": row, "child": child}
                if rows.skip is not None and compiled(rows.skip).holds({**names, **member}):
                    continue
                key = len(groups) if rows.group is None else _group_key(rows.group, {**names, **member})
                groups.setdefault(key, []).append(member)
        except TemplateError as error:
            problems.append(_problem(rows, {**names, "child": None, "rows": []}, number, str(error)))
    return list(groups.values())


def _group_key(source: str, names: Context) -> str:
    key = render_text(f"={source}", names, "rows.group")
    if key is None:
        raise TemplateError(f"rows.group: `{source}` gives nothing")
    return key


def _problem(rows: Rows, names: Context, number: int, problem: str) -> Problem:
    """Tell of a row that cannot be read, by its id when that much can be read."""
    origin = rows.record.get("origin") or rows.record.get("origin!") or {}
    source = origin.get("id!") or origin.get("id") or ""
    try:
        id_ = render_text(source, names, "id") or f"row {number}"
    except TemplateError:
        id_ = f"row {number}"
    return Problem(id_, id_, problem)


def _id(source: str, names: Context, where: str) -> str:
    text = render_text(source, names, where)
    if text is None:
        raise TemplateError(f"{where}: `{source}` gives nothing, and an id is needed")
    return text


def _value(source: str, names: Context, where: str) -> Any:
    try:
        return compiled(source).value(names)
    except TemplateError as error:
        raise TemplateError(f"{where}: {error}") from None
