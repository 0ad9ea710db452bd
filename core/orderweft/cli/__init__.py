"""The command line."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from .. import interrupts, logs, telemetry
from ..plugins import Plugins
from . import output
from .alerts import alerts
from .common import new_context
from .doctor import doctor
from .explain import explain
from .fit import fit
from .history import show
from .match import match
from .orders import orders, runs
from .plan import plan
from .plugin import plugin
from .purge import erase, purge
from .records import records
from .rehearse import rehearse, simulate
from .run import run
from .schema import schema
from .serve import serve
from .setup import check, init, plugins, settings


class Commands(click.Group):
    """Our own commands and those plugins have, which are asked for when none of ours is meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*self.commands, *self._of_plugins(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        return self.commands.get(cmd_name) or self._of_plugins(ctx).get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an error of ours is told without a traceback, whoever's the command is."""
        return output.speaks_plainly(super().invoke)(ctx)

    def _of_plugins(self, ctx: click.Context) -> dict[str, click.Command]:
        if __name__ not in ctx.meta:
            plugins = Plugins.installed()
            ctx.meta[__name__] = plugins.commands(self.commands)
            for broken in () if ctx.resilient_parsing else plugins.broken:
                output.warn(str(broken))
        found: dict[str, click.Command] = ctx.meta[__name__]
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default="orderweft.toml",
    envvar="ORDERWEFT_CONFIG",
    show_default=True,
    help="The configuration file.",
)
@click.option(
    "--log-format",
    type=click.Choice(logs.FORMS),
    default="auto",
    help="How log lines look on standard error: for people, as JSON; auto is human on a terminal.",
)
@click.option(
    "--log-level", type=click.Choice(logs.LEVELS), default="warning", show_default=True, help="What is logged."
)
@click.version_option(version("orderweft"), prog_name="orderweft")
@click.pass_context
def main(context: click.Context, config: Path, log_format: logs.Form, log_level: logs.Level) -> None:
    """Move wholesale orders, stock, styles and customers between the systems a fashion brand already has.

    Start with `orderweft init`, then `orderweft check`, then `orderweft run --dry-run`.
    Exit codes: 0 done, 3 somebody has to look (records held, a run stopped by the guard, differences
    found), 2 configuration or usage, 4 a channel cannot be reached or refuses our credentials,
    1 anything unexpected.
    """
    output.bear_narrow_encodings()
    context.with_resource(interrupts.raised())
    context.obj = new_context(config, context.obj)
    context.with_resource(logs.written(sys.stderr, context.obj.clock, form=log_format, level=log_level))
    context.with_resource(telemetry.exported(os.environ, context.obj.clock))


for command in (
    init, plugins, settings, check, fit, match, run, plan, orders, records, runs, schema, simulate, rehearse,
    doctor, purge, erase, alerts, plugin, serve, explain,
):  # fmt: skip
    main.add_command(command)
orders.add_command(show)
