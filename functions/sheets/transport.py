"""One request to Google Sheets: a connection for each thread, one attempt, and Google's errors as ours.

Their sentences are for a person who waits for an answer. A run that meets one which passes waits and goes on by itself;
the sentence stands in the log only.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

import msgspec

from functions.errors import BadRange, Forbidden, LeadfillError, SheetAccessExpired, SheetBusy, SheetError, SheetGone

T = TypeVar("T")
Untyped: TypeAlias = Any
"""Objects of Google's client and of httplib2, which ship no types."""
CALL_TIMEOUT_S = 180
"""Sheets itself gives up after so long."""


MAX_ANSWER_BYTES = 64_000_000
"""Of one answer, unpacked. The URLs of 100,000 rows take up to 40 MB; all else is read in pages of a few megabytes. An
instance that receives several at once must have the memory for them."""


class UncertainWrite(SheetBusy):
    """Google Sheets did not confirm a write, which may have happened all the same; look at the sheet, and try again."""


class ColumnGone(UncertainWrite):
    """A column was deleted while Leadfill wrote to it; look at the sheet, and try again."""


class Protected(Forbidden):
    """The cells to be written are protected; ask the owner of the sheet for the right to edit them."""


class TooLarge(SheetError):
    """Google Sheets refused a request as too large.

    What was looked up is kept: retry the rows, and choose fewer fields if that fails as well.
    """


class TooMuchText(SheetError):
    """The cells that Leadfill must read hold too much text, so it stopped here.

    Move the column of LinkedIn URLs into a tab without such long texts, and start there.
    """


class Throttled(SheetBusy):
    """Google Sheets is busy and asks Leadfill to slow down; try again in a minute."""


def execute(request: Untyped, read: Callable[[bytes], T], *, once: bool) -> T:
    """Carries out one request, and reads its answer.

    Args:
        request: made from `spreadsheets`.
        read: decodes the answer's body.
        once: whether it must not be sent again where its answer does not come.

    Raises:
        UncertainWrite: no usable answer came; it may have been carried out.
        TooMuchText: the answer is larger than `MAX_ANSWER_BYTES`; it may have been carried out.
        LeadfillError: Google refused; the class says why.
    """
    import httplib2
    from googleapiclient.errors import HttpError
    from httplib2.decode import DecodeLimitError

    _mine.once = once
    try:
        return read(request.execute(http=_http()))
    except HttpError as error:
        raise refusal(error.status_code, str(error.reason or ""), _machine_reason(error.error_details)) from error
    except (TooMuchText, DecodeLimitError) as error:
        hang_up()  # the rest of the answer would be taken for that of the next request
        raise TooMuchText from error
    except TimeoutError as error:
        raise UncertainWrite(TOO_SLOW, retry_after_s=10) from error
    except (OSError, httplib2.HttpLib2Error, msgspec.DecodeError) as error:
        raise UncertainWrite("Google Sheets could not be reached; try again in a minute.", retry_after_s=10) from error


GONE = "The tab was deleted. What was looked up is kept, and costs nothing in a new run."
TOO_SLOW = (
    f"Google Sheets did not answer within {CALL_TIMEOUT_S} seconds, which happens with very large tabs and with "
    "formulas that take long to compute; try again. If that goes on, copy the list into a new spreadsheet."
)
OFFICE_FILE = (
    "This is an Excel file that is open in Google Sheets, and Google lets no program write into one. Save it with "
    "File → Save as Google Sheets, and use Leadfill in the new spreadsheet."
)


def refusal(status: int, reason: str, machine_reason: str = "") -> LeadfillError:
    """Translates an HTTP error of Google's into ours.

    Args:
        status: of the answer.
        reason: Google's sentence.
        machine_reason: of Google's `ErrorInfo`, such as `SERVICE_DISABLED`; empty where there is none.
    """
    if status >= 500 or status == 409:  # ABORTED: somebody else's change came between
        sentence = TOO_SLOW if status == 504 else "Google Sheets has a problem at the moment; try again in a minute."
        return UncertainWrite(sentence, retry_after_s=10)
    if status in {400, 403} and "protected" in reason.lower():
        return Protected()
    if status == 400:
        return _refused_request(reason)
    if machine_reason in _NOT_A_PERSONS_FAULT:
        return Forbidden(_NOT_A_PERSONS_FAULT[machine_reason])
    by_status = {
        401: SheetAccessExpired(),
        403: Forbidden("This account may not edit the spreadsheet; ask its owner for the right to edit it."),
        404: SheetGone("There is no such spreadsheet, or this account may not open it; ask its owner for access."),
        413: TooLarge(),
        429: Throttled(retry_after_s=30),
    }
    return by_status.get(status) or _refused_request(reason)


