"""The files and report answers the channel reads: which, how old, in what dialect, whole or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orderweft_zedonk
import pytest
from orderweft import (
    AuthenticationError,
    ChannelError,
    Connection,
    Exchange,
    Http,
    SettingsError,
    UnavailableError,
)
from orderweft.testing import FakeClock, Request, Response, SftpServer
from orderweft_zedonk import Settings
from orderweft_zedonk.client import Client, NoExportError, Table
from orderweft_zedonk.simulator import Simulator
from pydantic import ValidationError

STAMP = "20261102T080000Z"
SEASONS = ("Season", "Start Date")
STOCK = ("Season", "Style", "Fabric", "Colour", "Size", "Barcode", "Available")
REPORTS = {"read_by": "reports", "username": "kim", "report_password": "p&w d'", "key": "k/e+y"}
Handler = Callable[[Request], Response]


def lines(columns: Sequence[str], *rows: Sequence[object], mark: str = ",") -> str:
    return "".join(mark.join(map(str, row)) + "\n" for row in (columns, *rows))


def export(
    folder: Path, dataset: str, text: str | bytes, *, stamp: str = STAMP, scope: str = "", batch: str = "a1"
) -> Path:
    path = folder / "out" / dataset / f"{dataset}_{f'{scope}_full_' if scope else ''}{stamp}_{batch}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def connect(folder: Path | str | None, handler: Handler | None = None, **settings: Any) -> Connection[Settings]:
    given = {"folder": str(folder)} if folder is not None else {}
    checked = Settings.model_validate({**given, **settings})
    clock = FakeClock()
    http = Http(checked.service_url, clock=clock, handler=handler or (lambda request: Response(500)))
    return Connection("zedonk", "zedonk", checked, http, clock)


def at(simulator: Simulator, clock: FakeClock | None = None, **settings: Any) -> Connection[Settings]:
    """Connect to a simulated tenant."""
    merged = {**simulator.settings(), "base_url": "http://127.0.0.1:9", **settings}
    checked = Settings.model_validate(merged)
    clock = clock or FakeClock()
    return Connection(
        "zedonk", "zedonk", checked, Http(checked.service_url, clock=clock, handler=simulator.handle), clock
    )


def table(connection: Connection[Settings], dataset: str = "seasons", seasons: Sequence[str] = ()) -> Table:
    return connection.once(Client).table(dataset, seasons)


def names(found: Table, column: str = "Season") -> list[str | None]:
    return [row.text(column) for row in found.rows]


# which file


def test_the_newest_file_by_the_stamp_in_its_name_is_read(tmp_path: Path) -> None:
    """Neither the order of names nor the time a file was copied counts."""
    export(tmp_path, "seasons", lines(SEASONS, ("New", "2027-01-01")), stamp="20261102T083000Z", batch="0")
    export(tmp_path, "seasons", lines(SEASONS, ("Old", "2026-01-01")), stamp="20261101T090000Z", batch="z")
    assert names(table(connect(tmp_path))) == ["New"]


@pytest.mark.parametrize(
    "name",
    [f"seasons_{STAMP}_b.csv.part", "seasons_20269902T080000Z_b.csv", "notes.csv", f"users_{STAMP}_b.csv"],
    ids=["half-written", "no date", "unnamed", "another dataset"],
)
def test_files_that_are_no_finished_export_are_passed_over(tmp_path: Path, name: str) -> None:
    """What is still being written, or is called otherwise, is not read."""
    good = export(tmp_path, "seasons", lines(SEASONS, ("SS27", "2027-01-01")), stamp="20261101T080000Z")
    (good.parent / name).write_text("Season\n")
    assert names(table(connect(tmp_path))) == ["SS27"]


def test_stock_exported_by_season_is_the_newest_file_of_each(tmp_path: Path) -> None:
    """A season that was exported later does not hide the others."""
    for scope, stamp, season in (("A", "20261101T080000Z", "A"), ("B", STAMP, "B"), ("A", "20261030T080000Z", "old")):
        export(tmp_path, "inventory", lines(STOCK, (season, 1, "", "Navy", "M", "", 5)), scope=scope, stamp=stamp)
    assert sorted(filter(None, names(table(connect(tmp_path), "inventory")))) == ["A", "B"]


def test_a_dataset_without_a_file_is_told_by_its_folder(tmp_path: Path) -> None:
    """Who has to export something learns where it is looked for."""
    with pytest.raises(NoExportError, match="out/seasons"):
        table(connect(tmp_path))


def test_an_export_that_is_too_old_is_not_used(tmp_path: Path) -> None:
    """The file and the setting are named; a list of seasons may be older."""
    for dataset, text in (("inventory", lines(STOCK)), ("seasons", lines(SEASONS))):
        export(tmp_path, dataset, text, stamp="20261031T080000Z")
    with pytest.raises(UnavailableError, match=r"inventory_20261031T080000Z_a1\.csv .*max_age_hours = 24"):
        table(connect(tmp_path, max_age_hours=24), "inventory")
    assert table(connect(tmp_path), "inventory").rows == ()
    assert table(connect(tmp_path, max_age_hours=24)).rows == ()


def test_a_newer_export_is_seen_by_the_same_connection(tmp_path: Path) -> None:
    """What was read once is read again as soon as there is something newer."""
    connection = connect(tmp_path)
    export(tmp_path, "seasons", lines(SEASONS, ("Old", "2026-01-01")))
    assert names(table(connection)) == ["Old"]
    assert table(connection) is table(connection)
    export(tmp_path, "seasons", lines(SEASONS, ("New", "2026-01-01")), stamp="20261102T083000Z")
    assert names(table(connection)) == ["New"]


# how it is written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "bar"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_any_dialect_is_understood_without_a_setting(tmp_path: Path, encoding: str, mark: str, newline: str) -> None:
    """Encoding, separator and line ends are told from the file."""
    text = lines(("Start Date", "Season"), ("2027-01-01", "Été É"), mark=mark).replace("\n", newline)
    export(tmp_path, "seasons", text.encode(encoding))
    assert names(table(connect(tmp_path))) == ["Été É"]


def test_headings_may_be_spelt_and_named_otherwise(tmp_path: Path) -> None:
    """Case, blanks and order of the columns do not matter, and the tenant's own names are a setting."""
    export(tmp_path, "seasons", lines(("START_DATE ", "Saison", "Color"), ("2027-01-01", "SS27", "x")))
    found = table(connect(tmp_path, columns={"seasons": {"Season": "Saison"}}))
    assert names(found) == ["SS27"]
    assert found.warnings == (f"out/seasons/seasons_{STAMP}_a1.csv: columns nobody reads: Color",)


