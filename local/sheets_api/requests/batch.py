"""A batchUpdate: its requests in order, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable

from local.sheets_api.google_errors import GoogleError, Json, invalid, naming
from local.sheets_api.requests import (
    bands,
    cells,
    dimensions,
    filters,
    groups,
    metadata,
    named_ranges,
    pasting,
    protection,
    sheets,
    tables,
)
from local.sheets_api.requests.target import Target

Handler = Callable[[Target, Json], Json | None]
HANDLERS: dict[str, Handler] = {
    "addSheet": sheets.add,
    "deleteSheet": sheets.delete,
    "duplicateSheet": sheets.duplicate,
    "updateSheetProperties": sheets.update_properties,
    "updateSpreadsheetProperties": sheets.update_spreadsheet,
    "updateCells": cells.update,
    "repeatCell": cells.repeat,
    "appendCells": cells.append,
    "setDataValidation": cells.validate,
    "copyPaste": pasting.copy,
    "cutPaste": pasting.cut,
    "sortRange": cells.sort,
    "mergeCells": cells.merge,
    "unmergeCells": cells.unmerge,
    "insertDimension": dimensions.insert,
    "appendDimension": dimensions.append,
    "deleteDimension": dimensions.delete,
    "moveDimension": dimensions.move,
    "updateDimensionProperties": dimensions.update_properties,
    "autoResizeDimensions": dimensions.auto_resize,
    "addDimensionGroup": groups.add,
    "deleteDimensionGroup": groups.delete,
    "addBanding": bands.add,
    "deleteBanding": bands.delete,
    "setBasicFilter": filters.set_basic,
    "clearBasicFilter": filters.clear_basic,
    "addFilterView": filters.add_view,
    "updateFilterView": filters.update_view,
    "deleteFilterView": filters.delete_view,
    "addNamedRange": named_ranges.add,
    "updateNamedRange": named_ranges.update,
    "deleteNamedRange": named_ranges.delete,
    "addTable": tables.add,
    "updateTable": tables.update,
    "deleteTable": tables.delete,
    "addProtectedRange": protection.add,
    "updateProtectedRange": protection.update,
    "deleteProtectedRange": protection.delete,
    "createDeveloperMetadata": metadata.create,
    "updateDeveloperMetadata": metadata.update,
    "deleteDeveloperMetadata": metadata.delete,
}


def run(target: Target, requests: list[Json]) -> list[Json]:
    """Carry the requests out and return their replies. Raises GoogleError, naming the request; then nothing changed."""
    if not requests:
        raise invalid("Must specify at least one request.")
    before = target.workbook.snapshot()
    target.workbook.ids_before_batch = frozenset(entry.id for entry in target.workbook.all_metadata())
    try:
        return [_one(target, request, index) for index, request in enumerate(requests)]
    except BaseException:
        target.workbook.restore(before)
        raise


def _one(target: Target, request: Json, index: int) -> Json:
    if len(request) != 1:
        raise invalid(f"Invalid requests[{index}]: Must specify exactly one kind of request.")
    ((name, given),) = request.items()
    if name not in HANDLERS:
        raise GoogleError(400, f"Invalid requests[{index}].{name}: The emulator does not know this request.")
    target.workbook.stale = True
    with naming(f"requests[{index}].{name}"):
        reply = HANDLERS[name](target, given)
    target.workbook.stale = True  # a request may have computed formulas on its way
    return {name: reply} if reply is not None else {}
