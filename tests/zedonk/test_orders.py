"""Orders: handed over as files, once, checked against what Zedonk knows, and found again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import orderweft_zedonk
import pytest
from jsonschema import Draft202012Validator
from orderweft import (
    Accepted,
    Address,
    AlreadyThere,
    AuthenticationError,
    Connection,
    Delivery,
    Named,
    NotSent,
    Order,
    OrderCustomer,
    OrderLine,
    Outcome,
    Receipt,
    Refused,
    SettingsError,
    Unknown,
)
from orderweft.testing import FakeClock, SftpServer, brand
from orderweft_zedonk import Settings
from orderweft_zedonk.config import PROFILE
from orderweft_zedonk.simulator import Simulator

from .test_files import at, connect, export, lines
from .test_mapping import HOME, order

TWELVE = PROFILE.datasets["orders"].required
FW26, SS27 = "Fall Winter 2026", "Spring Summer 2027"


def deliver(connection: Connection[Settings], *orders: Order, key: str = "joor:77") -> list[Outcome]:
    keys = [key, *(f"{key}-{number}" for number in range(2, len(orders) + 1))]
    return orderweft_zedonk.deliver_orders(connection, [Delivery(*pair) for pair in zip(orders, keys, strict=True)])


def one(connection: Connection[Settings], given: Order | None = None, key: str = "joor:77") -> Outcome:
    [outcome] = deliver(connection, given or order(), key=key)
    return outcome


def find(connection: Connection[Settings], *keys: str) -> dict[str, Receipt | Refused]:
    return orderweft_zedonk.find_orders(connection, keys or ["joor:77"])


def files(folder: Path | str, place: str) -> list[Path]:
    return sorted((Path(folder) / place).glob("*"))


def sent(folder: Path | str, place: str = "in/orders") -> list[dict[str, str]]:
    """Return the rows of the only file."""
    [path] = files(folder, place)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def tenant(folder: Path, **settings: Any) -> Connection[Settings]:
    """Make a tenant that has what the sample order needs."""
    columns = ("Style", "Fabric", "Colour", "Size", "Season", "Barcode")
    skus = [("Z-1001", "Poplin", "Marine", sku.size, "X", sku.barcode) for sku in brand.skus()[:5]]
    export(folder, "products", lines(columns, *skus))
    customers = [("Example Store Ltd", "C100", "true"), ("Gone", "C1", "false"), ("A", "C2", "true"), ("B", "C2", "")]
    export(folder, "customers", lines(("Customer Name", "Account Code", "Active"), *customers))
    seasons = [(SS27, "2027-01-01"), (FW26, "2026-07-01"), ("Twice", "2020-01-01"), ("Twice", "2021-01-01")]
    export(folder, "seasons", lines(("Season", "Start Date"), *seasons))
    export(folder, "users", lines(("User",), ("jane",)))
    export(folder, "addresses", lines(
        ("Customer Name", "Account Code", "Address Type", "Name", "Line 1", "Line 2", "City", "Postcode", "Country"),
        ("Example Store Ltd", "C100", "Accounts", "Example Store Ltd", HOME, "Accounts Payable", "London",
         "EC1A 1BB", "United Kingdom"),
    ))  # fmt: skip
    return connect(folder, **settings)


def refusal(outcome: Outcome | Receipt | None) -> Refused:
    assert isinstance(outcome, Refused), outcome
    return outcome


# what is written


def test_an_order_becomes_a_file_with_zedonks_own_names(tmp_path: Path) -> None:
    """The item, the customer and known addresses are spelt as Zedonk spells them."""
    outcome = one(tenant(tmp_path, order_owner="jane", import_approved=True))
    assert isinstance(outcome, Accepted)
    [path] = files(tmp_path, "in/orders")
    assert path.name == f"orders_20261102T090000Z_{outcome.receipt.id}.csv"
    first, second = sent(tmp_path)
    assert [first[name] for name in TWELVE] == [
        "8001", "Example Store Ltd", "C100", "Z-1001", "Poplin", "Marine", "XS", "2000000000008", "3", "GBP", "138.00",
        "46.00",
    ]  # fmt: skip
    assert (first["Season"], first["Approved"], first["Order Owner"]) == (SS27, "true", "jane")
    assert (first["External Id"], first["Comments"]) == ("joor:77", "PO PO-9. Ring first")
    assert (first["Delivery Line 1"], first["Accounts Line 1"]) == ("9 New Road", HOME)
    assert (first["Accounts Postcode"], first["Accounts Country"]) == ("EC1A 1BB", "United Kingdom")
    assert second["Size"] == "S"


def test_community_columns_are_the_twelve_and_leave_the_rest_to_zedonk(tmp_path: Path) -> None:
    """The receipt says so."""
    outcome = one(tenant(tmp_path, order_columns="community", import_season=SS27))
    assert isinstance(outcome, Accepted)
    assert list(sent(tmp_path)[0]) == list(TWELVE)
    assert "its season, approval and owner are those of Zedonk's import settings" in outcome.receipt.remarks


def test_files_are_written_in_the_tenants_dialect_and_names(tmp_path: Path) -> None:
    """Encoding, separator, decimal mark and headings."""
    one(tenant(tmp_path, encoding="cp1252", delimiter=";", decimal_mark=",", columns={"orders": {"Colour": "Farbe"}},
               unit_price_means="unit"), order(note="Grüße"))  # fmt: skip
    text = files(tmp_path, "in/orders")[0].read_bytes().decode("cp1252")
    assert "Fabric;Farbe;Size" in text
    assert ";46,00;46,00;" in text
    assert "Grüße" in text


def test_a_text_the_encoding_lacks_holds_the_order(tmp_path: Path) -> None:
    """Nothing is written, and no mark is replaced."""
    refused = refusal(one(tenant(tmp_path, encoding="cp1252"), order(note="Mihon Shōten")))
    assert (refused.reason, refused.message) == ("invalid_field", "the encoding cp1252 has no 'ō'")
    assert files(tmp_path, "in/orders") == []


def test_templates_fill_the_reference_and_the_comments(tmp_path: Path) -> None:
    """An order that gives no reference is held."""
    connection = tenant(
        tmp_path, order_reference_template="{{ order.purchase_order }}", comments_template="J {{ order.number }}"
    )
    assert refusal(one(connection, order(purchase_order=None))).reason == "invalid_field"
    one(connection)
    assert (sent(tmp_path)[0]["Order Reference"], sent(tmp_path)[0]["Comments"]) == ("PO-9", "J 8001")


def test_an_order_without_lines_is_held(tmp_path: Path) -> None:
    """There is nothing to hand over."""
    assert refusal(one(tenant(tmp_path), order(lines=()))).message == "it has no lines"


def test_a_big_order_is_one_file(tmp_path: Path) -> None:
    """134 lines were cut off at 100 by another tool once."""
    many = tuple(OrderLine(key=str(n), barcode="2000000000008", quantity=1) for n in range(1000))
    one(tenant(tmp_path), order(lines=many))
    assert len(sent(tmp_path)) == 1000


# what holds an order


def test_lines_with_unknown_barcodes_hold_the_order_and_all_are_named(tmp_path: Path) -> None:
    """Z2: nothing is guessed by style or color."""
    codes = ("2000000000008", "4006381333931", "2000000000145", None)
    given = order(
        lines=tuple(
            OrderLine(key=str(n), style_number="1001", barcode=code, quantity=1) for n, code in enumerate(codes)
        )
    )
    refused = refusal(one(tenant(tmp_path), given))
    assert refused.reason == "unknown_item"
    assert refused.message.endswith("1001 (4006381333931); 1001 (2000000000145); 1001")
    assert files(tmp_path, "in/orders") == []


def test_a_barcode_two_products_have_holds_the_order(tmp_path: Path) -> None:
    """Nobody knows which one is meant."""
    connection = tenant(tmp_path)
    columns = ("Style", "Colour", "Size", "Season", "Barcode")
    rows = [
        ("1", "a", "XS", "X", "2000000000008"),
        ("2", "a", "XS", "X", "2000000000008"),
        ("1", "a", "S", "X", "2000000000015"),
    ]
    export(tmp_path, "products", lines(columns, *rows), stamp="20261102T083000Z")
    assert refusal(one(connection)).message.endswith("barcode of: 1001 Navy XS (2000000000008)")


@pytest.mark.parametrize(
    ("exported", "ordered", "written"),
    [
        ("36000291452", "036000291452", "0036000291452"),
        ("0036000291452", "036000291452", "0036000291452"),
        ("0036000291452", "00036000291452", "0036000291452"),
    ],
    ids=["a lost zero", "UPC-A against EAN-13", "GTIN-14"],
)
def test_barcodes_match_as_numbers_unless_exactness_is_asked_for(
    tmp_path: Path, exported: str, ordered: str, written: str
) -> None:
    """What is written is as long as the tenant's other barcodes."""
    columns = ("Style", "Colour", "Size", "Season", "Barcode")
    rows = [("1", "a", "XS", "X", exported), ("1", "a", "S", "X", "2000000000015")]
    given = order(lines=(OrderLine(key="1", barcode=ordered, quantity=1),))
    for match in ("exact", "gtin"):
        connection = tenant(tmp_path, barcode_match=match)
        export(tmp_path, "products", lines(columns, *rows), stamp="20261102T083000Z")
        outcome = one(connection, given)
        assert isinstance(outcome, Accepted if match == "gtin" else Refused)
    assert sent(tmp_path)[0]["Barcode"] == written


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("C999", "Zedonk has no active customer with the account code 'C999'"),
        ("c 100", "it has 'C100', which is not the same"),
        ("C1", "the customer with the account code 'C1' is inactive in Zedonk"),
        ("C2", "2 customers in Zedonk have the account code 'C2'"),
        (None, "the order's customer has no account code"),
    ],
    ids=["unknown", "nearly", "inactive", "twice", "none"],
)
def test_an_order_without_a_valid_account_code_is_held(tmp_path: Path, code: str | None, told: str) -> None:
    """Z3: codes are compared exactly, and the near miss is named."""
    refused = refusal(one(tenant(tmp_path), order(customer=OrderCustomer(account_code=code))))
    assert refused.reason == "unknown_customer"
    assert told in refused.message


