"""Proves that no value and no title of a CSV is taken for a formula, and that numbers stay numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.lists.csv_safety import guarded

BEGINNINGS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - the full-width forms are what is proven


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_what_begins_like_a_formula_gets_an_apostrophe(beginning: str) -> None:
    assert guarded(f"{beginning}cmd|'/c calc'!A0") == f"'{beginning}cmd|'/c calc'!A0"


@pytest.mark.parametrize(
    "text",
    ["-1", "+1", "-1.5", "+49 30 901820", "-12,000", "+1-202-555-0101", "+1 202 555 0101 ext. 5", "+12025550101x12"],
)
def test_numbers_and_phone_numbers_stay(text: str) -> None:
    assert guarded(text) == text


def test_a_long_text_of_digits_takes_time_in_proportion_to_its_length() -> None:
    """A cell's longest text: to try each of its digits as the one that has to be there would take minutes."""
    text = "+" + "1 " * 25_000 + "!"
    assert guarded(text) == f"'{text}"


@given(st.text(max_size=20))
def test_whatever_the_value_it_begins_no_formula_unless_it_is_a_number(text: str) -> None:
    written = guarded(text)
    assert written in (text, f"'{text}")
    if written.startswith(tuple(BEGINNINGS)):
        assert any(character.isdigit() for character in written)
        assert set(filter(str.isalpha, written.lower())) <= set("ext")  # the extension of a phone number
