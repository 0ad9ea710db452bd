"""`orderweft schema`: the contract as JSON Schemas."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import BinaryIO

import click

from .. import schema as schemas
from ..errors import InvalidRecordError, SettingsError
from . import output

kind_argument = click.argument("kind", type=click.Choice(sorted(schemas.RECORDS)))


@click.group()
def schema() -> None:
    """Show and use the JSON Schemas of the canonical records."""


@schema.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="schemas")
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is not up to date.")
@output.speaks_plainly
def export(folder: Path, check: bool) -> None:
    """Write all schemas into FOLDER."""
    if check:
        if stale := schemas.stale(folder):
            raise SettingsError(f"not up to date: {', '.join(stale)}; run `orderweft schema export {folder}`")
        click.echo(f"All schemas in {folder} are up to date.")
        return
    for path in schemas.write_all(folder):
        click.echo(str(path))


@schema.command()
@kind_argument
@output.speaks_plainly
def show(kind: str) -> None:
    """Print the schema of KIND."""
    output.say_json(schemas.load(kind))


@schema.command()
@kind_argument
@click.argument("file", type=click.File("rb"), default="-")
@output.json_option
@output.speaks_plainly
def validate(kind: str, file: BinaryIO, as_json: bool) -> None:
    """Check the record in FILE, or standard input, against the schema of KIND."""
    try:
        data = json.loads(file.read())
    except (ValueError, RecursionError) as error:
        raise InvalidRecordError(f"{getattr(file, 'name', 'the input')} is not JSON: {error}") from None
    misses = schemas.Checker(schemas.load(kind)).misses(data)
    if as_json:
        output.say_json([{"path": miss.path, "message": miss.message} for miss in misses])
    elif misses:
        for miss in misses:
            output.complain(str(miss))
    else:
        click.echo(f"This is a valid {kind}.")
    sys.exit(output.UNEXPECTED if misses else output.DONE)
