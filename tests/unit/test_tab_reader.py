"""A large tab is read in small answers, in the columns that are needed, and yet as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.errors import SheetBusy
from functions.sheets import paging, tab_reader
from functions.sheets.anchors import anchored_at
from functions.sheets.cells import SheetRow
from functions.sheets.client import GoogleSheet
from functions.sheets.layout import Column, Layout
from functions.sheets.tab_reader import TabReader
from local.sheets_api.client import SheetsEmulator
from tests.support.simulation import Process, World

ROWS, WIDTH, URL, EMAIL = 300, 25, 3, 17
READ = "spreadsheets.getByDataFilter"
PAGE = 20_000


@pytest.fixture(scope="module", name="_emulator_process")
def running() -> Iterator[SheetsEmulator]:
    with SheetsEmulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(_emulator_process: SheetsEmulator, monkeypatch: pytest.MonkeyPatch) -> SheetsEmulator:
    """An emulator without spreadsheets; a large tab is one that does not fit into 20 kB."""
    monkeypatch.setattr(paging, "PAGE_BYTES", PAGE)
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", 0)
    _emulator_process.reset()
    return _emulator_process


def line(number: int, person: int) -> list[str]:
    cells = [f"note {number} {column}" for column in range(WIDTH)]
    cells[URL], cells[EMAIL] = f"linkedin.com/in/person-{person}", f"{number}@example.com"
    return cells


Open = Callable[..., tuple[str, TabReader]]


@pytest.fixture
def opened(emulator: SheetsEmulator) -> Open:
    """Makes a tab whose URLs and e-mails are anchored."""

    def make(rows: list[list[str]], *, several: tuple[str, ...] = ()) -> tuple[str, TabReader]:
        spreadsheet = emulator.spreadsheet(rows)
        emulator.edit(spreadsheet, anchored_at(1, 0, URL), anchored_at(2, 0, EMAIL))
        runtime, token = Process(World(0), "client"), emulator.token("owner@example.com")
        sheet = GoogleSheet(spreadsheet, token, endpoint=f"{emulator.url}/", runtime=runtime)
        columns = (Column(anchor=2, inserted=True),)
        layout = Layout(sheet_id=0, url=1, columns=columns, tab_rows=len(rows), tab_columns=WIDTH, places=(URL, EMAIL))
        return spreadsheet, TabReader(sheet, layout, lambda names: [name for name in names if name in several])

    return make


def people(rows: list[SheetRow]) -> list[tuple[int, str, Any]]:
    return [(row.number, row.identity.rpartition("-")[2], row.cells[0]) for row in rows]


def test_only_the_needed_columns_are_read_in_answers_that_are_small(emulator: SheetsEmulator, opened: Open) -> None:
    _, reader = opened([line(number, number) for number in range(1, ROWS + 1)])
    emulator.forget_calls()
    rows = reader.all_rows()
    assert people(rows) == [(n, str(n), f"{n}@example.com") for n in range(1, ROWS + 1)]
    assert not any(row.row_context for row in rows)
    answers = [call["answer_bytes"] for call in emulator.calls()["log"]]
    urls = [size for size in answers if size > 1.5 * PAGE]
    assert len(urls) == 2, "the column of URLs, before and after the pages"
    assert sum(answers) < 5 * max(urls), "not 25 columns"


def test_rows_are_read_whole_where_somebody_stands_in_several(emulator: SheetsEmulator, opened: Open) -> None:
    lines = [line(number, 7 if number in {7, 250} else number) for number in range(1, ROWS + 1)]
    _, reader = opened(lines, several=("linkedin.com/in/person-9",))
    rows = reader.all_rows()
    assert [row.number for row in rows if row.row_context] == [7, 9, 250]
    assert rows[6].row_context != rows[249].row_context
    near = opened(lines)[1].rows(200, 260)
    assert not any(row.row_context for row in near), "nobody of these is known to stand in several rows"
    assert [row.number for row in reader.rows(200, 260) if row.row_context] == [250], "but this reader has seen both"
    emulator.forget_calls()
    reader.rows(200, 260)
    assert emulator.calls()["by_method"] == {READ: 1}, "and need not look twice"


def sort_of(column: int, order: str = "DESCENDING") -> dict[str, Any]:
    box = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": ROWS, "startColumnIndex": 0, "endColumnIndex": WIDTH}
    return {"sortRange": {"range": box, "sortSpecs": [{"dimensionIndex": column, "sortOrder": order}]}}


@pytest.mark.parametrize("skip", range(1, 7))
def test_rows_that_move_between_two_pages_are_seen_once(emulator: SheetsEmulator, opened: Open, skip: int) -> None:
    spreadsheet, reader = opened([line(number, number) for number in range(1, ROWS + 1)])
    emulator.edit_before(spreadsheet, sort_of(EMAIL), method=READ, skip=skip)
    rows = reader.all_rows()
    assert emulator.edits_to_come() == 0, "the edit came between two calls"
    assert [row.number for row in rows] == list(range(1, ROWS + 1))
    assert sorted(int(person) for _, person, _ in people(rows)) == list(range(1, ROWS + 1))
    assert all(email == f"{person}@example.com" for _, person, email in people(rows))
    assert people(rows) == people(reader.rows(1, ROWS)), "as they stand now"


@pytest.mark.parametrize(
    "edit",
    [
        {
            "moveDimension": {
                "source": {"dimension": "COLUMNS", "startIndex": EMAIL, "endIndex": 18},
                "destinationIndex": 0,
            }
        },
        {"insertDimension": {"range": {"dimension": "COLUMNS", "startIndex": 1, "endIndex": 4}}},
        {"deleteDimension": {"range": {"dimension": "COLUMNS", "startIndex": 18, "endIndex": WIDTH}}},
        {"deleteDimension": {"range": {"dimension": "COLUMNS", "startIndex": 0, "endIndex": 2}}},
        {"deleteDimension": {"range": {"dimension": "ROWS", "startIndex": 4, "endIndex": 9}}},
        {"insertDimension": {"range": {"dimension": "ROWS", "startIndex": 4, "endIndex": 9}}},
    ],
    ids=["move", "insert", "delete right", "delete left", "delete rows", "insert rows"],
)
@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_columns_and_rows_that_move_are_followed(
    emulator: SheetsEmulator, opened: Open, edit: dict[str, Any], skip: int
) -> None:
    spreadsheet, reader = opened([line(number, number) for number in range(1, ROWS + 1)])
    emulator.edit_before(spreadsheet, edit, method=READ, skip=skip)
    rows = [row for row in reader.all_rows() if row.identity != tab_reader.BLANK]
    kept = [n for n in range(1, ROWS + 1) if not ("ROWS" in str(edit) and "delete" in str(edit) and 5 <= n <= 9)]
    assert [(person, email) for _, person, email in people(rows)] == [(str(n), f"{n}@example.com") for n in kept]
    assert reader.seen.anchors.keys() == {1, 2}


def test_a_tab_that_never_stands_still_is_tried_again_later(emulator: SheetsEmulator, opened: Open) -> None:
    spreadsheet, reader = opened([line(number, number) for number in range(1, ROWS + 1)])
    order = [sort_of(EMAIL), sort_of(EMAIL, "ASCENDING")]
    calls = iter(range(10**6))

    def shuffle(_method: str, _user: str) -> None:
        emulator.edit(spreadsheet, order[next(calls) % 2])

    with emulator.between_calls(shuffle, READ), pytest.raises(SheetBusy, match="again and again"):
        reader.all_rows()
