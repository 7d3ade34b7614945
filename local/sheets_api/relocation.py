"""What goes along when rows or columns are inserted, deleted or moved: references, merges, all that has a range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from local.sheets_api import filtering
from local.sheets_api.a1 import Box
from local.sheets_api.cells import Formula
from local.sheets_api.google_errors import Json
from local.sheets_api.grid import Dimension, Sheet
from local.sheets_api.references import Change, Moved, following, rewrite
from local.sheets_api.workbook import Workbook


def relocate(workbook: Workbook, sheet: Sheet, dimension: Dimension, moved: Moved) -> None:
    """Take along what names rows or columns of a sheet that are now elsewhere, or gone."""
    for other in workbook.sheets:
        rewrite_formulas(other, following(sheet.title, dimension, moved, at_home=other is sheet))
    merges = (_moved_box(box, dimension, moved) for box in sheet.merges)
    sheet.merges = [box for box in merges if box and (box.bottom - box.top) * (box.right - box.left) > 1]
    _relocate_objects(workbook, sheet, dimension, moved)


def _relocate_objects(workbook: Workbook, sheet: Sheet, dimension: Dimension, moved: Moved) -> None:
    """Take along what has a range: one that is deleted as a whole is gone with it."""

    def kept(given: Json) -> Json | None:
        span = _moved_range(given["range"], sheet, dimension, moved)
        return None if span is None else _moved_columns({**given, "range": span}, given, dimension, moved)

    def all_kept(objects: Iterable[Json]) -> tuple[Json, ...]:
        return tuple(found for given in objects if (found := kept(given)) is not None)

    for number, protected in list(sheet.protected.items()):
        found = kept(protected)
        if found is None:
            del sheet.protected[number]
        else:
            sheet.protected[number] = found
    sheet.basic_filter = kept(sheet.basic_filter) if sheet.basic_filter else None
    sheet.filter_views, sheet.tables = all_kept(sheet.filter_views), all_kept(sheet.tables)
    sheet.bands = all_kept(sheet.bands)
    sheet.groups = tuple(
        found for group in sheet.groups if (found := kept(group) if group["range"]["dimension"] == dimension else group)
    )
    workbook.named_ranges = tuple(
        found
        for named in workbook.named_ranges
        if (found := kept(named) if named["range"].get("sheetId", 0) == sheet.id else named)
    )


def _moved_range(given: Json, sheet: Sheet, dimension: Dimension, moved: Moved) -> Json | None:
    """Return a GridRange or a DimensionRange as it is afterwards; None: it is gone."""
    if "dimension" in given:
        start, end = "startIndex", "endIndex"
    else:
        start, end = ("startRowIndex", "endRowIndex") if dimension == "ROWS" else ("startColumnIndex", "endColumnIndex")
    if start not in given and end not in given:
        return given
    size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
    span = moved((given.get(start, 0), given.get(end, size)))
    return None if span is None else {**given, start: span[0], end: span[1]}


def _moved_columns(changed: Json, before: Json, dimension: Dimension, moved: Moved) -> Json:
    """Take along what an object says of single columns: criteria of a filter, types of a table's columns."""
    if dimension == "ROWS":
        return changed

    def place(column: int) -> int | None:
        span = moved((column, column + 1))
        return None if span is None else span[0]

    if "criteria" in before:
        criteria = {str(at): given for c, given in before["criteria"].items() if (at := place(int(c))) is not None}
        changed = filtering.normal({**changed, "filterSpecs": None, "criteria": criteria})
    if isinstance(before.get("columnProperties"), list):  # of a table; alternating colours have an object there
        old, new = before["range"].get("startColumnIndex", 0), changed["range"].get("startColumnIndex", 0)
        width = changed["range"]["endColumnIndex"] - new
        known = {at - new: c for c in before["columnProperties"] if (at := place(old + c["columnIndex"])) is not None}
        plain = {"columnType": "COLUMN_TYPE_UNSPECIFIED"}
        changed["columnProperties"] = [{**known.get(index, plain), "columnIndex": index} for index in range(width)]
    return changed


def _moved_box(box: Box, dimension: Dimension, moved: Moved) -> Box | None:
    if dimension == "ROWS":
        span = moved((box.top, box.bottom))
        return replace(box, top=span[0], bottom=span[1]) if span else None
    span = moved((box.left, box.right))
    return replace(box, left=span[0], right=span[1]) if span else None


def rewrite_formulas(sheet: Sheet, change: Change) -> None:
    """Change the references in every formula of a sheet."""
    for index, row in enumerate(sheet.rows):
        if not row.computed:
            continue
        for column, cell in enumerate(row.cells):
            if isinstance(cell, Formula):
                text = rewrite(cell.text, change)
                if text != cell.text:
                    sheet.writable(index).put(column, replace(cell, text=text))
