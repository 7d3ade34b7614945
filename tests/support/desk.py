"""A desk to run jobs at, in this process: the Sheets emulator, the sandbox, a store of its own, and one caller."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from functions import bootstrap
from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.fields import Facts, project, select
from functions.jobs import new_job, service
from functions.jobs.attempt import ChunkResult
from functions.jobs.chunk_runner import run_chunk
from functions.jobs.request import JobRequest
from functions.outcomes import Outcome
from functions.settings import read
from functions.store import job_rows
from functions.store.database import Store
from functions.store.job_rows import JobRow
from functions.store.job_states import WAITING, JobState
from functions.store.jobs import Job
from functions.task_queue import StoreQueue
from local.providers.client import Sandbox, without_limits
from local.providers.people import lead
from local.sheets_api.client import SheetsEmulator
from tests.support.accounts import totals_of
from tests.support.contexts import SECRET
from tests.support.enrichers import PROVIDER, allowed

FIELDS = ("email", "title", "company", "size")
ACTIVE = (JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING, JobState.UNDOING)
CALLER = Caller("person-1", "person@example.com", "example.com")


def environ(database: str, sandbox_url: str, emulator_url: str, **more: str) -> dict[str, str]:
    """The settings of a deployment on this machine."""
    return {
        "DATABASE_URL": database,
        "SLINTEL_API_KEY": "key",
        "SLINTEL_BASE_URL": sandbox_url,
        "SHEETS_API_ENDPOINT": f"{emulator_url}/",
        "SHEETS_CALLS_PER_MINUTE": "0",
        "LEADFILL_SECRET_KEY": SECRET,
        "CREDITS_PER_RUN": "1000000",
        "CREDITS_PER_USER_DAY": "1000000",
        "CREDITS_PER_MONTH": "1000000",
        **without_limits(),
        **more,
    }


def parts(variables: dict[str, str]) -> AppContext:
    """A deployment whose queue is the store itself; who uses it drains it."""
    settings = read(variables)
    return bootstrap.context(settings, bootstrap.store(settings), StoreQueue(lambda: None))


@dataclass(slots=True)
class Desk:
    """One deployment, one spreadsheet service, one person."""

    context: AppContext
    emulator: SheetsEmulator
    sandbox: Sandbox
    token: str
    variables: dict[str, str]

    @property
    def store(self) -> Store:
        """The store."""
        return self.context.store

    def sheet(self, rows: Sequence[Sequence[Any]]) -> str:
        """A new spreadsheet with one tab “Leads”."""
        return self.emulator.spreadsheet(rows)

    def plan(
        self,
        spreadsheet: str,
        cells: str = "Leads!B2:B",
        fields: Sequence[str] = FIELDS,
        **job_request: Any,  # noqa: ANN401 - any part of it
    ) -> Decimal:
        """The most that a run would cost, in credits."""
        wanted = JobRequest(spreadsheet_id=spreadsheet, range=cells, fields=tuple(fields), **job_request)
        return service.plan_run(self.context, wanted, CALLER, self.token)[1].ceilings[PROVIDER]

    def start(
        self,
        spreadsheet: str,
        cells: str = "Leads!B2:B",
        fields: Sequence[str] = FIELDS,
        *,
        max_credits: int | Mapping[str, Decimal] = 10**6,
        **job_request: Any,  # noqa: ANN401 - any part of the request
    ) -> Job:
        """Starts a job, with so many credits of one provider, or with ceilings by provider."""
        wanted = JobRequest(spreadsheet_id=spreadsheet, range=cells, fields=tuple(fields), **job_request)
        key, ceilings = uuid4().hex, allowed(max_credits) if isinstance(max_credits, int) else max_credits
        started = new_job.start(self.context, wanted, CALLER, self.token, max_credits=ceilings, idempotency_key=key)
        return started.job

    def drain(self, job: Job, *, at_most_s: float = 120.0, step: Callable[[], object] = lambda: None) -> Job:
        """Runs chunks until the job has ended or waits for access."""
        until = time.monotonic() + at_most_s
        while (job := self.job(job)).state in ACTIVE:
            assert time.monotonic() < until, f"the job did not end: {job}"
            if run_chunk(self.context) is ChunkResult.NONE:
                time.sleep(0.05)
            step()
        return job

    def run(self, *arguments: Any, **job_request: Any) -> Job:  # noqa: ANN401 - those of `start`
        """Starts a job and runs it to its end."""
        return self.drain(self.start(*arguments, **job_request))

    def retry(
        self, job: Job, max_credits: int | Mapping[str, Decimal], *, in_doubt: bool = False, key: str = ""
    ) -> Job:
        """Opens the rows of a job again that can be tried again, with so many credits as in `start`."""
        return service.retry(
            self.context,
            self.job(job),
            self.token,
            retry_in_doubt=in_doubt,
            max_credits=allowed(max_credits) if isinstance(max_credits, int) else max_credits,
            idempotency_key=key or uuid4().hex,
        ).job

    def undo(self, job: Job) -> Job:
        """Undoes a job, to the end."""
        return self.drain(service.undo(self.context, self.job(job), self.token))

    def job(self, job: Job) -> Job:
        """The job as it is now."""
        return service.reload(self.context, job)

    def rows(self, job: Job) -> list[JobRow]:
        """All its rows."""
        with self.store.reading() as connection:
            return job_rows.page(connection, job.id, None, -1, 10**6)

    def counts(self, job: Job) -> dict[Outcome, int]:
        """Return the number of rows by outcome. Every row of an ended job has exactly one, and they add up (P8)."""
        job = self.job(job)
        with self.store.reading() as connection:
            counts = job_rows.counts(connection, job.id)
        if job.state not in (*ACTIVE, *WAITING):
            assert sum(counts.values()) == job.rows == len(self.rows(job))
        return counts

    def charged(self, job: Job | None = None) -> tuple[int, int]:
        """Return the ledger's credits of a job, or of all: charged, in doubt."""
        totals = totals_of(self.store, job.id if job else None)
        return int(totals.charged), int(totals.in_doubt)

    def grid(self, spreadsheet: str) -> list[list[Any]]:
        """Return the contents of cells, formulas as such."""
        return self.emulator.values(spreadsheet, "Leads", render="FORMULA")

    def columns(self, spreadsheet: str) -> dict[str, dict[str, Any]]:
        """Header → URL → cell, of a tab whose second header is LinkedIn, wherever that has gone."""
        header, *rows = self.grid(spreadsheet)
        at = header.index("LinkedIn")
        wide = [[*row, *[""] * (len(header) - len(row))] for row in rows]
        return {title: {row[at]: row[column] for row in wide} for column, title in enumerate(header)}


