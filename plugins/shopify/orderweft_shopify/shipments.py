"""Shipments of a Shopify store: what was sent out for its orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from orderweft import Connection, RecordPage, Shipment, Unread, first_mistake, hookimpl
from pydantic import ValidationError

from .client import Client
from .config import Settings
from .mapping import ORDER_KEY, Source, iso, to_shipment

REACH = 10_000
"""Orders read with one search; Shopify lets nobody page beyond 25,000."""
FULFILLMENTS = 50
"""Fulfillments of one order that are read."""


@hookimpl
def read_shipments(connection: Connection[Settings]) -> Iterator[RecordPage]:
    """Yield the fulfillments of the orders changed within the last days, as many as the settings say."""
    settings, source = connection.settings, Source(connection.channel, connection.name)
    start = connection.clock.now() - timedelta(days=settings.shipment_days)
    for orders in _orders(connection, start):
        records: list[Shipment] = []
        unread: list[Unread] = []
        for order in orders:
            if order["test"] or (settings.shipments == "delivered" and not order["key"]):
                continue
            if len(order["fulfillments"]) >= FULFILLMENTS:
                text = f"fulfillments: it has more than the {FULFILLMENTS - 1} that can be read"
                unread.append(Unread(order["id"], f"order {order['name']}", text))
            for fulfillment in order["fulfillments"]:
                lines = _lines(connection, fulfillment)
                try:
                    records.append(to_shipment(order, fulfillment, lines, source, settings))
                except ValidationError as error:
                    unread.append(Unread(fulfillment["id"], fulfillment["name"], first_mistake(error)))
        yield RecordPage(tuple(records), tuple(unread))


def _orders(connection: Connection[Settings], start: datetime) -> Iterator[list[dict[str, Any]]]:
    """Yield the orders changed since *start* page by page, each state of each once."""
    client, names = (
        connection.once(Client),
        {"orderKey": ORDER_KEY, "namespace": connection.settings.metafield_namespace},
    )
    seen: set[tuple[str, str]] = set()
    while True:
        rows, reached = 0, start
        for page in client.pages("ReadShipments", "orders", query=f"updated_at:>='{iso(start)}'", **names):
            fresh = [node for node in page["nodes"] if (node["id"], node["updatedAt"]) not in seen]
            seen |= {(node["id"], node["updatedAt"]) for node in fresh}
            yield fresh
            rows += len(page["nodes"])
            if page["nodes"]:
                reached = datetime.fromisoformat(page["nodes"][-1]["updatedAt"])
            if rows >= REACH and reached > start:
                break
        else:
            return
        start = reached


def _lines(connection: Connection[Settings], fulfillment: dict[str, Any]) -> list[dict[str, Any]]:
    page = fulfillment["fulfillmentLineItems"]
    lines = list(page["nodes"])
    if page["pageInfo"]["hasNextPage"]:
        at, after = "fulfillment.fulfillmentLineItems", page["pageInfo"]["endCursor"]
        lines += connection.once(Client).nodes("ReadShippedLines", at, fulfillment=fulfillment["id"], after=after)
    return lines
