"""A folder on an FTPS server."""

from __future__ import annotations

import posixpath
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from ..errors import (
    AuthenticationError,
    ChannelError,
    RecordError,
    RejectedError,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
)
from .address import parse_address
from .folder import Entry, Folder
from .ftps_client import LOST, NO, REFUSED, Client, code_of, entry, instant, is_denied, trusting, why

_WRONG_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL


class FtpsFolder(Folder):
    """A folder of one user of an FTPS server, over one connection that is opened anew after it was lost.

    FTP cannot refuse to replace a file: of two programs that write one path at the same moment the later one wins.
    """

    def __init__(self, address: str, *, password: str | None, ca_certificate: str | None, timeout: float) -> None:
        super().__init__()
        self._implicit = urlsplit(address).scheme == "ftps+implicit"
        self._user, self._host, self._port, self._root = parse_address(address, 990 if self._implicit else 21)
        self.name = f"{self._host}:{self._port}"
        if not password or any(mark in password for mark in "\r\n\0"):
            raise SettingsError(f"{self.name}: FTPS needs a password, of one line")
        self._password = password
        self._context = trusting(ca_certificate)
        self._timeout = timeout
        self._client: Client | None = None
        self._home = "/"
        self._tells_facts = False

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        with self._lock:
            if self._client is not None:
                with suppress(*LOST):
                    self._client.quit()
            self._drop()

    def _ready(self) -> None:
        if self._client is not None:
            try:
                self._client.voidcmd("NOOP")
            except LOST:
                self._drop()
        if self._client is None:
            self._connect()

    def _entries(self, path: str) -> list[Entry]:
        with self._telling(path, needed=True):
            self._ftp.ask("CWD", self._at(path))
        with self._telling(path):
            if self._tells_facts:
                return [told for line in self._ftp.lines("MLSD") if (told := entry(line))]
            return [self._asked(posixpath.join(path, name)) for name in self._names()]

    def _names(self) -> list[str]:
        """Return the names in the current folder of a server that tells nothing else about them in a fixed form."""
        try:
            names = [posixpath.basename(line) for line in self._ftp.lines("NLST")]
        except REFUSED as error:
            if is_denied(error) or code_of(error) not in (450, 550):
                raise
            return []  # how some servers say that a folder is empty
        return [name for name in names if name not in ("", ".", "..")]

    def _asked(self, path: str) -> Entry:
        """Return what SIZE and MDTM tell of *path*; what has no size is a folder."""
        name, size = posixpath.basename(path), self._size(path)
        if size is None:
            return Entry(name, 0, None, is_folder=True)
        modified = None
        with suppress(NO):
            modified = instant(self._ftp.ask("MDTM", self._at(path))[4:])
        return Entry(name, size, modified)

    def _size(self, path: str) -> int | None:
        self._ftp.voidcmd("TYPE I")
        try:
            return int(self._ftp.ask("SIZE", self._at(path))[4:])
        except NO as error:
            if code_of(error) == 550:
                return None
            raise SettingsError(f"{self.name} does not know SIZE, without which no transfer can be trusted") from error
        except ValueError as error:
            raise UnavailableError(f"{self.name} answers to SIZE with no number") from error

    def _load(self, path: str, limit: int) -> bytes:
        with self._telling(path, needed=True):
            size = self._size(path)
            data, is_usable = self._ftp.download(self._at(path), limit + 1)
        if not is_usable:
            self._drop()
        # a connection cut by a third party looks like the end of the file: RFC 4217, section 12.4
        if size is not None and len(data) < min(size, limit + 1):
            raise UnavailableError(f"{self.name}: {path!r} was cut off at {len(data)} of {size} bytes")
        return data

    def _store(self, path: str, data: bytes) -> None:
        with self._telling(path):
            # an old part may be a second name of a finished file, so it is never written into
            with suppress(NO):
                self._ftp.ask("DELE", self._at(path))
            self._ftp.upload(self._at(path), data)
            size = self._size(path)
        if size != len(data):
            raise UnavailableError(f"{self.name}: {path!r} was cut off at {size} of {len(data)} bytes")

    def _rename(self, path: str, target: str) -> bool:
        if self._exists(target):
            return False
        with self._telling(path, needed=True):
            self._ftp.ask("RNFR", self._at(path))
        with self._telling(path, changes=True):
            self._ftp.ask("RNTO", self._at(target))
        return True

    def _make_folder(self, path: str) -> None:
        parts = self._at(path).split("/")
        with self._telling(path):
            if self._ftp.says_yes("CWD", self._at(path)):
                return
            for end in range(2, len(parts) + 1):
                try:
                    self._ftp.ask("MKD", "/".join(parts[:end]))
                except NO:
                    if end == len(parts) and not self._ftp.says_yes("CWD", self._at(path)):
                        raise

    def _remove(self, path: str) -> None:
        with self._telling(path, needed=True, changes=True):
            self._ftp.ask("DELE", self._at(path))

    def _exists(self, path: str) -> bool:
        with self._telling(path):
            if self._tells_facts:
                return self._ftp.says_yes("MLST", self._at(path))
            if self._ftp.says_yes("CWD", self._at(path)):
                return True
            folder, name = posixpath.split(path)
            return self._ftp.says_yes("CWD", self._at(folder)) and name in self._names()

    def _at(self, path: str) -> str:
        return posixpath.join(self._home, self._root, path).rstrip("/") or "/"

    @property
    def _ftp(self) -> Client:
        if self._client is None:
            raise UnavailableError(f"{self.name}: the connection was lost")
        return self._client

    @contextmanager
    def _telling(self, path: str, *, needed: bool = False, changes: bool = False) -> Iterator[None]:
        """Turn what goes wrong into our errors; *needed*: *path* has to be there, *changes*: it may have been done."""
        where = f"{self.name}: {path!r}"
        try:
            yield
        except REFUSED as error:
            if code_of(error) == 421:
                self._drop()
            elif needed and code_of(error) == 550 and not is_denied(error) and not self._exists(path):
                raise FileNotFoundError(path) from error
            raise self._refusal(where, error) from error
        except LOST as error:
            self._drop()
            if changes:
                raise UnknownOutcomeError(f"{where} was being changed when the connection was lost") from error
            raise UnavailableError(f"{where} cannot be used, the connection was lost ({why(error)})") from error

    def _refusal(self, where: str, error: Exception) -> ChannelError | RecordError:
        if is_denied(error):
            return AuthenticationError(
                f"{where} is not permitted to {self._user}; have the right given, or use another folder"
            )
        if code_of(error) in (452, 552):
            return UnavailableError(f"{where} cannot be written, the disk is full")
        if code_of(error) in (501, 553):
            return RejectedError(f"{where} cannot be used ({why(error)})")
        return UnavailableError(f"{where} is refused ({why(error)})")

    def _connect(self) -> None:
        client = Client(self._context, self._timeout)
        try:
            self._secure(client)
            self._sign_in(client)
            self._tells_facts = "MLST" in client.features()
            self._home = client.home()
            self._client = client
        except ssl.SSLCertVerificationError as error:
            raise SettingsError(self._about_certificate(error)) from error
        except LOST as error:
            raise UnavailableError(f"{self.name} cannot be reached by FTPS ({why(error)})") from error
        except ValueError as error:
            raise SettingsError(f"{self.name}: these settings cannot be used ({error})") from error
        finally:
            if self._client is None:
                client.close()

    def _secure(self, client: Client) -> None:
        try:
            client.begin(self._host, self._port, implicit=self._implicit)
        except NO as error:
            raise SettingsError(f"{self.name} offers no TLS ({why(error)}), and plain FTP is never used") from error
        except ssl.SSLError as error:
            if error.reason != "WRONG_VERSION_NUMBER":
                raise
            other = "ftps:// in the place of ftps+implicit://" if self._implicit else "another port"
            raise SettingsError(f"{self.name} does not speak TLS as it should; try {other}") from error

    def _sign_in(self, client: Client) -> None:
        try:
            client.sign_in(self._user, self._password)
        except NO as error:
            raise AuthenticationError(f"{self.name} refuses {self._user}; check the user and password") from error
        try:
            client.prot_p()
        except NO as error:
            raise SettingsError(
                f"{self.name} does not encrypt transfers ({why(error)}), and they are never made in the clear"
            ) from error

    def _about_certificate(self, error: ssl.SSLCertVerificationError) -> str:
        told = f"{self.name} shows a certificate that cannot be trusted ({error.verify_message})"
        if error.verify_code in _WRONG_NAME:
            return f"{told}; write the address with a name that the certificate is for"
        return f"{told}; if it is right, set ca_certificate to the PEM text of the authority it comes from"

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
