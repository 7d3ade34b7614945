"""The cells of one sheet: rows of light values, with formats and dimension properties aside.

Rows are shared between a sheet and its snapshots and copied when first written, so that a snapshot costs one list,
however many rows there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from local.sheets_api.a1 import Area, Box, render
from local.sheets_api.cells import Cell, Formula, Spilled
from local.sheets_api.google_errors import GoogleError, Json, invalid

Dimension = Literal["ROWS", "COLUMNS"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """One developer metadata entry; where it is located is where it is kept."""

    id: int
    key: str
    value: str
    visibility: str
    project: str


@dataclass(frozen=True, slots=True)
class Line:
    """The properties of one row or column, apart from its cells."""

    pixel_size: int | None = None
    hidden: bool = False
    filtered: bool = False
    """Hidden by a filter, whatever `hidden` says."""
    metadata: tuple[Metadata, ...] = ()


PLAIN_LINE = Line()
EXTRAS = ("userEnteredFormat", "note", "dataValidation", "textFormatRuns", "chipRuns")
BY_HAND = "by hand"
"""Beside the `EXTRAS`, and shown to nobody: the text that the random editor typed into this cell."""
INHERITED = frozenset({"userEnteredFormat", "dataValidation"})
"""The extras that an inserted row or column takes from the one beside it."""


class Row:
    """The cells of a row from the left, as many as there are up to the last one that was ever filled."""

    __slots__ = ("cells", "computed", "extras", "generation", "line")

    def __init__(self, cells: list[Cell] | None = None, generation: int = -1) -> None:
        self.cells: list[Cell] = cells if cells is not None else []
        self.extras: dict[int, Json] | None = None
        """By column what cells have beside their value, under Google's names in CellData (`EXTRAS`), and `BY_HAND`."""
        self.line = PLAIN_LINE
        self.generation = generation
        self.computed = False
        """Whether it may hold a formula, or what one spills: most rows need not be searched for them."""

    def copy(self, generation: int) -> Row:
        """Return a row of its own with the same content."""
        new = Row(self.cells[:], generation)
        new.extras = dict(self.extras) if self.extras else None
        new.line, new.computed = self.line, self.computed
        return new

    def cell(self, column: int) -> Cell:
        """Return one cell."""
        return self.cells[column] if column < len(self.cells) else None

    def put(self, column: int, cell: Cell) -> None:
        """Set one cell."""
        if column >= len(self.cells):
            if cell is None:
                return
            self.cells.extend([None] * (column - len(self.cells) + 1))
        self.cells[column] = cell
        if isinstance(cell, (Formula, Spilled)):
            self.computed = True

    def enter(self, column: int, cell: Cell) -> None:
        """Set one cell as somebody enters it: the runs of its former text, links and chips among them, are gone.

        So says Google's reference of CellData, under `textFormatRuns` and `chipRuns`.
        """
        self.put(column, cell)
        if self.extras and column in self.extras:
            self.put_aside(column, "textFormatRuns", None)
            self.put_aside(column, "chipRuns", None)

    def aside(self, column: int, name: str) -> Any:  # noqa: ANN401  # any JSON
        """Return one of a cell's extras, None where it has none."""
        found = self.extras.get(column) if self.extras else None
        return found.get(name) if found else None

    def put_aside(self, column: int, name: str, value: Any) -> None:  # noqa: ANN401  # any JSON
        """Set one of a cell's extras; an empty one is dropped."""
        found = (self.extras or {}).get(column) or {}
        kept = {key: item for key, item in found.items() if key != name}
        if value:
            kept[name] = value
        if kept:
            self.extras = self.extras or {}
            self.extras[column] = kept
        elif self.extras:
            self.extras.pop(column, None)

    def format(self, column: int) -> Json | None:
        """Return the userEnteredFormat of one cell."""
        found: Json | None = self.aside(column, "userEnteredFormat")
        return found

    def put_format(self, column: int, cell_format: Json | None) -> None:
        """Set or (None) drop the userEnteredFormat of one cell."""
        self.put_aside(column, "userEnteredFormat", cell_format)


