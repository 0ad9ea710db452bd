"""A folder on an SFTP server, and the only module that speaks SSH."""

from __future__ import annotations

import asyncio
import posixpath
import re
import stat
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncssh

from ..errors import AuthenticationError, SettingsError, UnavailableError, UnknownOutcomeError
from .address import parse_address
from .folder import Entry, Folder

T = TypeVar("T")

_CHUNK = 256 * 1024
# In the order OpenSSH asks for them, so that the fingerprint is the one `ssh` shows; certificates cannot be pinned.
_HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
              "rsa-sha2-512", "rsa-sha2-256")  # fmt: skip
_MISSING = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPNotADirectory)
_FULL = (asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded)
_LOST = (
    OSError,
    asyncssh.ChannelOpenError,
    asyncssh.DisconnectError,
    asyncssh.SFTPBadMessage,
    asyncssh.SFTPConnectionLost,
    asyncssh.SFTPNoConnection,
)


class SftpFolder(Folder):
    """A folder of one user of an SFTP server, over one connection that is opened anew after it was lost."""

    def __init__(
        self, address: str, *, password: str | None, private_key: str | None, host_key: str | None, timeout: float
    ) -> None:
        super().__init__()
        self._user, self._host, self._port, self._root = parse_address(address, 22)
        self.name = f"{self._host}:{self._port}"
        self._password = password
        self._key = _private_key(private_key)
        if self._key is None and not password:
            raise SettingsError(f"{self.name}: SFTP needs a password or a private_key")
        self._pin, self._host_keys = _pinned(host_key)
        self._timeout = timeout
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        with self._lock:
            self._drop()
            self._runner.close()
            self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def _ready(self) -> None:
        if self._client is not None:
            try:
                self._runner.run(self._soon(self._client.stat(".")))
            except _LOST:
                self._drop()
            except asyncssh.SFTPError:
                pass  # any answer will do
        if self._client is None:
            self._connect()

    def _entries(self, path: str) -> list[Entry]:
        names = self._run(path, self._soon(self._sftp.readdir(self._at(path))))
        return [_entry(name) for name in names if name.filename not in (".", "..")]

    def _load(self, path: str, limit: int) -> bytes:
        return self._run(path, self._get(self._at(path), limit + 1))

    async def _get(self, path: str, most: int) -> bytes:
        file = await self._soon(self._sftp.open(path, "rb"))
        chunks: list[bytes] = []
        size = 0
        while size < most and (chunk := await self._soon(file.read(min(_CHUNK, most - size), size))):
            assert isinstance(chunk, bytes)
            chunks.append(chunk)
            size += len(chunk)
        await self._soon(file.close())
        return b"".join(chunks)

    def _store(self, path: str, data: bytes) -> None:
        self._run(path, self._put(self._at(path), data))

    async def _put(self, path: str, data: bytes) -> None:
        # an old part may be a second name of a finished file, so it is never written into
        with suppress(*_MISSING):
            await self._soon(self._sftp.remove(path))
        file = await self._soon(self._sftp.open(path, "wb"))
        for start in range(0, len(data), _CHUNK):
            await self._soon(file.write(data[start : start + _CHUNK], start))
        with suppress(asyncssh.SFTPOpUnsupported):
            await self._soon(file.fsync())
        await self._soon(file.close())

    def _rename(self, path: str, target: str) -> bool:
        if self._exists(target):
            return False
        try:
            self._run(path, self._soon(self._sftp.rename(self._at(path), self._at(target))), changes=True)
        except UnavailableError:
            # SFTP 3 has one code for every failure: draft-ietf-secsh-filexfer-02, section 7
            if self._exists(target):
                return False
            raise
        return True

    def _make_folder(self, path: str) -> None:
        if not self._exists(path):
            self._run(path, self._soon(self._sftp.makedirs(self._at(path), exist_ok=True)))

    def _remove(self, path: str) -> None:
        self._run(path, self._soon(self._sftp.remove(self._at(path))), changes=True)

    def _exists(self, path: str) -> bool:
        return self._run(path, self._soon(self._sftp.lexists(self._at(path))))

    def _at(self, path: str) -> str:
        return posixpath.join(self._root, path) or "."

    @property
    def _sftp(self) -> asyncssh.SFTPClient:
        if self._client is None:
            raise UnavailableError(f"{self.name}: the connection was lost")
        return self._client

    async def _soon(self, answer: Awaitable[T]) -> T:
        async with asyncio.timeout(self._timeout):
            return await answer

    def _run(self, path: str, work: Coroutine[Any, Any, T], *, changes: bool = False) -> T:
        where = f"{self.name}: {path!r}"
        try:
            return self._runner.run(work)
        except _MISSING as error:
            raise FileNotFoundError(path) from error
        except asyncssh.SFTPPermissionDenied as error:
            raise AuthenticationError(
                f"{where} is not permitted to {self._user}; have the right given, or use another folder"
            ) from error
        except _FULL as error:
            raise UnavailableError(f"{where} cannot be written, the disk is full") from error
        except _LOST as error:
            self._drop()
            if changes:
                raise UnknownOutcomeError(f"{where} was being changed when the connection was lost") from error
            raise UnavailableError(f"{where} cannot be used, the connection was lost ({_why(error)})") from error
        except asyncssh.SFTPError as error:
            raise UnavailableError(f"{where} is refused ({error.reason or type(error).__name__})") from error

    def _connect(self) -> None:
        self._drop()
        guard = _Guard(self._pin)
        try:
            self._runner.run(self._open(guard))
            return
        except asyncssh.HostKeyNotVerifiable as error:
            self._drop()
            raise SettingsError(self._about_host_key(guard.shown)) from error
        except asyncssh.PermissionDenied as error:
            self._drop()
            given = "private_key" if self._key and not self._password else "password"
            raise AuthenticationError(f"{self.name} refuses {self._user}; check the user and {given}") from error
        except (*_LOST, asyncssh.SFTPError) as error:
            self._drop()
            raise UnavailableError(f"{self.name} cannot be reached by SFTP ({_why(error)})") from error
        except ValueError as error:
            raise SettingsError(f"{self.name}: these settings cannot be used ({error})") from error

    async def _open(self, guard: _Guard) -> None:
        self._connection = await asyncssh.connect(
            self._host,
            self._port,
            username=self._user,
            password=self._password or None,
            client_keys=None if self._key is None else [self._key],
            client_factory=lambda: guard,
            # empty lists, not an empty value: that would mean ~/.ssh/known_hosts
            known_hosts=([], [], [], [], [], [], []),
            server_host_key_algs=self._host_keys,
            x509_trusted_certs=None,
            x509_trusted_cert_paths=[],
            agent_path=None,
            config=None,
            gss_kex=False,
            gss_auth=False,
            host_based_auth=False,
            connect_timeout=self._timeout,
        )
        self._client = await self._soon(self._connection.start_sftp_client(path_errors="surrogateescape"))

    def _about_host_key(self, shown: str | None) -> str:
        told = (
            "is not the pinned one; if its owner confirms the change," if self._pin else "is unknown; if it is right,"
        )
        return f'{self.name} shows the host key {shown}, which {told} set host_key = "{shown}"'

    def _drop(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            with suppress(*_LOST):
                self._runner.run(self._hang_up(connection))

    async def _hang_up(self, connection: asyncssh.SSHClientConnection) -> None:
        connection.abort()
        await self._soon(connection.wait_closed())


class _Guard(asyncssh.SSHClient):
    """Lets the pinned host key through and no other; it is asked before any credential is sent."""

    def __init__(self, pin: str | None) -> None:
        self._pin = pin
        self.shown: str | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = key.get_fingerprint()
        return self.shown == self._pin


def _private_key(text: str | None) -> asyncssh.SSHKey | None:
    try:
        return asyncssh.import_private_key(text) if text else None
    except ValueError as error:
        raise SettingsError(f"private_key must be the text of a private key without a passphrase ({error})") from None


def _pinned(host_key: str | None) -> tuple[str | None, list[str]]:
    """Return the fingerprint to insist on and the kinds of key to ask for, the pinned one's first."""
    text = (host_key or "").strip()
    if not text:
        return None, list(_HOST_KEYS)
    if re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", text):
        return text.rstrip("="), list(_HOST_KEYS)
    try:
        key = asyncssh.import_public_key(text)
    except ValueError:
        raise SettingsError("host_key must be a line such as 'ssh-ed25519 AAAA...' or 'SHA256:...'") from None
    return key.get_fingerprint(), sorted(_HOST_KEYS, key=lambda kind: kind.encode() not in key.sig_algorithms)


def _entry(name: asyncssh.SFTPName) -> Entry:
    attrs = name.attrs
    modified = None if attrs.mtime is None else datetime.fromtimestamp(attrs.mtime, UTC)
    return Entry(str(name.filename), attrs.size or 0, modified, stat.S_ISDIR(attrs.permissions or 0))


def _why(error: BaseException) -> str:
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)
