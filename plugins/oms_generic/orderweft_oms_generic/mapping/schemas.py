"""What a profile guarantees of the records it reads, and what it needs of those it writes, as JSON Schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from orderweft import Kind
from pydantic import BaseModel

from ..config import Settings
from ..profiles.lint import RECORDS
from ..profiles.model import Profile, Reading
from ..profiles.places import READ_BY, readings_of

_CODES = frozenset(("sku", "barcode"))
_CHOSEN = re.compile(r"=pick\(\{(sku|barcode): .*\}, settings\.item_code\)")
"""How a profile reads the one code a system has into the field that `item_code` names."""


def reading_of(profile: Profile, kind: Kind) -> Reading | None:
    """Return how *kind* is read, None when the profile does not say."""
    found = readings_of(profile).get(READ_BY[kind])
    return None if found is None else found[1]


def provided(settings: Settings, kind: Kind) -> dict[str, Any] | None:
    """Return a JSON Schema of what every record of *kind* has: what must not come out empty, and what is never set."""
    reading = reading_of(settings.system, kind)
    if reading is None:
        return None
    free = _CODES if settings.item_code == "barcode" else frozenset[str]()
    schema = _schema(reading.rows.record, RECORDS[READ_BY[kind]], free, _code(settings))
    return _of_stock(schema, settings) if kind == "inventory" else schema


def _of_stock(schema: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return what is told of stock: no place when it is summed, one code when only that is told."""
    properties, required = dict(schema["properties"]), set(schema["required"])
    if settings.stock_scope == "total":
        properties["warehouse"] = False
        required.discard("warehouse")
    if (code := settings.stock_code) is not None and isinstance(item := properties.get("item"), dict):
        others = dict.fromkeys({"sku"} if code == "barcode" else {"barcode", "gtin"}, False)
        names = sorted(({*item["required"], code}) - others.keys())
        properties["item"] = {**item, "required": names, "properties": {**item["properties"], **others}}
    return {**schema, "required": sorted(required), "properties": properties}


def _code(settings: Settings) -> str | None:
    """Return what the system calls an item by, as set or as the profile says; None when it does not say."""
    return settings.item_code or settings.texts.get("item_code")


def _schema(tree: Mapping[str, Any], model: type[BaseModel], free: frozenset[str], code: str | None) -> dict[str, Any]:
    """Return what *tree* gives of *model*; the fields in *free* may come and go, other codes than *code* do not."""
    given = {key.removesuffix("!"): (below, key.endswith("!")) for key, below in tree.items()}
    filled = {name for name, field in model.model_fields.items() if field.is_required()}
    required = filled | {name for name, (_, needed) in given.items() if needed and name not in free}
    properties: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        inner, is_list = _model_in(field.annotation)
        below = given.get(name, (None, False))[0]
        chosen = _CHOSEN.fullmatch(below) if isinstance(below, str) else None
        if chosen and code in _CODES and chosen[1] != code:
            properties[name] = False
        elif name not in given:
            worked_out = name == "gtin" and properties.get("barcode") is not False
            if not field.is_required() and field.default is None and name not in free and not worked_out:
                properties[name] = False
        elif inner is not None and is_list and (entry := _entry(below)) is not None:
            properties[name] = {"type": "array", "items": _schema(entry, inner, free, code)}
        elif inner is not None and not is_list and isinstance(below, dict) and "$v" not in below and name != "origin":
            properties[name] = _schema(below, inner, free, code)
    return {"type": "object", "required": sorted(required), "properties": properties}


def _entry(tree: Any) -> Mapping[str, Any] | None:
    """Return the tree of every entry of a list, None when they differ or nobody can tell."""
    entry = (
        tree[0] if isinstance(tree, list) and len(tree) == 1 else tree.get("$do") if isinstance(tree, dict) else None
    )
    return entry if isinstance(entry, dict) else None


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """Return the record a field holds, and whether it holds several."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _model_in(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return _model_in(next(part for part in get_args(annotation) if part is not NoneType))
    if origin is tuple:
        return _model_in(get_args(annotation)[0])[0], True
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return (annotation, False) if is_model else (None, False)


def accepted(settings: Settings, kind: Kind) -> dict[str, Any] | None:
    """Return a JSON Schema of what a record of *kind* needs before the system takes it, None when it takes none."""
    profile = settings.system
    if kind == "orders" and profile.orders is not None:
        return dict(_with_codes(profile.orders.needs, settings))
    if kind == "inventory" and profile.inventory.write is not None:
        item = _with_codes({"type": "object", "required": ["sku"]}, settings)
        # A profile writes one figure per item, which is what is there now.
        properties = {"item": item, "bucket": {"const": "immediate"}}
        return {"type": "object", "required": ["item", "quantity"], "properties": properties}
    if kind == "customers" and profile.write_customers is not None:
        return {"type": "object", **profile.write_customers.needs}
    return None


def _with_codes(schema: Any, settings: Settings) -> Any:
    """Return *schema* asking for what the code of an item is, wherever it asks for the SKU or the barcode."""
    code = _code(settings)
    if code is None:
        return schema
    if isinstance(schema, list):
        return [_with_codes(one, settings) for one in schema]
    if not isinstance(schema, dict):
        return schema
    needed = _CODES & {code}
    changed = {name: _with_codes(below, settings) for name, below in schema.items() if name != "anyOf"}
    names = set(changed["required"]) if isinstance(changed.get("required"), list) else set()
    if all(_is_code(one) for one in schema.get("anyOf", ())):
        names |= needed if "anyOf" in schema else set()
    else:
        changed["anyOf"] = schema["anyOf"]
    if "sku" in names:
        names = (names - {"sku"}) | needed
    return {**changed, "required": sorted(names)} if names or "required" in changed else changed


def _is_code(schema: Any) -> bool:
    """Return whether *schema* asks for a code of an item, and nothing else."""
    return isinstance(schema, dict) and schema.keys() == {"required"} and set(schema["required"]) <= _CODES
