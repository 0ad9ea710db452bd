"""What the connectors for Shopify do today and what none of them does, asked of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from orderweft.testing import brand
from orderweft_shopify.simulator.customers import Customer

from .conftest import OpenScene
from .scenarios import Scene

PIECES = {"1001-401-S": 4, "1001-401-M": 6}


def customers(opened: Scene) -> list[Customer]:
    """Return everybody the shop knows."""
    return opened.shop._store.all(Customer)  # noqa: SLF001  the simulator shows its customers in numbers only


# How an order arrives


@pytest.mark.parametrize(
    ("settings", "fulfillment", "payment"),
    [
        pytest.param({}, "UNFULFILLED", "PENDING", id="default"),
        pytest.param({"fulfil": True}, "FULFILLED", "PENDING", id="fulfilled"),
        pytest.param({"financial_status": "PAID"}, "UNFULFILLED", "PAID", id="paid"),
    ],
)
def test_orders_arrive_unfulfilled_and_unpaid_unless_asked(
    open_scene: OpenScene, settings: dict[str, Any], fulfillment: str, payment: str
) -> None:
    """S2: an order arrives unfulfilled and unpaid by default, and fulfilled or paid by setting."""
    opened = open_scene(1, settings={"shop": settings})
    opened.say("run")
    [order] = opened.shop.orders
    assert (order.fulfillment_state, order.display_financial_status) == (fulfillment, payment)


def test_a_location_gets_the_orders_fulfilled(open_scene: OpenScene) -> None:
    """S3: orders assigned to a location arrive fulfilled there."""
    opened = open_scene(settings={"shop": {"location": "Rotterdam"}})
    opened.joor.add_order()
    assert opened.say("run").code == 0
    [order] = opened.shop.orders
    assert order.fulfillment_state == "FULFILLED"
    assert {each.assigned_location.name for each in order.fulfillment_orders} == {"Rotterdam"}


def test_the_stock_of_the_location_is_what_counts(open_scene: OpenScene) -> None:
    """S3, S4: with a location, pieces elsewhere do not count."""
    opened = open_scene(settings={"shop": {"location": "Rotterdam"}})
    number = opened.joor.add_order({"1001-401-S": 201})
    assert opened.say("run").code == 3
    assert "201 wanted, 200 available" in opened.why(number)


def test_an_unknown_location_is_refused_with_those_there_are(open_scene: OpenScene) -> None:
    """S3: a location the shop does not have stops `check` and the run, names what there is, and costs no order."""
    opened = open_scene(1, settings={"shop": {"location": "Paris"}})
    for command in ("check", "run"):
        said = opened.say(command)
        assert said.code == 2
        assert "location: the store has no location 'Paris'; it has 'London', 'Rotterdam'" in said.text
    opened.configure(shop={"location": "London"})
    assert opened.say("run").code == 0
    assert opened.delivered == list(opened.joor.orders)


# Stock


def test_short_lines_hold_an_order_and_are_named(open_scene: OpenScene) -> None:
    """S4: every unit must be there; else nothing is delivered and each short line is named, no other."""
    opened = open_scene()
    number = opened.joor.add_order({"1001-401-S": 4, "1010-401-S": 4, "1010-401-M": 3, "1010-401-L": 9})
    said = opened.say("run", "--json")
    assert (said.code, opened.shop.orders) == (3, [])
    [hold] = said.json["holds"]
    assert (hold["number"], hold["reason"]) == (str(number), "no_stock")
    for size, wanted in (("S", 4), ("L", 9)):
        assert f"1010 Navy {size} (barcode " in hold["message"]
        assert f"{wanted} wanted, 3 available" in hold["message"]
    assert "1010 Navy M" not in hold["message"]
    assert "1001" not in hold["message"]
    assert hold["fix"] == "add stock in Shopify, lower the order, or set check_stock = false"


def test_a_held_order_follows_once_there_is_stock(open_scene: OpenScene) -> None:
    """S4: a held order is tried again after a while, not at every run, and arrives when the stock is there."""
    opened = open_scene()
    number = opened.joor.add_order({"1010-401-S": 4})
    opened.say("run")
    opened.shop.set_stock("1010-401-S", "London", 4)
    before = len(opened.shop_door.calls)
    assert opened.say("run").code == 3
    assert len(opened.shop_door.calls) == before
    opened.wait(16 * 60)
    assert opened.say("run").code == 0
    assert opened.delivered == [number]
    assert opened.shop.available("1010-401-S", "London") == 0


def test_the_stock_check_can_be_bypassed(open_scene: OpenScene) -> None:
    """S4: with the check off an order arrives whatever the stock, which then goes below zero."""
    opened = open_scene(settings={"shop": {"check_stock": False}})
    number = opened.joor.add_order({"1010-401-S": 5})
    assert (opened.say("run").code, opened.delivered) == (0, [number])
    assert opened.shop.available("1010-401-S", "London") == -2


def test_orders_can_leave_the_stock_alone(open_scene: OpenScene) -> None:
    """S4: without reserving, the pieces of an order stay available."""
    opened = open_scene(settings={"shop": {"check_stock": False, "reserve_stock": False}})
    opened.joor.add_order({"1010-401-S": 5})
    assert opened.say("run").code == 0
    assert opened.shop.available("1010-401-S", "London") == 3


# Customers and items


def test_a_new_customer_is_created_once(open_scene: OpenScene) -> None:
    """S5: two orders of a customer the shop does not have make one customer, who has both."""
    opened = open_scene()
    numbers = [opened.joor.add_order(customer="C108") for _ in range(2)]
    before = len(customers(opened))
    assert opened.say("run").code == 0
    assert len(customers(opened)) == before + 1
    owners = [opened.order(number).customer for number in numbers]
    assert owners[0] is owners[1]
    assert owners[0] is not None
    assert owners[0].email == brand.buyers()[8].email


def test_a_known_customer_is_not_overwritten(open_scene: OpenScene) -> None:
    """S5: a customer the shop has keeps what stands there, whatever the order says."""
    opened = open_scene()
    known = next(one for one in customers(opened) if one.email == brand.buyers()[1].email)
    before = replace(known, tags=list(known.tags), addresses=list(known.addresses))
    number = opened.joor.add_order(
        customer="C101", customer_name="Quite Another GmbH", customer_buyer_name="Kim Neu", shipping_city="Potsdam"
    )
    assert opened.say("run").code == 0
    assert opened.order(number).customer is known
    for name in ("first_name", "last_name", "email", "phone", "note", "tags"):
        assert getattr(known, name) == getattr(before, name), name
    # Shopify itself adds the order's shipping address to them.
    assert known.addresses[: len(before.addresses)] == before.addresses
    assert "CreateCustomer" not in opened.shop_door.calls


def test_creating_customers_can_be_off(open_scene: OpenScene) -> None:
    """S5: with the setting off an order of an unknown customer is held, and nobody is created."""
    opened = open_scene(settings={"shop": {"create_customers": False}})
    number = opened.joor.add_order(customer="C108")
    before = len(customers(opened))
    said = opened.say("run", "--json")
    assert (said.code, len(customers(opened)), opened.shop.orders) == (3, before, [])
    [hold] = said.json["holds"]
    assert (hold["number"], hold["reason"]) == (str(number), "unknown_customer")
    assert "no customer with the account code 'C108'" in hold["message"]
    assert "create_customers" in hold["fix"]


def test_items_made_in_joor_hold_the_order(open_scene: OpenScene) -> None:
    """S6: a line whose item the shop does not have holds the order, naming that line, its neighbors not."""
    opened = open_scene()
    number = opened.joor.add_order(PIECES)
    line = opened.joor.orders[number].lines[1]
    line.style_number, line.barcode = "HAND-1", "2099999999998"
    said = opened.say("run", "--json")
    [hold] = said.json["holds"]
    assert (said.code, hold["reason"]) == (3, "unknown_item")
    assert hold["message"] == "not in the store: HAND-1 Navy M (barcode 2099999999998)"


def test_a_line_without_a_barcode_holds_the_order(open_scene: OpenScene) -> None:
    """S6: a line that has no barcode is never guessed; the hold says which, and what would supply it."""
    opened = open_scene()
    number = opened.joor.add_order(PIECES)
    opened.joor.orders[number].lines[1].barcode = None
    assert opened.say("run").code == 3
    assert "barcode of line 2 (1001 Navy M" in opened.why(number)
    opened.joor.edit(number, line=1, barcode=brand.skus()[2].barcode)
    assert (opened.say("run").code, opened.delivered) == (0, [number])


# What an order says


def test_the_note_tells_terms_method_and_linesheet(open_scene: OpenScene) -> None:
    """S7: by default the note carries payment terms, shipping method, linesheet and JOOR's comment."""
    opened = open_scene()
    number = opened.joor.add_order(order_comments="Ring twice.", order_delivery_name="Spring Main")
    opened.say("run")
    assert opened.order(number).note == (
        "Payment terms: Net 30\nShipping method: Ground\nLinesheet: Spring Main\nRing twice."
    )


