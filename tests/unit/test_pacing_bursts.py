"""A steady rate lets a burst through at once, and then one start each interval, whatever the order of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.credits.pacing import Gcra

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def starts(pace: Gcra, arrivals: list[float]) -> list[float]:
    """When requests that arrive at these seconds start."""
    paid_until, found = None, []
    for arrival in arrivals:
        start = pace.earliest(paid_until, NOON + timedelta(seconds=arrival))
        paid_until = pace.started(paid_until, start)
        found.append((start - NOON).total_seconds())
    return found


def test_ten_start_at_once_and_then_one_each_second() -> None:
    assert starts(Gcra(SECOND, burst=10), [0.0] * 13) == [0.0] * 10 + [1.0, 2.0, 3.0]


def test_a_pause_gives_the_burst_back_and_no_more() -> None:
    pace = Gcra(SECOND, burst=3)
    assert starts(pace, [0, 0, 0, 100, 100, 100, 100]) == [0, 0, 0, 100, 100, 100, 101]


def test_without_a_burst_starts_are_an_interval_apart() -> None:
    assert starts(Gcra(SECOND), [0.0, 0.0, 5.0, 5.5]) == [0.0, 1.0, 5.0, 6.0]


@given(
    st.integers(1, 12), st.lists(st.floats(0, 3, allow_nan=False), max_size=60), st.floats(0.1, 60), st.floats(0, 100)
)
def test_no_window_ever_holds_more_than_the_burst_and_its_share(
    burst: int, gaps: list[float], window_s: float, begin_s: float
) -> None:
    arrivals, at = [], 0.0
    for gap in gaps:
        at += gap
        arrivals.append(at)
    found = starts(Gcra(SECOND, burst), arrivals)
    assert all(start >= arrival - 1e-5 for start, arrival in zip(found, arrivals, strict=True))
    assert sum(begin_s <= start < begin_s + window_s for start in found) <= burst + window_s + 1e-3
