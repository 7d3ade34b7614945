"""References in formulas are found and written anew: what is undone reads as before, and nothing else is touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sheets_api.references import REFERENCE, deleted, following, inserted, moved_to, rewrite, shifted

ROWS, COLUMNS = st.integers(0, 40), st.integers(0, 30)
CELL = st.builds(
    lambda column, row, a, b: f"{'$' * a}{column}{'$' * b}{row + 1}",
    st.sampled_from(["A", "C", "Z", "AA", "ZZ"]),
    ROWS,
    st.booleans(),
    st.booleans(),
)
RANGE = st.one_of(CELL, st.builds("{}:{}".format, CELL, CELL), st.builds("{}:{}".format, CELL, st.sampled_from("BC")))
SHEET = st.sampled_from(["", "Leads!", "'It''s a tab'!", "Q1!", "Übersicht!"])
PART = st.one_of(
    st.builds("{}{}".format, SHEET, RANGE),
    st.sampled_from(['"A2 is ""quoted"""', "LOG10(2)", "A1_total", "1.5E3", "TRUE", "2"]),
)
FORMULA = st.lists(PART, min_size=1, max_size=5).map(lambda parts: "=" + "&".join(parts))


@given(FORMULA, ROWS, st.integers(1, 5), st.sampled_from(["ROWS", "COLUMNS"]), st.booleans())
def test_what_is_inserted_and_deleted_again_leaves_the_formula(
    formula: str,
    start: int,
    count: int,
    dimension: str,
    at_home: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """An insert followed by the delete of what it inserted gives the text back, to the letter but for capitals."""
    there = rewrite(formula, following("Leads", dimension, inserted(start, count), at_home=at_home))
    back = rewrite(there, following("Leads", dimension, deleted(start, start + count), at_home=at_home))
    assert plain(back) == plain(formula)


@given(FORMULA, st.integers(0, 50), st.integers(0, 20))
def test_a_row_that_is_sorted_away_and_back_has_its_formula_again(formula: str, rows: int, columns: int) -> None:
    """A shift and the opposite shift give the text back, as long as nothing leaves the sheet."""
    assert plain(shifted(shifted(formula, rows, columns), -rows, -columns)) == plain(formula)


def plain(formula: str) -> str:
    """The formula without the quotes that a title may but need not have."""
    return formula.replace("'Q1'!", "Q1!").replace("'Übersicht'!", "Übersicht!")


@given(ROWS, st.integers(1, 5), ROWS, ROWS)
def test_a_moved_row_is_where_the_sheet_puts_it(start: int, count: int, destination: int, row: int) -> None:
    """A single row's new place is that of the permuted list of rows."""
    end = start + count
    if start < destination < end:
        return
    order = [index for index in range(60) if not start <= index < end]
    target = destination - count if destination >= end else destination
    order[target:target] = range(start, end)
    assert moved_to(start, end, destination)((row, row + 1)) == (order.index(row), order.index(row) + 1)


@pytest.mark.parametrize(
    ("formula", "after"),
    [
        ("=A2", "=A3"),
        ("=a2+b$2", "=A3+B$3"),
        ("=SUM(A1:A2,$A$2:A)", "=SUM(A1:A3,$A$3:A)"),
        ("=2:5", "=3:6"),
        ("=A:A", "=A:A"),
        ("=LOG10(A2)", "=LOG10(A3)"),
        ('="A2"&A2', '="A2"&A3'),
        ("=Other!A2&Leads!A2&'Leads'!A2", "=Other!A2&Leads!A3&Leads!A3"),
        ("=A2_total+TAXES2024+A1B2", "=A2_total+TAXES2024+A1B2"),
        ("=LAMBDA(x1.y,x1.y)", "=LAMBDA(x1.y,x1.y)"),
    ],
)
def test_a_row_inserted_above_the_second_moves_what_names_it(formula: str, after: str) -> None:
    """Function names, texts, names and other tabs are left alone."""
    assert rewrite(formula, following("Leads", "ROWS", inserted(1, 1), at_home=True)) == after


@pytest.mark.parametrize(
    ("formula", "after"),
    [("=A2", "=#REF!"), ("=A1:A3", "=A1:A2"), ("=A2:A2", "=#REF!"), ("=A2:A", "=A2:A"), ("=A3:A1", "=A2:A1")],
)
def test_a_deleted_row_is_a_broken_reference_and_a_shorter_range(formula: str, after: str) -> None:
    """Only what is gone as a whole is `#REF!`."""
    assert rewrite(formula, following("Leads", "ROWS", deleted(1, 2), at_home=True)) == after


def test_a_range_that_a_row_leaves_shrinks_and_one_that_it_enters_grows() -> None:
    """A single reference follows the row; a range keeps to its cells."""
    there = following("Leads", "ROWS", moved_to(4, 5, 20), at_home=True)
    assert rewrite("=A5&SUM(A2:A10)&SUM(A15:A25)&SUM(A5:B5)", there) == "=A20&SUM(A2:A9)&SUM(A14:A25)&SUM(A20:B20)"


def test_the_pattern_takes_no_more_than_a_reference() -> None:
    """A word that merely begins like one is none."""
    assert [bool(re.fullmatch(REFERENCE, text)) for text in ("A2", "$A$2:B", "ABCD1", "A0", "A", "A1:")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
