"""Failures of this machine and of its user, met through the command line: a plain message, and nothing lost."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from orderweft.testing import FakeClock, Fault
from orderweft_shopify.simulator import answers

from . import canary
from .conftest import OpenScene
from .scenarios import Said, orderweft, scene

FOR_EVER = 10_000

# The configuration


def test_a_missing_configuration(tmp_path: Path) -> None:
    """Without a configuration every command that needs one says which file it looked for and how to get one."""
    path = tmp_path / "orderweft.toml"
    for words in (["run"], ["check"], ["orders", "list"], ["runs"], ["rehearse"], ["fit", "a", "b"]):
        orderweft("-c", str(path), *words).expect(2, f"{path} does not exist; `orderweft init` writes one")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[connections.joor]\n[connections.joor]\n", ":2: a key or table is given twice", id="table"),
        pytest.param('ledger = "a"\nledger = "b"\n', "orderweft.toml:2: a key or table is given twice", id="key"),
        pytest.param("[connections.joor\n", "orderweft.toml:1: this is not valid TOML", id="bracket"),
        pytest.param('[connections.x]\nchannel = "jor"\n', "no plugin for 'jor' is installed", id="channel"),
    ],
)  # fmt: skip
def test_a_configuration_that_cannot_be_read(tmp_path: Path, text: str, told: str) -> None:
    """A mistake in the file is told with its line, and code 2."""
    path = tmp_path / "orderweft.toml"
    path.write_text(text, encoding="utf-8")
    orderweft("-c", str(path), "run").expect(2, told)


def test_all_mistakes_are_told_at_once(open_scene: OpenScene) -> None:
    """Several mistakes come in one go, each on its line, before any channel is asked."""
    opened = open_scene(1)
    extra = '[[pipelines.orders.skip]]\nwhen = "order.("\nreason = "x"\n[pipelines.orders.map]\n"customer.cod" = "x"'
    opened.configure(extra, joor={"tokn": "x", "page_size": "many"}, orders={"destination": "shopp"})
    said = opened.say("run")
    said.expect(2, "joor.tokn: is not a setting; did you mean 'token'?", "joor.page_size", "did you mean 'shop'?")
    assert len(said.err.splitlines()) == 5
    assert (opened.joor_door.calls, opened.shop_door.calls) == ([], [])


def test_a_missing_environment_variable(open_scene: OpenScene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret from the environment that is not there is told by the variable's name, and the file's line."""
    opened = open_scene(1)
    opened.configure(joor={"token": "env:ORDERWEFT_TEST_TOKEN"})
    opened.say("run").expect(2, "the environment variable ORDERWEFT_TEST_TOKEN is not set", "joor.token")
    monkeypatch.setenv("ORDERWEFT_TEST_TOKEN", (opened.folder / "joor-token").read_text())
    opened.all_arrive()


# The ledger


@pytest.mark.parametrize(
    ("ledger", "told"),
    [
        pytest.param("missing/orderweft.db", "missing does not exist; create it or change `ledger`", id="no folder"),
        pytest.param("orderweft.toml", "is no ledger or is damaged", id="another file"),
        pytest.param("", "ledger: must be the path of a file", id="blank"),
        pytest.param(".", "is a folder", id="folder"),
    ],
)  # fmt: skip
def test_a_ledger_that_cannot_be_used(open_scene: OpenScene, ledger: str, told: str) -> None:
    """A ledger that is no ledger is told before anything is asked of the channels; the next run delivers all."""
    opened = open_scene(2)
    opened.config.write_text(f'ledger = "{ledger}"\n{opened.config.read_text()}')
    said = opened.say("run")
    said.expect(1 if ledger else 2, told)
    assert opened.joor_door.calls == []
    opened.configure()
    opened.all_arrive()


