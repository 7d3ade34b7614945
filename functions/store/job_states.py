"""The states of jobs and chunks, and which of them may follow which."""

from __future__ import annotations

from enum import StrEnum

from functions.outcomes import Described


class JobState(Described):
    """The state of a job."""

    QUEUED = "queued", "Starting", "accepted; no chunk has started"
    RUNNING = "running", "Running", "at least one chunk has started"
    WAITING_FOR_ACCESS = (
        "waiting_for_access",
        "Waiting for access to the sheet",
        "the sheet's access token expired; everything paid for is kept",
    )
    WAITING_FOR_QUOTA = (
        "waiting_for_quota",
        "Waiting for a provider's limit to end",
        "a provider's limit of an hour or a day is reached; the run goes on by itself when it ends",
    )
    CANCELLING = "cancelling", "Cancelling", "somebody cancelled it; lookups in flight are being settled"
    CANCELLED = "cancelled", "Cancelled", "stopped by a person"
    STOPPED = (
        "stopped",
        "Stopped",
        "the provider, a cap or the sheet stopped it, or nobody renewed its access; its message says which",
    )
    DONE = "done", "Done", "every row has its outcome"
    UNDOING = "undoing", "Undoing", "the cells are getting back what they held"
    UNDONE = "undone", "Undone", "the sheet is as it was before"


ENDED = (JobState.CANCELLED, JobState.STOPPED, JobState.DONE)
"""A job in one of these can be retried and undone."""

LIVE = tuple(state for state in JobState if state not in {*ENDED, JobState.UNDONE})
"""A job in one of these still changes by itself, or waits for somebody to renew its access."""

WAITING = (JobState.WAITING_FOR_ACCESS, JobState.WAITING_FOR_QUOTA)
"""A job in one of these does nothing at present."""


class ChunkState(StrEnum):
    """The state of a chunk."""

    QUEUED = "queued"  # to be run once it is due
    RUNNING = "running"  # an attempt holds its lease
    WAITING_FOR_ACCESS = "waiting_for_access"  # a fresh sheet token puts it back into the queue
    WAITING_FOR_QUOTA = "waiting_for_quota"  # the end of a provider's limit, its due time, puts it back into the queue
    DONE = "done"  # each of its rows has an outcome


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLING, JobState.WAITING_FOR_ACCESS}),
    JobState.RUNNING: frozenset(
        {
            JobState.WAITING_FOR_ACCESS,
            JobState.WAITING_FOR_QUOTA,
            JobState.CANCELLING,
            JobState.STOPPED,
            JobState.DONE,
        },
    ),
    JobState.WAITING_FOR_ACCESS: frozenset(
        {JobState.RUNNING, JobState.CANCELLING, JobState.UNDOING, JobState.STOPPED},
    ),
    JobState.WAITING_FOR_QUOTA: frozenset(
        {JobState.RUNNING, JobState.WAITING_FOR_ACCESS, JobState.CANCELLING, JobState.STOPPED},
    ),
    JobState.CANCELLING: frozenset({JobState.CANCELLED}),
    JobState.CANCELLED: frozenset({JobState.RUNNING, JobState.UNDOING}),
    JobState.STOPPED: frozenset({JobState.RUNNING, JobState.UNDOING}),
    JobState.DONE: frozenset({JobState.RUNNING, JobState.UNDOING}),
    JobState.UNDOING: frozenset({JobState.UNDONE, JobState.WAITING_FOR_ACCESS, JobState.STOPPED}),
    JobState.UNDONE: frozenset(),
}
"""The states that may follow each state. Only a retry leads from an end back to RUNNING."""
