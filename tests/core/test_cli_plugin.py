"""`orderweft plugin new`: what it writes works and is in order as it is, and it overwrites nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from orderweft.cli import main
from orderweft.cli.plugin import EXAMPLE, LONGEST


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)


def new(*words: str) -> Result:
    """Type `orderweft plugin new` with *words*."""
    return CliRunner().invoke(main, ["plugin", "new", *words])


def run(folder: Path, *command: str) -> None:
    """Run a module of this Python in *folder*."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_channel_keeps_the_contract(tmp_path: Path) -> None:
    """Its tests pass and its types hold without a line changed, and it has the name it was given everywhere."""
    done = new("corner_shop")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "orderweft-corner-shop"
    assert (folder / "orderweft_corner_shop" / "py.typed").exists()
    written = {file.relative_to(folder): file for file in folder.rglob("*") if file.is_file()}
    assert len(written) == 10
    assert not [name for name, file in written.items() if EXAMPLE in f"{name}{file.read_text('utf-8')}".lower()]
    run(folder, "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
    run(folder, "mypy")


@pytest.mark.parametrize("name", ["x", "n" * LONGEST, f"{EXAMPLE}_2"], ids=["shortest", "longest", "likely"])
def test_a_new_channel_is_tidy(name: str, tmp_path: Path) -> None:
    """However long the name is, style and layout are right."""
    assert new(name, "--folder", "mine/deep").exit_code == 0
    assert (tmp_path / "mine" / "deep" / f"orderweft_{name}" / "orders.py").exists()
    run(tmp_path / "mine" / "deep", "ruff", "check")
    run(tmp_path / "mine" / "deep", "ruff", "format", "--check")


def test_the_next_commands_are_told() -> None:
    """Three lines can be typed in as they stand."""
    said = new("corner_shop", "--folder", "here").output
    assert [line.split("   ")[0].strip() for line in said.splitlines()[1:]] == [
        "1. cd here",
        '2. pip install -e ".[test]"',
        "3. pytest",
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Corner", "'Corner' cannot be a channel"),
        ("corner-shop", "cannot be a channel"),
        ("../shop", "cannot be a channel"),
        ("shop_", "cannot be a channel"),
        ("2nd", "begins with a letter"),
        ("n" * (LONGEST + 1), f"at most {LONGEST} characters"),
        ("joor", "a plugin 'joor' is installed already"),
    ],
)
def test_a_name_that_cannot_be(name: str, told: str, tmp_path: Path) -> None:
    """It is refused with what is wrong, and nothing is written."""
    done = new(name)
    assert done.exit_code == 2
    assert told in done.output
    assert not list(tmp_path.iterdir())


def test_a_package_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that can be imported is taken, though it is no plugin."""
    (tmp_path / "orderweft_helpers.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    done = new("helpers")
    assert done.exit_code == 2
    assert "a package orderweft_helpers is installed already" in done.output


@pytest.mark.parametrize("words", [(), ("--folder", "orderweft-shop")], ids=["by name", "by option"])
def test_a_folder_that_is_there(words: tuple[str, ...], tmp_path: Path) -> None:
    """It is left as it is, empty or not."""
    (tmp_path / "orderweft-shop").mkdir()
    done = new("shop", *words)
    assert done.exit_code == 2
    assert "orderweft-shop exists already; give another --folder" in done.output
    assert not list((tmp_path / "orderweft-shop").iterdir())
