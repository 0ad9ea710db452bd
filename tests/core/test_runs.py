"""What a run promises, whatever the channels are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from orderweft import Fetched, LeaseLostError, LedgerError, NotSent, OrderQuery, Refused, SettingsError
from orderweft.ledger import Ledger

from .memory import CONFIG, World, fetched, order


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a market with three orders and a store that takes them."""
    world = World(tmp_path)
    world.offer(order(1), order(2), order(3))
    return world


def test_every_order_arrives_once(world: World) -> None:
    """A run delivers what the source offers, under a key made of the order's identity."""
    report = world.run()
    assert sorted(world.arrived) == ["wholesale:1", "wholesale:2", "wholesale:3"]
    assert report.result == "done"
    assert report.counts["delivered"] == 3


def test_orders_are_sent_side_by_side(world: World) -> None:
    """As many deliveries are under way at a time as the destination bears."""
    both = threading.Barrier(2, timeout=10)
    world.offer(order(1), order(2))
    world.on_delivery = both.wait
    assert world.run().counts["delivered"] == 2


def test_the_next_page_is_read_while_this_one_is_sent(world: World) -> None:
    """A delivery of the first page sees that the second one has been asked for."""
    asked, seen = threading.Event(), []

    def pages() -> Iterator[list[Fetched]]:
        yield [fetched(order(1))]
        asked.set()
        yield [fetched(order(2))]

    world.pages = pages()
    world.on_delivery = lambda: seen.append(asked.wait(10))
    assert world.run().counts["delivered"] == 2
    assert seen == [True, True]


def test_a_second_run_sends_nothing(world: World) -> None:
    """Orders fetched again are known, and not even offered to the destination."""
    world.run()
    world.sent.clear()
    report = world.run()
    assert world.sent == []
    assert report.counts["fetched"] == 3
    assert report.counts["known"] == 3


def test_the_next_run_goes_on_from_the_bookmark(world: World) -> None:
    """The bookmark of the last stored page is what the source is asked from."""
    world.pages = [[fetched(order(1))], [fetched(order(2))]]
    world.run()
    world.run()
    assert world.queries == [OrderQuery(), OrderQuery(bookmark="after page 2")]


def test_since_and_number_leave_the_bookmark_alone(world: World) -> None:
    """A manual import never moves the live reading point."""
    world.run(since=datetime(2026, 1, 1, tzinfo=UTC))
    world.run(number="2")
    assert world.ledger.bookmark("orders") is None
    assert sorted(world.arrived) == ["wholesale:1", "wholesale:2", "wholesale:3"]


def test_an_edit_after_delivery_is_remembered_and_not_sent(world: World) -> None:
    """An order goes out one time only; what changed later is kept as a revision."""
    world.run()
    world.sent.clear()
    world.offer(order(1, purchase_order="PO-9"))
    report = world.run()
    assert world.sent == []
    assert report.counts["changed"] == 1
    rows = world.ledger.rows("SELECT revision, delivered_revision FROM orders WHERE number = '1'")
    assert tuple(rows[0]) == (2, 1)


def test_a_new_modification_stamp_alone_is_no_change(world: World) -> None:
    """An order whose only news is when it was touched keeps its revision."""
    world.offer(order(1, modified_at="2026-11-01T10:00:00Z", origin={**order(1).origin.model_dump(), "revision": "a"}))
    world.run()
    world.offer(order(1, modified_at="2026-11-02T10:00:00Z", origin={**order(1).origin.model_dump(), "revision": "b"}))
    assert world.run().counts["changed"] == 0


def test_an_unknown_outcome_is_looked_up_and_not_repeated(world: World) -> None:
    """A lost answer leads to one look-up, after the time the channel may still need, and to no second order."""
    world.script = ["unknown but there"]
    before = world.clock.now()
    report = world.run()
    assert len(world.arrived) == 3
    assert len(world.sent) == 3
    assert len(world.looked_up) == 1
    assert (world.clock.now() - before).total_seconds() >= 60
    assert report.counts["delivered"] == 3


def test_what_a_look_up_does_not_find_is_sent_again(world: World) -> None:
    """A lost request is sent again under the same key, in the same run."""
    world.script = ["unknown and lost"]
    world.run()
    assert len(world.arrived) == 3
    assert len(world.sent) == 4
    assert len(set(world.sent)) == 3


