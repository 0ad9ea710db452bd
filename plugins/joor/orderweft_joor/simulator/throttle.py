"""The credits of one account: 300 in a fixed window of 300 seconds that opens with the first call."""

from __future__ import annotations

from orderweft import Clock

CREDITS = 300
SECONDS = 300.0


class Throttle:
    """Count the credits of one account; a GET costs 1, any other call 5."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closes_at = 0.0
        self._left = 0

    def charge(self, method: str) -> float:
        """Book one call and return 0, or the seconds until the window closes when the credits do not suffice."""
        now = self._clock.monotonic()
        if now >= self._closes_at:
            self._closes_at, self._left = now + SECONDS, CREDITS
        cost = 1 if method == "GET" else 5
        if cost > self._left:
            return self._closes_at - now
        self._left -= cost
        return 0.0
