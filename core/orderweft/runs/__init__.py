"""Runs of pipelines, one module per step."""

from __future__ import annotations

from .ends import End, Handlers, open_end
from .job import Job, Moment, Observer, Preview, Report, RunOptions, unwatched
from .orders import delivery_key, run_orders

__all__ = [
    "End",
    "Handlers",
    "Job",
    "Moment",
    "Observer",
    "Preview",
    "Report",
    "RunOptions",
    "delivery_key",
    "open_end",
    "run_orders",
    "unwatched",
]
