"""What a request of a batch works on, and for whom."""

from __future__ import annotations

from dataclasses import dataclass

from local.sheets_api.a1 import Box
from local.sheets_api.google_errors import Json
from local.sheets_api.grid import Dimension, Sheet
from local.sheets_api.users import User, check_protection
from local.sheets_api.workbook import Workbook


@dataclass(frozen=True, slots=True)
class Target:
    """A workbook, and the user who changes it."""

    workbook: Workbook
    user: User
    by_hand: bool = False
    """Whether it is the person in the browser, and no program."""

    def editable(self, grid_range: Json) -> tuple[Sheet, Box]:
        """Return the cells of a GridRange. Raises GoogleError, 400, also where the user may not edit them."""
        sheet, box = self.workbook.grid_range(grid_range)
        check_protection(self.workbook, sheet, box, self.user)
        return sheet, box

    def editable_lines(self, dimension_range: Json) -> tuple[Sheet, Dimension, int, int]:
        """Return the rows or columns of a DimensionRange. Raises GoogleError, 400, as `editable`."""
        sheet, dimension, start, end = self.workbook.dimension_range(dimension_range)
        whole = sheet.box
        box = Box(start, 0, end, whole.right) if dimension == "ROWS" else Box(0, start, whole.bottom, end)
        check_protection(self.workbook, sheet, box, self.user)
        return sheet, dimension, start, end
