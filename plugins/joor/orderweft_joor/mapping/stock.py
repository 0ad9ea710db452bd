"""Stock levels as rows of JOOR's bulk call, its log of them, and the stock on v2 styles; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from orderweft import InvalidRecordError, Item, Origin, StockLevel, TemplateError
from pydantic import ValidationError

from .styles import Style
from .values import Row, flag, reason, whole

KEYS = ("style_number", "style_identifier", "color_code", "size")
"""The fields that name an item without its UPC: one of the complete columns of JOOR's reference."""


@dataclass(frozen=True, slots=True)
class StockForm:
    """How this account writes its stock rows."""

    templates: Mapping[str, Callable[[Item], str]] | None = None
    """How each of `KEYS` is made; None to name items by UPC."""
    identifier_spelling: str = "style_identifier"
    immediate_date: Literal["omit", "IMMEDIATE"] = "omit"
    future_dates: Literal["YYYY-MM-DD", "MM-DD-YYYY"] = "YYYY-MM-DD"
    negative_stock: Literal["zero", "refuse"] = "zero"
    made_to_order_flag: Literal["when_true", "always"] = "when_true"


def from_level(level: StockLevel, warehouse: str, form: StockForm) -> dict[str, Any]:
    """Return the row that sets *level* in *warehouse*; raise InvalidRecordError naming the field that is wrong."""
    row: dict[str, Any] = {"warehouse": warehouse}
    if level.available_on is not None:
        iso = form.future_dates == "YYYY-MM-DD"
        row["inventory_date"] = level.available_on.strftime("%Y-%m-%d" if iso else "%m-%d-%Y")
    elif form.immediate_date != "omit":
        row["inventory_date"] = form.immediate_date
    row |= _named(level.item, form)
    quantity = level.quantity or 0
    if quantity < 0 and form.negative_stock == "refuse":
        raise InvalidRecordError(f"quantity: {quantity} is below zero")
    # A quantity is required even where the flag clears it: JOOR's page on the bulk call.
    row["inventory"] = max(0, quantity)
    if level.bucket == "made_to_order":
        row["made_to_order"] = True
    elif form.made_to_order_flag == "always":
        row["made_to_order"] = False
    return row


def _named(item: Item, form: StockForm) -> dict[str, str]:
    if form.templates is None:
        if item.barcode is None:
            raise InvalidRecordError("item.barcode: is missing")
        return {"upc": item.barcode}
    values = {}
    for field, render in form.templates.items():
        try:
            values[field] = render(item).strip()
        except TemplateError as error:
            raise InvalidRecordError(f"{field}: {error}") from None
        if not values[field]:
            raise InvalidRecordError(f"{field}: its template gives nothing for this item")
    return {form.identifier_spelling if field == "style_identifier" else field: text for field, text in values.items()}


Verdict = Literal["taken", "failed", "unmentioned", "unclear"]


def verdicts(sent: Sequence[Row], log: Sequence[Row]) -> list[tuple[Verdict, Row]]:
    """Return what the *log* says of each row that was *sent*, and the entry that says so."""
    if len(log) == len(sent) and all(_could_be(entry, row) for entry, row in zip(log, sent, strict=True)):
        return [(_verdict(entry), entry) for entry in log]
    found: list[tuple[Verdict, Row]] = []
    for row in sent:
        entries = [entry for entry in log if entry.get("sku") and _could_be(entry, row)]
        words = {_verdict(entry) for entry in entries}
        if len(words) > 1:
            found.append(("unclear", entries[0]))
        else:
            found.append((words.pop(), entries[0]) if entries else ("unmentioned", {}))
    return found


def _could_be(entry: Row, row: Row) -> bool:
    # The log's `sku` is the key of the row put together; how is not documented.
    key = str(entry.get("sku") or "")
    return not key or all(str(row[field]) in key for field in ("upc", "color_code", "size") if field in row)


def _verdict(entry: Row) -> Verdict:
    status = str(entry.get("status", "")).strip().lower()
    if status.startswith(("pass", "succ", "ok", "true")) or status == "1":
        return "taken"
    return "failed" if status.startswith(("fail", "err", "false")) else "unclear"


def to_levels(row: Row, *, channel: str, connection: str) -> list[StockLevel]:
    """Return what is available of each SKU of a v2 style; one that tells no figure gives no level."""
    style = Style(row)
    levels = []
    for index, sku in enumerate(style.skus):
        try:
            made_to_order = flag(sku, "made_to_order")
            quantity = whole(sku, "inventory_available")
            if quantity is None and not made_to_order:
                continue
            item = style.item(sku)
            levels.append(
                StockLevel(
                    origin=Origin(channel=channel, connection=connection, id=item.id or item.key),
                    item=item,
                    bucket="made_to_order" if made_to_order else "immediate",
                    quantity=None if made_to_order else quantity,
                )
            )
        except (InvalidRecordError, ValidationError) as error:
            raise InvalidRecordError(f"skus[{index}].{reason(error)}") from None
    return levels
