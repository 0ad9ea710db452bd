"""What a run of stock, catalog, customers or shipments promises, whatever the channels are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from orderweft import (
    AuthenticationError,
    Kind,
    LeaseLostError,
    LedgerError,
    Outcome,
    PluginError,
    Receipt,
    RecordPage,
    Refused,
    RejectedError,
    SettingsError,
    TemplateError,
    UnavailableError,
    Unknown,
    Unread,
)
from orderweft.exchange import Moved
from orderweft.ledger import Ledger
from orderweft.ledger.store import LEASE

from .shelves import CONFIG, Shelves, customer, level, product, shipment

NAMED = {"properties": {"item": {"required": ["style_name"]}}}
DAY = 24 * 3600.0
JANUARY = {"bucket": "future", "available_on": "2027-01-15"}
FEBRUARY = {"bucket": "future", "available_on": "2027-02-15"}


def key(item: int | str, bucket: str = "immediate") -> str:
    """Return the identity of a level."""
    return f"barcode:B{item}||{bucket}"


def raises(error: BaseException) -> Any:
    """Return a function that raises *error*, whatever it is called with."""

    def raising(*_: object) -> Any:
        raise error

    return raising


@pytest.fixture
def shelves(tmp_path: Path) -> Shelves:
    """Give a depot with three levels and a shop that takes them."""
    shelves = Shelves(tmp_path)
    shelves.records = [level(1, 10), level(2, 20), level(3, 30)]
    return shelves


# what is sent


MOVED: dict[Kind, list[Moved]] = {
    "inventory": [level(1), level(2)],
    "catalog": [product(1), product(2)],
    "customers": [customer(1), customer(2)],
    "shipments": [shipment(1), shipment(2)],
}


@pytest.mark.parametrize("kind", MOVED)
def test_every_kind_arrives_and_is_sent_once(tmp_path: Path, kind: Kind) -> None:
    """All there is goes out in the first run and nothing in the second."""
    shelves = Shelves(tmp_path, kind)
    shelves.records = MOVED[kind]
    report = shelves.run()
    assert list(shelves.there.values()) == MOVED[kind]
    assert (report.result, report.counts["written"], report.counts["read"]) == ("done", 2, 2)
    again = shelves.run()
    assert len(shelves.calls) == 1
    assert (again.counts["changed"], again.counts["unchanged"]) == (0, 2)
    assert set(get_args(Kind)) == {*MOVED, "orders"}


def test_only_what_changed_is_sent(shelves: Shelves) -> None:
    """One changed level among three goes out alone; a new reading stamp is no change."""
    shelves.run()
    stamped = level(3, 30, updated_at="2026-11-22T10:00:00Z")
    moved = stamped.model_copy(update={"origin": stamped.origin.model_copy(update={"revision": "7"})})
    shelves.records = [level(1, 10), level(2, 21), moved]
    assert shelves.sends() == [key(2)]


def test_back_and_forth_is_sent_each_time(shelves: Shelves) -> None:
    """10, then 5, then 10 again sends 10 again."""
    for quantity in (10, 5, 10):
        shelves.records = [level(1, quantity)]
        assert shelves.sends() == [key(1)]
        assert shelves.quantities() == {key(1): quantity}


def test_batches_are_as_large_as_the_channel_bears(tmp_path: Path) -> None:
    """Each writing call has so many records at most, in the order of their identities."""
    shelves = Shelves(tmp_path, batch_size=2)
    shelves.records = [level(number) for number in (5, 3, 1, 4, 2)]
    shelves.page_size = 2
    shelves.run()
    assert [identities for identities, _ in shelves.calls] == [[key(1), key(2)], [key(3), key(4)], [key(5)]]


def test_a_limit_is_kept_and_the_rest_follows(tmp_path: Path) -> None:
    """No more than the limit go out, and the next run goes on."""
    shelves = Shelves(tmp_path, batch_size=2)
    shelves.records = [level(number) for number in range(1, 6)]
    assert shelves.sends(limit=3) == [key(1), key(2), key(3)]
    assert shelves.sends() == [key(4), key(5)]


def test_an_empty_first_reading_is_done(tmp_path: Path) -> None:
    """A depot that never had anything sends nothing and stops nothing."""
    report = Shelves(tmp_path).run()
    assert (report.result, report.stops) == ("done", [])


# what is left out, mapped, held


@pytest.mark.parametrize(
    ("fields", "item_fields", "goes"),
    [
        pytest.param({"skip_push": "1"}, {}, False, id="level"),
        pytest.param({}, {"skip_push": "1"}, False, id="item"),
        pytest.param({"skip_push": ""}, {"skip_push": " Yes "}, False, id="item-beside-an-empty-one"),
        pytest.param({"skip_shop": "true"}, {}, False, id="this-channel"),
        pytest.param({"skip_joor": "1"}, {}, True, id="another-channel"),
        pytest.param({"skip_push": "0"}, {"skip_shop": "no"}, True, id="no"),
    ],
)
def test_flags_keep_levels_back(
    shelves: Shelves, fields: dict[str, str], item_fields: dict[str, str], goes: bool
) -> None:
    """`skip_push` keeps a level out of every push, `skip_<channel>` out of that channel's."""
    shelves.records = [level(1), level(2, custom_fields=fields, item={"custom_fields": item_fields})]
    report = shelves.run()
    assert (key(2) in shelves.there) is goes
    assert report.counts["skipped"] == (not goes)
    assert report.held == 0


