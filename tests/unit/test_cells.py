"""Two cells are the same where a sheet shows and calculates the same."""

from __future__ import annotations

import pytest

from functions.sheets.cells import Content, Formula, SheetRow, by_identity, same


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        ("", 0, False),
        (Formula("=A1"), Formula("=A1"), True),
        (Formula("=A1"), "=A1", False),
    ],
)
def test_cells_hold_the_same_or_not(one: Content, other: Content, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert same(one, other) is same(other, one) is expected


def test_rows_are_grouped_by_who_stands_in_them_in_their_order() -> None:
    rows = [SheetRow(number, identity, {}) for number, identity in ((2, "a"), (3, "b"), (4, "a"))]
    assert {name: [row.number for row in group] for name, group in by_identity(rows).items()} == {"a": [2, 4], "b": [3]}


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("=LEN(D23)", "=LEN(D40)"),
        ('=IF($D23="D23", "", F23&"A23")', '=IF($D40="D23", "", F40&"A23")'),
        ("=SUM(A23:C23)+A$23+A22+A230", "=SUM(A40:C40)+A$23+A22+A230"),
        ("=COUNTIF(A$2:A23,A23)", "=COUNTIF(A$2:A40,A40)"),
        ("='A23 x'!B23+Other!C23:D23", "='A23 x'!B23+Other!C23:D23"),
        ("=LOG10(B23)+DAYS360(B23)+A23_total", "=LOG10(B40)+DAYS360(B40)+A23_total"),
        ("=A:A+23", "=A:A+23"),
    ],
)
def test_a_formula_in_another_row_leads_to_that_rows_cells(text: str, moved: str) -> None:
    formula = Formula(text, row=23)
    assert formula.text_in(40) == moved
    assert formula.text_in(23) == text
    assert Formula(text).text_in(40) == text, "its row is not known"
    assert formula == Formula(text)
