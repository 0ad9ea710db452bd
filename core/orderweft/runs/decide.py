"""Step *decide*: skipped, cancelled, unreadable, or to be delivered."""

from __future__ import annotations

from ..errors import TemplateError
from ..ledger import Staged, Verdict
from ..rules import SkipRules


def decide(staged: Staged, rules: SkipRules, source: str) -> Verdict | None:
    """Return why *staged* is not to be delivered, or None when it is; *source* is the name of its connection."""
    if staged.skip is not None:
        cancelled = staged.order is not None and staged.order.status == "cancelled"
        return Verdict(staged, "cancelled" if cancelled else "skipped", None, staged.skip)
    if staged.order is None:
        return Verdict(
            staged,
            "held",
            "invalid_field",
            staged.problem or "it cannot be read",
            f"correct the order at {source} or the setting named; then it is read again",
        )
    try:
        reason = rules.reason(staged.order)
    except TemplateError as error:
        return Verdict(staged, "held", "invalid_field", f"a skip rule fails: {error}", "correct the rule")
    return Verdict(staged, "skipped", None, reason) if reason is not None else None