def test_a_destination_that_cannot_be_asked_leaves_it_to_a_person(tmp_path: Path) -> None:
    """Without find_orders an unknown outcome is held, with the key to look for, and never sent again."""
    world = World(tmp_path, can_find=False)
    world.offer(order(1))
    world.script = ["unknown but there"]
    for _ in range(3):
        report = world.run()
    assert world.sent == ["wholesale:1"]
    assert report.result == "held"
    assert report.holds[0].reason == "in_doubt"
    assert "wholesale:1" in (report.holds[0].fix or "")


def test_an_open_intent_is_settled_before_anything_else(world: World) -> None:
    """What a dead process left in the middle is looked up at the next start."""
    world.script = ["boom", "boom", "boom"]
    with pytest.raises(ValueError, match="boom"):
        world.run()
    world.script = []
    world.looked_up.clear()
    world.run()
    assert len(world.looked_up) >= 1
    assert len(world.arrived) == 3


def test_not_sent_is_tried_again_in_the_same_run(world: World) -> None:
    """A busy destination is given a pause and asked again."""
    world.script = ["not sent", "not sent"]
    report = world.run()
    assert len(world.arrived) == 3
    assert report.result == "done"


def test_a_closed_destination_ends_the_run_and_loses_nothing(world: World) -> None:
    """Orders that could not be sent are staged and go out with the next run."""
    world.script = ["unavailable"] * 30
    report = world.run()
    assert report.result == "failed"
    assert "closed" in (report.error or "")
    assert world.arrived == {}
    world.script = []
    world.pages = []
    assert world.run().counts["delivered"] == 3


def test_refused_credentials_stop_at_once(world: World) -> None:
    """After the destination has refused our credentials no further order is offered."""
    world.offer(*(order(number) for number in range(20)))
    world.script = ["credentials"] * 20
    report = world.run()
    assert report.result == "failed"
    assert len(world.sent) <= 4


def test_a_refused_order_is_held_and_offered_again_later(world: World) -> None:
    """A hold says what is wrong, waits its time, and is then tried once more."""
    world.offer(order(1))
    world.script = ["no stock"]
    report = world.run()
    assert (report.holds[0].reason, report.holds[0].fix) == ("no_stock", "restock it")
    world.run()
    assert len(world.sent) == 1
    world.clock.sleep(16 * 60)
    assert world.run().counts["delivered"] == 1
    assert world.state(1) == "delivered"


def test_a_held_order_can_be_tried_now(world: World) -> None:
    """Asking for one order by its number offers it whatever it waits for."""
    world.offer(order(1))
    world.script = ["no stock"]
    world.run()
    assert world.run(number="1").counts["delivered"] == 1


def test_a_miss_is_held_naming_field_and_destination(world: World) -> None:
    """What the destination needs and the order lacks is told before anything is sent."""
    world.accepted_schema = {"properties": {"season": {"required": ["name"]}}, "required": ["season"]}
    report = world.run()
    assert world.sent == []
    assert len(report.holds) == 3
    assert "season" in (report.holds[0].message or "")
    assert "The store" in (report.holds[0].message or "")


def test_a_new_mapping_releases_the_holds_it_mends(world: World) -> None:
    """Orders held for a missing field go out once the configuration supplies it, without being fetched again."""
    world.accepted_schema = {"required": ["season"]}
    world.run()
    world.pages = []
    world.configure(CONFIG + '[pipelines.orders.map]\n"season.name" = "SS27"\n')
    assert world.run().counts["delivered"] == 3
    assert {one.season.name for one in world.arrived.values() if one.season} == {"SS27"}


def test_a_mapping_that_fails_holds_that_order_only(world: World) -> None:
    """One order's odd data never stops the others."""
    world.offer(order(1, note="12"), order(2, note="many"))
    world.configure(CONFIG + '[pipelines.orders.map]\n"discount" = "{{ order.note }}"\n')
    report = world.run()
    assert list(world.arrived) == ["wholesale:1"]
    assert "discount" in (report.holds[0].message or "")


