"""Workbooks from and to `.xlsx` and `.csv`."""

from __future__ import annotations

import csv
import datetime as dt
import io
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.sheets_api.cells import ERROR_KINDS, Cell, CellError, Formula, Spilled, value_of
from local.sheets_api.display import show
from local.sheets_api.entry import EPOCH, enter
from local.sheets_api.formulas import evaluate
from local.sheets_api.google_errors import GoogleError
from local.sheets_api.grid import Line, Row, Sheet
from local.sheets_api.workbook import Workbook

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SPARE_ROWS, SPARE_COLUMNS = 1000, 26
"""The least size of a loaded sheet, as of a new one."""


def from_values(rows: list[list[Any]], *, title: str = "Sheet1", sheet_id: int = 0) -> Sheet:
    """Return a sheet that holds these values as they are (RAW); None and "" are empty cells."""
    cells: list[list[Cell]] = [[value if value != "" else None for value in row] for row in rows]
    width = max((len(row) for row in cells), default=0)
    sheet = Sheet.blank(sheet_id, title, max(len(cells), SPARE_ROWS), max(width, SPARE_COLUMNS))
    for index, row in enumerate(cells):
        sheet.rows[index] = Row(row, sheet.generation)
    return sheet


def from_csv(text: str, *, title: str = "Sheet1", typed: bool = False, today: dt.date | None = None) -> Sheet:
    """Return a sheet with the cells of a CSV text, as they are or (`typed`) as if typed in."""
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    sheet = from_values([list(line) for line in lines], title=title)
    if typed:
        for index, line in enumerate(lines):
            row = sheet.writable(index)
            for column, entered in enumerate(line):
                cell, number_format = enter(entered, today or dt.datetime.now(dt.UTC).date())
                row.put(column, cell)
                row.put_format(column, {"numberFormat": number_format} if number_format else None)
    return sheet