def test_rules_leave_out_and_maps_fill(tmp_path: Path) -> None:
    """Skip rules see the record as read; what goes out is mapped, under its mapped identity."""
    extra = """map."item.barcode" = "X{{ stock_level.item.barcode }}"
    [[pipelines.stock.skip]]
    when = "stock_level.quantity > 90"
    reason = "display pieces"
    """
    shelves = Shelves(tmp_path, extra=extra)
    shelves.records = [level(1, 10), level(2, 10)]
    shelves.run()
    assert sorted(shelves.there) == ["barcode:XB1||immediate", "barcode:XB2||immediate"]
    shelves.records = [level(1, 10), level(2, 99)]
    report = shelves.run()
    assert (report.counts["skipped"], report.warnings) == (1, [])


def test_what_does_not_fit_is_held_and_the_rest_goes(shelves: Shelves) -> None:
    """A record the destination does not accept waits with what it lacks; the others are sent."""
    shelves.accepted_schema = NAMED
    shelves.records = [level(1), level(2, item={"style_name": "Dress"})]
    report = shelves.run()
    assert list(shelves.there) == [key(2)]
    assert (report.result, report.held, report.counts["held"]) == ("held", 1, 1)
    assert shelves.held() == {key(1): "The shop needs more than it has: item.style_name is missing"}
    assert report.holds[0].fix is not None


def test_a_record_that_cannot_be_mapped_is_held(tmp_path: Path) -> None:
    """What a template makes of a record may be wrong for that record alone."""
    shelves = Shelves(tmp_path, extra='map.quantity = "{{ stock_level.custom_fields.pieces }}"\n')
    shelves.records = [level(1, custom_fields={"pieces": "7"}), level(2, custom_fields={"pieces": "many"}), level(3)]
    shelves.run()
    assert shelves.quantities() == {key(1): 7}
    assert sorted(shelves.held()) == [key(2), key(3)]
    assert (shelves.held()[key(2)] or "").startswith("after mapping, quantity")


def test_half_a_character_holds_its_record_only(shelves: Shelves) -> None:
    """A text that cannot be written anywhere does not stop the run."""
    shelves.records = [level(1, custom_fields={"note": "\ud800"}), level(2)]
    shelves.unread = [Unread("\ud800", "S\ud800", "quantity: \ud800")]
    shelves.run()
    assert list(shelves.there) == [key(2)]
    assert shelves.held() == {key(1): "a text in it is no Unicode", "unread:\\ud800": "quantity: \\ud800"}


NOW_FITS: dict[str, list[Moved]] = {
    "it fits now": [level(1, 10, item={"style_name": "Dress"})],
    "it is as it was": [level(1, 5, item={"style_name": "Dress"})],
    "it is left out now": [level(1, 10, custom_fields={"skip_push": "1"})],
    "it is gone": [level(2, 1, item={"style_name": "Skirt"})],
}


@pytest.mark.parametrize("known", [True, False], ids=["sent before", "never sent"])
@pytest.mark.parametrize("now", NOW_FITS.values(), ids=NOW_FITS.keys())
def test_a_hold_ends_with_its_cause(shelves: Shelves, now: list[Moved], known: bool) -> None:
    """Whichever way what was wrong ends, nobody is asked to look any more."""
    shelves.accepted_schema = NAMED
    shelves.records = [level(1, 5, item={"style_name": "Dress"})] if known else []
    shelves.run()
    shelves.records = [level(1, 10)]
    assert shelves.run(allow_drop=True).held == 1
    shelves.records = now
    assert shelves.run().held == 0
    assert shelves.held() == {}


def test_a_hold_stays_while_its_record_may_be_there(shelves: Shelves) -> None:
    """A reading that is not complete says nothing of what it leaves out."""
    shelves.accepted_schema = NAMED
    shelves.run()
    shelves.complete, shelves.records = False, [level(9, item={"style_name": "Dress"})]
    assert shelves.run().held == 3


@pytest.mark.parametrize("complete", [True, False])
def test_what_could_not_be_read_is_held_until_it_is(shelves: Shelves, complete: bool) -> None:
    """An unreadable record waits under the source's id and stops nothing, and is forgotten once it is read."""
    shelves.unread, shelves.complete = [Unread("7", "S7 M", "quantity: 'many' is no number")], complete
    report = shelves.run()
    assert (report.counts["read"], report.counts["written"], report.held) == (4, 3, 1)
    assert shelves.held() == {"unread:7": "quantity: 'many' is no number"}
    assert shelves.run().held == 1
    shelves.unread, shelves.records = [], [*shelves.records, level(7)]
    assert shelves.run().held == 0


def other(one: Moved, **more: Any) -> Moved:
    """Return another record of the same identity."""
    return one.model_copy(update={"origin": one.origin.model_copy(update={"id": "other"}), **more})


@pytest.mark.parametrize("page_size", [1, 10], ids=["on two pages", "on one page"])
def test_twins_are_both_held(shelves: Shelves, page_size: int) -> None:
    """Two different records of one identity: nobody can tell which is right, so none is sent."""
    shelves.records, shelves.page_size = [level(1, 10), other(level(1, 11)), level(2)], page_size
    report = shelves.run()
    assert list(shelves.there) == [key(2)]
    assert report.counts["held"] == 1
    assert (shelves.held()[key(1)] or "").startswith("2 records of The depot are the same for The shop")
    shelves.records = [level(1, 10), other(level(1, 11), custom_fields={"skip_push": "1"})]
    assert (shelves.run().held, shelves.quantities()[key(1)]) == (0, 10)