def url_of(slug: str) -> str:
    """A profile's address."""
    return f"https://www.linkedin.com/in/{slug}"


def expected(slug: str, fields: Sequence[str] = FIELDS) -> list[Any]:
    """Return what belongs beside a person's URL; "" if there is nothing to write."""
    return list(_expected(slug, tuple(fields)))


@cache
def _expected(slug: str, fields: Sequence[str]) -> Sequence[Any]:
    facts = Facts(status=Outcome.ENRICHED, enriched_at=None, linkedin_url=url_of(slug))
    return project(lead(slug), facts, select(fields))


def people_rows(count: int, prefix: str = "person") -> list[list[Any]]:
    """A sheet: Name, LinkedIn, Notes."""
    rows = [[f"Name {number}", url_of(f"{prefix}-{number}"), f"note {number}"] for number in range(count)]
    return [["Name", "LinkedIn", "Notes"], *rows]


@contextmanager
def desk_at(path: Path, sandbox: Sandbox, emulator: SheetsEmulator, **more: str) -> Iterator[Desk]:
    """A desk over an empty store in `path`."""
    variables = environ(f"sqlite:///{path / 'desk.db'}", sandbox.url, emulator.url, **more)
    context = parts(variables)
    try:
        yield Desk(context, emulator, sandbox, emulator.token(CALLER.email), variables)
    finally:
        context.make_enricher().close()
        context.store.close()
