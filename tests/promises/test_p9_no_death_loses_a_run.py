"""P9: a run survives the death of its worker, in whatever step: nothing paid twice, no row lost, the same sheet."""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from functions.jobs import new_job, service
from functions.jobs.sweep import release_dead_owners
from functions.outcomes import Outcome
from functions.store import chunks, schema_version
from functions.store.database import Store
from functions.store.job_states import JobState
from functions.store.jobs import Job
from local.providers.client import Sandbox
from local.sheets_api.client import SheetsEmulator
from tests.support import dying_worker
from tests.support.accounts import assert_bracketed
from tests.support.desk import Desk, desk_at, url_of
from tests.support.dying_worker import STRAGGLING
from tests.support.waiting import wait_until_quiet

CHUNK_ROWS = 7
SLUGS = [*(f"survivor-{number}" for number in range(11)), "nobody-not-found", "somebody-refused", "survivor-1"]
PUT = (Outcome.ENRICHED, Outcome.KNOWN)

PREPARE = [
    ("after take", 1),
    ("before read", 1),
    ("before change", 1),
    ("after change", 1),
    ("after remember", 1),
    ("after add chunks", 1),
    ("after conclude", 1),
    ("after run", 1),
]
ROWS = [
    ("after take", 1),
    ("before claim", 1),
    ("after claim", 1),
    ("before lookup", 2),
    ("after lookup", 2),
    ("before settle", 1),
    ("after settle", 1),
    ("after settle", 2),
    ("before lock", 1),
    ("after lock", 1),
    ("after read", 1),
    ("before intend", 1),
    ("after intend", 1),
    ("before write", 1),
    ("after write", 1),
    ("after write", 2),
    ("after read", 2),
    ("before unlock", 1),
    ("after unlock", 1),
    ("after finish", 1),
    ("before conclude", 1),
    ("after conclude", 1),
    ("after conclude", 2),
    ("after run", 1),
    ("after run", 2),
]
UNDO = [
    ("after take", 1),
    ("after lock", 1),
    ("after read", 1),
    ("before write", 1),
    ("after write", 1),
    ("before change", 1),
    ("after change", 1),
    ("before unlock", 1),
    ("after finish", 1),
    ("after conclude", 1),
    ("after run", 1),
]
KEPT = {"take", "remember", "claim", "settle", "intend", "finish", "conclude", "run"}
"""Steps that end, or are followed by, a commit; the others are no matter of the database, and so tried on one."""


def on_databases(phases: Sequence[tuple[str, int]]) -> list[tuple[str, str, int]]:
    """Each step on SQLite, and on PostgreSQL where it is a matter of the database."""
    kept = [(step, after) for step, after in phases if step.startswith("after ") and step.split()[1] in KEPT]
    return [("sqlite", *phase) for phase in phases] + [("postgresql", *phase) for phase in kept]


def cells(*, reused: bool) -> list[list[Any]]:
    """Id, LinkedIn, and perhaps a column of e-mails that holds something here and there."""
    rows: list[list[Any]] = [["Id", "LinkedIn"], *[[f"id-{n:02}", url_of(slug)] for n, slug in enumerate(SLUGS)]]
    rows += [["id-97", "no profile"], ["id-98", ""]]
    if reused:
        rows[0] += ["Email"]
        for number, row in enumerate(rows[1:]):
            row += ["mine@example.com" if number % 4 == 1 else ""]
    return rows


@pytest.fixture
def desk(database_url: str, tmp_path: Path, sandbox: Sandbox, emulator: SheetsEmulator) -> Iterator[Desk]:
    """A desk over each database."""
    store = Store(database_url)
    schema_version.upgrade(store)
    store.close()
    with desk_at(tmp_path, sandbox, emulator, DATABASE_URL=database_url, SLINTEL_CONCURRENCY="4") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_job, "CHUNK_ROWS", CHUNK_ROWS)
    monkeypatch.setattr(chunks, "STRAGGLING", STRAGGLING)


def work(desk: Desk, step: str = "any", after: int = 10**6) -> int:
    """A worker that dies at a step; how it ended."""
    return dying_worker.run(desk.variables, CHUNK_ROWS, step, after)


