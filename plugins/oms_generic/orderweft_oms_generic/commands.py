"""`orderweft profiles`: what profiles there are, whether one is right, and a new one to begin with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click
from orderweft import SettingsError, hookimpl

from .profiles.abilities import gives, takes, tried
from .profiles.loading import ENDINGS, bundled, load_profile
from .profiles.model import Profile
from .profiles.starter import FileKind, starter_profile

_json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for machines.")


@hookimpl
def commands() -> Sequence[click.Command]:
    """Return the commands about profiles."""
    return [profiles]


@click.group()
def profiles() -> None:
    """List, check and begin profiles, which teach oms_generic one system each."""


@profiles.command("list")
@_json_option
def list_profiles(as_json: bool) -> None:
    """List the profiles that come with the plugin and what each can do."""
    found = [load_profile(name) for name in bundled()]
    if as_json:
        _say_json([_summary(profile) for profile in found])
        return
    headings = ("Profile", "System", "Status", "Takes", "Gives")
    rows = [(one.id, one.title, one.status, ", ".join(takes(one)), ", ".join(gives(one))) for one in found]
    for row in _aligned([headings, *rows]):
        click.echo(row)


@profiles.command()
@click.argument("name", metavar="ID")
@_json_option
def show(name: str, as_json: bool) -> None:
    """Show the profile ID that comes with the plugin, as it is written."""
    profile = load_profile(name)
    if as_json:
        _say_json(profile.model_dump(mode="json", by_alias=True, exclude_defaults=True))
        return
    file = bundled().get(name)
    click.echo(Path(name).expanduser().read_text("utf-8-sig") if file is None else file.read_text("utf-8"), nl=False)


@profiles.command()
@click.argument("names", metavar="FILE|ID...", nargs=-1, required=True)
@_json_option
def check(names: Sequence[str], as_json: bool) -> None:
    """Check profiles: every mistake with its line, and what those without any can do.

    FILE ends in .yaml; ID is a profile that comes with the plugin.
    """
    mistakes: dict[str, list[str]] = {}
    found: dict[str, Profile] = {}
    for name in names:
        try:
            found[name] = load_profile(name)
        except SettingsError as error:
            mistakes[name] = str(error).splitlines()
    if as_json:
        _say_json([_checked(name, found.get(name), mistakes.get(name, [])) for name in dict.fromkeys(names)])
        raise SystemExit(2 if mistakes else 0)
    for name, profile in found.items():
        click.echo("\n".join(_praise(name, profile)))
    if mistakes:
        raise SettingsError("\n".join(line for lines in mistakes.values() for line in lines))


@profiles.command()
@click.argument("name", metavar="ID")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; ID.yaml when left out.")
@click.option(
    "--files", type=click.Choice(get_args(FileKind)), help="For a system that exchanges files, instead of REST."
)
def new(name: str, output: Path | None, files: FileKind | None) -> None:
    """Write a commented profile ID to begin with.

    It works as it is, with the invented system it is for; change it step by step.
    """
    path = output or Path(f"{name}.yaml")
    if path.suffix not in ENDINGS:
        raise SettingsError(f"{path} is no name for a profile; it ends in .yaml")
    text = starter_profile(name, files)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise SettingsError(f"{path} exists; give another name with --output") from None
    click.echo(f"Wrote {path}. Next:")
    click.echo(f"  1. change it for your system, and after each step: orderweft profiles check {path}")
    click.echo(f'  2. in orderweft.toml: channel = "oms_generic" and profile = "{path}"')
    click.echo("  3. orderweft rehearse")


def _summary(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "title": profile.title,
        "status": profile.status,
        "takes": takes(profile),
        "gives": gives(profile),
    }


def _checked(name: str, profile: Profile | None, mistakes: Sequence[str]) -> dict[str, Any]:
    if profile is None:
        return {"profile": name, "mistakes": mistakes}
    told = {**_summary(profile), "samples": tried(profile), "confirm": profile.confirm}
    return {"profile": name, "mistakes": mistakes, **told}


def _praise(name: str, profile: Profile) -> list[str]:
    samples = [f"{operation} {count}" for operation, count in tried(profile).items()]
    said = [f"{name}: no mistakes. {profile.title} ({profile.id}, {profile.status})"]
    said += [f"  {verb} {', '.join(kinds)}" for verb, kinds in (("takes", takes(profile)), ("gives", gives(profile)))
             if kinds]  # fmt: skip
    said += [f"  samples that pass: {', '.join(samples)}"] if samples else []
    return said + [f"  to confirm on a real account: {one}" for one in profile.confirm]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _say_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))
