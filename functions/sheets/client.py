"""A client for one spreadsheet, on top of Google's own: reads tabs and rows, and writes values into anchored columns.

An anchor is developer metadata on a column: it follows the column wherever people move it and dies with it. Values are
written through it, so no move of a column can put them into another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import msgspec

from functions.errors import BadRange, SheetBusy, SheetGone
from functions.runtime import REAL, Runtime
from functions.sheets.a1 import rows_of
from functions.sheets.anchors import proof_of_edit, unmoved
from functions.sheets.assumptions import AS_ASSUMED, Behaviour
from functions.sheets.blocks import MAX_BYTES, blocks
from functions.sheets.cells import Content, Formula, Spilled
from functions.sheets.grid import RowBlock, Tab, row_block_of, runs, tabs_of
from functions.sheets.transport import GONE, ColumnGone, Throttled, execute, spreadsheets

T = TypeVar("T")
MAX_WAIT_S = 75.0
"""Seconds that one call waits for the quota of a minute before the chunk is put back into the queue."""

MAX_PAUSE_S = 30.0
"""The longest pause between two tries; the first is of a second or two, and each is twice as long."""

_LINKS = "hyperlink,textFormatRuns(format(link(uri))),chipRuns(chip(richLinkProperties(uri)))"
_CELL = f"userEnteredValue,formattedValue,{_LINKS}"
_MARKS = "note,dataValidation(condition(type))"
_ANCHORS = "columnMetadata(developerMetadata(metadataId,metadataKey,metadataValue))"
_PROPERTIES = "properties(sheetId,title,gridProperties(rowCount,columnCount,frozenRowCount))"
_DATA = f"startRow,startColumn,rowData(values({_CELL})),{_ANCHORS}"
_DATA_AND_MARKS = f"startRow,startColumn,rowData(values({_CELL},{_MARKS})),{_ANCHORS}"
_VISIBILITY = "rowMetadata(hiddenByUser,hiddenByFilter)"
_PROTECTED = "protectedRanges(range,unprotectedRanges,warningOnly,requestingUserCanEdit)"
_TAB = f"sheets({_PROPERTIES},merges,{_PROTECTED},filterViews(filterViewId))"


class GoogleSheet:
    """One spreadsheet, read and written with its caller's own access token. Not shared between threads."""

    def __init__(
        self,
        spreadsheet_id: str,
        access_token: str,
        *,
        endpoint: str,
        runtime: Runtime = REAL,
        take_turn: Callable[[], float] = lambda: 0.0,
        behaviour: Behaviour = AS_ASSUMED,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        """Opens no connection yet.

        Args:
            spreadsheet_id: the spreadsheet.
            access_token: its caller's.
            endpoint: Google's, or an emulator's.
            runtime: clock and waits.
            take_turn: returns the seconds until the next call may start; raises `Throttled` where they are many.
            behaviour: how Google Sheets is known to differ from what Leadfill relies on.
            max_wait_s: seconds after which a call that Google puts off is given up.
        """
        self.spreadsheet_id, self._runtime = spreadsheet_id, runtime
        self._token, self._endpoint, self._take_turn = access_token, endpoint, take_turn
        self.behaviour, self._max_wait_s = behaviour, max_wait_s
        self._while_writing: Callable[[], AbstractContextManager[None]] = nullcontext

    def __repr__(self) -> str:
        """Without the token."""
        return f"GoogleSheet({self.spreadsheet_id!r})"

    def guard_writes(self, while_writing: Callable[[], AbstractContextManager[None]]) -> None:
        """Sends each write from now on inside such a block, and nothing where entering it raises an error."""
        self._while_writing = while_writing

    def tabs(self) -> list[Tab]:
        """Return every tab.

        Raises:
            SheetError: the spreadsheet cannot be read; its class says why.
        """
        return self._call(tabs_of, "get", fields=_TAB)

    def tab(self, title: str) -> Tab:
        """Return the tab with this title.

        Raises:
            BadRange: there is none.
            SheetError: as `tabs`.
        """
        tabs = self.tabs()
        for tab in tabs:
            if tab.title == title:
                return tab
        listed = ", ".join(f"“{tab.title}”" for tab in tabs)
        raise BadRange(f"There is no tab “{title}” in this spreadsheet; its tabs are {listed}.")

    def read_rows(
        self,
        sheet_id: int,
        first_row: int,
        last_row: int | None,
        *,
        columns: Collection[int] | None = None,
        whole: Collection[int] = (),
        visibility: bool = False,
        marks: bool = False,
    ) -> RowBlock:
        """Read rows of a tab, with the present columns of the anchors in them.

        Args:
            sheet_id: the tab.
            first_row: from 1.
            last_row: the last one; None: to the end.
            columns: those to be read, from 0; None: all.
            whole: numbers of further rows that are read in all columns.
            visibility: whether to read how rows are hidden.
            marks: whether to read notes and rules for what may be typed.

        Raises:
            BadRange: beyond the grid, which may have become smaller.
            SheetGone: the tab was deleted.
            SheetError: as `tabs`.
        """
        rows = {"sheetId": sheet_id, "startRowIndex": first_row - 1}
        if last_row is not None:
            rows["endRowIndex"] = max(first_row, last_row)
        areas = [rows]
        if columns is not None:
            areas = [rows | {"startColumnIndex": start, "endColumnIndex": end} for start, end in runs(columns)]
        areas += [
            {"sheetId": sheet_id, "startRowIndex": start - 1, "endRowIndex": end - 1} for start, end in runs(whole)
        ]
        body = {"dataFilters": [{"gridRange": area} for area in areas]}
        data = _DATA_AND_MARKS if marks else _DATA
        data += f",{_VISIBILITY}" if visibility else ""
        fields = f"sheets({_PROPERTIES},data({data}))"
        found = self._call(row_block_of, "getByDataFilter", body=body, fields=fields)
        if found is None:
            raise SheetGone(GONE)
        return found

    def write(self, columns: Mapping[int, Mapping[int, Content]], seen: RowBlock) -> None:
        """Write values into anchored columns: anchor → row (from 1) → value; every other cell is left alone.

        Text stays text, whatever it looks like; only a `Formula` is entered as one. The write is not repeated if it may
        have happened: rows move meanwhile, and a second write would hit other rows.

        Args:
            columns: the values.
            seen: the columns of the run's anchors, as last read.

        Raises:
            BadRange: rows or columns no longer exist, or a column refuses such values; of several requests the
                first ones may have been carried out.
            UncertainWrite: it may have been carried out, wholly or in part; read the cells again.
            SheetError: as `tabs`.
        """
        is_small = sum(map(_length, columns.values())) <= MAX_BYTES
        if self.behaviour.leaves_nulls_alone and (is_small or not self.behaviour.proves_places):
            for some in [columns] if is_small else _column_by_column(columns):
                self._write_columns(some)
            return
        places = seen.anchors
        cells: dict[int, dict[int, Content]] = defaultdict(dict)
        for anchor, values in columns.items():
            if anchor not in places:
                raise ColumnGone(retry_after_s=0)
            for row, value in values.items():
                cells[row][places[anchor]] = value
        proof = unmoved(places, seen)
        for block in blocks(cells, seen.tab.sheet_id, MAX_BYTES):
            self.change([*proof, *block])

    def _write_columns(self, columns: Mapping[int, Mapping[int, Content]]) -> None:
        """Write from row 1 on, through the anchors: short near the top of a tab, long at its end."""
        for option, wanted in (("RAW", False), ("USER_ENTERED", True)):
            data = []
            for anchor, cells in columns.items():
                chosen = {row: value for row, value in cells.items() if isinstance(value, Formula) is wanted}
                if chosen:
                    lookup = {"dataFilter": {"developerMetadataLookup": {"metadataId": anchor}}}
                    data.append({**lookup, "majorDimension": "COLUMNS", "values": [_column(chosen)]})
            if data:
                body = {"valueInputOption": option, "data": data}
                method, fields = "values.batchUpdateByDataFilter", "responses(updatedRange)"
                if self._call(_responses, method, once=True, body=body, fields=fields) < len(data):
                    raise ColumnGone(retry_after_s=0)

    def change(self, requests: Sequence[Mapping[str, Any]]) -> None:
        """Carry out requests of `spreadsheets.batchUpdate`, all or none; not repeated if they may have taken effect.

        Raises:
            SheetError: as `tabs`.
        """
        self._call(len, "batchUpdate", body={"requests": list(requests)}, fields="spreadsheetId", once=True)

    def change_and_read(self, requests: Sequence[Mapping[str, Any]], tab: Tab, last_row: int) -> RowBlock | None:
        """Carries out requests as `change` does, and returns the tab's first rows as they are then.

        Raises:
            SheetError: as `tabs`.

        Returns:
            None where the answer does not show them; look for yourself then.
        """
        body = {
            "requests": list(requests),
            "includeSpreadsheetInResponse": True,
            "responseRanges": [rows_of(tab.title, 1, last_row)],
            "responseIncludeGridData": True,  # a mask decides that by itself, as it says
        }
        fields = f"updatedSpreadsheet(sheets({_PROPERTIES},data({_DATA})))"
        found = self._call(_updated_rows, "batchUpdate", body=body, fields=fields, once=True)
        return found if found is not None and found.anchors and found.tab.sheet_id == tab.sheet_id else None

    def prove_editable(self) -> list[Tab]:
        """Make sure that the holder of the access token can edit this spreadsheet, by a write that changes nothing.

        One atomic request creates metadata of the spreadsheet and deletes it: nothing stays, and no cell is touched.
        Tried once, and not again if Google is busy, since a person waits for the answer.

        Returns:
            Every tab, as `tabs` does, so that the caller need not read them again.

        Raises:
            Forbidden: a viewer or commenter, or the add-on lacks what it needs; the sentence says which.
            SheetBusy: not proven; try again.
            SheetError: as `tabs`.
        """
        requests = proof_of_edit()
        body = {"requests": requests, "includeSpreadsheetInResponse": True}
        tabs = self._attempt(_updated_tabs, "batchUpdate", body=body, fields=f"updatedSpreadsheet({_TAB})", once=True)
        if self.behaviour.proof_leaves_marks:
            self.change(requests[1:])
        return tabs

    def finds_metadata(self, lookup: Mapping[str, Any]) -> bool:
        """Return whether any developer metadata matches a lookup.

        Raises:
            SheetError: as `tabs`.
        """
        body = {"dataFilters": [{"developerMetadataLookup": lookup}]}
        fields = "matchedDeveloperMetadata(developerMetadata(metadataId))"
        return self._call(_matches, "developerMetadata.search", body=body, fields=fields) > 0

    def tab_notes(self, key: str) -> dict[int, str]:
        """Return the tabs that have metadata with this key: the id of each, and its value.

        Raises:
            SheetError: as `tabs`.
        """
        fields = "sheets(properties(sheetId),developerMetadata(metadataKey,metadataValue))"
        return self._call(lambda answer: _notes(answer, key), "get", fields=fields)

    def _call(self, read: Callable[[bytes], T], method: str, *, once: bool = False, **arguments: Any) -> T:  # noqa: ANN401 - the client's own arguments
        repeated = Throttled if once else SheetBusy  # who is throttled was not served
        started_s, attempt = self._runtime.monotonic(), 0
        while True:
            try:
                with self._while_writing() if once else nullcontext():
                    return self._attempt(read, method, once=once, **arguments)
            except repeated:
                if self._runtime.monotonic() - started_s >= self._max_wait_s:
                    raise
            self._runtime.sleep(min(2**attempt + self._runtime.random(), MAX_PAUSE_S))
            attempt += 1

    def _attempt(self, read: Callable[[bytes], T], method: str, *, once: bool, **arguments: Any) -> T:  # noqa: ANN401 - the client's own arguments
        if (wait_s := self._take_turn()) > 0:
            self._runtime.sleep(wait_s)
        *path, verb = method.split(".")
        resource = spreadsheets(self._endpoint)
        for part in path:
            resource = getattr(resource, part)()
        request = getattr(resource, verb)(spreadsheetId=self.spreadsheet_id, prettyPrint=False, **arguments)
        request.headers["authorization"] = f"Bearer {self._token}"
        return execute(request, read, once=once)


def _responses(answer: bytes) -> int:
    """Return the number of ranges that a write reached."""
    return len(msgspec.json.decode(answer, type=dict[str, Any]).get("responses", ()))


def _matches(answer: bytes) -> int:
    """Return the number of metadata entries that a search found."""
    return len(msgspec.json.decode(answer, type=dict[str, Any]).get("matchedDeveloperMetadata", ()))


def _notes(answer: bytes, key: str) -> dict[int, str]:
    sheets = msgspec.json.decode(answer, type=dict[str, Any]).get("sheets", ())
    return {
        sheet["properties"].get("sheetId", 0): entry.get("metadataValue", "")
        for sheet in sheets
        for entry in sheet.get("developerMetadata", ())
        if entry["metadataKey"] == key
    }


def _column_by_column(columns: Mapping[int, Mapping[int, Content]]) -> Iterator[Mapping[int, Mapping[int, Content]]]:
    """Split a write into columns, and a column of long texts into a few rows each: a call takes some megabytes."""
    for anchor, cells in columns.items():
        some: dict[int, Content] = {}
        size = 5 * max(cells)
        for row, value in sorted(cells.items()):
            length = len(msgspec.json.encode(_plain(value, row)))
            if some and size + length > 2 * MAX_BYTES:
                yield {anchor: some}
                some, size = {}, 5 * max(cells)
            some[row] = value
            size += length + 1
        yield {anchor: some}


def _updated_tabs(answer: bytes) -> list[Tab]:
    return tabs_of(msgspec.json.decode(answer, type=dict[str, msgspec.Raw])["updatedSpreadsheet"])


def _updated_rows(answer: bytes) -> RowBlock | None:
    updated = msgspec.json.decode(answer, type=dict[str, msgspec.Raw]).get("updatedSpreadsheet")
    return None if updated is None else row_block_of(updated)


def _length(cells: Mapping[int, Content]) -> int:
    """Return about the bytes of a column from row 1 on, as JSON with its envelope."""
    return 5 * max(cells) + len(msgspec.json.encode(list(cells.values()))) + 150


def _plain(value: Content, row: int) -> str | float | bool:
    if isinstance(value, Spilled):  # once the cell is empty again, the formula elsewhere spills into it again
        return ""
    return value.text_in(row) if isinstance(value, Formula) else value


def _column(cells: Mapping[int, Content]) -> msgspec.Raw:
    """Return a column from row 1 on, as JSON; a null leaves its cell alone, "" clears it."""
    column: list[str | float | bool | None] = [None] * max(cells)
    for row, value in cells.items():
        column[row - 1] = value if type(value) is str else _plain(value, row)
    return msgspec.Raw(msgspec.json.encode(column))
