"""The Zedonk simulator's report endpoint: the observed shape, and a switch for what is not known."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from orderweft import Http, Request, Response
from orderweft.testing import ConnectionLost, FakeClock, Fault, Faulty, SimulatorServer, brand
from orderweft_zedonk.simulator import Simulator
from orderweft_zedonk.simulator.rows import COLUMNS

BASE = "https://zedonk.example/tenant/API/REST"
NEWEST, CURRENT = "Spring Summer 2027", "Fall Winter 2026"
PLAIN: dict[str, Any] = {
    "root": "Response", "namespace": "none", "errors": "body", "nulls": "absent", "empty_data": "absent",
}  # fmt: skip


def simulator(**options: Any) -> Simulator:
    """Return a simulator whose clock stands still, with the first value of every switch of its reports."""
    return Simulator(clock=FakeClock(), **PLAIN | options)


def ask(sim: Simulator, report: str, clauses: str = "", *, operation: str = "", method: str = "GET",
        **changed: str) -> Request:  # fmt: skip
    """Return the request for *report*, with *clauses* behind the `1=1` every filter begins with."""
    known = sim.settings()
    operation = operation or ("SeasonNameExecuteDataAPI" if "season" in clauses else "ExecuteDataAPI")
    query = {"dataAPIName": report, "username": known["username"], "password": known["password"], "key": known["key"],
             "includeSchema": "false", **({"filter": "1=1" + clauses} if clauses else {}), **changed}  # fmt: skip
    return Request(method, f"{BASE}/{operation}?" + "&".join(f"{n}={quote(v, safe='')}" for n, v in query.items()))


def run(sim: Simulator, report: str, clauses: str = "", **more: str) -> Response:
    """Run *report*."""
    return sim.handle(ask(sim, report, clauses, **more))


def rows(response: Response) -> list[dict[str, str]]:
    """Return the rows of an answer in the plainest form."""
    root = ElementTree.fromstring(response.body)
    assert root.findtext("code") == "200", root.findtext("description")
    return [{cell.tag: cell.text or "" for cell in row} for row in root.findall("Data/Reports")]


def season(name: str = CURRENT) -> str:
    """Return the clause that asks for a season."""
    return f" and (season = '{name}')"


def refused(response: Response) -> tuple[int, str]:
    """Return the HTTP status and the code of an answer."""
    root = ElementTree.fromstring(response.body)
    assert root.findtext("description")
    assert root.find("Data") is None
    return response.status, root.findtext("code") or ""


@pytest.mark.parametrize("dataset", sorted(COLUMNS))
def test_every_data_set_is_a_custom_report_of_its_name(dataset: str) -> None:
    """Its rows have the columns of the profile, blanks encoded."""
    sim = simulator(nulls="empty")
    asked = season(NEWEST) if "Season" in COLUMNS[dataset] and dataset != "seasons" else ""
    for row in rows(run(sim, dataset, asked)):
        assert {name.replace("_x0020_", " ") for name in row} == set(COLUMNS[dataset])


def test_the_built_in_reports_are_the_four_that_were_seen() -> None:
    """Products, customers, orders and stock; orders that are not there make no rows."""
    sim = simulator()
    assert {row["Style"] for row in rows(run(sim, "FullProductList"))} >= {sku.style_number for sku in brand.skus()}
    assert len(rows(run(sim, "CustomerList"))) == 10
    assert rows(run(sim, "FullOrderList")) == []
    assert {row["Available"] for row in rows(run(sim, "ProductInventory", season(CURRENT)))} == {"300", "2", "12"}


def test_a_report_runs_in_its_default_season_or_in_the_one_of_the_filter() -> None:
    """The plain operation ANDs its own season; the other one wants a season named."""
    sim = simulator()
    assert {row["Season"] for row in rows(run(sim, "ProductInventory"))} == {CURRENT}
    assert {row["Season"] for row in rows(run(sim, "ProductInventory", season(NEWEST)))} == {NEWEST}
    assert rows(run(sim, "ProductInventory", season(NEWEST), operation="ExecuteDataAPI")) == []
    assert rows(run(sim, "ProductInventory", season(NEWEST) + season(CURRENT))) == []
    assert refused(run(sim, "ProductInventory", operation="SeasonNameExecuteDataAPI")) == (200, "400")


@pytest.mark.parametrize(
    ("clauses", "styles"),
    [
        (" and (price > 100)", {"1008"}),
        (" and (price >= 89.90)", {"1006", "1008", "2003"}),
        (" and (price > 100) or (Style = '1001')", {"1001", "1008"}),
        (" or (price > 100)", None),
        (" and (vat = 'true') and (style = '1001')", {"1001"}),
        (" and (vat = 'false')", set()),
        (" and ([Image 1] = '1002-Linen-Navy.png')", {"1002"}),
        (" AND ( Visible <> 'true' )", set()),
    ],
)
def test_filters_compare_columns_with_values(clauses: str, styles: set[str] | None) -> None:
    """`and` binds tighter than `or`, and `1=1 or ...` is everything."""
    everything = {sku.style_number for sku in brand.skus()} | {"2003"}
    found = {row["Style"] for row in rows(run(simulator(), "FullProductList", clauses))}
    assert found == (everything if styles is None else styles)


@pytest.mark.parametrize(
    ("clauses", "whole"),
    [
        (" and price > 100", ""),
        (" and (Elsewhere = '1')", ""),
        (" and (Style = '1001'; drop table Styles)", ""),
        (" and (Style = 'O'Neill')", ""),
        (" and (Style = 'O''Neill')", ""),
        ("", "Style = '1001'"),
    ],
    ids=["no brackets", "no such column", "more than a clause", "apostrophe", "doubled apostrophe", "no 1=1"],
)
def test_a_filter_outside_the_grammar_is_refused(clauses: str, whole: str) -> None:
    """Nothing is guessed."""
    changed = {"filter": whole} if whole else {}
    assert refused(run(simulator(), "FullProductList", clauses, **changed)) == (200, "400")


def test_doubling_an_apostrophe_may_work() -> None:
    """A season may have one in its name."""
    sim = simulator(apostrophes="doubled")
    sim.add_season("Winter '26", date(2026, 10, 1), NEWEST)
    sim.add_product("3001", "Navy", {"M": "012345678905"}, season="Winter '26")
    assert [row["Style"] for row in rows(run(sim, "FullProductList", " and (season = 'Winter ''26')"))] == ["3001"]


@pytest.mark.parametrize(("switch", "status"), [("body", 200), ("status", 401)])
@pytest.mark.parametrize("name", ["username", "password", "key"])
def test_wrong_credentials_are_told_in_the_body_and_by_switch_in_the_status(
    switch: str, status: int, name: str
) -> None:
    """All three must be right."""
    assert refused(run(simulator(errors=switch), "CustomerList", **{name: "wrong"})) == (status, "401")


def test_reports_can_be_added_and_unknown_ones_methods_and_addresses_are_refused() -> None:
    """What is no address of the endpoint has no envelope either."""
    sim = simulator(errors="status")
    assert refused(run(sim, "Elsewhere")) == (404, "404")
    assert refused(run(sim, "CustomerList", method="POST")) == (405, "405")
    sim.add_report("StockForJoor", "inventory")
    assert {row["Season"] for row in rows(run(sim, "StockForJoor"))} == {CURRENT}
    other = sim.handle(Request("GET", "https://zedonk.example/orders"))
    assert (other.status, other.body) == (404, b"Not Found")
    assert sim.operation(ask(sim, "CustomerList")) == "report.CustomerList"
    assert sim.operation(Request("GET", "https://zedonk.example/orders")) == "unknown"
    assert sim.requests == 4


@pytest.mark.parametrize(
    ("switch", "root"),
    [
        ({"root": "NewDataSet"}, "NewDataSet"),
        ({"namespace": "default"}, "{urn:zedonk-data-simulated}Response"),
        ({"namespace": "prefixed"}, "{urn:zedonk-data-simulated}Response"),
    ],
    ids=["root", "default", "prefixed"],
)
def test_root_and_namespace_are_switches(switch: dict[str, str], root: str) -> None:
    """Names without their namespace stay the same."""
    tree = ElementTree.fromstring(run(simulator(**switch), "CustomerList").body)
    assert tree.tag == root
    assert [child.tag.rpartition("}")[2] for child in tree] == ["code", "description", "Data"]
    assert len(tree.findall("{*}Data/{*}Reports")) == 10


def test_missing_values_empty_answers_and_names_with_blanks_are_switches() -> None:
    """An element is absent or empty, `Data` too, and a blank in a name is encoded or gone."""
    plain, other = simulator(), simulator(nulls="empty", empty_data="empty", column_names="stripped", dates="instant")
    assert "Account_x0020_Code" not in next(row for row in rows(run(plain, "CustomerList")) if "Staff" in str(row))
    assert next(row for row in rows(run(other, "CustomerList")) if "Staff" in str(row))["AccountCode"] == ""
    assert b"<Data>" not in run(plain, "FullOrderList").body
    assert b"<Data></Data>" in run(other, "FullOrderList").body
    assert rows(run(plain, "seasons"))[0]["Start_x0020_Date"] == "2026-01-15"
    assert rows(run(other, "seasons"))[0]["StartDate"] == "2026-01-15T00:00:00+00:00"


def test_amounts_have_a_point_whatever_files_have() -> None:
    """XML is not written for a spreadsheet."""
    found = rows(run(simulator(decimals="comma"), "prices", season()))
    assert {"WSP": "46.00", "Currency": "GBP"}.items() <= found[0].items()


def test_a_schema_comes_when_it_is_asked_for() -> None:
    """It stands before the rows and names the columns."""
    sim = simulator()
    (data,) = ElementTree.fromstring(run(sim, "users", includeSchema="true").body).findall("Data")
    assert [child.tag for child in data] == ["{http://www.w3.org/2001/XMLSchema}schema", "Reports", "Reports"]


def test_text_is_escaped() -> None:
    """Ampersands, accents and what XML forbids come through or go."""
    sim = simulator()
    sim.rename_customer("Example Store Ltd", "A < B & Söhne\x0b")
    names = [row["Customer_x0020_Name"] for row in rows(run(sim, "CustomerList"))]
    assert {"A < B & Söhne", "Sample & Daughters Inc"} <= set(names)


def test_it_can_be_served_and_fail_on_the_way() -> None:
    """An answer can be cut in half, and credentials with awkward characters arrive whole."""
    sim = simulator()
    with SimulatorServer(sim.handle) as server:
        http = Http(server.url, clock=FakeClock())
        query = {name: value for name, value in sim.settings().items() if name != "folder"}
        answer = http.read("GET", "/API/REST/ExecuteDataAPI", params={"dataAPIName": "users", **query})
        http.close()
    assert [row["User"] for row in rows(answer)] == ["jane", "omar"]
    faulty = Faulty(sim, Fault("report.users", "reset_mid_body"))
    with pytest.raises(ConnectionLost):
        faulty(ask(sim, "users"))


def test_facts_are_what_a_person_would_count() -> None:
    """They close a rehearsal."""
    assert simulator().facts() == {"orders": 0, "customers": 10, "imported files": 0}