def test_the_note_carries_any_field_chosen(open_scene: OpenScene) -> None:
    """S7: a template decides what the note says, with any field of the order."""
    template = "{{ order.purchase_order }} / {{ order.season.code }} / {{ order.sales_rep.name }} / {{ order.event }}"
    opened = open_scene(settings={"shop": {"note_template": template}})
    number = opened.joor.add_order(customer_purchase_order="PO-7", order_season_code="SS27")
    opened.say("run")
    assert opened.order(number).note == "PO-7 / SS27 / Robin Muster /"


def test_a_wrong_note_template_is_told_before_anything_runs(open_scene: OpenScene) -> None:
    """S7: a template that cannot be compiled is a mistake of the configuration, with its line."""
    opened = open_scene(1, settings={"shop": {"note_template": "{{ order.note "}})
    said = opened.say("run")
    assert (said.code, opened.joor_door.calls) == (2, [])
    assert "connections.shop.note_template" in said.text


@pytest.mark.parametrize(
    ("customer", "name", "rate"),
    [("C100", "VAT", Decimal("0.2")), ("C102", "TVA", Decimal("0.055")), ("C103", None, None)],
    ids=["GB", "FR", "US has none"],
)
def test_taxes_go_by_the_billing_country(
    open_scene: OpenScene, customer: str, name: str | None, rate: Decimal | None
) -> None:
    """S8: the lines of an order carry the tax of the billing country, if it has one, and the totals include it."""
    taxes: Mapping[str, Any] = {"GB": {"name": "VAT", "rate": 0.2}, "FR": {"name": "TVA", "rate": 0.055}}
    opened = open_scene(settings={"shop": {"taxes": taxes}})
    number = opened.joor.add_order({"1001-401-S": 3}, customer=customer, shipping_country_iso_two="DE")
    assert opened.say("run").code == 0
    order = opened.order(number)
    taxed = [(tax.title, Decimal(str(tax.rate))) for line in order.line_items for tax in line.tax_lines]
    assert taxed == ([(name, rate)] if name else [])
    net = 3 * Decimal("46.00")
    due = (net * (rate or 0)).quantize(Decimal("0.01"))
    assert (order.subtotal_price_set.shop_money.amount, order.total) == (net, net + due)
    [row] = opened.say("orders", "show", str(number), "--json", private=True).json
    assert row["order"]["receipt"].get("remarks", []) == []


