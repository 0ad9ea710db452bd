"""What was said about each order can be read afterwards: whole, without secrets, and no longer than wanted."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from orderweft.clock import SystemClock
from orderweft.http import Http
from orderweft.journal import LONGEST, MANY, Journal
from orderweft.ledger import Store
from orderweft.scope import carried, current, within
from orderweft.simulation import Fault
from orderweft.testing import FakeClock, brand
from orderweft.wire import Request, Response

from . import canary
from .conftest import OpenScene
from .scenarios import Scene

BUYER = brand.buyers()[0]
MAP = '[pipelines.orders.map]\nnote = "{{ order.number }} by {{ order.customer.account_code }}"\n'


def rows(folder: Path, sql: str) -> list[dict[str, Any]]:
    """Return rows of the ledger in *folder*."""
    with closing(sqlite3.connect(folder / "orderweft.db")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(sql)]


def said(opened: Scene, number: int) -> list[dict[str, Any]]:
    """Return the exchanges the journal has of an order."""
    [told] = opened.say("orders", "show", str(number), "--json", private=True).json
    exchanges: list[dict[str, Any]] = told["exchanges"]
    return exchanges


def test_an_order_tells_its_whole_story_on_one_page(open_scene: OpenScene) -> None:
    """Received, mapped, asked, sent and how long that took, acknowledged: in this order; payloads when asked for."""
    opened = open_scene(1)
    opened.configure(MAP)
    opened.watchers.append(lambda *call: opened.wait(2) if call == ("before", "CreateOrder") else None)
    opened.say("run").expect(0)
    page = opened.say("orders", "show", "9000001")
    story = [
        "seen for the first time", "mapped (revision 1)", "set by templates: note", "sent under key joor:9000001",
        "shop told: POST", "answer: accepted", "joor told: POST /v4/orders/bulk_update", "source told",
    ]  # fmt: skip
    assert sorted(story, key=page.text.index) == story
    assert page.text.count("2.00 s") == 2
    assert [one["seconds"] for one in said(opened, 9_000_001) if '"CreateOrder"' in one["request"]] == [2.0]
    whole = opened.say("orders", "show", "9000001", "--payloads", private=True).out
    assert BUYER.email in whole
    assert '"note": "9000001 by C100"' in whole
    assert '"operationName": "CreateOrder"' in whole
    assert canary.SECRET not in whole


def test_each_order_has_its_own_exchanges(open_scene: OpenScene) -> None:
    """Orders sent side by side are kept apart: what creates one is told of that one alone."""
    opened = open_scene(6)
    opened.say("run").expect(0)
    for number in opened.delivered:
        created = [one["request"] for one in said(opened, number) if '"CreateOrder"' in one["request"]]
        assert len(created) == 1
        assert f"joor:{number}" in created[0]


def test_a_lost_answer_and_the_look_up_are_told(open_scene: OpenScene) -> None:
    """An exchange without an answer says so, and the look-up after it belongs to the same order."""
    opened = open_scene(1)
    opened.shop_door.faults.append(Fault("CreateOrder", "timeout_after"))
    opened.say("run").expect(0)
    exchanges = said(opened, 9_000_001)
    lost = next(one for one in exchanges if '"CreateOrder"' in one["request"])
    assert (lost["status"], lost["response"], lost["is_write"], lost["step"]) == (None, None, 1, "send")
    assert "gave no complete answer" in lost["error"]
    assert any(one["step"] == "settle" and one["status"] == 200 for one in exchanges)
    assert "gave no complete answer" in opened.say("orders", "show", "9000001").text


@pytest.mark.parametrize(
    ("kept", "steps"),
    [
        pytest.param("none", set(), id="none"),
        pytest.param("writes", {"send", "acknowledge"}, id="writes"),
        pytest.param("all", {"fetch", "send", "acknowledge"}, id="all"),
    ],
)
def test_as_much_is_kept_as_wanted(open_scene: OpenScene, kept: str, steps: set[str]) -> None:
    """Nothing, what concerns single orders, or what was read too; a dry run leaves nothing behind."""
    opened = open_scene(2)
    opened.configure(f'{MAP}[journal]\nexchanges = "{kept}"\n')
    opened.say("run", "--dry-run").expect(0)
    opened.say("run").expect(0)
    assert {row["step"] for row in rows(opened.folder, "SELECT DISTINCT step FROM exchanges")} == steps
    assert bool(rows(opened.folder, "SELECT * FROM mapped")) == (kept != "none")


def test_mistakes_in_the_table_are_told_with_their_lines(open_scene: OpenScene) -> None:
    """A wrong word, a wrong number and an unknown key are told like any other mistake."""
    opened = open_scene()
    opened.configure('[journal]\nexchanges = "some"\ndays = 0\nday = 1\n')
    told = opened.say("check", "--offline")
    told.expect(2, "journal.exchanges: should be 'writes', 'all' or 'none'", "journal.days:", "did you mean 'days'?")


def test_a_purge_empties_the_journal_after_its_own_days(open_scene: OpenScene) -> None:
    """What was said goes after `days`, though the order keeps its contents; with its contents it goes at once."""
    opened = open_scene(2)
    opened.configure("[journal]\ndays = 10\n")
    opened.say("run", "--limit", "1").expect(0)
    opened.wait(11 * 86_400)
    opened.say("run").expect(0)
    opened.say("purge", "--older-than", "90d", "--dry-run").expect(0, "would leave the journal")
    assert said(opened, 9_000_001)
    opened.say("purge", "--older-than", "90d", "--yes").expect(0, "0 orders", "leave the journal", "Removed.")
    assert said(opened, 9_000_001) == []
    assert said(opened, 9_000_002)
    opened.wait(5 * 86_400)
    opened.say("purge", "--older-than", "1d", "--yes").expect(0, "2 orders")
    assert rows(opened.folder, "SELECT * FROM exchanges") == rows(opened.folder, "SELECT * FROM exchange_orders") == []


# the journal itself


def answering(clock: FakeClock, journal: Journal, body: bytes = b"yes") -> Http:
    """Open a client whose exchanges *journal* hears."""
    return Http(
        "https://shop.example", clock=clock, handler=lambda request: Response(200, {}, body),
        secrets=["s3cret"], on_exchange=journal.listener(),
    )  # fmt: skip


def test_what_is_kept_is_written_many_at_a_time(tmp_path: Path) -> None:
    """A transaction takes a hundred exchanges; the end of a run takes the rest; without a scope nothing is heard."""
    clock, store = FakeClock(), Store(tmp_path / "orderweft.db", FakeClock())
    journal = Journal(store, clock, "writes")
    http = answering(clock, journal)
    http.write("POST", "sum")
    with within("run", pipeline="orders", run=7), journal.about("send", "shop", [("1", "one")]):
        for _ in range(MANY - 1):
            http.write("POST", "sum", body=b"s3cret")
    journal.flush()
    assert store.rows("SELECT * FROM exchanges") == []
    with within("run", pipeline="orders", run=7), journal.about("send", "shop", [("2", "two")]):
        http.write("POST", "sum")
    journal.flush()
    [(many, run, request)] = [
        tuple(row) for row in store.rows("SELECT count(*), run, max(request) FROM exchanges GROUP BY run")
    ]
    assert (many, run, request) == (MANY, 7, "***")
    assert len(store.rows("SELECT * FROM exchange_orders WHERE id = '2'")) == 1
    store.close()


def test_long_bodies_are_cut(tmp_path: Path) -> None:
    """A body of a megabyte takes no more room than its beginning, and says how long it was."""
    clock, store = FakeClock(), Store(tmp_path / "orderweft.db", FakeClock())
    journal = Journal(store, clock, "all")
    with within("run", pipeline="orders", run=1), journal.about("fetch", "shop"):
        answering(clock, journal, b"a" * 2**20).read("GET", "sum")
    journal.flush(whole=True)
    [row] = store.rows("SELECT response FROM exchanges")
    assert row["response"] == "a" * LONGEST + "… (cut; 1048576 characters in all)"
    store.close()


def test_a_journal_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """It says once what is wrong, and keeps nothing more."""
    clock, store = FakeClock(), Store(tmp_path / "orderweft.db", FakeClock())
    journal = Journal(store, clock, "writes")
    with store.transaction() as db:
        db.execute("DROP TABLE exchanges")
    with journal.about("send", "shop", [("1", "1")]):
        answering(clock, journal).write("POST", "sum")
    journal.flush(whole=True)
    assert "no such table: exchanges" in (journal.problem or "")
    assert not journal.is_on
    store.close()


def test_a_thread_takes_over_what_it_is_given() -> None:
    """The scope is that of whoever handed the work over, and it ends with the block."""
    seen = []
    with within("run", pipeline="orders", run=3):
        work = carried(lambda: seen.append(current().run))
    work()
    assert (seen, current().run) == ([3], 0)


def test_a_token_learnt_in_a_sign_in_is_kept_out_of_it(tmp_path: Path) -> None:
    """The answer that brings a token is written after the token is known to be one, whatever its field is called."""
    store = Store(tmp_path / "orderweft.db", SystemClock())
    journal = Journal(store, FakeClock(), "writes")

    def sign_in(request: Request) -> Response:
        return Response.of_json({"session": "just-made"})

    http = Http("https://shop.example", clock=FakeClock(), handler=sign_in, on_exchange=journal.listener())
    with journal.about("send", "shop", [("1", "1")]):
        http.keep_secret(str(json.loads(http.read("POST", "login").body)["session"]))
        journal.flush(whole=True)
    journal.flush(whole=True)
    assert [json.loads(row["response"]) for row in store.rows("SELECT response FROM exchanges")] == [{"session": "***"}]
    store.close()
