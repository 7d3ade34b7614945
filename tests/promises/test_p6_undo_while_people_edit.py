"""P5, P6: while a run is undone people sort, insert, delete and type: nobody's cell changes, no value stays behind."""

from __future__ import annotations

import random
from collections import Counter
from itertools import zip_longest
from typing import Any

import pytest

from functions.outcomes import Outcome
from functions.sheet_writes import writer
from functions.sheets import client, tab_reader
from functions.store.job_states import JobState
from tests.support.desk import FIELDS, Desk, expected, url_of

ROWS = 600
HEADERS = dict(zip(FIELDS, ("Email", "Title", "Company", "Company size"), strict=True))
REUSED = ("Email", "Title")
MARKS = ("Id", "Ref", "Mark")
UNDER_A_WRITE = ("spreadsheets.values.batchUpdateByDataFilter", "spreadsheets.batchUpdate")


def sheet_rows(seed: int) -> list[list[Any]]:
    """Id, LinkedIn, two columns that the run uses, Ref and Mark (the id again); doubles, blanks, own values."""
    draw = random.Random(seed)
    lines: list[list[Any]] = [["Id", "LinkedIn", "Email", "Title", "Ref", "Mark"]]
    for number in range(ROWS):
        person = draw.randrange(number) if number and draw.random() < 0.1 else number
        url = "no profile" if draw.random() < 0.03 else url_of(f"undone-{person}")
        own = f"mine-{number}@example.com" if draw.random() < 0.3 else ""
        title = "=1+1" if draw.random() < 0.1 else ""
        lines.append([f"id-{number}", url, own, title, f"id-{number}", f"id-{number}"])
    return lines


@pytest.mark.parametrize("seed", range(10))
def test_an_undo_gives_each_row_what_it_held_while_people_edit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    if seed % 2:  # as in a large tab, of which only a part is read at a time
        monkeypatch.setattr(tab_reader, "WHOLE_CELLS", 0)
        monkeypatch.setattr(client, "MAX_BYTES", 4_000)
        monkeypatch.setattr(writer, "PAGE_ROWS", 200)
    before = sheet_rows(seed)
    spreadsheet = desk.sheet(before)
    job = desk.run(spreadsheet, write="all" if seed % 3 == 0 else "empty")
    assert job.state is JobState.DONE
    counts = desk.counts(job)
    desk.emulator.random_edits(spreadsheet, seed, probability=0.6)
    job = desk.undo(job)
    edits = desk.emulator.random_edits_made(stop=True)
    assert job.state is JobState.UNDONE, job.message
    assert desk.counts(job) == counts
    print(f"seed {seed}: {job.message}; {dict(Counter(edit['kind'] for edit in edits['log']))}")  # noqa: T201 - shown
    assert edits["log"]

    typed = {edit["after"] for edit in edits["log"] if edit["kind"] == "fill_cell"}
    over = {edit["before"] for edit in edits["log"] if edit["kind"] == "fill_cell"}
    under_a_write = {edit.get("after") for edit in edits["log"] if edit["method"] in UNDER_A_WRITE}
    # Whose URL was edited is not known again.
    moved = {edit[at] for edit in edits["log"] if edit["kind"] == "edit_url" for at in ("before", "after")}
    header, *lines = desk.grid(spreadsheet)
    started = {row[0]: dict(zip(before[0], row, strict=True)) for row in before[1:]}
    wrong, seen = [], set()
    for line in lines:
        cell = dict(zip_longest(header[: len(line)], line, fillvalue="")) | dict.fromkeys(header[len(line) :], "")
        origin = next((started[cell[mark]] for mark in MARKS if cell.get(mark) in started), None)
        seen |= set(map(str, line))
        if (
            origin is None or {cell.get("LinkedIn"), origin["LinkedIn"]} & moved
        ):  # whose URL was edited is not known again
            continue
        slug = origin["LinkedIn"].rpartition("/")[2]
        for name, title in HEADERS.items():
            if title not in cell or cell[title] in typed:
                continue
            own = origin[title] if title in REUSED else ""
            if cell[title] != own and own not in over:
                value = expected(slug)[FIELDS.index(name)]
                kind = "left behind" if cell[title] == value else "foreign or lost"
                wrong.append(f"{kind}: {origin['Id']} {title} holds {cell[title]!r} instead of {own!r}")
    assert not wrong, wrong[:5]
    lost = set(edits["typed"]) - seen
    assert not lost - under_a_write, lost - under_a_write
    print(f"typed under a write: {len(lost)}")  # noqa: T201 - the admitted case is counted and shown
    assert Outcome.ENRICHED in counts
