"""Requests on sheets as a whole, and on the spreadsheet's properties."""

from __future__ import annotations

from dataclasses import replace

from local.sheets_api import fields_mask, references, structure
from local.sheets_api.formats import normal_colour
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import EMPTY_ROW, Row, Sheet
from local.sheets_api.relocation import rewrite_formulas
from local.sheets_api.requests.target import Target
from local.sheets_api.resources import sheet_properties
from local.sheets_api.users import check_protection
from local.sheets_api.workbook import Workbook

_OWN = frozenset({"sheetId", "title", "index", "sheetType", "gridProperties"})
"""Properties that are kept elsewhere than in `Sheet.properties`."""
_SIZE = frozenset({"rowCount", "columnCount"})


def add(target: Target, given: Json) -> Json:
    """Add an empty sheet."""
    workbook, properties = target.workbook, given.get("properties", {})
    sheet = new_sheet(workbook, properties)
    workbook.sheets.insert(properties.get("index", len(workbook.sheets)), sheet)
    return {"properties": sheet_properties(workbook, sheet)}


def new_sheet(workbook: Workbook, properties: Json) -> Sheet:
    """Return a sheet with these SheetProperties, not yet in the workbook. Raises GoogleError, 400."""
    grid = properties.get("gridProperties", {})
    rows, columns = grid.get("rowCount", 1000), grid.get("columnCount", 26)
    workbook.check_size(rows * columns)
    number = properties["sheetId"] if "sheetId" in properties else workbook.new_id()
    if any(sheet.id == number for sheet in workbook.sheets):
        raise invalid(f"A sheet with the ID {number} already exists. Please specify another ID.")
    sheet = Sheet.blank(number, _free_title(workbook, properties.get("title")), rows, columns)
    sheet.grid = {name: value for name, value in grid.items() if name not in _SIZE}
    sheet.properties = {name: value for name, value in properties.items() if name not in _OWN}
    return sheet


def _free_title(workbook: Workbook, title: str | None, own: Sheet | None = None) -> str:
    taken = {sheet.title.casefold() for sheet in workbook.sheets if sheet is not own}
    if title is None:
        number = len(workbook.sheets) + 1
        while f"sheet{number}" in taken:
            number += 1
        return f"Sheet{number}"
    if title.casefold() in taken:
        raise invalid(f'A sheet with the name "{title}" already exists. Please enter another name.')
    if not title:
        raise invalid("Sheet name cannot be empty.")
    return title


def delete(target: Target, given: Json) -> None:
    """Delete a sheet with all that is on it."""
    workbook = target.workbook
    sheet = workbook.sheet_by_id(given.get("sheetId", 0), "sheet")
    check_protection(workbook, sheet, sheet.box, target.user)
    if not [s for s in workbook.sheets if s is not sheet and not s.properties.get("hidden")]:
        raise invalid("You can't remove all the visible sheets in a document.")
    workbook.sheets.remove(sheet)
    for other in workbook.sheets:
        rewrite_formulas(other, references.renaming(sheet.title, None))


def duplicate(target: Target, given: Json) -> Json:
    """Copy a sheet, without its developer metadata and protection."""
    workbook = target.workbook
    source = workbook.sheet_by_id(given.get("sourceSheetId", 0), "sheet")
    title = given.get("newSheetName")
    wanted: Json = {"title": title if title is not None else f"Copy of {source.title}"}
    if "newSheetId" in given:
        wanted["sheetId"] = given["newSheetId"]
    size = {"rowCount": len(source.rows), "columnCount": len(source.columns)}
    sheet = new_sheet(workbook, {**wanted, "gridProperties": {**source.grid, **size}})
    sheet.rows = [_copied(row) for row in source.rows]
    sheet.merges = source.merges[:]
    workbook.sheets.insert(given.get("insertSheetIndex", 0), sheet)
    return {"properties": sheet_properties(workbook, sheet)}


def _copied(row: Row) -> Row:
    if row is EMPTY_ROW:
        return row
    copied = row.copy(-1)
    copied.line = replace(row.line, metadata=())
    return copied


def update_properties(target: Target, given: Json) -> None:
    """Change a sheet's title, place, size or other properties."""
    workbook, properties = target.workbook, given.get("properties", {})
    mask = fields_mask.update_mask(given, "SheetProperties")
    sheet = workbook.sheet_by_id(properties.get("sheetId", 0))
    wanted = set(properties) if "*" in mask else set(mask)
    if "title" in wanted:
        title = _free_title(workbook, properties.get("title", ""), sheet)
        for other in workbook.sheets:
            rewrite_formulas(other, references.renaming(sheet.title, title))
        sheet.title = title
    if "gridProperties" in wanted:
        inner = mask.get("gridProperties", {})
        _update_grid(target, sheet, properties.get("gridProperties", {}), inner)
    for name in wanted - _OWN:
        sheet.properties = fields_mask.merge(sheet.properties, properties, {name: mask.get(name, {})})
    if wanted & {"tabColor", "tabColorStyle"}:
        _colour_tab(sheet, properties)
    if all(other.properties.get("hidden") for other in workbook.sheets):
        raise invalid("You can't hide all the sheets in a document.")
    if "index" in wanted:
        _move(workbook, sheet, properties.get("index", 0))


def _colour_tab(sheet: Sheet, properties: Json) -> None:
    """Store a tab's colour as Google does: as a style and as a colour, or not at all."""
    given = properties.get("tabColorStyle", {"rgbColor": properties["tabColor"]} if "tabColor" in properties else {})
    kept = {name: value for name, value in sheet.properties.items() if name not in {"tabColor", "tabColorStyle"}}
    style = normal_colour(given)
    if "rgbColor" in style:
        kept["tabColor"] = style["rgbColor"]
    sheet.properties = {**kept, "tabColorStyle": style} if style else kept


def _move(workbook: Workbook, sheet: Sheet, index: int) -> None:
    """Move a sheet before the one that is now at `index`."""
    now = workbook.sheets.index(sheet)
    workbook.sheets.remove(sheet)
    workbook.sheets.insert(index - (index > now), sheet)


def _update_grid(target: Target, sheet: Sheet, new: Json, mask: fields_mask.Mask) -> None:
    names = set(new) if not mask or "*" in mask else set(mask)
    sizes = {"rowCount": len(sheet.rows), "columnCount": len(sheet.columns)}
    # Google applies rowCount first and checks the limit of cells in between.
    if "rowCount" in names and new.get("rowCount") != sizes["rowCount"]:
        structure.resize(target.workbook, sheet, "ROWS", new.get("rowCount", 0))
    if "columnCount" in names and new.get("columnCount") != sizes["columnCount"]:
        structure.resize(target.workbook, sheet, "COLUMNS", new.get("columnCount", 0))
    for name in names - _SIZE:
        sheet.grid[name] = new.get(name)
    for name, size in (("frozenRowCount", len(sheet.rows)), ("frozenColumnCount", len(sheet.columns))):
        if (sheet.grid.get(name) or 0) >= size:
            raise invalid(f"You can't freeze all visible {'rows' if 'Row' in name else 'columns'} on the sheet.")


def update_spreadsheet(target: Target, given: Json) -> None:
    """Change the spreadsheet's title, locale, and time zone."""
    workbook, properties = target.workbook, given.get("properties", {})
    mask = fields_mask.update_mask(given, "SpreadsheetProperties")
    whole = {**workbook.properties, "title": workbook.title}
    merged = {**whole, **properties} if "*" in mask else fields_mask.merge(whole, properties, mask)
    workbook.title = merged.pop("title", workbook.title)
    workbook.properties = merged
