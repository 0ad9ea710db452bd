"""Removing one customer from the ledger: what they ordered, who they are, and every text that quotes them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .exchanges import drop_loose
from .purge import drop_contents
from .store import Store

ERASED = "[erased]"
CHUNK = 1000

Record = Mapping[str, Any]

_ORDER_NAMES = ("order_id", "order_number", "order_key")
"""What a shipment calls its order by."""
_PERSONAL = ("customer", "addresses", "contacts", "name", "account_code", "tax_number")
"""The parts of an order or customer that say who it is."""
_COMMON = {"role", "country", "city", "region", "postcode", "group", "company"}
"""Fields in them that others share; they are erased with the record, but not looked for in other texts."""

QUOTING = {
    "runs": ("message",),
    "spool": ("payload",),
    "orders": ("message", "fix", "customer"),
    "revisions": ("problem", "skip"),
    "attempts": ("message",),
    "acknowledgements": ("message", "outcome"),
    "entries": ("label", "message", "fix"),
    "actions": ("who", "why", "outcome"),
    "alert_channels": ("problem",),
    "exchanges": ("url", "request", "response", "error"),
    "changes": ("diff", "message", "fix"),
}
"""The columns of free text by table, which may quote anybody; nothing else is looked through for names."""
REMARKING = ("orders", "attempts", "acknowledgements", "entries")
"""Tables whose receipts have remarks, which are free text too."""


@dataclass
class Traces:
    """What the ledger has of one customer."""

    orders: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """Pipeline and id of each order → its number and state."""
    customers: set[tuple[str, str]] = field(default_factory=set)
    """Pipeline and key of each entry that is the customer."""
    shipments: set[tuple[str, str]] = field(default_factory=set)
    """Pipeline and key of each entry that is a parcel for one of the orders."""
    quotes: Counter[str] = field(default_factory=Counter)
    """Texts elsewhere that quote the customer, by table."""
    texts: set[str] = field(default_factory=set)
    """Names, addresses and codes that tell who it is."""
    others: set[str] = field(default_factory=set)
    """Orders not of this customer that carry one of their e-mail addresses, by number; they are left alone."""

    def __bool__(self) -> bool:
        """Return whether anything was found."""
        return bool(self.orders or self.customers or self.shipments or self.quotes)


def trace(store: Store, who: str, connection: str | None = None) -> Traces:
    """Return what the ledger has of the customer with account code or e-mail address *who*.

    With *connection*, only of the customer of that account.
    """
    found, wanted = Traces(), _Wanted(who, connection)
    names: set[str] = set()
    for row in _orders(store, connection):
        record = _read(row["record"])
        if wanted.is_in(record) if record else wanted.in_text(row["payload"], row["customer"]):
            found.orders[row["pipeline"], row["id"]] = (row["number"], row["state"])
            found.texts.update(_identifying(record))
            names |= {row["id"], row["number"], f"{row['source']}:{row['id']}"}
    for row in _entries(store):
        entry, records = (row["pipeline"], row["key"]), [_read(row["sent"]), _read(row["trying"])]
        if any(wanted.is_in(record) for record in records):
            found.customers.add(entry)
            found.texts.update(*map(_identifying, records))
        elif not any(records) and connection is None and entry[1].casefold() == f"code:{who}".casefold():
            found.customers.add(entry)
        elif any(names & {record.get(name) for name in _ORDER_NAMES} for record in records):
            found.shipments.add(entry)
    if (connection is None or found) and _is_telling(who):
        found.texts.add(who)
    found.others = _sharing(store, found, connection)
    with store.transaction(keep=False) as db:
        found.quotes = _blank_everywhere(db, found.texts)
    return found


def _sharing(store: Store, found: Traces, connection: str | None) -> set[str]:
    addresses = {text.casefold() for text in found.texts if "@" in text}
    others: set[str] = set()
    for row in _orders(store, connection) if addresses else ():
        text = f"{row['record']} {row['payload']}".casefold()
        if (row["pipeline"], row["id"]) not in found.orders and any(address in text for address in addresses):
            others.add(row["number"])
    return others


def erase(store: Store, found: Traces) -> None:
    """Remove the traces *found*; numbers, keys, receipts and reasons stay."""
    now = store.now()
    note = f"its contents were erased on {now[:10]}, as its customer asked"
    with store.transaction() as db:
        drop_contents(db, list(found.orders), note)
        drop_loose(db)
        db.executemany(
            "UPDATE orders SET customer = NULL, purged_at = ?1, erased_at = ?1 WHERE pipeline = ?2 AND id = ?3",
            [(now, *key) for key in found.orders],
        )
        # what was not sent yet has no contents to send any more; what may have been sent is still looked up
        db.executemany(
            """UPDATE orders SET state = 'skipped', reason = NULL, message = ?, fix = NULL, retry_at = NULL
               WHERE pipeline = ? AND id = ? AND state IN ('staged', 'held') AND reason IS NOT 'in_doubt'""",
            [("its customer was erased before it was sent", *key) for key in found.orders],
        )
        db.executemany("DELETE FROM entries WHERE pipeline = ? AND key = ?", list(found.customers))
        db.executemany("DELETE FROM alerts WHERE kind = 'record' AND pipeline = ? AND about = ?", list(found.customers))
        db.executemany(
            """UPDATE entries SET label = key, sent = iif(sent IS NULL, NULL, '{}'),
                   trying = iif(trying IS NULL, NULL, '{}')
               WHERE pipeline = ? AND key = ?""",
            list(found.shipments),
        )
        _blank_everywhere(db, found.texts)


class _Wanted:
    """Tells whether a record is of the customer looked for."""

    def __init__(self, who: str, connection: str | None) -> None:
        self.who, self.connection = who.casefold(), connection
        self._word = _words({who})

    def is_in(self, record: Record) -> bool:
        if self.connection is not None and record.get("origin", {}).get("connection") != self.connection:
            return False
        code = record.get("customer", record).get("account_code")
        return (code or "").casefold() == self.who or any(
            text.casefold() == self.who for path, text in _leaves(record) if "@" in text and "sales_rep" not in path
        )

    def in_text(self, payload: str | None, customer: str | None) -> bool:
        if not _is_telling(self.who):  # the code comes first in what the customer is called
            return f"{customer or ''} ".casefold().startswith(f"{self.who} ")
        return any(self._word.search(text) for text in (payload, customer) if text)


def _orders(store: Store, connection: str | None) -> Iterator[sqlite3.Row]:
    after = 0
    while rows := store.rows(
        """SELECT revisions.rowid AS at, orders.pipeline, orders.id, orders.number, orders.source, orders.state,
                  orders.customer, revisions.record, revisions.payload
           FROM revisions CROSS JOIN orders USING (pipeline, id)
           WHERE revisions.rowid > ?1 AND (?2 IS NULL OR orders.source = ?2) ORDER BY revisions.rowid LIMIT ?3""",
        [after, connection, CHUNK],
    ):
        after = rows[-1]["at"]
        yield from rows


def _entries(store: Store) -> Iterator[sqlite3.Row]:
    at = ("", "")
    while rows := store.rows(
        """SELECT pipeline, key, label, sent, trying FROM entries WHERE (pipeline, key) > (?, ?) AND item IS NULL
           ORDER BY pipeline, key LIMIT ?""",
        [*at, CHUNK],
    ):
        at = (rows[-1]["pipeline"], rows[-1]["key"])
        yield from rows


def _read(text: str | None) -> Record:
    record: Record = json.loads(text) if text else {}
    return record


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif isinstance(value, str):
        yield path, value


def _identifying(record: Record) -> Iterator[str]:
    """Yield the texts of *record* that tell who it is."""
    for name in _PERSONAL:
        for path, text in _leaves(record.get(name), (name,)):
            if _COMMON.isdisjoint(path) and _is_telling(text):
                yield text


def _is_telling(text: str) -> bool:
    """Return whether *text* is found in other texts for one reason only; a short number is part of dates and ids."""
    return len(text) > 1 and (re.search(r"[^\W\d]", text) is not None or len(text) > 6)


def _words(texts: set[str]) -> re.Pattern[str]:
    """Return what finds any of *texts* as whole words, also where JSON spells them with escapes."""
    spelled = {json.dumps(text, ensure_ascii=escaped)[1:-1] for text in texts for escaped in (True, False)} | texts
    longest_first = sorted(spelled, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def _blank_everywhere(db: sqlite3.Connection, texts: set[str]) -> Counter[str]:
    """Blank *texts* in every column of the ledger that may quote them; return how many did, by table."""
    words, done = _words(texts), Counter[str]()
    if not texts:
        return done
    db.create_function("quotes", 1, lambda text: bool(text and words.search(text)), deterministic=True)
    db.create_function("blanked", 1, lambda text: words.sub(ERASED, text), deterministic=True)
    for table, columns in QUOTING.items():
        for name in columns:
            done[table] += db.execute(f"UPDATE {table} SET {name} = blanked({name}) WHERE quotes({name})").rowcount  # noqa: S608
    remarks = "json_extract(receipt, '$.remarks')"
    for table in REMARKING:
        done[table] += db.execute(
            f"UPDATE {table} SET receipt = json_set(receipt, '$.remarks', json(blanked({remarks})))"  # noqa: S608
            f" WHERE quotes({remarks})"
        ).rowcount
    # where an alert is about a run, what failed is told in words; without its row it is told once more at worst
    done["alerts"] += db.execute("DELETE FROM alerts WHERE kind IN ('run', 'record') AND quotes(about)").rowcount
    return +done
