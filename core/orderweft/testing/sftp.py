"""Serve a folder over real SFTP on this machine, with faults."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import asyncssh

Operation = Literal["open", "write", "rename", "list", "read"]
FileFault = Literal["refuse", "permission", "lose_before", "lose_after"]


class SftpServer:
    """A real SSH server on a loopback port that serves *folder* to *user*, with a host key of its own.

    Use it in a `with` block; `address` is where `open_folder` finds it. It takes `password` and, unless *allow_key* is
    false, `private_key`. It needs the extra `sftp`.
    """

    def __init__(
        self, folder: Path, *, user: str = "brand", password: str | None = None, allow_key: bool = True
    ) -> None:
        import asyncssh  # noqa: PLC0415  an optional extra

        self.folder, self.user, self.allow_key = folder, user, allow_key
        self.password = password or secrets.token_urlsafe(12)
        self.own_key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = self.own_key.export_public_key().decode().strip()
        self.fingerprint = self.own_key.get_fingerprint()
        client = asyncssh.generate_private_key("ssh-ed25519")
        self.private_key = client.export_private_key().decode()
        self.public_key = client.convert_to_public()
        self.address = ""
        self.logins: list[str] = []
        """The kinds of credential that were sent, in order: `password` or `key`."""
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._faults: dict[tuple[Operation, int], FileFault] = {}
        self._calls: dict[Operation, int] = {}

    def fail(self, operation: Operation, kind: FileFault, call: int = 1) -> None:
        """Let the *call*-th *operation* from now on go wrong, once.

        `refuse` and `permission` answer so; `lose_before` and `lose_after` hang up with nothing or everything done.
        """
        self._faults[operation, self._calls.get(operation, 0) + call] = kind

    def due(self, operation: Operation) -> FileFault | None:
        """Count one *operation* and return what is to go wrong with it."""
        self._calls[operation] = self._calls.get(operation, 0) + 1
        return self._faults.pop((operation, self._calls[operation]), None)

    def drop(self) -> None:
        """Hang up on everybody, as a server does that restarts."""
        self._do(self._drop())

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        from .sftp_sessions import listen  # noqa: PLC0415  it needs the extra

        self._acceptor = await listen(self)
        self.address = f"sftp://{self.user}@127.0.0.1:{self._acceptor.get_port()}/"

    async def _drop(self) -> None:
        for connection in list(self.connections):
            connection.abort()
            await connection.wait_closed()

    async def _close(self) -> None:
        self._acceptor.close()
        await self._acceptor.wait_closed()
        await self._drop()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
