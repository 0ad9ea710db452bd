"""Records read as the profile says, page by page, from calls or from files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from orderweft import (
    Connection,
    Customer,
    Kind,
    Product,
    RecordPage,
    SettingsError,
    Shipment,
    StockLevel,
    TemplateError,
)

from ..config import Settings
from ..mapping import reading_of, to_records
from ..profiles.answers import records_of
from ..profiles.model import Reading
from . import Client
from .files import FileClient

_LONGEST_PAGE = 1000
T = TypeVar("T")
R = TypeVar("R", StockLevel, Product, Customer, Shipment)


def wanted(connection: Connection[Settings], there: T | None, what: str) -> T:
    """Return what is *there* of a profile; raise SettingsError, which says *what* its system does not do, otherwise."""
    if not there:
        settings = connection.settings
        raise SettingsError(f"{settings.system.title} {what}, as far as the profile {settings.profile} says")
    return there


def iso(moment: datetime) -> str:
    """Write an instant."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def raw_pages(
    connection: Connection[Settings],
    reading: Reading,
    context: Mapping[str, Any],
    *,
    since: datetime | None = None,
    peek: bool = False,
) -> Iterator[tuple[list[Any], bool]]:
    """Yield the raw rows of a reading page by page, and with each whether it is the last.

    *since* and *peek* are for files only, of which reading moves some: ask for older ones again, move none.
    """
    try:
        if reading.file is not None:
            yield from connection.once(FileClient).read(reading, since=since, peek=peek)
        else:
            yield from connection.once(Client).pages(reading, context)
    except TemplateError as error:
        raise SettingsError(str(error)) from None


def read_records(connection: Connection[Settings], kind: Kind, model: type[R], what: str) -> Iterator[RecordPage]:
    """Yield all records of *kind*; *what* says it in the plural."""
    settings = connection.settings
    reading = wanted(connection, reading_of(settings.system, kind), f"supplies no {what}")
    context = {"settings": settings.texts, "now": iso(connection.clock.now())}
    source = connection.channel, connection.name
    held: list[Any] = []
    whole = reading.complete
    for rows, last in raw_pages(connection, reading, context):
        held += rows
        if reading.rows.group is not None and not last:
            continue  # what belongs together may come on different pages
        # a file is whole before any of it is told, but as records all of it would fill the memory
        most = _LONGEST_PAGE if reading.rows.group is None else max(1, len(held))
        for start in range(0, max(1, len(held)), most):
            part = held[start : start + most]
            found, problems = records_of(settings.system, reading.rows, part, context, first=start + 1)
            records, unread = to_records(model, found, problems, source, settings)
            whole = whole and not unread
            yield RecordPage(tuple(records), tuple(unread), complete=last and whole and start + most >= len(held))
        held = []
