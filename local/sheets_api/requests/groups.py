"""Requests on groups of rows or columns."""

from __future__ import annotations

from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.requests.target import Target


def add(target: Target, given: Json) -> Json:
    """Group rows or columns; a group inside another one is deeper. Return all groups of that dimension."""
    sheet, dimension, start, end = target.workbook.dimension_range(given.get("range", {}))
    spans = [*(_span(group) for group in sheet.groups_of(dimension)), (start, end)]
    if any(a < start < b < end or start < a < end < b for a, b in spans):
        raise invalid("The emulator does not know groups that overlap in part.")
    named = {"sheetId": sheet.id} if sheet.id else {}
    added = {"range": {**named, "dimension": dimension, "startIndex": start, "endIndex": end}}
    sheet.groups = _with_depths((*sheet.groups, added))
    sheet.grid[_CONTROL[dimension]] = True
    return {"dimensionGroups": sheet.groups_of(dimension)}


_CONTROL = {"ROWS": "rowGroupControlAfter", "COLUMNS": "columnGroupControlAfter"}
"""The property of the grid that the first group of a dimension sets, as recorded."""


def _span(group: Json) -> tuple[int, int]:
    return group["range"].get("startIndex", 0), group["range"]["endIndex"]


def _with_depths(groups: tuple[Json, ...]) -> tuple[Json, ...]:
    def depth(group: Json, index: int) -> int:
        start, end = _span(group)
        around = (
            other
            for place, other in enumerate(groups)
            if other["range"]["dimension"] == group["range"]["dimension"]
            and _span(other)[0] <= start
            and end <= _span(other)[1]
            and (_span(other) != (start, end) or place < index)
        )
        return 1 + sum(1 for _ in around)

    return tuple({**group, "depth": depth(group, index)} for index, group in enumerate(groups))


def delete(target: Target, given: Json) -> Json:
    """Undo the group over exactly these rows or columns. Return those that are left of that dimension."""
    sheet, dimension, start, end = target.workbook.dimension_range(given.get("range", {}))
    same = [group for group in sheet.groups_of(dimension) if _span(group) == (start, end)]
    if not same:
        raise invalid("The emulator undoes only a group that covers exactly this range, and there is none.")
    sheet.groups = _with_depths(tuple(group for group in sheet.groups if group is not same[-1]))
    left = sheet.groups_of(dimension)
    return {"dimensionGroups": left} if left else {}
