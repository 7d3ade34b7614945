"""Tabs of a spreadsheet, and some of their rows as they were in one moment.

Some megabytes of JSON would take ten times that as Python objects. So rows stay encoded, and each is decoded when it is
read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import msgspec

from functions.outcomes import LeftOut
from functions.sheets.cells import Content, Formula, Spilled

ANCHOR_KEY = "leadfill"
"""Of the developer metadata on a column that a run reads or writes."""

_HYPERLINK = re.compile(r'=\s*HYPERLINK\(\s*"((?:[^"]|"")*)"\s*[,;)]', re.IGNORECASE)
"""A formula that is one link to an address that stands in it, not one that may come to a link or puts it together."""

CellData = Mapping[str, Any]
"""Google's CellData."""
_NOTHING: CellData = {}
_NO_DIGESTS = frozenset[int]()
"""One for all rows: each takes 200 bytes."""
_MARKS = frozenset({"note", "dataValidation"})
_WITHOUT_LINKS = frozenset({"userEnteredValue", "formattedValue"})


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a tab; counted from 0, ends exclusive, as Google's GridRange."""

    top: int
    left: int
    bottom: int
    right: int

    def meets(self, other: Box) -> bool:
        """Return whether both share a cell."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def contains(self, other: Box) -> bool:
        """Return whether all cells of the other are in this one."""
        return (
            self.top <= other.top
            and other.bottom <= self.bottom
            and self.left <= other.left
            and other.right <= self.right
        )


@dataclass(frozen=True, slots=True)
class ProtectedArea:
    """Cells that a caller may not edit."""

    box: Box
    free: tuple[Box, ...] = ()
    """Parts of a protected tab that everybody may edit who can edit the spreadsheet."""

    def protects(self, box: Box) -> bool:
        """Return whether some of these cells may not be edited."""
        return self.box.meets(box) and not any(part.contains(box) for part in self.free)


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of a spreadsheet."""

    sheet_id: int
    title: str
    rows: int
    columns: int
    merges: tuple[Box, ...] = ()
    protected: tuple[ProtectedArea, ...] = ()
    """Areas that this caller may not edit."""
    frozen_rows: int = 0
    filter_views: int = 0
    """Filter views of this tab. What they hide, nobody is told but who looks through one."""

    def protects(self, box: Box) -> bool:
        """Return whether this caller may not edit some of these cells."""
        return any(area.protects(box) for area in self.protected)

    @property
    def takes_no_columns(self) -> bool:
        """Return whether the whole tab is protected, so that this caller can insert no column, whatever is free."""
        return any(area.box == Box(0, 0, self.rows, self.columns) for area in self.protected)


class Rows(Protocol):
    """Rows of cells, without what is empty at the ends."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Sequence[CellData]: ...


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Some rows of a tab, whole or in some columns, all read in one moment."""

    tab: Tab
    first_row: int
    """From 1."""
    anchors: Mapping[int, int]
    """Anchor (metadata id) → its column now, from 0."""
    rows: Rows
    """A cell that was not asked for is empty."""
    size: int = 0
    """Bytes of the answer that it came in."""
    hidden: Mapping[int, LeftOut] = field(default_factory=dict)
    """Index of a row (from 0) → how it is hidden, if that was asked for."""
    made_for: Mapping[int, str] = field(default_factory=dict)
    """Column that a run has made → the name of its field."""

    def contents(self, index: int, columns: Sequence[int]) -> list[Content]:
        """Return the contents of some cells of the block's row `index` (from 0)."""
        row = self._row(index)
        width = len(row)
        return [self._content(row[column], index) if column < width else "" for column in columns]

    def content(self, index: int, column: int) -> Content:
        """Return the content of a cell of the block's row `index` (from 0)."""
        return self._content(self._cell(index, column), index)

    def text(self, index: int, column: int) -> str:
        """Return the text that a cell shows."""
        return text(self._cell(index, column))

    def titles(self, index: int) -> list[str]:
        """Return the texts that the block's row `index` shows, to the end of the tab."""
        return [self.text(index, column) for column in range(self.tab.columns)]

    def links(self, index: int, column: int) -> tuple[str, ...]:
        """Return every address that a cell, or a part of it, links to."""
        return links(self._cell(index, column))

    def is_marked(self, index: int, column: int) -> bool:
        """Return whether a cell has a note, or a rule such as a dropdown; False where that was not asked for."""
        return not _MARKS.isdisjoint(self._cell(index, column))

    def digests(self, index: int, without: Collection[int]) -> frozenset[int]:
        """Return digests of the contents typed in a row outside these columns; the same in every process.

        Formulas do not count: their text changes whenever a row moves (`=LEN(A2)` becomes `=LEN(A5)`), and what they
        show changes by itself.
        """
        found = [
            zlib.crc32(repr(sorted(value.items())).encode())
            for column, cell in enumerate(self._row(index))
            if cell
            and column not in without
            and (value := cell.get("userEnteredValue"))
            and "formulaValue" not in value
        ]
        return frozenset(found) if found else _NO_DIGESTS

    def _content(self, cell: CellData, index: int) -> Content:
        found = content(cell)
        return replace(found, row=self.first_row + index) if isinstance(found, Formula) else found

    def _row(self, index: int) -> Sequence[CellData]:
        return self.rows[index] if index < len(self.rows) else ()

    def _cell(self, index: int, column: int) -> CellData:
        row = self._row(index)
        return row[column] if column < len(row) else _NOTHING


