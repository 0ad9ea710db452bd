"""The hooks for orders, and what concerns the connection as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from orderweft import (
    Account,
    Connection,
    Delivery,
    Order,
    Outcome,
    Receipt,
    Refused,
    SettingsError,
    hookimpl,
)

from ..client import Client
from ..config import Settings
from ..simulator import Simulator
from .desk import Desk, check_seasons

_CHECKED = ("customers", "products", "seasons")
_READ = (*_CHECKED, "users", "addresses", "contacts", "prices", "inventory", "future_inventory", "order_status")


@hookimpl
def check_connection(connection: Connection[Settings]) -> Account:
    """Prove that the folder, and the report calls if they are used, can be reached; say how old the exports are."""
    settings, client = connection.settings, connection.once(Client)
    details: list[str] = []
    warnings: list[str] = []
    if settings.folder is not None:
        names = {entry.name for entry in client.folder.list()}
        if not names & {"in", "out"}:
            raise SettingsError(f"{client.folder.name} has neither a folder in/ nor a folder out/; check folder")
        if settings.read_by == "files":
            for dataset in _READ:
                if told := client.exports.about(dataset):
                    details.append(f"{dataset} exported {told.age} ago")
                    warnings += told.warnings
            missing = [dataset for dataset in _CHECKED if not client.exports.newest(dataset)]
            if missing:
                warnings.append(f"out/ has no export of {', '.join(missing)}; orders cannot be checked against it.")
    if settings.read_by == "reports":
        found = client.table("seasons")
        details.append(f"report calls to {connection.http.host} work and tell {len(found.rows)} seasons")
        warnings.append("Zedonk's report calls are not publicly documented; compare what is read with its screens.")
    check_seasons(client, settings)
    if settings.results == "none":
        details.append('orders count as delivered when their file is written (results = "none")')
    name = client.folder.name if settings.folder is not None else connection.http.host
    return Account(id=name, name=f"Zedonk {name}", details=tuple(details), warnings=tuple(warnings))


@hookimpl
def simulator() -> type[Simulator]:
    """Return the class that plays a tenant in memory, with a folder of its own."""
    return Simulator


@hookimpl
def deliver_orders(connection: Connection[Settings], deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Write one file for each order, once under its key."""
    return connection.once(Desk).deliver(deliveries)


@hookimpl
def find_orders(connection: Connection[Settings], keys: Sequence[str]) -> dict[str, Receipt | Refused]:
    """Return what became of those *keys* that were handed over."""
    return connection.once(Desk).find(keys)


@hookimpl
def probe_orders(connection: Connection[Settings], orders: Sequence[Order]) -> list[Refused | None]:
    """Say of each order what the newest exports of products, customers and seasons lack for it."""
    return connection.once(Desk).probe(orders)
