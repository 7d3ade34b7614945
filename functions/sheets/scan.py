"""Scans a sheet before a run: the person in each row, and the column of each field; writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from functions.credits.only_where import Condition
from functions.errors import BadRange, SheetBusy
from functions.fields.catalogue import Field
from functions.fields.cell_format import Rendering
from functions.fields.columns import Choices, Chosen, Columns, Target, doubled_sentences, place_of, target_columns
from functions.outcomes import LeftOut
from functions.profiles import Profile
from functions.profiles.parsing import Reason
from functions.sheets.a1 import Range, column_number, letters
from functions.sheets.grid import Box, RowBlock, Tab
from functions.sheets.header_row import find_header_row
from functions.sheets.paging import PageSize
from functions.sheets.row_identity import identity, is_computed, who
from functions.sheets.row_status import STATUS, is_status, number_of, unusable
from functions.sheets.spills import SpillGuard
from functions.sheets.transport import TooMuchText

COMPUTED = "Its Status stays as it is, since the cell holds a formula, whose text changes when rows move."
LOOKS = 3
"""Attempts to see a large tab while people move its rows."""
MOVING = "Rows of this tab are being moved at the moment; try again when nobody sorts, inserts or deletes rows."
WIDTH_ROWS = 200
"""Rows by which it is told which columns are in use."""
FILTER_VIEWS = (
    "This tab has filter views. Leadfill cannot see what a filter view hides, so those rows are filled, too. "
    "To leave rows out, use an ordinary filter or hide them."
)
"""Neither the API nor Apps Script tells what somebody sees through a filter view."""
YEARS = (
    "“{}” can be a year, which is a number. If its column is formatted as dates, 2006 shows as a day in 1905: "
    "format the column as plain numbers, or choose a new one."
)
"""Of a column that Leadfill has not made, and whose format a plan does not read."""


_Seen = tuple[frozenset[int], bool, str]
"""The numbers of the fields whose cells hold something; whether the row meets the conditions; and the Status that an
earlier run has written, which this one may replace, or ""."""


class Sheet(Protocol):
    """The source that a scan reads from."""

    def tab(self, title: str) -> Tab:
        """The tab of this title."""

    def read_rows(
        self,
        sheet_id: int,
        first_row: int,
        last_row: int | None,
        *,
        columns: Collection[int] | None = None,
        visibility: bool = False,
    ) -> RowBlock:
        """Some rows, whole or in some columns."""


class ScannedRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row of the range."""

    number: int
    """From 1."""
    found: Profile | str
    """The row's profile, or the reason why it has none."""
    sentence: str
    """A sentence that says what to do about a row without a profile, or why another one counts as filled."""
    filled: bool
    """True if every target cell holds something already, and is kept."""
    held: frozenset[int]
    """The numbers of the fields whose cells hold something."""
    left_out: LeftOut | None
    """The reason why the row is left alone, if it is."""
    identity: str | None = None
    """The identity of a row without a profile beside which its Status is to be written; None for other rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetScan:
    """A tab and a range of it, ready to be read row by row."""

    sheet: Sheet
    tab: Tab
    range: Range
    """With its real ends, and without the header row."""
    header_row: int | None
    """From 1; None where there is none."""
    columns: Columns
    targets: tuple[Target, ...]
    overwrite: bool
    include_hidden: bool
    conditions: tuple[tuple[int, Condition], ...]
    """Column, from 0, and what must hold for its cell; a row is left out otherwise."""
    first_page: RowBlock
    """The first rows of the tab, whole."""
    urls: RowBlock | None
    """The column of URLs, all of it as of one moment; None where the first page holds the range."""
    is_whole: bool
    """Whether `urls` holds all other columns that are needed, too."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Return sentences about what the plan cannot see, and about what it has chosen."""
        views = (FILTER_VIEWS,) if self.tab.filter_views and not self.include_hidden else ()
        doubled = doubled_sentences([target.held for target in self.targets], self.columns, letters)
        years = tuple(
            YEARS.format(target.field.header)
            for target in self.targets
            if target.held is not None
            and target.field.rendering is Rendering.MOMENT
            and self.columns.made_for.get(target.held) != target.field.name
        )
        return views + doubled + years

    def rows(self) -> Iterator[ScannedRow]:
        """Every row of the range.

        Raises:
            BadRange: values or columns would break what a formula elsewhere fills.
            SheetBusy: rows are being moved all the time.
            SheetError: the spreadsheet cannot be read.
        """
        first, last = self.range.first_row, self.range.last_row or self.tab.rows
        urls = self.urls
        if urls is None or self.is_whole:
            block = urls or self.first_page
            seen = self._see(block, self._begun_guard(), first, last)
            yield from (self._row(block, first + at, *one) for at, one in enumerate(seen))
            return
        for look in range(LOOKS):
            urls = self._read(first, last, [self.range.column]) if look else urls
            pages = self._see_pages(urls, first, last)
            if pages is not None:
                yield from (self._row(urls, first + at, *one) for at, one in enumerate(pages))
                return
        raise SheetBusy(MOVING, retry_after_s=5)

    def _see_pages(self, urls: RowBlock, first: int, last: int) -> list[_Seen] | None:
        """Return the same as `_see`; None where rows have moved since the URLs were read."""
        column, guard = self.range.column, self._begun_guard()
        needed = _needed(column, self.targets, self.conditions)
        if needed == {column} and not self.conditions:
            return [(frozenset(), True, "")] * (last - first + 1)
        found: list[_Seen] = []
        size = PageSize.guess(len(needed))
        while first <= last:
            end, page = size.fitting(first, last, lambda top, bottom: self._read(top, bottom, needed))
            size.learn(page.size, end - first + 1)
            there = (page.text(index, column) for index in range(end - first + 1))
            if any(text != urls.text(at - urls.first_row, column) for at, text in enumerate(there, first)):
                return None
            found += self._see(page, guard, first, end)
            first = end + 1
        return found

    def _see(self, block: RowBlock, guard: SpillGuard, first: int, last: int) -> list[_Seen]:
        """Return of rows what is to be known of their cells, and guard the rows.

        Whatever stands below them in the first page is looked at as well.
        """
        found = []
        shared: dict[_Seen, _Seen] = {}  # a hundred thousand rows hold few different sets
        places = [(number, target.held) for number, target in enumerate(self.targets) if target.held is not None]
        status = self._replaced_status()
        for index in range(first - block.first_row, last - block.first_row + 1):
            guard.look(block, index, covered=True)
            held = frozenset(number for number, place in places if block.content(index, place) != "")
            written = "" if status is None else block.content(index, status)
            seen = held, self._meets(block, index), str(written) if is_status(written) else ""
            found.append(shared.setdefault(seen, seen))
        if block is self.first_page:
            for index in range(last, len(block.rows)):
                guard.look(block, index, covered=False)
        return found

    def _meets(self, block: RowBlock, index: int) -> bool:
        for column, condition in self.conditions:
            content = block.content(index, column)
            number = content if isinstance(content, int | float) and not isinstance(content, bool) else None
            if not condition.is_met(block.text(index, column), is_empty=content == "", number=number):
                return False
        return True

    def _replaced_status(self) -> int | None:
        """Return the column of Status, where it is one that Leadfill has made for it."""
        made = (target.held for target in self.targets if target.field.name == STATUS and target.held is not None)
        return next((place for place in made if self.columns.made_for.get(place) == STATUS), None)

    def _begun_guard(self) -> SpillGuard:
        """A guard that has looked at what stands above the range."""
        guard = _guard(self.range.column, self.targets)
        for index in range(min(self.range.first_row - 1, len(self.first_page.rows))):
            guard.look(self.first_page, index, covered=False)
        return guard

    def _row(self, block: RowBlock, number: int, held: frozenset[int], is_wanted: bool, status: str) -> ScannedRow:  # noqa: FBT001 - the parts of `_Seen`
        index = number - block.first_row
        hidden = None if self.include_hidden else block.hidden.get(index)
        found, sentence = who(block, index, self.range.column)
        told = None
        if isinstance(found, str) and found != Reason.EMPTY and self._tells(unusable(found), held, status):
            if is_computed(block, index, self.range.column):
                sentence = f"{sentence} {COMPUTED}"
            else:
                told = identity(block, index, self.range.column)
        return ScannedRow(
            number=number,
            found=found,
            sentence=sentence,
            filled=not self.overwrite and len(held) == len(self.targets),
            held=held,
            left_out=hidden if is_wanted else hidden or LeftOut.CONDITION,
            identity=told,
        )

    def _tells(self, status: str, held: frozenset[int], replaced: str) -> bool:
        """Tell whether a Status is to be written into a row with these cells."""
        number = number_of(tuple(target.field for target in self.targets))
        if number is None or replaced == status:
            return False
        return self.overwrite or number not in held or replaced != ""

    def _read(self, first_row: int, last_row: int, columns: Collection[int]) -> RowBlock:
        visible = not self.include_hidden
        return self.sheet.read_rows(self.tab.sheet_id, first_row, last_row, columns=columns, visibility=visible)


