"""Read `orderweft.toml` and tell all its mistakes at once, each with its line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import SettingsError, TemplateError
from ..plugins import CHANGES, MOVES, Plugins
from ..rules import FieldMap, SkipRules
from ..schedule import shortest_interval
from . import secrets
from .alerts import ALERTS, Alert
from .journal import JournalSettings
from .lines import Lines
from .model import Config, ConnectionConfig, PipelineConfig, PipelineSettings
from .serve import ServeSettings

M = TypeVar("M", bound=BaseModel)
DEFAULT_PATH = Path("orderweft.toml")
AccountOf = Callable[[str, str, Mapping[str, Any]], Mapping[str, Any] | None]
"""Account settings to use instead of those in the file, by a connection's name, channel and settings as written."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LONGEST = 2**20
_DEEPEST = 20
_TABLES = ("alerts", "connections", "journal", "ledger", "pipelines", "serve")


def load_config(
    path: Path,
    plugins: Plugins,
    *,
    environ: Mapping[str, str] | None = None,
    secrets_needed: bool = True,
    account: AccountOf | None = None,
) -> Config:
    """Return the checked configuration; raises SettingsError with every mistake, one a line.

    Without *secrets_needed*, references that lead nowhere are no mistake, and those to secrets are not followed.
    *account* gives account settings to use instead of those in the file, as a rehearsal does. Relative paths in
    settings begin at the folder of *path*, which their validators find as `folder` in the context.
    """
    text = _read(path)
    try:
        tables = tomllib.loads(text)
    except ValueError as error:  # a number of thousands of digits raises no TOMLDecodeError
        lines = text.rstrip().count("\n") + 1
        raise SettingsError(f"{path}{_toml_mistake(str(error), lines)}") from None
    except RecursionError:
        tables = None
    if tables is None or _is_too_deep(tables):
        raise SettingsError(f"{path}: tables or lists are nested too deeply")
    loader = _Loader(path, Lines(text), plugins, os.environ if environ is None else environ, secrets_needed)
    config = loader.load(tables, account or _as_written)
    if loader.mistakes:
        raise SettingsError("\n".join(text for _, text in sorted(loader.mistakes)))
    return config


def _as_written(name: str, channel: str, settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return None


def _read(path: Path) -> str:
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_LONGEST + 1)
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; `orderweft init` writes one") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    if len(text) > _LONGEST:
        raise SettingsError(f"{path} has more than {_LONGEST:,} characters, which no configuration needs")
    return text


def _is_too_deep(tables: dict[str, Any]) -> bool:
    level: list[Any] = [tables]
    for _ in range(_DEEPEST):
        inside = [below for one in level for below in (one.values() if isinstance(one, dict) else one)]
        level = [below for below in inside if isinstance(below, dict | list)]
    return bool(level)


def _toml_mistake(text: str, lines: int) -> str:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", text)
    what, line = (text[: place.start()], f":{place[1] or lines}") if place else (text, "")
    if "overwrite a value" in what or "twice" in what:
        return f"{line}: a key or table is given twice: {what}"
    return f"{line}: this is not valid TOML: {what}"


