"""Where alerts arrive in tests: a webhook and a mail server, both real, on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from orderweft.testing import ConnectionLost, Request, Response

from . import canary

NAME = "orderweft-user"
PASSWORD = "mail-pa55word"


class Inbox:
    """A webhook that takes everything, unless the test says otherwise."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.url = ""
        """Where it is, once it is served."""
        self.status = 200
        self.is_mute = False
        """Whether it takes a message and never answers."""

    def handle(self, request: Request) -> Response:
        """Take one message."""
        canary.hear("webhook", request.body)
        self.requests.append(request)
        if self.is_mute:
            raise ConnectionLost
        return Response(self.status)

    def take(self) -> list[Any]:
        """Return what has come, and forget it."""
        found = [request.json() for request in self.requests]
        self.requests.clear()
        return found

    def subjects(self) -> list[str]:
        """Return the subjects of what has come, and forget it."""
        return [one["subject"] for one in self.take()]


class Post:
    """A mail server's memory and manners."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.unknown: set[str] = set()
        """Recipients it refuses."""
        self.hangs_up = False
        """Whether it takes a message and goes away without a word."""

    async def handle_RCPT(  # noqa: N802  name is set by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take one recipient or refuse it."""
        if address in self.unknown:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one message."""
        assert isinstance(envelope.content, bytes)
        canary.hear("mail", envelope.content)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.recipients.append(list(envelope.rcpt_tos))
        if self.hangs_up:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 taken"

    def text(self) -> str:
        """Return the text of the last message."""
        return str(self.messages[-1].get_content())


class _OnAFreePort(Controller):
    """A server that finds a port nobody listens at."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # it ships no types


@contextmanager
def mail_server(folder: Path, security: str, *, signs_in: bool = False) -> Iterator[tuple[Post, int, Path]]:
    """Run a mail server; give what it took, its port, and the file of the authority that has signed its certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    post = Post()
    ways: dict[str, Any] = {
        "starttls": {"tls_context": context, "require_starttls": True},
        "tls": {"ssl_context": context},
    }
    sign_in: dict[str, Any] = (
        {"authenticator": _let_in, "auth_required": True, "auth_require_tls": security == "starttls"}
        if signs_in
        else {}
    )
    controller = _OnAFreePort(post, hostname="127.0.0.1", port=0, **ways.get(security, {}), **sign_in)
    controller.start()
    try:
        yield post, controller.port, folder / "authority.pem"
    finally:
        controller.stop()


def _let_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (NAME.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)