def to_csv(sheet: Sheet) -> str:
    """Return what a sheet shows, as CSV."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    last = max((i for i, row in enumerate(sheet.rows) if any(c is not None for c in row.cells)), default=-1)
    for row in sheet.rows[: last + 1]:
        writer.writerow(_shown(row, column) for column in range(len(row.cells)))
    return written.getvalue()


def _shown(row: Row, column: int) -> str:
    value = value_of(row.cell(column))
    return "" if value is None else show(value, (row.format(column) or {}).get("numberFormat"))


def load(path: Path, **options: Any) -> Workbook:  # noqa: ANN401  # passed on to Workbook
    """Return the workbook in an Excel file or a CSV of any dialect, titled like the file.

    Raises BadFile if it is neither, by its content and not by its name.
    """
    from local.lists.content import Kind, recognise  # noqa: PLC0415  # most runs load no file
    from local.lists.csv_list import read_values  # noqa: PLC0415  # most runs load no file

    if recognise(path) is Kind.TEXT:
        sheets = [from_values([list(row) for row in read_values(path)])]
    else:
        return from_xlsx(path.read_bytes(), **{"title": path.stem, **options})
    return Workbook(**{"title": path.stem, **options, "sheets": sheets})


def save(workbook: Workbook, path: Path) -> None:
    """Write a workbook to an `.xlsx` file, or its first sheet to a `.csv` file."""
    if path.suffix.lower() == ".csv":
        path.write_text(to_csv(workbook.sheets[0]), encoding="utf-8")
    else:
        path.write_bytes(to_xlsx(workbook))


def from_xlsx(data: bytes, **options: Any) -> Workbook:  # noqa: ANN401  # passed on to Workbook
    """Return the workbook in an `.xlsx` file: values, formulas with last values, merges, formats, names."""
    import openpyxl  # noqa: PLC0415  # heavy, and most runs load no file

    formulas = openpyxl.load_workbook(io.BytesIO(data))
    values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    sheets = [_sheet(formulas[title], values[title], index) for index, title in enumerate(formulas.sheetnames)]
    workbook = Workbook(**{**options, "sheets": sheets})
    for name, defined in formulas.defined_names.items():
        with suppress(GoogleError):  # a name of a formula or of another file names no range
            sheet, area = workbook.resolve(str(defined.attr_text))
            covered = sheet.fit(area, clip=True).grid_range(sheet.id)
            named = {"namedRangeId": str(workbook.new_id()), "name": name, "range": covered}
            workbook.named_ranges = (*workbook.named_ranges, named)
    return workbook


def _sheet(source: Worksheet, values: Worksheet, index: int) -> Sheet:
    from local.sheets_api.a1 import Box  # noqa: PLC0415  # beside its only use

    height, width = max(source.max_row, SPARE_ROWS), max(source.max_column, SPARE_COLUMNS)
    sheet = Sheet.blank(index, source.title, height, width)
    for line in source.iter_rows():
        for found in line:
            if found.value is None:
                continue
            last = values.cell(found.row, found.column or 1).value
            cell, number_format = _cell(found.value, last, str(found.number_format))
            if found.hyperlink and found.hyperlink.target and isinstance(cell, str):
                cell = _linked(cell, found.hyperlink.target)
            row = sheet.writable(found.row - 1)
            row.put((found.column or 1) - 1, cell)
            if number_format:
                row.put_format((found.column or 1) - 1, {"numberFormat": number_format})
    for number, dimension in source.row_dimensions.items():
        if dimension.hidden and number <= height:
            sheet.writable(number - 1).line = Line(hidden=True)
    for merged in source.merged_cells.ranges:
        sheet.merges.append(Box(merged.min_row - 1, merged.min_col - 1, merged.max_row, merged.max_col))
    if source.sheet_state != "visible":
        sheet.properties["hidden"] = True
    return sheet


def _linked(text: str, target: str) -> Formula:
    """A link behind a cell is a HYPERLINK here: the emulator keeps no other."""
    quoted = target.replace('"', "%22"), text.replace('"', '""')
    return Formula('=HYPERLINK("{}","{}")'.format(*quoted), text, target)


def _cell(value: Any, last: Any, pattern: str) -> tuple[Cell, dict[str, str] | None]:  # noqa: ANN401  # what openpyxl reads
    value = getattr(value, "text", value)  # an ArrayFormula
    if isinstance(value, str) and value.startswith("=") and len(value) > 1:
        shown = value_of(_plain(last)[0]) if last is not None else None
        return Formula(value, evaluate(value) if shown is None else shown), None
    if isinstance(value, str) and value in ERROR_KINDS:
        return CellError(ERROR_KINDS[value]), None
    cell, number_format = _plain(value)
    if number_format is None and isinstance(cell, (int, float)) and pattern not in {"General", "@"}:
        number_format = {"type": "PERCENT" if "%" in pattern else "NUMBER", "pattern": pattern}
    return cell, number_format


def _plain(value: Any) -> tuple[Cell, dict[str, str] | None]:  # noqa: ANN401  # as above
    if isinstance(value, dt.datetime):
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        serial = (value.date() - EPOCH).days
        if seconds:
            return serial + seconds / 86400, {"type": "DATE_TIME", "pattern": "yyyy-MM-dd HH:mm:ss"}
        return serial, {"type": "DATE", "pattern": "yyyy-MM-dd"}
    if isinstance(value, dt.time):
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return seconds / 86400, {"type": "TIME", "pattern": "HH:mm:ss"}
    if isinstance(value, (str, bool, int, float)):
        return value, None
    return str(value), None


def to_xlsx(workbook: Workbook) -> bytes:
    """Return a workbook as an `.xlsx` file. Text that begins with `=` stays text."""
    import openpyxl  # noqa: PLC0415  # as in `from_xlsx`

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for sheet in workbook.sheets:
        target = book.create_sheet(sheet.title)
        for index, row in enumerate(sheet.rows, 1):
            for column, cell in enumerate(row.cells, 1):
                if cell is not None:
                    _write(target, (index, column), cell, row.format(column - 1))
            if row.line.hidden or row.line.filtered:
                target.row_dimensions[index].hidden = True
        for box in sheet.merges:
            target.merge_cells(
                start_row=box.top + 1, start_column=box.left + 1, end_row=box.bottom, end_column=box.right
            )
        if sheet.properties.get("hidden"):
            target.sheet_state = "hidden"
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _write(target: Worksheet, place: tuple[int, int], cell: Cell, cell_format: dict[str, Any] | None) -> None:
    written = target.cell(*place)
    if isinstance(cell, (Formula, CellError)):
        written.value = cell.text
    elif isinstance(cell, Spilled):
        return  # the formula that fills it is written, and fills it again
    else:
        written.value = cell
        if isinstance(cell, str):
            written.data_type = "s"
    pattern = (cell_format or {}).get("numberFormat", {}).get("pattern")
    if pattern:
        written.number_format = pattern
