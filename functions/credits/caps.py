"""The spender of credits, and the caps that apply."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cap:
    """A counter of credits and what it may reach."""

    name: str
    limit: int
    """In credits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The deployment's caps, in credits."""

    per_run: int
    per_user_day: int
    per_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """The person and the run that credits are spent for."""

    run_id: str
    user_id: str
    spreadsheet_id: str = ""
    ceiling: int
    """The most that this run may cost, as confirmed, in credits."""


def caps(spender: Spender, limits: Limits, now: datetime) -> tuple[Cap, ...]:
    """Return the caps that a credit of the spender counts against at `now` (days and months are UTC's)."""
    return (
        Cap(f"run:{spender.run_id}", min(spender.ceiling, limits.per_run)),
        Cap(f"user:{spender.user_id}:{now:%Y-%m-%d}", limits.per_user_day),
        Cap(f"month:{now:%Y-%m}", limits.per_month),
    )