def test_twins_by_the_code_the_destination_needs(shelves: Shelves) -> None:
    """Two barcodes with one SKU are twins where items are called by SKU, and two items where they are not."""
    shelves.records = [
        level(1, 10, item={"sku": "X"}),
        level(2, 20, item={"sku": "X"}),
        level(3, 30, item={"sku": "Y"}),
    ]
    assert len(shelves.run().holds) == 0
    shelves.accepted_schema = {"properties": {"item": {"required": ["sku"]}}}
    report = shelves.run()
    assert [row.message for row in report.holds if "they have one sku" in (row.message or "")]
    assert report.counts["written"] == 1


@pytest.mark.parametrize("page_size", [1, 10], ids=["on two pages", "on one page"])
@pytest.mark.parametrize("turned", [False, True], ids=["flagged last", "flagged first"])
def test_a_twin_that_is_left_out_frees_the_other(shelves: Shelves, page_size: int, turned: bool) -> None:
    """Leaving all but one out is what the hold of twins tells to do, and it works in either order."""
    records = [level(1, 10), other(level(1, 11, custom_fields={"skip_push": "1"}))]
    shelves.records, shelves.page_size = records[::-1] if turned else records, page_size
    assert shelves.run().result == "done"
    assert shelves.quantities() == {key(1): 10}


@pytest.mark.parametrize("page_size", [1, 10], ids=["on two pages", "on one page"])
@pytest.mark.parametrize("turned", [False, True], ids=["unfit last", "unfit first"])
def test_a_twin_that_does_not_fit_holds_the_other(shelves: Shelves, page_size: int, turned: bool) -> None:
    """Half of what is known of one identity is not sent for the whole."""
    shelves.accepted_schema = NAMED
    records = [level(1, 10, item={"style_name": "Dress"}), other(level(1, 11))]
    shelves.records, shelves.page_size = records[::-1] if turned else records, page_size
    assert shelves.run().held == 1
    assert shelves.there == {}


def test_a_record_read_twice_is_one(shelves: Shelves) -> None:
    """Pages that overlap hold nothing back; what was read last counts."""
    shelves.records, shelves.page_size = [level(1, 10), level(2), level(1, 9)], 2
    assert shelves.run().result == "done"
    assert shelves.quantities() == {key(1): 9, key(2): 1}


@pytest.mark.parametrize("page_size", [1, 10], ids=["on two pages", "on one page"])
def test_levels_of_one_item_add_up(shelves: Shelves, page_size: int) -> None:
    """Levels the source counts apart and the destination does not are one, in whatever order they come."""
    lots = [level(1, 10, item={"id": "x"}, season="A"), other(level(1, 5, item={"id": "x"}, season="B"))]
    shelves.page_size = page_size
    shelves.records = [*lots]
    assert shelves.run().result == "done"
    assert shelves.quantities() == {key(1): 15}
    shelves.records = [*lots[::-1], lots[0]]
    assert shelves.sends() == []


@pytest.mark.parametrize("turned", [False, True])
def test_levels_of_different_items_never_add_up(shelves: Shelves, turned: bool) -> None:
    """Two items of one barcode are twins, however many levels each of them has."""
    levels: list[Moved] = [
        one.model_copy(update={"origin": one.origin.model_copy(update={"id": str(place)})})
        for place, one in enumerate([level(1, 1, item={"id": item}) for item in "xxyy"])
    ]
    shelves.records = levels[::-1] if turned else levels
    assert shelves.run().held == 1
    assert shelves.there == {}


# what the destination answers


def test_a_refused_record_waits(shelves: Shelves) -> None:
    """It is held by itself, tried again after a quarter of an hour, an hour and so on, and forgotten once taken."""
    shelves.refuses = {key(2)}
    report = shelves.run()
    assert (report.result, report.counts["written"], report.counts["held"], report.held) == ("held", 2, 1, 1)
    assert shelves.held() == {key(2): "the shop has no such item"}
    assert shelves.run().counts["waiting"] == 1
    shelves.clock.sleep(15 * 60)
    assert shelves.sends() == [key(2)]
    shelves.clock.sleep(15 * 60)
    assert shelves.sends() == []
    shelves.clock.sleep(45 * 60)
    shelves.refuses = set()
    assert shelves.sends() == [key(2)]
    assert shelves.held() == {}


def test_a_refused_record_that_changes_is_sent_at_once(shelves: Shelves) -> None:
    """Another quantity or other rules may be what the destination wants."""
    shelves.script = ["refuse"]
    shelves.run()
    shelves.records[0] = level(1, 11)
    shelves.script = ["refuse"]
    assert shelves.sends() == [key(1)]
    shelves.configure('map.season = "SS27"\n')
    assert key(1) in shelves.sends()


def test_a_refused_change_that_is_taken_back_is_over(shelves: Shelves) -> None:
    """When the source is again as the destination last confirmed, that is sent once more, and nothing is held."""
    shelves.run()
    shelves.records[0] = level(1, 11)
    shelves.script = ["refuse"]
    assert shelves.run().held == 1
    shelves.records[0] = level(1, 10)
    assert (shelves.sends(), shelves.held()) == ([key(1)], {})
    assert shelves.sends() == []


