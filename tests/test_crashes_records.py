"""Stock, catalog and customers after a crash: the destination ends as the source is, and little is sent twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from orderweft.testing import FakeClock, Fault
from stdnum import ean

from .wrecks import BATCHES, PIPELINES, SKUS, House, house

SEEDS = 60
CHUNKS = 5
SEASON = "Fall Winter 2026"
STYLES = ("1001", "1002")
"""The only styles JOOR has, as the shop."""


@dataclass(frozen=True)
class Route:
    """A pipeline of records, with what goes on at its ends."""

    pipeline: str
    writes: Collection[str]
    """The calls that change the destination."""
    change: Callable[[House, Random], int]
    """Changes more records at the source than one batch holds, and tells how many."""
    agree: Callable[[House], None]
    """Asserts that the destination has what the source has."""
    received: Callable[[House], int]
    """Tells how many records the destination was sent so far."""

    @property
    def destination(self) -> str:
        """Return the connection written to."""
        return str(PIPELINES[self.pipeline]["destination"])

    @property
    def batch(self) -> int:
        """Return how many records go out in one batch."""
        return BATCHES[str(PIPELINES[self.pipeline]["moves"])]

    def written(self, home: House) -> int:
        """Return how many calls have changed the destination."""
        return sum(call in self.writes for call in home.doors[self.destination].calls)


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


def joor_has_the_shops_stock(home: House) -> None:
    there = {sku.sku: sum(home.shop.available(sku.sku, place) for place in ("London", "Rotterdam")) for sku in SKUS}
    stock = home.joor.stock
    assert {sku.sku: stock["Default", None, sku.barcode] for sku in SKUS} == there


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
    arrived = {row.key for row in home.records("styles", "sent")}
    for one in home.zedonk.products:
        one.in_catalogue = one.in_catalogue and f"style:{one.style}" not in arrived
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
each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.pipeline)


@contextmanager
def in_step(folder: Path, route: Route) -> Iterator[House]:
    """Open a house in which the route's destination has all its source has."""
    folder.mkdir(exist_ok=True)
    with house(folder, clock=FakeClock(), joor={"duplicate_products": "accepted"}) as home:
        if route.pipeline in ("shop_stock", "joor_stock"):
            for style in home.joor.products.keys() - STYLES:
                home.joor.delete_style(style)
        home.finish(route.pipeline)
        route.agree(home)
        yield home


def comes_right(home: House, route: Route, what: object, most: int) -> None:
    """Assert that quiet runs put everything right with at most so many records sent."""
    sent = route.received(home)
    home.finish(route.pipeline)
    home.pass_time()
    try:
        route.agree(home)
        assert route.received(home) - sent <= most
        assert not home.records(route.pipeline, "sending")
    except AssertionError as error:
        raise AssertionError(f"{route.pipeline} after {what}") from error


def stays_quiet(home: House, route: Route) -> None:
    """Assert that, once everything is there, nothing more is sent."""
    home.finish(route.pipeline)
    written = route.written(home)
    home.finish(route.pipeline)
    assert route.written(home) == written
    route.agree(home)


@each_route
def test_death_at_every_moment(tmp_path: Path, route: Route) -> None:
    """A process that dies at any moment of a run leaves nothing wrong, and makes the next repeat one batch at most."""
    with in_step(tmp_path, route) as home:
        luck, died = Random(route.pipeline), 0
        for moment in count(1):
            sent, changed = route.received(home), route.change(home, luck)
            if not home.die(route.pipeline, at_moment=moment):
                break
            died += 1
            comes_right(home, route, f"moment {moment}", changed + route.batch - (route.received(home) - sent))
        assert died >= 9
        stays_quiet(home, route)


@each_route
def test_death_at_every_write(tmp_path: Path, route: Route) -> None:
    """A process that dies while the answer to any writing call is on its way leaves nothing wrong."""
    with in_step(tmp_path, route) as home:
        luck = Random(route.pipeline)
        for call in count(1):
            sent, changed = route.received(home), route.change(home, luck)
            if not home.die(route.pipeline, at_call=call, end="after", among=route.writes):
                break
            comes_right(home, route, f"call {call}", changed + route.batch - (route.received(home) - sent))
        assert call > 2
        stays_quiet(home, route)


@each_route
def test_every_write_may_lose_its_answer(tmp_path: Path, route: Route) -> None:
    """The connection is cut at one write, or at all of them; what was not told is sent again."""
    kinds: list[Any] = ["timeout_before", "timeout_after", "reset_mid_body"]
    with in_step(tmp_path, route) as home:
        luck, door = Random(route.pipeline), home.doors[route.destination]
        for kind, (times, write) in product(kinds, ((1, 2), (100, 1))):
            changed, done = route.change(home, luck), Counter(door.calls)
            door.faults[:] = [Fault(name, kind, call=done[name] + write, times=times) for name in route.writes]
            home.run(route.pipeline)
            door.faults.clear()
            home.pass_time()
            comes_right(home, route, f"{kind} at write {write}, {times} times", changed + route.batch)
        stays_quiet(home, route)


def misfortune(home: House, route: Route, luck: Random) -> str:
    """Run once with something going wrong: a death at a moment, at a call, a lost answer, or a stranger at work."""
    kind: Any = luck.choice(
        ["moment", "before", "after", "timeout_before", "timeout_after", "reset_mid_body", "refuse"]
    )
    at = luck.randrange(1, 9)
    if kind == "moment":
        home.die(route.pipeline, at_moment=at)
    elif kind in ("before", "after"):
        home.die(route.pipeline, at_call=at, end=kind)
    else:
        door = home.doors[luck.choice([name for name in home.doors if name != "zedonk"])]
        door.faults[:] = [Fault("*", kind, call=len(door.calls) + at, times=luck.choice([1, 1, 3, 30]))]
        home.run(route.pipeline)
        door.faults.clear()
    return f"{kind} {at}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_seeded_misfortunes(tmp_path: Path, chunk: int) -> None:
    """Things go wrong again and again while the source goes on changing; quiet runs put everything right."""
    route = ROUTES[chunk % len(ROUTES)]
    with in_step(tmp_path, route) as home:
        for seed in range(chunk * SEEDS // CHUNKS, (chunk + 1) * SEEDS // CHUNKS):
            luck, told, changed = Random(seed), [], 0
            sent = route.received(home)
            for _ in range(1 + (seed % 4 == 0)):
                changed += route.change(home, luck)
                told.append(misfortune(home, route, luck))
                home.pass_time()
            most = changed + 4 * len(told) * route.batch - (route.received(home) - sent)
            comes_right(home, route, f"seed {seed}: {told}", most)
        stays_quiet(home, route)


@pytest.mark.parametrize("times", [1, 2, 20], ids=["once", "twice", "always"])
def test_a_stranger_who_changes_stock_in_between(tmp_path: Path, times: int) -> None:
    """Stock that somebody changes between Orderweft's look and its write ends as the source has it."""
    route, left = ROUTES[1], [times]
    with in_step(tmp_path, route) as home:

        def meddle(moment: str, operation: str) -> None:
            if (moment, operation) == ("before", "SetQuantities") and left[0]:
                left[0] -= 1
                for sku in SKUS:
                    home.shop.set_stock(sku.sku, "London", 900 + left[0])

        changed = {sku.sku for sku in SKUS}
        home.joor.sell(dict.fromkeys(changed, 1))
        home.watchers.append(meddle)
        home.run(route.pipeline)
        left[0] = 0
        home.pass_time()
        comes_right(home, route, f"a stranger, {times}", len(changed))
        stays_quiet(home, route)
