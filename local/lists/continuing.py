"""A result that is there already: a further run adds to it, and keeps what people have corrected in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from local.lists.columns import letter
from local.lists.contract import ListWriter, Row, SourceList
from local.lists.csv_list import CsvList
from local.lists.csv_records import parted, text_of
from local.lists.errors import BadFile
from local.lists.layout import Layout, lay_out
from local.lists.opening import Choices, open_list
from local.lists.shape import Shape
from local.lists.workbook_list import WorkbookList


@dataclass(frozen=True, slots=True)
class ContinuedList:
    """The rows of an earlier result, and those that the list has got since."""

    result: CsvList
    source: CsvList
    known_rows: int
    """Rows of the list that the result has already."""
    added: int
    """Columns that the result has beyond those of the list, right of the URLs."""

    @property
    def path(self) -> Path:
        """Where the result stands."""
        return self.result.path

    @property
    def shape(self) -> Shape:
        """That of the result."""
        return self.result.shape

    @property
    def notes(self) -> Sequence[str]:
        """What was found out about the result."""
        return [f"Rows that were added to {self.source.path} since are added to the result.", *self.result.notes]

    @property
    def suffix(self) -> str:
        """That of the result."""
        return self.result.suffix

    def rows(self, layout: Layout) -> Iterator[Row]:
        """Iterate over the rows of the result, then over the new ones of the list as the result would have them."""
        last = 0
        for row in self.result.rows(layout):
            last = row.number
            yield row
        theirs, ours = self.source.dialect, self.result.dialect
        after = self.shape.url_column + 1
        for place, row in enumerate(self.source.rows(lay_out(self.source.shape, ()))):
            if place < self.known_rows:
                continue
            cells = [cell if theirs == ours else ours.raw(theirs.value(cell)) for cell in self.source.cells(row.record)]
            if len(cells) >= after:
                cells[after:after] = [""] * self.added
            held = tuple(
                ours.value(cells[at]).strip() if at is not None and at < len(cells) else "" for at in layout.places
            )
            last += 1
            end = parted(text_of(row.record))[1]
            yield Row(last, row.url, held, ours.delimiter.join(cells) + end)

    def create(self, target: Path, layout: Layout) -> ListWriter:
        """Begin the new result with everything above the first row of the earlier one."""
        return self.result.create(target, layout)


def continued(source: SourceList, target: Path) -> SourceList:
    """Return the list to enrich so that the result at `target` is kept: the result itself, and rows that are new.

    Raises:
        BadFile: what stands at `target` is not a result of this list.
    """
    otherwise = "Name another file with OUT=… (--out), or replace this one with REPLACE=1 (--replace)."
    try:
        result = open_list(target, _choices(source))
    except BadFile as error:
        raise BadFile(f"{target} exists already, and nothing can be added to it: {error} {otherwise}") from error
    nothing, known_rows, further = Layout((), ()), 0, False
    for ours, theirs in zip_longest(source.rows(nothing), result.rows(nothing)):
        if theirs is None:
            further = True
            break
        if ours is None or ours.url.strip() != theirs.url.strip():
            raise BadFile(
                f"{target} exists already, and its row {theirs.number} is not that of {source.path}. {otherwise}"
            )
        known_rows += 1
    if not further:
        return result
    if not (isinstance(source, CsvList) and isinstance(result, CsvList)) or (added := _added(source, result)) is None:
        raise BadFile(f"{source.path} has rows that {target} does not have. {otherwise}")
    return ContinuedList(result, source, known_rows, added)


def _choices(source: SourceList) -> Choices:
    tab = source.tab.title if isinstance(source, WorkbookList) else ""
    first = source.shape.first
    if first and isinstance(source, CsvList):
        first += source.offset
    return Choices(tab=tab, column=letter(source.shape.url_column), header_row=first)


def _added(source: CsvList, result: CsvList) -> int | None:
    """Return how many columns the result has more, right of the URLs; None where the others are not the list's."""
    after, ours, theirs = source.shape.url_column + 1, source.shape.titles, result.shape.titles
    if not ours:
        return max(0, result.width - source.width)
    added = len(theirs) - max(len(ours), after)
    is_alike = added >= 0 and ours[:after] == theirs[:after] and ours[after:] == theirs[after + added :]
    return added if is_alike else None
