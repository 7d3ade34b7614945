"""An amount of credits in a text is exact, and a text that names providers names each once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from functions.credits.caps import amount_of, amounts_of


@pytest.mark.parametrize(
    ("text", "amount"), [("0", "0"), ("5000", "5000"), (" 0.75 ", "0.75"), ("1.000001", "1.000001")]
)
def test_an_amount_is_decimal_text(text: str, amount: str) -> None:
    assert amount_of(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1,000", "NaN", "\u0661", "0.0000001", "1.", ".5", "1\n2", "9" * 10])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must hold credits as numbers"):
        amount_of(text)


def test_providers_are_named_with_their_amounts() -> None:
    assert amounts_of("slintel=5000, prospeo = 0.5") == {"slintel": Decimal(5000), "prospeo": Decimal("0.5")}


@pytest.mark.parametrize("text", ["", "5", "slintel", "=5", "slintel=1,", "slintel=1,slintel=2", "slintel=1;prospeo=2"])
def test_a_text_that_does_not_name_each_provider_once_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        amounts_of(text)
