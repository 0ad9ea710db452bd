"""Products of a system."""

from __future__ import annotations

from collections.abc import Iterator

from orderweft import Connection, Product, RecordPage, hookimpl

from .client.reading import read_records
from .config import Settings


@hookimpl
def read_catalog(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield all products the profile reads."""
    yield from read_records(connection, "catalog", Product, "products")
