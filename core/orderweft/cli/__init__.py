"""The command line."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click

from . import output
from .common import new_context
from .match import match
from .orders import orders, runs
from .plan import plan
from .records import records
from .rehearse import rehearse, simulate
from .run import run
from .schema import schema
from .setup import check, fit, init, plugins, settings


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default="orderweft.toml",
    envvar="ORDERWEFT_CONFIG",
    show_default=True,
    help="The configuration file.",
)
@click.version_option(version("orderweft"), prog_name="orderweft")
@click.pass_context
def main(context: click.Context, config: Path) -> None:
    """Move wholesale orders, stock, styles and customers between the systems a fashion brand already has.

    Start with `orderweft init`, then `orderweft check`, then `orderweft run --dry-run`.
    Exit codes: 0 done, 3 somebody has to look (records held, a run stopped by the guard, differences
    found), 2 configuration or usage, 4 a channel cannot be reached or refuses our credentials,
    1 anything unexpected.
    """
    output.bear_narrow_encodings()
    context.obj = new_context(config, context.obj)


for command in (
    init, plugins, settings, check, fit, match, run, plan, orders, records, runs, schema, simulate, rehearse,
):  # fmt: skip
    main.add_command(command)
