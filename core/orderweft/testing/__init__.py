"""For plugin authors and their tests: the conformance kit, simulators with faults, a clock that jumps, a brand."""

from __future__ import annotations

from ..clock import SystemClock
from ..http import ConnectionLost, ConnectionRefused
from ..simulation import Fault, FaultKind, Faulty, FolderSimulator, Simulator
from ..wire import Request, Response
from . import brand
from .clock import FakeClock
from .ftps import FtpsServer
from .kit import ChannelKit
from .server import SimulatorServer
from .sftp import SftpServer

__all__ = [
    "ChannelKit",
    "ConnectionLost",
    "ConnectionRefused",
    "FakeClock",
    "Fault",
    "FaultKind",
    "Faulty",
    "FolderSimulator",
    "FtpsServer",
    "Request",
    "Response",
    "SftpServer",
    "Simulator",
    "SimulatorServer",
    "SystemClock",
    "brand",
]
