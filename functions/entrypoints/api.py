"""The API over HTTP: its views take decoded requests and return answers; `routes` maps each call to its view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from flask import Flask, request

from functions import logs
from functions.auth.identity_tokens import Access, Caller
from functions.context import AppContext
from functions.entrypoints import flask_app, openapi, requests, responses
from functions.entrypoints.flask_app import Reply
from functions.entrypoints.routes import ROUTES
from functions.errors import Forbidden, InvalidRequest, NotFound, SheetAccessExpired, SheetGone
from functions.fields import select, split
from functions.jobs import check, new_job, service
from functions.jobs.confirmation import Started
from functions.jobs.field_check import CheckedField, check_field
from functions.jobs.permissions import Permissions
from functions.jobs.provider_list import Providers, listing
from functions.jobs.request import JobRequest
from functions.jobs.usage import Usage, report
from functions.profiles import parse
from functions.store import erasures, formula_tokens, job_rows, jobs
from functions.store.jobs import Job
from functions.version import VERSION

MAX_BYTES = 1_000_000
PAGE_ROWS = 500
RECENT_JOBS = 20
NOT_THERE = "There is no such formula token; it may be another spreadsheet's, or have ended long ago."


@dataclass(frozen=True, slots=True)
class Api:
    """The views of one deployment."""

    context: AppContext
    access: Access
    permissions: Permissions
    admins: frozenset[str] = frozenset()
    """Addresses of those who see what everybody spent, by name."""

    def application(self) -> Flask:
        """The Flask application."""
        return flask_app.build(self, ROUTES, self._identify, MAX_BYTES)

    def _identify(self) -> Caller:
        return self.access.caller(request.headers.get("Authorization"))

    def healthz(self) -> responses.Health:
        """The process is up and the store can be reached."""
        with self.context.store.reading() as connection:
            jobs.of_spreadsheet(connection, "", 1)
        return responses.Health(status="ok", version=VERSION)

    def describe(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return openapi.document()

    def fields(self) -> responses.Catalogue:
        """The catalogue."""
        return responses.catalogue()

    def providers(self, caller: Caller) -> Providers:
        """The providers that a run may ask."""
        return listing(self.context, caller)

    def split_field_lists(self, body: requests.FieldListsBody) -> responses.FieldLists:
        """The names in lists of fields."""
        return responses.FieldLists(lists=[split(text) for text in body.lists])

    def check_field(self, body: requests.FieldCheckBody) -> CheckedField:
        """What a field would be."""
        return check_field(self.context, body.field, body.urls)

    def plan(self, caller: Caller, token: str, body: JobRequest) -> responses.Plan:
        """Plan a run: what it would do, and the most it can cost."""
        access_until = self.permissions.check_token(caller, token)
        return responses.plan(body, *service.plan_run(self.context, body, caller, token), access_until)

    def start(self, caller: Caller, token: str, idempotency_key: str, body: requests.JobBody) -> Reply[responses.Job]:
        """Starts a job."""
        proof = self.permissions.require_edit(caller, body.spreadsheet_id, token)
        started = new_job.start(
            self.context,
            body,
            caller,
            token,
            access_until=proof.access_until,
            max_credits=self._ceilings(body.max_credits),
            idempotency_key=idempotency_key,
            plan=body.plan_id,
            tabs=proof.tabs,
        )
        return self._started(caller, started)

    def list(self, caller: Caller, token: str | None, query: requests.JobsQuery) -> responses.JobList:
        """The newest jobs of a spreadsheet."""
        with self.context.store.reading() as connection:
            found = jobs.of_spreadsheet(connection, query.spreadsheet_id, RECENT_JOBS)
        if any(job.user_id != caller.subject for job in found):
            everybody = self.permissions.may_read(caller, query.spreadsheet_id, token)
            found = [job for job in found if everybody or job.user_id == caller.subject]
        return responses.JobList(jobs=[self._shown(caller, job) for job in found])

    def show(self, caller: Caller, token: str | None, job_id: str) -> responses.Job:
        """One job."""
        return self._shown(caller, self._visible(job_id, caller, token))

    def rows(self, caller: Caller, token: str | None, job_id: str, query: requests.RowsQuery) -> responses.RowPage:
        """Reports of a job's rows."""
        job = self._visible(job_id, caller, token)
        after = int(query.page_token) if query.page_token else -1
        without = _number_of(query.without, job) if query.without else None
        with self.context.store.reading() as connection:
            page = job_rows.page(connection, job.id, query.outcome or None, after, PAGE_ROWS, without=without)
        more = str(page[-1].position) if len(page) == PAGE_ROWS else None
        return responses.RowPage(rows=[responses.row(row) for row in page], next_page_token=more)

    def columns(self, caller: Caller, token: str | None, job_id: str) -> responses.FilledColumns:
        """How full the columns of a job are."""
        return responses.filled_columns(self.context, self._visible(job_id, caller, token))

    def cancel(self, caller: Caller, token: str | None, job_id: str) -> responses.Job:
        """Stops a job; one of somebody else only with the right to edit its spreadsheet."""
        job = self._visible(job_id, caller, token)
        if job.user_id != caller.subject:
            self.permissions.require_edit(caller, job.spreadsheet_id, token or "")
        return self._shown(caller, service.cancel(self.context, job))

    def plan_retry(self, caller: Caller, token: str | None, job_id: str) -> responses.RetryPlans:
        """Plan a retry, with and without what may have been charged."""
        job = self._visible(job_id, caller, token)
        without, with_doubts = (
            responses.retry_plan(service.plan_retry(self.context, job, caller, retry_in_doubt=retry_in_doubt))
            for retry_in_doubt in (False, True)
        )
        return responses.RetryPlans(without_doubts=without, with_doubts=with_doubts)

    def retry(
        self, caller: Caller, token: str, idempotency_key: str | None, job_id: str, body: requests.RetryBody
    ) -> Reply[responses.Job]:
        """Tries what did not work again; of somebody else's job in a job of the caller's own, at the caller's cost."""
        job, access_until = self._writable(job_id, caller, token)
        if job.user_id == caller.subject:
            again = service.retry(
                self.context,
                job,
                token,
                access_until=access_until,
                retry_in_doubt=body.retry_in_doubt,
                max_credits=self._ceilings(body.max_credits),
                idempotency_key=idempotency_key or uuid4().hex,
            )
            return self._started(caller, again)
        if idempotency_key is None:
            raise InvalidRequest(
                "This run was started by somebody else, so a retry is a run of your own, at your cost; send an "
                "Idempotency-Key with it."
            )
        started = new_job.retry_as_own(
            self.context,
            job,
            caller,
            token,
            access_until=access_until,
            retry_in_doubt=body.retry_in_doubt,
            max_credits=self._ceilings(body.max_credits),
            idempotency_key=idempotency_key,
        )
        return self._started(caller, started)

    def undo(self, caller: Caller, token: str, job_id: str) -> responses.Job:
        """Gives the cells back what they held."""
        job, access_until = self._writable(job_id, caller, token)
        return self._shown(caller, service.undo(self.context, job, token, access_until=access_until))

    def renew_access(self, caller: Caller, token: str, job_id: str) -> responses.Job:
        """Hands a job a fresh access token."""
        job, access_until = self._writable(job_id, caller, token)
        return self._shown(caller, service.renew_access(self.context, job, token, access_until=access_until))

    def issue_formula_token(
        self, caller: Caller, token: str, body: requests.FormulaTokenBody
    ) -> responses.FormulaToken:
        """Connects the formulas of a spreadsheet that the caller can edit, in place of the caller's earlier token."""
        self.permissions.require_edit(caller, body.spreadsheet_id, token)
        text, made = self.access.issue_formula_token(caller, body.spreadsheet_id)
        with self.context.store.writing() as connection:
            formula_tokens.replace(connection, made)
        return responses.FormulaToken(
            token=text,
            token_id=made.token_id,
            maker=caller.email,
            issued_at=made.issued_at,
            expires_at=made.expires_at,
        )

    def list_formula_tokens(
        self, caller: Caller, token: str, query: requests.FormulaTokensQuery
    ) -> responses.FormulaTokenList:
        """The tokens that the formulas of a spreadsheet can ask with, for who can edit it."""
        self.permissions.require_edit(caller, query.spreadsheet_id, token)
        with self.context.store.reading() as connection:
            found = formula_tokens.of_spreadsheet(connection, query.spreadsheet_id, self.context.clock())
        entries = [
            responses.FormulaTokenEntry(
                token_id=each.token_id,
                maker=each.issued_by.email,
                issued_at=each.issued_at,
                expires_at=each.expires_at,
                yours=each.issued_by.subject == caller.subject,
            )
            for each in found
            if self.access.is_admitted(each.issued_by)
        ]
        return responses.FormulaTokenList(tokens=entries)

    def revoke_formula_token(self, caller: Caller, token: str | None, token_id: str) -> None:
        """Ends a formula token, for its maker and for who can edit its spreadsheet."""
        with self.context.store.reading() as connection:
            found = formula_tokens.find(connection, token_id)
        if found is None:
            raise NotFound(NOT_THERE)
        if found.issued_by.subject != caller.subject:
            try:
                self.permissions.require_edit(caller, found.spreadsheet_id, token or "")
            except (Forbidden, InvalidRequest, SheetAccessExpired, SheetGone) as error:
                raise NotFound(NOT_THERE) from error  # to everybody else it is as if there were none
        with self.context.store.writing() as connection:
            formula_tokens.revoke(connection, token_id, self.context.clock())

    def check(self, caller: Caller, token: str, body: requests.CheckBody) -> responses.Check:
        """Tries what Leadfill relies on at Google, in a temporary tab."""
        self.permissions.require_edit(caller, body.spreadsheet_id, token)
        owner = self.permissions.owner(caller, token)
        rows = body.timed_rows
        findings = check.check(self.context, caller, owner, body.spreadsheet_id, token, timed_rows=rows)
        return responses.check(findings, check.obstacle(self.context))

    def usage(self, caller: Caller, query: requests.UsageQuery) -> Usage:
        """Credits by day, user and spreadsheet."""
        return report(self.context, caller, query.days, is_admin=caller.email in self.admins)

    def erase(self, caller: Caller, body: requests.PersonBody) -> None:
        """Erases a person."""
        key = parse(body.linkedin_url).key
        with self.context.store.writing() as connection:
            erasures.erase(connection, key, caller.subject, self.context.clock())
        logs.event("Person erased.", by=caller.subject)

    def lift_erasure(self, caller: Caller, body: requests.PersonBody) -> responses.LiftedErasure:
        """Lets an erased person be looked up again."""
        key = parse(body.linkedin_url).key
        with self.context.store.writing() as connection:
            was_erased = erasures.lift(connection, key)
        if was_erased:
            logs.event("Erasure lifted.", by=caller.subject)
        return responses.LiftedErasure(was_erased=was_erased, notice=erasures.PAID_AGAIN if was_erased else "")

    def _visible(self, job_id: str, caller: Caller, token: str | None) -> Job:
        """The job, for who started it or brings the key to its spreadsheet."""
        return service.find_visible(
            self.context,
            job_id,
            caller,
            lambda sheet_id: self.permissions.may_read(caller, sheet_id, token),
        )

    def _writable(self, job_id: str, caller: Caller, token: str) -> tuple[Job, datetime]:
        """The job, for who can edit its cells, also if they started it; and when their access ends."""
        job = self._visible(job_id, caller, token)
        return job, self.permissions.require_edit_of_run(caller, job, token)

    def _ceilings(self, max_credits: Mapping[str, str]) -> dict[str, Decimal]:
        if unknown := [name for name in max_credits if name not in self.context.providers]:
            raise InvalidRequest(
                f"max_credits names {', '.join(unknown)}; here it can name {', '.join(self.context.providers)}."
            )
        return {name: Decimal(amount) for name, amount in max_credits.items()}

    def _started(self, caller: Caller, started: Started) -> Reply[responses.Job]:
        if started.replayed:
            return Reply(self._shown(caller, started.job), status=200, headers={"Idempotent-Replayed": "true"})
        return Reply(self._shown(caller, started.job))

    def _shown(self, caller: Caller, job: Job) -> responses.Job:
        if job.user_id == caller.subject:
            return responses.job(self.context, job, started_by=caller.email)
        return responses.job(self.context, job, started_by=job.user_email if caller.email in self.admins else "")


def _number_of(field: str, job: Job) -> int:
    """Return the place of a field among those of a job."""
    names = [each.name for each in select(tuple(job.request["fields"]))]
    if field not in names:
        raise InvalidRequest(f"This run has no field “{field}”; it has {', '.join(names)}.")
    return names.index(field)
