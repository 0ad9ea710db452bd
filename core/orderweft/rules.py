"""What a user may say about records: set this field by a template, leave these out."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .errors import InvalidRecordError, TemplateError
from .exchange import Kind
from .records import Record
from .schema import RECORD_OF, RECORDS
from .templates import Rule, Template, values_of

R = TypeVar("R", bound=Record)

LIST_ITEMS: Mapping[str, str] = {
    "addresses": "address",
    "colors": "color",
    "contacts": "contact",
    "lines": "line",
    "prices": "price",
    "skus": "sku",
}
"""Lists whose items can be mapped, and the name a template knows the item by."""


class FieldMap:
    """The `[pipelines.NAME.map]` table, compiled.

    A target is a dotted path such as `customer.account_code`, `lines.*.sku` for every line, or
    `colors.*.prices.*.label` for lists in lists. Its template sees the record as read, under the name of its schema
    (`order`, `stock_level` ...), and the items as `line`, `address` and so on. An empty result removes the field.
    """

    def __init__(self, templates: Mapping[str, str], kind: Kind = "orders") -> None:
        self._name = RECORD_OF[kind]
        model = RECORDS[self._name]
        self._targets: list[tuple[list[str], Template]] = []
        for target, source in templates.items():
            path = target.split(".")
            items = _check_path(path, model, self._name)
            compiled = Template(source)
            _check_names(compiled.names(), {self._name: model, **items})
            self._targets.append((path, compiled))

    def __bool__(self) -> bool:
        return bool(self._targets)

    def apply(self, record: R) -> R:
        """Return *record* with its fields set; raises TemplateError or InvalidRecordError naming the field."""
        if not self._targets:
            return record
        data, seen = record.to_data(), values_of(record)
        for path, template in self._targets:
            try:
                _set(data, path, template, seen, {self._name: seen})
            except TemplateError as error:
                raise TemplateError(f"the mapping of {'.'.join(path)} fails: {error}") from None
        try:
            return type(record).model_validate(data)
        except ValidationError as error:
            raise InvalidRecordError(_first(error)) from None


class SkipRules:
    """The `[[pipelines.NAME.skip]]` tables, compiled."""

    def __init__(self, rules: Iterable[tuple[str, str]], kind: Kind = "orders") -> None:
        self._name = RECORD_OF[kind]
        self._rules = [(Rule(when), reason) for when, reason in rules]
        for rule, _ in self._rules:
            _check_names(rule.names(), {self._name: RECORDS[self._name]})

    def reason(self, record: Record) -> str | None:
        """Return the reason of the first rule that holds for *record*, or None; raises TemplateError."""
        if not self._rules:
            return None
        values = {self._name: values_of(record)}
        return next((reason for rule, reason in self._rules if rule.holds(**values)), None)


def _set(data: dict[str, Any], path: list[str], template: Template, seen: Any, values: dict[str, Any]) -> None:
    name, rest = path[0], path[1:]
    if rest and rest[0] == "*":
        for item, one in zip(data.get(name, []), seen[name], strict=True):
            _set(item, rest[1:], template, one, {**values, LIST_ITEMS[name]: one})
    elif rest:
        inner = data.setdefault(name, {})
        _set(inner, rest, template, seen.get(name), values)
        if not inner:
            del data[name]
    else:
        text = template.render(**values).strip()
        if text:
            data[name] = text
        else:
            data.pop(name, None)


def _check_names(names: Iterable[str], known: Mapping[str, type[BaseModel]]) -> None:
    """Raise TemplateError for a name that no record of the kind can have."""
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


def _check_path(path: list[str], record: type[BaseModel], kind: str) -> dict[str, type[BaseModel]]:
    """Return what a template for *path* may name besides the record; raises TemplateError for an unknown field."""
    model: Any = record
    items: dict[str, type[BaseModel]] = {}
    for index, name in enumerate(path):
        here = ".".join(path[: index + 1])
        if model is str or not name:
            raise TemplateError(f"{here}: there is nothing below this field")
        if name == "*":
            if LIST_ITEMS.get(path[index - 1] if index else "") not in items:
                lists = [one for one in LIST_ITEMS if one in record.model_fields]
                raise TemplateError(f"{here}: a * stands only behind {' or '.join(lists) or 'a list'}")
            continue
        if model is dict:
            model = str
            continue
        field = model.model_fields.get(name)
        if field is None or (index == 0 and name == "origin"):
            close = get_close_matches(name, list(model.model_fields), n=1)
            article = "an" if kind[0] in "aeiou" else "a"
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise TemplateError(f"{article} {kind.replace('_', ' ')} has no field {here}{hint}")
        model = _inside(field.annotation)
        if get_origin(_plain(field.annotation)) is tuple:
            if name not in LIST_ITEMS or path[index + 1 : index + 2] != ["*"]:
                example = f"{name}.*.FIELD" if name in LIST_ITEMS else "another field"
                raise TemplateError(f"{here} is a list; map {example} instead")
            items[LIST_ITEMS[name]] = model
    if model is dict:
        raise TemplateError(f"{'.'.join(path)} has names of its own; map {'.'.join(path)}.NAME")
    if isinstance(model, type) and issubclass(model, BaseModel):
        raise TemplateError(f"{'.'.join(path)} has fields of its own; map one of {', '.join(model.model_fields)}")
    return items


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
