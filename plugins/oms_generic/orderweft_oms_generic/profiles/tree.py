"""Rendering of trees: typed values, lists, required and optional keys."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

from orderweft import TemplateError

from .expressions import Context, compiled, leaf
from .functions import date_text, datetime_text, decimal_of, is_empty, rounded, shown, text_of

Numbers = Literal["json", "text"]
"""How bare numbers come out: as JSON has them, or as text for canonical records."""
MOST_ENTRIES = 100_000


def render(tree: Any, context: Context, where: str, numbers: Numbers = "json") -> Any:
    """Return *tree* over *context*; raises TemplateError, which begins with *where* and the place below it."""
    if isinstance(tree, dict):
        if "$v" in tree:
            return _typed(tree, context, where, numbers)
        if "$each" in tree:
            return _each(tree, context, where, numbers)
        return _map(tree, context, where, numbers)
    if isinstance(tree, list):
        items = [render(item, context, f"{where}[{index}]", numbers) for index, item in enumerate(tree)]
        return [item for item in items if not is_empty(item)]
    if tree is None:
        return None
    return _out(_value(tree, context, where), numbers, where)


def render_text(source: str, context: Context, where: str) -> str | None:
    """Return the leaf *source* as text, None when it is empty; raises TemplateError, which begins with *where*."""
    try:
        return leaf(source).text(context)
    except TemplateError as error:
        raise TemplateError(f"{where}: {error}") from None


def _value(source: str, context: Context, where: str) -> Any:
    try:
        return leaf(source).value(context)
    except TemplateError as error:
        raise TemplateError(f"{where}: {error}") from None


def _map(tree: dict[str, Any], context: Context, where: str, numbers: Numbers) -> dict[str, Any]:
    rendered: dict[str, Any] = {}
    for key, below in tree.items():
        name, needed = key.removesuffix("!"), key.endswith("!")
        value = render(below, context, f"{where}.{name}", numbers)
        if not is_empty(value):
            rendered[name] = value
        elif needed:
            raise TemplateError(f"{where}.{name}: {_source(below)} gives nothing, and a value is needed")
    return rendered


def _source(tree: Any) -> str:
    source = tree.get("$v", tree.get("$each")) if isinstance(tree, dict) else tree
    return f"`{source}`" if isinstance(source, str) else "everything in it"


def _each(tree: dict[str, Any], context: Context, where: str, numbers: Numbers) -> list[Any]:
    try:
        items = compiled(tree["$each"].removeprefix("=")).value(context)
    except TemplateError as error:
        raise TemplateError(f"{where}: {error}") from None
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > MOST_ENTRIES:
        raise TemplateError(f"{where}: `{tree['$each']}` must give a list of at most {MOST_ENTRIES}")
    name = tree["$as"]
    made: list[Any] = []
    for index, item in enumerate(items):
        inner = {**context, name: item, f"{name}_no": index + 1}
        value = render(tree["$do"], inner, f"{where}[{index}]", numbers)
        if is_empty(value):
            raise TemplateError(f"{where}[{index}]: comes out empty, and an entry must not vanish from a list")
        made.append(value)
    return made


def _typed(tree: dict[str, Any], context: Context, where: str, numbers: Numbers) -> Any:
    value = _value(tree["$v"], context, where)
    if is_empty(value):
        return None
    try:
        return TYPES[tree["$type"]](value, tree)
    except ValueError as error:
        raise TemplateError(f"{where}: {error}") from None


def _out(value: Any, numbers: Numbers, where: str) -> Any:
    """Return *value* with its numbers as they are to leave, and whatever is in it."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if numbers == "json" or item is not None}
        return {name: _out(item, numbers, where) for name, item in kept.items()}
    if isinstance(value, list):
        return [_out(item, numbers, where) for item in value]
    try:
        if isinstance(value, Decimal | int) and (numbers == "text" or not isinstance(value, bool)):
            return text_of(value) if numbers == "text" else json_number(value)
    except ValueError as error:
        raise TemplateError(f"{where}: {error}") from None
    return value


def json_number(value: Decimal | int) -> int | float:
    """Return *value* as JSON writes it, exactly; raises ValueError when it has too many digits for that."""
    number = decimal_of(value)
    if number == number.to_integral_value():
        return int(number)
    binary = float(number)
    if Decimal(repr(binary)) != number:
        raise ValueError(f"{number} has too many digits for a JSON number")
    return binary


def _integer(value: Any, tree: dict[str, Any]) -> int:
    number = decimal_of(value)
    if number != number.to_integral_value():
        raise ValueError(f"{shown(value)} is not a whole number")
    return int(number)


def _decimal(value: Any, tree: dict[str, Any]) -> str:
    return text_of(rounded(value, tree["$scale"]) if "$scale" in tree else decimal_of(value))


def _number(value: Any, tree: dict[str, Any]) -> int | float:
    return json_number(rounded(value, tree["$scale"]) if "$scale" in tree else decimal_of(value))


def _date(value: Any, tree: dict[str, Any]) -> str:
    return date_text(value, tree.get("$format", "%Y-%m-%d"))


def _datetime(value: Any, tree: dict[str, Any]) -> str:
    return datetime_text(value, tree.get("$format", "%Y-%m-%dT%H:%M:%SZ"))


TYPES: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "integer": _integer,
    "decimal": _decimal,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
}
"""What `$type` may be."""
