"""Whatever a channel answers, a hook ends in records, in outcomes or in an error of its contract, and soon."""

from __future__ import annotations

import random
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from orderweft import (
    Acknowledgement,
    AuthenticationError,
    Connection,
    Customer,
    Delivery,
    Fetched,
    Http,
    Limits,
    Order,
    OrderCancellation,
    OrderQuery,
    OrderUpdate,
    Receipt,
    Request,
    Response,
    SettingsError,
    Shipment,
    StockLevel,
    UnavailableError,
)
from orderweft.plugins import Plugins
from orderweft.runs.ends import secret_values
from orderweft.testing import FakeClock, Simulator, brand
from orderweft_joor.simulator import Simulator as Joor
from orderweft_oms_generic.simulator.rehearsal import Rehearsed
from orderweft_shopify.simulator import Simulator as Shopify
from orderweft_zedonk.simulator import Simulator as Zedonk

from .oms_generic.hooks import order_of, settings_of
from .strategies import bad_input, chances, retyped, soon, spoiled

STYLE = "1001"
"""The only style that JOOR and Shopify keep, so that an answer is small."""
SKUS = [sku for sku in brand.skus() if sku.style_number == STYLE]
SEASONS = ["Spring Summer 2027", "Fall Winter 2026"]
MOST_CALLS = 400
ALLOWED = (AuthenticationError, UnavailableError, SettingsError)
"""What any hook may raise; a simulator that is called too often raises another error."""
Answered = Callable[[int, Response], Response]
Bench = Callable[[FakeClock, Path], tuple[str, Simulator, dict[str, Any]]]


def joor(**settings: Any) -> Bench:
    def bench(clock: FakeClock, folder: Path) -> tuple[str, Simulator, dict[str, Any]]:
        simulator = Joor(clock=clock, throttle="off", orders="none", many=3)
        for style in {sku.style_number for sku in brand.skus()} - {STYLE}:
            simulator.delete_style(style)
        given = {"warehouse": "Default", "acknowledge": "v4", "experimental_shipments": True, **settings}
        return "joor", simulator, {**simulator.settings(), **given}

    return bench


def shopify(read_by: str) -> Bench:
    def bench(clock: FakeClock, folder: Path) -> tuple[str, Simulator, dict[str, Any]]:
        simulator = Shopify(clock=clock, bulk_nesting=3)
        for sku in {sku.sku for sku in brand.skus()} - {sku.sku for sku in SKUS}:
            with suppress(KeyError):
                simulator.delete_variant(sku)
        settings = {"read_by": read_by, "locations": ["London"], "stock_location": "London"}
        return "shopify", simulator, {**simulator.settings(), **settings}

    return bench


def oms(system: str) -> Bench:
    def bench(clock: FakeClock, folder: Path) -> tuple[str, Simulator, dict[str, Any]]:
        simulator = Rehearsed(clock=clock, system=system)
        changing = {"values": {"cancelled_folder": "47"}} if system == "order_desk" else {}
        return "oms_generic", simulator, settings_of(simulator, folder, **changing)

    return bench


def zedonk(clock: FakeClock, folder: Path) -> tuple[str, Simulator, dict[str, Any]]:
    simulator = Zedonk(clock=clock, folder=folder / "zedonk")
    chosen = {
        "price_seasons": SEASONS, "stock_seasons": SEASONS, "price_lists": ["Wholesale"], "import_season": SEASONS[0],
        "order_owner": "jane", "read_by": "reports", "include_future_ats": True,
    }  # fmt: skip
    return "zedonk", simulator, {**simulator.settings(), **chosen}


BENCHES: dict[str, Bench] = {
    "joor": joor(),
    "joor queue": joor(read_mode="sync", catalog_api="v2"),
    "shopify pages": shopify("pages"),
    "shopify bulk": shopify("bulk"),
    **{name: oms(name) for name in ("order_desk", "cartrover", "skubana", "netsuite", "in_house")},
    "zedonk": zedonk,
}


@cache
def plugins() -> Plugins:
    return Plugins.installed()


@contextmanager
def opened(bench: str, answered: Answered) -> Iterator[Connection[Any]]:
    """Give a connection to a fresh simulator whose answers, counted from 1, pass through *answered*."""
    clock, calls = FakeClock(), 0
    with TemporaryDirectory() as folder:
        channel, simulator, given = BENCHES[bench](clock, Path(folder))
        settings = plugins().channels[channel].settings.model_validate({**given, "base_url": "http://127.0.0.1:9"})

        def handler(request: Request) -> Response:
            nonlocal calls
            calls += 1
            assert calls <= MOST_CALLS, "it goes on and on"
            return answered(calls, simulator.handle(request))

        http = Http(
            settings.service_url, clock=clock, limits=Limits(), handler=handler, secrets=secret_values(settings)
        )
        connection: Connection[Any] = Connection(channel, channel, settings, http, clock)
        try:
            yield connection
        finally:
            connection.close()


