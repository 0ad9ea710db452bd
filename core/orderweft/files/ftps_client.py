"""One connection to an FTPS server, and the only module that speaks FTP: under TLS, passive, never in the clear."""

from __future__ import annotations

import ftplib
import re
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime

from ..errors import SettingsError
from .folder import Entry

_CHUNK = 256 * 1024
_LONGEST_LIST = 16 * 2**20
LOST = (OSError, EOFError, ftplib.Error)
REFUSED = (ftplib.error_perm, ftplib.error_temp)
NO = ftplib.error_perm
# Servers answer 550 to nearly everything and say in words which it is: RFC 959, section 4.2.2, has one code for both.
_DENIED = re.compile(r"denied|permi(?:ssion|tted)|privilege|not allowed|forbidden", re.IGNORECASE)


class Client(ftplib.FTP_TLS):
    """A connection whose transfers continue its TLS session, as servers ask to know that they are one client."""

    def __init__(self, context: ssl.SSLContext, timeout: float) -> None:
        # names travel as bytes of UTF-8 (RFC 2640); ftplib takes one encoding and would fail at a name in another
        super().__init__(context=context, timeout=timeout, encoding="latin-1")

    def begin(self, host: str, port: int, *, implicit: bool) -> None:
        """Connect and secure the connection before anything of ours is said."""
        if not implicit:
            self.connect(host, port)
            self.auth()
            return
        self.host, self.port = host, port
        plain = socket.create_connection((host, port), self.timeout)
        self.sock = self.context.wrap_socket(plain, server_hostname=host)
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()

    def sign_in(self, user: str, password: str) -> None:
        """Send the credentials."""
        self.login(_wired(user), _wired(password))

    def home(self) -> str:
        """Return the folder a user begins in."""
        return self.pwd().encode("latin-1").decode("utf-8", "surrogateescape") or "/"

    def features(self) -> set[str]:
        """Return what the server says it can do, and have it use UTF-8 where that is an option."""
        try:
            lines = self.sendcmd("FEAT").split("\n")[1:-1]
        except NO:
            return set()
        features = {line.split()[0].upper() for line in lines if line.strip()}
        if "UTF8" in features:
            with suppress(NO):
                self.sendcmd("OPTS UTF8 ON")
        return features

    def ask(self, verb: str, path: str) -> str:
        """Send a command about *path* and return the answer."""
        return self.sendcmd(f"{verb} {_wired(path)}")

    def says_yes(self, verb: str, path: str) -> bool:
        """Return whether a command about *path* finds it."""
        try:
            self.ask(verb, path)
        except NO as error:
            if code_of(error) == 550 and not is_denied(error):
                return False
            raise
        return True

    def lines(self, command: str) -> list[str]:
        """Return the lines a command about the current folder transfers."""
        self.voidcmd("TYPE A")
        data, whole = self._received(command, _LONGEST_LIST)
        if not whole:
            raise EOFError("the list of its files does not end")
        return [line.rstrip(b"\r").decode("utf-8", "surrogateescape") for line in data.split(b"\n") if line]

    def download(self, path: str, most: int) -> tuple[bytes, bool]:
        """Return the first *most* bytes of a file, and whether the connection can still be used."""
        self.voidcmd("TYPE I")
        return self._received(f"RETR {_wired(path)}", most)

    def upload(self, path: str, data: bytes) -> None:
        """Write a whole file."""
        self.voidcmd("TYPE I")
        with self.transfercmd(f"STOR {_wired(path)}") as connection:
            for start in range(0, len(data), _CHUNK):
                connection.sendall(data[start : start + _CHUNK])
            _end(connection)
        self.voidresp()

    def _received(self, command: str, most: int | None) -> tuple[bytes, bool]:
        data = bytearray()
        with self.transfercmd(command) as connection:
            while chunk := connection.recv(_CHUNK):
                data += chunk
                if most is not None and len(data) >= most:
                    # servers differ in how they answer to a transfer that is given up
                    return bytes(data[:most]), False
            _end(connection)
        self.voidresp()
        return bytes(data), True

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[ssl.SSLSocket, int | None]:
        """Begin a transfer in the TLS session of the connection."""
        assert isinstance(self.sock, ssl.SSLSocket)
        plain, size = super(ftplib.FTP_TLS, self).ntransfercmd(cmd, rest)
        return self.context.wrap_socket(plain, server_hostname=self.host, session=self.sock.session), size


def trusting(ca_certificate: str | None) -> ssl.SSLContext:
    """Return what certificates are checked against: this machine's authorities, and *ca_certificate*."""
    context = ssl.create_default_context()
    if ca_certificate:
        try:
            context.load_verify_locations(cadata=ca_certificate)
        except (ssl.SSLError, ValueError):
            raise SettingsError("ca_certificate must be the PEM text of a certificate") from None
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def entry(line: str) -> Entry | None:
    """Return what a line of MLSD tells: RFC 3659, section 7.2."""
    told, _, name = line.partition(" ")
    facts = {key.lower(): value for key, _, value in (fact.partition("=") for fact in told.split(";"))}
    kind = facts.get("type", "file").lower()
    if kind in ("cdir", "pdir") or name in ("", ".", ".."):
        return None
    size = facts.get("size", "")
    return Entry(name, int(size[:18]) if size.isdecimal() else 0, instant(facts.get("modify", "")), kind == "dir")


def instant(text: str) -> datetime | None:
    """Return a time as RFC 3659, section 2.3, writes it, always in UTC."""
    try:
        return datetime.strptime(text.strip()[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def code_of(error: Exception) -> int:
    """Return the three digits of an answer, or 0."""
    digits = str(error)[:3]
    return int(digits) if digits.isdecimal() else 0


def is_denied(error: Exception) -> bool:
    """Return whether an answer speaks of rights that are missing."""
    return code_of(error) in (530, 532, 550, 553) and _DENIED.search(str(error)) is not None


def why(error: BaseException) -> str:
    """Return what went wrong, fit for a message."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    told = " ".join(str(error).encode("latin-1", "replace").decode("utf-8", "replace").split())
    return "".join(mark for mark in told if mark.isprintable())[:200] or type(error).__name__


def _end(connection: socket.socket) -> None:
    """Say that nothing more follows; many servers hang up without saying so in turn."""
    assert isinstance(connection, ssl.SSLSocket)
    with suppress(OSError):
        connection.unwrap()


def _wired(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
