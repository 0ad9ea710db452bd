"""`orderweft serve` in a process of its own: what it says, its pages, and the signals it is sent."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

from . import canary
from .scenarios import Scene

QUARTER = {"orders": {"schedule": "15m"}, "shop": {"in_flight": 1, "timeout": 20}}


def free_port() -> int:
    """Return a port nobody uses, below those the system hands out, so that nobody is given it in the meantime."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


class Served:
    """A scene in which `orderweft serve` runs."""

    def __init__(self, scene: Scene, **serve: Any) -> None:
        self.port = free_port()
        self.scene = scene
        self.configure(**serve)
        self.process: subprocess.Popen[str] = scene.start("serve")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        with self.process:
            self.process.kill()

    def configure(self, extra: str = "", **serve: Any) -> None:
        """Write the configuration, with *extra* at its end."""
        table = {"listen": f"127.0.0.1:{self.port}", "jitter": 0, **serve}
        told = "\n".join(f"{name} = {json.dumps(value)}" for name, value in table.items())
        self.scene.configure(f"[serve]\n{told}\n{extra}", **QUARTER)

    def again(self) -> Self:
        """Start another process after the first."""
        self.process = self.scene.start("serve")
        return self

    def until(self, *words: str) -> list[str]:
        """Read what the process says until a line has all *words*, and return it; in a minute it has to."""
        assert self.process.stdout is not None
        lines: list[str] = []
        ending = threading.Timer(60, self.process.kill)
        ending.start()
        try:
            for line in self.process.stdout:
                canary.hear("serve", line)
                lines.append(line)
                assert ": failed: " not in line, lines
                if all(word in line for word in words):
                    return lines
        finally:
            ending.cancel()
        raise AssertionError(f"it never said {words}: {lines}")

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page."""
        status, text = self._page(path)
        canary.hear(path, text)
        return status, text

    def _page(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Return what `/readyz` says."""
        status, text = self.page("/readyz")
        return status, json.loads(text)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, and return the exit code and all that was still said."""
        self.process.send_signal(number)
        said = self.scene.ended(self.process)
        return said.code, said.text
