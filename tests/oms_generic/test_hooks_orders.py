"""Delivering orders to every system, refusals, look-ups, steps, and finding orders again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orderweft_oms_generic as oms
import pytest
from orderweft import Accepted, AlreadyThere, AuthenticationError, Delivery, NotSent, Refused, UnavailableError, Unknown
from orderweft.testing import Fault, FaultKind, Response, brand
from orderweft_oms_generic.profiles.calls import key_of

from .hooks import STYLE_SKU, SYSTEMS, Bench, order_of
from .test_hooks_faults import all_arrive

KEY = "joor:9000001"
STEPS = (
    ("        ok: body.id\n  id: =body.id\n", """\
        ok: body.id
      save:
        id: =coalesce(body.id, body.orders[0].id)
        state: =coalesce(body.status, body.orders[0].status)
    - name: close
      when: saved.state == 'open'
      call: {method: POST, path: "/orders/${urlpath(saved.id)}/cancel", ok: body.id}
  id: =saved.id
"""),
    ("    cancelled: found.status == 'cancelled'\n", ""),
    ('"is": "ok", "receipt": {"id": "7"}}', '"is": "ok", "saved": {"id": "7", "state": "open"}}'),
    ("samples:\n", """\
samples:
  - operation: orders.steps.close
    given: '{"key": "k1", "saved": {"id": "7", "state": "open"}}'
    body: '{"id": 7, "status": "cancelled"}'
    expect: '{"request": {"path": "/orders/7/cancel"}, "is": "ok", "receipt": {"id": "7"}}'
