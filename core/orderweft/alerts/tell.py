"""Telling each alert channel what is new to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from ..clock import Clock
from ..config import Alert, Config
from ..errors import LedgerError, OrderweftError, UnknownOutcomeError
from ..ledger import Ledger
from ..ledger.alerts import (
    Telling,
    ToldRow,
    alert_channels,
    forget,
    intend,
    settle_failed,
    settle_taken,
    told,
)
from ..runs import RecordReport, Report
from .gather import of_alerts, of_pipeline, over, standing
from .model import Digest, Over, Problem, Standing
from .send import send

WAITS = (timedelta(0), timedelta(minutes=5), timedelta(minutes=5), timedelta(hours=1))
"""How long a message whose end nobody knows is left alone, after so many of them in a row."""


def alert(report: Report | RecordReport, config: Config, ledger: Ledger, clock: Clock) -> None:
    """Tell each alert channel what is new to it after the run *report* is of.

    What goes wrong with that is added to the report's warnings, and tried again after the next run.
    """
    if not config.alerts or report.result == "interrupted":
        return
    try:
        with _on_its_own(report, "the alerts"):
            state = standing(report, config, ledger)
            for name, channel in config.alerts.items():
                if channel.tells(report.pipeline):
                    with _on_its_own(report, f"alert {name!r}"):
                        report.warnings += _tell_of_pipeline(name, channel, state, ledger, clock)
        for name in config.alerts:
            with _on_its_own(report, f"alert {name!r}"):
                report.warnings += _tell_of_others(name, config, ledger, clock)
    except LedgerError as error:
        report.warnings.append(f"nobody could be alerted: {error}")


@contextmanager
def _on_its_own(report: Report | RecordReport, whom: str) -> Iterator[None]:
    try:
        yield
    except LedgerError:
        raise
    except Exception as error:  # one row that cannot be read may raise anything, and the others have to be told
        report.warnings.append(f"{whom} could not be told: unexpected {type(error).__name__}")


def failed(pipeline: str, error: OrderweftError) -> Report:
    """Return a report for `alert` of a run that ended with *error* and gave none."""
    return Report(pipeline, None, Counter(), result="failed", error=str(error))


def try_out(channel: Alert, name: str, clock: Clock) -> str | None:
    """Send a test message; return a remark when not everybody got it. Raises ChannelError when nobody did."""
    at = clock.now()
    return send(channel, Digest(_id(name, "test", at.isoformat()), "", None, at, "", is_test=True), clock)


@dataclass(frozen=True)
class _Round:
    """What there may be to tell one alert channel of one pipeline, or of the other channels."""

    name: str
    channel: Alert
    pipeline: str
    problems: Sequence[Problem]
    ended: Sequence[tuple[ToldRow, Over]]
    rows: Sequence[ToldRow]
    run: int | None = None
    noun: str = ""


def _tell_of_pipeline(name: str, channel: Alert, state: Standing, ledger: Ledger, clock: Clock) -> list[str]:
    problems = of_pipeline(state, channel, clock.now().date())
    rows = told(ledger, name, state.pipeline)
    there = {(one.kind, one.about) for one in problems}
    gone = [row for row in rows if (row.kind, row.about) not in there]
    forget(ledger, [row.row for row in gone if row.kind == "note"])
    ended = over([row for row in gone if row.kind != "note"], state, channel, ledger)
    return _tell(_Round(name, channel, state.pipeline, problems, ended, rows, state.run, state.noun), ledger, clock)


def _tell_of_others(name: str, config: Config, ledger: Ledger, clock: Clock) -> list[str]:
    problems = of_alerts(config, alert_channels(ledger), name)
    rows = told(ledger, name, "")
    failing = {one.about for one in problems}
    ended = [(row, Over("alert", row.about, "works again")) for row in rows if row.about not in failing]
    return _tell(_Round(name, config.alerts[name], "", problems, ended, rows), ledger, clock)


def _tell(this: _Round, ledger: Ledger, clock: Clock) -> list[str]:
    """Send what is due, if anything is; return what went wrong."""
    now, reasons = clock.now(), this.channel.reasons
    known = {(row.kind, row.about): row for row in this.rows}
    due = [
        (one, row)
        for one in this.problems
        for row in (known.get((one.kind, one.about)),)
        if (reasons is None or one.reason in reasons) and _is_due(one, row, this.channel, now)
    ]
    silent = {row.row for row, _ in this.ended if not this.channel.recovery or not (row.told_at or row.doubts)}
    forget(ledger, sorted(silent))
    ended = [(row, one) for row, one in this.ended if row.row not in silent and _has_rested(row, now)]
    if not due and not ended:
        return []
    marks = [f"{one.kind} {one.about} {one.reason} {one.is_urgent} {row and row.told_at}" for one, row in due]
    marks += [f"over {row.row}" for row, _ in ended]
    digest = Digest(
        id=_id(this.name, this.pipeline, *marks),
        pipeline=this.pipeline,
        run=this.run,
        at=now,
        noun=this.noun,
        problems=tuple(replace(one, is_again=_was_told(row, one)) for one, row in due),
        over=tuple(one for _, one in ended),
    )
    due_rows = [Telling(one.kind, one.about, one.reason, one.is_urgent, row.row if row else None) for one, row in due]
    ended_rows = [Telling(row.kind, row.about, row.reason, urgent=False, row=row.row) for row, _ in ended]
    return _deliver(this, digest, due_rows, ended_rows, ledger, clock)


def _deliver(
    this: _Round, digest: Digest, due: Sequence[Telling], ended: Sequence[Telling], ledger: Ledger, clock: Clock
) -> list[str]:
    rows = intend(ledger, this.name, this.pipeline, [*due, *ended])
    try:
        remark = send(this.channel, digest, clock)
    except OrderweftError as error:
        in_doubt = isinstance(error, UnknownOutcomeError)
        settle_failed(ledger, this.name, rows, str(error), in_doubt=in_doubt)
        return [f"alert {this.name!r}: {error}; what it should have told is told after a later run"]
    settle_taken(ledger, this.name, list(zip(rows, due, strict=False)), rows[len(due) :])
    return [f"alert {this.name!r}: {remark}"] if remark else []


def _is_due(one: Problem, row: ToldRow | None, channel: Alert, now: datetime) -> bool:
    if row is None:
        return True
    if not _has_rested(row, now):
        return False
    if row.told_at is None or row.reason != one.reason or (one.is_urgent and not row.urgent):
        return True
    return one.kind != "note" and now >= datetime.fromisoformat(row.told_at) + channel.repeat


def _has_rested(row: ToldRow, now: datetime) -> bool:
    # a clock that was set back keeps back at most what is in doubt
    return not row.doubts or now >= datetime.fromisoformat(row.tried_at) + WAITS[min(row.doubts, len(WAITS) - 1)]


def _was_told(row: ToldRow | None, one: Problem) -> bool:
    return row is not None and row.told_at is not None and row.reason == one.reason


def _id(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
