"""A hidden, temporary tab for trials in a person's spreadsheet, which is always deleted again.

It is recognised by metadata, not by its title. So the next check deletes a tab that a check left when its process died,
and never a person's tab.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.errors import LeadfillError, SheetBusy, SheetGone
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import ANCHOR_KEY

KEY = f"{ANCHOR_KEY}-check"
"""Of the metadata of such a tab; its value is when it was made, in seconds since 1970."""
LEFT_AFTER = timedelta(minutes=15)
"""A tab that is older was left: no check takes so long."""
ATTEMPTS = 3
"""Attempts to delete it."""


def new_id() -> int:
    """Return an id for a tab or for metadata."""
    return secrets.randbelow(2**31 - 2) + 1


def delete_left(sheet: GoogleSheet, now: datetime) -> int:
    """Delete the tabs that dead checks have left, and return how many.

    Raises:
        SheetError: the spreadsheet cannot be read.
    """
    made = {sheet_id: int(at) for sheet_id, at in sheet.tab_notes(KEY).items() if at.isdigit()}
    left = [sheet_id for sheet_id, at in made.items() if now.timestamp() - at > LEFT_AFTER.total_seconds()]
    for sheet_id in left:
        delete(sheet, sheet_id)
    return len(left)


def add(
    sheet: GoogleSheet, sheet_id: int, now: datetime, *, rows: int, columns: int, then: Sequence[dict[str, Any]]
) -> None:
    """Make the tab, with what further requests put into it: all of it or nothing.

    Raises:
        SheetError: it was not made, or perhaps was; `delete` it in any case.
    """
    size = {"rowCount": rows, "columnCount": columns}
    properties = {"sheetId": sheet_id, "title": f"Leadfill check {sheet_id}", "hidden": True, "gridProperties": size}
    entry = {
        "metadataKey": KEY,
        "metadataValue": str(int(now.timestamp())),
        "location": {"sheetId": sheet_id},
        "visibility": "PROJECT",
    }
    first: list[dict[str, Any]] = [
        {"addSheet": {"properties": properties}},
        {"createDeveloperMetadata": {"developerMetadata": entry}},
    ]
    sheet.change([*first, *then])


def delete(sheet: GoogleSheet, sheet_id: int) -> str:
    """Delete the tab if it is there; return why it could not be deleted, empty if it is gone."""
    why = ""
    for _ in range(ATTEMPTS):
        try:
            sheet.change([{"deleteSheet": {"sheetId": sheet_id}}])
        except SheetGone:  # never made, or deleted by the attempt before whose answer was lost
            return ""
        except SheetBusy as error:
            why = str(error)
        except LeadfillError as error:
            return str(error)
        else:
            return ""
    return why
