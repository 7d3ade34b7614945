"""A trial takes a few rows that stand for all of them."""

from __future__ import annotations

import pytest

from functions.credits.trial import Trial


def test_rows_of_a_trial_are_spread_from_the_first_to_the_last_part() -> None:
    assert Trial().pick(range(100)) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert Trial(rows=3).pick("abcdefg") == ["a", "c", "e"]


def test_a_trial_may_take_the_first_rows() -> None:
    assert Trial(rows=3, take="first").pick(range(100)) == [0, 1, 2]


@pytest.mark.parametrize("count", [0, 1, 9, 10])
def test_a_trial_of_few_rows_takes_all_of_them(count: int) -> None:
    assert Trial().pick(range(count)) == list(range(count))


@pytest.mark.parametrize("count", [11, 17, 19, 99, 1_000])
def test_no_row_is_tried_twice(count: int) -> None:
    tried = Trial().pick(range(count))
    assert len(set(tried)) == 10
    assert tried == sorted(tried)
