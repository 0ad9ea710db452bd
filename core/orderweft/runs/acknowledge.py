"""Step *acknowledge*: tell the source what became of its orders, until it has taken it."""

from __future__ import annotations

from ..errors import ChannelError, UnknownOutcomeError
from ..records import Outcome, Refused, Unknown
from .job import Job


def acknowledge(job: Job) -> None:
    """Send what is due; what the source does not take stays due for the next run."""
    if not job.book.route.acknowledge:
        return
    size = max(1, job.source.limits.batch_size)
    while due := job.book.unacknowledged(size):
        try:
            outcomes: list[Outcome] = job.source.call_list("acknowledge_orders", len(due), acknowledgements=due)
        except UnknownOutcomeError as error:
            outcomes = [Unknown(message=str(error))] * len(due)
        except ChannelError as error:
            job.report.warnings.append(f"{job.source.name} could not be told of {len(due)} orders yet: {error}")
            return
        job.book.acknowledged(list(zip(due, outcomes, strict=True)))
        job.tell("acknowledged")
        refused = [(told, outcome) for told, outcome in zip(due, outcomes, strict=True) if isinstance(outcome, Refused)]
        for told, outcome in refused[:5]:
            job.report.warnings.append(f"{job.source.name} refuses the note on order {told.number}: {outcome.message}")
        if any(outcome.outcome in ("not_sent", "unknown") for outcome in outcomes):
            job.report.warnings.append(
                f"{job.source.name} has not taken all notes on orders; the next run repeats them"
            )
            return
