"""Leads, and the outcomes of rows."""

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

    @property
    def words(self) -> str:
        """The label as it stands inside a sentence, and in a cell."""
        return self.label.lower()


class Outcome(Described):
    """How a row ended in a run; each row has exactly one outcome."""

    ENRICHED = "enriched", "Enriched", "looked up in this run, and paid for"
    KNOWN = "known", "Known", "looked up before, free"
    NOT_FOUND = "not_found", "Not found", "the provider does not know the person"
    UNUSABLE = "unusable", "Unusable", "no LinkedIn profile in the cell"
    ALREADY_FILLED = "already_filled", "Already filled", "left as they were: filled, or nothing more is known"
    MOVED = "moved", "Moved", "the row was gone when its values were to be written"
    FAILED = "failed", "Failed", "no usable answer came"
    IN_DOUBT = "in_doubt", "In doubt", "may have been charged, but no answer came"
    LEFT_OUT = "left_out", "Left out", "left alone: hidden, not meeting your condition, or outside of the trial"
    CANCELLED = "cancelled", "Cancelled", "the run stopped before the row's turn, so it cost nothing"


class LeftOut(Described):
    """The reason why a row is left out; each has a label and a sentence that says what to do."""

    FILTERED = "filtered", "hidden by a filter", "A filter hides this row. Include hidden rows in a new run to fill it."
    HIDDEN = "hidden", "hidden by hand", "This row is hidden. Include hidden rows in a new run to fill it."
    CONDITION = "condition", "not meeting your condition", "This row did not meet the condition of the run."
    TRIAL = "trial", "outside of the trial", "The run was a trial over a few rows, and this was none of them."


class Again(StrEnum):
    """The reason to try a row again, whatever its outcome."""

    SKIPPED = "skipped"  # a provider that could have filled what is open was not asked, or not reached
    IN_DOUBT = "in_doubt"  # a lookup at a provider may have been charged, and no answer came
    WAITING = "waiting"  # the run waits for a provider's limit, and asks for what is open when it goes on


def retryable(*, in_doubt: bool) -> tuple[Outcome, ...]:
    """Returns the outcomes that a retry opens again; those in doubt, too, only where somebody says so."""
    return (Outcome.FAILED, Outcome.CANCELLED, Outcome.MOVED, *((Outcome.IN_DOUBT,) if in_doubt else ()))


NOT_REACHED = "The run was stopped before this row's turn; nothing was spent on it."
"""The sentence of a cancelled row, where nothing else says why."""
