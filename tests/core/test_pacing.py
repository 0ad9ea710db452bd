"""What the pacer promises: never faster than an account allows, and hardly slower."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orderweft import CostBucket, FixedWindow, Pacer, TokenBucket
from orderweft.testing import FakeClock

Limit = TokenBucket | FixedWindow | CostBucket


def moments(
    limit: Limit | None, calls: int, *, cost: float = 1.0, method: str = "GET", idle: list[float] | None = None
) -> list[float]:
    """Return when each of *calls* goes out, asked for as fast as possible, after *idle* seconds each."""
    clock = FakeClock()
    pacer = Pacer(limit, clock)
    times = []
    for index in range(calls):
        clock.sleep(idle[index % len(idle)] if idle else 0.0)
        pacer.acquire(method, cost)
        times.append(clock.monotonic())
    return times


def most_in_any(times: list[float], seconds: float) -> int:
    """Return the largest number of *times* within any span of *seconds*, its end left out."""
    return max(sum(start <= time < start + seconds for time in times) for start in times)


rates = st.floats(0.05, 500)
pauses = st.lists(st.floats(0, 30), min_size=1, max_size=8)


def test_without_a_limit_nothing_waits() -> None:
    """A channel that declares no limit is asked at once, every time."""
    assert moments(None, 50) == [0.0] * 50


def test_a_token_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    """The figures of a bucket mean what they say."""
    assert moments(TokenBucket(rate=2, burst=3), 6) == [0, 0, 0, 0.5, 1, 1.5]


@settings(deadline=None)
@given(rate=rates, burst=st.integers(1, 20), idle=pauses, calls=st.integers(2, 60))
def test_a_token_bucket_is_never_overdrawn(rate: float, burst: int, idle: list[float], calls: int) -> None:
    """In every span of time there are no more calls than its burst and what came in meanwhile."""
    times = moments(TokenBucket(rate, burst), calls, idle=idle)
    for first in range(calls):
        for last in range(first, calls):
            assert last - first + 1 <= burst + rate * (times[last] - times[first]) + 1e-6


@settings(deadline=None)
@given(rate=rates, burst=st.floats(1, 20), cost=st.floats(0.5, 15))
def test_a_token_bucket_is_used_up(rate: float, burst: float, cost: float) -> None:
    """Under saturation at least 97 % of the allowed rate is used, whatever a call costs."""
    times = moments(TokenBucket(rate, burst), 200, cost=cost)
    assert 199 * cost >= 0.97 * rate * times[-1]


def test_a_fixed_window_opens_with_the_first_call() -> None:
    """Credits come back all at once, a window's length after its first call, not after its last."""
    assert moments(FixedWindow(credits=2, seconds=10), 5, idle=[3]) == [3, 6, 13, 16, 23]


def test_the_window_that_is_left_is_told() -> None:
    """The time a window still runs is known, and is nothing before its first call and after its end."""
    clock = FakeClock()
    pacer = Pacer(FixedWindow(credits=2, seconds=10), clock)
    assert pacer.seconds_left_in_window() == 0
    pacer.acquire()
    clock.sleep(4)
    assert pacer.seconds_left_in_window() == 6
    clock.sleep(20)
    assert pacer.seconds_left_in_window() == 0
    assert Pacer(TokenBucket(1), clock).seconds_left_in_window() == 0


def test_methods_cost_their_own_credits() -> None:
    """A write that costs five credits leaves room for five reads fewer; methods not named cost one."""
    clock = FakeClock()
    pacer = Pacer(FixedWindow(credits=10, seconds=60, cost={"POST": 5}), clock)
    for method in ("POST", "GET", "GET", "GET", "GET", "DELETE"):
        pacer.acquire(method)
    assert clock.monotonic() == 0
    pacer.acquire("GET")
    assert clock.monotonic() == 60


