"""`orderweft run`: one execution of a pipeline, with progress and a closing table."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from ..config import Config, PipelineConfig
from ..errors import SettingsError
from ..ledger import OrderRow
from ..records.reason import owner_of
from ..runs import RecordOptions, Report, RunOptions, run_orders
from . import output
from .alerts import alerting
from .common import Context, pass_context
from .record_report import run_and_show
from .watch import watching

COUNTS = {
    "fetched": "fetched",
    "new": "new",
    "changed": "changed",
    "skipped": "skipped",
    "cancelled": "cancelled",
    "held": "held",
    "delivered": "delivered",
    "already_there": "already there",
    "handed_over": "handed over",
    "confirmed": "confirmed",
    "unconfirmed": "not confirmed yet",
    "updated": "updated",
    "revoked": "cancelled there",
    "known": "delivered earlier",
    "not_sent": "left for the next run",
    "ready": "would be delivered",
}
"""Count → what people read; those in `_ALWAYS` are shown even when 0."""

_OF_HOLD = ("id", "number", "customer", "reason", "message", "fix", "retry_at")
_ALWAYS = ("fetched", "new", "skipped", "held", "delivered", "already_there")


@click.command()
@click.argument("pipeline", required=False)
@click.option("--since", metavar="DATE", help="Import everything changed from this day on (YYYY-MM-DD), now.")
@click.option("--order", "number", metavar="NUMBER", help="Only this order, tried again even if it is held.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Deliver or write at most N records.")
@click.option("--dry-run", is_flag=True, help="Show what would be done and change nothing.")
@output.csv_option
@click.option("--retry", is_flag=True, help="Offer what the destination has refused again at once.")
@click.option("--allow-drop", is_flag=True, help="Go on although the guard objects: stock to zero, prices to 0.00 ...")
@output.json_option
@pass_context
@output.speaks_plainly
def run(
    context: Context,
    pipeline: str | None,
    since: str | None,
    number: str | None,
    limit: int | None,
    dry_run: bool,
    csv_file: Path | None,
    retry: bool,
    allow_drop: bool,
    as_json: bool,
) -> None:
    """Run PIPELINE once: deliver what is new, or bring the destination up to date.

    PIPELINE may be left out when the configuration has only one. No order is sent twice: a run that was
    interrupted is continued by the next one. Of stock, catalog and customers only what changed is sent.
    --since and --order are for pipelines of orders, --retry and --allow-drop for the others, --csv for dry runs.
    """
    if csv_file is not None and not dry_run:
        raise SettingsError("--csv writes what would be done; it goes with --dry-run")
    if csv_file is not None and not output.is_stdout(csv_file):
        csv_file.touch()  # so that a wrong path is told before a long reading
    config = context.config()
    moving = [name for name, one in config.pipelines.items() if one.settings.moves == "orders"]
    if pipeline is None and (number or since) and len(moving) == 1:
        pipeline = moving[0]
    chosen = config.pipeline(pipeline)
    if chosen.settings.moves != "orders":
        _only_for("orders", chosen, {"--since": since, "--order": number})
        wanted = RecordOptions(limit=limit, dry_run=dry_run, allow_drop=allow_drop, retry=retry)
        sys.exit(run_and_show(context, config, chosen, wanted, as_json=as_json, csv_file=csv_file))
    others = {"--allow-drop": allow_drop, "--retry": retry}
    _only_for("inventory, catalog, customers and shipments", chosen, others)
    day = read_day(since)
    if day is not None and day > context.clock.now():
        raise SettingsError(f"--since {since} has not come yet; nothing can have changed since then")
    options = RunOptions(day, number, limit, dry_run)
    sys.exit(_run_orders(context, config, chosen, options, as_json=as_json, csv_file=csv_file))


def _only_for(kinds: str, pipeline: PipelineConfig, given: Mapping[str, object]) -> None:
    for option, value in given.items():
        if value:
            moves = pipeline.settings.moves
            raise SettingsError(f"{option} is for pipelines of {kinds}; {pipeline.name!r} moves {moves}")


def _run_orders(
    context: Context,
    config: Config,
    chosen: PipelineConfig,
    options: RunOptions,
    *,
    as_json: bool,
    csv_file: Path | None,
) -> int:
    to_stdout = output.is_stdout(csv_file)
    ledger = context.ledger(keep=not options.dry_run)
    gc.freeze()  # what is loaded by now stays; looking through it again and again costs a fifth of a long run
    try:
        with watching(quiet=as_json or to_stdout) as observer:
            run_once = partial(
                run_orders, chosen, context.plugins, ledger, context.clock, options=options, observer=observer
            )
            report = run_once() if options.dry_run else alerting(context, config, ledger, chosen.name, run_once)
    finally:
        ledger.close()
    output.write_csv(csv_file, ("order", "customer", "lines total", "action", "message"), _rows(report))
    if not to_stdout:
        show(report, as_json=as_json, dry_run=options.dry_run)
    return output.CODES[report.result]


def _rows(report: Report) -> list[list[str]]:
    return [[one.number, one.customer, one.total, one.action, one.message] for one in report.previews]


def read_day(text: str | None) -> datetime | None:
    """Return the beginning of a day given as YYYY-MM-DD, in UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"--since {text!r} is not a date; write it as YYYY-MM-DD") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def show(report: Report, *, as_json: bool = False, dry_run: bool = False, hint: bool = True) -> None:
    """Print how a run went; with *hint*, which command tells more."""
    if as_json:
        output.say_json(as_data(report))
        return
    show_urgent(report)
    for warning in report.warnings:
        output.warn(warning)
    if dry_run:
        rows = _rows(report)
        if rows:
            output.table(["Order", "Customer", "Lines total", "Would be", "Why"], rows)
        else:
            click.echo("There is nothing to do.")
    counted = [name for name in COUNTS if report.counts[name] or name in _ALWAYS]
    output.table([COUNTS[name] for name in counted], [[report.counts[name] for name in counted]])
    if report.holds and report.result == "held":
        show_holds(report)
    click.echo(summary(report, dry_run=dry_run, hint=hint))
    if report.error:
        output.complain(report.error)


