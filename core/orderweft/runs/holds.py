"""Step *holds*: which held orders the destination would take now, and which of them are urgent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ..errors import PluginError
from ..ledger import Urgent, Verdict, closing
from ..records import Order, Refused
from .job import Job
from .send import Ready

PROBED_AT_ONCE = 100


def urgent(job: Job) -> list[Urgent]:
    """Return the held orders that close within the days the pipeline's settings say, the first deadline first."""
    last = job.clock.now().date() + timedelta(days=job.config.settings.urgent_days)
    return closing(job.ledger, job.config.name, last.isoformat())


def probed(job: Job, ready: Sequence[Ready]) -> tuple[list[Verdict], list[Ready]]:
    """Ask the destination about *ready*; return the holds of those it would refuse now, and the others."""
    answers: list[Refused | None] = []
    for start in range(0, len(ready), PROBED_AT_ONCE):
        answers += _asked(job, [one.order for one in ready[start : start + PROBED_AT_ONCE]])
    refused = [(one, answer) for one, answer in zip(ready, answers, strict=True) if answer is not None]
    verdicts = [Verdict(one.staged, "held", no.reason, no.message, no.fix) for one, no in refused]
    return verdicts, [one for one, answer in zip(ready, answers, strict=True) if answer is None]


def _asked(job: Job, orders: Sequence[Order]) -> list[Refused | None]:
    answer: list[Refused | None] = job.destination.call("probe_orders", orders=orders)
    if not isinstance(answer, list) or len(answer) != len(orders):
        raise PluginError(
            f"plugin {job.destination.connection.channel!r}: probe_orders must say something of each of {len(orders)}"
        )
    return answer