def text(cell: CellData) -> str:
    """Return the text that a cell shows, from Google's CellData."""
    return str(cell.get("formattedValue") or "")


def content(cell: CellData) -> Content:
    """Return the content of a cell from Google's CellData."""
    value = cell.get("userEnteredValue")
    if value:
        if "stringValue" in value:  # nearly always
            said: str = value["stringValue"]
            return said
        if "formulaValue" in value:
            return Formula(value["formulaValue"])
        for kind in ("numberValue", "boolValue"):
            if kind in value:
                found: float | bool = value[kind]
                return found
    # The recipient of an array formula, of IMPORTRANGE or of =ENRICH holds nothing of its own, and shows something.
    shown = cell.get("formattedValue")
    return Spilled(shown) if shown else ""


def links(cell: CellData) -> tuple[str, ...]:
    """Return every address that a cell, or a part of it, links to, each once, from Google's CellData.

    Google sets `hyperlink` only if one link covers the cell; several links, or one over a part of the text, are in the
    text runs (as recorded from a live sheet, May 2026).
    """
    if cell.keys() <= _WITHOUT_LINKS and "formulaValue" not in cell.get("userEnteredValue", ()):  # nearly every cell
        return ()
    found = [str(cell.get("hyperlink") or "")]
    written = _HYPERLINK.match((cell.get("userEnteredValue") or {}).get("formulaValue", ""))
    found.append(written[1].replace('""', '"') if written else "")
    found += [run.get("format", {}).get("link", {}).get("uri", "") for run in cell.get("textFormatRuns", ())]
    found += [run.get("chip", {}).get("richLinkProperties", {}).get("uri", "") for run in cell.get("chipRuns", ())]
    return tuple(dict.fromkeys(filter(None, found)))


def row_block_of(answer: bytes) -> RowBlock | None:
    """Google's Spreadsheet, with the GridData of one or more ranges → their window; None where the tab is gone."""
    sheets = msgspec.json.decode(answer, type=_Spreadsheet).sheets
    if not sheets:
        return None
    sheet = sheets[0]
    data = sheet.data[0] if sheet.data else _GridData()
    first = min((part.startRow for part in sheet.data), default=0)
    entries = [
        (column, entry)
        for part in sheet.data
        for column, metadata in enumerate(part.columnMetadata, part.startColumn)
        for entry in metadata.get("developerMetadata", ())
        if entry.get("metadataKey") == ANCHOR_KEY
    ]
    anchors = {entry["metadataId"]: column for column, entry in entries}
    made_for = {column: entry["metadataValue"] for column, entry in entries if entry.get("metadataValue")}
    hidden = {
        index: LeftOut.FILTERED if row.hiddenByFilter else LeftOut.HIDDEN
        for index, row in enumerate(data.rowMetadata)
        if row.hiddenByFilter or row.hiddenByUser
    }
    rows = _RowsAsTheyCame([(part.startColumn, part.startRow - first, part.rowData) for part in sheet.data])
    return RowBlock(_tab(sheet), first + 1, anchors, rows, len(answer), hidden, made_for)


