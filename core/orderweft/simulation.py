"""What a simulator is: a channel in memory that speaks its own wire format."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from .clock import Clock
from .http import ConnectionLost, ConnectionRefused
from .wire import Request, Response

FaultKind = Literal["refuse", "timeout_before", "timeout_after", "reset_mid_body", "answer_before", "answer_after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong at given calls of one operation.

    `refuse`: cannot be reached. `timeout_before`: no answer, nothing done. `timeout_after`: no answer, all done.
    `reset_mid_body`: done, half an answer. `answer_before` and `answer_after`: *response* instead of the real answer,
    with nothing or everything done.
    """

    operation: str
    """As the simulator's `operation` names it; `*` for every one."""
    kind: FaultKind
    call: int = 1
    """The first call it happens at, counted from 1 for each operation (for `*`, over all calls)."""
    times: int = 1
    response: Response | None = None


class Simulator(Protocol):
    """A channel in memory.

    Its constructor takes `clock`, `seed` and one keyword argument per switch, all optional; with none it holds the data
    of the common sample brand. `handle` is called by one thread at a time. One of several systems a channel leads to
    names itself as `title`.
    """

    def __init__(self, *, clock: Clock | None = None, seed: int = 0, **switches: Any) -> None: ...

    def operation(self, request: Request) -> str:
        """Name what *request* asks for, for faults and logs, such as `orders.read` or `OrderCreate`."""
        ...

    def handle(self, request: Request) -> Response:
        """Answer *request* and change the state accordingly."""
        ...

    def settings(self) -> Mapping[str, Any]:
        """Return the credentials this simulator takes, by setting name, without the address."""
        ...

    def facts(self) -> Mapping[str, int]:
        """Return what a person would count there, such as `{"orders": 64}`, for the closing lines of a rehearsal."""
        ...


@runtime_checkable
class FolderSimulator(Simulator, Protocol):
    """A simulator of a system that exchanges files, in a folder or by SFTP.

    Its settings take the folder as `folder`; by SFTP also `password` and `host_key`.
    """

    @property
    def folder(self) -> Path:
        """Return the folder it exchanges files in."""
        ...

    def work(self) -> None:
        """Do what the people and schedules of that system do between two runs: import what lies there, export anew."""
        ...


class Faulty:
    """A handler that plays a simulator with faults, one call at a time; also counts and keeps the calls."""

    def __init__(self, simulator: Simulator, *faults: Fault, watch: Callable[[str, str], None] | None = None) -> None:
        self.simulator = simulator
        self.faults = list(faults)
        self.calls: list[str] = []
        """The operations asked for, in order."""
        self._watch = watch or (lambda moment, operation: None)
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answer *request*, or fail as planned."""
        with self._lock:
            return self._answer(request)

    def _answer(self, request: Request) -> Response:
        operation = self.simulator.operation(request)
        self.calls.append(operation)
        self._watch("before", operation)
        fault = self._due(operation)
        if fault is None:
            response = self.simulator.handle(request)
            self._watch("after", operation)
            return response
        if fault.kind == "refuse":
            raise ConnectionRefused
        if fault.kind == "timeout_before":
            raise ConnectionLost
        if fault.kind == "answer_before":
            return _planned(fault)
        response = self.simulator.handle(request)
        self._watch("after", operation)
        if fault.kind == "answer_after":
            return _planned(fault)
        if fault.kind == "reset_mid_body":
            half = Response(
                response.status, {**response.headers, "x-cut": "1"}, response.body[: len(response.body) // 2]
            )
            raise ConnectionLost(half)
        raise ConnectionLost

    def _due(self, operation: str) -> Fault | None:
        for fault in self.faults:
            number = len(self.calls) if fault.operation == "*" else self.calls.count(operation)
            if fault.operation in ("*", operation) and fault.call <= number < fault.call + fault.times:
                return fault
        return None


def _planned(fault: Fault) -> Response:
    if fault.response is None:
        raise ValueError(f"a fault of kind {fault.kind!r} needs a response")
    return fault.response
