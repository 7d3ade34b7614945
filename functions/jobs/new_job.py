"""New jobs: from a range of a sheet, or from the rows of somebody else's job that can be tried again.

Whoever starts a job pays for it. An `Idempotency-Key` names one confirmation: sent again, it gives the job that it
started, and with another request it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa

from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.jobs import plan_id
from functions.jobs.check import require_runs
from functions.jobs.chunking import chunk_numbers
from functions.jobs.confirmation import Started, digest_of, given_before
from functions.jobs.request import JobRequest, from_record, plan_scan, resolved, scan_sheet, to_record
from functions.jobs.row_choice import choose_rows
from functions.outcomes import Outcome, retryable
from functions.profiles import Profile
from functions.sheets.grid import Tab
from functions.sheets.layout import layout_from_record
from functions.sheets.scan import ScannedRow
from functions.store import chunks, job_rows, jobs
from functions.store.chunks import PREPARE
from functions.store.job_rows import JobRow
from functions.store.job_states import JobState
from functions.store.jobs import Job

CHUNK_ROWS = 1_000
"""The most rows of a chunk; and of people to be asked for, as many as the provider allows in a minute: others wait for
a worker meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Confirmation:
    """A confirmed plan, and the person who confirmed it."""

    caller: Caller
    access_token: str
    access_until: datetime | None
    idempotency_key: str
    max_credits: Mapping[str, Decimal]
    digest: str
    """Tells one decoded request from another."""

    @classmethod
    def of(
        cls,
        caller: Caller,
        access_token: str,
        idempotency_key: str,
        *,
        access_until: datetime | None,
        max_credits: Mapping[str, Decimal],
        about: Sequence[object],
    ) -> _Confirmation:
        return cls(
            caller=caller,
            access_token=access_token,
            access_until=access_until,
            idempotency_key=idempotency_key,
            max_credits=max_credits,
            digest=digest_of(about, max_credits),
        )


def start(
    context: AppContext,
    job_request: JobRequest,
    caller: Caller,
    access_token: str,
    *,
    access_until: datetime | None = None,
    max_credits: Mapping[str, Decimal],
    idempotency_key: str,
    plan: str | None = None,
    tabs: Sequence[Tab] = (),
) -> Started:
    """Starts a job over a range.

    Args:
        context: the parts.
        job_request: what to do.
        caller: who pays.
        access_token: theirs, for the spreadsheet.
        access_until: when it ends, where that is known.
        max_credits: the most that it may cost with each provider, as confirmed.
        idempotency_key: made once for each confirmation.
        plan: the id of the plan that was confirmed; None if the caller has seen none.
        tabs: the tabs of the spreadsheet, if they were read just now.

    Raises:
        Conflict: the key has started a different job, or the plan has become dearer.
        InvalidRequest: range or fields cannot be understood, or the plan is another request's.
        SheetError: the spreadsheet cannot be read.
    """
    about = [job_request.spreadsheet_id, to_record(job_request), plan]
    confirmed = _Confirmation.of(
        caller, access_token, idempotency_key, access_until=access_until, max_credits=max_credits, about=about
    )

    def make() -> tuple[Job, list[JobRow]]:
        scan = scan_sheet(context.sheet(job_request.spreadsheet_id, access_token), job_request, tabs)
        rows = list(choose_rows(context, scan, job_request))
        if plan is not None:
            plan_id.check(plan, job_request, plan_scan(context, scan, rows, job_request, caller.subject))
        found = resolved(job_request, scan)
        job = _new_job(context, confirmed, job_request.spreadsheet_id, found, scan.tab.sheet_id)
        keys = [row.found.key for row in rows if isinstance(row.found, Profile) and _is_open(row)]
        return job, list(_rows_of(rows, list(chunk_numbers(context, job_request, keys, CHUNK_ROWS))))

    return _start_once(context, confirmed, make)


