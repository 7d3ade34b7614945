"""Data filters: what ranges a filter selects now."""

from __future__ import annotations

from local.sheets_api import metadata
from local.sheets_api.a1 import Area
from local.sheets_api.google_errors import Json, invalid, naming
from local.sheets_api.grid import Sheet
from local.sheets_api.metadata import Located
from local.sheets_api.workbook import Workbook

Target = tuple[Sheet, Area]


def targets(workbook: Workbook, data_filter: Json, project: str) -> list[Target]:
    """Return each area that a DataFilter selects, in the order of the sheets, no area twice.

    Metadata of the whole spreadsheet selects no area. Raises GoogleError, 400.
    """
    if "a1Range" in data_filter:
        return [workbook.resolve(data_filter["a1Range"])]
    if "gridRange" in data_filter:
        sheet, box = workbook.grid_range(data_filter["gridRange"])
        return [(sheet, Area(box.top, box.left, box.bottom, box.right))]
    found: list[Target] = []
    for _, place in metadata.look_up(workbook, _lookup(data_filter), project):
        if place.sheet is not None and place.area is not None and (place.sheet, place.area) not in found:
            found.append((place.sheet, place.area))
    return found


def entries(workbook: Workbook, data_filter: Json, project: str) -> list[Located]:
    """Return the developer metadata that a DataFilter selects, by lookup or by where it is. Raises GoogleError."""
    if "a1Range" in data_filter or "gridRange" in data_filter:
        (sheet, area), *_ = targets(workbook, data_filter, project)
        return metadata.within(workbook, sheet, sheet.fit(area, clip=True), project)
    return metadata.look_up(workbook, _lookup(data_filter), project)


def _lookup(data_filter: Json) -> Json:
    lookup: Json | None = data_filter.get("developerMetadataLookup")
    if lookup is None:
        raise invalid("A data filter must set one of developerMetadataLookup, a1Range, gridRange.")
    return lookup


def matched(workbook: Workbook, data_filters: list[Json], project: str) -> list[tuple[Target, list[Json]]]:
    """Return each selected area with the filters that selected it. Raises GoogleError, 400, naming the filter."""
    found: dict[tuple[int, Area], tuple[Target, list[Json]]] = {}
    for index, data_filter in enumerate(data_filters):
        with naming(f"dataFilter[{index}]"):
            selected = targets(workbook, data_filter, project)
        for sheet, area in selected:
            found.setdefault((sheet.id, area), ((sheet, area), []))[1].append(data_filter)
    return list(found.values())
