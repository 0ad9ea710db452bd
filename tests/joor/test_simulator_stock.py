"""The JOOR simulator's stock: buckets by warehouse, day and SKU, written by v2."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from orderweft.testing import FakeClock, brand
from orderweft_joor.simulator import Simulator

from .test_simulator import simulator, v2
from .test_simulator_catalog import write

SKUS = {each.sku: each.barcode for each in brand.skus()}
FIRST, SECOND, OTHER = (SKUS[name] for name in ("1001-401-S", "1001-401-M", "1002-401-S"))
STYLE = {"style_number": "1001", "style_identifier": "ST-1001", "color_code": "401", "size": "S"}
SINGLE = "/v2/style-number/1001/ST-1001/inventory/"


def row(barcode: str = FIRST, inventory: Any = 7, **more: Any) -> dict[str, Any]:
    """Return a row that sets stock by UPC."""
    return {"warehouse": "Default", "upc": barcode, "inventory": inventory, **more}


def send(sim: Simulator, *rows: dict[str, Any], method: str = "POST", **query: int) -> Any:
    """Send a bulk call and return its answer."""
    return write(sim, method, "/v2/bulk-inventory", {"inventory_items": list(rows)}, **query).json()


def told(answer: Any) -> list[str]:
    """Return what became of each row."""
    return [each["status"] for each in answer["inventory_log"]]


def now(sim: Simulator, barcode: str = FIRST, warehouse: str = "Default") -> int | None:
    """Return what is there now of one SKU."""
    return sim.stock.get((warehouse, None, barcode))


def stocked(**options: Any) -> Simulator:
    """Return the sample account without orders."""
    return simulator(orders="none", **options)


def test_the_sample_has_the_brands_stock() -> None:
    """The brand's stock is in the first warehouse, and shows on the styles."""
    sim = simulator()
    assert dict(sim.stock) == {("Default", None, each.barcode): each.stock for each in brand.skus()}
    assert {sku["inventory_available"] for sku in v2(sim, "/v2/style", start_from=9).json()["styles"][0]["skus"]} == {3}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_rows_pass_and_fail_on_their_own(method: str) -> None:
    """An overall success says of each row whether it passed, with an id."""
    sim = stocked()
    answer = send(sim, row(), row("999"), row(SECOND, 0), row(SECOND, "many"), row(SECOND, None), method=method)
    assert answer["response"]["code"] == 0
    assert answer["sku_count"] == 2
    assert told(answer) == ["pass", "fail", "pass", "fail", "fail"]
    assert [each["sku"] for each in answer["inventory_log"]][:2] == [FIRST, "999"]
    assert len({each["inventory_log_id"] for each in answer["inventory_log"]}) == 5
    assert (now(sim), now(sim, SECOND), now(sim, OTHER)) == (7, 0, 500)
    assert sim.facts()["items in stock"] == 149


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        (STYLE, "pass"),
        ({**STYLE, "style_identifier": "", "style_identifer": "ST-1001"}, "pass"),
        ({**STYLE, "style_identifier": ""}, "fail"),
        ({**STYLE, "style_number": "", "style_identifier": "", "style_id": 701001}, "pass"),
        ({**STYLE, "color_code": "999"}, "fail"),
        ({**STYLE, "size": ""}, "fail"),
        ({**STYLE, "size": "s"}, "fail"),
        ({**STYLE, "upc": "999"}, "fail"),
    ],
    ids=["style", "identifer", "no identifier", "style id", "color", "no size", "size's case", "unknown upc wins"],
)
def test_how_a_row_names_its_sku(fields: dict[str, Any], status: str) -> None:
    """Without a UPC a row needs a style, a color and a size, each named whole and exactly."""
    sim = stocked()
    assert told(send(sim, {"inventory": 7, **fields})) == [status]
    assert now(sim) == (7 if status == "pass" else 500)


