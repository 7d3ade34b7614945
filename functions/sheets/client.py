"""Google Sheets, with Google's own client: what a tab looks like, its rows now, and values into anchored columns.

An anchor is developer metadata on a column: it follows the column wherever people move it and dies with it. Values are
written through it, so no move of a column can put them into another one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import tenacity

from functions.errors import BadRange, Forbidden, LeadfillError, SheetAccessExpired, SheetBusy, SheetGone
from functions.sheets.cells import Content, Formula
from functions.sheets.grid import RowBlock, Tab, row_block_of, tabs_of

T = TypeVar("T")
CALL_TIMEOUT_S = 180
"""Sheets itself gives up after so long."""
MAX_WAIT_S = 75.0
"""How long one call waits for the quota of a minute before the chunk is put back into the queue."""

_CELLS = "rowData(values(userEnteredValue,formattedValue,hyperlink))"
_ANCHORS = "columnMetadata(developerMetadata(metadataId,metadataKey))"
_PROPERTIES = "properties(sheetId,title,gridProperties(rowCount,columnCount))"
_WINDOW = f"sheets({_PROPERTIES},data(startRow,startColumn,{_CELLS},{_ANCHORS}))"
_TAB = f"sheets({_PROPERTIES},merges,protectedRanges(range,warningOnly,requestingUserCanEdit))"


class GoogleSheet:
    """One spreadsheet, read and written with its caller's own access token. Not shared between threads."""

    def __init__(self, spreadsheet_id: str, access_token: str, *, endpoint: str) -> None:
        """Opens no connection yet; `endpoint` is Google's, or an emulator's."""
        self.spreadsheet_id = spreadsheet_id
        self._token, self._endpoint = access_token, endpoint

    def __repr__(self) -> str:
        """Without the token."""
        return f"GoogleSheet({self.spreadsheet_id!r})"

    def tabs(self) -> list[Tab]:
        """Every tab.

        Raises:
            SheetError: the spreadsheet cannot be read; its class says why.
        """
        return self._call(tabs_of, "get", fields=_TAB)

    def tab(self, title: str) -> Tab:
        """The tab of this title.

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

    def read_rows(self, sheet_id: int, first_row: int, last_row: int | None) -> RowBlock:
        """The rows from `first_row` to `last_row` (from 1, both included; None: to the end), and where anchors are now.

        Raises:
            SheetGone: the tab was deleted.
            SheetError: as `tabs`.
        """
        grid = {"sheetId": sheet_id, "startRowIndex": first_row - 1}
        if last_row is not None:
            grid["endRowIndex"] = max(first_row, last_row)
        body = {"dataFilters": [{"gridRange": grid}]}
        found = self._call(row_block_of, "getByDataFilter", body=body, fields=_WINDOW)
        if found is None:
            raise SheetGone(_GONE)
        return found

    def write(self, columns: Mapping[int, Mapping[int, Content]]) -> None:
        """Puts values into anchored columns: anchor → row (from 1) → value; every other cell is left alone.

        Text stays text (RAW), whatever it looks like; only a `Formula` is entered as one. It is not repeated where it
        may have happened: rows move meanwhile, and the second time would hit strange ones.

        Raises:
            Unclear: it may have been carried out, wholly or in part; look at what is there.
            SheetError: as `tabs`.
        """
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
                    raise UncertainWrite("A column was deleted while it was written to.", retry_after_s=0)

    def change(self, requests: Sequence[Mapping[str, Any]]) -> None:
        """Carries out requests of `spreadsheets.batchUpdate`, all or none; not repeated where it may have happened.

        Raises:
            SheetError: as `tabs`.
        """
        self._call(len, "batchUpdate", body={"requests": list(requests)}, fields="spreadsheetId", once=True)

    def _call(self, read: Callable[[bytes], T], method: str, *, once: bool = False, **arguments: Any) -> T:  # noqa: ANN401 - the client's own arguments
        *path, verb = method.split(".")
        resource = _spreadsheets(self._endpoint)
        for part in path:
            resource = getattr(resource, part)()
        request = getattr(resource, verb)(spreadsheetId=self.spreadsheet_id, prettyPrint=False, **arguments)
        request.headers["authorization"] = f"Bearer {self._token}"
        repeated = (SheetBusy,) if not once else (_Throttled,)
        loop = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(repeated),
            wait=tenacity.wait_exponential_jitter(initial=1, max=30, jitter=1),
            stop=tenacity.stop_after_delay(MAX_WAIT_S),
            reraise=True,
        )
        answer: T = loop(_execute, request, read, once=once)
        return answer


class UncertainWrite(SheetBusy):
    """Google Sheets did not say whether it did what it was asked for; the run looks, and goes on by itself."""


class _Throttled(SheetBusy):
    """Google Sheets asks to slow down; the run goes on by itself."""


def _execute(request: Any, read: Callable[[bytes], T], *, once: bool) -> T:  # noqa: ANN401 - the client ships no types
    import httplib2  # noqa: PLC0415 - heavy, and the formula's path needs no sheet
    from googleapiclient.errors import HttpError  # noqa: PLC0415 - as above

    _mine.once = once
    try:
        return read(request.execute(http=_http()))
    except HttpError as error:
        raise _said(error.status_code, str(error.reason or "")) from error
    except (OSError, httplib2.HttpLib2Error, msgspec.DecodeError) as error:
        raise UncertainWrite(
            "Google Sheets could not be reached; the run goes on by itself.", retry_after_s=10
        ) from error


def _responses(answer: bytes) -> int:
    """To how many ranges a write went."""
    return len(msgspec.json.decode(answer, type=dict[str, Any]).get("responses", ()))


_GONE = "The tab was deleted, so nothing more is written. What was looked up is kept."


def _said(status: int, reason: str) -> LeadfillError:
    """Google's error → ours."""
    if status >= 500:
        return UncertainWrite("Google Sheets is in trouble at the moment; the run goes on by itself.", retry_after_s=10)
    if status in {400, 403} and "protected" in reason.lower():
        return Forbidden("The cells to be written are protected; ask the owner of the sheet for the right to.")
    if status == 400 and ("No grid with id" in reason or "No sheet with id" in reason):
        return SheetGone(_GONE)
    by_status = {
        401: SheetAccessExpired(),
        403: Forbidden("This account may not edit the spreadsheet; ask its owner for the right to."),
        404: SheetGone("There is no such spreadsheet, or this account may not open it."),
        429: _Throttled(retry_after_s=30),
    }
    return by_status.get(status) or BadRange(f"Google Sheets refused the request: {reason[:300]}")


