"""Which rows a filter hides: they are counted when the filter is set or the rows are sorted, not at each change."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api import conditions
from local.sheets_api.a1 import Box
from local.sheets_api.cells import value_of
from local.sheets_api.display import show
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Row, Sheet
from local.sheets_api.users import box_of
from local.sheets_api.workbook import Workbook

_BY_COLOUR = ("visibleBackgroundColor", "visibleForegroundColor")


def specs(given: Json) -> list[tuple[int, Json]]:
    """Return the criteria of a filter or a filter view by column. Raises GoogleError, 400, for what is unknown."""
    if given.get("filterSpecs") is not None:
        found = [(spec.get("columnIndex", 0), spec.get("filterCriteria", {})) for spec in given["filterSpecs"]]
    else:
        found = [(int(column), criteria) for column, criteria in given.get("criteria", {}).items()]
    for _, criteria in found:
        if any(name.startswith(_BY_COLOUR) for name in criteria):
            raise invalid("The emulator does not filter by colour.")
        if "condition" in criteria:
            conditions.check(criteria["condition"])
    return found


def normal(given: Json) -> Json:
    """Return a filter as Google shows it: "both criteria and filter_specs are populated in responses"."""
    found = specs(given)
    stored = {name: value for name, value in given.items() if name not in {"criteria", "filterSpecs"}}
    if found:
        stored["criteria"] = {str(column): criteria for column, criteria in found}
        stored["filterSpecs"] = [{**({"columnIndex": c} if c else {}), "filterCriteria": given} for c, given in found]
    return stored


def apply(workbook: Workbook, sheet: Sheet) -> None:
    """Hide the rows that the sheet's basic filter hides, and show the others. Its first row is the header."""
    covered = box_of(sheet, sheet.basic_filter["range"]) if sheet.basic_filter else Box(0, 0, 0, 0)
    found = specs(sheet.basic_filter or {})
    for index, row in enumerate(sheet.rows):
        inside = covered.top < index < covered.bottom
        hidden = inside and not all(_passes(workbook, row, column, criteria) for column, criteria in found)
        if row.line.filtered != hidden:
            mine = sheet.writable(index)
            mine.line = replace(mine.line, filtered=hidden)
            sheet.lined = True


def _passes(workbook: Workbook, row: Row, column: int, criteria: Json) -> bool:
    value = value_of(row.cell(column))
    shown = "" if value is None else show(value, (row.format(column) or {}).get("numberFormat"))
    if shown in criteria.get("hiddenValues", []):
        return False
    return "condition" not in criteria or conditions.holds(workbook, criteria["condition"], value, shown)
