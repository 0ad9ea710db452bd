"""For plugin authors and their tests: simulators with faults, a clock that jumps, a common sample brand."""

from __future__ import annotations

from ..clock import SystemClock
from ..http import ConnectionLost, ConnectionRefused
from ..simulation import Fault, FaultKind, Faulty, Simulator
from ..wire import Request, Response
from . import brand
from .clock import FakeClock
from .server import SimulatorServer

__all__ = [
    "ConnectionLost",
    "ConnectionRefused",
    "FakeClock",
    "Fault",
    "FaultKind",
    "Faulty",
    "Request",
    "Response",
    "Simulator",
    "SimulatorServer",
    "SystemClock",
    "brand",
]
