"""Turn cells to be written into requests of `batchUpdate`, in blocks of at most a megabyte; pure.

Only cells that are written appear, so a block for the last rows of a tab is as small as one for the first. Cells are
addressed by position, so each block first proves that the columns are still there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from functions.sheets.cells import Content, Formula, Spilled
from functions.sheets.grid import runs

MAX_BYTES = 950_000
"""Of a block; Google recommends at most 2 MB a request, and large ones may time out."""
_OVERHEAD = 200
"""Bytes around the rows of one request."""

Cells = Mapping[int, Mapping[int, Content]]
"""Row (from 1) → column (from 0) → content."""


@dataclass(slots=True)
class _Area:
    """Rows of the same columns, one below the other."""

    row: int
    left: int
    rows: list[msgspec.Raw] = field(default_factory=list)

    def request(self, sheet_id: int) -> dict[str, Any]:
        start = {"sheetId": sheet_id, "rowIndex": self.row - 1, "columnIndex": self.left}
        return {"updateCells": {"start": start, "rows": self.rows, "fields": "userEnteredValue"}}


def blocks(cells: Cells, sheet_id: int, max_bytes: int) -> Iterator[list[dict[str, Any]]]:
    """Cut cells into blocks: each is a list of requests, together no longer than `max_bytes` where one cell is not.

    A row's cells are in one block, unless they alone are longer: rows may move between two blocks, and what was meant
    for a row is known again by what came with it.
    """
    areas: dict[tuple[int, int], _Area] = {}
    block: list[_Area] = []
    size = 0
    for row in sorted(cells):
        parts = list(_parts(cells[row], row, max_bytes))
        length = sum(len(line) + 1 + _OVERHEAD for _, _, line in parts)
        for number, (left, width, line) in enumerate(parts):
            wanted = len(line) + 1 + _OVERHEAD if length > max_bytes else length
            if block and (number == 0 or length > max_bytes) and size + wanted > max_bytes:
                yield [area.request(sheet_id) for area in block]
                areas, block, size = {}, [], 0
            area = areas.get((left, width))
            if area is None or area.row + len(area.rows) != row:
                area = areas[left, width] = _Area(row, left)
                block.append(area)
                size += _OVERHEAD
            area.rows.append(line)
            size += len(line) + 1
    if block:
        yield [area.request(sheet_id) for area in block]


def _line(values: Sequence[dict[str, Any]]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"values": values}))


def _parts(cells: Mapping[int, Content], row: int, max_bytes: int) -> Iterator[tuple[int, int, msgspec.Raw]]:
    """Cells of a row that stand side by side: the first column, how many, and Google's RowData as JSON.

    They come one by one where they are very long.
    """
    for start, end in runs(cells):
        values = [cell_data(cells[column], row) for column in range(start, end)]
        line = _line(values)
        if len(line) <= max_bytes // 2:
            yield start, end - start, line
        else:
            yield from ((column, 1, _line([value])) for column, value in enumerate(values, start))


def cell_data(content: Content, row: int) -> dict[str, Any]:
    """Return a content for a row (from 1) as Google's CellData: text stays text, whatever it looks like."""
    if content == "" or isinstance(content, Spilled):  # once the cell is empty, the formula elsewhere spills into it
        return {}
    if isinstance(content, Formula):
        return {"userEnteredValue": {"formulaValue": content.text_in(row)}}
    kind = "boolValue" if isinstance(content, bool) else "stringValue" if isinstance(content, str) else "numberValue"
    return {"userEnteredValue": {kind: content}}
