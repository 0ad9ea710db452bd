"""`orderweft orders` and `orderweft runs`: what happened to each order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import get_args

import click

from ..errors import SettingsError
from ..ledger import Ledger, OrderRow, OrderState, find, listed, tally
from ..ledger.changes import OrderChange, changes_of, held_changes
from ..records.reason import owner_of
from ..runs.actions import looked_back
from . import output
from .common import Context, pass_context
from .order_actions import re_export, release, retry, skip


@click.group()
def orders() -> None:
    """Ask what became of an order, and decide what becomes of it."""


for action in (retry, release, skip, re_export):
    orders.add_command(action)


@orders.command(name="list")
@click.option("--pipeline", help="Only this pipeline.")
@click.option("--state", type=click.Choice(get_args(OrderState)), help="Only orders in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@output.json_option
@pass_context
@output.speaks_plainly
def list_orders(context: Context, pipeline: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List orders, the last changed first.

    Among those held stand delivered orders, too, of which a change made since is held.
    """
    ledger = context.ledger(must_exist=True)
    rows = listed(ledger, pipeline=pipeline, state=state, limit=limit)
    counts, changes = tally(ledger, pipeline), held_changes(ledger, pipeline)
    if as_json:
        names = ("pipeline", "id", "number", "revision", "cancelled", "reason", "message", "fix", "seen_at")
        held = [{name: getattr(one, name) for name in names} for one in changes]
        output.say_json({"counts": counts, "orders": [asdict(row) for row in rows], "held_changes": held})
        return
    output.table(
        ["Order", "State", "Customer", "At destination", "Changed", "Why"],
        [[row.number, row.state, row.customer, row.receipt_number, moment(row.changed_at), row.message] for row in rows]
        + [
            [one.number, "change held", one.customer, one.there, moment(one.seen_at), one.message]
            for one in (changes[:limit] if state == "held" else ())
        ],
    )
    total = ", ".join(f"{many} {name}" for name, many in sorted(counts.items())) or "no orders yet"
    click.echo(f"In all: {total}." + (f" Changes held after delivery: {len(changes)}." if changes else ""))


@orders.command()
@click.argument("number")
@output.json_option
@pass_context
@output.speaks_plainly
def why(context: Context, number: str, as_json: bool) -> None:
    """Say in a sentence or two what became of order NUMBER, why, and what to do.

    NUMBER may be the source's number, or the number at the destination.
    """
    ledger = context.ledger(must_exist=True)
    told = [(row, sentence(row, changes_of(ledger, row.pipeline, row.id))) for row in found(ledger, number)]
    if as_json:
        output.say_json([{**asdict(row), "sentence": text} for row, text in told])
        return
    for _, text in told:
        click.echo(text)


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
            [row.id, row.pipeline, moment(row.started_at), moment(row.ended_at), row.result or "did not end",
             row.counts.get("fetched", 0) + row.counts.get("read", 0),
             row.counts.get("delivered", 0) + row.counts.get("written", 0), row.counts.get("held", 0), row.message]
            for row in rows
        ],
    )  # fmt: skip


def sentence(row: OrderRow, changes: Sequence[OrderChange]) -> str:
    """Return what became of an order, and of the last of the *changes* made after its delivery, for a person."""
    who = f"Order {row.number}" + (f" ({row.customer})" if row.customer else "")
    there = row.receipt_number or row.receipt_id
    receipt = json.loads(row.receipt) if row.receipt else {}
    arrived = receipt.get("at") or row.changed_at
    return (
        f"{who} "
        + {
            "staged": _waits(row) + (f" The last try: {row.message}." if row.message else ""),
            "sending": f"was sent to {row.destination} and the answer is not known; the next run looks it up before "
            "anything is sent again.",
            "delivered": (
                f"was handed over to {row.destination} as {there} on {moment(arrived)}; it has not been confirmed yet."
                if receipt.get("pending")
                else f"arrived at {row.destination} as {there} on {moment(arrived)}."
            )
            + _edited(row, changes),
            "skipped": f"was left out: {_stop(row.message)}",
            "held": f"is held: {_stop(row.message)}"
            + (f" What to do: {_stop(row.fix)}" if row.fix else "")
            + _again(row)
            + _whose(row),
            "superseded": f"was replaced by another order: {_stop(row.message)}",
            "cancelled": f"was cancelled before it was delivered: {_stop(row.message)}",
        }[row.state]
        + _gone(row)
    )


