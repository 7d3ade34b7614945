"""A result that is there already: a further run adds to it, and keeps what people have corrected in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

from local.lists.columns import letter
from local.lists.contract import Cells, ListWriter, Row, SourceList
from local.lists.csv_list import CsvList
from local.lists.csv_records import parted
from local.lists.errors import BadFile
from local.lists.layout import Layout, lay_out
from local.lists.opening import Choices, open_list
from local.lists.shape import Shape
from local.lists.workbook_list import WorkbookList

SHOWN = 5
"""Numbers of rows in a sentence."""


@dataclass(frozen=True, slots=True)
class _EarlierResult:
    """The parts that a list takes from the earlier result with which it goes on."""

    result: SourceList

    @property
    def path(self) -> Path:
        """Where the result stands."""
        return self.result.path

    @property
    def shape(self) -> Shape:
        """That of the result."""
        return self.result.shape

    @property
    def suffix(self) -> str:
        """That of the result."""
        return self.result.suffix

    def create(self, target: Path, layout: Layout) -> ListWriter:
        """Begin the new result with everything above the first row of the earlier one."""
        return self.result.create(target, layout)


@dataclass(frozen=True, slots=True)
class ContinuedList(_EarlierResult):
    """The rows of an earlier result, and those that the list has got since."""

    result: CsvList
    source: CsvList
    known_rows: int
    """Rows of the list that the result has already."""
    added: int
    """Columns that the result has beyond those of the list, right of the URLs."""

    @property
    def notes(self) -> Sequence[str]:
        """What was found out about the result."""
        return [f"Rows that were added to {self.source.path} since are added to the result.", *self.result.notes]

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
            text = row.record[0]
            cells = [cell if theirs == ours else ours.raw(theirs.value(cell)) for cell in self.source.cells(text)]
            if len(cells) >= after:
                cells[after:after] = [""] * self.added
            held = tuple(
                ours.value(cells[at]).strip() if at is not None and at < len(cells) else "" for at in layout.places
            )
            last += 1
            end = parted(text)[1]
            yield Row(last, Cells(row.url, held), (ours.delimiter.join(cells) + end, ""))


@dataclass(frozen=True, slots=True)
class KeptResult(_EarlierResult):
    """An earlier result in which people have changed rows: it goes on as it is, each row with its own URL."""

    remark: str

    @property
    def notes(self) -> Sequence[str]:
        """How the result differs from the list, and what was found out about it."""
        return [self.remark, *self.result.notes]

    def rows(self, layout: Layout) -> Iterator[Row]:
        """Iterate over the rows of the result."""
        return self.result.rows(layout)


@dataclass(slots=True)
class _Comparison:
    """The rows of a list and of its result, side by side."""

    both: int = 0
    changed: list[int] = field(default_factory=list)
    """Numbers of the result's rows with another URL."""
    list_goes_on: bool = False
    result_goes_on: bool = False

    @property
    def is_close(self) -> bool:
        """Whether the rows are the same ones, of which somebody has corrected some in the result."""
        return not self.result_goes_on and 2 * len(self.changed) <= self.both


def continued(source: SourceList, target: Path) -> SourceList:
    """Return the list to enrich so that the result at `target` is kept: the result itself, and rows that are new.

    Raises:
        BadFile: what stands at `target` is not a result of this list.
    """
    otherwise = "Name another file with OUT=… (--out), or replace this one with REPLACE=1 (--replace)."
    unlike = unreadable = ""
    for choices in _choices(source):
        try:
            result = open_list(target, choices)
        except BadFile as error:
            unreadable = unreadable or f"{target} exists already, and nothing can be added to it: {error} {otherwise}"
            continue
        found = _compared(source, result)
        if source.shape.header is None and found.is_close and result.shape.columns > source.shape.columns:
            raise BadFile(
                f"{source.path} has no header row, so it cannot be told which columns of {target} are filled already. "
                f"To add others, name {target} as the list (FILE). Or replace it with REPLACE=1 (--replace): what was "
                "paid for is known and costs nothing."
            )
        if not found.changed and not found.result_goes_on:
            return _with_new_rows(source, result, found.both, otherwise) if found.list_goes_on else result
        if _holds_all(source, result):
            return KeptResult(result, f"Rows of {target} were moved or added by hand; they stay as they are.")
        if found.is_close and not found.list_goes_on:
            return KeptResult(result, _corrected(source, target, found.changed))
        if not unlike:
            number = found.changed[0] if found.changed else result.shape.first + found.both + 1
            unlike = (
                f"{target} exists already, and its row {number} is not that of {source.path}. {otherwise} "
                f"To fill the rows of {target} as they are, name it as the list (FILE)."
            )
    raise BadFile(unlike or unreadable)


