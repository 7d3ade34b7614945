"""A1 notation: read and written both ways, as Google reads it; whatever else is said meets one clear sentence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from functions.errors import BadRange
from functions.fields import select
from functions.sheets.a1 import Range, column_number, letters, parse_range, rows_of
from functions.sheets.grid import RowBlock, Tab
from functions.sheets.scan import scan_range
from local.sheets_api import a1

LAST_COLUMN = 18_277
"""ZZZ, the last one that Google has."""

titles = st.text(min_size=1, max_size=30) | st.sampled_from(
    ["Leads", "My leads", "It's", "''", "A1", "Leads!A1:A2", "'Leads'!A1", "!", " ", "Blätter №1", "x\ny", "R1C1", "1"]
)
columns = st.integers(0, LAST_COLUMN)
rows = st.integers(1, 99_999_999)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    """Any range of one column."""
    first = draw(rows)
    return Range(draw(titles), draw(columns), first, draw(st.none() | st.integers(first, 99_999_999)))


@given(columns)
def test_a_columns_letters_and_number_are_each_others_inverse(column: int) -> None:
    assert letters(column) == get_column_letter(column + 1)
    assert column_number(letters(column)) == column_number(letters(column).lower()) == column


@given(ranges())
def test_what_is_written_is_read_as_the_same_range(wanted: Range) -> None:
    assert parse_range(str(wanted)) == wanted
    assert parse_range(f"  {wanted}\n") == wanted


@given(ranges())
def test_google_reads_a_range_as_we_do(wanted: Range) -> None:
    title, area = a1.parse(str(wanted))
    last = wanted.last_row
    assert title == wanted.title
    assert (area.top + 1, area.bottom, area.left, area.right) == (wanted.first_row, last, wanted.column, area.left + 1)


@given(titles, rows)
def test_google_reads_whole_rows_as_they_are_meant(title: str, last: int) -> None:
    found, area = a1.parse(rows_of(title, 1, last))
    assert (found, area.top, area.bottom, area.left, area.right) == (title, 0, last, 0, None)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Leads!A2:A500", 2, 500),
        ("Leads!a2:a500", 2, 500),
        ("Leads!$A$2:$A$500", 2, 500),
        ("Leads!A500:A2", 2, 500),
        ("'Leads'!A2:A500", 2, 500),
        ("Leads!A2:A", 2, None),
        ("Leads!A:A", 1, None),
        ("Leads!A", 1, None),
        ("Leads!A:A5", 1, 5),
        ("Leads!A7", 7, 7),
        ("Leads !A7:A7", 7, 7),
    ],
)
def test_every_way_to_say_rows_of_one_column(text: str, first: int, last: int | None) -> None:
    assert parse_range(text) == Range("Leads", 0, first, last)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("'My leads'!A2:A", "My leads"),
        ("My leads!A2:A", "My leads"),
        ("'It''s'!A2:A", "It's"),
        ("''''!A2:A", "'"),
        ("'a!b'!A2:A", "a!b"),
        ("'Leads!A1:A2'!A2:A", "Leads!A1:A2"),
        ("Blätter №1!A2:A", "Blätter №1"),
        ("A1!A2:A", "A1"),
    ],
)
def test_a_tabs_name_may_be_anything(text: str, title: str) -> None:
    assert parse_range(text) == Range(title, 0, 2, None)


@pytest.mark.parametrize("cells", ["A2:B500", "A:C", "B2:A2", "AA2:A", "a2:b3", "$A$1:$ZZZ$9"])
def test_several_columns_are_refused_in_a_sentence_that_says_so(cells: str) -> None:
    with pytest.raises(BadRange, match="spans several columns; choose the one column that holds the LinkedIn URLs"):
        parse_range(f"Leads!{cells}")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "Leads", "A2:A500", "!A2:A", "''!A2:A", "Leads!", "Leads!!A2", "'Leads!A2:A", "Leads'!A2:A"),
        *("Leads!2:5", "Leads!A0", "Leads!A2:", "Leads!:A2", "Leads!A2:5", "Leads!A2:A3:A4", "Leads!R2C1", "Leads!Ä2"),
        *("Leads!ABCD2:ABCD3", "Leads!A100000000", "Leads!A-1", "Leads!A2.5", "Leads!A²", "Leads!A٣", "Leads!A2 :A5"),
        *("Leads!A2:A5,Leads!C2:C5", "Leads!A2:A5;C2:C5", "Leads!A2:A5 C2:C5", "{Leads!A2:A5}", "=Leads!A2:A5,B2"),
        *("#REF!", "NamedRange", "It's!A2:A", "Leads!\u212a2", "https://docs.google.com/spreadsheets/d/1"),
    ],
)
def test_several_ranges_and_other_things_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(BadRange, match=r"is not a range of a tab; write it like Leads!A2:A500\."):
        parse_range(text)


@st.composite
def almost_ranges(draw: st.DrawFn) -> str:
    """A range with some characters changed, left out or put in."""
    text = str(draw(ranges()))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        put_in = draw(st.sampled_from(["", "!", "'", ":", "$", "A", "0", "7", ",", "\n", "\u200b", "\uff21", "É"]))
        text = text[:place] + put_in + text[place + draw(st.integers(0, 2)) :]
    return text


def read(text: str) -> Range | str:
    """The range, or the sentence that refuses it."""
    try:
        return parse_range(text)
    except BadRange as error:
        return str(error)


@given(st.text() | almost_ranges() | st.binary().map(repr))
@example("!" * 10_000)
@example("'" * 9_999 + "!A1")
@example("a" * 100_000)
def test_whatever_is_said_is_a_range_or_a_short_sentence(text: str) -> None:
    found = read(text)
    if isinstance(found, str):
        assert found.startswith(f"“{text[:100]}” ")
        assert len(found) < 250
        return
    assert found.title
    assert 0 <= found.column <= LAST_COLUMN
    assert 1 <= found.first_row <= (found.last_row or found.first_row)
    assert parse_range(str(found)) == found


@dataclass(frozen=True)
class EmptySheet:
    """A sheet of one tab in which nothing stands; reading beyond its grid is an error, as it is at Google."""

    grid: Tab

    def tab(self, title: str) -> Tab:
        assert title == self.grid.title
        return self.grid

    def read_rows(
        self,
        sheet_id: int,
        first_row: int,
        last_row: int | None,
        *,
        columns: Collection[int] | None = None,
        visibility: bool = False,
    ) -> RowBlock:
        del columns, visibility  # all are read, and none is hidden
        assert sheet_id == self.grid.sheet_id
        assert 1 <= first_row <= (last_row or first_row) <= self.grid.rows
        return RowBlock(self.grid, first_row, {}, [])


@given(
    st.integers(1, 60),
    st.integers(1, 30),
    st.integers(0, 40),
    st.integers(1, 70),
    st.none() | st.integers(0, 70),
    st.sampled_from(["auto", 1, "no"]),
)
@example(60, 30, 0, 1, 0, 1)
@example(1, 30, 0, 1, None, 1)
@example(1, 1, 0, 1, None, "no")
def test_a_range_beyond_the_grid_is_refused_and_no_other_is_read_beyond_it(
    height: int, width: int, column: int, first: int, more: int | None, header: Literal["auto", "no"] | int
) -> None:
    sheet = EmptySheet(Tab(7, "Leads", height, width))
    wanted = Range("Leads", column, first, None if more is None else first + more)
    last = wanted.last_row or height
    try:
        found = scan_range(sheet, wanted, select(["email"]), header=header, overwrite=False, reuse=True)
    except BadRange as error:
        refusal = str(error)
        if column >= width or max(first, last) > height:
            assert refusal.endswith(f"ends at {letters(width - 1)}{height}; choose rows inside it.")
        else:
            assert header == 1
            assert last == 1
            assert refusal.endswith("ends at the header, which is row 1; choose the rows below it.")
        return
    numbers = [row.number for row in found.rows()]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert max(first, 2 if header == 1 else 1) == numbers[0]
    assert column < width
    assert numbers[-1] <= last <= height