@settings(deadline=None)
@given(
    credits_=st.integers(5, 50),
    seconds=st.floats(0.5, 300),
    methods=st.lists(st.sampled_from(["GET", "POST"]), min_size=1, max_size=80),
    idle=pauses,
)
def test_a_fixed_window_never_spends_more_than_its_credits(
    credits_: int, seconds: float, methods: list[str], idle: list[float]
) -> None:
    """Counted as the channel counts, from the first call of each window, no window is overspent."""
    clock = FakeClock()
    pacer = Pacer(FixedWindow(credits_, seconds, cost={"POST": 5}), clock)
    opened, spent = float("-inf"), 0
    for index, method in enumerate(methods):
        clock.sleep(idle[index % len(idle)])
        pacer.acquire(method)
        if clock.monotonic() >= opened + seconds:
            opened, spent = clock.monotonic(), 0
        spent += 5 if method == "POST" else 1
        assert spent <= credits_


@settings(deadline=None)
@given(credits_=st.integers(1, 50), seconds=st.floats(0.5, 300), windows=st.integers(1, 5))
def test_a_fixed_window_is_used_up(credits_: int, seconds: float, windows: int) -> None:
    """Under saturation all credits of every window are used."""
    times = moments(FixedWindow(credits_, seconds), credits_ * windows)
    assert times[-1] == pytest.approx(seconds * (windows - 1))
    assert most_in_any(times, seconds * 0.999) == credits_


def test_a_call_dearer_than_the_whole_limit_goes_out_alone() -> None:
    """A limit that is smaller than one call slows it down and does not stop it for ever."""
    assert moments(FixedWindow(credits=3, seconds=10), 3, cost=5) == [0, 10, 20]
    assert moments(TokenBucket(rate=1, burst=2), 3, cost=4) == [2, 6, 10]
    assert moments(CostBucket(rate=10, burst=50), 3, cost=100) == [0, 10, 20]


def test_a_cost_bucket_leaves_its_reserve_to_others() -> None:
    """With a tenth in reserve, nine tenths of the bucket go out at once and then no more than comes in."""
    times = moments(CostBucket(rate=10, burst=100, reserve=0.1), 12, cost=10)
    assert times == pytest.approx([0] * 9 + [1, 2, 3])


@settings(deadline=None)
@given(
    rate=st.floats(1, 1000),
    burst=st.integers(20, 2000),
    reserve=st.floats(0, 0.5),
    costs=st.lists(st.integers(1, 10), min_size=2, max_size=60),
    taken=st.lists(st.integers(0, 5), min_size=1, max_size=10),
)
def test_a_cost_bucket_told_by_answers_is_never_overdrawn(
    rate: float, burst: int, reserve: float, costs: list[int], taken: list[int]
) -> None:
    """When each answer tells what is left, calls never draw on more, though others use the same bucket."""
    clock = FakeClock()
    pacer = Pacer(CostBucket(rate, burst, reserve), clock)
    level, at = float(burst), 0.0
    for index, cost in enumerate(costs):
        pacer.acquire("POST", cost)
        level, at = min(burst, level + (clock.monotonic() - at) * rate), clock.monotonic()
        assert level - cost >= burst * reserve - 1e-6
        level -= cost + min(taken[index % len(taken)], level - cost)
        pacer.told(available=level, rate=rate, burst=burst)


@settings(deadline=None)
@given(rate=st.floats(1, 1000), burst=st.floats(20, 2000), cost=st.floats(1, 10), reserve=st.floats(0, 0.5))
def test_a_cost_bucket_is_used_up(rate: float, burst: float, cost: float, reserve: float) -> None:
    """Under saturation at least 97 % of what comes in is used."""
    times = moments(CostBucket(rate, burst, reserve), 300, cost=cost)
    assert 299 * cost >= 0.97 * rate * times[-1]


def test_the_channels_own_figures_replace_ours() -> None:
    """A larger plan told by an answer is used from then on; a rate of nothing does not stop the run for ever."""
    clock = FakeClock()
    pacer = Pacer(CostBucket(rate=1, burst=10), clock)
    pacer.acquire("POST", 10)
    pacer.told(available=0, rate=100, burst=1000)
    pacer.acquire("POST", 50)
    assert clock.monotonic() == pytest.approx(0.5)
    pacer.told(available=0, rate=0, burst=10)
    pacer.acquire("POST", 1)
    assert clock.monotonic() < 1002


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(None, id="no limit"),
        pytest.param(TokenBucket(5, 5), id="token bucket"),
        pytest.param(FixedWindow(5, 60), id="fixed window"),
        pytest.param(CostBucket(5, 5), id="cost bucket"),
    ],
)
def test_a_block_holds_everything_back(limit: Limit | None) -> None:
    """While the channel wants to be left alone nothing goes out; a shorter block does not shorten a longer one."""
    clock = FakeClock()
    pacer = Pacer(limit, clock)
    pacer.block(30)
    pacer.block(5)
    pacer.acquire()
    assert clock.monotonic() == pytest.approx(30)
    pacer.block(0)
    pacer.acquire()
    assert clock.monotonic() == pytest.approx(30)


