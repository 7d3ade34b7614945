"""Unsuccessful answers of Google Sheets become Leadfill's errors, each with a sentence that says what to do."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from functions.errors import BadRange, Forbidden, LeadfillError, SheetAccessExpired, SheetBusy, SheetError, SheetGone
from functions.sheets import transport
from functions.sheets.client import GoogleSheet
from functions.sheets.transport import Protected, Throttled, TooLarge, TooMuchText, UncertainWrite, refusal
from local.sheets_api.client import SheetsEmulator
from tests.support.simulation import Process, World

SENTENCE = "The caller does not have permission"


@pytest.mark.parametrize(
    ("status", "reason", "machine_reason", "kind", "says"),
    [
        (400, "You are trying to edit a protected cell or object.", "", Protected, "protected"),
        (400, "No grid with id: 7", "", SheetGone, "tab was deleted"),
        (400, "This operation is not supported for this document", "", BadRange, "Save as Google Sheets"),
        (400, "Unable to parse range", "", BadRange, "Unable to parse range"),
        (401, "", "", SheetAccessExpired, "open the sidebar"),
        (403, SENTENCE, "", Forbidden, "may not edit"),
        (403, SENTENCE, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Forbidden, "tick every box"),
        (403, SENTENCE, "SERVICE_DISABLED", Forbidden, "switched off"),
        (404, "", "", SheetGone, "no such spreadsheet"),
        (409, "The operation was aborted.", "", UncertainWrite, "try again in a minute"),
        (413, "Request Entity Too Large", "", TooLarge, "too large"),
        (429, "", "", Throttled, "slow down"),
        (502, "<!DOCTYPE html>", "", UncertainWrite, "try again in a minute"),
        (503, "", "", UncertainWrite, "try again in a minute"),
        (504, "", "", UncertainWrite, "180 seconds"),
    ],
)
def test_each_refusal_has_its_own_words(
    status: int, reason: str, machine_reason: str, kind: type[LeadfillError], says: str
) -> None:
    error = refusal(status, reason, machine_reason)
    assert type(error) is kind
    assert says in str(error)
    assert "<" not in str(error)
    assert "run" not in str(error).replace("new run", "")  # nobody has started one who checks an installation


@pytest.fixture(scope="module", name="emulator")
def running() -> Iterator[SheetsEmulator]:
    with SheetsEmulator() as emulator:
        yield emulator


def sheet_of(emulator: SheetsEmulator, spreadsheet: str) -> GoogleSheet:
    """A client whose waits take no time."""
    token = emulator.token("owner@example.com")
    return GoogleSheet(spreadsheet, token, endpoint=f"{emulator.url}/", runtime=Process(World(0), "client"))


@pytest.mark.parametrize("status", [409, 502, 503])
def test_a_read_that_was_aborted_or_answered_in_html_is_sent_again(emulator: SheetsEmulator, status: int) -> None:
    spreadsheet = emulator.spreadsheet([["LinkedIn"]])
    emulator.switch(fail_next=[status, status])
    assert [tab.title for tab in sheet_of(emulator, spreadsheet).tabs()] == ["Leads"]


@pytest.mark.parametrize("status", [409, 502])
def test_a_write_that_was_aborted_or_answered_in_html_is_not_sent_again_unseen(
    emulator: SheetsEmulator, status: int
) -> None:
    spreadsheet = emulator.spreadsheet([["LinkedIn"]])
    emulator.switch(fail_next=[status])
    with pytest.raises(UncertainWrite):
        sheet_of(emulator, spreadsheet).prove_editable()


def test_a_request_that_is_too_large_ends_in_words(emulator: SheetsEmulator) -> None:
    spreadsheet = emulator.spreadsheet([["LinkedIn"]])
    emulator.switch(max_request_bytes=100)
    with pytest.raises(SheetError, match="too large") as caught:
        sheet_of(emulator, spreadsheet).prove_editable()
    assert not isinstance(caught.value, SheetBusy)


def test_an_excel_file_that_is_open_in_google_sheets_is_refused_in_words(emulator: SheetsEmulator) -> None:
    spreadsheet = emulator.spreadsheet([["LinkedIn"]], office_file=True)
    emulator.switch()
    with pytest.raises(BadRange, match="Save as Google Sheets"):
        sheet_of(emulator, spreadsheet).tabs()


TAB = b'{"sheets": [{"properties": {"title": "Leads"}}]}'
FORMS = ["with a length", "in chunks", "until the end", "packed"]


class Answers(BaseHTTPRequestHandler):
    """Answers in one of `FORMS`, which the path begins with: a tab, and blanks behind it up to so many bytes."""

    protocol_version = "HTTP/1.1"
    form, size = "", 0

    def do_GET(self) -> None:
        body = TAB.ljust(self.size)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.form == "in chunks":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif self.form == "until the end":
            self.close_connection = True
        else:
            if self.form == "packed":
                body = gzip.compress(body)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keeps the log quiet."""


@pytest.fixture(scope="module", name="google")
def answering() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_that_takes_too_much_memory_is_not_received(
    google: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 100_000)
    monkeypatch.setattr(Answers, "form", form)
    transport.hang_up()  # the connection of an earlier test has its own limit
    sheet = GoogleSheet("id", "token", endpoint=google, runtime=Process(World(0), "client"))
    for size, fits in ((100_000, True), (100_001, False), (100_000, True)):
        monkeypatch.setattr(Answers, "size", size)
        if fits:
            assert [tab.title for tab in sheet.tabs()] == ["Leads"]
        else:
            with pytest.raises(TooMuchText, match="tab without such long texts"):
                sheet.tabs()
    transport.hang_up()


def test_rows_that_resemble_each_other_pack_well_and_are_read(google: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answers, "form", "packed")
    monkeypatch.setattr(Answers, "size", 12_000_000)
    sheet = GoogleSheet("id", "token", endpoint=google, runtime=Process(World(0), "client"))
    assert [tab.title for tab in sheet.tabs()] == ["Leads"]
    transport.hang_up()
