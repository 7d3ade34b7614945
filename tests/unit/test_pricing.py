"""Each answer of the provider costs what its documentation says, and nothing else decides that (P2)."""

from __future__ import annotations

from decimal import Decimal

import pytest

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
from functions.credits.pricing import LOOKUP_CREDITS, Charge, EntryKind, charge

CHARGED = Charge(EntryKind.CHARGED, LOOKUP_CREDITS)
IN_DOUBT = Charge(EntryKind.IN_DOUBT, LOOKUP_CREDITS)
RELEASED = Charge(EntryKind.RELEASED, Decimal(0))


@pytest.mark.parametrize(
    ("result", "cost"),
    [
        (Found({"id": "1"}, b'{"id":"1"}'), CHARGED),
        (Missing(successful=True), CHARGED),
        (Missing(successful=False), RELEASED),
        (Unreadable(), CHARGED),
        (Refused(400), RELEASED),
        (Refused(422), RELEASED),
        (OptedOut(), RELEASED),
        (Throttled(), RELEASED),
        (Throttled(3.0), RELEASED),
        (Unavailable(500), RELEASED),
        (Unavailable(302), RELEASED),
        (NoAnswer(sent=False), RELEASED),
        (NoAnswer(sent=True), IN_DOUBT),
    ],
)
def test_every_result_has_its_price(result: LookupResult, cost: Charge) -> None:
    assert charge(result) == cost


def test_credits_are_decimal() -> None:
    assert isinstance(LOOKUP_CREDITS, Decimal)
    assert isinstance(charge(Unreadable()).credits, Decimal)
