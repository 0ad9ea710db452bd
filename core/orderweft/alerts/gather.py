"""What there is to tell after a run: what is held, why the run failed, and what is over."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from ..config import Alert, Config, PipelineConfig
from ..fit import NOUNS
from ..ledger import Ledger
from ..ledger.alerts import AlertRow, End, ToldRow, Waiting, ends, noted, waiting
from ..runs import RecordReport, Report
from . import people
from .model import Over, Problem, Standing

_LONGEST = 200
_LATELY = timedelta(days=7)
"""How long an alert that fails has to tell that an order was changed."""
_ENDS = {
    "delivered": "was delivered",
    "handed_over": "was handed over",
    "skipped": "is left out now",
    "superseded": "was replaced by another order",
    "cancelled": "was cancelled",
    "sent": "was taken",
}
"""State in which nobody has to do anything any more → what became of it."""


def standing(report: Report | RecordReport, config: Config, ledger: Ledger) -> Standing:
    """Return what is true of a pipeline after the run *report* is of."""
    moves = config.pipelines[report.pipeline].settings.moves
    held = waiting(ledger, report.pipeline)
    if moves not in ("orders", "customers"):
        held = [replace(one, people="") for one in held]
    works = report.result in ("done", "held")
    failures, notes = tuple(_failures(report)), tuple(_notes(config.pipelines[report.pipeline], ledger))
    return Standing(report.pipeline, report.run, NOUNS[moves], tuple(held), failures, works, notes)


def _notes(pipeline: PipelineConfig, ledger: Ledger) -> Iterator[Problem]:
    settings = pipeline.settings
    for one in noted(ledger, pipeline.name, ledger.clock.now() - _LATELY):
        if (settings.on_cancel if one.cancelled else settings.on_change) != "ignore":
            yield Problem(
                kind="note",
                about=one.about,
                reason="changed",
                label=one.label,
                message=f"after it was delivered as {one.receipt}: {'; '.join(json.loads(one.diff))}",
                fix=f"change it at {pipeline.destination.name} by hand",
                command=f"orderweft orders show {shlex.quote(one.label)}",
            )


def _failures(report: Report | RecordReport) -> Iterable[Problem]:
    name = shlex.quote(report.pipeline)
    if report.result == "failed":
        error = report.error or "an unexpected error"
        yield Problem(
            kind="run",
            about=re.sub(r"\d+", "#", error)[:_LONGEST],  # that of the next run may differ in a count only
            reason="run_failed",
            label=report.pipeline,
            message=error,
            fix="correct what it names; if that is nothing of yours, the next run tries again by itself",
            command=f"orderweft check {name}",
        )
    elif report.result == "stopped" and isinstance(report, RecordReport):
        yield Problem(
            kind="run",
            about="guard",
            reason="run_stopped",
            label=report.pipeline,
            message="; ".join(report.stops),
            fix="look at the source first; if it is right, --allow-drop lets one run through",
            command=f"orderweft plan {name}",
        )


def of_pipeline(state: Standing, alert: Alert, today: date) -> list[Problem]:
    """Return all that needs a person now, told as far as *alert* may."""
    names = alert.detail == "names"
    return [*state.failures, *state.notes, *(_held(one, state, alert, today, names=names) for one in state.held)]


def _held(one: Waiting, state: Standing, alert: Alert, today: date, *, names: bool) -> Problem:
    deadline = date.fromisoformat(one.deadline) if one.deadline else None
    last = today + timedelta(days=alert.escalate_days)
    pipeline = shlex.quote(state.pipeline)
    label = people.label(one, names=names)
    name = people.name_of(one) if names and one.kind != "record" else ""
    what = "its change after delivery: " if one.kind == "change" else ""
    return Problem(
        kind=one.kind,
        about=one.about,
        reason=one.reason,
        label=label,
        message=f"{what}{_public(one, one.message.removeprefix(f'{one.label}: '), names=names)}",
        fix=_public(one, one.fix, names=names) if one.fix else None,
        command=f"orderweft records {pipeline} --state held"
        if one.kind == "record"
        else f"orderweft orders {'why' if one.kind == 'order' else 'show'} {shlex.quote(one.label)}",
        customer=" ".join(filter(None, (one.account, name))) or None,
        deadline=deadline,
        is_urgent=bool(alert.escalate_days and deadline and deadline <= last),
    )


def _public(one: Waiting, text: str, *, names: bool) -> str:
    return " ".join(people.public(one, text, names=names).split())


def of_alerts(config: Config, rows: dict[str, AlertRow], but: str) -> list[Problem]:
    """Return which alert channels fail, *but* for one."""
    return [
        Problem(
            kind="alert",
            about=name,
            reason="alert_failed",
            label=name,
            message=row.problem or "",
            fix="correct its table in the configuration; what it has missed is told once it works",
            command=f"orderweft alerts test {name}",
        )
        for name in config.alerts
        if name != but and (row := rows.get(name)) is not None and row.failed_at
    ]


def over(gone: Sequence[ToldRow], state: Standing, alert: Alert, ledger: Ledger) -> list[tuple[ToldRow, Over]]:
    """Return what became of *gone*, which was told and is not there any more; what is still under way is left out."""
    held = [row.about for row in gone if row.kind != "run"]
    known = {(one.kind, one.about): one for one in ends(ledger, state.pipeline, held)} if held else {}
    found = []
    for row in gone:
        if row.kind == "run":
            if state.works:
                found.append((row, Over("run", state.pipeline, "works again")))
            continue
        end = known.get(("record" if row.kind == "record" else "order", row.about))
        if row.kind == "change" or end is None or end.state in _ENDS:
            found.append((row, _ended(row, end, state, names=alert.detail == "names")))
    return found


def _ended(row: ToldRow, end: End | None, state: Standing, *, names: bool) -> Over:
    person = "[null]" if state.noun == NOUNS["customers"] else ""
    held = Waiting(row.kind, row.about, end.label if end else row.about, "", "", None, None, None, person)
    label = people.label(held, names=names)
    if row.kind == "change":
        return Over(row.kind, label, "has no change that waits any more")
    receipt = f" as {end.receipt}" if end and end.state == "delivered" and end.receipt else ""
    return Over(row.kind, label, f"{_ENDS[end.state]}{receipt}" if end else "is no longer held")
