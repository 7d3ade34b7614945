"""P6: the contents of a large tab's columns are recorded in pages, as of one moment, and never held as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from functions.profiles import parse
from functions.sheet_writes import undo, writer
from functions.sheets import paging, tab_reader
from functions.store import cell_history
from functions.store.cell_history import WrittenRow
from functions.store.job_states import JobState
from tests.support.desk import url_of
from tests.support.living_sheet import READ, living_sheet

ROWS = 120
SORT = {
    "range": {"sheetId": 0, "startRowIndex": 1, "endRowIndex": ROWS + 1, "startColumnIndex": 0, "endColumnIndex": 26},
    "sortSpecs": [{"dimensionIndex": 1, "sortOrder": "DESCENDING"}],
}


@pytest.mark.parametrize("moved_before", [0, 5, 6])
def test_each_row_is_recorded_once_though_rows_move_between_two_pages(
    moved_before: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", 0)
    monkeypatch.setattr(paging, "PAGE_BYTES", 12_000)
    pages: list[int] = []
    real = cell_history.save_snapshot

    def save(connection: Any, job_id: str, rows: Any, **options: Any) -> None:  # noqa: ANN401 - passed on
        pages.append(len(rows))
        real(connection, job_id, rows, **options)

    monkeypatch.setattr(cell_history, "save_snapshot", save)
    with living_sheet(tmp_path) as living:
        people = range(ROWS)
        living.fill([["LinkedIn", "Email"], *([url_of(f"p-{n}"), f"own-{n:03}@example.com"] for n in people)], 0)

        def watch(method: str, _body: dict[str, Any]) -> None:
            if method == READ and pages and len(pages) == moved_before:
                living.watch = None
                living.edit({"sortRange": SORT})

        living.watch = watch
        job = living.run("Leads!A2:A", write="all")
        assert job.state is JobState.DONE
        keys = [parse(url_of(f"p-{n}")).key for n in people]
        with living.context.store.reading() as connection:
            held = cell_history.read_snapshot(connection, job.id, keys, at_undo=False)
        assert (living.watch is None) is bool(moved_before)
        assert sorted((row.identity, row.cells) for row in held) == sorted(
            (key, {0: f"own-{n:03}@example.com"}) for n, key in enumerate(keys)
        )
        assert max(pages) < ROWS / 2, "never the whole tab"
        assert living.undo(job).state is JobState.UNDONE
        back = sorted(str(row[1]) for row in living.cells()[1 : ROWS + 1])
        assert back == [f"own-{n:03}@example.com" for n in people]


def test_an_undo_asks_the_store_for_a_page_of_people_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who stand in several rows are looked for in the whole tab, and still not all at once."""
    monkeypatch.setattr(tab_reader, "WHOLE_CELLS", 0)
    monkeypatch.setattr(writer, "PAGE_ROWS", 20)
    monkeypatch.setattr(undo, "PEOPLE", 8)
    asked: list[int] = []
    real = cell_history.written

    def written(connection: Any, job_id: str, keys: Sequence[str]) -> list[WrittenRow]:  # noqa: ANN401 - passed on
        asked.append(len(keys))
        return real(connection, job_id, keys)

    with living_sheet(tmp_path) as living:
        twice, once = range(20), range(20, ROWS - 20)  # the second rows of these people are far from the first
        rows = [[url_of(f"p-{n}"), f"own-{n:03}@example.com"] for n in [*twice, *once, *twice]]
        living.fill([["LinkedIn", "Email"], *rows], 0)
        job = living.run("Leads!A2:A", write="all")
        monkeypatch.setattr(cell_history, "written", written)
        living.edit(
            {"deleteDimension": {"range": {"sheetId": 0, "dimension": "ROWS", "startIndex": 50, "endIndex": 53}}}
        )
        job = living.undo(job)
        assert (job.state, job.message) == (JobState.UNDONE, "3 rows are not there any more.")
        assert max(asked) <= 20
        back = [str(row[1]) for row in living.cells()[1 : ROWS - 2]]
        assert back == [row[1] for at, row in enumerate(rows, 1) if not 50 <= at < 53]