def show_urgent(report: Report) -> None:
    """Print the held orders whose ship window closes soon."""
    if report.urgent:
        output.table(
            ["Closes", "Order", "Customer", "Reason", "What to do"],
            [[one.closes, one.order.number, one.order.customer, _reason(one.order), one.order.fix]
             for one in report.urgent],
            title=f"{output.orders(len(report.urgent))} held whose ship window closes soon",
        )  # fmt: skip


def _reason(row: OrderRow) -> str:
    return (row.reason or "").replace("_", " ")


def show_holds(report: Report) -> None:
    """Print each order that waits for somebody."""
    shown = report.holds[:50]
    output.table(
        ["Order", "Customer", "Reason", "What is wrong", "What to do"],
        [[row.number, row.customer, _reason(row), row.message, row.fix] for row in shown],
        title=f"{output.orders(report.held)} held",
    )
    if report.held > len(shown):
        click.echo(f"… and {report.held - len(shown)} more: orderweft orders list --state held")


def summary(report: Report, *, dry_run: bool = False, hint: bool = True) -> str:
    """Return the last line: what it all means."""
    counts = report.counts
    if report.result == "interrupted":
        sent = f", {report.sending} sent without an answer, which the next run looks up" if report.sending else ""
        done = output.orders(counts["delivered"])
        return f"Interrupted: {done} delivered{sent}. Nothing is lost; the next run goes on from here."
    if dry_run:
        may_differ = "." if report.is_exact else "; the destination may still hold some."
        verb = "deliver" if report.is_exact else "offer"
        return f"Nothing was changed. A run would {verb} {output.orders(counts['ready'])}{may_differ}"
    handed_over = counts["handed_over"] + counts["confirmed"] + counts["unconfirmed"]
    text = "" if handed_over and not counts["delivered"] else f"{output.orders(counts['delivered'])} delivered."
    if counts["handed_over"]:
        text += f" {output.orders(counts['handed_over'])} handed over, to be confirmed by the destination."
    if counts["confirmed"]:
        text += f" {output.orders(counts['confirmed'])} confirmed that had been handed over before."
    if counts["unconfirmed"]:
        text += f" {output.orders(counts['unconfirmed'])} handed over before and not confirmed yet."
    if counts["already_there"]:
        text += f" {output.orders(counts['already_there'])} there already."
    if report.staged:
        text += f" {output.orders(report.staged)} left for the next run."
    if report.holds:
        waits = "waits" if report.held == 1 else "wait"
        text += f" {output.orders(report.held)} {waits} for somebody" + (
            ": `orderweft orders why NUMBER` tells more." if hint else "."
        )
    return text.strip()


def as_data(report: Report) -> dict[str, object]:
    """Return *report* as plain data."""
    return {
        "pipeline": report.pipeline,
        "run": report.run,
        "result": report.result,
        "error": report.error,
        "held": report.held,
        "staged": report.staged,
        "warnings": report.warnings,
        "counts": {name: report.counts[name] for name in COUNTS if report.counts[name] or name in _ALWAYS},
        "holds": [
            {name: getattr(row, name) for name in _OF_HOLD} | {"owner": owner_of(row.reason)} for row in report.holds
        ],
        "changes": [
            {
                name: getattr(one, name)
                for name in ("id", "number", "cancelled", "state", "diff", "reason", "message", "fix")
            }
            for one in report.changes
        ],
        "urgent": [{"number": one.order.number, "closes": one.closes} for one in report.urgent],
        "previews": [asdict(preview) for preview in report.previews],
    }
