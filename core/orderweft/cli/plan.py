"""`orderweft plan`: what a run would change."""

from __future__ import annotations

from pathlib import Path

import click

from . import output
from .common import Context, pass_context
from .run import run


@click.command()
@click.argument("pipeline", required=False)
@output.csv_option
@output.json_option
@pass_context
@output.speaks_plainly
@click.pass_context
def plan(click_context: click.Context, context: Context, pipeline: str | None, csv_file: Path | None,
         as_json: bool) -> None:  # fmt: skip
    """Show what a run of PIPELINE would change, field by field, and change nothing."""
    chosen = context.config().pipeline(pipeline)
    click_context.invoke(run, pipeline=chosen.name, dry_run=True, csv_file=csv_file, as_json=as_json)