"""),
)  # fmt: skip
"""An in-house system whose orders are made in two steps, the second of which shows in the order."""
BLIND = tuple((old, new.replace("      when: saved.state == 'open'\n", "")) for old, new in STEPS)
"""The same with a second step that does not say how its effect shows."""


def in_steps(folder: Path, changes: tuple[tuple[str, str], ...] = STEPS) -> Bench:
    """Open the in-house system with a profile of two steps."""
    return Bench(folder, "in_house", {}, {"changes": changes})


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_order_is_created_and_found_again(tmp_path: Path, system: str) -> None:
    """One delivery makes one order with all its lines, and its key finds it; another key finds nothing."""
    bench = Bench(tmp_path, system)
    outcome = bench.deliver(order_of())
    assert isinstance(outcome, Accepted), outcome
    [order] = bench.sim.orders.values()
    lines = [(line.quantity, bench.sim.items[line.sku].sku) for line in order.lines]
    assert lines == [(2, "1001-401-XS"), (3, "1001-110-M")]
    found = oms.find_orders(bench.reconnected(), [KEY, "joor:1"])
    assert {key: receipt.id for key, receipt in found.items() if not isinstance(receipt, Refused)} == {
        KEY: outcome.receipt.id
    }


@pytest.mark.parametrize("system", ["cartrover", "skubana", "netsuite", "in_house"])
def test_a_cancelled_order_is_found_as_cancelled(tmp_path: Path, system: str) -> None:
    """Where the system tells it, the receipt says that the order was cancelled."""
    bench = Bench(tmp_path, system)
    bench.deliver(order_of())
    [order] = bench.sim.orders.values()
    bench.sim.cancel(order)
    found = oms.find_orders(bench.connection, [KEY])[KEY]
    assert not isinstance(found, Refused)
    assert found.cancelled


@pytest.mark.parametrize("system", ["order_desk", "cartrover", "skubana", "netsuite", "in_house"])
def test_what_is_there_is_not_made_again(tmp_path: Path, system: str) -> None:
    """A key that is known gives the order that is there."""
    bench = Bench(tmp_path, system)
    first = bench.deliver(order_of())
    bench.reconnected()
    again = bench.deliver(order_of())
    assert isinstance(first, Accepted)
    assert isinstance(again, AlreadyThere), again
    assert again.receipt.id == first.receipt.id
    assert len(bench.sim.orders) == 1


def test_order_desk_gets_the_folder_and_never_a_captured_payment(tmp_path: Path) -> None:
    """Orders go to the folder chosen, under our key and channel, and are not paid."""
    bench = Bench(tmp_path, "order_desk", {}, {"values": {"order_folder": 44}})
    bench.deliver(order_of())
    [order] = bench.sim.orders.values()
    assert (order.status, order.external_id, order.channel) == ("JOOR", KEY, "JOOR")
    assert order.fields["payment_status"] == "Pending"


def test_another_channels_order_is_not_taken_for_ours(tmp_path: Path) -> None:
    """When the system refuses a copy and nothing is found under the key, a person has to look."""
    bench = Bench(tmp_path, "order_desk", {"duplicates": "by_source_id", "duplicate_names": "id_in_field"})
    other = bench.sim.add_order(KEY, {"1001-401-XS": 1}, channel="Shopify")
    outcome = bench.deliver(order_of())
    assert isinstance(outcome, Refused)
    assert outcome.reason == "needs_person"
    assert f"as {other.id}" in outcome.message


def test_a_refused_copy_that_cannot_be_looked_up_stays_in_doubt(tmp_path: Path) -> None:
    """Nothing is claimed of an order as long as the look-up fails."""
    bench = Bench(tmp_path, "order_desk")
    bench.deliver(order_of())
    bench.spoil(Fault("order.find", "timeout_before", times=20))
    assert isinstance(bench.deliver(order_of()), Unknown)
    with pytest.raises(UnavailableError):
        oms.find_orders(bench.connection, [KEY])


def test_two_orders_of_one_key_need_a_person(tmp_path: Path) -> None:
    """Neither of two is chosen."""
    bench = Bench(tmp_path, "skubana")
    for _ in range(2):
        bench.sim.add_order(KEY, {"1001-401-XS": 1}, channel="JOOR")
    outcome = bench.deliver(order_of())
    found = oms.find_orders(bench.connection, [KEY])[KEY]
    for held in (outcome, found):
        assert isinstance(held, Refused)
        assert held.reason == "needs_person"
        assert "2 orders with the key" in held.message


# what a record lacks, and what the system refuses


def test_unknown_items_and_customers_are_named(tmp_path: Path) -> None:
    """What a look-up does not find holds the order, every one of it named, before anything is written."""
    bench = Bench(tmp_path, "netsuite")
    strange = [line.model_copy(update={"sku": f"NO-{line.key}"}) for line in order_of().lines]
    outcome = bench.deliver(order_of().model_copy(update={"lines": tuple(strange)}))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.message) == ("unknown_item", "not in NetSuite: NO-1, NO-2")
    buyer = brand.buyers()[-1]
    outcome = bench.deliver(order_of(customer={"account_code": buyer.code, "name": buyer.name}))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.message) == ("unknown_customer", f"not in NetSuite: {buyer.code}")
    assert bench.sim.orders == {}


def test_what_was_looked_up_is_remembered(tmp_path: Path) -> None:
    """Two orders of the same items and customer ask for each once, as long as nothing is refused."""
    bench = Bench(tmp_path, "netsuite")
    bench.deliver(order_of())
    bench.deliver(order_of((0, 1), (0, 5), (7, 1)), "joor:9000002")
    assert (bench.door.calls.count("query.item"), bench.door.calls.count("query.customer")) == (2, 1)


def test_a_missing_field_holds_the_order_and_names_it(tmp_path: Path) -> None:
    """A field the profile cannot do without is told by its name in the profile."""
    bench = Bench(tmp_path, "skubana")
    address = order_of().addresses[0].model_copy(update={"city": None})
    outcome = bench.deliver(order_of(addresses=[address]))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, bench.sent("PUT", "/v1/order")) == ("invalid_field", [])
    assert "shipCity" in outcome.message


def test_the_systems_own_refusal_is_told(tmp_path: Path) -> None:
    """Reason and words of a refusal come from the profile's rule."""
    bench = Bench(tmp_path, "skubana", {"unknown_sku": "refused"})
    lines = [line.model_copy(update={"sku": "NO"}) for line in order_of().lines]
    outcome = bench.deliver(order_of().model_copy(update={"lines": tuple(lines)}))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.message) == ("unknown_item", "Extensiv Order Manager: Product NO does not exist")


