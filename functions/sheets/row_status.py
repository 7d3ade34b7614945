"""Words in a column of Status: those beside rows without a profile, and those that a run replaces; pure.

A run writes them again each time, so the words of an earlier run count as empty, but only in a column that Leadfill has
made for them: in a column of somebody else's, the same words are theirs.
"""

from __future__ import annotations

from functions.fields.catalogue import Field
from functions.outcomes import Outcome
from functions.profiles.parsing import Reason
from functions.sheets.cells import Content

STATUS = "status"
"""The name of the field."""


def unusable(reason: str) -> str:
    """Return the Status of a row without a profile, from the value of the `Reason`."""
    return f"{Outcome.UNUSABLE.words}: {Reason(reason).label}"


_STATUSES = frozenset(outcome.words for outcome in Outcome) | {unusable(reason) for reason in Reason}


def is_status(content: Content) -> bool:
    """Tell whether a cell holds words that a run writes there."""
    return isinstance(content, str) and content in _STATUSES


def number_of(fields: tuple[Field, ...]) -> int | None:
    """Return the number of the field among others; None where it is not wanted."""
    return next((number for number, field in enumerate(fields) if field.name == STATUS), None)
