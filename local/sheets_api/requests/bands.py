"""Requests on banded ranges: alternating colours, which travel with their cells."""

from __future__ import annotations

from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.requests.target import Target


def add(target: Target, given: Json) -> Json:
    """Give a range alternating colours."""
    wanted = given.get("bandedRange", {})
    sheet, box = target.editable(wanted.get("range", {}))
    if not wanted.keys() & {"rowProperties", "columnProperties"}:
        raise invalid("At least one of rowProperties, columnProperties must be specified.")
    if any(target.workbook.grid_range(other["range"])[1].intersects(box) for other in sheet.bands):
        raise invalid("You cannot add alternating background colors to a range that already has them.")
    number = wanted.get("bandedRangeId") or target.workbook.new_id()
    if any(other["bandedRangeId"] == number for each in target.workbook.sheets for other in each.bands):
        raise invalid(f"A banded range with the ID {number} already exists.")
    band: Json = {**wanted, "bandedRangeId": number, "range": box.grid_range(sheet.id)}
    sheet.bands = (*sheet.bands, band)
    return {"bandedRange": band}


def delete(target: Target, given: Json) -> None:
    """Take alternating colours away."""
    number = given.get("bandedRangeId", 0)
    for sheet in target.workbook.sheets:
        kept = tuple(band for band in sheet.bands if band["bandedRangeId"] != number)
        if kept != sheet.bands:
            sheet.bands = kept
            return
    raise invalid(f"No banded range with id: {number}")
