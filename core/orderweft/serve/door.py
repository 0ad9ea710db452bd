"""The address at which a server tells of itself."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from ..errors import SettingsError

Answer = Callable[[str], tuple[int, str, bytes]]
"""Status, content type and body of the page at a path."""


class Door:
    """Answer GET requests at *address* by *answer*; use it in a `with` block. Raises SettingsError when it is taken."""

    def __init__(self, address: tuple[str, int], answer: Answer) -> None:
        kind = _Server6 if ":" in address[0] else _Server
        try:
            self._server = kind(address, _answering(answer))
        except OSError as error:
            raise SettingsError(
                f"serve.listen: {address[0]}:{address[1]} cannot be opened ({error.strerror}); is another "
                "`orderweft serve` running? Choose another port, or 'off'"
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        """Return the port it listens at."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell what breaks here; stay silent about those who hang up."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Server6(_Server):
    address_family = socket.AF_INET6


def _answering(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        timeout = 10
        server_version, sys_version = "orderweft", ""

        def do_GET(self) -> None:
            status, kind, body = answer(self.path.partition("?")[0])
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  name is set by http.server
            """Stay silent."""

    return Answering
