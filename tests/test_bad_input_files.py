"""Whatever is wrong with an exchanged file, no row gets lost in silence and no order is forgotten."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import orderweft_oms_generic as oms
import orderweft_zedonk as zedonk
import pytest
from hypothesis import given
from orderweft import Connection, Http, Refused
from orderweft.testing import FakeClock, brand
from orderweft_zedonk.simulator import Simulator

from .oms_generic.test_files_profiles import ANSWER, KEY, WRITTEN, connected, hand_over
from .strategies import bad_input, chances, spoiled_file
from .test_bad_input_channels import ALLOWED, ORDERS, SEASONS, kept

KEYS = [delivery.key for delivery in ORDERS]


def warnings(pages: Sequence[Any]) -> tuple[str, ...]:
    """Return what the pages tell besides their records."""
    return tuple(warning for page in pages for warning in page.warnings)


def check_nothing_is_lost(pages: list[Any], expected: list[Any]) -> None:
    """Fail when less was read than there is and nobody is told, or when nothing seems to be all there is."""
    if kept(pages) < kept(expected):
        assert not pages[-1].complete or warnings(pages) != warnings(expected)
    assert kept(pages) or not pages[-1].complete


# Zedonk


def tenant(folder: Path) -> Connection[zedonk.Settings]:
    """Return a connection to the tenant whose files are in *folder*."""
    settings = zedonk.Settings.model_validate({
        "folder": str(folder), "price_seasons": SEASONS, "price_lists": ["Wholesale"], "stock_seasons": SEASONS,
        "include_future_ats": True, "import_season": SEASONS[0], "order_owner": "jane",
    })  # fmt: skip
    return Connection("zedonk", "zedonk", settings, cast(Http, None), FakeClock())


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a tenant that has taken three orders and exported everything since."""
    folder = tmp_path_factory.mktemp("zedonk")
    simulator = Simulator(clock=FakeClock(), folder=folder)
    assert {outcome.outcome for outcome in zedonk.deliver_orders(tenant(folder), ORDERS)} == {"accepted"}
    simulator.work()
    shutil.rmtree(folder / "images")
    return folder


def copied(exports: Path, folder: Path, place: str, chance: random.Random) -> Connection[zedonk.Settings]:
    """Return a connection to a copy whose one file in *place* is spoiled."""
    shutil.copytree(exports, folder, dirs_exist_ok=True)
    file = chance.choice(sorted((folder / place).iterdir()))
    file.write_bytes(spoiled_file(file.read_bytes(), chance))
    return tenant(folder)


READ = {
    "inventory": "read_inventory", "future_inventory": "read_inventory", "seasons": "read_catalog",
    "products": "read_catalog", "prices": "read_catalog", "customers": "read_customers",
    "addresses": "read_customers", "contacts": "read_customers",
}  # fmt: skip


@pytest.mark.parametrize("dataset", READ)
@bad_input
@given(chances)
def test_a_spoiled_export_of_zedonk_loses_nothing(
    exports: Path, tmp_path_factory: pytest.TempPathFactory, dataset: str, chance: random.Random
) -> None:
    """Each row is read or told of, or the reading fails with an error that the host knows."""
    read = getattr(zedonk, READ[dataset])
    connection = copied(exports, tmp_path_factory.mktemp("spoiled"), f"out/{dataset}", chance)
    try:
        pages = list(read(connection))
    except ALLOWED:
        return
    check_nothing_is_lost(pages, list(read(tenant(exports))))


