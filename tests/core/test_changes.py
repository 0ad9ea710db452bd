"""Orders that are edited or cancelled at their source after they were delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from orderweft import (
    Accepted,
    AlreadyThere,
    Connection,
    NotSent,
    Order,
    OrderCancellation,
    OrderUpdate,
    Outcome,
    Receipt,
    Refused,
    SettingsError,
    Unknown,
    hookimpl,
    order_differences,
)
from orderweft.config import load_config
from orderweft.ledger.changes import changes_of
from orderweft.runs import Moment, Report, run_orders

from .memory import CONFIG, MemorySettings, World, order

UPDATES = f'{CONFIG}on_change = "update"\non_cancel = "cancel"\n'


class Dead(BaseException):
    """What stands for the end of the process."""


class Shop(World):
    """A world whose store lets orders be changed and cancelled, as its script says."""

    def __init__(self, folder: Path, config: str = UPDATES) -> None:
        self.gone: set[str] = set()
        """Keys of orders that are cancelled."""
        self.writes: list[tuple[str, int]] = []
        """Key and revision of each update that was applied; a cancellation counts as 0."""
        self.answers: list[str] = []
        """What the store does at the next changes; then it takes them."""
        self.possible = True
        super().__init__(folder, config)

    def _store(self, *given: Any, **how: Any) -> ModuleType:
        module = super()._store(*given, **how)

        @hookimpl
        def update_orders(
            connection: Connection[MemorySettings], updates: Sequence[OrderUpdate]
        ) -> list[Outcome] | None:
            return [self._update(one) for one in updates] if self.possible else None

        @hookimpl
        def cancel_orders(
            connection: Connection[MemorySettings], cancellations: Sequence[OrderCancellation]
        ) -> list[Outcome] | None:
            return [self._cancel(one) for one in cancellations] if self.possible else None

        for hook in (update_orders, cancel_orders):
            setattr(module, hook.__name__, hook)
        return module

    def _update(self, update: OrderUpdate) -> Outcome:
        there = self.arrived[update.key]
        if there == update.order:
            return AlreadyThere(receipt=update.receipt)
        if there not in update.known:
            return Refused(reason="needs_person", message="somebody edited it", fix="compare both")
        return self._change(update.key, update.revision, update.receipt, update.order)

    def _cancel(self, cancellation: OrderCancellation) -> Outcome:
        receipt = cancellation.receipt.model_copy(update={"cancelled": True})
        if cancellation.key in self.gone:
            return AlreadyThere(receipt=receipt)
        return self._change(cancellation.key, 0, receipt, None)

    def _change(self, key: str, revision: int, receipt: Receipt, form: Order | None) -> Outcome:
        what = self.answers.pop(0) if self.answers else "take"
        if what in ("take", "unknown but done", "die"):
            self.writes.append((key, revision))
            if form is None:
                self.gone.add(key)
            else:
                self.arrived[key] = form
        match what:
            case "take":
                return Accepted(receipt=receipt)
            case "refuse":
                return Refused(reason="needs_person", message="it was shipped", fix="ring them up")
            case "not sent":
                return NotSent(message="closed", retry_after=3600)
            case "die":
                raise Dead
            case _:
                return Unknown(message="no answer")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A world in which order 1 has been delivered."""
    made = Shop(tmp_path)
    made.offer(order(1))
    made.run()
    return made


def edited(quantity: int = 5, **fields: Any) -> Order:
    """Order 1 with another quantity."""
    line = {"key": "1", "barcode": "2000000000008", "quantity": quantity, "unit_price": "10.00"}
    return order(1, lines=[line], **fields)


def states(shop: World) -> list[tuple[int, str]]:
    """Return revision and state of each form of order 1 after its delivery."""
    return [(one.revision, one.state) for one in changes_of(shop.ledger, "orders", "1")]


def told(report: Report) -> str:
    """Return all warnings of a run as one text."""
    return " | ".join(report.warnings)


