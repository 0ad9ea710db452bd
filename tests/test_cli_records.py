"""The commands for stock, products and customers as an operations person types them, and what mistakes are told."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from orderweft.testing import Fault, Response

from .houses import (
    BARCODES,
    ORDERS,
    SHOP_STOCK,
    SHOP_STYLES,
    ZEDONK_CUSTOMERS,
    ZEDONK_STOCK,
    ZEDONK_STYLES,
    House,
    house,
)
from .scenarios import orderweft

NAVY_S = "1001-401-S"
LABEL = "poplin-shirt Navy S (2000000000015) in Default"
KEYS = {"pipeline", "moves", "run", "result", "error", "stops", "held", "warnings", "counts", "holds", "planned"}
"""What `run --json` and `plan --json` say of a run of anything but orders."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[House]:
    """Give a shop whose stock goes to JOOR."""
    with house(tmp_path, joor={}, shop={}) as opened:
        opened.pipe("stock", SHOP_STOCK)
        yield opened


@pytest.fixture
def zedonk(tmp_path: Path) -> Iterator[House]:
    """Give a Zedonk tenant whose stock goes to JOOR."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        opened.pipe("stock", ZEDONK_STOCK)
        yield opened


def changes(opened: House, quantity: int = 8) -> None:
    """Change one level in the shop."""
    opened.shop.set_stock(NAVY_S, "London", quantity)
    opened.clock.sleep(60)


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text)))


# plan


def test_plan_shows_each_difference_once(shop: House) -> None:
    """A plan is a table by what would be done: what changes from what to what; the rest is only counted."""
    shop.say("plan").expect(0, "New: 150 stock levels, the first 25", "and 125 more; `orderweft plan stock --csv FILE`")
    shop.say("run").expect(0)
    shop.say("plan").expect(0, "There is nothing to do", "A run would write 0 stock levels")
    changes(shop)
    said = shop.say("plan")
    said.expect(0, "Changed: 1 stock level", f"{LABEL} quantity 500 8", "A run would write 1 stock level.")
    assert "New:" not in said.text


def test_plan_writes_every_difference_as_csv(shop: House) -> None:
    """`--csv FILE` writes all rows, of which a terminal shows the first; `-` is standard output, with nothing else."""
    file = shop.folder / "plan.csv"
    said = shop.say("plan", "stock", "--csv", str(file))
    said.expect(0, f"Wrote {file}.")
    rows = rows_of(file.read_text(encoding="utf-8"))
    quantities = [row for row in rows if row["field"] == "quantity"]
    assert (len(quantities), {row["action"] for row in rows}) == (150, {"new"})
    assert shop.say("plan", "--csv", "-").out.splitlines()[0] == "action,key,label,field,from,to,message"
    shop.say("run")
    changes(shop)
    [row] = rows_of(shop.say("plan", "--csv", "-").out)
    assert (row["action"], row["label"], row["field"]) == ("change", LABEL, "quantity")
    assert (row["from"], row["to"]) == ("500", "8")


def test_a_dry_run_writes_the_same_csv_as_plan(shop: House) -> None:
    """`run --dry-run --csv` and `plan --csv` are one."""
    assert shop.say("run", "stock", "--dry-run", "--csv", "-").out == shop.say("plan", "stock", "--csv", "-").out
    assert shop.written() == 0


def test_plan_answers_machines(shop: House) -> None:
    """`--json` gives the whole plan and nothing else on standard output."""
    shop.say("run")
    changes(shop, 0)
    told = shop.say("plan", "--json").json
    assert set(told) == KEYS
    assert (told["run"], told["result"], told["counts"]["changed"]) == (None, "done", 1)
    [planned] = told["planned"]
    assert (planned["action"], planned["differences"]) == (
        "zero",
        [{"field": "quantity", "before": 500, "after": 0}],
    )


def test_plan_of_orders_is_a_dry_run(shop: House) -> None:
    """For a pipeline of orders `plan` says what `run --dry-run` says."""
    shop.pipe("orders", ORDERS, destination="shop")
    shop.joor.add_order()
    assert shop.say("plan", "orders").out == shop.say("run", "orders", "--dry-run").out
    assert shop.shop.orders == []


def test_plan_keeps_customers_addresses_to_itself(tmp_path: Path) -> None:
    """A plan of customers names who changes and which fields, and shows nothing personal, in no format."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        opened.pipe("customers", ZEDONK_CUSTOMERS)
        opened.say("plan").expect(0, "New: 8 customers", "C100 Example Store Ltd")
        assert "(personal)" in opened.say("plan", "--csv", "-").out
        assert "(personal)" in opened.say("plan", "--json").out