@pytest.mark.parametrize("dataset", ["seasons", "users", "products", "customers", "addresses", "prices"])
@bad_input
@given(chances)
def test_orders_are_checked_against_a_spoiled_export(
    exports: Path, tmp_path_factory: pytest.TempPathFactory, dataset: str, chance: random.Random
) -> None:
    """Each order has an outcome, and a file that was handed over has all its lines."""
    folder = tmp_path_factory.mktemp("spoiled")
    connection = copied(exports, folder, f"out/{dataset}", chance)
    for place in ("done", "results", "out/order_status"):
        shutil.rmtree(folder / place)
    try:
        outcomes = zedonk.deliver_orders(connection, ORDERS)
    except ALLOWED:
        return
    assert len(outcomes) == len(ORDERS)
    taken = [outcome for outcome in outcomes if outcome.outcome == "accepted"]
    files = sorted((folder / "in" / "orders").glob("*.csv"))
    assert len(files) == len(taken)
    assert all(len(file.read_text("utf-8-sig").splitlines()) == 3 for file in files)


@pytest.mark.parametrize("place", ["results", "done", "out/order_status"])
@bad_input
@given(chances)
def test_an_order_zedonk_has_is_not_forgotten(
    exports: Path, tmp_path_factory: pytest.TempPathFactory, place: str, chance: random.Random
) -> None:
    """Whatever the result, the export of orders or the file itself says, the order would not be handed over again."""
    connection = copied(exports, tmp_path_factory.mktemp("spoiled"), place, chance)
    try:
        found = zedonk.find_orders(connection, KEYS)
    except ALLOWED:
        return
    assert set(found) == set(KEYS)


# an OMS

STOCK = [{"sku": sku.sku, "upc": sku.barcode, "warehouse": "MAIN", "n": 7 + number, "as_of": "2026-11-02T08:00:00Z"}
         for number, sku in enumerate(brand.skus()[:5])]  # fmt: skip
LEVEL = "<level><sku>{sku}</sku><upc>{upc}</upc><quantity>{n}</quantity><as_of>{as_of}</as_of></level>\n"
FILES = {
    "csv": "sku,upc,warehouse,qty_available,as_of\n" + "".join(
        "{sku},{upc},{warehouse},{n},{as_of}\n".format(**row) for row in STOCK),
    "json": json.dumps({"stock": [{("quantity" if name == "n" else name): value for name, value in row.items()}
                                  for row in STOCK]}),
    "xml": "<stock>\n" + "".join(LEVEL.format(**row) for row in STOCK) + "</stock>\n",
}  # fmt: skip


def put(file: Path, data: bytes) -> None:
    """Write a file as of now."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    os.utime(file, (FakeClock().now().timestamp(),) * 2)


@pytest.mark.parametrize("kind", FILES)
@bad_input
@given(chances)
def test_spoiled_stock_of_an_oms_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, kind: str, chance: random.Random
) -> None:
    """Each row is read or told of, or the reading fails and the file lies where a person finds it."""
    folder = tmp_path_factory.mktemp("stock")
    spoiled = spoiled_file(FILES[kind].encode(), chance)
    put(folder / "stock" / f"now.{kind}", spoiled)
    try:
        pages = list(oms.read_inventory(connected(str(folder), kind)))
    except ALLOWED:
        pages = []
    assert [file.read_bytes() for file in folder.rglob("now.*")] == [spoiled]
    assert not pages or kept(pages) >= len(STOCK) or not pages[-1].complete


@pytest.mark.parametrize("kind", ANSWER)
@bad_input
@given(chances)
def test_a_spoiled_answer_of_an_oms_changes_no_word(
    tmp_path_factory: pytest.TempPathFactory, kind: str, chance: random.Random
) -> None:
    """A refusal may be unreadable, but it never counts as taken, and the order is not forgotten."""
    folder = tmp_path_factory.mktemp("answer")
    connection = connected(str(folder), kind)
    hand_over(connection)
    spoiled = spoiled_file(ANSWER[kind].format(WRITTEN, "Rejected").encode(), chance)
    put(folder / "answers" / f"now.{kind}", spoiled)
    try:
        found = oms.find_orders(connection, [KEY])[KEY]
    except ALLOWED:
        found = None
    assert [file.read_bytes() for file in (folder / "answers").rglob("now.*")] == [spoiled]
    assert found is None or isinstance(found, Refused) or found.pending
