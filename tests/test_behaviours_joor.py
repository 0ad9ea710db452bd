"""What the connectors for JOOR do today, asked of the command line and seen at the simulators."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from orderweft.testing import FakeClock, Fault, FaultKind, Response
from orderweft_joor.simulator import Simulator as Joor
from orderweft_joor.simulator.model import Status

from .conftest import OpenScene
from .scenarios import Scene

STATUSES: tuple[Status, ...] = ("notes", "cart", "pending", "approved", "shipped", "cancelled")
NOT_CANCELLED = {"notes", "cart", "pending", "approved", "shipped"}


def one_of_each(joor: Joor) -> dict[str, int]:
    """Add an order in each status and return the numbers by status."""
    return {status: joor.add_order({"1001-401-S": 1}, status=status) for status in STATUSES}


def attributes(opened: Scene, number: int) -> dict[str, str | None]:
    """Return the custom attributes of an order in the shop."""
    return {each.key: each.value for each in opened.order(number).custom_attributes}


# Connecting


def test_a_token_connects_and_names_the_account(open_scene: OpenScene) -> None:
    """OD1: connecting proves that the token works and names the account."""
    said = open_scene().say("check")
    assert said.code == 0
    assert "Connection 'joor': signed in as JOOR simulated-account_id-0" in said.text


def test_a_refused_token_is_named_at_once(open_scene: OpenScene) -> None:
    """OD1: connecting with a token JOOR refuses says so, and what to check."""
    opened = open_scene()
    (opened.folder / "joor-token").write_text("another")
    said = opened.say("check")
    assert said.code == 4
    assert "JOOR refuses the token (HTTP 401); check token, and that sandbox fits it" in said.text
    assert "Connection 'shop': signed in as Example Brand" in said.text


def test_an_account_that_is_not_ours_is_found_by_check(open_scene: OpenScene) -> None:
    """OD1: `check` proves that the acknowledging calls reach the account of the settings, too."""
    opened = open_scene(settings={"joor": {"account_id": "somebody-else"}})
    said = opened.say("check")
    assert said.code == 4
    assert "check account_id" in said.text


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """Run a proxy that lets nobody through, and give its address and the hosts it was asked for."""
    asked: list[str] = []

    def serve() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                asked.append(caller.recv(4096).decode().split()[1])
                caller.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("sandbox", "host"), [(True, "apisandbox.jooraccess.com:443"), (False, "api.jooraccess.com:443")]
)
def test_test_mode_talks_to_the_sandbox_only(
    open_scene: OpenScene, monkeypatch: pytest.MonkeyPatch, sandbox: bool, host: str
) -> None:
    """EX5: with `sandbox` every call goes to JOOR's sandbox, without it to the real JOOR."""
    opened = open_scene()
    opened.configure(joor={"base_url": None, "sandbox": sandbox})
    with proxy() as (address, asked):
        monkeypatch.setenv("HTTPS_PROXY", address)
        said = opened.say("run")
    assert (said.code, set(asked)) == (4, {host})


def test_check_tells_test_mode_from_the_real_thing(open_scene: OpenScene) -> None:
    """EX5: `check` says whether an account is the sandbox."""
    opened = open_scene()
    assert "sandbox" not in opened.say("check").text
    opened.configure(joor={"sandbox": True})
    assert "signed in as JOOR sandbox simulated-account_id-0" in opened.say("check").text


# Which orders are taken


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        ("notes", {"notes"}),
        ("approved_shipped", {"approved", "shipped"}),
        ("pending", {"pending"}),
        ("all", NOT_CANCELLED),
        ("cancelled", {"cancelled"}),
        ("approved", {"approved"}),
        ("shipped", {"shipped"}),
    ],
)
@pytest.mark.parametrize("ignores", [False, True], ids=["", "JOOR ignores the filter"])
@pytest.mark.parametrize("read_mode", ["window", "sync"])
def test_only_orders_of_the_chosen_status_are_loaded(
    open_scene: OpenScene, choice: str, taken: set[str], ignores: bool, read_mode: str
) -> None:
    """EX6: each choice loads exactly its orders; the others are remembered with the reason."""
    options = {"order_status": choice, "read_mode": read_mode}
    opened = open_scene(joor={"ignore_order_type": ignores}, settings={"orders": {"source_options": options}})
    numbers = one_of_each(opened.joor)
    assert opened.say("run").code == 0
    assert opened.delivered == sorted(numbers[status] for status in taken)
    for status in set(STATUSES) - taken:
        assert "in JOOR; this pipeline takes" in opened.why(numbers[status])