@pytest.mark.parametrize(
    ("season", "settings", "expected"),
    [
        (Named(name=SS27), {"import_season": FW26}, SS27),
        (Named(name="spring summer 2027"), {"import_season": FW26}, FW26),
        (Named(name="SS27"), {"import_season": FW26}, FW26),
        (None, {"import_season": FW26}, FW26),
        (Named(name="x", code=SS27), {"season_by": "code"}, SS27),
        (Named(name="SS27"), {}, "Zedonk has no season 'SS27'; it has 'Fall Winter 2026'"),
        (None, {}, "the order has no season"),
        (Named(name="Twice"), {"import_season": FW26}, "Zedonk has 2 seasons called 'Twice'"),
    ],
    ids=["exact", "another case", "a code", "none", "by code", "no fallback", "nothing", "two"],
)
def test_the_season_is_zedonks_of_exactly_that_name_or_the_import_season(
    tmp_path: Path, season: Named | None, settings: dict[str, Any], expected: str
) -> None:
    """Z6: otherwise the order waits."""
    outcome = one(tenant(tmp_path, **settings), order(season=season))
    if isinstance(outcome, Refused):
        assert outcome.reason == "season_mismatch"
        assert outcome.message.startswith(expected)
    else:
        assert sent(tmp_path)[0]["Season"] == expected


