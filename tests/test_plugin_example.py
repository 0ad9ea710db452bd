"""The channel that `orderweft plugin new` copies: small, whole, and found like any other once it is installed."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from orderweft.cli import main
from orderweft.testing import ChannelKit

from .test_architecture import imported

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "plugins" / "example"
MODULE = "orderweft_papershop"
FILES = sorted((EXAMPLE / MODULE).glob("*.py"))
MOST_LINES = 150


def example() -> Any:
    """Import the example from where the manual has it."""
    sys.path.append(str(EXAMPLE))
    try:
        return import_module(MODULE)
    finally:
        sys.path.remove(str(EXAMPLE))


class TestExample(ChannelKit):
    """The example, held to the kit as its own test does."""

    plugin = example()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of somebody who has installed the example, as pip would note it."""
    info = tmp_path / "site" / "orderweft_papershop-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orderweft-papershop\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[orderweft]\npapershop = {MODULE}\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_is_small() -> None:
    """It has as many lines as the manual says, without the blank ones and with them."""
    assert len(FILES) == 6
    lines = [line for file in FILES for line in file.read_text("utf-8").splitlines()]
    written = [line for line in lines if line.strip()]
    assert len(written) < MOST_LINES
    manual = (EXAMPLE.parent / "write-a-plugin.md").read_text("utf-8")
    assert f"{len(written)} lines in six modules" in manual
    assert f"{len(lines)} with those" in manual


def test_the_example_uses_the_public_door_alone() -> None:
    """It imports of Orderweft what is offered to everybody, and nothing else."""
    modules = {module for file in FILES for level, module in imported(file) if not level}
    assert {module for module in modules if module.startswith("orderweft")} == {"orderweft", "orderweft.testing"}


def test_orders_go_from_joor_to_the_example(installed: Path) -> None:
    """It is listed, `init` writes its settings, and a rehearsal delivers each order once through lost answers."""
    runner = CliRunner()
    listed = runner.invoke(main, ["plugins"])
    assert listed.exit_code == 0, listed.output
    assert "Papershop" in listed.output
    begun = runner.invoke(main, ["init", "--source", "joor", "--destination", "papershop"])
    assert begun.exit_code == 0, begun.output
    assert 'token = "env:PAPERSHOP_TOKEN"' in (installed / "orderweft.toml").read_text("utf-8")
    rehearsed = runner.invoke(main, ["rehearse", "--lose-answers", "3"])
    assert rehearsed.exit_code == 3, rehearsed.output
    assert "67 orders delivered. 7 orders wait for somebody." in rehearsed.output
    assert "On purpose 3 answers were lost after the work was done, and nothing was done twice." in rehearsed.output
    assert "80 orders fetched again. 0 orders delivered." in rehearsed.output
    assert "Papershop has 67 orders" in rehearsed.output
