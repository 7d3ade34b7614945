"""Reads the tab of a run, in part or as a whole, in answers of a few megabytes.

Only the columns of the run are read, and whole rows where somebody stands in several: what else stands there tells them
apart. A large tab comes in pages, of which each shows another moment, so rows that move meanwhile would be seen twice
or never. Therefore the column of URLs is read after the pages, in one answer, and rows that it contradicts are read
again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

from functions.errors import BadRange, SheetBusy
from functions.sheets.cells import SheetRow
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import RowBlock, Tab
from functions.sheets.layout import Layout
from functions.sheets.paging import MAX_ROWS, WHOLE_CELLS, PageSize
from functions.sheets.row_identity import identity
from functions.sheets.transport import TooMuchText

LOOKS = 8
"""Attempts to see something that people move meanwhile."""
NOTHING = RowBlock(Tab(0, "", 0, 0), 1, {}, ())
BLANK = identity(NOTHING, 0, 0)
"""Identity of a row without a URL."""
MOVING = "Rows or columns are moved again and again at the moment; try again in a minute."


class _Shorter(BadRange):
    """The tab ends above the first row that is asked for."""


def _never_still(refused: BadRange | None) -> BadRange | SheetBusy:
    """Return the error after the last try: trying later helps, unless Google's refusal is not about a range."""
    return SheetBusy(MOVING, retry_after_s=5) if refused is None or "grid limits" in str(refused) else refused


def _one_of(names: Sequence[str], index: int, name: str) -> str:
    """Return the string in the place `index` where it equals `name`: of equal ones, one is kept."""
    return names[index] if index < len(names) and names[index] == name else name


