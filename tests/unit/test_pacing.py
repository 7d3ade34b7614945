"""All instances together keep every limit of a key, waste none of it, and find out politely whether a limit is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.credits import pacing
from functions.credits.pacing import Gcra, Schedule, Turn, Turns, turns
from functions.credits.terms import Limit, WindowStart

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MARGIN = timedelta(minutes=2)
TEN_A_SECOND = Limit(Decimal(10), SECOND, WindowStart.ROLLING)


def schedule(*limits: Limit) -> Schedule:
    return Schedule(limits=limits)


def times(found: Turns) -> list[datetime]:
    return [turn.at for turn in found.given]


def run(schedule: Schedule, count: int, now: datetime) -> list[datetime]:
    """The starts of so many requests that ask again and again, as soon as they may."""
    got: list[datetime] = []
    while len(got) < count:
        found = turns(schedule, count - len(got), now)
        got += times(found)
        schedule = found.schedule
        now = max(now, schedule.earliest(now) - pacing.AHEAD)
    return got


def test_a_steady_rate_begins_at_once_and_then_gives_one_start_each_interval() -> None:
    gcra, paid_until, got = Gcra(SECOND), None, []
    for _ in range(3):
        start = gcra.earliest(paid_until, NOON)
        paid_until = gcra.started(paid_until, start)
        got.append(start - NOON)
    assert got == [timedelta(0), SECOND, 2 * SECOND]


def test_after_a_pause_a_burst_starts_at_once_and_the_average_holds() -> None:
    gcra, paid_until, got = Gcra(SECOND, burst=10), None, []
    for _ in range(12):
        start = gcra.earliest(paid_until, NOON)
        paid_until = gcra.started(paid_until, start)
        got.append(start - NOON)
    assert got == [timedelta(0)] * 10 + [SECOND, 2 * SECOND]
    assert gcra.earliest(paid_until, NOON + MINUTE) == NOON + MINUTE


def test_no_start_is_given_further_ahead_than_three_seconds() -> None:
    found = turns(schedule(TEN_A_SECOND), 1_000, NOON)
    assert [at - NOON for at in times(found)] == [number * SECOND / 10 for number in range(31)]
    assert turns(found.schedule, 5, NOON).given == ()
    assert len(turns(found.schedule, 5, NOON + SECOND / 2).given) == 5


def test_the_slowest_of_several_rates_holds() -> None:
    got = run(schedule(TEN_A_SECOND, Limit(Decimal("0.5"), SECOND, WindowStart.ROLLING)), 4, NOON)
    assert [at - NOON for at in got] == [number * 2 * SECOND for number in range(4)]


def test_a_limit_by_the_clock_is_over_when_its_day_is() -> None:
    limited = schedule(Limit(Decimal(3), DAY, WindowStart.CLOCK))
    assert run(limited, 7, NOON) == [NOON] * 3 + [MIDNIGHT] * 3 + [MIDNIGHT + DAY]


def test_a_limit_from_the_first_request_is_over_a_moment_after_its_window() -> None:
    limited = schedule(Limit(Decimal(2), MINUTE, WindowStart.FIRST_REQUEST))
    second = NOON + MINUTE + pacing.MARGIN
    assert run(limited, 5, NOON) == [NOON] * 2 + [second] * 2 + [second + MINUTE + pacing.MARGIN]


def test_a_rolling_limit_never_counts_too_few() -> None:
    limited = schedule(TEN_A_SECOND, Limit(Decimal(300), MINUTE, WindowStart.ROLLING))
    got = run(limited, 1_000, NOON)
    for first, last in zip(got, got[300:], strict=False):
        assert last - first >= MINUTE
    assert got[-1] - NOON < 4 * MINUTE, "nor far too many"


KINDS = st.builds(
    Limit,
    st.integers(1, 40).map(Decimal),
    st.sampled_from([SECOND, MINUTE, HOUR, DAY]),
    st.sampled_from(list(WindowStart)),
)
PAUSES = st.lists(st.integers(0, 4_000).map(lambda tenths: timedelta(seconds=tenths / 10)), min_size=1, max_size=60)


@settings(deadline=None)
@given(st.lists(KINDS, min_size=1, max_size=4), PAUSES)
def test_no_limit_is_ever_passed_whatever_comes_when(limits: list[Limit], pauses: list[timedelta]) -> None:
    limited, now = schedule(*limits), NOON
    got: list[datetime] = []
    for pause in pauses:
        now += pause
        found = turns(limited, 5, now)
        got += times(found)
        limited = found.schedule
    assert got == sorted(got)
    for limit in limits:
        for place, first in enumerate(got):
            within = [at for at in got[place:] if at < _end(limit, first)]
            assert len(within) <= limit.count, limit
            if limit.starts is WindowStart.FIRST_REQUEST and limit.window > SECOND:
                break  # its further windows begin where the first one ended


def _end(limit: Limit, first: datetime) -> datetime:
    """The end of the window that a start lies in, or of the one that begins with it."""
    return limit.next_window(first)


def test_a_days_limit_blocks_until_its_end_and_a_margin() -> None:
    limited = schedule(Limit(Decimal(1), DAY, WindowStart.CLOCK)).started(NOON)
    blocked = limited.used_up(NOON, MARGIN)
    assert blocked.earliest(NOON) == MIDNIGHT + MARGIN
    assert blocked.used_up(NOON + HOUR, 2 * MARGIN) == blocked, "whoever is first decides for all"


def test_a_minutes_limit_is_waited_for_and_blocks_nobody() -> None:
    limited = schedule(Limit(Decimal(1), MINUTE, WindowStart.FIRST_REQUEST)).started(NOON)
    assert limited.used_up(NOON, MARGIN) == limited


def test_after_a_limit_one_request_finds_out_and_its_answer_frees_all() -> None:
    refused = schedule(TEN_A_SECOND).refused(NOON, HOUR, NOON, MARGIN)
    woken = NOON + HOUR + MARGIN
    assert refused.earliest(NOON) == woken
    probing = turns(refused, 20, woken)
    assert probing.given == (Turn(woken, is_probe=True),)
    assert turns(probing.schedule, 20, woken + SECOND).given == ()
    assert len(turns(probing.schedule, 20, woken + pacing.PROBE).given) == 1, "its process died: another finds out"
    assert len(turns(probing.schedule.answered(), 20, woken + SECOND).given) == 20


def test_a_second_refusal_waits_a_quarter_of_an_hour_and_a_third_is_the_contract() -> None:
    found = schedule(TEN_A_SECOND).refused(NOON, HOUR, NOON, MARGIN)
    same_burst = found.refused(NOON, HOUR, NOON + SECOND, MARGIN)
    assert same_burst == found
    second = NOON + 2 * HOUR
    found = found.started(second).refused(second, DAY, second, MARGIN)
    assert found.blocked_until == second + pacing.AGAIN
    third = second + HOUR
    found = found.started(third).refused(third, DAY, third, MARGIN)
    assert (found.blocked_until, found.refusals) == (None, 3)


def test_requests_under_way_when_a_limit_is_reached_tell_nothing_new() -> None:
    limited = turns(schedule(TEN_A_SECOND, Limit(Decimal(20), DAY, WindowStart.CLOCK)), 20, NOON)
    found = limited.schedule.used_up(NOON, MARGIN)
    for turn in limited.given:
        assert found.refused(turn.at, DAY, turn.at + SECOND, MARGIN) == found


def test_credits_that_are_used_up_are_waited_for_by_nobody() -> None:
    found = schedule(TEN_A_SECOND).refused(NOON, None, NOON, MARGIN)
    assert (found.blocked_until, found.refusals) == (None, 1)


def test_a_clock_that_goes_back_holds_nobody_back_for_long() -> None:
    ahead = turns(schedule(TEN_A_SECOND), 20, NOON + DAY).schedule
    assert turns(ahead, 1, NOON).given == (Turn(NOON),)


@pytest.mark.parametrize("wanted", [0, 3])
def test_without_limits_everybody_starts_now(wanted: int) -> None:
    assert turns(schedule(), wanted, NOON).given == (Turn(NOON),) * wanted
