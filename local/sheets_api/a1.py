"""A1 notation: text to areas of a sheet and back.

Rows and columns count from 0, ends are exclusive, `None` as an end means "to the end of the sheet".
The rules are those of https://developers.google.com/workspace/sheets/api/guides/concepts#cell and of recorded answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from openpyxl.utils import column_index_from_string, get_column_letter

from local.sheets_api.google_errors import GoogleError, Json, invalid

_CORNERS = re.compile(r"\$?([A-Za-z]{0,3})\$?(\d{0,9})(?::\$?([A-Za-z]{0,3})\$?(\d{0,9}))?")
_PLAIN_TITLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOOKS_LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}\d+|[Rr]\d*[Cc]\d*")


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells."""

    top: int = 0
    left: int = 0
    bottom: int | None = None
    right: int | None = None

    @property
    def single_cell(self) -> bool:
        """Whether it is exactly one cell."""
        return self.bottom == self.top + 1 and self.right == self.left + 1


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of cells with known ends, inside a grid."""

    top: int
    left: int
    bottom: int
    right: int

    def intersects(self, other: Box) -> bool:
        """Whether the two share a cell."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def contains(self, other: Box) -> bool:
        """Whether the other lies wholly inside."""
        return (
            self.top <= other.top
            and other.bottom <= self.bottom
            and self.left <= other.left
            and other.right <= self.right
        )

    def grid_range(self, sheet_id: int) -> Json:
        """Return it as Google's GridRange; like Google it leaves a `sheetId` of 0 out."""
        named = {"sheetId": sheet_id} if sheet_id else {}
        return {
            **named,
            "startRowIndex": self.top,
            "endRowIndex": self.bottom,
            "startColumnIndex": self.left,
            "endColumnIndex": self.right,
        }


def letters(column: int) -> str:
    """Return the letters of a column: 0 is A."""
    return get_column_letter(column + 1)


def parse(text: str) -> tuple[str | None, Area]:
    """Split A1 notation into a sheet title (None: the first sheet) and an area.

    Raises GoogleError, 400 "Unable to parse range", where it is neither a range nor possibly a title.
    """
    quoted = re.fullmatch(r"'((?:[^']|'')*)'(?:!(.*))?", text, re.DOTALL)
    if quoted:
        title = quoted[1].replace("''", "'")
        return title, _corners(text, quoted[2]) if quoted[2] is not None else Area()
    title, bang, cells = text.rpartition("!")
    if bang:
        return title, _corners(text, cells)
    try:
        return None, _corners(text, text)
    except GoogleError:
        return text, Area()


def _corners(text: str, cells: str) -> Area:
    found = _CORNERS.fullmatch(cells)
    if not found or not cells or (":" not in cells and not (found[1] and found[2])) or cells.strip("$:") == "":
        raise invalid(f"Unable to parse range: {text}")
    if found[2] == "0" or found[4] == "0":
        raise invalid(f"Unable to parse range: {text}")
    tops = (int(found[2]) - 1 if found[2] else None, int(found[4]) - 1 if found[4] else None)
    lefts = (_column(found[1]), _column(found[3] or ""))
    if ":" not in cells:
        tops, lefts = (tops[0], tops[0]), (lefts[0], lefts[0])
    top, bottom = _ordered(*tops)
    left, right = _ordered(*lefts)
    return Area(top, left, bottom, right)


def _column(text: str) -> int | None:
    return column_index_from_string(text.upper()) - 1 if text else None


def _ordered(first: int | None, last: int | None) -> tuple[int, int | None]:
    """Return (start, exclusive end); reversed corners are swapped, a missing end is the end of the sheet."""
    if first is None and last is None:
        return 0, None
    if last is None:
        return first or 0, None
    if first is None:
        return 0, last + 1
    return min(first, last), max(first, last) + 1


def quote(title: str) -> str:
    """Return a title as Google writes it in a range: quoted unless it is a plain word that is no cell."""
    if _PLAIN_TITLE.fullmatch(title) and not _LOOKS_LIKE_A_CELL.fullmatch(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def render(title: str, area: Area | Box) -> str:
    """Return A1 notation of an area of the sheet with this title."""
    start_row, end_row = str(area.top + 1), "" if area.bottom is None else str(area.bottom)
    start_column, end_column = letters(area.left), "" if area.right is None else letters(area.right - 1)
    if area.bottom is None and area.right is None and area.top == area.left == 0:
        return quote(title)
    if area.right is None and area.left == 0:
        start_column = ""
    if area.bottom is None and area.top == 0:
        start_row = ""
    start, end = start_column + start_row, end_column + end_row
    return f"{quote(title)}!{start}" if start == end and start_column and start_row else f"{quote(title)}!{start}:{end}"