LINES = [
    {"key": "a", "style_number": "1001", "color_code": "401", "size": "XS", "quantity": 4, "unit_price": "10.00"},
    {"key": "b", "style_number": "1001", "color_code": "401", "size": "M", "quantity": 2, "unit_price": "10.00"},
]
ADDRESS = {"role": "delivery", "name": "Example Store", "line1": "1 Example Street", "country": "GB"}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"lines": [{**LINES[0], "quantity": 6}, LINES[1]]}, ["line 1 1001-401 XS: 4 -> 6"]),
        ({"lines": [LINES[0], {**LINES[1], "unit_price": "12.50"}]}, ["line 2 1001-401 M: price 10.00 -> 12.50"]),
        ({"lines": [LINES[0], {**LINES[1], "comment": "x"}]}, ["line 2 1001-401 M: comment changed"]),
        ({"lines": LINES[:1]}, ["line 2 1001-401 M: removed, was 2"]),
        (
            {"lines": [*LINES, {"key": "c", "sku": "S1", "quantity": 3, "unit_price": "7.00"}]},
            ["line 3 S1: added, 3 at 7.00"],
        ),
        ({"window": {"start": "2027-01-15"}}, ["first ship day: none -> 2027-01-15"]),
        ({"addresses": [{**ADDRESS, "line1": "2 Other Street"}]}, ["delivery address: line1 changed"]),
        ({"addresses": []}, ["delivery address: removed"]),
        ({"note": "ring Robin"}, ["note changed"]),
        ({"customer": {"account_code": "C1", "email": "robin@example.com"}}, ["customer: name, email changed"]),
        ({"season": {"name": "Spring"}}, ["season: none -> Spring"]),
        ({"custom_fields": {"vip": "1"}}, ["custom field 'vip' changed"]),
        ({"status": "shipped", "modified_at": "2026-11-01T10:00:00Z"}, []),
    ],
    ids=["quantity", "price", "comment", "removed", "added", "day", "address", "no address", "note", "customer",
         "season", "custom field", "status alone"],
)  # fmt: skip
def test_differences_are_told_without_anything_personal(after: dict[str, Any], expected: list[str]) -> None:
    """Quantities, prices and days are given, of addresses, customers and notes only what has changed."""
    before = {"lines": LINES, "addresses": [ADDRESS]}
    assert list(order_differences(order(1, **before), order(1, **before | after))) == expected


def test_an_edit_is_ignored_by_default(tmp_path: Path) -> None:
    """The run warns, keeps the form with its differences, and warns of it once only."""
    shop = Shop(tmp_path, CONFIG)
    shop.offer(order(1))
    shop.run()
    shop.offer(edited())
    report = shop.run()
    assert told(report) == (
        "order 1 was changed at wholesale after it was delivered; shop is not told, an order goes out once"
    )
    assert (report.result, report.changes, shop.writes) == ("done", [], [])
    (kept,) = changes_of(shop.ledger, "orders", "1")
    assert (kept.state, kept.diff, kept.base) == ("noted", ("line 1 2000000000008: 2 -> 5",), 1)
    assert shop.run().warnings == []


def test_alert_shows_what_to_change_by_hand(tmp_path: Path) -> None:
    """The differences to what was delivered are in the report, also after a second edit; a status alone is not."""
    shop = Shop(tmp_path, f'{CONFIG}on_change = "alert"\non_cancel = "alert"\n')
    shop.offer(order(1))
    shop.run()
    shop.offer(edited())
    shop.run()
    shop.offer(edited(6))
    report = shop.run()
    assert [one.diff for one in report.changes] == [("line 1 2000000000008: 2 -> 6",)]
    assert "change S-wholesale:1 at shop by hand: line 1 2000000000008: 2 -> 6" in told(report)
    assert states(shop) == [(2, "superseded"), (3, "noted")]
    shop.offer(edited(2, status="shipped"))
    assert shop.run().changes == []
    shop.offer(edited(2, status="cancelled"))
    assert "order 1 was cancelled at wholesale" in told(shop.run())
    assert shop.writes == []


def test_an_edit_is_sent_once_and_absolutely(shop: Shop) -> None:
    """The whole new form goes out once; what comes later is compared with it."""
    shop.offer(edited())
    report = shop.run()
    assert (report.counts["updated"], report.result) == (1, "done")
    assert shop.writes == [("wholesale:1", 2)]
    shop.run()
    shop.offer(edited(7))
    shop.run()
    assert shop.writes == [("wholesale:1", 2), ("wholesale:1", 3)]
    assert [one.diff for one in changes_of(shop.ledger, "orders", "1")][1] == ("line 1 2000000000008: 5 -> 7",)
    assert shop.arrived["wholesale:1"].lines[0].quantity == 7
    assert len(shop.sent) == 1


def test_an_edit_goes_through_the_pipelines_map(tmp_path: Path) -> None:
    """The destination gets the new form, and the one it has, as its map makes them."""
    shop = Shop(tmp_path, f'{UPDATES}map = {{ purchase_order = "PO {{{{ order.number }}}}" }}\n')
    shop.offer(order(1))
    shop.run()
    shop.offer(edited())
    assert shop.run().counts["updated"] == 1
    assert shop.arrived["wholesale:1"].purchase_order == "PO 1"


