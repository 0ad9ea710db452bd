"""Where each field of a record comes from: read as it is, or made by which template out of which fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from .exchange import Kind
from .records import Record
from .rules import FieldMap
from .templates import Template


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
