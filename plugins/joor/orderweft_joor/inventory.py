"""Send stock to JOOR in one bulk call, and read what it has available from its styles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from orderweft import (
    Accepted,
    Connection,
    InvalidRecordError,
    Kind,
    NotSent,
    Outcome,
    Receipt,
    RecordPage,
    Refused,
    SettingsError,
    StockLevel,
    Template,
    Unknown,
    UnknownOutcomeError,
    Unread,
    WriteMode,
    hookimpl,
    marked_complete,
    values_of,
)

from .client import InventoryClient, StockAnswer, StyleClient, in_parts
from .config import Settings
from .mapping import KEYS, Row, StockForm, Verdict, from_level, style_id, to_levels, verdicts

_SHOWN = 3
_PLAIN_TEMPLATE = re.compile(r"\{\{\s*item\.(\w+)\s*\}\}")


class _Desk:
    """What is the same for every stock row of one account."""

    def __init__(self, connection: Connection[Settings]) -> None:
        settings = connection.settings
        self._default = settings.warehouse
        self.warehouses = {*settings.known_warehouses, *([settings.warehouse] if settings.warehouse else [])}
        compiled = {field: Template(getattr(settings, field)) for field in KEYS}
        templates = {
            field: lambda item, template=template: template.render(item=values_of(item))
            for field, template in compiled.items()
        }
        self._form = StockForm(
            templates=templates if settings.item_identifier == "style" else None,
            identifier_spelling=settings.identifier_spelling,
            immediate_date=settings.immediate_date,
            future_dates=settings.future_dates,
            negative_stock=settings.negative_stock,
            made_to_order_flag=settings.made_to_order_flag,
        )

    def lacks_warehouse(self, level: StockLevel) -> bool:
        """Return whether neither *level* nor the settings name a warehouse."""
        return self._default is None and not (level.warehouse and (level.warehouse.name or level.warehouse.code))

    def row(self, level: StockLevel) -> dict[str, Any] | Refused:
        """Return the row of *level*, or why it cannot be sent."""
        warehouse = self._warehouse(level)
        if isinstance(warehouse, Refused):
            return warehouse
        try:
            return from_level(level, warehouse, self._form)
        except InvalidRecordError as error:
            fix = "Give the item this value at the source, or by the pipeline's map."
            return Refused(reason="invalid_field", message=f"{level.label}: {error}", fix=fix)

    def _warehouse(self, level: StockLevel) -> str | Refused:
        given = [name for name in (level.warehouse.name, level.warehouse.code) if name] if level.warehouse else []
        if not given and self._default:
            return self._default
        known = next((name for name in given if name in self.warehouses), None)
        # An unknown warehouse gives "unexpected results", no error: JOOR's page on the bulk call.
        return known or Refused(
            reason="needs_person",
            message=f"{level.label}: {given[0]!r} is not among JOOR's known warehouses",
            fix="Add its exact name in JOOR's order settings to known_warehouses, or map it to one that is there.",
        )


@hookimpl
def write_inventory(connection: Connection[Settings], levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    """Send all levels, in one call unless the settings ask for smaller ones; report row by row what JOOR's log says."""
    if mode == "overwrite":
        return _write(connection, levels, mode)
    return in_parts(levels, connection.settings.rows_per_call, lambda part: _write(connection, part, mode))


