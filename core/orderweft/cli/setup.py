"""`orderweft init`, `plugins`, `settings`, `check`: what comes before the first run."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from typing import Any, get_args

import click
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from ..config import Config, ConnectionConfig, PipelineConfig
from ..errors import ChannelError, SettingsError
from ..exchange import Account
from ..fit import Fit
from ..plugins import Plugins
from ..runs import open_end
from ..settings import Settings
from . import output
from .common import Context, pass_context
from .fit import fit_of, show_fit


@click.command()
@click.option("--source", help="The channel orders come from.")
@click.option("--destination", help="The channel orders go to.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@pass_context
@output.speaks_plainly
def init(context: Context, source: str | None, destination: str | None, force: bool) -> None:
    """Write a commented orderweft.toml to start from; asks which channels to connect."""
    if context.path.exists() and not force:
        raise SettingsError(f"{context.path} exists; --force overwrites it")
    source = _ask(context.plugins, "Orders come from", "fetch_orders", source)
    destination = _ask(context.plugins, "Orders go to", "deliver_orders", destination)
    names = (source, destination) if source != destination else (f"{source}_from", f"{destination}_to")
    context.path.write_text(_starter(context.plugins, (source, destination), names), encoding="utf-8")
    click.echo(f"Wrote {context.path}. Next:")
    click.echo("  1. fill in the settings it asks for, and set the environment variables it names")
    click.echo("  2. orderweft check           are the credentials good, does the pair fit?")
    click.echo("  3. orderweft rehearse        the whole thing without touching an account")
    click.echo("  4. orderweft run --dry-run   what would be delivered, changing nothing")


@click.command()
@output.json_option
@pass_context
@output.speaks_plainly
def plugins(context: Context, as_json: bool) -> None:
    """List installed plugins and what each can do; broken ones with the reason."""
    found = context.plugins
    found.commands(taken=_built_in())
    if as_json:
        output.say_json(
            {
                "channels": {name: found.abilities(name) for name in found.channels},
                "wrappers": found.wrappers,
                "broken": [{"name": b.name, "distribution": b.distribution, "reason": b.reason} for b in found.broken],
            }
        )
    else:
        rows: list[Sequence[Any]] = [
            [name, channel.title, found.distributions[name], ", ".join(found.abilities(name))]
            for name, channel in found.channels.items()
        ]
        rows += [[name, "", found.distributions[name], "wraps hooks of channels"] for name in found.wrappers]
        output.table(["Plugin", "Channel", "From", "Can"], rows)
        for broken in found.broken:
            output.warn(str(broken))
    sys.exit(output.UNEXPECTED if found.broken else output.DONE)


def _built_in() -> Collection[str]:
    main = click.get_current_context().find_root().command
    return main.commands if isinstance(main, click.Group) else ()


@click.command()
@click.argument("channel")
@output.json_option
@pass_context
@output.speaks_plainly
def settings(context: Context, channel: str, as_json: bool) -> None:
    """List the settings of CHANNEL: name, type, default and meaning."""
    described = context.plugins.channels.get(channel)
    if described is None:
        raise SettingsError(f"no channel {channel!r} is installed; there are: {', '.join(context.plugins.channels)}")
    rows = setting_rows(described.settings)
    if as_json:
        output.say_json([dict(zip(("name", "type", "default", "where", "meaning"), row, strict=True)) for row in rows])
        return
    output.table(["Setting", "Type", "Default", "Where", "Meaning"], rows, title=f"Settings of {described.title}")
    click.echo("Those for a pipeline may also be given in its source_options or destination_options.")


@click.command()
@click.argument("pipeline", required=False)
@click.option("--offline", is_flag=True, help="Do not contact the channels.")
@output.json_option
@pass_context
@output.speaks_plainly
def check(context: Context, pipeline: str | None, offline: bool, as_json: bool) -> None:
    """Check the configuration, the credentials and whether each pair fits; changes nothing."""
    config = context.config(secrets_needed=not offline)
    for warning in config.warnings:
        output.warn(warning)
    chosen = [config.pipeline(pipeline)] if pipeline else list(config.pipelines.values())
    accounts = {} if offline else _accounts(context, config, chosen)
    fits = {one.name: fit_of(context, one) for one in chosen}
    if as_json:
        output.say_json(_check_data(config, accounts, fits))
    else:
        click.echo(f"{config.path}: no mistakes.")
        for name, account in accounts.items():
            _show_account(name, account)
        for one in chosen:
            show_fit(f"Pipeline {one.name!r}", one, fits[one.name])
    refused = [name for name, account in accounts.items() if isinstance(account, str)]
    if refused and not as_json:
        output.complain(f"signing in to {' and '.join(refused)} failed: see above; nothing can run before it works")
    unfit = not all(found.possible for found in fits.values())
    sys.exit(output.CHANNEL if refused else output.USAGE if unfit else output.DONE)


def setting_rows(kind: type[Settings]) -> list[tuple[str, str, str, str, str]]:
    """Return name, type, default, where it may be given, and meaning of each setting; those without default first."""
    rows = []
    account = kind.account_fields()
    for name, field in kind.model_fields.items():
        needed = field.is_required()
        default = "needed" if needed else _plain_default(field)
        meaning = " ".join((field.description or "").split())
        where = "connection" if name in account else "connection, pipeline"
        rows.append((not needed, (name, _plain_type(field.annotation), default, where, meaning)))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _plain_type(annotation: Any) -> str:
    parts = [part for part in get_args(annotation) if part is not type(None)]
    if annotation is SecretStr or SecretStr in parts:
        return "secret"
    if parts and all(isinstance(part, str) for part in parts):
        return " | ".join(f'"{part}"' for part in parts)
    if parts and getattr(annotation, "__origin__", None) not in (dict, list, tuple):
        return _plain_type(parts[0])
    plain = {str: "text", bool: "true | false", int: "whole number", float: "number"}
    if annotation in plain:
        return plain[annotation]
    return {dict: "table", list: "list"}.get(getattr(annotation, "__origin__", annotation), "text")


def _plain_default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False, default=str)


def _ask(found: Plugins, prompt: str, hook: str, given: str | None) -> str:
    able = sorted(name for name in found.channels if found.can(name, hook))
    if not able:
        raise SettingsError(f"no installed channel has {hook}; install a plugin such as orderweft-joor")
    if given is None:
        given = click.prompt(prompt, type=click.Choice(able), default=able[0])
    if given not in able:
        verb = "come from" if hook == "fetch_orders" else "go to"
        raise SettingsError(
            f"orders cannot {verb} {given!r}; they can {verb}: {', '.join(able)}. For stock, styles and customers, "
            "begin with a file in examples/"
        )
    return given


def _starter(found: Plugins, channels: tuple[str, str], names: tuple[str, str]) -> str:
    parts = ["# Orderweft's configuration. `orderweft check` tells what is missing or wrong.", ""]
    for name, channel in zip(names, channels, strict=True):
        kind = found.channels[channel].settings
        parts += [f"[connections.{name}]", f'channel = "{channel}"']
        for setting, type_name, default, _, meaning in setting_rows(kind):
            if setting in Settings.model_fields:
                continue
            value = f'"env:{name.upper()}_{setting.upper()}"' if type_name == "secret" else default
            wanted = default == "needed" or _is_suggested(kind, setting)
            parts.append(f"# {meaning}")
            empty = '""' if type_name in {"text", "secret"} else f"<{type_name}>"
            shown = empty if value in {"", "needed"} else value
            parts.append(f"{setting} = {shown}" if wanted else f"# {setting} = {shown}")
        parts.append(f"# `orderweft settings {channel}` lists a few more, for time-outs and the like.")
        parts.append("")
    parts += [
        "[pipelines.orders]",
        'moves = "orders"',
        f'source = "{names[0]}"',
        f'destination = "{names[1]}"',
        "",
        "# Set fields the source lacks, by templates over `order`:",
        "# [pipelines.orders.map]",
        '# "lines.*.sku" = "{{ line.style_number }}-{{ line.color_code }}-{{ line.size }}"',
        "",
        "# Leave orders out:",
        "# [[pipelines.orders.skip]]",
        '# when = "order.lines | length == 0"',
        '# reason = "it has no lines"',
        "",
    ]
    return "\n".join(parts)


def _is_suggested(kind: type[Settings], setting: str) -> bool:
    extra = kind.model_fields[setting].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("suggested"))


def _accounts(context: Context, config: Config, chosen: Sequence[PipelineConfig]) -> dict[str, Account | str]:
    used = {name for one in chosen for name in (one.source.name, one.destination.name)} or set(config.connections)
    answers: dict[str, Account | str] = {}
    for name in sorted(used):
        with open_end(config.connections[name], context.plugins, context.clock) as end:
            try:
                answers[name] = end.call("check_connection") or Account(name, "cannot be checked")
            except ChannelError as error:
                answers[name] = str(error)
    for one in chosen:
        for used_end in (one.source, one.destination):
            as_connected = config.connections[used_end.name].settings
            if isinstance(answers[used_end.name], Account) and used_end.settings != as_connected:
                _check_options(context, one, used_end)
    return answers


def _check_options(context: Context, one: PipelineConfig, end: ConnectionConfig) -> None:
    """Check a connection with the settings it has in one pipeline; raises SettingsError when they are wrong."""
    try:
        with open_end(end, context.plugins, context.clock) as opened:
            opened.call("check_connection")
    except SettingsError as error:
        raise SettingsError(f"pipeline {one.name!r}: {error}") from error


def _show_account(name: str, account: Account | str) -> None:
    if isinstance(account, str):
        output.complain(f"connection {name!r}: {account.removeprefix(f'{name}: ')}")
        return
    details = f" ({'; '.join(account.details)})" if account.details else ""
    click.echo(f"Connection {name!r}: signed in as {account.name}{details}.")
    for warning in account.warnings:
        output.warn(f"connection {name!r}: {warning}")


def _check_data(config: Config, accounts: dict[str, Account | str], fits: dict[str, Fit]) -> dict[str, Any]:
    return {
        "config": str(config.path),
        "connections": {
            name: {"error": account}
            if isinstance(account, str)
            else {"id": account.id, "name": account.name, "warnings": list(account.warnings)}
            for name, account in accounts.items()
        },
        "pipelines": {name: found.to_data() for name, found in fits.items()},
    }
