"""JOOR's background jobs: which one a call has begun, and whether it has ended."""

from __future__ import annotations

from typing import Any

from orderweft import UnknownOutcomeError

from .answers import UnreadableError, check_code, found, read_document
from .wire import Wire

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0


def begin(wire: Wire, path: str, document: Any, id_name: str, where: str) -> str | None:
    """Send *document* and return the id of the job that takes it; None when JOOR does not tell it."""
    body = wire.v2(wire.http.write, "POST", path, where, json=document)
    try:
        answer = read_document(body, where)
        check_code(answer, where)
    except UnreadableError as error:
        raise UnknownOutcomeError(str(error), retry_after=60) from error
    ids = [str(value).strip() for name in (id_name, "job_id") for value in found(answer, name)]
    return next(filter(None, ids), None)


def wait(wire: Wire, path: str, where: str) -> bool:
    """Wait until the job at *path* has ended, at most as long as the settings say; return whether it has."""
    until = wire.clock.monotonic() + wire.settings.job_wait
    pause = _FIRST_PAUSE
    while True:
        answer = read_document(wire.v2(wire.http.read, "GET", path, where), where)
        check_code(answer, where)
        status = next((str(value).strip().lower() for value in found(answer, "status")), "")
        if status not in ("queued", "started"):
            return bool(status)
        left = until - wire.clock.monotonic()
        if left <= 0:
            return False
        wire.clock.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)