EMPTY_ROW = Row()
"""Stands for every row that was never touched; `Sheet.writable` replaces it before a write."""


@dataclass(eq=False)
class Sheet:
    """One tab. `properties` and `grid` hold what Google's SheetProperties says beyond title, id and size."""

    id: int
    title: str
    rows: list[Row]
    columns: list[Line]
    properties: Json = field(default_factory=dict)
    grid: Json = field(default_factory=dict)
    merges: list[Box] = field(default_factory=list)
    protected: dict[int, Json] = field(default_factory=dict)
    basic_filter: Json | None = None
    filter_views: tuple[Json, ...] = ()
    tables: tuple[Json, ...] = ()
    bands: tuple[Json, ...] = ()
    """Alternating colours, as Google's BandedRange."""
    groups: tuple[Json, ...] = ()
    """Groups of rows and of columns, as Google's DimensionGroup."""
    metadata: tuple[Metadata, ...] = ()
    generation: int = 0
    lined: bool = False
    """Whether any row may have developer metadata: most sheets need not be searched for it."""

    @classmethod
    def blank(cls, sheet_id: int, title: str, rows: int = 1000, columns: int = 26) -> Sheet:
        """Return an empty sheet of that size."""
        return cls(sheet_id, title, [EMPTY_ROW] * rows, [PLAIN_LINE] * columns)

    @property
    def box(self) -> Box:
        """The whole grid."""
        return Box(0, 0, len(self.rows), len(self.columns))

    def groups_of(self, dimension: str) -> list[Json]:
        """Return the groups of rows or of columns."""
        return [group for group in self.groups if group["range"]["dimension"] == dimension]

    def lines(self) -> Iterator[tuple[int, Line]]:
        """Yield the properties of every row that may have developer metadata, with its place."""
        if self.lined:
            yield from ((index, row.line) for index, row in enumerate(self.rows))

    def writable(self, index: int) -> Row:
        """Return a row that may be changed without changing a snapshot."""
        row = self.rows[index]
        if row.generation != self.generation:
            row = self.rows[index] = row.copy(self.generation)
        return row

    def frozen(self) -> Sheet:
        """Return a snapshot; from now on both copy a row before changing it."""
        self.generation += 1
        return Sheet(
            self.id,
            self.title,
            self.rows[:],
            self.columns[:],
            dict(self.properties),
            dict(self.grid),
            self.merges[:],
            dict(self.protected),
            self.basic_filter,
            self.filter_views,
            self.tables,
            self.bands,
            self.groups,
            self.metadata,
            self.generation,
            self.lined,
        )

    def fit(self, area: Area, *, clip: bool) -> Box:
        """Return the area with its open ends closed.

        Raises GoogleError, 400 "exceeds grid limits", where it starts outside the grid, or (without `clip`) ends there.
        """
        rows, columns = len(self.rows), len(self.columns)
        bottom = rows if area.bottom is None else area.bottom
        right = columns if area.right is None else area.right
        outside = area.top >= rows or area.left >= columns
        if outside or (not clip and (bottom > rows or right > columns)):
            raise self.beyond(area)
        return Box(area.top, area.left, min(bottom, rows), min(right, columns))

    def beyond(self, area: Area | Box) -> GoogleError:
        """Return the error for an area that is not inside this grid."""
        return invalid(
            f"Range ({render(self.title, area)}) exceeds grid limits. "
            f"Max rows: {len(self.rows)}, max columns: {len(self.columns)}"
        )

    def hidden_under_merge(self, box: Box) -> set[tuple[int, int]]:
        """Return the cells of an area that a merge covers, all but its first."""
        return {
            (row, column)
            for merge in self.merges
            if merge.intersects(box)
            for row in range(merge.top, merge.bottom)
            for column in range(merge.left, merge.right)
            if (row, column) != (merge.top, merge.left)
        }