def test_without_a_list_of_seasons_only_the_import_season_is_certain(tmp_path: Path) -> None:
    """Nobody knows whether Zedonk has the other one."""
    connection = tenant(tmp_path, import_season=FW26)
    for path in files(tmp_path, "out/seasons"):
        path.unlink()
    assert "exports no seasons" in refusal(one(connection)).message
    assert isinstance(one(connection, order(season=Named(name=FW26))), Accepted)


def test_a_file_that_carries_no_season_takes_no_order_of_another_one(tmp_path: Path) -> None:
    """It would land in the import season although Zedonk has its own."""
    connection = tenant(tmp_path, order_columns="community", import_season=FW26)
    assert refusal(one(connection)).reason == "season_mismatch"
    assert isinstance(one(connection, order(season=Named(name="AW99"))), Accepted)


@pytest.mark.parametrize(
    ("settings", "told"),
    [({"import_season": "Nope"}, "import_season"), ({"order_owner": "nobody"}, "order_owner")],
    ids=["season", "owner"],
)
def test_settings_that_name_what_zedonk_lacks_stop_the_run(tmp_path: Path, settings: dict[str, Any], told: str) -> None:
    """Z6, Z8: no order is held for a mistake in the settings."""
    with pytest.raises(SettingsError, match=told):
        one(tenant(tmp_path, **settings))
    assert files(tmp_path, "in") == []


