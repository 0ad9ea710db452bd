"""What most commands need: the plugins, the configuration and the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click

from ..clock import Clock, SystemClock
from ..config import Config, load_config
from ..errors import SettingsError
from ..ledger import Ledger
from ..plugins import Plugins


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


pass_context = click.make_pass_decorator(Context)


def new_context(path: Path, clock: Clock | None) -> Context:
    """Return the state for one invocation; without *clock* time is the machine's own."""
    return Context(path, clock or SystemClock())
