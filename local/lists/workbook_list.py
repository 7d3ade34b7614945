"""A list in an Excel workbook: only cells of Leadfill's are put into the tab; everything else in the file stays.

New columns stand right of the last one that is in use: so no formula, table, width or picture has to move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from functions.outcomes import LeftOut
from local.lists import sheet_xml
from local.lists.columns import letter
from local.lists.contract import Cells, Row
from local.lists.errors import BadFile
from local.lists.layout import Layout
from local.lists.shape import Shape, shape_of
from local.lists.sheet_xml import SheetRow
from local.lists.url_column import is_profile
from local.lists.workbook_file import Tab, WorkbookFile, cells_of, covered, open_workbook
from local.lists.workbook_writer import WorkbookWriter

SAMPLE_ROWS = 200
WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm"})
"""Endings of workbooks; those with macros and templates are each of a kind of their own."""
TAKEN = "="
"""Stands for what a cell holds that belongs to another one's formula or area."""
MAX_COLUMNS = 16_384
"""Of a worksheet (Excel specifications and limits)."""


@dataclass(frozen=True, slots=True)
class WorkbookList:
    """A tab of a workbook whose shape is known."""

    file: WorkbookFile
    tab: Tab
    shape: Shape
    shared: Sequence[str]
    links: Mapping[tuple[int, int], str]
    filtered: Sequence[range]
    """The rows below filters that let only some of them through."""
    last_row: int
    """The last row that shows something, from 1."""
    used_columns: int
    """Columns up to the last one that shows something."""
    taken: Collection[tuple[int, int]] = frozenset()
    """Cells, by row and column, that an array formula fills or a merged cell covers, whatever they show."""

    @property
    def path(self) -> Path:
        """Where the workbook stands."""
        return self.file.path

    @property
    def suffix(self) -> str:
        """That of the list: a workbook with macros keeps them."""
        return self.path.suffix.lower() if self.path.suffix.lower() in WORKBOOKS else ".xlsx"

    @property
    def notes(self) -> Sequence[str]:
        """What was found out that a person may want to check."""
        notes = [f"The tab is “{self.tab.title}”."] if len(self.file.tabs) > 1 else []
        if self.shape.header:
            notes.append(f"The header is row {self.shape.header + 1}; what stands above it is kept.")
        if self.file.is_signed:
            notes.append("The workbook is signed; the result will have no valid signature.")
        return notes

    def rows(self, layout: Layout) -> Iterator[Row]:
        """Iterate over every row of the list; see `SourceList`."""
        first, empty = self.shape.first + 1, SheetRow(0, "", "", "", "")
        nothing, expected = ("",) * len(layout.fields), self.shape.first + 1
        with self.file.sheet(self.tab) as reader:
            for row in reader.rows():
                if row.number > self.last_row:
                    break
                if row.number < first:
                    continue
                for number in range(expected, row.number):
                    yield Row(number, Cells("", nothing), empty)
                expected = row.number + 1
                yield self._row(row, layout)

    def create(self, target: Path, layout: Layout) -> WorkbookWriter:
        """Begin the result; see `SourceList`."""
        if self.used_columns + len(layout.new) > MAX_COLUMNS:
            raise BadFile(
                f"The tab “{self.tab.title}” has no room for {len(layout.new)} more columns: something stands in "
                f"column {letter(self.used_columns - 1)}. Delete what is not needed there, and run it again."
            )
        return WorkbookWriter(
            self.file,
            self.tab,
            self.shape,
            used_columns=self.used_columns,
            last_row=self.last_row,
            target=target,
            layout=layout,
        )

    def _row(self, row: SheetRow, layout: Layout) -> Row:
        url, held = "", [""] * len(layout.fields)
        targets = {place: number for number, place in layout.old}
        for cell in row.cells():
            if cell.column == self.shape.url_column:
                url = _text(cell, row.number, self.shared, self.links)
            if cell.column in targets:
                held[targets[cell.column]] = sheet_xml.shown(cell, self.shared).strip() or sheet_xml.formula(cell)
        for column, number in targets.items() if self.taken else ():
            if not held[number] and (row.number, column) in self.taken:
                held[number] = TAKEN
        hidden = None
        if row.is_hidden:
            hidden = LeftOut.FILTERED if any(row.number in rows for rows in self.filtered) else LeftOut.HIDDEN
        return Row(row.number, Cells(url, tuple(held), hidden), row)


