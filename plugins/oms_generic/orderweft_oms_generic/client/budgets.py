"""The profile's budgets: how fast calls may follow each other."""

from __future__ import annotations

from collections.abc import Iterable

from orderweft import Connection, FixedWindow, Pacer, Response, TokenBucket

from ..config import Settings
from ..profiles.parts import Budget


class Budgets:
    """The budgets of one account; use `connection.once(Budgets)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._budgets = connection.settings.system.budgets
        self._pacers = {name: Pacer(_limit(budget), connection.clock) for name, budget in self._budgets.items()}

    def spend(self, names: Iterable[str], method: str) -> None:
        """Wait until a call that is booked on *names* may go out."""
        for name in names:
            self._pacers[name].acquire(method)

    def learn(self, names: Iterable[str], response: Response) -> None:
        """Send nothing more for a while when an answer tells that no call is left."""
        for name in names:
            budget, pacer = self._budgets[name], self._pacers[name]
            left = response.headers.get((budget.left_header or "").lower(), "").strip()
            if left and not left.strip("0."):
                is_bucket = budget.kind == "bucket"
                pacer.block(1 / budget.rate if is_bucket else pacer.seconds_left_in_window())

    def block(self, names: Iterable[str], seconds: float) -> None:
        """Let no call booked on *names* through for *seconds*."""
        for name in names:
            self._pacers[name].block(seconds)


def _limit(budget: Budget) -> TokenBucket | FixedWindow:
    if budget.kind == "window":
        return FixedWindow(credits=budget.calls, seconds=budget.seconds)
    return TokenBucket(rate=budget.rate, burst=budget.burst)
