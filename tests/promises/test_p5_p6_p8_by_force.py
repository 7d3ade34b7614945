"""P5, P6, P8 by force: random sheets that live, run and undone while somebody edits between any two calls.

Every row has a formula whose text changes with each move. Some columns are spilled by one formula, people stand in
several rows, rows have no profile, and in some sheets nothing else is typed that could tell rows apart.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Literal

import pytest

from functions.jobs import new_job
from functions.sheet_writes import writer
from functions.sheets import tab_reader
from functions.store.job_states import JobState
from local.sheets_api.a1 import letters
from tests.support.living_faults import FAULTS
from tests.support.living_rows import (
    KINDS,
    WriteWatch,
    enter,
    fill_by_formula,
    judge_run,
    judge_undo,
    random_rows,
    shown,
)
from tests.support.living_sheet import FIELDS, living_sheet

SEEDS = int(os.environ.get("LIVING_SHEETS", "20"))
"""Sheets of each kind; before a release more."""
STATUS_SEEDS = int(os.environ.get("LIVING_SHEETS", "3"))
"""The same where the Status of rows without a profile is written."""
SHOWN_BY = {"formulas_tell_rows_apart": 1, "any_row_of_a_person_proves_a_write": 10}
"""The seed of the first sheet that shows the fault; the search begins there, since it is long."""


def force(
    seed: int,
    size: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    undo: bool,
    fields: tuple[str, ...] = FIELDS,
) -> list[str]:
    """Runs a sheet of a seed, and perhaps undoes it, while somebody edits; returns where a promise is broken."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 25)
    if size == "large":  # as in a large tab, of which only a part is read at a time
        monkeypatch.setattr(tab_reader, "WHOLE_CELLS", 0)
        monkeypatch.setattr(writer, "PAGE_ROWS", 20)
        monkeypatch.setattr(writer, "SLACK_ROWS", 4)
    rows, overwrite = random_rows(seed), seed % 3 == 0
    write: Literal["empty", "all"] = "all" if overwrite else "empty"
    cells = f"Leads!{letters(rows.urls)}2:{letters(rows.urls)}"
    with living_sheet(folder) as living:
        enter(living, rows)
        watch = living.watch = WriteWatch(living, rows, overwrite=overwrite)
        if undo:
            job = living.run(cells, write=write, fields=fields)
            assert job.state is JobState.DONE, job.message
            with living.edited(seed, 0.5, KINDS) as editor:
                job = living.undo(job)
            verdict = judge_undo(living, rows, job, overwrite=overwrite)
        else:
            if rows.late:
                living.once_laid_out = lambda: fill_by_formula(living, rows)
            with living.edited(seed, 0.5, KINDS) as editor:
                job = living.run(cells, write=write, fields=fields)
            verdict = judge_run(living, rows, job, overwrite=overwrite)
        ended = (JobState.UNDONE if undo else JobState.DONE, JobState.STOPPED)
        assert job.state in ended, job.message
        print(f"{job.state.value}: {job.message}; {shown(editor.log)}")  # noqa: T201 - shown where it fails
        return [*watch.wrong, *verdict.everything()]


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_run_while_somebody_edits(seed: int, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not force(seed, size, tmp_path, monkeypatch, undo=False)


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_an_undo_while_somebody_edits(seed: int, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not force(seed, size, tmp_path, monkeypatch, undo=True)


@pytest.mark.parametrize("what", ["run", "undo"])
@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("seed", range(STATUS_SEEDS))
def test_the_status_of_rows_without_a_profile_while_somebody_edits(
    seed: int, size: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = force(seed, size, tmp_path, monkeypatch, undo=what == "undo", fields=(*FIELDS, "status"))
    assert [text for text in found if "Status" in text or "unusable" in text] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_is_put_back_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)
    first = SHOWN_BY.get(fault, 0)
    kinds = itertools.product(range(first, first + 20), ("small", "large"), (False, True))
    for number, (seed, size, undo) in enumerate(kinds):
        folder = tmp_path / str(number)
        folder.mkdir()
        if force(seed, size, folder, monkeypatch, undo=undo):
            return
    pytest.fail("no sheet shows it")
