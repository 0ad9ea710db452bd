"""`orderweft explain`: where each field of an order comes from on its way to the destination."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click

from ..config import Config
from ..errors import OrderweftError, SettingsError
from ..ledger import Ledger, OrderRow, history
from ..ledger.exchanges import ExchangeRow, exchanges_of, mapped_of
from ..provenance import Field, leaves, provenance
from ..records import Order
from . import output
from .common import Context, pass_context
from .history import laid_out
from .orders import found, moment


@click.command()
@click.argument("number")
@click.option("--pipeline", metavar="NAME", help="Only as this pipeline sends it.")
@output.json_option
@pass_context
@output.speaks_plainly
def explain(context: Context, number: str, pipeline: str | None, as_json: bool) -> None:
    """Explain each field of order NUMBER as its pipeline would send it: the value, and which template made it.

    Beside it stands the last request that delivered the order, where the journal has it. All of it may tell names and
    addresses.
    """
    config = context.config(secrets_needed=False)
    if pipeline is not None:
        config.pipeline(pipeline)
    with closing(context.ledger(must_exist=True)) as ledger:
        rows = [row for row in found(ledger, number) if pipeline in (None, row.pipeline)]
        if not rows:
            raise SettingsError(f"pipeline {pipeline!r} has never fetched order {number}")
        answers = [_explained(config, ledger, row) for row in rows]
    if as_json:
        output.say_json([_as_data(*answer) for answer in answers])
        return
    for answer in answers:
        _show(*answer)


Answer = tuple[OrderRow, list[Field], ExchangeRow | None, bool]
"""The order, its fields, what was sent last, and whether it was sent by other templates than there are now."""


def _explained(config: Config, ledger: Ledger, row: OrderRow) -> Answer:
    revision = history(ledger, row).revisions[(row.delivered_revision or row.revision) - 1]
    settings = config.pipeline(row.pipeline).settings
    if revision.record is None:
        raise SettingsError(f"nothing is known of what order {row.number} contains: {revision.problem}")
    try:
        fields = provenance(Order.model_validate_json(revision.record), settings.map)
    except ValueError:
        raise SettingsError(f"order {row.number} was stored by another version; it is read again by a run") from None
    except OrderweftError as error:
        raise SettingsError(f"order {row.number} cannot be mapped: {error}") from None
    said = [one for one in exchanges_of(ledger, row.pipeline, row.id) if one.step == "send" and one.is_write]
    sent = {one.revision: json.loads(one.record) for one in mapped_of(ledger, row.pipeline, row.id)}
    now = {field.path: field.value for field in fields if field.rule != "removed"}
    return row, fields, said[-1] if said else None, _changed(sent.get(revision.revision), now)


def _changed(sent: dict[str, Any] | None, now: dict[str, Any]) -> bool:
    return sent is not None and dict(leaves(sent)) != now


def _as_data(row: OrderRow, fields: list[Field], said: ExchangeRow | None, changed: bool) -> dict[str, Any]:
    return {
        "pipeline": row.pipeline,
        "number": row.number,
        "state": row.state,
        "sent_otherwise": changed,
        "fields": [asdict(field) for field in fields],
        "request": asdict(said) if said else None,
    }


def _show(row: OrderRow, fields: list[Field], said: ExchangeRow | None, changed: bool) -> None:
    output.table(
        ["Field", "Value", "Comes from", "By"],
        [[field.path, field.value, _origin(row, field), _rule(field)] for field in fields],
        title=f"Order {row.number} in pipeline {row.pipeline}, from {row.source} to {row.destination}",
    )
    if changed:
        click.echo("The templates have changed since it was sent; `orderweft orders show` has what was sent.")
    if said is None:
        click.echo("The journal has no request that delivered it.")
        return
    click.echo(f"Sent on {moment(said.started_at)}: {said.method} {said.url}")
    click.echo(laid_out(said.request))


def _origin(row: OrderRow, field: Field) -> str:
    if field.rule == "read":
        return row.source
    return ", ".join(field.sources) or "the template alone"


def _rule(field: Field) -> str:
    if field.rule == "read":
        return "as read"
    was = "" if field.before in (None, field.value) else f" (was {field.before})"
    return f"{'removed by ' if field.rule == 'removed' else ''}template {field.template}{was}"
