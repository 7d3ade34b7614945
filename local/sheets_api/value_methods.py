"""The methods of `spreadsheets.values`."""

from __future__ import annotations

from contextlib import nullcontext

from local.sheets_api import filters, reading, structure, tables, writing
from local.sheets_api.a1 import Area, render
from local.sheets_api.calculation import calculate
from local.sheets_api.calls import Call
from local.sheets_api.filters import Target
from local.sheets_api.google_errors import GoogleError, Json, invalid, naming
from local.sheets_api.reading import Rendering
from local.sheets_api.workbook import Workbook
from local.sheets_api.writing import Write


def get(call: Call) -> Json:
    """Return the values of one range."""
    sheet, area = call.workbook.resolve(call.path["range"])
    return reading.value_range(sheet, area, Rendering.of(call.query))


def batch_get(call: Call) -> Json:
    """Return the values of several ranges."""
    workbook, rendering = call.workbook, Rendering.of(call.query)
    targets = [workbook.resolve(text) for text in call.query.get("ranges", [])]
    ranges = [reading.value_range(sheet, area, rendering) for sheet, area in targets]
    return {"spreadsheetId": workbook.id, **({"valueRanges": ranges} if ranges else {})}


def batch_get_by_data_filter(call: Call) -> Json:
    """Return the values of each range that the filters select."""
    workbook, rendering = call.workbook, Rendering.of(call.body)
    found = filters.matched(workbook, call.body.get("dataFilters", []), call.user.project)
    ranges = [
        {"valueRange": reading.value_range(sheet, area, rendering), "dataFilters": data_filters}
        for (sheet, area), data_filters in found
    ]
    return {"spreadsheetId": workbook.id, **({"valueRanges": ranges} if ranges else {})}


def update(call: Call) -> Json:
    """Write one range."""
    workbook = call.workbook
    target = _checked_range(workbook, call.path["range"], call.body)
    option = writing.input_option(call.query)
    write = writing.plan(workbook, call.user, target, call.body, option, text=call.path["range"])
    _apply(call, [write])
    return _summary(workbook, write, call.query)


def _checked_range(workbook: Workbook, text: str, body: Json) -> Target:
    """Return the range of the URL; one in the body must be the same."""
    target = workbook.resolve(text)
    inner = body.get("range")
    if inner and workbook.resolve(inner) != target:
        raise invalid(f"Requested writing within range [{text}], but the body names range [{inner}]")
    return target


def batch_update(call: Call) -> Json:
    """Write several ranges, all or none."""
    workbook, body = call.workbook, call.body
    option = writing.input_option(body)
    writes = []
    for index, given in enumerate(body.get("data", [])):
        with naming(f"data[{index}]"):
            text = given.get("range", "")
            writes.append(writing.plan(workbook, call.user, workbook.resolve(text), given, option, text=text))
    _apply(call, writes)
    answer: Json = {"spreadsheetId": workbook.id, **_totals(writes)}
    return {**answer, "responses": [_summary(workbook, write, body) for write in writes]} if writes else answer


def batch_update_by_data_filter(call: Call) -> Json:
    """Write to every range that each filter selects, all or none."""
    workbook, body = call.workbook, call.body
    option = writing.input_option(body)
    writes: list[tuple[Write, Json]] = []
    for index, given in enumerate(body.get("data", [])):
        data_filter = given.get("dataFilter", {})
        if workbook.choices.null_by_data_filter_clears:
            lines = [["" if value is None else value for value in line] for line in given.get("values", [])]
            given = {**given, "values": lines}  # noqa: PLW2901  # the same entry, read the other way
        with naming(f"data[{index}]"):
            targets = filters.targets(workbook, data_filter, call.user.project)
            if not targets and workbook.choices.missing_metadata_refused:
                raise invalid("No range matches the data filter.")
            writes += [(writing.plan(workbook, call.user, target, given, option), data_filter) for target in targets]
    _apply(call, [write for write, _ in writes])
    answer: Json = {"spreadsheetId": workbook.id, **_totals([write for write, _ in writes])}
    if not writes:
        return answer
    responses = []
    for write, data_filter in writes:
        summary = _summary(workbook, write, body)
        del summary["spreadsheetId"]
        responses.append({**summary, "dataFilter": data_filter})
    return {**answer, "responses": responses}


