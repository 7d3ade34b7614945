"""A run over a sheet under chaos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.running import Json


@dataclass(slots=True)
class Run:
    """One run over a sheet."""

    person: str
    """The account that pays."""
    spreadsheet: str
    rows: Sequence[Sequence[str]]
    """As they stood at the start; the first column names the row."""
    fields: tuple[str, ...]
    ceiling: int
    """Credits of each provider."""
    token: str = ""
    job: Json = field(default_factory=dict)
