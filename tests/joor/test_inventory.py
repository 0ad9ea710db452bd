"""Stock: sending it to JOOR in one call, and reading what its styles have available."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import orderweft_joor
import pytest
from orderweft import (
    Accepted,
    AuthenticationError,
    Connection,
    Http,
    Item,
    Limits,
    Named,
    Origin,
    Outcome,
    RecordPage,
    Refused,
    Request,
    Response,
    SettingsError,
    StockLevel,
    UnavailableError,
    Unknown,
    WriteMode,
)
from orderweft.testing import FakeClock, Fault, FaultKind, Faulty, brand
from orderweft_joor import Settings
from orderweft_joor.simulator import Simulator
from pydantic import ValidationError

SKUS = brand.skus()
FIRST, SECOND, THIRD = SKUS[:3]


def connect(
    handler: Callable[[Request], Response], clock: FakeClock | None = None, **given: Any
) -> Connection[Settings]:
    """Return a connection to what *handler* plays, without pacing."""
    clock = clock or FakeClock()
    settings = Settings.model_validate({"base_url": "http://127.0.0.1", **given})
    return Connection(
        "joor", "joor", settings, Http(settings.service_url, clock=clock, limits=Limits(), handler=handler), clock
    )


class Account:
    """JOOR in memory and a connection to it."""

    def __init__(self, *faults: Fault, switches: dict[str, Any] | None = None, **given: Any) -> None:
        self.clock = FakeClock()
        self.joor: Any = Simulator(clock=self.clock, throttle="off", **(switches or {}))
        self.wire = Faulty(self.joor, *faults)
        self.requests: list[Request] = []
        self.connection = connect(self._answer, self.clock, **{**self.joor.settings(), **given})

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self.wire(request)


def stocked(**given: Any) -> dict[str, Any]:
    return {"warehouse": "Default", "known_warehouses": ["EU Warehouse"], **given}


def item(sku: brand.Sku = FIRST, **fields: Any) -> Item:
    known = {name: getattr(sku, name) for name in ("style_number", "style_identifier", "color_code", "size", "barcode")}
    return Item.model_validate({"id": sku.sku, **known, **fields})


def level(sku: brand.Sku = FIRST, quantity: int | None = 7, warehouse: str | None = None, **fields: Any) -> StockLevel:
    origin = Origin(channel="erp", connection="erp", id=sku.sku)
    where = Named(name=warehouse) if warehouse else None
    return StockLevel.model_validate(
        {"origin": origin, "item": item(sku), "quantity": quantity, "warehouse": where, **fields}
    )


def write(account: Account, *levels: StockLevel, mode: WriteMode = "update") -> list[Outcome]:
    return orderweft_joor.write_inventory(account.connection, levels, mode)


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.outcome for outcome in outcomes]


def answered(*log: Any, **more: Any) -> Callable[[Request], Response]:
    """Return a JOOR that answers every call with *log*."""
    head = {"code": 0, "comment": "", "log_id": "call-1"}
    return lambda request: Response.of_json({"response": head, "inventory_log": list(log), **more})


# Sending


def test_stock_goes_out_in_one_call_by_warehouse_and_day() -> None:
    """Each level is set in its warehouse and its day; what is not named stays as it is; 1,000 levels are one call."""
    account = Account(**stocked())
    before = dict(account.joor.stock)
    outcomes = write(
        account,
        level(FIRST, 7),
        level(SECOND, 8, "EU Warehouse"),
        level(THIRD, 9, bucket="future", available_on=date(2027, 1, 5)),
    )
    assert kinds(outcomes) == ["accepted"] * 3
    assert account.wire.calls == ["inventory.write"]
    changed = {place: pieces for place, pieces in account.joor.stock.items() if before.get(place) != pieces}
    assert changed == {
        ("Default", None, FIRST.barcode): 7,
        ("EU Warehouse", None, SECOND.barcode): 8,
        ("Default", date(2027, 1, 5), THIRD.barcode): 9,
    }


def test_the_body_is_what_joor_documents() -> None:
    """Immediate stock has no date, a future one its day, and nothing else is sent."""
    account = Account(**stocked(dec_pending=True))
    write(account, level(FIRST, 7), level(SECOND, 9, bucket="future", available_on=date(2027, 1, 5)))
    request = account.requests[0]
    assert (request.method, request.path, request.query) == ("POST", "/v2/bulk-inventory", {"dec_pending": "1"})
    assert request.json() == {
        "inventory_items": [
            {"warehouse": "Default", "upc": FIRST.barcode, "inventory": 7},
            {"warehouse": "Default", "inventory_date": "2027-01-05", "upc": SECOND.barcode, "inventory": 9},
        ]
    }


def test_the_day_of_future_stock_may_be_written_the_other_way() -> None:
    """JOOR documents two forms of a date, and a setting chooses."""
    account = Account(switches={"inventory_dates": "us"}, **stocked(future_dates="MM-DD-YYYY"))
    assert kinds(write(account, level(FIRST, 9, bucket="future", available_on=date(2027, 1, 5)))) == ["accepted"]
    assert account.joor.stock["Default", date(2027, 1, 5), FIRST.barcode] == 9


def test_a_style_is_named_by_its_four_templates() -> None:
    """With item_identifier = "style" the four templates name the item, and its UPC is not sent."""
    given = {"item_identifier": "style", "size": "{{ item.size | upper }}", "identifier_spelling": "style_identifer"}
    account = Account(**stocked(**given))
    assert kinds(write(account, level(FIRST, 7))) == ["accepted"]
    assert account.requests[0].json()["inventory_items"] == [
        {
            "warehouse": "Default",
            "style_number": "1001",
            "style_identifer": "ST-1001",
            "color_code": "401",
            "size": "XS",
            "inventory": 7,
        }
    ]
    assert account.joor.stock["Default", None, FIRST.barcode] == 7


@pytest.mark.parametrize(
    ("switches", "given"),
    [
        pytest.param({"inventory_json": "wrapped"}, {"inventory_json": "list"}, id="a list around the object"),
        pytest.param({"immediate": "required"}, {"immediate_date": "IMMEDIATE"}, id="the word IMMEDIATE"),
        pytest.param(
            {"identifier_spelling": "identifer"}, {"identifier_spelling": "style_identifer"}, id="the spelling"
        ),
        pytest.param({"root_node": "whole"}, {}, id="a root node"),
        pytest.param({"code": "text"}, {}, id="the code as text"),
    ],
)
def test_each_form_joor_may_want_can_be_set(switches: dict[str, Any], given: dict[str, Any]) -> None:
    """Where the form JOOR takes is uncertain, a setting chooses it."""
    for identifier in ("upc", "style"):
        account = Account(switches=switches, **stocked(item_identifier=identifier, **given))
        assert kinds(write(account, level(FIRST, 7), level(SECOND, 8))) == ["accepted", "accepted"]
        assert account.joor.stock["Default", None, SECOND.barcode] == 8


def test_stock_below_zero_is_sent_as_zero_or_held() -> None:
    """An oversold item has nothing to sell; by setting a person is asked instead."""
    account = Account(**stocked())
    assert kinds(write(account, level(FIRST, -4))) == ["accepted"]
    assert account.joor.stock["Default", None, FIRST.barcode] == 0
    careful = Account(**stocked(negative_stock="refuse"))
    outcomes = write(careful, level(FIRST, -4), level(SECOND, 3))
    assert kinds(outcomes) == ["refused", "accepted"]
    assert isinstance(outcomes[0], Refused)
    assert FIRST.barcode in outcomes[0].message
    assert "-4 is below zero" in outcomes[0].message


def test_made_to_order_is_said_and_taken_back() -> None:
    """A made-to-order level sets the flag, which clears the count; counted stock can take the flag back."""
    account = Account(switches={"made_to_order_stays": True}, **stocked(made_to_order_flag="always"))
    write(account, level(FIRST, None, bucket="made_to_order"))
    assert FIRST.barcode in account.joor.made_to_order
    write(account, level(FIRST, 12))
    assert FIRST.barcode not in account.joor.made_to_order
    assert account.joor.stock["Default", None, FIRST.barcode] == 12


# Warehouses


def test_a_warehouse_is_required() -> None:
    """Without any warehouse nothing is sent, and the message says which setting is missing."""
    account = Account()
    with pytest.raises(SettingsError, match="needs warehouse"):
        write(account, level(FIRST, 7))
    assert account.requests == []


def test_stock_for_an_unknown_warehouse_is_held_by_itself() -> None:
    """JOOR would miscount it without an error, so it is not sent; the rest is."""
    account = Account(**stocked())
    refused, accepted = write(account, level(FIRST, 7, "EU warehouse"), level(SECOND, 8, "EU Warehouse"))
    assert isinstance(refused, Refused)
    assert "'EU warehouse' is not among" in refused.message
    assert "known_warehouses" in (refused.fix or "")
    assert isinstance(accepted, Accepted)


def test_a_warehouse_may_be_known_by_its_code() -> None:
    """A level whose warehouse has another name but the code of one in JOOR goes there."""
    account = Account(**stocked())
    write(account, level(FIRST, 7).model_copy(update={"warehouse": Named(name="Rotterdam", code="EU Warehouse")}))
    assert account.joor.stock["EU Warehouse", None, FIRST.barcode] == 7


def test_two_levels_for_one_place_are_not_left_to_chance() -> None:
    """When two levels would set the same stock, the second is held and names the first."""
    account = Account(**stocked())
    outcomes = write(account, level(FIRST, 7), level(FIRST, 9, "Default"))
    assert kinds(outcomes) == ["accepted", "refused"]
    assert account.joor.stock["Default", None, FIRST.barcode] == 7


# Overwriting


def everything(*warehouses: str) -> list[StockLevel]:
    return [level(sku, 1, warehouse) for sku in SKUS[:-1] for warehouse in warehouses]


@pytest.mark.parametrize("scope", ["account", "warehouses"])
def test_overwriting_is_one_call_that_clears_the_rest(scope: str) -> None:
    """A complete snapshot of all warehouses goes out as one request, and what it lacks is cleared."""
    account = Account(switches={"overwrite_scope": scope, "absent_style": "cleared"}, **stocked())
    outcomes = write(account, *everything("Default", "EU Warehouse"), mode="overwrite")
    assert set(kinds(outcomes)) == {"accepted"}
    assert account.wire.calls == ["inventory.write"]
    assert account.requests[0].query == {"overwrite": "1"}
    assert not account.joor.stock.get(("Default", None, SKUS[-1].barcode))


def test_overwriting_one_warehouse_is_refused_while_it_may_clear_the_others() -> None:
    """JOOR's pages disagree on what an overwrite clears, so the careful reading holds until the setting says else."""
    account = Account(**stocked())
    with pytest.raises(SettingsError, match=r"no stock for EU Warehouse.*overwrite_scope"):
        write(account, *everything("Default"), mode="overwrite")
    assert account.requests == []
    told = Account(switches={"overwrite_scope": "warehouses"}, **stocked(overwrite_scope="warehouse"))
    write(told, level(FIRST, 5, "EU Warehouse"))
    write(told, *everything("Default"), mode="overwrite")
    assert told.joor.stock["EU Warehouse", None, FIRST.barcode] == 5


