"""Whether a source fits a destination, decided field by field from their schemas before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from .exchange import Kind
from .misses import worded
from .rules import LIST_ITEMS
from .schema import RECORD_OF, load

Verdict = Literal["always", "mapped", "checked", "may be missing", "never"]
"""`checked`: whether it fits shows record by record. `may be missing`: records without it are held."""

_SEVERITY: Mapping[Verdict, int] = {"always": 0, "mapped": 0, "checked": 1, "may be missing": 2, "never": 3}

_STAND_INS: Mapping[Kind, Mapping[str, str]] = {
    "orders": {
        "lines.*.sku": "barcode | gtin | style_number-color_code-size | style_identifier-color_code-size"
        " | style_number-color-size",
        "lines.*.barcode": "gtin",
        "lines.*.style_number": "style_identifier",
        "lines.*.style_identifier": "style_number",
        "lines.*.style_name": "style_number | style_identifier",
        "lines.*.color": "color_code",
        "lines.*.color_code": "color",
        "lines.*.size": "size_code",
        "lines.*.size_code": "size",
        "lines.*.unit_price": "list_price",
        "lines.*.list_price": "unit_price",
        "lines.*.warehouse.name": "code | /warehouse.name | /warehouse.code",
        "lines.*.warehouse.code": "name | /warehouse.code | /warehouse.name",
        "addresses.*.code": "/customer.account_code",
        "addresses.*.name": "/customer.name",
        "addresses.*.contact": "/customer.buyer",
        "addresses.*.email": "/customer.email",
        "addresses.*.phone": "/customer.phone",
        "customer.account_code": "name",
        "customer.name": "account_code",
        "customer.buyer": "name",
        "season.name": "code | /linesheet.name",
        "season.code": "name | /linesheet.code",
        "linesheet.name": "code | /season.name",
        "purchase_order": "number",
        "retail_currency": "currency",
        "created_at": "approved_at | modified_at",
        "approved_at": "modified_at | created_at",
        "modified_at": "approved_at | created_at",
        "window.complete": "start",
    },
    "inventory": {
        "item.barcode": "gtin | sku",
        "item.sku": "barcode | gtin | style_number-color_code-size | style_identifier-color_code-size",
        "item.style_number": "style_identifier",
        "item.style_identifier": "style_number",
        "item.color": "color_code",
        "item.color_code": "color",
        "item.size": "size_code",
        "item.size_code": "size",
    },
    "catalog": {
        "style_number": "style_identifier",
        "style_identifier": "style_number",
        "description": "name",
        "colors.*.color": "color_code",
        "colors.*.color_code": "color",
    },
    "customers": {
        "account_code": "name",
        "addresses.*.code": "/account_code",
        "addresses.*.name": "/name",
        "contacts.*.name": "/name",
    },
}
"""What may stand in for a field: alternatives, best first; `-` joins several; `/` begins at the top of the record."""

_ASKS: Mapping[str, Callable[[Any], str]] = {
    "const": repr,
    "contains": lambda wanted: f"a list with an entry {worded('contains', wanted)}",
    "enum": lambda wanted: f"one of {worded('enum', wanted)}",
    "exclusiveMaximum": lambda wanted: f"less than {wanted}",
    "exclusiveMinimum": lambda wanted: f"more than {wanted}",
    "format": lambda wanted: worded("format", wanted),
    "maxItems": lambda wanted: f"a list of at most {wanted}",
    "maxLength": lambda wanted: f"at most {wanted} characters long",
    "maximum": lambda wanted: f"at most {wanted}",
    "minItems": lambda wanted: f"a list of at least {wanted}",
    "minLength": lambda wanted: f"at least {wanted} characters long",
    "minimum": lambda wanted: f"at least {wanted}",
    "pattern": lambda wanted: worded("pattern", wanted),
}
_AT_TIMES = "there in some cases"

NOUNS: Mapping[Kind, str] = {
    "catalog": "products",
    "customers": "customers",
    "inventory": "stock levels",
    "orders": "orders",
    "shipments": "shipments",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing the destination asks for, and whether the source gives it."""

    path: str
    verdict: Verdict
    asks: str = ""
    """What the value has to be, on rows that are checked: `at most 50 characters long`."""
    instead: tuple[str, ...] = ()
    """Other fields, any of which would do as well."""
    proposals: tuple[str, ...] = ()
    """Lines for `[pipelines.NAME.map]`, any of which would close the gap, best first."""
    sentence: str = ""

    @property
    def named(self) -> str:
        """Return its path, and what else would do."""
        return f"{self.path} (or {' or '.join(self.instead)})" if self.instead else self.path


