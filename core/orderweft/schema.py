"""The contract as JSON Schema 2020-12: write it from the records, load it, check data against it.

jsonschema-rs says whether data is valid; jsonschema says, only when it is not, what is wrong. Both are given the same
`format` checks and both read `pattern` as ECMA-262 does, so that they agree. Without jsonschema-rs, jsonschema does
both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from .errors import PluginError, SettingsError
from .exchange import Kind
from .misses import Miss, in_order, misses_of
from .records import Customer, Order, Outcome, Product, Receipt, Shipment, StockLevel

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

try:
    import jsonschema_rs
except ImportError:  # it is compiled, and not every platform has a wheel
    jsonschema_rs = None  # type: ignore[assignment]

RECORDS: Mapping[str, Any] = MappingProxyType(
    {
        "customer": Customer,
        "order": Order,
        "outcome": Outcome,
        "product": Product,
        "receipt": Receipt,
        "shipment": Shipment,
        "stock_level": StockLevel,
    }
)
"""Every record that has a schema, by the name of the schema."""

RECORD_OF: Mapping[Kind, str] = MappingProxyType(
    {
        "catalog": "product",
        "customers": "customer",
        "inventory": "stock_level",
        "orders": "order",
        "shipments": "shipment",
    }
)
"""Which record a pipeline of each kind moves."""

BASE = "https://orderweft.org/schemas/1/"
SUFFIX = ".schema.json"


class _Contract(GenerateJsonSchema):
    """Describe records as they are written: an absent field is left out, never null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default") is None or "const" in made:
            made.pop("default", None)
        return made

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        made = super().tagged_union_schema(schema)
        made.pop("discriminator", None)
        return made

    def field_is_required(self, field: Any, total: bool) -> bool:
        inner = field["schema"]
        is_tag = inner["type"] == "default" and inner["schema"]["type"] == "literal"
        return is_tag or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def export(kind: str) -> dict[str, Any]:
    """Return the schema of record *kind* as its model says it today."""
    made = TypeAdapter(_record(kind)).json_schema(schema_generator=_Contract)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}{kind}{SUFFIX}",
        "title": kind.replace("_", " ").capitalize(),
    }
    return head | {name: value for name, value in made.items() if name != "title"}


