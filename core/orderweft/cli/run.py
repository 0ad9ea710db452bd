"""`orderweft run`: one execution of a pipeline, with progress and a closing table."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..errors import SettingsError
from ..runs import Observer, Report, RunOptions, run_orders, unwatched
from . import output
from .common import Context, pass_context

COUNTS = {
    "fetched": "fetched",
    "new": "new",
    "changed": "changed",
    "skipped": "skipped",
    "cancelled": "cancelled",
    "held": "held",
    "delivered": "delivered",
    "already_there": "already there",
    "known": "delivered earlier",
    "not_sent": "left for the next run",
    "ready": "would be delivered",
}
"""Count → what people read; those in `_ALWAYS` are shown even when 0."""

_ALWAYS = ("fetched", "new", "skipped", "held", "delivered", "already_there")


@click.command()
@click.argument("pipeline", required=False)
@click.option("--since", metavar="DATE", help="Import everything changed from this day on (YYYY-MM-DD), now.")
@click.option("--order", "number", metavar="NUMBER", help="Only this order, tried again even if it is held.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Deliver at most N orders.")
@click.option("--dry-run", is_flag=True, help="Show what would be done and change nothing.")
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
    as_json: bool,
) -> None:
    """Run PIPELINE once: fetch, check and deliver what is new.

    PIPELINE may be left out when the configuration has only one. Nothing is sent twice: a run that was
    interrupted is continued by the next one.
    """
    config = context.config()
    chosen = config.pipeline(pipeline)
    if chosen.settings.moves != "orders":
        raise SettingsError(f"pipeline {chosen.name!r} moves {chosen.settings.moves}; this version runs orders")
    options = RunOptions(since=read_day(since), number=number, limit=limit, dry_run=dry_run)
    ledger = context.ledger(keep=not dry_run)
    gc.freeze()  # what is loaded by now stays; looking through it again and again costs a fifth of a long run
    try:
        with watching(quiet=as_json) as observer:
            report = run_orders(chosen, context.plugins, ledger, context.clock, options=options, observer=observer)
    finally:
        ledger.close()
    show(report, as_json=as_json, dry_run=dry_run)
    sys.exit(code(report))


def read_day(text: str | None) -> datetime | None:
    """Return the beginning of a day given as YYYY-MM-DD, in UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"--since {text!r} is not a date; write it as YYYY-MM-DD") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def code(report: Report) -> int:
    """Return the exit code for *report*."""
    codes = {
        "done": output.DONE,
        "held": output.HELD,
        "failed": output.CHANNEL,
        "interrupted": output.INTERRUPTED,
    }
    return codes[report.result]


@contextmanager
def watching(*, quiet: bool) -> Iterator[Observer]:
    """Show a progress bar while the block runs; not on a terminal, say only what is being waited for."""
    if quiet or not sys.stderr.isatty():
        yield unwatched if quiet else _say_waits
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=output.console(stderr=True), transient=True) as bar:
        task = bar.add_task("orders", total=None, rate="")

        def observe(moment: str, counts: Counter[str], note: str = "") -> None:
            done = sum(counts[name] for name in ("delivered", "already_there", "held", "skipped", "cancelled", "known"))
            seconds = bar.tasks[0].elapsed or 0
            rate = f"{done / seconds:.0f}/s" if seconds >= 1 else ""
            text = note or f"delivered {counts['delivered']}, held {counts['held']}, skipped {counts['skipped']}"
            bar.update(task, completed=done, total=max(counts["fetched"], done), description=text, rate=rate)

        yield observe


def _say_waits(moment: str, counts: Counter[str], note: str = "") -> None:
    if moment == "waiting":
        click.echo(f"Waiting: {note}", err=True)


def show(report: Report, *, as_json: bool = False, dry_run: bool = False, hint: bool = True) -> None:
    """Print how a run went; with *hint*, which command tells more."""
    if as_json:
        output.say_json(as_data(report))
        return
    for warning in report.warnings:
        output.warn(warning)
    if dry_run:
        rows = [[p.number, p.customer, p.total, p.action, p.message] for p in report.previews]
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


def show_holds(report: Report) -> None:
    """Print each order that waits for somebody."""
    shown = report.holds[:50]
    output.table(
        ["Order", "Customer", "Reason", "What is wrong", "What to do"],
        [[row.number, row.customer, (row.reason or "").replace("_", " "), row.message, row.fix] for row in shown],
        title=f"{_orders(report.held)} held",
    )
    if report.held > len(shown):
        click.echo(f"… and {report.held - len(shown)} more: orderweft orders list --state held")


def summary(report: Report, *, dry_run: bool = False, hint: bool = True) -> str:
    """Return the last line: what it all means."""
    counts = report.counts
    if report.result == "interrupted":
        sent = f", {report.sending} sent without an answer, which the next run looks up" if report.sending else ""
        done = _orders(counts["delivered"])
        return f"Interrupted: {done} delivered{sent}. Nothing is lost; the next run goes on from here."
    if dry_run:
        return (
            f"Nothing was changed. A run would offer {_orders(counts['ready'])}; the destination may still hold some."
        )
    text = f"{_orders(counts['delivered'])} delivered."
    if counts["already_there"]:
        text += f" {_orders(counts['already_there'])} there already."
    if report.staged:
        text += f" {_orders(report.staged)} left for the next run."
    if report.holds:
        waits = "waits" if report.held == 1 else "wait"
        text += f" {_orders(report.held)} {waits} for somebody" + (
            ": `orderweft orders why NUMBER` tells more." if hint else "."
        )
    return text


def _orders(many: int) -> str:
    return "1 order" if many == 1 else f"{many} orders"


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
            {name: getattr(row, name) for name in ("id", "number", "customer", "reason", "message", "fix", "retry_at")}
            for row in report.holds
        ],
        "previews": [asdict(preview) for preview in report.previews],
    }
