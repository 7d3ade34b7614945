"""A person who edits a sheet at random between the calls of a program, the same way for the same seed and calls."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from local.sheets_api.cell_data import link_of
from local.sheets_api.cells import Cell, value_of
from local.sheets_api.google_errors import GoogleError, Json
from local.sheets_api.grid import BY_HAND, Row, Sheet
from local.sheets_api.requests import batch
from local.sheets_api.requests.target import Target
from local.sheets_api.users import User
from local.sheets_api.workbook import Workbook

URL_MARK = "linkedin.com/in/"


@dataclass(frozen=True, slots=True)
class Table:
    """What the editor sees: data rows from `top` to `bottom`, `width` columns, of which `urls` holds the URLs."""

    sheet: Sheet
    top: int
    bottom: int
    width: int
    urls: int

    def text(self, row: int, column: int) -> str:
        """What a cell holds, as text."""
        value = value_of(self.sheet.rows[row].cell(column))
        return "" if value is None else str(value)

    def cells(self, rows: range, columns: range) -> Json:
        """A GridRange."""
        return {
            "sheetId": self.sheet.id,
            "startRowIndex": rows.start,
            "endRowIndex": rows.stop,
            "startColumnIndex": columns.start,
            "endColumnIndex": columns.stop,
        }

    def lines(self, dimension: str, span: range) -> Json:
        """A DimensionRange."""
        return {"sheetId": self.sheet.id, "dimension": dimension, "startIndex": span.start, "endIndex": span.stop}


def table_of(sheet: Sheet, header_rows: int) -> Table | None:
    """Return the filled part of a sheet below its header; None if no cell there holds a profile URL."""
    counts: dict[int, int] = {}
    bottom = width = 0
    for index, row in enumerate(sheet.rows):
        for column, cell in enumerate(row.cells):
            if cell is None:
                continue
            bottom, width = index + 1, max(width, column + 1)
            if index >= header_rows and _leads_to_a_profile(row, column, cell):
                counts[column] = counts.get(column, 0) + 1
    if not counts:
        return None
    return Table(sheet, header_rows, bottom, width, max(counts, key=lambda column: (counts[column], -column)))


def _leads_to_a_profile(row: Row, column: int, cell: Cell) -> bool:
    shown = value_of(cell)
    return (isinstance(shown, str) and URL_MARK in shown) or URL_MARK in link_of(row, column)


Edit = tuple[Json, Json] | None
"""A request of a batchUpdate and what the log says about it; None: this edit is not possible now."""


@dataclass
class RandomEditor:
    """Before each call on the spreadsheet, with this probability, one edit of one of these kinds by the owner.

    The column of URLs is never deleted, nor is the last data row; the header rows stay. `log` tells of each edit:
    `number`, `before_call` (how many calls the emulator had answered), `method`, `kind`, and where; `typed` are the
    texts of `fill_cell` that must still stand in the sheet, for the editor itself has neither deleted their cells nor
    typed over them. A cell is followed whatever it shows: what somebody deletes while a program's value covers it for
    a moment is deleted.
    """

    spreadsheet_id: str
    seed: int
    probability: float = 0.5
    kinds: tuple[str, ...] = ()
    at_most: int | None = None
    sheet: str | None = None
    header_rows: int = 1
    log: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        unknown = set(self.kinds) - set(KINDS) - set(ASKED_FOR)
        if unknown:
            raise ValueError(
                f"Unknown kinds of edits: {', '.join(sorted(unknown))}. There are {', '.join([*KINDS, *ASKED_FOR])}."
            )
        self.kinds = self.kinds or tuple(KINDS)

    def before_call(self, workbook: Workbook, method: str, calls: int) -> None:
        """Perhaps edit."""
        if workbook.id != self.spreadsheet_id or len(self.log) == self.at_most:
            return
        if self.random.random() >= self.probability:
            return
        table = table_of(self._edited(workbook), self.header_rows)
        kind = self.random.choice(self.kinds)
        edit = (KINDS | ASKED_FOR)[kind](self, table) if table else None
        if edit is None:
            return
        request, told = edit
        try:
            batch.run(Target(workbook, User(workbook.owner), by_hand=True), [request])
        except GoogleError:  # merged cells cannot be sorted: then the person lets it be
            return
        if kind == "fill_cell":
            self._edited(workbook).writable(told["row"]).put_aside(told["column"], BY_HAND, told["after"])
        self.log.append({"number": len(self.log) + 1, "before_call": calls, "method": method, "kind": kind, **told})

    def _edited(self, workbook: Workbook) -> Sheet:
        return workbook.sheets[0] if self.sheet is None else workbook.sheet(self.sheet)

    def some(self, start: int, stop: int, *, at_most: int = 5) -> range:
        """Return a random span of up to `at_most` inside [start, stop)."""
        first = self.random.randrange(start, stop)
        return range(first, min(first + self.random.randint(1, at_most), stop))

    def other_column(self, table: Table) -> int | None:
        """Return a random column other than the URLs'."""
        others = [column for column in range(table.width) if column != table.urls]
        return self.random.choice(others) if others else None

    def typed(self, workbook: Workbook) -> list[str]:
        """Return the texts that must still stand."""
        rows = [row for row in self._edited(workbook).rows if row.extras]
        return [extras[BY_HAND] for row in rows for extras in (row.extras or {}).values() if BY_HAND in extras]