def scan_range(
    sheet: Sheet,
    wanted: Range,
    fields: tuple[Field, ...],
    *,
    header: int | Literal["auto", "no"],
    overwrite: bool,
    reuse: bool,
    choices: Choices | None = None,
    include_hidden: bool = False,
    conditions: Sequence[Condition] = (),
    tab: Tab | None = None,
) -> SheetScan:
    """Looks at the tab and finds the header row and the columns.

    Args:
        sheet: the spreadsheet.
        wanted: the column of URLs.
        fields: what is to be filled.
        header: the row that names the columns, from 1; `auto` to find it, `no` if there is none.
        overwrite: whether cells that hold something count as free.
        reuse: whether a column whose header names the field is used again.
        choices: columns that somebody chose for fields.
        include_hidden: whether rows count that a filter or somebody hides.
        conditions: what must hold for a row's cells; each names its column.
        tab: the tab, where it was seen just now.

    Raises:
        BadRange: no such tab, beyond its grid, no row below the header, or over merged or protected cells.
        SheetError: the spreadsheet cannot be read.
    """
    tab = tab or sheet.tab(wanted.title)
    if wanted.column >= tab.columns or wanted.first_row > tab.rows or (wanted.last_row or 0) > tab.rows:
        raise BadRange(
            f"{wanted} goes beyond the tab, which ends at {letters(tab.columns - 1)}{tab.rows}; choose rows inside it."
        )
    page_rows, page = PageSize.guess(tab.columns).fitting(
        1, tab.rows, lambda top, bottom: sheet.read_rows(tab.sheet_id, top, bottom, visibility=not include_hidden)
    )
    header_row = find_header_row(page, wanted.column) if header == "auto" else None if header == "no" else header
    if (header_row or 0) > tab.rows:
        raise BadRange(f"Row {header_row} cannot be the header: the tab ends at row {tab.rows}.")
    first = max(wanted.first_row, (header_row or 0) + 1)
    last = min(wanted.last_row or tab.rows, tab.rows)
    if last < first:
        raise BadRange(f"{wanted} ends at the header, which is row {header_row}; choose the rows below it.")
    top = page if (header_row or 1) <= page_rows else sheet.read_rows(tab.sheet_id, header_row or 1, header_row)
    columns = columns_of(top, header_row, wanted.column, page)
    _refuse_beyond(tab, choices or {})
    targets = target_columns(fields, columns, choices, reuse=reuse)
    placed = tuple((_place_of(tab, condition, columns), condition) for condition in conditions)
    urls, is_whole = None, False
    if last > page_rows:  # also where the page ends with blank rows: further ones may stand below them
        needed = _needed(wanted.column, targets, placed)
        is_whole = last - first < PageSize.guess(len(needed)).rows
        try:
            names = needed if is_whole else [wanted.column]
            urls = sheet.read_rows(tab.sheet_id, first, last, columns=names, visibility=not include_hidden)
        except TooMuchText:
            if not is_whole:
                raise
            is_whole = False
            urls = sheet.read_rows(tab.sheet_id, first, last, columns=[wanted.column], visibility=not include_hidden)
        filled = (at for at in range(len(urls.rows), 0, -1) if urls.content(at - 1, wanted.column) != "")
        last = max(first, min(last, first + next(filled, 0) - 1))
    if urls is None or last <= page_rows:
        urls, is_whole, last = None, False, max(first, min(last, len(page.rows)))
    covered = Range(wanted.title, wanted.column, first, last)
    _refuse_unfit(tab, covered, targets)
    return SheetScan(
        sheet=sheet,
        tab=tab,
        range=covered,
        header_row=header_row,
        columns=columns,
        targets=targets,
        overwrite=overwrite,
        include_hidden=include_hidden,
        conditions=placed,
        first_page=page,
        urls=urls,
        is_whole=is_whole,
    )


