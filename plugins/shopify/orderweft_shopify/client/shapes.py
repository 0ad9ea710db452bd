"""Whether an answer has the form its document promises by the Admin schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from .documents import PACKAGE

_FURTHEST = 30
"""Digits before or after the point of an amount; with more it is none."""


@cache
def _shapes() -> Mapping[str, Mapping[str, Any]]:
    """Return the form of each operation's data; of a bulk query the form of a line, by the kind of its object."""
    found: dict[str, dict[str, Any]] = json.loads((files(PACKAGE) / "client" / "shapes.json").read_text("utf-8"))
    return found


def misfit(operation: str, data: Any, variables: Mapping[str, Any], *, whole: bool = True) -> str | None:
    """Return what is wrong with the *data* of an answer, its field in front; None when all is as it should be.

    Unless it has to be *whole*, what a mutation has made may lack anything but its id.
    """
    return _Fit(variables, whole).of_object(_shapes()[operation], data, "")


def line_misfit(operation: str, line: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a line of a bulk result, its field in front."""
    kinds, id_ = _shapes()[operation], line.get("id")
    if not isinstance(line.get("__parentId"), str | None):
        return "__parentId: is no text"
    if id_ is None and "__parentId" in line:
        return None  # media of a kind that was not asked for
    kind = id_.split("/")[3] if isinstance(id_, str) and id_.count("/") == 4 else ""
    shape = kinds.get("Media" if kind.startswith("Media") else kind)
    if shape is None or (kind == "Product") != (line.get("__parentId") is None):
        return "id: an object that was not asked for"
    return _Fit({}, True).of_value(shape[0], shape[1], line, kind)


class _Fit(NamedTuple):
    """What an answer is held against besides its form."""

    variables: Mapping[str, Any]
    whole: bool

    def of_object(self, fields: Mapping[str, Any], value: Any, at: str) -> str | None:
        if not isinstance(value, dict):
            return f"{at or 'data'}: is not an object"
        if value and not value.keys() & fields.keys() and any(wrap.startswith("?") for wrap, _ in fields.values()):
            return f"{at}: has nothing of what was asked for"
        kind_told = any(name in value for name, (wrap, _) in fields.items() if wrap.startswith("?"))
        for name, (wrap, inner) in fields.items():
            here = f"{at}.{name}" if at else name
            when, mark, wrapped = wrap.rpartition("?")
            if name not in value:
                if mark and not (self._asked_for(when) if when else kind_told):
                    continue
                if self.whole or name == "id" or at.count(".") > 1:
                    return f"{here}: is missing"
            elif told := self.of_value(wrapped, inner, value[name], here):
                return told
        return None

    def of_value(self, wrap: str, inner: Any, value: Any, at: str) -> str | None:
        if value is None:
            return f"{at}: is null" if wrap.startswith("!") else None
        wrap = wrap.removeprefix("!")
        if wrap.startswith("[]"):
            if not isinstance(value, list):
                return f"{at}: is not a list"
            each = (self.of_value(wrap[2:], inner, one, f"{at}[{index}]") for index, one in enumerate(value))
            return next(filter(None, each), None)
        if isinstance(inner, dict):
            return self.of_object(inner, value, at)
        return None if _KINDS[inner](value) else f"{at}: is no {inner}"

    def _asked_for(self, variable: str) -> bool:
        """Return whether a field that comes with *variable* has to be there."""
        return bool(self.variables.get(variable.lstrip("-"))) != variable.startswith("-")


def _is_text(value: Any) -> bool:
    # half of a surrogate pair can be neither stored nor sent
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= mark <= "\udfff" for mark in value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or isinstance(value, Decimal)


def _is_decimal(value: Any) -> bool:
    try:
        amount = Decimal(value) if isinstance(value, int | str) else value
        return isinstance(amount, Decimal) and amount.is_finite() and abs(amount.adjusted()) <= _FURTHEST
    except (InvalidOperation, ValueError):
        return False


def _is_instant(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "decimal": _is_decimal,
    "instant": _is_instant,
    "number": _is_number,
    "text": _is_text,
    "truth": lambda value: isinstance(value, bool),
    "whole": _is_whole,
}
