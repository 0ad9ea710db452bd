"""What the kit makes of a channel: which checks it is given, and what a plugin that cannot be used is told."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

import pytest
from orderweft.testing import ChannelKit

from .mutation import BASIC, CHECKS, KIT
from .reference import channel


def kit_of(*hooks: str, **more: Any) -> type[ChannelKit]:
    """Return the kit for a channel with some of the reference channel's hooks."""
    module = ModuleType(channel.__name__)
    vars(module).update({name: vars(channel)[name] for name in (*BASIC, *hooks)})
    return type("TestSome", (ChannelKit,), {"plugin": module, **more})


def made(kit: type[ChannelKit]) -> set[str]:
    """Return the names of the checks pytest would make."""
    return {name for name in CHECKS if callable(getattr(kit, name))}


def test_a_check_for_a_hook_the_channel_lacks_is_not_made() -> None:
    """What a channel lacks leaves no check behind, and comes back with a class for a channel that has it."""
    stock, all_of_it = kit_of("read_inventory"), type("TestAll", (kit_of(),), {"plugin": channel})
    assert "test_reading_does_not_consume" in made(stock)
    assert not made(stock) & {"test_no_page_is_lost", "test_a_key_is_honored", "test_stock_reads_back"}
    assert made(kit_of()) < made(stock) < made(all_of_it)
    assert made(all_of_it) == set(CHECKS)


def test_a_check_of_ones_own_stays() -> None:
    """A check a subclass writes itself is kept, whatever the channel can do."""
    assert "test_no_page_is_lost" in made(kit_of(test_no_page_is_lost=lambda kit: None))


def test_a_plugin_that_cannot_be_used_fails_every_check() -> None:
    """A broken plugin is not passed over in silence: all checks are made."""
    assert made(type("TestNothing", (ChannelKit,), {"plugin": ModuleType("nothing")})) == set(CHECKS)


@pytest.mark.parametrize("file", sorted(KIT.glob("*.py")), ids=lambda file: file.name)
def test_the_kit_needs_no_pytest(file: Any) -> None:
    """`orderweft.testing` can be imported where pytest is not installed, as by a simulator."""
    tree = ast.parse(file.read_text("utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in modules if name.partition(".")[0] in ("pytest", "_pytest")}