def _guard(url_column: int, targets: Sequence[Target]) -> SpillGuard:
    held = {target.held: target.field.header for target in targets if target.held is not None}
    beside = any(target.held is None and not target.at_end for target in targets)
    return SpillGuard(held, url_column + 1 if beside else None)


def _needed(url_column: int, targets: Sequence[Target], conditions: Sequence[tuple[int, Condition]]) -> set[int]:
    """Return the columns that the rows of a range are to be read in."""
    return {url_column, *_guard(url_column, targets).columns, *(place for place, _ in conditions)}


def columns_of(top: RowBlock, header_row: int | None, url_column: int, sample: RowBlock) -> Columns:
    """Return the columns of a tab.

    Args:
        top: rows with the header row among them.
        header_row: its number, from 1; None where there is none.
        url_column: where the URLs stand, from 0.
        sample: rows that show which columns are in use.
    """
    used = [len(sample.rows[index]) for index in range(min(len(sample.rows), WIDTH_ROWS))]
    titles = top.titles(header_row - top.first_row) if header_row is not None else []
    named = max((column + 1 for column, title in enumerate(titles) if title), default=0)
    return Columns(titles, url_column, top.made_for, max([named, *used]))


def _place_of(tab: Tab, condition: Condition, columns: Columns) -> int:
    place = place_of(Chosen(column_number(condition.column or ""), condition.title), columns)
    if place is None or place >= tab.columns:
        raise BadRange(
            f"The column {condition.title or condition.column} of a condition no longer exists; choose it again."
        )
    return place