@pytest.mark.parametrize(
    ("settings", "currency", "taken"),
    [
        ({}, "CHF", True),
        ({"currencies": ["GBP"]}, "CHF", False),
        ({"currencies": ["GBP"]}, "GBP", True),
    ],
    ids=["unknown", "not enabled", "enabled"],
)
def test_the_currency_is_checked_where_zedonks_are_known(
    tmp_path: Path, settings: dict[str, Any], currency: str, taken: bool
) -> None:
    """An order in a currency that is not enabled fails in Zedonk."""
    outcome = one(tenant(tmp_path, **settings), order(currency=currency))
    assert isinstance(outcome, Accepted if taken else Refused)


def test_the_price_export_tells_the_currencies(tmp_path: Path) -> None:
    """And the tenant's own name for one is written."""
    columns = ("Style", "Colour", "Season", "Price List", "Currency", "WSP")
    export(tmp_path, "prices", lines(columns, ("1", "a", "X", "W", "Pound", "1"), ("1", "a", "X", "W", "EUR", "1")))
    connection = tenant(tmp_path, currency_names={"Pound": "GBP"})
    assert refusal(one(connection, order(currency="USD"))).message == "Zedonk has no currency USD; it has EUR, GBP"
    one(connection)
    assert sent(tmp_path)[0]["Currency"] == "Pound"


def test_without_exports_nothing_is_sent_unless_the_checks_are_off(tmp_path: Path) -> None:
    """Then the order's own words go out."""
    export(tmp_path, "seasons", lines(("Season", "Start Date"), (SS27, "2027-01-01")))
    outcome = one(connect(tmp_path))
    assert isinstance(outcome, NotSent)
    assert "out/customers" in outcome.message
    outcome = one(connect(tmp_path, check_items=False, check_customers=False))
    assert isinstance(outcome, Accepted)
    assert "Zedonk exports no addresses, so nobody compared those of the order" in outcome.receipt.remarks
    first = sent(tmp_path)[0]
    assert (first["Style"], first["Colour"], first["Customer Name"]) == ("1001", "Navy", "Example Store")


def test_what_an_order_needs_is_told_beforehand(tmp_path: Path) -> None:
    """`accepts` asks for a barcode on each line and an account code; reports alone take no orders."""
    asked = orderweft_zedonk.accepts(tenant(tmp_path), "orders")
    assert asked is not None
    check = Draft202012Validator(asked)
    assert check.is_valid(order().to_data())
    assert not check.is_valid(order(customer=OrderCustomer(name="x")).to_data())
    assert not check.is_valid(order(lines=(OrderLine(key="1", sku="x", quantity=1),)).to_data())
    assert orderweft_zedonk.accepts(tenant(tmp_path), "inventory") is None
    assert orderweft_zedonk.provides(tenant(tmp_path), "orders") is None


# addresses


def test_an_address_the_customer_lacks_is_added_once_by_a_file_of_its_own(tmp_path: Path) -> None:
    """Z4, Z5: delivery and accounts only; another spelling of a known one is not new."""
    connection = tenant(tmp_path)
    deliver(connection, order(), order(number="8002"))
    assert sent(tmp_path, "in/addresses") == [
        {
            "Customer Name": "Example Store Ltd", "Address Type": "Delivery", "Account Code": "C100",
            "Name": "Example Store Leeds", "Line 1": "9 New Road", "Line 2": "", "City": "Leeds", "County": "",
            "Postcode": "LS1 1AA", "Country": "GB", "Contact": "", "Email": "", "Phone": "",
        }
    ]  # fmt: skip
    one(tenant(tmp_path), order(number="8003"), key="joor:78")
    assert len(files(tmp_path, "in/addresses")) == 1


