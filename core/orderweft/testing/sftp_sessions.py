"""What the SFTP server for tests lets in and serves; apart from it, because asyncssh is an optional extra."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import asyncssh

if TYPE_CHECKING:
    from .sftp import Operation, SftpServer


async def listen(server: SftpServer) -> asyncssh.SSHAcceptor:
    """Serve *server*'s folder on a free loopback port."""
    return await asyncssh.listen(
        "127.0.0.1",
        0,
        config=None,
        server_host_keys=[server.own_key],
        server_factory=lambda: _Login(server),
        sftp_factory=lambda channel: _Files(channel, server),
    )


class _Login(asyncssh.SSHServer):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self._connection)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self._server.logins.append("password")
        return (username, password) == (self._server.user, self._server.password)

    def public_key_auth_supported(self) -> bool:
        return self._server.allow_key

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._server.logins.append("key")
        return username == self._server.user and key == self._server.public_key


class _Files(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], server: SftpServer) -> None:
        super().__init__(channel, chroot=os.fsencode(server.folder))
        self._server = server

    @contextmanager
    def _played(self, operation: Operation) -> Iterator[None]:
        kind = self._server.due(operation)
        if kind == "refuse":
            raise asyncssh.SFTPFailure("as planned")
        if kind == "permission":
            raise asyncssh.SFTPPermissionDenied("as planned")
        if kind == "lose_before":
            self._lose()
        try:
            yield
        finally:
            if kind == "lose_after":
                self._lose()

    def _lose(self) -> None:
        self.channel.get_connection().abort()
        raise asyncssh.SFTPConnectionLost("as planned")

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        with self._played("open"):
            return super().open(path, pflags, attrs)

    def read(self, file_obj: object, offset: int, size: int) -> Any:
        with self._played("read"):
            return super().read(file_obj, offset, size)

    def write(self, file_obj: object, offset: int, data: bytes) -> Any:
        with self._played("write"):
            return super().write(file_obj, offset, data)

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        with self._played("rename"):
            return super().rename(oldpath, newpath)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        with self._played("list"):
            async for name in super().scandir(path):
                yield name