@pytest.mark.parametrize("answer", ["unknown but done", "unknown and lost"])
def test_an_edit_without_an_answer_is_read_back_before_it_is_repeated(shop: Shop, answer: str) -> None:
    """After the time the channel may need, the same run finds out, and the edit is applied once."""
    shop.offer(edited())
    shop.answers = [answer]
    before = shop.clock.now()
    report = shop.run()
    assert (shop.clock.now() - before).total_seconds() >= 60
    assert shop.writes == [("wholesale:1", 2)]
    assert (report.counts["updated"], states(shop)) == (1, [(2, "done")])


def test_an_edit_in_doubt_gives_way_to_a_newer_one(shop: Shop) -> None:
    """Whether or not the first has arrived, only the newest is sent, and taken for an edit of ours."""
    shop.offer(edited())
    shop.answers = ["unknown but done", "nothing", "nothing"]
    shop.arrived["wholesale:1"] = order(1)
    shop.answers = ["unknown and lost", "unknown and lost"]
    assert "gave no answer to 1 changes" in told(shop.run())
    shop.arrived["wholesale:1"] = edited()
    shop.offer(edited(7))
    shop.run()
    assert shop.writes == [("wholesale:1", 3)]
    assert states(shop) == [(2, "superseded"), (3, "done")]


def test_an_edit_taken_back_is_still_sent_when_another_may_have_arrived(shop: Shop) -> None:
    """What is as it was delivered is nothing to send, unless an edit between the two was sent without an answer."""
    shop.offer(edited())
    shop.answers = ["unknown and lost", "unknown and lost"]
    shop.run()
    shop.arrived["wholesale:1"] = edited()
    shop.offer(order(1))
    shop.run()
    assert shop.arrived["wholesale:1"] == order(1)


def test_a_change_the_destination_refuses_is_held(shop: Shop) -> None:
    """It waits with its reason and what to do; once it was done by hand, the next try lets it go."""
    shop.offer(edited())
    shop.answers = ["refuse"]
    report = shop.run()
    assert (report.result, report.held) == ("held", 0)
    (held,) = report.changes
    assert (held.state, held.reason, held.message, held.fix) == (
        "held", "needs_person", "it was shipped", "ring them up",
    )  # fmt: skip
    assert "and shop cannot follow: it was shipped (ring them up)" in told(report)
    assert shop.run().result == "held"
    shop.arrived["wholesale:1"] = edited()
    assert shop.run(number="1").result == "done"
    assert (states(shop), shop.writes) == ([(2, "done")], [])


@pytest.mark.parametrize(
    ("config", "form", "reason"),
    [
        ('[[pipelines.orders.skip]]\nwhen = "order.note == \'x\'"\nreason = "unwanted"', {"note": "x"}, "needs_person"),
        ("", {"currency": "USD"}, "invalid_field"),
    ],
    ids=["left out by a rule", "no longer fits"],
)
def test_a_form_that_could_not_be_delivered_is_held(
    tmp_path: Path, config: str, form: dict[str, Any], reason: str
) -> None:
    """Rules and the destination's demands hold for edits too."""
    shop = Shop(tmp_path, UPDATES + config)
    shop.accepted_schema = {"properties": {"currency": {"const": "EUR"}}}
    shop.offer(order(1))
    shop.run()
    shop.offer(edited(**form))
    (held,) = shop.run().changes
    assert (held.state, held.reason, shop.writes) == ("held", reason, [])


def test_somebody_elses_edit_is_not_overwritten(shop: Shop) -> None:
    """An order that is like no form we ever sent is left to a person."""
    shop.arrived["wholesale:1"] = edited(99)
    shop.offer(edited())
    (held,) = shop.run().changes
    assert (held.message, shop.arrived["wholesale:1"].lines[0].quantity) == ("somebody edited it", 99)


def test_what_was_purged_is_left_to_a_person(shop: Shop) -> None:
    """Without the delivered form nobody can tell what has changed."""
    with shop.ledger.transaction() as db:
        db.execute("UPDATE revisions SET record = NULL")
    shop.offer(edited())
    (held,) = shop.run().changes
    assert (held.state, held.message) == ("held", "what was delivered is not kept any more")


