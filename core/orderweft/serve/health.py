"""What a server tells over HTTP, without secrets and orders: whether it lives, whether it is ready, its metrics."""

from __future__ import annotations

import json
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST

from ..errors import LedgerError
from .metrics import metrics
from .server import Server

STUCK = 60.0
"""Seconds without a look for what is due after which the scheduler is not alive."""
_TEXT, _JSON = "text/plain; charset=utf-8", "application/json"


def answer(server: Server, path: str) -> tuple[int, str, bytes]:
    """Return status, content type and body of the page at *path*."""
    if path == "/healthz":
        alive = server.clock.monotonic() - server.ticked < STUCK
        return (200, _TEXT, b"ok\n") if alive else (503, _TEXT, b"the scheduler stands still\n")
    if path == "/readyz":
        told = readiness(server)
        return 200 if told["ready"] else 503, _JSON, f"{json.dumps(told, indent=2)}\n".encode()
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, metrics(server)
    return 404, _TEXT, b"there are /healthz, /readyz and /metrics\n"


def readiness(server: Server) -> dict[str, Any]:
    """Return whether everything is as it should be, and what is not."""
    now, running = server.clock.now(), server.running
    pipelines = {
        lane.name: {
            "ready": not lane.is_failing(now, server.config.serve.unready_after),
            "running": lane.name in running,
            "failures": lane.past.failures,
            "failing_since": _told(lane.past.failing_since),
            "last_success": _told(lane.past.succeeded),
            "next_run": _told(lane.due),
        }
        for lane in server.lanes
    }
    checks = {
        "configuration": not server.is_refused,
        "ledger": _is_writable(server),
        "running": not server.is_stopping,
    }
    ready = all(checks.values()) and all(one["ready"] for one in pipelines.values())
    return {"ready": ready, **checks, "pipelines": pipelines}


def _told(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _is_writable(server: Server) -> bool:
    if not server.config.ledger.exists():
        return False  # to open it would make an empty one
    try:
        with server.ledger() as ledger, ledger.transaction(keep=False):
            return True
    except LedgerError:
        return False