@pytest.mark.parametrize(
    ("levels", "told"),
    [
        pytest.param([], "no stock to send", id="nothing"),
        pytest.param([level(FIRST, 7), level(SECOND, 7, "Nope")], "'Nope' is not among", id="one that cannot be sent"),
    ],
)
def test_an_overwrite_that_would_clear_what_it_cannot_send_is_refused(levels: list[StockLevel], told: str) -> None:
    """An overwrite is complete or it is not made."""
    account = Account(**stocked())
    with pytest.raises(SettingsError, match=told):
        write(account, *levels, mode="overwrite")
    assert account.requests == []


# What JOOR answers


@pytest.mark.parametrize("log", ["list", "object", "absent"])
@pytest.mark.parametrize("joined", ["key", "joined"])
def test_each_form_of_the_log_is_understood(log: str, joined: str) -> None:
    """The log of rows may be a list, one object or missing; what JOOR took is accepted."""
    account = Account(switches={"inventory_log": log, "log_sku": joined}, **stocked())
    assert kinds(write(account, level(FIRST, 7))) == ["accepted"]


@pytest.mark.parametrize("joined", ["key", "joined"])
def test_a_row_joor_fails_is_held_and_the_rest_taken(joined: str) -> None:
    """A UPC JOOR does not have fails by itself inside an overall success."""
    account = Account(switches={"log_sku": joined}, **stocked())
    unknown = level(SECOND, 8).model_copy(update={"item": item(SECOND, barcode="4006381333931")})
    outcomes = write(account, level(FIRST, 7), unknown, level(THIRD, 9))
    assert kinds(outcomes) == ["accepted", "refused", "accepted"]
    assert isinstance(outcomes[1], Refused)
    assert outcomes[1].reason == "unknown_item"
    assert "4006381333931" in outcomes[1].message


