"""The hooks for orders, and how those of a store are fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from orderweft import (
    Account,
    AuthenticationError,
    Connection,
    Delivery,
    Fetched,
    Kind,
    Order,
    OrderQuery,
    Origin,
    Outcome,
    Page,
    PluginError,
    Receipt,
    Refused,
    SettingsError,
    decode_json,
    first_mistake,
    hookimpl,
)
from orderweft.testing import Simulator
from pydantic import ValidationError

from ..catalog import quoted
from ..client import Client, Locations, RefusalError
from ..config import Settings
from ..customers import ACCOUNT_KEY
from ..mapping import accepted, iso, provided, to_order
from .desk import Desk

REACH = 10_000
"""Orders read with one search; Shopify lets nobody page beyond 25,000."""


@hookimpl
def check_connection(connection: Connection[Settings]) -> Account:
    """Prove that the store lets us in, with every access scope and the location the settings need."""
    client, settings = connection.once(Client), connection.settings
    try:
        data = client.query("Shop")
    except RefusalError as refusal:
        raise SettingsError(str(refusal)) from refusal
    granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
    # A write scope includes the read scope: https://shopify.dev/docs/api/usage/access-scopes
    granted |= {scope.replace("write_", "read_", 1) for scope in granted if scope.startswith("write_")}
    missing = sorted(_needed_scopes(settings) - granted)
    if missing:
        text = f"the app lacks the access scopes {', '.join(missing)}; add them to the app and install it again"
        raise AuthenticationError(text)
    connection.once(Locations).check()
    shop, plan = data["shop"], data["shop"]["plan"]
    warnings = []
    if client.served_version not in (None, settings.api_version):
        warnings.append(f"Shopify serves API version {client.served_version} instead of {settings.api_version}")
    if plan["partnerDevelopment"] and settings.orders_per_minute is None:
        warnings.append("a development store takes five new orders a minute; set orders_per_minute = 5")
    if max(settings.first_run_days, settings.shipment_days) > 60 and "read_all_orders" not in granted:
        warnings.append("without the scope read_all_orders, orders older than 60 days cannot be read")
    details = (
        f"currency {shop['currencyCode']}",
        f"plan {plan['publicDisplayName']}",
        f"time zone {shop['ianaTimezone']}",
    )
    return Account(shop["myshopifyDomain"], shop["name"], details, tuple(warnings))


@hookimpl
def provides(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Return what every record of *kind* read from the store has."""
    return provided(kind, connection.settings)


@hookimpl
def accepts(connection: Connection[Settings], kind: Kind) -> dict[str, Any] | None:
    """Return what a record of *kind* needs before the store takes it."""
    return accepted(kind, connection.settings)


@hookimpl(specname="simulator")
def simulated_store() -> type[Simulator]:
    """Return the class that plays a store in memory."""
    try:
        from ..simulator import Simulator as Store  # noqa: PLC0415  it needs an extra that a running pipeline does not
    except ModuleNotFoundError as error:
        raise PluginError('the simulator needs more: pip install "orderweft-shopify[simulator]"') from error
    return Store


def _needed_scopes(settings: Settings) -> set[str]:
    scopes = {"write_orders", "read_products", "write_customers" if settings.create_customers else "read_customers"}
    if settings.check_stock:
        scopes |= {"read_inventory", "read_locations"}
    named = settings.location or settings.locations or settings.stock_location
    return scopes | {"read_locations"} if named else scopes


@hookimpl
def deliver_orders(connection: Connection[Settings], deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Create each order once, under its key."""
    desk = connection.once(Desk)
    return [desk.deliver(delivery) for delivery in deliveries]


@hookimpl
def find_orders(connection: Connection[Settings], keys: Sequence[str]) -> dict[str, Receipt]:
    """Return the receipts of those *keys* the store has orders for."""
    return connection.once(Desk).find(keys)


@hookimpl
def probe_orders(connection: Connection[Settings], orders: Sequence[Order]) -> list[Refused | None]:
    """Say of each order what the store lacks for it now: items, stock, the customer."""
    return connection.once(Desk).probe(orders)


@hookimpl
def fetch_orders(connection: Connection[Settings], query: OrderQuery) -> Iterator[Page]:
    """Yield the orders changed in a window of time, or those of one number."""
    if query.number is not None:
        name = query.number.removeprefix("#")
        search = f"name:{quoted(name)} OR name:{quoted('#' + name)}"
        for page in _read(connection, search):
            nodes = [node for node in page["nodes"] if node["name"].removeprefix("#") == name]
            yield Page(tuple(_fetched(connection, node) for node in nodes), query.bookmark)
        return
    settings = connection.settings
    if query.since is not None:
        start = query.since
    elif query.bookmark is not None:
        start = datetime.fromisoformat(query.bookmark) - timedelta(minutes=settings.overlap_minutes)
    else:
        start = connection.clock.now() - timedelta(days=settings.first_run_days)
    yield from _window(connection, start, query)


def _window(connection: Connection[Settings], start: datetime, query: OrderQuery) -> Iterator[Page]:
    bookmark, reached, rows = query.bookmark, start, 0
    for page in _read(connection, f"updated_at:>='{iso(start)}'"):
        if not page["nodes"]:
            continue
        newest = page["nodes"][-1]["updatedAt"]
        reached, rows = datetime.fromisoformat(newest), rows + len(page["nodes"])
        # What a person asks for out of turn must not move the point the next reading in turn goes on from.
        if query.since is None and (bookmark is None or reached > datetime.fromisoformat(bookmark)):
            bookmark = newest
        yield Page(tuple(_fetched(connection, node) for node in page["nodes"]), bookmark)
        if rows >= REACH and reached > start:
            yield from _window(connection, reached, OrderQuery(bookmark, query.since))
            return


def _read(connection: Connection[Settings], search: str) -> Iterator[dict[str, Any]]:
    settings = connection.settings
    names = {"namespace": settings.metafield_namespace, "accountKey": ACCOUNT_KEY}
    client = connection.once(Client)
    yield from client.pages("ReadOrders", "orders", query=search, first=settings.page_size, **names)


def _fetched(connection: Connection[Settings], node: Mapping[str, Any]) -> Fetched:
    page = node["lineItems"]
    lines = list(page["nodes"])
    if page["pageInfo"]["hasNextPage"]:
        client, after = connection.once(Client), page["pageInfo"]["endCursor"]
        lines += client.nodes("ReadLines", "order.lineItems", order=node["id"], after=after)
    return _understood(connection, node, lines)


def _understood(connection: Connection[Settings], node: Mapping[str, Any], lines: list[Any]) -> Fetched:
    payload = json.dumps({**node, "lineItems": lines}, default=str, ensure_ascii=False)
    id_, number = node["id"], node["name"].removeprefix("#")
    origin = Origin(channel=connection.channel, connection=connection.name, id=id_, revision=node["updatedAt"])
    try:
        order = to_order(node, lines, origin)
    except ValidationError as error:
        return Fetched(id_, number, None, payload, problem=first_mistake(error))
    return Fetched(id_, number, order, payload, skip="it is a test order" if node["test"] else None)


@hookimpl
def reread_order(connection: Connection[Settings], payload: str) -> Fetched:
    """Read a stored order again under the present settings."""
    node = decode_json(payload)
    return _understood(connection, node, node["lineItems"])
