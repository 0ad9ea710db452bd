"""`orderweft fit`: whether two connections fit, or which of all installed channels do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import get_args

import click

from ..config import Config, ConnectionConfig, PipelineConfig
from ..errors import SettingsError
from ..exchange import Kind
from ..fit import NOUNS, Fit
from ..pairs import Pair, absent, absent_told, fit_between, pairs, played
from ..runs import open_end, refuse_unable
from ..twig import lint
from . import output
from .common import Context, pass_context


@click.command()
@click.argument("source", required=False)
@click.argument("destination", required=False)
@click.argument("kind", type=click.Choice(get_args(Kind)), default="orders")
@click.option("--matrix", "is_matrix", is_flag=True, help="Instead, of every installed channel with every other.")
@output.json_option
@pass_context
@output.speaks_plainly
def fit(
    context: Context, source: str | None, destination: str | None, kind: Kind, is_matrix: bool, as_json: bool
) -> None:
    """Say field by field whether connection SOURCE supplies what connection DESTINATION needs.

    With --matrix no account is needed, and no connection: each channel is as its simulator plays it, and one without a
    simulator as the configuration has it.
    """
    if is_matrix and source is not None:
        raise click.UsageError("--matrix is about all channels; leave SOURCE, DESTINATION and the kind out")
    if is_matrix:
        _matrix(context, as_json=as_json)
        return
    if source is None or destination is None:
        raise click.UsageError("name SOURCE and DESTINATION, or ask for all by --matrix")
    found = _fit(context, source, destination, kind)
    if as_json:
        output.say_json(found.to_data())
    else:
        _show_rows(f"{source} → {destination}, {kind}", found)
    sys.exit(output.DONE if found.possible else output.USAGE)


def fit_of(context: Context, one: PipelineConfig) -> Fit:
    """Return whether the ends of a pipeline fit, with its map."""
    settings = one.settings
    with open_end(one.destination, context.plugins, context.clock) as end:
        refuse_unable(one, end)
    return fit_between(context.plugins, context.clock, one.source, one.destination, settings.moves, list(settings.map))


def show_fit(title: str, one: PipelineConfig, found: Fit) -> None:
    """Print whether the ends of a pipeline fit, and what its templates have that means something else here."""
    _show_rows(f"{title}: {one.source.name} → {one.destination.name}, {one.settings.moves}", found)
    templates = [(f"map.{target}", template, False) for target, template in one.settings.map.items()]
    templates += [(f"skip.{index}.when", rule.when, True) for index, rule in enumerate(one.settings.skip)]
    for where, source, is_rule in templates:
        for hint in lint(source, expression=is_rule):
            output.warn(f"{title}, {where}: {hint.message}")


def _fit(context: Context, source: str, destination: str, kind: Kind) -> Fit:
    config = context.config(secrets_needed=False)
    for one in config.pipelines.values():
        if (one.source.name, one.destination.name, one.settings.moves) == (source, destination, kind):
            return fit_of(context, one)
    ends = [_named(config, name) for name in (source, destination)]
    return fit_between(context.plugins, context.clock, ends[0], ends[1], kind)


def _named(config: Config, name: str) -> ConnectionConfig:
    if name not in config.connections:
        raise SettingsError(f"no connection is called {name!r}; there are: {', '.join(config.connections) or 'none'}")
    return config.connections[name]


def _show_rows(title: str, found: Fit) -> None:
    output.table(
        ["Field", "Verdict", "Meaning"], [[row.path, row.verdict, row.sentence] for row in found.rows], title=title
    )
    if found.possible:
        click.echo("The pair fits.")
        return
    output.complain("the pair does not fit: fields it needs are never there. Set them in [pipelines.NAME.map], such as")
    for row in found.rows:
        if row.verdict == "never":
            click.echo(row.proposals[0] if row.proposals else f'"{row.path}" = "..."')


def _matrix(context: Context, *, as_json: bool) -> None:
    ends = _ends(context)
    found = list(pairs(context.plugins, context.clock, ends))
    lacking = {kind: absent(context.plugins, kind, ends) for kind in get_args(Kind)}
    if as_json:
        output.say_json({"pairs": [pair.to_data() for pair in found], "absent": lacking})
        return
    for kind, missing in lacking.items():
        _show_pairs(kind, [pair for pair in found if pair.kind == kind])
        click.echo(f"{absent_told(missing)}\n")


def _ends(context: Context) -> list[ConnectionConfig]:
    """Return an end for each installed channel; one nobody can play is left out, with a warning, unless configured."""
    ends: list[ConnectionConfig] = []
    for channel in context.plugins.channels:
        if (end := played(context.plugins, channel, context.clock)) is not None:
            ends.append(end)
            continue
        config = context.config(secrets_needed=False) if context.path.exists() else None
        own = [one for one in config.connections.values() if one.channel == channel] if config else []
        ends += own
        if not own:
            output.warn(f"channel {channel!r} is left out: it has no simulator, and {context.path} no connection to it")
    return ends


def _show_pairs(kind: Kind, found: Sequence[Pair]) -> None:
    if not found:
        click.echo(f"No two installed channels move {NOUNS[kind]}.")
        return
    rows = [[pair.source, pair.destination, pair.verdict, pair.told()] for pair in found]
    output.table(["From", "To", "Verdict", "What to know"], rows, title=NOUNS[kind].capitalize())
