"""The pace of calls to Google Sheets, shared by all instances.

Google asks for about one request a second to a spreadsheet, whoever sends it
(https://developers.google.com/workspace/sheets/api/troubleshoot-api-errors).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from functions.credits.pacing import Gcra, Schedule
from functions.store import rates
from functions.store.database import Store

BURST = 10
"""Calls that may follow each other at once after a pause: a small run has hardly more."""
CROWDED = "Too many runs and people use this spreadsheet right now; try again in a minute."

USERS_CALLS = 60
"""Calls a minute that Google allows each user (https://developers.google.com/workspace/sheets/api/limits)."""
FLUSH_CALLS = 3
"""A look, a write and a look again."""
BEGINNING_CALLS = 5
"""Calls from a confirmation to the first lookup: two to start the run, and up to three to make its columns."""
FLUSH_INTERVAL = timedelta(minutes=1) * FLUSH_CALLS / (USERS_CALLS // 2 - BEGINNING_CALLS)
"""From one flush to the next, of all runs of one user: half of what Google allows, less what a run takes to begin."""


def take_flush(store: Store, user_id: str, now: datetime, *, gives_way: timedelta = timedelta(0)) -> timedelta:
    """Take the turn of a user's runs to write results, if it is free; return how long it is not.

    Nobody has a turn ahead of time: of those who ask for it, whoever gives way for the shortest time gets it.

    Args:
        store: where turns are kept.
        user_id: the account whose runs take turns.
        now: the present.
        gives_way: how long the turn is left to others, once it is free.

    Returns:
        0 if the turn was taken; else the time after which to ask again.

    Raises:
        StoreError: the store cannot be used.
    """
    left = timedelta(0)

    def move(schedule: Schedule) -> Schedule:
        nonlocal left
        wait = timedelta(0) if schedule.paid_until is None else schedule.paid_until + gives_way - now
        if timedelta(0) < wait <= FLUSH_INTERVAL + gives_way:  # a longer one means that a clock has gone back
            left = wait
            return schedule
        left = timedelta(0)
        return replace(schedule, paid_until=now + FLUSH_INTERVAL)

    rates.change(store, rates.Pace(_flushes_of(user_id), ()), move)
    return left


def flush_at_once(store: Store, user_id: str, now: datetime) -> None:
    """Take a turn now, whenever the next one is: the one after it is a whole interval later.

    Raises:
        StoreError: the store cannot be used.
    """
    later = now + FLUSH_INTERVAL
    rates.change(store, rates.Pace(_flushes_of(user_id), ()), lambda schedule: replace(schedule, paid_until=later))


def _flushes_of(user_id: str) -> str:
    return f"flushes of {user_id}"


def pace(per_minute: int) -> Gcra | None:
    """Return the steady rate of so many calls a minute; None where they are not limited."""
    return Gcra(timedelta(minutes=1) / per_minute, BURST) if per_minute else None


def take_turn(store: Store, spreadsheet_id: str, pace: Gcra, now: datetime) -> datetime:
    """Take the next turn to call a spreadsheet and return its time: `now`, or later.

    Raises:
        Throttled: it would be too far from now; no turn was taken.
        StoreError: the store cannot be used.
    """
    from functions.sheets.transport import Throttled

    start = rates.next_in_bursts(store, f"spreadsheet {spreadsheet_id}", pace, now)
    if start is None:
        raise Throttled(CROWDED, retry_after_s=rates.MAX_TURN.total_seconds())
    return start
