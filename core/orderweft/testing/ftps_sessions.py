"""What the FTPS server for tests lets in and serves; apart from it, because pyftpdlib is not needed otherwise.

TLS is the standard library's: pyftpdlib's own needs pyOpenSSL and cannot insist on a continued session.
"""

from __future__ import annotations

import errno
import logging
import os
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pyftpdlib.ioloop  # before the rest: it knows how to import asyncore without a warning
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler
from pyftpdlib.servers import FTPServer

if TYPE_CHECKING:
    from .ftps import FtpsServer

_HANDSHAKE = 10.0
_OPERATIONS = {"MLSD": "list", "NLST": "list", "RETR": "read", "STOR": "write", "RNTO": "rename"}
_SECURITY = {name: {"perm": None, "auth": False, "arg": True, "help": ""} for name in ("AUTH", "PBSZ", "PROT")}


def listen(server: FtpsServer) -> _Acceptor:
    """Serve *server*'s folder on a free loopback port."""
    logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())
    server.context.sslsocket_class = _Socket
    return _Acceptor(server)


class _Socket(ssl.SSLSocket):
    """A TLS socket that says like any other that it has to wait, and takes its leave."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            return super().recv(buflen, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError(errno.EAGAIN, "not yet") from None

    def send(self, data: Any, flags: int = 0) -> int:
        try:
            return super().send(data, flags)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise BlockingIOError(errno.EAGAIN, "not yet") from None

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self.unwrap()
        super().close()


class _Acceptor(FTPServer):  # type: ignore[misc]
    def __init__(self, server: FtpsServer) -> None:
        self.peer = server
        self.authorizer = DummyAuthorizer()
        self.authorizer.add_user(server.user, server.password, str(server.folder), perm="elradfmwMT")
        super().__init__(("127.0.0.1", 0), _Session, ioloop=pyftpdlib.ioloop.IOLoop())

    def hang_up(self) -> None:
        for channel in list(self.ioloop.socket_map.values()):
            if channel is not self:
                channel.close()


def _secured(plain: Any, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return *plain* under TLS; waiting for the client is harmless, since it runs in a thread of its own."""
    secured = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
    secured.settimeout(_HANDSHAKE)
    with suppress(OSError):  # a client that does not trust us hangs up, which is seen at the next use
        secured.do_handshake()
    secured.setblocking(False)
    return secured


class _Transfer(DTPHandler):  # type: ignore[misc]
    socket: Any

    def enable_receiving(self, *args: Any) -> None:
        if self._secure():
            super().enable_receiving(*args)

    def push(self, data: bytes) -> None:
        if self._secure():
            super().push(data)

    def push_with_producer(self, producer: Any) -> None:
        if self._secure():
            super().push_with_producer(producer)

    def _secure(self) -> bool:
        self.socket = _secured(self.socket, self.cmd_channel.peer.context)
        if not self.socket.session_reused:
            self._resp = ("522 The transfer must continue the TLS session of its connection.", logging.debug)
            self.close()
        return bool(self.socket.session_reused)


class _Session(FTPHandler):  # type: ignore[misc]
    dtp_handler = _Transfer
    unicode_errors = "surrogateescape"
    use_sendfile = False
    auth_failed_timeout = 0
    socket: Any

    def __init__(self, conn: Any, server: _Acceptor, ioloop: Any = None) -> None:
        self.peer = server.peer
        self.authorizer = server.authorizer
        self.proto_cmds = dict(FTPHandler.proto_cmds) | (_SECURITY if self.peer.tls else {})
        if not self.peer.mlsd:
            del self.proto_cmds["MLSD"], self.proto_cmds["MLST"]
        self._private = self._hangs_up = self._cuts = False
        super().__init__(conn, server, ioloop)

    def handle(self) -> None:
        if self.peer.implicit:
            self.socket = _secured(self.socket, self.peer.context)
        super().handle()

    def process_command(self, cmd: str, *args: Any, **kwargs: Any) -> None:
        if cmd in ("USER", "PASS") and not isinstance(self.socket, ssl.SSLSocket):
            self.respond("530 TLS first.")
            return
        if cmd in ("PASV", "EPSV") and not self._private:
            self.respond("521 PROT P first.")
            return
        if cmd == "PASS":
            self.peer.logins.append(self.username)
        operation = _OPERATIONS.get(cmd)
        kind = self.peer.due(operation) if operation else None  # type: ignore[arg-type]
        if kind in ("refuse", "permission"):
            self.respond("451 as planned" if kind == "refuse" else "550 Permission denied.")
        elif kind == "lose_before":
            self.close()
        else:
            self._hangs_up, self._cuts = kind == "lose_after", kind == "cut"
            if self._cuts and cmd == "RETR":
                _halve(args[0])
            super().process_command(cmd, *args, **kwargs)

    def respond(self, resp: str, *args: Any, **kwargs: Any) -> None:
        if self._hangs_up and not resp.startswith("1"):
            self.close()
        else:
            super().respond(resp, *args, **kwargs)

    def on_file_received(self, file: str) -> None:
        if self._cuts:
            _halve(file)

    def ftp_AUTH(self, line: str) -> None:  # noqa: N802
        self.respond(f"234 {line} it is.")
        self.socket = _secured(self.socket, self.peer.context)

    def ftp_PBSZ(self, line: str) -> None:  # noqa: N802
        self.respond("200 PBSZ=0")

    def ftp_PROT(self, line: str) -> None:  # noqa: N802
        self._private = line.upper() == "P"
        self.respond("200 Private." if self._private else "536 Only P.")


def _halve(file: str) -> None:
    os.truncate(file, os.path.getsize(file) // 2)
