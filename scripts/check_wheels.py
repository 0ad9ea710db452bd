"""Build the wheels, install them into an empty environment, and run them from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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


def main() -> None:
    """Do it."""
    uv = Path(sys.executable).parent / "uv"
    with tempfile.TemporaryDirectory(prefix="orderweft-wheels-") as name:
        folder = Path(name)
        run(uv, "build", "--quiet", "--all-packages", "--wheel", "--out-dir", folder / "wheels", cwd=ROOT)
        wheels = sorted((folder / "wheels").glob("*.whl"))
        run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
        python = folder / "venv" / "bin" / "python"
        wanted = [f"{wheel}[simulator]" if "shopify" in wheel.name else str(wheel) for wheel in wheels]
        run(uv, "pip", "install", "--quiet", "--python", python, *wanted, cwd=folder)
        elsewhere = folder / "elsewhere"
        elsewhere.mkdir()
        orderweft = python.with_name("orderweft")
        print(run(orderweft, "plugins", cwd=elsewhere))
        run(orderweft, "init", "--source", "joor", "--destination", "shopify", cwd=elsewhere)
        run(orderweft, "schema", "show", "order", cwd=elsewhere)
        said = run(orderweft, "rehearse", cwd=elsewhere, expect=(0, 3))
        if "orders delivered" not in said:
            sys.exit(f"the rehearsal delivered nothing:\n{said}")
        zedonk = ROOT / "examples" / "zedonk.toml"
        said = run(orderweft, "--config", zedonk, "rehearse", "stock", cwd=elsewhere, expect=(0, 3))
        if "stock levels written" not in said:
            sys.exit(f"the rehearsal with Zedonk wrote nothing:\n{said}")
        print(f"{len(wheels)} wheels work by themselves.")


if __name__ == "__main__":
    main()
