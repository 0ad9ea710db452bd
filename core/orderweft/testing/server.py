"""Serve a simulator over real HTTP on this machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from ..http import ConnectionLost, ConnectionRefused
from ..wire import Request, Response


class SimulatorServer:
    """A real HTTP server on a loopback port that answers by *handler*, one request at a time.

    Use it in a `with` block; `url` is its address.
    """

    def __init__(self, handler: Callable[[Request], Response], port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _answering(handler))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Serve until interrupted."""
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell what breaks in a simulator; stay silent about clients that hang up, which is what tests make them do."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _answering(handler: Callable[[Request], Response]) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, f"http://{headers.get('host', '127.0.0.1')}{self.path}", headers, body)
            try:
                with lock:
                    response = handler(request)
            except (ConnectionLost, ConnectionRefused) as lost:
                self._hang_up(lost)
                return
            self._send(response)

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            for name, value in response.headers.items():
                if name not in ("content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def _hang_up(self, lost: Exception) -> None:
            self.close_connection = True
            half = lost.args[0] if lost.args else None
            if isinstance(half, Response):
                with suppress(OSError):
                    self.send_response(half.status)
                    self.send_header("content-length", str(len(half.body) * 2 + 1))
                    self.end_headers()
                    self.wfile.write(half.body)
            with suppress(OSError):
                self.connection.shutdown(2)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815  names are set by http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  name is set by http.server
            """Stay silent; the simulator keeps its own log."""

    return Answering
