"""Build the wheels, install them into an empty environment, and run them from another folder.

Then a stranger's channel is built, installed beside them and held to the conformance kit: the manual's example, and the
one `orderweft plugin new` makes of it. Whatever is not built here comes from uv's cache where it is there, so that with
`UV_OFFLINE=1` nothing is fetched once `make setup` has run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
EXPORT = ("export", "--quiet", "--frozen", "--all-packages", "--all-extras", "--all-groups", "--no-emit-workspace",
          "--no-hashes")  # fmt: skip
"""What has `uv` write the versions of the lock file."""


def run(*command: str | Path, cwd: Path, expect: tuple[int, ...] = (0,)) -> str:
    """Run a command, print it, and stop when it does not exit as expected."""
    print("+", " ".join(str(part) for part in command), flush=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))}
    done = subprocess.run(  # noqa: S603  the commands are our own
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in expect:
        sys.exit(f"{done.stdout}\n{done.stderr}\nexited with {done.returncode}")
    return done.stdout


def check_channels(orderweft: Path, elsewhere: Path) -> None:
    """Run the channels that come with the product."""
    print(run(orderweft, "plugins", cwd=elsewhere))
    run(orderweft, "init", "--source", "joor", "--destination", "shopify", cwd=elsewhere)
    run(orderweft, "schema", "show", "order", cwd=elsewhere)
    expect_moved(run(orderweft, "rehearse", cwd=elsewhere, expect=(0, 3)), "orders delivered")
    zedonk = ROOT / "examples" / "zedonk.toml"
    said = run(orderweft, "--config", zedonk, "rehearse", "stock", cwd=elsewhere, expect=(0, 3))
    expect_moved(said, "stock levels written")


def check_stranger(orderweft: Path, locked: Path, source: Path, name: str) -> None:
    """Build the channel *name* in *source* as its author would, install it, rehearse it, and hold it to the kit."""
    python, elsewhere = orderweft.with_name("python"), source.parent
    run(UV, "build", "--quiet", "--wheel", "--out-dir", elsewhere / "built", source, cwd=elsewhere)
    [wheel] = (elsewhere / "built").glob(f"orderweft_{name}-*.whl")
    run(*install(python, locked), f"{wheel}[test]", cwd=elsewhere)
    listed = json.loads(run(orderweft, "plugins", "--json", cwd=elsewhere))["channels"][name]
    if "deliver_orders" not in listed:
        sys.exit(f"the channel {name} can do nothing: {listed}")
    config = elsewhere / f"{name}.toml"
    run(orderweft, "--config", config, "init", "--source", "joor", "--destination", name, cwd=elsewhere)
    said = run(orderweft, "--config", config, "rehearse", cwd=elsewhere, expect=(0, 3))
    expect_moved(said, "orders delivered")
    # The tests alone, so that what they import is the installed wheel.
    shutil.copytree(source / "tests", elsewhere / f"{name}-tests")
    print(run(python, "-m", "pytest", "-q", "-W", "error", f"{name}-tests", cwd=elsewhere))
    run(sys.executable, "-m", "ruff", "check", cwd=source)
    run(sys.executable, "-m", "ruff", "format", "--check", cwd=source)
    run(sys.executable, "-m", "mypy", "--python-executable", python, cwd=source)


def expect_moved(said: str, what: str) -> None:
    """Stop when a rehearsal did not say that it moved anything."""
    if not re.search(rf"^[1-9]\d* {what}", said, re.MULTILINE):
        sys.exit(f"no {what}:\n{said}")


def install(python: Path, locked: Path) -> list[str | Path]:
    """Return the command that installs wheels with what they need, in the versions of the lock file."""
    return [UV, "pip", "install", "--quiet", "--python", python, "--constraints", locked]


def main() -> None:
    """Do it."""
    with tempfile.TemporaryDirectory(prefix="orderweft-wheels-") as name:
        folder = Path(name)
        run(UV, "build", "--quiet", "--all-packages", "--wheel", "--out-dir", folder / "wheels", cwd=ROOT)
        locked = folder / "locked.txt"
        run(UV, *EXPORT, "--output-file", locked, cwd=ROOT)
        wheels = sorted((folder / "wheels").glob("*.whl"))
        run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
        python = folder / "venv" / "bin" / "python"
        wanted = [f"{wheel}[simulator]" if "shopify" in wheel.name else str(wheel) for wheel in wheels]
        run(*install(python, locked), *wanted, cwd=folder)
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        orderweft = python.with_name("orderweft")
        check_channels(orderweft, elsewhere)
        shutil.copytree(ROOT / "docs" / "plugins" / "example", elsewhere / "example")
        check_stranger(orderweft, locked, elsewhere / "example", "papershop")
        run(orderweft, "plugin", "new", "corner_shop", cwd=elsewhere)
        check_stranger(orderweft, locked, elsewhere / "orderweft-corner-shop", "corner_shop")
        print(f"{len(wheels)} wheels work by themselves, and so do two channels of strangers.")


if __name__ == "__main__":
    main()
