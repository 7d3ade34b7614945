"""Price a lookup. No other module knows which answer costs a credit.

The amount that the provider states wins. Where it states none, a successful answer costs what the provider's terms say,
whatever its body holds: a person who is not known, or a body that arrives cut, costs as much as a lead. (Source for
Slintel: "one credit is charged for every successful response returned"; for the others, docs/providers.md.)
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal
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

UNIT = Decimal("0.000001")
"""The smallest amount of credits that is kept; what a provider states more finely is rounded up."""

NOISE = Decimal("1e-12")
"""Finer digits are those of a sum of floats, such as 0.30000000000000004: no price has them."""

MAX_AMOUNT = Decimal(1_000_000_000)
"""More credits than anybody has: a provider that states more has stated nothing."""


class EntryKind(StrEnum):
    """What happened to the credits that were reserved for a lookup."""

    CHARGED = "charged"  # the provider answered with success, and counts it (0 where it says that it was free)
    IN_DOUBT = "in_doubt"  # the request may have arrived, and no answer tells
    RELEASED = "released"  # the provider does not charge for this; the reservation is given back


@dataclass(frozen=True, slots=True)
class Charge:
    """The effect of a lookup on the account."""

    kind: EntryKind
    credits: Decimal
    """Credits charged or in doubt; 0 if released."""


NOTHING = Charge(EntryKind.RELEASED, Decimal(0))


def charge(result: LookupResult, stated: Decimal | None, price: Decimal) -> Charge:
    """Return the cost of `result`, whatever is done with it afterwards.

    Args:
        result: the result of the lookup.
        stated: credits that the provider says it charged; it may be more than `price`. None where it does not say.
        price: the most that the lookup costs by the provider's terms, which was reserved for it.
    """
    stated = amount(stated)
    match result:
        case Found() | Missing(successful=True) | Unreadable():
            return Charge(EntryKind.CHARGED, price if stated is None else stated)
        case NoAnswer(sent=True):
            return Charge(EntryKind.IN_DOUBT, price)
        case Missing() | Refused() | OptedOut() | Throttled() | Unavailable() | NoAnswer():
            return Charge(EntryKind.CHARGED, stated) if stated else NOTHING
        case _:
            assert_never(result)


def amount(stated: Decimal | None) -> Decimal | None:
    """Return the credits that a provider states, as they are kept; None where it states none, or what is no amount."""
    if stated is None or not stated.is_finite() or not 0 <= stated <= MAX_AMOUNT:
        return None
    return stated if stated % UNIT == 0 else stated.quantize(NOISE, ROUND_HALF_EVEN).quantize(UNIT, ROUND_UP)
