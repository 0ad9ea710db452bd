"""What holds for everything a channel reads, orders and records alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import AuthenticationError, OrderweftError, UnavailableError
from ...exchange import Kind, Page, RecordPage
from .base import Checks
from .faults import ALL, PASSING, WAIT, worded
from .stage import ALL_READING, KINDS, READING, RECORD_KINDS, Line, Stage, attempt, needs, told


class Reading(Checks):
    """What is true of every hook that reads."""

    def readable(self, stage: Stage) -> list[Kind]:
        """Return the kinds that can be read, once there is something to read."""
        usable = stage.usable
        if {"deliver_orders", "fetch_orders"} <= usable:
            self.stocked(stage)
        return [kind for kind in KINDS if READING[kind] in usable]

    @needs(some=ALL_READING)
    def test_records_carry_their_origin(self) -> None:
        """Every record says which connection it was read from, and has an id no other one of its kind has."""
        stage = self.stage()
        for kind in self.readable(stage):
            line = stage.open(name="where-from")
            records = _records(kind, line.pages(kind))
            for record in records:
                assert (record.origin.channel, record.origin.connection) == (stage.channel, "where-from"), (
                    f"{READING[kind]} must give each record's origin the channel and the connection's name; "
                    f"it gave {record.origin.channel!r} and {record.origin.connection!r}"
                )
            names = [_identity(kind, record) for record in records]
            twice = sorted({name for name in names if names.count(name) > 1})
            assert not twice, f"{READING[kind]} must give each record an id of its own; {twice[0]!r} comes twice"

    @needs(some=ALL_READING)
    def test_reading_does_not_consume(self) -> None:
        """Whoever reads again gets the same again, with the same ids: a run may end before anything is stored."""
        stage = self.stage()
        for kind in self.readable(stage):
            once, again = (told(_records(kind, stage.open().pages(kind))) for _ in range(2))
            assert once == again, (
                f"{READING[kind]} must not consume: read twice, it gave {len(once)} records and then {len(again)}, "
                "or others"
            )

    @needs(some=ALL_READING)
    def test_reading_changes_nothing(self) -> None:
        """After reading, a person finds the account as it was."""
        stage = self.stage()
        for kind in self.readable(stage):
            before = dict(stage.simulator.facts())
            stage.open().pages(kind)
            after = dict(stage.simulator.facts())
            assert before == after, f"{READING[kind]} must change nothing there; before {before}, after it {after}"

    @needs(some=tuple(READING[kind] for kind in RECORD_KINDS))
    def test_complete_means_complete(self) -> None:
        """Only the last page says `complete`, and only when nothing was unread: what is absent may be cleared then."""
        stage = self.stage()
        for kind in set(self.readable(stage)) - {"orders"}:
            pages = stage.open().read(kind)
            early = [place for place, page in enumerate(pages[:-1], 1) if page.complete]
            assert not early, f"only the last page may be complete; page {early[0]} of {len(pages)} of {kind} says so"
            unread = sum(len(page.unread) for page in pages)
            assert not (unread and pages[-1].complete), (
                f"{READING[kind]} must not say complete when records were unread; {unread} were"
            )

    @needs(some=ALL_READING)
    def test_what_is_unread_is_told(self) -> None:
        """What cannot be read or is not wanted says why in a sentence, under the source's own id and a name."""
        stage = self.stage()
        for kind in self.readable(stage):
            for page in stage.open().pages(kind):
                for one in page.unread if isinstance(page, RecordPage) else ():
                    assert one.id, f"{READING[kind]} must give what it cannot read its id"
                    assert one.label, f"{READING[kind]} must give what it cannot read the name people call it by"
                    assert one.problem, f"{READING[kind]} must say why it cannot read {one.label}"
                for item in page.items if isinstance(page, Page) else ():
                    assert item.id, "fetch_orders must give every order its id, readable or not"
                    assert item.order or item.problem or item.skip, (
                        f"fetch_orders must say why there is no order {item.number}: a problem, or why it is skipped"
                    )
                    assert not (item.order and item.problem), f"order {item.number} was read, so it has no problem"

    @needs(some=ALL_READING, http=True)
    def test_a_passing_fault_is_outlived(self) -> None:
        """One lost answer, one 429 or one 5xx in the middle of a reading leaves no trace in what is read."""
        stage = self.stage()
        for kind in self.readable(stage):
            line = stage.open()
            whole = told(_records(kind, line.pages(kind)))
            for name, trouble in PASSING.items():
                bad = stage.open(trouble.at("*", len(line.calls)))
                seen = attempt(lambda kind=kind, bad=bad: told(_records(kind, bad.pages(kind))))  # type: ignore[misc]
                assert seen == whole, (
                    f"{READING[kind]} must get over one passing fault ({name}): reads go out by connection.http.read, "
                    f"which repeats them; it gave {_short(seen)}"
                )

    @needs(some=ALL_READING, http=True)
    def test_a_lasting_fault_is_told(self) -> None:
        """Each lasting fault becomes the error that says what happens next, and never an empty answer or a crash."""
        stage = self.stage()
        for kind in self.readable(stage):
            for name, trouble in ALL.items():
                line = stage.open(trouble.at("*", times=999))
                answer = _caught(line, kind)
                names = " or ".join(one.__name__ for one in trouble.read)
                assert isinstance(answer, trouble.read), (
                    f"{READING[kind]} must raise {names} for: {name}; it gave {_short(answer)}"
                )

    @needs(some=ALL_READING, http=True)
    def test_a_reading_never_just_ends(self) -> None:
        """A reading that breaks off raises, or at least does not say that it gave everything there is."""
        stage = self.stage()
        for kind in self.readable(stage):
            line = stage.open()
            whole = told(_records(kind, line.pages(kind)))
            for call in {len(line.calls), (len(line.calls) + 1) // 2}:
                seen = _caught(stage.open(ALL["503, all done"].at("*", call, 999)), kind)
                if isinstance(seen, OrderweftError):
                    continue
                cut = told(_records(kind, seen)) != whole
                claims = kind == "orders" or (bool(seen) and seen[-1].complete)
                assert not (cut and claims), (
                    f"{READING[kind]} must raise when the channel fails in the middle; it ended as if that were all"
                )

    @needs(some=ALL_READING, http=True)
    def test_the_wait_of_a_read_is_passed_on(self) -> None:
        """When the channel says how long to wait, UnavailableError carries it as `retry_after`."""
        stage = self.stage()
        for kind in self.readable(stage):
            line = stage.open(ALL["429 with Retry-After"].at("*", times=999))
            answer = _caught(line, kind)
            assert isinstance(answer, UnavailableError), f"a channel that says 429 is unavailable; got {_short(answer)}"
            assert (answer.retry_after or 0) >= WAIT, (
                f"{READING[kind]} must pass on the wait the channel asks for ({WAIT} s); "
                f"retry_after is {answer.retry_after}"
            )

    @needs(some=ALL_READING, http=True)
    def test_sign_in_that_ends_is_told(self) -> None:
        """When the credentials are withdrawn in the middle of a reading, AuthenticationError says so."""
        stage = self.stage()
        for kind in self.readable(stage):
            line = stage.open()
            line.pages(kind)
            gone = stage.open(ALL["401"].at("*", len(line.calls), 999))
            answer = _caught(gone, kind)
            assert isinstance(answer, AuthenticationError), (
                f"{READING[kind]} must raise AuthenticationError when it is refused in the middle; "
                f"it gave {_short(answer)}"
            )


def _records(kind: Kind, pages: Sequence[Any]) -> list[Any]:
    """Return the records on *pages*; orders once each, because pages of orders may repeat."""
    if kind != "orders":
        return [record for page in pages for record in page.records]
    return list({item.id: item.order for page in pages for item in page.items if item.order}.values())


def _identity(kind: Kind, record: Any) -> str:
    # One source id may be that of an item, which has a level in each warehouse and bucket.
    return f"{record.origin.id} {record.identity}" if kind == "inventory" else str(record.origin.id)


def _caught(line: Line, kind: Kind) -> Any:
    """Return the pages or whatever is raised instead."""
    try:
        return line.pages(kind)
    except Exception as error:  # a stranger's hook may raise anything
        return error


def _short(answer: Any) -> str:
    return worded(answer) if isinstance(answer, Exception) else f"{len(answer)} pages or records, and no error"