def _column(cells: Mapping[int, Content]) -> msgspec.Raw:
    """A column from row 1 on, in JSON; a null leaves its cell alone, "" clears it."""
    column: list[str | float | bool | None] = [None] * max(cells)
    for row, value in cells.items():
        column[row - 1] = value.text if isinstance(value, Formula) else value
    return msgspec.Raw(msgspec.json.encode(column))


_mine = threading.local()
_building = threading.Lock()


def _http() -> Any:  # noqa: ANN401 - httplib2 ships no types
    """This thread's own connection: one httplib2.Http shared by threads hands out others' answers."""
    if not hasattr(_mine, "http"):
        _mine.http = _http_type()(timeout=CALL_TIMEOUT_S)
    return _mine.http


@cache
def _http_type() -> Any:  # noqa: ANN401 - as above
    """httplib2's, which sends a request again whose answer does not come; not where that must not happen twice."""
    import httplib2  # noqa: PLC0415 - as in `_execute`

    def once(kind: Any) -> Any:  # noqa: ANN401 - as above
        class Once(kind):  # type: ignore[misc] # as above
            def getresponse(self) -> Any:  # noqa: ANN401 - as above
                try:
                    return super().getresponse()
                except (HTTPException, OSError) as error:
                    if not _mine.once:
                        raise
                    self.close()
                    raise httplib2.HttpLib2Error("The connection ended before the answer came.") from error

        return Once

    kinds = {scheme: once(kind) for scheme, kind in httplib2.SCHEME_TO_CONNECTION.items()}

    class Http(httplib2.Http):  # type: ignore[misc] # as above
        def request(self, uri: str, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - as above
            return super().request(uri, *arguments, connection_type=kinds[urlsplit(uri).scheme], **more)

    return Http


def _spreadsheets(endpoint: str) -> Any:  # noqa: ANN401 - made from the discovery document
    with _building:
        return _built(endpoint)


@cache
def _built(endpoint: str) -> Any:  # noqa: ANN401 - as above
    """The API's `spreadsheets`, built once a process from the discovery document in the client's wheel."""
    import httplib2  # noqa: PLC0415 - as in `_execute`
    from googleapiclient.discovery import build  # noqa: PLC0415 - as in `_execute`
    from googleapiclient.model import JsonModel  # noqa: PLC0415 - as in `_execute`

    class AsItCame(JsonModel):  # type: ignore[misc] # the client ships no types
        """Bodies are encoded in one piece, and answers left to who reads them: both may be many megabytes."""

        def serialize(self, body_value: object) -> bytes:
            return msgspec.json.encode(body_value)

        def deserialize(self, content: bytes) -> bytes:
            return content

    service = build(
        "sheets",
        "v4",
        http=httplib2.Http(timeout=CALL_TIMEOUT_S),
        static_discovery=True,
        cache_discovery=False,
        model=AsItCame(),
        client_options={"api_endpoint": endpoint},
    )
    return service.spreadsheets()