def write_all(folder: Path) -> list[Path]:
    """Write every schema into *folder* and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in _texts().items():
        path = folder / name
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def stale(folder: Path) -> list[str]:
    """Return the names of the files in *folder* that are missing, superfluous or unlike the models."""
    texts = _texts()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob(f"*{SUFFIX}")}
    return sorted(name for name in texts.keys() | found.keys() if texts.get(name) != found.get(name))


def schema_folder() -> Traversable:
    """Return where the schemas are: inside the installed package, or at the top of a checkout."""
    packaged = resources.files(__package__) / "schemas"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "schemas"


def load(kind: str) -> dict[str, Any]:
    """Return the published schema of record *kind*."""
    _record(kind)
    schema: dict[str, Any] = json.loads((schema_folder() / f"{kind}{SUFFIX}").read_text(encoding="utf-8"))
    return schema


def _record(kind: str) -> Any:
    if kind not in RECORDS:
        raise SettingsError(f"there is no record kind {kind!r}; there are {', '.join(sorted(RECORDS))}")
    return RECORDS[kind]


def _texts() -> dict[str, str]:
    return {
        f"{kind}{SUFFIX}": json.dumps(export(kind), indent=2, ensure_ascii=False) + "\n" for kind in sorted(RECORDS)
    }


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    rf"{_DATE.pattern}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]+)?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})"
)


def _parses(form: re.Pattern[str], parse: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if not isinstance(value, str):
            return True
        try:
            return bool(form.fullmatch(value) and parse(value.upper()))
        except ValueError:
            return False

    return check


# `date-time` leaves out the leap second RFC 3339 allows, because no record can hold one.
_FORMATS: Mapping[str, Callable[[object], bool]] = {
    "date": _parses(_DATE, date.fromisoformat),
    "date-time": _parses(_DATE_TIME, datetime.fromisoformat),
    "email": _parses(_EMAIL, bool),
    "uri": _parses(_URI, bool),
}

# ECMA-262, section 22.2.2: the white space of \s, which in Python differs by U+001C-U+001F, U+0085 and U+FEFF.
_SPACE = r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_PIECE = re.compile(r"\\.|.", re.DOTALL)


@cache
def _ecma(pattern: str) -> re.Pattern[str]:
    """Compile *pattern* so that `$` stands for the very end and classes are those of ECMA-262."""
    made, inside = [], False
    for piece in _PIECE.findall(pattern):
        if inside:
            made.append(_SPACE if piece == r"\s" else piece)
        else:
            made.append({"$": r"\Z", r"\s": f"[{_SPACE}]", r"\S": f"[^{_SPACE}]"}.get(piece, piece))
        inside = piece == "[" or (inside and piece != "]")
    try:
        return re.compile("".join(made), re.ASCII)
    except re.error as error:
        raise PluginError(f"the pattern {pattern!r} of a schema cannot be used: {error}") from error


def _prepared(schema: Any) -> Any:
    """Copy *schema* with every pattern tried and `false` spelled out, whose path jsonschema 4.26 loses."""
    if isinstance(schema, list):
        return [_prepared(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: _prepared(part) for name, part in schema.items()}
    if isinstance(made.get("pattern"), str):
        _ecma(made["pattern"])
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: {"not": {}} if part is False else part for name, part in made["properties"].items()}
    return made


Engine = Callable[[Any], bool]


def rust_engine(schema: dict[str, Any]) -> Engine:
    """Compile *schema* with jsonschema-rs."""
    try:
        validator = jsonschema_rs.Draft202012Validator(
            schema, formats=dict(_FORMATS), validate_formats=True, offline=True
        )
    except ValueError as error:
        raise PluginError(f"a schema cannot be used: {str(error).splitlines()[0]}") from error
    return validator.is_valid


def python_engine(schema: dict[str, Any]) -> Engine:
    """Compile *schema* with jsonschema."""
    from jsonschema import SchemaError  # noqa: PLC0415  it takes 130 ms to import and is needed on a miss only

    validator = _validator(schema)
    try:
        validator.check_schema(schema)
    except SchemaError as error:
        raise PluginError(f"a schema cannot be used: {error.message}") from error
    return validator.is_valid


def _validator(schema: dict[str, Any]) -> Validator:
    import jsonschema  # noqa: PLC0415  it takes 130 ms to import and is needed on a miss only
    from referencing import Registry  # noqa: PLC0415  comes with jsonschema

    def pattern(validator: Any, wanted: str, value: object, schema: object) -> Iterator[ValidationError]:
        if isinstance(value, str) and not _ecma(wanted).search(value):
            yield jsonschema.ValidationError("does not match")

    checker = jsonschema.FormatChecker(())
    for name, check in _FORMATS.items():
        checker.checks(name)(check)
    extend: Any = jsonschema.validators.extend
    validator: Validator = extend(jsonschema.Draft202012Validator, {"pattern": pattern})(
        schema, format_checker=checker, registry=Registry()
    )
    return validator


class Checker:
    """One or several schemas compiled into one, all of which data must meet."""

    def __init__(self, *schemas: Mapping[str, Any], engine: Callable[[dict[str, Any]], Engine] | None = None) -> None:
        parts = [{"$id": f"urn:orderweft:part:{number}", **_prepared(schema)} for number, schema in enumerate(schemas)]
        self._schema = parts[0] if len(parts) == 1 else {"allOf": parts}
        self._is_valid = (engine or (python_engine if jsonschema_rs is None else rust_engine))(self._schema)

    def valid(self, data: Any) -> bool:
        """Return whether *data*, plain JSON values, meets all schemas."""
        return self._is_valid(data)

    def misses(self, data: Any) -> tuple[Miss, ...]:
        """Return every miss, in the order of the fields; empty when *data* meets all schemas."""
        if self._is_valid(data):
            return ()
        found = {miss for error in self._explaining.iter_errors(data) for miss in misses_of(error)}
        return tuple(sorted(found, key=in_order)) or (Miss("", "does not have the form asked for"),)

    @cached_property
    def _explaining(self) -> Validator:
        return _validator(self._schema)