@contextmanager
def nobody() -> Iterator[None]:
    """Be somebody without privileges for a while: root may write anywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("exists", [True, False], ids=["with a ledger", "without"])
def test_a_folder_that_may_not_be_written(exists: bool) -> None:
    """A ledger or folder without write permission is named; with the permission the next run delivers the rest."""
    folder = Path(tempfile.mkdtemp())  # pytest's own is closed to everybody else
    try:
        with scene(folder, 3, clock=FakeClock()) as opened:
            opened.say("run", "--limit", "1") if exists else opened.say("run", "--dry-run")
            for file in folder.glob("orderweft.db*"):
                file.chmod(0o444)
            folder.chmod(0o555)
            with nobody():
                said = opened.say("run")
            said.expect(1, "orderweft.db", "read-only" if exists else "Permission denied")
            assert len(opened.delivered) == int(exists)
            folder.chmod(0o755)
            for file in folder.glob("orderweft.db*"):
                file.chmod(0o600)
            opened.all_arrive()
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("size", [60_000, 400_000], ids=["at the start", "in the middle"])
def test_a_full_disk(open_scene: OpenScene, size: int) -> None:
    """A disk that fills up, even between an order and its receipt, ends the run; the next one delivers the rest."""
    opened = open_scene(12, clock=None)
    process = opened.start("run", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    opened.ended(process).expect(1, "orderweft.db", "run again")
    assert len(opened.delivered) < 12
    opened.all_arrive()


def test_a_ledger_from_a_newer_version(open_scene: OpenScene) -> None:
    """A ledger a newer version has written is left alone, by every command, with what to do."""
    opened = open_scene(3)
    opened.say("run", "--limit", "1")
    with sqlite3.connect(opened.folder / "orderweft.db") as db:
        db.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('orderweft', 'm900_later')")
    db.close()
    for words in (["run"], ["orders", "list"], ["runs"], ["run", "--dry-run"]):
        opened.say(*words).expect(1, "was written by a newer Orderweft (it has m900_later); upgrade this one")
    assert len(opened.delivered) == 1
    with sqlite3.connect(opened.folder / "orderweft.db") as db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm900_later'")
    db.close()
    opened.all_arrive()


def test_no_secret_is_kept_in_the_ledger(open_scene: OpenScene) -> None:
    """Neither a good nor a failed run writes a secret of either account, or a token it was given, to the disk."""
    opened = open_scene(2)
    opened.say("run", "--limit", "1")
    opened.shop_door.faults.append(Fault("FindOrder", "answer_before", times=FOR_EVER, response=answers.unauthorized()))
    opened.say("run")
    kept = b"".join(file.read_bytes() for file in opened.folder.glob("orderweft.db*"))
    assert b"9000001" in kept
    assert not [secret for secret in (canary.SECRET, "shpat_") if secret.encode() in kept]


# Somebody in between


@pytest.mark.parametrize("operation", ["orders.read", "oauth.token", "CreateOrder", "orders.acknowledge"])
def test_an_interrupted_run_is_finished_by_the_next(open_scene: OpenScene, operation: str) -> None:
    """Ctrl-C while a channel is answering ends the run with code 130 and a sentence; the next one does the rest."""
    opened = open_scene(3, clock=None)

    def interrupt(moment: str, asked: str) -> None:
        if (moment, asked) == ("after", operation):
            opened.watchers.clear()
            process.send_signal(signal.SIGINT)

    opened.watchers.append(interrupt)
    process = opened.start("run")
    opened.ended(process).expect(130, "Interrupted: ", "Nothing is lost; the next run goes on from here.")
    assert opened.say("runs", "--json").json[0]["result"] == "interrupted"
    opened.all_arrive()


def test_two_runs_at_once(open_scene: OpenScene) -> None:
    """A second run of a pipeline is refused while the first is under way, naming its process; nothing is sent twice."""
    opened = open_scene(3, clock=None)
    second: list[Said] = []

    def run_again(moment: str, operation: str) -> None:
        if (moment, operation) == ("before", "CreateOrder") and not second:
            second.append(opened.ended(opened.start("run")))

    opened.watchers.append(run_again)
    assert opened.say("run").code == 0
    second[0].expect(1, "pipeline 'orders' is already running on", f"process {os.getpid()}", "wait for it to end")
    assert opened.delivered == sorted(opened.joor.orders)
    opened.all_arrive()
