"""Secrets and people's addresses stay where they belong, whatever fails, and leave when they are to."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from orderweft.simulation import Fault
from orderweft.testing import FakeClock, Faulty, SimulatorServer, brand
from orderweft.wire import Response
from orderweft_joor.simulator import Simulator as Joor
from orderweft_oms_generic.simulator.rehearsal import Rehearsed

from .conftest import OpenScene
from .houses import (
    CURRENT,
    ORDERS,
    SHOP_STOCK,
    SHOP_STYLES,
    ZEDONK_CUSTOMERS,
    House,
    house,
)
from .scenarios import SECRETS, Said, Scene

FOR_EVER = 10**6
BUYER = brand.buyers()[0]
PERSON = (BUYER.email, BUYER.phone, BUYER.line1, BUYER.buyer, BUYER.name, BUYER.line1.upper())
"""What tells who the first customer is; its code stays as the key of what was sent."""


class Ear:
    """Hears all that is said and logged, and knows what may not be in it."""

    def __init__(self, log: pytest.LogCaptureFixture) -> None:
        log.set_level(logging.DEBUG)
        self.log, self.said = log, list[Said]()

    def heard(self, said: Said) -> Said:
        """Take notice of what a command has said; however it fails, it is one of our own messages."""
        assert said.code in (0, 1, 2, 3, 4), said.text
        assert "Traceback" not in said.text
        self.said.append(said)
        return said

    def holds(self, secrets: set[str]) -> list[str]:
        """Return the secrets, and addresses of people, that were said or logged."""
        people = {part for one in brand.buyers() for part in (one.email, one.phone, one.line1, one.buyer)}
        text = "\n".join([self.log.text, *(said.out + said.err for said in self.said)])
        return sorted(part for part in secrets | people if part in text)


@pytest.fixture
def ear(caplog: pytest.LogCaptureFixture) -> Ear:
    """Give somebody who listens."""
    return Ear(caplog)


def echo(secrets: set[str], people: bool, status: int) -> Response:
    """Build an answer that repeats what it was sent, as proxies and debug pages do."""
    person = ", ".join((BUYER.email, BUYER.phone, BUYER.line1, BUYER.buyer)) if people else ""
    return Response.of_json({"message": f"{' '.join(secrets)} sent by {person}", "errors": ["not now"]}, status)


def secrets_of(*simulators: Any) -> set[str]:
    """Return the secrets of accounts."""
    return {
        str(text)
        for one in simulators
        for name, text in one.settings().items()
        if name in {*SECRETS, "key", "api_key"} and text
    }


def fails_every_way(opened: House | Scene, ear: Ear, pipeline: str, doors: list[Faulty]) -> None:
    """Run a pipeline while its channels answer nonsense, refuse, break off; then well; ask about everything."""
    people = "orders" in pipeline or "customers" in pipeline
    for door in doors:
        # the first calls are the sign-in's
        for first, status in ((1, 400), (3, 401), (4, 500)):
            door.calls.clear()
            door.faults[:] = [
                Fault("*", "answer_before", first, FOR_EVER, echo(secrets_of(door.simulator), people, status))
            ]
            ear.heard(opened.say("--log-level", "debug", "run", pipeline, "--json"))
        door.faults[:] = [Fault("*", "reset_mid_body", 4)]
        ear.heard(opened.say("--log-level", "debug", "--log-format", "human", "run", pipeline))
        door.faults.clear()
    for words in (
        ["run", pipeline], ["run", pipeline, "--dry-run", "--json"], ["runs", "--json"], ["doctor", "--json"],
        ["orders", "list", "--json"] if "orders" in pipeline else ["records", pipeline, "--json"],
    ):  # fmt: skip
        ear.heard(opened.say(*words))


def test_a_scene_of_joor_and_shopify_keeps_its_secrets(open_scene: OpenScene, ear: Ear) -> None:
    """Orders go from JOOR to Shopify through failures at both; nothing said or logged holds a secret or an address."""
    opened = open_scene(3)
    secrets = secrets_of(opened.joor, opened.shop)
    fails_every_way(opened, ear, "orders", [opened.joor_door, opened.shop_door])
    for order in (9000001, 9000002, 9000003):
        ear.heard(opened.say("orders", "why", str(order), "--json"))
    assert len(opened.delivered) == 3
    assert ear.holds(secrets) == []


@pytest.mark.parametrize(
    ("pipeline", "table"),
    [
        pytest.param("stock", SHOP_STOCK, id="stock"),
        pytest.param("styles", SHOP_STYLES, id="styles"),
        pytest.param("orders", {**ORDERS, "destination_options": {"import_season": CURRENT}}, id="orders as files"),
        pytest.param("customers", ZEDONK_CUSTOMERS, id="customers"),
    ],
)
def test_a_house_keeps_its_secrets(tmp_path: Path, ear: Ear, pipeline: str, table: dict[str, Any]) -> None:
    """So do stock, styles, customers, and orders handed over as files."""
    of_shop = table["source"] == "shop"
    with house(tmp_path, joor={"many": 3}, shop={} if of_shop else None, zedonk=None if of_shop else {}) as opened:
        opened.pipe(pipeline, table)
        secrets = secrets_of(*opened.simulators.values())
        fails_every_way(opened, ear, pipeline, list(opened.doors.values()))
        assert ear.holds(secrets) == []


def test_an_oms_keeps_its_secrets(tmp_path: Path, ear: Ear) -> None:
    """Order Desk's key goes with every call, and the customer's address in its body."""
    opened = House(tmp_path, FakeClock())
    joor, desk = Joor(clock=opened.clock, orders="none", many=3), Rehearsed(clock=opened.clock)
    doors = [Faulty(joor), Faulty(desk)]
    with SimulatorServer(doors[0]) as joor_server, SimulatorServer(doors[1]) as desk_server:
        opened.simulators |= {"joor": joor, "desk": desk}
        opened.connections["joor"] = {"channel": "joor", "base_url": joor_server.url, **joor.settings()}
        opened.connections["desk"] = {
            "channel": "oms_generic",
            "base_url": desk_server.url,
            "timeout": 2,
            **desk.settings(),
        }
        opened.pipe("orders", {"moves": "orders", "source": "joor", "destination": "desk"})
        secrets = secrets_of(joor, desk)
        fails_every_way(opened, ear, "orders", doors)
        assert ear.holds(secrets) == []


# letting go


def raw(folder: Path) -> bytes:
    """Return every byte of the ledger and the files beside it."""
    return b"".join(file.read_bytes() for file in folder.glob("orderweft.db*"))


def traces(folder: Path) -> list[str]:
    """Return what the files still tell of the first customer."""
    data = raw(folder)
    spelled = {text: (text, json.dumps(text)[1:-1]) for text in PERSON}
    return [text for text, forms in spelled.items() if any(form.encode() in data for form in forms)]


@pytest.fixture
def sold(open_scene: OpenScene) -> Scene:
    """Give a scene in which ten customers have ordered: some delivered, one refused, one left for later.

    Whatever is said to the channels is in the journal.
    """
    opened = open_scene(20)
    opened.configure('[journal]\nexchanges = "all"\n')
    opened.say("run", "--limit", "12")
    with closing(sqlite3.connect(opened.folder / "orderweft.db")) as db, db:
        db.execute("UPDATE runs SET message = ?", [f"the shop refuses {BUYER.email}; {BUYER.name.upper()} is unknown"])
        db.execute(
            "INSERT INTO spool (pipeline, payload, put_at) VALUES ('gone', ?, 'now')", [json.dumps({"a": PERSON})]
        )
        db.execute(
            "INSERT INTO entries (pipeline, key, label, state, sent, mark, target, receipt, changed_at, run) VALUES"
            " ('customers', 'code:C100', ?, 'sent', ?, '1', 't', '{}', 'now', 1)",
            [
                f"C100 {BUYER.name}",
                json.dumps(
                    {
                        "name": BUYER.name,
                        "account_code": "C100",
                        "contacts": [{"email": BUYER.email}],
                        "origin": {"connection": "z"},
                    }
                ),
            ],
        )
        db.execute(
            "INSERT INTO entries (pipeline, key, label, state, sent, mark, target, receipt, changed_at, run) VALUES"
            " ('parcels', 'id:1', 'parcel', 'sent', ?, '1', 't', '{}', 'now', 1)",
            [
                json.dumps(
                    {"order_id": "1", "order_key": "joor:9000001", "tracking_url": "https://parcels.example/c4n4ry"}
                )
            ],
        )
    return opened


def orders_of(opened: Scene, code: str) -> list[str]:
    """Return the orders of a customer that the ledger knows."""
    return sorted(
        order["number"]
        for order in opened.say("orders", "list", "--json", private=True).json["orders"]
        if (order["customer"] or "").startswith(code)
    )


@pytest.mark.parametrize("who", ["C100", BUYER.email.upper()], ids=["by code", "by address"])
def test_an_erased_customer_is_nowhere(sold: Scene, who: str) -> None:
    """No byte of any file tells who it was; numbers, receipts and everybody else's orders are as before."""
    assert traces(sold.folder)
    ours, theirs = orders_of(sold, "C100"), orders_of(sold, "C101")
    assert ours
    before = {row["number"]: row for row in sold.say("orders", "list", "--json", private=True).json["orders"]}
    listed = sold.say("erase", "--customer", who, "--dry-run")
    listed.expect(0, ", ".join(ours), "Nothing was changed.")
    assert traces(sold.folder)
    sold.say("erase", "--customer", who, "--yes").expect(0, "Removed.")
    assert traces(sold.folder) == []
    assert b"C100" not in raw(sold.folder)
    assert b"c4n4ry" not in raw(sold.folder)
    after = {row["number"]: row for row in sold.say("orders", "list", "--json", private=True).json["orders"]}
    for number in before:
        for name in ("id", "receipt_id", "receipt_number", "receipt", "delivered_revision"):
            assert after[number][name] == before[number][name]
    assert orders_of(sold, "C101") == theirs
    sold.say("doctor").expect(0)
    sold.say("erase", "--customer", who, "--yes").expect(0, "knows nothing of this customer")


