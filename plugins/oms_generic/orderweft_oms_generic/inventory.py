"""Stock of a system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orderweft import Connection, Outcome, RecordPage, SettingsError, StockLevel, WriteMode, hookimpl

from .client.reading import read_records, wanted
from .client.writing import write_records
from .config import Settings


@hookimpl
def read_inventory(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield all stock levels the profile reads, those below `minimum_stock` as 0."""
    yield from read_records(connection, "inventory", StockLevel, "stock")


@hookimpl
def write_inventory(connection: Connection[Settings], levels: Sequence[StockLevel], mode: WriteMode) -> list[Outcome]:
    """Set stock levels as the profile says; overwriting takes a profile that does it in one call."""
    writing = connection.settings.system.inventory.write
    wanted(connection, writing is not None, "takes no stock")
    assert writing is not None
    wanted(connection, mode in writing.modes, f'cannot be written with write_mode = "{mode}"')
    if mode == "overwrite" and len(levels) > writing.batch:
        raise SettingsError(
            f"{connection.settings.system.title} takes {writing.batch} stock levels in one call and cannot overwrite"
            f" {len(levels)} of them; nothing was sent"
        )
    return write_records(connection, writing, levels, mode)
