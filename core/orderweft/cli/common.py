"""What most commands need: the plugins, the configuration and the ledger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import click

from ..clock import Clock, SystemClock
from ..config import Config, load_config
from ..errors import SettingsError
from ..ledger import Ledger
from ..plugins import Plugins

_DAYS = re.compile(r"([1-9][0-9]{0,4})d")


@dataclass
class Context:
    """The state one invocation of the command line shares."""

    path: Path
    clock: Clock

    @cached_property
    def plugins(self) -> Plugins:
        """Return the installed plugins."""
        return Plugins.installed()

    def config(self, *, secrets_needed: bool = True) -> Config:
        """Return the configuration."""
        return load_config(self.path, self.plugins, secrets_needed=secrets_needed)

    def ledger(self, *, must_exist: bool = False, keep: bool = True) -> Ledger:
        """Return the ledger the configuration names; with *must_exist*, or without *keep*, it is not created."""
        path = load_config(self.path, self.plugins, secrets_needed=False).ledger
        if must_exist and not path.exists():
            raise SettingsError(f"{path} does not exist yet: no pipeline of {self.path} has run")
        return Ledger(path if keep or path.exists() else ":memory:", self.clock)

    def days_ago(self, older_than: str, *, such_as: str) -> datetime:
        """Return the moment the option `--older-than` means; raises SettingsError when it is no number of days."""
        if (days := _DAYS.fullmatch(older_than.strip())) is None:
            raise SettingsError(f"--older-than {older_than!r} is no number of days; write it as {such_as}")
        return self.clock.now() - timedelta(days=int(days[1]))


pass_context = click.make_pass_decorator(Context)


def new_context(path: Path, clock: Clock | None) -> Context:
    """Return the state for one invocation; without *clock* time is the machine's own."""
    return Context(path, clock or SystemClock())