@pytest.mark.parametrize(
    ("system", "response", "wait"),
    [
        ("order_desk", Response(429, {"x-retry-after": "7"}), 7),
        ("skubana", Response(429, {"x-skubana-quota-retryafter": "4000"}), 4),
        ("cartrover", Response.of_json({"success_code": False, "error_code": "RateLimit", "message": "slow"}), 2),
        ("in_house", Response(429, {"retry-after": "9"}), 9),
    ],
    ids=["order_desk", "skubana", "cartrover", "in_house"],
)
def test_throttling_is_not_a_failure(tmp_path: Path, system: str, response: Response, wait: float) -> None:
    """A throttled creation was not carried out, and is offered again after as long as the system asks."""
    bench = Bench(tmp_path, system)
    bench.spoil(Fault("order.create", "answer_before", response=response))
    outcome = bench.deliver(order_of())
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after == wait
    assert isinstance(bench.deliver(order_of()), Accepted)


def test_a_look_before_each_creation_does_not_use_up_the_call_it_waits_for(tmp_path: Path) -> None:
    """Where a system bears one call in five seconds, orders that are looked for first come through all the same."""
    all_arrive(Bench(tmp_path, "skubana", {"limits": "tap"}))


@pytest.mark.parametrize("system", SYSTEMS)
def test_wrong_credentials_stop_the_run(tmp_path: Path, system: str) -> None:
    """Credentials that are refused are nobody's order's fault, and the message holds none of them."""
    wrong = {"order_desk": "api_key", "cartrover": "cart_key", "skubana": "token", "netsuite": "certificate_id",
             "in_house": "token"}[system]  # fmt: skip
    bench = Bench(tmp_path, system, {}, {"values": {wrong: "hush-hush"}})
    with pytest.raises(AuthenticationError) as caught:
        bench.deliver(order_of())
    assert "hush-hush" not in str(caught.value)
    assert bench.sim.orders == {}


def test_a_second_delivery_with_refused_credentials_does_not_hide_the_first(tmp_path: Path) -> None:
    """What was created before the credentials were refused is told."""
    bench = Bench(tmp_path, "skubana")
    bench.spoil(Fault("order.create", "answer_before", call=2, response=Response(401)))
    outcomes = oms.deliver_orders(bench.connection, [Delivery(order_of(), KEY), Delivery(order_of(), "joor:2")])
    assert [outcome.outcome for outcome in outcomes] == ["accepted", "not_sent"]


# codes, extra fields, keys


@pytest.mark.parametrize(
    ("code", "sent"),
    [(None, "1001-401-XS"), ("sku", "1001-401-XS"), ("barcode", "2000000000008"), (STYLE_SKU, "1001-401-XS")],
    ids=["left-out", "sku", "barcode", "template"],
)
@pytest.mark.parametrize("system", ["order_desk", "cartrover", "skubana"])
def test_the_item_code_is_what_the_settings_say(tmp_path: Path, system: str, code: str | None, sent: str) -> None:
    """An item goes by its SKU, its barcode or what a template makes of the line, and the schema asks for that."""
    bench = Bench(tmp_path, system, {}, {} if code is None else {"item_code": code})
    bench.deliver(order_of((0, 1)))
    [order] = bench.sim.orders.values()
    line = order.lines[0].fields
    assert sent in (line.get("code"), line.get("item"), line.get("listingSku"))
    schema = oms.accepts(bench.connection, "orders")
    assert schema is not None
    asked = schema["properties"]["lines"]["items"]
    wanted = {"sku": ["sku"], "barcode": ["barcode"], STYLE_SKU: []}.get(code or "")
    if wanted is not None:
        assert sorted({"sku", "barcode"} & set(asked["required"])) == wanted
        assert "anyOf" not in asked


