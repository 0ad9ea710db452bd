"""Where each field of a record comes from, and what each field of the request was made of that delivered it.

Which template sets a field is known. How plugins map is not; what they read a field from, and write it to, is found by
comparing values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from .exchange import Kind
from .records import Record
from .rules import LIST_ITEMS, FieldMap
from .schema import RECORD_OF
from .templates import Template
from .traces import How, Trace, traces


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record on its way to a destination."""

    path: str
    """Such as `lines.0.sku`."""
    value: Any
    """As it goes to the destination; None when a template has removed it."""
    rule: Literal["read", "template", "removed"]
    """`read`: as the source's plugin has read it. `removed`: a template has made it empty."""
    template: str | None = None
    sources: tuple[str, ...] = ()
    """The fields the template asks for."""
    before: Any = None
    """What was read, where a template has set the field."""


def provenance(record: Record, templates: Mapping[str, str], kind: Kind = "orders") -> list[Field]:
    """Return where each field of *record* comes from once *templates* are applied; raises what applying them raises."""
    before, after = (dict(leaves(one.to_data())) for one in (record, FieldMap(templates, kind).apply(record)))
    compiled = {target: (source, tuple(sorted(Template(source).names()))) for target, source in templates.items()}
    fields = []
    for path in dict.fromkeys([*after, *before]):
        # the last one to write a field is the one that counts
        target = next((one for one in reversed(list(templates)) if _is_at(path, one)), None)
        if target is not None:
            source, names = compiled[target]
            rule: Literal["template", "removed"] = "template" if path in after else "removed"
            fields.append(Field(path, after.get(path), rule, source, names, before.get(path)))
        else:
            fields.append(Field(path, after[path], "read"))
    return fields


@dataclass(frozen=True, slots=True)
class RequestField:
    """One single value of a request."""

    path: str
    value: Any
    fields: tuple[str, ...]
    """The fields of the record it came from, the likeliest first."""
    rule: str | None
    """How the first of them came about; None when there is none."""
    template: str | None
    source_fields: tuple[str, ...]
    """What the source has called that."""
    how: How


class Journey:
    """A record on its way from what its source said of it to the request that delivered it."""

    def __init__(self, fields: Sequence[Field], payload: Mapping[str, Any], kind: Kind = "orders") -> None:
        read = {one.path: one.value if one.rule == "read" else one.before for one in fields}
        self._read = {path: value for path, value in read.items() if value is not None}
        self._found = traces(self._read, payload)
        self._fields = {one.path: one for one in fields}
        self._items = {item: name for name, item in LIST_ITEMS.items()} | {RECORD_OF[kind]: ""}

    def found(self, path: str) -> Trace:
        """Return where the source holds what was read into the field at *path*."""
        return self._found.get(path, Trace())

    def read_from(self, field: Field) -> tuple[str, ...]:
        """Return where the source holds *field*, or all that its template asks for."""
        asked = [field.path] if field.rule == "read" else [self.asked_for(field, name) for name in field.sources]
        return tuple(dict.fromkeys(path for one in asked for path in self.found(one).paths))

    def asked_for(self, field: Field, name: str) -> str:
        """Return the path of the field that the template of *field* knows as *name*, such as `line.size`."""
        root, _, rest = name.partition(".")
        steps = field.path.split(".")
        items = self._items.get(root)
        prefix = steps[: steps.index(items) + 2] if items in steps else []
        return ".".join([*prefix, rest])

    def request_fields(self, sent: Mapping[str, Any], request: Mapping[str, Any]) -> list[RequestField]:
        """Return what each single value of *request* came from, which was made of the record in the form *sent*."""
        likely = dict(sent)
        if likely.get("origin.channel") == likely.get("origin.connection"):
            likely.pop("origin.channel", None)  # what is told of where an order comes from is the connection's name
        found = traces(request, likely)
        return [self._request_field(path, value, found[path], sent) for path, value in request.items()]

    def _request_field(self, path: str, value: Any, trace: Trace, sent: Mapping[str, Any]) -> RequestField:
        fields = [self._as_sent(one, sent[one]) for one in trace.paths]
        sources = dict.fromkeys(source for one in fields for source in self.read_from(one))
        rule, template = (fields[0].rule, fields[0].template) if fields else (None, None)
        return RequestField(path, value, trace.paths, rule, template, tuple(sources), trace.how)

    def _as_sent(self, path: str, value: Any) -> Field:
        """Return a field as it was sent, where the templates may have been others."""
        now = self._fields.get(path)
        if now is not None and now.rule != "removed" and now.value == value:
            return now
        return Field(path, value, "read" if self._read.get(path) == value else "template")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Give each single value in plain data with its dotted path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{place}")
    elif value is not None:
        yield path, value


def _is_at(path: str, target: str) -> bool:
    return path.count(".") == target.count(".") and fnmatchcase(path, target)
