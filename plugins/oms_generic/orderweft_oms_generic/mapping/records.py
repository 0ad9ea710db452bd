"""Canonical records out of what a profile reads, and plain data for what it writes; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from orderweft import Record, Shipment, Template, Unread, first_mistake, normalize_gtin
from pydantic import ValidationError

from ..config import Settings
from ..profiles.answers import Problem
from ..profiles.calls import delivery_key_of

R = TypeVar("R", bound=Record)


def to_records(
    kind: type[R], found: list[dict[str, Any]], problems: list[Problem], source: tuple[str, str], settings: Settings
) -> tuple[list[R], list[Unread]]:
    """Return what a profile has read as records, and what is no record."""
    records: list[R] = []
    unread = [Unread(one.id, one.label, one.problem) for one in problems]
    for data in found:
        record = to_record(kind, data, source, settings)
        if isinstance(record, Unread):
            unread.append(record)
        else:
            records.append(record)
    return records, unread


def to_record(kind: type[R], data: dict[str, Any], source: tuple[str, str], settings: Settings) -> R | Unread:
    """Return one record with what its origin lacks, or why it is none."""
    origin = told if isinstance(told := data.get("origin"), dict) else {}
    whole = {**data, "origin": {**origin, "channel": source[0], "connection": source[1]}}
    if kind is Shipment and isinstance(key := data.get("order_key"), str) and key:
        whole["order_key"] = delivery_key_of(settings.system, key, settings.texts)
    colors = _maps(data.get("colors"))
    if colors == data.get("colors") and all(isinstance(color.get("skus"), list | None) for color in colors):
        whole["colors"] = _colors_once(colors)
    renames = has_own_code(settings) and settings.item_code == "barcode" and kind not in settings.kinds_with_barcodes
    for item in _items(whole):
        if renames and "barcode" not in item and "sku" in item:
            item["barcode"] = item.pop("sku")
        if "gtin" not in item and (gtin := normalize_gtin(item.get("barcode"))):
            item["gtin"] = gtin
    try:
        return kind.model_validate(whole)
    except ValidationError as error:
        return Unread(str(origin.get("id")), _label(data, str(origin.get("id"))), first_mistake(error))


def _colors_once(colors: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return *colors*, those that say the same but for their SKUs as one, as lists with a row for each size do."""
    merged: dict[str, dict[str, Any]] = {}
    for color in colors:
        rest = {name: value for name, value in color.items() if name != "skus"}
        one = merged.setdefault(json.dumps(rest, sort_keys=True, default=str), {**rest, "skus": []})
        one["skus"] += color.get("skus") or []
    return list(merged.values())


def has_own_code(settings: Settings) -> bool:
    """Return whether `item_code` is ours to heed, because the profile has no setting for it or it is a template."""
    code = settings.item_code
    return code is not None and (code not in ("sku", "barcode") or "item_code" not in settings.system.settings)


def with_codes(data: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return a record's data with every item's SKU as the system knows it; raises TemplateError."""
    if not has_own_code(settings) or settings.item_code == "sku":
        return data
    code = settings.item_code or ""
    template = None if code == "barcode" else Template(code)

    def renamed(item: Mapping[str, Any]) -> dict[str, Any]:
        sku = item.get("barcode") if template is None else template.render(line=item).strip()
        rest = {name: value for name, value in item.items() if name != "sku"}
        return {**rest, "sku": sku} if sku else rest

    changed = dict(data)
    if "lines" in data:
        changed["lines"] = [renamed(line) for line in data["lines"]]
    if "item" in data:
        changed["item"] = renamed(data["item"])
    return changed


def _items(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every part of *data* that names an item, for changing it in place."""
    if isinstance(data.get("item"), dict):
        yield data["item"]
    for line in _maps(data.get("lines")):
        yield line["item"] if isinstance(line.get("item"), dict) else line
    for color in _maps(data.get("colors")):
        yield from _maps(color.get("skus"))


def _maps(value: Any) -> list[dict[str, Any]]:
    """Return the maps in a list; that anything else stands there is told when the record is made."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _label(data: Mapping[str, Any], id_: str) -> str:
    item = data.get("item") if isinstance(data.get("item"), dict) else {}
    names = (data.get("number"), data.get("style_number"), data.get("account_code"), item and item.get("sku"))
    return next((str(name) for name in names if name), id_)
