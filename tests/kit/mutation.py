"""What a mutant is: the reference channel with one thing broken, and the check that has to notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def plugin(self) -> ModuleType:
        """Return the broken channel."""
        module = ModuleType(channel.__name__)
        vars(module).update(vars(channel))
        vars(module).update({hook.__name__: hook for hook in self.hooks()})
        return module

    def verdict(self) -> str:
        """Return what its check says of it; empty when the check passes, so that the mutant lives."""
        broken = type("Broken", (ChannelKit,), {"plugin": self.plugin()})
        try:
            vars(CHECKS[self.check])[self.check](broken())
        except AssertionError as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            assert trace is not None
            assert Path(trace.tb_frame.f_code.co_filename).parent == KIT, "it fails, and not by the check's own word"
            return str(error)
        return ""


_MUTANTS: list[Mutant] = []


def mutants() -> Sequence[Mutant]:
    """Return all the mutants there are: those of every module `mutants_*.py` beside this one."""
    for file in sorted(Path(__file__).parent.glob("mutants_*.py")):
        import_module(f".{file.stem}", __package__)
    return _MUTANTS


def mutant(check: str) -> Callable[[Callable[[], Hooks]], Callable[[], Hooks]]:
    """Take a function that returns broken hooks as a mutant that *check* has to catch."""

    def take(hooks: Callable[[], Hooks]) -> Callable[[], Hooks]:
        name = hooks.__name__.replace("_", " ")
        _MUTANTS.append(Mutant(name, (hooks.__doc__ or "").strip(), f"test_{check}", hooks))
        return hooks

    return take
