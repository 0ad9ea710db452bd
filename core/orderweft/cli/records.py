"""`orderweft records`: what the ledger knows of stock, products, customers and shipments."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from ..errors import SettingsError
from ..ledger import EntryRow, entries
from . import output
from .common import Context, pass_context


@click.command()
@click.argument("pipeline", required=False)
@click.argument("text", required=False)
@click.option("--state", type=click.Choice(["sent", "sending", "pending", "held"]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@output.json_option
@pass_context
@output.speaks_plainly
def records(
    context: Context, pipeline: str | None, text: str | None, state: str | None, limit: int, as_json: bool
) -> None:
    """List what PIPELINE has sent, and what it holds and why; with TEXT, only records that have it in their name."""
    chosen = context.config(secrets_needed=False).pipeline(pipeline)
    if chosen.settings.moves == "orders":
        raise SettingsError(f"pipeline {chosen.name!r} moves orders; `orderweft orders list` lists them")
    ledger = context.ledger(must_exist=True)
    try:
        rows = entries(ledger, chosen.name, state=state, text=text, limit=limit)
    finally:
        ledger.close()
    if as_json:
        output.say_json([_as_data(row) for row in rows])
        return
    if not rows:
        click.echo(_nothing(chosen.name, text, state))
        return
    output.table(
        ["Record", "State", "Last confirmed", "Why", "What to do"],
        [[row.label, row.state, _value(row), row.message, row.fix] for row in rows],
    )
    if len(rows) == limit:
        click.echo(f"Only the first {limit} are shown; --limit shows more.")


def _nothing(pipeline: str, text: str | None, state: str | None) -> str:
    what = f" whose name has {text!r} in it" if text else ""
    how = f" that is {state}" if state else ""
    return (
        f"Pipeline {pipeline!r} has no record{what}{how}. What the source does not give it cannot know: "
        f"`orderweft plan {pipeline}` reads the source anew."
    )


def _value(row: EntryRow) -> str:
    """Return what a table shows of the last confirmed form: the quantity, or when that was."""
    if row.sent is None:
        return "never"
    quantity = json.loads(row.sent).get("quantity")
    when = (row.sent_at or "")[:16].replace("T", " ")
    return when if quantity is None else f"{quantity} ({when})"


def _as_data(row: EntryRow) -> dict[str, Any]:
    data = asdict(row)
    data["receipt"] = json.loads(row.receipt) if row.receipt else None
    # what was sent of a customer is a person's
    sent = json.loads(row.sent) if row.sent else None
    data["sent"] = {"quantity": sent["quantity"]} if sent and "quantity" in sent else bool(sent)
    return data