def test_a_price_refused_half_way_is_put_right_when_it_is_taken_back(tmp_path: Path) -> None:
    """A destination that takes a product in several calls may have some of what it refused."""
    shelves = Shelves(tmp_path, "catalog")
    shelves.records = [product(1, "10.00")]
    shelves.run()
    refused = Refused(reason="refused", message="the price of one size is refused")
    shelves.on_answer = lambda outcomes: [refused] * len(outcomes)
    shelves.records = [product(1, "12.00")]
    assert shelves.run().held == 1
    shelves.on_answer = list
    shelves.records = [product(1, "10.00")]
    shelves.run()
    assert list(shelves.there.values()) == shelves.records


def test_a_pending_record_is_offered_again_after_a_day(shelves: Shelves) -> None:
    """What was taken and is not confirmed is counted apart and asked about until it is."""
    shelves.script = ["pending"]
    report = shelves.run()
    assert (report.counts["pending"], report.counts["written"]) == (1, 2)
    assert report.warnings == ["S1 M (B1): the shop looks at it"]
    shelves.clock.sleep(DAY - 1)
    assert shelves.sends() == []
    shelves.clock.sleep(1)
    assert shelves.sends() == [key(1)]
    shelves.clock.sleep(DAY)
    assert shelves.sends() == []


def test_a_pending_record_that_is_refused_later_is_held(shelves: Shelves) -> None:
    """That it had been handed over does not make it confirmed: it stays held, and is tried again."""
    shelves.script = ["pending"]
    shelves.run()
    shelves.clock.sleep(DAY)
    shelves.refuses = {key(1)}
    assert shelves.run().held == 1
    assert shelves.run().held == 1
    shelves.refuses = set()
    shelves.clock.sleep(DAY)
    assert shelves.sends() == [key(1)]


def test_a_change_of_a_pending_record_goes_out_at_once(shelves: Shelves) -> None:
    """And when that is refused, what was pending before is not taken for confirmed."""
    shelves.script = ["pending"]
    shelves.run()
    shelves.records[0] = level(1, 11)
    shelves.script = ["refuse"]
    assert shelves.sends() == [key(1)]
    shelves.records[0] = level(1, 10)
    assert shelves.sends() == [key(1)]


@pytest.mark.parametrize("answer", ["unknown but there", "unknown and lost", "not sent"])
def test_what_has_no_answer_is_sent_again(shelves: Shelves, answer: str) -> None:
    """Within the run, alone, and until there is an answer."""
    shelves.script = [answer, "accept", "accept", answer]
    report = shelves.run()
    assert [identities for identities, _ in shelves.calls] == [[key(1), key(2), key(3)], [key(1)], [key(1)]]
    assert (report.result, report.counts["written"]) == ("done", 3)
    assert shelves.sends() == []


def test_a_record_without_an_answer_holds_up_no_other(tmp_path: Path) -> None:
    """It is left to the next run with all that was said of it, and the run goes on."""
    shelves = Shelves(tmp_path, batch_size=2)
    shelves.records = [level(number) for number in range(1, 6)]

    def answer(outcomes: list[Outcome]) -> list[Outcome]:
        asked = shelves.calls[-1][0]
        return [
            Unknown(message="no answer") if one == key(1) else out for one, out in zip(asked, outcomes, strict=True)
        ]

    shelves.on_answer = answer
    report = shelves.run()
    assert (report.result, report.counts["written"], report.counts["not_sent"]) == ("failed", 4, 1)
    assert report.error == "shop: S1 M (B1) could not be written: no answer"
    assert list(shelves.rows("sending")) == [key(1)]
    shelves.on_answer = list
    assert shelves.sends() == [key(1)]


def test_a_batch_that_is_never_taken_holds_up_no_other(tmp_path: Path) -> None:
    """A whole batch may fail for one of its records."""
    shelves = Shelves(tmp_path, batch_size=1)
    shelves.records = [level(number) for number in range(1, 4)]

    def call() -> None:
        if shelves.calls[-1][0] == [key(1)]:
            raise UnavailableError("error 500")

    shelves.on_call = call
    report = shelves.run()
    assert sorted(shelves.there) == [key(2), key(3)]
    assert report.error == "shop: S1 M (B1) could not be written: error 500"


def test_a_closed_shop_is_left_alone(tmp_path: Path) -> None:
    """When two batches in a row come to nothing it is not the records, and the run ends."""
    shelves = Shelves(tmp_path, batch_size=1)
    shelves.records = [level(number) for number in range(1, 6)]
    shelves.on_call = raises(UnavailableError("the shop is closed"))
    report = shelves.run()
    assert (report.result, report.counts["not_sent"]) == ("failed", 2)
    assert {one for (one,), _ in shelves.calls} == {key(1), key(2)}
    shelves.on_call = lambda: None
    assert len(shelves.sends()) == 5


@pytest.mark.parametrize(("seconds", "calls"), [(30, 4), (100, 2), (121, 1)])
def test_the_shop_is_waited_for_as_long_as_it_says_and_no_longer(shelves: Shelves, seconds: float, calls: int) -> None:
    """It is called again after the time it gives, up to four times and two minutes."""
    shelves.on_call = raises(UnavailableError("busy", retry_after=seconds))
    start = shelves.clock.monotonic()
    assert shelves.run().result == "failed"
    assert len(shelves.calls) == calls
    assert shelves.clock.monotonic() - start == pytest.approx(seconds * (calls - 1))


def test_refused_credentials_stop_the_run(shelves: Shelves) -> None:
    """Nothing more is tried, and all is sent once they are right."""
    shelves.on_call = raises(AuthenticationError("the shop does not know us"))
    report = shelves.run()
    assert (report.result, report.error, len(shelves.calls)) == ("failed", "shop: the shop does not know us", 1)
    shelves.on_call = lambda: None
    assert len(shelves.sends()) == 3


