"""The usual time of an answer is that of the slow ones among the last; nothing is told where too few have come."""

from __future__ import annotations

import random

from functions.enrichment.answer_times import FEWEST, REMEMBERED, UNKNOWN_S, AnswerTimes


def test_too_few_answers_tell_nothing() -> None:
    times = AnswerTimes()
    for _ in range(FEWEST - 1):
        times.add(0.01)
    assert times.usual_s == UNKNOWN_S
    times.add(0.01)
    assert times.usual_s == 0.01


def test_five_in_a_hundred_may_be_slower() -> None:
    times = AnswerTimes()
    for number in random.Random(1).sample(range(100), 100):
        times.add(30.0 if number < 4 else 0.2)
    assert times.usual_s == 0.2
    for _ in range(10):
        times.add(30.0)
    assert times.usual_s == 30.0


def test_a_provider_that_is_fast_again_is_taken_for_fast() -> None:
    times = AnswerTimes()
    for _ in range(REMEMBERED):
        times.add(30.0)
    for _ in range(REMEMBERED):
        times.add(0.1)
    assert times.usual_s == 0.1


def test_the_mean_is_that_of_the_last_answers() -> None:
    times = AnswerTimes()
    for _ in range(FEWEST - 1):
        times.add(0.1)
    assert times.mean_s == UNKNOWN_S
    for number in range(REMEMBERED):
        times.add(0.25 if number % 2 else 0.75)
    assert times.mean_s == 0.5