def test_orders_of_an_erased_customer_stay_known(sold: Scene) -> None:
    """What was delivered is not sent again, what was not sent never is, and `why` says so."""
    ours = orders_of(sold, "C100")
    sent = set(sold.delivered)
    sold.say("erase", "--customer", "C100", "--yes").expect(0)
    sold.say("run").expect(0)
    for number in ours:
        why = sold.why(int(number))
        assert "What it contained was erased on 2026-11-02." in why
        assert ("arrived at shop" if int(number) in sent else "its customer was erased before it was sent") in why
    assert set(sold.delivered) >= sent
    assert len(sold.delivered) == len(set(sold.delivered))
    assert not {int(number) for number in ours} & (set(sold.delivered) - sent)


def test_a_person_is_asked_before_anything_is_removed(sold: Scene) -> None:
    """No is no; machines have to say yes, and a wrong age is refused."""
    sold.say("erase", "--customer", "C100", input="n\n").expect(1, "This cannot be undone")
    sold.say("erase", "--customer", "C100", "--json").expect(2, "with --json say --yes, or --dry-run")
    sold.say("erase", "--customer", " ").expect(2, "--customer is empty")
    sold.say("erase", "--customer", "C100", "--connection", "elsewhere").expect(0, "knows nothing of")
    sold.say("purge", "--older-than", "soon").expect(2, "'soon' is no number of days; write it as 90d")
    assert traces(sold.folder)


