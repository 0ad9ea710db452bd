"""`orderweft explain`: where each field of an order, and of the request that delivered it, comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import click

from ..bodies import taken_apart
from ..config import Config
from ..errors import OrderweftError, SettingsError
from ..ledger import Ledger, OrderRow, history
from ..ledger.exchanges import ExchangeRow, exchanges_of, mapped_of
from ..likeness import text_of
from ..provenance import Field, Journey, RequestField, leaves, provenance
from ..records import Order
from ..traces import Trace
from . import output
from .common import Context, pass_context
from .history import laid_out
from .orders import found, moment

LONGEST = 48
"""Characters of a value that are shown."""
FOUND = (
    "What a plugin has read from where, and written where, is found by comparing values: "
    "of several places with the same value the likeliest is named, which may be the wrong one."
)


@click.command()
@click.argument("number")
@click.option("--pipeline", metavar="NAME", help="Only as this pipeline sends it.")
@output.json_option
@pass_context
@output.speaks_plainly
def explain(context: Context, number: str, pipeline: str | None, as_json: bool) -> None:
    """Explain where each field of order NUMBER comes from: the source's field, or the template that made it.

    Then the same of each field of the last request that delivered the order, where the journal has it. What plugins do
    is found by comparing values. All of it may tell names and addresses.
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
        output.say_json([_as_data(answer) for answer in answers])
        return
    for answer in answers:
        _show(answer)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one order in one pipeline."""

    row: OrderRow
    channels: tuple[str, str]
    """Of the source and of the destination."""
    fields: Sequence[Field]
    journey: Journey
    payload: bool
    """Whether there is a text the source has said, that could be taken apart."""
    said: ExchangeRow | None
    """What was sent last."""
    request: Sequence[RequestField]
    changed: bool
    """Whether it was sent by other templates than there are now."""


def _explained(config: Config, ledger: Ledger, row: OrderRow) -> Answer:
    revision = history(ledger, row).revisions[(row.delivered_revision or row.revision) - 1]
    pipeline = config.pipeline(row.pipeline)
    if revision.record is None:
        raise SettingsError(
            f"nothing is known of what order {row.number} contains: {revision.problem or revision.skip}"
        )
    try:
        fields = provenance(Order.model_validate_json(revision.record), pipeline.settings.map)
    except ValueError:
        raise SettingsError(f"order {row.number} was stored by another version; it is read again by a run") from None
    except OrderweftError as error:
        raise SettingsError(f"order {row.number} cannot be mapped: {error}") from None
    payload = dict(leaves(taken_apart(revision.payload)))
    journey = Journey(fields, payload)
    said = [one for one in exchanges_of(ledger, row.pipeline, row.id) if one.step == "send" and one.is_write][-1:]
    now = {field.path: field.value for field in fields if field.rule != "removed"}
    mapped = {one.revision: one.record for one in mapped_of(ledger, row.pipeline, row.id)}.get(revision.revision)
    sent = dict(leaves(json.loads(mapped))) if mapped else now
    request = dict(leaves(taken_apart(said[0].request, is_cut=_is_cut(said[0])))) if said else {}
    return Answer(
        row,
        (pipeline.source.channel, pipeline.destination.channel),
        fields,
        journey,
        bool(payload),
        said[0] if said else None,
        journey.request_fields(sent, request),
        sent != now,
    )


def _is_cut(said: ExchangeRow) -> bool:
    return said.request.endswith(" characters in all)")


def _as_data(answer: Answer) -> dict[str, Any]:
    return {
        "pipeline": answer.row.pipeline,
        "number": answer.row.number,
        "state": answer.row.state,
        "sent_otherwise": answer.changed,
        "fields": [{**asdict(field), "read_from": answer.journey.read_from(field)} for field in answer.fields],
        "request": asdict(answer.said) if answer.said else None,
        "request_fields": [asdict(field) for field in answer.request],
    }


def _show(answer: Answer) -> None:
    row, said = answer.row, answer.said
    output.table(
        ["Field", "Value", "Comes from", "By"],
        [[field.path, _cut(field.value), _origin(answer, field), _rule(field)] for field in answer.fields],
        title=f"Order {row.number} in pipeline {row.pipeline}, from {row.source} to {row.destination}",
    )
    if answer.changed:
        click.echo("The templates have changed since it was sent; `orderweft orders show` has what was sent.")
    if said is None:
        click.echo("The journal has no request that delivered it.")
    elif not answer.request:
        click.echo(f"Sent on {moment(said.started_at)}: {said.method} {said.url}")
        click.echo(laid_out(said.request))
    else:
        _show_request(answer, said)
    if answer.payload or answer.request:
        click.echo(FOUND)


def _show_request(answer: Answer, said: ExchangeRow) -> None:
    row = answer.row
    output.table(
        ["Field", "Value", "From", "By"],
        [[one.path, _cut(one.value), _made_of(row, one), _made_by(answer, one)] for one in answer.request],
        title=f"Sent to {row.destination} on {moment(said.started_at)}: {said.method} {said.url}",
    )
    if _is_cut(said):
        click.echo("The request was too long for the journal to keep; what comes after the cut is missing here.")
    click.echo(f"`orderweft orders show {row.number} --payloads` prints the request as it was sent.")


def _origin(answer: Answer, field: Field) -> str:
    """Say where the source has a field, or what its template asks for."""
    source = answer.row.source
    if field.path == "origin.connection":
        return "its name in the configuration"
    if field.rule == "read":
        return _place(source, answer.journey.found(field.path)) or (
            f"made by the plugin {answer.channels[0]}" if answer.payload else source
        )
    return _with_source(answer.row, ", ".join(field.sources) or "the template alone", answer.journey.read_from(field))


def _place(source: str, found: Trace) -> str:
    if found.how == "part of":
        return f"{source}: {', '.join(found.paths)}, in part"
    return f"{source}: {' or '.join(found.paths)}" if found.paths else ""


def _rule(field: Field) -> str:
    if field.rule == "read":
        return "as read"
    was = "" if field.before in (None, field.value) else f" (was {_cut(field.before)})"
    return f"{'removed by ' if field.rule == 'removed' else ''}template {field.template}{was}"


def _made_of(row: OrderRow, one: RequestField) -> str:
    """Say which fields a value of the request came from, and what the source calls them."""
    fields = f"{', '.join(one.fields)}, in part" if one.how == "part of" else " or ".join(one.fields)
    return _with_source(row, fields, one.source_fields)


def _with_source(row: OrderRow, fields: str, paths: Sequence[str]) -> str:
    return f"{fields}\n{row.source}: {', '.join(paths)}" if paths else fields


def _made_by(answer: Answer, one: RequestField) -> str:
    if one.rule is None:
        return f"set by the plugin {answer.channels[1]}"
    if one.rule == "template":
        return "template" if one.template else "an earlier template"
    return "as read"


def _cut(value: Any) -> str:
    text = "" if value is None else " ".join(text_of(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
