"""JOOR's background jobs: what a bulk call hands over is done later, without a word on single rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from orderweft import Clock, Request, Response

from .model import Refusal
from .switches import Switches
from .v2_wire import Wire, check_formats, segments

Kind = Literal["style", "connection"]
STARTS_AFTER = 60
FINISHES_AFTER = 120
_STATUSES = ("queued", "started", "finished")


@dataclass
class Job:
    """One bulk call's rows on their way."""

    id: int
    kind: Kind
    rows: list[dict[str, Any]]
    created_at: datetime
    modified_at: datetime
    polls: int = 0
    stage: int = 0
    """0 queued, 1 started, 2 finished."""


class Jobs:
    """Do jobs by *do*, one callable per kind, a row at a time."""

    def __init__(
        self, do: Mapping[Kind, Callable[[dict[str, Any]], None]], clock: Clock, switches: Switches, wire: Wire
    ) -> None:
        self._do = do
        self._clock = clock
        self._switches = switches
        self._wire = wire
        self._jobs: list[Job] = []

    def start(self, request: Request) -> Response:
        """Queue the rows of a bulk call."""
        kind = _kind(request)
        rows = self._wire.rows(self._wire.body(request), f"bulk_{kind}s", kind)
        now = self._clock.now()
        job = Job(len(self._jobs) + 1, kind, rows, now, now)
        self._jobs.append(job)
        return self._answer(job)

    def poll(self, request: Request) -> Response:
        """Answer how far a job is."""
        check_formats(request)
        kind, number = _kind(request), segments(request)[-1]
        job = next((job for job in self._jobs if job.kind == kind and str(job.id) == number), None)
        if job is None:
            raise Refusal(404, f"job {number} does not exist")
        if self._switches["jobs"] == "polls":
            self._advance(job, job.polls)
            job.polls += 1
        return self._answer(job)

    def settle(self) -> None:
        """Move every job on as far as the time that has passed takes it."""
        if self._switches["jobs"] == "stuck":
            return
        for job in self._jobs:
            passed = (self._clock.now() - job.created_at).total_seconds()
            self._advance(job, (passed >= STARTS_AFTER) + (passed >= FINISHES_AFTER))

    def _advance(self, job: Job, stage: int) -> None:
        stage = min(stage, 2)
        if stage > job.stage:
            job.stage, job.modified_at = stage, self._clock.now()
            if stage == 2:
                for row in job.rows:
                    self._do[job.kind](row)

    def _answer(self, job: Job) -> Response:
        total = len(job.rows)
        # https://api-docs.jooraccess.com/v2.0/reference/bulk-connection-job-get and /bulk-style-job-get-job-status: the
        # root node stays, and the instants have an offset
        content = {
            "response": self._wire.forms.envelope({"code": 0}),
            f"bulk_{job.kind}s_jobs": [
                {
                    f"bulk_{job.kind}s_job_id": job.id,
                    "status": _STATUSES[job.stage],
                    "created": job.created_at.isoformat(timespec="seconds"),
                    "modified": job.modified_at.isoformat(timespec="seconds"),
                    f"{job.kind}_record_count": total,
                    f"{job.kind}_record_progress": (0, total // 2, total)[job.stage],
                }
            ],
        }
        return Response.of_json({f"bulk_{job.kind}s": content})


def _kind(request: Request) -> Kind:
    return "style" if segments(request)[1] == "bulk-style" else "connection"
