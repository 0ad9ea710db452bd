"""The files handed to Zedonk: written once under a batch id, found again wherever they have got to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from orderweft import Clock, Folder, Reason, Refused, RejectedError, UnavailableError

from ..config import Settings
from ..mapping import stamp
from .exports import from_bytes, moment
from .table import Table, written

_NAME = re.compile(r"(?P<dataset>.+)_(?P<stamp>\d{8}T\d{6}Z)_(?P<batch>[^_]+)\.csv")
_CREATED = ("CREATED", "UPDATED")
_SHOWN = 5
_REASONS: Mapping[str, Reason] = {
    "barcode": "unknown_item",
    "item": "unknown_item",
    "product": "unknown_item",
    "account": "unknown_customer",
    "customer": "unknown_customer",
    "season": "season_mismatch",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What Zedonk's importer said of a file."""

    status: Literal["taken", "partly", "known", "refused"]
    """`known`: it had all of it before."""
    messages: tuple[str, ...]
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt at a batch."""

    batch: str
    attempt: int
    place: Literal["in", "done", "failed", "results"]
    """The folder it has got to; `results` when only its result is left."""
    path: str
    at: datetime | None

    @property
    def name(self) -> str:
        """Return the file's name."""
        return self.path.rpartition("/")[2]


@dataclass(slots=True)
class View:
    """All batches of one dataset that are anywhere, by their id."""

    dataset: str
    sent: dict[str, Sent] = field(default_factory=dict)
    results: set[str] = field(default_factory=set)

    def latest(self, base: str) -> Sent | None:
        """Return the last attempt at the batch *base*."""
        return self.sent.get(base)

    def note(self, sent: Sent) -> None:
        """Take *sent* in unless a later attempt, or a later place of the same one, is known."""
        base = _base(sent.batch)
        known = self.sent.get(base)
        order = ("results", "in", "failed", "done")
        if known is None or (known.attempt, order.index(known.place)) < (sent.attempt, order.index(sent.place)):
            self.sent[base] = sent


class Outbox:
    """The folders `in/`, `done/`, `failed/` and `results/`."""

    def __init__(self, folder: Folder, settings: Settings, clock: Clock) -> None:
        self._folder = folder
        self._settings = settings
        self._clock = clock

    def look(self, dataset: str) -> View:
        """Return where every batch of *dataset* is now."""
        # A file moves in/ → done/ or failed/, so looking in this order never misses one on its way.
        view = View(dataset)
        self._collect(view, "in", f"in/{dataset}")
        for place in ("done", "failed"):
            self._collect(view, place, place)
        for entry in self._folder.list("results"):
            batch = entry.name.removesuffix(".csv")
            if not entry.is_folder and batch != entry.name and re.fullmatch(r"[0-9a-f]{20}(-\d+)?", batch):
                view.results.add(batch)
                view.note(Sent(batch, _attempt(batch), "results", f"results/{entry.name}", entry.modified))
        return view

    def _collect(self, view: View, place: Literal["in", "done", "failed"], path: str) -> None:
        for entry in self._folder.list(path):
            match = None if entry.is_folder else _NAME.fullmatch(entry.name)
            if match and match["dataset"] == view.dataset:
                at = moment(match["stamp"])
                view.note(Sent(match["batch"], _attempt(match["batch"]), place, f"{path}/{entry.name}", at))

    def result(self, view: View, sent: Sent) -> Result | None:
        """Return what the importer said of *sent*, None when it has said nothing."""
        if sent.batch not in view.results:
            return None
        path = f"results/{sent.batch}.csv"
        try:
            data = self._folder.read(path)
        except RejectedError as error:
            raise UnavailableError(str(error), retry_after=60) from error
        rows = from_bytes("results", data, path, self._settings).rows
        if not rows:
            raise UnavailableError(f"{path} says nothing of any row; look at it")
        words = [(row.text("status") or "").upper() for row in rows]
        told: dict[str, list[str]] = {}
        for row, word in zip(rows, words, strict=True):
            message = row.text("message") or row.text("code")
            if word not in _CREATED and message:
                told.setdefault(message, []).append(row.text("row") or "?")
        messages = tuple(f"{message} ({_rows(numbers)})" for message, numbers in told.items())
        codes = tuple(dict.fromkeys(filter(None, (row.text("code") for row in rows))))
        if any(word in _CREATED for word in words):
            return Result("partly" if "ERROR" in words else "taken", messages, codes)
        return Result("refused" if "ERROR" in words else "known", messages, codes)

    def first_row(self, sent: Sent) -> Mapping[str, str]:
        """Return the first row of the file that was sent; nothing when it is gone."""
        if sent.place == "results":
            return {}
        try:
            rows = from_bytes("orders", self._folder.read(sent.path), sent.path, self._settings).rows
        except RejectedError:
            return {}
        return rows[0].cells if rows else {}

    def put(self, view: View, base: str, rows: Sequence[Mapping[str, str]]) -> Sent:
        """Write *rows* as the next attempt at the batch *base*.

        Raises ValueError when the encoding lacks a mark, UnavailableError when nothing was written and
        UnknownOutcomeError when it may have been.
        """
        known = view.latest(base)
        attempt = known.attempt + 1 if known else 1
        batch = base if attempt == 1 else f"{base}-{attempt}"
        now = self._clock.now()
        path = f"in/{view.dataset}/{view.dataset}_{stamp(now)}_{batch}.csv"
        self._folder.write(path, written(rows, view.dataset, self._settings))
        sent = Sent(batch, attempt, "in", path, now)
        view.note(sent)
        return sent