def test_addresses_are_left_alone_by_setting(tmp_path: Path) -> None:
    """The order still carries them."""
    one(tenant(tmp_path, add_addresses=False))
    assert files(tmp_path, "in/addresses") == []
    assert sent(tmp_path)[0]["Accounts Line 1"] == HOME.lower()


def test_another_name_at_the_same_place_is_another_address(tmp_path: Path) -> None:
    """Goods for somebody else must not lose that name."""
    accounts = Address(role="accounts", name="Head Office", line1=HOME, line2="Accounts Payable",
                       city="London", postcode="EC1A 1BB", country="GB")  # fmt: skip
    one(tenant(tmp_path), order(addresses=(accounts,)))
    assert sent(tmp_path, "in/addresses")[0]["Name"] == "Head Office"
    assert sent(tmp_path)[0]["Accounts Name"] == "Head Office"


# once, and found again


def move(folder: Path, place: str) -> str:
    """Move the only order file to *place*, as Zedonk's side does, and return its batch id."""
    [path] = files(folder, "in/orders")
    (folder / place).mkdir(exist_ok=True)
    path.rename(folder / place / path.name)
    return path.stem.rpartition("_")[2]


def result(folder: Path, batch: str, *rows: tuple[str, ...]) -> None:
    """Write what the importer says."""
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results" / f"{batch}.csv").write_text(lines(("row", "key", "status", "code", "message"), *rows))


def test_the_same_key_is_handed_over_once(tmp_path: Path) -> None:
    """By the same connection and by another one later, wherever the file is by then."""
    connection = tenant(tmp_path)
    assert isinstance(one(connection), Accepted)
    assert isinstance(one(connection, order(note="edited")), AlreadyThere)
    assert isinstance(one(tenant(tmp_path)), AlreadyThere)
    move(tmp_path, "done")
    assert isinstance(one(tenant(tmp_path)), AlreadyThere)
    assert files(tmp_path, "in/orders") == []


def test_an_order_is_pending_until_zedonk_has_confirmed_it(tmp_path: Path) -> None:
    """A file in its tray is no order yet; a key nobody handed over is not there."""
    connection = tenant(tmp_path)
    outcome = one(connection)
    assert isinstance(outcome, Accepted)
    assert outcome.receipt.pending
    assert find(connection, "joor:77", "joor:78") == {"joor:77": outcome.receipt}
    result(tmp_path, move(tmp_path, "done"), ("1", "x", "CREATED", "", ""), ("2", "x", "CREATED", "", ""))
    receipt = find(connection)["joor:77"]
    assert isinstance(receipt, Receipt)
    assert (receipt.pending, receipt.id, receipt.remarks) == (False, outcome.receipt.id, ())


def test_moving_the_file_to_done_is_an_answer_too(tmp_path: Path) -> None:
    """For people who import by hand."""
    connection = tenant(tmp_path)
    one(connection)
    move(tmp_path, "done")
    receipt = find(connection)["joor:77"]
    assert isinstance(receipt, Receipt)
    assert not receipt.pending
    assert "was moved to done/, and no result file says more" in receipt.remarks[0]


def test_a_tenant_that_gives_no_answer_has_taken_what_is_written(tmp_path: Path) -> None:
    """The receipt says that nobody confirmed it."""
    outcome = one(tenant(tmp_path, results="none"))
    assert isinstance(outcome, Accepted)
    assert not outcome.receipt.pending
    assert outcome.receipt.remarks[-1].endswith("; Zedonk gives no answer")


@pytest.mark.parametrize("results", ["wait", "none"])
def test_an_order_zedonk_refused_says_why_and_can_be_handed_over_again(tmp_path: Path, results: str) -> None:
    """The second attempt has a name of its own, and its answer counts."""
    connection = tenant(tmp_path, results=results)
    one(connection)
    batch = move(tmp_path, "failed")
    result(
        tmp_path, batch, ("1", "x", "ERROR", "unknown_barcode", "no such item"), ("2", "x", "ERROR", "", "no such item")
    )
    refused = refusal(find(connection)["joor:77"])
    assert refused.reason == "unknown_item"
    assert refused.message.endswith("no such item (rows 1, 2)")
    assert isinstance(one(connection), Accepted)
    assert move(tmp_path, "done") == f"{batch}-2"
    assert isinstance(find(connection)["joor:77"], Receipt)


