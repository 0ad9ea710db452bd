"""JOOR's orders to every kind of OMS: each that was fetched ends in one state, and what was delivered is right."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from orderweft import Request, Response
from orderweft.runs import run_orders
from orderweft.testing import FakeClock, brand

from .houses_oms import KNOWN, ORDERS, UNREADABLE, UNWANTED, calling, exchanging
from .oms_generic.hooks import SYSTEMS, plugins

PLAIN = {**ORDERS, "map": {}, "skip": []}
LINES = {"1001-401-S": 4, "1002-110-M": 6}
BUYER = next(buyer for buyer in brand.buyers() if buyer.code == "C103")
"""A buyer in the US, whose address has a state."""


def ends(rows: dict[int, str]) -> Counter[str]:
    """Return how many orders ended in each state."""
    return Counter(rows.values())


def test_a_whole_account_ends_in_final_states(tmp_path: Path) -> None:
    """Of the many kinds of order a JOOR account has, none is left on its way, and each delivered one is there once."""
    with calling(tmp_path, "netsuite", joor={"orders": "sample"}) as home:
        home.configure(PLAIN)
        for _ in range(2):
            home.run()
            home.pass_time()
        states = home.states()
        assert set(states.values()) <= {"delivered", "held", "skipped", "cancelled"}
        assert ends(states)["delivered"] == len(home.oms.orders) == len(home.oms.by_external_id) > 30
        assert set(states) <= set(home.joor.orders)
        approved = {number for number, one in home.joor.orders.items() if one.status == "approved"}
        assert {number for number, state in states.items() if state == "delivered"} <= approved <= set(states)


def test_a_whole_account_ends_as_files(tmp_path: Path) -> None:
    """The same as files that are answered."""
    with exchanging(tmp_path, "json", joor={"orders": "sample"}) as home:
        home.configure(PLAIN)
        for _ in range(3):
            home.run()
            home.far.work()
            home.pass_time()
        states, keys = home.states(), home.far.keys()
        assert set(states.values()) <= {"delivered", "held", "skipped", "cancelled"}
        assert ends(states)["delivered"] == len(keys) == len(set(keys)) > 30


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_delivered_is_right(tmp_path: Path, system: str) -> None:
    """Items, pieces, prices, customer, address and the customer's own number arrive as they are in JOOR."""
    with calling(tmp_path, system) as home:
        home.configure(PLAIN)
        number = home.joor.add_order(LINES, customer=BUYER.code, customer_purchase_order="PO-77")
        assert home.run().counts["delivered"] == 1
        [order] = home.oms.orders.values()
        prices = {sku.sku: sku.wholesale for sku in brand.skus()}
        assert {home.oms.items[line.sku].sku: line.quantity for line in order.lines} == LINES
        told = [(line.price, prices[home.oms.items[line.sku].sku]) for line in order.lines]
        assert all(price is None or price == wanted for price, wanted in told), told
        text = str(order.fields)
        assert "PO-77" in text or str(number) in text or str(number) in order.external_id
        if system == "netsuite":
            assert order.fields["entity"]["id"] == str(home.oms.customers[BUYER.code].id)
        else:
            assert BUYER.name in text
        if system in ("order_desk", "cartrover", "skubana"):
            assert all(part in text for part in (BUYER.line1, BUYER.city, BUYER.region, BUYER.postcode, BUYER.country))


def test_a_file_holds_the_whole_order(tmp_path: Path) -> None:
    """An order as CSV has a row for each line, with the customer and the address on each."""
    with exchanging(tmp_path, "csv") as home:
        home.configure(PLAIN)
        number = home.joor.add_order(LINES, customer=BUYER.code, customer_purchase_order="PO-77")
        home.run()
        [file] = (home.root / "orders").glob("*.csv")
        rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
        assert {row["sku"]: int(row["qty"]) for row in rows} == LINES
        names = ("order_number", "po_number", "customer_code", "city", "state", "zip")
        wanted = (str(number), "PO-77", BUYER.code, BUYER.city, BUYER.region, BUYER.postcode)
        assert {tuple(row[name] for name in names) for row in rows} == {wanted}


@pytest.mark.parametrize("system", ["order_desk", "netsuite"])
def test_held_orders_go_out_once_their_reason_is_gone(tmp_path: Path, system: str) -> None:
    """What the mapping held goes out when that changes; what JOOR cancels meanwhile does not."""
    with calling(tmp_path, system) as home:
        home.order(Random(1))
        home.order(Random(2))
        home.each_order_is_there_once()
        cancelled = min(home.orders_of(UNREADABLE))
        home.joor.cancel(cancelled)
        home.configure({**ORDERS, "map": {}})
        home.quiet()
        assert len(home.oms.orders) == len(home.orders_of(*KNOWN, UNREADABLE)) - 1
        states = home.states()
        assert states[cancelled] == "cancelled"
        assert {states[number] for number in home.orders_of(UNWANTED)} == {"skipped"}


class Crowd:
    """A door that refuses calls at one time beyond what the account *bears*, and lets orders in side by side only."""

    def __init__(self, door: Callable[[Request], Response], bears: int) -> None:
        self._door, self._bears = door, bears
        self._changed = threading.Condition()
        self._inside = self.most = self.refused = 0

    def __call__(self, request: Request) -> Response:
        with self._changed:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self.refused += self._inside > self._bears
            self._changed.notify_all()
            if request.method == "PUT":
                self._changed.wait_for(lambda: self.most >= self._bears, timeout=10)
        try:
            return self._door(request)
        finally:
            with self._changed:
                self._inside -= 1


def test_no_more_calls_at_one_time_than_the_profile_allows(tmp_path: Path) -> None:
    """NetSuite counts the calls under way: orders go out side by side, and never is one call too many among them."""
    clock = FakeClock()
    with calling(tmp_path, "netsuite", clock=clock) as home, home.ledger() as ledger:
        for _ in range(6):
            home.joor.add_order(LINES, customer=BUYER.code)
        home.configure(PLAIN)
        crowd = Crowd(home.doors["oms"], 2)
        doors: dict[str, Callable[[Request], Response]] = {"joor": home.doors["joor"], "oms": crowd}
        report = run_orders(home.chosen, plugins(), ledger, clock, handlers=doors)
        assert (report.counts["delivered"], len(home.oms.orders)) == (6, 6)
        assert (crowd.most, crowd.refused) == (2, 0)


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_refusal_in_an_answer_holds_the_order(tmp_path: Path, kind: Any) -> None:
    """An order the system refuses by its answer is held with the system's words, and JOOR is told."""
    with exchanging(tmp_path, kind) as home:
        home.configure(PLAIN)
        number = home.joor.add_order(LINES)
        home.run()
        [file] = (home.root / "orders").glob(f"*.{kind}")
        file.unlink()
        key, answers = f"joor={number}", home.root / "answers"
        answers.mkdir()
        told = {
            "json": f'{{"answers": [{{"order_key": "{key}", "status": "rejected", "message": "no credit"}}]}}',
            "xml": f"<answers><answer><order_key>{key}</order_key><status>rejected</status>"
                   "<message>no credit</message></answer></answers>",
        }  # fmt: skip
        (answers / f"1.{kind}").write_text(told[kind], encoding="utf-8")
        home.pass_time()
        report = home.run()
        assert (report.held, home.reasons()) == (1, {"refused"})
        assert "no credit" in str(report.holds[0].message)
        assert "no credit" in home.joor.acknowledged[number][1]
