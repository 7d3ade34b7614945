"""Google's CellData: written to a cell, and read from one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from local.sheets_api import fields_mask
from local.sheets_api.a1 import Box
from local.sheets_api.cells import (
    ERROR_TEXTS,
    Cell,
    CellError,
    Formula,
    check_length,
    extended_value,
    typed,
    value_of,
)
from local.sheets_api.display import show
from local.sheets_api.fields_mask import Mask, wants
from local.sheets_api.formats import effective, normal
from local.sheets_api.formulas import evaluate
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import BY_HAND, Row

_AS_ENTERED = frozenset({"userEnteredValue", "userEnteredFormat"})
_READ_ONLY = frozenset({"effectiveValue", "formattedValue", "effectiveFormat", "hyperlink"})
_UNKNOWN = frozenset({"pivotTable", "dataSourceTable", "dataSourceFormula"})
_DRIVE = frozenset({"drive.google.com", "docs.google.com"})
"""The hosts whose links can be written as chips: "only links to Google Drive files" (guides/chips)."""


def check_mask(mask: Mask) -> None:
    """Raise GoogleError, 400, if a mask names what cannot be written."""
    for name in mask:
        if name in _READ_ONLY:
            raise invalid(f"The field {name} is read-only.")
        if name in _UNKNOWN:
            raise invalid(f"The emulator does not know {name} in cells.")


def put(row: Row, column: int, data: Json, mask: Mask, *, by_hand: bool = False) -> None:
    """Set the masked parts of one cell from CellData. Raises GoogleError, 400.

    `by_hand`: as a person in the browser does, who may set what the API does not.
    """
    if found := _UNKNOWN & data.keys():
        raise invalid(f"The emulator does not know {min(found)} in cells.")
    if wants(mask, "userEnteredValue"):
        row.enter(column, cell_of(data.get("userEnteredValue", {})))
    if wants(mask, "userEnteredFormat"):
        inner = mask.get("userEnteredFormat", {})
        merged = fields_mask.merge(row.format(column) or {}, normal(data.get("userEnteredFormat", {})), _styled(inner))
        row.put_format(column, merged or None)
        if wants(mask, "userEnteredFormat", "textFormat", "link"):
            _drop_links(row, column)
    if wants(mask, "note"):
        row.put_aside(column, "note", data.get("note"))
    if wants(mask, "dataValidation"):
        row.put_aside(column, "dataValidation", data.get("dataValidation"))
    if wants(mask, "textFormatRuns"):
        row.put_aside(column, "textFormatRuns", _runs(row.cell(column), data.get("textFormatRuns", [])))
    if wants(mask, "chipRuns"):
        row.put_aside(column, "chipRuns", _chips(row.cell(column), data.get("chipRuns", []), by_hand=by_hand))


def _drop_links(row: Row, column: int) -> None:
    """A link of the cell clears those of its runs, also where it is none (reference of CellFormat.textFormat)."""
    runs = row.aside(column, "textFormatRuns")
    if not runs:
        return
    kept = [{**run, "format": {n: v for n, v in run.get("format", {}).items() if n != "link"}} for run in runs]
    row.put_aside(column, "textFormatRuns", kept if any(run["format"] for run in kept) else None)


def _runs(cell: Cell, runs: list[Json]) -> list[Json]:
    """Check runs of a text and return them as Google shows them: a start of 0 is left out."""
    if runs and not isinstance(cell, str):
        raise invalid("textFormatRuns can only be set on cells that hold a text.")
    starts = [run.get("startIndex", 0) for run in runs]
    if starts != sorted(set(starts)) or (starts and not 0 <= starts[-1] < max(_utf16(str(cell)), 1)):
        raise invalid("textFormatRuns must be in order and start inside the text.")
    return [{name: value for name, value in run.items() if name != "startIndex" or value} for run in runs]


def _chips(cell: Cell, runs: list[Json], *, by_hand: bool) -> list[Json]:
    """Check chips against the placeholders of the text, `@`."""
    text = (cell if isinstance(cell, str) else "").encode("utf-16-le")
    for run in runs:
        start, chip = run.get("startIndex", 0), run.get("chip", {})
        if text[2 * start : 2 * start + 2] != "@".encode("utf-16-le"):
            raise invalid(f"A chip must stand on a placeholder “@”; there is none at {start}.")
        address = chip.get("richLinkProperties", {}).get("uri", "")
        if not address and "personProperties" not in chip:
            raise invalid("A chip must have personProperties or richLinkProperties.uri.")
        if not by_hand and address and urlsplit(address).hostname not in _DRIVE:
            raise invalid("Only links to Google Drive files can be written as chips.")
    return runs


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _styled(mask: Mask) -> Mask:
    """Return a format's mask that takes with each colour its style too."""
    widened = {name: dict(inner) for name, inner in mask.items()}
    for level in (widened, widened.get("textFormat", {})):
        for name in ("backgroundColor", "foregroundColor"):
            if name in level:
                level[name + "Style"] = {}
    return widened


