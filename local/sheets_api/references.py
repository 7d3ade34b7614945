"""References inside formulas: a tokenizer finds them, and they are written anew when what they name moves.

`=LEN(A2)` becomes `=LEN(A3)` when a row is inserted above row 2, and `=LEN(#REF!)` when row 2 is deleted:
https://support.google.com/docs/answer/54813. Text in quotes, function names and names of ranges are left alone.
Rows and columns count from 0, spans are (first, exclusive end).
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from openpyxl.utils import column_index_from_string

from local.sheets_api.a1 import Box, letters, quote

Span = tuple[int, int]
Moved = Callable[[Span], Span | None]
"""Where a span of rows or columns is afterwards; None: it is gone."""

OPEN_END = 10**9
"""The end of a span that reaches to the end of the sheet, such as the rows of `A2:A`."""

_CELL = r"\$?[A-Za-z]{1,3}\$?[1-9]\d{0,7}"
_COLUMN = r"\$?[A-Za-z]{1,3}"
_ROW = r"\$?[1-9]\d{0,7}"
CELLS = rf"(?:{_CELL}(?::(?:{_CELL}|{_COLUMN}|{_ROW}))?|{_COLUMN}:(?:{_CELL}|{_COLUMN})|{_ROW}:(?:{_CELL}|{_ROW}))"
REFERENCE = rf"(?P<sheet>(?:'(?:[^']|'')+'|[^\W\d]\w*)!)?(?P<cells>{CELLS})(?![\w.(!])"
"""A reference; what follows must not make it a function (`LOG10(`), a name (`A1_total`) or a sheet (`Q1!`)."""
_TOKEN = re.compile(rf'"(?:[^"]|"")*"|{REFERENCE}|[\w.]+|\$')
_CORNER = re.compile(r"(\$?)([A-Za-z]{0,3})(\$?)(\d*)")


@dataclass(frozen=True, slots=True)
class Corner:
    """One end of a reference; a missing row or column reaches to the end of the sheet."""

    row: int | None
    column: int | None
    row_fixed: bool = False
    column_fixed: bool = False

    def __str__(self) -> str:
        column = "" if self.column is None else "$" * self.column_fixed + letters(self.column)
        return column + ("" if self.row is None else "$" * self.row_fixed + str(self.row + 1))


@dataclass(frozen=True, slots=True)
class Reference:
    """A cell or a range. `sheet` is the title that stands before it, None where none does."""

    sheet: str | None
    first: Corner
    last: Corner | None = None

    def __str__(self) -> str:
        title = "" if self.sheet is None else quote(self.sheet) + "!"
        return title + str(self.first) + ("" if self.last is None else f":{self.last}")


Change = Callable[[Reference], Reference | None]
"""A reference as it is afterwards; None: `#REF!`."""


@functools.lru_cache(maxsize=100_000)
def parse(sheet: str | None, cells: str) -> Reference:
    """Return a reference from its two parts, such as `'My leads'!` and `$A2:A`."""
    title = None if sheet is None else sheet[:-1]
    if title is not None and title.startswith("'"):
        title = title[1:-1].replace("''", "'")
    first, _, last = cells.partition(":")
    return Reference(title, _corner(first), _corner(last) if last else None)


def _corner(text: str) -> Corner:
    found = _CORNER.fullmatch(text)
    assert found is not None  # noqa: S101  # the tokenizer's pattern is narrower
    before_column, column, before_row, row = found.groups()
    return Corner(
        int(row) - 1 if row else None,
        column_index_from_string(column.upper()) - 1 if column else None,
        row_fixed=bool(before_row or (before_column and not column)),
        column_fixed=bool(before_column and column),
    )


def rewrite(formula: str, change: Change) -> str:
    """Return a formula with each of its references changed; one that stays the same keeps its spelling."""

    def changed(found: re.Match[str]) -> str:
        cells = found["cells"]
        if cells is None:
            return found[0]
        reference = parse(found["sheet"], cells)
        after = change(reference)
        if after == reference:
            return found[0]
        return "#REF!" if after is None else str(after)

    return _TOKEN.sub(changed, formula)


def following(title: str, dimension: str, moved: Moved, *, at_home: bool) -> Change:
    """Return the change that makes references follow rows or columns of the sheet with this title.

    `at_home`: the formula stands on that sheet, so that a reference without a title means it.
    """
    folded = title.casefold()
    at, put = _ROWS if dimension == "ROWS" else _COLUMNS

    def change(reference: Reference) -> Reference | None:
        if not (at_home if reference.sheet is None else reference.sheet.casefold() == folded):
            return reference
        first, last = at(reference.first), at(reference.last or reference.first)
        if first is None and last is None:
            return reference
        low, high = sorted((0 if first is None else first, OPEN_END if last is None else last))
        span = moved((low, high + 1))
        if span is None:
            return None
        start, end = span[0], span[1] - 1
        if first is not None and last is not None and first > last:
            start, end = end, start
        return Reference(
            reference.sheet,
            put(reference.first, start) if first is not None else reference.first,
            put(reference.last, end) if reference.last is not None and last is not None else reference.last,
        )

    return change


def _put_row(corner: Corner, row: int) -> Corner:
    return replace(corner, row=row)


def _put_column(corner: Corner, column: int) -> Corner:
    return replace(corner, column=column)


_ROWS = operator.attrgetter("row"), _put_row
_COLUMNS = operator.attrgetter("column"), _put_column


def shifted(formula: str, rows: int, columns: int) -> str:
    """Return a formula as it reads when copied that far: what is not fixed by `$` shifts along.

    So do the formulas of a row that a sort moves; a reference that leaves the sheet at its top or left is `#REF!`.
    """
    if not rows and not columns:
        return formula

    def change(reference: Reference) -> Reference | None:
        ends = [_shifted(corner, rows, columns) for corner in (reference.first, reference.last) if corner is not None]
        kept = [corner for corner in ends if corner is not None]
        if len(kept) < len(ends):
            return None
        return replace(reference, first=kept[0], last=kept[1] if len(kept) > 1 else None)

    return rewrite(formula, change)


def _shifted(corner: Corner, rows: int, columns: int) -> Corner | None:
    row = corner.row if corner.row is None or corner.row_fixed else corner.row + rows
    column = corner.column if corner.column is None or corner.column_fixed else corner.column + columns
    if (row or 0) < 0 or (column or 0) < 0:
        return None
    return replace(corner, row=row, column=column)


def renaming(old: str, new: str | None) -> Change:
    """Return the change that follows a sheet to its new title; None: it is deleted, what named it is `#REF!`."""
    folded = old.casefold()

    def change(reference: Reference) -> Reference | None:
        if reference.sheet is None or reference.sheet.casefold() != folded:
            return reference
        return None if new is None else replace(reference, sheet=new)

    return change


def carried(title: str, source: Box, way: tuple[str, int, int], *, home: str) -> Change:
    """Return the change that follows cells that are cut out of `source` of a sheet: to another, so far down and right.

    Only a reference that lies wholly inside is followed. `home` is the title of the sheet that the formula stands on.
    """
    to, down, right = way

    def change(reference: Reference) -> Reference | None:
        if (reference.sheet or home).casefold() != title.casefold():
            return reference
        ends = [corner for corner in (reference.first, reference.last) if corner is not None]
        if not all(
            corner.row is not None
            and corner.column is not None
            and source.top <= corner.row < source.bottom
            and source.left <= corner.column < source.right
            for corner in ends
        ):
            return reference
        moved = [replace(corner, row=(corner.row or 0) + down, column=(corner.column or 0) + right) for corner in ends]
        named = None if reference.sheet is None and to == home else to
        return Reference(named, moved[0], moved[1] if len(moved) > 1 else None)

    return change


def inserted(start: int, count: int) -> Moved:
    """Return where spans are once `count` rows or columns stand before what was at `start`."""
    return lambda span: (span[0] + count * (span[0] >= start), span[1] + count * (span[1] > start))


def deleted(start: int, end: int) -> Moved:
    """Return where spans are once rows or columns from `start` to before `end` are gone."""

    def moved(span: Span) -> Span | None:
        first, last = (min(edge, start) + max(edge - end, 0) for edge in span)
        return (first, last) if last > first else None

    return moved


def moved_to(start: int, end: int, destination: int) -> Moved:
    """Return where spans are once rows or columns stand before what was at `destination`.

    What moves wholly is followed. A span that loses a part of itself shrinks, one that rows move into grows, as if they
    had been deleted here and inserted there; Google documents nothing about it.
    """
    count = end - start
    target = destination - count if destination >= end else destination
    away, back = deleted(start, end), inserted(target, count)

    def moved(span: Span) -> Span | None:
        if start <= span[0] and span[1] <= end:
            return span[0] + target - start, span[1] + target - start
        left = away(span)
        assert left is not None  # noqa: S101  # only a span wholly inside vanishes, and that was above
        return back(left)

    return moved
