"""On a burst 429 all threads slow down together and speed up again; without one, nobody is held back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from math import inf

import pytest

from functions.enrichment import rate_limiter
from functions.enrichment.rate_limiter import RateLimiter
from functions.runtime import Runtime


class Time(Runtime):
    """A clock that only sleeping moves; it is the `stop` of its sleeper as well."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.ended = False

    def monotonic(self) -> float:
        return self.now_s

    def is_set(self) -> bool:
        return self.ended

    def wait(self, timeout: float, /) -> bool:
        self.now_s += timeout
        return self.ended


@pytest.fixture
def time() -> Time:
    return Time()


def serve(pace: RateLimiter, time: Time, count: int, each_s: float = 0.0) -> float:
    """So many turns one after the other, each answered after `each_s`; how long they took."""
    began_s = time.now_s
    for _ in range(count):
        assert pace.acquire(time)
        time.now_s += each_s
        pace.speed_up()
    return time.now_s - began_s


def objected(time: Time, retry_after_s: float | None = None) -> RateLimiter:
    """A pace that served 100 answers in a second, and then met the burst limit."""
    pace = RateLimiter(4, time)
    serve(pace, time, 100, each_s=0.01)
    pace.acquire(time)
    pace.slow_down(retry_after_s)
    return pace


def test_nobody_waits_while_nobody_objects(time: Time) -> None:
    pace = RateLimiter(4, time)
    assert serve(pace, time, 1000) == 0
    assert pace.per_s == inf


def test_after_the_burst_limit_all_start_below_the_rate_that_was_served(time: Time) -> None:
    pace = objected(time)
    assert pace.per_s == pytest.approx(rate_limiter.SLOWER * 100, rel=0.05)
    assert serve(pace, time, 10) >= rate_limiter.PAUSE_S + 9 / 100


def test_many_objections_to_one_burst_count_once(time: Time) -> None:
    pace = RateLimiter(4, time)
    serve(pace, time, 100, each_s=0.01)
    together = threading.Barrier(4)

    def throttled() -> None:
        pace.acquire(time)
        together.wait()
        pace.slow_down()

    with ThreadPoolExecutor(4) as threads:
        for answer in [threads.submit(throttled) for _ in range(4)]:
            answer.result()
    assert pace.per_s == pytest.approx(rate_limiter.SLOWER * 100, rel=0.05)


def test_an_objection_after_slowing_down_slows_down_further(time: Time) -> None:
    pace = objected(time)
    once = pace.per_s
    serve(pace, time, 20)
    pace.acquire(time)
    pace.slow_down()
    assert pace.per_s < once


@pytest.mark.parametrize(("asked_s", "waited_s"), [(3.0, 3.0), (10_000.0, rate_limiter.MAX_PAUSE_S)])
def test_retry_after_is_honoured_within_reason(time: Time, asked_s: float, waited_s: float) -> None:
    pace = objected(time, asked_s)
    assert serve(pace, time, 1) == pytest.approx(waited_s, abs=0.1)


def test_it_speeds_up_again_until_it_holds_nothing_back(time: Time) -> None:
    pace = objected(time)
    slowed = pace.per_s
    serve(pace, time, 200)
    assert slowed < pace.per_s < inf
    for _ in range(100):
        serve(pace, time, 100, each_s=0.01)
        if pace.per_s == inf:
            return
    pytest.fail("it never became free again")


def test_it_never_stands_still(time: Time) -> None:
    pace = RateLimiter(4, time)
    for _ in range(200):
        pace.acquire(time)
        pace.slow_down()
    assert pace.per_s >= rate_limiter.MIN_PER_S


def test_who_is_stopped_gets_no_turn(time: Time) -> None:
    pace = objected(time)
    time.ended = True
    assert not pace.acquire(time)
