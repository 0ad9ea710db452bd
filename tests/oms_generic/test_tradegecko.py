"""What only the retired TradeGecko asks for: things made on the way to an order, and pages told of in a header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orderweft_oms_generic as oms
import pytest
from orderweft import Accepted, Delivery, NotSent, Outcome, Refused, Request, Response, StockLevel
from orderweft.testing import FakeClock, Fault, FaultKind, Faulty, brand

from .hooks import NOWHERE, connect, order_of

ITEMS = brand.skus()
KEY = "joor:9000001"
MADE = ("POST /companies", "POST /addresses")


class Gecko:
    """Companies, addresses, orders under their Idempotency-Key, and the brand's items in pages."""

    title = "TradeGecko"

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {"companies": [], "addresses": [], "orders": []}
        self.rows["variants"] = [
            {"id": number, "sku": item.sku, "upc": item.barcode,
             "locations": [{"location_id": 1, "stock_on_hand": f"{number}.0", "committed": None}]}
            for number, item in enumerate(ITEMS, 1)
        ]  # fmt: skip
        self._keys: dict[str, Response] = {}

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials."""
        return {"profile": "tradegecko", "values": {"token": "t"}, "base_url": NOWHERE}

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there."""
        return {name: len(rows) for name, rows in self.rows.items()}

    def operation(self, request: Request) -> str:
        """Name a call by its method and the resource."""
        return f"{request.method} /{request.path.split('/')[1]}"

    def handle(self, request: Request) -> Response:
        """Answer *request*."""
        name = request.path.split("/")[1]
        if request.method == "GET":
            return self._listed(name, dict(request.query))
        key = request.headers.get("idempotency-key")
        if key is None or key not in self._keys:
            answer = Response(204) if request.method == "PUT" else self._created(name, json.loads(request.body))
            if key is None:
                return answer
            self._keys[key] = answer
        return self._keys[key]

    def _created(self, name: str, body: dict[str, Any]) -> Response:
        [(kind, row)] = body.items()
        self.rows[name].append({**row, "id": 500 + len(self.rows[name])})
        return Response.of_json({kind: self.rows[name][-1]}, 201)

    def _listed(self, name: str, query: dict[str, str]) -> Response:
        page, limit = int(query.pop("page", "1")), int(query.pop("limit", "100"))
        rows = [row for row in self.rows[name] if all(str(row.get(field)) == text for field, text in query.items())]
        told = {"total_records": str(len(rows)), "first_page": page == 1, "last_page": page * limit >= len(rows)}
        found = {name: rows[(page - 1) * limit : page * limit]}
        return Response.of_json(found, headers={"x-pagination": json.dumps(told)})


class Shop:
    """The system, what may go wrong on the way there, and a connection that can be opened anew."""

    def __init__(self) -> None:
        self.gecko = Gecko()
        self.door = Faulty(self.gecko)
        self.reconnected()

    def reconnected(self) -> None:
        """Forget everything, as after a crash."""
        self.connection = connect(self.door, self.gecko.settings(), FakeClock())

    def deliver(self, key: str = KEY) -> Outcome:
        """Deliver an order."""
        [outcome] = oms.deliver_orders(self.connection, [Delivery(order_of(), key)])
        return outcome


def test_a_customer_and_an_address_that_are_not_there_are_made_once() -> None:
    """The order is made with their ids; the next order of that customer finds both, in another process too."""
    shop = Shop()
    first = shop.deliver()
    assert isinstance(first, Accepted)
    shop.reconnected()
    assert isinstance(shop.deliver("joor:9000002"), Accepted)
    rows = shop.gecko.rows
    assert shop.gecko.facts() == {"companies": 1, "addresses": 1, "orders": 2, "variants": len(ITEMS)}
    assert {(row["company_id"], row["shipping_address_id"]) for row in rows["orders"]} == {(500, 500)}
    assert rows["companies"][0]["company_code"] == brand.buyers()[0].code
    assert rows["addresses"][0]["address1"] == brand.buyers()[0].line1
    assert [shop.door.calls.count(name) for name in MADE] == [1, 1]


@pytest.mark.parametrize("lost", MADE, ids=["customer", "address"])
@pytest.mark.parametrize("kind", ["refuse", "timeout_before", "timeout_after", "reset_mid_body", "answer_after"])
def test_a_lost_answer_makes_nothing_twice(lost: str, kind: FaultKind) -> None:
    """The order is not sent then; the next delivery looks first, and makes what is not there only."""
    shop = Shop()
    shop.door.faults[:] = [Fault(lost, kind, response=Response(502) if kind == "answer_after" else None)]
    assert isinstance(shop.deliver(), NotSent)
    assert shop.gecko.rows["orders"] == []
    shop.door.faults.clear()
    shop.reconnected()
    assert isinstance(shop.deliver(), Accepted)
    assert shop.gecko.facts() == {"companies": 1, "addresses": 1, "orders": 1, "variants": len(ITEMS)}
    was_made = kind not in ("refuse", "timeout_before")
    assert shop.door.calls.count(lost) == 1 + (not was_made)


def test_what_cannot_be_made_holds_the_order() -> None:
    """The system's words are told, under the reason of what is missing."""
    shop = Shop()
    refusal = Response.of_json({"errors": {"company_code": ["is too long"]}}, 422)
    shop.door.faults[:] = [Fault(MADE[0], "answer_before", response=refusal)]
    outcome = shop.deliver()
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_customer"
    assert "C100 is not there and cannot be created: TradeGecko: is too long" in outcome.message
    assert shop.gecko.facts()["orders"] == 0


def test_pages_go_on_as_the_header_tells() -> None:
    """Two pages of items are read to the one the header calls the last."""
    shop = Shop()
    pages = list(oms.read_inventory(shop.connection))
    levels = [level for page in pages for level in page.records if isinstance(level, StockLevel)]
    assert [(level.item.sku, level.quantity) for level in levels] == [(one.sku, n) for n, one in enumerate(ITEMS, 1)]
    assert ([page.complete for page in pages], shop.door.calls) == ([False, True], ["GET /variants"] * 2)
