"""A workbook as Google's Spreadsheet resource."""

from __future__ import annotations

from typing import Any

from local.sheets_api import metadata, tables
from local.sheets_api.a1 import Area, Box
from local.sheets_api.cell_data import row_data
from local.sheets_api.choices import Choices
from local.sheets_api.fields_mask import Mask, wants
from local.sheets_api.formats import DEFAULT_FORMAT, THEME
from local.sheets_api.google_errors import Json
from local.sheets_api.grid import Line, Sheet
from local.sheets_api.users import User, can_edit
from local.sheets_api.workbook import Workbook

Areas = dict[int, list[Area]]
"""The areas wanted of each sheet, by its id."""


def spreadsheet(workbook: Workbook, user: User, *, areas: Areas | None, grid_data: bool, mask: Mask | None) -> Json:
    """Return the Spreadsheet: every sheet, or only those that `areas` names, with their cells if `grid_data`."""
    properties = {**workbook.properties, "defaultFormat": DEFAULT_FORMAT, "spreadsheetTheme": THEME}
    shown: Json = {
        "spreadsheetId": workbook.id,
        "properties": {"title": workbook.title, **properties},
        "sheets": [
            sheet_resource(workbook, sheet, user, (areas or {}).get(sheet.id, [Area()]) if grid_data else [], mask)
            for sheet in workbook.sheets
            if areas is None or sheet.id in areas
        ],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{workbook.id}/edit",
    }
    if workbook.named_ranges:
        shown["namedRanges"] = list(workbook.named_ranges)
    entries = [metadata.resource(e, p) for e, p in metadata.located(workbook, user.project) if p.sheet is None]
    if entries:
        shown["developerMetadata"] = entries
    return shown


def sheet_properties(workbook: Workbook, sheet: Sheet) -> Json:
    """Return Google's SheetProperties."""
    extra = {name: value for name, value in sheet.properties.items() if value not in (False, None)}
    return {
        "sheetId": sheet.id,
        "title": sheet.title,
        "index": workbook.sheets.index(sheet) if sheet in workbook.sheets else 0,
        "sheetType": "GRID",
        "gridProperties": {
            "rowCount": len(sheet.rows),
            "columnCount": len(sheet.columns),
            **{name: value for name, value in sheet.grid.items() if value},
        },
        **extra,
    }


def sheet_resource(workbook: Workbook, sheet: Sheet, user: User, areas: list[Area], mask: Mask | None) -> Json:
    """Return Google's Sheet, with GridData for each area."""
    shown: Json = {"properties": sheet_properties(workbook, sheet)}
    if areas and wants(mask, "sheets", "data"):
        parts = (grid_data(sheet, sheet.fit(area, clip=True), user, mask) for area in areas)
        shown["data"] = [_as_chosen(part, workbook.choices) for part in parts]
    if sheet.merges:
        shown["merges"] = [box.grid_range(sheet.id) for box in sheet.merges]
    shown |= _objects(sheet)
    if sheet.protected:
        shown["protectedRanges"] = [protected_range(workbook, p, user) for p in sheet.protected.values()]
    found = [metadata.resource(e, p) for e, p in _entries(workbook, sheet, user) if p.dimension is None]
    if found:
        shown["developerMetadata"] = found
    return shown


def _objects(sheet: Sheet) -> Json:
    """Return the filter, filter views, tables and groups of a sheet; what there is none of is left out."""
    found = {
        "basicFilter": sheet.basic_filter,
        "filterViews": list(sheet.filter_views),
        "tables": [tables.shown(sheet, table) for table in sheet.tables],
        "bandedRanges": list(sheet.bands),
        "rowGroups": sheet.groups_of("ROWS"),
        "columnGroups": sheet.groups_of("COLUMNS"),
    }
    return {name: value for name, value in found.items() if value}


def _entries(workbook: Workbook, sheet: Sheet, user: User) -> list[metadata.Located]:
    return [(e, p) for e, p in metadata.located(workbook, user.project) if p.sheet is sheet]


def protected_range(workbook: Workbook, stored: Json, user: User) -> Json:
    """Return Google's ProtectedRange as this user sees it: who may edit is seen only by those who may."""
    allowed = can_edit({**stored, "warningOnly": False}, workbook, user)
    hidden = ("editors", "requestingUserCanEdit")  # said to each user anew
    shown = {name: value for name, value in stored.items() if value not in (False, None) and name not in hidden}
    shown["range"] = {name: value for name, value in stored["range"].items() if name != "sheetId" or value}
    if allowed:
        listed = [workbook.owner, *stored.get("editors", {}).get("users", [])]
        shown |= {"requestingUserCanEdit": True, "editors": {"users": list(dict.fromkeys(listed))}}
    return shown


def grid_data(sheet: Sheet, box: Box, user: User, mask: Mask | None) -> Json:
    """Return Google's GridData of an area; rows without content at the end are left out."""
    shown: Json = {}
    if box.top:
        shown["startRow"] = box.top
    if box.left:
        shown["startColumn"] = box.left
    inside = _below(_below(mask, "sheets"), "data")
    if wants(inside, "rowData"):
        of_cells = _below(_below(inside, "rowData"), "values")
        rows = [row_data(row, box, of_cells) for row in sheet.rows[box.top : box.bottom]]
        while rows and not rows[-1]:
            rows.pop()
        if rows:
            shown["rowData"] = rows
    if wants(inside, "rowMetadata"):
        lines = [row.line for row in sheet.rows[box.top : box.bottom]]
        shown["rowMetadata"] = _lines(sheet, user, lines, ("ROWS", box.top, 21))
    if wants(inside, "columnMetadata"):
        shown["columnMetadata"] = _lines(sheet, user, sheet.columns[box.left : box.right], ("COLUMNS", box.left, 100))
    return shown


def _as_chosen(data: Json, choices: Choices) -> Json:
    """Leave out of GridData what `choices` keep silent about."""
    if choices == Choices():
        return data
    for line in data.get("columnMetadata", ()) if choices.metadata_left_out_of_grids else ():
        line.pop("developerMetadata", None)
    for cell in (cell for row in data.get("rowData", ()) for cell in row.get("values", ())):
        silent = {
            "formattedValue": choices.spilled_cells_look_empty and "userEnteredValue" not in cell,
            "effectiveValue": choices.spilled_cells_look_empty and "userEnteredValue" not in cell,
            "textFormatRuns": choices.link_runs_left_out,
            "chipRuns": choices.chips_left_out,
        }
        for name in (name for name, is_silent in silent.items() if is_silent):
            cell.pop(name, None)
    return data


def _below(mask: Mask | None, name: str) -> Mask | None:
    return mask.get(name) if mask and "*" not in mask else None


def _lines(sheet: Sheet, user: User, lines: list[Line], where: tuple[Any, int, int]) -> list[Json]:
    dimension, start, default_size = where
    shown = []
    for index, line in enumerate(lines, start):
        one: Json = {"pixelSize": line.pixel_size or default_size}
        if line.hidden:
            one["hiddenByUser"] = True
        if line.filtered:
            one["hiddenByFilter"] = True
        seen = [e for e in line.metadata if e.visibility == "DOCUMENT" or e.project == user.project]
        if seen:
            one["developerMetadata"] = [metadata.resource(e, metadata.Place(sheet, dimension, index)) for e in seen]
        shown.append(one)
    return shown
