"""A lead, how a row ends, and where a job stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

Lead = dict[str, Any]
"""What a provider knows about a person: the `data` object of Slintel's answer, kept whole."""


class Outcome(StrEnum):
    """How a row ended; each row has exactly one."""

    ENRICHED = "enriched"  # looked up in this run, and paid for
    KNOWN = "known"  # answered from the store, free
    NOT_FOUND = "not_found"  # the provider does not know the person
    UNUSABLE = "unusable"  # the cell holds no profile; nothing was asked
    ALREADY_FILLED = "already_filled"  # the target cells held something; nothing was asked
    MOVED = "moved"  # the row was gone when its values should have been written
    FAILED = "failed"  # the lookup ended without a usable answer
    IN_DOUBT = "in_doubt"  # the lookup may have been charged, but no answer came
    CANCELLED = "cancelled"  # the run stopped before the row's turn: by a person, a cap or the provider


RETRYABLE = (Outcome.FAILED, Outcome.CANCELLED, Outcome.MOVED)
"""The rows that a retry opens again; those in doubt, too, where somebody says so."""


NOT_REACHED = "The run was stopped before this row's turn; nothing was spent on it."
"""The sentence of a cancelled row, where nothing else says why."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"  # accepted, no chunk has started
    RUNNING = "running"  # at least one chunk has started
    WAITING_FOR_ACCESS = "waiting_for_access"  # the sheet token ran out; everything paid for is kept
    CANCELLING = "cancelling"  # asked to stop; lookups in flight are settled
    CANCELLED = "cancelled"  # stopped by a person
    STOPPED = "stopped"  # could not go on: the provider, a cap, the sheet, or nobody renewed the access; it says which
    DONE = "done"  # every row has its outcome
    UNDOING = "undoing"  # the cells are being given back what they held
    UNDONE = "undone"  # the sheet is as it was before


ENDED = (JobState.CANCELLED, JobState.STOPPED, JobState.DONE)
"""A job in one of these can be retried and undone."""


class ChunkState(StrEnum):
    """Where a chunk stands."""

    QUEUED = "queued"  # to be run once it is due
    RUNNING = "running"  # an attempt holds its lease
    WAITING = "waiting"  # for a fresh sheet token
    DONE = "done"  # each of its rows has an outcome


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLING, JobState.WAITING_FOR_ACCESS}),
    JobState.RUNNING: frozenset(
        {JobState.WAITING_FOR_ACCESS, JobState.CANCELLING, JobState.STOPPED, JobState.DONE},
    ),
    JobState.WAITING_FOR_ACCESS: frozenset(
        {JobState.RUNNING, JobState.CANCELLING, JobState.UNDOING, JobState.STOPPED},
    ),
    JobState.CANCELLING: frozenset({JobState.CANCELLED}),
    JobState.CANCELLED: frozenset({JobState.RUNNING, JobState.UNDOING}),
    JobState.STOPPED: frozenset({JobState.RUNNING, JobState.UNDOING}),
    JobState.DONE: frozenset({JobState.RUNNING, JobState.UNDOING}),
    JobState.UNDOING: frozenset({JobState.UNDONE, JobState.WAITING_FOR_ACCESS, JobState.STOPPED}),
    JobState.UNDONE: frozenset({JobState.RUNNING}),
}
"""Which states may follow which; `retry` is what leads back from an end to RUNNING."""
