"""Each answer leads to at most one status, and one that may have been charged always leads to one (P1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.credits import lead_status
from functions.credits.lead_status import BARRED, DOUBTFUL, LeadStatus, outcome_of_known
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
from functions.store.leads import EVERY_PROVIDER

ANSWERS: list[tuple[LookupResult, LeadStatus | None]] = [
    (Found({"id": "1"}, b"{}"), LeadStatus.FOUND),
    (Found({"id": "1"}, b"{}", is_other_person=True), LeadStatus.OTHER_PERSON),
    (Missing(successful=True), LeadStatus.MISSING),
    (Missing(successful=False), LeadStatus.MISSING),
    (Refused(400), LeadStatus.REFUSED),
    (OptedOut(), LeadStatus.OPTED_OUT),
    (Unreadable(), LeadStatus.UNREADABLE),
    (NoAnswer(sent=True), LeadStatus.IN_DOUBT),
    (NoAnswer(sent=False), None),
    (Throttled(), None),
    (Unavailable(503), None),
]


def kind(answer: LookupResult) -> EntryKind:
    return charge(answer, None, Decimal(1)).kind


@pytest.mark.parametrize(("answer", "status"), ANSWERS)
def test_an_answer_teaches_a_status(answer: LookupResult, status: LeadStatus | None) -> None:
    assert lead_status.of(answer) is status


@pytest.mark.parametrize(("answer", "status"), ANSWERS)
def test_what_may_have_been_charged_is_never_forgotten(answer: LookupResult, status: LeadStatus | None) -> None:
    """Without a status the person would be looked up again, and paid for again."""
    assert status is not None or kind(answer) is EntryKind.RELEASED
    assert (status is LeadStatus.IN_DOUBT) == (kind(answer) is EntryKind.IN_DOUBT)


def test_what_was_paid_for_without_an_answer_is_doubtful() -> None:
    paid = {status for answer, status in ANSWERS if kind(answer) is not EntryKind.RELEASED}
    assert paid - {LeadStatus.FOUND, LeadStatus.OTHER_PERSON, LeadStatus.MISSING} == DOUBTFUL


@pytest.mark.parametrize("status", LeadStatus)
def test_every_status_ends_a_row_and_says_why_where_the_outcome_does_not(status: LeadStatus) -> None:
    outcome, sentence = outcome_of_known(status, EVERY_PROVIDER if status in BARRED else "people_data_labs")
    assert (sentence == "") == (outcome is Outcome.KNOWN)
    assert sentence == "" or sentence.endswith(".")
    assert ("People Data Labs" in sentence) == (status not in {*BARRED, LeadStatus.FOUND})
    assert outcome is not Outcome.ENRICHED  # nothing is paid for here