@dataclass(frozen=True, slots=True)
class Fit:
    """All a destination asks of one kind of record, held against what a source gives."""

    kind: Kind
    rows: tuple[Row, ...]

    @property
    def possible(self) -> bool:
        """Return whether every field that is needed can be there."""
        return all(row.verdict != "never" for row in self.rows)

    def to_data(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind, "possible": self.possible, "rows": [asdict(row) for row in self.rows]}


def fit(
    kind: Kind,
    provides: Mapping[str, Any],
    accepts: Mapping[str, Any],
    mapped: Collection[str] = (),
    canonical: Mapping[str, Any] | None = None,
) -> Fit:
    """Hold what a destination accepts against what a source provides, field by field.

    *mapped* are the paths the pipeline's `map` fills; *canonical* is the published schema of the record.
    """
    if canonical is None:
        canonical = load(RECORD_OF[kind]) if kind in RECORD_OF else {}
    source = Node.of(canonical, provides)
    asking = _Asking(frozenset(mapped))
    worst: dict[tuple[str, str], Row] = {}
    for row in asking.rows(Node.of(accepts), source, "", "always"):
        known = worst.get((row.path, row.asks))
        if known is None or _weight(row) > _weight(known):
            worst[row.path, row.asks] = row
    finished = (_finish(row, kind, source) for row in worst.values())
    return Fit(kind, tuple(sorted(finished, key=lambda row: (row.path, row.asks))))


def _weight(row: Row) -> tuple[int, bool]:
    return _SEVERITY[row.verdict], not row.instead


@dataclass(frozen=True, slots=True)
class Node:
    """One place in a record as several schemas see it: each with the document its references point into."""

    parts: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]

    @classmethod
    def of(cls, *documents: Mapping[str, Any]) -> Node:
        """Return the top of *documents*."""
        return cls(tuple(part for document in documents for part in _flat(document, document)))

    def values(self, keyword: str) -> list[Any]:
        """Return what each schema says under *keyword*."""
        return [schema[keyword] for schema, _ in self.parts if keyword in schema]

    def names(self) -> list[str]:
        """Return every field some schema names."""
        found = {name for names in self.values("required") for name in names}
        return sorted(found.union(*self.values("properties")))

    def required(self, name: str) -> bool:
        """Return whether some schema requires the field *name*."""
        return any(name in names for names in self.values("required"))

    def field(self, name: str) -> Node:
        """Return the place of the field *name*."""
        return self._below(lambda schema: schema.get("properties", {}).get(name, schema.get("additionalProperties")))

    def items(self) -> Node:
        """Return the place of the entries of a list."""
        return self._below(lambda schema: schema.get("items"))

    def branches(self, keyword: str) -> Iterator[list[Node]]:
        """Return the alternatives of each `anyOf` or `oneOf`."""
        for schema, root in self.parts:
            if keyword in schema:
                yield [Node(tuple(_flat(branch, root))) for branch in schema[keyword]]

    def conditional(self) -> Iterator[Node]:
        """Return what is asked for in some cases only."""
        for schema, root in self.parts:
            for names in schema.get("dependentRequired", {}).values():
                yield Node(tuple(_flat({"required": names}, root)))
            for keyword in ("then", "else"):
                yield Node(tuple(_flat(schema.get(keyword), root)))

    def presence(self, name: str) -> Verdict:
        """Return whether the field *name* is there whenever this place is."""
        for schema, _ in self.parts:
            stated = schema.get("properties", {})
            if stated.get(name) in (False, {"not": {}}) or (
                name not in stated and schema.get("additionalProperties") is False
            ):
                return "never"
        # A record writes the defaults of its fields, so that only those without one can be absent.
        written = any("default" in schema for schema, _ in self.field(name).parts)
        return "always" if written or self.required(name) else "may be missing"

    def presence_of(self, path: str) -> Verdict:
        """Return whether the field at *path* is there; below a list, whether each entry has it."""
        return self._found(path)[0]

    def is_list(self, path: str) -> bool:
        """Return whether the field at *path* is a list."""
        return bool(self._found(path)[1].items().parts)

    def _found(self, path: str) -> tuple[Verdict, Node]:
        node = self
        verdict: Verdict = "always"
        for step in path.split("."):
            if step == "*":
                node, verdict = node.items(), "always"
            else:
                verdict = _worse(verdict, node.presence(step))
                node = node.field(step)
        return verdict, node

    def _below(self, choose: Callable[[Mapping[str, Any]], Any]) -> Node:
        return Node(tuple(part for schema, root in self.parts for part in _flat(choose(schema), root)))


