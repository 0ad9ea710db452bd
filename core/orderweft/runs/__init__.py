"""Runs of pipelines, one module per step."""

from __future__ import annotations

from .changes import refuse_unable
from .ends import End, Handlers, open_end
from .job import Job, Moment, Observer, Preview, Report, RunOptions, unwatched
from .orders import delivery_key, run_orders
from .record_job import Difference, Planned, RecordOptions, RecordReport
from .records import run_records
from .shared import Shared

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
    "Shared",
    "delivery_key",
    "open_end",
    "refuse_unable",
    "run_orders",
    "run_records",
    "unwatched",
]
