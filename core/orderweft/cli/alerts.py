"""`orderweft alerts`: who is told what needs a person, and whether that works."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

import click

from ..alerts import alert, failed, try_out
from ..config import Alert, Config
from ..errors import OrderweftError, PluginError, SettingsError, TemplateError
from ..ledger import Ledger
from ..ledger.alerts import AlertRow, alert_channels
from ..runs import RecordReport, Report
from . import output
from .common import Context, pass_context

R = TypeVar("R", Report, RecordReport)


def alerting(context: Context, config: Config, ledger: Ledger, pipeline: str, run: Callable[[], R]) -> R:
    """Return how *run* went, once everybody has been alerted of it; of what it raises, too."""
    try:
        report = run()
    except (SettingsError, PluginError, TemplateError) as error:
        told = failed(pipeline, error)
        alert(told, config, ledger, context.clock)
        for warning in told.warnings:
            output.warn(warning)
        raise
    alert(report, config, ledger, context.clock)
    return report


@click.group()
def alerts() -> None:
    """See who is told what needs a person, and try it out."""


@alerts.command(name="list")
@output.json_option
@pass_context
@output.speaks_plainly
def list_alerts(context: Context, as_json: bool) -> None:
    """List the alerts of the configuration, and how each one does."""
    config = context.config(secrets_needed=False)
    rows = _rows(config, context)
    if as_json:
        output.say_json([_data(name, one, rows.get(name)) for name, one in config.alerts.items()])
        return
    output.table(
        ["Alert", "Kind", "Where", "Pipelines", "Reasons", "Detail", "Last message", "Fails"],
        [
            [name, one.kind, one.place, _listed(one.pipelines), _listed(one.reasons), one.detail,
             (row.sent_at or "")[:16] if row else "", row.problem if row else ""]
            for name, one in config.alerts.items() for row in (rows.get(name),)
        ],
    )  # fmt: skip


@alerts.command()
@click.argument("name", required=False)
@output.json_option
@pass_context
@output.speaks_plainly
def test(context: Context, name: str | None, as_json: bool) -> None:
    """Send a test message to the alert NAME, or to each one."""
    config = context.config()
    if name is not None and name not in config.alerts:
        raise SettingsError(f"no alert is called {name!r}; there are: {', '.join(sorted(config.alerts)) or 'none'}")
    if not config.alerts:
        raise SettingsError(f"{context.path} has no [alerts.NAME]")
    chosen = {name: config.alerts[name]} if name is not None else config.alerts
    said = {one: _tried(context, one, channel) for one, channel in chosen.items()}
    if as_json:
        output.say_json({one: {"sent": error is None, "problem": error} for one, error in said.items()})
    else:
        for one, error in said.items():
            if error is None:
                click.echo(f"Alert {one!r}: a test message was taken for {chosen[one].place}.")
            else:
                output.complain(f"alert {one!r}: {error}")
    sys.exit(output.CHANNEL if any(said.values()) else output.DONE)


def _tried(context: Context, name: str, channel: Alert) -> str | None:
    try:
        return try_out(channel, name, context.clock)
    except OrderweftError as error:
        return str(error)


def _rows(config: Config, context: Context) -> dict[str, AlertRow]:
    if not config.ledger.exists():
        return {}
    with closing(context.ledger()) as ledger:
        return alert_channels(ledger)


def _data(name: str, one: Alert, row: AlertRow | None) -> dict[str, object]:
    return {
        "name": name,
        "kind": one.kind,
        "where": one.place,
        "pipelines": one.pipelines,
        "reasons": one.reasons,
        "detail": one.detail,
        "sent_at": row.sent_at if row else None,
        "sent": row.sent if row else 0,
        "failed_at": row.failed_at if row else None,
        "problem": row.problem if row else None,
    }


def _listed(names: tuple[str, ...] | None) -> str:
    return "all" if names is None else ", ".join(names)
