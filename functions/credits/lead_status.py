"""The status of a profile in the store, and the outcome of a row that follows from it."""

from __future__ import annotations

from enum import StrEnum
from typing import overload

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
from functions.outcomes import Outcome


class LeadStatus(StrEnum):
    """The status of a profile in the store. One that is fresh spares a lookup."""

    FOUND = "found"  # a lead, kept whole
    MISSING = "missing"  # the provider does not know the person
    REFUSED = "refused"  # the provider cannot look this URL up
    UNREADABLE = "unreadable"  # paid for, but the answer could not be read
    IN_DOUBT = "in_doubt"  # a lookup may have been charged, and no answer came
    ERASED = "erased"  # the person was erased, and is not looked up again; never kept with a lead
    OPTED_OUT = "opted_out"  # the person objected to being looked up, by any provider; never kept with a lead


DOUBTFUL = frozenset({LeadStatus.IN_DOUBT, LeadStatus.UNREADABLE})
"""Lookups that may have been paid for without a lead. They are sent again only if somebody asks for it."""

_KNOWN: dict[LeadStatus, tuple[Outcome, str]] = {
    LeadStatus.FOUND: (Outcome.KNOWN, ""),
    LeadStatus.MISSING: (Outcome.NOT_FOUND, "Slintel does not know this person."),
    LeadStatus.REFUSED: (Outcome.FAILED, "Slintel cannot look this URL up; check that it opens the person's profile."),
    LeadStatus.UNREADABLE: (
        Outcome.FAILED,
        "Slintel's answer was charged but could not be read; it is not asked again on its own.",
    ),
    LeadStatus.IN_DOUBT: (
        Outcome.IN_DOUBT,
        "An earlier lookup got no answer and may have been charged; retry it explicitly if you want to.",
    ),
    LeadStatus.ERASED: (
        Outcome.FAILED,
        "This person was erased from Leadfill and is not looked up again; lift the erasure first if you may.",
    ),
    LeadStatus.OPTED_OUT: (
        Outcome.FAILED,
        "This person objected to being looked up, so no provider is asked for them.",
    ),
}


@overload
def of(answer: Found | Missing | Refused | OptedOut | Unreadable) -> LeadStatus: ...
@overload
def of(answer: LookupResult) -> LeadStatus | None: ...
def of(answer: LookupResult) -> LeadStatus | None:  # noqa: PLR0911 - a line for each answer
    """Return the status that an answer leads to; None if it tells nothing, so that a new lookup is allowed."""
    match answer:
        case Found():
            return LeadStatus.FOUND
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


def outcome_of_known(status: LeadStatus) -> tuple[Outcome, str]:
    """Return the outcome of a row that the store answers, and a sentence (empty if the outcome says it all)."""
    return _KNOWN[status]


def outcome_of_answer(answer: LookupResult) -> tuple[Outcome, str]:
    """Return the outcome of a row whose lookup led to `answer`, and a sentence."""
    match answer:
        case Found():
            return Outcome.ENRICHED, ""
        case Throttled():
            return Outcome.FAILED, "Slintel kept asking to slow down; nothing was charged. Run it again later."
        case Unavailable() | NoAnswer(sent=False):
            return Outcome.FAILED, "Slintel could not be reached; nothing was charged. Run it again later."
        case NoAnswer():
            return Outcome.IN_DOUBT, "Slintel gave no answer; the lookup may have been charged and is not repeated."
        case Missing() | Refused() | OptedOut() | Unreadable():
            return _KNOWN[of(answer)]