def retry_as_own(
    context: AppContext,
    earlier: Job,
    caller: Caller,
    access_token: str,
    *,
    access_until: datetime | None = None,
    retry_in_doubt: bool,
    max_credits: Mapping[str, Decimal],
    idempotency_key: str,
) -> Started:
    """Start a job of the caller's own over the rows of another person's job that can be tried again.

    It writes into the same columns, costs its own caller, has its own ceiling and its own undo; the earlier job stays
    as it is.

    Args:
        context: the parts.
        earlier: the job of somebody else; it has ended.
        caller: who pays.
        access_token: theirs, for the spreadsheet.
        access_until: when it ends, where that is known.
        retry_in_doubt: whether to ask again what may have been charged.
        max_credits: the most that it may cost with each provider.
        idempotency_key: made once for each confirmation.

    Raises:
        Conflict: the key has started a different job.
        WrongJobState: the earlier job has not ended, or nothing of it can be tried again.
    """
    about = [earlier.id, retry_in_doubt]
    confirmed = _Confirmation.of(
        caller, access_token, idempotency_key, access_until=access_until, max_credits=max_credits, about=about
    )

    def make() -> tuple[Job, list[JobRow]]:
        with context.store.reading() as connection:
            wanted = job_rows.ended_as(connection, earlier.id, retryable(in_doubt=retry_in_doubt))
            jobs.check_retryable(connection, earlier, wanted)
        asked = from_record(earlier.request, earlier.spreadsheet_id)
        request = msgspec.structs.replace(asked, retry_in_doubt=retry_in_doubt)
        job = _new_job(context, confirmed, earlier.spreadsheet_id, to_record(request), earlier.sheet_id)
        if earlier.layout is not None:  # an undo of this job takes no column away that the earlier one has made
            layout = layout_from_record(earlier.layout)
            columns = tuple(replace(column, inserted=False) for column in layout.columns)
            job = replace(job, layout=replace(layout, columns=columns, refused=()).to_record())
        numbers = chunk_numbers(context, request, [row.key or "" for row in wanted], CHUNK_ROWS)
        return job, list(_reopened(wanted, numbers))

    return _start_once(context, confirmed, make)


def _start_once(context: AppContext, confirmed: _Confirmation, make: Callable[[], tuple[Job, list[JobRow]]]) -> Started:
    with context.store.reading() as connection:
        if (earlier := _given_before(connection, confirmed)) is not None:
            return Started(earlier, replayed=True)
    require_runs(context)
    job, rows = make()
    over = all(row.outcome is not None for row in rows)
    if over:
        job = replace(job, state=JobState.DONE, finished_at=job.created_at)
    else:
        token = context.cipher.encrypt(confirmed.access_token)
        job = replace(job, encrypted_token=token, access_until=confirmed.access_until)
    job = replace(job, rows=len(rows))
    with context.store.writing() as connection:
        if jobs.add(connection, job, confirmed.idempotency_key) != job.id:  # the same confirmation, a moment ago
            earlier = _given_before(connection, confirmed)
            return Started(earlier or job, replayed=True)
        job_rows.add(connection, job.id, rows)
        chunk_ids = [] if over else chunks.add(connection, job.id, [PREPARE], job.created_at)
    context.enqueue(chunk_ids)
    return Started(job, replayed=False)


def _given_before(connection: sa.Connection, confirmed: _Confirmation) -> Job | None:
    return given_before(connection, confirmed.caller.subject, confirmed.idempotency_key, confirmed.digest)


def _new_job(
    context: AppContext, confirmed: _Confirmation, spreadsheet_id: str, request: dict[str, Any], sheet_id: int
) -> Job:
    return Job(
        id=uuid4().hex,
        spreadsheet_id=spreadsheet_id,
        user_id=confirmed.caller.subject,
        user_email=confirmed.caller.email,
        request=request,
        request_digest=confirmed.digest,
        sheet_id=sheet_id,
        state=JobState.QUEUED,
        ceilings=confirmed.max_credits,
        encrypted_token=None,
        layout=None,
        rows=0,
        message=None,
        stop_requested=False,
        created_at=context.clock(),
        started_at=None,
        resumed_at=None,
        finished_at=None,
    )


def _is_open(row: ScannedRow) -> bool:
    return isinstance(row.found, Profile) and not row.filled and row.left_out is None


def _rows_of(rows: Iterable[ScannedRow], numbers: Sequence[int]) -> Iterator[JobRow]:
    """Yield the rows of a job; `numbers` are the chunks of the open ones.

    Rows without a profile whose Status is written come in further chunks, after all that somebody pays for.
    """
    chunks_of_open = iter(numbers)
    chunks_of_told = (1 + max(numbers, default=0) + told // CHUNK_ROWS for told in count())
    for position, row in enumerate(rows):
        if isinstance(row.found, Profile) and _is_open(row):
            yield JobRow(position, next(chunks_of_open), row.number, row.found.key, None, "", row.held)
        elif isinstance(row.found, Profile) and row.filled:
            yield JobRow(position, PREPARE, row.number, row.found.key, Outcome.ALREADY_FILLED, row.sentence, row.held)
        elif isinstance(row.found, Profile):
            sentence = row.left_out.meaning if row.left_out else ""
            yield JobRow(position, PREPARE, row.number, row.found.key, Outcome.LEFT_OUT, sentence)
        else:
            identity = row.identity if row.left_out is None else None
            chunk = PREPARE if identity is None else next(chunks_of_told)
            yield JobRow(position, chunk, row.number, identity, Outcome.UNUSABLE, row.sentence)


def _reopened(rows: Sequence[JobRow], chunks_of_open: Iterator[int]) -> Iterator[JobRow]:
    for (position, row), chunk in zip(enumerate(rows), chunks_of_open, strict=True):
        yield JobRow(position, chunk, row.row, row.key, None, "")
