"""A1 notation: the one column of a tab that a run covers.

The rules are those of https://developers.google.com/workspace/sheets/api/guides/concepts#cell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from functions.errors import BadRange

_RANGE = re.compile(
    r"(?:'(?P<quoted>(?:[^']|'')+)'|(?P<plain>[^'!]+))!"
    r"\$?(?P<from>[A-Z]{1,3})\$?(?P<first>[1-9][0-9]{0,7})?(?::\$?(?P<to>[A-Z]{1,3})\$?(?P<last>[1-9][0-9]{0,7})?)?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Range:
    """Some rows of one column."""

    title: str
    """The tab's."""
    column: int
    """From 0."""
    first_row: int
    """From 1."""
    last_row: int | None
    """None: to the end of the tab."""

    def __str__(self) -> str:
        """In A1 notation."""
        title = self.title if re.fullmatch(r"[A-Za-z_]\w*", self.title, re.ASCII) else _quoted(self.title)
        column = letters(self.column)
        return f"{title}!{column}{self.first_row}:{column}{self.last_row or ''}"


def parse_range(text: str) -> Range:
    """`Leads!A2:A500`, `'My leads'!A2:A`, `Leads!A` → the range.

    Raises:
        BadRange: it is none, names no tab, or is wider than one column.
    """
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise BadRange(f"“{text[:100]}” is not a range of a tab; write it like Leads!A2:A500.")
    first = int(match["first"] or 1)
    last = int(match["last"]) if match["last"] else None
    if match["to"] and match["to"].upper() != match["from"].upper():
        raise BadRange(f"“{text[:100]}” spans several columns; choose the one column that holds the LinkedIn URLs.")
    if match["to"] is None and match["first"]:
        last = first
    if last is not None and last < first:
        first, last = last, first
    title = match["quoted"].replace("''", "'") if match["quoted"] else match["plain"].strip()
    return Range(title, column_number(match["from"]), first, last)


def letters(column: int) -> str:
    """A column's letters; `column` counts from 0."""
    text, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        text = chr(65 + digit) + text
    return text


def rows_of(title: str, first: int, last: int) -> str:
    """Whole rows of a tab, in A1 notation; both numbers count from 1."""
    return f"{_quoted(title)}!{first}:{last}"


def column_number(text: str) -> int:
    """The number of a column, from 0, by its letters."""
    number = 0
    for letter in text.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _quoted(title: str) -> str:
    return "'" + title.replace("'", "''") + "'"
