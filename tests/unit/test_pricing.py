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
from functions.credits.pricing import NOTHING, Charge, EntryKind, charge

PRICE = Decimal("1.5")
CHARGED = Charge(EntryKind.CHARGED, PRICE)
IN_DOUBT = Charge(EntryKind.IN_DOUBT, PRICE)
RELEASED = NOTHING
FOUND = Found({"id": "1"}, b'{"id":"1"}')


@pytest.mark.parametrize(
    ("result", "cost"),
    [
        (FOUND, CHARGED),
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
def test_every_result_has_its_price_where_the_provider_states_none(result: LookupResult, cost: Charge) -> None:
    assert charge(result, None, PRICE) == cost


@pytest.mark.parametrize("stated", ["0", "0.25", "1.5", "8"])
def test_what_the_provider_states_of_a_success_is_its_price(stated: str) -> None:
    """Less than was reserved, as much, or more than its terms say."""
    for result in (FOUND, Missing(successful=True), Unreadable()):
        assert charge(result, Decimal(stated), PRICE) == Charge(EntryKind.CHARGED, Decimal(stated))


def test_a_failure_that_the_provider_says_it_charged_is_booked() -> None:
    for result in (Missing(successful=False), Unavailable(500), Refused(400)):
        assert charge(result, Decimal(2), PRICE) == Charge(EntryKind.CHARGED, Decimal(2))
        assert charge(result, Decimal(0), PRICE) == RELEASED


def test_what_is_stated_more_finely_than_is_kept_is_rounded_up() -> None:
    assert charge(FOUND, Decimal("0.0000001"), PRICE).credits == Decimal("0.000001")


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ("0.30000000000000004", "0.3"),
        ("1.0000000000000002", "1"),
        ("1.4999999999999998", "1.5"),
        ("0.1234567", "0.123457"),
    ],
)
def test_the_noise_of_floats_is_no_price(stated: str, kept: str) -> None:
    """What costs a whole credit is not dearer than its terms because somebody has added floats."""
    assert charge(FOUND, Decimal(stated), PRICE) == Charge(EntryKind.CHARGED, Decimal(kept))


@pytest.mark.parametrize("stated", ["NaN", "sNaN", "Infinity", "-1", "1e30", "1e400", "1000000001"])
def test_what_is_no_amount_is_not_believed(stated: str) -> None:
    assert charge(FOUND, Decimal(stated), PRICE) == CHARGED
