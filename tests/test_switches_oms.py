"""Whatever is uncertain about the systems behind `oms_generic`, played every way: orders arrive, stock comes back.

An account that needs a setting is told so, and nothing wrong is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from orderweft.testing import Fault, Response, brand
from orderweft_oms_generic.simulator import cartrover, in_house, order_desk, simulator, skubana
from orderweft_oms_generic.simulator.in_house import InHouse
from orderweft_oms_generic.simulator.netsuite import NetSuite
from orderweft_oms_generic.simulator.netsuite_switches import Switches as NetSuiteSwitches

from .houses_oms import WRITES, House, calling
from .oms_generic.hooks import SYSTEMS
from .oms_generic.test_hooks_sign_in import CLIENT
from .test_oms_stock import IN_JOOR, change, shelves, stock_of, truth

KINDS: Mapping[str, Any] = {
    "order_desk": order_desk.Switches,
    "cartrover": cartrover.Switches,
    "skubana": skubana.Switches,
    "netsuite": NetSuiteSwitches,
    "in_house": in_house.Switches,
}
OPEN: Mapping[tuple[str, str], Sequence[Any]] = {
    ("cartrover", "cust_ref_length"): (0, 30),
    ("skubana", "skus_per_call"): (0, 20),
    ("netsuite", "required_fields"): ((),),
    ("netsuite", "custom_fields"): ((), ("custbody_season",)),
}
"""What is tried of switches that have no list of values; other values stand among those that need something."""

BY_V1_1 = (("path: /v1/order\n", "path: /v1.1/orders\n"), ('"path": "/v1/order"', '"path": "/v1.1/orders"'))
FORM = {"extra": {"custbody_season": "SS27", "custbody_rep": "=order.origin.channel"}}
TITLES = {name: kind.title for name, kind in simulator.SYSTEMS.items()}
Needed = tuple[str, Mapping[str, Any], Mapping[str, Any]]
NEEDS: Sequence[Needed] = [
    ("order_desk", {"code": "barcode"}, {"item_code": "barcode"}),
    ("order_desk", {"unknown_folder": "first"}, {"values": {"order_folder": "99"}}),
    ("order_desk", {"find_delay": 600}, {"settle_seconds": 900}),
    ("cartrover", {"sku_field": "item"}, {"values": {"sku_field": "item"}}),
    ("cartrover", {"quantity_field": "qty"}, {"values": {"quantity_field": "qty"}}),
    ("cartrover", {"quantity_field": "quantity"}, {"values": {"quantity_field": "quantity"}}),
    ("cartrover", {"merchant_reads": "cart_too"},
     {"values": {"merchant_user": "simulated-cart-user-0", "merchant_key": brand.secret("simulated-cart-key-0")}}),
    ("cartrover", {"cust_ref_length": 12}, {"values": {"ref_length": "12"}}),
    ("skubana", {"create_path": "v1.1"}, {"changes": BY_V1_1}),
    ("netsuite", {"key": "P-384", "tba": "barred"}, {}),
    ("netsuite", {"key": "P-521", "rs256": True}, {}),
    ("netsuite", {"key": "RSA", "tba": "allowed"}, {"values": {"sign_in": "tba"}}),
    ("netsuite", {"custom_fields": ("custbody_season", "custbody_rep"), "required_fields": ("custbody_season",)},
     FORM),
    ("in_house", {"auth": "client_credentials"}, {"changes": CLIENT}),
]  # fmt: skip
"""Switches with the settings such an account asks for."""
TOLD: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any], str, str]] = [
    ("order_desk", {"unknown_folder": "refused"}, {"values": {"order_folder": "99"}}, "held", "no folder 99"),
    ("cartrover", {"cust_ref_length": 12}, {}, "held", "cust_ref is longer"),
    ("skubana", {"create_path": "v1.1"}, {}, "held", "PUT /v1/order"),
    ("netsuite", {"tba": "barred"}, {"values": {"sign_in": "tba"}}, "failed", "[connections.oms"),
    ("netsuite", {"legacy_tax": True}, {}, "held", "SuiteTax"),
    ("netsuite", {"required_fields": ("custbody_season",)}, {}, "held", "custbody_season"),
    ("netsuite", {}, FORM, "held", "custbody_season"),
]
"""Switches and settings that do not go together, how the run ends and what it says of it."""


def values_of(system: str) -> dict[str, Sequence[Any]]:
    """Return every switch of a system with what is tried of it."""
    found: dict[str, Sequence[Any]] = {}
    for name, kind in get_type_hints(KINDS[system]).items():
        if get_origin(kind) is Literal:
            found[name] = get_args(kind)
        else:
            found[name] = (False, True) if kind is bool else OPEN[system, name]
    return found


def turns() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield combinations of switches in which each value has its turn that asks for no settings."""
    special = [*(case[:2] for case in NEEDS), *(case[:2] for case in TOLD)]
    alone = {(system, name, value) for system, switches in special for name, value in switches.items()}
    for system in SYSTEMS:
        tried = {
            name: [value for value in values if (system, name, value) not in alone] or values[:1]
            for name, values in values_of(system).items()
        }
        for turn in range(max(map(len, tried.values()))):
            yield system, {name: values[turn % len(values)] for name, values in tried.items()}


