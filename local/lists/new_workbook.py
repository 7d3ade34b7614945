"""A CSV's result as a workbook in which text stays text: the way out where Excel would take `1-10` for a date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from functions.fields.cell_format import CellValue
from local.lists.csv_list import CsvList
from local.lists.csv_records import Record
from local.lists.errors import BadFile
from local.lists.layout import Layout
from local.lists.workbook_list import MAX_COLUMNS

MAX_ROWS = 1_048_576
"""Of a worksheet (Excel specifications and limits)."""
MAX_TEXT = 32_767
"""Characters of an Excel cell."""
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
"""Bytes of a CSV that are not of its encoding, as they are read (PEP 383)."""


class NewWorkbookWriter:
    """Writes the rows of a CSV into the only tab of a new workbook."""

    def __init__(self, source: CsvList, target: Path, layout: Layout) -> None:
        import openpyxl  # noqa: PLC0415 - heavy, and most results are CSVs

        self._source, self._layout, self._target = source, layout, target
        self._after, self._new = source.shape.url_column + 1, layout.new
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("Leads")
        self._rows = 0
        for place, text in enumerate(source.above):
            texts = [source.dialect.value(cell) for cell in source.cells(text)]
            after = self._after - source.shape.shift
            if place == source.shape.header:
                texts += [""] * (after - len(texts))
                texts[after:after] = [layout.fields[number].header for number in self._new]
            self._append(texts)
        target.touch()

    def render(
        self, held: Sequence[str], values: Sequence[CellValue] | None
    ) -> tuple[dict[int, CellValue], list[CellValue]]:
        """Return the values for columns of the list, and those of new columns; see `ListWriter`."""
        if values is None:
            return {}, [""] * len(self._new)
        filling = {place: values[at] for at, place in self._layout.old if values[at] != "" and not held[at]}
        return filling, [values[number] for number in self._new]

    def write(self, record: Record, rendered: tuple[dict[int, CellValue], list[CellValue]]) -> None:
        """Write a row; see `ListWriter`."""
        filling, new = rendered
        texts: list[CellValue] = [self._source.dialect.value(cell) for cell in self._source.cells(record[0])]
        for place, value in filling.items():
            texts += [""] * (place + 1 - len(texts))
            texts[place] = value
        texts += [""] * (self._after - len(texts))
        texts[self._after : self._after] = new
        self._append(texts)

    def close(self) -> None:
        """Save the workbook."""
        self._book.save(self._target)

    def discard(self) -> None:
        """Let go of the workbook; what openpyxl wrote beside it goes with this process."""

    def _append(self, values: Sequence[CellValue]) -> None:
        self._rows += 1
        if self._rows > MAX_ROWS or len(values) > MAX_COLUMNS:
            raise BadFile(
                f"{self._source.path} is larger than an Excel tab can be; name a file with OUT that ends in .csv."
            )
        self._sheet.append([self._cell(value) for value in values])

    def _cell(self, value: CellValue) -> Any:  # noqa: ANN401 - openpyxl makes its cells by a function
        from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - heavy
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415 - heavy

        if value == "":
            return None
        if not isinstance(value, str):
            return WriteOnlyCell(self._sheet, value)
        text = _STRAY_BYTE.sub(_of_windows, ILLEGAL_CHARACTERS_RE.sub("", value))
        text = text.encode("utf-8", "replace").decode()[:MAX_TEXT]
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"  # whatever it begins with, it is no formula and no error
        return cell


def _of_windows(stray: re.Match[str]) -> str:
    """Return the letter that a byte is in Windows-1252, where nearly all that stray into UTF-8 come from."""
    return stray[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")
