"""Page sizes: the number of rows for pages of a few megabytes, learned from the pages read so far."""

from __future__ import annotations

from dataclasses import dataclass

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

    def shrink(self, rows: int) -> None:
        """Take account of an answer with so many rows that was too large to be received."""
        self.row_bytes = 8 * PAGE_BYTES / rows