def _whose(row: OrderRow) -> str:
    owner = owner_of(row.reason)
    return f" It is for the {owner}." if owner else ""


def _waits(row: OrderRow) -> str:
    if row.purged_at is not None:
        command = f"orderweft run {row.pipeline} --order {row.number} --since {looked_back(row):%Y-%m-%d}"
        return f"waits to be read again: `{command}`."
    again = " once more" if row.export > 1 else ""
    return f"has been fetched and waits for the next run to deliver it{again} to {row.destination}."


def _gone(row: OrderRow) -> str:
    if row.purged_at is None:
        return ""
    how = "erased" if row.erased_at else "purged"
    return f" What it contained was {how} on {row.purged_at[:10]}."


def _edited(row: OrderRow, changes: Sequence[OrderChange]) -> str:
    last = changes[-1] if changes and changes[-1].revision == row.revision else None
    if row.delivered_revision is None or row.revision <= row.delivered_revision:
        is_gone = last is not None and last.cancelled and last.state == "done"
        return f" It was cancelled at {row.source} since, and then at {row.destination}." if is_gone else ""
    if last is None:
        return f" It was changed at {row.source} since; the next run decides what becomes of that."
    what, verb = ("the cancellation", "cancelled") if last.cancelled else ("the edit", "edited")
    return f" It was {verb} at {row.source} since; " + _became(last, what)


def _became(change: OrderChange, what: str) -> str:
    if change.state == "held":
        number, owner = change.number, owner_of(change.reason)
        return (
            f"{what} is held: {_stop(change.message)}"
            + (f" What to do: {_stop(change.fix)}" if change.fix else "")
            + f" It is tried again from time to time, or now with `orderweft run --order {number}`; "
            + f"`orderweft orders skip {number} --reason ...` leaves it out."
            + (f" It is for the {owner}." if owner else "")
        )
    if change.state == "sending":
        return (
            f"{what} was sent to {change.destination} and the answer is not known; the next run looks it up before "
            "anything is sent again."
        )
    if change.state == "waiting":
        tried = f" The last try: {_stop(change.message)}" if change.message else ""
        return f"{what} waits for the next run.{tried}"
    if change.message:
        return f"{what} was not sent: {_stop(change.message)}"
    return f"an order is delivered once, so {what} was not sent." + (
        f" What to do: {'cancel' if change.cancelled else 'change'} {change.there} at {change.destination} by hand."
        if change.diff
        else ""
    )


def _again(row: OrderRow) -> str:
    if row.reason in ("in_doubt", "needs_person"):
        return f" It is not sent again by itself; `orderweft orders release {row.number}` finds out what became of it."
    if row.retry_at is None:
        return " It is tried again when the order or the configuration changes."
    return f" It is tried again from {moment(row.retry_at)} on, or now with `orderweft run --order {row.number}`."


def _stop(text: str | None) -> str:
    return f"{(text or 'no reason is known').rstrip('.')}."


def moment(stamp: str | None) -> str:
    """Return an instant of the ledger for a person."""
    return f"{stamp[:10]} {stamp[11:19]} UTC" if stamp else ""


def found(ledger: Ledger, number: str) -> list[OrderRow]:
    """Return the orders *number* may mean; raises SettingsError saying what to do when there is none."""
    rows = find(ledger, number)
    if not rows:
        raise SettingsError(
            f"order {number} has never been fetched; "
            f"`orderweft run --order {number} --dry-run` asks the source about it"
        )
    return rows
