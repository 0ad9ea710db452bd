"""The faults checks play, and what a channel may make of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import AuthenticationError, SettingsError, UnavailableError, UnknownOutcomeError
from ...records import Accepted, AlreadyThere, NotSent, Refused, Unknown
from ...simulation import Fault, FaultKind
from ...wire import Request, Response
from .stage import Line, Stage

WAIT = 7
"""Seconds a throttled call is asked to wait."""
_REST = 20
SAFE = (NotSent, UnavailableError)
DOUBT = (Unknown, UnknownOutcomeError)
LOCKED_OUT = (AuthenticationError, NotSent)
DONE = (Accepted, AlreadyThere)
OUTCOMES = (*DONE, Refused, NotSent, Unknown)


def _html(status: int, body: str = "<html><body>Something is wrong</body></html>") -> Response:
    return Response(status, {"content-type": "text/html"}, body.encode())


def _json(status: int, body: str, **headers: str) -> Response:
    return Response(status, {"content-type": "application/json", **headers}, body.encode())


@dataclass(frozen=True)
class Trouble:
    """One way a call goes wrong, and what a read or a write may make of it."""

    kind: FaultKind
    response: Response | None
    read: tuple[type, ...]
    """What a read may raise when it lasts."""
    write: tuple[type, ...]
    """What a write may make of it."""

    def at(self, operation: str, call: int = 1, times: int = 1) -> Fault:
        """Plan it at a call of *operation*."""
        return Fault(operation, self.kind, call, times, self.response)


_OUT = (UnavailableError,)
_LOCKED = (AuthenticationError, SettingsError)
_ODD = (UnavailableError, SettingsError, AuthenticationError)  # the last where a sign-in brings no token
_EMPTY_HANDED = (*DOUBT, *SAFE)

BEFORE: Mapping[str, Trouble] = {
    "nobody answers the phone": Trouble("refuse", None, _OUT, SAFE),
    "no answer, nothing done": Trouble("timeout_before", None, _OUT, DOUBT),
    "401": Trouble("answer_before", _json(401, "{}"), (AuthenticationError,), LOCKED_OUT),
    "403": Trouble("answer_before", _json(403, "{}"), _LOCKED, (*LOCKED_OUT, Refused, SettingsError)),
    "429": Trouble("answer_before", _json(429, "{}"), _OUT, SAFE),
    "429 with Retry-After": Trouble("answer_before", _json(429, "{}", **{"retry-after": str(WAIT)}), _OUT, SAFE),
    "500, nothing done": Trouble("answer_before", _html(500), _OUT, _EMPTY_HANDED),
    "a page for people, nothing done": Trouble("answer_before", _html(200), _ODD, _EMPTY_HANDED),
}
"""Faults at which the channel does nothing."""

AFTER: Mapping[str, Trouble] = {
    "no answer, all done": Trouble("timeout_after", None, _OUT, DOUBT),
    "half an answer": Trouble("reset_mid_body", None, _OUT, DOUBT),
    "500, all done": Trouble("answer_after", _html(500), _OUT, DOUBT),
    "503, all done": Trouble("answer_after", _json(503, "{}"), _OUT, DOUBT),
    "a page for people, all done": Trouble("answer_after", _html(200), _ODD, DOUBT),
    "broken JSON": Trouble("answer_after", _json(200, '{"data": {"id": 1'), _ODD, DOUBT),
    "an empty answer": Trouble("answer_after", Response(200), _ODD, DOUBT),
}
"""Faults at which the channel does all it is asked."""

ALL = {**BEFORE, **AFTER}
PASSING = {name: ALL[name] for name in ("half an answer", "429 with Retry-After")}
"""Faults that are gone at the next call."""


@dataclass(frozen=True)
class Commit:
    """A call by which something changed: the operation, and which call of it that was."""

    operation: str
    call: int

    def spoilt(self, trouble: Trouble, times: int = 1) -> Fault:
        """Plan *trouble* at this call."""
        return trouble.at(self.operation, self.call, times)


def commits(
    stage: Stage, work: Callable[[Line], Any], look: Callable[[], Any], among: Collection[str] = ()
) -> tuple[list[Commit], Line]:
    """Do *work* and return the calls after which *look* saw something else than before, and the line it went over.

    Looking can take long; where it is known which operations change something, it is done after those *among* them.

    A GET changes nothing; what it lets happen, such as the end of a job, was asked for by the call before it.
    """
    found: dict[Commit, None] = {}
    seen, last = [look()], list[Commit]()

    def watch(request: Request, response: Response) -> Response:
        if request.method != "GET" and (not among or line.calls[-1] in among):
            last[:] = [Commit(line.calls[-1], line.calls.count(line.calls[-1]))]
            note()
        return response

    def note() -> None:
        # A job that the call has begun is done by then.
        stage.clock.sleep(_REST)
        now = look()
        # What looking has used up of the account's rate comes back meanwhile.
        stage.clock.sleep(_REST)
        if now != seen[0]:
            seen[0] = now
            found.update(dict.fromkeys(last))

    line = stage.open(watch=watch)
    work(line)
    if not found:
        note()
    return list(found), line


def worded(answer: Any) -> str:
    """Return what a hook made of a call, short."""
    return f"{type(answer).__name__}: {getattr(answer, 'message', answer)}"[:300]
