"""Step *settle*: ask the destination about every delivery whose outcome is not known, or not confirmed yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..errors import UnavailableError
from ..ledger import Intent
from ..records import Accepted, NotSent, Outcome, Receipt, Refused
from .job import Job

Answers = dict[str, Receipt | Refused]

LOOKUPS = 3
BATCH = 100


def settle_open(job: Job) -> int:
    """Look up what was sent without an answer; nothing is ever sent again before that.

    Returns how many had not arrived and are to be sent again. A destination that cannot be asked leaves such orders to
    a person.
    """
    after = lost = 0
    while intents := job.book.unsettled(after, BATCH):
        after = intents[-1].attempt
        if not job.destination.can("find_orders"):
            _park(job, intents)
            continue
        found = _look_up(job, intents)
        job.book.settle([(intent, _outcome(found.get(intent.key))) for intent in intents], tried=True)
        lost += len(intents) - len(found)
        refused = sum(isinstance(answer, Refused) for answer in found.values())
        job.count(delivered=len(found) - refused, held=refused)
        job.tell("settled")
    return lost


def confirm_pending(job: Job) -> None:
    """Ask about what was handed over and not confirmed; what has vanished there is left to a person."""
    after = ""
    while job.destination.can("find_orders") and (intents := job.book.pending(after, BATCH)):
        after = intents[-1].id
        try:
            found = _asked(job, intents)
        except UnavailableError as error:
            job.report.warnings.append(f"orders handed over could not be asked about: {error}")
            return
        answers = [(intent, found.get(intent.key) or _vanished(job, intent)) for intent in intents]
        told = [(i, answer) for i, answer in answers if isinstance(answer, Refused) or not answer.pending]
        job.book.confirm(told)
        job.warn(
            f"order {i.number} at {job.destination.name}: {' '.join(answer.remarks)}"
            for i, answer in told
            if isinstance(answer, Receipt) and answer.remarks
        )
        refused = sum(isinstance(answer, Refused) for _, answer in told)
        job.count(confirmed=len(told) - refused, held=refused, unconfirmed=len(answers) - len(told))
        job.tell("settled")


def _vanished(job: Job, intent: Intent) -> Refused:
    return Refused(
        reason="needs_person",
        message=f"it was handed over to {job.destination.name} and is no longer to be found there",
        fix=f"look in {job.destination.title} for {intent.key}; if the order is missing, enter it by hand",
    )


def _outcome(answer: Receipt | Refused | None) -> Outcome:
    if answer is None:
        return NotSent(message="looked up: it had not arrived; it is sent again")
    return answer if isinstance(answer, Refused) else Accepted(receipt=answer)


def _look_up(job: Job, intents: Sequence[Intent]) -> Answers:
    newest = max(datetime.fromisoformat(intent.started_at) for intent in intents)
    job.wait_until_certain(newest, "1 order was" if len(intents) == 1 else f"{len(intents)} orders were")
    keys = [intent.key for intent in intents]
    for left in range(LOOKUPS - 1, -1, -1):
        try:
            found = _asked(job, intents)
            return {key: found[key] for key in keys if key in found}
        except UnavailableError as error:
            if not left or (error.retry_after or 0) > 120:
                raise
            job.pause(error.retry_after or 5.0)
    raise AssertionError("unreachable")


def _asked(job: Job, intents: Sequence[Intent]) -> Answers:
    with job.journal.about("settle", job.destination.name, [(intent.id, intent.number) for intent in intents]):
        found: Answers = job.destination.call("find_orders", keys=[intent.key for intent in intents])
        return found


def _park(job: Job, intents: Sequence[Intent]) -> None:
    parked = job.book.park(
        intents,
        f"it was sent to {job.destination.name} and no answer came; {job.destination.title} cannot be asked about it",
        lambda intent: (
            f"look in {job.destination.title} for {intent.key}, and enter the order by hand if it is missing"
        ),
    )
    job.count(held=parked)