def runs(numbers: Collection[int]) -> list[tuple[int, int]]:
    """Return numbers as runs without a gap, in order: the first of each, and the one after its last."""
    found: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number:
            found[-1] = found[-1][0], number + 1
        else:
            found.append((number, number + 1))
    return found


def tabs_of(answer: bytes) -> list[Tab]:
    """Google's Spreadsheet → its tabs."""
    return [_tab(sheet) for sheet in msgspec.json.decode(answer, type=_Spreadsheet).sheets]


class _RowsAsTheyCame:
    """Rows in JSON; the row that was read last is kept decoded, since rows are read cell by cell."""

    __slots__ = ("_at", "_length", "_long", "_row", "_short")

    def __init__(self, parts: Sequence[tuple[int, int, Sequence[msgspec.Raw]]]) -> None:
        """Take for each range its first column, the index of its first row, and its rows."""
        self._long = [part for part in parts if part[1] == 0]
        self._short: dict[int, list[tuple[int, msgspec.Raw]]] = {}
        for left, top, rows in parts:
            if top:
                for index, row in enumerate(rows, top):
                    self._short.setdefault(index, []).append((left, row))
        self._length = max([max(self._short, default=-1) + 1, *(len(rows) for _, _, rows in self._long)])
        self._at = -1
        self._row: Sequence[CellData] = ()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Sequence[CellData]:
        if index != self._at:
            self._row, self._at = self._decoded(index), index
        return self._row

    def _decoded(self, index: int) -> Sequence[CellData]:
        parts = [(left, rows[index]) for left, _, rows in self._long if index < len(rows)]
        row: list[CellData] = []
        for left, raw in [*parts, *self._short.get(index, ())]:
            cells = _decode_row(raw).values
            row += [_NOTHING] * (left - len(row))
            row[left : left + len(cells)] = cells
        return row


# Google's own names, as far as they are asked for; whatever else comes is passed over.


class _RowData(msgspec.Struct):
    values: list[dict[str, Any]] = []


_decode_row = msgspec.json.Decoder(_RowData).decode


class _RowMetadata(msgspec.Struct):
    hiddenByFilter: bool = False  # noqa: N815 - Google's
    hiddenByUser: bool = False  # noqa: N815 - Google's


class _GridData(msgspec.Struct):
    startRow: int = 0  # noqa: N815 - Google's
    startColumn: int = 0  # noqa: N815 - Google's
    rowData: list[msgspec.Raw] = []  # noqa: N815 - Google's
    columnMetadata: list[dict[str, Any]] = []  # noqa: N815 - Google's
    rowMetadata: list[_RowMetadata] = []  # noqa: N815 - Google's


class _Sheet(msgspec.Struct):
    properties: dict[str, Any]
    data: list[_GridData] = []
    merges: list[dict[str, int]] = []
    protectedRanges: list[dict[str, Any]] = []  # noqa: N815 - Google's
    filterViews: list[dict[str, Any]] = []  # noqa: N815 - Google's


class _Spreadsheet(msgspec.Struct):
    sheets: list[_Sheet] = []


def _tab(sheet: _Sheet) -> Tab:
    properties = sheet.properties
    grid = properties.get("gridProperties", {})
    size = grid.get("rowCount", 0), grid.get("columnCount", 0)
    protected = [
        ProtectedArea(
            _box(entry.get("range", {}), size), tuple(_box(free, size) for free in entry.get("unprotectedRanges", ()))
        )
        for entry in sheet.protectedRanges
        if not entry.get("warningOnly") and not entry.get("requestingUserCanEdit")
    ]
    merges = [_box(entry, size) for entry in sheet.merges]
    return Tab(
        properties.get("sheetId", 0),
        properties.get("title", ""),
        *size,
        tuple(merges),
        tuple(protected),
        grid.get("frozenRowCount", 0),
        len(sheet.filterViews),
    )


def _box(grid: Mapping[str, Any], size: tuple[int, int]) -> Box:
    return Box(
        grid.get("startRowIndex", 0),
        grid.get("startColumnIndex", 0),
        grid.get("endRowIndex", size[0]),
        grid.get("endColumnIndex", size[1]),
    )