def called(connection: Connection[Any], hook: str, **arguments: Any) -> Any:
    """Return what *hook* gives, pages as a list."""
    answer = plugins().call(connection.channel, hook, connection=connection, **arguments)
    return list(answer) if isinstance(answer, Iterator) else answer


# What is sent

ORIGIN = {"channel": "x", "connection": "x"}


def item(sku: brand.Sku) -> dict[str, Any]:
    names = ("sku", "barcode", "style_number", "style_identifier", "color_code", "size")
    return {"id": sku.sku, **{name: getattr(sku, name) for name in names}}


LEVELS = [
    StockLevel.model_validate({"origin": {**ORIGIN, "id": sku.sku}, "item": item(sku), "quantity": 7})
    for sku in SKUS[:3]
]
CUSTOMERS = [
    Customer.model_validate(
        {
            "origin": {**ORIGIN, "id": code},
            "account_code": code,
            "name": f"Shop {code}",
            "addresses": [{"role": "delivery", "code": "S", "line1": "1 High", "city": "Leeds", "country": "GB"}],
        }
    )
    for code in ("C200", "C201", "C202")
]
ORDERS = [
    Delivery(order_of((0, 2), (1, 1), number=number, origin={**ORIGIN, "id": number}), f"x:{number}")
    for number in ("9000001", "9000002", "9000003")
]
SHIPMENTS = [
    Shipment.model_validate({
        "origin": {**ORIGIN, "id": number}, "order_id": "1", "order_key": f"x:{number}", "tracking_numbers": ["1Z-7"],
        "lines": [{"item": item(SKUS[0]), "quantity": 1}],
    })
    for number in ("9000001", "9000002", "9000003")
]  # fmt: skip
TOLD = [Acknowledgement("9000001", "9000001", True, "done"), Acknowledgement("9000002", "9000002", False, "no")]


@cache
def products() -> list[Any]:
    with opened("joor", lambda number, response: response) as connection:
        [page] = called(connection, "read_catalog")
    changes = {"collections": (), "seasons": (), "name": "Another"}
    return [product.model_copy(update=changes) for product in page.records]


READS: dict[str, dict[str, Any]] = {
    "check_connection": {},
    "fetch_orders": {"query": OrderQuery()},
    "read_inventory": {},
    "read_catalog": {},
    "read_customers": {},
    "read_shipments": {},
}
WRITES: dict[str, Callable[[Connection[Any]], dict[str, Any]]] = {
    "deliver_orders": lambda connection: {"deliveries": ORDERS},
    "probe_orders": lambda connection: {"orders": [delivery.order for delivery in ORDERS]},
    "acknowledge_orders": lambda connection: {"acknowledgements": TOLD},
    "write_inventory": lambda connection: {"levels": LEVELS, "mode": "update"},
    "write_catalog": lambda connection: {"products": products()},
    "write_customers": lambda connection: {"customers": CUSTOMERS},
    "write_shipments": lambda connection: {"shipments": SHIPMENTS},
    "find_orders": lambda connection: {"keys": [delivery.key for delivery in ORDERS]},
    "update_orders": lambda connection: {
        "updates": [
            OrderUpdate(edited(one.order), (one.order,), one.key, receipt, 2) for one, receipt in delivered(connection)
        ]
    },
    "cancel_orders": lambda connection: {
        "cancellations": [
            OrderCancellation(one.key, one.order.number, receipt) for one, receipt in delivered(connection)
        ]
    },
}


def delivered(connection: Connection[Any]) -> list[tuple[Delivery, Receipt]]:
    """Deliver the orders and return each with its receipt."""
    outcomes = called(connection, "deliver_orders", deliveries=ORDERS)
    return [(one, outcome.receipt) for one, outcome in zip(ORDERS, outcomes, strict=True)]


def edited(order: Order) -> Order:
    """Return *order* with a piece more of its first line."""
    first, *others = order.lines
    more = first.model_copy(update={"quantity": first.quantity + 1})
    return order.model_copy(update={"lines": (more, *others)})


CHANNELS = {"joor": "joor", "joor queue": "joor", "shopify pages": "shopify", "shopify bulk": "shopify"}


def pairs(hooks: dict[str, Any], *without: str) -> list[Any]:
    """Return each bench with each hook its channel has."""
    return [
        pytest.param(bench, hook, id=f"{bench} {hook}")
        for bench, hook in product(BENCHES, hooks)
        if bench not in without
        and plugins().can(CHANNELS.get(bench, "zedonk" if bench == "zedonk" else "oms_generic"), hook)
    ]