def _write(connection: Connection[Settings], levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    desk = connection.once(_Desk)
    if nowhere := next((level for level in levels if desk.lacks_warehouse(level)), None):
        raise SettingsError(
            f"{connection.name}: sending stock needs warehouse, the name of a warehouse in JOOR's order settings; "
            f"{nowhere.label} names none"
        )
    rows = _without_doubles([desk.row(level) for level in levels], levels)
    if mode == "overwrite":
        _check_overwrite(connection, desk, rows)
    outcomes: list[Outcome | None] = [row if isinstance(row, Refused) else None for row in rows]
    sent = [(index, row) for index, row in enumerate(rows) if not isinstance(row, Refused)]
    if sent:
        made = _send(connection, [levels[index] for index, _ in sent], [row for _, row in sent], mode)
        for (index, _), outcome in zip(sent, made, strict=True):
            outcomes[index] = outcome
    return [outcome or NotSent(message="not begun") for outcome in outcomes]


def _without_doubles(
    rows: Sequence[dict[str, Any] | Refused], levels: Sequence[StockLevel]
) -> list[dict[str, Any] | Refused]:
    first: dict[tuple[object, ...], StockLevel] = {}
    kept: list[dict[str, Any] | Refused] = []
    for row, level in zip(rows, levels, strict=True):
        if isinstance(row, Refused):
            kept.append(row)
            continue
        place = tuple(value for field, value in sorted(row.items()) if field not in ("inventory", "made_to_order"))
        other = first.setdefault(place, level)
        kept.append(row if other is level else _double(level, other))
    return kept


def _double(level: StockLevel, other: StockLevel) -> Refused:
    return Refused(
        reason="invalid_field",
        message=f"{level.label}: JOOR would count it as the same stock as {other.label}",
        fix="Give the two different barcodes, warehouses or days, or send only one of them.",
    )


def _check_overwrite(connection: Connection[Settings], desk: _Desk, rows: Sequence[dict[str, Any] | Refused]) -> None:
    """Refuse an overwrite that would clear more than is meant."""
    where = f"{connection.name}: stock is not overwritten"
    held = [row for row in rows if isinstance(row, Refused)]
    if not rows or held:
        told = "; ".join(row.message for row in held[:_SHOWN]) or "there is no stock to send"
        more = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
        raise SettingsError(f"{where}, because what cannot be sent would be cleared in JOOR: {told}{more}")
    named = {row["warehouse"] for row in rows if not isinstance(row, Refused)}
    if connection.settings.overwrite_scope == "account" and (missing := sorted(desk.warehouses - named)):
        raise SettingsError(
            f"{where}: it may clear the whole account, and there is no stock for {', '.join(missing)}; send all "
            'warehouses together, or set overwrite_scope = "warehouse" once JOOR has confirmed that it clears no other'
        )


def _send(
    connection: Connection[Settings], levels: Sequence[StockLevel], rows: Sequence[Row], mode: WriteMode
) -> list[Outcome]:
    try:
        answer = connection.once(InventoryClient).set_stock(rows, overwrite=mode == "overwrite")
    except UnknownOutcomeError as error:
        return [Unknown(message=str(error)) for _ in rows]
    found = verdicts(rows, answer.log)
    taken = sum(verdict != "failed" for verdict, _ in found)
    all_counted = not answer.log or (answer.count is not None and answer.count >= taken)
    remarks = _remarks(answer, len(rows))
    doubtful = _doubtful(connection.settings) if len(rows) > 1 and not taken else []
    return [
        _failed(level, entry, doubtful)
        if verdict == "failed"
        else _outcome(level, verdict, all_counted, Receipt(id=_log_id(entry) or answer.id, remarks=remarks))
        for level, (verdict, entry) in zip(levels, found, strict=True)
    ]


def _doubtful(settings: Settings) -> list[str]:
    """Return the settings to look at when JOOR takes none of several rows."""
    return ["immediate_date", *(["identifier_spelling"] if settings.item_identifier == "style" else [])]


def _remarks(answer: StockAnswer, sent: int) -> tuple[str, ...]:
    if answer.log:
        return ()
    counted = f" and counts {answer.count} updates for {sent} rows" if answer.count is not None else ""
    return (f"JOOR took the call as a whole; its answer says nothing of single rows{counted}.",)


def _failed(level: StockLevel, entry: Row, doubtful: Sequence[str]) -> Refused:
    told = " ".join(str(entry.get(field) or "") for field in ("status", "message", "comment")).strip()
    settings = [*(["future_dates"] if level.available_on else []), *doubtful]
    fix = "Make sure that the UPC, or the style with its color code and size, is on the product in JOOR."
    return Refused(
        reason="unknown_item",
        message=f"{level.label}: JOOR did not take its stock ({told})",
        fix=f"{fix} If it is, see the setting {' and '.join(settings)}." if settings else fix,
    )


def _outcome(level: StockLevel, verdict: Verdict, all_counted: bool, receipt: Receipt) -> Outcome:
    if verdict == "taken" or (verdict == "unmentioned" and all_counted):
        return Accepted(receipt=receipt)
    return Unknown(message=f"{level.label}: JOOR's answer does not say whether it took this row")


def _log_id(entry: Row) -> str:
    return str(entry.get("inventory_log_id") or "").encode(errors="replace").decode().strip()


@hookimpl
def read_inventory(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield what is available of each SKU, as the v2 styles say."""
    return marked_complete(_pages(connection))


def _pages(connection: Connection[Settings]) -> Iterator[RecordPage]:
    # JOOR has no call to read stock by warehouse; the styles tell one figure per SKU.
    warning: tuple[str, ...] = ("JOOR tells one available figure per SKU, whatever the warehouse.",)
    for rows in connection.once(StyleClient).styles():
        levels: list[StockLevel] = []
        unread: list[Unread] = []
        for row in rows:
            try:
                if not isinstance(row, dict):
                    raise InvalidRecordError("a row is not an object")
                levels += to_levels(row, channel=connection.channel, connection=connection.name)
            except InvalidRecordError as error:
                unread.append(Unread(*style_id(row), problem=str(error)))
        yield RecordPage(tuple(levels), tuple(unread), warnings=warning)
        warning = ()


@hookimpl(specname="provides")
def provides_inventory(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what every stock level read from JOOR carries."""
    if kind != "inventory":
        return None
    # A level read from a style is there now or made to order, and names no warehouse.
    return {
        "type": "object",
        "required": ["origin", "item", "bucket"],
        "properties": {
            "item": {"type": "object", "required": ["id"], "properties": {"sku": False}},
            "bucket": {"enum": ["immediate", "made_to_order"]},
            "available_on": False,
            "warehouse": False,
            "season": False,
        },
    }


@hookimpl(specname="accepts")
def accepts_inventory(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Say what a stock level needs before JOOR takes it."""
    if kind != "inventory":
        return None
    settings = connection.settings
    item: dict[str, Any] = {"type": "object", "required": ["barcode"]}
    if settings.item_identifier == "style":
        plain = (_PLAIN_TEMPLATE.fullmatch(getattr(settings, field).strip()) for field in KEYS)
        needed = {match[1] for match in plain if match}
        item = {"type": "object", "required": sorted(needed)}
        if settings.style_identifier == type(settings).model_fields["style_identifier"].default:
            item["anyOf"] = [{"required": ["style_identifier"]}, {"required": ["style_number"]}]
    if settings.warehouse is None and not settings.known_warehouses:
        raise SettingsError("JOOR needs a warehouse for stock: set warehouse to its name in JOOR's order settings")
    known = sorted({*filter(None, [settings.warehouse]), *settings.known_warehouses})
    warehouse = {"anyOf": [{"required": [part], "properties": {part: {"enum": known}}} for part in ("name", "code")]}
    if settings.warehouse is not None:
        warehouse["anyOf"].append({"not": {"anyOf": [{"required": ["name"]}, {"required": ["code"]}]}})
    properties: dict[str, Any] = {"item": item}
    if settings.negative_stock == "refuse":
        properties["quantity"] = {"minimum": 0}
    if settings.warehouse is None:
        return {
            "type": "object",
            "required": ["item", "warehouse"],
            "properties": {**properties, "warehouse": warehouse},
        }
    return {"type": "object", "required": ["item"], "properties": properties}
