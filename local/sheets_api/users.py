"""Who calls: access tokens, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from local.sheets_api.a1 import Area, Box
from local.sheets_api.google_errors import PROTECTED, GoogleError, Json
from local.sheets_api.grid import Sheet
from local.sheets_api.workbook import Workbook


@dataclass(frozen=True, slots=True)
class User:
    """The holder of an access token. `spreadsheets` None: all of them; `reader`: may not write."""

    email: str
    spreadsheets: frozenset[str] | None = None
    reader: bool = False
    project: str = "leadfill"

    def check(self, workbook: Workbook, *, write: bool) -> None:
        """Raise GoogleError, 403, unless this user may open (or change) the spreadsheet."""
        allowed = self.spreadsheets is None or workbook.id in self.spreadsheets
        if not allowed or (write and self.reader):
            raise GoogleError(403)


def can_edit(protected: Json, workbook: Workbook, user: User) -> bool:
    """Whether a user may edit cells under a protected range."""
    if protected.get("warningOnly") or user.email == workbook.owner:
        return True
    return user.email in protected.get("editors", {}).get("users", [])


def check_protection(workbook: Workbook, sheet: Sheet, box: Box, user: User) -> None:
    """Raise GoogleError, 400, if the user may not edit every cell of the area."""
    for protected in sheet.protected.values():
        if can_edit(protected, workbook, user):
            continue
        covered = box_of(sheet, protected["range"])
        free = [box_of(sheet, given) for given in protected.get("unprotectedRanges", [])]
        if covered.intersects(box) and not any(part.contains(box) for part in free):
            raise GoogleError(400, PROTECTED)


def box_of(sheet: Sheet, given: Json) -> Box:
    """Return the cells of a stored GridRange as the grid is now."""
    area = Area(
        given.get("startRowIndex", 0),
        given.get("startColumnIndex", 0),
        given.get("endRowIndex"),
        given.get("endColumnIndex"),
    )
    rows, columns = len(sheet.rows), len(sheet.columns)
    bottom = rows if area.bottom is None else area.bottom
    return Box(area.top, area.left, bottom, columns if area.right is None else area.right)