def test_extra_fields_go_out_with_new_orders(tmp_path: Path) -> None:
    """What an account's form asks for besides is added by path, for the order and for its lines."""
    extra = {"custbody_joor_order": "=order.number", "item.items.*.custcol_joor_line": "=line.key"}
    bench = Bench(tmp_path, "netsuite", {}, {"extra": extra})
    assert isinstance(bench.deliver(order_of()), Accepted)
    settings = bench.connection.settings
    [body] = bench.sent("PUT", f"eid:{key_of(settings.system, KEY, settings.texts)}")
    assert body["custbody_joor_order"] == "9000001"
    assert [row["custcol_joor_line"] for row in body["item"]["items"]] == ["1", "2"]


def test_keys_that_do_not_fit_stay_apart(tmp_path: Path) -> None:
    """Two keys that a system cannot write as they are do not become one."""
    bench = Bench(tmp_path, "cartrover", {"cust_ref_length": 30})
    keys = ["joor:" + "9" * 50 + end for end in "ab"] + ["joor:9", "joor.9"]
    assert all(isinstance(bench.deliver(order_of(), key), Accepted) for key in keys)
    assert len(bench.sim.by_external_id) == 4
    assert oms.find_orders(bench.connection, keys).keys() == set(keys)


# steps


@pytest.mark.parametrize("kind", ["refuse", "timeout_before", "timeout_after", "reset_mid_body"])
@pytest.mark.parametrize("operation", ["order.create", "order.cancel"])
def test_a_write_of_two_steps_goes_on_where_it_stopped(tmp_path: Path, operation: str, kind: FaultKind) -> None:
    """Whatever fails at either step, every order is made once and both its steps are done."""
    bench = in_steps(tmp_path)
    all_arrive(bench, Fault(operation, kind, call=1), Fault(operation, kind, call=3))
    assert {order.status for order in bench.sim.orders.values()} == {"cancelled"}


def test_half_an_order_is_not_found_but_gone_on_with(tmp_path: Path) -> None:
    """An order that lacks a step is no receipt; delivering it again does that step only."""
    bench = in_steps(tmp_path)
    bench.spoil(Fault("order.cancel", "timeout_before"))
    assert isinstance(bench.deliver(order_of()), Unknown)
    assert oms.find_orders(bench.reconnected(), [KEY]) == {}
    outcome = bench.deliver(order_of())
    assert isinstance(outcome, AlreadyThere)
    assert bench.door.calls.count("order.create") == 1
    assert KEY in oms.find_orders(bench.connection, [KEY])


def test_a_refused_second_step_says_that_the_order_is_there(tmp_path: Path) -> None:
    """The order is held with both facts, and released it goes on at the second step."""
    bench = in_steps(tmp_path)
    bench.spoil(Fault("order.cancel", "answer_before", response=Response.of_json({"error": "closed on Sundays"}, 409)))
    outcome = bench.deliver(order_of())
    assert isinstance(outcome, Refused)
    assert "the order is there, but its step close is not done" in outcome.message
    assert isinstance(bench.deliver(order_of()), AlreadyThere)
    assert bench.door.calls.count("order.create") == 1


def test_a_step_whose_effect_does_not_show_needs_a_person(tmp_path: Path) -> None:
    """Where nobody can tell whether the second step was done, it is neither repeated nor believed."""
    bench = in_steps(tmp_path, BLIND)
    bench.spoil(Fault("order.cancel", "timeout_before"))
    assert isinstance(bench.deliver(order_of()), Unknown)
    found: Any = oms.find_orders(bench.connection, [KEY])[KEY]
    again = bench.deliver(order_of())
    for held in (found, again):
        assert isinstance(held, Refused)
        assert held.reason == "needs_person"
        assert "whether close was done cannot be told" in held.message
    assert len(bench.sim.orders) == 1
