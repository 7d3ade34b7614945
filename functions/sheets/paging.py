"""Page sizes: the number of rows for pages of a few megabytes, learned from the pages read so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from functions.sheets.transport import TooMuchText

T = TypeVar("T")

PAGE_BYTES = 3_500_000
"""Bytes of an answer that are aimed at; the margin up to 5 MB is for cells that hold more than those before them."""
CELL_BYTES = 105
"""Guess for a cell of which nothing is known yet: a short text, typed and shown, as JSON (measured)."""
WHOLE_CELLS = PAGE_BYTES // CELL_BYTES
"""A tab of up to so many cells is read in one answer."""
MAX_ROWS = 20_000
"""Rows of a page, however little they hold: the next ones may hold more."""


@dataclass(slots=True)
class PageSize:
    """The number of rows of the next page."""

    row_bytes: float
    """Bytes that a row takes, as far as is known."""
    max_rows: int = MAX_ROWS

    @classmethod
    def guess(cls, columns: int, max_rows: int = MAX_ROWS) -> PageSize:
        """Of rows of so many columns."""
        return cls(columns * CELL_BYTES, max_rows)

    @property
    def rows(self) -> int:
        """At least one."""
        return max(1, min(self.max_rows, int(PAGE_BYTES / self.row_bytes)))

    def learn(self, size_bytes: int, rows: int) -> None:
        """Take account of an answer with so many rows; what was learned is forgotten slowly."""
        self.row_bytes = max(1.1 * size_bytes / max(rows, 1), self.row_bytes / 2, 1.0)

    def fitting(self, first_row: int, last_row: int, read: Callable[[int, int], T]) -> tuple[int, T]:
        """Read the next page of these rows, a smaller one where it would be too large to be received.

        Args:
            first_row: of the page, from 1.
            last_row: of all pages.
            read: reads from one row to another.

        Returns:
            The last row of the page, and what was read.

        Raises:
            TooMuchText: a single row is too large.
        """
        while True:
            end = min(first_row + self.rows - 1, last_row)
            try:
                return end, read(first_row, end)
            except TooMuchText:
                if end == first_row:
                    raise
                self.row_bytes = 8 * PAGE_BYTES / (end - first_row + 1)
