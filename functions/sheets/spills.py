"""Refuse a run, before anything is spent, that would break a formula that fills a block of cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from functions.errors import BadRange
from functions.sheets.a1 import letters
from functions.sheets.cells import Formula, Spilled
from functions.sheets.grid import RowBlock


@dataclass(slots=True)
class SpillGuard:
    """Looks at rows from the top down, each once."""

    targets: Mapping[int, str]
    """Columns that are written to, from 0, with the title of their field."""
    border: int | None
    """The column before which new ones are inserted; None where none are."""
    _next_row: int = 1
    _own: bool | None = False
    """Whether a formula of the border's own column spills down it; None if what stands above was not seen."""

    @property
    def columns(self) -> frozenset[int]:
        """Return the columns that the guard reads."""
        return frozenset(self.targets) | ({self.border - 1, self.border} if self.border is not None else frozenset())

    def look(self, block: RowBlock, index: int, *, covered: bool) -> None:
        """Look at the row `index` of a block; `covered`: whether the run writes into this row.

        Raises:
            BadRange: it would write into what a formula elsewhere fills, or push columns into its midst.
        """
        number = block.first_row + index
        for column, title in self.targets.items() if covered else ():
            if isinstance(block.content(index, column), Spilled):
                raise BadRange(
                    f"{letters(column)}{number} shows what a formula elsewhere fills in, and would break if something "
                    f"were written there; choose another column for “{title}”, or a new one."
                )
        if self.border is not None:
            self._look_at_border(block, index, number, self.border)

    def _look_at_border(self, block: RowBlock, index: int, number: int, border: int) -> None:
        if number != self._next_row:
            self._own = None
        self._next_row = number + 1
        content, left = block.content(index, border), block.content(index, border - 1)
        if not isinstance(content, Spilled):
            if content != "":  # what a formula fills may show nothing in some rows, and goes on below
                self._own = isinstance(content, Formula)
            return
        if left != "" and not isinstance(left, Formula | Spilled):  # typed, so no block lies on both sides
            self._own = True
        if self._own is None:
            self._own = not isinstance(left, Formula | Spilled)
        if not self._own:
            raise BadRange(
                f"One formula fills {letters(border - 1)}{number} and {letters(border)}{number}, so no new column fits "
                "between them; let the values go to the end of the tab, or into columns that are there."
            )
