"""What a mutant is: the reference channel with one thing broken, and the check that has to notice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from orderweft import Connection
from orderweft.testing import ChannelKit, kit

from .reference import channel

Office = Connection[Any]
Hooks = Sequence[Any]
KIT = Path(kit.__file__).parent
BASIC = ("describe", "simulator", "check_connection")
"""The hooks of a channel that can do nothing else."""
CHECKS = {name: part for part in kit.PARTS for name in kit.checks(part)}
"""The part of the kit each check belongs to."""


@dataclass(frozen=True)
class Mutant:
    """The reference channel with other hooks."""

    name: str
    told: str
    """What is broken about it."""
    check: str
    """The check that has to fail."""
    hooks: Callable[[], Hooks]
    only: tuple[str, ...] = ()
    """What the channel can do besides what every channel does; everything when left out."""

    def plugin(self) -> ModuleType:
        """Return the broken channel."""
        module, kept = ModuleType(channel.__name__), (*BASIC, *self.only) if self.only else tuple(vars(channel))
        vars(module).update({name: vars(channel)[name] for name in kept})
        vars(module).update({hook.__name__: hook for hook in self.hooks()})
        return module

    def verdict(self) -> str:
        """Return what its check says of it; empty when the check passes, so that the mutant lives."""
        check = getattr(type("Broken", (ChannelKit,), {"plugin": self.plugin()})(), self.check)
        assert check is not None, f"{self.check} is not made for a channel that {self.name}"
        try:
            with _unheard():
                check()
        except AssertionError as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            assert trace is not None
            assert Path(trace.tb_frame.f_code.co_filename).parent == KIT, "it fails, and not by the check's own word"
            return str(error)
        return ""


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep what a mutant logs, secrets and all, from everybody but the check that listens."""
    root = logging.getLogger()
    before, root.handlers = root.handlers, [logging.NullHandler()]
    try:
        yield
    finally:
        root.handlers = before


_MUTANTS: list[Mutant] = []


def mutants() -> Sequence[Mutant]:
    """Return all the mutants there are: those of every module `mutants_*.py` beside this one."""
    for file in sorted(Path(__file__).parent.glob("mutants_*.py")):
        import_module(f".{file.stem}", __package__)
    return _MUTANTS


def mutant(check: str, only: Sequence[str] = ()) -> Callable[[Callable[[], Hooks]], Callable[[], Hooks]]:
    """Take a function that returns broken hooks as a mutant that *check* has to catch, able to do *only* so much."""

    def take(hooks: Callable[[], Hooks]) -> Callable[[], Hooks]:
        name = hooks.__name__.replace("_", " ")
        _MUTANTS.append(Mutant(name, (hooks.__doc__ or "").strip(), f"test_{check}", hooks, tuple(only)))
        return hooks

    return take