@pytest.mark.parametrize(("spelling", "other"), [("identifer", "identifier"), ("identifier", "identifer")])
def test_strict_spelling(spelling: str, other: str) -> None:
    """An account may know only one spelling of the style identifier."""
    shared = {**row(), "upc": "", "style_number": "1001", "color_code": "401", "size": "S"}
    rows = [{**shared, f"style_{name}": "ST-1001"} for name in (spelling, other)]
    assert told(send(stocked(identifier_spelling=spelling), *rows)) == ["pass", "fail"]


@pytest.mark.parametrize(
    ("switch", "body", "code"),
    [
        ("object", {"inventory_items": [row()]}, 0),
        ("object", {"inventory_items": {"inventory_item": row()}}, 0),
        ("object", [{"inventory_items": [row()]}], 400),
        ("object", {"inventory_items": []}, 400),
        ("wrapped", [{"inventory_items": [row()]}], 0),
        ("wrapped", {"inventory_items": [row()]}, 400),
        ("refused", {"inventory_items": [row()]}, 415),
    ],
)
def test_forms_of_the_body(switch: str, body: Any, code: int) -> None:
    """The body is an object, wrapped or not, that holds a row at least; or JSON is not taken at all."""
    sim = stocked(inventory_json=switch)
    assert write(sim, "POST", "/v2/bulk-inventory", body).json()["response"]["code"] == code
    assert now(sim) == (500 if code else 7)


@pytest.mark.parametrize(
    ("switches", "given", "day"),
    [
        ({}, None, None),
        ({}, "IMMEDIATE", None),
        ({}, "2027-01-15", date(2027, 1, 15)),
        ({}, "01-15-2027", date(2027, 1, 15)),
        ({"inventory_dates": "iso"}, "2027-01-15", date(2027, 1, 15)),
        ({"inventory_dates": "us"}, "01-15-2027", date(2027, 1, 15)),
        ({"immediate": "fails"}, None, None),
        ({"immediate": "required"}, "IMMEDIATE", None),
    ],
    ids=str,
)
def test_days(switches: dict[str, Any], given: str | None, day: date | None) -> None:
    """A row is about now, or about a day in one of the forms the account reads."""
    sim = stocked(**switches)
    assert told(send(sim, row(inventory_date=given))) == ["pass"]
    assert sim.stock["Default", day, FIRST] == 7
    assert now(sim) == (7 if day is None else 500)


@pytest.mark.parametrize(
    ("switches", "given"),
    [
        ({}, "soon"),
        ({}, "15-01-2027"),
        ({"inventory_dates": "iso"}, "01-15-2027"),
        ({"inventory_dates": "us"}, "2027-01-15"),
        ({"immediate": "fails"}, "IMMEDIATE"),
        ({"immediate": "required"}, None),
    ],
    ids=str,
)
def test_days_that_are_not_read(switches: dict[str, Any], given: str | None) -> None:
    """A row with a date in another form fails, as may `IMMEDIATE`, or the want of it."""
    sim = stocked(**switches)
    assert told(send(sim, row(inventory_date=given))) == ["fail"]
    assert len(sim.stock) == 150


def test_immediate_may_have_the_call_refused() -> None:
    """`IMMEDIATE` may be taken for an error of the whole call."""
    sim = stocked(immediate="refused")
    assert send(sim, row(SECOND), row(inventory_date="IMMEDIATE"))["response"]["code"] == 400
    assert now(sim, SECOND) == 500


@pytest.mark.parametrize(
    ("switch", "status", "left"), [("ignored", "pass", 500), ("default", "pass", 7), ("fails", "fail", 500)]
)
def test_an_unknown_warehouse(switch: str, status: str, left: int) -> None:
    """A warehouse that JOOR does not know is no error: the row is lost, or ends up elsewhere, or fails."""
    sim = stocked(unknown_warehouse=switch)
    assert told(send(sim, row(warehouse="MAIN"), row(OTHER, warehouse="EU Warehouse"))) == [status, "pass"]
    assert (now(sim), now(sim, OTHER, "EU Warehouse"), now(sim, OTHER)) == (left, 7, 500)


def test_no_warehouse_is_the_default_one() -> None:
    """A row that names no warehouse is about the first one."""
    sim = stocked()
    send(sim, {"upc": FIRST, "inventory": 7})
    assert now(sim) == 7


