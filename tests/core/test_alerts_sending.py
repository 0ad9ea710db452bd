"""A message on its way: e-mail with TLS, chats, signed JSON, and what goes wrong there."""

from __future__ import annotations

import hashlib
import hmac
import socket
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from orderweft import AuthenticationError, ChannelError, UnavailableError, UnknownOutcomeError
from orderweft.alerts.model import Digest, Over, Problem
from orderweft.alerts.send import send
from orderweft.config import EmailAlert, SlackAlert, WebhookAlert
from orderweft.testing import FakeClock, SimulatorServer

from ..inbox import NAME, PASSWORD, Inbox, Post, mail_server

CLOCK = FakeClock()
DIGEST = Digest(
    id="abc",
    pipeline="orders",
    run=7,
    at=datetime(2026, 11, 2, 9, tzinfo=UTC),
    noun="orders",
    problems=(
        Problem(
            "order", "1", "no_stock", "<!channel> 4711", "line 3: Größe & Farbe", "restock it", "orderweft orders why 1"
        ),
        Problem(
            "order",
            "2",
            "refused",
            "4712",
            "no",
            None,
            "orderweft orders why 2",
            "C1",
            date(2026, 11, 5),
            is_urgent=True,
        ),
    ),
    over=(Over("order", "4700", "was delivered as #1001"), Over("run", "orders", "works again")),
)
TEXT = """Pipeline orders, run 7, 2026-11-02 09:00 UTC

Urgent, the ship window closes: 1 order
- 4712 (C1): no. Refused; the ship window closes on 2026-11-05.
  orderweft orders why 2

No stock: 1 order
- <!channel> 4711: line 3: Größe & Farbe.
  What to do: restock it
  orderweft orders why 1

No longer waiting:
- 4700 was delivered as #1001
Pipeline orders works again.
"""
SUBJECT = (
    "Orderweft: URGENT: 2 orders need you (1 no stock, 1 refused); 1 order no longer waits; pipeline orders works again"
)


def email(port: int, **more: Any) -> EmailAlert:
    """Return an alert by way of a mail server on this machine."""
    to = ["ops@brand.example", "wholesale@brand.example"]
    table = {
        "kind": "email",
        "where": to,
        "sender": "weft@brand.example",
        "server": "127.0.0.1",
        "port": port,
        "timeout": 3,
    }
    return EmailAlert.model_validate({**table, **more})


def trust(monkeypatch: pytest.MonkeyPatch, authority: Path) -> None:
    """Let this machine trust an authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))


@pytest.mark.parametrize(("security", "signs_in"), [("starttls", True), ("tls", False), ("none", False)])
def test_a_mail_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str, signs_in: bool) -> None:
    """However the way is protected, all get one plain message with the facts in its subject."""
    with mail_server(tmp_path, security, signs_in=signs_in) as (post, port, authority):
        trust(monkeypatch, authority)
        user = {"user": NAME, "password": PASSWORD} if signs_in else {}
        assert send(email(port, security=security, **user), DIGEST, CLOCK) is None
    [message] = post.messages
    assert post.recipients == [["ops@brand.example", "wholesale@brand.example"]]
    assert (message["Subject"], message["Message-ID"]) == (SUBJECT, "<abc@brand.example>")
    assert message["Date"] == "Mon, 02 Nov 2026 09:00:00 +0000"
    assert message.get_content_type() == "text/plain"
    assert post.text().replace("\r\n", "\n") == TEXT


def _unknown(post: Post) -> None:
    post.unknown = {"ops@brand.example", "wholesale@brand.example"}


def _hang_up(post: Post) -> None:
    post.hangs_up = True


def _well(post: Post) -> None:
    pass


@pytest.mark.parametrize(
    ("manners", "settings", "trusted", "error", "words"),
    [
        (_well, {}, False, UnavailableError, "the TLS certificate cannot be trusted"),
        (_well, {"security": "tls"}, True, UnavailableError, "does not speak TLS on port"),
        (_well, {"user": NAME, "password": "wr0ng"}, True, AuthenticationError, "refuses user and password"),
        (_well, {}, True, UnavailableError, "refuses the message: 530"),
        (_unknown, {"user": NAME, "password": PASSWORD}, True, UnavailableError, "550 no such user here"),
        (_hang_up, {"user": NAME, "password": PASSWORD}, True, UnknownOutcomeError, "hung up on the message"),
    ],
    ids=["not trusted", "no TLS", "wrong password", "no sign-in", "no such user", "hangs up"],
)
def test_what_a_mail_server_says_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    manners: Callable[[Post], None],
    settings: dict[str, Any],
    trusted: bool,
    error: type[ChannelError],
    words: str,
) -> None:
    """Each refusal is one sentence without a secret; only a server that went away with the message leaves doubt."""
    with mail_server(tmp_path, "starttls", signs_in=True) as (post, port, authority):
        manners(post)
        if trusted:
            trust(monkeypatch, authority)
        with pytest.raises(error, match=words) as told:
            send(email(port, **settings), DIGEST, CLOCK)
    assert not {"wr0ng", PASSWORD} & set(str(told.value).split())


def test_those_who_can_be_reached_are(tmp_path: Path) -> None:
    """One recipient nobody knows does not keep the others from it, and is named."""
    with mail_server(tmp_path, "none") as (post, port, _):
        post.unknown = {"ops@brand.example"}
        remark = send(email(port, security="none"), DIGEST, CLOCK)
    assert remark == "127.0.0.1 refuses ops@brand.example; the others got it"
    assert post.recipients == [["wholesale@brand.example"]]


def test_nobody_at_the_other_end() -> None:
    """A server that is not there is told as such, for mail and for webhooks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"127.0.0.1:{port} cannot be reached"):
        send(email(port, security="none"), DIGEST, CLOCK)
    with pytest.raises(UnavailableError) as told:
        send(SlackAlert.model_validate({"kind": "slack", "where": f"http://127.0.0.1:{port}/s3cret"}), DIGEST, CLOCK)
    assert "cannot be reached" in str(told.value)
    assert not {"s3cret", "base_url"} & set(str(told.value).replace("/", " ").split())