def test_approved_is_the_default(open_scene: OpenScene) -> None:
    """EX6, Z1: without a word about it approved orders alone are delivered, and a pending one says why it was not."""
    opened = open_scene()
    numbers = one_of_each(opened.joor)
    opened.say("run")
    assert opened.delivered == [numbers["approved"]]
    assert "was left out: It is Pending in JOOR; this pipeline takes Approved." in opened.why(numbers["pending"])


def test_an_order_is_loaded_once_it_is_approved(open_scene: OpenScene) -> None:
    """Z1: an order that was left out as pending is delivered after its approval."""
    opened = open_scene()
    number = opened.joor.add_order(status="pending")
    opened.say("run")
    opened.wait(60)
    opened.joor.approve(number)
    opened.say("run")
    assert opened.delivered == [number]


@pytest.mark.parametrize("warehouse", ["EU Warehouse", "EU", None, ""], ids=["name", "code", "none", "blank"])
def test_only_orders_of_the_chosen_warehouse_are_loaded(open_scene: OpenScene, warehouse: str | None) -> None:
    """EX7: a warehouse, by name or code, loads its orders only; blank loads all."""
    opened = open_scene(settings={"joor": {"warehouse": warehouse}})
    elsewhere = opened.joor.add_order(warehouse_name="Default", warehouse_code="MAIN")
    here = opened.joor.add_order(warehouse_name="EU Warehouse", warehouse_code="EU")
    opened.say("run")
    assert opened.delivered == ([here] if warehouse else [elsewhere, here])
    if warehouse:
        told = f"assigned to warehouse 'Default' in JOOR; this pipeline takes '{warehouse}'"
        assert told in opened.why(elsewhere)


def test_an_order_without_a_warehouse_gets_the_default(open_scene: OpenScene) -> None:
    """OD4: an order that names no warehouse gets the one of the settings, and arrives with it."""
    opened = open_scene(settings={"joor": {"warehouse": "EU Warehouse"}})
    nameless = opened.joor.add_order(warehouse_name=None, warehouse_code=None)
    named = opened.joor.add_order(warehouse_name="EU Warehouse", warehouse_code="EU")
    opened.say("run")
    assert [attributes(opened, number)["Warehouse"] for number in (nameless, named)] == ["EU Warehouse"] * 2


def test_orders_without_a_customer_code_are_skipped(open_scene: OpenScene) -> None:
    """EX8: an order whose customer has no code in JOOR is skipped by default, and says so."""
    opened = open_scene()
    coded = opened.joor.add_order()
    codeless = opened.joor.add_order(customer_code=None)
    said = opened.say("run", "--json")
    assert (said.code, said.json["counts"]["skipped"], opened.delivered) == (0, 1, [coded])
    assert "Its customer has no code in JOOR" in opened.why(codeless)


def test_orders_without_a_customer_code_can_be_taken(open_scene: OpenScene) -> None:
    """EX8: with the setting off such an order is held until something names its customer, and then delivered."""
    opened = open_scene(settings={"joor": {"skip_empty_customer_code": False}})
    number = opened.joor.add_order(customer_code=None)
    assert opened.say("run").code == 3
    assert "customer needs account_code or email" in opened.why(number)
    opened.configure('[pipelines.orders.map]\n"customer.email" = "{{ order.addresses[0].email }}"')
    assert (opened.say("run").code, opened.delivered) == (0, [number])


# When, and how often


