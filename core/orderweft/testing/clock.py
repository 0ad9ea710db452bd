"""A clock that jumps instead of waiting."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Stand still until told; sleeping moves it on at once. Safe to use from several threads."""

    def __init__(self, start: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._passed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Return the seconds passed since it was made."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Move on by *seconds*."""
        with self._lock:
            self._passed += max(0.0, seconds)
