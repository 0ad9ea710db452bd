"""Alerts by e-mail."""

from __future__ import annotations

import binascii
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import IO

from ..config import EmailAlert
from ..errors import AuthenticationError, UnavailableError, UnknownOutcomeError
from .model import Digest
from .text import body, subject

_SHOWN = 200
_MOST = 2**18
"""Bytes a server may say in one connection."""


def send_mail(alert: EmailAlert, digest: Digest) -> str | None:
    """Send *digest* to all recipients; return a remark when the server takes it for some of them only.

    Raises ChannelError: UnknownOutcomeError when it may have arrived, another when it has not.
    """
    with _server(alert) as server:
        try:
            refused = server.send_message(_message(alert, digest))
        except smtplib.SMTPServerDisconnected as error:
            raise UnknownOutcomeError(f"{alert.server} hung up on the message") from error
        except smtplib.SMTPException as error:
            raise UnavailableError(f"{alert.server} refuses the message: {_told(error)}") from error
        except OSError as error:
            raise UnknownOutcomeError(f"{alert.server} gave no answer to the message") from error
    return f"{alert.server} refuses {', '.join(sorted(refused))}; the others got it" if refused else None


def _message(alert: EmailAlert, digest: Digest) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject(digest)
    message["From"] = alert.sender
    message["To"] = ", ".join(alert.where)
    message["Date"] = format_datetime(digest.at)
    message["Message-ID"] = f"<{digest.id}@{alert.sender.rpartition('@')[2]}>"
    # keeps answering machines silent: RFC 3834, section 5
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body(digest, alert.detail), cte="quoted-printable")
    return message


@contextmanager
def _server(alert: EmailAlert) -> Iterator[smtplib.SMTP]:
    """Give a mail server that has let us in; raises ChannelError when it does not, before anything was sent."""
    host, port = alert.address
    server: smtplib.SMTP | None = None
    try:
        try:
            server = _connected(alert, host, port)
            if alert.user is not None and alert.password is not None:
                server.login(alert.user, alert.password.get_secret_value())
        except ssl.SSLCertVerificationError as error:
            raise UnavailableError(f"{host}: the TLS certificate cannot be trusted: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise UnavailableError(f"{host} does not speak TLS on port {port}; check port and security") from error
        except smtplib.SMTPAuthenticationError as error:
            raise AuthenticationError(f"{host} refuses user and password (SMTP {error.smtp_code})") from error
        except smtplib.SMTPException as error:
            raise UnavailableError(f"{host} does not take mail from us: {_told(error)}") from error
        except binascii.Error as error:  # smtplib decodes what a server says during sign-in
            raise UnavailableError(
                f"{host} does not take mail from us: its answer to the sign-in is no SMTP"
            ) from error
        except OSError as error:
            raise UnavailableError(f"{host}:{port} cannot be reached ({error.strerror or error})") from error
        yield server
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        if server is not None:
            server.close()


class _Measured:
    """What a server says, as a file that ends in an error when there is no end to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, _MOST
        self.close = file.close

    def readline(self, size: int) -> bytes:
        """Return the next line, or *size* bytes of it."""
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("it does not stop talking")
        return line


class _Server(smtplib.SMTP):
    def getreply(self) -> tuple[int, bytes]:
        # smtplib bounds a line of a reply, not their number
        if self.file is None and self.sock is not None:
            self.file = _Measured(self.sock.makefile("rb"))
        return super().getreply()


class _TlsServer(_Server, smtplib.SMTP_SSL):
    pass


def _connected(alert: EmailAlert, host: str, port: int) -> smtplib.SMTP:
    if alert.security == "tls":
        return _TlsServer(host, port, timeout=alert.timeout, context=ssl.create_default_context())
    server = _Server(host, port, timeout=alert.timeout)
    if alert.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _told(error: smtplib.SMTPException) -> str:
    """Return what the server said, which quotes at most our own addresses."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        told = dict(error.recipients.values())
        return "; ".join(f"{code} {_short(text)}" for code, text in told.items())
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_short(error.smtp_error)}"
    return _short(str(error))


def _short(text: str | bytes) -> str:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(plain.split())[:_SHOWN]
