"""Leads, outcomes of rows, and states of jobs and chunks."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self

Lead = dict[str, Any]
"""A provider's knowledge of a person: the `data` object of Slintel's answer, kept whole."""


class Described(StrEnum):
    """A value with the words for it. The sidebar, the command line and the glossary take them from here."""

    label: str
    meaning: str

    def __new__(cls, value: str, label: str = "", meaning: str = "") -> Self:
        """Create a member. The defaults let the type checker accept `Outcome("known")`, which looks one up."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.meaning = meaning
        return member


class Outcome(Described):
    """The end of a row in a run; each row has exactly one."""

    ENRICHED = "enriched", "Enriched", "looked up in this run, and paid for"
    KNOWN = "known", "Known", "looked up before, free"
    NOT_FOUND = "not_found", "Not found", "the provider does not know the person"
    UNUSABLE = "unusable", "Unusable", "no LinkedIn profile in the cell"
    ALREADY_FILLED = "already_filled", "Already filled", "the cells held something and were left as they were"
    MOVED = "moved", "Moved", "the row was gone when its values were to be written"
    FAILED = "failed", "Failed", "no usable answer; can be retried"
    IN_DOUBT = "in_doubt", "In doubt", "may have been charged, but no answer came"
    CANCELLED = "cancelled", "Cancelled", "the run stopped before the row's turn: by a person, a cap or the provider"


def retryable(*, in_doubt: bool) -> tuple[Outcome, ...]:
    """Returns the outcomes that a retry opens again; those in doubt, too, only where somebody says so."""
    return (Outcome.FAILED, Outcome.CANCELLED, Outcome.MOVED, *((Outcome.IN_DOUBT,) if in_doubt else ()))


NOT_REACHED = "The run was stopped before this row's turn; nothing was spent on it."
"""The sentence of a cancelled row, where nothing else says why."""


class JobState(Described):
    """The state of a job."""

    QUEUED = "queued", "Starting", "accepted; no chunk has started"
    RUNNING = "running", "Running", "at least one chunk has started"
    WAITING_FOR_ACCESS = (
        "waiting_for_access",
        "Waiting for access to the sheet",
        "the sheet's access token expired; everything paid for is kept",
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


class ChunkState(StrEnum):
    """The state of a chunk."""

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
"""The states that may follow each state. Only a retry leads from an end back to RUNNING."""