def go_on(desk: Desk, job: Job) -> Job:
    """What a worker does that starts now: it buries the dead, and runs what is due."""
    release_dead_owners(desk.store, desk.context.clock())
    return desk.drain(job)


@cache
def quiet(sandbox: Sandbox, emulator: SheetsEmulator, *, reused: bool) -> tuple[dict[str, list[Any]], list[Outcome]]:
    """The sheet and the outcomes of a run in which nobody dies."""
    with TemporaryDirectory() as home, desk_at(Path(home), sandbox, emulator) as desk:
        spreadsheet = desk.sheet(cells(reused=reused))
        job = desk.run(spreadsheet)
        found = by_id(desk.grid(spreadsheet)), outcomes(desk, job)
    sandbox.reset()
    return found


def by_id(grid: list[list[Any]]) -> dict[str, list[Any]]:
    """Rows by what stands in their first cell, wherever they are."""
    return {row[0]: [*row, *[""] * (len(grid[0]) - len(row))] for row in grid}


def outcomes(desk: Desk, job: Job) -> list[Outcome]:
    """Each row's; all have one (P8)."""
    desk.counts(job)
    found = [row.outcome for row in desk.rows(job)]
    assert None not in found
    return [outcome for outcome in found if outcome is not None]


def assert_as_quiet(desk: Desk, spreadsheet: str, job: Job, *, reused: bool) -> None:
    """Compares a run that met deaths with one that met none, and its ledger with what was really charged."""
    wanted, quietly = quiet(desk.sandbox, desk.emulator, reused=reused)
    assert job.state is JobState.DONE, job
    wait_until_quiet(desk.sandbox)
    totals = assert_bracketed(desk.store, desk.sandbox)
    charges = desk.sandbox.charges(by="slug")
    assert max(charges.values(), default=0) <= 1, charges
    ended = outcomes(desk, job)
    there, before = by_id(desk.grid(spreadsheet)), by_id(cells(reused=reused))
    assert list(there["Id"]) == list(wanted["Id"])
    for number, (outcome, quiet_outcome) in enumerate(zip(ended, quietly, strict=True)):
        name = cells(reused=reused)[number + 1][0]
        if outcome is Outcome.IN_DOUBT:
            assert [cell for cell in there[name] if cell != ""] == [cell for cell in before[name] if cell != ""]
        else:
            assert outcome is quiet_outcome or {outcome, quiet_outcome} <= set(PUT)
            assert there[name] == wanted[name]
    counts = Counter(ended)
    assert counts[Outcome.ENRICHED] == totals.charged  # one row a charged person, whichever attempt paid
    assert desk.job(job).encrypted_token is None


def assert_undone(desk: Desk, spreadsheet: str, job: Job, before: list[list[Any]]) -> None:
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before


@pytest.mark.parametrize("reused", [True, False])
@pytest.mark.parametrize(("database_url", "step", "after"), on_databases(PREPARE), indirect=["database_url"])
def test_a_worker_that_dies_while_it_prepares_the_sheet(desk: Desk, step: str, after: int, *, reused: bool) -> None:
    if step == "after remember" and not reused:
        pytest.skip("new columns hold nothing that would be remembered")
    quiet(desk.sandbox, desk.emulator, reused=reused)
    spreadsheet = desk.sheet(cells(reused=reused))
    before = desk.grid(spreadsheet)
    job = desk.start(spreadsheet)
    assert work(desk, f"prepare: {step}", after) == -signal.SIGKILL
    assert desk.sandbox.charges()["total"] == 0
    job = go_on(desk, job)
    assert_as_quiet(desk, spreadsheet, job, reused=reused)
    assert desk.charged()[1] == 0  # nothing was sent, so nothing is in doubt
    assert_undone(desk, spreadsheet, job, before)


@pytest.mark.parametrize(("database_url", "step", "after"), on_databases(ROWS), indirect=["database_url"])
def test_a_worker_that_dies_while_it_looks_rows_up_and_writes_them(desk: Desk, step: str, after: int) -> None:
    quiet(desk.sandbox, desk.emulator, reused=True)
    desk.sandbox.switch(latency_s=0.02)
    spreadsheet = desk.sheet(cells(reused=True))
    before = desk.grid(spreadsheet)
    job = desk.start(spreadsheet)
    assert work(desk, f"rows: {step}", after) == -signal.SIGKILL
    job = go_on(desk, job)
    assert_as_quiet(desk, spreadsheet, job, reused=True)
    assert_undone(desk, spreadsheet, job, before)


