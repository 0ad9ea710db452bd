"""Erasing one customer: what quotes them is blanked, and what the ledger works with stays as it is."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from orderweft import Accepted, Page, Receipt, Unknown
from orderweft.cli import main
from orderweft.ledger import Ledger, Route
from orderweft.ledger.alerts import Telling, intend, settle_taken
from orderweft.ledger.erase import QUOTING, REMARKING, erase, trace
from orderweft.ledger.store import LEASE
from orderweft.testing import FakeClock

from .memory import fetched, order

WORKING = {
    "_sqlite_migrations": "migration_set name applied_at",
    "runs": "pipeline started_at ended_at result counts",
    "claims": "pipeline holder expires_at",
    "bookmarks": "pipeline bookmark moved_at",
    "spool": "pipeline put_at",
    "accounts": "connection identity",
    "orders": "pipeline id number source destination state reason fingerprint config retry_at receipt_id"
    " receipt_number receipt first_seen changed_at purged_at erased_at",
    "revisions": "pipeline id fingerprint seen_at payload record",
    "attempts": "destination key pipeline id started_at ended_at outcome receipt",
    "acknowledgements": "pipeline id number reason receipt changed_at",
    "entries": "pipeline key state sent mark offered trying target item reason config retry_at receipt sent_at"
    " changed_at",
    "tallies": "pipeline state",
    "actions": "pipeline id done_at what key receipt_number",
    "alerts": "alert pipeline kind about reason told_at tried_at",
    "alert_channels": "alert sent_at failed_at",
    "exchanges": "pipeline connection step started_at method",
    "exchange_orders": "pipeline id",
    "mapped": "pipeline id mapped_at record",
    "changes": "pipeline id state seen_at reason retry_at config started_at ended_at outcome",
}
"""Columns of text that are not looked through: the ledger works with them, or they go with their record."""


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock on the twelfth month's fifth."""
    return FakeClock(datetime(2026, 12, 5, 9, tzinfo=UTC))


def deliver(ledger: Ledger, number: int, customer: dict[str, str], receipt: Receipt | None) -> None:
    """Deliver an order of a customer; without a receipt nobody knows whether it arrived."""
    with ledger.claimed("orders") as claim:
        book = ledger.book(Route("orders", "wholesale", "shop", "1"), claim, run := ledger.start_run(claim))
        staged = book.stage(Page((fetched(order(number, customer=customer)),), "mark"))
        intents, _ = book.intend([(one, f"wholesale:{one.id}") for one in staged])
        answer = Unknown(message="no answer") if receipt is None else Accepted(receipt=receipt)
        book.settle([(intent, answer) for intent in intents])
        ledger.end_run(run, "done", {})