def test_skip_rules_leave_a_reason(world: World) -> None:
    """A filtered order is remembered with its reason."""
    world.offer(order(1, lines=[]), order(2))
    world.configure(
        CONFIG + "[[pipelines.orders.skip]]\nwhen = 'order.lines | length == 0'\nreason = 'it has no lines'\n"
    )
    report = world.run()
    assert (world.state(1), world.state(2)) == ("skipped", "delivered")
    assert report.counts["skipped"] == 1


def test_what_the_source_leaves_out_is_remembered(world: World) -> None:
    """Orders the source's own settings exclude are skipped, and delivered once they qualify."""
    world.pages = [[fetched(order(1, status="pending"), skip="It is pending.")]]
    world.run()
    assert world.state(1) == "skipped"
    world.offer(order(1))
    world.run()
    assert world.state(1) == "delivered"


def test_an_order_cancelled_before_delivery_is_never_sent(world: World) -> None:
    """A held order that is cancelled at its source ends as cancelled."""
    world.offer(order(1))
    world.script = ["no stock"]
    world.run()
    world.pages = [[fetched(order(1, status="cancelled"), skip="It is cancelled.")]]
    world.run()
    world.clock.sleep(86400)
    world.run()
    assert world.state(1) == "cancelled"
    assert world.arrived == {}


def test_an_unreadable_order_is_held_with_its_raw_text(world: World) -> None:
    """A row the source plugin cannot read is kept as received; the others go on."""
    world.pages = [
        [Fetched("7", "7", None, payload='{"odd": 1}', problem="status: 99 is not known"), fetched(order(8))]
    ]
    report = world.run()
    assert list(world.arrived) == ["wholesale:8"]
    assert report.holds[0].message == "status: 99 is not known"
    assert world.ledger.rows("SELECT payload FROM revisions WHERE id = '7'")[0]["payload"] == '{"odd": 1}'


def test_what_could_not_be_read_is_read_again_after_a_change_of_settings(world: World) -> None:
    """An unreadable order is read anew from its payload once the configuration has changed, and not before."""
    world.pages = [[Fetched(one, one, None, payload=one, problem="set taste") for one in ("9", "10")]]
    world.run()
    world.pages, world.readable = [], {"9": fetched(order(9))}
    world.run()
    assert world.reread == []
    world.configure(CONFIG.replace('channel = "market"', 'channel = "market"\ntaste = "sour"'))
    world.run()
    world.run()
    assert sorted(world.reread) == ["10", "9"]
    assert (world.state(9), world.state(10)) == ("delivered", "held")


def test_a_waiting_order_goes_out_in_its_newest_form_only(world: World) -> None:
    """What the source has changed or cancelled meanwhile is heard before a held order is tried again."""
    world.offer(order(1), order(2), order(3))
    world.script = ["no stock"] * 3
    world.run()
    world.clock.sleep(16 * 60)
    world.pages = [
        [
            fetched(order(1, status="cancelled"), skip="It is cancelled."),
            fetched(order(2, purchase_order="PO-NEW")),
        ]
    ]
    world.run()
    world.run(number="3")
    assert world.state(1) == "cancelled"
    assert world.arrived["wholesale:2"].purchase_order == "PO-NEW"
    assert sorted(world.arrived) == ["wholesale:2", "wholesale:3"]


def test_two_connections_never_share_a_key(tmp_path: Path) -> None:
    """Names and ids that read alike when put together are still two orders."""
    second = CONFIG.replace("wholesale", "wholesale-1").replace("[connections.shop]", "[connections.unused]")
    text = CONFIG + second.replace("pipelines.orders", "pipelines.more").replace("[connections.unused]\n", "").replace(
        'channel = "store"\n', "", 1
    )
    world = World(tmp_path, text)
    world.pages = [[Fetched("1-7", "1-7", order(17))]]
    world.run("orders")
    world.pages = [[Fetched("7", "7", order(7))]]
    world.run("more")
    assert sorted(world.arrived) == ["wholesale-1:7", "wholesale:1-7"]


