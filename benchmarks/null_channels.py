"""Channels that cost nothing, so that what is measured is the run itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from orderweft import (
    Accepted,
    Account,
    Channel,
    Connection,
    Delivery,
    Fetched,
    Kind,
    Limits,
    Order,
    OrderQuery,
    Outcome,
    Page,
    Receipt,
    Settings,
    hookimpl,
)
from orderweft.testing import brand

PAGE = 250


class NullSettings(Settings):
    """Settings of a channel that is not there."""

    orders: int = 0
    lines: int = 20
    batch: int = 100

    @property
    def service_url(self) -> str:
        """Return an address nobody asks."""
        return "http://127.0.0.1:9"


def sample_order(number: int, lines: int) -> Order:
    """Build one ordinary order."""
    skus = brand.skus()
    buyer = brand.buyers()[number % 10]
    chosen = [skus[(number + step) % len(skus)] for step in range(lines)]
    return Order.model_validate(
        {
            "origin": {"channel": "null", "connection": "source", "id": str(number)},
            "number": str(number),
            "status": "approved",
            "currency": "EUR",
            "purchase_order": f"PO-{number}",
            "season": {"name": "Spring Summer 2027", "code": "SS27"},
            "window": {"start": "2027-01-15", "complete": "2027-02-15"},
            "customer": {"account_code": buyer.code, "name": buyer.name, "email": buyer.email},
            "addresses": [
                {"role": role, "name": buyer.name, "line1": buyer.line1, "city": buyer.city,
                 "postcode": buyer.postcode, "country": buyer.country}
                for role in ("delivery", "accounts")
            ],
            "lines": [
                {"key": f"{sku.sku}-{step}", "style_number": sku.style_number, "style_name": sku.style_name,
                 "color": sku.color, "color_code": sku.color_code, "size": sku.size, "barcode": sku.barcode,
                 "gtin": sku.barcode.zfill(14), "quantity": 4, "unit_price": str(sku.wholesale),
                 "retail_price": str(sku.retail)}
                for step, sku in enumerate(chosen)
            ],
        }
    )  # fmt: skip


def source() -> Any:
    """Return a plugin whose orders are made in advance, 200 of them used over and over under new ids."""
    made: dict[int, list[Order]] = {}

    @hookimpl
    def describe() -> Channel:
        return Channel("Null source", NullSettings, Limits())

    @hookimpl
    def check_connection(connection: Connection[NullSettings]) -> Account:
        return Account("null", "null")

    @hookimpl
    def provides(connection: Connection[NullSettings], kind: Kind) -> dict[str, Any]:
        return {}

    @hookimpl
    def fetch_orders(connection: Connection[NullSettings], query: OrderQuery) -> Iterator[Page]:
        settings = connection.settings
        stock = made.setdefault(settings.lines, [sample_order(n, settings.lines) for n in range(200)])
        for start in range(int(query.bookmark or 0), settings.orders, PAGE):
            items = []
            for number in range(start, min(start + PAGE, settings.orders)):
                order = stock[number % 200]
                order = order.model_copy(update={"origin": order.origin.model_copy(update={"id": str(number)})})
                items.append(Fetched(str(number), str(number), order))
            yield Page(tuple(items), bookmark=str(start + PAGE))

    return channel_of(describe, check_connection, provides, fetch_orders)


def destination() -> Any:
    """Return a plugin that accepts everything at once and forgets it."""

    @hookimpl
    def describe() -> Channel:
        return Channel("Null destination", NullSettings, Limits(in_flight=2, batch_size=250))

    @hookimpl
    def check_connection(connection: Connection[NullSettings]) -> Account:
        return Account("null", "null")

    @hookimpl
    def accepts(connection: Connection[NullSettings], kind: Kind) -> dict[str, Any]:
        return {
            "required": ["lines"],
            "properties": {"lines": {"minItems": 1, "items": {"required": ["barcode", "unit_price"]}}},
        }

    @hookimpl
    def deliver_orders(connection: Connection[NullSettings], deliveries: Sequence[Delivery]) -> list[Outcome]:
        return [Accepted(receipt=Receipt(id=delivery.key)) for delivery in deliveries]

    return channel_of(describe, check_connection, accepts, deliver_orders)


def channel_of(*hooks: Any) -> ModuleType:
    """Return a module with these hooks, as a plugin is."""
    module = ModuleType("null")
    for hook in hooks:
        setattr(module, hook.__name__, hook)
    return module
