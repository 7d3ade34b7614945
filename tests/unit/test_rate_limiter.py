"""On many 429 all threads slow down together and speed up again; few of them, or none, hold nobody back."""

from __future__ import annotations

from math import inf
from random import Random

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


def started(pace: RateLimiter, time: Time) -> int:
    """A turn that has begun."""
    turn = pace.acquire(time)
    assert turn is not None
    return turn


def serve(pace: RateLimiter, time: Time, count: int, each_s: float = 0.0) -> float:
    """So many turns one after the other, each answered after `each_s`; how long they took."""
    began_s = time.now_s
    for _ in range(count):
        assert pace.acquire(time) is not None
        time.now_s += each_s
        pace.speed_up()
    return time.now_s - began_s


def objected(time: Time, retry_after_s: float | None = None) -> RateLimiter:
    """A pace that served 100 answers in a second, and then met the burst limit."""
    pace = RateLimiter(4, time)
    serve(pace, time, 100, each_s=0.01)
    object_to(pace, time, retry_after_s)
    return pace


def object_to(pace: RateLimiter, time: Time, retry_after_s: float | None = None) -> None:
    """The provider objects until the pace is slower."""
    before = pace.per_s
    for _ in range(100):
        pace.slow_down(started(pace, time), retry_after_s)
        if pace.per_s < before:
            return
    pytest.fail("it never slowed down")


def test_nobody_waits_while_nobody_objects(time: Time) -> None:
    pace = RateLimiter(4, time)
    assert serve(pace, time, 1000) == 0
    assert pace.per_s == inf


def test_after_the_burst_limit_all_start_below_the_rate_that_was_served(time: Time) -> None:
    pace = objected(time)
    assert pace.per_s == pytest.approx(rate_limiter.SLOWER * 100, rel=0.05)
    assert serve(pace, time, 10) >= rate_limiter.PAUSE_S + 9 / 100


def test_a_few_objections_at_random_hold_nobody_back(time: Time) -> None:
    pace, chance = RateLimiter(16, time), Random(1)
    for _ in range(20_000):
        turn = started(pace, time)
        time.now_s += 1 / 320
        if chance.random() < 0.05:
            pace.slow_down(turn)
        else:
            pace.speed_up()
    assert pace.per_s == inf
    assert time.now_s == pytest.approx(20_000 / 320)


@pytest.mark.parametrize(("asked_s", "waited_s"), [(20.0, 20.0), (10_000.0, rate_limiter.MAX_PAUSE_S)])
def test_the_end_of_a_window_is_waited_for_after_one_objection(time: Time, asked_s: float, waited_s: float) -> None:
    pace = RateLimiter(16, time)
    serve(pace, time, 100, each_s=0.01)
    pace.slow_down(started(pace, time), asked_s)
    assert serve(pace, time, 100) == pytest.approx(waited_s)


def test_many_objections_to_one_burst_count_once(time: Time) -> None:
    pace = RateLimiter(4, time)
    serve(pace, time, 100, each_s=0.01)
    for turn in [started(pace, time) for _ in range(40)]:
        pace.slow_down(turn)
    assert pace.per_s == pytest.approx(rate_limiter.SLOWER * 100, rel=0.05)


def test_an_objection_after_slowing_down_slows_down_further(time: Time) -> None:
    pace = objected(time)
    once = pace.per_s
    serve(pace, time, 3)
    object_to(pace, time)
    assert pace.per_s < once


def test_a_short_retry_after_is_honoured_by_all_once_the_rate_is_too_high(time: Time) -> None:
    pace = objected(time, 3.0)
    assert serve(pace, time, 1) == pytest.approx(3.0, abs=0.1)


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
        pace.slow_down(started(pace, time))
    assert pace.per_s >= rate_limiter.MIN_PER_S


def test_who_is_stopped_gets_no_turn(time: Time) -> None:
    pace = objected(time)
    time.ended = True
    assert pace.acquire(time) is None
