"""The progress bar of a run."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..runs import Observer, unwatched
from . import output

_DONE = (
    "delivered",
    "already_there",
    "held",
    "skipped",
    "cancelled",
    "known",
    "handed_over",
    "written",
    "pending",
    "unchanged",
)


@contextmanager
def watching(*, quiet: bool, noun: str = "orders") -> Iterator[Observer]:
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
        task = bar.add_task(noun, total=None, rate="")

        def observe(moment: str, counts: Counter[str], note: str = "") -> None:
            done = sum(counts[name] for name in _DONE)
            seconds = bar.tasks[0].elapsed or 0
            rate = f"{done / seconds:.0f}/s" if seconds >= 1 else ""
            sent = f"delivered {counts['delivered']}" if noun == "orders" else f"written {counts['written']}"
            text = note or f"{sent}, held {counts['held']}, skipped {counts['skipped']}"
            total = max(counts["fetched"] + counts["read"], done)
            bar.update(task, completed=done, total=total, description=text, rate=rate)

        yield observe


def _say_waits(moment: str, counts: Counter[str], note: str = "") -> None:
    if moment == "waiting":
        click.echo(f"Waiting: {note}", err=True)