@cache
def right(bench: str, hook: str) -> tuple[range, Any]:
    """Return which calls *hook* makes of a channel that answers rightly, and what it gives then."""
    last = 0

    def counted(number: int, response: Response) -> Response:
        nonlocal last
        last = number
        return response

    with opened(bench, counted) as connection:
        try:
            arguments, before = arguments_of(hook, connection), last
            given = called(connection, hook, **arguments)
        except SettingsError:  # this system cannot do it
            return range(0), None
    return range(before + 1, last + 1), given


def arguments_of(hook: str, connection: Connection[Any]) -> dict[str, Any]:
    return READS[hook] if hook in READS else WRITES[hook](connection)


def result(bench: str, hook: str, chance: random.Random, spoil: Callable[[Response, random.Random], Response]) -> Any:
    """Return what *hook* gives when one answer is spoiled, or the error it may raise, no secret in either."""
    calls, _ = right(bench, hook)
    if not calls:
        pytest.skip("it asks the channel nothing")
    wrong, answer = chance.choice(calls), b""

    def answered(number: int, response: Response) -> Response:
        nonlocal answer
        if number != wrong:
            return response
        spoiled_one = spoil(response, chance)
        answer = spoiled_one.body
        return spoiled_one

    with opened(bench, answered) as connection:
        arguments = arguments_of(hook, connection)
        try:
            with soon((wrong, answer)):
                given = called(connection, hook, **arguments)
        except ALLOWED as error:
            given = error
        told = repr(given)
        assert not [secret for secret in secrets_of(connection.settings) if secret in told]
    return given


def secrets_of(settings: Any) -> list[str]:
    """Return what must never be told; a profile says itself which of its values are secret."""
    if not hasattr(settings, "system"):
        return secret_values(settings)
    named = [name for name, spec in settings.system.settings.items() if spec.kind == "secret"]
    return [settings.texts[name] for name in named if settings.texts.get(name)]


def kept(pages: list[Any]) -> int:
    """Return how many records the pages tell of, read or not."""
    return sum(len(page.items) if hasattr(page, "items") else len(page.records) + len(page.unread) for page in pages)


def payloads(pages: Any) -> list[Fetched]:
    """Return the orders on *pages*, if it is any, that have kept what they were read from."""
    found = [one for page in pages for one in page.items] if isinstance(pages, list) else []
    return [one for one in found if one.payload is not None]


@pytest.mark.parametrize(("bench", "hook"), pairs(READS))
@bad_input
@given(chances)
def test_a_reading_survives_any_answer(bench: str, hook: str, chance: random.Random) -> None:
    """A spoiled answer gives records, unreadable records, or an error that the host knows."""
    result(bench, hook, chance, spoiled)


@pytest.mark.parametrize(("bench", "hook"), pairs(WRITES, "joor queue", "shopify bulk"))
@bad_input
@given(chances)
def test_a_writing_survives_any_answer(bench: str, hook: str, chance: random.Random) -> None:
    """A spoiled answer gives an outcome for each record, or an error that the host knows."""
    given_, (_, expected) = result(bench, hook, chance, spoiled), right(bench, hook)
    if isinstance(given_, list):
        assert len(given_) == len(expected)


@pytest.mark.parametrize(
    ("bench", "hook"), [case for case in pairs(READS, "zedonk") if case.values[1] != "check_connection"]
)
@bad_input
@given(chances)
def test_no_record_gets_lost(bench: str, hook: str, chance: random.Random) -> None:
    """A record with a field of another form is read, told of, or the reading fails; it never looks complete without."""
    pages, (_, expected) = result(bench, hook, chance, retyped), right(bench, hook)
    if isinstance(pages, list) and kept(pages) < kept(expected):
        assert any(page.unread for page in pages)
        assert not pages[-1].complete


@pytest.mark.parametrize("bench", [case.values[0] for case in pairs({"reread_order": {}})])
@bad_input
@given(chances)
def test_an_order_is_read_again_as_it_was_read(bench: str, chance: random.Random) -> None:
    """What became of a spoiled answer, unreadable orders too, comes out of the payload kept of it."""
    pages = result(bench, "fetch_orders", chance, spoiled)
    with opened(bench, lambda number, response: response) as connection, soon(pages):
        for one in payloads(pages):
            again = called(connection, "reread_order", payload=one.payload)
            assert (again.order, again.problem is None) == (one.order, one.problem is None)


def test_the_shapes_of_answers_are_those_of_the_schema() -> None:
    """What Shopify's answers are held against follows from its documents; `scripts/shopify_shapes.py` writes it."""
    script = runpy.run_path(str(Path(__file__).parent.parent / "scripts" / "shopify_shapes.py"))
    assert script["shapes"]() == script["TARGET"].read_text("utf-8")
