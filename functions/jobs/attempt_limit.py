"""The limit of attempts at a chunk, so that one that kills its workers does not do so for ever."""

from __future__ import annotations

import sqlalchemy as sa

from functions import logs
from functions.errors import LeadfillError
from functions.jobs.attempt import Attempt, ChunkResult
from functions.outcomes import Outcome
from functions.store import claims, unfinished_rows
from functions.store.chunks import PREPARE, UNDO
from functions.store.job_states import JobState
from functions.store.jobs import Job

MAX_ATTEMPTS = 5
"""Attempts in a row that die or fail without any progress. Workers are also killed for reasons that have nothing to do
with their chunk, such as a deployment or the memory that a neighbour has used; five times in a row it is the chunk."""
MAX_ATTEMPTS_CANCELLED = 2
"""The same after somebody has cancelled the run: one more attempt writes what was paid for, if it can."""

GIVEN_UP = (
    f"This row was tried {MAX_ATTEMPTS} times, and the work broke off each time, so it was given up. Nothing was spent "
    "on it. Retry it; if that fails as well, choose fewer or simpler custom fields, or tell whoever runs Leadfill."
)


class GivenUp(LeadfillError):
    """Work on the sheet broke off at every attempt, so it was given up. Start it again later."""

    slug = "given-up"


def has_failed_too_often(attempt: Attempt) -> bool:
    """Tells whether this chunk is to be given up before it is tried once more."""
    cancelled = attempt.job.state is JobState.CANCELLING
    return attempt.failures >= (MAX_ATTEMPTS_CANCELLED if cancelled else MAX_ATTEMPTS)


def give_up(attempt: Attempt) -> ChunkResult:
    """End a chunk that cannot be worked on: its rows fail, or the whole run does if no chunk has rows yet.

    Rows on which something was spent say so, and a retry opens all of them.
    """
    context, chunk = attempt.context, attempt.chunk
    logs.warning("Chunk given up.", chunk_id=chunk.id, failures=attempt.failures)
    logs.in_doubt(claims.expire(context.store, context.clock()))
    if chunk.number in (PREPARE, UNDO):
        return attempt.end(stopped_by=GivenUp())

    def record(connection: sa.Connection, job: Job) -> None:
        if not job.stop_requested:  # else its rows are cancelled when the run ends, a moment later
            unfinished_rows.end(connection, job.id, Outcome.FAILED, GIVEN_UP, chunk=chunk.number)

    return attempt.end(record)
