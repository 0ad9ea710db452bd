"""`orderweft orders` and `orderweft runs`: what happened to each order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from operator import itemgetter
from typing import Any, get_args

import click

from ..errors import SettingsError
from ..ledger import History, Ledger, OrderRow, OrderState, find, history, listed, tally
from . import output
from .common import Context, pass_context


@click.group()
def orders() -> None:
    """Ask what became of an order."""


@orders.command(name="list")
@click.option("--pipeline", help="Only this pipeline.")
@click.option("--state", type=click.Choice(get_args(OrderState)), help="Only orders in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@output.json_option
@pass_context
@output.speaks_plainly
def list_orders(context: Context, pipeline: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List orders, the last changed first."""
    ledger = context.ledger(must_exist=True)
    rows = listed(ledger, pipeline=pipeline, state=state, limit=limit)
    counts = tally(ledger, pipeline)
    if as_json:
        output.say_json({"counts": counts, "orders": [asdict(row) for row in rows]})
        return
    output.table(
        ["Order", "State", "Customer", "At destination", "Changed", "Why"],
        [
            [row.number, row.state, row.customer, row.receipt_number, _moment(row.changed_at), row.message]
            for row in rows
        ],
    )
    total = ", ".join(f"{many} {name}" for name, many in sorted(counts.items())) or "no orders yet"
    click.echo(f"In all: {total}.")


@orders.command()
@click.argument("number")
@output.json_option
@pass_context
@output.speaks_plainly
def why(context: Context, number: str, as_json: bool) -> None:
    """Say in a sentence or two what became of order NUMBER, why, and what to do.

    NUMBER may be the source's number, or the number at the destination.
    """
    rows = _found(context.ledger(must_exist=True), number)
    if as_json:
        output.say_json([{**asdict(row), "sentence": sentence(row)} for row in rows])
        return
    for row in rows:
        click.echo(sentence(row))


@orders.command()
@click.argument("number")
@output.json_option
@pass_context
@output.speaks_plainly
def show(context: Context, number: str, as_json: bool) -> None:
    """Show everything known of order NUMBER: each form it was seen in, each attempt, each answer."""
    ledger = context.ledger(must_exist=True)
    found = [history(ledger, row) for row in _found(ledger, number)]
    if as_json:
        output.say_json([_as_data(one) for one in found])
        return
    for one in found:
        _show(one)


@click.command()
@click.argument("pipeline", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@output.json_option
@pass_context
@output.speaks_plainly
def runs(context: Context, pipeline: str | None, limit: int, as_json: bool) -> None:
    """List the last runs and how they ended."""
    rows = context.ledger(must_exist=True).runs(pipeline, limit)
    if as_json:
        output.say_json([asdict(row) for row in rows])
        return
    output.table(
        ["Run", "Pipeline", "Started", "Ended", "Result", "Read", "Sent", "New holds", "Message"],
        [
            [row.id, row.pipeline, _moment(row.started_at), _moment(row.ended_at), row.result or "did not end",
             row.counts.get("fetched", 0) + row.counts.get("read", 0),
             row.counts.get("delivered", 0) + row.counts.get("written", 0), row.counts.get("held", 0), row.message]
            for row in rows
        ],
    )  # fmt: skip


def sentence(row: OrderRow) -> str:
    """Return what became of an order, for a person."""
    who = f"Order {row.number}" + (f" ({row.customer})" if row.customer else "")
    there = row.receipt_number or row.receipt_id
    receipt = json.loads(row.receipt) if row.receipt else {}
    arrived = receipt.get("at") or row.changed_at
    return (
        f"{who} "
        + {
            "staged": f"has been fetched and waits for the next run to deliver it to {row.destination}."
            + (f" The last try: {row.message}." if row.message else ""),
            "sending": f"was sent to {row.destination} and the answer is not known; the next run looks it up before "
            "anything is sent again.",
            "delivered": (
                f"was handed over to {row.destination} as {there} on {_moment(arrived)}; it has not been confirmed yet."
                if receipt.get("pending")
                else f"arrived at {row.destination} as {there} on {_moment(arrived)}."
            )
            + _edited(row),
            "skipped": f"was left out: {_stop(row.message)}",
            "held": f"is held: {_stop(row.message)}"
            + (f" What to do: {_stop(row.fix)}" if row.fix else "")
            + _again(row),
            "superseded": f"was replaced by another order: {_stop(row.message)}",
            "cancelled": f"was cancelled before it was delivered: {_stop(row.message)}",
        }[row.state]
        + _gone(row)
    )


def _gone(row: OrderRow) -> str:
    if row.purged_at is None:
        return ""
    how = "erased" if row.erased_at else "purged"
    return f" What it contained was {how} on {row.purged_at[:10]}."


def _edited(row: OrderRow) -> str:
    if row.delivered_revision is None or row.revision <= row.delivered_revision:
        return ""
    return f" It was edited at {row.source} since; an order is delivered once, so the edit was not sent."


def _again(row: OrderRow) -> str:
    if row.reason == "in_doubt":
        return " It is not sent again by itself."
    if row.retry_at is None:
        return " It is tried again when the order or the configuration changes."
    return f" It is tried again from {_moment(row.retry_at)} on, or now with `orderweft run --order {row.number}`."


def _stop(text: str | None) -> str:
    return f"{(text or 'no reason is known').rstrip('.')}."


def _moment(stamp: str | None) -> str:
    return f"{stamp[:10]} {stamp[11:19]} UTC" if stamp else ""


def _found(ledger: Ledger, number: str) -> list[OrderRow]:
    rows = find(ledger, number)
    if not rows:
        raise SettingsError(
            f"order {number} has never been fetched; "
            f"`orderweft run --order {number} --dry-run` asks the source about it"
        )
    return rows


def _as_data(one: History) -> dict[str, Any]:
    data = asdict(one)
    for revision in data["revisions"]:
        revision["record"] = json.loads(revision["record"]) if revision["record"] else None
    for attempt in (*data["attempts"], data["order"]):
        attempt["receipt"] = json.loads(attempt["receipt"]) if attempt["receipt"] else None
    return data


def _show(one: History) -> None:
    click.echo(sentence(one.order))
    output.table(
        ["When", "What", "Details"],
        [[_moment(when), what, text] for when, what, text in sorted(_events(one), key=itemgetter(0))],
    )
    click.echo(f"`orderweft orders show {one.order.number} --json` gives the payloads too.")


def _events(one: History) -> Iterator[tuple[str, str, str]]:
    for revision in one.revisions:
        what = "seen for the first time" if revision.revision == 1 else "seen changed"
        yield revision.seen_at, f"{what} (revision {revision.revision})", revision.problem or revision.skip or ""
    for attempt in one.attempts:
        yield attempt.started_at, f"sent under key {attempt.key}", ""
        receipt = json.loads(attempt.receipt) if attempt.receipt else {}
        answered = attempt.ended_at or attempt.started_at
        answer = (attempt.outcome or "none yet").replace("_", " ")
        yield answered, f"answer: {answer}", attempt.message or f"as {receipt.get('number') or receipt.get('id')}"
        for remark in receipt.get("remarks", []):
            yield answered, "remark", remark
    if one.told is not None:
        taken = "still to be told" if one.told.due else (one.told.outcome or "").replace("_", " ")
        yield one.told.changed_at, f"source told: {taken}", one.told.message