def _apply(call: Call, writes: list[Write]) -> None:
    for write in writes:
        write.apply()
        tables.settle_headers(call.workbook, write.sheet, write.box)
        call.changed.append(write.range)
    call.workbook.stale = True


def _summary(workbook: Workbook, write: Write, options: Json) -> Json:
    summary = write.summary(workbook.id)
    if options.get("includeValuesInResponse"):
        calculate(workbook)
        summary["updatedData"] = write.values_written(Rendering.of(options, "response"))
    return summary


def _totals(writes: list[Write]) -> Json:
    totals = {
        "totalUpdatedRows": len({(write.sheet.id, write.box.top + row) for write in writes for row in write.rows}),
        "totalUpdatedColumns": len({(write.sheet.id, write.box.left + c) for write in writes for c in write.columns}),
        "totalUpdatedCells": sum(write.cells for write in writes),
        "totalUpdatedSheets": len({write.sheet.id for write in writes if write.cells}),
    }
    return {name: total for name, total in totals.items() if total}


def append(call: Call) -> Json:
    """Write below the table that the range touches, extending the grid where it ends."""
    workbook, body = call.workbook, call.body
    sheet, area = _checked_range(workbook, call.path["range"], body)
    table = writing.table_at(sheet, sheet.fit(area, clip=True))
    top, left = (table.bottom, table.left) if table else (area.top, area.left)
    values = body.get("values") or []
    height, width = len(values), max((len(line) for line in values), default=0)
    if body.get("majorDimension") == "COLUMNS":
        height, width = width, height
    before = workbook.snapshot()
    try:
        if call.query.get("insertDataOption") == "INSERT_ROWS" and height and top < len(sheet.rows):
            structure.insert(workbook, sheet, "ROWS", top, top + height, inherit=False)
        structure.append(workbook, sheet, "ROWS", max(top + height - len(sheet.rows), 0))
        structure.append(workbook, sheet, "COLUMNS", max(left + width - len(sheet.columns), 0))
        target = (sheet, Area(top, left, top + 1, left + 1))
        write = writing.plan(workbook, call.user, target, body, writing.input_option(call.query))
    except GoogleError:
        workbook.restore(before)
        raise
    _apply(call, [write])
    found = {"tableRange": render(sheet.title, table)} if table else {}
    return {"spreadsheetId": workbook.id, **found, "updates": _summary(workbook, write, call.query)}


def clear(call: Call) -> Json:
    """Empty one range; formats stay."""
    workbook = call.workbook
    (cleared,) = _clear(call, [workbook.resolve(call.path["range"])])
    return {"spreadsheetId": workbook.id, "clearedRange": cleared}


def batch_clear(call: Call) -> Json:
    """Empty several ranges."""
    workbook = call.workbook
    cleared = _clear(call, [workbook.resolve(text) for text in call.body.get("ranges", [])], named="range")
    return {"spreadsheetId": workbook.id, **({"clearedRanges": cleared} if cleared else {})}


def batch_clear_by_data_filter(call: Call) -> Json:
    """Empty every range that the filters select."""
    workbook = call.workbook
    found = filters.matched(workbook, call.body.get("dataFilters", []), call.user.project)
    cleared = _clear(call, [target for target, _ in found])
    return {"spreadsheetId": workbook.id, **({"clearedRanges": cleared} if cleared else {})}


def _clear(call: Call, targets: list[Target], *, named: str = "") -> list[str]:
    boxes = []
    for index, target in enumerate(targets):
        with naming(f"{named}[{index}]") if named else nullcontext():
            boxes.append(writing.clear(call.workbook, call.user, target))
    for sheet, box in boxes:
        writing.empty(sheet, box)
    call.workbook.stale = True
    ranges = [render(sheet.title, box) for sheet, box in boxes]
    call.changed += ranges
    return ranges
