"""How lines of the log are made: what is added to them, what is left out, and how they look."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from .clock import Clock
from .ledger import stamp
from .scope import current
from .secrecy import without_secrets

KNOWN = (
    "pipeline", "run", "step", "connection", "hook", "order", "orders", "result", "held", "counts", "seconds", "method",
    "path", "status", "error",
)  # fmt: skip
"""What a line may carry beside its message."""
_OWN = ("event", "timestamp", "level", "logger", "exception")

Event = MutableMapping[str, Any]


def formatter(clock: Clock, *, human: bool, colors: bool) -> logging.Formatter:
    """Return what makes lines of what is logged, for people or as JSON."""

    def add_time(_: Any, __: str, event: Event) -> Event:
        return {"timestamp": stamp(clock.now()), **event}

    plain = structlog.dev.plain_traceback
    last = structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0, exception_formatter=plain)
    return ProcessorFormatter(
        foreign_pre_chain=[add_log_level, add_logger_name, ExtraAdder(), add_time, _add_scope],
        processors=[
            structlog.processors.format_exc_info,
            _only_known,
            _masked,
            last if human else structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


def _add_scope(_: Any, __: str, event: Event) -> Event:
    scope = current()
    found = {name: getattr(scope, name) for name in ("pipeline", "run", "step", "connection", "hook")}
    if len(scope.orders) == 1:
        found["order"] = scope.orders[0][1]
    elif scope.orders:
        found["orders"] = len(scope.orders)
    return {**event, **{name: value for name, value in found.items() if value and name not in event}}


def _only_known(_: Any, __: str, event: Event) -> Event:
    return {name: event[name] for name in (*_OWN, *KNOWN) if name in event}


def _masked(_: Any, __: str, event: Event) -> Event:
    return {name: without_secrets(value) if isinstance(value, str) else value for name, value in event.items()}
