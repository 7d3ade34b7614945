"""The header row of a list, and what stands above it."""

from __future__ import annotations

import statistics

from functions.fields.headers import ADDRESS, best_header, holds_data, title_words
from local.lists.columns import Rows, clean
from local.lists.errors import BadFile

MAX_ABOVE = 1_000
"""Rows that are looked at for the header, blank ones left out."""


def find_header(rows: Rows, column: int, name: str) -> int | None:
    """Return the place of the header row; None where the list has none.

    Raises:
        BadFile: it cannot be told.
    """
    above = rows_above(rows, column)
    if not above:
        return None
    below = [sum(bool(cell.strip()) for cell in row) for row in rows[above[-1][0] + 1 :]]
    usual = statistics.median([count for count in below if count] or [1])
    wide = [(place, row) for place, row in above if sum(map(bool, row)) * 2 >= usual]
    first_data = next((place for place, row in above if (place, row) in wide and holds_data(row)), None)
    best = best_header([(place, row) for place, row in wide if first_data is None or place < first_data])
    if best is not None:
        return best
    if named := [(title_words(row), -place) for place, row in above if _has_titles(row)]:
        return -max(named)[1]
    if first_data == above[0][0]:
        return None
    shown = " | ".join(cell for cell in above[0][1] if cell)[:80]
    raise BadFile(
        f"Leadfill cannot tell which row of {name} is its header: row {above[0][0] + 1} reads “{shown}”. "
        "Set HEADER_ROW=… (--header-row) to its number, or to 0 if there is none."
    )


def _has_titles(row: list[str]) -> bool:
    """Whether half of a row are titles of lists: also below a report's date, also where years are titles as well."""
    words = title_words(row)
    return words > 1 and 2 * words >= sum(map(bool, row)) and not any(map(ADDRESS.search, row))


def chosen_header(rows: Rows, number: int, name: str) -> int | None:
    """Return the place of the row that a person says is the header, or None for 0."""
    if not 0 <= number <= len(rows):
        raise BadFile(f"{name} has no row {number} that could be its header.")
    return number - 1 if number else None


def rows_above(rows: Rows, column: int) -> list[tuple[int, list[str]]]:
    """Return the rows above the first that holds an address in the column, without blank ones."""
    above: list[tuple[int, list[str]]] = []
    for place, row in enumerate(rows):
        if column < len(row) and ADDRESS.search(row[column]):
            break
        if any(cell.strip() for cell in row):
            above.append((place, clean(row)))
        if len(above) == MAX_ABOVE:
            break
    return above


def titles_of(rows: Rows, header: int | None, column: int) -> tuple[tuple[str, ...], int]:
    """Return the titles of the columns below, and 1 if the header lacks the first column (R writes row names so)."""
    if header is None:
        return (), 0
    titles = clean(rows[header])
    while titles and not titles[-1]:
        titles.pop()
    below = [row for row in rows[header + 1 :] if any(cell.strip() for cell in row)]
    lacks_one = bool(below) and all(len(row) == len(rows[header]) + 1 for row in below)
    if lacks_one and [row[0].strip() for row in below] == [str(number) for number in range(1, len(below) + 1)]:
        return ("", *titles), 1
    if (
        lacks_one
        and column
        and "linkedin" in titles[column - 1].lower()
        and (column >= len(titles) or "linkedin" not in titles[column].lower())
    ):
        return ("", *titles), 1
    return tuple(titles), 0