def test_everything_from_a_date_is_imported_now(open_scene: OpenScene) -> None:
    """OD8: `--since` takes everything from that day on, however old, and leaves the turn of later runs alone."""
    clock = FakeClock(datetime(2026, 9, 1, 9, tzinfo=UTC))
    opened = open_scene(clock=clock)
    old = opened.joor.add_order()
    clock.sleep(40 * 86_400)
    assert opened.say("run", "--json").json["counts"]["fetched"] == 0
    clock.sleep(60)
    new = opened.joor.add_order()
    assert opened.say("run", "--since", "2026-09-02", "--limit", "1").code == 0
    assert opened.delivered == [new]
    assert opened.say("run", "--since", "2026-09-01").code == 0
    assert opened.delivered == [old, new]
    newest = opened.joor.add_order()
    opened.say("run")
    assert opened.delivered == [old, new, newest]


def test_an_edit_after_delivery_changes_nothing_at_the_destination(open_scene: OpenScene) -> None:
    """EX4: a delivered order that is edited in JOOR stays as it was delivered, and `orders why` says so."""
    opened = open_scene(1)
    [number] = opened.joor.orders
    opened.say("run")
    [order] = opened.shop.orders
    before = [(line.sku, line.quantity) for line in order.line_items]
    opened.wait(60)
    opened.joor.edit(number, quantity=99, customer_purchase_order="PO-NEW")
    said = opened.say("run", "--json")
    assert (said.code, said.json["counts"]["changed"], opened.delivered) == (0, 1, [number])
    assert [(line.sku, line.quantity) for line in opened.shop.orders[0].line_items] == before
    assert "It was edited at joor since" in opened.why(number)


@pytest.mark.parametrize("first", ["held", "down"], ids=["held for stock", "left behind by a failed run"])
def test_an_order_cancelled_while_it_waits_is_never_sent(open_scene: OpenScene, first: str) -> None:
    """An order that waits and is cancelled in JOOR meanwhile does not arrive, although nothing else stops it by now."""
    opened = open_scene()
    number = waiting(opened, first)
    opened.joor.cancel(number)
    opened.wait(1200)
    opened.say("run")
    assert opened.delivered == []
    assert "was cancelled before it was delivered" in opened.why(number)


@pytest.mark.parametrize("words", [(), ("--order", "9000001")], ids=["by itself", "by its number"])
@pytest.mark.parametrize("first", ["held", "down"], ids=["held for stock", "left behind by a failed run"])
def test_an_order_edited_while_it_waits_arrives_as_edited(
    open_scene: OpenScene, first: str, words: tuple[str, ...]
) -> None:
    """An order that waits and is edited in JOOR meanwhile arrives in its last form."""
    opened = open_scene()
    number = waiting(opened, first)
    opened.joor.edit(number, quantity=2)
    opened.wait(1200)
    opened.say("run", *words)
    assert [line.quantity for line in opened.order(number).line_items] == [2]


def waiting(opened: Scene, why: str) -> int:
    """Let a run leave one order waiting, for stock or because the shop is down; then take that away."""
    number = opened.joor.add_order({"1010-401-S": 5})
    if why == "down":
        opened.shop_door.faults.append(Fault("*", "answer_before", times=1000, response=Response(503)))
    assert opened.say("run").code == (4 if why == "down" else 3)
    opened.shop_door.faults.clear()
    opened.shop.set_stock("1010-401-S", "London", 50)
    opened.wait(60)
    return number


def test_a_late_cancellation_is_told(open_scene: OpenScene) -> None:
    """EX4: an order cancelled in JOOR after its delivery is warned of, because the shop still has it."""
    opened = open_scene(1)
    opened.say("run")
    opened.wait(60)
    opened.joor.cancel(9_000_001)
    said = opened.say("run")
    assert said.code == 0
    assert "order 9000001 was cancelled at joor after it was delivered; shop is not told" in said.text
    assert opened.delivered == [9_000_001]


# What JOOR is told