def test_a_destination_that_takes_nothing_stops_the_run(shop: Shop) -> None:
    """After a few changes in a row the rest is left to the next run, in which they go out."""
    shop.offer(*(order(number) for number in range(1, 6)))
    shop.run()
    shop.offer(*(order(number, note="new") for number in range(1, 6)))
    shop.answers = ["not sent"] * 5
    report = shop.run()
    assert (report.result, len(shop.answers)) == ("failed", 2)
    shop.answers = []
    assert shop.run().counts["updated"] == 5


def test_a_cancellation_is_passed_on_once(shop: Shop) -> None:
    """The receipt says so afterwards, and an order approved again is left to a person."""
    shop.offer(order(1, status="cancelled"))
    shop.answers = ["unknown but done"]
    report = shop.run()
    assert (report.counts["revoked"], shop.writes) == (1, [("wholesale:1", 0)])
    rows = shop.ledger.rows("SELECT state, json_extract(receipt, '$.cancelled') FROM orders")
    assert tuple(rows[0]) == ("delivered", 1)
    shop.offer(edited())
    (held,) = shop.run().changes
    assert (held.message, held.fix) == (
        "the order was cancelled at shop meanwhile", "set the order to re-export if it is wanted again",
    )  # fmt: skip
    assert shop.writes == [("wholesale:1", 0)]


def test_an_edit_seen_while_the_order_was_on_its_way_is_not_lost(tmp_path: Path) -> None:
    """An order whose first delivery is settled later than its edit was staged is brought up to date all the same."""
    shop = Shop(tmp_path)
    shop.offer(order(1))
    shop.script = ["unknown but there"]
    shop.clock.sleep = lambda seconds: (_ for _ in ()).throw(Dead())  # type: ignore[method-assign]
    with pytest.raises(Dead):
        shop.run()
    del shop.clock.sleep
    shop.offer(edited())
    shop.run()
    assert (shop.arrived["wholesale:1"].lines[0].quantity, shop.writes) == (5, [("wholesale:1", 2)])


@pytest.mark.parametrize("step", ["staged", "decided", "intended", "sent", "settled", "acknowledged"])
def test_a_crash_at_any_step_loses_and_doubles_nothing(shop: Shop, step: str) -> None:
    """Whichever durable step was the last, the next runs bring the edit there once, and then the cancellation."""

    def dying(moment: Moment, counts: Counter[str], note: str = "") -> None:
        if moment == step:
            raise Dead

    def crash() -> None:
        config = load_config(shop.path, shop.plugins).pipeline("orders")
        with pytest.raises(Dead):
            run_orders(config, shop.plugins, shop.ledger, shop.clock, observer=dying)

    shop.wants_to_know = True
    for number, form in enumerate([edited(), edited(9), edited(9, status="cancelled")], 2):
        shop.offer(form, order(number * 10))
        crash()
        if step != "staged":
            shop.offer()
        shop.run()
        assert [revision for _, revision in shop.writes] == [2, 3, 0][: number - 1]
    assert "wholesale:1" in shop.gone
    assert states(shop) == [(2, "done"), (3, "done"), (4, "done")]


def test_a_process_that_dies_inside_the_call_is_looked_into(shop: Shop) -> None:
    """An edit that was applied while its process died is found, and not applied again."""
    shop.offer(edited())
    shop.answers = ["die"]
    with pytest.raises(Dead):
        shop.run()
    assert states(shop) == [(2, "sending")]
    shop.run()
    assert (states(shop), shop.writes) == ([(2, "done")], [("wholesale:1", 2)])


def test_a_dry_run_shows_what_would_change(shop: Shop) -> None:
    """The differences are shown, and nothing is sent or kept."""
    shop.offer(edited())
    report = shop.run(dry_run=True)
    assert [(one.action, one.message) for one in report.previews] == [("update", "line 1 2000000000008: 2 -> 5")]
    assert (shop.writes, states(shop)) == ([], [])


def test_a_destination_that_cannot_is_told_at_configuration_time(tmp_path: Path) -> None:
    """A channel without the hook is a mistake in the file; one whose settings leave no way to, before the run."""
    world = World(tmp_path, UPDATES)
    with pytest.raises(SettingsError, match=r"orderweft.toml:12: pipelines.orders.on_change: store cannot update"):
        load_config(world.path, world.plugins)
    world.configure(f'{CONFIG}on_change = "never"\n')
    with pytest.raises(SettingsError, match="on_change: should be 'ignore', 'alert' or 'update'"):
        load_config(world.path, world.plugins)
    (tmp_path / "other").mkdir()
    shop = Shop(tmp_path / "other")
    shop.possible = False
    with pytest.raises(SettingsError, match='on_change = "update" does not work with shop: The store cannot update'):
        shop.run()
