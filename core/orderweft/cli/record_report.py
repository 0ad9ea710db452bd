"""How runs of stock, catalog, customers and shipments are shown, and what they would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..config import Config, PipelineConfig
from ..misses import PRIVATE
from ..runs import Difference, Planned, RecordOptions, RecordReport, run_records
from . import output
from .alerts import alerting
from .common import Context
from .watch import watching

COUNTS = {
    "read": "read",
    "unchanged": "unchanged",
    "changed": "changed",
    "new": "new",
    "skipped": "skipped",
    "held": "held",
    "waiting": "held earlier",
    "written": "written",
    "pending": "pending",
    "not_sent": "left for the next run",
    "cleared": "would be cleared",
}
"""Count → what people read; those in `_ALWAYS` are shown even when 0."""

_ALWAYS = ("read", "unchanged", "changed", "held", "written")
_SHOWN = 25
_HEADINGS = ("action", "key", "label", "field", "from", "to", "message")
_TITLES = {
    "zero": "To zero",
    "change": "Changed",
    "new": "New",
    "again": "Sent again",
    "hold": "Would be held",
    "skip": "Left out",
}
_NOUNS = {
    "inventory": ("stock level", "stock levels"),
    "catalog": ("product", "products"),
    "customers": ("customer", "customers"),
    "shipments": ("shipment", "shipments"),
}


def run_and_show(
    context: Context,
    config: Config,
    pipeline: PipelineConfig,
    options: RecordOptions,
    *,
    as_json: bool,
    csv_file: Path | None = None,
) -> int:
    """Run a pipeline of anything but orders, print how it went and return the exit code."""
    to_stdout = output.is_stdout(csv_file)
    ledger = context.ledger(keep=not options.dry_run)
    try:
        with watching(quiet=as_json or to_stdout, noun=pipeline.settings.moves) as observer:
            run = partial(
                run_records, pipeline, context.plugins, ledger, context.clock, options=options, observer=observer
            )
            report = run() if options.dry_run else alerting(context, config, ledger, pipeline.name, run)
    finally:
        ledger.close()
    output.write_csv(csv_file, _HEADINGS, _differences(report.planned))
    if not to_stdout:
        show(report, as_json=as_json, dry_run=options.dry_run)
    return output.CODES[report.result]


def show(report: RecordReport, *, as_json: bool = False, dry_run: bool = False, hint: bool = True) -> None:
    """Print how a run went, or would go; with *hint*, which command tells more."""
    if as_json:
        output.say_json(as_data(report))
        return
    for warning in report.warnings:
        output.warn(warning)
    if dry_run:
        _show_planned(report)
    counted = [
        name for name in COUNTS if report.counts[name] or (name in _ALWAYS and not (dry_run and name == "written"))
    ]
    output.table([COUNTS[name] for name in counted], [[report.counts[name] for name in counted]])
    if report.holds and not dry_run:
        _show_holds(report)
    for text in report.stops:
        if dry_run or report.result == "stopped":
            output.complain(text)
        else:
            output.warn(f"let through by --allow-drop: {text}")
    click.echo(summary(report, dry_run=dry_run, hint=hint))
    if report.error:
        output.complain(report.error)


def summary(report: RecordReport, *, dry_run: bool = False, hint: bool = True) -> str:
    """Return the last line: what it all means."""
    counts, noun = report.counts, _NOUNS[report.kind]
    if report.result == "interrupted":
        return f"Interrupted after {_many(counts['written'], noun)}. The next run goes on from here."
    if dry_run:
        text = f"Nothing was changed. A run would write {_many(counts['changed'], noun)}."
        return text + (" The guard would stop it: see above." if report.stops else "")
    if report.result == "stopped":
        how = f"; if it is right, `orderweft run {report.pipeline} --allow-drop` goes on" if hint else ""
        if report.is_final:
            how = "; --allow-drop does not help here"
        return f"Stopped before anything was written. Look at the source first{how}."
    if report.error and not counts["written"] and not counts["unchanged"]:
        return "Nothing was written."
    text = f"{_many(counts['written'], noun)} written, {counts['unchanged']} unchanged."
    if counts["pending"]:
        text += f" {_many(counts['pending'], noun)} taken and not confirmed yet."
    if report.held:
        waits = "waits" if report.held == 1 else "wait"
        more = f": `orderweft records {report.pipeline} --state held` tells more." if hint else "."
        text += f" {_many(report.held, noun)} {waits} for somebody{more}"
    return text


def as_data(report: RecordReport) -> dict[str, Any]:
    """Return *report* as plain data, without what is personal."""
    return {
        "pipeline": report.pipeline,
        "moves": report.kind,
        "run": report.run,
        "result": report.result,
        "error": report.error,
        "stops": report.stops,
        "held": report.held,
        "warnings": report.warnings,
        "counts": {name: report.counts[name] for name in COUNTS if report.counts[name] or name in _ALWAYS},
        "holds": [
            {name: getattr(row, name) for name in ("key", "label", "reason", "message", "fix", "retry_at")}
            for row in report.holds
        ],
        "planned": [
            asdict(one) | {"differences": [asdict(_public(part)) for part in one.differences]} for one in report.planned
        ],
    }


def _many(many: int, noun: tuple[str, str]) -> str:
    return f"{many} {noun[many != 1]}"


def _show_planned(report: RecordReport) -> None:
    if all(one.action == "skip" for one in report.planned):
        click.echo("There is nothing to do.")
    for action, title in _TITLES.items():
        chosen = [one for one in report.planned if one.action == action]
        if not chosen:
            continue
        rows = [row for one in chosen[:_SHOWN] for row in _rows(one, whole=report.kind == "inventory")]
        more = f", the first {_SHOWN}" if len(chosen) > _SHOWN else ""
        heading = f"{title}: {_many(len(chosen), _NOUNS[report.kind])}{more}"
        output.table([_NOUNS[report.kind][0].capitalize(), "Field", "From", "To"], rows, title=heading)
        if more:
            left = len(chosen) - _SHOWN
            click.echo(f"… and {left} more; `orderweft plan {report.pipeline} --csv FILE` writes all of them")


def _rows(planned: Planned, *, whole: bool) -> list[list[Any]]:
    """Return what a table shows of one record: every field that changes; of a new one its quantity, or that it is."""
    if planned.message:
        return [[planned.label, "", "", planned.message]]
    parts = [_public(part) for part in planned.differences]
    if planned.action == "new":
        parts = [part for part in parts if whole and part.field == "quantity"]
        return [[planned.label, part.field, "", part.after] for part in parts] or [[planned.label, "", "", "new"]]
    rows = [[planned.label, part.field, part.before, part.after] for part in parts]
    return [row if not place else ["", *row[1:]] for place, row in enumerate(rows)]


def _public(difference: Difference) -> Difference:
    """Return *difference* without values that are a person's."""
    if PRIVATE.isdisjoint(difference.field.split(".")):
        return difference
    told = (None if value is None else "(personal)" for value in (difference.before, difference.after))
    return Difference(difference.field, *told)


def _differences(planned: Sequence[Planned]) -> Iterator[list[Any]]:
    for one in planned:
        for part in one.differences or (Difference("", None, None),):
            shown = _public(part)
            yield [one.action, one.key, one.label, shown.field, shown.before, shown.after, one.message]


def _show_holds(report: RecordReport) -> None:
    """Print each reason once, with the records it holds."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in report.holds:
        message = (row.message or "").removeprefix(f"{row.label}: ")
        groups.setdefault(((row.reason or "").replace("_", " "), message, row.fix or ""), []).append(row.label)
    rows = [[_named(labels), *group] for group, labels in groups.items()]
    output.table(
        [_NOUNS[report.kind][1].capitalize(), "Reason", "What is wrong", "What to do"],
        rows[:_SHOWN],
        title=f"{_many(report.held, _NOUNS[report.kind])} held",
    )
    left = report.held - sum(len(labels) for labels in list(groups.values())[:_SHOWN])
    if left:
        click.echo(f"… and {left} more: orderweft records {report.pipeline} --state held")


def _named(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} and {len(labels) - 1} more"
