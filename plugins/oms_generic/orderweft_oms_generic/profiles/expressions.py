"""Expressions and leaves: JMESPath with a fixed set of functions, compiled once, bounded, total.

What a system sends and what a record holds are data; only the profile's own text is ever compiled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import Options, TreeInterpreter
from orderweft import TemplateError

from .functions import FUNCTIONS, LONGEST_TEXT, checked_pattern, is_empty, text_of

LONGEST_SOURCE = 1000
DEEPEST = 30
DEEPEST_RESULT = 60
MOST_STEPS = 1_000_000
MOST_VALUES = 1_000_000
_LITERAL = "literal"
_INNER = re.compile(r"subexpression|pipe|index_expression|(value_|filter_)?projection|flatten")
"""Nodes whose first child alone is looked up among the names; the rest is inside of what that gives."""
NAMED_SETTING = re.compile(r"settings\.([a-z][a-z0-9_]*)")
"""A setting that is named in a source."""

Context = Mapping[str, Any]
"""What can be named: `settings`, `order`, `body` ...; `maps` are the profile's."""
Node = dict[str, Any]


def meant(wrong: str, known: Collection[str]) -> str:
    """Return what to add to a message about a name that is not known."""
    close = get_close_matches(wrong, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there are: {', '.join(sorted(known))}" if 0 < len(known) <= 40 else ""


class Expression:
    """A compiled expression."""

    def __init__(self, source: str) -> None:
        """Compile *source*; raises TemplateError, also for functions that do not exist."""
        self.source = source
        if len(source) > LONGEST_SOURCE:
            raise TemplateError(f"an expression of {len(source)} characters is too long; {LONGEST_SOURCE} are possible")
        try:
            parsed = jmespath.compile(source).parsed
        except JMESPathError as error:
            raise TemplateError(f"`{source}` is not an expression: {_first_line(error)}") from None
        except (RecursionError, ValueError, TypeError):
            raise TemplateError(f"`{source}` is not an expression") from None
        self.tree: Node = _prepared(parsed, source, 0)

    def value(self, context: Context) -> Any:
        """Return what it gives over *context*; raises TemplateError."""
        interpreter = _Interpreter(context.get("maps", {}))
        try:
            result = interpreter.visit(self.tree, context)
            _measure(result)
        except (JMESPathError, ValueError, ArithmeticError) as error:
            raise TemplateError(f"`{self.source}`: {error}") from None
        except TypeError:
            raise TemplateError(f"`{self.source}`: a text is compared with a number; use number() or text()") from None
        except RecursionError:
            raise TemplateError(f"`{self.source}`: its result is nested too deeply") from None
        return result

    def holds(self, context: Context) -> bool:
        """Return whether it is true over *context*; null, false and what is empty are not."""
        result = self.value(context)
        return not (is_empty(result) or result is False)


@lru_cache(maxsize=8192)
def compiled(source: str) -> Expression:
    """Return *source* compiled; raises TemplateError."""
    return Expression(source)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(":").split(", for expression")[0]


def _prepared(node: Node, source: str, depth: int) -> Node:
    """Return a copy of *node* with exact numbers in it, once everything it asks for is known to exist."""
    if depth > DEEPEST:
        raise TemplateError(f"`{source}` is nested too deeply")
    kind, value = node["type"], node.get("value")
    if kind == "expref":
        raise TemplateError(f"`{source}`: & is not known here")
    if kind == "function_expression":
        _check_function(value, node["children"], source)
    if kind == _LITERAL:
        value = _exact(value)
    children = [_prepared(child, source, depth + 1) if isinstance(child, dict) else child for child in node["children"]]
    return {"type": kind, "children": children, "value": value}


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, dict):
        return {name: _exact(item) for name, item in value.items()}
    return value


def _check_function(name: Any, arguments: list[Node], source: str) -> None:
    function = FUNCTIONS.get(name)
    if function is None:
        raise TemplateError(f"`{source}`: there is no function {name}(){meant(str(name), FUNCTIONS)}")
    if not function.fewest <= len(arguments) <= function.most:
        wanted = str(function.fewest) if function.fewest == function.most else f"{function.fewest} to {function.most}"
        raise TemplateError(f"`{source}`: {name}() takes {wanted} arguments, not {len(arguments)}")
    if name == "replace_re":
        pattern = arguments[1]
        if pattern["type"] != _LITERAL or not isinstance(pattern["value"], str):
            raise TemplateError(f"`{source}`: the pattern of replace_re() must be written out, in '...'")
        try:
            checked_pattern(pattern["value"])
        except ValueError as error:
            raise TemplateError(f"`{source}`: {error}") from None


