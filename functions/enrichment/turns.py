"""The turns of this instance with one provider: its part of the rate that all instances share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions import logs
from functions.credits.pacing import Schedule, Turn
from functions.credits.terms import label_of
from functions.errors import QuotaExhausted, StoreError
from functions.providers.contract import quota_exhausted
from functions.runtime import REAL, Runtime
from functions.store import rates
from functions.store.database import Store
from functions.store.rates import Pace

MARGIN_S = 60.0, 180.0
"""Seconds from the end of a limit until somebody asks again, at least and at most: clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Takes turns, and tells all instances what the provider says about its limits. Safe to share between threads."""

    store: Store
    pace: Pace
    """Its name is the provider's."""
    clock: Callable[[], datetime]
    runtime: Runtime = REAL

    def paced(self) -> Pace:
        """Return the limits, with a new random margin each time."""
        shortest, longest = MARGIN_S
        margin = timedelta(seconds=shortest + self.runtime.random() * (longest - shortest))
        return Pace(self.pace.name, self.pace.limits, margin)

    def next(self) -> Turn:
        """Take the turn of a request that comes without one, such as a retry.

        Raises:
            QuotaExhausted: a limit of an hour or a day is reached.
            StoreError: the store cannot be used.
        """
        given = rates.next_turn(self.store, self.paced(), self.clock())
        if not given.turns:
            raise self.exhausted(given.until)
        return given.turns[0]

    def seconds_to(self, turn: Turn) -> float:
        """Return the seconds until a turn; 0 if it has come."""
        return max(0.0, (turn.at - self.clock()).total_seconds())

    def exhausted(self, until: datetime | None) -> QuotaExhausted:
        """Return the error of a limit that is reached until then, or of a contract that is used up (None)."""
        return quota_exhausted(label_of(self.pace.name), until)

    def refused(self, turn: Turn, error: QuotaExhausted) -> QuotaExhausted:
        """Tell all instances that the provider refuses for an hour or a day; return the error to end the run with."""
        now, paced = self.clock(), self.paced()

        def move(schedule: Schedule) -> Schedule:
            return schedule.refused(turn.at, error.wait, now, paced.margin)

        try:
            schedule = rates.change(self.store, paced, move)
        except StoreError:
            return error
        logs.warning(
            "Provider's limit reached.",
            provider=self.pace.name,
            refusals=schedule.refusals,
            until=schedule.blocked_until.isoformat() if schedule.blocked_until else None,
        )
        return error if schedule.blocked_until == error.until else self.exhausted(schedule.blocked_until)

    def answered(self) -> None:
        """Tell all instances that a limit is over: the provider has answered the request that tried."""
        try:
            rates.change(self.store, self.pace, Schedule.answered)
        except StoreError:  # another one finds out
            return
        logs.event("Provider answers again.", provider=self.pace.name)