# Once and no more


def test_taken_back_and_approved_again_is_not_exported_again(open_scene: OpenScene) -> None:
    """S11: an exported order that goes back to pending, is edited and approved again stays the one order it was."""
    opened = open_scene(1)
    [number] = opened.joor.orders
    opened.say("run")
    for change in (opened.joor.to_pending, lambda one: opened.joor.edit(one, quantity=9), opened.joor.approve):
        opened.wait(60)
        change(number)
        assert opened.say("run").code == 0
    assert opened.delivered == [number]
    assert opened.shop_door.calls.count("CreateOrder") == 1


def test_a_lost_ledger_exports_nothing_twice(open_scene: OpenScene) -> None:
    """S11: an installation that has lost its ledger finds its orders in the shop and creates none again."""
    opened = open_scene(3)
    opened.say("run")
    for file in opened.folder.glob("orderweft.db*"):
        file.unlink()
    said = opened.say("run", "--json")
    assert (said.json["counts"]["delivered"], said.json["counts"]["already_there"]) == (0, 3)
    assert opened.delivered == sorted(opened.joor.orders)


# What none of the others does


def test_fit_says_field_by_field_what_is_missing(open_scene: OpenScene) -> None:
    """B1: a pair that does not fit is told before any run, with the line that would close the gap."""
    opened = open_scene(2, settings={"shop": {"item_identifier": "sku"}})
    said = opened.say("fit", "joor", "shop")
    assert said.code == 2
    assert "the pair does not fit" in said.err
    rows = {row["path"]: row for row in opened.say("fit", "joor", "shop", "--json").json["rows"]}
    assert rows["lines.*.sku"]["verdict"] == "never"
    assert opened.say("check").code == 2
    proposals = rows["lines.*.sku"]["proposals"]
    assert proposals
    for proposal in proposals:
        opened.configure(f"[pipelines.orders.map]\n{proposal}")
        assert opened.say("fit", "joor", "shop").code == 0
        assert opened.say("check").code == 0


