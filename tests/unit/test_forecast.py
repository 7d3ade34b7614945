"""P12: pauses of minutes, hours and days are foreseen; tests/unit/test_progress.py tries whole runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from functions.credits.forecast import (
    MARGIN,
    MIN_PEOPLE,
    STRAGGLERS,
    Recent,
    Supply,
    done_at,
    in_words,
    shortest_time,
)
from functions.credits.pacing import Schedule
from functions.credits.terms import Limit, WindowStart
from functions.providers.registry import REGISTRY

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
A_SECOND = Limit(Decimal(10), SECOND, WindowStart.CLOCK)
MIDNIGHT = NOON.replace(hour=0) + DAY
TIME_LEFT = json.loads((Path(__file__).parents[1] / "support" / "time_left.json").read_text("utf-8"))
"""Seconds and words; sheets_addon/tests/sidebar.test.mjs reads it, too."""


def supply(*limits: Limit, used: int = 0, share: float = 1.0) -> Supply:
    """A provider with these limits, of which so many requests are used."""
    schedule = Schedule(limits=limits)
    return Supply(schedule.started_together(NOON, used) if used else schedule, share)


def test_nothing_is_done_at_once() -> None:
    assert done_at(0, None, (supply(A_SECOND),), NOON) == NOON


def test_nothing_is_told_without_a_limit_before_somebody_has_answered() -> None:
    few = Recent(MIN_PEOPLE - 1, NOON - SECOND, NOON)
    assert done_at(100, None, (supply(),), NOON) is None
    assert done_at(100, few, (supply(),), NOON) is None


def test_of_a_few_seconds_nothing_is_told_either_before_it_is_known_how_long_answers_take() -> None:
    few, enough = (Recent(people, NOON - 20 * SECOND, NOON) for people in (MIN_PEOPLE - 1, 2 * MIN_PEOPLE))
    assert [done_at(50, recent, (supply(A_SECOND),), NOON) for recent in (None, few)] == [None, None]
    assert done_at(50, enough, (supply(A_SECOND),), NOON) == NOON + 50 * SECOND
    assert done_at(1_000, few, (supply(A_SECOND),), NOON) == NOON + 100 * SECOND, "the documented rate is slower"


def test_the_slower_of_measure_and_limit_counts() -> None:
    slow, quick = Recent(20, NOON - 20 * SECOND, NOON, 16), Recent(20, NOON - SECOND, NOON, 16)
    assert done_at(100, slow, (supply(A_SECOND),), NOON) == NOON + (100 + 16 * STRAGGLERS) * SECOND
    assert done_at(4, slow, (supply(A_SECOND),), NOON) == NOON + (4 + 4 * STRAGGLERS) * SECOND
    assert done_at(100, quick, (supply(A_SECOND),), NOON) == NOON + 10 * SECOND


@pytest.mark.parametrize(
    ("limit", "used", "expected"),
    [
        (Limit(Decimal(1_000), DAY, WindowStart.CLOCK), 0, NOON + 50 * SECOND),  # enough for all
        (Limit(Decimal(1_000), DAY, WindowStart.CLOCK), 700, MIDNIGHT + MARGIN + 20 * SECOND),
        (Limit(Decimal(200), DAY, WindowStart.CLOCK), 200, MIDNIGHT + 2 * DAY + MARGIN + 10 * SECOND),
        (Limit(Decimal(400), HOUR, WindowStart.FIRST_REQUEST), 0, NOON + HOUR + SECOND + MARGIN + 10 * SECOND),
        (Limit(Decimal(400), HOUR, WindowStart.ROLLING), 0, NOON + HOUR + 61 * SECOND + MARGIN + 10 * SECOND),
    ],
)
def test_the_end_of_a_long_limit_is_waited_for(limit: Limit, used: int, expected: datetime) -> None:
    assert done_at(500, None, (supply(A_SECOND, limit, used=used),), NOON) == expected


def test_a_provider_is_asked_for_its_share_only() -> None:
    daily = Limit(Decimal(100), DAY, WindowStart.CLOCK)
    never = supply(daily, share=0.0)
    assert done_at(100, None, (supply(A_SECOND), never), NOON) == NOON + 10 * SECOND
    seldom = supply(A_SECOND, daily, share=0.5)
    assert done_at(400, None, (supply(A_SECOND), seldom), NOON) == MIDNIGHT + MARGIN + 10 * SECOND


def test_the_work_of_a_forecast_is_bounded() -> None:
    one_a_day = Limit(Decimal(1), DAY, WindowStart.CLOCK)
    far = done_at(100_000, None, (supply(A_SECOND, one_a_day),), NOON)
    assert far is not None
    assert far - NOON == pytest.approx(100_000 * DAY, rel=0.002)  # the rest goes on as it went so far


@pytest.mark.parametrize(
    ("lookups", "takes"),
    [
        (0, timedelta(0)),
        (9, 0.9 * SECOND),
        (10_000, 1_000 * SECOND),
        (10_001, 12 * HOUR + MARGIN + 0.1 * SECOND),
        (25_000, DAY + 12 * HOUR + MARGIN + 500 * SECOND),
    ],
)
def test_lookups_take_as_long_as_the_slowest_limit_makes_them(lookups: int, takes: timedelta) -> None:
    terms = REGISTRY["slintel"].terms  # 10 a second, 10,000 a day
    assert shortest_time(terms.limits, lookups, NOON) == takes
    slow = terms.limited_to(per_second=Decimal("0.5"), per_day=Decimal(10**9))
    assert shortest_time(slow.limits, lookups, NOON) == 2 * lookups * SECOND
    assert shortest_time((), lookups, NOON) == timedelta(0)


@pytest.mark.parametrize(("left_s", "words"), TIME_LEFT)
def test_the_command_line_says_the_time_left_as_the_sidebar_does(left_s: float | None, words: str) -> None:
    assert in_words(left_s) == words