def test_quoted_cells_hold_separators_line_breaks_and_quotes(tmp_path: Path) -> None:
    """RFC 4180 is kept."""
    export(tmp_path, "seasons", 'Season,Start Date\n"A ""B"", C\nD",2027-01-01\n')
    assert names(table(connect(tmp_path))) == ['A "B", C\nD']


def test_a_column_that_is_missing_is_named_with_its_setting(tmp_path: Path) -> None:
    """The file, the column and where to say its other name."""
    export(tmp_path, "inventory", lines(("Season", "Style", "Colour", "Size"), ("A", "1", "b", "M")))
    with pytest.raises(SettingsError, match=r"inventory_.*has no column 'Available'; .* \[columns\.inventory\]"):
        table(connect(tmp_path), "inventory")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"Season,Start Date\nA,2027-01-01\nB\n", "breaks off in line 3"),
        (b"Season,Start Date\nA,2027-01-0", "last line"),
        (b'Season,Start Date\n"A,2027-01-01\n', "damaged"),
        (b"Season,Start Date\nA,2027-01-01,x\n", "more cells"),
        (b"Season,Start Date\nA,2027-01-01\n\x00\x00\n", "neither UTF-8 nor"),
        (b"Season,Start Date\n\x81,2027-01-01\n", "neither UTF-8 nor"),
    ],
    ids=["nothing", "a mark", "a short row", "no line break", "an open quote", "a long row", "zeros", "no encoding"],
)
def test_a_file_that_is_not_whole_is_an_error_and_no_empty_feed(tmp_path: Path, content: bytes, told: str) -> None:
    """What a broken export lacks must not look as if it were gone."""
    export(tmp_path, "seasons", content)
    with pytest.raises(UnavailableError, match=told):
        table(connect(tmp_path))


def test_a_tenant_whose_files_have_no_last_line_break_can_say_so(tmp_path: Path) -> None:
    """Then the last line is taken as it is."""
    export(tmp_path, "seasons", "Season,Start Date\nA,2027-01-01")
    assert names(table(connect(tmp_path, ends_with_line_break=False))) == ["A"]


def test_headings_alone_are_an_empty_list(tmp_path: Path) -> None:
    """Zedonk may have nothing of a kind."""
    export(tmp_path, "seasons", "Season,Start Date\n")
    assert table(connect(tmp_path)).rows == ()


# over SFTP


def test_exports_are_read_over_sftp(tmp_path: Path) -> None:
    """The same files, with the server's key pinned."""
    export(tmp_path, "seasons", lines(SEASONS, ("SS27", "2027-01-01")))
    with SftpServer(tmp_path) as server:
        connection = connect(server.address, password=server.password, host_key=server.host_key)
        assert names(table(connection)) == ["SS27"]
        connection.close()


