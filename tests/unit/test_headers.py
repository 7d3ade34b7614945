"""A header row is told from rows of values by the words that lists of people have in theirs."""

from __future__ import annotations

import pytest

from functions.fields.headers import best_header, holds_data, title_words


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["Name", "LinkedIn URL", "E-Mail", "Notes"], 4),
        (["Vorname", "Firma", "x"], 2),
        (["Ada Lovelace", "Chief of staff", "met in May"], 0),
        ([], 0),
    ],
)
def test_words_of_titles_are_counted_in_several_languages(row: list[str], words: int) -> None:
    assert title_words(row) == words


@pytest.mark.parametrize(
    ("row", "data"),
    [
        (["Name", "LinkedIn"], False),
        (["Name", "linkedin.com/in/ada"], True),
        (["Ada", "ada@company.example", "x"], True),
        (["Total", "120", "3"], True),
        (["Name", "Title", "Company", "7"], False),
    ],
)
def test_addresses_and_numbers_are_no_titles(row: list[str], *, data: bool) -> None:
    assert holds_data(row) is data


def test_the_best_header_has_the_most_words_then_the_most_cells_and_no_values() -> None:
    assert best_header([(0, ["Leads of spring"]), (2, ["Name", "LinkedIn"]), (3, ["Ada", "1"])]) == 2
    assert best_header([(0, ["Ours"]), (1, ["A", "B"]), (2, ["C", "D"])]) == 1
    assert best_header([(0, ["120"])]) is None
    assert best_header([(0, ["x" * 300])]) is None
