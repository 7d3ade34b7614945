"""Requests on the basic filter of a sheet, and on filter views, which hide rows only from who looks through them."""

from __future__ import annotations

from local.sheets_api import calculation, fields_mask, filtering, sorting
from local.sheets_api.a1 import Box
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Sheet
from local.sheets_api.requests.target import Target


def set_basic(target: Target, given: Json) -> None:
    """Set the filter of a sheet in place of the one that it had, sort by it and hide what it hides."""
    wanted = given.get("filter", {})
    if "tableId" in wanted:
        raise invalid("The emulator does not know filters of tables.")
    sheet, box = target.editable(wanted.get("range", {}))
    if any(merge.intersects(box) and merge.bottom - merge.top > 1 for merge in sheet.merges):
        raise invalid("You can't create a filter over a range containing vertical merges.")
    sheet.basic_filter = filtering.normal({**wanted, "range": box.grid_range(sheet.id)})
    calculation.calculate(target.workbook)
    if keys := sort_keys(wanted.get("sortSpecs", []), box):
        sorting.sort(sheet, Box(box.top + 1, box.left, box.bottom, box.right), keys)
        target.workbook.stale = True
        calculation.calculate(target.workbook)
    filtering.apply(target.workbook, sheet)


def sort_keys(specs: list[Json], box: Box) -> list[tuple[int, bool]]:
    """Return SortSpecs as (column, descending). Raises GoogleError, 400, for a column outside the range."""
    keys = []
    for spec in specs:
        column = spec.get("dimensionIndex", 0)
        if not box.left <= column < box.right:
            raise invalid(f"The sort column {column} is not inside the range.")
        keys.append((column, spec.get("sortOrder") == "DESCENDING"))
    return keys


def clear_basic(target: Target, given: Json) -> None:
    """Take the filter of a sheet away; its rows show again."""
    sheet = target.workbook.sheet_by_id(given.get("sheetId", 0))
    sheet.basic_filter = None
    filtering.apply(target.workbook, sheet)


def add_view(target: Target, given: Json) -> Json:
    """Add a filter view."""
    wanted = given.get("filter", {})
    if "tableId" in wanted or "namedRangeId" in wanted:
        raise invalid("The emulator knows filter views of ranges only.")
    sheet, box = target.workbook.grid_range(wanted.get("range", {}))
    number = wanted.get("filterViewId") or target.workbook.new_id()
    if any(view["filterViewId"] == number for other in target.workbook.sheets for view in other.filter_views):
        raise invalid(f"A filter view with the ID {number} already exists.")
    title = wanted.get("title") or f"Filter {len(sheet.filter_views) + 1}"
    view = filtering.normal({**wanted, "filterViewId": number, "title": title, "range": box.grid_range(sheet.id)})
    sheet.filter_views = (*sheet.filter_views, view)
    return {"filter": view}


def update_view(target: Target, given: Json) -> None:
    """Change a filter view."""
    mask = fields_mask.update_mask(given, "FilterView")
    new = given.get("filter", {})
    sheet, old = _found(target, new.get("filterViewId", 0))
    if "criteria" in mask or "filterSpecs" in mask:
        old = {name: value for name, value in old.items() if name not in {"criteria", "filterSpecs"}}
    changed = {**fields_mask.merge(old, new, mask), "filterViewId": old["filterViewId"]}
    if "range" in changed:
        changed["range"] = target.workbook.grid_range(changed["range"])[1].grid_range(sheet.id)
    changed = filtering.normal(changed)
    number = changed["filterViewId"]
    sheet.filter_views = tuple(changed if view["filterViewId"] == number else view for view in sheet.filter_views)


def delete_view(target: Target, given: Json) -> None:
    """Delete a filter view."""
    sheet, old = _found(target, given.get("filterId", 0))
    sheet.filter_views = tuple(view for view in sheet.filter_views if view["filterViewId"] != old["filterViewId"])


def _found(target: Target, number: int) -> tuple[Sheet, Json]:
    for sheet in target.workbook.sheets:
        for view in sheet.filter_views:
            if view["filterViewId"] == number:
                return sheet, view
    raise invalid(f"No filter view with id: {number}")
