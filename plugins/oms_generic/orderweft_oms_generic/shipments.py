"""Shipments of a system."""

from __future__ import annotations

from collections.abc import Iterator

from orderweft import Connection, RecordPage, Shipment, hookimpl

from .client.reading import read_records
from .config import Settings


@hookimpl
def read_shipments(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield the shipments the profile reads, as far back as its settings say."""
    yield from read_records(connection, "shipments", Shipment, "shipments")
