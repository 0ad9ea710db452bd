"""`orderweft plan`: what a run would change."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..runs import RecordOptions
from . import output
from .common import Context, pass_context
from .record_report import run_and_show
from .run import run


@click.command()
@click.argument("pipeline", required=False)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE",
              help="Write every difference into a CSV file; - for standard output.")  # fmt: skip
@output.json_option
@pass_context
@output.speaks_plainly
@click.pass_context
def plan(click_context: click.Context, context: Context, pipeline: str | None, csv_file: Path | None,
         as_json: bool) -> None:  # fmt: skip
    """Show what a run of PIPELINE would change, field by field, and change nothing."""
    chosen = context.config().pipeline(pipeline)
    if chosen.settings.moves == "orders":
        click_context.invoke(run, pipeline=pipeline, dry_run=True, as_json=as_json)
        return
    sys.exit(run_and_show(context, chosen, RecordOptions(dry_run=True), as_json=as_json, csv_file=csv_file))
