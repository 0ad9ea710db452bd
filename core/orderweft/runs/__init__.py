"""Runs of pipelines, one module per step."""

from __future__ import annotations

from .ends import End, Handlers, open_end
from .job import Job, Moment, Observer, Preview, Report, RunOptions, unwatched
from .orders import delivery_key, run_orders
from .record_job import Difference, Planned, RecordOptions, RecordReport
from .records import run_records

__all__ = [
    "Difference",
    "End",
    "Handlers",
    "Job",
    "Moment",
    "Observer",
    "Planned",
    "Preview",
    "RecordOptions",
    "RecordReport",
    "Report",
    "RunOptions",
    "delivery_key",
    "open_end",
    "run_orders",
    "run_records",
    "unwatched",
]