def named(case: Any) -> str | None:
    """Return a name for switches."""
    return ", ".join(f"{k}={v}" for k, v in case.items())[:60] if isinstance(case, Mapping) else None


def keep_busy(home: House) -> None:
    """Have other callers of the account use up what calls it allows for the moment."""
    system: Any = home.oms.system
    if isinstance(system, NetSuite):
        system.busy(20, 8.0)
    elif isinstance(system, InHouse):
        system._recent.extend([system.clock.monotonic()] * 60)  # noqa: SLF001
    else:
        for bucket in getattr(system, "_buckets", {"": getattr(system, "_bucket", None)}).values():
            while not bucket.take():
                pass


def orders_arrive(home: House, luck: Random) -> None:
    """Assert that orders arrive once although the account is busy and answers are lost."""
    home.order(luck)
    home.order(luck)
    keep_busy(home)
    gateway = Response(502, {"content-type": "text/html"}, b"<html>Bad gateway</html>")
    home.doors["oms"].faults[:] = [
        fault
        for name in WRITES
        for fault in (Fault(name, "timeout_after"), Fault(name, "answer_after", call=3, response=gateway))
    ]
    home.run()
    home.doors["oms"].faults.clear()
    home.pass_time()
    home.each_order_is_there_once()


def stock_comes_back(home: House, luck: Random, system: str, less_open: bool, by_barcode: bool) -> None:
    """Assert that JOOR shows what the system can sell, although the account is busy."""
    change(home, luck)
    pipeline = stock_of(system)
    if by_barcode:
        pipeline = {**pipeline, "destination_options": {**IN_JOOR, "item_identifier": "upc"}}
    home.configure(pipeline)
    keep_busy(home)
    for _ in range(3):
        report = home.move()
        if report.result == "done":
            break
        home.pass_time()
    assert report.result == "done", (report.error, report.holds[:2])
    wanted = truth(home, less_open=less_open)
    assert shelves(home, wanted) == wanted


