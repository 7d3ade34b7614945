"""Price a lookup. No other module knows which answer takes a credit.

Source: the Slintel documentation ("one credit is charged for every successful response returned"). A successful
response is a 2xx, whatever its body holds: a person who is not known, or a body that arrives cut, costs as much as
a lead. Credits are decimal, since the same API charges fractions for its other lookups.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

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

LOOKUP_CREDITS = Decimal(1)
"""The price of one lookup by LinkedIn URL, and so what must be reserved before it."""


class EntryKind(StrEnum):
    """The fate of the credits that were reserved for a lookup."""

    CHARGED = "charged"  # the provider answered with success, and counts it
    IN_DOUBT = "in_doubt"  # the request may have arrived, and no answer tells
    RELEASED = "released"  # the provider does not charge for this; the reservation is given back


@dataclass(frozen=True, slots=True)
class Charge:
    """The effect of a lookup on the account."""

    kind: EntryKind
    credits: Decimal
    """Credits charged or in doubt; 0 if released."""


def charge(result: LookupResult) -> Charge:
    """Return the cost of `result`, whatever is done with it afterwards."""
    match result:
        case Found() | Missing(successful=True) | Unreadable():
            return Charge(EntryKind.CHARGED, LOOKUP_CREDITS)
        case NoAnswer(sent=True):
            return Charge(EntryKind.IN_DOUBT, LOOKUP_CREDITS)
        case Missing() | Refused() | OptedOut() | Throttled() | Unavailable() | NoAnswer():
            return Charge(EntryKind.RELEASED, Decimal(0))
        case _:
            assert_never(result)