def test_an_answer_without_a_log_is_taken_as_a_whole() -> None:
    """Where JOOR says nothing of single rows, the success of the call is all there is, and a remark says so."""
    account = Account(switches={"inventory_log": "absent"}, **stocked())
    outcome = write(account, level(FIRST, 7))[0]
    assert isinstance(outcome, Accepted)
    assert "nothing of single rows" in outcome.receipt.remarks[0]


def test_rows_are_matched_by_what_the_log_names_when_their_order_differs() -> None:
    """A shorter or shuffled log is read by its keys; a row it does not speak of is in doubt."""
    log = (
        {"sku": f"Default-{THIRD.barcode}", "inventory_log_id": "c", "status": "fail"},
        {"sku": f"Default-{FIRST.barcode}", "inventory_log_id": "a", "status": "pass"},
    )
    connection = connect(answered(*log), token="t", **stocked())
    levels = [level(FIRST), level(SECOND), level(THIRD)]
    assert kinds(orderweft_joor.write_inventory(connection, levels, "update")) == ["accepted", "unknown", "refused"]
    counted = connect(answered(*log, sku_count=2), token="t", **stocked())
    assert kinds(orderweft_joor.write_inventory(counted, levels, "update")) == ["accepted", "accepted", "refused"]


@pytest.mark.parametrize(
    ("kind", "response"),
    [
        pytest.param("timeout_after", None, id="no answer"),
        pytest.param("reset_mid_body", None, id="half an answer"),
        pytest.param("answer_after", Response(502), id="a server error"),
        pytest.param("answer_after", Response(200, {}, b"<html>"), id="an answer that is no JSON"),
    ],
)
def test_without_an_answer_every_row_is_in_doubt(kind: FaultKind, response: Response | None) -> None:
    """What may have been applied is never called refused or not sent."""
    account = Account(Fault("inventory.write", kind, response=response), **stocked())
    assert [type(outcome) for outcome in write(account, level(FIRST), level(SECOND))] == [Unknown, Unknown]


