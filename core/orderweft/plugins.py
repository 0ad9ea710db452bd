"""Find the installed plugins, load them one by one, and call exactly one channel's hook."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any

import click
import pluggy
from pluggy import PluginManager

from . import hookspecs
from .errors import PluginError
from .exchange import Channel
from .pacing import Limits
from .settings import Settings

GROUP = "orderweft"
MOVES: Mapping[str, tuple[str, str]] = {
    "orders": ("fetch_orders", "deliver_orders"),
    "inventory": ("read_inventory", "write_inventory"),
    "catalog": ("read_catalog", "write_catalog"),
    "customers": ("read_customers", "write_customers"),
    "shipments": ("read_shipments", "write_shipments"),
}
"""For each kind of record, the hook a source needs and the hook a destination needs."""
CHANGES: Mapping[str, tuple[str, str]] = {
    "on_change": ("update", "update_orders"),
    "on_cancel": ("cancel", "cancel_orders"),
}
"""For each setting about delivered orders, the value that changes them at the destination, and the hook it needs."""
_HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{GROUP}_spec")]


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that could not be used, and why."""

    name: str
    distribution: str
    reason: str
    part: str = ""
    """What of it cannot be used; all of it when empty."""

    def __str__(self) -> str:
        """Return it as a sentence."""
        named = f"plugin {self.name!r} from {self.distribution}"
        return f"{self.part} of {named} is left out: {self.reason}" if self.part else f"{named} is off: {self.reason}"


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
            self.broken.append(Broken(entry.name, origin, f"it cannot be imported: {_told(error)}"))
            return
        try:
            self.register(entry.name, module, origin)
        except PluginError as error:
            self.broken.append(Broken(entry.name, origin, str(error)))

    def register(self, name: str, module: Any, origin: str = "") -> None:
        """Take *module* in as plugin *name*; raises PluginError saying what is wrong with it."""
        if self._manager.has_plugin(name):
            raise PluginError(f"another installed plugin is called {name!r} too; uninstall one of them")
        if self._manager.is_registered(module):
            raise PluginError(f"it is the same module as plugin {self._manager.get_name(module)!r}")
        described = _proven(name, module)
        self._manager.register(module, name=name)
        self._callers.clear()
        self.distributions[name] = origin
        if described is None:
            self.wrappers.append(name)
        else:
            self._modules[name] = module
            self.channels[name] = described

    def can(self, channel: str, hook: str) -> bool:
        """Return whether *channel* implements *hook*."""
        module = self._modules.get(channel)
        return module is not None and hook in _own_hooks(self._manager, module)

    def abilities(self, channel: str) -> list[str]:
        """Return the names of the hooks *channel* implements, in the order of the hookspecs."""
        own = _own_hooks(self._manager, self._modules[channel])
        return [name for name in _HOOKS if name in own]

    def call(self, channel: str, hook: str, **arguments: Any) -> Any:
        """Call *hook* of *channel* alone, wrappers included; None when the channel cannot do it."""
        key = (channel, hook)
        if key not in self._callers:
            others = [module for name, module in self._modules.items() if name != channel]
            self._callers[key] = self._manager.subset_hook_caller(hook, others) if self.can(channel, hook) else None
        caller = self._callers[key]
        return caller(**arguments) if caller is not None else None

    def commands(self, taken: Container[str]) -> dict[str, click.Command]:
        """Return the commands channels have of their own, by name; those that cannot be used are noted in `broken`."""
        found: dict[str, click.Command] = {}
        owners: dict[str, str] = {}
        for channel in self.channels:
            try:
                own = _commands(self.call(channel, "commands"))
            except Exception as error:  # a stranger's hook may raise anything
                reason = str(error) if isinstance(error, PluginError) else f"its hook commands() raises {_told(error)}"
                self._leave_out(channel, "the command line", reason)
                continue
            for command in own:
                name = command.name or ""
                if name in taken or name in owners:
                    whose = f"of plugin {owners[name]!r}" if name in owners else "of Orderweft"
                    self._leave_out(channel, f"the command {name!r}", f"there is a command {whose} of that name")
                else:
                    found[name], owners[name] = command, channel
        return found

    def _leave_out(self, name: str, part: str, reason: str) -> None:
        broken = Broken(name, self.distributions[name], reason, part)
        if broken not in self.broken:
            self.broken.append(broken)


def _own_hooks(manager: PluginManager, module: Any, *, wrapped: bool = False) -> set[str]:
    return {
        caller.name
        for caller in manager.get_hookcallers(module) or ()
        for impl in caller.get_hookimpls()
        if impl.plugin is module and (impl.wrapper or impl.hookwrapper) == wrapped
    }


def _proven(name: str, module: Any) -> Channel | None:
    """Return what the channel *module* describes, or None when it only wraps hooks of others."""
    trial = PluginManager(GROUP)
    trial.add_hookspecs(hookspecs)
    try:
        trial.register(module, name=name)
        trial.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(_plainly(error)) from error
    own, wrapped = _own_hooks(trial, module), _own_hooks(trial, module, wrapped=True)
    if "describe" in wrapped:
        raise PluginError("it wraps describe(), which is asked of each channel alone")
    if "describe" in own:
        return _described(trial)
    if own:
        raise PluginError(f"it implements {sorted(own)[0]}() without describe(), so nobody knows what channel it is")
    if not wrapped:
        raise PluginError("it implements no hook; each needs @hookimpl")
    return None


def _described(trial: PluginManager) -> Channel:
    try:
        described = trial.hook.describe()
    except Exception as error:  # a stranger's hook may raise anything
        raise PluginError(f"its hook describe() raises {_told(error)}") from error
    if not isinstance(described, Channel):
        raise PluginError("its hook describe() does not return an orderweft.Channel")
    kind = described.settings
    if not (isinstance(kind, type) and issubclass(kind, Settings)) or isabstract(kind):
        raise PluginError("its hook describe() names no settings: a subclass of orderweft.Settings with a service_url")
    if not isinstance(described.limits, Limits):
        raise PluginError("its hook describe() names no limits: an orderweft.Limits")
    return described


def _commands(given: Any) -> Sequence[click.Command]:
    commands = [] if given is None else given
    if not isinstance(commands, Sequence) or not all(isinstance(one, click.Command) and one.name for one in commands):
        raise PluginError("its hook commands() does not return a list of click commands with names")
    return commands


def _told(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


def _plainly(error: pluggy.PluginValidationError) -> str:
    text = " ".join(str(error).split())
    if "unknown hook" in text:
        wrong = text.partition("unknown hook ")[2].split()[0].strip("'\"")
        close = _closest(wrong, _HOOKS)
        return f"it implements a hook {wrong!r} that does not exist" + (f"; did it mean {close!r}?" if close else "")
    return f"a hook has a wrong signature: {text}"


def _closest(wrong: str, known: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(wrong, sorted(known), n=1)), None)