@pytest.mark.parametrize("reused", [True, False])
@pytest.mark.parametrize(("database_url", "step", "after"), on_databases(UNDO), indirect=["database_url"])
def test_a_worker_that_dies_while_it_undoes(desk: Desk, step: str, after: int, *, reused: bool) -> None:
    spreadsheet = desk.sheet(cells(reused=reused))
    before = desk.grid(spreadsheet)
    job = desk.run(spreadsheet)
    job = service.undo(desk.context, job, desk.token)
    assert service.undo(desk.context, job, desk.token).state is JobState.UNDOING, "a second click, or a lost answer"
    assert work(desk, f"undo: {step}", after) == -signal.SIGKILL
    job = go_on(desk, job)
    assert (job.state, job.message, desk.job(job).encrypted_token) == (JobState.UNDONE, None, None)
    assert desk.grid(spreadsheet) == before


@pytest.mark.parametrize(
    ("database_url", "seed"),
    [("sqlite", 0), ("sqlite", 1), ("sqlite", 2), ("postgresql", 3)],
    indirect=["database_url"],
)
def test_workers_that_die_one_after_another_while_somebody_sorts(desk: Desk, seed: int) -> None:
    draw = random.Random(seed)
    quiet(desk.sandbox, desk.emulator, reused=True)
    desk.sandbox.switch(latency_s=0.02)
    spreadsheet = desk.sheet(cells(reused=True))
    job = desk.start(spreadsheet)
    span = {"sheetId": job.sheet_id, "startRowIndex": 1, "startColumnIndex": 0, "endColumnIndex": 6}
    deaths = 0
    while (ended := work(desk, "any", draw.randint(10, 60))) != 0:
        assert ended == -signal.SIGKILL
        deaths += 1
        order = draw.choice(["ASCENDING", "DESCENDING"])
        specs = [{"dimensionIndex": 0, "sortOrder": order}]
        desk.emulator.edit(spreadsheet, {"sortRange": {"range": span, "sortSpecs": specs}})
    assert deaths > 0
    assert_as_quiet(desk, spreadsheet, desk.job(job), reused=True)


def test_a_run_that_is_cancelled_while_its_worker_is_dead_keeps_what_it_paid_for(desk: Desk) -> None:
    desk.sandbox.switch(latency_s=0.02)
    spreadsheet = desk.sheet(cells(reused=True))
    before = desk.grid(spreadsheet)
    job = desk.start(spreadsheet)
    assert work(desk, "rows: after settle", 1) == -signal.SIGKILL
    assert service.cancel(desk.context, job).state is JobState.CANCELLING
    job = go_on(desk, job)
    assert (job.state, job.encrypted_token) == (JobState.CANCELLED, None)
    wait_until_quiet(desk.sandbox)
    totals = assert_bracketed(desk.store, desk.sandbox)
    counts = desk.counts(job)
    assert counts[Outcome.ENRICHED] == totals.charged > 0
    assert counts[Outcome.CANCELLED] > 0
    assert desk.grid(spreadsheet) != before
    assert_undone(desk, spreadsheet, job, before)


def test_a_retry_asks_each_person_once_though_its_worker_dies(desk: Desk) -> None:
    spreadsheet = desk.sheet(cells(reused=True))
    job = desk.start(spreadsheet)
    assert work(desk, "rows: after claim", 1) == -signal.SIGKILL  # nobody was asked, and nobody can know that
    job = go_on(desk, job)
    doubtful = desk.counts(job)[Outcome.IN_DOUBT]
    assert doubtful > 2
    job = desk.retry(job, 100, in_doubt=True)
    assert work(desk, "rows: after lookup", 2) == -signal.SIGKILL
    job = go_on(desk, job)
    assert job.state is JobState.DONE
    assert 0 < desk.counts(job)[Outcome.IN_DOUBT] <= doubtful
    assert_bracketed(desk.store, desk.sandbox)
    assert set(desk.sandbox.charges(by="slug").values()) == {1}
