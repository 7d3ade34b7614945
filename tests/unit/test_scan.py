"""A range is scanned before a run: its header row, its real ends, who stands in each row and what is filled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest

from functions.credits.only_where import Condition
from functions.errors import BadRange, SheetBusy
from functions.fields import select
from functions.outcomes import LeftOut
from functions.profiles import Profile
from functions.sheets import paging
from functions.sheets.a1 import Range
from functions.sheets.grid import Box, ProtectedArea, RowBlock, Tab
from functions.sheets.scan import SheetScan, scan_range
from functions.sheets.transport import TooMuchText
from tests.support.row_blocks import block_of

JANE, JOHN = "linkedin.com/in/jane-doe", "linkedin.com/in/john-doe"


@dataclass(frozen=True)
class Rows:
    """A tab with these rows."""

    rows: Sequence[Sequence[str | int]]
    merges: tuple[Box, ...] = ()
    protected: tuple[ProtectedArea, ...] = ()

    def tab(self, title: str) -> Tab:
        """The tab."""
        return Tab(3, title, 100, 4, self.merges, self.protected)

    def read_rows(
        self,
        sheet_id: int,
        first_row: int,
        last_row: int | None,
        *,
        columns: Collection[int] | None = None,
        visibility: bool = False,
    ) -> RowBlock:
        """Some of the rows."""
        del columns, visibility  # all are read, and none is hidden
        assert sheet_id == 3
        return block_of(self.rows[first_row - 1 : last_row], first_row)


def scan(
    sheet: Rows | LargeTab,
    wanted: Range | None = None,
    *,
    header: Literal["auto", "no"] | int = "auto",
    overwrite: bool = False,
    conditions: Sequence[Condition] = (),
    fields: Sequence[str] = ("email",),
) -> SheetScan:
    wanted = wanted or Range("Leads", 0, 1, None)
    return scan_range(
        sheet, wanted, select(fields), header=header, overwrite=overwrite, reuse=True, conditions=conditions
    )


def test_every_row_says_who_stands_in_it_and_whether_it_is_filled() -> None:
    scanned = scan(Rows([["LinkedIn", "Email"], [JANE, "jane@a.test"], ["nobody", "x"], [JOHN]]))
    rows = list(scanned.rows())
    assert (scanned.header_row, scanned.range.first_row, scanned.range.last_row) == (1, 2, 4)
    assert [row.found.key if isinstance(row.found, Profile) else row.found for row in rows] == [JANE, "not_a_url", JOHN]
    assert [row.filled for row in rows] == [True, True, False]
    assert [set(row.held) for row in rows] == [{0}, {0}, set()]
    assert [bool(row.sentence) for row in rows] == [False, True, False]
    assert [target.held for target in scanned.targets] == [1]


def test_a_year_in_a_column_that_may_be_formatted_as_dates_is_said_before() -> None:
    """Leadfill's own columns have no such format, and other fields come as text."""
    header = ["LinkedIn", "Email", "Education start"]
    mine = scan(Rows([header, [JANE]]), fields=("email", "education_start"))
    [said] = mine.notices
    assert said.startswith("“Education start” can be a year")
    made = replace(mine.columns, made_for={2: "education_start"})
    assert replace(mine, columns=made).notices == ()
    assert scan(Rows([["LinkedIn"], [JANE]]), fields=("education_start",)).notices == (), "a new column"


def test_nothing_counts_as_filled_where_cells_may_be_written_over() -> None:
    scanned = scan(Rows([["LinkedIn", "Email"], [JANE, "jane@a.test"]]), overwrite=True)
    assert [(row.filled, set(row.held)) for row in scanned.rows()] == [(False, {0})], "what is there is known to be so"


def test_a_row_that_does_not_meet_a_condition_is_left_out_and_the_column_is_found_by_its_title() -> None:
    rows = Rows(
        [["LinkedIn", "Email", "Country"], [JANE, "", "Spain"], [JOHN, "", "spain "], [JANE, "", ""], ["x", ""]]
    )
    spain = Condition(test="equals", column="B", title="Country", values=("Spain",))
    left_out = [row.left_out for row in scan(rows, conditions=[spain]).rows()]
    assert left_out == [None, None, LeftOut.CONDITION, LeftOut.CONDITION]
    empty = Condition(test="empty", column="C", title="Country")
    assert [row.left_out is None for row in scan(rows, conditions=[empty]).rows()] == [False, False, True, True]
    assert all(row.left_out for row in scan(rows, conditions=[spain, empty]).rows()), "all of them hold at once"


def test_a_condition_on_a_number_is_met_as_it_is_shown_and_as_it_is_held() -> None:
    rows = Rows([["LinkedIn", "Staff"], [JANE, 1000], [JOHN, 100]])
    for value in ("1000", "1,000"):
        condition = Condition(test="equals", column="B", title="Staff", values=(value,))
        assert [row.left_out is None for row in scan(rows, conditions=[condition]).rows()] == [True, False]


