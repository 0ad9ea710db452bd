"""Serve a folder over real FTPS on this machine, with faults."""

from __future__ import annotations

import secrets
import ssl
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

FtpsOperation = Literal["list", "read", "write", "rename"]
FtpsFault = Literal["refuse", "permission", "lose_before", "lose_after", "cut"]


class FtpsServer:
    """A real FTPS server on a loopback port that serves *folder* to *user*, with a throw-away certificate.

    Use it in a `with` block; `address` is where `open_folder` finds it, `certificate` what it needs to trust it. It
    insists on TLS everywhere and on transfers continuing the session of their connection. *implicit* begins with TLS;
    without *tls* it knows no TLS; without *mlsd* neither MLSD nor MLST; *name* is whom its certificate is for. It needs
    `pyftpdlib` and `trustme`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        user: str = "brand",
        password: str | None = None,
        implicit: bool = False,
        tls: bool = True,
        mlsd: bool = True,
        name: str = "127.0.0.1",
    ) -> None:
        import trustme  # noqa: PLC0415  needed for tests only

        self.folder, self.user, self.implicit, self.tls, self.mlsd = folder, user, implicit, tls, mlsd
        self.password = password or secrets.token_urlsafe(12)
        authority = trustme.CA()
        self.certificate = authority.cert_pem.bytes().decode()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(self.context)
        self.address = ""
        self.logins: list[str] = []
        """The users that sent a password, in order."""
        self._faults: dict[tuple[FtpsOperation, int], FtpsFault] = {}
        self._calls: dict[FtpsOperation, int] = {}
        self._tasks: deque[Callable[[], None]] = deque()
        self._ended = threading.Event()

    def fail(self, operation: FtpsOperation, kind: FtpsFault, call: int = 1) -> None:
        """Let the *call*-th *operation* from now on go wrong, once.

        `refuse` and `permission` answer so; `lose_before` and `lose_after` hang up with nothing or everything done;
        `cut` transfers half of the file and calls it complete.
        """
        self._faults[operation, self._calls.get(operation, 0) + call] = kind

    def due(self, operation: FtpsOperation) -> FtpsFault | None:
        """Count one *operation* and return what is to go wrong with it."""
        self._calls[operation] = self._calls.get(operation, 0) + 1
        return self._faults.pop((operation, self._calls[operation]), None)

    def drop(self) -> None:
        """Hang up on everybody, as a server does that restarts."""
        done = threading.Event()
        self._tasks.append(self._acceptor.hang_up)
        self._tasks.append(done.set)
        assert done.wait(30)

    def __enter__(self) -> Self:
        from .ftps_sessions import listen  # noqa: PLC0415  it needs pyftpdlib

        self._acceptor = listen(self)
        scheme = "ftps+implicit" if self.implicit else "ftps"
        self.address = f"{scheme}://{self.user}@127.0.0.1:{self._acceptor.address[1]}/"
        self._thread = threading.Thread(target=self._serve, args=(self._acceptor.ioloop,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _serve(self, loop: Any) -> None:
        while not self._ended.is_set():
            loop.loop(timeout=0.02, blocking=False)
            while self._tasks:
                self._tasks.popleft()()
        loop.close()
