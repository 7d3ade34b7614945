"""The shape of a list: its header row, what stands above it, and the column of LinkedIn URLs; the same for every file.

Rows are lists of values, from the first row of the file on. If something is unclear, the person is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.lists.columns import Rows, is_place, letter
from local.lists.errors import BadFile
from local.lists.header import chosen_header, find_header, titles_of
from local.lists.url_column import find_url_column, hits_of, named_column, names_the_same, row_with


@dataclass(frozen=True, slots=True)
class Shape:
    """Where things stand in the rows of a list."""

    header: int | None
    """The place of the header row, from 0; None where there is none."""
    titles: tuple[str, ...]
    """Of the columns of the rows below; empty where there is no header."""
    shift: int
    """1 where the header row lacks the first column, which holds R's row names."""
    url_column: int
    """From 0."""
    columns: int
    doubles: tuple[int, ...] = ()
    """Other columns that could be meant by the URLs' column: with its title, or with the same people."""

    @property
    def first(self) -> int:
        """The place of the first row of the list, from 0."""
        return 0 if self.header is None else self.header + 1

    @property
    def column_name(self) -> str:
        """The URLs' column, as people would name it."""
        title = self.titles[self.url_column] if self.url_column < len(self.titles) else ""
        return title or f"column {letter(self.url_column)}"

    @property
    def doubled(self) -> tuple[str, ...]:
        """A sentence about columns that could be meant as well; none where there are none."""
        if not self.doubles:
            return ()
        others, is_one = ", ".join(map(letter, self.doubles)), len(self.doubles) == 1
        sentence = (
            f"Column{'' if is_one else 's'} {others} {'holds' if is_one else 'hold'} LinkedIn URLs as well; those in "
            f"column {letter(self.url_column)} are looked up. URL_COLUMN=… (--url-column) chooses another one."
        )
        return (sentence,)


def shape_of(rows: Rows, name: str, *, column: str = "", header_row: int | None = None) -> Shape:
    """Find header and URL column.

    Args:
        rows: the first rows, at least up to some with URLs.
        name: the file's (and tab's), for sentences.
        column: the column's title, letter or number from 1; empty to find it.
        header_row: the header's number from 1, 0 for none; None to find it.

    Raises:
        BadFile: something cannot be told; the sentence says what to add.
    """
    if not any(any(cell.strip() for cell in row) for row in rows):
        raise BadFile(f"{name} is empty: there is no row to enrich.")
    width = max(len(row) for row in rows)
    hits = [hits_of(rows, place) for place in range(width)]
    header = chosen_header(rows, header_row, name) if header_row is not None else None
    titled = None
    if column and not is_place(column, width):
        titled = header if header_row is not None else row_with(rows, column)
    url_column = find_url_column(rows, column, titled, header, hits=hits, name=name)
    if header_row is None:
        header = titled if titled is not None else find_header(rows, url_column, name)
    titles, shift = titles_of(rows, header, url_column)
    if column:
        url_column = named_column(column, titles, width, hits=hits, file=name)
    title = titles[url_column] if column and url_column < len(titles) else ""
    doubles = tuple(
        place
        for place in range(width)
        if place != url_column
        and hits[place]
        and (names_the_same(rows, place, url_column) or (title and place < len(titles) and titles[place] == title))
    )
    return Shape(header, titles, shift, url_column, max(len(titles) or width, url_column + 1), doubles)
