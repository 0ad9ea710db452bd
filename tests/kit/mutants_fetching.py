"""Mutants that break what a source of orders gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from orderweft import (
    Accepted,
    Acknowledgement,
    ChannelError,
    Fetched,
    InvalidRecordError,
    OrderQuery,
    Outcome,
    Page,
    Receipt,
    Refused,
    UnavailableError,
    Unknown,
    hookimpl,
)

from .mutation import Hooks, Office, mutant
from .reference import channel as ch
from .reference import wire


@mutant("bookmarks_survive_storage")
def gives_a_number_for_a_bookmark() -> Hooks:
    """Gives a bookmark that is no text."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            yield replace(page, bookmark=int(page.bookmark or 0))  # type: ignore[arg-type]

    return [fetch_orders]


@mutant("no_page_is_lost")
def skips_a_page() -> Hooks:
    """Gives each page the bookmark of the one after it."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        pages = list(ch.fetch_orders(connection, query))
        for page, after in zip(pages, [*pages[1:], pages[-1]], strict=True):
            yield replace(page, bookmark=after.bookmark)

    return [fetch_orders]


@mutant("no_page_is_lost")
def resumes_behind_the_first_order() -> Hooks:
    """Begins one order too late when it goes on from a bookmark."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        late = replace(query, bookmark=str(int(query.bookmark) + 1)) if query.bookmark else query
        yield from ch.fetch_orders(connection, late)

    return [fetch_orders]


@mutant("an_interrupted_fetch_goes_on")
def takes_a_break_for_the_end() -> Hooks:
    """Ends without a word when a page cannot be had."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        with suppress(UnavailableError):
            yield from ch.fetch_orders(connection, query)

    return [fetch_orders]


@mutant("peeking_changes_nothing")
def peeks_with_both_hands() -> Hooks:
    """Spools what it reads, in a dry run too."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            connection.spool.put(str(page.bookmark))
            yield page

    return [fetch_orders]


@mutant("peeking_changes_nothing")
def marks_what_it_peeks_at() -> Hooks:
    """Marks orders as exported in a dry run."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            if query.peek:
                wire.put(connection, "told", [{"id": item.id, "message": "seen"} for item in page.items])
            yield page

    return [fetch_orders]


@mutant("one_order_by_its_number")
def does_not_look_at_the_number() -> Hooks:
    """Gives all orders when it is asked for one."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        yield from ch.fetch_orders(connection, replace(query, number=None))

    return [fetch_orders]


@mutant("since_is_obeyed")
def prefers_the_bookmark() -> Hooks:
    """Goes on from the bookmark when it is asked for everything since a date."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        yield from ch.fetch_orders(connection, replace(query, since=None) if query.bookmark else query)

    return [fetch_orders]


@mutant("a_new_order_comes_after_the_bookmark")
def runs_ahead() -> Hooks:
    """Sets its bookmarks beyond what has been read."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            yield replace(page, bookmark=str(int(page.bookmark or 0) + 100))

    return [fetch_orders]


@mutant("an_unreadable_order_stops_nothing")
def stops_at_an_order_it_cannot_read() -> Hooks:
    """Raises because of one order out of many."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            for item in page.items:
                if item.problem:
                    raise InvalidRecordError(item.problem)
            yield page

    return [fetch_orders]


@mutant("an_unreadable_order_stops_nothing")
def drops_an_order_it_cannot_read() -> Hooks:
    """Leaves an order out without telling."""

    @hookimpl
    def fetch_orders(connection: Office, query: OrderQuery) -> Iterator[Page]:
        for page in ch.fetch_orders(connection, query):
            yield replace(page, items=tuple(item for item in page.items if item.order))

    return [fetch_orders]


@mutant("rereading_gives_the_same")
def rereads_another_way() -> Hooks:
    """Reads a stored payload otherwise than it was read first."""

    @hookimpl
    def reread_order(connection: Office, payload: str) -> Fetched:
        again = ch.reread_order(connection, payload)
        return replace(again, order=again.order.model_copy(update={"status": "draft"}) if again.order else None)

    return [reread_order]


@mutant("rereading_gives_the_same")
def rereads_by_asking() -> Hooks:
    """Asks the channel to read a stored payload."""

    @hookimpl
    def reread_order(connection: Office, payload: str) -> Fetched:
        wire.ask(connection, "account")
        return ch.reread_order(connection, payload)

    return [reread_order]


@mutant("acknowledging_can_be_repeated")
def acknowledges_once() -> Hooks:
    """Refuses an acknowledgement it has had before."""
    told: set[str] = set()

    @hookimpl
    def acknowledge_orders(connection: Office, acknowledgements: Sequence[Acknowledgement]) -> list[Outcome] | None:
        outcomes: list[Outcome] = []
        for one, outcome in zip(
            acknowledgements, ch.acknowledge_orders(connection, acknowledgements) or (), strict=True
        ):
            outcomes.append(Refused(reason="refused", message="told before") if one.id in told else outcome)
            told.add(one.id)
        return outcomes

    return [acknowledge_orders]


@mutant("acknowledging_can_be_repeated")
def answers_once_for_all() -> Hooks:
    """Gives one outcome for several acknowledgements."""

    @hookimpl
    def acknowledge_orders(connection: Office, acknowledgements: Sequence[Acknowledgement]) -> list[Outcome] | None:
        outcomes = ch.acknowledge_orders(connection, acknowledgements)
        return list(outcomes or ())[:1]

    return [acknowledge_orders]


@mutant("outcomes_of_acknowledgements_are_true")
def takes_every_acknowledgement_for_heard() -> Hooks:
    """Says that the source was told, whatever went wrong."""

    @hookimpl
    def acknowledge_orders(connection: Office, acknowledgements: Sequence[Acknowledgement]) -> list[Outcome] | None:
        with suppress(ChannelError):
            ch.acknowledge_orders(connection, acknowledgements)
        return [Accepted(receipt=Receipt(id=one.id)) for one in acknowledgements]

    return [acknowledge_orders]


@mutant("a_write_goes_out_once")
def acknowledges_again() -> Hooks:
    """Acknowledges again when it got no answer."""

    @hookimpl
    def acknowledge_orders(connection: Office, acknowledgements: Sequence[Acknowledgement]) -> list[Outcome] | None:
        outcomes = ch.acknowledge_orders(connection, acknowledgements) or []
        again = any(isinstance(one, Unknown) for one in outcomes)
        return ch.acknowledge_orders(connection, acknowledgements) if again else outcomes

    return [acknowledge_orders]