def _choices(source: SourceList) -> Iterator[Choices]:
    """Say where the result's URLs can be: in the list's place, or wherever somebody has moved their column to."""
    tab = source.tab.title if isinstance(source, WorkbookList) else ""
    first, place = source.shape.first, letter(source.shape.url_column)
    if first and isinstance(source, CsvList):
        first += source.offset
    yield Choices(tab=tab, column=place, header_row=first)
    if source.shape.column_name in source.shape.titles:
        yield Choices(tab=tab, column=source.shape.column_name)
    yield Choices(tab=tab, column=place)
    if tab:  # it may have got another title
        yield Choices(column=place, header_row=first)
    if isinstance(source, CsvList):
        yield Choices(column=place, header_row=first, delimiter=source.dialect.delimiter)


def _compared(source: SourceList, result: SourceList) -> _Comparison:
    nothing, found = Layout((), ()), _Comparison()
    for ours, theirs in zip_longest(source.rows(nothing), result.rows(nothing)):
        if theirs is None:
            found.list_goes_on = isinstance(result, CsvList) or bool(ours.url.strip())
            if found.list_goes_on:
                break
            continue  # a workbook ends with the last row that shows something
        if ours is None:
            found.result_goes_on = bool(theirs.url.strip())
            if found.result_goes_on:
                break
            continue
        found.both += 1
        if ours.url.strip() != theirs.url.strip():
            found.changed.append(theirs.number)
    return found


def _holds_all(source: SourceList, result: SourceList) -> bool:
    """Tell whether each row of the list with a URL stands somewhere in the result, as often as in the list."""
    nothing = Layout((), ())
    left = Counter(url for row in source.rows(nothing) if (url := row.url.strip()))
    left.subtract(row.url.strip() for row in result.rows(nothing))
    return all(count <= 0 for count in left.values())


def _corrected(source: SourceList, target: Path, changed: Sequence[int]) -> str:
    rows = ", ".join(map(str, changed[:SHOWN])) + (" and more" if len(changed) > SHOWN else "")
    one = len(changed) == 1
    return (
        f"Row{'' if one else 's'} {rows} of {target} {'has another URL' if one else 'have other URLs'} than "
        f"{source.path}; the one{'' if one else 's'} in {target} {'is' if one else 'are'} looked up."
    )


def _with_new_rows(source: SourceList, result: SourceList, known_rows: int, otherwise: str) -> SourceList:
    """Return the result together with the rows that the list has got since."""
    if not (isinstance(source, CsvList) and isinstance(result, CsvList)) or (added := _added(source, result)) is None:
        raise BadFile(
            f"{source.path} has rows that {result.path} does not have. Copy them into {result.path}, and name it as "
            f"the list (FILE), so that nothing in it is lost. Or: {otherwise}"
        )
    return ContinuedList(result, source, known_rows, added)


def _added(source: CsvList, result: CsvList) -> int | None:
    """Return how many columns the result has more, right of the URLs; None where the others are not the list's."""
    after, ours, theirs = source.shape.url_column + 1, source.shape.titles, result.shape.titles
    if not ours:
        return max(0, result.width - source.width)
    added = len(theirs) - max(len(ours), after)
    is_alike = added >= 0 and ours[:after] == theirs[:after] and ours[after:] == theirs[after + added :]
    return added if is_alike else None