def _sort(editor: RandomEditor, table: Table) -> Edit:
    rows = range(table.top, table.bottom)
    if editor.random.random() < 0.5:  # a part of the rows, over the whole width: no row is torn apart
        rows = editor.some(table.top, table.bottom, at_most=max(len(rows) // 2, 1))
    column, order = editor.random.randrange(table.width), editor.random.choice(["ASCENDING", "DESCENDING"])
    specs = [{"dimensionIndex": column, "sortOrder": order}]
    everything = range(len(table.sheet.columns))
    told = {"start": rows.start, "end": rows.stop, "column": column, "order": order}
    return {"sortRange": {"range": table.cells(rows, everything), "sortSpecs": specs}}, told


def _insert_rows(editor: RandomEditor, table: Table) -> Edit:
    start = editor.random.randint(table.top, table.bottom)
    return _inserted("ROWS", table, range(start, start + editor.random.randint(1, 3)))


def _insert_column(editor: RandomEditor, table: Table) -> Edit:
    start = editor.random.randint(0, table.width)
    return _inserted("COLUMNS", table, range(start, start + 1))


def _inserted(dimension: str, table: Table, span: range) -> Edit:
    given = {"range": table.lines(dimension, span), "inheritFromBefore": span.start > 0}
    return {"insertDimension": given}, {"start": span.start, "end": span.stop}


def _delete_rows(editor: RandomEditor, table: Table) -> Edit:
    if table.bottom - table.top < 2:
        return None
    rows = editor.some(table.top + 1, table.bottom, at_most=3)
    told = {"start": rows.start, "end": rows.stop, "urls": [table.text(row, table.urls) for row in rows]}
    return {"deleteDimension": {"range": table.lines("ROWS", rows)}}, told


def _delete_column(editor: RandomEditor, table: Table) -> Edit:
    column = editor.other_column(table)
    if column is None:
        return None
    told = {"start": column, "end": column + 1, "header": table.text(0, column) if table.top else ""}
    return {"deleteDimension": {"range": table.lines("COLUMNS", range(column, column + 1))}}, told


def _move_rows(editor: RandomEditor, table: Table) -> Edit:
    rows = editor.some(table.top, table.bottom)
    return _moved("ROWS", table, rows, editor.random.randint(table.top, table.bottom))


def _move_column(editor: RandomEditor, table: Table) -> Edit:
    column = editor.random.randrange(table.width)
    return _moved("COLUMNS", table, range(column, column + 1), editor.random.randint(0, table.width))


def _moved(dimension: str, table: Table, span: range, to: int) -> Edit:
    if span.start <= to <= span.stop:
        return None
    told = {"start": span.start, "end": span.stop, "to": to}
    return {"moveDimension": {"source": table.lines(dimension, span), "destinationIndex": to}}, told


def _edit_url(editor: RandomEditor, table: Table) -> Edit:
    row = editor.random.randrange(table.top, table.bottom)
    other = table.text(editor.random.randrange(table.top, table.bottom), table.urls)
    new = f"https://www.{URL_MARK}by-hand-{editor.seed}-{len(editor.log)}"
    after = editor.random.choice([new, new, other, ""])
    return _put(table, row, table.urls, after)


def _fill_cell(editor: RandomEditor, table: Table) -> Edit:
    column = editor.other_column(table)
    if column is None:
        return None
    row = editor.random.randrange(table.top, table.bottom)
    text = f"by hand {editor.seed}-{len(editor.log)}"
    return _put(table, row, column, text)


def _put(table: Table, row: int, column: int, text: str) -> Edit:
    value = {"userEnteredValue": {"stringValue": text}} if text else {}
    start = {"sheetId": table.sheet.id, "rowIndex": row, "columnIndex": column}
    told = {"row": row, "column": column, "before": table.text(row, column), "after": text}
    told["url"] = table.text(row, table.urls)
    return {"updateCells": {"start": start, "rows": [{"values": [value]}], "fields": "userEnteredValue"}}, told


def _filter(editor: RandomEditor, table: Table) -> Edit:
    if table.top == 0:
        return None
    if table.sheet.basic_filter and editor.random.random() < 0.3:
        return {"clearBasicFilter": {"sheetId": table.sheet.id}}, {}
    column = editor.random.randrange(table.width)
    hidden = [table.text(row, column) for row in editor.some(table.top, table.bottom)]
    criteria = {str(column): {"hiddenValues": sorted(set(hidden))}}
    wanted = {"range": table.cells(range(table.top - 1, table.bottom), range(table.width)), "criteria": criteria}
    return {"setBasicFilter": {"filter": wanted}}, {"column": column, "hidden": criteria[str(column)]["hiddenValues"]}


KINDS: dict[str, Callable[[RandomEditor, Table], Edit]] = {
    "sort": _sort,
    "insert_rows": _insert_rows,
    "delete_rows": _delete_rows,
    "move_rows": _move_rows,
    "insert_column": _insert_column,
    "delete_column": _delete_column,
    "move_column": _move_column,
    "edit_url": _edit_url,
    "fill_cell": _fill_cell,
}
ASKED_FOR: dict[str, Callable[[RandomEditor, Table], Edit]] = {"filter": _filter}
"""Kinds that are made only where a test names them."""
