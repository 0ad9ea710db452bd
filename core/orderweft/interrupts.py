"""What Ctrl-C and SIGTERM do to a command: nothing it has begun is torn apart, and no traceback is shown."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

COMMAND = "orderweft"


def leave_while_loading() -> None:
    """Have Ctrl-C end the command at once until it begins to work; a program that only imports this is left alone."""
    command = os.path.basename(sys.argv[0] if sys.argv else "").partition(".")[0]
    if command == COMMAND and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


@contextmanager
def raised() -> Iterator[None]:
    """Raise KeyboardInterrupt at Ctrl-C and at SIGTERM during the block; what is ignored from outside stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = {signal.SIGINT: _leave, signal.SIGTERM: signal.SIG_DFL}
    before = {number: signal.getsignal(number) for number in wanted}
    changed = [number for number, usual in wanted.items() if before[number] is usual]
    for number in changed:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before[number])


@contextmanager
def put_off(at_once: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM tear nothing of the block apart: call *at_once*, raise KeyboardInterrupt at its end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) == 1:
            at_once()

    changed = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is signal.default_int_handler]
    for number in changed:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(130)


leave_while_loading()