def _refuse_beyond(tab: Tab, choices: Choices) -> None:
    for choice in choices.values():
        if isinstance(choice, Chosen) and choice.column >= tab.columns:
            raise BadRange(
                f"The tab has no column {letters(choice.column)}; its last one is {letters(tab.columns - 1)}."
            )


def _refuse_unfit(tab: Tab, covered: Range, targets: tuple[Target, ...]) -> None:
    if tab.takes_no_columns and any(target.held is None for target in targets):
        raise BadRange(
            f"The tab “{tab.title}” is protected, so no column can be inserted; ask the sheet's owner for the right to "
            "edit it, or choose columns that you can edit."
        )
    columns = [covered.column, *(target.held for target in targets if target.held is not None)]
    boxes = [Box(covered.first_row - 1, column, covered.last_row or tab.rows, column + 1) for column in columns]
    for box in boxes:
        first, last = f"{letters(box.left)}{box.top + 1}", f"{letters(box.left)}{box.bottom}"
        where = first if first == last else f"{first}:{last}"
        if any(box.meets(merge) for merge in tab.merges):
            raise BadRange(f"There are merged cells in {where}; unmerge them, or choose other rows.")
        if box.left != covered.column and tab.protects(box):
            raise BadRange(f"{where} holds protected cells; ask the sheet's owner for the right to edit them.")
