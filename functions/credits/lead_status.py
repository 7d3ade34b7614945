"""The status of a profile in the store, and the outcome that it gives a row which was not looked up in this run."""

from __future__ import annotations

from enum import StrEnum

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
from functions.credits.terms import label_of
from functions.outcomes import Outcome


class LeadStatus(StrEnum):
    """The status of a profile in the store. While it is fresh, the profile is not looked up again."""

    FOUND = "found"  # a lead, kept whole
    MISSING = "missing"  # the provider does not know the person
    REFUSED = "refused"  # the provider cannot look this URL up
    OTHER_PERSON = "other_person"  # paid for, but the lead is about somebody else; it is kept, and answers for nobody
    UNREADABLE = "unreadable"  # paid for, but the answer could not be read
    IN_DOUBT = "in_doubt"  # a lookup may have been charged, and no answer came
    ERASED = "erased"  # the person was erased, and is not looked up again; never kept with a lead
    OPTED_OUT = "opted_out"  # the person objected to being looked up, by any provider; never kept with a lead


DOUBTFUL = frozenset({LeadStatus.IN_DOUBT, LeadStatus.UNREADABLE})
"""Lookups that may have been paid for without a lead. They are sent again only if somebody asks for it."""

BARRED = frozenset({LeadStatus.ERASED, LeadStatus.OPTED_OUT})
"""Statuses of people for whom nobody is asked."""

_KNOWN: dict[LeadStatus, tuple[Outcome, str]] = {
    LeadStatus.FOUND: (Outcome.KNOWN, ""),
    LeadStatus.MISSING: (Outcome.NOT_FOUND, "{} does not know this person."),
    LeadStatus.REFUSED: (Outcome.FAILED, "{} cannot look this URL up; check that it opens the person's profile."),
    LeadStatus.OTHER_PERSON: (
        Outcome.FAILED,
        "{} answered with somebody else, so nothing is written; the answer was charged and is kept.",
    ),
    LeadStatus.UNREADABLE: (
        Outcome.FAILED,
        "{}'s answer was charged but could not be read; it is not asked again on its own.",
    ),
    LeadStatus.IN_DOUBT: (
        Outcome.IN_DOUBT,
        "An earlier lookup at {} got no answer and may have been charged; retry it explicitly if you want to.",
    ),
    LeadStatus.ERASED: (
        Outcome.FAILED,
        "This person was erased from Leadfill and is not looked up again; lift the erasure first if you may.",
    ),
    LeadStatus.OPTED_OUT: (
        Outcome.FAILED,
        "This person objected to being looked up; nobody is asked for them any more, and their leads are deleted.",
    ),
}


def outcome_of_known(status: LeadStatus, provider: str) -> tuple[Outcome, str]:
    """Return the outcome and the sentence (may be empty) of a row that ends with one provider's status."""
    outcome, sentence = _KNOWN[status]
    return outcome, sentence.format(label_of(provider))


def of(answer: LookupResult) -> LeadStatus | None:  # noqa: PLR0911 - a line for each answer
    """Return the status that a result leads to; None if it says nothing about the person: a new lookup is allowed."""
    match answer:
        case Found():
            return LeadStatus.OTHER_PERSON if answer.is_other_person else LeadStatus.FOUND
        case Missing():
            return LeadStatus.MISSING
        case Refused():
            return LeadStatus.REFUSED
        case OptedOut():
            return LeadStatus.OPTED_OUT
        case Unreadable():
            return LeadStatus.UNREADABLE
        case NoAnswer(sent=True):
            return LeadStatus.IN_DOUBT
        case Throttled() | Unavailable() | NoAnswer():
            return None
