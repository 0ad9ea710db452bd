"""The log says which run and order a line is about, in words or JSON, and nothing that is nobody's business."""

from __future__ import annotations

import gc
import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from orderweft import logs
from orderweft.http import Http
from orderweft.scope import within
from orderweft.testing import FakeClock, brand

from .conftest import OpenScene

BUYER = brand.buyers()[0]
PLUGIN = logging.getLogger("orderweft.mine")


class Terminal(io.StringIO):
    """Text that takes itself for a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


@pytest.fixture(autouse=True)
def _nobody_elses_secrets() -> None:
    """Let go of the accounts of earlier tests, whose secrets, such as "no", would be taken out of all lines."""
    gc.unfreeze()  # `serve` freezes what is there when it begins
    gc.collect()


def lines(text: str) -> list[dict[str, Any]]:
    """Return the lines of a log in JSON."""
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_says_what_it_is_about() -> None:
    """Run, pipeline, connection and order are added; what is not known as harmless is left out."""
    stream = io.StringIO()
    with (
        logs.written(stream, FakeClock(), level="info"),
        within("run", pipeline="orders", run=3),
        within("send", connection="shop", orders=(("7", "N7"),)),
    ):
        PLUGIN.info("sent %s", "it", extra={"status": 200, "email": BUYER.email, "body": {"name": BUYER.name}})
    assert lines(stream.getvalue()) == [
        {
            "event": "sent it", "timestamp": "2026-11-02T09:00:00.000000Z", "level": "info", "logger": "orderweft.mine",
            "pipeline": "orders", "run": 3, "connection": "shop", "order": "N7", "status": 200,
        }
    ]  # fmt: skip


def test_a_line_about_several_orders_says_how_many() -> None:
    """A batch is told by its size."""
    stream = io.StringIO()
    with logs.written(stream, FakeClock(), level="info"), within("send", orders=(("1", "N1"), ("2", "N2"))):
        PLUGIN.info("sent")
    assert lines(stream.getvalue())[0]["orders"] == 2


@pytest.mark.parametrize("form", ["human", "json"])
def test_secrets_are_in_no_line(form: logs.Form) -> None:
    """Neither a message, nor a known field, nor a traceback shows a secret of an account that is open."""
    stream = io.StringIO()
    http = Http("https://shop.example", clock=FakeClock(), secrets=["s3cr/t"])
    http.keep_secret("t0ken")
    with logs.written(stream, FakeClock(), form=form):
        try:
            raise ValueError("refused: s3cr/t")
        except ValueError:
            PLUGIN.exception("no luck with t0ken", extra={"error": "s3cr%2Ft is wrong"})
    told = stream.getvalue()
    assert "ValueError: refused: ***" in told
    assert not [secret for secret in ("s3cr/t", "s3cr%2Ft", "t0ken") if secret in told]


@pytest.mark.parametrize(
    ("form", "stream", "is_json"),
    [
        pytest.param("auto", io.StringIO(), True, id="in a pipe"),
        pytest.param("auto", Terminal(), False, id="on a terminal"),
        pytest.param("human", io.StringIO(), False, id="for people"),
        pytest.param("json", Terminal(), True, id="for machines"),
    ],
)
def test_the_form_follows_the_reader(form: logs.Form, stream: io.StringIO, is_json: bool) -> None:
    """People on a terminal read words, whoever reads a pipe gets JSON, unless they say otherwise."""
    with logs.written(stream, FakeClock(), form=form):
        PLUGIN.warning("careful")
    assert stream.getvalue().startswith("{") == is_json
    assert "careful" in stream.getvalue()


def test_libraries_are_heard_only_when_something_is_wrong() -> None:
    """Requests httpx tells of, with their whole addresses, are in no log; a warning of a library is."""
    stream = io.StringIO()
    with logs.written(stream, FakeClock(), level="debug"):
        logging.getLogger("httpx").info("HTTP Request: GET https://shop.example/?token=1")
        logging.getLogger("elsewhere").warning("careful")
    assert [line["event"] for line in lines(stream.getvalue())] == ["careful"]


def test_after_the_block_nothing_is_left() -> None:
    """Handlers and levels are as they were."""
    root, ours = logging.getLogger(), logging.getLogger("orderweft")
    before = [*root.handlers], root.level, ours.level
    with logs.written(io.StringIO(), FakeClock(), level="debug"):
        assert ours.isEnabledFor(logging.DEBUG)
    assert ([*root.handlers], root.level, ours.level) == before


def test_a_run_is_silent_unless_asked(open_scene: OpenScene) -> None:
    """By default nothing is logged; at `info` a line per run, at `debug` one per request, never with a person in it."""
    opened = open_scene(2)
    assert opened.say("run", "--json", "--limit", "1").err == ""
    said = opened.say("--log-level", "info", "run", "--json")
    [ended] = lines(said.err)
    assert (ended["event"], ended["pipeline"], ended["run"], ended["result"]) == ("run ended", "orders", 2, "done")
    assert ended["counts"]["delivered"] == 1
    opened.joor.add_order({"1001-401-S": 2})
    told = lines(opened.say("--log-level", "debug", "run", "--json").err)
    asked = [line for line in told if line["logger"] == "orderweft.http"]
    assert {"fetch", "send", "acknowledge"} <= {line["step"] for line in asked}
    assert {line["connection"] for line in asked} == {"joor", "shop"}
    assert any(line.get("order") for line in asked)


def test_what_it_takes_is_loaded_with_the_first_line() -> None:
    """A command that logs nothing starts without what makes lines, and without OpenTelemetry."""
    program = "import sys, orderweft.cli; print([one for one in ('structlog', 'opentelemetry') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