def test_the_line_that_closes_the_gap_delivers(open_scene: OpenScene) -> None:
    """B1: with SKUs made up as the shop writes them, a map delivers what did not fit before."""
    opened = open_scene(2, settings={"shop": {"item_identifier": "sku"}})
    said = opened.say("run", "--json")
    assert said.code == 3
    assert "sku of line 1" in said.json["holds"][0]["message"]
    line = '"lines.*.sku" = "{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}"'
    opened.configure(f"[pipelines.orders.map]\n{line}")
    assert (opened.say("run").code, opened.delivered) == (0, sorted(opened.joor.orders))


def test_fit_says_what_is_held_only_at_times(open_scene: OpenScene) -> None:
    """B1: a field that may be missing does not stop a pair; it says that orders without it are held."""
    rows = {row["path"]: row for row in open_scene().say("fit", "joor", "shop", "--json").json["rows"]}
    assert rows["lines.*.barcode"]["verdict"] == "may be missing"
    assert "orders without it are held" in rows["lines.*.barcode"]["sentence"]


def test_a_dry_run_changes_nothing_at_either_end(open_scene: OpenScene) -> None:
    """B3: a dry run tells each order's fate, writes nothing anywhere, and the run after it does what it told."""
    opened = open_scene(2)
    opened.joor.add_order({"1001-401-S": 1}, status="pending")
    nameless = opened.joor.add_order()
    opened.joor.orders[nameless].lines[0].barcode = None
    said = opened.say("run", "--dry-run", "--json")
    assert said.code == 0
    assert sorted((row["number"], row["action"]) for row in said.json["previews"]) == [
        ("9000001", "deliver"), ("9000002", "deliver"), ("9000003", "skipped"), ("9000004", "held"),
    ]  # fmt: skip
    assert opened.shop.orders == []
    assert (opened.joor.marked(), opened.joor.acknowledged) == (frozenset(), {})
    assert set(opened.joor_door.calls) == {"orders.read"}
    assert set(opened.shop_door.calls) <= {"oauth.token", "FindOrder", "SearchOrders", "VariantSearch", "Variants"}
    assert list(opened.folder.glob("*.db*")) == []
    opened.say("run")
    assert opened.delivered == [9_000_001, 9_000_002]


def test_a_dry_run_says_what_is_there_already(open_scene: OpenScene) -> None:
    """B3: a dry run asks the shop, so that an order it has already is told apart from a new one."""
    opened = open_scene(2)
    opened.say("run", "--limit", "1")
    for file in opened.folder.glob("orderweft.db*"):
        file.unlink()
    said = opened.say("run", "--dry-run")
    assert "it is there as #1001" in said.text
    assert "Nothing was changed. A run would deliver 1 order." in said.text


def test_a_pipeline_is_rehearsed_without_an_account(open_scene: OpenScene) -> None:
    """B5: a rehearsal plays both ends, delivers once, sends nothing the second time, and touches no account."""
    opened = open_scene()
    opened.configure(joor={"token": "env:NOT_SET", "base_url": None}, shop={"client_secret": "env:NOT_SET"})
    said = opened.say("rehearse", "--lose-answers", "3")
    assert said.code == 3
    assert "Rehearsing pipeline 'orders'; no account is touched." in said.text
    assert "On purpose 3 answers were lost" in said.text
    assert "66 orders delivered." in said.text
    assert " 0 orders delivered." in said.text
    assert "JOOR has 80 orders" in said.text
    assert "Shopify has 66 orders" in said.text
    assert (opened.joor_door.calls, opened.shop_door.calls) == ([], [])
    assert list(opened.folder.glob("*.db*")) == []