def open_workbook_list(path: Path, *, tab: str = "", column: str = "", header_row: int | None = None) -> WorkbookList:
    """Find the tab, the header and the LinkedIn URLs of a workbook.

    Args:
        path: the workbook.
        tab: the tab's title or number from 1; empty to find the one that holds profiles.
        column: the column's title, letter or number; empty to find it.
        header_row: the header's number, 0 for none; None to find it.

    Raises:
        BadFile: something cannot be told or read; the sentence says what to do.
    """
    file = open_workbook(path)
    shared = file.shared_texts()
    if tab:
        return _open_tab(file, _named(file, tab), shared, column, header_row)
    visible = [each for each in file.tabs if not each.is_hidden] or list(file.tabs)
    if len(visible) > 1:
        holding = [each for each in visible if _holds_profiles(file, each, shared)]
        if len(holding) > 1:
            titles = ", ".join(f"“{each.title}”" for each in holding)
            raise BadFile(
                f"Several tabs of {path} hold LinkedIn profile URLs: {titles}. Choose one with TAB=… (--tab)."
            )
        visible = holding or visible
    if not visible:
        raise BadFile(f"{path} has no tab with cells; there is no row to enrich.")
    return _open_tab(file, visible[0], shared, column, header_row)


def _named(file: WorkbookFile, name: str) -> Tab:
    for tab in file.tabs:
        if tab.title.casefold() == name.casefold():
            return tab
    if name.isdecimal() and 1 <= int(name) <= len(file.tabs):
        return file.tabs[int(name) - 1]
    raise BadFile(f"{file.path} has no tab {name!r}. Its tabs are: {', '.join(tab.title for tab in file.tabs)}.")


def _holds_profiles(file: WorkbookFile, tab: Tab, shared: Sequence[str]) -> bool:
    return any(is_profile(text) for row in _read_through(file, tab, shared).sample for text in row)


def _open_tab(file: WorkbookFile, tab: Tab, shared: Sequence[str], column: str, header_row: int | None) -> WorkbookList:
    seen = _read_through(file, tab, shared)
    name = str(file.path) if len(file.tabs) == 1 else f"{file.path}, tab “{tab.title}”"
    shape = shape_of(seen.sample, name, column=column, header_row=header_row)
    used = max(seen.used_columns, shape.url_column + 1)
    return WorkbookList(file, tab, shape, shared, seen.links, seen.filtered, seen.last_row, used, seen.taken)


@dataclass(slots=True)
class _Seen:
    """A tab that was read through once; see `WorkbookList`."""

    links: Mapping[tuple[int, int], str]
    filtered: Sequence[range]
    taken: set[tuple[int, int]]
    sample: list[list[str]] = field(default_factory=list)
    """The values of its first rows."""
    last_row: int = 0
    used_columns: int = 0


def _read_through(file: WorkbookFile, tab: Tab, shared: Sequence[str]) -> _Seen:
    with file.sheet(tab) as reader:
        for _row in reader.rows():
            pass
        seen = _Seen(file.links(tab, reader.tail), file.filtered(tab, reader.tail), covered(reader.tail))
    texts, has_profile, sample = 0, False, seen.sample
    with file.sheet(tab) as reader:
        for row in reader.rows():
            wanted = texts < SAMPLE_ROWS or not has_profile
            values: list[str] = []
            for cell in row.cells():
                if "ref=" in cell.inner:
                    seen.taken.update(cells_of(sheet_xml.array_of(cell)))
                if not (text := _text(cell, row.number, shared, seen.links)):
                    continue
                seen.last_row, seen.used_columns = row.number, max(seen.used_columns, cell.column + 1)
                if wanted:
                    values += [""] * (cell.column + 1 - len(values))
                    values[cell.column] = text
            if wanted and values:
                sample += [[] for _ in range(len(sample), row.number - 1)]
                sample.append(values)
                texts += 1
                has_profile = has_profile or any(map(is_profile, values))
    return seen


def _text(cell: sheet_xml.Cell, number: int, shared: Sequence[str], links: Mapping[tuple[int, int], str]) -> str:
    text = sheet_xml.shown(cell, shared)
    written = sheet_xml.formula(cell) if "<" in cell.inner else ""
    target = links.get((number, cell.column), "")
    return sheet_xml.linked(text, target, written) or written
