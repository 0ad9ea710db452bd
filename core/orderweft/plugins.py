"""Find the installed plugins, load them one by one, and call exactly one channel's hook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
from pluggy import PluginManager

from . import hookspecs
from .errors import PluginError
from .exchange import Channel

GROUP = "orderweft"
MOVES: Mapping[str, tuple[str, str]] = {
    "orders": ("fetch_orders", "deliver_orders"),
    "inventory": ("read_inventory", "write_inventory"),
    "catalog": ("read_catalog", "write_catalog"),
    "customers": ("read_customers", "write_customers"),
    "shipments": ("read_shipments", "write_shipments"),
}
"""For each kind of record, the hook a source needs and the hook a destination needs."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that could not be used, and why."""

    name: str
    distribution: str
    reason: str


class Plugins:
    """The usable plugins: channels, and wrappers around their hooks."""

    def __init__(self) -> None:
        self._manager = PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._callers: dict[tuple[str, str], Any] = {}
        self._modules: dict[str, Any] = {}
        self.channels: dict[str, Channel] = {}
        """Channel id → what it is."""
        self.distributions: dict[str, str] = {}
        """Plugin name → name and version of the distribution it came with."""
        self.wrappers: list[str] = []
        """Plugins that are no channel but wrap hooks of channels."""
        self.broken: list[Broken] = []

    @classmethod
    def installed(cls) -> Plugins:
        """Load every plugin installed in this environment; a broken one is noted in `broken` and the others run."""
        plugins = cls()
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
            plugins.load(entry)
        return plugins

    def load(self, entry: EntryPoint) -> None:
        """Load one entry point, or note why it cannot be used."""
        origin = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        try:
            module = entry.load()
        except Exception as error:  # a stranger's module may raise anything while it is imported
            self.broken.append(Broken(entry.name, origin, f"it cannot be imported: {type(error).__name__}: {error}"))
            return
        try:
            self.register(entry.name, module, origin)
        except PluginError as error:
            self.broken.append(Broken(entry.name, origin, str(error)))

    def register(self, name: str, module: Any, origin: str = "") -> None:
        """Take *module* in as plugin *name*; raises PluginError saying what is wrong with it."""
        if self._manager.has_plugin(name):
            raise PluginError(f"another installed plugin is called {name!r} too; uninstall one of them")
        _prove(name, module)
        self._manager.register(module, name=name)
        self._callers.clear()
        self.distributions[name] = origin
        if "describe" not in self._hooks(module):
            self.wrappers.append(name)
            return
        self._modules[name] = module
        described = self.call(name, "describe")
        if not isinstance(described, Channel):
            self._forget(name)
            raise PluginError("its hook describe() does not return an orderweft.Channel")
        self.channels[name] = described

    def can(self, channel: str, hook: str) -> bool:
        """Return whether *channel* implements *hook*."""
        module = self._modules.get(channel)
        return module is not None and hook in self._hooks(module)

    def abilities(self, channel: str) -> list[str]:
        """Return the names of the hooks *channel* implements, in the order of the hookspecs."""
        own = self._hooks(self._modules[channel])
        return [name for name in vars(hookspecs) if name in own]

    def call(self, channel: str, hook: str, **arguments: Any) -> Any:
        """Call *hook* of *channel* alone, wrappers included; None when the channel cannot do it."""
        key = (channel, hook)
        caller = self._callers.get(key)
        if caller is None:
            others = [module for name, module in self._modules.items() if name != channel]
            caller = self._callers[key] = self._manager.subset_hook_caller(hook, others)
        return caller(**arguments)

    def _hooks(self, module: Any) -> set[str]:
        return {caller.name for caller in self._manager.get_hookcallers(module) or ()}

    def _forget(self, name: str) -> None:
        self._manager.unregister(self._modules.pop(name))
        self._callers.clear()


def _prove(name: str, module: Any) -> None:
    trial = PluginManager(GROUP)
    trial.add_hookspecs(hookspecs)
    try:
        trial.register(module, name=name)
        trial.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(_plainly(error)) from error


def _plainly(error: pluggy.PluginValidationError) -> str:
    known = {name for name in vars(hookspecs) if not name.startswith("_")}
    text = " ".join(str(error).split())
    if "unknown hook" in text:
        wrong = text.partition("unknown hook ")[2].split()[0].strip("'\"")
        close = _closest(wrong, known)
        return f"it implements a hook {wrong!r} that does not exist" + (f"; did it mean {close!r}?" if close else "")
    return f"a hook has a wrong signature: {text}"


def _closest(wrong: str, known: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(wrong, sorted(known), n=1)), None)