def test_a_renamed_warehouse() -> None:
    """When a person renames a warehouse its stock stays, and its old name is unknown."""
    sim = stocked(unknown_warehouse="fails")
    sim.rename_warehouse("Default", "Berlin")
    assert told(send(sim, row(), row(warehouse="Berlin"))) == ["fail", "pass"]
    assert (now(sim), now(sim, FIRST, "Berlin"), now(sim, SECOND, "Berlin")) == (None, 7, 500)


@pytest.mark.parametrize(("switch", "status", "left"), [("fails", "fail", 500), ("clamped", "pass", 0)])
def test_negative_stock(switch: str, status: str, left: int) -> None:
    """Less than nothing is refused, or nothing."""
    sim = stocked(negative_stock=switch)
    assert told(send(sim, row(inventory=-3))) == [status]
    assert now(sim) == left


# overwriting


@pytest.mark.parametrize(("scope", "abroad"), [("account", None), ("warehouses", 5)], ids=["account", "warehouses"])
def test_overwriting_clears(scope: str, abroad: int | None) -> None:
    """What an overwriting call does not name is cleared, in the whole account or the warehouses it names."""
    sim = stocked(overwrite_scope=scope)
    send(sim, row(OTHER, 5, warehouse="EU Warehouse"), row(inventory_date="2027-01-15"))
    send(sim, row(), row(SECOND, 0), overwrite=1)
    assert (now(sim), now(sim, SECOND), now(sim, OTHER), now(sim, OTHER, "EU Warehouse")) == (7, 0, None, abroad)
    assert ("Default", date(2027, 1, 15), FIRST) not in sim.stock
    assert FIRST not in sim.made_to_order
    assert (OTHER in sim.made_to_order) is (abroad is None)
    assert len(sim.made_to_order) == (135 if abroad is None else 120)


def test_overwriting_may_just_clear() -> None:
    """A style absent from an overwriting call may simply have no stock."""
    sim = stocked(absent_style="cleared")
    send(sim, row(), overwrite=1)
    assert (len(sim.stock), sim.made_to_order) == (1, frozenset())
    assert v2(sim, "/v2/style/701002").json()["styles"][0]["skus"][0]["inventory_available"] == ""


def test_a_second_overwriting_call_clears_the_first() -> None:
    """Overwriting in two calls leaves what the second one named."""
    sim = stocked()
    send(sim, row(), overwrite=1)
    send(sim, row(OTHER), overwrite=1)
    assert list(sim.stock) == [("Default", None, OTHER)]


# made to order


def test_made_to_order() -> None:
    """Made to order clears the stock of the SKU everywhere; a quantity takes it back to stock."""
    sim = stocked()
    send(sim, row(inventory_date="2027-01-15"), row(warehouse="EU Warehouse"), row(inventory=0, made_to_order=True))
    assert {barcode for _, _, barcode in sim.stock if barcode == FIRST} == set()
    assert sim.made_to_order == {FIRST}
    send(sim, row())
    assert (now(sim), sim.made_to_order) == (7, frozenset())


def test_made_to_order_may_stay() -> None:
    """A quantity may leave it made to order until that is taken back."""
    sim = stocked(made_to_order_stays=True)
    send(sim, row(inventory=0, made_to_order=True), row())
    assert sim.made_to_order == {FIRST}
    send(sim, row(made_to_order=False))
    assert sim.made_to_order == frozenset()


# pending orders


def test_pending_pieces_are_subtracted_on_demand() -> None:
    """With `dec_pending` the pieces on pending orders of the warehouse come off what is there now, down to 0."""
    sim = stocked()
    sim.add_order({"1001-401-S": 4, "1001-401-M": 9}, status="pending")
    sim.add_order({"1001-401-S": 100})
    sim.add_order({"1001-401-S": 2}, status="pending", warehouse_name="EU Warehouse")
    sim.add_order({"1001-401-S": 1}, status="pending", warehouse_name=None)
    send(sim, row(), row(SECOND), row(warehouse="EU Warehouse"), row(inventory_date="2027-01-15"), dec_pending=1)
    assert (now(sim), now(sim, SECOND), now(sim, FIRST, "EU Warehouse")) == (2, 0, 5)
    assert sim.stock["Default", date(2027, 1, 15), FIRST] == 7
    send(sim, row(), dec_pending=0)
    assert now(sim) == 7


