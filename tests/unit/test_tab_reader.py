"""A large tab is read in small answers, in the columns that are needed, and yet as of one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.errors import BadRange, SheetBusy
from functions.sheets import paging, tab_reader, transport
from functions.sheets.anchors import anchored_at
from functions.sheets.cells import SheetRow
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import RowBlock
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


def deleted(dimension: str, start: int, end: int) -> dict[str, Any]:
    return {"deleteDimension": {"range": {"dimension": dimension, "startIndex": start, "endIndex": end}}}


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


def test_a_tab_that_ends_above_a_row_that_was_read_whole_is_read_again(emulator: SheetsEmulator, opened: Open) -> None:
    """A person's other row stood near the end, and the tab has become shorter than that since it was seen."""
    few = 60  # one answer holds them
    spreadsheet, reader = opened([line(number, 7 if number == few else number) for number in range(1, few + 1)])
    assert [row.number for row in reader.rows(1, few) if row.row_context] == [7, few]
    emulator.edit(spreadsheet, deleted("ROWS", few - 3, 1000))
    rows = reader.all_rows()
    assert [row.number for row in rows] == list(range(1, few - 2))
    assert people(rows) == [(n, str(n), f"{n}@example.com") for n in range(1, few - 2)]


@pytest.mark.parametrize("first", range(6))
@pytest.mark.parametrize("read", ["all", "pages", "some"])
def test_columns_at_the_edge_are_followed_though_their_place_is_beyond_the_grid_again_and_again(
    emulator: SheetsEmulator, opened: Open, read: str, first: int
) -> None:
    """Columns left of them are deleted between the looks for them: that is no tab that has become shorter."""
    spreadsheet, reader = opened([line(number, number) for number in range(1, ROWS + 1)])
    for column in (EMAIL, URL):
        source = {"dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1}
        emulator.edit(spreadsheet, {"moveDimension": {"source": source, "destinationIndex": 26}})
    calls = iter(range(10**6))

    def narrow(_method: str, _user: str) -> None:
        if next(calls) in range(first, first + 4):
            emulator.edit(spreadsheet, deleted("COLUMNS", 0, 2))

    looks: dict[str, Callable[[], list[SheetRow]]] = {
        "all": reader.all_rows,
        "pages": lambda: [row for page in reader.pages() for row in page],
        "some": lambda: reader.rows(1, ROWS),
    }
    with emulator.between_calls(narrow, READ):
        rows = looks[read]()
    assert people(rows) == [(n, str(n), f"{n}@example.com") for n in range(1, ROWS + 1)]


def test_a_tab_whose_end_is_deleted_again_and_again_is_tried_again_later(
    emulator: SheetsEmulator, opened: Open
) -> None:
    """A run must not stop there: what it has written may stand in a wrong row until it has looked."""
    few = 60
    spreadsheet, reader = opened([line(number, number if number % 2 else 7) for number in range(1, few + 1)])
    emulator.edit(spreadsheet, deleted("ROWS", few, 1000))
    reader.rows(1, few)
    ends = iter(range(few, 0, -1))

    def shorten(_method: str, _user: str) -> None:
        end = next(ends)
        emulator.edit(spreadsheet, deleted("ROWS", end - 1, end))

    with emulator.between_calls(shorten, READ), pytest.raises(SheetBusy, match="again and again"):
        reader.all_rows()


def test_a_refusal_that_is_not_about_a_place_is_said(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    _, reader = opened([line(number, number) for number in range(1, ROWS + 1)])
    read_rows = reader.sheet.read_rows

    def refusing(sheet_id: int, first_row: int, last_row: int | None, **more: Any) -> RowBlock:  # noqa: ANN401 - passed on
        if more:
            raise BadRange("too many filters")
        return read_rows(sheet_id, first_row, last_row)

    monkeypatch.setattr(reader.sheet, "read_rows", refusing)
    for look in (reader.all_rows, lambda: list(reader.pages()), lambda: reader.rows(1, ROWS)):
        with pytest.raises(BadRange, match="too many filters"):
            look()


@pytest.mark.parametrize("whole_cells", [0, 1_000_000])
def test_a_tab_whose_cells_hold_too_much_text_for_an_answer_is_read_in_smaller_ones(
    opened: Open, monkeypatch: pytest.MonkeyPatch, whole_cells: int
) -> None:
    lines = [line(number, number) for number in range(60)]
    for number in (7, 8, 30):
        lines[number][EMAIL] = "x" * 30_000
    _, reader = opened(lines)
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", whole_cells)
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 100_000)
    transport.hang_up()  # the connection has the limit that it was made with
    assert [row.cells[0] for row in reader.all_rows()] == [cells[EMAIL] for cells in lines]
    transport.hang_up()
