"""What the ledger believes of records, seen through its own book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from orderweft import Accepted, AlreadyThere, LeaseLostError, NotSent, Outcome, Receipt, Refused, Unknown
from orderweft.ledger import EntryBook, Incoming, Ledger, Misfit, entries, tally_entries
from orderweft.ledger.entries import PENDING_AGAIN
from orderweft.ledger.orders import RETRY_AFTER
from orderweft.ledger.store import LEASE, Claim
from orderweft.testing import FakeClock

TAKEN = Accepted(receipt=Receipt(id="1"))
PENDING = Accepted(receipt=Receipt(id="1", pending=True))
REFUSED = Refused(reason="unknown_item", message="no such item", fix="create it")


class Books:
    """One ledger, and a book of it for each run."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.ledger = Ledger(folder / "orderweft.db", self.clock)
        self.claim: Claim = self.ledger.claim("stock")

    def book(self, *records: Incoming, config: str = "", target: str = "") -> EntryBook:
        """Begin a run into which *records* come."""
        run = self.ledger.start_run(self.claim)
        book = EntryBook(self.ledger, "stock", config, self.claim, run, target=target)
        book.take_in(records)
        return book

    def send(self, *records: Incoming, outcome: Outcome | None = TAKEN, target: str = "") -> list[str]:
        """Run once: let all that changed have *outcome*, or none when the process dies, and return their keys."""
        book = self.book(*records, target=target)
        book.release(complete=True)
        changes = book.changed()
        book.intend(changes)
        if outcome is not None:
            book.settle([(change, outcome) for change in changes])
        return [change.key for change in changes]

    @property
    def state(self) -> str:
        """Return the state of the only entry."""
        (row,) = entries(self.ledger, "stock")
        return row.state


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Give a ledger whose pipeline is claimed."""
    books = Books(tmp_path)
    yield books
    books.ledger.close()


def coming(key: str = "a", quantity: int = 1, **more: object) -> Incoming:
    """Build a level as it is read."""
    record = f'{{"bucket":"immediate","quantity":{quantity}}}'
    return Incoming(key, f"item {key}", record, f"{quantity}", f"item of {key}", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "state", "again"),
    [
        pytest.param(TAKEN, "sent", False, id="accepted"),
        pytest.param(AlreadyThere(receipt=Receipt(id="1")), "sent", False, id="already there"),
        pytest.param(PENDING, "pending", False, id="pending"),
        pytest.param(REFUSED, "held", False, id="refused"),
        pytest.param(NotSent(message="busy"), "sending", True, id="not sent"),
        pytest.param(Unknown(message="lost"), "sending", True, id="unknown"),
        pytest.param(None, "sending", True, id="died"),
    ],
)
def test_what_an_outcome_makes_of_an_entry(books: Books, outcome: Outcome | None, state: str, again: bool) -> None:
    """Only what was answered is not sent again in the next run."""
    books.send(coming(), outcome=outcome)
    assert books.state == state
    assert books.send(coming()) == (["a"] if again else [])


@pytest.mark.parametrize("doubt", [Unknown(message="lost"), None], ids=["unknown", "died"])
@pytest.mark.parametrize("then", [REFUSED, NotSent(message="busy"), None], ids=["refused", "not sent", "died"])
def test_doubt_outlives_whatever_comes_after_it(books: Books, doubt: Outcome | None, then: Outcome | None) -> None:
    """Once something else may have arrived, the record as it was confirmed is sent again when it comes back."""
    books.send(coming(quantity=1))
    books.send(coming(quantity=2), outcome=doubt)
    books.send(coming(quantity=3), outcome=then)
    assert books.send(coming(quantity=1)) == ["a"]
    assert books.send(coming(quantity=1)) == []


@pytest.mark.parametrize("before", [Unknown(message="lost"), None, PENDING], ids=["unknown", "died", "pending"])
def test_a_misfit_does_not_make_sure_of_what_was_in_doubt(books: Books, before: Outcome | None) -> None:
    """A record under way that is held for its form goes out when it fits again, even as it was."""
    books.send(coming(), outcome=before)
    books.book().hold([Misfit("a", "item a", "invalid_field", "it lacks a size")])
    assert books.state == "held"
    assert books.send(coming()) == ["a"]


def test_a_refusal_under_the_confirmed_mark_is_no_confirmation(books: Books) -> None:
    """A destination that refuses at another place what it confirmed at the first one does not have it there."""
    books.send(coming(), target="warehouse 1")
    assert books.send(coming(), target="warehouse 1") == []
    books.send(coming(), outcome=REFUSED, target="warehouse 2")
    assert books.send(coming(), target="warehouse 2") == []
    assert books.state == "held"


@pytest.mark.parametrize("tries", range(6))
def test_a_refused_record_waits_longer_each_time(books: Books, tries: int) -> None:
    """A quarter of an hour, then an hour, four hours and a day."""
    for _ in range(tries):
        books.send(coming(), outcome=REFUSED)
        books.clock.sleep(RETRY_AFTER[-1].total_seconds())
    books.send(coming(), outcome=REFUSED)
    wait = RETRY_AFTER[min(tries, 3)]
    books.clock.sleep((wait - timedelta(seconds=1)).total_seconds())
    assert books.book(coming()).changed() == []
    books.clock.sleep(1)
    assert len(books.book(coming()).changed()) == 1


def test_other_rules_decide_a_refusal_anew(books: Books) -> None:
    """And leave alone what is confirmed or pending."""
    book = books.book(coming("a"), coming("b"), coming("c"))
    changes = book.changed()
    book.intend(changes)
    book.settle(list(zip(changes, (TAKEN, PENDING, REFUSED), strict=True)))
    again = books.book(coming("a"), coming("b"), coming("c"), config="new")
    assert [change.key for change in again.changed()] == ["c"]
    assert (again.count_changed(), again.count_waiting(), again.count_incoming()) == (1, 0, 3)
    assert books.book(coming("c")).count_waiting() == 1


def test_pending_ends_by_itself_or_by_a_change(books: Books) -> None:
    """After a day it is asked about, and a changed record is sent at once."""
    books.send(coming(), outcome=PENDING)
    assert [change.key for change in books.book(coming(quantity=2)).changed()] == ["a"]
    books.clock.sleep(PENDING_AGAIN.total_seconds())
    assert books.send(coming()) == ["a"]
    assert books.state == "sent"


def test_changes_come_in_slices(books: Books) -> None:
    """By key, beyond one, so many at a time, also while what came before is being settled."""
    book = books.book(*(coming(key) for key in "dacb"))
    assert [change.key for change in book.changed(limit=2)] == ["a", "b"]
    assert [change.key for change in book.changed(after="b", limit=5)] == ["c", "d"]
    assert book.changed(after="d") == []


def test_before_and_after_are_plain_data(books: Books) -> None:
    """A change has what was confirmed and what is now."""
    books.send(coming(quantity=1))
    (change,) = books.book(coming(quantity=2)).changed()
    assert change.before == {"bucket": "immediate", "quantity": 1}
    assert change.after == {"bucket": "immediate", "quantity": 2}
    assert books.book(coming("new")).changed()[0].before is None


def test_left_out_and_held_records_are_not_missing(books: Books) -> None:
    """They are at the source, although they do not go out; what is neither is missing."""
    books.send(coming("a"), coming("b"), coming("c"), coming("zero", 0))
    book = books.book()
    book.set_aside(["a"])
    book.hold([Misfit("b", "item b", "invalid_field", "x")])
    assert book.missing() == [("c", "item c"), ("zero", "item zero")]
    assert book.missing(stocked=True) == [("c", "item c")]
    assert book.cleared() == [("a", "item a"), ("b", "item b"), ("c", "item c")]
    assert (book.count_confirmed(), book.count_confirmed(stocked=True), book.count_incoming()) == (4, 3, 0)


def test_what_is_held_stays_held_whatever_comes_later(books: Books) -> None:
    """A misfit keeps its key from going out in that run; what is only left out does not."""
    book = books.book(coming("c"))
    book.keep_back(["a", "c"])
    book.set_aside(["a", "b"])
    book.take_in([coming("a"), coming("b")])
    assert [change.key for change in book.changed()] == ["b"]


def test_a_hold_of_this_run_is_not_released_in_it(books: Books) -> None:
    """Holding comes before releasing, and a record that is held is nowhere among those that came in."""
    book = books.book()
    book.hold([Misfit("a", "item a", "invalid_field", "x"), Misfit("unread:1", "item 1", "invalid_field", "y")])
    book.release(complete=True)
    assert tally_entries(books.ledger, "stock") == {"held": 2}


def test_a_repeated_hold_keeps_its_time(books: Books) -> None:
    """Since when it waits is told, not when it was last looked at; another message is another hold."""
    for message in ("x", "x", "y"):
        books.book().hold([Misfit("a", "item a", "invalid_field", message)])
        books.clock.sleep(60)
    (row,) = entries(books.ledger, "stock")
    assert row.changed_at.endswith("09:02:00.000000Z")


def test_after_an_overwrite_only_what_was_taken_is_known(books: Books) -> None:
    """What was missing, left out, held or refused is cleared there and forgotten here; holds stay."""
    books.send(*(coming(key) for key in "abcde"))
    book = books.book(coming("a"), coming("b"))
    book.set_aside(["c"])
    book.hold([Misfit("d", "item d", "invalid_field", "x")])
    book.doubt()
    changes = list(book.everything())
    book.intend(changes)
    book.settle(list(zip(changes, (TAKEN, REFUSED), strict=True)))
    book.forget_cleared()
    rows = {row.key: (row.state, row.sent is None) for row in entries(books.ledger, "stock")}
    assert rows == {"a": ("sent", False), "b": ("held", True), "d": ("held", True)}
    assert books.send(*(coming(key) for key in "acde")) == ["c", "d", "e"]


def test_pipelines_are_apart(books: Books) -> None:
    """What one has confirmed is nothing to another."""
    books.send(coming())
    other = EntryBook(books.ledger, "other", "", books.ledger.claim("other"), 99)
    other.take_in([coming()])
    assert [change.key for change in other.changed()] == ["a"]
    other.intend(other.changed())
    assert tally_entries(books.ledger, "other") == {"sending": 1}
    assert tally_entries(books.ledger, "stock") == {"sent": 1}


def test_a_book_without_a_claim_leaves_the_file_alone(books: Books) -> None:
    """A dry run may compare, and nobody sees it."""
    dry = EntryBook(books.ledger, "stock", "", None, 0)
    dry.take_in([coming()])
    assert dry.count_changed() == 1
    second = Ledger(books.ledger.path, books.clock)
    assert EntryBook(second, "stock", "", None, 0).count_incoming() == 0
    assert entries(second, "stock") == []
    second.close()


def test_a_book_whose_claim_is_gone_writes_nothing(books: Books) -> None:
    """Whoever was overtaken stops at its next step, whichever that is."""
    book = books.book(coming())
    changes = book.changed()
    book.intend(changes)
    books.clock.sleep(LEASE.total_seconds() + 1)
    books.ledger.claim("stock")
    steps: tuple[Callable[[], None], ...] = (
        lambda: book.settle([(changes[0], TAKEN)]),
        lambda: book.intend(changes),
        lambda: book.hold([Misfit("b", "item b", "invalid_field", "x")]),
        lambda: book.take_in([coming("b")]),
        lambda: book.release(complete=True),
        book.doubt,
        book.forget_cleared,
    )
    for step in steps:
        with pytest.raises(LeaseLostError):
            step()
    assert books.state == "sending"


def test_entries_are_listed_held_ones_first(books: Books) -> None:
    """By state or by any part of a name, in any case of letters."""
    books.send(coming("a"), coming("b"), coming("B%"))
    books.book().hold([Misfit("z", "item z", "invalid_field", "x", "y")])
    rows = entries(books.ledger, "stock")
    assert [(row.key, row.state) for row in rows] == [("z", "held"), ("B%", "sent"), ("a", "sent"), ("b", "sent")]
    assert (rows[0].reason, rows[0].message, rows[0].fix, rows[0].sent) == ("invalid_field", "x", "y", None)
    assert [row.key for row in entries(books.ledger, "stock", text="ITEM B")] == ["B%", "b"]
    assert [row.key for row in entries(books.ledger, "stock", text="%")] == ["B%"]
    assert [row.key for row in entries(books.ledger, "stock", state="sent", limit=1)] == ["B%"]
    assert entries(books.ledger, "another") == []
