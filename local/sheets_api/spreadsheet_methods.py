"""The methods of `spreadsheets` itself and of its developer metadata."""

from __future__ import annotations

from local.sheets_api import fields_mask, filters, metadata, resources
from local.sheets_api.a1 import Area
from local.sheets_api.calculation import calculate
from local.sheets_api.calls import Call
from local.sheets_api.cell_data import put
from local.sheets_api.fields_mask import Mask
from local.sheets_api.google_errors import GoogleError, Json
from local.sheets_api.grid import Sheet
from local.sheets_api.requests import batch, sheets
from local.sheets_api.requests.target import Target
from local.sheets_api.resources import Areas
from local.sheets_api.workbook import Workbook


def get(call: Call) -> Json:
    """Return the spreadsheet, with cells if asked for; a field mask decides that by itself."""
    workbook = call.workbook
    ranges = call.query.get("ranges", [])
    areas = _areas([workbook.resolve(text) for text in ranges]) if ranges else None
    return _get(call, areas, call.query.get("includeGridData", False))


def get_by_data_filter(call: Call) -> Json:
    """Return the spreadsheet, or of it the sheets that the filters select."""
    data_filters = call.body.get("dataFilters", [])
    found = filters.matched(call.workbook, data_filters, call.user.project)
    areas = _areas([target for target, _ in found]) if data_filters else None
    return _get(call, areas, call.body.get("includeGridData", False))


def _areas(targets: list[tuple[Sheet, Area]]) -> Areas:
    areas: Areas = {}
    for sheet, area in targets:
        sheet.fit(area, clip=True)
        areas.setdefault(sheet.id, []).append(area)
    return areas


def _get(call: Call, areas: Areas | None, grid_data: bool) -> Json:  # noqa: FBT001  # Google's own switch, passed on
    mask = _mask(call)
    if mask is not None:
        grid_data = fields_mask.wants(mask, "sheets", "data")
    return resources.spreadsheet(call.workbook, call.user, areas=areas, grid_data=grid_data, mask=mask)


def _mask(call: Call) -> Mask | None:
    return fields_mask.parse(call.query["fields"]) if call.query.get("fields") else None


def create(call: Call) -> Json:
    """Make a spreadsheet; its cells may come along as GridData."""
    given = call.body
    workbook = Workbook(owner=call.user.email)
    properties = dict(given.get("properties", {}))
    workbook.title = properties.pop("title", workbook.title)
    workbook.properties |= {
        name: properties[name] for name in properties if name in {"locale", "timeZone", "autoRecalc"}
    }
    if given.get("sheets"):
        workbook.sheets = []
        for index, wanted in enumerate(given["sheets"]):
            sheet = _created_sheet(workbook, wanted, index)
            workbook.sheets.append(sheet)
    for entry in given.get("developerMetadata", []):
        metadata.create(workbook, entry, call.user.project)
    call.workbooks[workbook.id] = workbook
    call.path["spreadsheetId"] = workbook.id
    return resources.spreadsheet(workbook, call.user, areas=None, grid_data=False, mask=None)


def _created_sheet(workbook: Workbook, wanted: Json, index: int) -> Sheet:
    sheet = sheets.new_sheet(
        workbook, {"sheetId": 0, **wanted.get("properties", {})} if index == 0 else wanted.get("properties", {})
    )
    for block in wanted.get("data", []):
        left = block.get("startColumn", 0)
        for row, line in enumerate(block.get("rowData", []), block.get("startRow", 0)):
            for column, data in enumerate(line.get("values", []), left):
                put(sheet.writable(row), column, data, {})
    return sheet


def batch_update(call: Call) -> Json:
    """Carry out a batch of requests, all or none."""
    workbook, body = call.workbook, call.body
    requests = body.get("requests", [])
    replies = batch.run(Target(workbook, call.user, call.by_hand), requests)
    call.changed += [name for request in requests for name in request]
    answer: Json = {"spreadsheetId": workbook.id, "replies": replies}
    if body.get("includeSpreadsheetInResponse"):
        ranges = body.get("responseRanges", [])
        areas = _areas([workbook.resolve(text) for text in ranges]) if ranges else None
        calculate(workbook)
        mask = _mask(call)
        grid_data = body.get("responseIncludeGridData", False)
        if mask is not None:  # which decides alone, as in `get`
            grid_data = fields_mask.wants(mask, "updatedSpreadsheet", "sheets", "data")
        answer["updatedSpreadsheet"] = resources.spreadsheet(
            workbook, call.user, areas=areas, grid_data=grid_data, mask=None
        )
    return answer


def get_metadata(call: Call) -> Json:
    """Return one developer metadata entry."""
    text = call.path["metadataId"]
    for entry, place in metadata.located(call.workbook, call.user.project):
        if str(entry.id) == text:
            return metadata.resource(entry, place)
    raise GoogleError(404)


def search_metadata(call: Call) -> Json:
    """Return the entries that the filters select, each with the filters that selected it."""
    found: dict[int, Json] = {}
    for data_filter in call.body.get("dataFilters", []):
        for entry, place in filters.entries(call.workbook, data_filter, call.user.project):
            shown = {"developerMetadata": metadata.resource(entry, place), "dataFilters": []}
            found.setdefault(entry.id, shown)["dataFilters"].append(data_filter)
    return {"matchedDeveloperMetadata": list(found.values())} if found else {}
