"""Callers: access tokens and their rights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from local.sheets_api.a1 import Area, Box
from local.sheets_api.google_errors import PROTECTED, GoogleError, Json, refusal
from local.sheets_api.grid import Sheet
from local.sheets_api.workbook import Workbook

Role = Literal["writer", "commenter", "reader"]
Refusal = Literal["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "SERVICE_DISABLED"]
OFFICE_FILE = "This operation is not supported for this document"
"""What the API says of an .xlsx file that is opened in Sheets without being converted."""


@dataclass(frozen=True, slots=True)
class User:
    """The holder of an access token. `spreadsheets` None: all of them.

    Only a writer may write; a commenter and a reader may read. `refusal`: the reason of the 403 that meets every call,
    for a token without the scope or of a project in which the API is switched off.
    """

    email: str
    spreadsheets: frozenset[str] | None = None
    role: Role = "writer"
    project: str = "leadfill"
    refusal: Refusal | None = None

    def check(self, workbook: Workbook, *, write: bool) -> None:
        """Raise GoogleError unless this user may open (or change) the spreadsheet: 403, or 400 for an Office file."""
        allowed = self.spreadsheets is None or workbook.id in self.spreadsheets
        if not allowed or (write and self.role != "writer"):
            raise refusal("PERMISSION_DENIED")
        if workbook.office_file:
            raise GoogleError(400, OFFICE_FILE, status="FAILED_PRECONDITION")


def can_edit(protected: Json, workbook: Workbook, user: User) -> bool:
    """Whether a user may edit cells under a protected range."""
    if user.role != "writer":
        return False
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