def refusal(sent: Sent, result: Result | None) -> Refused | None:
    """Return why the order in *sent* is not in Zedonk, or not whole; None when it is, or when nothing is known yet."""
    told = "; ".join(result.messages if result else ()) or "it does not say why"
    if result is None and sent.place == "failed":
        return Refused(
            reason="needs_person",
            message=f"{sent.name} was moved to failed/, and no result file says why",
            fix="look into Zedonk's import log, mend it and release the order",
        )
    if result is not None and result.status == "partly":
        return Refused(
            reason="needs_person",
            message=f"Zedonk took only a part of {sent.name}: {told}",
            fix=f"enter the rest in Zedonk, then take the rows with ERROR out of results/{sent.batch}.csv",
        )
    if result is not None and result.status == "refused":
        words = " ".join((*result.codes, *result.messages)).casefold()
        reason = next((reason for word, reason in _REASONS.items() if word in words), "refused")
        return Refused(
            reason=reason, message=f"Zedonk refused {sent.name}: {told}", fix="mend it and release the order"
        )
    return None


def _rows(numbers: Sequence[str]) -> str:
    more = " ..." if len(numbers) > _SHOWN else ""
    return f"row{'s' if len(numbers) > 1 else ''} {', '.join(numbers[:_SHOWN])}{more}"


def _base(batch: str) -> str:
    return batch.partition("-")[0]


def _attempt(batch: str) -> int:
    number = batch.partition("-")[2]
    return int(number) if number.isdecimal() else 1


@dataclass(frozen=True, slots=True)
class Numbered:
    """What the order export says of one order."""

    number: str
    is_closed: bool


def numbered(table: Table) -> dict[tuple[str, str], Numbered]:
    """Return the orders in the order export, by the key they were handed over with and by order reference.

    A reference that several orders have tells nothing.
    """
    found: dict[tuple[str, str], Numbered] = {}
    several: set[tuple[str, str]] = set()
    for row in table.rows:
        number = row.text("SO Number")
        if number is None:
            continue
        entry = Numbered(number, (row.text("Force Closed") or "").casefold() in row.notation.true)
        for name in (("key", row.text("External Id")), ("reference", row.text("Order Reference"))):
            if name[1] is not None and found.setdefault((name[0], name[1]), entry).number != number:
                several.add((name[0], name[1]))
    return {name: entry for name, entry in found.items() if name not in several}
