"""Pipelines of a house: how the source of each changes, and what its destination must have in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from orderweft.runs import delivery_key
from stdnum import ean

from .wrecks import BATCHES, OWN_STORE, PIPELINES, SKUS, House

SEASON = "Fall Winter 2026"
STYLES = ("1001", "1002")
"""The only styles JOOR has, as the shop."""


@dataclass(frozen=True)
class Route:
    """A pipeline, with what goes on at its ends."""

    pipeline: str
    writes: Collection[str]
    """The calls that change the destination."""
    change: Callable[[House, Random], int]
    """Changes more records at the source than one batch holds, and tells how many."""
    agree: Callable[[House], None]
    """Asserts that the destination has what the source has."""
    received: Callable[[House], int]
    """Tells how many records the destination was sent so far."""
    in_flight: int | None = None
    """How many calls are on their way at once; as many as the channel bears when left out."""
    steps: int = 25
    """About how many commits and answers a run has."""
    stride: int = 1
    """How many of them lie between two deaths; with several calls in flight nothing dies at one step exactly."""

    def __str__(self) -> str:
        return self.pipeline if self.in_flight is None else f"{self.pipeline}, {self.in_flight} in flight"

    @property
    def destination(self) -> str:
        """Return the connection written to."""
        return str(PIPELINES[self.pipeline]["destination"])

    @property
    def batch(self) -> int:
        """Return how many records go out in one batch."""
        return BATCHES.get(str(PIPELINES[self.pipeline]["moves"]), 1)

    def written(self, home: House) -> int:
        """Return how many calls have changed the destination, or told the source."""
        return sum(call in self.writes for door in home.doors.values() for call in door.calls)


# Stock


def change_shop_stock(home: House, luck: Random) -> int:
    chosen = luck.sample(SKUS, 18)
    for sku in chosen:
        home.shop.set_stock(sku.sku, "London", home.shop.available(sku.sku, "London") + luck.choice([-1, 1, 2]))
    return len(chosen)


def change_joor_stock(home: House, luck: Random) -> int:
    chosen = luck.sample(SKUS, 18)
    home.joor.sell({sku.sku: luck.randrange(1, 3) for sku in chosen})
    return len(chosen)


def change_zedonk_stock(home: House, luck: Random) -> int:
    chosen = luck.sample(SKUS, 18)
    for sku in chosen:
        there = home.zedonk.available(sku.barcode, SEASON)
        home.zedonk.set_stock(sku.barcode, there + luck.choice([-1, 1, 2]), season=SEASON)
    home.zedonk.export_files()
    return len(chosen)


def in_the_shop(home: House) -> dict[str, int]:
    """Return what the shop has in all its places, by barcode."""
    return {sku.barcode: sum(home.shop.available(sku.sku, place) for place in ("London", "Rotterdam")) for sku in SKUS}


def joor_has_the_shops_stock(home: House) -> None:
    stock = home.joor.stock
    assert {sku.barcode: stock["Default", None, sku.barcode] for sku in SKUS} == in_the_shop(home)


def the_shop_has_joors_stock(home: House) -> None:
    stock = home.joor.stock
    there = {sku.sku: stock["Default", None, sku.barcode] for sku in SKUS}
    assert {sku.sku: home.shop.available(sku.sku, "London") for sku in SKUS} == there


def joor_has_zedonks_stock(home: House) -> None:
    there = {sku.sku: home.zedonk.available(sku.barcode) for sku in SKUS}
    stock = home.joor.stock
    assert {sku.sku: stock["Default", None, sku.barcode] for sku in SKUS} == there


def rows_at_joor(operation: str, key: str | None = None) -> Callable[[House], int]:
    def counted(home: House) -> int:
        bodies: Iterator[Any] = (call.body for call in home.joor.log if call.operation == operation)
        return sum(len(body[key] if key else body) for body in bodies)

    return counted


def quantities_at_the_shop(home: House) -> int:
    return sum(len(sent["input"]["quantities"]) for name, sent in home.shop.log if name == "SetQuantities")


# Customers and styles


def change_customers(home: House, luck: Random) -> int:
    chosen = luck.sample(range(100, 108), 5)
    for number in chosen:
        home.zedonk.rename_customer(f"C{number}", f"Store {number} No. {luck.randrange(10**6)}")
    home.zedonk.export_files()
    return len(chosen)


def joor_has_zedonks_customers(home: House) -> None:
    known = {one.account_code: name for name, one in home.zedonk.customers.items() if one.account_code and one.active}
    there = [*home.joor.customers.items(), *home.joor.waiting_customers.items()]
    assert len(there) == len({code for code, _ in there})
    assert {code: fields["customer_name"] for code, fields in there if code in known} == known


def change_styles(home: House, luck: Random) -> int:
    return add_styles(home, "styles")


def add_styles(home: House, pipeline: str, kept: str = "") -> int:
    """Make three styles, and take those that have arrived by *pipeline* from the catalogue, all but the one *kept*."""
    arrived = {row.key for row in home.records(pipeline, "sent")}
    for one in home.zedonk.products:
        one.in_catalogue = one.style == kept or (one.in_catalogue and f"style:{one.style}" not in arrived)
    numbers = [3001 + len(home.zedonk.products) + place for place in range(3)]
    for number in numbers:
        digits = [f"29{number:08d}{place:02d}" for place in range(4)]
        codes = [digit + ean.calc_check_digit(digit) for digit in digits]
        for color, pair in (("Navy", codes[:2]), ("Ecru", codes[2:])):
            home.zedonk.add_product(str(number), color, dict(zip("SM", pair, strict=True)))
    home.zedonk.export_files()
    return len(numbers)


def joor_has_zedonks_styles(home: House) -> None:
    known = {(one.style, sku.barcode) for one in home.zedonk.products if one.style > "3000" for sku in one.skus}
    there = list(home.joor.products.items())
    assert sorted(known) == sorted((style, sku.barcode) for style, one in there if style > "3000" for sku in one.skus)
    created = [row["external_id"] for call in home.joor.log if call.operation == "products.create" for row in call.body]
    assert len(created) == len(set(created))
    pictures = [(product.id, asset.filename) for _, product in there for asset in product.assets]
    assert len(pictures) == len(set(pictures))


# Orders

BUYERS = ("C100", "C101", "C102")
UNKNOWN = "C108"
"""A customer Zedonk does not have."""
UNSOLD = "1003-401-M"
"""Something the shop does not have."""


def order_from_the_shop(home: House, luck: Random) -> int:
    """Have customers order: what there is, what there is not, and for our own store; cancel what could not go out."""
    for number in [number for number, fate in home.fates.items() if fate == "held"][:1]:
        home.joor.cancel(number)
        home.fates[number] = "cancelled"
    sold, many = luck.choice(SKUS).sku, home.tuning["shop"]["in_flight"]
    coming = [(luck.choice(BUYERS), sold, "delivered") for _ in range(many)]
    coming += [(luck.choice(BUYERS), UNSOLD, "held"), (OWN_STORE, sold, "skipped")]
    for customer, sku, fate in luck.sample(coming, len(coming)):
        home.fates[home.joor.add_order({sku: luck.randrange(1, 9)}, customer=customer)] = fate
    return len(coming)


def order_from_zedonk(home: House, luck: Random) -> int:
    """Have customers order, one of them unknown to Zedonk."""
    for customer in (*luck.sample(BUYERS, 2), UNKNOWN):
        piece = f"100{luck.randrange(1, 4)}-401-{luck.choice('SML')}"
        number = home.joor.add_order({piece: luck.randrange(1, 9)}, customer=customer)
        home.fates[number] = "held" if customer == UNKNOWN else "delivered"
    return 3


def the_shop_has_each_order_once(home: House) -> None:
    each_order_has_one_end(home, "sales", Counter(str(order.external_id) for order in home.shop.orders))


def zedonk_has_each_order_once(home: House) -> None:
    home.zedonk.work()
    home.pass_time()
    home.finish("orders")
    each_order_has_one_end(home, "orders", Counter(one.external_id for one in home.zedonk.orders.values()))


def each_order_has_one_end(home: House, pipeline: str, there: Counter[str]) -> None:
    """Assert that every order is in the one final state it should be in, with a reason, and *there* if delivered."""
    rows = home.orders(pipeline)
    assert {int(row.id): row.state for row in rows} == home.fates
    assert len(rows) == len(home.joor.orders)
    for row in rows:
        assert row.receipt_id if row.state == "delivered" else row.message, row
        assert bool(row.reason and row.fix) == (row.state == "held"), row
    arrived = {number for number, fate in home.fates.items() if fate == "delivered"}
    assert there == Counter(delivery_key("joor", str(number)) for number in arrived)
    told = {number: state for number, (state, _) in home.joor.acknowledged.items()}
    assert {number for number, state in told.items() if state == "SUCCESS"} == arrived
    assert {number for number, fate in home.fates.items() if fate == "held"} <= told.keys() - arrived
    assert not home.joor.marked()
    with home.ledger() as ledger:
        left = "SELECT key FROM attempts WHERE coalesce(outcome, 'unknown') = 'unknown'"
        assert not ledger.rows(f"{left} UNION SELECT id FROM acknowledgements WHERE due = 1")


# All of them

ROUTES = (
    Route("shop_stock", {"inventory.write"}, change_shop_stock, joor_has_the_shops_stock,
          rows_at_joor("inventory.write", "inventory_items")),
    Route("joor_stock", {"SetQuantities", "ActivateItem"}, change_joor_stock, the_shop_has_joors_stock,
          quantities_at_the_shop),
    Route("stock", {"inventory.write"}, change_zedonk_stock, joor_has_zedonks_stock,
          rows_at_joor("inventory.write", "inventory_items")),
    Route("customers", {"customers.write"}, change_customers, joor_has_zedonks_customers,
          rows_at_joor("customers.write")),
    Route("styles", {"products.create", "products.update", "skus.create", "skus.update", "collections.create",
                     "collections.update", "images.create", "assets.create"},
          change_styles, joor_has_zedonks_styles, rows_at_joor("products.create")),
)  # fmt: skip
SALES = tuple(
    Route("sales", {"CreateOrder", "orders.acknowledge"}, order_from_the_shop, the_shop_has_each_order_once,
          lambda home: len(home.shop.orders), in_flight, 51, stride)
    for in_flight, stride in ((1, 1), (2, 4), (8, 7))
)  # fmt: skip
FILES = Route("orders", {"orders.acknowledge"}, order_from_zedonk, zedonk_has_each_order_once,
              lambda home: len(home.zedonk.orders), steps=15)  # fmt: skip
