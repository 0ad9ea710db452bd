"""How commands speak: tables and sentences for people, JSON for machines, exit codes for both."""

from __future__ import annotations

import csv
import functools
import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import ChannelError, OrderweftError, PluginError, SettingsError, TemplateError

DONE, UNEXPECTED, USAGE, HELD, CHANNEL, INTERRUPTED = 0, 1, 2, 3, 4, 130
"""Exit codes: done, unexpected, configuration or usage, done with holds, channel unreachable or refusing."""

CODES = {"done": DONE, "held": HELD, "stopped": HELD, "failed": CHANNEL, "interrupted": INTERRUPTED}
"""Result of a run → exit code."""

P = ParamSpec("P")
R = TypeVar("R")

csv_option = click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write all that would be done into a CSV file; - for standard output.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")


def speaks_plainly(command: Callable[P, R]) -> Callable[P, R]:
    """Turn our own errors into one message and the right exit code, without a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except OrderweftError as error:
            complain(str(error))
            sys.exit(exit_code(error))
        except OSError as error:
            if error.filename is None:
                raise
            complain(f"{error.filename} cannot be used: {error.strerror}")
            sys.exit(USAGE)
        except KeyboardInterrupt:
            complain("interrupted")
            sys.exit(INTERRUPTED)

    return wrapped


def exit_code(error: BaseException) -> int:
    """Return the exit code for *error*."""
    if isinstance(error, SettingsError | PluginError | TemplateError):
        return USAGE
    return CHANNEL if isinstance(error, ChannelError) else UNEXPECTED


def console(*, stderr: bool = False) -> Console:
    """Return where to print: as wide as the terminal, 120 columns in a pipe, colors only on a terminal."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 120, highlight=False, soft_wrap=False)


def bear_narrow_encodings() -> None:
    """Print a question mark for each character the output cannot encode, such as in a pipe on Windows."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def complain(message: str) -> None:
    """Print an error to standard error, each of its lines marked."""
    for line in message.splitlines() or [""]:
        click.echo(click.style("Error: ", fg="red", bold=True) + line, err=True)


def warn(message: str) -> None:
    """Print a warning to standard error."""
    click.echo(click.style("Warning: ", fg="yellow", bold=True) + message, err=True)


def orders(many: int) -> str:
    """Return how many orders there are, in words."""
    return "1 order" if many == 1 else f"{many} orders"


def say_json(value: Any) -> None:
    """Print *value* as JSON, whole in any encoding."""
    is_narrow = not (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, ensure_ascii=is_narrow, indent=2, default=str))


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
    """Print a table."""
    drawn = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold"
    )
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console().print(drawn)


def harmless(cell: Any) -> Any:
    """Return *cell* of a CSV file so that no spreadsheet takes it for a formula."""
    # https://owasp.org/www-community/attacks/CSV_Injection
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def is_stdout(csv_file: Path | None) -> bool:
    """Return whether *csv_file* is `-`, so that nothing else may be printed there."""
    return csv_file is not None and str(csv_file) == "-"


def write_csv(csv_file: Path | None, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write *rows* into *csv_file*, which `csv_option` gave; do nothing when it is None."""
    if csv_file is None:
        return
    with click.open_file(str(csv_file), "w", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows([harmless(cell) for cell in row] for row in rows)
    if not is_stdout(csv_file):
        click.echo(f"Wrote {csv_file}.", err=True)
