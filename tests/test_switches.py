"""Whatever is uncertain about JOOR and Shopify, played both ways: the same orders arrive, once each.

That every switch has its turn is seen to in `test_switches_records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from orderweft.testing import Fault

from .conftest import OpenScene
from .scenarios import Scene

Switch = Mapping[str, Any]

JOOR: list[tuple[Switch, Switch]] = [
    ({"root_node": "whole"}, {}),
    ({"root_node": "list"}, {}),
    ({"list_name": "order"}, {}),
    ({"root_node": "list", "list_name": "order"}, {}),
    ({"single_as_object": True}, {"page_size": 1}),
    ({"single_as_object": True, "root_node": "list"}, {"page_size": 1}),
    ({"code": "text"}, {}),
    ({"empty_list": "list"}, {}),
    ({"missing": "null"}, {}),
    ({"numbers": "text"}, {}),
    ({"dates": "seconds"}, {}),
    ({"dates": "fraction"}, {}),
    ({"dates": "days"}, {}),
    ({"ship_dates": "instants"}, {}),
    ({"case_packs": "packs"}, {}),
    ({"last_page": "zero"}, {}),
    ({"last_page": "empty"}, {}),
    ({"last_page": "repeat"}, {}),
    ({"last_page": "beyond"}, {}),
    ({"response_count": "page"}, {}),
    ({"paging": "snapshot"}, {}),
    ({"paging": "snapshot"}, {"read_mode": "sync"}),
    ({"sort": "modified"}, {}),
    ({"sort": "newest"}, {}),
    ({"max_count": 4}, {}),
    ({"max_count": 2}, {"read_mode": "sync"}),
    ({"ignore_order_type": True}, {}),
    ({"ignore_order_type": True}, {"read_mode": "sync"}),
    ({"carts": "left_out"}, {}),
    ({"order_id_filter": True}, {}),
    ({"sync_0": "refused"}, {"read_mode": "sync"}),
    ({"sync_0": "refused", "v2_errors": "status"}, {"read_mode": "sync"}),
    ({"single_read": "never"}, {}),
    ({"single_read": "always"}, {}),
    ({"required_fields": ("customer_code",)}, {}),
    ({"required_fields": ("customer_code",)}, {"read_mode": "sync"}),
    ({"v2_errors": "status"}, {}),
    ({"auth": "lenient"}, {}),
    ({"throttle": "off"}, {}),
    ({"retry_after": True}, {}),
    ({"v4_export": "separate"}, {}),
    ({"v4_export": "separate"}, {"read_mode": "sync"}),
    ({"v4_undefined": "keeps"}, {}),
    ({"export_modifies": True}, {}),
    ({"export_modifies": True}, {"read_mode": "sync"}),
    ({"error_details": "order_id"}, {}),
    ({"error_details": "none"}, {}),
]
"""Switches of the simulator, and the settings an account like that asks for."""

SHOP: list[tuple[Switch, str]] = [
    ({"currency": "EUR"}, "all"),
    ({"presentment_currencies": ()}, "all"),
    ({"scopes": ("write_orders", "read_products", "write_customers", "read_inventory", "read_locations")}, "all"),
    ({"personal_data": False}, "all"),
    ({"offline": False}, "none"),
    ({"token_lifetime": 1}, "all"),
    ({"version": "2026-07"}, "all"),
    ({"bucket_size": 200}, "all"),
    ({"restore_rate": 50}, "all"),
    ({"search_delay": 0.0}, "all"),
    ({"search_delay": 600.0}, "all"),
    ({"identifier_delay": 30.0}, "all"),
    ({"whole_skus": True}, "all"),
    ({"duplicate_external_id": "accepted"}, "all"),
    ({"out_of_stock_code": "INVENTORY_CLAIM_FAILED"}, "all"),
    ({"variant_defaults": False}, "all"),
    ({"order_limit": "user_error"}, "all"),
    ({"order_limit": "top_level"}, "all"),
    ({"contact_limit": True}, "all"),
    ({"included_taxes": "added"}, "all"),
    ({"order_tax_split": "rounded"}, "all"),
    ({"foreign_currency": "refused"}, "pounds"),
    ({"custom_id_kept": False}, "all"),
    ({"job_seconds": 0.0}, "all"),
]
"""Switches of the simulator, and which of the orders a shop like that takes."""


def named(switches: Switch, more: object = None) -> str:
    """Return a name for a case."""
    extra = f" {more}" if more and more != "all" else ""
    return ", ".join(f"{name}={value}" for name, value in switches.items()) + extra


def fill(opened: Scene) -> tuple[list[int], int]:
    """Add orders of every status and some awkward ones; return those to be delivered, and one of case packs."""
    joor = opened.joor
    for status in ("notes", "cart", "pending", "cancelled", "shipped"):
        joor.add_order({"1001-401-S": 1}, status=status)
    joor.add_order({"1001-401-S": 1}, customer_code=None)
    door = {"door_id": 7, "door_name": "Harbor Street", "door_code": None, "door_deleted": False}
    wanted = [
        joor.add_order({"1001-401-S": 2}, customer="C103", order_comments="Call first<eop>"),
        joor.add_order({"1002-110-M": 3}, customer="C108", order_doors=[door]),
        joor.add_order({"1003-330-L": 1}, date_ship_end=None, order_divisions=[]),
    ]
    packs = joor.add_order({"1004-401-S": 24})
    joor.orders[packs].lines[0].pack = 6
    return wanted, packs


@pytest.mark.parametrize(("switches", "settings"), JOOR, ids=[named(*case) for case in JOOR])
def test_every_kind_of_joor_gives_the_same_orders(open_scene: OpenScene, switches: Switch, settings: Switch) -> None:
    """However JOOR writes, pages, marks and refuses, a run delivers the approved orders, and the next one nothing."""
    opened = open_scene(joor=switches, settings={"joor": {"page_size": 3, **settings}})
    wanted, packs = fill(opened)
    # where JOOR counts packs, the amounts prove it; where it counts pieces, they leave it open and the order is held
    proven = switches.get("case_packs") == "packs"
    assert opened.say("run").code == (0 if proven else 3)
    assert opened.delivered == wanted + [packs] * proven
    assert {status for number, (status, _) in opened.joor.acknowledged.items() if number in wanted} == {"SUCCESS"}
    opened.wait(3600)
    assert opened.say("run", "--json").json["counts"]["delivered"] == 0
    assert opened.delivered == wanted + [packs] * proven
    if proven:
        assert [line.quantity for line in opened.order(packs).line_items] == [24]


def test_a_joor_with_very_small_pages_is_read_to_the_end(open_scene: OpenScene) -> None:
    """A JOOR that gives two orders at a time, and says that there are more, loses none."""
    opened = open_scene(5, joor={"max_count": 2})
    assert opened.say("run").code == 0
    assert opened.delivered == sorted(opened.joor.orders)


def test_a_joor_that_refuses_reading_without_marks_is_told_by_check(open_scene: OpenScene) -> None:
    """Such an account stops a run with what JOOR says, `check` warns where the queue is read, and nothing is lost."""
    opened = open_scene(1, joor={"sync_0": "refused"})
    said = opened.say("run")
    assert (said.code, opened.delivered) == (4, [])
    assert "sync=0 is not permitted for this account" in said.text
    opened.configure(joor={"read_mode": "sync"})
    said = opened.say("check")
    assert said.code == 0
    assert "orders lost on the way from the export queue cannot be read again" in said.text
    opened.say("run")
    assert opened.delivered == sorted(opened.joor.orders)


@pytest.mark.parametrize(("switches", "taken"), SHOP, ids=[named(*case) for case in SHOP])
def test_every_kind_of_shop_takes_the_same_orders(open_scene: OpenScene, switches: Switch, taken: str) -> None:
    """However a shop limits, delays and refuses, and although an answer is lost, each order is there once."""
    settings = {"settle_seconds": None, "taxes": {"GB": {"name": "VAT", "rate": 0.2}}}
    opened = open_scene(shop=switches, settings={"shop": settings})
    pounds = [opened.joor.add_order({"1001-401-S": 2, "1002-110-M": 1}, order_shipping_total=15) for _ in range(6)]
    opened.joor.orders[pounds[0]].discount = Decimal(25)
    others = [opened.joor.add_order({"1005-110-S": 3}, customer=customer) for customer in ("C103", "C109")]
    short = opened.joor.add_order({"1010-401-S": 4})
    opened.shop_door.faults.append(Fault("CreateOrder", "timeout_after", call=2))
    said = opened.say("run")
    assert opened.delivered == {"all": [*pounds, *others], "pounds": pounds, "none": []}[taken]
    assert said.code == (4 if taken == "none" else 3)
    opened.wait(600)
    opened.say("run", "--since", "2026-11-01")
    assert len(opened.shop.orders) == len(set(opened.delivered))
    assert short not in opened.delivered
