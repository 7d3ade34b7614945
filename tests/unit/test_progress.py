"""P12: rate and time left count what came since the run last began, never what was there before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.jobs.progress import Progress, progress
from functions.store.job_states import JobState
from functions.store.jobs import Job

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def job(
    state: JobState = JobState.RUNNING, *, rows: int = 1_000, done_at_resume: int = 0, resumed_s: float | None = 1.0
) -> Job:
    """A job that was resumed so many seconds ago."""
    return Job(
        id="job",
        spreadsheet_id="sheet",
        user_id="user",
        request={},
        request_digest="",
        sheet_id=0,
        state=state,
        ceilings={},
        encrypted_token=None,
        layout=None,
        rows=rows,
        message=None,
        stop_requested=False,
        created_at=NOW - timedelta(days=9),
        started_at=NOW - timedelta(days=8),
        resumed_at=None if resumed_s is None else NOW - timedelta(seconds=resumed_s),
        done_at_resume=done_at_resume,
        finished_at=None,
    )


@pytest.mark.parametrize(
    ("running", "settled", "seen", "expected"),
    [
        (job(), 10, 0, Progress(10, 0.01, 10.0, 99.0)),
        (job(), 10, 10, Progress(20, 0.02, 20.0, 49.0)),
        (job(done_at_resume=900), 900, 1, Progress(901, 0.901, 1.0, 99.0)),  # a retry of 100 of 1,000 rows
        (job(done_at_resume=900, resumed_s=4.0), 902, 0, Progress(902, 0.902, 0.5, 196.0)),
        (job(done_at_resume=900), 900, 0, Progress(900, 0.9, None, None)),
        (job(resumed_s=0.0), 10, 0, Progress(10, 0.01, None, None)),
        (job(resumed_s=None), 10, 0, Progress(10, 0.01, None, None)),
        (job(rows=0), 0, 0, Progress(0, 1.0, None, None)),
        (job(), 1_000, 7, Progress(1_000, 1.0, 1000.0, 0.0)),  # what has come back may have its outcome by now
    ],
)
def test_progress(running: Job, settled: int, seen: int, expected: Progress) -> None:
    assert progress(running, settled, seen, NOW) == expected


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.RUNNING])
def test_who_does_not_run_has_no_rate(state: JobState) -> None:
    assert progress(job(state), 500, 0, NOW) == Progress(500, 0.5, None, None)