def test_another_account_under_the_same_name_is_refused(world: World) -> None:
    """What the ledger knows is not taken for the orders of another account."""
    world.configure(CONFIG.replace('channel = "store"', 'channel = "store"\naccount = "test"'))
    world.run()
    world.configure(CONFIG.replace('channel = "store"', 'channel = "store"\naccount = "live"'))
    with pytest.raises(SettingsError, match="account was 'test' and is 'live'"):
        world.run()


def test_an_order_that_never_gets_an_answer_is_held_in_the_end(world: World) -> None:
    """It is tried in some runs, which say so, and then waits with what was said; the others go out."""
    world.offer(order(1))
    reports = []
    for _ in range(4):
        world.script = ["unknown and lost"] * 9
        reports.append(world.run())
    assert reports[0].result == "failed"
    assert "no answer" in (reports[0].error or "")
    assert world.state(1) == "held"
    assert len(world.sent) <= 8


def test_one_order_that_cannot_be_sent_does_not_stop_the_others(world: World) -> None:
    """A single order the destination always postpones is given up for this run."""
    world.offer(*(order(number) for number in range(1, 9)))
    world.busy = {"wholesale:1"}
    report = world.run()
    assert len(world.arrived) == 7
    assert report.result == "failed"
    assert "order 1 could not be sent" in (report.error or "")


def test_an_error_about_one_order_holds_that_order(world: World) -> None:
    """A record error raised by a destination means the record, not the run."""
    world.script = ["rejected"]
    report = world.run()
    assert (report.counts["held"], report.counts["delivered"]) == (1, 2)


def test_an_error_in_a_batch_leaves_every_order_of_it_in_doubt(tmp_path: Path) -> None:
    """Nobody knows how far a batch had come when an error was raised, so each order is looked up."""
    world = World(tmp_path, batch_size=10)
    world.offer(order(1), order(2))
    world.script = ["accept", "unavailable"]
    world.run()
    world.run()
    assert sorted(world.sent) == ["wholesale:1", "wholesale:2", "wholesale:2"]
    assert len(world.arrived) == 2


def test_a_clock_that_was_set_back_delays_nothing(world: World) -> None:
    """An intent or a claim stamped in the future is not waited for."""
    world.offer(order(1))
    world.script = ["boom"]
    with pytest.raises(ValueError, match="boom"):
        world.run()
    with world.ledger.transaction() as db:
        db.execute("UPDATE attempts SET started_at = '2036-01-01T00:00:00.000000Z'")
        db.execute("UPDATE claims SET holder = 'elsewhere:1:1', expires_at = '2036-01-01T00:00:00.000000Z'")
    before = world.clock.now()
    world.run()
    assert (world.clock.now() - before).total_seconds() <= 120
    assert world.state(1) == "delivered"


def test_a_change_after_delivery_is_told(world: World) -> None:
    """Somebody learns of an order that is cancelled or changed once it is too late."""
    world.run()
    world.pages = [[fetched(order(1, status="cancelled"), skip="It is cancelled."), fetched(order(2, note="new"))]]
    warnings = world.run().warnings
    assert any("order 1 was cancelled" in text for text in warnings)
    assert any("order 2 was changed" in text for text in warnings)


def test_an_order_nobody_has_is_told(world: World) -> None:
    """Asking for an order that the source does not give is answered."""
    assert "no order 4711" in world.run(number="4711").warnings[0]


def test_each_parked_order_names_its_own_key(tmp_path: Path) -> None:
    """Orders left to a person say what to look for, each for itself, and are counted once."""
    world = World(tmp_path, can_find=False)
    world.offer(*(order(number) for number in range(1, 6)))
    world.script = ["unknown but there"] * 5
    first, second = world.run(), world.run()
    assert all(f"wholesale:{row.number}" in (row.fix or "") for row in second.holds)
    assert (first.counts["held"], second.counts["held"]) == (5, 0)


def test_a_refused_note_is_told_again_for_a_while(world: World) -> None:
    """A source that refuses a note is told again in later runs, since its settings may be mended meanwhile."""
    world.wants_to_know = True
    world.offer(order(1))
    world.tell_script = [Refused(reason="refused", message="who are you")]
    assert "refuses the note" in world.run().warnings[0]
    world.run()
    world.run()
    assert [told.delivered for told in world.told] == [True, True]