def test_a_server_with_another_key_is_not_spoken_to(tmp_path: Path) -> None:
    """Its fingerprint is told, no password is sent."""
    with SftpServer(tmp_path) as server:
        connection = connect(server.address, password=server.password)
        with pytest.raises(SettingsError, match="host_key"):
            orderweft_zedonk.check_connection(connection)
        assert server.logins == []
        connection.close()


# reports


def answer(*rows: str, code: str = "200", message: str = "", root: str = "Response") -> Response:
    reports = "".join(f"<Reports>{row}</Reports>" for row in rows)
    head = f"<code>{code}</code><description>{message}</description>"
    return Response(200, {"content-type": "text/xml"}, f"<{root}>{head}<Data>{reports}</Data></{root}>".encode())


def reports(handler: Handler, **settings: Any) -> Connection[Settings]:
    return connect(None, handler, **{"report_url": "https://brand.example", **REPORTS, **settings})


def test_a_report_is_asked_for_as_the_known_client_does(tmp_path: Path) -> None:
    """Path, parameters and filter, each value escaped, one call per season."""
    asked: list[Request] = []
    row = "<Season>A &amp; B</Season><Style>1</Style><Colour>c</Colour><Size>M</Size><Available>3</Available>"

    def handle(request: Request) -> Response:
        asked.append(request)
        return answer(row)

    found = table(reports(handle), "inventory", ["A & B", "SS27"])
    assert len(found.rows) == 2
    assert asked[0].url == (
        "https://brand.example/API/REST/SeasonNameExecuteDataAPI?dataAPIName=ProductInventory&username=kim"
        "&password=p%26w%20d%27&key=k%2Fe%2By&includeSchema=false&filter=1%3D1%20and%20%28season%20%3D%20%27A%20%26%20B%27%29"
    )
    assert asked[1].query["filter"] == "1=1 and (season = 'SS27')"


def test_a_report_without_seasons_runs_in_the_default_operation() -> None:
    """Only a filter by season needs the other one."""
    asked: list[Request] = []

    def handle(request: Request) -> Response:
        asked.append(request)
        return answer("<User>jane</User>")

    assert names(table(reports(handle, reports={"users": "All users"}), "users"), "User") == ["jane"]
    assert asked[0].path == "/API/REST/ExecuteDataAPI"
    assert asked[0].query["dataAPIName"] == "All users"
    assert "filter" not in asked[0].query


@pytest.mark.parametrize(
    "body",
    [
        b"<x><code>200</code><Data><Reports><Season>A</Season><Start_x0020_Date>2027-01-01</Start_x0020_Date></Reports></Data></x>",
        b"<x xmlns='urn:z'><Data><Reports><Season>A</Season><StartDate/></Reports></Data><code> 200 </code></x>",
        b"<z:x xmlns:z='urn:z'><z:code>200</z:code><z:Data><z:Reports><z:Season>A</z:Season>"
        b"<z:StartDate>2027-01-01T00:00:00+01:00</z:StartDate></z:Reports></z:Data></z:x>",
    ],
    ids=["encoded blanks", "default name space", "prefixed name space"],
)
def test_the_envelope_is_read_whatever_it_is_called(body: bytes) -> None:
    """Root, name space, and spelling of blanks are unknown and do not matter."""
    assert names(table(reports(lambda request: Response(200, {}, body)))) == ["A"]


@pytest.mark.parametrize(
    "body", [b"<x><code>200</code></x>", b"<x><code>200</code><Data/></x>"], ids=["no Data", "empty"]
)
def test_an_answer_without_rows_is_an_empty_list(body: bytes) -> None:
    """Absent and empty Data mean the same."""
    assert table(reports(lambda request: Response(200, {}, body))).rows == ()


