"""Progress of a job: rows done, rows a second, and the time left. Rows of the past say nothing about either."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from functions.store.job_states import JobState
from functions.store.jobs import Job


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job."""

    done: int
    """Rows that have their outcome, or whose lookup has come back."""
    fraction: float
    """From 0 to 1; 1 for a job without rows."""
    rate_per_s: float | None
    """Rows a second since the job last began or was resumed; None while nothing has come back, and once it ended."""
    eta_s: float | None
    """Seconds to the end at this rate; None where there is no rate."""


def progress(job: Job, settled: int, seen: int, now: datetime) -> Progress:
    """Computes how far a job is.

    Args:
        job: the job.
        settled: rows that have their outcome.
        seen: rows that have come back in the chunks that run, and have no outcome yet.
        now: the present.
    """
    done = min(job.rows, settled + seen)
    fraction = done / job.rows if job.rows else 1.0
    came = done - job.done_at_resume
    if job.state is not JobState.RUNNING or job.resumed_at is None or came <= 0 or now <= job.resumed_at:
        return Progress(done, fraction, None, None)
    rate = came / (now - job.resumed_at).total_seconds()
    return Progress(done, fraction, round(rate, 3), round((job.rows - done) / rate, 1))