def _nobody(_identities: Sequence[str]) -> Collection[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as they are between two numbers; those that hold nothing may be missing."""

    first: int
    last: int | None
    """None: to the end of the tab."""
    rows: list[SheetRow]


@dataclass(slots=True)
class TabReader:
    """Reads the rows of a tab for one run."""

    sheet: GoogleSheet
    layout: Layout
    several: Callable[[Sequence[str]], Collection[str]] = _nobody
    """Returns those of these identities that are known to stand in several rows, wherever those are."""
    seen: RowBlock = field(init=False, default=NOTHING)
    """Where the columns were at the latest look; without rows."""
    _is_long: bool = field(init=False, default=False)
    """Whether the cells of a small tab hold too much text for one answer."""
    _columns: frozenset[int] | None = field(init=False)
    """Of the run, as far as is known."""
    _found: set[str] = field(init=False, default_factory=set)
    """Identities that were seen to stand in several rows of the tab."""
    _apart: list[int] = field(init=False, default_factory=list)
    """The numbers of their rows, in order, as far as is known."""

    def __post_init__(self) -> None:
        self._columns = frozenset(self.layout.places) or None

    def rows(self, first_row: int, last_row: int, *, max_rows: int = MAX_ROWS) -> list[SheetRow]:
        """Read these rows, each page in another moment.

        Raises:
            BadRange: the tab has become shorter than that.
            SheetBusy: columns are moved all the time.
            SheetGone: the column of URLs was deleted, or all columns of the fields.
            SheetError: the spreadsheet cannot be read.
        """
        return [row for page in self._pages(first_row, last_row, max_rows) for row in page.rows]

    def pages(self, max_rows: int = MAX_ROWS) -> Iterator[list[SheetRow]]:
        """Read every row of the tab, page by page, each in another moment.

        Raises:
            SheetError: as `rows`.
        """
        names = self._identities()
        try:
            yield from (page.rows for page in self._pages(1, len(names), max_rows))
        except _Shorter:  # nothing is there any more
            return

    def seen_in_several(self, identities: Iterable[str]) -> set[str]:
        """Return those of these that were seen in several rows of the tab, wherever those are."""
        return self._found.intersection(identities)

    @property
    def is_small(self) -> bool:
        """Return whether every read covers the whole tab, in all columns, as far as is known."""
        return not self._is_long and self.layout.tab_rows * self.layout.tab_columns <= WHOLE_CELLS

    def all_rows(self) -> list[SheetRow]:
        """Read every row of the tab, as of one moment.

        Raises:
            SheetBusy: rows are moved all the time, so that no two looks agree.
            SheetError: as `rows`.
        """
        found: dict[int, SheetRow] = {}
        for page in self.settling_pages():
            if page.last is None:
                found = {number: row for number, row in found.items() if number < page.first}
            else:
                for number in range(page.first, page.last + 1):
                    found.pop(number, None)
            found.update((row.number, row) for row in page.rows)
        return [found[number] for number in sorted(found)]

    def settling_pages(self) -> Iterator[Page]:
        """Read every row of the tab in pages, and again those that moved, until all are as of one moment.

        A later page is in the place of what earlier ones say of its rows. So a tab need not be held as a whole.

        Raises:
            SheetError: as `all_rows`.
        """
        if (whole := self._whole()) is not None:
            yield whole
            return
        first, names = 1, self._identities()
        last, known = len(names), list[str]()
        for _ in range(LOOKS):
            known += [BLANK] * (last - len(known))
            known[first - 1 : last] = [BLANK] * (last - first + 1)
            try:
                for page in self._pages(first, last, MAX_ROWS):
                    for row in page.rows:
                        known[row.number - 1] = _one_of(names, row.number - 1, row.identity)
                    yield page
            except _Shorter:
                first, known = 1, []
            names = self._identities(known)
            known += [BLANK] * (len(names) - len(known))
            wrong = [number for number, name in enumerate(names, 1) if name != known[number - 1]]
            if not wrong:
                yield Page(len(names) + 1, None, [])
                return
            first, last = wrong[0], wrong[-1]
        raise SheetBusy(MOVING, retry_after_s=5)

    def small_tab(self) -> list[SheetRow] | None:
        """Read every row of a small tab in all columns; None where it is not small, or its cells hold too much text.

        Raises:
            SheetError: as `rows`.
        """
        if self.is_small:
            try:
                return self._rows(self.sheet.read_rows(self.layout.sheet_id, 1, None))
            except TooMuchText:
                self._is_long = True
        return None

    def _whole(self) -> Page | None:
        """Read every row in one answer; None where there are many, or cells hold too much text for that."""
        if (rows := self.small_tab()) is not None:
            return Page(1, None, rows)
        if self.layout.tab_rows <= self._size().rows:
            with suppress(TooMuchText):
                return Page(1, None, self._page(1, None)[1])
        return None

    def _rows(self, block: RowBlock) -> list[SheetRow]:
        self.seen = replace(block, rows=())
        return self.layout.rows(block)

    def _identities(self, known: Sequence[str] = ()) -> list[str]:
        """Read the column of URLs in one answer, however long: who stands in each row of the tab.

        Those that stand where `known` has them are the same strings: a large tab has a hundred thousand.
        """
        refused: BadRange | None = None
        for _ in range(LOOKS):
            self._columns = None
            url = self._located().anchors[self.layout.url]
            try:
                block = self.sheet.read_rows(self.layout.sheet_id, 1, None, columns=[url])
            except BadRange as error:  # columns were deleted since
                refused = error
                continue
            refused = None
            if block.anchors.get(self.layout.url) == url:
                names = [_one_of(known, index, identity(block, index, url)) for index in range(block.tab.rows)]
                del block  # many megabytes
                self._found |= {name for name, following in pairwise(sorted(names)) if name == following}
                self._apart = [number for number, name in enumerate(names, 1) if name in self._found]
                return names
        raise _never_still(refused)

    def _located(self) -> RowBlock:
        """Read the first row in all columns: it says where they are."""
        head = self.sheet.read_rows(self.layout.sheet_id, 1, 1)
        self.layout.rows(head)  # refuses where the columns are gone
        self._columns = self.layout.columns_in(head.anchors)
        del self._apart[bisect_right(self._apart, head.tab.rows) :]  # whoever stood there is gone, or elsewhere now
        return head

    def _pages(self, first_row: int, last_row: int, max_rows: int) -> Iterator[Page]:
        size = self._size(max_rows)
        while first_row <= last_row:
            end, (size_bytes, rows) = size.fitting(first_row, last_row, self._page)
            size.learn(size_bytes, end - first_row + 1)
            yield Page(first_row, end, rows)
            first_row = end + 1

    def _size(self, max_rows: int = MAX_ROWS) -> PageSize:
        return PageSize.guess(len(self.layout.columns) + 1, max_rows)

    def _page(self, first_row: int, last_row: int | None) -> tuple[int, list[SheetRow]]:
        """Read these rows; return the bytes of the answer, and the rows."""
        refused: BadRange | None = None
        for _ in range(LOOKS):
            if self._columns is None and first_row > self._located().tab.rows:
                raise _Shorter("The tab has become shorter; the rows that are asked for are not there any more.")
            start = bisect_left(self._apart, first_row)
            end = len(self._apart) if last_row is None else bisect_right(self._apart, last_row)
            apart = self._apart[start:end]
            try:
                block = self.sheet.read_rows(
                    self.layout.sheet_id, first_row, last_row, columns=self._columns, whole=apart
                )
            except BadRange as error:  # columns were deleted, or rows, also of those that are read whole
                refused, self._columns = error, None
                continue
            refused = None
            if self.layout.columns_in(block.anchors) != self._columns:
                self._columns = None
                continue
            rows = self._rows(block)
            wanted = self._of_several(rows)
            if wanted <= set(apart):
                return block.size, rows
            self._apart[start:end] = sorted(wanted)
        raise _never_still(refused)

    def _of_several(self, rows: Sequence[SheetRow]) -> set[int]:
        """Return the numbers of the rows of people with several."""
        counts = Counter(row.identity for row in rows)
        self._found |= {name for name, count in counts.items() if count > 1}
        self._found |= set(self.several(sorted(counts)))
        return {row.number for row in rows if row.identity in self._found}