def test_buyers_take_from_stock() -> None:
    """What is sold is off the stock and on a pending order."""
    sim = stocked()
    order = sim.orders[sim.sell({"1001-401-S": 3, "1010-401-S": 5})]
    assert (order.status, order.quantity) == ("pending", 8)
    assert (now(sim), now(sim, SKUS["1010-401-S"])) == (497, 0)


# forms of the answer


def test_forms_of_the_log() -> None:
    """The log is a list, an object where there was one row, or not there; the root node may stay."""
    assert send(stocked(inventory_log="object"), row())["inventory_log"]["status"] == "pass"
    assert len(send(stocked(inventory_log="object"), row(), row())["inventory_log"]) == 2
    assert "inventory_log" not in send(stocked(inventory_log="absent"), row())
    assert told(send(stocked(root_node="whole"), row())["inventory"]) == ["pass"]
    assert send(stocked(code="text"), row())["response"]["code"] == "0"


@pytest.mark.parametrize(("switch", "expected"), [("key", "1001ST-1001401S"), ("joined", "Default_1001_ST-1001_401_S")])
def test_how_the_log_names_a_row(switch: str, expected: str) -> None:
    """A row is named by what identified its SKU, or by all it said."""
    answer = send(stocked(log_sku=switch), {"warehouse": "Default", "inventory": 1, **STYLE})
    assert answer["inventory_log"][0]["sku"] == expected


def test_a_call_takes_so_many_rows() -> None:
    """An account may limit the rows of a call."""
    sim = stocked(max_rows=1)
    assert send(sim, row(), row(SECOND))["response"]["code"] == 413
    assert now(sim) == 500


# one style


@pytest.mark.parametrize(
    ("query", "changed"),
    [
        ({"upc": FIRST}, {FIRST}),
        ({"upc": OTHER, "color_code": "401", "size": "S"}, {OTHER}),
        ({"color_code": "401", "size": "S"}, {FIRST}),
        ({}, {barcode for name, barcode in SKUS.items() if name.startswith("1001-")}),
    ],
    ids=["upc", "upc wins", "color and size", "whole style"],
)
def test_stock_of_one_style(query: dict[str, Any], changed: set[str]) -> None:
    """One call sets the UPC it names, a color and size, or the whole style."""
    sim = stocked()
    answer = write(sim, "PUT", SINGLE, inventory=7, **query).json()
    assert answer["sku_count"] == len(changed)
    assert {barcode for (_, _, barcode), quantity in sim.stock.items() if quantity == 7} == changed


@pytest.mark.parametrize(
    ("path", "query", "code"), [(SINGLE, {"size": "S"}, 400), (SINGLE.replace("ST-", ""), {}, 404)]
)
def test_one_style_refused(path: str, query: dict[str, Any], code: int) -> None:
    """Half a color and size, or a style that is not there, is an error."""
    assert write(stocked(), "PUT", path, inventory=7, **query).json()["response"]["code"] == code


def test_a_write_of_stock_costs_five_credits() -> None:
    """60 bulk calls exhaust a window."""
    sim = stocked(clock=FakeClock())
    body = {"inventory_items": [row()]}
    assert [write(sim, "POST", "/v2/bulk-inventory", body).status for _ in range(61)] == [200] * 60 + [429]


def test_overwriting_with_a_wrong_row_still_clears() -> None:
    """A row that fails does not keep an overwriting call from clearing all it does not set."""
    sim = stocked()
    assert told(send(sim, row("999"), row(), overwrite=1)) == ["fail", "pass"]
    assert list(sim.stock) == [("Default", None, FIRST)]


def test_made_to_order_is_true_or_false() -> None:
    """Any other word for it fails the row."""
    assert told(send(stocked(), row(made_to_order="perhaps"))) == ["fail"]
