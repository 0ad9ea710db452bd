"""How fast an account may be asked: the kinds of limit channels have, and the pacer that keeps them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from .clock import Clock


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """*rate* calls a second on average, *burst* at once."""

    rate: float
    burst: float = 1.0


@dataclass(frozen=True, slots=True)
class FixedWindow:
    """*credits* in every window of *seconds*, which opens with the first call; a call costs by its method."""

    credits: float
    seconds: float
    cost: Mapping[str, float] = field(default_factory=dict)
    """Credits per HTTP method; others cost 1."""


@dataclass(frozen=True, slots=True)
class CostBucket:
    """Points that come back at *rate* a second up to *burst*; each answer tells how many are left.

    *reserve* is the share of the bucket left to other users of the same account.
    """

    rate: float
    burst: float
    reserve: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account bears."""

    in_flight: int = 1
    """Calls at the same time."""
    batch_size: int = 1
    """Orders in one delivering call."""
    batch_sizes: Mapping[str, int] = field(default_factory=dict)
    """Records in one writing call, by what the pipeline moves (`inventory`, `catalog` ...); 100 where none is given."""
    settle_seconds: float = 0.0
    """How long after a call without an answer the channel may still be working on it."""
    pacing: TokenBucket | FixedWindow | CostBucket | None = None


class Pacer:
    """Let calls through no faster than one account's limit; safe to use from several threads."""

    def __init__(
        self, limit: TokenBucket | FixedWindow | CostBucket | None, clock: Clock, *, in_flight: int = 1
    ) -> None:
        self._clock = clock
        self.slots = threading.BoundedSemaphore(max(1, in_flight))
        """Held during each call, so that no more of them are under way than the account bears."""
        self._lock = threading.Lock()
        self._blocked_until = 0.0
        self._window = limit if isinstance(limit, FixedWindow) else None
        bucket = TokenBucket(1, 1) if limit is None or self._window else limit
        self._limited = limit is not None
        self._is_told = isinstance(limit, CostBucket)
        assert not isinstance(bucket, FixedWindow)
        self._rate, self._burst = bucket.rate, bucket.burst
        self._reserve = bucket.reserve if isinstance(bucket, CostBucket) else 0.0
        self._level = bucket.burst
        self._level_at = clock.monotonic()
        self._window_opened: float | None = None
        self._spent = 0.0

    def acquire(self, method: str = "GET", cost: float = 1.0, *, clock: Clock | None = None) -> None:
        """Wait until a call by *method* that costs *cost* may go out, and book it.

        Who shares the pacer with others waits by a *clock* of its own.
        """
        wait, booked = self._book(method, cost)
        while wait > 0:
            (clock or self._clock).sleep(wait)
            if booked and not self._blocked_for():
                return
            wait, booked = self._book(method, cost)

    def block(self, seconds: float) -> None:
        """Let nothing through for *seconds*, because the channel said so."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock.monotonic() + seconds)

    def told(self, *, available: float, rate: float, burst: float) -> None:
        """Take over what the channel says of its cost bucket."""
        with self._lock:
            self._rate, self._burst = max(rate, 0.001), burst
            self._level, self._level_at = available, self._clock.monotonic()

    def seconds_left_in_window(self) -> float:
        """Return how long the current fixed window still runs; 0 without one."""
        if self._window is None or self._window_opened is None:
            return 0.0
        return max(0.0, self._window_opened + self._window.seconds - self._clock.monotonic())

    def left(self) -> float | None:
        """Return how many calls, or points, may go out at once; None without a limit."""
        with self._lock:
            if not self._limited:
                return None
            if self._blocked_for() > 0:
                return 0.0
            if self._window is not None:
                return max(0.0, self._window.credits - (self._spent if self.seconds_left_in_window() else 0.0))
            now = self._clock.monotonic()
            return max(0.0, min(self._burst, self._level + (now - self._level_at) * self._rate))

    def _blocked_for(self) -> float:
        return max(0.0, self._blocked_until - self._clock.monotonic())

    def _book(self, method: str, cost: float) -> tuple[float, bool]:
        """Return how long to wait, and whether the call is booked already or has to ask again then."""
        with self._lock:
            if (blocked := self._blocked_for()) > 0:
                return blocked, False
            if not self._limited:
                return 0.0, True
            now = self._clock.monotonic()
            if self._window is not None:
                return self._book_window(self._window, now, self._window.cost.get(method, 1.0) * cost)
            return self._book_bucket(now, cost)

    def _book_window(self, window: FixedWindow, now: float, cost: float) -> tuple[float, bool]:
        if self._window_opened is None or now >= self._window_opened + window.seconds:
            self._window_opened, self._spent = now, 0.0
        if self._spent and self._spent + cost > window.credits:
            return self._window_opened + window.seconds - now, False
        self._spent += cost
        return 0.0, True

    def _book_bucket(self, now: float, cost: float) -> tuple[float, bool]:
        self._level = min(self._burst, self._level + (now - self._level_at) * self._rate)
        self._level_at = now
        if not self._is_told:
            # booked ahead of time, so that a thread that wakes up late costs the others nothing
            self._level -= cost
            return max(0.0, -self._level / self._rate), True
        floor = self._reserve * self._burst
        needed = min(cost, self._burst - floor)
        if self._level - floor < needed - 1e-9:
            return (needed - (self._level - floor)) / self._rate, False
        self._level -= cost
        return 0.0, True
