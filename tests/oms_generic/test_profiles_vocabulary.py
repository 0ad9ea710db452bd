"""What a profile can say is said by one that comes with the plugin; and what reading by one costs."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from orderweft_oms_generic.profiles.loading import bundled, load_profile
from orderweft_oms_generic.profiles.model import Class, Delivering, Profile
from orderweft_oms_generic.profiles.places import calls_of, readings_of
from orderweft_oms_generic.profiles.tree import TYPES


def test_every_feature_is_used_by_a_bundled_profile() -> None:
    """What a profile can say is more than theory."""
    profiles = [load_profile(name) for name in bundled()]
    auths = {auth.kind for one in profiles for auth in one.auth.values()}
    assert auths == {"headers", "basic", "bearer", "client_credentials", "jwt_assertion", "oauth1"}
    pagings = {paging.kind for one in profiles for paging in one.paging.values()}
    assert pagings == {"page", "offset", "cursor", "next_link", "header_json", "id_after"}
    writes = {one.orders.write for one in profiles if one.orders}
    assert writes == {"upsert_path", "server_rejects", "header", "find_first", "file_name"}
    lines = {form.lines for one in profiles for form in one.formats.values()}
    assert lines == {"row_per_line_repeat", "row_per_line_sparse", "row_per_order", "header_detail"}
    forms = [form for one in profiles for form in one.formats.values()]
    assert {form.kind for form in forms} == {"csv", "json", "xml"}
    assert {form.header for form in forms} == {True, False}
    dialects = {(form.delimiter, form.quote, form.line_end, form.encoding) for form in forms if form.kind == "csv"}
    assert dialects == {
        (",", '"', "\r\n", "utf-8"), (";", '"', "\r\n", "cp1252"), ("\t", "", "\n", "utf-8"),
    }  # fmt: skip
    assert {budget.kind for one in profiles for budget in one.budgets.values()} == {"bucket", "window"}
    assert {one.id: one.in_flight for one in profiles if one.in_flight > 1} == {"netsuite": 2}
    modes = {mode for one in profiles if one.inventory.write for mode in one.inventory.write.modes}
    assert modes == {"update", "overwrite"}


def test_every_word_of_a_profile_is_used_by_a_bundled_one() -> None:
    """So are its types, what answers mean, and all that comes before and after the writing of an order."""
    texts = {name: file.read_text(encoding="utf-8") for name, file in bundled().items()}
    profiles = {name: load_profile(name) for name in texts}
    assert set(re.findall(r"\$type: (\w+)", "".join(texts.values()))) == set(TYPES)
    rules = [rule for one in profiles.values() for place in calls_of(one) for rule in place.call.rules]
    rules += [rule for one in profiles.values() for rule in one.rules]
    assert {rule.is_ for rule in rules} == set(get_args(Class))

    def users(uses: Callable[[Profile], object]) -> set[str]:
        return {name for name, one in profiles.items() if uses(one)}

    def of_orders(uses: Callable[[Delivering], object]) -> set[str]:
        return users(lambda one: one.orders and uses(one.orders))

    assert users(lambda one: one.maps) >= {"order_desk", "netsuite", "files_json"}
    assert of_orders(lambda orders: orders.lookups) >= {"netsuite", "tradegecko"}
    assert of_orders(lambda orders: any(one.create for one in orders.lookups.values())) == {"tradegecko"}
    assert of_orders(lambda orders: len(orders.steps) > 1) >= {"rest_oauth", "tradegecko"}
    assert of_orders(lambda orders: orders.update and orders.cancel)
    assert of_orders(lambda orders: orders.file and orders.file.answer) >= {"files_json", "files_xml"}
    assert users(lambda one: len(one.auth) > 1) == {"cartrover", "netsuite"}
    assert users(lambda one: one.sign_in) == {"netsuite"}
    stock = {name: one.inventory.read for name, one in profiles.items() if one.inventory.read}
    assert {name for name, one in stock.items() if one.rows.skip} >= {"netsuite", "skubana"}
    assert {name for name, one in stock.items() if one.rows.children} == {"tradegecko"}
    assert "subtract_locked" in profiles["skubana"].settings
    assert profiles["netsuite"].settings["stock"].choices == ("available", "on_hand")
    readings = [reading for one in profiles.values() for _, reading in readings_of(one).values()]
    assert {reading.complete for reading in readings} == {True, False}
    assert any(reading.window for reading in readings)
    assert any(reading.rows.group for reading in readings)


@pytest.mark.parametrize("case", ["csv", "rest"])
def test_what_reading_costs_can_be_measured(capsys: pytest.CaptureFixture[str], case: str) -> None:
    """The benchmark reads every row of either way, and prints its figures."""
    runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "oms.py"))["measure"](case, 200)
    assert re.search(r"200 rows, .* rows/s, peak \d+ MiB", capsys.readouterr().out)
