"""A server as a process: what signals ask of it, and the loop that does it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from ..clock import Clock
from .server import Server

STEP = 0.5
"""Seconds within which a signal, or the end of the machine's sleep, is noticed."""


class Wishes:
    """What signals ask for while the `with` block runs: SIGTERM and Ctrl-C to stop, SIGHUP to read the file again.

    The second wish to stop ends the process at once. What is ignored from outside stays so.
    """

    def __init__(self) -> None:
        self.stop = self.reload = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        wanted = {signal.SIGINT: self._stop, signal.SIGTERM: self._stop}
        if hasattr(signal, "SIGHUP"):  # not on Windows
            wanted[signal.SIGHUP] = self._reload
        for number, handler in wanted.items():
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.stop:
            os._exit(128 + number)
        self.stop = True

    def _reload(self, number: int, frame: FrameType | None) -> None:
        self.reload = True


def keep_running(server: Server, clock: Clock, wishes: Wishes, reload: Callable[[], None]) -> bool:
    """Run what is due until a stop is wished for or nothing is left, and return whether all runs have ended by then.

    *reload* is called when the file is to be read again. Runs under way are given the configured seconds to end.
    """
    while not (wishes.stop or server.is_over):
        if wishes.reload:
            wishes.reload = False
            reload()
        clock.sleep(min(server.tick(), STEP))
    server.stop()
    latest = clock.monotonic() + server.config.serve.stop_seconds
    while server.running and clock.monotonic() < latest:
        clock.sleep(STEP / 5)
    return not server.running