def test_purged_orders_stay_known(sold: Scene) -> None:
    """The contents go and the room with them; `why` and `show` say so, and the next run sends nothing twice."""
    sold.say("run").expect(0)
    # of the first customer the scene has more than orders, which stays
    people = {part for one in brand.buyers()[1:] for part in (one.email, one.phone, one.line1, one.buyer)}
    kept = {part for part in people if part.encode() in raw(sold.folder)}
    assert len(kept) > 30
    sold.wait(100 * 24 * 3600)
    sold.say("purge", "--older-than", "90d", "--dry-run").expect(0, "20 orders (20 delivered)", "Nothing was changed")
    said = sold.say("purge", "--older-than", "90d", "--yes", "--json")
    assert said.json["orders"] == {"delivered": 20}
    assert said.json["removed"]
    assert said.json["freed"] > 0
    assert not {part for part in kept if part.encode() in raw(sold.folder)}
    assert "What it contained was purged on 2027-02-10." in sold.why(9000001)
    sold.say("orders", "show", "9000001").expect(0, "its contents were purged on 2027-02-10")
    sold.say("run").expect(0, "0 orders delivered")
    assert len(sold.delivered) == 20


def test_doctor_looks_around_too(open_scene: OpenScene) -> None:
    """A secret in a file that others can read, and one that leads nowhere, are findings; a mended ledger is sound."""
    opened = open_scene(1)
    opened.config.chmod(0o644)
    opened.say("doctor").expect(0, "does not exist yet; the first run makes it")
    opened.say("run")
    opened.say("doctor").expect(0, "is sound")
    opened.configure(joor={"token": "plain-t0ken"})
    opened.say("doctor").expect(3, "has secrets in it and mode 0644", "1 finding, for somebody to look at")
    opened.configure(joor={"token": "env:NOWHERE_TO_BE_FOUND"})
    (opened.folder / "orderweft.db").chmod(0o644)
    said = opened.say("doctor", "--json")
    assert [one["check"] for one in said.json["findings"]] == ["file mode", "configuration"]
    opened.say("doctor").expect(3, "2 findings; `orderweft doctor --repair` mends 1 of them")
    opened.configure()
    opened.say("doctor", "--repair").expect(0, "Repair: closed", "is sound")
