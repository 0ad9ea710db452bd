"""The secrets and the one customer of this test run, looked for wherever they do not belong.

What opens an account on a simulator, and the sample brand's first customer, bear a mark that is new in each run. All
that is said and logged during a test is searched for it, and at the end every file the tests have left. Whatever bears
it fails the run, which names the test and the place. It is a pytest plugin, for workers and for the one they report to.
"""

from __future__ import annotations

import base64
import os
import re
import traceback
import uuid
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path

import pytest

MARK = os.environ.setdefault("ORDERWEFT_BRAND_MARK", uuid.uuid4().hex[:10])
"""What is new in each run; the workers and children of a run inherit it."""
SECRET, CUSTOMER = f"{MARK}s", f"{MARK}c"

LEDGER = re.compile(r"\.db(-wal|-shm)?$|\.db\.")
"""What may hold a customer, as it has to: ledgers, and copies of one."""
EXCHANGED = {"zedonk", "exchange", "sftp", "ftps", "in", "out", "done", "failed"}
"""The folders of channels, where orders arrive as files."""
SETTINGS = re.compile(r"\.toml$|-(token|client_secret|password|key)$")
"""What may hold a secret, as it has to: configurations, and the files they name."""

_found: list[str] = []


def hear(place: str, said: str | bytes, *, may_tell_names: bool = False) -> None:
    """Search what was said at *place* during the test that runs."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "between tests").partition(" (")[0]
    text = said.encode("utf-8", "replace") if isinstance(said, str) else said
    _search(f"{test}: {place}", text, has_people=may_tell_names)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Search what was printed and logged, and any error but those of the tests' own asserts."""
    report = yield
    heard = report.sections if report.when == "teardown" else []  # then they are those of all its phases
    if call.excinfo is not None and not isinstance(call.excinfo.value, AssertionError):
        heard = [*heard, ("exception", "".join(traceback.format_exception(call.excinfo.value)))]
    for place, text in heard:
        _search(f"{item.nodeid}: {place}", text.encode("utf-8", "replace"), has_people=False)
    return report


@pytest.fixture(scope="session", autouse=True)
def _files_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Search every file below the folders of all tests when the last has ended."""
    yield
    base = tmp_path_factory.getbasetemp()
    for folder, _, names in os.walk(base):
        for file in (Path(folder, name) for name in names):
            if file.is_file() and not file.is_symlink():
                _search_file(file, file.relative_to(base))


def _search_file(file: Path, name: Path) -> None:
    has_people = bool(LEDGER.search(name.name)) or not EXCHANGED.isdisjoint(name.parts)
    _search(f"file {name}", file.read_bytes(), has_people=has_people, has_secrets=bool(SETTINGS.search(name.name)))


def _search(place: str, said: bytes, *, has_people: bool, has_secrets: bool = False) -> None:
    if not _has(MARK, said):
        return
    if not has_secrets and _has(SECRET, said):
        _found.append(f"{place} holds a secret")
    if not has_people and _has(CUSTOMER, said):
        _found.append(f"{place} holds the customer")


def _has(mark: str, said: bytes) -> bool:
    return any(form in said for form in _forms(mark))


@cache
def _forms(mark: str) -> list[bytes]:
    """Return *mark* as it is, and as it looks within Base64, where it may begin at any of three places."""
    plain = mark.encode()
    whole = [((4 * before + 2) // 3, 4 * (before + len(plain)) // 3) for before in range(3)]
    return [plain, *(base64.b64encode(bytes(i) + plain)[first:end] for i, (first, end) in enumerate(whole))]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand on what was found to the one who reports, or fail the run."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["canary"] = _found
    elif _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take what a worker has found."""
    _found.extend(getattr(node, "workeroutput", {}).get("canary", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each test and place."""
    if _found:
        terminalreporter.section("what nobody may see was found", red=True, bold=True)
    for one in sorted(set(_found)):
        terminalreporter.line(one)
