"""See what Python code does behind one's back: files, sockets, processes, logs."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

_DOORS = ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.listdir", "os.scandir", "os.remove")


class _Watcher:
    """An audit hook, which Python never takes off again; it does nothing unless it is watching."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None

    def __call__(self, event: str, details: tuple[object, ...]) -> None:
        if self.seen is not None and event in _DOORS:
            self.seen.append(f"{event} {details[0] if details else ''}".strip())


_watcher: list[_Watcher] = []


@contextmanager
def io_watched() -> Iterator[list[str]]:
    """Give the list that fills with the files, sockets and processes opened in the block."""
    if not _watcher:
        _watcher.append(_Watcher())
        sys.addaudithook(_watcher[0])
    seen: list[str] = []
    _watcher[0].seen = seen
    try:
        yield seen
    finally:
        _watcher[0].seen = None


class _Texts(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.getMessage()} {record.exc_info or ''} {record.__dict__}")


@contextmanager
def talk_heard() -> Iterator[list[str]]:
    """Give a list that holds, after the block, all that was logged or printed in it."""
    handler, root, out = _Texts(), logging.getLogger(), io.StringIO()
    # httpx logs the address of every request at INFO and all headers at DEBUG below; neither is the plugin's word.
    quiet = [logging.getLogger(name) for name in ("httpx", "httpcore")]
    before, states = root.level, [logger.disabled for logger in quiet]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for logger in quiet:
        logger.disabled = True
    heard: list[str] = []
    try:
        with redirect_stdout(out), redirect_stderr(out):
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        for logger, state in zip(quiet, states, strict=True):
            logger.disabled = state
        heard += [*handler.texts, out.getvalue()]
