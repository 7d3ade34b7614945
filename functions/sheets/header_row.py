"""Find the row that names the columns of a tab, among rows that were read already."""

from __future__ import annotations

from functions.errors import NotAProfile
from functions.fields.headers import holds_data, title_words
from functions.profiles import parse
from functions.profiles.parsing import Reason
from functions.sheets.grid import RowBlock

MAX_ABOVE = 100
"""Rows with something in them that are looked at above the first address."""
SURE_WORDS = 2
"""Titles by which a row is a header although it says nothing above the URLs."""


def find_header_row(top: RowBlock, column: int) -> int | None:
    """Return the number of the header row, from 1; None where there is none.

    It stands above the first address of the column: the row with the most words that lists of people have in their
    headers, else the first with a title above the URLs. In a tab with frozen rows it is one of them, rather the last,
    unless a row below them is surely a header and none of them is.

    Args:
        top: the first rows of the tab.
        column: the column of the URLs, from 0.
    """
    above = _rows_above(top, column)
    frozen = {index: row for index, row in above.items() if index < top.tab.frozen_rows}
    in_frozen, anywhere = _likeliest(top, column, frozen, last=True), _likeliest(top, column, above)
    if in_frozen is None or anywhere is None:
        return in_frozen or anywhere
    return anywhere if _words(above, anywhere) >= SURE_WORDS > _words(above, in_frozen) else in_frozen


def _words(rows: dict[int, list[str]], number: int) -> int:
    return title_words(rows[number - 1])


def _rows_above(top: RowBlock, column: int) -> dict[int, list[str]]:
    """Return the texts of the rows above the first address; in a column without any, of frozen rows and the first."""
    above: dict[int, list[str]] = {}
    for index in range(len(top.rows)):
        if _is_address(top, index, column):
            return above
        shown = [top.text(index, place).strip() for place in range(len(top.rows[index]))]
        if any(shown) and len(above) < MAX_ABOVE:
            above[index] = shown
    last = max(top.tab.frozen_rows, 1)
    return {index: row for index, row in above.items() if index < last}


def _is_address(top: RowBlock, index: int, column: int) -> bool:
    try:
        parse(top.text(index, column), top.links(index, column))
    except NotAProfile as error:
        return error.reason not in (Reason.EMPTY, Reason.NOT_A_URL)
    return True


def _likeliest(top: RowBlock, column: int, rows: dict[int, list[str]], *, last: bool = False) -> int | None:
    rated = [
        (words, index if last else -index)
        for index, row in rows.items()
        if not holds_data(row)
        and not _is_heading(top, index, column)
        and ((words := title_words(row)) >= SURE_WORDS or (column < len(row) and row[column]))
    ]
    return 1 + abs(max(rated)[1]) if rated else None


def _is_heading(top: RowBlock, index: int, column: int) -> bool:
    """Return whether one text spans several columns here, so that it is the title of the list and not of a column."""
    return any(
        merge.top <= index < merge.bottom and merge.left <= column < merge.right and merge.right - merge.left > 1
        for merge in top.tab.merges
    )
