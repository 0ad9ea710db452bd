"""A secret or a customer where they do not belong fails the run of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .canary import CUSTOMER, SECRET

LEAKS = """
import base64
import logging

from tests.canary import CUSTOMER, SECRET, hear

def test_prints(): print(f"signing in as {SECRET}")
def test_logs(): logging.getLogger("channel").warning("order of %s", CUSTOMER)
def test_encodes(): hear("header", "Basic " + base64.b64encode(f"user:key-{SECRET}".encode()).decode())
def test_says(): hear("orders list", CUSTOMER)
def test_may_say(): hear("orders show", CUSTOMER, may_tell_names=True)
def test_may_not(): hear("orders show", SECRET, may_tell_names=True)
def test_keeps(tmp_path):
    (tmp_path / "report.json").write_text(CUSTOMER)
    (tmp_path / "orderweft.db").write_text(SECRET + CUSTOMER)
    (tmp_path / "orderweft.toml").write_text(SECRET)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "orders.csv").write_text(CUSTOMER)
"""
FOUND = """
test_leaks.py::test_encodes: header holds a secret
test_leaks.py::test_logs: Captured log call holds the customer
test_leaks.py::test_may_not: orders show holds a secret
test_leaks.py::test_prints: Captured stdout call holds a secret
test_leaks.py::test_says: orders list holds the customer
test_keeps0/orderweft.db holds a secret
test_keeps0/report.json holds the customer
"""


def test_a_leak_fails_the_run(tmp_path: Path) -> None:
    """Though each test passes, here on a worker, the run fails and names test and place of each leak, and no other."""
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.canary", "-p", "xdist", "-n", "1", "-c", os.devnull, "-q",
         f"--rootdir={tmp_path}", f"--basetemp={tmp_path / 'left'}", str(tmp_path)],
        env={**environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "ORDERWEFT_BRAND_MARK": "another"},
        cwd=Path(__file__).resolve().parent.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "7 passed" in done.stdout
    _, _, told = done.stdout.partition("what nobody may see was found")
    wanted = sorted(FOUND.strip().splitlines())
    lines = [line.removeprefix("file ") for line in told.splitlines() if " holds " in line]
    assert sorted(lines) == wanted
    assert not [mark for mark in (CUSTOMER, SECRET) if mark in told]
