"""The result of a workbook: a copy of the file in which only cells of Leadfill's are put into the tab."""

from __future__ import annotations

import io
import os
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from functions.fields.cell_format import CellValue
from local.lists import sheet_xml
from local.lists.columns import letter
from local.lists.layout import Layout
from local.lists.shape import Shape
from local.lists.sheet_xml import SheetReader, SheetRow
from local.lists.workbook_file import Tab, WorkbookFile

_CALCULATION = re.compile(r"(<(?:[\w.-]+:)?calcPr\b)([^>]*?)(/?>)")
_FULL = re.compile(r"\s+fullCalcOnLoad=(?:\"[^\"]*\"|'[^']*')")
_DIMENSION = re.compile(r"(<(?:[\w.-]+:)?dimension\b[^>]*?ref=\"[A-Z]+[0-9]+)(?::([A-Z]+)([0-9]+))?(\")")


class WorkbookWriter:
    """Copies the file part by part, and the tab row by row with the values in their cells."""

    def __init__(
        self,
        file: WorkbookFile,
        tab: Tab,
        shape: Shape,
        *,
        used_columns: int,
        last_row: int,
        target: Path,
        layout: Layout,
    ) -> None:
        """Copy all but the tab, and of the tab what stands above the list; arguments are those of `WorkbookList`."""
        self._source_file, self._shape, self._layout = file, shape, layout
        self._used_columns, self._last_row = used_columns, last_row
        new = iter(range(used_columns, used_columns + len(layout.new)))
        self._places = [next(new) if place is None else place for place in layout.places]
        self._original = zipfile.ZipFile(file.path)
        self._file = target.open("wb")
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        for info in self._original.infolist():
            if info.filename != tab.part:
                self._copy(info)
        info = zipfile.ZipInfo(tab.part, self._original.getinfo(tab.part).date_time)
        info.compress_type = zipfile.ZIP_DEFLATED
        self._sheet = io.TextIOWrapper(self._archive.open(info, "w", force_zip64=True), encoding="utf-8", newline="")
        self._raw = self._original.open(tab.part)
        self._reader = SheetReader(io.TextIOWrapper(self._raw, encoding="utf-8-sig", newline=""), str(file.path))
        self._reader.start()
        self._rows = self._reader.rows()
        self._sheet.write(self._wider(self._reader.head))
        self._styles: dict[int, str] = {}
        self._copy_above()

    def render(self, held: Sequence[str], values: Sequence[CellValue] | None) -> dict[int, CellValue]:
        """Return the values of cells by their columns; see `ListWriter`."""
        return {
            place: value
            for place, value, there in zip(self._places, values or (), held, strict=False)
            if value != "" and not there
        }

    def write(self, record: SheetRow, rendered: dict[int, CellValue]) -> None:
        """Write a row; see `ListWriter`."""
        if not record.number:
            return  # a blank row that the file leaves out
        next(self._rows)
        self._sheet.write(sheet_xml.changed(record, rendered, {}) if rendered else record.raw)

    def close(self) -> None:
        """Copy what follows the list, and finish the file durably."""
        for row in self._rows:
            self._sheet.write(row.raw)
        self._sheet.write(self._reader.tail)
        self._sheet.close()
        self._archive.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self.discard()

    def discard(self) -> None:
        """Close the files as they are."""
        self._raw.close()
        self._original.close()
        self._file.close()

    def _copy(self, info: zipfile.ZipInfo) -> None:
        """Copy another part as it is; but what formulas anywhere come to has to be calculated anew."""
        if info.filename == self._source_file.main_part and self._source_file.has_formulas:
            text = self._original.read(info).decode("utf-8-sig")
            self._archive.writestr(info, _CALCULATION.sub(_on_load, text, count=1).encode(), zipfile.ZIP_DEFLATED)
            return
        copy = zipfile.ZipInfo(info.filename, info.date_time)
        copy.compress_type, copy.external_attr, copy.file_size = (
            zipfile.ZIP_DEFLATED,
            info.external_attr,
            info.file_size,
        )
        with self._original.open(info) as part, self._archive.open(copy, "w") as written:
            shutil.copyfileobj(part, written)

    def _copy_above(self) -> None:
        shape = self._shape
        if not shape.first:
            return
        for row in self._rows:
            if row.number == shape.first:
                titles = {self._places[number]: self._layout.fields[number].header for number in self._layout.new}
                style = next(
                    (cell.attributes.get("s", "") for cell in row.cells() if cell.column == shape.url_column), ""
                )
                self._sheet.write(sheet_xml.changed(row, titles, dict.fromkeys(titles, style)))
                return
            self._sheet.write(row.raw)

    def _wider(self, head: str) -> str:
        """Correct the area in use that the sheet names at its beginning; some readers trust it."""
        last = letter(max([self._used_columns - 1, *self._places]))

        def widen(found: re.Match[str]) -> str:
            return f"{found[1]}:{last}{found[3] or self._last_row}{found[4]}"

        return _DIMENSION.sub(widen, head, count=1)


def _on_load(found: re.Match[str]) -> str:
    """Return the settings of the calculation so that a spreadsheet program calculates when it opens the file."""
    return f'{found[1]}{_FULL.sub("", found[2])} fullCalcOnLoad="1"{found[3]}'
