"""Stock of a system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from orderweft import Connection, Outcome, RecordPage, SettingsError, StockLevel, UnavailableError, WriteMode, hookimpl

from .client.files import FileClient
from .client.reading import read_records, wanted
from .client.writing import write_records
from .config import Settings
from .mapping import as_told, less_taken


@hookimpl
def read_inventory(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield all stock levels the profile reads, as the settings want them told."""
    pages = read_records(connection, "inventory", StockLevel, "stock")
    if connection.settings.subtract_in_flight:
        pages = _less_in_flight(connection, pages)
    yield from as_told(pages, connection.settings)


def _less_in_flight(connection: Connection[Settings], pages: Iterator[RecordPage]) -> Iterator[RecordPage]:
    # an item in several places may stand on several pages, and what is under way is taken off it once
    held = list(pages)
    files = connection.once(FileClient)
    if files.read_as_of is None:
        raise UnavailableError("the folder does not tell when stock was written (subtract_in_flight)")
    levels = [level for page in held for level in page.records if isinstance(level, StockLevel)]
    since = min([files.read_as_of, *(level.updated_at for level in levels if level.updated_at)])
    left = tuple(less_taken(levels, files.in_flight(since), files.read_as_of))
    yield replace(held[-1], records=left, unread=tuple(row for page in held for row in page.unread))


@hookimpl
def write_inventory(connection: Connection[Settings], levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    """Set stock levels as the profile says; overwriting takes a profile that does it in one call."""
    writing = wanted(connection, connection.settings.system.inventory.write, "takes no stock")
    wanted(connection, mode in writing.modes, f'cannot be written with write_mode = "{mode}"')
    if mode == "overwrite" and len(levels) > writing.batch:
        raise SettingsError(
            f"{connection.settings.system.title} takes {writing.batch} stock levels in one call and cannot overwrite"
            f" {len(levels)} of them; nothing was sent"
        )
    return write_records(connection, writing, levels, mode)
