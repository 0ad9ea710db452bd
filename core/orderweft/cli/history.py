"""`orderweft orders show`: the whole history of one order on one page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

import click

from ..ledger import History, Ledger, OrderRow, history
from ..ledger.changes import OrderChange, changes_of
from ..ledger.exchanges import ExchangeRow, MappedRow, exchanges_of, mapped_of
from ..provenance import leaves
from . import output
from .common import Context, pass_context
from .orders import found, moment, sentence

SHOWN = 6
"""Fields named when an order was mapped."""


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the ledger knows of one order."""

    known: History
    mapped: Sequence[MappedRow]
    exchanges: Sequence[ExchangeRow]
    changes: Sequence[OrderChange] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an order."""

    at: str
    what: str
    details: str = ""
    seconds: float | None = None
    payloads: tuple[tuple[str, str | None], ...] = ()
    """Texts with their titles."""


@click.command()
@click.argument("number")
@click.option("--payloads", is_flag=True, help="Print what was received, mapped, sent and answered, in full.")
@output.json_option
@pass_context
@output.speaks_plainly
def show(context: Context, number: str, payloads: bool, as_json: bool) -> None:
    """Show the history of order NUMBER: seen, mapped, sent, answered, acknowledged, and what people did.

    With --payloads or --json it tells names and addresses, too.
    """
    with closing(context.ledger(must_exist=True)) as ledger:
        stories = [_story(ledger, row) for row in found(ledger, number)]
    if as_json:
        output.say_json([_as_data(story) for story in stories])
        return
    for story in stories:
        _show(story, payloads=payloads)


def _story(ledger: Ledger, row: OrderRow) -> Story:
    at = (ledger, row.pipeline, row.id)
    return Story(history(ledger, row), mapped_of(*at), exchanges_of(*at), changes_of(*at))


def _as_data(story: Story) -> dict[str, Any]:
    data = asdict(story.known)
    data["mapped"] = [asdict(row) for row in story.mapped]
    data["exchanges"] = [asdict(row) for row in story.exchanges]
    shown = ("revision", "base", "cancelled", "state", "diff", "reason", "message", "fix", "outcome")
    data["changes"] = [{name: getattr(one, name) for name in shown} for one in story.changes]
    for row, name in (
        *((revision, "record") for revision in (*data["revisions"], *data["mapped"])),
        *((attempt, "receipt") for attempt in (*data["attempts"], data["order"])),
    ):
        row[name] = json.loads(row[name]) if row[name] else None
    return data


def _show(story: Story, *, payloads: bool) -> None:
    order = story.known.order
    click.echo(sentence(order, story.changes))
    events = sorted(_events(story), key=attrgetter("at"))
    output.table(
        ["When", "What", "Details", "Took"],
        [[moment(one.at), one.what, one.details, _took(one.seconds)] for one in events],
    )
    if not payloads:
        click.echo(f"`orderweft orders show {order.number} --payloads` prints what was received, sent and answered.")
        return
    for one in events:
        for title, text in one.payloads:
            click.echo(click.style(f"{moment(one.at)} {one.what}: {title}", bold=True))
            click.echo(f"{laid_out(text)}\n")


def _events(story: Story) -> Iterator[Event]:
    """Give what happened; of what happened at the same moment, the cause first."""
    known = story.known
    yield from _reading(story)
    for attempt in known.attempts:
        yield Event(attempt.started_at, f"sent under key {attempt.key}", f"revision {attempt.revision}")
    yield from (_said(row) for row in story.exchanges if row.step != "acknowledge")
    for attempt in known.attempts:
        receipt = json.loads(attempt.receipt) if attempt.receipt else {}
        answered = attempt.ended_at or attempt.started_at
        answer = (attempt.outcome or "none yet").replace("_", " ")
        there = f"as {receipt.get('number') or receipt.get('id')}" if receipt else ""
        took = _between(attempt.started_at, attempt.ended_at)
        yield Event(answered, f"answer: {answer}", attempt.message or there, took)
        yield from (Event(answered, "remark", remark) for remark in receipt.get("remarks", []))
    if known.order.state in ("held", "skipped", "cancelled"):
        reason = f" ({known.order.reason.replace('_', ' ')})" if known.order.reason else ""
        yield Event(known.order.changed_at, f"decided: {known.order.state}{reason}", known.order.message or "")
    yield from (_said(row) for row in story.exchanges if row.step == "acknowledge")
    if (told := known.told) is not None:
        taken = "still to be told" if told.due else (told.outcome or "").replace("_", " ")
        yield Event(told.changed_at, f"source told: {taken}", told.message)
    yield from _changes(story)
    for action in known.actions:
        why = f" ({action.why})" if action.why else ""
        yield Event(action.done_at, f"{action.what} by {action.who}", f"{action.outcome}{why}")


def _changes(story: Story) -> Iterator[Event]:
    for one in story.changes:
        what = "cancelled" if one.cancelled else "changed"
        yield Event(one.seen_at, f"{what} after it was delivered: {one.state}", "; ".join(one.diff))
        if one.started_at is not None:
            took = _between(one.started_at, one.ended_at)
            answer = (one.outcome or "none yet").replace("_", " ")
            yield Event(one.started_at, f"change sent (revision {one.revision}): {answer}", one.message or "", took)


def _reading(story: Story) -> Iterator[Event]:
    read: dict[int, dict[str, Any]] = {}
    for one in story.known.revisions:
        what = "seen for the first time" if one.revision == 1 else "seen changed"
        texts = (("as received", one.payload), ("as read", one.record))
        details = one.problem or one.skip or ""
        yield Event(one.seen_at, f"{what} (revision {one.revision})", details, payloads=_given(*texts))
        read[one.revision] = dict(leaves(json.loads(one.record))) if one.record else {}
    for row in story.mapped:
        before, after = read.get(row.revision, {}), dict(leaves(json.loads(row.record)))
        names = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        told = f"set by templates: {', '.join(names[:SHOWN])}{more}" if names else "the templates change nothing"
        yield Event(row.mapped_at, f"mapped (revision {row.revision})", told, payloads=_given(("as sent", row.record)))


def _said(row: ExchangeRow) -> Event:
    return Event(
        row.started_at,
        f"{row.connection} {'told' if row.is_write else 'asked'}: {row.method} {urlsplit(row.url).path}",
        row.error or f"HTTP {row.status}",
        row.seconds,
        _given((f"{row.method} {row.url}", row.request), ("the answer", row.response)),
    )


def _given(*payloads: tuple[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    return tuple((title, text) for title, text in payloads if text)


def _between(start: str, end: str | None) -> float | None:
    return None if end is None else (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _took(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f} s"


def laid_out(text: str | None) -> str:
    """Return a text as it is easiest to read: JSON with indents."""
    try:
        return json.dumps(json.loads(text or ""), ensure_ascii=False, indent=2)
    except ValueError:
        return text or ""