def test_an_order_of_which_only_a_part_was_taken_needs_a_person(tmp_path: Path) -> None:
    """It is neither there nor handed over again, until the result file says that the rest is there, too."""
    connection = tenant(tmp_path)
    one(connection)
    batch, created = move(tmp_path, "done"), ("1", "x", "CREATED", "", "")
    result(tmp_path, batch, created, ("2", "x", "ERROR", "unknown_barcode", "no such item"))
    for told in (find(connection)["joor:77"], one(connection)):
        assert refusal(told).reason == "needs_person"
        assert "only a part" in refusal(told).message
        assert refusal(told).message.endswith("no such item (row 2)")
    assert files(tmp_path, "in/orders") == []
    result(tmp_path, batch, created)
    assert isinstance(one(connection), AlreadyThere)


def test_a_file_somebody_put_aside_without_a_word_needs_a_person(tmp_path: Path) -> None:
    """It is refused, and nobody knows why."""
    connection = tenant(tmp_path)
    one(connection)
    move(tmp_path, "failed")
    refused = refusal(find(connection)["joor:77"])
    assert refused.reason == "needs_person"


def test_an_order_zedonk_had_already_is_there(tmp_path: Path) -> None:
    """What the importer says of it is told."""
    connection = tenant(tmp_path)
    one(connection)
    result(tmp_path, move(tmp_path, "done"), ("1", "x", "SKIPPED", "", "order 8001 is there already"))
    receipt = find(connection)["joor:77"]
    assert isinstance(receipt, Receipt)
    assert receipt.remarks == ("order 8001 is there already (row 1)",)


def test_the_order_export_tells_zedonks_number(tmp_path: Path) -> None:
    """By the key where it has one, else by the order reference; a closed order counts as cancelled."""
    connection = tenant(tmp_path)
    one(connection)
    move(tmp_path, "done")
    columns = ("SO Number", "Order Reference", "Force Closed")
    export(tmp_path, "order_status", lines(columns, ("SO9", "8001", "true"), ("SO9", "8001", "true"), ("SO8", "7", "")))
    receipt = find(connection)["joor:77"]
    assert isinstance(receipt, Receipt)
    assert (receipt.number, receipt.cancelled) == ("SO9", True)
    rows = [("SO5", "8001", "", "joor:77"), ("SO6", "2", "", "joor:79")]
    export(tmp_path, "order_status", lines((*columns, "External Id"), *rows), stamp="20261102T083000Z")
    found = find(connection, "joor:77", "joor:79", "joor:80")
    assert {key: receipt.number for key, receipt in found.items() if isinstance(receipt, Receipt)} == {
        "joor:77": "SO5",
        "joor:79": "SO6",
    }


def test_one_bad_order_does_not_stop_the_others(tmp_path: Path) -> None:
    """Each has an outcome, in order."""
    outcomes = deliver(tenant(tmp_path), order(), order(customer=OrderCustomer(account_code="?")), order(number="8003"))
    assert [outcome.outcome for outcome in outcomes] == ["accepted", "refused", "accepted"]


# over SFTP, with what goes wrong there


def over_sftp(server: SftpServer, **settings: Any) -> Connection[Settings]:
    return connect(server.address, password=server.password, host_key=server.host_key, add_addresses=False, **settings)


def test_an_answer_lost_while_a_file_is_renamed_is_doubt_and_is_looked_up(tmp_path: Path) -> None:
    """Whether it was renamed or not, the order is handed over exactly once."""
    for number, fault in enumerate(("lose_before", "lose_after")):
        folder = tmp_path / fault
        tenant(folder)
        with SftpServer(folder) as server:
            connection = over_sftp(server)
            server.fail("rename", "lose_before" if number == 0 else "lose_after")
            assert isinstance(one(connection), Unknown)
            found = find(connection)
            assert ("joor:77" in found) == (fault == "lose_after")
            again = one(connection)
            assert isinstance(again, AlreadyThere if fault == "lose_after" else Accepted)
            assert len([path for path in files(folder, "in/orders") if path.suffix == ".csv"]) == 1
            connection.close()


