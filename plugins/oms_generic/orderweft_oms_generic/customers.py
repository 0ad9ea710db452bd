"""Customers of a system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orderweft import Connection, Customer, Outcome, RecordPage, hookimpl

from .client.reading import read_records, wanted
from .client.writing import write_records
from .config import Settings


@hookimpl
def read_customers(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield all customers the profile reads."""
    yield from read_records(connection, "customers", Customer, "customers")


@hookimpl
def write_customers(connection: Connection[Settings], customers: Sequence[Customer]) -> list[Outcome]:
    """Create or update customers as the profile says."""
    writing = wanted(connection, connection.settings.system.write_customers, "takes no customers")
    return write_records(connection, writing, customers, "update")