@pytest.mark.parametrize(
    ("response", "error", "told"),
    [
        (answer(code="401", message="bad p&amp;w d' k/e+y"), AuthenticationError, r"code 401: bad \*\*\* \*\*\*"),
        (Response(401), AuthenticationError, "HTTP 401"),
        (Response(403), AuthenticationError, "HTTP 403"),
        (answer(code="404", message="no such report"), SettingsError, "no such report"),
        (Response(404), SettingsError, "report_path"),
        (answer(code="500", message="busy"), UnavailableError, "busy"),
        (Response(500), UnavailableError, "HTTP 500"),
        (Response(200, {}, b"<x><code>200</code><Data><Reports><Season>A</Sea"), UnavailableError, "not whole XML"),
        (Response(200, {}, b"<html><body/></html>"), UnavailableError, "no 'code'"),
        (
            Response(200, {}, b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x><code>200</code><y>&a;</y></x>"),
            UnavailableError,
            "not whole XML",
        ),
        (Response(200, {}, b""), UnavailableError, "not whole XML"),
    ],
    ids=[
        "code 401", "HTTP 401", "HTTP 403", "code 404", "HTTP 404", "code 500", "HTTP 500", "cut off", "a web page",
        "entities", "nothing",
    ],
)  # fmt: skip
def test_both_layers_of_errors_are_told_apart(response: Response, error: type[ChannelError], told: str) -> None:
    """The HTTP status and the code in the body lead to the same errors, and no credential is repeated."""
    with pytest.raises(error, match=told):
        table(reports(lambda request: response))


def test_an_apostrophe_in_a_season_is_refused_unless_doubling_works() -> None:
    """It would change the filter."""
    asked: list[Request] = []

    def handle(request: Request) -> Response:
        asked.append(request)
        return answer()

    with pytest.raises(SettingsError, match="report_quote"):
        table(reports(handle), "prices", ["Summer's"])
    assert asked == []
    table(reports(handle, report_quote="double"), "prices", ["Summer's"])
    assert asked[0].query["filter"] == "1=1 and (season = 'Summer''s')"


def test_no_credential_of_a_report_call_is_passed_on() -> None:
    """They stand in the address, in any spelling, and the journal shows none of them."""
    seen: list[Exchange] = []
    settings = Settings.model_validate({"report_url": "https://brand.example", **REPORTS})
    clock = FakeClock()
    http = Http(settings.service_url, clock=clock, handler=lambda request: answer(), on_exchange=seen.append)
    table(Connection("zedonk", "zedonk", settings, http, clock))
    assert len(seen) == 1
    assert not [secret for secret in ("kim", "p%26w", "p&w", "k%2Fe", "k/e+y") if secret in seen[0].request.url]


# settings


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "give folder"),
        ({"read_by": "reports", "report_url": "https://brand.example"}, "username, key, report_password"),
        ({**REPORTS, "report_password": None, "folder": "sftp://a@b/", "password": "x", "report_url": "https://b.example"},
         "give report_password"),
        ({"folder": "x", "columns": {"sesons": {}}}, "no dataset 'sesons'"),
        ({"folder": "x", "columns": {"seasons": {"Saison": "Season"}}}, "no column 'Saison'"),
        ({"folder": "x", "comments_template": "{{ order"}, "comments_template"),
        ({"folder": "x", "image_url": "https://cdn.example/pictures"}, "image_url"),
        ({"folder": "x", "report_path": "/API"}, "report_path"),
    ],
    ids=["no folder", "no report user", "one password for two", "dataset", "column", "template", "image", "path"],
)  # fmt: skip
def test_settings_that_cannot_work_are_told_at_once(given: Mapping[str, Any], told: str) -> None:
    """Before anything runs, by name."""
    with pytest.raises(ValidationError, match=told):
        Settings.model_validate(given)


def test_a_check_tells_the_exports_and_their_age() -> None:
    """A person sees what is there, and learns what is missing or out of date."""
    clock = FakeClock()
    simulator = Simulator(clock=clock)
    clock.sleep(3600 * 24 * 9)
    account = orderweft_zedonk.check_connection(at(simulator, clock))
    assert "products exported 9 days ago" in account.details
    assert any("products is older than max_age_hours = 168" in warning for warning in account.warnings)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"import_season": "Autumn"}, "import_season: Zedonk has no season 'Autumn'; it has Fall Winter 2026"),
        ({"price_seasons": ["fall winter 2026"]}, "price_seasons"),
        ({"order_owner": "nobody"}, "order_owner: Zedonk has no user 'nobody'"),
    ],
    ids=["import season", "price season", "owner"],
)
def test_a_check_finds_names_zedonk_does_not_have(settings: Mapping[str, Any], told: str) -> None:
    """Seasons and users are compared exactly."""
    with pytest.raises(SettingsError, match=told):
        orderweft_zedonk.check_connection(at(Simulator(clock=FakeClock()), **settings))


def test_a_folder_that_is_no_exchange_folder_is_told(tmp_path: Path) -> None:
    """A wrong path must not look like a tenant with nothing in it."""
    with pytest.raises(SettingsError, match="neither a folder in/ nor"):
        orderweft_zedonk.check_connection(connect(tmp_path / "nowhere"))


def test_a_check_proves_the_report_credentials() -> None:
    """A wrong key is an authentication error, a right one is told."""
    simulator = Simulator(clock=FakeClock())
    account = orderweft_zedonk.check_connection(at(simulator, read_by="reports"))
    assert "report calls to 127.0.0.1:9 work and tell 3 seasons" in account.details
    with pytest.raises(AuthenticationError):
        orderweft_zedonk.check_connection(at(simulator, read_by="reports", key="wrong"))