def test_a_chat_gets_text_it_cannot_misread() -> None:
    """Slack's control characters are spelled out, and long texts are cut into blocks it takes."""
    inbox = Inbox()
    with SimulatorServer(inbox.handle) as server:
        alert = SlackAlert.model_validate({"kind": "slack", "where": f"{server.url}/services/x"})
        send(alert, DIGEST, CLOCK)
        [message] = inbox.take()
        assert message["text"].startswith(f"{SUBJECT}\nPipeline orders")
        blocks = [block["text"]["text"] for block in message["blocks"]]
        assert blocks[0] == f"*{SUBJECT}*"
        assert "&lt;!channel&gt; 4711: line 3: Größe &amp; Farbe." in blocks[1]
        many = tuple(Problem("order", "1", f"r{n}", "x" * 300, "m", "f", "c") for n in range(400))
        send(alert, Digest("abc", "orders", 1, DIGEST.at, "orders", many), CLOCK)
        [message] = inbox.take()
        assert len(message["blocks"]) == 40
        assert max(len(block["text"]["text"]) for block in message["blocks"]) <= 3000


def test_a_webhook_gets_signed_json() -> None:
    """The signature is over the time and the very bytes that arrive."""
    inbox = Inbox()
    with SimulatorServer(inbox.handle) as server:
        table = {"kind": "webhook", "where": f"{server.url}/in?key=1", "secret": "shared"}
        send(WebhookAlert.model_validate(table), DIGEST, CLOCK)
    [request] = inbox.requests
    stamp = request.headers["orderweft-timestamp"]
    assert stamp == str(int(CLOCK.now().timestamp()))
    wanted = hmac.new(b"shared", stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["orderweft-signature"] == f"sha256={wanted}"
    data = request.json()
    assert (data["version"], data["id"], data["subject"], data["text"]) == (1, "abc", SUBJECT, TEXT)
    assert data["problems"][1] == {
        "kind": "order", "reason": "refused", "urgent": True, "again": False, "label": "4712", "customer": "C1",
        "message": "no", "fix": None, "command": "orderweft orders why 2", "deadline": "2026-11-05",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, AuthenticationError), (302, UnknownOutcomeError), (429, UnavailableError), (503, UnavailableError)],
)
def test_a_webhook_that_does_not_take_it(status: int, error: type[ChannelError]) -> None:
    """Any answer but a 2xx is a failure that names the host and nothing of the path."""
    inbox = Inbox()
    inbox.status = status
    with SimulatorServer(inbox.handle) as server, pytest.raises(error) as told:
        send(SlackAlert.model_validate({"kind": "slack", "where": f"{server.url}/s3cret"}), DIGEST, CLOCK)
    assert server.url.removeprefix("http://") in str(told.value)
    assert "s3cret" not in str(told.value)