def _refused_request(reason: str) -> LeadfillError:
    if "No grid with id" in reason or "No sheet with id" in reason:
        return SheetGone(GONE)
    if "not supported for this document" in reason:
        return BadRange(OFFICE_FILE)
    return BadRange(f"Google Sheets refused the request: {reason[:300]}")


_NOT_A_PERSONS_FAULT = {
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (
        "Leadfill was not given the permission to edit spreadsheets; open the sidebar, and tick every box that Google "
        "shows when it asks."
    ),
    "SERVICE_DISABLED": (
        "The Google Sheets API is switched off in the cloud project of the add-on; ask whoever installed Leadfill to "
        "switch it on there."
    ),
}
"""Meanings of a 403 beyond a missing right, by the reason in Google's `ErrorInfo`
(https://cloud.google.com/apis/design/errors#error_info)."""


def _machine_reason(details: Untyped) -> str:
    entries = details if isinstance(details, list) else []
    return next((str(entry["reason"]) for entry in entries if isinstance(entry, dict) and "reason" in entry), "")


_mine = threading.local()
_building = threading.Lock()


def _http() -> Untyped:
    """This thread's own connection: one httplib2.Http shared by threads hands out others' answers."""
    if not hasattr(_mine, "http"):
        # The ratio of an answer and its packed form says nothing: rows of a sheet resemble each other.
        _mine.http = _http_type()(timeout=CALL_TIMEOUT_S, decode_limit_hard=MAX_ANSWER_BYTES, decode_limit_ratio=0)
    return _mine.http


def hang_up() -> None:
    """Closes this thread's own connection, if it has one: before a thread ends that has called Google."""
    if hasattr(_mine, "http"):
        _mine.http.close()
        del _mine.http


class _Answer(HTTPResponse):
    """An answer of which no more is received than memory is there for."""

    def read(self, amt: int | None = None) -> bytes:
        if amt is not None:
            return super().read(amt)
        if self.length is not None:
            if self.length > MAX_ANSWER_BYTES:
                raise TooMuchText
            return super().read()
        received = super().read(MAX_ANSWER_BYTES + 1)
        if len(received) > MAX_ANSWER_BYTES:
            raise TooMuchText
        return received


@cache
def _http_type() -> Untyped:
    """httplib2's, which sends a request again whose answer does not come; not where that must not happen twice."""
    import httplib2

    def once(kind: Untyped) -> Untyped:
        class Once(kind):  # type: ignore[misc] # httplib2 ships no types
            response_class = _Answer

            def getresponse(self) -> Untyped:
                try:
                    return super().getresponse()
                except (HTTPException, OSError) as error:
                    if not _mine.once:
                        raise
                    self.close()
                    raise httplib2.HttpLib2Error("The connection ended before the answer came.") from error

        return Once

    kinds = {scheme: once(kind) for scheme, kind in httplib2.SCHEME_TO_CONNECTION.items()}

    class Http(httplib2.Http):  # type: ignore[misc] # httplib2 ships no types
        def request(self, uri: str, *arguments: Untyped, **more: Untyped) -> Untyped:
            return super().request(uri, *arguments, connection_type=kinds[urlsplit(uri).scheme], **more)

    return Http


def spreadsheets(endpoint: str) -> Untyped:
    """The API's `spreadsheets`, for requests to `endpoint`; built once a process."""
    with _building:
        return _built(endpoint)


@cache
def _built(endpoint: str) -> Untyped:
    """From the discovery document in the client's wheel."""
    import httplib2
    from googleapiclient.discovery import build
    from googleapiclient.model import JsonModel

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
