"""What a schema has found amiss, in words for the person who has to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .records.base import INSTANT_PATTERN, MONEY_PATTERN

if TYPE_CHECKING:
    from jsonschema import ValidationError


@dataclass(frozen=True, slots=True)
class Miss:
    """One field that is not as it must be."""

    path: str
    """Such as `lines.3.barcode`; empty for the record itself."""
    message: str
    """Goes on after the path: `is missing`."""

    def __str__(self) -> str:
        return f"{self.path or 'the record'} {self.message}"


def in_order(miss: Miss) -> tuple[list[tuple[int, str]], str]:
    """Return what sorts misses by the order of the fields."""
    steps = [(int(step), "") if step.isdecimal() else (-1, step) for step in miss.path.split(".")]
    return steps, miss.message


PRIVATE = frozenset({
    "address", "addresses", "buyer", "comment", "contact", "contacts", "email", "internal_note", "note", "phone",
    "sales_rep", "tax_number",
})  # fmt: skip
"""Below these fields a value is a person's; it stands in no message."""

_FORMS = {
    MONEY_PATTERN: "an amount such as '19.90'",
    MONEY_PATTERN.replace("-?", ""): "an amount of zero or more such as '19.90'",
    INSTANT_PATTERN: "an instant such as '2026-11-21T10:00:00Z'",
    "^[A-Z]{2}$": "a code of two capital letters",
    "^[A-Z]{3}$": "a code of three capital letters",
    "^[0-9]{14}$": "a code of 14 digits",
    "date": "a day such as '2026-11-21'",
    "date-time": "an instant such as '2026-11-21T10:00:00Z'",
    "email": "an e-mail address",
    "uri": "an address such as 'https://example.com/a'",
}
_TYPES = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false", "array": "a list",
    "object": "a group of fields", "null": "null",
}  # fmt: skip
_SENTENCES = {
    "const": "{value}is not {wanted}",
    "contains": "has no entry {wanted}",
    "enum": "{value}is not one of {wanted}",
    "exclusiveMaximum": "{value}is not less than {wanted}",
    "exclusiveMinimum": "{value}is not more than {wanted}",
    "format": "{value}is not {wanted}",
    "maxItems": "has more than {wanted} entries",
    "maxLength": "is longer than {wanted} characters",
    "maximum": "{value}is more than {wanted}",
    "minItems": "has fewer than {wanted} entries",
    "minLength": "is shorter than {wanted} characters",
    "minimum": "{value}is less than {wanted}",
    "pattern": "{value}is not {wanted}",
    "type": "must be {wanted}",
    "uniqueItems": "has an entry that comes twice",
}
_SHOWN = 40
_LISTED = 12


def worded(keyword: str, wanted: Any) -> str:
    """Return what the schema *keyword* asks for, in words."""
    if keyword == "enum":
        more = f" and {len(wanted) - _LISTED} more" if len(wanted) > _LISTED else ""
        return ", ".join(map(repr, wanted[:_LISTED])) + more
    if keyword in ("pattern", "format"):
        return _FORMS.get(wanted, f"of the form {wanted}")
    if keyword == "type":
        return " or ".join(_TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted))
    if keyword == "contains":
        fixed = {name: part["const"] for name, part in wanted.get("properties", {}).items() if "const" in part}
        others = ", ".join(name for name in wanted.get("required", ()) if name not in fixed)
        named = " and ".join(f"{name} {value!r}" for name, value in fixed.items())
        return " ".join(filter(None, (named and f"with {named}", others and f"that has {others}"))) or "of that form"
    return repr(wanted)


def misses_of(error: ValidationError) -> Iterator[Miss]:
    """Yield each miss that *error* stands for."""
    path = [str(step) for step in error.absolute_path]
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator in ("required", "dependentRequired"):
        yield from (Miss(".".join([*path, name]), "is missing") for name in _missing(error))
    elif error.validator == "additionalProperties":
        unknown = instance.keys() - schema.get("properties", {}).keys()
        yield from (Miss(".".join([*path, name[:_SHOWN]]), "is not a known field") for name in unknown)
    elif error.validator in ("anyOf", "oneOf") and error.context:
        yield from _of_branches(error.context, ".".join(path))
    else:
        yield Miss(".".join(path), _sentence(error))


def _missing(error: ValidationError) -> list[str]:
    wanted: Any = error.validator_value
    instance: Any = error.instance
    if error.validator == "dependentRequired":
        wanted = {name for trigger, names in wanted.items() if trigger in instance for name in names}
    return [name for name in wanted if name not in instance]


def _of_branches(errors: Iterable[ValidationError], path: str) -> Iterator[Miss]:
    """Say what all branches want when they want a field; else what the likeliest branch misses."""
    branches = [list(branch) for _, branch in groupby(errors, key=lambda error: error.relative_schema_path[0])]
    if all(error.validator == "required" and not error.relative_path for branch in branches for error in branch):
        wanted = dict.fromkeys(" and ".join(_missing(branch[0])) for branch in branches)
        yield Miss(path, f"needs {' or '.join(wanted)}")
        return
    tags = ("const", "enum", "type")
    wrong = [sum(error.validator in tags and len(error.relative_path) < 2 for error in branch) for branch in branches]
    likeliest = min(range(len(branches)), key=lambda index: (wrong[index], len(branches[index])))
    for error in branches[likeliest]:
        yield from misses_of(error)


def _sentence(error: ValidationError) -> str:
    if error.validator == "not" and error.validator_value == {}:
        return "must be left out"
    if error.validator in ("minLength", "minItems", "minProperties") and not error.instance:
        return "must not be empty"
    keyword = str(error.validator)
    sentence = _SENTENCES.get(keyword, "does not have the form asked for")
    return sentence.format(value=_shown(error), wanted=worded(keyword, error.validator_value))


def _shown(error: ValidationError) -> str:
    value = error.instance
    if not isinstance(value, str | int | float) or not PRIVATE.isdisjoint(map(str, error.absolute_path)):
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    cut = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return f"{cut!r} " if isinstance(value, str) else f"{cut} "
