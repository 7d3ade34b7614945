"""The outcomes of rows: which of them a retry opens again (P8, P1)."""

from __future__ import annotations

from functions.outcomes import LeftOut, Outcome, retryable


def test_a_retry_opens_no_row_that_has_its_value_and_none_that_may_be_charged_twice() -> None:
    assert not set(retryable(in_doubt=False)) & {Outcome.ENRICHED, Outcome.KNOWN, Outcome.IN_DOUBT}


def test_a_retry_opens_no_row_that_was_left_out() -> None:
    assert Outcome.LEFT_OUT not in retryable(in_doubt=True)


def test_a_doubt_is_opened_only_by_who_says_so() -> None:
    assert set(retryable(in_doubt=True)) - set(retryable(in_doubt=False)) == {Outcome.IN_DOUBT}


def test_every_outcome_has_words_for_people() -> None:
    assert all(each.label and each.meaning for each in (*Outcome, *LeftOut))
