"""Step *change*: what becomes of orders that were edited or cancelled at their source after they were delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from ..config import PipelineConfig
from ..differences import order_differences
from ..errors import LedgerError, OrderweftError, SettingsError, TemplateError, UnavailableError
from ..exchange import OrderCancellation, OrderUpdate
from ..ledger import Staged, Verdict
from ..ledger.changes import Late, OrderChange, held_changes
from ..plugins import CHANGES
from ..records import AlreadyThere, NotSent, Order, Outcome, Refused
from .ends import End
from .job import Job
from .map import map_order
from .send import LONGEST_WAIT, TRIES, as_outcome, pause

KeyOf = Callable[[str, str, int], str]
"""Gives the key of a delivery by the source's name, the order's id, and which export of it it is."""

PAGE = 100
ROUNDS = 2
"""How often a run sends a change, the second time after an answer that did not come."""
GIVE_UP = 3
"""Changes that were not taken after which the run stops: then it is not the changes."""
SHOWN = 5
"""Differences told of one order in a warning."""


def refuse_unable(config: PipelineConfig, destination: End) -> None:
    """Raise SettingsError when *destination* cannot change or cancel orders it has, and the pipeline asks it to."""
    for name, (wanted, hook) in CHANGES.items():
        if getattr(config.settings, name) != wanted:
            continue
        argument = "updates" if wanted == "update" else "cancellations"
        if not destination.can(hook) or destination.call(hook, **{argument: []}) is None:
            raise SettingsError(
                f'pipeline {config.name!r}: {name} = "{wanted}" does not work with {destination.name}: '
                f'{destination.title} cannot {wanted} orders it has with these settings; use "alert" or "ignore"'
            )


def follow(job: Job, key_of: KeyOf) -> None:
    """Note every new form of a delivered order, and send it where the pipeline says so and the destination can."""
    _note(job)
    for _ in range(ROUNDS):
        if job.stop.is_set() or not (unknown := _send(job, key_of)):
            break
    else:
        job.report.warnings.append(
            f"{job.destination.name} gave no answer to {unknown} changes of orders; they are looked up before anything "
            "is sent again"
        )
    held = [one for one in held_changes(job.ledger, job.config.name) if _is_sent(job, one)]
    job.report.changes += held
    job.warn(f"{_said(job, one)}, and {job.destination.name} cannot follow: {_why(one)}" for one in held)


def foreseen(job: Job, staged: Staged) -> tuple[str, str] | None:
    """Return what a run would do about a new form of a delivered order, and how it differs; None for nothing."""
    if not staged.changed or staged.state != "delivered":
        return None
    base, before = job.changes.before(staged.id)
    cancelled = staged.order is not None and staged.order.status == "cancelled"
    change = OrderChange(
        job.config.name, staged.id, staged.number, job.destination.name, staged.revision, base, cancelled, "noted", ""
    )
    judged = _judged(job, Late(change, staged.order, before, staged.problem, staged.skip))
    if judged.state == "noted":
        return None
    return "cancel" if cancelled else "update", "; ".join(judged.diff)


def _note(job: Job) -> None:
    after = ""
    while late := job.changes.unseen(after, PAGE):
        after = late[-1].change.id
        judged = [_judged(job, one) for one in late]
        job.changes.note(judged)
        job.tell("decided")
        noted = [one for one in judged if one.state == "noted" and one.diff]
        job.report.changes += [one for one in noted if _mode(job, one) != "ignore"]
        job.warn(_noticed(job, one) for one in noted)


def _judged(job: Job, late: Late) -> OrderChange:
    change, order, before = late.change, late.order, late.before
    if change.cancelled:
        diff: tuple[str, ...] = ("the order was cancelled",)
    elif order is None:
        diff = (late.problem or "it cannot be read any more",)
    elif before is None:
        diff = ("what was delivered is not kept any more, so what has changed cannot be told",)
    else:
        diff = order_differences(before, order)
    noted = replace(change, diff=diff)
    if not _is_sent(job, change):
        return noted
    if late.skip is not None and not change.cancelled:
        return replace(noted, message=late.skip)
    # what is as it was delivered still goes out when another form may have arrived since
    return replace(noted, state="waiting") if diff or len(job.changes.forms(change)) > 1 else noted


def _is_sent(job: Job, change: OrderChange) -> bool:
    return _mode(job, change) in ("update", "cancel")


def _mode(job: Job, change: OrderChange) -> str:
    return job.config.settings.on_cancel if change.cancelled else job.config.settings.on_change


def _noticed(job: Job, change: OrderChange) -> str:
    mode = _mode(job, change)
    if mode == "ignore":
        return f"{_said(job, change)}; {job.destination.name} is not told, an order goes out once"
    if mode == "alert":
        return f"{_said(job, change)}; change {change.there} at {job.destination.name} by hand: {_shown(change.diff)}"
    return f"{_said(job, change)}; {job.destination.name} is not told now: {change.message}"


def _said(job: Job, change: OrderChange) -> str:
    what = "cancelled" if change.cancelled else "changed"
    return f"order {change.number} was {what} at {job.source.name} after it was delivered"


def _shown(diff: Sequence[str]) -> str:
    more = f"; and {len(diff) - SHOWN} more" if len(diff) > SHOWN else ""
    return "; ".join(diff[:SHOWN]) + more


def _why(change: OrderChange) -> str:
    return (change.message or "") + (f" ({change.fix})" if change.fix else "")


def _send(job: Job, key_of: KeyOf) -> int:
    """Send what is due once and return how many answers did not come."""
    after, in_vain, unknown = "", 0, 0
    while not job.stop.is_set() and (due := job.changes.due(after, PAGE, retry=job.options.number is not None)):
        after = due[-1].id
        for one in due:
            if job.options.number not in (None, one.number) or not _is_sent(job, one):
                continue
            done = _bring(job, one, key_of)
            unknown += done.state == "sending"
            in_vain = in_vain + 1 if done.state == "waiting" else 0
            if in_vain == GIVE_UP:
                job.fail(UnavailableError(job.destination.say(done.message or "it takes no changes")))
            if job.stop.is_set():
                return 0
    return unknown


def _bring(job: Job, change: OrderChange, key_of: KeyOf) -> OrderChange:
    """Bring one order at the destination to its newest form, and return what came of it."""
    prepared = _prepared(job, change, change.key or key_of(job.config.settings.source, change.id, change.export))
    if isinstance(prepared, Refused | AlreadyThere):
        return _settled(job, change, prepared)
    if (since := job.changes.in_doubt(change)) is not None:
        job.wait_until_certain(datetime.fromisoformat(since), "a change was")
    if job.stop.is_set() or not job.changes.intend(change):
        return change
    job.tell("intended")
    outcome = _patiently(job, change, prepared)
    job.tell("sent")
    return _settled(job, change, outcome)


def _settled(job: Job, change: OrderChange, outcome: Outcome) -> OrderChange:
    done = job.changes.settle(change, outcome)
    if done.state == "done":
        job.count(**{"revoked" if change.cancelled else "updated": 1})
        job.report.changes.append(done)
        if done.receipt is not None:
            job.warn(f"order {done.number}: {text}" for text in done.receipt.remarks)
    job.tell("settled")
    return done


def _prepared(job: Job, change: OrderChange, key: str) -> OrderUpdate | OrderCancellation | Refused | AlreadyThere:
    late, receipt = job.changes.newest(change), change.receipt
    assert receipt is not None
    if change.cancelled and not receipt.cancelled:
        return OrderCancellation(key, change.number, receipt)
    if change.cancelled:
        return AlreadyThere(receipt=receipt)
    if receipt.cancelled:
        fix = "set the order to re-export if it is wanted again"
        return _by_hand(f"the order was cancelled at {job.destination.name} meanwhile", fix)
    if late.order is None:
        return _by_hand(late.problem or "it cannot be read", f"correct the order at {job.source.name}", "invalid_field")
    mapped = _mapped(job, change, late.order)
    if isinstance(mapped, Refused):
        return mapped
    forms = job.changes.forms(change)
    if change.base not in forms:
        return _by_hand("what was delivered is not kept any more", "compare the two orders and change it by hand")
    known = (map_order(_staged(change, one), one, job.field_map) for one in forms.values())
    return OrderUpdate(mapped, tuple(one for one in known if isinstance(one, Order)), key, receipt, change.revision)


def _staged(change: OrderChange, order: Order) -> Staged:
    return Staged(change.id, change.number, "delivered", change.revision, order)


def _by_hand(message: str, fix: str, reason: str = "needs_person") -> Refused:
    return Refused.model_validate({"reason": reason, "message": message, "fix": fix})


def _mapped(job: Job, change: OrderChange, order: Order) -> Order | Refused:
    """Return *order* as the destination gets it, or why it cannot go."""
    staged = _staged(change, order)
    try:
        left_out = job.rules.reason(order)
    except TemplateError as error:
        left_out = f"a skip rule fails: {error}"
    if left_out is not None:
        return _by_hand(f"a skip rule leaves it out now: {left_out}", f"change it by hand: {_shown(change.diff)}")
    mapped = map_order(staged, order, job.field_map)
    verdict = mapped if isinstance(mapped, Verdict) else job.checks.hold(staged, mapped.to_data())
    if verdict is None:
        assert isinstance(mapped, Order)
        return mapped
    return Refused.model_validate({"reason": verdict.reason, "message": verdict.message, "fix": verdict.fix})


def _patiently(job: Job, change: OrderChange, prepared: OrderUpdate | OrderCancellation) -> Outcome:
    """Call the destination until it has taken the change or refused it, or patience is out."""
    patience = LONGEST_WAIT
    for attempt in range(TRIES):
        outcome = _call(job, change, prepared)
        if not isinstance(outcome, NotSent) or job.stop.is_set() or attempt == TRIES - 1:
            return outcome
        wait = pause(outcome, attempt)
        if wait > patience:
            return outcome
        patience -= wait
        job.tell("waiting", f"{job.destination.name} takes no changes now; trying again in {wait:.0f} s")
        job.pause(wait)
    return outcome


def _call(job: Job, change: OrderChange, prepared: OrderUpdate | OrderCancellation) -> Outcome:
    hook, name = (
        ("update_orders", "updates") if isinstance(prepared, OrderUpdate) else ("cancel_orders", "cancellations")
    )
    try:
        with job.journal.about("send", job.destination.name, [(change.id, change.number)]):
            outcomes: list[Outcome] = job.destination.call_list(hook, 1, **{name: [prepared]})
            return outcomes[0]
    except LedgerError:
        raise
    except OrderweftError as error:
        return as_outcome(job, error)
