"""`orderweft doctor`: whether the ledger and everything around it is as it should be."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from ..errors import SettingsError
from ..ledger.integrity import Finding, examine
from ..ledger.repair import repair
from . import output
from .common import Context, pass_context

ROUNDS = 2
"""Repairing a damaged file brings to light what is wrong with the rows that were saved."""


@click.command()
@click.option("--repair", "mend", is_flag=True, help="Mend what can be mended without losing anything.")
@output.json_option
@pass_context
@output.speaks_plainly
def doctor(context: Context, mend: bool, as_json: bool) -> None:
    """Look the ledger, the configuration and the plugins over: what is wrong, what it means, what to do.

    No channel is contacted. --repair closes files to others, ends dead claims, makes missing orders anew from what
    there is of them, empties the journal, and saves what can be read of a damaged file, which it keeps aside.
    It never deletes a receipt or an attempt at a delivery.
    """
    path = context.config(secrets_needed=False).ledger
    around = list(_around(context))
    findings, done = _examined(context, path), list[str]()
    for _ in range(ROUNDS if mend else 0):
        if any(finding.repairs for finding in findings):
            done += repair(path, context.clock, findings)
            findings = _examined(context, path)
    if as_json:
        output.say_json(
            {
                "ledger": str(path),
                "healthy": not (findings or around),
                "findings": [asdict(finding) for finding in (*findings, *around)],
                "repaired": done,
            }
        )
    else:
        _say(path, [*findings, *around], done, mended=mend)
    sys.exit(output.HELD if findings or around else output.DONE)


def _examined(context: Context, path: Path) -> list[Finding]:
    return examine(path, context.clock) if path.exists() else []


def _say(path: Path, findings: list[Finding], done: list[str], *, mended: bool) -> None:
    for text in done:
        click.echo(f"Repair: {text}.")
    for one in findings:
        click.echo(f"{one.check}: {one.found}\n  It means: {one.means}.\n  What to do: {one.fix}.\n")
    many = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    mendable = sum(finding.repairs for finding in findings)
    if not findings:
        click.echo(f"{path} is sound." if path.exists() else f"{path} does not exist yet; the first run makes it.")
    elif mendable and not mended:
        click.echo(f"{many}; `orderweft doctor --repair` mends {mendable} of them.")
    else:
        click.echo(f"{many}, for somebody to look at.")


def _around(context: Context) -> Iterator[Finding]:
    """Give what is wrong around the ledger."""
    for broken in context.plugins.broken:
        yield Finding(
            "plugin", f"plugin {broken.name!r} from {broken.distribution} is off: {broken.reason}",
            "pipelines that need it cannot run", "install a version that works, or uninstall it",
        )  # fmt: skip
    try:
        literal = context.config().warnings
    except SettingsError as error:
        yield Finding("configuration", str(error), "pipelines that need it cannot run", "correct what is named")
        return
    mode = stat.S_IMODE(context.path.stat().st_mode)
    if literal and mode & 0o077 and os.name == "posix":
        yield Finding(
            "configuration", f"{context.path} has secrets in it and mode {mode:04o}",
            "others on this machine can read them",
            f'write "env:NAME" or "file:PATH" in their place, or chmod 600 {context.path}',
        )  # fmt: skip
