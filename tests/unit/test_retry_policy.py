"""Only what was certainly not charged is asked again, a bounded number of times and for a bounded time (P1, P2)."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.credits.lookup_result import (
    Found,
    LookupResult,
    Missing,
    NoAnswer,
    OptedOut,
    Refused,
    Throttled,
    Unavailable,
    Unreadable,
)
from functions.credits.pricing import EntryKind, charge
from functions.credits.retry_policy import (
    MAX_ATTEMPTS,
    MAX_ELAPSED_S,
    MAX_RETRY_AFTER_S,
    MAX_THROTTLED_ATTEMPTS,
    MAX_WAIT_S,
    GiveUp,
    RetryAfter,
    verdict,
)

CLAIM_LIFETIME_S = 300
LAST_TIMEOUT_S = 35
TRANSIENT = [Throttled(), Throttled(2.0), Unavailable(503), Unavailable(500, 1.0), NoAnswer(sent=False)]
FINAL = [
    Found({"id": "1"}, b"{}"),
    Missing(successful=True),
    Missing(successful=False),
    Unreadable(),
    Refused(400),
    OptedOut(),
    NoAnswer(sent=True),
]

retry_afters = st.none() | st.floats(0, 1e9)
results = st.one_of(
    st.sampled_from(FINAL),
    st.builds(Throttled, retry_afters),
    st.builds(Unavailable, st.integers(300, 599), retry_afters),
    st.builds(NoAnswer, st.booleans()),
)


@pytest.mark.parametrize("result", TRANSIENT)
def test_what_passes_is_asked_again(result: LookupResult) -> None:
    assert isinstance(verdict(result, 1, 0.1, 0.5), RetryAfter)


@pytest.mark.parametrize("result", FINAL)
def test_what_stands_is_not(result: LookupResult) -> None:
    assert verdict(result, 1, 0.1, 0.5) == GiveUp()


def test_the_tables_name_every_kind_of_result() -> None:
    assert {type(result) for result in TRANSIENT + FINAL} == set(get_args(LookupResult))


@pytest.mark.parametrize(
    ("result", "attempt", "elapsed_s", "jitter", "expected"),
    [
        (Unavailable(500), 1, 0.0, 0.0, RetryAfter(0.0)),
        (Unavailable(500), 1, 0.0, 0.5, RetryAfter(0.25)),
        (Unavailable(500), 3, 0.0, 0.5, RetryAfter(1.0)),
        (Unavailable(500), MAX_ATTEMPTS - 1, 0.0, 0.5, RetryAfter(2.0)),
        (Unavailable(500), MAX_ATTEMPTS, 0.0, 0.5, GiveUp()),
        (NoAnswer(sent=False), MAX_ATTEMPTS, 0.0, 0.5, GiveUp()),
        (Throttled(), MAX_ATTEMPTS, 0.0, 0.5, RetryAfter(4.0)),
        (Throttled(), MAX_THROTTLED_ATTEMPTS - 1, 0.0, 0.5, RetryAfter(MAX_WAIT_S / 2)),
        (Throttled(), MAX_THROTTLED_ATTEMPTS, 0.0, 0.5, GiveUp()),
        (Throttled(7.0), 1, 0.0, 0.5, RetryAfter(7.25)),
        (Unavailable(503, 7.0), 1, 0.0, 0.0, RetryAfter(7.0)),
        (Throttled(86_400.0), 1, 0.0, 0.0, RetryAfter(MAX_RETRY_AFTER_S)),
        (Throttled(20.0), 1, MAX_ELAPSED_S - 20, 0.0, RetryAfter(20.0)),
        (Throttled(20.0), 1, MAX_ELAPSED_S - 19, 0.0, GiveUp()),
    ],
)
def test_when(result: LookupResult, attempt: int, elapsed_s: float, jitter: float, expected: object) -> None:
    assert verdict(result, attempt, elapsed_s, jitter) == expected


@given(results, st.integers(1, 1000), st.floats(0, 1e6), st.floats(0, 1, exclude_max=True))
def test_a_retry_never_pays_twice_and_never_outlives_a_claim(
    result: LookupResult, attempt: int, elapsed_s: float, jitter: float
) -> None:
    match verdict(result, attempt, elapsed_s, jitter):
        case RetryAfter(after_s):
            assert charge(result, None, Decimal(1)).kind is EntryKind.RELEASED
            assert after_s >= 0
            assert elapsed_s + after_s + LAST_TIMEOUT_S < CLAIM_LIFETIME_S / 2
        case GiveUp():
            pass