@pytest.mark.parametrize(("system", "switches", "settings"), [*((*turn, {}) for turn in turns()), *NEEDS], ids=named)
def test_orders_arrive_and_stock_comes_back(
    tmp_path: Path, system: str, switches: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    """However the system does what nobody has told, each order is there once, and JOOR shows its stock."""
    with calling(tmp_path, system, switches=switches, **settings) as home:
        luck = Random(str(switches))
        orders_arrive(home, luck)
        told = switches.get("stock", values_of(system).get("stock", ("available",))[0])
        stock_comes_back(home, luck, system, told == "available", settings.get("item_code") == "barcode")


@pytest.mark.parametrize(("system", "switches", "settings", "result", "words"), TOLD, ids=named)
def test_an_account_that_needs_a_setting_is_told(
    tmp_path: Path, system: str, switches: Mapping[str, Any], settings: Mapping[str, Any], result: str, words: str
) -> None:
    """What the account does not take so is said, and nothing is there that should not be."""
    with calling(tmp_path, system, switches=switches, **settings) as home:
        home.order(Random(system))
        report = home.run()
        assert report.result == result
        assert words in f"{report.error} {[row.message for row in report.holds]}"
        assert not home.oms.orders


UNKNOWN: Sequence[tuple[str, Mapping[str, Any], int, str]] = [
    ("order_desk", {}, 1, ""),
    ("cartrover", {"unknown_item": "accepted"}, 1, ""),
    ("cartrover", {"unknown_item": "error"}, 1, ""),
    ("cartrover", {"unknown_item": "refused"}, 0, "Unknown item 1001-401-XS"),
    ("skubana", {"unknown_sku": "unprocessed"}, 1, ""),
    ("skubana", {"unknown_sku": "refused"}, 0, "Product 1001-401-XS does not exist"),
    ("netsuite", {}, 0, "not in NetSuite: 1001-401-XS"),
    ("in_house", {"unknown_sku": "accepted"}, 1, ""),
    ("in_house", {"unknown_sku": "refused"}, 0, "lines.0.sku"),
]


@pytest.mark.parametrize(("system", "switches", "arrived", "words"), UNKNOWN, ids=named)
def test_an_unknown_item_is_there_for_people_or_held(
    tmp_path: Path, system: str, switches: Mapping[str, Any], arrived: int, words: str
) -> None:
    """An order of an item the system lacks is taken as the system takes it, or held with the item named."""
    with calling(tmp_path, system, switches=switches) as home:
        home.oms.system.store.rename(home.oms.items["1001-401-XS"], "another")
        home.joor.add_order({"1001-401-XS": 1})
        report = home.run()
        assert (report.held, len(home.oms.orders)) == (1 - arrived, arrived), report.holds
        assert words in str([row.message for row in report.holds])


# all of them


def test_every_value_of_every_switch_has_its_turn() -> None:
    """A switch or a value that is added to a simulator is missed here."""
    special = [*(case[:2] for case in NEEDS), *(case[:2] for case in TOLD), *(case[:2] for case in UNKNOWN)]
    cases = [*turns(), *special]
    tried = {(system, name, value) for system, switches in cases for name, value in switches.items()}
    wanted = {(system, name, value) for system in SYSTEMS for name, values in values_of(system).items()
              for value in values}  # fmt: skip
    assert not wanted - tried
    assert set(KINDS) == set(SYSTEMS) == set(simulator.SYSTEMS)


KNOWN_FOR_CERTAIN = {"key", "tba", "legacy_tax", "required_fields", "custom_fields", "concurrency"}
"""Switches of NetSuite that stand for what differs from account to account."""
UNCERTAIN = [
    (system, name)
    for system in SYSTEMS
    if system != "in_house"
    for name in get_type_hints(KINDS[system])
    if not (system == "netsuite" and name in KNOWN_FOR_CERTAIN)
]
"""The switches that stand for what no document settles; the in-house system is invented."""


def test_what_is_uncertain_is_to_be_confirmed() -> None:
    """Each uncertainty the simulators play is named among what to confirm on a real account."""
    page = (Path(__file__).parents[1] / "docs/channels/oms_generic.md").read_text(encoding="utf-8")
    told = page.partition("## Confirm on a real account")[2]
    rows = {row.split("|")[1].strip(): row for row in told.splitlines() if row.count("|") > 2}
    lacking = [(system, name) for system, name in UNCERTAIN if f"`{name}`" not in rows[TITLES[system]]]
    assert not lacking