@pytest.mark.parametrize(("column", "title"), [("B", "Gone"), ("Z", None)])
def test_a_condition_on_a_column_that_is_gone_is_refused(column: str, title: str | None) -> None:
    with pytest.raises(BadRange, match=r"column (Gone|Z) of a condition no longer exists"):
        scan(Rows([["LinkedIn"], [JANE]]), conditions=[Condition(test="empty", column=column, title=title)])


@pytest.mark.parametrize(
    ("first_cell", "header", "header_row", "first_row"),
    [
        ("LinkedIn", "auto", 1, 2),
        (JOHN, "auto", None, 1),
        ("", "auto", None, 1),
        (JOHN, 1, 1, 2),
        ("x", "no", None, 1),
    ],
)
def test_a_first_row_that_holds_no_profile_is_the_header(
    first_cell: str, header: Literal["auto", "no"] | int, header_row: int | None, first_row: int
) -> None:
    scanned = scan(Rows([[first_cell], [JANE]]), header=header)
    assert (scanned.header_row, scanned.range.first_row) == (header_row, first_row)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Range("Leads", 4, 1, None), "goes beyond the tab, which ends at D100"),
        (Range("Leads", 0, 2, 101), "goes beyond the tab"),
        (Range("Leads", 0, 1, 1), "ends at the header, which is row 1"),
    ],
)
def test_a_range_without_rows_is_refused(wanted: Range, sentence: str) -> None:
    with pytest.raises(BadRange, match=sentence):
        scan(Rows([["LinkedIn"], [JANE]]), wanted)


def test_merged_cells_and_what_this_person_may_not_edit_are_refused_before_anything_is_spent() -> None:
    rows = Rows([["LinkedIn", "Email"], [JANE], [JOHN]])
    with pytest.raises(BadRange, match="merged cells in A2:A3"):
        scan(replace(rows, merges=(Box(1, 0, 3, 1),)))
    with pytest.raises(BadRange, match="B2:B3 holds protected cells"):
        scan(replace(rows, protected=(ProtectedArea(Box(2, 1, 3, 2)),)))
    assert list(scan(replace(rows, merges=(Box(0, 0, 1, 2),), protected=(ProtectedArea(Box(2, 0, 3, 1)),))).rows())
    whole = ProtectedArea(Box(0, 0, 100, 4), free=(Box(1, 1, 100, 2),))
    assert list(scan(replace(rows, protected=(whole,))).rows())
    with pytest.raises(BadRange, match="“Leads” is protected, so no column can be inserted"):
        scan(Rows([["LinkedIn"], [JANE]], protected=(whole,)))


class LongTexts(Rows):
    """A tab of which no more than ten whole rows fit into an answer, nor twenty with some columns."""

    def read_rows(
        self,
        sheet_id: int,
        first_row: int,
        last_row: int | None,
        *,
        columns: Collection[int] | None = None,
        visibility: bool = False,
    ) -> RowBlock:
        """Some of the rows."""
        if columns != [0] and (last_row or 100) - first_row >= (10 if columns is None else 20):
            raise TooMuchText
        return super().read_rows(sheet_id, first_row, last_row, columns=columns, visibility=visibility)


def test_cells_full_of_text_are_read_in_smaller_answers() -> None:
    lines = [["LinkedIn", "Email"], *[[f"linkedin.com/in/person-{number}", ""] for number in range(90)]]
    lines[50][1] = "jane@example.com"
    rows = list(scan(LongTexts(lines)).rows())
    assert [row.number for row in rows if row.filled] == [51]
    assert len(rows) == 90


@dataclass
class LargeTab:
    """A tab that is read in pieces; `reads` tells which columns, and of how many rows."""

    rows: list[list[str]]
    sort_at: int | None = None
    """Before which read somebody turns the rows of people around."""
    reads: list[tuple[list[int] | None, int]] = field(default_factory=list)

    def tab(self, title: str) -> Tab:
        """The tab."""
        return Tab(3, title, len(self.rows), 4)

    def read_rows(
        self,
        sheet_id: int,
        first_row: int,
        last_row: int | None,
        *,
        columns: Collection[int] | None = None,
        visibility: bool = False,
    ) -> RowBlock:
        """Some of the rows, in some columns."""
        del sheet_id, visibility
        if len(self.reads) == self.sort_at:
            self.rows[1:-50] = self.rows[-51:0:-1]
        rows = self.rows[first_row - 1 : last_row]
        self.reads.append((None if columns is None else sorted(columns), len(rows)))
        cut = [[cell if columns is None or at in columns else "" for at, cell in enumerate(row)] for row in rows]
        while cut and not any(cut[-1]):
            cut.pop()
        return replace(block_of(cut, first_row), tab=self.tab("Leads"))


