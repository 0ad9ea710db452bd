"""Trying a profile on its own samples, so that nothing in it runs for the first time on a live account.

A sample names an operation, what is given, and what the system answers; `expect` says what has to come out:

- `request`: the parts of the request that are to be as written (`method`, `path`, `query`, `headers`, `json`, `form`)
- `is`, `reason`, `message`, `wait`, `receipt_id`: what the answer means
- `key` for `orders.key`; `found` for `orders.find`, lookups and what is read before a write
- `created`, `saved`, `receipt`, `account`, `row_errors`
- `records` and `problems` of a reading, and `next`: the parts of the request for the next page, null at the end
- `problem`, and each of `problems`: words of the message
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from orderweft import Customer, Order, OrderweftError, Record, SettingsError, StockLevel
from pydantic import ValidationError

from .answers import (
    Found,
    answered,
    classify,
    created_value,
    find_result,
    lookup_value,
    read_rows,
    receipt_of,
    record_found,
    row_errors,
    rows_in,
    saved_values,
)
from .calls import RenderedCall, key_of, render_call
from .expressions import compiled, meant
from .functions import shown
from .lint import RECORDS
from .model import Call, Profile, Reading, Sample
from .paging import Progress, first_page, page_plan
from .places import Path, Place, calls_of, readings_of, writings_of
from .tree import render_text

_GIVEN_RECORDS: dict[str, type[Record]] = {"inventory.write": StockLevel, "write_customers": Customer}
_ODD_ANSWERS: tuple[Any, ...] = (None, "", "<html>Bad gateway</html>", [], {}, [{"message": 1}], {"error": None})
_BASE = "https://sample.invalid/base"
_GIVEN: dict[str, tuple[type, str]] = {
    "key": (str, "text"),
    "records": (list, "a list"),
    "saved": (dict, "a map"),
    "settings": (dict, "a map"),
}


def dry_run(profile: Profile) -> list[tuple[Path, str]]:
    """Return where the samples of *profile* come out differently, and what no sample tries."""
    mistakes = list(_untried(profile))
    mistakes.extend(_odd(profile))
    places = {place.name: place for place in calls_of(profile)}
    for index, sample in enumerate(profile.samples):
        path: Path = ("samples", index)
        try:
            got = _Trial(profile, sample, places.get(sample.operation)).run()
        except (OrderweftError, ValidationError) as error:
            mistakes.append((path, f"{sample.operation}: {_words(error)}"))
            continue
        mistakes.extend(((*path, "expect"), f"{sample.operation}: {what}") for what in _differences(sample, got))
    return mistakes


def asked(profile: Profile, sample: Sample) -> tuple[Place, RenderedCall] | None:
    """Return the call *sample* is about and the request it makes, or None when it expects none."""
    place = next((place for place in calls_of(profile) if place.name == sample.operation), None)
    if place is None or "request" not in sample.expect:
        return None
    return place, _Trial(profile, sample, place).request(place)


def _words(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    details = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in details[:5])


def _untried(profile: Profile) -> Iterator[tuple[Path, str]]:
    asked = {sample.operation for sample in profile.samples if "request" in sample.expect}
    understood = {sample.operation for sample in profile.samples if sample.expect.get("is") == "ok"}
    for place in calls_of(profile):
        if place.name not in asked:
            yield place.path, f"no sample of {place.name} expects a `request`"
        if place.name not in understood:
            yield place.path, f"no sample of {place.name} expects an answer that is ok"
    for name, (path, reading) in readings_of(profile).items():
        if reading.call is not None and not any(
            sample.expect.get("records") for sample in profile.samples if sample.operation == name
        ):
            yield path, f"no sample of {name} expects `records`"
    if profile.orders is not None and profile.orders.find is not None:
        found = [sample.expect.get("found") for sample in profile.samples if sample.operation == "orders.find"]
        if not any(found):
            yield ("orders", "find"), "no sample of orders.find finds an order"
    operations = {place.name for place in calls_of(profile)} | {"orders.key"}
    for index, sample in enumerate(profile.samples):
        if sample.operation not in operations:
            yield ("samples", index, "operation"), f"is not in this profile{meant(sample.operation, operations)}"


def _odd(profile: Profile) -> Iterator[tuple[Path, str]]:
    """Try every condition on answers nobody foresaw, for it must not fail when it is needed."""
    answers = [(200, body) for body in _ODD_ANSWERS] + [(one.status, one.body) for one in profile.samples]
    conditions: list[tuple[Path, str]] = []
    for place in calls_of(profile):
        conditions += [((*place.path, "rules", index, "when"), rule.when)
                       for index, rule in enumerate(place.call.rules) if rule.when]  # fmt: skip
        conditions += [((*place.path, "ok"), place.call.ok)] if place.call.ok else []
    conditions += [(("rules", index, "when"), rule.when) for index, rule in enumerate(profile.rules) if rule.when]
    for path, source in conditions:
        for status, body in answers:
            try:
                compiled(source).value({"status": status, "headers": {}, "body": body, "maps": profile.maps})
            except OrderweftError as error:
                yield path, f"fails on the answer {shown(body)}: {error}"
                break


class _Trial:
    """One sample on its way through the profile."""

    def __init__(self, profile: Profile, sample: Sample, place: Place | None) -> None:
        self.profile, self.sample, self.place = profile, sample, place
        self.got: dict[str, Any] = {}
        self.context = self.given()

    def given(self) -> dict[str, Any]:
        context = dict(self.sample.given)
        for name, (form, called) in _GIVEN.items():
            if name in context and not isinstance(context[name], form):
                raise SettingsError(f"given.{name} must be {called}")
        defaults = {name: spec.default for name, spec in self.profile.settings.items()}
        context["settings"] = {**defaults, **context.get("settings", {})}
        if "order" in context:
            context["order"] = Order.model_validate(context["order"]).to_data()
        kind = _GIVEN_RECORDS.get(self.sample.operation.removesuffix(".find"))
        if kind is not None and "records" in context:
            context["records"] = [kind.model_validate(record).to_data() for record in context["records"]]
            context["record"] = next(iter(context["records"]), None)
        if "key" in context and self.sample.operation != "orders.key":
            context["key"] = key_of(self.profile, context["key"], context["settings"])
        return context

    def run(self) -> dict[str, Any]:
        try:
            if self.sample.operation == "orders.key":
                self.got["key"] = key_of(self.profile, self.context.get("key", ""), self.context["settings"])
            elif self.place is not None:
                self.call(self.place)
        except OrderweftError as error:
            if "problem" not in self.sample.expect:
                raise
            self.got["problem"] = str(error)
        return self.got

    def call(self, place: Place) -> None:
        expect = self.sample.expect
        request: RenderedCall | None = None
        reading = readings_of(self.profile).get(place.name)
        if {"request", "next", "problem"} & expect.keys():
            request = self.request(place)
            self.got["request"] = asdict(request)
        if expect.keys() - {"request"}:
            self.answer(place.call)
            if reading is not None and self.got["is"] == "ok":
                self.read(reading[1], request)
            elif self.got["is"] == "ok":
                self.understand(place)
            elif place.name == "orders.find" and self.got["is"] == "absent":
                self.got["found"] = None

    def request(self, place: Place) -> RenderedCall:
        request = render_call(self.profile, place.call, self.context)
        reading = readings_of(self.profile).get(place.name)
        return request if reading is None else first_page(self.profile.paging.get(reading[1].page or ""), request)

    def answer(self, call: Call) -> None:
        verdict = classify(self.profile, call, self.sample.status, self.sample.headers, self.sample.body)
        self.got |= {"is": verdict.is_, "reason": verdict.reason, "message": verdict.message}
        self.got |= {"wait": verdict.wait, "receipt_id": verdict.receipt}

    def read(self, reading: Reading, request: RenderedCall | None) -> None:
        body, headers = self.sample.body, self.sample.headers
        records, problems = read_rows(self.profile, reading.rows, body, headers, self.context)
        kind = RECORDS[self.sample.operation]
        for record in records:
            told = record.get("origin")
            origin = {**(told if isinstance(told, dict) else {}), "channel": "sample", "connection": "sample"}
            kind.model_validate({**record, "origin": origin})
        self.got["records"] = records
        self.got["problems"] = [problem.problem for problem in problems]
        if request is not None and "next" in self.sample.expect:
            rows = rows_in(self.profile, reading.rows, body, headers, self.context)
            paging = self.profile.paging.get(reading.page or "")
            after, _ = page_plan(
                self.profile, paging, request, Progress(), body=body, headers=headers, rows=rows, base=_BASE
            )
            self.got["next"] = None if after is None else asdict(after)

    def understand(self, place: Place) -> None:
        profile, orders = self.profile, self.profile.orders
        answer = (self.sample.body, self.sample.headers, self.context)
        if place.name == "check" and profile.check is not None:
            names = answered(profile, self.context, self.sample.body, self.sample.headers)
            leaves = {"id": profile.check.id, "name": profile.check.name}
            account: dict[str, Any] = {name: render_text(leaf, names, name) for name, leaf in leaves.items()}
            account["details"] = [render_text(leaf, names, "details") for leaf in profile.check.details]
            self.got["account"] = account
        elif (writing := writings_of(profile).get(place.name.removesuffix(".find"))) and not place.writes:
            self.got["found"] = record_found(profile, writing[1], *answer)
        elif place.name in writings_of(profile):
            told = row_errors(profile, writings_of(profile)[place.name][1], *answer)
            self.got["row_errors"] = {str(index): message for index, message in told.items()}
        elif orders is not None and orders.find is not None and place.name == "orders.find":
            self.got["found"] = _order(find_result(profile, orders.find, *answer))
        elif place.name in ("orders.update", "orders.cancel"):
            pass  # what it answers is read back by the next look
        elif orders is not None and place.name.startswith("orders.lookups."):
            lookup = orders.lookups[place.name.split(".")[2]]
            if place.writes:
                self.got["created"] = created_value(profile, lookup, *answer)
            else:
                self.got["found"] = lookup_value(profile, lookup, *answer)
        elif orders is not None:
            step = next(step for step in orders.steps if step.call is place.call)
            saved = {**self.context.get("saved", {}), **saved_values(profile, step, *answer)}
            self.got["saved"] = saved
            if step is orders.steps[-1]:
                self.got["receipt"] = _order(receipt_of(profile, orders, *answer[:2], {**self.context, "saved": saved}))


def _order(found: Found | None) -> dict[str, Any] | None:
    return None if found is None else {name: value for name, value in asdict(found).items() if value}


def _differences(sample: Sample, got: dict[str, Any]) -> Iterator[str]:
    if not sample.expect:
        yield "expects nothing"
    plain = json.loads(json.dumps(got, default=str), parse_float=Decimal)
    if "problems" not in sample.expect:
        yield from (f"a row cannot be read, and no `problems` are expected: {one}" for one in plain.get("problems", ()))
    for name, expected in sample.expect.items():
        if name not in plain:
            yield f"`{name}` does not come out here{_instead(plain)}"
        elif name == "problem":
            yield from _mentions(str(expected), plain[name], name)
        elif name == "problems" and isinstance(expected, list) and len(expected) == len(plain[name]):
            for words, problem in zip(expected, plain[name], strict=True):
                yield from _mentions(str(words), problem, name)
        elif name in ("request", "next") and isinstance(expected, dict) and plain[name] is not None:
            for part, value in expected.items():
                yield from _compare(f"{name}.{part}", value, plain[name].get(part))
        elif name == "message":
            yield from _mentions(str(expected), plain[name], name)
        else:
            yield from _compare(name, expected, plain[name])


def _instead(got: dict[str, Any]) -> str:
    if "problem" in got:
        return f", but a problem: {got['problem']}"
    return f"; the answer is {got['is']}: {got['message']}" if "is" in got else ""


def _mentions(words: str, text: str, name: str) -> Iterator[str]:
    if words not in text:
        yield f"`{name}` is {text!r}, which does not say {words!r}"


def _compare(where: str, expected: Any, got: Any) -> Iterator[str]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in expected.keys() | got.keys():
            if name not in got:
                yield f"`{where}.{name}` is left out, expected {shown(expected[name])}"
            elif name not in expected:
                yield f"`{where}.{name}` is {shown(got[name])}, expected to be left out"
            else:
                yield from _compare(f"{where}.{name}", expected[name], got[name])
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, pair in enumerate(zip(expected, got, strict=True)):
            yield from _compare(f"{where}[{index}]", *pair)
    elif expected != got or isinstance(expected, bool) != isinstance(got, bool):
        yield f"`{where}` is {shown(got)}, expected {shown(expected)}"