@pytest.mark.parametrize("error", [SettingsError("no such place"), LedgerError("the disk is full")], ids=repr)
def test_what_a_person_has_to_mend_is_raised(shelves: Shelves, error: Exception) -> None:
    """And it stands in the history of runs."""
    shelves.on_call = raises(error)
    with pytest.raises(type(error), match=str(error)):
        shelves.run()
    assert shelves.ledger.runs()[0].result == "failed"
    assert shelves.ledger.runs()[0].message == str(error)


def test_a_bug_of_a_plugin_is_no_success(shelves: Shelves) -> None:
    """An error that no contract knows goes through, and the run is not noted as done."""
    shelves.on_call = raises(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        shelves.run()
    assert shelves.ledger.runs()[0].result == "failed"


@pytest.mark.parametrize("answer", [lambda out: out[1:], lambda out: [*out, *out], tuple, lambda _: None])
def test_a_wrong_number_of_outcomes_is_told(shelves: Shelves, answer: Any) -> None:
    """The plugin and its hook are named, and nothing counts as confirmed."""
    shelves.on_answer = answer
    with pytest.raises(PluginError, match="plugin 'shop': write_inventory must return one outcome for each of 3"):
        shelves.run()
    shelves.on_answer = list
    assert len(shelves.sends()) == 3


@pytest.mark.parametrize("error", [RejectedError("no such size"), TemplateError("no such field")], ids=repr)
def test_an_error_about_one_record_holds_it(tmp_path: Path, error: Exception) -> None:
    """Raised for a call with one record it is that one's; for a batch nobody can tell whose it is."""
    shelves = Shelves(tmp_path, batch_size=1)
    shelves.records = [level(1), level(2)]
    shelves.on_call = raises(error)
    assert shelves.run().held == 2
    assert shelves.held()[key(1)] == str(error)
    (tmp_path / "batch").mkdir()
    batch = Shelves(tmp_path / "batch")
    batch.records, batch.on_call = shelves.records, shelves.on_call
    with pytest.raises(PluginError, match=r"plugin 'shop': write_inventory raised for a batch .* about one record"):
        batch.run()


def test_a_shop_that_takes_none_says_so(shelves: Shelves) -> None:
    """Settings with which a channel accepts no such records are told before anything is read."""
    shelves.accepted_schema = None
    with pytest.raises(SettingsError, match="The shop takes no inventory with these settings"):
        shelves.run()


# what the source gives


@pytest.mark.parametrize("error", [UnavailableError("gone"), AuthenticationError("who are you")], ids=repr)
def test_a_source_that_breaks_off_sends_nothing(shelves: Shelves, error: Exception) -> None:
    """Half a reading is none, even when a page of it said that it was complete."""
    shelves.pages = [RecordPage((level(1, 0),), complete=True)]
    shelves.fails, told = error, f"depot: {error}"
    report = shelves.run()
    assert (report.result, report.error, shelves.calls) == ("failed", told, [])
    shelves.fails = None
    assert shelves.sends() == [key(1)]


def test_an_incomplete_reading_sends_what_it_has(shelves: Shelves) -> None:
    """What it lacks is neither missed nor brought to zero."""
    shelves.records = [level(1), level(1, 5, **JANUARY)]
    shelves.run()
    shelves.records, shelves.complete = [level(1, 2)], False
    report = shelves.run()
    assert shelves.quantities() == {key(1): 2, key(1, "future@2027-01-15"): 5}
    assert report.warnings == []
    assert shelves.plan().warnings == ["The depot did not give everything; there may be more"]


def test_what_is_gone_stays_and_is_told(shelves: Shelves) -> None:
    """An update leaves alone what is not named; a person reads which that is."""
    shelves.run()
    shelves.records = shelves.records[:2]
    report = shelves.run()
    assert shelves.quantities()[key(3)] == 30
    assert report.warnings == [
        "1 sent before is no longer at The depot and stays as it is at The shop, such as S3 M (B3)"
    ]
    shelves.records = [level(1, 10)]
    shelves.run()


def test_what_is_gone_and_sold_out_is_not_told(shelves: Shelves) -> None:
    """Nobody minds a level of zero that is no longer mentioned, nor a shipment of last year."""
    shelves.records = [level(1), level(2, 0)]
    shelves.run()
    shelves.records = [level(1)]
    assert shelves.run().warnings == []


def test_old_shipments_are_not_missed(tmp_path: Path) -> None:
    """A source gives shipments as far back as it likes; none at all is an ordinary day."""
    shelves = Shelves(tmp_path, "shipments")
    shelves.records = [shipment(1)]
    shelves.run()
    shelves.records = []
    report = shelves.run()
    assert (report.result, report.stops, report.warnings) == ("done", [], [])


def test_a_page_may_warn(shelves: Shelves) -> None:
    """What a person should know of a reading is in the report."""
    shelves.pages = [RecordPage((level(1),), warnings=("2 are hidden",), complete=True)]
    assert shelves.run().warnings == ["2 are hidden"]


# dates


@pytest.mark.parametrize("first", ["accept", "unknown but there"])
def test_a_date_that_is_gone_comes_to_zero(tmp_path: Path, first: str) -> None:
    """When future pieces move to another day, or come in, the old day is emptied once, even if it is in doubt."""
    shelves = Shelves(tmp_path, batch_size=1)
    shelves.records = [level("a|b", 1), level("a|b", 5, **JANUARY)]
    shelves.script = [first] * 4
    shelves.run()
    shelves.records = [level("a|b", 1), level("a|b", 5, **FEBRUARY)]
    sent = shelves.sends()
    assert sent[:2] == [key("a|b", "future@2027-01-15"), key("a|b", "future@2027-02-15")]
    assert [shelves.quantities()[one] for one in (*sent[:2], key("a|b"))] == [0, 5, 1]
    again = shelves.run()
    assert (again.counts["changed"], again.warnings) == (0, [])
    shelves.records = [level("a|b", 1), level("a|b", 5, **JANUARY), level("a|b", 5, **FEBRUARY)]
    assert shelves.sends() == [key("a|b", "future@2027-01-15")]


def test_a_date_that_was_held_first_comes_to_zero_too(shelves: Shelves) -> None:
    """How a level began does not matter."""
    shelves.accepted_schema = NAMED
    shelves.records = [level(1, 5, **JANUARY)]
    shelves.run()
    named = {"item": {"style_name": "Dress"}}
    shelves.records = [level(1, 1, **named), level(1, 5, **JANUARY, **named)]
    shelves.run()
    shelves.records = [level(1, 1, **named)]
    shelves.run()
    assert shelves.quantities() == {key(1): 1, key(1, "future@2027-01-15"): 0}


def test_a_level_in_doubt_that_is_gone_is_told(shelves: Shelves) -> None:
    """Nobody confirmed it, and it may be there all the same."""
    shelves.script = ["unknown but there"] * 30
    assert shelves.run().result == "failed"
    shelves.records, shelves.script = shelves.records[1:], []
    assert shelves.run().warnings == [
        "1 sent before is no longer at The depot and stays as it is at The shop, such as S1 M (B1)"
    ]


@pytest.mark.parametrize("flags", [{}, {"skip_push": "1"}], ids=["held", "left out"])
def test_a_date_of_which_nobody_knows_what_it_is_stays(shelves: Shelves, flags: dict[str, str]) -> None:
    """A level that cannot be mapped may be any of those the destination has, so none of them is taken for gone."""
    shelves.configure("map.\"warehouse.name\" = \"{{ {'A': 'Main'}[stock_level.warehouse.name] }}\"\n")
    named = {"warehouse": {"name": "A"}}
    shelves.records = [level(1, 5, **named), level(1, 70, **named, **JANUARY)]
    shelves.run()
    there = shelves.quantities()
    renamed = {"warehouse": {"name": "A, new"}, "custom_fields": flags}
    shelves.records = [level(1, 5, **named), level(1, 70, **renamed, **JANUARY)]
    report = shelves.run()
    assert (shelves.quantities(), report.warnings) == (there, [])
    assert len(shelves.held()) == (not flags)


def test_a_zero_that_is_refused_waits(shelves: Shelves) -> None:
    """The day that is gone is held like any other level, and not tried again at once."""
    shelves.records = [level(1), level(1, 5, **JANUARY)]
    shelves.run()
    shelves.records = [level(1)]
    shelves.refuses = {key(1, "future@2027-01-15")}
    assert len(shelves.sends()) == 1
    assert shelves.sends() == []
    assert len(shelves.held()) == 1
    shelves.clock.sleep(DAY)
    shelves.refuses = set()
    assert len(shelves.sends()) == 1
    assert shelves.held() == {}


def test_dates_of_an_item_that_is_gone_stay(shelves: Shelves) -> None:
    """Nothing is known of an item that is no longer mentioned at all; one that is held is mentioned."""
    shelves.records = [level(1, 5, **JANUARY), level(2, 5, **JANUARY), level(3)]
    shelves.run()
    shelves.records = [level(2), level(2, 5, **JANUARY, custom_fields={"skip_push": "1"}), level(3)]
    assert shelves.sends() == [key(2)]


# where it is sent to


def test_another_place_at_the_destination_gets_everything(shelves: Shelves) -> None:
    """What was confirmed under other settings of the destination may be somewhere else; a longer time-out changes
    nothing.
    """
    shelves.run()
    shelves.configure("destination_options.timeout = 60\n")
    assert shelves.sends() == []
    shelves.configure('destination_options.taste = "sour"\n')
    assert len(shelves.sends()) == 3
    assert shelves.sends() == []


def test_another_destination_gets_everything(shelves: Shelves) -> None:
    """What one shop has confirmed says nothing of another."""
    shelves.run()
    shelves.configure(config=CONFIG.replace('"shop"\n\n', '"shop"\n[connections.second]\nchannel = "shop"\n\n')
                      .replace('destination = "shop"', 'destination = "second"'))  # fmt: skip
    assert len(shelves.sends()) == 3


def test_a_refusal_elsewhere_is_no_confirmation(shelves: Shelves) -> None:
    """A record confirmed at the old place and refused at the new one stays held."""
    shelves.run()
    shelves.configure('destination_options.taste = "sour"\n')
    shelves.refuses = {key(1)}
    assert shelves.run().held == 1
    assert shelves.run().held == 1


# overwriting


@pytest.fixture
def whole(tmp_path: Path) -> Shelves:
    """Give a depot whose stock overwrites what the shop has, one level to a batch."""
    whole = Shelves(tmp_path, extra='write_mode = "overwrite"\n', batch_size=1)
    whole.records = [level(1, 10), level(2, 20), level(3, 30)]
    return whole


def test_an_overwrite_is_one_call_with_everything(whole: Shelves) -> None:
    """However small batches are; and none is made when nothing has changed."""
    whole.there = {key(9): level(9)}
    whole.run()
    whole.records[0] = level(1, 11)
    whole.run()
    whole.run()
    assert whole.calls == [([key(1), key(2), key(3)], "overwrite")] * 2
    assert whole.quantities() == {key(1): 11, key(2): 20, key(3): 30}


@pytest.mark.parametrize("quantity", [30, None], ids=["counted", "made to order"])
def test_what_is_gone_is_cleared(whole: Shelves, quantity: int | None) -> None:
    """A level that is no longer there is reason enough for an overwrite, and comes back when it does."""
    last = level(3, quantity, bucket="immediate" if quantity else "made_to_order")
    whole.records[2] = last
    whole.run()
    whole.records = whole.records[:2]
    whole.run()
    assert sorted(whole.quantities()) == [key(1), key(2)]
    assert whole.sends() == []
    whole.records = [*whole.records, last]
    whole.run()
    assert len(whole.there) == 3


def test_what_is_left_out_is_cleared_and_comes_back(whole: Shelves) -> None:
    """A flag takes a level out of the snapshot, which a warning says; without it the level is sent again."""
    whole.run()
    whole.records[0] = level(1, 10, custom_fields={"skip_push": "1"})
    report = whole.run()
    assert report.warnings == ["stock levels left out by flags or rules, which an overwrite clears: 1"]
    assert sorted(whole.there) == [key(2), key(3)]
    assert whole.sends() == []
    whole.records[0] = level(1, 10)
    whole.run()
    assert sorted(whole.there) == [key(1), key(2), key(3)]


@pytest.mark.parametrize(("why", "told"), [("held", "1 stock level is held"), ("incomplete", "did not give everyth")])
def test_half_a_snapshot_is_not_sent(whole: Shelves, why: str, told: str) -> None:
    """An overwrite would clear what it does not name, so nobody can let it through."""
    whole.run()
    whole.records[0] = level(1, 11)
    if why == "held":
        whole.unread = [Unread("3", "S3 M", "quantity: missing")]
    whole.complete = why == "held"
    whole.records.pop()
    report = whole.run()
    assert (report.result, len(whole.calls)) == ("stopped", 1)
    assert told in report.stops[0]
    assert (whole.run(allow_drop=True).result, len(whole.calls)) == ("stopped", 1)
    whole.unread, whole.complete, whole.records = [], True, [*whole.records, level(3, 30)]
    whole.run()
    assert len(whole.there) == 3


def test_a_level_that_is_refused_in_an_overwrite_is_not_there(whole: Shelves) -> None:
    """What was confirmed of it before is cleared like everything else, so it is sent even when it is as it was."""
    whole.run()
    whole.records[0] = level(1, 11)
    whole.refuses = {key(1)}
    assert whole.run().held == 1
    whole.records[0] = level(1, 10)
    whole.refuses = set()
    whole.run()
    assert whole.quantities()[key(1)] == 10


def test_an_overwrite_is_repeated_whole(whole: Shelves) -> None:
    """When the answer for one level is missing, everything is sent again, or the rest would be cleared."""
    whole.script = ["accept", "unknown and lost", "accept"]
    report = whole.run()
    assert whole.calls == [([key(1), key(2), key(3)], "overwrite")] * 2
    assert len(whole.there) == 3
    assert (report.result, report.counts["written"]) == ("done", 3)


def test_an_overwrite_without_an_answer_is_made_again(whole: Shelves) -> None:
    """Whatever it did, the next run makes it as the depot is then."""
    whole.run()
    whole.records = [level(1, 10), level(4, 4)]
    whole.on_answer = raises(UnavailableError("cut off"))
    assert whole.run().result == "failed"
    whole.on_answer = list
    whole.records = [level(1, 10), level(2, 20)]
    whole.run()
    assert whole.quantities() == {key(1): 10, key(2): 20}


@pytest.mark.parametrize("moments", range(1, 7))
def test_an_overwrite_may_die_at_any_moment(whole: Shelves, moments: int) -> None:
    """What the dead process cleared comes back, though the depot is as it was before."""
    whole.run()
    before, whole.records = whole.records, whole.records[:2]
    whole.run_and_die(moments)
    whole.records = before
    whole.run()
    assert whole.quantities() == {key(1): 10, key(2): 20, key(3): 30}


def test_an_overwrite_has_no_limit(whole: Shelves) -> None:
    """Part of a snapshot cannot be asked for."""
    with pytest.raises(SettingsError, match="leave --limit out"):
        whole.run(limit=1)


# dry runs


def test_a_plan_says_what_a_run_would_do(shelves: Shelves) -> None:
    """Each record with its action and its differences; nothing is written anywhere."""
    shelves.accepted_schema = {"properties": {"custom_fields": {"properties": {"unfit": False}}}}
    shelves.script = ["accept", "accept", "accept", "pending"]
    shelves.records = [level(1, 10), level(2, 20), level(3, 30), level(4, 40)]
    shelves.run()
    shelves.clock.sleep(DAY)
    shelves.records = [
        level(1, 10),
        level(2, 21),
        level(3, 0),
        level(4, 40),
        level(5),
        level(6, custom_fields={"unfit": "1"}),
    ]
    rows, runs, there = shelves.rows(), shelves.ledger.runs(), dict(shelves.there)
    report = shelves.plan()
    assert {one.key: one.action for one in report.planned} == {
        key(2): "change", key(3): "zero", key(4): "again", key(5): "new", key(6): "hold",
    }  # fmt: skip
    (change,) = [one for one in report.planned if one.action == "change"]
    assert [(one.field, one.before, one.after) for one in change.differences] == [("quantity", 20, 21)]
    assert (report.counts["changed"], report.counts["new"], report.counts["unchanged"]) == (4, 1, 1)
    assert (shelves.rows(), shelves.ledger.runs(), shelves.there) == (rows, runs, there)


def test_a_plan_needs_no_claim(shelves: Shelves) -> None:
    """It may be made while a run is under way."""
    with shelves.ledger.claimed("stock"):
        assert shelves.plan().counts["new"] == 3


def test_a_plan_of_an_overwrite_says_what_is_cleared(whole: Shelves) -> None:
    """What the shop says it has and the depot does not name, whoever brought it there."""
    whole.run()
    whole.there[key(8)] = level(8, 8)
    whole.records = whole.records[:2]
    report = whole.plan()
    assert [(one.key, one.action) for one in report.planned] == [(key(3), "zero"), (key(8), "zero")]
    assert report.counts["cleared"] == 2


def test_a_plan_after_a_refusal_counts_what_goes_out_again(shelves: Shelves) -> None:
    """A hold that the next run ends by sending what was confirmed before is not told as waiting."""
    shelves.run()
    shelves.records[0] = level(1, 11)
    shelves.script = ["refuse"]
    shelves.run()
    assert shelves.plan().counts["waiting"] == 1
    shelves.records[0] = level(1, 10)
    report = shelves.plan()
    assert (report.counts["waiting"], report.counts["unchanged"]) == (0, 2)
    assert [(one.key, one.action) for one in report.planned] == [(key(1), "again")]


# one process at a time


def test_two_processes_never_run_one_pipeline(shelves: Shelves) -> None:
    """The second one is told who runs it."""
    second = Ledger(shelves.ledger.path, shelves.clock)

    def call() -> None:
        with pytest.raises(LedgerError, match="pipeline 'stock' is already running"):
            shelves.run(ledger=second)

    shelves.on_call = call
    assert shelves.run().result == "done"
    assert len(shelves.calls) == 1
    second.close()


def test_a_run_that_lost_its_lease_stops(shelves: Shelves) -> None:
    """What it had under way is not noted as answered; whoever took over sends it and writes the history."""
    second = Ledger(shelves.ledger.path, shelves.clock)

    def overtaken() -> None:
        shelves.on_call = lambda: None
        shelves.clock.sleep(LEASE.total_seconds() + 1)
        shelves.records[0] = level(1, 11)
        assert shelves.run(ledger=second).result == "done"

    shelves.on_call = overtaken
    with pytest.raises(LeaseLostError):
        shelves.run()
    assert [run.result for run in second.runs()] == ["done", None]
    assert shelves.sends() == []
    assert (shelves.rows()[key(1)].sent or "").count('"quantity":11') == 1
    second.close()


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    """Ctrl-C ends it as it stands; the next run sends the rest, and again what was under way."""
    shelves = Shelves(tmp_path, batch_size=1)
    shelves.records = [level(1), level(2), level(3)]

    def call() -> None:
        if len(shelves.calls) == 2:
            raise KeyboardInterrupt

    shelves.on_call = call
    report = shelves.run()
    assert (report.result, report.counts["written"]) == ("interrupted", 1)
    assert shelves.ledger.runs()[0].result == "interrupted"
    assert shelves.sends() == [key(2), key(3)]


@pytest.mark.parametrize("moments", range(1, 10))
def test_a_killed_run_goes_on(tmp_path: Path, moments: int) -> None:
    """After any moment: what was under way is sent again, and what was confirmed is not."""
    shelves = Shelves(tmp_path, batch_size=1)
    shelves.records = [level(1), level(2)]
    seen = shelves.run_and_die(moments)
    again = shelves.sends()
    assert shelves.quantities() == {key(1): 1, key(2): 1}
    assert again == [key(1), key(2)][seen.count("settled") :]
    assert shelves.sends() == []


def test_receipts_and_remarks_are_kept(shelves: Shelves) -> None:
    """What the destination said is in the ledger, each remark once in the report."""

    def answer(outcomes: Sequence[Outcome]) -> list[Outcome]:
        receipt = Receipt(id="77", remarks=("rounded",))
        return [one.model_copy(update={"receipt": receipt}) for one in outcomes]

    shelves.on_answer = answer
    assert shelves.run().warnings == ["S1 M (B1) and 2 more: rounded"]
    row = shelves.rows()[key(1)]
    assert (row.state, row.message, row.receipt) == (
        "sent",
        "rounded",
        Receipt(id="77", remarks=("rounded",)).to_json(),
    )


def test_a_plan_names_what_is_left_out_and_why(tmp_path: Path) -> None:
    """By a flag of the item or by a rule, whose reason is told."""
    rule = '[[pipelines.stock.skip]]\nwhen = "stock_level.quantity == 7"\nreason = "sevens stay"\n'
    shelves = Shelves(tmp_path, extra=rule)
    shelves.records = [level(1, 7), level(2, 5, item={"custom_fields": {"skip_shop": "1"}}), level(3, 5)]
    planned = {one.label: (one.action, one.message) for one in shelves.plan().planned}
    assert planned == {
        "S1 M (B1)": ("skip", "sevens stay"),
        "S2 M (B2)": ("skip", "skip_shop"),
        "S3 M (B3)": ("new", ""),
    }