def cell_of(value: Json) -> Cell:
    """Return an ExtendedValue as a cell. Raises GoogleError, 400."""
    if len(value) > 1:
        raise invalid("Only one kind of value may be set in userEnteredValue.")
    if "formulaValue" in value:
        text = value["formulaValue"]
        check_length(text)
        if not text.startswith("="):
            raise invalid(f"Invalid formula: {text}")
        return Formula(text, evaluate(text))
    if "stringValue" in value:
        check_length(value["stringValue"])
        return str(value["stringValue"]) or None
    if "errorValue" in value:
        kind = value["errorValue"].get("type", "ERROR")
        return CellError(kind if kind in ERROR_TEXTS else "ERROR")
    found: Cell = value.get("numberValue", value.get("boolValue"))
    return found


def row_data(row: Row, box: Box, mask: Mask | None = None) -> Json:
    """Return Google's RowData of a row between two columns; cells without content at the end are left out."""
    last = max(len(row.cells), max(row.extras, default=-1) + 1 if row.extras else 0)
    cells = [cell_data(row, column, mask) for column in range(box.left, min(box.right, last))]
    while cells and not cells[-1]:
        cells.pop()
    return {"values": cells} if cells else {}


def cell_data(row: Row, column: int, mask: Mask | None = None) -> Json:
    """Return Google's CellData, or the masked part of it."""
    cell, own_format = row.cell(column), row.format(column)
    shown: Json = {}
    value, entered = value_of(cell), typed(cell)
    if entered is not None:
        shown["userEnteredValue"] = extended_value(entered)
    if mask and mask.keys() <= _AS_ENTERED and not own_format:
        return shown if "userEnteredValue" in mask else {}
    if value is not None:
        shown["effectiveValue"] = extended_value(value)
        if value != "":  # as recorded of `=""`
            shown["formattedValue"] = show(value, (own_format or {}).get("numberFormat"))
    if row.extras and (extras := row.extras.get(column)):
        shown |= {name: extras[name] for name in extras if name != BY_HAND}
        if "chipRuns" in extras:
            shown["chipRuns"] = _all_chip_runs(str(value), extras["chipRuns"])
    if shown and wants(mask, "effectiveFormat"):
        shown["effectiveFormat"] = effective(own_format)
    if link := link_of(row, column):
        shown["hyperlink"] = link
    return {name: shown[name] for name in shown if wants(mask, name)}


def link_of(row: Row, column: int) -> str:
    """Return where the whole cell leads; "" where it leads nowhere, or its parts lead to different places."""
    cell = row.cell(column)
    if isinstance(cell, Formula):
        return cell.link
    if not row.extras or column not in row.extras:
        return ""
    runs: list[Json] = row.aside(column, "textFormatRuns") or []
    links = [run.get("format", {}).get("link", {}).get("uri", "") for run in runs]
    if any(links):
        return links[0] if len(set(links)) == 1 and not runs[0].get("startIndex") else ""
    found: Any = (row.format(column) or {}).get("textFormat", {}).get("link", {}).get("uri", "")
    return str(found)


def _all_chip_runs(text: str, chips: list[Json]) -> list[Json]:
    """Return the runs of a text with chips: "all chipped and non-chipped runs are included" when reading."""
    shown: list[Json] = []
    position, length = 0, _utf16(text)
    for run in sorted(chips, key=lambda run: run.get("startIndex", 0)):
        start = run.get("startIndex", 0)
        if start > position:
            shown.append({"startIndex": position, "chip": {}} if position else {"chip": {}})
        shown.append({name: value for name, value in run.items() if name != "startIndex" or value})
        position = start + 1
    if 0 < position < length:
        shown.append({"startIndex": position, "chip": {}})
    return shown
