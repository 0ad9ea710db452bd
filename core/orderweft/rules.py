"""What a user may say about orders: set this field by a template, leave these out."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .errors import InvalidRecordError, TemplateError
from .records import Address, Order, OrderLine
from .templates import Rule, Template, values_of

_ITEMS = {"lines": "line", "addresses": "address"}
"""Lists whose items can be mapped, and the name a template knows the item by."""
_ITEM_MODELS: Mapping[str, type[BaseModel]] = {"line": OrderLine, "address": Address}


class FieldMap:
    """The `[pipelines.NAME.map]` table, compiled.

    A target is a dotted path such as `customer.account_code`, or `lines.*.sku` for every line. Its template sees the
    order as fetched, as `order`, and the item as `line` or `address`. An empty result removes the field.
    """

    def __init__(self, templates: Mapping[str, str]) -> None:
        self._targets: list[tuple[list[str], Template]] = []
        for target, source in templates.items():
            path = target.split(".")
            _check_path(path)
            compiled = Template(source)
            item = _ITEMS[path[0]] if path[1:2] == ["*"] else None
            _check_names(compiled.names(), {"order": Order, **({item: _ITEM_MODELS[item]} if item else {})})
            self._targets.append((path, compiled))

    def __bool__(self) -> bool:
        return bool(self._targets)

    def apply(self, order: Order) -> Order:
        """Return *order* with its fields set; raises TemplateError or InvalidRecordError naming the field."""
        if not self._targets:
            return order
        data, seen = order.to_data(), values_of(order)
        for path, template in self._targets:
            try:
                _set(data, path, template, {"order": seen})
            except TemplateError as error:
                raise TemplateError(f"the mapping of {'.'.join(path)} fails: {error}") from None
        try:
            return Order.model_validate(data)
        except ValidationError as error:
            raise InvalidRecordError(_first(error)) from None


class SkipRules:
    """The `[[pipelines.NAME.skip]]` tables, compiled."""

    def __init__(self, rules: Iterable[tuple[str, str]]) -> None:
        self._rules = [(Rule(when), reason) for when, reason in rules]
        for rule, _ in self._rules:
            _check_names(rule.names(), {"order": Order})

    def reason(self, order: Order) -> str | None:
        """Return the reason of the first rule that holds for *order*, or None; raises TemplateError."""
        if not self._rules:
            return None
        seen = values_of(order)
        return next((reason for rule, reason in self._rules if rule.holds(order=seen)), None)


def _set(data: dict[str, Any], path: list[str], template: Template, values: dict[str, Any]) -> None:
    name, rest = path[0], path[1:]
    if rest and rest[0] == "*":
        for item, seen in zip(data.get(name, []), values["order"][name], strict=True):
            _set(item, rest[1:], template, {**values, _ITEMS[name]: seen})
    elif rest:
        inner = data.setdefault(name, {})
        _set(inner, rest, template, values)
        if not inner:
            del data[name]
    else:
        text = template.render(**values).strip()
        if text:
            data[name] = text
        else:
            data.pop(name, None)


def _check_names(names: Iterable[str], known: Mapping[str, type[BaseModel]]) -> None:
    """Raise TemplateError for a name that no order can have."""
    for name in sorted(names):
        root, *fields = name.split(".")
        if root not in known:
            raise TemplateError(f"there is nothing called {root!r} here; there is {' and '.join(known)}")
        model: Any = known[root]
        for index, field in enumerate(fields):
            if not (isinstance(model, type) and issubclass(model, BaseModel)):
                break
            if field not in model.model_fields:
                close = get_close_matches(field, list(model.model_fields), n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise TemplateError(f"{'.'.join([root, *fields[:index]])} has no field {field!r}{hint}")
            annotation = model.model_fields[field].annotation
            model = None if get_origin(_plain(annotation)) is tuple else _inside(annotation)


def _check_path(path: list[str]) -> None:
    model: Any = Order
    for index, name in enumerate(path):
        here = ".".join(path[: index + 1])
        if model is str or not name:
            raise TemplateError(f"{here}: there is nothing below this field")
        if name == "*":
            if index != 1 or path[0] not in _ITEMS:
                raise TemplateError(f"{here}: a * stands only behind {' or '.join(_ITEMS)}")
            continue
        if model is dict:
            model = str
            continue
        field = model.model_fields.get(name)
        if field is None or (index == 0 and name == "origin"):
            close = get_close_matches(name, list(model.model_fields), n=1)
            raise TemplateError(f"an order has no field {here}" + (f"; did you mean {close[0]!r}?" if close else ""))
        is_list = get_origin(_plain(field.annotation)) is tuple
        if is_list and (name not in _ITEMS or path[index + 1 : index + 2] != ["*"]):
            example = f"{name}.*.FIELD" if name in _ITEMS else "another field"
            raise TemplateError(f"{here} is a list; map {example} instead")
        model = _inside(field.annotation)
    if model is dict:
        raise TemplateError(f"{'.'.join(path)} has names of its own; map {'.'.join(path)}.NAME")
    if isinstance(model, type) and issubclass(model, BaseModel):
        raise TemplateError(f"{'.'.join(path)} has fields of its own; map one of {', '.join(model.model_fields)}")


def _plain(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _plain(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation


def _inside(annotation: Any) -> Any:
    plain = _plain(annotation)
    if get_origin(plain) is tuple:
        plain = _plain(get_args(plain)[0])
    if get_origin(plain) is dict:
        return dict
    return plain if isinstance(plain, type) and issubclass(plain, BaseModel) else str


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in detail["loc"])
    return f"after mapping, {where} {detail['msg'].removeprefix('Value error, ')}"