def test_joor_is_told_what_became_of_each_order(open_scene: OpenScene) -> None:
    """A delivered order carries the shop's number in JOOR, a held one the reason, and then the number after all."""
    opened = open_scene()
    good = opened.joor.add_order()
    short = opened.joor.add_order({"1010-401-S": 5})
    opened.say("run")
    number = opened.shop.orders[0].name
    assert opened.joor.acknowledged[good] == ("SUCCESS", f"Delivered as {number}.")
    status, text = opened.joor.acknowledged[short]
    assert status == "FAILED"
    assert text.startswith("Not delivered: not enough stock: 1010 Navy S (barcode ")
    assert text.endswith("5 wanted, 3 available")
    opened.shop.set_stock("1010-401-S", "London", 5)
    assert opened.say("run", "--order", str(short)).code == 0
    assert opened.joor.acknowledged[short] == ("SUCCESS", f"Delivered as {opened.shop.orders[1].name}.")


def test_joor_is_told_of_a_field_that_is_missing(open_scene: OpenScene) -> None:
    """An order held before it was offered is told of, too, by the name of the field."""
    opened = open_scene()
    number = opened.joor.add_order()
    opened.joor.orders[number].lines[0].barcode = None
    opened.say("run")
    status, text = opened.joor.acknowledged[number]
    assert status == "FAILED"
    assert "barcode of line 1 (1001 Navy S" in text


def test_joor_is_told_nothing_unless_asked(open_scene: OpenScene) -> None:
    """Without `acknowledge` nothing is written into JOOR, and reading marks nothing either."""
    opened = open_scene(2, settings={"joor": {"acknowledge": None}})
    opened.say("run")
    assert len(opened.delivered) == 2
    assert opened.joor_door.calls == ["orders.read"]
    assert (opened.joor.acknowledged, opened.joor.marked()) == ({}, frozenset())


def test_a_note_joor_did_not_take_is_repeated(open_scene: OpenScene) -> None:
    """A wrong password for the acknowledgement costs no order; the notes follow once it is right."""
    opened = open_scene(2)
    right = (opened.folder / "joor-password").read_text()
    (opened.folder / "joor-password").write_text("wrong")
    said = opened.say("run")
    assert len(opened.delivered) == 2
    assert said.code == 4
    assert "check client_id, client_secret, username and password" in said.text
    (opened.folder / "joor-password").write_text(right)
    opened.say("run")
    assert {status for status, _ in opened.joor.acknowledged.values()} == {"SUCCESS"}
    assert len(opened.delivered) == 2


# Reading from the export queue


@pytest.mark.parametrize("call", [1, 2])
def test_reading_the_export_queue_loses_nothing_in_a_crash(open_scene: OpenScene, call: int) -> None:
    """A process that dies right after JOOR has marked its orders leaves none behind: the next run finds them."""
    opened = open_scene(3, clock=None, settings={"joor": {"read_mode": "sync", "page_size": 2}})
    calls = 0

    def watch(moment: str, operation: str) -> None:
        nonlocal calls
        calls += (moment, operation) == ("after", "orders.read")
        if calls == call and moment == "after":
            opened.kill()

    opened.watchers.append(watch)
    assert opened.run_and_die() == -9
    opened.watchers.clear()
    assert opened.joor.marked()
    assert opened.say("run").code == 0
    assert opened.delivered == sorted(opened.joor.orders)


@pytest.mark.parametrize("kind", ["timeout_after", "reset_mid_body"])
def test_an_answer_lost_from_the_export_queue_is_read_again(open_scene: OpenScene, kind: FaultKind) -> None:
    """Orders JOOR has marked in an answer that never arrived are found by their date; the message says so."""
    opened = open_scene(3, settings={"joor": {"read_mode": "sync", "page_size": 2}})
    opened.joor_door.faults.append(Fault("orders.read", kind))
    said = opened.say("run")
    assert said.code == 4
    assert "are found by their modification date (sync=0) in the next run" in said.text
    assert len(opened.joor.marked()) == 2
    assert opened.say("run").code == 0
    assert opened.delivered == sorted(opened.joor.orders)


def test_reading_the_export_queue_is_warned_of(open_scene: OpenScene) -> None:
    """`check` says that reading the queue marks orders; a dry run reads without marking."""
    opened = open_scene(2, settings={"joor": {"read_mode": "sync"}})
    assert "marks orders as exported in JOOR when they are read, not when delivered" in opened.say("check").text
    assert len(opened.say("run", "--dry-run", "--json").json["previews"]) == 2
    assert opened.joor.marked() == frozenset()
