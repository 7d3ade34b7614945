"""A spreadsheet: its sheets, its properties, and going back to a snapshot."""

from __future__ import annotations

import copy
import datetime as dt
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from local.sheets_api import a1
from local.sheets_api.a1 import Area, Box
from local.sheets_api.cells import MAX_WORKBOOK_CELLS
from local.sheets_api.choices import Choices
from local.sheets_api.google_errors import Json, invalid
from local.sheets_api.grid import Dimension, Line, Metadata, Sheet
from local.sheets_api.line_changes import KEPT, LineChange

OWNER = "owner@example.com"
OWNER_TOKEN = "owner-token"  # noqa: S105  # a token of the emulator opens nothing


def new_spreadsheet_id() -> str:
    """Return an id of the length and alphabet of Google's."""
    return "1" + secrets.token_urlsafe(32)


@dataclass
class Snapshot:
    """What `Workbook.restore` brings back."""

    properties: Json
    sheets: list[Sheet]
    metadata: tuple[Metadata, ...]
    named_ranges: tuple[Json, ...]
    line_changes: tuple[LineChange, ...]


@dataclass(eq=False)
class Workbook:
    """One spreadsheet. `revision` counts its changes."""

    title: str = "Untitled spreadsheet"
    id: str = field(default_factory=new_spreadsheet_id)
    owner: str = OWNER
    today: Callable[[], dt.date] = dt.date.today
    sheets: list[Sheet] = field(default_factory=lambda: [Sheet.blank(0, "Sheet1")])
    metadata: tuple[Metadata, ...] = ()
    properties: Json = field(
        default_factory=lambda: {"locale": "en_US", "autoRecalc": "ON_CHANGE", "timeZone": "Etc/GMT"}
    )
    named_ranges: tuple[Json, ...] = ()
    office_file: bool = False
    """An .xlsx file that was never converted: the API refuses every call on it."""
    choices: Choices = field(default_factory=Choices)
    ids_before_batch: frozenset[int] = frozenset()
    """Ids of developer metadata that were in use when the batchUpdate under way began."""
    revision: int = 0
    line_changes: tuple[LineChange, ...] = ()
    """The last ones, oldest first."""
    stale: bool = True
    """Whether cells have changed since formulas were last computed."""

    def snapshot(self) -> Snapshot:
        """Return what is needed to undo everything from here on."""
        kept = [sheet.frozen() for sheet in self.sheets]
        properties = {**copy.deepcopy(self.properties), "title": self.title}
        return Snapshot(properties, kept, self.metadata, self.named_ranges, self.line_changes)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot."""
        self.properties = snapshot.properties
        self.title = self.properties.pop("title")
        self.sheets, self.metadata, self.named_ranges = snapshot.sheets, snapshot.metadata, snapshot.named_ranges
        self.line_changes = snapshot.line_changes
        self.stale = True

    def note(
        self,
        sheet: Sheet,
        dimension: Dimension,
        kind: Literal["insert", "delete", "move"],
        span: tuple[int, int],
        destination: int = 0,
    ) -> None:
        """Remember that rows or columns were inserted, deleted or moved, as a part of the next revision."""
        change = LineChange(self.revision + 1, sheet.id, dimension, kind, *span, destination)
        self.line_changes = (*self.line_changes[1 - KEPT :], change)

    def sheet(self, title: str) -> Sheet:
        """Return the sheet with this title. Raises GoogleError, 400 "Unable to parse range"."""
        folded = title.casefold()
        for sheet in self.sheets:
            if sheet.title.casefold() == folded:
                return sheet
        raise invalid(f"Unable to parse range: {title}")

    def sheet_by_id(self, sheet_id: int, word: str = "grid") -> Sheet:
        """Return the sheet with this id. Raises GoogleError, 400 "No grid with id"."""
        for sheet in self.sheets:
            if sheet.id == sheet_id:
                return sheet
        raise invalid(f"No {word} with id: {sheet_id}")

    def resolve(self, text: str) -> tuple[Sheet, Area]:
        """Return what a range in A1 notation, or a named range, names. Raises GoogleError, 400."""
        title, area = a1.parse(text)
        if title is None:
            return next((s for s in self.sheets if not s.properties.get("hidden")), self.sheets[0]), area
        folded = title.casefold()
        for sheet in self.sheets:
            if sheet.title.casefold() == folded:
                return sheet, area
        for named in self.named_ranges:
            if named["name"].casefold() == text.strip().casefold():
                sheet, box = self.grid_range(named["range"])
                return sheet, Area(box.top, box.left, box.bottom, box.right)
        raise invalid(f"Unable to parse range: {text}")

    def grid_range(self, given: Json) -> tuple[Sheet, Box]:
        """Return what a GridRange names, cut to the grid. Raises GoogleError, 400."""
        sheet = self.sheet_by_id(given.get("sheetId", 0))
        rows, columns = len(sheet.rows), len(sheet.columns)
        box = Box(
            given.get("startRowIndex", 0),
            given.get("startColumnIndex", 0),
            min(given.get("endRowIndex", rows), rows),
            min(given.get("endColumnIndex", columns), columns),
        )
        # One that starts inside the grid is taken, also if it ends past it or holds no cell.
        if min(box.top, box.left) < 0 or box.top >= rows or box.left >= columns:
            raise sheet.beyond(Area(box.top, box.left, given.get("endRowIndex"), given.get("endColumnIndex")))
        return sheet, box

    def dimension_range(self, given: Json) -> tuple[Sheet, Dimension, int, int]:
        """Return (sheet, dimension, start, end) of a DimensionRange. Raises GoogleError, 400."""
        sheet = self.sheet_by_id(given.get("sheetId", 0))
        dimension: Dimension = "COLUMNS" if given.get("dimension") == "COLUMNS" else "ROWS"
        if given.get("dimension") not in {"ROWS", "COLUMNS"}:
            raise invalid("dimension must be specified.")
        size = len(sheet.rows) if dimension == "ROWS" else len(sheet.columns)
        start, end = given.get("startIndex", 0), given.get("endIndex", size)
        if start < 0 or end <= start:
            raise invalid(f"range.endIndex[{end}] must be after range.startIndex[{start}]")
        return sheet, dimension, start, end

    def check_size(self, added_cells: int) -> None:
        """Raise GoogleError if the workbook would pass Google's limit with that many more cells."""
        if (
            added_cells > 0
            and added_cells + sum(len(s.rows) * len(s.columns) for s in self.sheets) > MAX_WORKBOOK_CELLS
        ):
            raise invalid(
                "This action would increase the number of cells in the workbook above the limit of "
                f"{MAX_WORKBOOK_CELLS} cells."
            )

    def new_id(self) -> int:
        """Return an id that no sheet, protected range or metadata of this workbook has."""
        used = {sheet.id for sheet in self.sheets}
        used |= {number for sheet in self.sheets for number in sheet.protected}
        used |= {entry.id for entry in self.all_metadata()}
        used |= {view["filterViewId"] for sheet in self.sheets for view in sheet.filter_views}
        used |= {int(named["namedRangeId"]) for named in self.named_ranges if named["namedRangeId"].isdigit()}
        while (number := random.randrange(1, 2**31 - 1)) in used:
            pass
        return number

    def all_metadata(self) -> list[Metadata]:
        """Return every developer metadata entry, wherever it is."""
        found = list(self.metadata)
        for sheet in self.sheets:
            found += sheet.metadata
            for line in sheet.columns:
                found += line.metadata
            for _, line in sheet.lines():
                found += line.metadata
        return found

    @staticmethod
    def line_of(sheet: Sheet, dimension: Dimension, index: int) -> Line:
        """Return the properties of one row or column."""
        return sheet.rows[index].line if dimension == "ROWS" else sheet.columns[index]

    @staticmethod
    def set_line(sheet: Sheet, dimension: Dimension, index: int, line: Line) -> None:
        """Set the properties of one row or column."""
        if dimension == "ROWS":
            sheet.writable(index).line = line
            sheet.lined = True
        else:
            sheet.columns[index] = line