def test_an_order_that_could_not_be_written_was_not_sent(tmp_path: Path) -> None:
    """A lost connection before the rename is harmless."""
    tenant(tmp_path)
    with SftpServer(tmp_path) as server:
        connection = over_sftp(server)
        server.fail("write", "lose_before")
        assert isinstance(one(connection), NotSent)
        assert find(connection) == {}
        assert isinstance(one(connection), Accepted)
        connection.close()


def test_a_wrong_password_stops_the_run(tmp_path: Path) -> None:
    """It is no order's fault."""
    tenant(tmp_path)
    with SftpServer(tmp_path) as server:
        connection = connect(server.address, password="wrong", host_key=server.host_key)
        with pytest.raises(AuthenticationError):
            one(connection)
        connection.close()


# against the simulator


def imported(simulator: Simulator, orders: Sequence[Order] = (), **settings: Any) -> tuple[Connection[Settings], Any]:
    """Hand *orders* over, let Zedonk work, and return what became of the first."""
    clock = FakeClock()
    connection = at(simulator, clock, **settings)
    for number, each in enumerate(orders or (order(),)):
        assert isinstance(one(connection, each, key=f"joor:{77 + number}"), Accepted)
    clock.sleep(60)
    simulator.work()
    return at(simulator, clock, **settings), find(connection).get("joor:77")


@pytest.mark.parametrize(
    ("switches", "settings"),
    [
        ({}, {}),
        ({"seed": 4}, {}),
        ({"results": "missing"}, {}),
        ({"unit_price": "unit"}, {"unit_price_means": "unit"}),
        ({"encoding": "cp1252", "delimiter": ";", "decimals": "comma", "dates": "uk"},
         {"encoding": "cp1252", "delimiter": ";", "decimal_mark": ",", "date_order": "day"}),
        ({"seasons": "codes"}, {"season_by": "code"}),
        ({"order_identity": "order_reference"}, {}),
        ({"locations": "several", "countries": "name", "old_exports": "kept"}, {}),
        ({"duplicates": "created"}, {}),
        ({"unmatched_line": "dropped"}, {}),
    ],
    ids=["usual", "another seed", "no results", "unit price", "continental", "season codes", "references", "locations",
         "duplicates made", "lines dropped"],
)  # fmt: skip
def test_an_order_arrives_whatever_is_unknown_of_zedonk(switches: dict[str, Any], settings: dict[str, Any]) -> None:
    """Once, whole, with season, owner, approval, prices and addresses, also when it is delivered again."""
    simulator = Simulator(clock=FakeClock(), **switches)
    connection, receipt = imported(simulator, order_owner="jane", import_approved=True, **settings)
    assert isinstance(receipt, Receipt)
    assert (receipt.pending, receipt.number) == (False, next(iter(simulator.orders)))
    assert isinstance(one(connection), AlreadyThere)
    simulator.work()
    [made] = simulator.orders.values()
    assert (made.reference, made.approved, made.owner) == ("8001", True, "jane")
    assert made.season == ("SS27" if switches.get("seasons") else SS27)
    assert [(line.sku.barcode, line.quantity, line.price) for line in made.lines] == [
        ("2000000000008", 3, Decimal("46.00")),
        ("2000000000015", 2, Decimal("46.00")),
    ]
    customer = next(each for each in simulator.customers.values() if each.account_code == "C100")
    assert [len(customer.addresses[role]) for role in ("Delivery", "Accounts", "Store")] == [2, 1, 1]
    assert made.store is not None
    assert made.store.line1 == "1 Shop Arcade"


def test_approved_orders_lower_what_is_available_and_others_do_not() -> None:
    """Z7: only sold pieces count."""
    for approved in (True, False):
        simulator = Simulator(clock=FakeClock())
        before = simulator.available("2000000000008")
        imported(simulator, import_approved=approved)
        assert before - simulator.available("2000000000008") == (3 if approved else 0)


def test_what_zedonk_refuses_comes_back_with_its_words() -> None:
    """A customer who was made inactive after the export."""
    clock = FakeClock()
    simulator = Simulator(clock=clock)
    connection = at(simulator, clock)
    one(connection)
    simulator.deactivate("C100")
    simulator.work()
    refused = refusal(find(connection)["joor:77"])
    assert refused.reason == "unknown_customer"
    assert simulator.orders == {}