# run and its codes


def test_run_tells_what_was_done(shop: House) -> None:
    """The closing table counts what was read, unchanged, changed, held and written."""
    said = shop.say("run")
    said.expect(0, "read unchanged changed held written", "150 0 150 0 150", "150 stock levels written, 0 unchanged.")
    told = shop.say("run", "--json").json
    assert set(told) == KEYS
    assert told["counts"] == {"read": 150, "unchanged": 150, "changed": 0, "held": 0, "written": 0}
    assert (told["run"], told["result"], told["planned"]) == (2, "done", [])


def test_run_with_a_limit_leaves_the_rest_for_later(shop: House) -> None:
    """`--limit N` sends N records, and the next run goes on."""
    shop.say("run", "--limit", "3").expect(0, "3 stock levels written")
    shop.say("run", "--limit", "100").expect(0, "100 stock levels written, 3 unchanged")
    shop.say("run").expect(0, "47 stock levels written, 103 unchanged")


def test_run_says_so_when_the_guard_stops_it(shop: House) -> None:
    """The guard stops with exit code 3 and its reason; machines get `stopped` and `stops`."""
    shop.say("run")
    for sku in list(BARCODES)[:40]:
        shop.shop.set_stock(sku, "London", 0)
    shop.clock.sleep(60)
    said = shop.say("run", "--json")
    assert (said.code, said.json["result"]) == (3, "stopped")
    assert said.json["stops"][0].startswith("40 of 150 stock levels would fall to zero")
    allowed = shop.say("run", "--allow-drop", "--json")
    assert (allowed.code, allowed.json["result"], allowed.json["counts"]["written"]) == (0, "done", 40)


def test_the_guard_is_set_by_the_pipeline(shop: House) -> None:
    """A pipeline may allow more, or nothing at all."""
    shop.say("run")
    shop.pipe("stock", guard={"zeroed_percent": 0, "few": 0})
    changes(shop, 0)
    shop.say("run").expect(3, "1 of 150 stock levels would fall to zero (1 %, zeroed_percent allows 0)")
    shop.pipe("stock", guard={"few": 1})
    shop.say("run").expect(0, "1 stock level written")


# records


def test_records_lists_what_is_known(shop: House) -> None:
    """Each record has its state and what was confirmed last; a text or a state narrows the list."""
    shop.joor.delete_style("1010")
    shop.say("run")
    said = shop.say("records", "stock")
    said.expect(0, "Only the first 50 are shown; --limit shows more.")
    shop.say("records", "stock", "poplin-shirt Navy S").expect(0, LABEL, "sent", "500 (2026-11-02 09:00)")
    held = shop.say("records", "stock", "--state", "held", "--json")
    assert (len(held.json), {one["state"] for one in held.json}) == (15, {"held"})
    assert {one["sent"] for one in held.json} == {False}
    assert all(one["reason"] == "unknown_item" and one["fix"] for one in held.json)


def test_records_of_nothing_says_so(shop: House) -> None:
    """Neither a name that is not there nor a state nobody is in is an error."""
    shop.say("run")
    shop.say("records", "stock", "velvet").expect(0, "has no record whose name has 'velvet' in it")
    shop.say("records", "stock", "--state", "held").expect(0, "Pipeline 'stock' has no record that is held.")
    assert shop.say("records", "stock", "--state", "held", "--json").json == []


def test_records_of_customers_are_not_personal(tmp_path: Path) -> None:
    """Of a customer only the name and the state are told."""
    with house(tmp_path, joor={"catalog": "none"}, zedonk={}) as opened:
        opened.pipe("customers", ZEDONK_CUSTOMERS)
        opened.say("run")
        opened.say("records", "customers", "C100").expect(0, "C100 Example Store Ltd", "pending")
        assert {one["sent"] for one in opened.say("records", "customers", "--json").json} <= {True, False}


# match


