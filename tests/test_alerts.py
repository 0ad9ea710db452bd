"""Alerts as somebody meets them who runs JOOR's orders into Shopify."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from orderweft.testing import SimulatorServer

from .conftest import OpenScene
from .inbox import PASSWORD, Inbox, mail_server

UNKNOWN = {"map": {"lines.*.barcode": "2000000999993", "lines.*.sku": "nobody-has-it"}}


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Give where messages arrive."""
    inbox = Inbox()
    with SimulatorServer(inbox.handle) as server:
        inbox.url = server.url
        yield inbox


def table(inbox: Inbox) -> str:
    """Return the table of a signed webhook."""
    return f'[alerts.ops]\nkind = "webhook"\nwhere = "{inbox.url}/s3cret-path"\nsecret = "h00k-secret"\n'


def test_a_run_tells_who_asked_for_it(open_scene: OpenScene, inbox: Inbox) -> None:
    """Orders held by a run are told with the command that tells more; then nothing; then that they are delivered."""
    opened = open_scene(3)
    opened.configure(table(inbox), orders=UNKNOWN)
    opened.say("run", "--dry-run")
    assert inbox.take() == []
    opened.say("run").expect(3)
    [request] = inbox.requests
    [message] = inbox.take()
    assert message["subject"] == "Orderweft: 3 orders need you (3 unknown item)"
    assert "  orderweft orders why 9000001\n" in message["text"]
    assert opened.leaks(request.body.decode()) == []
    assert "h00k-secret" not in request.body.decode()
    opened.configure(table(inbox))
    opened.say("run").expect(0)
    [message] = inbox.take()
    assert message["subject"] == "Orderweft: 3 orders no longer wait"


def test_an_alert_that_fails_is_a_warning(open_scene: OpenScene, inbox: Inbox) -> None:
    """The run ends as it would have; the warning and the list say what is wrong, without the address."""
    opened = open_scene(1)
    opened.configure(table(inbox), orders=UNKNOWN)
    inbox.status = 503
    said = opened.say("run", "--json")
    assert (said.code, said.json["result"]) == (3, "held")
    assert "answered HTTP 503" in said.json["warnings"][0]
    listed = opened.say("alerts", "list")
    listed.expect(0, "ops", "webhook", "all", "numbers", "answered HTTP 503")
    assert "s3cret-path" not in listed.text + said.text
    [row] = opened.say("alerts", "list", "--json").json
    assert (row["name"], row["sent"], row["pipelines"]) == ("ops", 0, None)
    opened.say("alerts", "test").expect(4, "Error: alert 'ops': 127.0.0.1:", "answered HTTP 503")


def test_the_manual_shows_how_to_prove_that_a_message_is_ours(open_scene: OpenScene, inbox: Inbox) -> None:
    """The function on the page takes what we send, and nothing forged, altered or old."""
    page = Path(__file__).resolve().parent.parent / "docs" / "cookbook" / "alerts.md"
    [code] = re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = {}
    exec(code, shown)
    is_ours = shown["is_ours"]
    opened = open_scene()
    opened.configure(table(inbox))
    opened.say("alerts", "test").expect(0)
    [request] = inbox.requests
    assert opened.clock is not None
    now = opened.clock.now().timestamp()
    assert is_ours(request.headers, request.body, "h00k-secret", now)
    assert not is_ours(request.headers, request.body, "another", now)
    assert not is_ours(request.headers, request.body + b" ", "h00k-secret", now)
    assert not is_ours(request.headers, request.body, "h00k-secret", now + 301)


def test_a_run_that_cannot_be_made_is_told(open_scene: OpenScene, inbox: Inbox) -> None:
    """A channel that is down, and settings that a run refuses, reach people who see no terminal."""
    opened = open_scene(1)
    opened.say("run").expect(0)
    opened.configure(table(inbox), shop={"shop": "another"})
    opened.say("run").expect(2)
    opened.configure(table(inbox), joor={"token": "wrong"})
    opened.say("run").expect(4)
    opened.configure(table(inbox))
    opened.say("run").expect(0)
    first, second, last = inbox.take()
    assert first["subject"] == second["subject"] == "Orderweft: pipeline orders has failed"
    assert "was another account" in first["text"]
    assert "refuses the token" in second["text"]
    assert last["subject"] == "Orderweft: pipeline orders works again"


def test_a_test_message(open_scene: OpenScene, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """`alerts test` reaches each alert, or the one named; `check` proves the tables and names what is wrong."""
    opened = open_scene()
    with mail_server(opened.folder, "starttls", signs_in=True) as (post, port, authority):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
        mail = (
            '[alerts.mail]\nkind = "email"\nwhere = "ops@brand.example"\nsender = "weft@brand.example"\n'
            f'server = "127.0.0.1"\nport = {port}\nuser = "orderweft-user"\npassword = "env:MAIL_PASSWORD"\n'
        )
        opened.configure(table(inbox) + mail)
        said = opened.say("alerts", "test")
        said.expect(
            0, "Alert 'mail': a test message was taken for ops@brand.example.", "'ops': a test message was taken"
        )
        assert post.messages[0]["Subject"] == "Orderweft: this alert works"
        assert inbox.take()[0]["test"]
        opened.say("alerts", "test", "mail").expect(0)
        assert (len(post.messages), inbox.take()) == (2, [])
    opened.say("check", "--offline").expect(0)
    opened.say("alerts", "test", "nobody").expect(2, "no alert is called 'nobody'; there are: mail, ops")
    monkeypatch.delenv("MAIL_PASSWORD")
    opened.say("check", "--offline").expect(0)
    opened.say("check").expect(2, "alerts.mail.password: the environment variable MAIL_PASSWORD is not set")
    opened.configure(mail.replace("brand.example", "brand example"))
    opened.say("check", "--offline").expect(2, "alerts.mail.where.0: must be a plain e-mail address")
    opened.configure()
    opened.say("alerts", "test").expect(2, "has no [alerts.NAME]")