@pytest.mark.parametrize(
    ("response", "error"),
    [
        pytest.param(Response(401), AuthenticationError, id="a refused token"),
        pytest.param(Response(429, {"retry-after": "30"}), UnavailableError, id="the rate limit"),
        pytest.param(Response(400), UnavailableError, id="a form JOOR does not take"),
        pytest.param(
            Response.of_json({"response": {"code": 7, "comment": "Malformed"}}), UnavailableError, id="an error code"
        ),
    ],
)
def test_a_call_that_is_declined_as_a_whole_raises(response: Response, error: type[Exception]) -> None:
    """Nothing of the call was applied, so the run stops with JOOR's own words."""
    account = Account(Fault("inventory.write", "answer_before", response=response), **stocked())
    with pytest.raises(error):
        write(account, level(FIRST))


def test_an_item_without_its_identifier_is_held() -> None:
    """A level without the barcode, or whose template gives nothing, is held naming the field."""
    bare = level(FIRST).model_copy(update={"item": Item(id="x", style_number="1001", color_code="401", size="XS")})
    sizeless = level(FIRST).model_copy(update={"item": item(size=None)})
    for given, held, field in [
        ({}, bare, "item.barcode"),
        ({"item_identifier": "style"}, sizeless, "size: its template"),
    ]:
        outcome = write(Account(**stocked(**given)), held)[0]
        assert isinstance(outcome, Refused)
        assert field in outcome.message


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param({"style_number": "{{ item.number }}"}, "'item.number' does not exist", id="an unknown field"),
        pytest.param({"size": "{{ level.size }}"}, "there is only `item`", id="an unknown name"),
        pytest.param({"color_code": "{{ item.color_code ?? '0' }}"}, "is Twig", id="a Twig form"),
    ],
)
def test_templates_are_checked_with_the_settings(given: dict[str, str], told: str) -> None:
    """A template that cannot work is told before anything runs."""
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate({"token": "t", **given})