def test_a_hold_in_other_words_is_not_told_twice(world: World) -> None:
    """The source hears of a hold once for each reason, whatever the wording."""
    world.wants_to_know = True
    world.offer(order(1))
    world.script = ["no stock", "no stock"]
    world.run()
    world.clock.sleep(16 * 60)
    world.run()
    assert len(world.told) == 1


def test_a_changed_rule_counts_for_what_is_fetched_again(world: World) -> None:
    """An order skipped by a rule is decided anew, when it is fetched again after the rule was taken away."""
    rule = "[[pipelines.orders.skip]]\nwhen = 'order.number == \"1\"'\nreason = 'not this one'\n"
    world.configure(CONFIG + rule)
    world.run()
    assert world.state(1) == "skipped"
    world.configure(CONFIG)
    world.run()
    assert world.state(1) == "delivered"


def test_limit_stops_early_and_the_rest_follows(world: World) -> None:
    """A limited run delivers so many; the next one delivers the rest."""
    assert world.run(limit=1).counts["delivered"] == 1
    assert len(world.arrived) == 1
    world.pages = []
    world.run()
    assert len(world.arrived) == 3


def test_a_dry_run_changes_nothing(world: World) -> None:
    """It tells what would happen to each order and leaves ledger, source and destination alone."""
    world.arrived["wholesale:2"] = order(2)
    world.pages = [
        [*map(fetched, (order(1), order(2), order(3))), fetched(order(4, status="pending"), skip="It is pending.")]
    ]
    report = world.run(dry_run=True)
    assert [(one.number, one.action) for one in report.previews] == [
        ("4", "skipped"),
        ("1", "deliver"),
        ("2", "already there"),
        ("3", "deliver"),
    ]
    assert world.sent == []
    assert world.queries[0].peek
    assert world.ledger.rows("SELECT * FROM orders") == []
    assert world.ledger.rows("SELECT * FROM runs") == []


def test_the_same_order_through_two_pipelines_arrives_once(tmp_path: Path) -> None:
    """A pipeline that is renamed or doubled does not deliver again to the same destination."""
    second = CONFIG + CONFIG[CONFIG.index("[pipelines.orders]") :].replace("pipelines.orders", "pipelines.again")
    world = World(tmp_path, second)
    world.offer(order(1))
    world.run("orders")
    report = world.run("again")
    assert world.sent == ["wholesale:1"]
    assert report.counts["already_there"] == 1
    assert world.state(1, "again") == "delivered"


def test_the_source_is_told_after_the_receipt_and_until_it_has_taken_it(world: World) -> None:
    """Each delivered and held order is acknowledged once; what the source did not take is repeated."""
    world.wants_to_know = True
    world.script = ["no stock"]
    world.tell_script = [NotSent(message="busy")]
    world.run()
    world.run()
    world.run()
    told = [(one.id, one.delivered) for one in world.told]
    assert len(told) == 4
    assert sum(not delivered for _, delivered in told) in (1, 2)
    assert {one.id for one in world.told} == {"1", "2", "3"}


def test_two_processes_never_run_one_pipeline_at_once(world: World, tmp_path: Path) -> None:
    """A second run of the same pipeline is refused while the first one lives."""
    claim = world.ledger.claim("orders")
    with pytest.raises(LedgerError, match="already running"):
        world.run()
    world.ledger.release(claim)
    assert world.run().counts["delivered"] == 3


def test_a_process_that_lost_its_claim_cannot_write(world: World, tmp_path: Path) -> None:
    """After another process took over, the old one's next write is refused."""
    old = world.ledger.claim("orders")
    world.clock.sleep(16 * 60)
    other = Ledger(tmp_path / "orderweft.db", world.clock)
    other.claim("orders")
    with pytest.raises(LeaseLostError), world.ledger.transaction(old):
        pass
    other.close()


def test_batches_are_as_large_as_the_destination_takes(tmp_path: Path) -> None:
    """A destination with a batch size gets that many orders in one call, each settled by itself."""
    world = World(tmp_path, batch_size=10)
    world.offer(*(order(number) for number in range(25)))
    world.script = ["no stock"]
    report = world.run()
    assert (report.counts["delivered"], report.counts["held"]) == (24, 1)