class _Calls:
    """Our functions as JMESPath's interpreter asks for them."""

    def __init__(self, maps: Mapping[str, Mapping[str, str]]) -> None:
        self._maps = maps

    def call_function(self, name: str, arguments: list[Any]) -> Any:
        """Call the function *name*."""
        function = FUNCTIONS[name]
        if not function.takes_null and any(argument is None for argument in arguments):
            return None
        return function.call(self._maps, *arguments) if name == "lookup" else function.call(*arguments)


class _Interpreter(TreeInterpreter):  # type: ignore[misc]
    """JMESPath's own, with our functions and a limit."""

    def __init__(self, maps: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(Options(custom_functions=_Calls(maps)))
        self._steps = 0

    def visit(self, node: Node, value: Any) -> Any:
        """Return what *node* gives over *value*."""
        self._steps += 1
        result = super().visit(node, value)
        if isinstance(result, str | list):
            self._steps += len(result) // 16
            if isinstance(result, str) and len(result) > LONGEST_TEXT and node["type"] == "function_expression":
                raise ValueError(f"gives a text of more than {LONGEST_TEXT} characters")
        if self._steps > MOST_STEPS:
            raise ValueError("takes too long")
        return result


def _measure(value: Any) -> None:
    """Refuse a result with too many values in it; one that is used twice counts twice."""
    level, seen, depth = [value], 0, 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        seen, depth = seen + sum(len(item) for item in level), depth + 1
        if seen > MOST_VALUES or depth > DEEPEST_RESULT:
            raise ValueError(f"gives more than {MOST_VALUES} values, or {DEEPEST_RESULT} inside each other")
        level = [below for item in level for below in (item.values() if isinstance(item, dict) else item)]


class Leaf:
    """A compiled leaf: literal text, an expression, or text with expressions in it."""

    def __init__(self, source: str) -> None:
        """Compile *source*; raises TemplateError."""
        self.source = source
        self.is_expression = source.startswith("=")
        self.parts: tuple[str | Expression, ...] = (
            (compiled(source[1:].strip()),) if self.is_expression else tuple(_parts(source))
        )

    @property
    def expressions(self) -> list[Expression]:
        """Return the expressions in it."""
        return [part for part in self.parts if isinstance(part, Expression)]

    def value(self, context: Context) -> Any:
        """Return its value over *context*: null when a part of its text comes out empty; raises TemplateError."""
        if self.is_expression:
            return self.expressions[0].value(context)
        texts: list[str] = []
        for part in self.parts:
            found = part if isinstance(part, str) else part.value(context)
            if is_empty(found):
                return None
            try:
                texts.append(text_of(found))
            except ValueError as error:
                raise TemplateError(f"`{self.source}`: {error}") from None
        return "".join(texts) or None

    def text(self, context: Context) -> str | None:
        """Return its value as text; raises TemplateError."""
        value = self.value(context)
        try:
            return None if is_empty(value) else text_of(value)
        except ValueError as error:
            raise TemplateError(f"`{self.source}`: {error}") from None


@lru_cache(maxsize=8192)
def leaf(source: str) -> Leaf:
    """Return *source* compiled as a leaf; raises TemplateError."""
    return Leaf(source)


def leaf_text(source: str | None, context: Context) -> str | None:
    """Return the text of the leaf *source* over *context*, None when it is left out or empty."""
    return None if source is None else leaf(source).text(context)


def roots_of(source: str) -> set[str]:
    """Return the names the leaf *source* looks up, such as `order`."""
    return {name for expression in leaf(source).expressions for name in _roots(expression.tree)}


def _roots(node: Node) -> set[str]:
    if node["type"] == "field":
        return {node["value"]}
    children = [child for child in node["children"] if isinstance(child, dict)]
    looked_up = children[:1] if _INNER.fullmatch(node["type"]) else children
    return {name for child in looked_up for name in _roots(child)}


def _parts(source: str) -> Iterator[str | Expression]:
    rest = source
    while rest:
        literal, mark, behind = rest.partition("${")
        if literal:
            yield literal
        if not mark:
            return
        end = _closing(behind)
        if end is None:
            raise TemplateError(f"`{source}`: a ${{ is not closed")
        yield compiled(behind[:end].strip())
        rest = behind[end + 1 :]


def _closing(text: str) -> int | None:
    """Return where the brace that was opened before *text* is closed."""
    depth, quote, index = 1, "", 0
    while index < len(text):
        mark = text[index]
        if mark == "\\":
            index += 1
        elif quote:
            quote = "" if mark == quote else quote
        elif mark in "'\"`":
            quote = mark
        else:
            depth += (mark == "{") - (mark == "}")
            if not depth:
                return index
        index += 1
    return None