class _Loader:
    def __init__(
        self, path: Path, lines: Lines, plugins: Plugins, environ: Mapping[str, str], secrets_needed: bool
    ) -> None:
        self.path, self.lines, self.plugins = path, lines, plugins
        self.environ, self.secrets_needed = environ, secrets_needed
        self.mistakes: list[tuple[int, str]] = []
        self.unresolved: dict[tuple[str | int, ...], str] = {}
        self.warnings: list[str] = []

    def load(self, tables: dict[str, Any], account: AccountOf) -> Config:
        for name in tables.keys() - set(_TABLES):
            self.wrong([name], f"is not known here{_meant(name, _TABLES)}")
        raw = self.tables(tables, "connections")
        connections: dict[str, ConnectionConfig] = {}
        for name, table in raw.items():
            if table is not None and (found := self.connection(name, self.replaced(name, table, account))) is not None:
                connections[name] = found
        journal = self.one(JournalSettings, "journal", tables)
        pipelines: dict[str, PipelineConfig] = {}
        named = self.tables(tables, "pipelines")
        for name, table in named.items():
            settings = None if table is None else self.check(PipelineSettings, table, ["pipelines", name])
            if settings is not None and (piped := self.pipeline(name, settings, connections, set(raw))) is not None:
                pipelines[name] = replace(piped, journal=journal)
        ledger = self.ledger(tables.get("ledger", "orderweft.db"))
        alerts = self.alerts(tables, sorted(named))
        serve = self.one(ServeSettings, "serve", tables)
        warnings = tuple(self.warnings)
        return Config(self.path, ledger, connections, pipelines, warnings, alerts, serve, journal)

    def one(self, kind: type[M], name: str, tables: Mapping[str, Any]) -> M:
        return self.check(kind, self.table([name], tables.get(name, {})) or {}, [name]) or kind()

    def ledger(self, value: Any) -> Path:
        try:
            if not isinstance(value, str) or not value.strip() or not value.isprintable():
                raise ValueError
            return self.path.parent / Path(value).expanduser()
        except (ValueError, RuntimeError):  # expanduser knows no home of such a user
            self.wrong(["ledger"], "must be the path of a file")
            return self.path

    def replaced(self, name: str, table: dict[str, Any], account: AccountOf) -> dict[str, Any]:
        channel = self.plugins.channels.get(str(table.get("channel")))
        written = {key: value for key, value in table.items() if key != "channel"}
        given = None if channel is None else account(name, str(table["channel"]), written)
        if channel is None or given is None:
            return table
        own = channel.settings.account_fields()
        return {key: value for key, value in table.items() if key not in own} | dict(given)

    def tables(self, tables: dict[str, Any], name: str) -> dict[str, dict[str, Any] | None]:
        inner = self.table([name], tables.get(name, {})) or {}
        return {key: self.table([name, key], value) for key, value in inner.items()}

    def table(self, path: Sequence[str | int], value: Any) -> dict[str, Any] | None:
        if isinstance(value, dict):
            return value
        self.wrong(path, "must be a table, such as [connections.shop]")
        return None

    def alerts(self, tables: dict[str, Any], pipelines: Sequence[str]) -> dict[str, Alert]:
        found: dict[str, Alert] = {}
        for name, table in self.tables(tables, "alerts").items():
            path = ["alerts", name]
            if table is None:
                continue
            kind = ALERTS.get(str(table.get("kind")))
            if not _NAME.fullmatch(name):
                self.wrong(path, "the name of an alert has only letters, digits, _ and - in it, at most 40")
            elif kind is None:
                self.wrong([*path, "kind"], f"has to be one of: {', '.join(ALERTS)}")
            else:
                given = {key: self.value(kind, [*path, key], key, value) for key, value in table.items()}
                if (alert := self.check(kind, given, path)) is not None:
                    found[name] = alert
                    for unknown in set(alert.pipelines or ()) - set(pipelines):
                        self.wrong(
                            [*path, "pipelines"], f"there is no pipeline {unknown!r}{_meant(unknown, pipelines)}"
                        )
        return found

    def connection(self, name: str, table: Mapping[str, Any]) -> ConnectionConfig | None:
        path = ["connections", name]
        if not _NAME.fullmatch(name):
            self.wrong(path, "the name of a connection has only letters, digits, _ and - in it, at most 40")
        channel = table.get("channel")
        known = self.plugins.channels
        if not isinstance(channel, str) or channel not in known:
            broken = next((broken for broken in self.plugins.broken if broken.name == channel), None)
            if channel is None:
                self.wrong(path, f"needs `channel`, one of: {', '.join(sorted(known)) or 'none is installed'}")
            elif broken is not None:
                self.wrong([*path, "channel"], f"the plugin {channel!r} is installed but {broken.reason}")
            else:
                self.wrong([*path, "channel"], f"no plugin for {channel!r} is installed{_meant(channel, list(known))}")
            return None
        kind = known[channel].settings
        given = {key: self.value(kind, [*path, key], key, value) for key, value in table.items() if key != "channel"}
        settings = self.check(kind, given, path)
        return None if settings is None else ConnectionConfig(name, channel, settings)

    def value(self, kind: type[BaseModel], path: Sequence[str | int], key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self.value(kind, [*path, name], key, inner) for name, inner in value.items()}
        field = kind.model_fields.get(key)
        is_secret = field is not None and "SecretStr" in str(field.annotation)
        if not secrets.is_reference(value):
            if is_secret and isinstance(value, str) and self.secrets_needed:
                self.warnings.append(
                    f'{self.at(path)}: the secret stands in the file itself; "env:NAME" or "file:PATH" keeps it out'
                )
            return value
        if is_secret and not self.secrets_needed:
            return secrets.PLACEHOLDER
        try:
            return secrets.resolve(value, self.environ, self.path.parent)
        except SettingsError as error:
            self.unresolved[tuple(path)] = str(error)
            if self.secrets_needed:
                self.wrong(path, str(error))
            return value.partition(":")[2]

    def pipeline(
        self, name: str, settings: PipelineSettings, connections: Mapping[str, ConnectionConfig], named: set[str]
    ) -> PipelineConfig | None:
        path = ["pipelines", name]
        ends: list[ConnectionConfig] = []
        for index, role in enumerate(("source", "destination")):
            wanted = getattr(settings, role)
            if wanted not in named:
                self.wrong([*path, role], f"there is no connection {wanted!r}{_meant(wanted, sorted(named))}")
            elif wanted in connections:
                end = self.end(path, f"{role}_options", connections[wanted], getattr(settings, f"{role}_options"))
                hook = MOVES[settings.moves][index]
                if not self.plugins.can(connections[wanted].channel, hook):
                    verb = "supply" if role == "source" else "take"
                    self.wrong([*path, role], f"{connections[wanted].channel} cannot {verb} {settings.moves}")
                elif end is not None:
                    ends.append(end)
        self.rules(path, settings)
        if len(ends) != 2:
            return None
        if settings.source == settings.destination:
            self.wrong([*path, "destination"], "is the same connection as the source")
        self.floor(path, settings, ends)
        self.changes(path, settings, ends[1].channel)
        return PipelineConfig(name, settings, source=ends[0], destination=ends[1])

    def rules(self, path: Sequence[str | int], settings: PipelineSettings) -> None:
        for target, template in settings.map.items():
            try:
                FieldMap({target: template}, settings.moves)
            except TemplateError as error:
                self.wrong([*path, "map", target], str(error))
        for index, rule in enumerate(settings.skip):
            try:
                SkipRules([(rule.when, rule.reason)], settings.moves)
            except TemplateError as error:
                self.wrong([*path, "skip", index, "when"], str(error))

    def end(
        self, path: Sequence[str | int], option: str, connection: ConnectionConfig, options: Mapping[str, Any]
    ) -> ConnectionConfig | None:
        if not options:
            return connection
        kind = type(connection.settings)
        fixed = options.keys() & kind.account_fields()
        for key in fixed:
            self.wrong([*path, option, key], f"belongs to the account; set it in [connections.{connection.name}]")
        given = {key: self.value(kind, [*path, option, key], key, value) for key, value in options.items()
                 if key not in fixed}  # fmt: skip
        settings = self.check(kind, connection.settings.model_dump(exclude_unset=True) | given, [*path, option])
        return None if settings is None else ConnectionConfig(connection.name, connection.channel, settings)

    def floor(self, path: Sequence[str | int], settings: PipelineSettings, ends: Sequence[ConnectionConfig]) -> None:
        if settings.schedule is None:
            return
        floor, channel = max((self.plugins.channels[end.channel].min_interval, end.channel) for end in ends)
        if shortest_interval(settings.schedule) < floor:
            minutes = ceil(floor.total_seconds() / 60)
            self.wrong([*path, "schedule"], f"is shorter than {channel} allows; the shortest is {minutes}m")

    def changes(self, path: Sequence[str | int], settings: PipelineSettings, channel: str) -> None:
        for name, (wanted, hook) in CHANGES.items():
            if getattr(settings, name) == wanted and not self.plugins.can(channel, hook):
                self.wrong([*path, name], f'{channel} cannot {wanted} orders it has; use "alert" or "ignore"')

    def check(self, kind: type[M], table: Mapping[str, Any], path: Sequence[str | int]) -> M | None:
        try:
            return kind.model_validate(dict(table), context={"folder": self.path.parent})
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                where = detail["loc"]
                unresolved = self.unresolved.get((*path, *where[:1]))
                self.wrong([*path, *where], unresolved or _sentence(detail["type"], detail["msg"], where, kind))
            return None

    def wrong(self, path: Sequence[str | int], what: str) -> None:
        mistake = (self.lines.of(path) or 0, f"{self.at(path)}: {what}")
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)

    def at(self, path: Sequence[str | int]) -> str:
        line = self.lines.of(path)
        name = ".".join(str(part) for part in path)
        return f"{self.path}:{line}: {name}" if line else f"{self.path}: {name}"


def _meant(wrong: Any, known: Sequence[str]) -> str:
    close = get_close_matches(str(wrong), list(known), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(sorted(known))}" if known else ""


_FORMS = {
    "missing": "is needed and missing",
    "tuple_type": 'must be a list, such as ["one", "other"]',
    "list_type": 'must be a list, such as ["one", "other"]',
    "int_parsing": "must be a whole number, such as 20",
    "int_type": "must be a whole number, such as 20",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}
"""Mistakes that are told in our own words."""


def _sentence(kind: str, message: str, location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    if kind == "extra_forbidden" and len(location) == 1:
        return f"is not a setting{_meant(location[0], list(model.model_fields))}"
    if kind == "extra_forbidden":
        return "is not known here"
    if kind in _FORMS:
        return _FORMS[kind]
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]
