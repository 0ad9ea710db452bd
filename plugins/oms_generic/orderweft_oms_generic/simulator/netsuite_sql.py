"""SuiteQL over the store, answered by SQLite: the tables a connector asks for, and some of Oracle's functions."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .store import Order, Store
from .wire import Refusal, Row

STATUS_LETTERS = {
    "Pending Approval": "A",
    "Pending Fulfillment": "B",
    "Cancelled": "C",
    "Partially Fulfilled": "D",
    "Pending Billing": "F",
    "Billed": "G",
    "Closed": "H",
}
_TABLES = {
    "customer": "id, entityid, companyname, email, externalid, isinactive, lastmodifieddate",
    "item": "id, itemid, displayname, upccode, externalid, itemtype, baseprice, isinactive, lastmodifieddate",
    "location": "id, name, isinactive",
    "aggregateitemlocation": "item, location, quantityonhand, quantitycommitted, quantityavailable",
    "transaction": "id, tranid, externalid, type, entity, status, trandate, otherrefnum, memo, createddate,"
    " lastmodifieddate, trackingnumberlist",
    "transactionline": '"transaction", id, linesequencenumber, mainline, item, quantity, rate, location, createdfrom',
}
_ORACLE = (("YYYY", "%Y"), ("MM", "%m"), ("DD", "%d"), ("HH24", "%H"), ("MI", "%M"), ("SS", "%S"))


def query(store: Store, sql: str, places: Mapping[int, str], shuffle: random.Random | None) -> Sequence[Row]:
    """Return the rows of *sql*; without a full ORDER BY they come in any order when *shuffle* is given."""
    if not re.match(r"\s*(?:SELECT|WITH)\b", sql, re.IGNORECASE):
        raise Refusal(400, "Invalid search query. A query begins with SELECT.", "INVALID_PARAMETER")
    base = sqlite3.connect(":memory:")
    try:
        _fill(base, _rows(store, places), shuffle)
        for name, arguments, function in (
            ("TO_DATE", 2, _to_date), ("TO_TIMESTAMP", 2, _to_date), ("TO_CHAR", 2, _to_char), ("NVL", 2, _nvl),
            ("BUILTIN_DF", 1, _display),
        ):  # fmt: skip
            base.create_function(name, arguments, function)
        found = base.execute(_translated(sql))
        names = [column[0].lower() for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except sqlite3.Error as error:
        raise Refusal(400, f"Invalid search query. Detailed message: {error}", "INVALID_PARAMETER") from None
    finally:
        base.close()


def _translated(sql: str) -> str:
    """Return SuiteQL as SQLite takes it; texts in quotes stay as they are."""
    parts = re.split(r"('(?:[^']|'')*')", sql)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"\btransaction\b", '"transaction"', parts[index], flags=re.IGNORECASE)
        parts[index] = re.sub(r"\bBUILTIN\.DF\b", "BUILTIN_DF", parts[index], flags=re.IGNORECASE)
    return "".join(parts)


def _fill(base: sqlite3.Connection, rows: Mapping[str, list[tuple[Any, ...]]], shuffle: random.Random | None) -> None:
    for table, columns in _TABLES.items():
        base.execute(f'CREATE TABLE "{table}" ({columns})')
        if shuffle:
            shuffle.shuffle(rows[table])
        marks = ", ".join("?" * len(columns.split(",")))
        base.executemany(f'INSERT INTO "{table}" VALUES ({marks})', map(_cells, rows[table]))  # noqa: S608  names of ours


def _cells(row: tuple[Any, ...]) -> list[Any]:
    """Return a row as SQLite takes it."""
    return [cell if isinstance(cell, float | str | None) or _fits(cell) else str(cell) for cell in row]


def _fits(cell: Any) -> bool:
    return isinstance(cell, int) and abs(cell) < 2**63


def _rows(store: Store, places: Mapping[int, str]) -> Mapping[str, list[tuple[Any, ...]]]:
    numbers = {name: number for number, name in places.items()}
    committed = {place: store.committed(place) for place in numbers}
    kept = [
        (store.items[sku].id, numbers[place], count, committed[place].get(sku, 0))
        for (sku, place), count in store.stock.items()
    ]
    transactions: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    for order in store.orders.values():
        transactions += _transactions(order)
        lines += _lines(store, order, numbers)
    return {
        "customer": [
            (one.id, one.code, one.name, one.email or None, one.external_id or None, "F", _stamp(one.modified_at))
            for one in store.customers.values()
        ],
        "item": [
            (one.id, one.sku, one.name, one.barcode or None, one.external_id or None, "InvtPart", float(one.price),
             "F" if one.active else "T", _stamp(one.modified_at))
            for one in store.items.values()
        ],
        "location": [(number, name, "F") for number, name in places.items()],
        "aggregateitemlocation": [(item, place, count, taken, count - taken) for item, place, count, taken in kept],
        "transaction": transactions,
        "transactionline": lines,
    }  # fmt: skip


def _transactions(order: Order) -> list[tuple[Any, ...]]:
    entity = order.fields["entity"]["id"]
    day = order.fields.get("tranDate") or _stamp(order.created_at)[:10]
    common = (order.fields.get("otherRefNum"), order.fields.get("memo"))
    tracking = " ".join(shipment.tracking for shipment in order.shipments) or None
    found: list[tuple[Any, ...]] = [
        (order.id, f"SO{order.id}", order.external_id if order.external_id != str(order.id) else None, "SalesOrd",
         int(entity), STATUS_LETTERS[order.status], day, *common, _stamp(order.created_at), _stamp(order.modified_at),
         tracking)
    ]  # fmt: skip
    for one in order.shipments:
        at = _stamp(one.shipped_at)
        found.append(
            (one.id, f"IF{one.id}", None, "ItemShip", int(entity), "C", at[:10], None, None, at, at, one.tracking)
        )
    return found


def _lines(store: Store, order: Order, numbers: Mapping[str, int]) -> list[tuple[Any, ...]]:
    by_id = {line.id: line for line in order.lines}

    def item_id(sku: str) -> int | None:
        item = store.item(sku)
        return item.id if item else None

    found: list[tuple[Any, ...]] = [(order.id, 0, 0, "T", None, None, None, numbers[order.warehouse], None)]
    for number, line in enumerate(order.lines, start=1):
        rate = None if line.price is None else float(line.price)
        found.append(
            (order.id, line.id, number, "F", item_id(line.sku), line.quantity, rate, numbers[order.warehouse], None)
        )
    for one in order.shipments:
        for number, (line_id, count) in enumerate(one.pieces.items(), start=1):
            sku = by_id[line_id].sku
            found.append((one.id, number, number, "F", item_id(sku), count, None, numbers[one.warehouse], order.id))
    return found


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _form(oracle: str) -> str:
    for theirs, ours in _ORACLE:
        oracle = re.sub(theirs, ours, oracle, flags=re.IGNORECASE)
    return oracle


def _to_date(text: str, form: str) -> str:
    """Return a date as the tables hold it, without the time when that is midnight."""
    stamp = _stamp(datetime.strptime(text, _form(form)))  # noqa: DTZ007  the tables are in UTC
    return stamp.removesuffix(" 00:00:00")


def _to_char(text: Any, form: str) -> str:
    return datetime.fromisoformat(str(text)).strftime(_form(form))


def _nvl(value: Any, other: Any) -> Any:
    return other if value is None else value


def _display(value: Any) -> Any:
    """Return what people call a status; other values stay as they are."""
    names = {letter: f"Sales Order : {name}" for name, letter in STATUS_LETTERS.items()}
    return names.get(value, value)
