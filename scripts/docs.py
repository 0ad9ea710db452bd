"""What the generated parts of the manual say; cog calls these functions, `make docs` calls cog."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import click
from orderweft import OrderweftError, errors, hookspecs, schema
from orderweft.cli import main
from orderweft.cli.output import exit_code
from orderweft.cli.setup import setting_rows
from orderweft.config.alerts import ALERTS, Alert
from orderweft.config.journal import JournalSettings
from orderweft.config.serve import ServeSettings
from orderweft.plugins import Plugins
from orderweft.testing import kit
from orderweft_zedonk.config import PROFILE
from pydantic.fields import FieldInfo

LONGEST_DEFAULT = 40
WIDTH = 100
HELP = main.context_settings["help_option_names"]
_PLUGINS = Plugins.installed()
_HOOKS = {name: hook for name, hook in vars(hookspecs).items() if hasattr(hook, "orderweft_spec")}


def settings(channel: str) -> str:
    """Return the settings of *channel* as a table."""
    rows = [
        [f"`{name}`", kind, _default(default), "yes" if "pipeline" in where else "no", meaning]
        for name, kind, default, where, meaning in setting_rows(_PLUGINS.channels[channel].settings)
    ]
    return table(["Setting", "Type", "Default", "In a pipeline", "Meaning"], rows)


def alerts() -> str:
    """Return the keys of every kind of alert as tables."""
    parts = [_alert_keys(Alert.model_fields)]
    for kind, model in ALERTS.items():
        own = {name: field for name, field in model.model_fields.items() if name not in Alert.model_fields}
        parts.append(f'With `kind = "{kind}"`:\n\n{_alert_keys(own)}')
    return "\n\n".join(parts)


def serve() -> str:
    """Return the keys of `[serve]` as a table."""
    return _alert_keys(ServeSettings.model_fields)


def journal() -> str:
    """Return the keys of `[journal]` as a table."""
    return _alert_keys(JournalSettings.model_fields)


def _alert_keys(fields: Mapping[str, FieldInfo]) -> str:
    rows = [
        [f"`{name}`", _alert_default(field), " ".join((field.description or "").split())]
        for name, field in fields.items()
    ]
    return table(["Key", "Default", "Meaning"], rows)


def _alert_default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if isinstance(field.default, timedelta):
        return f'`"{field.default.days}d"`'
    return "" if field.default is None else f"`{json.dumps(field.default)}`"


def abilities(channel: str) -> str:
    """Return what *channel* can do as a table, by hook."""
    can = _PLUGINS.abilities(channel)
    return table(["Hook", "What it does"], [[f"`{name}`", _summary(_HOOKS[name])] for name in can])


def commands() -> str:
    """Return every command with its help, each under a heading."""
    return "\n".join(_commands(main, "orderweft", None))


def hooks() -> str:
    """Return every hook with its arguments and what it promises, each under a heading."""
    return "\n".join(
        f"## {name}\n\n```python\n{name}{_signature(hook)}\n```\n\n{inspect.getdoc(hook)}\n"
        for name, hook in _HOOKS.items()
    )


def error_tree() -> str:
    """Return the drawing of all errors."""
    drawing = (errors.__doc__ or "").partition("\n\n")[2].strip()
    return f"```text\n{drawing}\n```"


def error_table() -> str:
    """Return every error with when it is raised and the exit code it leads to."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OrderweftError)]
    return table(["Error", "Below", "Meaning", "Exit code"], [_error_row(kind) for kind in kinds])


def fields(kind: str) -> str:
    """Return every field of record *kind* as a table, from its schema."""
    contract = schema.load(kind)
    return table(["Field", "Type", "Meaning"], _fields(contract, contract, ""))


def profile() -> str:
    """Return the columns of the files exchanged with Zedonk as a table, by dataset."""
    rows = [
        [f"`{name}`", f"`{one.report}`" if one.report else "", _listed(one.required), _listed(one.optional)]
        for name, one in PROFILE.datasets.items()
    ]
    return table(["Dataset", "Report", "Columns it must have", "Columns it may have"], rows)


def kit_checks() -> str:
    """Return every check of the conformance kit with what it promises and which hooks it is for, part by part."""
    count = sum(len(kit.checks(part)) for part in kit.PARTS)
    return "\n".join([f"There are {count} checks.\n", *(f"{_kit_part(part)}\n" for part in kit.PARTS)])


def _kit_part(part: type[Any]) -> str:
    rows = [
        [f"`{name}`", _summary(vars(part)[name]), _kit_needs(kit.needs_of(part, name))] for name in kit.checks(part)
    ]
    return f"### {_summary(part).rstrip('.')}\n\n{table(['Check', 'What it proves', 'Made for'], rows)}"


def _kit_needs(needed: kit.Needs) -> str:
    words = [
        _listed(needed.every),
        f"any of {_listed(needed.some)}" if needed.some else "",
        "HTTP" if needed.http else "",
    ]
    return "; ".join(filter(None, words)) or "every channel"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [headings, ["---"] * len(headings), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _default(text: str) -> str:
    if text in ("", "needed"):
        return text
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "a text of several lines"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _signature(hook: Any) -> str:
    return str(inspect.signature(hook)).replace("'", "")


def _summary(hook: Any) -> str:
    return " ".join((inspect.getdoc(hook) or "").split("\n\n")[0].split())


def _commands(command: click.Command, name: str, above: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command, info_name=name.rpartition(" ")[2], parent=above, terminal_width=WIDTH, help_option_names=HELP
    )
    yield f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            assert below is not None
            yield from _commands(below, f"{name} {inner}", context)


def _error_row(kind: type[OrderweftError]) -> list[str]:
    above = "" if kind is OrderweftError else f"`{kind.__mro__[1].__name__}`"
    return [f"`{kind.__name__}`", above, _summary(kind), str(exit_code(kind("")))]


def _fields(contract: Mapping[str, Any], node: Mapping[str, Any], path: str) -> Iterator[list[str]]:
    required = node.get("required", [])
    for name, given in node["properties"].items():
        kind, inner = _kind(contract, given)
        meaning = " ".join(given.get("description", "").split())
        needed = f"**Always there.** {meaning}".strip() if name in required else meaning
        yield [f"`{path}{name}`", kind, needed]
        if inner:
            yield from _fields(contract, inner, f"{path}{name}.*." if kind == "list" else f"{path}{name}.")


def _kind(contract: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    if "$ref" in given:
        inner = contract["$defs"][given["$ref"].rpartition("/")[2]]
        return ("group", inner) if "properties" in inner else _kind(contract, inner)
    if "enum" in given:
        return " | ".join(f"`{value}`" for value in given["enum"]), None
    if given.get("type") == "array":
        return "list", _kind(contract, given["items"])[1]
    return _word(given), None


def _word(given: Mapping[str, Any]) -> str:
    titles = {"Money": "money"}
    formats = {"date": "day", "date-time": "instant"}
    types = {"string": "text", "integer": "whole number", "object": "texts by name"}
    return titles.get(given.get("title", "")) or formats.get(given.get("format", "")) or types[given["type"]]
