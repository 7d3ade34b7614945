"""The result of one lookup at a provider; `pricing` decides what it costs, `retry_policy` what follows.

Each adapter in `providers/` maps its provider's statuses and bodies to these classes. Two answers end more than one
row and are raised instead: `errors.KeyRejected` and `errors.QuotaExhausted`. A provider that answers later would add
a class for "pending", with the handle to ask for the answer by.
"""

from __future__ import annotations

from dataclasses import dataclass

from functions.credits.terms import NO_NEEDS, Needs
from functions.outcomes import Lead


@dataclass(frozen=True, slots=True)
class Found:
    """A lead."""

    lead: Lead
    """In the shape that the field catalogue reads, with Slintel's names."""
    raw: bytes
    """The provider's own answer about the person, as JSON."""
    is_other_person: bool = False
    """True if the lead is about somebody else. It is charged and kept, but does not answer for the profile."""
    raw_is_lead: bool = False
    """True if the answer has the lead's own shape, so that one of them is enough to keep."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The provider does not know the person, or has nothing of what was needed."""

    successful: bool
    """True if the answer was a success that the provider charges for, though it holds no lead."""
    under: Needs = NO_NEEDS
    """The needs that the request made a condition; without them the provider may know the person after all."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A successful answer, so charged, whose body cannot be read: cut, not JSON, not an object."""


@dataclass(frozen=True, slots=True)
class Refused:
    """This input cannot be looked up."""

    status: int


@dataclass(frozen=True, slots=True)
class OptedOut:
    """451: the person objected to being looked up. No other provider may be asked about them."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """The limit of a second or a minute is exceeded."""

    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A server error or another unsuccessful answer: transient, not charged."""

    status: int
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer came, or a gateway gave up on the service behind it."""

    sent: bool
    """True if the request may have reached the provider."""


LookupResult = Found | Missing | Unreadable | Refused | OptedOut | Throttled | Unavailable | NoAnswer