class Crew(FakeClock):
    """A clock for several threads that moves on only when all of them sleep, to whoever wakes first."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self._moved = threading.Condition()
        self._threads = threads
        self._wakes: dict[int, float] = {}
        self.planned: list[tuple[float, Callable[[], None]]] = []
        """What happens at given moments, in order."""

    def sleep(self, seconds: float) -> None:
        """Sleep beside the others."""
        me = threading.get_ident()
        with self._moved:
            self._wakes[me] = self.monotonic() + seconds
            self._move_on()
            assert self._moved.wait_for(lambda: me not in self._wakes, timeout=10)

    def moments(self, pacer: Pacer, calls: int, cost: float = 1.0) -> list[float]:
        """Return when the calls go out that the threads make as fast as they may."""
        left, times = iter(range(calls)), []

        def work() -> None:
            for _ in left:
                pacer.acquire("POST", cost)
                times.append(self.monotonic())
            with self._moved:
                self._threads -= 1
                self._move_on()

        threads = [threading.Thread(target=work) for _ in range(self._threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(times) == calls
        return sorted(times)

    def _move_on(self) -> None:
        if not self._wakes or len(self._wakes) < self._threads:
            return
        wakes = min(self._wakes.values())
        while self.planned and self.planned[0][0] <= wakes:
            moment, happens = self.planned.pop(0)
            super().sleep(moment - self.monotonic())
            happens()
        super().sleep(wakes - self.monotonic())
        self._wakes = {thread: moment for thread, moment in self._wakes.items() if moment > wakes}
        self._moved.notify_all()


@pytest.mark.parametrize("threads", [2, 4, 8])
def test_threads_share_a_token_bucket(threads: int) -> None:
    """Several threads together are no faster than the bucket and use at least 97 % of it."""
    crew = Crew(threads)
    times = crew.moments(Pacer(TokenBucket(rate=10, burst=2), crew), 200)
    assert times[-1] == pytest.approx(198 / 10, rel=0.03)
    assert most_in_any(times, 0.999) <= 12


@pytest.mark.parametrize("threads", [2, 4, 8])
def test_threads_share_a_fixed_window(threads: int) -> None:
    """Several threads together use each window up and no more."""
    crew = Crew(threads)
    times = crew.moments(Pacer(FixedWindow(credits=20, seconds=60), crew), 100)
    assert times == pytest.approx([60.0 * (index // 20) for index in range(100)])


@pytest.mark.parametrize("threads", [2, 4, 8])
def test_threads_share_a_cost_bucket(threads: int) -> None:
    """Several threads together never draw on the reserve and use what comes in."""
    crew = Crew(threads)
    times = crew.moments(Pacer(CostBucket(rate=100, burst=200, reserve=0.1), crew), 200, cost=10)
    spent = list(accumulate(10 for _ in times))
    assert all(total <= 180 + 100 * time + 1e-6 for total, time in zip(spent, times, strict=True))
    assert times[-1] == pytest.approx((2000 - 180) / 100, rel=0.03)


@pytest.mark.parametrize("limit", [TokenBucket(rate=1, burst=1), CostBucket(rate=1, burst=1)], ids=["token", "cost"])
def test_no_crowd_rushes_out_after_a_block(limit: Limit) -> None:
    """Calls that waited for their turn when the block came take turns again after it."""
    crew = Crew(4)
    pacer = Pacer(limit, crew)
    crew.planned = [(0.5, lambda: pacer.block(20))]
    times = crew.moments(pacer, 20)
    assert [time for time in times if 0.5 < time < 20.5] == []
    assert most_in_any(times, 0.999) == 1