# What is guaranteed and asked for


def test_what_is_asked_for_depends_on_how_items_are_named() -> None:
    """The barcode, or the fields of plain templates; and a warehouse where no setting gives one."""
    with pytest.raises(SettingsError, match="set warehouse to its name"):
        orderweft_joor.accepts_inventory(connect(answered(), token="t"), "inventory")
    known = connect(answered(), token="t", known_warehouses=["EU Warehouse"])
    upc = orderweft_joor.accepts_inventory(known, "inventory")
    assert upc is not None
    assert (upc["required"], upc["properties"]["item"]["required"]) == (["item", "warehouse"], ["barcode"])
    style = orderweft_joor.accepts_inventory(
        connect(answered(), token="t", **stocked(item_identifier="style", size="{{ item.size | upper }}")), "inventory"
    )
    assert style is not None
    assert style["required"] == ["item"]
    assert style["properties"]["item"]["required"] == ["color_code", "style_number"]


# Reading


def read(account: Account) -> list[RecordPage]:
    return list(orderweft_joor.read_inventory(account.connection))


@pytest.mark.parametrize("last_page", ["absent", "zero", "empty", "repeat", "beyond"])
@pytest.mark.parametrize("page_size", [3, 5, 10, 50])
def test_all_levels_are_read_whichever_way_the_last_page_ends(last_page: str, page_size: int) -> None:
    """Each of the 150 SKUs gives one level without a warehouse; the last page says that nothing is left out."""
    account = Account(switches={"last_page": last_page}, page_size=page_size)
    pages = read(account)
    levels = [entry for page in pages for entry in page.records if isinstance(entry, StockLevel)]
    assert [entry.item.barcode for entry in levels] == [sku.barcode for sku in SKUS]
    assert {entry.warehouse for entry in levels} == {None}
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]


@pytest.mark.parametrize(
    "switches",
    [
        {"root_node": "whole"},
        {"root_node": "list"},
        {"inner_nodes": "kept"},
        {"numbers": "text"},
        {"empty_list": "list"},
        {"missing": "null"},
        {"max_count": 4},
    ],
    ids=str,
)
def test_styles_are_read_in_every_form(switches: dict[str, Any]) -> None:
    """However JOOR wraps its styles, the same levels come out."""
    known = [(entry.item.barcode, entry.quantity) for entry in _levels(Account())]
    assert [(entry.item.barcode, entry.quantity) for entry in _levels(Account(switches=switches))] == known


def _levels(account: Account) -> list[StockLevel]:
    return [entry for page in read(account) for entry in page.records if isinstance(entry, StockLevel)]


def test_a_style_that_cannot_be_read_is_told_and_the_rest_goes_on() -> None:
    """A broken figure is named with its style; without it the reading does not count as complete."""
    styles = [
        {"style_id": 1, "style_number": "1", "style_name": "A", "skus": [{"upc": "1", "inventory_available": "many"}]},
        {"style_id": 2, "style_number": "2", "skus": [{"upc": "2", "inventory_available": "3"}, {"upc": "3"}]},
    ]
    connection = connect(lambda request: Response.of_json({"response": {"code": 0}, "styles": styles}), token="t")
    page = next(iter(orderweft_joor.read_inventory(connection)))
    assert [(one.id, one.label) for one in page.unread] == [("1", "1 A")]
    assert "skus[0].inventory_available: 'many' is not a number" in page.unread[0].problem
    assert [(entry.item.barcode, entry.quantity) for entry in page.records if isinstance(entry, StockLevel)] == [
        ("2", 3)
    ]
    assert not page.complete
