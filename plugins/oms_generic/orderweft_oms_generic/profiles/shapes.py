"""What can be named in an expression, so that a misspelt field is found when a profile is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from .expressions import Expression, Node, meant

Shape = Any
"""None is anything; a map gives the fields; a list its entries' shape; LEAF, SECRET and HEADERS are what they say."""
LEAF = "leaf"
SECRET = "secret"  # noqa: S105 a shape
HEADERS = "headers"
_LISTS = ("projection", "filter_projection", "flatten", "value_projection")


def shape_of(annotation: Any) -> Shape:
    """Return the shape of a field with *annotation*, or of a record."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return shape_of(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return shape_of(next(part for part in get_args(annotation) if part is not NoneType))
    if origin is tuple:
        return [shape_of(get_args(annotation)[0])]
    if origin is dict:
        return None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: shape_of(field.annotation) for name, field in annotation.model_fields.items()}
    return LEAF


def examine(expression: Expression, names: Mapping[str, Shape], maps: Mapping[str, Any]) -> tuple[Shape, list[str]]:
    """Return the shape *expression* gives where *names* can be named, and what is wrong with it."""
    examiner = _Examiner(maps)
    shape = examiner.visit(expression.tree, dict(names))
    return shape, [f"`{expression.source}`: {what}" for what in examiner.wrong]


class _Examiner:
    def __init__(self, maps: Mapping[str, Any]) -> None:
        self.maps = maps
        self.wrong: list[str] = []

    def visit(self, node: Node, shape: Shape) -> Shape:
        kind, children = node["type"], node["children"]
        if kind == "field":
            return self.field(node["value"], shape)
        if kind in ("subexpression", "index_expression", "pipe"):
            for child in children:
                shape = self.visit(child, shape)
            return shape
        if kind in _LISTS:
            return self.projection(node, shape)
        if kind == "index":
            return self.entry(shape, "[]")
        if kind == "slice":
            self.entry(shape, "a slice")
            return shape
        if kind in ("current", "identity"):
            return shape
        if kind == "function_expression":
            return self.function(node, shape)
        shapes = [self.visit(child, shape) for child in children if isinstance(child, dict)]
        if kind == "multi_select_dict":
            return dict(zip((child["value"] for child in children), shapes, strict=True))
        if kind in ("or_expression", "and_expression"):
            return shapes[0] if shapes[0] == shapes[1] else None
        if kind == "key_val_pair":
            return shapes[0]
        return LEAF if kind in ("comparator", "not_expression") else None

    def field(self, name: str, shape: Shape) -> Shape:
        if isinstance(shape, dict):
            if name not in shape:
                self.wrong.append(f"there is no `{name}`{meant(name, shape)}")
                return None
            found = shape[name]
            if found == SECRET:
                self.wrong.append(f"`{name}` is a secret, which may be named in `auth` only")
            return found
        if isinstance(shape, list):
            self.wrong.append(f"`{name}` is asked of a list; write [] or [0] before it")
        elif shape == HEADERS and name != name.lower():
            self.wrong.append(f"the header `{name}` must be written in small letters")
        elif shape in (LEAF, SECRET):
            self.wrong.append(f"`{name}` is asked of a text")
        return LEAF if shape == HEADERS else None

    def entry(self, shape: Shape, what: str) -> Shape:
        if shape in (LEAF, SECRET) or isinstance(shape, dict):
            self.wrong.append(f"{what} is asked of what is no list; texts cannot be cut that way")
            return None
        return shape[0] if isinstance(shape, list) else None

    def projection(self, node: Node, shape: Shape) -> Shape:
        children = node["children"]
        below = self.visit(children[0], shape)
        if node["type"] == "flatten":
            inner = self.entry(below, "[]")
            return inner if isinstance(inner, list) else [inner]
        if node["type"] == "value_projection":
            return [self.visit(children[1], None)]
        item = self.entry(below, "[*]")
        if node["type"] == "filter_projection":
            self.visit(children[2], item)
        return [self.visit(children[1], item)]

    def function(self, node: Node, shape: Shape) -> Shape:
        name, arguments = node["value"], node["children"]
        shapes = [self.visit(child, shape) for child in arguments]
        if name == "lookup":
            asked = arguments[0]["value"] if arguments[0]["type"] == "literal" else None
            if not isinstance(asked, str):
                self.wrong.append("the map of lookup() must be written out, in '...'")
            elif asked not in self.maps:
                self.wrong.append(f"there is no map {asked!r}{meant(asked, self.maps)}")
        if name == "coalesce":
            return shapes[0] if all(one == shapes[0] for one in shapes) else None
        if name == "where":
            return shapes[0]
        if name in ("split", "keys"):
            return [LEAF]
        return None if name in ("merge", "pick", "to_array", "values") else LEAF