def _flat(schema: Any, root: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    if not isinstance(schema, Mapping):
        return
    yield schema, root
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#").strip("/").split("/"):
            target = target[step] if step else target
        yield from _flat(target, root)
    for part in schema.get("allOf", ()):
        yield from _flat(part, root)


def _worse(one: Verdict, other: Verdict) -> Verdict:
    return max(one, other, key=_SEVERITY.__getitem__)


@dataclass(frozen=True, slots=True)
class _Asking:
    """Walks what a destination accepts beside what a source gives."""

    mapped: frozenset[str]

    def rows(self, wanted: Node, given: Node, path: str, presence: Verdict) -> Iterator[Row]:
        """Yield a row for everything asked for at *path* and below, which is there as *presence* says."""
        for name in wanted.names():
            yield from self._field(wanted, given, name, f"{path}.{name}".lstrip("."), presence)
        items = wanted.items()
        if items.parts:
            yield from self._checks(items, given.items(), f"{path}.*")
            yield from self.rows(items, given.items(), f"{path}.*", "always")
        for branches in (*wanted.branches("anyOf"), *wanted.branches("oneOf")):
            yield from _easiest([list(self.rows(branch, given, path, presence)) for branch in branches])
        for branch in wanted.conditional():
            for row in self.rows(branch, given, path, presence):
                if _SEVERITY[row.verdict]:
                    yield replace(row, verdict="checked", asks=row.asks or _AT_TIMES)

    def _field(self, wanted: Node, given: Node, name: str, path: str, presence: Verdict) -> Iterator[Row]:
        below, have = wanted.field(name), given.field(name)
        found = given.presence(name)
        filled = any(f"{target}.".startswith(f"{path}.") and path + ".*" not in target for target in self.mapped)
        entries = max(below.values("minItems"), default=0)
        needed = wanted.required(name) or entries > 0
        if found == "never" and not needed and not filled:
            return
        if entries and not max(have.values("minItems"), default=0):
            found = _worse(found, "may be missing")
        verdict = _worse(presence, found) if needed or found == "never" else "always"
        yield from self._checks(below, have, path)
        inner = list(self.rows(below, have, path, verdict))
        yield from inner
        told_below = any(row.instead and ".*" not in row.path.removeprefix(path) for row in inner)
        if needed and not told_below and not any(below.values("required")):
            yield Row(path, "mapped" if filled else verdict)

    def _checks(self, wanted: Node, given: Node, path: str) -> Iterator[Row]:
        for keyword, words in _ASKS.items():
            for value in wanted.values(keyword):
                guaranteed = path not in self.mapped and _implied(keyword, value, given)
                if not guaranteed and (keyword, value) != ("minItems", 1):
                    yield Row(path, "checked", words(value))


def _implied(keyword: str, wanted: Any, given: Node) -> bool:
    if keyword.lower().endswith(("maximum", "maxlength", "maxitems")):
        return any(value <= wanted for value in given.values(keyword))
    if keyword.lower().endswith(("minimum", "minlength", "minitems")):
        return any(value >= wanted for value in given.values(keyword))
    if keyword in ("enum", "const"):
        allowed = wanted if keyword == "enum" else [wanted]
        choices = [*given.values("enum"), *([value] for value in given.values("const"))]
        return any(all(value in allowed for value in values) for values in choices)
    return wanted in given.values(keyword)


def _easiest(branches: list[list[Row]]) -> Iterator[Row]:
    """Yield the rows of the branch that is easiest to meet, naming the fields of the others."""
    if not all(branches):
        return
    ranked = sorted(branches, key=lambda rows: (max(_SEVERITY[row.verdict] for row in rows), len(rows)))
    named = [" and ".join(row.path for row in rows if row.verdict != "checked") for rows in ranked]
    for row in ranked[0]:
        yield replace(row, instead=tuple(filter(None, named[1:])))


def _finish(row: Row, kind: Kind, source: Node) -> Row:
    proposals: tuple[str, ...] = ()
    if row.verdict in ("may be missing", "never") or row.asks == _AT_TIMES:
        paths = [row.path, *(path for path in row.instead if " " not in path)]
        proposals = next(filter(None, (_proposals(kind, path, source) for path in paths)), ())
    what, nouns = row.named, NOUNS[kind]
    by = "" if proposals else " with a fixed text"
    sentence = {
        "always": f"{what} is always there.",
        "mapped": f"{what} is filled by the pipeline's map.",
        "checked": f"{what} must be {row.asks}; {nouns} where it is not are held.",
        "may be missing": f"{what} may be missing; {nouns} without it are held unless the map fills it."
        if not source.is_list(row.path)
        else f"{what} may be empty; {nouns} where it is are held.",
        "never": f"{what} is never there; the pipeline's map has to fill it{by}.",
    }[row.verdict]
    return replace(row, proposals=proposals, sentence=sentence)


def _proposals(kind: Kind, path: str, source: Node) -> tuple[str, ...]:
    """Return the lines that would fill *path* from the fields most surely there."""
    listed = path.rpartition(".*.")[0]
    if listed and listed not in LIST_ITEMS:
        return ()
    parent, _, name = path.rpartition(".")
    sibling = {"name": "code", "code": "name"}.get(name, "")
    own = [_spoken(kind, path)] if source.presence_of(path) == "may be missing" else []
    found: list[tuple[int, str]] = []
    for alternative in filter(None, _STAND_INS.get(kind, {}).get(path, sibling).split(" | ")):
        fields = [field[1:] if field[0] == "/" else f"{parent}.{field}".lstrip(".") for field in alternative.split("-")]
        surest = max(_SEVERITY[source.presence_of(field)] for field in fields)
        if surest < _SEVERITY["never"]:
            names = [_spoken(kind, field) for field in fields]
            unsure = [
                spoken for field, spoken in zip(fields, names, strict=True) if source.presence_of(field) != "always"
            ]
            found.append((surest, _template(own, names, unsure)))
    best = min((surest for surest, _ in found), default=0)
    return tuple(f'"{path}" = "{template}"' for surest, template in found if surest == best)


def _template(own: list[str], names: list[str], unsure: list[str]) -> str:
    if len(names) > 1 and not own and not unsure:
        return "-".join(f"{{{{ {name} }}}}" for name in names)
    value = " ~ '-' ~ ".join(names)
    if len(names) > 1 and unsure:
        value += f" if {' and '.join(unsure)} else ''"
    if len(names) > 1 and own:
        value = f"({value})"
    return f"{{{{ {' or '.join([*own, value])} }}}}"


def _spoken(kind: Kind, path: str) -> str:
    """Return how a template names the field at *path*: `line.sku` for `lines.*.sku`."""
    listed, inside, rest = path.rpartition(".*.")
    if inside:
        return f"{LIST_ITEMS[listed]}.{rest}"
    return f"{RECORD_OF.get(kind, 'record')}.{path}"