def test_match_tells_one_subject_and_writes_lists(tmp_path: Path) -> None:
    """`--only` narrows what is read, `--csv` writes a list of what to fix, `--json` answers machines."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        said = opened.say("match", "joor", "zedonk", "--only", "barcodes", "--csv", str(tmp_path / "fix"))
        said.expect(3, "Barcodes: 150 of 150 at joor are at zedonk (100.0 %); 14 only at zedonk.")
        assert "Account codes" not in said.text
        assert [path.name for path in (tmp_path / "fix").iterdir()] == ["barcodes.csv"]
        told = opened.say("match", "joor", "zedonk", "--only", "customers", "--json")
        assert (told.code, told.json["matches"], [one["subject"] for one in told.json["subjects"]]) == (
            3,
            False,
            ["customers"],
        )


def test_match_says_what_it_cannot_compare(tmp_path: Path) -> None:
    """A list one side cannot give is named, and the others are compared all the same."""
    with house(tmp_path, joor={}, zedonk={}) as opened:
        opened.connect("joor", customer_list=False)
        said = opened.say("match", "joor", "zedonk")
        said.expect(3, "joor cannot list customers; account codes are not compared.", "Barcodes: 150 of 150")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("joor", "joor"), "'joor' is compared with itself; name two connections"),
        (("joor", "shop"), "no connection is called 'shop'; there are: joor, zedonk"),
        (("joor", "zedonk", "--only", "shoes"), "'shoes' is not one of"),
    ],
    ids=["itself", "unknown", "subject"],
)
def test_match_refuses_what_makes_no_sense(zedonk: House, words: tuple[str, ...], told: str) -> None:
    """A mistake is told with what there is."""
    zedonk.say("match", *words).expect(2, told)


def test_match_goes_on_when_one_list_cannot_be_read(zedonk: House) -> None:
    """When one side fails in one list, that is said with exit code 4, and what could be read is compared."""
    zedonk.doors["joor"].faults.append(Fault("customers.read", "answer_before", times=99, response=Response(500)))
    said = zedonk.say("match", "joor", "zedonk")
    said.expect(4, "account codes are not compared", "Barcodes: 150 of 150", "Whether it is safe to start cannot be")


# Mistakes


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "stock", "--since", "2026-01-01"), "--since is for pipelines of orders; 'stock' moves inventory"),
        (("run", "stock", "--order", "9"), "--order is for pipelines of orders; 'stock' moves inventory"),
        (("run", "orders", "--allow-drop"), "--allow-drop is for pipelines of inventory, catalog, customers"),
        (("run", "shoes"), "no pipeline is called 'shoes'; there are: orders, stock"),
        (("plan",), "say which pipeline; there are: orders, stock"),
        (("records", "orders"), "moves orders; `orderweft orders list` lists them"),
        (("records", "stock"), "does not exist yet: no pipeline of"),
        (("records", "stock", "--state", "lost"), "'lost' is not one of"),
        (("run", "stock", "--limit", "0"), "0 is not in the range x>=1"),
        (("plan", "stock", "--csv", "/nowhere/at/all.csv"), "/nowhere/at/all.csv cannot be used"),
        (("run", "stock", "--csv", "all.csv"), "--csv writes what would be done; it goes with --dry-run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistyped_command_is_told(shop: House, words: tuple[str, ...], told: str) -> None:
    """What does not go together is refused in one sentence, with exit code 2 and before anything is read."""
    shop.pipe("orders", ORDERS, destination="shop")
    shop.say(*words).expect(2, told)
    assert shop.written() == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"map": {"item.barcod": "x"}}, "a stock level has no field item.barcod; did you mean 'barcode'?"),
        ({"map": {"item.barcode": "{{ stock.sku }}"}}, "there is nothing called 'stock' here; there is stock_level"),
        ({"skip": [{"when": "stock_level.qty < 1", "reason": "none"}]}, "stock_level has no field 'qty'"),
        ({"write_mode": "replace"}, "write_mode"),
        ({"guard": {"zeroed_percent": 120}}, "zeroed_percent"),
        ({"guard": {"zero_percent": 12}}, "zero_percent"),
        ({"schedule": "1m"}, "schedule"),
        ({"moves": "stock"}, "moves"),
        ({"destination_options": {"warehous": "Default"}}, "warehous"),
        ({"source_options": {"shop": "other"}}, "shop"),
        ({"source": "shoop"}, "'shoop'"),
        ({"moves": "shipments", "destination": "shop"}, "shopify cannot take shipments"),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else "",
)
def test_a_mistake_in_the_file_is_told_with_its_place(shop: House, change: Mapping[str, Any], told: str) -> None:
    """A mistake in a pipeline of stock is told by file and line before anything is read."""
    shop.pipe("stock", **change)
    said = shop.say("run")
    said.expect(2, told, f"{shop.config}:")
    assert shop.shop.requests == 0


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({**SHOP_STYLES, "write_mode": "overwrite"}, "write_mode is for inventory; this pipeline moves catalog"),
        ({**ORDERS, "destination": "shop", "guard": {"few": 1}}, "guard is for inventory, catalog, customers and"),
    ],
    ids=["write_mode", "guard"],
)
def test_settings_of_another_kind_are_told(shop: House, table: Mapping[str, Any], told: str) -> None:
    """What a pipeline of this kind cannot have is refused by name."""
    shop.pipe("stock", table)
    shop.say("check", "--offline").expect(2, told)


@pytest.mark.parametrize("command", ["run", "plan", "check"])
def test_a_season_that_is_misspelt_is_told_with_those_there_are(zedonk: House, command: str) -> None:
    """A season Zedonk does not have stops the pipeline, and JOOR is not touched."""
    zedonk.pipe("stock", source_options={"stock_seasons": ["Spring Sumer 2027"]})
    zedonk.say(command).expect(2, "zedonk: stock_seasons: Zedonk has no", "'Spring Sumer 2027'", "Spring Summer 2027")
    assert zedonk.written() == 0


def test_an_export_that_is_missing_or_old_is_told_by_name(zedonk: House) -> None:
    """Nothing is done with an export that is not there or older than the settings allow."""
    zedonk.clock.sleep(8 * 86_400)
    zedonk.say("run").expect(4, "zedonk", "inventory", "max_age_hours")
    zedonk.zedonk.work()
    for path in zedonk.zedonk.exports("inventory"):
        path.unlink()
    zedonk.say("run").expect(4, "zedonk", "inventory")
    assert zedonk.written() == 0


@pytest.mark.parametrize(
    ("settings", "code", "told"),
    [
        ({"password": "wrong"}, 4, "zedonk: "),
        ({"host_key": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}, 2, "is not the pinned one"),
    ],
    ids=["password", "host key"],
)
def test_an_sftp_server_that_is_not_to_be_trusted_is_told(
    tmp_path: Path, settings: dict[str, str], code: int, told: str
) -> None:
    """A refused password or another host key ends the run before anything is sent, and says what to check."""
    with house(tmp_path, joor={}, zedonk={}, sftp=True) as opened:
        opened.pipe("stock", ZEDONK_STOCK)
        opened.connect("zedonk", **settings)
        opened.say("run").expect(code, told)
        assert opened.written() == 0


def test_products_that_need_a_name_for_their_price_are_held_with_what_to_do(tmp_path: Path) -> None:
    """A price list JOOR does not have holds the product, and JOOR's own names for the currency are told."""
    with house(tmp_path, joor={"catalog": "none"}, zedonk={}) as opened:
        opened.pipe("styles", ZEDONK_STYLES)
        opened.pipe("styles", map={"prices.*.label": None, "colors.*.prices.*.label": None})
        said = opened.say("run", "--json")
        assert said.code == 3
        messages = {one["message"] for one in said.json["holds"]}
        assert any("in GBP it has 'GBP Wholesale'" in message for message in messages), messages


# Rehearsing


@pytest.mark.parametrize(
    ("example", "pipeline"),
    [("stock", "stock"), ("zedonk", "stock"), ("zedonk", "customers")],
    ids=["from a shop", "from Zedonk", "customers"],
)
def test_the_examples_can_be_rehearsed(example: str, pipeline: str) -> None:
    """A pipeline of the examples runs twice against simulators, without credentials, and sends nothing twice."""
    file = Path(__file__).parent.parent / "examples" / f"{example}.toml"
    said = orderweft("--config", str(file), "rehearse", pipeline, "--lose-answers", "1", "--json")
    assert said.code in (0, 3), said.text
    first, second = said.json["first"], said.json["second"]
    assert first["counts"]["written"] + first["counts"].get("pending", 0) > 0
    assert second["counts"]["written"] == 0
    assert not file.with_name("orderweft.db").exists()