def large(people: int, sort_at: int | None = None) -> LargeTab:
    """Every third person has an e-mail address."""
    rows = [[f"linkedin.com/in/person-{n}", "" if n % 3 else f"{n}@a.test", "note", "note"] for n in range(people)]
    return LargeTab([["LinkedIn", "Email", "Note", "Note"], *rows, *[["", "", "", ""]] * 50], sort_at)


@pytest.fixture
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_BYTES", 40_000)


@pytest.mark.usefixtures("_small_pages")
def test_of_a_large_tab_the_urls_are_read_in_one_answer_and_other_columns_only_where_they_are_needed() -> None:
    sheet = large(500)
    scanned = scan(sheet)
    rows = list(scanned.rows())
    assert (scanned.range.first_row, scanned.range.last_row) == (2, 501)
    assert [row.found.key for row in rows if isinstance(row.found, Profile)] == [
        f"linkedin.com/in/person-{n}" for n in range(500)
    ]
    assert [row.filled for row in rows] == [n % 3 == 0 for n in range(500)]
    (whole, urls, *pages) = sheet.reads
    assert (whole[0], urls) == (None, ([0], 550))
    assert whole[1] < 100
    assert {tuple(columns or ()) for columns, _ in pages} == {(0, 1)}
    assert sum(count for _, count in pages) == 500
    assert len(pages) > 1


@pytest.mark.usefixtures("_small_pages")
def test_where_all_that_is_needed_fits_into_one_answer_it_is_read_at_once() -> None:
    sheet = large(110)
    sheet.rows[130][1] = "below the last person"
    rows = list(scan(sheet).rows())
    assert [row.number for row in rows] == list(range(2, 112))
    assert [row.filled for row in rows] == [n % 3 == 0 for n in range(110)]
    assert [columns for columns, _ in sheet.reads] == [None, [0, 1]]


@pytest.mark.usefixtures("_small_pages")
@pytest.mark.parametrize("blank", [1, 40])
def test_blank_rows_at_the_end_of_the_first_page_are_not_the_end_of_the_tab(blank: int) -> None:
    sheet = large(500)
    page_rows = paging.PageSize.guess(4).rows
    sheet.rows[page_rows - blank : page_rows] = [["", "", "", ""]] * blank
    rows = list(scan(sheet).rows())
    assert [row.number for row in rows] == list(range(2, 502))
    assert sum(isinstance(row.found, Profile) for row in rows) == 500 - blank


@pytest.mark.usefixtures("_small_pages")
def test_below_the_first_page_of_a_tab_that_holds_little_only_the_urls_are_looked_for() -> None:
    sheet = large(20)
    sheet.rows += [["", "", "", ""]] * 500
    assert [row.number for row in scan(sheet).rows()] == list(range(2, 22))
    assert [columns for columns, _ in sheet.reads] == [None, [0]]


@pytest.mark.usefixtures("_small_pages")
def test_of_a_large_tab_the_column_of_a_condition_is_read_as_well() -> None:
    sheet = large(300)
    with_note = Condition(test="contains", column="C", values=("note",))
    without_url = Condition(test="contains", column="A", values=("person-7",))
    rows = list(scan(sheet, overwrite=True, conditions=[with_note, without_url]).rows())
    wanted = [str(row.found) for row in rows if row.left_out is None]
    assert len(wanted) == sum("person-7" in f"person-{n}" for n in range(300))
    assert {tuple(columns or ()) for columns, _ in sheet.reads[2:]} == {(0, 1, 2)}


@pytest.mark.usefixtures("_small_pages")
@pytest.mark.parametrize("sort_at", range(1, 6))
def test_rows_that_move_between_the_answers_are_seen_once_and_as_they_are(sort_at: int) -> None:
    rows = list(scan(large(500, sort_at)).rows())
    assert [row.number for row in rows] == list(range(2, 502))
    people = [int(row.found.key.rpartition("-")[2]) for row in rows if isinstance(row.found, Profile)]
    assert sorted(people) == list(range(500))
    filled = dict(zip(people, [row.filled for row in rows if isinstance(row.found, Profile)], strict=True))
    assert all(is_filled == (n % 3 == 0) for n, is_filled in filled.items())


@pytest.mark.usefixtures("_small_pages")
def test_a_tab_that_never_stands_still_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = large(500)
    scanned = scan(sheet)
    read = sheet.read_rows

    def moving(sheet_id: int, first_row: int, last_row: int | None, **options: Any) -> RowBlock:  # noqa: ANN401 - those of `read_rows`
        sheet.rows[1:] = [*sheet.rows[2:], sheet.rows[1]]
        return read(sheet_id, first_row, last_row, **options)

    monkeypatch.setattr(sheet, "read_rows", moving)
    with pytest.raises(SheetBusy, match="being moved"):
        list(scanned.rows())