def working(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the ledger works with of everybody but the first order."""
    return {
        table: [
            tuple(row)
            for row in ledger.rows(
                f"SELECT {', '.join(columns.split())} FROM {table}{' WHERE id <> 1' if 'id' in columns.split() else ''}"
            )
        ]
        for table, columns in WORKING.items()
        if table != "claims"
    }


@pytest.mark.parametrize(
    "customer",
    [
        pytest.param({"account_code": "12", "name": "Twelve Ltd"}, id="a number that is part of dates"),
        pytest.param({"account_code": "AC1", "name": "Unknown"}, id="a name that is an outcome"),
        pytest.param({"account_code": "order", "name": "Run"}, id="words of the ledger"),
        pytest.param({"account_code": "7000012", "name": "Seven"}, id="a number that is another one's id"),
    ],
)
def test_nothing_the_ledger_works_with_is_rewritten(ledger: Ledger, clock: FakeClock, customer: dict[str, str]) -> None:
    """Moments, outcomes, receipts and ids of everybody else are as before, and what is in doubt is still looked up."""
    at = clock.now()
    deliver(ledger, 1, customer, Receipt(id="501", at=at))
    deliver(ledger, 2, {"account_code": "C2"}, Receipt(id="gid://shopify/Order/12", number="7000012", at=at))
    deliver(ledger, 3, {"account_code": "C3"}, None)
    told = Telling("order", "12", "no_stock", urgent=False)
    settle_taken(ledger, "ops", [(intend(ledger, "ops", "orders", [told])[0], told)], [])
    before = working(ledger)
    found = trace(ledger, customer["account_code"])
    assert found.orders.keys() == {("orders", "1")}
    erase(ledger, found)
    assert working(ledger) == before
    with ledger.claimed("orders") as claim:
        book = ledger.book(Route("orders", "wholesale", "shop", "1"), claim, ledger.start_run(claim))
        assert [intent.id for intent in book.unsettled()] == ["3"]


def test_remarks_and_alerts_that_quote_the_customer_are_blanked(ledger: Ledger, clock: FakeClock) -> None:
    """The rest of the receipt stays, and an alert of a record that is the customer goes."""
    deliver(ledger, 1, {"account_code": "AC1", "name": "Jane Roe"}, Receipt(id="501"))
    deliver(
        ledger, 2, {"account_code": "C2"}, Receipt(id="Jane Roe", remarks=("as for Jane Roe", "well"), at=clock.now())
    )
    tellings = [("record", "code:AC1"), ("run", "the shop refuses Jane Roe"), ("run", "the shop is closed")]
    intend(ledger, "ops", "orders", [Telling(kind, about, "refused", urgent=False) for kind, about in tellings])  # type: ignore[arg-type]
    erase(ledger, trace(ledger, "AC1"))
    for table in ("orders", "attempts"):
        (row,) = ledger.rows(f"SELECT receipt FROM {table} WHERE id = '2'")
        receipt = Receipt.model_validate_json(row["receipt"])
        assert receipt == Receipt(id="Jane Roe", remarks=("as for [erased]", "well"), at=clock.now())
    assert [row["about"] for row in ledger.rows("SELECT about FROM alerts")] == ["the shop is closed"]


def test_orders_of_others_with_the_same_address_are_named(ledger: Ledger, path: Path) -> None:
    """They are left alone, and the command says which they are and what removes them too."""
    deliver(ledger, 1, {"account_code": "AC1", "name": "Jane Roe", "email": "jane@roe.example"}, Receipt(id="501"))
    deliver(ledger, 2, {"account_code": "C2", "email": "Jane@roe.example"}, Receipt(id="502"))
    deliver(ledger, 3, {"account_code": "C3", "email": "john@roe.example"}, Receipt(id="503"))
    [other] = trace(ledger, "AC1").others
    ledger.close()
    (path.parent / "orderweft.toml").write_text("")
    words = ["--config", str(path.parent / "orderweft.toml"), "erase", "--customer", "AC1", "--dry-run"]
    told = CliRunner().invoke(main, words).stderr
    assert f"one of the same e-mail addresses: {other};" in told


def test_a_short_number_is_not_looked_for_in_what_nobody_can_read(ledger: Ledger) -> None:
    """Orders of others that could not be read are not taken for the customer's; a purged one is known by its code."""
    deliver(ledger, 1, {"account_code": "12", "name": "Twelve"}, Receipt(id="1"))
    deliver(ledger, 2, {"account_code": "34", "name": "Shop 12"}, Receipt(id="2"))
    ledger.rows("UPDATE revisions SET record = NULL, payload = ?", [json.dumps({"date": "2026-12-05"})])
    assert trace(ledger, "12").orders.keys() == {("orders", "1")}


def test_every_column_of_text_was_decided_about(ledger: Ledger) -> None:
    """A new one is either free text, and looked through for names, or the ledger works with it."""
    there = {
        (table["name"], column["name"])
        for table in ledger.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for column in ledger.rows(f'PRAGMA table_info("{table["name"]}")')
        if column["type"] == "TEXT"
    }
    free = {(table, name) for table, columns in QUOTING.items() for name in columns}
    kept = {(table, name) for table, columns in WORKING.items() for name in columns.split()}
    assert not free & kept
    assert free | kept == there
    assert set(REMARKING) == {table for table, name in there if name == "receipt"}


class Hesitant(io.BytesIO):
    """A person who says yes after a run has come and gone."""

    def __init__(self, ledger: Ledger, clock: FakeClock) -> None:
        super().__init__(b"y\n")
        self.ledger, self.clock = ledger, clock

    def read1(self, size: int | None = -1, /) -> bytes:
        """Answer late."""
        self.clock.sleep(2 * LEASE.total_seconds())
        with self.ledger.claimed("orders"):
            pass
        return super().read1(size)


@pytest.mark.parametrize(
    "words", [["erase", "--customer", "AC1"], ["purge", "--older-than", "1d"]], ids=lambda words: words[0]
)
def test_a_late_answer_removes_nothing_a_run_may_have_used(
    ledger: Ledger, path: Path, clock: FakeClock, words: list[str]
) -> None:
    """Both commands make sure after their question that no run came in between."""
    deliver(ledger, 1, {"account_code": "AC1", "name": "Jane Roe"}, Receipt(id="501"))
    clock.sleep(3 * 24 * 3600)
    config = path.with_name("orderweft.toml")
    config.write_text("")
    said = CliRunner().invoke(main, ["--config", str(config), *words], obj=clock, input=Hesitant(ledger, clock))
    assert "'orders' has run meanwhile; nothing was removed" in said.output
    assert said.exit_code != 0
    assert ledger.rows("SELECT 1 FROM revisions WHERE record IS NOT NULL")
