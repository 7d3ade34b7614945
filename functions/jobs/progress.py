"""Progress of a job: rows done, the pace of its lookups, and the time left.

Rows that were filled, known or done before are ignored: they say nothing about the time that lookups take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from functions.context import AppContext
from functions.credits.forecast import Recent, Supply, done_at
from functions.credits.terms import Terms
from functions.jobs.request import from_record
from functions.store import chunks, ledger, people_to_come, rates
from functions.store.job_states import JobState
from functions.store.jobs import Job
from functions.store.ledger import Totals
from functions.store.rates import Pace
from functions.store.sheet_calls import FLUSH_CALLS

LATELY = timedelta(minutes=2)
"""The pace is that of the latest lookups: a provider's changes."""
ENDING = timedelta(seconds=1)
"""From the last answer to the last values in the sheet: a look and a write."""
_MOVING = (JobState.RUNNING, JobState.WAITING_FOR_QUOTA)


@dataclass(frozen=True, slots=True)
class Ahead:
    """The work that a job still has to do."""

    people: int = 0
    """Those who are still to be looked up."""
    recent: Recent | None = None
    """Those who were lately; None if nobody was since the job last began or was resumed."""
    supplies: tuple[Supply, ...] = ()
    """The providers of the run."""
    chunks: int = 0
    """Those that are not done."""
    delivery: timedelta = timedelta(0)
    """The least time from the end of one to the end of the next."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job."""

    done: int
    """Rows that have their outcome, or whose lookup has come back."""
    fraction: float
    """From 0 to 1; 1 for a job without rows."""
    rate_per_s: float | None
    """People looked up a second, lately; None while too few were, and where nobody is."""
    eta_s: float | None
    """Seconds to the end, a provider's pauses included; None where it cannot be told."""


def progress(job: Job, settled: int, seen: int, ahead: Ahead, now: datetime) -> Progress:
    """Computes how far a job is.

    Args:
        job: the job.
        settled: rows that have their outcome.
        seen: rows that have come back in the chunks that run, and have no outcome yet.
        ahead: what is still to be done.
        now: the present.
    """
    done = min(job.rows, settled + seen)
    fraction = done / job.rows if job.rows else 1.0
    if job.state not in _MOVING:
        return Progress(done, fraction, None, None)
    interval = ahead.recent.interval if ahead.recent else None
    rate = 1 / interval.total_seconds() if interval and job.state is JobState.RUNNING else None
    goes_on = max(now, job.goes_on_at or now)
    end = done_at(ahead.people, ahead.recent, ahead.supplies, goes_on)
    if end is not None:
        end = max(end, goes_on + max(0, ahead.chunks - 1) * ahead.delivery) + ENDING
    eta_s = None if end is None else round((end - now).total_seconds(), 1)
    return Progress(done, fraction, None if rate is None else round(rate, 3), eta_s)


def ahead_of(
    context: AppContext, connection: sa.Connection, job: Job, totals: Mapping[str, Totals], settled: int
) -> Ahead:
    """Read the work that a job still has to do.

    Args:
        context: the parts.
        connection: a transaction.
        job: the job.
        totals: its lookups so far, by provider.
        settled: rows that have their outcome.
    """
    if job.state not in _MOVING or job.resumed_at is None:
        return Ahead()
    now, request = context.clock(), from_record(job.request, job.spreadsheet_id)
    providers = [name for name in request.providers or context.providers if name in context.terms]
    until = job.waiting_since or now
    people = people_to_come.count(
        connection,
        job.id,
        needs=request.wanted(),
        last_provider=providers[-1] if providers else "",
        retry=request.retry,
        since=job.started_at,
        fresh=context.fresh,
        now=now,
        open_rows=job.rows - settled,
    )
    return Ahead(
        people=people,
        recent=ledger.recent(connection, job.id, max(job.resumed_at, until - LATELY), until),
        supplies=supplies_of(connection, {name: context.terms[name] for name in providers}, totals),
        chunks=chunks.open_chunks(connection, job.id),
        delivery=FLUSH_CALLS * context.sheet_pace.interval if context.sheet_pace else timedelta(0),
    )


def supplies_of(
    connection: sa.Connection, terms: Mapping[str, Terms], totals: Mapping[str, Totals]
) -> tuple[Supply, ...]:
    """Read the limits of a run's providers; for providers that were asked already, also how often.

    Args:
        connection: a transaction.
        terms: of the providers, in the order in which they are asked.
        totals: the lookups of the run so far, by provider.
    """
    asked = {name: totals.get(name, Totals()).lookups for name in terms}
    most, first = max(asked.values(), default=0), next(iter(terms), "")
    return tuple(
        Supply(rates.read(connection, Pace(name, of_name.limits)), asked[name] / most if most else float(name == first))
        for name, of_name in terms.items()
    )
