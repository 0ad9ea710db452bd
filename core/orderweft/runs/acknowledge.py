"""Step *acknowledge*: tell the source what became of its orders, until it has taken it."""

from __future__ import annotations

from ..errors import UnavailableError, UnknownOutcomeError
from ..records import Outcome, Refused, Unknown
from .job import Job


def acknowledge(job: Job) -> None:
    """Send what is due; what the source does not take stays due for the next run."""
    if not job.book.route.acknowledge:
        return
    size, after = max(1, job.source.limits.batch_size), ""
    left = 0
    while due := job.book.unacknowledged(after, size):
        after = due[-1].id
        try:
            with job.journal.about("acknowledge", job.source.name, [(told.id, told.number) for told in due]):
                outcomes: list[Outcome] = job.source.call_list("acknowledge_orders", len(due), acknowledgements=due)
        except UnknownOutcomeError as error:
            outcomes = [Unknown(message=str(error))] * len(due)
        except UnavailableError as error:
            job.report.warnings.append(f"{job.source.name} could not be told of its orders yet: {error}")
            return
        job.book.acknowledged(list(zip(due, outcomes, strict=True)))
        job.tell("acknowledged")
        job.warn(
            f"{job.source.name} refuses the note on order {told.number}: {outcome.message}"
            for told, outcome in zip(due, outcomes, strict=True)
            if isinstance(outcome, Refused)
        )
        left += sum(outcome.outcome in ("not_sent", "unknown") for outcome in outcomes)
    if left:
        job.report.warnings.append(f"{job.source.name} has not taken {left} notes on orders; the next run repeats them")
