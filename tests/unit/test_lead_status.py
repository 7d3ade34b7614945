"""Each answer teaches one status, and each status ends a row in one outcome with one sentence (P8)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.credits import lead_status
from functions.credits.lead_status import DOUBTFUL, LeadStatus, outcome_of_answer, outcome_of_known
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
from functions.outcomes import Outcome

ANSWERS: list[tuple[LookupResult, LeadStatus | None, Outcome]] = [
    (Found({"id": "1"}, b"{}"), LeadStatus.FOUND, Outcome.ENRICHED),
    (Missing(successful=True), LeadStatus.MISSING, Outcome.NOT_FOUND),
    (Missing(successful=False), LeadStatus.MISSING, Outcome.NOT_FOUND),
    (Refused(400), LeadStatus.REFUSED, Outcome.FAILED),
    (OptedOut(), LeadStatus.OPTED_OUT, Outcome.FAILED),
    (Unreadable(), LeadStatus.UNREADABLE, Outcome.FAILED),
    (NoAnswer(sent=True), LeadStatus.IN_DOUBT, Outcome.IN_DOUBT),
    (NoAnswer(sent=False), None, Outcome.FAILED),
    (Throttled(), None, Outcome.FAILED),
    (Unavailable(503), None, Outcome.FAILED),
]


@pytest.mark.parametrize(("answer", "status", "outcome"), ANSWERS)
def test_an_answer_teaches_a_status_and_ends_the_row(
    answer: LookupResult, status: LeadStatus | None, outcome: Outcome
) -> None:
    assert lead_status.of(answer) is status
    assert outcome_of_answer(answer)[0] is outcome


@pytest.mark.parametrize(("answer", "status", "outcome"), ANSWERS)
def test_what_may_have_been_charged_is_never_forgotten(
    answer: LookupResult, status: LeadStatus | None, outcome: Outcome
) -> None:
    """Without a status the person would be looked up again, and paid for again."""
    assert status is not None or charge(answer, None, Decimal(1)).kind is EntryKind.RELEASED
    assert outcome is not Outcome.IN_DOUBT or charge(answer, None, Decimal(1)).kind is EntryKind.IN_DOUBT


@pytest.mark.parametrize("status", LeadStatus)
def test_every_status_ends_a_row_and_says_why_where_the_outcome_does_not(status: LeadStatus) -> None:
    outcome, sentence = outcome_of_known(status)
    assert (sentence == "") == (outcome is Outcome.KNOWN)
    assert sentence == "" or sentence.endswith(".")
    assert outcome is not Outcome.ENRICHED  # nothing is paid for here


def test_what_was_paid_for_without_a_lead_is_doubtful() -> None:
    paid = {status for answer, status, _ in ANSWERS if charge(answer, None, Decimal(1)).kind is not EntryKind.RELEASED}
    assert paid - {LeadStatus.FOUND, LeadStatus.MISSING} == DOUBTFUL
