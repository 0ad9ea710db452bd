"""`orderweft plugin new`: a channel of one's own, begun from the manual's example."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import click

from ..errors import SettingsError
from . import output
from .common import Context, pass_context

EXAMPLE = "papershop"
"""What the example calls itself, wherever its name stands."""
LONGEST = 24
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_SUFFIXES = {".md", ".py", ".toml", ".typed"}
"""Those of the example's own files; the rest is left by tools."""


@click.group()
def plugin() -> None:
    """Begin a plugin of your own."""


@plugin.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), metavar="DIR",
              help="Where to write it; orderweft-NAME when left out.")  # fmt: skip
@pass_context
@output.speaks_plainly
def new(context: Context, name: str, folder: Path | None) -> None:
    """Write a channel NAME that works, keeps the contract, and is small enough to be changed into yours."""
    _refuse_bad(name)
    _refuse_taken(context, name)
    folder = folder or Path(_renamed(f"orderweft-{EXAMPLE}", name))
    if folder.exists():
        raise SettingsError(f"{folder} exists already; give another --folder")
    source = example_folder()
    for file in sorted(path for path in source.rglob("*") if path.is_file() and path.suffix in _SUFFIXES):
        target = folder / _renamed(file.relative_to(source).as_posix(), name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(file.read_text(encoding="utf-8"), name), encoding="utf-8")
    click.echo(f"Wrote the channel {name!r} into {folder}. Next:")
    click.echo(f"  1. cd {folder}")
    click.echo('  2. pip install -e ".[test]"   Orderweft finds it then, see `orderweft plugins`')
    click.echo("  3. pytest                     does it keep the contract?")


def example_folder() -> Path:
    """Return the folder of the example: inside an installed package, else where a checkout has it."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "example"
    return packaged if packaged.is_dir() else package.parents[1] / "docs" / "plugins" / "example"


def _refuse_bad(name: str) -> None:
    if len(name) > LONGEST or not _NAME.fullmatch(name):
        raise SettingsError(
            f"{name!r} cannot be a channel: a name has small letters, digits and single underscores, begins with a "
            f"letter and is at most {LONGEST} characters long, such as corner_shop"
        )


def _refuse_taken(context: Context, name: str) -> None:
    plugins = context.plugins
    if name in {*plugins.distributions, *(broken.name for broken in plugins.broken)}:
        raise SettingsError(f"a plugin {name!r} is installed already; take another name")
    if find_spec(f"orderweft_{name}"):
        raise SettingsError(f"a package orderweft_{name} is installed already; take another name")


def _renamed(text: str, name: str) -> str:
    """Return *text* of the example with its name replaced: in addresses, in sentences and in code."""
    dashed = name.replace("_", "-")
    spellings = {
        f"orderweft-{EXAMPLE}": f"orderweft-{dashed}",
        f"api.{EXAMPLE}": f"api.{dashed}",
        EXAMPLE.title(): name.replace("_", " ").title(),
        EXAMPLE.upper(): name.upper(),
        EXAMPLE: name,
    }
    return re.sub("|".join(map(re.escape, spellings)), lambda found: spellings[found[0]], text)
